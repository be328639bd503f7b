"""One Normal for a mixture, by every alpha-divergence between the reverse and the forward KL."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.core import (
    Branches,
    Mixture,
    Normal,
    alpha_branches,
    jensen_shannon,
    kl,
)
from explorer.panels.inputs import real
from explorer.panels.mixtures import (
    HALF,
    LEVELS,
    LOG_SIGMA,
    MU,
    Array,
    MixtureState,
    Truth,
    Window,
    bell,
    component_sliders,
    density_limits,
    examples,
    forward_landscape,
    log_density,
    mean_handles,
    mixture,
    models,
    reverse_landscape,
    rows,
    shown_branches,
    shown_fits,
    shown_truth,
)
from explorer.spec import (
    Area,
    Axes,
    Blueprint,
    Drag,
    Frame,
    Landscape,
    Line,
    Note,
    Points,
    Rule,
    Slider,
    Spec,
    Sum,
    Term,
    Value,
    number,
)

AS_GOOD_AS_AN_END = 1e-3  # for the landscape, which shows no smaller difference


@dataclass(frozen=True)
class State(MixtureState):
    """p, and which alpha-divergence from it is the smallest."""

    alpha: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", real("alpha", self.alpha, 0, 1))
        super().__post_init__()


def alpha_fit(
    means: Any = (-3.0, 3.0),
    widths: Any = (1.0, 1.0),
    weights: Any = (0.5, 0.5),
    alpha: float = 0.0,
) -> Blueprint[State]:
    """Fit one Normal q to a mixture p of Normals by the alpha-divergence, from reverse to forward.

    Amari's D = [1 - integral of p^alpha q^(1-alpha)] / [alpha (1-alpha)]: KL(q‖p) in the limit
    alpha = 0, KL(p‖q) in the limit 1. The best fit and all other local minima are shown.

    Parameters
    ----------
    means, widths, weights : list, array or Series
        The components of p, at most 5; widths are standard deviations; weights are relative.
    alpha : float
        From 0, the reverse, to 1, the forward divergence.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["best"]``, an array (mu, sigma, value), values in nats; ``["minima"]``, best
        first, and ``["saddles"]``, arrays of such rows; ``["value"]``, the least divergence;
        ``["jensen_shannon"]`` of p and the best q, at most log 2; ``["forward"]`` and
        ``["reverse"]``, its two KL divergences.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    return Blueprint(State(means, widths, weights, alpha), view, spec)


# ------------------------------------------------------------------------------------------ view


def view(state: State) -> Frame:
    """All that is on screen."""
    truth, window, alpha = state.truth, state.shown, state.alpha
    p = mixture(truth)
    fits = _branches(truth).at(alpha)
    q, value = fits.minima[0].q, fits.minima[0].value
    best_x, best_y = bell(q)
    landscape = _landscape(truth, window, alpha)
    frame: dict[str, Value] = {
        **shown_truth(truth, window),
        **shown_fits(fits),
        **_strips(truth, window),
        "alpha": alpha,
        "weights": np.array(truth[0]),
        "best": rows(fits.minima)[0],
        "minima": rows(fits.minima),
        "saddles": rows(fits.saddles),
        "value": value,
        "value_label": f"*D* = {number(value)}",
        "forward": float(kl(p, q)),
        "reverse": float(kl(q, p)),
        "best_x": best_x,
        "best_y": best_y,
        **_rivals([fit.q for fit in fits.minima[1:]]),
        "landscape": landscape,
        "levels": float(landscape.min()) + LEVELS,
        "alpha_label": f"*α* = {number(alpha, 2)}",
        "best_alpha": np.full(1, alpha),
        "other_alpha": np.full(len(fits.minima) - 1, alpha),
    }
    frame |= _between(truth, q)
    heights = np.array([float(np.exp(fit.q.log_prob(fit.q.mu))) for fit in fits.minima])
    frame["density_limits"] = density_limits(window, frame["means_y"], heights)
    frame["sentence"] = _sentence(state, frame)
    frame["map_said"] = (
        f"The divergence over all q at alpha = {number(alpha, 2)}: minima "
        f"{', '.join(number(fit.value) for fit in fits.minima)}; {len(fits.saddles)} saddles."
    )
    return frame


def _rivals(qs: list[Normal]) -> Frame:
    """The curves of the other minima as one line with gaps."""
    gap = np.full((2, 1), np.nan)
    curves = [np.concatenate([np.stack(bell(q)), gap], axis=1) for q in qs]
    x, y = np.concatenate([np.empty((2, 0)), *curves], axis=1)
    return {"other_x": x, "other_y": y}


def _between(truth: Truth, q: Normal) -> Frame:
    """The Jensen-Shannon divergence: both against the middle m of p and q."""
    weights, means, widths = truth
    half = tuple(0.5 * w for w in weights)
    m = Mixture(np.array([*half, 0.5]), (*map(Normal, means, widths), q))
    p = mixture(truth)
    return {
        "jensen_shannon": float(jensen_shannon(p, q)),
        "half_of_p": 0.5 * float(kl(p, m)),
        "half_of_q": 0.5 * float(kl(q, m)),
    }


def _sentence(state: State, frame: Frame) -> str:
    mu, sigma, value = np.asarray(frame["best"])
    minima = np.asarray(frame["minima"])
    alpha = state.alpha
    which = {0.0: ", the reverse KL,", 1.0: ", the forward KL,"}.get(alpha, "")
    tied = int((minima[:, 2] < value + 1e-9).sum())
    if len(minima) == 1:
        many = "the one minimum is"
    elif tied > 1:
        many = f"there are {len(minima)} minima, {tied} of them equally good; one is"
    else:
        many = f"there are {len(minima)} minima; the best is"
    ends = [float(np.asarray(frame[name])) for name in ("reverse", "forward")]
    return (
        f"At *α* = {number(alpha, 2)}{which} {many} at *μ* = {number(mu)}, *σ* = {number(sigma)}, "
        f"with a divergence of {number(value)} nats. Its reverse KL is {number(ends[0])}, its "
        f"forward KL {number(ends[1])}, and its Jensen–Shannon divergence from *p* "
        f"{number(float(np.asarray(frame['jensen_shannon'])))}, of at most log 2 = 0.693."
    )


# ------------------------------------------------------------------- what is worth remembering


@lru_cache(maxsize=64)
def _branches(truth: Truth) -> Branches:
    return alpha_branches(mixture(truth))


@lru_cache(maxsize=64)
def _strips(truth: Truth, window: Window) -> Frame:
    """Value and place of all minima against alpha."""
    branches = _branches(truth)
    alphas, mu, sigma, _ = branches.best()
    return {
        **shown_branches(branches, 0.75),
        "alphas": alphas,
        "shared": _shared(truth, window, mu, sigma),
        "bound": np.full(2, np.log(2)),
        "ends": np.array([0.0, 1.0]),
        "best_low": mu - sigma,
        "best_high": mu + sigma,
    }


def _shared(truth: Truth, window: Window, mu: Array, sigma: Array) -> Array:
    """The Jensen-Shannon divergence of p and many q, as accurately as it is drawn."""
    reach, step = 1.5 * HALF * window.unit, 0.4 * min(truth[2])
    x = window.center + np.linspace(-reach, reach, min(2 * int(reach / step) + 3, 4001))
    log_p = mixture(truth).log_prob(x)
    log_q = Normal(mu[:, None], sigma[:, None]).log_prob(x)
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    terms = np.exp(log_p) * (log_p - log_m) + np.exp(log_q) * (log_q - log_m)
    out: Array = 0.5 * terms.sum(axis=-1) * (x[1] - x[0])
    return out


def _landscape(truth: Truth, window: Window, alpha: float) -> Array:
    """D of every q on the grid, by the trapezoid rule on fixed nodes."""
    if alpha < AS_GOOD_AS_AN_END:
        return reverse_landscape(truth, window)
    if alpha > 1 - AS_GOOD_AS_AN_END:
        return forward_landscape(truth, window)
    nodes, log_q = models()[0], _log_models()
    log_p = log_density(truth, window, nodes)
    powers = np.exp(alpha * log_p) * np.gradient(nodes)
    shared = np.exp(np.float32(1 - alpha) * log_q) @ powers.astype(np.float32)
    values: Array = (1.0 - shared.astype(float)) / (alpha * (1 - alpha))
    return np.maximum(values, 0.0).reshape(LOG_SIGMA.size, MU.size)


@lru_cache(maxsize=1)
def _log_models() -> NDArray[np.float32]:
    return models()[1].astype(np.float32)


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    to = Drag(x="alpha")
    densities = Axes(
        "The best *q*, and its rivals",
        "*x*",
        "",
        "window",
        "density_limits",
        (
            Note("{value_label}", "loss"),
            Area("grid", "density", "truth"),
            Line("grid", "density", "truth"),
            Line("other_x", "other_y", "optimum", dashed=True),
            Line("best_x", "best_y", "model"),
            mean_handles(),
        ),
        "The mixture p and the best q. {sentence} Dashed, the other local minima.",
    )
    landscape = Axes(
        "*D* for every *q*",
        "*μ*",
        "log *σ*",
        "window",
        "log_sigmas",
        (
            Landscape("landscape", "levels"),
            Line("ridge_place", "ridge_t", "muted", dashed=True),
            Line("branch_place", "branch_t", "optimum"),
            *_minima("mu", "t", "{best_labels}"),
        ),
        "{map_said}",
    )
    costs = Axes(
        "What each minimum costs",
        "*α*, from reverse to forward",
        "",
        "ends",
        "value_limits",
        (
            Line("ends", "bound", "muted", dashed=True, label="log 2", at=0.9),
            Line("ridge_x", "ridge_value", "muted", dashed=True),
            Line("alphas", "shared", "model", label="Jensen–Shannon", at=0.75),
            Line("branch_x", "branch_value", "loss"),
            Rule("alpha", "truth", "{alpha_label}", drag=to),
            *_minima("alpha", "value", "{best_labels}"),
        ),
        "The divergence of every local minimum from alpha = 0 to 1. {map_said}",
        click=to,
    )
    places = Axes(
        "Where it lies: the best *μ* ± *σ*",
        "*α*, from reverse to forward",
        "",
        "ends",
        "window",
        (
            Area("alphas", "best_high", "model", base="best_low"),
            Line("ridge_x", "ridge_place", "muted", dashed=True),
            Line("branch_x", "branch_place", "loss"),
            Rule("alpha", "truth", drag=to),
            *_minima("alpha", "mu", ""),
        ),
        "The mean of every local minimum from alpha = 0 to 1, and one sigma around the best.",
        click=to,
    )
    sums = (
        Sum(Term("value", "*D*(*p* ‖ *q*)"), ()),
        Sum(
            Term("jensen_shannon", "Jensen–Shannon"),
            (Term("half_of_p", "½ KL(*p* ‖ *m*)"), Term("half_of_q", "½ KL(*q* ‖ *m*)")),
        ),
    )
    controls = (
        Slider("alpha", "α", "from reverse (0) to forward (1)", 0, 1, 0.01, play=True),
        *component_sliders(state),
    )
    axes = (densities, landscape, costs, places)
    return Spec("alpha_fit", controls, examples(state, {}), axes, sums, columns=2)


def _minima(x: str, y: str, label: str) -> tuple[Points, ...]:
    """The best minimum and the others, which show the entries best_x, other_x and so on."""
    saddles = (
        Points(f"saddle_{x}", f"saddle_{y}", "muted", shape="cross", small=True),
    ) if x == "mu" else ()  # fmt: skip
    return (
        *saddles,
        Points(f"other_{x}", f"other_{y}", "optimum", shape="ring", small=True),
        Points(f"best_{x}", f"best_{y}", "optimum", label, small=True),
    )
