"""Mixtures of Normals fitted to observations: expectation-maximisation, then Newton's method."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np

from .newton import minimum
from .parameter import FloatArray, NoMaximum

Rows: TypeAlias = tuple[FloatArray, ...]
"""Weights, means and sigmas, each (..., K): one mixture or many."""

_STARTS = 40  # cuts of the observations that a fit begins from
_ROUNDS, _STEPS = 3, 15  # of expectation-maximisation; after each the better half goes on
_TRIED = 12  # so many of them are followed to the end, and more until one has an end
_FEW, _NARROW = 5, 0.01  # fewer observations, so much closer than others, are so by chance
_MOST = 500  # observations that choose among the starts


def fit_mixture(y: FloatArray, components: int) -> Rows:
    """The weights, means and sigmas of the likeliest local maximum that many starts lead to.

    The likelihood itself has no maximum: it grows without end where a component shrinks to one
    value.  Starts that do so are given up, and a maximum with fewer than 5 observations in a
    component a hundred times narrower than another is taken only where there is no other.

    Raises
    ------
    NoMaximum
        If there are too few different values, or every start shrinks a component to one.
    """
    y = np.sort(y)
    unit = 2.0 ** np.floor(np.log2(np.abs(y).max() or 1.0))  # exact, and nothing overflows
    center = y[y.size // 2] / unit
    away = y / unit - center
    far = float(np.abs(away).max()) or 1.0
    values, counts = np.unique(away / far, return_counts=True)
    if values.size <= components:
        raise NoMaximum(
            y,
            f"more than {components} different values for {components} components",
            "each component shrinks without end to a value of its own",
        )
    whole = few = _Observed(values, counts.astype(np.float64))
    if values.size > _MOST:
        some = (away / far)[np.arange(_MOST) * (y.size - 1) // (_MOST - 1)]
        values, counts = np.unique(some, return_counts=True)
        if values.size > _MOST // 2:  # else a few values are most of the observations
            few = _Observed(values, counts.astype(np.float64))
    loss, rows = few.candidates(components)
    found: list[tuple[bool, float, Rows]] = []
    for tried, k in enumerate(np.argsort(loss)):
        if tried >= _TRIED and found:
            break
        if end := few.followed(tuple(row[k] for row in rows)):
            w, _, sigma = fit = _rows(end[1])
            by_chance = ((w * y.size < _FEW) & (sigma < _NARROW * sigma.max())).any()
            found.append((bool(by_chance), end[0], fit))
    found.sort(key=lambda one: one[:2])
    ends = (whole.followed(fit) for *_, fit in found)
    best = next(filter(None, ends), None)
    if best is None:
        allowed = f"values of which {components} components can be made"
        raise NoMaximum(y, allowed, "a component shrinks without end to one of the values")
    w, mu, sigma = _rows(best[1])
    order = np.argsort(mu)
    return w[order], ((center + far * mu) * unit)[order], (far * unit * sigma)[order]


def _rows(at: FloatArray) -> Rows:
    """From the logs of weights, to be normalised, the means and the logs of sigmas in one row."""
    log_w, mu, log_sigma = at.reshape(3, -1)
    w = np.exp(log_w - log_w.max())
    return w / w.sum(), mu, np.exp(log_sigma)


class _Observed:
    """Different values from left to right, and how often each occurs."""

    def __init__(self, values: FloatArray, counts: FloatArray) -> None:
        self.values, self.counts, self.size = values, counts, float(counts.sum())
        # A component on two values is wider, even if one occurs a thousand times as often.
        self.narrowest = 0.01 * float(np.diff(values).min())

    def shares(self, rows: Rows) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The loss (...), the responsibilities and z = (y - mu) / sigma, both (..., K, n)."""
        w, mu, sigma = (row[..., None] for row in rows)
        z = (self.values - mu) / sigma
        log_each = np.log(w / sigma) - 0.5 * z * z
        top = log_each.max(axis=-2, keepdims=True)
        each = np.exp(log_each - top)
        total = each.sum(axis=-2, keepdims=True)
        loss = -((top + np.log(total))[..., 0, :] @ self.counts)
        return loss, each / total, z

    def moments(self, shares: FloatArray) -> Rows:
        """The weights, means and sigmas of the observations that ``shares`` deals out."""
        dealt = shares * self.counts
        total = dealt.sum(axis=-1)
        mu = dealt @ self.values / total
        square = (dealt * np.square(self.values - mu[..., None])).sum(axis=-1) / total
        return total / self.size, mu, np.maximum(np.sqrt(square), self.narrowest)

    @np.errstate(all="ignore")
    def candidates(self, components: int) -> tuple[FloatArray, Rows]:
        """Many mixtures after some steps of expectation-maximisation, with the loss of each.

        They begin with the observations cut into parts, and with the best mixtures of one component
        less, to which a new one is added that is as wide as some part.
        """
        below = np.cumsum(self.counts) / self.size
        cuts = components - 1
        places = cuts
        while cuts and places < 19 and comb(places + 1, cuts) <= _STARTS:
            places += 1
        levels = np.arange(1, places + 1) / (places + 1)
        ends = np.array(list(combinations(levels, cuts)))
        part = (below - 0.5 * self.counts / self.size > ends[..., None]).sum(axis=1)
        rows = self.moments((part[:, None] == np.arange(components)[:, None]) * 1.0)
        w, mu, sigma = rows
        spread = 0.1 * float(np.sqrt(self.counts @ np.square(self.values) / self.size))
        rows = w, mu, np.maximum(sigma, spread / components)
        if components > 1:
            loss, less = self.candidates(components - 1)
            best = np.argsort(loss)[:6]
            at = np.interp(np.arange(1, 12) / 12, below, self.values)
            wide = np.array([0.02, 0.06, 0.3]) * (at[-1] - at[0])
            old = np.repeat(best, at.size * wide.size)
            new = np.tile(np.stack(np.meshgrid(at, wide), -1).reshape(-1, 2), (best.size, 1)).T
            added = np.full(old.size, 0.2), *new
            scaled = less[0][old] * 0.8, less[1][old], less[2][old]
            rows = tuple(
                np.concatenate([row, np.column_stack([one, extra])])
                for row, one, extra in zip(rows, scaled, added, strict=True)
            )
        for _ in range(_ROUNDS):
            for _ in range(_STEPS):
                rows = self.moments(self.shares(rows)[1])
            loss = self.shares(rows)[0]
            loss[~(rows[2] > self.narrowest).all(axis=-1)] = np.nan
            _, first = np.unique(np.round(loss, 4), return_index=True)
            first = first[: max(_STARTS // 4, loss.size // 2)]
            loss, rows = loss[first], tuple(row[first] for row in rows)
        return loss[loss < np.inf], tuple(row[loss < np.inf] for row in rows)

    def followed(self, rows: Rows) -> tuple[float, FloatArray] | None:
        """The loss at the minimum near these, and where it is; None if there is none."""

        def loss(at: FloatArray) -> float:
            rows = _rows(at)
            value = float(self.shares(rows)[0])
            return value if rows[2].min() > self.narrowest and np.isfinite(value) else np.inf

        def slopes(at: FloatArray) -> tuple[FloatArray, FloatArray]:
            rows = w, _, sigma = _rows(at)
            _, r, z = self.shares(rows)
            k, n, square = w.size, self.size, z * z
            by_mu, by_width = r * z / sigma[:, None], r * (square - 1)
            own = np.concatenate([r, by_mu, by_width])
            hessian = (own * self.counts) @ own.T
            second = {
                (0, 0): r,
                (0, 1): by_mu,
                (0, 2): by_width,
                (1, 1): by_width / sigma[:, None] ** 2,
                (1, 2): by_mu * (square - 3),
                (2, 2): r * (square * square - 4 * square + 1),
            }
            for (i, j), each in second.items():
                row, column = np.arange(k) + i * k, np.arange(k) + j * k
                hessian[row, column] -= each @ self.counts
                hessian[column, row] = hessian[row, column]
            # The ones hold the sum of the logs of weights, on which nothing depends.
            hessian[:k, :k] += n * (np.diag(w) - np.outer(w, w) + 1 / k)
            gradient = -(own @ self.counts)
            gradient[:k] += n * w
            return gradient, hessian

        w, mu, sigma = rows
        return minimum(loss, slopes, np.concatenate([np.log(w), mu, np.log(sigma)]))
