"""The Beta panel as a user works it, in JupyterLab and Notebook 7.

After every action screen and kernel must agree: `panel.expect` compares the sliders, the sum, the
sentence, the titles and what is read out with the kernel's `panel.state` and `panel.frame`.
"""

import pytest

from explorer.panels.beta_loss import beta_loss
from explorer.scene import Slider
from tests.browser.beta_panel import CELLS, DENSITY, LANDSCAPE, LOSS, BetaPanel

START = {"a": 2.0, "b": 5.0, "y": 0.7, "loss": "full"}
CONTROLS = beta_loss(**START).state.controls()
SLIDERS = {control.name: control for control in CONTROLS if isinstance(control, Slider)}


@pytest.fixture(scope="module", params=["lab", "notebook"])
def displayed(open_shared_notebook, request):
    return BetaPanel(open_shared_notebook(CELLS, where=request.param))


@pytest.fixture
def panel(displayed):
    """The panel at its start, nothing focused."""
    displayed.page.mouse.move(1, 1)
    displayed.page.evaluate("document.activeElement?.blur()")
    displayed.set(**START)
    return displayed


def on_grid(value, name):
    """A slider's position, written with no more digits than its step has."""
    slider = SLIDERS[name]
    steps = (value - slider.low) / slider.step
    return value == round(value, slider.digits) and abs(steps % 1 - 0.5) > 0.499999


def test_the_sliders_have_these_positions(panel):
    grids = {name: (s.low, s.high, s.step, s.digits) for name, s in SLIDERS.items()}
    assert grids == {
        "a": (0.05, 20.0, 0.05, 2),
        "b": (0.05, 20.0, 0.05, 2),
        "y": (0.0, 1.0, 0.002, 3),
    }
    for name in SLIDERS:
        panel.handle(name).focus()
        panel.press("Home", "ArrowRight")
    panel.expect(**{name: round(s.low + s.step, 3) for name, s in SLIDERS.items()})


# ----------------------------------------------------------------------------------- stock sliders


@pytest.mark.parametrize(("name", "to"), [("a", 9.0), ("b", 1.5), ("y", 0.2)])
def test_a_dragged_slider_settles_on_its_grid_where_the_pointer_left_it(panel, name, to):
    panel.drag(name, to)
    value = panel.state()[name]
    width = SLIDERS[name].high - SLIDERS[name].low
    assert value == pytest.approx(to, abs=width / 100)
    assert on_grid(value, name)
    panel.expect(**{**START, name: value})


@pytest.mark.parametrize("name", ["a", "b", "y"])
def test_every_state_along_a_drag_is_free_of_float_noise(panel, name):
    panel.kernel.run(f"seen = []; note = lambda s: seen.append(s.{name}); panel.observe(note)")
    low, high = SLIDERS[name].low, SLIDERS[name].high
    beyond = (high - low) / 20
    panel.drag(name, high + beyond, low - beyond)
    panel.expect(**{name: low})
    panel.kernel.run("panel.unobserve(note)")
    seen = panel.kernel.value("seen")
    assert set(seen) - {low, high}
    assert [value for value in seen if not on_grid(value, name)] == []


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("a", "4.5", 4.5),
        ("a", "3.123", 3.123),  # off the grid: kept as it was meant
        ("b", "0.07", 0.07),
        ("y", "0.3333", 0.3333),
        ("a", "99", 20.0),
        ("b", "-3", 0.05),
        ("y", "7", 1.0),
        ("y", "0", 0.0),
        ("a", "3,5", 3.5),
        ("a", "1e1", 10.0),
        ("y", ",25", 0.25),
    ],
)
def test_a_typed_value_is_taken_exactly_or_clamped_to_the_range(panel, name, typed, value):
    panel.notebook.type_value(panel.slider(name), typed)
    panel.expect(**{**START, name: value})


def test_a_value_typed_while_the_button_is_still_pressed_is_not_taken_for_a_drag(panel):
    readout = panel.find(".explorer-control-y .widget-readout").bounding_box()
    panel.page.mouse.move(readout["x"] + readout["width"] / 2, readout["y"] + readout["height"] / 2)
    panel.page.mouse.down()
    panel.press("ControlOrMeta+a", *"0.333", "Enter")  # which is off the grid
    panel.expect(**{**START, "y": 0.333})
    panel.page.mouse.up()


WORDS = "() => document.querySelector('.explorer-control-a .explorer-typed').textContent"


def test_nothing_typed_into_a_readout_changes_nothing(panel):
    panel.notebook.type_value(panel.slider("a"), "")
    panel.expect(**START)


@pytest.mark.parametrize("nonsense", ["abc", "1,2,3", "5 x"])
def test_nonsense_typed_into_a_readout_changes_nothing_and_is_told(panel, nonsense):
    panel.notebook.type_value(panel.slider("a"), nonsense)
    panel.expect(**START)
    assert panel.page.evaluate(WORDS) == f"{nonsense}: allowed is 0.05 to 20.00"
    assert panel.find(".explorer-control-a .explorer-typed").is_visible()


def test_a_typed_value_beyond_the_end_is_told_until_another_is_taken(panel):
    panel.notebook.type_value(panel.slider("a"), "99")
    panel.expect(**{**START, "a": 20.0})
    assert panel.page.evaluate(WORDS) == "99: allowed is 0.05 to 20.00"
    panel.notebook.type_value(panel.slider("a"), "9")
    panel.expect(**{**START, "a": 9.0})
    assert panel.page.evaluate(WORDS) == ""


def test_a_typed_value_is_taken_where_the_focus_goes_elsewhere(panel):
    panel.find(".explorer-control-a .widget-readout").click()
    panel.press("ControlOrMeta+a", *"4,25", "Tab")
    panel.expect(**{**START, "a": 4.25})


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["ArrowRight"], 2.05),
        (["ArrowUp", "ArrowUp"], 2.1),
        (["ArrowLeft"], 1.95),
        (["ArrowDown", "ArrowDown", "ArrowDown"], 1.85),
        (["Shift+ArrowRight"], 2.5),
        (["Shift+ArrowLeft"], 1.5),
        (["PageUp"], 2.5),
        (["PageDown"], 1.5),
        (["Home"], 0.05),
        (["End"], 20.0),
        (["Home", "ArrowLeft"], 0.05),
    ],
)
def test_the_keyboard_moves_a_stock_slider_by_its_step(panel, keys, value):
    panel.handle("a").focus()
    panel.press(*keys)
    panel.expect(**{**START, "a": value})


def test_an_arrow_key_brings_a_typed_value_back_to_the_grid(panel):
    panel.set(a=3.123)
    panel.handle("a").focus()
    panel.press("ArrowRight")
    assert on_grid(panel.state()["a"], "a")


def test_the_tab_key_reaches_every_control_once_and_in_order(panel):
    panel.handle("a").focus()
    reached = []
    for _ in range(19):
        panel.press("Tab")
        reached.append(
            panel.page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? "
                "document.activeElement.closest('label, button')?.textContent"
            )
        )
    presets = panel.page.locator(".explorer-preset").all_text_contents()
    y, both = "observation y, in the plot", "shape parameter a and shape parameter b, in the plot"
    assert reached == [
        "shape parameter a, typed value",
        "shape parameter b",
        "shape parameter b, typed value",
        "observation y",
        "observation y, typed value",
        *presets,
        "full loss",
        "presenter’s view",
        "copy or save",
        y,
        y,
        both,
        *reached[18:],  # whatever the front end has after the panel
    ]


# ------------------------------------------------------------------------------- marks in the plots


@pytest.mark.parametrize("plot", [DENSITY, LOSS])
def test_the_observation_is_dragged_in_the_plots_of_y(panel, plot):
    box = panel.plot_handle(plot).bounding_box()
    start = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    (x, _) = panel.in_plot(plot, 0.25, 0, [(0, 1), (0, 1)])
    panel.drag_by_mouse(start, (x, start[1]))
    y = panel.state()["y"]
    assert y == pytest.approx(0.25, abs=0.01)
    assert on_grid(y, "y")
    panel.expect(**{**START, "y": y})
    box = panel.plot_handle(plot).bounding_box()
    assert box["x"] + box["width"] / 2 == pytest.approx(x, abs=2), "the mark left the pointer"


def test_the_prediction_is_dragged_in_the_landscape(panel):
    limits = [(0.05, 10), (0.05, 10)]
    target = panel.in_plot(LANDSCAPE, 7, 3, limits)
    panel.drag_by_mouse(panel.in_plot(LANDSCAPE, 2, 5, limits), target)
    state = panel.state()
    assert (state["a"], state["b"]) == pytest.approx((7, 3), abs=0.06)
    assert on_grid(state["a"], "a")
    assert on_grid(state["b"], "b")


def test_a_mark_dragged_out_of_its_plot_stops_at_the_edge(panel):
    start = panel.in_plot(LANDSCAPE, 2, 5, [(0.05, 10), (0.05, 10)])
    panel.drag_by_mouse(start, (start[0] - 400, start[1] + 500))
    panel.expect(a=0.05, b=0.05)


def test_a_mark_rests_once_the_button_is_released(panel):
    start = panel.in_plot(LANDSCAPE, 2, 5, [(0.05, 10), (0.05, 10)])
    panel.drag_by_mouse(start, (start[0] + 30, start[1]))
    moved = panel.state()
    assert moved != START
    panel.page.mouse.move(start[0] + 80, start[1] + 20, steps=5)
    panel.expect(**moved)


@pytest.mark.parametrize("plot", [DENSITY, LOSS])
@pytest.mark.parametrize(
    ("keys", "y"),
    [
        (["ArrowRight"], 0.702),
        (["ArrowLeft", "ArrowLeft"], 0.696),
        (["Shift+ArrowLeft"], 0.68),
        (["Home"], 0.0),
        (["End"], 1.0),
    ],
)
def test_the_arrow_keys_move_the_observation_in_the_plots(panel, plot, keys, y):
    panel.plot_handle(plot).focus()
    panel.press(*keys)
    panel.expect(**{**START, "y": y})


@pytest.mark.parametrize(
    ("key", "a", "b"),
    [
        ("ArrowRight", 2.05, 5.0),
        ("ArrowLeft", 1.95, 5.0),
        ("ArrowUp", 2.0, 5.05),
        ("ArrowDown", 2.0, 4.95),
        ("Shift+ArrowUp", 2.0, 5.5),
    ],
)
def test_the_arrow_keys_move_the_prediction_in_two_directions(panel, key, a, b):
    panel.plot_handle(LANDSCAPE).focus()
    panel.press(key)
    panel.expect(**{**START, "a": a, "b": b})


def test_a_mark_tells_its_values_to_those_who_do_not_see_it(panel):
    panel.set(a=4.5, b=2.5, y=0.2)
    texts = [panel.plot_handle(plot).get_attribute("aria-valuetext") for plot in range(3)]
    assert texts == ["y = 0.200", "y = 0.200", "a = 4.50, b = 2.50"]


def test_a_finger_drags_the_observation(panel):
    x0, y0 = panel.in_plot(DENSITY, 0.7, 0.5, [(0, 1), (0, 1)])
    x1, _ = panel.in_plot(DENSITY, 0.4, 0.5, [(0, 1), (0, 1)])
    panel.drag_by_finger((x0, y0), (x1, y0))
    assert panel.state()["y"] == pytest.approx(0.4, abs=0.01)


def test_a_finger_drags_the_prediction_and_the_page_stays(panel):
    limits = [(0.05, 10), (0.05, 10)]
    target = panel.in_plot(LANDSCAPE, 6, 8, limits)
    panel.drag_by_finger(panel.in_plot(LANDSCAPE, 2, 5, limits), target)
    state = panel.state()
    assert (state["a"], state["b"]) == pytest.approx((6, 8), abs=0.06)
    assert panel.in_plot(LANDSCAPE, 6, 8, limits) == target


# ----------------------------------------------------------------------------- buttons and switch


PRESETS = [
    {"a": 2.0, "b": 5.0, "y": 0.7},
    {"a": 2.0, "b": 5.0, "y": 0.2},
    {"a": 4.5, "b": 2.5, "y": 0.7},
    {"a": 8.0, "b": 4.0, "y": 0.7},
    {"a": 1.0, "b": 1.0},
    {"a": 0.5, "b": 0.5},
]


@pytest.mark.parametrize("number", range(len(PRESETS)))
def test_a_preset_sets_its_values_and_is_marked_as_chosen(panel, number):
    panel.set(a=3.0, b=3.0, y=0.5)
    panel.preset(number).click()
    panel.expect(**{"y": 0.5, **PRESETS[number]})
    pressed = [panel.preset(i).get_attribute("aria-pressed") for i in range(len(PRESETS))]
    assert [i for i, p in enumerate(pressed) if p == "true"] == [number]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_preset_is_pressed_by_the_keyboard(panel, key):
    panel.preset(2).focus()
    panel.press(key)
    panel.expect(**PRESETS[2])


def test_reset_goes_back_to_where_the_panel_started(panel):
    panel.set(a=9.0, b=0.5, y=0.1, loss="kernel")
    panel.find("button:has-text('reset')").click()
    panel.expect(**START)


def test_the_switch_drops_log_B_and_takes_it_back(panel):
    panel.find(".explorer-choice label:has-text('without')").click()
    panel.expect(**{**START, "loss": "kernel"})
    panel.find(".explorer-choice label:has-text('full')").click()
    panel.expect(**START)


def test_the_switch_is_moved_by_the_arrow_keys(panel):
    panel.find(".explorer-choice input:checked").focus()
    panel.press("ArrowRight")
    panel.expect(**{**START, "loss": "kernel"})
    panel.press("ArrowLeft")
    panel.expect(**START)


def test_the_two_losses_rank_two_predictions_in_opposite_order_on_screen(panel):
    def visible_losses():
        losses = []
        for number in (2, 3):  # (4.5, 2.5) and (8, 4)
            panel.preset(number).click()
            panel.expect(**PRESETS[number])
            losses.append(panel.screen()["sum"][0])
        return losses

    assert visible_losses() == ["−0.787", "−1.077"]
    panel.find(".explorer-choice label:has-text('without')").click()
    assert visible_losses() == ["3.054", "6.109"]


# --------------------------------------------------------------------------------------- from code


def test_code_moves_sliders_and_drawing(panel):
    panel.notebook.run_cell("panel.set(a=15, b=7, y=0.25, loss='kernel')")
    panel.expect(a=15.0, b=7.0, y=0.25, loss="kernel")


def test_a_value_off_the_grid_stays_exact_after_the_page_has_echoed_it(panel):
    panel.kernel.run("panel.set(a=1/3, y=2/3)")
    panel.expect(a=1 / 3, y=2 / 3)
    panel.set(b=3.0)  # what the page had to tell about a has arrived before its answer to this
    panel.expect(a=1 / 3, b=3.0, y=2 / 3)


def test_a_bad_value_from_code_leaves_the_screen_as_it_was(panel):
    before = panel.screen()
    with pytest.raises(RuntimeError, match=r"ValueError.*a = 0"):
        panel.kernel.run("panel.set(a=0)")
    panel.expect(**START)
    assert panel.screen() == before


def test_every_change_in_the_page_is_told_to_an_observer_in_the_kernel(panel):
    panel.kernel.run("seen = []; note = lambda state: seen.append((state.a, state.loss))")
    panel.kernel.run("panel.observe(note)")
    panel.handle("a").focus()
    panel.press("ArrowRight", "ArrowRight")
    panel.find(".explorer-choice label:has-text('without')").click()
    panel.expect(a=2.1, loss="kernel")
    panel.kernel.run("panel.unobserve(note)")
    assert panel.kernel.value("seen")[-1] == (2.1, "kernel")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"a": 2.0, "b": 5.0, "y": 1.0}, "The loss of y = 1.000 is infinite"),
        ({"a": 0.5, "b": 0.5, "y": 0.0}, "The loss of y = 0.000 is unbounded below"),
        (
            {"a": 1.0, "b": 3.0, "y": 0.0},
            "The loss of y = 0.000 is −1.099 nats, as the density there is 3.000, above 1",
        ),
        ({"a": 1.0, "b": 1.0, "y": 0.4}, "each point is a mode"),
    ],
)
def test_the_sentence_tells_what_the_ends_mean(panel, state, words):
    panel.set(**state)
    assert words in panel.screen()["sentence"]


def test_the_sentence_is_spoken_when_it_has_come_to_rest(panel):
    panel.drag("a", 12.0)
    panel.expect()
    sentence = panel.screen()["sentence"]
    panel.page.wait_for_function(
        "words => document.querySelector('.explorer-panel .explorer-spoken').textContent === words",
        arg=sentence,
        timeout=5000,
    )
