"""Where a KL divergence comes from, point by point, and why it is never negative."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import Family, Mixture, Normal, kl
from explorer.parts.curves import reaching
from explorer.parts.distributions import DOMAINS, STEPS, Distribution, ranges
from explorer.parts.divergence import Terms, TermsAt, beyond, tangent, terms_at, terms_over
from explorer.parts.inputs import Limits, real, refuse
from explorer.parts.parameters import Checked, Parameters, choice, one
from explorer.parts.ranges import ceiling
from explorer.parts.words import exponential
from explorer.scene import (
    Area, Array, Axis, Bars, Blueprint, Control, Drag, Line, Mark, Note, Plot, Points, Preset,
    Role, Rule, Scene, Slider, Sum, Term, number,
)  # fmt: skip

Z_TOPS = (4.0, 10.0, 40.0)  # up to where the bound is drawn
HIGHEST = 4.0  # of -log z, there
HEIGHTS = (2.0, 3.0, 4.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class State(Parameters):
    """Two distributions as numbers, the direction, and the point or class that is looked at.

    `p` and `q` may be given as families.
    """

    p: Any
    q: Any
    p_family: Any = None
    q_family: Any = None
    direction: str = choice("direction", {"forward": "KL(*p* ‖ *q*)", "reverse": "KL(*q* ‖ *p*)"})
    x: float = one("x", "point that is looked at", DOMAINS["location"], steps=STEPS)

    def __post_init__(self) -> None:
        for name in ("p", "q"):
            found = Distribution.of(name, getattr(self, name), getattr(self, f"{name}_family"))
            object.__setattr__(self, name, found.numbers)
            object.__setattr__(self, f"{name}_family", found.family)
        p, q = self.side("p"), self.side("q")
        if p.discrete != q.discrete or (p.discrete and p.classes != q.classes):
            refuse("q", q.member, "as many classes as p has" if p.discrete else "no classes")
        object.__setattr__(self, "limits", Checked(ranges(p, q, self.limits)))
        super().__post_init__()
        x = real("x", self.x, *self.limits["x"])
        object.__setattr__(self, "x", float(round(x)) if p.discrete else x)

    def side(self, name: str) -> Distribution:
        """p or q."""
        return Distribution(getattr(self, f"{name}_family"), getattr(self, name))

    def ordered(self) -> tuple[Distribution, Distribution, str, str]:
        """What is averaged over, what it is compared with, and their names."""
        a, b = ("p", "q") if self.direction == "forward" else ("q", "p")
        return self.side(a), self.side(b), a, b

    @property
    def discrete(self) -> bool:
        """Whether p and q are over classes."""
        return self.side("p").discrete

    def controls(self) -> tuple[Control, ...]:
        """The numbers of p and of q, the point, the direction."""
        direction, x = super().controls()
        if self.discrete:
            x = Slider("x", "class", "class that is looked at", *self.limits["x"], 1.0, 0)
        sliders = (slider for n in ("p", "q") for slider in self.side(n).sliders(n, self.limits))
        return *sliders, x, direction


def kl_anatomy(
    p: Family | None = None,
    q: Family | None = None,
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
        With single numbers as parameters; both over the line, or both over the same classes.
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
    p = Normal(-0.5, 0.8) if p is None else p
    q = Normal(1.0, 1.4) if q is None else q
    if x is None:
        x = between(p, q)
    limits = {} if limits is None else limits
    return Blueprint("kl_anatomy", State(p=p, q=q, direction=direction, x=x, limits=limits), view)


def between(p: Any, q: Any) -> float:
    """A point between the means, where the terms are visible; or the first class."""
    both = (f for f in (p, q) if isinstance(f, Family) and f.data == "continuous")
    means = [float(np.mean(f.mean())) for f in both] or [0.0]
    middle = float(f"{sum(means) / len(means):.2g}")
    return middle if math.isfinite(middle) else 0.0


def view(state: State) -> Scene:
    """All that is on screen."""
    first, second, a, b = state.ordered()
    terms, here = terms_over(first, second, state.limits["x"]), terms_at(first, second, state.x)
    p, q = (terms.a, terms.b) if a == "p" else (terms.b, terms.a)
    named = {
        "kl": terms.kl,
        "positive": terms.positive,
        "negative": terms.negative,
        "x_grid": terms.x,
        "p": p,
        "q": q,
        "integrand": terms.integrand,
        "bound_form": terms.never_negative,
        "z": here.z,
        "minus_log_z": here.minus_log,
        "gap": here.gap,
        "integrand_at": here.integrand,
        "bound_at": here.never_negative,
        "difference_at": here.difference,
    }
    sums = (
        Sum(
            Term(f"KL(*{a}* ‖ *{b}*)", terms.kl),
            (
                Term(f"where *{a}* > *{b}*", terms.positive),
                Term(f"where *{a}* < *{b}*", terms.negative),
            ),
        ),
        Sum(
            Term(f"*{a}*(*z* − 1 − log *z*) at *x*", here.never_negative),
            (
                Term(f"*{a}* log(*{a}*/*{b}*) at *x*", here.integrand),
                Term(f"*{b}* − *{a}* at *x*", here.difference),
            ),
        ),
    )
    plots = (
        distributions(state, terms, p, q),
        bound(state, here),
        terms_plot(
            state,
            terms,
            f"What is summed up: *{a}* log(*{a}*/*{b}*)",
            f"{a} log({a}/{b}) at every {kind(state)}: its positive part sums to "
            f"{number(terms.positive)}, its negative part to {number(terms.negative)}.",
            terms.integrand,
            here.integrand,
        ),
        terms_plot(
            state,
            terms,
            f"Never negative: *{a}*(*z* − 1 − log *z*)",
            f"{a} (z - 1 - log z) with z = {b}/{a} at every {kind(state)}: never negative, and its "
            f"sum is {number(terms.kl)} as well.",
            terms.never_negative,
            here.never_negative,
        ),
    )
    return Scene(named, plots, sums, presets(state), sentence(state, terms, here), columns=2)


# ------------------------------------------------------------------ the plots, as they are seen


def distributions(state: State, terms: Terms, p: Array, q: Array) -> Plot:
    marks = bars(terms.x, p, q) if state.discrete else curves(state, terms.x, p, q)
    return Plot(
        "The two distributions",
        across(state),
        Axis("", (0.0, ceiling(1.08 * terms.most(1.0, p, q), HEIGHTS))),
        f"The distributions p and q; looked at is the {kind(state)} {place(state)}.",
        (*marks, Rule(state.x, "observation", place(state), Drag(x="x"))),
        click=Drag(x="x"),
    )


def bars(classes: Array, p: Array, q: Array) -> list[Mark]:
    """Probabilities side by side: p on the left of each class, q on the right."""

    def labels(name: str, values: Array) -> tuple[str, ...]:
        return tuple(f"*{name}* {number(v, 2)}" if values.size < 5 else f"*{name}*" for v in values)

    return [
        Bars(classes - 0.2, p, "truth", labels("p", p), width=0.38),
        Bars(classes + 0.2, q, "model", labels("q", q), width=0.38),
    ]


def curves(state: State, x: Array, p: Array, q: Array) -> list[Mark]:
    """Both densities, with a handle on each peak."""
    marks: list[Mark] = []
    roles: tuple[tuple[str, Array, Role, float], ...] = (
        ("p", p, "truth", 0.4), ("q", q, "model", 0.6)
    )  # fmt: skip
    for name, density, role, at in roles:
        side = state.side(name)
        peaks = list(zip(side.those("location"), side.those("scale"), strict=True))
        label = "" if peaks else f"*{name}*"
        marks += [Area(x, density, role), Line(x, density, role, label, at=at)]
        for i, k in peaks:
            center, drag = side.numbers[i], Drag(x=f"{name}.{i}", wheel=f"{name}.{k}")
            height = float(np.exp(side.log_prob(np.array(center))))
            label = f"*{name}*" if i == peaks[0][0] else ""
            marks.append(Points(center, height, role, label, drag=drag))
    return marks


def bound(state: State, here: TermsAt) -> Plot:
    *_, a, b = state.ordered()
    z, height, note = here.z, here.minus_log, ""
    if not here.minus_log > -np.inf:
        lacking = f"*{a}* is 0" if here.a == 0 else f"*{b}* is infinite"
        note = f"no *z* at *x*: {lacking} there"
    elif z > Z_TOPS[-1]:
        note = f"*z* = {exponential(-here.minus_log)} is off to the right"
    top = next((top for top in Z_TOPS if z <= top), Z_TOPS[-1])
    grid, minus_log, straight = tangent(top)
    where = note or f"z is {exponential(-here.minus_log)}."
    if note:
        z = height = math.nan
    return Plot(
        f"Because −log *z* ≥ 1 − *z*, with *z* = *{b}*/*{a}*",
        Axis("*z*", (0.0, top)),
        Axis("", (1 - top, HIGHEST)),
        "The curve minus log z and the line 1 minus z, which it touches at z = 1; at "
        f"{place(state)}, {where}",
        (
            Line(grid, straight, "muted", label="1 − *z*", at=0.97),
            Line(grid, minus_log, "model", label="−log *z*", at=0.3),
            Line(np.full(2, z), np.array([1 - z, min(height, 2 * HIGHEST)]), "loss"),
            Points(
                z,
                np.inf if height > HIGHEST else height,
                "loss",
                f"*z* = {exponential(-here.minus_log)}, gap {number(here.gap)}",
                small=True,
            ),
            Note(note, "loss"),
        ),
    )


def terms_plot(
    state: State, terms: Terms, title: str, description: str, heights: Array, here: float
) -> Plot:
    """Terms over the line or the classes, by their sign, and those that are infinite."""
    x, over = terms.x, terms.x[np.isinf(heights)]
    over = over[:: 1 + over.size // 8]
    mark = "∞" if state.discrete else ""
    infinite = Points(over, np.full(over.size, np.inf), "loss", mark, small=True)
    above, below = np.maximum(heights, 0.0), np.minimum(heights, 0.0)
    if state.discrete:
        negative = heights < 0
        marks: list[Mark] = [
            Bars(x, above, "loss", numbers(np.where(negative, np.nan, heights))),
            Bars(x, below, "muted", numbers(np.where(negative, heights, np.nan))),
        ]
    else:
        marks = [
            Area(x, above, "loss"),
            Area(x, below, "muted"),
            Line(x, reaching(above), "loss"),
            Line(x, reaching(below), "muted"),
            Rule(state.x, "muted", "", Drag(x="x")),
            Points(state.x, here, "loss", small=True),
        ]
    both = terms.integrand, terms.never_negative
    top = ceiling(1.2 * terms.most(1.0, *both), HEIGHTS)
    bottom = ceiling(max(terms.most(-1.0, *both), 0.1 * top), HEIGHTS)
    total = f"{number(terms.kl)} in all" if np.isfinite(terms.kl) else ""
    return Plot(
        title,
        across(state),
        Axis("", (-bottom, top)),
        description,
        (*marks, infinite, Note(total, "loss")),
        click=Drag(x="x"),
    )


def across(state: State) -> Axis:
    """The line, or the classes by their numbers."""
    if not state.discrete:
        return state.axis("x")
    count = state.side("p").classes
    return Axis("", (-0.6, count - 0.4), names=tuple(map(str, range(count))))


# ----------------------------------------------------------------------------- words and buttons


def numbers(values: Array) -> tuple[str, ...]:
    return tuple(number(v) if math.isfinite(v) else "" for v in values.tolist())


def kind(state: State) -> str:
    return "class" if state.discrete else "point"


def place(state: State) -> str:
    return f"class {state.x:.0f}" if state.discrete else f"*x* = {number(state.x)}"


def sentence(state: State, terms: Terms, here: TermsAt) -> str:
    first, second, a, b = state.ordered()
    name = f"KL(*{a}* ‖ *{b}*)"
    if np.isinf(terms.kl):
        return why_infinite(first, second, a, b)
    if terms.kl == 0:
        return f"*p* and *q* are the same: *z* is 1 everywhere, every term is 0, and so is {name}."
    text = (
        f"{name} is {number(terms.kl)} nats: {number(terms.positive)} from where *{a}* is "
        f"larger than *{b}*, less {number(-terms.negative)} from where it is smaller."
    )
    if np.isfinite(here.minus_log):
        text += (
            f" At {place(state)}, *{b}* is {exponential(-here.minus_log)} times *{a}*: "
            f"the integrand is {number(here.integrand)} there, the form that is never "
            f"negative {number(here.never_negative)}."
        )
    return text


def why_infinite(first: Distribution, second: Distribution, a: str, b: str) -> str:
    """What is infinite, why, and whether it is so the other way round."""
    name, back = f"KL(*{a}* ‖ *{b}*)", float(kl(second.member, first.member))
    backwards = f"KL(*{b}* ‖ *{a}*), the other way round, is {number(back)} nats."
    if np.isinf(back):
        backwards = f"It is infinite the other way round too: there *{a}* is 0 where *{b}* is not."
    share, where = beyond(first, second)
    if not where:
        return (
            f"{name} is infinite: the tails of *{a}* are so heavy that the mean of −log *{b}* "
            f"under *{a}* has no bound. {backwards}"
        )
    mass = f"{number(100 * share, 1)} %" if share >= 0.0005 else "less than 0.1 %"
    return (
        f"{name} is infinite: *{b}* is 0 {where}, where *{a}* is not and has {mass} of "
        f"its mass. What *{b}* considers impossible does happen. {backwards}"
    )


def presets(state: State) -> tuple[Preset, ...]:
    p, q = state.side("p"), state.side("q")
    count = len(q.numbers)
    goals: list[tuple[str, dict[int, float], str]] = []
    if p.family is q.family and len(p.numbers) == count:
        goals.append(("q equals p", dict(enumerate(p.numbers)), ""))
    if q.family is Normal:
        mean, variance = float(p.member.mean()), float(p.member.variance())
        deviation = math.sqrt(variance) if math.isfinite(variance) else math.nan
        if p.family is not Normal:
            goals.append(("q matches p's mean and variance", {0: mean, 1: deviation}, ""))
        goals.append(("q twice as wide as p", {0: mean, 1: 2 * deviation}, ""))
        goals.append(("q half as wide as p", {0: mean, 1: 0.5 * deviation}, ""))
        if p.family is Mixture:
            first = {0: p.values("location")[0], 1: p.values("scale")[0]}
            goals.append(("q on one mode", first, ""))
    elif q.bounded:
        goals.append(("q uniform", {0: 1.0, 1: 1.0}, ""))
        goals.append(("q U-shaped", {0: 0.5, 1: 0.5}, "infinite at both ends"))
    elif q.discrete:
        last = "q is sure of 0" if count == 1 else "q leaves the last class out"
        goals.append(("q even", dict.fromkeys(range(count), 0.5), ""))
        goals.append((last, {count - 1: 0.0}, "what p does, q considers impossible"))
    sliders = q.sliders("q", state.limits)
    return tuple(
        Preset(
            label,
            {
                sliders[i].name: min(max(value, sliders[i].low), sliders[i].high)
                for i, value in values.items()
            },
            note,
        )
        for label, values, note in goals
    )
