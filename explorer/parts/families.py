"""States with a family's parameters: any family that describes itself, by name or as an object."""

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from functools import cache
from typing import Any, ClassVar, TypeVar

import numpy as np

from explorer.core import FAMILIES, Family, NoMaximum, Parameter, fit_mle
from explorer.parts.inputs import Interval, Numbers, column, refuse
from explorer.parts.parameters import LARGE, POSITIVE, REAL, Parameters, one
from explorer.parts.plane import remembered
from explorer.parts.ranges import ceiling, fine_step, spread, window
from explorer.scene import Array, Control

SHAPE = (1e-6, 1e6)
CONTINUOUS = tuple(name for name, family in FAMILIES.items() if family.data == "continuous")


@dataclass(frozen=True, kw_only=True)
class WithModel(Parameters):
    """A state with the parameters of a family, as `with_model` makes it."""

    family: ClassVar[type[Family]]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """What the model's parameters are called."""
        return tuple(parameter.name for parameter in cls.family.parameters)

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
        return self.family(**self.theta)

    def symbols(self, *names: str) -> str:
        """The symbols of parameters, by default of all: "*μ*, *σ*"."""
        return ", ".join(f"*{self._kind(name).symbol}*" for name in names or self.names())

    def controls(self) -> tuple[Control, ...]:
        """The model's parameters first."""
        return tuple(sorted(super().controls(), key=lambda c: c.name not in self.names()))


State = TypeVar("State", bound=WithModel)


@cache
def with_model(base: type[State], family: type[Family]) -> type[State]:
    """The state `base` with a field, and so a slider, for each parameter of the family."""
    fields = [(p.name, float, one(p.symbol, p.label, domain_of(p))) for p in family.parameters]
    inherited = {"family": family, "__module__": base.__module__}
    name = f"{family.__name__}{base.__name__}"
    return make_dataclass(
        name, fields, bases=(base,), namespace=inherited, frozen=True, kw_only=True
    )


def domain_of(parameter: Parameter) -> Interval:
    """What a slider of this parameter may stand for."""
    return {"location": REAL, "scale": POSITIVE}.get(parameter.role, SHAPE)


def given_family(family: Any, given: Mapping[str, Any]) -> tuple[type[Family], dict[str, Any]]:
    """A family by name or by object, and its parameters as far as they are given.

    Raises
    ------
    ValueError
        For another family, and for a parameter that it does not have or that is given twice.
    """
    kind: Any = FAMILIES.get(family) if isinstance(family, str) else type(family)
    if kind not in FAMILIES.values() or kind.data != "continuous":
        refuse(
            "family", family, f"one of {', '.join(map(repr, CONTINUOUS))}, or one of these families"
        )
    names = [parameter.name for parameter in kind.parameters]
    chosen = {} if isinstance(family, str) else {name: getattr(family, name) for name in names}
    for name, value in given.items():
        if value is not None and (name not in names or name in chosen):
            has = "its parameters already" if name in chosen else " and ".join(names)
            refuse(name, value, f"no such parameter: the {kind.title} model has {has}")
    return kind, {name: given.get(name) for name in names} | chosen


def observed(values: Any, family: type[Family], most: int) -> Numbers:
    """Observations inside the support of the family."""
    low, high = (float(np.clip(end, -LARGE, LARGE)) for end in family.support)
    return column("observations", values, low, high, most)


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


@remembered(1024)
def fitted(family: type[Family], y: Numbers) -> tuple[dict[str, float], str]:
    """The maximum-likelihood parameters by name, or none and why there are none."""
    try:
        best = fit_mle(family, np.array(y))
    except NoMaximum as error:
        return {}, f"There is no maximum of the likelihood: {error.reason}."
    return {p.name: float(getattr(best, p.name)) for p in family.parameters}, ""


@remembered(1024)
def arrays(y: Numbers, n: int) -> Array:
    """The first n observations."""
    return np.array(y[:n])
