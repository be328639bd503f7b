"""One Normal for a mixture: the best fits of the forward and of the reverse KL divergence."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import (
    Branches,
    Fit,
    Mixture,
    Normal,
    Path,
    ReverseFits,
    descend,
    fit_mle,
    fit_reverse_kl,
    forward_kl,
    highest_density_region,
    reverse_branches,
    reverse_kl,
)
from explorer.data import penguins
from explorer.panels.inputs import column, real
from explorer.spec import (
    Area,
    Axes,
    Blueprint,
    Choice,
    Drag,
    Frame,
    Landscape,
    Line,
    Mark,
    Note,
    Points,
    Preset,
    Rug,
    Rule,
    Slider,
    Spec,
    Sum,
    Term,
    Value,
    nice_ceiling,
    number,
)

Array: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = tuple[float, ...]
Method: TypeAlias = Literal["gradient", "adam", "newton"]
Truth: TypeAlias = tuple[Numbers, Numbers, Numbers]
Direction: TypeAlias = Literal["forward", "reverse"]

MOST = 5  # components
STEPS, RATES = 160, {"gradient": 0.1, "adam": 0.1, "newton": 1.0}
SAMPLES, SEED = 2000, 20240607
HALF, NARROW, WIDE, WIDEST = 8.0, 0.3, 4.0, 10.0  # of the window and sliders, in units
REACH = 14.0  # of the strip
Z: Array = np.linspace(-4.0, 4.0, 65)
GRID: Array = np.linspace(-HALF, HALF, 221)
LEVELS: Array = np.array(
    [0.02, 0.06, 0.12, 0.2, 0.3, 0.42, 0.6, 0.8, 1.1, 1.5, 2, 3, 4.5, 7, 10, 15, 25, 40, 80]
)  # above the best
MU: Array = np.linspace(-HALF, HALF, 42)
LOG_SIGMA: Array = np.linspace(np.log(NARROW), np.log(WIDEST), 36)
LADDER = (0.2, 0.3, 0.5, 0.8, 1.2, 2.0)


@dataclass(frozen=True)
class Window:
    """What is shown of the line: `HALF` units on either side of `center`, and the sliders' ends."""

    center: float
    unit: float
    widths: tuple[float, float]
    sigmas: tuple[float, float]

    def holds(self, state: "State") -> bool:
        """Whether every slider can stand where the state has it."""
        at = [*state.means, state.forward_q[0], state.reverse_q[0]]
        return (
            max(abs(x - self.center) for x in at) <= HALF * self.unit
            and self.widths[0] <= min(state.widths)
            and max(state.widths) <= self.widths[1]
            and all(self.sigmas[0] <= q[1] <= self.sigmas[1] for q in _both(state))
        )

    @classmethod
    def around(cls, state: "State") -> "Window":
        """The window that suits a state, in round numbers."""
        middle = 0.5 * (min(state.means) + max(state.means))
        ends = [abs(m - middle) + 3 * s for m, s in zip(state.means, state.widths, strict=True)]
        ends += [abs(q[0] - middle) for q in _both(state)]
        need = max(ends) / HALF
        scale = 10.0 ** np.floor(np.log10(need))
        unit = float(f"{scale * nice_ceiling(need / scale, (1.0, 2.0, 5.0, 10.0)):.12g}")
        center = float(f"{round(middle / unit) * unit:.12g}")
        sigmas = [q[1] for q in _both(state)]
        low, high, widest = (float(f"{unit * size:.12g}") for size in (NARROW, WIDE, WIDEST))
        return cls(
            center,
            unit,
            (min(low, *state.widths), max(high, *state.widths)),
            (min(low, *sigmas), max(widest, *sigmas)),
        )


@dataclass(frozen=True)
class State:
    """A mixture p of Normals, a Normal q for each direction, and how far both have descended.

    The weights are relative: what counts is their share in their sum.
    """

    means: tuple[float, ...]
    widths: tuple[float, ...]
    weights: tuple[float, ...]
    forward_q: tuple[float, float] = (1.2, 2.2)
    reverse_q: tuple[float, float] = (1.2, 2.2)
    fixed_sigma: float | None = None
    method: Method = "gradient"
    step: float = 0.0
    n: float = 100.0
    window: Window | None = None

    def __post_init__(self) -> None:
        _check_mixture(self)
        for name in ("forward_q", "reverse_q"):
            pair = getattr(self, name)
            if np.shape(pair) != (2,):
                raise ValueError(f"{name} = {pair!r}: allowed is a pair (mu, sigma)")
            mu = real(f"{name}[0]", pair[0], -1e6, 1e6)
            object.__setattr__(self, name, (mu, real(f"{name}[1]", pair[1], 1e-6, 1e6)))
        if self.fixed_sigma is not None:
            fixed = real("fixed_sigma", self.fixed_sigma, 1e-3, 1e3)
            object.__setattr__(self, "fixed_sigma", fixed)
        if self.method not in RATES:
            raise ValueError(f"method = {self.method!r}: allowed is one of {', '.join(RATES)}")
        object.__setattr__(self, "step", real("step", self.step, 0, STEPS))
        object.__setattr__(self, "n", real("n", self.n, 2, SAMPLES))
        if not isinstance(self.window, Window) or not self.window.holds(self):
            object.__setattr__(self, "window", Window.around(self))

    @property
    def truth(self) -> Truth:
        """What determines p: the weights made to sum to 1, the means and the widths."""
        total = sum(self.weights)
        return tuple(w / total for w in self.weights), self.means, self.widths

    # What the buttons do.

    def with_one_more(self) -> dict[str, Any]:
        """One more component, in the widest gap between two or between one and the edge."""
        assert self.window is not None
        reach = (HALF - 1) * self.window.unit
        ends = [self.window.center - reach, *sorted(self.means), self.window.center + reach]
        k = int(np.argmax(np.diff(ends)))
        mean = self._snapped(0.5 * (ends[k] + ends[k + 1]))
        return {
            "means": (*self.means, mean),
            "widths": (*self.widths, self.window.unit),
            "weights": (*self.weights, max(self.weights)),
        }

    def with_one_less(self) -> dict[str, Any]:
        """Without the last component."""
        keep = slice(len(self.means) - 1)
        return {
            "means": self.means[keep],
            "widths": self.widths[keep],
            "weights": self.weights[keep] if any(self.weights[keep]) else (1.0,) * keep.stop,
        }

    def sigma_held_or_free(self) -> dict[str, Any]:
        """Hold sigma at one unit, or let it go."""
        assert self.window is not None
        return {"fixed_sigma": self.window.unit if self.fixed_sigma is None else None}

    def penguins(self) -> dict[str, Any]:
        """The flipper lengths of the penguins, two Normals by maximum likelihood."""
        p = _flippers()
        means = tuple(round(float(c.mu), 1) for c in p.components)
        widths = tuple(round(float(c.sigma), 1) for c in p.components)
        weights = tuple(round(float(w), 2) for w in p.weights)
        q = (210.0, 10.0)
        return _preset_values(means, widths, weights, q)

    def _snapped(self, x: float) -> float:
        assert self.window is not None
        step = 0.05 * self.window.unit
        return float(f"{round(x / step) * step:.12g}")


def kl_fit(
    means: Any = (-3.0, 3.0),
    widths: Any = (1.0, 1.0),
    weights: Any = (0.5, 0.5),
    forward_q: tuple[float, float] | None = None,
    reverse_q: tuple[float, float] | None = None,
    fixed_sigma: float | None = None,
    *,
    method: Method = "gradient",
    step: float = 0,
    n: float = 100,
) -> Blueprint[State]:
    """Fit one Normal q to a mixture p of Normals, in both directions of the KL divergence.

    Forward, KL(p‖q), has one minimum: p's own mean and variance. Reverse, KL(q‖p), may have many;
    all are marked, with the saddles between them and, from the present q, the way down.

    Parameters
    ----------
    means, widths, weights : list, array or Series
        The components of p, at most 5; widths are standard deviations; weights are relative.
    forward_q, reverse_q : (mu, sigma), optional
        Where the q of either direction stands, or starts.
    fixed_sigma : float, optional
        Holds sigma of both q at this value.
    method : {"gradient", "adam", "newton"}
        How q descends, and `step`: how many steps of it are taken.
    n : float
        The number of samples of p whose maximum likelihood is shown (seeded).

    Returns
    -------
    explorer.stage.Panel
        With ``frame["forward"]`` and ``["reverse"]``, the divergences of the q shown, in nats;
        ``["forward_best"]``, an array (mu, sigma, value); ``["reverse_minima"]``, best first, and
        ``["reverse_saddles"]``, arrays of such rows; ``["precision"]`` and ``["recall"]`` of the
        best forward and the best reverse fit; ``["separation"]`` of the outermost means.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    means, widths = column("means", means, -1e6, 1e6), column("widths", widths, 1e-6, 1e6)
    start = (np.mean(means) + 0.4 * max(np.std(means), 1.0), 2.2 * np.mean(widths))
    q = (round(float(start[0]), 2), round(float(start[1]), 2))
    return Blueprint(
        State(means, widths, weights, forward_q or q, reverse_q or q, fixed_sigma, method, step, n),
        view,
        spec,
    )


def _check_mixture(state: State) -> None:
    bounds = {"means": (-1e6, 1e6), "widths": (1e-6, 1e6), "weights": (0.0, 1e6)}
    for name, (low, high) in bounds.items():
        object.__setattr__(state, name, column(name, getattr(state, name), low, high))
    count = len(state.means)
    if count > MOST:
        raise ValueError(f"means = {state.means!r}: allowed are at most {MOST} components")
    for name in ("widths", "weights"):
        if len(getattr(state, name)) != count:
            raise ValueError(
                f"{name} = {getattr(state, name)!r}: allowed are as many as the {count} means"
            )
    total = sum(state.weights)
    if total == 0:
        raise ValueError(f"weights = {state.weights!r}: allowed is a sum above 0")
    if max(state.weights) > 1:
        object.__setattr__(state, "weights", tuple(w / total for w in state.weights))


def _both(state: State) -> tuple[tuple[float, float], tuple[float, float]]:
    return state.forward_q, state.reverse_q


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen."""
    window = state.window
    assert window is not None
    truth, fixed = state.truth, state.fixed_sigma
    p = _mixture(truth)
    frame = dict(_of_truth(truth, fixed, window))
    frame |= _of_sample(truth, round(state.n), fixed)
    for direction, start in (("forward", state.forward_q), ("reverse", state.reverse_q)):
        frame |= _of_q(state, direction, start, p)  # type: ignore[arg-type]
    entropy = float(p.entropy())
    sigma = float(frame["reverse_sigma"])  # type: ignore[arg-type]
    frame["minus_entropy_p"] = -entropy
    frame["forward_cross"] = float(frame["forward"]) + entropy  # type: ignore[arg-type]
    frame["minus_entropy_q"] = -float(Normal(0.0, sigma).entropy())
    frame["reverse_cross"] = float(frame["reverse"]) - float(frame["minus_entropy_q"])  # type: ignore[arg-type]
    heights = [frame["means_y"], frame["forward_q_y"], frame["reverse_q_y"], frame["best_heights"]]
    peak = max(float(np.max(h)) for h in heights) * window.unit  # type: ignore[arg-type]
    frame["density_limits"] = np.array([0.0, nice_ceiling(1.12 * peak, LADDER) / window.unit])
    frame["sentence"] = _sentence(state, frame)
    return frame


def _of_q(state: State, direction: Direction, start: tuple[float, float], p: Mixture) -> Frame:
    """The q of one direction, after the steps that it has taken."""
    mu, sigma = start[0], state.fixed_sigma or start[1]
    path_mu, path_sigma = np.empty(0), np.empty(0)
    if state.step > 0:
        path = _path(state.truth, direction, (mu, sigma), state.method, state.fixed_sigma)
        path_mu, path_sigma = path.mu, path.sigma
        k = min(round(state.step), path.mu.size - 1)
        mu, sigma = float(path.mu[k]), float(path.sigma[k])
    divergence = forward_kl if direction == "forward" else reverse_kl
    value = float(divergence(p, mu, np.log(sigma)).value)
    q = Normal(mu, sigma)
    x = mu + sigma * Z
    name = "KL(*p* ‖ *q*)" if direction == "forward" else "KL(*q* ‖ *p*)"
    return {
        direction: value,
        f"{direction}_sigma": sigma,
        f"{direction}_x": x,
        f"{direction}_y": np.exp(q.log_prob(x)),
        f"{direction}_q_x": mu,
        f"{direction}_q_y": float(np.exp(q.log_prob(mu))),
        f"{direction}_q_t": float(np.log(sigma)),
        f"{direction}_path_x": path_mu,
        f"{direction}_path_y": np.log(path_sigma),
        f"{direction}_label": f"{name} = {number(value)}",
        f"{direction}_said": f"The mixture p with the {direction} q at mu = {number(mu, 2)}, "
        f"sigma = {number(sigma, 2)}: a divergence of {number(value)} nats. Dashed, the best fit.",
    }


@lru_cache(maxsize=1024)
def _of_truth(truth: Truth, fixed: float | None, window: Window) -> Frame:
    """All that depends on p alone."""
    weights, means, _ = truth
    p = _mixture(truth)
    forward, fits = _forward_best(truth, fixed), _reverse_fits(truth, fixed, window)
    best = (forward.q, fits.minima[0].q)
    region = highest_density_region(p)
    precision = np.array([np.diff(q.cdf(region), axis=1).sum() for q in best])
    recall = np.array([float(np.diff(p.cdf(q.quantile([0.025, 0.975])))[0]) for q in best])
    frame: dict[str, Value] = {
        "grid": _grid(window),
        "density": np.exp(p.log_prob(_grid(window))),
        "window": _grid(window)[[0, -1]],
        "log_sigmas": LOG_SIGMA[[0, -1]] + np.log(window.unit),
        "weights": np.array(weights),
        "means_x": np.array(means),
        "means_y": np.exp(p.log_prob(np.array(means))),
        "means_labels": tuple(
            f"{'*p* ' if k == 0 else ''}{number(100 * w, 0)} %" for k, w in enumerate(weights)
        ),
        "separation": max(means) - min(means),
        "first_mean": means[0],
        "forward_best": _row(forward),
        "reverse_minima": np.array([_row(fit) for fit in fits.minima]),
        "reverse_saddles": np.array([_row(fit) for fit in fits.saddles]).reshape(-1, 3),
        "best_heights": np.array([float(np.exp(q.log_prob(q.mu))) for q in best]),
        "precision": precision,
        "recall": recall,
        "forward_best_t": float(np.log(forward.q.sigma)),
        "forward_best_mu": float(forward.q.mu),
        "forward_best_label": number(forward.value),
        "forward_landscape": _forward_landscape(truth, window),
        "reverse_landscape": _reverse_landscape(truth, window),
    }
    for direction, q, found, seen in zip(
        ("forward", "reverse"), best, precision, recall, strict=True
    ):
        x = q.mu + q.sigma * Z
        frame[f"{direction}_best_x"], frame[f"{direction}_best_y"] = x, np.exp(q.log_prob(x))
        frame[f"{direction}_quality"] = (
            f"precision {number(float(found), 2)}, recall {number(float(seen), 2)}"
        )
        values = np.asarray(frame[f"{direction}_landscape"])
        frame[f"{direction}_levels"] = float(values.min()) + LEVELS
    others = fits.minima[1:]
    for name, those in (("best", fits.minima[:1]), ("other", others), ("saddle", fits.saddles)):
        frame[f"{name}_mu"] = np.array([float(fit.q.mu) for fit in those])
        frame[f"{name}_t"] = np.array([float(np.log(fit.q.sigma)) for fit in those])
        frame[f"{name}_value"] = np.array([fit.value for fit in those])
        frame[f"{name}_labels"] = tuple(number(fit.value) for fit in those)
    count = len(fits.minima)
    frame["forward_map_said"] = (
        f"KL(p‖q) over all q, with its one minimum {number(forward.value)} at "
        f"mu = {number(float(forward.q.mu), 2)}, sigma = {number(float(forward.q.sigma), 2)}, "
        "and the maximum likelihood of samples of p beside it."
    )
    frame["reverse_map_said"] = (
        f"KL(q‖p) over all q: {count} {'minimum' if count == 1 else 'minima'}, "
        f"{', '.join(number(fit.value) for fit in fits.minima)}; {len(fits.saddles)} saddles."
    )
    if len(means) == 2:
        frame |= _strip(truth, fixed, window, fits)
    return frame


def _strip(truth: Truth, fixed: float | None, window: Window, fits: ReverseFits) -> Frame:
    """The minima against the separation, and where on it the present p stands."""
    frame = dict(_branch_curves(*_left_first(truth), fixed, window.unit))
    means = truth[1]
    apart, middle = abs(means[1] - means[0]), 0.5 * (means[0] + means[1])
    frame |= {
        "apart_label": f"{number(apart, 2)} apart",
        "best_apart": np.full(1, apart),
        "best_place": np.array([float(fits.minima[0].q.mu) - middle]),
        "other_apart": np.full(len(fits.minima) - 1, apart),
        "other_place": np.array([float(fit.q.mu) - middle for fit in fits.minima[1:]]),
        "strip_said": f"At a separation of {number(apart, 2)} the reverse minima are "
        f"{', '.join(number(fit.value) for fit in fits.minima)} nats.",
        "place_said": f"At a separation of {number(apart, 2)} the reverse minima lie at "
        f"{', '.join(number(float(fit.q.mu) - middle, 2) for fit in fits.minima)} "
        "from the middle of the two means.",
    }
    return frame


@lru_cache(maxsize=64)
def _branch_curves(
    weights: tuple[float, float], widths: tuple[float, float], fixed: float | None, unit: float
) -> Frame:
    branches = _branches(weights, widths, fixed, unit)
    separation, place, value = branches.curves()
    saddle_separation, saddle_place, saddle_value = branches.curves(saddles=True)
    top, ends = float(np.nanmax(value)), np.array([0.0, REACH * unit])
    return {
        "branch_x": separation,
        "branch_value": value,
        "branch_place": place,
        "ridge_x": saddle_separation,
        "ridge_value": saddle_value,
        "ridge_place": saddle_place,
        "apart_limits": ends,
        "value_limits": np.array([0.0, min(2.0, nice_ceiling(max(top, 0.1), LADDER))]),
        "place_limits": np.array([-0.55, 0.55]) * REACH * unit,
        "left_mean": -0.5 * ends,
        "right_mean": 0.5 * ends,
        "strip_ends": ends,
    }


def _of_sample(truth: Truth, n: int, fixed: float | None) -> Frame:
    """The maximum likelihood of n samples of p."""
    sample = _sample(truth)[:n]
    fitted = fit_mle(Normal, sample)
    sigma = float(fitted.sigma) if fixed is None else fixed
    return {
        "sample": sample[:80],
        "sample_mu": float(fitted.mu),
        "sample_sigma": sigma,
        "sample_t": float(np.log(sigma)),
        "sample_label": f"*n* = {n}",
    }


def _sentence(state: State, frame: Frame) -> str:
    mu, sigma, value = np.asarray(frame["forward_best"])
    minima = np.asarray(frame["reverse_minima"])
    held = np.asarray(frame["recall"])
    width = "its variance" if state.fixed_sigma is None else "*σ* held fixed"
    forward = (
        f"Forward there is one best fit and nothing to search: *p*’s mean {number(mu)} and "
        f"{width}, *σ* = {number(sigma)}, at {number(value)} nats; "
        f"it reaches {number(100 * held[0], 1)} % of *p*."
    )
    if len(minima) == 1:
        many = "Reverse there is one minimum too"
    else:
        many = f"Reverse there are {len(minima)} minima"
        tied = int((minima[:, 2] < minima[0, 2] + 1e-9).sum())
        many += f", {tied} of them equally good; one" if tied > 1 else "; the best"
    reverse = (
        f"{many}, at *μ* = {number(minima[0, 0])}, *σ* = {number(minima[0, 1])} and "
        f"{number(minima[0, 2])} nats, reaches {number(100 * held[1], 1)} %."
    )
    if state.step > 0:
        return f"{forward} {reverse} {_arrival(state, minima)}"
    seen = [number(float(np.asarray(frame[f"sample_{name}"])), 2) for name in ("mu", "sigma")]
    samples = (
        f"Maximum likelihood comes to the forward fit from samples of *p* alone: "
        f"{frame['sample_label']} of them give *μ* = {seen[0]}, *σ* = {seen[1]}. "
        "The reverse fit needs the density of *p* itself."
    )
    return f"{forward} {reverse} {samples}"


def _arrival(state: State, minima: Array) -> str:
    """Which of the minima the reverse descent leads to, if it comes to rest at one."""
    start = state.reverse_q[0], state.fixed_sigma or state.reverse_q[1]
    path = _path(state.truth, "reverse", start, state.method, state.fixed_sigma)
    end = np.array([path.mu[-1], path.sigma[-1]])
    off = np.abs(minima[:, :2] - end).max(axis=1) / end[1]
    if off.min() > 0.02:
        return f"After {STEPS} steps the reverse descent is still on its way."
    k = int(np.argmin(off))
    which = (
        "the best minimum"
        if minima[k, 2] < minima[0, 2] + 1e-9
        else "a minimum that is not the best"
    )
    return f"From its start the reverse descent leads to {which}, {number(minima[k, 2])} nats."


# ------------------------------------------------------------------- what is worth remembering


@lru_cache(maxsize=1024)
def _mixture(truth: Truth) -> Mixture:
    weights, means, widths = truth
    return Mixture(np.array(weights), tuple(map(Normal, means, widths)))


@lru_cache(maxsize=8)
def _grid(window: Window) -> Array:
    return window.center + window.unit * GRID


@lru_cache(maxsize=64)
def _sample(truth: Truth) -> Array:
    return _mixture(truth).sample(np.random.default_rng(SEED), (SAMPLES,))


@lru_cache(maxsize=1)
def _flippers() -> Mixture:
    return fit_mle(Mixture, penguins()["flipper_length"])


@lru_cache(maxsize=64)
def _path(
    truth: Truth,
    direction: Direction,
    start: tuple[float, float],
    method: Method,
    fixed: float | None,
) -> Path:
    return descend(
        _mixture(truth),
        Normal(*start),
        direction,
        method=method,
        steps=STEPS,
        rate=RATES[method],
        fixed_sigma=fixed,
    )


def _forward_best(truth: Truth, fixed: float | None) -> Fit:
    p = _mixture(truth)
    sigma = float(np.sqrt(p.variance())) if fixed is None else fixed
    q = Normal(float(p.mean()), sigma)
    return Fit(q, float(forward_kl(p, q.mu, np.log(sigma)).value))


def _left_first(truth: Truth) -> tuple[tuple[float, float], tuple[float, float]]:
    """Weights and widths of two components, from left to right."""
    (w1, w2), (m1, m2), (s1, s2) = truth
    return ((w1, w2), (s1, s2)) if m1 <= m2 else ((w2, w1), (s2, s1))


@lru_cache(maxsize=64)
def _branches(
    weights: tuple[float, float], widths: tuple[float, float], fixed: float | None, unit: float
) -> Branches:
    return reverse_branches(weights, widths, REACH * unit, fixed)


def _reverse_fits(truth: Truth, fixed: float | None, window: Window) -> ReverseFits:
    """All reverse fits; those of two components are near the remembered branches."""
    means = truth[1]
    if len(means) != 2:
        return fit_reverse_kl(_mixture(truth), fixed)
    fits = _branches(*_left_first(truth), fixed, window.unit).at(abs(means[1] - means[0]))
    middle = 0.5 * (means[0] + means[1])
    minima, saddles = (
        tuple(Fit(Normal(fit.q.mu + middle, fit.q.sigma), fit.value) for fit in those)
        for those in (fits.minima, fits.saddles)
    )
    return ReverseFits(minima, saddles, fits.converged)


def _row(fit: Fit) -> Array:
    return np.array([float(fit.q.mu), float(fit.q.sigma), fit.value])


def _forward_landscape(truth: Truth, window: Window) -> Array:
    p = _mixture(truth)
    mu, t = window.center + window.unit * MU, LOG_SIGMA[:, None] + np.log(window.unit)
    return forward_kl(p, mu, t).value


def _reverse_landscape(truth: Truth, window: Window) -> Array:
    """On a fixed grid of q it is linear in log p, so one matrix makes all of it."""
    nodes, matrix, rest = _expectations()
    log_p = _mixture(truth).log_prob(window.center + window.unit * nodes)
    values: Array = rest - matrix @ log_p - np.log(window.unit)
    return values.reshape(LOG_SIGMA.size, MU.size)


@lru_cache(maxsize=1)
def _expectations() -> tuple[Array, Array, Array]:
    """Nodes, weights of E_q at them for every q of the landscape, and -entropy(q)."""
    inner = np.arange(-100, 101) * 0.12
    outer = inner[-1] + np.cumsum(0.12 * 1.09 ** np.arange(1, 41))
    nodes = np.concatenate([-outer[::-1], inner, outer])
    q = Normal(np.tile(MU, LOG_SIGMA.size)[:, None], np.exp(np.repeat(LOG_SIGMA, MU.size))[:, None])
    matrix = np.exp(q.log_prob(nodes)) * np.gradient(nodes)
    matrix /= matrix.sum(axis=1, keepdims=True)
    return nodes, matrix, -q.entropy()[:, 0]


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    window = state.window
    assert window is not None
    two = len(state.means) == 2
    axes = [_densities("forward"), _densities("reverse")]
    axes += [_forward_map(), _reverse_map()]
    if two:
        axes += [_strip_axes("value"), _strip_axes("place")]
    sums = (
        Sum(
            Term("forward", "KL(*p* ‖ *q*)"),
            (Term("forward_cross", "−∫ *p* log *q*"), Term("minus_entropy_p", "∫ *p* log *p*")),
        ),
        Sum(
            Term("reverse", "KL(*q* ‖ *p*)"),
            (Term("reverse_cross", "−∫ *q* log *p*"), Term("minus_entropy_q", "∫ *q* log *q*")),
        ),
    )
    method = Choice(
        "method",
        "how q descends",
        (("gradient", "gradient"), ("adam", "Adam"), ("newton", "Newton")),
    )
    controls: tuple[Slider | Choice, ...] = (
        *_component_sliders(state, window),
        *_q_sliders(window),
        Slider("step", "step", "steps of the descent", 0, STEPS, 1, digits=0, play=True),
        Slider("n", "n", "number of samples", 10, SAMPLES, 10, digits=0),
        method,
    )
    return Spec("kl_fit", controls, _presets(state), tuple(axes), sums, columns=2)


def _component_sliders(state: State, window: Window) -> tuple[Slider, ...]:
    unit, digits = window.unit, max(0, 2 - int(np.floor(np.log10(window.unit))))
    low, high = window.center - HALF * unit, window.center + HALF * unit
    step = float(f"{0.05 * unit:.12g}")
    sliders: list[Slider] = []
    for k in range(len(state.means)):
        i = "₁₂₃₄₅"[k]
        sliders += [
            Slider(f"means.{k}", f"m{i}", f"mean of component {k + 1}", low, high, step, digits),
            Slider(
                f"widths.{k}", f"s{i}", f"width of component {k + 1}", *window.widths, step, digits
            ),
            Slider(f"weights.{k}", f"w{i}", f"relative weight of component {k + 1}", 0, 1, 0.01),
        ]
    return tuple(sliders)


def _q_sliders(window: Window) -> tuple[Slider, ...]:
    unit, digits = window.unit, max(0, 2 - int(np.floor(np.log10(window.unit))))
    low, high = window.center - HALF * unit, window.center + HALF * unit
    step = float(f"{0.05 * unit:.12g}")
    return tuple(
        slider
        for name, arrow in (("forward", "→"), ("reverse", "←"))
        for slider in (
            Slider(f"{name}_q.0", f"{arrow} μ", f"mean of the {name} q", low, high, step, digits),
            Slider(
                f"{name}_q.1", f"{arrow} σ", f"width of the {name} q", *window.sigmas, step, digits
            ),
        )
    )


def _densities(direction: Direction) -> Axes:
    forward = direction == "forward"
    title = "Forward: cover what *p* does" if forward else "Reverse: do only what *p* does"
    samples: tuple[Mark, ...] = (Rug("sample", "observation"),) if forward else ()
    return Axes(
        title,
        "*x*",
        "",
        "window",
        "density_limits",
        (
            Note(f"{{{direction}_label}}", "loss"),
            *samples,
            Area("grid", "density", "truth"),
            Line("grid", "density", "truth"),
            Line(f"{direction}_best_x", f"{direction}_best_y", "optimum", dashed=True),
            Line(f"{direction}_x", f"{direction}_y", "model"),
            Points(
                "means_x",
                "means_y",
                "truth",
                "{means_labels}",
                drag=Drag(x="means.{i}", wheel="widths.{i}"),
            ),
            Points(
                f"{direction}_q_x",
                f"{direction}_q_y",
                "model",
                "*q*",
                drag=Drag(x=f"{direction}_q.0", wheel=f"{direction}_q.1"),
            ),
        ),
        f"{{{direction}_said}}",
        height=0.82,
    )


def _map(direction: Direction, title: str, marks: tuple[Mark, ...]) -> Axes:
    return Axes(
        title,
        "*μ*",
        "log *σ*",
        "window",
        "log_sigmas",
        (
            Landscape(f"{direction}_landscape", f"{direction}_levels"),
            Note(f"{{{direction}_quality}}", "optimum", "bottom left"),
            Line(f"{direction}_path_x", f"{direction}_path_y", "model"),
            *marks,
            Points(
                f"{direction}_q_x",
                f"{direction}_q_t",
                "model",
                drag=Drag(x=f"{direction}_q.0", y=f"{direction}_q.1", log="y"),
            ),
        ),
        f"{{{direction}_map_said}}",
        height=0.9,
    )


def _forward_map() -> Axes:
    marks = (
        Points("sample_mu", "sample_t", "observation", "{sample_label}", shape="cross"),
        Points("forward_best_mu", "forward_best_t", "optimum", "{forward_best_label}", small=True),
    )
    return _map("forward", "KL(*p* ‖ *q*) for every *q*", marks)


def _reverse_map() -> Axes:
    marks = (
        Points("saddle_mu", "saddle_t", "muted", shape="cross", small=True),
        Points("other_mu", "other_t", "optimum", "{other_labels}", shape="ring", small=True),
        Points("best_mu", "best_t", "optimum", "{best_labels}", small=True),
    )
    return _map("reverse", "KL(*q* ‖ *p*) for every *q*", marks)


def _strip_axes(what: Literal["value", "place"]) -> Axes:
    value = what == "value"
    to = Drag(x="means.1", origin="first_mean")
    guides: tuple[Mark, ...] = (
        Line("strip_ends", "left_mean", "truth"),
        Line("strip_ends", "right_mean", "truth"),
    )
    return Axes(
        "What each reverse minimum costs" if value else "Where it lies, and the two means",
        "separation",
        "",
        "apart_limits",
        f"{what}_limits",
        (
            *(() if value else guides),
            Line("ridge_x", f"ridge_{what}", "muted", dashed=True),
            Line("branch_x", f"branch_{what}", "loss"),
            Rule("separation", "truth", "{apart_label}" if value else "", drag=to),
            Points(
                "other_apart", f"other_{what}", "optimum", "",
                shape="ring", small=True,
            ),
            Points(
                "best_apart", f"best_{what}", "optimum", "{best_labels}" if value else "",
                small=True,
            ),
        ),
        "{strip_said}" if value else "{place_said}",
        click=to,
        height=0.72,
    )  # fmt: skip


def _presets(state: State) -> tuple[Preset, ...]:
    count, held = len(state.means), state.fixed_sigma is not None
    q = (1.2, 2.2)
    mixtures: tuple[tuple[str, str, Numbers, Numbers, Numbers], ...] = (
        ("far apart", "equal weights, 6 apart", (-3.0, 3.0), (1.0, 1.0), (0.5, 0.5)),
        ("unequal", "60 % and 40 %", (-3.0, 3.0), (1.0, 1.2), (0.6, 0.4)),
        ("close", "2.5 apart: both directions cover", (-1.25, 1.25), (1.0, 1.0), (0.5, 0.5)),
        ("broad, narrow", "a wide and a slim one", (-2.0, 3.0), (2.5, 0.5), (0.7, 0.3)),
        ("one minimum", "80 % and 20 %, 4 apart", (-2.0, 2.0), (1.0, 1.0), (0.8, 0.2)),
        ("three modes", "", (-5.0, 0.0, 5.0), (1.0, 1.0, 1.0), (0.3, 0.4, 0.3)),
    )
    buttons = []
    for label, note, means, widths, weights in mixtures:
        values = _preset_values(means, widths, weights, q)
        fits = state.window is not None and (state.window.center, state.window.unit) == (0.0, 1.0)
        if fits and len(means) == count:
            del values["window"]
            values = _entries(values)
        buttons.append(Preset(label, values, note))
    buttons += [
        Preset("penguins", {}, "flipper lengths in mm: two Normals by EM", "penguins"),
        Preset("+ mode", {}, "one more component", "with_one_more" if count < MOST else ""),
        Preset("− mode", {}, "one component less", "with_one_less" if count > 1 else ""),
        Preset(
            "free σ" if held else "hold σ",
            {},
            "let sigma go" if held else "hold sigma of both q at one unit",
            "sigma_held_or_free",
        ),
    ]
    return tuple(buttons)


def _preset_values(
    means: tuple[float, ...],
    widths: tuple[float, ...],
    weights: tuple[float, ...],
    q: tuple[float, float],
) -> dict[str, Any]:
    return {
        "means": means,
        "widths": widths,
        "weights": weights,
        "forward_q": q,
        "reverse_q": q,
        "step": 0.0,
        "window": None,
    }


def _entries(values: dict[str, Any]) -> dict[str, float]:
    """Tuples as their entries, each under a name of its own."""
    entries: dict[str, float] = {}
    for name, value in values.items():
        numbers = {f"{name}.{i}": v for i, v in enumerate(value)} if type(value) is tuple else {}
        entries |= numbers or {name: value}
    return entries
