"""Where a KL divergence comes from, point by point, and why it is never negative."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import (
    Bernoulli,
    Beta,
    Categorical,
    Family,
    Mixture,
    Normal,
    kl,
    kl_parts,
    log_bound_gap,
)
from explorer.core.special import divergence_terms
from explorer.panels.inputs import column, intervals, real
from explorer.spec import (
    Area,
    Axes,
    Bars,
    Blueprint,
    Choice,
    Drag,
    Frame,
    Line,
    Mark,
    Note,
    Points,
    Preset,
    Rule,
    Slider,
    Spec,
    Sum,
    Term,
    Value,
    nice_ceiling,
    number,
)

Direction: TypeAlias = Literal["forward", "reverse"]
Kind: TypeAlias = Literal["", "normal", "mixture", "beta", "bernoulli", "categorical"]
Numbers: TypeAlias = tuple[float, ...]
Array: TypeAlias = NDArray[np.float64]

MOST = 5  # components of a mixture
CLASSES = 8
LARGE = (-1e6, 1e6)
SIZE = (1e-6, 1e6)
SOME = 0.01  # the least first weight of a slider, so that not all weights are 0
DISCRETE = ("bernoulli", "categorical")
UNIT: Array = (1 - np.cos(np.linspace(0, np.pi, 161))) / 2  # dense at the ends
Z_TOPS = (4.0, 10.0, 40.0)  # up to where the bound is shown
HIGHEST = 4.0  # of -log z, there
STEPS = (0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
COARSE = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Anatomy:
    """Two distributions as numbers, the direction, and the point that is looked at.

    `p` and `q` may be given as families. Normal: mean, standard deviation. Mixture: means, standard
    deviations, weights. Beta: a, b. Bernoulli: probability of 1. Categorical: weights. A weight
    counts by its share of their sum. `x` is a point, or the number of a class.
    """

    p: Numbers
    q: Numbers
    direction: Direction = "forward"
    x: float = 0.0
    p_kind: Kind = ""
    q_kind: Kind = ""
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("p", "q"):
            kind, numbers = _numbers(name, getattr(self, name), getattr(self, f"{name}_kind"))
            object.__setattr__(self, name, numbers)
            object.__setattr__(self, f"{name}_kind", kind)
        if self.discrete != (self.q_kind in DISCRETE) or (
            self.discrete
            and self.truth.log_probabilities().size != self.model.log_probabilities().size  # type: ignore[attr-defined]
        ):
            raise ValueError(
                f"q = {self.model!r}: allowed beside {self.truth!r} is "
                f"{'as many classes' if self.discrete else 'a Normal, a Mixture or a Beta'}"
            )
        if self.direction not in ("forward", "reverse"):
            raise ValueError(f"direction = {self.direction!r}: allowed is 'forward' or 'reverse'")
        object.__setattr__(self, "limits", _ranges(self))
        object.__setattr__(self, "x", real("x", self.x, *self.limits["x"]))
        if self.discrete:
            object.__setattr__(self, "x", float(round(self.x)))

    @property
    def truth(self) -> Family:
        """The distribution p."""
        return _family(self.p_kind, self.p)

    @property
    def model(self) -> Family:
        """The distribution q."""
        return _family(self.q_kind, self.q)

    @property
    def discrete(self) -> bool:
        """Whether p is over classes."""
        return self.p_kind in DISCRETE


def kl_anatomy(
    p: Family | None = None,
    q: Family | None = None,
    direction: Direction = "forward",
    *,
    x: float | None = None,
    limits: Mapping[str, tuple[float, float]] | None = None,
) -> Blueprint[Anatomy]:
    """Show where KL(p || q), or KL(q || p), comes from.

    The integrand p log(p/q), negative in places, beside p (r - 1 - log r) with r = q/p, which never
    is and has the same integral, by the bound -log z >= 1 - z.

    Parameters
    ----------
    p, q : Normal, Beta or Mixture (of at most 5), or both Bernoulli or Categorical
        With single numbers as parameters.
    direction : {"forward", "reverse"}
        KL(p || q) or KL(q || p).
    x : float, optional
        The point, or the number of the class, that is looked at.
    limits : dict, optional
        ``"x"``: what is shown of the line; ``"sigma"``, ``"shape"``: ranges of sliders.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["kl"]``, ``["integrand"]`` and ``["bound_form"]`` over ``["x_grid"]``, its
        parts ``["positive"]`` and ``["negative"]``, and ``["z"]``, the ratio at x.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    p = Normal(-0.5, 0.8) if p is None else p
    q = Normal(1.0, 1.4) if q is None else q
    limits = {} if limits is None else limits
    if x is None:
        x = _telling(p, q) if isinstance(p, Family) and isinstance(q, Family) else 0.0
    return Blueprint(Anatomy(p, q, direction, x, limits=limits), view, spec)  # type: ignore[arg-type]


def _telling(p: Family, q: Family) -> float:
    """A point where the terms are seen: between the means; or the first class."""
    if isinstance(p, Bernoulli | Categorical) or isinstance(q, Bernoulli | Categorical):
        return 0.0
    means = [np.mean(f.mean()) for f in (p, q) if isinstance(f, Normal | Mixture | Beta)]
    return float(f"{np.mean(means):.2g}") if means else 0.0


def _numbers(name: str, value: Any, kind: Kind) -> tuple[Kind, Numbers]:
    """The kind of a distribution and its numbers, checked."""
    allowed = "allowed is a Normal, Beta, Mixture, Bernoulli or Categorical with single numbers"
    rows: list[Any]
    if isinstance(value, Mixture):
        components = value.components
        rows = [[c.mu for c in components], [c.sigma for c in components], value.weights]
        kind = "mixture"
    elif isinstance(value, Normal):
        kind, rows = "normal", [value.mu, value.sigma]
    elif isinstance(value, Beta):
        kind, rows = "beta", [value.a, value.b]
    elif isinstance(value, Bernoulli):
        kind, rows = "bernoulli", [value.probability]
    elif isinstance(value, Categorical):
        kind, rows = "categorical", [value.probabilities]
    elif kind and not isinstance(value, Family):
        rows = [column(name, value, *LARGE)]
    else:
        raise ValueError(f"{name} = {value!r}: {allowed}")
    numbers = tuple(np.concatenate([np.ravel(row) for row in rows]).tolist())
    domains = _domains(kind, len(numbers))
    if len(domains) != len(numbers):
        raise ValueError(
            f"{name} = {value!r}: {allowed}, {MOST} components and {CLASSES} classes at most"
        )
    for i, (entry, domain) in enumerate(zip(numbers, domains, strict=True)):
        real(f"{name}[{i}]", entry, *domain)
    if sum(numbers[_weights(kind, len(numbers))] or [1]) == 0:
        raise ValueError(f"{name} = {value!r}: allowed are weights that do not sum to 0")
    return kind, numbers


def _domains(kind: Kind, count: int) -> list[tuple[float, float]]:
    """What each number may be; of another length if `count` is wrong."""
    if kind == "mixture":
        k = min(count // 3, MOST)
        return [LARGE] * k + [SIZE] * k + [(0.0, 1.0)] * k
    if kind == "categorical":
        return [(0.0, 1.0)] * (count if 2 <= count <= CLASSES else 0)
    return {"normal": [LARGE, SIZE], "beta": [SIZE, SIZE]}.get(kind, [(0.0, 1.0)])


def _weights(kind: Kind, count: int) -> slice:
    """Which of the numbers are weights."""
    first = {"mixture": 2 * count // 3, "categorical": 0}.get(kind, count)
    return slice(first, count)


@lru_cache(maxsize=256)
def _family(kind: Kind, numbers: Numbers) -> Family:
    if kind == "normal":
        return Normal(*numbers)
    if kind == "beta":
        return Beta(*numbers)
    if kind == "bernoulli":
        return Bernoulli.from_probability(numbers[0])
    if kind == "categorical":
        return Categorical.from_probabilities(np.array(numbers) / sum(numbers))
    mu, sigma, weights = np.reshape(numbers, (3, -1))
    return Mixture(weights / weights.sum(), tuple(map(Normal, mu.tolist(), sigma.tolist())))


def _components(kind: Kind, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Means and standard deviations of the Normals in a distribution."""
    k = {"normal": 1, "mixture": len(numbers) // 3}.get(kind, 0)
    return numbers[:k], numbers[k : 2 * k]


def _ranges(state: Anatomy) -> dict[str, tuple[float, float]]:
    """The ranges of the line and of the sliders: what was asked for, and what the values need."""
    both = (state.p_kind, state.p), (state.q_kind, state.q)
    mu, sigma = (sum(parts, ()) for parts in zip(*(_components(*one) for one in both), strict=True))
    shapes = sum((numbers for kind, numbers in both if kind == "beta"), ())
    unit = (0.0, 1.0) if shapes else ()
    if state.discrete:
        defaults = {"x": (0.0, _count(state) - 1.0), "sigma": (0.1, 1.0), "shape": (0.1, 10.0)}
    else:
        widest = max(sigma, default=0.0)
        low = min([m - 3 * s for m, s in zip(mu, sigma, strict=True)] + list(unit))
        high = max([m + 3 * s for m, s in zip(mu, sigma, strict=True)] + list(unit))
        tick = 10.0 ** np.floor(np.log10((high - low) / 2)) if mu else 1.0
        widest = nice_ceiling(max(widest, 1e-5), COARSE)
        defaults = {
            "x": (float(np.floor(low / tick) * tick), float(np.ceil(high / tick) * tick)),
            "sigma": (0.1 * widest, 2.0 * widest),
            "shape": (0.1, nice_ceiling(max(10.0, *shapes, 0.0), COARSE)),
        }
    asked = intervals(state.limits, defaults, {"x": LARGE, "sigma": SIZE, "shape": SIZE})
    needed = {"x": (*mu, *unit), "sigma": sigma, "shape": shapes}
    return {
        name: (min(low, *needed[name], low), max(high, *needed[name], high))
        for name, (low, high) in asked.items()
    }


def _count(state: Anatomy) -> int:
    """The number of classes."""
    return max(2, len(state.p))


# ------------------------------------------------------------------------------------------ view


def view(state: Anatomy) -> Frame:
    """All that is on screen."""
    key = state.p_kind, state.p, state.q_kind, state.q
    whole = _whole(*key, state.direction, state.limits["x"], state.limits["sigma"])
    frame = {**whole, "x": state.x}
    frame |= _at(state)
    frame |= _spoken(state, frame)
    return frame


@lru_cache(maxsize=1024)
def _whole(
    p_kind: Kind,
    p_numbers: Numbers,
    q_kind: Kind,
    q_numbers: Numbers,
    direction: Direction,
    window: tuple[float, float],
    sigmas: tuple[float, float],
) -> dict[str, Value]:
    """What does not depend on the point that is looked at."""
    p, q = _family(p_kind, p_numbers), _family(q_kind, q_numbers)
    first, second, a, b = _ordered(direction, p, q)
    mu, sigma = _all_components((p_kind, p_numbers), (q_kind, q_numbers))
    unit = "beta" in (p_kind, q_kind)
    if p_kind in DISCRETE:
        grid: Array = np.arange(max(2.0, len(p_numbers)))
    else:
        grid = _points(mu, sigma, unit, window)
    log_p, log_q = _log_density(p, grid), _log_density(q, grid)
    logs = (log_p, log_q) if direction == "forward" else (log_q, log_p)
    positive, negative = kl_parts(first, second)
    value = float(kl(first, second))
    finite = np.isfinite(value)
    integrand = _integrand(*logs)
    frame: dict[str, Value] = {
        "x_grid": grid,
        "p": np.exp(log_p),
        "q": np.exp(log_q),
        "integrand": integrand,
        "bound_form": divergence_terms(*logs),
        "positive_part": np.maximum(integrand, 0.0),
        "negative_part": np.minimum(integrand, 0.0),
        "positive_line": _reaching(integrand, 1.0),
        "negative_line": _reaching(integrand, -1.0),
        "kl": value,
        "positive": positive,
        "negative": negative,
        "kl_label": f"KL(*{a}* ‖ *{b}*)",
        "positive_label": f"where *{a}* > *{b}*",
        "negative_label": f"where *{a}* < *{b}*",
        "total_note": f"{number(value)} in all" if finite else "",
        "bound_label": f"*{a}*(*z* − 1 − log *z*) at *x*",
        "integrand_label": f"*{a}* log(*{a}*/*{b}*) at *x*",
        "difference_label": f"*{b}* − *{a}* at *x*",
        "integrand_title": f"What is summed up: *{a}* log(*{a}*/*{b}*)",
        "bound_title": f"Never negative: *{a}*(*z* − 1 − log *z*)",
        "z_title": f"Because −log *z* ≥ 1 − *z*, with *z* = *{b}*/*{a}*",
    }
    for name, kind, numbers in (("p", p_kind, p_numbers), ("q", q_kind, q_numbers)):
        for i, center in enumerate(_components(kind, numbers)[0]):
            height = float(np.exp(_family(kind, numbers).log_prob(center)))
            frame |= {f"{name}_mu_{i}": center, f"{name}_height_{i}": height}
    frame |= {f"p_{i}": entry for i, entry in enumerate(p_numbers)}
    if isinstance(p, Normal | Mixture | Beta):
        deviation = float(np.sqrt(p.variance()))
        frame["mean"] = float(p.mean())
        for name, factor in (("deviation", 1.0), ("double", 2.0), ("half", 0.5)):
            frame[name] = float(np.clip(factor * deviation, *sigmas))
    else:
        frame |= _bars(frame)
    return frame | _limits(unit, frame)


def _ordered(direction: Direction, p: Family, q: Family) -> tuple[Family, Family, str, str]:
    """What is averaged over, what it is compared with, and their names."""
    return (p, q, "p", "q") if direction == "forward" else (q, p, "q", "p")


def _all_components(*both: tuple[Kind, Numbers]) -> tuple[Numbers, Numbers]:
    (mu, sigma), (more_mu, more_sigma) = (_components(*one) for one in both)
    return mu + more_mu, sigma + more_sigma


def _log_density(family: Family, x: Array) -> Array:
    if isinstance(family, Bernoulli | Categorical):
        return np.asarray(family.log_probabilities()[x.astype(int)])
    return np.asarray(family.log_prob(x))


def _integrand(log_a: Array, log_b: Array) -> Array:
    """a log(a/b): 0 where a is 0, infinite where only b is."""
    with np.errstate(invalid="ignore"):
        out: Array = np.where(log_a == -np.inf, 0.0, np.exp(log_a) * (log_a - log_b))
    return out


def _bars(frame: Mapping[str, Any]) -> dict[str, Value]:
    """The entries for classes, whose numbers are bars side by side."""
    classes = frame["x_grid"]
    words = {
        name: tuple(
            f"*{name}* {number(v, 2)}" if len(classes) < 5 else f"*{name}*" for v in frame[name]
        )
        for name in "pq"
    }

    def said(name: str, where: Callable[[float], bool]) -> tuple[str, ...]:
        return tuple(number(v) if where(v) else "" for v in frame[name].tolist())

    return {
        "p_x": classes - 0.2,
        "q_x": classes + 0.2,
        "p_labels": words["p"],
        "q_labels": words["q"],
        "classes": tuple(f"{k:.0f}" for k in classes),
        "positive_labels": said("integrand", lambda v: 0 <= v < np.inf),
        "negative_labels": said("integrand", lambda v: v < 0),
        "bound_labels": said("bound_form", lambda v: v < np.inf),
    }


def _reaching(integrand: Array, sign: float) -> Array:
    """The part of one sign, down to 0 on both sides, and nan elsewhere."""
    part = np.maximum(sign * integrand, 0.0)
    near = np.pad(part > 0, 1)
    return np.where(near[:-2] | near[1:-1] | near[2:], sign * part, np.nan)


@lru_cache(maxsize=512)
def _points(mu: Numbers, sigma: Numbers, unit: bool, window: tuple[float, float]) -> Array:
    """Points that show every component, and a Beta's ends from both sides."""
    parts = [np.linspace(*window, 161)]
    if mu:
        parts.append((np.array(mu)[:, None] + np.outer(sigma, np.linspace(-3.6, 3.6, 33))).ravel())
    if unit:
        inside = 1e-9 + (1 - 2e-9) * UNIT
        parts = [*parts, inside, np.array([-1e-9, 1 + 1e-9])] if mu else [inside]
    x: Array = np.unique(np.concatenate(parts))
    x = x[(x >= window[0]) & (x <= window[1]) & (x != 0) & (x != 1)]
    x.flags.writeable = False
    return x


def _limits(unit: bool, frame: Mapping[str, Any]) -> dict[str, Value]:
    """Limits that hold what is finite and not at a Beta's end, in steps; and what is infinite."""
    x = frame["x_grid"]
    shown = (np.abs(x) > 0.02) & (np.abs(1 - x) > 0.02) if unit else np.ones(x.size, dtype=bool)

    def most(*names: str, sign: float = 1.0) -> float:
        values = np.concatenate([sign * frame[name][shown] for name in names])
        return float(values[np.isfinite(values)].max(initial=0.0))

    over = x[np.isinf(frame["integrand"])]
    over = over[:: 1 + over.size // 8]
    top = nice_ceiling(1.2 * most("integrand", "bound_form"), STEPS)
    bottom = nice_ceiling(most("integrand", sign=-1.0), STEPS)
    return {
        "density_limits": np.array([0.0, nice_ceiling(1.08 * most("p", "q"), STEPS)]),
        "term_limits": np.array([-bottom, top]),
        "over_x": over,
        "over_y": np.full(over.size, np.inf),
    }


def _at(state: Anatomy) -> dict[str, Value]:
    """The terms at the point that is looked at, and the bound there."""
    first, second, a, b = _ordered(state.direction, state.truth, state.model)
    at = np.array([state.x])
    log_a, log_b = _log_density(first, at), _log_density(second, at)
    with np.errstate(invalid="ignore", over="ignore"):
        minus_log = float((log_a - log_b)[0])
        z = float(np.exp(-minus_log))
        difference = float((np.exp(log_b) - np.exp(log_a))[0])
    note = ""
    if not minus_log > -np.inf:
        lacking = f"*{a}* is 0" if log_a[0] == -np.inf else f"*{b}* is infinite"
        note = f"no *z* at *x*: {lacking} there"
    elif z > Z_TOPS[-1]:
        note = f"*z* = {_ratio(minus_log)} is off to the right"
    shown, top = not note, next((top for top in Z_TOPS if z <= top), Z_TOPS[-1])
    # The ratio may be too small for a float though it is not 0.
    gap = float(log_bound_gap(z)) if 0 < z < np.inf else minus_log - 1 + z
    grid, curve, straight = _bound(top)
    return {
        "z": z,
        "minus_log_z": minus_log,
        "gap": gap,
        "integrand_at": float(_integrand(log_a, log_b)[0]),
        "bound_at": float(divergence_terms(log_a, log_b)[0]),
        "difference_at": difference,
        "x_label": f"class {state.x:.0f}" if state.discrete else f"*x* = {number(state.x)}",
        "z_grid": grid,
        "minus_log": curve,
        "straight": straight,
        "z_limits": np.array([0.0, top]),
        "bound_limits": np.array([1 - top, HIGHEST]),
        "z_x": z if shown else np.nan,
        "z_y": np.nan if note else minus_log if minus_log <= HIGHEST else np.inf,
        "gap_x": np.full(2 if shown else 0, z),
        "gap_y": np.array([1 - z, min(minus_log, 2 * HIGHEST)] if shown else []),
        "z_label": f"*z* = {_ratio(minus_log)}, gap {number(gap)}",
        "z_note": note,
    }


@lru_cache(maxsize=8)
def _bound(top: float) -> tuple[Array, Array, Array]:
    grid = np.concatenate([np.geomspace(1e-3, 0.5, 40), np.linspace(0.52, 2, 40), [top]])
    grid = np.unique(np.concatenate([grid, np.linspace(2, top, 40)]))
    return grid, -np.log(grid), 1 - grid


def _ratio(minus_log: float) -> str:
    """z in decimals, or as a power of e where decimals say nothing."""
    if np.isfinite(minus_log) and not -9 < minus_log < 7:
        return f"e^{number(-minus_log, 1)}"
    return number(float(np.exp(-minus_log)))


def _spoken(state: Anatomy, frame: Mapping[str, Any]) -> dict[str, Value]:
    first, second, a, b = _ordered(state.direction, state.truth, state.model)
    value = frame["kl"]
    name = f"KL(*{a}* ‖ *{b}*)"
    if np.isinf(value):
        said = _missing(first, second, a, b)
    elif value == 0:
        said = f"*p* and *q* are the same: *z* is 1 everywhere, every term is 0, and so is {name}."
    else:
        said = (
            f"{name} is {number(value)} nats: {number(frame['positive'])} from where *{a}* is "
            f"larger than *{b}*, less {number(-frame['negative'])} from where it is smaller."
        )
        if np.isfinite(frame["minus_log_z"]):
            said += (
                f" At {frame['x_label']}, *{b}* is {_ratio(frame['minus_log_z'])} times *{a}*: "
                f"the integrand is {number(frame['integrand_at'])} there, the form that is never "
                f"negative {number(frame['bound_at'])}."
            )
    what = "class" if state.discrete else "point"
    return {
        "sentence": said,
        "z_said": (
            "The curve minus log z and the line 1 minus z, which it touches at z = 1; at "
            f"{frame['x_label']}, "
            + (f"z is {_ratio(frame['minus_log_z'])}." if not frame["z_note"] else frame["z_note"])
        ),
        "density_said": f"The distributions p and q; looked at is the {what} {frame['x_label']}.",
        "integrand_said": (
            f"{a} log({a}/{b}) at every {what}: its positive part sums to "
            f"{number(frame['positive'])}, its negative part to {number(frame['negative'])}."
        ),
        "bound_said": (
            f"{a} (z - 1 - log z) with z = {b}/{a} at every {what}: never negative, and its sum is "
            f"{number(value)} as well."
        ),
    }


def _missing(first: Family, second: Family, a: str, b: str) -> str:
    """What is infinite, why, and whether it is so the other way round."""
    if isinstance(first, Bernoulli | Categorical) and isinstance(second, Bernoulli | Categorical):
        lacks = np.isinf(second.log_probabilities()) & np.isfinite(first.log_probabilities())
        share = float(np.exp(first.log_probabilities())[lacks].sum())
        where = "at class " + " and ".join(str(k) for k in np.flatnonzero(lacks))
    else:
        assert isinstance(first, Normal | Mixture)
        share = float(first.cdf(0.0) + 1 - first.cdf(1.0))
        where = "outside of (0, 1)"
    mass = f"{number(100 * share, 1)} %" if share >= 0.0005 else "less than 0.1 %"
    back = float(kl(second, first))
    other = (
        f"KL(*{b}* ‖ *{a}*), the other way round, is {number(back)} nats."
        if np.isfinite(back)
        else f"So it is the other way round, where *{a}* lacks what *{b}* has."
    )
    return (
        f"KL(*{a}* ‖ *{b}*) is infinite: *{b}* is 0 {where}, where *{a}* is not and has {mass} of "
        f"its mass. What *{b}* holds for impossible does happen. {other}"
    )


# ------------------------------------------------------------------------------------------ spec


def spec(state: Anatomy) -> Spec:
    """How a frame of `view` is drawn."""
    discrete = state.discrete
    low, high = state.limits["x"]
    if discrete:
        probe = Slider("x", "class", "class that is looked at", 0.0, high, 1.0, 0)
        x_limits, ticks = (-0.6, high + 0.6), "classes"
    else:
        probe = Slider("x", "x", "point that is looked at", low, high, _step(low, high), 3)
        x_limits, ticks = (low, high), ""
    directions = (("forward", "KL(*p* ‖ *q*)"), ("reverse", "KL(*q* ‖ *p*)"))
    controls: tuple[Slider | Choice, ...] = (
        *_sliders("p", state),
        *_sliders("q", state),
        probe,
        Choice("direction", "direction", directions),
    )
    muted = Rule("x", "muted", "", Drag(x="x"))
    over = Points("over_x", "over_y", "loss", small=True)
    click = Drag(x="x")
    densities: tuple[Mark, ...]
    terms: tuple[Mark, ...]
    bounds: tuple[Mark, ...]
    if discrete:
        densities = (
            Bars("p_x", "p", "truth", "{p_labels}", width=0.38),
            Bars("q_x", "q", "model", "{q_labels}", width=0.38),
        )
        terms = (
            Bars("x_grid", "positive_part", "loss", "{positive_labels}"),
            Bars("x_grid", "negative_part", "optimum", "{negative_labels}"),
            Points("over_x", "over_y", "loss", "∞", small=True),
        )
        bounds = (
            Bars("x_grid", "bound_form", "loss", "{bound_labels}"),
            Points("over_x", "over_y", "loss", "∞", small=True),
        )
    else:
        densities = (*_curve("p", state), *_curve("q", state))
        terms = (
            Area("x_grid", "positive_part", "loss"),
            Area("x_grid", "negative_part", "optimum"),
            Line("x_grid", "positive_line", "loss"),
            Line("x_grid", "negative_line", "optimum"),
            over,
            muted,
            Points("x", "integrand_at", "loss", small=True),
        )
        bounds = (
            Area("x_grid", "bound_form", "loss"),
            Line("x_grid", "bound_form", "loss"),
            over,
            muted,
            Points("x", "bound_at", "loss", small=True),
        )
    look = Rule("x", "observation", "{x_label}", Drag(x="x"))
    axis = "" if discrete else "*x*"
    axes = (
        Axes(
            "The two distributions", axis, "", x_limits, "density_limits",
            (*densities, look), "{density_said}", x_ticks=ticks, click=click,
        ),
        Axes(
            "{z_title}", "*z*", "", "z_limits", "bound_limits",
            (
                Line("z_grid", "straight", "muted", label="1 − *z*", at=0.97),
                Line("z_grid", "minus_log", "model", label="−log *z*", at=0.3),
                Line("gap_x", "gap_y", "loss"),
                Points("z_x", "z_y", "loss", "{z_label}", small=True),
                Note("{z_note}", "loss"),
            ),
            "{z_said}",
        ),
        Axes(
            "{integrand_title}", axis, "", x_limits, "term_limits",
            (*terms, Note("{total_note}", "loss")), "{integrand_said}", x_ticks=ticks, click=click,
        ),
        Axes(
            "{bound_title}", axis, "", x_limits, "term_limits",
            (*bounds, Note("{total_note}", "loss")), "{bound_said}", x_ticks=ticks, click=click,
        ),
    )  # fmt: skip
    sums = (
        Sum(
            Term("kl", "{kl_label}"),
            (Term("positive", "{positive_label}"), Term("negative", "{negative_label}")),
        ),
        Sum(
            Term("bound_at", "{bound_label}"),
            (
                Term("integrand_at", "{integrand_label}"),
                Term("difference_at", "{difference_label}"),
            ),
        ),
    )
    return Spec("kl_anatomy", controls, _presets(state), axes, sums, columns=2)


def _sliders(name: str, state: Anatomy) -> tuple[Slider, ...]:
    kind, count = (state.p_kind, len(state.p)) if name == "p" else (state.q_kind, len(state.q))
    low, high = state.limits["x"]
    if kind in ("normal", "mixture"):
        k = 1 if kind == "normal" else count // 3
        rows = [("μ", "mean"), ("σ", "standard deviation"), ("w", "weight")]
        ranges = [(low, high), state.limits["sigma"], (0.0, 1.0)]
        entries = [
            (f"{symbol}{_below(i) if k > 1 else ''}", f"{word}{f' {i + 1}' if k > 1 else ''}", pair)
            for (symbol, word), pair in list(zip(rows, ranges, strict=True))[: count // k]
            for i in range(k)
        ]
    elif kind == "beta":
        entries = [(s, f"shape parameter {s}", state.limits["shape"]) for s in "ab"]
    elif kind == "bernoulli":
        entries = [("P(1)", "probability of 1", (0.0, 1.0))]
    else:
        entries = [(f"w{_below(i - 1)}", f"weight of class {i}", (0.0, 1.0)) for i in range(count)]
    first = _weights(kind, count).start
    return tuple(
        Slider(
            f"{name}.{i}",
            f"{name}: {symbol}",
            f"{word} of {name}",
            SOME if i == first else ends[0],
            ends[1],
            0.01 if ends[1] == 1.0 else _step(*ends),
        )
        for i, (symbol, word, ends) in enumerate(entries)
    )


def _below(index: int) -> str:
    return "₀₁₂₃₄₅₆₇₈"[index + 1]


def _step(low: float, high: float) -> float:
    return nice_ceiling((high - low) / 250, (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1))


def _curve(name: str, state: Anatomy) -> tuple[Mark, ...]:
    kind, numbers = (state.p_kind, state.p) if name == "p" else (state.q_kind, state.q)
    role: Any = "truth" if name == "p" else "model"
    count = len(_components(kind, numbers)[0])
    handles = tuple(
        Points(
            f"{name}_mu_{i}", f"{name}_height_{i}", role, f"*{name}*" if i == 0 else "",
            drag=Drag(x=f"{name}.{i}", wheel=f"{name}.{count + i}"),
        )
        for i in range(count)
    )  # fmt: skip
    label = "" if count else f"*{name}*"
    at = 0.4 if name == "p" else 0.6
    return (Area("x_grid", name, role), Line("x_grid", name, role, label=label, at=at), *handles)


def _presets(state: Anatomy) -> tuple[Preset, ...]:
    count = len(state.q)
    same = Preset("*q* equals *p*".replace("*", ""), {f"q.{i}": f"{{p_{i}}}" for i in range(count)})
    presets = [same] if state.p_kind == state.q_kind and len(state.p) == count else []
    if state.q_kind == "normal":
        presets += (
            [Preset("q matches p's mean and variance", {"q.0": "{mean}", "q.1": "{deviation}"})]
            if state.p_kind != "normal"
            else []
        )
        presets += [
            Preset("q twice as wide as p", {"q.0": "{mean}", "q.1": "{double}"}),
            Preset("q half as wide as p", {"q.0": "{mean}", "q.1": "{half}"}),
        ]
        if state.p_kind == "mixture":
            presets.append(
                Preset("q on one mode", {"q.0": "{p_mu_0}", "q.1": f"{{p_{len(state.p) // 3}}}"})
            )
    elif state.q_kind == "beta":
        presets += [
            Preset("q uniform", {"q.0": 1.0, "q.1": 1.0}),
            Preset("q U-shaped", {"q.0": 0.5, "q.1": 0.5}, "infinite at both ends"),
        ]
    elif state.q_kind == "categorical":
        last = {f"q.{count - 1}": 0.0}
        presets += [
            Preset("q even", {f"q.{i}": 0.5 for i in range(count)}),
            Preset("q leaves the last class out", last, "what p does, q holds for impossible"),
        ]
    else:
        presets += [
            Preset("q even", {"q.0": 0.5}),
            Preset("q is sure of 0", {"q.0": 0.0}, "what p does, q holds for impossible"),
        ]
    return tuple(presets)
