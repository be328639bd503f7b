"""The panel of forward and reverse fits in a real page: handles, and buttons with new data."""

import pytest

REVERSE_Q = "mean of the reverse q and standard deviation of the reverse q"
CODE = "import explorer\npanel = explorer.kl_fit()\npanel"


@pytest.fixture(scope="module", params=["lab", "notebook"])
def page(request, open_shared_notebook):
    opened = open_shared_notebook([CODE], where=request.param, viewport=(1200, 1500))
    opened.wait_for(".explorer-stage svg")
    return opened


def hill(page, k):
    return handle(page, f"mean of component {k} and weight of component {k}")


def handle(page, label, nth=0):
    return page.page.get_by_role("slider", name=f"{label}, in the plot", exact=True).nth(nth)


def test_arrow_keys_move_a_mean_and_plus_widens_it(page):
    hill(page, 2).focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("+")
    page.kernel.wait_until("panel.state.means == (-3.0, 3.05)")
    page.kernel.wait_until("panel.state.sigmas == (1.0, 1.05)")


def test_a_mean_is_where_the_pointer_rests_though_on_its_way_it_keeps_to_what_is_known(page):
    page.kernel.run("panel.set(means=(-3, 3), sigmas=(1, 1.35))")  # of which no picture is known
    page.page.wait_for_function(
        "JSON.parse(document.querySelector('.explorer-stage').dataset.frameState)[4] === 1.35"
    )
    mean = hill(page, 2)
    box, width = mean.bounding_box(), mean.locator("..").bounding_box()["width"]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    for pixels in (-37, -5, 23):
        page.page.mouse.move(x + pixels, y, steps=4)
        page.page.wait_for_function(  # the window is 16 wide, between margins of 34 and 12 pixels
            """goal => {
                const stage = document.querySelector('.explorer-stage');
                return Math.abs(JSON.parse(stage.dataset.frameState)[3] - goal) < 0.0251;
            }""",
            arg=3 + 16 * pixels / (width - 46),
        )
    page.page.mouse.move(x + 51, y, steps=2)
    page.page.mouse.up()
    goal = 3 + 16 * 51 / (width - 46)
    page.kernel.wait_until(f"abs(panel.state.means[1] - {goal}) < 0.0251")
    page.kernel.run("panel.set(means=(-3, 3), sigmas=(1, 1))")


def test_a_q_beyond_the_landscape_stands_at_its_edge_and_can_be_drawn_back(page):
    page.kernel.run("panel.set(reverse_q=(1, 0.05))")
    page.page.wait_for_function(
        "JSON.parse(document.querySelector('.explorer-stage').dataset.frameState).includes(0.05)"
    )
    best = handle(page, REVERSE_Q)
    box, plot = best.bounding_box(), best.locator("..").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert plot["y"] < y < plot["y"] + plot["height"]
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x, y - 150, steps=10)
    page.page.mouse.up()
    page.kernel.wait_until("panel.state.reverse_q[1] > 0.2")
    page.kernel.run("panel.set(reverse_q=(1.2, 2.2))")


def test_a_share_that_is_dragged_and_one_that_is_typed_leave_the_rest_to_the_others(page):
    page.kernel.run("panel.set(weights=(0.5, 0.5))")
    slider = page.page.locator(".explorer-control-weights-1")
    first, second = (
        page.page.locator(f".explorer-control-weights-{k} .widget-readout") for k in (0, 1)
    )
    second.filter(has_text="0.50").wait_for()
    knob, track = (slider.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-base"))
    y = knob["y"] + knob["height"] / 2
    page.page.mouse.move(knob["x"] + knob["width"] / 2, y)
    page.page.mouse.down()
    for share in (0.9, 0.3, 0.0):
        page.page.mouse.move(track["x"] + share * track["width"], y, steps=6)
    page.page.mouse.up()
    page.kernel.wait_until("panel.state.weights == (1, 0)")
    first.filter(has_text="1.00").wait_for()
    second.click()
    page.page.keyboard.press("Control+a")
    page.page.keyboard.type("0.25")
    page.page.keyboard.press("Enter")
    page.kernel.wait_until("panel.state.weights == (0.75, 0.25)")
    first.filter(has_text="0.75").wait_for()
    page.kernel.run("panel.set(weights=(0.5, 0.5))")


def test_both_parameters_of_q_follow_a_drag_in_the_landscape(page):
    box = handle(page, REVERSE_Q).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 40, y + 40, steps=5)
    page.page.mouse.up()
    page.kernel.wait_until("panel.state.reverse_q[0] > 1.5 and panel.state.reverse_q[1] < 2")


@pytest.mark.parametrize(("means", "after"), [((-3, 3), (-3, 4)), ((3, -3), (3, -4))])
def test_the_strip_pulls_the_means_apart_whichever_is_on_the_right(page, means, after):
    visible = """([first, second]) => {
        const [stage] = document.querySelectorAll('.explorer-stage');
        const [m1, _s1, _w1, m2] = JSON.parse(stage.dataset.frameState);
        return m1 === first && m2 === second;
    }"""
    page.kernel.run(f"panel.set(means={means})")
    page.page.wait_for_function(visible, arg=list(means))
    rule = page.page.locator(".explorer-handle-rule").first
    rule.focus()
    for _ in range(20):
        page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function(visible, arg=list(after))
    page.kernel.wait_until(f"max(abs(a - b) for a, b in zip(panel.state.means, {after})) < 1e-6")
    box, area = rule.bounding_box(), rule.locator("..").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(area["x"] + 5, box["y"] + 20, steps=8)  # out of the plot, at distance 0
    page.page.mouse.up()
    page.kernel.wait_until(f"panel.state.means == ({means[0]}, {means[0]})")
    page.kernel.run("panel.set(means=(-3, 3), sigmas=(1, 1))")


def test_a_button_brings_a_component_with_sliders_that_have_names(page):
    page.page.get_by_role("button", name="+ mode").click()
    page.wait_for(".explorer-control-means-2 .noUi-handle")
    page.kernel.wait_until("len(panel.state.means) == 3")
    hill(page, 3).focus()
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
