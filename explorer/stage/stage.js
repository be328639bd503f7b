// Draws the frames of a panel. It computes no mathematics: every number and curve on screen comes
// from the kernel, is kept in a cache by state, and is drawn in the next animation frame.
//
//   Link   one a panel: the state, the cache, the conversation with the kernel
//   View   one a place where the panel is shown: its buttons, plots, sum and sentence
//   Plot   one axes of a view: scales, ticks, labels, handles; MARKS draws what is in it

const IN_FLIGHT = 8; // questions to the kernel that may be open at once,
const SLOW = 250; // ms beyond the shortest answer after which there may be fewer
const CACHED = 1200; // frames kept
const AHEAD = 96; // frames on their way in advance,
const GRIDS = [8, 4, 2, 1]; // of every so many positions of a slider, one grid after the other;
const CHEAP = 4; // ms a frame beyond which the finest has to wait until a drag is over
const BASES = 8; // frames kept as those from which others differ
const NOISE = 1e-8; // by which a stock slider may miss the value that it was given
const SAVING = 200; // ms from one value of a control that the kernel is told to the next
const REST = 80; // ms after which a hand that has not moved rests
const PATIENCE = 3000; // ms without an answer before the panel says so
const READING = 6000; // ms that the panel says why a value was refused

// ---------------------------------------------------------------------------------------- link

class Link {
  constructor(model) {
    this.model = model;
    this.controls = new Map();
    this.views = new Set();
    this.hands = new Set(); // handles that are on their way
    this.moving = -Infinity; // the time when one last moved
    this.unsaved = new Map(); // control -> what tells the kernel of its value
    this.flying = new Map(); // key -> time and serial number of the question
    this.refused = { reason: "", time: -Infinity };
    this.window = IN_FLIGHT;
    this.shortest = Infinity;
    this.serial = 0;
    this.drawn = 0; // serial number up to which answers are too old to be drawn
    this.gone = false;
    this.listeners = [];
    this.controlListeners = [];
    this.load();
    this.listen(model, "change:scene", () => this.load());
    this.listen(model, "msg:custom", (message, buffers) => this.receive(message, buffers));
    for (const event of ["pointerup", "pointercancel", "keyup"]) {
      const settle = () => setTimeout(() => this.save());
      window.addEventListener(event, settle, true);
      this.listeners.push(() => window.removeEventListener(event, settle, true));
    }
    this.watch = setInterval(() => this.report(), 500);
    this.ready = this.connect();
  }

  listen(model, event, callback, listeners = this.listeners) {
    model.on(event, callback);
    listeners.push(() => model.off(event, callback));
  }

  load() {
    const scene = this.model.get("scene");
    this.epoch = scene.epoch;
    this.spec = scene.spec;
    this.start = scene.state;
    this.first = decode(scene.header, scene.buffer);
    this.cache = new Map([[key(this.start), this.first]]);
    this.bases = new Map([[key(this.start), this.first]]);
    this.base = this.start;
    this.refusals = new Map(); // key -> why there is no frame
    this.good = this.start; // the state that was shown last
    this.flying.clear();
    this.plan(null, [], () => 0);
    this.pending = false;
    this.latest = undefined;
    const outdated = this.controls.size > 0 && this.references !== key(this.model.get("controls"));
    if (outdated) this.disconnect();
    if (this.controls.size === 0) this.state = this.start;
    if (outdated) this.ready = this.connect();
    for (const view of this.views) view.build();
    this.schedule();
  }

  async connect() {
    const names = this.spec.controls.map((control) => control.name);
    const references = this.model.get("controls");
    const models = await Promise.all(
      names.map((name) => this.model.widget_manager.get_model(references[name].slice("IPY_MODEL_".length))),
    );
    if (this.closed || references !== this.model.get("controls")) return;
    names.forEach((name, i) => {
      this.references = key(references);
      this.controls.set(name, models[i]);
      this.quieten(models[i]);
      this.listen(models[i], `change:${this.trait(name)}`, () => this.moved(), this.controlListeners);
      this.listen(models[i], "comm_live_update", () => this.report(), this.controlListeners);
    });
    this.moved();
    this.fetchPresets();
  }

  disconnect() {
    clearInterval(this.player?.timer);
    for (const stop of this.controlListeners.splice(0)) stop();
    this.unsaved.clear();
    this.controls.clear();
    this.player = undefined;
  }

  // A stock slider writes back and saves each value that it is given, with the noise of its own
  // arithmetic. That would reach code that has moved on meanwhile, and take it back: so it stops here.
  // Nor is the kernel told of every value on the way: each message makes it busy, and JupyterLab too.
  quieten(model) {
    const { set, save_changes: save } = model;
    let [echo, saved] = [false, -Infinity];
    model.set = (attribute, value, options) => {
      if (typeof attribute === "object" && this.unsaved.has(model)) {
        const { value: _value, index: _index, ...rest } = attribute; // the kernel's, which are older
        return set.call(model, rest, value);
      }
      const noise = NOISE * Math.max(1, Math.abs(value));
      echo = options?.updated_view !== undefined && Math.abs(value - model.get(attribute)) < noise;
      return echo ? model : set.call(model, attribute, value, options);
    };
    model.save_changes = (callbacks) => {
      const skip = (echo && callbacks) || this.unsaved.has(model);
      echo = false;
      if (skip) return;
      const write = () => {
        if (!this.unsaved.delete(model)) return;
        saved = performance.now();
        save.call(model, callbacks);
      };
      const wait = saved + SAVING - performance.now();
      this.unsaved.set(model, write);
      if (wait > 0) setTimeout(write, wait);
      else write();
    };
    this.controlListeners.push(() => {
      delete model.set;
      delete model.save_changes;
    });
  }

  close() {
    clearInterval(this.watch);
    this.disconnect();
    cancelAnimationFrame(this.request);
    for (const stop of this.listeners) stop();
    this.views.clear();
    this.cache.clear();
    this.closed = true;
  }

  // A slider keeps its value, a choice the index of its option.
  trait(name) {
    return this.options(name) ? "index" : "value";
  }

  options(name) {
    return this.spec.controls.find((control) => control.name === name).options?.map(([value]) => value);
  }

  moved() {
    this.state = this.spec.controls.map((control, i) => {
      const value = this.controls.get(control.name).get(this.trait(control.name));
      if (control.kind === "choice") return control.options[value][0];
      const near = [this.state[i], onGrid(value, control)].find((exact) => Math.abs(value - exact) < NOISE * Math.max(1, Math.abs(value)));
      if (near !== undefined || control.name !== this.held) return near ?? value;
      // A slider that is dragged keeps to its grid; a typed value stands as it is.
      const settled = onGrid(value, control);
      this.controls.get(control.name).set("value", settled);
      return settled;
    });
    this.schedule();
  }

  // Sets controls by name; sliders, kernel and every view follow.
  assign(values) {
    for (const [name, value] of Object.entries(values)) {
      const control = this.controls.get(name);
      const setting = this.options(name)?.indexOf(value) ?? value;
      if (!control || control.get(this.trait(name)) === setting) continue;
      control.set(this.trait(name), setting);
      control.save_changes();
    }
  }

  save() {
    for (const write of [...this.unsaved.values()]) write();
  }

  hold(name) {
    this.held = name;
    const over = new AbortController();
    const release = () => {
      this.held = undefined;
      over.abort();
    };
    for (const event of ["pointerup", "pointercancel"]) window.addEventListener(event, release, { signal: over.signal });
  }

  // The arrow keys on a slider's handle move it by its own step.
  press(event, control) {
    const count = STEPS[event.key]?.[1];
    if (!count || !event.target.matches(HANDLE)) return;
    event.preventDefault();
    event.stopPropagation();
    this.nudge(control, count, event);
  }

  nudge(control, count, event) {
    const value = this.setting(control);
    const shift = count * (event.shiftKey ? 10 : 1) * control.step;
    this.assign({ [control.name]: onGrid(control.log ? value * 10 ** shift : value + shift, control) });
  }

  // A button; what is not in the controls alone is set by the kernel.
  pressPreset(preset, frame) {
    clearInterval(this.player?.timer);
    this.player = undefined;
    const values = Object.fromEntries(settings(preset, frame));
    const index = this.spec.presets.indexOf(preset); // -1: back to where the panel started
    const here = !preset.method && Object.keys(values).every((name) => this.controls.has(name));
    if (here || index < 0) this.assign(values); // also before the kernel does: moves may be on their way to it
    this.save();
    if (!here || (index < 0 && this.epoch > 0)) this.send({ type: "press", preset: index });
  }

  // Lets a control run along its grid, so many positions a second, until its end.
  play(control, speed) {
    clearInterval(this.player?.timer);
    const again = this.player?.name !== control.name || this.player.speed !== speed;
    this.player = undefined;
    if (again && speed > 0) {
      if (this.setting(control) >= control.high) this.assign({ [control.name]: control.low });
      this.player = { name: control.name, speed, timer: setInterval(() => this.advance(control), 1000 / speed) };
    }
    this.fetchAlong(control.name);
    this.schedule();
  }

  advance(control) {
    this.nudge(control, 1, {});
    if (this.setting(control) >= control.high) this.play(control, 0);
  }

  // Where a control on its way to a value can be shown at once: there or beside it, else there soon.
  nearby(control, value) {
    const index = this.spec.controls.indexOf(control);
    const at = Math.round(steps(value, control));
    const known = (near) => this.cache.has(key(this.state.map((now, i) => (i === index ? near : now))));
    if (known(value)) return value;
    for (let n = 1; n <= GRIDS[0] / 2; n++) {
      const near = [onStep(at - n, control), onStep(at + n, control)].find(known);
      if (near !== undefined) return near;
    }
    return value;
  }

  setting(control) {
    return this.state[this.spec.controls.findIndex(({ name }) => name === control.name)];
  }

  schedule() {
    this.request ??= requestAnimationFrame(() => {
      const hands = [...this.hands];
      this.hands.clear();
      for (const hand of hands) hand.follow();
      this.request = undefined;
      this.tick();
      if (this.hands.size > 0) this.schedule();
    });
  }

  tick() {
    const now = key(this.state);
    const frame = this.recall(now);
    if (frame) {
      this.drawn = this.serial;
      this.show(frame, this.state);
      return;
    }
    if (this.refusals.has(now)) {
      this.refused = { reason: this.refusals.get(now), time: performance.now() };
      this.report();
      this.assign(Object.fromEntries(this.spec.controls.map(({ name }, i) => [name, this.good[i]])));
      return;
    }
    if (!this.flying.has(now)) {
      this.pending = this.flying.size >= this.window;
      if (!this.pending) this.ask(this.state);
    }
    if (this.latest?.serial > this.drawn) {
      this.drawn = this.latest.serial;
      this.show(this.latest.frame, this.latest.state);
    }
  }

  show(frame, state) {
    this.good = state;
    for (const view of this.views) view.draw(frame, state);
  }

  recall(id) {
    const frame = this.cache.get(id);
    if (!frame) return undefined;
    this.cache.delete(id);
    this.cache.set(id, frame);
    return frame;
  }

  keep(id, frame) {
    this.cache.set(id, frame);
    if (this.cache.size > CACHED) this.cache.delete(this.cache.keys().next().value);
  }

  ask(state) {
    const id = key(state);
    this.flying.set(id, { time: performance.now(), serial: ++this.serial });
    this.send({ type: "ask", states: [state], base: this.base });
  }

  send(message) {
    try {
      this.model.send({ epoch: this.epoch, ...message });
    } catch {
      this.gone = true;
      this.report();
    }
  }

  receive(message, buffers) {
    if (message.epoch !== this.epoch) return;
    const now = key(this.state);
    const base = this.bases.get(key(message.base)); // none: given up here, or of another page
    let wanted = this.pending;
    message.frames.forEach((header, i) => {
      const id = key(header.state);
      const question = this.flying.get(id);
      this.flying.delete(id);
      if (question) this.adapt(performance.now() - question.time);
      wanted ||= id === now || question;
      if (header.refused) this.refusals.set(id, header.refused);
      if (header.refused || !base) return;
      const frame = { ...base, ...decode(header, buffers[i]) };
      this.keep(id, frame);
      if (question?.serial > this.drawn) this.latest = { frame, state: header.state, serial: question.serial };
    });
    if (wanted) this.schedule();
    if (message.ahead) {
      this.ahead.open = Math.max(0, this.ahead.open - message.frames.length);
      this.ahead.got += message.frames.length;
    }
    this.fetchAhead();
  }

  // Where the kernel takes its time for a frame, few questions are open: the newest waits for few.
  adapt(time) {
    this.shortest = Math.min(this.shortest, time);
    this.window = time > this.shortest + SLOW ? Math.max(1, this.window >> 1) : Math.min(IN_FLIGHT, this.window + 1);
  }

  // What does not change from here on need not travel, nor be drawn again.
  rebase() {
    const frame = this.recall(key(this.state));
    if (!frame) return;
    this.base = this.state;
    this.bases.delete(key(this.state));
    this.bases.set(key(this.state), frame);
    if (this.bases.size > BASES) this.bases.delete(this.bases.keys().next().value);
  }

  // The frames along one slider.
  fetchAlong(name) {
    const index = this.spec.controls.findIndex((control) => control.name === name);
    const others = key(this.state.map((value, i) => (i === index ? name : value)));
    if (this.ahead.name === others) return;
    const control = this.spec.controls[index];
    const count = Math.floor(steps(control.high, control) + 1e-9);
    const states = [...Array(count + 1).keys()].map((i) => this.state.map((value, k) => (k === index ? onStep(i, control) : value)));
    this.rebase();
    this.plan(others, states, () => steps(this.state[index], control));
  }

  fetchPresets() {
    const names = this.spec.controls.map((control) => control.name);
    const frame = this.recall(key(this.state)) ?? this.first;
    const states = this.spec.presets.filter((preset) => !preset.method).map((preset) => {
      const values = Object.fromEntries(settings(preset, frame));
      return names.map((name, i) => values[name] ?? this.state[i]);
    }).filter((state) => !state.some(Number.isNaN));
    this.plan(null, states, () => 0);
  }

  // Across two axes there is nothing to fetch: the kernel is left to the questions.
  fetchNothing() {
    this.rebase();
    this.plan(null, [], () => 0);
    this.send({ type: "ahead", states: [], base: this.base, fresh: true });
  }

  plan(name, states, here) {
    const waiting = new Set(states.map((state, i) => ({ id: key(state), state, i })));
    this.ahead = { name, waiting, here, open: 0, got: 0, left: CACHED / 2, fresh: true, start: performance.now() };
    this.fetchAhead();
  }

  // Coarse positions first, each grid from near to far of where the slider is by now.
  fetchAhead() {
    const { ahead } = this;
    if (ahead.waiting.size === 0 || ahead.open > AHEAD / 2) return;
    const here = ahead.here();
    const rank = ({ i }) => 1e6 * GRIDS.findIndex((every) => i % every === 0) + Math.abs(i - here);
    const now = performance.now();
    const dear = now - this.moving < REST && now - ahead.start > CHEAP * ahead.got;
    const useful = [...ahead.waiting].filter(({ id, i }) => !this.cache.has(id) && !this.flying.has(id) && !(dear && i % 2));
    const next = useful.sort((one, other) => rank(one) - rank(other)).slice(0, Math.min(AHEAD - ahead.open, ahead.left));
    const states = next.map(({ state }) => state);
    if (states.length === 0) return;
    for (const one of next) ahead.waiting.delete(one);
    this.send({ type: "ahead", states, base: this.base, fresh: ahead.fresh });
    ahead.open += states.length;
    ahead.left -= states.length;
    ahead.fresh = false;
  }

  report() {
    const alive = [...this.controls.values()].every((control) => control.comm_live !== false);
    const oldest = Math.min(...[...this.flying.values()].map((question) => question.time));
    let notice = "";
    if (this.gone || !alive) notice = "The kernel has stopped. Run the cell again to bring this panel back to life.";
    else if (performance.now() - oldest > PATIENCE) notice = "The kernel is busy or gone: the picture follows when it answers.";
    else if (performance.now() - this.refused.time < READING) notice = this.refused.reason;
    for (const view of this.views) view.notify(notice);
  }
}

const key = (state) => JSON.stringify(state);
// In a preset, "{best_mu}" stands for a number of the frame.
const settings = (preset, frame) =>
  Object.entries(preset.values).map(([name, value]) => [name, value?.[0] === "{" ? frame[value.slice(1, -1)] : value]);
const round = (value) => Number(value.toPrecision(12));

// The inverse of explorer/stage/wire.py.
function decode(header, view) {
  const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const frame = { ...header.texts };
  const numbers = new Float64Array(buffer, 0, header.numbers.length);
  header.numbers.forEach((name, i) => (frame[name] = numbers[i]));
  let offset = numbers.byteLength;
  for (const [name, size] of header.curves) {
    frame[name] = new Float32Array(buffer, offset, size);
    offset += 4 * size;
  }
  for (const [name, rows, columns, low, high] of header.fields) {
    const steps = new Uint16Array(buffer, offset, rows * columns);
    frame[name] = { rows, columns, low, high, steps };
    offset += 2 * rows * columns;
  }
  return frame;
}

// ---------------------------------------------------------------------------------------- text

function number(value, digits) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

// "{entry}" stands for a text of the frame, or for the i-th of its texts.
const fill = (text, frame, i = 0) =>
  text.replace(/\{(\w+)\}/g, (_, name) => (Array.isArray(frame[name]) ? frame[name][i] : frame[name]));

// "*a*" is set in italics: the pieces of a text, every second one a symbol.
const pieces = (text) => text.split("*");

function setText(node, text, make) {
  if (node.shownText === text) return;
  node.shownText = text;
  const parts = pieces(text);
  if (node.childNodes.length !== parts.length) {
    node.replaceChildren(...parts.map((_, i) => make(i % 2 === 1)));
  }
  parts.forEach((part, i) => {
    const piece = node.childNodes[i];
    if (!piece.firstChild) piece.append(part);
    else if (piece.firstChild.data !== part) piece.firstChild.data = part;
  });
}

const setHtml = (node, text) => setText(node, text, (symbol) => html(symbol ? "i" : "span"));
const setSvg = (node, text) => setText(node, text, (symbol) => svg("tspan", symbol ? { class: "symbol" } : {}));
const plain = (text) => text.replaceAll("*", "");

const ruler = document.createElement("canvas").getContext("2d");
const widths = new Map();

// Digits are set tabular, so every digit measures as a zero.
function textWidth(text, family) {
  const model = text.replace(/\d/g, "0");
  if (!widths.has(model)) {
    const [upright, symbol] = [`13px ${family}`, "italic 15px Georgia, serif"];
    const width = pieces(model).reduce((sum, part, i) => {
      ruler.font = i % 2 ? symbol : upright;
      return sum + ruler.measureText(part).width;
    }, 0);
    widths.set(model, width);
  }
  return widths.get(model);
}

// ----------------------------------------------------------------------------------------- DOM

function svg(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Writes only what changed: an unchanged attribute costs no layout.
function put(node, name, value) {
  node.written ??= {};
  if (node.written[name] === value) return;
  node.written[name] = value;
  node.setAttribute(name, value);
}

const HANDLE = ".noUi-handle, .ui-slider-handle"; // of a stock slider, in ipywidgets 8 and 7

// In Notebook 7 the arrow keys reach a control only if it carries this attribute itself.
const KEYS = { "data-lm-suppress-shortcuts": "true" };

// ---------------------------------------------------------------------------------------- view

class View {
  constructor(link, el) {
    this.link = link;
    this.el = el;
    this.count = 0;
    this.resizer = new ResizeObserver(() => this.resize());
    this.newcomers = new MutationObserver(() => this.dressControls());
    this.build();
    this.resizer.observe(el); // calls back at once, or when we come into the page
    link.views.add(this);
  }

  close() {
    this.resizer.disconnect();
    this.newcomers.disconnect();
    clearTimeout(this.speaking);
    this.link.views.delete(this);
  }

  build() {
    const { spec } = this.link;
    this.shown = undefined;
    this.width = undefined;
    this.plots = spec.axes.map((axes) => new Plot(this, axes));
    this.presets = spec.presets.map((preset) => this.presetButton(preset));
    const start = Object.fromEntries(spec.controls.map((control, i) => [control.name, this.link.start[i]]));
    const reset = this.presetButton({ label: "↺ reset", values: start, note: "back to where it started" });
    this.choices = spec.controls.filter((control) => control.kind === "choice").map((control) => this.choiceGroup(control));
    this.terms = [];
    const sums = spec.sums.map((sum) => this.equation(sum));
    this.players = spec.controls.filter((control) => control.play).map((control) => this.playButtons(control));
    this.sentence = html("p", { class: "explorer-sentence", "aria-hidden": "true" });
    this.status = html("p", { class: "explorer-spoken", role: "status", "aria-live": "polite" });
    this.notice = html("p", { class: "explorer-notice", role: "alert", hidden: "" });
    this.el.replaceChildren(
      html(
        "div",
        { class: "explorer-bar" },
        html("div", { class: "explorer-presets", role: "group", "aria-label": "presets" }, ...this.presets.map((p) => p.node), reset.node),
        ...this.players.map((player) => player.node),
        ...this.choices.map((choice) => choice.node),
      ),
      this.notice,
      html("div", { class: "explorer-plots", style: `--ex-columns: ${spec.columns}` }, ...this.plots.map((plot) => plot.node)),
      ...sums,
      this.sentence,
      this.status,
    );
    if (this.panel) this.enter(); // new data may have brought new sliders
    this.link.schedule();
  }

  presetButton(preset) {
    const node = html("button", { type: "button", class: "explorer-preset", ...KEYS }, preset.label);
    if (preset.note) node.title = preset.note;
    node.disabled = !preset.method && Object.keys(preset.values).length === 0;
    node.addEventListener("click", () => this.link.pressPreset(preset, this.shown?.frame));
    return { preset, node };
  }

  equation(sum) {
    const terms = [sum.total, ...sum.terms].map((term) => {
      const value = html("span", { class: "explorer-value" });
      const label = html("span", { class: "explorer-formula" });
      return { term, value, label, digits: sum.digits, node: html("span", { class: "explorer-term" }, value, label) };
    });
    this.terms.push(...terms);
    const sign = (i) => html("span", { class: "explorer-sign" }, i === 1 ? "=" : "+");
    return html("div", { class: "explorer-sum" }, ...terms.flatMap(({ node }, i) => (i === 0 ? [node] : [sign(i), node])));
  }

  playButtons(control) {
    const play = html("button", { type: "button", class: "explorer-preset", ...KEYS });
    const step = html("button", { type: "button", class: "explorer-preset", "aria-label": `${control.label}: one step`, ...KEYS }, "step");
    const speed = html("select", { class: "explorer-speed", "aria-label": `${control.label}: speed`, ...KEYS });
    for (const [text, value] of [["slow", 6], ["normal", 20], ["fast", 60]]) speed.append(html("option", { value }, text));
    speed.value = "20";
    play.addEventListener("click", () => this.link.play(control, this.link.player ? 0 : Number(speed.value)));
    step.addEventListener("click", () => this.link.nudge(control, 1, {}));
    speed.addEventListener("change", () => this.link.player && this.link.play(control, Number(speed.value)));
    return { control, play, node: html("div", { class: "explorer-presets", role: "group", "aria-label": control.label }, play, step, speed) };
  }

  choiceGroup(control) {
    const group = `explorer-${Math.random().toString(36).slice(2)}`;
    const inputs = control.options.map(([value, text]) => {
      const input = html("input", { type: "radio", name: group, value, ...KEYS });
      input.addEventListener("change", () => this.link.assign({ [control.name]: value }));
      const label = html("span");
      setHtml(label, text);
      return { input, node: html("label", {}, input, label) };
    });
    const node = html(
      "div",
      { class: "explorer-choice", role: "radiogroup", "aria-label": control.label },
      ...inputs.map((entry) => entry.node),
    );
    return { control, inputs, node };
  }

  // The sliders are drawn by ipywidgets beside us, sooner or later than we are.
  enter() {
    this.panel = this.el.closest(".explorer-panel");
    if (!this.panel) return;
    this.newcomers.observe(this.panel, { childList: true, subtree: true });
    this.dressControls();
  }

  dressControls() {
    const sliders = this.link.spec.controls.filter((control) => control.kind === "slider" && control.shown);
    const dressed = sliders.filter((control) => this.dress(control));
    if (dressed.length === sliders.length) this.newcomers.disconnect();
  }

  // Stock sliders have no accessible name, and nothing tells us that one is about to move.
  dress(control) {
    const node = this.panel.querySelector(`.explorer-control-${control.name.replace(".", "-")}`);
    const handle = node?.querySelector(HANDLE);
    const readout = node?.querySelector(".widget-readout");
    if (!handle || !readout) return false;
    handle.setAttribute("aria-label", control.label);
    readout.setAttribute("aria-label", `${control.label}, typed value`);
    readout.setAttribute("role", "textbox");
    for (const part of [handle, readout]) part.setAttribute("data-lm-suppress-shortcuts", "true");
    if (node.explorerLink === this.link) return true;
    node.explorerLink = this.link;
    for (const event of ["pointerenter", "pointerdown", "focusin"]) {
      node.addEventListener(event, () => this.link.fetchAlong(control.name));
    }
    node.addEventListener("pointerdown", () => this.link.hold(control.name), true);
    node.addEventListener("keydown", (event) => this.link.press(event, control), true);
    return true;
  }

  resize() {
    const width = this.el.clientWidth;
    if (!width) return;
    if (!this.panel) this.enter();
    if (width === this.width) return;
    this.width = width;
    for (const plot of this.plots) plot.resize();
    if (this.shown) this.draw(this.shown.frame, this.shown.state);
  }

  draw(frame, state) {
    this.shown = { frame, state };
    const { spec } = this.link;
    const now = Object.fromEntries(spec.controls.map((control, i) => [control.name, state[i]]));
    if (this.width) for (const plot of this.plots) plot.draw(frame, now);
    for (const { control, play } of this.players) {
      const running = this.link.player?.name === control.name;
      setHtml(play, running ? "❚❚ pause" : "▶ play");
      put(play, "aria-label", `${control.label}: ${running ? "pause" : "play"}`);
    }
    for (const { term, value, label, digits, node } of this.terms) {
      setHtml(label, fill(term.label, frame));
      setHtml(value, number(frame[term.value], digits));
      node.classList.toggle("explorer-struck", term.struck !== "" && frame[term.struck] === true);
    }
    for (const { preset, node } of this.presets) {
      const values = settings(preset, frame);
      node.disabled = (!preset.method && values.length === 0) || values.some(([, value]) => Number.isNaN(value));
      put(node, "aria-pressed", values.length > 0 && values.every(([name, value]) => now[name] === value));
    }
    for (const { control, inputs } of this.choices) {
      for (const { input } of inputs) input.checked = input.value === String(now[control.name]);
    }
    setHtml(this.sentence, frame[spec.sentence]);
    this.speak();
    put(this.el, "data-frame-state", key(state));
    put(this.el, "data-frame-count", ++this.count);
  }

  // The sentence is read out at most about once a second, and always the last one.
  speak() {
    this.speaking ??= setTimeout(() => {
      this.speaking = undefined;
      const text = plain(this.sentence.textContent);
      if (this.status.textContent !== text) this.status.textContent = text;
    }, 1000);
  }

  notify(text) {
    if (this.notice.textContent === text) return;
    this.notice.textContent = text;
    this.notice.hidden = text === "";
  }
}

// ---------------------------------------------------------------------------------------- plot

const MARGIN = { left: 34, right: 12, top: 8, bottom: 36 };

class Plot {
  constructor(view, axes) {
    this.view = view;
    this.axes = axes;
    this.clip = `explorer-clip-${Math.random().toString(36).slice(2)}`;
    this.svg = svg("svg", { role: "img" });
    this.frameRect = svg("rect", { x: MARGIN.left, y: MARGIN.top });
    const clipPath = svg("clipPath", { id: this.clip });
    clipPath.append(this.frameRect);
    this.grid = svg("path", { class: "explorer-grid" });
    this.spine = svg("path", { class: "explorer-spine" });
    this.ticks = svg("g", { class: "explorer-ticks" });
    this.layer = svg("g", { "clip-path": `url(#${this.clip})` });
    this.over = svg("g");
    this.texts = svg("g", { class: "explorer-labels" });
    this.xLabel = svg("text", { class: "explorer-axis", "text-anchor": "end" });
    this.yLabel = svg("text", { class: "explorer-axis", "text-anchor": "end" });
    setSvg(this.xLabel, axes.x_label);
    setSvg(this.yLabel, axes.y_label);
    this.svg.append(clipPath, this.grid, this.layer, this.spine, this.ticks, this.xLabel, this.yLabel, this.over, this.texts);
    this.title = html("div", { class: "explorer-title" });
    this.area = html("div", { class: "explorer-area" }, this.svg);
    this.node = html("div", { class: "explorer-plot" }, this.title, this.area);
    this.labels = [];
    this.marks = axes.marks.map((mark) => MARKS[mark.kind](this, mark));
    if (axes.click) this.area.addEventListener("click", (event) => this.click(event));
  }

  click(event) {
    if (event.target.closest(".explorer-grip")) return;
    const box = this.svg.getBoundingClientRect();
    const at = { x: this.xInverse(event.clientX - box.left), y: this.yInverse(event.clientY - box.top) };
    const { link } = this.view;
    for (const { axis, control, toValue } of dragged(this.axes.click, this)) {
      const option = control.options?.[Math.round(at[axis])]?.[0];
      const value = control.kind === "choice" ? option : onGrid(toValue(at[axis]), control);
      if (value !== undefined) link.assign({ [control.name]: value });
    }
  }

  resize() {
    this.width = Math.max(this.node.clientWidth, 200);
    this.height = Math.round(this.axes.height * Math.min(Math.max(0.8 * this.width, 230), 340));
    this.right = this.width - MARGIN.right;
    this.bottom = this.height - MARGIN.bottom;
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("height", this.height);
    this.frameRect.setAttribute("width", this.right - MARGIN.left);
    this.frameRect.setAttribute("height", this.bottom - MARGIN.top);
    this.family = getComputedStyle(this.node).fontFamily;
    this.limits = undefined;
    this.resized = (this.resized ?? 0) + 1;
  }

  draw(frame, now) {
    this.frame = frame;
    this.now = now;
    this.rescale(limits(this.axes.x_limits, frame), limits(this.axes.y_limits, frame), frame[this.axes.x_ticks]);
    setHtml(this.title, fill(this.axes.title, frame));
    put(this.svg, "aria-label", plain(fill(this.axes.description, frame)));
    this.labels = [];
    this.curves = [];
    this.taken = [];
    for (const mark of this.marks) mark(frame, now);
    this.placeLabels();
  }

  rescale(x, y, names) {
    const same = this.limits && key([x, y, names]) === key(this.limits);
    if (same) return;
    this.limits = [x, y, names];
    const [left, top] = [MARGIN.left, MARGIN.top];
    const { x_log: xLog } = this.axes;
    const across = xLog ? (value) => Math.log(value / x[0]) / Math.log(x[1] / x[0]) : (value) => (value - x[0]) / (x[1] - x[0]);
    this.x = (value) => left + across(value) * (this.right - left);
    this.y = (value) => this.bottom - ((value - y[0]) / (y[1] - y[0])) * (this.bottom - top);
    const back = xLog ? (part) => x[0] * (x[1] / x[0]) ** part : (part) => x[0] + part * (x[1] - x[0]);
    this.xInverse = (pixel) => back((pixel - left) / (this.right - left));
    this.yInverse = (pixel) => y[0] + ((this.bottom - pixel) / (this.bottom - top)) * (y[1] - y[0]);
    const [xTicks, yTicks] = [names ? [...names.keys()] : xLog ? powers(x) : ticks(x, 6), ticks(y, 5)];
    const full = this.axes.marks.some((mark) => mark.kind === "landscape");
    put(this.grid, "d", full ? "" : yTicks.map((v) => `M${left} ${crisp(this.y(v))}H${this.right}`).join(""));
    put(
      this.spine,
      "d",
      `M${left} ${crisp(this.bottom)}H${this.right}` +
        xTicks.map((v) => `M${crisp(this.x(v))} ${this.bottom}v4`).join(""),
    );
    const label = (text, xAt, yAt, anchor) => {
      const node = svg("text", { x: xAt, y: yAt, "text-anchor": anchor });
      setSvg(node, text);
      return node;
    };
    this.ticks.replaceChildren(
      ...xTicks.map((v) => label(names?.[v] ?? tickText(v), this.x(v), this.bottom + 17, "middle")),
      ...yTicks.map((v) => label(tickText(v), left - 7, this.y(v) + 4, "end")),
    );
    put(this.xLabel, "x", this.right);
    put(this.xLabel, "y", this.bottom + 33);
    put(this.yLabel, "x", left - 7);
    const middle = Math.floor((yTicks.length - 1) / 2);
    const between = (yTicks[middle] + (yTicks[middle + 1] ?? yTicks[middle])) / 2;
    put(this.yLabel, "y", this.y(between) + 4);
  }

  // Infinite values stand at the edge; nothing is drawn far outside, where paths lose precision.
  yClamped(value) {
    const pixel = this.y(value);
    return Math.min(Math.max(pixel, MARGIN.top - 40), this.bottom + 40);
  }

  // Labels keep off the straight line between two points.
  avoid(x0, y0, x1, y1) {
    const count = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 5);
    this.curves.push([...Array(count).keys()].flatMap((i) => [x0 + ((x1 - x0) * i) / count, y0 + ((y1 - y0) * i) / count]));
  }

  // Each label takes the place beside its anchor where it hides least.
  placeLabels() {
    const boxes = this.taken;
    const [left, top] = [MARGIN.left, MARGIN.top];
    this.labels.forEach(({ x, y, text, role, gap, places = PLACES }, i) => {
      const node = this.texts.childNodes[i] ?? this.texts.appendChild(svg("text"));
      setSvg(node, text);
      put(node, "class", `role-${role}`);
      const width = textWidth(text, this.family);
      let best;
      for (const [dx, dy] of places) {
        const box = { x: dx > 0 ? x + gap : dx < 0 ? x - gap - width : x - width / 2, y: y - 8 + dy * (gap + 9), width, height: 16 };
        box.x = Math.min(Math.max(box.x, left + 2), this.right - width);
        box.y = Math.min(Math.max(box.y, top), this.bottom - 16);
        const cost =
          1000 * boxes.filter((other) => overlap(box, other, 2)).length +
          100 * this.labels.filter((other) => inside(box, other, 4)).length +
          this.curves.reduce((sum, points) => sum + crossings(box, points), 0);
        if (!best || cost < best.cost) best = { box, cost };
        if (cost === 0) break;
      }
      boxes.push(best.box);
      put(node, "x", round2(best.box.x));
      put(node, "y", round2(best.box.y + 12.5));
    });
    while (this.texts.childNodes.length > this.labels.length) this.texts.lastChild.remove();
  }
}

const PLACES = [[1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [0, -1], [0, 1], [1, -2], [-1, -2], [1, 2], [-1, 2], [0, -2], [0, 2]];
const round2 = (value) => Math.round(value * 100) / 100;
const crisp = (pixel) => Math.round(pixel) + 0.5;
const limits = (entry, frame) => (typeof entry === "string" ? [...frame[entry]] : entry);
const overlap = (a, b, gap) =>
  a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap;
const inside = (box, point, gap) =>
  point.x > box.x - gap && point.x < box.x + box.width + gap && point.y > box.y - gap && point.y < box.y + box.height + gap;

function crossings(box, points) {
  let count = 0;
  for (let i = 0; i < points.length; i += 2) count += inside(box, { x: points[i], y: points[i + 1] }, 1);
  return count;
}

function ticks([low, high], count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + 1e-6 * step; i++) values.push(round(i * step));
  return values;
}

function powers([low, high]) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.ceil((last - first + 1) / 7);
  return [...Array(last - first + 1).keys()].filter((i) => i % every === 0).map((i) => round(10 ** (first + i)));
}

// From 10,000 on in thousands, then in millions: there is room for four digits.
function tickText(value) {
  const [unit, name] = Math.abs(value) >= 1e6 ? [1e6, "M"] : Math.abs(value) >= 1e4 ? [1e3, "k"] : [1, ""];
  return String(round(value / unit)).replace("-", "−") + name;
}

// --------------------------------------------------------------------------------------- marks
// Each makes its elements once and returns the function that updates them from a frame.

const list = (value) => (typeof value === "number" ? [value] : value);

function polyline(plot, xs, ys, points) {
  let path = "";
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [plot.x(xs[i]), plot.yClamped(ys[i])];
    if (Number.isNaN(y)) continue;
    path += `${i > 0 && !Number.isNaN(ys[i - 1]) ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (points?.length > 0) fillIn(points, x, y);
    points?.push(x, y);
  }
  return path;
}

// Where a curve is steep its points are far apart; labels keep off what lies between them too.
function fillIn(points, x, y) {
  const [x0, y0] = points.slice(-2);
  const count = Math.min(Math.floor(Math.hypot(x - x0, y - y0) / 6), 60);
  for (let i = 1; i <= count; i++) points.push(x0 + ((x - x0) * i) / (count + 1), y0 + ((y - y0) * i) / (count + 1));
}

// Does it again, and has a new result, only if what it is given or the plot's scales are others.
function whenNew(plot, doIt) {
  let [given, scales, result] = [];
  return (...values) => {
    if (scales !== plot.limits || values.some((value, i) => value !== given[i])) result = doIt(...values);
    [given, scales] = [values, plot.limits];
    return result;
  };
}

const MARKS = {
  line(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-line role-${mark.role}${mark.dashed ? " dashed" : ""}` }));
    const trace = whenNew(plot, (xs, ys) => {
      const points = [];
      put(node, "d", polyline(plot, xs, ys, points));
      return points;
    });
    return (frame) => {
      const [xs, ys] = [frame[mark.x], frame[mark.y]];
      plot.curves.push(trace(xs, ys));
      if (mark.label && xs.length > 0) {
        const middle = Math.floor((xs.length - 1) * mark.at);
        const [x, y] = xs.length === 2 ? [(xs[0] + xs[1]) / 2, (ys[0] + ys[1]) / 2] : [xs[middle], ys[middle]];
        if (!Number.isNaN(y)) plot.labels.push({ x: plot.x(x), y: plot.yClamped(y), text: fill(mark.label, frame), role: mark.role, gap: 8 });
      }
    };
  },

  area(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-fill role-${mark.role}` }));
    const trace = whenNew(plot, (xs, ys, base) => {
      const floor = base ?? new Float32Array(xs.length);
      const back = polyline(plot, [...xs].reverse(), [...floor].reverse());
      put(node, "d", xs.length > 0 ? `${polyline(plot, xs, ys)}L${back.slice(1)}Z` : "");
    });
    return (frame) => trace(frame[mark.x], frame[mark.y], frame[mark.base]);
  },

  stems(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-stems role-${mark.role}` }));
    return (frame) => {
      const base = plot.yClamped(0).toFixed(1);
      const ys = list(frame[mark.y]);
      put(node, "d", Array.from(list(frame[mark.x]), (x, i) => `M${plot.x(x).toFixed(1)} ${base}V${plot.yClamped(ys[i]).toFixed(1)}`).join(""));
    };
  },

  rug(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-rug role-${mark.role}` }));
    return (frame) => put(node, "d", Array.from(list(frame[mark.x]), (x) => `M${plot.x(x).toFixed(1)} ${plot.bottom}v-11`).join(""));
  },

  rule(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-rule role-${mark.role}` }));
    const knob = mark.drag && plot.over.appendChild(svg("circle", { class: `explorer-knob role-${mark.role}`, r: 7 }));
    const grips = new Grips(plot, mark, "explorer-grip-rule");
    return (frame) => {
      const x = plot.x(frame[mark.x]);
      put(node, "d", `M${x.toFixed(1)} ${MARGIN.top}V${plot.bottom}`);
      if (mark.label) plot.labels.push({ x, y: MARGIN.top + 10, text: fill(mark.label, frame), role: mark.role, gap: 9 });
      plot.avoid(x, MARGIN.top, x, plot.bottom);
      if (!knob) return;
      put(knob, "cx", round2(x));
      put(knob, "cy", plot.bottom);
      grips.place(0, x - 14, MARGIN.top, 28, plot.bottom - MARGIN.top + 12);
    };
  },

  points(plot, mark) {
    const guides = mark.drop && plot.layer.appendChild(svg("path", { class: `explorer-guide role-${mark.role}` }));
    const group = plot.over.appendChild(
      svg("g", { class: `explorer-points role-${mark.role} ${mark.shape}${mark.small ? " small" : ""}` }),
    );
    const grips = new Grips(plot, mark, "explorer-grip-point");
    const radius = mark.small ? 3.5 : 7;
    return (frame) => {
      const [xs, ys] = [list(frame[mark.x]), list(frame[mark.y])];
      let drops = "";
      grips.keep(xs.length);
      for (let i = 0; i < xs.length; i++) {
        const [x, right] = atEdge(plot.x(xs[i]), MARGIN.left, plot.right);
        const [y, down] = atEdge(plot.y(ys[i]), MARGIN.top, plot.bottom);
        const hidden = Number.isNaN(xs[i]) || Number.isNaN(ys[i]);
        const node = group.childNodes[i] ?? group.appendChild(svg("path"));
        put(node, "d", hidden ? "" : right || down ? triangle(x, y, down ? 0 : right, down, mark.small ? 4 : 6) : mark.shape === "cross" ? cross(x, y) : disc(x, y, radius));
        if (hidden) continue;
        if (mark.drop.includes("x")) {
          drops += `M${x.toFixed(1)} ${y.toFixed(1)}V${plot.bottom}`;
          plot.avoid(x, y, x, plot.bottom);
        }
        if (mark.drop.includes("y")) {
          drops += `M${x.toFixed(1)} ${y.toFixed(1)}H${MARGIN.left}`;
          plot.avoid(x, y, MARGIN.left, y);
        }
        const text = fill(mark.label, frame, i);
        if (text) plot.labels.push({ x, y, text, role: mark.role, gap: radius + 5 });
        else if (!mark.small) plot.taken.push({ x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius });
        grips.place(i, x - 16, y - 16, 32, 32);
      }
      while (group.childNodes.length > xs.length) group.lastChild.remove();
      if (guides) put(guides, "d", drops);
    };
  },

  bars(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-bars role-${mark.role}` }));
    const grips = new Grips(plot, mark, "explorer-grip-bar");
    return (frame) => {
      const [xs, ys] = [list(frame[mark.x]), list(frame[mark.y])];
      const bases = mark.base ? list(frame[mark.base]) : new Float32Array(xs.length);
      let path = "";
      grips.keep(xs.length);
      for (let i = 0; i < xs.length; i++) {
        const [left, right] = [plot.x(xs[i] - mark.width / 2), plot.x(xs[i] + mark.width / 2)];
        const [base, y] = [plot.yClamped(bases[i]), plot.yClamped(ys[i])];
        path += `M${round2(left)} ${round2(base)}V${round2(y)}H${round2(right)}V${round2(base)}Z`;
        const [text, middle] = [fill(mark.label, frame, i), (left + right) / 2];
        if (text) plot.labels.push({ x: middle, y: y + (y > base ? 10 : -10), text, role: mark.role, gap: 0, places: [[0, 0]] });
        grips.place(i, left, y - 14, right - left, 28);
      }
      put(node, "d", path);
    };
  },

  squares(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-squares role-${mark.role}` }));
    return (frame) => {
      const [xs, ys, to] = [mark.x, mark.y, mark.to].map((name) => list(frame[name]));
      const square = (x, i) => {
        const [top, bottom] = [plot.y(ys[i]), plot.y(to[i])].sort((a, b) => a - b);
        const side = bottom - top;
        const left = plot.x(x) + side > plot.right ? plot.x(x) - side : plot.x(x);
        return `M${round2(left)} ${round2(top)}h${round2(side)}v${round2(side)}h${round2(-side)}Z`; // all one way round
      };
      put(node, "d", Array.from(xs, square).join(""));
    };
  },

  arrows(plot, mark) {
    const node = plot.layer.appendChild(svg("path", { class: `explorer-arrows role-${mark.role}` }));
    return (frame) => {
      const [xs, ys, toX, toY] = [mark.x, mark.y, mark.to_x, mark.to_y].map((name) => list(frame[name]));
      put(node, "d", Array.from(xs, (x, i) => arrow(plot.x(x), plot.yClamped(ys[i]), plot.x(toX[i]), plot.yClamped(toY[i]))).join(""));
    };
  },

  note(plot, mark) {
    const right = mark.side === "right";
    const node = plot.over.appendChild(svg("text", { class: `explorer-note role-${mark.role}`, "text-anchor": right ? "end" : "start" }));
    return (frame) => {
      const text = fill(mark.text, frame);
      setSvg(node, text);
      const [x, y] = [right ? plot.right - 4 : MARGIN.left + 6, MARGIN.top + 16];
      put(node, "x", x);
      put(node, "y", y);
      const width = 1.1 * textWidth(text, plot.family);
      if (text) plot.taken.push({ x: right ? x - width : x, y: y - 14, width, height: 18 });
    };
  },

  // A picture below the drawing: as nested shapes it would take many times as long to paint.
  landscape(plot, mark) {
    const canvas = html("canvas", { class: `explorer-landscape role-${mark.role}`, "aria-hidden": "true" });
    plot.area.prepend(canvas);
    const context = canvas.getContext("2d");
    let drawn = {};
    const draw = (frame) => {
      const [field, levels] = [frame[mark.values], frame[mark.levels]];
      const same = drawn.size === plot.resized && sameList(drawn.levels, levels) && sameField(drawn.field, field);
      if (same) return;
      if (drawn.size !== plot.resized) {
        const [width, height] = [plot.right - MARGIN.left, plot.bottom - MARGIN.top];
        const scale = Math.min(window.devicePixelRatio, Math.sqrt(PIXELS / (width * height)));
        put(canvas, "style", `left:${MARGIN.left}px;top:${MARGIN.top}px;width:${width}px;height:${height}px`);
        [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
        drawn.image = context.createImageData(canvas.width, canvas.height);
        drawn.line = 0.4 * scale;
        drawn.colour = getComputedStyle(canvas).color.match(/[\d.]+/g).map(Number);
      }
      drawn = { ...drawn, field, levels, size: plot.resized };
      paintBands(drawn);
      context.putImageData(drawn.image, 0, 0);
    };
    // Its colour is the theme's, which a transition of no length tells when it changes.
    canvas.addEventListener("transitionend", () => {
      drawn = {};
      draw(plot.frame);
    });
    return draw;
  },
};

const disc = (x, y, r) => `M${round2(x - r)} ${round2(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
const cross = (x, y) => `M${round2(x - 5)} ${round2(y - 5)}l10 10m0 -10l-10 10`;

function arrow(x0, y0, x1, y1) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (!(length > 1)) return "";
  const [dx, dy, head] = [(x1 - x0) / length, (y1 - y0) / length, Math.min(7, length)];
  const wing = (side) => `${round2(x1 - head * dx + 0.6 * head * side * dy)} ${round2(y1 - head * dy - 0.6 * head * side * dx)}`;
  return `M${round2(x0)} ${round2(y0)}L${round2(x1)} ${round2(y1)}M${wing(1)}L${round2(x1)} ${round2(y1)}L${wing(-1)}`;
}

// Where on an axis something stands, or if beyond its end, just inside; and the direction in which it is.
function atEdge(pixel, low, high) {
  const side = pixel < low - 1 ? -1 : pixel > high + 1 ? 1 : 0;
  return [side ? (side < 0 ? low : high) - 6 * side : pixel, side];
}

// A triangle that points to one side: dx to the right, or dy down.
function triangle(x, y, dx, dy, half) {
  const [ahead, aside] = [0.8 * half * (dx + dy), half];
  const [tip, one, two] = dx ? [[ahead, 0], [-ahead, aside], [-ahead, -aside]] : [[0, ahead], [aside, -ahead], [-aside, -ahead]];
  return `M${[tip, one, two].map(([u, v]) => `${round2(x + u)} ${round2(y + v)}`).join("L")}Z`;
}

const sameList = (one, other) => one === other || (one.length === other.length && one.every((value, i) => value === other[i]));
const sameField = (one, other) => one.low === other.low && one.high === other.high && sameList(one.steps, other.steps);
const PIXELS = 6e5; // of a landscape, at most
const [BAND, CONTOUR] = [0.042, 0.38]; // opacity of each level's band, and of the line at its edge

// Paints how many levels the field, bilinear between its points, has reached, and lines at the levels.
function paintBands({ field, levels, image, line, colour }) {
  const { rows, columns, low, high, steps } = field;
  const { width, height } = image;
  const pixels = new Uint32Array(image.data.buffer);
  const rgb = (colour[2] << 16) | (colour[1] << 8) | colour[0];
  const edges = Float64Array.from([-Infinity, ...levels, Infinity], (level) => 1 + ((level - low) / (high - low)) * 65532);
  const clear = Float64Array.from({ length: edges.length - 1 }, (_, k) => (1 - BAND) ** k);
  const ink = (opacity) => rgb | ((255 * opacity + 0.5) << 24);
  const plain = Uint32Array.from(clear, (part) => ink(1 - part));
  // The first and the last step stand for infinite values, which here are merely beyond every level.
  const at = (n) => (steps[n] === 0 || steps[n] === 65535 ? -1e9 : steps[n] === 65534 ? 1e9 : steps[n]);
  const reached = (value) => {
    let k = 0;
    while (edges[k + 1] <= value) k++;
    return k;
  };
  const [dx, dy] = [width / (columns - 1), height / (rows - 1)];
  for (let j = 0; j < rows - 1; j++) {
    const [top, bottom] = [Math.round(height - (j + 1) * dy), Math.round(height - j * dy)];
    for (let i = 0; i < columns - 1; i++) {
      const [left, right] = [Math.round(i * dx), Math.round((i + 1) * dx)];
      const n = j * columns + i;
      const [a, b, c, d] = [at(n), at(n + 1), at(n + columns), at(n + columns + 1)];
      const [least, most] = [Math.min(a, b, c, d), Math.max(a, b, c, d)];
      const near = (line + 0.5) * Math.hypot(Math.max(Math.abs(b - a), Math.abs(d - c)) / dx, Math.max(Math.abs(c - a), Math.abs(d - b)) / dy);
      const first = reached(least - near);
      if (first === reached(most + near)) {
        for (let y = top; y < bottom; y++) pixels.fill(plain[first], y * width + left, y * width + right);
        continue;
      }
      for (let y = top; y < bottom; y++) {
        const v = (height - y - 0.5) / dy - j;
        const slope = (b - a + v * (a - b - c + d)) / dx;
        const row = y * width;
        let value = a + v * (c - a) + (left + 0.5 - i * dx) * slope;
        let k = first;
        let x = left;
        while (x < right) {
          while (edges[k + 1] <= value) k++;
          while (edges[k] > value) k--;
          const under = value - edges[k];
          const over = edges[k + 1] - value;
          const off = under < over ? under : over;
          if (off >= near) {
            const run = slope > 0 ? (over - near) / slope : slope < 0 ? (near - under) / slope : Infinity;
            const end = Math.min(x + Math.floor(run) + 1, right);
            value += (end - x) * slope;
            for (; x < end; x++) pixels[row + x] = plain[k];
            continue;
          }
          const up = (c - a + ((x + 0.5) / dx - i) * (a - b - c + d)) / dy;
          const cover = Math.min(Math.max(line + 0.5 - off / Math.sqrt(slope * slope + up * up), 0), 2 * line);
          pixels[row + x] = ink(1 - clear[k] * (1 - CONTOUR * cover));
          value += slope;
          x++;
        }
      }
    }
  }
}

// ------------------------------------------------------------------------------------- handles

// The controls that a drag moves, with the way from a control's value to its axis and back.
function dragged(drag, plot, index = 0) {
  const { spec } = plot.view.link;
  const from = (axis) => (drag.origin && axis === "x" ? plot.frame[drag.origin] : 0);
  const sign = (axis) => (axis === "x" && plot.frame[drag.backwards] ? -1 : 1);
  const find = (name) => spec.controls.find((control) => control.name === name.replace("{i}", index));
  return ["x", "y"]
    .filter((axis) => drag[axis])
    .map((axis) => ({
      axis,
      control: find(drag[axis]),
      sign: () => sign(axis),
      toAxis: drag.log === axis ? Math.log : (value) => sign(axis) * (value - from(axis)),
      toValue: drag.log === axis ? Math.exp : (value) => sign(axis) * value + from(axis),
    }));
}

// The handles of a mark: none where it cannot be dragged, else one for each of its points.
class Grips {
  constructor(plot, mark, kind) {
    Object.assign(this, { plot, mark, kind, handles: [] });
  }

  keep(count) {
    for (const handle of this.handles.splice(count)) handle.node.remove();
  }

  place(index, ...box) {
    if (!this.mark.drag) return;
    this.handles[index] ??= new Handle(this.plot, this.mark, this.kind, index);
    this.handles[index].place(...box);
  }
}

// What can be taken hold of: an element over the drawing, for pointer, finger and arrow keys.
class Handle {
  constructor(plot, mark, kind, index) {
    this.plot = plot;
    this.link = plot.view.link;
    this.controls = dragged(mark.drag, plot, index);
    const wheel = mark.drag.wheel.replace("{i}", index);
    this.wheel = this.link.spec.controls.find((control) => control.name === wheel);
    const [{ axis, control }] = this.controls;
    const name = this.controls.map((c) => c.control.label).join(" and ");
    this.node = html("div", {
      class: `explorer-grip ${kind} role-${mark.role}`,
      role: "slider",
      tabindex: "0",
      "aria-label": `${name}, in the plot`,
      "aria-orientation": axis === "x" ? "horizontal" : "vertical",
      "aria-valuemin": control.low,
      "aria-valuemax": control.high,
      ...KEYS,
    });
    this.node.addEventListener("pointerdown", (event) => this.take(event));
    this.node.addEventListener("pointermove", (event) => this.move(event));
    for (const event of ["pointerup", "pointercancel"]) this.node.addEventListener(event, () => this.release());
    this.node.addEventListener("keydown", (event) => this.press(event));
    if (this.wheel) this.node.addEventListener("wheel", (event) => this.turn(event), { passive: false });
    for (const event of ["pointerenter", "focus"]) this.node.addEventListener(event, () => this.fetch());
    plot.area.append(this.node);
  }

  turn(event) {
    event.preventDefault();
    this.link.nudge(this.wheel, -Math.sign(event.deltaY), event);
  }

  fetch() {
    if (this.controls.length === 1) this.link.fetchAlong(this.controls[0].control.name);
  }

  place(x, y, width, height) {
    put(this.node, "style", `transform:translate(${round2(x)}px,${round2(y)}px);width:${width}px;height:${round2(height)}px`);
    const { now } = this.plot;
    put(this.node, "aria-valuenow", now[this.controls[0].control.name]);
    const said = this.controls.map(({ control }) => `${control.name} = ${number(now[control.name], control.digits)}`);
    put(this.node, "aria-valuetext", said.join(", "));
  }

  take(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.node.focus({ preventScroll: true });
    this.node.setPointerCapture(event.pointerId);
    const { now } = this.plot;
    const box = this.plot.svg.getBoundingClientRect();
    this.held = this.controls.map(({ axis, control, toAxis }) => {
      const pixel = axis === "x" ? event.clientX - box.left : event.clientY - box.top;
      return (axis === "x" ? this.plot.x : this.plot.y)(toAxis(now[control.name])) - pixel;
    });
    if (this.controls.length > 1) this.link.fetchNothing();
    else this.fetch();
  }

  // The controls follow once an animation frame, however many moves there are: each costs a layout.
  move(event) {
    if (!this.held) return;
    this.moved = event;
    this.link.moving = event.timeStamp;
    this.link.hands.add(this);
    this.link.schedule();
  }

  release() {
    if (!this.held) return;
    this.link.moving = -Infinity;
    this.follow();
    this.held = undefined;
    this.link.fetchAhead();
  }

  follow() {
    const event = this.moved;
    if (!event) return;
    this.moved = undefined;
    const box = this.plot.svg.getBoundingClientRect();
    const values = this.controls.map(({ axis, control, toValue }, i) => {
      // The pointer stays inside the plot; what it moves may stand elsewhere, as a line's height at 0.
      const [pixel, low, high] =
        axis === "x"
          ? [event.clientX - box.left, MARGIN.left, this.plot.right]
          : [event.clientY - box.top, MARGIN.top, this.plot.bottom];
      const value = (axis === "x" ? this.plot.xInverse : this.plot.yInverse)(Math.min(Math.max(pixel, low), high) + this.held[i]);
      return [control.name, onGrid(toValue(value), control)];
    });
    if (values.length === 1 && performance.now() - this.link.moving < REST) {
      const [[name, goal]] = values;
      const near = this.link.nearby(this.controls[0].control, goal);
      if (near !== goal) this.move(event); // it is not there yet
      values[0] = [name, near];
    }
    this.link.assign(Object.fromEntries(values));
  }

  press(event) {
    const width = { "+": 1, "-": -1 }[event.key];
    if (width && this.wheel) this.link.nudge(this.wheel, width, {});
    if (!STEPS[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [axis, count] = STEPS[event.key];
    const { control, sign } = this.controls.find((c) => c.axis === axis) ?? this.controls[0];
    this.link.nudge(control, sign() * count, event);
  }
}

// Key -> the axis that it moves along, and by how many steps.
const STEPS = {
  ArrowRight: ["x", 1],
  ArrowLeft: ["x", -1],
  ArrowUp: ["y", 1],
  ArrowDown: ["y", -1],
  PageUp: ["y", 10],
  PageDown: ["y", -10],
  Home: ["x", -Infinity],
  End: ["x", Infinity],
};

function onGrid(value, { low, high, step, log }) {
  const inside = Math.min(Math.max(value, low), high);
  return Math.min(onStep(Math.round(steps(inside, { low, step, log })), { low, step, log }), high);
}

// How many steps a value is above the lowest.
const steps = (value, { low, step, log }) => (log ? Math.log10(value / low) : value - low) / step;

function onStep(count, { low, step, log }) {
  return round(log ? low * 10 ** (count * step) : low + count * step);
}

// ---------------------------------------------------------------------------------- life cycle

export default () => {
  let link;
  return {
    initialize({ model }) {
      link = new Link(model);
      return () => link.close();
    },
    render({ el }) {
      const view = new View(link, el);
      return () => view.close();
    },
  };
};
