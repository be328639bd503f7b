// The positions of a slider: low, low + step, ..., high; with `log` by powers of ten.

const NOISE = 1e-8; // of its range, by which a stock slider may miss the value that it was given

export const round = (value) => Number(value.toPrecision(12));
export const isNear = (value, exact, { low, high, log }) =>
  Math.abs(value - exact) < (log ? NOISE * Math.abs(value) : NOISE * (high - low) + 1e-15 * Math.abs(value));

// How many steps a value is above the lowest.
export const steps = (value, { low, step, log }) => (log ? Math.log10(value / low) : value - low) / step;

export function onStep(count, { low, step, log }) {
  return round(log ? low * 10 ** (count * step) : low + count * step);
}

export function onGrid(value, { low, high, step, log }) {
  const inside = Math.min(Math.max(value, low), high);
  return Math.min(onStep(Math.round(steps(inside, { low, step, log })), { low, step, log }), high);
}

// Where some steps lead from a value, by an arrow key, a wheel or the player; with Shift ten times as far.
export function moveBy(count, value, control, { shiftKey } = {}) {
  const shift = count * (shiftKey ? 10 : 1) * control.step;
  return onGrid(control.log ? value * 10 ** shift : value + shift, control);
}

// The numbers from 0 below `count`: those of the first of these grids (every so many) from near to
// far of `here`, then those that the next, twice as fine, adds. One by one: there may be millions.
export function* nearToFar(here, count, grids) {
  for (const every of grids) {
    const isNew = (n) => every === grids[0] || (n / every) % 2 === 1;
    let below = every * Math.floor(Math.min(here, count - 1) / every);
    let above = below + every;
    while (below >= 0 || above < count) {
      const nearer = below >= 0 && (above >= count || here - below <= above - here);
      const n = nearer ? below : above;
      if (nearer) below -= every;
      else above += every;
      if (isNew(n)) yield n;
    }
  }
}

// Key -> the axis that it moves along, and by how many steps.
export const ARROWS = {
  ...{ ArrowRight: ["x", 1], ArrowLeft: ["x", -1], Home: ["x", -Infinity], End: ["x", Infinity] },
  ...{ ArrowUp: ["y", 1], ArrowDown: ["y", -1], PageUp: ["y", 10], PageDown: ["y", -10] },
};
