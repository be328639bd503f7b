"""Lines through points, of constant width or one that changes along the line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .newton import newton
from .parameter import TWO_VALUES, FloatArray, NoMaximum, data, refuse
from .special import LOG_2PI, log_softplus, softplus, softplus_inverse

NOT_ON_ONE_LINE = "values that the line does not meet"


@dataclass(frozen=True)
class LineFit:
    """The line w x + c with the least sum of squared residuals; sigma is their root mean square.

    The same line maximises the likelihood of Normals of equal width around it, whatever the width,
    and that is largest at ``sigma``; where sigma is 0, it grows without end as the width shrinks.
    """

    w: float
    c: float
    sigma: float


def fit_line(x: ArrayLike, y: ArrayLike) -> LineFit:
    """Return the line that makes sum (y - w x - c)^2 least.

    Raises
    ------
    ValueError
        If x and y differ in length, or x does not hold two different values: then infinitely many
        lines are equally good.
    """
    x, y = _pairs(x, y)
    if (x == x[0]).all():
        refuse("x", x, TWO_VALUES)
    mean_x, mean_y = _mean(x), _mean(y)
    across, up = x - mean_x, y - mean_y
    w = float(across @ up / (across @ across))
    rest = up - w * across
    return LineFit(w, float(mean_y - w * mean_x), float(np.sqrt(np.mean(rest * rest))))


def sum_of_squares(x: ArrayLike, y: ArrayLike, w: ArrayLike, c: ArrayLike) -> FloatArray:
    """sum (y - w x - c)^2 over the points, for all w and c, which broadcast against each other.

    From the moments of the points about their means, so that nothing of the size of the sum at a
    far line is taken away to get the sum at a near one.
    """
    x, y = _pairs(x, y)
    mean_x, mean_y = _mean(x), _mean(y)
    across, up = x - mean_x, y - mean_y
    spread = across @ across
    best = across @ up / spread if spread > 0 else 0.0
    rest = up - best * across
    tilt = np.asarray(w, dtype=np.float64) - best
    lift = np.asarray(c, dtype=np.float64) + np.asarray(w) * mean_x - mean_y
    out: FloatArray = rest @ rest + spread * tilt * tilt + x.size * lift * lift
    return out


def _pairs(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = data("x", x), data("y", y)
    if x.shape != y.shape:
        refuse("y", y, f"as many values as x has, {x.size}")
    return x, y


def _mean(values: FloatArray) -> float:
    """The mean, by exact differences: right at a large offset too."""
    return float(values[0] + np.mean(values - values[0]))


@dataclass(frozen=True)
class ScaledLineFit:
    """Where a descent of the loss of Normal(w x + c, link(v x + d)) came to rest, and its value."""

    w: float
    c: float
    v: float
    d: float
    loss: float


def scale_of(raw: ArrayLike, link: str) -> tuple[FloatArray, FloatArray]:
    """sigma = e^raw or log(1 + e^raw), and its logarithm, which is exact where sigma underflows."""
    raw = np.asarray(raw, dtype=np.float64)
    if link == "exp":
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(raw), raw
    if link == "softplus":
        return softplus(raw), log_softplus(raw)
    refuse("link", link, "'exp' or 'softplus'")


def fit_scaled_line(x: ArrayLike, y: ArrayLike, link: str = "exp") -> ScaledLineFit:
    """Return where Newton's steps, from fit_line on, bring the loss in (w, c, v, d) to rest.

    Where the loss is not convex, Fisher's expected Hessian takes the place of the Hessian. There
    may be deeper minima, and the loss may have no lower bound at all: a line that meets two points
    exactly may have ever smaller sigmas there.

    Raises
    ------
    ValueError
        If x and y do not fit a line, or the descent finds no bottom.
    """
    x, y = _pairs(x, y)
    line = fit_line(x, y)
    design = np.column_stack([x, np.ones_like(x)])
    size = max(float(np.abs(y - y.mean()).max()), 1e-300)
    if line.sigma <= 1e-9 * size:
        raise NoMaximum(y, NOT_ON_ONE_LINE, "the line meets all points")
    raw = np.log(line.sigma) if link == "exp" else softplus_inverse(line.sigma)
    at = np.array([line.w, line.c, 0.0, float(raw)])

    def loss(at: FloatArray) -> float:
        sigma, log_sigma = scale_of(design @ at[2:], link)
        z = (y - design @ at[:2]) / sigma
        total = float((log_sigma + 0.5 * z * z).sum())
        return total if np.isfinite(total) else np.inf

    def step(at: FloatArray) -> FloatArray:
        if scale_of(design @ at[2:], link)[0].min() < 1e-9 * size:
            raise NoMaximum(y, NOT_ON_ONE_LINE, "the line meets a point, where sigma shrinks to 0")
        return _newton_step(design, y, at, link)

    at, least = newton(loss, step, at)
    w, c, v, d = at.tolist()
    return ScaledLineFit(w, c, v, d, least + 0.5 * x.size * LOG_2PI)


def _newton_step(design: FloatArray, y: FloatArray, at: FloatArray, link: str) -> FloatArray:
    """The step to the minimum of a parabola that touches the loss at (w, c, v, d)."""
    sigma, _ = scale_of(design @ at[2:], link)
    z = (y - design @ at[:2]) / sigma
    if link == "exp":
        # The first and the second derivative of log sigma.
        bend, bent = np.ones_like(sigma), np.zeros_like(sigma)
    else:
        rise = -np.expm1(-sigma)
        bend = rise / sigma
        bent = (np.exp(-sigma) * sigma - rise) / (sigma * sigma) * rise
    gradient = np.concatenate([-(z / sigma) @ design, (bend * (1 - z * z)) @ design])

    def hessian(cross: FloatArray, width: FloatArray) -> FloatArray:
        mean = design.T @ (design / (sigma * sigma)[:, None])
        mixed = design.T @ (design * cross[:, None])
        out: FloatArray = np.block([[mean, mixed], [mixed, design.T @ (design * width[:, None])]])
        return out

    exact = hessian(2 * bend * z / sigma, bent * (1 - z * z) + 2 * bend * bend * z * z)
    try:
        np.linalg.cholesky(exact)
    except np.linalg.LinAlgError:
        exact = hessian(0 * z, 2 * bend * bend)
    step: FloatArray = -np.linalg.solve(exact, gradient)
    return step
