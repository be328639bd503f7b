"""What a user hands to a panel, as floats; or a ValueError that says what is allowed."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from numbers import Integral, Real
from typing import Any, TypeAlias, TypeVar

import numpy as np

from explorer.core import refuse as refuse

Interval: TypeAlias = tuple[float, float]
Limits: TypeAlias = Mapping[str, Interval]
Numbers: TypeAlias = tuple[float, ...]
Option = TypeVar("Option", str, int, str | int)


def real(name: str, value: Any, low: float, high: float) -> float:
    """`value` as a float in the closed interval from `low` to `high`."""
    number = value
    if type(value) is not float and isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number beyond all floats
            number = float(value)
    if type(number) is float and low <= number <= high:
        return number
    refuse(name, value, f"a number from {low:g} to {high:g}")


def whole(name: str, value: Any, low: int, high: int) -> int:
    """`value` as a whole number from `low` to `high`."""
    with suppress(ValueError):
        number = real(name, value, low, high)
        if number.is_integer():
            return int(number)
    refuse(name, value, f"a whole number from {low} to {high}")


def one_of(name: str, value: Any, options: Collection[Option]) -> Option:
    """The option, a text or a whole number, that equals `value`."""
    if isinstance(value, str | Integral) and not isinstance(value, bool):
        for option in options:
            if option == value:
                return option
    refuse(name, value, "one of " + ", ".join(map(repr, options)))


def column(name: str, values: Any, low: float, high: float, most: int | None = None) -> Numbers:
    """`values` (a list, array or Series) as a non-empty tuple of floats from `low` to `high`."""
    allowed = f"a non-empty list or array of numbers from {low:g} to {high:g}"
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0)
    kind = array.dtype.kind
    if array.ndim != 1 or array.size == 0 or kind not in "iuf":
        refuse(name, values, allowed)
    if most is not None and array.size > most:
        raise ValueError(f"{name} has {array.size} values: allowed are at most {most}")
    inside = (array >= low) & (array <= high)
    if not inside.all():
        index = int(np.argmin(inside))
        refuse(f"{name}[{index}]", array[index].item(), allowed)
    return tuple(array.astype(float).tolist())


def intervals(limits: Any, defaults: Limits, domains: Limits) -> dict[str, Interval]:
    """`limits` as a (low, high) pair for each name in `defaults`, from there where not given."""
    allowed = f"{{name: (low, high)}} with low < high and a name of {', '.join(defaults)}"
    if not isinstance(limits, Mapping):
        refuse("limits", limits, allowed)
    pairs = dict(defaults)
    for name, pair in limits.items():
        if name not in defaults or np.shape(pair) != (2,):
            refuse("limits", {name: pair}, allowed)
        low, high = (real(f"limits[{name!r}]", bound, *domains[name]) for bound in pair)
        if low >= high:
            refuse("limits", {name: pair}, allowed)
        pairs[name] = (low, high)
    return pairs


def hull(interval: Interval, *values: float) -> Interval:
    """The interval made wide enough for the values."""
    return min((interval[0], *values)), max((interval[1], *values))
