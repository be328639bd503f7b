"""Lines through points, of constant width or one that changes along the line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .family import Family
from .newton import minimum
from .parameter import TWO_VALUES, FloatArray, NoMaximum, data, one_of, real_array, refuse
from .special import LOG_2PI, log_softplus, softplus, softplus_inverse

LINKS = ("exp", "softplus")
# Where a scaled line's fit looks first: v for x about its mean and 1 away at most, and the log of
# sigma at either end.
_TILTS = np.concatenate([np.arange(0.25, 12.0, 0.25), np.geomspace(12.0, 28.0, 24)])
_TILTS = np.concatenate([-_TILTS[::-1], [0.0], _TILTS])
_WIDTHS = np.concatenate([-np.geomspace(6.0, 26.0, 10)[::-1], np.arange(-5.6, 3.1, 0.4)])
_WIDTHS = np.concatenate([_WIDTHS, [4.0, 6.0, 9.0, 13.0, 18.0]])
_LOWEST = -28.0  # the log of sigma where rounding hides what a line leaves


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
    mean_x, across, wide = _centred(x)
    mean_y, up, high = _centred(y)
    slope = float(across @ up / (across @ across))
    rest = up - slope * across
    w = slope * (high / wide)
    if not np.isfinite(w):
        refuse("x", x, "values whose best line is within float64")
    return LineFit(w, mean_y - w * mean_x, high * float(np.sqrt(np.mean(rest * rest))))


def sum_of_squares(x: ArrayLike, y: ArrayLike, w: ArrayLike, c: ArrayLike) -> FloatArray:
    """sum (y - w x - c)^2 over the points, for all w and c, which broadcast against each other.

    From the moments of the points about their means, so that nothing of the size of the sum at a
    far line is taken away to get the sum at a near one.
    """
    x, y = _pairs(x, y)
    mean_x, across, wide = _centred(x)
    mean_y, up, high = _centred(y)
    across, up = across * wide, up * high
    spread = across @ across
    best = across @ up / spread if spread > 0 else 0.0
    rest = up - best * across
    w, c = real_array("w", w), real_array("c", c)
    Family._check_shapes(w=w, c=c)
    tilt = w - best
    lift = c + w * mean_x - mean_y
    out: FloatArray = rest @ rest + spread * tilt * tilt + x.size * lift * lift
    return out


def _pairs(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = data("x", x), data("y", y)
    if x.shape != y.shape:
        refuse("y", y, f"as many values as x has, {x.size}")
    return x, y


def _centred(values: FloatArray) -> tuple[float, FloatArray, float]:
    """The mean, the differences from it in a unit that makes 1 the largest, and the unit.

    By differences of values, which are exact where they are small: right at a large offset too.
    """
    power = float(
        2.0 ** np.floor(np.log2(np.abs(values).max() or 1.0))
    )  # exact, and nothing overflows
    away = values / power - values[0] / power
    shift = np.mean(away)
    away -= shift
    away -= np.mean(away)
    far = float(np.abs(away).max()) or 1.0
    return float((values[0] / power + shift) * power), away / far, far * power


@dataclass(frozen=True)
class ScaledLineFit:
    """A minimum of the loss of Normal(w x + c, link(v x + d)), and its value.

    ``bounded`` is whether it is the least loss of all; else the loss has no lower bound, and this
    is its deepest local minimum.
    """

    w: float
    c: float
    v: float
    d: float
    loss: float
    bounded: bool


def scale_of(raw: ArrayLike, link: str) -> tuple[FloatArray, FloatArray]:
    """sigma = e^raw or log(1 + e^raw), and its logarithm, which is exact where sigma underflows."""
    raw = real_array("raw", raw)
    if one_of("link", link, LINKS) == "softplus":
        return softplus(raw), log_softplus(raw)
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(raw), raw


def fit_scaled_line(x: ArrayLike, y: ArrayLike, link: str = "exp") -> ScaledLineFit:
    """Return the minimum of the loss in (w, c, v, d), the deepest of those found from many starts.

    The loss has no lower bound where a line meets points exactly and sigma may shrink to 0 there at
    no such cost elsewhere.  With the link "exp" those are the points on one side of the mean of x,
    itself included; there is no fit then.  With "softplus", where a large sigma costs no more than
    its logarithm, the outermost x is enough if all its y are the same, as nearly always.  The fit
    is the deepest local minimum then, and not ``bounded``.

    Raises
    ------
    NoMaximum
        A ValueError: the link is "exp" and there is no minimum, or none is found; its ``reason``
        says why.
    ValueError
        If x and y do not fit a line.
    """
    one_of("link", link, LINKS)
    x, y = _pairs(x, y)
    if (x == x[0]).all():
        refuse("x", x, TWO_VALUES)
    if _met(x, y):
        raise _bottomless(y, "all points")
    (mean_x, u, wide), (mean_y, up, high) = _centred(x), _centred(y)
    slope = float(up @ u / (u @ u))
    rest = up - slope * u
    size = float(np.sqrt(np.mean(rest * rest)))
    points = _Points(u, rest / size, float(np.log(size) + np.log(high)), link)
    least, at = points.lowest()
    a, b, v, d = at.tolist()
    bounded = True
    if link == "exp":
        if not least < points.limit(x, y) - 1e-9 * x.size:
            raise _bottomless(y, "the points on one side of the mean of x")
        d += points.log_size
    else:
        bounded = not any(_met(x[some], y[some]) for some in (x == x.min(), x == x.max()))
        v, d = v * points.unit, d * points.unit
    if least == np.inf:
        raise _bottomless(y, "some points")
    a, b, v = a * size, b * size, v / wide
    w = (slope + a) * (high / wide)
    if not np.isfinite([w, v]).all():
        refuse("x", x, "values whose best line is within float64")
    loss = least + x.size * (points.log_size + 0.5 * LOG_2PI)
    return ScaledLineFit(w, mean_y + high * b - w * mean_x, v, d - v * mean_x, loss, bounded)


def _bottomless(y: FloatArray, points: str) -> NoMaximum:
    reason = f"a line that meets {points} exactly is the likelier the smaller sigma is there"
    return NoMaximum(y, "values that no line meets on one side of the mean of x", reason)


def _met(x: FloatArray, y: FloatArray) -> bool:
    """Whether a line meets all of these points, but for rounding."""
    if (x == x[0]).all():
        return bool((y == y[0]).all())
    (_, u, wide), (_, up, high) = _centred(x), _centred(y)
    slope = float(up @ u / (u @ u))
    rounding = np.abs(y).max() / high + abs(slope) * (np.abs(x).max() / wide)
    return bool(np.abs(up - slope * u).max() <= 8 * np.finfo(float).eps * rounding)


@dataclass(frozen=True)
class _Lines:
    """The best lines a u + b for given widths: the last axis of the arrays is the points'.

    ``away`` is u less its mean with the weights 1 / sigma^2, here in units of the largest, which
    belongs to ``least``, the log of the least sigma.
    """

    a: FloatArray
    b: FloatArray
    away: FloatArray
    residuals: FloatArray
    weight: FloatArray
    log_sigma: FloatArray
    least: FloatArray

    @property
    def rest(self) -> FloatArray:
        out: FloatArray = (self.weight * np.square(self.residuals)).sum(axis=-1)
        return out


@dataclass(frozen=True)
class _Points:
    """Points about their line, in units of their spread: u and e, with mean 0.

    The loss at (a, b, v, d) is that of e - a u - b, with the log of sigma less ``log_size``.  For
    given (v, d) the best a and b are weighted least squares, so that v and d alone are searched.
    """

    u: FloatArray
    e: FloatArray
    log_size: float
    link: str

    @property
    def unit(self) -> float:
        """What v and d of a softplus are counted in: a large sigma is proportional to them."""
        return max(1.0, float(np.exp(self.log_size)))

    def log_sigma(self, raw: FloatArray) -> FloatArray:
        if self.link == "exp":
            return raw
        return log_softplus(raw * self.unit) - self.log_size

    def lines(self, v: FloatArray, d: FloatArray, some: Any = slice(None)) -> _Lines:
        """The best lines for these widths, of all points or of some."""
        u, e = self.u[some], self.e[some]
        log_sigma = self.log_sigma(v[..., None] * u + d[..., None])
        least, top = log_sigma.min(axis=-1), log_sigma.argmin(axis=-1)
        weight = np.exp(2 * (least[..., None] - log_sigma))
        # About the point of the largest weight: where it has nearly all, nothing cancels.
        away, up, total = u - u[top][..., None], e - e[top][..., None], weight.sum(axis=-1)
        mean_u, mean_e = ((weight * each).sum(axis=-1) / total for each in (away, up))
        away, up = away - mean_u[..., None], up - mean_e[..., None]
        a = (weight * away * up).sum(axis=-1) / (weight * away * away).sum(axis=-1)
        b = e[top] + mean_e - a * (u[top] + mean_u)
        return _Lines(a, b, away, up - a[..., None] * away, weight, log_sigma, least)

    def loss(self, at: FloatArray) -> float:
        """The loss at (v, d) and the best line for them."""
        lines = self.lines(at[0], at[1])
        total = float(lines.log_sigma.sum() + 0.5 * lines.rest * np.exp(-2 * lines.least))
        return total if lines.least > _LOWEST and np.isfinite(total) else np.inf

    def slopes(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The gradient and the Hessian of that; nan as near its end that it leads there."""
        lines = self.lines(at[0], at[1])
        if lines.least < _LOWEST + 1:
            return np.full(2, np.nan), np.full((2, 2), np.nan)
        z = lines.residuals * np.exp(-lines.log_sigma)
        if self.link == "exp":
            # The first and the second derivative of log sigma.
            bend, bent = np.ones_like(z), np.zeros_like(z)
        else:
            s = np.maximum(softplus((at[0] * self.u + at[1]) * self.unit), 1e-300)
            rise = -np.expm1(-s)
            bend = self.unit * rise / s
            bent = bend * self.unit * (np.exp(-s) - rise / s)
        design = np.stack([self.u, np.ones_like(z)])
        gradient = design @ (bend * (1 - z * z))
        second = bent * (1 - z * z) + 2 * (bend * z) ** 2
        # Less what the line gains by following: along its two ways, of which each has length 1.
        ways = np.sqrt(lines.weight) * np.stack([lines.away, np.ones_like(z)])
        ways /= np.sqrt((ways * ways).sum(axis=-1, keepdims=True))
        follows = (ways * (2 * bend * z)) @ design.T
        return gradient, (design * second) @ design.T - follows.T @ follows

    @np.errstate(all="ignore")
    def lowest(self) -> tuple[float, FloatArray]:
        """The loss at the deepest minimum that the starts lead to, and where it is."""
        found = [minimum(self.loss, self.slopes, start) for start in self.starts()]
        none = np.inf, np.full(2, np.nan)
        least, at = min(filter(None, found), key=lambda minimum: minimum[0], default=none)
        line = self.lines(at[0], at[1])
        return least, np.array([line.a, line.b, *at])

    @np.errstate(all="ignore")
    def starts(self) -> FloatArray:
        """(v, d) where the best line for them is better than at all neighbours."""
        few = np.argsort(self.u)[:: 1 + self.u.size // 2000]
        if self.link == "exp":
            v, d = _TILTS, np.zeros_like(_TILTS)
        else:
            log = np.maximum(self.log_size + _WIDTHS, -700.0)
            raw = softplus_inverse(np.exp(log)) / self.unit
            v = (raw - raw[:, None]) / (self.u[few[-1]] - self.u[few[0]])
            d = raw[:, None] - v * self.u[few[0]]
        lines = self.lines(v, d, few)
        if self.link == "exp":
            d = 0.5 * np.log(lines.rest / few.size) - lines.least  # the best for this v
            loss = lines.log_sigma.sum(axis=-1) + few.size * d
        else:
            loss = lines.log_sigma.sum(axis=-1) + 0.5 * lines.rest * np.exp(-2 * lines.least)
        lowest = np.zeros(loss.shape, dtype=bool)
        lowest[(slice(1, -1),) * loss.ndim] = True
        for shift in product((-1, 0, 1), repeat=loss.ndim):
            lowest &= loss <= np.roll(loss, shift, range(loss.ndim))
        best = np.argsort(loss[lowest])[:6]
        out: FloatArray = np.stack([each[lowest][best] for each in (v, d)], axis=-1)
        return out

    def limit(self, x: FloatArray, y: FloatArray) -> float:
        """What the loss goes to at best as sigma changes along x without end, for the link "exp".

        Sigma stays as it is at one x only.  If the mean of x is on the one side and a line meets
        all points on the other exactly, there is no lower bound; at the mean itself there is one.
        """
        out, rounding = np.inf, 1e-14 * (1 + np.abs(x).max() / np.ptp(x))
        middle = np.abs(self.u) <= rounding
        for side in (self.u < -rounding, self.u > rounding):
            if _met(x[side | middle], y[side | middle]):
                return -np.inf
            if _met(x[side], y[side]):
                if (x[side] == x[side][0]).all():
                    rest = self.e[middle] - self.e[middle].mean()
                else:
                    u, e = self.u[side], self.e[side]
                    first, last = u.argmin(), u.argmax()
                    a = (e[last] - e[first]) / (u[last] - u[first])
                    rest = self.e[middle] - e[first] + a * u[first]
                log_square = np.log(rest @ rest / self.u.size)
                out = min(out, 0.5 * self.u.size * (1 + float(log_square)))
        return out
