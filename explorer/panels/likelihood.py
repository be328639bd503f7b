"""Maximum likelihood: observations, a model over them, and the product that becomes a sum."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from explorer.core import Beta, Family
from explorer.parts.curves import inner, places
from explorer.parts.families import (
    WithModel, fitted, given_family, observed, suited, with_model,
)  # fmt: skip
from explorer.parts.inputs import Interval, Limits, Numbers, refuse
from explorer.parts.parameters import LARGE, many, one
from explorer.parts.plane import cut, every, levels, plane, remembered
from explorer.parts.ranges import ONE_TWO_FIVE, ceiling, fine_step, limits_around
from explorer.parts.words import amount, listed
from explorer.scene import (
    Area, Array, Axis, Bars, Blueprint, Control, Drag, Line, Note, Plot, Points,
    Preset, Rug, Scene, Slider, Stems, Sum, Term, number,
)  # fmt: skip

HANDLES = 8  # observations that can be dragged
MOST = 1000
DRAWN = 300  # observations with a bar of their own
CELLS = 36


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
    def looked_at(self) -> Numbers:
        """The first n observations."""
        return self.observations[: self.n]


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


@np.errstate(all="ignore")
def view(state: State) -> Scene:
    """All that is on screen for the first n observations."""
    model, y = state.model, np.array(state.looked_at)
    losses, grid = np.asarray(model.nll(y)), places(model, state.limits["y"])
    curve, (best, reason) = np.asarray(model.nll(grid)), fitted(state.family, state.looked_at)
    sums, products = np.cumsum(losses), np.cumprod(np.exp(-losses))
    minus_logs = -np.log(products)
    lost = np.flatnonzero(np.isfinite(sums) & ~np.isfinite(minus_logs))
    named: dict[str, Any] = {
        "likelihood": float(products[-1]),
        "loss": float(sums[-1]),
        "losses": losses,
        "best": best,
        "peak": float(model.peak()),
        "lost": float(lost[0] + 1) if lost.size else math.nan,
    }
    terms = tuple(Term(label, float(term)) for label, term in model.nll_terms(y).items())
    drawn = y[: state.handles], y[state.handles : DRAWN]
    plots = (
        density(state, named, drawn, grid, curve),
        every_model(state, best),
        loss_per_observation(state, named, drawn, grid, curve),
        product_and_sum(state, named, sums, minus_logs),
    )
    total = Sum(Term("loss", named["loss"]), terms)
    words = sentence(state, named, reason)
    return Scene(named, plots, (total,), presets(state, best), words)


# ------------------------------------------------------------------ the plots, as they are seen


def density(
    state: State, named: dict[str, Any], drawn: tuple[Array, Array], grid: Array, curve: Array
) -> Plot:
    (handles, others), heights, peak = drawn, np.exp(-curve), power(named["peak"])
    top = max(min(named["peak"], float(inner(state.model, heights).max())), 1e-12)
    names, at = ", ".join(state.names()), state.at(*state.names())[1:-1]
    on_it, drag = np.exp(-named["losses"][: handles.size]), Drag(x="observations.{i}")
    return Plot(
        f"What the model says: *p*(*y* | {state.symbols()})",
        state.axis("observations"),
        Axis("", (0.0, ceiling(1.25 * top))),
        f"The density of y for {names} = {at}; its area is 1, its peak {peak}. "
        f"{handles.size} observations stand on it as handles.",
        (
            Area(grid, heights, "model"),
            Line(grid, heights, "model"),
            Rug(others, "observation"),
            Points(handles, on_it, "observation", drop="x", drag=drag),
            Note(f"area 1, peak {peak}", "model", "left"),
        ),
    )


def every_model(state: State, best: dict[str, float]) -> Plot:
    x, y = state.plane()
    ranges = (x, state.limits[x]), (y, state.limits[y])
    plot = every(
        state,
        (x, y),
        f"Every ({state.symbols(x, y)}): the loss of all {state.n}",
        f"The loss of {state.n} observations over all {x} and {y}",
        landscape(state.family, state.looked_at, state.fixed, ranges),
        best,
        f"best {number(least_loss(state.family, state.looked_at), 1)}" if best else "",
    )
    return replace(plot, tab="models")


@remembered(256)
def landscape(
    family: type[Family],
    y: Numbers,
    fixed: tuple[tuple[str, float], ...],
    ranges: tuple[tuple[str, Interval], tuple[str, Interval]],
) -> tuple[Array, Array]:
    """The loss of all y over two parameters, and the levels of its contour lines."""
    (first, across), (second, up) = ranges
    grid = dict(zip((first, second), plane(across, up, CELLS), strict=True))
    model: Any = family(**dict(fixed), **grid)
    with np.errstate(all="ignore"):
        values = sum(model.nll_terms(np.array(y)).values(), np.zeros((CELLS, CELLS)))
    contours = levels(values, 0.03, 0.7, 18, 12)
    return cut(values, contours), contours


def loss_per_observation(
    state: State, named: dict[str, Any], drawn: tuple[Array, Array], grid: Array, curve: Array
) -> Plot:
    (handles, others), losses, (low, high) = drawn, named["losses"], state.limits["y"]
    finite = losses[np.isfinite(losses)]
    floor = min((float(inner(state.model, curve).min()), *finite, 0.0))
    return Plot(
        f"Loss per observation: −log *p*(*y* | {state.symbols()})",
        state.axis("observations"),
        Axis("nats per observation", limits_around(floor, max((4.0, *finite)))),
        f"The loss over y, with a bar for each of {min(state.n, DRAWN)} observations.",
        (
            Stems(others, losses[handles.size : DRAWN], "observation"),
            Bars(handles, losses[: handles.size], "observation", width=(high - low) / 90),
            Line(grid, curve, "loss"),
        ),
        tab="observations",
    )


def product_and_sum(state: State, named: dict[str, Any], sums: Array, minus_logs: Array) -> Plot:
    product, lost = power(named["likelihood"]), named["lost"]
    steps, reads, label = [], math.nan, ""
    if lost > 0:
        steps, reads = [max(lost - 1, 1), lost], float(minus_logs[int(lost) - 1])
        label = f"reads {'0' if reads > 0 else '∞'} from {lost:.0f} on"
    counts = np.union1d(np.round(np.linspace(1, state.n, 70)), steps)
    at = counts.astype(int) - 1
    finite = sums[at][np.isfinite(sums[at])]
    ends = float(min(finite, default=0.0)), float(max(finite, default=0.0)) or 1.0
    return Plot(
        f"Product {product}, sum of −logs {number(named['loss'])}",
        Axis("*n*", (0.0, max(10.0, ceiling(state.n, ONE_TWO_FIVE)))),
        Axis("loss (nats)", limits_around(*ends)),
        f"The sum of losses over the number of observations up to {state.n}, and minus the log of "
        f"their product as the computer has it, which at the end is {product}.",
        (
            Line(counts, minus_logs[at], "muted", dashed=True),
            Line(counts, sums[at], "loss"),
            Points(lost, reads, "muted", label),
        ),
        tab="product and sum",
    )


# ----------------------------------------------------------------------------- words and buttons


def power(value: float) -> str:
    """A product in words; a product of 0 is a plain 0."""
    return "0" if value == 0 else amount(value, 0.01, 1000)


def sentence(state: State, named: dict[str, Any], reason: str) -> str:
    n, loss, losses, product = state.n, named["loss"], named["losses"], named["likelihood"]
    if not np.isfinite(losses).all():
        return f"{without_value(state, named)} {reason}"
    if named["lost"] > 0:
        bound = "falls below the smallest number of float64, 4.9·10⁻³²⁴, and reads 0 from there on"
        if product > 0:
            bound = "exceeds the largest number of float64, 1.8·10³⁰⁸, and reads ∞ from there on"
        text = f"At observation {named['lost']:.0f} the product of the densities {bound}. The sum "
        text += f"of their logs is still right: a loss of {number(loss)} nats"
    else:
        text = f"{n} densities multiply" if n > 1 else "One density comes"
        which = "this product" if n > 1 else "it"
        text += f" to {power(product)}; minus the log of {which} is the loss, {number(loss)} nats"
    if n > 1:
        at = state.text("observations", state.observations[losses.argmax()])
        text += f"; the largest part of it, {number(losses.max())}, is that of the observation {at}"
    below = " It is below zero because densities, unlike probabilities, may exceed 1."
    text += f".{below if loss < -0.0005 else ''}"
    if not named["best"]:
        return f"{text} {reason}"
    least = least_loss(state.family, state.looked_at)
    if loss - least < 1e-9 * max(1.0, abs(loss)):
        names = listed([state.symbols(name) for name in state.names()])
        return f"{text} No other {names} make it less: the likelihood is at its maximum."
    goals = [f"{state.symbols(k)} = {state.text(k, v, 1)}" for k, v in named["best"].items()]
    return f"{text} With {listed(goals)} the loss would be smallest, {number(least)}."


def without_value(state: State, named: dict[str, Any]) -> str:
    """Why the loss is infinite, or none at all."""
    if math.isnan(named["loss"]):
        return (
            f"{state.n} observations: some have density 0, others an infinite one; their product "
            "has no value, and nor has the loss."
        )
    where = int(np.argmax(~np.isfinite(named["losses"])))
    meaning = "lies where the density is infinite; the loss is unbounded below"
    if named["loss"] > 0:
        meaning = "has density 0: the model considered it impossible; the loss is infinite"
    return f"Observation {where + 1}, {number(state.observations[where])}, {meaning}."


@remembered(1024)
def least_loss(family: type[Family], y: Numbers) -> float:
    """The loss of the best model."""
    return float(family(**fitted(family, y)[0]).nll(np.array(y)).sum())


def presets(state: State, best: dict[str, float]) -> tuple[Preset, ...]:
    """The best model, some numbers of observations, and data so close that the loss is negative."""
    count = len(state.observations)
    what = "the parameters under which these observations are most likely"
    buttons = [Preset("maximum likelihood", state.goal(best, *state.names()), what)]
    buttons += [
        Preset(f"the first {k}", {"n": float(k)}, f"the loss of {k} alone")
        for k in (HANDLES, 100)
        if k < count
    ]
    if count > 1:
        buttons.append(Preset(f"all {count}", {"n": float(count)}, "the loss of all observations"))
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
