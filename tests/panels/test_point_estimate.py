"""The point estimate panel as a function: each number and sentence that it puts on screen."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from explorer import data
from explorer.core import (
    Beta,
    Laplace,
    Mixture,
    Normal,
    StudentT,
    best_answer,
    fit_mle,
    interval_risk,
    risk,
)
from explorer.panels.point_estimate import point_estimate
from explorer.scene import Area, Line, Note, Points, Rug, structure, values
from explorer.stage import Panel
from explorer.stage.wire import encode

TWO = Mixture([0.6, 0.4], (Normal(0.0, 1.0), Normal(5.0, 0.6)))
PREDICTED = [
    Beta(2.0, 5.0),
    Beta(0.5, 0.5),
    Beta(1.0, 1.0),
    Normal(1.0, 2.0),
    Laplace(-1.0, 0.5),
    StudentT(4.0, 10.0, 3.0),
    TWO,
]
HEAVY = [StudentT(nu, 1.0, 2.0) for nu in (0.1, 0.5, 1.0, 1.5, 2.0)]
LOSSES = ("zero_one", "absolute", "squared")
QUESTIONS = ("hits", "distance", "squared distance")


def scene_of(*args, **options):
    blueprint = point_estimate(*args, **options)
    return blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def axis_of(p):
    return point_estimate(p).state.limits["answer"]


def marks(plot, kind, role=None):
    """The marks of a kind in a plot."""
    return [m for m in plot.marks if isinstance(m, kind) and role in (None, m.role)]


def presets_of(blueprint):
    return {p.label: p.values for p in blueprint.view(blueprint.state).presets}


# The numbers


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
def test_mode_median_and_mean_are_those_of_the_core(p):
    frame = frame_of(p)
    np.testing.assert_equal(frame["mode"], float(p.mode()))
    assert frame["median"] == float(p.quantile(0.5))
    assert frame["mean"] == float(p.mean())
    assert frame["interval"] == pytest.approx(p.quantile([0.1, 0.9]))
    for name, height in frame["density_at"].items():
        np.testing.assert_equal(height, float(np.exp(p.log_prob(frame[name]))))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PREDICTED), st.floats(0.02, 0.98), st.floats(0.1, 0.95), st.data())
def test_risks_are_those_of_the_core(p, where, level, draw):
    low, high = axis_of(p)
    t = low + where * (high - low)
    tolerance = draw.draw(st.floats(0.01, 0.25)) * (high - low)
    scene = scene_of(p, answer=t, tolerance=tolerance, level=level)
    frame, risks = scene.named, scene.named["risks"]
    for loss, plot in zip(LOSSES, scene.plots[1:], strict=True):
        for name in ("mode", "median", "mean", "answer"):
            expected = float(risk(p, frame.get(name, t), loss, tolerance))
            assert risks[name][loss] == pytest.approx(expected, nan_ok=True), name
            assert not risks[name][loss] < risks["distribution"][loss] - 1e-12
        assert frame["best"][loss] == best_answer(p, loss, tolerance)
        assert risks["interval"][loss] == float(interval_risk(p, *frame["interval"], loss))
        curve, between = marks(plot, Line)
        np.testing.assert_allclose(curve.y, risk(p, curve.x, loss, tolerance), atol=1e-12)
        assert set(between.y) == {risks["interval"][loss]}
        (handle,) = marks(plot, Points, "loss")
        assert (handle.x, handle.y) == (t, risks["answer"][loss])
        (best,) = marks(plot, Points, "optimum")
        assert (best.x, best.y) == (frame["best"][loss], risks["distribution"][loss])
    assert risks["interval"]["zero_one"] == pytest.approx(1 - level)
    assert risks["distribution"]["absolute"] == risks["median"]["absolute"]
    assert risks["distribution"]["squared"] == risks["mean"]["squared"]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PREDICTED), st.floats(0, 1))
def test_terms_sum_to_the_risks(p, where):
    low, high = axis_of(p)
    scene = scene_of(p, answer=low + where * (high - low))
    frame, costs = scene.named, scene.named["risks"]["answer"]
    assert frame["below"] + frame["above"] == pytest.approx(costs["absolute"])
    assert min(frame["below"], frame["above"]) >= -1e-12
    assert frame["variance"] + frame["bias"] == pytest.approx(costs["squared"])
    for total in scene.sums:
        assert sum(term.value for term in total.terms) == pytest.approx(total.total.value)


def test_risks_agree_with_the_integrals_of_scipy():
    for p, exact in ((Laplace(-1.0, 0.5), stats.laplace(-1, 0.5)), (HEAVY[3], None)):
        exact = exact or stats.t(1.5, 1, 2)
        costs = frame_of(p, answer=0.2, tolerance=0.3)["risks"]["answer"]
        assert costs["zero_one"] == pytest.approx(1 - exact.cdf(0.5) + exact.cdf(-0.1))
        below = exact.expect(lambda y: 0.2 - y, ub=0.2)
        above = exact.expect(lambda y: y - 0.2, lb=0.2)
        assert costs["absolute"] == pytest.approx(below + above, rel=1e-4)


def test_each_question_has_another_best_answer():
    risks = frame_of()["risks"]
    for loss, best in zip(LOSSES, ("mode", "median", "mean"), strict=True):
        assert min(("mode", "median", "mean"), key=lambda name, k=loss: risks[name][k]) == best


@pytest.mark.parametrize("p", [Normal(1.0, 2.0), Laplace(1.0, 1.0), StudentT(3.0, 1.0, 1.0)])
def test_a_symmetric_single_mode_answers_all_three(p):
    scene = scene_of(p, answer=1.0)
    frame = scene.named
    assert frame["mode"] == frame["mean"] == 1
    assert frame["median"] == pytest.approx(1, abs=1e-12)
    assert "No other answer is better for hits, distance and squared distance." in scene.sentence
    (named,) = marks(scene.plots[0], Points)
    assert named.label[1:] == ("", "")
    assert named.label[0].startswith("mode, median, mean 1.0")


# Heavy tails


@pytest.mark.parametrize("p", HEAVY, ids=repr)
@pytest.mark.parametrize("level", [0.5, 0.99])
def test_where_there_is_no_mean_or_variance_it_is_written_so_and_nothing_breaks(p, level):
    scene = scene_of(p, level=level)
    frame, risks = scene.named, scene.named["risks"]
    assert frame["mode"] == frame["median"] == 1
    assert math.isnan(frame["mean"]) == (p.nu <= 1)
    for name in ("mode", "median", "answer", "interval", "distribution"):
        assert np.isfinite(risks[name]["zero_one"])
        assert np.isinf(risks[name]["absolute"]) == (p.nu <= 1)
        assert risks[name]["squared"] == math.inf
    assert scene.sums[1].total.value == math.inf
    notes = [note.text for plot in scene.plots for note in marks(plot, Note)]
    assert notes == ["", "infinite for every answer" if p.nu <= 1 else "", notes[1] or notes[2]]
    assert notes[2] == "infinite for every answer"
    assert ("there is no mean" in scene.sentence) == (p.nu <= 1)
    assert ("on average" in scene.sentence) == (p.nu > 1)
    assert ("like the variance" in scene.sentence) == (p.nu > 1)
    assert "better for squared distance" not in scene.sentence
    assert "nan" not in scene.sentence
    assert len(scene.sentence) < 400
    mean = presets_of(point_estimate(p))["return the mean"]
    assert math.isnan(mean["answer"]) == (p.nu <= 1)


@pytest.mark.parametrize("p", [*PREDICTED, *HEAVY], ids=repr)
def test_what_is_drawn_is_within_float32_and_ends_at_the_axes(p):
    scene = scene_of(p, level=0.99)
    low, high = axis_of(p)
    for plot in scene.plots:
        assert np.isfinite(plot.y.limits).all()
        for mark in marks(plot, Area) + marks(plot, Line):
            assert np.isfinite(mark.x).all()
            assert low <= mark.x.min() < mark.x.max() <= high
            finite = mark.y[np.isfinite(mark.y)]
            assert np.isfinite(finite.astype(np.float32)).all()


def test_the_slider_of_nu_leads_to_tails_without_a_mean_in_the_same_structure():
    blueprint = point_estimate("student_t")
    scenes = [blueprint.view(replace(blueprint.state, nu=nu)) for nu in (20.0, 2.0, 1.0, 0.05)]
    assert all(structure(scene) == structure(scenes[0]) for scene in scenes)
    assert math.isnan(scenes[-1].named["mean"])


# What is drawn


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
def test_limits_hold_what_is_drawn(p):
    scene = scene_of(p)
    heights = np.array(list(scene.named["density_at"].values()))
    assert (heights[np.isfinite(heights)] <= scene.plots[0].y.limits[1]).all()
    for loss, plot in zip(LOSSES, scene.plots[1:], strict=True):
        costs = [scene.named["risks"][n][loss] for n in ("mode", "median", "mean", "answer")]
        assert np.nanmax(costs) <= plot.y.limits[1]


def test_limits_move_in_steps_only():
    blueprint = point_estimate()
    scenes = [blueprint.view(replace(blueprint.state, mu_2=m)) for m in np.linspace(-3, 7, 60)]
    for k in (0, 2, 3):
        assert len({scene.plots[k].y.limits for scene in scenes}) <= 11, k


@pytest.mark.parametrize("p", [Normal(1e4, 3.0), Laplace(5.0, 1e-3), StudentT(5.0, 0, 1), TWO])
def test_the_axis_holds_nearly_all(p):
    low, high = axis_of(p)
    assert p.cdf(high) - p.cdf(low) > 0.999


@pytest.mark.parametrize("p", HEAVY[1:], ids=repr)
def test_the_axis_holds_most_of_heavy_tails_and_leaves_the_peak_in_sight(p):
    low, high = axis_of(p)
    assert p.cdf(high) - p.cdf(low) > 0.75
    assert high - low < 14 * (p.quantile(0.75) - p.quantile(0.25))


@pytest.mark.parametrize("p", [Laplace(0.013, 0.05), Normal(0.013, 0.05), TWO], ids=repr)
def test_a_narrow_peak_is_drawn_up_to_its_top(p):
    plot = scene_of(p, limits={"answer": (-20, 20)}).plots[0]
    assert marks(plot, Line)[0].y.max() == pytest.approx(float(p.peak()), rel=1e-3)


# The words


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PREDICTED), st.floats(0, 1))
def test_the_sentence_is_true(p, where):
    low, high = axis_of(p)
    scene = scene_of(p, answer=low + where * (high - low))
    text, risks = scene.sentence, scene.named["risks"]
    costs, least = risks["answer"], risks["distribution"]
    off = float(re.search(r"off by (\d+\.\d{3}) on average", text)[1])
    assert off == pytest.approx(costs["absolute"], abs=5.1e-4)
    if match := re.search(r"probability of (\d\.\d{3})", text):
        assert float(match[1]) == pytest.approx(costs["zero_one"], abs=5.1e-4)
    which, names = re.search(r"(No other|Another) answer is better for ([^.]+)\.", text).groups()
    for loss, question in zip(LOSSES, QUESTIONS, strict=True):
        if which == "No other" and question in re.split(", | and ", names):
            assert costs[loss] <= least[loss] * (1 + 1e-5) + 1e-8
        else:
            assert costs[loss] > least[loss] * (1 + 1e-7)


def test_the_sentence_tells_where_the_mean_lies():
    assert "The mean, 2.00, lies between the modes" in scene_of().sentence
    for p in (Normal(0.0, 1.0), Beta(2.0, 5.0), Beta(0.5, 0.5), StudentT(0.5, 0, 1)):
        assert "between the modes" not in scene_of(p).sentence


def test_the_sentence_in_full():
    assert scene_of().sentence == (
        "Answering 2.00 misses by more than 0.50 with a probability of 0.964, and is off by 2.410 "
        "on average. No other answer is better for squared distance. The mean, 2.00, lies between "
        "the modes, where the density is low. The central 80 % lie from −0.97 to 5.40; from the "
        "whole distribution each question gets its own best answer."
    )


# Buttons and data


@pytest.mark.parametrize("p", [Beta(0.5, 0.5), Beta(1.0, 1.0)], ids=repr)
def test_without_a_single_mode_there_is_no_button_for_it(p):
    blueprint = point_estimate(p)
    assert math.isnan(blueprint.view(blueprint.state).named["mode"])
    assert math.isnan(presets_of(blueprint)["return the mode"]["answer"])


def test_buttons_go_where_they_say():
    blueprint = point_estimate()
    presets = presets_of(blueprint)
    halves = blueprint.view(replace(blueprint.state, **presets["equal halves"]))
    assert math.isnan(halves.named["mode"])  # two of one height
    one = blueprint.view(replace(blueprint.state, **presets["one mode"]))
    assert one.named["mode"] == pytest.approx(one.named["mean"])
    for name in ("mode", "median", "mean"):
        assert presets[f"return the {name}"]["answer"] == frame_of()[name]
    assert presets_of(point_estimate("beta"))["skewed"] == {"a": 2.0, "b": 5.0}


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_observations_are_fitted_by_two_normals(kind):
    flipper = data.penguins()["flipper_length"]
    scene = scene_of(observations=kind(flipper))
    assert scene.named["mean"] == pytest.approx(flipper.mean())
    assert scene.named["mode"] == pytest.approx(float(fit_mle(Mixture, flipper).mode()))
    np.testing.assert_array_equal(marks(scene.plots[0], Rug)[0].x, flipper)


@pytest.mark.parametrize(
    ("name", "family"), [("normal", Normal), ("laplace", Laplace), ("student_t", StudentT)]
)
def test_observations_are_fitted_by_the_family_that_is_named(name, family):
    y = [1.0, 2.0, 2.5, 2.7, 3.5, 9.0]
    state = point_estimate(name, observations=y).state
    assert state.model == fit_mle(family, np.array(y))


def test_observations_of_any_ordinary_sample_are_taken():
    """Also where one component shrinks to one observation."""
    for n in (5, 20):
        for seed in range(20):
            y = np.random.default_rng(seed).normal(0.0, 1.0, n)
            state = point_estimate(observations=y).state
            for control in state.controls():
                assert control.low <= getattr(state, control.name) <= control.high


def test_a_family_by_name_and_its_parameters():
    assert point_estimate("laplace", scale=2.0).state.model == Laplace(0.0, 2.0)
    assert point_estimate("student_t", nu=3, mu=1).state.model == StudentT(3.0, 1.0, 1.0)
    assert point_estimate(mu_2=4.0, weight=0.5).state.model == Mixture(
        [0.5, 0.5], (Normal(0.0, 1.0), Normal(4.0, 0.6))
    )
    assert point_estimate(TWO).state == point_estimate().state


def test_a_range_by_name():
    state = point_estimate(limits={"answer": (-10, 10), "sigma_1": (0.5, 2)}).state
    assert state.limits["answer"] == (-10, 10)
    scene = point_estimate().view(state)
    assert all(plot.x.limits == (-10, 10) for plot in scene.plots)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"distribution": "gamma"},
            "distribution = 'gamma': allowed is one of 'mixture', 'normal'",
        ),
        ({"distribution": "bernoulli"}, "distribution = 'bernoulli'"),
        ({"distribution": 5}, "distribution = 5"),
        ({"distribution": Beta(np.array([1.0, 2.0]), 1.0)}, r"a = array\(\[1., 2.\]\): allowed"),
        ({"distribution": Normal(np.array([1.0, 2.0]), 1.0)}, r"mu = array\(\[1., 2.\]\): allowed"),
        ({"distribution": Mixture([1.0], (Normal(0.0, 1.0),))}, "distribution = .*mixture of two"),
        ({"distribution": TWO, "mu_1": 1.0}, "mu_1 = 1.0: allowed is no such parameter"),
        ({"mu": 1.0}, "mu = 1.0: allowed is no such parameter: the mixture model has mu_1 and"),
        ({"sigma_1": 0}, "sigma_1 = 0: allowed"),
        ({"distribution": "student_t", "nu": -1}, "nu = -1: allowed"),
        ({"answer": math.nan}, "answer = nan"),
        ({"distribution": "beta", "answer": 1.5}, "answer = 1.5: allowed is a number from 0 to 1"),
        ({"tolerance": 0.0}, "tolerance = 0.0"),
        ({"level": 1.0}, "level = 1.0"),
        ({"observations": []}, r"observations = \[\]"),
        ({"observations": 5}, "observations = 5"),
        ({"observations": [0.5, 2.0], "distribution": "beta"}, r"observations\[1\] = 2.0"),
        ({"observations": [1, 1, 1]}, r"observations = \[1, 1, 1\]: .* each component shrinks"),
        (
            {"observations": [1, 2, 3], "distribution": TWO},
            "observations = .*or else mu_1, sigma_1",
        ),
        ({"limits": {"mu": (0, 1)}}, "limits = {'mu'"),
        ({"limits": 5}, "limits = 5"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        point_estimate(**options)


def test_the_panel_keeps_its_last_good_state():
    panel = Panel(point_estimate())
    bad = ({"answer": math.inf}, {"weight": 1.5}, {"sigma_1": 0}, {"mu": 1}, {"observations": 5})
    for changes in bad:
        with pytest.raises(ValueError, match=r"allowed|parameter"):
            panel.set(**changes)
    panel.set(answer=panel.frame["median"], weight=0.5)
    assert panel.frame["mean"] == pytest.approx(2.5)
    assert len(panel.figure().axes) == 4
    panel.close()


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
def test_a_frame_is_small_on_the_wire(p):
    blueprint = point_estimate(p)
    state = blueprint.state
    name = state.names()[1]
    moved = replace(state, **{name: 1.1 * getattr(state, name)}, level=0.7)
    header, buffer = encode(*(values(blueprint.view(s)) for s in (moved, state)))
    assert len(buffer) + len(str(header)) < 10_000
