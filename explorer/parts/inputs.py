"""What a user hands to a panel, as floats; or a ValueError that says what is allowed."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np

from explorer.core.parameter import number as real
from explorer.core.parameter import one_of, reals, refuse, whole

Interval: TypeAlias = tuple[float, float]
Limits: TypeAlias = Mapping[str, Interval]
Numbers: TypeAlias = tuple[float, ...]

FINEST = 1e-12  # difference of observations: on a finer axis no slider has its digits
DIGITS = 10  # in which the ends of a slider differ, so that its positions do in twelve

__all__ = [
    "FINEST", "Interval", "Limits", "Numbers", "column", "hull", "intervals", "measured", "one_of",
    "real", "refuse", "texts", "whole",
]  # fmt: skip


def column(name: str, values: Any, low: float, high: float, most: int | None = None) -> Numbers:
    """`values` (a list, array or Series) as a non-empty tuple of floats from `low` to `high`."""
    allowed = f"a non-empty list or array of numbers from {low:g} to {high:g}"
    array = reals(values)
    if array is None or array.ndim != 1 or array.size == 0:
        refuse(name, values, allowed)
    if most is not None and array.size > most:
        raise ValueError(f"{name} has {array.size} values: allowed are at most {most}")
    inside = (array >= low) & (array <= high)
    if not inside.all():
        index = int(np.argmin(inside))
        refuse(f"{name}[{index}]", np.asarray(values)[index].item(), allowed)
    return tuple(array.tolist())


def measured(name: str, values: Any, low: float, high: float, most: int) -> Numbers:
    """A `column` of observations, whose differences an axis can show."""
    data = column(name, values, low, high, most)
    if 0 < max(data) - min(data) < FINEST:
        refuse(name, values, f"numbers that are the same, or of which two differ by {FINEST:g}")
    return data


def intervals(limits: Any, defaults: Limits, domains: Limits) -> dict[str, Interval]:
    """`limits` as a (low, high) pair for each name in `defaults`, from there where not given."""
    allowed = f"{{name: (low, high)}} with low < high and a name of {', '.join(defaults)}"
    if not isinstance(limits, Mapping):
        refuse("limits", limits, allowed)
    pairs = dict(defaults)
    for name, pair in limits.items():
        ends: tuple[Any, ...] = ()
        with suppress(TypeError):
            ends = tuple(pair)
        if name not in defaults or len(ends) != 2:
            refuse("limits", {name: pair}, allowed)
        low, high = (real(f"limits[{name!r}]", end, *domains[name]) for end in ends)
        if low >= high:
            refuse("limits", {name: pair}, allowed)
        if high - low < 0.1**DIGITS * max(abs(low), abs(high)):
            refuse("limits", {name: pair}, f"ends that differ in their first {DIGITS} digits")
        pairs[name] = (low, high)
    return pairs


def texts(name: str, values: Any, counts: Collection[int], allowed: str) -> tuple[str, ...]:
    """`values` (a list, array or Series) as a tuple of texts, of which there may be so many."""
    if not isinstance(values, str | bytes | Mapping):
        with suppress(TypeError):
            found = tuple(values)
            if len(found) in counts and all(isinstance(value, str) for value in found):
                return tuple(map(str, found))
    refuse(name, values, allowed)


def hull(interval: Interval, *values: float) -> Interval:
    """The interval made wide enough for the values."""
    return min((interval[0], *values)), max((interval[1], *values))
