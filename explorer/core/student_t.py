"""The Student t family on the real line: a Normal whose tails only fall like a power of y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .boxes import Boxes
from .family import Family
from .mixture import Mixture
from .newton import newton
from .normal import Normal
from .parameter import (
    POSITIVE, REAL, FloatArray, NoMaximum, Parameter, Value, positive, refuse, varied,
)  # fmt: skip
from .quadrature import Points
from .special import LOG_2PI, half_rest, minus_log1p
from .symmetric import Symmetric

_LOST = 1e-40  # the mass beyond the outermost panel: it is seen down to a tail of weight y^2
_FAR = 1e8  # from here on log(1 + r^2) is 2 log r
_NUS = np.geomspace(1e7, 0.2, 27)  # where a fit of nu looks first


@dataclass(frozen=True, eq=False)
class StudentT(Symmetric):
    """Student t: p(y) = (1 + z^2/nu)^(-(nu+1)/2) / (sigma sqrt(nu) B(1/2, nu/2)), z = (y-mu)/sigma.

    Parameters
    ----------
    nu : positive float or array, the degrees of freedom; towards infinity it becomes Normal
    mu : finite float or array
    sigma : positive float or array, the scale: the standard deviation only for infinite nu
    """

    nu: Value
    mu: Value
    sigma: Value
    title: ClassVar = "Student t"
    parameters: ClassVar = (
        Parameter("nu", "ν", "degrees of freedom", "shape", POSITIVE, "softplus", 4.0),
        Parameter("mu", "μ", "location", "location", REAL, "identity", 0.0),
        Parameter("sigma", "σ", "scale", "scale", POSITIVE, "exp", 1.0),
    )

    def log_kernel(self, y: ArrayLike) -> FloatArray:
        """-(nu+1)/2 log(1 + z^2/nu).  It drops log B and log sqrt(nu), which depend on nu."""
        with np.errstate(over="ignore"):
            return -0.5 * (self.nu + 1) * self._log1p_square(self._standardized(y))

    def log_normalizer(self) -> FloatArray:
        """log(sigma sqrt(nu) B(1/2, nu/2)): for large nu log(sigma sqrt(2 pi)) + 1/(4 nu)."""
        out: FloatArray = np.log(self.sigma) + 0.5 * LOG_2PI + half_rest(0.5 * np.asarray(self.nu))
        return out

    def nll_gradient(self, y: ArrayLike) -> dict[str, FloatArray]:
        """With q = z^2/nu, by nu: [log(1+q) - (1 + 1/nu) q/(1+q) + h'(nu/2)] / 2.

        d nll / d mu = -(nu+1) z / (nu + z^2) / sigma, d nll / d sigma = nu (1-z^2) / (nu + z^2) /
        sigma; h is what log B(1/2, nu/2) + log(nu)/2 exceeds its limit by.
        """
        z, nu = self._standardized(y), np.asarray(self.nu)
        with np.errstate(all="ignore"):
            pull = np.where(z == 0, 0.0, (nu + 1) / (nu / z + z))
            small, large = np.clip(z, -1, 1), 1 / np.maximum(np.abs(z), 1)
            inner = (1 - small) * (1 + small) / (1 + small * small / nu)
            outer = (large - 1) * (large + 1) / (large * large + 1 / nu)
            share = 1 / (1 + nu / z / z)  # q / (1+q)
            bend = np.where(share < 0.5, minus_log1p(-share), self._log1p_square(z) - share)
            by_nu = 0.5 * (bend - share / nu + half_rest(0.5 * nu, 1))
            by_sigma = np.where(np.abs(z) < 1, inner, outer) / self.sigma
            return {"nu": by_nu, "mu": -pull / self.sigma, "sigma": by_sigma}

    def _terms(self, y: FloatArray) -> dict[str, Value]:
        logs = self._log1p_square(self._standardized(self._upright(y))).sum(axis=0)
        return {
            "*n* log *σ*": len(y) * np.log(self.sigma),
            "*n* log √*ν* B(½, *ν*/2)": len(y) * StudentT(self.nu, 0.0, 1.0).log_normalizer(),
            "½(*ν* + 1) Σ log(1 + *zᵢ*²/*ν*)": 0.5 * (self.nu + 1) * logs,
        }

    def mean(self) -> FloatArray:
        """mu; nan for nu <= 1, where E|y| is infinite."""
        return np.where(np.asarray(self.nu) > 1, self.mode(), np.nan)[()]

    def variance(self) -> FloatArray:
        """sigma^2 nu / (nu-2); inf for 1 < nu <= 2, nan for nu <= 1."""
        nu = np.asarray(self.nu)
        with np.errstate(all="ignore"):
            finite = np.square(self.sigma) * (nu / (nu - 2))
        return self._full(np.where(nu > 2, finite, np.where(nu > 1, np.inf, np.nan)))

    def entropy(self) -> FloatArray:
        """(nu+1)/2 [psi((nu+1)/2) - psi(nu/2)] + log_normalizer, in nats."""
        x = 0.5 * np.asarray(self.nu)
        tails = 0.5 + 0.25 / x - (x + 0.5) * half_rest(x, 1)
        return self._full(tails + self.log_normalizer())

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
        draws = rng.standard_t(self.nu, (*shape, *self._shape()))
        return np.asarray(self.mu + self.sigma * draws)[()]

    def _log1p_square(self, z: FloatArray) -> FloatArray:
        """log(1 + z^2/nu), also where z^2 overflows."""
        with np.errstate(over="ignore", divide="ignore"):
            r = np.abs(z) / np.sqrt(self.nu)
            out: FloatArray = np.log1p(np.square(np.minimum(r, _FAR)))
            return np.where(r < _FAR, out, 2 * np.log(r)) if (r > _FAR).any() else out

    def _standard_cdf(self, z: FloatArray) -> FloatArray:
        half = 0.5 * np.asarray(self.nu)
        with np.errstate(all="ignore"):
            square = z / self.nu * z
            inner = special.betaincc(0.5, half, 1 / (1 + 1 / square))
            outer = special.betainc(half, 0.5, 1 / (1 + square))
        tail = 0.5 * np.where(square < 1, inner, outer)
        return np.where(z < 0, tail, 1 - tail)

    def _standard_reach(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        half = 0.5 * np.asarray(self.nu)
        far = special.betaincinv(half, 0.5, outside)  # 1 / (1 + z^2/nu)
        near = special.betainccinv(0.5, half, outside)
        near = np.where(outside < 0.5, near, special.betaincinv(0.5, half, inside))
        # Where it underflows, outside = far^half / (half B(half, 1/2)).
        log_far = (np.log(outside) + np.log(half) + special.betaln(half, 0.5)) / half
        root = np.sqrt(np.where(far < 0.5, (1 - far) / far, near / (1 - near)))
        out: FloatArray = np.sqrt(self.nu) * np.where(far < 1e-200, np.exp(-0.5 * log_far), root)
        return out

    def _standard_shortfall(self, z: FloatArray, order: int) -> FloatArray:
        nu = np.asarray(self.nu)
        below, half = self._standard_cdf(z), 0.5 * nu
        with np.errstate(all="ignore"):
            log_density = -0.5 * LOG_2PI - half_rest(half) - 0.5 * (nu + 1) * self._log1p_square(z)
            at = np.exp(log_density) * (1 + z * z / nu) * (nu / (nu - 1))
            if order == 1:
                return np.where(nu > 1, z * below + at, np.inf)
            square = (z * z + nu / (nu - 2)) * below + z * at * ((nu - 3) / (nu - 2))
        return np.where(nu > 2, square, np.inf)

    def _standard_ends(self) -> FloatArray:
        with np.errstate(all="ignore"):
            reach = float(self._standard_reach(np.ones(()), np.asarray(2 * _LOST)))
            reach = min(reach, 1e300 / max(1.0, float(self.sigma)))
        least = 0.5 * min(1.0, float(np.sqrt(self.nu)))
        steps = np.geomspace(least, reach, 2 + int(np.log(reach / least) / np.log(1.6)))
        return np.concatenate([-steps[::-1], [0.0], steps])

    @classmethod
    def _fit_mle(cls, y: ArrayLike, nu: float | None = None) -> StudentT:
        """The best mu and sigma for a nu that is given, or sought from infinity down to 0.2.

        With nu free the likelihood has no global maximum: for nu near 0 it grows without end where
        sigma shrinks to an observation.  What is returned is the best of the local maxima on the
        path of fits from the Normal on; below nu = 1 there may be others.
        """
        y = varied(y)
        most = int(np.unique(y, return_counts=True)[1].max())
        return cls._fitted(y, np.full(y.shape, 1 / y.size), nu, most / y.size)

    @classmethod
    def _fit_cross_entropy(cls, p: Family, nu: float | None = None) -> StudentT:
        """The same, of p's mass on the nodes of a quadrature rule that resolves the fit."""
        unit = float(np.subtract(*p.quantile([0.75, 0.25])))
        while True:
            y, w = p._nodes(unit)
            if not y.size:
                refuse("p", p, "a family without peaks so much narrower than all of it")
            try:
                q = cls._fitted(y, w, nu, 0.0)
            except NoMaximum as error:
                raise NoMaximum(p, "a family with a nearest Student t", error.reason, "p") from None
            finest = float(q.sigma * np.sqrt(q.nu))
            if finest >= unit:
                return q
            unit = 0.5 * finest

    def _cross_entropy_from(self, p: Family) -> FloatArray | None:
        """For what observations are widened to, by one quadrature rule for all parameters."""
        if not isinstance(p, Normal | Mixture | Boxes) or p._shape() != ():
            return None
        y, w = p._nodes(float(np.min(self.sigma * np.sqrt(self.nu))))
        upright = (slice(None), *[None] * len(self._shape()))
        shape = self._shape()
        parts = 1 + y.size * int(np.prod(shape)) // 2_000_000  # bounds the memory
        pieces = np.array_split(np.arange(y.size), parts)
        sums = [np.tensordot(w[i], self.nll(y[i][upright]), 1) for i in pieces]
        return np.asarray(sum(sums))[()]

    @classmethod
    def _fitted(
        cls, y: FloatArray | Points, w: FloatArray, nu: float | None, most: float
    ) -> StudentT:
        """The fit to observations with weights w, sum 1; ``most`` is the most that one value has.

        With nu / (nu+1) of the weight on one value, or more, sigma shrinks to it without end.
        """
        x = Points.of(y)
        y = np.asarray(x)
        unit = 2.0 ** np.floor(np.log2(np.abs(y).max()))  # exact, and nothing overflows
        center = float(np.median(y / unit))
        z = Points(x.at / unit, x.off / unit) - center
        far = float(np.abs(z).max())
        if nu is None:
            q = _best(z / far, w, most, y)
        else:
            nu = positive("nu", nu)
            if most >= nu / (nu + 1):
                allowed = f"less than {nu / (nu + 1):.3g} of the observations on one value"
                raise NoMaximum(y, allowed, f"too many are the same for nu = {nu:g}")
            q = _nearest(max(nu, 1.0), z / far, w, cls(1.0, 0.0, 1.0))
            for step in np.geomspace(1.0, nu, 8).tolist() if nu < 1 else []:
                # The middle between two groups may be a saddle.
                q = _nearest(step, z / far, w, cls(step, q.mu + 0.03 * q.sigma, q.sigma))
        return cls(q.nu, (center + far * q.mu) * unit, far * q.sigma * unit)


def _nearest(nu: float, y: FloatArray, w: FloatArray, start: StudentT) -> StudentT:
    """The best mu and sigma near those of ``start``.

    By Newton's steps in mu and log sigma where the loss is convex, elsewhere by those of
    expectation-maximisation.
    """
    c = (nu + 1) / nu

    def loss(at: FloatArray) -> float:
        e = (y - at[0]) * np.exp(-at[1])
        return float(at[1] + 0.5 * (nu + 1) * (w @ np.log1p(e * e / nu)))

    def step(at: FloatArray) -> FloatArray:
        sigma = np.exp(at[1])
        e = (y - at[0]) / sigma
        u = 1 / (1 + e * e / nu)
        wu = w * u
        slope = np.array([-c * (wu @ e), 1 - c * (wu @ (e * e))])  # by mu / sigma and log sigma
        cross = 2 * c * (wu @ (e * u))
        bend = np.array([[c * (wu @ (2 * u - 1)), cross], [cross, 2 * c * (wu @ (e * e * u))]])
        if bend[0, 0] > 0 and np.linalg.det(bend) > 0:
            change: FloatArray = -np.linalg.solve(bend, slope) * [sigma, 1.0]
            return change
        middle = wu @ y / wu.sum()
        log_sigma = 0.5 * np.log(wu @ np.square(y - middle) / wu.sum())
        return np.array([middle - at[0], log_sigma - at[1]])

    (mu, log_sigma), _ = newton(loss, step, np.array([start.mu, np.log(start.sigma)]))
    return StudentT(nu, float(mu), float(np.exp(log_sigma)))


def _best(y: FloatArray, w: FloatArray, most: float, observed: FloatArray) -> StudentT:
    """The fit with nu free: the best where the slope of the loss in nu changes its sign."""
    normal = Normal(float(w @ y), float(np.sqrt(w @ np.square(y - w @ y))))

    def at(log_nu: float, near: StudentT) -> StudentT:
        return _nearest(float(np.exp(log_nu)), y, w, near)

    def slope(q: StudentT) -> float:
        return float(w @ q.nll_gradient(y)["nu"]) * float(np.square(q.nu))

    def between(low: StudentT, high: StudentT, below: float, above: float) -> StudentT:
        # The Illinois rule: scipy.optimize takes 0.5 s to import.
        far, near, q = float(np.log(low.nu)), float(np.log(high.nu)), high
        beyond, here, least = below, above, 1e-14 * (above - below)
        for _ in range(60):
            last, rise = near, here
            near -= here * (near - far) / (here - beyond)
            q = at(near, q)
            here = slope(q)
            if abs(here) <= least:
                break
            far, beyond = (last, rise) if here * rise < 0 else (far, 0.5 * beyond)
        return q

    path = [StudentT(_NUS[0], normal.mu, normal.sigma)]
    for log_nu in np.log(_NUS[1.05 * most / (1 - most) < _NUS]).tolist():
        path.append(at(log_nu, path[-1]))
    slopes = [slope(q) for q in path[1:]]
    minima = []
    for high, low, above, below in zip(path[1:], path[2:], slopes, slopes[1:], strict=False):
        if below < 0 <= above:
            minima.append(between(low, high, below, above))
    losses = [float(w @ q.nll(y)) for q in minima]
    if not slopes or (not minima and slopes[0] > 0):
        reason = "sigma shrinks without end to values that are the same as nu falls"
        raise NoMaximum(observed, "observations of which fewer are the same", reason)
    if not minima or (slopes[0] < 0 and w @ normal.nll(y) <= min(losses)):
        reason = "it grows with nu towards that of a Normal, which fits better"
        raise NoMaximum(observed, "observations with heavier tails than a Normal's", reason)
    return minima[int(np.argmin(losses))]
