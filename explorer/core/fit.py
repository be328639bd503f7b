"""Fits: maximum likelihood, and its counterpart where the data have become a density."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, TypeVar

from numpy.typing import ArrayLike

from .family import Family, a_family
from .parameter import refuse

F = TypeVar("F", bound=Family)


def fit_mle(family: type[F], y: ArrayLike, **options: float) -> F:
    """Return the member of ``family`` that maximises the likelihood of the observations ``y``.

    Normal, Laplace, Beta (a and b to 1e-9), Bernoulli, Categorical (option ``classes``: K),
    StudentT (option ``nu``; if not given a local maximum with nu >= 0.2) and Mixture (option
    ``components``: how many, 2 if not given; the best local maximum that many starts lead to).

    Raises
    ------
    NoMaximum
        A ValueError: there is no maximum; its ``reason`` says why.
    ValueError
        If y is empty, not finite or not what the family is about.
    """
    _check(family, "_fit_mle", options)
    fitted: F = family._fit_mle(y, **options)
    return fitted


def fit_cross_entropy(family: type[F], p: Family, **options: float) -> F:
    """Return the member q of ``family`` with the least cross_entropy(p, q), so the least KL(p||q).

    A Normal takes p's mean and variance; a Laplace its median and the mean distance from it; a Beta
    the means of log y and log(1-y), for which p must be Boxes inside [0, 1]; a StudentT (option
    ``nu``) is fitted to a Normal, a Mixture or Boxes.  Shrinking p to Diracs, it becomes fit_mle of
    the observations.

    Raises
    ------
    ValueError
        If every q has an infinite cross-entropy, or the pair is none of these.
    """
    _check(family, "_fit_cross_entropy", options)
    if a_family("p", p).data != "continuous" or p._shape() != ():
        refuse("p", p, "a family with a density and single numbers as parameters")
    fitted: F = family._fit_cross_entropy(p, **options)
    return fitted


def _check(family: type[Family], fit: str, options: Mapping[str, Any]) -> None:
    """Refuse what is no family, and options that its fit does not have."""
    if not (isinstance(family, type) and issubclass(family, Family)):
        refuse("family", family, "a class such as Normal")
    known = list(signature(getattr(family, fit)).parameters)[1:]
    for name, value in options.items():
        if name not in known and "options" not in known:
            has = f"the option {known[0]}" if known else "no option"
            refuse(name, value, f"{has} for a {family.title}")
