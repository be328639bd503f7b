"""What the panels of regression have in common: points of any kind and unit, and a line."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import explorer
import explorer.data
from explorer.panels.heteroscedastic import heteroscedastic
from explorer.panels.least_squares import least_squares
from explorer.scene import Landscape, Points, Slider, values
from explorer.stage.wire import encode

PANELS = pytest.mark.parametrize("panel", [least_squares, heteroscedastic])
HANDLES = {least_squares: 8, heteroscedastic: 10}
POINTS = st.lists(
    st.tuples(st.integers(-30, 30), st.integers(-500, 500).map(lambda v: v / 10)),
    min_size=1,
    max_size=20,
)
UNITS = st.sampled_from([1e-3, 1.0, 1e4])


def scene_of(panel, *args, **options):
    blueprint = panel(*args, **options)
    return blueprint.view(blueprint.state)


def draggable(plot):
    """The marks that can be dragged, by the controls that they move."""
    marks = [mark for mark in plot.marks if isinstance(mark, Points) and mark.drag]
    return {(mark.drag.x, mark.drag.y): mark for mark in marks}


# Data


@PANELS
@pytest.mark.parametrize("wrap", [list, tuple, np.array, pd.Series])
def test_points_of_any_common_kind(panel, wrap):
    state = panel(wrap([1, 2, 3]), wrap([0.5, 1.5, 1.0])).state
    assert (state.x, state.y) == ((1.0, 2.0, 3.0), (0.5, 1.5, 1.0))


@PANELS
@settings(deadline=None, max_examples=40)
@given(POINTS, UNITS, UNITS)
def test_data_of_any_unit_start_inside_the_ranges_as_does_the_best_line(
    panel, points, x_unit, y_unit
):
    x, y = np.array(points, dtype=float).T * [[x_unit], [y_unit]]
    blueprint = panel(x, y)
    state, scene = blueprint.state, blueprint.view(blueprint.state)
    for control in state.controls():
        if isinstance(control, Slider) and "." not in control.name:
            assert control.low <= getattr(state, control.name) <= control.high
    assert math.isfinite(scene.named["loss"])
    if len(set(x)) > 1:
        best = stats.linregress(x, y)
        assert state.limits["w"][0] <= best.slope <= state.limits["w"][1]
        assert state.limits["c"][0] <= best.intercept <= state.limits["c"][1]


@PANELS
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": [1.0]}, r"x = \[1.0\]: allowed is x and y together, or neither"),
        ({"y": [1.0]}, r"y = \[1.0\]: allowed is x and y together, or neither"),
        ({"x": [1.0, 2.0], "y": [1.0]}, r"y = \(1.0,\): allowed is as many values as x has, 2"),
        ({"x": [], "y": []}, r"x = \[\]: allowed is a non-empty list"),
        ({"x": [1.0, 2.0], "y": [1.0, math.nan]}, r"y\[1\] = nan: allowed"),
        ({"x": "ab", "y": [1.0, 2.0]}, "x = 'ab': allowed"),
        ({"x": np.zeros(1001), "y": np.zeros(1001)}, "x.* 1001"),
        ({"w": math.nan}, "w = nan: allowed is a number"),
        ({"w": math.inf}, "w = inf: allowed is a number"),
        ({"c": "high"}, "c = 'high': allowed is a number"),
        ({"limits": {"w": (2, 1)}}, r"limits = \{'w': \(2, 1\)\}: allowed"),
        ({"limits": {"slope": (1, 2)}}, r"limits = \{'slope': \(1, 2\)\}: allowed"),
        ({"limits": {"y": (0, 3)}}, r"y\[\d\] = 3\.\d: allowed is .* numbers from 0 to 3"),
    ],
)
def test_bad_points_and_lines_are_named(panel, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        panel(**options)


@PANELS
def test_a_handle_keeps_its_point(panel):
    count = HANDLES[panel]
    with pytest.raises(ValueError, match=f"^x = .*: allowed is {count} to 1000 points"):
        replace(panel().state, x=(1.0, 2.0), y=(1.0, 2.0))
    with pytest.raises(ValueError, match=f"^y = .*: allowed is as many values as x has, {count}"):
        replace(panel().state, y=(1.0, 2.0))


# What is drawn


@PANELS
def test_the_line_has_a_handle_for_its_height_and_one_for_its_slope(panel):
    handles = draggable(scene_of(panel, w=0.5, c=1.5).plots[0])
    height, slope = handles["", "c"], handles["", "w"]
    assert (height.x, height.y) == (0, 1.5)
    assert (slope.x, slope.y) == (1, 2.0)


@PANELS
def test_where_0_and_1_are_out_of_sight_the_line_is_dragged_in_the_middle(panel):
    handles = draggable(scene_of(panel, [10.0, 12.0, 14.0], [1.0, 2.0, 4.0]).plots[0])
    assert 10 < handles["", "c"].x < 14
    assert math.isnan(handles["", "w"].x)


@PANELS
def test_of_many_points_the_first_can_be_dragged(panel):
    birds = explorer.data.penguins()
    x, y = (birds["flipper_length"] - 200) / 10, birds["body_mass"]
    scene, count = scene_of(panel, x, y), HANDLES[panel]
    first = draggable(scene.plots[0])["x.{i}", "y.{i}"]
    np.testing.assert_array_equal(first.x, x[:count])
    np.testing.assert_array_equal(first.y, y[:count])
    others = next(m for m in scene.plots[0].marks if isinstance(m, Points) and m.role != "model")
    assert others.drag is None
    np.testing.assert_array_equal(others.x, x[count:])
    assert scene.named["residuals"].shape == x.shape


@PANELS
def test_landscapes_have_the_present_place_which_can_be_dragged_and_the_best(panel):
    blueprint = panel()
    scene = blueprint.view(blueprint.state)
    plots = [plot for plot in scene.plots if isinstance(plot.marks[0], Landscape)]
    assert plots
    for plot in plots:
        x, y = (axis.label.strip("*") for axis in (plot.x, plot.y))
        present, best = draggable(plot)[x, y], plot.marks[1]
        assert (present.x, present.y) == (getattr(blueprint.state, x), getattr(blueprint.state, y))
        assert (best.x, best.y) == (scene.named["best"][x], scene.named["best"][y])
        assert f"at {blueprint.state.at(x, y)}; {best.label}, at (" in plot.description


@PANELS
@pytest.mark.parametrize("count", [8, 342, 1000])
def test_a_scene_on_the_wire_is_small(panel, count):
    x = np.linspace(-3, 3, count)
    blueprint = panel(x, 2 * x + np.exp(0.2 * x) * np.sin(40 * x))
    state, slider = blueprint.state, blueprint.state.controls()[-1]
    base = values(blueprint.view(state))
    assert slider.name.startswith("y.")
    point = replace(state, y=(state.y[0] + 0.5, *state.y[1:]))
    other = {"sigma": 0.5} if panel is least_squares else {"v": 0.5}
    for moved in (replace(state, w=1.0), replace(state, **other), point):
        header, buffer = encode(values(blueprint.view(moved)), base)
        assert len(json.dumps(header).encode()) + len(buffer) <= 10_000


# The panel


@pytest.mark.parametrize("name", ["least_squares", "heteroscedastic"])
def test_a_slider_moves_the_state_and_the_frame(name):
    panel = getattr(explorer, name)()
    before = panel.frame["loss"]
    panel.controls["w"].value = 0.7
    assert panel.state.w == 0.7
    assert panel.frame["loss"] != before
    with pytest.raises(ValueError, match="w = nan"):
        panel.set(w=math.nan)
    assert panel.state.w == 0.7
    panel.close()


@PANELS
def test_only_the_points_may_be_given_by_position(panel):
    with pytest.raises(TypeError, match="positional"):
        panel([1.0, 2.0], [1.0, 2.0], 0.5)
