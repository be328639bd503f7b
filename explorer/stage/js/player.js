// Lets a control run along its grid, so many positions a second, until its end.

export class Player {
  constructor(link) {
    this.link = link;
    this.control = undefined; // that runs
  }

  run(control, speed) {
    this.stop();
    const { link } = this;
    if (link.setting(control) >= control.high) link.assign({ [control.name]: control.low });
    this.control = control;
    this.timer = setInterval(() => this.advance(), 1000 / speed);
    link.prefetch.along(control);
  }

  advance() {
    this.link.nudge(this.control, 1);
    if (this.link.setting(this.control) >= this.control.high) this.stop();
  }

  stop() {
    clearInterval(this.timer);
    this.control = undefined;
    this.link.schedule(); // its button says so
  }
}
