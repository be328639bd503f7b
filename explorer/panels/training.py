"""Training: a network learns, for every x, the parameters of a distribution of y."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import Training
from explorer.parts import classes
from explorer.parts.curves import inner, places
from explorer.parts.inputs import Limits, Numbers, one_of, real, refuse, whole
from explorer.parts.observations import observed
from explorer.parts.parameters import Parameters, choice, kept, many, one
from explorer.parts.plane import LESS_COLOUR
from explorer.parts.ranges import ceiling, limits_around
from explorer.parts.training import (
    Moment, Task, curves, in_terms, labelled, landscape, moment, parted, trained,
)  # fmt: skip
from explorer.parts.words import amount, subscript
from explorer.scene import (
    Area, Array, Axis, Bars, Blueprint, Drag, Landscape, Line, Mark, Note, Plot, Points, Preset,
    Role, Rule, Scene, number, plain, tidy,
)  # fmt: skip

HIDDEN = {0: "a line", 2: "2", 4: "4", 8: "8", 16: "16", 32: "32 units"}
METHODS = {"gradient": "gradient", "adam": "Adam", "l-bfgs": "L-BFGS"}
BATCHES = {0: "all data", 32: "batches of 32", 8: "of 8"}
LINKS = {"exp": "exp", "softplus": "softplus"}
LOSSES = {"full": "full loss", "kernel": "without log B(*a*, *b*)"}
SHOWN = {"theta": "after the link", "eta": "before the link"}
ANSWERS = {"mode": "mode", "mean": "mean"}
MOST, LONGEST = 2000, 5000  # observations, steps


@dataclass(frozen=True, kw_only=True)
class State(Parameters):
    """Observations, how a network is trained on them, and the step that is looked at."""

    x: Numbers = many("x", "x of observation", most=MOST)
    y: Numbers = many("y", "y of observation", most=MOST)
    held_out: tuple[bool, ...] = kept()
    classes: tuple[str, ...] = kept()
    labels: tuple[str, str] = kept()
    family: str = kept()
    steps: int = kept()
    step: int = one("step", "step of the training", (0, LONGEST), whole=True, play=True, steps=400)
    near: float = one("x", "look at the observation near x", axis="x")
    rate: float = one("rate", "learning rate", (1e-6, 100.0), log=True, group="descent")
    decay: float = one("decay", "weight decay", (0.0, 10.0), steps=100, group="descent")
    seed: int = one("seed", "seed of the start", (0, 1000), whole=True, group="network")
    hidden: int = choice("hidden units", HIDDEN, "network")
    method: str = choice("method", METHODS, "descent")
    batch: int = choice("observations in a batch", BATCHES, "descent")
    link: str = kept("exp")
    loss: str = kept("full")
    what: str = kept("mode")
    shown: str = choice("curves", SHOWN, "what is seen")

    @property
    def task(self) -> Task:
        return Task(*(getattr(self, name) for name in Task._fields))

    @property
    def index(self) -> int:
        """Which observation is looked at."""
        return int(np.abs(np.array(self.x) - self.near).argmin())


@dataclass(frozen=True, kw_only=True)
class Continuous(State):
    """A prediction with a density."""

    what: str = choice("prediction", ANSWERS, "what is seen")


@dataclass(frozen=True, kw_only=True)
class Scaled(Continuous):
    """One whose scale or shape depends on x, through a link."""

    link: str = choice("link", LINKS, "network")


@dataclass(frozen=True, kw_only=True)
class Shares(Scaled):
    """A Beta, whose log B may be dropped."""

    loss: str = choice("which loss", LOSSES, "network")


STATES: dict[str, type[State]] = {
    "beta": Shares, "normal": Continuous, "heteroscedastic": Scaled, "laplace": Scaled,
    "student_t": Scaled, "bernoulli": State, "categorical": State,
}  # fmt: skip


def training(
    x: Any = None,
    y: Any = None,
    *,
    family: str = "beta",
    hidden: int = 8,
    method: str = "adam",
    rate: float = 0.02,
    decay: float = 0.0,
    batch: int = 0,
    steps: int = 2000,
    loss: str = "full",
    link: str = "exp",
    step: int = 0,
    seed: int = 0,
    held_out: Any = 0.2,
    near: float | None = None,
    what: str = "mode",
    shown: str = "theta",
    classes: Any = None,
    labels: Any = None,
    limits: Limits | None = None,
) -> Blueprint[Any]:
    """Train a network f(x, phi) that gives each x the parameters theta of a distribution of y.

    Training changes phi so that the loss, the mean of -log p(y_i | theta(x_i)), falls.

    Parameters
    ----------
    x, y : lists, arrays or Series of one length, optional
        What is observed; by default an example for the family. y are shares in [0, 1] for "beta",
        labels of any kind for "bernoulli" (two) and "categorical" (up to 8).
    family : {"beta", "normal", "heteroscedastic", "laplace", "student_t", "bernoulli",
        "categorical"}. A "normal" has one sigma for all x, "heteroscedastic" one for each.
    hidden : {8, 0, 2, 4, 16, 32}
        Units (tanh) between x and the parameters; with 0 they are lines.
    method : {"adam", "gradient", "l-bfgs"}
        With a learning `rate`, a weight `decay`, and a `batch` of 8 or 32 observations, or 0: all.
    steps, step, near, seed : numbers
        The length of the training, at most 5000; the step and the x looked at; the start.
    loss, link : str
        Of a Beta: "full", or "kernel" that drops log B(a, b). "exp" or "softplus" makes positive.
    held_out : float or list of bool
        The share of the observations, or which, that training does not see.
    what, shown : {"mode", "mean"}, {"theta", "eta"}
        The prediction; curves after the link, or before it.
    classes, labels : lists of str, optional
        Names of classes, whose numbers y are from 0, and of the axes of x and y.
    limits : dict, optional
        A slider's or axis' range by name, e.g. ``{"rate": (1e-5, 1)}``.

    Returns
    -------
    explorer.stage.Panel
        Its frame has, at the step on screen, ``loss``, the mean loss of the training data in nats
        without weight decay, and without log B where that is dropped; ``nll``, with nothing
        dropped; ``held_out_loss``; by step ``losses``, ``nlls`` and ``held_out_losses``;
        ``gradient_norm``, of ``loss`` by phi; over ``x_grid`` (81,) ``theta``, a dict of arrays by
        parameter name, and the ``prediction``; ``stopped``, the step at which the loss was no
        longer finite, or None; and ``path_share``, how much of the path, by squared distances, is
        in the last plot's plane.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    kind, steps = STATES[one_of("family", family, STATES)], whole("steps", steps, 1, LONGEST)
    data = observed(x, y, family, held_out, MOST, classes, labels)
    if kind is not Shares and one_of("loss", loss, LOSSES) != "full":
        refuse("loss", loss, "'full': only a Beta has a log B to drop")
    options: dict[str, Any] = {"hidden": hidden, "method": method, "batch": batch}
    options |= {"loss": loss, "shown": shown, "family": family, "steps": steps}
    options |= {"link": one_of("link", link, LINKS), "what": one_of("what", what, ANSWERS)}
    given = {"step": whole("step", step, 0, steps), "rate": rate, "decay": decay, "seed": seed}
    ranges = {"x": data.x_axis, "y": data.y_axis, "step": (0, steps), "seed": (0, 20)}
    ranges |= {"rate": (1e-4, 1.0), "decay": (0.0, 0.1)}
    near = tidy(sorted(data.x)[len(data.x) // 2]) if near is None else near
    options["near"] = real("near", near, *data.x_axis)
    options |= {n: getattr(data, n) for n in ("x", "y", "held_out", "classes", "labels")}
    return Blueprint("training", kind.start({}, ranges, given, limits, **options), view)


@np.errstate(all="ignore")  # of a training that has diverged
def view(state: State) -> Scene:
    """All that is on screen."""
    run = trained(state.task)
    now = moment(state.task, state.step, state.limits["x"], state.index)
    named: dict[str, Any] = {
        "loss": now.loss,
        "nll": now.nll,
        "held_out_loss": now.held_out,
        "losses": run.losses,
        "nlls": run.nlls,
        "held_out_losses": run.held_out,
        "gradient_norm": float(np.linalg.norm(run.gradient(run.path[now.step]))),
        "x_grid": now.x,
        "theta": now.theta,
        "prediction": now.members.mean() if state.what == "mean" else now.members.mode(),
        "stopped": run.stopped,
        "path_share": landscape(state.task).plane.share,
    }
    return Scene(
        named,
        (
            prediction(state, now, named["prediction"]),
            one_observation(state, now.own, now.own_loss),
            every_step(state, run, now),
            parameters(state, now),
            every_phi(state, run.path[now.step]),
        ),
        (
            in_terms("mean loss", now.loss, now.means, state.loss, "mean of "),
            in_terms("loss of this *y*", now.own_loss, now.own_terms, state.loss),
        ),
        presets(state, run),
        sentence(state, run, now),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def prediction(state: State, now: Moment, answers: Array) -> Plot:
    xs, ys, held_x, held_y = parted(state.x, state.y, state.held_out)
    x, i, (x_label, y_label) = now.x, state.index, state.labels
    y_axis, label = Axis(y_label, state.limits["y"]), state.what
    own = state.y[i]
    marks: tuple[Mark, ...]
    if state.classes:
        marks, centres = classes.bands(x, classes.probabilities(now.members), state.classes)
        ys, held_y = (classes.inside(x, centres, *pair) for pair in ((xs, ys), (held_x, held_y)))
        own = float(classes.inside(x, centres, *np.array([[state.x[i]], [own]]))[0])
        y_axis = Axis("P", (0.0, 1.0))
        seen_as = "each in a band as high as the probability of its class"
    else:
        q = now.bands
        marks = (
            Area(x[::2], q[3], "model", q[0]),
            Area(x[::2], q[2], "model", q[1]),
            Line(x, answers, "model", label),
        )
        seen_as = f"the {label} with bands that hold 50 % and 90 %"
    return Plot(
        "The data, and what is predicted",
        Axis(x_label, state.limits["x"]),
        y_axis,
        f"{len(state.x)} observations over x, {seen_as}, at step {now.step}; the observation at "
        f"x = {number(state.x[i], 2)} is looked at.",
        (
            *marks,
            Points(xs, ys, "observation", small=True),
            Points(held_x, held_y, "muted", shape="cross", small=True),
            Rule(state.x[i], "observation", drag=Drag(x="near")),
            Points(state.x[i], own, "observation"),
        ),
        click=Drag(x="near"),
    )


def one_observation(state: State, own: Any, loss: float) -> Plot:
    i, cost = state.index, f"{amount(loss)} nats"
    y, limits = state.y[i], state.limits["y"]
    if state.classes:
        p = classes.probabilities(own)
        at = np.arange(float(p.size))
        marks: tuple[Mark, ...] = (
            Bars(at, p, "model", tuple(number(value) for value in p.tolist())),
            Points(y, p[int(y)], "observation", small=True),
            Note(f"loss {cost}", "loss"),
        )
        x_axis = Axis(state.labels[1], (-0.6, p.size - 0.4), names=state.classes)
        top, what = 1.15, "The probability of each class"
    else:
        line = places(own, limits)
        curve, height = np.exp(own.log_prob(line)), float(np.exp(own.log_prob(y)))
        marks = (
            Area(line, curve, "model"),
            Line(line, curve, "model"),
            Rule(y, "observation", f"*y* = {number(y)}"),
            Points(y, height, "loss", cost, drop="y"),
        )
        peak = inner(own, curve)
        top = max(float(peak[np.isfinite(peak)].max(initial=1e-9)), height if height < 1e300 else 0)
        x_axis, top, what = Axis(state.labels[1], limits), ceiling(1.1 * top), "The density of y"
    less = ", log B dropped" if state.loss == "kernel" else ""
    return Plot(
        f"What this *y* costs: −log *p*{less}",
        x_axis,
        Axis("", (0.0, top)),
        f"{what} that is predicted for the observation looked at. It is "
        f"{plain(state.classes[int(y)]) if state.classes else number(y)}, a loss of {cost}.",
        marks,
    )


def every_step(state: State, run: Training, now: Moment) -> Plot:
    steps, losses, nlls, held_out, limits = curves(state.task)
    room, kernel = run.steps > 0.1 * state.limits["step"][1], state.loss == "kernel"
    length = int(np.searchsorted(steps, run.steps, "right"))

    def named(share: float, curve: Array, role: Role, text: str) -> Line:
        k = int(share * length)
        return Line(steps[[k]], curve[[k]], role, text)

    end = f"stopped at step {run.stopped}" if run.stopped is not None else ""
    return Plot(
        "The mean loss at each step",
        Axis("step", state.limits["step"]),
        Axis("nats per observation", limits),
        f"The mean loss over the steps. At step {now.step} it is {amount(now.loss)} nats, and "
        f"{amount(now.held_out)} of the held-out data. {end}",
        (
            Line(steps, held_out, "observation"),
            Line(steps, nlls, "muted", dashed=True),
            Line(steps, losses, "loss"),
            named(0.8, held_out, "observation", "held out" * (room and any(state.held_out))),
            named(0.5, nlls, "muted", "nothing dropped" * (room and kernel)),
            named(0.5, losses, "loss", "training" * room),
            Rule(float(now.step), "muted", drag=Drag(x="step")),
            Points(float(now.step), now.loss, "loss", amount(now.loss)),
            Note(end, "loss"),
        ),
        tab="steps",
    )


def parameters(state: State, now: Moment) -> Plot:
    """One curve for each parameter, or for each output of the network."""
    title, lines = "The parameters, *θ*(*x*)", labelled(now.theta, state.classes)
    if state.shown == "eta":
        title = "Before the link: the network’s outputs"
        outputs = [(f"*η*{subscript(k + 1)}", eta) for k, eta in enumerate(now.eta.T)]
        lines = outputs + [("", np.full_like(now.x, np.nan))] * (len(lines) - len(outputs))
    heights = np.concatenate([curve for _, curve in lines])
    heights = heights[np.isfinite(heights)].clip(-1e9, 1e9)
    low, high = (float(end) for end in (heights.min(initial=0.0), heights.max(initial=0.0)))
    limits = (0.0, 1.0) if state.classes and state.shown == "theta" else limits_around(low, high)
    ends = (f"{plain(n)} from {number(c[0])} to {number(c[-1])}" for n, c in lines if n)
    return Plot(
        title,
        Axis(state.labels[0], state.limits["x"]),
        Axis("", limits),
        f"Curves over x: {', '.join(ends)}.",
        (
            *(
                Line(now.x, curve, "model", name, k % 2 == 1, at=0.25 + 0.5 * k / len(lines))
                for k, (name, curve) in enumerate(lines)
            ),
            Rule(state.x[state.index], "observation"),
        ),
        tab="parameters",
    )


def every_phi(state: State, phi: Array) -> Plot:
    path = landscape(state.task)
    (x, y), (end_x, end_y) = path.plane.seen(phi).tolist(), path.line[:, -1].tolist()
    share = f"{number(100 * path.plane.share, 1)} %"
    return Plot(
        "The loss around the path",
        Axis("start to end of *φ*", path.x),
        Axis("across", path.y),
        f"The loss over the plane in phi through the start, the end and the point of the path "
        f"farthest from their line. It holds {share} of the path. {LESS_COLOUR}",
        (
            Landscape(path.values, path.levels),
            Line(path.line[0], path.line[1], "model"),
            Points(0.0, 0.0, "muted", "start", small=True),
            Points(end_x, end_y, "muted", "end", small=True),
            Points(x, y, "model"),
            Note(f"this plane has {share} of the path", "model", "left"),
        ),
        tab="landscape",
    )


# ----------------------------------------------------------------------------- words and buttons


def presets(state: State, run: Training) -> tuple[Preset, ...]:
    last, least = {"step": state.limits["step"][1]}, math.nan
    if np.isfinite(run.held_out).any():
        least = state.slider("step").nearest(float(np.nanargmin(run.held_out)))
    fast, too_fast = (state.reached("rate", rate) for rate in (0.05, 1.0))
    many_units = {"hidden": 32, "method": "adam", "rate": fast, "decay": 0.0, **last}
    found = (
        Preset("the end", last, "after all steps"),
        Preset("least held-out loss", {"step": least}, "to stop here is best for new data"),
        Preset("a line (0 units)", {"hidden": 0, **last}, "every output is a line in x"),
        Preset("many units", many_units, "32 units and a fast rate: it may fit noise"),
        Preset("too fast", {"method": "gradient", "rate": too_fast, **last}, "with a rate of 1"),
    )
    of_log_beta = (
        Preset("full loss", {"loss": "full", **last}, "nothing is dropped"),
        Preset("without log B", {"loss": "kernel", **last}, "the same training, log B dropped"),
    )
    return found + of_log_beta if isinstance(state, Shares) else found


def sentence(state: State, run: Training, now: Moment) -> str:
    count, value = state.held_out.count(False), amount(now.loss)
    text = f"Before training, the mean loss of {count} observations is {value} nats"
    if now.step:
        steps = "one step" if now.step == 1 else f"{now.step} steps"
        text = f"After {steps} the mean loss of {count} observations is {value} nats"
        text += f"; before training it was {amount(float(run.losses[0]))}"
    if state.loss == "kernel":
        text += f". This lacks log B(*a*, *b*): with nothing dropped it is {amount(now.nll)}"
        if now.nll > run.nlls[0]:
            text += ", more than before training, as log B depends on *a* and *b*"
    if not math.isnan(now.held_out):
        text += f". For held-out observations it is {amount(now.held_out)}"
        best = int(np.nanargmin(run.held_out))
        if state.loss == "full" and now.step > best and now.held_out > run.held_out[best] + 0.005:
            text += f"; it was least, {amount(float(run.held_out[best]))}, at step {best}"
    if state.step > now.step:
        ends = state.family == "beta" and {0.0, 1.0} & set(state.y)
        why = "a share of 0 or 1 may cost infinitely much" if ends else "a lower rate may help"
        why = f"the next loss is not finite; {why}" if run.stopped else "it had converged"
        text += f". The training ended there: {why}"
    y = state.y[state.index]
    name = state.classes[int(y)] if state.classes else f"*y* = {number(y)}"
    return f"{text}. The observation that is looked at, {name}, costs {amount(now.own_loss)} nats."
