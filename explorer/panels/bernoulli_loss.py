"""The Bernoulli loss: a logit, a label, and what the one costs given the other; or two groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import Bernoulli, LogisticFit, fit_logistic
from explorer.panels.inputs import column, intervals, real
from explorer.panels.words import chance, compared, nats
from explorer.spec import (
    Area,
    Arrows,
    Axes,
    Blueprint,
    Drag,
    Frame,
    Landscape,
    Line,
    Note,
    Points,
    Preset,
    Rule,
    Slider,
    Spec,
    Stems,
    Sum,
    Term,
    nice_ceiling,
    number,
)

Limits: TypeAlias = Mapping[str, tuple[float, float]]
Array: TypeAlias = NDArray[np.float64]

REACH = (8.0, 50.0, 1000.0, 10_000.0)  # how far the logit's axis reaches, in steps
FAR: Array = np.array([-800.0, -40.0, 40.0, 800.0])  # where the naive formula is looked at
ONE_DOMAIN = {"logit": (-1e6, 1e6), "y": (0.0, 1.0)}
LARGEST = 1e9
CELLS = 48


@dataclass(frozen=True)
class One:
    """A logit and a label, which is soft between 0 and 1; `limits` holds each slider's range."""

    logit: float = 1.5
    y: float = 1.0
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, domain in ONE_DOMAIN.items():
            object.__setattr__(self, name, real(name, getattr(self, name), *domain))
        reach = nice_ceiling(abs(self.logit), REACH)
        defaults = {"logit": (-reach, reach), "y": (0.0, 1.0)}
        object.__setattr__(self, "limits", intervals(self.limits, defaults, ONE_DOMAIN))


@dataclass(frozen=True)
class Groups:
    """Points `x` with labels `y`, and the model z = slope (x - decision) over them."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: float
    decision: float
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        x, y = _columns(self.x, self.y)
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)
        domain = dict.fromkeys(("slope", "decision"), (-LARGEST, LARGEST))
        for name in domain:
            object.__setattr__(self, name, real(name, getattr(self, name), *domain[name]))
        if self.limits.keys() == domain.keys():  # at every tick
            return
        best, rises = _best(x, y)[0], float(np.cov(x, y)[0, 1])
        steepest = 1.5 * abs(best.slope) if best else 0.0
        steep = _round_up(max(4 / float(np.std(x)), abs(self.slope), steepest))
        low = -steep if rises <= 0 or self.slope < -steep / 4 else -steep / 4
        high = steep if rises >= 0 or self.slope > steep / 4 else steep / 4
        ends = (min(*x, self.decision), max(*x, self.decision))
        defaults = {"slope": (low, high), "decision": ends}
        object.__setattr__(self, "limits", intervals(self.limits, defaults, domain))


def _columns(x: Any, y: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """x and y as tuples of one length; truth values are labels too."""
    x = column("x", x, -LARGEST, LARGEST)
    if len(set(x)) < 2:
        raise ValueError(f"x = {x!r}: allowed are numbers of which two differ")
    labels = np.asarray(y)
    y = column("y", labels.astype(float) if labels.dtype == bool else y, 0.0, 1.0)
    if len(x) != len(y):
        raise ValueError(f"y has {len(y)} labels: allowed is one for each of the {len(x)} x")
    return x, y


def bernoulli_loss(
    logit: float = 1.5,
    y: Any = 1.0,
    *,
    x: Any = None,
    slope: float | None = None,
    decision: float | None = None,
    limits: Limits | None = None,
) -> Blueprint[Any]:
    """Show what a logit costs when the label comes to light, and how steep that loss is.

    The sigmoid, the loss ``(1-y) log(1+e^z) + y log(1+e^-z)`` in nats with its slope ``p - y``,
    and where the formula that is often written for it fails. With `x`, two groups on a line
    and the logit ``z = slope (x - decision)`` over them, whose losses add up.

    Parameters
    ----------
    logit : float
        The predicted log-odds z of y = 1.
    y : float, or list, array or Series with `x`
        The label in [0, 1]; between 0 and 1 it is soft. With `x`, one label a point.
    x : list, array or Series, optional
        Where the two groups lie; replaces `logit`.
    slope, decision : float, optional
        How steep the logit is over x, and where it is 0; the offset is ``-slope decision``.
    limits : dict, optional
        A slider's range by name, e.g. ``{"logit": (-1000, 1000)}``.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["loss"]``, ``["probability"]``, ``["gradient"]``, ``["naive"]``; with `x`
        ``["losses"]``, ``["offset"]``, ``["best"]`` and the other numbers on screen.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    limits = {} if limits is None else limits
    if x is not None:
        x, y = _columns(x, y)
        if slope is None:
            slope = float(np.copysign(2 / np.std(x), np.cov(x, y)[0, 1]))
        decision = float(np.median(x)) if decision is None else decision
        return Blueprint(Groups(x, y, slope, decision, limits), view_groups, spec_groups)
    for name, value in (("slope", slope), ("decision", decision)):
        if value is not None:
            raise ValueError(f"{name} = {value!r}: allowed only together with x")
    return Blueprint(One(logit, y, limits), view_one, spec_one)


def naive_loss(logit: Any, y: float) -> Any:
    """-y log p - (1-y) log(1-p) with p = 1 / (1 + e^-z), as it is often written: it fails far out.

    It is here to be looked at: inf and nan stand where float64 rounds p to 0 or 1.
    """
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-np.asarray(logit)))
        return -y * np.log(p) - (1 - y) * np.log(1 - p)


# ------------------------------------------------------------------------------------------ view


def view_one(state: One) -> Frame:
    """All that is on screen for one label."""
    z, y = state.logit, state.y
    model = Bernoulli(z)
    p, loss = float(model.probability), float(model.nll(y))
    gradient, naive = float(model.nll_gradient(y)["logit"]), float(naive_loss(z, y))
    reach = nice_ceiling(abs(z), REACH)
    grid, sigmoid, loss_of_1, loss_of_0 = _curves(reach)
    top = 0.5 * reach if loss <= 0.5 * reach else 1.125 * reach
    # The tangent runs as far as it stays inside the plot, up and down.
    steep = max(abs(gradient), 1e-9)
    rise, fall = (min(0.3 * reach, room / steep) for room in (top - loss, loss))
    uphill = np.copysign(1.0, gradient)
    soft = 0 < y < 1
    target = float(Bernoulli.from_probability(y).logit)
    least = float(Bernoulli.from_probability(y).entropy())
    far_reach = max(reach, 1000.0)
    far_grid, left, right = _far(far_reach)
    return {
        "logit": z,
        "y": y,
        "probability": p,
        "loss": loss,
        "gradient": gradient,
        "naive": naive,
        "entropy": least,
        "minus_y": -y,
        "z_grid": grid,
        "sigmoid": sigmoid,
        "loss_of_1": loss_of_1,
        "loss_of_0": loss_of_0,
        "loss_curve": Bernoulli(grid).nll(y),
        "z_limits": np.array([-reach, reach]),
        "loss_limits": np.array([0.0, top]),
        "p_label": f"*p* {compared(p)}",
        "y_label": f"*y* = {number(y, 2)}",
        "loss_label": f"loss {nats(loss)}",
        "term_0": (1 - y) * float(model.nll(0)),
        "term_1": y * float(model.nll(1)),
        "tangent_x": np.array([z - uphill * fall, z + uphill * rise]),
        "tangent_y": np.array([loss - fall * abs(gradient), loss + rise * abs(gradient)]),
        "slope_x": np.array([z, z]) - uphill * fall,
        "slope_y": np.array([loss, loss]) - fall * abs(gradient),
        "slope_label": f"slope {number(gradient)}",
        "target_x": np.array([target if soft and abs(target) <= reach else np.nan]),
        "least": np.array([least]),
        "least_label": f"least {number(least)}",
        "one_x": np.array([-0.42, -0.42]) * reach,
        "zero_x": np.array([0.42, 0.42]) * reach,
        "ends_y": np.array([0.42, 0.42]) * reach,
        "far_limits": np.array([-far_reach, far_reach]),
        "far_loss_limits": np.array([0.0, 1.25 * far_reach]),
        "far_grid": far_grid,
        "far_curve": Bernoulli(far_grid).nll(y),
        "left_x": left,
        "right_x": right,
        "fence": np.array([1.25, 1.25]) * far_reach,
        "left_text": f"naive: {_said(float(naive_loss(left[0], y)))}",
        "right_text": f"naive: {_said(float(naive_loss(right[1], y)))}",
        "far_x": FAR,
        "far_y": Bernoulli(FAR).nll(y),
        "far_labels": tuple(map(_short, Bernoulli(FAR).nll(y))),
        "sentence": _sentence_one(state, p, loss, gradient, naive, least),
        "sigmoid_said": f"The probability of y = 1 over the logit z; at z = {number(z, 2)} it is "
        f"{p:.4g}. An arrow runs from the label {number(y, 2)} to it.",
        "loss_said": f"The loss over the logit for y = 1, y = 0 and the present label "
        f"{number(y, 2)}; at z = {number(z, 2)} it is {nats(loss)}, with slope "
        f"{number(gradient)}.",
        "far_said": f"The same loss for logits from minus {far_reach:g} to {far_reach:g}. "
        f"The naive formula gives {_said(float(naive_loss(left[0], y)))} below {left[1]:.0f} "
        f"and {_said(float(naive_loss(right[1], y)))} above {right[0]:.0f}.",
    }


def view_groups(state: Groups) -> Frame:
    """All that is on screen for two groups."""
    x, y, different = _data(state.x, state.y)
    slope, decision = state.slope, state.decision
    model = Bernoulli(slope * (x - decision))
    p, (of_0, of_1) = model.probability, -model.log_probabilities().T
    losses = (1 - y) * of_0 + y * of_1
    each = model.nll_gradient(y)["logit"]
    loss = float(losses.sum())
    best, reason = _best(state.x, state.y)
    grid = _grid(state.x, state.limits["decision"])
    along = Bernoulli(slope * (grid - decision))
    right, decided = int(((p > 0.5) == (y > 0.5))[y != 0.5].sum()), int((y != 0.5).sum())
    offset = -slope * decision
    curve_of_0, curve_of_1 = -along.log_probabilities().T
    ceiling = nice_ceiling(float(losses.max()), (2.0, 4.0, 8.0))
    digits = _digits(state.limits["decision"])
    return {
        "slope": slope,
        "decision": decision,
        "offset": offset,
        "probabilities": p,
        "losses": losses,
        "loss": loss,
        "gradient": np.array([each @ x, each.sum()]),
        "best": {"slope": best.slope, "offset": best.offset, "decision": best.decision}
        if best
        else {},
        "right": float(right),
        "term_0": float((1 - y) @ of_0),
        "term_1": float(y @ of_1),
        "x_grid": grid,
        "sigmoid": along.probability,
        "loss_of_1": curve_of_1,
        "loss_of_0": curve_of_0,
        "points_x": _drawn(state.x, state.y)[0],
        "points_y": _drawn(state.x, state.y)[1],
        "points_loss": losses[different],
        "loss_limits": np.array([0.0, ceiling]),
        "decision_label": f"decides at {number(decision, digits)}",
        "point_label": f"({number(decision, digits)}, {_figures(slope)})",
        "landscape": _landscape(state.x, state.y, state.limits["decision"], state.limits["slope"]),
        "levels": _levels(state.x, state.y, state.limits["decision"], state.limits["slope"]),
        "best_decision": np.array([best.decision if best else np.nan]),
        "best_slope": np.array([best.slope if best else np.nan]),
        "best_label": f"best {number(best.value, 2)}" if best else "",
        "sentence": _sentence_groups(state, losses, (right, decided), best, reason),
        "sigmoid_said": f"The probability of y = 1 over x, which is one half at "
        f"{number(decision, digits)}, with {len(state.x)} points at their labels.",
        "loss_said": "What a point costs over x, for y = 1 and for y = 0, with a bar for each "
        "point's own loss.",
        "map_said": f"The sum of all losses over decision and slope, with the present model at "
        f"{number(decision, digits)} and {_figures(slope)}"
        + (
            f" and the best at {number(best.decision, digits)} and {_figures(best.slope)}."
            if best
            else "."
        ),
    }


def _sentence_one(
    state: One, p: float, loss: float, gradient: float, naive: float, least: float
) -> str:
    y, soft = state.y, 0 < state.y < 1
    said = (
        f"The model gives *y* = 1 a probability {chance(p)}. The label is {_label(y)}: "
        f"a loss of {nats(loss)}."
    )
    if soft and loss - least < 5e-7:
        said += (
            " No logit costs less: what is left is the entropy of the label, and the slope is 0."
        )
    elif soft:
        said += f" No logit costs less than {number(least)}, the entropy of the label."
    elif abs(gradient) > 0.95:
        said += " It is sure and wrong: each further step of the logit costs about a nat more."
    if not np.isclose(naive, loss, rtol=1e-3, atol=1e-9):
        return f"{said} The naive formula gives {_said(naive)} here, for *p* is rounded to {p:.0f}."
    if abs(gradient) > 5e-4:
        way = "Lowering" if gradient > 0 else "Raising"
        return f"{said} {way} the logit helps: the slope is *p* − *y* = {number(gradient)}."
    return said


def _sentence_groups(
    state: Groups,
    losses: Array,
    right: tuple[int, int],
    best: LogisticFit | None,
    reason: str,
) -> str:
    count, loss, worst = len(state.x), float(losses.sum()), int(np.argmax(losses))
    at = number(state.decision, _digits(state.limits["decision"]))
    if state.slope == 0:
        said = f"With slope 0 the model is undecided everywhere: each of the {count} costs log 2"
        said += f" = {number(float(losses[0]))}, {number(loss)} nats together."
    else:
        side = "above" if state.slope > 0 else "below"
        dearest = f"*x* = {state.x[worst]:g} with *y* = {state.y[worst]:g}"
        said = (
            f"The model says *y* = 1 {side} {at}; that is right for {right[0]} of {right[1]}. "
            f"The loss is {number(loss)} nats, {number(loss / count)} each on average; "
            f"the dearest, {dearest}, {number(losses[worst])}."
        )
    if best is None:
        return f"{said} {reason}"
    if loss - best.value < 5e-4:
        return f"{said} No other slope and offset make it less: the maximum of the likelihood."
    return f"{said} At the maximum of the likelihood it would be {number(best.value)}."


def _said(value: float) -> str:
    return "nan" if np.isnan(value) else "∞" if np.isinf(value) else number(value)


def _label(y: float) -> str:
    return number(y, 0) if y in (0, 1) else f"soft, {number(y, 2)}"


def _short(loss: float) -> str:
    """A loss in a few figures, however small."""
    if loss == 0 or loss >= 0.1:
        return f"{loss:.4g}"
    power = int(np.floor(np.log10(loss)))
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{loss / 10.0**power:.2g}·10{raised}"


@lru_cache(maxsize=8)
def _curves(reach: float) -> tuple[Array, Array, Array, Array]:
    grid = np.linspace(-reach, reach, 161)
    model = Bernoulli(grid)
    return grid, model.probability, model.nll(1), model.nll(0)


@lru_cache(maxsize=8)
def _far(reach: float) -> tuple[Array, Array, Array]:
    """A grid with a corner at 0, and the two ends where p is rounded to 0 and to 1."""
    fine = np.linspace(-reach, reach, 8001)
    lost = ~np.isfinite(naive_loss(fine, 0.5))
    left, right = fine[lost & (fine < 0)].max(), fine[lost & (fine > 0)].min()
    return np.linspace(-reach, reach, 81), np.array([-reach, left]), np.array([right, reach])


@lru_cache(maxsize=8)
def _data(x: tuple[float, ...], y: tuple[float, ...]) -> tuple[Array, Array, NDArray[np.intp]]:
    """x and y as arrays, and where each different pair stands, which is drawn once."""
    pairs = np.column_stack([x, y])
    return pairs[:, 0].copy(), pairs[:, 1].copy(), np.unique(pairs, axis=0, return_index=True)[1]


@lru_cache(maxsize=8)
def _drawn(x: tuple[float, ...], y: tuple[float, ...]) -> tuple[Array, Array]:
    at, labels, different = _data(x, y)
    return at[different], labels[different]


@lru_cache(maxsize=8)
def _grid(x: tuple[float, ...], decision: tuple[float, float]) -> Array:
    low, high = min(*x, decision[0]), max(*x, decision[1])
    return np.linspace(low - 0.03 * (high - low), high + 0.03 * (high - low), 161)


@lru_cache(maxsize=16)
def _landscape(
    x: tuple[float, ...],
    y: tuple[float, ...],
    decisions: tuple[float, float],
    slopes: tuple[float, float],
) -> Array:
    decision = np.linspace(*decisions, CELLS)[None, :]
    slope = np.linspace(*slopes, CELLS)[:, None]
    values = np.zeros((CELLS, CELLS))
    for at, label in zip(x, y, strict=True):
        values += Bernoulli(slope * (at - decision)).nll(label)
    values.flags.writeable = False
    return values


@lru_cache(maxsize=16)
def _levels(
    x: tuple[float, ...],
    y: tuple[float, ...],
    decisions: tuple[float, float],
    slopes: tuple[float, float],
) -> Array:
    values = _landscape(x, y, decisions, slopes)
    inner, outer = np.quantile(values, [0.02, 0.9])
    levels: Array = inner + (outer - inner) * (np.arange(18) / 15) ** 1.5
    return levels


@lru_cache(maxsize=16)
def _best(x: tuple[float, ...], y: tuple[float, ...]) -> tuple[LogisticFit | None, str]:
    """The maximum-likelihood fit, or None and why there is none."""
    values = np.array(y)
    if (values == 0).all() or (values == 1).all():
        return None, "There is no maximum of the likelihood: all labels are the same."
    try:
        return fit_logistic(x, y), ""
    except ValueError:
        return None, (
            "There is no maximum of the likelihood: a point separates the groups, so that a "
            "steeper slope there always costs less."
        )


def _round_up(value: float) -> float:
    """The next round number, so that limits and steps read well."""
    power = float(10 ** np.floor(np.log10(value)))
    return float(
        f"{nice_ceiling(value / power, (1.0, 1.2, 1.6, 2.0, 4.0, 8.0, 10.0)) * power:.12g}"
    )


def _step(low: float, high: float) -> float:
    """A power of ten, or two or five of it: some hundred positions between the ends."""
    power = float(10 ** np.floor(np.log10((high - low) / 250)))
    return float(f"{nice_ceiling((high - low) / 250 / power, (1.0, 2.0, 5.0, 10.0)) * power:.12g}")


def _digits(interval: tuple[float, float]) -> int:
    """Decimals that tell the positions of a slider apart."""
    return max(0, -int(np.floor(np.log10(_step(*interval)))))


def _figures(value: float) -> str:
    return number(value, max(0, 2 - int(np.floor(np.log10(abs(value) or 1)))))


# ------------------------------------------------------------------------------------------ spec


def spec_one(state: One) -> Spec:
    """How a frame of `view_one` is drawn."""
    low, high = state.limits["logit"]
    step = min(_step(low, high), 0.05 if high - low <= 16 else 0.5)
    controls = (
        Slider("logit", "z", "logit z", low, high, step),
        Slider("y", "y", "label y", *state.limits["y"], step=0.01),
    )
    presets = (
        Preset("right and sure", {"logit": 4.0, "y": 1.0}, "z = 4 and y = 1: hardly any loss"),
        Preset("undecided", {"logit": 0.0, "y": 1.0}, "z = 0: the loss is log 2 for either label"),
        Preset("wrong and sure", {"logit": -6.0, "y": 1.0}, "z = −6 and y = 1: a steep loss"),
        Preset("soft label 0.3", {"logit": 1.5, "y": 0.3}, "the loss has a minimum, not at 0"),
        Preset("z = 40", {"logit": 40.0, "y": 0.0}, "1 − p is rounded to 0; y = 0"),
        Preset("z = −800", {"logit": -800.0, "y": 1.0}, "e to the 800 overflows; y = 1"),
    )
    inside = tuple(
        p
        for p in presets
        if all(state.limits[n][0] <= float(v) <= state.limits[n][1] for n, v in p.values.items())
    )
    sigmoid = Axes(
        "How likely: *p* = σ(*z*)",
        "*z*",
        "*p*",
        "z_limits",
        (0.0, 1.0),
        (
            Line("z_grid", "sigmoid", "model"),
            Arrows("logit", "y", "logit", "probability", "loss"),
            Points("logit", "y", "observation", "{y_label}", shape="ring", drag=Drag(y="y")),
            Points("logit", "probability", "model", "{p_label}", drop="y", drag=Drag(x="logit")),
        ),
        "{sigmoid_said}",
    )
    loss = Axes(
        "What it costs: −log *p*(*y* | *z*)",
        "*z*",
        "",
        "z_limits",
        "loss_limits",
        (
            Line("z_grid", "loss_of_1", "muted", dashed=True),
            Line("z_grid", "loss_of_0", "muted", dashed=True),
            Line("one_x", "ends_y", "muted", label="*y* = 1"),  # labels alone
            Line("zero_x", "ends_y", "muted", label="*y* = 0"),
            Line("z_grid", "loss_curve", "loss"),
            Line("tangent_x", "tangent_y", "model"),
            Line("slope_x", "slope_y", "model", label="{slope_label}"),
            Points("target_x", "least", "optimum", "{least_label}", small=True),
            Points("logit", "loss", "loss", "{loss_label}", drag=Drag(x="logit")),
        ),
        "{loss_said}",
    )
    far = Axes(
        "Far out: *z* = ±40 and ±800",
        "*z*",
        "",
        "far_limits",
        "far_loss_limits",
        (
            Area("left_x", "fence", "muted"),
            Area("right_x", "fence", "muted"),
            Note("{left_text}", "muted", "left"),
            Note("{right_text}", "muted"),
            Line("far_grid", "far_curve", "loss"),
            Points("far_x", "far_y", "loss", "{far_labels}", small=True),
        ),
        "{far_said}",
    )
    terms = (
        Term("term_1", "*y* log(1 + *e*⁻ᶻ)"),
        Term("term_0", "(1 − *y*) log(1 + *e*ᶻ)"),
    )
    slope = (Term("probability", "*p* = σ(*z*)"), Term("minus_y", "−*y*"))
    sums = (Sum(Term("loss", "loss"), terms), Sum(Term("gradient", "slope"), slope))
    return Spec("bernoulli_loss", controls, inside, (sigmoid, loss, far), sums)


def spec_groups(state: Groups) -> Spec:
    """How a frame of `view_groups` is drawn."""
    best, reason = _best(state.x, state.y)
    slopes, decisions = state.limits["slope"], state.limits["decision"]
    grid = _grid(state.x, decisions)
    controls = (
        Slider("slope", "w", "slope", *slopes, _step(*slopes), digits=_digits(slopes)),
        Slider(
            "decision", "x₀", "decision point", *decisions, _step(*decisions), _digits(decisions)
        ),
    )
    undecided = {"slope": 0.0} if slopes[0] <= 0 <= slopes[1] else {}
    found = {"slope": best.slope, "decision": best.decision} if best else {}
    inside = all(state.limits[n][0] <= v <= state.limits[n][1] for n, v in found.items())
    presets = (
        Preset("maximum likelihood", found if inside else {}, reason or "no other costs less"),
        Preset("undecided", undecided, "slope 0: one half everywhere"),
    )
    x_limits = (float(grid[0]), float(grid[-1]))
    rule = Rule("decision", "model", "{decision_label}", Drag(x="decision"))
    sigmoid = Axes(
        "How likely *y* = 1 is at *x*",
        "*x*",
        "*p*",
        x_limits,
        (-0.08, 1.2),
        (
            Line("x_grid", "sigmoid", "model"),
            rule,
            Points("points_x", "points_y", "observation", small=True),
        ),
        "{sigmoid_said}",
    )
    loss = Axes(
        "What each costs (*y* = 0 dashed)",
        "*x*",
        "",
        x_limits,
        "loss_limits",
        (
            Stems("points_x", "points_loss", "observation"),
            Line("x_grid", "loss_of_1", "loss"),
            Line("x_grid", "loss_of_0", "loss", dashed=True),
        ),
        "{loss_said}",
    )
    plane = Axes(
        "The sum of all, for every (*x*₀, *w*)",
        "*x*₀",
        "*w*",
        decisions,
        slopes,
        (
            Landscape("landscape", "levels"),
            Points("best_decision", "best_slope", "optimum", "{best_label}", small=True),
            Points(
                "decision", "slope", "model", "{point_label}", drag=Drag(x="decision", y="slope")
            ),
        ),
        "{map_said}",
    )
    terms = (
        Term("term_1", "Σ *yᵢ* log(1 + *e*⁻ᶻ)"),
        Term("term_0", "Σ (1 − *yᵢ*) log(1 + *e*ᶻ)"),
    )
    sums = (Sum(Term("loss", "loss"), terms),)
    return Spec("bernoulli_loss", controls, presets, (sigmoid, loss, plane), sums)
