"""All fits as functions of one parameter that moves them: bifurcation diagrams."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from .alpha_fits import (
    ReverseFits,
    counts,
    fit_alpha_divergence,
    follow_alpha_divergence,
)
from .family import Family, FloatArray
from .mixture import Mixture
from .normal import Normal
from .normal_fits import Fit

COARSE, FINE, SHARP = 8, 40, 2000  # parts of the range: searched, drawn, where branches end


@dataclass(frozen=True, eq=False)
class Branches:
    """All fits of a ``problem``, what is fitted to at a parameter, at ascending ``positions``."""

    problem: Callable[[float], tuple[Family, float, float | None]]  # p, alpha and the fixed sigma
    positions: tuple[float, ...]
    fits: tuple[ReverseFits, ...]

    def at(self, position: float) -> ReverseFits:
        """All fits at one position, followed from its neighbours where those are alike."""
        p, alpha, fixed_sigma = self.problem(position)
        near = None
        k = bisect_left(self.positions, position)
        if 0 < k < len(self.positions):
            below, above = self.fits[k - 1], self.fits[k]
            if counts(below) == counts(above):
                left, right = self.positions[k - 1 : k + 1]
                near = _between(below, above, (position - left) / (right - left))
        return fit_alpha_divergence(p, alpha, fixed_sigma, near)

    def curves(self, saddles: bool = False) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Position, mu and value along the branches of minima or saddles; nan parts branches."""
        points: list[tuple[float, float, float]] = []
        runs = groupby(zip(self.positions, self.fits, strict=True), lambda item: counts(item[1]))
        for _, run in runs:
            steps = [(at, _by_mu(fits.saddles if saddles else fits.minima)) for at, fits in run]
            for i in range(len(steps[0][1])):
                points += [(at, float(fits[i].q.mu), fits[i].value) for at, fits in steps]
                points.append((np.nan, np.nan, np.nan))
        position, mu, value = np.array(points or [(np.nan,) * 3]).T
        return position, mu, value


def reverse_branches(
    weights: tuple[float, float],
    widths: tuple[float, float],
    reach: float,
    fixed_sigma: float | None = None,
) -> Branches:
    """Return the reverse fits of w1 N(-d/2, s1) + w2 N(d/2, s2) for d from 0 to ``reach``."""

    def problem(separation: float) -> tuple[Family, float, float | None]:
        half = 0.5 * separation
        components = Normal(-half, widths[0]), Normal(half, widths[1])
        return Mixture(np.array(weights), components), 0.0, fixed_sigma

    return _branches(problem, reach)


def alpha_branches(p: Family) -> Branches:
    """Return the fits of the alpha-divergence from p, a Normal or Mixture, for alpha from 0 to 1.

    Raises
    ------
    ValueError
        If p is of another family.
    """
    return _branches(lambda alpha: (p, alpha, None), 1.0)


def _branches(
    problem: Callable[[float], tuple[Family, float, float | None]], reach: float
) -> Branches:
    """Searched at a few positions from 0 to ``reach`` and followed between.

    Where the number of fits changes, that place is closed in on to a ``SHARP``-th of the range.
    """
    coarse = np.linspace(0.0, reach, COARSE + 1).tolist()
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
            near = _between(below, above, 0.5)
            fits = fit_alpha_divergence(p, alpha, fixed_sigma, near)
        else:
            fewest, most = sorted((below, above), key=counts)
            fits = follow_alpha_divergence(p, alpha, most, fixed_sigma)
            if not (fits.converged and counts(fewest) <= counts(fits)):
                fits = fit_alpha_divergence(p, alpha, fixed_sigma)
        known[middle] = fits
        spans += [(left, middle), (middle, right)]
    positions = sorted(known)
    return Branches(problem, tuple(positions), tuple(known[at] for at in positions))


def _by_mu(fits: tuple[Fit, ...]) -> list[Fit]:
    return sorted(fits, key=lambda fit: float(fit.q.mu))


def _between(below: ReverseFits, above: ReverseFits, part: float) -> ReverseFits:
    """A guess at what lies between two alike sets of fits."""

    def mixed(one: tuple[Fit, ...], other: tuple[Fit, ...]) -> tuple[Fit, ...]:
        return tuple(
            Fit(
                Normal(
                    a.q.mu + part * (b.q.mu - a.q.mu),
                    a.q.sigma * (b.q.sigma / a.q.sigma) ** part,
                ),
                a.value,
            )
            for a, b in zip(_by_mu(one), _by_mu(other), strict=True)
        )

    return ReverseFits(
        mixed(below.minima, above.minima), mixed(below.saddles, above.saddles), False
    )
