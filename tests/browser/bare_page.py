"""A panel's page without Jupyter: the stage around a model that only holds what it is given."""

import base64
import json

from explorer.stage import source
from explorer.stage.session import Session

SITE = "http://bare.test"
PAGE = """<!doctype html>
<html {attributes}><head><meta charset="utf-8"><style>{sliders}{style}</style></head>
<body class="{classes}" style="margin: 0; background: white">
<div id="around"><div class="explorer-panel"><div class="explorer-controls"></div>
<div class="explorer-stage" id="stage"></div></div></div></body></html>"""

# What ipywidgets draws for a slider, and JupyterLab's style of it.
SLIDER = """<div class="widget-inline-hbox widget-slider"><label class="widget-label"></label>
<div class="slider-container"><div class="slider noUi-target"><div class="noUi-base">
<div class="noUi-handle" role="slider" tabindex="0" aria-valuenow="0"></div></div></div></div>
<div class="widget-readout" contenteditable="true"></div></div>"""
SLIDERS = """
    .widget-inline-hbox { display: flex; box-sizing: border-box; line-height: 28px; }
    .slider-container { flex: 1 1 148px; height: 4px; margin: 0 6px; }
    .slider, .noUi-base { position: relative; height: 4px; }
    .noUi-handle { position: absolute; top: -6px; left: 30%; width: 16px; height: 16px; }
    .widget-readout { max-width: 148px; height: 28px; overflow: hidden; white-space: nowrap; }
"""

# In the page: a model as anywidget's, and for each control a widget as ipywidgets'.
HOST = """async ({scene, buffer, slider}) => {
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    class Model {
        constructor(values) { this.values = values; this.listeners = []; this.sent = []; }
        get(name) { return this.values[name]; }
        set(name, value) {
            if (typeof name === 'object') { // as what the kernel sets arrives
                for (const entry of Object.entries(name)) this.set_one(...entry);
            } else this.set_one(name, value);
        }
        set_one(name, value) {
            if (this.values[name] === value) return;
            this.values[name] = value;
            for (const [event, callback] of this.listeners)
                if (event === `change:${name}`) callback();
        }
        on(event, callback) { this.listeners.push([event, callback]); }
        off(event, callback) {
            this.listeners = this.listeners.filter(([e, c]) => e !== event || c !== callback);
        }
        save_changes() {}
        send(message) {
            this.sent.push(message);
            window.toKernel?.(message).then(answers => {
                for (const [answer, buffers] of answers)
                    for (const [event, callback] of this.listeners)
                        if (event === 'msg:custom')
                            callback(answer, buffers.map(one => new DataView(bytes(one).buffer)));
            });
        }
    }
    const row = document.querySelector('.explorer-controls');
    row.replaceChildren(...scene.controls.filter(({visible}) => visible).map(control => {
        row.innerHTML = slider;
        const node = row.firstChild;
        node.classList.add(`explorer-control-${control.name.replace('.', '-')}`);
        node.querySelector('.widget-label').textContent = control.symbol;
        const value = scene.state[scene.controls.indexOf(control)];
        node.querySelector('.widget-readout').textContent = value.toFixed(control.digits);
        return node;
    }));
    const opened = (scene, buffer) => ({...scene, buffer: new DataView(bytes(buffer).buffer)});
    if (!window.model) {
        const widgets = {};
        window.model = new Model({
            scene: opened(scene, buffer),
            controls: Object.fromEntries(
                scene.controls.map(({name}) => [name, `IPY_MODEL_${name}`])),
        });
        window.widgets = widgets;
        scene.controls.forEach((control, i) => {
            const index = control.options?.findIndex(([value]) => value === scene.state[i]);
            widgets[control.name] = new Model({value: scene.state[i], index});
        });
        window.model.widget_manager = {get_model: async name => widgets[name]};
        const {initialize, render} = (await import('/stage.js')).default();
        initialize({model: window.model});
        render({model: window.model, el: document.getElementById('stage')});
    } else {
        scene.controls.forEach((control, i) => {
            const index = control.options?.findIndex(([value]) => value === scene.state[i]);
            const widget = window.widgets[control.name];
            widget.set(index === undefined ? {value: scene.state[i]} : {index});
        });
        window.model.set('scene', opened(scene, buffer));
    }
    const wanted = JSON.stringify(scene.state);
    const stage = document.getElementById('stage');
    for (let i = 0; i < 200 && stage.dataset.frameState !== wanted; i++)
        await new Promise(done => setTimeout(done, 10));
    await new Promise(requestAnimationFrame);
    return stage.dataset.frameState === wanted;
}"""


class BarePage:
    """A page that draws the states of one panel.

    Parameters
    ----------
    browser : playwright Browser
    attributes, classes : str
        Of the ``html`` and the ``body`` element: a host's theme.
    """

    def __init__(self, browser, attributes="", classes="", **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._complained)  # of a path that holds a NaN, for one
        body = PAGE.format(
            attributes=attributes, classes=classes, style=source.style(), sliders=SLIDERS
        )
        files = {"/": ("text/html", body), "/stage.js": ("text/javascript", source.script())}

        def serve(route):
            kind, text = files[route.request.url.removeprefix(SITE)]
            route.fulfill(content_type=kind, body=text)

        self.page.route(f"{SITE}/**", serve)
        self.page.goto(f"{SITE}/")
        self.epoch = 0

    def _complained(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def answer(self):
        """From here on let a session answer what the page asks."""
        self.page.expose_function("toKernel", self._receive)

    def _receive(self, message):
        if self.session.receive(message):
            while self.session.send_some_ahead():
                pass
        answers, self.answers[:] = list(self.answers), []
        return answers

    def _send(self, message, buffers):
        texts = [base64.b64encode(buffer).decode() for buffer in buffers]
        self.answers.append((json.loads(json.dumps(message)), texts))

    def draw(self, blueprint):
        """Draw a blueprint's own state, and return its scene."""
        self.answers = []
        self.session = session = Session(blueprint, self._send)
        session.epoch = self.epoch
        opening = session.opening()
        self.epoch += 1
        buffer = base64.b64encode(opening.pop("buffer")).decode()
        scene = json.loads(json.dumps(opening))
        given = {"scene": scene, "buffer": buffer, "slider": SLIDER}
        assert self.page.evaluate(HOST, given), "nothing was drawn"
        assert self.errors == []
        return session.scene

    def close(self):
        """Close the page."""
        self.context.close()
