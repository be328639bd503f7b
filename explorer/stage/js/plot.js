// One plot of a view: its title, two axes with ticks and labels, and what stands between them.
import { crisp, MARGIN, round2, Scale } from "./axes.js";
import { Glide, Seen } from "./calm.js";
import { html, put, setHtml, setSvg, svg } from "./elements.js";
import { onGrid } from "./grid.js";
import { dragged } from "./handles.js";
import { Labels } from "./labels.js";
import { MARKS } from "./marks.js";
import { fitted, plain, textWidth } from "./text.js";
import { key } from "./wire.js";

const FAR = 2e5; // pixels
const APART = 14; // pixels between two handles
const BOLD = 1.16; // times as wide as plain text
const [UPRIGHT, TURNED] = [42, 20]; // a name of the y axis that is wider is turned; the room that it then takes

export class Plot {
  constructor(view, structure) {
    this.view = view;
    this.structure = structure;
    const clip = `explorer-clip-${Math.random().toString(36).slice(2)}`;
    this.svg = svg("svg", { role: "img" });
    this.left = MARGIN.left;
    this.frame = svg("rect", { y: MARGIN.top });
    const clipPath = svg("clipPath", { id: clip });
    clipPath.append(this.frame);
    this.grid = svg("path", { class: "explorer-grid" });
    this.spine = svg("path", { class: "explorer-spine" });
    this.ticks = svg("g", { class: "explorer-ticks" });
    this.layer = svg("g", { "clip-path": `url(#${clip})` });
    this.over = svg("g");
    this.labels = new Labels();
    this.xLabel = svg("text", { class: "explorer-axis", "text-anchor": "end" });
    this.yLabel = svg("text", { class: "explorer-axis" });
    this.legend = svg("text", { class: "explorer-legend" });
    this.legend.textContent = structure.marks.some((mark) => mark.kind === "landscape") ? "less colour is lower" : "";
    this.svg.append(clipPath, this.grid, this.layer, this.spine, this.ticks, this.xLabel, this.yLabel, this.legend, this.over, this.labels.node);
    this.title = html("div", { class: "explorer-title" });
    this.area = html("div", { class: "explorer-area" }, this.svg);
    this.node = html("div", { class: "explorer-plot" }, this.title, this.area);
    this.seen = new Seen(view.link, [structure.x, structure.y]);
    this.glide = new Glide(view.link, structure);
    this.marks = structure.marks.map((mark) => MARKS[mark.kind](this, mark));
    if (structure.click) this.area.addEventListener("click", (event) => this.click(event));
  }

  click(event) {
    if (event.target.closest(".explorer-handle")) return;
    const { click } = this.structure;
    const pixels = this.pixels(event);
    const settings = Object.entries(click.begin).map(([name, slot]) => [name, this.values[slot]]);
    for (const { axis, control, toValue } of dragged(click, this)) {
      const position = this.scales[axis].toValue(pixels[axis]);
      const value = control.options ? control.options[Math.round(position)]?.[0] : onGrid(toValue(position), control);
      if (value === undefined) continue;
      this.view.reveal(control);
      settings.push([control.name, value]);
    }
    this.view.link.assign(Object.fromEntries(settings));
  }

  // What a hand can take of a handle that would cover another is moved aside, so that each can be taken.
  apart(x, y, width, height) {
    const centre = () => [x + width / 2, y + height / 2];
    const covers = ([u, v]) => Math.abs(u - centre()[0]) < APART && Math.abs(v - centre()[1]) < APART;
    while (!this.view.link.calm.held && this.handles.some(covers)) x += APART; // a hand that has one keeps it
    this.handles.push(centre());
    return [x, y, width, height];
  }

  // Where a pointer is in the drawing, whose pixels a page may zoom or transform.
  pixels({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    return { x: ((clientX - box.left) * this.width) / box.width, y: ((clientY - box.top) * this.height) / box.height };
  }

  resize(width, height) {
    if (width === this.width && height === this.height) return;
    [this.width, this.height, this.left] = [width, height, MARGIN.left];
    this.right = this.width - MARGIN.right;
    this.bottom = this.height - MARGIN.bottom;
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("height", this.height);
    this.frame.setAttribute("height", this.bottom - MARGIN.top);
    this.family = getComputedStyle(this.node).fontFamily;
    this.scaled = undefined;
    this.resized = (this.resized ?? 0) + 1;
  }

  draw(values, now) {
    this.values = values;
    this.now = now;
    const { title, description, x, y } = this.structure;
    this.rescale(x, y);
    setHtml(this.title, values[title]);
    this.placeTitle(BOLD * textWidth(values[title], this.family));
    setSvg(this.xLabel, values[x.label]);
    setSvg(this.yLabel, values[y.label]);
    put(this.svg, "aria-label", plain(values[description]));
    this.labels.clear();
    this.handles = [];
    const glided = this.glide.towards(values);
    for (const mark of this.marks) mark(glided);
    this.labels.place({ left: this.left, top: MARGIN.top, right: this.right, bottom: this.bottom }, this.family);
  }

  // Above its axes, or as far to the left as it has to be; then it is set smaller.
  placeTitle(width) {
    const left = Math.round(Math.max(Math.min(this.left, this.width - width), 0));
    put(this.title, "style", `margin-left:${left}px;font-size:${Math.min(this.width / width, 1)}em`);
  }

  rescale(x, y) {
    const { values, right, bottom } = this;
    const [across, upwards] = this.seen.towards([values[x.limits], values[y.limits]]);
    const scaled = key([across, upwards, values[x.names], values[y.names]]);
    if (scaled === this.scaled) return;
    this.scaled = scaled;
    const yScale = new Scale(y.log, upwards, values[y.names], bottom, MARGIN.top, 5);
    const upright = textWidth(values[y.label], this.family) <= UPRIGHT;
    const left = this.makeRoom(upright ? [values[y.label]] : [], yScale.ticks.map(({ text }) => text), upright ? 0 : TURNED);
    const apart = (right - left) / (across[1] - across[0]); // of names
    const names = [...values[x.names]].map((name) => fitted(name, apart - 4, this.family));
    this.scales = { x: new Scale(x.log, across, names, left, right, 6), y: yScale };
    [this.x, this.y] = [this.scales.x.toPixel, this.scales.y.toPixel];
    const [xTicks, yTicks] = [this.scales.x.ticks, this.scales.y.ticks];
    const full = this.structure.marks.some((mark) => mark.kind === "landscape");
    put(this.grid, "d", full ? "" : yTicks.map(({ pixel }) => `M${left} ${crisp(pixel)}H${right}`).join(""));
    const spine = `M${left} ${crisp(bottom)}H${right}`;
    put(this.spine, "d", spine + xTicks.map(({ pixel }) => `M${crisp(pixel)} ${bottom}v4`).join(""));
    const label = (text, xAt, yAt, anchor) => {
      const node = svg("text", { x: xAt, y: yAt, "text-anchor": anchor });
      setSvg(node, text);
      return node;
    };
    this.ticks.replaceChildren(
      ...xTicks.map(({ pixel, text }) => label(text, pixel, bottom + 18, "middle")),
      ...yTicks.map(({ pixel, text }) => label(text, left - 7, pixel + 4, "end")),
    );
    put(this.xLabel, "x", right);
    put(this.xLabel, "y", bottom + 33);
    const beside = right - textWidth(values[x.label], this.family) - textWidth(this.legend.textContent, this.family) - 8;
    put(this.legend, "x", round2(Math.min(left, beside)));
    put(this.legend, "y", bottom + 33);
    this.nameUpwards(upright, left, yTicks);
  }

  // A short name of the axis stands between two numbers, a long one beside them, turned.
  nameUpwards(upright, left, ticks) {
    const middle = Math.floor((ticks.length - 1) / 2);
    const between = (ticks[middle].pixel + (ticks[middle + 1] ?? ticks[middle]).pixel) / 2;
    const [x, y] = upright ? [left - 7, between + 4] : [14, (MARGIN.top + this.bottom) / 2];
    put(this.yLabel, "x", x);
    put(this.yLabel, "y", round2(y));
    put(this.yLabel, "text-anchor", upright ? "end" : "middle");
    put(this.yLabel, "transform", upright ? "" : `rotate(-90 ${x} ${round2(y)})`);
  }

  // The left margin follows what stands in it; it shrinks only with the plot, so that a drag moves nothing.
  makeRoom(names, ticks, beside) {
    const room = (texts) => texts.map((text) => Math.ceil(textWidth(text, this.family)) + 9);
    const left = Math.max(this.left, ...room(names), ...room(ticks).map((width) => width + beside));
    if (left !== this.left) this.resized += 1; // for landscapes
    this.left = left;
    this.frame.setAttribute("x", left);
    this.frame.setAttribute("width", this.right - left);
    return left;
  }

  // Where the whole of what its own limits hold stands, as x, y, width and height.
  extent() {
    const { x, y } = this.structure;
    const [left, right] = this.values[x.limits].map(this.x);
    const [bottom, top] = this.values[y.limits].map(this.y);
    return [left, top, right - left, bottom - top].map(round2);
  }

  // Where a line runs: its slope stays true, but nothing is drawn so far outside that paths lose precision.
  far(x, y) {
    return [this.x(x), this.y(y)].map((pixel) => Math.min(Math.max(pixel, -FAR), FAR));
  }

  // Where labels and the ends of bars stand for what is far outside or infinite.
  yClamped(value) {
    return Math.min(Math.max(this.y(value), MARGIN.top - 40), this.bottom + 40);
  }
}
