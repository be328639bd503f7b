// The sliders and choices of ipywidgets: the one place that knows how they behave and look.
import { html, KEYS, sliderOf } from "./elements.js";
import { ARROWS, isNear, onGrid } from "./grid.js";
import { number } from "./text.js";
import { key } from "./wire.js";

const SAVING = 200; // ms from one value of a control that the kernel is told to the next
const SETTLING = 300; // ms after the last of them that the kernel is asked whether it has them all
const READABLE = 6000; // ms that it is said beside a slider what is wrong with a typed value
const TYPED = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i;
const STOCK_HANDLE = ".noUi-handle, .ui-slider-handle"; // of a slider, in ipywidgets 8 and 7

const WORDS = {
  gone: "The kernel has stopped. Run the cell again to bring this panel back to life.",
  busy: "The kernel is busy or gone: the picture follows when it answers.",
};

// The widgets that hold the values of a panel's controls.
export class Widgets {
  constructor(link) {
    this.link = link;
    this.words = WORDS;
    this.byName = new Map();
    this.unsaved = new Map(); // widget -> what tells the kernel of its value
    this.untold = new Set(); // names of controls whose values the kernel has not confirmed
    this.asked = []; // what it was asked to confirm
    this.doubtful = false; // whether a value was lost on its way
    this.listeners = [];
    this.over = new AbortController();
    const settle = ({ type }) =>
      setTimeout(() => {
        if (type !== "keyup") this.dragged = undefined;
        this.save();
      });
    for (const event of ["pointerup", "pointercancel", "keyup"]) {
      window.addEventListener(event, settle, { capture: true, signal: this.over.signal });
    }
    this.reconnected = (_, status) => status === "connected" && link.resume();
    this.connection = link.model.widget_manager.kernel?.connectionStatusChanged; // in JupyterLab and Notebook
    this.connection?.connect(this.reconnected);
  }

  isOutdated() {
    return key(this.link.model.get("controls")) !== key(this.references);
  }

  isConnected() {
    return this.byName.size > 0;
  }

  // The widgets that the stage refers to now; what held the values until then is let go.
  async connect() {
    this.disconnect();
    const { widget_manager: manager } = this.link.model;
    const references = (this.references = this.link.model.get("controls"));
    const found = Object.entries(references).map(async ([name, id]) => [name, await manager.get_model(id.slice("IPY_MODEL_".length))]);
    const widgets = await Promise.all(found);
    if (references !== this.references) return false;
    for (const [name, widget] of widgets) {
      this.byName.set(name, widget);
      this.throttle(name, widget);
      this.listen(widget, `change:${this.trait(name)}`, () => this.link.moved());
      this.listen(widget, "comm_live_update", () => this.link.report());
    }
    return true;
  }

  listen(widget, event, callback) {
    widget.on(event, callback);
    this.listeners.push(() => widget.off(event, callback));
  }

  disconnect() {
    for (const stop of this.listeners.splice(0)) stop();
    clearTimeout(this.settling);
    this.unsaved.clear();
    this.untold.clear();
    this.asked = [];
    this.byName.clear();
    this.references = undefined;
  }

  close() {
    this.over.abort();
    this.connection?.disconnect(this.reconnected);
    this.disconnect();
  }

  get alive() {
    return [...this.byName.values()].every((widget) => widget.comm_live !== false);
  }

  // A slider keeps its value, a choice the index of its option.
  trait(name) {
    return this.link.control(name).options ? "index" : "value";
  }

  // A stock slider writes back and saves each value that it is given, with the noise of its own
  // arithmetic. That would reach code that has moved on meanwhile, and take it back: so it stops here.
  // Nor is the kernel told of every value on the way: each message makes it busy, and JupyterLab too.
  throttle(name, widget) {
    const { set, save_changes: save } = widget;
    let [echo, saved] = [false, -Infinity];
    widget.set = (attribute, value, options) => {
      if (typeof attribute === "object") { // of the kernel
        const { value: told, index: chosen, ...rest } = attribute;
        const older = this.unsaved.has(widget) || this.asked.some((settings) => isNear(told, settings[name], this.link.control(name) ?? {}));
        if (older) return set.call(widget, rest, value);
        if (told !== undefined || chosen !== undefined) this.untold.delete(name);
      }
      echo = options?.updated_view !== undefined && isNear(value, widget.get(attribute), this.link.control(name) ?? {});
      if (echo) return widget;
      set.call(widget, attribute, value, options);
      if (typeof attribute !== "object" && !this.writing) this.link.makeRoom(name); // a reader has moved it
      return widget;
    };
    widget.save_changes = (callbacks) => {
      const skip = (echo && callbacks) || this.unsaved.has(widget);
      echo = false;
      if (skip) return;
      const write = () => {
        if (!this.unsaved.delete(widget)) return;
        saved = performance.now();
        save.call(widget, callbacks);
        if (this.doubtful) this.settle();
      };
      const wait = saved + SAVING - performance.now();
      this.unsaved.set(widget, write);
      this.untold.add(name);
      this.settleIn(SETTLING);
      if (wait > 0) setTimeout(write, wait);
      else write();
    };
    this.listeners.push(() => {
      delete widget.set;
      delete widget.save_changes;
    });
  }

  save() {
    for (const write of [...this.unsaved.values()]) write();
  }

  settleIn(time) {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(), time);
  }

  // A value that is lost on its way stops all that follow, for ipywidgets waits until the kernel has
  // handled it. So the stage itself tells the kernel those that have settled, until it confirms them.
  settle() {
    const now = this.link.named(this.link.state);
    const names = [...this.untold].filter((name) => name in now);
    if (names.length === 0) return;
    if (this.asked.length > 0) {
      this.doubtful = true;
      this.link.backOff();
    }
    const settings = Object.fromEntries(names.map((name) => [name, now[name]]));
    this.asked = [...this.asked.slice(-9), settings];
    this.link.silent ??= performance.now();
    this.link.send({ type: "settle", settings });
    this.settleIn(this.link.patience);
  }

  // The kernel has been told these settings, and has those: it may have had to refuse them.
  settled(told, has, missed) {
    this.asked = this.asked.slice(1 + this.asked.findIndex((settings) => key(settings) === key(told)));
    this.doubtful ||= missed;
    const now = this.link.named(this.link.state);
    for (const [name, value] of Object.entries(told)) {
      if (value !== now[name]) continue; // it has moved on
      this.untold.delete(name);
      if (has[name] !== value) this.show(name, has[name]);
    }
    if (this.untold.size === 0) clearTimeout(this.settling);
    this.link.report();
  }

  // The state that the widgets mean, by the state before: a slider misses its value by a little.
  read(controls, state) {
    return controls.map((control, i) => {
      const value = this.byName.get(control.name).get(this.trait(control.name));
      if (control.options) return control.options[value][0];
      const settled = onGrid(value, control);
      const near = [state[i], settled].find((exact) => isNear(value, exact, control));
      // A slider that is dragged keeps to its grid; a typed value stands as it is.
      if (near !== undefined || control.name !== this.dragged) return near ?? value;
      this.quietly(() => this.byName.get(control.name).set("value", settled));
      return settled;
    });
  }

  write(name, value) {
    if (this.show(name, value)) this.byName.get(name).save_changes();
  }

  // Whether that was new.
  show(name, value) {
    const widget = this.byName.get(name);
    const setting = this.link.control(name)?.options?.findIndex(([option]) => option === value) ?? value;
    if (!widget || widget.get(this.trait(name)) === setting) return false;
    this.quietly(() => widget.set(this.trait(name), setting));
    return true;
  }

  // What the stage itself writes.
  quietly(write) {
    const before = this.writing;
    this.writing = true;
    write();
    this.writing = before;
  }

  // The sliders are drawn by ipywidgets beside the stage, sooner or later than that, and anew where
  // the data change. They have no accessible name, and nothing tells us that one is about to move.
  dress(panel, stage) {
    const dressAll = () => {
      for (const control of this.link.controls) if (control.visible) this.dressOne(panel, control);
    };
    const newcomers = new MutationObserver((records) => records.some(({ target }) => !stage.contains(target)) && dressAll());
    newcomers.observe(panel, { childList: true, subtree: true });
    dressAll();
    return newcomers;
  }

  dressOne(panel, { name, label }) {
    const { link } = this;
    const node = panel.querySelector(sliderOf(name));
    const [handle, readout] = [STOCK_HANDLE, ".widget-readout"].map((selector) => node?.querySelector(selector));
    if (!handle || !readout || node.explorerLink === link) return;
    node.explorerLink = link;
    handle.setAttribute("aria-label", label);
    for (const part of [node, handle]) part.setAttribute("title", label);
    node.setAttribute("data-controls", name);
    readout.setAttribute("aria-label", `${label}, typed value`);
    readout.setAttribute("role", "textbox");
    for (const part of [handle, readout]) part.setAttribute(KEYS, "true");
    for (const event of ["pointerenter", "pointerdown", "focusin"]) {
      node.addEventListener(event, () => link.prefetch.along(link.control(name)));
    }
    const drag = ({ target }) => target !== readout && (this.dragged = name); // what is typed there stands
    node.addEventListener("pointerdown", drag, true);
    node.addEventListener("keydown", (event) => this.press(event, link.control(name)), true);
    let before = "";
    const words = html("span", { class: "explorer-typed", role: "alert" });
    node.append(words);
    const take = () => {
      if (readout.textContent !== before) this.take(readout, before, link.control(name), words);
      before = readout.textContent;
    };
    readout.addEventListener("focus", () => (before = readout.textContent));
    readout.addEventListener("blur", take);
    const enter = (event) => {
      if (event.key !== "Enter" || event.target !== readout) return;
      event.preventDefault();
      event.stopPropagation();
      take();
    };
    node.addEventListener("keydown", enter, true);
  }

  // What was typed: a number with a point or a comma, kept inside the slider's limits. Stock readouts
  // take what they can make of it, without a word, and nothing at all where Enter is not pressed.
  take(readout, before, control, words) {
    const text = readout.textContent.trim().replace("−", "-");
    const value = TYPED.test(text) ? Number(text.replace(",", ".")) : NaN;
    const inside = Math.min(Math.max(value, control.low), control.high);
    const [low, high] = [control.low, control.high].map((end) => number(end, control.digits));
    readout.textContent = before;
    if (!Number.isNaN(value)) this.link.assign({ [control.name]: inside });
    clearTimeout(words.ends);
    words.textContent = value === inside ? "" : `${text.slice(0, 20)}: allowed is ${low} to ${high}`;
    words.ends = setTimeout(() => (words.textContent = ""), READABLE);
  }

  // The arrow keys on a slider's handle move it by its own step.
  press(event, control) {
    const count = ARROWS[event.key]?.[1];
    if (!count || !event.target.matches(STOCK_HANDLE)) return;
    event.preventDefault();
    event.stopPropagation();
    this.link.nudge(control, count, event);
  }
}
