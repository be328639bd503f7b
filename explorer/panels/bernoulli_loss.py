"""The Bernoulli loss: a logit, a label, and what the one costs given the other; or two groups."""

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import Bernoulli, fit_logistic
from explorer.core.parameter import reals
from explorer.parts.inputs import FINEST, Interval, Limits, Numbers, hull, real, refuse
from explorer.parts.parameters import Parameters, many, one
from explorer.parts.plane import every, levels, plane, remembered
from explorer.parts.ranges import ceiling, rounded
from explorer.parts.regression import arrays
from explorer.parts.words import amount, chance, compared, nats
from explorer.scene import (
    Area, Array, Arrows, Axis, Blueprint, Drag, Line, Note, Plot, Points, Preset, Rule, Scene,
    Stems, Sum, Term, number,
)  # fmt: skip

REACH = (8.0, 50.0, 1e3, 1e4, 1e5, 1e6)  # how far the logit's axis reaches, in steps
LOST = (-math.log(np.finfo(float).max), 53 * math.log(2))  # beyond, p is rounded to 0 and to 1
FAR = np.array([-800.0, -40.0, 40.0, 800.0])  # where the naive formula is looked at
CELLS = 48
DOUBLING = (2.0, 4.0, 8.0, 20.0)  # steps of an axis that seldom moves


@dataclass(frozen=True, kw_only=True)
class One(Parameters):
    """A logit and a label, which is soft between 0 and 1."""

    logit: float = one("z", "logit z", (-REACH[-1], REACH[-1]))
    y: float = one("y", "label y", (0.0, 1.0), steps=100)


@dataclass(frozen=True, kw_only=True)
class Groups(Parameters):
    """Points x with labels y, and the model z = slope (x - decision) over them."""

    x: Numbers = many("x", "x of point", most=100_000)
    y: Numbers = many("y", "label of point", (0.0, 1.0), most=100_000)
    slope: float = one("w", "slope")
    decision: float = one("x₀", "decision point")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.x) != len(self.y):
            refuse("y", self.y, f"as many labels as x has values, {len(self.x)}")
        if max(self.x) - min(self.x) < FINEST:
            refuse("x", self.x, f"a list of numbers of which two differ by {FINEST:g}")


def bernoulli_loss(
    logit: float = 1.5,
    y: Any = 1.0,
    *,
    x: Any = None,
    slope: float | None = None,
    decision: float | None = None,
    limits: Limits | None = None,
) -> Blueprint[Any]:
    """Show what a logit costs when the label is observed, and how steep that loss is.

    ``loss = (1-y) log(1+e^z) + y log(1+e^-z)`` in nats, its slope ``p - y``, and where the formula
    that is often written for it fails. With `x`, two groups, and ``z = slope (x - decision)``.

    Parameters
    ----------
    logit : float
        The predicted log-odds z of y = 1.
    y : float, or list, array or Series with `x`
        The label in [0, 1]; between 0 and 1 it is soft. With `x`, one label a point.
    x : list, array or Series, optional
        Where the two groups lie; replaces `logit`.
    slope, decision : float, optional
        How steep the logit is over x, and where it is 0.
    limits : dict, optional
        A slider's range by name, e.g. ``{"logit": (-1000, 1000)}``.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``probability`` of y = 1, ``loss``, ``gradient`` (of the loss over the logit),
        ``naive`` (the loss by the naive formula) and ``entropy`` (of the label). With `x` it has
        ``probabilities`` (n,), ``losses`` (n,), their sum ``loss``, its ``gradient`` (2,) over
        slope and ``offset`` = -slope decision, ``right`` (how many points lie on their side), and
        ``best``, a dict of slope and decision (empty where there is no best).

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    logit = real("logit", logit, -REACH[-1], REACH[-1])
    model = {"slope": slope, "decision": decision}
    if x is not None:
        return Blueprint("bernoulli_loss", groups(x, y, limits, **model), view_groups)
    for name, value in model.items():
        if value is not None:
            refuse(name, value, "a number only together with x")
    reach = reach_of(logit)
    label = float(y) if isinstance(y, bool | np.bool_) else real("y", y, 0.0, 1.0)
    ranges, given = {"logit": (-reach, reach), "y": (0.0, 1.0)}, {"logit": logit, "y": label}
    return Blueprint("bernoulli_loss", One.start({}, ranges, given, limits), view_one)


def groups(x: Any, y: Any, limits: Limits | None, **given: float | None) -> Groups:
    """Two groups, with a model that is not the best where no other is given."""
    if (truths := reals(y, "b")) is not None:  # labels too
        y = truths
    checked = Groups(x=x, y=y, slope=0.0, decision=0.0, limits={})
    x, y = checked.x, checked.y
    rises, width, fit = float(np.cov(x, y)[0, 1]), float(np.std(x)), best_fit(x, y)[0]
    steep = ceiling(max(4 / width, 1.5 * abs(fit.get("slope", 0.0))))
    down, up = (1.0 if rises <= 0 else 0.25), (1.0 if rises >= 0 else 0.25)
    ranges = {"slope": (-down * steep, up * steep), "decision": rounded(min(x), max(x), width / 30)}
    start = {"slope": math.copysign(2 / width, rises), "decision": float(np.median(x))}
    return Groups.start(start, ranges, given, limits, x=x, y=y)


def naive_loss(logit: Any, y: float) -> Any:
    """-y log p - (1-y) log(1-p) with p = 1 / (1 + e^-z), as it is often written; fails far out."""
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-np.asarray(logit)))
        return -y * np.log(p) - (1 - y) * np.log(1 - p)


def view_one(state: One) -> Scene:
    """All that is on screen for one label."""
    y, model, label = state.y, Bernoulli(state.logit), Bernoulli.from_probability(state.y)
    p, loss, entropy = float(model.probability), float(model.nll(y)), float(label.entropy())
    slope, naive = float(model.nll_gradient(y)["logit"]), float(naive_loss(state.logit, y))
    named = {"probability": p, "loss": loss, "gradient": slope, "naive": naive, "entropy": entropy}
    terms = (
        Term("*y* log(1 + *e*⁻ᶻ)", y * float(model.nll(1))),
        Term("(1 − *y*) log(1 + *e*ᶻ)", (1 - y) * float(model.nll(0))),
    )
    difference = (Term("*p* = σ(*z*)", p), Term("−*y*", -y))
    return Scene(
        named,
        (sigmoid(state, p), loss_over_z(state, loss, slope, entropy), far_out(state)),
        (Sum(Term("loss", loss), terms), Sum(Term("slope", slope), difference)),
        tuple(preset for preset in PRESETS if state.within(preset.values)),
        sentence(state, p, loss, slope, naive, entropy),
    )


def sigmoid(state: One, p: float) -> Plot:
    z, y, reach = state.logit, state.y, reach_of(state.logit)
    grid, curve, *_ = curves(reach, 161)
    return Plot(
        "How likely: *p* = σ(*z*)",
        Axis("*z*", (-reach, reach)),
        Axis("*p*", (0.0, 1.0)),
        f"The probability of y = 1 over the logit z; at z = {number(z, 2)} it is {p:.4g}. An arrow "
        f"runs from the label {number(y, 2)} to it.",
        (
            Line(grid, curve, "model"),
            Arrows(z, y, z, p, "loss"),
            Points(z, y, "observation", f"*y* = {number(y, 2)}", shape="ring", drag=Drag(y="y")),
            Points(z, p, "model", f"*p* {compared(p)}", drop="y", drag=Drag(x="logit")),
        ),
    )


def loss_over_z(state: One, loss: float, slope: float, entropy: float) -> Plot:
    z, y, reach = state.logit, state.y, reach_of(state.logit)
    grid, _, of_1, of_0 = curves(reach, 161)
    top = 0.5 * reach if loss <= 0.5 * reach else 1.125 * reach
    # the tangent, up and down as far as it stays inside the plot, is labelled at its lower end
    steep, uphill = abs(slope), math.copysign(1.0, slope)
    fall, rise = (min(0.3 * reach, room / max(steep, 1e-9)) for room in (loss, top - loss))
    along, label = np.array([-fall, 0.0, rise]), f"slope {number(slope)}"
    lowest = float(Bernoulli.from_probability(y).logit)
    lowest = lowest if abs(lowest) <= reach else math.nan
    return Plot(
        "What it costs: −log *p*(*y* | *z*)",
        Axis("*z*", (-reach, reach)),
        Axis("loss (nats)", (0.0, top)),
        f"The loss over the logit for y = 1, y = 0 and the present label {number(y, 2)}; at "
        f"z = {number(z, 2)} it is {nats(loss)}, with {label}.",
        (
            Line(grid, of_1, "muted", "*y* = 1", dashed=True, at=0.29),
            Line(grid, of_0, "muted", "*y* = 0", dashed=True, at=0.71),
            Line(grid, y * of_1 + (1 - y) * of_0, "loss"),
            Line(z + uphill * along, loss + steep * along, "model", label, at=0.0),
            Points(lowest, entropy, "optimum", f"least {number(entropy)}", small=True),
            Points(z, loss, "loss", f"loss {nats(loss)}", drag=Drag(x="logit")),
        ),
    )


def far_out(state: One) -> Plot:
    y, reach = state.y, max(reach_of(state.logit), 1000.0)
    grid, _, of_1, of_0 = curves(reach, 81)
    below, above = (spoken(float(naive_loss(end, y))) for end in (-reach, reach))
    fence, losses = np.full(2, 1.25 * reach), Bernoulli(FAR).nll(y).tolist()
    labels = tuple(amount(v, 0.001) if 0 < v < 0.001 else f"{v:.4g}" for v in losses)
    return Plot(
        "Far out: *z* = ±40 and ±800",
        Axis("*z*", (-reach, reach)),
        Axis("loss (nats)", (0.0, 1.25 * reach)),
        f"The same loss for logits from minus {reach:g} to {reach:g}. The naive formula gives "
        f"{below} below {LOST[0]:.0f} and {above} above {LOST[1]:.0f}.",
        (
            Area(np.array([-reach, LOST[0]]), fence, "muted"),
            Area(np.array([LOST[1], reach]), fence, "muted"),
            Note(f"naive: {below}", "muted", "left"),
            Note(f"naive: {above}", "muted"),
            Line(grid, y * of_1 + (1 - y) * of_0, "loss"),
            Points(FAR, np.array(losses), "loss", labels, small=True),
        ),
    )


def reach_of(logit: float) -> float:
    return next(reach for reach in REACH if abs(logit) <= reach)


@remembered(16)
def curves(reach: float, nodes: int) -> tuple[Array, Array, Array, Array]:
    """Logits, the probability, and the losses for y = 1 and y = 0."""
    grid = np.linspace(-reach, reach, nodes)
    model = Bernoulli(grid)
    return grid, model.probability, model.nll(1), model.nll(0)


def sentence(state: One, p: float, loss: float, slope: float, naive: float, entropy: float) -> str:
    label = number(state.y, 0) if state.y in (0, 1) else f"soft, {number(state.y, 2)}"
    text = f"The model gives *y* = 1 a probability {chance(p)}. "
    text += f"The label is {label}: a loss of {nats(loss)}."
    if 0 < state.y < 1 and loss - entropy < 5e-7:
        text += " No logit costs less: what is left is the entropy of the label. The slope is 0."
    elif 0 < state.y < 1:
        text += f" No logit costs less than {number(entropy)}, the entropy of the label."
    elif abs(slope) > 0.95:
        text += (
            " The model is confident and wrong: each further unit of *z* costs about a nat more."
        )
    if not np.isclose(naive, loss, rtol=1e-3, atol=1e-9):
        return f"{text} The naive formula gives {spoken(naive)} here: *p* is rounded to {p:.0f}."
    if abs(slope) < 5e-4:
        return text
    way = "Lowering" if slope > 0 else "Raising"
    return f"{text} {way} the logit helps: the slope is *p* − *y* = {number(slope)}."


def spoken(loss: float) -> str:
    return "nan" if math.isnan(loss) else number(loss)


PRESETS = (
    Preset("confident and right", {"logit": 4.0, "y": 1.0}, "z = 4 and y = 1: hardly any loss"),
    Preset("undecided", {"logit": 0.0, "y": 1.0}, "z = 0: the loss is log 2 for either label"),
    Preset("confident and wrong", {"logit": -6.0, "y": 1.0}, "z = −6 and y = 1: a steep loss"),
    Preset("soft label 0.3", {"logit": 1.5, "y": 0.3}, "the loss has a minimum, not at 0"),
    Preset("z = 40", {"logit": 40.0, "y": 0.0}, "1 − p is rounded to 0; y = 0"),
    Preset("z = −800", {"logit": -800.0, "y": 1.0}, "e to the 800 overflows; y = 1"),
)

# --------------------------------------------------------------------------- two groups on a line


def view_groups(state: Groups) -> Scene:
    """All that is on screen for two groups."""
    x, y = arrays(state.x, state.y)
    model = Bernoulli(state.slope * (x - state.decision))
    p, (of_0, of_1) = model.probability, -model.log_probabilities().T
    losses, each = (1 - y) * of_0 + y * of_1, model.nll_gradient(y)["logit"]
    loss, decided = float(losses.sum()), y != 0.5
    right = int(((p > 0.5) == (y > 0.5))[decided].sum())
    fit, reason = best_fit(state.x, state.y)
    best = {name: fit[name] for name in ("slope", "decision") if fit}
    named = {
        "probabilities": p,
        "losses": losses,
        "loss": loss,
        "gradient": np.array([each @ x, each.sum()]),
        "offset": -state.slope * state.decision,
        "right": right,
        "best": best,
    }
    terms = (
        Term("Σ *yᵢ* log(1 + *e*⁻ᶻ)", float(y @ of_1)),
        Term("Σ (1 − *yᵢ*) log(1 + *e*ᶻ)", float((1 - y) @ of_0)),
    )
    every_model = every(
        state,
        ("decision", "slope"),
        "The sum of all, for every (*x*₀, *w*)",
        "The sum of all losses over decision point and slope",
        all_losses(state.x, state.y, state.limits["decision"], state.limits["slope"]),
        best,
        f"best {number(fit['value'], 2)}" if fit else "",
    )
    found, flat = state.goal(best, "slope", "decision"), state.goal({"slope": 0.0}, "slope")
    return Scene(
        named,
        (*over_x(state, losses), every_model),
        (Sum(Term("loss", loss), terms),),
        (
            Preset("maximum likelihood", found, reason or "no other costs less"),
            Preset("undecided", flat, "slope 0: one half everywhere"),
        ),
        sentence_on_groups(state, losses, f"{right} of {decided.sum()}", fit, reason),
    )


def over_x(state: Groups, losses: Array) -> tuple[Plot, Plot]:
    """How likely y = 1 is at x, and what either label costs there."""
    at, labels, different, grid = places(state.x, state.y, state.limits["decision"])
    along = Bernoulli(state.slope * (grid - state.decision))
    of_0, of_1 = -along.log_probabilities().T
    x, decides = Axis("*x*", (float(grid[0]), float(grid[-1]))), state.text("decision")
    likely = Plot(
        "How likely *y* = 1 is at *x*",
        x,
        Axis("*p*", (-0.08, 1.2)),
        f"The probability of y = 1 over x, which is one half at {decides}, with {len(state.x)} "
        "points at their labels.",
        (
            Line(grid, along.probability, "model"),
            Rule(state.decision, "model", f"decides at {decides}", Drag(x="decision")),
            Points(at, labels, "observation", small=True),
        ),
    )
    return likely, Plot(
        "Loss per observation (*y* = 0 dashed)",
        x,
        Axis("nats per observation", (0.0, ceiling(max(float(losses.max()), 2.0), DOUBLING))),
        "What a point costs over x, for y = 1 and for y = 0, with a bar for each point's own loss.",
        (
            Stems(at, losses[different], "observation"),
            Line(grid, of_1, "loss"),
            Line(grid, of_0, "loss", dashed=True),
        ),
    )


@remembered(8)
def places(x: Numbers, y: Numbers, decisions: Interval) -> tuple[Array, Array, Any, Array]:
    """x and y of the points, each different one once, where they are; and a grid over the plot."""
    pairs, index = np.unique(np.column_stack(arrays(x, y)), axis=0, return_index=True)
    low, high = hull(decisions, *x)
    grid = np.linspace(1.03 * low - 0.03 * high, 1.03 * high - 0.03 * low, 161)
    return pairs[:, 0], pairs[:, 1], index, grid


@remembered(16)
def all_losses(x: Numbers, y: Numbers, across: Interval, up: Interval) -> tuple[Array, Array]:
    """For every decision point and slope, with the levels of the contours."""
    decision, slope = plane(across, up, CELLS)
    losses = (Bernoulli(slope * (at - decision)).nll(label) for at, label in zip(x, y, strict=True))
    values = sum(losses, start=np.zeros((CELLS, CELLS)))
    return values, levels(values, 0.02, 0.9, 18, 15, 1.5)


@remembered(16)
def best_fit(x: Numbers, y: Numbers) -> tuple[dict[str, float], str]:
    """The maximum-likelihood fit by name, or nothing and why there is none."""
    with suppress(ValueError):
        return vars(fit_logistic(x, y)), ""
    why = "a point separates the groups, so that a steeper slope there always costs less"
    why = "all labels are the same" if min(y) == max(y) else why
    return {}, f"There is no maximum of the likelihood: {why}."


def sentence_on_groups(
    state: Groups, losses: Array, right: str, fit: dict[str, float], reason: str
) -> str:
    count, loss, worst = len(state.x), float(losses.sum()), int(np.argmax(losses))
    if state.slope == 0:
        text = f"The model is undecided everywhere: {count} log 2 = {number(loss)} nats."
    else:
        over = f"{'above' if state.slope > 0 else 'below'} {state.text('decision')}"
        text = (
            f"The model predicts *y* = 1 {over}; that is right for {right}. The loss is "
            f"{number(loss)} nats, {number(loss / count)} per observation; the largest, "
            f"{number(losses[worst])}, at *x* = {state.x[worst]:g} with *y* = {state.y[worst]:g}."
        )
    if not fit:
        return f"{text} {reason}"
    if loss - fit["value"] < 5e-4:
        return f"{text} No other slope and offset make it less: the maximum of the likelihood."
    return f"{text} At the maximum of the likelihood it would be {number(fit['value'])}."
