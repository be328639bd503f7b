"""One Normal for a mixture: the best fits of the forward and of the reverse KL divergence."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np

from explorer.core import Family, Normal
from explorer.parts import fits, mixtures
from explorer.parts.fits import Case, Direction, Moved
from explorer.parts.inputs import Limits, Numbers, real, refuse
from explorer.parts.mixtures import SIGMA, MixtureState, Pair, mixture
from explorer.parts.parameters import choice, one
from explorer.parts.ranges import decimals, fine_step
from explorer.scene import (
    Axis, Blueprint, Control, Drag, Line, Note, Plot, Points, Preset, Rug, Rule, Scene,
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
                kind = (*ends, width, decimals(width))
                group = f"{name} *q*"
                qs.append(Slider(f"{name}_q.{i}", symbol, label, *kind, group=group))
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
        where 95 % of that q is; ``q_precision`` and ``q_recall`` (2,), those of both q on screen;
        ``separation`` of the outermost means; ``maximum_likelihood``, a dict of mu and sigma.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    p = mixtures.given(means, sigmas, weights, widths, limits)
    start = beside(p["means"], p["sigmas"])
    p["forward_q"], p["reverse_q"] = (start if q is None else q for q in (forward_q, reverse_q))
    rest: dict[str, Any] = {"fixed_sigma": fixed_sigma, "method": method, "step": step, "n": n}
    return Blueprint("kl_fit", State(**p, **rest), view)


def beside(means: Numbers, sigmas: Numbers) -> Pair:
    """A q to begin with, in round numbers."""
    unit = mixtures.unit_of(mixtures.around(means, sigmas, means))
    digits = mixtures.digits_of(unit)
    mu = float(np.mean(means)) + 0.4 * max(float(np.std(means)), min(sigmas))
    sigma = max(2.2 * float(np.mean(sigmas)), mixtures.SPREADS["sigma"][0] * unit)
    (low, high), (narrowest, widest) = mixtures.MEAN, SIGMA
    sigma = min(max(round(sigma, digits), narrowest), widest)
    return min(max(round(mu, digits), low), high), sigma


def view(state: State) -> Scene:
    """All that is on screen."""
    case = Case(state.truth, state.fixed_sigma, state.limits["mu"])
    forward = fits.moved(case, "forward", state.forward_q, state.method, state.step)
    reverse = fits.moved(case, "reverse", state.reverse_q, state.method, state.step)
    both, (sample, likely) = (forward, reverse), fits.sampled(case, state.n)
    named: dict[str, Any] = {
        **{q.direction: q.value for q in both},
        "best": {q.direction: fits.best_of(q.found.minima) for q in both},
        "reverse_minima": reverse.found.minima,
        "reverse_saddles": reverse.found.saddles,
        "precision": np.array([q.found.quality.precision for q in both]),
        "recall": np.array([q.found.quality.recall for q in both]),
        "q_precision": np.array([q.quality.precision for q in both]),
        "q_recall": np.array([q.quality.recall for q in both]),
        "separation": max(state.means) - min(state.means),
        "maximum_likelihood": likely,
    }
    narrowest = min(min(q.sigma, q.found.minima[0, 1]) for q in both)
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
        (
            parted(forward, mixture(case.truth), "p", "q"),
            parted(reverse, Normal(reverse.mu, reverse.sigma), "q", "p"),
        ),
        presets(state),
        sentence(state, forward, reverse, likely),
    )


# ------------------------------------------------------------------ the plots, as they are seen


def densities(case: Case, q: Moved, height: Axis, *samples: Rug) -> Plot:
    name, value, curve = q.direction, number(q.value), mixtures.bell(q.mu, q.sigma)
    best = q.found.minima[0, :2].tolist()
    mean, width = f"{name}_q.0", f"{name}_q.1"
    top = Drag(mean, wheel=width, begin=q.begin)
    side = -1.0 if q.mu < 0.5 * sum(case.mu) else 1.0
    flank = Drag(width, origin=-side * q.mu, sign=side, begin=q.begin)
    at = math.nan if case.fixed else q.mu + side * q.sigma
    loss, hill = f"{TITLES[name]} = {value}", float(curve[1].max())
    aim = "*q* must cover all of *p*" if name == "forward" else "*q* must stay where *p* is"
    return Plot(
        f"{name.capitalize()}: {aim}",
        Axis("*x*", case.mu),
        height,
        f"The mixture p with the {name} q at mu = {number(q.mu, 2)}, sigma = "
        f"{number(q.sigma, 2)}: a divergence of {value} nats. Dashed, the best fit.",
        (
            *mixtures.densities(case.truth, case.mu, loss, mixtures.bell(*best), curve),
            *samples,
            Note(f"*q*: {q.quality}", "model", "left"),
            Points(at, mixtures.FLANK * hill, "model", small=True, drag=flank, quiet=True),
            Points(q.mu, hill, "model", "*q*", drag=top),
        ),
        tab="densities",
    )


def every_q(case: Case, q: Moved, *samples: Points) -> Plot:
    name, (bands, *rest) = q.direction, landscape(case, q.direction).marks
    width = "" if case.fixed else f"{name}_q.1"
    drag = Drag(f"{name}_q.0", width, log="y" if width else "", begin=q.begin)
    handle = Points(q.mu, math.log(q.sigma), "model", drag=drag)
    marks = (bands, Line(*q.path, "model"), *samples, *rest, handle)
    return replace(landscape(case, name), marks=marks, click=drag)


@lru_cache(maxsize=1024)
def landscape(case: Case, direction: Direction) -> Plot:
    """What of it depends on p alone."""
    forward, title = direction == "forward", TITLES[direction]
    minima, saddles, quality = fits.both(case)[0 if forward else 1]
    sigma = math.nan if case.fixed is None else math.log(case.fixed)
    also = ", and the maximum likelihood fit to samples of p" if forward else ""
    return fits.every_q(
        f"{title} for every *q*",
        f"{plain(title)} over all q, with {fits.listed(minima, saddles)}{also}.",
        case.mu,
        fits.landscape(case.truth, case.mu, float(forward)),
        minima,
        saddles,
        fits.values_of(minima),
        Line(np.array(case.mu), np.full(2, sigma), "muted", dashed=True),
        Note(f"best: {quality}", "optimum", "left"),
        tab="every *q*",
    )


@lru_cache(maxsize=1024)
def separations(case: Case) -> tuple[Plot, Plot]:
    """The value and the place of each reverse minimum, against the separation of two means."""
    first, last = case.truth[1]
    apart, branches = abs(last - first), fits.branches(case)
    minima = fits.both(case)[1].minima - (0.5 * (first + last), 0.0, 0.0)
    reach = fits.REACH * mixtures.unit_of(case.mu)
    ends, axis = np.array([0.0, reach]), Axis("separation", (0.0, reach))
    drag = Drag("means.1", origin=first, sign=-1.0 if last < first else 1.0)
    rule = Rule(apart, "truth", f"{number(apart, 2)} apart", drag=drag)
    strip = partial(fits.strip, branches, axis, rule, minima, tab="apart")
    at = f"At a separation of {number(apart, 2)} the reverse minima"
    where = ", ".join(number(place, 2) for place in minima[:, 0].tolist())
    return (
        strip(
            "What each reverse minimum costs",
            f"{at} are {', '.join(fits.values_of(minima))} nats.",
            fits.value_axis("KL(*q* ‖ *p*) (nats)", branches, 0.2),
        ),
        strip(
            "Where it lies, and the two means",
            f"{at} lie at {where} from the middle of the two means.",
            Axis("*μ* − middle", (-0.55 * reach, 0.55 * reach)),
            Line(ends, -0.5 * ends, "truth"),
            Line(ends, 0.5 * ends, "truth"),
            mu=True,
        ),
    )


# ---------------------------------------------------------------------------- words and buttons


def parted(q: Moved, over: Family, a: str, b: str) -> Sum:
    """The divergence as the cross-entropy less the entropy of a, which it averages over."""
    entropy = float(over.entropy())
    cross = Term(f"−∫ *{a}* log *{b}*", q.value + entropy)
    return Sum(Term(TITLES[q.direction], q.value), (cross, Term(f"∫ *{a}* log *{a}*", -entropy)))


def presets(state: State) -> tuple[Preset, ...]:
    unit = mixtures.unit_of(state.limits["mu"])
    if state.fixed_sigma is None:
        fix = Preset("fix σ", {"fixed_sigma": unit}, f"keep sigma of both q at {unit:g}")
    else:
        fix = Preset("free σ", {"fixed_sigma": None}, "let sigma of both q vary")
    return (*mixtures.buttons(state, "forward_q", "reverse_q"), fix)


def sentence(state: State, forward: Moved, reverse: Moved, likely: dict[str, float]) -> str:
    minima = reverse.found.minima
    mu, sigma, value = map(number, forward.found.minima[0].tolist())
    width = "its variance" if state.fixed_sigma is None else "the fixed sigma"
    covered, also = (number(100 * q.found.quality.recall, 1) for q in (forward, reverse))
    text = (
        f"Forward, there is one minimum and nothing to search: *p*’s mean, {mu}, and {width}, "
        f"*σ* = {sigma}, with a divergence of {value} nats; it covers {covered} % of *p*. Reverse, "
        f"{fits.in_words(minima)}; it covers {also} %. "
    )
    if state.step == 0:
        mu, sigma = (number(value, 2) for value in likely.values())
        return (
            f"{text}Maximum likelihood finds the forward fit from samples of *p* alone: *n* = "
            f"{state.n} of them give *μ* = {mu}, *σ* = {sigma}. The reverse fit needs the density "
            "of *p* itself."
        )
    mu_end, sigma_end = reverse.path[0][-1], np.exp(reverse.path[1][-1])
    off = np.abs(minima[:, :2] - (mu_end, sigma_end)).max(axis=1) / sigma_end
    if off.min() > 0.02:
        return f"{text}After {fits.STEPS} steps the reverse descent is still on its way."
    end = float(minima[off.argmin(), 2])
    rank = "the best minimum" if end < minima[0, 2] + fits.TIE else "a minimum that is not the best"
    return f"{text}From its start the reverse descent leads to {rank}, {number(end)} nats."
