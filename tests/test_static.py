"""The picture of a scene, by what its artists hold: numbers, places, words."""

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from itertools import combinations

import matplotlib.colors
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

import explorer
from explorer import static
from explorer.data import penguins
from explorer.scene import (
    Area,
    Arrows,
    Axis,
    Bars,
    Drag,
    Landscape,
    Line,
    Note,
    Plot,
    Points,
    Rug,
    Rule,
    Scene,
    Squares,
    Stems,
    Sum,
    Term,
    literal,
    number,
    pieces,
    plain,
)


def plot(*marks, x=(0.0, 1.0), y=(0.0, 1.0), **options):
    return Plot("A title", Axis("*x*", x), Axis("*y*", y), "", marks, **options)


def scene(*plots, sums=(), sentence="A sentence."):
    return Scene({}, plots, sums, (), sentence)


def axes_of(*marks, **options):
    """The axes of a picture with one plot of these marks."""
    return static.draw(scene(plot(*marks, **options))).axes[0]


def artists(axes, kind, where=0, mark=0):
    return axes.findobj(lambda artist: artist.get_gid() == f"{kind}-{where}-{mark}")


def places(found):
    """Marker, x and y of each of these points."""
    return [(a.get_marker(), float(a.get_xdata()[0]), float(a.get_ydata()[0])) for a in found]


def words(figure):
    return [text.get_text() for text in figure.findobj(Text)]


def labels(axes):
    """The labels of marks: they come after the names of the two axes; arrows are texts too."""
    return [text for text in axes.texts[2:] if text.get_text()]


def inked(axes, colour):
    """The picture's pixels of about this colour, as columns and rows (from below) of the axes."""
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255
    x0, y0, x1, y1 = np.round(axes.bbox.extents).astype(int)
    return np.abs(pixels[y0:y1, x0:x1] - matplotlib.colors.to_rgb(colour)).max(axis=2) < 0.1


# What is drawn is the scene


def test_a_line_runs_through_its_points_and_breaks_where_one_is_nan():
    x, y = np.linspace(0, 1, 5), np.array([0.0, 0.5, np.nan, 7.0, -3.0])
    (line,) = artists(axes_of(Line(x, y, "loss")), "line")
    np.testing.assert_array_equal(line.get_xdata(), x)
    np.testing.assert_array_equal(line.get_ydata(), y)


@pytest.mark.parametrize("slope", [-2e6, -40.0, -1.3, 1.0, 3.0, 1e4, 1e8])
def test_a_line_that_leaves_the_axes_has_its_true_slope(slope):
    x = np.array([-1.0, 2.0])
    axes = axes_of(Line(x, 0.5 + slope * (x - 0.3), "model"))
    rows, columns = np.nonzero(inked(axes, static.COLOURS["model"]))
    height, width = inked(axes, static.COLOURS["model"]).shape
    at = 0.3 + ((rows + 0.5) / height - 0.5) / slope
    assert len(set(rows)) > min(height, width * abs(slope)) / 3
    off = np.abs((columns + 0.5) / width - at) * width
    assert (off * min(abs(slope), 1) < 3).all()


@pytest.mark.parametrize("slope", [-40.0, 1.5, 1e4])
def test_an_area_that_leaves_the_axes_has_its_true_edges(slope):
    x = np.array([-1.0, 2.0])
    middle = 0.5 + slope * (x - 0.3)
    axes = axes_of(Area(x, middle + 0.2 * abs(slope), "loss", middle - 0.2 * abs(slope)))
    inside = ~inked(axes, "white")
    height, width = inside.shape
    ys, xs = np.mgrid[0.5:height, 0.5:width]
    away = np.abs(xs / width - 0.3 - (ys / height - 0.5) / slope)
    clear = np.abs(away - 0.2) * width > 3
    lines = np.abs(ys / height * 5 - np.round(ys / height * 5)) * height / 5 < 3
    np.testing.assert_array_equal(inside[clear & ~lines], (away < 0.2)[clear & ~lines])


def test_a_line_to_infinity_is_upright():
    x = np.array([0.0, 0.5, 1.0])
    axes = axes_of(Line(x, np.array([np.inf, 0.5, -np.inf]), "truth"))
    rows, columns = np.nonzero(inked(axes, static.COLOURS["truth"])[20:-5])
    width = axes.bbox.width
    assert len(set(rows)) > 200
    assert (np.abs(columns + 0.5 - 0.5 * width) < 3).all()
    (line,) = artists(axes, "line")
    assert np.isfinite(line.get_ydata()).all()


@pytest.mark.parametrize("base", [-np.inf, np.array([-np.inf, -np.inf])])
def test_an_area_may_reach_to_infinity(base):
    inside = ~inked(
        axes_of(Area(np.array([0.0, 1.0]), np.array([0.5, 0.5]), "loss", base)), "white"
    )
    height, width = inside.shape
    assert inside[5 : height // 2 - 5, 5 : width - 5].all()


def test_an_area_reaches_from_its_base_to_its_curve():
    x = np.linspace(0, 1, 3)
    for base in (0.2, np.array([0.2, 0.1, 0.0])):
        (area,) = artists(axes_of(Area(x, 0.5 + x, "loss", base)), "area")
        corners = {tuple(corner) for corner in area.get_paths()[0].vertices.tolist()}
        assert corners >= set(zip(x, 0.5 + x, strict=True))
        assert corners >= set(zip(x, np.broadcast_to(base, 3), strict=True))


def test_points_stand_where_they_are_each_with_its_label():
    mark = Points(np.array([0.2, 0.4, 0.6]), np.array([0.1, np.nan, 0.3]), "model", ("a", "b", "c"))
    axes = axes_of(mark)
    assert places(artists(axes, "points")) == [("o", 0.2, 0.1), ("o", 0.6, 0.3)]
    assert [text.get_text() for text in labels(axes)] == ["a", "c"]
    same = axes_of(replace(mark, label="each"))
    assert [text.get_text() for text in labels(same)] == ["each", "each"]
    assert labels(axes_of(replace(mark, label=""))) == []


@pytest.mark.parametrize(
    ("x", "y", "drawn"),
    [
        (0.5, 7.0, ("^", 0.5, 0.975)),
        (0.5, np.inf, ("^", 0.5, 0.975)),
        (0.5, -np.inf, ("v", 0.5, 0.025)),
        (7.0, 0.5, (">", 0.975, 0.5)),
        (-7.0, 0.5, ("<", 0.025, 0.5)),
        (1.02, 0.5, (">", 0.975, 0.5)),
        (1.0, 1.004, ("o", 1.0, 1.004)),
    ],
)
def test_a_point_beyond_the_axes_is_a_triangle_at_their_edge(x, y, drawn):
    ((shape, *place),) = places(artists(axes_of(Points(x, y, "loss")), "points"))
    assert shape == drawn[0]
    np.testing.assert_allclose(place, drawn[1:])


def test_guides_run_from_a_point_to_both_axes():
    axes = axes_of(Points(0.4, 0.6, "loss", drop="xy"), x=(0.1, 1.0), y=(0.2, 1.0))
    ends = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "None"]
    assert ends == [[[0.4, 0.6], [0.4, 0.2]], [[0.4, 0.6], [0.1, 0.6]]]


def test_stems_run_from_zero():
    (stems,) = artists(axes_of(Stems(np.array([0.2, 0.5]), np.array([0.4, 0.9]), "loss")), "stems")
    ends = [segment.tolist() for segment in stems.get_segments()]
    assert ends == [[[0.2, 0], [0.2, 0.4]], [[0.5, 0], [0.5, 0.9]]]


@pytest.mark.parametrize("base", [0.0, 0.5, np.array([0.5, 0.0])])
def test_bars_run_from_their_base_each_with_its_label(base):
    mark = Bars(np.array([0.0, 1.0]), np.array([0.2, 0.8]), "model", ("a", "b"), base, 0.4)
    axes = axes_of(mark, x=(-0.5, 1.5))
    bars = artists(axes, "bars")
    feet = np.broadcast_to(base, 2)
    assert [bar.get_y() for bar in bars] == list(feet)
    np.testing.assert_allclose([bar.get_y() + bar.get_height() for bar in bars], [0.2, 0.8])
    assert [(text.get_text(), text.xy) for text in labels(axes)] == [
        ("a", (0, 0.2)),
        ("b", (1, 0.8)),
    ]
    beyond = [text.get_position()[1] > 0 for text in labels(axes)]
    assert beyond == list(np.array([0.2, 0.8]) >= feet)


def test_squares_are_square_on_the_page_and_inside_of_the_axes():
    mark = Squares(np.array([0.1, 0.9]), np.array([2.0, 2.0]), np.array([4.0, 5.0]), "loss")
    axes = axes_of(mark, y=(0.0, 10.0))
    for square, x, to in zip(artists(axes, "squares"), mark.x, mark.to, strict=True):
        corners = square.get_xy()[:4]
        np.testing.assert_allclose(corners[[0, 3]], [[x, 2], [x, to]])
        pixels = axes.transData.transform(corners)
        np.testing.assert_allclose(np.ptp(pixels[:, 0]), np.ptp(pixels[:, 1]))
        assert (corners[:, 0] <= 1).all()


def test_arrows_rugs_notes_and_rules_are_where_they_should_be():
    axes = axes_of(
        Arrows(np.array([0.1]), np.array([0.2]), np.array([0.3]), np.array([0.4]), "muted"),
        Rug(np.array([0.2, 0.7]), "observation"),
        Note("left: *a*", "muted", "left"),
        Rule(0.6, "observation", "*y*", Drag(x="y")),
    )
    (arrow,) = artists(axes, "arrows")
    assert (arrow.xyann, arrow.xy) == ((0.1, 0.2), (0.3, 0.4))
    (rug,) = artists(axes, "rug", mark=1)
    assert list(rug.get_xdata()) == [0.2, 0.7]
    (note,) = artists(axes, "note", mark=2)
    assert (note.get_text(), note.get_ha()) == ("left: $a$", "left")
    (rule,) = artists(axes, "rule", mark=3)
    assert list(rule.get_xdata()) == [0.6, 0.6]
    assert [text.get_text() for text in labels(axes) if text is not note] == ["$y$"]
    assert places(axes.lines[-1:]) == [("o", 0.6, 0.0)]


def test_a_landscape_has_a_band_between_its_levels():
    x, y = np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 20))
    axes = axes_of(Landscape(3 * x + 0 * y, np.array([1.0, 2.0])))
    (bands,) = artists(axes, "landscape")
    edges = [path.vertices[:, 0] for path in bands.get_paths()]
    np.testing.assert_allclose(
        [(xs.min(), xs.max()) for xs in edges], [(0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1)], atol=1e-9
    )


def test_an_axis_may_run_by_powers_of_ten_or_have_names():
    line = Line(np.array([0.01, 100.0]), np.array([0.0, 1.0]), "loss")
    powers = replace(plot(line, Points(1e-5, 0.5, "loss")), x=Axis("*σ*", (0.01, 100), log=True))
    named = replace(plot(), x=Axis("class", (-0.5, 1.5), names=("*a*", literal("*b*"))))
    figure = static.draw(scene(powers, named))
    first, second = figure.axes
    assert first.get_xscale() == "log"
    assert [t for t in first.get_xticks() if 0.005 < t < 200] == [0.01, 0.1, 1, 10, 100]
    ((shape, x, _),) = places(artists(first, "points", mark=1))
    assert shape == "<"
    assert np.log10(x) == pytest.approx(-2 + 0.025 * 4)
    assert [text.get_text() for text in second.get_xticklabels()] == ["$a$", "*b*"]


def test_a_sum_has_its_numbers_and_strikes_out_what_does_not_count():
    terms = (Term("*a* log *x*", -0.7865), Term("rest", 2.0, struck=True), Term("", np.inf))
    total = Sum(Term("loss", 1.23456), terms, digits=2)
    figure = static.draw(scene(plot(), sums=(Sum(Term("a", 0.0), ()), total)))
    values = {text.get_gid(): text.get_text() for text in figure.texts if text.get_gid()}
    shown = [values[f"term-1-{i}"] for i in range(4)]
    assert shown == ["1.23", "−0.79", "2\u0336.\u03360\u03360\u0336", "∞"]
    assert values["term-0-0"] == "0.000"
    assert "$a$ log $x$" in words(figure)


# Words


def test_what_stands_between_asterisks_is_in_italics():
    title = "*p*(*y* | *aᵢ*), 50 % of $5: *a_b* {x}^2"
    figure = static.draw(scene(replace(plot(), title=title)))
    shown = r"$p$($y$ | $a_i$), 50 % of \$5: $a$_$b$ {x}^2"
    assert figure.axes[0].get_title(loc="left") == shown


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("*a* of *b*", ["", "a", " of ", "b", ""]),
        (r"2 \* *a*", ["2 * ", "a", ""]),
        (r"\\*a\**", ["\\", "a*", ""]),
        ("a\\b", ["a\\b"]),
        ("", [""]),
    ],
)
def test_a_text_in_pieces(text, parts):
    assert pieces(text) == parts
    assert plain(text) == "".join(parts)


@given(st.text(), st.text())
def test_a_name_that_is_escaped_is_read_as_it_stands(name, other):
    assert plain(literal(name)) == name
    assert pieces(f"{literal(name)}*{literal(other)}*") == [name, other, ""]


TEXTS = st.text(st.one_of(st.sampled_from("\\*$%_^{}#&~'\" aσᵢ\n"), st.characters()), max_size=30)


@given(TEXTS)
def test_any_name_is_drawn_letter_by_letter(name):
    shown = static._rich(literal(name))
    assert not is_math_text(shown)
    assert shown.replace(r"\$", "$") == static.CONTROL.sub(" ", name)


@pytest.mark.filterwarnings("ignore:Glyph", "ignore:Matplotlib currently does not support")
@settings(deadline=None, max_examples=50)
@given(TEXTS)
def test_any_text_can_be_drawn(text):
    figure = static.Picture()
    for line in (static._rich(text), *static._lines(text, 5)):
        figure.text(0, 0, line)
    FigureCanvasAgg(figure).draw()


@given(st.text("ab* \\\n", max_size=60), st.integers(1, 20))
def test_a_sentence_loses_nothing_but_spaces_where_it_is_broken(text, width):
    upright = [line.replace("$", "").replace("\u200b", "") for line in static._lines(text, width)]
    assert all(len(line) <= width for line in upright)
    assert "".join("".join(upright).split()) == "".join(plain(text).split())


def test_a_backslash_before_italics_stays_one():
    shown = static._rich(literal("C:\\") + "*a*")
    assert is_math_text(shown)
    assert shown.replace("\u200b", "") == "C:\\$a$"


# Places


def test_every_plot_of_a_column_has_the_margin_that_the_widest_words_need():
    wide = replace(plot(), y=Axis("log of the width *σ*", (-1.0, 1.0)))
    figure = static.draw(scene(plot(), wide, plot(), plot(), plot()))
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert boxes[0].x0 == boxes[3].x0
    assert boxes[1].x0 == boxes[4].x0
    np.testing.assert_allclose([box.width for box in boxes], boxes[0].width)
    assert boxes[0].width >= static.WIDTH * figure.dpi
    for axes in figure.axes:
        assert axes.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).x0 > 0
    assert boxes[0].x0 == pytest.approx(static.LEFT * figure.dpi)
    assert (
        boxes[1].x0 - boxes[0].x1 > (static.RIGHT + static.LEFT) * figure.dpi
    )  # its name is turned


def test_a_long_title_ends_above_its_axes_and_a_short_one_keeps_its_size():
    long = replace(plot(), title="Product 9.611·10⁻⁷ and the sum of minus its logarithms, 13.855")
    figure = static.draw(scene(plot(), long, plot()))
    short, shrunk, _ = (axes._left_title for axes in figure.axes)
    assert short.get_fontsize() == 11.5
    assert 6 < shrunk.get_fontsize() < 11.5
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert shrunk.get_window_extent(renderer).x1 <= figure.bbox.x1


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)])
def test_plots_stand_in_rows_below_the_words(count, rows):
    figure = static.draw(scene(*(plot() for _ in range(count))))
    boxes = [axes.get_window_extent() for axes in figure.axes]
    tops = sorted({round(box.y1) for box in boxes}, reverse=True)
    assert len(tops) == rows
    assert [tops.index(round(box.y1)) for box in boxes] == sorted(
        tops.index(round(box.y1)) for box in boxes
    )
    renderer = FigureCanvasAgg(figure).get_renderer()
    (sentence,) = figure.findobj(lambda artist: artist.get_gid() == "sentence")
    assert sentence.get_window_extent(renderer).y0 > tops[0]


def test_plots_of_one_tab_stand_below_each_other():
    pairs = [plot(tab=tab) for tab in ("one", "one", "two", "two", "three", "three")]
    figure = static.draw(scene(*pairs))
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert [round(box.x0) for box in boxes[::2]] == [round(box.x0) for box in boxes[1::2]]
    assert boxes[0].x0 < boxes[2].x0 < boxes[4].x0
    assert all(upper.y0 > lower.y1 for upper, lower in zip(boxes[::2], boxes[1::2], strict=True))


# Every panel


def adelies():
    birds = penguins()
    return (birds["bill_depth"] / birds["bill_length"])[birds["species"] == "Adelie"]


CALLS = {
    **{name: (name, {}) for name in explorer.PANELS},
    "steep": ("least_squares", {"c": 2.4, "w": 1.5}),
    "at the mode": ("beta_loss", {"a": 8, "b": 4, "y": 0.7}),
    "kernel": ("beta_loss", {"a": 8, "b": 4, "y": 0.7, "loss": "kernel"}),
    "uniform": ("beta_loss", {"a": 1, "b": 1, "y": 0.7}),
    "U-shaped": ("beta_loss", {"a": 0.5, "b": 0.5, "y": 0.7}),
    "impossible": ("beta_loss", {"a": 2, "b": 5, "y": 0.0}),
    "unbounded": ("beta_loss", {"a": 0.5, "b": 5, "y": 0.0}),
    "sharp": ("beta_loss", {"a": 300, "b": 150, "y": 0.7}),
    "three": ("beta_loss", {"a": 2, "b": 5, "observations": [0.2, 0.5, 0.6]}),
    "penguins": ("beta_loss", {"a": 93.1, "b": 103.2, "observations": adelies()}),
    "no maximum": ("beta_loss", {"a": 2, "b": 5, "observations": [0.0, 0.4]}),
}


def drawn(name, options):
    start = getattr(import_module(f"explorer.panels.{name}"), name)(**options)
    shown = start.view(start.state)
    return static.draw(shown), shown


@pytest.fixture(scope="module", params=CALLS.values(), ids=CALLS)
def picture(request):
    """The picture and the scene of a panel."""
    return drawn(*request.param)


def test_what_is_drawn_is_the_scene(picture):
    figure, shown = picture
    for i, (axes, of) in enumerate(zip(figure.axes, shown.plots, strict=True)):
        assert axes.get_xlim() == tuple(of.x.limits)
        assert axes.get_ylim() == tuple(of.y.limits)
        for j, mark in enumerate(of.marks):
            found = artists(axes, type(mark).__name__.lower(), i, j)
            if isinstance(mark, Line):
                (line,) = found
                np.testing.assert_array_equal(line.get_xdata(), mark.x)
                finite = np.isfinite(mark.y)
                np.testing.assert_array_equal(line.get_ydata()[finite], mark.y[finite])
            elif isinstance(mark, Points):
                xs, ys = np.atleast_1d(mark.x), np.atleast_1d(mark.y)
                visible = 0 if mark.quiet else (~np.isnan(xs + ys)).sum()
                assert len(found) == visible


def test_words_are_those_of_the_scene(picture):
    figure, shown = picture
    values = {text.get_gid(): text.get_text() for text in figure.texts if text.get_gid()}
    for i, of in enumerate(shown.sums):
        for j, term in enumerate((of.total, *of.terms)):
            text = values[f"term-{i}-{j}"]
            assert text.replace("\u0336", "") == number(term.value, of.digits)
            assert ("\u0336" in text) == term.struck
    lines = [text.get_text() for text in figure.texts if text.get_gid() == "sentence"]
    assert " ".join(lines).replace("$", "") == plain(shown.sentence)
    assert not any(mark in text for text in words(figure) for mark in "*{}")


def boxes(figure, texts):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return {text.get_text(): text.get_window_extent(renderer) for text in texts if text.get_text()}


def test_labels_are_inside_their_axes(picture):
    figure, _ = picture
    for axes in figure.axes:
        frame = axes.get_window_extent()
        for box in boxes(figure, labels(axes)).values():
            assert frame.x0 <= box.x0
            assert box.x1 <= frame.x1 + 1
            assert frame.y0 - 3 <= box.y0
            assert box.y1 <= frame.y1 + 3


def test_labels_are_off_each_other(picture):
    figure, _ = picture
    for axes in figure.axes:
        found = boxes(figure, labels(axes))
        for (text, box), (other, another) in combinations(found.items(), 2):
            shrunk = box.shrunk(0.98, 0.7)  # the extent of italics holds room below the line
            assert not shrunk.overlaps(another.shrunk(0.98, 0.7)), (text, other)


def test_every_text_is_inside_the_figure_and_the_words_below_are_off_each_other(picture):
    figure, _ = picture
    width, height = figure.get_size_inches() * figure.dpi
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    for text, box in boxes(figure, texts).items():
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    below = boxes(figure, figure.texts)
    for (text, box), (other, another) in combinations(below.items(), 2):
        assert not box.shrunk(1, 0.7).overlaps(another.shrunk(1, 0.7)), (text, other)


def test_no_title_reaches_into_the_next_plot(picture):
    figure, _ = picture
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    for axes, after in zip(figure.axes, figure.axes[1:], strict=False):
        start = after.get_window_extent().x0
        beside = start > axes.get_window_extent().x1
        assert not beside or axes._left_title.get_window_extent(renderer).x1 < start


# The figure itself


def test_colours_are_those_of_the_roles():
    axes = axes_of(Rule(0.5, "observation"), Points(0.5, 0.5, "loss"))
    for kind, mark, role in (("rule", 0, "observation"), ("points", 1, "loss")):
        (artist,) = artists(axes, kind, mark=mark)
        assert matplotlib.colors.to_hex(artist.get_color()) == static.COLOURS[role]


@pytest.mark.parametrize("role", static.COLOURS)
def test_colours_of_words_stand_out_as_the_accessibility_guidelines_ask(role):
    channels = np.array(matplotlib.colors.to_rgb(static.COLOURS[role]))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5


def test_the_same_scene_gives_the_same_picture():
    first, second = (drawn("least_squares", {})[0]._repr_png_() for _ in range(2))
    assert first == second


def test_drawing_leaves_pyplot_alone():
    code = """
import sys
from explorer import static
from explorer.panels.least_squares import least_squares
start = least_squares()
static.draw(start.view(start.state))._repr_png_()
assert "matplotlib.pyplot" not in sys.modules
import matplotlib.pyplot
static.draw(start.view(start.state))
assert matplotlib.pyplot.get_fignums() == []
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
