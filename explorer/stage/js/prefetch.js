// Asks ahead for the positions that a slider, a handle or a button may soon lead to.
import { nearToFar, onStep, steps } from "./grid.js";
import { key } from "./wire.js";

const AHEAD = 96; // positions on their way in advance, fewer
const QUEUE = 150; // where they would cost the kernel more ms than these, beyond the way there and back
export const GRIDS = [8, 4, 2, 1]; // of every so many of a slider, one grid after the other;
const CHEAP = 4; // ms a position beyond which the finest grid has to wait until a drag is over
const AT_MOST = 600; // positions along one slider: half of what the link keeps
const LOST = 1500; // ms without any after which those on their way count as lost; then twice as many
export const REST = 80; // ms after which a pointer that has not moved rests

export class Prefetch {
  constructor(link) {
    this.link = link;
    this.pace = QUEUE / AHEAD; // ms from one position that arrives to the next
    this.trip = Infinity; // ms from the first question to the first answer: the shortest yet
    this.heard = performance.now();
    this.plan("", 0);
  }

  // All positions of one control, the others where they are.
  along(control) {
    const { link } = this;
    const own = ({ name, share }) => name === control.name || (share && share === control.share);
    const line = key(link.state.map((now, i) => (own(link.controls[i]) ? control.name : now)));
    if (this.line === line) return;
    link.rebase();
    const count = 1 + Math.floor(steps(control.high, control) + 1e-9);
    this.plan(line, count, (n) => link.stateWith(control, onStep(n, control)), () => steps(link.setting(control), control));
  }

  // Across two axes there is nothing to fetch: the kernel is left to the questions.
  stop() {
    this.link.rebase();
    this.plan("", 0);
    this.link.send({ type: "ahead", states: [], base: this.link.base, fresh: true });
  }

  // So many states, by number, and the number of where we are by now.
  plan(line, count, state, here = () => 0) {
    Object.assign(this, { line, count, state, here, received: 0, left: AT_MOST, start: performance.now() });
    this.lost = LOST;
    this.restart();
  }

  restart() {
    Object.assign(this, { asked: new Set(), open: 0, fresh: true });
    this.next();
  }

  arrived(count, givenUp) {
    const now = performance.now();
    // The first of them tells how long the way is, each other how long the kernel takes.
    if (this.setOut !== undefined) this.trip = Math.min(this.trip, now - this.setOut);
    else if (count > 0) this.pace += ((now - this.heard) / count - this.pace) / 4;
    this.setOut = undefined;
    this.heard = now;
    this.lost = LOST;
    this.open = Math.max(0, this.open - count - givenUp);
    this.received += count;
    // They cost the kernel too much: no more, until the pointer comes back.
    if (givenUp) [this.left, this.line] = [0, ""];
  }

  check() {
    if (this.open > 0 && performance.now() - this.heard > this.lost) {
      this.lost *= 2;
      this.restart();
    } else this.next();
  }

  // Coarse positions first, each grid from near to far of where the slider is by now.
  next() {
    const { link } = this;
    // Enough for the kernel while the next ones are on their way, which is when half of them are there.
    const way = Number.isFinite(this.trip) ? 2 * this.trip : 0;
    const size = Math.min(AHEAD, Math.ceil((QUEUE + way) / this.pace));
    if (this.left === 0 || this.open > size / 2 || link.isLate()) return;
    const now = performance.now();
    const costly = now - link.lastMove < REST && now - this.start > CHEAP * this.received;
    const next = [];
    for (const n of nearToFar(this.here(), this.count, costly ? GRIDS.slice(0, -1) : GRIDS)) {
      if (this.asked.has(n)) continue;
      if (this.open + next.length >= size || next.length >= this.left) break;
      this.asked.add(n);
      const state = this.state(n);
      const id = key(state);
      if (!link.cache.has(id) && !link.questions.has(id)) next.push(state);
    }
    if (next.length === 0) return;
    link.send({ type: "ahead", states: next, base: link.base, fresh: this.fresh });
    if (this.open === 0) this.heard = this.setOut = now;
    this.open += next.length;
    this.left -= next.length;
    this.fresh = false;
  }
}
