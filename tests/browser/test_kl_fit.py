"""The panel of forward and reverse fits in a real page: handles, and buttons with new data."""

import pytest

CODE = "import explorer\npanel = explorer.kl_fit()\npanel"


@pytest.fixture(scope="module", params=["lab", "notebook"])
def page(request, open_shared_notebook):
    opened = open_shared_notebook([CODE], where=request.param, viewport=(1200, 1500))
    opened.wait_for(".explorer-stage svg")
    return opened


def handle(page, label, nth=0):
    return page.page.get_by_role("slider", name=f"{label}, in the plot", exact=True).nth(nth)


def test_arrow_keys_move_a_mean_and_plus_widens_it(page):
    handle(page, "mean of component 2").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("+")
    page.kernel.wait_until("panel.state.means == (-3.0, 3.05)")
    page.kernel.wait_until("panel.state.widths == (1.0, 1.05)")


def test_both_parameters_of_q_follow_a_drag_in_the_landscape(page):
    box = handle(page, "mean of the reverse q and width of the reverse q").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 40, y + 40, steps=5)
    page.page.mouse.up()
    page.kernel.wait_until("panel.state.reverse_q[0] > 1.5 and panel.state.reverse_q[1] < 2")


def test_a_button_brings_a_component_with_sliders_that_have_names(page):
    page.page.get_by_role("button", name="+ mode").click()
    page.wait_for(".explorer-control-means-2 .noUi-handle")
    page.kernel.wait_until("len(panel.state.means) == 3")
    handle(page, "mean of component 3").focus()
    before = page.kernel.value("panel.state.means[2]")
    page.page.keyboard.press("ArrowLeft")
    page.kernel.wait_until(f"abs(panel.state.means[2] - {before} + 0.05) < 1e-6")
    assert page.axe() == ""


def test_a_button_brings_another_scale_and_reset_leads_back(page):
    page.page.get_by_role("button", name="penguins").click()
    page.kernel.wait_until("panel.state.means == (190.9, 216.0)")
    page.page.locator(".explorer-sentence", has_text="200.940").wait_for()
    page.page.get_by_role("button", name="reset").click()
    page.kernel.wait_until("panel.state.means == (-3.0, 3.0)")
    page.wait_for(".explorer-control-means-1 .noUi-handle")
