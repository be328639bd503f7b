"""What to return from a predicted distribution: its mode, mean or median, an interval, or all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from explorer.core import (
    LOSSES, Beta, Loss, Mixture, best_answer, interval_risk, risk,
)  # fmt: skip
from explorer.parts.curves import inner, places, still
from explorer.parts.families import (
    AND_TWO_NORMALS, WithModel, fitted, given_family, observed, parameters_of, with_model,
)  # fmt: skip
from explorer.parts.inputs import Interval, Limits, Numbers, measured, real, refuse
from explorer.parts.parameters import LARGE, POSITIVE, one
from explorer.parts.plane import remembered
from explorer.parts.ranges import ONE_TWO_FIVE, ceiling, fine_step, rounded
from explorer.parts.words import amount, chance, listed
from explorer.scene import (
    Area, Array, Axis, Blueprint, Drag, Line, Note, Plot, Points, Preset, Rug, Rule, Scene, Sum,
    Term, number,
)  # fmt: skip

MOST = 10_000  # observations
SHARES = np.array([2.33e-4, 0.25, 0.5, 0.75, 1 - 2.33e-4])  # the first beyond 3.5 sigma
FAR = 6.0  # the most that the axis holds of heavy tails, in interquartile ranges
CLOSE = 0.002  # of the axis: marks that share a label
ASKED: Mapping[Loss, tuple[str, str, str, str]] = {  # what for, the best answer, the risk, its axis
    "zero_one": ("hits", "", "How often it misses by more than {}", "probability"),
    "absolute": ("distance", "median", "How far off it is: |*y* − *t*|", "E|*y* − *t*|"),
    "squared": ("squared distance", "mean", "How far off, squared: (*y* − *t*)²", "E(*y* − *t*)²"),
}


@dataclass(frozen=True, kw_only=True)
class State(WithModel):
    """A distribution, an answer to be returned from it, and how answers are judged."""

    first = "answer"
    answer: float = one("t", "answer t")
    tolerance: float = one("within", "tolerance", POSITIVE, steps=100)
    level: float = one("level", "probability of the interval", (0.01, 0.99), steps=98)
    observations: Numbers = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        real("answer", self.answer, *np.clip(self.family.support, -LARGE, LARGE).tolist())
        if type(self.observations) is not tuple or self.observations:
            seen = measured("observations", self.observations, -LARGE, LARGE, MOST)
            object.__setattr__(self, "observations", seen)

    def arguments(self) -> dict[str, Any]:
        """What the panel's function takes for this state, without `limits`."""
        given = super().arguments()
        return {"distribution": given.pop("family"), **given}

    def place(self, y: float) -> str:
        """A place on the axis, or far beyond it."""
        low, high = self.limits["answer"]
        return self.text("answer", y) if abs(y - low) < 1e3 * (high - low) else amount(y, most=0)

    def together(self, one: float, other: float) -> bool:
        """Whether two places are one to the eye."""
        low, high = self.limits["answer"]
        return abs(one - other) < CLOSE * (high - low)


def point_estimate(
    distribution: Any = "mixture",
    *,
    answer: float | None = None,
    tolerance: float | None = None,
    level: float = 0.8,
    observations: Any = None,
    limits: Limits | None = None,
    **parameters: float | None,
) -> Blueprint[State]:
    """Show what to return when a whole distribution is predicted and one answer is wanted.

    The density with its mode, median, mean and central interval, and the expected loss of every
    answer t under three losses: 0-1 (|y - t| above a tolerance), absolute and squared.

    Parameters
    ----------
    distribution : {"mixture", "normal", "beta", "laplace", "student_t"}, or one of these families
        What is predicted; a mixture is one of two Normals, by default far apart.
    answer : float, optional
        The answer t to look at; the mean if not given, or the median where there is no mean.
    tolerance : float, optional
        Up to where an answer counts as a hit.
    level : float
        The probability of the central interval, from 0.01 to 0.99.
    observations : list, array or Series, optional
        Data to fit the distribution to by maximum likelihood: the family that is named. Parameters
        that are given stay as they are.
    limits : dict, optional
        A slider's range by name; that of ``"answer"`` is the axis of y too.
    **parameters : float
        Those of the family that is named; mu_1, sigma_1, mu_2, sigma_2 and weight of the mixture.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``mode`` (nan where that is not one point), ``median`` and ``mean``, dicts
        ``density_at`` those and ``best``, the best answer by loss ("zero_one", "absolute",
        "squared"), ``interval`` (2,), and ``risks``: the expected loss by answer ("mode", "median",
        "mean", "answer", "interval", "distribution") and loss. The absolute one of t is ``below`` +
        ``above``, the squared one ``variance`` + ``bias``. In heavy tails some are infinite or nan.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    family, theta = given_family(distribution, parameters, "distribution", AND_TWO_NORMALS)
    theta = {name: value for name, value in theta.items() if value is not None}
    seen: Numbers = ()
    if observations is not None:
        if not isinstance(distribution, str):
            refuse("observations", observations, f"them, or else {listed(list(theta))}")
        seen = observed(observations, family, MOST)
        if len(theta) < len(parameters_of(family)):
            best, reason = fitted(family, seen)
            if reason:
                refuse("observations", observations, f"what has a best {family.title}. {reason}")
            theta = best | theta
    theta = {p.name: p.start for p in parameters_of(family)} | theta
    kind = with_model(State, family)
    draft = kind(limits={}, answer=0.5, tolerance=1.0, level=level, **theta)
    ranges = suited(draft)
    low, high = ranges["answer"]
    center = float(draft.model.mean())
    center = center if math.isfinite(center) else float(draft.model.quantile(0.5))
    given = {
        "answer": min(max(center, low), high) if answer is None else answer,
        "tolerance": ceiling(0.04 * (high - low), ONE_TWO_FIVE) if tolerance is None else tolerance,
        "level": level,
    }
    state = kind.start({}, ranges, given | draft.theta, limits, observations=seen)
    return Blueprint("point_estimate", state, view)


def suited(state: State) -> dict[str, Interval]:
    """An axis with nearly all of the distribution and with round ends, and ranges of that size."""
    low, high = state.family.support
    if math.isinf(low):
        parts = getattr(state.model, "components", (state.model,))
        least, quarter, median, rest, most = np.array([part.quantile(SHARES) for part in parts]).T
        far = FAR * (rest - quarter)
        low = float(np.maximum(least, median - far).min())
        high = float(np.minimum(most, median + far).max())
        low, high = rounded(low, high, (high - low) / 20)
    step, width = fine_step(low, high), high - low
    ranges = {"answer": (low, high), "tolerance": (step, 0.25 * width), "level": (0.01, 0.99)}
    for p in parameters_of(state.family):
        ranges[p.name] = {
            "location": (low, high),
            "scale": (0.005 * width, 0.5 * width),
            "weight": (0.01, 0.99),
        }.get(p.role, (0.05, ceiling(max(20.0, getattr(state, p.name)), ONE_TWO_FIVE)))
    return ranges


@dataclass(frozen=True)
class Seen:
    """The answers to take from a distribution, and what each of them is expected to cost."""

    model: Any
    answers: dict[str, float]  # the mode, median and mean
    at: Array  # the same
    heights: Array  # the density there
    interval: Interval
    best: dict[Loss, float]  # the answer of least risk
    risks: dict[str, dict[Loss, float]]  # by answer


def looked_at(state: State) -> Seen:
    model, t = state.model, state.answer
    median, interval, outside = central(model, state.level)
    answers = {"mode": float(model.mode()), "median": median, "mean": float(model.mean())}
    hit = richest(model, "zero_one", state.tolerance)
    best: dict[Loss, float] = {"zero_one": hit, "absolute": median, "squared": answers["mean"]}
    risks: dict[str, dict[Loss, float]] = {n: {} for n in (*answers, "answer", "distribution")}
    for loss in LOSSES:
        least = t if math.isnan(best[loss]) else best[loss]  # where there is none, all are alike
        costs = risk(model, [*answers.values(), t, least], loss, state.tolerance).tolist()
        for name, cost in zip(risks, costs, strict=True):
            risks[name][loss] = cost
    risks["interval"] = outside
    at = np.array(list(answers.values()))
    return Seen(model, answers, at, np.exp(model.log_prob(at)), interval, best, risks)


richest = lru_cache(maxsize=64)(best_answer)


@lru_cache(maxsize=64)
def central(model: Any, level: float) -> tuple[float, Interval, dict[Loss, float]]:
    """The median, the central interval with this probability, and its risks."""
    tail = 0.5 * (1 - level)
    low, median, high = model.quantile(np.array([tail, 0.5, 1 - tail])).tolist()
    return median, (low, high), {k: float(interval_risk(model, low, high, k)) for k in LOSSES}


def view(state: State) -> Scene:
    """All that is on screen."""
    seen = looked_at(state)
    costs, off = seen.risks["answer"], seen.answers["mean"] - state.answer
    distance = costs["absolute"]
    lean = off if math.isfinite(distance) else 0.0
    parts = {
        "below": 0.5 * (distance - lean),
        "above": 0.5 * (distance + lean),
        "variance": float(seen.model.variance()),
        "bias": off**2,
    }
    named = {
        **seen.answers,
        "density_at": dict(zip(seen.answers, seen.heights.tolist(), strict=True)),
        "best": seen.best,
        "interval": np.array(seen.interval),
        "risks": seen.risks,
        **parts,
    }
    labels = "where *y* < *t*", "where *y* > *t*", "variance of *y*", "(mean − *t*)²"
    terms = tuple(map(Term, labels, parts.values()))
    return Scene(
        named,
        (density(state, seen), *(expected(state, seen, loss) for loss in LOSSES)),
        (
            Sum(Term("E|*y* − *t*|", distance), terms[:2]),
            Sum(Term("E(*y* − *t*)²", costs["squared"]), terms[2:]),
        ),
        presets(state, seen),
        sentence(state, seen),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def density(state: State, seen: Seen) -> Plot:
    low, high = state.limits["answer"]
    grid, curve, peak = hill(seen.model, (low, high))
    inside = np.linspace(max(low, seen.interval[0]), min(high, seen.interval[1]), 61)
    top = max(peak, *seen.heights[np.isfinite(seen.heights)].tolist())
    there = [f"{n} {state.place(y)}" for n, y in seen.answers.items() if math.isfinite(y)]
    labels = []
    for name, y in seen.answers.items():
        same = [n for n, other in seen.answers.items() if n == name or state.together(y, other)]
        labels.append(f"{', '.join(same)} {state.place(y)}" if same[0] == name else "")
    return Plot(
        "What is predicted, and what to return",
        Axis("*y*", (low, high)),
        Axis("", (0.0, ceiling(max(1.1 * top, 1e-12)))),
        f"The predicted density, with {', '.join(there)} and a central interval.",
        (
            Area(grid, curve, "model"),
            Area(inside, np.exp(seen.model.log_prob(inside)), "model"),
            Line(grid, curve, "model"),
            *((Rug(np.array(state.observations), "observation"),) if state.observations else ()),
            Rule(state.answer, "loss", f"*t* = {state.text('answer')}", Drag(x="answer")),
            Points(seen.at, seen.heights, "optimum", tuple(labels), drop="x", small=True),
        ),
    )


@remembered(64)
def hill(model: Any, limits: Interval) -> tuple[Array, Array, float]:
    """The density over the axis, and its highest point but for ends where it may be infinite."""
    grid = places(model, limits)
    curve = np.exp(model.log_prob(grid))
    return grid, curve, float(inner(model, curve).max())


def expected(state: State, seen: Seen, loss: Loss) -> Plot:
    low, high = state.limits["answer"]
    t, best = state.answer, seen.best[loss]
    costs = {name: by_loss[loss] for name, by_loss in seen.risks.items()}
    cost, least, between = (costs[name] for name in ("answer", "distribution", "interval"))
    marked = [costs[name] for name in seen.answers]
    finite = [value for value in (*marked, cost) if math.isfinite(value)]
    top = ceiling(max(1.3 * max(finite), 1e-12)) if finite and loss != "zero_one" else 1.0
    near = [name for name, y in seen.answers.items() if state.together(y, best)]
    near.sort(key=lambda name: name != ASKED[loss][1])
    labels = ["" if n in near else labelled(n, costs[n]) for n in seen.answers]
    lone = not any(state.together(y, t) for y in seen.answers.values())
    inside = np.array([max(low, seen.interval[0]), min(high, seen.interval[1])])
    there = f"at the best, {state.place(best)}, {number(least)}" if finite else "as everywhere"
    return Plot(
        ASKED[loss][2].format(state.text("tolerance")),
        Axis("*t*", (low, high)),
        Axis(ASKED[loss][3], (0.0, top)),
        f"The expected {loss.replace('_', '-')} loss of every answer; at {state.text('answer')} it "
        f"is {number(cost)}, {there}.",
        (
            Line(*every_answer(seen.model, loss, (low, high), state.tolerance), "loss"),
            Line(inside, np.full(2, between), "model", labelled("interval", between)),
            Points(seen.at, np.array(marked), "muted", tuple(labels), small=True),
            Points(best, least, "optimum", labelled(", ".join(near) or "best", least), small=True),
            Points(t, cost, "loss", labelled("", cost) if lone else "", drag=Drag(x="answer")),
            Note("" if finite else "infinite for every answer", "loss"),
        ),
        tab=ASKED[loss][0],
    )


def labelled(name: str, cost: float) -> str:
    """The label of a risk, if it is finite."""
    return f"{name} {number(cost)}".strip() if math.isfinite(cost) else ""


@remembered(256)
def every_answer(model: Any, loss: Loss, limits: Interval, tolerance: float) -> tuple[Array, Array]:
    """The risk of the answers all over the axis."""
    grid = still(model, limits)
    return grid, risk(model, grid, loss, tolerance)


# ----------------------------------------------------------------------------- words and buttons


def sentence(state: State, seen: Seen) -> str:
    costs, least = seen.risks["answer"], seen.risks["distribution"]
    text = (
        f"Answering {state.text('answer')} misses by more than {state.text('tolerance')} with a "
        f"probability {chance(costs['zero_one'])}"
    )
    asked = [loss for loss in LOSSES if math.isfinite(least[loss])]
    if "absolute" not in asked:
        text += ". The tails are so heavy that there is no mean: the expected distance is infinite."
    else:
        text += f", and is off by {number(costs['absolute'])} on average."
        if "squared" not in asked:
            text += " The expected squared distance is infinite, like the variance."
    won = [loss for loss in asked if costs[loss] <= least[loss] * (1 + 1e-6) + 1e-9]
    which = listed([ASKED[loss][0] for loss in won or asked])
    text += f" {'No other' if won else 'Another'} answer is better for {which}."
    mode, _, mean = seen.heights
    if mean < 0.25 * mode < math.inf and seen.model.modes().size > 1:
        where = state.place(seen.answers["mean"])
        text += f" The mean, {where}, lies between the modes, where the density is low."
    low, high = map(state.place, seen.interval)
    return (
        f"{text} The central {100 * state.level:.0f} % lie from {low} to {high}; from the whole "
        "distribution each question gets its own best answer."
    )


def presets(state: State, seen: Seen) -> tuple[Preset, ...]:
    """The three answers, and other distributions of the family."""
    theta = state.theta
    others: tuple[tuple[str, dict[str, float], str], ...] = ()
    if state.family is Beta:
        others = (
            ("skewed", {"a": 2.0, "b": 5.0}, "(2, 5)"),
            ("symmetric", {"a": 4.0, "b": 4.0}, "(4, 4)"),
            ("U-shaped", {"a": 0.5, "b": 0.5}, "(0.5, 0.5)"),
        )
    elif state.family is Mixture:
        sigma, middle = theta["sigma_1"], 0.5 * (theta["mu_1"] + theta["mu_2"])
        halves = {"sigma_1": sigma, "sigma_2": sigma, "weight": 0.5}
        others = (
            ("equal halves", halves, "two modes of one height"),
            ("one mode", {"mu_1": middle, "mu_2": middle}, "one upon the other"),
        )
    answers = {name: {"answer": state.reached("answer", y)} for name, y in seen.answers.items()}
    return (
        *(Preset(f"return the {n}", at, f"the {n} as the answer") for n, at in answers.items()),
        *(Preset(*other) for other in others),
    )
