"""Lines through points: the least sum of squares, and the sum at every other line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .family import FloatArray, data


@dataclass(frozen=True)
class LineFit:
    """The line w x + c with the least sum of squared residuals; sigma is their root mean square.

    The same line maximises the likelihood of Normals of equal width around it, whatever the width,
    and that is largest at ``sigma``; where sigma is 0, it grows without end as the width shrinks.
    """

    w: float
    c: float
    sigma: float


def fit_line(x: ArrayLike, y: ArrayLike) -> LineFit:
    """Return the line that makes sum (y - w x - c)^2 least.

    Raises
    ------
    ValueError
        If x and y differ in length, or x does not hold two different values: then infinitely many
        lines are equally good.
    """
    x, y = _pairs(x, y)
    if (x == x[0]).all():
        raise ValueError(f"x must hold two different values to tell a slope, got {x!r}")
    mean_x, mean_y = _mean(x), _mean(y)
    across, up = x - mean_x, y - mean_y
    w = float(across @ up / (across @ across))
    rest = up - w * across
    return LineFit(w, float(mean_y - w * mean_x), float(np.sqrt(np.mean(rest * rest))))


def sum_of_squares(x: ArrayLike, y: ArrayLike, w: ArrayLike, c: ArrayLike) -> FloatArray:
    """sum (y - w x - c)^2 over the points, for all w and c, which broadcast against each other.

    From the moments of the points about their means, so that nothing of the size of the sum at a
    far line is taken away to get the sum at a near one.
    """
    x, y = _pairs(x, y)
    mean_x, mean_y = _mean(x), _mean(y)
    across, up = x - mean_x, y - mean_y
    spread = across @ across
    best = across @ up / spread if spread > 0 else 0.0
    rest = up - best * across
    tilt = np.asarray(w, dtype=np.float64) - best
    lift = np.asarray(c, dtype=np.float64) + np.asarray(w) * mean_x - mean_y
    out: FloatArray = rest @ rest + spread * tilt * tilt + x.size * lift * lift
    return out


def _pairs(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = data("x", x), data("y", y)
    if x.shape != y.shape:
        raise ValueError(f"x and y must have the same length, got {x.size} and {y.size}")
    return x, y


def _mean(values: FloatArray) -> float:
    """The mean, by exact differences: right at a large offset too."""
    return float(values[0] + np.mean(values - values[0]))
