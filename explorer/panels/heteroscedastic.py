"""A line with a width that changes along it: mean and log sigma both depend on x."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import (
    Normal,
    ScaledLineFit,
    fit_line,
    fit_scaled_line,
    scale_of,
    softplus_inverse,
)
from explorer.panels.inputs import intervals, real
from explorer.panels.least_squares import (
    LARGE,
    MOST,
    Interval,
    Limits,
    Numbers,
    given_points,
    points,
    same_length,
    start_and_ranges,
)
from explorer.panels.scales import ceiling, decimals, fine_step, spread
from explorer.spec import (
    Area,
    Axes,
    Bars,
    Blueprint,
    Choice,
    Drag,
    Frame,
    Landscape,
    Line,
    Note,
    Points,
    Preset,
    Slider,
    Spec,
    Sum,
    Term,
    Value,
    number,
)

Array: TypeAlias = NDArray[np.float64]

NAMES = ("w", "c", "v", "d")
DOMAIN = dict.fromkeys(("x", "y", *NAMES), (-LARGE, LARGE))
X = (0.3, 0.8, 1.4, 1.9, 2.5, 3.0, 3.6, 4.2, 4.8, 5.5)
Y = (1.3, 1.2, 1.9, 1.9, 3.0, 2.1, 3.7, 4.7, 2.4, 5.5)
HANDLES = 10  # points that can be dragged
GRID = 49  # nodes along the line
CELLS = 34
ALIKE = (0.05, 20.0)  # spreads of y for which one slider does for either link


@dataclass(frozen=True)
class State:
    """Normal(w x + c, link(v x + d)) and points; the first `handles` can be dragged."""

    x: Numbers
    y: Numbers
    w: float
    c: float
    v: float
    d: float
    link: str
    handles: int
    limits: Limits
    switch: bool  # whether the link can be chosen on screen

    def __post_init__(self) -> None:
        for name in NAMES:
            object.__setattr__(self, name, real(name, getattr(self, name), *DOMAIN[name]))
        if self.link not in ("exp", "softplus"):
            raise ValueError(f"link = {self.link!r}: allowed is 'exp' or 'softplus'")
        for name in ("x", "y"):
            values = points(name, tuple(getattr(self, name)), self.limits[name])
            object.__setattr__(self, name, values)
        same_length(self.x, self.y)
        if len(self.x) < self.handles:
            raise ValueError(
                f"x = {self.x!r}: allowed are {self.handles} to {MOST} points, "
                "one for each handle in the plot"
            )
        ends = np.array(self.limits["x"])
        sigma = scale_of(self.v * ends + self.d, self.link)[0]
        if not ((sigma > 0) & (sigma < math.inf)).all():
            raise ValueError(
                f"v, d = {self.v!r}, {self.d!r}: allowed are numbers for which sigma is positive "
                "and finite all along the line"
            )


def heteroscedastic(
    x: Any = None,
    y: Any = None,
    w: float | None = None,
    c: float | None = None,
    v: float | None = None,
    d: float | None = None,
    *,
    link: str = "exp",
    limits: Limits | None = None,
) -> Blueprint[State]:
    """Show what a line costs whose width changes along it, and what its two terms ask for.

    ``loss = sum log sigma_i + n log(2 pi)/2 + sum ((y_i - w x_i - c) / sigma_i)^2 / 2`` in nats,
    with ``sigma_i = link(v x_i + d)``.

    Parameters
    ----------
    x, y : lists, arrays or Series of one length, optional
        Up to 1000 points; by default ten.
    w, c : float, optional
        Slope and height at x = 0 of the mean.
    v, d : float, optional
        Slope and height at x = 0 of what the link makes sigma of.
    link : {"exp", "softplus"}
        How sigma is kept positive.
    limits : dict, optional
        A slider's range, or that of the axes ``"x"`` and ``"y"``, by name.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["loss"]``, ``["losses"]`` (one a point), their parts ``["log_sigmas"]`` and
        ``["half_squares"]``, and what is drawn.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    if link not in ("exp", "softplus"):
        raise ValueError(f"link = {link!r}: allowed is 'exp' or 'softplus'")
    xs, ys = given_points(x, y, X, Y)
    start, ranges = start_and_ranges(xs, ys)
    wide, high = spread(np.array(xs)), spread(np.array(ys))
    switch = ALIKE[0] < high < ALIKE[1]
    links = ("exp", "softplus") if switch else (link,)
    lows, highs = ([_inverse(factor * high, name) for name in links] for factor in (0.08, 3.0))
    low, top = min(lows), max(highs)
    tilt = (top - low) / (2.5 * wide)
    lean = 0.6 * tilt * abs(float(np.mean(xs)))
    del ranges["sigma"], start["sigma"]
    ranges |= {"v": _rounded(-tilt, tilt), "d": _rounded(low - lean, top + lean)}
    start |= {"v": 0.0, "d": _slider("d", "", ranges["d"]).nearest(_inverse(high, link))}
    if x is None:
        start |= {"w": 0.5, "c": 1.1, "v": 0.3, "d": -1.4}
    for name, value in zip(NAMES, (w, c, v, d), strict=True):
        if value is not None:
            start[name] = real(name, value, *DOMAIN[name])
            ranges[name] = (min(ranges[name][0], start[name]), max(ranges[name][1], start[name]))
    ranges = intervals({} if limits is None else limits, ranges, DOMAIN)
    handles = min(len(xs), HANDLES)
    state = State(xs, ys, link=link, handles=handles, limits=ranges, switch=switch, **start)
    return Blueprint(state, view, spec)


def _inverse(sigma: float, link: str) -> float:
    return math.log(sigma) if link == "exp" else float(softplus_inverse(sigma))


def _rounded(low: float, high: float) -> Interval:
    step = ceiling((high - low) / 20, (1.0, 2.0, 5.0, 10.0))
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return float(f"{low:.12g}"), float(f"{high:.12g}")


# ------------------------------------------------------------------------------------------ view


@np.errstate(all="ignore")
def view(state: State) -> Frame:
    """All that is on screen: the band, the parts of each loss, every (v, d)."""
    x, y = np.array(state.x), np.array(state.y)
    residuals = y - state.w * x - state.c
    sigmas, log_sigmas = scale_of(state.v * x + state.d, state.link)
    model = Normal(0.0, sigmas)
    losses = np.asarray(model.nll(residuals))
    half_squares = -np.asarray(model.log_kernel(residuals))
    loss, n, held = float(losses.sum()), len(x), state.handles
    barred = n if n <= HANDLES else 0  # of more points, the sums of both parts are dots
    grid = np.linspace(*state.limits["x"], GRID)
    mean = state.w * grid + state.c
    along, log_along = scale_of(state.v * grid + state.d, state.link)
    floor = log_sigmas + half_squares
    alone = np.log(np.abs(residuals))
    bottom, top = _cost_limits(log_along, floor, alone)
    alone[alone < bottom] = -np.inf  # a triangle at the edge
    at_zero, at_one = _grips(state.limits["x"])
    handles = np.array([at_zero, at_one])
    heights = scale_of(state.v * handles + state.d, state.link)[1]
    level, fit = _level(state), _fit(state.x, state.y, state.link)
    frame: dict[str, Value] = {
        **{name: getattr(state, name) for name in NAMES},
        "x": x,
        "y": y,
        "held_x": x[:held],
        "held_y": y[:held],
        "rest_x": x[held:],
        "rest_y": y[held:],
        "grid": grid,
        "mean": mean,
        "low_1": mean - along,
        "high_1": mean + along,
        "low_2": mean - 2 * along,
        "high_2": mean + 2 * along,
        "at_zero": at_zero,
        "at_one": at_one,
        "mean_at_zero": state.w * at_zero + state.c,
        "mean_at_one": state.w * at_one + state.c,
        "width_at_zero": float(heights[0]),
        "width_at_one": float(heights[1]),
        "log_width": log_along,
        "log_sigmas": log_sigmas,
        "half_squares": half_squares,
        "losses": losses,
        "loss": loss,
        "bar_x": x[:barred],
        "bar_floor": log_sigmas[:barred],
        "bar_top": floor[:barred],
        "dot_x": x[barred:],
        "dot_y": floor[barred:],
        "alone": alone[:barred],
        "cross_note": "× log |*y* − *wx* − *c*|" if barred else "",
        "cost_limits": np.array([bottom, top]),
        "term_log_sigma": float(log_sigmas.sum()),
        "term_2_pi": n * float(Normal(0, 1).log_normalizer()),
        "term_squares": float(half_squares.sum()),
        "loss_title": f"Loss {number(loss)} nats",
        "point": f"({_said(state, 'v')}, {_said(state, 'd')})",
        "level_loss": level.loss if level else math.nan,
    }
    landscape, levels = _landscape(
        state.x, residuals.tobytes(), state.link, state.limits["v"], state.limits["d"]
    )
    frame |= {"landscape": landscape, "levels": levels}
    frame |= _targets(state, level, fit)
    frame["sentence"] = _sentence(state, residuals, losses, level)
    frame["band_said"] = (
        f"{n} points, the line with slope {_said(state, 'w')} and height {_said(state, 'c')} at 0, "
        f"and bands of one and two sigma, which is {number(float(along[0]))} at the left edge "
        f"and {number(float(along[-1]))} at the right."
    )
    frame["cost_said"] = (
        "The log of sigma over x; above it, by its half squared residual in units of sigma, "
        + (
            "the end of a bar for each point, and a cross at the log of its residual."
            if barred
            else "a dot for each point."
        )
    )
    frame["map_said"] = (
        f"The loss of the present line over all v and d, with the present ones at {frame['point']}."
    )
    return frame


def _grips(limits: Interval) -> tuple[float, float]:
    """Where a line is taken hold of: at 0 or in the middle, and at 1 if that is in sight."""
    low, high = limits
    return (0.0 if low <= 0 <= high else (low + high) / 2), (1.0 if low <= 1 <= high else math.nan)


def _cost_limits(log_along: Array, tops: Array, alone: Array) -> tuple[float, float]:
    """From below the floor of log sigma and most crosses to above the highest bar, in steps."""
    low = min(float(log_along.min()), float(np.sort(alone)[len(alone) // 3]))
    if not math.isfinite(low):
        low = float(log_along.min())
    high = float(tops[np.isfinite(tops)].max(initial=float(log_along.max())))
    unit = ceiling((high - low + 1.5) / 4, (1.0, 2.0, 5.0, 10.0))
    return math.floor((low - 0.5) / unit) * unit, math.ceil((high + 0.5) / unit) * unit


def _targets(
    state: State, level: ScaledLineFit | None, fit: ScaledLineFit | None
) -> dict[str, Value]:
    """Where the buttons go; nan where a slider does not reach or there is nothing to go to."""
    last = int(np.argmax(state.x))
    through = state.y[last] - state.w * state.x[last]
    low = state.limits["v"][0]
    middle = _inverse(level.loss_sigma, state.link) if isinstance(level, _Level) else math.nan
    wanted = {
        **{f"level_{k}": getattr(level, k, math.nan) for k in NAMES},
        **{f"fit_{k}": getattr(fit, k, math.nan) for k in NAMES},
        "through_c": through,
        "narrow_v": low,
        "narrow_d": middle - low * float(np.mean(state.x)),
    }
    frame: dict[str, Value] = {}
    for name, value in wanted.items():
        lowest, highest = state.limits[name[-1]]
        frame[name] = value if lowest <= value <= highest else math.nan
    return frame


@dataclass(frozen=True)
class _Level(ScaledLineFit):
    """The least squares, with the one width that is best for them."""

    loss_sigma: float


def _level(state: State) -> _Level | None:
    return _constant_width(state.x, state.y, state.link)


@lru_cache(maxsize=256)
def _constant_width(x: Numbers, y: Numbers, link: str) -> _Level | None:
    if len(set(x)) == 1:
        return None
    line = fit_line(x, y)
    if line.sigma <= 1e-9 * max(map(abs, y)):
        return None
    loss = len(x) * float(Normal(0, line.sigma).entropy())
    return _Level(line.w, line.c, 0.0, _inverse(line.sigma, link), loss, line.sigma)


@lru_cache(maxsize=256)
def _fit(x: Numbers, y: Numbers, link: str) -> ScaledLineFit | None:
    try:
        return fit_scaled_line(x, y, link)
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _plane(x: Numbers, link: str, v: Interval, d: Interval) -> tuple[Array, Array]:
    """For every (v, d): the sum of log sigma, and 1 / (2 sigma^2) at each point."""
    slopes, heights = np.linspace(*v, CELLS)[None, :, None], np.linspace(*d, CELLS)[:, None, None]
    sigma, log_sigma = scale_of(slopes * np.array(x) + heights, link)
    logs: Array = log_sigma.sum(axis=-1)
    weights: Array = 0.5 / (sigma * sigma)
    return logs, weights


@lru_cache(maxsize=64)
@np.errstate(all="ignore")
def _landscape(
    x: Numbers, residuals: bytes, link: str, v: Interval, d: Interval
) -> tuple[Array, Array]:
    """The loss of one line over every (v, d), cut off far above its highest level."""
    logs, weights = _plane(x, link, v, d)
    squares = np.frombuffer(residuals) ** 2
    values = logs + weights @ squares + len(x) * float(Normal(0, 1).log_normalizer())
    steps: Array = 0.25 * len(x) * np.power(1.7, np.arange(-3.0, 9.0))
    levels: Array = float(values[np.isfinite(values)].min()) + steps
    values = np.minimum(np.nan_to_num(values, nan=np.inf), levels[-1] + steps[-1])
    landscape: Array = values
    return landscape, levels


def _said(state: State, name: str) -> str:
    return number(getattr(state, name), decimals(fine_step(*state.limits[name])))


def _sentence(state: State, residuals: Array, losses: Array, level: _Level | None) -> str:
    loss = float(losses.sum())
    ends = scale_of(state.v * np.array(state.limits["x"]) + state.d, state.link)[0]
    way = "grows" if ends[1] > ends[0] else "shrinks" if ends[1] < ends[0] else "stays"
    said = f"The width *σ* {way}"
    said += (
        f" from {number(float(ends[0]))} to {number(float(ends[1]))}"
        if way != "stays"
        else (f" at {number(float(ends[0]))}")
    )
    said += f" along *x*: a loss of {number(loss)} nats"
    if level is not None:
        gap = loss - level.loss
        compared = (
            "as much as"
            if abs(gap) < 0.0005
            else f"{number(abs(gap))} {'less' if gap < 0 else 'more'} than"
        )
        said += f", {compared} the best line of constant width"
    said += ". "
    met = np.abs(residuals) <= 1e-9 * np.maximum(np.abs(state.y), 1e-300)
    if met.all():
        return f"{said}All points are met exactly: the loss falls without end as *σ* goes to 0."
    if met.any():
        k = int(np.argmax(met))
        return (
            f"{said}Point {k + 1} is met exactly: its own loss, {number(float(losses[k]))}, falls "
            "without end as *σ* goes to 0 there. Only the other points hold *σ* up."
        )
    dearest = int(np.argmax(losses))
    off = abs(float(residuals[dearest])) / float(
        scale_of(state.v * state.x[dearest] + state.d, state.link)[0]
    )
    return (
        f"{said}Point {dearest + 1}, {number(off, 2)} *σ* off the line, is the dearest: "
        f"{number(float(losses[dearest]))}."
    )


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    limits = state.limits
    low, high = limits["x"]
    band = Axes(
        "{loss_title}",
        "*x*",
        "*y*",
        limits["x"],
        limits["y"],
        (
            Area("grid", "high_2", "model", base="low_2"),
            Area("grid", "high_1", "model", base="low_1"),
            Line("grid", "mean", "model"),
            Points("rest_x", "rest_y", "observation", small=True),
            Points("held_x", "held_y", "observation", drag=Drag(x="x.{i}", y="y.{i}")),
            Points("at_zero", "mean_at_zero", "model", drag=Drag(y="c")),
            Points("at_one", "mean_at_one", "model", drag=Drag(y="w")),
        ),
        "{band_said}",
    )
    cost = Axes(
        "Each one’s loss: log *σ*, and on it ½*z*²",
        "*x*",
        "",
        limits["x"],
        "cost_limits",
        (
            Bars("bar_x", "bar_top", "loss", base="bar_floor", width=(high - low) / 60),
            Points("dot_x", "dot_y", "loss", small=True),
            Points("bar_x", "alone", "muted", shape="cross", small=True),
            Line("grid", "log_width", "model"),
            Points("at_zero", "width_at_zero", "model", drag=Drag(y="d")),
            Points("at_one", "width_at_one", "model", drag=Drag(y="v")),
            Note("{cross_note}", "muted", "left"),
        ),
        "{cost_said}",
    )
    plane = Axes(
        "Every (*v*, *d*): loss, for this line",
        "*v*",
        "*d*",
        limits["v"],
        limits["d"],
        (
            Landscape("landscape", "levels"),
            Points("fit_v", "fit_d", "optimum", "fit of all four", small=True),
            Points("v", "d", "model", "{point}", drag=Drag(x="v", y="d")),
        ),
        "{map_said}",
    )
    terms = (
        Term("term_log_sigma", "Σ log *σᵢ*"),
        Term("term_2_pi", "½ *n* log 2π"),
        Term("term_squares", "½ Σ *zᵢ*²,  *zᵢ* = (*yᵢ* − *wxᵢ* − *c*) / *σᵢ*"),
    )
    return Spec(
        "heteroscedastic",
        _controls(state),
        _presets(),
        (band, cost, plane),
        (Sum(Term("loss", "loss"), terms),),
    )


def _slider(name: str, label: str, limits: Interval, shown: bool = True) -> Slider:
    step = fine_step(*limits)
    return Slider(name, name, label, *limits, step=step, digits=decimals(step), shown=shown)


LABELS = {
    "w": "slope w of the mean",
    "c": "height c of the mean at x = 0",
    "v": "slope v of the width",
    "d": "height d of the width at x = 0",
}


def _controls(state: State) -> tuple[Slider | Choice, ...]:
    shown = [_slider(name, LABELS[name], state.limits[name]) for name in NAMES]
    links = (("exp", "*σ* = exp(*vx* + *d*)"), ("softplus", "softplus(*vx* + *d*)"))
    choice = [Choice("link", "how sigma is kept positive", links)] if state.switch else []
    held = [
        _slider(f"{axis}.{i}", f"{axis} of point {i + 1}", state.limits[axis], False)
        for i in range(state.handles)
        for axis in ("x", "y")
    ]
    return (*shown, *choice, *held)


def _presets() -> tuple[Preset, ...]:
    level = {name: f"{{level_{name}}}" for name in NAMES}
    fit = {name: f"{{fit_{name}}}" for name in NAMES}
    through = {"c": "{through_c}"}
    narrow = {**through, "v": "{narrow_v}", "d": "{narrow_d}"}
    return (
        Preset("best constant width", level, "least squares, and the root of their mean"),
        Preset(
            "fitted width",
            fit,
            "the minimum that is reached from there; it need not be the only one",
        ),
        Preset("through the last point", through, "the line meets the point at the right exactly"),
        Preset(
            "narrow at the last point",
            narrow,
            "met exactly, and sigma as small there as the slider goes",
        ),
    )
