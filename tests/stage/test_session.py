"""A session: state, and answers to a page that is not there. No widget is needed for it."""

import math
import random
import subprocess
import sys
import threading
import time
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.scene import Blueprint, structure, values
from explorer.stage import session as module
from explorer.stage.session import ASKED, BATCH, WAITING, Session
from explorer.stage.wire import encode
from tests.stage.toy import BEST, LIMITS, Toy, assert_same_values, decode, loss, toy, view

START = [2.0, 5.0, "square", 0.25, 0.5]


class Page:
    """What a page would know: all answers, and the controls that its host was to move."""

    def __init__(self, blueprint=None):
        self.sent, self.followed, self.told = [], [], []
        blueprint = blueprint or toy()
        self.session = Session(blueprint, lambda *message: self.sent.append(message), self.follow)
        self.session.observe(self.told.append)

    def follow(self, names):
        self.followed.append((self.session.epoch, sorted(names)))

    def ask(self, *states, base=START, **more):
        return self.tell("ask", states=list(states), base=base, **more)

    def ahead(self, states, base=START, fresh=False, **more):
        return self.tell("ahead", states=states, base=base, fresh=fresh, **more)

    def tell(self, kind, **content):
        return self.session.receive({"epoch": self.session.epoch, "type": kind, **content})

    def states(self):
        return [frame["state"] for message, _ in self.sent for frame in message["frames"]]

    def refusals(self):
        return [f.get("refused") for message, _ in self.sent for f in message["frames"]]


@pytest.fixture
def page():
    return Page()


def along(start, count):
    return [[start + 0.05 * i, *START[1:]] for i in range(count)]


def test_a_session_needs_no_widgets_and_no_matplotlib():
    code = """
import sys
for name in ("ipywidgets", "anywidget", "traitlets", "comm", "asyncio", "matplotlib", "IPython"):
    sys.modules[name] = None  # to import it is an ImportError
from explorer.stage.session import Session
from tests.stage.toy import toy
sent = []
session = Session(toy(), lambda *message: sent.append(message))
session.receive({"type": "ask", "epoch": 0, "states": [[3.0, 5.0, "square", 0.25, 0.5]],
                 "base": session.opening()["state"]})
session.set(a=4)
print([len(frame["numbers"]) > 0 for message, _ in sent for frame in message["frames"]])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, True]"


# State


def test_a_session_starts_where_its_blueprint_does(page):
    assert page.session.state == Toy()
    assert page.session.settings == START
    assert list(page.session.controls) == ["a", "b", "loss", "y.0", "y.1"]
    assert page.session.scene.named["loss"] == 9.0


def test_a_start_outside_the_sliders_is_refused():
    with pytest.raises(ValueError, match=r"^a = 30.0: allowed is 0 to 20, the slider's limits"):
        Page(toy(a=30))


def test_the_state_cannot_be_changed_behind_the_session(page):
    with pytest.raises(FrozenInstanceError):
        page.session.state.a = 3


def test_set_moves_state_scene_and_page(page):
    page.session.set(a=15, b=7.5, loss="absolute")
    assert page.session.settings == [15.0, 7.5, "absolute", 0.25, 0.5]
    assert page.session.scene.named["loss"] == 7.5
    assert page.told == [page.session.state]
    assert page.followed == [(0, ["a", "b", "loss"])]
    assert page.states() == [page.session.settings]


@pytest.mark.parametrize("value", [1 / 3, 0.123456789012345, 12.3456789])
def test_set_keeps_every_digit(page, value):
    page.session.set(a=value)
    assert page.session.state.a == value


def test_set_takes_single_entries(page):
    page.session.set(**{"y.1": 0.9, "y.2": 0.1})
    assert page.session.state.y == (0.25, 0.9, 0.1)


def test_setting_what_is_there_changes_and_tells_nothing(page):
    page.session.set(a=2, y=[0.25, 0.5, 0.75], limits={"a": (0, 20)})
    page.session.set(**{"y.0": 0.25})
    assert (page.told, page.sent, page.followed) == ([], [], [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"b": 0}, r"^b = 0: allowed is a number from"),
        ({"b": 3, "loss": "log"}, r"^loss = 'log': allowed is one of"),
        ({"a": "x"}, r"^a = 'x': allowed is a number"),
        ({"a": math.nan}, r"^a = nan: allowed is a number"),
        (
            {"a": 25},
            r"^a = 25.0: allowed is 0 to 20, the slider's limits; "
            r"widen them with limits=\{'a': \(low, high\)\}$",
        ),
        ({"y": (0.0, 0.0)}, r"^y = \(0.0, 0.0\): allowed is a sum above 0$"),
        (
            {"mu": 1},
            "^mu = 1: allowed is one of the parameters a, b, loss, y, data, width, limits$",
        ),
        ({"y.3": 1}, "^y.3 = 1: allowed is one of the parameters a, b"),
        ({"y.-1": 1}, "^y.-1 = 1: allowed"),
        ({"y.": 1}, "^y. = 1: allowed"),
        ({"y.²": 1}, "^y.² = 1: allowed"),
        ({"a.0": 1}, "^a.0 = 1: allowed"),
        ({"": 1}, "^ = 1: allowed"),
        ({"controls": 1}, "^controls = 1: allowed"),
        ({"limits": {"a": (9, 1)}}, r"^limits = .*low < high"),
        ({"limits": {"a": (3, 9)}}, r"^a = 2.0: allowed is 3 to 9, the slider's limits"),
        ({"limits": {"q": (3, 9)}}, r"^limits = "),
        ({"limits": 5}, r"^limits = 5: allowed"),
    ],
)
def test_a_bad_value_raises_and_leaves_everything_as_it_was(page, changes, message):
    before = page.session.state, page.session.scene, page.session.epoch
    with pytest.raises(ValueError, match=message):
        page.session.set(**changes)
    assert (page.session.state, page.session.scene, page.session.epoch) == before
    assert (page.told, page.sent, page.followed) == ([], [], [])


def test_the_advice_to_widen_a_slider_works(page):
    page.session.set(limits={"a": (0, 100)})
    page.session.set(a=25)
    assert page.session.state.limits == {**LIMITS, "a": (0.0, 100.0)}
    assert page.session.settings == [25.0, *START[1:]]


def test_one_scene_is_computed_once():
    seen = []
    page = Page(Blueprint("counted", Toy(), lambda state: seen.append(state) or view(state)))
    page.session.set(a=3)
    assert page.session.scene is page.session.scene
    page.session.move("a", 4.0)
    assert seen == [Toy(), Toy(a=3.0)]  # a moved slider's scene is made when it is wanted
    assert page.session.scene.named["loss"] == 1.0
    assert len(seen) == 3


# Moves of the page


def test_a_move_of_the_page_is_not_answered_unasked(page):
    page.session.move("a", 3)
    page.session.move("y.1", 0.75)
    page.session.move("loss", "absolute")
    assert page.session.settings == [3.0, 5.0, "absolute", 0.25, 0.75]
    assert (page.sent, page.followed) == ([], [])
    assert [state.a for state in page.told] == [3.0, 3.0, 3.0]


def test_a_move_to_where_it_is_tells_nothing(page):
    page.session.move("a", 2.0)
    assert page.told == []


def test_a_move_stays_inside_the_slider(page):
    page.session.move("b", 100.00000000000001)
    assert page.session.state.b == 100.0


@pytest.mark.parametrize(
    ("name", "value"),
    [("a", "3"), ("a", None), ("a", True), ("a", math.nan), ("a", [1]), ("loss", "log"),
     ("loss", 1), ("loss", ["square"])],
)  # fmt: skip
def test_a_bad_move_raises_and_leaves_everything_as_it_was(page, name, value):
    with pytest.raises(ValueError, match=f"^{name} = "):
        page.session.move(name, value)
    assert page.session.settings == START
    assert page.told == []


# Buttons


def press(page, index):
    return page.tell("press", preset=index)


def test_a_button_sets_the_values_of_its_preset(page):
    press(page, 0)
    assert (page.session.state.a, page.session.state.b) == (BEST, BEST)
    assert page.followed == [(0, ["a", "b"])]
    assert page.told == [page.session.state]


def test_a_button_may_set_what_has_no_control(page):
    press(page, 1)
    assert page.session.state == Toy(data=(4.0, 5.0, 6.0), width=2.0, y=(0.25, 0.9, 0.75))
    assert page.session.epoch == 1
    assert page.followed == [(1, ["y.1"])]
    press(page, 2)
    assert (page.session.state.width, page.session.epoch) == (None, 2)


def test_reset_goes_back_to_the_start_with_its_data_and_limits(page):
    page.session.set(limits={"a": (0, 50)}, data=(1.0,), a=40)
    press(page, -1)
    assert page.session.state == Toy()
    assert page.followed[-1] == (2, ["a"])


def test_an_opening_tells_where_reset_leads_if_the_controls_alone_lead_there(page):
    began = dict(zip(page.session.controls, page.session.settings, strict=True))
    page.session.set(a=3)
    assert page.session.opening()["reset"] == began
    page.session.set(data=(1.0,))
    assert page.session.opening()["reset"] is None
    page.session.set(data=Toy().data, limits={"a": (0, 50)})
    assert page.session.opening()["reset"] is None


@pytest.mark.parametrize("index", [3, 4, -2, 10**9, 0.0, "0", None, []])
def test_a_button_that_is_disabled_or_not_there_does_nothing(page, index):
    assert press(page, index) is False
    assert page.session.state == Toy()
    assert (page.told, page.sent) == ([], [])


# Epochs


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({"a": 3}, False),
        ({"loss": "absolute", "b": 7}, False),
        ({"y": (0.5, 0.6, 0.75)}, False),
        ({"y": (0.25, 0.5, 0.8)}, True),  # of this point no slider knows
        ({"y": (0.25, 0.5)}, True),
        ({"y": (0.25,)}, True),
        ({"data": (2.0, 3.0)}, True),
        ({"width": 1.0, "a": 3}, True),
        ({"limits": {"a": (0.0, 10.0)}}, True),
    ],
)
def test_an_epoch_ends_when_something_changes_that_no_slider_moves(page, changes, new):
    page.session.set(**changes)
    assert page.session.epoch == new
    assert len(page.sent) == (not new)  # the opening has the picture


def test_an_epoch_ends_when_the_structure_changes():
    def grows(state):
        scene = view(state)
        return scene if state.a < 10 else replace(scene, plots=scene.plots[:1])

    page = Page(Blueprint("grows", Toy(), grows))
    page.session.set(a=9)
    page.session.set(a=11)
    assert page.session.epoch == 1
    assert len(page.session.opening()["structure"]["plots"]) == 1


def test_an_opening_has_all_that_a_page_needs(page):
    page.session.set(data=(2.0,), a=3)
    opening = page.session.opening()
    assert opening["epoch"] == 1
    assert opening["name"] == "toy_panel"
    assert opening["state"] == [3.0, *START[1:]]
    assert opening["structure"] == structure(page.session.scene)
    kinds = [(control["kind"], control["name"]) for control in opening["controls"]]
    sliders = [("slider", name) for name in ("a", "b", "y.0", "y.1")]
    assert kinds == [*sliders[:2], ("choice", "loss"), *sliders[2:]]
    arrived = decode(opening["header"], opening["buffer"])
    assert_same_values(arrived, values(page.session.scene))


# Answers


def test_the_page_gets_the_pictures_that_it_asks_for_in_one_message(page):
    asked = [START, [3.0, *START[1:]], [3.0, 5.0, "absolute", 0.25, 0.5]]
    assert page.ask(*asked) is False
    ((message, buffers),) = page.sent
    assert (message["epoch"], message["ahead"], message["base"]) == (0, False, START)
    assert page.states() == asked
    assert len(buffers) == 3
    assert page.session.state.a == 2.0  # asking is not moving


def test_a_picture_is_that_of_its_state_on_top_of_the_base(page):
    opening = page.session.opening()
    known = decode(opening["header"], opening["buffer"])
    page.ask([8.0, 4.0, "absolute", 0.25, 0.9])
    ((message, (buffer,)),) = page.sent
    arrived = decode(message["frames"][0], buffer, known)
    expected = view(Toy(8.0, 4.0, "absolute", (0.25, 0.9, 0.75)))
    assert_same_values(arrived, values(expected))


def test_a_picture_travels_as_its_difference_from_the_base_that_the_page_names(page):
    base, state = [8.0, 40.0, *START[2:]], [8.5, 40.0, *START[2:]]
    page.ask(state)
    page.ask(state, base=base)
    (_, (from_start,)), (message, (from_base,)) = page.sent
    known = decode(*encode(values(view(Toy(8.0, 40.0)))))
    assert message["base"] == base
    assert len(from_base) < len(from_start)
    assert_same_values(decode(message["frames"][0], from_base, known), values(view(Toy(8.5, 40.0))))


def test_a_question_from_another_epoch_is_not_answered(page):
    page.session.set(data=(2.0,))
    assert page.ask(START, epoch=0) is page.ahead([START], epoch=0) is False
    page.tell("press", preset=0, epoch=0)
    assert page.sent == []
    assert page.session.state == Toy(data=(2.0,))


def test_a_state_that_cannot_be_is_answered_by_why_and_those_beside_it_by_their_pictures(page):
    ok = [3.0, *START[1:]]
    page.ask(ok, [2.0, 5.0, "square", 0.0, 0.0], ok)
    assert page.refusals() == [None, "y = (0.0, 0.0, 0.75): allowed is a sum above 0", None]
    assert [len(buffer) > 0 for buffer in page.sent[0][1]] == [True, False, True]


def test_a_mistake_in_a_panel_is_told_in_place_of_its_picture():
    page = Page(Blueprint("mistaken", Toy(), lambda state: view(state) if state.a < 3 else 1 / 0))
    page.ask([4.0, *START[1:]], START)
    assert page.refusals() == ["ZeroDivisionError('division by zero')", None]


@pytest.mark.parametrize(
    "state",
    [None, 3, "2", {}, [], START[:4], [*START, 1.0], [None, *START[1:]], [[2.0], *START[1:]],
     [math.nan, *START[1:]], [2.0, 5.0, "log", 0.25, 0.5], [2.0, 5.0, True, 0.25, 0.5],
     ["2", *START[1:]], [True, *START[1:]]],
)  # fmt: skip
def test_what_is_no_state_or_no_base_is_refused(page, state):
    page.ask(state)
    page.ask(START, base=state)
    assert all(": allowed is " in why for why in page.refusals())
    assert len(page.sent) == 2
    page.ask(START)
    assert page.refusals()[-1] is None


def test_a_state_beyond_the_sliders_is_that_at_their_ends(page):
    known = decode(*encode(values(page.session.scene)))
    asked = [10**400, math.inf, *START[2:]]
    page.ask(asked)
    ((message, (buffer,)),) = page.sent
    assert message["frames"][0]["state"] == asked
    assert_same_values(
        decode(message["frames"][0], buffer, known), values(view(Toy(a=20.0, b=100.0)))
    )


@pytest.mark.parametrize(
    "message",
    [None, 3, "ask", [], {}, {"epoch": 0}, {"epoch": 0, "type": "set"}, {"type": "ask"},
     {"epoch": 0, "type": "ask"}, {"epoch": 0, "type": "ask", "states": 3, "base": START},
     {"epoch": 0, "type": "ask", "states": "abc", "base": START},
     {"epoch": 0, "type": "ahead", "states": {"a": 1}, "base": START, "fresh": True},
     {"epoch": [0], "type": "ask", "states": [START], "base": START},
     {"epoch": 0, "type": ["ask"], "states": [START], "base": START},
     {"epoch": 0, "type": "press"}, {"epoch": 0, "type": "__init__", "preset": 0}],
)  # fmt: skip
def test_a_message_that_is_none_is_ignored(page, message):
    assert page.session.receive(message) is False
    assert (page.sent, page.told) == ([], [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
SETTINGS = st.lists(st.floats() | st.sampled_from([*START, "absolute", None]), max_size=6)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "epoch": st.sampled_from([0, 0, 0, 1, None]),
        "type": st.sampled_from(["ask", "ahead", "press", "x", None]),
        "states": st.lists(SETTINGS | JSON, max_size=4) | JSON,
        "base": st.just(START) | SETTINGS | JSON,
        "fresh": st.booleans() | JSON,
        "preset": st.integers(-3, 5) | JSON,
    },
)


@given(st.lists(MESSAGES | JSON, max_size=6))
def test_no_message_breaks_a_session(messages):
    page = Page()
    for message in messages:
        page.session.receive(message)
    for _ in range(100):
        if not page.session.send_some_ahead():
            break
    else:
        pytest.fail("what is wanted ahead never ends")
    epoch = page.session.epoch
    page.ask(page.session.settings, base=page.session.settings)
    assert page.session.epoch == epoch
    assert page.refusals()[-1] is None


def test_the_work_of_one_message_is_bounded(page):
    page.ask(*along(3, 10_000))
    assert page.states() == along(3, ASKED)
    page.sent.clear()
    for _ in range(3):
        page.ahead(along(3, 10_000))
    while page.session.send_some_ahead():
        pass
    assert page.states() == along(3, WAITING)  # the first are those wanted most


# Ahead


def test_pictures_ahead_come_in_small_batches(page):
    assert page.ahead(along(3, 2 * BATCH + 2)) is True
    assert page.sent == []
    assert [page.session.send_some_ahead() for _ in range(4)] == [True, True, False, False]
    assert page.states() == along(3, 2 * BATCH + 2)
    assert [len(message["frames"]) for message, _ in page.sent] == [BATCH, BATCH, 2]
    assert all(message["ahead"] for message, _ in page.sent)


def test_pictures_ahead_keep_the_base_that_they_were_wanted_with(page):
    bases = [START, [3.0, *START[1:]]]
    page.ahead(along(3, 3), base=bases[0])
    page.ahead(along(10, 3), base=bases[1])
    while page.session.send_some_ahead():
        pass
    assert page.states() == along(3, 3) + along(10, 3)
    assert [message["base"] for message, _ in page.sent] == bases


def test_a_question_overtakes_the_pictures_ahead(page):
    page.ahead(along(3, 12))
    page.session.send_some_ahead()
    assert page.ask(START) is True  # some are still waiting
    assert page.states() == [*along(3, BATCH), START]


def test_pictures_ahead_are_given_up_when_another_axis_moves(page):
    page.ahead(along(3, 100))
    page.session.send_some_ahead()
    page.ahead(along(10, 2), fresh=True)
    assert page.session.send_some_ahead() is False
    assert page.states() == along(3, BATCH) + along(10, 2)
    page.ahead(along(3, 100))
    assert page.ahead([], fresh=True) is False


@pytest.mark.parametrize("change", [{"data": (2.0,)}, {"limits": {"a": (0, 50)}}])
def test_pictures_ahead_are_given_up_when_the_data_change(page, change):
    page.ahead(along(3, 100))
    page.session.set(**change)
    assert page.session.send_some_ahead() is False
    assert page.sent == []


def test_nothing_is_sent_ahead_once_it_is_closed(page):
    page.ahead(along(3, 100))
    page.session.close()
    page.session.set(a=3)
    assert page.session.send_some_ahead() is False
    assert page.told == []


@pytest.fixture
def slow(monkeypatch):
    """A page for a panel of which one picture takes so many seconds, on a clock of its own."""
    clock, cost = [0.0], [0.0]

    def view_slowly(state):
        clock[0] += cost[0]
        return view(state)

    for name in ("perf_counter", "process_time"):
        monkeypatch.setattr(module, name, lambda: clock[0])
    page = Page(Blueprint("slow", Toy(), view_slowly))
    page.cost = cost
    return page


@pytest.mark.parametrize(("cost", "count"), [(0.001, BATCH), (0.006, 4), (0.015, 2), (0.05, 1)])
def test_a_batch_ends_after_a_fiftieth_of_a_second(slow, cost, count):
    slow.cost[0] = cost
    slow.ahead(along(3, 20))
    slow.session.send_some_ahead()
    assert len(slow.states()) == count


def test_nothing_is_sent_ahead_after_two_costly_pictures_running(slow):
    slow.ahead(along(3, 20))
    for cost, more in [(0.2, True), (0.05, True), (0.2, True), (0.2, False)]:
        slow.cost[0] = cost
        assert slow.session.send_some_ahead() is more
    assert len(slow.states()) == 4


# Observers and threads


def test_observers_come_and_go(page):
    first = []
    page.session.observe(first.append)
    page.session.set(a=3)
    page.session.unobserve(first.append)
    page.session.move("a", 4.0)
    assert [state.a for state in first] == [3.0]
    assert [state.a for state in page.told] == [3.0, 4.0]


def test_an_observer_may_move_the_session(page):
    page.session.observe(lambda state: page.session.set(b=state.a))
    page.session.move("a", 3)
    assert [(state.a, state.b) for state in page.told] == [(3.0, 5.0), (3.0, 3.0)]


def test_the_last_that_an_observer_is_told_is_the_present_state(page):
    after = []
    page.session.observe(lambda state: page.session.set(b=state.a))
    page.session.observe(after.append)
    page.session.move("a", 3)
    assert after[-1] == page.session.state


def test_an_observer_may_leave_while_it_is_told(page):
    told = []

    def once(state):
        told.append(state)
        page.session.unobserve(once)

    page.session.observe(once)
    page.session.set(a=3)
    page.session.set(a=4)
    assert len(told) == 1


@pytest.mark.parametrize("change", ["set", "move", "press"])
def test_observers_are_called_while_others_may_use_the_session(page, change):
    free = []

    def look(_state):
        def read():
            free.append(page.session.scene)

        other = threading.Thread(target=read, daemon=True)
        other.start()
        other.join(5)

    page.session.observe(look)
    if change == "set":
        page.session.set(a=3)
    elif change == "move":
        page.session.move("a", 3)
    else:
        page.tell("press", preset=0)
    assert len(free) == 1


def test_two_sessions_that_follow_each_other_do_not_wait_for_each_other():
    one, other = Page().session, Page().session
    one.observe(lambda state: other.set(a=state.a))
    other.observe(lambda state: one.set(a=state.a))

    def work(session, seed):
        chance = random.Random(seed)
        for _ in range(100):
            session.set(b=round(chance.uniform(1, 9), 2), a=round(chance.uniform(0, 20), 2))

    threads = [
        threading.Thread(target=work, args=pair, daemon=True) for pair in ((one, 1), (other, 2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert one.state.a == other.state.a


def test_state_scene_and_answers_fit_each_other_while_threads_change_them():
    def view_slowly(state):
        time.sleep(1e-4)
        return view(state)

    page = Page(Blueprint("slow", Toy(), view_slowly))
    session = page.session
    wrong = []

    def change(seed):
        chance = random.Random(seed)
        for _ in range(60):
            number = round(chance.uniform(0, 20), 2)
            chance.choice([lambda n: session.set(a=n), lambda n: session.move("a", n)])(number)
            with session.alone():
                if session.scene.named["loss"] != loss(session.state):
                    wrong.append(session.state)

    threads = [threading.Thread(target=change, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
