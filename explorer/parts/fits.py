"""One Normal q for a mixture p: all best fits, descents, their words and marks, and landscapes.

Minima and saddles are rows (mu, sigma, value in nats), the best first.
"""

import math
from dataclasses import replace
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer import core
from explorer.core import Branches, Fit, Normal, NormalFits, Path
from explorer.parts.inputs import Interval
from explorer.parts.mixtures import HALF, LADDER, SPREADS, Pair, Truth, mixture, unit_of
from explorer.parts.plane import LESS_COLOUR, remembered
from explorer.parts.ranges import ceiling
from explorer.scene import (
    Array, Axis, Landscape, Line, Mark, Plot, Points, Role, Rule, number, tidy,
)  # fmt: skip

Direction: TypeAlias = Literal["forward", "reverse"]

TIE = 1e-9  # nats
AS_GOOD_AS_AN_END = 1e-3  # of alpha, for a landscape
STEPS, RATES = 160, {"gradient": 0.1, "adam": 0.1, "newton": 1.0}
SAMPLES, SEED = 2000, 20240607
REACH = 2 * HALF  # of the separations that are drawn, in units
LEVELS = np.array(
    [0.02, 0.06, 0.12, 0.2, 0.3, 0.42, 0.6, 0.8, 1.1, 1.5, 2, 3, 4.5, 7, 10, 15, 25, 40, 80]
)  # of a landscape, above the best
MU = np.linspace(-HALF, HALF, 42)
LOG_SIGMA = np.log(np.geomspace(*SPREADS["sigma"], 36))


def rows(fits: tuple[Fit, ...], middle: float = 0.0) -> Array:
    """Fits to a p whose middle is not at 0 but here, as rows (mu, sigma, value)."""
    table = [(middle + float(fit.q.mu), float(fit.q.sigma), fit.value) for fit in fits]
    return np.array(table).reshape(-1, 3)


def best_of(minima: Array) -> dict[str, float]:
    """The first row by names."""
    return dict(zip(("mu", "sigma", "value"), minima[0].tolist(), strict=True))


def values_of(minima: Array) -> tuple[str, ...]:
    """The divergences as texts."""
    return tuple(map(number, minima[:, 2].tolist()))


def in_words(minima: Array) -> str:
    """How many minima there are, and where the best of them is."""
    count, tied = len(minima), int((minima[:, 2] < minima[0, 2] + TIE).sum())
    mu, sigma, value = map(number, minima[0].tolist())
    some = tied if tied < count else "both" if count == 2 else "all"
    which = f", {some} of them equally good; one is" if tied > 1 else "; the best is"
    many = "there is one minimum," if count == 1 else f"there are {count} minima{which}"
    return f"{many} at *μ* = {mu}, *σ* = {sigma}, with a divergence of {value} nats"


def listed(minima: Array, saddles: Array) -> str:
    """Where all of them are, for the description of a landscape."""
    at = "; ".join(
        f"{number(value)} at mu = {number(mu, 2)}, sigma = {number(sigma, 2)}"
        for mu, sigma, value in minima.tolist()
    )
    many = "its one minimum" if len(minima) == 1 else f"its {len(minima)} minima"
    between = f", and {len(saddles)} saddle{'s' if len(saddles) > 1 else ''}"
    return f"{many}, {at}{between if len(saddles) else ''}"


# --------------------------------------------------------------------- both directions of the KL


class Case(NamedTuple):
    """What the best fits depend on, and the interval on screen."""

    truth: Truth
    fixed: float | None  # sigma of q
    mu: Interval


class Quality(NamedTuple):
    """How well a q does for p."""

    precision: float  # the share of q that lies where 95 % of p is
    recall: float  # the share of p that lies where 95 % of q is

    def __str__(self) -> str:
        return f"precision {number(self.precision, 2)}, recall {number(self.recall, 2)}"


class Found(NamedTuple):
    """All minima and saddles of one direction, and how good the best minimum is."""

    minima: Array
    saddles: Array
    quality: Quality


@remembered(1024)
def both(case: Case) -> tuple[Found, Found]:
    """The best fits, forward and reverse."""
    p, means, middle = mixture(case.truth), case.truth[1], 0.0
    forward = core.fit_alpha_divergence(p, 1.0, case.fixed)
    if len(means) == 2:  # near those of the same two components at other separations
        middle = 0.5 * (means[0] + means[1])
        reverse = branches(case).at(abs(means[1] - means[0]))
    else:
        reverse = core.fit_reverse_kl(p, case.fixed)
    return _found(case.truth, forward, 0.0), _found(case.truth, reverse, middle)


def _found(truth: Truth, fits: NormalFits, middle: float) -> Found:
    minima, saddles = rows(fits.minima, middle), rows(fits.saddles, middle)
    return Found(minima, saddles, quality(truth, *minima[0, :2].tolist()))


def quality(truth: Truth, mu: float, sigma: float) -> Quality:
    """How well Normal(mu, sigma) does."""
    q = Normal(mu, sigma)
    precision = np.diff(q.cdf(_region(truth)), axis=1).sum()
    (recall,) = np.diff(mixture(truth).cdf(q.quantile([0.025, 0.975])))
    return Quality(float(precision), float(recall))


@remembered(1024)
def _region(truth: Truth) -> Array:
    """Where 95 % of p is."""
    return core.highest_density_region(mixture(truth))


def branches(case: Case) -> Branches:
    """The reverse fits to the two components, the left one first, at every separation."""
    by_mean = sorted(zip(*case.truth, strict=True), key=lambda component: component[1])
    weights, _, sigmas = zip(*by_mean, strict=True)
    return _reverse_branches(weights, sigmas, REACH * unit_of(case.mu), case.fixed)


_reverse_branches = lru_cache(maxsize=64)(core.reverse_branches)


class Moved(NamedTuple):
    """One direction: its best fits, and the q that has descended so many steps from its start."""

    direction: Direction
    found: Found
    mu: float
    sigma: float
    value: float
    quality: Quality
    path: tuple[Array, Array]  # mu and log sigma, of all steps; empty before the first
    begin: dict[str, float]  # the settings with which q starts from where it is now


@remembered(64)
def moved(case: Case, direction: Direction, start: Pair, method: str, step: int) -> Moved:
    """One direction, and where its q is."""
    p, found, at_rest = mixture(case.truth), both(case)[direction == "reverse"], np.empty(0)
    if step == 0:
        mu, sigma, path = start[0], case.fixed or start[1], (at_rest, at_rest)
        divergence = core.forward_kl if direction == "forward" else core.reverse_kl
        value = float(divergence(p, mu, math.log(sigma)).value)
    else:
        found_path = _descent(case, direction, start, method)
        steps = found_path.mu, found_path.sigma, found_path.value
        mu, sigma, value = (float(each[: step + 1][-1]) for each in steps)
        path = found_path.mu, np.log(found_path.sigma)
    settings = mu, sigma if case.fixed is None else start[1]
    begin = {f"{direction}_q.{i}": tidy(value) for i, value in enumerate(settings)}
    return Moved(
        direction, found, mu, sigma, value, quality(case.truth, mu, sigma), path,
        {**begin, "step": 0},
    )  # fmt: skip


@lru_cache(maxsize=64)
def _descent(case: Case, direction: Direction, start: Pair, method: str) -> Path:
    p, q, rate = mixture(case.truth), Normal(*start), RATES[method]
    return core.descend(
        p, q, direction, method=method, steps=STEPS, rate=rate, fixed_sigma=case.fixed
    )


@remembered(64)
def sampled(case: Case, n: int) -> tuple[Array, dict[str, float]]:
    """Some samples of p, and the mu and sigma that fit them by maximum likelihood."""
    sample = mixture(case.truth).sample(np.random.default_rng(SEED), (SAMPLES,))[:n]
    fitted = core.fit_mle(Normal, sample)
    return sample, {"mu": float(fitted.mu), "sigma": case.fixed or float(fitted.sigma)}


# ------------------------------------------------------------- branches of fits, and their strips


@remembered(64)
def curves(branches: Branches) -> tuple[tuple[Array, ...], ...]:
    """Position, mu, log sigma and value along all saddles, and all minima, parted by nan."""
    both = map(branches.curves, (True, False))
    return tuple((position, mu, np.log(sigma), value) for position, mu, sigma, value in both)


def branch_lines(branches: Branches, x: int, y: int, role: Role = "loss") -> tuple[Line, Line]:
    """The saddles and the minima, by two of the columns of `curves`."""
    saddles, minima = curves(branches)
    return Line(saddles[x], saddles[y], "muted", dashed=True), Line(minima[x], minima[y], role)


def strip(
    branches: Branches,
    x: Axis,
    rule: Rule,
    minima: Array,
    title: str,
    description: str,
    y: Axis,
    *behind: Mark,
    mu: bool = False,
    tab: str = "",
) -> Plot:
    """The values or the means mu of all minima over their position; the rule moves this one."""
    at, values = np.full(len(minima), rule.x), minima[:, 0 if mu else 2]
    best, rule = ("", replace(rule, label="")) if mu else (values_of(minima)[0], rule)
    lines = branch_lines(branches, 0, 1 if mu else 3)
    marks = (*behind, *lines, rule, *marked(at, values, best))
    return Plot(title, x, y, description, marks, click=rule.drag, tab=tab)


def value_axis(label: str, branches: Branches, least: float) -> Axis:
    """From 0 to the largest value of all minima, or to `least`, but at most to 2 nats."""
    top = max(float(np.nanmax(curves(branches)[1][3])), least)
    return Axis(label, (0.0, min(2.0, ceiling(top, LADDER))))


def marked(x: Array, y: Array, best: str, others: tuple[str, ...] = ()) -> tuple[Points, Points]:
    """All minima with their labels; the best comes first in the arrays."""
    return (
        Points(x[1:], y[1:], "optimum", others, shape="ring", small=True),
        Points(x[:1], y[:1], "optimum", best, small=True),
    )


# ---------------------------------------------------------------------------------- landscapes


def every_q(
    title: str,
    description: str,
    mu: Interval,
    bands: Landscape,
    minima: Array,
    saddles: Array,
    labels: tuple[str, ...],
    *lines: Mark,
    tab: str,
) -> Plot:
    """A landscape with its saddles, and its minima with labels from the best on."""
    low, high = (LOG_SIGMA[[0, -1]] + math.log(unit_of(mu))).tolist()
    (x, y), (u, v) = ((each[:, 0], np.log(each[:, 1])) for each in (minima, saddles))
    crosses = Points(u, v, "muted", shape="cross", small=True)
    marks = (bands, *lines, crosses, *marked(x, y, labels[0], labels[1:]))
    words = f"{description} {LESS_COLOUR}"
    return Plot(title, Axis("*μ*", mu), Axis("log *σ*", (low, high)), words, marks, tab=tab)


@remembered(1)
def _models() -> tuple[Array, NDArray[np.float32], NDArray[np.float32], Array]:
    """For all q (Q,) of a landscape: log q and weights of E_q at nodes (N,), and -entropy.

    In units, and what is large in half the memory: to read that is what takes the time.
    """
    inner = np.arange(-100, 101) * 0.12
    outer = inner[-1] + np.cumsum(0.12 * 1.09 ** np.arange(1, 41))
    nodes = np.concatenate([-outer[::-1], inner, outer])
    q = Normal(np.tile(MU, LOG_SIGMA.size)[:, None], np.exp(np.repeat(LOG_SIGMA, MU.size))[:, None])
    log_q = q.log_prob(nodes)
    mass = np.exp(log_q) * np.gradient(nodes)
    mass /= mass.sum(axis=1, keepdims=True)
    return nodes, log_q.astype(np.float32), mass.astype(np.float32), -q.entropy()[:, 0]


def landscape(truth: Truth, mu: Interval, alpha: float) -> Landscape:
    """The alpha-divergence from p of every q: of the reverse KL at 0, the forward at 1.

    The core would take 20 ms for what is only drawn.
    """
    p, unit, (nodes, log_q, mass, rest) = mixture(truth), unit_of(mu), _models()
    x = 0.5 * (mu[0] + mu[1]) + unit * nodes
    log_p = p.log_prob(x) + math.log(unit)  # of what is measured in units
    if alpha > 1 - AS_GOOD_AS_AN_END:
        log_sigma = LOG_SIGMA[:, None] + math.log(unit)
        values = core.forward_kl(p, np.linspace(*mu, MU.size), log_sigma).value
    elif alpha < AS_GOOD_AS_AN_END:
        values = rest - mass @ log_p.astype(np.float32)
    else:
        powers = np.exp(alpha * log_p) * np.gradient(nodes)
        shared = np.exp(np.float32(1 - alpha) * log_q) @ powers.astype(np.float32)
        values = np.maximum((1.0 - shared.astype(float)) / (alpha * (1 - alpha)), 0.0)
    return Landscape(values.reshape(LOG_SIGMA.size, MU.size), float(values.min()) + LEVELS)
