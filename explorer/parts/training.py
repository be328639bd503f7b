"""Trainings by their settings: read at a step, and seen over the plane of their path."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from explorer.core import FAMILIES, Training, train
from explorer.parts.inputs import Interval, Numbers
from explorer.parts.paths import PathPlane, along, corners
from explorer.parts.plane import cut, levels, remembered
from explorer.parts.ranges import rounded
from explorer.parts.words import readable
from explorer.scene import Array, Sum, Term

GRID, DRAWN = 81, 401  # points over x, over steps
CELLS, CORNERS = 28, 61  # points of a landscape's side, at most of the path in it
SYMBOLS = {p.name: p.symbol for family in FAMILIES.values() for p in family.parameters}
BANDS = np.array([0.05, 0.25, 0.75, 0.95])[:, None]


class Task(NamedTuple):
    """All that a training depends on."""

    x: Numbers
    y: Numbers
    held_out: tuple[bool, ...]
    family: str
    hidden: int
    method: str
    rate: float
    decay: float
    batch: int
    steps: int
    seed: int
    link: str
    loss: str


class Moment(NamedTuple):
    """What the network is and says at one step of a training."""

    step: int
    loss: float  # mean over the training data, of what is minimised
    nll: float  # with nothing dropped
    held_out: float
    means: dict[str, float]  # of the terms of the nll
    x: Array  # a grid (81,)
    eta: Array  # over it, (81, outputs)
    theta: dict[str, Array]
    members: Any  # the distributions over x
    bands: Array  # quantiles at every second x; none of classes
    own: Any  # the one for the observation that is looked at
    own_loss: float  # of what is minimised
    own_terms: dict[str, float]  # of its nll


class Path(NamedTuple):
    """The path of phi, and the loss over its plane."""

    plane: PathPlane
    line: Array  # (2, n)
    values: Array
    levels: Array
    x: Interval
    y: Interval


@lru_cache(maxsize=64)
def trained(task: Task) -> Training:
    """The training with these settings."""
    options = task._asdict()
    x, y = (np.array(options.pop(name)) for name in ("x", "y"))
    return train(x, y, **options)


@remembered(64)
def parted(x: Numbers, y: Numbers, held_out: tuple[bool, ...]) -> tuple[Array, ...]:
    """The x and y in training, and those of the others."""
    xs, ys, out = np.array(x), np.array(y), np.array(held_out)
    return xs[~out], ys[~out], xs[out], ys[out]


@remembered(64)
def grid(limits: Interval) -> Array:
    """The x of all curves."""
    return np.linspace(*limits, GRID)


def moment(task: Task, step: int, limits: Interval, i: int) -> Moment:
    """The training at a step, or at its end where it ended before; observation i is looked at."""
    run, x = trained(task), grid(limits)
    step = min(step, run.steps)
    weights, constants = run.split(run.path[step])
    eta, at_data = np.split(run.network(weights, np.append(x, run.x)), [GRID])
    every = run.head.member(at_data, constants)
    terms = every.own_terms(run.y)
    means = {label: float(values[run.used].mean()) for label, values in terms.items()}
    own_loss = float(run.head.losses(at_data, constants, run.y)[i])
    own_terms = {label: float(values[i]) for label, values in terms.items()}
    loss, nll, held_out = (float(c[step]) for c in (run.losses, run.nlls, run.held_out))
    theta, members = run.head.theta(eta, constants), run.head.member(eta, constants)
    bands = np.empty((4, 0))
    if members.data == "continuous":  # quantiles take the most time
        bands = np.asarray(run.head.member(eta[::2], constants).quantile(BANDS))
    own = single(every, i)
    return Moment(
        step, loss, nll, held_out, means, x, eta, theta, members, bands, own, own_loss, own_terms
    )


def single(members: Any, i: int) -> Any:
    """Member i of a family whose parameters are arrays."""
    return type(members)(*(np.asarray(v)[i] if np.ndim(v) else v for v in vars(members).values()))


@remembered(64)
def landscape(task: Task) -> Path:
    """The mean loss over the plane of the path."""
    run = trained(task)
    plane = along(run.path)
    line = plane.seen(run.path).T
    low, high = line.min(axis=1), line.max(axis=1)
    margin = 0.25 * np.maximum(high - low, 0.2 * float((high - low).max()) or 1.0)
    axes = [rounded(a - m, b + m, m / 2) for a, b, m in zip(low, high, margin, strict=True)]
    points = plane.at(*np.meshgrid(*(np.linspace(*ends, CELLS) for ends in axes)))
    losses = np.array([run.mean_loss(row) for row in points])  # far from the path maybe infinite
    values = np.nan_to_num(losses, nan=np.inf, posinf=np.inf)
    # the lowest 12 % are what the cells resolve of a valley: below it would fall apart
    heights = levels(values, 0.12, 0.8, 20, 14)
    line = line[:, corners(line, CORNERS, 0.002)]
    return Path(plane, line, cut(values, heights), heights, *axes)


@remembered(64)
def curves(task: Task) -> tuple[Array, Array, Array, Array, Interval]:
    """Steps, the losses there, those with nothing dropped, held out; limits of their axis."""
    run = trained(task)
    steps = np.unique(np.linspace(0, task.steps, DRAWN).round())
    some = np.minimum(steps, run.steps + 1).astype(int)  # after its end: nan
    losses, nlls, held_out = (
        np.append(c, np.nan)[some] for c in (run.losses, run.nlls, run.held_out)
    )
    if task.loss == "full":  # then it is the same curve
        nlls = np.full(nlls.shape, np.nan)
    every = np.concatenate([losses, nlls, held_out])
    every = every[np.isfinite(every)] if np.isfinite(every).any() else np.zeros(1)
    low, high = float(every.min()), float(np.quantile(every, 0.98))
    first = float(losses[0]) if np.isfinite(losses[0]) else high
    if first - low < 10 * (high - low):  # the start is seen, unless it is far away
        high = max(high, first)
    high = min(high, first + 10 * max(first - low, 1.0))  # of one that diverges the beginning
    unit = 0.1 * max(high - low, 1e-3)
    limits = rounded(low - unit, high + unit, unit)
    return steps, losses, nlls, held_out, limits


def in_terms(label: str, total: float, terms: dict[str, float], loss: str, of: str = "") -> Sum:
    """A loss by its terms, whose labels are those of a sum over observations."""
    struck = [loss == "kernel" and "log B" in term for term in terms]
    labels = [of + re.sub(r"(?<!log )Σ ?|ᵢ|\*n\* ", "", term) for term in terms]
    numbers = map(readable, terms.values())
    return Sum(Term(label, readable(total)), tuple(map(Term, labels, numbers, struck)))


def labelled(theta: dict[str, Array], classes: tuple[str, ...]) -> list[tuple[str, Array]]:
    """The symbol and the curve of each parameter, or the probability of each class."""
    if "probabilities" in theta:
        return [(f"P({c})", p) for c, p in zip(classes, theta["probabilities"].T, strict=True)]
    if "probability" in theta:
        return [(f"P({classes[1]})", theta["probability"])]
    return [(f"*{SYMBOLS.get(name, name)}*", values) for name, values in theta.items()]
