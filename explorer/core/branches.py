"""All fits as functions of one parameter that moves them: bifurcation diagrams."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from typing import TypeAlias

import numpy as np

from .alpha_fits import NormalFits, counts, fit_alpha_divergence, follow_alpha_divergence
from .divergences import line
from .family import Family
from .mixture import Mixture
from .normal import Normal
from .normal_fits import Fit
from .parameter import FloatArray, data, positive, refuse
from .quadrature import zeros_of_two
from .scan import Points, Slices

FINE, SHARP = 48, 2000  # parts of the range: searched, and where branches end
SPLIT = 8  # parts that a part is cut into to see where in it branches end
DRAWN = 1e-4  # the accuracy of points
JUMP = 0.3  # in sigmas or log sigma: between points further apart others may be born and die

Problem: TypeAlias = Callable[[float], tuple[Family, float, float | None]]


@dataclass(frozen=True, eq=False)
class Branches:
    """All fits of a ``problem``, what is fitted to at a parameter, at ascending ``positions``.

    The ``points`` are for drawing, to 1e-4; ``at`` is exact.
    """

    problem: Problem  # p, alpha and the fixed sigma
    positions: tuple[float, ...]
    points: tuple[Points, ...]

    def at(self, position: float) -> NormalFits:
        """All fits at one position, followed from its neighbours where those are alike."""
        p, alpha, fixed_sigma = self.problem(position)
        near = None
        if self.positions[0] <= position <= self.positions[-1]:
            k = max(bisect_left(self.positions, position), 1)
            below, above = self.points[k - 1], self.points[k]
            if counts(below) == counts(above):
                left, right = self.positions[k - 1 : k + 1]
                near = _between(below, above, (position - left) / (right - left))
        return fit_alpha_divergence(p, alpha, fixed_sigma, near)

    def curves(self, saddles: bool = False) -> tuple[FloatArray, ...]:
        """Position, mu, sigma and value along the branches of minima or saddles, parted by nan."""
        parts = []
        runs = groupby(zip(self.positions, self.points, strict=True), lambda it: counts(it[1]))
        for _, run in runs:
            at, points = zip(*run, strict=True)
            rows: list[FloatArray] = []
            for each in points:
                more = each.saddles if saddles else each.minima
                rows.append(_matched(rows[-1], more) if rows else more)
            for branch in np.stack(rows, axis=1):
                parts += [np.column_stack([at, branch]), np.full((1, 4), np.nan)]
        position, mu, sigma, value = np.concatenate(parts or [np.full((1, 4), np.nan)]).T
        return position, mu, sigma, value

    def best(self) -> tuple[FloatArray, ...]:
        """Position, mu, sigma and value of the best minimum, with a step where another takes over.

        Of two that are equally good, the left one.
        """
        minima = [points.minima for points in self.points]
        best = [each[np.argmax(each[:, 2] < each[:, 2].min() + DRAWN)] for each in minima]
        path = [(self.positions[0], *best[0])]
        for (start, before, old), (end, after, new) in pairwise(
            zip(self.positions, minima, best, strict=True)
        ):
            behind = before[_gaps(new[None], before).argmin(), 2] - old[2]
            ahead = after[_gaps(old[None], after).argmin(), 2] - new[2]
            if behind > 0 and ahead > 0:
                leap = start + (end - start) * behind / (behind + ahead)
                path += [(leap, *old), (leap, *new)]
            path.append((end, *new))
        position, mu, sigma, value = np.array(path).T
        return position, mu, sigma, value


def reverse_branches(
    weights: tuple[float, float],
    sigmas: tuple[float, float],
    reach: float,
    fixed_sigma: float | None = None,
) -> Branches:
    """Return the reverse fits of w1 N(-d/2, s1) + w2 N(d/2, s2) for d from 0 to ``reach``."""

    for name, pair in (("weights", weights), ("sigmas", sigmas)):
        if data(name, pair).size != 2:
            refuse(name, pair, "two numbers")
    reach = positive("reach", reach)

    def problem(separation: float) -> tuple[Family, float, float | None]:
        half = 0.5 * separation
        components = Normal(-half, sigmas[0]), Normal(half, sigmas[1])
        return Mixture(np.array(weights), components), 0.0, fixed_sigma

    if fixed_sigma is not None:
        fixed_sigma = positive("fixed_sigma", fixed_sigma)
    table = line("p", problem(reach)[0])

    def slices(at: FloatArray) -> Slices:
        mu = np.multiply.outer(at, (-0.5, 0.5))
        span = -0.5 * reach, 0.5 * reach
        place, width = zeros_of_two(table.log_w[0] - table.log_w[1], *mu.T, *table.sigma)
        kinks = place.T, width.T
        return Slices(table.log_w, mu, table.sigma, kinks, np.zeros(at.shape), span, fixed_sigma)

    return _branches(problem, slices, reach, {}, 0.5)


def alpha_branches(p: Family) -> Branches:
    """Return the fits of the alpha-divergence from p, a Normal or Mixture, for alpha from 0 to 1.

    Raises
    ------
    ValueError
        If p is of another family.
    """
    table = line("p", p).standardized(0.0, 1.0)
    end = _points(fit_alpha_divergence(p, 1.0))
    return _branches(
        lambda alpha: (p, alpha, None), partial(Slices.of, table), 1.0, {1.0: end}, 0.0
    )


def _branches(
    problem: Problem,
    slices: Callable[[FloatArray], Slices],
    reach: float,
    exact: dict[float, Points],
    drift: float,
) -> Branches:
    """Searched at positions from 0 to ``reach`` and followed between.

    Where the number of fits changes, that place is closed in on to a ``SHARP``-th of the range.
    ``exact`` is what is known already, ``drift`` how fast means move with the position.
    """
    at = np.setdiff1d(np.linspace(0.0, reach, FINE + 1), list(exact))
    first = slices(at)
    if not first.resolved:
        return _followed(problem, reach)
    known = exact | dict(zip(at.tolist(), first.found(), strict=True))
    calm: set[tuple[float, float, int]] = set()  # parts in which no count can change
    while True:
        starts: dict[float, tuple[FloatArray, ...]] = {}
        inner: dict[float, tuple[FloatArray, ...]] = {}
        for left, right in pairwise(sorted(known)):
            below, above = known[left], known[right]
            both, wide = (*below, *above), right - left > reach / SHARP
            if counts(below) != counts(above):
                if wide or not (_even(below) and _even(above)):
                    for end in {left, right} - exact.keys():
                        starts[end] = (*starts.get(end, ()), *both)
            elif (part := (left, right, _number(below))) in calm or not wide:
                continue
            elif _apart(below, above, drift * (right - left)) < JUMP:
                calm.add(part)
                continue
            if wide and _even(max(below, above, key=_number)):
                cuts = np.linspace(left, right, SPLIT + 1)[1:-1].tolist()
                inner |= dict.fromkeys(cuts, both)
        # Two that are about to meet may have been missed at one position and seen at the next.
        seen = _polished(slices, starts)
        more = {at: seen[at] for at in seen if _number(seen[at]) > _number(known[at])}
        if more or inner:
            known |= more or _polished(slices, inner)
            continue
        odd = [at for at in known if at not in exact and not _even(known[at])]
        if not odd:
            break
        exact |= {at: _points(fit_alpha_divergence(*problem(at))) for at in odd}
        known |= exact
    positions = sorted(known)
    return Branches(problem, tuple(positions), tuple(known[at] for at in positions))


def _polished(
    slices: Callable[[FloatArray], Slices], starts: Mapping[float, tuple[FloatArray, ...]]
) -> dict[float, Points]:
    """What points become at other positions."""
    found = _moved(slices, starts)
    # Where a saddle got lost, it is about halfway between two minima.
    odd = {
        at: (*points, 0.5 * (points.minima[1:] + points.minima[:-1]))
        for at, points in found.items()
        if not _even(points)
    }
    return found | _moved(slices, odd)


def _moved(
    slices: Callable[[FloatArray], Slices], starts: Mapping[float, tuple[FloatArray, ...]]
) -> dict[float, Points]:
    if not starts:
        return {}
    rows = [np.concatenate(each) for each in starts.values()]
    row = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
    mu, sigma, _ = np.concatenate(rows).T
    moved = slices(np.array(list(starts))).polished(row, mu, sigma)
    return dict(zip(starts, moved, strict=True))


def _followed(problem: Problem, reach: float) -> Branches:
    """The same by exact fits alone: searched at a few positions and followed between."""
    coarse = np.linspace(0.0, reach, FINE // 4 + 1).tolist()
    known = {at: fit_alpha_divergence(*problem(at)) for at in coarse}
    spans = list(pairwise(coarse))
    while spans:
        left, right = spans.pop()
        below, above = known[left], known[right]
        alike = counts(below) == counts(above)
        if right - left <= reach / (FINE if alike else SHARP):
            continue
        middle = 0.5 * (left + right)
        p, alpha, fixed_sigma = problem(middle)
        if alike:
            near = _between(_points(below), _points(above), 0.5)
            fits = fit_alpha_divergence(p, alpha, fixed_sigma, near)
        else:
            fewest, most = sorted((below, above), key=counts)
            fits = follow_alpha_divergence(p, alpha, most, fixed_sigma)
            if not (fits.converged and counts(fewest) <= counts(fits)):
                fits = fit_alpha_divergence(p, alpha, fixed_sigma)
        known[middle] = fits
        spans += [(left, middle), (middle, right)]
    positions = sorted(known)
    return Branches(problem, tuple(positions), tuple(_points(known[at]) for at in positions))


def _apart(one: Points, other: Points, drift: float) -> float:
    """How far the points of two alike sets are apart, see _gaps."""
    gaps = [_gaps(a, b, drift).min(axis=1) for a, b in zip(one, other, strict=True) if len(a)]
    return max((float(gap.max()) for gap in gaps), default=0.0)


def _gaps(one: FloatArray, other: FloatArray, drift: float = 0.0) -> FloatArray:
    """Between rows of points, in sigmas beyond ``drift`` or in log sigma."""
    mu, sigma = one[:, 0, None], one[:, 1, None]
    along = (np.abs(other[:, 0] - mu) - drift) / np.minimum(sigma, other[:, 1])
    out: FloatArray = np.maximum(along, np.abs(np.log(other[:, 1] / sigma)))
    return out


def _matched(to: FloatArray, rows: FloatArray) -> FloatArray:
    """The rows in the order of those they are close to, which may pass each other in mu."""
    if len(to) < 2:
        return rows
    order = _gaps(to, rows).argmin(axis=1)
    return rows[order] if len(set(order.tolist())) == len(order) else rows


def _number(points: Points) -> int:
    return sum(counts(points))


def _even(points: Points) -> bool:
    """Whether these can be all, as there is one minimum more than saddles."""
    return len(points.minima) == len(points.saddles) + 1


def _points(fits: NormalFits) -> Points:
    minima, saddles = (
        np.array(sorted((float(fit.q.mu), float(fit.q.sigma), fit.value) for fit in those))
        for those in (fits.minima, fits.saddles)
    )
    return Points(minima.reshape(-1, 3), saddles.reshape(-1, 3))


def _between(below: Points, above: Points, part: float) -> NormalFits:
    """A guess at what lies between two alike sets of points."""

    def mixed(one: FloatArray, other: FloatArray) -> tuple[Fit, ...]:
        return tuple(
            Fit(Normal(a[0] + part * (b[0] - a[0]), a[1] * (b[1] / a[1]) ** part), a[2])
            for a, b in zip(one.tolist(), _matched(one, other).tolist(), strict=True)
        )

    return NormalFits(mixed(below.minima, above.minima), mixed(below.saddles, above.saddles), False)
