"""A distribution as numbers, each with a slider: what panels know of p and of q."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from explorer.core import FAMILIES, Categorical, Family, Mixture, Parameter
from explorer.parts.inputs import Interval, Limits, Numbers, hull, intervals, real, refuse
from explorer.parts.ranges import ONE_TWO_FIVE, ceiling, decimals, fine_step, rounded
from explorer.scene import Array, Slider, tidy

MOST = {Mixture: 3 * 5, Categorical: 8}  # numbers
FAMILIES_BY_NAME: dict[str, type[Family]] = {"mixture": Mixture, **FAMILIES}
DOMAINS = {"location": (-1e6, 1e6), "scale": (1e-6, 1e6), "shape": (1e-6, 1e6)}
SHARE = (0.0, 1.0)  # of all other parameters
STEPS = 250  # of a slider
ALLOWED = f"a {', '.join(f.__name__ for f in FAMILIES.values())} or Mixture of single numbers"
LIMITS = {"location": "x", "scale": "sigma", "shape": "shape"}  # by the role of a number


@dataclass(frozen=True)
class Distribution:
    """A family and its numbers; weights count by their share of their sum."""

    family: type[Family]
    numbers: Numbers

    @classmethod
    def of(cls, name: str, value: Any, family: Any = None) -> "Distribution":
        """A family with single numbers as parameters, or the numbers of such a one, checked.

        The numbers may follow the family's name.
        """
        numbers = value
        if isinstance(value, tuple) and value and value[0] in FAMILIES_BY_NAME:
            family, numbers = FAMILIES_BY_NAME[value[0]], tuple(value[1:])
        if isinstance(value, Family):
            family = type(value)
            with suppress(ValueError):  # its parameters are arrays
                numbers = value.numbers
        if family not in FAMILIES_BY_NAME.values() or not isinstance(numbers, tuple):
            refuse(name, value, ALLOWED)
        if len(numbers) > MOST.get(family, len(numbers)):
            refuse(name, value, "a Mixture of at most 5 or a Categorical of at most 8 classes")
        found = cls(family, numbers)
        try:
            described = found.described
        except ValueError:
            refuse(name, value, f"as many numbers as a {family.title} has")
        roles = zip(numbers, (parameter.role for parameter in described), strict=True)
        domains = ((number, DOMAINS.get(role, SHARE)) for number, role in roles)
        floats = (real(f"{name}[{i}]", number, *ends) for i, (number, ends) in enumerate(domains))
        found = cls(family, tuple(floats))
        weights = found.values("weight")
        if weights and sum(weights) == 0:
            refuse(name, value, "weights that do not sum to 0")
        if weights and abs(sum(weights) - 1) > 1e-9:
            places, parts = found.those("weight"), iter(weights)
            whole = [
                tidy(next(parts) / sum(weights)) if i in places else n
                for i, n in enumerate(numbers)
            ]
            return cls(family, tuple(whole))
        return found

    @property
    def name(self) -> str:
        """What the family is called."""
        return next(name for name, f in FAMILIES_BY_NAME.items() if f is self.family)

    @property
    def member(self) -> Any:
        """The distribution itself."""
        return member(self.family, self.numbers)

    @property
    def described(self) -> tuple[Parameter, ...]:
        """What each number is."""
        return self.family.described(len(self.numbers))

    @property
    def discrete(self) -> bool:
        """Whether it is over classes."""
        return self.family.data != "continuous"

    @property
    def bounded(self) -> bool:
        """Whether it is on an interval with ends."""
        return not self.discrete and bool(np.isfinite(self.family.support).all())

    @property
    def classes(self) -> int:
        """How many there are, if it is discrete."""
        return max(2, len(self.numbers))

    def those(self, role: str) -> list[int]:
        """Which of the numbers have this role."""
        return [i for i, parameter in enumerate(self.described) if parameter.role == role]

    def values(self, role: str) -> list[float]:
        """The numbers of this role."""
        return [self.numbers[i] for i in self.those(role)]

    def log_prob(self, x: Array) -> Array:
        """The log-density, or the log-probability of the classes x."""
        if self.discrete:
            return np.asarray(self.member.log_probabilities()[x.astype(int)])
        return np.asarray(self.member.log_prob(x))

    def sliders(self, name: str, limits: Limits) -> list[Slider]:
        """One for each number, as "p.0"; `limits` are those of `ranges`. A lone weight is all."""
        found, lone = [], self.those("weight")
        for i, parameter in enumerate(self.described):
            if lone == [i]:
                continue
            line = LIMITS.get(parameter.role, "")
            low, high = limits.get(line, SHARE)
            step = fine_step(low, high, STEPS if line else 100)
            share = f"{name}: weights" if parameter.role == "weight" else ""
            symbol, label = f"{name}: {parameter.symbol}", f"{parameter.label} of {name}"
            kind = (low, high, step, decimals(step))
            group = f"*{name}*"
            found.append(Slider(f"{name}.{i}", symbol, label, *kind, share=share, group=group))
        return found


@lru_cache(maxsize=1024)
def member(family: type[Family], numbers: Numbers) -> Any:
    """The distribution with these numbers."""
    return family.from_numbers(numbers)


def ranges(p: Distribution, q: Distribution, limits: Any) -> dict[str, Interval]:
    """The ranges of the line and of the sliders: what was asked for, and what the values need."""
    needed = {name: p.values(role) + q.values(role) for role, name in LIMITS.items()}
    ends = [
        m + side * s for m, s in zip(needed["x"], needed["sigma"], strict=True) for side in (-3, 3)
    ]
    if p.bounded or q.bounded:
        needed["x"] += [0.0, 1.0]
        ends += [0.0, 1.0]
    widest = ceiling(max(needed["sigma"], default=1.0), ONE_TWO_FIVE)
    defaults = {
        "x": (0.0, p.classes - 1.0),
        "sigma": (0.1 * widest, 2.0 * widest),
        "shape": (0.1, ceiling(max(10.0, *needed["shape"], 0.0), ONE_TWO_FIVE)),
    }
    if ends:
        defaults["x"] = rounded(min(ends), max(ends), (max(ends) - min(ends)) / 10)
    asked = intervals(limits, defaults, {name: DOMAINS[role] for role, name in LIMITS.items()})
    return {name: hull(asked[name], *needed[name]) for name in asked}
