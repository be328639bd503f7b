// What stands in a plot. Each mark makes its elements once and returns what updates them from the values.
import { MARGIN, round2 } from "./axes.js";
import { put, setSvg, svg } from "./elements.js";
import { Handles } from "./handles.js";
import { overlap } from "./labels.js";
import { landscape } from "./landscape.js";
import { stands } from "./light.js";
import { textWidth } from "./text.js";

const list = (value) => (typeof value === "number" ? [value] : value);
const at = (value, i) => (typeof value === "object" ? value[i] : value); // one each, or one for all
const pathIn = (group, kind, mark) => group.appendChild(svg("path", { class: `explorer-${kind} explorer-mark role-${mark.role}` }));

// The path of one of a mark's points or bars, which lights up by itself.
const pieceOf = (group, mark, index) => group.childNodes[index] ?? stands(group.appendChild(svg("path")), mark, index);

function polyline(plot, xs, ys, points) {
  let path = "";
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = plot.far(xs[i], ys[i]);
    if (Number.isNaN(y)) continue;
    path += `${i > 0 && !Number.isNaN(ys[i - 1]) ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (points?.length > 0) fillIn(points, x, plot.yClamped(ys[i]));
    points?.push(x, plot.yClamped(ys[i]));
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
    if (scales !== plot.scales || values.some((value, i) => value !== given[i])) result = doIt(...values);
    [given, scales] = [values, plot.scales];
    return result;
  };
}

// A mark that is one path, with a piece for each point of the named data, as far as all of it is known.
const each = (kind, names, piece) => (plot, mark) => {
  const node = pathIn(plot.layer, kind, mark);
  return (values) => {
    const lists = names.map((name) => list(values[mark[name]]));
    const points = Array.from(lists[0], (_, i) => lists.map((data) => data[i]));
    put(node, "d", points.map((point) => (point.some(Number.isNaN) ? "" : piece(plot, ...point))).join(""));
  };
};

export const MARKS = {
  line(plot, mark) {
    const node = pathIn(plot.layer, "line", mark);
    node.classList.toggle("dashed", mark.dashed);
    const trace = whenNew(plot, (xs, ys) => {
      const points = [];
      put(node, "d", polyline(plot, xs, ys, points));
      return points;
    });
    return (values) => {
      const [xs, ys, text] = [values[mark.x], values[mark.y], values[mark.label]];
      const own = trace(xs, ys);
      plot.labels.curves.push(own);
      if (!text || xs.length === 0) return;
      const middle = Math.floor((xs.length - 1) * mark.at);
      const along = (ends) => ends[0] + mark.at * (ends[1] - ends[0]);
      const [x, y] = xs.length === 2 ? [along(xs), along(ys)] : [xs[middle], ys[middle]];
      if (!Number.isNaN(y)) plot.labels.add(plot.x(x), plot.yClamped(y), text, mark.role, 8, { own });
    };
  },

  area(plot, mark) {
    const node = pathIn(plot.layer, "fill", mark);
    const trace = whenNew(plot, (xs, ys, base) => {
      const floor = Float32Array.from(xs, (_, i) => at(base, i));
      const back = polyline(plot, [...xs].reverse(), floor.reverse());
      put(node, "d", xs.length > 0 ? `${polyline(plot, xs, ys)}L${back.slice(1)}Z` : "");
    });
    return (values) => trace(values[mark.x], values[mark.y], values[mark.base]);
  },

  stems: each("stems", ["x", "y"], (plot, x, y) => `M${plot.x(x).toFixed(1)} ${plot.yClamped(0).toFixed(1)}V${plot.yClamped(y).toFixed(1)}`),

  rug: each("rug", ["x"], (plot, x) => `M${plot.x(x).toFixed(1)} ${plot.bottom}v-11`),

  rule(plot, mark) {
    const node = pathIn(plot.layer, "rule", mark);
    stands(node, mark);
    const knob = mark.drag && plot.over.appendChild(svg("circle", { class: `explorer-knob role-${mark.role}`, r: 7 }));
    const handles = new Handles(plot, mark, "rule");
    return (values) => {
      const [x, text] = [plot.x(values[mark.x]), values[mark.label]];
      put(node, "d", `M${x.toFixed(1)} ${MARGIN.top}V${plot.bottom}`);
      const own = plot.labels.avoid(x, MARGIN.top, x, plot.bottom);
      if (text) plot.labels.add(x, MARGIN.top + 10, text, mark.role, 9, { own });
      if (!knob) return;
      put(knob, "cx", round2(x));
      put(knob, "cy", plot.bottom);
      handles.place(0, x - 14, MARGIN.top, 28, plot.bottom - MARGIN.top + 12);
    };
  },

  points(plot, mark) {
    const guides = mark.drop && pathIn(plot.layer, "guide", mark);
    const group = plot.over.appendChild(
      svg("g", { class: `explorer-points role-${mark.role} ${mark.shape}${mark.small ? " small" : ""}${mark.quiet ? " quiet" : ""}` }),
    );
    const handles = new Handles(plot, mark, "point");
    const [radius, reach] = [mark.small ? 3.5 : 7, mark.quiet ? 11 : 16]; // of what is seen, and what a hand can take
    const shape = (x, y, right, down) => {
      if (right || down) return triangle(x, y, down ? 0 : right, down, mark.small ? 4 : 6);
      return mark.shape === "cross" ? cross(x, y) : disc(x, y, radius);
    };
    return (values) => {
      const [xs, ys] = [list(values[mark.x]), list(values[mark.y])];
      let drops = "";
      handles.keep(xs.length);
      for (let i = 0; i < xs.length; i++) {
        const [x, right] = atEdge(plot.x(xs[i]), plot.left, plot.right);
        const [y, down] = atEdge(plot.y(ys[i]), MARGIN.top, plot.bottom);
        const hidden = Number.isNaN(xs[i]) || Number.isNaN(ys[i]);
        put(pieceOf(group, mark, i), "d", hidden ? "" : shape(x, y, right, down));
        if (hidden) continue;
        if (mark.drop.includes("x")) {
          drops += `M${x.toFixed(1)} ${y.toFixed(1)}V${plot.bottom}`;
          plot.labels.avoid(x, y, x, plot.bottom);
        }
        if (mark.drop.includes("y")) {
          drops += `M${x.toFixed(1)} ${y.toFixed(1)}H${plot.left}`;
          plot.labels.avoid(x, y, plot.left, y);
        }
        const text = at(values[mark.label], i);
        if (text) plot.labels.add(x, y, text, mark.role, radius + 5);
        else if (mark.small) plot.labels.dots.push(x, y);
        else plot.labels.taken.push({ x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius });
        handles.place(i, x - reach, y - reach, 2 * reach, 2 * reach);
      }
      while (group.childNodes.length > xs.length) group.lastChild.remove();
      if (guides) put(guides, "d", drops);
    };
  },

  bars(plot, mark) {
    const group = plot.layer.appendChild(svg("g", { class: `explorer-bars role-${mark.role}` }));
    const handles = new Handles(plot, mark, "bar");
    return (values) => {
      const [xs, ys] = [list(values[mark.x]), list(values[mark.y])];
      handles.keep(xs.length);
      for (let i = 0; i < xs.length; i++) {
        const [left, right] = [plot.x(xs[i] - mark.width / 2), plot.x(xs[i] + mark.width / 2)];
        const [base, y] = [plot.yClamped(at(values[mark.base], i)), plot.yClamped(ys[i])];
        put(pieceOf(group, mark, i), "d", `M${round2(left)} ${round2(base)}V${round2(y)}H${round2(right)}V${round2(base)}Z`);
        const text = at(values[mark.label], i);
        if (text) plot.labels.add((left + right) / 2, y + (y > base ? 10 : -10), text, mark.role, 0, { places: [[0, 0]] });
        handles.place(i, left, y - 14, right - left, 28);
      }
      while (group.childNodes.length > xs.length) group.lastChild.remove();
    };
  },

  squares: each("squares", ["x", "y", "to"], (plot, x, y, to) => {
    const [top, bottom] = [plot.y(y), plot.y(to)].sort((a, b) => a - b);
    const side = bottom - top;
    const left = plot.x(x) + side > plot.right ? plot.x(x) - side : plot.x(x);
    return `M${round2(left)} ${round2(top)}h${round2(side)}v${round2(side)}h${round2(-side)}Z`; // all one way round
  }),

  arrows: each("arrows", ["x", "y", "to_x", "to_y"], (plot, x, y, toX, toY) =>
    arrow(plot.x(x), plot.yClamped(y), plot.x(toX), plot.yClamped(toY)),
  ),

  note(plot, mark) {
    const right = mark.side === "right";
    const node = plot.over.appendChild(svg("text", { class: `explorer-note role-${mark.role}`, "text-anchor": right ? "end" : "start" }));
    return (values) => {
      const text = values[mark.text];
      setSvg(node, text);
      const [whole, room] = [1.25 * textWidth(text, plot.family), plot.right - plot.left - 10];
      const width = Math.min(whole, room);
      put(node, "style", whole > room ? `font-size:${round2((14 * room) / whole)}px` : "");
      const x = right ? plot.right - 4 : plot.left + 6;
      const box = { x: right ? x - width : x, y: MARGIN.top + 2, width, height: 18, note: true };
      while (plot.labels.taken.some((other) => other.note && overlap(box, other, 4))) box.y += 20; // where it is narrow
      put(node, "x", x);
      put(node, "y", box.y + 14);
      if (text) plot.labels.taken.push(box);
    };
  },

  landscape,
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
