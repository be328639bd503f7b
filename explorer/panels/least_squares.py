"""Least squares: the sum of squared residuals of a line, and the likelihood that it comes from."""

import math
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from explorer.core import LineFit, Normal, sum_of_squares
from explorer.parts.inputs import Interval, Limits, Numbers
from explorer.parts.parameters import POSITIVE, one
from explorer.parts.plane import cut, every, levels, plane, remembered
from explorer.parts.ranges import ceiling, fine_step, limits_above, spread
from explorer.parts.regression import (
    LOG_ROOT_TWO_PI, PointsAndLine, arrays, band, best_line, given_points, line_handles,
    line_in_words, observed, suited,
)  # fmt: skip
from explorer.parts.words import amount
from explorer.scene import (
    Area, Array, Axis, Blueprint, Drag, Line, Plot, Points, Preset, Rug, Scene, Squares, Sum,
    Term,
)  # fmt: skip

X = (0.4, 1.1, 1.8, 2.5, 3.1, 3.9, 4.6, 5.4)
Y = (1.6, 1.1, 2.9, 2.2, 3.6, 3.2, 4.9, 4.3)
HANDLES = 8  # points that can be dragged
TICKS = 500  # of more points, only the first have a tick for their residual
SQUARES = 60  # of more points, only the first have their square drawn
CELLS = 34
Z = np.linspace(-4, 4, 81)
Contours: TypeAlias = tuple[Array, Array]  # a landscape's values and its levels


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
        Its frame has ``residuals`` (n,), ``sum_of_squares``, ``loss``, ``root_mean_square``,
        ``best``, a dict of w, c and sigma (empty where there is no best line), and over the ranges
        of c (rows) and w (columns) ``squares_landscape`` and ``loss_landscape``, both (34, 34).

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


def view(state: State) -> Scene:
    """All that is on screen."""
    (x, y), fit, sigma = arrays(state.x, state.y), best_line(state.x, state.y), state.sigma
    residuals, n = y - (state.w * x + state.c), len(x)
    squares = float(residuals @ residuals)
    loss, root = float(loss_of(n, squares, sigma)), math.sqrt(squares / n)
    best, least = (vars(fit).copy(), n * fit.sigma**2) if fit else ({}, math.nan)
    lines = state.limits["w"], state.limits["c"]
    sums = sums_of_squares(state.x, state.y, *lines)
    losses = all_losses(state.x, state.y, *lines, sigma)
    named = {
        "residuals": residuals,
        "sum_of_squares": squares,
        "loss": loss,
        "root_mean_square": root,
        "best": best,
        "squares_landscape": sums[0],
        "loss_landscape": losses[0],
    }
    terms = (
        Term("*n* log *σ*", n * math.log(sigma)),
        Term("½ *n* log 2π", n * LOG_ROOT_TWO_PI),
        Term("sum of squares / 2*σ*²", squares / (2 * sigma**2)),
    )
    this_line = (
        drawn_squares(state, residuals, squares),
        likelihood(state, loss),
        density(state, residuals),
    )
    every_line = (
        every(
            state,
            ("w", "c"),
            "Every line: sum of squares",
            "The sum of squares over all lines",
            sums,
            best,
            f"least {amount(least)}",
        ),
        every(
            state,
            ("w", "c"),
            "Every line: loss, for this *σ*",
            f"The loss over all lines for sigma = {state.text('sigma')}",
            losses,
            best,
            f"least {amount(loss_of(n, least, sigma))}",
        ),
        every_sigma(state, squares, loss, fit),
    )
    return Scene(
        named,
        (
            *(replace(plot, tab="this line") for plot in this_line),
            *(replace(plot, tab="every line, every *σ*") for plot in every_line),
        ),
        (Sum(Term("loss", loss), terms),),
        presets(state, root, best),
        sentence(state, squares, loss, fit),
    )


def loss_of(n: int, squares: Any, sigma: Any) -> Any:
    """The loss of n residuals with this sum of squares."""
    return n * (np.log(sigma) + LOG_ROOT_TWO_PI) + squares / (2 * sigma**2)


# ------------------------------------------------------------------ the plots, as they are seen


def drawn_squares(state: State, residuals: Array, squares: float) -> Plot:
    x, y = arrays(state.x, state.y, 0, SQUARES)
    return Plot(
        f"Sum of squares {amount(squares)}",
        state.axis("x"),
        state.axis("y"),
        f"{len(state.x)} points and {line_in_words(state)}, with {len(x)} squares of residuals.",
        (
            Squares(x, y, y - residuals[:SQUARES], "loss"),
            Line(*line(state), "model"),
            *observed(state),
            *line_handles(state),
        ),
    )


def likelihood(state: State, loss: float) -> Plot:
    return Plot(
        f"Loss {amount(loss)} nats",
        state.axis("x"),
        state.axis("y"),
        f"The same points and {line_in_words(state)}, with bands of one and two sigma = "
        f"{state.text('sigma')}.",
        (*band(*line(state), state.sigma), *observed(state, small=True)),
    )


def line(state: State) -> tuple[Array, Array]:
    ends = np.array(state.limits["x"])
    return ends, state.w * ends + state.c


def density(state: State, residuals: Array) -> Plot:
    low, high = state.limits["y"]
    reach = 0.75 * (high - low)
    grid, curve = bell(state.sigma, reach)
    return Plot(
        "Residuals under Normal(0, *σ*)",
        Axis("*y* − *wx* − *c*", (-reach, reach)),
        Axis("", (0.0, ceiling(1.1 * float(curve.max())))),
        f"The residuals as ticks under a Normal density around 0 with sigma = "
        f"{state.text('sigma')}.",
        (
            Area(grid, curve, "model"),
            Line(grid, curve, "model"),
            Rug(residuals[:TICKS], "observation"),
        ),
    )


@remembered(64)
def bell(sigma: float, reach: float) -> tuple[Array, Array]:
    """The Normal density of the residuals, as far as they are in the plot."""
    grid = np.clip(sigma * Z, -reach, reach)
    return grid, np.exp(Normal(0.0, sigma).log_prob(grid))


@remembered(256)
def sums_of_squares(x: Numbers, y: Numbers, w: Interval, c: Interval) -> Contours:
    """Of every line, with the levels of its contours."""
    values = sum_of_squares(*arrays(x, y), *plane(w, c, CELLS))
    return values, levels(values, 0.02, 0.7, 16, 11)


@remembered(256)
def all_losses(x: Numbers, y: Numbers, w: Interval, c: Interval, sigma: float) -> Contours:
    """Of every line: the sums of squares, stretched; with their levels."""
    (sums, _), fit, n = sums_of_squares(x, y, w, c), best_line(x, y), len(x)
    bottom = loss_of(n, n * fit.sigma**2 if fit else sums.min(), sigma)
    steps: Array = bottom + 0.5 * n * 2.0 ** np.arange(-3.0, 9.0)  # the same for every sigma
    return cut(loss_of(n, sums, sigma), steps), steps


def every_sigma(state: State, squares: float, loss: float, fit: LineFit | None) -> Plot:
    n, grid = len(state.x), spaced(state.limits["sigma"])
    curve, root = loss_of(n, squares, grid), math.sqrt(squares / n)
    # of all lines, so that it stands still while the line moves
    lowest = least_loss(n, fit.sigma) if fit and fit.sigma > 0 else float(curve.min())
    best, where = state.reached("sigma", root), state.text("sigma", root)
    least = least_loss(n, root) if best == root else math.nan
    limits = limits_above(lowest - 0.4 * n, max(loss, lowest + 1.5 * n), ceiling(n / 2))
    return Plot(
        "Every *σ*: loss, for this line",
        state.axis("sigma"),
        Axis("loss (nats)", limits),
        f"The loss of the present line over sigma, with a point at {state.text('sigma')}; "
        f"least at σ = {where}.",
        (
            Line(grid, curve, "loss"),
            Points(best, least, "optimum", f"least at *σ* = {where}", drop="x", small=True),
            Points(state.sigma, loss, "loss", drag=Drag(x="sigma")),
        ),
    )


@remembered(16)
def spaced(limits: Interval) -> Array:
    """Values of sigma that are dense where the loss is steep."""
    return np.union1d(np.linspace(*limits, 61), np.geomspace(*limits, 61))


def least_loss(n: int, root: float) -> float:
    """The loss of n residuals with this root mean square, where sigma equals it."""
    return float(loss_of(n, n * root**2, root))


# ----------------------------------------------------------------------------- words and buttons


def sentence(state: State, squares: float, loss: float, fit: LineFit | None) -> str:
    n, root = len(state.x), math.sqrt(squares / len(state.x))
    text = (
        f"The squares add up to {amount(squares)}; with *σ* = {state.text('sigma')} that is "
        f"a loss of {amount(loss)} nats. "
    )
    if fit is None:
        return f"{text}All *x* are the same: infinitely many lines are equally good."
    least = n * fit.sigma**2
    if squares - least <= 1e-9 * squares:
        text += "No line has a smaller sum, and so none a smaller loss, whatever *σ* is. "
    else:
        text += (
            f"The least sum, {amount(least)}, and the least loss belong to the same line, "
            f"*w* = {state.text('w', fit.w, 1)}, *c* = {state.text('c', fit.c, 1)}, "
            "whatever *σ* is. "
        )
    if root <= 1e-12 * max(map(abs, state.y)):
        return f"{text}It meets every point: the loss falls without end as *σ* goes to 0."
    if loss - least_loss(n, root) < 1e-9 * max(1.0, abs(loss)):
        return f"{text}For this line no other *σ* is better."
    way = "smaller" if state.sigma > root else "larger"
    return (
        f"{text}For this line a {way} *σ* is better: {state.text('sigma', root, 1)}, "
        "the root of the mean square."
    )


def presets(state: State, root: float, best: dict[str, float]) -> tuple[Preset, ...]:
    """The two optima, a flat line, and a point far off the others."""
    flat = {"w": 0.0, "c": state.slider("c").nearest(float(np.mean(state.y)))}
    lines, likeliest = state.goal(best, "w", "c"), state.goal(best, "w", "c", "sigma")
    buttons = (
        Preset("least squares", lines, "the line with the smallest sum of squares"),
        Preset("best σ", state.goal({"sigma": root}, "sigma"), "for the present line"),
        Preset("maximum likelihood", likeliest, "the best line and width"),
        Preset("flat line", flat, "slope 0, at the mean of y"),
    )
    if not len(state.x) == state.handles > 2:
        return buttons
    low, high = state.limits["y"]
    far = {"y.1": state.slider("y.1").nearest(low + 0.95 * (high - low))}
    return (*buttons, Preset("an outlier", far, "the second point far up"))
