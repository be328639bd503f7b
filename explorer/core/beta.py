"""The Beta family on [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .boxes import Boxes, log_ratios
from .family import Family
from .newton import newton
from .parameter import (
    POSITIVE, FloatArray, NoMaximum, Parameter, Value, data, probability, real_array, refuse,
    varied,
)  # fmt: skip
from .quadrature import Points
from .special import bounded_sum, gamma_rest, log_beta_unchecked, minus_log1p, ratio_gap, times

# From here on log_prob takes away by hand what cancels between kernel and normalizer.
_LARGE = 30.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


@dataclass(frozen=True, eq=False)
class Beta(Family):
    """Beta distribution: p(y) = y^(a-1) (1-y)^(b-1) / B(a, b) for y in [0, 1].

    Parameters
    ----------
    a, b : positive floats or arrays that broadcast
    """

    a: Value
    b: Value
    title: ClassVar = "Beta"
    parameters: ClassVar = (
        Parameter("a", "a", "shape parameter a", "shape", POSITIVE, "softplus", 2.0),
        Parameter("b", "b", "shape parameter b", "shape", POSITIVE, "softplus", 2.0),
    )
    support: ClassVar = (0.0, 1.0)

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """(a-1) log y + (b-1) log(1-y); -inf outside [0, 1].

        It drops log B(a, b), which depends on a and b: as a loss it ranks parameters wrongly.
        """
        y = self._observed(y)
        with np.errstate(divide="ignore", invalid="ignore"):
            kernel = self._kernel(np.log(y), np.log1p(-y))
        return np.where((y < 0) | (y > 1), -np.inf, kernel)[()]

    def log_normalizer(self) -> FloatArray:
        """log B(a, b)."""
        return log_beta_unchecked(self.a, self.b)

    def log_prob(self, y: ArrayLike) -> FloatArray:
        """log_kernel - log_normalizer, also where they are large and cancel; -inf off [0, 1].

        At y = 0 it is -inf, log b or +inf as a > 1, = 1, < 1; mirrored at y = 1.  Accurate to
        1e-12, relative or absolute, for a and b up to 1e6, and to 1e-9 beyond.
        """
        y = self._observed(y)
        return self._near_mode(super().log_prob(y), y, 1 - y)

    def log_prob_logit(self, u: ArrayLike) -> FloatArray:
        """log_prob at y = 1 / (1 + e^-u): the same density in y, for y too close to 1 for float64.

        The kernel is -(a-1) softplus(-u) - (b-1) softplus(u).
        """
        u = real_array("u", u)
        self._check_shapes(u=u, a=self.a, b=self.b)
        kernel = self._kernel(-np.logaddexp(0.0, -u), -np.logaddexp(0.0, u))
        return self._near_mode(kernel - self.log_normalizer(), special.expit(u), special.expit(-u))

    def log_density_of_logit(self, u: FloatArray) -> FloatArray:
        """log-density of u = log y - log(1-y): a log y + b log(1-y) - log B(a, b)."""
        log_y, log_rest = -np.logaddexp(0.0, -u), -np.logaddexp(0.0, u)
        out = self.a * log_y + self.b * log_rest - self.log_normalizer()
        return self._near_mode(out, special.expit(u), special.expit(-u), log_y + log_rest)

    def _kernel(self, log_y: FloatArray, log_rest: FloatArray) -> FloatArray:
        return times(self.a - 1, log_y) + times(self.b - 1, log_rest)

    def _near_mode(
        self, out: FloatArray, y: FloatArray, rest: FloatArray, log_by: Value = 0.0
    ) -> FloatArray:
        """Replace log-densities where kernel and normalizer cancel: around the mode, a, b large.

        With n = a + b, the log-density is -n KL((a, b)/n || (y, 1-y)) plus terms of size log n, and
        ``log_by``, log dy/du for that of another coordinate u.
        """
        large = np.minimum(self.a, self.b) > _LARGE
        if not np.any(large):
            return out
        a, b = np.maximum(self.a, _LARGE), np.maximum(self.b, _LARGE)
        with np.errstate(all="ignore"):
            off_a = y * (b / a) - rest  # n y / a - 1
            off_b = rest * (a / b) - y
            near = large & (np.maximum(np.abs(off_a), np.abs(off_b)) < 0.5)
            fine = (
                -a * minus_log1p(off_a)
                - b * minus_log1p(off_b)
                - (np.log(y) + np.log(rest) - log_by)
                - (gamma_rest(a) + gamma_rest(b) - gamma_rest(bounded_sum(a, b)))
            )
        return np.where(near, fine, out)[()]

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """d nll / da = psi(a) - psi(a+b) - log y, d nll / db likewise with 1-y.

        Zero outside [0, 1], where the loss is infinite whatever a and b are.
        """
        y = self._observed(y)
        inside = ~((y < 0) | (y > 1))
        psi_n = special.psi(bounded_sum(self.a, self.b))
        with np.errstate(divide="ignore", invalid="ignore"):
            d_a = special.psi(self.a) - psi_n - np.log(y)
            d_b = special.psi(self.b) - psi_n - np.log1p(-y)
        return {"a": np.where(inside, d_a, 0.0)[()], "b": np.where(inside, d_b, 0.0)[()]}

    def _terms(self, y: FloatArray) -> dict[str, Value]:
        """The sums of log y and log(1-y) alone; an observation outside [0, 1] costs inf."""
        inside = (y >= 0) & (y <= 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs, rests = -np.log(y), -np.log1p(-y)
        logs, rests = (np.where(inside, costs, 0.0).sum(axis=0) for costs in (logs, rests))
        outside = np.where(inside.all(axis=0), 0.0, np.inf)
        return {
            "(*a* − 1) Σ(−log *yᵢ*)": times(self.a - 1, logs) + outside,
            "(*b* − 1) Σ(−log(1 − *yᵢ*))": times(self.b - 1, rests),
            "*n* log B(*a*, *b*)": len(y) * self.log_normalizer(),
        }

    def mode(self) -> FloatArray:
        """(a-1)/(a+b-2) for a, b > 1, else the end with the higher density.

        nan where the mode is not one point: a = b = 1 (every point), both below 1 (both ends).
        """
        a, b = np.asarray(self.a), np.asarray(self.b)
        with np.errstate(all="ignore"):
            inner = 1 / (1 + (b - 1) / (a - 1))
        at_zero, at_one = (a <= 1) & (b >= 1), (a >= 1) & (b <= 1)
        out = np.where(at_zero, 0.0, np.where(at_one, 1.0, inner))
        return np.where((at_zero & at_one) | ((a < 1) & (b < 1)), np.nan, out)[()]

    def modes(self) -> FloatArray:
        """Both ends where a and b are below 1, else the mode."""
        return np.array([0.0, 1.0]) if max(self.a, self.b) < 1 else super().modes()

    def peak(self) -> FloatArray:
        """The highest density: infinite where a or b is below 1."""
        mode = self.mode()
        height = np.exp(self.log_prob(np.where(np.isnan(mode), 0.5, mode)))
        return np.where(np.minimum(self.a, self.b) < 1, np.inf, height)[()]

    def mean(self) -> FloatArray:
        """a / (a+b)."""
        with np.errstate(over="ignore"):
            return 1 / (1 + np.divide(self.b, self.a))

    def _mean_beyond(self, c: Value) -> FloatArray:
        near_one = np.subtract(1, c) - Beta(self.b, self.a).mean()
        return np.where(np.asarray(c) > 0.5, near_one, self.mean() - c)[()]

    def variance(self) -> FloatArray:
        """a b / ((a+b)^2 (a+b+1))."""
        with np.errstate(over="ignore"):
            opposite = 1 / (1 + np.divide(self.a, self.b))
            return np.asarray(self.mean() * opposite / (np.add(self.a, self.b) + 1))[()]

    def entropy(self) -> FloatArray:
        """log B - (a-1) psi(a) - (b-1) psi(b) + (a+b-2) psi(a+b), in nats."""
        a, b = np.asarray(self.a), np.asarray(self.b)
        n = bounded_sum(a, b)
        # As it is written, terms of size n log n cancel; these are what is left of them.
        logs = np.log(a) + np.log(b) - 2 * np.log(n)
        rests = gamma_rest(a) + gamma_rest(b) - gamma_rest(n)
        slopes = (
            (n - 2) * gamma_rest(n, 1) - (a - 1) * gamma_rest(a, 1) - (b - 1) * gamma_rest(b, 1)
        )
        return np.asarray(logs + rests + slopes)[()]

    def cdf(self, y: ArrayLike) -> FloatArray:
        y = np.clip(self._observed(y), 0.0, 1.0)
        return np.asarray(special.betainc(self.a, self.b, y), dtype=np.float64)[()]

    def _survival(self, y: ArrayLike | Points) -> FloatArray:
        y = np.clip(self._observed(y), 0.0, 1.0)
        return np.asarray(special.betaincc(self.a, self.b, y), dtype=np.float64)[()]

    def quantile(self, u: ArrayLike) -> FloatArray:
        u = probability("u", u, nan=True)
        with np.errstate(all="ignore"):
            y = np.asarray(special.betaincinv(self.a, self.b, u), dtype=np.float64)
            # Right to 1e-8 only at some places, as at the middle of Beta(1.1875, 1.1875), and lost
            # in far tails and where a shape is large.
            off = self._off(y, 1 - y, u)
            lost = ~(np.abs(off) < 1e-6 * np.minimum(u, 1 - u)) & (u > 0) & (u < 1)
            if lost.any():
                y = np.where(lost, self._sought(u), y)
                off = self._off(y, 1 - y, u)
            step = off / np.exp(self.log_prob(y))
        return np.where(np.abs(step) < 1e-6 * np.minimum(y, 1 - y), y - step, y)[()]

    def _off(self, y: FloatArray, rest: FloatArray, u: FloatArray) -> FloatArray:
        """cdf(y) - u by whichever side is the smaller; rest is 1 - y."""
        right, upper = y > 0.5, u > 0.5
        a, b = np.where(right, self.b, self.a), np.where(right, self.a, self.b)
        tail = special.betainc(a, b, np.where(right, rest, y))
        if (right != upper).any():
            other = special.betaincc(a, b, np.where(right, rest, y))
            tail = np.where(right == upper, tail, other)
        return np.where(upper, (1 - u) - tail, tail - u)

    def _sought(self, u: FloatArray) -> FloatArray:
        """The same by halving, on log y - log(1-y)."""
        low, high = np.full((2, *np.broadcast_shapes(self._shape(), u.shape)), 745.0)
        low = -low
        for _ in range(64):
            middle = 0.5 * (low + high)
            above = self._off(special.expit(middle), special.expit(-middle), u) > 0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        out: FloatArray = special.expit(0.5 * (low + high))
        return out

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        return np.asarray(rng.beta(self.a, self.b, (*shape, *self._shape())))[()]

    def _rise(self, t: Points, step: float) -> FloatArray:
        y = np.asarray(t)
        with np.errstate(divide="ignore", invalid="ignore"):
            up, down = (np.arctanh(np.minimum(step / each, 1.0)) for each in (y, 1 - y))
            return 2 * (times(self.a - 1, up) - times(self.b - 1, down))

    def _shortfall(self, t: ArrayLike, order: int, side: int = 1) -> FloatArray:
        if side < 0:
            return Beta(self.b, self.a)._shortfall(1 - real_array("t", t), order)
        # Above the mean, the small excess is known better than the shortfall.
        a, b, at, mean = np.broadcast_arrays(self.a, self.b, real_array("t", t), self.mean())
        above, out = at > mean, np.empty(at.shape)
        out[~above] = _shortfall(a[~above], b[~above], at[~above], order)
        a, b, at, mean = a[above], b[above], at[above], mean[above]
        small = _shortfall(b, a, 1 - at, order)
        square = Beta(a, b).variance() + np.square(at - mean) if order == 2 and at.size else 0.0
        out[above] = at - mean + small if order == 1 else square - small
        return out[()]

    def _cross_entropy_from(self, p: Family) -> FloatArray:
        """Finite only where p stays inside [0, 1]: what leaks out has density 0."""
        if isinstance(p, Boxes) and p.extent[0] >= 0 and p.extent[1] <= 1:
            low, high = p.mean_log_ratios()
            return self.nll(p.mean()) - (self.a - 1) * low - (self.b - 1) * high
        return np.full(self._shape(), np.inf)[()]

    def _kl(self, q: Beta) -> FloatArray:
        """n_q KL(means of q || means of p) + what is left of Stirling's terms.

        The means are of Bernoullis; all terms are small where p and q are close, so that nothing
        of size a log a cancels.
        """
        a1, b1, a2, b2 = map(np.asarray, (self.a, self.b, q.a, q.b))
        with np.errstate(all="ignore"):
            n1, n2 = bounded_sum(a1, b1), bounded_sum(a2, b2)
            # How far the means' ratio a1/n1 : a2/n2 is from 1; differences are exact when close.
            near = (np.abs(a1 - a2) < 0.5 * a1) & (np.abs(b1 - b2) < 0.5 * b1)
            cross = np.where(near, (a1 - a2) / a2 * b2 - (b1 - b2), a1 / a2 * b2 - b1) / n1
            n = n1 / n2
            means = a2 * ratio_gap(a1 / a2 / n, cross)
            means = means + b2 * ratio_gap(b1 / b2 / n, -cross * (a2 / b2))
            rests = _bregman(a1, a2) + _bregman(b1, b2) - _bregman(n1, n2)
            for x1, x2, y1, y2 in ((a1, a2, b1, b2), (b1, b2, a1, a2)):
                if (lopsided := ~near & (y1 < 0.5 * x1) & (y2 < 0.5 * x2)).any():
                    rests = np.where(lopsided, _lopsided_rests(x1, x2, y1, y2), rests)
            out = np.maximum(means + rests, 0.0)
        # Only terms beyond float64 leave a nan: with shapes some 1e300 apart.
        return np.where(np.isnan(out), np.inf, out)[()]

    def _renyi(self, q: Beta, alpha: float, beta: float) -> FloatArray:
        """[alpha KL(m||p) + beta KL(m||q)] / beta, m proportional to p^alpha q^beta.

        Here beta = 1 - alpha.  inf where m has no finite integral.
        """
        a, b = alpha * self.a + beta * np.asarray(q.a), alpha * self.b + beta * np.asarray(q.b)
        exists = (a > 0) & (b > 0)
        between = Beta(np.where(exists, a, 1.0), np.where(exists, b, 1.0))
        out = between._kl(q) + alpha / beta * between._kl(self)
        return np.where(exists, np.maximum(out, 0.0), np.inf)[()]

    @classmethod
    def _fit_mle(cls, y: ArrayLike) -> Beta:
        """Newton on psi(a) - psi(a+b) = mean log y and its mirror; a and b to 1e-9 relative."""
        y = data("y", y)
        if not ((y > 0) & (y < 1)).all():
            raise NoMaximum(y, "numbers between 0 and 1", "an observation lies at an end")
        varied(y)
        m, rest = float(y.mean()), float((1 - y).mean())
        try:
            return cls._from_mean_logs(m, rest, *log_ratios(y), float((y - y[0]).var()))
        except (ValueError, np.linalg.LinAlgError):
            refuse("y", y, "numbers whose best a and b are within float64")

    @classmethod
    def _fit_cross_entropy(cls, p: Family) -> Beta:
        """The one with the means of log y and log(1-y) of Boxes."""
        if not isinstance(p, Boxes):
            refuse("p", p, "Boxes inside [0, 1] for a Beta")
        m = float(p.mean())
        low, high = p.mean_log_ratios() if 0 < m < 1 else (-np.inf, -np.inf)
        if low + high == -np.inf:
            refuse("p", p, "Boxes inside [0, 1] for a Beta")
        return cls._from_mean_logs(m, 1 - m, low, high, float(p.variance()))

    @classmethod
    def _from_mean_logs(
        cls, m: float, rest: float, low: float, high: float, variance: float
    ) -> Beta:
        """The member with E[log(y/m)] = low and E[log((1-y)/rest)] = high, m + rest = 1.

        The variance says where to start.
        """
        with np.errstate(all="ignore"):
            n = m * rest / variance - 1
            a, b = n * m, n * rest
            if not (np.isfinite(n) and min(a, b) > 1e3):
                log_m = np.log(m) if m < 0.5 else np.log1p(-rest)
                log_rest = np.log(rest) if rest < 0.5 else np.log1p(-m)
                a, b = _fit_spread(float(low + log_m), float(high + log_rest))
            if min(a, b) > 1:
                a, b = _fit_packed(m, rest, low, high, a, b)
        return cls(float(a), float(b))


def _fit_spread(log_y: float, log_rest: float) -> tuple[float, float]:
    """Solve psi(a) - psi(a+b) = mean log y and its mirror, by Newton on the convex loss."""

    goal = np.array([log_y, log_rest])

    def loss(log_point: FloatArray) -> float:
        a, b = np.exp(log_point)
        return float(log_beta_unchecked(a, b) - a * log_y - b * log_rest)

    def step(log_point: FloatArray) -> FloatArray:
        point = np.exp(log_point)
        n = point.sum()
        # psi(a) - psi(n): its large terms are log a - log n.
        slope = -np.log1p(point[::-1] / point) + gamma_rest(point, 1) - gamma_rest(n, 1) - goal
        curvature = np.diag(special.polygamma(1, point)) - special.polygamma(1, n)
        change: FloatArray = -np.linalg.solve(curvature, slope) / point
        return change / max(1.0, float(np.abs(change).max()))

    start = np.log(-0.5 / goal)  # where psi is steep, psi(a) = -1/a
    a, b = np.exp(newton(loss, step, start)[0])
    return float(a), float(b)


def _fit_packed(
    m: float, rest: float, low: float, high: float, a: float, b: float
) -> tuple[float, float]:
    """Polish a and b for data close together: the same equations less what cancels in them.

    The unknowns are shift and n, where a = n (m + shift) and b = n (rest - shift).
    """
    n = a + b
    shift = (a * rest - b * m) / n
    for _ in range(20):
        a, b = n * (m + shift), n * (rest - shift)
        end = gamma_rest(n, 1)
        residual = [
            gamma_rest(a, 1) - end + np.log1p(shift / m) - low,
            gamma_rest(b, 1) - end + np.log1p(-shift / rest) - high,
        ]
        bend_a, bend_b, bend = gamma_rest(a, 2), gamma_rest(b, 2), n * gamma_rest(n, 2)
        jacobian = [
            [n * bend_a + 1 / (m + shift), a * bend_a - bend],
            [-n * bend_b - 1 / (rest - shift), b * bend_b - bend],
        ]
        d_shift, d_log_n = -np.linalg.solve(jacobian, residual)
        shift, n = shift + d_shift, n * np.exp(np.clip(d_log_n, -1, 1))
        if abs(d_log_n) < 1e-14:
            break
    return n * (m + shift), n * (rest - shift)


def _lopsided_rests(x1: FloatArray, x2: FloatArray, y1: FloatArray, y2: FloatArray) -> FloatArray:
    """The same of x and y less that of x + y, for y below half of x, where these all but cancel."""

    def rise(order: int, x: FloatArray, y: FloatArray) -> FloatArray:
        path = x[..., None] + (0.5 + 0.5 * _NODES) * np.minimum(y, x)[..., None]
        out: FloatArray = y * (gamma_rest(path, order + 1) @ (0.5 * _WEIGHTS))
        return out

    own = _bregman(y1, y2) + (y2 - y1) * gamma_rest(x1 + y1, 1)
    return own + (x2 - x1) * rise(1, x1, y1) + rise(0, x1, y1) - rise(0, x2, y2)


def _bregman(x: FloatArray, y: FloatArray) -> FloatArray:
    """g(y) - g(x) - (y - x) g'(x) >= 0 with g = gamma_rest."""
    step = y - x
    # Close by, the integral of (1-t) g''(x + t step) step^2 over t from 0 to 1.
    t = 0.5 + 0.5 * _NODES
    path = np.maximum(x[..., None] + t * step[..., None], 0.4 * x[..., None])
    near = step * (step * (gamma_rest(path, 2) * (1 - t) * (0.5 * _WEIGHTS)).sum(axis=-1))
    far = gamma_rest(y) - gamma_rest(x) - step * gamma_rest(x, 1)
    out: FloatArray = np.where(np.abs(step) < 0.5 * x, near, far)
    return out


def _shortfall(a: FloatArray, b: FloatArray, t: FloatArray, order: int) -> FloatArray:
    """E[max(t - y, 0)^order] from the incomplete Beta integrals of y^0, y^1 and y^2."""
    y, mean = np.clip(t, 0.0, 1.0), a / (a + b)
    whole, tilted = special.betainc(a, b, y), special.betainc(a + 1, b, y)
    if order == 1:
        return np.asarray(t * whole - mean * tilted)
    square = mean * (a + 1) / (a + b + 1) * special.betainc(a + 2, b, y)
    return np.asarray(t * t * whole - 2 * t * mean * tilted + square)
