"""What goes in: real numbers, checked, and how a family describes each of its parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Never, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
"""float64 numbers; where everything that went in was a scalar, one ``np.float64``."""

Value: TypeAlias = float | FloatArray
"""A parameter as a family keeps it: a float, or a read-only array."""

_LONGEST = 300  # characters of a value in a message


class NoMaximum(ValueError):
    """The likelihood of some observations has no maximum; ``reason`` is why, as a clause."""

    def __init__(self, y: ArrayLike, allowed: str, reason: str, name: str = "y") -> None:
        self.reason = reason
        super().__init__(f"{_refusal(name, y, allowed)}; the likelihood has no maximum: {reason}")


TWO_VALUES = "two different values or more"


def refuse(name: str, value: object, allowed: str) -> Never:
    """Raise the ValueError that names what is bad, its value and what is allowed."""
    raise ValueError(_refusal(name, value, allowed))


def _refusal(name: str, value: object, allowed: str) -> str:
    text = repr(value)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}..."
    return f"{name} = {text}: allowed is {allowed}"


def real_array(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as float64; all but integers and floats is refused, never converted."""
    if type(value) is int:  # numpy turns whole numbers beyond 64 bits into objects
        value = float(value) if abs(value) < 2**1023 else math.inf if value > 0 else -math.inf
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "fiu":
        refuse(name, value, "a real number or an array of them")
    return array.astype(np.float64, copy=False)


def data(name: str, value: ArrayLike) -> FloatArray:
    """Return observations as a flat float64 array; there must be one, and all finite."""
    array = real_array(name, value).ravel()
    if array.size == 0 or not np.isfinite(array).all():
        refuse(name, value, "one finite number or more")
    return array


def varied(y: ArrayLike) -> FloatArray:
    """Return the observations ``y`` of a fit; there is NoMaximum where all are the same."""
    y = data("y", y)
    if (y == y[0]).all():
        what = "all observations are the same" if y.size > 1 else "there is one observation alone"
        raise NoMaximum(y, TWO_VALUES, f"{what}, and a narrower model is always likelier")
    return y


def positive(name: str, value: float) -> float:
    """Return ``value`` as one positive, finite float; anything else is refused."""
    number = real_array(name, value)
    if number.ndim or not 0 < number < np.inf:
        refuse(name, value, "a positive and finite number")
    return float(number)


def probability(name: str, value: ArrayLike, *, nan: bool = False) -> FloatArray:
    """Return ``value`` as float64 in [0, 1], else it is refused; nan passes if ``nan``."""
    p = real_array(name, value)
    if not ((p >= 0) & (p <= 1) | (np.isnan(p) & nan)).all():
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
