// While a hand moves something, axes stay as they are; when it lets go they ease to where they should be.
const RESTS = 150; // ms after a hand lets go
const EASING = 200; // ms
const LEAST_ROOM = 7; // letters of a number: −12.345
const TAKEN = ".explorer-controls, .explorer-handle"; // what a hand can be on
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
    const part = Math.min((performance.now() - this.since) / EASING, 1);
    if (part < 1 && !same(this.from, wanted) && !reduced.matches) {
      this.link.schedule();
      const smooth = part * part * (3 - 2 * part);
      return (this.now = wanted.map((ends, i) => ends.map((end, k) => between(this.from[i][k], end, smooth, this.logs[i]))));
    }
    return (this.now = wanted);
  }
}

const same = (one, other) => other !== undefined && one.every((ends, i) => ends.every((end, k) => end === other[i][k]));
const between = (from, to, part, log) => (log ? from * (to / from) ** part : from + part * (to - from));
