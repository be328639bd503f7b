"""What holds for every panel, as its default shows it in a real JupyterLab, here a dark one."""

import json
import time

import pytest

import explorer

CODE = "import explorer\npanel = explorer.{}()\npanel"
STAGE = ".explorer-stage[data-frame-state]"

# In the page: what is wrong with how a panel is laid out, as texts.
FLAWS = """panel => {
    const flaws = [];
    const name = node => `"${node.textContent}"`;
    const area = panel.getBoundingClientRect();
    const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 ||
                            a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
    // Two texts with less than 6 pixels between them read as one.
    const aside = ({left, right, top, bottom}) => ({left: left - 6, right: right + 6, top, bottom});
    const inside = (a, b, slack) => a.left >= b.left - slack && a.right <= b.right + slack;
    for (const plot of panel.querySelectorAll('.explorer-plot:not([hidden])')) {
        const svg = plot.querySelector('svg').getBoundingClientRect();
        if (!inside(svg, area, 1)) flaws.push('a plot reaches out of the panel');
        const title = document.createRange();
        title.selectNodeContents(plot.querySelector('.explorer-title'));
        if (title.getBoundingClientRect().right > svg.right + 2) flaws.push(`long: ${title}`);
        const labels = [...plot.querySelectorAll('.explorer-labels text')];
        const boxes = labels.map(label => label.getBoundingClientRect());
        labels.forEach((label, i) => {
            if (!inside(boxes[i], svg, 6)) flaws.push(`${name(label)} reaches out of its plot`);
            for (let j = 0; j < i; j++)
                if (!apart(aside(boxes[i]), boxes[j]))
                    flaws.push(`${name(label)} on ${name(labels[j])}`);
        });
        const words = [...plot.querySelectorAll('.explorer-axis, .explorer-legend')];
        words.forEach((word, i) => {
            const box = word.getBoundingClientRect();
            if (word.textContent && !inside(box, svg, 6)) flaws.push(`${name(word)} is out`);
            for (let j = 0; j < i; j++)
                if (!apart(box, words[j].getBoundingClientRect()))
                    flaws.push(`${name(word)} on ${name(words[j])}`);
        });
        const ticks = [...plot.querySelectorAll('.explorer-ticks text')];
        ticks.forEach((tick, i) => {
            const box = tick.getBoundingClientRect();
            for (let j = 0; j < i; j++)
                if (!apart(box, ticks[j].getBoundingClientRect()))
                    flaws.push(`tick ${name(tick)} on ${name(ticks[j])}`);
        });
    }
    for (const node of panel.querySelectorAll('.explorer-bar *, .explorer-sum *'))
        if (node.offsetParent && !inside(node.getBoundingClientRect(), area, 8))
            flaws.push(`${node.className} reaches out of the panel`);
    return flaws;
}"""


@pytest.fixture(scope="module", params=explorer.PANELS)
def displayed(open_shared_notebook, request):
    """The name of a panel and the page that shows it."""
    notebook = open_shared_notebook(
        [CODE.format(request.param)], theme="dark", viewport=(1400, 1000)
    )
    notebook.wait_for(STAGE)
    notebook.wait_for(".explorer-controls .noUi-handle[aria-label]")
    return request.param, notebook


def agreed(notebook, other_than=None, seconds=10):
    """The state in which kernel, picture and sentence agree; None if it stays `other_than`."""
    code = """__import__('json').dumps([panel._session.settings,
        explorer.scene.plain(panel._session.scene.sentence)])"""
    stage = notebook.page.locator(".explorer-stage").first
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        known = json.loads(notebook.kernel.value(code))
        seen = [
            json.loads(stage.get_attribute("data-frame-state")),
            stage.locator(".explorer-sentence").inner_text(),
        ]
        if known == seen and known[0] != other_than:
            return known[0]
        notebook.page.wait_for_timeout(20)
    assert seen == known, "the page shows one thing, the kernel has another"
    return None


def flaws(notebook):
    return notebook.page.locator(".explorer-panel").first.evaluate(FLAWS)


def test_nothing_bars_anybody_from_the_panel(displayed):
    _, notebook = displayed
    assert notebook.axe() == ""


def test_nothing_overlaps_at_any_width(displayed):
    _, notebook = displayed
    for width in ("1200px", "760px", "360px"):
        notebook.kernel.run(f"panel.widget.layout.width = {width!r}")
        notebook.page.wait_for_function(
            "width => document.querySelector('.explorer-panel').offsetWidth === parseInt(width)",
            arg=width,
        )
        notebook.page.wait_for_timeout(100)
        assert flaws(notebook) == [], width
    notebook.kernel.run("panel.widget.layout.width = None")


def moved_by(notebook, control, *tries):
    """Press one after the other of some keys on a control until the state is another one."""
    before = agreed(notebook)
    for key in tries:  # a control may stand at its end
        control.focus()
        notebook.page.keyboard.press(key)
        if agreed(notebook, before, seconds=2):
            return True
    return False


def each_tab(notebook, row):
    """Select one after the other of the tabs of a row, if there are any on screen."""
    tabs = notebook.page.locator(f"{row}:not([hidden]) > [role=tab]")
    yield
    for i in range(1, tabs.count()):
        tabs.nth(i).click()
        yield
    if tabs.count():
        tabs.first.click()


def test_every_slider_moves_the_picture_and_the_kernel(displayed):
    _, notebook = displayed
    handles = notebook.page.locator(".explorer-controls .noUi-handle")
    left = set(range(handles.count()))
    for _ in each_tab(notebook, ".explorer-tabs:has(+ .explorer-controls)"):
        for i in [i for i in left if handles.nth(i).is_visible()]:
            name = handles.nth(i).get_attribute("aria-label")
            assert moved_by(notebook, handles.nth(i), "ArrowRight", "ArrowLeft"), name
            left.remove(i)
        assert flaws(notebook) == []
    assert left == set()


def test_every_handle_in_a_plot_follows_the_arrow_keys(displayed):
    _, notebook = displayed
    for _ in each_tab(notebook, ".explorer-board .explorer-tabs"):
        handles = notebook.page.locator(".explorer-plot:not([hidden]) .explorer-handle")
        for i in range(handles.count()):
            name = handles.nth(i).get_attribute("aria-label")
            keys = ("ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp")
            assert moved_by(notebook, handles.nth(i), *keys), name
        assert flaws(notebook) == []


def test_every_choice_can_be_chosen(displayed):
    _, notebook = displayed
    options = notebook.page.locator(".explorer-choice input")
    for i in reversed(range(options.count())):
        before = agreed(notebook)
        chosen = options.nth(i).is_checked()
        options.nth(i).check(force=True)
        assert chosen or agreed(notebook, before)
        assert flaws(notebook) == []


# In the kernel: where a button of the panel leads, as the settings of a session like its own.
GOAL = """
def _goal(panel, index):
    import dataclasses, json
    from explorer.stage.session import Session
    blueprint = dataclasses.replace(panel._session.blueprint, state=panel.state)
    twin = Session(blueprint, lambda message, buffers: None)
    twin.press(index)
    return json.dumps(twin.settings)
"""


def near(setting):
    """A slider that is there already but for its last digits stays."""
    return setting if isinstance(setting, str) else pytest.approx(setting, rel=1e-9, abs=1e-9)


def wait_for(notebook, goal):
    for _ in range(100):
        if agreed(notebook) == goal:
            break
        notebook.page.wait_for_timeout(20)
    assert agreed(notebook) == goal


def test_every_button_leads_where_it_should_and_reset_leads_back(displayed):
    name, notebook = displayed
    notebook.kernel.run(GOAL)
    presets, *players = notebook.page.locator(".explorer-presets").all()
    presets = presets.locator(".explorer-preset")
    assert presets.last.inner_text() == "↺ reset"
    for i in range(presets.count() - 1):
        if presets.nth(i).is_disabled():
            continue
        goal = json.loads(notebook.kernel.value(f"_goal(panel, {i})"))
        presets.nth(i).click()
        wait_for(notebook, [near(setting) for setting in goal])
        assert flaws(notebook) == [], presets.nth(i).inner_text()
    for player in players:
        play, step = player.locator("button").all()
        agreed(notebook)
        before = notebook.page.locator(".explorer-stage").first.get_attribute("data-frame-state")
        play.click()
        notebook.page.wait_for_function(
            "before => document.querySelector('.explorer-stage').dataset.frameState !== before",
            arg=before,
        )
        assert flaws(notebook) == []
        if play.inner_text() == "❚❚ pause":  # else it has come to its end
            play.click()
        before = agreed(notebook)
        step.click()
        assert agreed(notebook, before)
        assert flaws(notebook) == []
    presets.last.click()
    fresh = f"__import__('json').dumps(__import__('explorer').{name}()._session.settings)"
    wait_for(notebook, json.loads(notebook.kernel.value(fresh)))
