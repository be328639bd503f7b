"""What all families share: how they are validated, compared, and how a loss follows from them.

A family is a frozen dataclass of its parameters.  It states two things, the log of what is written
after "p(y) is proportional to" and the log of the constant that makes it integrate to one; the
log-density and the loss follow from these here, once for all.

What divergences, risks and fits ask of a family besides begins with an underscore:

- ``_ends``, for a density on the whole line: panel ends of which each panel, 12 nodes, resolves the
  density, with every kink or jump among them, as far as there is mass: 1e-16 of it, or less where
  tails are so heavy that the rest matters.  From these alone follow ``cross_entropy``, ``kl``,
  ``kl_parts`` and ``jensen_shannon`` beside all others, and risks.  ``_kinks`` says where log p
  bends further out.  A log-density that takes y by ``_observed`` and goes on with y - mu alone
  keeps its digits at every mu and scale, as quadrature asks for it at ``Points``.
- ``_fit_mle``, for ``fit_mle`` and for panels with data, and ``_fit_cross_entropy``, for spikes.
- Closed forms where there are any: ``_kl`` and ``_renyi`` beside one of the same family,
  ``_cross_entropy_from`` with this as q, ``_shortfall``, and ``_terms`` for ``nll_terms``.

``Symmetric`` has ``_ends``, ``_shortfall`` and more for a family that states its standard member.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from .parameter import REAL, FloatArray, Parameter, Value, data, real_array, refuse
from .quadrature import Points, adaptive


class Family(ABC):
    """A parametric family of distributions; see the module's docstring.

    Parameters may be arrays, which broadcast against each other and against ``y``.  Everything is
    float64; logarithms are natural and losses in nats.

    Raises
    ------
    ValueError
        If a parameter leaves its domain, or the shapes do not broadcast.
    """

    title: ClassVar[str]
    """What the family is called in a sentence: "a Normal"."""
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    """What the fields are, in their order; validation follows from it."""
    _described: ClassVar[tuple[Parameter, ...]] = ()
    """What the ``numbers`` are, if not these."""
    support: ClassVar[tuple[float, float]] = REAL
    """The closed hull of the observations that can occur."""
    data: ClassVar[Literal["continuous", "binary", "classes"]] = "continuous"
    """What an observation is."""

    def __post_init__(self) -> None:
        single = True
        for parameter in self.parameters:
            given = getattr(self, parameter.name)
            value = parameter.checked(given)
            if value is not given:
                object.__setattr__(self, parameter.name, value)
            single = single and type(value) is float
        if not single:
            self._check_shapes(**self._parameters())

    @classmethod
    def described(cls, count: int | None = None) -> tuple[Parameter, ...]:
        """What ``numbers`` are, one by one; ``count`` is how many, where that is not fixed.

        Raises
        ------
        ValueError
            If no member has that many.
        """
        described = cls._described or cls.parameters
        if count not in (None, len(described)):
            refuse("count", count, f"{len(described)}")
        return described

    @property
    def numbers(self) -> tuple[float, ...]:
        """All that the distribution is made of, as floats; its parameters are single numbers.

        Probabilities instead of logits; the means, standard deviations and weights of a Mixture.
        """
        values = tuple(self._parameters().values())
        if not all(type(value) is float for value in values):
            refuse("parameters", values, "single numbers")
        return values  # type: ignore[return-value]

    @classmethod
    def from_numbers(cls, numbers: Sequence[float]) -> Self:
        """The family member with these ``numbers``, in which weights count by their share."""
        row = data("numbers", numbers)
        cls.described(row.size)
        return cls._of(row.tolist())

    @classmethod
    def _of(cls, numbers: Sequence[float]) -> Self:
        return cls(*numbers)

    def _parameters(self) -> dict[str, Value]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def _shape(self) -> tuple[int, ...]:
        """The shape that the parameters broadcast to."""
        if all(type(value) is float for value in vars(self).values()):
            return ()
        return np.broadcast_shapes(*(np.shape(value) for value in self._parameters().values()))

    def _full(self, value: Value) -> FloatArray:
        """``value`` in the shape of the parameters."""
        shape, values = self._shape(), np.asarray(value)
        out: FloatArray = (np.broadcast_to(values, shape) if shape else values)[()]
        return out

    def _observed(self, y: ArrayLike | Points) -> FloatArray:
        """Return ``y`` as float64, if its shape broadcasts against the parameters'.

        Points stay what they are: for y - mu, what an array is.
        """
        if isinstance(y, Points):
            return y  # type: ignore[return-value]
        values = real_array("y", y, labels=self.data == "binary")
        if values.ndim and self._shape():
            self._check_shapes(y=values, **self._parameters())
        return values

    @staticmethod
    def _check_shapes(**arrays: Value) -> None:
        """Raise a ValueError that names the arrays unless their shapes broadcast."""
        shapes = {name: np.shape(array) for name, array in arrays.items()}
        if sum(map(bool, shapes.values())) > 1:
            try:
                np.broadcast_shapes(*shapes.values())
            except ValueError:
                refuse("shapes", shapes, "shapes that broadcast against each other")

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

    def nll_terms(self, y: ArrayLike) -> dict[str, FloatArray]:
        """The terms of the loss of all observations ``y`` by their formulas, in nats.

        Their sum is nll(y).sum(), and as quick as can be for parameters that are arrays: each term
        has the shape of the parameters, whatever that of ``y``.
        """
        values = data("y", y, labels=self.data == "binary")
        terms = self._terms(np.ravel(y) if self.data == "classes" else values)
        shape = self._shape()
        return {name: np.broadcast_to(term, shape)[()] for name, term in terms.items()}

    def own_terms(self, y: ArrayLike) -> dict[str, FloatArray]:
        """The same terms of the loss of each ``y`` alone, beside its own parameters.

        Their sum is nll(y); each has the shape that ``y``, class numbers of a Categorical, and the
        parameters broadcast to.
        """
        values = np.asarray(y) if self.data == "classes" else self._observed(y)
        shape = np.broadcast_shapes(values.shape, self._shape())
        terms = self._terms(np.broadcast_to(values, shape)[None])
        return {name: np.broadcast_to(term, shape)[()] for name, term in terms.items()}

    def _terms(self, y: FloatArray) -> Mapping[str, Value]:
        """Sums over the first axis of ``y``, which is flat or has the parameters' axes besides."""
        return {"−Σ log *p*(*yᵢ*)": self.nll(self._upright(y)).sum(axis=0)}

    def _upright(self, y: FloatArray) -> FloatArray:
        """Flat observations along an axis before those of the parameters."""
        return y if y.ndim > 1 else y.reshape(-1, *[1] * len(self._shape()))

    @abstractmethod
    def mode(self) -> FloatArray:
        """The most likely y; nan where that is not one point."""

    def modes(self) -> FloatArray:
        """All local maxima of the density, from left to right; parameters are single numbers."""
        return np.atleast_1d(self.mode())

    def peak(self) -> FloatArray:
        """The highest density, which may be infinite."""
        return np.exp(self.log_prob(self.mode()))

    @abstractmethod
    def mean(self) -> FloatArray:
        """E[y]."""

    def _mean_beyond(self, c: Value) -> FloatArray:
        """E[y] - c, also where it is less than the last digit of both."""
        return self.mean() - c

    @abstractmethod
    def variance(self) -> FloatArray:
        """E[(y - mean)^2]."""

    @abstractmethod
    def entropy(self) -> FloatArray:
        """-E[log p(y)] in nats."""

    def cdf(self, y: ArrayLike) -> FloatArray:
        """Probability of at most ``y``."""
        refuse("family", self, "a family with a density")

    def _survival(self, y: ArrayLike | Points) -> FloatArray:
        """Probability of more than ``y``, in the families here exact where it is small."""
        return 1 - self.cdf(y)

    def quantile(self, u: ArrayLike) -> FloatArray:
        """The y with cdf(y) = u, for u in [0, 1]."""
        refuse("family", self, "a family with a density")

    @abstractmethod
    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw from ``rng``; ``shape`` comes before the parameters' own shape."""

    def _shortfall(self, t: ArrayLike, order: int, side: int = 1) -> FloatArray:
        """E[max(side (t - y), 0)^order] for order 1 or 2 and side 1 or -1."""
        ends = np.asarray(self._ends())

        def expected(t: float) -> float:
            reached = np.append(ends[side * (t - ends) > 0], t)
            return adaptive(lambda y: np.abs(y - t) ** order * np.exp(self.log_prob(y)), reached)

        return np.asarray(np.vectorize(expected, otypes=[float])(real_array("t", t)))[()]

    def _rise(self, t: Points, step: float) -> FloatArray:
        """log p(t + step) - log p(t - step)."""
        off = np.concatenate([t.off + step, t.off - step])
        log_p = self.log_prob(Points(np.concatenate([t.at, t.at]), off))
        with np.errstate(invalid="ignore"):
            return log_p[: t.size] - log_p[t.size :]

    def _distance(self, t: Value) -> FloatArray:
        """E|y - t|."""
        return self._shortfall(t, 1) + self._shortfall(t, 1, -1)

    def _ends(self) -> FloatArray | Points:
        """Panel ends that resolve the density of single numbers, as far as it has mass."""
        refuse("family", self, "a family with a density on the real line")

    def _kinks(self) -> FloatArray:
        """More of them, wherever log p bends."""
        return np.empty(0)

    def _nodes(self, unit: float) -> tuple[Points, FloatArray]:
        """Points and weights, sum 1, for the mean of what is smooth on the scale of ``unit``."""
        refuse("family", self, "a Normal, a Mixture or Boxes")

    def _cross_entropy_from(self, p: Family) -> FloatArray | None:
        """-E_p[log q] with this as q, where there is a form for it."""
        return None

    def _kl(self, q: Any) -> FloatArray | None:
        """KL(p||q) with this as p, for q of the same family, where there is a closed form."""
        return None

    def _renyi(self, q: Any, alpha: float, beta: float) -> FloatArray | None:
        """Their Renyi divergence of order alpha = 1 - beta, not 0 or 1, in the same way."""
        return None

    @classmethod
    def _fit_cross_entropy(cls, *p: Any, **options: Any) -> Any:
        refuse("family", cls, f"one that goes with a {p[0].title}")

    @classmethod
    def _fit_mle(cls, *y: Any, **options: Any) -> Any:
        refuse("family", cls, "a family that has a maximum-likelihood fit")


def panel_ends(*families: Family) -> Points:
    """Panel ends, unsorted, that resolve densities and their logarithms where any has mass."""
    own = Points.joined(*(family._ends() for family in families))
    at = np.asarray(own)
    kinks = np.concatenate([family._kinks() for family in families])
    return Points.joined(own, kinks[(kinks > at.min()) & (kinks < at.max())])


def a_family(name: str, value: Family) -> Family:
    """Return ``value`` if it is a distribution."""
    if not isinstance(value, Family):
        refuse(name, value, "a distribution")
    return value
