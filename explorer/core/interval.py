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
from .quadrature import Points

_STEPS = np.array([1.0, 2.0, 3.0, 4.5, 6.5, 9.5])
_TAIL = 45.0  # e^-45 is what is left out at either end
_MIDDLE = 2.0 * np.arange(-6, 7)


def log_density(family: Family, u: FloatArray) -> FloatArray:
    """The log-density of u where y = 1 / (1 + e^-u) has the family's."""
    if isinstance(family, Beta):
        return family.log_density_of_logit(u)
    return family.log_prob(at(u)) - np.logaddexp(0, u) - np.logaddexp(0, -u)


def at(u: FloatArray) -> Points:
    """y = 1 / (1 + e^-u), from 1 where it is close to that."""
    right = u > 0
    return Points(np.where(right, 1.0, 0.0), np.where(right, -special.expit(-u), special.expit(u)))


def interval_ends(*families: Family) -> FloatArray:
    """Panel ends in u, sorted, that resolve the Betas' mass and what of others lies inside."""
    parts, low, high = [_MIDDLE], [], []
    for family in families:
        if isinstance(family, Beta):
            a, b = float(family.a), float(family.b)
            center, unit = np.log(a) - np.log(b), np.sqrt(1 / a + 1 / b)
            parts.append(center + unit * np.concatenate([-_STEPS, [0.0], _STEPS]))
            if min(a, b) < 1 and max(a, b) > 1e3:  # a long tail ends where the large one cuts it
                parts.append((np.log(a) if a > b else -np.log(b)) + _MIDDLE)
            low.append(center - max(9.5 * unit, _TAIL / a))
            high.append(center + max(9.5 * unit, _TAIL / b))
        else:
            y = np.asarray(family._ends())
            y = y[(y > 0) & (y < 1)]
            parts.append(np.log(y) - np.log1p(-y))
    reach = max(max(high), -min(low), 30.0)
    far = np.geomspace(12, reach, 2 + int(np.log(reach / 12) / np.log(1.5)))
    return np.unique(np.clip(np.concatenate([*parts, far, -far]), min(low), max(high)))
