"""A small panel with all that a session has to deal with."""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from explorer.parts.inputs import intervals, one_of, real, refuse
from explorer.scene import (
    Axis,
    Blueprint,
    Choice,
    Drag,
    Landscape,
    Line,
    Plot,
    Points,
    Preset,
    Scene,
    Slider,
    Sum,
    Term,
)
from explorer.stage.wire import HIGHEST, LOWEST, NAN

DOMAINS = {"a": (-1e9, 1e9), "b": (1e-9, 1e9), "y": (0.0, 1.0)}
LIMITS = {"a": (0.0, 20.0), "b": (0.1, 100.0), "y": (0.0, 1.0)}
GRID = np.linspace(0, 1, 21)
BEST = 20 / 3


@dataclass(frozen=True)
class Toy:
    """Two sliders, one of them over decades, a choice, points of which two have handles, data."""

    a: float = 2.0
    b: float = 5.0
    loss: str = "square"
    y: tuple[float, ...] = (0.25, 0.5, 0.75)
    data: tuple[float, ...] = (1.0, 3.0)
    width: float | None = None
    limits: Mapping[str, tuple[float, float]] = field(default_factory=lambda: LIMITS)

    def __post_init__(self):
        checked = {
            "a": real("a", self.a, *DOMAINS["a"]),
            "b": real("b", self.b, *DOMAINS["b"]),
            "loss": one_of("loss", self.loss, ("square", "absolute")),
            "y": tuple(real(f"y[{i}]", y, *DOMAINS["y"]) for i, y in enumerate(self.y)),
            "limits": intervals(self.limits, LIMITS, DOMAINS),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if sum(self.y[:2]) == 0:
            refuse("y", self.y, "a sum above 0")

    def controls(self):
        options = (("square", "(*a* − *b*)²"), ("absolute", "|*a* − *b*|"))
        points = (
            Slider(f"y.{i}", f"y{i}", f"y of point {i}", *self.limits["y"], 0.05, visible=False)
            for i in range(min(2, len(self.y)))
        )
        return (
            Slider("a", "a", "first number", *self.limits["a"], 0.05, play=True),
            Slider("b", "b", "second number", *self.limits["b"], 0.02, digits=3, log=True),
            Choice("loss", "which loss", options),
            *points,
        )


def loss(state):
    """What `named["loss"]` has."""
    return (state.a - state.b) ** 2 if state.loss == "square" else abs(state.a - state.b)


def view(state):
    """A curve and the points, and a landscape that the data alone determine."""
    value = loss(state)
    ceiling = 10.0 ** math.ceil(math.log10(state.b))
    points = Points(
        np.arange(2.0),
        np.array(state.y[:2]),
        "observation",
        ("first", "second"),
        drag=Drag(y="y.{i}"),
    )
    curve = Plot(
        f"Loss {value:.3f}",
        Axis("*x*", (0.0, 1.0)),
        Axis("", (0.0, ceiling)),
        f"A line with slope {state.a:g} at {state.b:g}.",
        (Line(GRID, state.b + state.a * GRID, "loss"), points),
    )
    plane = Plot(
        "All", Axis("*x*", (0.0, 1.0)), Axis("*y*", (0.0, 1.0)), "Bands.", (_landscape(state.data),)
    )
    presets = (
        Preset("best", {"a": BEST, "b": BEST}),
        Preset("other data", {"data": (4.0, 5.0, 6.0), "width": 2.0, "y.1": 0.9}, "new data"),
        Preset("no width", {"width": None}),
        Preset("nowhere", {"a": math.nan, "width": 1.0}, "there is none"),
    )
    total = Term("*loss*", value)
    terms = (Term("*a*", state.a), Term("*b*", state.b, struck=state.loss == "absolute"))
    sentence = f"The loss of *a* = {state.a:g} is {value:.3f}."
    named = {"loss": value, "data": state.data}
    return Scene(named, (curve, plane), (Sum(total, terms),), presets, sentence)


_FIELDS = {}


def _landscape(data):
    if data not in _FIELDS:
        _FIELDS[data] = np.subtract.outer(GRID, np.array(data))
    return Landscape(_FIELDS[data], np.array([0.0, 1.0]))


def toy(**options):
    """The blueprint of the panel."""
    return Blueprint("toy_panel", Toy(**options), view)


def decode(header, buffer, base=()):
    """Values by slot as the browser understands them, written anew from what `encode` documents."""
    header = json.loads(json.dumps(header))  # as it travels
    values, offset = {**dict(base), **dict(header["texts"])}, 0
    for slot in header["numbers"]:
        (values[slot],) = struct.unpack_from("<d", buffer, offset)
        offset += 8
    for slot in header["pairs"]:
        values[slot] = struct.unpack_from("<dd", buffer, offset)
        offset += 16
    for slot, size in header["curves"]:
        values[slot] = np.frombuffer(buffer, "<f4", size, offset)
        offset += 4 * size
    for slot, rows, columns, low, high in header["fields"]:
        steps = np.frombuffer(buffer, "<u2", rows * columns, offset).reshape(rows, columns)
        field = low + (steps - (LOWEST + 1.0)) / (HIGHEST - LOWEST - 2) * (high - low)
        field[steps == LOWEST] = -np.inf
        field[steps == HIGHEST] = np.inf
        field[steps == NAN] = np.nan
        values[slot] = field
        offset += 2 * rows * columns
    for slot, other in header["same"]:
        values[slot] = values[other]
    assert offset == len(buffer), "the header does not account for the whole buffer"
    return values


def assert_same_values(arrived, sent):
    """That values have arrived as `sent`, as exactly as the wire promises."""
    assert sorted(arrived) == list(range(len(sent)))
    for slot, value in enumerate(sent):
        if isinstance(value, np.ndarray) and value.ndim == 2:
            finite = value[np.isfinite(value)]
            step = np.ptp(finite) / (HIGHEST - LOWEST - 2) if finite.size else 0
            np.testing.assert_allclose(arrived[slot], value, rtol=1e-12, atol=0.51 * step)
        elif isinstance(value, np.ndarray):
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(arrived[slot], value.astype(np.float32))
        elif isinstance(value, tuple) and value and isinstance(value[0], str):
            assert tuple(arrived[slot]) == value
        else:
            np.testing.assert_equal(arrived[slot], value)
