"""The Beta family on [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .family import Family, FloatArray, Parameter, data, real_array
from .special import log_beta


@dataclass(frozen=True, eq=False)
class Beta(Family):
    """Beta distribution: p(y) = y^(a-1) (1-y)^(b-1) / B(a, b) for y in [0, 1].

    Parameters
    ----------
    a, b : positive floats or arrays that broadcast

    Raises
    ------
    ValueError
        If a or b is not positive and finite, or their shapes do not broadcast.
    """

    a: Parameter
    b: Parameter

    def __post_init__(self) -> None:
        self._set_real("a", positive=True)
        self._set_real("b", positive=True)
        self._check_shapes(a=self.a, b=self.b)

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """(a-1) log y + (b-1) log(1-y); -inf outside [0, 1].

        It drops log B(a, b), which depends on a and b: as a loss it ranks parameters wrongly.
        """
        y = self._observed(y)
        with np.errstate(all="ignore"):
            out = special.xlogy(self.a - 1, y) + special.xlog1py(self.b - 1, -y)
        return np.where((y < 0) | (y > 1), -np.inf, out)[()]

    def log_normalizer(self) -> FloatArray:
        """log B(a, b)."""
        return log_beta(self.a, self.b)

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / da = psi(a) - psi(a+b) - log y, d nll / db likewise with 1-y.

        Zero outside [0, 1], where the loss is infinite whatever a and b are.
        """
        y = self._observed(y)
        inside = ~((y < 0) | (y > 1))
        psi_n = special.psi(self.a + self.b)
        with np.errstate(all="ignore"):
            d_a = special.psi(self.a) - psi_n - np.log(y)
            d_b = special.psi(self.b) - psi_n - np.log1p(-y)
        return {"a": np.where(inside, d_a, 0.0)[()], "b": np.where(inside, d_b, 0.0)[()]}

    def mode(self) -> FloatArray:
        """(a-1)/(a+b-2) for a, b > 1, else the end with the higher density.

        nan where the mode is not one point: a = b = 1 (every point), both below 1 (both ends).
        """
        a, b = np.asarray(self.a), np.asarray(self.b)
        with np.errstate(all="ignore"):
            inner = (a - 1) / ((a - 1) + (b - 1))
        at_zero, at_one = (a <= 1) & (b >= 1), (a >= 1) & (b <= 1)
        out = np.where(at_zero, 0.0, np.where(at_one, 1.0, inner))
        return np.where((at_zero & at_one) | ((a < 1) & (b < 1)), np.nan, out)[()]

    def mean(self) -> FloatArray:
        """a / (a+b)."""
        return np.divide(1, 1 + np.divide(self.b, self.a))

    def variance(self) -> FloatArray:
        """a b / ((a+b)^2 (a+b+1))."""
        m = self.mean()
        return m * (1 - m) / (self.a + self.b + 1)

    def entropy(self) -> FloatArray:
        """log B - (a-1) psi(a) - (b-1) psi(b) + (a+b-2) psi(a+b), in nats."""
        a, b = self.a, self.b
        n = a + b
        return (
            self.log_normalizer()
            - (a - 1) * special.psi(a)
            - (b - 1) * special.psi(b)
            + (n - 2) * special.psi(n)
        )

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw from ``rng``; ``shape`` comes before the parameters' own shape."""
        own = np.broadcast_shapes(np.shape(self.a), np.shape(self.b))
        return rng.beta(self.a, self.b, (*shape, *own))

    def _observed(self, y: ArrayLike) -> FloatArray:
        y = real_array("y", y)
        if y.ndim:
            self._check_shapes(y=y, a=self.a, b=self.b)
        return y

    @classmethod
    def _fit_mle(cls, y: ArrayLike) -> Beta:
        y = data("y", y)
        if not ((y > 0) & (y < 1)).all():
            raise ValueError(f"y must lie strictly between 0 and 1 for a Beta maximum, got {y!r}")
        if np.ptp(y) == 0:
            raise ValueError(
                f"y must hold two different values: with one the likelihood has no maximum, got {y!r}"
            )
        goal = np.array([np.log(y).mean(), np.log1p(-y).mean()])
        m, v = y.mean(), y.var()
        x = np.log(np.array([m, 1 - m]) * max(m * (1 - m) / v - 1, 1e-3))
        for _ in range(200):
            p = np.exp(x)
            n = p.sum()
            g = (special.psi(p) - special.psi(n) - goal) * p
            h = np.diag(special.polygamma(1, p) * p * p + g) - special.polygamma(1, n) * np.outer(p, p)
            if np.linalg.eigvalsh(h)[0] <= 0:
                h -= np.diag(np.minimum(g, 0))
            step = np.linalg.solve(h, g)
            x = x - step / max(1.0, np.abs(step).max())
            if np.abs(step).max() < 1e-13:
                break
        return cls(*np.exp(x).tolist())
