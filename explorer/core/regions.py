"""Regions of highest density: where a distribution puts most of its mass on the least room."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .divergences import line
from .family import Family, panel_ends
from .parameter import FloatArray, number
from .quadrature import Points, integral, refined, turns
from .special import minus_log1p
from .symmetric import Symmetric

Indices: TypeAlias = NDArray[np.intp]

_FAR = 40.0  # sigmas beyond the outermost means, where the density is below any level
_TIE = 1e-12  # peaks whose log-densities differ by less are equally high
_FLAT = 1e-12  # a depth below the top at which the density is as good as constant
_RARE = 1e-3  # what differences of a cdf do not tell exactly


def highest_density_region(p: Family, mass: float = 0.95) -> FloatArray:
    """Return the smallest set that has ``mass`` of p, symmetric or a Mixture: intervals (n, 2).

    It is where the density exceeds a level: one interval or several, from left to right.  The
    mass, or the rest of 1 where that is less, is right to 1e-10 of itself.

    Raises
    ------
    ValueError
        If p is of another family, or mass is not between 0 and 1.
    """
    wanted = number("mass", mass, 0.0, 1.0, inside=True)
    if isinstance(p, Symmetric) and p._shape() == ():
        reach = float(p._reach(np.asarray(wanted), np.asarray(1 - wanted)))
        return np.array([[p.mu - reach, p.mu + reach]])
    return np.asarray(_edges(p, wanted)).reshape(-1, 2)


def _edges(p: Family, wanted: float) -> Points:
    """Where p crosses the level, by Newton's method on log mass by log depth below the top."""
    sides = _Sides(p)
    top = sides.gap == 0
    flat = wanted / float(np.exp(sides.height[top]).sum())
    if (flat * flat * np.maximum(sides.round[top], 1e-6 * sides.bend[top]) < _FLAT).all():
        edges: Points = sides.peak[top] + flat * np.sign(sides.reach[top])
        return edges
    outside = wanted > 0.5
    goal = np.log1p(-wanted) if outside else np.log(wanted)
    t = 2 * np.log(special.erfinv(wanted))  # exact for one Normal
    low, high = -np.inf, np.inf
    while True:
        at, room = sides.crossed(np.exp(t))
        with np.errstate(divide="ignore"):
            got = np.log(_mass(p, at, outside, min(wanted, 1 - wanted) < _RARE))
        off = goal - got if outside else got - goal
        low, high = (low, t) if off > 0 else (t, high)
        if abs(off) < 1e-11 or high - low < 1e-14:
            return at
        with np.errstate(invalid="ignore"):
            newton = t - float(np.clip(off * np.exp(got - t) / room, -2.0, 2.0))
        other = 0.5 * (low + high) if high - low < np.inf else t - np.sign(off)
        t = newton if low < newton < high else other


def _mass(p: Family, edges: Points, outside: bool, rare: bool) -> float:
    """The mass between the edges, or all else."""
    inner = edges[1:-1] if outside else edges
    if rare:
        ends = panel_ends(p)
        total = 0.0
        for i in range(0, inner.size, 2):
            within = ends[(ends - inner[i] > 0) & (ends - inner[i + 1] < 0)]
            total += integral(
                lambda y: np.exp(p.log_prob(y)), Points.joined(inner[i : i + 2], within)
            )
    else:
        below = p.cdf(inner)
        total = float(below[1::2].sum() - below[::2].sum())
    return total + float(p.cdf(edges[0]) + p._survival(edges[-1])) if outside else total


class _Sides:
    """The sides of the peaks of a density, left, right, left, ...: each falls to a valley's foot.

    How far a place is below its peak is known to the last digit of itself, however little it is.
    """

    def __init__(self, p: Family) -> None:
        self.table = table = line("p", p)
        at, falls = turns(lambda x: table.log_density_and_score(x)[1], refined(panel_ends(p), 2), 5)
        live = table.log_w > -np.inf
        far = _FAR * table.sigma[live].max()
        ends = table.mu[live].min() - far, table.mu[live].max() + far
        feet = Points.joined(Points.of([ends[0]]), at[~falls], Points.of([ends[1]]))
        height, low = table.log_density(at[falls]), table.log_density(feet)
        gap = height.max() - height
        side = np.arange(2 * gap.size)
        foot = (side + 1) // 2
        self.peak: Points = at[falls].normal()[side // 2]
        self.height: FloatArray = height[side // 2]
        self.gap = np.where(gap < _TIE, 0.0, gap)[side // 2]
        self.foot, self.reach = (height.max() - low)[foot], feet[foot] - self.peak
        self.part = np.zeros(side.size)  # of the reach, where the last edges were
        z, _, shares = table._shares(self.peak)
        self.share = shares / shares.sum(axis=0)
        sigma = table.sigma[:, None]
        self.z, self.bend = z, (self.share / sigma**2).sum(axis=0)
        self.round = self.bend - (self.share * (z / sigma) ** 2).sum(axis=0)

    def crossed(self, depth: float) -> tuple[Points, float]:
        """The edges of what is less than ``depth`` below the top; their speed by it, as mass."""
        on = np.flatnonzero((self.gap < depth) & (depth < self.foot))
        peak, fall, reach = self.peak[on], depth - self.gap[on], self.reach[on]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.sqrt(2 * fall / self.round[on]) / np.abs(reach)
        part = np.where(part < 1, part, 0.5)
        part = np.where(self.part[on] > 0, self.part[on], part)
        low, high = np.zeros(on.size), np.ones(on.size)
        for _ in range(100):
            away = part * reach
            log_p, score = self.table.log_density_and_score(peak + away)
            off = self._below(on, away, log_p) - fall
            if (np.abs(off) <= 1e-12 * fall).all():
                break
            low, high = np.where(off < 0, part, low), np.where(off < 0, high, part)
            with np.errstate(divide="ignore", invalid="ignore"):
                # In the square root it is straight near a peak, and in a far tail too.
                step = 2 * (np.sqrt(fall * (fall + off)) - fall - off) / (score * reach)
            before, newton = part, part - step
            part = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
            if np.abs(part - before).max() < 1e-15 * part.min():
                break
        self.part[on] = part
        with np.errstate(divide="ignore"):
            return peak + away, float((np.exp(log_p) / np.abs(score)).sum())

    def _below(self, on: Indices, away: FloatArray, log_p: FloatArray) -> FloatArray:
        """log p(peak) - log p, at ``away`` from the peak, where the slope is 0."""
        far = self.height[on] - log_p
        if (far > 0.1).all():
            return far
        s, share = away / self.table.sigma[:, None], self.share[:, on]
        with np.errstate(all="ignore"):
            t = -s * (self.z[:, on] + 0.5 * s)
            rise = np.expm1(t)
            rest = share * np.where(np.abs(t) < 0.5, minus_log1p(rise), rise - t)
            rest = np.where(share > 0, rest, 0.0)
            near = -np.log1p(rest.sum(axis=0) - 0.5 * away * away * self.bend[on])
        out: FloatArray = np.where(far < 0.1, near, far)
        return out
