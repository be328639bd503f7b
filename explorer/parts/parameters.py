"""A panel's parameters: each declared once, with its symbol, its name in words and its domain.

From the declaration follow the check of a value, its slider, its axis and its text.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from typing import Any, Self, TypeAlias

from explorer.parts.inputs import (
    Interval, Limits, Numbers, column, hull, intervals, one_of, real, whole,
)  # fmt: skip
from explorer.parts.ranges import STEPS, decimals, fine_step
from explorer.parts.words import subscript
from explorer.scene import Axis, Choice, Control, Slider, number

LARGE = 1e9
REAL, POSITIVE = (-LARGE, LARGE), (1e-9, LARGE)
MOST = 1000  # numbers of a column
LOG_STEP = 0.02  # of a slider over decades


@dataclass(frozen=True)
class Number:
    """One number, with a slider of at most so many steps; with `log` over decades.

    A `whole` one has steps of 1 or more.
    """

    symbol: str
    label: str
    domain: Interval
    steps: int = STEPS
    log: bool = False
    play: bool = False
    whole: bool = False

    def checked(self, name: str, value: Any, limits: Limits) -> float:
        """The value as a float or as a whole number, if it is in the domain."""
        low, high = self.domain
        return (
            whole(name, value, int(low), int(high)) if self.whole else real(name, value, low, high)
        )


@dataclass(frozen=True)
class Column:
    """Numbers inside the limits of their axis, which goes by the name of `axis`.

    Each of them, or only the first `handles` of the state, has a slider.
    """

    symbol: str
    label: str
    domain: Interval
    axis: str = ""
    most: int = MOST
    steps: int = STEPS
    visible: bool = False

    def checked(self, name: str, values: Any, limits: Limits) -> Numbers:
        """The values as a tuple of floats, if all are inside the limits or the domain."""
        low, high = limits.get(self.axis or name, self.domain)
        if type(values) is tuple:  # at every tick
            return _column(name, values, low, high, self.most)
        return column(name, values, low, high, self.most)


@dataclass(frozen=True)
class Option:
    """One of a few options, each a value and its text."""

    label: str
    options: Mapping[str, str]

    def checked(self, name: str, value: Any, limits: Limits) -> str:
        """The value, if it is one of the options."""
        return one_of(name, value, self.options)


Declared: TypeAlias = Number | Column | Option


@lru_cache(maxsize=256)
def _column(name: str, values: Numbers, low: float, high: float, most: int) -> Numbers:
    return column(name, values, low, high, most)


def one(symbol: str, label: str, domain: Interval = REAL, **options: Any) -> Any:
    """Declare a field as a `Number`."""
    return field(metadata={"declared": Number(symbol, label, domain, **options)})


def many(symbol: str, label: str, domain: Interval = REAL, **options: Any) -> Any:
    """Declare a field as a `Column`."""
    return field(metadata={"declared": Column(symbol, label, domain, **options)})


def choice(label: str, options: Mapping[str, str]) -> Any:
    """Declare a field as an `Option`."""
    return field(metadata={"declared": Option(label, options)})


def declared(state: type) -> Mapping[str, Declared]:
    """What the fields of a state declare, by their names."""
    return _declared(state)


@cache
def _declared(state: Any) -> Mapping[str, Declared]:
    return {f.name: f.metadata["declared"] for f in fields(state) if "declared" in f.metadata}


def _domains(state: type) -> dict[str, Interval]:
    """What each slider and axis may be about."""
    kinds = declared(state).items()
    return {
        getattr(kind, "axis", "") or name: kind.domain
        for name, kind in kinds
        if not isinstance(kind, Option)
    }


class Checked(dict[str, Interval]):
    """Limits that have been checked."""


@lru_cache(maxsize=1024)
def _slider(kind: Number | Column, name: str, limits: Interval) -> Slider:
    """The slider of a number, or of one entry of a column as "y.1"."""
    symbol, label = kind.symbol, kind.label
    log, visible, play, least = False, True, False, 0.0
    if isinstance(kind, Number):
        log, play, least = kind.log, kind.play, float(kind.whole)
    else:
        place = int(name.partition(".")[2]) + 1
        symbol, label, visible = f"{symbol}{subscript(place)}", f"{label} {place}", kind.visible
    step = LOG_STEP if log else max(least, fine_step(*limits, kind.steps))
    digits = 3 if log else decimals(step)
    return Slider(name, symbol, label, *limits, step, digits, log, visible, play)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """A frozen state that checks what its fields declare, and knows its own controls.

    `limits` has the range of each slider and axis; of a column, the first `handles` can be dragged.
    """

    limits: Limits = field(repr=False)
    handles: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        if type(self.limits) is not Checked:  # else at every tick
            domains = _domains(type(self))
            limits = Checked(intervals(self.limits, domains, domains))
            object.__setattr__(self, "limits", limits)
        whole("handles", self.handles, 0, MOST)
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
            if value is not None:
                values[name] = real(name, value, *domains[name])
                ranges[name] = hull(ranges[name], values[name])
        limits = intervals({} if limits is None else limits, ranges, domains)
        return cls(**data, **values, limits=limits)

    def controls(self) -> tuple[Control, ...]:
        """The controls of all that is declared: what is visible, then what is only dragged."""
        visible: list[Control] = []
        dragged: list[Control] = []
        for name, kind in declared(type(self)).items():
            if isinstance(kind, Option):
                visible.append(Choice(name, kind.label, tuple(kind.options.items())))
            elif isinstance(kind, Number):
                visible.append(self.slider(name))
            else:
                count = len(getattr(self, name)) if kind.visible else self.handles
                entries = [self.slider(f"{name}.{i}") for i in range(count)]
                (visible if kind.visible else dragged).extend(entries)
        return (*visible, *dragged)

    def slider(self, name: str) -> Slider:
        """The slider of a number, or of one entry of a column as "y.1"."""
        field_name = name.partition(".")[0]
        return _slider(self._kind(field_name), name, self.interval(field_name))

    def _kind(self, name: str) -> Number | Column:
        kind = declared(type(self))[name]
        assert not isinstance(kind, Option)
        return kind

    def interval(self, name: str) -> Interval:
        """The limits of a parameter's slider, or of a column's axis."""
        return self.limits[getattr(self._kind(name), "axis", "") or name]

    def text(self, name: str, value: float | None = None, more: int = 0) -> str:
        """A parameter, or a value like it, with the decimals of its slider and `more` of them."""
        kind = self._kind(name)
        slider = _slider(
            kind, name if isinstance(kind, Number) else f"{name}.0", self.interval(name)
        )
        return number(getattr(self, name) if value is None else value, slider.digits + more)

    def at(self, *names: str) -> str:
        """Where the state stands, as "(0.20, 2.40)"."""
        return f"({', '.join(map(self.text, names))})"

    def axis(self, name: str) -> Axis:
        """The axis of a parameter, or of a column of data."""
        return Axis(f"*{self._kind(name).symbol}*", self.interval(name))

    def within(self, values: Mapping[str, float]) -> bool:
        """Whether the sliders reach all of these values."""
        return all(self.reached(name, value) == value for name, value in values.items())

    def reached(self, name: str, value: float) -> float:
        """`value` where the slider reaches it, else nan: the button that goes there is disabled."""
        low, high = self.interval(name.partition(".")[0])
        return value if low <= value <= high else math.nan
