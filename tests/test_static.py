"""The picture of a panel, by what its artists hold: numbers, places, words."""

import subprocess
import sys
from itertools import combinations

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import explorer
from explorer import static
from explorer.data import penguins
from explorer.panels.beta_loss import beta_loss
from explorer.spec import number


def adelies():
    birds = penguins()
    return (birds["bill_depth"] / birds["bill_length"])[birds["species"] == "Adelie"]


def drawn(*args, **options):
    blueprint = beta_loss(*args, **options)
    frame = blueprint.view(blueprint.state)
    return static.draw(blueprint.spec(blueprint.state), frame), frame


def artists(axes, entry):
    """The artists that draw an entry of the frame."""
    return [artist for artist in axes.get_children() if artist.get_gid() == entry]


def curve(axes, entry):
    """The coordinates of the one polyline that draws an entry."""
    (line,) = (a for a in artists(axes, entry) if getattr(a, "get_marker", str)() == "None")
    return line.get_xdata(), line.get_ydata()


def points(axes, entry):
    """Marker, x and y of each point that draws an entry."""
    marks = [a for a in artists(axes, entry) if getattr(a, "get_marker", str)() not in ("None", "")]
    return [(a.get_marker(), float(a.get_xdata()[0]), float(a.get_ydata()[0])) for a in marks]


def words(figure):
    """Every text of the figure."""
    return [text.get_text() for text in figure.findobj(Text)]


STATES = {
    "start": {"a": 2, "b": 5, "y": 0.7},
    "at the mode": {"a": 8, "b": 4, "y": 0.7},
    "kernel": {"a": 8, "b": 4, "y": 0.7, "loss": "kernel"},
    "uniform": {"a": 1, "b": 1, "y": 0.7},
    "U-shaped": {"a": 0.5, "b": 0.5, "y": 0.7},
    "impossible": {"a": 2, "b": 5, "y": 0.0},
    "unbounded": {"a": 0.5, "b": 5, "y": 0.0},
    "sharp": {"a": 300, "b": 150, "y": 0.7},
    "three": {"a": 2, "b": 5, "observations": [0.2, 0.5, 0.6]},
    "penguins": {"a": 93.1, "b": 103.2, "observations": adelies()},
    "no maximum": {"a": 2, "b": 5, "observations": [0.0, 0.4]},
}
every_state = pytest.mark.parametrize("options", STATES.values(), ids=STATES)


# What is drawn is the frame


@every_state
def test_the_curves_are_those_of_the_frame(options):
    figure, frame = drawn(**options)
    for axes, entry in zip(figure.axes[:2], ("density", "loss_curve"), strict=True):
        x, y = curve(axes, entry)
        np.testing.assert_array_equal(x, frame["y_grid"])
        low, high = axes.get_ylim()
        inside = (frame[entry] >= low) & (frame[entry] <= high)
        np.testing.assert_array_equal(y[inside], frame[entry][inside])
        assert np.isfinite(y).all()
        assert (y[frame[entry] > high] > high).all()
        assert (y[frame[entry] < low] < low).all()


@every_state
def test_the_limits_are_those_of_the_frame(options):
    figure, frame = drawn(**options)
    density, loss, plane = figure.axes
    assert density.get_xlim() == loss.get_xlim() == (0, 1)
    assert density.get_ylim() == tuple(frame["density_limits"])
    assert loss.get_ylim() == tuple(frame["loss_limits"])
    assert plane.get_xlim() == tuple(frame["window_a"])
    assert plane.get_ylim() == tuple(frame["window_b"])


def test_the_observation_stands_in_both_plots():
    figure, frame = drawn(2, 5, 0.7)
    density, loss, _ = figure.axes
    (rule,) = artists(density, "y")
    assert list(rule.get_xdata()) == [0.7, 0.7]
    assert points(loss, "loss") == [("o", 0.7, frame["loss"])]


def test_the_prediction_and_the_references_stand_in_the_landscape():
    figure, _ = drawn(2, 5, 0.7)
    plane = figure.axes[2]
    assert points(plane, "b") == [("o", 2.0, 5.0)]
    assert points(plane, "reference_b") == [("o", 4.5, 2.5), ("o", 8.0, 4.0)]
    x, y = curve(plane, "mode_line_b")
    np.testing.assert_allclose((x - 1) * 0.3, (y - 1) * 0.7, atol=1e-12)
    assert len(artists(plane, "landscape")) == 1


def test_every_observation_has_a_tick_and_a_bar_of_its_loss():
    figure, frame = drawn(2, 5, observations=[0.2, 0.5, 0.6])
    density, loss, plane = figure.axes
    (rug,) = artists(density, "observations")
    assert list(rug.get_xdata()) == [0.2, 0.5, 0.6]
    (stems,) = artists(loss, "losses")
    ends = [(x, y) for (x, _), (_, y) in stems.get_segments()]
    assert ends == list(zip(frame["observations"], frame["losses"], strict=True))
    (best,) = points(plane, "best_b")
    assert best == ("o", frame["best_a"][0], frame["best_b"][0])


@pytest.mark.parametrize(
    ("a", "y", "marker", "edge"), [(2, 0.0, "^", 1), (0.5, 0.0, "v", 0), (2, 1.0, "^", 1)]
)
def test_an_infinite_loss_is_a_triangle_at_the_edge_of_its_axes(a, y, marker, edge):
    figure, _ = drawn(a, 5, y)
    axes = figure.axes[1]
    ((shape, x, height),) = points(axes, "loss")
    assert (shape, x) == (marker, y)
    low, high = axes.get_ylim()
    assert (height - low) / (high - low) == pytest.approx(edge, abs=0.03)


def test_infinite_densities_are_triangles_at_the_top():
    figure, _ = drawn(0.5, 0.5, 0.7)
    axes = figure.axes[0]
    marks = points(axes, "modes_y")
    assert [(shape, x) for shape, x, _ in marks] == [("^", 0.0), ("^", 1.0)]
    assert all(0.95 < height / axes.get_ylim()[1] <= 1 for *_, height in marks)


def test_a_q_beyond_the_window_is_a_triangle_at_the_edge_of_its_landscape():
    panel = explorer.kl_fit(means=[-8, 8], forward_q=(2, 25), reverse_q=(2, 0.1))
    _, _, forward, reverse, *_ = panel.figure().axes
    for axes, entry, marker, edge in (
        (forward, "forward_q_t", "^", 1),
        (reverse, "reverse_q_t", "v", 0),
    ):
        ((shape, x, height),) = points(axes, entry)
        low, high = axes.get_ylim()
        assert (shape, x) == (marker, 2.0)
        assert (height - low) / (high - low) == pytest.approx(edge, abs=0.03)


def test_a_descent_that_leaves_the_window_to_the_right_is_a_triangle_there():
    panel = explorer.kl_fit()
    p = {"means": (7.4, 8), "widths": (3.95, 3.55), "weights": (1, 0.64)}
    panel.set(**p, forward_q=(2.75, 0.45), method="adam", step=41)
    assert panel.frame["forward_q_x"] > 8.3
    axes = panel.figure().axes[2]
    ((shape, x, height),) = points(axes, "forward_q_t")
    assert (shape, height) == (">", panel.frame["forward_q_t"])
    assert 7.4 < x < 8


# Words


@every_state
def test_the_sum_and_the_sentence_are_those_of_the_frame(options):
    figure, frame = drawn(**options)
    for entry in ("loss", "term_a", "term_b", "log_beta"):
        (text,) = (text for text in figure.texts if text.get_gid() == entry)
        assert text.get_text().replace("\u0336", "") == number(frame[entry])
    lines = [text.get_text() for text in figure.texts if text.get_gid() == "sentence"]
    assert " ".join(lines).replace("$", "") == frame["sentence"].replace("*", "")


@pytest.mark.parametrize("loss", ["full", "kernel"])
def test_the_dropped_term_is_struck_out_and_stays_legible(loss):
    figure, frame = drawn(8, 4, 0.7, loss=loss)
    struck = [text.get_text() for text in figure.texts if "\u0336" in text.get_text()]
    dropped = "".join(f"{digit}\u0336" for digit in number(frame["log_beta"]))
    assert struck == ([dropped] if loss == "kernel" else [])


def test_titles_follow_the_frame():
    figure, _ = drawn(2, 5, 0.7)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "What the model predicts: $p$($y$ | $a$, $b$)",
        "What it costs: −log $p$($y$ | $a$, $b$)",
        "Every ($a$, $b$), for $y$ = 0.700",
    ]


def test_no_markup_and_no_placeholder_is_left():
    for options in STATES.values():
        figure, _ = drawn(**options)
        assert not any(mark in text for text in words(figure) for mark in "*{}")


# Places


def boxes(figure, texts):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return {text.get_text(): text.get_window_extent(renderer) for text in texts if text.get_text()}


def labels(axes):
    """The labels of marks; the names of the axes are annotations too."""
    names = {"$y$", "$a$", "$b$", ""}
    return [text for text in axes.texts if text.get_text() not in names]


@every_state
def test_labels_are_inside_their_axes_and_off_each_other(options):
    figure, _ = drawn(**options)
    for axes in figure.axes:
        found = boxes(figure, labels(axes))
        frame = axes.get_window_extent()
        for box in found.values():
            assert frame.x0 <= box.x0
            assert box.x1 <= frame.x1 + 1
            assert frame.y0 - 3 <= box.y0
            assert box.y1 <= frame.y1 + 3
        for (text, box), (other, another) in combinations(found.items(), 2):
            shrunk = box.shrunk(0.98, 0.7)  # the extent of italics holds room below the line
            assert not shrunk.overlaps(another.shrunk(0.98, 0.7)), (text, other)


@every_state
def test_every_text_is_inside_the_figure_and_the_words_below_are_off_each_other(options):
    figure, _ = drawn(**options)
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


@every_state
def test_no_title_reaches_into_the_next_plot(options):
    figure, _ = drawn(**options)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    starts = [axes.get_window_extent().x0 for axes in figure.axes[1:]]
    ends = [axes._left_title.get_window_extent(renderer).x1 for axes in figure.axes[:2]]
    assert all(end < start for end, start in zip(ends, starts, strict=True))


# The figure itself


def test_colours_are_those_of_the_roles():
    figure, _ = drawn(2, 5, 0.7)
    density, loss, _ = figure.axes
    for axes, entry, role in ((density, "y", "observation"), (loss, "loss", "loss")):
        assert matplotlib.colors.to_hex(artists(axes, entry)[0].get_color()) == static.COLOURS[role]


@pytest.mark.parametrize("role", static.COLOURS)
def test_colours_of_words_stand_out_as_the_accessibility_guidelines_ask(role):
    channels = np.array(matplotlib.colors.to_rgb(static.COLOURS[role]))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5


def test_the_same_state_gives_the_same_picture():
    first, second = (drawn(2, 5, 0.7)[0]._repr_png_() for _ in range(2))
    assert first == second


def test_drawing_leaves_pyplot_alone():
    code = """
import sys, explorer
panel = explorer.beta_loss()
panel.figure()._repr_png_()
assert "matplotlib.pyplot" not in sys.modules
import matplotlib.pyplot
panel.figure()
assert matplotlib.pyplot.get_fignums() == []
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
