"""The Categorical loss: logits of several classes, and what they cost when one is observed."""

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from explorer.core import Categorical
from explorer.parts.inputs import Interval, Limits, Numbers, column, real, refuse, texts, whole
from explorer.parts.parameters import Parameters, many, one
from explorer.parts.plane import remembered
from explorer.parts.ranges import ceiling
from explorer.parts.words import chance, nats, subscript
from explorer.scene import (
    Area, Array, Arrows, Axis, Bars, Blueprint, Choice, Control, Drag, Line, Mark, Plot, Points,
    Preset, Scene, Sum, Term, literal, number,
)  # fmt: skip

LOGIT = (-1e6, 1e6)
FEWEST, MOST = 2, 6  # classes
ASIDE = 0.4  # from the middle of a bar to its arrow
CONTOURS = (0.5, 1.0, 2.0)  # nats


@dataclass(frozen=True, kw_only=True)
class State(Parameters):
    """Logits, one a class, all moved by `shift`; and the class y that is observed, or several."""

    logits: Numbers = many("z", "logit", LOGIT, visible=True)
    shift: float = one("shift", "shift of all logits", LOGIT)
    y: int
    observations: tuple[int, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        change, count = partial(object.__setattr__, self), len(self.logits)
        seen = self.observations
        if not FEWEST <= count <= MOST:
            refuse("logits", self.logits, f"{FEWEST} to {MOST} numbers, one for each class")
        numbers = seen if type(seen) is tuple else column("observations", seen, 0, count - 1)
        change("observations", classes(numbers, count - 1))
        change("y", whole("y", self.y, 0, count - 1))
        change("names", texts("names", self.names, (count,), f"{count} texts, one for each logit"))

    def controls(self) -> tuple[Control, ...]:
        """The logits by the names of their classes, the shift, and which class is observed."""
        logits = (
            replace(self.slider(f"logits.{k}"), symbol=f"z{subscript(k)}", label=f"logit of {name}")
            for k, name in enumerate(self.names)
        )
        observed = Choice("y", "the observed class", tuple(enumerate(self.texts)))
        return (*logits, self.slider("shift"), *(() if self.observations else (observed,)))

    def arguments(self) -> dict[str, Any]:
        """What the panel's function takes for this state, without `limits`."""
        given = super().arguments()
        return given | ({"y": None} if self.observations else {})

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The names of the classes as they stand in texts."""
        return tuple(map(literal, self.names))


@lru_cache(maxsize=64)
def classes(values: Numbers, last: int) -> tuple[int, ...]:
    """The numbers of classes, checked."""
    return tuple(whole(f"observations[{i}]", value, 0, last) for i, value in enumerate(values))


def categorical_loss(
    logits: Any = (2.0, 0.5, -1.0),
    y: int | None = None,
    *,
    shift: float = 0.0,
    observations: Any = None,
    names: Any = None,
    limits: Limits | None = None,
) -> Blueprint[State]:
    """Show what the logits of several classes cost when one class, or several in turn, is observed.

    The loss ``log sum_k e^z_k - z_y`` in nats as a length between the two, the probabilities
    with the gradient ``softmax - one-hot`` as arrows, and, with three classes and one
    observation, the triangle of all probabilities.

    Parameters
    ----------
    logits : list, array or Series of 2 to 6 numbers
    y : int, optional
        The number of the observed class, from 0; 1 if neither it nor `observations` is given.
    shift : float
        Added to every logit; it changes no probability and no loss.
    observations : list, array or Series of int, optional
        The observed classes, instead of one; their losses are summed.
    names : list of str, optional
        What the classes are called.
    limits : dict, optional
        The range of the sliders ``"logits"`` and ``"shift"``.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``loss`` and ``log_sum_exp``; and of each class (K,) the shifted ``logits``,
        the ``probabilities``, the ``target``, which is its share of the observations, and the
        ``gradient``, the derivative of the loss with respect to its logit.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    z, shift = column("logits", logits, *LOGIT), real("shift", shift, *LOGIT)
    if observations is not None:
        if y is not None:
            refuse("y", y, "either y or observations, not both")
        observations = column("observations", observations, 0, len(z) - 1)
    state = State.start(
        {},
        {"logits": around(4.0, *z), "shift": around(2.0, shift)},
        {"shift": shift},
        limits,
        logits=z,
        y=1 if y is None else y,
        observations=observations or (),
        names=[f"class {k}" for k in range(len(z))] if names is None else names,
    )
    return Blueprint("categorical_loss", state, view)


def around(*values: float) -> Interval:
    """From minus to plus a round number that is as large as any of the values."""
    high = ceiling(max(map(abs, values)))
    return -high, high


def view(state: State) -> Scene:
    """All that is on screen."""
    z, count = np.array(state.logits) + state.shift, max(len(state.observations), 1)
    target, best, least = shares(state.observations or (state.y,), len(z))
    model, observed = Categorical(z), target if state.observations else state.y
    p, gradient = model.probabilities, model.nll_gradient(observed)["logits"]
    log_sum, loss = float(model.log_normalizer()), -float(target @ model.log_probabilities())
    named = {
        "loss": count * loss,
        "log_sum_exp": log_sum,
        "logits": z,
        "probabilities": p,
        "target": target,
        "gradient": count * gradient,
    }
    plots = [logits(state, z, target, log_sum, loss), probabilities(state, p, target, gradient)]
    if len(z) == 3 and not state.observations:
        plots.append(triangle(state, p, loss))
    return Scene(
        named,
        tuple(plots),
        in_terms(state, p, float(target @ z), log_sum, loss),
        presets(state, best),
        of_several(count, loss, least) if state.observations else of_one(state, p, loss),
    )


@remembered(64)
def shares(observations: tuple[int, ...], count: int) -> tuple[Array, Array, float]:
    """The share of each class, the logits that give these shares, and their entropy."""
    target = np.bincount(observations, minlength=count) / len(observations)
    best = Categorical.from_probabilities(target)
    return target, best.logits - best.logits.max(), float(best.entropy())


# ------------------------------------------------------------------ the plots, as they are seen


def logits(state: State, z: Array, target: Array, log_sum: float, loss: float) -> Plot:
    places, edges = np.arange(len(z), dtype=float), (-0.5, len(z) - 0.3)
    at, logit, top = float(target @ places) + ASIDE, float(target @ z), number(log_sum)
    (low, high), (down, up) = state.limits["logits"], state.limits["shift"]
    middle = np.full(2, (logit + log_sum) / 2)
    name, where = "loss", f"logit of {state.texts[state.y]}"
    if state.observations:
        name, where = "mean loss", "mean logit of what was observed"
    return Plot(
        "Logits, and log Σ *e*ᶻ above them",
        Axis("", edges, names=state.texts),
        Axis("*z* (nats)", (low + down, high + up + 2)),
        f"The logits as bars: {listed(state, z, 2)}. Above them log-sum-exp, {top}; the loss "
        f"{number(loss)} is the way up to it from the {where}.",
        (
            Bars(places, z, "model", drag=Drag(y="logits.{i}")),
            Points(places, z, "model", small=True),
            Line(np.array(edges), np.full(2, log_sum), "muted", f"log Σ *e*ᶻ = {top}", dashed=True),
            Arrows(at, logit, at, log_sum, "loss"),
            Line(np.full(2, at), middle, "loss", f"{name} {number(loss)}"),
        ),
        click=None if state.observations else Drag(x="y"),
    )


def probabilities(state: State, p: Array, target: Array, gradient: Array) -> Plot:
    places = np.arange(len(p), dtype=float)
    pulls = tuple(
        f"{'+' if pull > 0 else ''}{number(pull)}" if share else ""  # else it equals p
        for pull, share in zip(gradient, target, strict=True)
    )
    what = (
        "the share of each class" if state.observations else f"1 for {state.texts[state.y]}, else 0"
    )
    return Plot(
        "Probabilities; arrows: the gradient",
        Axis("", (-0.5, len(p) - 0.3), names=state.texts),
        Axis("*p*", (0.0, 1.0)),
        f"The probabilities as bars: {listed(state, p, 3)}. Arrows run to them from the target, "
        f"which is {what}.",
        (
            Bars(places, p, "model", tuple(map(number, p))),
            Arrows(places + ASIDE, target, places + ASIDE, p, "loss"),
            Points(places + ASIDE, target, "observation", pulls, shape="ring", small=True),
        ),
        click=None if state.observations else Drag(x="y"),
    )


def listed(state: State, values: Array, digits: int) -> str:
    """The values of the classes, in words."""
    return ", ".join(f"{n} {number(v, digits)}" for n, v in zip(state.texts, values, strict=True))


def triangle(state: State, p: Array, loss: float) -> Plot:
    left, right = (k for k in range(3) if k != state.y)
    height, name = float(p[state.y]), state.texts[state.y]
    return Plot(
        f"Every *p*: the height is that of {name}",
        Axis("", (-0.14, 1.24), names=(state.texts[left], state.texts[right])),
        Axis("*p*", (-0.04, 1.12)),
        f"The triangle of all probabilities, {name} on top. The loss depends only on the height; "
        f"at the present {number(height)} it is {nats(loss)}.",
        (
            *contours(),
            Points(0.5, 1.0, "observation", name, shape="ring", small=True),
            Points(float(p[right]) + height / 2, height, "model", f"loss {number(loss)}"),
        ),
    )


@lru_cache(maxsize=1)
def contours() -> tuple[Mark, ...]:
    """The triangle, and where in it the loss has round values."""
    lines: list[Mark] = [Line(np.array([0, 0.5, 1, 0]), np.array([0.0, 1, 0, 0]), "muted")]
    bands: list[Mark] = []
    for level in CONTOURS:
        h = math.exp(-level)
        x, label = np.array([0, h / 2, 1 - h / 2, 1]), f"{level:g} nat{'s' * (level > 1)}"
        bands.append(Area(x, np.array([0, h, h, 0]), "loss"))
        lines.append(Line(x[1:3], np.full(2, h), "loss", label, dashed=True, at=1.0))
    return (*bands, *lines)


# ----------------------------------------------------------------------------- words and buttons


def in_terms(state: State, p: Array, logit: float, log_sum: float, loss: float) -> tuple[Sum, ...]:
    """The loss as it is written; and of one observation, the derivative for its class."""
    count, y, k = len(state.observations), state.y, subscript(state.y)
    if count:
        terms = (
            Term(f"{count} log Σ *e*ᶻ", count * log_sum),
            Term("−Σ *z* of the observed classes", -count * logit),
        )
        return (Sum(Term("loss", count * loss), terms),)
    slope = Term(f"derivative with respect to *z*{k}", float(p[y]) - 1.0)
    return (
        Sum(Term("loss", loss), (Term("log Σ *e*ᶻ", log_sum), Term(f"−*z*{k}", -logit))),
        Sum(slope, (Term(f"*p*{k}", float(p[y])), Term("−its target", -1.0))),
    )


def of_several(count: int, loss: float, least: float) -> str:
    these = f"these {count} observations" if count > 1 else "this one observation"
    text = f"The loss of {these} is {number(count * loss)} nats, {number(loss)} each on average."
    if loss - least < 0.5e-6:
        return f"{text} No logits make it less: the probabilities are the shares of the classes."
    text += f" No logits make the average less than {number(least)}"
    return f"{text}, the entropy of the shares of the classes."


def of_one(state: State, p: Array, loss: float) -> str:
    y, shift, (*_, second, best) = state.y, state.shift, p.argsort()
    text = f"The model gives {state.texts[y]}, the observed class, a probability {chance(p[y])}: "
    text += f"a loss of {nats(loss)}."
    if p[best] - p[second] < 0.0005:
        text += " No class is clearly the most likely."
    elif best != y:
        text += f" It ranks {state.texts[best]} most likely, with {number(p[best])}."
    if abs(shift) >= 0.005:
        way = f"{'up' if shift > 0 else 'down'} by {number(abs(shift), 2)}"
        return f"{text} All logits and log Σ *e*ᶻ are moved {way}: no probability has changed."
    if p[y] > 0.9995:
        return text
    text += f" Gradient descent raises the logit of {state.texts[y]} at the rate "
    others = "the others, in total," if len(p) > 2 else "the other"
    return f"{text}{number(1 - p[y])}, and lowers {others} at the same rate."


def presets(state: State, best: Array) -> tuple[Preset, ...]:
    first, names = state.texts[0], [f"logits.{k}" for k in range(len(best))]
    flat = dict.fromkeys(names, state.reached("logits", 0.0))
    undecided = Preset("undecided", flat, "all logits equal: the loss is log K")
    if not state.observations:
        sure = flat | {"logits.0": state.reached("logits", 4.0)}
        up = {"shift": state.reached("shift", 2.0)}
        return (
            undecided,
            Preset("sure and right", sure | {"y": 0}, f"all on {first}, which is observed"),
            Preset("sure and wrong", sure | {"y": 1}, f"all on {first}, which is not observed"),
            Preset("shift by 2", up, "moves all logits, changes nothing"),
        )
    note = "the probabilities are the shares of the classes"
    if best.min() == -np.inf:
        never = state.texts[int(best.argmin())]
        note = f"no maximum: {never} was never observed, and less of it always costs less"
    goal = state.goal(dict(zip(names, best.tolist(), strict=True)), *names)
    return Preset("maximum likelihood", goal, note), undecided
