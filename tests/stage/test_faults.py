"""What a session and a panel do when messages are lost, and what is left of them when they end."""

import gc
import math
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import psutil
import pytest
from ipywidgets.widgets import widget as ipywidgets_widget
from jupyter_client.manager import start_new_kernel

import explorer
from explorer import static
from explorer.scene import Blueprint, Slider
from explorer.stage import Panel
from explorer.stage import painter as module_of_painter
from explorer.stage import session as module
from explorer.stage.painter import Painter
from explorer.stage.panel import PICTURES
from explorer.stage.session import ASKED, COSTLY, Session
from tests.stage.toy import Toy, toy, view

START = [2.0, 5.0, "square", 0.25, 0.5]
ROOT = Path(__file__).resolve().parents[2]


class Line:
    """A session, what it sent, what its host was to move, and what observers were told."""

    def __init__(self, blueprint=None):
        self.sent, self.followed, self.told = [], [], []
        self.session = Session(
            blueprint or toy(),
            lambda message, _buffers: self.sent.append(message),
            lambda names: self.followed.append(sorted(names)),
        )
        self.session.observe(self.told.append)

    def tell(self, kind, **content):
        return self.session.receive({"epoch": self.session.epoch, "type": kind, **content})

    def frames(self):
        return [frame["state"] for message in self.sent for frame in message.get("frames", ())]


@pytest.fixture
def line():
    return Line()


# Where the page's controls stand


def test_a_move_that_was_lost_is_made_when_the_page_settles(line):
    told = {"a": 7.0, "loss": "absolute", "y.1": 0.75}
    line.tell("settle", settings=told)
    settings = [7.0, 5.0, "absolute", 0.25, 0.75]
    assert line.session.settings == settings
    assert line.followed == [["a", "loss", "y.1"]]
    assert line.told == [line.session.state]
    assert line.sent == [{"epoch": 0, "settled": told, "state": settings, "missed": True}]


def test_a_page_that_settles_where_the_kernel_is_moves_nothing(line):
    line.session.move("a", 7.0)
    del line.told[:]
    line.tell("settle", settings={"a": 7.0})
    state = [7.0, *START[1:]]
    assert line.sent == [{"epoch": 0, "settled": {"a": 7.0}, "state": state, "missed": False}]
    assert (line.told, line.followed) == ([], [])


@pytest.mark.parametrize(
    "settings",
    [{}, {"q": 1}, {"a": "7"}, {"a": None}, {"a": float("nan")}, {"loss": "log"}, {"a": [1]},
     {"a": 7.0, "loss": 3}, {"y.0": 0.0, "y.1": 0.0}, {"__class__": 1}, {"y.2": 0.1}],
)  # fmt: skip
def test_where_a_page_cannot_stand_it_is_told_where_the_kernel_does(line, settings):
    line.tell("settle", settings=settings)
    assert line.session.state == Toy()
    assert (line.told, line.followed) == ([], [])
    assert line.sent[0]["state"] == START


@pytest.mark.parametrize("settings", [None, 3, "a", [["a", 7.0]]])
def test_what_is_no_settling_is_ignored(line, settings):
    line.tell("settle", settings=settings)
    line.session.receive({"epoch": 1, "type": "settle", "settings": {"a": 7.0}})
    assert line.sent == []
    assert line.session.state == Toy()


@pytest.fixture
def panel():
    panel = Panel(toy())
    yield panel
    panel.close()


def test_sliders_follow_a_page_that_settles(panel):
    content = {"epoch": 0, "type": "settle", "settings": {"a": 7.0, "loss": "absolute"}}
    data = {"method": "custom", "content": content}
    panel._stage.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert (panel.state.a, panel.state.loss) == (7.0, "absolute")
    assert (panel.controls["a"].value, panel.controls["loss"].value) == (7.0, "absolute")


# By what a picture costs now


class Clock:
    """Time as a session sees it: by the wall, and of the processor."""

    def __init__(self):
        self.wall = self.processor = 0.0
        self.cost = 0.0, 0.0

    def view(self, state):
        self.wall += self.cost[0]
        self.processor += self.cost[1]
        return view(state)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", lambda: clock.wall)
    monkeypatch.setattr(module, "process_time", lambda: clock.processor)
    return clock


def along(start, count):
    return [[start + 0.01 * i, *START[1:]] for i in range(count)]


@pytest.mark.parametrize(
    ("cost", "count"),
    [((0.06, 0.06), 20), ((0.06, 0.025), 20), ((0.015, 0.001), 20), ((0.06, 0.006), 2),
     ((0.2, 0.2), 2)],
)  # fmt: skip
def test_what_is_sent_ahead_gives_way_where_others_want_the_processor(clock, cost, count):
    line = Line(Blueprint("slow", Toy(), clock.view))
    clock.cost = cost
    line.tell("ahead", states=along(3, 20), base=START, fresh=True)
    while line.session.send_some_ahead():
        pass
    assert line.frames() == along(3, count)
    assert sum(message["given_up"] for message in line.sent) == 20 - count


@pytest.mark.parametrize(("cost", "count"), [(0.001, ASKED), (0.03, 4), (COSTLY, 2), (1.0, 1)])
def test_the_time_of_one_message_is_bounded(clock, cost, count):
    line = Line(Blueprint("slow", Toy(), clock.view))
    clock.cost = cost, cost
    line.tell("ask", states=along(3, 20_000), base=START)
    assert line.frames() == along(3, count)


# Panels that follow each other


def test_two_panels_that_follow_each_other_do_not_wait_for_each_other():
    one, other = Panel(toy()), Panel(toy())
    one.observe(lambda state: other.set(a=state.a))
    other.observe(lambda state: one.set(a=state.a))

    def move(panel, first):
        for n in range(first, 200, 2):
            panel.controls["a"].value = n / 10

    pairs = (one, 0), (other, 1)
    threads = [threading.Thread(target=move, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert one.state.a == other.state.a
    one.close()
    other.close()


# Wide sliders


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bernoulli_loss", {"logit": 1e6}),
        ("kl_fit", {"forward_q": (0, 1e6)}),
        ("kl_fit", {"means": (0, 1e4)}),
        ("beta_loss", {"a": 1e5}),
        ("likelihood", {"limits": {"mu": (-1e7, 1e7)}}),
    ],
)
def test_a_slider_has_at_most_a_thousand_positions_whatever_its_range(name, options):
    panel = getattr(explorer, name)(**options)
    sliders = [c for c in panel._session.controls.values() if isinstance(c, Slider)]
    for slider in sliders:
        end = math.log10(slider.high / slider.low) if slider.log else slider.high - slider.low
        assert end / slider.step <= 1000, slider.name
    panel.close()


# The saved picture


@pytest.fixture
def drawings(monkeypatch):
    """The scenes that were drawn."""
    drawn = []
    png = Painter.png
    monkeypatch.setattr(
        Painter, "png", lambda painter, scene: drawn.append(scene) or png(painter, scene)
    )
    return drawn


def test_a_state_is_drawn_once_however_often_it_is_displayed(drawings):
    first, second = Panel(toy(a=3.05)), Panel(toy(a=3.05))
    pictures = [panel._repr_mimebundle_()["image/png"] for panel in (first, second, first)]
    assert len(set(pictures)) == len(drawings) == 1
    second.set(a=3.1)
    assert second._repr_mimebundle_()["image/png"] != pictures[0]
    assert len(drawings) == 2
    first.close()
    second.close()


def test_few_pictures_are_kept(drawings):
    panel = Panel(toy())
    for n in range(PICTURES + 1):
        panel.set(a=4 + 0.05 * n)
        panel._repr_mimebundle_()
    assert len(drawings) == PICTURES + 1
    panel.set(a=4.0)
    panel._repr_mimebundle_()
    assert len(drawings) == PICTURES + 2
    panel.close()


def test_another_panel_with_the_same_state_has_its_own_picture(drawings):
    one = Panel(Blueprint("one", Toy(a=3.15), view))
    other = Panel(Blueprint("other", Toy(a=3.15), lambda state: view(Toy(a=9.0))))
    assert one._repr_mimebundle_()["image/png"] != other._repr_mimebundle_()["image/png"]
    one.close()
    other.close()


@pytest.fixture
def painter():
    painter = Painter()
    yield painter
    painter.end()


def test_the_process_that_draws_gives_the_picture_that_is_drawn_here(painter):
    scenes = [view(Toy(a=a)) for a in (2.0, 3.0, 2.0)]
    pictures = [painter.png(scene) for scene in scenes]
    assert pictures == [static.still(scene) for scene in scenes]


def test_the_process_that_draws_ends_when_no_more_is_wanted_and_another_begins(
    painter, monkeypatch
):
    monkeypatch.setattr(module_of_painter, "REST", 0.05)
    first = painter.png(view(Toy()))
    process = painter._process
    process.wait(10)
    assert painter.png(view(Toy())) == first
    assert painter._process is not process


def test_where_no_process_can_be_had_or_it_dies_the_picture_is_drawn_here(painter, monkeypatch):
    expected = static.still(view(Toy()))
    painter.png(view(Toy()))
    painter._process.kill()
    assert painter.png(view(Toy())) == expected

    def refused(*_, **__):
        raise OSError

    painter.end()
    monkeypatch.setattr(module_of_painter.subprocess, "Popen", refused)
    assert painter.png(view(Toy())) == expected


def test_a_picture_that_is_interrupted_is_not_taken_for_the_next_one(painter, monkeypatch):
    def interrupted(_file):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module_of_painter.pickle, "load", interrupted)
        with pytest.raises(KeyboardInterrupt):
            painter.png(view(Toy(a=9.0)))
    assert painter.png(view(Toy())) == static.still(view(Toy()))


def test_a_kernel_that_displays_a_panel_stays_small():
    manager, client = start_new_kernel(kernel_name="python3", cwd=ROOT)
    try:
        shown = []
        client.execute_interactive(
            "from explorer.stage import painter; painter.REST = 1.0\n"
            "import explorer; explorer.beta_loss()",
            output_hook=shown.append,
        )
        (output,) = [message for message in shown if message["msg_type"] == "execute_result"]
        assert output["content"]["data"]["image/png"]
        kernel = psutil.Process(manager.provisioner.pid)
        assert kernel.memory_full_info().uss < 65e6
        assert not psutil.wait_procs(kernel.children(), 10)[1]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_where_the_browser_itself_runs_python_matplotlib_is_not_loaded():
    code = """
import sys
from explorer.stage import Panel
from tests.stage.toy import toy
sys.platform = "emscripten"
print(sorted(Panel(toy())._repr_mimebundle_()), "matplotlib" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    bundle = "['application/vnd.jupyter.widget-view+json', 'text/plain']"
    assert done.stdout.strip() == f"{bundle} False"


# The end


def test_closed_panels_are_freed():
    references = []
    for n in range(100):
        panel = Panel(toy(a=n / 10))
        panel.set(limits={"a": (0, 30)}, b=6.0)
        references += [weakref.ref(part) for part in (panel, panel._stage, panel._session)]
        references += [weakref.ref(control) for control in panel.controls.values()]
        panel.close()
    del panel
    gc.collect()
    assert [reference() for reference in references if reference()] == []


@pytest.fixture
def opened():
    """How many widgets are there that were not when the test began."""
    gc.collect()
    before = set(ipywidgets_widget._instances)
    return lambda: len(set(ipywidgets_widget._instances) - before)


def test_a_panel_that_is_replaced_before_it_is_displayed_is_freed(opened):
    references = []
    for n in range(100):
        panel = Panel(toy(a=n / 10))
        panel.set(limits={"a": (0, 30)}, y=(0.5,))
        panel.controls["b"].value = 6.0
        references += [weakref.ref(part) for part in (panel, panel._stage, panel._session)]
    del panel
    gc.collect()
    assert [reference() for reference in references if reference()] == []
    assert opened() == 0


@pytest.mark.parametrize("display", [Panel._repr_mimebundle_, lambda panel: panel.widget])
def test_a_panel_that_is_displayed_stays_although_nobody_holds_it(opened, display):
    panel = Panel(toy())
    display(panel)
    told, slider, reference = [], panel.controls["a"], weakref.ref(panel)
    panel.observe(told.append)
    del panel
    gc.collect()
    slider.value = 7.0
    assert [state.a for state in told] == [7.0]
    reference().close()
    gc.collect()
    assert reference() is None
    assert opened() <= 3  # the slider, which the test holds, and its looks
