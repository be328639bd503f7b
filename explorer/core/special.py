"""Functions that the losses are made of, accurate over the whole range of float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .family import FloatArray, real_array


def log_beta(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a+b) for a, b > 0.

    The sum as it is written loses all digits at large arguments; from 50 on Stirling's series takes
    its place, with the large terms cancelled by hand.
    """
    a, b = real_array("a", a), real_array("b", b)
    out = special.betaln(a, b)
    large = np.maximum(a, b) > 50
    if large.any():
        small, big = np.minimum(a, b), np.maximum(a, b)
        with np.errstate(all="ignore"):
            ratio = small / big
            shared = stirling_rest(big) - stirling_rest(small + big)
            both = (
                0.5 * np.log(2 * np.pi / big)
                + (small - 0.5) * (np.log(ratio) - np.log1p(ratio))
                - big * np.log1p(ratio)
                + stirling_rest(small)
                + shared
            )
            one = (
                special.gammaln(small)
                - small * (np.log(big) + np.log1p(ratio))
                + (small - (big - 0.5) * np.log1p(ratio))
                + shared
            )
        out = np.where(large, np.where(small > 50, both, one), out)
    return out[()]


def stirling_rest(x: ArrayLike) -> FloatArray:
    """log Gamma(x) - [(x - 1/2) log x - x + log(2 pi)/2] for x >= 50, to full accuracy."""
    x = np.asarray(x)
    u = 1 / x
    return u * (1 / 12 - u * u * (1 / 360 - u * u * (1 / 1260 - u * u / 1680)))
