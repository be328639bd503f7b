"""Integrals over (0, 1) of densities one of which is a Beta.

Taken over u = log y - log(1-y), on which a Beta's density has exponential tails where over y it may
be infinite at the ends, by Gauss-Legendre rules on panels that become wider along the tails.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from .beta import Beta
from .family import Family
from .parameter import FloatArray

_STEPS = np.array([1.0, 2.0, 3.0, 4.5, 6.5, 9.5])
_TAIL = 45.0  # e^-45 is what is left out at either end
_MIDDLE = 2.0 * np.arange(-6, 7)
_FAR = 12 * 1.5 ** np.arange(1, 16)


def log_density(family: Family, u: FloatArray) -> FloatArray:
    """log p(y) at y = 1 / (1 + e^-u)."""
    if isinstance(family, Beta):
        return family.log_prob_logit(u)
    return family.log_prob(special.expit(u))


def interval_ends(*families: Family) -> FloatArray:
    """Panel ends in u, sorted, that resolve the Betas' mass and what of others lies inside."""
    parts, low, high = [_MIDDLE, _FAR, -_FAR], [], []
    for family in families:
        if isinstance(family, Beta):
            a, b = float(family.a), float(family.b)
            center, unit = np.log(a) - np.log(b), np.sqrt(1 / a + 1 / b)
            parts.append(center + unit * np.concatenate([-_STEPS, [0.0], _STEPS]))
            low.append(center - max(9.5 * unit, _TAIL / a))
            high.append(center + max(9.5 * unit, _TAIL / b))
        else:
            y = family._ends()
            y = y[(y > 0) & (y < 1)]
            parts.append(np.log(y) - np.log1p(-y))
    return np.unique(np.clip(np.concatenate(parts), min(low), max(high)))
