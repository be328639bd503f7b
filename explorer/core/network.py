"""A network learns the parameters of a distribution: theta = link(f(x, phi)), trained on -log p(y).

``Network`` is f, ``Head`` says what its outputs mean, and ``train`` changes phi so that the mean
loss falls; all it passes through is kept.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .beta import Beta
from .discrete import Bernoulli, Categorical
from .family import Family
from .laplace import Laplace
from .normal import Normal
from .parameter import FloatArray, Parameter, Value, data, positive, probability, refuse
from .special import LOG_2PI, half_rest
from .student_t import StudentT

Link: TypeAlias = Literal["exp", "softplus"]
Part: TypeAlias = Literal["full", "kernel"]
Method: TypeAlias = Literal["adam", "gradient", "l-bfgs"]

MOST_HIDDEN, MOST_STEPS, FEWEST_POINTS = 64, 5000, 3
_TINY, _LARGEST = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Network:
    """eta = W2 tanh(W1 z + b1) + b2 with z = (x - center) / scale; hidden = 0: eta = W2 z + b2.

    Its numbers phi are one flat array: W1 (hidden,), b1 (hidden,), W2 (outputs, hidden or 1) row by
    row, b2 (outputs,).

    Parameters
    ----------
    hidden : 0 to 64 tanh units
    outputs : 1 or more
    center, scale : of x, so that z is about 0 and of size 1

    Raises
    ------
    ValueError
        If one of them is out of its range.
    """

    hidden: int
    outputs: int
    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        _whole("hidden", self.hidden, 0, MOST_HIDDEN)
        _whole("outputs", self.outputs, 1)
        positive("scale", self.scale)

    def count(self) -> int:
        """How many numbers phi holds."""
        return 2 * self.hidden + self.outputs * (max(self.hidden, 1) + 1)

    def start(self, seed: int) -> FloatArray:
        """Where training starts: W1 and b1 drawn, W2 and b2 zero, so that eta = 0 at every x.

        Made of uniform numbers and one product alone, and so the same on every platform.
        """
        drawn = np.random.Generator(np.random.PCG64(seed)).random((2, self.hidden))
        phi = np.zeros(self.count())
        slopes = 4 * drawn[0] - 2
        phi[: self.hidden] = slopes
        phi[self.hidden : 2 * self.hidden] = -slopes * (3 * drawn[1] - 1.5)  # tanh(0): |z| < 1.5
        return phi

    def weights(self) -> NDArray[np.bool_]:
        """Which entries of phi are weights, which weight decay draws to 0; biases are not."""
        out = np.zeros(self.count(), dtype=bool)
        out[: self.hidden] = True
        out[2 * self.hidden : -self.outputs] = True
        return out

    def __call__(self, phi: FloatArray, x: ArrayLike) -> FloatArray:
        """Eta (..., n, outputs) at the points x (n,), for one phi (count,) or many (..., count)."""
        return np.swapaxes(self._forward(np.asarray(phi), self._z(x))[1], -1, -2)

    def backward(self, phi: FloatArray, x: ArrayLike, d_eta: FloatArray) -> FloatArray:
        """The gradient (count,) by phi of a loss whose gradient by eta is d_eta (n, outputs)."""
        z = self._z(x)
        return self._backward(phi, z, self._forward(phi, z)[0], np.asarray(d_eta).T)

    def _z(self, x: ArrayLike) -> FloatArray:
        return (np.asarray(x, dtype=np.float64) - self.center) / self.scale

    def _parts(self, phi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        h, out = self.hidden, self.outputs
        w2 = phi[..., 2 * h : -out].reshape(*phi.shape[:-1], out, -1)
        return phi[..., :h, None], phi[..., h : 2 * h, None], w2, phi[..., -out:, None]

    def _forward(self, phi: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The hidden units (..., hidden, n) and eta (..., outputs, n)."""
        w1, b1, w2, b2 = self._parts(phi)
        units = np.tanh(w1 * z + b1) if self.hidden else z[None]
        return units, w2 @ units + b2

    def _backward(
        self, phi: FloatArray, z: FloatArray, units: FloatArray, d_eta: FloatArray
    ) -> FloatArray:
        """The chain rule from d_eta (outputs, n) back to phi."""
        h, out = self.hidden, self.outputs
        gradient = np.empty(self.count())
        gradient[-out:] = d_eta.sum(axis=1)
        gradient[2 * h : -out] = (d_eta @ units.T).ravel()
        if h:
            w2 = self._parts(phi)[2]
            d_inner = (w2.T @ d_eta) * (1 - units * units)
            gradient[:h] = d_inner @ z
            gradient[h : 2 * h] = d_inner.sum(axis=1)
        return gradient


@dataclass(frozen=True)
class Head(ABC):
    """What a network's outputs mean: the parameters of a family, each before its link.

    A location is center + unit eta, a scale unit link(eta), a shape link(eta), a logit eta.  What
    does not depend on x is a constant: one number for all x, learned too, kept as its log.

    ``eta`` is (..., n, outputs), ``constants`` (..., constants) and ``y`` (n,), class numbers for
    "categorical"; losses are in nats.  They are as accurate as training needs: ``member`` gives the
    family, whose losses are exact also where a and b are beyond 1e4.
    """

    link: Link = "exp"
    loss: Part = "full"
    center: float = 0.0
    unit: float = 1.0
    names: tuple[str, ...] = ()
    """The classes, by their number; empty if y is a number."""

    family: ClassVar[type[Family]]
    constant: ClassVar[tuple[str, ...]] = ()
    """The parameters that do not depend on x."""

    def __post_init__(self) -> None:
        _one_of("link", self.link, get_args(Link))
        _one_of("loss", self.loss, get_args(Part))
        positive("unit", self.unit)

    @property
    def outputs(self) -> int:
        """How many numbers the network predicts at an x."""
        return len(self.family.parameters) - self.constants

    @property
    def constants(self) -> int:
        """How many numbers more are learned, which are the same at every x."""
        return len(self.constant)

    def start(self) -> FloatArray:
        """The constants at the start: sigma is the unit, nu is 4."""
        return np.log([p.start for p in self.family.parameters if p.name in self.constant])

    def theta(self, eta: FloatArray, constants: ArrayLike = ()) -> dict[str, FloatArray]:
        """The parameters (..., n) by name, after the links."""
        with np.errstate(over="ignore", under="ignore"):
            values = np.broadcast_arrays(*self._linked(self._rows(eta, constants)))
        out = {}
        for parameter, value in zip(self.family.parameters, values, strict=True):
            inner = parameter.domain[0] == 0
            out[parameter.name] = np.clip(value, _TINY, _LARGEST) if inner else value.copy()
        return out

    def member(self, eta: FloatArray, constants: ArrayLike = ()) -> Family:
        """The predicted distributions: one family, its parameters arrays (..., n)."""
        return self.family(**self.theta(eta, constants))

    def losses(self, eta: FloatArray, constants: ArrayLike, y: FloatArray) -> FloatArray:
        """What is minimised, of each observation (..., n): its nll, or without log Z."""
        return self._losses(self._rows(eta, constants), y)[0]

    def nlls(self, eta: FloatArray, constants: ArrayLike, y: FloatArray) -> FloatArray:
        """-log p(y) of each observation (..., n), nothing dropped."""
        return self._losses(self._rows(eta, constants), y)[1]

    def gradient(
        self, eta: FloatArray, constants: ArrayLike, y: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """d losses / d eta (n, outputs) and d losses / d constants (n, constants)."""
        d_rows = self._gradient(self._rows(eta, constants), y)
        return d_rows[: self.outputs].T, d_rows[self.outputs :].T

    def _rows(self, eta: FloatArray, constants: ArrayLike) -> Sequence[FloatArray]:
        """All that is learned, before the links: outputs (..., n), then constants (..., 1)."""
        own = np.asarray(constants, dtype=np.float64)[..., None]
        fixed = [own[..., k, :] for k in range(self.constants)]
        return [*np.moveaxis(np.asarray(eta), -1, 0), *fixed]

    def _ordered(self, rows: Sequence[FloatArray]) -> Iterator[tuple[int, Parameter]]:
        """Where among the rows each parameter of the family is."""
        predicted, constant = 0, self.outputs
        for parameter in self.family.parameters:
            if parameter.name in self.constant:
                yield constant, parameter
                constant += 1
            else:
                yield predicted, parameter
                predicted += 1

    def _linked(self, rows: Sequence[FloatArray]) -> list[FloatArray]:
        """The family's parameters, in its order."""
        return [self._after(rows[k], parameter) for k, parameter in self._ordered(rows)]

    def _after(self, row: FloatArray, parameter: Parameter) -> FloatArray:
        if parameter.role == "logit":
            return row
        if parameter.role == "location":
            return self.center + self.unit * row
        exp = self.link == "exp" or parameter.name in self.constant
        value = np.exp(row) if exp else np.logaddexp(0.0, row)
        return self.unit * value if parameter.role == "scale" else value

    def _slope(self, row: FloatArray, value: FloatArray, parameter: Parameter) -> Value:
        """d value / d row."""
        if parameter.role == "logit":
            return 1.0
        if parameter.role == "location":
            return self.unit
        if self.link == "exp" or parameter.name in self.constant:
            return value
        rise: FloatArray = special.expit(row)
        return self.unit * rise if parameter.role == "scale" else rise

    def _losses(self, rows: Sequence[FloatArray], y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What is minimised and the nll."""
        theta = self._linked(rows)
        kernel = self._kernel(theta, y)
        full = kernel + self._normalizer(theta)
        return full if self.loss == "full" else kernel, full

    def _gradient(self, rows: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        """d losses / d rows, (outputs + constants, n)."""
        theta = self._linked(rows)
        slopes = list(self._kernel_slopes(theta, y))
        if self.loss == "full":
            slopes = [a + b for a, b in zip(slopes, self._normalizer_slopes(theta), strict=True)]
        out = np.empty((len(slopes), y.size))
        for value, slope, (k, parameter) in zip(theta, slopes, self._ordered(rows), strict=True):
            out[k] = slope * self._slope(rows[k], value, parameter)
        return out

    @abstractmethod
    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        """-log_kernel(y) of the family."""

    @abstractmethod
    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        """log_normalizer() of the family."""

    @abstractmethod
    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        """The derivatives of the first by the parameters."""

    @abstractmethod
    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        """The derivatives of the second."""


class _Beta(Head):
    family = Beta

    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        a, b = theta
        out: FloatArray = -special.xlogy(a - 1, y) - special.xlog1py(b - 1, -y)
        return out

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        a, b = theta
        out: FloatArray = special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)
        return out

    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        return -np.log(y), -np.log1p(-y)

    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        a, b = theta
        both = special.psi(a + b)
        return special.psi(a) - both, special.psi(b) - both


class _Heteroscedastic(Head):
    family = Normal

    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        mu, sigma = theta
        return 0.5 * np.square((y - mu) / sigma)

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        out: FloatArray = np.log(theta[1]) + 0.5 * LOG_2PI
        return out

    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        mu, sigma = theta
        z = (y - mu) / sigma
        return -z / sigma, -z * z / sigma

    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        return 0.0, 1 / theta[1]


class _Normal(_Heteroscedastic):
    constant = ("sigma",)


class _Laplace(Head):
    family = Laplace

    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        mu, scale = theta
        return np.abs(y - mu) / scale

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        out: FloatArray = np.log(2 * theta[1])
        return out

    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        mu, scale = theta
        return np.sign(mu - y) / scale, -np.abs(y - mu) / (scale * scale)

    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        return 0.0, 1 / theta[1]


class _StudentT(Head):
    family = StudentT
    constant = ("nu",)

    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        nu, mu, sigma = theta
        return 0.5 * (nu + 1) * np.log1p(np.square((y - mu) / sigma) / nu)

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        nu, _, sigma = theta
        return np.log(sigma) + (0.5 * LOG_2PI + half_rest(0.5 * nu))

    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        nu, mu, sigma = theta
        z = (y - mu) / sigma
        q = z * z / nu
        pull = (nu + 1) / nu / (1 + q)
        return 0.5 * (np.log1p(q) - pull * q), -pull * z / sigma, -pull * z * z / sigma

    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        nu, _, sigma = theta
        return 0.5 * half_rest(0.5 * nu, 1), 0.0, 1 / sigma


class _Bernoulli(Head):
    family = Bernoulli

    def theta(self, eta: FloatArray, constants: ArrayLike = ()) -> dict[str, FloatArray]:
        """``probability`` of 1."""
        return {"probability": special.expit(np.asarray(eta)[..., 0])}

    def member(self, eta: FloatArray, constants: ArrayLike = ()) -> Family:
        return Bernoulli(np.asarray(eta)[..., 0])

    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        return -y * theta[0]

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        out: FloatArray = np.logaddexp(0.0, theta[0])
        return out

    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        return (-y,)

    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        return (special.expit(theta[0]),)


class _Categorical(Head):
    family = Categorical

    @property
    def outputs(self) -> int:
        return len(self.names)

    def theta(self, eta: FloatArray, constants: ArrayLike = ()) -> dict[str, FloatArray]:
        """``probabilities`` (..., n, K)."""
        return {"probabilities": special.softmax(eta, axis=-1)}

    def member(self, eta: FloatArray, constants: ArrayLike = ()) -> Family:
        return Categorical(np.asarray(eta))

    def _ordered(self, rows: Sequence[FloatArray]) -> Iterator[tuple[int, Parameter]]:
        return ((k, self.family.parameters[0]) for k in range(self.outputs))

    def _kernel(self, theta: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        table = np.asarray(theta)
        index = np.broadcast_to(y.astype(np.int64), table.shape[1:])
        out: FloatArray = -np.take_along_axis(table, index[None], axis=0)[0]
        return out

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        logits = np.asarray(theta)
        top = logits.max(axis=0)
        out: FloatArray = top + np.log(np.exp(logits - top).sum(axis=0))
        return out

    def _kernel_slopes(self, theta: Sequence[FloatArray], y: FloatArray) -> Sequence[Value]:
        return list(-1.0 * np.equal(y, np.arange(self.outputs)[:, None]))

    def _normalizer_slopes(self, theta: Sequence[FloatArray]) -> Sequence[Value]:
        return list(special.softmax(theta, axis=0))


HEADS: dict[str, type[Head]] = {
    "beta": _Beta,
    "normal": _Normal,
    "heteroscedastic": _Heteroscedastic,
    "laplace": _Laplace,
    "student_t": _StudentT,
    "bernoulli": _Bernoulli,
    "categorical": _Categorical,
}


def head(
    family: str,
    *,
    classes: int | Sequence[str] = 2,
    link: Link = "exp",
    loss: Part = "full",
    center: float = 0.0,
    unit: float = 1.0,
) -> Head:
    """Return what a network that predicts a ``family`` has as outputs.

    Parameters
    ----------
    family : one of HEADS; "normal" has one sigma for all x, "heteroscedastic" predicts it
    classes : for "categorical" and "bernoulli", how many or their names
    link : from eta to what must be positive
    loss : "full", or "kernel" without log Z, which for the Beta is log B(a, b)
    center, unit : of y, for a location and a scale

    Raises
    ------
    ValueError
        If one of them is none of these.
    """
    _one_of("family", family, tuple(HEADS))
    names: tuple[str, ...] = ()
    if HEADS[family].family.data != "continuous":
        if isinstance(classes, int):
            classes = [str(k) for k in range(classes)]
        names = tuple(classes)
        if len(names) < 2 or (family == "bernoulli" and len(names) > 2):
            refuse("classes", classes, "2 classes, or more if categorical")
    return HEADS[family](link, loss, float(center), float(unit), names)


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
    """the step at which the loss was no longer finite; the arrays end before it"""

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

    What is minimised is the mean loss plus decay / 2 times the sum of squared weights.

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
    _one_of("family", family, tuple(HEADS))
    _one_of("method", method, get_args(Method))
    rate, steps = positive("rate", rate), _whole("steps", steps, 1, MOST_STEPS)
    batch, seed = _whole("batch", batch, 0), _whole("seed", seed, 0)
    if decay != 0:
        decay = positive("decay", decay)
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
            points = _batches(np.flatnonzero(used), batch, seed) if batch else iter([run.used])
            _descend(run, phi, steps, points, _adam(rate) if method == "adam" else _plain(rate))
    path, losses, nlls, apart = map(np.array, (run.path, run.losses, run.nlls, run.held_out))
    return Training(network, to, x, y, used, path, losses, nlls, apart, run.stopped)


Update: TypeAlias = Callable[[FloatArray], FloatArray]


def _descend(
    run: _Run,
    phi: FloatArray,
    steps: int,
    batches: Iterator[NDArray[np.intp] | slice],
    update: Update,
) -> None:
    """phi changes by update(gradient), once for each batch."""
    points: NDArray[np.intp] | slice = slice(None)
    for _ in range(steps):
        run.forward(phi)
        if not run.keep(phi):
            return
        points = next(batches, points)
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

    Hand-written, as scipy's waits for its threads longer than it computes where others use the
    processor too.
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
            return (new, at, slope) if at < value else None
        size = 0.5 * (low + high) if math.isfinite(high) else 2 * size
    return (phi + low * direction, *run.penalized(phi + low * direction)) if low else None


def _observations(family: str, y: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """y as numbers or class numbers, and the classes' names."""
    kind, support = HEADS[family].family.data, HEADS[family].family.support
    if kind == "continuous":
        values = data("y", y)
        return (values if support[0] == -math.inf else probability("y", values)), ()
    if kind == "binary" and np.asarray(y).dtype.kind in "fiu":
        values = probability("y", data("y", y))
        return values, ("0", "1")
    numbers, names = _labels(y)
    if kind == "binary" and len(names) != 2:
        refuse("y", y, "numbers from 0 to 1, or two labels")
    return (numbers if kind == "classes" else numbers.astype(np.float64)), names


def _labels(y: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers and names of the labels that occur, in the order of categories or sorted."""
    labels = np.asarray(y).ravel()
    if labels.dtype.kind == "f":
        labels = data("y", labels)
        if (labels != np.round(labels)).any():
            refuse("y", y, "whole numbers or names of classes")
        labels = labels.astype(np.int64)
    if labels.size == 0 or labels.dtype.kind not in "iubUO":
        refuse("y", y, "whole numbers or names of classes")
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
        mask = np.asarray(held_out)
        if mask.dtype != bool or mask.shape != x.shape:
            refuse("held_out", held_out, f"True or False for each of the {x.size} points")
        used = ~mask
    if used.sum() < FEWEST_POINTS:
        refuse("x", x[used], f"{FEWEST_POINTS} points or more to train on")
    return used


def _moments(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation, which is 1 where all values are the same."""
    return float(values.mean()), float(values.std()) or 1.0


def _whole(name: str, value: int, low: int, high: int | None = None) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        refuse(name, value, f"a whole number from {low} {'on' if high is None else f'to {high}'}")
    return int(value)


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        refuse(name, value, "one of " + ", ".join(map(repr, allowed)))
