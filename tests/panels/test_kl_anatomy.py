"""Where a KL divergence comes from: its parts, its two forms, and what is said of them."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import (
    Bernoulli,
    Beta,
    Categorical,
    Empirical,
    Laplace,
    Mixture,
    Normal,
    StudentT,
    kl,
    kl_parts,
)
from explorer.panels.kl_anatomy import kl_anatomy
from explorer.scene import Bars, Choice, Line, Note, Points, number

SHARES = Categorical.from_probabilities
TWO = Mixture([0.6, 0.4], (Normal(-2, 0.7), Normal(2, 1)))
PAIRS = [
    (Normal(-0.5, 0.8), Normal(1, 1.4)),
    (Normal(0, 1), Normal(0, 0.4)),
    (TWO, Normal(0, 2)),
    (Normal(0, 2), TWO),
    (TWO, TWO),
    (Beta(2, 5), Beta(3, 3)),
    (Beta(0.5, 0.5), Beta(2, 2)),
    (Beta(2, 3), Normal(0.4, 0.3)),
    (Laplace(0, 1), Normal(0.5, 1.2)),
    (Normal(0, 1), StudentT(1.0, 0.5, 2)),
    (StudentT(3, 0, 1), Laplace(1, 1)),
    (SHARES([0.5, 0.3, 0.2]), SHARES([0.2, 0.3, 0.5])),
    (SHARES([0.5, 0.5, 0]), SHARES([0.2, 0.3, 0.5])),
    (Bernoulli.from_probability(0.3), Bernoulli.from_probability(0.8)),
]
LACKING = [
    (Normal(0.5, 0.3), Beta(2, 3)),
    (Mixture([0.5, 0.5], (Normal(0.2, 0.1), Normal(0.7, 0.2))), Beta(2, 2)),
    (SHARES([0.5, 0.3, 0.2]), SHARES([0.6, 0.4, 0])),
    (Bernoulli.from_probability(0.3), Bernoulli.from_probability(0)),
]
DIRECTIONS = st.sampled_from(["forward", "reverse"])
NORMALS = st.builds(
    Normal,
    st.floats(-3, 3).map(lambda v: round(v, 3)),
    st.floats(0.2, 3).map(lambda v: round(v, 3)),
)


def scene_of(p=None, q=None, direction="forward", **options):
    blueprint = kl_anatomy(p, q, direction=direction, **options)
    return blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def mark(plot, kind, role=None):
    """The first mark of a kind in a plot."""
    return next(m for m in plot.marks if isinstance(m, kind) and role in (None, m.role))


def ordered(p, q, direction):
    return (p, q) if direction == "forward" else (q, p)


# The numbers


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize(("p", "q"), PAIRS + LACKING, ids=repr)
def test_the_divergence_and_its_parts_are_those_of_the_core(p, q, direction):
    frame, (first, second) = frame_of(p, q, direction), ordered(p, q, direction)
    assert frame["kl"] == pytest.approx(float(kl(first, second)), rel=1e-12, abs=1e-13)
    assert frame["positive"] + frame["negative"] == pytest.approx(frame["kl"], rel=1e-9, abs=1e-9)
    expected = kl_parts(first, second)
    assert (frame["positive"], frame["negative"]) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(NORMALS, NORMALS, DIRECTIONS)
def test_both_forms_integrate_to_the_divergence_and_one_is_never_negative(p, q, direction):
    """Over a window that holds all of the mass, by the trapezoid rule on the points drawn."""
    frame = frame_of(p, q, direction, limits={"x": (-40, 40)})
    assert (frame["bound_form"] >= 0).all()
    for name in ("integrand", "bound_form"):
        area = np.trapezoid(frame[name], frame["x_grid"])
        assert area == pytest.approx(frame["kl"], rel=0.06, abs=0.02)


def test_the_two_forms_differ_by_what_integrates_to_zero():
    frame = frame_of(TWO, Normal(0, 2))
    difference = frame["bound_form"] - frame["integrand"]
    np.testing.assert_allclose(difference, frame["q"] - frame["p"], atol=1e-12)
    assert frame["integrand"].min() < 0 <= frame["bound_form"].min()


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=repr)
def test_the_integrand_is_p_log_p_over_q(p, q):
    frame = frame_of(p, q)
    with np.errstate(all="ignore"):
        expected = frame["p"] * np.log(frame["p"] / frame["q"])
    known = (frame["p"] > 1e-280) & (frame["q"] > 1e-280)
    np.testing.assert_allclose(frame["integrand"][known], expected[known], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(frame["integrand"][frame["p"] == 0], 0)


def test_sums_over_classes_are_the_divergence():
    frame = frame_of(SHARES([0.5, 0.3, 0.2]), SHARES([0.2, 0.3, 0.5]))
    assert frame["integrand"].sum() == pytest.approx(frame["kl"], abs=1e-15)
    assert frame["bound_form"].sum() == pytest.approx(frame["kl"], abs=1e-15)


def test_the_reverse_is_the_forward_of_the_exchanged():
    one, other = frame_of(TWO, Normal(0, 2), "reverse"), frame_of(Normal(0, 2), TWO)
    assert one["kl"] == other["kl"]
    np.testing.assert_array_equal(one["integrand"], other["integrand"])


# The bound


@settings(deadline=None)
@given(NORMALS, NORMALS, DIRECTIONS, st.floats(-3, 3))
def test_the_terms_at_the_point_add_up(p, q, direction, x):
    frame, (first, second) = (
        frame_of(p, q, direction, x=x, limits={"x": (-9, 9)}),
        ordered(p, q, direction),
    )
    density = math.exp(first.log_prob(x))
    z = math.exp(second.log_prob(x) - first.log_prob(x))
    assert frame["z"] == pytest.approx(z, rel=1e-9)
    assert frame["gap"] == pytest.approx(-math.log(z) - (1 - z), rel=1e-6, abs=1e-9)
    assert frame["gap"] >= 0
    assert frame["bound_at"] == pytest.approx(density * frame["gap"], rel=1e-6, abs=1e-9)
    total = frame["integrand_at"] + frame["difference_at"]
    assert frame["bound_at"] == pytest.approx(total, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "top", "visible"), [(0, 4, True), (2.5, 10, True), (3.5, 40, True), (4.4, 40, False)]
)
def test_the_bound_widens_in_steps_and_says_what_is_beyond_it(x, top, visible):
    """With p = N(0,1) and q = N(1,1), z is exp(x - 1/2)."""
    scene = scene_of(Normal(0, 1), Normal(1, 1), x=x, limits={"x": (-5, 6)})
    plot = scene.plots[1]
    straight, curve = mark(plot, Line, "muted"), mark(plot, Line, "loss")
    assert scene.named["z"] == pytest.approx(math.exp(x - 0.5))
    assert plot.x.limits == (0, top)
    assert np.isfinite(mark(plot, Points).x) == visible
    assert (mark(plot, Note).text == "") == visible
    assert plot.y.limits[0] <= 1 - top
    np.testing.assert_allclose(curve.y, -np.log(curve.x))
    assert (curve.y >= straight.y).all()


def test_at_a_class_that_q_leaves_out_z_is_zero_and_the_loss_infinite():
    scene = scene_of(SHARES([0.5, 0.5]), SHARES([1, 0]), x=1)
    point, frame = mark(scene.plots[1], Points), scene.named
    assert (frame["z"], point.x, point.y) == (0, 0, math.inf)
    assert frame["integrand_at"] == frame["bound_at"] == frame["gap"] == math.inf


def test_where_the_first_is_zero_there_is_no_ratio_and_the_note_says_so():
    scene = scene_of(SHARES([1, 0]), SHARES([0.5, 0.5]), x=1)
    assert "*p* is 0" in mark(scene.plots[1], Note).text
    assert (scene.named["integrand_at"], scene.named["bound_at"]) == (0, 0.5)
    assert np.isnan(mark(scene.plots[1], Points).x)


# Support


@pytest.mark.parametrize(("p", "q"), LACKING, ids=repr)
def test_missing_support_is_infinite_and_the_sentence_says_why(p, q):
    scene, back = scene_of(p, q), frame_of(p, q, "reverse")
    frame, text = scene.named, scene.sentence
    assert frame["kl"] == frame["positive"] == math.inf
    assert np.isfinite(frame["negative"])
    assert np.isfinite(back["kl"])
    assert text.startswith("KL(*p* ‖ *q*) is infinite: *q* is 0")
    assert f"the other way round, is {number(back['kl'])} nats" in text
    share = float(re.search(r"has ([\d.]+) % of its mass", text)[1])
    if isinstance(p, Categorical | Bernoulli):
        expected = frame["p"][frame["q"] == 0].sum()
    else:
        expected = p.cdf(0.0) + 1 - p.cdf(1.0)
    assert share == pytest.approx(100 * expected, abs=0.051)
    infinite = [m for m in scene.plots[2].marks if isinstance(m, Points)][-1]
    assert np.isinf(infinite.y).all()
    assert (infinite.x.size > 0) == (np.isinf(frame["integrand"]).any())


def test_two_that_lack_each_others_support_are_infinite_both_ways():
    text = scene_of(SHARES([0.5, 0.5, 0]), SHARES([0, 0.5, 0.5])).sentence
    assert "*q* is 0 at class 0" in text
    assert text.endswith("It is infinite the other way round too: there *p* is 0 where *q* is not.")


def test_tails_that_are_too_heavy_are_infinite_without_missing_support():
    """The mean of y^2 under a Student t with nu = 1.5 is infinite, and with it that of -log q."""
    scene = scene_of(StudentT(1.5, 0, 1), Normal(0, 1))
    assert scene.named["kl"] == math.inf
    assert "the tails of *p* are so heavy" in scene.sentence
    back = float(kl(Normal(0, 1), StudentT(1.5, 0, 1)))
    assert f"the other way round, is {number(back)} nats" in scene.sentence


def test_what_p_leaves_out_costs_nothing():
    frame = frame_of(SHARES([0.5, 0.5, 0]), SHARES([0.4, 0.4, 0.2]))
    assert frame["integrand"][2] == 0
    assert frame["kl"] == pytest.approx(math.log(0.5 / 0.4))


def test_a_ratio_beyond_what_a_float_holds_is_not_called_zero_or_infinite():
    for direction, sign in (("forward", -1), ("reverse", 1)):
        scene = scene_of(Normal(0, 1), Normal(60, 1), direction, x=0)
        assert f"is e^{number(sign * 1800, 1)} times" in scene.sentence
        assert scene.named["minus_log_z"] == pytest.approx(-sign * 1800)
        assert "is 0" not in mark(scene.plots[1], Note).text
    scene = scene_of(Normal(0, 1), Normal(60, 1), x=0)
    assert scene.named["gap"] == pytest.approx(1799)
    assert scene.named["z"] == 0
    assert mark(scene.plots[1], Points).y == math.inf  # a triangle at the upper edge


@pytest.mark.parametrize(
    ("p", "x", "note"),
    [
        (Beta(2, 5), 0, "*p* is 0"),
        (Beta(0.5, 5), 0, "*q* is infinite"),
        (Beta(1, 5), 0, "infinite"),
    ],
)
def test_at_an_end_of_the_interval_the_note_says_why_there_is_no_ratio(p, x, note):
    plot = scene_of(p, Beta(0.5, 0.5), x=x).plots[1]
    assert note in mark(plot, Note).text
    assert np.isnan(mark(plot, Points).x)


def test_far_apart_is_large_but_not_infinite():
    scene = scene_of(Normal(0, 1), Normal(300, 1))
    assert scene.named["kl"] == pytest.approx(45000)
    assert np.isfinite(scene.named["integrand"]).all()
    assert "infinite" not in scene.sentence


# The sentence


def test_the_sentence_in_full():
    assert scene_of().sentence == (
        "KL(*p* ‖ *q*) is 0.797 nats: 0.904 from where *p* is larger than *q*, less 0.107 from "
        "where it is smaller. At *x* = 0.250, *q* is 0.768 times *p*: the integrand is 0.085 "
        "there, the form that is never negative 0.010."
    )


@settings(deadline=None, max_examples=60)
@given(NORMALS, NORMALS, DIRECTIONS, st.floats(-3, 3))
def test_the_numbers_in_the_sentence_are_those_of_the_frame(p, q, direction, x):
    scene = scene_of(p, q, direction, x=x, limits={"x": (-9, 9)})
    frame, text = scene.named, scene.sentence
    if frame["kl"] == 0:
        assert "are the same" in text
        return
    found = [float(n.replace("−", "-")) for n in re.findall(r"−?\d+\.\d{3}", text.split(" At ")[0])]
    np.testing.assert_allclose(
        found, [frame["kl"], frame["positive"], -frame["negative"]], atol=5.1e-4
    )
    first = "p" if direction == "forward" else "q"
    assert f"from where *{first}* is larger" in text


@pytest.mark.parametrize("p", [Normal(0, 1), TWO, Beta(2, 3), SHARES([0.5, 0.5])], ids=repr)
def test_the_sentence_says_that_equal_distributions_are_equal(p):
    scene = scene_of(p, p)
    frame = scene.named
    assert frame["kl"] == frame["positive"] == frame["negative"] == 0
    assert "are the same" in scene.sentence


# What is drawn


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=repr)
def test_limits_hold_what_is_drawn_and_are_the_same_for_both_forms(p, q):
    scene = scene_of(p, q)
    frame, (densities, _, integrand, never_negative) = scene.named, scene.plots
    away = np.ones(frame["x_grid"].size, dtype=bool)
    if isinstance(p, Beta):
        away = (np.abs(frame["x_grid"]) > 0.02) & (np.abs(1 - frame["x_grid"]) > 0.02)
    low, high = integrand.y.limits
    for name in ("integrand", "bound_form"):
        assert low <= frame[name][away].min()
        assert frame[name][away].max() <= high
    assert max(frame["p"][away].max(), frame["q"][away].max()) <= densities.y.limits[1]
    assert integrand.y.limits == never_negative.y.limits


def test_limits_move_in_steps_only():
    blueprint = kl_anatomy()
    moved = [replace(blueprint.state, q=(m, 1.4)) for m in np.linspace(-2, 3, 60).tolist()]
    scenes = [blueprint.view(state) for state in moved]
    assert len({scene.plots[2].y.limits for scene in scenes}) <= 12
    assert len({scene.plots[0].y.limits for scene in scenes}) == 1
    assert len({state.limits["x"] for state in moved}) == 1


def test_negative_and_positive_lines_leave_the_other_out():
    scene = scene_of()
    for role, sign in (("loss", 1), ("muted", -1)):
        line = mark(scene.plots[2], Line, role).y
        drawn = ~np.isnan(line)
        part = np.maximum(sign * scene.named["integrand"], 0)
        np.testing.assert_array_equal(sign * line[drawn], part[drawn])
        assert drawn[part > 0].all()
        ends = np.flatnonzero(np.diff(drawn.astype(int)))
        assert (part[ends + (np.diff(drawn.astype(int))[ends] == 1)] == 0).all()


def test_each_bar_has_one_label_by_its_sign():
    scene = scene_of(SHARES([0.5, 0.3, 0.2]), SHARES([0.2, 0.3, 0.5]))
    above, below = (mark(scene.plots[2], Bars, role) for role in ("loss", "muted"))
    assert above.label == ("0.458", "0.000", "")
    assert below.label == ("", "", "−0.183")
    np.testing.assert_allclose(above.y + below.y, scene.named["integrand"])


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=repr)
def test_every_slider_and_button_stays_in_the_domain(p, q):
    blueprint = kl_anatomy(p, q)
    state = blueprint.state

    def moved(values):
        entries = {"p": list(state.p), "q": list(state.q)}
        for name, value in values.items():
            side, _, index = name.partition(".")
            entries[side][int(index)] = value
        return replace(state, **{side: tuple(numbers) for side, numbers in entries.items()})

    ranges = {c.name: (c.low, c.high) for c in state.controls() if not isinstance(c, Choice)}
    assert set(ranges) == {
        *(f"p.{i}" for i in range(len(state.p))), *(f"q.{i}" for i in range(len(state.q))), "x",
    }  # fmt: skip
    for name, ends in ranges.items():
        for end in ends:
            there = replace(state, x=end) if name == "x" else moved({name: end})
            assert not np.isnan(blueprint.view(there).named["kl"])
    for preset in blueprint.view(state).presets:
        if any(math.isnan(value) for value in preset.values.values()):
            continue  # the button is disabled
        for name, value in preset.values.items():
            assert ranges[name][0] <= value <= ranges[name][1]
        then = blueprint.view(moved(preset.values)).named
        if preset.label == "q equals p":
            assert then["kl"] == pytest.approx(0, abs=1e-12)


def test_a_button_is_disabled_where_p_has_no_variance():
    presets = {p.label: p.values for p in scene_of(StudentT(1.5, 0, 1), Normal(0, 1)).presets}
    assert not math.isfinite(presets["q twice as wide as p"]["q.1"])


def test_a_button_that_leaves_a_class_out_makes_it_infinite():
    blueprint = kl_anatomy(SHARES([0.5, 0.3, 0.2]), SHARES([0.2, 0.3, 0.5]))
    presets = blueprint.view(blueprint.state).presets
    preset = next(p for p in presets if "leaves" in p.label)
    q = (*blueprint.state.q[:2], preset.values["q.2"])
    assert blueprint.view(replace(blueprint.state, q=q)).named["kl"] == math.inf


def test_descriptions_say_where_and_how_much():
    first, _, third, fourth = scene_of(SHARES([0.5, 0.5]), SHARES([1, 0]), x=1).plots
    assert first.description == "The distributions p and q; looked at is class 1."
    assert third.description == "What is summed up: *p* log(*p*/*q*); ∞ in all."
    assert fourth.description == "Never negative: *p*(*z* − 1 − log *z*); ∞ in all."
    first, bound, third, _ = scene_of().plots
    assert first.description.endswith("looked at is *x* = 0.250.")
    assert bound.description.endswith("at *x* = 0.250, z is 0.768.")
    assert third.description.endswith("; 0.797 in all.")


# The state


def test_the_state_takes_families_and_numbers():
    state = kl_anatomy(Normal(0, 1), Normal(1, 2)).state
    assert (state.p, state.q) == ((0, 1), (1, 2))
    assert (state.sides["p"].member, state.sides["q"].member) == (Normal(0, 1), Normal(1, 2))
    assert replace(state, q=Normal(3, 1)).q == (3, 1)
    assert replace(state, q=(3, 1)).sides["q"].member == Normal(3, 1)
    changed = replace(state, p=Beta(2, 3))
    assert (changed.p_family, changed.sides["p"].member) == (Beta, Beta(2, 3))


@pytest.mark.parametrize("family", [TWO, Beta(2, 3), SHARES([0.2, 0.8])], ids=repr)
def test_families_survive_the_way_through_numbers(family):
    state = kl_anatomy(family, family).state
    assert type(state.sides["p"].member) is type(family)
    assert float(kl(state.sides["p"].member, family)) == pytest.approx(0, abs=1e-15)


def test_weights_count_by_their_share():
    state = kl_anatomy(SHARES([0.5, 0.5]), SHARES([0.2, 0.8])).state
    np.testing.assert_allclose(
        replace(state, q=(0.1, 0.4)).sides["q"].member.probabilities, [0.2, 0.8]
    )


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({"p": "normal"}, "p", "'normal'"),
        ({"p": 3.0}, "p", "3.0"),
        ({"q": None, "p": Empirical([1.0])}, "p", "Empirical"),
        ({"q": Normal([0, 1], 1)}, "q", "Normal"),
        ({"p": Mixture([1 / 6] * 6, (Normal(0, 1),) * 6)}, "p", "at most 5"),
        ({"p": SHARES([0.1] * 10)}, "p", "8 classes"),
        ({"p": SHARES([0.5, 0.5])}, "q", "as many classes"),
        ({"p": SHARES([0.5, 0.5]), "q": SHARES([0.2, 0.3, 0.5])}, "q", "as many classes"),
        ({"q": Bernoulli(0.0)}, "q", "Bernoulli"),
        ({"q": Normal(0, 1e7)}, "q[1]", "10000000.0"),
        ({"direction": "both"}, "direction", "'both'"),
        ({"x": math.nan}, "x", "nan"),
        ({"x": 1e5}, "x", "100000.0"),
        ({"x": "left"}, "x", "'left'"),
        ({"limits": {"y": (0, 1)}}, "limits", "'y'"),
        ({"limits": {"x": (1, 0)}}, "limits", "(1, 0)"),
    ],
)
def test_bad_input_names_the_parameter_its_value_and_what_is_allowed(options, name, value):
    with pytest.raises(ValueError, match="allowed") as caught:
        kl_anatomy(**options)
    assert str(caught.value).startswith(f"{name} = ")
    assert value in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"q": (0.0, 0.0)}, "q[1]"),
        ({"q": (0.0, -1.0)}, "q[1]"),
        ({"q": (math.nan, 1.0)}, "q[0]"),
        ({"q": (1.0,)}, "q"),
    ],
)
def test_bad_numbers_are_named(changes, name):
    with pytest.raises(ValueError, match="allowed") as caught:
        replace(kl_anatomy().state, **changes)
    assert str(caught.value).startswith(f"{name} = ")


def test_a_lone_component_has_no_slider_for_its_weight():
    one, two = (Mixture([1 / k] * k, (Normal(0, 1),) * k) for k in (1, 2))
    labels = [control.label for control in kl_anatomy(one, two).state.controls()]
    assert [label for label in labels if label.startswith("weight")] == [
        "weight 1 of q",
        "weight 2 of q",
    ]
    assert len(labels) == 2 + 6 + 2


def test_weights_must_not_all_be_zero_nor_negative():
    state = kl_anatomy(SHARES([0.5, 0.5]), SHARES([0.2, 0.8])).state
    with pytest.raises(ValueError, match="do not sum to 0"):
        replace(state, q=(0.0, 0.0))
    with pytest.raises(ValueError, match=r"q\[0\] = -0.1"):
        replace(state, q=(-0.1, 0.5))
