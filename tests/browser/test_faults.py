"""A page whose line to the kernel loses messages, on a clock that only the test moves."""

import base64
import contextlib
import json

import pytest

from explorer.stage import session
from explorer.stage.session import Session
from tests.browser.bare_page import BarePage
from tests.stage.toy import BEST, Toy, toy

STEP = 20  # ms from one time that messages travel to the next, in a drag,
PAUSE = 60  # and otherwise
WINDOW, CACHE, BASES = 8, 1200, 8

# In the page: a model as anywidget's, and sliders that save as ipywidgets' do: one value at a time,
# and the next only once the kernel has handled it.
HOST = """async scene => {
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const view = text => new DataView(bytes(text).buffer);
    window.outbox = [];
    window.fired = 0;
    for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame']) {
        const begin = window[name];
        window[name] = (callback, ...rest) => begin((...given) => {
            fired++;
            callback(...given);
        }, ...rest);
    }
    class Model {
        constructor(name, values) { Object.assign(this, {name, values, listeners: []}); }
        get(name) { return this.values[name]; }
        set(name, value) {
            const values = typeof name === 'object' ? name : {[name]: value};
            for (const [key, value] of Object.entries(values)) {
                if (this.values[key] === value) continue;
                this.values[key] = value;
                for (const [event, callback] of this.listeners)
                    if (event === `change:${key}`) callback();
            }
            return this;
        }
        on(event, callback) { this.listeners.push([event, callback]); }
        off(event, callback) {
            this.listeners = this.listeners.filter(([e, c]) => e !== event || c !== callback);
        }
        save_changes() {
            if (this.pending) this.buffered = true;
            else {
                this.pending = true;
                const {value, index} = this.values;
                outbox.push({save: this.name, value, index});
            }
        }
        handled() {
            this.pending = false;
            if (this.buffered) { this.buffered = false; this.save_changes(); }
        }
        send(content) { outbox.push(JSON.parse(JSON.stringify({content}))); }
    }
    window.Model = Model;
    window.begin = async (scene, el) => {
        const widgets = Object.fromEntries(scene.controls.map((control, i) => {
            const index = control.options?.findIndex(([value]) => value === scene.state[i]);
            return [control.name, new Model(control.name, {value: scene.state[i], index})];
        }));
        const model = new Model('', {
            scene: {...scene, buffer: view(scene.buffer)},
            controls: Object.fromEntries(
                scene.controls.map(({name}) => [name, `IPY_MODEL_${name}`])),
        });
        const signal = {
            slots: new Set(), connect(slot) { this.slots.add(slot); },
            disconnect(slot) { this.slots.delete(slot); },
            emit(status) { for (const slot of this.slots) slot(null, status); },
        };
        model.widget_manager = {
            get_model: async name => widgets[name], kernel: {connectionStatusChanged: signal},
        };
        const {initialize, render} = (await import('/stage.js')).default();
        const ends = [initialize({model}), render({model, el})];
        return {model, widgets, ends, signal};
    };
    window.deliver = ({handled, moved, value, scene, content, buffers}) => {
        const {model, widgets} = window.host;
        if (scene) model.set('scene', {...scene, buffer: view(scene.buffer)});
        else if (handled) widgets[handled].handled();
        else if (moved) widgets[moved].set(value);
        else for (const [event, callback] of model.listeners)
            if (event === 'msg:custom') callback(content, buffers.map(view));
    };
    window.drag = (name, value) => {  // as a stock slider does
        const widget = window.host.widgets[name];
        widget.set('value', value, {updated_view: {}});
        widget.save_changes({});
    };
    window.dress = (panel, scene) => panel.querySelector('.explorer-controls').innerHTML =
        scene.controls.filter(control => control.visible).map(({name}) =>
            `<div class="explorer-control-${name}"><div class="noUi-handle"></div>
             <div class="widget-readout"></div></div>`).join('');
    const stage = document.getElementById('stage');
    dress(document, scene);
    window.host = await begin(scene, stage);
}"""


def plain(scene):
    return json.loads(json.dumps(scene | {"buffer": base64.b64encode(scene["buffer"]).decode()}))


class Faulty(BarePage):
    """A page, its kernel, and a line between them that may lose messages either way."""

    def __init__(self, browser, blueprint=None):
        super().__init__(browser)
        self.page.clock.install(time=0)
        self.out, self.count, self.heard, self.told = [], 0, [], []
        self.loses = lambda _count: False
        self.busy = False
        self.epoch = 0
        self.now, self.delay = 0, 0  # ms, and how long a message is on its way to the page
        self.session = Session(blueprint or toy(), self._send, self._follow)
        self.session.observe(self.told.append)
        self.page.clock.pause_at(1000)
        self.page.evaluate(HOST, plain(self.session.opening()))
        self.run(100)

    def _send(self, message, buffers):
        encoded = [base64.b64encode(buffer).decode() for buffer in buffers]
        self.out.append({"content": json.loads(json.dumps(message)), "buffers": encoded})

    def _follow(self, names):
        if self.session.epoch != self.epoch:
            self.epoch = self.session.epoch
            self.out.append({"scene": plain(self.session.opening())})
        for name in names:
            value = self.session.settings[list(self.session.controls).index(name)]
            if name == "loss":
                value = {"index": ["square", "absolute"].index(value)}
            else:
                value = {"value": value}
            self.out.append({"moved": name, "value": value})

    def _handle(self, message):
        if "save" in message:
            name = message["save"]
            index, value = message.get("index"), message.get("value")
            setting = value if index is None else ("square", "absolute")[index]
            with contextlib.suppress(ValueError):
                self.session.move(name, setting)
            self.out.append({"handled": name})
        else:
            self.heard.append(message["content"])
            self.session.receive(message["content"])

    def lost(self):
        self.count += 1
        return self.loses(self.count)

    def run(self, ms):
        """Let so much time pass, in which messages travel; a busy kernel keeps them."""
        step = min(ms, PAUSE)
        for _ in range(0, ms, step):
            self.page.clock.run_for(step)
            sent = self.page.evaluate("window.outbox.splice(0)")
            waiting = getattr(self, "waiting", [])
            self.waiting = waiting + [message for message in sent if not self.lost()]
            if not self.busy:
                for message in self.waiting:
                    self._handle(message)
                self.waiting = []
                self.session.send_some_ahead()
            self.now += step
            underway = getattr(self, "underway", [])
            underway += [(self.now + self.delay, m) for m in self.out if not self.lost()]
            arriving = [message for due, message in underway if due <= self.now]
            self.underway, self.out = [(d, m) for d, m in underway if d > self.now], []
            if arriving:
                self.page.evaluate("messages => messages.forEach(deliver)", arriving)
        assert self.errors == []

    def drag(self, name, *values, every=STEP):
        for value in values:
            self.page.evaluate("([name, value]) => drag(name, value)", [name, value])
            self.run(every)

    def hover(self, name):
        """Let the pointer come to a slider."""
        self.page.dispatch_event(f".explorer-control-{name}", "pointerenter")

    def link(self, expression):
        """What the stage's own object tells, which it leaves on the sliders that it dresses."""
        find = "document.querySelector('.explorer-control-a').explorerLink"
        return self.page.evaluate(f"(link => {expression})({find})")

    def asked(self, kind="ask"):
        """The states that the kernel was asked for."""
        return [s for message in self.heard if message["type"] == kind for s in message["states"]]

    def drawn(self):
        return json.loads(self.page.get_attribute("#stage", "data-frame-state"))

    def notice(self):
        return self.page.inner_text(".explorer-notice")

    def expect(self, **settings):
        """That page and kernel agree, and that nothing complains."""
        names = list(self.session.controls)
        here = dict(zip(names, self.drawn(), strict=True))
        assert here == {**here, **settings}
        assert here == dict(zip(names, self.session.settings, strict=True))
        assert self.notice() == ""


@pytest.fixture
def faulty(browser):
    """Open pages: `faulty(blueprint)`."""
    pages = []

    def opened(blueprint=None):
        pages.append(Faulty(browser, blueprint))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


@pytest.fixture
def line(faulty):
    return faulty()


def at(a, **others):
    return [a, *[others.get(name, value) for name, value in REST.items()]]


REST = {"b": 5.0, "loss": "square", "y.0": 0.25, "y.1": 0.5}
WALK = [round(3 + 0.05 * i, 2) for i in range(40)]


# Lost and late


def test_on_a_good_line_nothing_is_asked_twice_and_all_agree(line):
    line.drag("a", *WALK)
    line.run(1000)
    line.expect(a=WALK[-1])
    asked = line.asked()
    assert len(asked) == len({str(state) for state in asked})
    assert len([m for m in line.heard if m["type"] == "settle"]) == 1


@pytest.mark.parametrize("seconds", [0.3, 3])
def test_after_the_line_was_cut_the_picture_is_right_within_two_seconds(line, seconds):
    line.drag("a", *WALK[:20])
    line.loses = lambda _count: True
    line.drag("a", *WALK[20:])
    line.run(int(seconds * 1000))
    line.loses = lambda _count: False
    line.run(2000)
    line.expect(a=WALK[-1])
    assert line.told[-1].a == WALK[-1]
    line.heard.clear()
    line.drag("a", *reversed(WALK), 7.5)
    line.run(2000)
    line.expect(a=7.5)


@pytest.mark.parametrize(("every", "offset"), [(2, 0), (3, 1), (10, 0)])
def test_on_a_line_that_loses_messages_all_agree_in_the_end(line, every, offset):
    line.hover("a")
    line.loses = lambda count: count % every == offset
    line.drag("a", *WALK)
    line.drag("b", 6.0, 7.0)
    line.loses = lambda _count: False
    line.run(2000)
    line.expect(a=WALK[-1], b=7.0)


def test_a_value_that_is_lost_alone_reaches_the_kernel_though_the_picture_is_there(line):
    line.hover("a")
    line.run(2000)
    line.loses = lambda _count: True
    line.drag("a", 7.0)
    assert line.drawn() == at(7.0)
    line.loses = lambda _count: False
    assert line.session.state.a == 2.0
    line.run(2000)
    line.expect(a=7.0)
    line.told.clear()
    line.drag("a", *WALK)  # ipywidgets waits for the lost one for good, the stage does not
    assert len(line.told) >= 3
    line.run(500)
    line.expect(a=WALK[-1])


def test_what_is_lost_is_not_asked_for_again_once_it_is_out_of_date(line):
    line.loses = lambda _count: True
    line.drag("a", *WALK)
    line.loses = lambda _count: False
    line.run(2000)
    assert len(line.asked()) <= 2


def test_reconnection_is_noticed_at_once_where_the_host_tells(line):
    line.loses = lambda _count: True
    line.drag("a", *WALK)
    line.run(5000)
    line.loses = lambda _count: False
    line.page.evaluate("host.signal.emit('connected')")
    line.run(100)
    line.expect(a=WALK[-1])


def test_a_busy_kernel_is_told_after_three_seconds_and_asked_little(line):
    line.busy = True
    line.drag("a", *WALK)
    line.run(2000 - len(WALK) * STEP)
    assert line.notice() == ""
    line.run(1500)
    assert "kernel is busy or gone" in line.notice()
    waiting = [m for m in line.waiting if m.get("content", {}).get("type") == "ask"]
    assert WINDOW <= len(waiting) <= WINDOW + 4
    line.busy = False
    line.run(100)
    line.expect(a=WALK[-1])


def test_a_picture_that_is_long_in_coming_is_waited_for_in_sight(line):
    def busy():
        return line.page.get_attribute("#stage", "aria-busy")

    line.drag("a", *WALK)
    line.busy = True
    line.drag("a", 15.0)
    line.run(100)
    assert busy() == "false"
    line.run(600)
    assert busy() == "true"
    assert line.drawn() != at(15.0)
    line.busy = False
    line.run(200)
    assert busy() == "false"
    line.expect(a=15.0)


def test_a_move_that_the_kernel_refuses_goes_back_also_after_an_outage(line):
    line.session.set(**{"y.0": 0.0})
    line.run(500)
    line.loses = lambda _count: True
    line.drag("y.1", 0.0)
    line.run(1000)
    line.loses = lambda _count: False
    line.run(2000)
    assert "allowed is a sum above 0" in line.notice()
    line.run(6000)
    line.expect(**{"y.0": 0.0, "y.1": 0.5})


def test_a_page_that_missed_where_the_kernel_went_meanwhile_goes_there(line):
    line.session.observe(lambda state: line.session.set(a=float(round(state.a))))
    line.session._follow = lambda names: None  # its words are lost
    line.drag("a", 7.3)
    assert line.session.state.a == 7.0
    line.run(1000)
    line.expect(a=7.0)


def test_the_window_shrinks_while_answers_are_late_and_grows_again(line):
    line.drag("a", *WALK[:3])
    for value in WALK[10:14]:
        line.busy = True
        line.drag("a", value)
        line.run(360)
        line.busy = False
        line.run(100)
    assert line.link("link.window") < WINDOW
    line.drag("a", *WALK)
    assert line.link("link.window") == WINDOW


def test_what_code_sets_meanwhile_stands(line):
    line.drag("a", 7.0)
    line.session.set(a=4.0)
    line.run(1000)
    line.expect(a=4.0)


# Buttons


def test_a_move_on_its_way_does_not_undo_a_reset_of_the_data(line):
    line.drag("a", 4.0)
    line.page.get_by_text("other data").click()
    line.run(1000)
    line.expect(a=4.0, **{"y.1": 0.9})
    line.delay = 100
    line.drag("a", *WALK)
    line.page.get_by_text("reset").click()
    line.run(3000)
    line.expect(**dict(zip(("a", *REST), at(2.0), strict=True)))
    assert line.session.state == Toy()


def test_reset_goes_back_at_once_where_the_controls_lead_there(line):
    line.drag("a", *WALK)
    line.busy = True
    line.page.get_by_text("reset").click()
    line.run(20)
    assert line.drawn() == at(2.0)
    line.busy = False
    line.run(1000)
    line.expect(a=2.0)
    assert "press" not in [message["type"] for message in line.heard]


# Sent ahead


def test_what_was_lost_on_its_way_ahead_is_wanted_again(line):
    line.loses = lambda _count: True
    line.hover("a")
    line.run(1000)
    line.loses = lambda _count: False
    line.run(5000)
    assert line.link("link.cache.size") > 400


def test_a_long_way_leaves_the_kernel_no_pause(line):
    """It sends eight positions at a time, every 20 ms: they must not wait for each other's way."""
    line.delay = 150
    line.run(1000)
    line.hover("a")
    for _ in range(75):
        line.run(20)
    assert line.link("link.cache.size") > 350


def test_presets_are_there_before_they_are_pressed(line):
    line.run(500)
    assert line.asked("ahead") == [at(BEST, b=BEST)]
    line.page.get_by_text("best").click()
    line.run(100)
    line.expect(a=BEST, b=BEST)
    assert line.asked() == []


def test_nothing_is_sent_ahead_while_answers_are_late(line):
    line.drag("a", *WALK[:3])
    line.hover("b")
    line.busy = True
    line.drag("a", 9.0)
    line.run(340)
    line.busy = False
    line.run(20)
    line.heard.clear()
    line.busy = True
    line.drag("a", 9.5)
    line.run(340)
    line.busy = False
    line.run(20)
    line.hover("a")
    line.run(100)
    assert line.asked("ahead") == []
    line.run(4000)  # the drag is over
    assert len(line.asked("ahead")) > 300


def test_what_the_kernel_gives_up_as_too_costly_is_not_asked_for_again(line, monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr(session, "perf_counter", lambda: next(clock))
    line.heard.clear()  # of the presets
    line.hover("a")
    line.run(5000)
    once = len(line.asked("ahead"))
    assert 0 < once <= 96
    assert line.link("link.prefetch.open") == 0
    line.hover("a")
    line.run(500)
    assert once < len(line.asked("ahead")) <= 2 * 96


def test_a_slider_of_millions_of_positions_is_planned_near_ones_first(faulty):
    wide = toy(limits={"a": (0.0, 1e6)})
    line = faulty(wide)
    assert line.link("link.control('a').step") == 0.05
    line.hover("a")
    line.run(4000)
    asked = [state[0] for state in line.asked("ahead")[1:]]
    assert 500 < len(asked) <= 600
    near = sorted(asked[:100])
    assert near == [round(0.4 * n, 2) for n in range(101) if n != 5]  # 2.0 is there


# What is kept


def test_bases_and_values_are_given_up_in_time(line):
    for n in range(2 * BASES):
        line.session.set(b=5.0 + 0.5 * n)
        line.run(100)
        line.hover("a")
        line.run(100)
    assert line.link("link.bases.size") == BASES
    for n in range(4):
        line.session.set(b=15.0 + n)
        line.run(100)
        line.hover("a")
        line.run(3000)
    assert line.link("link.cache.size") == CACHE


def test_closing_leaves_no_timer_and_no_listener(line):
    line.hover("a")
    line.drag("a", *WALK[:5])
    line.page.get_by_text("play").click()
    line.run(200)
    line.page.evaluate("() => { const [end, leave] = host.ends; leave(); end(); }")
    line.page.clock.run_for(300)
    line.page.evaluate("outbox.length = fired = 0")
    line.page.clock.run_for(10_000)
    assert line.page.evaluate("[fired, outbox.length]") == [0, 0]
    assert line.page.evaluate("host.signal.slots.size + host.model.listeners.length") == 0
    listeners = "Object.values(host.widgets).map(widget => widget.listeners.length)"
    assert line.page.evaluate(listeners) == [0] * 5


# A cell that is run once more, and its panel closed or not.
AGAIN = """async ([scene, closed]) => {
    const panel = document.createElement('div');
    panel.className = 'explorer-panel';
    panel.innerHTML = '<div class="explorer-controls"></div><div class="explorer-stage"></div>';
    document.body.replaceChildren(panel);
    dress(panel, scene);
    const {ends, model} = await begin(scene, panel.lastChild);
    await new Promise(done => setTimeout(done, 60));
    const link = panel.querySelector('.explorer-control-a').explorerLink;
    link.prefetch.along(link.control('a'));
    link.assign({a: 3});
    for (let n = 0; n < 50; n++) link.cache.keep(`picture ${n}`, link.first.slice());
    await new Promise(done => setTimeout(done, 60));
    const [end, leave] = ends;
    leave();
    if (closed) end();
    else (window.kept ??= []).push(model);
    panel.remove();
    (window.weak ??= []).push(new WeakRef(link), new WeakRef(panel));
    window.links ??= [];
    if (!closed) links.push(link);
}"""


def counted(page, session):
    """Nodes and listeners that are left, and how many of the links and panels."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(50)
    counters = session.send("Memory.getDOMCounters")
    alive = page.evaluate("weak.filter(reference => reference.deref()).length")
    return counters["nodes"], counters["jsEventListeners"], alive


@pytest.mark.parametrize("closed", [True, False])
def test_a_cell_that_is_run_many_times_ends_where_it_began(line, closed):
    page = line.page
    page.clock.resume()
    scene = plain(line.session.opening())
    devtools = line.context.new_cdp_session(page)
    for _ in range(3):
        page.evaluate(AGAIN, [scene, closed])
    nodes, listeners, _ = counted(page, devtools)
    for _ in range(20):
        page.evaluate(AGAIN, [scene, closed])
    page.wait_for_timeout(600)
    nodes_after, listeners_after, alive = counted(page, devtools)
    assert nodes_after - nodes < 20
    if closed:
        assert alive == 0
        assert listeners_after - listeners < 5
    else:
        assert alive == 23  # the links alone, for the kernel may display them again
        sizes = page.evaluate("links.map(link => link.cache.size + link.bases.size)")
        assert sizes == [2] * 23
