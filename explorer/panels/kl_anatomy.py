"""Where a KL divergence comes from, point by point, and why it is never negative."""

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from explorer.core import Mixture, Normal, divergence_terms
from explorer.parts.curves import reaching
from explorer.parts.distributions import DOMAINS, STEPS, Distribution, ranges
from explorer.parts.divergence import beyond, divergence, terms, terms_over
from explorer.parts.inputs import Limits, Numbers, real, refuse
from explorer.parts.parameters import Checked, Parameters, choice, one
from explorer.parts.ranges import ceiling
from explorer.parts.words import exponential
from explorer.scene import (
    Area, Array, Axis, Bars, Blueprint, Control, Drag, Line, Mark, Note, Plot, Points, Preset,
    Role, Rule, Scene, Slider, Sum, Term, number,
)  # fmt: skip

UP_TO_TWO = np.append(np.geomspace(1e-3, 0.5, 40), np.linspace(0.52, 2, 40))
Z_TOPS = (4.0, 10.0, 40.0)  # up to where the bound is drawn
HIGHEST = 4.0  # of -log z, there
HEIGHTS = (2.0, 3.0, 4.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class State(Parameters):
    """Two distributions as numbers, the direction, and the point or class that is looked at.

    `p` and `q` may be given as families; for an `x` of None a point between their means is taken.
    """

    p: Any
    q: Any
    p_family: Any = None
    q_family: Any = None
    direction: str = choice("direction", {"forward": "KL(*p* ‖ *q*)", "reverse": "KL(*q* ‖ *p*)"})
    x: Any = one("x", "point that is looked at", DOMAINS["location"], steps=STEPS)

    def __post_init__(self) -> None:
        change = partial(object.__setattr__, self)
        for name in ("p", "q"):
            side = Distribution.of(name, getattr(self, name), getattr(self, f"{name}_family"))
            change(name, side.numbers)
            change(f"{name}_family", side.family)
        p, q = self.sides.values()
        if p.discrete != q.discrete or (p.discrete and p.classes != q.classes):
            refuse("q", q.member, "as many classes as p has" if p.discrete else "no classes")
        change("limits", Checked(ranges(p, q, self.limits)))
        x = real("x", between(p, q) if self.x is None else self.x, *self.limits["x"])
        change("x", float(round(x)) if p.discrete else x)
        super().__post_init__()

    @cached_property
    def sides(self) -> dict[str, Distribution]:
        """p and q by name."""
        return {"p": Distribution(self.p_family, self.p), "q": Distribution(self.q_family, self.q)}

    @property
    def ordered(self) -> tuple[str, str]:
        """The names of what is averaged over and of what it is compared with."""
        return ("p", "q") if self.direction == "forward" else ("q", "p")

    @property
    def discrete(self) -> bool:
        """Whether p and q are over classes."""
        return self.sides["p"].discrete

    def arguments(self) -> dict[str, Any]:
        """What the panel's function takes for this state, without `limits`."""
        sides = {name: (side.name, *side.numbers) for name, side in self.sides.items()}
        return {**sides, "direction": self.direction, "x": self.x}

    def controls(self) -> tuple[Control, ...]:
        """The numbers of p and of q, the point, the direction."""
        direction, x = super().controls()
        if self.discrete:
            x = Slider("x", "class", "class that is looked at", *self.limits["x"], 1.0, 0)
        sliders = (s for n, side in self.sides.items() for s in side.sliders(n, self.limits))
        return *sliders, x, direction


def between(p: Distribution, q: Distribution) -> float:
    """A point between the means, where the terms are visible; or the first class."""
    middle = 0.0 if p.discrete else 0.5 * float(p.member.mean() + q.member.mean())
    return float(f"{middle:.2g}") if math.isfinite(middle) else 0.0


def kl_anatomy(
    p: Any = None,
    q: Any = None,
    *,
    direction: str = "forward",
    x: float | None = None,
    limits: Limits | None = None,
) -> Blueprint[State]:
    """Show where KL(p || q), or KL(q || p), comes from.

    The integrand p log(p/q), negative in places, beside p (z - 1 - log z) with z = q/p, which never
    is and has the same integral, by the bound -log z >= 1 - z.

    Parameters
    ----------
    p, q : Normal, Laplace, StudentT, Beta, Mixture of at most 5, or Bernoulli, Categorical
        With single numbers as parameters; both over the line, or both over the same classes. Or
        the name of the family and its numbers, of which weights count by their share.
    direction : {"forward", "reverse"}
        KL(p || q) or KL(q || p).
    x : float, optional
        The point, or the number of the class, that is looked at.
    limits : dict, optional
        ``"x"``: the visible part of the line; ``"sigma"``, ``"shape"``: ranges of sliders.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``kl``, and its parts ``positive`` and ``negative``, in nats; over ``x_grid``
        (m,) the densities ``p`` and ``q``, the ``integrand`` and the ``bound_form``; and at x
        the ratio ``z``, its ``minus_log_z``, the ``gap`` in the bound, ``integrand_at``,
        ``bound_at`` and their ``difference_at``.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    state = State(
        p=Normal(-0.5, 0.8) if p is None else p,
        q=Normal(1.0, 1.4) if q is None else q,
        direction=direction,
        x=x,
        limits={} if limits is None else limits,
    )
    return Blueprint("kl_anatomy", state, view)


@np.errstate(over="ignore", invalid="ignore")  # where a density or a ratio is infinite
def view(state: State) -> Scene:
    """All that is on screen."""
    a, b = state.ordered
    both = state.sides[a], state.sides[b]
    kl, positive, negative = divergence(*both)
    over = terms_over(*both, state.limits["x"])
    at = terms(*both, np.array([state.x]))
    minus_log, integrand, never_negative, difference = (
        float(value[0]) for value in (at.minus_log, at.integrand, at.never_negative, at.b - at.a)
    )
    named: dict[str, Any] = {
        "kl": kl,
        "positive": positive,
        "negative": negative,
        "x_grid": over.x,
        a: over.a,
        b: over.b,
        "integrand": over.integrand,
        "bound_form": over.never_negative,
        "z": float(np.exp(-minus_log)),
        "minus_log_z": minus_log,
        "gap": float(divergence_terms(np.zeros(1), -at.minus_log)[0]),
        "integrand_at": integrand,
        "bound_at": never_negative,
        "difference_at": difference,
    }
    form, bounded = f"*{a}* log(*{a}*/*{b}*)", f"*{a}*(*z* − 1 − log *z*)"
    signs = Term(f"where *{a}* > *{b}*", positive), Term(f"where *{a}* < *{b}*", negative)
    here = Term(f"{form} at *x*", integrand), Term(f"*{b}* − *{a}* at *x*", difference)
    return Scene(
        named,
        (
            distributions(state, named),
            bound(state, named),
            summed_up(state, named, f"What is summed up: {form}", "integrand", "integrand_at"),
            summed_up(state, named, f"Never negative: {bounded}", "bound_form", "bound_at"),
        ),
        (
            Sum(Term(f"KL(*{a}* ‖ *{b}*)", kl), signs),
            Sum(Term(f"{bounded} at *x*", never_negative), here),
        ),
        presets(state),
        sentence(state, named),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def distributions(state: State, named: dict[str, Any]) -> Plot:
    top = 1.08 * highest(state, named, named["p"], named["q"])
    return Plot(
        "The two distributions",
        across(state),
        Axis("", (0.0, ceiling(top, HEIGHTS))),
        f"The distributions p and q; looked at is {place(state)}.",
        (
            *one_of_both(state, named, "p", "truth", -1),
            *one_of_both(state, named, "q", "model", 1),
            Rule(state.x, "observation", place(state), Drag(x="x")),
        ),
        click=Drag(x="x"),
    )


def one_of_both(state: State, named: dict[str, Any], name: str, role: Role, way: int) -> list[Mark]:
    """Bars beside the middle of each class; or a density, with a handle on each peak."""
    x, heights, side = named["x_grid"], named[name], state.sides[name]
    marks: list[Mark]
    if state.discrete:
        few = x.size < 5
        texts = tuple(f"*{name}* {number(h, 2)}" if few else f"*{name}*" for h in heights)
        return [Bars(x + 0.2 * way, heights, role, texts, width=0.38)]
    peaks = list(zip(side.those("location"), side.those("scale"), strict=True))
    label = "" if peaks else f"*{name}*"
    marks = [Area(x, heights, role), Line(x, heights, role, label, at=0.5 + 0.1 * way)]
    for i, k in peaks:
        center, drag = side.numbers[i], Drag(x=f"{name}.{i}", wheel=f"{name}.{k}")
        height = float(np.exp(side.member.log_prob(center)))
        label = f"*{name}*" if (i, k) == peaks[0] else ""
        marks.append(Points(center, height, role, label, drag=drag))
    return marks


def highest(state: State, named: dict[str, Any], *curves: Array) -> float:
    """The largest value that is finite and not close to the end of a support."""
    values = np.array(curves)
    if any(side.bounded for side in state.sides.values()):
        values = values[:, np.abs(np.abs(named["x_grid"] - 0.5) - 0.5) > 0.02]
    return float(values[np.isfinite(values)].max(initial=0.0)) or 0.1


def bound(state: State, named: dict[str, Any]) -> Plot:
    a, b = state.ordered
    z, height, note = named["z"], named["minus_log_z"], ""
    ratio = exponential(-height)
    top = next((top for top in Z_TOPS if z <= top), Z_TOPS[-1])
    if not height > -math.inf:
        lacking = f"*{a}* is 0" if named["integrand_at"] == 0 else f"*{b}* is infinite"
        note = f"no *z* at *x*: {lacking} there"
    elif z > top:
        note = f"*z* = {ratio} is off to the right"
    if note:
        z = height = math.nan
    grid = np.append(UP_TO_TWO, np.linspace(2, top, 40)[1:])
    return Plot(
        f"Because −log *z* ≥ 1 − *z*, with *z* = *{b}*/*{a}*",
        Axis("*z*", (0.0, top)),
        Axis("nats", (1 - top, HIGHEST)),
        "The curve minus log z and the line 1 minus z, which it touches at z = 1; at "
        f"{place(state)}, {note or f'z is {ratio}'}.",
        (
            Line(grid, 1 - grid, "muted", "1 − *z*", at=0.97),
            Line(grid, -np.log(grid), "loss", "−log *z*", at=0.3),
            Line(np.full(2, z), np.array([1 - z, min(height, 2 * HIGHEST)]), "loss"),
            Points(
                z,
                math.inf if height > HIGHEST else height,
                "loss",
                f"*z* = {ratio}, gap {number(named['gap'])}",
                small=True,
            ),
            Note(note, "loss"),
        ),
        tab="the bound",
    )


def summed_up(state: State, named: dict[str, Any], title: str, curve: str, point: str) -> Plot:
    """Terms over the line or the classes, by their sign, and those that are infinite."""
    x, heights, kl = named["x_grid"], named[curve], named["kl"]
    above, below = np.maximum(heights, 0.0), np.minimum(heights, 0.0)
    if state.discrete:
        marks: list[Mark] = [
            Bars(x, above, "loss", tuple(number(h) if 0 <= h < math.inf else "" for h in heights)),
            Bars(x, below, "muted", tuple(number(h) if h < 0 else "" for h in heights)),
        ]
    else:
        marks = [
            Area(x, above, "loss"),
            Area(x, below, "muted"),
            Line(x, reaching(above), "loss"),
            Line(x, reaching(below), "muted"),
            Rule(state.x, "muted", "", Drag(x="x")),
            Points(state.x, named[point], "loss", small=True),
        ]
    over = x[np.isinf(heights)]
    over = over[:: 1 + over.size // 8]
    top = ceiling(1.2 * highest(state, named, named["integrand"], named["bound_form"]), HEIGHTS)
    bottom = ceiling(max(highest(state, named, -named["integrand"]), 0.1 * top), HEIGHTS)
    return Plot(
        title,
        across(state),
        Axis("nats" if state.discrete else "nats per unit of *x*", (-bottom, top)),
        f"{title}; {number(kl)} in all.",
        (
            *marks,
            Points(
                over, np.full(over.size, np.inf), "loss", "∞" if state.discrete else "", small=True
            ),
            Note(f"{number(kl)} in all" if math.isfinite(kl) else "", "loss"),
        ),
        click=Drag(x="x"),
        tab=title.partition(":")[0].lower(),
    )


def across(state: State) -> Axis:
    """The line, or the classes by their numbers."""
    if not state.discrete:
        return state.axis("x")
    count = state.sides["p"].classes
    return Axis("", (-0.6, count - 0.4), names=tuple(map(str, range(count))))


# ----------------------------------------------------------------------------- words and buttons


def place(state: State) -> str:
    return f"class {state.x:.0f}" if state.discrete else f"*x* = {number(state.x)}"


def sentence(state: State, named: dict[str, Any]) -> str:
    a, b = state.ordered
    kl, name = named["kl"], f"KL(*{a}* ‖ *{b}*)"
    if math.isinf(kl):
        return why_infinite(state, name)
    if kl == 0:
        return f"*p* and *q* are the same: *z* is 1 everywhere, every term is 0, and so is {name}."
    text = (
        f"{name} is {number(kl)} nats: {number(named['positive'])} from where *{a}* is larger "
        f"than *{b}*, less {number(-named['negative'])} from where it is smaller."
    )
    if not math.isfinite(named["minus_log_z"]):
        return text
    return (
        f"{text} At {place(state)}, *{b}* is {exponential(-named['minus_log_z'])} times *{a}*: "
        f"the integrand is {number(named['integrand_at'])} there, the form that is never negative "
        f"{number(named['bound_at'])}."
    )


def why_infinite(state: State, name: str) -> str:
    """What is infinite, why, and whether it is so the other way round."""
    a, b = state.ordered
    first, second = state.sides[a], state.sides[b]
    share, where = beyond(first, second)
    why = f"the tails of *{a}* are so heavy that the mean of −log *{b}* under *{a}* has no bound."
    if where:
        mass = f"{number(100 * share, 1)} %" if share >= 0.0005 else "less than 0.1 %"
        why = (
            f"*{b}* is 0 {where}, where *{a}* is not and has {mass} of its mass. "
            f"What *{b}* considers impossible does happen."
        )
    back, *_ = divergence(second, first)
    backwards = f"KL(*{b}* ‖ *{a}*), the other way round, is {number(back)} nats."
    if math.isinf(back):
        backwards = f"It is infinite the other way round too: there *{a}* is 0 where *{b}* is not."
    return f"{name} is infinite: {why} {backwards}"


def presets(state: State) -> tuple[Preset, ...]:
    p, q = state.sides.values()
    found: list[tuple[str, Numbers, str]] = []
    if p.family is q.family and len(p.numbers) == len(q.numbers):
        found.append(("q equals p", p.numbers, "then both divergences are 0"))
    if q.family is Normal:
        mean, variance = float(p.member.mean()), float(p.member.variance())
        sigma = math.sqrt(variance) if math.isfinite(variance) else math.nan
        if p.family is not Normal:
            found.append(("q matches p's mean and variance", (mean, sigma), "the least KL(p ‖ q)"))
        found.append(("q twice as wide as p", (mean, 2 * sigma), "the same mean, twice the sigma"))
        found.append(("q half as wide as p", (mean, 0.5 * sigma), "the same mean, half the sigma"))
        if p.family is Mixture:
            first = p.values("location")[0], p.values("scale")[0]
            found.append(("q on one mode", first, "the first component of p"))
    elif q.bounded:
        found.append(("q uniform", (1.0, 1.0), "the same density everywhere"))
        found.append(("q U-shaped", (0.5, 0.5), "infinite at both ends"))
    elif q.discrete:
        *others, _ = q.numbers
        label = "q leaves the last class out" if others else "q is sure of 0"
        found.append(("q even", (0.5,) * len(q.numbers), "all classes equally likely"))
        found.append((label, (*others, 0.0), "what p does, q considers impossible"))
    sliders = q.sliders("q", state.limits)
    return tuple(
        Preset(
            label,
            {s.name: min(max(v, s.low), s.high) for s, v in zip(sliders, numbers, strict=True)},
            note,
        )
        for label, numbers, note in found
    )
