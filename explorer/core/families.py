"""The families that panels take by name."""

from __future__ import annotations

from .beta import Beta
from .discrete import Bernoulli, Categorical
from .family import Family
from .normal import Normal

FAMILIES: dict[str, type[Family]] = {
    "normal": Normal,
    "beta": Beta,
    "bernoulli": Bernoulli,
    "categorical": Categorical,
}
