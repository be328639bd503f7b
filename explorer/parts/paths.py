"""A path through many dimensions, seen on the plane that holds its start and end."""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from explorer.scene import Array


class PathPlane(NamedTuple):
    """A plane through the start, the end and the point farthest from the line between them."""

    origin: Array  # (d,)
    axes: Array  # (2, d), orthonormal: towards the end, and from the line towards that point
    share: float  # of the squared distances from the start, how much lies in the plane

    def seen(self, points: Array) -> Array:
        """The two coordinates of points (..., d) in the plane, (..., 2)."""
        out: Array = (points - self.origin) @ self.axes.T
        return out

    def at(self, first: Array, second: Array) -> Array:
        """The points of the plane with these coordinates, (..., d)."""
        out: Array = self.origin + np.stack([first, second], axis=-1) @ self.axes
        return out


def along(path: Array) -> PathPlane:
    """The plane of a path (n, d); any one where the path itself defines none."""
    away = path - path[0]
    away = away / (float(np.abs(away).max()) or 1.0)  # squares of what has diverged are infinite
    axes: list[Array] = []
    for rest in (away[-1:], away):
        for axis in axes:
            rest = rest - np.outer(rest @ axis, axis)
        farthest = rest[(rest * rest).sum(axis=1).argmax()]
        length = float(np.linalg.norm(farthest))
        if length <= 1e-9:  # a point or a line
            farthest = _across(axes, path.shape[1])
            length = float(np.linalg.norm(farthest))
        axes.append(farthest / length)
    both = np.array(axes)
    total, inside = (away * away).sum(), ((away @ both.T) ** 2).sum()
    return PathPlane(path[0], both, float(min(inside / total, 1.0)) if total else 1.0)


def corners(line: Array, most: int, near: float) -> list[int]:
    """Which points of a line (2, n) to join, from its first to its last (Douglas, Peucker 1973).

    The point farthest from what joins the others is added until all are `near`, measured in
    widths and heights of the whole line, or until there are `most`.
    """
    size = np.ptp(line, axis=1)
    points = line.T / np.where(size > 0, size, 1.0)

    def farthest(first: int, last: int) -> tuple[float, int, int, int]:
        away, along = points[first : last + 1] - points[first], points[last] - points[first]
        share = (away @ along / (float(along @ along) or 1.0)).clip(0.0, 1.0)
        rest = away - share[:, None] * along
        squares = (rest * rest).sum(axis=1)
        place = int(squares.argmax())
        return -float(squares[place]), first, first + place, last

    found = [farthest(0, len(points) - 1)]
    while found[0][0] < -near * near and len(found) < most - 1:
        _, first, middle, last = heappop(found)
        heappush(found, farthest(first, middle))
        heappush(found, farthest(middle, last))
    return sorted({0, *(last for *_, last in found)})


def _across(axes: list[Array], dimensions: int) -> Array:
    """A direction at right angles to the axes."""
    units = np.eye(dimensions)
    for axis in axes:
        units = units - np.outer(units @ axis, axis)
    farthest: Array = units[(units * units).sum(axis=1).argmax()]
    return farthest
