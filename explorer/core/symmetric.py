"""Families on the real line that are symmetric about mu and have one maximum there."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from .family import Family
from .parameter import FloatArray, Value, probability, real_array
from .quadrature import Points


_FAR = 1e140  # scales from mu: all is below, as far as float64 can tell


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
    def _standard_reach(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        """The z with these probabilities of |x| < z and |x| > z, of which the smaller is exact."""

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

    def _survival(self, y: ArrayLike | Points) -> FloatArray:
        return np.asarray(self._standard_cdf(-self._standardized(y)))[()]

    def quantile(self, u: ArrayLike) -> FloatArray:
        u = probability("u", u, nan=True)
        reach = self._reach(2 * np.abs(u - 0.5), 2 * np.minimum(u, 1 - u))
        with np.errstate(over="ignore"):
            return np.asarray(self.mu + np.copysign(reach, u - 0.5))[()]

    def _reach(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        """The distance from mu that has these probabilities on its two sides."""
        with np.errstate(all="ignore"):
            out: FloatArray = self._scale * self._standard_reach(inside, outside)
        return out

    def _standardized(self, y: ArrayLike | Points) -> FloatArray:
        y = self._observed(y)
        with np.errstate(over="ignore"):
            z: FloatArray = (y - self.mu) / self._scale
        return z

    def _shortfall(self, t: ArrayLike, order: int, side: int = 1) -> FloatArray:
        with np.errstate(all="ignore"):
            away = side * (real_array("t", t) - self.mu)
            z = away / self._scale
            far = np.abs(z) > _FAR
            near = np.clip(z, -_FAR, _FAR) if far.any() else z
            out: FloatArray = np.power(self._scale, order) * self._standard_shortfall(near, order)
            return np.where(far & (z > 0), np.power(away, order), out)[()] if far.any() else out

    def _ends(self) -> Points:
        ends = self._scale * self._standard_ends()
        return Points(np.full(ends.shape, self.mu), ends)
