"""Least squares: the sum of squared residuals of a line, and the likelihood that it comes from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import LineFit, Normal, fit_line, sum_of_squares
from explorer.panels.inputs import column, intervals, real
from explorer.panels.scales import (
    amount,
    ceiling,
    decimals,
    fine_step,
    limits_above,
    spread,
    window,
)
from explorer.spec import (
    Area,
    Axes,
    Blueprint,
    Drag,
    Frame,
    Landscape,
    Line,
    Points,
    Preset,
    Rug,
    Slider,
    Spec,
    Squares,
    Sum,
    Term,
    Value,
    number,
)

Limits: TypeAlias = Mapping[str, tuple[float, float]]
Interval: TypeAlias = tuple[float, float]
Numbers: TypeAlias = tuple[float, ...]
Array: TypeAlias = NDArray[np.float64]

LARGE = 1e9
DOMAIN = dict.fromkeys(("x", "y", "w", "c"), (-LARGE, LARGE)) | {"sigma": (1e-9, LARGE)}
X = (0.4, 1.1, 1.8, 2.5, 3.1, 3.9, 4.6, 5.4)
Y = (1.6, 1.1, 2.9, 2.2, 3.6, 3.2, 4.9, 4.3)
HANDLES = 8  # points that can be dragged
MOST = 1000
TICKS = 500  # of more points, only the first have a tick for their residual
SQUARES = 60  # of more points, only the first have their square drawn
CELLS = 34
STEEPEST = 1.7  # how the levels of a landscape spread
Z: Array = np.linspace(-4, 4, 81)


@dataclass(frozen=True)
class State:
    """A line w x + c with a width sigma, and points; the first `handles` can be dragged."""

    x: Numbers
    y: Numbers
    w: float
    c: float
    sigma: float
    handles: int
    limits: Limits

    def __post_init__(self) -> None:
        for name in ("w", "c", "sigma"):
            object.__setattr__(self, name, real(name, getattr(self, name), *DOMAIN[name]))
        for name in ("x", "y"):
            values = points(name, tuple(getattr(self, name)), self.limits[name])
            object.__setattr__(self, name, values)
        same_length(self.x, self.y)
        if len(self.x) < self.handles:
            raise ValueError(
                f"x = {self.x!r}: allowed are {self.handles} to {MOST} points, "
                "one for each handle in the plot"
            )


def least_squares(
    x: Any = None,
    y: Any = None,
    w: float | None = None,
    c: float | None = None,
    sigma: float | None = None,
    *,
    limits: Limits | None = None,
) -> Blueprint[State]:
    """Show what a line w x + c costs: as a sum of squares, and as a negative log-likelihood.

    ``sum_of_squares = sum (y - w x - c)^2`` and, for Normals of one width around the line,
    ``loss = n log sigma + n log(2 pi)/2 + sum_of_squares / (2 sigma^2)``, in nats.

    Parameters
    ----------
    x, y : lists, arrays or Series of one length, optional
        Up to 1000 points; by default eight.
    w, c : float, optional
        Slope and height at x = 0. By default a line that is not the best.
    sigma : float, optional
        The Normals' standard deviation, positive.
    limits : dict, optional
        A slider's range, or that of the axes ``"x"`` and ``"y"``, by name.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["sum_of_squares"]``, ``["loss"]``, ``["best"]`` (w, c and sigma, a dict; empty
        where there is no best line) and what is drawn.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    xs, ys = given_points(x, y, X, Y)
    start, ranges = start_and_ranges(xs, ys)
    if x is None:
        start |= {"w": 0.2, "c": 2.4, "sigma": 1.0}
    for name, value in (("w", w), ("c", c), ("sigma", sigma)):
        if value is not None:
            start[name] = real(name, value, *DOMAIN[name])
            ranges[name] = (min(ranges[name][0], start[name]), max(ranges[name][1], start[name]))
    ranges = intervals({} if limits is None else limits, ranges, DOMAIN)
    return Blueprint(
        State(xs, ys, handles=min(len(xs), HANDLES), limits=ranges, **start), view, spec
    )


def given_points(x: Any, y: Any, xs: Numbers, ys: Numbers) -> tuple[Numbers, Numbers]:
    """The user's points, or the default ones."""
    if (x is None) != (y is None):
        name, value = ("y", y) if x is None else ("x", x)
        raise ValueError(f"{name} = {value!r}: allowed are x and y together, or neither")
    if x is not None:
        xs, ys = (column(n, v, -LARGE, LARGE) for n, v in (("x", x), ("y", y)))
    same_length(xs, ys)
    return xs, ys


def same_length(x: Numbers, y: Numbers) -> None:
    """Raise a ValueError unless there are as many x as y, and not too many."""
    if len(x) != len(y) or len(x) > MOST:
        raise ValueError(f"x and y have {len(x)} and {len(y)} values: allowed is one x for each y")


@lru_cache(maxsize=64)
def points(name: str, values: Numbers, limits: Interval) -> Numbers:
    """One coordinate of all points, inside its axis."""
    return column(name, values, *limits)


def start_and_ranges(x: Numbers, y: Numbers) -> tuple[dict[str, float], dict[str, Interval]]:
    """The level line through the points' mean, and ranges with the best line well inside."""
    xs, ys = np.array(x), np.array(y)
    wide, high = spread(xs), spread(ys)
    fit = _best(x, y)
    line = {"w": fit.w, "c": fit.c} if fit else {"w": 0.0, "c": float(ys.mean())}
    tilt = high / wide
    lift = high * math.sqrt(1 + (xs.mean() / wide) ** 2)
    ranges = {
        "x": window(xs, 0.25 * wide),
        "y": window(ys, 0.5 * high),
        "w": window(np.array([line["w"], 0.0]), 0.6 * tilt),
        "c": window(np.array([line["c"], ys.mean()]), 0.6 * lift),
        "sigma": (fine_step(0, ceiling(20 * high)), ceiling(2 * high)),
    }
    wanted = {"w": 0.0, "c": float(ys.mean()), "sigma": high}
    return {name: _slider(name, "", ranges[name]).nearest(v) for name, v in wanted.items()}, ranges


@lru_cache(maxsize=256)
def _best(x: Numbers, y: Numbers) -> LineFit | None:
    """The least squares, or None where all x are the same."""
    return None if len(set(x)) == 1 else fit_line(_array(x), _array(y))


@lru_cache(maxsize=256)
def _array(values: Numbers) -> Array:
    array = np.array(values)
    array.flags.writeable = False
    return array


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen: the points, the line, its squares and its loss."""
    x, y = _array(state.x), _array(state.y)
    fitted = state.w * x + state.c
    residuals = y - fitted
    squares = float(residuals @ residuals)
    noise = Normal(0.0, state.sigma)
    loss = float(noise.nll(residuals).sum())
    fit = _best(state.x, state.y)
    n, held = len(x), state.handles
    low, high = state.limits["x"]
    ends = np.array([low, high])
    line = state.w * ends + state.c
    at_zero, at_one = _grips(state.limits["x"])
    root = math.sqrt(squares / n)
    frame: dict[str, Value] = {
        "w": state.w,
        "c": state.c,
        "sigma": state.sigma,
        "x": x,
        "y": y,
        "held_x": x[:held],
        "held_y": y[:held],
        "rest_x": x[held:],
        "rest_y": y[held:],
        "square_x": x[:SQUARES],
        "square_y": y[:SQUARES],
        "square_to": fitted[:SQUARES],
        "line_x": ends,
        "line_y": line,
        "low_1": line - state.sigma,
        "high_1": line + state.sigma,
        "low_2": line - 2 * state.sigma,
        "high_2": line + 2 * state.sigma,
        "at_zero": at_zero,
        "height_at_zero": state.w * at_zero + state.c,
        "at_one": at_one,
        "height_at_one": state.w * at_one + state.c,
        "residuals": residuals,
        "some_residuals": residuals[:TICKS],
        "sum_of_squares": squares,
        "loss": loss,
        "squares_title": f"Sum of squares {amount(squares)}",
        "loss_title": f"Loss {number(loss)} nats",
        "term_sigma": n * (float(noise.log_normalizer()) - float(Normal(0, 1).log_normalizer())),
        "term_2_pi": n * float(Normal(0, 1).log_normalizer()),
        "term_squares": -float(noise.log_kernel(residuals).sum()),
        "best": {"w": fit.w, "c": fit.c, "sigma": fit.sigma} if fit else {},
        "point": _at(state, state.w, state.c),
        "root_mean_square": root,
    }
    frame |= _residual_density(state, noise)
    frame |= _sigma_curve(state, squares)
    frame |= _landscapes(state.x, state.y, state.limits["w"], state.limits["c"], state.sigma)
    frame |= _targets(state, fit, root)
    frame["sentence"] = _sentence(state, frame, fit)
    frame |= _descriptions(state, frame)
    return frame


def _grips(limits: Interval) -> tuple[float, float]:
    """Where the line is taken hold of: at 0, where its height is c, and at 1, where it is c + w.

    Where 0 is out of sight, c is moved at the middle; where 1 is, nothing moves w.
    """
    low, high = limits
    at_zero = 0.0 if low <= 0 <= high else (low + high) / 2
    return at_zero, 1.0 if low <= 1 <= high else math.nan


def _residual_density(state: State, noise: Normal) -> dict[str, Value]:
    """What the model says of the residuals."""
    low, high = state.limits["y"]
    reach = 0.75 * (high - low)
    grid = np.clip(state.sigma * Z, -reach, reach)
    density = np.exp(-noise.nll(grid))
    return {
        "residual_grid": grid,
        "residual_density": density,
        "residual_limits": np.array([-reach, reach]),
        "density_limits": np.array([0.0, ceiling(1.1 * float(density.max()))]),
    }


def _sigma_curve(state: State, squares: float) -> dict[str, Value]:
    """The loss of this line over all sigma."""
    n = len(state.x)
    grid, minus_log_normalizers = _sigmas(state.limits["sigma"])
    curve = n * minus_log_normalizers + squares / (2 * grid * grid)
    now = n * float(Normal(0, state.sigma).log_normalizer()) + squares / (2 * state.sigma**2)
    fit = _best(state.x, state.y)
    lowest = float(curve.min())
    if fit and fit.sigma > 0:  # of all lines, so that it stands still while the line moves
        lowest = n * (float(Normal(0, fit.sigma).log_normalizer()) + 0.5)
    return {
        "sigma_grid": grid,
        "sigma_curve": curve,
        "sigma_limits": limits_above(lowest - 0.4 * n, max(now, lowest + 1.5 * n), ceiling(n / 2)),
    }


@lru_cache(maxsize=16)
def _sigmas(limits: Interval) -> tuple[Array, Array]:
    low, high = limits
    grid = np.union1d(np.linspace(low, high, 61), np.geomspace(low, high, 61))
    return grid, Normal(0, grid).log_normalizer()


@lru_cache(maxsize=256)
def _squares_landscape(x: Numbers, y: Numbers, w: Interval, c: Interval) -> tuple[Array, Array]:
    """The sum of squares of every line, and levels."""
    slopes, heights = np.linspace(*w, CELLS)[None, :], np.linspace(*c, CELLS)[:, None]
    values = sum_of_squares(_array(x), _array(y), slopes, heights)
    inner, outer = np.quantile(values, [0.02, 0.7])
    levels = inner + (outer - inner) * (np.arange(16) / 11) ** STEEPEST
    values.flags.writeable = levels.flags.writeable = False
    return values, levels


@lru_cache(maxsize=256)
def _landscapes(x: Numbers, y: Numbers, w: Interval, c: Interval, sigma: float) -> dict[str, Value]:
    """Both landscapes over (w, c): each is the other, stretched, as long as sigma stands still."""
    squares, levels = _squares_landscape(x, y, w, c)
    n = len(x)
    losses = n * float(Normal(0, sigma).log_normalizer()) + squares / (2 * sigma**2)
    fit = _best(x, y)
    least = fit.sigma**2 * n if fit else float(squares.min())
    bottom = n * float(Normal(0, sigma).log_normalizer()) + least / (2 * sigma**2)
    steps = 0.5 * n * 2.0 ** np.arange(-3, 9)  # nats: the same for every sigma
    top = bottom + 2 * steps[-1]
    losses = np.minimum(losses, top)
    losses.flags.writeable = False
    return {
        "squares_landscape": squares,
        "squares_levels": levels,
        "loss_landscape": losses,
        "loss_levels": bottom + steps,
    }


def _targets(state: State, fit: LineFit | None, root: float) -> dict[str, Value]:
    """Where the buttons go; nan where a slider does not reach."""
    wanted = (
        {"w": fit.w, "c": fit.c, "sigma": fit.sigma}
        if fit
        else dict.fromkeys(("w", "c", "sigma"), math.nan)
    )
    wanted["own_sigma"] = root
    frame: dict[str, Value] = {}
    for name, value in wanted.items():
        low, high = state.limits["sigma" if name == "own_sigma" else name]
        frame[f"best_{name}"] = value if low <= value <= high else math.nan
    reached = frame["best_own_sigma"] == root
    n = len(state.x)
    frame["lowest"] = n * (float(Normal(0, root).log_normalizer()) + 0.5) if reached else math.nan
    frame["own_label"] = f"least at *σ* = {number(root, _places(state, 'sigma'))}"
    frame["best_label"] = f"least {amount(fit.sigma**2 * n)}" if fit else ""
    least = n * float(Normal(0, state.sigma).log_normalizer())
    frame["best_loss_label"] = (
        f"least {number(least + n * (fit.sigma / state.sigma) ** 2 / 2)}" if fit else ""
    )
    return frame


def _sentence(state: State, frame: Frame, fit: LineFit | None) -> str:
    squares, loss, n = float(frame["sum_of_squares"]), float(frame["loss"]), len(state.x)  # type: ignore[arg-type]
    sigma = number(state.sigma, _places(state, "sigma"))
    said = (
        f"The squares add up to {amount(squares)}; with *σ* = {sigma} that is "
        f"a loss of {number(loss)} nats. "
    )
    if fit is None:
        return f"{said}All *x* are the same: infinitely many lines are equally good."
    least = n * fit.sigma**2
    if squares - least <= 1e-9 * squares:
        said += "No line has a smaller sum, and so none a smaller loss, whatever *σ* is. "
    else:
        said += (
            f"The least sum, {amount(least)}, and the least loss belong to the same line, "
            f"*w* = {number(fit.w, _places(state, 'w') + 1)}, "
            f"*c* = {number(fit.c, _places(state, 'c') + 1)}, whatever *σ* is. "
        )
    root = float(frame["root_mean_square"])  # type: ignore[arg-type]
    if root <= 1e-12 * max(map(abs, state.y)):
        return f"{said}It meets every point: the loss falls without end as *σ* goes to 0."
    best = n * (float(Normal(0, root).log_normalizer()) + 0.5)
    if loss - best < 1e-9 * max(1.0, abs(loss)):
        return f"{said}For this line no other *σ* is better."
    way = "smaller" if state.sigma > root else "larger"
    return (
        f"{said}For this line a {way} *σ* is better: "
        f"{number(root, _places(state, 'sigma') + 1)}, the root of the mean square."
    )


def _descriptions(state: State, frame: Frame) -> dict[str, Value]:
    line = f"the line with slope {number(state.w, 3)} and height {number(state.c, 3)} at 0"
    sigma = number(state.sigma, _places(state, "sigma"))
    count = min(len(state.x), SQUARES)
    return {
        "squares_said": f"{len(state.x)} points and {line}, with {count} squares of residuals.",
        "band_said": f"The same points and {line}, with bands of one and two sigma = {sigma}.",
        "residual_said": (
            f"The residuals as ticks under a Normal density around 0 with sigma = {sigma}."
        ),
        "squares_map_said": (
            f"The sum of squares over all lines, with the present one at {frame['point']} and "
            f"the least, {frame['best_label']}."
        ),
        "loss_map_said": (
            f"The loss over all lines for sigma = {sigma}, with the present one at "
            f"{frame['point']} and the least, {frame['best_loss_label']}."
        ),
        "sigma_said": (
            f"The loss of the present line over sigma, with a point at {sigma}; "
            f"{str(frame['own_label']).replace('*', '')}."
        ),
    }


def _places(state: State, name: str) -> int:
    return decimals(fine_step(*state.limits[name]))


def _at(state: State, w: float, c: float) -> str:
    return f"({number(w, _places(state, 'w'))}, {number(c, _places(state, 'c'))})"


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    limits = state.limits
    line = (
        Line("line_x", "line_y", "model"),
        Points("at_zero", "height_at_zero", "model", drag=Drag(y="c")),
        Points("at_one", "height_at_one", "model", drag=Drag(y="w")),
    )
    held = Points("held_x", "held_y", "observation", drag=Drag(x="x.{i}", y="y.{i}"))
    rest = Points("rest_x", "rest_y", "observation", small=True)
    plane = Points("w", "c", "model", "{point}", drag=Drag(x="w", y="c"))
    squares = Axes(
        "{squares_title}",
        "*x*",
        "*y*",
        limits["x"],
        limits["y"],
        (Squares("square_x", "square_y", "square_to", "loss"), *line[:1], rest, held, *line[1:]),
        "{squares_said}",
    )
    band = Axes(
        "{loss_title}",
        "*x*",
        "*y*",
        limits["x"],
        limits["y"],
        (
            Area("line_x", "high_2", "model", base="low_2"),
            Area("line_x", "high_1", "model", base="low_1"),
            Line("line_x", "line_y", "model"),
            Points("rest_x", "rest_y", "observation", small=True),
            Points("held_x", "held_y", "observation", small=True),
        ),
        "{band_said}",
    )
    residuals = Axes(
        "Residuals under Normal(0, *σ*)",
        "*y* − *wx* − *c*",
        "",
        "residual_limits",
        "density_limits",
        (
            Area("residual_grid", "residual_density", "model"),
            Line("residual_grid", "residual_density", "model"),
            Rug("some_residuals", "observation"),
        ),
        "{residual_said}",
    )
    squares_map = Axes(
        "Every line: sum of squares",
        "*w*",
        "*c*",
        limits["w"],
        limits["c"],
        (
            Landscape("squares_landscape", "squares_levels"),
            Points("best_w", "best_c", "optimum", "{best_label}", small=True),
            plane,
        ),
        "{squares_map_said}",
    )
    loss_map = Axes(
        "Every line: loss, for this *σ*",
        "*w*",
        "*c*",
        limits["w"],
        limits["c"],
        (
            Landscape("loss_landscape", "loss_levels"),
            Points("best_w", "best_c", "optimum", "{best_loss_label}", small=True),
            plane,
        ),
        "{loss_map_said}",
    )
    sigma = Axes(
        "Every *σ*: loss, for this line",
        "*σ*",
        "",
        limits["sigma"],
        "sigma_limits",
        (
            Line("sigma_grid", "sigma_curve", "loss"),
            Points("best_own_sigma", "lowest", "optimum", "{own_label}", drop="x", small=True),
            Points("sigma", "loss", "loss", drag=Drag(x="sigma")),
        ),
        "{sigma_said}",
    )
    terms = (
        Term("term_sigma", "*n* log *σ*"),
        Term("term_2_pi", "½ *n* log 2π"),
        Term("term_squares", "sum of squares / 2*σ*²"),
    )
    return Spec(
        "least_squares",
        _controls(state),
        _presets(state),
        (squares, band, residuals, squares_map, loss_map, sigma),
        (Sum(Term("loss", "loss"), terms),),
    )


def _slider(name: str, label: str, limits: Interval, shown: bool = True) -> Slider:
    step = fine_step(*limits)
    symbol = {"sigma": "σ"}.get(name, name)
    return Slider(name, symbol, label, *limits, step=step, digits=decimals(step), shown=shown)


def _controls(state: State) -> tuple[Slider, ...]:
    labels = {"w": "slope w", "c": "height c at x = 0", "sigma": "standard deviation sigma"}
    shown = [_slider(name, label, state.limits[name]) for name, label in labels.items()]
    held = [
        _slider(f"{axis}.{i}", f"{axis} of point {i + 1}", state.limits[axis], False)
        for i in range(state.handles)
        for axis in ("x", "y")
    ]
    return (*shown, *held)


def _presets(state: State) -> tuple[Preset, ...]:
    """The two optima, a level line, and a point far off the others."""
    line = {"w": "{best_w}", "c": "{best_c}"}
    level = {"w": 0.0, "c": _slider("c", "", state.limits["c"]).nearest(float(np.mean(state.y)))}
    presets = [
        Preset("least squares", line, "the line with the smallest sum of squares"),
        Preset("best *σ*".replace("*", ""), {"sigma": "{best_own_sigma}"}, "for the present line"),
        Preset("maximum likelihood", {**line, "sigma": "{best_sigma}"}, "the best line and width"),
        Preset("level line", level, "slope 0, at the mean of y"),
    ]
    if len(state.x) == state.handles > 2:
        low, high = state.limits["y"]
        far = _slider("y", "", (low, high)).nearest(low + 0.95 * (high - low))
        presets.append(Preset("an outlier", {"y.1": far}, "the second point far up"))
    return tuple(presets)
