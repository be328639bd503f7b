"""The least squares panel: the sum of squares, the loss, and that they share their minimum."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import explorer
import explorer.data
from explorer.core import fit_line
from explorer.panels.least_squares import HANDLES, SQUARES, least_squares
from explorer.spec import as_json, named
from explorer.stage.wire import encode

POINTS = st.lists(
    st.tuples(st.integers(-30, 30), st.integers(-500, 500).map(lambda v: v / 10)),
    min_size=1,
    max_size=20,
)


def panel_of(*args, **options):
    blueprint = least_squares(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return panel_of(*args, **options)[1]


# The numbers


@settings(deadline=None)
@given(POINTS, st.floats(-5, 5), st.floats(-30, 30), st.floats(0.1, 30))
def test_the_two_losses_are_as_they_are_written(points, w, c, sigma):
    x, y = np.array(points, dtype=float).T
    frame = frame_of(x, y, w, c, sigma)
    residuals = y - w * x - c
    assert frame["sum_of_squares"] == pytest.approx(np.sum(residuals**2))
    assert frame["loss"] == pytest.approx(-stats.norm.logpdf(residuals, 0, sigma).sum(), rel=1e-9)
    terms = frame["term_sigma"] + frame["term_2_pi"] + frame["term_squares"]
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)
    assert frame["term_squares"] == pytest.approx(frame["sum_of_squares"] / (2 * sigma**2))


@settings(deadline=None, max_examples=50)
@given(POINTS.filter(lambda points: len({x for x, _ in points}) > 1))
def test_the_best_is_the_fit_of_the_core(points):
    x, y = np.array(points, dtype=float).T
    fit = fit_line(x, y)
    assert frame_of(x, y)["best"] == {"w": fit.w, "c": fit.c, "sigma": fit.sigma}


@pytest.mark.parametrize("sigma", [0.2, 0.7, 1.0, 2.5])
def test_both_landscapes_are_lowest_at_the_same_line_for_every_sigma(sigma):
    state, frame = panel_of(sigma=sigma)
    squares, losses = frame["squares_landscape"], frame["loss_landscape"]
    assert squares.argmin() == losses.argmin()
    rows, columns = squares.shape
    row, column = np.unravel_index(squares.argmin(), squares.shape)
    w, c = np.linspace(*state.limits["w"], columns), np.linspace(*state.limits["c"], rows)
    best = frame["best"]
    x, y = np.array(state.x), np.array(state.y)
    for j, i in ((row, column), (3, 5), (20, 30)):
        residuals = y - w[i] * x - c[j]
        assert squares[j, i] == pytest.approx(np.sum(residuals**2))
        exact = -stats.norm.logpdf(residuals, 0, sigma).sum()
        assert losses[j, i] == pytest.approx(min(exact, losses.max()))
    least = best["sigma"] ** 2 * x.size
    assert least <= squares.min()
    bottom = -stats.norm.logpdf(y - best["w"] * x - best["c"], 0, sigma).sum()
    assert frame["loss_levels"][0] == pytest.approx(bottom + 0.5)


def test_the_curve_over_sigma_is_the_loss_and_least_at_the_root_mean_square():
    state, frame = panel_of()
    grid, curve = frame["sigma_grid"], frame["sigma_curve"]
    for i in (0, 40, 100):
        blueprint = least_squares()
        there = blueprint.view(replace(state, sigma=float(grid[i])))
        assert there["loss"] == pytest.approx(curve[i])
    root = math.sqrt(frame["sum_of_squares"] / len(state.x))
    assert frame["best_own_sigma"] == pytest.approx(root)
    assert abs(grid[curve.argmin()] - root) < 0.05
    assert frame["lowest"] <= curve.min() + 1e-9
    at_root = least_squares(sigma=root)
    assert at_root.view(at_root.state)["loss"] == pytest.approx(frame["lowest"])


# What is drawn


def test_the_squares_stand_on_the_residuals():
    state, frame = panel_of()
    np.testing.assert_array_equal(frame["square_y"], state.y)
    fitted = state.w * np.array(state.x) + state.c
    np.testing.assert_allclose(frame["square_to"], fitted)
    sides = frame["square_y"] - frame["square_to"]
    assert np.sum(sides**2) == pytest.approx(frame["sum_of_squares"])


def test_the_line_and_its_handles():
    frame = frame_of(w=0.5, c=1.5)
    assert (frame["at_zero"], frame["height_at_zero"]) == (0, 1.5)
    assert (frame["at_one"], frame["height_at_one"]) == (1, 2.0)
    np.testing.assert_allclose(frame["line_y"], 0.5 * frame["line_x"] + 1.5)
    np.testing.assert_allclose(frame["high_2"] - frame["low_2"], 4 * frame["sigma"])


def test_where_0_and_1_are_out_of_sight_the_line_is_held_in_the_middle():
    frame = frame_of([10.0, 12.0, 14.0], [1.0, 2.0, 4.0])
    assert 10 < frame["at_zero"] < 14
    assert math.isnan(frame["at_one"])


def test_many_points_have_few_handles_and_few_squares():
    birds = explorer.data.penguins()
    x, y = (birds["flipper_length"] - 200) / 10, birds["body_mass"]
    blueprint = least_squares(x, y)
    frame = blueprint.view(blueprint.state)
    assert frame["held_x"].size == HANDLES
    assert frame["rest_x"].size == x.size - HANDLES
    assert frame["square_x"].size == SQUARES
    assert frame["sum_of_squares"] == pytest.approx(
        np.sum((y - blueprint.state.w * x - blueprint.state.c) ** 2)
    )


def test_limits_stay_put_while_the_line_moves():
    frames = [frame_of(w=w) for w in np.linspace(-0.4, 1.4, 60)]
    assert len({tuple(frame["residual_limits"]) for frame in frames}) == 1
    assert len({tuple(frame["density_limits"]) for frame in frames}) == 1
    assert len({tuple(frame["sigma_limits"]) for frame in frames}) <= 6
    for frame in frames:
        low, high = frame["sigma_limits"]
        assert not frame["lowest"] < low
        assert frame["loss"] <= high


@pytest.mark.parametrize("count", [8, 342, 1000])
def test_a_frame_on_the_wire_is_small(count):
    x = np.linspace(-3, 3, count)
    blueprint = least_squares(x, 2 * x + np.sin(40 * x))
    drawn = set(named(as_json(blueprint.spec(blueprint.state))))

    def sent(state):
        return {k: v for k, v in blueprint.view(state).items() if k in drawn}

    state = blueprint.state
    base = sent(state)
    moved_point = replace(state, y=(state.y[0] + 0.5, *state.y[1:]))
    for moved in (replace(state, w=1.0), replace(state, sigma=0.5), moved_point):
        header, buffer = encode(sent(moved), base)
        assert len(json.dumps(header).encode()) + len(buffer) <= 10_000


# The words


@settings(deadline=None)
@given(st.floats(-0.4, 1.4), st.floats(-0.9, 4.9), st.floats(0.05, 3))
def test_the_sentence_is_true(w, c, sigma):
    frame = frame_of(w=w, c=c, sigma=sigma)
    said = frame["sentence"]
    total = float(re.search(r"add up to (\d+\.\d{3})", said)[1])
    assert total == pytest.approx(frame["sum_of_squares"], abs=5.1e-4)
    loss = float(re.search(r"a loss of (−?\d+\.\d{3})", said)[1].replace("−", "-"))
    assert loss == pytest.approx(frame["loss"], abs=5.1e-4)
    better = re.search(r"a (smaller|larger) \*σ\* is better: (\d+\.\d+)", said)
    root = float(better[2])
    assert (root < sigma) == (better[1] == "smaller")
    there = least_squares(w=w, c=c, sigma=root)
    assert there.view(there.state)["loss"] < frame["loss"] + 1e-6
    least = float(re.search(r"The least sum, (\d+\.\d{3})", said)[1])
    assert least <= total


def test_at_the_best_line_the_sentence_says_so():
    best = frame_of()["best"]
    said = frame_of(**best)["sentence"]
    assert "No line has a smaller sum, and so none a smaller loss" in said
    assert "no other *σ* is better" in said


def test_a_perfect_line_has_no_best_sigma():
    frame = frame_of([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], w=2, c=1)
    assert frame["sum_of_squares"] == 0
    assert "the loss falls without end" in frame["sentence"]
    assert math.isnan(frame["best_own_sigma"])


def test_points_above_each_other_have_no_best_line():
    frame = frame_of([1.0, 1.0], [2.0, 3.0])
    assert frame["best"] == {}
    assert "infinitely many lines are equally good" in frame["sentence"]
    assert math.isnan(frame["best_w"])


# Controls


def test_presets_go_where_they_say():
    blueprint = least_squares()
    state = blueprint.state
    presets = {preset.label: preset.values for preset in blueprint.spec(state).presets}
    assert presets["least squares"] == {"w": "{best_w}", "c": "{best_c}"}
    assert presets["best σ"] == {"sigma": "{best_own_sigma}"}
    assert presets["level line"]["w"] == 0
    assert presets["level line"]["c"] == pytest.approx(np.mean(state.y), abs=0.01)
    far = presets["an outlier"]["y.1"]
    assert far > max(state.y)
    moved = replace(state, y=(state.y[0], far, *state.y[2:]))
    assert blueprint.view(moved)["best"]["w"] < blueprint.view(state)["best"]["w"]


@pytest.mark.parametrize("wrap", [list, tuple, np.array, pd.Series])
def test_points_of_any_common_kind(wrap):
    state, _ = panel_of(wrap([1, 2, 3]), wrap([0.5, 1.5, 1.0]))
    assert (state.x, state.y) == ((1.0, 2.0, 3.0), (0.5, 1.5, 1.0))


@settings(deadline=None, max_examples=40)
@given(POINTS, st.sampled_from([1e-3, 1.0, 1e4]), st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_start_and_the_best_line_are_inside_the_ranges(points, x_unit, y_unit):
    x, y = np.array(points, dtype=float).T
    blueprint = least_squares(x * x_unit, y * y_unit)
    state, frame = blueprint.state, blueprint.view(blueprint.state)
    for name, value in (("w", state.w), ("c", state.c), ("sigma", state.sigma)):
        assert state.limits[name][0] <= value <= state.limits[name][1]
    for name in ("w", "c") if frame["best"] else ():
        assert frame[f"best_{name}"] == frame["best"][name]


# Bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"x": [1.0]}, r"x = \[1.0\]: allowed are x and y together"),
        ({"x": [1.0, 2.0], "y": [1.0]}, "x and y have 2 and 1 values"),
        ({"x": [], "y": []}, "x = "),
        ({"x": [1.0, 2.0], "y": [1.0, math.nan]}, r"y\[1\] = nan"),
        ({"x": "ab", "y": [1.0, 2.0]}, "x = 'ab'"),
        ({"x": np.zeros(1001), "y": np.zeros(1001)}, "1001"),
        ({"sigma": 0}, "sigma = 0.0"),
        ({"sigma": -1.0}, "sigma = -1.0"),
        ({"w": math.inf}, "w = inf"),
        ({"c": "high"}, "c = 'high'"),
        ({"limits": {"sigma": (2, 1)}}, "limits"),
        ({"limits": {"slope": (1, 2)}}, "limits"),
        ({"limits": {"y": (0, 3)}}, r"y\[4\] = 3.6"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        least_squares(**options)


def test_a_handle_keeps_its_point():
    with pytest.raises(ValueError, match="allowed are 8 to 1000 points"):
        replace(least_squares().state, x=(1.0, 2.0), y=(1.0, 2.0))


def test_a_slider_moves_the_state_and_the_frame():
    panel = explorer.least_squares()
    before = panel.frame["loss"]
    panel.controls["w"].value = 0.7
    assert panel.state.w == 0.7
    assert panel.frame["loss"] != before
    with pytest.raises(ValueError, match="w = nan"):
        panel.set(w=math.nan)
    assert panel.state.w == 0.7
