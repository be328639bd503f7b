"""While a hand moves something nothing around it moves; afterwards the axes ease to their place."""

import pytest

from explorer.panels.beta_loss import beta_loss
from tests.browser.bare_page import BarePage

# In the page: what must stand still, of every plot and of the words around them.
AROUND = """() => {
    const box = node => {
        const {x, y, width, height} = node.getBoundingClientRect();
        return [x, y, width, height].map(part => Math.round(10 * part) / 10);
    };
    const all = selector => [...document.querySelectorAll(selector)];
    return {
        ticks: all('.explorer-ticks').map(node => node.textContent),
        frames: all('.explorer-plot').map(box),
        panel: box(document.querySelector('.explorer-panel')),
        sum: all('.explorer-term, .explorer-sign').map(box),
    };
}"""
WATCH = """() => {
    window.widths = [];
    const canvas = document.querySelector('.explorer-landscape');
    const look = () => {
        const {width} = canvas.getBoundingClientRect();
        if (width !== window.widths.at(-1)) window.widths.push(width);
        requestAnimationFrame(look);
    };
    look();
}"""


@pytest.fixture
def page(browser, request):
    opened = BarePage(
        browser, viewport={"width": 1100, "height": 900}, **getattr(request, "param", {})
    )
    opened.answer()
    yield opened
    assert opened.errors == []
    opened.close()


def centre(handle):
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_during_a_drag_no_axis_and_no_number_moves_what_is_beside_it(page):
    page.draw(beta_loss(a=9.5, b=6))
    handle = page.page.locator(".explorer-handle-point").last
    x, y = centre(handle)
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    before = page.page.evaluate(AROUND)
    for dx, dy in ((20, 0), (60, -90), (30, -150), (-200, 60), (80, -200)):
        page.page.mouse.move(x + dx, y + dy, steps=3)
        page.page.wait_for_timeout(120)
        assert page.page.evaluate(AROUND) == before
    page.page.mouse.up()
    page.page.wait_for_timeout(600)
    after = page.page.evaluate(AROUND)
    assert after["ticks"] != before["ticks"]
    assert after["panel"] == before["panel"]


@pytest.mark.parametrize("page", [{}, {"reduced_motion": "reduce"}], indirect=True)
def test_limits_ease_when_the_hand_lets_go_unless_the_reader_wants_no_motion(page, request):
    reduced = bool(request.node.callspec.params["page"])
    page.draw(beta_loss(a=9.5, b=6))
    handle = page.page.locator(".explorer-handle-point").last
    x, y = centre(handle)
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 60, y, steps=4)
    page.page.wait_for_timeout(200)
    page.page.evaluate(WATCH)
    page.page.mouse.up()
    page.page.wait_for_timeout(700)
    first, *between, last = page.page.evaluate("() => window.widths")
    assert first > 1.5 * last  # of a field of twice the width half is seen
    assert len(between) == 0 if reduced else len(between) >= 2
    assert sorted(between, reverse=True) == between


def test_a_button_leads_to_other_limits_as_gently(page):
    page.draw(beta_loss(a=15, b=7))
    page.page.evaluate(WATCH)
    page.page.get_by_role("button", name="mode 0.7, narrower").click()
    page.page.wait_for_timeout(900)
    first, *between, last = page.page.evaluate("() => window.widths")
    assert last == pytest.approx(first, abs=1)  # both fields fill the plot; between, one does not
    assert len(between) >= 2
