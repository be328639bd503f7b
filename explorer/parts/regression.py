"""Points and a line through them: what the panels of regression have in common."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import LineFit, Normal, fit_line
from explorer.parts.inputs import Interval, Numbers, measured, refuse
from explorer.parts.parameters import LARGE, MOST, Parameters, many, one
from explorer.parts.plane import remembered
from explorer.parts.ranges import spread, window
from explorer.scene import Area, Array, Data, Drag, Line, Points

LOG_ROOT_TWO_PI = float(Normal(0, 1).log_normalizer())


@dataclass(frozen=True, kw_only=True)
class PointsAndLine(Parameters):
    """Points, of which the first can be dragged, and a line w x + c."""

    x: Numbers = many("x", "x of point")
    y: Numbers = many("y", "y of point")
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
        xs, ys = (measured(n, v, -LARGE, LARGE, MOST) for n, v in (("x", x), ("y", y)))
    _same_length(xs, ys)
    return xs, ys


def _same_length(x: Numbers, y: Numbers) -> None:
    if len(x) != len(y):
        refuse("y", y, f"as many values as x has, {len(x)}")


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
def arrays(x: Numbers, y: Numbers, first: int = 0, last: int | None = None) -> tuple[Array, Array]:
    """The points as arrays, all or some of them."""
    return np.array(x[first:last]), np.array(y[first:last])


def observed(state: PointsAndLine, small: bool = False) -> tuple[Points, Points]:
    """The points: those that cannot be dragged, and those that can unless they are small."""
    others = arrays(state.x, state.y, state.handles)
    own = arrays(state.x, state.y, 0, state.handles)
    drag = None if small else Drag(x="x.{i}", y="y.{i}")
    return (
        Points(*others, "observation", small=True),
        Points(*own, "observation", small=small, drag=drag),
    )


def line_handles(state: PointsAndLine) -> tuple[Points, Points]:
    """The line's handles for its height and its slope."""
    return handles(state, lambda x: state.w * x + state.c, "c", "w")


def handles(
    state: PointsAndLine, curve: Callable[[float], float], height: str, slope: str
) -> tuple[Points, Points]:
    """A curve's handles: of its height at 0 or in the middle, of its slope at 1 if visible."""
    low, high = state.limits["x"]
    left = 0.0 if low <= 0 <= high else (low + high) / 2
    right = 1.0 if low <= 1 <= high else math.nan
    return (
        Points(left, curve(left), "model", drag=Drag(y=height)),
        Points(right, curve(right), "model", drag=Drag(y=slope)),
    )


def line_in_words(state: PointsAndLine) -> str:
    """The line, for those who do not see it."""
    return f"the line with slope {state.text('w')} and height {state.text('c')} at 0"


def band(x: Array, mean: Array, sigma: Data) -> tuple[Area, Area, Line]:
    """The mean, with one and two sigma on either side."""
    wide, narrow = (Area(x, mean + k * sigma, "model", mean - k * sigma) for k in (2, 1))
    return wide, narrow, Line(x, mean, "model")
