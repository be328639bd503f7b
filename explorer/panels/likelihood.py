"""Maximum likelihood: observations, a model over them, and the product that becomes a sum."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from explorer.core import Beta, Family
from explorer.parts.curves import inner, places
from explorer.parts.families import (
    WithModel, arrays, fitted, given_family, observed, suited, with_model,
)  # fmt: skip
from explorer.parts.inputs import Interval, Limits, Numbers, refuse
from explorer.parts.parameters import LARGE, many, one
from explorer.parts.plane import cut, levels, plane, remembered
from explorer.parts.ranges import ONE_TWO_FIVE, ceiling, fine_step, limits_around
from explorer.parts.words import amount
from explorer.scene import (
    Area, Array, Axis, Bars, Blueprint, Control, Drag, Landscape, Line, Note, Plot, Points,
    Preset, Rug, Scene, Slider, Stems, Sum, Term, number,
)  # fmt: skip

HANDLES = 8  # observations that can be dragged
MOST = 1000
DRAWN = 300  # observations with a bar of their own
CELLS = 36
HEIGHT = 0.8


@dataclass(frozen=True, kw_only=True)
class State(WithModel):
    """A model and the first n of some observations, of which the first few can be dragged."""

    observations: Numbers = many("y", "observation", (-LARGE, LARGE), axis="y", most=MOST)
    n: int = one("n", "number of observations", (1, MOST), steps=MOST, whole=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        count = len(self.observations)
        if count < self.handles:
            refuse("observations", self.observations, f"{self.handles} to {MOST} numbers")
        if self.n > count:
            refuse("n", self.n, f"a whole number from 1 to {count}")

    def controls(self) -> tuple[Control, ...]:
        """Without that of n where there is but one observation."""
        alone = len(self.observations) == 1
        return tuple(c for c in super().controls() if not (alone and c.name == "n"))

    @property
    def draggable(self) -> int:
        """How many of the observations that are looked at can be dragged."""
        return min(self.n, self.handles)


def likelihood(
    observations: Any = None,
    family: Any = "normal",
    *,
    n: int | None = None,
    limits: Limits | None = None,
    **parameters: float | None,
) -> Blueprint[State]:
    """Show how likely a model makes some observations: as a product, and as a sum of logs.

    ``likelihood = p(y_1) p(y_2) ... p(y_n)``, which float64 cannot hold for long, and
    ``loss = -log p(y_1) - ... - log p(y_n)``, in nats, which it can.

    Parameters
    ----------
    observations : list, array or Series, optional
        Up to 1000 numbers, in [0, 1] for a Beta model; by default 1000 of them.
    family : {"normal", "beta", "laplace", "student_t"}, or one of these families
        The model.
    n : int, optional
        How many of the observations are looked at: the first n. By default 8, or all of yours.
    limits : dict, optional
        A slider's range by name, and that of the axis as ``"y"``.
    **parameters : float
        Those of the family: mu and sigma; a and b; mu and scale; nu, mu and sigma.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``likelihood`` (as float64 has it), ``loss``, ``losses`` (n,), ``best``, a
        dict by parameter (empty where no maximum exists), ``peak``, the highest density, and
        ``lost``, the observation from which on the product reads 0 or infinity (nan: none does).

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    kind, given = given_family(family, parameters)
    data = sample(kind) if observations is None else observed(observations, kind, MOST)
    start, ranges = suited(kind, data)
    if observations is None:
        start = {parameter.name: parameter.start for parameter in kind.parameters}
    count = len(data)
    ranges["n"] = 1.0, float(max(count, 2))  # of one observation there is no slider
    state = with_model(State, kind).start(
        start,
        ranges,
        given,
        limits,
        observations=data,
        n=n if n is not None else HANDLES if observations is None else count,
        handles=min(count, HANDLES),
    )
    return Blueprint("likelihood", state, view)


@remembered(16)
def sample(family: type[Family]) -> Numbers:
    """Quantiles in the order of the golden ratio: any number of them is spread like the model."""
    beside = {"location": 1.0, "scale": 0.8}  # where the model starts
    model: Any = family(*(beside.get(p.role, p.start) for p in family.parameters))
    if family is Beta:
        model = Beta(6.0, 3.0)
    share = (0.31 + np.arange(MOST) * (math.sqrt(5) - 1) / 2) % 1
    places = 3 if np.isfinite(family.support).all() else 2
    return tuple(np.round(model.quantile(share), places).tolist())


@dataclass(frozen=True)
class Seen:
    """What the model says of the observations, what is best, and sums and products up to each."""

    model: Any
    peak: float
    y: Array
    handles: Array  # the first of y, which can be dragged
    rest: Array  # those of y that have a bar of their own
    losses: Array
    grid: Array  # over y
    curve: Array  # of the loss there
    best: dict[str, float]
    reason: str  # why there is no best
    sums: Array
    products: Array
    minus_logs: Array  # of the products
    lost: int  # the first product that float64 cannot hold, counted from 1; 0 where none is

    @property
    def loss(self) -> float:
        """The sum of all; nan where infinities of both signs meet."""
        return float(self.sums[-1])


def looked_at(state: State) -> Seen:
    model, y = state.model, arrays(state.observations, state.n)
    losses, grid = np.asarray(model.nll(y)), places(model, state.limits["y"])
    sums, products = np.cumsum(losses), np.cumprod(np.exp(-losses))
    minus_logs = -np.log(products)
    lost = ~np.isfinite(minus_logs) & np.isfinite(sums)
    first = int(lost.argmax()) + 1 if lost.any() else 0
    best, reason = fitted(state.family, state.observations[: state.n])
    k, curve = state.draggable, np.asarray(model.nll(grid))
    seen = model, float(model.peak()), y, y[:k], y[k:DRAWN], losses, grid, curve
    return Seen(*seen, best, reason, sums, products, minus_logs, first)


@np.errstate(all="ignore")
def view(state: State) -> Scene:
    """All that is on screen for the first n observations."""
    seen = looked_at(state)
    named = {
        "likelihood": float(seen.products[-1]),
        "loss": seen.loss,
        "losses": seen.losses,
        "best": seen.best,
        "peak": seen.peak,
        "lost": float(seen.lost or math.nan),
    }
    terms = tuple(Term(label, float(term)) for label, term in seen.model.nll_terms(seen.y).items())
    return Scene(
        named,
        (
            density(state, seen),
            every_model(state, seen),
            loss_per_observation(state, seen),
            product_and_sum(state, seen),
        ),
        (Sum(Term("loss", seen.loss), terms),),
        presets(state, seen),
        sentence(state, seen),
        columns=2,
    )


# ------------------------------------------------------------------ the plots, as they are seen


def density(state: State, seen: Seen) -> Plot:
    k, peak = state.draggable, seen.peak
    curve = np.exp(-seen.curve)
    top = max(min(peak, float(inner(seen.model, curve).max())), 1e-12)
    names = ", ".join(state.names())
    return Plot(
        f"What the model says: *p*(*y* | {state.symbols()})",
        state.axis("observations"),
        Axis("", (0.0, ceiling(1.25 * top))),
        f"The density of y for {names} = {state.at(*state.names())[1:-1]}; its area is 1, its peak "
        f"{power(peak)}. {k} observations stand on it as handles.",
        (
            Area(seen.grid, curve, "model"),
            Line(seen.grid, curve, "model"),
            Rug(seen.rest, "observation"),
            Points(
                seen.handles,
                np.exp(-seen.losses[:k]),
                "observation",
                drop="x",
                drag=Drag(x="observations.{i}"),
            ),
            Note(f"area 1, peak {power(peak)}", "model", "left"),
        ),
        height=HEIGHT,
    )


def every_model(state: State, seen: Seen) -> Plot:
    x, y = state.plane()
    at, least = state.at(x, y), ""
    if seen.best:
        least = f"best {number(least_loss(state.family, state.observations[: state.n]), 1)}"
    best = seen.best if state.within(seen.best) else {}
    ranges = (x, state.limits[x]), (y, state.limits[y])
    return Plot(
        f"Every ({state.symbols(x, y)}): the loss of all {state.n}",
        state.axis(x),
        state.axis(y),
        f"The loss of {state.n} observations over all {x} and {y}, with the present model at {at}"
        + (f" and the maximum of the likelihood, {least}." if seen.best else "."),
        (
            Landscape(*landscape(state.family, state.observations, state.n, state.fixed, ranges)),
            Points(best.get(x, math.nan), best.get(y, math.nan), "optimum", least, small=True),
            Points(getattr(state, x), getattr(state, y), "model", at, drag=Drag(x=x, y=y)),
        ),
        height=HEIGHT,
    )


@remembered(256)
def landscape(
    family: type[Family],
    observations: Numbers,
    n: int,
    fixed: tuple[tuple[str, float], ...],
    ranges: tuple[tuple[str, Interval], tuple[str, Interval]],
) -> tuple[Array, Array]:
    """The loss of the first n over two parameters, and the levels of its contour lines."""
    (x, across), (y, up) = ranges
    grid = dict(zip((x, y), plane(across, up, CELLS), strict=True))
    model: Any = family(**dict(fixed), **grid)
    with np.errstate(all="ignore"):
        values = sum(model.nll_terms(arrays(observations, n)).values(), np.zeros((CELLS, CELLS)))
    contours = levels(values, 0.03, 0.7, 18, 12)
    return cut(values, contours), contours


def loss_per_observation(state: State, seen: Seen) -> Plot:
    k, (low, high) = state.draggable, state.limits["y"]
    finite = seen.losses[np.isfinite(seen.losses)]
    floor = min((float(inner(seen.model, seen.curve).min()), *finite, 0.0))
    return Plot(
        f"Loss per observation: −log *p*(*y* | {state.symbols()})",
        state.axis("observations"),
        Axis("", limits_around(floor, max((4.0, *finite)))),
        f"The loss over y, with a bar for each of {min(state.n, DRAWN)} observations.",
        (
            Stems(seen.rest, seen.losses[k:DRAWN], "observation"),
            Bars(seen.handles, seen.losses[:k], "observation", width=(high - low) / 90),
            Line(seen.grid, seen.curve, "loss"),
        ),
        height=HEIGHT,
    )


def product_and_sum(state: State, seen: Seen) -> Plot:
    product, lost = power(float(seen.products[-1])), seen.lost
    counts = np.round(np.linspace(1, state.n, 70))
    counts = np.union1d(counts, [max(lost - 1, 1), lost] if lost else [])
    at = counts.astype(int) - 1
    sums = seen.sums[at]
    finite = sums[np.isfinite(sums)]
    ends = float(min(finite, default=0.0)), float(max(finite, default=0.0)) or 1.0
    return Plot(
        f"Product {product}, sum of −logs {number(seen.loss)}",
        Axis("*n*", (0.0, max(10.0, ceiling(state.n, ONE_TWO_FIVE)))),
        Axis("", limits_around(*ends)),
        f"The sum of losses over the number of observations up to {state.n}, and minus the log of "
        f"their product as the computer has it, which at the end is {product}.",
        (
            Line(counts, seen.minus_logs[at], "muted", dashed=True),
            Line(counts, sums, "loss"),
            Points(
                float(lost or math.nan),
                float(seen.minus_logs[lost - 1]) if lost else math.nan,
                "muted",
                f"reads {power(float(seen.products[lost - 1]))} from {lost} on" if lost else "",
            ),
        ),
        height=HEIGHT,
    )


# ----------------------------------------------------------------------------- words and buttons


def power(value: float) -> str:
    """A product in words; a product of 0 is a plain 0."""
    return "0" if value == 0 else amount(value, 0.01, 1000)


def sentence(state: State, seen: Seen) -> str:
    n, loss, losses = state.n, seen.loss, seen.losses
    if not np.isfinite(losses).all():
        if np.isnan(loss):
            return (
                f"{n} observations: some have density 0, others an infinite one; "
                f"their product has no value, and nor has the loss. {seen.reason}"
            )
        where = int(np.argmax(~np.isfinite(losses)))
        meaning = (
            "has density 0: the model considered it impossible; the loss is infinite"
            if loss > 0
            else "lies where the density is infinite; the loss is unbounded below"
        )
        return f"Observation {where + 1}, {number(seen.y[where])}, {meaning}. {seen.reason}"
    if seen.lost:
        bound = "falls below the smallest number of float64, 4.9·10⁻³²⁴, and reads 0 from there on"
        if seen.minus_logs[seen.lost - 1] == -math.inf:
            bound = "exceeds the largest number of float64, 1.8·10³⁰⁸, and reads ∞ from there on"
        text = (
            f"At observation {seen.lost} the product of the densities {bound}. "
            f"The sum of their logs is still right: a loss of {number(loss)} nats"
        )
    else:
        densities = f"{n} densities multiply" if n > 1 else "One density comes"
        text = f"{densities} to {power(float(seen.products[-1]))}; minus its log is the loss, "
        text += f"{number(loss)} nats"
    if n > 1:
        worst = int(np.argmax(losses))
        at, cost = state.text("observations", seen.y[worst]), number(float(losses[worst]))
        text += f"; the largest part of it, {cost}, is that of the observation {at}"
    text += "."
    if loss < -0.0005:
        text += " It is below zero because densities, unlike probabilities, may exceed 1."
    if not seen.best:
        return f"{text} {seen.reason}"
    least = least_loss(state.family, state.observations[:n])
    if loss - least < 1e-9 * max(1.0, abs(loss)):
        *others, last = (f"*{p.symbol}*" for p in state.family.parameters)
        names = f"{', '.join(others)} and {last}"
        return f"{text} No other {names} make it less: the likelihood is at its maximum."
    *some, last = (
        f"{state.symbols(name)} = {state.text(name, value, 1)}" for name, value in seen.best.items()
    )
    return f"{text} With {', '.join(some)} and {last} it would be least, {number(least)}."


@remembered(1024)
def least_loss(family: type[Family], y: Numbers) -> float:
    """The loss of the best model."""
    return float(family(**fitted(family, y)[0]).nll(np.array(y)).sum())


def presets(state: State, seen: Seen) -> tuple[Preset, ...]:
    """The best model, some numbers of observations, and data so close that the loss is negative."""
    count, names = len(state.observations), state.names()
    what = "the parameters under which these observations are most likely"
    counts = [(f"the first {k}", k) for k in (HANDLES, 100) if k < count]
    counts += [(f"all {count}", count)] if count > 1 else []
    buttons = [Preset("maximum likelihood", state.goal(seen.best, *names), what)]
    buttons += [Preset(label, {"n": float(k)}) for label, k in counts]
    close = below_zero(state.family, state.handles, tuple(state.limits.items()))
    if close:
        note = f"{state.handles} observations side by side: densities above 1, a loss below 0"
        buttons.append(Preset("a loss below zero", close, note))
    return tuple(buttons)


@lru_cache(maxsize=64)
def below_zero(
    family: type[Family], count: int, limits: tuple[tuple[str, Interval], ...]
) -> dict[str, float]:
    """So many observations side by side, and a model with a loss below 0, if sliders reach it."""
    low, high = dict(limits)["y"]
    slider = Slider("", "", "", low, high, fine_step(low, high))
    shifts = (np.arange(count) - (count - 1) / 2) * (high - low) / 80
    close = tuple(slider.nearest(low + 0.6 * (high - low) + shift) for shift in shifts)
    best = fitted(family, close)[0] if count > 2 else {}
    reached = all(least <= best.get(name, least) <= most for name, (least, most) in limits)
    if not best or not reached or least_loss(family, close) >= 0:
        return {}
    return {**{f"observations.{i}": y for i, y in enumerate(close)}, **best, "n": float(count)}
