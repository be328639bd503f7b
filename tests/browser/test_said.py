"""What each thing is, said where a pointer or the focus is; and what belongs together lights up."""

from importlib import import_module

import pytest

import explorer
from explorer.panels.beta_loss import beta_loss
from explorer.panels.likelihood import likelihood
from tests.browser.bare_page import BarePage

# In the page: of what handles and sliders that light up are.
LIT = """() => [...document.querySelectorAll('[data-controls].explorer-lit')]
    .map(node => node.dataset.controls)"""


@pytest.fixture
def page(browser):
    opened = BarePage(browser, viewport={"width": 1200, "height": 900})
    yield opened
    assert opened.errors == []
    opened.close()


@pytest.mark.parametrize("name", explorer.PANELS)
def test_every_button_and_every_handle_says_what_it_is(page, name):
    page.draw(getattr(import_module(f"explorer.panels.{name}"), name)())
    for kind in ("button:not([role])", ".explorer-handle", ".explorer-choice"):
        for node in page.page.locator(f".explorer-stage {kind}").all():
            said = node.get_attribute("title") or ""
            assert len(said) > 2, node.evaluate("node => node.outerHTML")


def test_the_title_is_visible_where_the_focus_is(page):
    page.draw(beta_loss())
    button = page.page.get_by_role("button", name="mode 0.7, narrower")
    content = "node => getComputedStyle(node, '::after').content"
    assert button.evaluate(content) == "none"
    page.page.get_by_role("button", name="mode 0.7", exact=True).focus()
    page.page.keyboard.press("Tab")
    assert "(8, 4)" in button.evaluate(content)


def test_the_handles_of_one_quantity_light_up_together(page):
    page.draw(beta_loss())
    page.page.locator(".explorer-handle-rule").hover()
    together = page.page.evaluate(LIT)
    assert len(together) >= 2
    assert set(together) == {"y"}
    page.page.locator(".explorer-handle").last.hover()
    assert set(page.page.evaluate(LIT)) <= {"a b", "a", "b"}
    page.page.locator(".explorer-sentence").hover()
    assert page.page.evaluate(LIT) == []


# In the page: which point, bar or rule of its kind in its plot lights up without being a handle.
PIECES = """() => [...document.querySelectorAll('path.explorer-lit')].map(node => [
    [...document.querySelectorAll('.explorer-plot')].indexOf(node.closest('.explorer-plot')),
    node.closest('[class*="role-"]').getAttribute('class').match(/explorer-(\\w+)/)[1],
    node.matches('.explorer-rule') ? 0 : [...node.parentNode.children].indexOf(node),
])"""


@pytest.mark.parametrize(
    ("name", "handle", "pieces"),
    [
        ("likelihood", "observations.3", [[2, "bars", 3]]),
        ("categorical_loss", "logits.1", [[0, "points", 1], [1, "bars", 1]]),
        ("least_squares", "x.2 y.2", [[1, "points", 2]]),
        ("training", "near", [[0, "points", 0], [3, "rule", 0]]),
    ],
)
def test_what_a_handle_moves_lights_up_in_every_plot(page, name, handle, pieces):
    page.draw(getattr(import_module(f"explorer.panels.{name}"), name)())
    node = page.page.locator(f".explorer-handle[data-controls='{handle}']")
    node.hover()
    assert page.page.evaluate(PIECES) == pieces
    page.page.locator(".explorer-sentence").hover()
    assert page.page.evaluate(PIECES) == []


def test_a_bar_lights_up_the_observation_that_it_is_the_loss_of(page):
    page.draw(likelihood())
    page.page.locator(".explorer-bars path").nth(3).hover()
    assert page.page.evaluate(LIT) == ["observations.3"]


def test_the_first_handle_shows_once_that_it_can_be_dragged(page):
    page.draw(beta_loss())
    hints = page.page.locator(".explorer-hint")
    assert hints.count() == 1
    hints.wait_for(state="detached", timeout=9_000)
    page.page.reload()
    page.draw(beta_loss())
    assert page.page.locator(".explorer-handle").count() > 1
    assert hints.count() == 0
