"""The Categorical loss panel as a function: each number and sentence that it puts on screen."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import data
from explorer.core import Categorical, fit_mle
from explorer.panels.categorical_loss import categorical_loss
from explorer.stage import Panel
from explorer.stage.wire import encode

LOGITS = st.lists(st.floats(-50, 50), min_size=3, max_size=6)
SEEN = (0, 0, 1, 2, 0, 1)


def frame_of(*args, **options):
    blueprint = categorical_loss(*args, **options)
    return blueprint.view(blueprint.state)


def test_a_loss_that_can_be_worked_out_by_hand():
    frame = frame_of([math.log(2), math.log(3), math.log(5)], 1)
    np.testing.assert_allclose(frame["probabilities"], [0.2, 0.3, 0.5])
    assert frame["log_sum_exp"] == pytest.approx(math.log(10))
    assert frame["loss"] == pytest.approx(-math.log(0.3))
    np.testing.assert_allclose(frame["gradient"], [0.2, -0.7, 0.5])


@settings(deadline=None)
@given(LOGITS, st.integers(0, 2))
def test_numbers_and_terms(logits, y):
    frame = frame_of(logits, y)
    model = Categorical(logits)
    assert frame["loss"] == float(model.nll(y))
    assert frame["log_sum_exp"] - logits[y] == pytest.approx(frame["loss"], abs=1e-12)
    assert frame["term_log_sum"] + frame["term_logits"] == pytest.approx(frame["loss"], abs=1e-12)
    one_hot = np.eye(len(logits))[y]
    np.testing.assert_allclose(frame["gradient"], model.probabilities - one_hot, atol=1e-15)
    assert frame["p_correct"] + frame["minus_one"] == pytest.approx(frame["slope"], abs=1e-15)
    np.testing.assert_array_equal(frame["target"], one_hot)


@settings(deadline=None)
@given(LOGITS, st.floats(-900, 900))
def test_a_shift_changes_nothing_but_log_sum_exp(logits, shift):
    still, moved = frame_of(logits, 1), frame_of(logits, 1, shift=shift)
    np.testing.assert_allclose(moved["probabilities"], still["probabilities"], rtol=1e-11)
    assert moved["loss"] == pytest.approx(still["loss"], rel=1e-11, abs=1e-11)
    assert moved["log_sum_exp"] - still["log_sum_exp"] == pytest.approx(shift, abs=1e-9)


def test_a_logit_too_large_for_an_exponential_is_none_for_the_loss():
    frame = frame_of([1000, 0, -1000], 2)
    assert frame["loss"] == 2000
    assert frame["log_sum_exp"] == 1000


@settings(deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=3, max_size=3), st.integers(0, 2))
def test_the_point_in_the_triangle_stands_for_the_probabilities(logits, y):
    frame = frame_of(logits, y)
    left, right = (k for k in range(3) if k != y)
    corners = np.zeros((3, 2))
    corners[right], corners[y] = (1, 0), (0.5, 1)
    at = frame["probabilities"] @ corners
    assert (frame["point_x"], frame["point_y"]) == pytest.approx(tuple(at), abs=1e-12)
    assert frame["ends"] == (f"class {left}", f"class {right}")
    assert frame["corner"] == (f"class {y}",)


def test_the_contours_of_the_triangle_are_where_the_loss_is_what_they_say():
    blueprint = categorical_loss()
    frame = blueprint.view(blueprint.state)
    triangle = blueprint.spec(blueprint.state).axes[2]
    labelled = [m for m in triangle.marks if "nat" in getattr(m, "label", "")]
    assert [m.label for m in labelled] == ["0.5 nat", "1 nat", "2 nats", "3 nats"]
    for mark in labelled:
        heights = frame[mark.y]
        np.testing.assert_allclose(-np.log(heights), float(mark.label.split()[0]))
        assert frame[mark.x][0] == pytest.approx(heights[0] / 2)  # on the two sides
        assert frame[mark.x][1] == pytest.approx(1 - heights[0] / 2)


@pytest.mark.parametrize(("logits", "axes"), [((0, 1, 2), 3), ((0, 1, 2, 3), 2), ((0,) * 6, 2)])
def test_the_triangle_is_for_three_classes(logits, axes):
    panel = Panel(categorical_loss(logits))
    assert len(panel.figure().axes) == axes
    assert len(panel.controls) == len(logits) + 2
    panel.close()


@pytest.mark.parametrize("logits", [(0, 1, 2), (5, -7, 0, 1), (0, 0, 0, 0, 0, 30)])
@pytest.mark.parametrize("shift", [-2, 0, 2])
def test_limits_hold_what_is_drawn(logits, shift):
    blueprint = categorical_loss(logits, shift=shift)
    frame, axes = blueprint.view(blueprint.state), blueprint.spec(blueprint.state).axes[0]
    low, high = axes.y_limits
    assert low <= frame["logits"].min()
    assert frame["log_sum_exp"] <= high


# The sentence


@settings(deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=3, max_size=6), st.integers(0, 2), st.floats(-2, 2))
def test_the_sentence_is_true(logits, y, shift):
    frame = frame_of(logits, y, shift=shift)
    said, p = frame["sentence"], frame["probabilities"]
    if match := re.search(r"a loss of (\d+\.\d{3}) nats", said):
        assert float(match[1]) == pytest.approx(frame["loss"], abs=5.1e-4)
    else:
        assert "a loss of below 0.001 nats" in said
        assert 0 < frame["loss"] < 5e-4
    if match := re.search(r"held class (\d) for the likeliest", said):
        assert p[int(match[1])] == p.max() > p[y]
    elif "No class is clearly the likeliest" in said:
        assert np.diff(np.sort(p))[-1] < 5e-4
    else:
        assert p[y] == p.max()
    assert ("are moved" in said) == (abs(shift) >= 0.005)
    if match := re.search(r"rises, at the rate (\d\.\d{3})", said):
        assert float(match[1]) == pytest.approx(-frame["gradient"][y], abs=5.1e-4)
        assert np.delete(frame["gradient"], y).sum() == pytest.approx(-frame["gradient"][y])


def test_what_the_sentence_says_of_the_default():
    assert frame_of()["sentence"] == (
        "The model gives class 1, which came, a probability of 0.175: a loss of 1.741 nats. It "
        "held class 0 for the likeliest, with 0.786. Downhill its logit rises, at the rate 0.825, "
        "and the others fall, at the same rate together."
    )


# Several observations


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_several_observations_add_up(kind):
    frame = frame_of([1, 0, -1], observations=kind(list(SEEN)))
    model = Categorical([1.0, 0.0, -1.0])
    assert frame["loss"] == pytest.approx(model.nll(np.array(SEEN)).sum())
    assert frame["term_log_sum"] + frame["term_logits"] == pytest.approx(frame["loss"])
    expected = model.nll_gradient(np.array(SEEN))["logits"].sum(axis=0)
    np.testing.assert_allclose(frame["gradient"], expected)


def test_maximum_likelihood_gives_the_shares():
    species = np.unique(data.penguins()["species"], return_inverse=True)[1]
    blueprint = categorical_loss([0, 0, 0], observations=species)
    preset = blueprint.spec(blueprint.state).presets[0]
    logits = tuple(preset.values[f"logits.{k}"] for k in range(3))
    there = blueprint.view(replace(blueprint.state, logits=logits))
    best = fit_mle(Categorical, species)
    np.testing.assert_allclose(there["probabilities"], best.probabilities)
    np.testing.assert_allclose(there["gradient"], 0, atol=1e-12 * species.size)
    assert there["mean_loss"] == pytest.approx(float(best.entropy()))
    assert "No logits make it less" in there["sentence"]
    least = re.search(r"average less than (\d\.\d{3})", blueprint.view(blueprint.state)["sentence"])
    assert float(least[1]) == pytest.approx(float(best.entropy()), abs=5.1e-4)


def test_a_class_that_never_came_leaves_no_maximum():
    blueprint = categorical_loss([0, 0, 0], observations=[0, 0, 1])
    preset = blueprint.spec(blueprint.state).presets[0]
    assert preset.values == {}
    assert "class 2 never came" in preset.note


# Bad input, the panel, the wire


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"logits": [1, 2]}, r"logits = \[1, 2\]"),
        ({"logits": [1] * 7}, "3 to 6 numbers"),
        ({"logits": [1, math.nan, 2]}, r"logits\[1\] = nan"),
        ({"logits": "abc"}, "logits = 'abc'"),
        ({"y": 3}, "y = 3"),
        ({"y": 0.5}, "y = 0.5: allowed is a whole number"),
        ({"y": -1}, "y = -1"),
        ({"y": "class 1"}, "y = 'class 1'"),
        ({"shift": math.inf}, "shift = inf"),
        ({"observations": []}, r"observations = \[\]"),
        ({"observations": [0, 3]}, r"observations\[1\] = 3"),
        ({"observations": [0, 0.5]}, r"observations\[1\] = 0.5"),
        ({"observations": [0], "y": 1}, "not both"),
        ({"names": ["a", "b"]}, "one name for each logit"),
        ({"limits": {"logits": (2, 1)}}, "limits"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        categorical_loss(**options)


def test_the_panel_keeps_its_last_good_state():
    panel = Panel(categorical_loss())
    for bad in ({"y": 7}, {"logits": (1, 2, 3, 4)}, {"logits": (9, 0, 0)}, {"shift": math.nan}):
        with pytest.raises(ValueError, match=r"allowed|limits"):
            panel.set(**bad)
    assert (panel.state.logits, panel.state.y) == ((2.0, 0.5, -1.0), 1)
    panel.controls["logits.2"].value = 2.5
    panel.controls["y"].value = 2
    assert (panel.state.logits, panel.state.y) == ((2.0, 0.5, 2.5), 2)
    assert panel.frame["loss"] == pytest.approx(float(Categorical([2, 0.5, 2.5]).nll(2)))
    panel.close()


@pytest.mark.parametrize("options", [{}, {"logits": (0,) * 6}, {"observations": SEEN}])
def test_a_frame_is_small_on_the_wire(options):
    blueprint = categorical_loss(**options)
    base = blueprint.view(blueprint.state)
    moved = replace(blueprint.state, logits=tuple(np.add(blueprint.state.logits, 0.7)), shift=1.3)
    header, buffer = encode(blueprint.view(moved), base)
    assert len(buffer) + len(str(header)) < 10_000
