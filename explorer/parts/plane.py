"""Landscapes over two parameters: remembered for what they depend on, and how they are drawn."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar

import numpy as np

from explorer.parts.inputs import Interval
from explorer.parts.parameters import Parameters
from explorer.scene import Array, Drag, Landscape, Plot, Points

LESS_COLOUR = "Less colour is lower."  # said of every landscape, in either theme

Made = TypeVar("Made", bound=Callable[..., Any])


def remembered(size: int) -> Callable[[Made], Made]:
    """Keep the last results of a function; their arrays become read-only, as many share them."""

    def decorate(function: Made) -> Made:
        @lru_cache(maxsize=size)
        @wraps(function)
        def kept(*args: Any) -> Any:
            result = function(*args)
            _freeze(result)
            return result

        return kept  # type: ignore[return-value]

    return decorate


def _freeze(result: Any) -> None:
    if isinstance(result, np.ndarray):
        result.flags.writeable = False
    elif isinstance(result, tuple):
        for part in result:
            _freeze(part)


def plane(x: Interval, y: Interval, cells: int) -> tuple[Array, Array]:
    """Two parameters over their ranges, as a row and a column of `cells` values each."""
    return np.linspace(*x, cells)[None, :], np.linspace(*y, cells)[:, None]


def levels(
    values: Array, inner: float, outer: float, count: int, last: int, power: float = 1.7
) -> Array:
    """Contour levels that crowd at the bottom, and what lies far above the highest cut off.

    The first stands at the quantile `inner` of the finite values, that of number `last` at
    `outer`.
    """
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite if finite.size else [0.0, 1.0], [inner, outer])
    found: Array = low + (high - low) * (np.arange(count) / last) ** power
    return found


def cut(values: Array, levels: Array) -> Array:
    """The values without what lies far above the levels, so that the rest keeps its digits."""
    out: Array = np.minimum(values, 2 * levels[-1] - levels[0])
    return out


def every(
    state: Parameters,
    names: tuple[str, str],
    title: str,
    what: str,
    landscape: tuple[Array, Array],
    best: Mapping[str, float],
    label: str,
) -> Plot:
    """A landscape over two parameters, with the present place and the best if that is inside.

    `what` names the landscape for those who do not see it; `label` is that of the best place.
    """
    x, y = names
    at, goal = state.at(x, y), state.goal(best, x, y)
    inside = not math.isnan(goal[x] + goal[y])
    there = f"; {label}, at ({state.text(x, goal[x])}, {state.text(y, goal[y])})" if inside else ""
    return Plot(
        title,
        state.axis(x),
        state.axis(y),
        f"{what}, with the present place at {at}{there}. {LESS_COLOUR}",
        (
            Landscape(*landscape),
            Points(goal[x], goal[y], "optimum", label, small=True),
            Points(getattr(state, x), getattr(state, y), "model", at, drag=Drag(x=x, y=y)),
        ),
    )
