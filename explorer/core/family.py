"""What all families share: how they are validated, compared, and how a loss follows from them.

A family is a frozen dataclass of its parameters.  It states two things, the log of what is written
after "p(y) is proportional to" and the log of the constant that makes it integrate to one; the
log-density and the loss follow from these here, once for all.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
"""float64 numbers; where everything that went in was a scalar, one ``np.float64``."""

Parameter: TypeAlias = float | FloatArray
"""A parameter as a family keeps it: a float, or a read-only array."""


def real_array(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as float64; integers and float32 are widened, nothing else is converted.

    Raises
    ------
    ValueError
        If it is complex, boolean, text, ragged or otherwise not real numbers.
    """
    if type(value) is int:  # numpy turns whole numbers beyond 64 bits into objects
        value = float(value) if abs(value) < 2**1023 else math.inf if value > 0 else -math.inf
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array of real numbers, got {value!r}") from None
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be real numbers, got {array.dtype} {value!r}")
    return array.astype(np.float64, copy=False)


def data(name: str, value: ArrayLike) -> FloatArray:
    """Return observations as a flat float64 array.

    Raises
    ------
    ValueError
        If they are no real numbers, none at all, or not all finite.
    """
    array = real_array(name, value).ravel()
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one observation, got none")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {value!r}")
    return array


def positive(name: str, value: float) -> float:
    """Return ``value`` as one positive, finite float.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    number = real_array(name, value)
    if number.ndim or not 0 < number < np.inf:
        raise ValueError(f"{name} must be one positive and finite number, got {value!r}")
    return float(number)


def probability(name: str, value: ArrayLike, *, nan: bool = False) -> FloatArray:
    """Return ``value`` as float64 in [0, 1]; nan passes if ``nan``.

    Raises
    ------
    ValueError
        If it lies outside.
    """
    p = real_array(name, value)
    if not ((p >= 0) & (p <= 1) | (np.isnan(p) & nan)).all():
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
    return p


class Family(ABC):
    """A parametric family of distributions; see the module's docstring.

    Parameters may be arrays, which broadcast against each other and against ``y``.  Everything is
    float64; logarithms are natural and losses in nats.
    """

    def _set_real(self, name: str, *, positive: bool = False, infinite: bool = False) -> None:
        """Replace the named parameter by a float or a read-only array, if it is in its domain."""
        value = getattr(self, name)
        if type(value) is not float:
            array = real_array(name, value)
            value = float(array) if array.ndim == 0 else array.copy()
        if isinstance(value, float):  # the quick way: panels make scalar families at every tick
            good = math.isfinite(value) or (infinite and not math.isnan(value))
            good = good and (value > 0 or not positive)
        else:
            value.flags.writeable = False
            good = value.size > 0 and bool(
                (~np.isnan(value) if infinite else np.isfinite(value)).all()
            )
            good = good and (not positive or bool((value > 0).all()))
        if not good:
            domain = "positive and finite" if positive else "not nan" if infinite else "finite"
            raise ValueError(f"{name} must be {domain}, got {getattr(self, name)!r}")
        object.__setattr__(self, name, value)

    def _parameters(self) -> dict[str, Parameter]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def _shape(self) -> tuple[int, ...]:
        """The shape that the parameters broadcast to."""
        return np.broadcast_shapes(*(np.shape(value) for value in self._parameters().values()))

    def _observed(self, y: ArrayLike) -> FloatArray:
        """Return ``y`` as float64, if its shape broadcasts against the parameters'."""
        values = real_array("y", y)
        if values.ndim and not all(type(v) is float for v in vars(self).values()):
            self._check_shapes(y=values, **self._parameters())
        return values

    @staticmethod
    def _check_shapes(**arrays: Parameter) -> None:
        """Raise a ValueError that names the arrays unless their shapes broadcast."""
        shapes = {name: np.shape(array) for name, array in arrays.items()}
        if sum(map(bool, shapes.values())) > 1:
            try:
                np.broadcast_shapes(*shapes.values())
            except ValueError:
                told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
                raise ValueError(f"shapes must broadcast, got {told}") from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Family) or type(self) is not type(other):
            return NotImplemented
        mine, theirs = self._parameters().values(), other._parameters().values()
        return all(map(np.array_equal, mine, theirs))

    def __hash__(self) -> int:
        values = map(np.asarray, self._parameters().values())
        return hash((type(self), *((value.shape, value.tobytes()) for value in values)))

    @abstractmethod
    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """Log of what is written after "p(y) is proportional to"; -inf off the support."""

    @abstractmethod
    def log_normalizer(self) -> FloatArray:
        """Log of the constant Z(parameters) that the kernel is divided by."""

    def log_prob(self, y: ArrayLike) -> FloatArray:
        """Log-density at ``y``: log_kernel - log_normalizer; -inf off the support."""
        return self.log_kernel(y) - self.log_normalizer()

    def nll(self, y: ArrayLike) -> FloatArray:
        """Negative log-likelihood of each ``y`` in nats: -log_prob, nothing dropped."""
        return -self.log_prob(y)

    @abstractmethod
    def mode(self) -> FloatArray:
        """The most likely y; nan where that is not one point."""

    @abstractmethod
    def mean(self) -> FloatArray:
        """E[y]."""

    @abstractmethod
    def variance(self) -> FloatArray:
        """E[(y - mean)^2]."""

    @abstractmethod
    def entropy(self) -> FloatArray:
        """-E[log p(y)] in nats."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw from ``rng``; ``shape`` comes before the parameters' own shape."""

    @classmethod
    def _fit_mle(cls, *y: Any, **options: Any) -> Any:
        raise ValueError(f"family must have a maximum-likelihood fit, got {cls.__name__}")
