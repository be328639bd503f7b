"""What goes in: real numbers, checked, and how a family describes each of its parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, Literal, Never, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
"""float64 numbers; where everything that went in was a scalar, one ``np.float64``."""

Value: TypeAlias = float | FloatArray
"""A parameter as a family keeps it: a float, or a read-only array."""

Option = TypeVar("Option", str, int, str | int)

_LONGEST, _WHOLE = 120, 300  # characters of a value in a message, and of all of it


class NoMaximum(ValueError):
    """The likelihood of some observations has no maximum; ``reason`` is why, as a clause."""

    def __init__(self, value: object, allowed: str, reason: str, name: str = "y") -> None:
        self.reason = reason
        refusal = _refusal(name, value, allowed)
        super().__init__(f"{refusal}; the likelihood has no maximum: {reason}")


TWO_VALUES = "two different values or more"


def refuse(name: str, value: object, allowed: str) -> Never:
    """Raise the ValueError that names what is bad, its value and what is allowed."""
    raise ValueError(_refusal(name, value, allowed))


def _refusal(name: str, value: object, allowed: str) -> str:
    if isinstance(value, np.ma.MaskedArray):
        allowed += ", none of them masked"
    try:
        text = repr(value)
    except ValueError:  # of a whole number with thousands of digits
        text = f"a {type(value).__name__}"
    return _cut(f"{_cut(name, _LONGEST)} = {_cut(text, _LONGEST)}: allowed is {allowed}", _WHOLE)


def _cut(text: str, most: int) -> str:
    text = re.sub(r"\s+", " ", text[: 4 * most])
    return text if len(text) <= most else f"{text[: most - 3]}..."


def reals(value: Any, kinds: str = "fiu") -> FloatArray | None:
    """``value`` as float64 if it is of integers and floats alone, none of them masked."""
    if isinstance(value, Real) and not isinstance(value, bool | np.generic):
        try:
            value = float(value)
        except OverflowError:  # a whole number beyond all floats
            value = math.inf if value > 0 else -math.inf
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    if array.dtype.kind not in kinds or (
        isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)
    ):
        return None
    with np.errstate(over="ignore"):
        return array.astype(np.float64, copy=False)


def real_array(name: str, value: ArrayLike, *, labels: bool = False) -> FloatArray:
    """Return ``value`` as float64; all but integers and floats is refused, never converted.

    So are arrays of which a value is masked.  Of ``labels`` True is 1 and False is 0.
    """
    array = reals(value, "fiub" if labels else "fiu")
    if array is None:
        refuse(name, value, "a real number or an array of them")
    return array


def labels_of(name: str, value: Any) -> NDArray[Any]:
    """Return labels of any kind, numbers, truth values or texts, as an array; none is masked."""
    with suppress(TypeError, ValueError):
        array = np.asarray(value)
        masked = isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)
        if array.ndim and array.size and array.dtype.kind in "iufbUO" and not masked:
            return array
    refuse(name, value, "a non-empty list or array of labels")


def number(
    name: str, value: Any, low: float = -math.inf, high: float = math.inf, *, inside: bool = False
) -> float:
    """Return ``value`` as a finite float from ``low`` to ``high``, or if ``inside`` between them.

    Integers and floats of any size are taken, and arrays without dimensions.
    """
    if type(value) is float and low < value < high:
        return value
    array = reals(value)
    if array is not None and array.ndim == 0 and np.isfinite(array):
        found = float(array)
        if low < found < high or (not inside and low <= found <= high):
            return found
    refuse(name, value, _interval(low, high, inside))


def _interval(low: float, high: float, inside: bool) -> str:
    if math.isfinite(high):
        between = f"between {low:g} and {high:g}" if inside else f"from {low:g} to {high:g}"
        return f"a number {between}"
    if low == 0:
        return "a positive and finite number" if inside else "a finite number from 0 on"
    return f"a finite number from {low:g} on" if math.isfinite(low) else "a finite number"


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return ``value``, an integer or a float without decimals, as an int from low to high."""
    with suppress(ValueError):
        found = number(name, value, low, math.inf if high is None else high)
        if found.is_integer():
            return int(found)
    refuse(name, value, f"a whole number from {low} {'on' if high is None else f'to {high}'}")


def one_of(name: str, value: Any, options: Collection[Option]) -> Option:
    """The option, a text or a whole number, that equals ``value``."""
    if isinstance(value, str | Integral) and not isinstance(value, bool):
        for option in options:
            if option == value:
                return option
    refuse(name, value, f"one of {', '.join(map(repr, options))}")


def data(name: str, value: ArrayLike, *, labels: bool = False) -> FloatArray:
    """Return observations as a flat float64 array; there must be one, and all finite."""
    array = real_array(name, value, labels=labels).ravel()
    if array.size == 0 or not np.isfinite(array).all():
        refuse(name, value, "one finite number or more")
    return array


def varied(y: ArrayLike) -> FloatArray:
    """Return the observations ``y`` of a fit; there is NoMaximum where all are the same.

    So are those whose differences have lost digits, as all below 2.2e-308 have.
    """
    y = data("y", y)
    with np.errstate(over="ignore"):
        apart = np.ptp(y)
    if apart < np.finfo(np.float64).tiny:
        what = "all observations are the same" if y.size > 1 else "there is one observation alone"
        raise NoMaximum(y, TWO_VALUES, f"{what}, and a narrower model is always likelier")
    return y


def positive(name: str, value: float) -> float:
    """Return ``value`` as one positive, finite float; anything else is refused."""
    return number(name, value, 0.0, inside=True)


def probability(name: str, value: ArrayLike, *, nan: bool = False) -> FloatArray:
    """Return ``value`` as float64 in [0, 1], else it is refused; nan passes if ``nan``."""
    p = real_array(name, value)
    if p.size == 0 or not ((p >= 0) & (p <= 1) | (np.isnan(p) & nan)).all():
        refuse(name, value, "a number from 0 to 1")
    return p


REAL, POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
Role: TypeAlias = Literal["location", "scale", "shape", "probability", "weight", "logit"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a family: all that a check, a slider, an axis or a network has to know.

    ``name`` is the family's field, ``symbol`` what the field of statistics writes and ``label``
    the plain words.  ``domain`` is an open interval, or a closed one if ``closed``; ``link`` leads
    from the real line into it.  ``start`` is a sensible value, in units of the data for a location
    or scale.  A "weight" counts by its share of the sum of all weights.
    """

    name: str
    symbol: str
    label: str
    role: Role
    domain: tuple[float, float]
    link: Literal["identity", "exp", "softplus", "sigmoid", "softmax"]
    start: float
    closed: bool = False

    @property
    def allowed(self) -> str:
        """The domain in words."""
        low, high = self.domain
        if math.isfinite(high):
            return f"a number from {low:g} to {high:g}"
        if low == 0:
            return "a positive and finite number"
        return "a number, -inf and inf included" if self.closed else "a finite number"

    def checked(self, value: ArrayLike) -> Value:
        """Return ``value`` as a float or a read-only array; what leaves the domain is refused."""
        low, high = self.domain
        if type(value) is float and low < value < high:
            return value
        array = np.array(real_array(self.name, value))
        inside = (low <= array) & (array <= high) if self.closed else (low < array) & (array < high)
        if array.size == 0 or not inside.all():
            refuse(self.name, value, self.allowed)
        array.flags.writeable = False
        return array if array.ndim else float(array)

    def of(self, index: int, label: str = "") -> Parameter:
        """The same parameter of one component of several, or of one class."""
        below = "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(index))
        return replace(self, symbol=f"{self.symbol}{below}", label=f"{label or self.label} {index}")
