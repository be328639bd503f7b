// One place where a panel is displayed: its buttons, plots, sums and sentence.
import { html, KEYS, put, setHtml } from "./elements.js";
import { Menu } from "./menu.js";
import { Plot } from "./plot.js";
import { number, plain } from "./text.js";
import { key } from "./wire.js";

const SPEEDS = [["slow", 6], ["normal", 20], ["fast", 60]]; // positions a second

export class View {
  constructor(link, el) {
    this.link = link;
    this.el = el;
    this.count = 0;
    this.resizer = new ResizeObserver(() => this.resize());
    this.build();
    this.resizer.observe(el); // calls back at once, or when we come into the page
    link.views.add(this);
  }

  close() {
    this.resizer.disconnect();
    this.newcomers?.disconnect();
    clearTimeout(this.speaking);
    this.link.views.delete(this);
  }

  build() {
    const { structure, controls } = this.link;
    this.drawn = undefined;
    this.width = undefined;
    this.plots = structure.plots.map((plot) => new Plot(this, plot));
    this.presets = structure.presets.map((preset, i) => this.presetButton(preset, i));
    const reset = this.button("↺ reset", () => this.link.press(-1, this.link.reset), { title: "back to where it started" });
    this.choices = controls.filter((control) => control.options).map((control) => this.choiceGroup(control));
    this.terms = [];
    const sums = structure.sums.map((sum) => this.equation(sum));
    this.players = controls.filter((control) => control.play).map((control) => this.playButtons(control));
    const plots = html("div", { class: "explorer-plots" }, ...this.plots.map((plot) => plot.node));
    plots.style.setProperty("--ex-columns", Number(structure.columns) || 1);
    this.sentence = html("p", { class: "explorer-sentence", "aria-hidden": "true" });
    this.status = html("p", { class: "explorer-spoken", role: "status", "aria-live": "polite" });
    this.notice = html("p", { class: "explorer-notice", role: "alert", hidden: "" });
    const bar = html(
      "div",
      { class: "explorer-bar" },
      this.buttons("presets", ...this.presets.map((preset) => preset.node), reset),
      ...this.players.map((player) => player.node),
      ...this.choices.map((choice) => choice.node),
      new Menu(this).node,
    );
    this.el.replaceChildren(bar, this.notice, plots, ...sums, this.sentence, this.status);
    if (this.panel) this.dressControls(); // new data may have brought new sliders
    this.link.schedule();
  }

  button(text, press, attributes = {}) {
    const node = html("button", { type: "button", class: "explorer-preset", ...attributes, [KEYS]: true });
    setHtml(node, text);
    node.addEventListener("click", press);
    return node;
  }

  buttons(label, ...nodes) {
    return html("div", { class: "explorer-presets", role: "group", "aria-label": label }, ...nodes);
  }

  presetButton(preset, i) {
    const press = () => this.link.press(i, this.link.settings(preset, this.drawn?.values ?? this.link.first));
    const node = this.button(preset.label, press, preset.note ? { title: plain(preset.note) } : {});
    node.disabled = Object.keys(preset.values).length === 0;
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
    const { link } = this;
    const speed = html("select", { class: "explorer-speed", "aria-label": `${control.label}: speed`, [KEYS]: true });
    for (const [text, value] of SPEEDS) speed.append(html("option", { value }, text));
    speed.value = "20";
    const run = () => link.player.run(control, Number(speed.value));
    const play = this.button("▶ play", () => (link.player.control ? link.player.stop() : run()));
    const step = this.button("step", () => link.nudge(control, 1), { "aria-label": `${control.label}: one step` });
    speed.addEventListener("change", () => link.player.control && run());
    return { control, play, node: this.buttons(control.label, play, step, speed) };
  }

  choiceGroup(control) {
    const group = `explorer-${Math.random().toString(36).slice(2)}`;
    const inputs = control.options.map(([value, text]) => {
      const input = html("input", { type: "radio", name: group, value, [KEYS]: true });
      input.addEventListener("change", () => this.link.assign({ [control.name]: value }));
      const label = html("span");
      setHtml(label, text);
      return { input, node: html("label", {}, input, label) };
    });
    const attributes = { class: "explorer-choice", role: "radiogroup", "aria-label": control.label };
    return { control, inputs, node: html("div", attributes, ...inputs.map((entry) => entry.node)) };
  }

  dressControls() {
    this.newcomers?.disconnect();
    this.newcomers = this.link.host.dress(this.panel, this.el);
  }

  resize() {
    const width = this.el.clientWidth;
    if (!width) return;
    if (!this.panel) {
      this.panel = this.el.closest(".explorer-panel");
      if (this.panel) this.dressControls();
    }
    if (width === this.width) return;
    this.width = width;
    for (const plot of this.plots) plot.resize();
    if (this.drawn) this.draw(this.drawn.values, this.drawn.state);
  }

  draw(values, state) {
    this.drawn = { values, state };
    const { link } = this;
    const now = link.named(state);
    if (this.width) for (const plot of this.plots) plot.draw(values, now);
    for (const { control, play } of this.players) {
      const running = link.player.control?.name === control.name;
      setHtml(play, running ? "❚❚ pause" : "▶ play");
      put(play, "aria-label", `${control.label}: ${running ? "pause" : "play"}`);
    }
    for (const { term, value, label, digits, node } of this.terms) {
      setHtml(label, values[term.label]);
      const text = number(values[term.value], digits);
      link.calm.reserve(value, text);
      setHtml(value, text);
      node.classList.toggle("explorer-struck", values[term.struck]);
    }
    for (const { preset, node } of this.presets) {
      const settings = Object.entries(link.settings(preset, values));
      node.disabled = settings.length === 0 || settings.some(([, value]) => Number.isNaN(value));
      put(node, "aria-pressed", settings.length > 0 && settings.every(([name, value]) => now[name] === value));
    }
    for (const { control, inputs } of this.choices) {
      for (const { input } of inputs) input.checked = input.value === String(now[control.name]);
    }
    setHtml(this.sentence, values[link.structure.sentence]);
    this.speak();
    put(this.el, "data-frame-state", key(state));
    put(this.el, "data-frame-count", ++this.count);
  }

  // The sentence is read out at most about once a second, and always the last one.
  speak() {
    this.speaking ??= setTimeout(() => {
      this.speaking = undefined;
      const text = this.sentence.textContent;
      if (this.status.textContent !== text) this.status.textContent = text;
    }, 1000);
  }

  notify(text) {
    if (this.notice.textContent === text) return;
    this.notice.textContent = text;
    this.notice.hidden = text === "";
  }
}
