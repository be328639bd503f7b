"""Points and a line through them: what the panels of regression have in common."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import LineFit, fit_line
from explorer.parts.inputs import Interval, Numbers, column, refuse
from explorer.parts.parameters import LARGE, Parameters, many, one
from explorer.parts.plane import remembered
from explorer.parts.ranges import spread, window
from explorer.scene import Area, Array, Data, Drag, Line, Points

MOST = 1000


@dataclass(frozen=True, kw_only=True)
class PointsAndLine(Parameters):
    """Points, of which the first can be dragged, and a line w x + c."""

    x: Numbers = many("x", "x of point", most=MOST)
    y: Numbers = many("y", "y of point", most=MOST)
    w: float = one("w", "slope w")
    c: float = one("c", "height c at x = 0")

    def __post_init__(self) -> None:
        super().__post_init__()
        _same_length(self.x, self.y)
        if len(self.x) < self.handles:
            refuse("x", self.x, f"{self.handles} to {MOST} points, one for each handle in the plot")


def given_points(x: Any, y: Any, xs: Numbers, ys: Numbers) -> tuple[Numbers, Numbers]:
    """The user's points, or the default ones."""
    if (x is None) != (y is None):
        name, value = ("y", y) if x is None else ("x", x)
        refuse(name, value, "x and y together, or neither")
    if x is not None:
        xs, ys = (column(n, v, -LARGE, LARGE, MOST) for n, v in (("x", x), ("y", y)))
    _same_length(xs, ys)
    return xs, ys


def _same_length(x: Numbers, y: Numbers) -> None:
    if len(x) != len(y):
        raise ValueError(f"x and y have {len(x)} and {len(y)} values: allowed is one x for each y")


def suited(x: Numbers, y: Numbers) -> tuple[dict[str, float], dict[str, Interval]]:
    """The flat line through the points' mean, and ranges with the best line well inside."""
    xs, ys = arrays(x, y)
    fit, wide, high, middle = best_line(x, y), spread(xs), spread(ys), float(ys.mean())
    w, c = (fit.w, fit.c) if fit else (0.0, middle)
    lift = high * math.sqrt(1 + (xs.mean() / wide) ** 2)
    ranges = {
        "x": window(xs, 0.25 * wide),
        "y": window(ys, 0.5 * high),
        "w": window([w, 0.0], 0.6 * high / wide),
        "c": window([c, middle], 0.6 * lift),
    }
    return {"w": 0.0, "c": middle}, ranges


@remembered(256)
def best_line(x: Numbers, y: Numbers) -> LineFit | None:
    """The least squares, or None where all x are the same."""
    return None if len(set(x)) == 1 else fit_line(x, y)


@remembered(256)
def arrays(x: Numbers, y: Numbers) -> tuple[Array, Array]:
    """The points as arrays."""
    return np.array(x), np.array(y)


def handle_places(limits: Interval) -> tuple[float, float]:
    """Where on x a line can be dragged: at 0, or in the middle; and at 1, if that is visible."""
    low, high = limits
    return (0.0 if low <= 0 <= high else (low + high) / 2), (1.0 if low <= 1 <= high else math.nan)


def line_handles(state: PointsAndLine) -> tuple[Points, Points]:
    """The line's handles for its height and its slope."""
    height, slope = handle_places(state.limits["x"])
    return (
        Points(height, state.w * height + state.c, "model", drag=Drag(y="c")),
        Points(slope, state.w * slope + state.c, "model", drag=Drag(y="w")),
    )


def observed(state: PointsAndLine, small: bool = False) -> tuple[Points, Points]:
    """The points: those that cannot be dragged, and those that can unless they are small."""
    (x, y), k = arrays(state.x, state.y), state.handles
    drag = None if small else Drag(x="x.{i}", y="y.{i}")
    return (
        Points(x[k:], y[k:], "observation", small=True),
        Points(x[:k], y[:k], "observation", small=small, drag=drag),
    )


def band(x: Array, mean: Array, sigma: Data) -> tuple[Area, Area, Line]:
    """The mean, with one and two sigma on either side."""
    wide, narrow = (Area(x, mean + k * sigma, "model", mean - k * sigma) for k in (2, 1))
    return wide, narrow, Line(x, mean, "model")
