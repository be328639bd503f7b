"""Every panel fits the screen that it has: what is moved, what it moves and what is said of it."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

import explorer
from explorer.stage.session import Session
from tests.browser.bare_page import BarePage
from tests.browser.jupyter_page import ADDRESSES, axe_finds
from tests.browser.test_every_panel import FLAWS

LAPTOP, WIDE, SCREEN, PHONE = (850, 590), (1150, 599), (1600, 900), (390, 844)
LONG_NAMES = [f"{name} penguins of the Palmer Archipelago" for name in ("Gentoo", "Adelie")] * 30
PROJECTOR = (1280, 720)
VARIANTS = {
    "one component": ("kl_fit", {"means": [0.0]}),
    "three components": ("kl_fit", {"means": [-4.0, 0.0, 4.0]}),
    "five components": ("kl_fit", {"means": [-6.0, -3.0, 0.0, 3.0, 6.0]}),
    "five between": ("alpha_fit", {"means": [-6.0, -3.0, 0.0, 3.0, 6.0]}),
    "thirty": ("likelihood", {"observations": np.linspace(-2, 3, 30).round(2).tolist()}),
    "a Student t": ("likelihood", {"family": "student_t"}),
    "five classes": ("categorical_loss", {"logits": [1.0, 0.0, -1.0, 0.5, 2.0]}),
    "softplus": ("heteroscedastic", {"link": "softplus"}),
    "long names": ("training", {"x": range(60), "y": LONG_NAMES, "family": "categorical"}),
    **{
        f"training of {family}": ("training", {"family": family})
        for family in ("normal", "student_t", "categorical")
    },
}

# In the page: what is wrong with the room that a panel takes, as texts.
ROOM = """panel => {
    const flaws = [];
    const seen = selector => [...panel.querySelectorAll(selector)].filter(n => n.offsetParent);
    const box = node => node.getBoundingClientRect();
    const {bottom, right} = box(panel);
    if (bottom > innerHeight) flaws.push(`it ends at ${bottom} of ${innerHeight}`);
    if (right > innerWidth) flaws.push(`it reaches to ${right} of ${innerWidth}`);
    for (const track of seen('.slider'))
        if (box(track).width < 120) flaws.push(`a track of ${box(track).width}`);
    const [words] = seen('.explorer-words').map(box);
    const plots = seen('.explorer-plot').map(box);
    const all = panel.querySelectorAll('.explorer-plot').length;
    if (plots.length < Math.min(all, 2)) flaws.push(`${plots.length} of ${all} plots`);
    if (plots.some(({top}) => top < words.bottom)) flaws.push('words below a plot');
    const rows = [...new Set(plots.map(({top}) => top))];
    const counts = rows.map(row => plots.filter(({top}) => top === row).length);
    if (rows.length > 1 && Math.min(...counts) === 1) flaws.push('a plot alone in a row');
    for (const text of seen('.explorer-plot svg').flatMap(n => [...n.querySelectorAll('text')]))
        if (parseFloat(getComputedStyle(text).fontSize) < 10) flaws.push('small text');
    return flaws;
}"""

BEHIND_TABS = f"""async panel => {{
    const found = () => [...({ROOM})(panel), ...({FLAWS})(panel)];
    const tabs = [...panel.querySelectorAll('.explorer-board [role=tab]')];
    const open = tabs.find(tab => tab.offsetParent && tab.ariaSelected === 'true');
    if (!open) return found();
    const flaws = [];
    for (const tab of [open, ...tabs.filter(tab => tab !== open), open]) {{
        tab.click();
        for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
        flaws.push(...found());
    }}
    return flaws;
}}"""
SCROLLS = "node => [node.scrollHeight > node.clientHeight, node.scrollWidth > node.clientWidth]"


def blueprint_of(name, **options):
    return getattr(import_module(f"explorer.panels.{name}"), name)(**options)


@pytest.fixture
def drawn(browser):
    """Draw a blueprint in a page of this size."""
    pages = {}

    def draw(blueprint, size=LAPTOP):
        controls = size, blueprint.state.controls()
        if any(getattr(control, "share", "") for control in controls[1]):  # no value stands alone
            controls = size, id(blueprint)
        if controls not in pages:
            viewport = dict(zip(("width", "height"), size, strict=True))
            pages[controls] = BarePage(browser, viewport=viewport)
        pages[controls].draw(blueprint)
        return pages[controls].page

    yield draw
    for page in pages.values():
        page.close()


def settle(page):
    """Wait until the page has drawn what follows from another size."""
    page.evaluate(
        "async () => { for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame) }"
    )


def faults(page):
    """What is wrong behind each of the tabs, the one that is open first."""
    return page.locator(".explorer-panel").evaluate(BEHIND_TABS)


@pytest.mark.parametrize("name", explorer.PANELS)
def test_a_panel_fits_every_screen(drawn, name):
    page = drawn(blueprint_of(name), SCREEN)
    for width, height in (SCREEN, WIDE, LAPTOP):
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        assert faults(page) == [], width
    page.set_viewport_size(dict(zip(("width", "height"), PROJECTOR, strict=True)))
    page.locator(".explorer-preset").last.focus()
    page.keyboard.press("p")  # the presenter's view
    settle(page)
    panel = page.locator(".explorer-panel")
    assert panel.evaluate(FLAWS) == []
    assert panel.evaluate(SCROLLS) == [False, False]


@pytest.mark.parametrize("name", explorer.PANELS)
def test_a_panel_fits_a_laptop_after_each_button(drawn, name):
    start = blueprint_of(name)
    for i in range(len(start.view(start.state).presets)):
        session = Session(start, lambda message, buffers: None)
        try:
            session.press(i)
        except ValueError:  # one that is disabled
            continue
        assert faults(drawn(replace(start, state=session.state))) == [], session.state


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_panel_of_other_data_fits_a_laptop(drawn, variant):
    name, options = VARIANTS[variant]
    assert faults(drawn(blueprint_of(name, **options))) == []


@pytest.mark.parametrize("step", [0, 1500])
@pytest.mark.parametrize("family", ["bernoulli", "categorical"])
def test_the_names_of_classes_stand_beside_the_observations(drawn, family, step):
    page = drawn(blueprint_of("training", family=family, step=step))
    hidden = page.locator(".explorer-plot").first.evaluate(
        """plot => {
            const boxes = nodes => [...plot.querySelectorAll(nodes)]
                .map(node => node.getBoundingClientRect());
            const points = boxes('.explorer-points.small path');
            const centres = points.map(box => [box.x + box.width / 2, box.y + box.height / 2]);
            return boxes('.explorer-labels text').map(({left, right, top, bottom}) => centres
                .filter(([x, y]) => left < x && x < right && top < y && y < bottom).length);
        }"""
    )
    assert hidden == [0] * (2 if family == "bernoulli" else 3)


@pytest.mark.parametrize("name", explorer.PANELS)
def test_on_a_phone_the_sliders_stay_in_sight_beside_every_plot(drawn, name):
    page = drawn(blueprint_of(name), PHONE)
    assert page.locator(".explorer-panel").evaluate(FLAWS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    sliders = page.locator(".explorer-controls")
    for plot in page.locator(".explorer-plot:not([hidden])").all():
        plot.evaluate(
            "node => window.scrollBy(0, node.getBoundingClientRect().bottom - innerHeight)"
        )
        box, above = plot.bounding_box(), sliders.bounding_box()
        assert above["y"] >= 0
        assert above["y"] + above["height"] <= box["y"]
        assert box["y"] + box["height"] <= PHONE[1] + 1


def test_a_plot_keeps_its_size_whatever_is_said(drawn):
    page = drawn(blueprint_of("likelihood"))
    before = page.locator(".explorer-panel").bounding_box()
    page.evaluate("document.querySelector('.explorer-sentence').textContent = 'Short.'")
    settle(page)
    assert page.locator(".explorer-panel").bounding_box() == before


def test_tabs_follow_the_arrow_keys_and_what_was_selected_is_remembered(drawn):
    page = drawn(blueprint_of("kl_fit"))
    tabs = page.locator(".explorer-board [role=tab]")
    visible = page.locator(".explorer-plot:not([hidden]) .explorer-title")
    first = visible.all_inner_texts()
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert tabs.nth(1).evaluate("node => node === document.activeElement")
    second = visible.all_inner_texts()
    assert set(first).isdisjoint(second)
    assert len(first) == len(second) == 2
    assert page.evaluate("Object.values({...localStorage})") == ["every *q*"]


def test_a_handle_brings_the_sliders_of_its_own_component(drawn):
    page = drawn(blueprint_of("kl_fit"))
    mean = page.locator(".explorer-control-means-1")
    height = page.locator(".explorer-panel").bounding_box()["height"]
    assert not mean.is_visible()
    page.get_by_role("slider", name="mean of component 2").locator("visible=true").first.focus()
    assert mean.is_visible()
    assert not page.locator(".explorer-control-means-0").is_visible()
    assert page.locator(".explorer-panel").bounding_box()["height"] == height


@pytest.mark.parametrize("name", ["beta_loss", "kl_fit", "training"])
def test_a_presenter_has_one_panel_over_the_whole_window_with_larger_text(drawn, name):
    page = drawn(blueprint_of(name), (1920, 1080))
    page.evaluate("document.getElementById('around').style.transform = 'translate(40px, 30px)'")
    sums, panel = page.locator(".explorer-sum").first, page.locator(".explorer-panel")
    before = sums.bounding_box()["height"]
    for width, height in ((1920, 1080), PROJECTOR):
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".explorer-preset").last.focus()
        page.keyboard.press("p")
        settle(page)
        assert panel.bounding_box() == {"x": 0, "y": 0, "width": width, "height": height}
        assert sums.bounding_box()["height"] == pytest.approx(1.6 * before, rel=0.02)
        assert panel.evaluate(FLAWS) == []
        assert panel.evaluate(SCROLLS) == [False, False]
        page.keyboard.press("Escape")
        settle(page)
        assert sums.bounding_box()["height"] == before
        assert panel.get_attribute("popover") is None


def test_a_sentence_without_room_is_there_under_the_pointer(drawn):
    page = drawn(blueprint_of("kl_fit"), PROJECTOR)
    page.locator(".explorer-preset").last.focus()
    page.keyboard.press("p")
    settle(page)
    sentence = page.locator(".explorer-sentence")
    line = sentence.bounding_box()["height"]
    assert axe_finds(page) == ""
    page.evaluate("document.documentElement.dataset.jpThemeLight = 'false'")
    sentence.hover()
    assert sentence.bounding_box()["height"] > 3 * line
    assert axe_finds(page) == ""


def test_a_panel_fits_jupyterlab_with_its_file_browser_open(open_notebook, monkeypatch):
    monkeypatch.setitem(ADDRESSES, "lab", "lab/tree")
    notebook = open_notebook(["import explorer\nexplorer.kl_fit()"], viewport=(1280, 720))
    notebook.wait_for(".explorer-controls .noUi-handle[aria-label]")
    notebook.page.evaluate("window.jupyterapp.commands.execute('filebrowser:activate')")
    notebook.page.locator(".jp-FileBrowser").first.wait_for(state="visible")
    notebook.page.wait_for_timeout(500)  # the panel takes the room that is left
    panel = notebook.page.locator(".explorer-panel")
    assert panel.evaluate(
        """panel => {
            const room = panel.closest('.jp-WindowedPanel-outer').getBoundingClientRect();
            const {height, right} = panel.getBoundingClientRect();
            return [room.height - height >= 0, room.right - right >= 0];
        }"""
    ) == [True, True]
    assert panel.evaluate(FLAWS) == []
    assert notebook.axe() == ""
