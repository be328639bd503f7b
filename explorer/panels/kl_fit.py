"""One Normal for a mixture: the best fits of the forward and of the reverse KL divergence."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from explorer.core import Normal
from explorer.parts import fits, mixtures
from explorer.parts.fits import Case, Direction, Fits, Moved
from explorer.parts.inputs import Limits, Numbers, real, refuse
from explorer.parts.mixtures import SIGMA, MixtureState, Pair, mixture
from explorer.parts.parameters import choice, one
from explorer.parts.ranges import decimals, fine_step
from explorer.scene import (
    Array, Axis, Blueprint, Control, Drag, Line, Note, Plot, Points, Preset, Rug, Rule, Scene,
    Slider, Sum, Term, number, plain,
)  # fmt: skip

TITLES: dict[Direction, str] = {"forward": "KL(*p* ‖ *q*)", "reverse": "KL(*q* ‖ *p*)"}
METHODS = {"gradient": "gradient", "adam": "Adam", "newton": "Newton"}
TICKS = 80  # of the samples


@dataclass(frozen=True, kw_only=True)
class State(MixtureState):
    """p, a Normal q for each direction, and how far both have descended."""

    forward_q: Pair
    reverse_q: Pair
    fixed_sigma: float | None
    step: int = one("step", "steps of the descent", (0, fits.STEPS), whole=True, play=True)
    n: int = one("n", "number of samples", (10, fits.SAMPLES), whole=True, steps=200)
    method: str = choice("how q descends", METHODS)

    def __post_init__(self) -> None:
        for name in ("forward_q", "reverse_q"):
            try:
                mu, sigma = getattr(self, name)
            except (TypeError, ValueError):
                refuse(name, getattr(self, name), "a pair (mu, sigma)")
            pair = real(f"{name}[0]", mu, *mixtures.MEAN), real(f"{name}[1]", sigma, *SIGMA)
            object.__setattr__(self, name, pair)
        if self.fixed_sigma is not None:
            fixed = real("fixed_sigma", self.fixed_sigma, *SIGMA)
            object.__setattr__(self, "fixed_sigma", fixed)
        super().__post_init__()

    def placed(self) -> dict[str, Numbers]:
        """The values that a range has to hold, by its name."""
        mus, sigmas = zip(self.forward_q, self.reverse_q, strict=True)
        return {"mu": (*self.means, *mus), "sigmas": self.sigmas, "sigma": sigmas}

    def controls(self) -> tuple[Control, ...]:
        """Those of p, of both q and of the descent."""
        *components, step, n, method = super().controls()
        qs = []
        for name, arrow in (("forward", "→"), ("reverse", "←")):
            for i, what in enumerate(("mean", "standard deviation")):
                ends = self.limits[("mu", "sigma")[i]]
                width = fine_step(*ends, 400)
                symbol, label = f"{arrow} {'μσ'[i]}", f"{what} of the {name} q"
                qs.append(Slider(f"{name}_q.{i}", symbol, label, *ends, width, decimals(width)))
        return (*components, *qs, step, n, method)


def kl_fit(
    means: Any = (-3.0, 3.0),
    sigmas: Any = None,
    *,
    weights: Any = None,
    forward_q: Pair | None = None,
    reverse_q: Pair | None = None,
    fixed_sigma: float | None = None,
    method: Literal["gradient", "adam", "newton"] = "gradient",
    step: int = 0,
    n: int = 100,
    limits: Limits | None = None,
    widths: Any = None,
) -> Blueprint[State]:
    """Fit one Normal q to a mixture p of Normals, in both directions of the KL divergence.

    Forward, ``KL(p‖q) = integral of p log(p/q)`` has one minimum: p's own mean and variance.
    Reverse, ``KL(q‖p)`` may have many; all are marked, with the saddles between them.

    Parameters
    ----------
    means, sigmas : lists, arrays or Series of one length, optional
        Means and standard deviations of the components of p, at most 5; by default sigmas are 1.
    weights : list, array or Series, optional
        Relative weights of the components, by default equal.
    forward_q, reverse_q : (mu, sigma), optional
        Where the q of either direction is, or starts.
    fixed_sigma : float, optional
        Keeps sigma of both q at this value.
    method : {"gradient", "adam", "newton"}
        How q descends, and `step`: how many of 160 steps it has taken.
    n : int
        The number of samples of p (seeded), 10 to 2000, for the fit by maximum likelihood.
    limits : dict, optional
        A slider's range by name: ``"mu"`` (of all means, and what is on screen), ``"sigmas"`` (of
        p), ``"sigma"`` (of both q), ``"weights"``, ``"step"``, ``"n"``.
    widths
        An older name of `sigmas`.

    Returns
    -------
    explorer.stage.Panel
        Its frame has ``forward`` and ``reverse``, the divergences of both q in nats; ``best``, for
        each direction a dict of mu, sigma and value; ``reverse_minima`` (K, 3), rows (mu, sigma,
        value), best first; ``reverse_saddles`` (K - 1, 3) likewise; ``precision`` (2,), of the best
        forward and the best reverse q the share where 95 % of p is; ``recall`` (2,), the share of p
        where 95 % of that q is; ``separation`` of the outermost means; ``maximum_likelihood``, a
        dict of mu and sigma.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    p = mixtures.components(means, sigmas, weights, widths)
    q = beside(p["means"], p["sigmas"])
    qs: dict[str, Any] = {
        "forward_q": q if forward_q is None else forward_q,
        "reverse_q": q if reverse_q is None else reverse_q,
    }
    rest: dict[str, Any] = {"fixed_sigma": fixed_sigma, "method": method, "step": step, "n": n}
    return Blueprint("kl_fit", State(**p, **qs, **rest, limits=limits or {}), view)


def beside(means: Numbers, sigmas: Numbers) -> Pair:
    """A q to begin with, in round numbers."""
    unit = mixtures.scale(mixtures.around(means, sigmas))[1]
    digits = mixtures.digits_of(unit)
    mu = float(np.mean(means)) + 0.4 * max(float(np.std(means)), min(sigmas))
    sigma = max(2.2 * float(np.mean(sigmas)), mixtures.SPREADS["sigma"][0] * unit)
    return round(mu, digits), min(round(sigma, digits), SIGMA[1])


def view(state: State) -> Scene:
    """All that is on screen."""
    case = Case(state.truth, state.fixed_sigma, state.limits["mu"])
    found, (sample, likely) = fits.both(case), fits.sampled(case, state.n)
    moves = state.method, state.step
    forward = fits.moved(case, "forward", state.forward_q, *moves)
    reverse = fits.moved(case, "reverse", state.reverse_q, *moves)
    named = {
        "forward": forward.value,
        "reverse": reverse.value,
        "best": {"forward": fits.best_of(found.forward), "reverse": fits.best_of(found.reverse)},
        "reverse_minima": found.reverse,
        "reverse_saddles": found.saddles,
        "precision": found.precision,
        "recall": found.recall,
        "separation": max(state.means) - min(state.means),
        "maximum_likelihood": likely,
    }
    narrowest = min(forward.sigma, reverse.sigma, found.forward[0, 1], found.reverse[0, 1])
    height = mixtures.density_axis(case.truth, case.mu, narrowest)
    at = likely["mu"], math.log(likely["sigma"])
    return Scene(
        named,
        (
            densities(case, forward, height, Rug(sample[:TICKS], "observation")),
            densities(case, reverse, height),
            every_q(case, forward, Points(*at, "observation", f"*n* = {state.n}", shape="cross")),
            every_q(case, reverse),
            *(separations(case) if len(state.means) == 2 else ()),
        ),
        sums(case, forward, reverse),
        presets(state),
        sentence(state, found, reverse, likely),
        columns=2,
    )


# ------------------------------------------------------------------ the plots, as they are seen


def densities(case: Case, q: Moved, height: Axis, *samples: Rug) -> Plot:
    name, (x, y) = q.direction, mixtures.bell(q.mu, q.sigma)
    area, line, handles = mixtures.hills(case.truth, case.mu)
    aim = "*q* must cover all of *p*" if name == "forward" else "*q* must stay where *p* is"
    best = getattr(fits.both(case), name)[0, :2].tolist()
    drag = Drag(x=f"{name}_q.0", wheel=f"{name}_q.1")
    return Plot(
        f"{name.capitalize()}: {aim}",
        Axis("*x*", case.mu),
        height,
        f"The mixture p with the {name} q at mu = {number(q.mu, 2)}, sigma = "
        f"{number(q.sigma, 2)}: a divergence of {number(q.value)} nats. Dashed, the best fit.",
        (
            Note(f"{TITLES[name]} = {number(q.value)}", "loss"),
            *samples,
            area,
            line,
            Line(*mixtures.bell(*best), "optimum", dashed=True),
            Line(x, y, "model"),
            handles,
            Points(q.mu, float(y.max()), "model", "*q*", drag=drag),
        ),
        height=0.82,
    )


def every_q(case: Case, q: Moved, *samples: Points) -> Plot:
    plot, name = landscape(case, q.direction), q.direction
    bands, *marks = plot.marks
    drag = Drag(x=f"{name}_q.0", y=f"{name}_q.1", log="y")
    marks.append(Points(q.mu, math.log(q.sigma), "model", drag=drag))
    return replace(plot, marks=(bands, Line(*q.path, "model"), *samples, *marks))


@lru_cache(maxsize=1024)
def landscape(case: Case, direction: Direction) -> Plot:
    """What of it depends on p alone."""
    forward, found, title = direction == "forward", fits.both(case), TITLES[direction]
    minima, saddles = (found.forward, found.saddles[:0]) if forward else found[1:3]
    precision, recall = (number(shares[0 if forward else 1], 2) for shares in found[3:])
    best, *others = fits.values_of(minima)
    fixed = math.nan if case.fixed is None else math.log(case.fixed)
    also = ", and the maximum likelihood fit to samples of p" if forward else ""
    return Plot(
        f"{title} for every *q*",
        *fits.map_axes(case.mu),
        f"{plain(title)} over all q, with {fits.listed(minima, saddles)}{also}.",
        (
            fits.landscape(case.truth, case.mu, float(forward)),
            Line(np.array(case.mu), np.full(2, fixed), "muted", dashed=True),
            Note(f"precision {precision}, recall {recall}", "optimum", "left"),
            *fits.map_marks(minima, saddles, best, tuple(others)),
        ),
        height=0.9,
    )


@lru_cache(maxsize=1024)
def separations(case: Case) -> tuple[Plot, Plot]:
    """The value and the place of each reverse minimum, against the separation of two means."""
    first, last = case.truth[1]
    minima, branches = fits.both(case).reverse, fits.branches(case)
    apart, places = abs(last - first), minima[:, 0] - 0.5 * (first + last)
    best, *_ = values = fits.values_of(minima)
    ends = np.array([0.0, fits.REACH * mixtures.scale(case.mu)[1]])
    drag = Drag(x="means.1", origin=first, sign=-1.0 if last < first else 1.0)
    rule = Rule(apart, "truth", f"{number(apart, 2)} apart", drag=drag)
    at = f"At a separation of {number(apart, 2)} the reverse minima"
    where = ", ".join(number(place, 2) for place in places.tolist())
    value = Plot(
        "What each reverse minimum costs",
        Axis("separation", (0.0, float(ends[1]))),
        fits.value_axis(branches, 0.2),
        f"{at} are {', '.join(values)} nats.",
        fits.branch_marks(branches, 3, rule, minima[:, 2], best),
        click=drag,
        height=0.72,
    )
    place = Plot(
        "Where it lies, and the two means",
        value.x,
        Axis("", (-0.55 * float(ends[1]), 0.55 * float(ends[1]))),
        f"{at} lie at {where} from the middle of the two means.",
        (
            Line(ends, -0.5 * ends, "truth"),
            Line(ends, 0.5 * ends, "truth"),
            *fits.branch_marks(branches, 1, replace(rule, label=""), places),
        ),
        click=drag,
        height=0.72,
    )
    return value, place


# ---------------------------------------------------------------------------- words and buttons


def sums(case: Case, forward: Moved, reverse: Moved) -> tuple[Sum, ...]:
    """Each divergence as the cross-entropy less the entropy of what it averages over."""
    entropies = mixture(case.truth).entropy(), Normal(reverse.mu, reverse.sigma).entropy()
    return tuple(
        Sum(
            Term(TITLES[each.direction], each.value),
            (
                Term(f"−∫ *{a}* log *{b}*", each.value + float(entropy)),
                Term(f"∫ *{a}* log *{a}*", -float(entropy)),
            ),
        )
        for each, entropy, a, b in zip((forward, reverse), entropies, "pq", "qp", strict=True)
    )


def presets(state: State) -> tuple[Preset, ...]:
    unit = mixtures.scale(state.limits["mu"])[1]
    if state.fixed_sigma is None:
        fix = Preset("fix σ", {"fixed_sigma": unit}, f"keep sigma of both q at {unit:g}")
    else:
        fix = Preset("free σ", {"fixed_sigma": None}, "let sigma of both q vary")
    return (*mixtures.buttons(state, both_at), fix)


def both_at(q: Pair) -> dict[str, Any]:
    return {"forward_q": q, "reverse_q": q, "step": 0}


def sentence(state: State, found: Fits, reverse: Moved, likely: Mapping[str, float]) -> str:
    mu, sigma, value = map(number, found.forward[0].tolist())
    width = "its variance" if state.fixed_sigma is None else "the fixed sigma"
    covered, also = (f"it covers {number(100 * share, 1)} %" for share in found.recall.tolist())
    text = (
        f"Forward, there is one minimum and nothing to search: *p*’s mean, {mu}, and {width}, "
        f"*σ* = {sigma}, with a divergence of {value} nats; {covered} of *p*. Reverse, "
        f"{fits.in_words(found.reverse)}; {also}. "
    )
    if state.step > 0:
        return text + arrival(found.reverse, reverse.path)
    mu, sigma = (number(value, 2) for value in likely.values())
    return (
        f"{text}Maximum likelihood finds the forward fit from samples of *p* alone: *n* = "
        f"{state.n} of them give *μ* = {mu}, *σ* = {sigma}. The reverse fit needs the density of "
        "*p* itself."
    )


def arrival(minima: Array, path: tuple[Array, Array]) -> str:
    """Which of the minima the reverse descent leads to, if it comes to rest at one."""
    mu, sigma = path[0][-1], np.exp(path[1][-1])
    off = np.abs(minima[:, :2] - (mu, sigma)).max(axis=1) / sigma
    if off.min() > 0.02:
        return f"After {fits.STEPS} steps the reverse descent is still on its way."
    value = float(minima[off.argmin(), 2])
    best = value < minima[0, 2] + fits.TIE
    which = "the best minimum" if best else "a minimum that is not the best"
    return f"From its start the reverse descent leads to {which}, {number(value)} nats."
