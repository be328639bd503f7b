"""Least squares: the sum of squared residuals of a line, and the likelihood that it comes from."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core import LineFit, Normal, sum_of_squares
from explorer.parts.inputs import Interval, Limits, Numbers
from explorer.parts.parameters import POSITIVE, one
from explorer.parts.plane import cut, levels, plane, remembered
from explorer.parts.ranges import ceiling, fine_step, limits_above, spread
from explorer.parts.regression import (
    PointsAndLine,
    arrays,
    band,
    best_line,
    given_points,
    line_handles,
    observed,
    suited,
)
from explorer.parts.words import amount
from explorer.scene import (
    Area,
    Array,
    Axis,
    Blueprint,
    Drag,
    Landscape,
    Line,
    Plot,
    Points,
    Preset,
    Rug,
    Scene,
    Squares,
    Sum,
    Term,
    number,
)

X = (0.4, 1.1, 1.8, 2.5, 3.1, 3.9, 4.6, 5.4)
Y = (1.6, 1.1, 2.9, 2.2, 3.6, 3.2, 4.9, 4.3)
HANDLES = 8  # points that can be dragged
TICKS = 500  # of more points, only the first have a tick for their residual
SQUARES = 60  # of more points, only the first have their square drawn
CELLS = 34
Z = np.linspace(-4, 4, 81)
LOG_ROOT_TWO_PI = float(Normal(0, 1).log_normalizer())


@dataclass(frozen=True, kw_only=True)
class State(PointsAndLine):
    """A line w x + c with a standard deviation sigma, and points."""

    sigma: float = one("σ", "standard deviation sigma", POSITIVE)


def least_squares(
    x: Any = None,
    y: Any = None,
    *,
    w: float | None = None,
    c: float | None = None,
    sigma: float | None = None,
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
        Its frame has ``residuals`` (n,), ``sum_of_squares``, ``loss``, ``root_mean_square`` and
        ``best``, a dict of w, c and sigma (empty where there is no best line).

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    xs, ys = given_points(x, y, X, Y)
    start, ranges = suited(xs, ys)
    high = spread(np.array(ys))
    start["sigma"] = high
    ranges["sigma"] = fine_step(0, ceiling(20 * high)), ceiling(2 * high)
    if x is None:
        start = {"w": 0.2, "c": 2.4, "sigma": 1.0}
    given = {"w": w, "c": c, "sigma": sigma}
    state = State.start(start, ranges, given, limits, x=xs, y=ys, handles=min(len(xs), HANDLES))
    return Blueprint("least_squares", state, view)


@dataclass(frozen=True)
class Cost:
    """The present line's residuals, and the loss that they make under Normals of any width."""

    residuals: Array
    squares: float

    @property
    def count(self) -> int:
        return len(self.residuals)

    def loss(self, noise: Normal, squares: Any = None) -> Any:
        """Of this sum of squares, or of others."""
        squares = self.squares if squares is None else squares
        return self.count * noise.log_normalizer() + squares / (2 * noise.sigma**2)

    def least(self, sigma: float) -> float:
        """The loss at the width that is the root of the mean square."""
        return self.count * (float(Normal(0, sigma).log_normalizer()) + 0.5)


def view(state: State) -> Scene:
    """All that is on screen."""
    x, y = arrays(state.x, state.y)
    residuals = y - (state.w * x + state.c)
    cost, fit = Cost(residuals, float(residuals @ residuals)), best_line(state.x, state.y)
    noise, n = Normal(0.0, state.sigma), cost.count
    loss, root = float(cost.loss(noise)), math.sqrt(cost.squares / n)
    half = cost.squares / (2 * state.sigma**2)
    named = {
        "residuals": residuals,
        "sum_of_squares": cost.squares,
        "loss": loss,
        "root_mean_square": root,
        "best": {"w": fit.w, "c": fit.c, "sigma": fit.sigma} if fit else {},
    }
    terms = (
        Term("*n* log *σ*", loss - n * LOG_ROOT_TWO_PI - half),
        Term("½ *n* log 2π", n * LOG_ROOT_TWO_PI),
        Term("sum of squares / 2*σ*²", half),
    )
    return Scene(
        named,
        (
            squares(state, cost),
            likelihood(state, loss),
            density(state, cost, noise),
            *every_line(state, cost, fit),
            every_sigma(state, cost, loss, fit, root),
        ),
        (Sum(Term("loss", loss), terms),),
        presets(state, fit, root),
        sentence(state, cost, loss, fit, root),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def squares(state: State, cost: Cost) -> Plot:
    x, y = arrays(state.x, state.y)
    others, draggable = observed(state)
    fitted = (y - cost.residuals)[:SQUARES]
    return Plot(
        f"Sum of squares {amount(cost.squares)}",
        state.axis("x"),
        state.axis("y"),
        f"{cost.count} points and {described(state)}, with {len(fitted)} squares of residuals.",
        (
            Squares(x[:SQUARES], y[:SQUARES], fitted, "loss"),
            Line(*line(state), "model"),
            others,
            draggable,
            *line_handles(state),
        ),
    )


def likelihood(state: State, loss: float) -> Plot:
    return Plot(
        f"Loss {number(loss)} nats",
        state.axis("x"),
        state.axis("y"),
        f"The same points and {described(state)}, with bands of one and two sigma = "
        f"{state.text('sigma')}.",
        (*band(*line(state), state.sigma), *observed(state, small=True)),
    )


def density(state: State, cost: Cost, noise: Normal) -> Plot:
    low, high = state.limits["y"]
    reach = 0.75 * (high - low)
    grid = np.clip(state.sigma * Z, -reach, reach)
    curve = np.exp(noise.log_prob(grid))
    return Plot(
        "Residuals under Normal(0, *σ*)",
        Axis("*y* − *wx* − *c*", (-reach, reach)),
        Axis("", (0.0, ceiling(1.1 * float(curve.max())))),
        f"The residuals as ticks under a Normal density around 0 with sigma = "
        f"{state.text('sigma')}.",
        (
            Area(grid, curve, "model"),
            Line(grid, curve, "model"),
            Rug(cost.residuals[:TICKS], "observation"),
        ),
    )


def every_line(state: State, cost: Cost, fit: LineFit | None) -> list[Plot]:
    """Both landscapes over (w, c)."""
    ranges = state.limits["w"], state.limits["c"]
    sums, losses, bottom = landscapes(state.x, state.y, *ranges, state.sigma)
    at = state.at("w", "c")
    best_w, best_c = (state.reached(name, getattr(fit, name, math.nan)) for name in ("w", "c"))
    kinds = (
        ("sum of squares", "sum of squares over all lines", sums,
         amount(cost.count * fit.sigma**2) if fit else ""),
        ("loss, for this *σ*", f"loss over all lines for sigma = {state.text('sigma')}", losses,
         number(bottom) if fit else ""),
    )  # fmt: skip
    return [
        Plot(
            f"Every line: {title}",
            state.axis("w"),
            state.axis("c"),
            f"The {what}, with the present one at {at}"
            + (f" and the least, least {least}." if least else "."),
            (
                Landscape(*landscape),
                Points(best_w, best_c, "optimum", f"least {least}" if least else "", small=True),
                Points(state.w, state.c, "model", at, drag=Drag(x="w", y="c")),
            ),
        )
        for title, what, landscape, least in kinds
    ]


@remembered(256)
def sums_of_squares(x: Numbers, y: Numbers, w: Interval, c: Interval) -> tuple[Array, Array]:
    """Of every line, with the levels of its contours."""
    values = sum_of_squares(*arrays(x, y), *plane(w, c, CELLS))
    return values, levels(values, 0.02, 0.7, 16, 11)


@remembered(256)
def landscapes(
    x: Numbers, y: Numbers, w: Interval, c: Interval, sigma: float
) -> tuple[tuple[Array, Array], tuple[Array, Array], float]:
    """The sums of squares; the losses, which are the same, stretched; and the least loss."""
    (sums, contours), fit = sums_of_squares(x, y, w, c), best_line(x, y)
    cost, noise = Cost(np.array(x), 0.0), Normal(0.0, sigma)
    bottom = float(cost.loss(noise, len(x) * fit.sigma**2 if fit else float(sums.min())))
    steps: Array = bottom + 0.5 * len(x) * 2.0 ** np.arange(-3, 9)  # nats: the same for every sigma
    return (sums, contours), (cut(cost.loss(noise, sums), steps), steps), bottom


def every_sigma(state: State, cost: Cost, loss: float, fit: LineFit | None, root: float) -> Plot:
    n, widths = cost.count, spaced(state.limits["sigma"])
    curve = cost.loss(widths)
    # of all lines, so that it stands still while the line moves
    lowest = cost.least(fit.sigma) if fit and fit.sigma > 0 else float(curve.min())
    best, where = state.reached("sigma", root), state.text("sigma", root)
    least = cost.least(root) if best == root else math.nan
    return Plot(
        "Every *σ*: loss, for this line",
        state.axis("sigma"),
        Axis("", limits_above(lowest - 0.4 * n, max(loss, lowest + 1.5 * n), ceiling(n / 2))),
        f"The loss of the present line over sigma, with a point at {state.text('sigma')}; "
        f"least at σ = {where}.",
        (
            Line(widths.sigma, curve, "loss"),
            Points(best, least, "optimum", f"least at *σ* = {where}", drop="x", small=True),
            Points(state.sigma, loss, "loss", drag=Drag(x="sigma")),
        ),
    )


@remembered(16)
def spaced(limits: Interval) -> Normal:
    """Normals of widths that are dense where the loss is steep."""
    return Normal(0.0, np.union1d(np.linspace(*limits, 61), np.geomspace(*limits, 61)))


# ----------------------------------------------------------------------------- words and buttons


def line(state: State) -> tuple[Array, Array]:
    ends = np.array(state.limits["x"])
    return ends, state.w * ends + state.c


def described(state: State) -> str:
    return f"the line with slope {number(state.w)} and height {number(state.c)} at 0"


def sentence(state: State, cost: Cost, loss: float, fit: LineFit | None, root: float) -> str:
    text = (
        f"The squares add up to {amount(cost.squares)}; with *σ* = {state.text('sigma')} that is "
        f"a loss of {number(loss)} nats. "
    )
    if fit is None:
        return f"{text}All *x* are the same: infinitely many lines are equally good."
    least = cost.count * fit.sigma**2
    if cost.squares - least <= 1e-9 * cost.squares:
        text += "No line has a smaller sum, and so none a smaller loss, whatever *σ* is. "
    else:
        text += (
            f"The least sum, {amount(least)}, and the least loss belong to the same line, "
            f"*w* = {state.text('w', fit.w, 1)}, *c* = {state.text('c', fit.c, 1)}, "
            "whatever *σ* is. "
        )
    if root <= 1e-12 * max(map(abs, state.y)):
        return f"{text}It meets every point: the loss falls without end as *σ* goes to 0."
    if loss - cost.least(root) < 1e-9 * max(1.0, abs(loss)):
        return f"{text}For this line no other *σ* is better."
    way = "smaller" if state.sigma > root else "larger"
    return (
        f"{text}For this line a {way} *σ* is better: {state.text('sigma', root, 1)}, "
        "the root of the mean square."
    )


def presets(state: State, fit: LineFit | None, root: float) -> tuple[Preset, ...]:
    """The two optima, a flat line, and a point far off the others."""
    best = {name: state.reached(name, getattr(fit, name, math.nan)) for name in ("w", "c", "sigma")}
    flat = {"w": 0.0, "c": state.slider("c").nearest(float(np.mean(state.y)))}
    low, high = state.limits["y"]
    buttons = [
        Preset(
            "least squares",
            {name: best[name] for name in ("w", "c")},
            "the line with the smallest sum of squares",
        ),
        Preset("best σ", {"sigma": state.reached("sigma", root)}, "for the present line"),
        Preset("maximum likelihood", best, "the best line and width"),
        Preset("flat line", flat, "slope 0, at the mean of y"),
    ]
    if len(state.x) == state.handles > 2:
        far = state.slider("y.1").nearest(low + 0.95 * (high - low))
        buttons.append(Preset("an outlier", {"y.1": far}, "the second point far up"))
    return tuple(buttons)
