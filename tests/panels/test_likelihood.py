"""The likelihood panel: the product and the sum, loss per observation, the landscape, the words."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import explorer
from explorer.core import FAMILIES, Beta, Laplace, Normal, StudentT, fit_mle
from explorer.panels.likelihood import DRAWN, HANDLES, likelihood, power
from explorer.scene import Area, Bars, Landscape, Line, Note, Points, Rug, Stems, values
from explorer.stage.wire import encode

VALUES = st.lists(st.floats(-50, 50).map(lambda v: round(v, 2)), min_size=1, max_size=30)
SHARES = st.lists(st.floats(0.01, 0.99).map(lambda v: round(v, 3)), min_size=1, max_size=30)
NAMES = ("normal", "beta", "laplace", "student_t")


def panel_of(*args, **options):
    blueprint = likelihood(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def scene_of(*args, **options):
    return panel_of(*args, **options)[1]


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def mark(plot, kind, role=None):
    """The first mark of a kind in a plot."""
    return next(m for m in plot.marks if isinstance(m, kind) and role in (None, m.role))


def presets_of(blueprint):
    return {p.label: p.values for p in blueprint.view(blueprint.state).presets}


# The numbers


def check_losses(scene, expected):
    frame = scene.named
    np.testing.assert_allclose(frame["losses"], expected, rtol=1e-9, atol=1e-9)
    assert frame["loss"] == pytest.approx(frame["losses"].sum())
    (total,) = scene.sums
    assert total.total.value == frame["loss"]
    terms = sum(term.value for term in total.terms)
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(VALUES, st.floats(-20, 20), st.floats(0.1, 30))
def test_normal_losses_are_those_of_scipy(y, mu, sigma):
    check_losses(scene_of(y, mu=mu, sigma=sigma), -stats.norm.logpdf(y, mu, sigma))


@settings(deadline=None)
@given(SHARES, st.floats(0.1, 30), st.floats(0.1, 30))
def test_beta_losses_are_those_of_scipy(y, a, b):
    check_losses(scene_of(y, family="beta", a=a, b=b), -stats.beta.logpdf(y, a, b))


@settings(deadline=None)
@given(VALUES, st.floats(-20, 20), st.floats(0.1, 30))
def test_laplace_losses_are_those_of_scipy(y, mu, scale):
    scene = scene_of(y, family="laplace", mu=mu, scale=scale)
    check_losses(scene, -stats.laplace.logpdf(y, mu, scale))


@settings(deadline=None, max_examples=50)
@given(VALUES, st.floats(0.1, 20), st.floats(-20, 20), st.floats(0.1, 30))
def test_student_t_losses_are_those_of_scipy(y, nu, mu, sigma):
    scene = scene_of(y, family="student_t", nu=nu, mu=mu, sigma=sigma)
    check_losses(scene, -stats.t.logpdf(y, nu, mu, sigma))


def test_the_likelihood_is_the_product_of_the_densities():
    frame = frame_of([0.5, -1.0, 2.0], mu=0, sigma=1)
    expected = math.prod(stats.norm.pdf([0.5, -1.0, 2.0]))
    assert frame["likelihood"] == pytest.approx(expected)
    assert frame["loss"] == pytest.approx(-math.log(expected))
    assert math.isnan(frame["lost"])


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (1.0, 0.8), (-2.0, 0.5)])
def test_the_product_of_a_thousand_is_lost_where_it_passes_the_smallest_number(mu, sigma):
    state, scene = panel_of(mu=mu, sigma=sigma, n=1000)
    exact = np.cumsum(Normal(mu, sigma).nll(np.array(state.observations)))
    lost = int(scene.named["lost"])
    assert scene.named["likelihood"] == 0
    assert exact[lost - 1] > 744.44 > exact[lost - 3]  # -log of 4.9e-324, the smallest there is
    assert scene.named["loss"] == pytest.approx(exact[-1])
    assert f"At observation {lost} " in scene.sentence
    assert "reads 0" in scene.sentence


def test_the_product_can_be_lost_upwards_too():
    scene = scene_of(np.linspace(0.0, 1e-4, 500), mu=5e-5, sigma=4e-5)
    assert scene.named["likelihood"] == math.inf
    assert "reads ∞" in scene.sentence
    assert scene.named["loss"] < -709.78
    assert mark(scene.plots[3], Points).y == -math.inf


def test_the_product_follows_the_sum_until_it_is_lost():
    scene = scene_of(n=1000)
    product, total = mark(scene.plots[3], Line, "muted"), mark(scene.plots[3], Line, "loss")
    lost = scene.named["lost"]
    kept = product.x < lost
    np.testing.assert_allclose(product.y[kept], total.y[kept], rtol=1e-3)
    assert np.isinf(product.y[~kept]).all()
    assert {lost, lost - 1} <= set(product.x)


@settings(deadline=None, max_examples=40)
@given(VALUES)
def test_the_best_normal_is_the_fit_and_nothing_near_it_is_better(y):
    assume(np.ptp(y) > 0.1)
    blueprint = likelihood(y)
    scene = blueprint.view(blueprint.state)
    best, fit = scene.named["best"], fit_mle(Normal, y)
    assert best == {"mu": fit.mu, "sigma": fit.sigma}
    least = Normal(**best).nll(y).sum()
    for d_mu, factor in ((0.01, 1), (-0.01, 1), (0, 1.01), (0, 0.99)):
        near = Normal(best["mu"] + d_mu * best["sigma"], best["sigma"] * factor)
        assert near.nll(y).sum() > least
    there = blueprint.view(replace(blueprint.state, **best))
    assert "the likelihood is at its maximum" in there.sentence
    point = mark(scene.plots[1], Points, "optimum")
    assert (point.x, point.y) == (best["mu"], best["sigma"])


@pytest.mark.parametrize(
    ("name", "y"),
    [
        ("beta", [0.2, 0.5, 0.6, 0.55]),
        ("laplace", [-3.0, 0.5, 1.0, 2.5, 7.0]),
        ("student_t", [-30.0, -1.0, -0.4, 0.1, 0.2, 0.9, 1.3, 25.0]),
    ],
)
def test_the_best_of_every_family_is_the_fit(name, y):
    blueprint = likelihood(y, name)
    best = blueprint.view(blueprint.state).named["best"]
    fit = fit_mle(FAMILIES[name], y)
    assert best == {p.name: getattr(fit, p.name) for p in fit.parameters}
    state = replace(blueprint.state, **best)
    assert "the likelihood is at its maximum" in blueprint.view(state).sentence


def test_the_best_laplace_is_the_median_and_the_mean_distance_from_it():
    best = frame_of([-3.0, 0.5, 1.0, 2.5, 7.0], "laplace")["best"]
    assert best == {"mu": 1.0, "scale": pytest.approx((4 + 0.5 + 0 + 1.5 + 6) / 5)}


@pytest.mark.parametrize(
    ("y", "family", "reason"),
    [
        ([3.0], "normal", "there is one observation alone"),
        ([3.0, 3.0], "normal", "all observations are the same"),
        ([0.4], "beta", "there is one observation alone"),
        ([0.0, 0.5, 0.7], "beta", "an observation lies at an end"),
        ([3.0, 3.0], "laplace", "all observations are the same"),
        ([1.0, 2.0, 3.0, 4.0], "student_t", "it grows with nu towards that of a Normal"),
    ],
)
def test_where_there_is_no_maximum_the_panel_says_why(y, family, reason):
    blueprint = likelihood(y, family)
    scene = blueprint.view(blueprint.state)
    assert scene.named["best"] == {}
    assert reason in scene.sentence
    goal = presets_of(blueprint)["maximum likelihood"]
    assert all(math.isnan(value) for value in goal.values())  # so that the button is disabled


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("n", [1, 8, 300])
def test_the_landscape_at_its_nodes_is_the_sum_of_losses(family, n):
    state, scene = panel_of(family=family, n=n)
    landscape = mark(scene.plots[1], Landscape)
    rows, columns = landscape.values.shape
    names = state.plane()
    first, second = (np.linspace(*state.limits[k], columns) for k in names)
    y = np.array(state.observations[:n])
    cut = landscape.values.max()
    for row, column in ((20, 20), (rows - 1, 3), (9, 30), (0, 0)):
        there = dict(zip(names, (first[column], second[row]), strict=True))
        expected = FAMILIES[family](**dict(state.fixed), **there).nll(y).sum()
        assert landscape.values[row, column] == pytest.approx(min(expected, cut), rel=1e-9)
    assert cut > landscape.levels.max()


def test_the_landscape_of_a_student_t_is_that_of_its_nu():
    """Over mu and sigma: with other degrees of freedom it is another one."""
    blueprint = likelihood(family="student_t")
    state = blueprint.state
    assert (state.plane(), state.fixed) == (("mu", "sigma"), (("nu", 4.0),))
    one, other = (
        mark(blueprint.view(replace(state, nu=nu)).plots[1], Landscape).values for nu in (1, 20)
    )
    assert not np.allclose(one, other)


# What is drawn


@pytest.mark.parametrize("family", NAMES)
def test_every_observation_has_its_bar_and_the_first_are_handles(family):
    state, scene = panel_of(family=family, n=100)
    bars, stems = mark(scene.plots[2], Bars), mark(scene.plots[2], Stems)
    np.testing.assert_array_equal(np.append(bars.x, stems.x), state.observations[:100])
    np.testing.assert_array_equal(np.append(bars.y, stems.y), scene.named["losses"])
    handles, ticks = mark(scene.plots[0], Points), mark(scene.plots[0], Rug)
    np.testing.assert_allclose(handles.y, np.exp(-scene.named["losses"][:HANDLES]))
    np.testing.assert_array_equal(np.append(handles.x, ticks.x), state.observations[:100])
    names = [control.name for control in state.controls()]
    dragged = [f"observations.{i}" for i in range(HANDLES)]
    assert names == [*state.names(), "n", *dragged]


def test_moving_one_observation_changes_its_loss_alone():
    blueprint = likelihood()
    state, before = blueprint.state, blueprint.view(blueprint.state).named
    y = list(state.observations)
    y[2] = 3.0
    after = blueprint.view(replace(state, observations=tuple(y))).named
    changed = np.flatnonzero(after["losses"] != before["losses"])
    assert changed.tolist() == [2]
    assert after["losses"][2] == pytest.approx(-stats.norm.logpdf(3.0, 0, 1))
    assert after["best"] != before["best"]


@settings(deadline=None)
@given(st.floats(-2.5, 5), st.floats(0.05, 2), st.integers(1, 1000), st.sampled_from(NAMES))
def test_limits_hold_what_is_drawn(mu, scale, n, family):
    name = "scale" if family == "laplace" else "sigma"
    changes = {} if family == "beta" else {"mu": mu, name: scale}
    scene = scene_of(family=family, n=n, **changes)
    density, _, losses, growth = scene.plots
    curve = mark(density, Line)
    assert curve.y.max() <= density.y.limits[1]
    assert (np.diff(curve.x) >= 0).all()
    low, high = losses.y.limits
    assert low <= scene.named["losses"].min()
    assert scene.named["losses"].max() <= high
    total = mark(growth, Line, "loss")
    assert total.x[-1] == n <= growth.x.limits[1]
    low, high = growth.y.limits
    assert low <= total.y.min()
    assert total.y.max() <= high


def test_limits_move_in_steps_only():
    scenes = [scene_of(sigma=sigma) for sigma in np.linspace(0.05, 2, 150)]
    for plot, count in ((0, 14), (2, 25), (3, 25)):
        assert len({scene.plots[plot].y.limits for scene in scenes}) <= count, plot


@pytest.mark.parametrize(
    ("options", "peak"),
    [
        ({"mu": 0, "sigma": 0.1}, "3.989"),
        ({"family": "laplace", "mu": 0, "scale": 0.1}, "5.000"),
        ({"family": "student_t", "nu": 1, "mu": 0, "sigma": 0.1}, "3.183"),
    ],
)
def test_a_density_is_no_probability(options, peak):
    """Its peak exceeds 1 while its area is 1."""
    scene = scene_of(limits={"y": (-400, 400)}, **options)
    assert scene.named["peak"] > 1
    area = mark(scene.plots[0], Area)
    model = likelihood(**options).state.model
    near = np.linspace(-2, 2, 100_001)
    inside = np.trapezoid(np.exp(model.log_prob(near)), near)
    assert inside == pytest.approx(model.cdf(2.0) - model.cdf(-2.0), abs=1e-4)
    assert area.y.max() == pytest.approx(scene.named["peak"])  # the peak itself is drawn
    assert mark(scene.plots[0], Note).text == f"area 1, peak {peak}"


@pytest.mark.parametrize(
    ("a", "b", "peak"), [(1, 1, 1.0), (2, 2, 1.5), (0.5, 2, math.inf), (1, 3, 3.0)]
)
def test_the_peak_of_a_beta_density(a, b, peak):
    assert frame_of([0.5], "beta", a=a, b=b)["peak"] == pytest.approx(peak)


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("n", [8, 1000])
def test_a_frame_on_the_wire_is_small(family, n):
    blueprint = likelihood(family=family)
    base = values(blueprint.view(blueprint.state))
    first, second = blueprint.state.plane()
    moved = replace(blueprint.state, n=n, **{first: 1.4, second: 0.4})
    header, buffer = encode(values(blueprint.view(moved)), base)
    assert len(json.dumps(header).encode()) + len(buffer) <= 10_000
    assert DRAWN <= 300


# The words


@settings(deadline=None)
@given(st.floats(-2.5, 5), st.floats(0.05, 2), st.integers(1, 1000))
def test_the_numbers_of_the_sentence_are_those_of_the_frame(mu, sigma, n):
    state, scene = panel_of(mu=mu, sigma=sigma, n=n)
    text, frame = scene.sentence, scene.named
    value = re.search(r"(−?\d+\.\d{3}) nats", text)[1].replace("−", "-")
    assert float(value) == pytest.approx(frame["loss"], abs=5.1e-4)
    assert ("below zero" in text) == (frame["loss"] < -0.0005)
    if n > 1:
        largest = f"{frame['losses'].max():.3f}".replace("-", "−")
        assert f"the largest part of it, {largest}, is that" in text
        least = Normal(**frame["best"]).nll(np.array(state.observations[:n])).sum()
        assert least <= frame["loss"] + 1e-9
        if match := re.search(r"the loss would be smallest, (−?\d+\.\d{3})", text):
            assert float(match[1].replace("−", "-")) == pytest.approx(least, abs=5.1e-4)


def test_the_best_of_three_parameters_is_named_in_full():
    y = [-30.0, -1.0, -0.4, 0.1, 0.2, 0.9, 1.3, 25.0]
    fit = fit_mle(StudentT, y)
    text = scene_of(y, "student_t").sentence
    found = re.search(
        r"With \*ν\* = ([\d.]+), \*μ\* = ([−\d.]+) and \*σ\* = ([\d.]+) the loss", text
    )
    for words, value in zip(found.groups(), (fit.nu, fit.mu, fit.sigma), strict=True):
        assert float(words.replace("−", "-")) == pytest.approx(value, rel=0.02, abs=0.01)


@pytest.mark.parametrize(
    ("y", "a", "value", "words"),
    [
        ([0.0, 0.5], 2.0, math.inf, "has density 0"),
        ([0.0, 0.5], 0.5, -math.inf, "lies where the density is infinite"),
    ],
)
def test_an_observation_at_an_end_is_told_in_words(y, a, value, words):
    scene = scene_of(y, family="beta", a=a, b=2.0)
    assert scene.named["loss"] == value
    assert words in scene.sentence
    assert scene.sentence.startswith("Observation 1, 0.000,")


def test_observations_at_both_ends_may_leave_no_loss_at_all():
    scene = scene_of([0.0, 1.0], family="beta", a=0.5, b=2.0)
    assert math.isnan(scene.named["loss"])
    assert "no value" in scene.sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.5, "0.500"),
        (999.4, "999.400"),
        (1.89e-6, "1.890·10⁻⁶"),
        (-3.2e12, "−3.200·10¹²"),
        (math.inf, "∞"),
        (5e-324, "4.941·10⁻³²⁴"),
    ],
)
def test_powers_of_ten_in_words(value, text):
    assert power(value) == text


# Controls


@pytest.mark.parametrize("family", NAMES)
def test_presets_go_where_they_say(family):
    blueprint = likelihood(family=family)
    state = blueprint.state
    presets = presets_of(blueprint)
    best = replace(state, **presets["maximum likelihood"])
    assert "the likelihood is at its maximum" in blueprint.view(best).sentence
    assert presets["the first 100"] == {"n": 100.0}
    all_of_them = blueprint.view(replace(state, n=presets["all 1000"]["n"]))
    assert len(all_of_them.named["losses"]) == 1000


def test_the_product_of_all_is_lost():
    blueprint = likelihood()
    everything = replace(blueprint.state, **presets_of(blueprint)["all 1000"])
    assert blueprint.view(everything).named["likelihood"] == 0


@pytest.mark.parametrize("options", [{}, {"family": "laplace", "limits": {"y": (-1, 2)}}])
def test_observations_side_by_side_have_a_loss_below_zero(options):
    y = np.round(np.linspace(0, 1, HANDLES), 2)
    blueprint = likelihood(**options, observations=y if options else None)
    state, close = blueprint.state, presets_of(blueprint)["a loss below zero"]
    handles = [close[f"observations.{i}"] for i in range(HANDLES)]
    others = {name: value for name, value in close.items() if "." not in name}
    assert set(others) == {*state.names(), "n"}
    moved = replace(state, observations=(*handles, *state.observations[HANDLES:]), **others)
    scene = blueprint.view(moved)
    assert scene.named["loss"] < 0
    assert "the likelihood is at its maximum" in scene.sentence
    for name in state.names():
        low, high = state.limits[name]
        assert low <= close[name] <= high


def test_data_in_coarse_units_offer_no_loss_below_zero():
    assert "a loss below zero" not in presets_of(likelihood([170.0, 180.0, 190.0, 210.0]))


@pytest.mark.parametrize("wrap", [list, tuple, np.array, lambda y: pd.Series(y, index=[5, 3, 4])])
def test_observations_of_any_common_kind(wrap):
    state, scene = panel_of(wrap([0.2, 0.5, 0.6]))
    assert state.observations == (0.2, 0.5, 0.6)
    assert state.n == len(scene.named["losses"]) == 3


@settings(deadline=None, max_examples=30)
@given(VALUES, st.sampled_from([1e-3, 1.0, 1e4]), st.sampled_from(["normal", "laplace"]))
def test_the_start_is_inside_the_ranges_for_data_of_any_size(y, unit, family):
    state = likelihood(np.array(y) * unit, family).state
    for control in state.controls():
        field, _, index = control.name.partition(".")
        value = getattr(state, field)
        assert control.low <= (value[int(index)] if index else value) <= control.high


def test_a_family_as_an_object():
    assert likelihood(family=Laplace(0.5, 2.0)).state.model == Laplace(0.5, 2.0)
    assert likelihood([0.3], Beta(3.0, 4.0)).state.model == Beta(3.0, 4.0)


def test_the_advice_to_widen_limits_works():
    state = likelihood(limits={"mu": (-10, 200)}).state
    assert replace(state, mu=100.0).mu == 100.0


# Bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"observations": []}, r"observations = \[\]: allowed"),
        ({"observations": 5}, "observations = 5: allowed"),
        ({"observations": [1.0, math.nan]}, r"observations\[1\] = nan"),
        ({"observations": "data"}, "observations = 'data'"),
        ({"observations": [[1.0]]}, "observations"),
        ({"observations": [0.5, 1.5], "family": "beta"}, r"observations\[1\] = 1.5.*0 to 1"),
        (
            {"observations": np.zeros(1001)},
            "observations has 1001 values: allowed are at most 1000",
        ),
        (
            {"family": "gamma"},
            "family = 'gamma': allowed is one of 'normal', .*'student_t', or one",
        ),
        ({"family": "categorical"}, "family = 'categorical': allowed"),
        ({"family": 5}, "family = 5: allowed"),
        ({"family": []}, r"family = \[\]: allowed"),
        ({"family": Normal(np.array([1.0, 2.0]), 1.0)}, r"mu = array\(\[1., 2.\]\): allowed"),
        ({"sigma": 0}, "sigma = 0: allowed"),
        ({"sigma": "wide"}, "sigma = 'wide'"),
        ({"mu": math.inf}, "mu = inf"),
        ({"family": "student_t", "nu": 0.0}, "nu = 0.0: allowed"),
        ({"a": 2.0}, "a = 2.0: allowed is no such parameter: the Normal model has mu and sigma"),
        ({"mu": 0.0, "family": "beta"}, "mu = 0.0: .* the Beta model has a and b"),
        ({"mu": 0.0, "family": Normal(0, 1)}, "mu = 0.0: .* the Normal model has its parameters"),
        ({"n": 0}, "n = 0: allowed is a whole number from 1 to 1000"),
        ({"n": 1.5}, "n = 1.5: allowed is a whole number from 1 to 1000"),
        ({"observations": [1.0, 2.0], "n": 3}, "n = 3: allowed is a whole number from 1 to 2"),
        ({"limits": {"mu": (2, 1)}}, "limits"),
        ({"limits": 5}, "limits = 5"),
        ({"limits": {"y": (0, 0.5)}}, r"observations\[.*0 to 0.5"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        likelihood(**options)


def test_a_handle_keeps_its_observation():
    with pytest.raises(ValueError, match=r"observations = .*: allowed is 8 to 1000 numbers"):
        replace(likelihood().state, observations=(1.0, 2.0), n=2)


def test_a_slider_moves_the_state_and_the_frame():
    panel = explorer.likelihood()
    before = panel.frame["loss"]
    panel.controls["mu"].value = 0.7
    assert panel.state.mu == 0.7
    assert panel.frame["loss"] != before
    with pytest.raises(ValueError, match="mu = nan"):
        panel.set(mu=math.nan)
    assert panel.state.mu == 0.7
