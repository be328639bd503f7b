"""Classes over x: bands as high as their probabilities, with the observations in them."""

from typing import Any

import numpy as np

from explorer.scene import Array, Line


def probabilities(members: Any) -> Array:
    """The probability of each class, (..., K)."""
    return np.asarray(np.exp(members.log_probabilities()))


def bands(x: Array, p: Array, names: tuple[str, ...]) -> tuple[tuple[Line, ...], Array]:
    """The edges and names of the bands of probabilities (n, K), and their centres (K, n)."""
    edges = np.cumsum(p.T, axis=0)
    centres = edges - 0.5 * p.T
    window = np.hanning(len(x) // 2)  # where a name has room on both sides
    sums = np.array([np.convolve(row, window, "valid") for row in p.T])
    widest = len(window) // 2 + sums.round(6).argmax(axis=1)
    return (
        *(Line(x, edge, "model") for edge in edges[:-1]),
        *(Line(x[[k]], c[[k]], "muted", n) for k, c, n in zip(widest, centres, names, strict=True)),
    ), centres


def inside(x: Array, centres: Array, xs: Array, classes: Array) -> Array:
    """The heights at which observations stand in the bands of their classes."""
    heights = np.array([np.interp(xs, x, centre) for centre in centres])
    return np.asarray(heights[classes.astype(int), np.arange(len(xs))])
