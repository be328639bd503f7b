"""What an answer is expected to cost when y comes from a known distribution: its risk.

The losses of an answer t: "zero_one" is 1 where t misses y by more than a tolerance, else 0;
"absolute" is |y - t|; "squared" is (y - t)^2.  An interval is charged for its distance from y.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .family import Family, a_family
from .mixture import Empirical, Mixture
from .parameter import FloatArray, number, one_of, real_array, refuse, whole
from .symmetric import Symmetric

Loss: TypeAlias = Literal["zero_one", "absolute", "squared"]
LOSSES: tuple[Loss, ...] = ("zero_one", "absolute", "squared")


def shortfall(p: Family, t: ArrayLike, order: int = 1) -> FloatArray:
    """E[max(t - y, 0)^order] for y from p and order 1 or 2; inf where it diverges."""
    return _continuous(p)._shortfall(t, whole("order", order, 1, 2))


def excess(p: Family, t: ArrayLike, order: int = 1) -> FloatArray:
    """E[max(y - t, 0)^order] for y from p: the shortfall seen from above."""
    return _continuous(p)._shortfall(t, whole("order", order, 1, 2), -1)


def risk(p: Family, answer: ArrayLike, loss: Loss, tolerance: float = 0.0) -> FloatArray:
    """Expected loss of the answer t when y comes from p.

    Squared: Var y + (E y - t)^2.  Absolute: 2 E max(y-t, 0) + t - E y.  Zero-one: the
    probability of |y - t| > tolerance.  inf where the tails are too heavy for it to exist.
    """
    p, tolerance = _continuous(p), number("tolerance", tolerance, 0.0)
    one_of("loss", loss, LOSSES)
    t = real_array("answer", answer)
    if loss != "zero_one":
        if loss == "squared":
            out = p.variance() + np.square(p.mean() - t)
        else:
            out = 2 * excess(p, t) + (t - p.mean())
        return np.where(np.isnan(out) & ~np.isnan(t), np.inf, out)[()]
    return 1 - (p.cdf(t + tolerance) - p.cdf(t - tolerance))


def interval_risk(p: Family, low: float, high: float, loss: Loss) -> FloatArray:
    """Expected loss of the distance from y to the interval; zero-one: the probability outside."""
    p = _continuous(p)
    one_of("loss", loss, LOSSES)
    low = number("low", low)
    high = number("high", high, low)
    if loss == "zero_one":
        return 1 - (p.cdf(high) - p.cdf(low))
    order = 2 if loss == "squared" else 1
    return shortfall(p, low, order) + excess(p, high, order)


def best_answer(p: Family, loss: Loss, tolerance: float = 0.0) -> float:
    """The answer of least risk: the mean for squared, the median for absolute loss.

    nan for squared loss where p has no mean.

    For zero-one loss the middle of the richest interval of half-width tolerance, to about seven
    digits, as its risk is flat there; it tends to the mode as the tolerance shrinks.

    Raises
    ------
    ValueError
        If tolerance is not positive with zero-one loss: any answer then misses almost surely.
    """
    p, tolerance = _continuous(p), number("tolerance", tolerance, 0.0)
    one_of("loss", loss, LOSSES)
    if p._shape() != ():
        refuse("p", p, "a distribution with single numbers as parameters")
    if loss == "squared":
        return float(p.mean())
    if loss == "absolute":
        return float(p.quantile(0.5))
    if tolerance == 0:
        refuse("tolerance", tolerance, "a positive number for zero-one loss")
    if isinstance(p, Symmetric):
        return float(p.mu)
    if isinstance(p, Mixture):  # outside of the components' means the richest interval lies inside
        low, high = float(p.table.mu.min()), float(p.table.mu.max())
    elif p.support == (0.0, 1.0):
        low, high = min(tolerance, 0.5), max(1 - tolerance, 0.5)
    else:
        low, high = map(float, p.quantile([1e-3, 1 - 1e-3]))
        mode = float(p.mode())
        if np.isfinite(mode):  # where there is but one, the richest interval has it inside
            low, high = mode - tolerance, mode + tolerance
    for count in (65, 33, 33, 33, 33, 33):
        t = np.linspace(low, high, count)
        k = int(np.argmin(risk(p, t, "zero_one", tolerance)))
        low, high = float(t[max(k - 1, 0)]), float(t[min(k + 1, count - 1)])
    return float(t[k])


def _continuous(p: Family) -> Family:
    if a_family("p", p).data != "continuous" or isinstance(p, Empirical):
        refuse("p", p, "a distribution with a density")
    return p
