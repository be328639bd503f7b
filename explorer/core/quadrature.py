"""Mixtures of Normals as tables of numbers, and integrals over them.

The integrals are Gauss-Legendre rules on panels that are laid where the integrand bends: at every
component, in units of its sigma, and around the complex zeros of the density between every two
components, where its logarithm turns from one parabola to the other.  So neither narrow nor far
components are missed, and 12 nodes a panel give 1e-13.

At 1e6 float64 is 1e-10 wide: too coarse for what has a width of 1e-3.  So ends and nodes are
``Points``, each a float and how far it is from there, which keep their digits wherever they lie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import ArrayLike, NDArray

from .parameter import FloatArray
from .special import LOG_2PI


@dataclass(eq=False, slots=True)
class Points(NDArrayOperatorsMixin):
    """Points ``at + off`` of the line; their difference from what is close to ``at`` is exact.

    Besides what stands here they take part in arithmetic as an array, rounded to float64.
    """

    at: FloatArray
    off: FloatArray

    @classmethod
    def of(cls, x: ArrayLike | Points) -> Points:
        """Floats as points."""
        if isinstance(x, Points):
            return x
        at = np.asarray(x, dtype=np.float64)
        return cls(at, np.zeros(at.shape))

    @classmethod
    def joined(cls, *parts: FloatArray | Points) -> Points:
        """All of them, flat."""
        flat = [cls.of(part).ravel() for part in parts]
        return cls(np.concatenate([x.at for x in flat]), np.concatenate([x.off for x in flat]))

    def __sub__(self, other: Any) -> FloatArray:
        if isinstance(other, Points):
            return (self.at - other.at) + (self.off - other.off)
        out: FloatArray = (self.at - other) + self.off
        return out

    def __add__(self, step: Any) -> Points:
        off = self.off + step
        at = self.at if self.at.shape == off.shape else np.broadcast_to(self.at, off.shape)
        return Points(at, off)

    def __getitem__(self, index: Any) -> Points:
        return Points(self.at[index], self.off[index])

    def __array__(self, dtype: Any = None, copy: Any = None) -> FloatArray:
        return np.asarray(self.at + self.off, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        arrays = (np.asarray(x) if isinstance(x, Points) else x for x in inputs)
        return getattr(ufunc, method)(*arrays, **options)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.off.shape

    @property
    def ndim(self) -> int:
        return self.off.ndim

    @property
    def size(self) -> int:
        return self.off.size

    def ravel(self) -> Points:
        """The same, flat."""
        return Points(self.at.ravel(), self.off.ravel())

    def normal(self) -> Points:
        """The same, with ``off`` less than the last digit of ``at``."""
        at = self.at + self.off
        moved = at - self.at
        return Points(at, (self.at - (at - moved)) + (self.off - moved))

    def distinct(self) -> Points:
        """Flat ones in order, each once."""
        x = self.normal()
        x = x[np.lexsort((x.off, x.at))]
        return x[np.append(True, x[1:] - x[:-1] > 0)]


Integrand: TypeAlias = Callable[[Points], FloatArray]


@dataclass(frozen=True, eq=False)
class Table:
    """Log-weights, means and standard deviations of K Normals, each of shape (K,)."""

    log_w: FloatArray
    mu: FloatArray
    sigma: FloatArray

    def log_density(self, x: FloatArray | Points) -> FloatArray:
        """log sum_k w_k N(x; mu_k, sigma_k)."""
        if self.mu.size > _MANY and np.size(x):
            return self._by_pieces(x)
        _, top, shares = self._shares(x)
        with np.errstate(divide="ignore"):
            out: FloatArray = top + np.log(shares.sum(axis=0))
        return out

    def _by_pieces(self, x: FloatArray | Points) -> FloatArray:
        """The same, each piece of the line from those components that count there."""
        flat = Points.of(x).ravel()
        order, out = np.argsort(np.asarray(flat), kind="stable"), np.empty(flat.size)
        for part in np.array_split(order, 1 + order.size // 256):
            with np.errstate(over="ignore", invalid="ignore"):
                right_of, left_of = ((flat[i] - self.mu) / self.sigma for i in part[[0, -1]])
                least = np.maximum(np.maximum(right_of, -left_of), 0.0)
                most = np.maximum(np.abs(right_of), np.abs(left_of))
                lost = self._height - 0.5 * least**2 < (self._height - 0.5 * most**2).max() - 50
            near = Table(self.log_w[~lost], self.mu[~lost], self.sigma[~lost])
            _, top, shares = near._shares(flat[part])
            with np.errstate(divide="ignore"):
                out[part] = top + np.log(shares.sum(axis=0))
        return out.reshape(x.shape)

    def responsibilities(self, x: FloatArray | Points) -> FloatArray:
        """w_k N(x; mu_k, sigma_k) over their sum, shape (K, ...)."""
        _, _, shares = self._shares(self.clipped(x))
        out: FloatArray = shares / shares.sum(axis=0)
        return out

    def clipped(self, x: FloatArray | Points) -> FloatArray | Points:
        """Floats no further than is as good as infinite, where the log-density is still finite."""
        if isinstance(x, Points):
            return x
        with np.errstate(over="ignore"):
            live = self.log_w > -np.inf
            far = 1e140 * self.sigma[live].max()
            return np.clip(x, self.mu[live].min() - far, self.mu[live].max() + far)

    def score(self, x: FloatArray | Points) -> FloatArray:
        """d log_density / dx = sum_k r_k (mu_k - x) / sigma_k^2, r the responsibilities."""
        r = self.responsibilities(x)
        with np.errstate(over="ignore", invalid="ignore"):
            sigma = self._column(self.sigma, x)
            push = (x - self._column(self.mu, x)) / sigma / sigma
            out: FloatArray = -np.where(r == 0, 0.0, r * push).sum(axis=0)
        return out

    def log_density_and_score(self, x: FloatArray | Points) -> tuple[FloatArray, FloatArray]:
        """Both at once, for less than both apart; x not so far that the density is exactly 0."""
        z, top, shares = self._shares(x)
        total = shares.sum(axis=0)
        score = -(shares * (z / self._column(self.sigma, x))).sum(axis=0) / total
        return top + np.log(total), score

    def _shares(self, x: FloatArray | Points) -> tuple[FloatArray, FloatArray, FloatArray]:
        """z of every component (K, ...), the log of the largest w_k N_k(x), and all over it."""
        with np.errstate(over="ignore"):
            z = (x - self._column(self.mu, x)) / self._column(self.sigma, x)
            terms = self._column(self._height, x) - 0.5 * z * z
        top = np.maximum(terms.max(axis=0), LOWEST)
        return z, top, np.exp(terms - top)

    @cached_property
    def _height(self) -> FloatArray:
        """log w_k N_k(mu_k)."""
        return self.log_w - np.log(self.sigma) - 0.5 * LOG_2PI

    def join(self, other: Table) -> Table:
        """The components of both tables."""
        pairs = (self.log_w, other.log_w), (self.mu, other.mu), (self.sigma, other.sigma)
        return Table(*map(np.concatenate, pairs))

    def standardized(self, center: float, unit: float) -> Table:
        """The components that have weight, on the scale (x - center) / unit."""
        live = self.log_w > -np.inf
        return Table(self.log_w[live], (self.mu[live] - center) / unit, self.sigma[live] / unit)

    @cached_property
    def kinks(self) -> FloatArray:
        """Panel ends, unsorted, that resolve the log-density and the score, wherever they bend."""
        at, width = zeros(self)
        with np.errstate(over="ignore", invalid="ignore"):
            ends = (at[:, None] + width[:, None] * _AROUND_ZERO).ravel()
        return ends[np.isfinite(ends)]

    @staticmethod
    def _column(values: FloatArray, x: FloatArray | Points) -> FloatArray:
        return values.reshape(-1, *[1] * np.ndim(x))


def _mirrored(*offsets: float) -> FloatArray:
    return np.array([*(-x for x in offsets[::-1]), 0.0, *offsets])


LOWEST = np.finfo(float).min
REACH = 9.5  # in sigmas; the mass beyond is 2e-21
AROUND = _mirrored(1.0, 2.0, 3.0, 4.5, 6.5, REACH)
_AROUND_ZERO = _mirrored(1.0, 2.0, 4.0, 8.0, 14.0)  # beyond, log(1 + e^-x) is below rounding
_MOST = 20_000  # panels at once: more are wanted only by what is rounding alone
FEW, _MANY = 12, 60  # components of which all pairs are looked at, and all at every point
_SIXTEENTHS = np.arange(1.0, 16.0)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def around(mu: FloatArray, sigma: FloatArray) -> Points:
    """Panel ends that resolve the N(mu, sigma), flat."""
    return Points(mu.repeat(AROUND.size), np.multiply.outer(sigma, AROUND).ravel())


def thinned(ends: Points, step: float) -> Points:
    """Those of the ends that leave no gap between two steps and more where there was none."""
    ends = ends.distinct()
    gaps = np.minimum(ends[1:] - ends[:-1], step)
    kept = np.diff(np.floor(np.cumsum(gaps) / step), prepend=0.0) > 0
    return ends[np.concatenate([[True], kept[:-1], [True]])]


def zeros(table: Table) -> tuple[FloatArray, FloatArray]:
    """Real part and distance from the real line of the complex zeros of pairs of components.

    Where w_i N_i(x) + w_j N_j(x) = 0 the log-density is singular; close to the real line, this is
    where it has a kink.  All pairs; with more than a dozen components neighbours only, and kinks
    only that are sharper than the components themselves.
    """
    live = table.log_w > -np.inf
    log_w, mu, sigma = table.log_w[live], table.mu[live], table.sigma[live]
    many = mu.size > FEW
    if many:
        order = np.argsort(mu)
        i, j = order[:-1], order[1:]
    else:
        i, j = np.triu_indices(mu.size, 1)
    place, width = zeros_of_two(log_w[i] - log_w[j], mu[i], mu[j], sigma[i], sigma[j])
    exists = np.isfinite(place) & (width < (3 * sigma.min() if many else np.inf))
    return place[exists], width[exists]


def zeros_of_two(
    log_odds: FloatArray,
    mu_i: FloatArray,
    mu_j: FloatArray,
    sigma_i: FloatArray,
    sigma_j: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The same of single pairs, shape (2, ...): at infinity where there is but one."""
    # log of the ratio of the terms is A x^2 + B x + C, with x from the middle of the two means in
    # units of the smaller sigma.
    middle, unit = 0.5 * (mu_i + mu_j), np.minimum(sigma_i, sigma_j)
    with np.errstate(all="ignore"):
        half = (mu_i - middle) / unit
        tau_i, tau_j = np.square(unit / sigma_i), np.square(unit / sigma_j)
        a = 0.5 * (tau_j - tau_i)
        b = half * (tau_i + tau_j)
        c = log_odds + np.log(sigma_j / sigma_i) + a * half * half - 1j * np.pi
        root = np.sqrt(b * b - 4 * a * c)
        sum_of_both = -0.5 * (b + np.where(b * root.real < 0, -root, root))
        found = middle + unit * np.stack([sum_of_both / a, c / sum_of_both])
    found = np.where(np.isfinite(found), found, np.inf)
    return found.real, np.abs(found.imag)


def between(
    ends: Points, nodes: FloatArray = _NODES, weights: FloatArray = _WEIGHTS
) -> tuple[Points, FloatArray]:
    """Gauss-Legendre nodes and weights (..., P-1, n) on panels between sorted ends (..., P)."""
    width = (ends[..., 1:] - ends[..., :-1])[..., None]
    return ends[..., :-1, None] + width * (0.5 + 0.5 * nodes), width * (0.5 * weights)


def panels(
    ends: FloatArray, nodes: FloatArray = _NODES, weights: FloatArray = _WEIGHTS
) -> tuple[FloatArray, FloatArray]:
    """The same for ends on a scale of their own, sorted here; floats, (..., (P-1) n)."""
    x, weight = between(Points.of(np.sort(ends, axis=-1)), nodes, weights)
    shape = (*ends.shape[:-1], (ends.shape[-1] - 1) * nodes.size)
    return np.asarray(x).reshape(shape), weight.reshape(shape)


def integral(integrand: Integrand, ends: Points) -> float:
    """Integrate what 12 nodes resolve on each of the panels between the ends."""
    x, weight = between(ends.distinct())
    if weight.size < 10_000:
        return float((weight * integrand(x)).sum())
    pieces = np.array_split(np.arange(len(weight)), 1 + weight.size // 10_000)  # bounds the memory
    return float(sum((weight[part] * integrand(x[part])).sum() for part in pieces))


def adaptive(integrand: Integrand, ends: FloatArray | Points, noise: float = 1e-16) -> float:
    """Integrate between the ends: panels are halved where that changes their part.

    To 1e-14 of the integral of the absolute value, or the ``noise`` of a panel's part.
    """
    ends = Points.of(ends).distinct()
    low, width = ends[:-1], ends[1:] - ends[:-1]

    def parts(low: Points, width: FloatArray) -> FloatArray:
        x = low[:, None] + width[:, None] * (0.5 + 0.5 * _NODES)
        out: FloatArray = width * (integrand(x) @ (0.5 * _WEIGHTS))
        return out

    whole, total = parts(low, width), 0.0
    fine = max(noise, 1e-14 * float(np.abs(whole).sum()))
    for _ in range(50):
        width = np.tile(0.5 * width, 2)
        low = Points.joined(low, low + width[: low.size])
        halves = parts(low, width).reshape(2, -1)
        rough = ~(np.abs(halves.sum(axis=0) - whole) <= fine + 1e-14 * np.abs(whole))
        if width.size > _MOST:
            rough[:] = False
        total += float(halves[:, ~rough].sum())
        both = np.tile(rough, 2)
        low, width, whole = low[both], width[both], halves[:, rough].ravel()
        if not width.size:
            break
    return total + float(whole.sum())


def normal_nodes(unit: float) -> tuple[FloatArray, FloatArray]:
    """Points and weights for E[f(z)] of a standard Normal z, f analytic within ``unit`` of R.

    To 1e-13; to 1e-6 if unit is below 1/64.  Gauss-Hermite, or Gauss-Legendre on panels.
    """
    if unit >= 3:
        return _hermite(int(np.ceil(max(600 / unit**2, 4 + 80 / unit))))
    return _legendre(parts_for(1.0, unit))


def parts_for(width: float, unit: float) -> int:
    """Into how many parts a panel is cut for what is smooth on the scale of ``unit``."""
    return min(64, int(np.ceil(width / unit)))


@lru_cache(maxsize=64)
def _hermite(count: int) -> tuple[FloatArray, FloatArray]:
    z, weight = np.polynomial.hermite_e.hermegauss(count)
    return z, weight / weight.sum()


@lru_cache(maxsize=64)
def _legendre(parts: int) -> tuple[FloatArray, FloatArray]:
    z, weight = panels(np.asarray(refined(Points.of(AROUND), parts)))
    weight = weight * np.exp(-0.5 * z * z)
    return z, weight / weight.sum()


def turns(
    slope: Integrand, grid: FloatArray | Points, rounds: int = 7
) -> tuple[Points, NDArray[np.bool_]]:
    """Where ``slope`` changes its sign between points of the sorted grid, and whether it falls.

    Known to 16^-rounds of the grid's spacing, and taken as straight there: 7 is all of float64.
    """
    grid = Points.of(grid)
    values = slope(grid)
    rising = values > 0
    change = np.flatnonzero(rising[:-1] != rising[1:])
    low, width, falls = grid[change], grid[change + 1] - grid[change], rising[change]
    row, every = np.arange(change.size), np.empty((change.size, 17))
    every[:, 0], every[:, -1] = values[change], values[change + 1]
    for _ in range(rounds if change.size else 0):
        width = width / 16
        off = low.off[:, None] + width[:, None] * _SIXTEENTHS
        every[:, 1:-1] = slope(Points(low.at.repeat(15), off.ravel())).reshape(off.shape)
        same = (every[:, :-1] > 0) == falls[:, None]
        part = np.where(same.all(axis=1), 15, same.argmin(axis=1) - 1)
        low = low + width * part
        every[:, 0], every[:, -1] = every[row, part], every[row, part + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = every[:, 0] / (every[:, 0] - every[:, -1])
    return low + width * np.where((share >= 0) & (share <= 1), share, 0.5), falls


def refined(ends: Points, parts: int) -> Points:
    """Sorted panel ends with each panel cut into equal parts."""
    ends = ends.distinct()
    steps = (ends[1:] - ends[:-1])[:, None] * (np.arange(parts) / parts)
    return Points.joined(ends[:-1, None] + steps, ends[-1:])
