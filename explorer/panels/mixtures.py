"""What the panels that fit one Normal q to a mixture p of Normals have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import Branches, Fit, Mixture, Normal, ReverseFits, fit_mle, forward_kl
from explorer.data import penguins
from explorer.panels.inputs import column
from explorer.spec import Drag, Frame, Points, Preset, Slider, Value, nice_ceiling, number

Array: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = tuple[float, ...]
Truth: TypeAlias = tuple[Numbers, Numbers, Numbers]  # weights that sum to 1, means, widths

MOST = 5  # components
HALF, NARROW, WIDE, WIDEST = 8.0, 0.3, 4.0, 10.0  # of the window and sliders, in units
Z: Array = np.linspace(-4.0, 4.0, 65)
GRID: Array = np.linspace(-HALF, HALF, 221)
MU: Array = np.linspace(-HALF, HALF, 42)
LOG_SIGMA: Array = np.linspace(np.log(NARROW), np.log(WIDEST), 36)
LEVELS: Array = np.array(
    [0.02, 0.06, 0.12, 0.2, 0.3, 0.42, 0.6, 0.8, 1.1, 1.5, 2, 3, 4.5, 7, 10, 15, 25, 40, 80]
)  # of a landscape, above the best
LADDER = (0.2, 0.3, 0.5, 0.8, 1.2, 2.0)
EXAMPLES: tuple[tuple[str, str, Numbers, Numbers, Numbers], ...] = (
    ("far apart", "equal weights, 6 apart", (-3.0, 3.0), (1.0, 1.0), (0.5, 0.5)),
    ("unequal", "60 % and 40 %", (-3.0, 3.0), (1.0, 1.2), (0.6, 0.4)),
    ("close", "2.5 apart: both directions cover", (-1.25, 1.25), (1.0, 1.0), (0.5, 0.5)),
    ("broad, narrow", "a wide and a slim one", (-2.0, 3.0), (2.5, 0.5), (0.7, 0.3)),
    ("one minimum", "80 % and 20 %, 4 apart", (-2.0, 2.0), (1.0, 1.0), (0.8, 0.2)),
    ("three modes", "", (-5.0, 0.0, 5.0), (1.0, 1.0, 1.0), (0.3, 0.4, 0.3)),
)


@dataclass(frozen=True)
class Window:
    """What is shown of the line: `HALF` units on either side of `center`, and the sliders' ends."""

    center: float
    unit: float
    widths: tuple[float, float]
    sigmas: tuple[float, float]

    def holds(self, state: "MixtureState") -> bool:
        """Whether every slider can stand where the state has it."""
        mus, sigmas = state.qs()
        return (
            max(abs(x - self.center) for x in (*state.means, *mus)) <= HALF * self.unit
            and self.widths[0] <= min(state.widths)
            and max(state.widths) <= self.widths[1]
            and all(self.sigmas[0] <= sigma <= self.sigmas[1] for sigma in sigmas)
        )

    @classmethod
    def around(cls, state: "MixtureState") -> "Window":
        """The window that suits a state, in round numbers."""
        mus, sigmas = state.qs()
        middle = 0.5 * (min(state.means) + max(state.means))
        ends = [abs(m - middle) + 3 * s for m, s in zip(state.means, state.widths, strict=True)]
        ends += [abs(mu - middle) for mu in mus]
        need = max(ends) / HALF
        scale = 10.0 ** np.floor(np.log10(need))
        unit = float(f"{scale * nice_ceiling(need / scale, (1.0, 2.0, 5.0, 10.0)):.12g}")
        center = float(f"{round(middle / unit) * unit:.12g}")
        low, high, widest = (float(f"{unit * size:.12g}") for size in (NARROW, WIDE, WIDEST))
        return cls(
            center,
            unit,
            (min(low, *state.widths), max(high, *state.widths)),
            (min([low, *sigmas]), max([widest, *sigmas])),
        )

    @property
    def grid(self) -> Array:
        """The points at which p is drawn."""
        return self.center + self.unit * GRID


@dataclass(frozen=True)
class MixtureState:
    """A mixture p of Normals. The weights are relative: what counts is their share in their sum."""

    means: Numbers
    widths: Numbers
    weights: Numbers
    window: Window | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        bounds = {"means": (-1e6, 1e6), "widths": (1e-6, 1e6), "weights": (0.0, 1e6)}
        for name, (low, high) in bounds.items():
            object.__setattr__(self, name, column(name, getattr(self, name), low, high))
        count = len(self.means)
        if count > MOST:
            raise ValueError(f"means = {self.means!r}: allowed are at most {MOST} components")
        for name in ("widths", "weights"):
            if len(getattr(self, name)) != count:
                raise ValueError(
                    f"{name} = {getattr(self, name)!r}: allowed are as many as the {count} means"
                )
        total = sum(self.weights)
        if total == 0:
            raise ValueError(f"weights = {self.weights!r}: allowed is a sum above 0")
        if max(self.weights) > 1:
            object.__setattr__(self, "weights", tuple(w / total for w in self.weights))
        if not isinstance(self.window, Window) or not self.window.holds(self):
            object.__setattr__(self, "window", Window.around(self))

    def qs(self) -> tuple[Numbers, Numbers]:
        """The mu and the sigma of all q that have sliders."""
        return (), ()

    @property
    def shown(self) -> Window:
        """What is shown of the line."""
        assert self.window is not None
        return self.window

    @property
    def truth(self) -> Truth:
        """What determines p: the weights made to sum to 1, the means and the widths."""
        total = sum(self.weights)
        return tuple(w / total for w in self.weights), self.means, self.widths

    # What the buttons do.

    def with_one_more(self) -> dict[str, Any]:
        """One more component, in the widest gap between two or between one and the edge."""
        window = self.shown
        reach = (HALF - 1) * window.unit
        ends = [window.center - reach, *sorted(self.means), window.center + reach]
        k = int(np.argmax(np.diff(ends)))
        step = 0.05 * window.unit
        mean = float(f"{round(0.5 * (ends[k] + ends[k + 1]) / step) * step:.12g}")
        return {
            "means": (*self.means, mean),
            "widths": (*self.widths, window.unit),
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

    def penguins(self) -> dict[str, Any]:
        """The flipper lengths of the penguins, two Normals by maximum likelihood."""
        p = _flippers()
        means = tuple(round(float(c.mu), 1) for c in p.components)
        widths = tuple(round(float(c.sigma), 1) for c in p.components)
        weights = tuple(round(float(w), 2) for w in p.weights)
        return {"means": means, "widths": widths, "weights": weights, "window": None}


@lru_cache(maxsize=1)
def _flippers() -> Mixture:
    return fit_mle(Mixture, penguins()["flipper_length"])


@lru_cache(maxsize=1024)
def mixture(truth: Truth) -> Mixture:
    """p itself."""
    weights, means, widths = truth
    return Mixture(np.array(weights), tuple(map(Normal, means, widths)))


# ---------------------------------------------------------------------------------- in the frame


def shown_truth(truth: Truth, window: Window) -> Frame:
    """p and its handles, and the axes around it."""
    weights, means, _ = truth
    p = mixture(truth)
    return {
        "grid": window.grid,
        "density": np.exp(p.log_prob(window.grid)),
        "window": window.grid[[0, -1]],
        "log_sigmas": LOG_SIGMA[[0, -1]] + np.log(window.unit),
        "means_x": np.array(means),
        "means_y": np.exp(p.log_prob(np.array(means))),
        "means_labels": tuple(
            f"{'*p* ' if k == 0 else ''}{number(100 * w, 0)} %" for k, w in enumerate(weights)
        ),
    }


def shown_fits(fits: ReverseFits) -> Frame:
    """The best minimum, the others and the saddles, each as mu, log sigma and value."""
    frame: dict[str, Value] = {}
    kinds = ("best", fits.minima[:1]), ("other", fits.minima[1:]), ("saddle", fits.saddles)
    for name, those in kinds:
        frame[f"{name}_mu"] = np.array([float(fit.q.mu) for fit in those])
        frame[f"{name}_t"] = np.array([float(np.log(fit.q.sigma)) for fit in those])
        frame[f"{name}_value"] = np.array([fit.value for fit in those])
        frame[f"{name}_labels"] = tuple(number(fit.value) for fit in those)
    return frame


def shown_branches(branches: Branches, least: float) -> Frame:
    """The branches of minima and of saddles (ridges), and an axis from 0 to ``least`` or more."""
    frame: dict[str, Value] = {}
    for name, saddles in (("branch", False), ("ridge", True)):
        position, place, sigma, value = branches.curves(saddles)
        frame[f"{name}_x"], frame[f"{name}_place"] = position, place
        frame[f"{name}_t"], frame[f"{name}_value"] = np.log(sigma), value
    top = max(float(np.nanmax(np.asarray(frame["branch_value"]))), least)
    frame["value_limits"] = np.array([0.0, min(2.0, nice_ceiling(top, LADDER))])
    return frame


def rows(fits: tuple[Fit, ...]) -> Array:
    """Fits as rows (mu, sigma, value)."""
    table = [(float(fit.q.mu), float(fit.q.sigma), fit.value) for fit in fits]
    return np.array(table).reshape(-1, 3)


def bell(q: Normal) -> tuple[Array, Array]:
    """The curve of q's density."""
    x: Array = q.mu + q.sigma * Z
    return x, np.exp(q.log_prob(x))


def density_limits(window: Window, *heights: Value) -> Array:
    """The density axis, in steps, for curves of these heights."""
    peak = max(float(np.max(np.asarray(height))) for height in heights) * window.unit
    return np.array([0.0, nice_ceiling(1.12 * peak, LADDER) / window.unit])


@lru_cache(maxsize=1)
def models() -> tuple[Array, Array]:
    """Nodes (N,) in units, and the log-density there of every q of a landscape, (Q, N)."""
    inner = np.arange(-100, 101) * 0.12
    outer = inner[-1] + np.cumsum(0.12 * 1.09 ** np.arange(1, 41))
    nodes = np.concatenate([-outer[::-1], inner, outer])
    mu, sigma = np.tile(MU, LOG_SIGMA.size), np.exp(np.repeat(LOG_SIGMA, MU.size))
    return nodes, Normal(mu[:, None], sigma[:, None]).log_prob(nodes)


@lru_cache(maxsize=1)
def _expectations() -> tuple[NDArray[np.float32], Array]:
    """Weights of E_q at the nodes for every q of a landscape, and -entropy(q), in units.

    In half the memory, which is what takes the time.
    """
    nodes, log_q = models()
    matrix = np.exp(log_q) * np.gradient(nodes)
    matrix /= matrix.sum(axis=1, keepdims=True)
    return matrix.astype(np.float32), -Normal(0.0, np.exp(np.repeat(LOG_SIGMA, MU.size))).entropy()


def log_density(truth: Truth, window: Window, nodes: Array) -> Array:
    """log p at nodes in units, as the density of what is measured in units."""
    log_p = mixture(truth).log_prob(window.center + window.unit * nodes)
    out: Array = log_p + np.log(window.unit)
    return out


def reverse_landscape(truth: Truth, window: Window) -> Array:
    """KL(q||p), on a fixed grid of q: linear in log p, so one matrix makes all of it."""
    matrix, rest = _expectations()
    log_p = log_density(truth, window, models()[0]).astype(np.float32)
    values: Array = rest - matrix @ log_p
    return values.reshape(LOG_SIGMA.size, MU.size)


def forward_landscape(truth: Truth, window: Window) -> Array:
    """KL(p||q) on the same grid."""
    mu, t = window.center + window.unit * MU, LOG_SIGMA[:, None] + np.log(window.unit)
    return forward_kl(mixture(truth), mu, t).value


# ----------------------------------------------------------------------------------- in the spec


def mean_handles() -> Points:
    """The modes of p, to be dragged; the wheel makes them wider."""
    drag = Drag(x="means.{i}", wheel="widths.{i}")
    return Points("means_x", "means_y", "truth", "{means_labels}", drag=drag)


def component_sliders(state: MixtureState) -> tuple[Slider, ...]:
    """Mean, width and weight of every component."""
    window = state.shown
    sliders: list[Slider] = []
    for k in range(len(state.means)):
        i = "₁₂₃₄₅"[k]
        sliders += [
            mu_slider(window, f"means.{k}", f"m{i}", f"mean of component {k + 1}"),
            sigma_slider(
                window, f"widths.{k}", f"s{i}", f"width of component {k + 1}", window.widths
            ),
            Slider(f"weights.{k}", f"w{i}", f"relative weight of component {k + 1}", 0, 1, 0.01),
        ]
    return tuple(sliders)


def mu_slider(window: Window, name: str, symbol: str, label: str) -> Slider:
    """A slider over the window."""
    reach = HALF * window.unit
    return sigma_slider(window, name, symbol, label, (window.center - reach, window.center + reach))


def sigma_slider(
    window: Window, name: str, symbol: str, label: str, ends: tuple[float, float]
) -> Slider:
    """A slider with steps of a twentieth of the window's unit."""
    digits = max(0, 2 - int(np.floor(np.log10(window.unit))))
    return Slider(name, symbol, label, *ends, float(f"{0.05 * window.unit:.12g}"), digits)


def examples(state: MixtureState, also: Mapping[str, Any]) -> tuple[Preset, ...]:
    """Buttons that set p, and ``also`` what else; and those that add and remove components."""
    count = len(state.means)
    presets = []
    for label, note, means, widths, weights in EXAMPLES:
        values = {"means": means, "widths": widths, "weights": weights, **also}
        fits = (state.shown.center, state.shown.unit) == (0.0, 1.0)
        if fits and len(means) == count:
            values = _entries(values)
        else:
            values["window"] = None
        presets.append(Preset(label, values, note))
    return (
        *presets,
        Preset("penguins", {}, "flipper lengths in mm: two Normals by EM", "penguins"),
        Preset("+ mode", {}, "one more component", "with_one_more" if count < MOST else ""),
        Preset("− mode", {}, "one component less", "with_one_less" if count > 1 else ""),
    )


def _entries(values: dict[str, Any]) -> dict[str, Any]:
    """Tuples as their entries, each under a name of its own."""
    entries: dict[str, Any] = {}
    for name, value in values.items():
        numbers = {f"{name}.{i}": v for i, v in enumerate(value)} if type(value) is tuple else {}
        entries |= numbers or {name: value}
    return entries
