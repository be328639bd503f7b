"""What the Beta panel looks like: curves where they belong, labels apart, two themes, any width."""

import re
from itertools import combinations

import numpy as np
import pytest

from explorer.panels.beta_loss import beta_loss
from explorer.scene import Landscape, Line
from tests.browser.beta_panel import CELLS, DENSITY, LANDSCAPE, LOSS, BetaPanel

START = {"a": 2.0, "b": 5.0, "y": 0.7, "loss": "full"}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module", params=["lab", "notebook"])
def everywhere(open_shared_notebook, request):
    """The panel in JupyterLab and in Notebook 7."""
    return BetaPanel(open_shared_notebook(CELLS, where=request.param))


@pytest.fixture(scope="module")
def wide(open_shared_notebook):
    """The panel in a JupyterLab with room for 1200 px."""
    return BetaPanel(open_shared_notebook(CELLS, viewport=(1420, 1000)))


@pytest.fixture
def panel(wide):
    """The panel at its start and as wide as the page allows."""
    show_at(wide, None)
    wide.set(**START)
    return wide


def show_at(panel, width):
    """Give the panel a width in px."""
    panel.kernel.run(f"panel.widget.layout.width = {width and f'{width}px'!r}")
    if width:
        fits = "([node, width]) => Math.abs(node.getBoundingClientRect().width - width) < 1"
        node = panel.page.locator(panel.root).element_handle()
        panel.page.wait_for_function(fits, arg=[node, width])
        panel.page.wait_for_function(
            """node => {
                const plot = node.querySelector('.explorer-plot');
                return Number(plot.querySelector('svg').getAttribute('width')) ===
                    Math.max(plot.clientWidth, 200);
            }""",
            arg=node,
        )


def mark_at(plot, kind, **state):
    """A plot of the scene at a state, and its first mark of a kind."""
    blueprint = beta_loss(**{**START, **state})
    made = blueprint.view(blueprint.state).plots[plot]
    return made, next(mark for mark in made.marks if isinstance(mark, kind))


# ------------------------------------------------------------------------------- what is drawn


def pixels(panel, plot):
    """The functions that take x and y to pixels, read off the tick labels of a plot."""
    ticks = panel.find(f".explorer-plot >> nth={plot}").evaluate(
        """plot => [...plot.querySelectorAll('.explorer-ticks text')].map(
            node => [node.getAttribute('text-anchor'), node.textContent,
                     Number(node.getAttribute('x')), Number(node.getAttribute('y')) - 4])"""
    )
    ticks = [(anchor, float(text.replace("−", "-")), x, y) for anchor, text, x, y in ticks]
    across = [(value, x) for anchor, value, x, _ in ticks if anchor == "middle"]
    up = [(value, y) for anchor, value, _, y in ticks if anchor == "end"]
    return linear(*across[0], *across[-1]), linear(*up[0], *up[-1])


def linear(x0, y0, x1, y1):
    return lambda x: y0 + (x - x0) * (y1 - y0) / (x1 - x0)


def path(panel, plot, selector):
    """The corners of a drawn path, as an array of (x, y)."""
    d = panel.find(f".explorer-plot >> nth={plot} >> {selector}").get_attribute("d")
    return np.array(re.findall(r"[ML]([-\d.]+) ([-\d.]+)", d), dtype=float)


@pytest.mark.parametrize("plot", [DENSITY, LOSS])
@pytest.mark.parametrize(
    "state",
    [
        {},
        {"a": 8.0, "b": 4.0},
        {"a": 0.5, "b": 0.5},
        {"a": 1.0, "b": 3.0, "loss": "kernel"},
    ],
)
def test_a_curve_is_drawn_where_the_ticks_say_the_kernels_numbers_are(panel, plot, state):
    panel.set(**state)
    across, up = pixels(panel, plot)
    made, line = mark_at(plot, Line, **state)
    drawn = path(panel, plot, "path.explorer-line >> nth=0")
    x, y = across(line.x), up(line.y)
    low, high = made.y.limits
    inside = (y > up(high)) & (y < up(low))
    assert inside.sum() > 100
    assert len(drawn) == len(x)
    np.testing.assert_allclose(drawn[:, 0], x, atol=0.06)
    np.testing.assert_allclose(drawn[inside, 1], y[inside], atol=0.06)


@pytest.mark.parametrize("state", [{}, {"y": 0.2}, {"a": 15.0}, {"loss": "kernel"}])
def test_the_bands_of_the_landscape_part_high_from_low_where_the_kernel_has_them(panel, state):
    panel.set(**state)
    made, landscape = mark_at(LANDSCAPE, Landscape, **state)
    field, levels = landscape.values, landscape.levels
    chosen = np.random.default_rng(0)
    rows, columns = chosen.integers(1, len(field) - 1, (2, 150))
    values = field[rows, columns]
    clear = np.abs(values[:, None] - levels).min(axis=1) > 0.02 * np.ptp(levels) / len(levels)
    x = np.linspace(*made.x.limits, field.shape[1])[columns]
    y = np.linspace(*made.y.limits, field.shape[0])[rows]
    across, up = pixels(panel, LANDSCAPE)
    # The opacity of the pixel at each point, and whether all around it have the same: no line.
    alphas = panel.find(f".explorer-plot >> nth={LANDSCAPE}").evaluate(
        """(plot, points) => {
            const canvas = plot.querySelector('canvas');
            const box = canvas.getBoundingClientRect();
            const all = plot.querySelector('svg').getBoundingClientRect();
            const scale = canvas.width / box.width;
            return points.map(([x, y]) => {
                const [left, top] = [x - (box.left - all.left), y - (box.top - all.top)];
                const at = [Math.floor(left * scale) - 1, Math.floor(top * scale) - 1, 3, 3];
                const {data} = canvas.getContext('2d').getImageData(...at);
                const seen = [...data].filter((_, i) => i % 4 === 3);
                return [seen[4], Math.min(...seen) === Math.max(...seen)];
            });
        }""",
        np.transpose([across(x), up(y)]).tolist(),
    )
    seen, plain = np.array(alphas).T
    expected = (values[:, None] >= levels).sum(axis=1)
    clear &= plain == 1
    assert clear.sum() > 60
    assert len(set(expected[clear])) > 5
    np.testing.assert_allclose(seen[clear], 255 * (1 - 0.958 ** expected[clear]), atol=0.51)


def test_the_landscape_has_the_colour_of_the_theme(panel):
    colour = """plot => {
        const canvas = plot.querySelector('canvas');
        const {data} = canvas.getContext('2d').getImageData(3, 3, 1, 1);
        const wanted = getComputedStyle(canvas).color.match(/\\d+/g).map(Number);
        return Math.max(...wanted.map((part, i) => Math.abs(part - data[i]))) < 8 && wanted.join();
    }"""
    plot = panel.find(f".explorer-plot >> nth={LANDSCAPE}")
    light = plot.evaluate(colour)
    panel.page.evaluate("() => document.body.dataset.jpThemeLight = 'false'")
    panel.page.wait_for_timeout(300)
    dark = plot.evaluate(colour)
    panel.page.evaluate("() => document.body.dataset.jpThemeLight = 'true'")
    panel.page.wait_for_timeout(300)
    assert light
    assert dark
    assert light != dark
    assert plot.evaluate(colour) == light


DRAWING = """panel => [...panel.querySelectorAll('.explorer-plot')].map(plot => [
    plot.querySelector('.explorer-title').textContent,
    ...[...plot.querySelectorAll('canvas, svg, svg *, .explorer-handle')].map(node => [
        node.tagName,
        ...[...node.attributes].filter(({name}) => !['id', 'clip-path'].includes(name))
            .map(({name, value}) => `${name}=${value}`).sort(),
        node.children.length ? '' : node.textContent,
        node.toDataURL?.(),
    ]),
])"""


def test_a_drawing_that_went_through_many_states_equals_a_fresh_one(panel):
    panel.drag("a", 19.0, 0.05, 5.0)
    panel.drag("b", 0.05, 12.0)
    panel.drag("y", 0.0, 1.0, 0.4)
    panel.find(".explorer-choice label:has-text('without')").click()
    for state in ({"a": 0.5, "b": 0.5, "y": 0.0}, {"a": 1.0, "b": 1.0, "y": 1.0}, {"a": 18.0}):
        panel.set(**state)
    end = {"a": 4.55, "b": 2.5, "y": 0.695, "loss": "full"}
    panel.set(**end)
    show_at(panel, 800)  # margins keep the room that they once had to have until the width changes
    show_at(panel, None)
    panel.notebook.run_cell(f"fresh = explorer.beta_loss(**{end!r}); display(fresh)")
    fresh = panel.page.locator(".explorer-panel").nth(1)
    fresh.locator(".explorer-stage[data-frame-state]").wait_for()
    drawn, made_anew = panel.page.locator(panel.root).evaluate(DRAWING), fresh.evaluate(DRAWING)
    panel.kernel.run("fresh.close()")
    assert len(made_anew[0]) > 30
    assert drawn == made_anew


# ------------------------------------------------------------------------------ labels and width


SWEEP = [
    {},
    {"y": 0.2},
    {"a": 4.5, "b": 2.5},
    {"a": 8.0, "b": 4.0},
    {"a": 1.0, "b": 1.0},
    {"a": 0.5, "b": 0.5},
    {"a": 0.5, "b": 0.5, "y": 0.0},
    {"a": 0.05, "b": 20.0},
    {"a": 20.0, "b": 0.05, "y": 1.0},
    {"a": 20.0, "b": 20.0, "y": 0.5},
    {"a": 20.0, "b": 20.0, "y": 0.5, "loss": "kernel"},
    {"a": 2.0, "b": 2.0, "y": 0.495},
    {"a": 10.0, "b": 10.0, "y": 0.005},
    {"a": 9.95, "b": 9.95, "y": 0.995},
    {"a": 1.05, "b": 1.0, "y": 0.35, "loss": "kernel"},
]

LABELS = """panel => [...panel.querySelectorAll('.explorer-plot svg')].flatMap((svg, plot) => {
    const part = name => Number(svg.querySelector('clipPath rect').getAttribute(name));
    return [...svg.querySelectorAll('.explorer-labels text')].map(node => {
        const {x, y, width, height} = node.getBBox();
        const beyond = Math.max(part('x') - x, x + width - part('x') - part('width'),
            part('y') - y, y + height - part('y') - part('height'));
        return {plot, text: node.textContent, box: [x, y, x + width, y + height], beyond};
    });
})"""


def overlap(one, other):
    """How far two boxes reach into each other, in px; ascenders and descenders are not full."""
    (left, top, right, bottom), (left2, top2, right2, bottom2) = one["box"], other["box"]
    return min(min(right, right2) - max(left, left2), min(bottom, bottom2) - max(top, top2) - 3)


@pytest.mark.parametrize("width", [1200, 800, 360])
def test_labels_stay_in_their_plot_and_off_each_other(panel, width):
    show_at(panel, width)
    faults, seen = [], 0
    for state in SWEEP:
        panel.set(**{**START, **state})
        labels = panel.page.locator(panel.root).evaluate(LABELS)
        seen += len(labels)
        outside = [(state, label["text"]) for label in labels if label["beyond"] > 2]
        pairs = [pair for pair in combinations(labels, 2) if pair[0]["plot"] == pair[1]["plot"]]
        clashes = [
            (state, one["text"], other["text"]) for one, other in pairs if overlap(one, other) > 0
        ]
        faults += outside + clashes
    assert seen > 5 * len(SWEEP)
    assert faults == []


OVERFLOWING = """panel => {
    const {left, right} = panel.getBoundingClientRect();
    const unseen = '[clip-path] *, clipPath *, .explorer-spoken, .explorer-spoken *';
    return [...panel.querySelectorAll('*')].filter(node => !node.matches(unseen)).filter(node => {
        const box = node.getBoundingClientRect();
        return box.width > 0 && (box.left < left - 1 || box.right > right + 1);
    }).map(node => `${node.tagName} ${node.getAttribute('class')} ${node.textContent}`);
}"""


@pytest.mark.parametrize("width", [1200, 800, 360])
@pytest.mark.parametrize("loss", ["full", "kernel"])
def test_nothing_reaches_out_of_the_panel_on_either_side(panel, width, loss):
    show_at(panel, width)
    panel.set(a=20.0, b=20.0, y=0.005, loss=loss)
    assert panel.page.locator(panel.root).evaluate(OVERFLOWING) == []


def test_a_phone_scrolls_the_notebook_in_one_direction_only(open_notebook):
    panel = BetaPanel(open_notebook(CELLS, where="notebook", viewport=(360, 740)))
    panel.expect(**START)
    assert panel.page.locator(panel.root).evaluate(OVERFLOWING) == []
    assert panel.page.locator(panel.root).evaluate(
        "node => node.scrollWidth <= node.clientWidth && node.getBoundingClientRect().right <= 360"
    )


def test_plots_stand_side_by_side_where_there_is_room_and_one_below_the_other_where_not(panel):
    rows = {}
    for width in (1200, 360):
        show_at(panel, width)
        tops = [panel.find(f".explorer-plot >> nth={i}").bounding_box()["y"] for i in range(3)]
        rows[width] = len({round(top) for top in tops})
    assert rows == {1200: 1, 360: 3}


# ---------------------------------------------------------------------------------------- themes


def use_theme(panel, theme):
    panel.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        THEMES[theme],
    )
    panel.page.wait_for_function(
        """light => document.body.dataset.jpThemeLight === light &&
            !document.querySelector('#jupyterlab-splash')""",
        arg=str(theme == "light").lower(),
    )


COLOURS = """panel => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const solid = node => {
        const colour = channels(getComputedStyle(node).backgroundColor);
        return colour[3] === 0 ? solid(node.parentElement) : colour.slice(0, 3);
    };
    const texts = [...panel.querySelectorAll('svg text')];
    return {
        ground: solid(panel),
        texts: texts.map(node => [node.textContent, channels(getComputedStyle(node).fill)]),
        roles: ['model', 'observation', 'loss', 'optimum'].map(role =>
            getComputedStyle(panel.querySelector(`.explorer-line.role-${role},
                .explorer-rule.role-${role}`)).stroke),
    };
}"""


def luminance(colour):
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """As WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_in_the_plots_has_the_contrast_that_AA_asks(everywhere, theme):
    """axe looks at text of HTML, not of SVG."""
    use_theme(everywhere, theme)
    colours = everywhere.page.locator(everywhere.root).evaluate(COLOURS)
    assert len(colours["texts"]) > 30
    ground = colours["ground"]
    faint = {t: contrast(c, ground) for t, c in colours["texts"] if contrast(c, ground) < 4.5}
    assert faint == {}


def test_each_role_has_a_colour_of_its_own_in_each_theme(everywhere):
    colours = []
    for theme in THEMES:
        use_theme(everywhere, theme)
        colours += everywhere.page.locator(everywhere.root).evaluate(COLOURS)["roles"]
    assert len(set(colours)) == 8


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "state",
    [START, {"loss": "kernel"}, {"a": 0.5, "b": 0.5, "y": 0.0}, {"a": 1.0, "b": 1.0, "y": 0.3}],
)
def test_axe_finds_nothing_to_complain_of(everywhere, theme, state):
    use_theme(everywhere, theme)
    everywhere.set(**{**START, **state})
    assert everywhere.notebook.axe() == ""


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_while_a_notice_is_up(everywhere, theme):
    use_theme(everywhere, theme)
    y = "0.111" if theme == "light" else "0.333"  # off the grid: no picture of it has been fetched
    with everywhere.kernel_stopped():
        everywhere.notebook.type_value(everywhere.slider("y"), y)
        everywhere.find(".explorer-notice").wait_for(state="visible")
        assert everywhere.notebook.axe() == ""
    everywhere.expect(y=float(y))
