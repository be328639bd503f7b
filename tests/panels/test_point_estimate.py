"""The point estimate panel as a function: each number and sentence that it puts on screen."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import data
from explorer.core import Beta, Mixture, Normal, fit_mle, interval_risk, risk
from explorer.panels.point_estimate import point_estimate
from explorer.spec import as_json, named
from explorer.stage import Panel
from explorer.stage.wire import encode

TWO = Mixture([0.6, 0.4], (Normal(0.0, 1.0), Normal(5.0, 0.6)))
PREDICTED = [Beta(2.0, 5.0), Beta(0.5, 0.5), Beta(1.0, 1.0), Normal(1.0, 2.0), TWO]
LOSSES = ("zero_one", "absolute", "squared")


def frame_of(*args, **options):
    blueprint = point_estimate(*args, **options)
    return blueprint.view(blueprint.state)


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
def test_mode_median_and_mean_are_those_of_the_core(p):
    frame = frame_of(p)
    np.testing.assert_equal(frame["mode"], float(p.mode()))
    assert frame["median"] == float(p.quantile(0.5))
    assert frame["mean"] == float(p.mean())
    assert frame["interval"] == pytest.approx(p.quantile([0.1, 0.9]))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PREDICTED), st.floats(0.02, 0.98), st.floats(0.1, 0.95), st.data())
def test_risks_are_those_of_the_core(p, where, level, draw):
    low, high = point_estimate(p).state.window
    t = low + where * (high - low)
    tolerance = draw.draw(st.floats(0.01, 0.25)) * (high - low)
    frame = frame_of(p, answer=t, tolerance=tolerance, level=level)
    risks = frame["risks"]
    for loss in LOSSES:
        for name in ("mode", "median", "mean", "answer"):
            expected = float(risk(p, frame[name], loss, tolerance))
            assert risks[name][loss] == pytest.approx(expected, nan_ok=True), name
            assert not risks[name][loss] < risks["distribution"][loss] - 1e-12
        assert risks["interval"][loss] == float(interval_risk(p, *frame["interval"], loss))
        assert frame[f"{loss}_cost"] == risks["answer"][loss]
        expected = risk(p, frame["y_grid"], loss, tolerance)
        np.testing.assert_allclose(frame[f"{loss}_curve"], expected, atol=1e-12)
    assert risks["interval"]["zero_one"] == pytest.approx(1 - level)
    assert risks["distribution"]["absolute"] == risks["median"]["absolute"]
    assert risks["distribution"]["squared"] == risks["mean"]["squared"]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PREDICTED), st.floats(0, 1))
def test_terms_sum_to_the_risks(p, where):
    low, high = point_estimate(p).state.window
    frame = frame_of(p, answer=low + where * (high - low))
    costs = frame["risks"]["answer"]
    assert frame["below"] + frame["above"] == pytest.approx(costs["absolute"])
    assert min(frame["below"], frame["above"]) >= -1e-12
    assert frame["variance"] + frame["bias"] == pytest.approx(costs["squared"])


def test_each_question_has_another_best_answer():
    risks = frame_of()["risks"]
    for loss, best in zip(LOSSES, ("mode", "median", "mean"), strict=True):
        assert min(("mode", "median", "mean"), key=lambda name, k=loss: risks[name][k]) == best


def test_a_symmetric_single_mode_answers_all_three():
    frame = frame_of(Normal(1.0, 2.0), answer=1.0)
    assert frame["mode"] == frame["median"] == frame["mean"] == 1
    assert "No other answer is better for any of the three questions" in frame["sentence"]
    assert frame["marks_labels"] == ("mode, median, mean 1.00", "", "")


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
def test_limits_hold_what_is_drawn(p):
    frame = frame_of(p)
    heights = frame["marks_y"][np.isfinite(frame["marks_y"])]
    assert (heights <= frame["density_limits"][1]).all()
    for loss in LOSSES:
        costs = [frame["risks"][n][loss] for n in ("mode", "median", "mean", "answer")]
        assert np.nanmax(costs) <= frame[f"{loss}_limits"][1]


def test_limits_move_in_steps_only():
    blueprint = point_estimate()
    frames = [blueprint.view(replace(blueprint.state, mu_2=m)) for m in np.linspace(-3, 7, 60)]
    for name in ("density_limits", "absolute_limits", "squared_limits"):
        assert len({tuple(frame[name]) for frame in frames}) <= 11, name


def test_the_window_holds_nearly_all():
    for p in (Normal(1e4, 3.0), TWO):
        low, high = point_estimate(p).state.window
        assert p.cdf(high) - p.cdf(low) > 0.999


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PREDICTED), st.floats(0, 1))
def test_the_sentence_is_true(p, where):
    low, high = point_estimate(p).state.window
    t = low + where * (high - low)
    frame = frame_of(p, answer=t)
    said, costs, least = frame["sentence"], frame["risks"]["answer"], frame["risks"]["distribution"]
    off = float(re.search(r"off by (\d+\.\d{3}) on average", said)[1])
    assert off == pytest.approx(costs["absolute"], abs=5.1e-4)
    if match := re.search(r"probability of (\d\.\d{3})", said):
        assert float(match[1]) == pytest.approx(costs["zero_one"], abs=5.1e-4)
    best = [costs[loss] <= least[loss] * (1 + 1e-5) + 1e-8 for loss in LOSSES]
    if "For each of the three questions another answer is better" in said:
        assert not all(best)
        assert all(costs[loss] > least[loss] for loss in LOSSES)
    if "for any of the three" in said:
        assert all(best)
    if match := re.search(r"For (.+) no other answer is better", said):
        names = dict(zip(LOSSES, ("hits", "distance", "squared distance"), strict=True))
        assert all(best[k] for k, n in enumerate(names.values()) if n in match[1].split(" and "))


def test_the_sentence_tells_where_the_mean_lies():
    assert "The mean, 2.00, lies between the modes" in frame_of()["sentence"]
    for p in (Normal(0.0, 1.0), Beta(2.0, 5.0), Beta(0.5, 0.5)):
        assert "between the modes" not in frame_of(p)["sentence"]


@pytest.mark.parametrize("p", [Beta(0.5, 0.5), Beta(1.0, 1.0)], ids=repr)
def test_without_a_single_mode_there_is_no_button_for_it(p):
    blueprint = point_estimate(p)
    assert math.isnan(blueprint.view(blueprint.state)["mode"])
    preset = blueprint.spec(blueprint.state).presets[0]
    assert preset.values == {"answer": "{mode}"}  # nan: the stage disables it


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_observations_are_fitted_by_two_normals(kind):
    flipper = data.penguins()["flipper_length"]
    frame = frame_of(observations=kind(flipper))
    assert frame["mean"] == pytest.approx(flipper.mean())
    assert frame["mode"] == pytest.approx(float(fit_mle(Mixture, flipper).mode()))
    np.testing.assert_array_equal(frame["observed"], flipper)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distribution": "beta"}, "distribution = 'beta'"),
        ({"distribution": Beta(np.array([1.0, 2.0]), 1.0)}, "single numbers"),
        ({"distribution": Normal(np.array([1.0, 2.0]), 1.0)}, "single numbers"),
        ({"distribution": Mixture([1.0], (Normal(0.0, 1.0),))}, "Mixture of two Normals"),
        ({"answer": 99.0}, "answer = 99.0"),
        ({"answer": math.nan}, "answer = nan"),
        ({"tolerance": 0.0}, "tolerance = 0.0"),
        ({"level": 1.0}, "level = 1.0"),
        ({"observations": []}, r"observations = \[\]"),
        ({"observations": [1, 1, 1]}, "more than 2 different values"),
        ({"observations": [1, 2, 3], "distribution": TWO}, "either them or distribution"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        point_estimate(**options)


def test_the_panel_keeps_its_last_good_state():
    panel = Panel(point_estimate())
    for bad in ({"answer": math.inf}, {"weight": 1.5}, {"sigma_1": 0}, {"mu": 1}):
        with pytest.raises(ValueError, match=r"allowed|parameter"):
            panel.set(**bad)
    panel.set(answer=panel.frame["median"], weight=0.5)
    assert panel.frame["mean"] == pytest.approx(2.5)
    assert len(panel.figure().axes) == 4
    panel.close()


@pytest.mark.parametrize("p", [Beta(2.0, 5.0), Normal(1.0, 2.0), TWO], ids=repr)
def test_a_frame_is_small_on_the_wire(p):
    blueprint = point_estimate(p)
    drawn = set(named(as_json(blueprint.spec(blueprint.state))))

    def part(state):
        return {name: value for name, value in blueprint.view(state).items() if name in drawn}

    name = blueprint.state.parameters()[1]
    moved = replace(blueprint.state, **{name: 1.1 * getattr(blueprint.state, name)}, level=0.7)
    header, buffer = encode(part(moved), part(blueprint.state))
    assert len(buffer) + len(str(header)) < 10_000
