"""Every Normal q at which the reverse divergence R = KL(q||p) is stationary.

With s the score of p and z standard normal,

    dR/dmu = -E[s(mu + sigma z)]   and   dR/dlog sigma = -1 - sigma E[z s(mu + sigma z)],

and E[log p(mu + sigma z)] solves the heat equation in the time sigma^2 / 2.  So as sigma grows the
zeros of E[s] in mu move along curves and may meet and vanish, but none is ever born.  At a
stationary point d2R/dmu2 = 1/sigma^2 > 0, so that all of them lie on the few curves where E[s]
falls; and none has a sigma below the smallest of p.  These curves are followed upwards from there,
and the zeros of dR/dlog sigma along them, found by its sign, polished by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .divergences import line
from .family import Family, FloatArray
from .normal import Normal
from .normal_fits import Fit, Surface, surface
from .quadrature import Table, panel_ends, refined, turns

_Z = np.linspace(-8, 8, 161)
_PHI = np.exp(-0.5 * _Z * _Z) * (_Z[1] - _Z[0]) / np.sqrt(2 * np.pi)
_HERMITE = np.stack([_Z, _Z * _Z - 1, _Z**3 - 3 * _Z], axis=-1) * _PHI[:, None]
_STEP, _SMALLEST = 0.06, 0.001  # in log sigma


@dataclass(frozen=True)
class ReverseFits:
    """All stationary points of KL(q||p): the minima, best first, and the saddles between them.

    ``converged`` says that at all of them the gradient in (mu, log sigma) is below 1e-8, and that
    they are as many as they must be, one minimum more than saddles.
    """

    minima: tuple[Fit, ...]
    saddles: tuple[Fit, ...]
    converged: bool


def fit_reverse_kl(
    p: Family, fixed_sigma: float | None = None, near: ReverseFits | None = None
) -> ReverseFits:
    """Return all Normals q at which KL(q||p) is stationary, p a Normal or Mixture.

    Locations are accurate to 1e-8, values to 1e-12; values within 1e-12 are ties, in the order of
    mu.  With ``fixed_sigma`` only mu is free, and the "saddles" are the maxima between the minima.

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
    free = 2 if fixed_sigma is None else 1
    level = None if fixed_sigma is None else float(np.log(Normal(0.0, fixed_sigma).sigma / unit))
    if near is not None:
        those = [fit.q for fit in near.minima + near.saddles]
        mu = (np.array([q.mu for q in those]) - center) / unit
        t = np.log(np.array([q.sigma for q in those]) / unit)
        t = t if level is None else np.full(mu.shape, level)
    elif level is None:
        mu, t = _starts(table)
    else:
        mu = _starts_at(table, level)
        t = np.full(mu.shape, level)
    mu, t, at = _polished(table, mu, t, free)
    gradient = at.gradient[:, :free] / np.array([min(unit, 1.0), 1.0])[:free]
    good = np.abs(gradient).max(axis=-1) < 1e-8
    if free == 2:
        is_minimum = np.linalg.det(at.hessian) > 0
        sigma = unit * np.exp(t)
    else:
        is_minimum = at.hessian[:, 0, 0] > 0
        sigma = np.full(mu.shape, fixed_sigma)
    kept: list[int] = []
    for i in np.flatnonzero(good):
        close = (np.hypot((mu[i] - mu[j]) / np.exp(t[j]), t[i] - t[j]) < 1e-6 for j in kept)
        if not any(close):
            kept.append(int(i))
    mu = center + unit * mu

    def fits(wanted: bool) -> tuple[Fit, ...]:
        those = [i for i in kept if is_minimum[i] == wanted]
        values = np.sort(at.value[those])
        groups = values[np.diff(values, prepend=-np.inf) > 1e-12]  # the least of each set of ties
        those.sort(key=lambda i: (np.searchsorted(groups, at.value[i], side="right"), mu[i]))
        return tuple(
            Fit(Normal(float(mu[i]), float(sigma[i])), max(0.0, float(at.value[i]))) for i in those
        )

    minima, saddles = fits(True), fits(False)
    if near is not None and (len(minima), len(saddles)) != (len(near.minima), len(near.saddles)):
        return fit_reverse_kl(p, fixed_sigma)
    return ReverseFits(minima, saddles, bool(good.all()) and len(minima) == len(saddles) + 1)


def _moments(table: Table, mu: FloatArray, t: float | FloatArray) -> tuple[FloatArray, ...]:
    """E[s], E[z s] and E[(z^2 - 1) s] at (mu, t), close enough to follow curves.

    By parts these are E[He_k(z) log p] / sigma.  Where sigma is large, log p is all but a chain of
    parabolas with a kink between each two: these are integrated exactly, and by a plain sum only
    what is left, a bump at each kink that is at most log K high.
    """
    sigma = np.exp(np.broadcast_to(t, mu.shape))
    x = mu[:, None] + sigma[:, None] * _Z
    log_p, largest = table.log_density_and_largest(x)
    rest = (log_p - largest) @ _HERMITE
    return tuple(((rest + _chain(table, mu, sigma)) / sigma[:, None]).T)


def _chain(table: Table, mu: FloatArray, sigma: FloatArray) -> FloatArray:
    """E[He_k(z) max_i log w_i N_i(mu + sigma z)] for k = 1, 2, 3, shape (B, 3)."""
    kinks, owner = table.kinks
    z = (np.append(-np.inf, kinks)[:, None] - mu) / sigma  # where each parabola begins
    tau = 1 / np.square(table.sigma[owner])[:, None]
    slope = (table.mu[owner][:, None] - mu) * tau * sigma  # of each parabola at z = 0
    bend = -tau * np.square(sigma)
    # E[He_k g] = E[He_(k-1) g'], and g' = slope + bend z on each part; as differences at kinks.
    upper = special.ndtr(-z)
    phi = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    with np.errstate(invalid="ignore"):
        zphi = np.where(phi == 0, 0.0, z * phi)
        zzphi = np.where(phi == 0, 0.0, z * zphi)
    parts = [
        (upper, phi),  # E[1; beyond z], E[z; ...]
        (phi, zphi + upper),  # E[z; ...], E[z^2; ...]
        (zphi, zzphi + phi),  # E[z^2 - 1; ...], E[z^3 - z; ...]
    ]
    jump = [np.diff(each, axis=0, prepend=0.0) for each in (slope, bend)]
    return np.stack([(jump[0] * a + jump[1] * b).sum(axis=0) for a, b in parts], axis=-1)


def _starts_at(table: Table, t: float) -> FloatArray:
    """All zeros of E[s] in mu at one sigma, roughly."""
    even = np.linspace(table.mu.min(), table.mu.max(), 401)
    grid = np.union1d(refined(panel_ends(table), 2), even)
    mu, _ = turns(lambda mu: _moments(table, mu, t)[0], grid)
    return mu


def _starts(table: Table) -> tuple[FloatArray, FloatArray]:
    """Points (mu, t) close to every stationary point, by following the curves."""
    grid = refined(panel_ends(table), 2)
    first = np.log(table.sigma.min()) - 0.1
    last = np.log(4 * (table.sigma.max() + np.abs(table.mu).max()))
    starts: list[tuple[float, float]] = []
    ended: list[list[tuple[float, float, float]]] = []
    curves: list[list[tuple[float, float, float]]] = []  # points (mu, t, dR/dt)
    mu = drift = np.empty(0)
    t, step = first - _STEP, _STEP
    while t < last:
        ahead = t + step
        guess, sigma = mu + (ahead - t) * drift, np.exp(ahead)
        there, slope, pace, alive = _follow(table, guess, ahead)
        alive = alive & (np.diff(np.sort(there), append=np.inf).min(initial=np.inf) > 0.01 * sigma)
        if step > _SMALLEST and not (alive & (np.abs(there - guess) < 0.03 * sigma)).all():
            step /= 2
            continue
        t, mu, drift, step = ahead, there, pace, min(2 * step, _STEP)
        if not curves or not alive.all():
            # Where two curves meet they end, or go on as one: look afresh for what is there.
            mu, falls = turns(lambda at, t=t: _moments(table, at, t)[0], grid)  # type: ignore[misc]
            mu, slope, drift, alive = _follow(table, mu[falls], t)
            mu, slope, drift = mu[alive], slope[alive], drift[alive]
            last_slopes = np.array([curve[-1][2] for curve in curves])
            starts += [
                (m, t) for m, d in zip(mu, slope, strict=True) if (d * last_slopes < 0).any()
            ]
            ended += curves
            curves = [[] for _ in mu]
        for curve, *point in zip(curves, mu, slope, strict=True):
            curve.append((point[0], t, point[1]))
    for curve in ended + curves:
        starts += _zeros_along(table, np.array(curve))
    return tuple(np.array(starts).T)  # type: ignore[return-value]


def _follow(table: Table, mu: FloatArray, t: float | FloatArray) -> tuple[FloatArray, ...]:
    """One Newton step onto the curves: mu, dR/dt and dmu/dt there, and whether they go on."""
    es, ezs, ezzs = _moments(table, mu, t)
    sigma = np.exp(t)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = -es * sigma / ezs
        drift = -ezzs * sigma / ezs
        alive = (sigma * ezs < -0.02) & (np.abs(step) < 0.5 * sigma)
    return mu + step, -1 - sigma * ezs - ezzs * step, drift, alive


def _zeros_along(table: Table, curve: FloatArray) -> list[tuple[float, float]]:
    """Points (mu, t) where dR/dt changes its sign on one curve, also twice within a step."""
    mu, t, slope = curve.T
    i = np.flatnonzero(slope[:-1] * slope[1:] <= 0)
    part = slope[i] / (slope[i] - slope[i + 1])
    found = list(
        zip(mu[i] + part * (mu[i + 1] - mu[i]), t[i] + part * (t[i + 1] - t[i]), strict=True)
    )
    size = np.abs(slope)
    dips = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (size[1:-1] < 0.2)
    dips &= (slope[1:-1] * slope[:-2] > 0) & (slope[1:-1] * slope[2:] > 0)
    for k in 1 + np.flatnonzero(dips):
        found += _double_zero(table, mu[k], t[k])
    return found


def _double_zero(table: Table, mu: float, t: float) -> list[tuple[float, float]]:
    """The two zeros of dR/dt around a point where it all but touches zero, if there are any."""
    step = _STEP
    for _ in range(4):
        ts = t + step * np.array([-1.0, 0.0, 1.0])
        mus = np.full(3, mu)
        for _ in range(6):
            mus, slope, _, _ = _follow(table, mus, ts)
        bend = (slope[0] - 2 * slope[1] + slope[2]) / 2
        tilt = (slope[2] - slope[0]) / 2
        vertex = np.clip(-tilt / (2 * bend), -1, 1) if bend else 0.0
        extreme = slope[1] + tilt * vertex / 2
        t, mu = t + step * vertex, mus[1] + vertex * (mus[2] - mus[0]) / 2
        across, step = step * (mus[2] - mus[0]) / (2 * step), step / 8
    if extreme * bend > 0:
        return []
    half = 8 * step * np.sqrt(-extreme / bend) if bend else 0.0
    pace = across / (8 * step)
    return [(mu - pace * half, t - half), (mu + pace * half, t + half)]


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
