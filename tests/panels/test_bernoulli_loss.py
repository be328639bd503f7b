"""The Bernoulli loss panel as a function: each number and sentence that it puts on screen."""

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
from explorer.panels.bernoulli_loss import bernoulli_loss, naive_loss
from explorer.stage import Panel
from explorer.stage.wire import encode

LOGITS = st.floats(-700, 700)
LABELS = st.floats(0, 1) | st.sampled_from([0.0, 1.0])
X, Y = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (0, 0, 1, 0, 1, 1)


def frame_of(*args, **options):
    blueprint = bernoulli_loss(*args, **options)
    return blueprint.view(blueprint.state)


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
def test_the_loss_is_exact_however_sure_the_model_is(z, y, loss):
    assert frame_of(z, y)["loss"] == pytest.approx(loss, rel=1e-15)


@pytest.mark.parametrize(
    ("z", "y", "naive"), [(40, 0, np.inf), (40, 1, np.nan), (-800, 1, np.inf), (-800, 0, np.nan)]
)
def test_the_naive_formula_fails_and_the_panel_says_so(z, y, naive):
    frame = frame_of(z, y)
    np.testing.assert_equal(frame["naive"], naive)
    said = "∞" if naive == np.inf else "nan"
    assert f"The naive formula gives {said} here" in frame["sentence"]
    shown = frame["left_text"] if z < 0 else frame["right_text"]
    assert shown == f"naive: {said}"


@settings(deadline=None)
@given(LOGITS, LABELS)
def test_numbers_and_terms(z, y):
    frame = frame_of(z, y)
    assert frame["loss"] == float(Bernoulli(z).nll(y))
    assert frame["term_0"] + frame["term_1"] == pytest.approx(frame["loss"], rel=1e-12, abs=1e-300)
    assert frame["probability"] + frame["minus_y"] == pytest.approx(frame["gradient"], abs=1e-15)
    assert frame["entropy"] == pytest.approx(float(Bernoulli.from_probability(y).entropy()))
    assert frame["loss"] >= frame["entropy"] - 1e-12


@settings(deadline=None)
@given(LOGITS, LABELS)
def test_limits_hold_what_is_drawn_and_the_tangent_touches_the_curve(z, y):
    frame = frame_of(z, y)
    assert frame["z_limits"][0] <= z <= frame["z_limits"][1]
    assert frame["loss_limits"][0] <= frame["loss"] <= frame["loss_limits"][1]
    assert frame["tangent_x"].min() <= z <= frame["tangent_x"].max()
    assert (frame["tangent_y"] >= frame["loss_limits"][0] - 1e-9).all()
    assert (frame["tangent_y"] <= frame["loss_limits"][1] + 1e-9).all()
    on_it = frame["loss"] + frame["gradient"] * (frame["tangent_x"] - z)
    np.testing.assert_allclose(frame["tangent_y"], on_it, rtol=1e-9, atol=1e-9)
    assert (Bernoulli(frame["tangent_x"]).nll(y) >= frame["tangent_y"] - 1e-9).all()


def test_limits_move_in_steps_only():
    frames = [frame_of(z, 1) for z in np.linspace(-8, 8, 161)]
    assert len({tuple(f["z_limits"]) for f in frames}) == 1
    assert len({tuple(f["loss_limits"]) for f in frames}) == 2


def test_where_the_naive_formula_is_lost():
    frame = frame_of(1.5, 0.5)
    left, right = frame["left_x"][1], frame["right_x"][0]
    assert not np.isfinite(naive_loss([left, right], 0.5)).any()
    assert np.isfinite(naive_loss([left + 0.5, right - 0.5], 0.5)).all()


@pytest.mark.parametrize(("y", "at"), [(0.3, math.log(0.3 / 0.7)), (0.5, 0.0)])
def test_a_soft_label_has_its_least_loss_where_the_probability_is_the_label(y, at):
    frame = frame_of(1.5, y)
    assert frame["target_x"] == pytest.approx(at)
    there = frame_of(at, y)
    assert there["loss"] == pytest.approx(frame["least"][0])
    assert there["gradient"] == pytest.approx(0, abs=1e-15)
    assert "No logit costs less: what is left is the entropy" in there["sentence"]
    assert "No logit costs less than" in frame["sentence"]


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_a_hard_label_has_no_least_loss(y):
    assert np.isnan(frame_of(1.5, y)["target_x"]).all()


@settings(deadline=None)
@given(st.floats(-30, 30), LABELS)
def test_the_sentence_is_true(z, y):
    frame = frame_of(z, y)
    said = frame["sentence"]
    if match := re.search(r"a loss of (\d+\.\d{3}) nats", said):
        assert float(match[1]) == pytest.approx(frame["loss"], abs=5.1e-4)
    else:
        assert "a loss of below 0.001 nats" in said
        assert 0 < frame["loss"] < 5e-4
    assert ("above 0.999" in said) == (frame["probability"] > 0.9995)
    assert ("probability below 0.001" in said) == (frame["probability"] < 0.0005)
    step = 1e-3
    if "Raising" in said:
        assert float(Bernoulli(z + step).nll(y)) < frame["loss"]
    if "Lowering" in said:
        assert float(Bernoulli(z - step).nll(y)) < frame["loss"]
    if "sure and wrong" in said:
        further = z + math.copysign(1, z)
        assert float(Bernoulli(further).nll(y)) - frame["loss"] == pytest.approx(1, abs=0.06)


# Two groups


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, lambda v: pd.Series(v, index=range(9, 3, -1))]
)
def test_groups_of_any_common_kind(kind):
    frame = frame_of(x=kind(list(X)), y=kind(list(Y)), slope=2, decision=3.5)
    z = 2 * (np.array(X) - 3.5)
    np.testing.assert_allclose(frame["losses"], Bernoulli(z).nll(np.array(Y)))
    assert frame["loss"] == pytest.approx(frame["losses"].sum())
    assert frame["term_0"] + frame["term_1"] == pytest.approx(frame["loss"])
    assert frame["offset"] == -7
    slopes = Bernoulli(z).probability - np.array(Y)
    np.testing.assert_allclose(frame["gradient"], [slopes @ np.array(X), slopes.sum()], atol=1e-12)


def test_truth_values_are_labels():
    x, gentoo = penguins()
    frame = frame_of(x=x, y=gentoo)
    np.testing.assert_array_equal(frame["losses"], frame_of(x=x, y=gentoo.astype(int))["losses"])


def test_maximum_likelihood_is_the_fit_of_the_core():
    x, gentoo = penguins()
    blueprint = bernoulli_loss(x=x, y=gentoo)
    fit = fit_logistic(x, gentoo.astype(float))
    values = blueprint.spec(blueprint.state).presets[0].values
    assert values == {"slope": fit.slope, "decision": fit.decision}
    there = blueprint.view(replace(blueprint.state, **values))
    assert there["loss"] == pytest.approx(fit.value, rel=1e-12)
    assert there["offset"] == pytest.approx(fit.offset)
    np.testing.assert_allclose(there["gradient"], 0, atol=1e-8 * x.sum())
    assert there["sentence"].endswith("the maximum of the likelihood.")
    assert there["best"] == {"slope": fit.slope, "offset": fit.offset, "decision": fit.decision}


def test_the_landscape_at_its_nodes_is_the_loss():
    blueprint = bernoulli_loss(x=X, y=Y)
    frame, limits = blueprint.view(blueprint.state), blueprint.state.limits
    slopes, decisions = (np.linspace(*limits[n], 48) for n in ("slope", "decision"))
    for row, column in ((0, 0), (7, 30), (47, 3)):
        z = slopes[row] * (np.array(X) - decisions[column])
        assert frame["landscape"][row, column] == pytest.approx(Bernoulli(z).nll(np.array(Y)).sum())


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
    blueprint = bernoulli_loss(x=x, y=y)
    frame, preset = blueprint.view(blueprint.state), blueprint.spec(blueprint.state).presets[0]
    assert reason in frame["sentence"]
    assert frame["best"] == preset.values == {}
    assert reason in preset.note


def test_without_a_slope_the_model_is_undecided():
    frame = frame_of(x=X, y=Y, slope=0.0)
    assert frame["loss"] == pytest.approx(6 * math.log(2))
    assert "undecided everywhere" in frame["sentence"]


@settings(deadline=None, max_examples=50)
@given(st.floats(-3, 3), st.floats(1, 6))
def test_the_sentence_on_groups_is_true(slope, decision):
    frame = frame_of(x=X, y=Y, slope=slope, decision=decision)
    assert f"{frame['loss']:.3f} nats" in frame["sentence"]
    if match := re.search(r"right for (\d) of 6", frame["sentence"]):
        z = slope * (np.array(X) - decision)
        assert int(match[1]) == ((Bernoulli(z).probability > 0.5) == np.array(Y)).sum()
    best = fit_logistic(X, Y)
    assert f"it would be {best.value:.3f}." in frame["sentence"]


# Bad input, the panel, the wire


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"logit": math.nan}, "logit = nan"),
        ({"logit": "2"}, "logit = '2'"),
        ({"logit": math.inf}, "logit = inf"),
        ({"y": 1.5}, "y = 1.5"),
        ({"y": [0, 1]}, r"y = \[0, 1\]"),
        ({"slope": 1.0}, "slope = 1.0: allowed only together with x"),
        ({"x": [], "y": []}, r"x = \[\]"),
        ({"x": X, "y": Y[1:]}, "y has 5 labels: allowed is one for each of the 6"),
        ({"x": X, "y": (0, 0, 1, 2, 1, 1)}, r"y\[3\] = 2"),
        ({"x": (1, 1), "y": (0, 1)}, "two differ"),
        ({"x": X, "y": Y, "slope": math.nan}, "slope = nan"),
        ({"x": X, "y": 1.0}, "y = 1.0"),
        ({"limits": {"logit": (3, 1)}}, "limits"),
        ({"limits": {"a": (0, 1)}}, "limits"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        bernoulli_loss(**options)


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


def test_wide_limits_let_the_logit_go_far():
    presets = bernoulli_loss(limits={"logit": (-1000, 1000)})
    labels = [p.label for p in presets.spec(presets.state).presets]
    assert {"z = 40", "z = −800"} <= set(labels)
    assert len(bernoulli_loss().spec(bernoulli_loss().state).presets) == 4


@pytest.mark.parametrize(
    ("options", "moves"),
    [({}, {"logit": -6.0, "y": 0.4}), ({"x": X, "y": Y}, {"slope": 0.3, "decision": 4.25})],
)
def test_a_frame_is_small_on_the_wire(options, moves):
    blueprint = bernoulli_loss(**options)
    base = blueprint.view(blueprint.state)
    header, buffer = encode(blueprint.view(replace(blueprint.state, **moves)), base)
    assert len(buffer) + len(str(header)) < 10_000


def test_the_static_figure_draws_every_axes():
    for options in ({}, {"x": X, "y": Y}):
        panel = Panel(bernoulli_loss(**options))
        assert len(panel.figure().axes) == 3
        panel.close()
