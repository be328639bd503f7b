"""Pairs (x, y) to learn from: a user's own, with labels of any kind, or an example."""

from typing import Any, NamedTuple

import numpy as np

from explorer import data
from explorer.core.parameter import labels_of, reals
from explorer.parts.inputs import Interval, Numbers, column, measured, real, refuse, texts, whole
from explorer.parts.parameters import LARGE
from explorer.parts.ranges import spread, window
from explorer.scene import literal

LEAST, CLASSES = 3, 8  # observations in training, classes at most
LABELLED = {"bernoulli": 2, "categorical": CLASSES}  # families of classes, and of how many


class Observed(NamedTuple):
    """What is observed; where y are classes, their numbers, with the classes' names."""

    x: Numbers
    y: Numbers
    held_out: tuple[bool, ...]
    classes: tuple[str, ...]
    labels: tuple[str, str]  # of the two axes
    x_axis: Interval
    y_axis: Interval


def observed(
    x: Any,
    y: Any,
    family: str,
    held_out: Any,
    most: int,
    classes: Any = None,
    labels: Any = None,
) -> Observed:
    """The user's observations, checked, or an example for the family.

    Raises
    ------
    ValueError
        For one of x and y alone, lengths that differ, too few in training, and y that the family
        cannot have: shares outside of [0, 1], a single class.
    """
    if (x is None) != (y is None):
        name, value = ("y", y) if x is None else ("x", x)
        refuse(name, value, "x and y together, or neither")
    given = labels
    labels = ("*x*", "*y*") if x is not None else LABELS[family]
    if x is None:
        x, y = example(family)
    else:
        own = (getattr(values, "name", None) for values in (x, y))
        named = (literal(name) if isinstance(name, str) else "" for name in own)
        labels = tuple(n or label for n, label in zip(named, labels, strict=True))
    if given is not None:
        labels = texts("labels", given, (2,), "two texts")
    names: tuple[str, ...] = ()
    xs = measured("x", x, -LARGE, LARGE, most)
    if classes is not None and family not in LABELLED:
        refuse("classes", classes, f"classes of the families {' and '.join(LABELLED)} only")
    if family in LABELLED:
        ys, names = numbered(y, LABELLED[family], classes)
        y_axis = (0.0, float(len(names) - 1))
    elif family == "beta":
        ys, y_axis = column("y", y, 0.0, 1.0, most), (0.0, 1.0)
    else:
        ys = measured("y", y, -LARGE, LARGE, most)
        y_axis = window(ys, 0.5 * spread(np.array(ys)))
    if len(xs) != len(ys):
        refuse("y", y, f"as many values as x has, {len(xs)}")
    held = apart(held_out, len(xs))
    if held.count(False) < LEAST:
        refuse("x", x, f"at least {LEAST} observations in training")
    if names and len({y for y, out in zip(ys, held, strict=True) if not out}) < len(names):
        refuse("held_out", held_out, "some of every class in training")
    x_axis = window(xs, 0.25 * spread(np.array(xs)))
    return Observed(xs, ys, held, names, labels, x_axis, y_axis)


def numbered(y: Any, most: int, classes: Any = None) -> tuple[Numbers, tuple[str, ...]]:
    """Labels as the numbers of their classes, and the names of these in their order."""
    if classes is not None:
        own = texts("classes", classes, range(2, most + 1), f"2 to {most} texts")
        ys = (whole(f"y[{i}]", v, 0, len(own) - 1) for i, v in enumerate(column("y", y, 0, most)))
        return tuple(map(float, ys)), own
    categories = getattr(getattr(y, "cat", y), "categories", None)
    values = labels_of("y", y)
    if values.ndim != 1 or any(v is None or v != v for v in values.tolist()):
        refuse("y", y, "a non-empty list or array of labels")
    names, numbers = np.unique(
        values.astype(str) if values.dtype == object else values, False, True
    )
    if not 2 <= len(names) <= most:
        refuse("y", y, f"labels of {'two' if most == 2 else f'2 to {most}'} different classes")
    order = np.arange(len(names))
    if categories is not None:
        rank = {str(name): i for i, name in enumerate(categories)}
        order = np.argsort([rank[str(name)] for name in names])
    places = np.argsort(order)
    named = tuple(literal(f"{names[i]}") for i in order)
    return tuple(places[numbers].astype(float).tolist()), named


def apart(held_out: Any, count: int) -> tuple[bool, ...]:
    """Which observations are held out: those of a mask, or a share of all at random."""
    mask = reals(held_out, "b")
    if mask is not None and mask.shape == (count,):
        return tuple((mask > 0).tolist())
    if np.ndim(mask) or np.ndim(reals(held_out)):  # type: ignore[arg-type]
        refuse("held_out", held_out, f"a share, or {count} truth values")
    share = real("held_out", held_out, 0.0, 0.9)
    drawn = np.random.default_rng(0).permutation(count)[: round(share * count)]
    return tuple((np.bincount(drawn, minlength=count) > 0).tolist())


LABELS = {
    "beta": ("income", "food share"),
    **dict.fromkeys(("normal", "heteroscedastic", "laplace", "student_t"), ("income", "food")),
    "bernoulli": ("body mass", "sex"),
    "categorical": ("flipper length", "species"),
}


def example(family: str) -> tuple[Any, Any]:
    """What Belgian households of 1857 spent on food, by income; or penguins."""
    if family not in LABELLED:
        homes = data.engel()
        return homes["income"], homes["food"] / (homes["income"] if family == "beta" else 1.0)
    birds = data.penguins()
    if family == "categorical":
        return birds["flipper_length"], birds["species"]
    known = birds["sex"] != "unknown"
    return birds["body_mass"][known], birds["sex"][known]
