"""While a hand moves something nothing around it moves; afterwards the axes ease to their place.

After the press of a preset so do the marks.
"""

import json

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
    page.page.wait_for_timeout(200)  # margins are as wide as the labels in them
    page.page.evaluate(WATCH)
    page.page.get_by_role("button", name="mode 0.7, narrower").click()
    page.page.wait_for_timeout(900)
    first, *between, last = page.page.evaluate("() => window.widths")
    assert last == pytest.approx(first, abs=1)  # both fields fill the plot; between, one does not
    assert len(between) >= 2


# In the page: what is drawn of curves, lines and points.
PICTURE = """() => [...document.querySelectorAll('.explorer-area svg path')]
    .map(node => node.getAttribute('d')).join(' ')"""
# A clock that stands still but for what is asked to pass, until it goes on.
CLOCK = """() => {
    const real = performance.now.bind(performance);
    let now = real();
    performance.now = () => now;
    window.pass = async (time) => {
        now += time;
        for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame);
    };
    window.go_on = () => (performance.now = real);
}"""


def press(page, name):
    page.page.get_by_role("button", name=name, exact=True).click()


def drawn(page, **settings):
    """What is drawn of a state without a way to it."""
    page.draw(beta_loss(**settings))
    return page.page.evaluate(PICTURE)


@pytest.mark.parametrize("page", [{}, {"reduced_motion": "reduce"}], indirect=True)
def test_marks_glide_to_a_preset_unless_the_reader_wants_no_motion(page, request):
    reduced = bool(request.node.callspec.params["page"])
    wanted = drawn(page, a=8, b=4)
    drawn(page)
    press_and_stand(page)
    film = []
    for time in (0, 70, 60, 200):  # milliseconds
        page.page.evaluate("time => window.pass(time)", time)
        film.append(page.page.evaluate(PICTURE))
    assert len(set(film)) == (1 if reduced else 4)
    assert film[-1] == wanted


def press_and_stand(page):
    """Stop the clock and press a preset that leads from (2, 5) to (8, 4)."""
    before = page.page.locator("#stage").get_attribute("data-frame-state")
    page.page.evaluate(CLOCK)
    press(page, "mode 0.7, narrower")
    page.page.wait_for_function(
        "before => document.getElementById('stage').dataset.frameState !== before", arg=before
    )


def stand_halfway(page):
    """Press a preset and stop the clock while its marks glide from (2, 5) to (8, 4)."""
    page.draw(beta_loss())
    handle = page.page.locator(".explorer-handle-point").last
    begin = centre(handle)
    press_and_stand(page)
    page.page.evaluate("() => window.pass(100)")
    return handle, begin, centre(handle)


def test_halfway_to_a_preset_a_mark_is_between_and_its_texts_are_there(page):
    handle, begin, halfway = stand_halfway(page)
    assert "(8.00, 4.00)" in page.page.locator(".explorer-labels").last.text_content()
    page.page.evaluate("() => window.go_on()")
    page.page.wait_for_timeout(300)
    end = centre(handle)
    assert halfway == pytest.approx(
        [(one + two) / 2 for one, two in zip(begin, end, strict=True)], abs=2
    )


def test_a_press_on_the_way_turns_where_the_marks_are(page):
    handle, begin, halfway = stand_halfway(page)
    press(page, "expects 0.2, sees 0.7")  # while the clock stands: the first picture of this way
    page.page.wait_for_timeout(200)
    assert centre(handle) == halfway
    page.page.evaluate("() => window.go_on()")
    page.page.wait_for_timeout(400)
    assert centre(handle) == begin


def test_a_key_on_the_way_moves_on_from_the_new_state_at_once(page):
    handle, _, _ = stand_halfway(page)
    handle.press("ArrowRight")
    page.page.wait_for_timeout(60)  # the clock still stands
    x, _ = centre(handle)
    a, b, *_ = json.loads(page.page.locator("#stage").get_attribute("data-frame-state"))
    assert 8 < a <= 8.1
    assert b == 4
    drawn(page, a=a, b=b)
    assert x == pytest.approx(centre(handle)[0], abs=0.01)  # where it is drawn at once
