"""Steps, windows and limits that are round numbers, for data of any unit."""

import math
from typing import Any

import numpy as np

from explorer.parts.inputs import FINEST, Interval
from explorer.scene import Array, tidy

ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
ONE_TWO_FIVE = (1.0, 2.0, 5.0, 10.0)
STEPS = 500  # of a slider: at most so many from its lowest to its highest position


def ceiling(value: float, ladder: tuple[float, ...] = ROUND) -> float:
    """The smallest step of `ladder`, times a power of ten, that is at least `value` > 0."""
    value = max(value, 1e-300)  # below, steps have no digits of their own
    scale = 10.0 ** math.floor(math.log10(value))  # or a tenth of it, by rounding
    steps = (step * size for size in (scale, 10 * scale) for step in ladder)
    return tidy(next(step for step in steps if step >= value * (1 - 1e-12)))


def fine_step(low: float, high: float, steps: int = STEPS) -> float:
    """A slider's step: a 1, 2 or 5 with zeros, so that there are at most `steps` of it."""
    return ceiling((high - low) / steps, ONE_TWO_FIVE)


def decimals(step: float) -> int:
    """How many decimals tell every position of a slider with this step apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def window(values: Any, margin: float) -> Interval:
    """Round ends that leave at least `margin` beside the values."""
    return rounded(float(np.min(values)) - margin, float(np.max(values)) + margin, margin / 2)


def rounded(low: float, high: float, unit: float) -> Interval:
    """The interval widened to multiples of a round number that is at least `unit`."""
    step = ceiling(unit, ONE_TWO_FIVE)
    return tidy(math.floor(low / step) * step), tidy(math.ceil(high / step) * step)


def spread(values: Array) -> float:
    """The standard deviation; where that is nothing, a tenth of the values' size or 1.

    What is below ``FINEST`` is nothing.
    """
    size = float(np.abs(values).max())
    width = float(values.std())
    width = width if width > 1e-9 * size else 0.1 * size
    return width if width >= FINEST else 1.0


def limits_above(low: float, high: float, unit: float) -> Interval:
    """Axis limits from a multiple of `unit` below `low` to a round way above it, beyond `high`."""
    bottom = math.floor(low / unit) * unit
    return bottom, bottom + ceiling(high - bottom)


def limits_around(low: float, high: float) -> Interval:
    """Axis limits that hold 0, `low` and `high` and move in steps only."""
    bottom = -ceiling(-low) if low < 0 else 0.0
    return bottom, ceiling(high) if high > 0 else 0.0 if bottom else 1.0
