"""A KL divergence term by term: over all of a line or all classes, and at any of them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from explorer.core import divergence_terms, kl, kl_parts
from explorer.parts.curves import places
from explorer.parts.distributions import Distribution
from explorer.parts.inputs import Interval
from explorer.parts.plane import remembered
from explorer.scene import Array


class Terms(NamedTuple):
    """The terms of KL(a || b) at each x: `a` is averaged over, `b` compared."""

    x: Array
    a: Array
    b: Array
    minus_log: Array  # of z = b/a
    integrand: Array  # a log(a/b): 0 where a is 0, infinite where only b is
    never_negative: Array  # a (z - 1 - log z)


@np.errstate(invalid="ignore")
def terms(first: Distribution, second: Distribution, x: Array) -> Terms:
    """The terms at each x."""
    log_a, log_b = first.log_prob(x), second.log_prob(x)
    a, minus_log = np.exp(log_a), log_a - log_b
    integrand = np.where(log_a == -np.inf, 0.0, a * minus_log)
    never_negative = divergence_terms(log_a, log_b)
    return Terms(x, a, np.exp(log_b), minus_log, integrand, never_negative)


@remembered(1024)
def terms_over(first: Distribution, second: Distribution, window: Interval) -> Terms:
    """The terms at all classes, or at points of the line that show every peak of both."""
    if first.discrete:
        return terms(first, second, np.arange(float(first.classes)))
    x = np.concatenate([places(one.member, window) for one in (first, second)])
    if first.bounded or second.bounded:  # densities may jump at the ends, or be infinite there
        x = np.append(x[(x != 0) & (x != 1)], [-1e-9, 1e-9, 1 - 1e-9, 1 + 1e-9])
    return terms(first, second, np.unique(x[(x >= window[0]) & (x <= window[1])]))


@lru_cache(maxsize=1024)
def divergence(first: Distribution, second: Distribution) -> tuple[float, float, float]:
    """KL(first || second), and its parts from where its integrand is positive and negative."""
    a, b = first.member, second.member
    return float(kl(a, b)), *kl_parts(a, b)


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
