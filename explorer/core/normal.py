"""The Normal family on the real line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .family import Family
from .parameter import POSITIVE, REAL, FloatArray, Parameter, Value, refuse, varied
from .quadrature import AROUND, Points, normal_nodes
from .special import LOG_2PI, minus_log1p
from .symmetric import Symmetric


@dataclass(frozen=True, eq=False)
class Normal(Symmetric):
    """Normal distribution: p(y) = exp(-((y-mu)/sigma)^2 / 2) / (sigma sqrt(2 pi)).

    Parameters
    ----------
    mu : finite float or array
    sigma : positive float or array, the standard deviation; broadcasts against mu
    """

    mu: Value
    sigma: Value
    title: ClassVar = "Normal"
    parameters: ClassVar = (
        Parameter("mu", "μ", "mean", "location", REAL, "identity", 0.0),
        Parameter("sigma", "σ", "standard deviation", "scale", POSITIVE, "exp", 1.0),
    )

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """-((y-mu)/sigma)^2 / 2: half the squared error in units of sigma.

        It drops log sigma + log(2 pi)/2; log sigma may be dropped only while sigma is constant.
        """
        z = self._standardized(y)
        with np.errstate(over="ignore"):
            return -0.5 * z * z

    def log_normalizer(self) -> FloatArray:
        """log(sigma sqrt(2 pi))."""
        out: FloatArray = np.log(self.sigma) + 0.5 * LOG_2PI
        return out

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / d mu = (mu-y)/sigma^2 and d nll / d sigma = (1 - ((y-mu)/sigma)^2) / sigma."""
        z = self._standardized(y)
        with np.errstate(over="ignore"):
            return {"mu": -z / self.sigma, "sigma": (1 - z) * (1 + z) / self.sigma}

    def _terms(self, y: FloatArray) -> dict[str, Value]:
        """The sum of squares from the mean and the mean squared deviation of ``y`` alone."""
        if y.ndim > 1:
            squares = -self.log_kernel(y).sum(axis=0)
        else:
            middle, spread = _moments(y)
            with np.errstate(over="ignore"):
                z, w = (middle - self.mu) / self.sigma, spread / self.sigma
                squares = np.asarray(0.5 * y.size * (z * z + w * w))
        return {
            "*n* log *σ*": len(y) * np.log(self.sigma),
            "½ *n* log 2π": 0.5 * len(y) * LOG_2PI,
            "Σ(*yᵢ* − *μ*)² / 2*σ*²": squares,
        }

    def variance(self) -> FloatArray:
        """sigma^2."""
        with np.errstate(over="ignore"):
            return self._full(np.square(self.sigma))

    def entropy(self) -> FloatArray:
        """log(sigma sqrt(2 pi e)), in nats."""
        return self._full(0.5 + self.log_normalizer())

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        return np.asarray(rng.normal(self.mu, self.sigma, (*shape, *self._shape())))[()]

    def _standard_cdf(self, z: FloatArray) -> FloatArray:
        return np.asarray(special.ndtr(z))

    def _standard_reach(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        center = np.sqrt(2.0) * special.erfinv(inside)
        return np.where(inside < 0.5, center, -special.ndtri(0.5 * outside))

    def _standard_shortfall(self, z: FloatArray, order: int) -> FloatArray:
        with np.errstate(under="ignore", over="ignore"):
            below, at = special.ndtr(z), np.exp(-0.5 * (z * z + LOG_2PI))
        out: FloatArray = z * below + at if order == 1 else (z * z + 1) * below + z * at
        return out

    def _standard_ends(self) -> FloatArray:
        return AROUND

    def _nodes(self, unit: float) -> tuple[Points, FloatArray]:
        z, weight = normal_nodes(unit / float(self.sigma))
        return Points(np.full(z.shape, self.mu), self.sigma * z), weight

    def _cross_entropy_from(self, p: Family) -> FloatArray:
        """log(sigma sqrt(2 pi)) + [Var_p / sigma^2 + ((E_p - mu) / sigma)^2] / 2."""
        with np.errstate(over="ignore", invalid="ignore"):
            shift = p._mean_beyond(self.mu) / self.sigma
            spread = 0.5 * (p.variance() / np.square(self.sigma) + shift * shift)
        return self.log_normalizer() + np.where(np.isnan(spread), np.inf, spread)[()]

    def _compared(self, q: Normal) -> tuple[FloatArray, FloatArray, FloatArray]:
        """With r = sigma_p / sigma_q: r^2 - 1, log r and (mu_p - mu_q) / sigma_q."""
        r = np.divide(self.sigma, q.sigma)
        excess = np.divide(np.subtract(self.sigma, q.sigma), q.sigma) * (1 + r)
        apart = np.log(self.sigma) - np.log(q.sigma)
        log_r = np.where(np.abs(excess) < 0.3, 0.5 * np.log1p(excess), apart)
        return excess, log_r, np.subtract(self.mu, q.mu) / q.sigma

    def _kl(self, q: Normal) -> FloatArray:
        """[r^2 - 1 - log r^2 + ((mu_p - mu_q)/sigma_q)^2] / 2 with r = sigma_p / sigma_q."""
        with np.errstate(all="ignore"):
            excess, log_r, shift = self._compared(q)
            close = np.abs(excess) < 0.3
            spread = np.where(close, minus_log1p(excess), excess - 2 * log_r)
            out: FloatArray = 0.5 * (spread + shift * shift)
        return out[()]

    def _renyi(self, q: Normal, alpha: float, beta: float) -> FloatArray:
        """[alpha shift^2 / v + log(v) / beta - log r^2] / 2 with v = alpha + beta r^2.

        Here beta = 1 - alpha.  +inf unless v > 0; r and the shift as in _kl.
        """
        with np.errstate(all="ignore"):
            excess, log_r, shift = self._compared(q)
            v = 1 + beta * excess
            out = 0.5 * (alpha * shift * shift / v + np.log1p(beta * excess) / beta) - log_r
        result: FloatArray = np.where(v > 0, np.maximum(out, 0.0), np.inf)
        return result[()]

    @classmethod
    def _fit_mle(cls, y: ArrayLike) -> Normal:
        """Mean and root mean squared deviation (divided by n, not by n - 1)."""
        return cls(*_moments(varied(y)))

    @classmethod
    def _fit_cross_entropy(cls, p: Family) -> Normal:
        """The mean and the variance of p."""
        mean, variance = float(p.mean()), float(p.variance())
        if not np.isfinite(variance):
            refuse("p", p, "a family of finite variance")
        return cls(mean, float(np.sqrt(variance)))


def _moments(y: FloatArray) -> tuple[float, float]:
    """The mean and the root mean squared deviation, by exact differences where they are small."""
    unit = 2.0 ** np.floor(np.log2(np.abs(y).max() or 1.0))  # exact, and nothing overflows
    scaled: FloatArray = y / unit
    mu = scaled[0] + np.mean(scaled - scaled[0])
    mu = mu + np.mean(scaled - mu)
    far = np.abs(scaled - mu).max() or 1.0
    sigma = far * np.sqrt(np.mean(np.square((scaled - mu) / far)))
    return float(mu * unit), float(sigma * unit)
