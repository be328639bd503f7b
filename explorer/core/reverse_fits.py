"""Every Normal q at which the reverse divergence R = KL(q||p) is stationary.

With s the score of p and z standard normal,

    dR/dmu = -E[s(mu + sigma z)]   and   dR/dlog sigma = -1 - sigma E[z s(mu + sigma z)],

and E[log p(mu + sigma z)] solves the heat equation in the time sigma^2 / 2.  So as sigma grows the
zeros of dR/dmu move along curves and may meet and vanish, but none is ever born.  At a stationary
point d2R/dmu2 = 1/sigma^2 > 0, so that all of them lie on the few curves where R has a minimum in
mu; and none has a sigma below the smallest of p.  These curves are followed upwards from there, and
the sign changes of dR/dlog sigma along them polished by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .divergences import line
from .family import Family, FloatArray, positive
from .normal import Normal
from .normal_fits import Fit, Surface, surface
from .quadrature import Table, around, panels, turns

_STEP = 0.1  # in log sigma, at most
_COARSE_ENDS = np.array([-7.0, -4.5, -2.0, 0.0, 2.0, 4.5, 7.0])
_COARSE_RULE = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True)
class ReverseFits:
    """All stationary points of KL(q||p): the minima, best first, and the saddles between them.

    ``converged`` says that at all of them the gradient in (mu / sigma, log sigma) is below 1e-9,
    and that they are as many as they must be, one minimum more than saddles.
    """

    minima: tuple[Fit, ...]
    saddles: tuple[Fit, ...]
    converged: bool


def fit_reverse_kl(
    p: Family, fixed_sigma: float | None = None, near: ReverseFits | None = None
) -> ReverseFits:
    """Return all Normals q at which KL(q||p) is stationary, p a Normal or Mixture.

    Locations are accurate to 1e-8, values to 1e-12; values within 1e-12 are ties, in the order of
    mu.  Where components are some 1e5 of their sigmas apart, broad optima may be out of reach of
    float64, and ``converged`` is False.  With ``fixed_sigma`` only mu is free, and the "saddles"
    are the maxima between the minima.

    The search is spared where ``near`` holds those of a p that is nearly the same and has as many:
    they are followed to this p.  Where they cannot be, all is done afresh.

    Raises
    ------
    ValueError
        If p is of another family, or fixed_sigma is not positive.
    """
    table = line("p", p)
    center, unit = float(p.mean()), float(np.sqrt(p.variance()))
    table = table.standardized(center, unit)
    level = None
    if fixed_sigma is not None:
        fixed_sigma = positive("fixed_sigma", fixed_sigma)
        level = float(np.log(fixed_sigma / unit))

    def collected(mu: FloatArray, t: FloatArray) -> ReverseFits:
        if fixed_sigma is None:
            return _collected(table, mu, t, 2, center, unit)
        fits = _collected(table, mu, t, 1, center, unit)
        minima, saddles = (
            tuple(Fit(Normal(fit.q.mu, fixed_sigma), fit.value) for fit in kind)
            for kind in (fits.minima, fits.saddles)
        )
        return ReverseFits(minima, saddles, fits.converged)

    if near is not None:
        known = np.array([(fit.q.mu, fit.q.sigma) for fit in near.minima + near.saddles])
        sigma = known[:, 1] if level is None else np.full(len(known), fixed_sigma)
        fits = collected((known[:, 0] - center) / unit, np.log(sigma / unit))
        counts = [(len(each.minima), len(each.saddles)) for each in (fits, near)]
        if fits.converged and counts[0] == counts[1]:
            return fits
    if level is not None:
        mu = _valleys(table, level, ridges=True)
        return collected(mu, np.full(mu.shape, level))
    fits = collected(*_starts(table, 1))
    if not fits.converged:  # where two valleys meet almost at once, the first look may be too early
        fits = collected(*_starts(table, 12))
    return fits


def _collected(
    table: Table, mu: FloatArray, t: FloatArray, free: int, center: float, unit: float
) -> ReverseFits:
    """Polish the starts, drop doubles and tell minima from saddles."""
    mu, t, at = _polished(table, mu, t, free)
    sigma = unit * np.exp(t)
    steepness = np.abs(at.gradient * np.stack([np.exp(t), np.ones_like(t)], axis=-1))[:, :free]
    good = steepness.max(axis=-1) < 1e-9
    is_minimum = at.hessian[:, 0, 0] > 0 if free == 1 else np.linalg.det(at.hessian) > 0
    kept: list[int] = []
    for i in np.flatnonzero(good):
        if all(np.hypot((mu[i] - mu[j]) / np.exp(t[j]), t[i] - t[j]) > 1e-6 for j in kept):
            kept.append(int(i))

    def fits(wanted: bool) -> tuple[Fit, ...]:
        those = [i for i in kept if is_minimum[i] == wanted]
        values = np.sort(at.value[those])
        groups = values[np.diff(values, prepend=-np.inf) > 1e-12]  # the least of each set of ties
        those.sort(key=lambda i: (np.searchsorted(groups, at.value[i], side="right"), mu[i]))
        return tuple(
            Fit(Normal(center + unit * float(mu[i]), float(sigma[i])), max(0.0, float(at.value[i])))
            for i in those
        )

    minima, saddles = fits(True), fits(False)
    return ReverseFits(minima, saddles, bool(good.all()) and len(minima) == len(saddles) + 1)


def _valleys(table: Table, t: float, *, ridges: bool = False) -> FloatArray:
    """Where R has a minimum in mu at log sigma = t (and the maxima too, if ``ridges``), roughly."""
    low, high = table.mu.min(), table.mu.max()
    count = int(min(10 + 8 * (high - low) / np.exp(t), 200))
    own = around(table.mu, table.sigma).ravel()
    grid = np.union1d(own, np.linspace(low, high, count))
    mu, falls = turns(lambda at: _mean_score(table, at, np.exp(t)), grid, 2)
    return mu if ridges else mu[falls]


def _mean_score(table: Table, mu: FloatArray, sigma: float) -> FloatArray:
    """-dR/dmu, but for a constant, to three digits or so: enough to see where it changes sign."""
    own = mu[:, None] + sigma * _COARSE_ENDS
    ends = np.clip(table.kinks, own[:, :1], own[:, -1:])
    x, weight = panels(np.concatenate([ends, own], axis=-1), *_COARSE_RULE)
    z = (x - mu[:, None]) / sigma
    out: FloatArray = (weight * np.exp(-0.5 * z * z) * table.score(x)).sum(axis=-1)
    return out


def _starts(table: Table, looks: int) -> tuple[FloatArray, FloatArray]:
    """Points (mu, log sigma) close to every stationary point, by following the valleys."""
    low = float(np.log(table.sigma.min())) - 0.1
    high = float(np.log(4 * (table.sigma.max() + np.abs(table.mu).max())))
    curves, ends = _followed(table, _valleys(table, low), low, high)
    starts = []
    # Two valleys and the ridge between them may have met and go on as one valley: look shortly
    # after, and again in growing distances.
    times = {t + 2 * step * 4**k for t, step in ends for k in range(looks)}
    for t in sorted(t for t in times if t < high):
        known = np.array([np.interp(t, c[:, 1], c[:, 0], right=np.inf) for c in curves])
        mu = _valleys(table, t)
        mu = mu[np.abs(known[:, None] - mu).min(axis=0) > 0.02 * np.exp(t)]
        if mu.size:
            curves += _followed(table, mu, t, high)[0]
            starts += [(m, t) for m in mu]
    mu, t = np.concatenate(
        [_zeros_along(table, curve) for curve in curves] + [starts or np.empty((0, 2))]
    ).T
    return mu, t


def _followed(
    table: Table, mu: FloatArray, t: float, high: float
) -> tuple[list[FloatArray], list[tuple[float, float]]]:
    """Valleys from (mu, t) up to log sigma = high or their end, as rows (mu, t, dR/dt).

    And for those that end, the last t and the step that led beyond.
    """
    ts = np.full(mu.shape, t)
    for _ in range(3):
        mu, slope, drift, _ = _onto(table, mu, ts)
    curves = [[row] for row in zip(mu, ts, slope, strict=True)]
    ends = []
    step = np.full(mu.shape, _STEP)
    live = np.flatnonzero(slope > -1)
    while live.size:
        step[live] = np.minimum(step[live], high - ts[live])
        ahead = ts[live] + step[live]
        new, new_slope, new_drift, off = _onto(table, mu[live] + step[live] * drift[live], ahead)
        # 1 + dR/dt = sigma^2 d2R/dmu2 is positive, and goes to 0 where the valley ends.
        bend, new_bend = 1 + slope[live], 1 + new_slope
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


def _onto(table: Table, mu: FloatArray, t: FloatArray) -> tuple[FloatArray, ...]:
    """One Newton step in mu to a valley: mu, dR/dt and dmu/dt there, and how far off it was."""
    _, gradient, hessian = surface(table, mu, t)
    bend = hessian[:, 0, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        step = -gradient[:, 0] / bend
        correction = hessian[:, 0, 1] * step
        slope = gradient[:, 1] + correction
        off = np.maximum(np.abs(step) / np.exp(t), np.abs(correction) / (1 + slope))
        off = np.where((bend > 0) & (slope > -1), off, np.inf)
        return mu + step, slope, -hessian[:, 0, 1] / bend, off


def _zeros_along(table: Table, curve: FloatArray) -> FloatArray:
    """Points (mu, t) where dR/dt changes its sign on one valley, also twice within a step."""
    before, after = curve[:-1], curve[1:]
    i = np.flatnonzero(before[:, 2] * after[:, 2] <= 0)
    part = before[i, 2:] / (before[i, 2:] - after[i, 2:])
    found = [before[i, :2] + part * (after[i, :2] - before[i, :2])]
    same = np.sign(curve[:-2, 2]) * np.sign(curve[1:-1, 2]) * (curve[:-2, 2] * curve[2:, 2] > 0)
    size = np.abs(curve[:, 2])
    dips = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (size[1:-1] < 0.2) & (same != 0)
    for k in 1 + np.flatnonzero(dips):
        found.append(_double_zero(table, curve[k - 1 : k + 2]))
    return np.concatenate(found)


def _double_zero(table: Table, near: FloatArray) -> FloatArray:
    """The two zeros of dR/dt around three points between which it all but touches zero, if any."""
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
            mu, slope, _, _ = _onto(table, mu, t)
    if least * curvature >= 0:
        return np.empty((0, 2))
    half = np.sqrt(-least / curvature)
    return np.array([(mu[1] + pace * (at - t[1]), at) for at in (best - half, best + half)])


def _polished(
    table: Table, mu: FloatArray, t: FloatArray, free: int
) -> tuple[FloatArray, FloatArray, Surface]:
    """Newton's method on the gradient in mu and, if two are free, log sigma, from all starts."""
    for _ in range(50):
        at = surface(table, mu, t)
        inverse = np.linalg.pinv(at.hessian[:, :free, :free])
        step = -(inverse @ at.gradient[:, :free, None])[..., 0]
        sigma = np.exp(t)
        length = np.maximum(np.abs(step[:, 0]) / sigma, np.abs(step[:, -1]) if free == 2 else 0.0)
        step /= np.maximum(1, 2 * length)[:, None]
        mu = mu + step[:, 0]
        if free == 2:
            t = t + step[:, 1]
        if length.max() < 1e-13:
            break
    return mu, t, surface(table, mu, t)
