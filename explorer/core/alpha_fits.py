"""Every Normal q at which an alpha-divergence of p and q is stationary, 0 <= alpha <= 1.

It is D = [1 - A] / [alpha (1 - alpha)] with A the integral of p^alpha q^(1-alpha): KL(q||p) in the
limit alpha = 0 and KL(p||q) at 1.  Searched is with L = -log(A) / [alpha (1 - alpha)], which grows
with D, so that it has the same minima and saddles, but also a slope where D is as good as flat.
With beta = 1 - alpha, E the mean over r = p^alpha q^beta / A, z = (x - mu) / sigma and s the score
of p,

    dL/dmu        = -E[z] / (alpha sigma)    = -E[s] / beta,
    dL/dlog sigma = -(E[z^2] - 1) / alpha    = -(1 + sigma E[z s]) / beta.

A is, but for a power of sigma, p^alpha smoothed by a Normal of variance sigma^2 / beta (at 0 it is
log p that is smoothed), which is how heat spreads.  So as sigma grows the zeros of dL/dmu move
along curves and may meet and vanish, but none is ever born.  At a stationary point
d2L/dmu2 = 1/sigma^2 > 0, so that all of them lie on the few curves where L has a minimum in mu; and
none has a sigma below the smallest of p.  These curves are followed upwards from there, and the
sign changes of dL/dlog sigma along them polished by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .divergences import alpha_divergence, line
from .family import Family
from .normal import Normal
from .normal_fits import Fit, Surface, forward_kl, surface, tilted
from .parameter import FloatArray, number, positive
from .quadrature import Table, around, turns
from .scan import Points, Slices

_STEP = 0.1  # in log sigma, at most
_COARSE_ENDS = np.array([-7.0, -4.5, -2.0, 0.0, 2.0, 4.5, 7.0])
_COARSE_RULE = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True)
class NormalFits:
    """All Normals q at which a divergence from p, forward, reverse or an alpha, is stationary.

    The minima, best first, and the saddles between them.  ``converged`` says that at all of them
    the gradient in (mu / sigma, log sigma) is below 1e-9, and that they are as many as they must
    be, one minimum more than saddles.
    """

    minima: tuple[Fit, ...]
    saddles: tuple[Fit, ...]
    converged: bool


def fit_reverse_kl(
    p: Family, fixed_sigma: float | None = None, near: NormalFits | None = None
) -> NormalFits:
    """Return all Normals q at which KL(q||p) is stationary, p a Normal or Mixture.

    The alpha-divergence's at alpha = 0: for all else see fit_alpha_divergence.
    """
    return fit_alpha_divergence(p, 0.0, fixed_sigma, near)


def fit_alpha_divergence(
    p: Family,
    alpha: float,
    fixed_sigma: float | None = None,
    near: NormalFits | None = None,
) -> NormalFits:
    """Return all Normals q at which alpha_divergence(p, q, alpha) is stationary, 0 <= alpha <= 1.

    At alpha = 1, the forward KL divergence, that is the moment match alone, exactly.  Else
    locations are accurate to 1e-8, values to 1e-12; values within 1e-12 are ties, in the order of
    mu.  Where components are some 1e5 of their sigmas apart, broad optima may be out of reach of
    float64, and ``converged`` is False.  With ``fixed_sigma`` only mu is free, and the "saddles"
    are the maxima between the minima.

    There is no search where ``near`` holds those of a p and alpha that are nearly the same and
    have as many: they are followed to these.  Where they cannot be, all is done afresh.

    Raises
    ------
    ValueError
        If p is no Normal or Mixture, alpha not from 0 to 1, or fixed_sigma not positive.
    """
    search = _Search.of(p, alpha, fixed_sigma)
    if near is not None:
        fits = search.followed(near)
        if fits.converged and counts(fits) == counts(near):
            return fits
    return search.whole()


def follow_alpha_divergence(
    p: Family, alpha: float, near: NormalFits, fixed_sigma: float | None = None
) -> NormalFits:
    """What becomes of known fits when p or alpha change a little, without a search.

    Those that are lost are missing; ``converged`` says whether the others may be all.
    """
    return _Search.of(p, alpha, fixed_sigma).followed(near, lost=True)


def counts(fits: NormalFits | Points) -> tuple[int, int]:
    """The number of minima and of saddles."""
    return len(fits.minima), len(fits.saddles)


@dataclass(frozen=True, eq=False)
class _Search:
    """The stationary points of one alpha-divergence from p, standardised: (x - center) / unit."""

    p: Family
    alpha: float
    fixed_sigma: float | None
    center: float
    unit: float

    @classmethod
    def of(cls, p: Family, alpha: float, fixed_sigma: float | None) -> _Search:
        line("p", p)
        alpha = number("alpha", alpha, 0.0, 1.0)
        if fixed_sigma is not None:
            fixed_sigma = positive("fixed_sigma", fixed_sigma)
        center, unit = float(p.mean()), float(np.sqrt(p.variance()))
        return cls(p, alpha, fixed_sigma, center, unit)

    @cached_property
    def table(self) -> Table:
        return line("p", self.p).standardized(self.center, self.unit)

    def whole(self) -> NormalFits:
        """All there are."""
        if self.alpha == 1:
            return self._moment_match()
        fits = self._searched()
        if not fits.converged and self.fixed_sigma is not None:
            t = float(np.log(self.fixed_sigma / self.unit))
            mu = _valleys(self.table, self.alpha, t, ridges=True)
            return self._polished(mu, np.full(mu.shape, t), mu.size)
        if not fits.converged:
            fits = self._polished(*_starts(self.table, self.alpha, 1))
        if not fits.converged:  # where two valleys meet almost at once the first look is too early
            fits = self._polished(*_starts(self.table, self.alpha, 12))
        return fits

    def _searched(self) -> NormalFits:
        """The same by a grid, in a tenth of the time, where the components allow one."""
        fixed = None if self.fixed_sigma is None else self.fixed_sigma / self.unit
        slices = Slices.of(self.table, np.array([self.alpha]), fixed, exact=True)
        rows = np.concatenate(slices.found()[0]) if slices.resolved else np.empty((0, 3))
        if not rows.size:
            return NormalFits((), (), False)
        return self._polished(rows[:, 0], np.log(rows[:, 1]), len(rows))

    def followed(self, near: NormalFits, lost: bool = False) -> NormalFits:
        """Those close to ``near``, of which some may be ``lost``."""
        if self.alpha == 1:
            return self._moment_match()
        known = np.array([(fit.q.mu, fit.q.sigma) for fit in near.minima + near.saddles])
        sigma = known[:, 1] if self.fixed_sigma is None else np.full(len(known), self.fixed_sigma)
        mu, t = (known[:, 0] - self.center) / self.unit, np.log(sigma / self.unit)
        return self._polished(mu, t, 0 if lost else len(known))

    def _moment_match(self) -> NormalFits:
        q = Normal(self.center, self.fixed_sigma or self.unit)
        value = float(forward_kl(self.p, q.mu, np.log(q.sigma)).value)
        return NormalFits((Fit(q, value),), (), True)

    def _polished(self, mu: FloatArray, t: FloatArray, sure: int) -> NormalFits:
        """Where the starts lead to; the first ``sure`` of them must lead somewhere."""
        free = 2 if self.fixed_sigma is None else 1
        mu, t, at = _polished(self.table, self.alpha, mu, t, free)
        # log p bends by 1 / sigma^2 of p, and that far from its components its slopes are rounded.
        sigma, least = np.exp(t), float(self.table.sigma.min())
        rounding = 1e-15 * sigma * (sigma + np.ptp(self.table.mu)) / least**2
        good, minima, saddles = _sorted_out(mu, t, at, free, 1e-9 + rounding)
        return NormalFits(
            self._fits(mu[minima], t[minima], at.value[minima]),
            self._fits(mu[saddles], t[saddles], at.value[saddles]),
            bool(good[:sure].all()) and len(minima) == len(saddles) + 1,
        )

    def _fits(self, mu: FloatArray, t: FloatArray, values: FloatArray) -> tuple[Fit, ...]:
        sigma = np.exp(t) * self.unit
        qs = [
            Normal(self.center + self.unit * m, self.fixed_sigma or s)
            for m, s in zip(mu.tolist(), sigma.tolist(), strict=True)
        ]
        if self.alpha > 0:
            values = np.array([float(alpha_divergence(self.p, q, self.alpha)) for q in qs])
        ordered = np.sort(values)
        groups = ordered[np.diff(ordered, prepend=-np.inf) > 1e-12]  # the least of each set of ties
        rank = np.searchsorted(groups, values, side="right")
        best_first = sorted(range(len(qs)), key=lambda i: (rank[i], qs[i].mu))
        return tuple(Fit(qs[i], max(0.0, float(values[i]))) for i in best_first)


def _sorted_out(
    mu: FloatArray, t: FloatArray, at: Surface, free: int, tolerance: FloatArray
) -> tuple[NDArray[np.bool_], list[int], list[int]]:
    """Which points are stationary; which of those are minima and which saddles, each once."""
    steepness = np.abs(at.gradient * np.stack([np.exp(t), np.ones_like(t)], axis=-1))[:, :free]
    good = steepness.max(axis=-1) < tolerance
    is_minimum = at.hessian[:, 0, 0] > 0 if free == 1 else np.linalg.det(at.hessian) > 0
    kept: list[int] = []
    for i in np.flatnonzero(good):
        if all(
            np.hypot((mu[i] - mu[j]) / np.exp(t[j]), t[i] - t[j]) > 1e-6
            or is_minimum[i] != is_minimum[j]
            for j in kept
        ):
            kept.append(int(i))
    minima = [i for i in kept if is_minimum[i]]
    return good, minima, [i for i in kept if not is_minimum[i]]


def _valleys(table: Table, alpha: float, t: float, *, ridges: bool = False) -> FloatArray:
    """Where L has a minimum in mu at log sigma = t (and the maxima too, if ``ridges``), roughly."""
    low, high = table.mu.min(), table.mu.max()
    count = int(min(10 + 8 * (high - low) / np.exp(t), 200))
    own = np.asarray(around(table.mu, table.sigma))
    grid = np.union1d(own, np.linspace(low, high, count))
    at, falls = turns(lambda mu: _mean_slope(table, alpha, np.asarray(mu), np.exp(t)), grid, 2)
    mu = np.asarray(at)
    return mu if ridges else mu[falls]


def _mean_slope(table: Table, alpha: float, mu: FloatArray, sigma: float) -> FloatArray:
    """-dL/dmu, but for a factor, to three digits or so: enough to see where it changes sign."""
    x, weight = tilted(table, alpha, mu, np.full(mu.shape, sigma), _COARSE_ENDS, *_COARSE_RULE)
    z = x.off / sigma
    log_p, score = table.log_density_and_score(x)
    log_r = alpha * log_p - 0.5 * (1 - alpha) * z * z
    r = weight * np.exp(log_r - log_r.max(axis=-1, keepdims=True))
    out: FloatArray = (r * (score if alpha < 0.5 else z)).sum(axis=-1)
    return out


def _starts(table: Table, alpha: float, looks: int) -> tuple[FloatArray, FloatArray, int]:
    """Points (mu, log sigma) close to every stationary point, by following the valleys.

    And how many of them, the first, are sure to be close to one.
    """
    low = float(np.log(table.sigma.min())) - 0.1
    high = float(np.log(4 * (table.sigma.max() + np.abs(table.mu).max())))
    curves, ends = _followed(table, alpha, _valleys(table, alpha, low), low, high)
    starts = []
    # Two valleys and the ridge between them may have met and go on as one valley: look shortly
    # after, and again in growing distances.
    times = {t + 2 * step * 4**k for t, step in ends for k in range(looks)}
    for t in sorted(t for t in times if t < high):
        known = np.array([np.interp(t, c[:, 1], c[:, 0], right=np.inf) for c in curves])
        mu = _valleys(table, alpha, t)
        mu = mu[np.abs(known[:, None] - mu).min(axis=0) > 0.02 * np.exp(t)]
        if mu.size:
            curves += _followed(table, alpha, mu, t, high)[0]
            starts += [(m, t) for m in mu]
    zeros = np.concatenate([_zeros_along(table, alpha, curve) for curve in curves])
    mu, t = np.concatenate([zeros, *np.reshape(starts, (-1, 1, 2))]).T
    return mu, t, len(zeros)


def _followed(
    table: Table, alpha: float, mu: FloatArray, t: float, high: float
) -> tuple[list[FloatArray], list[tuple[float, float]]]:
    """Valleys from (mu, t) up to log sigma = high or their end, as rows (mu, t, dL/dt).

    And for those that end, the last t and the step that led beyond.
    """
    ts, beta = np.full(mu.shape, t), 1 - alpha
    for _ in range(3):
        mu, slope, drift, _ = _onto(table, alpha, mu, ts)
    curves = [[row] for row in zip(mu, ts, slope, strict=True)]
    ends = []
    step = np.full(mu.shape, _STEP)
    live = np.flatnonzero(1 + beta * slope > 0)
    while live.size:
        step[live] = np.minimum(step[live], high - ts[live])
        ahead = ts[live] + step[live]
        new, new_slope, new_drift, off = _onto(
            table, alpha, mu[live] + step[live] * drift[live], ahead
        )
        # 1 + beta dL/dt = sigma^2 d2L/dmu2 is positive, and goes to 0 where the valley ends.
        bend, new_bend = 1 + beta * slope[live], 1 + beta * new_slope
        good = (off < 0.1) & (new_bend > 0.4 * bend) & (new_bend < 2.5 * bend + 0.5)
        for i, *row in zip(live[good], new[good], ahead[good], new_slope[good], strict=True):
            curves[i].append(tuple(row))
        lost = ~good & (bend < 0.05) & ((new_bend < bend) | (off >= 0.1))
        ends += list(zip(ts[live[lost]], step[live[lost]], strict=True))
        went = live[good]
        mu[went], ts[went], slope[went], drift[went] = (
            new[good], ahead[good], new_slope[good], new_drift[good],
        )  # fmt: skip
        step[live] = np.minimum(step[live] * np.where(good, 1.6, 0.4), _STEP)
        live = live[~lost & (ts[live] < high) & (step[live] > 1e-14)]
    return [np.array(curve) for curve in curves], ends


def _onto(table: Table, alpha: float, mu: FloatArray, t: FloatArray) -> tuple[FloatArray, ...]:
    """One Newton step in mu to a valley: mu, dL/dt and dmu/dt there, and how far off it was."""
    _, gradient, hessian = surface(table, mu, t, alpha)
    bend = hessian[:, 0, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        step = -gradient[:, 0] / bend
        correction = hessian[:, 0, 1] * step
        slope = gradient[:, 1] + correction
        new_bend = 1 + (1 - alpha) * slope
        off = np.maximum(np.abs(step) / np.exp(t), (1 - alpha) * np.abs(correction) / new_bend)
        off = np.where((bend > 0) & (new_bend > 0), off, np.inf)
        return mu + step, slope, -hessian[:, 0, 1] / bend, off


def _zeros_along(table: Table, alpha: float, curve: FloatArray) -> FloatArray:
    """Points (mu, t) where dL/dt changes its sign on one valley, also twice within a step."""
    curve = _refined(table, alpha, curve)
    turn = np.flatnonzero(curve[:-1, 2] * curve[1:, 2] <= 0)
    before, after = curve[turn], curve[turn + 1]
    for _ in range(5 if turn.size else 0):  # else Newton's method may leap to another zero
        middle = 0.5 * (before + after)
        middle[:, 0], middle[:, 2], _, _ = _onto(table, alpha, middle[:, 0], middle[:, 1])
        later = (before[:, 2] * middle[:, 2] > 0)[:, None]
        before, after = np.where(later, middle, before), np.where(later, after, middle)
    with np.errstate(invalid="ignore"):  # both are 0 where p is one Normal at the valley's end
        part = np.nan_to_num(before[:, 2:] / (before[:, 2:] - after[:, 2:]))
    found = [before[:, :2] + part * (after[:, :2] - before[:, :2])]
    same = np.sign(curve[:-2, 2]) * np.sign(curve[1:-1, 2]) * (curve[:-2, 2] * curve[2:, 2] > 0)
    size = np.abs(curve[:, 2])
    dips = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (size[1:-1] < 0.2) & (same != 0)
    for k in 1 + np.flatnonzero(dips):
        found.append(_double_zero(table, alpha, curve[k - 1 : k + 2]))
    return np.concatenate(found)


def _refined(table: Table, alpha: float, curve: FloatArray) -> FloatArray:
    """A valley in finer steps where dL/dt is so small that there may be several zeros in one."""
    small = np.abs(curve[:, 2]) < 0.05
    i = np.flatnonzero(small[:-1] | small[1:])[:, None]
    parts = np.arange(1, 8)[None, :, None] / 8
    inner = (curve[i] + parts * (curve[i + 1] - curve[i])).reshape(-1, 3)
    for _ in range(2 if inner.size else 0):
        inner[:, 0], inner[:, 2], _, _ = _onto(table, alpha, inner[:, 0], inner[:, 1])
    both = np.concatenate([curve, inner])
    return both[np.argsort(both[:, 1])]


def _double_zero(table: Table, alpha: float, near: FloatArray) -> FloatArray:
    """The two zeros of dL/dt around three points between which it all but touches zero, if any."""
    mu, t, slope = near.T
    for _ in range(8):
        # The parabola in t through the three points, from the middle one.
        left, right = (slope[1] - slope[0]) / (t[1] - t[0]), (slope[2] - slope[1]) / (t[2] - t[1])
        curvature = (right - left) / (t[2] - t[0])
        tilt = left + curvature * (t[1] - t[0])
        best = t[1] - tilt / (2 * curvature)
        least = slope[1] - tilt * tilt / (4 * curvature)
        pace = (mu[2] - mu[0]) / (t[2] - t[0])
        width = 0.1 * (t[2] - t[0])
        if width < 1e-6:
            break
        middle, t = t[1], np.clip(best, t[0], t[2]) + width * np.array([-0.5, 0.0, 0.5])
        mu = mu[1] + pace * (t - middle)
        for _ in range(3):
            mu, slope, _, _ = _onto(table, alpha, mu, t)
    if least * curvature >= 0:
        return np.empty((0, 2))
    half = np.sqrt(-least / curvature)
    return np.array([(mu[1] + pace * (at - t[1]), at) for at in (best - half, best + half)])


def _polished(
    table: Table, alpha: float, mu: FloatArray, t: FloatArray, free: int
) -> tuple[FloatArray, FloatArray, Surface]:
    """Newton's method on the gradient in mu and, if two are free, log sigma, from all starts."""
    before = 0.0
    for _ in range(50):
        at = surface(table, mu, t, alpha)
        step = -_solved(at.hessian[:, :free, :free], at.gradient[:, :free])
        sigma = np.exp(t)
        length = np.maximum(np.abs(step[:, 0]) / sigma, np.abs(step[:, -1]) if free == 2 else 0.0)
        step /= np.maximum(1, 2 * length)[:, None]
        mu = mu + step[:, 0]
        if free == 2:
            t = t + step[:, 1]
        longest = float(length.max())
        # A step is about the square of the one before, so this is what the next one would be.
        if longest < 1e-13 or (longest < 1e-4 and longest**3 < 1e-12 * before**2):
            break
        before = longest
    return mu, t, surface(table, mu, t, alpha)


def _solved(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.solve(matrices, vectors[..., None])[..., 0], dtype=float)
    except np.linalg.LinAlgError:
        return np.asarray((np.linalg.pinv(matrices) @ vectors[..., None])[..., 0], dtype=float)
