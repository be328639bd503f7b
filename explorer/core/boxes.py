"""Observations widened to boxes: the sum of Diracs with each spread evenly over an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .family import Family
from .parameter import FloatArray, Value, data, positive, probability, real_array
from .quadrature import Points, panels, parts_for
from .special import ratio_gap


@dataclass(frozen=True, eq=False)
class Observed(Family):
    """What is made of the observations themselves: its kernel is normalised."""

    observations: FloatArray

    def __post_init__(self) -> None:
        observations = data("observations", self.observations).copy()
        observations.flags.writeable = False
        object.__setattr__(self, "observations", observations)

    def _shape(self) -> tuple[int, ...]:
        return ()

    def log_normalizer(self) -> FloatArray:
        """0: the kernel is normalised."""
        return np.zeros(())[()]

    def mean(self) -> FloatArray:
        """The mean of the observations."""
        first = self.observations[0]
        return np.asarray(first + self._mean_beyond(first))[()]

    def _mean_beyond(self, c: Value) -> FloatArray:
        return np.asarray(-np.subtract.outer(c, self.observations).mean(axis=-1))[()]

    def _spread(self) -> float:
        """The mean squared deviation of the observations, exact by differences."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float((self.observations - self.observations[0]).var())


@dataclass(frozen=True, eq=False)
class Boxes(Observed):
    """Mean of uniform densities: p(y) = 1/n sum_i [|y - y_i| <= width/2] / width.

    Boxes that are narrow enough stay inside an interval; Normals leak out at any width.

    Parameters
    ----------
    observations : array of finite numbers, at least one; kept flat
    width : positive float, the full width of a box

    Raises
    ------
    ValueError
        If there is no observation, one is not finite, or width is not positive and finite.
    """

    width: float
    title: ClassVar = "sum of boxes"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "width", positive("width", self.width))

    @property
    def extent(self) -> tuple[float, float]:
        """The ends of the outermost boxes."""
        y, half = self.observations, 0.5 * self.width
        return float(y.min() - half), float(y.max() + half)

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """Log of the share of boxes that contain ``y``, over width; -inf where none does."""
        y = self._observed(y)
        inside = np.abs(y[..., None] - self.observations) <= 0.5 * self.width
        with np.errstate(divide="ignore"):
            out = np.log(inside.mean(axis=-1)) - np.log(self.width)
        return np.where(np.isnan(y), np.nan, out)[()]

    def entropy(self) -> FloatArray:
        """-integral of p log p in nats, exactly: p is constant between the ends of the boxes."""
        n, ends = self.observations.size, self._ends().normal()
        order = np.lexsort((ends.off, ends.at))
        count = np.cumsum(np.repeat([1, -1], n)[order])[:-1]
        ends = ends[order]
        share = count / n * ((ends[1:] - ends[:-1]) / self.width)
        return np.asarray(np.log(self.width) - share @ np.log(np.maximum(count, 1) / n))[()]

    def mode(self) -> FloatArray:
        """nan: the density is highest on an interval, never at one point."""
        return np.asarray(np.nan)[()]

    def variance(self) -> FloatArray:
        """Mean squared deviation of the observations + width^2 / 12."""
        return np.asarray(self._spread() + self.width * self.width / 12)[()]

    def cdf(self, y: ArrayLike) -> FloatArray:
        reached = (self._observed(y)[..., None] - self.observations) / self.width + 0.5
        return np.asarray(np.clip(reached, 0.0, 1.0).mean(axis=-1))[()]

    def _survival(self, y: ArrayLike | Points) -> FloatArray:
        left = 0.5 - (self._observed(y)[..., None] - self.observations) / self.width
        return np.asarray(np.clip(left, 0.0, 1.0).mean(axis=-1))[()]

    def quantile(self, u: ArrayLike) -> FloatArray:
        """The y with cdf(y) = u, for u in [0, 1]; the least of several."""
        ends = np.unique(self._ends())
        return np.asarray(np.interp(probability("u", u), self.cdf(ends), ends))[()]

    def _shortfall(self, t: ArrayLike, order: int, side: int = 1) -> FloatArray:
        """Of every box E[max(t - y, 0)^order] = width^order share^(order+1) / (order+1) inside."""
        away = side * (real_array("t", t)[..., None] - self.observations) / self.width
        share = np.clip(away + 0.5, 0.0, 1.0)
        inside = np.power(share, order + 1) / (order + 1)
        beyond = away if order == 1 else np.square(away) + 1 / 12
        out = self.width**order * np.where(away > 0.5, beyond, inside).mean(axis=-1)
        return np.asarray(out)[()]

    def _ends(self) -> Points:
        half, y = 0.5 * self.width, Points.of(self.observations)
        return Points.joined(y + -half, y + half)

    def _nodes(self, unit: float) -> tuple[Points, FloatArray]:
        rule = np.polynomial.legendre.leggauss(6 if unit > 4 * self.width else 12)
        z, weight = panels(np.linspace(-0.5, 0.5, 1 + parts_for(self.width, unit)), *rule)
        n = self.observations.size
        x = Points(self.observations.repeat(z.size), np.tile(self.width * z, n))
        return x, np.tile(weight / n, n)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw observations with replacement, each moved within its box."""
        return rng.choice(self.observations, shape) + self.width * (rng.random(shape) - 0.5)

    def mean_log_ratios(self) -> tuple[float, float]:
        """Means of log(y / E y) and of log((1 - y) / (1 - E y)); -inf where a box leaves [0, 1]."""
        y, half, (low, high) = self.observations, 0.5 * self.width, self.extent
        below, above = log_ratios(y)
        with np.errstate(divide="ignore", invalid="ignore"):
            below, above = below + _bend(half / y).mean(), above + _bend(half / (1 - y)).mean()
        return (float(below) if low >= 0 else -np.inf), (float(above) if high <= 1 else -np.inf)


def log_ratios(y: FloatArray) -> tuple[float, float]:
    """Means of log(y / m) and of log((1 - y) / (1 - m)) for y in (0, 1), m their mean.

    Right to the last digit also where y is packed so closely that they are tiny.
    """
    m, rest = y.mean(), (1 - y).mean()
    away = y - m
    away = away - away.mean()  # m is rounded; what it lacks goes into the shift
    with np.errstate(divide="ignore", invalid="ignore"):
        low = -np.mean(ratio_gap(y / m, away / m))
        high = -np.mean(ratio_gap((1 - y) / rest, -away / rest))
    return float(low), float(high)


def _bend(t: FloatArray) -> FloatArray:
    """The mean of log(1 + s) over |s| <= t, for t in [0, 1]: - t^2/6 - t^4/20 - ..."""
    small, large = np.clip(t, 0.0, 0.1), np.clip(t, 0.1, 1.0)
    near = np.zeros_like(small)
    for k in range(8, 0, -1):
        near = np.square(small) * (near - 1 / (2 * k * (2 * k + 1)))
    rest = 1 - large
    far = ((1 + large) * np.log1p(large) - special.xlogy(rest, rest)) / (2 * large) - 1
    out: FloatArray = np.where(t <= 0.1, near, far)
    return out
