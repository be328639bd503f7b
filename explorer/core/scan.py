"""The Normals at which alpha-divergences of many mixtures are stationary, all at once, for drawing.

With tau = sigma^2 / beta, beta = 1 - alpha, x ~ N(mu, tau), z = (x - mu) / sqrt(tau) and He_k the
polynomials of Hermite, let M_k = E[He_k(z) f], f = (p^alpha - c) / alpha with c = 1 or 0, and
G = c + alpha M_0, which is E[p^alpha].  For c = 1 and alpha -> 0 f becomes log p.  The divergence
grows with -(alpha / 2 log tau + log G), see alpha_fits, and E[p^alpha] spreads like heat, so that

    dM_k/dmu = M_k+1 / sqrt(tau),    dM_k/dlog sqrt(tau) = k M_k + M_k+2.

So it is stationary in mu where M_1 = 0, and in sigma where G + M_2 = 0.  The Jacobian of these two
is positive at minima and negative at saddles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .parameter import FloatArray
from .quadrature import Table, panels, zeros
from .special import LOG_2PI

RESOLVED = 100  # smallest widths that the grids may have to span
_LOWEST = 0.9  # smallest width: no fit's sqrt(tau) is below 1
_OCTAVE = np.arange(6) / 5 * np.log(2)
_RULE = np.polynomial.legendre.leggauss(6)
_AROUND_KINK = np.array([-10.0, -3.5, -1.2, 0.0, 1.2, 3.5, 10.0])
_ALONE = 250_000  # multiplications of one matrix product for which OpenBLAS wakes no thread
_TOUCH = 0.1  # of what is zero at a stationary point
# Newton's steps, and the length of the last: what is left after it is about its square.
_DRAWN, _EXACT = (8, 1e-3), (12, 1e-5)
_SAME = 1e-4  # what is closer is one point

Index: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]
Block: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]  # mu (M,), t (T,), weights (3TM, N)


class Points(NamedTuple):
    """Stationary points of one divergence: rows (mu, sigma, value), in the order of mu."""

    minima: FloatArray
    saddles: FloatArray


@dataclass(frozen=True, eq=False)
class Slices:
    """S mixtures of K Normals, each with an alpha from 0 to below 1; t is log sqrt(tau)."""

    log_w: FloatArray  # (K,)
    mu: FloatArray  # (S, K)
    sigma: FloatArray  # (K,)
    kinks: tuple[FloatArray, FloatArray]  # places and widths, (S, Z), see quadrature.zeros
    alpha: FloatArray  # (S,)
    span: tuple[float, float]  # of all means of all slices
    fixed_sigma: float | None = None
    exact: bool = False  # close enough that what is not there is not taken for a point

    @classmethod
    def of(
        cls,
        table: Table,
        alpha: FloatArray,
        fixed_sigma: float | None = None,
        exact: bool = False,
    ) -> Slices:
        """One mixture with some alphas."""
        place, width = zeros(table)
        sharp = width < 3 * table.sigma.min()  # the others bend no more than a component does
        kinks = place[None, sharp], width[None, sharp]
        span = float(table.mu.min()), float(table.mu.max())
        mu = table.mu[None, :]
        return cls(table.log_w, mu, table.sigma, kinks, alpha, span, fixed_sigma, exact)

    @property
    def resolved(self) -> bool:
        """Whether the grids are fine enough."""
        _, _, half, wide = self._scale
        return 2 * half + wide < RESOLVED

    def found(self) -> list[Points]:
        """All stationary points of each slice, but for pairs that are about to meet."""
        middle, unit, half, wide = self._scale
        if self.fixed_sigma is None:
            highest = _highest(half, wide) / np.sqrt(1 - self.alpha.max())
            nodes, blocks = _grid(half, wide, int(np.ceil(np.log2(highest / _LOWEST))))
        else:
            s = self.fixed_sigma / unit / np.sqrt(1 - self.alpha.max())
            nodes, blocks = _row(half, wide, s)
        f = self._f(middle + unit * nodes[None, :]).T
        starts = []
        for mu, t, weights in blocks:
            m0, m1, m2 = _product(weights, f).reshape(3, t.size, mu.size, -1)
            scale = self._c + self.alpha * m0
            if self.fixed_sigma is None:
                excess = 1 + m2 / scale
                places = [_crossings(m1, excess), _touches(m1, excess)]
            else:
                places = [_sign_changes(m1[0]), _dips((m1 / scale)[0])]
            for row, u, v in places:
                at_mu, at_t = (
                    np.interp(u, np.arange(mu.size), mu),
                    np.interp(v, np.arange(t.size), t),
                )
                starts.append((row, at_mu, at_t))
        row, at_mu, at_t = (np.concatenate(each) for each in zip(*starts, strict=True))
        sigma = unit * np.exp(at_t) * np.sqrt(1 - self.alpha[row])
        return self.polished(row, middle + unit * at_mu, sigma)

    @np.errstate(divide="ignore", invalid="ignore")
    def polished(self, row: Index, mu: FloatArray, sigma: FloatArray) -> list[Points]:
        """Where Newton's method leads to in slices ``row``, each once; some may be lost."""
        x, f = self._nodes
        mu, t = mu.copy(), np.log(sigma / np.sqrt(1 - self.alpha[row]))
        m0, det, length = np.empty((3, mu.size))
        live = np.arange(mu.size)
        steps, close = _EXACT if self.exact else _DRAWN
        for _ in range(steps):
            at, s = row[live], np.exp(t[live])
            moments = _moments(x[at], f[at], mu[live], s)
            u, v, det[live] = self._step(at, moments)
            size = np.maximum(np.abs(u), np.abs(v))
            shrink = 1 / np.maximum(1, 2 * size)
            u, v = u * shrink, v * shrink
            mu[live] += u * s
            t[live] += v
            m0[live] = moments[0] + u * moments[1] + v * moments[2]
            length[live] = size
            live = live[size > close]
            if not live.size:
                break
        _, unit, half, wide = self._scale
        s = np.exp(t) / unit
        inside = (s > _LOWEST) & (s * np.sqrt(1 - self.alpha[row]) < _highest(half, wide))
        good = np.flatnonzero((length < close) & inside)
        good = good[np.lexsort((mu[good], row[good]))]
        row, mu, t, m0, det = row[good], mu[good], t[good], m0[good], det[good]
        off = np.maximum(np.abs(mu[:, None] - mu) * np.exp(-t), np.abs(t[:, None] - t))
        alike = (row[:, None] == row) & ((det[:, None] > 0) == (det > 0))
        twice = np.triu((off < _SAME) & alike, 1).any(axis=0)
        sigma = np.exp(t) * np.sqrt(1 - self.alpha[row])
        points = np.stack([mu, sigma, self._value(row, t, m0)], axis=1)
        least, other = ~twice & (det > 0), ~twice & ~(det > 0)
        ends = np.searchsorted(row, np.arange(self.alpha.size + 1)).tolist()
        return [Points(points[a:b][least[a:b]], points[a:b][other[a:b]]) for a, b in pairwise(ends)]

    def _step(
        self, row: Index, moments: tuple[FloatArray, ...]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Newton's step in (mu / sqrt(tau), t), and what is positive at minima."""
        m0, m1, m2, m3, m4 = moments
        if self.fixed_sigma is not None:
            return -m1 / m2, np.zeros_like(m1), -m2
        alpha = self.alpha[row]
        excess = self._c[row] + alpha * m0 + m2
        m1_t, excess_mu, excess_t = m1 + m3, alpha * m1 + m3, (2 + alpha) * m2 + m4
        det = m2 * excess_t - m1_t * excess_mu
        u, v = excess * m1_t - m1 * excess_t, m1 * excess_mu - excess * m2
        return u / det, v / det, det

    def _value(self, row: Index, t: FloatArray, m0: FloatArray) -> FloatArray:
        alpha = self.alpha[row]
        beta = 1 - alpha
        log_a = np.log(self._c[row] + alpha * m0) + alpha * (t + 0.5 * LOG_2PI)
        value = -np.expm1(log_a - 0.5 * beta * np.log(beta)) / (alpha * beta)
        value = np.where(alpha == 0, -m0 - t - 0.5 * (1 + LOG_2PI), value)
        return np.maximum(value, 0.0)

    @cached_property
    def _c(self) -> FloatArray:
        # 0 spares the tails where p^alpha has none, and is more exact there.
        return np.where(self.alpha < 0.05, 1.0, 0.0)

    @np.errstate(divide="ignore", invalid="ignore")
    def _f(self, x: FloatArray) -> FloatArray:
        """f at points (S, N) or (1, N)."""
        log_p = np.full((1, 1), -np.inf)
        for k, (log_w, sigma) in enumerate(zip(self.log_w, self.sigma, strict=True)):
            z = (x - self.mu[:, k, None]) / sigma
            log_p = np.logaddexp(log_p, log_w - np.log(sigma) - 0.5 * LOG_2PI - 0.5 * z * z)
        alpha, c = self.alpha[:, None], self._c[:, None]
        f = (np.expm1(alpha * log_p) + (1 - c)) / alpha
        return np.where(alpha == 0, log_p, f)

    @cached_property
    def _nodes(self) -> tuple[FloatArray, FloatArray]:
        """Nodes (S, N) that resolve f and every q, and f times their weights."""
        middle, unit, half, wide = self._scale
        ends = middle + unit * _stretched(half, wide, 2.0, 1.4)
        place, width = self.kinks
        kinks = (place[..., None] + width[..., None] * _AROUND_KINK).reshape(len(place), -1)
        kinks = np.clip(kinks, ends[0], ends[-1])
        ends = np.concatenate([np.tile(ends, (len(kinks), 1)), kinks], axis=1)
        x, weight = panels(ends, *_RULE)
        return np.broadcast_to(x, (self.alpha.size, x.shape[1])), weight * self._f(x)

    @cached_property
    def _scale(self) -> tuple[float, float, float, float]:
        """Middle and unit of the grids, and in this unit half the span and the largest width.

        Rounded, so that mixtures that are alike share their grids.
        """
        unit = min(float(self.sigma.min()), self.fixed_sigma or np.inf)
        low, high = self.span
        half = 2 ** (np.ceil(4 * np.log2(max(0.5 * (high - low) / unit, 1.0))) / 4)
        wide = 2 ** np.ceil(np.log2(max(self.sigma.max(), self.fixed_sigma or 0.0) / unit))
        return 0.5 * (low + high), unit, float(half), float(wide)


def _moments(x: FloatArray, f: FloatArray, mu: FloatArray, s: FloatArray) -> tuple[FloatArray, ...]:
    """M_0 to M_4 at points (n,), from nodes and weighted f (n, N)."""
    z = (x - mu[:, None]) / s[:, None]
    powers = f * _bell(z)
    means = [powers.sum(axis=1)]
    for _ in range(4):
        powers *= z
        means.append(powers.sum(axis=1))
    m0, m1, m2, m3, m4 = np.array(means) / (s * np.sqrt(2 * np.pi))
    return m0, m1, m2 - m0, m3 - 3 * m1, m4 - 6 * m2 + 3 * m0


def _bell(z: FloatArray) -> FloatArray:
    """exp(-z^2 / 2), but for what is so small that it makes arithmetic slow."""
    return np.exp(np.maximum(-0.5 * z * z, -400.0))


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    """The matrix product, in parts so small that BLAS keeps to this thread.

    Its others spin for a while after each product, and take a processor from whoever draws.
    """
    out = np.empty((len(a), b.shape[1]))
    rows = max(1, _ALONE // b.size)
    for i in range(0, len(a), rows):
        np.matmul(a[i : i + rows], b, out=out[i : i + rows])
    return out


def _crossings(one: FloatArray, two: FloatArray) -> tuple[Index, FloatArray, FloatArray]:
    """Where both are zero on grids (T, M, S): S index, and place along M and T in steps."""
    j, i, row = np.nonzero(_mixed(one > 0) & _mixed(two > 0))
    planes = []  # in each cell: the mean, and the slopes along M and T
    for values in (one, two):
        a, b = values[j, i, row], values[j, i + 1, row]
        c, d = values[j + 1, i, row], values[j + 1, i + 1, row]
        planes.append(((a + b + c + d) / 4, (b + d - a - c) / 2, (c + d - a - b) / 2))
    (p, pu, pv), (q, qu, qv) = planes
    with np.errstate(divide="ignore", invalid="ignore"):
        det = pu * qv - pv * qu
        u, v = (q * pv - p * qv) / det, (p * qu - q * pu) / det
    near = (np.abs(u) < 1) & (np.abs(v) < 1)
    return row[near], (i + 0.5 + u)[near], (j + 0.5 + v)[near]


def _touches(one: FloatArray, two: FloatArray) -> tuple[Index, FloatArray, FloatArray]:
    """The same where one is zero and two all but zero: of two so close that no cell parts them."""
    up = one > 0
    j, i, row = np.nonzero(up[:, 1:] != up[:, :-1])
    before, after = one[j, i, row], one[j, i + 1, row]
    part = before / (before - after)
    near = np.abs(two[j, i, row] + part * (two[j, i + 1, row] - two[j, i, row])) < _TOUCH
    return row[near], (i + part)[near], j[near].astype(float)


def _dips(values: FloatArray) -> tuple[Index, FloatArray, FloatArray]:
    """The same on rows (M, S): both sides of where one is all but zero and turns."""
    size = np.abs(values)
    least = (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]) & (size[1:-1] < _TOUCH)
    i, row = np.nonzero(least)
    a, b, c = values[i, row], values[i + 1, row], values[i + 2, row]
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.clip(0.5 * (a - c) / (a - 2 * b + c), -1.0, 1.0)
    vertex = i + 1 + np.nan_to_num(off)
    return np.tile(row, 2), np.concatenate([vertex - 0.5, vertex + 0.5]), np.zeros(2 * i.size)


def _mixed(up: Flags) -> Flags:
    """In which cells of a grid not all corners are alike."""
    a, b, c, d = up[:-1, :-1], up[:-1, 1:], up[1:, :-1], up[1:, 1:]
    return (a | b | c | d) & ~(a & b & c & d)


def _sign_changes(values: FloatArray) -> tuple[Index, FloatArray, FloatArray]:
    """The same where one is zero on rows (M, S)."""
    up = values > 0
    i, row = np.nonzero(up[1:] != up[:-1])
    before, after = values[i, row], values[i + 1, row]
    return row, i + before / (before - after), np.zeros(i.shape)


@lru_cache(maxsize=8)
def _grid(half: float, wide: float, octaves: int) -> tuple[FloatArray, list[Block]]:
    """Nodes (N,), and octaves of sqrt(tau) with the weights of M_0, M_1 and M_2 at the nodes."""
    nodes = _stretched(half, wide, 0.5, 1.1)
    lows = [_LOWEST * 2**octave for octave in range(octaves)]
    return nodes, [
        _block(nodes, half + 0.5 * min(low, wide), 0.5 * low, np.log(low) + _OCTAVE) for low in lows
    ]


def _row(half: float, wide: float, s: float) -> tuple[FloatArray, list[Block]]:
    """The same for one sqrt(tau)."""
    nodes = _stretched(half, wide, 0.5, 1.1)
    return nodes, [_block(nodes, half + 0.5 * min(s, wide), 0.4, np.log([s]))]


def _block(nodes: FloatArray, reach: float, step: float, t: FloatArray) -> Block:
    mu = np.linspace(-reach, reach, 2 * int(np.ceil(reach / step)) + 2)
    s = np.exp(t)[:, None, None]
    z = (nodes - mu[:, None]) / s
    density = _bell(z) * np.gradient(nodes) / (s * np.sqrt(2 * np.pi))
    weights = np.concatenate([density, density * z, density * (z * z - 1)])
    return mu, t, weights.reshape(-1, nodes.size)


def _highest(half: float, wide: float) -> float:
    """What no fit's sigma exceeds."""
    return 1.5 * (half + wide)


def _stretched(half: float, wide: float, step: float, growth: float) -> FloatArray:
    """Points one step apart where means are, and ever further apart out to the last tail."""
    inner, last = half + 2, 7 * _highest(half, wide)
    count = int(np.log1p((last - inner) * (growth - 1) / (step * growth)) / np.log(growth)) + 1
    outer = inner + step * np.cumsum(growth ** np.arange(1, count + 1))
    middle = np.linspace(-inner, inner, int(2 * inner / step) + 2)
    return np.concatenate([-outer[::-1], middle, outer])
