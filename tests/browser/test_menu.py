"""The menu of a panel: what it copies and saves, and that it can be used without a mouse."""

import csv
import io
import json
from importlib import import_module
from xml.etree import ElementTree

import pytest

import explorer
from explorer.about import SITE
from explorer.scene import plain
from tests.browser.bare_page import BarePage

PARTS = "[...document.querySelectorAll('.explorer-menu, .explorer-panel')]"
PATHS = """() => [...document.querySelectorAll('.explorer-plot:not([hidden]) svg path')]
    .map(path => path.getAttribute('d')).filter(Boolean)"""
SVG = "{http://www.w3.org/2000/svg}"
MORE = ".explorer-more"


@pytest.fixture
def bare(browser):
    pages = []

    def open_page(name="beta_loss", answers=True, panel=None, **options):
        bare = BarePage(browser, viewport={"width": 1000, "height": 800}, **options)
        pages.append(bare)
        blueprint = getattr(import_module(f"explorer.panels.{name}"), name)(**panel or {})
        bare.scene = bare.draw(blueprint)
        if answers:
            bare.answer()
        return bare

    yield open_page
    for bare in pages:
        assert bare.errors == []
        bare.close()


def choose(bare, entry):
    bare.page.locator(MORE).click()
    bare.page.get_by_role("menuitem", name=entry, exact=True).click()


def saved(bare, entry):
    with bare.page.expect_download() as download:
        choose(bare, entry)
    path = download.value.path()
    assert bare.page.get_by_role("status").filter(has_text="saved as").count() == 1
    return download.value.suggested_filename, path.read_bytes()


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("Copy as code", "explorer.beta_loss(a=2, b=5, y=0.7)"),
        ("Copy link", f"{SITE}/beta_loss/#a=2&b=5&y=0.7"),
    ],
)
def test_a_text_is_copied_or_where_that_is_not_possible_stands_selected_in_a_field(
    bare, entry, text
):
    page = bare().page
    # A page without a secure address has no clipboard.
    assert page.evaluate("navigator.clipboard === undefined")
    page.locator(MORE).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()
    field = page.locator(".explorer-copied")
    field.wait_for()
    assert field.input_value() == text
    chosen = "node => node.value.slice(node.selectionStart, node.selectionEnd)"
    assert field.evaluate(chosen) == text
    assert field.evaluate("node => node === document.activeElement")
    field.press("Escape")
    assert not field.is_visible()
    page.evaluate("""() => Object.defineProperty(navigator, 'clipboard', {
        value: {writeText: async text => { window.copied = text; }}, configurable: true})""")
    page.locator(MORE).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()
    page.get_by_role("status").filter(has_text="copied").wait_for()
    assert page.evaluate("window.copied") == text
    assert not field.is_visible()


def test_numbers_are_those_of_the_state_on_screen(bare):
    page = bare()
    name, text = saved(page, "Save numbers (JSON)")
    assert name == "beta_loss.json"
    assert json.loads(text)["loss"] == page.scene.named["loss"]
    name, text = saved(page, "Save curves (CSV)")
    assert name == "beta_loss.csv"
    table = list(csv.DictReader(io.StringIO(text.decode())))
    assert {row["plot"] for row in table} <= {plain(plot.title) for plot in page.scene.plots}


def test_a_kernel_that_does_not_answer_is_said(bare):
    page = bare(answers=False).page
    page.clock.install()
    page.locator(MORE).click()
    page.get_by_role("menuitem", name="Copy as code").click()
    page.clock.run_for(3100)
    page.get_by_role("status").filter(has_text="The kernel does not answer.").wait_for()


def test_data_that_do_not_fit_into_a_link_are_said(bare):
    page = bare(panel={"observations": [i / 999 for i in range(1000)]}).page
    page.locator(MORE).click()
    page.get_by_role("menuitem", name="Copy link").click()
    page.get_by_role("status").filter(has_text="2000 characters").wait_for()


def test_it_is_used_with_the_keyboard_and_the_focus_returns(bare):
    page = bare().page
    more = page.locator(MORE)
    focused = "document.activeElement.textContent"
    more.focus()
    page.keyboard.press("ArrowDown")
    assert more.get_attribute("aria-expanded") == "true"
    assert page.evaluate(focused) == "Copy as code"
    for key, text in (
        ("ArrowDown", "Copy link"),
        ("ArrowUp", "Copy as code"),
        ("ArrowUp", "Save numbers (JSON)"),
        ("ArrowDown", "Copy as code"),
        ("End", "Save numbers (JSON)"),
        ("Home", "Copy as code"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == text
    page.keyboard.press("Escape")
    assert not page.get_by_role("menu").is_visible()
    assert more.evaluate("node => node === document.activeElement")
    more.press("Enter")
    page.keyboard.press("Tab")
    assert not page.get_by_role("menu").is_visible()
    assert more.get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("width", [390, 1000])
def test_it_opens_inside_of_the_panel_beyond_which_a_notebook_cuts_off(bare, width):
    page = bare().page
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(MORE).click()
    boxes = page.evaluate(f"{PARTS}.map(node => node.getBoundingClientRect().toJSON())")
    panel, menu = boxes
    assert panel["left"] <= menu["left"]
    assert menu["right"] <= panel["right"]
    assert panel["top"] <= menu["top"]
    assert menu["bottom"] <= panel["bottom"]


def drawing(text):
    """The root of a saved picture, and what makes it one that needs nothing else."""
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    ids = {node.get("id") for node in root.iter() if node.get("id")}
    for node in root.iter():
        assert node.tag.startswith(SVG), node.tag
        for name, value in node.attrib.items():
            assert "var(" not in value
            if name.endswith("href"):
                assert value.startswith("data:image/png;base64,")
            if "url(" in value:
                assert value.replace('"', "").removeprefix("url(#").removesuffix(")") in ids
            assert name not in ("class", "style")
    return root


@pytest.mark.parametrize("name", explorer.PANELS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_saved_picture_is_whole_and_needs_nothing_else(bare, browser, name, theme):
    attributes = 'data-jp-theme-light="false"' if theme == "dark" else ""
    page = bare(name, attributes=attributes)
    file, text = saved(page, "Save picture (SVG)")
    assert file == f"{name}.svg"
    root = drawing(text)
    ground = "rgb(17, 20, 24)" if theme == "dark" else "rgb(255, 255, 255)"
    assert root.find(f"{SVG}rect").get("fill") == ground
    words = "".join(root.itertext())
    for plot in page.scene.plots:
        shown = page.page.get_by_text(plain(plot.title).split(",")[0]).first.is_visible()
        assert not shown or plain(plot.title) in words
    assert plain(page.scene.sentence) == root.find(f"{SVG}desc").text
    landscapes = page.page.locator("canvas:visible").count()
    assert len(list(root.iter(f"{SVG}image"))) == landscapes
    drawn = [node.get("d") for node in root.iter(f"{SVG}path") if node.get("d")]
    assert drawn == page.page.evaluate(PATHS)
    assert looks_as_on_screen(browser, page.page, text)


def looks_as_on_screen(browser, page, text):
    """Whether a saved picture, opened alone, has about as much ink as the stage itself."""
    ink = """async source => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.width, image.height];
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
            count += Math.abs(data[i] - data[0]) + Math.abs(data[i + 1] - data[1]) > 30;
        return count;
    }"""
    from base64 import b64encode

    alone = page.evaluate(ink, f"data:image/svg+xml;base64,{b64encode(text).decode()}")
    plots = page.locator("#stage").screenshot()
    there = page.evaluate(ink, f"data:image/png;base64,{b64encode(plots).decode()}")
    return 0.6 < alone / there < 1.15


def test_a_picture_of_pixels_is_twice_as_sharp_and_may_be_without_its_background(bare):
    page = bare()
    _, text = saved(page, "Save picture (SVG)")
    width, height = (int(ElementTree.fromstring(text).get(name)) for name in ("width", "height"))
    name, picture = saved(page, "Save picture (PNG)")
    assert name == "beta_loss.png"
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    size = [int.from_bytes(picture[i : i + 4], "big") for i in (16, 20)]
    assert size == [2 * width, 2 * height]
    page.page.locator(MORE).click()
    ground = page.page.get_by_role("menuitemcheckbox", name="with its background")
    assert ground.get_attribute("aria-checked") == "true"
    ground.click()
    assert ground.get_attribute("aria-checked") == "false"
    page.page.keyboard.press("Escape")
    _, text = saved(page, "Save picture (SVG)")
    assert ElementTree.fromstring(text).find(f"{SVG}rect") is None


@pytest.mark.parametrize("where", ["lab", "notebook"])
def test_in_jupyter_the_kernel_says_the_state_that_is_on_screen(open_notebook, where):
    notebook = open_notebook(["import explorer\npanel = explorer.beta_loss()\npanel"], where=where)
    notebook.wait_for(".explorer-stage[data-frame-state]")
    page = notebook.page
    page.evaluate("""() => Object.defineProperty(navigator, 'clipboard', {
        value: {writeText: async text => { window.copied = text; }}, configurable: true})""")
    page.get_by_role("button", name="uniform").click()
    page.locator(MORE).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="copied").wait_for()
    assert page.evaluate("window.copied") == "explorer.beta_loss(a=1, b=1, y=0.7)"
    assert notebook.kernel.value("panel.code()") == "explorer.beta_loss(a=1, b=1, y=0.7)"
