// What can be dragged in a plot: elements over the drawing, for pointer, finger, wheel and arrow keys.
import { MARGIN, round2 } from "./axes.js";
import { html, KEYS, put } from "./elements.js";
import { ARROWS, onGrid } from "./grid.js";
import { REST } from "./prefetch.js";
import { number } from "./text.js";

const KNOWN = "explorer: handles can be dragged";

// A page may have no place to remember this.
function isKnown() {
  try {
    return localStorage.getItem(KNOWN) !== null;
  } catch {
    return false;
  }
}

function setKnown() {
  try {
    localStorage.setItem(KNOWN, "seen");
  } catch {
    // it shows again next time
  }
}

// The controls that a drag moves, with the way from a control's value to its axis and back.
export function dragged(drag, plot, index = 0) {
  const { link } = plot.view;
  const one = (slot) => (typeof plot.values[slot] === "object" ? plot.values[slot][index] : plot.values[slot]);
  const origin = (axis) => (axis === "x" ? one(drag.origin) : 0);
  const sign = (axis) => (axis === "x" ? one(drag.sign) : 1 / one(drag.rise));
  return ["x", "y"]
    .filter((axis) => drag[axis])
    .map((axis) => ({
      axis,
      control: link.control(drag[axis].replace("{i}", index)),
      direction: () => Math.sign(sign(axis)),
      toAxis: drag.log === axis ? Math.log : (value) => (value - origin(axis)) / sign(axis),
      toValue: drag.log === axis ? Math.exp : (position) => origin(axis) + sign(axis) * position,
    }));
}

// The handles of a mark: none where it cannot be dragged, else one for each of its points.
export class Handles {
  constructor(plot, mark, kind) {
    Object.assign(this, { plot, mark, kind, handles: [] });
  }

  keep(count) {
    for (const handle of this.handles.splice(count)) handle.node.remove();
  }

  place(index, ...box) {
    if (!this.mark.drag) return;
    this.handles[index] ??= new Handle(this.plot, this.mark, this.kind, index);
    this.handles[index].place(...this.plot.apart(...box));
  }
}

class Handle {
  constructor(plot, mark, kind, index) {
    this.plot = plot;
    this.mark = mark;
    this.link = plot.view.link;
    this.moves = dragged(mark.drag, plot, index);
    this.wheel = this.link.control(mark.drag.wheel.replace("{i}", index));
    const [{ axis, control }] = this.moves;
    const name = this.moves.map((move) => move.control.label).join(" and ");
    this.node = html("div", {
      class: `explorer-handle explorer-handle-${kind} role-${mark.role}${mark.quiet ? " quiet" : ""}`,
      role: "slider",
      tabindex: "0",
      "aria-label": `${name}, in the plot`,
      title: name,
      "data-controls": [...this.moves.map((move) => move.control), this.wheel].filter(Boolean).map((one) => one.name).join(" "),
      "aria-orientation": axis === "x" ? "horizontal" : "vertical",
      "aria-valuemin": control.low,
      "aria-valuemax": control.high,
      [KEYS]: true,
    });
    this.node.addEventListener("pointerdown", (event) => this.take(event));
    this.node.addEventListener("pointermove", (event) => this.move(event));
    for (const event of ["pointerup", "pointercancel"]) this.node.addEventListener(event, () => this.release());
    this.node.addEventListener("keydown", (event) => this.press(event));
    if (this.wheel) this.node.addEventListener("wheel", (event) => this.turn(event), { passive: false });
    for (const event of ["pointerenter", "focus"]) this.node.addEventListener(event, () => this.prefetch());
    this.node.addEventListener("focus", () => plot.view.reveal(control));
    plot.area.append(this.node);
    if (!mark.quiet) this.hint(plot.view);
  }

  // Once, the first handle shows that it can be dragged.
  hint(view) {
    if (view.hinted) return;
    view.hinted = true;
    if (isKnown()) return;
    this.node.classList.add("explorer-hint");
    this.node.addEventListener("animationend", ({ animationName }) => {
      if (animationName !== "explorer-hint") return;
      this.node.classList.remove("explorer-hint");
      setKnown();
    });
  }

  turn(event) {
    event.preventDefault();
    this.begin();
    this.link.nudge(this.wheel, -Math.sign(event.deltaY), event);
  }

  prefetch() {
    if (this.moves.length === 1) this.link.prefetch.along(this.moves[0].control);
  }

  place(x, y, width, height) {
    put(this.node, "style", `transform:translate(${round2(x)}px,${round2(y)}px);width:${width}px;height:${round2(height)}px`);
    const { now } = this.plot;
    put(this.node, "aria-valuenow", now[this.moves[0].control.name]);
    const texts = this.moves.map(({ control }) => `${control.name} = ${number(now[control.name], control.digits)}`);
    put(this.node, "aria-valuetext", texts.join(", "));
  }

  take(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.node.focus({ preventScroll: true });
    this.node.setPointerCapture(event.pointerId);
    const { scales } = this.plot;
    const now = this.begin();
    const pixels = this.plot.pixels(event);
    this.offsets = this.moves.map(({ axis, control, toAxis }) => scales[axis].toPixel(toAxis(now[control.name])) - pixels[axis]);
    if (this.moves.length > 1) this.link.prefetch.stop();
    else this.prefetch();
  }

  // Takes the mark up where it stands, if its controls are elsewhere; what they are set to then.
  begin() {
    const { now, values } = this.plot;
    const start = Object.entries(this.mark.drag.begin).map(([name, slot]) => [name, values[slot]]);
    const moved = start.filter(([name, value]) => now[name] !== value);
    if (moved.length > 0) this.link.assign(Object.fromEntries(moved));
    return { ...now, ...Object.fromEntries(moved) };
  }

  // The controls follow once an animation frame, however many moves there are: each costs a layout.
  move(event) {
    if (!this.offsets) return;
    this.moved = event;
    this.link.lastMove = event.timeStamp;
    this.link.following.add(this);
    this.link.schedule();
  }

  release() {
    if (!this.offsets) return;
    this.link.lastMove = -Infinity;
    this.follow();
    this.offsets = undefined;
    this.link.prefetch.next();
  }

  follow() {
    const event = this.moved;
    if (!event) return;
    this.moved = undefined;
    const { scales, left, right, bottom } = this.plot;
    const pixels = this.plot.pixels(event);
    const values = this.moves.map(({ axis, control, toValue }, i) => {
      // The pointer stays inside the plot; what it moves may stand elsewhere, as a line's height at 0.
      const [low, high] = axis === "x" ? [left, right] : [MARGIN.top, bottom];
      const position = scales[axis].toValue(Math.min(Math.max(pixels[axis], low), high) + this.offsets[i]);
      return [control.name, onGrid(toValue(position), control)];
    });
    if (values.length === 1 && performance.now() - this.link.lastMove < REST) {
      const [[name, goal]] = values;
      const near = this.link.nearby(this.moves[0].control, goal);
      if (near !== goal) this.move(event); // it is not there yet
      values[0] = [name, near];
    }
    this.link.assign(Object.fromEntries(values));
  }

  press(event) {
    const width = { "+": 1, "-": -1 }[event.key];
    if (width && this.wheel) this.link.nudge(this.wheel, width);
    if (!ARROWS[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.begin();
    const [axis, count] = ARROWS[event.key];
    const { control, direction } = this.moves.find((move) => move.axis === axis) ?? this.moves[0];
    this.link.nudge(control, direction() * count, event);
  }
}
