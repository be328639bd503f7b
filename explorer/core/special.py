"""The functions that losses and divergences are made of, accurate over the whole of float64."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import ArrayLike
from scipy import special

from .parameter import FloatArray, Value, real_array, refuse

LOG_2PI = float(np.log(2 * np.pi))

# B_2, B_4, ... of Stirling's series; seven reach full accuracy from x = 10 on.
_BERNOULLI = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6])
_K = np.arange(1, 8)
_GAMMA = _BERNOULLI / (2 * _K * (2 * _K - 1)), -_BERNOULLI / (2 * _K), _BERNOULLI
_HALF = _BERNOULLI * (1 - 0.25**_K) / (_K * (2 * _K - 1))
_ODD = np.append(0.0, 1 / np.arange(3, 23, 2))
_LARGEST = float(np.finfo(np.float64).max)


def times(weight: Value, value: FloatArray) -> FloatArray:
    """weight * value with 0 * inf = 0: what has no weight does not count."""
    nothing = np.equal(weight, 0)
    with np.errstate(invalid="ignore", over="ignore"):
        out: FloatArray = weight * value
    return np.where(nothing & np.isinf(value), 0.0, out) if nothing.any() else out


def softplus(x: ArrayLike) -> FloatArray:
    """log(1 + e^x), the link from the real line to positive parameters; its derivative is expit."""
    out: FloatArray = np.logaddexp(0.0, real_array("x", x))
    return out


def softplus_inverse(s: ArrayLike) -> FloatArray:
    """log(e^s - 1) for s > 0, so that softplus(softplus_inverse(s)) = s."""
    s = real_array("s", s)
    if (s <= 0).any():
        refuse("s", s, "a positive number")
    return s + np.log(-np.expm1(-s))


def log_softplus(x: ArrayLike) -> FloatArray:
    """log log(1 + e^x): the log of sigma = softplus(x), finite where sigma itself underflows."""
    x = real_array("x", x)
    # Below -37, log(1 + e^x) = e^x to the last digit.
    out: FloatArray = np.where(x < -37, x, np.log(np.logaddexp(0.0, np.maximum(x, -37))))
    return out[()]


def log_bound_gap(z: ArrayLike) -> FloatArray:
    """-log z - (1 - z) >= 0 for z >= 0, the gap in the bound -log z >= 1 - z; 0 at z = 1 only.

    Accurate relative to the gap itself, also where z is close to 1; +inf at z = 0.
    """
    z = real_array("z", z)
    if (z < 0).any():
        refuse("z", z, "a number from 0 on")
    return np.where(z == np.inf, np.inf, ratio_gap(z, z - 1))[()]


def ratio_gap(ratio: FloatArray, excess: FloatArray) -> FloatArray:
    """log_bound_gap of a ratio whose ``excess`` over 1 is known better than from the ratio."""
    with np.errstate(divide="ignore", invalid="ignore"):
        far = ratio - 1 - np.log(ratio)
    close = np.abs(excess) < 0.3
    out: FloatArray = np.where(close, minus_log1p(np.where(close, excess, 0.0)), far)
    return out


def minus_log1p(x: ArrayLike) -> FloatArray:
    """x - log(1 + x) for x > -1, without cancellation at small x: the bound's gap at z = 1 + x."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = x - np.log1p(x)
        # log(1 + x) = 2 artanh(r), and x = r (2 + x): the leading terms cancel by hand.
        r = np.where(np.abs(x) < 0.3, x / (2 + x), 0.0)
    near = r * (x - 2 * polyval(r * r, _ODD))
    out: FloatArray = np.where(np.abs(x) < 0.3, near, far)
    return out[()]


def gamma_rest(x: ArrayLike, order: int = 0) -> FloatArray:
    """log Gamma(x) - (x log x - x) for x > 0, or its first or second derivative.

    This is what is left when the terms are taken away that cancel in log B(a, b), in its
    derivatives and in the divergences of Beta distributions: it only grows like -log(x) / 2.
    """
    x = np.asarray(x, dtype=np.float64)
    low, big = np.minimum(x, 10.0), np.maximum(x, 10.0)
    u = 1 / big
    u2 = u * u
    tail = polyval(u2, _GAMMA[order])
    if order == 0:
        high = 0.5 * (LOG_2PI - np.log(big)) + u * tail
        direct = _log_gamma(low) - low * np.log(low) + low
    elif order == 1:
        high = -0.5 * u + u2 * tail
        direct = special.psi(low) - np.log(low)
    else:
        high = 0.5 * u2 + u * u2 * tail
        direct = special.polygamma(1, low) - 1 / low
    out: FloatArray = np.where(x > 10, high, direct)
    return out[()]


def half_rest(x: ArrayLike, order: int = 0) -> FloatArray:
    """log Gamma(x) - log Gamma(x + 1/2) + log(x) / 2 for x > 0, or its derivative.

    What a Student t's normalizer is above a Normal's, with nu = 2 x; it goes to 0 like 1 / (8 x).
    """
    x = np.asarray(x, dtype=np.float64)
    low, u = np.minimum(x, 10.0), 1 / np.maximum(x, 10.0)
    tail = polyval(u * u, _HALF if order == 0 else _HALF * (1 - 2 * _K))
    if order == 0:
        high = u * tail
        direct = _log_gamma(low) - _log_gamma(low + 0.5) + 0.5 * np.log(low)
    else:
        high = u * u * tail
        direct = special.psi(low) - special.psi(low + 0.5) + 0.5 / low
    out: FloatArray = np.where(x > 10, high, direct)
    return out[()]


def log_beta(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a+b) for a, b > 0.

    Accurate to 1e-13, relative or absolute, for all a and b: from 20 on, where the sum as it is
    written loses digits, its large terms are cancelled by hand.
    """
    a, b = real_array("a", a), real_array("b", b)
    for name, value in (("a", a), ("b", b)):
        if not (value > 0).all():
            refuse(name, value, "a positive number")
    return log_beta_unchecked(a, b)


def log_beta_unchecked(a: Value, b: Value) -> FloatArray:
    """log_beta for positive floats or arrays."""
    # One function value per parameter: on a grid of two axes a third of what betaln costs.
    low_a, low_b = np.minimum(a, 20.0), np.minimum(b, 20.0)
    out = _log_gamma(low_a) + _log_gamma(low_b) - _log_gamma(low_a + low_b)
    large = np.maximum(a, b) > 20
    if large.any():
        out = np.where(large, _log_beta_large(np.minimum(a, b), np.maximum(a, b)), out)
    return np.asarray(out)[()]


def bounded_sum(a: Value, b: Value) -> FloatArray:
    """a + b, or the largest float where that overflows: as good where only its log matters."""
    with np.errstate(over="ignore"):
        out: FloatArray = np.minimum(np.add(a, b), _LARGEST)
    return out


def _log_gamma(x: FloatArray) -> FloatArray:
    out: FloatArray = special.gammaln(x)
    tiny = np.isinf(out)  # below 1e-308, where Gamma(x) = 1/x overflows
    return np.where(tiny, -np.log(x), out) if tiny.any() else out


def _log_beta_large(a: FloatArray, b: FloatArray) -> FloatArray:
    """log B(a, b) for a <= b = large: a log(a/n) + b log(b/n) + what Stirling's terms leave."""
    with np.errstate(over="ignore", under="ignore"):
        ratio = np.maximum(a / b, np.finfo(np.float64).tiny)
    log_n_b = np.log1p(ratio)
    large_terms: FloatArray = a * (np.log(ratio) - log_n_b) - b * log_n_b
    return large_terms + (gamma_rest(a) + gamma_rest(b) - gamma_rest(bounded_sum(a, b)))


def divergence_terms(
    log_p: FloatArray, log_q: FloatArray, alpha: float = 1.0, beta: float = 0.0
) -> FloatArray:
    """Terms whose sum or integral is Amari's alpha-divergence of p and q; alpha = 1 gives KL(p||q).

    [alpha p + beta q - p^alpha q^beta] / (alpha beta) with beta = 1 - alpha, and in the limit
    p (r - 1 - log r) with r = q/p.  They are never negative, unlike p log(p/q), so nothing
    cancels; where p = 0 they are q / alpha, where q = 0 < p they are p / beta, inf if alpha >= 1.
    """
    with np.errstate(all="ignore"):
        p, q = np.exp(log_p), np.exp(log_q)
        log_r = log_q - log_p
        close = np.abs(log_r) < 0.25
        small = np.where(close, log_r, 0.0)
        if beta == 0:
            near = p * minus_log1p(np.expm1(small))
            far = q - p - p * log_r
        else:
            near = p * (np.expm1(small) / alpha - np.expm1(beta * small) / (alpha * beta))
            power = beta * log_r
            gain = np.exp(alpha * log_p + beta * log_q) - p
            gain = np.where(np.abs(power) < 1, p * np.expm1(power), gain)
            far = (q - p) / alpha - gain / (alpha * beta)
        out = np.where(close, near, far)
        out = np.where(log_q == -np.inf, p / beta if beta > 0 else np.inf, out)
        out = np.where(log_p == -np.inf, q / alpha, out)
        out = np.where(log_p == log_q, 0.0, out)
    result: FloatArray = np.maximum(out, 0.0)
    return result
