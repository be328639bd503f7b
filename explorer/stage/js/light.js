// What stands for the same control, in several plots and as its slider, lights up together under a hand.
const STANDS_FOR = "data-controls"; // names of controls
const PIECE = "explorer-piece"; // a point, a bar or a rule that has no handle
const LIGHTS = `[${STANDS_FOR}], .${PIECE}`;

// Of a mark that cannot be dragged itself.
export function stands(node, mark, index = 0) {
  if (mark.drag) return node;
  node.classList.add(PIECE);
  node.piece = { mark, index };
  return node;
}

export class Lights {
  constructor(link) {
    this.link = link;
    this.lit = [];
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
    const own = target.closest?.(LIGHTS);
    const drags = new Map();
    const lit = own && this.panels().some((panel) => panel.contains(own)) ? this.names(own, drags) : [];
    if (lit.join() === this.lit.join()) return;
    this.lit = lit;
    for (const node of this.panels().flatMap((panel) => [...panel.querySelectorAll(LIGHTS)])) {
      node.classList.toggle("explorer-lit", lit.length > 0 && this.names(node, drags).some((name) => lit.includes(name)));
    }
  }

  names(node, drags) {
    if (!node.piece) return node.getAttribute(STANDS_FOR).split(" ");
    const { mark, index } = node.piece;
    if (!drags.has(mark)) drags.set(mark, this.dragsOf(mark));
    const names = drags.get(mark).flatMap(({ x, y, wheel }) => [x, y, wheel].map((name) => name.replace("{i}", index)));
    return names.filter((name) => this.link.control(name));
  }

  // How what has the same role and the same places on the x axis can be dragged, in any plot.
  dragsOf({ role, x }) {
    const [view] = this.link.views;
    const values = view.drawn?.values ?? this.link.first;
    const placesOf = (slot) => String(values[slot]);
    const marks = this.link.structure.plots.flatMap((plot) => plot.marks);
    return marks.filter((mark) => mark.drag && mark.role === role && placesOf(mark.x) === placesOf(x)).map(({ drag }) => drag);
  }
}
