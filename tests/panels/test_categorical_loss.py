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
from explorer.core import Bernoulli, Categorical, fit_mle
from explorer.panels.categorical_loss import ASIDE, categorical_loss
from explorer.scene import Arrows, Bars, Line, Points, number, plain, values
from explorer.stage.wire import encode

LOGITS = st.lists(st.floats(-50, 50), min_size=2, max_size=6)
SEEN = (0, 0, 1, 2, 0, 1)


def scene_of(*args, **options):
    blueprint = categorical_loss(*args, **options)
    return blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def of_kind(plot, kind):
    return [mark for mark in plot.marks if type(mark) is kind]


def terms_of(total):
    return sum(term.value for term in total.terms)


def texts_of(scene, state):
    """All that is read as text with markup."""
    yield scene.sentence
    for plot in scene.plots:
        yield from (plot.title, plot.description, *plot.x.names)
        for mark in plot.marks:
            label = getattr(mark, "label", "")
            yield from (label,) if isinstance(label, str) else label
    for control in state.controls():
        yield from (text for _, text in getattr(control, "options", ()))
    yield from (preset.note for preset in scene.presets)


def test_a_loss_that_can_be_worked_out_by_hand():
    frame = frame_of([math.log(2), math.log(3), math.log(5)], 1)
    np.testing.assert_allclose(frame["probabilities"], [0.2, 0.3, 0.5])
    assert frame["log_sum_exp"] == pytest.approx(math.log(10))
    assert frame["loss"] == pytest.approx(-math.log(0.3))
    np.testing.assert_allclose(frame["gradient"], [0.2, -0.7, 0.5])


@settings(deadline=None)
@given(LOGITS, st.integers(0, 1))
def test_numbers_and_terms(logits, y):
    scene = scene_of(logits, y)
    frame, model, one_hot = scene.named, Categorical(logits), np.eye(len(logits))[y]
    assert frame["loss"] == float(model.nll(y))
    assert frame["log_sum_exp"] - logits[y] == pytest.approx(frame["loss"], abs=1e-12)
    np.testing.assert_allclose(frame["gradient"], model.probabilities - one_hot, atol=1e-15)
    np.testing.assert_array_equal(frame["target"], one_hot)
    loss, derivative = scene.sums
    assert loss.total.value == frame["loss"]
    assert terms_of(loss) == pytest.approx(frame["loss"], abs=1e-12)
    assert derivative.total.label == f"derivative with respect to *z*{'₀₁'[y]}"
    assert derivative.total.value == pytest.approx(frame["gradient"][y], abs=1e-15)
    assert terms_of(derivative) == pytest.approx(frame["gradient"][y], abs=1e-15)


@settings(deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50), st.integers(0, 1))
def test_two_classes_are_a_bernoulli_with_the_difference_of_the_logits(first, second, y):
    scene = scene_of([first, second], y)
    assert len(scene.plots) == 2
    bernoulli = Bernoulli(second - first)
    assert scene.named["loss"] == pytest.approx(float(bernoulli.nll(y)), rel=1e-12)
    assert scene.named["gradient"][1] == pytest.approx(
        float(bernoulli.nll_gradient(y)["logit"]), rel=1e-12
    )
    assert "others" not in scene.sentence


@settings(deadline=None)
@given(LOGITS, st.floats(-900, 900))
def test_a_shift_changes_nothing_but_log_sum_exp(logits, shift):
    still, moved = frame_of(logits, 1), frame_of(logits, 1, shift=shift)
    np.testing.assert_allclose(moved["probabilities"], still["probabilities"], rtol=1e-11)
    assert moved["loss"] == pytest.approx(still["loss"], rel=1e-11, abs=1e-11)
    assert moved["log_sum_exp"] - still["log_sum_exp"] == pytest.approx(shift, abs=1e-9)
    np.testing.assert_allclose(moved["logits"], np.add(logits, shift))


def test_a_logit_too_large_for_an_exponential_is_none_for_the_loss():
    frame = frame_of([1000, 0, -1000], 2)
    assert frame["loss"] == 2000
    assert frame["log_sum_exp"] == 1000


# What is drawn


@pytest.mark.parametrize("options", [{"y": 2}, {"observations": SEEN}])
def test_the_loss_is_the_arrow_from_the_logit_of_what_was_observed_to_log_sum_exp(options):
    scene = scene_of([1, 0, -1], shift=0.5, **options)
    frame, plot = scene.named, scene.plots[0]
    (bars,), (arrow,) = of_kind(plot, Bars), of_kind(plot, Arrows)
    np.testing.assert_array_equal(bars.y, frame["logits"])
    assert bars.drag.y == "logits.{i}"
    count = len(options.get("observations", [0]))
    assert arrow.to_y == frame["log_sum_exp"]
    assert arrow.to_y - arrow.y == pytest.approx(frame["loss"] / count)
    assert arrow.x == pytest.approx(np.mean(options.get("observations", 2)) + ASIDE)


@pytest.mark.parametrize("options", [{"y": 2}, {"observations": SEEN}])
def test_the_arrows_of_the_gradient_run_from_the_target_to_the_probabilities(options):
    scene = scene_of([1, 0, -1], **options)
    frame, (arrows,) = scene.named, of_kind(scene.plots[1], Arrows)
    np.testing.assert_array_equal(arrows.y, frame["target"])
    np.testing.assert_array_equal(arrows.to_y, frame["probabilities"])
    count = len(options.get("observations", [0]))
    np.testing.assert_allclose(count * (arrows.to_y - arrows.y), frame["gradient"], atol=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=3, max_size=3), st.integers(0, 2))
def test_the_point_in_the_triangle_stands_for_the_probabilities(logits, y):
    scene = scene_of(logits, y)
    left, right = (k for k in range(3) if k != y)
    corners = np.zeros((3, 2))
    corners[right], corners[y] = (1, 0), (0.5, 1)
    corner, present = of_kind(scene.plots[2], Points)
    at = scene.named["probabilities"] @ corners
    assert (present.x, present.y) == pytest.approx(tuple(at), abs=1e-12)
    assert scene.plots[2].x.names == (f"class {left}", f"class {right}")
    assert corner.label == f"class {y}"


def test_the_contours_of_the_triangle_are_where_the_loss_is_what_they_say():
    labelled = [line for line in of_kind(scene_of().plots[2], Line) if line.label]
    assert [line.label for line in labelled] == ["0.5 nat", "1 nat", "2 nats"]
    for line in labelled:
        np.testing.assert_allclose(-np.log(line.y), float(line.label.split()[0]))
        np.testing.assert_allclose(line.x, [line.y[0] / 2, 1 - line.y[0] / 2])  # on the two sides


@pytest.mark.parametrize(
    ("logits", "options", "plots"),
    [
        ((0, 1), {}, 2),
        ((0, 1, 2), {}, 3),
        ((0, 1, 2), {"observations": SEEN}, 2),
        ((0, 1, 2, 3), {}, 2),
        ((0,) * 6, {}, 2),
    ],
)
def test_the_triangle_is_for_three_classes_and_one_observation(logits, options, plots):
    blueprint = categorical_loss(logits, **options)
    scene = blueprint.view(blueprint.state)
    assert len(scene.plots) == plots
    names = [control.name for control in blueprint.state.controls()]
    of_logits = [f"logits.{k}" for k in range(len(logits))]
    assert names == [*of_logits, "shift"] + ["y"] * (not options)
    assert all((plot.click is None) == bool(options) for plot in scene.plots[:2])


@pytest.mark.parametrize("logits", [(0, 1, 2), (5, -7, 0, 1), (0, 0, 0, 0, 0, 30)])
@pytest.mark.parametrize("shift", [-2, 0, 2])
def test_limits_hold_what_is_drawn(logits, shift):
    scene = scene_of(logits, shift=shift)
    low, high = scene.plots[0].y.limits
    assert low <= scene.named["logits"].min()
    assert scene.named["log_sum_exp"] <= high


@pytest.mark.parametrize("options", [{}, {"logits": (0,) * 6}, {"observations": SEEN}])
def test_a_tick_is_small_on_the_wire(options):
    blueprint = categorical_loss(**options)
    base = values(blueprint.view(blueprint.state))
    moved = replace(blueprint.state, logits=tuple(np.add(blueprint.state.logits, 0.7)), shift=1.3)
    header, buffer = encode(values(blueprint.view(moved)), base)
    assert len(buffer) + len(str(header)) < 3_000


def test_a_name_may_be_empty():
    assert len(scene_of([0, 1, 2], 1, names=["a", "", "c"]).plots) == 3


ODD = ("*bold*", "a\\b", "2 * 3")


@pytest.mark.parametrize("options", [{"y": 0}, {"observations": [0, 0, 1]}])
def test_names_are_read_as_they_stand(options):
    blueprint = categorical_loss([0, 1, 2], names=list(ODD), **options)
    scene = blueprint.view(blueprint.state)
    texts = [plain(text) for text in texts_of(scene, blueprint.state)]
    for name in ODD:
        assert scene.plots[0].x.names[ODD.index(name)] != name
        assert sum(text.count(name) for text in texts) >= 4
    assert not any("\\*" in text for text in texts)
    assert [c.label for c in blueprint.state.controls()][:3] == [f"logit of {n}" for n in ODD]


# The sentence


@settings(deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=2, max_size=6), st.integers(0, 1), st.floats(-2, 2))
def test_the_sentence_is_true(logits, y, shift):
    scene = scene_of(logits, y, shift=shift)
    text, frame, p = scene.sentence, scene.named, scene.named["probabilities"]
    if match := re.search(r"a loss of (\d+\.\d{3}) nats", text):
        assert float(match[1]) == pytest.approx(frame["loss"], abs=5.1e-4)
    else:
        assert "a loss of below 0.001 nats" in text
        assert 0 < frame["loss"] < 5e-4
    if match := re.search(r"ranks class (\d) most likely, with (\d\.\d{3})", text):
        assert p[int(match[1])] == p.max() > p[y]
        assert float(match[2]) == pytest.approx(p.max(), abs=5.1e-4)
    elif "No class is clearly the most likely" in text:
        assert np.diff(np.sort(p))[-1] < 5e-4
    else:
        assert p[y] == p.max()
    assert ("are moved" in text) == (abs(shift) >= 0.005)
    if match := re.search(r"raises the logit of .* at the rate (\d\.\d{3})", text):
        assert float(match[1]) == pytest.approx(-frame["gradient"][y], abs=5.1e-4)
        assert np.delete(frame["gradient"], y).sum() == pytest.approx(-frame["gradient"][y])
        assert ("others" in text) == (len(logits) > 2)


def test_what_the_sentence_says_of_the_default():
    assert scene_of().sentence == (
        "The model gives class 1, the observed class, a probability of 0.175: a loss of 1.741 "
        "nats. It ranks class 0 most likely, with 0.786. Gradient descent raises the logit of "
        "class 1 at the rate 0.825, and lowers the others, in total, at the same rate."
    )


def test_what_the_sentence_says_of_a_shift():
    assert scene_of(shift=-1.5).sentence.endswith(
        "All logits and log Σ *e*ᶻ are moved down by 1.50: no probability has changed."
    )


# Several observations


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_several_observations_add_up(kind):
    scene = scene_of([1, 0, -1], observations=kind(list(SEEN)))
    frame, model = scene.named, Categorical([1.0, 0.0, -1.0])
    assert frame["loss"] == pytest.approx(model.nll(np.array(SEEN)).sum())
    assert terms_of(scene.sums[0]) == pytest.approx(frame["loss"])
    expected = model.nll_gradient(np.array(SEEN))["logits"].sum(axis=0)
    np.testing.assert_allclose(frame["gradient"], expected)
    np.testing.assert_allclose(frame["target"], np.bincount(SEEN) / len(SEEN))
    mean = number(frame["loss"] / len(SEEN))
    assert scene.sentence.startswith(
        f"The loss of these 6 observations is {number(frame['loss'])} nats, {mean} each on average."
    )


def test_one_observation_in_a_list_is_spoken_of_as_one():
    assert "The loss of this one observation is" in scene_of(observations=[2]).sentence


def test_maximum_likelihood_gives_the_shares():
    species = np.unique(data.penguins()["species"], return_inverse=True)[1]
    blueprint = categorical_loss([0, 0, 0], observations=species)
    start = blueprint.view(blueprint.state)
    preset = start.presets[0]
    logits = tuple(preset.values[f"logits.{k}"] for k in range(3))
    there = blueprint.view(replace(blueprint.state, logits=logits))
    best = fit_mle(Categorical, species)
    np.testing.assert_allclose(there.named["probabilities"], best.probabilities)
    np.testing.assert_allclose(there.named["gradient"], 0, atol=1e-12 * species.size)
    assert there.named["loss"] / species.size == pytest.approx(float(best.entropy()))
    assert "No logits make it less" in there.sentence
    least = re.search(r"average less than (\d\.\d{3})", start.sentence)
    assert float(least[1]) == pytest.approx(float(best.entropy()), abs=5.1e-4)


def test_a_class_that_was_never_observed_leaves_no_maximum():
    preset = scene_of([0, 0, 0], observations=[0, 0, 1]).presets[0]
    assert math.isnan(preset.values["logits.2"])
    assert "class 2 was never observed" in preset.note


def test_a_preset_beyond_the_limits_is_disabled():
    presets = scene_of([1, 2, 3], limits={"logits": (1, 3), "shift": (-1, 1)}).presets
    assert [any(map(math.isnan, preset.values.values())) for preset in presets] == [True] * 4


# Bad input, and the state


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"logits": [1]}, r"logits = \(1.0,\): allowed is 2 to 6 numbers"),
        ({"logits": [1] * 7}, "2 to 6 numbers"),
        ({"logits": [1, math.nan, 2]}, r"logits\[1\] = nan"),
        ({"logits": "abc"}, "logits = 'abc'"),
        ({"y": 3}, "y = 3"),
        ({"y": 0.5}, "y = 0.5: allowed is a whole number"),
        ({"y": -1}, "y = -1"),
        ({"y": "class 1"}, "y = 'class 1'"),
        ({"shift": math.inf}, "shift = inf"),
        ({"observations": []}, r"observations = \[\]"),
        ({"observations": ()}, r"observations = \(\)"),
        ({"observations": 1}, "observations = 1"),
        ({"observations": [0, 3]}, r"observations\[1\] = 3"),
        ({"observations": [0, 0.5]}, r"observations\[1\] = 0.5: allowed is a whole number"),
        ({"observations": [0], "y": 1}, "not both"),
        ({"names": ["a", "b"]}, r"names = \['a', 'b'\]: allowed is 3 texts, one for each logit"),
        ({"names": ["a", "b", 3]}, "one for each logit"),
        ({"limits": {"logits": (2, 1)}}, "limits"),
        ({"limits": {"logits": (0, 1)}}, r"logits\[0\] = 2.0"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        categorical_loss(**options)


@pytest.mark.parametrize(
    "bad", [{"y": 7}, {"logits": (1, 2, 3, 4)}, {"logits": (9, 0, 0)}, {"shift": math.nan}]
)
def test_a_state_refuses_what_it_cannot_be(bad):
    with pytest.raises(ValueError, match="allowed"):
        replace(categorical_loss().state, **bad)


def test_a_state_takes_new_data_of_any_common_kind():
    state = categorical_loss([0, 1, 2], observations=[0, 1]).state
    assert replace(state, observations=pd.Series([2, 2, 0])).observations == (2, 2, 0)
    assert replace(state, logits=np.array([1.0, 0.5, 0.0])).logits == (1.0, 0.5, 0.0)
    assert replace(state, names=["a", "b", "c"]).names == ("a", "b", "c")
