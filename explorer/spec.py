"""What a figure is made of, as pure data.

A panel is a `Blueprint`: a state, the function `view(state) -> Frame`, and the function
`spec(state) -> Spec`. A `Frame` is everything that is on screen at one state, by name: numbers,
short texts, arrays. A `Spec` says how the entries of a frame are drawn. The browser and
matplotlib both draw a frame by its spec; neither computes anything.

Texts may hold ``*symbols*`` in italics and ``{entry}`` for a text of the frame.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Value: TypeAlias = float | str | bool | tuple[str, ...] | NDArray[np.float64] | Mapping[str, float]
Frame: TypeAlias = Mapping[str, Value]
Setting: TypeAlias = float | str
Role: TypeAlias = Literal["truth", "model", "observation", "loss", "optimum", "muted"]
Limits: TypeAlias = tuple[float, float] | str  # constant, or the name of a frame entry


@dataclass(frozen=True)
class Slider:
    """A number on a grid: ``low, low + step, ..., high``, shown with `digits` decimals.

    With `log` the grid is one of decades: `step` is a difference of log10. What is not `shown` as
    a slider is moved by dragging alone. With `play` a button lets it run from position to position.
    A name such as ``"logits.2"`` stands for one entry of a tuple.
    """

    name: str
    symbol: str
    label: str
    low: float
    high: float
    step: float
    digits: int = 2
    log: bool = False
    shown: bool = True
    play: bool = False

    def nearest(self, value: float) -> float:
        """The position on the grid that is nearest to `value`."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            count = round(math.log10(inside / self.low) / self.step)
            position = self.low * 10 ** (count * self.step)
        else:
            position = self.low + round((inside - self.low) / self.step) * self.step
        return min(float(f"{position:.12g}"), self.high)


@dataclass(frozen=True)
class Choice:
    """One of a few named options, each a (value, text) pair; values are texts or whole numbers."""

    name: str
    label: str
    options: tuple[tuple[str | int, str], ...]


@dataclass(frozen=True)
class Preset:
    """A button that sets some controls; with no values it is shown disabled and `note` says why.

    A value such as ``"{best_mu}"`` is a number of the frame; while it is nan, so is the button
    disabled. Values of fields that have no control, and the changes that a `method` of the state
    returns, are set by the kernel.
    """

    label: str
    values: Mapping[str, Any]
    note: str = ""
    method: str = ""


@dataclass(frozen=True)
class Drag:
    """Which control follows the horizontal and which the vertical position of a dragged mark.

    In the name of a control ``{i}`` stands for the number of the point or bar. The axis named by
    `log` shows the natural logarithm of its control; an x axis counts from the number `origin` of
    the frame, and down from it while its entry `backwards` is true. The wheel, + and - move the
    control `wheel`.
    """

    x: str = ""
    y: str = ""
    wheel: str = ""
    log: Literal["", "x", "y"] = ""
    origin: str = ""
    backwards: str = ""


@dataclass(frozen=True)
class Line:
    """A polyline through the arrays `x` and `y`; `at` that share of the points stands its label."""

    x: str
    y: str
    role: Role
    dashed: bool = False
    label: str = ""
    at: float = 0.5


@dataclass(frozen=True)
class Area:
    """The tinted region between the curve `y` over `x` and zero, or the curve `base`."""

    x: str
    y: str
    role: Role
    base: str = ""


@dataclass(frozen=True)
class Points:
    """Discs at `x`, `y` (numbers or arrays); beyond the axes, triangles at their edge.

    An entry in `label` may be a tuple of texts, one a point.
    `drop` draws guides from the point down to the x axis and across to the y axis.
    """

    x: str
    y: str
    role: Role
    label: str = ""
    drop: Literal["", "x", "y", "xy"] = ""
    shape: Literal["disc", "ring", "cross"] = "disc"
    small: bool = False
    drag: Drag | None = None


@dataclass(frozen=True)
class Stems:
    """Thin bars from zero to `y` at `x`: each observation's share."""

    x: str
    y: str
    role: Role


@dataclass(frozen=True)
class Bars:
    """Upright bars of heights `y` at `x`, from zero or from `base`; each can be dragged."""

    x: str
    y: str
    role: Role
    label: str = ""
    base: str = ""
    width: float = 0.6
    drag: Drag | None = None


@dataclass(frozen=True)
class Squares:
    """True squares on the page: one side runs at `x` from `y` to `to`."""

    x: str
    y: str
    to: str
    role: Role


@dataclass(frozen=True)
class Arrows:
    """Arrows from (`x`, `y`) to (`to_x`, `to_y`)."""

    x: str
    y: str
    to_x: str
    to_y: str
    role: Role


@dataclass(frozen=True)
class Note:
    """A text in an upper corner of the axes."""

    text: str
    role: Role
    side: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class Rug:
    """Ticks on the x axis at the array `x`."""

    x: str
    role: Role


@dataclass(frozen=True)
class Rule:
    """A vertical line at the number `x`, from edge to edge."""

    x: str
    role: Role
    label: str = ""
    drag: Drag | None = None


@dataclass(frozen=True)
class Landscape:
    """Bands and contour lines of `values` (rows: y, columns: x) over the whole axes."""

    values: str
    levels: str
    role: Role = "loss"


Mark: TypeAlias = (
    Line | Area | Points | Stems | Bars | Squares | Arrows | Note | Rug | Rule | Landscape
)


@dataclass(frozen=True)
class Axes:
    """One plot. `description` says in words what is seen, for those who do not see it.

    `x_ticks` names a tuple of texts that stand at 0, 1, 2 ... in place of numbers. A click in the
    plot sets the controls of `click` (a choice: its option number round(x)). `height` is a factor.
    """

    title: str
    x_label: str
    y_label: str
    x_limits: Limits
    y_limits: Limits
    marks: tuple[Mark, ...]
    description: str
    x_ticks: str = ""
    click: Drag | None = None
    x_log: bool = False  # the x axis runs by powers of ten
    height: float = 1.0


@dataclass(frozen=True)
class Term:
    """A number with its formula; struck out while the frame's entry `struck` is true.

    The formula is a text like any other, so a part of it may come from the frame.
    """

    value: str
    label: str
    struck: str = ""


@dataclass(frozen=True)
class Sum:
    """``total = term + term + ...`` with live values."""

    total: Term
    terms: tuple[Term, ...]
    digits: int = 3


@dataclass(frozen=True)
class Spec:
    """A panel's controls, presets, plots and sums; `sentence` names the entry that says it all."""

    name: str
    controls: tuple[Slider | Choice, ...]
    presets: tuple[Preset, ...]
    axes: tuple[Axes, ...]
    sums: tuple[Sum, ...]
    columns: int = 3
    sentence: str = "sentence"


State = TypeVar("State")


@dataclass(frozen=True)
class Blueprint(Generic[State]):
    """A panel before it is shown: where it starts, what a state looks like, how that is drawn.

    The fields of the state that have a control are moved by it; the others are the panel's data,
    and `spec` may depend on those alone and on the lengths of tuples.
    """

    state: State
    view: Callable[[State], Frame]
    spec: Callable[[State], Spec]


def number(value: float, digits: int = 3) -> str:
    """`value` with a fixed count of decimals, a true minus sign, ∞ where infinite, – where nan."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def nice_ceiling(value: float, ladder: tuple[float, ...]) -> float:
    """The first step of `ladder` (times a power of ten beyond its end) that is at least `value`."""
    scale = 1.0
    while value > ladder[-1] * scale:
        scale *= 10.0
    return next(step * scale for step in ladder if step * scale >= value)


def named(item: Any) -> Iterator[str]:
    """Every word by which a spec, or a part of it as plain JSON, may name an entry of the frame."""
    if isinstance(item, str):
        yield item
        yield from re.findall(r"\{(\w+)\}", item)
    elif isinstance(item, Mapping | list):
        for part in item.values() if isinstance(item, Mapping) else item:
            yield from named(part)


def as_json(item: Any) -> Any:
    """A spec as plain JSON values; each dataclass carries its name, in lower case, as ``kind``."""
    if is_dataclass(item):
        entries = {f.name: as_json(getattr(item, f.name)) for f in fields(item)}
        return {"kind": type(item).__name__.lower(), **entries}
    if isinstance(item, Mapping):
        return {name: as_json(value) for name, value in item.items()}
    if isinstance(item, tuple):
        return [as_json(value) for value in item]
    return item
