"""How a frame travels: a small JSON header and one binary buffer, as its difference from a base.

The browser holds the frame of the state that it names with its question (the base); entries that
are the same there are left out, so that what a drag does not change travels but once.
Numbers keep their 64 bits (and infinities, which JSON lacks). What is only drawn is rounded:
curves to float32, two-dimensional arrays to 16 bits between their smallest and largest value.
"""

from typing import Any

import numpy as np

from explorer.spec import Frame, Value

LOWEST, HIGHEST, NAN = 0, 65534, 65535  # the steps for -inf, inf and nan; between, the finite


def encode(frame: Frame, base: Frame | None = None) -> tuple[dict[str, Any], bytes]:
    """The header and the buffer of `frame`; without a base, whole.

    The buffer holds the numbers as float64, then the curves as float32, then the fields as
    uint16, all little-endian, in the order in which the header names them.
    """
    numbers: list[str] = []
    texts: dict[str, str | bool | list[str]] = {}
    curves: list[tuple[str, int]] = []
    fields: list[tuple[str, int, int, float, float]] = []
    chunks: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
    for name, value in frame.items():
        if base is not None and _same(value, base.get(name)):
            continue
        if isinstance(value, np.ndarray) and value.ndim == 2:
            low, high = _finite_range(value)
            fields.append((name, *value.shape, low, high))
            chunks[2].append(_quantized(value, low, high).tobytes())
        elif isinstance(value, np.ndarray):
            curves.append((name, value.size))
            chunks[1].append(value.astype("<f4").tobytes())
        elif isinstance(value, (str, bool)):
            texts[name] = value
        elif isinstance(value, tuple):
            texts[name] = list(value)
        else:
            numbers.append(name)
            chunks[0].append(np.float64(value).astype("<f8").tobytes())
    header = {"numbers": numbers, "texts": texts, "curves": curves, "fields": fields}
    return header, b"".join(b"".join(chunk) for chunk in chunks)


def _same(value: Value, other: Value | None) -> bool:
    if isinstance(value, np.ndarray):
        return value is other or (
            isinstance(other, np.ndarray) and value.ndim == 1 and np.array_equal(value, other)
        )
    return type(value) is type(other) and bool(value == other)


def _finite_range(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return low, high if high > low else low + 1.0


def _quantized(values: np.ndarray, low: float, high: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        steps = 1 + np.rint((values - low) * ((HIGHEST - 2) / (high - low)))
    steps = np.clip(steps, LOWEST, HIGHEST)
    return np.where(np.isnan(steps), NAN, steps).astype("<u2")
