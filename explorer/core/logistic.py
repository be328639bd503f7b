"""Logistic regression on one variable: two groups along a line, and how likely each is where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from .discrete import Bernoulli
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
    unit = float(2.0 ** np.floor(np.log2(np.abs(x).max())))  # exact, and nothing overflows
    away = x / unit - x[0] / unit
    shift = float(np.mean(away))
    away -= shift
    scale = float(np.sqrt(np.mean(away * away)))
    u, mean = away / scale, float(np.mean(y))
    if abs(u @ (y - mean)) <= 1e-15 * x.size * float(np.abs(u).max() * y.max()):
        even = Bernoulli.from_probability(mean)
        return LogisticFit(0.0, float(even.logit), np.nan, float(even.nll(y).sum()))
    design = np.stack([u, np.ones_like(u)])

    def gradient(theta: FloatArray) -> FloatArray:
        logit = theta @ design
        out: FloatArray = design @ ((1 - y) * expit(logit) - y * expit(-logit))
        return out

    theta = np.zeros(2)
    for _ in range(1000):
        logit, slopes = theta @ design, gradient(theta)
        weight = expit(logit) * expit(-logit)
        # About the mean by weight slope and height do not disturb each other: nothing cancels.
        middle = weight @ u / weight.sum()
        tilt = -(slopes[0] - middle * slopes[1]) / (weight @ np.square(u - middle))
        change = np.array([tilt, -slopes[1] / weight.sum() - tilt * middle])
        # Where all is certain the weights vanish: a step may double the logits, about.
        reach, most = float(np.abs(change @ design).max()), 2 + float(np.abs(logit).max())
        change *= min(1.0, most / reach) if reach else 0.0
        # The loss is convex: a step may cross its lowest point if it is less steep beyond.
        while change @ gradient(theta + change) > -(change @ slopes):
            change *= 0.5
        theta = theta + change
        if reach <= 1e-13 * most:
            break
    slope = theta[0] / scale / unit
    center = (x[0] / unit + shift) * unit
    decision = (x[0] / unit + (shift - scale * theta[1] / theta[0])) * unit
    value = float(Bernoulli(theta @ design).nll(y).sum())
    return LogisticFit(float(slope), float(theta[1] - slope * center), float(decision), value)
