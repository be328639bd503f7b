"""Regions of highest density: where a distribution puts most of its mass on the least room."""

from __future__ import annotations

import numpy as np

from .divergences import line
from .family import Family
from .parameter import FloatArray, number
from .quadrature import REACH, Table, turns
from .symmetric import Symmetric

_Z = REACH * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 129))  # denser in the tails, where p ~ 0


def highest_density_region(p: Family, mass: float = 0.95) -> FloatArray:
    """Return the smallest set that has ``mass`` of p, symmetric or a Mixture: intervals (n, 2).

    It is where the density exceeds a level: one interval or several, from left to right.  The
    mass is right to 1e-10.

    Raises
    ------
    ValueError
        If p is of another family, or mass is not between 0 and 1.
    """
    wanted = number("mass", mass, 0.0, 1.0, inside=True)
    if isinstance(p, Symmetric) and p._shape() == ():
        low_end = float(p.quantile(0.5 - 0.5 * wanted))
        return np.array([[low_end, 2 * p.mu - low_end]])
    table = line("p", p)
    live = table.log_w > -np.inf
    grid = np.unique(table.mu[live, None] + table.sigma[live, None] * _Z)
    # Monotone between its points. Where the density turns it is flat: half of all digits will do.
    peaks, _ = turns(lambda x: table.log_density_and_score(x)[1], grid, 7)
    grid = np.union1d(grid, np.asarray(peaks))
    height = table.log_density(grid)
    cells = np.diff(p.cdf(grid))
    middle = 0.5 * (height[1:] + height[:-1])
    order = np.argsort(-middle)
    within = np.cumsum(cells[order]) - 0.5 * cells[order]
    level = float(np.interp(wanted, within, middle[order]))
    low, high = float(height.min()), float(height.max())
    before, x, at, slope = np.empty(0, dtype=np.intp), *np.empty((3, 0))
    for _ in range(100):
        above = height > level
        left = np.flatnonzero(above[1:] != above[:-1])
        right = left + 1
        if np.array_equal(left, before):
            start = np.clip(x - (at - level) / slope, grid[left], grid[right])
        else:
            part = (level - height[left]) / (height[right] - height[left])
            start = grid[left] + part * (grid[right] - grid[left])
        before = left
        x, at, slope = _crossings(table, level, grid[left], grid[right], start)
        below = p.cdf(x)
        excess = float(below[1::2].sum() - below[::2].sum() - wanted)
        if abs(excess) < 1e-11 or high - low < 1e-14 * max(1.0, abs(level)):
            break
        if excess > 0:
            low = level
        else:
            high = level
        # A higher level loses mass at every edge, the faster the flatter the density is there.
        with np.errstate(divide="ignore"):
            step = excess / float((np.exp(at) / np.abs(slope)).sum())
        level = level + step if low < level + step < high else 0.5 * (low + high)
    return x.reshape(-1, 2)


def _crossings(
    table: Table, level: float, left: FloatArray, right: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where the log-density, monotone from left to right, is at ``level``; itself and its slope.

    By Newton's method from ``x``, kept between the two.
    """
    for _ in range(60):
        at, slope = table.log_density_and_score(x)
        if np.abs(at - level).max() < 1e-12:
            break
        on_left = (at > level) == (slope < 0)
        left, right = np.where(on_left, x, left), np.where(on_left, right, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - (at - level) / slope
        x = np.where((left <= newton) & (newton <= right), newton, 0.5 * (left + right))
    return x, at, slope
