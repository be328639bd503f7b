"""Maximum likelihood."""

from __future__ import annotations

from typing import TypeVar

from numpy.typing import ArrayLike

from .family import Family

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
