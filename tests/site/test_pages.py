"""What a light page does before, while and after Python comes, tried on the Beta panel."""

import json
import threading

import pytest

import explorer
from explorer.site import pyodide
from explorer.site.__main__ import serve
from tests.site.light_page import TIMEOUT, LightPage

NARROW = {"width": 360, "height": 740}


@pytest.fixture
def context(browser):
    """A browser's new profile; without service workers, for their requests cannot be held back."""
    made = browser.new_context(viewport={"width": 1280, "height": 720}, service_workers="block")
    yield made
    made.close()


@pytest.fixture(scope="module")
def live(browser, address):
    """The Beta panel's page, live, at a state of its address."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = LightPage(context, address, "beta_loss/#a=8&b=4&y=0.7&c=1")
    page.wait_until_live()
    yield page
    assert page.errors == []
    assert page.foreign == []
    context.close()


def boxes(page):
    return page.page.evaluate("""() => [...document.querySelectorAll(
        "h1, .widget-slider, .explorer-bar, .explorer-plot, .explorer-sentence, footer"
    )].map(node => JSON.stringify(node.getBoundingClientRect()))""")


def test_the_picture_is_there_before_python_and_nothing_jumps(context, address):
    asked = []
    context.route("**/app/explorer.zip", lambda route: asked.append(route))  # without it no Python
    page = LightPage(context, address, "beta_loss/")
    page.wait_until_drawn()
    page.page.wait_for_function("document.querySelector('#message').textContent.includes('MB')")
    assert page.page.inner_text(".explorer-sentence").startswith("The model expects y near 0.200.")
    assert page.page.locator("progress").is_visible()
    assert page.axe() == ""
    ranges = page.page.locator("[type=range]")
    assert ranges.count() == 3
    assert ranges.first.is_disabled()
    before = boxes(page)
    page.page.wait_for_timeout(500)
    for route in asked:
        route.continue_()
    context.unroute_all()
    page.wait_until_live()
    assert boxes(page) == before
    assert not page.page.locator("progress").is_visible()


def test_an_address_opens_its_state_and_says_what_it_ignores(live):
    live.wait_for_state([8, 4, 0.7, "full"])
    assert live.message.startswith("Ignored in the address: c = 1")


def test_a_move_goes_into_the_address_and_not_into_the_history(live):
    before = live.page.evaluate("history.length")
    live.page.locator(".explorer-control-a [type=range]").press("ArrowRight")
    live.page.wait_for_function("!location.hash.includes('a=8&')")
    assert live.page.evaluate("history.length") == before
    link = explorer.beta_loss(a=live.state[0], b=4, y=0.7).link(live.address)
    assert live.page.url == link


def test_another_address_opens_in_the_same_page(live):
    live.page.evaluate("location.hash = '#observations=0.2,0.4,0.9&a=3&b=3'")
    live.wait_for_state([3, 3, "full"])
    live.page.evaluate("location.hash = '#a=2&b=5&y=0.7'")
    live.wait_for_state([2, 5, 0.7, "full"])


def test_a_typed_value_stands_as_it_is_inside_the_limits(live):
    field = live.page.locator(".explorer-control-b [type=number]")
    field.fill("5.12345")
    field.press("Enter")
    live.wait_for_state([2, 5.12345, 0.7, "full"])
    field.fill("500")
    field.press("Enter")
    live.wait_for_state([2, 20, 0.7, "full"])


def test_a_handle_moves_its_slider(live):
    handle = live.page.get_by_role("slider", name="observation y, in the plot").first
    handle.press("ArrowLeft")
    live.page.wait_for_function(
        "document.querySelector('.explorer-control-y [type=number]').value < 0.7"
    )


def test_no_module_of_scipy_comes_in_vain(live):
    loaded = live.page.workers[0].evaluate("""() => {
        const names = page.receive.__func__.__globals__;
        return [...names.get("json").codecs.sys.modules.keys()];
    }""")
    assert {name for name in loaded if name.startswith("scipy.")} - {"scipy.linalg"} == (
        pyodide.SCIPY - {"scipy"}
    )


def test_the_next_visit_needs_no_server(browser, site):
    context = browser.new_context()
    server = serve(site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    first = LightPage(context, address, "beta_loss/")
    first.wait_until_live()
    server.shutdown()
    server.server_close()
    first.page.close()
    again = LightPage(context, address, "kl_fit/?embed")
    again.wait_until_live()
    again.page.goto(address)
    assert again.page.locator(".panels a").count() == len(explorer.PANELS)
    assert again.errors == []
    context.close()


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("**/pyodide.asm.wasm", "Python could not be loaded"),
        ("**/app/worker.js", "Python could not be started"),
        ("**/app/page.js", "A part of this page could not be loaded"),
    ],
)
def test_what_cannot_be_loaded_is_said_and_the_picture_stays(context, address, broken, says):
    context.route(broken, lambda route: route.fulfill(status=404))
    page = LightPage(context, address, "beta_loss/")
    expect_message(page, says)
    assert "The picture shows where the panel starts." in page.message
    assert page.page.locator(".explorer-stage :is(svg, img)").first.is_visible()


def test_a_browser_that_cannot_run_python_is_told_so(context, address):
    context.add_init_script("delete window.WebAssembly")
    page = LightPage(context, address, "beta_loss/")
    expect_message(page, "This browser cannot run Python.")
    assert page.page.locator(".explorer-stage svg").first.is_visible()


def test_a_worker_that_dies_is_said_and_the_picture_stays(live):
    live.page.evaluate("workers[0].dispatchEvent(new ErrorEvent('error'))")
    notice = live.page.locator(".explorer-notice")
    notice.wait_for()
    assert notice.inner_text().startswith("Python has stopped. Reload the page")
    assert live.page.locator(".explorer-stage svg").first.is_visible()


def expect_message(page, text):
    page.page.wait_for_function(
        "text => document.querySelector('#message').textContent.includes(text)",
        arg=text,
        timeout=TIMEOUT,
    )


def test_alone_in_another_page_it_tells_its_height(context, address):
    page = LightPage(context, address, "")
    page.page.evaluate("""() => {
        window.heights = [];
        addEventListener("message", ({data}) => heights.push(data.height));
        const frame = document.createElement("iframe");
        frame.src = "beta_loss/?embed&theme=dark";
        frame.width = 700;
        document.body.replaceChildren(frame);
    }""")
    page.page.wait_for_function("heights.length > 0 && heights.at(-1) > 300")
    frame = page.page.frames[1]
    frame.wait_for_selector(".explorer-stage[data-frame-count]")
    assert frame.locator("h1").is_hidden()
    ground = frame.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(17, 20, 24)"


def test_the_front_page_shows_every_panel(context, address):
    page = LightPage(context, address, "")
    links = page.page.locator(".panels a")
    hrefs = links.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert hrefs == [f"{name}/" for name in explorer.PANELS]
    loaded = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    page.page.wait_for_function(loaded)
    for theme in ("light", "dark"):
        page.page.emulate_media(color_scheme=theme)
        for size in (NARROW, {"width": 1920, "height": 1080}):
            page.page.set_viewport_size(size)
            page.wait_until_it_fits()
        assert page.axe() == ""
    assert page.errors == []


def test_the_first_scene_of_a_page_is_the_panels_own(site):
    text = (site / "beta_loss" / "index.html").read_text("utf-8")
    page = json.loads(text.partition('id="page">')[2].partition("</script>")[0])
    assert page["opening"]["state"] == [2.0, 5.0, 0.7, "full"]
