// While a hand moves something, axes stay as they are; when it lets go they ease to where they should be.
// After the press of a preset marks do so too.
const RESTS = 150; // ms after a hand lets go
const EASING = 200; // ms
const LEAST_ROOM = 7; // letters of a number: −12.345
const TAKEN = ".explorer-controls, .explorer-handle"; // what a hand can be on
const STANDS_AT = { x: ["x", "to_x"], y: ["y", "to_y", "base", "to"] }; // what a mark says of its places on each axis
const reduced = window.matchMedia("(prefers-reduced-motion: reduce)");

// Whether a hand moves something of a panel, in any of its views.
export class Calm {
  constructor(link) {
    this.link = link;
    this.held = false;
    this.over = new AbortController();
    const hear = (events, callback) => {
      for (const event of events) window.addEventListener(event, callback, { capture: true, passive: true, signal: this.over.signal });
    };
    hear(["pointerdown", "keydown", "wheel"], (event) => this.isOwn(event.target) && this.hold(event.type === "wheel"));
    hear(["pointerup", "pointercancel", "keyup", "blur"], () => this.held && this.letGo());
  }

  close() {
    this.over.abort();
    clearTimeout(this.waiting);
  }

  isOwn(target) {
    return target.closest?.(TAKEN) && [...this.link.views].some(({ el }) => el.closest(".explorer-panel")?.contains(target));
  }

  hold(once) {
    clearTimeout(this.waiting);
    this.held = true;
    if (once) this.letGo();
  }

  // A column for a number is wide enough for some more digits and a sign, and does not shrink again.
  reserve(node, text) {
    node.room ??= 0;
    if (text.length <= node.room || (this.held && node.room > 0)) return;
    node.room = Math.max(text.length + 1, LEAST_ROOM);
    node.style.inlineSize = `${node.room}ch`;
  }

  letGo() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.held = false;
      this.link.schedule();
    }, RESTS);
  }
}

// The limits of a plot's axes as they are seen.
export class Seen {
  constructor(link, axes) {
    this.link = link;
    this.logs = axes.map(({ log }) => log);
  }

  // Those of now, on their way to the wanted ones: a picture between is as true as that at the end.
  towards(wanted) {
    if (this.now === undefined) this.now = wanted;
    if (this.link.calm.held) {
      this.goal = undefined;
      return this.now;
    }
    if (!same(wanted, this.goal)) [this.goal, this.from, this.since] = [wanted, this.now, performance.now()];
    const part = partSince(this.since);
    if (part < 1 && !same(this.from, wanted)) {
      this.link.schedule();
      return (this.now = wanted.map((ends, i) => ends.map((end, k) => between(this.from[i][k], end, part, this.logs[i]))));
    }
    return (this.now = wanted);
  }
}

// The values of a plot with its marks' places as they are seen.
export class Glide {
  constructor(link, { x, y, marks }) {
    this.link = link;
    this.curves = marks.filter(({ kind }) => kind === "line" || kind === "area");
    const slots = (axis) => marks.flatMap((mark) => STANDS_AT[axis].map((name) => mark[name]).filter((slot) => slot !== undefined));
    this.places = [...slots("x").map((slot) => [slot, x.log]), ...slots("y").map((slot) => [slot, y.log])];
  }

  // Those of now: after a press on their way to the wanted ones, else these at once.
  towards(wanted) {
    if (wanted !== this.goal) {
      this.from = this.link.gentle && this.now && this.comparable(wanted);
      [this.goal, this.since] = [wanted, performance.now()];
    }
    const part = partSince(this.since);
    if (!this.from || part === 1 || this.link.calm.held) {
      this.from = undefined;
      return (this.now = wanted);
    }
    this.link.schedule();
    const now = wanted.slice();
    for (const [slot, log] of this.places) now[slot] = onTheWay(this.from[slot], wanted[slot], part, log);
    return (this.now = now);
  }

  // What is seen now, with curves over the same stretch of x as points at the wanted places.
  comparable(wanted) {
    const from = this.now.slice();
    for (const { x, y, base } of this.curves) {
      const [xs, places] = [from[x], wanted[x]];
      const alike = xs[0] === places[0] && xs.at(-1) === places.at(-1) && ascends(xs) && ascends(places);
      if (!alike) continue;
      for (const slot of [y, base]) if (from[slot]?.length === xs.length) from[slot] = heightsAt(places, xs, from[slot]);
      from[x] = places;
    }
    return from;
  }
}

// How much of the way is done.
function partSince(time) {
  const part = reduced.matches ? 1 : Math.min((performance.now() - time) / EASING, 1);
  return part * part * (3 - 2 * part);
}

const ascends = (xs) => xs.every((x, i) => i === 0 || xs[i - 1] <= x);

// Heights of a polyline at other places, in ascending order.
function heightsAt(places, xs, ys) {
  let k = 0;
  return places.map((x) => {
    while (k < xs.length - 2 && (xs[k + 1] < x || xs[k + 1] === xs[k])) k++;
    return between(ys[k], ys[k + 1], (x - xs[k]) / (xs[k + 1] - xs[k]));
  });
}

// A number, or a list of as many; what is not finite, or of another length, is there at once.
function onTheWay(from, to, part, log) {
  if (from === to || from.length !== to.length) return to;
  if (typeof to === "object") return to.map((end, i) => onTheWay(from[i], end, part, log));
  const now = between(from, to, part, log);
  return Number.isFinite(now) ? now : to;
}

const same = (one, other) => other !== undefined && one.every((ends, i) => ends.every((end, k) => end === other[i][k]));
const between = (from, to, part, log) => (log ? from * (to / from) ** part : from + part * (to - from));
