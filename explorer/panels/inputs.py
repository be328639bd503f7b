"""What a user hands to a panel, as floats; or a ValueError that says what is allowed."""

from collections.abc import Mapping
from contextlib import suppress
from numbers import Real
from typing import Any

import numpy as np


def real(name: str, value: Any, low: float, high: float) -> float:
    """`value` as a float in the closed interval from `low` to `high`."""
    if type(value) is not float and isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number beyond all floats
            value = float(value)
    if type(value) is float and low <= value <= high:
        return value
    raise ValueError(f"{name} = {value!r}: allowed is a number from {low:g} to {high:g}")


def column(name: str, values: Any, low: float, high: float) -> tuple[float, ...]:
    """`values` (a list, array or Series) as a non-empty tuple of floats from `low` to `high`."""
    allowed = f"allowed is a non-empty list or array of numbers from {low:g} to {high:g}"
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0)
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.number):
        raise ValueError(f"{name} = {values!r}: {allowed}")
    if np.iscomplexobj(array):
        raise ValueError(f"{name} = {values!r}: {allowed}")
    inside = (array >= low) & (array <= high)
    if not inside.all():
        index = int(np.argmin(inside))
        raise ValueError(f"{name}[{index}] = {array[index]}: {allowed}")
    return tuple(array.astype(float).tolist())


def intervals(
    limits: Any,
    defaults: Mapping[str, tuple[float, float]],
    domain: Mapping[str, tuple[float, float]],
) -> dict[str, tuple[float, float]]:
    """`limits` as a (low, high) pair for each name in `defaults`, from there where not given."""
    allowed = (
        f"allowed is {{name: (low, high)}} with low < high and a name of {', '.join(defaults)}"
    )
    if not isinstance(limits, Mapping):
        raise ValueError(f"limits = {limits!r}: {allowed}")
    pairs = dict(defaults)
    for name, pair in limits.items():
        if name not in defaults or np.shape(pair) != (2,):
            raise ValueError(f"limits = {{{name!r}: {pair!r}}}: {allowed}")
        low, high = (real(f"limits[{name!r}]", bound, *domain[name]) for bound in pair)
        if low >= high:
            raise ValueError(f"limits = {{{name!r}: {pair!r}}}: {allowed}")
        pairs[name] = (low, high)
    return pairs
