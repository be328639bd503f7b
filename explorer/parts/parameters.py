"""A panel's parameters: each declared once, with its symbol, its name in words and its domain.

From the declaration follow the check of a value, its slider, its axis and its text.
"""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from functools import cache, lru_cache
from typing import Any, Self, TypeAlias

from explorer.parts.inputs import (
    Interval, Limits, Numbers, column, hull, intervals, one_of, real, whole,
)  # fmt: skip
from explorer.parts.ranges import STEPS, decimals, fine_step
from explorer.parts.words import subscript
from explorer.scene import Axis, Choice, Control, Slider, number

LARGE = 1e15
REAL, POSITIVE = (-LARGE, LARGE), (1 / LARGE, LARGE)
MOST = 1000  # numbers of a column
LOG_STEP = 0.02  # of a slider over decades


@dataclass(frozen=True)
class Number:
    """A number, or a column of at most `most`, with sliders of at most so many steps.

    With `log` they are over decades; `whole` ones have steps of 1 or more. A column is inside the
    limits of its `axis`; where it is not `visible`, only the first `handles` have a slider. The
    entries of one with `share` are parts of 1. Those of one `group`, and of one place in columns,
    are on screen together.
    """

    symbol: str
    label: str
    domain: Interval
    steps: int = STEPS
    log: bool = False
    play: bool = False
    whole: bool = False
    visible: bool = True
    most: int = 0
    axis: str = ""
    share: bool = False
    group: str = ""

    def checked(self, name: str, value: Any, limits: Limits) -> float | Numbers:
        """The value as a float, a whole number or a tuple of floats, if it is in the domain."""
        low, high = self.domain
        if self.most:
            low, high = limits.get(self.axis or name, self.domain)
            with suppress(TypeError):  # what has no hash, as a list
                return _column(name, value, low, high, self.most)
            return column(name, value, low, high, self.most)
        return (
            whole(name, value, int(low), int(high)) if self.whole else real(name, value, low, high)
        )

    def slider(self, name: str, limits: Interval) -> Slider:
        """The slider of the number, or of one entry of the column as "y.1"."""
        symbol, label, group = self.symbol, self.label, self.group
        if self.most:
            place = int(name.partition(".")[2] or 0) + 1
            symbol, label = f"{symbol}{subscript(place)}", f"{label} {place}"
            group = group and f"{group} {place}"
        step = LOG_STEP if self.log else max(fine_step(*limits, self.steps), float(self.whole))
        digits = 3 if self.log else decimals(step)
        share = name.partition(".")[0] if self.share else ""
        kind: Any = {"log": self.log, "visible": self.visible, "play": self.play}
        return Slider(name, symbol, label, *limits, step, digits, share=share, group=group, **kind)


@lru_cache(maxsize=256)  # at every tick the same
def _column(name: str, values: Numbers, low: float, high: float, most: int) -> Numbers:
    return column(name, values, low, high, most)


@dataclass(frozen=True)
class Option:
    """One of a few options, each a value (a text or a whole number) and its text."""

    label: str
    options: Mapping[Any, str]
    group: str = ""

    def checked(self, name: str, value: Any, limits: Limits) -> str | int:
        """The value, if it is one of the options."""
        option: str | int = one_of(name, value, self.options)
        return option


Declared: TypeAlias = Number | Option


def one(symbol: str, label: str, domain: Interval = REAL, **options: Any) -> Any:
    """Declare a field as a number."""
    return field(metadata={"declared": Number(symbol, label, domain, **options)})


def many(symbol: str, label: str, domain: Interval = REAL, **options: Any) -> Any:
    """Declare a field as a column, by default of up to 1000 numbers without visible sliders."""
    return one(symbol, label, domain, **{"most": MOST, "visible": False, **options})


def kept(default: Any = MISSING) -> Any:
    """Declare a field that stays as the panel was made with."""
    return field(default=default, metadata={"given": True})


def choice(label: str, options: Mapping[Any, str], group: str = "") -> Any:
    """Declare a field as one of a few options."""
    return field(metadata={"declared": Option(label, options, group)})


def declared(state: type) -> Mapping[str, Declared]:
    """What the fields of a state declare, by their names."""
    return _declared(state)


@cache
def _declared(state: Any) -> Mapping[str, Declared]:
    return {f.name: f.metadata["declared"] for f in fields(state) if "declared" in f.metadata}


def _domains(state: type) -> dict[str, Interval]:
    """What each slider and axis may be about."""
    kinds = declared(state).items()
    return {kind.axis or n: kind.domain for n, kind in kinds if isinstance(kind, Number)}


class Checked(dict[str, Interval]):
    """Limits that have been checked."""


@lru_cache(maxsize=1024)
def _slider(kind: Number, name: str, limits: Interval) -> Slider:
    return kind.slider(name, limits)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """A frozen state that checks what its fields declare, and knows its own controls.

    `limits` has the range of each slider and axis; of a column, the first `handles` can be dragged.
    """

    limits: Limits = field(repr=False)
    handles: int = field(default=0, repr=False, metadata={"given": True})

    def __post_init__(self) -> None:
        if type(self.limits) is not Checked:  # else at every tick
            domains = _domains(type(self))
            limits = Checked(intervals(self.limits, domains, domains))
            object.__setattr__(self, "limits", limits)
        object.__setattr__(self, "handles", whole("handles", self.handles, 0, MOST))
        for name, kind in declared(type(self)).items():
            object.__setattr__(self, name, kind.checked(name, getattr(self, name), self.limits))

    @classmethod
    def start(
        cls,
        suited: Mapping[str, float],
        ranges: Limits,
        given: Mapping[str, Any],
        limits: Any,
        **data: Any,
    ) -> Self:
        """What is given and is not None, else what suits the data; each range wide enough."""
        kinds, domains = declared(cls), _domains(cls)
        values: dict[str, Any] = {
            name: _slider(kinds[name], name, ranges[name]).nearest(v) for name, v in suited.items()
        }
        ranges = {
            n: (max(low, domains[n][0]), min(high, domains[n][1]))
            for n, (low, high) in ranges.items()
        }
        for name, value in given.items():
            if value is not None or name not in values:
                values[name] = real(name, value, *domains[name])
                ranges[name] = hull(ranges[name], values[name])
        limits = intervals({} if limits is None else limits, ranges, domains)
        return cls(**data, **values, limits=limits)

    def controls(self) -> tuple[Control, ...]:
        """The controls of all that is declared: what is visible, then what is only dragged."""
        controls: list[Control] = []
        for name, kind in declared(type(self)).items():
            if isinstance(kind, Option):
                controls.append(Choice(name, kind.label, tuple(kind.options.items()), kind.group))
            elif kind.most:
                count = len(getattr(self, name)) if kind.visible else self.handles
                controls += [self.slider(f"{name}.{i}") for i in range(count)]
            else:
                controls.append(self.slider(name))
        return tuple(sorted(controls, key=lambda c: isinstance(c, Slider) and not c.visible))

    def arguments(self) -> dict[str, Any]:
        """What the panel's function takes for this state, without `limits`; None: nothing."""
        names = (f.name for f in fields(self) if f.name not in ("limits", "handles"))
        return {name: getattr(self, name) for name in names}

    def slider(self, name: str) -> Slider:
        """The slider of a number, or of one entry of a column as "y.1"."""
        return _slider(self._kind(name), name, self.interval(name))

    def _kind(self, name: str) -> Number:
        kind = declared(type(self))[name.partition(".")[0]]
        assert isinstance(kind, Number)
        return kind

    def interval(self, name: str) -> Interval:
        """The limits of a parameter's slider, or of a column's axis."""
        return self.limits[self._kind(name).axis or name.partition(".")[0]]

    def text(self, name: str, value: float | None = None, more: int = 0) -> str:
        """A parameter, or a value like it, with the decimals of its slider and `more` of them."""
        value = getattr(self, name) if value is None else value
        return number(value, self.slider(name).digits + more)

    def at(self, *names: str) -> str:
        """Where the state stands, as "(0.20, 2.40)"."""
        return f"({', '.join(map(self.text, names))})"

    def axis(self, name: str) -> Axis:
        """The axis of a parameter, or of a column of data."""
        return Axis(f"*{self._kind(name).symbol}*", self.interval(name))

    def reached(self, name: str, value: float) -> float:
        """`value` where the slider reaches it, else nan: the button that goes there is disabled."""
        low, high = self.interval(name)
        return value if low <= value <= high else math.nan

    def goal(self, best: Mapping[str, float], *names: str) -> dict[str, float]:
        """What of the best the sliders reach; nan elsewhere, and where there is no best."""
        return {name: self.reached(name, best.get(name, math.nan)) for name in names}

    def within(self, values: Mapping[str, float]) -> bool:
        """Whether the sliders reach all of these values."""
        return all(self.reached(name, value) == value for name, value in values.items())
