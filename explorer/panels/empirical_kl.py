"""From Diracs to the mean loss: observations as spikes, and how far a model is from them."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from explorer.core import Boxes, Mixture, cross_entropy, entropy
from explorer.parts.curves import inner, places
from explorer.parts.families import WithModel, given_family, suited, with_model
from explorer.parts.inputs import Limits, Numbers, column, measured
from explorer.parts.parameters import POSITIVE, REAL, choice, many, one
from explorer.parts.plane import LESS_COLOUR
from explorer.parts.ranges import ceiling
from explorer.parts.spikes import (
    LEVELS, Task, drawn_at, landscape, least_over_widths, nearest, over_widths, spiked,
)  # fmt: skip
from explorer.scene import (
    Area, Array, Axis, Blueprint, Drag, Landscape, Line, Mark, Note, Plot, Points, Preset, Role,
    Rug, Rule, Scene, Sum, Term, number, tidy,
)  # fmt: skip

DATA: Numbers = (-1.4, -0.6, 0.1, 0.5, 1.9)
BOUNDED_DATA: Numbers = (0.08, 0.35, 0.5, 0.6, 0.85)
START = {"mu": 0.8, "sigma": 1.5, "scale": 1.5, "b": 3.0}  # a model beside these
LINE, INSIDE = REAL, (1e-6, 1 - 1e-6)  # where observations may lie
SHAPES = {True: (0.1, 8.0), False: (1.0, 20.0)}  # of nu below 1 several models may be nearest
MOST = 400  # observations; more make the entropy of their spikes slow
DECADES = 4  # of the width


@dataclass(frozen=True, kw_only=True)
class State(WithModel):
    """Observations, the width and the shape of their spikes, and a model."""

    first = "width"
    observations: Numbers = many("y", "observation", LINE, axis="y", most=MOST)
    width: float = one("ε", "width of a spike", POSITIVE, log=True)
    spikes: str = choice("shape of a spike", {"normal": "Normal spikes", "box": "boxes"})

    def __post_init__(self) -> None:
        super().__post_init__()
        column("observations", self.observations, *(INSIDE if self.bounded else LINE))

    @property
    def bounded(self) -> bool:
        """Whether the model is on an interval with ends."""
        return math.isfinite(self.family.support[0])

    @property
    def task(self) -> Task:
        """What is fitted to what."""
        return Task(self.family, self.fixed, self.observations, self.spikes)


def empirical_kl(
    observations: Any = None,
    width: float | None = None,
    *,
    family: Any = "normal",
    spikes: str = "normal",
    limits: Limits | None = None,
    **parameters: float | None,
) -> Blueprint[State]:
    """Show KL(data || model) when each observation is a spike, down to almost a Dirac.

    With narrower spikes the entropy of the data falls without end and takes KL with it; the
    cross-entropy settles on the mean loss, and KL less its minimum over the model stands still.

    Parameters
    ----------
    observations : list, array or Series, optional
        Up to 400 numbers; for a Beta model inside (0, 1).
    width : float, optional
        The standard deviation of a Normal spike, or the full width of a box; positive.
    family : {"normal", "beta", "laplace", "student_t"}, or one of these families
        The model.
    spikes : {"normal", "box"}
        The shape of a spike. Normal ones always leak out of (0, 1), boxes need not.
    limits : dict, optional
        A slider's range by name, e.g. ``{"width": (1e-6, 1)}``, and that of the axis as ``"y"``.
    **parameters : float
        Those of the family: mu and sigma; a and b; mu and scale; nu, mu and sigma.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``cross_entropy``, ``entropy``, ``kl``, ``mean_nll`` and ``excess`` (KL less
        its minimum over the model; nan where every model is infinitely far), all in nats,
        ``best``, a dict by parameter of the nearest model (with the same nu; empty where there is
        none), and ``leak``, the share of the data's mass outside of the model's support.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    kind, given = given_family(family, parameters)
    bounded = math.isfinite(kind.support[0])
    data = BOUNDED_DATA if bounded else DATA
    if observations is not None:
        taken = column if bounded else measured
        data = taken("observations", observations, *(INSIDE if bounded else LINE), MOST)
    start, ranges = suited(kind, data)
    span = float(np.ptp(data))
    unit = 10.0 ** math.floor(math.log10(span)) if span and not bounded else 1.0
    start["width"], ranges["width"] = 0.1 * unit, (tidy(unit / 10**DECADES), unit)
    ranges |= {p.name: SHAPES[bounded] for p in kind.parameters if p.role == "shape"}
    ranges["y"] = (-0.15, 1.15) if bounded else ranges["y"]
    if observations is None:
        start |= {name: value for name, value in START.items() if name in start}
    given |= {"width": width}
    state = with_model(State, kind).start(
        start, ranges, given, limits, observations=data, spikes=spikes
    )
    return Blueprint("empirical_kl", state, view)


class Seen(NamedTuple):
    """The data as spikes, the model, the best one, and how far they are."""

    p: Mixture | Boxes
    model: Any
    best: dict[str, float]
    least: float  # cross-entropy
    cross_entropy: float
    entropy: float
    kl: float
    excess: float
    mean_nll: float
    leak: float


def looked_at(state: State, width: float) -> Seen:
    y, model = state.observations, state.model
    p, (best, least) = spiked(y, width, state.spikes), nearest(state.task, width)
    crossed, entropy_of_p = float(cross_entropy(p, model)), float(entropy(p))
    kl, excess = crossed - entropy_of_p, crossed - least
    mean_nll = float(model.nll(np.array(y)).mean())
    leak = float(p.cdf(0.0) + np.mean(1 - p.cdf(1.0))) if state.bounded else 0.0
    return Seen(p, model, best, least, crossed, entropy_of_p, kl, excess, mean_nll, leak)


def view(state: State) -> Scene:
    """All that is on screen."""
    seen = looked_at(state, state.width)
    crossed = Term("cross-entropy", seen.cross_entropy)
    minus_entropy = Term("− entropy of the data", -seen.entropy)
    kl = Term("KL(data ‖ *q*)", seen.kl)
    minus_least = Term("− its minimum over *q*", seen.entropy - seen.least)
    names = ("cross_entropy", "entropy", "kl", "excess", "mean_nll", "best", "leak")
    return Scene(
        {name: getattr(seen, name) for name in names},
        (densities(state, seen), along(state, seen), every_model(state, seen)),
        (
            Sum(kl, (crossed, minus_entropy)),
            Sum(Term("KL − min KL", seen.excess), (kl, minus_least)),
        ),
        presets(state, seen),
        sentence(state, seen),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def densities(state: State, seen: Seen) -> Plot:
    p, q, limits = seen.p, seen.model, state.limits["y"]
    x, each, y = drawn_at(state.task, state.width, limits)
    spikes, peaks = np.exp(p.log_prob(x)), np.exp(p.log_prob(each))
    x_of_q = places(q, limits)
    curve = np.exp(q.log_prob(x_of_q))
    least = 3.0 if state.bounded else 1 / (float(np.std(y)) or state.limits["width"][1])
    top = ceiling(max(least, 1.2 * float(inner(q, curve).max())))
    highest = written(float(peaks.max()))
    over = each[peaks > top]
    more: tuple[Mark, ...]
    if state.bounded:
        out = (x < 0) | (x > 1)
        line = np.where(out & (spikes > 0), spikes, np.nan)
        more = (
            Area(x, np.where(out, spikes, 0.0), "observation"),
            Line(x, line, "observation"),
        )
    else:
        location, scale = state.plane()
        drag = Drag(x=location, wheel=scale)
        more = (Points(getattr(state, location), float(q.peak()), "model", "*q*", drag=drag),)
    title = f"Spikes up to {highest} high" if over.size else "The data as spikes"
    return Plot(
        f"{title}, and the model *q*",
        Axis("*y*", limits),
        Axis("", (0.0, top)),
        f"The {len(y)} observations as {shape(state)} of width {written(state.width)}, the highest "
        f"{highest}, and the model's density.",
        (
            Area(x, spikes, "truth"),
            Line(x, spikes, "truth"),
            Area(x_of_q, curve, "model"),
            Line(x_of_q, curve, "model"),
            Rug(y, "observation"),
            Points(over, np.full(over.size, np.inf), "truth", small=True),
            *more,
        ),
    )


def along(state: State, seen: Seen) -> Plot:
    at, limits, loss = state.width, state.limits["width"], number(seen.mean_nll)
    widths, entropies, nodes, weights = over_widths(state.observations, state.spikes, limits)
    least = least_over_widths(state.task, limits)
    crossed = np.where(np.isfinite(least), seen.model.nll(nodes) @ weights, np.inf)
    with np.errstate(invalid="ignore"):
        kls, excesses = crossed - entropies, crossed - least
    finite = np.concatenate([kls, crossed])
    finite = finite[np.isfinite(finite)]
    bottom = ceiling(max(-float(entropies.min()), 1.0))
    labels = ("cross-entropy", "KL − min KL", "KL") if finite.size else ("", "", "")
    curves: tuple[tuple[Role, Array, float, str, bool, float], ...] = (
        ("truth", entropies, seen.entropy, "entropy", False, 0.25),
        ("model", crossed, seen.cross_entropy, labels[0], False, 0.1),
        ("loss", excesses, seen.excess, labels[1], True, 0.1),
        ("loss", kls, seen.kl, labels[2], False, 0.25),
    )
    flat = np.full(widths.size, seen.mean_nll)
    return Plot(
        "KL has no limit as *ε* → 0" if finite.size else "KL is infinite at every *ε*",
        Axis("*ε*", limits, log=True),
        Axis("nats", (-bottom, ceiling(max(2.0, *finite, bottom)))),
        f"Against the width of the spikes: KL, now {number(seen.kl)}; the entropy of the spikes, "
        f"{number(seen.entropy)}; the cross-entropy, {number(seen.cross_entropy)}, beside the mean "
        f"loss, {loss}; and KL less its minimum, {number(seen.excess)}.",
        (
            *(
                Line(widths, y, role, label, dashed, place)
                for role, y, _, label, dashed, place in curves
            ),
            Line(widths, flat, "observation", f"mean loss {loss}", dashed=True, at=0.8),
            Rule(at, "muted", f"*ε* = {written(at)}", Drag(x="width")),
            *(Points(at, value, role, small=True) for role, _, value, *_ in curves),
        ),
    )


def every_model(state: State, seen: Seen) -> Plot:
    x, y = state.plane()
    present, at = (getattr(state, x), getattr(state, y)), state.at(x, y)
    best, where = (math.nan, math.nan), ""
    if seen.best:
        best = seen.best[x], seen.best[y]
        where = f"best ({state.text(x, best[0])}, {state.text(y, best[1])})"
    ranges = (x, state.limits[x]), (y, state.limits[y])
    return Plot(
        f"KL less its minimum{among(state)}",
        state.axis(x),
        state.axis(y),
        f"KL less its minimum, over all models: the present one at {at}, "
        + (f"the {where}." if where else "no best model: all are infinitely far.")
        + f" {LESS_COLOUR}",
        (
            Landscape(landscape(state.task, state.width, ranges), LEVELS),
            Points(*best, "optimum", where, small=True),
            Points(*present, "model", at, drag=Drag(x=x, y=y)),
            Note("" if where else "KL = ∞ everywhere", "loss"),
        ),
    )


# ----------------------------------------------------------------------------- words and buttons


def sentence(state: State, seen: Seen) -> str:
    count, width = len(state.observations), written(state.width)
    if math.isinf(seen.kl):
        return leaking(state, seen.leak)
    data = f"the {count} observations have" if count > 1 else "the one observation has"
    far = number(seen.excess)
    near = "as little as for any" if far == number(0.0) else f"{far} more than for the best"
    then = looked_at(state, tidy(state.width / 10))  # on the slider's grid, so it is remembered
    return (
        f"Widened to {shape(state, count)} of width {width}, {data} KL(data ‖ *q*) = "
        f"{number(seen.kl)} nats, {near} model{among(state)}. Ten times narrower, KL would be "
        f"{number(then.kl)}, and the excess {number(then.excess)}: the entropy would fall by "
        f"{number(seen.entropy - then.entropy)}, whatever the model."
    )


def leaking(state: State, leak: float) -> str:
    """Why KL is infinite, and which boxes stay inside."""
    boxes, free = state.spikes == "box", room(state.observations)
    share = f"{number(100 * leak, 1)} %" if leak >= 0.0005 else "less than 0.1 %"
    digit = 10.0 ** (math.floor(math.log10(free)) - 2)
    return (
        f"{'Boxes' if boxes else 'Normal spikes'} of width {written(state.width)} reach out of "
        f"(0, 1), where a {state.family.title} has density 0; {share} of their mass lies there, so "
        f"KL is infinite, for every model{'' if boxes else ' and at every width'}. Boxes no wider "
        f"than {written(math.floor(free / digit) * digit)} stay inside."
    )


def room(y: Numbers) -> float:
    """The width up to which boxes stay inside (0, 1)."""
    return 2 * min(min(y), 1 - max(y))


def shape(state: State, count: int = 2) -> str:
    one, many = ("Normal spike", "Normal spikes") if state.spikes == "normal" else ("box", "boxes")
    return many if count > 1 else f"a {one}"


def among(state: State) -> str:
    """Which models are compared."""
    names = [name for name, _ in state.fixed]
    return f" with this {state.symbols(*names)}" if names else ""


def written(width: float) -> str:
    """With three digits that count, written out."""
    return number(width, max(0, 2 - math.floor(math.log10(width))))


def presets(state: State, seen: Seen) -> tuple[Preset, ...]:
    low, high = state.limits["width"]
    goal = state.goal(seen.best, *state.plane())
    to_best = Preset("nearest model", goal, "the model with the least KL at this width")
    if not state.bounded:
        return (
            to_best,
            Preset("wide spikes", {"width": high}, "so wide that they overlap"),
            Preset("narrow", {"width": tidy(0.01 * high)}, "spikes of their own"),
            Preset("nearly Diracs", {"width": low}, "the narrowest here"),
        )
    inside = max(low, min(0.1, float(f"{0.9 * room(state.observations):.1g}")))
    return (
        Preset("Normal spikes", {"spikes": "normal"}, "infinitely far from every model"),
        Preset("boxes that stay inside", {"spikes": "box", "width": inside}, "inside (0, 1)"),
        Preset("nearly Diracs", {"spikes": "box", "width": low}, "the narrowest boxes here"),
        to_best,
    )
