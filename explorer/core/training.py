"""Training: phi changes so that the mean loss of theta = link(f(x, phi)) falls.

The path of phi is kept, with what the loss was at every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .family import Family
from .heads import HEADS, Head, Link, Part, head
from .network import Network
from .parameter import (
    FloatArray, Value, data, labels_of, number, one_of, positive, probability, reals, refuse,
    whole,
)  # fmt: skip

Method: TypeAlias = Literal["adam", "gradient", "l-bfgs"]

MOST_STEPS, FEWEST_POINTS = 5000, 3


@dataclass(frozen=True)
class Training:
    """A training from its start to its end; n points, phi holds count numbers.

    phi is the network's numbers, then the head's constants; ``split`` takes it apart.
    """

    network: Network
    head: Head
    x: FloatArray
    """(n,) all points"""
    y: NDArray[Any]
    """(n,) the observations: numbers, or class numbers (integers) for "categorical" """
    used: NDArray[np.bool_]
    """(n,) which points it was trained on; the others are held out"""
    path: FloatArray
    """(steps + 1, count) phi at the start and after each step"""
    losses: FloatArray
    """(steps + 1,) mean over the training data of what is minimised, without weight decay"""
    nlls: FloatArray
    """(steps + 1,) the same with nothing dropped"""
    held_out: FloatArray
    """(steps + 1,) mean NLL of the held-out data; nan where there are none"""
    stopped: int | None
    """the step at which the loss was no longer finite; the arrays end before it

    They hold the start in any case: where the loss is not finite there, this is 0."""

    @property
    def steps(self) -> int:
        """How many steps were made: fewer than asked for if it stopped, or L-BFGS converged."""
        return len(self.path) - 1

    def at(self, step: int) -> FloatArray:
        """phi after ``step`` steps; beyond the end, the end."""
        out: FloatArray = self.path[min(step, self.steps)]
        return out

    def split(self, phi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The network's numbers and the head's constants of phi (..., count)."""
        own = self.network.count()
        return phi[..., :own], phi[..., own:]

    def eta(self, step: int, x: ArrayLike) -> FloatArray:
        """The network's outputs (n, outputs) at the points x after ``step`` steps."""
        return self.network(self.split(self.at(step))[0], x)

    def theta(self, step: int, x: ArrayLike) -> dict[str, FloatArray]:
        """The predicted parameters by name, after the links."""
        return self.head.theta(self.eta(step, x), self.split(self.at(step))[1])

    def member(self, step: int, x: ArrayLike) -> Family:
        """The predicted distributions of y."""
        return self.head.member(self.eta(step, x), self.split(self.at(step))[1])

    def mean_loss(self, phi: FloatArray) -> FloatArray:
        """The mean over the training data of what is minimised, (...) for phi (..., count)."""
        own, constants = self.split(np.asarray(phi))
        with np.errstate(all="ignore"):
            eta = self.network(own, self.x[self.used])
            out: FloatArray = self.head.losses(eta, constants, self.y[self.used]).mean(axis=-1)
        return out

    def gradient(self, phi: FloatArray) -> FloatArray:
        """The gradient (count,) of mean_loss at phi (count,)."""
        run = _Run(self.network, self.head, self.x, self.y, self.used)
        with np.errstate(all="ignore"):
            run.forward(phi)
            out: FloatArray = run.gradient(phi, run.used)
        return out


class _Run:
    """One pass forward and one back, with nothing computed twice."""

    def __init__(
        self,
        network: Network,
        head: Head,
        x: FloatArray,
        y: NDArray[Any],
        used: NDArray[np.bool_],
        decay: float = 0.0,
    ) -> None:
        self.network, self.head, self.y = network, head, y
        self.z, self.own = network._z(x), network.count()
        self.used: NDArray[np.intp] | slice = slice(None) if used.all() else np.flatnonzero(used)
        self.rest = np.flatnonzero(~used)
        self.penalty: FloatArray = np.zeros(self.own + head.constants)
        self.penalty[: self.own][network.weights()] = decay
        self.path: list[FloatArray] = []
        self.losses: list[float] = []
        self.nlls: list[float] = []
        self.held_out: list[float] = []
        self.stopped: int | None = None

    def forward(self, phi: FloatArray) -> float:
        """Predict all points; the mean loss of the training data."""
        self.units, eta = self.network._forward(phi[: self.own], self.z)
        self.rows = [*eta, *phi[self.own :, None]]
        losses, nlls = self.head._losses(self.rows, self.y)
        n = losses[self.used].size
        self.loss = float(losses[self.used].sum()) / n
        self.nll = self.loss if losses is nlls else float(nlls[self.used].sum()) / n
        self.apart = float(nlls[self.rest].sum()) / self.rest.size if self.rest.size else math.nan
        return self.loss

    def penalized(self, phi: FloatArray) -> tuple[float, FloatArray]:
        """What is minimised, weight decay included, and its gradient."""
        value = self.forward(phi) + 0.5 * float(self.penalty @ (phi * phi))
        return value, self.gradient(phi, self.used)

    def keep(self, phi: FloatArray) -> bool:
        """Record what the last pass forward found; whether the loss is finite still."""
        if not math.isfinite(self.loss):
            self.stopped = len(self.path)
            if self.path:
                return False
        self.path.append(phi.copy())
        self.losses.append(self.loss)
        self.nlls.append(self.nll)
        self.held_out.append(self.apart)
        return self.stopped is None

    def gradient(self, phi: FloatArray, points: NDArray[np.intp] | slice) -> FloatArray:
        """Of the mean loss of ``points`` and the weight decay, after the pass forward."""
        y, z, units = self.y[points], self.z[points], self.units[:, points]
        predicted = self.head.outputs
        rows = [row[points] if k < predicted else row for k, row in enumerate(self.rows)]
        d_rows = self.head._gradient(rows, y) / y.size
        out = np.empty_like(phi)
        own = phi[: self.own]
        out[: self.own] = self.network._backward(own, z, units, d_rows[:predicted])
        out[self.own :] = d_rows[predicted:].sum(axis=1)
        return out + self.penalty * phi


def train(
    x: ArrayLike,
    y: Any,
    family: str = "beta",
    *,
    hidden: int = 8,
    method: Method = "adam",
    rate: float = 0.02,
    decay: float = 0.0,
    batch: int = 0,
    steps: int = 2000,
    seed: int = 0,
    loss: Part = "full",
    link: Link = "exp",
    held_out: ArrayLike | None = None,
) -> Training:
    """Train a network to predict the distribution of y at x; return all it passed through.

    What is minimised is the mean loss plus decay / 2 times the sum of squared weights.  The same
    settings give the same path on every platform, but for "l-bfgs" with hidden units, which blows
    rounding up tenfold in some 6 steps.

    Parameters
    ----------
    x : (n,) finite
    y : (n,) numbers; for "bernoulli" 0, 1 or shares between, or two labels; for "categorical"
        labels: integers, strings or a pandas categorical, whose names are ``head.names``
    family : one of HEADS
    hidden : tanh units, 0 to 64; with 0, eta is a line
    method : "adam", "gradient" (descent), or "l-bfgs", for which ``rate`` and ``batch`` do not
        count, and which ends where it has converged
    rate, decay : a positive number, and one from 0 on
    batch : how many points make a step, in an order drawn anew for each round; 0: all
    steps : 1 to 5,000
    seed : of the start and of the batches
    loss, link : as for ``head``
    held_out : (n,) True where a point takes no part in the training

    Raises
    ------
    ValueError
        If one of them is none of these, fewer than 3 points or one class alone are left to train
        on.
    """
    one_of("family", family, tuple(HEADS))
    one_of("method", method, get_args(Method))
    rate, steps = positive("rate", rate), whole("steps", steps, 1, MOST_STEPS)
    batch, seed = whole("batch", batch, 0), whole("seed", seed, 0)
    decay = number("decay", decay, 0.0)
    x = np.array(data("x", x))
    y, names = _observations(family, y)
    y = np.array(y)
    if x.size != y.size:
        refuse("y", y, f"as many values as x has, {x.size}")
    used = _used(held_out, x)
    if names and (y[used] == y[used][0]).all():
        refuse("y", y, "two classes or more")
    center, scale = _moments(x[used])
    of_y = _moments(y[used]) if HEADS[family].family.support[0] == -math.inf else (0.0, 1.0)
    to = head(family, classes=names or 2, link=link, loss=loss, center=of_y[0], unit=of_y[1])
    network = Network(hidden, to.outputs, center, scale)
    run = _Run(network, to, x, y, used, decay)
    phi = np.concatenate([network.start(seed), to.start()])
    with np.errstate(all="ignore"):
        if method == "l-bfgs":
            _quasi_newton(run, phi, steps)
        else:
            batches = _batches(np.flatnonzero(used), batch, seed) if batch else repeat(run.used)
            update = _adam(rate) if method == "adam" else _plain(rate)
            _descend(run, phi, islice(batches, steps), update)
    path, losses, nlls, apart = map(np.array, (run.path, run.losses, run.nlls, run.held_out))
    return Training(network, to, x, y, used, path, losses, nlls, apart, run.stopped)


Update: TypeAlias = Callable[[FloatArray], FloatArray]


def _descend(
    run: _Run,
    phi: FloatArray,
    batches: Iterable[NDArray[np.intp] | slice],
    update: Update,
) -> None:
    """phi changes by update(gradient), once for each batch."""
    for points in batches:
        run.forward(phi)
        if not run.keep(phi):
            return
        phi = phi - update(run.gradient(phi, points))
    run.forward(phi)
    run.keep(phi)


def _plain(rate: float) -> Update:
    return lambda gradient: rate * gradient


def _adam(rate: float, first: float = 0.9, second: float = 0.999) -> Update:
    """The mean gradient over the root of the mean squared gradient (Kingma and Ba, 2015)."""
    mean: Value = 0.0
    square: Value = 0.0
    step = 0

    def update(gradient: FloatArray) -> FloatArray:
        nonlocal mean, square, step
        step += 1
        mean = first * mean + (1 - first) * gradient
        square = second * square + (1 - second) * (gradient * gradient)
        size = np.sqrt(square / (1 - second**step)) + 1e-8
        out: FloatArray = rate / (1 - first**step) * mean / size
        return out

    return update


def _batches(points: NDArray[np.intp], size: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Batch after batch, without end."""
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    while True:
        order = points[np.argsort(rng.random(points.size), kind="stable")]
        yield from (order[k : k + size] for k in range(0, points.size, size))


def _quasi_newton(run: _Run, phi: FloatArray, steps: int, memory: int = 10) -> None:
    """L-BFGS (Nocedal 1980): the last changes of the gradient stand for the Hessian.

    Hand-written: scipy's, whose linear algebra waits for its threads, took 20 times as long where
    others used the processor too.
    """
    changes: list[tuple[FloatArray, FloatArray, float]] = []
    value, gradient = run.penalized(phi)
    for _ in range(steps):
        if not run.keep(phi) or np.abs(gradient).max() < 1e-10:
            return
        found = _line_search(run, phi, value, gradient, -_inverse_hessian(changes, gradient))
        if found is None and changes:  # the curvature misled: start again from steepest descent
            changes.clear()
            found = _line_search(run, phi, value, gradient, -_inverse_hessian(changes, gradient))
        if found is None:
            if not np.isfinite(gradient).all():
                run.stopped = len(run.path)
            return
        new, value, slope = found
        change, bend = new - phi, slope - gradient
        if change @ bend > 0:
            changes = [*changes[1 - memory :], (change, bend, 1 / float(change @ bend))]
        phi, gradient = new, slope
    run.keep(phi)


def _inverse_hessian(
    changes: Sequence[tuple[FloatArray, FloatArray, float]], gradient: FloatArray
) -> FloatArray:
    """H gradient, by two loops over the changes of phi and of the gradient."""
    out, weights = gradient, []
    for change, bend, inverse in reversed(changes):
        weights.append(inverse * float(change @ out))
        out = out - weights[-1] * bend
    if changes:
        _, bend, inverse = changes[-1]
        out = out / (inverse * float(bend @ bend))
    else:
        out = out / max(1.0, float(np.sqrt(gradient @ gradient)))
    for (change, bend, inverse), weight in zip(changes, reversed(weights), strict=True):
        out = out + (weight - inverse * float(bend @ out)) * change
    return out


def _line_search(
    run: _Run, phi: FloatArray, value: float, gradient: FloatArray, direction: FloatArray
) -> tuple[FloatArray, float, FloatArray] | None:
    """A step along ``direction`` that meets Wolfe's two conditions, by doubling and halving.

    Where the loss falls without end it is the longest one tried; None where rounding leaves
    nothing to gain.
    """
    descent = float(gradient @ direction)
    low, high, size = 0.0, math.inf, 1.0
    for _ in range(50):
        new = phi + size * direction
        at, slope = run.penalized(new)
        if not at <= value + 1e-4 * size * descent:
            high = size
        elif float(slope @ direction) < 0.9 * descent:
            low = size
        else:
            break
        size = 0.5 * (low + high) if math.isfinite(high) else 2 * size
    else:
        new = phi + low * direction
        at, slope = run.penalized(new)
    return (new, at, slope) if value - at > 1e-15 * max(1.0, abs(value)) else None


def _observations(family: str, y: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """y as numbers or class numbers, and the classes' names."""
    kind, support = HEADS[family].family.data, HEADS[family].family.support
    if kind == "continuous":
        values = data("y", y)
        return (values if support[0] == -math.inf else probability("y", values)), ()
    if kind == "binary" and reals(y) is not None:
        values = probability("y", data("y", y))
        return values, ("0", "1")
    numbers, names = _labels(y)
    if kind == "binary" and len(names) != 2:
        refuse("y", y, "numbers from 0 to 1, or two labels")
    return (numbers if kind == "classes" else numbers.astype(np.float64)), names


def _labels(y: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers and names of the labels that occur, in the order of categories or sorted."""
    labels = labels_of("y", y).ravel()
    if labels.dtype.kind == "f":
        labels = data("y", labels)
        if (labels != np.round(labels)).any():
            refuse("y", y, "whole numbers or names of classes")
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "O" and not all(isinstance(label, str) for label in labels):
        refuse("y", y, "whole numbers or names of classes")
    if labels.dtype.kind == "O":
        labels = labels.astype(str)
    names, numbers = np.unique(labels, return_inverse=True)
    order = getattr(getattr(y, "dtype", None), "categories", None)
    if order is not None:
        place = [list(order).index(name) for name in names.tolist()]
        numbers, names = np.argsort(np.argsort(place))[numbers], names[np.argsort(place)]
    if names.size < 2:
        refuse("y", y, "two classes or more")
    return numbers.astype(np.int64), tuple(str(name) for name in names.tolist())


def _used(held_out: ArrayLike | None, x: FloatArray) -> NDArray[np.bool_]:
    used = np.ones(x.size, dtype=bool)
    if held_out is not None:
        mask = labels_of("held_out", held_out)
        if mask.dtype != bool or mask.shape != x.shape:
            refuse("held_out", held_out, f"True or False for each of the {x.size} points")
        used = ~mask
    if used.sum() < FEWEST_POINTS:
        refuse("x", x[used], f"{FEWEST_POINTS} points or more to train on")
    return used


def _moments(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation, which is 1 where all values are the same."""
    return float(values.mean()), float(values.std()) or 1.0
