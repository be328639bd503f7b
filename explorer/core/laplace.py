"""The Laplace family on the real line: the loss is the absolute error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from .family import Family
from .parameter import POSITIVE, REAL, FloatArray, Parameter, Value, varied
from .special import minus_log1p, ratio_gap
from .symmetric import Symmetric

LOG_2 = float(np.log(2))
_REACH = np.array([0.5, 1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 30.0, 45.0])


@dataclass(frozen=True, eq=False)
class Laplace(Symmetric):
    """Laplace distribution: p(y) = exp(-|y - mu| / scale) / (2 scale).

    Parameters
    ----------
    mu : finite float or array
    scale : positive float or array, the mean distance from mu; broadcasts against mu
    """

    mu: Value
    scale: Value
    title: ClassVar = "Laplace"
    parameters: ClassVar = (
        Parameter("mu", "μ", "location", "location", REAL, "identity", 0.0),
        Parameter("scale", "b", "scale", "scale", POSITIVE, "exp", 1.0),
    )
    _scale_name: ClassVar = "scale"

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """-|y - mu| / scale: the absolute error in units of scale.  It drops log(2 scale)."""
        return -np.abs(self._standardized(y))

    def log_normalizer(self) -> FloatArray:
        """log(2 scale)."""
        out: FloatArray = np.log(self.scale) + LOG_2
        return out

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / d mu = sign(mu - y) / scale and d nll / d scale = (1 - |y - mu|/scale) / scale.

        At y = mu, where the loss has a kink, the first is 0, the middle of its slopes.
        """
        z = self._standardized(y)
        with np.errstate(over="ignore"):
            return {"mu": -np.sign(z) / self.scale, "scale": (1 - np.abs(z)) / self.scale}

    def _terms(self, y: FloatArray) -> dict[str, Value]:
        """The sum of distances by the sorted ``y``, in few steps for every mu."""
        if y.ndim > 1:
            distances = -self.log_kernel(y).sum(axis=0)
        else:
            y = np.sort(y)
            middle = y[y.size // 2]
            away, mu = y - middle, np.asarray(self.mu - middle)
            below = np.searchsorted(away, mu)
            sums = np.concatenate([[0.0], np.cumsum(away)])
            distances = ((2 * below - y.size) * mu + sums[-1] - 2 * sums[below]) / self.scale
        return {
            "*n* log *b*": len(y) * np.log(self.scale),
            "*n* log 2": len(y) * LOG_2,
            "Σ|*yᵢ* − *μ*| / *b*": distances,
        }

    def variance(self) -> FloatArray:
        """2 scale^2."""
        with np.errstate(over="ignore"):
            return self._full(2 * np.square(self.scale))

    def entropy(self) -> FloatArray:
        """1 + log(2 scale), in nats."""
        return self._full(1 + self.log_normalizer())

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        return np.asarray(rng.laplace(self.mu, self.scale, (*shape, *self._shape())))[()]

    def _standard_cdf(self, z: FloatArray) -> FloatArray:
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0, tail, 1 - tail)

    def _standard_reach(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        return -np.where(inside < 0.5, np.log1p(-inside), np.log(outside))

    def _standard_shortfall(self, z: FloatArray, order: int) -> FloatArray:
        tail = np.exp(-np.abs(z))
        if order == 1:
            return np.where(z < 0, 0.5 * tail, z + 0.5 * tail)
        return np.where(z < 0, tail, z * z + 2 - tail)

    def _standard_ends(self) -> FloatArray:
        return np.concatenate([-_REACH[::-1], [0.0], _REACH])

    def _cross_entropy_from(self, p: Family) -> FloatArray:
        """log(2 scale) + E|y - mu| / scale for y from p."""
        return self.log_normalizer() + p._distance(self.mu) / self.scale

    def _kl(self, q: Laplace) -> FloatArray:
        """r - 1 - log r + r (e^-s + s - 1), r = scale_p / scale_q, s = |mu_p - mu_q| / scale_p."""
        with np.errstate(all="ignore"):
            r = np.divide(self.scale, q.scale)
            s = np.abs(np.subtract(self.mu, q.mu)) / self.scale
            scales = ratio_gap(r, np.subtract(self.scale, q.scale) / q.scale)
            near = minus_log1p(np.expm1(-np.minimum(s, 1.0)))
            means = np.where(s < 1, r * near, s * r + r * np.expm1(-s))
        return np.asarray(scales + means)[()]

    @classmethod
    def _fit_mle(cls, y: ArrayLike) -> Laplace:
        """The median and the mean distance from it."""
        half = varied(y) / 2  # no sum of two overflows
        mu = float(np.median(half))
        distances = np.abs(half - mu)
        far = distances.max()
        return cls(2 * mu, float(2 * far * np.mean(distances / far)))

    @classmethod
    def _fit_cross_entropy(cls, p: Family) -> Laplace:
        """The median of p and the mean distance from it."""
        mu = float(p.quantile(0.5))
        return cls(mu, float(p._distance(mu)))
