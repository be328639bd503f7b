"""The mathematics: distributions, the losses and divergences they give, and fits.

numpy and scipy.special only; all values float64, natural logarithms, losses in nats.
"""

from .beta import Beta
from .family import Family
from .fit import fit_mle
from .special import log_beta

__all__ = ["Beta", "Family", "fit_mle", "log_beta"]
