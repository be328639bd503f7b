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
    widest = p.argmax(axis=0).clip(1, len(x) - 3).tolist()
    named = zip(widest, centres, names, strict=True)
    return (
        *(Line(x, edge, "model") for edge in edges[:-1]),
        *(Line(x[k : k + 2], centre[k : k + 2], "muted", name) for k, centre, name in named),
    ), centres


def inside(x: Array, centres: Array, xs: Array, classes: Array) -> Array:
    """The heights at which observations stand in the bands of their classes."""
    heights = np.array([np.interp(xs, x, centre) for centre in centres])
    return np.asarray(heights[classes.astype(int), np.arange(len(xs))])
