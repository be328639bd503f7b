"""How a scene's values travel: a small JSON header and one binary buffer.

Values are numbered by the slots of `explorer.scene.structure`. The browser holds those of the state
that it names with its question (the base); what is the same there is left out, so that what a drag
does not change travels only once, as does an array that stands in several slots. Numbers keep their
64 bits (and infinities, which JSON lacks). What is only drawn is rounded: curves to float32,
two-dimensional arrays to 16 bits between their smallest and largest value.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.scene import Array

Header: TypeAlias = dict[str, list[Any]]

LOWEST, HIGHEST, NAN = 0, 65534, 65535  # the steps for -inf, inf and nan; between, the finite


def encode(values: Sequence[Any], base: Sequence[Any] | None = None) -> tuple[Header, bytes]:
    """The header and the buffer of `values` by slot; without a base, of all of them.

    The buffer holds the numbers as float64, the pairs (axis limits) as two float64 each, the curves
    as float32, then the fields as uint16, all little-endian, in the order in which the header names
    them.
    """
    header: Header = {
        kind: [] for kind in ("numbers", "pairs", "texts", "curves", "fields", "same")
    }
    numbers: list[float] = []
    ends: list[float] = []
    curves: list[bytes] = []
    fields: list[bytes] = []
    sent: dict[int, int] = {}  # the slots of arrays by their identity
    base = [None] * len(values) if base is None else base
    with np.errstate(over="ignore", invalid="ignore"):
        for slot, (value, known) in enumerate(zip(values, base, strict=True)):
            if value is known:
                continue
            if id(value) in sent:
                header["same"].append((slot, sent[id(value)]))
                continue
            if type(value) is type(known) and _equal(value, known):
                continue
            if isinstance(value, np.ndarray):
                sent[id(value)] = slot
            if isinstance(value, np.ndarray) and value.ndim == 2:
                low, high = _finite_range(value)
                header["fields"].append((slot, *value.shape, low, high))
                fields.append(_quantized(value, low, high).tobytes())
            elif isinstance(value, np.ndarray):
                header["curves"].append((slot, value.size))
                curves.append(value.astype("<f4").tobytes())
            elif isinstance(value, str | bool):
                header["texts"].append((slot, value))
            elif not isinstance(value, tuple):
                header["numbers"].append(slot)
                numbers.append(value)
            elif value and not isinstance(value[0], str):
                header["pairs"].append(slot)
                ends.extend(value)
            else:
                header["texts"].append((slot, list(value)))
    return header, b"".join((np.array(numbers + ends, "<f8").tobytes(), *curves, *fields))


def _equal(value: Any, known: Any) -> bool:
    if isinstance(value, np.ndarray):  # to compare fields would cost more than they do
        same_shape = value.ndim == 1 and value.shape == known.shape
        return same_shape and value.tobytes() == known.tobytes()
    return bool(value == known)


def _finite_range(values: Array) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return low, high if high > low else low + 1.0


def _quantized(values: Array, low: float, high: float) -> NDArray[np.uint16]:
    steps = 1 + np.rint((values - low) * ((HIGHEST - 2) / (high - low)))
    steps = np.clip(steps, LOWEST, HIGHEST)
    return np.where(np.isnan(steps), NAN, steps).astype("<u2")
