// The sliders of a page without Jupyter: a range and a number field for each. It has the methods of
// `Widgets`; what it is told, Python is told for certain, so nothing has to be confirmed.
import { html } from "../../stage/js/elements.js";
import { ARROWS, onStep, round, steps } from "../../stage/js/grid.js";
import { number } from "../../stage/js/text.js";

const PAUSE = 300; // ms after the last move that Python is told where the controls stand

const WORDS = {
  gone: "Python has stopped. Reload the page to bring this panel back to life.",
  busy: "Python is at work, or has stopped: the picture follows when it answers. If it does not, reload the page.",
};

export class Sliders {
  constructor(link) {
    this.link = link;
    this.words = WORDS;
    this.untold = new Set();
    this.values = {};
    this.rows = [];
  }

  // Every scene brings the values of its controls.
  isOutdated() {
    return true;
  }

  isConnected() {
    return true;
  }

  connect() {
    this.values = this.link.named(this.link.state);
    this.rows = this.link.controls.filter(({ visible }) => visible).map((control) => new Row(this, control));
    return true;
  }

  close() {
    clearTimeout(this.resting);
  }

  get alive() {
    return this.link.model.alive;
  }

  read(controls) {
    return controls.map(({ name }) => this.values[name]);
  }

  write(name, value) {
    if (!this.show(name, value)) return;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.save(), PAUSE);
    this.link.moved();
  }

  show(name, value) {
    if (!(name in this.values) || this.values[name] === value) return false;
    this.values[name] = value;
    this.rows.find(({ control }) => control.name === name)?.show();
    return true;
  }

  // What Python itself sets, a button's values, unless the reader has moved on.
  follow(values) {
    if (this.resting !== undefined) return;
    const moved = Object.entries(values).filter(([name, value]) => this.show(name, value));
    if (moved.length > 0) this.link.moved();
  }

  save() {
    if (this.resting === undefined) return;
    clearTimeout(this.resting);
    this.resting = undefined;
    this.link.send({ type: "settle", settings: this.values });
  }

  settle() {}

  settled(told, has) {
    this.follow(has); // it may have had to refuse
  }

  dress(panel) {
    panel.querySelector(".explorer-controls").replaceChildren(...this.rows.map(({ node }) => node));
  }
}

class Row {
  constructor(host, control) {
    Object.assign(this, { host, control });
    const { name, symbol, label, low, high, step, log } = control;
    const [id, end] = [`explorer-${name}`, Math.floor(steps(high, control) + 1e-9)];
    this.range = html("input", { type: "range", id, min: 0, max: Math.max(end, steps(high, control)), step: "any", "aria-label": label });
    this.field = html("input", { type: "number", class: "widget-readout", min: low, max: high, step: log ? "any" : step, "aria-label": `${label}, typed value` });
    const title = html("label", { class: "widget-label", for: id, title: label }, symbol);
    const place = `explorer-control-${name.replace(".", "-")}`;
    this.node = html("div", { class: `widget-inline-hbox widget-slider ${place}`, title: label, "data-controls": name }, title, this.range, this.field);
    this.range.addEventListener("input", () => this.set(Math.min(onStep(Math.round(this.range.value), control), high)));
    this.range.addEventListener("change", () => host.save());
    this.range.addEventListener("keydown", (event) => this.press(event));
    this.field.addEventListener("change", () => this.type());
    for (const event of ["pointerenter", "pointerdown", "focusin"]) {
      this.node.addEventListener(event, () => host.link.prefetch.along(control));
    }
    this.show();
  }

  set(value) {
    this.host.link.assign({ [this.control.name]: value });
    this.show();
  }

  show() {
    const { name, digits, log } = this.control;
    const value = this.host.values[name];
    this.range.value = steps(value, this.control);
    this.range.setAttribute("aria-valuetext", number(value, digits));
    this.field.value = log ? Number(value.toPrecision(digits)) : value.toFixed(digits);
  }

  // A typed value stands as it is, inside the limits.
  type() {
    const { low, high } = this.control;
    const value = this.field.valueAsNumber;
    if (Number.isNaN(value)) this.show();
    else this.set(round(Math.min(Math.max(value, low), high)));
  }

  press(event) {
    const count = ARROWS[event.key]?.[1];
    if (!count || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.host.link.nudge(this.control, count, event);
  }
}
