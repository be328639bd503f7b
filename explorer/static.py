"""Draws a frame as a matplotlib Figure: for the page without a kernel, slides, and export.

The only place that imports matplotlib (and never pyplot). Each artist carries the name of the
frame entry that it draws as its gid.
"""

import io
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes as PlotAxes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from explorer.spec import (
    Area,
    Arrows,
    Axes,
    Bars,
    Frame,
    Landscape,
    Limits,
    Line,
    Note,
    Points,
    Rug,
    Rule,
    Spec,
    Squares,
    Stems,
    Sum,
    number,
)

COLOURS = {
    "truth": "#59636e",
    "model": "#0067a3",
    "observation": "#8f5600",
    "loss": "#b93a00",
    "optimum": "#00705a",
    "muted": "#59636e",
}
TEXT, QUIET, LINE = "#1b1f24", "#59636e", "#d9dde2"
BAND = 0.042  # opacity of one band of a landscape
WIDTH, PLOT = 4.0, 2.75  # inches: of one plot with its margins; height of the axes

SENTENCE, LEADING = 11.5, 0.22  # points; inches from line to line
Label = tuple[float, float, str, str, float]  # x, y, text, role, distance in ems
Drawn = tuple[list[Label], list[np.ndarray]]  # labels to place, points they should keep off


class Picture(Figure):
    """A Figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=144)
        return picture.getvalue()


def draw(spec: Spec, frame: Frame) -> Picture:
    """A new figure of `frame` as `spec` says, in the light theme."""
    columns = min(spec.columns, len(spec.axes))
    rows = -(-len(spec.axes) // columns)
    width = WIDTH * columns
    sentence = textwrap.wrap(str(frame[spec.sentence]), int(11.3 * width))
    below = 0.52 + 0.63 * len(spec.sums) + LEADING * len(sentence)
    tall = [max(axes.height for axes in spec.axes[r * columns :][:columns]) for r in range(rows)]
    height = sum(0.45 + PLOT * factor + 0.5 for factor in tall) + below
    figure = Picture(figsize=(width, height), facecolor="white")
    for i, axes in enumerate(spec.axes):
        row, column = divmod(i, columns)
        left = (column * WIDTH + 0.5) / width
        bottom = 0.5 + below + sum(0.45 + PLOT * factor + 0.5 for factor in tall[row + 1 :])
        size = (WIDTH - 0.7) / width, PLOT * tall[row] / height
        plot = figure.add_axes((left, bottom / height, *size))
        _draw_axes(plot, axes, frame)
    for i, total in enumerate(spec.sums):
        top = below - 0.2 - 0.63 * i
        _draw_sum(figure, total, frame, top / height, (top - 0.26) / height)
    edge = 0.5 / width
    end = LEADING * len(sentence) + 0.33
    figure.add_artist(
        Line2D((edge, 1 - 0.2 / width), (end / height,) * 2, color=LINE, linewidth=0.8)
    )
    for i, line in enumerate(sentence):
        at = (end - 0.14 - LEADING * i) / height
        style = {"fontsize": SENTENCE, "color": TEXT, "math_fontfamily": "dejavuserif"}
        figure.text(edge, at, _rich(line), va="top", gid=spec.sentence, **style)
    return figure


def _draw_axes(plot: PlotAxes, axes: Axes, frame: Frame) -> None:
    plot.set_xlim(_limits(axes.x_limits, frame))
    plot.set_ylim(_limits(axes.y_limits, frame))
    plot.set_axisbelow(True)
    plot.spines[["top", "left", "right"]].set_visible(False)
    plot.spines["bottom"].set_color(QUIET)
    plot.tick_params(colors=QUIET, labelsize=10, left=False)
    if not any(isinstance(mark, Landscape) for mark in axes.marks):
        plot.grid(axis="y", color=LINE, linewidth=0.8)
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        if axes.x_log and axis is plot.xaxis:
            plot.set_xscale("log")
            plot.minorticks_off()
        axis.set_major_formatter(FuncFormatter(_tick_text))
    if axes.x_ticks:
        names = [_rich(name) for name in cast("tuple[str, ...]", frame[axes.x_ticks])]
        plot.set_xticks(range(len(names)), names)
    text = {"color": QUIET, "fontsize": 12, "math_fontfamily": "dejavuserif"}
    text |= {"ha": "right", "textcoords": "offset points"}
    plot.annotate(_rich(axes.x_label), (1, 0), (0, -30), xycoords="axes fraction", **text)
    place = (0, _between_ticks(plot))
    across = plot.get_yaxis_transform()
    plot.annotate(_rich(axes.y_label), place, (-6, 0), xycoords=across, va="center", **text)
    plot.set_title(
        _rich(_filled(axes.title, frame)),
        loc="left",
        fontsize=11.5,
        fontweight="bold",
        color=TEXT,
        math_fontfamily="dejavuserif",
    )
    labels: list[Label] = []
    avoid: list[np.ndarray] = []
    for mark in axes.marks:
        found, points = DRAW[type(mark)](plot, mark, frame)
        labels += found
        avoid += points
    _place_labels(plot, labels, avoid)


def _tick_text(value: float, _position: int | None = None) -> str:
    unit, name = (1e6, "M") if abs(value) >= 1e6 else (1e3, "k") if abs(value) >= 1e4 else (1, "")
    return f"{value / unit:g}".replace("-", "−") + name


# --------------------------------------------------------------------------------------- marks


def _line(plot: PlotAxes, mark: Line, frame: Frame) -> Drawn:
    x, y = np.asarray(frame[mark.x]), np.asarray(frame[mark.y])
    style = {"linestyle": (0, (4, 3)), "linewidth": 1.4} if mark.dashed else {"linewidth": 1.8}
    (artist,) = plot.plot(x, _clamped(plot, y), color=COLOURS[mark.role], **style)
    artist.set_gid(mark.y)
    if not (mark.label and x.size):
        return [], [np.column_stack([x, y])]
    k = int((x.size - 1) * mark.at)
    middle = (x.mean(), y.mean()) if x.size == 2 else (x[k], y[k])
    curve = _between(x, y) if x.size == 2 else np.column_stack([x, y])
    label = (float(middle[0]), float(middle[1]), _filled(mark.label, frame), mark.role, 0.3)
    return [label] if label[2] and not np.isnan(label[1]) else [], [curve]


def _area(plot: PlotAxes, mark: Area, frame: Frame) -> Drawn:
    y = _clamped(plot, np.asarray(frame[mark.y]))
    base = _clamped(plot, np.asarray(frame[mark.base])) if mark.base else 0
    artist = plot.fill_between(
        frame[mark.x], y, base, color=COLOURS[mark.role], alpha=0.14, linewidth=0
    )
    artist.set_gid(mark.y)
    return [], []


def _points(plot: PlotAxes, mark: Points, frame: Frame) -> Drawn:
    xs, ys = np.atleast_1d(frame[mark.x]), np.atleast_1d(frame[mark.y])
    colour, labels, avoid = COLOURS[mark.role], [], []
    low, _ = plot.get_ylim()
    for i, point in enumerate(zip(xs, ys, strict=True)):
        if np.isnan(point).any():
            continue
        x, sideways = _at_edge(point[0], plot.get_xlim(), "<>")
        at, upwards = _at_edge(point[1], plot.get_ylim(), "v^")
        shape = upwards or sideways or {"cross": "x"}.get(mark.shape, "o")
        style = {"markersize": 6 if mark.small else 9.5, "markeredgecolor": "white", "zorder": 5}
        if mark.shape != "disc":
            style |= {"markeredgecolor": colour, "markerfacecolor": "white"}
        (artist,) = plot.plot(x, at, shape, color=colour, clip_on=False, **style)
        artist.set_gid(mark.y)
        for drop, end in (("x", (x, low)), ("y", (plot.get_xlim()[0], at))):
            if drop in mark.drop:
                guide = np.array([[x, at], end])
                plot.plot(*guide.T, color=colour, linestyle=(0, (3, 2.5)), linewidth=1.1)
                avoid.append(_between(*guide.T))
        text = _filled(mark.label, frame, i)
        if text:
            labels.append((float(x), float(at), text, mark.role, 0.6 if mark.small else 0.8))
    return labels, avoid


def _stems(plot: PlotAxes, mark: Stems, frame: Frame) -> Drawn:
    y = _clamped(plot, np.asarray(frame[mark.y]))
    artist = plot.vlines(frame[mark.x], 0, y, color=COLOURS[mark.role], linewidth=0.7, alpha=0.55)
    artist.set_gid(mark.y)
    return [], []


def _bars(plot: PlotAxes, mark: Bars, frame: Frame) -> Drawn:
    x, y = np.atleast_1d(frame[mark.x]), _clamped(plot, np.atleast_1d(frame[mark.y]))
    base = np.atleast_1d(frame[mark.base]) if mark.base else np.zeros_like(y)
    colour = COLOURS[mark.role]
    for artist in plot.bar(x, y - base, mark.width, base, color=colour, alpha=0.75):
        artist.set_gid(mark.y)
    for i in range(x.size) if mark.label else ():
        text, side = _rich(_filled(mark.label, frame, i)), 1 if y[i] >= base[i] else -1
        plot.annotate(
            text, (x[i], y[i]), (0, 5 * side), textcoords="offset points", ha="center",
            va="bottom" if side > 0 else "top", fontsize=11, color=colour,
        )  # fmt: skip
    return [], []


def _squares(plot: PlotAxes, mark: Squares, frame: Frame) -> Drawn:
    to_pixels, to_data = plot.transData, plot.transData.inverted()
    for x, y, to in zip(*(np.atleast_1d(frame[n]) for n in (mark.x, mark.y, mark.to)), strict=True):
        (left, low), (_, high) = to_pixels.transform([(x, y), (x, to)])
        side = abs(high - low)
        if left + side > plot.bbox.x1:
            side = -side
        corners = to_data.transform(
            [(left, low), (left + side, low), (left + side, high), (left, high)]
        )
        style = {"facecolor": (*_rgb(COLOURS[mark.role]), 0.14), "edgecolor": COLOURS[mark.role]}
        plot.add_patch(Polygon(corners, linewidth=0.8, gid=mark.to, **style))
    return [], []


def _arrows(plot: PlotAxes, mark: Arrows, frame: Frame) -> Drawn:
    names = (mark.x, mark.y, mark.to_x, mark.to_y)
    for x, y, to_x, to_y in zip(*(np.atleast_1d(frame[name]) for name in names), strict=True):
        style = {
            "arrowstyle": "->",
            "color": COLOURS[mark.role],
            "linewidth": 1.6,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        plot.annotate("", (to_x, to_y), (x, y), arrowprops=style).set_gid(mark.to_y)
    return [], []


def _note(plot: PlotAxes, mark: Note, frame: Frame) -> Drawn:
    plot.text(
        {"left": 0.02, "right": 0.98}[mark.side], 0.95, _rich(_filled(mark.text, frame)),
        transform=plot.transAxes, ha=mark.side, va="top", fontsize=12, fontweight="bold",
        color=COLOURS[mark.role], math_fontfamily="dejavuserif",
    )  # fmt: skip
    return [], []


def _rug(plot: PlotAxes, mark: Rug, frame: Frame) -> Drawn:
    x = np.asarray(frame[mark.x])
    style = {"color": COLOURS[mark.role], "alpha": 0.6, "markersize": 14, "markeredgewidth": 0.7}
    across = plot.get_xaxis_transform()
    (artist,) = plot.plot(x, np.zeros_like(x), "|", transform=across, **style)
    artist.set_gid(mark.x)
    return [], []


def _rule(plot: PlotAxes, mark: Rule, frame: Frame) -> Drawn:
    x = float(frame[mark.x])  # type: ignore[arg-type]
    low, high = plot.get_ylim()
    plot.axvline(x, color=COLOURS[mark.role], linewidth=1.6).set_gid(mark.x)
    if mark.drag:
        style = {"markersize": 9.5, "markeredgecolor": "white", "zorder": 5}
        plot.plot(x, low, "o", color=COLOURS[mark.role], clip_on=False, **style)
    top = high - 0.05 * (high - low)
    avoid = [_between(np.array([x, x]), np.array([low, high]))]
    text = _filled(mark.label, frame)
    return [(x, top, text, mark.role, 0.7)] if text else [], avoid


def _landscape(plot: PlotAxes, mark: Landscape, frame: Frame) -> Drawn:
    levels = np.asarray(frame[mark.levels])
    reach = levels[-1] - levels[0]
    values = np.clip(np.asarray(frame[mark.values]), levels[0] - reach, levels[-1] + 9 * reach)
    rows, columns = values.shape
    x, y = np.linspace(*plot.get_xlim(), columns), np.linspace(*plot.get_ylim(), rows)
    opacity = 1 - (1 - BAND) ** np.arange(levels.size + 1)
    bands = [(*_rgb(COLOURS[mark.role]), a) for a in opacity]
    edges = [levels[0] - 2 * reach, *levels, levels[-1] + 10 * reach]
    plot.contourf(x, y, values, levels=edges, colors=bands).set_gid(mark.values)
    lines = [(*_rgb(COLOURS[mark.role]), 0.38)]
    plot.contour(x, y, values, levels=levels, colors=lines, linewidths=0.6, linestyles="solid")
    return [], []


DRAW: dict[type, Callable[[PlotAxes, Any, Frame], Drawn]] = {
    Line: _line,
    Area: _area,
    Points: _points,
    Stems: _stems,
    Bars: _bars,
    Squares: _squares,
    Arrows: _arrows,
    Note: _note,
    Rug: _rug,
    Rule: _rule,
    Landscape: _landscape,
}

# ---------------------------------------------------------------------------------------- text


def _draw_sum(figure: Figure, total: Sum, frame: Frame, top: float, bottom: float) -> None:
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[arg-type]
    columns = []
    for i, term in enumerate((total.total, *total.terms)):
        if i:
            style = {"fontsize": 14, "color": QUIET, "va": "center"}
            columns.append([figure.text(0, (top + bottom) / 2, "=" if i == 1 else "+", **style)])
        struck = bool(term.struck and frame[term.struck])
        value = number(float(frame[term.value]), total.digits)  # type: ignore[arg-type]
        shown = "".join(f"{digit}\u0336" for digit in value) if struck else value
        colour = QUIET if struck else COLOURS["loss"] if i == 0 else TEXT
        style = {"fontsize": 14, "fontweight": "bold", "color": colour, "gid": term.value}
        formula = {"fontsize": 10.5, "color": QUIET, "math_fontfamily": "dejavuserif"}
        columns.append(
            [
                figure.text(0, top, shown, va="center", **style),
                figure.text(0, bottom, _rich(_filled(term.label, frame)), va="center", **formula),
            ]
        )
    pixels = figure.get_figwidth() * figure.dpi
    widths = [max(text.get_window_extent(renderer).width for text in texts) for texts in columns]
    gap = 0.28 * figure.dpi
    left = (pixels - sum(widths) - gap * (len(widths) - 1)) / 2
    for texts, width in zip(columns, widths, strict=True):
        for text in texts:
            text.set(x=(left + width / 2) / pixels, ha="center")
        left += width + gap


def _place_labels(plot: PlotAxes, labels: Sequence[Label], avoid: Sequence[np.ndarray]) -> None:
    """Put each label beside its anchor, where it hides least; the rule that stage.js follows."""
    renderer = FigureCanvasAgg(plot.figure).get_renderer()  # type: ignore[arg-type]
    to_pixels = plot.transData.transform
    frame = plot.get_window_extent(renderer)
    point = plot.figure.dpi / 72
    em = 11 * point
    anchors = np.array([to_pixels(label[:2]) for label in labels]).reshape(-1, 2)
    dots = np.concatenate(
        [np.empty((0, 2)), *(to_pixels(points) for points in avoid if len(points))]
    )
    dots = dots[np.isfinite(dots).all(axis=1)]
    boxes: list[np.ndarray] = []
    for (x, y), (*xy, text, role, ems) in zip(anchors, labels, strict=True):
        artist = plot.annotate(
            _rich(text), xy, (0, 0), textcoords="offset points", annotation_clip=False,
            fontsize=11, color=COLOURS[role], zorder=6, math_fontfamily="dejavuserif",
            path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )  # fmt: skip
        width, height = artist.get_window_extent(renderer).width, 1.2 * em
        best: tuple[float, np.ndarray] | None = None
        for dx, dy in PLACES:
            gap = ems * em
            left = x + gap if dx > 0 else x - gap - width if dx < 0 else x - width / 2
            left = min(max(left, frame.x0 + 2), frame.x1 - width)
            rise = dy * (gap + 0.6 * em)
            low = min(max(y - 0.6 * em + rise, frame.y0 + 2), frame.y1 - height)
            box = np.array([left, low, left + width, low + height])
            cost = (
                1000 * sum(_overlap(box, other) for other in boxes)
                + 100 * _inside(box, anchors, 0.3 * em)
                + _inside(box, dots, 1)
            )
            if best is None or cost < best[0]:
                best = cost, box
        assert best is not None
        boxes.append(best[1])
        artist.set_position(((best[1][0] - x) / point, (best[1][1] + 0.25 * em - y) / point))


PLACES = [
    (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1),
    (1, 2), (-1, 2), (1, -2), (-1, -2), (0, 2), (0, -2), (0, 3), (0, -3),
]  # fmt: skip


def _overlap(box: np.ndarray, other: np.ndarray) -> bool:
    return bool((box[:2] < other[2:]).all() and (other[:2] < box[2:]).all())


def _inside(box: np.ndarray, points: np.ndarray, gap: float) -> int:
    return int(((points > box[:2] - gap) & (points < box[2:] + gap)).all(axis=1).sum())


def _between(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    share = np.linspace(0, 1, 40)[:, None]
    start, end = np.array([x[0], y[0]]), np.array([x[-1], y[-1]])
    return start + share * (end - start)


def _between_ticks(plot: PlotAxes) -> float:
    """Where the y label stands among the numbers of its axis: between the middle two."""
    low, high = plot.get_ylim()
    ticks = [tick for tick in plot.get_yticks() if low <= tick <= high]
    middle = (len(ticks) - 1) // 2
    return float(np.mean(ticks[middle : middle + 2]))


def _limits(limits: Limits, frame: Frame) -> tuple[float, float]:
    low, high = np.asarray(frame[limits]) if isinstance(limits, str) else limits
    return float(low), float(high)


def _at_edge(value: float, limits: tuple[float, float], markers: str) -> tuple[float, str]:
    """Where on an axis something stands, or if beyond its end, just inside, and a marker for it."""
    low, high = limits
    edge = 0.025 * (high - low)
    if low - 0.2 * edge <= value <= high + 0.2 * edge:
        return value, ""
    return (low + edge, markers[0]) if value < low else (high - edge, markers[1])


def _clamped(plot: PlotAxes, y: np.ndarray) -> np.ndarray:
    """Infinities as finite values just outside of the axes, so that lines lead up to them."""
    low, high = plot.get_ylim()
    return np.clip(y, low - (high - low), high + (high - low))


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _filled(text: str, frame: Frame, index: int = 0) -> str:
    def entry(match: re.Match[str]) -> str:
        value = frame[match[1]]
        return value[index] if isinstance(value, tuple) else str(value)

    return re.sub(r"\{(\w+)\}", entry, text)


def _rich(text: str) -> str:
    """``*a*`` in matplotlib's italics."""
    return re.sub(r"\*(.+?)\*", lambda match: f"${match[1]}$", text).replace("ᵢ", "_i")
