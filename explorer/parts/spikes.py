"""Observations as spikes: the density that they make, and the model that is nearest to it."""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss

from explorer.core import (
    Beta, Boxes, Empirical, Laplace, Mixture, Normal, cross_entropy, entropy, fit_cross_entropy,
)  # fmt: skip
from explorer.parts.families import theta_of
from explorer.parts.inputs import Interval, Numbers
from explorer.parts.plane import plane, remembered
from explorer.scene import Array

PER_DECADE = 12  # widths
CELLS = 40
LEVELS = 0.03 * 1.6 ** np.arange(16.0)
CLOSED = (Normal, Laplace, Beta)  # families with a closed form for every p here
EDGES = np.array([-0.500001, -0.499999, 0.499999, 0.500001])  # of a box


class Task(NamedTuple):
    """A family, those of its parameters that stay, and the observations with their spikes."""

    family: Any
    fixed: tuple[tuple[str, float], ...]
    y: Numbers
    spikes: str


@lru_cache(maxsize=1024)
def spiked(y: Numbers, width: float, spikes: str) -> Mixture | Boxes:
    """The data as a density."""
    data = Empirical(np.array(y))
    return data.smoothed(width) if spikes == "normal" else data.boxed(width)


@lru_cache(maxsize=1024)
def nearest(task: Task, width: float) -> tuple[dict[str, float], float]:
    """The model with the least cross-entropy, and that; or none and infinity."""
    p = spiked(task.y, width, task.spikes)
    low, high = p.extent if isinstance(p, Boxes) else (-math.inf, math.inf)
    if low < task.family.support[0] or high > task.family.support[1]:
        return {}, math.inf
    best: Any = fit_cross_entropy(task.family, p, **dict(task.fixed))
    return theta_of(best), float(cross_entropy(p, best))


@remembered(1024)
def drawn_at(task: Task, width: float, limits: Interval) -> tuple[Array, Array, Array]:
    """Points that show the spikes as they are, however narrow; the different y; and all y."""
    y, (low, high) = np.array(task.y), limits
    each = np.unique(y)
    few = each.size <= 12
    offsets = EDGES if task.spikes == "box" else np.linspace(-5, 5, 21 if few else 5)
    more = [*limits] if few else np.linspace(low, high, 161).tolist()
    if math.isfinite(task.family.support[0]):
        more += [-1e-9, 0.0, 1.0, 1 + 1e-9]  # what leaks out is an area of its own
    x = np.sort(np.append((each[:, None] + width * offsets).ravel(), more))
    return x[(x >= low) & (x <= high)], each, y


@remembered(16)
def over_widths(y: Numbers, spikes: str, limits: Interval) -> tuple[Array, Array, Array, Array]:
    """Widths, the entropies there, and nodes of the spikes, a row for each width, with weights."""
    low, high = limits
    count = max(1, round(PER_DECADE * math.log10(high / low)))
    widths = np.geomspace(low, high, count + 1)
    entropies = np.array([float(entropy(spiked(y, w, spikes))) for w in widths.tolist()])
    return widths, entropies, *nodes(y, spikes, widths)


def nodes(y: Numbers, spikes: str, widths: Array) -> tuple[Array, Array]:
    """Places and weights of the spikes' mass, a row for each width.

    Exact for a Normal model, and for what is drawn exact enough for all.
    """
    each, counts = np.unique(y, return_counts=True)
    count = int(np.clip(40 // each.size, 3, 8))
    z, share = hermegauss(count) if spikes == "normal" else leggauss(count)
    z = z if spikes == "normal" else 0.5 * z
    x = each[:, None] + widths[:, None, None] * z
    weights = np.outer(counts, share).ravel()
    return x.reshape(widths.size, -1), weights / weights.sum()


@remembered(16)
def least_over_widths(task: Task, limits: Interval) -> Array:
    """The least cross-entropy at each width; with fixed parameters exactly at every third."""
    widths = over_widths(task.y, task.spikes, limits)[0]
    some = np.append(widths[:-1:3], widths[-1]) if task.fixed else widths
    least = np.array([nearest(task, width)[1] for width in some.tolist()])
    return np.interp(widths**2, some**2, least) if task.fixed else least


@remembered(1024)
def landscape(task: Task, width: float, ranges: tuple[tuple[str, Interval], ...]) -> Array:
    """KL less its minimum, over two parameters; cut off far above the levels."""
    least = nearest(task, width)[1]
    if math.isinf(least):
        return np.full((2, 2), np.inf)
    (first, across), (second, up) = ranges
    both = dict(zip((first, second), plane(across, up, CELLS), strict=True))
    q = task.family(**dict(task.fixed), **both)
    if task.family in CLOSED:
        values = cross_entropy(spiked(task.y, width, task.spikes), q)
    else:
        x, weights = nodes(task.y, task.spikes, np.array([width]))
        values = np.tensordot(weights, q.nll(x[0][:, None, None]), 1)
    cut: Array = np.minimum(values - least, 2 * LEVELS[-1])
    return cut
