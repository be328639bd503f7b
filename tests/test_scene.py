"""What is on screen as pure data: numbers in words, grids, what moves and what stands still."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.scene import (
    Area,
    Axis,
    Drag,
    Landscape,
    Line,
    Plot,
    Points,
    Preset,
    Rule,
    Scene,
    Slider,
    Sum,
    Term,
    number,
    structure,
    values,
)

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


# What moves and what stands still


def small_scene(height=1.0, best=2.0):
    x = np.array([0.0, 1.0])
    marks = (
        Line(x, height * x, "model", label=f"up to {height}", dashed=True),
        Area(x, height * x, "model"),
        Points(0.5, height, "loss", ("one", "two"), drop="xy", drag=Drag(x="y", origin=height)),
        Rule(0.5, "observation"),
        Landscape(np.full((2, 3), height), x),
    )
    plot = Plot(
        "title *y*", Axis("*y*", (0.0, 1.0)), Axis("", (0.0, height)), f"{height} high", marks
    )
    presets = (
        Preset("best", {"a": best, "loss": "full"}, "goes there"),
        Preset("more data", {"y": (1.0, 2.0), "window": None}),
        Preset("never", {}, "no maximum"),
    )
    total = Sum(Term("loss", height), (Term("log B", 1.0, struck=True),), digits=2)
    return Scene({"loss": height}, (plot,), (total,), presets, "All of it.")


def leaves(item, path=()):
    """Everything that a structure holds, by its place."""
    if isinstance(item, dict | list):
        for name, part in item.items() if isinstance(item, dict) else enumerate(item):
            yield from leaves(part, (*path, name))
    else:
        yield path, item


def test_structure_stands_still_while_values_move():
    assert structure(small_scene()) == structure(small_scene(height=3.0, best=math.nan))
    old, new = values(small_scene()), values(small_scene(height=3.0))
    assert len(old) == len(new)
    moved = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if not np.array_equal(a, b)]
    plot = structure(small_scene())["plots"][0]
    line, area, points, _, landscape = plot["marks"]
    assert {line["y"], line["label"], area["y"], points["y"], landscape["values"]} <= {*moved}
    assert {plot["description"], plot["y"]["limits"], points["drag"]["origin"]} <= {*moved}
    assert line["x"] not in moved
    assert plot["title"] not in moved


def test_a_slot_is_where_its_value_is():
    scene, outline = small_scene(height=3.0), structure(small_scene())
    found = values(scene)
    plot = outline["plots"][0]
    line, area, points, rule, landscape = plot["marks"]
    assert found[outline["sentence"]] == "All of it."
    assert found[plot["title"]] == "title *y*"
    assert found[plot["x"]["limits"]] == (0.0, 1.0)
    assert found[line["y"]].tolist() == [0.0, 3.0]
    assert found[area["base"]] == 0.0
    assert found[points["label"]] == ("one", "two")
    assert found[points["drag"]["origin"]] == 3.0
    assert found[rule["x"]] == 0.5
    assert found[landscape["values"]].shape == (2, 3)
    assert found[outline["sums"][0]["total"]["value"]] == 3.0
    assert found[outline["sums"][0]["terms"][0]["struck"]] is True
    assert found[outline["presets"][0]["values"]["a"]] == 2.0
    assert outline["presets"][1]["values"] == {"y": None, "window": None}


def test_every_value_has_one_slot():
    outline = structure(small_scene())
    still = {"at", "width", "digits"}
    slots = [leaf for path, leaf in leaves(outline) if type(leaf) is int and path[-1] not in still]
    assert sorted(slots) == list(range(len(values(small_scene()))))


def test_structure_names_every_kind_and_keeps_what_stands_still():
    plot = structure(small_scene())["plots"][0]
    kinds = [mark["kind"] for mark in plot["marks"]]
    assert kinds == ["line", "area", "points", "rule", "landscape"]
    assert plot["marks"][0]["dashed"] is True
    assert plot["marks"][0]["role"] == "model"
    assert plot["marks"][2]["drag"]["x"] == "y"
    assert plot["marks"][3]["drag"] is None
    assert plot["click"] is None


def test_structure_is_what_json_gives_back_and_holds_nothing_named():
    outline = structure(small_scene())
    assert json.loads(json.dumps(outline, allow_nan=False)) == outline
    assert "named" not in outline


def test_another_kind_of_mark_is_another_structure():
    scene = small_scene()
    (plot,) = scene.plots
    fewer = replace(scene, plots=(replace(plot, marks=plot.marks[1:]),))
    assert structure(fewer) != structure(scene)
