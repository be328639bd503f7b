"""The Beta loss: a prediction (a, b), an observation, and what the one costs given the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import Beta, fit_mle
from explorer.panels.inputs import column, intervals, real
from explorer.spec import (
    Area,
    Axes,
    Blueprint,
    Choice,
    Drag,
    Frame,
    Landscape,
    Line,
    Points,
    Preset,
    Rug,
    Rule,
    Setting,
    Slider,
    Spec,
    Stems,
    Sum,
    Term,
    Value,
    nice_ceiling,
    number,
)

Loss: TypeAlias = Literal["full", "kernel"]
Limits: TypeAlias = Mapping[str, tuple[float, float]]
Array: TypeAlias = NDArray[np.float64]

DOMAIN = {"a": (1e-6, 1e6), "b": (1e-6, 1e6), "y": (0.0, 1.0)}
GRID: Array = (1 - np.cos(np.linspace(0, np.pi, 241))) / 2  # dense where the density may be steep
AWAY_FROM_ENDS = (GRID > 0.02) & (GRID < 0.98)
CELLS = 48
REFERENCES = ((4.5, 2.5), (8.0, 4.0))
LEVELS: Array = np.array(
    [-4, -2, *np.arange(-1, 4, 0.5), *range(4, 10), 11, 13, 16, 20, 25, 32, 40, 50, 65, 80.0]
)


@dataclass(frozen=True)
class One:
    """A prediction and one observation.

    `limits` holds each slider's range; a name that is missing gets the default, made wide enough
    for the value.
    """

    a: float = 2.0
    b: float = 5.0
    y: float = 0.7
    loss: Loss = "full"
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_prediction(self)
        object.__setattr__(self, "y", real("y", self.y, *DOMAIN["y"]))
        defaults = {"a": _range(self.a), "b": _range(self.b), "y": (0.0, 1.0)}
        object.__setattr__(self, "limits", intervals(self.limits, defaults, DOMAIN))


@dataclass(frozen=True)
class Several:
    """A prediction and several observations, whose losses add up."""

    observations: tuple[float, ...]
    a: float = 2.0
    b: float = 5.0
    loss: Loss = "full"
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_prediction(self)
        values = column("observations", self.observations, 0.0, 1.0)
        object.__setattr__(self, "observations", values)
        best = _best(values)[0]
        top = max(self.a, self.b, *(1.3 * p for p in best or (1.0,)))
        defaults = {"a": _range(self.a, top), "b": _range(self.b, top)}
        object.__setattr__(self, "limits", intervals(self.limits, defaults, DOMAIN))


def beta_loss(
    a: float = 2.0,
    b: float = 5.0,
    y: float | None = None,
    *,
    observations: Any = None,
    loss: Loss = "full",
    limits: Limits | None = None,
) -> Blueprint[Any]:
    """Show what a predicted Beta(a, b) costs when y, or several observations, come to light.

    Three plots (the density, the loss over y, the loss over all predictions) and the sum
    ``(a-1)(-log y) + (b-1)(-log(1-y)) + log B(a, b) = loss``, in nats.

    Parameters
    ----------
    a, b : float
        The predicted shape parameters, positive.
    y : float, optional
        The observation in [0, 1]; 0.7 if neither it nor `observations` is given.
    observations : list, array or Series, optional
        Several observations in [0, 1] instead of one; their losses are summed.
    loss : {"full", "kernel"}
        Whether log B(a, b), which depends on a and b, is kept or (wrongly) dropped.
    limits : dict, optional
        A slider's range by name, e.g. ``{"a": (0.05, 100)}``.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["loss"]``, ``["nll"]``, ``["kernel"]``, ``["log_beta"]``, ``["mode"]``,
        ``["density"]`` over ``["y_grid"]`` and the other numbers on screen.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    limits = {} if limits is None else limits
    if observations is None:
        one = One(a, b, 0.7 if y is None else y, loss, limits)
        return Blueprint(one, view_one, spec_one)
    if y is not None:
        raise ValueError(f"y = {y!r}: allowed is either y or observations, not both")
    return Blueprint(Several(observations, a, b, loss, limits), view_several, spec_several)


def _check_prediction(state: One | Several) -> None:
    for name in ("a", "b"):
        object.__setattr__(state, name, real(name, getattr(state, name), *DOMAIN[name]))
    if state.loss not in ("full", "kernel"):
        raise ValueError(f"loss = {state.loss!r}: allowed is 'full' or 'kernel'")


def _range(value: float, top: float = 20.0) -> tuple[float, float]:
    """From a step above zero, and no more than 1, to a round number that holds value and top."""
    high = nice_ceiling(max(value, top, 20.0), (20.0, 50.0, 100.0))
    return min(value, _step(0.0, high), 1.0), high


def _step(low: float, high: float) -> float:
    return nice_ceiling((high - low) / 500, (0.05, 0.1, 0.25))


# ------------------------------------------------------------------------------------------ view


def view_one(state: One) -> Frame:
    """All that is on screen for one observation."""
    beta, y, full = Beta(state.a, state.b), state.y, state.loss == "full"
    frame = _prediction(beta, full)
    nll, kernel = float(beta.nll(y)), -float(beta.log_kernel(y))
    density = _density(nll)
    loss = nll if full else kernel
    window = _window(state)
    frame |= {
        "y": y,
        "y_label": f"*y* = {number(y)}",
        "density_at_y": density,
        "term_a": -float(Beta(state.a, 1).log_kernel(y)),
        "term_b": -float(Beta(1, state.b).log_kernel(y)),
        "log_beta": float(beta.log_normalizer()),
        "nll": nll,
        "kernel": kernel,
        "loss": loss,
        "loss_label": f"{'loss' if full else 'without log B'} {number(loss)} nats",
        "loss_limits": _loss_limits(frame, [loss, 6.0]),
        "window_a": np.array(window["a"]),
        "window_b": np.array(window["b"]),
        "landscape": _landscape((y,), full, window["a"], window["b"]),
        "levels": LEVELS,
        "mode_line_label": f"mode = {number(y)}",
        "map_title": f"Every (*a*, *b*), for *y* = {number(y)}",
        "sentence": _sentence_one(state, frame, density, loss, nll),
    }
    frame["mode_line_a"], frame["mode_line_b"] = _mode_line(y, window)
    frame |= _references(y, full, (window["a"], window["b"]))
    frame["density_said"] = f"{frame['density_said']} The observation stands at {number(y)}."
    frame["loss_said"] = (
        f"The loss over y; at the observation {number(y)} it is {number(loss)} nats."
    )
    frame["map_said"] = (
        f"The loss over all a and b for y = {number(y)}, with the present prediction at "
        f"{frame['point_label']} and the line of all predictions whose mode is y."
    )
    return frame


def view_several(state: Several) -> Frame:
    """All that is on screen for several observations."""
    beta, full = Beta(state.a, state.b), state.loss == "full"
    frame = _prediction(beta, full)
    y, count = np.array(state.observations), len(state.observations)
    kernels = -np.asarray(beta.log_kernel(y))
    losses = beta.nll(y) if full else kernels
    loss = _total(losses)
    best, reason = _best(state.observations)
    frame |= {
        "observations": y,
        "losses": losses,
        "term_a": -_total(Beta(state.a, 1).log_kernel(y)),
        "term_b": -_total(Beta(1, state.b).log_kernel(y)),
        "log_beta": count * float(beta.log_normalizer()),
        "nll": _total(beta.nll(y)),
        "kernel": _total(kernels),
        "loss": loss,
        "loss_limits": _loss_limits(frame, losses[np.isfinite(losses)]),
        "window_a": np.array(state.limits["a"]),
        "window_b": np.array(state.limits["b"]),
        "landscape": _landscape(state.observations, full, state.limits["a"], state.limits["b"]),
        "levels": _levels(state.observations, full, state.limits["a"], state.limits["b"]),
        "best_a": np.array([best[0]] if best else []),
        "best_b": np.array([best[1]] if best else []),
        "best_label": f"best ({number(best[0], 1)}, {number(best[1], 1)})" if best else "",
        "count": float(count),
        "map_title": f"Every (*a*, *b*), for {f'all {count}' if count > 1 else 'this one'} *y*",
        "sentence": _sentence_several(frame, y, losses, best, reason, full),
    }
    frame["density_said"] = f"{frame['density_said']} Ticks mark the observations, {count} in all."
    frame["loss_said"] = "The loss over y, with a bar for each observation."
    frame["map_said"] = (
        f"The sum of all losses over all a and b, with the present prediction at "
        f"{frame['point_label']}"
        + (f" and the maximum likelihood, {frame['best_label']}." if best else ".")
    )
    return frame


def _prediction(beta: Beta, full: bool) -> dict[str, Value]:
    """What does not depend on any observation."""
    a, b = float(beta.a), float(beta.b)
    log_density = beta.log_prob(GRID)
    density = np.exp(log_density)
    curve = -log_density if full else -beta.log_kernel(GRID)
    mode = float(beta.mode())
    modes = np.array([0.0, 1.0] if a < 1 and b < 1 else [] if np.isnan(mode) else [mode])
    heights = np.exp(beta.log_prob(modes))
    flat = a == b == 1
    finite = heights[np.isfinite(heights)]
    peak = max(float(density[AWAY_FROM_ENDS].max()), *finite, 0.0)
    expectation = _expectation(a, b, mode)
    said = f"The density of y given a = {number(a, 2)} and b = {number(b, 2)}."
    return {
        "a": a,
        "b": b,
        "y_grid": GRID,
        "density": density,
        "density_limits": np.array([0.0, nice_ceiling(peak, (3, 4, 6, 8, 12, 16, 20, 30))]),
        "mode": mode,
        "modes_x": modes,
        "modes_y": heights,
        "modes_labels": tuple(
            f"mode {number(m)}" if np.isfinite(h) else f"mode {m:.0f} (∞)"
            for m, h in zip(modes, heights, strict=True)
        ),
        "flat_x": np.array([0.0, 1.0] if flat else []),
        "flat_y": np.array([1.0, 1.0] if flat else []),
        "loss_curve": curve,
        "bottomless_x": GRID[[0, -1]][curve[[0, -1]] == -np.inf],
        "bottomless_y": np.full(int((curve[[0, -1]] == -np.inf).sum()), -np.inf),
        "without_log_b": not full,
        "point_label": f"({number(a, 2)}, {number(b, 2)})",
        "loss_title": "What it costs: −log *p*(*y* | *a*, *b*)"
        if full
        else "Often written: −log *p*, log B dropped",
        "density_said": f"{said} {expectation.replace('*', '')}.",
        "expectation": expectation,
    }


def _total(losses: Array) -> float:
    """The sum; nan where an infinite loss meets one that is unbounded below."""
    with np.errstate(invalid="ignore"):
        return float(np.sum(losses))


def _density(nll: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(-nll))


def _expectation(a: float, b: float, mode: float) -> str:
    """What the model predicts, in words."""
    if a == b == 1:
        return "The model holds every *y* for equally likely: each point is a mode"
    if a < 1 and b < 1:
        return "The model expects *y* at either end, 0 or 1, where its density is infinite"
    if mode in (0.0, 1.0):
        infinite = ", where its density is infinite" if min(a, b) < 1 else ""
        return f"The model expects *y* at {mode:.0f}{infinite}"
    return f"The model expects *y* near {number(mode)}"


def _sentence_one(state: One, frame: Frame, density: float, loss: float, nll: float) -> str:
    beta, uniform = Beta(state.a, state.b), state.a == state.b == 1
    start = f"{frame['expectation']}{'. It' if uniform else ', and'} saw {number(state.y)}"
    if nll == np.inf:
        impossible = "the model held it for impossible, the loss is infinite"
        return f"{start}, where its density is 0: {impossible}."
    if nll == -np.inf:
        return f"{start}, just where its density is infinite: the loss is unbounded below."
    seen = number(density) if density >= 0.0005 else "less than 0.001"
    said = f"{start}, where its density is {seen}: a loss of {number(nll)} nats."
    if state.loss == "kernel":
        without = f"Without log B(*a*, *b*) it reads {number(loss)}"
        return f"{said} {without}, which cannot be compared between predictions."
    if nll <= -0.0005:
        said += " It is below zero because a density may exceed 1."
    return said + _advice(state, float(beta.mode()), nll)


def _advice(state: One, mode: float, nll: float) -> str:
    """What would cost less: said only where it is so."""
    sureness, y = state.a + state.b - 2, state.y
    if sureness <= 0 or not 0 < y < 1:
        return ""
    if abs(mode - y) < 0.0005 and _surer_costs_less(state, mode):
        return " Its mode is at the observation; being surer of it would cost less still."
    moved = Beta(1 + y * sureness, 1 + (1 - y) * sureness)
    if float(moved.nll(y)) > nll - 0.0005:
        return ""
    return f" Moving the mode to {number(y)} would cost less; being surer of it, less still."


def _surer_costs_less(state: One, mode: float) -> bool:
    """Whether the loss falls as a and b grow with the mode in its place."""
    slope = Beta(state.a, state.b).nll_gradient(state.y)
    return bool(mode * slope["a"] + (1 - mode) * slope["b"] < 0)


def _sentence_several(
    frame: Frame, y: Array, losses: Array, best: tuple[float, float] | None, reason: str, full: bool
) -> str:
    expectation, total, count = frame["expectation"], _total(losses), len(y)
    if np.isinf(losses).any():
        extreme = (
            "has no value: some have density 0, others an infinite one"
            if np.isnan(total)
            else "is infinite: a density there is 0"
            if total > 0
            else "is unbounded below: a density there is infinite"
        )
        these = f"these {count} observations" if count > 1 else "this one observation"
        return f"{expectation}. The loss of {these} {extreme}. {reason}"
    without = "" if full else ", without log B(*a*, *b*),"
    worst = int(np.argmax(losses))
    said = (
        f"{expectation}. These {count} observations cost{without} {number(total)} nats together, "
        f"{number(total / count)} each on average; "
        f"the dearest, {number(float(y[worst]))}, {number(float(losses[worst]))}."
        if count > 1
        else f"{expectation}. This one observation costs{without} {number(total)} nats."
    )
    if best is None:
        return f"{said} {reason}"
    excess = float(Beta(*best).nll(y).sum())
    if not full:
        return said
    if abs(total - excess) < 0.0005:
        return f"{said} No other *a* and *b* make it less: this is the maximum of the likelihood."
    return f"{said} At the maximum of the likelihood it would be {number(excess)}."


def _loss_limits(frame: Frame, losses: Any) -> Array:
    curve = np.asarray(frame["loss_curve"])[AWAY_FROM_ENDS]
    finite = [loss for loss in losses if np.isfinite(loss)]
    low = min([float(curve.min()), *finite])
    high = max([1.0, *finite])
    bottom = -nice_ceiling(max(-low, 1.0), (1, 1.5, 2, 3, 4, 6, 8, 10))
    return np.array([bottom, nice_ceiling(high, (1, 2, 4, 6, 8, 10))])


def _window(state: One) -> dict[str, tuple[float, float]]:
    """The part of the (a, b) plane that is shown: it grows in steps with the prediction."""
    reach = nice_ceiling(max(state.a, state.b), (10.0, 20.0, 50.0, 100.0))
    return {
        name: (low, min(high, max(reach, 2 * low)))
        for name, (low, high) in state.limits.items()
        if name != "y"
    }


@lru_cache(maxsize=64)
def _plane(a: tuple[float, float], b: tuple[float, float]) -> tuple[Beta, Array]:
    plane = Beta(np.linspace(*a, CELLS)[None, :], np.linspace(*b, CELLS)[:, None])
    return plane, plane.log_normalizer()


@lru_cache(maxsize=1024)
def _landscape(
    observations: tuple[float, ...], full: bool, a: tuple[float, float], b: tuple[float, float]
) -> Array:
    plane, log_beta = _plane(a, b)
    with np.errstate(invalid="ignore"):  # observations at both ends: inf - inf
        values: Array = sum((-plane.log_kernel(y) for y in observations), np.zeros((CELLS, CELLS)))
    if full:
        values = values + len(observations) * log_beta
    values.flags.writeable = False
    return values


@lru_cache(maxsize=16)
def _levels(
    observations: tuple[float, ...], full: bool, a: tuple[float, float], b: tuple[float, float]
) -> Array:
    values = _landscape(observations, full, a, b)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return LEVELS
    inner, outer = np.quantile(finite, [0.06, 0.8])  # 6 %: what the grid resolves of the valley
    levels: Array = inner + (outer - inner) * (np.arange(20) / 14) ** 1.5
    return levels


def _mode_line(y: float, window: Limits) -> tuple[Array, Array]:
    """From (1, 1) to the window's edge, along all (a, b) whose mode is y."""
    reach = [
        (window[name][1] - 1) / share if share > 0 else np.inf
        for name, share in (("a", y), ("b", 1 - y))
    ]
    ends = np.array([0.0, max(min(reach), 0.0)])
    return 1 + y * ends, 1 + (1 - y) * ends


@lru_cache(maxsize=256)
def _references(y: float, full: bool, window: tuple[tuple[float, float], ...]) -> dict[str, Value]:
    """The losses of two predictions that the two forms of the loss rank differently at 0.7."""
    inside = [
        (a, b)
        for a, b in REFERENCES
        if all(low <= value <= high for value, (low, high) in zip((a, b), window, strict=True))
    ]
    a, b = (
        (np.array(values) for values in zip(*inside, strict=True)) if inside else (np.empty(0),) * 2
    )
    losses = (Beta(a, b).nll(y) if full else -Beta(a, b).log_kernel(y)) if inside else a
    return {"reference_a": a, "reference_b": b, "reference_labels": tuple(map(number, losses))}


@lru_cache(maxsize=16)
def _best(observations: tuple[float, ...]) -> tuple[tuple[float, float] | None, str]:
    """The maximum-likelihood (a, b), or None and why there is none."""
    values = np.array(observations)
    if not ((values > 0) & (values < 1)).all():
        return None, "There is no maximum of the likelihood: an observation lies at an end."
    if np.ptp(values) == 0:
        return None, "There is no maximum of the likelihood: all observations are the same."
    best = fit_mle(Beta, values)
    return (float(best.a), float(best.b)), ""


# ------------------------------------------------------------------------------------------ spec


def spec_one(state: One) -> Spec:
    """How a frame of `view_one` is drawn."""
    y = Slider("y", "y", "observation y", *state.limits["y"], step=0.005, digits=3)
    rule = Rule("y", "observation", "{y_label}", Drag(x="y"))
    landscape = (
        Landscape("landscape", "levels"),
        Line("mode_line_a", "mode_line_b", "optimum", dashed=True, label="{mode_line_label}"),
        Points("reference_a", "reference_b", "muted", "{reference_labels}", small=True),
    )
    loss_marks = (
        Line("y_grid", "loss_curve", "loss"),
        Points("y", "loss", "loss", "{loss_label}", drop="xy", drag=Drag(x="y")),
    )
    presets = (
        Preset(
            "expects 0.2, sees 0.7",
            {"a": 2.0, "b": 5.0, "y": 0.7},
            "the prediction (2, 5) against 0.7",
        ),
        Preset(
            "expects 0.2, sees 0.2",
            {"a": 2.0, "b": 5.0, "y": 0.2},
            "what (2, 5) would be perfect for",
        ),
        Preset(
            "mode 0.7", {"a": 4.5, "b": 2.5, "y": 0.7}, "(4.5, 2.5): one of the many with mode 0.7"
        ),
        Preset("mode 0.7, surer", {"a": 8.0, "b": 4.0, "y": 0.7}, "(8, 4): another with mode 0.7"),
        Preset("uniform", {"a": 1.0, "b": 1.0}, "(1, 1): every point is a mode"),
        Preset("U-shaped", {"a": 0.5, "b": 0.5}, "(0.5, 0.5): infinite at both ends"),
    )
    terms = (
        Term("term_a", "(*a* − 1)(−log *y*)"),
        Term("term_b", "(*b* − 1)(−log(1 − *y*))"),
        Term("log_beta", "log B(*a*, *b*)", struck="without_log_b"),
    )
    controls = (*_shapes(state.limits), y, _switch())
    inside = tuple(p for p in presets if _within(state.limits, p.values))
    return _spec(controls, inside, (rule,), loss_marks, landscape, terms)


def spec_several(state: Several) -> Spec:
    """How a frame of `view_several` is drawn."""
    best, reason = _best(state.observations)
    likeliest = dict(zip("ab", best, strict=True)) if best else {}
    if not _within(state.limits, likeliest):
        likeliest, reason = {}, "The maximum of the likelihood is outside the sliders' limits."
    presets = (
        Preset("maximum likelihood", likeliest, reason),
        Preset("(2, 5)", {"a": 2.0, "b": 5.0}),
        Preset("uniform", {"a": 1.0, "b": 1.0}, "(1, 1): every point is a mode"),
    )
    inside = tuple(p for p in presets if _within(state.limits, p.values))
    loss_marks = (
        Stems("observations", "losses", "observation"),
        Line("y_grid", "loss_curve", "loss"),
    )
    landscape = (
        Landscape("landscape", "levels"),
        Points("best_a", "best_b", "optimum", "{best_label}", small=True),
    )
    terms = (
        Term("term_a", "(*a* − 1) Σ(−log *yᵢ*)"),
        Term("term_b", "(*b* − 1) Σ(−log(1 − *yᵢ*))"),
        Term("log_beta", f"{len(state.observations)} log B(*a*, *b*)", struck="without_log_b"),
    )
    controls = (*_shapes(state.limits), _switch())
    rug = (Rug("observations", "observation"),)
    return _spec(controls, inside, rug, loss_marks, landscape, terms)


def _within(limits: Limits, values: Mapping[str, Setting]) -> bool:
    return all(limits[name][0] <= float(v) <= limits[name][1] for name, v in values.items())


def _shapes(limits: Limits) -> tuple[Slider, Slider]:
    a, b = (
        Slider(name, name, f"shape parameter {name}", *limits[name], step=_step(*limits[name]))
        for name in ("a", "b")
    )
    return a, b


def _switch() -> Choice:
    options = (("full", "full loss"), ("kernel", "without log B(*a*, *b*)"))
    return Choice("loss", "which loss", options)


def _spec(
    controls: tuple[Slider | Choice, ...],
    presets: tuple[Preset, ...],
    observed: tuple[Rule | Rug, ...],
    loss_marks: tuple[Any, ...],
    landscape: tuple[Any, ...],
    terms: tuple[Term, ...],
) -> Spec:
    density = Axes(
        "What the model predicts: *p*(*y* | *a*, *b*)",
        "*y*",
        "",
        (0.0, 1.0),
        "density_limits",
        (
            Area("y_grid", "density", "model"),
            Line("y_grid", "density", "model"),
            Line("flat_x", "flat_y", "optimum", dashed=True, label="every point is a mode"),
            *observed,
            Points("modes_x", "modes_y", "optimum", "{modes_labels}", drop="x", small=True),
        ),
        "{density_said}",
    )
    loss_marks = (*loss_marks, Points("bottomless_x", "bottomless_y", "loss", small=True))
    loss = Axes("{loss_title}", "*y*", "", (0.0, 1.0), "loss_limits", loss_marks, "{loss_said}")
    present = Points("a", "b", "model", "{point_label}", drag=Drag(x="a", y="b"))
    plane = Axes(
        "{map_title}", "*a*", "*b*", "window_a", "window_b", (*landscape, present), "{map_said}"
    )
    total = Term("loss", "loss")
    return Spec("beta_loss", controls, presets, (density, loss, plane), (Sum(total, terms),))
