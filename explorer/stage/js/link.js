// One a panel: its state, the values that it knows, the conversation with the kernel.
import { Calm } from "./calm.js";
import { moveBy, onStep, round, steps } from "./grid.js";
import { Lights } from "./light.js";
import { Player } from "./player.js";
import { GRIDS, Prefetch } from "./prefetch.js";
import { decode, key, Recent } from "./wire.js";

const IN_FLIGHT = 8; // questions to the kernel that may be open at once,
const SLOW = 250; // ms beyond the shortest answer after which there may be fewer
const CACHED = 1200; // states whose values are kept
const BASES = 8; // of them, kept as those from which others differ
const QUICK = 100; // ms beyond it after which nothing is sent ahead
const STILL = 500; // until so many ms after the last question
const LATE = 400; // ms beyond the usual answer time after which a question counts as lost,
const LATEST = 1200; // twice as many after each that is, but no more than these
const PATIENCE = 3000; // ms without an answer before the panel says so
const BUSY = 400; // ms before it shows that it waits
const CHECK = 250; // ms from one look at what is lost to the next
const READING = 6000; // ms that the panel says why a value was refused

const sum = (values) => values.reduce((total, value) => total + value, 0);

// `Host` is a class of what holds the values of the controls and draws the sliders: `Widgets` where
// Jupyter does, else another with the same methods.
export class Link {
  constructor(model, Host) {
    this.model = model;
    this.views = new Set();
    this.exports = new Map(); // what the kernel was asked to hand on -> who waits for it
    this.following = new Set(); // handles that were dragged since the last animation frame
    this.lastMove = -Infinity; // the time when one was
    this.lastAsked = -Infinity; // and when the kernel was asked
    this.questions = new Map(); // key -> when it was asked first, serial number, and whether it is lost
    this.window = IN_FLIGHT;
    this.usual = 0; // ms that an answer takes by now
    this.late = LATE;
    this.silent = undefined; // since when the kernel has not answered
    this.shortest = Infinity;
    this.serial = 0;
    this.drawn = 0; // serial number up to which answers are too old to be drawn
    this.refused = { reason: "", time: -Infinity };
    this.lost = false; // the kernel
    this.host = new Host(this);
    this.player = new Player(this);
    this.calm = new Calm(this);
    this.lights = new Lights(this);
    this.load();
    this.heard = { "change:scene": () => this.load(), "msg:custom": (message, buffers) => this.receive(message, buffers) };
    for (const [event, callback] of Object.entries(this.heard)) model.on(event, callback);
    this.watch = setInterval(() => this.check(), CHECK);
  }

  close() {
    clearInterval(this.watch);
    this.player.stop();
    this.calm.close();
    this.lights.close();
    cancelAnimationFrame(this.request);
    this.host.close();
    for (const [event, callback] of Object.entries(this.heard)) this.model.off(event, callback);
    this.views.clear();
    this.cache.clear();
  }

  load() {
    const { epoch, controls, structure, state, reset, header, buffer } = this.model.get("scene");
    Object.assign(this, { epoch, controls, structure, reset, start: state, pressed: undefined });
    this.first = decode(header, buffer);
    this.keepFirst();
    const last = this.model.get("last");
    if (last?.epoch === epoch && last.buffer) this.cache.keep(key(last.state), decode(last.header, last.buffer));
    this.refusals = new Map(); // key -> why there are no values
    this.good = state; // that was drawn last
    this.questions.clear();
    this.latest = undefined;
    this.prefetch = new Prefetch(this);
    const outdated = this.host.isOutdated();
    if (outdated || !this.host.isConnected()) this.state = state;
    if (outdated) this.connect();
    for (const view of this.views) view.build();
    this.schedule();
  }

  keepFirst() {
    this.base = this.start;
    this.cache = new Recent(CACHED);
    this.bases = new Recent(BASES);
    for (const known of [this.cache, this.bases]) known.keep(key(this.start), this.first);
  }

  async connect() {
    this.player.stop();
    if (!(await this.host.connect())) return;
    this.moved();
    this.prefetchPresets();
  }

  control(name) {
    return this.controls.find((control) => control.name === name);
  }

  named(state) {
    return Object.fromEntries(this.controls.map(({ name }, i) => [name, state[i]]));
  }

  setting({ name }) {
    return this.named(this.state)[name];
  }

  // The present state, but for one control, and the shares that make room for it.
  stateWith({ name }, value) {
    const moved = this.withRoom({ [name]: value });
    return this.state.map((now, i) => moved[this.controls[i].name] ?? now);
  }

  // These values, and for shares that sum to 1 those of the others: in the proportions that they had
  // before the first of the moves of which this may be one.
  withRoom(values) {
    const all = { ...values };
    for (const share of new Set(Object.keys(values).map((name) => this.control(name)?.share))) {
      if (!share) continue;
      const [given, others] = [[], []];
      for (const control of this.controls) if (control.share === share) (control.name in values ? given : others).push(control);
      const [names, now] = [key(given.map(({ name }) => name)), others.map((other) => this.setting(other))];
      if (this.roomOf?.names !== names || key(this.roomOf.now) !== key(now)) this.roomOf = { names, others, before: now, now };
      const { before } = this.roomOf;
      const [room, total] = [1 - sum(given.map(({ name }) => values[name])), sum(before)];
      others.forEach(({ name }, i) => (all[name] = round(Math.max(room, 0) * (total > 0 ? before[i] / total : 1 / before.length))));
    }
    return all;
  }

  moved() {
    this.state = this.host.read(this.controls, this.state);
    if (key(this.state) !== this.gentle) this.gentle = undefined;
    this.schedule();
  }

  // A slider that is a share has been moved by its own means: the others follow.
  makeRoom(name) {
    const control = this.control(name);
    if (control.share) this.assign({ [name]: this.setting(control) });
  }

  // Sets controls by name; sliders, kernel and every view follow.
  assign(values) {
    for (const [name, value] of Object.entries(this.withRoom(values))) this.host.write(name, value);
    if (this.roomOf) this.roomOf.now = this.roomOf.others.map((other) => this.setting(other));
  }

  nudge(control, count, event) {
    this.assign({ [control.name]: moveBy(count, this.setting(control), control, event) });
  }

  // The values that a preset sets, by name; null for those that the kernel alone knows.
  settings({ values: slots }, values) {
    return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, slot === null ? null : values[slot]]));
  }

  suffices(settings) {
    return settings !== null && Object.entries(settings).every(([name, value]) => value !== null && this.control(name));
  }

  // A button; -1 leads back to where the panel started. What is not in the controls alone, such as
  // other data, is set by the kernel, once it knows of all moves: one that comes later would undo it.
  press(index, settings) {
    this.player.stop();
    this.pressed = undefined;
    if (this.suffices(settings)) {
      this.assign(settings);
      this.gentle = key(this.state); // what is drawn glides there
      this.host.save();
    } else {
      this.pressed = index;
      this.host.save();
      this.host.settle();
      this.sendPress();
    }
  }

  sendPress() {
    if (this.pressed === undefined || this.host.untold.size > 0) return;
    this.send({ type: "press", preset: this.pressed });
    this.pressed = undefined;
  }

  // Where a control on its way to a value can be drawn at once: there or beside it, else there soon.
  nearby(control, value) {
    const at = Math.round(steps(value, control));
    const known = (near) => this.cache.has(key(this.stateWith(control, near)));
    if (known(value)) return value;
    for (let n = 1; n <= GRIDS[0] / 2; n++) {
      const near = [onStep(at - n, control), onStep(at + n, control)].find(known);
      if (near !== undefined) return near;
    }
    return value;
  }

  schedule() {
    this.request ??= requestAnimationFrame(() => {
      const handles = [...this.following];
      this.following.clear();
      for (const handle of handles) handle.follow();
      this.request = undefined;
      this.tick();
      if (this.following.size > 0) this.schedule();
    });
  }

  tick() {
    if (this.views.size === 0) return;
    this.seen = true;
    const now = key(this.state);
    const values = this.cache.recall(now);
    if (values) {
      this.drawn = this.serial;
      this.draw(values, this.state);
      return;
    }
    if (this.refusals.has(now)) {
      this.refused = { reason: this.refusals.get(now), time: performance.now() };
      this.report();
      this.assign(this.named(this.good));
      return;
    }
    if (!this.host.alive && ![...this.views].some(({ drawn }) => drawn)) this.draw(this.first, this.start);
    this.ask(now);
    if (this.latest?.serial > this.drawn) {
      this.drawn = this.latest.serial;
      this.draw(this.latest.values, this.latest.state);
    }
  }

  ask(id) {
    const question = this.questions.get(id);
    const open = [...this.questions.values()].filter(({ lost }) => !lost).length;
    if ((question && !question.lost) || open >= this.window) return;
    const now = performance.now();
    this.questions.set(id, { time: question?.time ?? now, due: now + this.patience, serial: ++this.serial });
    this.silent ??= now;
    this.lastAsked = now;
    this.send({ type: "ask", states: [this.state], base: this.base });
  }

  get patience() {
    return this.usual + this.late;
  }

  // Whether answers come so late that what is sent ahead has to wait until none are wanted.
  isLate() {
    return this.usual > this.shortest + QUICK && performance.now() - this.lastAsked < STILL;
  }

  // What is lost is waited for no longer; only the newest is asked again, as any that has no picture.
  check() {
    if (this.views.size === 0) {
      if (this.seen) this.forget();
      return;
    }
    const now = performance.now();
    const overdue = [...this.questions.values()].filter(({ lost, due }) => !lost && due < now);
    if (overdue.length > 0) {
      for (const question of overdue) question.lost = true;
      this.backOff();
      const lost = [...this.questions].filter(([, question]) => question.lost);
      for (const [id] of lost.slice(0, -IN_FLIGHT)) this.questions.delete(id);
      this.schedule();
    }
    this.prefetch.check();
    this.sendPress();
    this.report();
  }

  // Of a cell that was run again the kernel may keep the panel, but nobody sees it: what was kept for
  // those who do can be had again.
  forget() {
    this.seen = false;
    this.player.stop();
    this.keepFirst();
    this.prefetch.plan("", 0);
  }

  backOff() {
    this.late = Math.min(2 * this.late, LATEST);
    this.window = 1;
  }

  // After an outage: whatever was on its way has gone with it.
  resume() {
    this.questions.clear();
    this.late = LATE;
    this.host.settle();
    this.prefetch.restart();
    this.schedule();
  }

  draw(values, state) {
    this.good = state;
    for (const view of this.views) view.draw(values, state);
  }

  send(message) {
    try {
      this.model.send({ epoch: this.epoch, ...message });
    } catch {
      this.lost = true;
      this.report();
    }
  }

  // What the kernel says of the state on screen: its code, a link to it, its numbers.
  exported(what) {
    return new Promise((resolve, reject) => {
      const silent = setTimeout(() => reject(new Error("The kernel does not answer.")), PATIENCE);
      this.exports.set(what, ({ text, refused }) => {
        clearTimeout(silent);
        if (refused === undefined) resolve(text);
        else reject(new Error(refused));
      });
      this.send({ type: "export", what, state: this.state });
    });
  }

  receive(message, buffers) {
    const answered = performance.now();
    if (this.silent !== undefined) [this.silent, this.late, this.lost] = [answered, LATE, false];
    if (message.epoch !== this.epoch) return;
    if (message.exported) {
      this.exports.get(message.exported)?.(message);
      return;
    }
    if (message.settled) {
      this.host.settled(message.settled, this.named(message.state), message.missed);
      this.sendPress();
      return;
    }
    const base = this.bases.get(key(message.base)); // none: given up here, or of another page
    if (!message.ahead || message.frames.some(({ state }) => key(state) === key(this.state))) this.schedule();
    message.frames.forEach((header, i) => {
      const { state, refused } = header;
      const id = key(state);
      const question = this.questions.get(id);
      this.questions.delete(id);
      if (question) this.adapt(answered - question.time);
      if (refused !== undefined) this.refusals.set(id, refused);
      if (refused !== undefined || !base) return;
      const values = decode(header, buffers[i], base);
      this.cache.keep(id, values);
      if (question?.serial > this.drawn) this.latest = { values, state, serial: question.serial };
    });
    if (message.ahead) this.prefetch.arrived(message.frames.length, message.given_up);
    this.prefetch.next();
  }

  // Where the kernel takes its time for an answer, few questions are open: the newest waits for few.
  adapt(time) {
    this.usual += (time - this.usual) / 2;
    this.shortest = Math.min(this.shortest, time);
    this.window = time > this.shortest + SLOW ? Math.max(1, this.window >> 1) : Math.min(IN_FLIGHT, this.window + 1);
  }

  // What does not change from here on need not travel, nor be drawn again.
  rebase() {
    const values = this.cache.recall(key(this.state));
    if (!values) return;
    this.base = this.state;
    this.bases.keep(key(this.state), values);
  }

  prefetchPresets() {
    const values = this.cache.recall(key(this.state)) ?? this.first;
    const settings = this.structure.presets.map((preset) => this.settings(preset, values)).filter((one) => this.suffices(one));
    const states = settings.map((one) => this.controls.map(({ name }, i) => one[name] ?? this.state[i]));
    const goals = states.filter((state) => !state.some(Number.isNaN));
    this.prefetch.plan("", goals.length, (n) => goals[n]);
  }

  report() {
    const waits = !this.cache.has(key(this.state)) || this.host.untold.size > 0;
    if (!waits) this.silent = undefined;
    let notice = "";
    if (this.lost || !this.host.alive) notice = this.host.words.gone;
    else if (performance.now() - this.silent > PATIENCE) notice = this.host.words.busy;
    else if (performance.now() - this.refused.time < READING) notice = this.refused.reason;
    const busy = performance.now() - this.silent > BUSY && !this.cache.has(key(this.state));
    for (const view of this.views) view.notify(notice, busy);
  }
}
