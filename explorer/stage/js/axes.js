// From numbers to pixels and back, and the ticks between.
import { round } from "./grid.js";

export const MARGIN = { left: 34, right: 12, top: 8, bottom: 36 };
export const crisp = (pixel) => Math.round(pixel) + 0.5;
export const round2 = (value) => Math.round(value * 100) / 100;

// One axis whose limits stand at the pixels `from` and `to`.
export class Scale {
  constructor(log, [low, high], names, from, to, count) {
    const share = log ? (value) => Math.log(value / low) / Math.log(high / low) : (value) => (value - low) / (high - low);
    const back = log ? (part) => low * (high / low) ** part : (part) => low + part * (high - low);
    this.toPixel = (value) => from + share(value) * (to - from);
    this.toValue = (pixel) => back((pixel - from) / (to - from));
    const places = names.length > 0 ? [...names.keys()] : log ? powers(low, high) : multiples(low, high, count);
    this.ticks = places.map((value) => ({ pixel: this.toPixel(value), text: names[value] ?? tickText(value) }));
  }
}

function multiples(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + 1e-6 * step; i++) values.push(round(i * step));
  return values;
}

function powers(low, high) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.ceil((last - first + 1) / 7);
  return [...Array(last - first + 1).keys()].filter((i) => i % every === 0).map((i) => round(10 ** (first + i)));
}

// From 10,000 on in thousands, then in millions: there is room for four digits.
function tickText(value) {
  const [unit, name] = Math.abs(value) >= 1e6 ? [1e6, "M"] : Math.abs(value) >= 1e4 ? [1e3, "k"] : [1, ""];
  return String(round(value / unit)).replace("-", "−") + name;
}
