"""What a panel hands on of its present scene: code, a link, the numbers behind the picture."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from explorer.about import SITE
from explorer.core import refuse
from explorer.scene import AnyState, Blueprint, Landscape, Note, Scene, plain
from explorer.stage import links

ENDS = ("to_y", "to", "base")  # what a mark calls the other end of what begins at y
COLUMNS = ("plot", "mark", "role", "label", "x", "y", "to_x", "to_y")


def export(what: str, blueprint: Blueprint[AnyState], state: AnyState) -> str:
    """One of "code", "link", "csv" and "json", of this state.

    Raises
    ------
    ValueError
        For anything else, and where the data do not fit into a link.
    """
    match what:
        case "code":
            return links.code(blueprint.name, state)
        case "link":
            return link(blueprint.name, state)
        case "csv":
            return curves(blueprint.view(state))
        case "json":
            return values(blueprint.view(state))
    refuse("what", what, "one of 'code', 'link', 'csv', 'json'")


def link(name: str, state: Any, base: str = SITE) -> str:
    """The address at which the site that begins at `base` opens this state."""
    return f"{base.rstrip('/')}/{name}/#{links.query(name, state)}"


def values(scene: Scene) -> str:
    """All that the panel means, by name, as JSON; nan is null, infinity a text."""
    return json.dumps(_plain(scene.named), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def curves(scene: Scene) -> str:
    """Every point that is drawn, but for landscapes, as CSV: a line each."""
    found = io.StringIO()
    table = csv.writer(found, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_points(scene))
    return found.getvalue()


def _points(scene: Scene) -> Iterator[tuple[Any, ...]]:
    for plot in scene.plots:
        for mark in plot.marks:
            if isinstance(mark, Landscape | Note):
                continue
            head = plain(str(plot.title)), type(mark).__name__.lower(), mark.role
            ends = (_first(mark, *names) for names in (("x",), ("y",), ("to_x",), ENDS))
            columns = np.broadcast_arrays(*map(np.atleast_1d, ends))
            labels = np.broadcast_to(getattr(mark, "label", "") or "", columns[0].shape).tolist()
            for text, *row in zip(labels, *(column.tolist() for column in columns), strict=True):
                if not math.isnan(row[0]):
                    yield *head, plain(text), *("" if math.isnan(v) else repr(v) for v in row)


def _first(mark: Any, *names: str) -> Any:
    return next((getattr(mark, name) for name in names if hasattr(mark, name)), math.nan)
