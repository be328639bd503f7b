"""What an answer is expected to cost when y comes from a known distribution: its risk.

The losses of an answer t: "zero_one" is 1 where t misses y by more than a tolerance, else 0;
"absolute" is |y - t|; "squared" is (y - t)^2.  An interval is charged for its distance from y.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .beta import Beta
from .mixture import Mixture
from .normal import Normal
from .parameter import FloatArray, real_array, refuse
from .special import LOG_2PI

Loss: TypeAlias = Literal["zero_one", "absolute", "squared"]
Predicted: TypeAlias = Beta | Normal | Mixture
LOSSES: tuple[Loss, ...] = ("zero_one", "absolute", "squared")


def shortfall(p: Predicted, t: ArrayLike, order: int = 1) -> FloatArray:
    """E[max(t - y, 0)^order] for y from p and order 1 or 2, in closed form."""
    t = real_array("t", t)
    if isinstance(p, Mixture):
        parts = zip(p.weights.tolist(), p.components, strict=True)
        return np.asarray(sum(w * shortfall(c, t, order) for w, c in parts))[()]
    if isinstance(p, Normal):
        z = (t - p.mu) / p.sigma
        with np.errstate(under="ignore"):
            below, at = special.ndtr(z), np.exp(-0.5 * (z * z + LOG_2PI))
        first: FloatArray = p.sigma * (z * below + at)
        return first if order == 1 else p.sigma * p.sigma * ((z * z + 1) * below + z * at)
    # Above the mean, the small excess is known better than the shortfall.
    a, b, at, mean = np.broadcast_arrays(p.a, p.b, t, p.mean())
    above, out = at > mean, np.empty(at.shape)
    out[~above] = _beta_shortfall(a[~above], b[~above], at[~above], order)
    a, b, at, mean = a[above], b[above], at[above], mean[above]
    small = _beta_shortfall(b, a, 1 - at, order)
    square = Beta(a, b).variance() + np.square(at - mean) if order == 2 and at.size else 0.0
    out[above] = at - mean + small if order == 1 else square - small
    return out[()]


def _beta_shortfall(a: FloatArray, b: FloatArray, t: FloatArray, order: int) -> FloatArray:
    """E[max(t - y, 0)^order] from the incomplete Beta integrals of y^0, y^1 and y^2."""
    y, mean = np.clip(t, 0.0, 1.0), a / (a + b)
    whole, tilted = special.betainc(a, b, y), special.betainc(a + 1, b, y)
    if order == 1:
        return np.asarray(t * whole - mean * tilted)
    square = mean * (a + 1) / (a + b + 1) * special.betainc(a + 2, b, y)
    return np.asarray(t * t * whole - 2 * t * mean * tilted + square)


def excess(p: Predicted, t: ArrayLike, order: int = 1) -> FloatArray:
    """E[max(y - t, 0)^order] for y from p and order 1 or 2: the shortfall seen from above."""
    t = real_array("t", t)
    if isinstance(p, Beta):
        return shortfall(Beta(p.b, p.a), 1 - t, order)
    if isinstance(p, Normal):
        return shortfall(Normal(-np.asarray(p.mu), p.sigma), -t, order)
    parts = zip(p.weights.tolist(), p.components, strict=True)
    return np.asarray(sum(w * excess(c, t, order) for w, c in parts))[()]


def risk(p: Predicted, answer: ArrayLike, loss: Loss, tolerance: float = 0.0) -> FloatArray:
    """Expected loss of the answer t when y comes from p.

    Squared: Var y + (E y - t)^2.  Absolute: 2 E max(y-t, 0) + t - E y.  Zero-one: the
    probability of |y - t| > tolerance.
    """
    t = real_array("answer", answer)
    if loss == "squared":
        return p.variance() + np.square(p.mean() - t)
    if loss == "absolute":
        return 2 * excess(p, t) + (t - p.mean())
    return 1 - (p.cdf(t + tolerance) - p.cdf(t - tolerance))


def interval_risk(p: Predicted, low: float, high: float, loss: Loss) -> FloatArray:
    """Expected loss of the distance from y to the interval; zero-one: the probability outside."""
    if loss == "zero_one":
        return 1 - (p.cdf(high) - p.cdf(low))
    order = 2 if loss == "squared" else 1
    return shortfall(p, low, order) + excess(p, high, order)


def best_answer(p: Predicted, loss: Loss, tolerance: float = 0.0) -> float:
    """The answer of least risk: the mean for squared, the median for absolute loss.

    For zero-one loss the middle of the richest interval of half-width tolerance, to about seven
    digits, as its risk is flat there; it tends to the mode as the tolerance shrinks.

    Raises
    ------
    ValueError
        If tolerance is not positive with zero-one loss: any answer then misses almost surely.
    """
    if loss == "squared":
        return float(p.mean())
    if loss == "absolute":
        return float(p.quantile(0.5))
    if not tolerance > 0:
        refuse("tolerance", tolerance, "a positive number for zero-one loss")
    if isinstance(p, Normal):
        return float(p.mu)
    if isinstance(p, Beta):
        low, high = min(tolerance, 0.5), max(1 - tolerance, 0.5)
    else:  # outside of the components' means the richest interval lies further in
        low, high = float(p.table.mu.min()), float(p.table.mu.max())
    for count in (65, 33, 33, 33, 33, 33):
        t = np.linspace(low, high, count)
        k = int(np.argmin(risk(p, t, "zero_one", tolerance)))
        low, high = float(t[max(k - 1, 0)]), float(t[min(k + 1, count - 1)])
    return float(t[k])
