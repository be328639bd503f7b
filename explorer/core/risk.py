"""What an answer is expected to cost when y comes from a known distribution: its risk.

The losses of an answer t: "zero_one" is 1 where t misses y by more than a tolerance, else 0;
"absolute" is |y - t|; "squared" is (y - t)^2.  An interval is charged for its distance from y.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .boxes import Boxes
from .family import Family, a_family
from .mixture import Empirical, Mixture
from .parameter import FloatArray, number, one_of, real_array, refuse, whole
from .quadrature import Points, integral, refined, turns
from .symmetric import Symmetric

Loss: TypeAlias = Literal["zero_one", "absolute", "squared"]
LOSSES: tuple[Loss, ...] = ("zero_one", "absolute", "squared")


def shortfall(p: Family, t: ArrayLike, order: int = 1) -> FloatArray:
    """E[max(t - y, 0)^order] for y from p and order 1 or 2; inf where it diverges."""
    return _one_sided(p, t, order, 1)


def excess(p: Family, t: ArrayLike, order: int = 1) -> FloatArray:
    """E[max(y - t, 0)^order] for y from p: the shortfall seen from above."""
    return _one_sided(p, t, order, -1)


def _one_sided(p: Family, t: ArrayLike, order: int, side: int) -> FloatArray:
    p, order, t = _continuous(p), whole("order", order, 1, 2), real_array("t", t)
    if (finite := np.isfinite(t)).all():
        return p._shortfall(t, order, side)
    out = p._shortfall(np.where(finite, t, 0.0), order, side)
    return np.where(finite, out, np.where(np.isnan(t), np.nan, np.maximum(side * t, 0.0)))[()]


def risk(p: Family, answer: ArrayLike, loss: Loss, tolerance: float = 0.0) -> FloatArray:
    """Expected loss of the answer t when y comes from p.

    Squared: Var y + (E y - t)^2.  Absolute: 2 E max(y-t, 0) + t - E y.  Zero-one: the
    probability of |y - t| > tolerance.  inf where the tails are too heavy for it to exist.
    """
    p, tolerance = _continuous(p), number("tolerance", tolerance, 0.0)
    one_of("loss", loss, LOSSES)
    t = real_array("answer", answer)
    if loss == "zero_one":
        return _missed(p, Points.of(t), tolerance)
    with np.errstate(over="ignore", invalid="ignore"):
        if loss == "squared":
            out = p.variance() + np.square(p._mean_beyond(t))
        else:
            out = 2 * excess(p, t) - p._mean_beyond(t)
    return np.where(np.isnan(out) & ~np.isnan(t), np.inf, out)[()]


def _missed(p: Family, t: Points, tolerance: float) -> FloatArray:
    """The probability of |y - t| > tolerance."""
    return p.cdf(t + -tolerance) + p._survival(t + tolerance)


def interval_risk(p: Family, low: float, high: float, loss: Loss) -> FloatArray:
    """Expected loss of the distance from y to the interval; zero-one: the probability outside."""
    p = _continuous(p)
    one_of("loss", loss, LOSSES)
    low = number("low", low)
    high = number("high", high, low)
    if loss == "zero_one":
        return p.cdf(low) + p._survival(high)
    order = 2 if loss == "squared" else 1
    return shortfall(p, low, order) + excess(p, high, order)


def best_answer(p: Family, loss: Loss, tolerance: float = 0.0) -> float:
    """The answer of least risk: the mean for squared, the median for absolute loss.

    nan for squared loss where p has no mean.

    For zero-one loss the middle of the richest interval of half-width tolerance: where the density
    is the same at both its ends, or one is at the end of the support.  It tends to the mode as the
    tolerance shrinks.

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
    if isinstance(p, Mixture | Boxes):  # wherever the density bends at one of the ends
        ends = Points.of(p._ends())
        grid = Points.joined(ends + tolerance, ends + -tolerance)
        if isinstance(p, Mixture):  # outside of the means the richest interval lies inside
            low, high = p.table.mu.min(), p.table.mu.max()
            y = np.asarray(grid)
            grid = grid[(y > low) & (y < high)]
            grid = refined(Points.joined(Points.of([low, high]), grid), 2)
    elif p.support == (0.0, 1.0):
        grid = Points.of(np.linspace(min(tolerance, 0.5), max(1 - tolerance, 0.5), 65))
    else:
        low, high = p.quantile([1e-3, 1 - 1e-3])
        mode = float(p.mode())
        if np.isfinite(mode):  # where there is but one, the richest interval has it inside
            low, high = mode - tolerance, mode + tolerance
        grid = Points.of(np.linspace(low, high, 65))

    if isinstance(p, Boxes):
        at = grid
    else:
        at, falls = turns(lambda t: p._rise(t, tolerance), grid, 2 if isinstance(p, Mixture) else 4)
        at = Points.joined(at[falls], grid[[0, -1]])
    caught = _caught(p, at, tolerance)
    best = caught.max()
    return float(np.asarray(at)[np.argmax(caught >= best - 1e-12 * abs(best))])


def _caught(p: Family, t: Points, tolerance: float) -> FloatArray:
    """The probability of |y - t| <= tolerance; for a Mixture exact also where it is small."""
    caught: FloatArray = 1 - _missed(p, t, tolerance)
    if isinstance(p, Mixture) and caught.max() < 1e-3:
        ends, width = p._ends(), np.array([-tolerance, tolerance])
        for i in range(t.size):
            inside = ends[np.abs(ends - t[i]) < tolerance]
            panels = Points.joined(t[i : i + 1] + width, inside)
            caught[i] = integral(lambda y: np.exp(p.log_prob(y)), panels)
    return caught


def _continuous(p: Family) -> Family:
    if a_family("p", p).data != "continuous" or isinstance(p, Empirical):
        refuse("p", p, "a distribution with a density")
    return p
