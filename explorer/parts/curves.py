"""Where curves over y are drawn, so that no peak is missed."""

from typing import Any

import numpy as np

from explorer.parts.inputs import Interval
from explorer.parts.plane import remembered
from explorer.scene import Array

HALF = np.append(np.linspace(0, 4, 21), [5.0, 7.0, 10.0, 15.0, 25.0, 50.0])
PEAK = np.append(-HALF[:0:-1], HALF)  # in widths; the last for tails that fall slowly
TOWARDS_ENDS = (1 - np.cos(np.linspace(0, np.pi, 161))) / 2
AWAY_FROM_ENDS = (TOWARDS_ENDS >= 0.02) & (TOWARDS_ENDS <= 0.98)


def places(model: Any, limits: Interval) -> Array:
    """Points over y for the curves of one model, dense at its peaks or its ends."""
    if np.isfinite(model.support).all():
        return TOWARDS_ENDS
    peaks = [_evenly(limits, 61)]
    for part in getattr(model, "components", (model,)):
        width = next(getattr(part, p.name) for p in part.parameters if p.role == "scale")
        peaks.append((float(part.mode()) + width * PEAK).clip(*limits))
    return np.sort(np.concatenate(peaks))


def inner(model: Any, curve: Array) -> Array:
    """A curve at `places` without what is close to ends at which it may be infinite."""
    return curve[AWAY_FROM_ENDS] if np.isfinite(model.support).all() else curve


def still(model: Any, limits: Interval) -> Array:
    """Points over y that stay where they are while the model moves."""
    return TOWARDS_ENDS if np.isfinite(model.support).all() else _evenly(limits, 161)


@remembered(64)
def _evenly(limits: Interval, count: int) -> Array:
    return np.linspace(*limits, count)


def reaching(part: Array) -> Array:
    """A curve of one sign, down to 0 on both sides, and nan elsewhere."""
    near = np.pad(part != 0, 1)
    return np.where(near[:-2] | near[1:-1] | near[2:], part, np.nan)
