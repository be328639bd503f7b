"""What to return from a predicted distribution: its mode, mean or median, an interval, or all."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import Beta, Mixture, Normal, best_answer, fit_mle, interval_risk, risk
from explorer.core.risk import LOSSES, Loss, Predicted
from explorer.panels.inputs import column, real
from explorer.panels.words import chance
from explorer.spec import (
    Area,
    Axes,
    Blueprint,
    Drag,
    Frame,
    Line,
    Points,
    Preset,
    Rug,
    Rule,
    Slider,
    Spec,
    Sum,
    Term,
    nice_ceiling,
    number,
)

Array: TypeAlias = NDArray[np.float64]

LARGEST = 1e9
POINTS = 201
ANSWERS = ("mode", "median", "mean")
TITLES: Mapping[Loss, str] = {
    "zero_one": "How often it misses by more than {within}",
    "absolute": "How far off it is: |*y* − *t*|",
    "squared": "How far off, squared: (*y* − *t*)²",
}
BEST: Mapping[Loss, str] = {"zero_one": "", "absolute": "median", "squared": "mean"}


@dataclass(frozen=True)
class State:
    """A distribution, an answer to be returned from it, and how answers are judged.

    `window` is the stretch of the y axis that is shown, and that the sliders keep to.
    """

    answer: float
    tolerance: float
    level: float
    window: tuple[float, float]
    observations: tuple[float, ...]

    def __post_init__(self) -> None:
        low, high = self.window
        for name, domain in (
            ("answer", (low, high)),
            ("tolerance", (0.001 * (high - low), high - low)),
            ("level", (0.01, 0.99)),
        ):
            object.__setattr__(self, name, real(name, getattr(self, name), *domain))
        for name in self.parameters():
            value = real(name, getattr(self, name), *self.domain(name))
            object.__setattr__(self, name, value)
        if self.observations:
            seen = column("observations", self.observations, -LARGEST, LARGEST)
            object.__setattr__(self, "observations", seen)

    def parameters(self) -> tuple[str, ...]:
        """The names of the distribution's own parameters."""
        common = [f.name for f in fields(State)]
        return tuple(f.name for f in fields(self) if f.name not in common)

    def domain(self, name: str) -> tuple[float, float]:
        """The range of a parameter's slider."""
        low, high = self.window
        if name.startswith("mu"):
            return low, high
        return (0.01, 0.99) if name == "weight" else (0.005 * (high - low), 0.5 * (high - low))

    @property
    def distribution(self) -> Predicted:
        """What is predicted."""
        raise NotImplementedError


@dataclass(frozen=True)
class BetaState(State):
    """A Beta, from 0 to 1."""

    a: float
    b: float

    def domain(self, name: str) -> tuple[float, float]:
        """Shape parameters, in the range that the Beta panel starts with; wider where given."""
        return 0.05, nice_ceiling(max(self.a, self.b, 20.0), (20.0, 50.0, 100.0))

    @property
    def distribution(self) -> Beta:
        """Beta(a, b)."""
        return Beta(self.a, self.b)


@dataclass(frozen=True)
class NormalState(State):
    """A Normal."""

    mu: float
    sigma: float

    @property
    def distribution(self) -> Normal:
        """Normal(mu, sigma)."""
        return Normal(self.mu, self.sigma)


@dataclass(frozen=True)
class MixtureState(State):
    """Two Normals, the first with the probability `weight`."""

    mu_1: float
    sigma_1: float
    mu_2: float
    sigma_2: float
    weight: float

    @property
    def distribution(self) -> Mixture:
        """The mixture."""
        weights = np.array([self.weight, 1 - self.weight])
        components = (Normal(self.mu_1, self.sigma_1), Normal(self.mu_2, self.sigma_2))
        return Mixture(weights, components)


def point_estimate(
    distribution: Any = None,
    *,
    answer: float | None = None,
    tolerance: float | None = None,
    level: float = 0.8,
    observations: Any = None,
) -> Blueprint[Any]:
    """Show what to return when a whole distribution is predicted and one answer is wanted.

    The density with its mode, median, mean and central interval, and the expected loss of every
    answer t under three losses: 0-1 (|y - t| above a tolerance), absolute and squared.

    Parameters
    ----------
    distribution : Beta, Normal or Mixture of two Normals, optional
        What is predicted; a mixture with two far modes if not given.
    answer : float, optional
        The answer t to look at; the mean if not given.
    tolerance : float, optional
        Up to where an answer counts as a hit.
    level : float
        The probability of the central interval, from 0.01 to 0.99.
    observations : list, array or Series, optional
        Data of which the distribution is to be fitted by maximum likelihood: two Normals.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["mode"]``, ``["mean"]``, ``["median"]``, ``["interval"]`` and ``["risks"]``:
        the expected loss by answer ("mode", "median", "mean", "answer", "interval",
        "distribution") and loss ("zero_one", "absolute", "squared").

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    seen: tuple[float, ...] = ()
    if observations is not None:
        if distribution is not None:
            raise ValueError(
                f"observations = {observations!r}: allowed is either them or distribution"
            )
        seen = column("observations", observations, -LARGEST, LARGEST)
        try:
            distribution = fit_mle(Mixture, seen)
        except ValueError as error:
            raise ValueError(f"observations = {observations!r}: {error}") from None
    elif distribution is None:
        distribution = Mixture(np.array([0.6, 0.4]), (Normal(0.0, 1.0), Normal(5.0, 0.6)))
    window = _window(distribution)
    rest: dict[str, Any] = {
        "answer": min(max(float(distribution.mean()), window[0]), window[1])
        if answer is None
        else answer,
        "tolerance": _rounded(0.04 * (window[1] - window[0])) if tolerance is None else tolerance,
        "level": level,
        "window": window,
        "observations": seen,
    }
    state: State
    if isinstance(distribution, Beta):
        state = BetaState(a=float(distribution.a), b=float(distribution.b), **rest)
    elif isinstance(distribution, Normal):
        mu, sigma = float(distribution.mu), float(distribution.sigma)
        state = NormalState(mu=mu, sigma=sigma, **rest)
    else:
        (mu_1, mu_2), (sigma_1, sigma_2) = distribution.table.mu, distribution.table.sigma
        state = MixtureState(
            mu_1=float(mu_1),
            sigma_1=float(sigma_1),
            mu_2=float(mu_2),
            sigma_2=float(sigma_2),
            weight=float(distribution.weights[0]),
            **rest,
        )
    return Blueprint(state, view, spec)


def _window(p: Any) -> tuple[float, float]:
    """The stretch of the axis that holds nearly all of p, with round ends."""
    if isinstance(p, Beta) and np.ndim(p.a) == np.ndim(p.b) == 0:
        return 0.0, 1.0
    if isinstance(p, Normal) and np.ndim(p.mu) == np.ndim(p.sigma) == 0:
        mu, sigma = np.array([p.mu]), np.array([p.sigma])
    elif isinstance(p, Mixture) and len(p.components) == 2:
        mu, sigma = p.table.mu, p.table.sigma
    else:
        raise ValueError(
            f"distribution = {p!r}: allowed is a Beta, a Normal or a Mixture of two Normals, "
            "each with single numbers as parameters"
        )
    low, high = float((mu - 3.5 * sigma).min()), float((mu + 3.5 * sigma).max())
    step = _rounded((high - low) / 20)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def _rounded(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = float(10 ** np.floor(np.log10(value)))
    return float(f"{nice_ceiling(value / power, (1.0, 2.0, 5.0, 10.0)) * power:.12g}")


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen."""
    p = state.distribution
    tail = 0.5 * (1 - state.level)
    low, median, high = _quantiles(p, tail)
    fixed = _of_distribution(p, state.window, median)
    digits, width = _digits(state.window), state.window[1] - state.window[0]
    answers: dict[str, float] = {name: fixed[name] for name in ANSWERS}
    answers["answer"] = state.answer
    inside = np.linspace(low, high, 61)
    frame: dict[str, Any] = {
        **fixed,
        "answer": state.answer,
        "tolerance": state.tolerance,
        "level": state.level,
        "interval": np.array([low, high]),
        "interval_x": inside,
        "interval_y": np.exp(p.log_prob(inside)),
        "answer_label": f"*t* = {number(state.answer, digits)}",
        "within": number(state.tolerance, digits),
        "observed": np.array(state.observations),
    }
    risks: dict[str, dict[str, float]] = {name: {} for name in answers}
    risks |= {"interval": {}, "distribution": {}}
    for loss in LOSSES:
        best = median if loss == "absolute" else _best(p, loss, state.tolerance)
        places = np.array([*answers.values(), best])
        costs = [float(v) for v in risk(p, places, loss, state.tolerance)]
        for name, cost in zip(answers, costs, strict=False):
            risks[name][loss] = cost
        risks["distribution"][loss] = costs[-1]
        risks["interval"][loss] = float(interval_risk(p, low, high, loss))
        # What stands on one point has one label.
        near = [name for name in ANSWERS if abs(answers[name] - best) < 0.002 * width]
        near.sort(key=lambda name: name != BEST[loss])
        others = [name for name in ANSWERS if name not in near]
        alone = all(not abs(answers[name] - state.answer) < 0.002 * width for name in ANSWERS)
        finite = [c for c in costs if np.isfinite(c)]
        frame |= {
            f"{loss}_curve": _curve(p, loss, state.window, state.tolerance),
            f"{loss}_cost": risks["answer"][loss],
            f"{loss}_label": number(risks["answer"][loss]) if alone else "",
            f"{loss}_best_x": np.array([best]),
            f"{loss}_best_y": np.array([costs[-1]]),
            f"{loss}_best_label": f"{', '.join(near) or 'best'} {number(costs[-1])}",
            f"{loss}_others_x": np.array([answers[name] for name in others]),
            f"{loss}_others_y": np.array([risks[name][loss] for name in others]),
            f"{loss}_others_labels": tuple(f"{n} {number(risks[n][loss])}" for n in others),
            f"{loss}_interval_y": np.full(2, risks["interval"][loss]),
            f"{loss}_interval_label": f"interval {number(risks['interval'][loss])}",
            f"{loss}_limits": np.array([0.0, 1.0 if loss == "zero_one" else _top(max(finite))]),
            f"{loss}_said": f"The expected {loss.replace('_', '-')} loss of every answer; at "
            f"{number(state.answer, digits)} it is {number(risks['answer'][loss])}, at the best, "
            f"{number(best, digits)}, {number(costs[-1])}.",
        }
    mean, t = fixed["mean"], state.answer
    frame |= {
        "risks": risks,
        "variance": float(p.variance()),
        "bias": (mean - t) ** 2,
        "below": 0.5 * (risks["answer"]["absolute"] + t - mean),
        "above": 0.5 * (risks["answer"]["absolute"] - t + mean),
        "sentence": _sentence(state, fixed, risks, (low, high)),
    }
    return frame


def _sentence(
    state: State,
    fixed: Mapping[str, Any],
    risks: Mapping[str, Mapping[str, float]],
    interval: tuple[float, float],
) -> str:
    digits = _digits(state.window)
    costs, least = risks["answer"], risks["distribution"]
    said = (
        f"Who returns {number(state.answer, digits)} misses by more than "
        f"{number(state.tolerance, digits)} with a probability {chance(costs['zero_one'])}, "
        f"and is off by {number(costs['absolute'])} on average."
    )
    winners = [
        what
        for loss, what in zip(LOSSES, ("hits", "distance", "squared distance"), strict=True)
        if costs[loss] <= least[loss] * (1 + 1e-6) + 1e-9
    ]
    if len(winners) == 3:
        said += " No other answer is better for any of the three questions."
    elif winners:
        said += f" For {' and '.join(winners)} no other answer is better."
    else:
        said += " For each of the three questions another answer is better."
    heights = fixed["density_at"]
    if fixed["modes"] > 1 and heights["mean"] < 0.25 * heights["mode"] < np.inf:
        said += (
            f" The mean, {number(fixed['mean'], digits)}, lies between the modes, where next to "
            "nothing happens."
        )
    return (
        f"{said} The central {100 * state.level:.0f} % lie from {number(interval[0], digits)} to "
        f"{number(interval[1], digits)}; from the whole distribution each question gets its own "
        "best answer."
    )


@lru_cache(maxsize=64)
def _of_distribution(p: Predicted, window: tuple[float, float], median: float) -> Mapping[str, Any]:
    """What depends on no answer."""
    grid = _grid(p, window)
    density = np.exp(p.log_prob(grid))
    mode, modes = _modes(p)
    found = {"mode": mode, "median": median, "mean": float(p.mean())}
    heights = {name: float(np.exp(p.log_prob(at))) for name, at in found.items()}
    shown = density[(grid > 0.02) & (grid < 0.98)] if isinstance(p, Beta) else density
    peak = max(float(shown.max()), *(h for h in heights.values() if np.isfinite(h)))
    digits = _digits(window)
    return {
        **found,
        "modes": float(modes),
        "density_at": heights,
        "y_grid": grid,
        "density": density,
        "density_limits": np.array([0.0, _top(peak, 1.1)]),
        "marks_x": np.array(list(found.values())),
        "marks_y": np.array(list(heights.values())),
        "marks_labels": _labels(found, 0.002 * (window[1] - window[0]), digits),
        "density_said": "The predicted density, with "
        + ", ".join(f"{n} {number(v, digits)}" for n, v in found.items() if np.isfinite(v))
        + " and a central interval.",
    }


def _labels(found: Mapping[str, float], apart: float, digits: int) -> tuple[str, ...]:
    """A label for each point; those closer than `apart` share the first one's."""
    labels: list[str] = []
    for i, (name, at) in enumerate(found.items()):
        same = [n for n, v in found.items() if n == name or abs(v - at) < apart]
        first = same[0] == list(found)[i]
        labels.append(f"{', '.join(same)} {number(at, digits)}" if first else "")
    return tuple(labels)


def _modes(p: Predicted) -> tuple[float, int]:
    """The mode, nan where it is not one point, and the number of local maxima."""
    if isinstance(p, Beta):
        return float(p.mode()), 2 if max(p.a, p.b) < 1 else 1
    if isinstance(p, Normal):
        return float(p.mu), 1
    modes = p.modes()
    heights = p.log_prob(modes)
    highest = modes[heights > heights.max() - 1e-12]
    return float(highest[0]) if highest.size == 1 else np.nan, modes.size


@lru_cache(maxsize=64)
def _best(p: Predicted, loss: Loss, tolerance: float) -> float:
    return best_answer(p, loss, tolerance)


@lru_cache(maxsize=64)
def _quantiles(p: Predicted, tail: float) -> tuple[float, float, float]:
    """The lower end of the central interval, the median, and the upper end."""
    low, median, high = np.asarray(p.quantile(np.array([tail, 0.5, 1 - tail]))).tolist()
    return low, median, high


@lru_cache(maxsize=64)
def _curve(p: Predicted, loss: Loss, window: tuple[float, float], tolerance: float) -> Array:
    return risk(p, _grid(p, window), loss, tolerance)


@lru_cache(maxsize=16)
def _even(window: tuple[float, float]) -> Array:
    return np.linspace(*window, POINTS)


@lru_cache(maxsize=1)
def _dense_at_ends() -> Array:
    return (1 - np.cos(np.linspace(0, np.pi, POINTS))) / 2  # where a Beta may be steep


def _grid(p: Predicted, window: tuple[float, float]) -> Array:
    return _dense_at_ends() if isinstance(p, Beta) else _even(window)


def _top(value: float, room: float = 1.3) -> float:
    """The upper end of an axis, in steps, with some room above `value`."""
    need = max(room * value, 1e-12)
    power = float(10 ** np.floor(np.log10(need)))
    return nice_ceiling(need / power, (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)) * power


def _digits(window: tuple[float, float]) -> int:
    """Decimals that tell the positions of a slider apart."""
    return max(0, -int(np.floor(np.log10((window[1] - window[0]) / 200))))


# ------------------------------------------------------------------------------------------ spec


SYMBOLS = {
    "a": ("a", "shape parameter a"),
    "b": ("b", "shape parameter b"),
    "mu": ("μ", "mean mu"),
    "sigma": ("σ", "standard deviation sigma"),
    "mu_1": ("μ₁", "mean of the first mode"),
    "sigma_1": ("σ₁", "width of the first mode"),
    "mu_2": ("μ₂", "mean of the second mode"),
    "sigma_2": ("σ₂", "width of the second mode"),
    "weight": ("w", "weight of the first mode"),
}


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    window, digits = state.window, _digits(state.window)
    width = window[1] - window[0]
    step = _rounded(width / 400)

    def slider(name: str) -> Slider:
        low, high = state.domain(name)
        fine = 0.05 if isinstance(state, BetaState) else 0.01 if name == "weight" else step
        return Slider(name, *SYMBOLS[name], low, high, fine, 2 if fine in (0.05, 0.01) else digits)

    tolerances = (min(step, state.tolerance), max(0.25 * width, state.tolerance))
    controls = (
        Slider("answer", "t", "answer t", *window, step, digits),
        *(slider(name) for name in state.parameters()),
        Slider("tolerance", "within", "tolerance", *tolerances, step, digits),
        Slider("level", "level", "probability of the interval", 0.01, 0.99, 0.01),
    )
    rule = Rule("answer", "loss", "{answer_label}", Drag(x="answer"))
    density = Axes(
        "What is predicted, and what to return",
        "*y*",
        "",
        window,
        "density_limits",
        (
            Area("y_grid", "density", "model"),
            Area("interval_x", "interval_y", "model"),
            Line("y_grid", "density", "model"),
            *((Rug("observed", "observation"),) if state.observations else ()),
            rule,
            Points("marks_x", "marks_y", "optimum", "{marks_labels}", drop="x", small=True),
        ),
        "{density_said}",
        height=0.72,
    )
    risks = tuple(
        Axes(
            TITLES[loss],
            "*t*",
            "",
            window,
            f"{loss}_limits",
            (
                Line("y_grid", f"{loss}_curve", "loss"),
                Line("interval", f"{loss}_interval_y", "model", label=f"{{{loss}_interval_label}}"),
                Points(
                    f"{loss}_others_x",
                    f"{loss}_others_y",
                    "muted",
                    f"{{{loss}_others_labels}}",
                    small=True,
                ),
                Points(
                    f"{loss}_best_x",
                    f"{loss}_best_y",
                    "optimum",
                    f"{{{loss}_best_label}}",
                    small=True,
                ),
                Points(
                    "answer", f"{loss}_cost", "loss", f"{{{loss}_label}}", drag=Drag(x="answer")
                ),
            ),
            f"{{{loss}_said}}",
            height=0.72,
        )
        for loss in LOSSES
    )
    absolute = (Term("below", "where *y* < *t*"), Term("above", "where *y* > *t*"))
    squared = (Term("variance", "variance of *y*"), Term("bias", "(mean − *t*)²"))
    sums = (
        Sum(Term("absolute_cost", "E|*y* − *t*|"), absolute),
        Sum(Term("squared_cost", "E(*y* − *t*)²"), squared),
    )
    return Spec("point_estimate", controls, _presets(state), (density, *risks), sums, columns=2)


def _presets(state: State) -> tuple[Preset, ...]:
    answers = tuple(
        Preset(f"return the {name}", {"answer": f"{{{name}}}"}, f"the {name} as the answer")
        for name in ANSWERS
    )
    if isinstance(state, BetaState):
        shapes = {"skewed": (2.0, 5.0), "symmetric": (4.0, 4.0), "U-shaped": (0.5, 0.5)}
        return answers + tuple(
            Preset(label, {"a": a, "b": b}, f"({a:g}, {b:g})") for label, (a, b) in shapes.items()
        )
    if isinstance(state, MixtureState):
        spread = {"sigma_1": state.sigma_1, "sigma_2": state.sigma_1}
        middle = 0.5 * (state.mu_1 + state.mu_2)
        return (
            *answers,
            Preset("equal halves", {**spread, "weight": 0.5}, "two modes of one height"),
            Preset("one mode", {"mu_1": middle, "mu_2": middle}, "one upon the other"),
        )
    return answers
