"""The families that panels take by name."""

from __future__ import annotations

from .beta import Beta
from .discrete import Bernoulli, Categorical
from .family import Family
from .laplace import Laplace
from .normal import Normal
from .student_t import StudentT

FAMILIES: dict[str, type[Family]] = {
    "normal": Normal,
    "beta": Beta,
    "laplace": Laplace,
    "student_t": StudentT,
    "bernoulli": Bernoulli,
    "categorical": Categorical,
}
