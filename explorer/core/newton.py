"""Newton's method on losses that may rise where a step is too long."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .parameter import FloatArray


@np.errstate(all="ignore")
def newton(
    loss: Callable[[FloatArray], float], step: Callable[[FloatArray], FloatArray], at: FloatArray
) -> tuple[FloatArray, float]:
    """Where steps down lead to, each halved until the loss does not rise, and the loss there.

    They end with one that gains 1e-14 or less: of a Newton step's error only the square is left.
    """
    now = loss(at)
    for _ in range(500):
        change, rounding = step(at), 1e-14 * max(1.0, abs(now))
        while not (there := loss(at + change)) <= now + rounding and (at + change != at).any():
            change = 0.5 * change
        at, gain, now = at + change, now - there, there
        if not gain > rounding:
            break
    return at, now
