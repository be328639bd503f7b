// One place where a panel is displayed: its buttons, plots, sums and sentence.
import { html, KEYS, put, setHtml, sliderOf } from "./elements.js";
import { arrange, roomIn, scrollerAround } from "./layout.js";
import { Menu } from "./menu.js";
import { Plot } from "./plot.js";
import { Presenter } from "./presenter.js";
import { recall, remember, Tabs } from "./tabs.js";
import { number, plain } from "./text.js";
import { key } from "./wire.js";

const SPEEDS = [["slow", 6], ["normal", 20], ["fast", 60]]; // positions a second
const [SLIDER, GAP] = [232, 20]; // the least width of a slider with its texts, and the gap to the next
const [TABS, UNDER] = [30, 6]; // pixels that tabs above the plots take, and below the stage

export class View {
  constructor(link, el) {
    this.link = link;
    this.el = el;
    this.count = 0;
    this.over = new AbortController();
    this.resizer = new ResizeObserver(() => this.fit());
    this.presenter = new Presenter(this, this.over.signal);
    this.build();
    window.addEventListener("resize", () => this.fit(), { signal: this.over.signal });
    link.views.add(this);
  }

  close() {
    this.over.abort();
    this.resizer.disconnect();
    this.groups?.node.remove();
    this.newcomers?.disconnect();
    clearTimeout(this.speaking);
    this.link.views.delete(this);
  }

  build() {
    const { structure, controls } = this.link;
    this.drawn = undefined;
    this.fitted = undefined;
    this.plots = structure.plots.map((plot) => new Plot(this, plot));
    this.presets = structure.presets.map((preset, i) => this.presetButton(preset, i));
    const reset = this.button("↺ reset", () => this.link.press(-1, this.link.reset), { title: "back to where it started" });
    this.choices = controls.filter((control) => control.options).map((control) => this.choiceGroup(control));
    this.terms = [];
    const sums = structure.sums.map((sum) => this.equation(sum));
    this.players = controls.filter((control) => control.play).map((control) => this.playButtons(control));
    this.notice = html("p", { class: "explorer-notice", role: "alert", hidden: "" });
    this.bar = html(
      "div",
      { class: "explorer-bar" },
      this.buttons("presets", ...this.presets.map((preset) => preset.node), reset),
      ...this.players.map((player) => player.node),
      ...this.choices.map((choice) => choice.node),
      html("div", { class: "explorer-tools" }, this.presenter.node, new Menu(this).node),
    );
    this.sentence = html("p", { class: "explorer-sentence", "aria-hidden": "true" });
    this.longest = html("p", { class: "explorer-longest", "aria-hidden": "true" });
    this.status = html("p", { class: "explorer-spoken", role: "status", "aria-live": "polite" });
    const saying = html("div", { class: "explorer-saying" }, this.sentence, this.longest);
    this.words = html("div", { class: "explorer-words" }, html("div", { class: "explorer-sums" }, ...sums), saying);
    this.tabs = this.plotTabs();
    this.board = html("div", { class: "explorer-board" }, ...(this.tabs ? [this.tabs.node] : []), this.plotsNode());
    this.el.replaceChildren(this.bar, this.notice, this.words, this.status, this.board);
    if (this.panel) this.enter(); // new data may have brought new sliders
    this.resizer.disconnect();
    for (const node of [this.el, this.bar, this.words]) this.resizer.observe(node); // calls back at once, or when we come into the page
    this.link.schedule();
  }

  plotsNode() {
    return html("div", { class: "explorer-plots" }, ...this.plots.map((plot) => plot.node));
  }

  // Quiet tabs for plots that there is no room for beside the others.
  plotTabs() {
    const names = [...new Set(this.plots.map(({ structure }) => structure.tab).filter(Boolean))];
    if (names.length < 2) return undefined;
    const place = `${this.link.name}:plots`;
    return new Tabs("plots", names, recall(place), (name) => {
      remember(place, name);
      this.fit();
    });
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
    const play = this.button("▶ play", () => (link.player.control ? link.player.stop() : run()), { title: `let it run: ${control.label}` });
    const step = this.button("step", () => link.nudge(control, 1), { "aria-label": `${control.label}: one step`, title: `one more: ${control.label}` });
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
    const attributes = { class: "explorer-choice", role: "radiogroup", "aria-label": control.label, title: control.label };
    return { control, inputs, node: html("div", attributes, ...inputs.map((entry) => entry.node)) };
  }

  // What the panel has beside the stage: its sliders, and tabs for those that have groups.
  enter() {
    this.newcomers?.disconnect();
    this.newcomers = this.link.host.dress(this.panel, this.el);
    this.row = this.panel.querySelector(".explorer-controls");
    const names = [...new Set(this.link.controls.map(({ group }) => group).filter(Boolean))];
    const before = this.groups?.tabs.map(({ name }) => name) ?? names;
    const selected = names.find((name) => !before.includes(name)) ?? this.groups?.selected; // what is new comes into sight
    this.groups?.node.remove();
    this.groups = names.length > 1 ? new Tabs("controls of", names, selected, () => this.fit()) : undefined;
    if (this.groups) this.row.before(this.groups.node);
    this.resizer.observe(this.row);
  }

  // A control that is moved elsewhere: its own group of sliders comes into sight.
  reveal({ group }) {
    if (this.groups && group) this.groups.choose(group, () => this.fit());
  }

  // The only place that measures: when the room, or what stands around the plots, has another size.
  fit() {
    const panel = this.el.closest(".explorer-panel");
    const width = this.el.clientWidth;
    if (!panel || !width) return;
    if (panel !== this.panel) {
      this.panel = panel;
      this.presenter.listen(panel);
      this.enter();
    }
    this.shareControls(width);
    const scroller = this.presenter.presenting ? panel : scrollerAround(panel);
    if (scroller) this.resizer.observe(scroller);
    const roomLeft = () => roomIn(scroller) - (this.el.offsetTop + this.el.offsetHeight - this.board.offsetHeight + UNDER);
    this.el.classList.remove("explorer-brief");
    let height = roomLeft();
    let arrangement = this.arrangement(width, height);
    if (this.presenter.presenting && !arrangement.fits) {
      this.el.classList.add("explorer-brief");
      height = roomLeft();
      arrangement = this.arrangement(width, height);
    }
    const fitted = key([width, height, this.tabs?.selected]);
    if (fitted === this.fitted) return;
    this.fitted = fitted;
    this.sharePlots(arrangement);
    if (this.drawn) this.draw(this.drawn.values, this.drawn.state);
  }

  // All controls; or, where they would need more rows than tabs and the largest group do, those of one.
  shareControls(width) {
    const beside = Math.max(1, Math.floor((width + GAP) / (SLIDER + GAP)));
    const cells = this.link.controls.filter(({ visible, group }) => visible || group);
    const rows = (some) => Math.ceil(some.length / beside);
    const names = this.groups?.tabs.map(({ name }) => name) ?? [];
    const parts = names.map((name) => cells.filter(({ group }) => !group || group === name));
    const parted = parts.length > 0 && rows(cells) > 1 + Math.max(...parts.map(rows));
    const sliders = (parted ? parts : [cells]).map((some) => some.filter(({ visible }) => visible).length);
    const most = Math.ceil(Math.max(...sliders) / beside);
    const columns = Math.max(1, Math.ceil(Math.max(...sliders) / most));
    this.row.style.setProperty("--ex-columns", columns);
    this.row.style.setProperty("--ex-rows", most);
    if (this.groups) this.groups.node.hidden = !parted;
    for (const { name, group, options } of cells) {
      const node = options ? this.choices.find(({ control }) => control.name === name).node : this.row.querySelector(sliderOf(name));
      node?.classList.toggle("explorer-aside", Boolean(parted && group && group !== this.groups.selected));
    }
  }

  // All plots, if they are then high enough; else those of one tab, beside those of none.
  arrangement(width, height) {
    const all = arrange(this.plots.length, width, height);
    if (all.fits || !this.tabs) return { plots: this.plots, parted: false, ...all };
    const plots = this.plots.filter(({ structure }) => !structure.tab || structure.tab === this.tabs.selected);
    return { plots, parted: true, ...arrange(plots.length, width, height - TABS) };
  }

  sharePlots({ plots, parted, sizes, columns, rows }) {
    if (this.tabs) this.tabs.node.hidden = !parted;
    for (const plot of this.plots) plot.node.hidden = !plots.includes(plot);
    plots.forEach((plot, i) => plot.resize(sizes[i].width, sizes[i].height));
    const tabs = new Set(plots.map(({ structure }) => structure.tab));
    const down = tabs.size > 1 && tabs.size === columns && plots.length === rows * columns; // a column for each
    plots.forEach((plot, i) => put(plot.node, "style", `width:${sizes[i].width}px;order:${down ? i % rows : 0}`));
  }

  draw(values, state) {
    this.drawn = { values, state };
    put(this.el, "aria-busy", false);
    const { link } = this;
    const now = link.named(state);
    if (this.fitted) for (const plot of this.plots) if (!plot.node.hidden) plot.draw(values, now);
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
    const sentence = values[link.structure.sentence];
    setHtml(this.sentence, sentence);
    if (sentence.length > (this.longest.writtenText ?? "").length) setHtml(this.longest, sentence);
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

  notify(text, busy) {
    put(this.el, "aria-busy", busy);
    if (this.notice.textContent === text) return;
    this.notice.textContent = text;
    this.notice.hidden = text === "";
  }
}
