"""One Normal for a mixture: the best fits of the forward and of the reverse KL divergence."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from explorer.core import (
    Branches,
    Fit,
    Mixture,
    Normal,
    Path,
    ReverseFits,
    descend,
    fit_alpha_divergence,
    fit_mle,
    fit_reverse_kl,
    forward_kl,
    highest_density_region,
    reverse_branches,
    reverse_kl,
)
from explorer.panels.inputs import column, real
from explorer.panels.mixtures import (
    HALF,
    LEVELS,
    Array,
    MixtureState,
    Numbers,
    Truth,
    Window,
    bell,
    component_sliders,
    density_limits,
    examples,
    forward_landscape,
    mean_handles,
    mixture,
    mu_slider,
    reverse_landscape,
    rows,
    shown_branches,
    shown_fits,
    shown_truth,
    sigma_slider,
)
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
    number,
)

Method: TypeAlias = Literal["gradient", "adam", "newton"]
Direction: TypeAlias = Literal["forward", "reverse"]

STEPS, RATES = 160, {"gradient": 0.1, "adam": 0.1, "newton": 1.0}
SAMPLES, SEED = 2000, 20240607
START = (1.2, 2.2)  # of q, in units
REACH = 2 * HALF  # of the strip, in units


@dataclass(frozen=True)
class State(MixtureState):
    """p, a Normal q for each direction, and how far both have descended."""

    forward_q: tuple[float, float] = START
    reverse_q: tuple[float, float] = START
    fixed_sigma: float | None = None
    method: Method = "gradient"
    step: float = 0.0
    n: float = 100.0

    def __post_init__(self) -> None:
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
        super().__post_init__()

    def qs(self) -> tuple[Numbers, Numbers]:
        """The mu and the sigma of both q."""
        mus, sigmas = zip(self.forward_q, self.reverse_q, strict=True)
        return mus, sigmas

    # What the buttons do.

    def sigma_held_or_free(self) -> dict[str, Any]:
        """Hold sigma at one unit, or let it go."""
        return {"fixed_sigma": self.shown.unit if self.fixed_sigma is None else None}

    def penguins(self) -> dict[str, Any]:
        """The flipper lengths of the penguins, two Normals by maximum likelihood."""
        q = (210.0, 10.0)
        return super().penguins() | {"forward_q": q, "reverse_q": q, "step": 0.0}


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


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen."""
    window = state.shown
    truth, fixed = state.truth, state.fixed_sigma
    p = mixture(truth)
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
    frame["density_limits"] = density_limits(
        window,
        *(frame[name] for name in ("means_y", "forward_q_y", "reverse_q_y", "best_heights")),
    )
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
    x, y = bell(q)
    name = "KL(*p* ‖ *q*)" if direction == "forward" else "KL(*q* ‖ *p*)"
    return {
        direction: value,
        f"{direction}_sigma": sigma,
        f"{direction}_x": x,
        f"{direction}_y": y,
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
    p = mixture(truth)
    forward = fit_alpha_divergence(p, 1.0, fixed).minima[0]
    fits = _reverse_fits(truth, fixed, window)
    best = (forward.q, fits.minima[0].q)
    region = highest_density_region(p)
    precision = np.array([np.diff(q.cdf(region), axis=1).sum() for q in best])
    recall = np.array([float(np.diff(p.cdf(q.quantile([0.025, 0.975])))[0]) for q in best])
    frame: dict[str, Value] = {
        **shown_truth(truth, window),
        **shown_fits(fits),
        "weights": np.array(weights),
        "separation": max(means) - min(means),
        "first_mean": means[0],
        "crossed": means[-1] < means[0],
        "forward_best": rows((forward,))[0],
        "reverse_minima": rows(fits.minima),
        "reverse_saddles": rows(fits.saddles),
        "best_heights": np.array([float(np.exp(q.log_prob(q.mu))) for q in best]),
        "precision": precision,
        "recall": recall,
        "forward_best_t": float(np.log(forward.q.sigma)),
        "forward_best_mu": float(forward.q.mu),
        "forward_best_label": number(forward.value),
        "held_t": np.full(2, np.nan if fixed is None else np.log(fixed)),
        "forward_landscape": forward_landscape(truth, window),
        "reverse_landscape": reverse_landscape(truth, window),
    }
    for direction, q, found, seen in zip(
        ("forward", "reverse"), best, precision, recall, strict=True
    ):
        frame[f"{direction}_best_x"], frame[f"{direction}_best_y"] = bell(q)
        frame[f"{direction}_quality"] = (
            f"precision {number(float(found), 2)}, recall {number(float(seen), 2)}"
        )
        values = np.asarray(frame[f"{direction}_landscape"])
        frame[f"{direction}_levels"] = float(values.min()) + LEVELS
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
    ends = np.array([0.0, REACH * unit])
    return {
        **shown_branches(branches, 0.1),
        "apart_limits": ends,
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


@lru_cache(maxsize=64)
def _sample(truth: Truth) -> Array:
    return mixture(truth).sample(np.random.default_rng(SEED), (SAMPLES,))


@lru_cache(maxsize=64)
def _path(
    truth: Truth,
    direction: Direction,
    start: tuple[float, float],
    method: Method,
    fixed: float | None,
) -> Path:
    return descend(
        mixture(truth),
        Normal(*start),
        direction,
        method=method,
        steps=STEPS,
        rate=RATES[method],
        fixed_sigma=fixed,
    )


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
        return fit_reverse_kl(mixture(truth), fixed)
    fits = _branches(*_left_first(truth), fixed, window.unit).at(abs(means[1] - means[0]))
    middle = 0.5 * (means[0] + means[1])
    minima, saddles = (
        tuple(Fit(Normal(fit.q.mu + middle, fit.q.sigma), fit.value) for fit in those)
        for those in (fits.minima, fits.saddles)
    )
    return ReverseFits(minima, saddles, fits.converged)


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
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
        *component_sliders(state),
        *_q_sliders(state.shown),
        Slider("step", "step", "steps of the descent", 0, STEPS, 1, digits=0, play=True),
        Slider("n", "n", "number of samples", 10, SAMPLES, 10, digits=0),
        method,
    )
    return Spec("kl_fit", controls, _presets(state), tuple(axes), sums, columns=2)


def _q_sliders(window: Window) -> tuple[Slider, ...]:
    return tuple(
        slider
        for name, arrow in (("forward", "→"), ("reverse", "←"))
        for slider in (
            mu_slider(window, f"{name}_q.0", f"{arrow} μ", f"mean of the {name} q"),
            sigma_slider(
                window, f"{name}_q.1", f"{arrow} σ", f"width of the {name} q", window.sigmas
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
            mean_handles(),
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
            Line("window", "held_t", "muted", dashed=True),
            Note(f"{{{direction}_quality}}", "optimum", "left"),
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
    to = Drag(x="means.1", origin="first_mean", backwards="crossed")
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
    held = state.fixed_sigma is not None
    return (
        *examples(state, {"forward_q": START, "reverse_q": START, "step": 0.0}),
        Preset(
            "free σ" if held else "hold σ",
            {},
            "let sigma go" if held else "hold sigma of both q at one unit",
            "sigma_held_or_free",
        ),
    )
