"""Scales for data of any unit: windows, steps and limits that are round numbers."""

import math

import numpy as np
from numpy.typing import NDArray

from explorer.spec import number

LADDER = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)


def ceiling(value: float, ladder: tuple[float, ...] = LADDER) -> float:
    """The smallest step of `ladder`, times a power of ten, that is at least `value` > 0."""
    scale = 10.0 ** math.floor(math.log10(value))
    step = next(s for s in ladder if s * scale >= value * (1 - 1e-12))
    return float(f"{step * scale:.12g}")


def fine_step(low: float, high: float) -> float:
    """A slider's step: about one in 400 of its range, a 1, 2 or 5 with noughts."""
    return ceiling((high - low) / 500, (1.0, 2.0, 5.0, 10.0))


def decimals(step: float) -> int:
    """How many decimals show every position of a slider with this step."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def window(values: NDArray[np.float64], margin: float) -> tuple[float, float]:
    """Round ends that leave at least `margin` beside the values."""
    step = ceiling(margin / 2, (1.0, 2.0, 5.0, 10.0))
    low = math.floor((values.min() - margin) / step) * step
    high = math.ceil((values.max() + margin) / step) * step
    return float(f"{low:.12g}"), float(f"{high:.12g}")


def spread(values: NDArray[np.float64]) -> float:
    """The standard deviation; where that is nothing, a tenth of the values' size or 1."""
    size = float(np.abs(values).max())
    width = float(values.std())
    return width if width > 1e-9 * size else 0.1 * size or 1.0


def limits_above(low: float, high: float, unit: float) -> NDArray[np.float64]:
    """Axis limits from a multiple of `unit` below `low` to a round way above it, beyond `high`."""
    bottom = math.floor(low / unit) * unit
    return np.array([bottom, bottom + ceiling(high - bottom)])


def limits_around(low: float, high: float) -> NDArray[np.float64]:
    """Axis limits that hold 0, `low` and `high` and move in steps only."""
    bottom = -ceiling(-low) if low < 0 else 0.0
    return np.array([bottom, ceiling(high) if high > 0 else 0.0 if bottom else 1.0])


def amount(value: float, least: float = 0.0, most: float = 1e5) -> str:
    """A number with three decimals; of a size not between `least` and `most`, by powers of ten."""
    if value == 0 or not math.isfinite(value) or least <= abs(value) < most:
        return number(value)
    digits, exponent = f"{value:.3e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits.replace('-', '−')}·10{raised}"
