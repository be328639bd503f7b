"""A mixture p of Normals as a panel's state, with its sliders, handles and buttons.

All that depends on p alone is remembered by its numbers, a `Truth`. The interval `mu` is what is on
screen of the line; its length is 16 units, in which the ranges of all sigmas are given.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np

from explorer.core import Mixture, Normal
from explorer.parts.inputs import Interval, Limits, Numbers, column, hull, intervals, refuse
from explorer.parts.parameters import Checked, Number, Parameters, declared, many
from explorer.parts.ranges import ONE_TWO_FIVE, ceiling
from explorer.scene import (
    Area, Array, Axis, Control, Drag, Line, Mark, Note, Points, Preset, number, tidy,
)  # fmt: skip

Truth: TypeAlias = tuple[Numbers, Numbers, Numbers]  # weights that sum to 1, means, sigmas
Pair: TypeAlias = tuple[float, float]  # mu and sigma
Curve: TypeAlias = tuple[Array, Array]  # x and y

MOST = 5  # components
MEAN, SIGMA, WEIGHT = (-1e6, 1e6), (1e-6, 1e6), (0.0, 1e6)
LEAST = 1e-9  # a unit over the size of means: else twelve digits do not tell positions apart
COMPONENT: dict[str, Any] = {"most": MOST, "visible": True, "group": "component"}
HALF = 8.0  # of what is on screen, in units
SPREADS = {"sigmas": (0.3, 4.0), "sigma": (0.3, 10.0)}  # of the components and of q, in units
Z = np.linspace(-4.0, 4.0, 65)
FLANK = math.exp(-0.5)  # of its height, one sigma beside the top of a hill
LADDER = (1.2, 2.0, 3.0, 5.0, 8.0, 12.0)
START = (1.2, 2.2)
EXAMPLES: tuple[tuple[str, str, Numbers, Numbers, Numbers, Pair], ...] = (
    ("far apart", "equal weights, 6 apart", (-3.0, 3.0), (1.0, 1.0), (0.5, 0.5), START),
    ("unequal", "60 % and 40 %", (-3.0, 3.0), (1.0, 1.2), (0.6, 0.4), START),
    ("close", "2.5 apart: both directions cover", (-1.25, 1.25), (1.0, 1.0), (0.5, 0.5), START),
    ("broad, narrow", "a wide and a narrow one", (-2.0, 3.0), (2.5, 0.5), (0.7, 0.3), START),
    ("one minimum", "80 % and 20 %, 4 apart", (-2.0, 2.0), (1.0, 1.0), (0.8, 0.2), START),
    ("three modes", "30, 40 and 30 %", (-5.0, 0.0, 5.0), (1.0, 1.0, 1.0), (0.3, 0.4, 0.3), START),
    ("penguins", "flipper lengths in mm: two Normals by EM",
     (190.9, 216.0), (6.5, 7.3), (0.6, 0.4), (210.0, 10.0)),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MixtureState(Parameters):
    """A mixture p of Normals. The weights are shares; others count by their share in their sum.

    `limits` that do not hold all means and sigmas give way to suited ones.
    """

    means: Numbers = many("m", "mean of component", MEAN, axis="mu", **COMPONENT)
    sigmas: Numbers = many("s", "standard deviation of component", SIGMA, steps=100, **COMPONENT)
    weights: Numbers = many("w", "weight of component", WEIGHT, steps=100, share=True, **COMPONENT)
    widths: Any = None  # an older name by which sigmas can be set

    def __post_init__(self) -> None:
        change, limits = partial(object.__setattr__, self), self.limits
        if self.widths is not None:
            change("sigmas", column("widths", self.widths, *SIGMA, MOST))
            change("widths", None)
        change("limits", Checked())  # no value is bound by them
        super().__post_init__()
        for name in ("sigmas", "weights"):
            if len(getattr(self, name)) != len(self.means):
                refuse(name, getattr(self, name), f"as many as the {len(self.means)} means")
        change("weights", shares(self.weights))
        change("limits", self._ranges(limits))

    @property
    def truth(self) -> Truth:
        """What determines p."""
        total = sum(self.weights)
        return tuple(weight / total for weight in self.weights), self.means, self.sigmas

    def placed(self) -> dict[str, Numbers]:
        """The values that a range has to hold, by its name."""
        return {"mu": self.means, "sigmas": self.sigmas}

    def controls(self) -> tuple[Control, ...]:
        """Those of one component after the other, then all else."""
        every, count = super().controls(), len(self.means)
        own = every[: 3 * count]
        if count == 1:  # whose share is all
            own = own[:2]
        return (*(c for k in range(count) for c in own[k::count]), *every[3 * count :])

    def _ranges(self, limits: Any) -> Checked:
        """These as they are if they hold all values, or as far as given; else such as suit p."""
        placed = self.placed()
        if type(limits) is Checked and _hold(limits, placed):
            return limits
        asked = {} if limits is None or type(limits) is Checked else limits
        kinds = declared(type(self)).items()
        own = {n: k.domain for n, k in kinds if isinstance(k, Number) and not k.most}
        spreads = {name: ends for name, ends in SPREADS.items() if name in placed}
        domains = {"mu": MEAN, "weights": (0.0, 1.0), **dict.fromkeys(spreads, SIGMA), **own}
        ranges = intervals(asked, domains, domains)
        if "mu" not in asked:
            ranges["mu"] = around(self.means, self.sigmas, placed["mu"])
        unit = unit_of(ranges["mu"])
        for name in spreads.keys() - asked:
            low, high = spreads[name]
            ranges[name] = hull((tidy(low * unit), tidy(high * unit)), *placed[name])
        if not _hold(ranges, placed):
            refuse("limits", limits, "what holds all means, sigmas and q")
        return Checked(ranges)


def _hold(ranges: Limits, placed: Mapping[str, Numbers]) -> bool:
    return all(hull(ranges[name], *values) == ranges[name] for name, values in placed.items())


def given(means: Any, sigmas: Any, weights: Any, widths: Any, limits: Any) -> dict[str, Any]:
    """What a user says of p, with sigmas by either name; else sigmas of 1 and equal weights."""
    if sigmas is not None and widths is not None:
        refuse("widths", widths, "None where sigmas is given")
    means = column("means", means, *MEAN, MOST)
    count = len(means)
    by, sigmas = ("sigmas", sigmas) if widths is None else ("widths", widths)
    sigmas = (1.0,) * count if sigmas is None else column(by, sigmas, *SIGMA, MOST)
    weights = (1 / count,) * count if weights is None else weights
    return {"means": means, "sigmas": sigmas, "weights": weights, "limits": limits}


def shares(weights: Numbers) -> Numbers:
    """Relative weights as shares that sum to 1; as they are where they do."""
    total = sum(weights)
    if total == 0:
        refuse("weights", weights, "a sum above 0")
    return weights if abs(total - 1) < 1e-9 else tuple(tidy(weight / total) for weight in weights)


def around(means: Numbers, sigmas: Numbers, values: Numbers) -> Interval:
    """A round interval that holds p and the values."""
    middle = 0.5 * (min(means) + max(means))
    reach = max(abs(m - middle) + 3 * s for m, s in zip(means, sigmas, strict=False)) / HALF
    far = max(abs(value - middle) for value in values) / (HALF - 0.6)  # the middle moves by 0.5
    unit = ceiling(max(reach, far, LEAST * abs(middle)), ONE_TWO_FIVE)
    center, digits = round(middle / unit) * unit, digits_of(unit)
    return round(center - HALF * unit, digits), round(center + HALF * unit, digits)


def digits_of(unit: float) -> int:
    """How many decimals a hundredth of a unit has."""
    return 2 - math.floor(math.log10(unit))


def unit_of(mu: Interval) -> float:
    """A sixteenth of what is on screen."""
    return tidy((mu[1] - mu[0]) / (2 * HALF))


@lru_cache(maxsize=1024)
def mixture(truth: Truth) -> Mixture:
    """p itself."""
    weights, means, sigmas = truth
    return Mixture(np.array(weights), tuple(map(Normal, means, sigmas)))


# --------------------------------------------------------------------------------------- marks


@lru_cache(maxsize=1024)
def hills(truth: Truth, mu: Interval) -> tuple[Area, Line, Line, Points, Points]:
    """p, its components, and their handles: at a top the mean and the weight, beside it sigma."""
    weights, means, sigmas = map(np.array, truth)
    p, x, count = mixture(truth), np.linspace(*mu, 221), len(means)
    y, peaks = np.exp(p.log_prob(x)), 1 / (math.sqrt(2 * math.pi) * sigmas)
    curves = [
        (m + s * Z, w * h * np.exp(-(Z**2) / 2))
        for w, m, s, h in zip(weights, means, sigmas, peaks, strict=True)
    ]
    own = joined(curves if count > 1 else [])
    labels = tuple(f"{'' if k else '*p* '}{number(100 * w, 0)} %" for k, w in enumerate(weights))
    width = "sigmas.{i}"
    top = Drag("means.{i}", "weights.{i}" if count > 1 else "", wheel=width, rise=peaks)
    side = np.where(means.argsort().argsort() < count / 2, -1.0, 1.0)  # outwards
    flank = Drag(width, origin=-side * means, sign=side)
    return (
        Area(x, y, "truth"),
        Line(x, y, "truth"),
        Line(*own, "truth", dashed=True),
        Points(
            means + side * sigmas,
            FLANK * weights * peaks,
            "truth",
            small=True,
            drag=flank,
            quiet=True,
        ),
        Points(means, weights * peaks, "truth", labels, drag=top),
    )


def joined(curves: Sequence[Curve]) -> Curve:
    """Some curves as one, parted by nan."""
    gap = np.full((2, 1), np.nan)
    x, y = np.concatenate(
        [gap, *(part for curve in curves for part in (np.array(curve), gap))], axis=1
    )
    return x, y


def bell(mu: float, sigma: float) -> Curve:
    """The curve of a Normal density."""
    x = mu + sigma * Z
    return x, np.exp(Normal(mu, sigma).log_prob(x))


def densities(truth: Truth, mu: Interval, loss: str, dashed: Curve, q: Curve) -> tuple[Mark, ...]:
    """p, the curves of fits to it and that of q, with a text on its loss."""
    area, line, components, flanks, tops = hills(truth, mu)
    curves = components, Line(*dashed, "optimum", dashed=True), Line(*q, "model")
    return Note(loss, "loss"), area, line, *curves, flanks, tops


def density_axis(truth: Truth, mu: Interval, narrowest: float) -> Axis:
    """The axis of p and of Normals, the highest of which has this sigma; it grows in steps."""
    unit = unit_of(mu)
    peak = max(float(np.max(hills(truth, mu)[1].y)), 1 / (math.sqrt(2 * math.pi) * narrowest))
    return Axis("", (0.0, ceiling(max(1.12 * unit * peak, 0.2), LADDER) / unit))


# ------------------------------------------------------------------------------------- buttons


def buttons(state: MixtureState, *qs: str) -> tuple[Preset, ...]:
    """Those that set p, and the fields `qs` beside it; and those for one component more or less."""
    more, less = _one_more(state), _one_less(state)
    return (
        *_examples(len(state.means), tuple(state.limits.items()), qs),
        Preset("+ mode", more, "one more component"),
        Preset("− mode", less, "one component less"),
    )


@lru_cache(maxsize=64)
def _examples(
    count: int, limits: tuple[tuple[str, Interval], ...], qs: tuple[str, ...]
) -> list[Preset]:
    found, ranges = [], dict(limits)
    for label, note, means, sigmas, weights, q in EXAMPLES:
        values: dict[str, Any] = {"means": means, "sigmas": sigmas, "weights": weights}
        placed = {"mu": means, "sigmas": sigmas}
        if qs:
            values |= dict.fromkeys(qs, q)
            placed |= {"mu": (*means, q[0]), "sigma": q[1:]}
        if len(means) == count and ranges["mu"] == (-HALF, HALF) and _hold(ranges, placed):
            # Single entries a page can set without asking.
            values = {f"{n}.{i}": x for n, numbers in values.items() for i, x in enumerate(numbers)}
        else:
            values["limits"] = None
        found.append(Preset(label, values | ({"step": 0} if qs else {}), note))
    return found


def _one_more(state: MixtureState) -> dict[str, Numbers]:
    """A component in the widest gap between two or between one and the edge, if there is room."""
    if len(state.means) == MOST:
        return {}
    low, high = state.limits["mu"]
    unit = unit_of((low, high))
    ends = [low + unit, *sorted(state.means), high - unit]
    k = int(np.argmax(np.diff(ends)))
    mean = state.slider("means.0").nearest(0.5 * (ends[k] + ends[k + 1]))
    weights = shares((*state.weights, max(state.weights)))
    return {"means": (*state.means, mean), "sigmas": (*state.sigmas, unit), "weights": weights}


def _one_less(state: MixtureState) -> dict[str, Numbers]:
    means, sigmas, weights = state.means[:-1], state.sigmas[:-1], state.weights[:-1]
    if not means:
        return {}
    weights = weights if any(weights) else (1.0,) * len(means)
    return {"means": means, "sigmas": sigmas, "weights": shares(weights)}
