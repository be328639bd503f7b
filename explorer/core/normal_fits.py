"""KL divergences between a distribution p and a Normal q, in both directions, as surfaces.

Forward, KL(p||q), has one minimum, the Normal with p's mean and variance; for reverse, KL(q||p),
and what lies between them, see alpha_fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .beta import Beta
from .divergences import kl, line
from .family import Family
from .normal import Normal
from .parameter import FloatArray, real_array, refuse
from .quadrature import AROUND, Points, Table, panels
from .special import LOG_2PI


class Surface(NamedTuple):
    """A divergence in nats with its derivatives in (mu, log sigma)."""

    value: FloatArray  # (...)
    gradient: FloatArray  # (..., 2)
    hessian: FloatArray  # (..., 2, 2)


@dataclass(frozen=True)
class Fit:
    """A Normal that is a stationary point of a divergence, and the divergence there, in nats."""

    q: Normal
    value: float


def forward_kl(p: Family, mu: ArrayLike, log_sigma: ArrayLike) -> Surface:
    """Return KL(p || N(mu, sigma)) for arrays of mu and log sigma, p a Normal or Mixture.

    The cross-entropy, in closed form, less the entropy of p: absolute error 1e-13.
    """
    line("p", p)
    mu, t = _broadcast(mu, log_sigma)
    with np.errstate(over="ignore"):
        tau = np.exp(-2 * t)
        mean = p.mean()
        off = (mu - mean) - p._mean_beyond(mean)
        spread = (p.variance() + off * off) * tau
        value = t + 0.5 * LOG_2PI + 0.5 * spread - p.entropy()
        gradient = np.stack([off * tau, 1 - spread], axis=-1)
        mixed = -2 * off * tau
        hessian = np.stack([tau, mixed, mixed, 2 * spread], axis=-1)
    return Surface(np.maximum(value, 0)[()], gradient, hessian.reshape(*mu.shape, 2, 2))


def reverse_kl(p: Family, mu: ArrayLike, log_sigma: ArrayLike) -> Surface:
    """Return KL(N(mu, sigma) || p) for arrays of mu and log sigma, p a Normal or Mixture.

    By quadrature: absolute error 1e-12, relative where it is large.
    """
    table = line("p", p)
    mu, t = _broadcast(mu, log_sigma)
    parts = 1 + mu.size * (table.kinks.size + 13) * table.mu.size // 100_000  # bounds the memory
    if parts == 1:  # as at every step of a descent
        value, gradient, hessian = surface(table, mu.ravel(), t.ravel())
    else:
        pieces = (np.array_split(flat.ravel(), parts) for flat in (mu, t))
        surfaces = [surface(table, *piece) for piece in zip(*pieces, strict=True)]
        value, gradient, hessian = (np.concatenate(each) for each in zip(*surfaces, strict=True))
    return Surface(
        np.maximum(value, 0).reshape(mu.shape)[()],
        gradient.reshape(*mu.shape, 2),
        hessian.reshape(*mu.shape, 2, 2),
    )


def surface(table: Table, mu: FloatArray, t: FloatArray, alpha: float = 0.0) -> Surface:
    """reverse_kl of a table at points (B,), or with 0 < alpha < 1 the L of alpha_fits."""
    sigma, beta = np.exp(t), 1 - alpha
    x, weight = tilted(table, alpha, mu, sigma)
    z = x.off / sigma[:, None]
    log_p, score = table.log_density_and_score(x)
    if alpha == 0:
        r = weight * np.exp(-0.5 * z * z) / (sigma[:, None] * np.sqrt(2 * np.pi))
        value = -(r * log_p).sum(axis=-1) - t - 0.5 * (1 + LOG_2PI)
    else:
        log_r = alpha * log_p - 0.5 * beta * z * z
        top = log_r.max(axis=-1)
        r = weight * np.exp(log_r - top[:, None])
        total = r.sum(axis=-1)
        r /= total[:, None]
        value = (0.5 * beta * (2 * t + LOG_2PI) - top - np.log(total)) / (alpha * beta)
    # By parts, derivatives of log p are turned into powers of z: all for alpha near 1, where beta
    # is no divisor then, and all but the first for alpha near 0.
    powers = r if alpha >= 0.5 else r * score
    means = [powers.sum(axis=-1)]
    for _ in range(4 if alpha >= 0.5 else 3):
        powers = powers * z
        means.append(powers.sum(axis=-1))
    if alpha >= 0.5:
        _, z1, z2, z3, z4 = means
        gradient = np.stack([-z1 / sigma, 1 - z2], axis=-1) / alpha
        mu_mu = (1 - beta * z2) / sigma**2
        mixed = (2 * z1 - beta * (z3 - z1)) / sigma
        t_t = 2 * z2 - beta * (z4 - 2 * z2 + 1)
        hessian = np.stack([mu_mu, mixed, mixed, t_t], axis=-1) / alpha
    else:
        s, sz, szz, szzz = means
        gradient = np.stack([-s, -1 - sigma * sz], axis=-1) / beta
        rest = alpha / beta * (1 + sigma * sz)
        hessian = np.stack([-sz / sigma, s - szz, s - szz, sigma * (sz - szzz) - rest], axis=-1)
    # From the derivatives of A to those of its logarithm.
    hessian = hessian.reshape(-1, 2, 2)
    if alpha > 0:
        hessian += alpha * beta * gradient[:, :, None] * gradient[:, None, :]
    return Surface(value, gradient, hessian)


def tilted(
    table: Table,
    alpha: float,
    mu: FloatArray,
    sigma: FloatArray,
    offsets: FloatArray = AROUND,
    *rule: FloatArray,
) -> tuple[Points, FloatArray]:
    """Nodes, from mu on, and weights that resolve p^alpha q^(1-alpha) for q at points (B,)."""
    kinks = table.kinks - mu[:, None]
    if alpha == 0:
        own = sigma[:, None] * offsets
    else:  # the products of p's components and q are Normals again
        tau_p, tau_q = alpha / np.square(table.sigma), (1 - alpha) / np.square(sigma)[:, None]
        tau = tau_p + tau_q
        center = tau_p / tau * (table.mu - mu[:, None])
        each = center[..., None] + offsets / np.sqrt(tau)[..., None]
        own = each.reshape(mu.size, tau.shape[-1] * offsets.size)
    low, high = own.min(axis=-1, keepdims=True), own.max(axis=-1, keepdims=True)
    off, weight = panels(np.concatenate([np.clip(kinks, low, high), own], axis=-1), *rule)
    return Points(mu[:, None], off), weight


def fit_forward_kl(p: Family) -> Fit:
    """Return the Normal q that minimises KL(p||q): the one with p's mean and variance, exactly.

    Raises
    ------
    ValueError
        If p has no density on the real line: for Diracs every KL is infinite, smooth them first.
    """
    if not isinstance(p, Beta):
        line("p", p)
    q = Normal(p.mean(), np.sqrt(p.variance()))
    return Fit(q, float(kl(p, q)))


def _broadcast(mu: ArrayLike, log_sigma: ArrayLike) -> tuple[FloatArray, FloatArray]:
    mu, t = real_array("mu", mu), real_array("log_sigma", log_sigma)
    if not (np.isfinite(mu).all() and np.isfinite(t).all()):
        refuse("mu and log_sigma", (mu, t), "finite numbers")
    Family._check_shapes(mu=mu, log_sigma=t)
    mu, t = np.broadcast_arrays(mu, t)
    return mu, t
