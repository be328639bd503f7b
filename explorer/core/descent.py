"""Descents of KL(p||q) or KL(q||p) over Normals q, step by step, to be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .divergences import line
from .family import Family, FloatArray
from .normal import Normal
from .normal_fits import Surface, forward_kl, reverse_kl


@dataclass(frozen=True, eq=False)
class Path:
    """The points of a descent from its start on, arrays of shape (n,), gradient (n, 2).

    The gradient is that in (mu, log sigma).  ``converged`` says that at the last point no component
    of it that is free exceeds 1e-8.
    """

    mu: FloatArray
    sigma: FloatArray
    value: FloatArray
    gradient: FloatArray
    converged: bool


def descend(
    p: Family,
    start: Normal,
    direction: str,
    *,
    method: str = "gradient",
    steps: int = 500,
    rate: float | None = None,
    fixed_sigma: float | None = None,
) -> Path:
    """Return the descent of a KL divergence from ``start``, p a Normal or Mixture.

    Parameters
    ----------
    start : Normal with single numbers
    direction : "forward" for KL(p||q), "reverse" for KL(q||p)
    method : "gradient" (with backtracking: it never climbs), "adam" (steps of constant rate, which
        may climb) or "newton" (curvature made positive, with backtracking)
    steps : the most steps that are taken
    rate : length of a step over the gradient, mu measured in standard deviations of p
    fixed_sigma : keeps sigma at this value; only mu is free

    Raises
    ------
    ValueError
        If an argument is none of these.
    """
    line("p", p)
    if not isinstance(start, Normal) or start.mean().ndim:
        raise ValueError(f"start must be one Normal, got {start!r}")
    divergence = _one_of("direction", direction, forward=forward_kl, reverse=reverse_kl)
    stepper = _one_of("method", method, gradient=_Gradient, adam=_Adam, newton=_Newton)
    if type(steps) is not int or steps < 0:
        raise ValueError(f"steps must be a whole number from 0 on, got {steps!r}")
    if rate is not None and not 0 < rate < np.inf:
        raise ValueError(f"rate must be positive and finite, got {rate!r}")
    sigma = start.sigma if fixed_sigma is None else Normal(0.0, fixed_sigma).sigma
    unit = np.array([np.sqrt(p.variance()), 1.0])
    free = 2 if fixed_sigma is None else 1
    ...
