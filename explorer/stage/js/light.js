// What stands for the same control, in several plots and as its slider, lights up together under a hand.
const STANDS_FOR = "data-controls"; // names of controls

export class Lights {
  constructor(link) {
    this.link = link;
    this.over = new AbortController();
    for (const event of ["pointerover", "focusin"]) {
      window.addEventListener(event, ({ target }) => this.look(target), { passive: true, signal: this.over.signal });
    }
  }

  close() {
    this.over.abort();
  }

  panels() {
    return [...this.link.views].map(({ el }) => el.closest(".explorer-panel")).filter(Boolean);
  }

  look(target) {
    if (this.link.calm.held) return;
    const own = target.closest?.(`[${STANDS_FOR}]`);
    const names = own && this.panels().some((panel) => panel.contains(own)) ? own.getAttribute(STANDS_FOR) : "";
    if (names === this.names) return;
    this.names = names;
    const lit = names.split(" ");
    for (const node of this.panels().flatMap((panel) => [...panel.querySelectorAll(`[${STANDS_FOR}]`)])) {
      const stands = node.getAttribute(STANDS_FOR).split(" ");
      node.classList.toggle("explorer-lit", names !== "" && stands.some((name) => lit.includes(name)));
    }
  }
}
