"""What is compared, and the page in which each is watched at work."""

import base64
import json
import math
import re
import time
import urllib.request
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import psutil
import websocket

from tests.browser.jupyter_page import JupyterPage

PROBE = Path(__file__).with_name("probe.js").read_text()
DRAG = 3.0  # seconds
WAYS = 2  # along the slider in that time
MOVES = 90  # mouse moves a second

# Keys on a slider, ten an animation frame, from end to end; resolves to the time of the last.
PRESS = """([selector, ticks]) => new Promise(done => {
    const target = document.querySelector(selector);
    const {range} = target.noUiSlider.options;
    let key = 'ArrowRight', left = ticks;
    const burst = () => {
        for (let i = 0; i < 10; i++, left--) {
            const value = target.noUiSlider.get(true);
            if (value >= range.max) key = 'ArrowLeft';
            if (value <= range.min) key = 'ArrowRight';
            const press = new KeyboardEvent('keydown', {key, bubbles: true});
            target.querySelector('.noUi-handle').dispatchEvent(press);
        }
        left > 0 ? requestAnimationFrame(burst) : done(performance.now());
    };
    burst();
})"""


@dataclass(frozen=True)
class Candidate:
    """One way to draw the Beta loss, and how to watch it."""

    name: str
    cells: tuple[str, ...]
    slider: str  # selects the slider for `a`
    step: float  # from one of its positions to the next
    ready: str  # selects what is there once the first picture is
    frame: bytes  # how a picture looks in a message of the websocket
    tick: str  # defines `_tick(a)`: all that the kernel does to answer one tick
    set_b: str  # sets another parameter in the kernel, so that no picture is known in advance
    last_a: str  # the kernel's idea of `a`
    probe: dict[str, str | int]
    handle: str = ""  # what the handle in a plot is called that moves `a` sideways


INTERACT = Candidate(
    name="interact",
    cells=("from tests.benchmarks.interact_baseline import show\nfigure = show()",),
    slider=".widget-interact",
    step=0.05,
    ready=".widget-interact .jp-OutputArea-output img",
    frame=rb'"msg_type":\s*"display_data"',
    tick="def _tick(a):\n    figure.widget.children[0].value = a",
    set_b="figure.widget.children[1].value = {}",
    last_a="figure.widget.kwargs['a']",
    probe={"image": ".widget-interact .jp-OutputArea-output img", "stage": ""},
)

# The one place that knows the panel's inside: `tick` hands the stage's own handler the message that
# the browser sends for a position that it lacks, and so measures view + encode + send.
EXPLORER = Candidate(
    name="explorer",
    cells=("import explorer\npanel = explorer.beta_loss(a=2, b=5, y=0.7)\npanel",),
    slider=".explorer-control-a",
    step=0.05,
    ready=".explorer-stage[data-frame-state]",
    frame=rb'"state":\s*\[',
    tick="""def _tick(a):
    session = panel._session
    ask = {"type": "ask", "epoch": session.epoch, "states": [[a, *session.settings[1:]]],
           "base": panel._stage.scene["state"]}
    session.receive(ask)""",
    set_b="panel.set(b={})",
    last_a="panel.state.a",
    probe={"image": ".none", "stage": ".explorer-stage"},
)


def panel_candidate(name):
    """Any panel: its first slider or that of `panel:slider` is dragged, another makes it new."""
    name, _, chosen = name.partition(":")
    module = import_module(f"explorer.panels.{name}")
    blueprint = getattr(module, name)()
    controls = blueprint.state.controls()
    sliders = [c for c in controls if getattr(c, "visible", False) and not c.log]
    dragged = next(c for c in sliders if chosen in ("", c.name))
    other = next(c for c in sliders if c is not dragged)
    start, reach = other.low, other.high - other.low
    return replace(
        EXPLORER,
        name=name,
        cells=(f"import explorer\npanel = explorer.{name}()\npanel",),
        slider=f".explorer-control-{dragged.name.replace('.', '-')}",
        step=dragged.step,
        tick=EXPLORER.tick.replace(
            "[[a, *session.settings[1:]]]",
            f"[[a if n == {dragged.name!r} else v "
            "for n, v in zip(session.controls, session.settings)]]",
        ),
        set_b=f"panel.controls[{other.name!r}].value = {start} + {reach} * {{}} / 10",
        last_a=f"panel.controls[{dragged.name!r}].value",
        probe={**EXPLORER.probe, "index": controls.index(dragged)},
        handle=f"{dragged.label}, in the plot",
    )


class Mouse:
    """Moves the pressed mouse by the browser's DevTools socket and, as a user, waits for nobody.

    Playwright's mouse waits until the page has taken each move, and so never outruns it.
    """

    def __init__(self, port, url):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            pages = json.load(answer)
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["url"] == url)
        self.socket = websocket.create_connection(address, suppress_origin=True, timeout=60)

    def move(self, places):
        """Move through all places, `MOVES` a second; return the seconds that it took."""
        start = time.monotonic()
        for number, (x, y) in enumerate(places):
            time.sleep(max(0, start + number / MOVES - time.monotonic()))
            event = {"type": "mouseMoved", "x": x, "y": y, "button": "left", "buttons": 1}
            command = {"id": number, "method": "Input.dispatchMouseEvent", "params": event}
            self.socket.send(json.dumps(command))
        seconds = time.monotonic() - start
        for _ in places:
            self.socket.recv()
        return seconds


class Watched:
    """A candidate in an open page, the probe at work."""

    def __init__(self, candidate, server, browser, port, address):
        self.candidate = candidate
        path = server.write(f"{candidate.name}.ipynb", candidate.cells)
        self.notebook = JupyterPage(server, browser, path, base_url=address).open()
        self.page, self.kernel = self.notebook.page, self.notebook.kernel
        self.notebook.run_all()
        self.notebook.wait_for(candidate.ready)
        self.page.evaluate(PROBE, {"slider": candidate.slider, **candidate.probe})
        self.mouse = Mouse(port, self.page.url)
        self.settle()
        self.track = self.page.locator(f"{candidate.slider} .noUi-base").first.bounding_box()
        slider = self.page.locator(f"{candidate.slider} .noUi-target").first
        options = slider.evaluate(
            "node => { const {range} = node.noUiSlider.options; return [range.min, range.max] }"
        )
        self.low, high = options
        self.step, self.span = candidate.step, high - self.low

    def read(self, expression):
        return self.page.evaluate(f"() => window.probe.{expression}")

    def settle(self, quiet=1.0):
        """Wait until no new picture has come for `quiet` seconds and the kernel is idle."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < quiet:
            if (now := self.read("frames.length")) != count:
                count, since = now, time.monotonic()
            self.page.wait_for_timeout(50)
        self.notebook.wait_until_idle()

    def clear(self):
        self.page.evaluate("() => { probe.ticks.length = probe.frames.length = 0 }")

    def forget(self, b):
        """Move `b`, away from the slider of `a`, so that no picture along `a` is known."""
        self.page.mouse.move(5, 5)
        self.kernel.run(self.candidate.set_b.format(b))
        self.settle()
        self.clear()

    def place(self, value):
        """Where on the page the slider has this value."""
        x = self.track["x"] + self.track["width"] * (value - self.low) / self.span
        return x, self.track["y"] + self.track["height"] / 2

    def point(self, value):
        """Move the mouse to where the slider has this value."""
        self.page.mouse.move(*self.place(value))

    def grab(self):
        """Press the mouse on the handle, after a short rest there as a user makes it."""
        self.point(self.notebook.slider_value(self.candidate.slider))
        self.page.wait_for_timeout(200)
        self.page.mouse.down()

    def way(self):
        """From where to where on the page a drag leads: of the plot's handle, else of the slider.

        Where there are many sliders they are short, with few positions for the mouse; and so is
        the way of a handle that goes up and down.
        """
        sideways = self.page.locator('.explorer-handle[aria-orientation="horizontal"]')
        named = self.page.get_by_role("slider", name=self.candidate.handle, exact=True)
        handle = sideways.and_(named).first
        if not self.candidate.handle or not handle.count():
            self.grab()
            return self.place(self.low + self.span * 0.98), self.place(self.low + self.span * 0.02)
        handle.scroll_into_view_if_needed()
        box, plot = handle.bounding_box(), handle.locator("..").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(200)
        self.page.mouse.down()
        return (plot["x"] + plot["width"] - 20, y), (plot["x"] + 45, y)

    def drag(self):
        """Drag from end to end for 3 s: what is painted meanwhile, and when the last picture is."""
        (start, y), (end, _) = self.way()
        self.page.mouse.move(start, y)
        self.settle(0.2)
        self.clear()
        before = self.read("animationFrames")
        count = round(DRAG * MOVES)
        ways = (WAYS * number / count % 2 for number in range(count))
        places = [(start + (end - start) * min(w, 2 - w), y) for w in ways]
        seconds = self.mouse.move(places)
        rate = (self.read("animationFrames") - before) / seconds
        self.page.mouse.up()
        self.settle(2.0)
        ticks, frames, released = self.read("ticks"), self.read("frames"), self.read("released")
        self.check_last(ticks, frames)
        painted = sum(time <= released for time, _ in frames)
        return {
            "frames per second": painted / seconds,
            "ticks per second": len(ticks) / seconds,
            "animation frames per second": rate,
            "ms until the last": max(0.0, frames[-1][0] - released),
        }

    def roam(self):
        """Frames a second while a handle that moves two controls is led round for 3 s, if any."""
        handles = self.page.locator('.explorer-handle[aria-label*=" and "]')
        if handles.count() == 0:
            return None
        handles.first.scroll_into_view_if_needed()
        box = handles.first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.settle(0.2)
        self.clear()
        turns = np.linspace(0, 2 * np.pi * WAYS, round(DRAG * MOVES))
        places = zip(x + 50 * np.sin(turns), y + 25 * (1 - np.cos(turns)), strict=True)
        seconds = self.mouse.move([(float(left), float(top)) for left, top in places])
        self.page.mouse.up()
        self.settle(2.0)
        released = self.read("released")
        return sum(time <= released for time, _ in self.read("frames")) / seconds

    def check_last(self, ticks, frames):
        """The last picture must be that of the last tick; a fast but wrong one counts nothing."""
        value = ticks[-1][1]
        picture = frames[-1][1]
        kernel = self.kernel.value(self.candidate.last_a)
        known = [kernel] if picture is None else [kernel, picture]
        if not all(math.isclose(value, other) for other in known):
            raise AssertionError(f"slider at {value}, picture at {picture}, kernel at {kernel}")

    def step_to(self, value, press=False):
        """One tick: move the mouse (and press), wait for the picture; ms from event to picture."""
        self.clear()
        self.point(value)
        if press:
            self.page.mouse.down()
        self.page.wait_for_function("() => probe.ticks.length && probe.frames.length")
        tick, frame = self.read("ticks[0]"), self.read("frames[0]")
        return frame[0] - tick[0]

    def cold_ticks(self, count):
        """Press on the slider somewhere, where no picture is known yet."""
        times = []
        for number in range(count):
            self.forget(3 + 0.05 * number)
            times.append(self.step_to(self.low + self.span * ((0.37 * number + 0.45) % 1), True))
            self.page.mouse.up()
            self.settle()
        return times

    def warm_ticks(self, count):
        """Move on by a few steps of the slider, over positions that were all seen just before."""
        stride = self.step * math.ceil(2 * self.span / self.track["width"] / self.step)
        count = min(count, int(0.7 * self.span / stride))  # no further than the slider goes
        values = [self.low + self.span / 4 + stride * number for number in range(count)]
        self.grab()
        for value in values:
            self.step_to(value)
            self.settle(0.05)
        times = []
        for value in reversed(values[:-1]):
            times.append(self.step_to(value))
            self.settle(0.05)
        self.page.mouse.up()
        self.settle()
        return times

    def kernel_times(self, count):
        """Processor ms that the kernel takes for each of some ticks."""
        code = f"""{self.candidate.tick}
def _times(values):
    import time
    for a in values:
        start = time.process_time()
        _tick(a)
        yield (time.process_time() - start) * 1000"""
        values = [round(self.low + self.step * (number + 1), 9) for number in range(count)]
        self.kernel.run(code)
        times = self.kernel.value(f"list(_times({values}))")
        self.settle()
        return times

    def wire(self):
        """Bytes received and sent through the websocket for each picture, while dragging."""
        received, sent, frames = 0, 0, 0

        def payload(event):
            data = event["response"]["payloadData"]
            return base64.b64decode(data) if event["response"]["opcode"] == 2 else data.encode()

        def on_received(event):
            nonlocal received, frames
            message = payload(event)
            received += len(message)
            frames += len(re.findall(self.candidate.frame, message))

        def on_sent(event):
            nonlocal sent
            sent += len(payload(event))

        session = self.page.context.new_cdp_session(self.page)
        session.on("Network.webSocketFrameReceived", on_received)
        session.on("Network.webSocketFrameSent", on_sent)
        session.send("Network.enable")
        self.forget(4.2)
        self.drag()
        session.detach()
        return received / frames, sent / frames

    def soak(self, rounds=10, ticks=1000):
        """Key presses, ten an animation frame, from end to end of the slider, `b` new each round.

        Returns the ticks, the longest wait for a round's last picture in ms, and what page and
        kernel grew by in MB, after as many rounds that fill what is bounded: caches and pools.
        """
        session = self.page.context.new_cdp_session(self.page)
        session.send("Performance.enable")
        kernel = psutil.Process(self.kernel.value("__import__('os').getpid()"))

        def memory():
            session.send("HeapProfiler.collectGarbage")
            metrics = session.send("Performance.getMetrics")["metrics"]
            heap = next(m["value"] for m in metrics if m["name"] == "JSHeapUsedSize")
            return heap / 1e6, kernel.memory_info().rss / 1e6

        done, waits = 0, []
        for number in range(2 * rounds):
            if number == rounds:
                done, waits, before = 0, [], memory()
            self.forget(3 + 0.05 * number)
            end = self.page.evaluate(PRESS, [f"{self.candidate.slider} .noUi-target", ticks])
            self.settle()
            seen, frames = self.read("ticks"), self.read("frames")
            self.check_last(seen, frames)
            done += len(seen)
            waits.append(max(0.0, frames[-1][0] - end))
        self.clear()
        growth = [after - b for after, b in zip(memory(), before, strict=True)]
        return done, max(waits), *growth
