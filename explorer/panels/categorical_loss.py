"""The Categorical loss: logits of several classes, and what they cost when one of them comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import Categorical
from explorer.panels.inputs import column, intervals, real
from explorer.panels.words import chance, nats
from explorer.spec import (
    Area,
    Arrows,
    Axes,
    Bars,
    Blueprint,
    Choice,
    Drag,
    Frame,
    Line,
    Points,
    Preset,
    Slider,
    Spec,
    Sum,
    Term,
    nice_ceiling,
    number,
)

Limits: TypeAlias = Mapping[str, tuple[float, float]]
Array: TypeAlias = NDArray[np.float64]

DOMAIN = {"logits": (-1e6, 1e6), "shift": (-1e6, 1e6)}
FEWEST, MOST = 3, 6
CONTOURS = (0.5, 1.0, 2.0, 3.0)  # nats
ASIDE = 0.4  # from the middle of a bar to its arrow


@dataclass(frozen=True)
class State:
    """Logits, one a class, all moved by `shift`; and the class that came, or several of them."""

    logits: tuple[float, ...] = (2.0, 0.5, -1.0)
    y: int = 1
    shift: float = 0.0
    observations: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        logits = column("logits", self.logits, *DOMAIN["logits"])
        if not FEWEST <= len(logits) <= MOST:
            raise ValueError(
                f"logits = {self.logits!r}: allowed are {FEWEST} to {MOST} numbers, one a class"
            )
        names = tuple(self.names) or tuple(f"class {k}" for k in range(len(logits)))
        if len(names) != len(logits) or not all(isinstance(name, str) for name in names):
            raise ValueError(
                f"names = {self.names!r} and logits = {self.logits!r}: "
                "allowed is one name for each logit"
            )
        top = len(logits) - 1
        seen = column("observations", self.observations, 0, top) if len(self.observations) else ()
        whole = tuple(_whole(f"observations[{i}]", k, top) for i, k in enumerate(seen))
        for name, value in (
            ("logits", logits),
            ("y", _whole("y", self.y, top)),
            ("shift", real("shift", self.shift, *DOMAIN["shift"])),
            ("observations", whole),
            ("names", names),
        ):
            object.__setattr__(self, name, value)
        if self.limits.keys() == DOMAIN.keys():  # at every tick
            return
        reach = nice_ceiling(max(map(abs, logits)), (4.0, 8.0, 50.0, 1000.0))
        moved = nice_ceiling(abs(self.shift), (2.0, 10.0, 50.0, 1000.0))
        defaults = {"logits": (-reach, reach), "shift": (-moved, moved)}
        object.__setattr__(self, "limits", intervals(self.limits, defaults, DOMAIN))


def categorical_loss(
    logits: Any = (2.0, 0.5, -1.0),
    y: int | None = None,
    *,
    shift: float = 0.0,
    observations: Any = None,
    names: Any = (),
    limits: Limits | None = None,
) -> Blueprint[State]:
    """Show what the logits of several classes cost when one class, or several in turn, comes.

    The loss ``log sum_k e^z_k - z_y`` in nats as a length between the two, the probabilities
    with the gradient ``softmax - one-hot`` as arrows, and, with three classes and one
    observation, the triangle of all probabilities.

    Parameters
    ----------
    logits : list, array or Series of 3 to 6 numbers
    y : int, optional
        The number of the class that came, from 0; 1 if neither it nor `observations` is given.
    shift : float
        Added to every logit; it changes no probability and no loss.
    observations : list, array or Series of int, optional
        The classes that came, instead of one; their losses are summed.
    names : list of str, optional
        What the classes are called.
    limits : dict, optional
        The range of the sliders ``"logits"`` and ``"shift"``.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["loss"]``, ``["probabilities"]``, ``["gradient"]``, ``["log_sum_exp"]`` and
        the other numbers on screen.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    limits = {} if limits is None else limits
    if observations is None:
        state = State(logits, 1 if y is None else y, shift, (), names, limits)
    elif y is not None:
        raise ValueError(f"y = {y!r}: allowed is either y or observations, not both")
    elif np.size(observations) == 0:
        raise ValueError(f"observations = {observations!r}: allowed is at least one class number")
    else:
        state = State(logits, 0, shift, observations, names, limits)
    return Blueprint(state, view, spec)


def _whole(name: str, value: Any, top: int) -> int:
    found = real(name, value, 0, top)
    if found != int(found):
        raise ValueError(f"{name} = {value!r}: allowed is a whole number from 0 to {top}")
    return int(found)


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen."""
    y, names, several = state.y, state.names, len(state.observations) > 0
    z = np.array(state.logits) + state.shift
    model = Categorical(z)
    p, log_sum = model.probabilities, float(model.log_normalizer())
    target = _target(state.observations, y, len(names))
    count = max(len(state.observations), 1)
    meant = float(target @ z)
    each = float(model.nll(target if several else y))
    gradient = model.nll_gradient(target if several else y)["logits"]
    places = np.arange(float(len(names)))
    at = (float((target * places).sum()) if several else float(y)) + ASIDE
    frame: dict[str, Any] = {
        "logits": z,
        "probabilities": p,
        "gradient": count * gradient,
        "loss": count * each,
        "mean_loss": each,
        "log_sum_exp": log_sum,
        "correct_logit": meant,
        "term_log_sum": count * log_sum,
        "term_logits": -count * meant,
        "slope": float(gradient[y]),
        "p_correct": float(p[y]),
        "minus_one": -1.0,
        "target": target,
        "names": names,
        "classes": places,
        "beside": places + ASIDE,
        "edges": np.array([places[0] - 0.5, places[-1] + 0.7]),
        "level": np.array([log_sum, log_sum]),
        "level_label": f"log Σ *e*ᶻ = {number(log_sum)}",
        "arrow_x": at,
        "arrow_label_x": np.array([at, at]),
        "arrow_label_y": np.array([0.5, 0.5]) * (meant + log_sum),
        "loss_label": f"{'mean ' if several else ''}loss {number(each)}",
        "p_labels": tuple(number(value) for value in p),
        "pulls": tuple(
            f"{'+' if g > 0 else ''}{number(g)}" if t else ""  # else it equals p
            for g, t in zip(gradient, target, strict=True)
        ),
        "sentence": _sentence(state, p, target, each, count),
        "logits_said": "The logits as bars: "
        + ", ".join(f"{n} {number(v, 2)}" for n, v in zip(names, z, strict=True))
        + f". Above them log-sum-exp, {number(log_sum)}; the loss {number(each)} is the way up "
        "to it from the "
        + (
            "mean logit of what was observed." if several else f"correct logit, that of {names[y]}."
        ),
        "probabilities_said": "The probabilities as bars: "
        + ", ".join(f"{n} {number(v)}" for n, v in zip(names, p, strict=True))
        + ". Arrows run to them from the target, which is "
        + ("the share of each class." if several else f"1 for {names[y]} and 0 for the others."),
    }
    if len(names) == 3 and not several:
        left, right = (k for k in range(3) if k != y)
        frame |= {
            "corner_x": np.array([0.5]),
            "corner_y": np.array([1.0]),
            "corner": (names[y],),
            "ends": (names[left], names[right]),
            "point_x": float(p[right] + 0.5 * p[y]),
            "point_y": float(p[y]),
            "point_label": f"loss {number(each)}",
            "triangle_said": f"The triangle of all probabilities, {names[y]} on top. The loss only "
            f"depends on the height; at the present {number(float(p[y]))} it is {nats(each)}.",
            **_triangle(),
        }
    return frame


def _sentence(state: State, p: Array, target: Array, each: float, count: int) -> str:
    names, best, second = state.names, int(np.argmax(p)), float(np.sort(p)[-2])
    if state.observations:
        said = (
            f"The {count} observations cost {number(count * each)} nats together, {number(each)} "
            "each on average."
        )
        least = float(Categorical.from_probabilities(target).entropy())
        if each - least < 0.5e-6:
            return (
                f"{said} No logits make it less: the probabilities are the shares of the classes."
            )
        return (
            f"{said} No logits make the average less than {number(least)}, the entropy of the "
            "shares of the classes."
        )
    chosen = state.y
    said = (
        f"The model gives {names[chosen]}, which came, a probability {chance(p[chosen])}: "
        f"a loss of {nats(each)}."
    )
    if p[best] - second < 0.0005:
        said += " No class is clearly the likeliest."
    elif best != chosen:
        said += f" It held {names[best]} for the likeliest, with {number(float(p[best]))}."
    if abs(state.shift) >= 0.005:
        way = "up" if state.shift > 0 else "down"
        said += (
            f" All logits are moved {way} by {number(abs(state.shift), 2)}, and log Σ *e*ᶻ with "
            "them: no probability has changed."
        )
    elif 1 - p[chosen] >= 0.0005:
        said += (
            f" Downhill its logit rises, at the rate {number(float(1 - p[chosen]))}, and the "
            "others fall, at the same rate together."
        )
    return said


@lru_cache(maxsize=16)
def _target(observations: tuple[int, ...], y: int, classes: int) -> Array:
    """The share of each class in the data: one-hot for a single one."""
    return np.bincount(observations or (y,), minlength=classes) / max(len(observations), 1)


@lru_cache(maxsize=1)
def _triangle() -> Mapping[str, Any]:
    """The outline, with the correct class on top, and where the loss has round values."""
    heights = np.exp(-np.array(CONTOURS))
    parts: dict[str, Any] = {
        "outline_x": np.array([0.0, 0.5, 1.0, 0.0]),
        "outline_y": np.array([0.0, 1.0, 0.0, 0.0]),
    }
    for i, height in enumerate(heights):
        parts |= {
            f"band_{i}_x": np.array([0.0, height / 2, 1 - height / 2, 1.0]),
            f"band_{i}_y": np.array([0.0, height, height, 0.0]),
            f"contour_{i}_x": np.array([height / 2, 1 - height / 2, 1 - height / 2]),
            f"contour_{i}_y": np.array([height, height, height]),
        }
    return parts


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    several, count, names = bool(state.observations), len(state.observations), state.names
    low, high = state.limits["logits"]
    lowest, highest = low + state.limits["shift"][0], high + state.limits["shift"][1]
    step = nice_ceiling((high - low) / 160, (0.05, 0.1, 0.5, 1.0))
    sliders = tuple(
        Slider(f"logits.{k}", f"z{_lowered(k)}", f"logit of {name}", low, high, step)
        for k, name in enumerate(names)
    )
    shift = Slider("shift", "shift", "shift of all logits", *state.limits["shift"], step=step)
    choice = Choice("y", "the class that came", tuple(enumerate(names)))
    click = None if several else Drag(x="y")
    edges = (-0.5, len(names) - 0.3)
    logits = Axes(
        "Logits, and log Σ *e*ᶻ above them",
        "",
        "*z*",
        edges,
        (lowest, highest + 2),
        (
            Bars("classes", "logits", "model", drag=Drag(y="logits.{i}")),
            Points("classes", "logits", "model", small=True),
            Line("edges", "level", "muted", dashed=True, label="{level_label}"),
            Arrows("arrow_x", "correct_logit", "arrow_x", "log_sum_exp", "loss"),
            Line("arrow_label_x", "arrow_label_y", "loss", label="{loss_label}"),
        ),
        "{logits_said}",
        x_ticks="names",
        click=click,
    )
    probabilities = Axes(
        "Probabilities; arrows: the gradient",
        "",
        "*p*",
        edges,
        (0.0, 1.0),
        (
            Bars("classes", "probabilities", "model", label="{p_labels}"),
            Arrows("beside", "target", "beside", "probabilities", "loss"),
            Points("beside", "target", "observation", "{pulls}", shape="ring", small=True),
        ),
        "{probabilities_said}",
        x_ticks="names",
        click=click,
    )
    contours = range(len(CONTOURS))
    triangle = Axes(
        "Every *p*: the height is that of {corner}",
        "",
        "*p*",
        (-0.14, 1.24),
        (-0.04, 1.12),
        (
            *(Area(f"band_{i}_x", f"band_{i}_y", "loss") for i in contours),
            Line("outline_x", "outline_y", "muted"),
            *(
                Line(
                    f"contour_{i}_x",
                    f"contour_{i}_y",
                    "loss",
                    dashed=True,
                    label=f"{level:g} nat{'s' * (level > 1)}",
                )
                for i, level in enumerate(CONTOURS)
            ),
            Points("corner_x", "corner_y", "observation", "{corner}", shape="ring", small=True),
            Points("point_x", "point_y", "model", "{point_label}"),
        ),
        "{triangle_said}",
        x_ticks="ends",
    )
    if several:
        axes: tuple[Axes, ...] = (logits, probabilities)
        total = Sum(
            Term("loss", "loss"),
            (
                Term("term_log_sum", f"{count} log Σ *e*ᶻ"),
                Term("term_logits", "−Σ *z* of what came"),
            ),
        )
        sums: tuple[Sum, ...] = (total,)
    else:
        axes = (logits, probabilities, triangle)[: 3 if len(names) == 3 else 2]
        sums = (
            Sum(
                Term("loss", "loss"),
                (Term("log_sum_exp", "log Σ *e*ᶻ"), Term("term_logits", "−*z* of the class")),
            ),
            Sum(
                Term("slope", "slope in that *z*"),
                (Term("p_correct", "its *p*"), Term("minus_one", "−its target")),
            ),
        )
    controls: tuple[Slider | Choice, ...] = (*sliders, shift, *(() if several else (choice,)))
    return Spec("categorical_loss", controls, _presets(state), axes, sums, columns=len(axes))


def _presets(state: State) -> tuple[Preset, ...]:
    count = len(state.names)
    low, high = state.limits["logits"]

    def logits(*values: float) -> dict[str, float]:
        return {f"logits.{k}": value for k, value in enumerate(values)}

    flat = logits(*[0.0] * count)
    found: tuple[Preset, ...] = (Preset("undecided", flat, "all logits equal: the loss is log K"),)
    if state.observations:
        shares = _target(state.observations, 0, count)
        z = Categorical.from_probabilities(shares).logits - np.log(shares.max())
        missing = state.names[int(np.argmin(shares))] if not shares.all() else ""
        note = (
            f"no maximum: {missing} never came, and less of it always costs less"
            if missing
            else "the probabilities are the shares of the classes"
        )
        inside = bool((z >= low).all())
        return (Preset("maximum likelihood", logits(*z.tolist()) if inside else {}, note), *found)
    sure = {**flat, "logits.0": 4.0}
    found += (
        Preset("sure and right", {**sure, "y": 0}, f"all on {state.names[0]}, and it comes"),
        Preset("sure and wrong", {**sure, "y": 1}, f"all on {state.names[0]}, not what comes"),
        Preset("shift by 2", {"shift": 2.0}, "moves all logits, changes nothing"),
    )
    ends = {"logits": (low, high), "shift": state.limits["shift"], "y": (0, count)}
    return tuple(
        preset
        for preset in found
        if all(
            ends[name.partition(".")[0]][0] <= value <= ends[name.partition(".")[0]][1]
            for name, value in preset.values.items()
        )
    )


def _lowered(k: int) -> str:
    return str(k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
