"""Logistic regression on one variable: two groups along a line, and how likely each is where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .discrete import Bernoulli
from .newton import newton
from .parameter import TWO_VALUES, FloatArray, NoMaximum, data, probability, refuse


@dataclass(frozen=True)
class LogisticFit:
    """p(y = 1 | x) = sigmoid(slope x + offset), and the loss of the data in nats.

    ``decision`` is the x where both classes are equally likely, -offset / slope; nan without slope.
    """

    slope: float
    offset: float
    decision: float
    value: float


def fit_logistic(x: ArrayLike, y: ArrayLike) -> LogisticFit:
    """Return the slope and offset that minimise the sum of Bernoulli(slope x + offset).nll(y).

    The loss is convex in them; Newton's steps, halved where they overshoot, reach its minimum.

    Parameters
    ----------
    x : array (n,), finite
    y : array (n,) in [0, 1]; between 0 and 1 a soft label

    Raises
    ------
    ValueError
        If the shapes differ or y lies outside [0, 1]; and where no maximum of the likelihood
        exists: x is constant, y is all 0 or all 1, or a point of x separates the classes.
    """
    x, y = data("x", x), probability("y", data("y", y, labels=True))
    if x.size != y.size:
        refuse("y", y, f"as many values as x has, {x.size}")
    zeros, ones = x[y < 1], x[y > 0]
    if not zeros.size or not ones.size:
        raise NoMaximum(y, "not 0 alone or 1 alone", "it grows without end with the offset")
    if x.min() == x.max():
        refuse("x", x, TWO_VALUES)
    if zeros.max() <= ones.min() or ones.max() <= zeros.min():
        reason = "it grows without end with the slope"
        raise NoMaximum(x, "classes that no point of x separates", reason, name="x")
    centre, scale = x.mean(), x.std()
    design = np.stack([(x - centre) / scale, np.ones_like(x)])

    def loss(theta: FloatArray) -> float:
        return float(Bernoulli(theta @ design).nll(y).sum())

    def step(theta: FloatArray) -> FloatArray:
        model = Bernoulli(theta @ design)
        gradient = design @ model.nll_gradient(y)["logit"]
        return -np.linalg.solve((design * model.variance()) @ design.T, gradient)

    theta, value = newton(loss, step, np.zeros(2))
    slope = theta[0] / scale
    decision = centre - scale * theta[1] / theta[0] if theta[0] else np.nan
    return LogisticFit(float(slope), float(theta[1] - slope * centre), float(decision), value)
