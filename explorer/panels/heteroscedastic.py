"""A line with a width that changes along it: mean and log sigma both depend on x."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import NoMaximum, fit_scaled_line, scale_of, softplus_inverse
from explorer.parts.inputs import Interval, Limits, Numbers, one_of, refuse
from explorer.parts.parameters import choice, one
from explorer.parts.plane import cut, every, plane, remembered
from explorer.parts.ranges import rounded, spread
from explorer.parts.regression import (
    LOG_ROOT_TWO_PI, PointsAndLine, arrays, band, best_line, given_points, handles, line_handles,
    line_in_words, observed, suited,
)  # fmt: skip
from explorer.parts.words import amount
from explorer.scene import (
    Array, Axis, Bars, Blueprint, Control, Line, Note, Plot, Points, Preset, Scene, Sum, Term,
    number,
)  # fmt: skip

X = (0.3, 0.8, 1.4, 1.9, 2.5, 3.0, 3.6, 4.2, 4.8, 5.5)
Y = (1.3, 1.2, 1.9, 1.9, 3.0, 2.1, 3.7, 4.7, 2.4, 5.5)
HANDLES = 10  # points that can be dragged; of more points, the losses are dots without parts
GRID = 49  # nodes along the line
CELLS = 34
ALIKE = 20.0  # up to this spread of y, the same sliders suit either link
NAMES = ("w", "c", "v", "d")
LINKS = {"exp": "*σ* = exp(*vx* + *d*)", "softplus": "softplus(*vx* + *d*)"}


@dataclass(frozen=True, kw_only=True)
class State(PointsAndLine):
    """Normal(w x + c, link(v x + d)), and points."""

    w: float = one("w", "slope w of the mean")
    c: float = one("c", "height c of the mean at x = 0")
    v: float = one("v", "slope v of the width")
    d: float = one("d", "height d of the width at x = 0")
    link: str = choice("how sigma is kept positive", LINKS)

    def __post_init__(self) -> None:
        super().__post_init__()
        sigma, _ = self.scale(np.array(self.limits["x"]))
        if not ((sigma > 0) & (sigma < math.inf)).all():
            allowed = "a pair for which sigma is positive and finite all along the line"
            refuse("(v, d)", (self.v, self.d), allowed)

    def scale(self, x: Any) -> tuple[Array, Array]:
        """Sigma at x, and its logarithm."""
        return scale_of(self.v * x + self.d, self.link)


class OneLink(State):
    """For data that the sliders suit with one of the links alone: it is no control."""

    def controls(self) -> tuple[Control, ...]:
        return tuple(control for control in super().controls() if control.name != "link")


def heteroscedastic(
    x: Any = None,
    y: Any = None,
    *,
    w: float | None = None,
    c: float | None = None,
    v: float | None = None,
    d: float | None = None,
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
        Its frame has ``residuals``, ``losses`` and their parts ``log_sigmas`` and
        ``half_squares``, all (n,); the sum of the losses, ``loss``; and ``best``, a dict of w, c, v
        and d at a minimum (empty where there is none; the sentence says why).

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    link = one_of("link", link, LINKS)
    xs, ys = given_points(x, y, X, Y)
    start, ranges = suited(xs, ys)
    wide, high = spread(np.array(xs)), spread(np.array(ys))
    kind, links = (State, tuple(LINKS)) if high < ALIKE else (OneLink, (link,))
    low, top = raw(0.08 * high, links[0]), raw(3.0 * high, links[-1])  # softplus needs the larger
    tilt = (top - low) / (2.5 * wide)
    lean = 0.6 * tilt * abs(float(np.mean(xs)))
    start |= {"v": 0.0, "d": raw(high, link)}
    ranges["v"] = rounded(-tilt, tilt, tilt / 10)
    ranges["d"] = rounded(low - lean, top + lean, (top - low + 2 * lean) / 20)
    if x is None:
        start = {"w": 0.5, "c": 1.1, "v": 0.3, "d": -1.4}
    given, count = {"w": w, "c": c, "v": v, "d": d}, min(len(xs), HANDLES)
    state = kind.start(start, ranges, given, limits, x=xs, y=ys, link=link, handles=count)
    return Blueprint("heteroscedastic", state, view)


def raw(sigma: float, link: str) -> float:
    """What the link makes this sigma of."""
    return math.log(sigma) if link == "exp" else float(softplus_inverse(sigma))


@np.errstate(all="ignore")
def view(state: State) -> Scene:
    """All that is on screen."""
    x, y = arrays(state.x, state.y)
    residuals = y - state.w * x - state.c
    sigmas, log_sigmas = state.scale(x)
    half_squares = 0.5 * (residuals / sigmas) ** 2
    losses = log_sigmas + half_squares + LOG_ROOT_TWO_PI
    loss, best, limit = float(losses.sum()), *fitted(state.x, state.y, state.link)
    named = {
        "residuals": residuals,
        "log_sigmas": log_sigmas,
        "half_squares": half_squares,
        "losses": losses,
        "loss": loss,
        "best": {name: best[name] for name in NAMES if best},
    }
    terms = (
        Term("Σ log *σᵢ*", float(log_sigmas.sum())),
        Term("½ *n* log 2π", len(x) * LOG_ROOT_TWO_PI),
        Term("½ Σ *zᵢ*²,  *zᵢ* = (*yᵢ* − *wxᵢ* − *c*) / *σᵢ*", float(half_squares.sum())),
    )
    every_width = every(
        state,
        ("v", "d"),
        "Every (*v*, *d*): loss, for this line",
        "The loss of the present line over all v and d",
        losses_of_widths(
            state.x, state.y, state.w, state.c, state.link, state.limits["v"], state.limits["d"]
        ),
        best,
        "fit of all four",
    )
    return Scene(
        named,
        (
            line_and_width(state, loss),
            every_point(state, residuals, log_sigmas, half_squares),
            every_width,
        ),
        (Sum(Term("loss", loss), terms),),
        presets(state, best),
        sentence(state, residuals, half_squares, losses, limit),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def line_and_width(state: State, loss: float) -> Plot:
    grid = np.linspace(*state.limits["x"], GRID)
    sigma, _ = state.scale(grid)
    left, right = (amount(end, 1e-3) for end in sigma[[0, -1]])
    return Plot(
        f"Loss {amount(loss)} nats",
        state.axis("x"),
        state.axis("y"),
        f"{len(state.x)} points, {line_in_words(state)}, and bands of one and two sigma, which is "
        f"{left} at the left edge and {right} at the right.",
        (*band(grid, state.w * grid + state.c, sigma), *observed(state), *line_handles(state)),
    )


def every_point(state: State, residuals: Array, log_sigmas: Array, half_squares: Array) -> Plot:
    """The parts of each loss, with log sigma as the floor on which the squares stand."""
    (low, high), (x, _) = state.limits["x"], arrays(state.x, state.y)
    tops, grid = log_sigmas + half_squares, np.linspace(low, high, GRID)
    floor, alone = state.scale(grid)[1], np.log(np.abs(residuals))
    limits = around(floor, tops, alone)
    alone[alone < limits[0]] = -np.inf  # a triangle at the edge
    k = len(x) if len(x) <= HANDLES else 0
    cross = ", with a cross at the log of its residual" if k else ""
    return Plot(
        "Loss per observation: log *σ* + ½*z*²",
        state.axis("x"),
        Axis("nats per observation", limits),
        "The log of sigma over x. Each point stands above it by half its squared residual in units "
        f"of sigma{cross}.",
        (
            Bars(x[:k], tops[:k], "loss", base=log_sigmas[:k], width=(high - low) / 60),
            Points(x[k:], tops[k:], "loss", small=True),
            Points(x[:k], alone[:k], "muted", shape="cross", small=True),
            Line(grid, floor, "model"),
            *handles(state, lambda at: float(state.scale(at)[1]), "d", "v"),
            Note("×: log |*y* − *wx* − *c*|" if k else "", "muted", "left"),
        ),
    )


def around(floor: Array, tops: Array, alone: Array) -> Interval:
    """From below the floor and most of the crosses to above the highest bar, in steps."""
    low, high = float(floor.min()), float(tops[np.isfinite(tops)].max(initial=floor.max()))
    third = float(np.sort(alone)[len(alone) // 3])
    if math.isfinite(third):
        low = min(low, third)
    return rounded(low - 0.5, high + 0.5, (high - low + 1.5) / 4)


@remembered(64)
def losses_of_widths(
    x: Numbers, y: Numbers, w: float, c: float, link: str, v: Interval, d: Interval
) -> tuple[Array, Array]:
    """The loss of one line over every (v, d), with the levels of its contours."""
    logs, weights = widths(x, link, v, d)
    xs, ys = arrays(x, y)
    values = logs + weights @ (ys - w * xs - c) ** 2 + len(x) * LOG_ROOT_TWO_PI
    values = np.nan_to_num(values, nan=np.inf, posinf=np.inf)
    levels: Array = values.min() + 0.25 * len(x) * 1.7 ** np.arange(-3.0, 9.0)
    return cut(values, levels), levels


@remembered(8)
def widths(x: Numbers, link: str, v: Interval, d: Interval) -> tuple[Array, Array]:
    """For every (v, d): the sum of log sigma, and 1 / (2 sigma^2) at each point."""
    slopes, heights = plane(v, d, CELLS)
    sigma, log_sigma = scale_of(slopes[..., None] * np.array(x) + heights[..., None], link)
    return log_sigma.sum(axis=-1), 0.5 / (sigma * sigma)


# ----------------------------------------------------------------------------- words and buttons


@remembered(256)
def constant_width(x: Numbers, y: Numbers, link: str) -> dict[str, float]:
    """The least squares, with the best sigma for them; nothing where no line or sigma is best."""
    line = best_line(x, y)
    if line is None or line.sigma <= 1e-9 * max(map(abs, y)):
        return {}
    loss = len(x) * (math.log(line.sigma) + LOG_ROOT_TWO_PI + 0.5)
    return {"w": line.w, "c": line.c, "v": 0.0, "d": raw(line.sigma, link), "loss": loss}


@remembered(256)
def fitted(x: Numbers, y: Numbers, link: str) -> tuple[dict[str, float], str]:
    """The best of all four, or nothing; and in words, if the loss has no lower bound."""
    try:
        fit = fit_scaled_line(x, y, link)
    except NoMaximum as error:
        return {}, f"There is no best line: {error.reason}"
    except ValueError:
        return {}, ""
    found = "The fitted width is a minimum, but the loss has no lower bound"
    return vars(fit), "" if fit.bounded else found


def presets(state: State, best: dict[str, float]) -> tuple[Preset, ...]:
    constant, last = constant_width(state.x, state.y, state.link), int(np.argmax(state.x))
    through = {"c": state.reached("c", state.y[last] - state.w * state.x[last])}
    low = state.limits["v"][0]
    middle = constant.get("d", math.nan) - low * float(np.mean(state.x))
    narrow = {**through, "v": low, "d": state.reached("d", middle)}
    flat, fit = state.goal(constant, *NAMES), state.goal(best, *NAMES)
    return (
        Preset("best constant width", flat, "least squares, and the best sigma for them"),
        Preset("fitted width", fit, "a minimum of the loss; there may be others"),
        Preset("through the last point", through, "the line meets the rightmost point exactly"),
        Preset("narrow at the last point", narrow, "and sigma is small there, as far as v goes"),
    )


def sentence(state: State, residuals: Array, half_squares: Array, losses: Array, limit: str) -> str:
    constant, loss = constant_width(state.x, state.y, state.link), float(losses.sum())
    sigmas = state.scale(np.array(state.limits["x"]))[0].tolist()
    left, right = (amount(sigma, 1e-3) for sigma in sigmas)
    way = "grows" if sigmas[1] > sigmas[0] else "shrinks"
    width = f"stays at {left}" if left == right else f"{way} from {left} to {right}"
    text = f"The width *σ* {width} along *x*: a loss of {amount(loss)} nats"
    if constant:
        gap = loss - constant["loss"]
        how = "less" if gap < 0 else "more"
        than = "as much as" if abs(gap) < 0.0005 else f"{amount(abs(gap))} {how} than"
        text += f", {than} the best line of constant width"
    if limit:
        text += f". {limit}"
    met = np.abs(residuals) <= 1e-9 * np.maximum(np.abs(state.y), 1e-300)
    if met.all():
        return f"{text}. All points are met exactly: the loss falls without end as *σ* goes to 0."
    if met.any():
        k = int(np.argmax(met))
        return (
            f"{text}. Point {k + 1} is met exactly: its own loss, {number(losses[k])}, falls "
            "without end as *σ* goes to 0 there. Only the other points prevent this."
        )
    k = int(np.argmax(losses))
    z = math.sqrt(2 * half_squares[k])
    off = f"{number(z, 2) if z < 1e5 else amount(z)} *σ* off the line"
    return f"{text}. Point {k + 1}, {off}, costs most: {amount(losses[k])}."
