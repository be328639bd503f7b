"""What each thing is, said where a pointer or the focus is; and what belongs together lights up."""

from importlib import import_module

import pytest

import explorer
from explorer.panels.beta_loss import beta_loss
from tests.browser.bare_page import BarePage


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
    lit = "() => [...document.querySelectorAll('.explorer-lit')].map(n => n.dataset.controls)"
    page.page.locator(".explorer-handle-rule").hover()
    together = page.page.evaluate(lit)
    assert len(together) >= 2
    assert set(together) == {"y"}
    page.page.locator(".explorer-handle").last.hover()
    assert set(page.page.evaluate(lit)) <= {"a b", "a", "b"}
    page.page.locator(".explorer-sentence").hover()
    assert page.page.evaluate(lit) == []


def test_the_first_handle_shows_once_that_it_can_be_dragged(page):
    page.draw(beta_loss())
    hints = page.page.locator(".explorer-hint")
    assert hints.count() == 1
    hints.wait_for(state="detached", timeout=9_000)
    page.page.reload()
    page.draw(beta_loss())
    assert page.page.locator(".explorer-handle").count() > 1
    assert hints.count() == 0
