"""A panel in the kernel, with no browser: sliders, callbacks, displays, the page's loop."""

import asyncio
import base64
import gc
import struct
import sys
import types
import weakref

import comm
import ipywidgets
import pytest
from ipywidgets.widgets import widget as ipywidgets_widget

from explorer import static
from explorer.panels.kl_fit import kl_fit
from explorer.scene import values
from explorer.stage import Panel
from explorer.stage.panel import TURNS, Stage
from explorer.stage.session import BATCH
from tests.stage.toy import BEST, Toy, assert_same_values, decode, toy

START = [2.0, 5.0, "square", 0.25, 0.5]


@pytest.fixture
def sent(monkeypatch):
    """What goes out to the page: every custom message, as (content, buffers)."""
    messages = []

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        if msg_type == "comm_msg" and data["method"] == "custom":
            messages.append((data["content"], buffers))

    monkeypatch.setattr(comm.DummyComm, "publish_msg", publish_msg)
    return messages


@pytest.fixture
def panel(sent):
    panel = Panel(toy())
    yield panel
    panel.close()


@pytest.fixture
def changes(panel):
    """Every state that an observer of the panel is told."""
    told = []
    panel.observe(told.append)
    return told


def arrive(panel, **content):
    """Let a message from the page arrive as the kernel hands it on."""
    scene = panel._stage.scene
    common = {"epoch": scene["epoch"], "base": scene["state"]}
    data = {"method": "custom", "content": {**common, **content}}
    panel._stage.comm.handle_msg({"content": {"data": data}, "buffers": []})


def states_in(messages):
    return [frame["state"] for content, _ in messages for frame in content["frames"]]


def settings(panel):
    return [control.value for control in panel.controls.values()]


# State, code and sliders


def test_a_panel_starts_where_its_blueprint_does(panel):
    assert panel.state == Toy()
    assert settings(panel) == START
    assert panel.frame["loss"] == 9.0


def test_controls_are_stock_widgets(panel):
    kinds = {name: type(control) for name, control in panel.controls.items()}
    slider = ipywidgets.FloatSlider
    assert kinds == {
        "a": slider,
        "b": ipywidgets.FloatLogSlider,
        "loss": ipywidgets.ToggleButtons,
        "y.0": slider,
        "y.1": slider,
    }
    assert panel.controls["loss"].options == (("(a − b)²", "square"), ("|a − b|", "absolute"))


def test_only_visible_sliders_stand_above_the_drawing(panel):
    row, stage = panel.widget.children
    assert row.children == (panel.controls["a"], panel.controls["b"])
    assert stage.controls == panel.controls


@pytest.mark.parametrize(
    ("name", "value"), [("a", 3.0), ("a", 0.0), ("b", 0.1), ("b", 100.0), ("y.0", 1.0)]
)
def test_a_slider_moves_the_state(panel, changes, sent, name, value):
    panel.controls[name].value = value
    expected = {"a": panel.state.a, "b": panel.state.b, "y.0": panel.state.y[0]}
    assert expected[name] == value
    assert changes == [panel.state]
    assert sent == []  # the page asks for its pictures itself
    assert panel.frame["loss"] == (panel.state.a - panel.state.b) ** 2


def test_the_switch_moves_the_state(panel, changes):
    panel.controls["loss"].value = "absolute"
    assert panel.frame["loss"] == 3.0
    assert changes == [panel.state]


@pytest.mark.parametrize("value", [3.337, 0.1234567, 1 / 3, 19.999])
@pytest.mark.parametrize("name", ["a", "b"])
def test_a_value_off_the_grid_is_kept_as_typed(panel, name, value):
    panel.controls[name].value = value
    assert getattr(panel.state, name) == pytest.approx(value, abs=1e-11)
    assert panel.controls[name].value == pytest.approx(value, abs=1e-7)


@pytest.mark.parametrize("value", [0.1 + 0.2, 3.0000000001, 2.9999999999])
def test_the_noise_of_floats_is_not_a_new_position(panel, value):
    panel.controls["a"].value = value
    assert panel.state.a == round(value, 2)


def test_a_slider_that_is_moved_onto_a_goal_of_a_button_is_exactly_there(panel):
    panel.controls["a"].value = BEST + 3e-9
    assert panel.state.a == BEST


def test_the_noise_around_where_it_is_moves_nothing(panel, changes):
    panel.set(a=1 / 3)
    panel.controls["a"].value = 1 / 3 + 2e-9
    assert panel.state.a == 1 / 3
    assert len(changes) == 1


@pytest.mark.parametrize(("typed", "value"), [(99, 20.0), (-1, 0.0)])
def test_a_value_typed_beyond_the_range_is_clamped_by_the_slider(panel, typed, value):
    panel.controls["a"].value = typed
    assert panel.state.a == panel.controls["a"].value == value


def test_a_slider_at_what_cannot_be_goes_back(panel, changes):
    panel.set(y=(0.0, 0.5, 0.5))
    with pytest.raises(ValueError, match=r"^y = "):
        panel.controls["y.1"].value = 0.0
    assert panel.controls["y.1"].value == 0.5
    assert changes == [panel.state]
    panel.controls["y.1"].value = 0.6
    assert panel.state.y == (0.0, 0.6, 0.5)


def test_set_moves_sliders_and_page_and_tells_once(panel, changes, sent):
    panel.set(a=15, b=1 / 3, loss="absolute")
    assert settings(panel) == pytest.approx([15.0, 1 / 3, "absolute", 0.25, 0.5], abs=1e-8)
    assert (panel.state.b, changes) == (1 / 3, [panel.state])
    assert states_in(sent) == [[15.0, 1 / 3, "absolute", 0.25, 0.5]]


def test_set_leaves_a_slider_that_another_thread_is_about_to_move(panel):
    with panel.controls["a"].hold_trait_notifications():
        panel.controls["a"].value = 7
        panel.set(b=9)
    assert (panel.state.a, panel.state.b) == (7.0, 9.0)


@pytest.mark.parametrize(
    "changed", [{"a": 25}, {"loss": "log"}, {"mu": 1}, {"limits": {"a": (3, 9)}}, {"y": (0, 0)}]
)
def test_a_bad_value_raises_and_leaves_everything_as_it_was(panel, changes, sent, changed):
    before = panel.state, panel.frame, settings(panel), panel._stage.scene
    with pytest.raises(ValueError, match=": allowed is "):
        panel.set(**changed)
    assert (panel.state, panel.frame, settings(panel), panel._stage.scene) == before
    assert (changes, sent) == ([], [])


def test_observers_come_and_go(panel):
    first, second = [], []
    panel.observe(first.append)
    panel.observe(second.append)
    panel.set(a=3)
    panel.unobserve(first.append)
    panel.controls["a"].value = 4
    assert [state.a for state in first] == [3.0]
    assert [state.a for state in second] == [3.0, 4.0]


def test_an_observer_may_move_the_panel(panel, changes):
    panel.observe(lambda state: panel.set(b=state.a))
    panel.controls["a"].value = 3
    assert panel.controls["b"].value == 3.0
    assert [(state.a, state.b) for state in changes] == [(3.0, 5.0), (3.0, 3.0)]


def test_an_observer_of_a_slider_may_move_the_panel(panel):
    panel.controls["a"].observe(lambda change: panel.set(b=change["new"]), "value")
    panel.set(a=3, **{"y.0": 0.5})
    assert settings(panel) == pytest.approx([3.0, 3.0, "square", 0.5, 0.5])
    assert (panel.state.a, panel.state.b, panel.state.y[0]) == (3.0, 3.0, 0.5)


@pytest.fixture
def shared(sent):
    panel = Panel(kl_fit([-3, 0, 3], weights=(0.2, 0.5, 0.3)))
    yield panel
    panel.close()


def weights(panel):
    return [panel.controls[f"weights.{k}"].value for k in range(3)]


def test_a_share_that_code_moves_by_its_slider_moves_the_sliders_of_the_others(shared):
    shared.controls["weights.0"].value = 0.6
    assert shared.state.weights == pytest.approx((0.6, 0.25, 0.15))
    assert weights(shared) == pytest.approx(shared.state.weights, abs=1e-8)
    shared.controls["weights.2"].value = 0.0
    assert weights(shared) == pytest.approx(shared.state.weights, abs=1e-8)
    assert sum(shared.state.weights) == pytest.approx(1, abs=1e-11)


def test_shares_that_a_page_moves_are_left_to_the_page(shared):
    """It tells each of them, one after the other; what comes back would undo a drag."""
    for name, value, then in (("0", 0.6, (0.6, 0.5, 0.3)), ("1", 0.25, (0.6, 0.25, 0.3))):
        update = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        shared.controls[f"weights.{name}"].comm.handle_msg(
            {"content": {"data": update}, "buffers": []}
        )
        assert weights(shared) == list(then)
    assert shared.state.weights == pytest.approx((0.6, 0.25, 0.15))


# Limits and data


def test_new_limits_move_the_sliders_ends_and_nothing_else(panel, changes):
    others = [panel.controls[name] for name in ("b", "loss", "y.0", "y.1")]
    panel.set(limits={"a": (1, 50)})
    assert (panel.controls["a"].min, panel.controls["a"].max) == (1, 50)
    assert (panel.state.a, panel.controls["a"].value) == (2.0, 2.0)
    panel.set(a=50, limits={"a": (30, 60)})
    assert (panel.controls["a"].min, panel.controls["a"].max) == (30, 60)
    assert panel.controls["a"].value == 50
    assert changes[-1].a == 50
    assert [panel.controls[name] for name in ("b", "loss", "y.0", "y.1")] == others
    panel.controls["a"].value = 40
    assert panel.state.a == 40.0


def test_a_slider_that_was_replaced_is_closed_and_moves_nothing(panel):
    old = panel.controls["a"]
    panel.set(limits={"a": (1, 50)})
    old.value = 7
    assert old.comm is None
    assert panel.state.a == 2.0


def test_controls_come_and_go_with_the_data(panel):
    panel.set(y=(0.5,))
    assert list(panel.controls) == ["a", "b", "loss", "y.0"]
    assert panel._stage.controls == panel.controls
    panel.set(y=(0.5, 0.6))
    panel.controls["y.1"].value = 0.7
    assert panel.state.y == (0.5, 0.7)


def test_data_come_with_a_new_scene(panel, sent):
    before = panel._stage.scene
    panel.set(data=(0.3, 0.6), a=3)
    scene = panel._stage.scene
    assert (before["epoch"], scene["epoch"]) == (0, 1)
    assert scene["state"] == [3.0, *START[1:]]
    assert settings(panel) == scene["state"]
    assert not sent  # the scene carries its picture
    panel.set(b=4)
    assert panel._stage.scene is scene


def test_a_button_of_the_page_moves_the_sliders(panel, changes):
    arrive(panel, type="press", preset=1)
    assert panel.state == Toy(data=(4.0, 5.0, 6.0), width=2.0, y=(0.25, 0.9, 0.75))
    assert settings(panel) == [*START[:4], 0.9]
    assert panel._stage.scene["epoch"] == 1
    arrive(panel, type="press", preset=-1)
    assert (panel.state, settings(panel)) == (Toy(), START)
    assert changes[-1] == Toy()


# What is displayed where


def test_the_text_is_one_line_without_ids(panel):
    assert repr(panel) == (
        "toy_panel(a=2, b=5, loss='square', y.0=0.25, y.1=0.5): The loss of a = 2 is 9.000."
    )
    other = Panel(toy())
    assert repr(other) == repr(panel)
    other.close()


def test_the_bundle_holds_widget_picture_and_text(panel):
    bundle = panel._repr_mimebundle_(include=None, exclude=None)
    display = "application/vnd.jupyter.widget-view+json"
    assert set(bundle) == {"text/plain", "image/png", display}
    assert bundle["text/plain"] == repr(panel)
    assert bundle[display]["model_id"] == panel.widget.model_id
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert 600 < width < 2400
    assert 300 < height < 2400
    assert len(picture) < 300_000


def test_the_picture_follows_the_state(panel):
    pictures = [panel._repr_mimebundle_()["image/png"] for _ in range(2)]
    panel.set(a=3)
    assert pictures[0] == pictures[1] != panel._repr_mimebundle_()["image/png"]


def test_the_figure_is_not_registered_with_pyplot(panel):
    loaded = "matplotlib.pyplot" in sys.modules
    first, second = panel.figure(), panel.figure()
    assert first is not second
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_the_page_finds_the_panel_by_its_class(panel):
    assert panel.widget._dom_classes == ("explorer-panel", "explorer-toy-panel")


# Answers to the page


def test_the_page_gets_the_pictures_that_it_asks_for(panel, sent):
    scene = panel._stage.scene
    known = decode(scene["header"], scene["buffer"])
    arrive(panel, type="ask", states=[[8.0, 4.0, "square", 0.25, 0.5]])
    ((content, (buffer,)),) = sent
    panel.set(a=8, b=4)
    expected = values(panel._session.scene)
    assert_same_values(decode(content["frames"][0], buffer, known), expected)


def along(start, count):
    return [[start + 0.05 * i, *START[1:]] for i in range(count)]


def test_pictures_ahead_come_in_batches_between_which_the_loop_runs(panel, sent):
    turns = []

    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 2 * BATCH + 2))
        assert not sent  # nothing before the loop has had its turn
        for _ in range(3 * TURNS):
            await asyncio.sleep(0)
            turns.append(len(states_in(sent)))

    asyncio.run(page())
    assert states_in(sent) == along(3, 2 * BATCH + 2)
    assert turns[::TURNS] == [BATCH, 2 * BATCH, 2 * BATCH + 2]


def test_a_question_overtakes_the_pictures_ahead(panel, sent):
    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 12))
        await asyncio.sleep(0)
        arrive(panel, type="ask", states=[[7.0, *START[1:]]])
        await asyncio.sleep(0.5)

    asyncio.run(page())
    assert states_in(sent).index([7.0, *START[1:]]) == BATCH
    assert len(states_in(sent)) == 13


def test_pictures_ahead_go_on_after_a_pause_and_after_what_cannot_be(panel, sent):
    async def page():
        arrive(panel, type="ahead", fresh=True, states=[None, *along(3, 6)], base="nonsense")
        arrive(panel, type="ahead", fresh=False, states=along(10, 3))
        await asyncio.sleep(0.05)
        arrive(panel, type="ahead", fresh=False, states=along(15, 1))
        await asyncio.sleep(0.01)

    asyncio.run(page())
    assert states_in(sent) == [None, *along(3, 6), *along(10, 3), *along(15, 1)]


# Closing


def test_closing_leaves_nothing_open(sent):
    before = set(ipywidgets_widget._instances)
    panel = Panel(toy())
    told = []
    panel.observe(told.append)
    panel.set(limits={"a": (0, 30)}, y=(0.5,))
    widgets = [panel.widget, panel._stage, *panel.controls.values()]

    async def page():
        arrive(panel, type="ahead", fresh=True, states=[[3.0, 5.0, "square", 0.5]] * 100)
        await asyncio.sleep(0)
        panel.close()
        count = len(sent)
        for _ in range(3):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(sent) == count

    asyncio.run(page())
    assert set(ipywidgets_widget._instances) == before
    assert all(widget.comm is None for widget in widgets)
    panel.controls["a"].value = 3
    assert (panel.state.a, len(told)) == (2.0, 1)


def test_a_closed_panel_still_knows_its_numbers_and_may_be_closed_again():
    panel = Panel(toy())
    panel.close()
    panel.close()
    assert panel.frame["loss"] == 9.0
    assert "9.000" in repr(panel)
    panel.set(a=3)
    assert panel.frame["loss"] == 4.0


def test_a_closed_panel_is_freed():
    panel = Panel(toy())
    parts = [weakref.ref(part) for part in (panel, panel._stage, panel._session, panel.widget)]
    panel.close()
    del panel
    gc.collect()
    assert [part() for part in parts] == [None] * 4


def test_script_and_style_are_texts(panel):
    assert isinstance(Stage._esm, str)
    assert panel._stage._css.strip()


def test_a_picture_in_a_notebook_has_an_alternative_text(panel, monkeypatch):
    monkeypatch.setattr("explorer.stage.panel.get_ipython", lambda: "a shell")
    bundle, metadata = panel._repr_mimebundle_()
    assert metadata == {"image/png": {"alt": repr(panel)}}
    assert set(metadata) <= set(bundle)


def test_colab_is_told_which_widget_manager_displays_a_panel(panel, monkeypatch):
    told = []
    output = types.ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: told.append("enabled")
    output._widgets = types.SimpleNamespace(_installed_url="https://example.test/manager.js")
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    bundle, metadata = panel._repr_mimebundle_()
    view = "application/vnd.jupyter.widget-view+json"
    assert bundle[view]["model_id"] == panel.widget.model_id
    manager = {"url": "https://example.test/manager.js"}
    assert metadata == {view: {"colab": {"custom_widget_manager": manager}}}
    assert told == ["enabled"]


def test_a_saved_picture_says_how_to_bring_it_to_life(panel, monkeypatch):
    drawn = []
    monkeypatch.setattr(static.Picture, "_repr_png_", lambda figure: drawn.append(figure) or b"")
    static.still(panel._session.scene)
    (figure,) = drawn
    (line,) = [text for text in figure.texts if text.get_gid() == "caption"]
    assert line.get_text() == "a picture: run this cell to move it"
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts if text is not line]
    box = line.get_window_extent(renderer)
    assert figure.bbox.y0 <= box.y0
    assert not any(box.overlaps(other) for other in boxes)
    assert not [text for text in panel.figure().texts if text.get_gid() == "caption"]
