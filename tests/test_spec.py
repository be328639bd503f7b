"""The pure data that a figure is made of: numbers in words, grids, limits, JSON."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.spec import (
    Axes,
    Choice,
    Drag,
    Landscape,
    Line,
    Points,
    Preset,
    Rule,
    Slider,
    Spec,
    Sum,
    Term,
    as_json,
    named,
    nice_ceiling,
    number,
)

LADDER = (1.0, 2.0, 5.0, 10.0)

# Numbers as text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.7714, 3, "1.771"),
        (-0.7865, 3, "−0.786"),
        (2.0, 2, "2.00"),
        (0.0, 3, "0.000"),
        (-0.0, 3, "0.000"),
        (-0.0004, 3, "0.000"),
        (-0.0006, 3, "−0.001"),
        (1234.5, 0, "1234"),
        (math.inf, 3, "∞"),
        (-math.inf, 3, "−∞"),
    ],
)
def test_number_is_written_with_a_true_minus_and_a_fixed_count_of_decimals(value, digits, text):
    assert number(value, digits) == text


@given(st.floats(-1e6, 1e6), st.integers(1, 6))
def test_number_reads_back_as_the_rounded_value(value, digits):
    text = number(value, digits)
    assert len(text.partition(".")[2]) == digits
    assert float(text.replace("−", "-")) == float(f"{value:.{digits}f}")


# Limits that move in steps


@pytest.mark.parametrize(
    ("value", "step"),
    [(-3, 1), (0, 1), (1, 1), (1.001, 2), (5, 5), (10, 10), (10.1, 20), (60, 100), (101, 200)],
)
def test_nice_ceiling_is_a_step_of_the_ladder_or_of_its_tenfolds(value, step):
    assert nice_ceiling(value, LADDER) == step


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_nice_ceiling_covers_its_value_and_never_falls(first, second):
    low, high = sorted((first, second))
    assert nice_ceiling(low, LADDER) <= nice_ceiling(high, LADDER)
    assert high <= nice_ceiling(high, LADDER) <= max(1.0, 10 * high)


# Positions of a slider


SLIDER = Slider("a", "a", "shape parameter a", 0.05, 20.0, step=0.05)


@pytest.mark.parametrize(
    ("value", "position"),
    [(0.05, 0.05), (0.06, 0.05), (0.08, 0.1), (2.0, 2.0), (2.33, 2.35), (-5, 0.05), (99, 20.0)],
)
def test_nearest_position_is_on_the_grid_and_inside(value, position):
    assert SLIDER.nearest(value) == position


def test_every_position_is_the_number_that_it_reads():
    """0.15, not 0.15000000000000002: a typed value and a dragged one are the same state."""
    positions = [SLIDER.nearest(0.05 + 0.05 * i) for i in range(400)]
    assert positions == [float(f"{0.05 * (i + 1):.2f}") for i in range(400)]


@given(st.floats(-10, 40))
def test_nearest_is_the_nearest_and_stays_there(value):
    position = SLIDER.nearest(value)
    assert SLIDER.nearest(position) == position
    inside = min(max(value, SLIDER.low), SLIDER.high)
    assert abs(position - inside) <= SLIDER.step / 2 + 1e-9


def test_a_grid_that_misses_the_upper_end_never_leaves_the_range():
    slider = Slider("y", "y", "observation", 0.0, 0.98, step=0.25)
    assert slider.nearest(0.98) <= 0.98
    assert slider.nearest(0.6) == 0.5


# JSON


def small_spec():
    marks = (
        Line("x", "density", "model", dashed=True),
        Points("y", "loss", "loss", "{label}", drop="xy", drag=Drag(x="y")),
        Rule("y", "observation"),
        Landscape("values", "levels"),
    )
    axes = Axes("title *y*", "*y*", "", (0.0, 1.0), "limits", marks, "what is seen")
    return Spec(
        "small",
        (SLIDER, Choice("loss", "which", (("full", "full loss"), ("kernel", "without")))),
        (Preset("start", {"a": 2.0, "loss": "full"}), Preset("never", {}, "no maximum")),
        (axes,),
        (Sum(Term("loss", "loss"), (Term("log_beta", "log B", struck="without"),)),),
    )


def test_json_names_every_kind_and_keeps_every_field():
    plain = as_json(small_spec())
    assert plain["kind"] == "spec"
    assert [control["kind"] for control in plain["controls"]] == ["slider", "choice"]
    assert plain["controls"][0] == {
        "kind": "slider",
        "name": "a",
        "symbol": "a",
        "label": "shape parameter a",
        "low": 0.05,
        "high": 20.0,
        "step": 0.05,
        "digits": 2,
        "log": False,
        "shown": True,
        "play": False,
    }
    assert plain["presets"][0]["values"] == {"a": 2.0, "loss": "full"}
    marks = plain["axes"][0]["marks"]
    assert [mark["kind"] for mark in marks] == ["line", "points", "rule", "landscape"]
    assert marks[1]["drag"] == {
        "kind": "drag", "x": "y", "y": "", "wheel": "", "log": "", "origin": "", "backwards": ""
    }  # fmt: skip
    assert marks[2]["drag"] is None
    assert plain["sums"][0]["terms"][0]["struck"] == "without"


def test_json_is_what_json_itself_gives_back():
    plain = as_json(small_spec())
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_every_entry_that_a_spec_draws_is_named_in_it():
    names = set(named(as_json(small_spec())))
    drawn = {"x", "density", "y", "loss", "label", "values", "levels", "limits", "without"}
    assert drawn | {"log_beta", "sentence"} <= names
    assert "number" not in names


def test_a_preset_may_name_an_entry_of_the_frame():
    assert "best_a" in set(named(as_json(Preset("best", {"a": "{best_a}"}))))
