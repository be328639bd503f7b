"""Losses over data and divergences between distributions.

Closed forms where there are any, else quadrature on the real line; which of them and how accurate
stands with each function.  p is the truth, q the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .beta import Beta
from .boxes import Boxes
from .discrete import Discrete
from .family import Family, a_family, panel_ends
from .interval import at, interval_ends, log_density
from .mixture import Empirical, Mixture
from .normal import Normal
from .parameter import FloatArray, number, refuse
from .quadrature import (
    AROUND, Integrand, Points, Table, adaptive, between, integral, refined, turns,
)  # fmt: skip
from .special import divergence_terms, times

Terms: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]


def nll(family: Family, y: ArrayLike) -> float:
    """Return the negative log-likelihood of all observations: sum of -log p(y_i), in nats.

    Raises
    ------
    ValueError
        If y is empty, or does not suit the family.
    """
    each = a_family("family", family).nll(y)
    if each.size == 0:
        refuse("y", y, "one observation or more")
    return float(each.sum())


def entropy(p: Family) -> FloatArray:
    """Return -E_p[log p] in nats (differential, may be negative, where p has a density)."""
    return a_family("p", p).entropy()


def cross_entropy(p: Family, q: Family) -> FloatArray:
    """Return -E_p[log q] in nats: entropy(p) + kl(p, q), and the expected loss of the model q.

    For the observations themselves, p = Empirical(y), the mean loss.  Closed form, or quadrature
    where q is a Mixture (1e-13) or a StudentT (1e-12; 1e-6 where q is 64 times narrower than the
    parts of p).  q's parameters may be arrays unless it is a Mixture.
    """
    p, q = a_family("p", p), a_family("q", q)
    if isinstance(p, Empirical):
        if isinstance(q, Empirical | Discrete):
            refuse("q", q, "a family with a density on the real line")
        return np.asarray(q.nll(q._upright(p.observations)).mean(axis=0))[()]
    if isinstance(p, Discrete):
        log_p, log_q = _tables(p, q)
        return np.asarray(-times(np.exp(log_p), log_q).sum(axis=-1))[()]
    if isinstance(q, Discrete | Empirical | Boxes):
        refuse("q", q, "a family that goes with the other")
    if isinstance(p, Beta) and isinstance(q, Beta):
        return entropy(p) + p._kl(q)
    closed = q._cross_entropy_from(p)
    if closed is not None:
        return closed
    if isinstance(p, Boxes):
        refuse("q", q, "a family with parameters beside boxes")
    if not isinstance(p, Beta):
        return _integral(lambda log_p, log_q: -times(np.exp(log_p), log_q), p, q)

    def expected(x: Points) -> FloatArray:
        u = np.asarray(x)
        return times(np.exp(log_density(p, u)), q.nll(at(u)))

    return np.asarray(adaptive(expected, _line_ends(p, q)))[()]


def kl(p: Family, q: Family) -> FloatArray:
    """Return KL(p||q) = E_p[log p - log q] >= 0 in nats; 0 only at p = q, +inf where q lacks mass.

    Closed form for two of one kind of Normal, Laplace, Beta, Bernoulli or Categorical (parameters
    may be arrays); quadrature for Normal beside Mixture and for two of StudentT (single numbers
    only): relative or absolute error 1e-12, for nearly equal distributions absolute 1e-15, and
    never negative.  All else: cross-entropy less entropy, absolute error 1e-12.
    """
    p, q = a_family("p", p), a_family("q", q)
    alike, few = type(p) is type(q), Discrete | Empirical
    if alike and (closed := p._kl(q)) is not None:
        return closed
    alike = alike or _are_tables(p, q) or isinstance(p, few) or isinstance(q, few)
    if alike and not isinstance(p, Boxes):
        return _amari(p, q, 1.0, 0.0)
    out: FloatArray = np.maximum(cross_entropy(p, q) - entropy(p), 0.0)
    return out


def kl_parts(p: Family, q: Family) -> tuple[float, float]:
    """Return the integrals of p log(p/q) where it is positive and where it is negative, in nats.

    Their sum is kl(p, q).  For two of Normal, Laplace, StudentT, Mixture or Beta in any
    combination, by quadrature between the points where p = q (absolute error 1e-12); sums for
    Bernoulli and Categorical.
    """
    p, q = a_family("p", p), a_family("q", q)
    if isinstance(p, Discrete):
        log_p, log_q = _tables(p, q)
        terms = _signed(log_p, log_q)
        return float(np.maximum(terms, 0.0).sum()), float(np.minimum(terms, 0.0).sum())
    ends = _line_ends(p, q)
    if isinstance(p, Normal) and isinstance(q, Normal):
        equal = _normal_crossings(p, q, ends)
    else:
        # To 1e-8 or so of the grid's spacing: an integral up to there has its square as error.
        with np.errstate(invalid="ignore"):
            equal, _ = turns(lambda x: np.subtract(*_logs(p, q, x)), refined(ends, 2), 3)
    signed = _integrand(_signed, p, q)
    ends = Points.joined(ends, equal)
    if all(isinstance(family, Normal | Mixture | Beta) for family in (p, q)):
        x, weight = between(ends.distinct())
        terms = weight * signed(x)
        leaks = isinstance(q, Beta) and not isinstance(p, Beta)
        positive = np.inf if leaks else float(np.maximum(terms, 0.0).sum())
        return positive, float(np.minimum(terms, 0.0).sum())
    negative = adaptive(lambda x: np.minimum(signed(x), 0.0), ends)
    return float(kl(p, q)) - negative, negative


def _normal_crossings(p: Normal, q: Normal, ends: Points) -> Points:
    """Where log p - log q = a z^2 + b z + c is 0, z = (x - mu_p) / sigma_p; none if p = q."""
    r, shift = p.sigma / q.sigma, (p.mu - q.mu) / q.sigma
    a, b, c = 0.5 * (r - 1) * (r + 1), r * shift, 0.5 * shift * shift - np.log(r)
    with np.errstate(all="ignore"):
        far = -0.5 * (b + np.copysign(np.sqrt(np.maximum(b * b - 4 * a * c, 0.0)), b))
        off = p.sigma * np.array([far / a, c / far])
    reached = ends - p.mu
    off = off[(off > reached.min()) & (off < reached.max())]
    return Points(np.full(off.shape, p.mu), off)


def _signed(log_p: FloatArray, log_q: FloatArray) -> FloatArray:
    """p log(p/q), 0 where p is 0."""
    with np.errstate(invalid="ignore"):
        return times(np.exp(log_p), np.where(log_p == -np.inf, 0.0, log_p - log_q))


def jensen_shannon(p: Family, q: Family) -> FloatArray:
    """Return [KL(p||m) + KL(q||m)] / 2 with m = (p+q)/2, in nats: symmetric, at most log 2.

    For two Bernoullis or Categoricals, two Betas, or two of Normal, Laplace, StudentT and Mixture
    (quadrature: absolute error 1e-12).
    """

    def terms(log_p: FloatArray, log_q: FloatArray) -> FloatArray:
        log_m = np.logaddexp(log_p, log_q) - math.log(2)
        return 0.5 * (divergence_terms(log_p, log_m) + divergence_terms(log_q, log_m))

    p, q = a_family("p", p), a_family("q", q)
    if isinstance(p, Discrete):
        return np.asarray(terms(*_tables(p, q)).sum(axis=-1))[()]
    _check_supports(p, q)
    if not _are_tables(p, q):
        return _integral(terms, p, q)
    kinks = line("p", p).join(line("q", q)).kinks
    ends = np.asarray(panel_ends(p, q))
    return _integral(terms, p, q, kinks[(kinks > ends.min()) & (kinks < ends.max())])


def renyi_divergence(p: Family, q: Family, alpha: float) -> FloatArray:
    """Return log(integral of p^alpha q^(1-alpha)) / (alpha - 1) in nats, alpha > 0; KL(p||q) at 1.

    +inf where the integral diverges.  Closed form for two Normals or Betas, sums for Bernoulli
    and Categorical, quadrature with a Mixture: relative or absolute error 1e-12.  With a Laplace or
    StudentT alpha is at most 1.
    """
    p, q, alpha = a_family("p", p), a_family("q", q), number("alpha", alpha)
    if alpha <= 0:
        refuse("alpha", alpha, "a positive number")
    if alpha == 1:
        return kl(p, q)
    beta = 1 - alpha
    if alpha < 0.5:
        return alpha / beta * _renyi(q, p, beta, alpha)
    return _renyi(p, q, alpha, beta)


def _renyi(p: Family, q: Family, alpha: float, beta: float) -> FloatArray:
    if type(p) is type(q) and (closed := p._renyi(q, alpha, beta)) is not None:
        return closed
    # Where the integral is close to 1, its distance from 1 is what is accurate.
    with np.errstate(all="ignore"):
        shortfall = np.asarray(alpha * beta * _amari(p, q, alpha, beta))
        log_integral = np.log1p(-shortfall)
        if (np.abs(shortfall) > 0.5).any():
            far = _log_affinity(p, q, alpha, beta)
            log_integral = np.where(np.abs(shortfall) > 0.5, far, log_integral)
    return np.maximum(-log_integral / beta, 0.0)[()]


def alpha_divergence(p: Family, q: Family, alpha: float) -> FloatArray:
    """Return Amari's [1 - integral of p^alpha q^(1-alpha)] / [alpha (1-alpha)], for every alpha.

    alpha = 1 gives KL(p||q), alpha = 0 gives KL(q||p).  +inf where the integral diverges.  How it
    is had and how accurately: as for kl.  With a Laplace or StudentT alpha is from 0 to 1; a Beta
    goes with a Beta only.
    """
    p, q, alpha = a_family("p", p), a_family("q", q), number("alpha", alpha)
    if alpha in (0, 1):
        return kl(p, q) if alpha else kl(q, p)
    if alpha < 0.5:  # alpha and 1 - alpha are kept apart: one of them may be tiny
        return _amari(q, p, 1 - alpha, alpha)
    return _amari(p, q, alpha, 1 - alpha)


def _amari(p: Family, q: Family, alpha: float, beta: float) -> FloatArray:
    if isinstance(p, Empirical) or isinstance(q, Empirical):
        if type(p) is type(q) or isinstance(p, Discrete) or isinstance(q, Discrete):
            refuse("p and q", (p, q), "one Empirical and one density")
        # Diracs and a density have no mass in common.
        return np.asarray(1 / (alpha * beta) if beta > 0 else np.inf)[()]
    if isinstance(p, Discrete):
        return np.asarray(divergence_terms(*_tables(p, q), alpha, beta).sum(axis=-1))[()]
    if beta != 0 and type(p) is type(q) and (renyi := p._renyi(q, alpha, beta)) is not None:
        with np.errstate(over="ignore"):
            return -np.expm1(-beta * renyi) / (alpha * beta)
    _check_supports(p, q)
    ends = _product_ends(p, q, alpha, beta)
    if ends is None:
        return np.asarray(np.inf)[()]
    return _integral(lambda a, b: divergence_terms(a, b, alpha, beta), p, q, ends)


def _log_affinity(p: Family, q: Family, alpha: float, beta: float) -> FloatArray:
    """log of the sum or integral of p^alpha q^(1-alpha), also where that under- or overflows."""
    if isinstance(p, Discrete):
        log_p, log_q = _tables(p, q)
        powers = alpha * log_p + beta * log_q
        powers = np.where(log_p == -np.inf, -np.inf, powers)
        return np.asarray(np.logaddexp.reduce(powers, axis=-1))
    ends = _product_ends(p, q, alpha, beta)
    if ends is None:
        return np.asarray(np.inf)

    def log_product(log_p: FloatArray, log_q: FloatArray) -> FloatArray:
        return alpha * log_p + beta * log_q

    top = float(log_product(*_logs(p, q, Points.joined(_line_ends(p, q), ends))).max())
    product = _integral(lambda a, b: np.exp(log_product(a, b) - top), p, q, ends, 0.0)
    return np.asarray(top + np.log(product))


def _product_ends(p: Family, q: Family, alpha: float, beta: float) -> Points | None:
    """More panel ends, for p^alpha q^beta; none where its integral diverges."""
    if beta == 0:
        return Points.of([])
    if _are_tables(p, q):
        tables = line("p", p), line("q", q)
        return None if _diverges(*tables, alpha, beta) else _between(*tables, alpha, beta)
    if not 0 <= alpha <= 1:
        refuse("alpha", alpha, f"a number from 0 to 1 for a {p.title} beside a {q.title}")
    ends = _line_ends(p, q)
    middle = ends[ends.size // 2].at  # p^alpha and q^beta fall slower than p and q
    away = ends - middle
    steps = np.concatenate([away / share for share in (alpha, beta) if share > 0.01])
    return Points(np.full(steps.shape, middle), steps)


def _between(p: Table, q: Table, alpha: float, beta: float) -> Points:
    """Panel ends that resolve p_i^alpha q_j^beta of all components: Normals again."""
    mu, sigma, other = p.mu[:, None], p.sigma[:, None], q.sigma
    least, most = np.minimum(sigma, other), np.maximum(sigma, other)
    own, its = alpha * (other / most) ** 2, beta * (sigma / most) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        center, width = its / (own + its) * (q.mu - mu), least / np.sqrt(own + its)
    exists = np.isfinite(width) & np.isfinite(center)
    at, width = np.broadcast_to(mu, exists.shape)[exists], width[exists]
    off = center[exists][:, None] + width[:, None] * AROUND
    return Points(at.repeat(AROUND.size), off.ravel())


def _diverges(p: Table, q: Table, alpha: float, beta: float) -> bool:
    """Whether p^alpha q^(1-alpha) grows at infinity, where the widest components rule."""
    widest_p, widest_q = (np.max(t.sigma[t.log_w > -np.inf]) for t in (p, q))
    with np.errstate(over="ignore"):
        return bool(alpha + beta * np.square(widest_p / widest_q) <= 0)


def _are_tables(p: Family, q: Family) -> bool:
    """Whether both are Normals or Mixtures, whose integrals need no adapting."""
    return isinstance(p, Normal | Mixture) and isinstance(q, Normal | Mixture)


def _line_ends(p: Family, q: Family) -> Points:
    """Panel ends for both, over y; over u = log y - log(1-y) beside a Beta."""
    for name, family in (("p", p), ("q", q)):
        if family._shape() != () or family.data != "continuous":
            refuse(name, family, "a family with a density and single numbers as parameters")
    return Points.of(interval_ends(p, q)) if _on_interval(p, q) else panel_ends(p, q)


@np.errstate(over="ignore")
def _logs(p: Family, q: Family, x: Points) -> tuple[FloatArray, FloatArray]:
    """Both log-densities by that coordinate."""
    if _on_interval(p, q):
        u = np.asarray(x)
        return log_density(p, u), log_density(q, u)
    return p.log_prob(x), q.log_prob(x)


def _integrand(terms: Terms, p: Family, q: Family) -> Integrand:
    """terms(log p, log q) over that coordinate; none depends on what is integrated by."""
    return lambda x: terms(*_logs(p, q, x))


def _integral(
    terms: Terms, p: Family, q: Family, more: FloatArray | Points | None = None,
    noise: float = 1e-16,
) -> FloatArray:  # fmt: skip
    """The integral of terms(log p, log q) over y; what no table tells about is adapted to."""
    ends = _line_ends(p, q)
    if more is not None:
        ends = Points.joined(ends, more)
    integrand = _integrand(terms, p, q)
    if _are_tables(p, q):
        return np.asarray(integral(integrand, ends))[()]
    return np.asarray(adaptive(integrand, ends, noise))[()]


def _on_interval(p: Family, q: Family) -> bool:
    return isinstance(p, Beta) or isinstance(q, Beta)


def _check_supports(p: Family, q: Family) -> None:
    """Refuse a Beta beside others: what they have outside (0, 1) is no part of the integral."""
    if isinstance(p, Beta) is not isinstance(q, Beta):
        refuse("q", q, "a Beta beside a Beta, and none beside others")


def _tables(p: Discrete, q: Family) -> tuple[FloatArray, FloatArray]:
    """The log-probabilities of two discrete distributions over the same classes."""
    if not isinstance(q, Discrete):
        refuse("q", q, "a distribution over as many classes as p")
    log_p, log_q = p.log_probabilities(), q.log_probabilities()
    if log_p.shape[-1] != log_q.shape[-1]:
        refuse("q", q, f"a distribution over as many classes as p, {log_p.shape[-1]}")
    p._check_shapes(p=log_p, q=log_q)
    return log_p, log_q


def line(name: str, value: Family) -> Table:
    """A Normal or Mixture as a table of components."""
    if isinstance(value, Mixture):
        return value.table
    if not isinstance(value, Normal) or value._shape() != ():
        refuse(name, value, "a Normal of single numbers or a Mixture")
    return Mixture(np.ones(1), (value,)).table
