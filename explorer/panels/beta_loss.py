"""The Beta loss: a prediction (a, b), what is then observed, and what that costs."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import Beta
from explorer.parts.families import SHAPE, fitted
from explorer.parts.inputs import Interval, Limits, Numbers, column, real, refuse
from explorer.parts.parameters import Parameters, choice, many, one
from explorer.parts.plane import LESS_COLOUR, levels, plane, remembered
from explorer.parts.ranges import ONE_TWO_FIVE, ceiling, fine_step, limits_around
from explorer.scene import (
    Area, Array, Axis, Blueprint, Drag, Landscape, Line, Mark, Plot, Points, Preset, Rug, Rule,
    Scene, Stems, Sum, Term, number, plain,
)  # fmt: skip

LOSSES = {"full": "full loss", "kernel": "without log B(*a*, *b*)"}
GRID: Array = (1 - np.cos(np.linspace(0, np.pi, 241))) / 2  # dense where the density may be steep
INNER = (GRID > 0.02) & (GRID < 0.98)
ENDS = GRID[[0, -1]]
CELLS = 48
LEVELS = np.array(
    [-4, -2, *np.arange(-1, 4, 0.5), *range(4, 10), 11, 13, 16, 20, 25, 32, 40, 50, 65, 80.0]
)
TWO = Beta(np.array([4.5, 8.0]), np.array([2.5, 4.0]))  # at 0.7, log B decides which costs less


@dataclass(frozen=True, kw_only=True)
class One(Parameters):
    """A predicted Beta(a, b) and one observation."""

    a: float = one("a", "shape parameter a", SHAPE)
    b: float = one("b", "shape parameter b", SHAPE)
    y: float = one("y", "observation y", (0.0, 1.0))
    loss: str = choice("which loss", LOSSES)

    @property
    def observations(self) -> Numbers:
        return (self.y,)


@dataclass(frozen=True, kw_only=True)
class Several(Parameters):
    """A predicted Beta(a, b) and several observations, whose losses add up."""

    a: float = one("a", "shape parameter a", SHAPE)
    b: float = one("b", "shape parameter b", SHAPE)
    observations: Numbers = many("y", "observation", (0.0, 1.0), most=100_000)
    loss: str = choice("which loss", LOSSES)


def beta_loss(
    a: float = 2.0,
    b: float = 5.0,
    *,
    y: float | None = None,
    observations: Any = None,
    loss: str = "full",
    limits: Limits | None = None,
) -> Blueprint[Any]:
    """Show what a predicted Beta(a, b) costs once y, or several observations, are known.

    ``loss = sum [(a-1)(-log y) + (b-1)(-log(1-y)) + log B(a, b)]`` over the observations, in nats.

    Parameters
    ----------
    a, b : float
        The predicted shape parameters, positive.
    y : float, optional
        The observation in [0, 1]; 0.7 if neither it nor `observations` is given.
    observations : list, array or Series, optional
        Several observations in [0, 1] instead of one.
    loss : {"full", "kernel"}
        Whether log B(a, b), which depends on a and b, is kept or (wrongly) dropped.
    limits : dict, optional
        A slider's range by name, e.g. ``{"a": (0.05, 100)}``.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``loss``, the sum of the ``losses`` (n,); whichever is chosen, ``nll`` and the
        ``kernel``, which lacks ``log_beta`` = n log B(a, b); ``mode``, nan where it is not one
        point; ``density`` (241,) over ``y_grid`` (241,); ``landscape`` (48, 48), the loss by b
        (rows) and a (columns); ``best``, a dict of the a and b with the maximum of the likelihood
        (empty where there is none); and for one observation its ``density_at_y``.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    given = {"a": real("a", a, *SHAPE), "b": real("b", b, *SHAPE)}
    if observations is None:
        ranges = {name: reach(value) for name, value in given.items()} | {"y": (0.0, 1.0)}
        given["y"] = 0.7 if y is None else y
        return Blueprint("beta_loss", One.start({}, ranges, given, limits, loss=loss), view)
    if y is not None:
        refuse("y", y, "either y or observations, not both")
    data = column("observations", observations, 0.0, 1.0)
    best, _ = fitted(Beta, data)
    both = reach(*given.values(), *(1.3 * value for value in best.values()))
    ranges = {"a": both, "b": both}
    state = Several.start({}, ranges, given, limits, observations=data, loss=loss)
    return Blueprint("beta_loss", state, view)


def reach(*values: float) -> Interval:
    """From near zero to a round number that is at least 20 and all the values."""
    high = ceiling(max(20.0, *values), ONE_TWO_FIVE)
    return min(fine_step(0.0, high), 1.0), high


@np.errstate(all="ignore")  # an infinite loss and one that is unbounded below have no sum
def view(state: One | Several) -> Scene:
    """All that is on screen."""
    model, y = Beta(state.a, state.b), np.array(state.observations)
    # one call, for calls are what takes the time
    log_density, at_y = np.split(model.log_prob(np.append(GRID, y)), [GRID.size])
    nll, losses, curve, modes = -at_y, -at_y, -log_density, model.modes()
    if state.loss == "kernel":
        losses, curve = -model.log_kernel(y), -model.log_kernel(GRID)
    terms = [float(term) for term in model.nll_terms(y).values()]
    best, why_none = fitted(Beta, state.observations) if isinstance(state, Several) else ({}, "")
    named: dict[str, Any] = {
        "loss": float(losses.sum()),
        "losses": losses,
        "nll": float(nll.sum()),
        "kernel": terms[0] + terms[1],
        "log_beta": terms[2],
        "mode": float(modes[0]) if modes.size == 1 else math.nan,
        "y_grid": GRID,
        "density": np.exp(log_density),
        "landscape": landscape(state.observations, state.loss, *window(state))[0],
        "best": dict(best),
    }
    if isinstance(state, One):
        named["density_at_y"] = float(np.exp(-named["nll"]))
    expected = expectation(state, modes)
    words = price(state, nll), advice(state, named["loss"], best, why_none)
    return Scene(
        named,
        (
            density(state, named["density"], modes, expected),
            loss_over_y(state, curve, losses),
            every_prediction(state, best),
        ),
        (in_terms(state, named["loss"], terms),),
        presets(state, best, why_none),
        " ".join((expected, *words)).strip(),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def density(state: One | Several, curve: Array, modes: Array, expected: str) -> Plot:
    heights = np.exp(Beta(state.a, state.b).log_prob(modes))
    labels = tuple(
        f"mode {number(mode)}{'' if np.isfinite(height) else ' (∞)'}"
        for mode, height in zip(modes, heights, strict=True)
    )
    flat = np.full(2, 1.0 if state.a == state.b == 1 else math.nan)
    top = max((3.0, curve[INNER].max(), *heights[np.isfinite(heights)]))
    if isinstance(state, One):
        observed: Mark = Rule(state.y, "observation", f"*y* = {number(state.y)}", Drag(x="y"))
        where = f"The observation is at {number(state.y)}."
    else:
        observed = Rug(np.array(state.observations), "observation")
        where = f"Ticks mark the observations, {len(state.observations)} in all."
    return Plot(
        "What the model predicts: *p*(*y* | *a*, *b*)",
        Axis("*y*", (0.0, 1.0)),
        Axis("", (0.0, ceiling(top))),
        f"The density of y given a = {state.text('a')} and b = {state.text('b')}. "
        f"{plain(expected)} {where}",
        (
            Area(GRID, curve, "model"),
            Line(GRID, curve, "model"),
            Line(ENDS, flat, "optimum", "every point is a mode", dashed=True),
            observed,
            Points(modes, heights, "optimum", labels, drop="x", small=True),
        ),
    )


def loss_over_y(state: One | Several, curve: Array, losses: Array) -> Plot:
    finite, line = losses[np.isfinite(losses)], Line(GRID, curve, "loss")
    low, high = min((-1.0, curve[INNER].min(), *finite)), max((1.0, *finite))
    bottomless = np.where(curve[[0, -1]] == -np.inf, -np.inf, math.nan)
    title, name = "What it costs: −log *p*(*y* | *a*, *b*)", "loss"
    if state.loss == "kernel":
        title, name = "Often written: −log *p*, log B dropped", "without log B"
    if isinstance(state, One):
        nats, high = f"{number(losses[0])} nats", max(high, 6.0)
        point = Points(state.y, losses[0], "loss", f"{name} {nats}", "xy", drag=Drag(x="y"))
        marks: tuple[Mark, ...] = line, point
        where = f"; at the observation {number(state.y)} it is {nats}."
    else:
        marks = Stems(np.array(state.observations), losses, "observation"), line
        where = ", with a bar for each observation."
    return Plot(
        title,
        Axis("*y*", (0.0, 1.0)),
        Axis("loss (nats)", limits_around(low, high)),
        f"The loss over y{where}",
        (*marks, Points(ENDS, bottomless, "loss", small=True)),
    )


def every_prediction(state: One | Several, best: dict[str, float]) -> Plot:
    seen, (a, b), at = state.observations, window(state), state.at("a", "b")
    data = f"*y* = {number(seen[0])}" if len(seen) == 1 else f"all {len(seen)} *y*"
    if isinstance(state, One):
        marks: tuple[Mark, ...] = guides(state.y, state.loss, a, b)
        where = " and the line of all predictions whose mode is y."
    else:
        x, y = (best.get(name, math.nan) for name in ("a", "b"))
        label = f"best ({number(x, 1)}, {number(y, 1)})" if best else ""
        marks = (Points(x, y, "optimum", label, small=True),)
        where = f" and the maximum likelihood, {label}." if best else "."
    return Plot(
        f"Every (*a*, *b*), for {data}",
        Axis("*a*", a),
        Axis("*b*", b),
        f"The loss over all a and b for {plain(data)}, with the present prediction at {at}{where} "
        f"{LESS_COLOUR}",
        (
            Landscape(*landscape(seen, state.loss, a, b)),
            *marks,
            Points(state.a, state.b, "model", at, drag=Drag(x="a", y="b")),
        ),
    )


def window(state: One | Several) -> tuple[Interval, Interval]:
    """The a and b that are visible; for one observation they grow in steps."""
    (a, a_most), (b, b_most) = state.limits["a"], state.limits["b"]
    if isinstance(state, One):
        edge = ceiling(max(1.01 * state.a, 1.01 * state.b, 10.0), ONE_TWO_FIVE)
        a_most, b_most = min(a_most, edge), min(b_most, edge)
    return (a, a_most), (b, b_most)


@remembered(64)
def predictions(a: Interval, b: Interval) -> tuple[Beta, Array]:
    """All the models of a landscape, with their log B(a, b)."""
    models = Beta(*plane(a, b, CELLS))
    return models, models.log_normalizer()


@remembered(1024)
def landscape(seen: Numbers, loss: str, a: Interval, b: Interval) -> tuple[Array, Array]:
    """The loss of all that is observed for each prediction, and levels for contours."""
    models, log_beta = predictions(a, b)
    losses = len(seen) * log_beta if loss == "full" else np.zeros_like(log_beta)
    for y in seen:
        losses = losses - models.log_kernel(y)
    # the lowest 6 % are what the cells resolve of a valley
    return losses, LEVELS if len(seen) == 1 else levels(losses, 0.06, 0.8, 20, 14, 1.5)


@remembered(256)
def guides(y: float, loss: str, a: Interval, b: Interval) -> tuple[Line, Points]:
    """All predictions whose mode is y; and two whose mode is 0.7, with their losses."""
    ends = [(high - 1) / share for (_, high), share in ((a, y), (b, 1 - y)) if share > 0]
    k = np.array([0.0, max(min(ends), 0.0)])
    losses = TWO.nll(y) if loss == "full" else -TWO.log_kernel(y)
    return (
        Line(1 + y * k, 1 + (1 - y) * k, "optimum", f"mode = {number(y)}", dashed=True),
        Points(TWO.a, TWO.b, "muted", tuple(map(number, losses)), small=True),
    )


# ----------------------------------------------------------------------------- words and buttons


def in_terms(state: One | Several, loss: float, terms: list[float]) -> Sum:
    s, i, n = ("", "", "") if isinstance(state, One) else (" Σ", "ᵢ", f"{len(state.observations)} ")
    labels = f"(*a* − 1){s}(−log *y{i}*)", f"(*b* − 1){s}(−log(1 − *y{i}*))", f"{n}log B(*a*, *b*)"
    struck = False, False, state.loss == "kernel"
    return Sum(Term("loss", loss), tuple(map(Term, labels, terms, struck)))


def expectation(state: One | Several, modes: Array) -> str:
    if state.a == state.b == 1:
        return "The model considers every *y* equally likely: each point is a mode."
    first, *second = modes.tolist()
    where = f"at {first:.0f}" if first in (0.0, 1.0) else f"near {number(first)}"
    where = "at either end, 0 or 1" if second else where
    infinite = ", where its density is infinite" if min(state.a, state.b) < 1 else ""
    return f"The model expects *y* {where}{infinite}."


def price(state: One | Several, nll: Array) -> str:
    """What is observed costs, and why."""
    loss, count, y = float(nll.sum()), nll.size, number(state.observations[nll.argmax()])
    text = f"The loss of {f'these {count} observations' if count > 1 else f'*y* = {y}'} is"
    if math.isnan(loss):
        return f"{text} undefined: some have density 0, others an infinite one."
    if loss == math.inf:
        return f"{text} infinite: the model considers this impossible."
    if loss == -math.inf:
        return f"{text} unbounded below: the density there is infinite."
    if count > 1:
        why = f"{number(loss / count)} each on average; the largest, at {y}, is {number(nll.max())}"
    else:
        height = number(math.exp(-loss)) if loss < 7.6 else "less than 0.001"
        why = f"as the density there is {height}{', above 1' if loss <= -0.0005 else ''}"
    return f"{text} {number(loss)} nats, {why}."


def advice(state: One | Several, loss: float, best: dict[str, float], why_none: str) -> str:
    """What would cost less, if anything does."""
    if state.loss == "kernel" and math.isfinite(loss):
        text = f"Without log B(*a*, *b*) it would be {number(loss)}, which cannot be compared"
        return f"{text} between predictions. {why_none}"
    if why_none or not math.isfinite(loss):
        return why_none
    if isinstance(state, Several):
        least = float(Beta(**best).nll(np.array(state.observations)).sum())
        if loss - least < 0.0005:
            return "No other *a* and *b* make it less: this is the maximum of the likelihood."
        return f"At the maximum of the likelihood it would be {number(least)}."
    y, k = state.y, state.a + state.b - 2
    if k > 0 and Beta(1 + y * k, 1 + (1 - y) * k).nll(y) < loss - 0.0005:
        return (
            f"Moving the mode to {number(y)} would cost less, and a narrower peak there even less."
        )
    return f"A narrower peak at {number(y)} would cost less."


def presets(state: One | Several, best: dict[str, float], why_none: str) -> tuple[Preset, ...]:
    uniform = Preset("uniform", {"a": 1.0, "b": 1.0}, "(1, 1): every point is a mode")
    if isinstance(state, One):
        found: tuple[Preset, ...] = (
            Preset("expects 0.2, sees 0.7", {"a": 2.0, "b": 5.0, "y": 0.7}, "(2, 5) against 0.7"),
            Preset("expects 0.2, sees 0.2", {"a": 2.0, "b": 5.0, "y": 0.2}, "(2, 5) at its mode"),
            Preset("mode 0.7", {"a": 4.5, "b": 2.5, "y": 0.7}, "(4.5, 2.5): one of many such"),
            Preset("mode 0.7, narrower", {"a": 8.0, "b": 4.0, "y": 0.7}, "(8, 4): another of them"),
            uniform,
            Preset("U-shaped", {"a": 0.5, "b": 0.5}, "(0.5, 0.5): infinite at both ends"),
        )
    else:
        if not state.within(best):
            best, why_none = {}, "The maximum of the likelihood is outside the sliders' limits."
        what = why_none or "the a and b under which the observations are most likely"
        likeliest = Preset("maximum likelihood", best, what)
        found = (
            likeliest,
            Preset("(2, 5)", {"a": 2.0, "b": 5.0}, "a = 2 and b = 5: mode 0.2"),
            uniform,
        )
    return tuple(preset for preset in found if state.within(preset.values))
