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
from .parameter import refuse

F = TypeVar("F", bound=Family)


def fit_mle(family: type[F], y: ArrayLike, **options: int) -> F:
    """Return the member of ``family`` that maximises the likelihood of the observations ``y``.

    Beta (a and b to 1e-9), Normal, Bernoulli, Categorical (option ``classes``: K) and Mixture
    (option ``components``: how many, 2 if not given; a local maximum, by expectation-maximisation).

    Raises
    ------
    ValueError
        If there is no maximum, saying why, or y is empty or not finite.
    """
    if not (isinstance(family, type) and issubclass(family, Family)):
        refuse("family", family, "a class such as Normal")
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
            refuse("p", p, "Boxes inside [0, 1] for a Beta")
        q = Beta._from_mean_logs(m, 1 - m, low, high, float(p.variance()))
    else:
        refuse("family", family, f"one that goes with a {p.title}")
    return q  # type: ignore[return-value]
