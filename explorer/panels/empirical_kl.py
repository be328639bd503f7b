"""From Diracs to the mean loss: observations as spikes, and how far a model is from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import (
    Beta,
    Boxes,
    Empirical,
    Mixture,
    Normal,
    cross_entropy,
    entropy,
    fit_cross_entropy,
)
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
    Mark,
    Note,
    Points,
    Preset,
    Rug,
    Rule,
    Slider,
    Spec,
    Sum,
    Term,
    Value,
    nice_ceiling,
    number,
)

Spikes: TypeAlias = Literal["normal", "box"]
Array: TypeAlias = NDArray[np.float64]
Observations: TypeAlias = tuple[float, ...]

NORMAL_DATA: Observations = (-1.4, -0.6, 0.1, 0.5, 1.9)
BETA_DATA: Observations = (0.08, 0.35, 0.5, 0.6, 0.85)
DOMAIN = {
    "width": (1e-9, 1e9),
    "mu": (-1e9, 1e9),
    "sigma": (1e-9, 1e9),
    "a": (1e-6, 1e6),
    "b": (1e-6, 1e6),
}
MOST = 400  # observations; more make the entropy of their spikes slow
DECADES, PER_DECADE = 4, 12
CELLS = 40
LEVELS: Array = 0.03 * 1.6 ** np.arange(16.0)
LADDER = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
UNIT: Array = np.arange(161) / 160


@dataclass(frozen=True)
class AgainstNormal:
    """Observations on the line, the width of their spikes, and a Normal model.

    `limits` holds each slider's range: at least what the data and the values need.
    """

    observations: Observations = NORMAL_DATA
    width: float = 0.1
    mu: float = 0.8
    sigma: float = 1.5
    spikes: Spikes = "normal"
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self, column("observations", self.observations, -1e6, 1e6))
        low, high, scale = _window(self.observations)
        spread: float = float(np.std(self.observations)) or 2e-4 * scale
        top = float(scale) * nice_ceiling(float(np.ptp(self.observations)) / scale, LADDER)
        _widen(self, {"mu": (low, high), "sigma": (min(0.2 * scale, 0.5 * spread), top)}, scale)

    @property
    def model(self) -> Normal:
        """The model q."""
        return Normal(self.mu, self.sigma)


@dataclass(frozen=True)
class AgainstBeta:
    """Observations inside (0, 1), the width of their spikes, and a Beta model."""

    observations: Observations = BETA_DATA
    width: float = 0.1
    a: float = 2.0
    b: float = 3.0
    spikes: Spikes = "normal"
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self, column("observations", self.observations, 1e-6, 1 - 1e-6))
        _widen(self, {"a": (0.1, 8.0), "b": (0.1, 8.0)}, 1.0)

    @property
    def model(self) -> Beta:
        """The model q."""
        return Beta(self.a, self.b)


State: TypeAlias = AgainstNormal | AgainstBeta


def empirical_kl(
    observations: Any = None,
    width: float | None = None,
    mu: float | None = None,
    sigma: float | None = None,
    *,
    family: Literal["normal", "beta"] = "normal",
    a: float | None = None,
    b: float | None = None,
    spikes: Spikes = "normal",
    limits: Mapping[str, tuple[float, float]] | None = None,
) -> Blueprint[Any]:
    """Show KL(data || model) when each observation is a spike, down to almost a Dirac.

    With narrower spikes the entropy of the data falls without end and takes KL with it; the
    cross-entropy settles on the mean loss, and KL less its minimum over the model stands still.

    Parameters
    ----------
    observations : list, array or Series, optional
        Numbers; for a Beta model inside (0, 1).
    width : float, optional
        The standard deviation of a Normal spike, or the full width of a box; positive.
    mu, sigma : float, optional
        The Normal model.
    family : {"normal", "beta"}
        What the model is.
    a, b : float, optional
        The Beta model.
    spikes : {"normal", "box"}
        The shape of a spike. Normal ones always leak out of (0, 1), boxes need not.
    limits : dict, optional
        A slider's range by name, e.g. ``{"width": (1e-6, 1)}``.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["cross_entropy"]``, ``["entropy"]``, ``["kl"]``, ``["mean_nll"]`` and
        ``["excess"]`` (KL less its minimum over the model; nan where every model is infinitely
        far), all in nats.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    if family not in ("normal", "beta"):
        raise ValueError(f"family = {family!r}: allowed is 'normal' or 'beta'")
    kind: type[State] = AgainstNormal if family == "normal" else AgainstBeta
    given: dict[str, Any] = {"mu": mu, "sigma": sigma, "a": a, "b": b}
    for name in ("a", "b") if family == "normal" else ("mu", "sigma"):
        if given.pop(name) is not None:
            other = "beta" if family == "normal" else "normal"
            raise ValueError(f"{name} is given: allowed is that for family={other!r} only")
    given |= {"observations": observations, "width": width, "limits": limits}
    chosen = {name: value for name, value in given.items() if value is not None}
    if observations is not None and family == "normal":
        chosen = _suited(column("observations", observations, -1e6, 1e6)) | chosen
    return Blueprint(kind(spikes=spikes, **chosen), view, spec)


def _suited(y: Observations) -> dict[str, float]:
    """A model a little beside the best, and spikes that are narrow, for any data."""
    *_, scale = _window(y)
    spread = float(np.std(y)) or scale
    return {
        "width": 0.1 * scale,
        "mu": float(f"{np.mean(y) + 0.5 * spread:.3g}"),
        "sigma": float(f"{1.3 * spread:.2g}"),
    }


def _check(state: State, observations: Observations) -> None:
    if len(observations) > MOST:
        raise ValueError(f"observations are {len(observations)}: allowed are at most {MOST}")
    object.__setattr__(state, "observations", observations)
    for name in (
        ("width", "mu", "sigma") if isinstance(state, AgainstNormal) else ("width", "a", "b")
    ):
        object.__setattr__(state, name, real(name, getattr(state, name), *DOMAIN[name]))
    if state.spikes not in ("normal", "box"):
        raise ValueError(f"spikes = {state.spikes!r}: allowed is 'normal' or 'box'")


def _widen(state: State, shapes: dict[str, tuple[float, float]], scale: float) -> None:
    """Set `limits` to ranges that hold the data's defaults, what was asked for, and the values."""
    defaults = {"width": (scale * 10.0**-DECADES, scale), **shapes}
    asked = intervals(state.limits, defaults, DOMAIN)
    ranges = {}
    for name, (low, high) in asked.items():
        value = getattr(state, name)
        ranges[name] = (min(low, defaults[name][0], value), max(high, defaults[name][1], value))
    object.__setattr__(state, "limits", ranges)


def _window(y: Observations) -> tuple[float, float, float]:
    """What is shown of the line around observations, and the power of ten that they differ by."""
    span = float(np.ptp(y))
    scale = 10.0 ** np.floor(np.log10(span)) if span else 1.0
    margin, tick = 0.6 * (span or 3 * scale), 0.5 * scale
    low, high = np.floor((min(y) - margin) / tick) * tick, np.ceil((max(y) + margin) / tick) * tick
    return float(low), float(high), float(scale)


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen."""
    y, q = np.array(state.observations), state.model
    p, best, least = _spiked(type(q), state.observations, state.width, state.spikes)
    frame: dict[str, Value] = {
        "observations": y,
        "rug_y": _zeros(len(y)),
        "width": state.width,
        "cross_entropy": float(cross_entropy(p, q)),
        "entropy": float(entropy(p)),
        "mean_nll": float(q.nll(y).mean()),
        "least": least,
    }
    differences = _differences(frame["cross_entropy"], frame["entropy"], least)
    frame |= {name: float(value) for name, value in differences.items()}
    frame["minus_entropy"] = -frame["entropy"]  # type: ignore[operator]
    frame["minus_minimum"] = frame["entropy"] - least  # type: ignore[operator]
    frame |= _densities(state, p) | _along(state, frame) | _plane(state, best, least)
    frame["sentence"] = _sentence(state, frame, p)
    return frame


def _differences(crossed: Any, entropies: Any, least: Any) -> dict[str, Any]:
    """KL and its excess over the minimum, nan where both are infinite."""
    with np.errstate(invalid="ignore"):
        return {"kl": crossed - entropies, "excess": np.subtract(crossed, least)}


@lru_cache(maxsize=1024)
def _spiked(
    family: type[Normal | Beta], y: Observations, width: float, spikes: Spikes
) -> tuple[Mixture | Boxes, Normal | Beta | None, float]:
    """The data as a density, the model that is nearest, and its cross-entropy."""
    data = Empirical(np.array(y))
    p = data.smoothed(width) if spikes == "normal" else data.boxed(width)
    entropy(p)  # kept with p
    if family is Beta and (isinstance(p, Mixture) or p.support[0] < 0 or p.support[1] > 1):
        return p, None, np.inf
    best = fit_cross_entropy(family, p)
    return p, best, float(cross_entropy(p, best))


def _densities(state: State, p: Mixture | Boxes) -> dict[str, Value]:
    """The spikes and the model as curves; what leaks out of (0, 1) apart."""
    x = _grid(state.observations, state.width, state.spikes, isinstance(state, AgainstBeta))
    spiked = np.exp(p.log_prob(x))
    q, inside = state.model, _inside(state.observations, isinstance(state, AgainstBeta))
    modelled = np.exp(q.log_prob(inside))
    top = nice_ceiling(_typical(state), (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0))
    peaks = np.exp(p.log_prob(np.unique(state.observations)))
    highest = float(peaks.max())
    over = np.unique(state.observations)[peaks > top]
    frame: dict[str, Value] = {
        "x": x,
        "p": spiked,
        "q_x": inside,
        "q": modelled,
        "density_limits": np.array([0.0, top]),
        "over_x": over,
        "over_y": np.full(over.size, np.inf),
        "density_title": f"Spikes up to {number(highest, 1)} high, and the model *q*"
        if over.size
        else "The data as spikes, and the model *q*",
        "density_said": (
            f"The {len(state.observations)} observations as {_shape(state)} of width "
            f"{_width(state.width)}, the highest {number(highest, 1)}, and the model's density."
        ),
        "leak": 0.0,
    }
    if isinstance(state, AgainstNormal):
        frame |= {"q_at": state.mu, "q_peak": float(np.exp(q.log_prob(state.mu)))}
    else:
        outside = (x < 0) | (x > 1)
        frame["leaked"] = np.where(outside, spiked, 0.0)
        frame["leaked_line"] = np.where(outside & (spiked > 0), spiked, np.nan)
        frame["leak"] = float(p.cdf(0.0) + np.mean(1 - p.cdf(1.0)))
    return frame


def _typical(state: State) -> float:
    """A height by which the axes are scaled: that of the model, or of the data seen from afar."""
    spread = float(np.std(state.observations)) or state.limits["width"][1]
    if isinstance(state, AgainstBeta):
        return max(
            3.0, 1.2 * float(np.exp(state.model.log_prob(np.linspace(0.05, 0.95, 19))).max())
        )
    return max(1.0 / spread, 0.48 / state.sigma)


def _inner_width(state: AgainstBeta) -> float:
    """A width of boxes, 0.1 or less, that leaves room to both ends of (0, 1)."""
    low, _ = state.limits["width"]
    return max(low, min(0.1, float(f"{0.9 * _room(state.observations):.1g}")))


def _room(y: Observations) -> float:
    """The width up to which boxes stay inside (0, 1)."""
    return 2 * min(min(y), 1 - max(y))


@lru_cache(maxsize=16)
def _inside(y: Observations, unit: bool) -> Array:
    low, high, _ = (0.0, 1.0, 1.0) if unit else _window(y)
    return low + (high - low) * UNIT


@lru_cache(maxsize=1024)
def _grid(y: Observations, width: float, spikes: Spikes, unit: bool) -> Array:
    """Points that show the spikes as they are, however narrow."""
    each = np.unique(y)
    if spikes == "box":
        offsets = np.array([-0.500001, -0.499999, 0.499999, 0.500001])
    else:
        offsets = np.linspace(-4, 4, 17 if len(each) <= 12 else 5)
    parts = [(each[:, None] + width * offsets).ravel(), _inside(y, unit)]
    if unit:
        outside = 0.15 * UNIT[1::8]
        parts += [-1e-9 - outside, 1 + 1e-9 + outside, np.array([-1e-9, 1 + 1e-9])]
    low, high = (-0.15, 1.15) if unit else _window(y)[:2]
    x = np.sort(np.concatenate(parts))
    return x[(x >= low) & (x <= high)]


@lru_cache(maxsize=64)
def _zeros(count: int) -> Array:
    return np.zeros(count)


@lru_cache(maxsize=16)
def _history(
    family: type[Normal | Beta], y: Observations, spikes: Spikes, low: float, high: float
) -> tuple[Array, Array, Array, Array]:
    """Widths from low to high; there the entropy, the least cross-entropy, and the statistics.

    The statistics are what the cross-entropy to any model needs: the width of Normals of the same
    variance, or the means of log y and log(1-y).
    """
    count = round(PER_DECADE * np.log10(high / low)) + 1
    widths = np.geomspace(low, high, count)
    spiked = [_spiked(family, y, width, spikes) for width in widths.tolist()]
    entropies = np.array([float(entropy(p)) for p, _, _ in spiked])
    least = np.array([value for *_, value in spiked])
    if family is Normal:
        statistics = widths if spikes == "normal" else widths / np.sqrt(12)
    else:
        boxes = [
            p.mean_log_ratios(1, 1) if isinstance(p, Boxes) else (-np.inf,) * 2 for p, *_ in spiked
        ]
        statistics = np.array(boxes).T
    return widths, entropies, least, statistics


def _along(state: State, frame: Mapping[str, Any]) -> dict[str, Value]:
    """The four numbers against the width."""
    q, y = state.model, np.array(state.observations)
    low, high = state.limits["width"]
    widths, entropies, least, statistics = _history(
        type(q), state.observations, state.spikes, low, high
    )
    if isinstance(q, Normal):
        crossed = cross_entropy(Normal(y[:, None], statistics), q).mean(axis=0)
    else:
        finite = np.isfinite(least)
        log_y, log_rest = np.where(finite, statistics, 0.0)
        crossed = q.log_normalizer() - (q.a - 1) * log_y - (q.b - 1) * log_rest
        crossed = np.where(finite, crossed, np.inf)
    curves = _differences(crossed, entropies, least)
    shown = np.concatenate([curves["kl"], crossed])
    shown = shown[np.isfinite(shown)]
    bottom = -nice_ceiling(max(-float(entropies.min()), 1.0), LADDER)
    top = nice_ceiling(max(2.0, *shown, -bottom), LADDER)
    return {
        "widths": widths,
        "width_limits": np.array([low, high]),
        "number_limits": np.array([bottom, top]),
        "entropies": entropies,
        "cross_entropies": crossed,
        "kls": curves["kl"],
        "excesses": curves["excess"],
        "mean_nlls": np.full(widths.size, frame["mean_nll"]),
        "along_title": "KL has no limit as *ε* → 0"
        if shown.size
        else "KL is infinite at every *ε*",
        "kl_label": "KL" if shown.size else "",
        "crossed_label": "cross-entropy" if shown.size else "",
        "excess_label": "KL − min KL" if shown.size else "",
        "nll_label": f"mean loss {number(frame['mean_nll'])}",
        "width_label": f"*ε* = {_width(state.width)}",
        "along_said": (
            f"Against the width of the spikes: KL, now {number(frame['kl'])}; the entropy of the "
            f"spikes, {number(frame['entropy'])}; the cross-entropy, "
            f"{number(frame['cross_entropy'])}, beside the mean loss, {number(frame['mean_nll'])}; "
            f"and KL less its minimum, {number(frame['excess'])}."
        ),
    }


def _plane(state: State, best: Normal | Beta | None, least: float) -> dict[str, Value]:
    """How much farther every model is than the best one."""
    names = ("mu", "sigma") if isinstance(state, AgainstNormal) else ("a", "b")
    values = [getattr(state, name) for name in names]
    at = [float(getattr(best, name)) if best else np.nan for name in names]
    label = f"best ({number(at[0], 2)}, {number(at[1], 2)})" if best else ""
    present = f"({number(values[0], 2)}, {number(values[1], 2)})"
    where = (
        f"the nearest model at {label[5:]}" if best else "no nearest model: all are infinitely far"
    )
    return {
        **dict(zip(names, values, strict=True)),
        **{f"best_{name}": value for name, value in zip(names, at, strict=True)},
        "best_label": label,
        "present_label": present,
        "everywhere": "" if best else "KL = ∞ everywhere",
        "landscape": _landscape(
            type(state.model),
            state.observations,
            state.width,
            state.spikes,
            state.limits[names[0]],
            state.limits[names[1]],
        ),
        "levels": LEVELS,
        "plane_said": (
            f"KL less its minimum, over all models: the present one at {present}, {where}."
        ),
    }


@lru_cache(maxsize=1024)
def _landscape(
    family: type[Normal | Beta],
    y: Observations,
    width: float,
    spikes: Spikes,
    first: tuple[float, float],
    second: tuple[float, float],
) -> Array:
    p, _, least = _spiked(family, y, width, spikes)
    if not np.isfinite(least):
        return _everywhere()
    # Where sigma is tiny the excess is huge: cut, so that the valley keeps its digits on the wire.
    values: Array = np.minimum(
        cross_entropy(p, _models(family, first, second)) - least, 2 * LEVELS[-1]
    )
    values.flags.writeable = False
    return values


@lru_cache(maxsize=1)
def _everywhere() -> Array:
    return np.full((2, 2), np.inf)


@lru_cache(maxsize=16)
def _models(
    family: type[Normal | Beta], first: tuple[float, float], second: tuple[float, float]
) -> Normal | Beta:
    return family(np.linspace(*first, CELLS)[None, :], np.linspace(*second, CELLS)[:, None])


def _sentence(state: State, frame: Mapping[str, Any], p: Mixture | Boxes) -> str:
    count, width = len(state.observations), _width(state.width)
    data = f"the {count} observations have" if count > 1 else "the one observation has"
    if not np.isfinite(frame["kl"]):
        return _leaking(state, frame["leak"], width)
    near = (
        "as little as any allows"
        if number(frame["excess"]) == number(0.0)
        else f"{number(frame['excess'])} more than to the best one"
    )
    said = (
        f"Widened to {_shape(state, count)} of width {width}, {data} a KL of "
        f"{number(frame['kl'])} nats to the model, {near}."
    )
    tenth = float(f"{state.width / 10:.12g}")  # as on the slider's grid, whose frames are kept
    narrow, _, least = _spiked(type(state.model), state.observations, tenth, state.spikes)
    crossed, entropies = float(cross_entropy(narrow, state.model)), float(entropy(narrow))
    then = _differences(crossed, entropies, least)
    return (
        f"{said} Ten times narrower, KL would be {number(then['kl'])}, and the excess "
        f"{number(then['excess'])}: the entropy would fall by "
        f"{number(frame['entropy'] - entropies)}, whatever the model."
    )


def _leaking(state: State, leak: float, width: str) -> str:
    share = f"{number(100 * leak, 1)} %" if leak >= 0.0005 else "less than 0.1 %"
    room = _room(state.observations)
    digit = 10.0 ** (np.floor(np.log10(room)) - 2)
    inside = f"Boxes no wider than {_width(np.floor(room / digit) * digit)} stay inside."
    if state.spikes == "box":
        return (
            f"Boxes of width {width} reach out of (0, 1), where a Beta has density 0; {share} of "
            f"their mass lies there, so KL is infinite, for every model. {inside}"
        )
    return (
        f"Normal spikes leak out of (0, 1), where a Beta has density 0: {share} of their mass at "
        f"width {width}, and never none. So KL is infinite, for every width and every model. "
        f"{inside}"
    )


def _shape(state: State, count: int = 2) -> str:
    name = "Normal spike" if state.spikes == "normal" else "box"
    return f"a {name}" if count == 1 else f"{name}{'s' if state.spikes == 'normal' else 'es'}"


def _width(width: float) -> str:
    """With three digits that count, written out."""
    digits = max(0, 2 - int(np.floor(np.log10(width))))
    return number(width, digits)


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    normal = isinstance(state, AgainstNormal)
    names, words = (("mu", "sigma"), ("mean", "standard deviation"))
    if not normal:
        names, words = ("a", "b"), ("shape parameter a", "shape parameter b")
    symbols = ("μ", "σ") if normal else names
    *_, scale = _window(state.observations) if normal else (0.0, 1.0, 1.0)
    digits = max(2, 2 - int(np.floor(np.log10(scale))))
    shapes = tuple(
        Slider(name, symbol, f"model: {word}", *state.limits[name], 0.05 * scale, digits)
        for name, symbol, word in zip(names, symbols, words, strict=True)
    )
    width = Slider("width", "ε", "width of a spike", *state.limits["width"], 0.02, 3, log=True)
    options = (("normal", "Normal spikes"), ("box", "boxes"))
    controls: tuple[Slider | Choice, ...] = (
        width,
        *shapes,
        Choice("spikes", "shape of a spike", options),
    )
    data: tuple[Mark, ...] = (
        Area("x", "p", "truth"),
        Line("x", "p", "truth"),
        Area("q_x", "q", "model"),
        Line("q_x", "q", "model"),
        Rug("observations", "observation"),
        Points("over_x", "over_y", "truth", small=True),
    )
    limits: Any = (-0.15, 1.15)
    if normal:
        limits = _window(state.observations)[:2]
        data += (Points("q_at", "q_peak", "model", "*q*", drag=Drag(x="mu", wheel="sigma")),)
    else:
        data += (Area("x", "leaked", "loss"), Line("x", "leaked_line", "loss"))
    densities = Axes(
        "{density_title}", "*y*", "", limits, "density_limits", data,
        "{density_said}",
    )  # fmt: skip
    numbers = Axes(
        "{along_title}", "*ε*", "", "width_limits", "number_limits",
        (
            Line("widths", "entropies", "truth", label="entropy", at=0.25),
            Line("widths", "cross_entropies", "model", label="{crossed_label}", at=0.1),
            Line("widths", "mean_nlls", "observation", dashed=True, label="{nll_label}", at=0.8),
            Line("widths", "excesses", "optimum", label="{excess_label}", at=0.1),
            Line("widths", "kls", "loss", label="{kl_label}", at=0.25),
            Rule("width", "muted", "{width_label}", Drag(x="width")),
            Points("width", "entropy", "truth", small=True),
            Points("width", "cross_entropy", "model", small=True),
            Points("width", "excess", "optimum", small=True),
            Points("width", "kl", "loss", small=True),
        ),
        "{along_said}", x_log=True,
    )  # fmt: skip
    plane = Axes(
        "KL less its minimum", f"*{symbols[0]}*", f"*{symbols[1]}*",
        state.limits[names[0]], state.limits[names[1]],
        (
            Landscape("landscape", "levels"),
            Points(f"best_{names[0]}", f"best_{names[1]}", "optimum", "{best_label}", small=True),
            Points(
                *names, "model", "{present_label}", drag=Drag(x=names[0], y=names[1])
            ),
            Note("{everywhere}", "loss"),
        ),
        "{plane_said}",
    )  # fmt: skip
    sums = (
        Sum(
            Term("kl", "KL(data ‖ *q*)"),
            (
                Term("cross_entropy", "cross-entropy"),
                Term("minus_entropy", "− entropy of the data"),
            ),
        ),
        Sum(
            Term("excess", "KL − min KL"),
            (Term("kl", "KL(data ‖ *q*)"), Term("minus_minimum", "− its minimum over *q*")),
        ),
    )
    presets = _presets(state, names)
    return Spec("empirical_kl", controls, presets, (densities, numbers, plane), sums)


def _presets(state: State, names: tuple[str, str]) -> tuple[Preset, ...]:
    top = state.limits["width"][1]
    nearest = Preset(
        "nearest model",
        {name: f"{{best_{name}}}" for name in names},
        "the model with the least KL at this width",
    )
    if isinstance(state, AgainstNormal):
        widths = (
            Preset("wide spikes", {"width": top}, "so wide that they overlap"),
            Preset("narrow", {"width": float(f"{0.01 * top:.12g}")}, "spikes of their own"),
            Preset("nearly Diracs", {"width": state.limits["width"][0]}, "the narrowest here"),
        )
        return (nearest, *widths)
    return (
        Preset("Normal spikes", {"spikes": "normal"}, "infinitely far from every Beta"),
        Preset("boxes that stay inside", {"spikes": "box", "width": _inner_width(state)}),
        Preset("nearly Diracs", {"spikes": "box", "width": state.limits["width"][0]}),
        nearest,
    )
