// The labels of a plot: each takes the place beside its anchor where it hides least.
import { round2 } from "./axes.js";
import { put, setSvg, svg } from "./elements.js";
import { fitted, textWidth } from "./text.js";

const PLACES = [[1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [0, -1], [0, 1], [1, -2], [-1, -2], [1, 2], [-1, 2], [0, -2], [0, 2], [0, -3], [0, 3], [1, -3], [-1, -3], [1, 3], [-1, 3]];

const ASIDE = 8; // pixels between two labels beside each other, and
const OVER = 2; // between two over each other

export class Labels {
  constructor() {
    this.node = svg("g", { class: "explorer-labels" });
    this.clear();
  }

  clear() {
    this.anchors = [];
    this.curves = []; // each as x, y, x, y, ...
    this.dots = []; // as these
    this.taken = []; // boxes
  }

  // `own` are the points of the curve that is named: no other that does not cross it there may be as near.
  add(x, y, text, role, gap, { places = PLACES, own } = {}) {
    this.anchors.push({ x, y, text, role, gap, places, own });
  }

  // Labels keep off the straight line between two points.
  avoid(x0, y0, x1, y1) {
    const count = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 5);
    const points = [...Array(count).keys()].flatMap((i) => [x0 + ((x1 - x0) * i) / count, y0 + ((y1 - y0) * i) / count]);
    this.curves.push(points);
    return points;
  }

  place({ left, top, right, bottom }, family) {
    this.anchors.forEach((anchor, i) => {
      const { x, y, role, gap, places, own } = anchor;
      const text = fitted(anchor.text, right - left - 4, family);
      const node = this.node.childNodes[i] ?? this.node.appendChild(svg("text"));
      setSvg(node, text);
      put(node, "class", `role-${role}`);
      const width = textWidth(text, family);
      const rivals = own ? this.curves.filter((points) => points !== own && crossings({ x, y, width: 0, height: 0 }, points, 5) === 0) : [];
      let best;
      for (const [dx, dy] of places) {
        const box = { x: dx > 0 ? x + gap : dx < 0 ? x - gap - width : x - width / 2, y: y - 8 + dy * (gap + 9), width, height: 16 };
        box.x = Math.min(Math.max(box.x, left + 2), right - width);
        box.y = Math.min(Math.max(box.y, top), bottom - 16);
        const cost =
          1000 * this.taken.filter((other) => overlap(box, other, OVER, ASIDE)).length +
          100 * this.anchors.filter((other) => inside(box, other, 4)).length +
          30 * this.anchors.filter((other) => !other.own && distance(box, other) < distance(box, anchor)).length + // it would name that one
          this.curves.reduce((sum, points) => sum + crossings(box, points, 1), 0) +
          5 * crossings(box, this.dots, 4) +
          30 * rivals.filter((points) => crossings(box, points, gap) > 0).length;
        if (!best || cost < best.cost) best = { box, cost };
        if (cost === 0) break;
      }
      this.taken.push(best.box);
      put(node, "x", round2(best.box.x));
      put(node, "y", round2(best.box.y + 12.5));
    });
    while (this.node.childNodes.length > this.anchors.length) this.node.lastChild.remove();
  }
}

export const overlap = (a, b, gap, aside = gap) =>
  a.x < b.x + b.width + aside && b.x < a.x + a.width + aside && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap;
const inside = (box, point, gap) =>
  point.x > box.x - gap && point.x < box.x + box.width + gap && point.y > box.y - gap && point.y < box.y + box.height + gap;
const distance = (box, { x, y }) => Math.hypot(Math.max(box.x - x, x - box.x - box.width, 0), Math.max(box.y - y, y - box.y - box.height, 0));

function crossings(box, points, gap) {
  let count = 0;
  for (let i = 0; i < points.length; i += 2) count += inside(box, { x: points[i], y: points[i + 1] }, gap);
  return count;
}
