"""What is drawn is where the data are: each line, band and curve of all panels, at many states."""

import math
import random
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import explorer
from explorer.scene import (
    Area,
    Arrows,
    Axis,
    Blueprint,
    Choice,
    Landscape,
    Line,
    Note,
    Plot,
    Rug,
    Scene,
    Squares,
    Stems,
)
from tests.browser.bare_page import BarePage

PATHS = """() => [...document.querySelectorAll('.explorer-plot')].map(plot => {
    const rect = plot.querySelector('clipPath rect');
    const number = name => Number(rect.getAttribute(name));
    const drawn = path => path.getAttribute('d') ?? '';
    const paths = kind => [...plot.querySelectorAll(`path.explorer-${kind}`)].map(drawn);
    const frame = ['x', 'y', 'width', 'height'].map(number);
    return {frame, line: paths('line'), fill: paths('fill')};
})"""


def positions(state, count):
    """The state, and some others that the controls lead to."""
    yield state
    chance = random.Random(1)
    for _ in range(count):
        changes = {}
        for control in state.controls():
            field, _, index = control.name.partition(".")
            if isinstance(control, Choice):
                value = chance.choice(control.options)[0]
            elif control.log:
                ends = math.log(control.low), math.log(control.high)
                value = control.nearest(math.exp(chance.uniform(*ends)))
            else:
                value = control.nearest(chance.uniform(control.low, control.high))
            if index:
                entries = list(changes.get(field, getattr(state, field)))
                entries[int(index)] = value
                changes[field] = tuple(entries)
            else:
                changes[field] = value
        try:
            yield replace(state, **changes)
        except ValueError:
            continue


def pixels(axis, values, start, length):
    """Where values of an axis are in the drawing."""
    low, high = axis.limits
    values = np.asarray(values, dtype=np.float32).astype(float)
    if axis.log:
        low, high, values = np.log(low), np.log(high), np.log(values)
    return start + (values - low) / (high - low) * length


def inside(start, end, frame):
    """The part of a segment that is inside of the frame, or None (Liang and Barsky)."""
    (x, y, width, height), direction = frame, end - start
    first, last = 0.0, 1.0
    with np.errstate(all="ignore"):
        for change, room in (
            (-direction[0], start[0] - x), (direction[0], x + width - start[0]),
            (-direction[1], start[1] - y), (direction[1], y + height - start[1]),
        ):  # fmt: skip
            if change == 0 and room < 0:
                return None
            if change < 0:
                first = max(first, room / change)
            elif change > 0:
                last = min(last, room / change)
    if first >= last:
        return None
    return start + first * direction, start + last * direction


def away(point, start, end):
    """How far a point is from a segment."""
    direction = end - start
    length = float(direction @ direction)
    share = np.clip((point - start) @ direction / length, 0, 1) if length else 0.0
    return float(np.hypot(*(point - start - share * direction)))


def traced(path):
    """The points of a path, and which of them begin a new piece."""
    pieces = path.replace("Z", "").replace("M", " M").replace("L", " L").split()
    words = [piece for piece in pieces if piece]
    points, begins = [], []
    for word, second in zip(words[::2], words[1::2], strict=True):
        points.append((float(word[1:]), float(second)))
        begins.append(word[0] == "M")
    return np.array(points).reshape(-1, 2), begins


def check(mark, x, y, path, frame, where):
    """That the drawn path passes through the data wherever they are visible."""
    known = ~(np.isnan(x) | np.isnan(y))
    drawn, _ = traced(path)
    assert len(drawn) == known.sum(), where
    order = np.cumsum(known) - 1
    for i in range(len(x) - 1):
        if not (known[i] and known[i + 1]):
            continue
        ends = np.array([[x[i], y[i]], [x[i + 1], y[i + 1]]])
        if not np.isfinite(ends).all():
            continue
        part = inside(*ends, frame)
        if part is None:
            continue
        for point in part:
            distance = away(point, drawn[order[i]], drawn[order[i + 1]])
            assert distance < 0.75, f"{where}: {distance:.1f} pixels off at {point.round(1)}"


@pytest.mark.parametrize("name", explorer.PANELS)
def test_lines_and_bands_pass_through_their_data(browser, name):
    page = BarePage(browser, viewport={"width": 1200, "height": 900})
    function = getattr(import_module(f"explorer.panels.{name}"), name)
    start = function()
    calls = [replace(start, state=state) for state in positions(start.state, 8)]
    if name == "least_squares":
        calls.append(function(c=2.4, w=1.5))
    for blueprint in calls:
        scene = page.draw(blueprint)
        drawings = page.page.evaluate(PATHS)
        for k, (plot, drawing) in enumerate(zip(scene.plots, drawings, strict=True)):
            left, top, width, height = drawing["frame"]
            marks = [mark for mark in plot.marks if isinstance(mark, Line | Area)]
            paths = {Line: iter(drawing["line"]), Area: iter(drawing["fill"])}
            for mark in marks:
                path = next(paths[type(mark)])
                x = pixels(plot.x, np.atleast_1d(mark.x), left, width)
                y = pixels(plot.y, np.atleast_1d(mark.y), top + height, -height)
                if isinstance(mark, Area):
                    base = pixels(
                        plot.y, np.broadcast_to(mark.base, x.shape), top + height, -height
                    )
                    x, y = np.concatenate([x, x[::-1]]), np.concatenate([y, base[::-1]])
                where = f"{name} {blueprint.state}: {type(mark).__name__} in plot {k + 1}"
                check(mark, x, y, path, (left, top, width, height), where)
    page.close()


CLIPPED = """() => [...document.querySelectorAll('.explorer-plot')].flatMap(plot => {
    const area = plot.querySelector('svg').getBoundingClientRect();
    const texts = [...plot.querySelectorAll('.explorer-ticks text, .explorer-axis')];
    const outside = text => text.textContent && text.getBoundingClientRect().left < area.left - 1;
    return texts.filter(outside).map(text => text.textContent);
})"""


HOLES = np.array([0.2, np.nan, 0.6, 0.8])
WITH_HOLES = {
    "stems": Stems(HOLES, HOLES, "loss"),
    "rug": Rug(HOLES, "observation"),
    "squares": Squares(HOLES, HOLES, HOLES - 0.1, "loss"),
    "arrows": Arrows(HOLES, HOLES, HOLES, HOLES - 0.1, "muted"),
}


def test_what_is_not_known_hides_nothing_that_is(browser):
    axis = Axis("", (0.0, 1.0))
    scene = Scene({}, (Plot("", axis, axis, "", tuple(WITH_HOLES.values())),), (), (), "Holes.")
    page = BarePage(browser, viewport={"width": 700, "height": 600})
    page.draw(Blueprint("holes", Still(), lambda state: scene))
    for kind in WITH_HOLES:
        path = page.page.locator(f".explorer-{kind}")
        pieces = path.get_attribute("d").count("M")
        assert pieces == (6 if kind == "arrows" else 3), kind
        assert path.evaluate("path => getComputedStyle(path).stroke") != "none"
    page.close()


@pytest.mark.parametrize("name", explorer.PANELS)
def test_margins_are_as_wide_as_what_stands_in_them(browser, name):
    page = BarePage(browser, viewport={"width": 1200, "height": 900})
    start = getattr(import_module(f"explorer.panels.{name}"), name)()
    for state in positions(start.state, 4):
        page.draw(replace(start, state=state))
        assert page.page.evaluate(CLIPPED) == []
    page.close()


NOTES = """() => [...document.querySelectorAll('.explorer-plot')].flatMap(plot => {
    const notes = [...plot.querySelectorAll('.explorer-note')].filter(note => note.textContent);
    const boxes = notes.map(note => note.getBoundingClientRect());
    const before = (a, b) => a.right <= b.left || a.bottom <= b.top + 2;
    const apart = (a, b) => before(a, b) || before(b, a);
    return notes.filter((_, i) => boxes.slice(0, i).some(box => !apart(box, boxes[i])))
        .map(note => note.textContent);
})"""


@pytest.mark.parametrize("width", [360, 860, 1200])
def test_notes_do_not_stand_on_each_other(browser, width):
    page = BarePage(browser, viewport={"width": width, "height": 900})
    scene = page.draw(import_module("explorer.panels.kl_fit").kl_fit())
    assert sum(isinstance(mark, Note) for mark in scene.plots[0].marks) == 2
    assert page.page.evaluate(NOTES) == []
    page.close()


@pytest.mark.parametrize(
    "style",
    [
        {"transform": "scale(1.5)"},
        {"transform": "scale(0.6)"},
        {"zoom": "1.3"},
        {"paddingTop": "3000px"},  # so that the page is scrolled
    ],
)
def test_a_handle_follows_the_pointer_in_a_page_that_is_transformed(browser, style):
    page = BarePage(browser, viewport={"width": 2000, "height": 1600})
    page.page.evaluate(
        """style => Object.assign(document.getElementById('around').style,
            {width: '1000px', transformOrigin: 'top left', ...style})""",
        style,
    )
    function = import_module("explorer.panels.beta_loss").beta_loss
    page.draw(function(a=6, b=5))
    handle = page.page.locator(".explorer-handle-point").last
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    pixels = page.page.evaluate(
        """() => {
            const svg = [...document.querySelectorAll('svg')].at(-1);
            const frame = svg.querySelector('clipPath rect');
            const scale = svg.getBoundingClientRect().width / svg.clientWidth;
            return ['width', 'height'].map(name => Number(frame.getAttribute(name)) * scale);
        }"""
    )
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 0.2 * pixels[0], y - 0.1 * pixels[1], steps=4)
    page.page.mouse.up()
    page.page.wait_for_timeout(100)
    a, b = page.page.evaluate("() => [widgets.a.values.value, widgets.b.values.value]")
    limits = function(a=6, b=5).view(function(a=6, b=5).state).plots[2]
    spans = [np.diff(axis.limits)[0] for axis in (limits.x, limits.y)]
    assert a == pytest.approx(6 + 0.2 * spans[0], abs=0.06)
    assert b == pytest.approx(5 + 0.1 * spans[1], abs=0.06)
    page.close()


@dataclass(frozen=True)
class Still:
    """A state without controls."""

    def controls(self):
        """None."""
        return ()


def test_bands_are_those_of_the_smooth_function_between_the_points(browser):
    """A slanted valley on a coarse grid: where straight pieces would have corners and islands."""

    def height(x, y):
        return (2 * x + y) ** 2 + 0.1 * (x - 2 * y) ** 2

    levels, grid = np.array([0.02, 0.08, 0.2, 0.4, 0.8, 1.5, 3.0]), np.linspace(-1, 1, 24)
    heights = height(grid[None, :], grid[:, None])
    axis = Axis("", (-1.0, 1.0))
    plot = Plot("valley", axis, axis, "a valley", (Landscape(heights, levels),))
    scene = Scene({}, (plot,), (), (), "A valley.")
    page = BarePage(browser, viewport={"width": 700, "height": 600})
    page.draw(Blueprint("valley", Still(), lambda state: scene))
    width, rows, opacity = page.page.evaluate(
        """() => {
            const canvas = document.querySelector('canvas.explorer-landscape');
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.width, canvas.height, [...data].filter((_, i) => i % 4 === 3)];
        }"""
    )
    page.close()
    found = np.array(opacity).reshape(rows, width) / 255
    x = (np.arange(width) + 0.5) / width * 2 - 1
    y = 1 - (np.arange(rows) + 0.5) / rows * 2
    true = height(x[None, :], y[:, None])
    band = np.searchsorted(levels, true)
    expected = 1 - (1 - 0.042) ** band
    near = np.zeros_like(true, dtype=bool)  # to a contour line, which is drawn in another tone
    for level in levels:
        above = true > level
        near[:-1] |= above[:-1] != above[1:]
        near[1:] |= above[:-1] != above[1:]
        near[:, :-1] |= above[:, :-1] != above[:, 1:]
        near[:, 1:] |= above[:, :-1] != above[:, 1:]
    wrong = (np.abs(found - expected) > 0.02) & ~near
    assert wrong.mean() < 0.012


def test_a_handle_takes_a_descending_q_up_where_it_is(browser):
    """From the first pixel on: the start moves to where q is, and the step goes to 0."""
    page = BarePage(browser, viewport={"width": 1200, "height": 1400})
    blueprint = import_module("explorer.panels.kl_fit").kl_fit(step=60)
    scene = page.draw(blueprint)
    handle = page.page.get_by_label("mean of the reverse q and standard deviation").last
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mark = [mark for mark in scene.plots[3].marks if getattr(mark, "drag", None)][-1]
    assert mark.x != pytest.approx(blueprint.state.reverse_q[0], abs=0.1)
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    seen = "() => ['reverse_q.0', 'reverse_q.1', 'step'].map(name => widgets[name].values.value)"
    mu, sigma, step = page.page.evaluate(seen)
    assert step == 0
    assert mu == pytest.approx(mark.x, rel=1e-11)
    assert math.log(sigma) == pytest.approx(mark.y)
    page.page.mouse.move(x + 40, y)
    page.page.wait_for_timeout(100)
    mu = page.page.evaluate(seen)[0]
    _, _, width, _ = page.page.evaluate(PATHS)[3]["frame"]
    low, high = scene.plots[3].x.limits
    assert mu - mark.x == pytest.approx(40 / width * (high - low), abs=0.05)
    page.page.mouse.up()
    page.close()


def test_a_panel_can_be_looked_at_without_jupyter(tmp_path):
    root, picture = Path(__file__).resolve().parents[2], tmp_path / "panel.png"
    look = [sys.executable, "-m", "tests.browser.look", "bernoulli_loss", str(picture)]
    subprocess.run(look, cwd=root, check=True)
    assert picture.read_bytes().startswith(b"\x89PNG")
