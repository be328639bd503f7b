"""What is on screen as pure data: a `Scene` of plots, sums and buttons that hold their own numbers.

A panel is a `Blueprint`: a state, and the function ``view(state) -> Scene``. The browser and
matplotlib both draw a scene; neither computes anything.

`structure` and `values` take a scene apart, by the types of its fields: what stands still while a
slider moves is sent once, and what moves (`Data`, `Text`, `Flag`) at every tick.

Texts may hold ``*symbols*`` in italics; a backslash before an asterisk or a backslash makes it an
ordinary letter, as `literal` does for names that are not our own.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from itertools import count
from operator import attrgetter
from typing import Annotated, Any, Generic, Literal, Protocol, TypeAlias, TypeVar, get_origin

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Setting: TypeAlias = float | str
Role: TypeAlias = Literal["truth", "model", "observation", "loss", "optimum", "muted"]

_MOVES = "moves with a slider"
Number = Annotated[float, _MOVES]
Data = Annotated[float | Array, _MOVES]
Text = Annotated[str | tuple[str, ...], _MOVES]
Flag = Annotated[bool, _MOVES]
Interval = Annotated[tuple[float, float], _MOVES]

# ------------------------------------------------------------------------------------ controls


@dataclass(frozen=True)
class Slider:
    """A number on a grid: ``low, low + step, ..., high``, with `digits` decimals on screen.

    With `log` the grid is one of decades: `step` is a difference of log10. What is not `visible` as
    a slider is moved by dragging alone. With `play` a button lets it run from position to position.
    A name such as ``"logits.2"`` stands for one entry of a tuple. Sliders of the same `share` are
    parts of 1: as one moves, the others keep the proportions that they had before.
    Where there is no room for all controls, those of one `group` are on screen at a time, beside
    those of none.
    """

    name: str
    symbol: str
    label: str
    low: float
    high: float
    step: float
    digits: int = 2
    log: bool = False
    visible: bool = True
    play: bool = False
    share: str = ""
    group: str = ""

    def nearest(self, value: float) -> float:
        """The position on the grid that is nearest to `value`."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            steps = round(math.log10(inside / self.low) / self.step)
            position = self.low * 10 ** (steps * self.step)
        else:
            position = self.low + round((inside - self.low) / self.step) * self.step
        return min(tidy(position), self.high)


@dataclass(frozen=True)
class Choice:
    """One of a few named options, each a (value, text) pair; values are texts or whole numbers."""

    name: str
    label: str
    options: tuple[tuple[str | int, str], ...]
    group: str = ""


Control: TypeAlias = Slider | Choice


class State(Protocol):
    """A frozen dataclass of a panel's parameters and data, which knows its own controls."""

    def controls(self) -> tuple[Control, ...]:
        """The controls; the state's other fields are the panel's data."""

    def arguments(self) -> dict[str, Any]:
        """What the panel's function takes for this state, without `limits`; None: nothing."""


AnyState = TypeVar("AnyState", bound=State)

# --------------------------------------------------------------------------------------- marks


@dataclass(frozen=True, eq=False)
class Drag:
    """Which control follows the horizontal and which the vertical position of a dragged mark.

    In the name of a control ``{i}`` stands for the number of the point or bar. The axis named by
    `log` shows the natural logarithm of its control; on the x axis the control is
    ``origin + sign * x``, on the y axis ``y / rise``, each a number or one for each point. The
    wheel, + and - move the control `wheel`. Where a mark does not stand where its controls are,
    `begin` has the settings from which a drag of it takes it up.
    """

    x: str = ""
    y: str = ""
    wheel: str = ""
    log: Literal["", "x", "y"] = ""
    origin: Data = 0.0
    sign: Data = 1.0
    rise: Data = 1.0
    begin: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Line:
    """A polyline through the arrays `x` and `y`; `at` that share of the points stands its label."""

    x: Data
    y: Data
    role: Role
    label: Text = ""
    dashed: bool = False
    at: float = 0.5


@dataclass(frozen=True, eq=False)
class Area:
    """The tinted region between the curve `y` over `x` and the curve or height `base`."""

    x: Data
    y: Data
    role: Role
    base: Data = 0.0


@dataclass(frozen=True, eq=False)
class Points:
    """Discs at `x`, `y` (numbers or arrays); beyond the axes, triangles at their edge.

    The label may be a tuple of texts, one a point. `drop` draws guides from the point down to the
    x axis and across to the y axis. Those that are `quiet` are seen only under a hand: where the
    pointer or the focus is, and while one of their controls moves.
    """

    x: Data
    y: Data
    role: Role
    label: Text = ""
    drop: Literal["", "x", "y", "xy"] = ""
    shape: Literal["disc", "ring", "cross"] = "disc"
    small: bool = False
    drag: Drag | None = None
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class Stems:
    """Thin bars from zero to `y` at `x`: the loss of each observation."""

    x: Data
    y: Data
    role: Role


@dataclass(frozen=True, eq=False)
class Bars:
    """Upright bars of heights `y` at `x`, from the heights `base`; each can be dragged."""

    x: Data
    y: Data
    role: Role
    label: Text = ""
    base: Data = 0.0
    width: float = 0.6
    drag: Drag | None = None


@dataclass(frozen=True, eq=False)
class Squares:
    """True squares on the page: one side runs at `x` from `y` to `to`."""

    x: Data
    y: Data
    to: Data
    role: Role


@dataclass(frozen=True, eq=False)
class Arrows:
    """Arrows from (`x`, `y`) to (`to_x`, `to_y`)."""

    x: Data
    y: Data
    to_x: Data
    to_y: Data
    role: Role


@dataclass(frozen=True, eq=False)
class Note:
    """A text in an upper corner of the plot."""

    text: Text
    role: Role
    side: Literal["left", "right"] = "right"


@dataclass(frozen=True, eq=False)
class Rug:
    """Ticks on the x axis at the array `x`."""

    x: Data
    role: Role


@dataclass(frozen=True, eq=False)
class Rule:
    """A vertical line at the number `x`, from edge to edge."""

    x: Number
    role: Role
    label: Text = ""
    drag: Drag | None = None


@dataclass(frozen=True, eq=False)
class Landscape:
    """Bands and contour lines of `values` (rows: y, columns: x) over the whole plot."""

    values: Data
    levels: Data
    role: Role = "loss"


Mark: TypeAlias = (
    Line | Area | Points | Stems | Bars | Squares | Arrows | Note | Rug | Rule | Landscape
)

# --------------------------------------------------------------------------------------- plots


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis, from the first limit to the second; with `log` by powers of ten.

    `names` stand at 0, 1, 2 ... in place of numbers.
    """

    label: Text
    limits: Interval
    log: bool = False
    names: Text = ()


@dataclass(frozen=True, eq=False)
class Plot:
    """Marks on two axes. `description` says in words what is seen, for those who do not see it.

    A click in the plot sets the controls of `click` (a choice: its option number round(x)). Where
    there is no room for all plots, those of one `tab` are on screen, beside those of none.
    """

    title: Text
    x: Axis
    y: Axis
    description: Text
    marks: tuple[Mark, ...]
    click: Drag | None = None
    tab: str = ""


@dataclass(frozen=True, eq=False)
class Term:
    """A number with its formula, struck out where it does not count."""

    label: Text
    value: Number
    struck: Flag = False


@dataclass(frozen=True, eq=False)
class Sum:
    """``total = term + term + ...`` with live values."""

    total: Term
    terms: tuple[Term, ...]
    digits: int = 3


@dataclass(frozen=True, eq=False)
class Preset:
    """A button that gives some fields of the state, or single entries as ``"y.1"``, new values.

    With no values, or while one of them is nan, it is disabled; `note` says what it does or why
    not.
    """

    label: str
    values: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is on screen at one state.

    `named` is what the panel means, by name and with all its digits, drawn or not; `sentence` says
    it in words.
    """

    named: Mapping[str, Any]
    plots: tuple[Plot, ...]
    sums: tuple[Sum, ...]
    presets: tuple[Preset, ...]
    sentence: Text


@dataclass(frozen=True)
class Blueprint(Generic[AnyState]):
    """A panel before it is displayed: its name, where it starts, and what a state looks like."""

    name: str
    state: AnyState
    view: Callable[[AnyState], Scene]


# -------------------------------------------------------------------- what moves and what does not


@cache
def _fields(cls: type) -> tuple[tuple[str, str], ...]:
    """The fields of a class, each with "moves", "still" or "parts" (that may hold what moves)."""

    def kind(of: Any) -> str:
        if _MOVES in getattr(of, "__metadata__", ()):
            return "moves"
        return "still" if of in (str, bool, int, float) or get_origin(of) is Literal else "parts"

    return tuple((f.name, kind(f.type)) for f in fields(cls) if f.name != "named")


@cache
def _moving(cls: type) -> tuple[Callable[[Any], Any] | None, tuple[str, ...]]:
    """What gets the moving fields of a class all at once, and the names of those with parts."""
    by_kind = {
        kind: tuple(name for name, k in _fields(cls) if k == kind) for kind in ("moves", "parts")
    }
    moves = by_kind["moves"]
    if len(moves) == 1:  # attrgetter returns a tuple for two or more
        (name,) = moves
        return lambda item: (getattr(item, name),), by_kind["parts"]
    return attrgetter(*moves) if moves else None, by_kind["parts"]


def values(scene: Scene) -> list[Any]:
    """All that moves, in the order of the slots that `structure` numbers."""
    found: list[Any] = []
    _collect(scene, found)
    return found


def _collect(item: Any, found: list[Any]) -> None:
    kind: Any = type(item)
    if kind is tuple:
        for part in item:
            _collect(part, found)
    elif kind is dict:
        found.extend(value for value in item.values() if _travels(value))
    elif item is not None:
        moving, parts = _moving(kind)
        if moving:
            found.extend(moving(item))
        for name in parts:
            _collect(getattr(item, name), found)


def _travels(value: Any) -> bool:
    """Whether a preset's value is one that a control can take; others the kernel alone needs."""
    return isinstance(value, float | int | str)


def structure(scene: Scene) -> Any:
    """The scene as plain JSON, with the number of a slot in place of each value that moves."""
    return _outline(scene, count())


def _outline(item: Any, slots: Iterator[int]) -> Any:
    if isinstance(item, tuple):
        return [_outline(part, slots) for part in item]
    if isinstance(item, Mapping):
        return {name: next(slots) if _travels(v) else None for name, v in item.items()}
    if not is_dataclass(item):
        return item
    kind: Any = type(item)
    kinds = _fields(kind)  # in the order of `_collect`: first what moves, then the parts
    moved = {name: next(slots) for name, how in kinds if how == "moves"}
    parts = {name: _outline(getattr(item, name), slots) for name, how in kinds if how == "parts"}
    still = {name: getattr(item, name) for name, how in kinds if how == "still"}
    return {"kind": kind.__name__.lower(), **still, **moved, **parts}


# ------------------------------------------------------------------------------------- numbers


DECIMALS = 9


def tidy(value: float) -> float:
    """The value without the last digits, in which sums of steps differ; as a page keeps it."""
    return float(f"{value:.12g}")


def number(value: float, digits: int = 3) -> str:
    """`value` with a fixed count of decimals, a true minus sign, ∞ where infinite, – where nan.

    Where these would be more than can be read, as 1.22e−12.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    if digits > DECIMALS and float(text):
        decimals = max(0, digits + math.floor(math.log10(abs(value))))
        mantissa, exponent = f"{value:.{decimals}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


# --------------------------------------------------------------------------------------- texts


def literal(text: str) -> str:
    """`text` with its asterisks and backslashes escaped, so that it is read as it stands."""
    return re.sub(r"[\\*]", r"\\\g<0>", text)


def pieces(text: str) -> list[str]:
    """`text` without its markup, split where italics begin and end: every second piece is one."""
    found = re.findall(r"(?:^|\*)((?:\\[\\*]|[^*])*)", text)
    return [re.sub(r"\\([\\*])", r"\1", piece) for piece in found]


def plain(text: str) -> str:
    """`text` without its markup, for those who hear it."""
    return "".join(pieces(text))
