"""A KL divergence term by term: over all of a line or all classes, and at one of them."""

from dataclasses import dataclass

import numpy as np

from explorer.core import divergence_terms, kl, kl_parts, log_bound_gap
from explorer.parts.distributions import Distribution
from explorer.parts.inputs import Interval
from explorer.parts.plane import remembered
from explorer.scene import Array


@dataclass(frozen=True, eq=False)
class Terms:
    """KL(a || b) over x: `a` is averaged over, `b` compared."""

    x: Array
    away: Array  # which x are not close to an end, where densities may be infinite
    a: Array
    b: Array
    integrand: Array  # a log(a/b)
    never_negative: Array  # a (z - 1 - log z) with z = b/a
    kl: float
    positive: float
    negative: float

    def most(self, sign: float, *curves: Array) -> float:
        """The largest value that is finite and not close to an end of the support."""
        found = np.concatenate([sign * curve[self.away] for curve in curves])
        return float(found[np.isfinite(found)].max(initial=0.0)) or 0.1


@remembered(1024)
def terms_over(first: Distribution, second: Distribution, window: Interval) -> Terms:
    """The terms at points that show every peak of both."""
    x = np.arange(float(first.classes))
    away = np.ones(x.size, dtype=bool)
    if not first.discrete:
        x = _points(window, first, second)
        away = (np.abs(x) > 0.02) & (np.abs(1 - x) > 0.02)
        away |= not (first.bounded or second.bounded)
    log_a, log_b = first.log_prob(x), second.log_prob(x)
    return Terms(
        x,
        away,
        np.exp(log_a),
        np.exp(log_b),
        _integrand(log_a, log_b),
        divergence_terms(log_a, log_b),
        float(kl(first.member, second.member)),
        *kl_parts(first.member, second.member),
    )


@dataclass(frozen=True, eq=False)
class TermsAt:
    """The terms at one point or class, and the gap in the bound -log z >= 1 - z there."""

    a: float
    minus_log: float
    z: float
    gap: float
    integrand: float
    never_negative: float
    difference: float


def terms_at(first: Distribution, second: Distribution, x: float) -> TermsAt:
    """The terms at x, with z = b/a."""
    at = np.array([x])
    log_a, log_b = first.log_prob(at), second.log_prob(at)
    with np.errstate(invalid="ignore", over="ignore"):
        minus_log = float((log_a - log_b)[0])
        z, a, b = (float(np.exp(value)) for value in (-minus_log, log_a[0], log_b[0]))
        # The ratio may be too small for a float though it is not 0.
        gap = float(log_bound_gap(z)) if 0 < z < np.inf else minus_log - 1 + z
        bound = float(divergence_terms(log_a, log_b)[0])
        return TermsAt(a, minus_log, z, gap, float(_integrand(log_a, log_b)[0]), bound, b - a)


def _integrand(log_a: Array, log_b: Array) -> Array:
    """a log(a/b): 0 where a is 0, infinite where only b is."""
    with np.errstate(invalid="ignore"):
        found: Array = np.where(log_a == -np.inf, 0.0, np.exp(log_a) * (log_a - log_b))
    return found


def _points(window: Interval, *both: Distribution) -> Array:
    """Points of a line that show every peak, and the ends of a support from both sides."""
    parts = [np.linspace(*window, 161)]
    for one in both:
        mu, sigma = np.array(one.values("location")), np.array(one.values("scale"))
        parts.append((mu[:, None] + np.outer(sigma, np.linspace(-3.6, 3.6, 33))).ravel())
    if any(one.bounded for one in both):
        inside = 1e-9 + (1 - 2e-9) * (1 - np.cos(np.linspace(0, np.pi, 161))) / 2
        only = all(one.bounded for one in both)
        parts = [inside] if only else [*parts, inside, np.array([-1e-9, 1 + 1e-9])]
    x = np.unique(np.concatenate(parts))
    return x[(x >= window[0]) & (x <= window[1]) & (x != 0) & (x != 1)]


def beyond(first: Distribution, second: Distribution) -> tuple[float, str]:
    """How much of the first is where the second is 0, and where that is; or 0 and nowhere."""
    a, b = first.member, second.member
    if first.discrete:
        lacks = np.isinf(b.log_probabilities()) & np.isfinite(a.log_probabilities())
        where = " and ".join(map(str, np.flatnonzero(lacks)))
        return float(np.exp(a.log_probabilities())[lacks].sum()), where and f"at class {where}"
    if second.bounded and not first.bounded:
        return float(a.cdf(0.0) + 1 - a.cdf(1.0)), "outside of (0, 1)"
    return 0.0, ""


@remembered(8)
def tangent(top: float) -> tuple[Array, Array, Array]:
    """For the bound -log z >= 1 - z: z up to `top`, -log z, and 1 - z."""
    parts = np.geomspace(1e-3, 0.5, 40), np.linspace(0.52, 2, 40), np.linspace(2, top, 40)
    grid = np.unique(np.concatenate(parts))
    return grid, -np.log(grid), 1 - grid
