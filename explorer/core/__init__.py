"""The mathematics: distributions, the losses and divergences they give, and fits.

numpy and scipy.special only; all values float64, natural logarithms, losses in nats.
"""

from .beta import Beta
from .discrete import Bernoulli, Categorical
from .divergences import (
    alpha_divergence,
    cross_entropy,
    entropy,
    jensen_shannon,
    kl,
    nll,
    renyi_divergence,
)
from .family import Family
from .fit import fit_mle
from .mixture import Empirical, Mixture
from .normal import Normal
from .special import log_beta, log_bound_gap, log_softplus, softplus, softplus_inverse

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Empirical",
    "Family",
    "Mixture",
    "Normal",
    "alpha_divergence",
    "cross_entropy",
    "entropy",
    "fit_mle",
    "jensen_shannon",
    "kl",
    "log_beta",
    "log_bound_gap",
    "log_softplus",
    "nll",
    "renyi_divergence",
    "softplus",
    "softplus_inverse",
]
