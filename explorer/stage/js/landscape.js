// A field of heights as a picture: bands between levels, with contour lines at their edges.
// It lies below the drawing: as nested shapes it would take many times as long to paint.
import { MARGIN, round2 } from "./axes.js";
import { html, put } from "./elements.js";

const PIXELS = 6e5; // at most
const [BAND, CONTOUR] = [0.042, 0.38]; // opacity of each level's band, and of the line at its edge

export function landscape(plot, mark) {
  const canvas = html("canvas", { class: `explorer-landscape role-${mark.role}`, "aria-hidden": "true" });
  plot.area.prepend(canvas);
  const context = canvas.getContext("2d");
  let drawn = {};
  const draw = (values) => {
    const [field, levels] = [values[mark.values], values[mark.levels]];
    const [x, y, wide, tall] = plot.extent();
    const outside = [MARGIN.top - y, x + wide - plot.right, y + tall - plot.bottom, plot.left - x];
    const clip = outside.map((part) => `${Math.max(round2(part), 0)}px`).join(" ");
    put(canvas, "style", `left:${x}px;top:${y}px;width:${wide}px;height:${tall}px;clip-path:inset(${clip})`);
    const same = drawn.size === plot.resized && sameList(drawn.levels, levels) && sameField(drawn.field, field);
    if (same) return;
    if (drawn.size !== plot.resized) {
      const [width, height] = [plot.right - plot.left, plot.bottom - MARGIN.top];
      const scale = Math.min(window.devicePixelRatio, Math.sqrt(PIXELS / (width * height)));
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
    draw(plot.values);
  });
  return draw;
}

const sameList = (one, other) => one === other || (one.length === other.length && one.every((value, i) => value === other[i]));
const sameField = (one, other) => one.low === other.low && one.high === other.high && sameList(one.steps, other.steps);

const FINER = 2; // points drawn for one of the field's, along each axis
const BEYOND = 1e9; // steps: what is infinite, here merely beyond every level

// The slope of a curve that neither rises nor falls where its points do not, between two rises.
function slopeBetween(before, after) {
  if (before * after <= 0) return 0;
  const size = Math.min(2 * Math.abs(before), 2 * Math.abs(after), Math.abs(before + after) / 2);
  return after > 0 ? size : -size;
}

// Puts a cubic through `count` of the points, each so far from the next, into `found`; it is straight
// beside what is infinite.
function refine(points, first, apart, count, found, place, next) {
  const at = (i) => points[first + apart * i];
  let before = at(1) - at(0);
  let here = before;
  for (let i = 0; i < count - 1; i++) {
    const [start, end] = [at(i), at(i + 1)];
    const after = i + 2 < count ? at(i + 2) - end : here;
    const straight = Math.max(Math.abs(before), Math.abs(here), Math.abs(after)) > BEYOND / 2;
    const one = straight ? here : slopeBetween(before, here);
    const other = straight ? here : slopeBetween(here, after);
    for (let k = 0; k < FINER; k++) {
      const t = k / FINER;
      found[place] = start + t * (one + t * (3 * here - 2 * one - other + t * (one + other - 2 * here)));
      place += next;
    }
    [before, here] = [here, after];
  }
  found[place] = at(count - 1);
}

// The field with more points, as heights in steps.
function refined({ rows, columns, steps }) {
  const heights = Float64Array.from(steps, (step) => (step === 0 || step === 65535 ? -BEYOND : step === 65534 ? BEYOND : step));
  const [wide, tall] = [(columns - 1) * FINER + 1, (rows - 1) * FINER + 1];
  const across = new Float64Array(rows * wide);
  for (let j = 0; j < rows; j++) refine(heights, j * columns, 1, columns, across, j * wide, 1);
  const found = new Float64Array(tall * wide);
  for (let i = 0; i < wide; i++) refine(across, i, wide, rows, found, i, wide);
  return { rows: tall, columns: wide, heights: found };
}

// Paints how many levels the field has reached, and lines at the levels.
function paintBands({ field, levels, image, line, colour }) {
  const { low, high } = field;
  const { rows, columns, heights } = refined(field);
  const { width, height } = image;
  const pixels = new Uint32Array(image.data.buffer);
  const rgb = (colour[2] << 16) | (colour[1] << 8) | colour[0];
  const edges = Float64Array.from([-Infinity, ...levels, Infinity], (level) => 1 + ((level - low) / (high - low)) * 65532);
  const clear = Float64Array.from({ length: edges.length - 1 }, (_, k) => (1 - BAND) ** k);
  const ink = (opacity) => rgb | ((255 * opacity + 0.5) << 24);
  const flat = Uint32Array.from(clear, (part) => ink(1 - part));
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
      const [a, b, c, d] = [heights[n], heights[n + 1], heights[n + columns], heights[n + columns + 1]];
      const [least, most] = [Math.min(a, b, c, d), Math.max(a, b, c, d)];
      const near = (line + 0.5) * Math.hypot(Math.max(Math.abs(b - a), Math.abs(d - c)) / dx, Math.max(Math.abs(c - a), Math.abs(d - b)) / dy);
      const first = reached(least - near);
      if (first === reached(most + near)) {
        for (let y = top; y < bottom; y++) pixels.fill(flat[first], y * width + left, y * width + right);
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
            for (; x < end; x++) pixels[row + x] = flat[k];
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
