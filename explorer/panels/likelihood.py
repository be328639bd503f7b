"""Maximum likelihood: observations, a model over them, and the product that becomes a sum."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core import Beta, Normal, fit_mle
from explorer.panels.inputs import column, intervals, real
from explorer.panels.scales import (
    amount,
    ceiling,
    decimals,
    fine_step,
    limits_around,
    spread,
    window,
)
from explorer.spec import (
    Area,
    Axes,
    Bars,
    Blueprint,
    Drag,
    Frame,
    Landscape,
    Line,
    Note,
    Points,
    Preset,
    Rug,
    Slider,
    Spec,
    Stems,
    Sum,
    Term,
    Value,
    nice_ceiling,
    number,
)

Limits: TypeAlias = Mapping[str, tuple[float, float]]
Interval: TypeAlias = tuple[float, float]
Array: TypeAlias = NDArray[np.float64]

LARGE = 1e9  # the largest observation that is drawn
DOMAIN = {
    "y": (-LARGE, LARGE),
    "mu": (-LARGE, LARGE),
    "sigma": (1e-9, LARGE),
    "a": (1e-6, 1e6),
    "b": (1e-6, 1e6),
}
FAMILIES: dict[str, Any] = {"normal": Normal, "beta": Beta}
NAMES = {"normal": ("mu", "sigma"), "beta": ("a", "b")}
SYMBOLS = {"mu": "μ", "sigma": "σ", "a": "a", "b": "b"}
HANDLES = 8  # observations that can be dragged
MOST = 1000
DRAWN = 300  # observations with a bar of their own
CELLS = 36
SPACED: Array = np.linspace(0, 1, 101)
PEAK: Array = np.linspace(-4, 4, 61)
TOWARDS_ENDS: Array = (1 - np.cos(np.linspace(0, np.pi, 161))) / 2


@dataclass(frozen=True, kw_only=True)
class _Observed:
    """The first `n` of some observations; the first `handles` of them can be dragged."""

    observations: tuple[float, ...]
    n: int
    handles: int
    limits: Limits
    family: ClassVar[str]

    def __post_init__(self) -> None:
        for name in self.names:
            object.__setattr__(self, name, real(name, getattr(self, name), *DOMAIN[name]))
        data = _checked(tuple(self.observations), self.limits["y"])
        object.__setattr__(self, "observations", data)
        object.__setattr__(self, "n", round(real("n", self.n, 1, len(data))))
        if len(data) < self.handles:
            raise ValueError(
                f"observations = {data!r}: allowed are {self.handles} to {MOST}, "
                "a value for each handle in the plot"
            )

    @property
    def names(self) -> tuple[str, str]:
        """What the model's two parameters are called."""
        return NAMES[self.family]

    @property
    def values(self) -> tuple[float, float]:
        """The model's two parameters."""
        first, second = self.names
        return getattr(self, first), getattr(self, second)


@dataclass(frozen=True, kw_only=True)
class NormalModel(_Observed):
    """Observations on the real line under Normal(mu, sigma)."""

    mu: float
    sigma: float
    family = "normal"


@dataclass(frozen=True, kw_only=True)
class BetaModel(_Observed):
    """Observations between 0 and 1 under Beta(a, b)."""

    a: float
    b: float
    family = "beta"


State: TypeAlias = NormalModel | BetaModel


def likelihood(
    observations: Any = None,
    family: str = "normal",
    *,
    mu: float | None = None,
    sigma: float | None = None,
    a: float | None = None,
    b: float | None = None,
    n: int | None = None,
    limits: Limits | None = None,
) -> Blueprint[Any]:
    """Show how likely a model makes some observations: as a product, and as a sum of logs.

    ``likelihood = p(y_1) p(y_2) ... p(y_n)``, which float64 cannot hold for long, and
    ``loss = -log p(y_1) - ... - log p(y_n)``, in nats, which it can.

    Parameters
    ----------
    observations : list, array or Series, optional
        Up to 1000 numbers, in [0, 1] for a Beta model; by default 1000 of them.
    family : {"normal", "beta"}
        The model.
    mu, sigma : float, optional
        The Normal's mean and standard deviation, positive.
    a, b : float, optional
        The Beta's shape parameters, positive.
    n : int, optional
        How many of the observations are looked at: the first n. By default 8, or all of yours.
    limits : dict, optional
        A slider's range by name, and that of the axis as ``"y"``.

    Returns
    -------
    explorer.stage.Panel
        With ``frame["likelihood"]`` (as float64 has it), ``["loss"]``, ``["losses"]`` (one an
        observation), ``["best"]`` (a dict, empty where no maximum exists) and what is drawn.

    Raises
    ------
    ValueError
        Naming the parameter, its value and what is allowed.
    """
    if family not in ("normal", "beta"):
        raise ValueError(f"family = {family!r}: allowed is 'normal' or 'beta'")
    given = {"mu": mu, "sigma": sigma, "a": a, "b": b}
    names = NAMES[family]
    for name, value in given.items():
        if value is not None and name not in names:
            allowed = " and ".join(names)
            raise ValueError(f"{name} = {value!r}: the {family} model has {allowed} instead")
    own = {
        name: real(name, given[name], *DOMAIN[name]) for name in names if given[name] is not None
    }
    domain = DOMAIN["y"] if family == "normal" else (0.0, 1.0)
    data = (
        SAMPLES[family] if observations is None else column("observations", observations, *domain)
    )
    if len(data) > MOST:
        raise ValueError(f"observations has {len(data)} values: allowed are at most {MOST}")
    start, ranges = _normal_start(data) if family == "normal" else _beta_start(data)
    if observations is None:
        start = {"mu": 0.0, "sigma": 1.0} if family == "normal" else {"a": 2.0, "b": 2.0}
    start |= own
    for name in names:  # wide enough for what was asked for
        low, high = ranges[name]
        ranges[name] = (min(low, start[name]), max(high, start[name]))
    domains = DOMAIN | {"y": domain}
    return Blueprint(
        (NormalModel if family == "normal" else BetaModel)(
            observations=data,
            n=n if n is not None else HANDLES if observations is None else len(data),
            handles=min(len(data), HANDLES),
            limits=intervals({} if limits is None else limits, ranges, domains),
            **start,
        ),
        view,
        spec,
    )


def _normal_start(data: tuple[float, ...]) -> tuple[dict[str, float], dict[str, Interval]]:
    """A model a little off the data, and a window and slider ranges around them."""
    values = np.array(data)
    scale = spread(values)
    low, high = window(values, 1.2 * scale)
    widest = ceiling(2 * scale)
    ranges = {"y": (low, high), "mu": (low, high), "sigma": (fine_step(0, 10 * widest), widest)}
    wanted = {"mu": float(values.mean()) - scale, "sigma": scale}
    start = {
        name: Slider(name, "", "", *ranges[name], fine_step(*ranges[name])).nearest(value)
        for name, value in wanted.items()
    }
    return start, ranges


def _beta_start(data: tuple[float, ...]) -> tuple[dict[str, float], dict[str, Interval]]:
    """The uniform model, and ranges that reach beyond the best one."""
    best = _fitted("beta", data, len(data))[0]
    top = max(20.0, ceiling(1.3 * max((1.0, *best.values()))))
    ranges = {"y": (0.0, 1.0)} | {name: (fine_step(0, top), top) for name in "ab"}
    return {"a": 1.0, "b": 1.0}, ranges


def _sample(model: Normal | Beta, places: int) -> tuple[float, ...]:
    """Quantiles in the order of the golden ratio: any number of them is spread like the model."""
    share = (0.31 + np.arange(MOST) * (math.sqrt(5) - 1) / 2) % 1
    return tuple(np.round(model.quantile(share), places).tolist())


SAMPLES = {"normal": _sample(Normal(1.0, 0.8), 2), "beta": _sample(Beta(6.0, 3.0), 3)}


@lru_cache(maxsize=64)
def _checked(data: tuple[float, ...], support: Interval) -> tuple[float, ...]:
    if len(data) > MOST:
        raise ValueError(f"observations has {len(data)} values: allowed are at most {MOST}")
    return column("observations", data, *support)


# ------------------------------------------------------------------------------------------ view


@np.errstate(all="ignore")
def view(state: State) -> Frame:
    """All that is on screen for the first n observations."""
    model = FAMILIES[state.family](*state.values)
    y = _array(state.observations, state.n)
    losses = np.asarray(model.nll(y))
    loss = float(losses.sum())
    ranges = tuple(state.limits[name] for name in state.names)
    landscape, levels = _landscape(state.family, state.observations, state.n, ranges)
    best, reason = _fitted(state.family, state.observations, state.n)
    held, drawn = min(state.n, state.handles), min(state.n, DRAWN)
    symbols = [f"*{SYMBOLS[name]}*" for name in state.names]
    places = [decimals(fine_step(*state.limits[name])) for name in state.names]
    point = ", ".join(number(v, d) for v, d in zip(state.values, places, strict=True))
    inside = bool(best) and all(
        low <= best[name] <= high for name, (low, high) in zip(state.names, ranges, strict=True)
    )
    frame: dict[str, Value] = {
        **dict(zip(state.names, state.values, strict=True)),
        "n": float(state.n),
        "losses": losses,
        "loss": loss,
        "best": best,
        "point": f"({point})",
        "rest_y": y[held:drawn],
        "rest_losses": losses[held:drawn],
        "held_y": y[:held],
        "held_density": np.exp(-losses[:held]),
        "held_losses": losses[:held],
        "landscape": landscape,
        "levels": levels,
        "best_label": f"best {number(_loss_at(state, best), 1)}" if best else "",
        "map_title": f"Every ({', '.join(symbols)}): the loss of all {state.n}",
    }
    for name in state.names:
        frame[f"best_{name}"] = best[name] if inside else math.nan
    frame |= _curves(state, model, losses)
    frame |= _growth(losses)
    frame |= _terms(state, y)
    frame["sentence"] = _sentence(state, frame, losses, best, reason)
    frame["density_said"] = (
        f"The density of y for {state.names[0]}, {state.names[1]} = {point}; "
        f"its area is 1, its peak {power(_peak(model))}. "
        f"{held} observations stand on it as handles."
    )
    frame["share_said"] = f"The loss over y, with a bar for each of {drawn} observations."
    frame["map_said"] = (
        f"The loss of {state.n} observations over all {' and '.join(state.names)}, with the "
        f"present model at ({point})"
        + (f" and the maximum of the likelihood, {frame['best_label']}." if best else ".")
    )
    frame["growth_said"] = (
        f"The sum of losses over the number of observations up to {state.n}, and minus the log of "
        f"their product as the computer has it, which at the end is {frame['product']}."
    )
    return frame


def _curves(state: State, model: Normal | Beta, losses: Array) -> dict[str, Value]:
    """The density and the loss over y, with limits that hold them."""
    low, high = state.limits["y"]
    if isinstance(model, Normal):
        around = float(model.mu) + float(model.sigma) * PEAK
        grid = np.sort(np.concatenate([low + (high - low) * SPACED, around.clip(low, high)]))
    else:
        grid = TOWARDS_ENDS
    curve = np.asarray(model.nll(grid))
    density = np.exp(-curve)
    ends = 0.02 * (high - low) if isinstance(model, Beta) else 0.0  # where it may be infinite
    inner = (grid >= low + ends) & (grid <= high - ends)
    peak = _peak(model)
    top = min(max(peak, 1e-12), max(float(density[inner].max()), 1e-12))
    finite = losses[np.isfinite(losses)]
    floor = min((float(curve[inner].min()), *finite, 0.0))
    return {
        "y_grid": grid,
        "density": density,
        "loss_curve": curve,
        "peak": peak,
        "peak_note": f"area 1, peak {power(peak)}",
        "density_limits": np.array([0.0, ceiling(1.25 * top)]),
        "loss_limits": limits_around(floor, max((4.0, *finite))),
    }


def _peak(model: Normal | Beta) -> float:
    """The highest density."""
    if isinstance(model, Beta) and min(float(model.a), float(model.b)) < 1:
        return math.inf
    mode = float(model.mode())  # of the uniform, every point
    return float(np.exp(-model.nll(0.5 if math.isnan(mode) else mode)))


def _growth(losses: Array) -> dict[str, Value]:
    """The sum and the product, one observation more at a time, at some hundred of them."""
    sums = np.cumsum(losses)
    products = np.cumprod(np.exp(-losses))
    minus_logs = -np.log(products)
    n = len(losses)
    lost = _first(~np.isfinite(minus_logs) & np.isfinite(sums))
    counts = _counts(n)
    if lost:
        counts = np.unique([*counts, max(lost - 1, 1), lost])
    at = counts.astype(int) - 1
    shown = sums[at][np.isfinite(sums[at])]
    product = float(products[-1])
    return {
        "likelihood": product,
        "product": power(product),
        "loss_text": number(float(losses.sum())),
        "count": counts,
        "sum_so_far": sums[at],
        "product_so_far": minus_logs[at],
        "lost": float(lost) if lost else math.nan,
        "lost_y": float(minus_logs[lost - 1]) if lost else math.nan,
        "lost_label": f"reads {power(float(products[lost - 1]))} from {lost} on" if lost else "",
        "count_limits": np.array([0.0, nice_ceiling(n, (10.0, 20.0, 50.0, 100.0))]),
        "growth_limits": limits_around(
            float(min(shown, default=0.0)), float(max(shown, default=0.0)) or 1.0
        ),
    }


def _first(where: NDArray[np.bool_]) -> int:
    """The number, from 1 on, of the first that is true; 0 where none is."""
    return int(where.argmax()) + 1 if where.any() else 0


@lru_cache(maxsize=1024)
def _counts(n: int) -> Array:
    return np.unique(np.round(np.linspace(1, n, 70)))


def _terms(state: State, y: Array) -> dict[str, Value]:
    """The loss, term by term."""
    n = state.n
    if isinstance(state, NormalModel):
        model = Normal(state.mu, state.sigma)
        log_sigma = n * (float(model.log_normalizer()) - float(Normal(0, 1).log_normalizer()))
        return {
            "term_1": log_sigma,
            "term_2": n * float(Normal(0, 1).log_normalizer()),
            "term_3": -float(model.log_kernel(y).sum()),
        }
    return {
        "term_1": -float(Beta(state.a, 1).log_kernel(y).sum()),
        "term_2": -float(Beta(1, state.b).log_kernel(y).sum()),
        "term_3": n * float(Beta(state.a, state.b).log_normalizer()),
    }


def power(value: float) -> str:
    """A product in words; a product of none is a plain 0."""
    return "0" if value == 0 else amount(value, 0.01, 1000)


def _sentence(
    state: State, frame: Frame, losses: Array, best: Mapping[str, float], reason: str
) -> str:
    n, loss = state.n, float(losses.sum())  # nan where infinities of both signs meet
    y = state.observations
    if not np.isfinite(losses).all():
        where = int(np.argmax(~np.isfinite(losses)))
        if np.isnan(loss):
            return (
                f"{n} observations: some have density 0, others an infinite one; "
                f"their product has no value, nor has the loss. {reason}"
            )
        meant = (
            "has density 0: the model held it for impossible; the loss is infinite"
            if loss > 0
            else "lies where the density is infinite; the loss is unbounded below"
        )
        return f"Observation {where + 1}, {number(y[where])}, {meant}. {reason}"
    things = f"{n} densities multiply" if n > 1 else "One density comes"
    lost = frame["lost"]
    if lost == lost:
        bound = "falls below the smallest number of float64, 4.9·10⁻³²⁴, and reads 0 from there on"
        if frame["lost_y"] == -math.inf:
            bound = "exceeds the largest number of float64, 1.8·10³⁰⁸, and reads ∞ from there on"
        said = (
            f"At observation {float(lost):.0f} the product of the densities {bound}. "  # type: ignore[arg-type]
            f"The sum of their logs is still right: a loss of {number(loss)} nats"
        )
    else:
        said = f"{things} to {frame['product']}; minus its log is the loss, {number(loss)} nats"
    dearest = int(np.argmax(losses))
    if n > 1:
        places = decimals(fine_step(*state.limits["y"]))
        at, cost = number(y[dearest], places), number(float(losses[dearest]))
        said += f"; the dearest observation, {at}, alone costs {cost}"
    said += "."
    if loss < -0.0005:
        said += " It is below zero because densities, unlike probabilities, may exceed 1."
    if not best:
        return f"{said} {reason}"
    lowest = _loss_at(state, best)
    first, second = (f"*{SYMBOLS[name]}*" for name in state.names)
    if loss - lowest < 1e-9 * max(1.0, abs(loss)):
        return (
            f"{said} No other {first} and {second} make it less: the likelihood is at its maximum."
        )
    values = " and ".join(
        f"*{SYMBOLS[name]}* = {number(best[name], decimals(fine_step(*limits)) + 1)}"
        for name, limits in _ranges(state)
    )
    return f"{said} With {values} it would be least, {number(lowest)}."


def _loss_at(state: State, best: Mapping[str, float]) -> float:
    return _best_loss(state.family, state.observations, state.n, tuple(best.values()))


@lru_cache(maxsize=1024)
def _best_loss(family: str, data: tuple[float, ...], n: int, values: tuple[float, float]) -> float:
    return float(FAMILIES[family](*values).nll(_array(data, n)).sum())


@lru_cache(maxsize=1024)
def _array(data: tuple[float, ...], n: int) -> Array:
    values = np.array(data[:n])
    values.flags.writeable = False
    return values


@lru_cache(maxsize=1024)
def _fitted(family: str, data: tuple[float, ...], n: int) -> tuple[dict[str, float], str]:
    """The maximum-likelihood parameters, or none and why."""
    y = _array(data, n)
    none = "There is no maximum of the likelihood"
    if family == "beta" and not ((y > 0) & (y < 1)).all():
        return {}, f"{none}: an observation lies at an end."
    if (y == y[0]).all():
        alone = "one observation alone" if n == 1 else "all observations are the same"
        return {}, f"{none}: {alone}, and being surer of it is always better."
    fitted = fit_mle(FAMILIES[family], y)
    return {name: float(getattr(fitted, name)) for name in NAMES[family]}, ""


@lru_cache(maxsize=64)
def _plane(family: str, ranges: tuple[Interval, Interval]) -> tuple[Any, Array]:
    first, second = (np.linspace(*limits, CELLS) for limits in ranges)
    plane = FAMILIES[family](first[None, :], second[:, None])
    return plane, plane.log_normalizer()


@lru_cache(maxsize=256)
def _landscape(
    family: str, data: tuple[float, ...], n: int, ranges: tuple[Interval, Interval]
) -> tuple[Array, Array]:
    """The loss of the first n over the plane, and the levels of its contour lines.

    Two sums of the data are all that each family's log-kernel needs. What lies far above the
    highest line is cut off, so that the rest keeps its digits on the way to the page.
    """
    y = _array(data, n)
    plane, log_normalizer = _plane(family, ranges)
    if family == "normal":
        kernels = plane.log_kernel(y.mean()) + Normal(0, plane.sigma).log_kernel(y.std())
        values = n * (log_normalizer - kernels)
    else:
        logs, rests = (float(Beta(*unit).log_kernel(y).sum()) for unit in ((2, 1), (1, 2)))
        with np.errstate(all="ignore"):
            values = n * log_normalizer - (plane.a - 1) * logs - (plane.b - 1) * rests
    finite = values[np.isfinite(values)]
    inner, outer = np.quantile(finite if finite.size else [0.0, 1.0], [0.03, 0.7])
    levels = inner + (outer - inner) * (np.arange(18) / 12) ** 1.7
    values = np.minimum(values, 2 * levels[-1] - levels[0])
    values.flags.writeable = levels.flags.writeable = False
    return values, levels


# ------------------------------------------------------------------------------------------ spec


def spec(state: State) -> Spec:
    """How a frame of `view` is drawn."""
    names, limits = state.names, state.limits
    symbols = [f"*{SYMBOLS[name]}*" for name in names]
    given = ", ".join(symbols)
    low, high = limits["y"]
    hold = Drag(x="observations.{i}")
    density = Axes(
        f"What the model says: *p*(*y* | {given})",
        "*y*",
        "",
        (low, high),
        "density_limits",
        (
            Area("y_grid", "density", "model"),
            Line("y_grid", "density", "model"),
            Rug("rest_y", "observation"),
            Points("held_y", "held_density", "observation", drop="x", drag=hold),
            Note("{peak_note}", "model", "left"),
        ),
        "{density_said}",
        height=0.8,
    )
    plane = Axes(
        "{map_title}",
        symbols[0],
        symbols[1],
        limits[names[0]],
        limits[names[1]],
        (
            Landscape("landscape", "levels"),
            Points(f"best_{names[0]}", f"best_{names[1]}", "optimum", "{best_label}", small=True),
            Points(names[0], names[1], "model", "{point}", drag=Drag(x=names[0], y=names[1])),
        ),
        "{map_said}",
        height=0.8,
    )
    shares = Axes(
        f"Each one’s share: −log *p*(*y* | {given})",
        "*y*",
        "",
        (low, high),
        "loss_limits",
        (
            Stems("rest_y", "rest_losses", "observation"),
            Bars("held_y", "held_losses", "observation", width=(high - low) / 90),
            Line("y_grid", "loss_curve", "loss"),
        ),
        "{share_said}",
        height=0.8,
    )
    growth = Axes(
        "Product {product}, sum of −logs {loss_text}",
        "*n*",
        "",
        "count_limits",
        "growth_limits",
        (
            Line("count", "product_so_far", "muted", dashed=True),
            Line("count", "sum_so_far", "loss"),
            Points("lost", "lost_y", "muted", "{lost_label}"),
        ),
        "{growth_said}",
        height=0.8,
    )
    if names == ("mu", "sigma"):
        labels = ("*n* log *σ*", "½ *n* log 2π", "Σ(*yᵢ* − *μ*)² / 2*σ*²")
    else:
        labels = ("(*a* − 1) Σ(−log *yᵢ*)", "(*b* − 1) Σ(−log(1 − *yᵢ*))", "*n* log B(*a*, *b*)")
    terms = tuple(Term(f"term_{i + 1}", label) for i, label in enumerate(labels))
    return Spec(
        "likelihood",
        _controls(state),
        _presets(state),
        (density, plane, shares, growth),
        (Sum(Term("loss", "loss"), terms),),
        columns=2,
    )


LABELS = {
    "mu": "mean",
    "sigma": "standard deviation",
    "a": "shape parameter a",
    "b": "shape parameter b",
}


def _controls(state: State) -> tuple[Slider, ...]:
    def slider(name: str, symbol: str, label: str, limits: Interval, shown: bool) -> Slider:
        step = fine_step(*limits)
        return Slider(name, symbol, label, *limits, step=step, digits=decimals(step), shown=shown)

    parameters = [
        slider(name, SYMBOLS[name], LABELS[name], state.limits[name], True) for name in state.names
    ]
    held = [
        slider(f"observations.{i}", f"y{i + 1}", f"observation {i + 1}", state.limits["y"], False)
        for i in range(state.handles)
    ]
    count = len(state.observations)
    ns = [Slider("n", "n", "number of observations", 1, count, 1, 0)] if count > 1 else []
    return (*parameters, *ns, *held)


def _presets(state: State) -> tuple[Preset, ...]:
    """The best model, some numbers of observations, and data so close that the loss is negative."""
    count = len(state.observations)
    best = Preset(
        "maximum likelihood",
        {name: f"{{best_{name}}}" for name in state.names},
        "the parameters under which these observations are likeliest",
    )
    steps = [k for k in (HANDLES, 100) if k < count]
    numbers = [Preset(f"the first {k}", {"n": float(k)}) for k in steps]
    if count > 1:
        numbers.append(Preset(f"all {count}", {"n": float(count)}))
    return (best, *numbers, *_close(state))


def _close(state: State) -> tuple[Preset, ...]:
    """The draggable observations side by side, and the model that fits them: a loss below zero."""
    low, high = state.limits["y"]
    step = fine_step(low, high)
    if state.handles < 3:
        return ()
    slider = Slider("y", "y", "", low, high, step)
    shifts = (np.arange(state.handles) - (state.handles - 1) / 2) * (high - low) / 80
    middle = low + 0.6 * (high - low)
    close = tuple(slider.nearest(middle + shift) for shift in shifts)
    best = _fitted(state.family, close, state.handles)[0]
    inside = best and all(low <= best[k] <= high for k, (low, high) in _ranges(state))
    if not inside or _best_loss(state.family, close, state.handles, tuple(best.values())) >= 0:
        return ()
    values = {f"observations.{i}": value for i, value in enumerate(close)}
    note = "eight observations side by side: densities above 1, a loss below 0"
    return (Preset("a loss below zero", {**values, "n": float(state.handles), **best}, note),)


def _ranges(state: State) -> list[tuple[str, Interval]]:
    return [(name, state.limits[name]) for name in state.names]
