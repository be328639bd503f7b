"""States with a family's parameters: any family that describes itself, by name or as an object."""

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar, TypeVar

import numpy as np

from explorer.core import FAMILIES, Family, Mixture, NoMaximum, Parameter, fit_mle
from explorer.parts.inputs import Interval, Numbers, column, measured, refuse
from explorer.parts.parameters import LARGE, POSITIVE, REAL, Parameters, one
from explorer.parts.ranges import ceiling, fine_step, spread, window
from explorer.scene import Control

SHAPE = (1e-6, 1e6)
DOMAINS = {"location": REAL, "scale": POSITIVE, "weight": (0.0, 1.0), "shape": SHAPE}  # by role
CONTINUOUS = {name: family for name, family in FAMILIES.items() if family.data == "continuous"}
AND_TWO_NORMALS: dict[str, type[Family]] = {"mixture": Mixture, **CONTINUOUS}
TWO_NORMALS = (
    Parameter("mu_1", "μ₁", "mean of the first mode", "location", REAL, "identity", 0.0),
    Parameter("sigma_1", "σ₁", "width of the first mode", "scale", POSITIVE, "exp", 1.0),
    Parameter("mu_2", "μ₂", "mean of the second mode", "location", REAL, "identity", 5.0),
    Parameter("sigma_2", "σ₂", "width of the second mode", "scale", POSITIVE, "exp", 0.6),
    Parameter("weight", "w", "weight of the first mode", "weight", (0.0, 1.0), "sigmoid", 0.6),
)


def parameters_of(family: type[Family]) -> tuple[Parameter, ...]:
    """The parameters of a family; a Mixture is one of two Normals."""
    return TWO_NORMALS if family is Mixture else family.parameters


@cache
def names_of(family: type[Family]) -> tuple[str, ...]:
    """What the parameters of a family are called."""
    return tuple(parameter.name for parameter in parameters_of(family))


def member(family: type[Family], theta: Mapping[str, float]) -> Any:
    """The distribution with these parameters."""
    return _mixture(**theta) if family is Mixture else family(**theta)


@lru_cache(maxsize=64)
def _mixture(mu_1: float, sigma_1: float, mu_2: float, sigma_2: float, weight: float) -> Mixture:
    return Mixture.from_numbers((mu_1, mu_2, sigma_1, sigma_2, weight, 1 - weight))


def theta_of(model: Any) -> dict[str, float]:
    """The parameters of a distribution by name."""
    if not isinstance(model, Mixture):
        return {p.name: getattr(model, p.name) for p in model.parameters}
    mu_1, mu_2, sigma_1, sigma_2, weight, _ = model.numbers
    return dict(zip(names_of(Mixture), (mu_1, sigma_1, mu_2, sigma_2, weight), strict=True))


@dataclass(frozen=True, kw_only=True)
class WithModel(Parameters):
    """A state with the parameters of a family, as `with_model` makes it."""

    family: ClassVar[type[Family]]
    first: ClassVar[str] = ""  # the control that comes before the model's

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """What the model's parameters are called."""
        return names_of(cls.family)

    @classmethod
    def plane(cls) -> tuple[str, str]:
        """The two parameters over which landscapes are drawn."""
        first, second = cls.names()[-2:]
        return first, second

    @property
    def theta(self) -> dict[str, float]:
        """The model's parameters by name."""
        return {name: getattr(self, name) for name in self.names()}

    @property
    def model(self) -> Any:
        """The member of the family with these parameters."""
        return member(self.family, self.theta)

    def arguments(self) -> dict[str, Any]:
        """What the panel's function takes for this state, without `limits`."""
        names = {family: name for name, family in AND_TWO_NORMALS.items()}
        return {"family": names[self.family]} | super().arguments()

    def symbols(self, *names: str) -> str:
        """The symbols of parameters, by default of all: "*μ*, *σ*"."""
        return ", ".join(f"*{self._kind(name).symbol}*" for name in names or self.names())

    @property
    def fixed(self) -> tuple[tuple[str, float], ...]:
        """The parameters that are not those of the plane."""
        return tuple(self.theta.items())[:-2]

    def controls(self) -> tuple[Control, ...]:
        """The model's parameters come before all but the first."""
        names = (self.first, *self.names())
        order = {name: place for place, name in enumerate(names)}
        return tuple(sorted(super().controls(), key=lambda c: order.get(c.name, len(names))))


State = TypeVar("State", bound=WithModel)


@cache
def with_model(base: type[State], family: type[Family]) -> type[State]:
    """The state `base` with a field, and so a slider, for each parameter of the family."""
    parameters, name = parameters_of(family), family.__name__ + base.__name__
    fields = [(p.name, float, one(p.symbol, p.label, DOMAINS[p.role])) for p in parameters]
    own = {"family": family, "__module__": base.__module__}
    return make_dataclass(name, fields, bases=(base,), namespace=own, frozen=True, kw_only=True)


def given_family(
    family: Any,
    given: Mapping[str, Any],
    name: str = "family",
    known: Mapping[str, type[Family]] = CONTINUOUS,
) -> tuple[type[Family], dict[str, Any]]:
    """A family by name or by object, and its parameters as far as they are given.

    Raises
    ------
    ValueError
        For another family, and for a parameter that it does not have or that is given twice.
    """
    kind: Any = known.get(family) if isinstance(family, str) else type(family)
    mixed = kind is Mixture and not isinstance(family, str) and len(family.components) != 2
    if kind not in known.values() or mixed:
        two = ", a mixture of two" if Mixture in known.values() else ""
        refuse(name, family, f"one of {', '.join(map(repr, known))}, or one of these families{two}")
    names = names_of(kind)
    chosen = {} if isinstance(family, str) else theta_of(family)
    for parameter, value in given.items():
        if value is not None and (parameter not in names or parameter in chosen):
            has = "its parameters already" if parameter in chosen else " and ".join(names)
            refuse(parameter, value, f"no such parameter: the {kind.title} model has {has}")
    return kind, {name: given.get(name) for name in names} | chosen


def observed(values: Any, family: type[Family], most: int) -> Numbers:
    """Observations inside the support of the family."""
    low, high = (float(np.clip(end, -LARGE, LARGE)) for end in family.support)
    taken = column if np.isfinite(family.support).all() else measured
    return taken("observations", values, low, high, most)


def suited(family: type[Family], y: Numbers) -> tuple[dict[str, float], dict[str, Interval]]:
    """A model a little beside the observations, and ranges with the best model well inside."""
    values, best = np.array(y), fitted(family, y)[0]
    scale, bounded = spread(values), np.isfinite(family.support).all()
    start: dict[str, float] = {}
    line = (0.0, 1.0) if bounded else window(values, 1.2 * scale)
    ranges: dict[str, Interval] = {"y": line}
    for parameter in family.parameters:
        name = parameter.name
        if parameter.role == "location":
            start[name], ranges[name] = float(values.mean()) - scale, line
        elif parameter.role == "scale":
            widest = ceiling(2 * scale)
            start[name], ranges[name] = scale, (fine_step(0, 10 * widest), widest)
        else:
            top = max(20.0, ceiling(1.3 * max((1.0, *best.values()))) if bounded else 0.0)
            start[name], ranges[name] = parameter.start, (fine_step(0, top), top)
    return start, ranges


@lru_cache(maxsize=1024)
def fitted(family: type[Family], y: Numbers) -> tuple[dict[str, float], str]:
    """The maximum-likelihood parameters by name, or none and why there are none."""
    try:
        best = fit_mle(family, np.array(y))
    except NoMaximum as error:
        return {}, f"There is no maximum of the likelihood: {error.reason}."
    return theta_of(best), ""
