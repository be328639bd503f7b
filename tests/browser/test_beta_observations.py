"""The Beta panel with several observations, and what it does where no best prediction exists."""

import re

import numpy as np
import pytest

from explorer.core import Beta, fit_mle
from tests.browser.beta_panel import DENSITY, LOSS, BetaPanel

Y = [0.12, 0.31, 0.35, 0.52, 0.9]
CELLS = (
    "import explorer",
    f"panel = explorer.beta_loss(observations={Y})\npanel",
    "same = explorer.beta_loss(observations=[0.3, 0.3])\nsame",
)


@pytest.fixture(scope="module")
def displayed(open_shared_notebook):
    return BetaPanel(open_shared_notebook(CELLS))


@pytest.fixture
def panel(displayed):
    displayed.set(a=2.0, b=5.0, loss="full")
    return displayed


def drawn(panel, plot, selector):
    """The numbers in a path's `d`, a row for each piece that starts with M."""
    d = panel.find(f".explorer-plot >> nth={plot} >> {selector}").get_attribute("d")
    return np.array([re.findall(r"-?[\d.]+", piece) for piece in d.split("M")[1:]], dtype=float)


def test_there_is_no_slider_for_y_and_no_rule_to_drag(panel):
    assert panel.names == ["a", "b", "loss"]
    assert panel.find(".explorer-control-y").count() == 0
    assert panel.page.locator(".explorer-panel").first.locator(".explorer-handle-rule").count() == 0


def test_the_rug_has_a_tick_at_each_observation(panel):
    ticks = drawn(panel, DENSITY, ".explorer-rug")[:, 0]
    assert len(ticks) == len(Y)
    np.testing.assert_allclose(np.corrcoef(ticks, Y)[0, 1], 1, atol=1e-5)


def test_each_observation_has_a_bar_as_high_as_its_loss(panel):
    x, zero, _, top = np.insert(drawn(panel, LOSS, ".explorer-stems"), 2, 0, axis=1).T
    np.testing.assert_allclose(np.corrcoef(x, Y)[0, 1], 1, atol=1e-5)
    heights = zero - top
    losses = Beta(2, 5).nll(np.array(Y))
    np.testing.assert_allclose(heights / heights[-1], losses / losses[-1], atol=0.01)


def test_the_sum_is_over_all_observations(panel):
    loss = Beta(2, 5).nll(np.array(Y)).sum()
    assert panel.screen()["sum"][0] == f"{loss:.3f}".replace("-", "−")


def test_one_button_goes_to_the_maximum_of_the_likelihood(panel):
    button = panel.find("button:has-text('maximum likelihood')")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    best = fit_mle(Beta, np.array(Y))
    panel.expect(a=best.a, b=best.b)
    assert button.get_attribute("aria-pressed") == "true"
    assert "No other a and b make it less" in panel.screen()["sentence"]


def test_dragging_a_slider_away_from_the_maximum_costs_more(panel):
    panel.find("button:has-text('maximum likelihood')").click()
    panel.expect(**vars(fit_mle(Beta, np.array(Y))))
    least = panel.kernel.value("panel.frame['loss']")
    panel.drag("b", 9.0)
    panel.expect()
    assert panel.kernel.value("panel.frame['loss']") > least + 0.1


def test_where_there_is_no_maximum_the_button_is_disabled_and_says_why(panel):
    same = panel.page.locator(".explorer-panel").nth(1)
    button = same.locator("button:disabled")
    assert button.all_text_contents() == ["maximum likelihood"]
    assert "all observations are the same" in button.get_attribute("title")
    assert "all observations are the same" in same.locator(".explorer-sentence").inner_text()


def test_the_switch_drops_log_B_from_the_sum_of_losses_too(panel):
    panel.find(".explorer-choice label:has-text('without')").click()
    panel.expect(loss="kernel")
    assert panel.screen()["struck"]


def test_axe_finds_nothing_to_complain_of(panel):
    assert panel.notebook.axe() == ""
