"""Reverse fits of two Normals as functions of their distance: the bifurcation diagram."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from .family import FloatArray
from .mixture import Mixture
from .normal import Normal
from .normal_fits import Fit
from .reverse_fits import ReverseFits, fit_reverse_kl

COARSE, FINE, SHARP = 8, 40, 2000  # parts of the range: searched, drawn, where branches end


@dataclass(frozen=True, eq=False)
class Branches:
    """The reverse fits of w1 N(-d/2, s1) + w2 N(d/2, s2) at ascending separations d."""

    weights: tuple[float, float]
    widths: tuple[float, float]
    fixed_sigma: float | None
    separations: tuple[float, ...]
    fits: tuple[ReverseFits, ...]

    def at(self, separation: float) -> ReverseFits:
        """All fits at one separation, followed from its neighbours where those are alike."""
        p = pair(self.weights, self.widths, separation)
        k = bisect_left(self.separations, separation)
        if not 0 < k < len(self.separations):
            return fit_reverse_kl(p, self.fixed_sigma)
        below, above = self.fits[k - 1], self.fits[k]
        if _counts(below) != _counts(above):
            return fit_reverse_kl(p, self.fixed_sigma)
        left, right = self.separations[k - 1 : k + 1]
        near = _between(below, above, (separation - left) / (right - left))
        return fit_reverse_kl(p, self.fixed_sigma, near)

    def curves(self, saddles: bool = False) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Separation, mu and value along the branches of minima or saddles; nan parts branches."""
        points: list[tuple[float, float, float]] = []
        runs = groupby(zip(self.separations, self.fits, strict=True), lambda item: _counts(item[1]))
        for _, run in runs:
            steps = [(d, _by_mu(fits.saddles if saddles else fits.minima)) for d, fits in run]
            for i in range(len(steps[0][1])):
                points += [(d, float(fits[i].q.mu), fits[i].value) for d, fits in steps]
                points.append((np.nan, np.nan, np.nan))
        separation, mu, value = np.array(points or [(np.nan,) * 3]).T
        return separation, mu, value


def pair(weights: tuple[float, float], widths: tuple[float, float], separation: float) -> Mixture:
    """The mixture of two Normals, ``separation`` apart and with 0 in their middle."""
    half = 0.5 * separation
    return Mixture(np.array(weights), (Normal(-half, widths[0]), Normal(half, widths[1])))


def reverse_branches(
    weights: tuple[float, float],
    widths: tuple[float, float],
    reach: float,
    fixed_sigma: float | None = None,
) -> Branches:
    """Return the reverse fits of two Normals for separations from 0 to ``reach``.

    Searched at a few of them and followed between; where their number changes, the separation at
    which it does is closed in on to a ``SHARP``-th of the range.
    """

    def search(d: float, near: ReverseFits | None = None) -> ReverseFits:
        return fit_reverse_kl(pair(weights, widths, d), fixed_sigma, near)

    coarse = np.linspace(0.0, reach, COARSE + 1).tolist()
    known = {d: search(d) for d in coarse}
    spans = list(pairwise(coarse))
    while spans:
        left, right = spans.pop()
        below, above = known[left], known[right]
        alike = _counts(below) == _counts(above)
        if right - left <= reach / (FINE if alike else SHARP):
            continue
        middle = 0.5 * (left + right)
        near = _between(below, above, 0.5) if alike else max(below, above, key=_counts)
        known[middle] = search(middle, near)
        spans += [(left, middle), (middle, right)]
    at = sorted(known)
    return Branches(weights, widths, fixed_sigma, tuple(at), tuple(known[d] for d in at))


def _counts(fits: ReverseFits) -> tuple[int, int]:
    return len(fits.minima), len(fits.saddles)


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
