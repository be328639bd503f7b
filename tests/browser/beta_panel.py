"""A Beta panel in an open page: what is on screen, what the kernel knows, what a user does."""

import os
import signal
import time
from contextlib import contextmanager

CELLS = ("import explorer", "panel = explorer.beta_loss(a=2, b=5, y=0.7)\npanel")
DENSITY, LOSS, LANDSCAPE = range(3)  # the plots

SCREEN = """panel => {
    const texts = selector => [...panel.querySelectorAll(selector)].map(node => node.textContent);
    const sliders = [...panel.querySelectorAll('.explorer-controls .noUi-target')];
    return {
        state: JSON.parse(panel.querySelector('.explorer-stage').dataset.frameState),
        sliders: sliders.map(node => Number(node.noUiSlider.get(true).toFixed(6))),
        readouts: texts('.widget-readout'),
        switch: panel.querySelector('.explorer-choice input:checked').value,
        sum: texts('.explorer-value'),
        struck: texts('.explorer-struck .explorer-value'),
        sentence: panel.querySelector('.explorer-sentence').textContent,
        titles: texts('.explorer-title'),
        descriptions: [...panel.querySelectorAll('svg')].map(svg => svg.getAttribute('aria-label')),
    };
}"""

KNOWN = """
def _known(panel):
    from explorer.scene import number, plain
    settings, scene = panel._session.settings, panel._session.scene
    numbers = [value for value in settings if not isinstance(value, str)]
    (equation,) = scene.sums
    terms = [equation.total, *equation.terms]
    return {
        "state": settings,
        "sliders": [round(value, 6) for value in numbers],
        "readouts": [format(v, ".3f" if n == "y" else ".2f") for n, v in zip("aby", numbers)],
        "switch": panel.state.loss,
        "sum": [number(term.value, equation.digits) for term in terms],
        "struck": [number(term.value, equation.digits) for term in terms if term.struck],
        "sentence": plain(scene.sentence),
        "titles": [plain(plot.title) for plot in scene.plots],
        "descriptions": [plain(plot.description) for plot in scene.plots],
    }
"""

# Counts what the stage and its kernel send to each other: questions asked, those open at once, the
# states whose frames came, and where among them a cell began to run.
LISTEN = """() => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const wire = window.wire = {asked: 0, mostOpen: 0, arrived: [], saved: []};
    const open = new Set();
    kernel.anyMessage.connect((_, {msg, direction}) => {
        const message = msg.content.data?.content;
        if (msg.header.msg_type === 'execute_input') wire.arrived.push('cell');
        const {method, state} = msg.content.data ?? {};
        if (direction === 'send' && method === 'update') wire.saved.push(state);
        if (direction === 'send' && message?.type === 'ask') {
            wire.asked += message.states.length;
            for (const state of message.states) open.add(JSON.stringify(state));
            wire.mostOpen = Math.max(wire.mostOpen, open.size);
        }
        if (direction === 'recv' && message?.frames) {
            for (const {state} of message.frames) {
                open.delete(JSON.stringify(state));
                wire.arrived.push(state);
            }
        }
    });
}"""


# In the page: a while after a hand has let go axes take the limits that they should have.
AT_REST = """() => new Promise(end => requestAnimationFrame(() => requestAnimationFrame(() =>
    end([...document.querySelectorAll('.explorer-controls > *')]
        .every(({explorerLink: link}) => !link?.calm.held)))))"""


class BetaPanel:
    """The variable `panel` of a notebook, in the first (or another) place where it is displayed."""

    def __init__(self, notebook, place=0):
        self.notebook, self.page, self.kernel = notebook, notebook.page, notebook.kernel
        self.root = f".explorer-panel >> nth={place}"
        notebook.wait_for(f"{self.root} >> .explorer-stage[data-frame-state]")
        notebook.wait_for(f"{self.root} >> .explorer-controls .noUi-handle[aria-label]")
        self.kernel.run(KNOWN)
        self.names = self.kernel.value("list(panel.controls)")

    def screen(self):
        """All that the panel shows in figures and words."""
        return self.page.locator(self.root).evaluate(SCREEN)

    def known(self):
        """The same, as the kernel's `panel.state` and `panel.frame` have it."""
        return self.kernel.value("_known(panel)")

    def expect(self, **values):
        """Wait until the kernel's state has these values and the screen shows that very state."""
        deadline = time.monotonic() + 10
        while True:
            known, seen = self.known(), self.screen()
            state = dict(zip(self.names, known["state"], strict=True))
            settled = known == seen and {**state, **values} == state
            if settled or time.monotonic() > deadline:
                break
            self.page.wait_for_timeout(20)
        assert {name: state[name] for name in values} == values
        assert seen == known

    def state(self):
        """The kernel's state by name, once the screen agrees with it."""
        self.expect()
        return dict(zip(self.names, self.known()["state"], strict=True))

    def set(self, **values):
        """Set values from code, as a cell would."""
        self.kernel.run(f"panel.set(**{values!r})")
        self.expect(**values)
        self.page.wait_for_function(AT_REST)

    # ----------------------------------------------------------------------------------- the user

    def find(self, selector):
        return self.page.locator(f"{self.root} >> {selector}").first

    def slider(self, name):
        return f"{self.root} >> .explorer-control-{name}"

    def handle(self, name):
        return self.find(f".explorer-control-{name} .noUi-handle")

    def plot_handle(self, plot):
        """What can be dragged in a plot."""
        return self.find(f".explorer-plot >> nth={plot} >> .explorer-handle")

    def preset(self, number):
        return self.find(f".explorer-preset >> nth={number}")

    def at(self, name, value):
        """Where on the page a slider has this value."""
        self.handle(name).scroll_into_view_if_needed()
        return self.handle(name).evaluate(
            """(handle, value) => {
                const target = handle.closest('.noUi-target');
                const {min, max} = target.noUiSlider.options.range;
                const box = target.querySelector('.noUi-base').getBoundingClientRect();
                const x = box.left + box.width * (value - min) / (max - min);
                return [x, box.top + box.height / 2];
            }""",
            value,
        )

    def drag(self, name, *stops, moves=12):
        """Drag a slider's handle with the mouse from one value to the next."""
        handle = self.handle(name).bounding_box()
        self.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        self.page.mouse.down()
        for stop in stops:
            self.page.mouse.move(*self.at(name, stop), steps=moves)
        self.page.mouse.up()

    def in_plot(self, plot, x, y, limits):
        """Where on the page a plot has the point (x, y); `limits` are those of its axes."""
        (x0, x1), (y0, y1) = limits
        svg = self.find(f".explorer-plot svg >> nth={plot}")
        svg.scroll_into_view_if_needed()
        box = svg.evaluate(
            """svg => {
                const {left, top} = svg.getBoundingClientRect();
                const part = name => Number(svg.querySelector('clipPath rect').getAttribute(name));
                return {x: left + part('x'), y: top + part('y'),
                        width: part('width'), height: part('height')};
            }"""
        )
        return (
            box["x"] + box["width"] * (x - x0) / (x1 - x0),
            box["y"] + box["height"] * (1 - (y - y0) / (y1 - y0)),
        )

    def drag_by_mouse(self, start, end):
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=12)
        self.page.mouse.up()

    def drag_by_finger(self, start, end):
        touch = self.page.context.new_cdp_session(self.page)
        (x0, y0), (x1, y1) = start, end
        for i in range(11):
            point = {"x": x0 + (x1 - x0) * i / 10, "y": y0 + (y1 - y0) * i / 10}
            kind = "touchMove" if i else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        touch.detach()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    # ------------------------------------------------------------------------------------ kernel

    @contextmanager
    def kernel_stopped(self):
        """The kernel answers nothing meanwhile; a cell that computes need not stop a panel.

        JupyterLab hands widgets' messages to a thread of their own in a kernel that can.
        """
        process = self.kernel.value("__import__('os').getpid()")
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    # -------------------------------------------------------------------------------------- wire

    def listen(self):
        """Begin to count the messages between the stage and the kernel, from zero."""
        self.page.evaluate(LISTEN)

    def heard(self):
        return self.page.evaluate("window.wire")

    def hover(self, name):
        """Let the pointer rest on a slider until all frames along it have come."""
        self.page.mouse.move(*self.at(name, 0.5))
        self.settle()

    def settle(self):
        """Wait until no frame has come for a while."""
        count = -1
        while count != (count := len(self.heard()["arrived"])):
            self.page.wait_for_timeout(300)
