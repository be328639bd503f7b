"""The panel of a line whose width changes: its loss, the two parts, points met exactly."""

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
from explorer.core import fit_line, fit_scaled_line
from explorer.panels.heteroscedastic import HANDLES, NAMES, heteroscedastic
from explorer.spec import as_json, named
from explorer.stage.wire import encode

LINKS = {"exp": np.exp, "softplus": lambda raw: np.logaddexp(0, raw)}
SLOPES = st.floats(-1, 1)
HEIGHTS = st.floats(-3, 3)


def panel_of(*args, **options):
    blueprint = heteroscedastic(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return panel_of(*args, **options)[1]


# The numbers


@settings(deadline=None)
@given(SLOPES, HEIGHTS, SLOPES, HEIGHTS, st.sampled_from(["exp", "softplus"]))
def test_losses_and_their_parts_are_those_of_scipy(w, c, v, d, link):
    state, frame = panel_of(w=w, c=c, v=v, d=d, link=link)
    x, y = np.array(state.x), np.array(state.y)
    sigma = LINKS[link](v * x + d)
    expected = -stats.norm.logpdf(y, w * x + c, sigma)
    np.testing.assert_allclose(frame["losses"], expected, rtol=1e-8)
    assert frame["loss"] == pytest.approx(expected.sum(), rel=1e-8)
    np.testing.assert_allclose(frame["log_sigmas"], np.log(sigma), atol=1e-9)
    parts = frame["log_sigmas"] + frame["half_squares"] + 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(parts, frame["losses"], rtol=1e-9, atol=1e-9)
    terms = frame["term_log_sigma"] + frame["term_2_pi"] + frame["term_squares"]
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_the_landscape_at_its_nodes_is_the_loss(link):
    state, frame = panel_of(link=link)
    rows, columns = frame["landscape"].shape
    v, d = np.linspace(*state.limits["v"], columns), np.linspace(*state.limits["d"], rows)
    cut = frame["landscape"].max()
    assert cut > frame["levels"].max()
    for row, column in ((10, 20), (15, 17), (20, 12)):
        blueprint = heteroscedastic(link=link)
        there = blueprint.view(replace(state, v=float(v[column]), d=float(d[row])))
        assert frame["landscape"][row, column] == pytest.approx(min(there["loss"], cut))


@pytest.mark.parametrize("link", LINKS)
def test_no_step_from_the_fitted_width_is_better(link):
    state, _ = panel_of(link=link)
    fit = fit_scaled_line(state.x, state.y, link)
    blueprint = heteroscedastic(link=link)
    at = {name: getattr(fit, name) for name in NAMES}
    least = blueprint.view(replace(state, **at))["loss"]
    assert least == pytest.approx(fit.loss)
    for name in NAMES:
        for step in (-0.01, 0.01):
            moved = replace(state, **{**at, name: at[name] + step})
            assert blueprint.view(moved)["loss"] > least


def test_the_best_constant_width_is_least_squares():
    state, frame = panel_of()
    line = fit_line(state.x, state.y)
    level = {name: frame[f"level_{name}"] for name in NAMES}
    assert level == {"w": line.w, "c": line.c, "v": 0.0, "d": math.log(line.sigma)}
    blueprint = heteroscedastic()
    there = blueprint.view(replace(state, **level))
    assert there["loss"] == pytest.approx(frame["level_loss"])
    assert "as much as the best line of constant width" in there["sentence"]


# A point that is met exactly


def test_a_point_that_is_met_pays_log_sigma_alone():
    state, frame = panel_of()
    last = int(np.argmax(state.x))
    blueprint = heteroscedastic()
    there = replace(state, c=frame["through_c"])
    met = blueprint.view(there)
    assert met["half_squares"][last] == pytest.approx(0, abs=1e-20)
    assert f"Point {last + 1} is met exactly" in met["sentence"]
    assert met["alone"][last] == -math.inf
    narrow = replace(there, v=frame["narrow_v"], d=frame["narrow_d"])
    assert blueprint.view(narrow)["losses"][last] < met["losses"][last] - 1
    assert blueprint.view(narrow)["loss"] > met["loss"]  # the others pay for it


def test_two_points_can_both_be_met():
    state, frame = panel_of([1.0, 3.0], [2.0, 1.0], w=-0.5, c=2.5)
    assert "All points are met exactly: the loss falls without end" in frame["sentence"]
    blueprint = heteroscedastic([1.0, 3.0], [2.0, 1.0], w=-0.5, c=2.5)
    losses = [blueprint.view(replace(state, d=d))["loss"] for d in (0.0, -1.0, -2.0)]
    assert np.diff(losses) == pytest.approx([-2, -2])
    assert math.isnan(frame["fit_v"])


# What is drawn


def test_the_band_is_the_width_around_the_line():
    state, frame = panel_of()
    sigma = np.exp(state.v * frame["grid"] + state.d)
    np.testing.assert_allclose(frame["high_1"] - frame["low_1"], 2 * sigma)
    np.testing.assert_allclose(frame["high_2"] - frame["low_2"], 4 * sigma)
    np.testing.assert_allclose(frame["mean"], state.w * frame["grid"] + state.c)
    assert frame["width_at_zero"] == pytest.approx(state.d)
    assert frame["width_at_one"] == pytest.approx(state.v + state.d)


def test_bars_stand_on_the_floor_of_log_sigma():
    frame = frame_of()
    np.testing.assert_array_equal(frame["bar_floor"], frame["log_sigmas"])
    np.testing.assert_allclose(frame["bar_top"] - frame["bar_floor"], frame["half_squares"])
    low, high = frame["cost_limits"]
    assert low <= frame["log_width"].min()
    assert frame["bar_top"].max() <= high
    assert ((frame["alone"] >= low) | (frame["alone"] == -math.inf)).all()


def test_many_points_are_dots():
    birds = explorer.data.penguins()
    frame = frame_of((birds["flipper_length"] - 200) / 10, birds["body_mass"])
    assert frame["bar_x"].size == 0
    assert frame["dot_x"].size == frame["losses"].size == 342
    assert frame["held_x"].size == HANDLES


@pytest.mark.parametrize("count", [10, 342, 1000])
def test_a_frame_on_the_wire_is_small(count):
    x = np.linspace(-3, 3, count)
    blueprint = heteroscedastic(x, 2 * x + np.exp(0.2 * x) * np.sin(40 * x))
    drawn = set(named(as_json(blueprint.spec(blueprint.state))))

    def sent(state):
        return {k: v for k, v in blueprint.view(state).items() if k in drawn}

    state = blueprint.state
    base = sent(state)
    point = replace(state, y=(state.y[0] + 0.5, *state.y[1:]))
    for moved in (replace(state, w=1.0), replace(state, v=0.5), point):
        header, buffer = encode(sent(moved), base)
        assert len(json.dumps(header).encode()) + len(buffer) <= 10_000


# The words


@settings(deadline=None)
@given(SLOPES, HEIGHTS, SLOPES, HEIGHTS, st.sampled_from(["exp", "softplus"]))
def test_the_sentence_is_true(w, c, v, d, link):
    state, frame = panel_of(w=w, c=c, v=v, d=d, link=link)
    said = frame["sentence"]
    loss = float(re.search(r"a loss of (−?\d+\.\d{3})", said)[1].replace("−", "-"))
    assert loss == pytest.approx(frame["loss"], abs=5.1e-4)
    if match := re.search(r"(\d+\.\d{3}) (less|more) than the best line", said):
        gap = frame["loss"] - frame["level_loss"]
        assert float(match[1]) == pytest.approx(abs(gap), abs=5.1e-4)
        assert (match[2] == "less") == (gap < 0)
    left, right = LINKS[link](v * np.array(state.limits["x"]) + d)
    assert ("grows" in said) == (right > left)
    assert ("shrinks" in said) == (right < left)
    if match := re.search(r"Point (\d+), (\d+\.\d\d) \*σ\* off the line, is the dearest", said):
        k = int(match[1]) - 1
        assert k == frame["losses"].argmax()
        assert float(match[2]) == pytest.approx(math.sqrt(2 * frame["half_squares"][k]), abs=6e-3)


# Controls


def test_the_link_can_be_chosen_where_one_slider_does_for_both():
    blueprint = heteroscedastic()
    names = [control.name for control in blueprint.spec(blueprint.state).controls]
    assert names[:5] == ["w", "c", "v", "d", "link"]
    in_grams = heteroscedastic([1.0, 2.0, 3.0], [3000.0, 4000.0, 6000.0])
    names = [control.name for control in in_grams.spec(in_grams.state).controls]
    assert "link" not in names


@pytest.mark.parametrize("wrap", [list, tuple, np.array, pd.Series])
def test_points_of_any_common_kind(wrap):
    state, _ = panel_of(wrap([1, 2, 3]), wrap([0.5, 1.5, 1.0]))
    assert (state.x, state.y) == ((1.0, 2.0, 3.0), (0.5, 1.5, 1.0))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-30, 30), st.integers(-500, 500).map(lambda v: v / 10)),
        min_size=1,
        max_size=15,
    ),
    st.sampled_from([1e-3, 1.0, 1e4]),
    st.sampled_from(["exp", "softplus"]),
)
def test_any_data_start_inside_the_ranges(points, unit, link):
    x, y = np.array(points, dtype=float).T
    state, frame = panel_of(x, y * unit, link=link)
    for name in NAMES:
        assert state.limits[name][0] <= getattr(state, name) <= state.limits[name][1]
    assert np.isfinite(frame["losses"]).all()


# Bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"link": "square"}, "link = 'square': allowed is 'exp' or 'softplus'"),
        ({"x": [1.0]}, "allowed are x and y together"),
        ({"x": [1.0, 2.0], "y": [1.0]}, "x and y have 2 and 1 values"),
        ({"x": [], "y": []}, "x = "),
        ({"x": [1.0, 2.0], "y": [1.0, math.nan]}, r"y\[1\] = nan"),
        ({"w": math.nan}, "w = nan"),
        ({"d": "wide"}, "d = 'wide'"),
        ({"d": 800.0}, "v, d = 0.3, 800.0: allowed are numbers for which sigma is positive"),
        ({"d": -800.0}, "sigma is positive and finite"),
        ({"limits": {"v": (2, 1)}}, "limits"),
        ({"limits": {"y": (0, 3)}}, r"y\[6\] = 3.7"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        heteroscedastic(**options)


def test_a_handle_keeps_its_point():
    with pytest.raises(ValueError, match="allowed are 10 to 1000 points"):
        replace(heteroscedastic().state, x=(1.0, 2.0), y=(1.0, 2.0))


def test_a_slider_moves_the_state_and_the_frame():
    panel = explorer.heteroscedastic()
    before = panel.frame["loss"]
    panel.controls["w"].value = 0.7
    assert panel.state.w == 0.7
    assert panel.frame["loss"] != before
    with pytest.raises(ValueError, match="w = nan"):
        panel.set(w=math.nan)
    assert panel.state.w == 0.7
