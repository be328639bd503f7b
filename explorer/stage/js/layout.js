// How plots share the room that a panel has on screen. Sizes in pixels.

const [BETWEEN, BELOW] = [20, 10]; // gaps between plots and between their rows
const TITLE = 24; // above a plot's drawing
const [NARROWEST, LOWEST] = [240, 150]; // of a drawing, where several are beside each other
const TALLEST = 480;
const CLEAR = 10; // that a panel leaves free of the room
const BOUNDLESS = 1e5;
const UNKNOWN = 600; // the room of a page in a frame, which may be as high as what is in it

// The nearest box around an element that scrolls, or none where only the window does. A box that grows
// with what is in it does not scroll; `overflow` alone does not tell.
export function scrollerAround(node) {
  const before = node.style.minHeight;
  node.style.minHeight = `${BOUNDLESS}px`;
  let box = node.parentElement;
  const scrolls = ({ clientHeight }) => clientHeight < BOUNDLESS && /auto|scroll/.test(getComputedStyle(box).overflowY);
  while (box && box !== document.body && !scrolls(box)) box = box.parentElement;
  node.style.minHeight = before;
  return box === document.body ? null : box;
}

// How high a panel may be, to be seen at once.
export function roomIn(scroller) {
  if (scroller) return scroller.clientHeight - CLEAR;
  return (window === window.parent ? window.innerHeight : UNKNOWN) - CLEAR;
}

// The sizes of `count` plots in rows as even as can be, where they are largest; never one alone below
// others. `fits` says whether they are high enough.
export function arrange(count, width, height) {
  const found = [];
  for (let rows = 1; rows <= count; rows++) {
    const columns = Math.ceil(count / rows);
    const full = count - rows * (columns - 1); // rows; the others have one plot less
    const wide = (n) => Math.floor((width - BETWEEN * (n - 1)) / n);
    if (columns > 1 && (wide(columns) < NARROWEST || (full < rows && columns === 2))) continue;
    const least = columns > 1 ? LOWEST : Math.min(Math.max(0.6 * width, 200), 300);
    const room = (height - BELOW * (rows - 1)) / rows - TITLE;
    const high = Math.floor(Math.min(room, Math.max(0.8 * wide(columns), 310), TALLEST));
    const sizes = Array.from({ length: count }, (_, i) => ({
      width: wide(i < full * columns ? columns : columns - 1),
      height: Math.max(high, Math.round(least)),
    }));
    found.push({ rows, columns, sizes, fits: high >= least, area: sizes[0].width * high });
  }
  const fitting = found.filter(({ fits }) => fits);
  return fitting.length > 0 ? fitting.reduce((best, one) => (one.area > best.area ? one : best)) : found[0];
}
