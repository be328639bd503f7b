"""One Normal for a mixture, by every alpha-divergence between the reverse and the forward KL."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from explorer.core import Branches, Mixture, Normal, alpha_branches, jensen_shannon, kl
from explorer.parts import fits, mixtures
from explorer.parts.inputs import Interval, Limits
from explorer.parts.mixtures import MixtureState, Truth, mixture
from explorer.parts.parameters import one
from explorer.parts.plane import remembered
from explorer.scene import (
    Area, Array, Axis, Blueprint, Control, Drag, Line, Plot, Rule, Scene, Sum, Term, number,
)  # fmt: skip

ENDS = np.array([0.0, 1.0])


@dataclass(frozen=True, kw_only=True)
class State(MixtureState):
    """p, and which alpha-divergence from it is the smallest."""

    alpha: float = one("α", "from reverse (0) to forward (1)", (0.0, 1.0), steps=100, play=True)

    def controls(self) -> tuple[Control, ...]:
        """First alpha, then those of p."""
        *components, alpha = super().controls()
        return (alpha, *components)


def alpha_fit(
    means: Any = (-3.0, 3.0),
    sigmas: Any = None,
    *,
    weights: Any = None,
    alpha: float = 0.0,
    limits: Limits | None = None,
    widths: Any = None,
) -> Blueprint[State]:
    """Fit one Normal q to a mixture p of Normals by the alpha-divergence, from reverse to forward.

    Amari's ``D = [1 - integral of p^alpha q^(1-alpha)] / [alpha (1-alpha)]``: KL(q‖p) in the limit
    alpha = 0, KL(p‖q) in the limit 1. The best fit and all other local minima are marked.

    Parameters
    ----------
    means, sigmas : lists, arrays or Series of one length, optional
        Means and standard deviations of the components of p, at most 5; by default sigmas are 1.
    weights : list, array or Series, optional
        Relative weights of the components, by default equal.
    alpha : float
        From 0, the reverse, to 1, the forward divergence.
    limits : dict, optional
        A slider's range by name: ``"mu"`` (of all means, and what is on screen), ``"sigmas"``,
        ``"weights"``, ``"alpha"``.
    widths
        An older name of `sigmas`.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``value``, the least divergence in nats; ``best``, a dict of mu, sigma and
        value; ``minima`` (K, 3), rows (mu, sigma, value), best first, and ``saddles`` (K - 1, 3)
        likewise; and of p and the best q ``forward`` and ``reverse``, the two KL divergences, and
        ``jensen_shannon``, at most log 2.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    p = mixtures.given(means, sigmas, weights, widths, limits)
    return Blueprint("alpha_fit", State(**p, alpha=alpha), view)


def view(state: State) -> Scene:
    """All that is on screen."""
    p, found = mixture(state.truth), branches(state.truth).at(state.alpha)
    q, minima, saddles = found.minima[0].q, fits.rows(found.minima), fits.rows(found.saddles)
    named = {
        "value": found.minima[0].value,
        "best": fits.best_of(minima),
        "minima": minima,
        "saddles": saddles,
        "forward": float(kl(p, q)),
        "reverse": float(kl(q, p)),
        "jensen_shannon": float(jensen_shannon(p, q)),
    }
    text = sentence(state.alpha, minima, named)
    return Scene(
        named,
        (
            densities(state, minima, text),
            every_q(state, minima, saddles),
            *over_alpha(state, minima),
        ),
        sums(p, q, named),
        mixtures.buttons(state),
        text,
    )


# ------------------------------------------------------------------ the plots, as they are seen


def densities(state: State, minima: Array, text: str) -> Plot:
    truth, mu = state.truth, state.limits["mu"]
    best, *others = (mixtures.bell(*row[:2]) for row in minima.tolist())
    return Plot(
        "The best *q*, and the other minima",
        Axis("*x*", mu),
        mixtures.density_axis(truth, mu, float(minima[:, 1].min())),
        f"The mixture p and the best q. {text} Dashed, the other local minima.",
        mixtures.densities(
            truth, mu, f"*D* = {number(minima[0, 2])}", mixtures.joined(others), best
        ),
        tab="at this *α*",
    )


def every_q(state: State, minima: Array, saddles: Array) -> Plot:
    truth, mu, alpha = state.truth, state.limits["mu"], state.alpha
    return fits.every_q(
        "*D* for every *q*",
        f"The divergence over all q at alpha = {number(alpha, 2)}, with "
        f"{fits.listed(minima, saddles)}.",
        mu,
        fits.landscape(truth, mu, alpha),
        minima,
        saddles,
        fits.values_of(minima)[:1],
        *fits.branch_lines(branches(truth), 1, 2, "optimum"),
        tab="at this *α*",
    )


def over_alpha(state: State, minima: Array) -> tuple[Plot, Plot]:
    """The value and the place of every minimum."""
    all_minima, mu = branches(state.truth), state.limits["mu"]
    alphas, low, high, shared = best_along(state.truth, mu)
    alpha, drag = number(state.alpha, 2), Drag("alpha")
    rule = Rule(state.alpha, "muted", f"*α* = {alpha}", drag=drag)
    axis = Axis("*α*, from reverse to forward", (0.0, 1.0))
    strip = partial(fits.strip, all_minima, axis, rule, minima, tab="over *α*")
    return (
        strip(
            "What each minimum costs",
            "The divergence of every local minimum from alpha = 0 to 1; "
            f"at alpha = {alpha}, {', '.join(fits.values_of(minima))}.",
            fits.value_axis("*D* (nats)", all_minima, 0.75),
            Line(ENDS, np.full(2, np.log(2)), "muted", dashed=True, label="log 2", at=0.9),
            Line(alphas, shared, "loss", "Jensen–Shannon", True, at=0.75),
        ),
        strip(
            "Where it lies: the best *μ* ± *σ*",
            "The mean of every local minimum from alpha = 0 to 1, and one sigma around the best.",
            Axis("*μ*", mu),
            Area(alphas, high, "model", base=low),
            mu=True,
        ),
    )


# ---------------------------------------------------------------------------- words and buttons


def sums(p: Mixture, q: Normal, named: dict[str, Any]) -> tuple[Sum, Sum]:
    """D, and the Jensen-Shannon divergence by that of both from the middle of p and q."""
    middle = Mixture(np.array([*(0.5 * p.weights), 0.5]), (*p.components, q))
    parts = (
        Term("½ KL(*p* ‖ ½(*p* + *q*))", 0.5 * float(kl(p, middle))),
        Term("½ KL(*q* ‖ ½(*p* + *q*))", 0.5 * float(kl(q, middle))),
    )
    return (
        Sum(Term("*D*(*p* ‖ *q*)", named["value"]), ()),
        Sum(Term("Jensen–Shannon", named["jensen_shannon"]), parts),
    )


def sentence(alpha: float, minima: Array, named: dict[str, Any]) -> str:
    which = {0.0: ", the reverse KL,", 1.0: ", the forward KL,"}.get(alpha, "")
    return (
        f"At *α* = {number(alpha, 2)}{which} {fits.in_words(minima)}. Its reverse KL is "
        f"{number(named['reverse'])}, its forward KL {number(named['forward'])}, and its "
        f"Jensen–Shannon divergence from *p* {number(named['jensen_shannon'])}, of at most "
        "log 2 = 0.693."
    )


# ------------------------------------------------------------------------ what depends on p alone


@lru_cache(maxsize=64)
def branches(truth: Truth) -> Branches:
    return alpha_branches(mixture(truth))


@remembered(64)
def best_along(truth: Truth, mu: Interval) -> tuple[Array, Array, Array, Array]:
    """Over alpha, the best q's mu - sigma, mu + sigma and Jensen-Shannon divergence.

    As accurately as it is drawn.
    """
    alphas, mus, sigmas, _ = branches(truth).best()
    aside, step = 0.25 * (mu[1] - mu[0]), 0.4 * min(truth[2])
    x = np.linspace(mu[0] - aside, mu[1] + aside, min(2 * int(3 * aside / step) + 3, 4001))
    log_p = mixture(truth).log_prob(x)
    log_q = Normal(mus[:, None], sigmas[:, None]).log_prob(x)
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    terms = np.exp(log_p) * (log_p - log_m) + np.exp(log_q) * (log_q - log_m)
    return alphas, mus - sigmas, mus + sigmas, 0.5 * terms.sum(axis=-1) * (x[1] - x[0])
