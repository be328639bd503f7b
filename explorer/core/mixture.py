"""Mixtures of Normals, and the sum of Diracs that they turn into when their width goes to zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .boxes import Boxes, Observed
from .discrete import WEIGHT, distribution, shares
from .em import fit_mixture
from .family import Family, panel_ends
from .normal import Normal
from .parameter import (
    FloatArray, Parameter, Value, data, positive, probability, real_array, refuse, whole,
)  # fmt: skip
from .quadrature import (
    FEW, Points, Table, adaptive, around, between, integral, parts_for, refined, thinned, turns,
)  # fmt: skip
from .special import LOG_2PI, times
from .symmetric import Symmetric


@dataclass(frozen=True, eq=False)
class Mixture(Family):
    """Mixture of Normals: p(y) = sum_k weights[k] N(y; mu_k, sigma_k).

    Parameters
    ----------
    weights : array (K,), not negative, sum 1 within 1e-9 (then made exact)
    components : K Normals with single numbers as parameters

    Raises
    ------
    ValueError
        If the weights are no distribution, a component is no such Normal, or their counts differ.
    """

    weights: FloatArray
    components: tuple[Normal, ...]
    title: ClassVar = "mixture"

    def __post_init__(self) -> None:
        weights = distribution("weights", self.weights)
        if weights.ndim != 1:
            refuse("weights", self.weights, "one row of numbers")
        try:
            components = tuple(self.components)
        except TypeError:
            components = ()
        if not components or not all(
            isinstance(c, Normal) and c._shape() == () for c in components
        ):
            refuse("components", self.components, "Normals with single numbers as parameters")
        if len(components) != weights.size:
            refuse("components", components, f"as many as the weights, {weights.size}")
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "components", components)

    def __repr__(self) -> str:
        return f"Mixture(weights={self.weights.tolist()}, components={self.components})"

    def __hash__(self) -> int:
        return hash((self.weights.tobytes(), self.components))

    @classmethod
    def described(cls, count: int | None = None) -> tuple[Parameter, ...]:
        """The means, the standard deviations and the weights of the components."""
        count = 6 if count is None else count
        if count < 3 or count % 3:
            refuse("count", count, "a multiple of 3")
        rows = (*Normal.parameters, WEIGHT)
        return tuple(row.of(k + 1) for row in rows for k in range(count // 3))

    @property
    def numbers(self) -> tuple[float, ...]:
        """The means, the standard deviations and the weights of the components."""
        rows = self.table.mu, self.table.sigma, self.weights
        return tuple(chain.from_iterable(row.tolist() for row in rows))

    @classmethod
    def _of(cls, numbers: Sequence[float]) -> Self:
        k = len(numbers) // 3
        return cls(shares(numbers[2 * k :]), tuple(map(Normal, numbers[:k], numbers[k : 2 * k])))

    def _shape(self) -> tuple[int, ...]:
        return ()

    @cached_property
    def table(self) -> Table:
        """Log-weights, means and standard deviations of the components, each (K,)."""
        with np.errstate(divide="ignore"):
            log_w = np.log(self.weights)
        mu = np.array([c.mu for c in self.components])
        sigma = np.array([c.sigma for c in self.components])
        return Table(log_w, mu, sigma)

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """log sum_k weights[k] N(y; mu_k, sigma_k), by logsumexp."""
        return self.table.log_density(self._observed(y))[()]

    def log_normalizer(self) -> FloatArray:
        """0: the kernel is normalised."""
        return np.zeros(())[()]

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / d weights, d nll / d mu and d nll / d sigma of all components, each (..., K).

        The weights are taken as free numbers; with r the responsibilities and z = (y-mu)/sigma,
        -N(y; mu, sigma) / p(y), -r z / sigma and r (1 - z^2) / sigma.
        """
        y = real_array("y", y)[..., None]
        mu, sigma = self.table.mu, self.table.sigma
        r = self.responsibilities(y[..., 0])
        with np.errstate(over="ignore", invalid="ignore"):
            near = (self.table.clipped(y) - mu) / sigma
            log_each = -0.5 * near * near - np.log(sigma) - 0.5 * LOG_2PI
            z = (y - mu) / sigma
            return {
                "weights": -np.exp(log_each - self.table.log_density(self.table.clipped(y))),
                "mu": np.where(r == 0, 0.0, -r * z / sigma),
                "sigma": np.where(r == 0, 0.0, r * (1 - z) * (1 + z) / sigma),
            }

    def responsibilities(self, y: ArrayLike) -> FloatArray:
        """Probability of each component given ``y``: w_k N_k(y) / p(y), shape (..., K)."""
        return np.moveaxis(self.table.responsibilities(real_array("y", y)), 0, -1)

    def score(self, y: ArrayLike) -> FloatArray:
        """d log p / dy = sum_k r_k (mu_k - y) / sigma_k^2, r the responsibilities."""
        return self.table.score(real_array("y", y))[()]

    def modes(self) -> FloatArray:
        """All local maxima of the density, from left to right."""
        return self._modes

    @cached_property
    def _modes(self) -> FloatArray:
        at, falls = turns(self.table.score, refined(panel_ends(self), 4))
        modes = np.asarray(at[falls])
        modes.flags.writeable = False
        return modes

    def mode(self) -> FloatArray:
        """The point of highest density; nan where two are equally high within 1e-12."""
        modes = self.modes()
        heights = self.table.log_density(modes)
        best = modes[heights > heights.max() - 1e-12]
        return np.asarray(best[0] if best.size == 1 else np.nan)[()]

    def mean(self) -> FloatArray:
        """sum_k w_k mu_k."""
        first = self.table.mu[0]
        return np.asarray(first + self._mean_beyond(first))[()]

    def _mean_beyond(self, c: Value) -> FloatArray:
        return -(np.subtract.outer(c, self.table.mu) @ self.weights)

    def variance(self) -> FloatArray:
        """sum_k w_k (sigma_k^2 + (mu_k - mean)^2)."""
        away, sigma = self.table.mu - self.table.mu[0], self.table.sigma
        with np.errstate(over="ignore", invalid="ignore"):
            spread = np.square(sigma) + np.square(away - self.weights @ away)
        return np.asarray(times(self.weights, spread).sum())[()]

    def entropy(self) -> FloatArray:
        """-integral of p log p in nats, by quadrature to 1e-12."""
        return self._entropy

    @cached_property
    def _entropy(self) -> FloatArray:
        def term(x: Points) -> FloatArray:
            log_p = self.table.log_density(x)
            return np.exp(log_p) * log_p

        return np.asarray(-integral(term, panel_ends(self)))[()]

    def cdf(self, y: ArrayLike) -> FloatArray:
        return np.asarray(special.ndtr(self._standardized(self._observed(y))) @ self.weights)[()]

    def _survival(self, y: ArrayLike | Points) -> FloatArray:
        return np.asarray(special.ndtr(-self._standardized(self._observed(y))) @ self.weights)[()]

    def _standardized(self, y: FloatArray | Points) -> FloatArray:
        with np.errstate(over="ignore"):
            out: FloatArray = (y[..., None] - self.table.mu) / self.table.sigma
        return out

    def quantile(self, u: ArrayLike) -> FloatArray:
        """The y with cdf(y) = u, for u in [0, 1]; cut into 128 parts until they are digits."""
        u = probability("u", u, nan=True)
        live = [c for c, w in zip(self.components, self.weights, strict=True) if w > 0]
        each = np.stack([np.asarray(c.quantile(u)) for c in live])
        level, least = u.ravel(), 1e-18 * min(float(c.sigma) for c in live)
        low, high = each.min(axis=0).ravel(), each.max(axis=0).ravel()
        share, column = np.arange(129)[:, None] / 128, np.arange(level.size)
        while True:
            with np.errstate(invalid="ignore"):
                ends = low + (high - low) * share
                open_ = high - low > least
            ends = np.where(np.isfinite(ends), ends, high)  # u = 0 and 1 are at infinity
            ends[-1] = high
            if not ((low < ends[1:-1]) & (ends[1:-1] < high) & open_).any():
                return np.asarray(high.reshape(u.shape))[()]
            part = (self._beyond(ends[1:-1], level) < 0).sum(axis=0)
            low, high = ends[part, column], ends[part + 1, column]

    def _beyond(self, y: FloatArray, u: FloatArray) -> FloatArray:
        """cdf(y) - u or what has its sign, from the tails that the components have beyond y.

        So it tells also where the cdf is flat to the last digit.
        """
        mirror = np.where(u > 0.5, -1.0, 1.0)
        z = self._standardized(y) * mirror[:, None]
        passed = z >= 0
        signs = np.where(passed, -1.0, 1.0)
        out: FloatArray = passed @ self.weights - np.minimum(u, 1 - u)
        out += (signs * special.ndtr(-np.abs(z))) @ self.weights
        if (flat := out == 0).any():
            with np.errstate(divide="ignore", invalid="ignore"):
                tails = np.log(self.weights) + special.log_ndtr(-np.abs(z[flat]))
                tails -= tails.max(axis=-1, keepdims=True)
                out[flat] = (signs[flat] * np.exp(tails)).sum(axis=-1)
        return mirror * out

    def _shortfall(self, t: ArrayLike, order: int, side: int = 1) -> FloatArray:
        parts = zip(self.weights.tolist(), self.components, strict=True)
        return np.asarray(sum(w * c._shortfall(t, order, side) for w, c in parts if w > 0))[()]

    def _rise(self, t: Points, step: float) -> FloatArray:
        if step > 1e-4 * self.table.sigma.min():
            return super()._rise(t, step)
        return 2 * step * self.table.score(t)

    def _ends(self) -> Points:
        live = self.weights > 0
        mu, sigma = self.table.mu[live], self.table.sigma[live]
        ends = around(mu, sigma)
        # Where many overlap, panels are fewer that are as wide as the narrowest.
        return thinned(ends, 0.5 * float(sigma.min())) if mu.size > FEW else ends

    def _kinks(self) -> FloatArray:
        return self.table.kinks

    def _nodes(self, unit: float) -> tuple[Points, FloatArray]:
        live = [(w, c) for w, c in zip(self.weights, self.components, strict=True) if w > 0]
        each = [(w, *c._nodes(unit)) for w, c in live]
        x = Points.joined(*(x for _, x, _ in each))
        weight = np.concatenate([w * v for w, _, v in each])
        # Where components overlap, panels over all of them are fewer.
        step = min(float(c.sigma) for _, c in live)
        ends = thinned(self._ends(), step)
        parts = parts_for(2.0 * step, unit)
        if 12 * parts * ends.size < x.size:
            x, share = between(refined(ends, parts))
            x, weight = x.ravel(), (share * np.exp(self.log_prob(x))).ravel()
        return x, weight

    def _cross_entropy_from(self, p: Family) -> FloatArray | None:
        """For a p with tails heavier than a Normal's: that from p to the widest component alone.

        And by quadrature what the others change, which is little in the tails.
        """
        if isinstance(p, Normal) or not isinstance(p, Symmetric):
            return None
        widest = max(
            (c for c, w in zip(self.components, self.weights, strict=True) if w > 0),
            key=lambda c: float(c.sigma),
        )
        closed = widest._cross_entropy_from(p)
        if not np.isfinite(closed):
            return closed

        def others(x: Points) -> FloatArray:
            density = np.exp(p.log_prob(x))
            return np.where(density > 0, density * (widest.log_prob(x) - self.log_prob(x)), 0.0)

        return closed + adaptive(others, panel_ends(p, self))

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        mu, sigma = self.table.mu, self.table.sigma
        k = rng.choice(mu.size, size=shape, p=self.weights)
        return np.asarray(rng.normal(mu[k], sigma[k]))[()]

    @classmethod
    def _fit_mle(cls, y: ArrayLike, components: int = 2) -> Mixture:
        """The likeliest local maximum found from many starts, by ``fit_mixture``."""
        y = data("y", y)
        weights, mu, sigma = fit_mixture(y, whole("components", components, 1))
        return cls(weights, tuple(map(Normal, mu.tolist(), sigma.tolist())))


@dataclass(frozen=True, eq=False)
class Empirical(Observed):
    """The observations themselves as a distribution: the sum of Diracs at them, over n.

    It has no finite density: log_prob is +inf at an observation, -inf elsewhere.

    Parameters
    ----------
    observations : array of finite numbers, at least one; kept flat

    Raises
    ------
    ValueError
        If there is no observation or one is not finite.
    """

    title: ClassVar = "sum of Diracs"

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """+inf at an observation, -inf elsewhere."""
        y = real_array("y", y)
        out = np.where(np.isin(y, self.observations), np.inf, -np.inf)
        return np.where(np.isnan(y), np.nan, out)[()]

    def mode(self) -> FloatArray:
        """The most frequent observation; nan where several are."""
        values, counts = np.unique(self.observations, return_counts=True)
        best = values[counts == counts.max()]
        return np.asarray(best[0] if best.size == 1 else np.nan)[()]

    def variance(self) -> FloatArray:
        """Mean squared deviation (divided by n)."""
        return np.asarray(self._spread())[()]

    def entropy(self) -> FloatArray:
        """-inf: the entropy of spikes of width eps falls like log eps."""
        return np.asarray(-np.inf)[()]

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        """Draw observations with replacement: the bootstrap."""
        return np.asarray(rng.choice(self.observations, size=shape))[()]

    def smoothed(self, width: float) -> Mixture:
        """Every Dirac widened to a Normal of standard deviation ``width``; equal ones are one."""
        sigma = positive("width", width)
        values, counts = np.unique(self.observations, return_counts=True)
        components = tuple(Normal(value, sigma) for value in values.tolist())
        return Mixture(counts / counts.sum(), components)

    def boxed(self, width: float) -> Boxes:
        """Every Dirac widened to a box of full width ``width``."""
        return Boxes(self.observations, width)
