// Asks ahead for the positions that a slider, a handle or a button may soon lead to.
import { onStep, steps } from "./grid.js";
import { key } from "./wire.js";

const AHEAD = 96; // positions on their way in advance,
export const GRIDS = [8, 4, 2, 1]; // of every so many of a slider, one grid after the other;
const CHEAP = 4; // ms a position beyond which the finest grid has to wait until a drag is over
const AT_MOST = 600; // positions along one slider: half of what the link keeps
export const REST = 80; // ms after which a pointer that has not moved rests

export class Prefetch {
  constructor(link) {
    this.link = link;
    this.plan("", []);
  }

  // All positions of one control, the others where they are.
  along(control) {
    const { link } = this;
    const line = key(link.stateWith(control, control.name));
    if (this.line === line) return;
    const count = Math.floor(steps(control.high, control) + 1e-9);
    const states = [...Array(count + 1).keys()].map((n) => link.stateWith(control, onStep(n, control)));
    link.rebase();
    this.plan(line, states, () => steps(link.setting(control), control));
  }

  // Across two axes there is nothing to fetch: the kernel is left to the questions.
  stop() {
    this.link.rebase();
    this.plan("", []);
    this.link.send({ type: "ahead", states: [], base: this.link.base, fresh: true });
  }

  plan(line, states, here = () => 0) {
    const waiting = new Set(states.map((state, i) => ({ id: key(state), state, i })));
    Object.assign(this, { line, waiting, here, open: 0, received: 0, left: AT_MOST, fresh: true, start: performance.now() });
    this.next();
  }

  arrived(count) {
    this.open = Math.max(0, this.open - count);
    this.received += count;
  }

  // Coarse positions first, each grid from near to far of where the slider is by now.
  next() {
    if (this.waiting.size === 0 || this.open > AHEAD / 2) return;
    const { link } = this;
    const here = this.here();
    const rank = ({ i }) => 1e6 * GRIDS.findIndex((every) => i % every === 0) + Math.abs(i - here);
    const now = performance.now();
    const costly = now - link.lastMove < REST && now - this.start > CHEAP * this.received;
    const useful = [...this.waiting].filter(({ id, i }) => !link.cache.has(id) && !link.questions.has(id) && !(costly && i % 2));
    const next = useful.sort((one, other) => rank(one) - rank(other)).slice(0, Math.min(AHEAD - this.open, this.left));
    if (next.length === 0) return;
    for (const one of next) this.waiting.delete(one);
    link.send({ type: "ahead", states: next.map(({ state }) => state), base: link.base, fresh: this.fresh });
    this.open += next.length;
    this.left -= next.length;
    this.fresh = false;
  }
}
