"""The hills of a mixture as its controls, in a page that a session answers without Jupyter."""

import pytest

from explorer.panels.alpha_fit import alpha_fit
from explorer.panels.kl_fit import kl_fit
from tests.browser.bare_page import BarePage

SETTINGS = "() => Object.fromEntries(Object.entries(widgets).map(([n, w]) => [n, w.values.value]))"


@pytest.fixture
def page(browser):
    opened = BarePage(browser, viewport={"width": 1200, "height": 1000})
    opened.answer()
    yield opened
    assert opened.errors == []
    opened.close()


def handle(page, name):
    return page.page.get_by_role("slider", name=f"{name}, in the plot", exact=True).first


def drag(page, node, dx, dy):
    """Move a handle in small steps; how far it is from the pointer after each, at most."""
    box = node.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    worst = 0.0
    for k in range(1, 9):
        right, down = dx * k / 8, dy * k / 8
        page.page.mouse.move(x + right, y + down)
        for _ in range(20):  # until the picture of where the pointer rests is there
            page.page.wait_for_timeout(50)
            now = node.bounding_box()
            across = now["x"] + now["width"] / 2 - x - right
            along = now["y"] + now["height"] / 2 - y - down
            off = max(abs(across) if dx else 0.0, abs(along) if dy else 0.0)
            if off < 2:
                break
        worst = max(worst, off)
    page.page.mouse.up()
    page.page.wait_for_timeout(150)
    return worst


@pytest.mark.parametrize("panel", [kl_fit, alpha_fit])
def test_a_top_moves_mean_and_weight_and_stays_under_the_pointer(page, panel):
    page.draw(panel([-4, 0, 4], weights=(0.3, 0.4, 0.3)))
    top = handle(page, "mean of component 3 and weight of component 3")
    assert drag(page, top, -30, -40) < 4  # half a step of the weight is 3 pixels
    now = page.page.evaluate(SETTINGS)
    assert now["means.2"] < 3.6
    assert now["weights.2"] > 0.34
    weights = [now[f"weights.{k}"] for k in range(3)]
    assert sum(weights) == pytest.approx(1, abs=1e-9)
    assert weights[1] / weights[0] == pytest.approx(4 / 3)
    assert (now["means.0"], now["sigmas.2"]) == (-4, 1)


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("standard deviation of component 2", "sigmas.1"),
        ("standard deviation of the forward q", "forward_q.1"),
    ],
)
def test_a_flank_moves_the_width_alone(page, name, control):
    page.draw(kl_fit(forward_q=(0, 1.5)))
    before = page.page.evaluate(SETTINGS)
    assert drag(page, handle(page, name), 24, 0) < 4
    after = page.page.evaluate(SETTINGS)
    assert {n for n in after if after[n] != before[n]} == {control}
    assert after[control] > before[control] + 0.3


def test_a_weight_that_is_dragged_down_and_up_leaves_the_others_in_proportion(page):
    page.draw(kl_fit([-4, 0, 4], weights=(0.3, 0.4, 0.3)))
    top = handle(page, "mean of component 3 and weight of component 3")
    box = top.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    for dy in (-100, -400, 300, 0):
        page.page.mouse.move(x, y + dy, steps=3)
        page.page.wait_for_timeout(100)
    page.page.mouse.up()
    page.page.wait_for_timeout(200)
    now = page.page.evaluate(SETTINGS)
    assert [now[f"weights.{k}"] for k in range(3)] == pytest.approx([0.3, 0.4, 0.3], abs=0.011)


def test_a_click_on_a_landscape_moves_q_there_and_starts_anew(page):
    page.draw(kl_fit(step=40))
    canvas = page.page.locator("canvas").nth(1)
    box = canvas.bounding_box()
    page.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    page.page.wait_for_timeout(200)
    now = page.page.evaluate(SETTINGS)
    assert now["reverse_q.0"] == pytest.approx(-4, abs=0.05)
    assert now["step"] == 0


def test_arrow_keys_move_what_a_handle_stands_for(page):
    page.draw(kl_fit())
    handle(page, "mean of component 1 and weight of component 1").focus()
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("ArrowUp")
    handle(page, "standard deviation of component 1").focus()
    page.page.keyboard.press("ArrowLeft")  # outwards, on this side
    page.page.wait_for_timeout(100)
    now = page.page.evaluate(SETTINGS)
    assert now["means.0"] < -3
    assert (now["weights.0"], now["weights.1"]) == pytest.approx((0.51, 0.49))
    assert now["sigmas.0"] > 1


def test_handles_at_one_place_can_each_be_taken(page):
    page.draw(kl_fit((1, 1)))
    boxes = [handle(page, f"mean of component {k} and weight of component {k}") for k in (1, 2)]
    (a, b) = (one.bounding_box() for one in boxes)
    assert abs(a["x"] - b["x"]) >= 12
