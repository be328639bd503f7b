"""The Bernoulli and Categorical families, kept as logits.

A probability of 1 - 1e-20 is no float64 but its logit is, and so every loss here is exact however
sure the model is.  Divergences see both families as a table of log-probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .family import Family
from .parameter import (
    REAL, FloatArray, Parameter, Value, data, probability, real_array, refuse, whole,
)  # fmt: skip
from .special import times

MOST = 1_000_000  # classes
_PROBABILITY = Parameter(
    "p", "P(1)", "probability of 1", "probability", (0.0, 1.0), "sigmoid", 0.5, closed=True
)
WEIGHT = Parameter("weight", "w", "weight", "weight", (0.0, 1.0), "softmax", 0.5, closed=True)


class Discrete(Family):
    """A family on finitely many classes."""

    def log_probabilities(self) -> FloatArray:
        """Log-probability of every class, shape (..., K)."""
        raise NotImplementedError

    def entropy(self) -> FloatArray:
        """-sum p log p in nats, with 0 log 0 = 0."""
        log_p = self.log_probabilities()
        out: FloatArray = -times(np.exp(log_p), log_p).sum(axis=-1)
        return out


@dataclass(frozen=True, eq=False)
class Bernoulli(Discrete):
    """Bernoulli distribution: p(y) = e^(y logit) / (1 + e^logit) for y in {0, 1}.

    Parameters
    ----------
    logit : float or array, log(p / (1-p)); -inf and inf are the probabilities 0 and 1

    Raises
    ------
    ValueError
        If logit is nan.
    """

    logit: Value
    title: ClassVar = "Bernoulli"
    parameters: ClassVar = (
        Parameter("logit", "z", "logit", "logit", REAL, "identity", 0.0, closed=True),
    )
    support: ClassVar = (0.0, 1.0)
    data: ClassVar = "binary"
    _described: ClassVar = (_PROBABILITY,)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The probability of 1."""
        return (float(self.probability),)

    @classmethod
    def _of(cls, numbers: Sequence[float]) -> Self:
        return cls.from_probability(numbers[0])

    @classmethod
    def from_probability(cls, p: ArrayLike) -> Self:
        """The family member with probability ``p`` of y = 1; 0 and 1 are allowed."""
        p = probability("p", p)
        with np.errstate(divide="ignore"):
            middle = 2 * np.arctanh(2 * np.clip(p, 0.25, 0.75) - 1)  # exact where p is close to 1/2
            logit = np.where(np.abs(p - 0.5) < 0.25, middle, np.log(p) - np.log1p(-p))
        return cls(logit[()])

    @property
    def probability(self) -> FloatArray:
        """Probability of y = 1."""
        return np.asarray(special.expit(self.logit))[()]

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """y logit; -inf outside [0, 1].  It drops log(1 + e^logit)."""
        y = self._observed(y)
        return self._supported(y, times(np.clip(y, 0, 1), np.asarray(self.logit)))

    def log_normalizer(self) -> FloatArray:
        """log(1 + e^logit)."""
        out: FloatArray = np.logaddexp(0.0, self.logit)
        return out

    def log_prob(self, y: ArrayLike) -> FloatArray:
        """-(1-y) softplus(logit) - y softplus(-logit), exact for every logit.

        A ``y`` strictly between 0 and 1 is a soft label, whose loss is the cross-entropy.
        """
        y = self._observed(y)
        log_p, share = self.log_probabilities(), np.clip(y, 0, 1)
        soft = times(1 - share, log_p[..., 0]) + times(share, log_p[..., 1])
        return self._supported(y, soft)

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / d logit = p - y, without the cancellation; 0 outside [0, 1]."""
        y = self._observed(y)
        share = np.clip(y, 0, 1)
        zero, one = special.expit(np.negative(self.logit)), special.expit(self.logit)
        gradient = (1 - share) * one - share * zero
        return {"logit": np.where((y < 0) | (y > 1), 0.0, gradient)[()]}

    def _terms(self, y: FloatArray) -> dict[str, Value]:
        """What the observed shares of 1 cost, and those of 0: exact for every logit."""
        log_p, ones = self.log_probabilities(), np.clip(y, 0, 1).sum(axis=0)
        outside = np.where(((y < 0) | (y > 1)).any(axis=0), np.inf, 0.0)
        return {
            "Σ *yᵢ* log(1 + *e*⁻ᶻ)": times(ones, -log_p[..., 1]) + outside,
            "Σ(1 − *yᵢ*) log(1 + *e*ᶻ)": times(len(y) - ones, -log_p[..., 0]),
        }

    def mode(self) -> FloatArray:
        """The likelier of 0 and 1; nan where both are equally likely."""
        z = np.asarray(self.logit)
        return np.where(z == 0, np.nan, np.where(z > 0, 1.0, 0.0))[()]

    def mean(self) -> FloatArray:
        """The probability of y = 1."""
        return self.probability

    def variance(self) -> FloatArray:
        """p (1-p)."""
        out: FloatArray = self.probability * special.expit(np.negative(self.logit))
        return out

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw 0.0 and 1.0 from ``rng``; ``shape`` comes before the parameters' own shape."""
        draws = rng.random((*shape, *np.shape(self.logit))) < self.probability
        return np.asarray(draws, dtype=np.float64)[()]

    def log_probabilities(self) -> FloatArray:
        """log p(0) and log p(1), shape (..., 2)."""
        z = np.asarray(self.logit)
        return -np.stack([np.logaddexp(0.0, z), np.logaddexp(0.0, -z)], axis=-1)

    @staticmethod
    def _supported(y: FloatArray, out: FloatArray) -> FloatArray:
        return np.where((y < 0) | (y > 1), -np.inf, out)[()]

    @classmethod
    def _fit_mle(cls, y: ArrayLike) -> Bernoulli:
        """The mean; all 0 or all 1 give an infinite logit, where the likelihood is 1."""
        y = probability("y", data("y", y, labels=True))
        with np.errstate(divide="ignore"):
            return cls(float(np.log(y.sum()) - np.log((1 - y).sum())))


@dataclass(frozen=True, eq=False)
class Categorical(Discrete):
    """Categorical distribution: p(y) = e^logits[y] / sum_k e^logits[k] for y in 0, ..., K-1.

    An observation is a class number (integers), or a soft label: floats of shape (..., K), not
    negative, that sum to one within 1e-9 and are then normalised; its loss is the cross-entropy.

    Parameters
    ----------
    logits : array (..., K); -inf is the probability 0

    Raises
    ------
    ValueError
        If logits is a single number, holds nan or +inf, or nothing but -inf in a row.
    """

    logits: FloatArray
    title: ClassVar = "Categorical"
    parameters: ClassVar = (
        Parameter("logits", "z", "logit", "logit", REAL, "identity", 0.0, closed=True),
    )
    support: ClassVar = (0.0, np.inf)
    data: ClassVar = "classes"

    def __post_init__(self) -> None:
        super().__post_init__()
        logits = np.asarray(self.logits)
        if logits.ndim == 0 or not np.isfinite(logits.max(axis=-1)).all():
            refuse("logits", logits, "an array (..., K) of numbers below inf, one of each K finite")

    @classmethod
    def described(cls, count: int | None = None) -> tuple[Parameter, ...]:
        """A weight for each of 2 classes or more, which are counted from 0."""
        count = 2 if count is None else count
        if count < 2:
            refuse("count", count, "2 or more")
        return tuple(WEIGHT.of(k, "weight of class") for k in range(count))

    @property
    def numbers(self) -> tuple[float, ...]:
        """The probabilities of the classes."""
        if self.logits.ndim != 1:
            refuse("logits", self.logits, "one row of numbers")
        return tuple(self.probabilities.tolist())

    @classmethod
    def _of(cls, numbers: Sequence[float]) -> Self:
        return cls.from_probabilities(shares(numbers))

    @classmethod
    def from_probabilities(cls, p: ArrayLike) -> Self:
        """The family member with the probabilities ``p``, (..., K), that sum to one within 1e-9."""
        with np.errstate(divide="ignore"):
            return cls(np.log(distribution("p", p)))

    def _shape(self) -> tuple[int, ...]:
        return np.shape(self.logits)[:-1]

    @property
    def probabilities(self) -> FloatArray:
        """Probability of every class, shape (..., K)."""
        _, shifted, rest = self._parts()
        return np.exp(shifted) / (1 + rest)

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """logits[y], or sum_k y_k logits_k for soft labels; -inf off the classes."""
        return self._at(y, np.asarray(self.logits))

    def log_normalizer(self) -> FloatArray:
        """log sum_k e^logits[k]."""
        top, _, rest = self._parts()
        return (top + np.log1p(rest))[..., 0][()]

    def log_prob(self, y: ArrayLike) -> FloatArray:
        """(logits[y] - max) - log1p(sum of the others' e^(logits - max)), exact for all logits."""
        return self._at(y, self.log_probabilities())

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / d logits = p - y with y one-hot or soft, shape (..., K), no cancellation.

        Zero where y is no class.
        """
        p, (_, shifted, rest) = self.probabilities, self._parts()
        first = self._first(shifted)
        others = np.where(first, rest / (1 + rest), 1 - p)  # 1 - p, also where p rounds to 1
        y = self._labels(y)
        if y.dtype.kind == "i":
            classes = np.arange(p.shape[-1])
            inside = ((y >= 0) & (y < p.shape[-1]))[..., None]
            y = np.where(y[..., None] == classes, 1.0, 0.0)
        else:
            inside = np.True_
        return {"logits": np.where(inside, (1 - y) * p - y * others, 0.0)}

    def _terms(self, y: FloatArray) -> dict[str, Value]:
        return {
            "*n* log Σ *e*ᶻ": len(y) * self.log_normalizer(),
            "−Σ *z* of class *yᵢ*": -self.log_kernel(self._upright(y)).sum(axis=0),
        }

    def mode(self) -> FloatArray:
        """The number of the likeliest class; nan where several are."""
        logits = np.asarray(self.logits)
        ties = (logits == logits.max(axis=-1, keepdims=True)).sum(axis=-1)
        return np.where(ties > 1, np.nan, logits.argmax(axis=-1))[()]

    def mean(self) -> FloatArray:
        """Mean of the one-hot y, shape (..., K): the probabilities."""
        return self.probabilities

    def variance(self) -> FloatArray:
        """Variances of the one-hot y, shape (..., K): p (1-p)."""
        p = self.probabilities
        return p * (1 - p)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw class numbers (as integers) from ``rng``; ``shape`` comes before the own shape."""
        cumulative = np.cumsum(self.probabilities, axis=-1)
        u = rng.random((*shape, *cumulative.shape[:-1], 1)) * cumulative[..., -1:]
        return np.asarray((u >= cumulative).sum(axis=-1))[()]

    def log_probabilities(self) -> FloatArray:
        """Log-probability of every class, shape (..., K)."""
        _, shifted, rest = self._parts()
        return shifted - np.log1p(rest)

    def _parts(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The largest logit, the logits less it, and the sum of the other classes' exponentials."""
        logits = np.asarray(self.logits)
        top = logits.max(axis=-1, keepdims=True)
        with np.errstate(over="ignore"):
            shifted = logits - top
        first = self._first(shifted)
        return top, shifted, np.where(first, 0.0, np.exp(shifted)).sum(axis=-1, keepdims=True)

    @staticmethod
    def _first(shifted: FloatArray) -> FloatArray:
        """Where the (first) likeliest class stands."""
        classes = np.arange(shifted.shape[-1])
        return np.asarray(classes == shifted.argmax(axis=-1)[..., None])

    def _labels(self, y: ArrayLike) -> FloatArray:
        """Class numbers as they are, soft labels normalised."""
        k = np.shape(self.logits)[-1]
        values = real_array("y", y)
        if np.asarray(y).dtype.kind in "iu":
            self._check_shapes(y=values, logits=np.asarray(self.logits)[..., 0])
            return np.asarray(y).astype(np.int64)
        if values.ndim == 0 or values.shape[-1] != k:
            refuse("y", y, f"whole class numbers, or shares of shape (..., {k})")
        self._check_shapes(y=values, logits=self.logits)
        return distribution("y", y, nan=True)

    def _at(self, y: ArrayLike, table: FloatArray) -> FloatArray:
        """Entries of a table (..., K) at class numbers, or its means under soft labels."""
        labels = self._labels(y)
        if labels.dtype.kind == "f":
            return np.asarray(times(labels, table).sum(axis=-1))[()]
        k = table.shape[-1]
        shape = np.broadcast_shapes(labels.shape, table.shape[:-1])
        table = np.broadcast_to(table, (*shape, k))
        index = np.broadcast_to(labels.astype(np.int64), shape)
        found = np.take_along_axis(table, np.clip(index, 0, k - 1)[..., None], axis=-1)[..., 0]
        return np.where((index >= 0) & (index < k), found, -np.inf)[()]

    @classmethod
    def _fit_mle(cls, y: ArrayLike, classes: int | None = None) -> Categorical:
        """The shares of the classes; ``classes`` is K, if not the largest class number plus one."""
        values = data("y", y)
        if np.asarray(y).dtype.kind not in "iu" or not 0 <= values.min() <= values.max() < MOST:
            refuse("y", y, f"whole class numbers from 0 to {MOST - 1}")
        least = int(values.max()) + 1
        if classes is not None and whole("classes", classes, 1, MOST) < least:
            refuse("classes", classes, f"more than every class number, so at least {least}")
        counts = np.bincount(values.astype(np.intp), minlength=int(classes or 0))
        return cls.from_probabilities(counts / counts.sum())


def distribution(name: str, value: ArrayLike, *, nan: bool = False) -> FloatArray:
    """Return probabilities (..., K), normalised exactly.

    Raises
    ------
    ValueError
        If one is negative, or a sum is not one within 1e-9, or as rounding leaves it in float32 or
        float16; nan passes if ``nan``.
    """
    p = real_array(name, value)
    good = p.ndim > 0 and p.size > 0
    if good:
        total = p.sum(axis=-1, keepdims=True)
        kind = np.asarray(value).dtype
        rounding = np.finfo(kind).eps if kind.kind == "f" else 0.0
        fine = (p >= 0) & (np.abs(total - 1) <= max(1e-9, (4 + p.shape[-1]) * rounding))
        good = bool((fine | (nan & np.isnan(total))).all())
    if not good:
        refuse(name, value, "an array (..., K) of numbers from 0 on that sum to 1")
    out: FloatArray = p / total
    return out


def shares(weights: Sequence[float]) -> FloatArray:
    """Return weights over their sum.

    Raises
    ------
    ValueError
        If one is negative or not finite, or all are 0.
    """
    w = data("weights", weights)
    if (w < 0).any() or not w.sum() > 0:
        refuse("weights", weights, "numbers from 0 on that do not sum to 0")
    out: FloatArray = w / w.sum()
    return out
