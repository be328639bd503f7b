"""What a network's outputs mean: the parameters of a family, before their links.

The losses and slopes are those of the families, written as plain sums of a few array operations:
a training passes through them some thousand times, and tests hold them to the families' own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .beta import Beta
from .discrete import MOST, Bernoulli, Categorical
from .family import Family
from .laplace import Laplace
from .normal import Normal
from .parameter import FloatArray, Parameter, Value, number, one_of, positive, refuse, whole
from .special import LOG_2PI, half_rest
from .student_t import StudentT

Link: TypeAlias = Literal["exp", "softplus"]
Part: TypeAlias = Literal["full", "kernel"]

_LARGE = 1e3  # shape parameters of a Beta
_TINY, _LARGEST = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).max)


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
        one_of("link", self.link, get_args(Link))
        one_of("loss", self.loss, get_args(Part))
        number("center", self.center)
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

    @np.errstate(all="ignore")
    def losses(self, eta: FloatArray, constants: ArrayLike, y: FloatArray) -> FloatArray:
        """What is minimised, of each observation (..., n): its nll, or without log Z."""
        return self._losses(self._rows(eta, constants), y)[0]

    @np.errstate(all="ignore")
    def nlls(self, eta: FloatArray, constants: ArrayLike, y: FloatArray) -> FloatArray:
        """-log p(y) of each observation (..., n), nothing dropped."""
        return self._losses(self._rows(eta, constants), y)[1]

    @np.errstate(all="ignore")
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

    def _ordered(self) -> Iterator[tuple[int, Parameter]]:
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
        return [self._after(rows[k], parameter) for k, parameter in self._ordered()]

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
        full = self._full(theta, y, kernel)
        return full if self.loss == "full" else kernel, full

    def _full(self, theta: Sequence[FloatArray], y: FloatArray, kernel: FloatArray) -> FloatArray:
        return kernel + self._normalizer(theta)

    def _gradient(self, rows: Sequence[FloatArray], y: FloatArray) -> FloatArray:
        """d losses / d rows, (outputs + constants, n)."""
        theta = self._linked(rows)
        slopes = list(self._kernel_slopes(theta, y))
        if self.loss == "full":
            slopes = [a + b for a, b in zip(slopes, self._normalizer_slopes(theta), strict=True)]
        out = np.empty((len(slopes), y.size))
        for value, slope, (k, parameter) in zip(theta, slopes, self._ordered(), strict=True):
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
        return -np.asarray(special.xlogy(a - 1, y) + special.xlog1py(b - 1, -y))

    def _normalizer(self, theta: Sequence[FloatArray]) -> FloatArray:
        a, b = theta
        out: FloatArray = special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)
        return out

    def _full(self, theta: Sequence[FloatArray], y: FloatArray, kernel: FloatArray) -> FloatArray:
        full = super()._full(theta, y, kernel)
        large = np.maximum(*theta) > _LARGE
        if large.any():  # both terms grow with a and b, and their sum hardly does: it has no digits
            a, b = (np.clip(value[large], _TINY, _LARGEST) for value in theta)
            full[large] = Beta(a, b).nll(np.broadcast_to(y, large.shape)[large])
        return full

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

    def _ordered(self) -> Iterator[tuple[int, Parameter]]:
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
    one_of("family", family, tuple(HEADS))
    names: tuple[str, ...] = ()
    if HEADS[family].family.data != "continuous":
        if isinstance(classes, list | tuple):
            names = tuple(classes)
        else:
            names = tuple(map(str, range(whole("classes", classes, 2, MOST))))
        if len(names) < 2 or (family == "bernoulli" and len(names) > 2):
            refuse("classes", classes, "2 classes, or more if categorical")
        if not all(isinstance(name, str) for name in names):
            refuse("classes", classes, "how many classes, or their names")
    return HEADS[family](link, loss, number("center", center), positive("unit", unit), names)
