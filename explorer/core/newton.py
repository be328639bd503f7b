"""Newton's method on losses that may rise where a step is too long."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .parameter import FloatArray


@np.errstate(all="ignore")
def newton(
    loss: Callable[[FloatArray], float],
    step: Callable[[FloatArray], FloatArray],
    at: FloatArray,
    most: int = 500,
) -> tuple[FloatArray, float]:
    """Where steps down lead to, each halved until the loss does not rise, and the loss there.

    They end with one that gains 1e-14 or less: of a Newton step's error only the square is left.
    At ``most`` so many are made.
    """
    now = loss(at)
    for _ in range(most):
        change, rounding = step(at), 1e-14 * max(1.0, abs(now))
        while not (there := loss(at + change)) <= now + rounding and (at + change != at).any():
            change = 0.5 * change
        at, gain, now = at + change, now - there, there
        if not gain > rounding:
            break
    return at, now


@np.errstate(all="ignore")
def minimum(
    loss: Callable[[FloatArray], float],
    slopes: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    at: FloatArray,
) -> tuple[float, FloatArray] | None:
    """The loss at the minimum that steps down lead to, and where it is; None if none is reached.

    ``slopes`` gives the gradient and the Hessian.  Where the loss bends down, a step goes as far as
    it would if it bent up by as much, so that saddles repel, and on, twice as far each time, while
    that leads lower; a saddle that is met exactly is left along its steepest bend.  At what is
    returned the Hessian is positive semi-definite.
    """

    def bends(at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """The curvatures, with 1 each parameter's own size, their ways, the step, the gain."""
        gradient, hessian = slopes(at)
        diagonal = np.abs(np.diag(hessian))
        size = 1 / np.sqrt(np.maximum(diagonal, 1e-14 * diagonal.max()))
        scaled = hessian * size * size[:, None]
        if not (np.isfinite(scaled).all() and np.isfinite(gradient).all()):
            return np.full(1, np.nan), np.zeros((1, 1)), np.zeros_like(at), np.inf
        curvature, ways = np.linalg.eigh(scaled)
        step = -ways @ (ways.T @ (gradient * size) / np.maximum(np.abs(curvature), 1e-12)) * size
        return curvature, ways * size[:, None], step, abs(float(gradient @ step))

    def step(at: FloatArray) -> FloatArray:
        curvature, _, change, _ = bends(at)
        if curvature[0] < 0:
            there = loss(at + change)
            while (further := loss(at + 2 * change)) < there:
                change, there = 2 * change, further
        return change

    for _ in range(8):
        at, least = newton(loss, step, at, most=60)
        curvature, ways, _, gain = bends(at)
        if not gain <= 1e-9 * max(1.0, abs(least)):
            return None
        if curvature[0] > -1e-7:
            return least, at
        at = min((at + ways[:, 0], at - ways[:, 0]), key=loss)
    return None
