"""Fits: maximum likelihood, and its counterpart where the data have become a density."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .beta import Beta
from .boxes import Boxes
from .family import Family
from .mixture import Mixture
from .normal import Normal

F = TypeVar("F", bound=Family)


def fit_mle(family: type[F], y: ArrayLike, **options: int) -> F:
    """Return the member of ``family`` that maximises the likelihood of the observations ``y``.

    Beta (a and b to 1e-9), Normal, Bernoulli, Categorical (option ``classes``: K) and Mixture
    (option ``components``: how many, 2 unless told; a local maximum, by expectation-maximisation).

    Raises
    ------
    ValueError
        If there is no maximum, saying why, or y is empty or not finite.
    """
    if not (isinstance(family, type) and issubclass(family, Family)):
        raise ValueError(f"family must be a class such as Normal, got {family!r}")
    fitted: F = family._fit_mle(y, **options)
    return fitted


def fit_cross_entropy(family: type[F], p: Family) -> F:
    """Return the member q of ``family`` with the least cross_entropy(p, q), so the least KL(p||q).

    A Normal takes p's mean and variance; a Beta the means of log y and log(1-y), for which p must
    be Boxes inside [0, 1].  Shrinking p to Diracs, it becomes fit_mle of the observations.

    Raises
    ------
    ValueError
        If every q has an infinite cross-entropy, or the pair is none of these.
    """
    q: Family
    if family is Normal and isinstance(p, Normal | Mixture | Beta | Boxes):
        q = Normal(float(p.mean()), float(np.sqrt(p.variance())))
    elif family is Beta and isinstance(p, Boxes):
        m = float(p.mean())
        low, high = p.mean_log_ratios(m, 1 - m) if 0 < m < 1 else (-np.inf, -np.inf)
        if low + high == -np.inf:
            raise ValueError(f"p must lie inside [0, 1] for a Beta, got {p!r}")
        q = Beta._from_mean_logs(m, 1 - m, low, high, float(p.variance()))
    else:
        raise ValueError(f"family must go with {type(p).__name__}, got {family.__name__}")
    return q  # type: ignore[return-value]
