"""Every panel's light page, in a real browser: it comes to life and says what CPython says."""

import numpy as np
import pytest

import explorer
from explorer.scene import Slider, plain
from explorer.site.page import Page
from explorer.stage.wire import HIGHEST
from tests.site.light_page import LightPage
from tests.stage.toy import decode

# What is found by steps, a minimum or a training, ends where rounding lets it, and that differs
# with the exp and log of a machine.
BY_STEPS = {"alpha_fit", "heteroscedastic", "kl_fit", "point_estimate", "training"}
WIDTHS = (360, 768, 1920)


@pytest.fixture(scope="module")
def context(browser):
    made = browser.new_context(viewport={"width": 1280, "height": 720})
    yield made
    made.close()


@pytest.fixture(scope="module", params=explorer.PANELS)
def panel(request, context, address):
    """One panel's page, live, with the same session in this Python."""
    page = LightPage(context, address, f"{request.param}/")
    page.wait_until_live()
    page.name, page.session = request.param, Page(request.param, "", lambda *message: None).session
    yield page
    page.page.close()
    assert page.errors == []
    assert page.foreign == []


def along(session):
    """States a third and two thirds of the way along every slider, and with every choice."""
    start = session.settings
    for i, control in enumerate(session.controls.values()):
        if isinstance(control, Slider):
            reach = control.high - control.low
            values = [control.nearest(control.low + share * reach) for share in (0.31, 0.67)]
        else:
            values = [option for option, _ in control.options]
        yield from ([*start[:i], value, *start[i + 1 :]] for value in values)


def test_the_numbers_are_those_of_the_kernel(panel):
    if panel.name in BY_STEPS:
        first = plain(str(panel.session.scene.sentence))
        assert panel.page.locator(".explorer-sentence").text_content() == first
        return
    session, base = panel.session, panel.session.settings
    here = []
    session._send = lambda message, buffers: here.extend(
        zip(message["frames"], buffers, strict=True)
    )
    for state in along(session):  # one by one: of several, late ones are left to a next question
        ((header, buffer),) = panel.ask([state], base)
        session.receive({"epoch": 0, "type": "ask", "states": [state], "base": base})
        own, own_buffer = here.pop()
        assert header["state"] == own["state"]
        assert header.get("refused") == own.get("refused")
        if "refused" not in own:
            assert_same(decode(header, buffer), decode(own, own_buffer), 1e-13)


def assert_same(there, here, exact):
    for slot in there.keys() & here.keys():
        value = here[slot]
        if isinstance(value, float):
            np.testing.assert_allclose(there[slot], value, rtol=exact, atol=exact)
        elif isinstance(value, np.ndarray) and value.ndim == 2:
            step = np.ptp(value[np.isfinite(value)]) / HIGHEST
            np.testing.assert_allclose(there[slot], value, rtol=1e-12, atol=1.01 * step)
        elif isinstance(value, np.ndarray):
            np.testing.assert_allclose(there[slot], value, rtol=1e-6, atol=1e-6)
        else:
            assert there[slot] == value
    # What is there alone is the base's here, which it may miss by what rounding leaves.
    assert not [here[slot] for slot in here.keys() - there.keys() if isinstance(here[slot], str)]
    assert not [there[slot] for slot in there.keys() - here.keys() if isinstance(there[slot], str)]


def moved(panel, act):
    """The settings that an action changes, by name, once they are drawn."""
    before = panel.state
    drawn = panel.page.get_attribute(".explorer-stage", "data-frame-state")
    act()
    panel.page.wait_for_function(
        "old => document.querySelector('.explorer-stage').dataset.frameState !== old", arg=drawn
    )
    names = panel.session.controls
    return {n: new for n, old, new in zip(names, before, panel.state, strict=True) if new != old}


def test_every_slider_moves(panel):
    for name, control in panel.session.controls.items():
        if isinstance(control, Slider) and control.visible:
            slider = panel.page.locator(f".explorer-control-{name.replace('.', '-')}")
            range_, field = slider.locator("[type=range]"), slider.locator("[type=number]")
            assert range_.get_attribute("aria-label") == control.label
            low = dict(zip(panel.session.controls, panel.state, strict=True))[name] == control.low
            key = "ArrowRight" if low else "ArrowLeft"
            changed = moved(panel, lambda r=range_, k=key: r.press(k))
            assert float(field.input_value()) == pytest.approx(changed.pop(name), abs=1e-2)
            for other in changed:  # shares that make room
                assert panel.session.controls[other].share == control.share != ""


def test_it_fits_every_width_and_axe_finds_nothing(panel):
    for theme in ("light", "dark"):
        panel.page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            panel.page.set_viewport_size({"width": width, "height": 800})
            panel.wait_until_it_fits()
        assert panel.axe() == ""
    panel.page.set_viewport_size({"width": 1280, "height": 720})
