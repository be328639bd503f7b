"""The Bernoulli loss panel as a function: each number and sentence that it puts on screen."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import data
from explorer.core import Bernoulli, fit_logistic
from explorer.panels.bernoulli_loss import FAR, LOST, bernoulli_loss, naive_loss
from explorer.scene import Area, Landscape, Line, Note, Points, Rule, Stems, values
from explorer.stage import Panel
from explorer.stage.wire import encode

LOGITS = st.floats(-700, 700)
LABELS = st.floats(0, 1) | st.sampled_from([0.0, 1.0])
X, Y = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (0, 0, 1, 0, 1, 1)


def seen(*args, **options):
    """A state and its scene."""
    blueprint = bernoulli_loss(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def scene_of(*args, **options):
    return seen(*args, **options)[1]


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def marks(plot, kind, role=None):
    return [m for m in plot.marks if isinstance(m, kind) and role in (None, m.role)]


def penguins():
    birds = data.penguins()
    two = birds["species"] != "Chinstrap"
    return birds["flipper_length"][two], birds["species"][two] == "Gentoo"


# One label


@pytest.mark.parametrize(
    ("z", "y", "loss"),
    [
        (0, 1, math.log(2)),
        (0, 0, math.log(2)),
        (40, 0, 40),
        (40, 1, 4.248354255291589e-18),
        (-800, 1, 800),
        (800, 0, 800),
        (800, 1, 0),
        (1e6, 0, 1e6),
    ],
)
def test_the_loss_is_exact_however_confident_the_model_is(z, y, loss):
    assert frame_of(z, y)["loss"] == pytest.approx(loss, rel=1e-15)


@pytest.mark.parametrize(
    ("z", "y", "naive"), [(40, 0, np.inf), (40, 1, np.nan), (-800, 1, np.inf), (-800, 0, np.nan)]
)
def test_the_naive_formula_fails_and_the_panel_says_so(z, y, naive):
    scene = scene_of(z, y)
    np.testing.assert_equal(scene.named["naive"], naive)
    word = "∞" if naive == np.inf else "nan"
    assert f"The naive formula gives {word} here" in scene.sentence
    notes = {note.side: note.text for note in marks(scene.plots[2], Note)}
    assert notes["left" if z < 0 else "right"] == f"naive: {word}"


@settings(deadline=None)
@given(LOGITS, LABELS)
def test_numbers_and_terms(z, y):
    scene = scene_of(z, y)
    frame, (loss, slope) = scene.named, scene.sums
    assert frame["loss"] == loss.total.value == float(Bernoulli(z).nll(y))
    assert frame["gradient"] == slope.total.value == float(Bernoulli(z).nll_gradient(y)["logit"])
    terms = [term.value for term in loss.terms]
    assert sum(terms) == pytest.approx(frame["loss"], rel=1e-12, abs=1e-300)
    assert terms[0] == pytest.approx(y * np.logaddexp(0, -z), rel=1e-12)
    assert sum(term.value for term in slope.terms) == pytest.approx(frame["gradient"], abs=1e-15)
    assert frame["probability"] == slope.terms[0].value
    assert frame["entropy"] == pytest.approx(float(Bernoulli.from_probability(y).entropy()))
    assert frame["loss"] >= frame["entropy"] - 1e-12


@settings(deadline=None)
@given(LOGITS, LABELS)
def test_the_tangent_touches_the_curve_and_stays_in_the_plot(z, y):
    scene = scene_of(z, y)
    frame, plot = scene.named, scene.plots[1]
    (tangent,) = marks(plot, Line, "model")
    bottom, top = plot.y.limits
    assert plot.x.limits[0] <= z <= plot.x.limits[1]
    assert bottom <= frame["loss"] <= top
    assert tangent.x.min() <= z <= tangent.x.max()
    assert (tangent.y >= bottom - 1e-9).all()
    assert (tangent.y <= top + 1e-9).all()
    on_it = frame["loss"] + frame["gradient"] * (tangent.x - z)
    np.testing.assert_allclose(tangent.y, on_it, rtol=1e-9, atol=1e-9)
    assert (Bernoulli(tangent.x).nll(y) >= tangent.y - 1e-9).all()
    assert tangent.label == f"slope {frame['gradient']:.3f}".replace("-0.000", "0.000").replace(
        "-", "−"
    )
    assert tangent.y[0] == tangent.y.min()  # the label stands at the lower end


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_curves_are_the_losses(y):
    plots = scene_of(1.5, y).plots
    for plot in plots[1:]:
        (curve,) = marks(plot, Line, "loss")
        np.testing.assert_allclose(curve.y, Bernoulli(curve.x).nll(y), rtol=1e-12)
    of_1, of_0 = marks(plots[1], Line, "muted")
    for curve, label in ((of_1, 1), (of_0, 0)):
        np.testing.assert_allclose(curve.y, Bernoulli(curve.x).nll(label), rtol=1e-12)
        assert curve.label == f"*y* = {label}"
    (sigmoid,) = marks(plots[0], Line)
    np.testing.assert_allclose(sigmoid.y, 1 / (1 + np.exp(-sigmoid.x)))


def test_limits_move_in_steps_only():
    plots = [scene_of(z, 1).plots[1] for z in np.linspace(-8, 8, 161)]
    assert len({plot.x.limits for plot in plots}) == 1
    assert len({plot.y.limits for plot in plots}) == 2


def test_where_the_naive_formula_is_lost():
    left, right = LOST
    assert not np.isfinite(naive_loss([left - 0.01, right + 0.01], 0.5)).any()
    assert np.isfinite(naive_loss([left + 0.01, right - 0.01], 0.5)).all()
    areas = marks(scene_of(1.5, 0.5).plots[2], Area)
    assert [area.x.tolist() for area in areas] == [[-1000, left], [right, 1000]]


def test_losses_far_out_are_labelled_in_a_few_figures():
    (points,) = marks(scene_of(1.5, 1).plots[2], Points)
    np.testing.assert_allclose(points.y, Bernoulli(FAR).nll(1))
    assert points.label == ("800", "40", "4.248·10⁻¹⁸", "0")


@pytest.mark.parametrize(("y", "at"), [(0.3, math.log(0.3 / 0.7)), (0.5, 0.0)])
def test_a_soft_label_has_its_least_loss_where_the_probability_is_the_label(y, at):
    scene, there = scene_of(1.5, y), scene_of(at, y)
    (least,) = marks(scene.plots[1], Points, "optimum")
    assert least.x == pytest.approx(at)
    assert least.y == scene.named["entropy"] == pytest.approx(there.named["loss"])
    assert there.named["gradient"] == pytest.approx(0, abs=1e-15)
    assert "No logit costs less: what is left is the entropy of the label" in there.sentence
    assert f"No logit costs less than {least.y:.3f}" in scene.sentence


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_a_hard_label_has_no_least_loss(y):
    (least,) = marks(scene_of(1.5, y).plots[1], Points, "optimum")
    assert math.isnan(least.x)


@settings(deadline=None)
@given(st.floats(-30, 30), LABELS)
def test_the_sentence_is_true(z, y):
    scene = scene_of(z, y)
    frame, text = scene.named, scene.sentence
    if match := re.search(r"a loss of (\d+\.\d{3}) nats", text):
        assert float(match[1]) == pytest.approx(frame["loss"], abs=5.1e-4)
    else:
        assert "a loss of below 0.001 nats" in text
        assert 0 < frame["loss"] < 5e-4
    assert ("above 0.999" in text) == (frame["probability"] > 0.9995)
    assert ("probability below 0.001" in text) == (frame["probability"] < 0.0005)
    step = 1e-3
    if "Raising" in text:
        assert float(Bernoulli(z + step).nll(y)) < frame["loss"]
    if "Lowering" in text:
        assert float(Bernoulli(z - step).nll(y)) < frame["loss"]
    if "confident and wrong" in text:
        further = z + math.copysign(1, z)
        assert float(Bernoulli(further).nll(y)) - frame["loss"] == pytest.approx(1, abs=0.06)


def test_presets_are_those_that_the_sliders_reach():
    assert [preset.label for preset in scene_of().presets] == [
        "confident and right", "undecided", "confident and wrong", "soft label 0.3"
    ]  # fmt: skip
    far = {preset.label for preset in scene_of(limits={"logit": (-1000, 1000)}).presets}
    assert {"z = 40", "z = −800"} <= far
    soft = [preset.label for preset in scene_of(y=0.5, limits={"y": (0.2, 0.8)}).presets]
    assert soft == ["soft label 0.3"]


@pytest.mark.parametrize(("logit", "reach"), [(1.5, 8), (-8, 8), (9, 50), (-300, 1e3), (2e5, 1e6)])
def test_the_logits_slider_reaches_further_in_steps(logit, reach):
    state = bernoulli_loss(logit).state
    assert state.limits["logit"] == (-reach, reach)
    slider, label = state.controls()
    assert (slider.high - slider.low) / slider.step <= 500
    assert label.step == 0.01


# Two groups


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, lambda v: pd.Series(v, index=range(9, 3, -1))]
)
def test_groups_of_any_common_kind(kind):
    scene = scene_of(x=kind(list(X)), y=kind(list(Y)), slope=2, decision=3.5)
    frame, z = scene.named, 2 * (np.array(X) - 3.5)
    np.testing.assert_allclose(frame["losses"], Bernoulli(z).nll(np.array(Y)))
    np.testing.assert_allclose(frame["probabilities"], 1 / (1 + np.exp(-z)))
    assert frame["loss"] == pytest.approx(frame["losses"].sum())
    (loss,) = scene.sums
    assert loss.total.value == frame["loss"]
    assert sum(term.value for term in loss.terms) == pytest.approx(frame["loss"])
    assert frame["offset"] == -7
    slopes = Bernoulli(z).probability - np.array(Y)
    np.testing.assert_allclose(frame["gradient"], [slopes @ np.array(X), slopes.sum()], atol=1e-12)
    assert frame["right"] == 4


def test_the_gradient_is_that_over_slope_and_offset():
    slope, offset, step = 1.3, -4.0, 1e-6

    def loss(slope, offset):
        return Bernoulli(slope * np.array(X) + offset).nll(np.array(Y)).sum()

    found = frame_of(x=X, y=Y, slope=slope, decision=-offset / slope)["gradient"]
    expected = [
        (loss(slope + step, offset) - loss(slope - step, offset)) / (2 * step),
        (loss(slope, offset + step) - loss(slope, offset - step)) / (2 * step),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_truth_values_are_labels():
    x, gentoo = penguins()
    frame = frame_of(x=x, y=gentoo)
    np.testing.assert_array_equal(frame["losses"], frame_of(x=x, y=gentoo.astype(int))["losses"])


def test_maximum_likelihood_is_the_fit_of_the_core():
    x, gentoo = penguins()
    state, scene = seen(x=x, y=gentoo)
    fit = fit_logistic(x, gentoo.astype(float))
    best = scene.presets[0].values
    assert best == scene.named["best"] == {"slope": fit.slope, "decision": fit.decision}
    there = bernoulli_loss(x=x, y=gentoo).view(replace(state, **best))
    assert there.named["loss"] == pytest.approx(fit.value, rel=1e-12)
    assert there.named["offset"] == pytest.approx(fit.offset)
    np.testing.assert_allclose(there.named["gradient"], 0, atol=1e-8 * x.sum())
    assert there.sentence.endswith("the maximum of the likelihood.")
    (optimum,) = marks(scene.plots[2], Points, "optimum")
    assert (optimum.x, optimum.y) == (fit.decision, fit.slope)
    assert optimum.label == f"best {fit.value:.2f}"


def test_the_landscape_at_its_nodes_is_the_loss():
    state, scene = seen(x=X, y=Y)
    (landscape,) = marks(scene.plots[2], Landscape)
    slopes, decisions = (np.linspace(*state.limits[n], 48) for n in ("slope", "decision"))
    for row, column in ((0, 0), (7, 30), (47, 3)):
        z = slopes[row] * (np.array(X) - decisions[column])
        loss = Bernoulli(z).nll(np.array(Y)).sum()
        assert landscape.values[row, column] == pytest.approx(loss)


def test_points_and_bars_are_those_of_the_different_points():
    scene = scene_of(x=[3.0, 1.0, 3.0, 2.0], y=[1, 0, 1, 1], slope=1.5, decision=2.2)
    (points,), (bars,) = marks(scene.plots[0], Points), marks(scene.plots[1], Stems)
    assert (points.x.tolist(), points.y.tolist()) == ([1, 2, 3], [0, 1, 1])
    np.testing.assert_allclose(bars.y, Bernoulli(1.5 * (bars.x - 2.2)).nll(points.y))
    (rule,) = marks(scene.plots[0], Rule)
    assert (rule.x, rule.drag.x) == (2.2, "decision")
    assert scene.named["losses"].shape == (4,)


@pytest.mark.parametrize("options", [{}, {"decision": 9.0}, {"limits": {"decision": (-5, 8)}}])
def test_the_plots_reach_over_all_points_and_decisions(options):
    state, scene = seen(x=X, y=Y, **options)
    for plot in scene.plots[:2]:
        assert plot.x.limits[0] < min(*X, state.limits["decision"][0])
        assert plot.x.limits[1] > max(*X, state.limits["decision"][1])


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ((1, 2, 3, 4), (0, 0, 1, 1), "a point separates the groups"),
        ((1, 2, 3, 4), (1, 1, 0, 0), "a point separates the groups"),
        ((1, 2, 3, 4), (1, 1, 1, 1), "all labels are the same"),
        ((1, 2, 3, 4), (0, 0, 0, 0), "all labels are the same"),
    ],
)
def test_where_there_is_no_maximum_the_panel_says_why(x, y, reason):
    scene = scene_of(x=x, y=y)
    assert scene.sentence.endswith(f"There is no maximum of the likelihood: {reason}.") or (
        f"likelihood: {reason}, so that a steeper slope there always costs less." in scene.sentence
    )
    assert scene.named["best"] == {}
    assert all(math.isnan(value) for value in scene.presets[0].values.values())
    assert reason in scene.presets[0].note


def test_without_a_slope_the_model_is_undecided():
    state, scene = seen(x=X, y=Y)
    flat = bernoulli_loss(x=X, y=Y).view(replace(state, **scene.presets[1].values))
    assert flat.named["loss"] == pytest.approx(6 * math.log(2))
    assert "undecided everywhere: 6 log 2 = 4.159 nats" in flat.sentence


@settings(deadline=None, max_examples=50)
@given(st.floats(-3, 3), st.floats(1, 6))
def test_the_sentence_on_groups_is_true(slope, decision):
    scene = scene_of(x=X, y=Y, slope=slope, decision=decision)
    frame, text = scene.named, scene.sentence
    assert f"{frame['loss']:.3f} nats" in text
    if match := re.search(r"right for (\d) of 6", text):
        z = slope * (np.array(X) - decision)
        assert int(match[1]) == ((Bernoulli(z).probability > 0.5) == np.array(Y)).sum()
        assert f"{frame['loss'] / 6:.3f} per observation" in text
        k = int(frame["losses"].argmax())
        assert f"the largest, {frame['losses'][k]:.3f}, at *x* = {X[k]:g} with" in text
    best = fit_logistic(X, Y)
    assert f"it would be {best.value:.3f}." in text


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-50, 50), LABELS), min_size=2, max_size=20), st.floats(1e-3, 1e4)
)
def test_groups_of_any_unit_start_inside_the_ranges_as_does_the_best(points, unit):
    x, y = np.array(points).T
    if np.ptp(x) < 1e-3:
        return
    state, scene = seen(x=x * unit, y=y)
    for name in ("slope", "decision"):
        low, high = state.limits[name]
        assert low <= getattr(state, name) <= high
    if scene.named["best"]:
        assert state.limits["slope"][0] <= scene.named["best"]["slope"] <= state.limits["slope"][1]


# Bad input, the panel, the wire


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"logit": math.nan}, "logit = nan: allowed is a number from"),
        ({"logit": "2"}, "logit = '2': allowed is a number from"),
        ({"logit": math.inf}, "logit = inf: allowed is a number from"),
        ({"y": 1.5}, "y = 1.5: allowed is a number from 0 to 1"),
        ({"y": [0, 1]}, r"y = \[0, 1\]: allowed is a number from 0 to 1"),
        ({"slope": 1.0}, "slope = 1.0: allowed is a number only together with x"),
        ({"decision": 1.0}, "decision = 1.0: allowed is a number only together with x"),
        ({"x": [], "y": []}, r"x = \[\]: allowed is a non-empty list"),
        ({"x": X, "y": Y[1:]}, r"y = .*: allowed is as many labels as x has values, 6"),
        ({"x": X, "y": (0, 0, 1, 2, 1, 1)}, r"y\[3\] = 2: allowed"),
        ({"x": (1, 1), "y": (0, 1)}, "x = .*: allowed is a list of numbers of which two differ"),
        ({"x": X, "y": Y, "slope": math.nan}, "slope = nan: allowed is a number"),
        ({"x": X, "y": 1.0}, "y = 1.0: allowed is a non-empty list"),
        ({"limits": {"logit": (3, 1)}}, "limits = .*: allowed"),
        ({"limits": {"a": (0, 1)}}, "limits = .*: allowed .* name of logit, y"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        bernoulli_loss(**options)


def test_groups_stay_groups():
    state = bernoulli_loss(x=X, y=Y).state
    for bad in ({"x": X[1:]}, {"y": (0.5,)}, {"x": (1.0,) * 6}, {"y": (3.0,) * 6}):
        with pytest.raises(ValueError, match=r"^[xy](\[0\])? = .*: allowed is"):
            replace(state, **bad)


def test_the_panel_keeps_its_last_good_state():
    panel = Panel(bernoulli_loss())
    for bad in ({"y": 2}, {"logit": 800}, {"logit": math.nan}, {"x": X}):
        with pytest.raises(ValueError, match=r"allowed|limits|parameter"):
            panel.set(**bad)
    assert (panel.state.logit, panel.state.y) == (1.5, 1.0)
    panel.set(logit=-2, y=0)
    assert panel.frame["loss"] == pytest.approx(math.log1p(math.exp(-2)))
    assert repr(panel).startswith("bernoulli_loss(logit=-2, y=0): The model gives y = 1")
    panel.close()


@pytest.mark.parametrize(
    ("options", "moves"),
    [({}, {"logit": -6.0, "y": 0.4}), ({"x": X, "y": Y}, {"slope": 0.3, "decision": 4.25})],
)
def test_a_scene_is_small_on_the_wire(options, moves):
    state, scene = seen(**options)
    moved = bernoulli_loss(**options).view(replace(state, **moves))
    header, buffer = encode(values(moved), values(scene))
    assert len(buffer) + len(json.dumps(header)) < 10_000


def test_the_static_figure_draws_every_plot():
    for options in ({}, {"x": X, "y": Y}):
        panel = Panel(bernoulli_loss(**options))
        assert len(panel.figure().axes) == 3
        panel.close()
