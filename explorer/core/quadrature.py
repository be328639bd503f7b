"""Mixtures of Normals as tables of numbers, and integrals over them.

The integrals are Gauss-Legendre rules on panels that are laid where the integrand bends: at every
component, in units of its sigma, and around the complex zeros of the density between every two
components, where its logarithm turns from one parabola to the other.  So neither narrow nor far
components are missed, and 12 nodes a panel give 1e-13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .parameter import FloatArray
from .special import LOG_2PI

Integrand: TypeAlias = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Table:
    """Log-weights, means and standard deviations of K Normals, each of shape (K,)."""

    log_w: FloatArray
    mu: FloatArray
    sigma: FloatArray

    def log_density(self, x: FloatArray) -> FloatArray:
        """log sum_k w_k N(x; mu_k, sigma_k)."""
        _, top, shares = self._shares(x)
        with np.errstate(divide="ignore"):
            out: FloatArray = top + np.log(shares.sum(axis=0))
        return out

    def responsibilities(self, x: FloatArray) -> FloatArray:
        """w_k N(x; mu_k, sigma_k) over their sum, shape (K, ...)."""
        _, _, shares = self._shares(self.clipped(x))
        out: FloatArray = shares / shares.sum(axis=0)
        return out

    def clipped(self, x: FloatArray) -> FloatArray:
        """Points no further than is as good as infinite, where the log-density is still finite."""
        with np.errstate(over="ignore"):
            live = self.log_w > -np.inf
            far = 1e140 * self.sigma[live].max()
            return np.clip(x, self.mu[live].min() - far, self.mu[live].max() + far)

    def score(self, x: FloatArray) -> FloatArray:
        """d log_density / dx = sum_k r_k (mu_k - x) / sigma_k^2, r the responsibilities."""
        r = self.responsibilities(x)
        with np.errstate(over="ignore", invalid="ignore"):
            sigma = self._column(self.sigma, x)
            pull = (self._column(self.mu, x) - x) / sigma / sigma
            out: FloatArray = np.where(r == 0, 0.0, r * pull).sum(axis=0)
        return out

    def log_density_and_score(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Both at once, for less than both apart; x not so far that the density is exactly 0."""
        z, top, shares = self._shares(x)
        total = shares.sum(axis=0)
        score = -(shares * (z / self._column(self.sigma, x))).sum(axis=0) / total
        return top + np.log(total), score

    def _shares(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
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
        return (at[:, None] + width[:, None] * _AROUND_ZERO).ravel()

    @staticmethod
    def _column(values: FloatArray, x: FloatArray) -> FloatArray:
        return values.reshape(-1, *[1] * np.ndim(x))


def _mirrored(*offsets: float) -> FloatArray:
    return np.array([*(-x for x in offsets[::-1]), 0.0, *offsets])


LOWEST = np.finfo(float).min
REACH = 9.5  # in sigmas; the mass beyond is 2e-21
AROUND = _mirrored(1.0, 2.0, 3.0, 4.5, 6.5, REACH)
_AROUND_ZERO = _mirrored(1.0, 2.0, 4.0, 8.0, 14.0)  # beyond, log(1 + e^-x) is below rounding
_MOST = 20_000  # panels at once: more are wanted only by what is rounding alone
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def around(mu: FloatArray, sigma: FloatArray) -> FloatArray:
    """Panel ends that resolve N(mu, sigma), shape (..., P)."""
    return np.asarray(mu)[..., None] + np.asarray(sigma)[..., None] * AROUND


def zeros(table: Table) -> tuple[FloatArray, FloatArray]:
    """Real part and distance from the real line of the complex zeros of pairs of components.

    Where w_i N_i(x) + w_j N_j(x) = 0 the log-density is singular; close to the real line, this is
    where it has a kink.  All pairs; with more than a dozen components, neighbours only.
    """
    live = table.log_w > -np.inf
    log_w, mu, sigma = table.log_w[live], table.mu[live], table.sigma[live]
    if mu.size > 12:
        order = np.argsort(mu)
        i, j = order[:-1], order[1:]
    else:
        i, j = np.triu_indices(mu.size, 1)
    place, width = zeros_of_two(log_w[i] - log_w[j], mu[i], mu[j], sigma[i], sigma[j])
    exists = np.isfinite(place)
    return place[exists], width[exists]


def zeros_of_two(
    log_odds: FloatArray,
    mu_i: FloatArray,
    mu_j: FloatArray,
    sigma_i: FloatArray,
    sigma_j: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The same of single pairs, shape (2, ...): at infinity where there is but one."""
    # log of the ratio of the terms is A x^2 + B x + C, with x from the middle of the two means.
    middle = 0.5 * (mu_i + mu_j)
    half = mu_i - middle
    with np.errstate(all="ignore"):
        tau_i, tau_j = 1 / np.square(sigma_i), 1 / np.square(sigma_j)
        a = 0.5 * (tau_j - tau_i)
        b = half * (tau_i + tau_j)
        c = log_odds + np.log(sigma_j / sigma_i) + a * half * half - 1j * np.pi
        root = np.sqrt(b * b - 4 * a * c)
        sum_of_both = -0.5 * (b + np.where(b * root.real < 0, -root, root))
        found = np.stack([middle + sum_of_both / a, middle + c / sum_of_both])
    found = np.where(np.isfinite(found), found, np.inf)
    return found.real, np.abs(found.imag)


def panels(
    ends: FloatArray, nodes: FloatArray = _NODES, weights: FloatArray = _WEIGHTS
) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on the panels between the ends (..., P), sorted here."""
    ends = np.sort(ends, axis=-1)
    width = np.diff(ends, axis=-1)[..., None]
    x = ends[..., :-1, None] + width * (0.5 + 0.5 * nodes)
    shape = (*ends.shape[:-1], (ends.shape[-1] - 1) * nodes.size)
    return x.reshape(shape), (width * (0.5 * weights)).reshape(shape)


def integral(integrand: Integrand, ends: FloatArray) -> float:
    """Integrate what 12 nodes resolve on each of the panels between the ends."""
    x, weight = panels(np.unique(ends))
    parts = 1 + x.size // 10_000  # bounds the memory
    pieces = zip(np.array_split(x, parts), np.array_split(weight, parts), strict=True)
    return float(sum(w @ integrand(part) for part, w in pieces))


def adaptive(integrand: Integrand, ends: FloatArray, noise: float = 1e-16) -> float:
    """Integrate between the ends: panels are halved where that changes their part.

    To 1e-14 of the integral of the absolute value, or the ``noise`` of a panel's part.
    """
    ends = np.unique(ends)
    low, high = ends[:-1], ends[1:]

    def parts(low: FloatArray, high: FloatArray) -> FloatArray:
        x, weight = panels(np.stack([low, high], axis=-1))
        out: FloatArray = (weight * integrand(x)).sum(axis=-1)
        return out

    whole, total = parts(low, high), 0.0
    fine = max(noise, 1e-14 * float(np.abs(whole).sum()))
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = np.stack([low, middle]), np.stack([middle, high])
        halves = parts(low.ravel(), high.ravel()).reshape(low.shape)
        rough = ~(np.abs(halves.sum(axis=0) - whole) <= fine + 1e-14 * np.abs(whole))
        if low.size > _MOST:
            rough[:] = False
        total += float(halves[:, ~rough].sum())
        low, high, whole = (each[:, rough].ravel() for each in (low, high, halves))
        if not low.size:
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
    z, weight = panels(refined(AROUND, parts))
    weight = weight * np.exp(-0.5 * z * z)
    return z, weight / weight.sum()


def turns(
    slope: Integrand, grid: FloatArray, rounds: int = 13
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Where ``slope`` changes its sign between points of the sorted grid, and whether it falls.

    To 16^-rounds of the grid's spacing; 13 is all of float64.
    """
    rising = slope(grid) > 0
    change = rising[:-1] != rising[1:]
    low, high, falls = grid[:-1][change], grid[1:][change], rising[:-1][change]
    row = np.arange(low.size)
    for _ in range(rounds if falls.size else 0):
        inner = low[:, None] + (high - low)[:, None] * (np.arange(17) / 16)
        same = (slope(inner[:, 1:-1].ravel()) > 0).reshape(-1, 15) == falls[:, None]
        part = np.where(same.all(axis=1), 15, same.argmin(axis=1))
        low, high = inner[row, part], inner[row, part + 1]
    return 0.5 * (low + high), falls


def refined(ends: FloatArray, parts: int) -> FloatArray:
    """Sorted panel ends with each panel cut into equal parts."""
    ends = np.unique(ends)
    steps = np.diff(ends)[:, None] * (np.arange(parts) / parts)
    return np.append((ends[:-1, None] + steps).ravel(), ends[-1])
