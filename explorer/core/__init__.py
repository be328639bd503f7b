"""The mathematics: distributions, the losses and divergences they give, and fits.

numpy and scipy.special only; all values float64, natural logarithms, losses in nats.
"""

from .alpha_fits import NormalFits, fit_alpha_divergence, fit_reverse_kl
from .beta import Beta
from .boxes import Boxes
from .branches import Branches, alpha_branches, reverse_branches
from .descent import Path, descend
from .discrete import Bernoulli, Categorical, Discrete
from .divergences import (
    alpha_divergence, cross_entropy, entropy, jensen_shannon, kl, kl_parts, nll,
    renyi_divergence,
)  # fmt: skip
from .families import FAMILIES
from .family import Family
from .fit import fit_cross_entropy, fit_mle
from .heads import HEADS, Head, head
from .laplace import Laplace
from .logistic import LogisticFit, fit_logistic
from .mixture import Empirical, Mixture
from .network import Network
from .normal import Normal
from .normal_fits import Fit, Surface, fit_forward_kl, forward_kl, reverse_kl
from .parameter import NoMaximum, Parameter, Role, Value, refuse
from .regions import highest_density_region
from .regression import (
    LineFit, ScaledLineFit, fit_line, fit_scaled_line, scale_of, sum_of_squares,
)  # fmt: skip
from .risk import LOSSES, Loss, best_answer, excess, interval_risk, risk, shortfall
from .special import (
    divergence_terms, log_beta, log_bound_gap, log_softplus, softplus, softplus_inverse,
)  # fmt: skip
from .student_t import StudentT
from .training import Training, train

__all__ = [
    "FAMILIES", "HEADS", "LOSSES", "Bernoulli", "Beta", "Boxes", "Branches", "Categorical",
    "Discrete", "Empirical", "Family", "Fit", "Head", "Laplace", "LineFit", "LogisticFit", "Loss",
    "Mixture", "Network", "NoMaximum", "Normal", "NormalFits", "Parameter", "Path", "Role",
    "ScaledLineFit", "StudentT", "Surface", "Training", "Value", "alpha_branches",
    "alpha_divergence", "best_answer", "cross_entropy", "descend", "divergence_terms", "entropy",
    "excess", "fit_alpha_divergence", "fit_cross_entropy", "fit_forward_kl", "fit_line",
    "fit_logistic", "fit_mle", "fit_reverse_kl", "fit_scaled_line", "forward_kl", "head",
    "highest_density_region", "interval_risk", "jensen_shannon", "kl", "kl_parts", "log_beta",
    "log_bound_gap", "log_softplus", "nll", "refuse", "renyi_divergence", "reverse_branches",
    "reverse_kl", "risk", "scale_of", "shortfall", "softplus", "softplus_inverse", "sum_of_squares",
    "train",
]  # fmt: skip
