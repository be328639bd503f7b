"""A network with one hidden layer, and the chain rule back through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .parameter import FloatArray, number, positive, whole

MOST_HIDDEN = 64


@dataclass(frozen=True)
class Network:
    """eta = W2 tanh(W1 z + b1) + b2 with z = (x - center) / scale; hidden = 0: eta = W2 z + b2.

    Its numbers phi are one flat array: W1 (hidden,), b1 (hidden,), W2 (outputs, hidden or 1) row by
    row, b2 (outputs,).

    Parameters
    ----------
    hidden : 0 to 64 tanh units
    outputs : 1 or more
    center, scale : of x, so that z is about 0 and of size 1

    Raises
    ------
    ValueError
        If one of them is out of its range.
    """

    hidden: int
    outputs: int
    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", whole("hidden", self.hidden, 0, MOST_HIDDEN))
        object.__setattr__(self, "outputs", whole("outputs", self.outputs, 1))
        number("center", self.center)
        positive("scale", self.scale)

    def count(self) -> int:
        """How many numbers phi holds."""
        return 2 * self.hidden + self.outputs * (max(self.hidden, 1) + 1)

    def start(self, seed: int) -> FloatArray:
        """Where training starts: W1 and b1 drawn, W2 and b2 zero, so that eta = 0 at every x.

        Made of uniform numbers and one product alone, and so the same on every platform.
        """
        drawn = np.random.Generator(np.random.PCG64(seed)).random((2, self.hidden))
        phi = np.zeros(self.count())
        slopes = 4 * drawn[0] - 2
        phi[: self.hidden] = slopes
        phi[self.hidden : 2 * self.hidden] = -slopes * (3 * drawn[1] - 1.5)  # tanh(0): |z| < 1.5
        return phi

    def weights(self) -> NDArray[np.bool_]:
        """Which entries of phi are weights, which weight decay draws to 0; biases are not."""
        out = np.zeros(self.count(), dtype=bool)
        out[: self.hidden] = True
        out[2 * self.hidden : -self.outputs] = True
        return out

    def __call__(self, phi: FloatArray, x: ArrayLike) -> FloatArray:
        """Eta (..., n, outputs) at the points x (n,), for one phi (count,) or many (..., count)."""
        return np.swapaxes(self._forward(np.asarray(phi), self._z(x))[1], -1, -2)

    def backward(self, phi: FloatArray, x: ArrayLike, d_eta: FloatArray) -> FloatArray:
        """The gradient (count,) by phi of a loss whose gradient by eta is d_eta (n, outputs)."""
        z = self._z(x)
        return self._backward(phi, z, self._forward(phi, z)[0], np.asarray(d_eta).T)

    def _z(self, x: ArrayLike) -> FloatArray:
        return (np.asarray(x, dtype=np.float64) - self.center) / self.scale

    def _parts(self, phi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        h, out = self.hidden, self.outputs
        w2 = phi[..., 2 * h : -out].reshape(*phi.shape[:-1], out, -1)
        return phi[..., :h, None], phi[..., h : 2 * h, None], w2, phi[..., -out:, None]

    def _forward(self, phi: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The hidden units (..., hidden, n) and eta (..., outputs, n)."""
        w1, b1, w2, b2 = self._parts(phi)
        units = np.tanh(w1 * z + b1) if self.hidden else z[None]
        return units, w2 @ units + b2

    def _backward(
        self, phi: FloatArray, z: FloatArray, units: FloatArray, d_eta: FloatArray
    ) -> FloatArray:
        """The chain rule from d_eta (outputs, n) back to phi."""
        h, out = self.hidden, self.outputs
        gradient = np.empty(self.count())
        gradient[-out:] = d_eta.sum(axis=1)
        gradient[2 * h : -out] = (d_eta @ units.T).ravel()
        if h:
            w2 = self._parts(phi)[2]
            d_inner = (w2.T @ d_eta) * (1 - units * units)
            gradient[:h] = d_inner @ z
            gradient[h : 2 * h] = d_inner.sum(axis=1)
        return gradient
