"""A panel in the kernel, with no browser: state, sliders, callbacks, answers to the page."""

import asyncio
import base64
import struct
import sys
from dataclasses import FrozenInstanceError

import comm
import ipywidgets
import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets import widget as ipywidgets_widget

import explorer
from explorer.core import Beta, fit_mle
from explorer.stage.panel import BATCH, TURNS
from tests.test_wire import decode


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
    panel = explorer.beta_loss(a=2, b=5, y=0.7)
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
    common = {"epoch": panel._epoch, "base": panel._stage.scene["state"]}
    data = {"method": "custom", "content": {**common, **content}}
    panel._stage.comm.handle_msg({"content": {"data": data}, "buffers": []})


def states_in(messages):
    return [frame["state"] for content, _ in messages for frame in content["frames"]]


def values(panel):
    return {name: control.value for name, control in panel.controls.items()}


# State, code and sliders


def test_a_panel_starts_where_it_was_asked_to(panel):
    state = panel.state
    assert (state.a, state.b, state.y, state.loss) == (2.0, 5.0, 0.7, "full")
    assert values(panel) == {"a": 2.0, "b": 5.0, "y": 0.7, "loss": "full"}
    assert panel.frame["loss"] == float(Beta(2, 5).nll(0.7))


def test_the_state_cannot_be_changed_behind_the_panel(panel):
    with pytest.raises(FrozenInstanceError):
        panel.state.a = 3


def test_controls_are_stock_widgets(panel):
    sliders = [type(panel.controls[name]) for name in ("a", "b", "y")]
    assert sliders == [ipywidgets.FloatSlider] * 3
    assert isinstance(panel.controls["loss"], ipywidgets.ToggleButtons)


@pytest.mark.parametrize(("name", "value"), [("a", 3.0), ("b", 0.05), ("y", 0.255), ("y", 1.0)])
def test_a_slider_moves_state_and_frame(panel, changes, name, value):
    panel.controls[name].value = value
    assert getattr(panel.state, name) == value
    assert changes == [panel.state]
    assert panel.frame["loss"] == float(Beta(panel.state.a, panel.state.b).nll(panel.state.y))


def test_the_switch_moves_state_and_frame(panel, changes):
    panel.controls["loss"].value = "kernel"
    assert panel.frame["loss"] == -float(Beta(2, 5).log_kernel(0.7))
    assert changes == [panel.state]


@pytest.mark.parametrize("value", [3.337, 0.1234567, 1 / 3, 19.999])
def test_a_value_off_the_grid_is_kept_as_typed(panel, value):
    panel.controls["a"].value = value
    assert panel.state.a == pytest.approx(value, abs=1e-12)
    assert panel.controls["a"].value == pytest.approx(value, abs=1e-8)


@pytest.mark.parametrize("value", [0.1 + 0.2, 3.0000000001, 2.9999999999])
def test_the_noise_of_floats_is_not_a_new_position(panel, value):
    panel.controls["a"].value = value
    assert panel.state.a == round(value, 2)


@pytest.mark.parametrize(("typed", "value"), [(99, 20.0), (-1, 0.05)])
def test_a_value_typed_beyond_the_range_is_clamped_by_the_slider(panel, typed, value):
    panel.controls["a"].value = typed
    assert panel.state.a == panel.controls["a"].value == value


def test_set_moves_sliders_and_tells_once(panel, changes):
    panel.set(a=15, b=7, loss="kernel")
    assert values(panel) == {"a": 15.0, "b": 7.0, "y": 0.7, "loss": "kernel"}
    assert changes == [panel.state]


@pytest.mark.parametrize("value", [1 / 3, 0.123456789012345, 12.3456789])
def test_set_keeps_every_digit(panel, value):
    panel.set(a=value)
    assert panel.state.a == value


def test_setting_what_is_there_changes_and_tells_nothing(panel, changes, sent):
    panel.set(a=2, y=0.7)
    assert (changes, sent) == ([], [])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a": 0}, r"^a = 0.0: allowed"),
        ({"a": 3, "y": 1.5}, r"^y = 1.5: allowed"),
        ({"a": "x"}, r"^a = 'x': allowed"),
        ({"y": float("nan")}, r"^y = nan: allowed"),
        ({"a": 25}, r"^a = 25.0 is outside the slider's limits 0.05 to 20; widen them with limits"),
        ({"loss": "log"}, r"^loss = 'log': allowed"),
        ({"mu": 1}, r"^mu = 1: beta_loss has no such parameter; it has a, b, y, loss, limits$"),
        ({"observations": [0.1]}, r"^observations = \[0.1\]: beta_loss has no such parameter"),
        ({"limits": {"a": (9, 1)}}, r"^limits = .*low < high"),
        ({"limits": {"a": (3, 9)}}, r"^a = 2.0 is outside the slider's limits 3 to 9"),
    ],
)
def test_a_bad_value_raises_and_leaves_everything_as_it_was(panel, changes, sent, changed, message):
    before = panel.state, panel.frame, values(panel), panel._stage.scene
    with pytest.raises(ValueError, match=message):
        panel.set(**changed)
    assert (panel.state, panel.frame, values(panel), panel._stage.scene) == before
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
    assert panel.state.b == 3.0
    assert [(state.a, state.b) for state in changes] == [(3.0, 5.0), (3.0, 3.0)]


def test_an_observer_may_leave_while_it_is_told(panel):
    told = []

    def once(state):
        told.append(state)
        panel.unobserve(once)

    panel.observe(once)
    panel.set(a=3)
    panel.set(a=4)
    assert len(told) == 1


def test_one_frame_is_computed_once(panel):
    assert panel.frame is panel.frame


# Limits and data


def test_limits_set_the_range_of_a_slider():
    panel = explorer.beta_loss(limits={"a": (0.05, 100), "y": (0.1, 0.9)})
    sliders = [(panel.controls[n].min, panel.controls[n].max) for n in ("a", "b", "y")]
    panel.close()
    assert sliders == [(0.05, 100), (0.05, 20), (0.1, 0.9)]


def test_new_limits_move_the_sliders_ends_and_nothing_else(panel, changes):
    panel.set(limits={"a": (1, 50)})
    assert (panel.controls["a"].min, panel.controls["a"].max) == (1, 50)
    assert (panel.state.a, panel.controls["a"].value) == (2.0, 2.0)
    panel.set(a=50, limits={"a": (30, 60)})
    assert (panel.controls["a"].min, panel.controls["a"].max) == (30, 60)
    assert panel.controls["a"].value == 50
    assert changes[-1].a == 50


def test_data_come_with_a_new_scene(sent):
    panel = explorer.beta_loss(observations=[0.2, 0.4, 0.5])
    before = panel._stage.scene
    panel.set(observations=pd.Series([0.3, 0.6]), a=3)
    scene = panel._stage.scene
    assert (before["epoch"], scene["epoch"]) == (0, 1)
    assert scene["state"] == [3.0, 5.0, "full"]
    assert panel.frame["observations"].tolist() == [0.3, 0.6]
    assert not sent  # the scene carries its frame
    panel.set(b=4)
    assert panel._stage.scene["epoch"] == 1
    panel.close()


def test_the_maximum_likelihood_of_real_birds_is_a_position_of_the_sliders():
    birds = explorer.data.penguins()
    shape = (birds["bill_depth"] / birds["bill_length"])[birds["species"] == "Gentoo"]
    panel, best = explorer.beta_loss(observations=shape), fit_mle(Beta, shape)
    panel.set(a=best.a, b=best.b)
    assert (panel.state.a, panel.state.b) == (best.a, best.b)
    assert panel.controls["a"].value == pytest.approx(best.a, abs=1e-8)
    panel.close()


# What is shown where


def test_the_text_is_one_line_without_ids(panel):
    assert repr(panel) == (
        "beta_loss(a=2, b=5, y=0.7, loss='full'): The model expects y near 0.200, and saw 0.700, "
        "where its density is 0.170: a loss of 1.771 nats. Moving the mode to 0.700 would cost "
        "less; being surer of it, less still."
    )
    other = explorer.beta_loss(a=2, b=5, y=0.7)
    assert repr(other) == repr(panel)
    other.close()


def test_the_bundle_holds_widget_picture_and_text(panel):
    bundle = panel._repr_mimebundle_(include=None, exclude=None)
    view = "application/vnd.jupyter.widget-view+json"
    assert set(bundle) == {"text/plain", "image/png", view}
    assert bundle["text/plain"] == repr(panel)
    assert bundle[view]["model_id"] == panel.widget.model_id
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert 1200 < width < 2400
    assert width / 4 < height < width
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
    assert panel.widget._dom_classes == ("explorer-panel", "explorer-beta-loss")


# Answers to the page


def test_the_page_gets_the_frames_that_it_asks_for_in_one_message(panel, sent):
    asked = [[2.0, 5.0, 0.7, "full"], [3.0, 5.0, 0.7, "full"], [3.0, 5.0, 0.7, "kernel"]]
    arrive(panel, type="ask", states=asked)
    ((content, buffers),) = sent
    assert content["epoch"] == 0
    assert states_in(sent) == asked
    assert len(buffers) == 3
    assert panel.state.a == 2.0  # asking is not moving


def test_a_frame_for_the_page_is_the_frame_of_that_state(panel, sent):
    arrive(panel, type="ask", states=[[8.0, 4.0, 0.7, "full"]])
    ((content, (buffer,)),) = sent
    numbers = content["frames"][0]["numbers"]
    loss = np.frombuffer(buffer, "<f8", count=len(numbers))[numbers.index("loss")]
    panel.set(a=8, b=4)
    assert loss == panel.frame["loss"]


def test_a_frame_travels_as_its_difference_from_the_base_that_the_page_names(panel, sent):
    base, state = [2.0, 5.0, 0.3, "full"], [8.0, 5.0, 0.3, "full"]
    arrive(panel, type="ask", states=[base])
    arrive(panel, type="ask", states=[state])
    arrive(panel, type="ask", states=[state], base=base)
    (_, (base_buffer,)), (whole, (whole_buffer,)), (near, (near_buffer,)) = sent
    assert whole["base"] == panel._stage.scene["state"]
    assert near["base"] == base
    known = decode(panel._stage.scene["header"], panel._stage.scene["buffer"])
    from_start = known | decode(whole["frames"][0], whole_buffer)
    base_frame = known | decode(sent[0][0]["frames"][0], base_buffer)
    from_base = base_frame | decode(near["frames"][0], near_buffer)
    assert len(near_buffer) < len(whole_buffer)
    assert from_base.keys() == from_start.keys()
    for name, value in from_start.items():
        np.testing.assert_array_equal(from_base[name], value, err_msg=name)


def test_frames_ahead_keep_the_base_that_they_were_wanted_with(panel, sent):
    bases = [[2.0, 5.0, 0.7, "full"], [3.0, 5.0, 0.7, "full"]]

    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 3), base=bases[0])
        arrive(panel, type="ahead", fresh=False, states=along(10, 3), base=bases[1])
        await asyncio.sleep(0.05)

    asyncio.run(page())
    assert states_in(sent) == along(3, 3) + along(10, 3)
    assert [content["base"] for content, _ in sent] == bases


def test_a_question_from_before_the_data_changed_is_not_answered(panel, sent):
    panel.set(limits={"a": (0.05, 50)})
    arrive(panel, type="ask", epoch=0, states=[[3.0, 5.0, 0.7, "full"]])
    arrive(panel, type="ahead", epoch=0, fresh=True, states=[[3.0, 5.0, 0.7, "full"]])
    assert not sent


def test_code_sends_the_frame_that_it_sets(panel, sent):
    panel.set(a=3)
    assert states_in(sent) == [[3.0, 5.0, 0.7, "full"]]


def test_a_slider_moved_by_the_page_is_not_answered_unasked(panel, sent):
    panel.controls["a"].value = 3
    assert not sent


def test_a_slider_at_what_cannot_be_goes_back(sent):
    panel = explorer.kl_fit(weights=(0, 0.5))
    state = panel.state
    with pytest.raises(ValueError, match="weights = "):
        panel.controls["weights.1"].value = 0.0
    assert panel.controls["weights.1"].value == 0.5
    assert panel.state == state
    panel.close()


def test_a_state_that_cannot_be_is_answered_by_why_and_those_beside_it_by_their_frames(sent):
    panel = explorer.kl_fit()
    start = dict(zip(panel.controls, panel._stage.scene["state"], strict=True))
    weights = ((0.5, 0.2), (0.0, 0.0), (0.0, 0.2))
    asked = [[*(start | {"weights.0": v, "weights.1": w}).values()] for v, w in weights]
    arrive(panel, type="ask", states=asked)
    ((content, buffers),) = sent
    assert states_in(sent) == asked
    why = [frame.get("refused") for frame in content["frames"]]
    assert why == [None, "weights = (0.0, 0.0): allowed is a sum above 0", None]
    assert [len(buffer) > 0 for buffer in buffers] == [True, False, True]
    panel.close()


def along(start, count):
    return [[start + 0.05 * i, 5.0, 0.7, "full"] for i in range(count)]


def test_frames_ahead_come_in_small_batches_between_which_the_loop_runs(panel, sent):
    turns = []

    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 2 * BATCH + 2))
        assert not sent  # nothing before the loop has had its turn
        for _ in range(3 * TURNS):
            await asyncio.sleep(0)
            turns.append(len(states_in(sent)))

    asyncio.run(page())
    assert states_in(sent) == along(3, 2 * BATCH + 2)
    assert max(len(content["frames"]) for content, _ in sent) == BATCH
    assert turns[::TURNS] == [BATCH, 2 * BATCH, 2 * BATCH + 2]
    assert all(content["ahead"] for content, _ in sent)


def test_a_question_overtakes_the_frames_ahead(panel, sent):
    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 12))
        await asyncio.sleep(0)
        arrive(panel, type="ask", states=[[7.0, 5.0, 0.7, "full"]])
        await asyncio.sleep(0.5)

    asyncio.run(page())
    assert states_in(sent).index([7.0, 5.0, 0.7, "full"]) == BATCH
    assert len(states_in(sent)) == 13


def test_frames_ahead_are_given_up_when_another_axis_moves(panel, sent):
    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 100))
        await asyncio.sleep(0)
        arrive(panel, type="ahead", fresh=True, states=along(10, 2))
        await asyncio.sleep(0.01)

    asyncio.run(page())
    assert states_in(sent) == along(3, BATCH) + along(10, 2)


def test_more_frames_ahead_join_those_that_wait(panel, sent):
    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 6))
        arrive(panel, type="ahead", fresh=False, states=along(10, 3))
        await asyncio.sleep(0.05)
        arrive(panel, type="ahead", fresh=False, states=along(15, 1))
        await asyncio.sleep(0.01)

    asyncio.run(page())
    assert states_in(sent) == along(3, 6) + along(10, 3) + along(15, 1)


def test_frames_ahead_are_given_up_when_the_data_change(panel, sent):
    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 100))
        await asyncio.sleep(0)
        panel.set(limits={"a": (0.05, 50)})
        await asyncio.sleep(0.01)

    asyncio.run(page())
    assert states_in(sent) == along(3, BATCH)


# Closing


def test_closing_leaves_nothing_open(sent):
    before = set(ipywidgets_widget._instances)
    panel = explorer.beta_loss()
    told = []
    panel.observe(told.append)
    widgets = [panel.widget, panel._stage, *panel.controls.values()]

    async def page():
        arrive(panel, type="ahead", fresh=True, states=along(3, 100))
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
    assert (panel.state.a, told) == (2.0, [])


def test_a_closed_panel_still_knows_its_numbers_and_may_be_closed_again():
    panel = explorer.beta_loss()
    panel.close()
    panel.close()
    assert panel.frame["loss"] == float(Beta(2, 5).nll(0.7))
    assert "1.771" in repr(panel)
