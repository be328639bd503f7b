"""Between the page and its kernel: what travels, what waits, and what is left when either ends."""

import numpy as np
import pytest

from explorer.panels.beta_loss import beta_loss
from explorer.scene import values
from tests.browser.beta_panel import CELLS, LANDSCAPE, BetaPanel

START = {"a": 2.0, "b": 5.0, "y": 0.7, "loss": "full"}
AXIS, AXIS_Y = 400, 501  # positions of the sliders for a and for y
WINDOW = 8  # questions that may be open,
AGAIN = 4  # and how many may be asked again in some seconds, in case the first were lost
AHEAD = 96  # frames that may be on their way in advance
CACHE = 1200  # frames that the page keeps


@pytest.fixture(scope="module")
def displayed(open_shared_notebook):
    panel = BetaPanel(open_shared_notebook(CELLS))
    panel.listen()
    return panel


@pytest.fixture
def panel(displayed):
    """The panel at its start, neither pointer nor focus on it and nothing on its way."""
    displayed.page.mouse.move(1, 1)
    displayed.page.evaluate("document.activeElement?.blur()")
    displayed.set(**START)
    displayed.settle()
    return displayed


def forget(panel, b):
    """Move to a b of which the page knows no frame but one, and start to count afresh."""
    panel.set(b=b)
    panel.settle()
    panel.page.evaluate("wire.asked = wire.mostOpen = 0, wire.arrived.length = 0")


def link(panel):
    """The stage's own object, which it leaves on the sliders that it dresses."""
    return panel.find(".explorer-control-a").evaluate_handle("node => node.explorerLink")


# -------------------------------------------------------------------------------------- the frames


@pytest.mark.parametrize(
    "state",
    [
        {"a": 3.7, "b": 0.5, "y": 0.35, "loss": "full"},
        {"a": 0.5, "b": 0.5, "y": 0.0, "loss": "kernel"},
        {"a": 12.0, "b": 1.0, "y": 1.0, "loss": "full"},
    ],
)
def test_values_arrive_in_the_page_as_python_made_them(panel, state):
    panel.set(**state)
    arrived = link(panel).evaluate(
        """link => link.cache.get(JSON.stringify(link.state)).map(
            value => value instanceof Float32Array ? Array.from(value)
                : value.steps ? {...value, steps: Array.from(value.steps)} : value)"""
    )
    blueprint = beta_loss(**state)
    made = values(blueprint.view(blueprint.state))
    for slot, (got, value) in enumerate(zip(arrived, made, strict=True)):
        if isinstance(value, np.ndarray) and value.ndim == 2:
            low, high, steps = got["low"], got["high"], np.reshape(got["steps"], value.shape)
            field = low + (steps - 1) * (high - low) / 65532
            field[steps == 0], field[steps == 65534] = -np.inf, np.inf
            atol = (high - low) / 65532
            np.testing.assert_allclose(field, value, rtol=0, atol=atol, err_msg=slot)
        elif isinstance(value, np.ndarray):
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(got, value.astype(np.float32), err_msg=slot)
        elif isinstance(value, tuple):
            assert got == list(value), slot
        else:
            np.testing.assert_equal(got, value, err_msg=slot)


# ------------------------------------------------------------------------------------- in advance


def test_after_the_pointer_rested_on_a_slider_a_drag_asks_the_kernel_nothing(panel):
    forget(panel, b=3.15)
    panel.hover("a")
    assert len({state[0] for state in panel.heard()["arrived"]}) >= AXIS - 1
    panel.drag("a", 18.0, 0.5, 7.0)
    panel.expect(b=3.15)
    assert panel.heard()["asked"] == 0


def test_a_drag_tells_the_kernel_of_few_values_and_of_the_last(panel):
    panel.page.evaluate("wire.saved.length = 0, window.began = performance.now()")
    panel.drag("a", 18.0, 0.5, 7.0, moves=40)
    seconds = panel.page.evaluate("performance.now() - began") / 1000
    panel.expect()
    assert abs(panel.kernel.value("panel.state.a") - 7.0) < 0.051  # a pixel's worth
    assert 2 <= len(panel.heard()["saved"]) <= 3 + seconds / 0.2


def test_focus_on_a_slider_fetches_its_frames_too(panel):
    forget(panel, b=3.25)
    panel.handle("a").focus()
    panel.settle()
    panel.press("ArrowRight", "End", "Home")
    panel.expect(a=0.05)
    assert panel.heard()["asked"] == 0


def test_without_the_rest_on_the_slider_a_first_tick_has_to_ask(panel):
    """The counter that the other tests trust does count."""
    forget(panel, b=3.35)
    panel.notebook.type_value(panel.slider("y"), "0.123")
    panel.expect(y=0.123)
    assert panel.heard()["asked"] == 1


def test_fetching_along_one_slider_is_given_up_for_the_next(panel):
    forget(panel, b=3.45)
    on_a, on_y = panel.at("a", 9.0), panel.at("y", 0.5)
    panel.page.mouse.move(*on_a)
    panel.page.mouse.move(*on_y)
    panel.settle()
    arrived = panel.heard()["arrived"]
    along_a = [state for state in arrived if state[0] != 2.0]
    along_y = [state for state in arrived if state[2] != 0.7]
    assert len(along_a) <= 2 * AHEAD < AXIS
    assert len(along_y) >= AXIS_Y - 2


def test_a_cell_that_is_run_while_frames_are_fetched_starts_at_once(panel):
    forget(panel, b=3.55)
    panel.page.evaluate(
        """() => {
            const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const run = () => {
                if (wire.arrived.length === 0) return;
                kernel.anyMessage.disconnect(run);
                wire.whenRun = wire.arrived.length;
                kernel.requestExecute({code: '1 + 1', store_history: false});
            };
            kernel.anyMessage.connect(run);
        }"""
    )
    panel.hover("a")
    arrived = panel.heard()["arrived"]
    waited = arrived.index("cell") - panel.heard()["whenRun"]
    assert len(arrived) >= AXIS - 1
    assert waited <= AHEAD


def test_the_page_keeps_a_bounded_number_of_frames(panel):
    for b in (4.15, 4.25, 4.35, 4.45):
        forget(panel, b=b)
        panel.hover("a")
        panel.page.mouse.move(1, 1)
    assert link(panel).evaluate("link => link.cache.size") == CACHE
    panel.page.evaluate("wire.asked = 0")
    panel.notebook.type_value(panel.slider("a"), "7.5")
    panel.expect(a=7.5)
    assert panel.heard()["asked"] == 0, "what was fetched last must be there"


# ---------------------------------------------------------------------------- a kernel that is slow


def test_a_kernel_that_does_not_answer_is_told_and_nothing_queues_up_before_it(panel):
    forget(panel, b=5.15)
    alert = panel.find(".explorer-notice")
    assert alert.is_hidden()
    with panel.kernel_stopped():
        panel.drag("a", 15.0, 4.0, 11.0, moves=15)
        slider = panel.screen()["sliders"][0]
        alert.wait_for(state="visible")
        assert "busy" in alert.inner_text()
        assert panel.screen()["state"][0] != slider, "the picture cannot have followed yet"
        assert WINDOW <= panel.heard()["asked"] <= WINDOW + AGAIN
    panel.expect(a=slider)
    alert.wait_for(state="hidden")
    assert panel.heard()["asked"] <= WINDOW + AGAIN + 1


def test_the_page_does_not_take_back_what_code_has_moved_on_from(panel):
    """A stock slider answers each value with a rounded one, which would come too late."""
    panel.kernel.run(
        """
import time
seen, wanted = [], [round(2 + i / 20, 2) for i in range(1, 40)]
note = lambda state: seen.append(state.a)
panel.observe(note)
for a in wanted:
    panel.set(a=a)
    time.sleep(0.02)
"""
    )
    panel.expect(a=3.95)
    panel.page.wait_for_timeout(500)  # time for an answer that must not come
    panel.kernel.run("panel.unobserve(note)")
    assert panel.kernel.value("seen") == panel.kernel.value("wanted")
    panel.expect(a=3.95)


def test_a_move_is_saved_once_and_a_move_by_code_not_at_all(panel):
    """A second message would arrive after what code does next, and undo it."""
    panel.page.evaluate("wire.saved.length = 0")
    panel.set(a=2.1)
    panel.handle("a").focus()
    panel.press("ArrowLeft")
    panel.expect(a=2.05)
    panel.set(a=2.0)
    panel.settle()
    assert panel.heard()["saved"] == [{"value": 2.05}]
    panel.expect(a=2.0)


def test_a_slider_follows_the_keys_while_a_cell_moves_another(panel):
    """JupyterLab has both at once: widgets' messages are handled in a thread beside the cells'."""
    panel.kernel.run(
        """
import threading, time

def walk():
    for i in range(100):
        panel.set(b=1 + i / 20)
        time.sleep(0.01)

walker = threading.Thread(target=walk)
walker.start()
"""
    )
    panel.handle("a").focus()
    panel.press(*["ArrowRight"] * 10)
    panel.kernel.run("walker.join()")
    panel.expect(a=2.5, b=5.95)


# -------------------------------------------------------------------------------------- two views


@pytest.fixture
def second(panel):
    """The same panel in a cell below."""
    panel.notebook.run_cell("panel")
    yield BetaPanel(panel.notebook, place=1)
    panel.page.evaluate("window.jupyterapp.commands.execute('notebook:delete-cell')")
    panel.page.wait_for_function("document.querySelectorAll('.explorer-panel').length === 1")


def centre(node):
    box = node.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_drag_in_either_of_two_views_moves_both(panel, second):
    limits, middle = [(0.05, 10), (0.05, 10)], (6.0, 6.0)
    views = [second, panel]
    for view, goal in ((second, (8.0, 3.0)), (panel, (3.0, 8.0))):
        places = [view.in_plot(LANDSCAPE, *place, limits) for place in (middle, goal)]
        panel.page.mouse.move(*centre(view.plot_handle(LANDSCAPE)))
        panel.page.mouse.down()
        for place, wanted in zip(places, (middle, goal), strict=True):
            panel.page.mouse.move(*place, steps=6)
            for one in views:
                a, b = (one.state()[name] for name in "ab")  # sliders, plots and words agree
                assert (a, b) == pytest.approx(wanted, abs=0.06)
                text = one.plot_handle(LANDSCAPE).get_attribute("aria-valuetext")
                assert text == f"a = {a:.2f}, b = {b:.2f}"
            assert centre(view.plot_handle(LANDSCAPE)) == pytest.approx(place, abs=2)
        panel.page.mouse.up()
        view.drag("a", 9.0, 5.0, moves=6)
        for one in views:
            one.expect(b=b)
            assert one.state()["a"] == pytest.approx(5.0, abs=0.06)
            place = one.in_plot(LANDSCAPE, 5.0, b, limits)
            assert centre(one.plot_handle(LANDSCAPE)) == pytest.approx(place, abs=2)
            place = one.at("a", 5.0)
            assert centre(one.handle("a")) == pytest.approx(place, abs=2)


def test_two_views_of_one_panel_follow_each_other_and_one_may_go(panel, second):
    second.expect(**START)
    second.handle("a").focus()
    second.press("ArrowRight")
    second.expect(a=2.05)
    panel.expect(a=2.05)

    panel.handle("b").focus()
    panel.press("ArrowLeft")
    panel.expect(b=4.95)
    second.expect(b=4.95)

    second.find(".explorer-stage").evaluate("node => void (window.removed = node)")
    panel.page.evaluate(
        """() => {
            const {commands, shell} = window.jupyterapp;
            const notebook = shell.currentWidget.content;
            notebook.activeCellIndex = notebook.widgets.length - 1;
            return commands.execute('notebook:clear-cell-output');
        }"""
    )
    panel.page.wait_for_function("() => !window.removed.isConnected")
    drawn = panel.page.evaluate("window.removed.dataset.frameCount")
    panel.set(a=6.0)
    panel.expect(a=6.0)
    assert panel.page.evaluate("window.removed.dataset.frameCount") == drawn
    assert link(panel).evaluate("link => link.views.size") == 1


# ---------------------------------------------------------------------------------------- the end


COMMS = "set(__import__('comm').get_comm_manager().comms)"
TASKS = """[task for task in gc.get_objects()
    if isinstance(task, asyncio.Task) and "ahead" in repr(task) and not task.done()]"""


def test_closing_a_panel_takes_it_from_the_page_and_leaves_nothing_in_the_kernel(panel):
    panel.kernel.run(f"import asyncio, gc, weakref; before = {COMMS}")
    panel.notebook.run_cell("other = explorer.beta_loss(y=0.25); display(other)")
    other = panel.page.locator(".explorer-panel").nth(1)
    other.locator(".noUi-handle[aria-label]").first.wait_for()
    assert panel.kernel.value(f"len({COMMS} - before)") > 8
    other.locator(".explorer-control-a").hover()  # its frames are on their way when it ends
    panel.kernel.wait_until(TASKS)
    panel.kernel.run("gone = weakref.ref(other); other.close(); del other")
    panel.page.wait_for_function("document.querySelectorAll('.explorer-panel').length === 1")
    assert panel.kernel.value(f"sorted({COMMS} - before)") == []
    panel.kernel.wait_until(f"not {TASKS}")
    panel.kernel.run("gc.collect()")
    assert panel.kernel.repr("gone()") == "None"
    panel.set(a=3.0)  # the panel beside it lives on


def test_a_page_that_is_loaded_anew_shows_the_state_that_the_kernel_has(open_notebook):
    notebook = open_notebook(CELLS)
    panel = BetaPanel(notebook)
    panel.set(a=8.0, b=3.1, y=0.25, loss="kernel")
    notebook.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    notebook.open()
    again = BetaPanel(notebook)
    again.expect(a=8.0, b=3.1, y=0.25, loss="kernel")
    again.handle("a").focus()
    again.press("ArrowRight")
    again.expect(a=8.05)


@pytest.mark.parametrize("where", ["lab", "notebook"])
def test_after_a_restart_the_panel_says_so_until_its_cell_is_run_again(open_notebook, where):
    notebook = open_notebook(CELLS, where=where)
    panel = BetaPanel(notebook)
    assert panel.find(".explorer-notice").is_hidden()
    notebook.restart_by_menu()
    notebook.wait_for(".explorer-panel .explorer-notice", state="visible", timeout=5000)
    assert "kernel has stopped" in panel.find(".explorer-notice").inner_text()
    notebook.run_all()
    again = BetaPanel(notebook)
    again.expect(**START)
    assert again.find(".explorer-notice").is_hidden()
    again.handle("a").focus()
    again.press("ArrowRight")
    again.expect(a=2.05)
