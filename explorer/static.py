"""Draws a scene as a matplotlib Figure: for the page without a kernel, slides, and export.

The only place that imports matplotlib (and never pyplot). An artist's gid says what it draws:
``"points-1-0"`` is the first mark of the second plot, ``"term-0-2"`` the second term of the first
sum, after its total.
"""

import io
import math
import pickle
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes as PlotAxes
from matplotlib.axis import Axis as PlotAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from explorer.scene import (
    Area,
    Arrows,
    Axis,
    Bars,
    Landscape,
    Line,
    Mark,
    Note,
    Plot,
    Points,
    Rug,
    Rule,
    Scene,
    Squares,
    Stems,
    Sum,
    number,
    pieces,
    plain,
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
WIDTH, WIDEST = 3.3, 4.4  # inches: of axes
HEIGHT, LOWER = 2.75, 2.0  # in one row, and in two
PAGE, EDGE, SUM, FOOT = 10.0, 0.15, 0.5, 0.1  # inches: of many plots; beside words; of a sum; below
LEFT, RIGHT, ABOVE, UNDER = 0.5, 0.2, 0.45, 0.5  # inches: margins around them, the left at least
FAR = 1e9  # heights of the axes: so far out, infinity is finite and a line to it upright

UPRIGHT = 6  # letters of a name of the y axis; a longer one is turned
SENTENCE, LEADING = 11.5, 0.22  # points; inches from line to line
SYMBOLS = {"math_fontfamily": "dejavuserif"}
STILL = "a picture: run this cell to move it"
COMMAND = re.compile(r"[ \"#$%'*\\^_`{}~\U00020000-\U0010ffff]")  # to mathtext, or unknown to it
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
SUBSCRIPT = re.compile("(?<=[^ᵢ])ᵢ(?!ᵢ)")
Label = tuple[float, float, str, str, float]  # x, y, text, role, distance in ems
Drawn = tuple[list[Label], list[np.ndarray]]  # labels to place, points they should keep off


class Picture(Figure):
    """A Figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=144, pil_kwargs={"compress_level": 1})  # quick
        return picture.getvalue()

    def caption(self, text: str) -> None:
        """Put a quiet line under all that is drawn."""
        left = EDGE / self.get_figwidth()
        style = {"fontsize": 9, "fontstyle": "italic", "color": QUIET, "va": "bottom"}
        self.text(left, 0.05 / self.get_figheight(), text, gid="caption", **style)


def still(scene: Scene) -> bytes:
    """A PNG of `scene` for a notebook, with a line that says how to bring it to life."""
    figure = draw(scene)
    figure.caption(STILL)
    return figure._repr_png_()


def draw(scene: Scene) -> Picture:
    """A new figure of `scene`, in the light theme."""
    count = len(scene.plots)
    rows = 1 if count < 4 else 2
    columns, tall = math.ceil(count / rows), HEIGHT if rows == 1 else LOWER
    by_tab = len({plot.tab for plot in scene.plots}) == columns and count == rows * columns
    places = [divmod(i, rows)[::-1] if by_tab else divmod(i, columns) for i in range(count)]
    figure = Picture(figsize=(WIDTH, HEIGHT), facecolor="white")
    FigureCanvasAgg(figure)  # one renderer measures all texts
    plots = [_empty(figure, plot) for plot in scene.plots]
    margins = [0.0] * columns
    for plot, (_, column) in zip(plots, places, strict=True):
        margins[column] = max(margins[column], _margin(plot))
    wide = min(max(WIDTH, (PAGE - sum(margins)) / columns - RIGHT), WIDEST)
    width = sum(margins) + columns * (wide + RIGHT)
    edge, end = EDGE / width, 1 - RIGHT / width
    sentence = _lines(scene.sentence, int(12 * (width - EDGE - RIGHT)))
    above = 0.25 + SUM * len(scene.sums) + LEADING * len(sentence)
    height = above + rows * (ABOVE + tall + UNDER) + FOOT
    figure.set_size_inches(width, height)
    for i, total in enumerate(scene.sums):
        top = height - 0.2 - SUM * i
        _draw_sum(figure, total, i, edge, top / height, (top - 0.26) / height)
    top = height - 0.16 - SUM * len(scene.sums)
    style = {"fontsize": SENTENCE, "color": TEXT, "va": "top", **SYMBOLS}
    for i, line in enumerate(sentence):
        figure.text(edge, (top - LEADING * i) / height, line, gid="sentence", **style)
    if sentence:
        rule = [1 - above / height] * 2
        figure.add_artist(Line2D((edge, end), rule, color=LINE, linewidth=0.8))
    for i, (plot, drawn) in enumerate(zip(plots, scene.plots, strict=True)):
        row, column = places[i]
        left = sum(margins[: column + 1]) + column * (wide + RIGHT)
        bottom = height - above - row * (ABOVE + tall + UNDER) - ABOVE - tall
        plot.set_position((left / width, bottom / height, wide / width, tall / height))
        _draw_marks(plot, drawn.marks, i)
    return figure


def _empty(figure: Figure, drawn: Plot) -> PlotAxes:
    """The axes of a plot, without its marks."""
    plot = figure.add_axes((0, 0, 1, 1))
    plot.set(xscale="log" if drawn.x.log else "linear", yscale="log" if drawn.y.log else "linear")
    plot.set(xlim=drawn.x.limits, ylim=drawn.y.limits, axisbelow=True)
    plot.minorticks_off()
    plot.spines[["top", "left", "right"]].set_visible(False)
    plot.spines["bottom"].set_color(QUIET)
    plot.tick_params(colors=QUIET, labelsize=10, left=False)
    if not any(isinstance(mark, Landscape) for mark in drawn.marks):
        plot.grid(axis="y", color=LINE, linewidth=0.8)
    _set_ticks(plot.xaxis, drawn.x)
    _set_ticks(plot.yaxis, drawn.y)
    text = {"color": QUIET, "fontsize": 12, "ha": "right", "textcoords": "offset points", **SYMBOLS}
    plot.annotate(_rich(drawn.x.label), (1, 0), (0, -30), xycoords="axes fraction", **text)
    if len(plain(str(drawn.y.label))) > UPRIGHT:
        plot.set_ylabel(_rich(drawn.y.label), color=QUIET, fontsize=11, **SYMBOLS)
    else:
        place, across = (0, _between_ticks(plot.yaxis)), plot.get_yaxis_transform()
        plot.annotate(_rich(drawn.y.label), place, (-6, 0), xycoords=across, va="center", **text)
    if any(isinstance(mark, Landscape) for mark in drawn.marks):
        plot.set_xlabel("less colour is lower", loc="left", color=QUIET, fontsize=10)
    title = {"fontsize": 11.5, "fontweight": "bold", "color": TEXT, **SYMBOLS}
    text = plot.set_title(_rich(drawn.title), loc="left", **title)
    renderer = figure.canvas.get_renderer()
    inches = text.get_window_extent(renderer).width / figure.dpi
    if inches > WIDTH + RIGHT / 2:
        text.set_fontsize(11.5 * (WIDTH + RIGHT / 2) / inches)
    return plot


def _set_ticks(axis: PlotAxis, drawn: Axis) -> None:
    if not drawn.log:
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(_tick_text))
    if drawn.names:
        axis.set_ticks(range(len(drawn.names)), [_rich(name) for name in drawn.names])


def _tick_text(value: float, _position: int | None = None) -> str:
    unit, name = (1e6, "M") if abs(value) >= 1e6 else (1e3, "k") if abs(value) >= 1e4 else (1, "")
    return f"{value / unit:.12g}".replace("-", "−") + name


def _margin(plot: PlotAxes) -> float:
    """The inches that the words and numbers around empty axes need to their left."""
    renderer = plot.figure.canvas.get_renderer()
    words = plot.yaxis.get_tightbbox(renderer), *(t.get_window_extent(renderer) for t in plot.texts)
    left = min(box.x0 for box in words if box)
    return max(LEFT, (plot.bbox.x0 - left) / plot.figure.dpi + 0.04)


def _draw_marks(plot: PlotAxes, marks: Sequence[Mark], place: int) -> None:
    labels: list[Label] = []
    avoid: list[np.ndarray] = []
    for i, mark in enumerate(marks):
        gid = f"{type(mark).__name__.lower()}-{place}-{i}"
        found, points = DRAW[type(mark)](plot, mark, gid) or ([], [])
        labels += found
        avoid += points
    _place_labels(plot, labels, avoid)


# --------------------------------------------------------------------------------------- marks


def _line(plot: PlotAxes, mark: Line, gid: str) -> Drawn:
    x, y = np.asarray(mark.x), _finite(plot, mark.y)
    style = {"linestyle": (0, (4, 3)), "linewidth": 1.4} if mark.dashed else {"linewidth": 1.8}
    plot.plot(x, y, color=COLOURS[mark.role], gid=gid, **style)
    if not (mark.label and x.size):
        return [], [np.column_stack([x, y])]
    curve = _between(x, y) if x.size == 2 else np.column_stack([x, y])
    k = int((x.size - 1) * mark.at)
    ends = np.array([x[[0, -1]], y[[0, -1]]])
    at = ends @ (1 - mark.at, mark.at) if x.size == 2 else (x[k], y[k])
    label = (float(at[0]), float(at[1]), mark.label, mark.role, 0.3)
    return [] if np.isnan(at[1]) else [label], [curve]


def _area(plot: PlotAxes, mark: Area, gid: str) -> None:
    y, base = _finite(plot, mark.y), _finite(plot, mark.base)
    style = {"color": COLOURS[mark.role], "alpha": 0.14, "linewidth": 0}
    plot.fill_between(mark.x, y, base, gid=gid, **style)


def _points(plot: PlotAxes, mark: Points, gid: str) -> Drawn:
    colour, labels, avoid = COLOURS[mark.role], [], []
    if mark.quiet:  # seen only under a hand
        return labels, avoid
    left, low = plot.get_xlim()[0], plot.get_ylim()[0]
    xs, ys = np.atleast_1d(mark.x), np.atleast_1d(mark.y)
    texts = np.broadcast_to(mark.label or "", xs.shape)
    for *point, text in zip(xs, ys, texts, strict=True):
        if np.isnan(point).any():
            continue
        x, sideways = _at_edge(plot.xaxis, point[0], "<>")
        at, upwards = _at_edge(plot.yaxis, point[1], "v^")
        shape = upwards or sideways or {"cross": "x"}.get(mark.shape, "o")
        style = {"markersize": 6 if mark.small else 9.5, "markeredgecolor": "white", "zorder": 5}
        if mark.shape != "disc":
            style |= {"markeredgecolor": colour, "markerfacecolor": "white"}
        plot.plot(x, at, shape, color=colour, clip_on=False, gid=gid, **style)
        for drop, end in (("x", (x, low)), ("y", (left, at))):
            if drop in mark.drop:
                guide = np.array([[x, at], end])
                plot.plot(*guide.T, color=colour, linestyle=(0, (3, 2.5)), linewidth=1.1)
                avoid.append(_between(*guide.T))
        if text:
            labels.append((float(x), float(at), text, mark.role, 0.6 if mark.small else 0.8))
        elif mark.small:
            avoid.append(np.array([[x, at]]))
    return labels, avoid


def _stems(plot: PlotAxes, mark: Stems, gid: str) -> None:
    style = {"color": COLOURS[mark.role], "linewidth": 0.7, "alpha": 0.55}
    plot.vlines(mark.x, 0, _finite(plot, mark.y), gid=gid, **style)


def _bars(plot: PlotAxes, mark: Bars, gid: str) -> None:
    x, y, base = np.broadcast_arrays(*map(np.atleast_1d, (mark.x, mark.y, mark.base)))
    y, colour = _finite(plot, y), COLOURS[mark.role]
    plot.bar(x, y - base, mark.width, base, color=colour, alpha=0.75, gid=gid)
    texts = np.broadcast_to(mark.label or "", x.shape)
    for text, *at, foot in zip(texts, x, y, base, strict=True):
        side = 1 if at[1] >= foot else -1
        plot.annotate(
            _rich(text), at, (0, 5 * side), textcoords="offset points", ha="center",
            va="bottom" if side > 0 else "top", fontsize=11, color=colour,
        )  # fmt: skip


def _squares(plot: PlotAxes, mark: Squares, gid: str) -> None:
    to_pixels, to_data = plot.transData, plot.transData.inverted()
    colour = COLOURS[mark.role]
    for x, y, to in zip(*map(np.atleast_1d, (mark.x, mark.y, mark.to)), strict=True):
        (left, low), (_, high) = to_pixels.transform([(x, y), (x, to)])
        side = abs(high - low)
        right = left + side if left + side <= plot.bbox.x1 else left - side
        corners = to_data.transform([(left, low), (right, low), (right, high), (left, high)])
        style = {"facecolor": to_rgba(colour, 0.14), "edgecolor": colour}
        plot.add_patch(Polygon(corners, linewidth=0.8, gid=gid, **style))


def _arrows(plot: PlotAxes, mark: Arrows, gid: str) -> None:
    ends = map(np.atleast_1d, (mark.x, mark.y, mark.to_x, mark.to_y))
    style = {"arrowstyle": "->", "color": COLOURS[mark.role], "linewidth": 1.6}
    for x, y, to_x, to_y in zip(*ends, strict=True):
        arrow = {**style, "shrinkA": 0, "shrinkB": 0}
        plot.annotate("", (to_x, to_y), (x, y), arrowprops=arrow).set_gid(gid)


def _note(plot: PlotAxes, mark: Note, gid: str) -> None:
    others = [text for text in plot.texts if (text.get_gid() or "").startswith("note")]
    note = plot.text(
        {"left": 0.02, "right": 0.98}[mark.side], 0.95, _rich(mark.text), gid=gid,
        transform=plot.transAxes, ha=mark.side, va="top", fontsize=12, fontweight="bold",
        color=COLOURS[mark.role], **SYMBOLS,
    )  # fmt: skip
    renderer = plot.figure.canvas.get_renderer()  # type: ignore[arg-type]
    boxes = [other.get_window_extent(renderer) for other in others]
    while any(note.get_window_extent(renderer).overlaps(box) for box in boxes):
        note.set_y(note.get_position()[1] - 0.1)  # where both do not fit in one line


def _rug(plot: PlotAxes, mark: Rug, gid: str) -> None:
    x = np.asarray(mark.x)
    style = {"color": COLOURS[mark.role], "alpha": 0.6, "markersize": 14, "markeredgewidth": 0.7}
    plot.plot(x, np.zeros_like(x), "|", transform=plot.get_xaxis_transform(), gid=gid, **style)


def _rule(plot: PlotAxes, mark: Rule, gid: str) -> Drawn:
    low, high = plot.get_ylim()
    plot.axvline(mark.x, color=COLOURS[mark.role], linewidth=1.6, gid=gid)
    if mark.drag:
        style = {"markersize": 9.5, "markeredgecolor": "white", "zorder": 5}
        plot.plot(mark.x, low, "o", color=COLOURS[mark.role], clip_on=False, **style)
    avoid = [_between(np.array([mark.x, mark.x]), np.array([low, high]))]
    label = (mark.x, _place_at(plot.yaxis, 0.95), mark.label, mark.role, 0.7)
    return [label] if mark.label and not np.isnan(mark.x) else [], avoid


def _landscape(plot: PlotAxes, mark: Landscape, gid: str) -> None:
    levels = np.asarray(mark.levels)
    reach = levels[-1] - levels[0]
    values = np.clip(np.asarray(mark.values), levels[0] - reach, levels[-1] + 9 * reach)
    y, x = (
        _place_at(axis, np.linspace(0, 1, size))
        for axis, size in zip((plot.yaxis, plot.xaxis), values.shape, strict=True)
    )
    opacity = 1 - (1 - BAND) ** np.arange(levels.size + 1)
    bands = [to_rgba(COLOURS[mark.role], a) for a in opacity]
    edges = [levels[0] - 2 * reach, *levels, levels[-1] + 10 * reach]
    plot.contourf(x, y, values, levels=edges, colors=bands).set_gid(gid)
    lines = [to_rgba(COLOURS[mark.role], 0.38)]
    plot.contour(x, y, values, levels=levels, colors=lines, linewidths=0.6, linestyles="solid")


DRAW: dict[type, Callable[[PlotAxes, Any, str], Drawn | None]] = {
    Line: _line, Area: _area, Points: _points, Stems: _stems, Bars: _bars, Squares: _squares,
    Arrows: _arrows, Note: _note, Rug: _rug, Rule: _rule, Landscape: _landscape,
}  # fmt: skip

# ---------------------------------------------------------------------------------------- text


def _draw_sum(
    figure: Figure, total: Sum, place: int, edge: float, top: float, bottom: float
) -> None:
    renderer = figure.canvas.get_renderer()
    columns = []
    for i, term in enumerate((total.total, *total.terms)):
        if i:
            style = {"fontsize": 14, "color": QUIET, "va": "center"}
            columns.append([figure.text(0, (top + bottom) / 2, "=" if i == 1 else "+", **style)])
        value = number(float(term.value), total.digits)
        shown = "".join(f"{digit}\u0336" for digit in value) if term.struck else value
        colour = QUIET if term.struck else COLOURS["loss"] if i == 0 else TEXT
        style = {"fontsize": 14, "fontweight": "bold", "color": colour, "va": "center"}
        formula = {"fontsize": 10.5, "color": QUIET, "va": "center", **SYMBOLS}
        above = figure.text(0, top, shown, gid=f"term-{place}-{i}", **style)
        columns.append([above, figure.text(0, bottom, _rich(term.label), **formula)])
    pixels = figure.get_figwidth() * figure.dpi
    widths = [max(text.get_window_extent(renderer).width for text in texts) for texts in columns]
    gap = 0.28 * figure.dpi
    left = edge * pixels
    for texts, width in zip(columns, widths, strict=True):
        for text in texts:
            text.set(x=(left + width / 2) / pixels, ha="center")
        left += width + gap


def _place_labels(plot: PlotAxes, labels: Sequence[Label], avoid: Sequence[np.ndarray]) -> None:
    """Put each label beside its anchor, where it hides least; the rule that the page follows."""
    renderer = plot.figure.canvas.get_renderer()
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
            fontsize=11, color=COLOURS[role], zorder=6,
            path_effects=[withStroke(linewidth=2.6, foreground="white")], **SYMBOLS,
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
    return np.linspace((x[0], y[0]), (x[-1], y[-1]), 40)


def _between_ticks(axis: PlotAxis) -> Any:
    """Where the y label stands among the numbers of its axis: between the middle two."""
    low, high = axis.get_view_interval()
    ticks = [tick for tick in axis.get_ticklocs() if low <= tick <= high]
    middle, scale = (len(ticks) - 1) // 2, axis.get_transform()
    return scale.inverted().transform(np.mean(scale.transform(ticks[middle : middle + 2])))


def _place_at(axis: PlotAxis, share: Any) -> Any:
    """The values at shares of the way along an axis."""
    scale = axis.get_transform()
    low, high = scale.transform(axis.get_view_interval())
    return scale.inverted().transform(low + share * (high - low))


def _at_edge(axis: PlotAxis, value: float, markers: str) -> tuple[float, str]:
    """Where on an axis something stands, or if beyond its end, just inside, and a marker for it."""
    if value < _place_at(axis, -0.005):
        return _place_at(axis, 0.025), markers[0]
    if value > _place_at(axis, 1.005):
        return _place_at(axis, 0.975), markers[1]
    return value, ""


def _finite(plot: PlotAxes, y: Any) -> np.ndarray:
    """`y` with infinities as finite values far outside of the axes."""
    low, high = plot.get_ylim()
    reach = FAR * (high - low)
    return np.clip(np.asarray(y, float), low - reach, high + reach)


def _letters(text: str) -> list[tuple[str, bool]]:
    """The letters of a text, each with whether it is in italics."""
    parts = enumerate(pieces(CONTROL.sub(" ", text)))
    return [(letter, i % 2 == 1) for i, part in parts for letter in part]


def _rich(text: str) -> str:
    """A text in matplotlib's markup."""
    return _marked_up(_letters(text))


def _lines(text: str, width: int) -> list[str]:
    """A text in matplotlib's markup, in lines of at most `width` letters."""
    letters, end, lines = _letters(text), 0, []
    whole = "".join(letter for letter, _ in letters)
    for line in textwrap.wrap(whole, width):
        start = whole.index(line, end)
        end = start + len(line)
        lines.append(_marked_up(letters[start:end]))
    return lines


def _marked_up(letters: Sequence[tuple[str, bool]]) -> str:
    """Italics as mathtext, but for what would be a command there: that stays upright."""
    text = ""
    for italic, run in groupby(letters, lambda item: item[1] and not COMMAND.match(item[0])):
        part = "".join(letter for letter, _ in run)
        if italic:
            gap = "\u200b" if text.endswith("\\") else ""  # or the dollar would be escaped
            text += f"{gap}${SUBSCRIPT.sub('_i', part)}$"
        else:
            text += part.replace("$", r"\$")
    return text


if __name__ == "__main__":  # the process of explorer/stage/painter.py
    while sys.stdin.buffer.peek(1):
        pickle.dump(still(pickle.load(sys.stdin.buffer)), sys.stdout.buffer)
        sys.stdout.flush()
