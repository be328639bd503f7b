"""Families on the real line that are symmetric about mu and have one maximum there."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from .family import Family
from .parameter import FloatArray, Value, probability, real_array
from .quadrature import Points


class Symmetric(Family):
    """A family with the density f(z) / scale, z = (y - mu) / scale, where f(-z) = f(z).

    What is stated of f, the standard member, gives all that is wanted of y.
    """

    mu: Value
    _scale_name: ClassVar[str] = "sigma"

    @property
    def _scale(self) -> Value:
        return getattr(self, self._scale_name)  # type: ignore[no-any-return]

    @abstractmethod
    def _standard_cdf(self, z: FloatArray) -> FloatArray:
        """The probability of at most z."""

    @abstractmethod
    def _standard_quantile(self, u: FloatArray) -> FloatArray:
        """The z with the probability u of at most z."""

    @abstractmethod
    def _standard_shortfall(self, z: FloatArray, order: int) -> FloatArray:
        """E[max(z - x, 0)^order] for order 1 or 2."""

    @abstractmethod
    def _standard_ends(self) -> FloatArray:
        """Panel ends that resolve f as far as it has mass, ascending."""

    def mode(self) -> FloatArray:
        """mu."""
        return self._full(self.mu)

    def mean(self) -> FloatArray:
        """mu."""
        return self.mode()

    def cdf(self, y: ArrayLike) -> FloatArray:
        return np.asarray(self._standard_cdf(self._standardized(y)))[()]

    def quantile(self, u: ArrayLike) -> FloatArray:
        z = self._standard_quantile(probability("u", u, nan=True))
        with np.errstate(over="ignore"):
            return np.asarray(self.mu + self._scale * z)[()]

    def _standardized(self, y: ArrayLike) -> FloatArray:
        y = self._observed(y)
        with np.errstate(over="ignore"):
            z: FloatArray = (y - self.mu) / self._scale
        return z

    def _shortfall(self, t: ArrayLike, order: int, side: int = 1) -> FloatArray:
        z = side * (real_array("t", t) - self.mu) / self._scale
        out: FloatArray = np.power(self._scale, order) * self._standard_shortfall(z, order)
        return out

    def _ends(self) -> Points:
        ends = self._scale * self._standard_ends()
        return Points(np.full(ends.shape, self.mu), ends)
