// A presenter's view: one panel over the whole window, larger. Its button, the key P, and Escape.
import { html, KEYS, put } from "./elements.js";

const FIELDS = "input:not([type=radio], [type=range]), textarea, select, [contenteditable=true]";

export class Presenter {
  constructor(view, signal) {
    this.view = view;
    this.node = html("button", { type: "button", class: "explorer-tool explorer-enlarge", title: "presenter’s view: over the whole window (P)", [KEYS]: true });
    put(this.node, "aria-label", "presenter’s view");
    this.node.addEventListener("click", () => this.toggle());
    this.signal = signal;
    this.show();
  }

  // The keys are heard wherever the focus is in the panel.
  listen(panel) {
    this.panel = panel;
    panel.addEventListener("keydown", (event) => this.press(event), { signal: this.signal });
    panel.addEventListener("focusout", ({ relatedTarget }) => this.presenting && relatedTarget && !panel.contains(relatedTarget) && this.node.focus(), {
      signal: this.signal,
    });
    this.signal.addEventListener("abort", () => this.presenting && this.toggle());
  }

  press(event) {
    const wanted = this.presenting ? ["p", "P", "Escape"] : ["p", "P"];
    if (!wanted.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key !== "Escape" && event.target.closest(FIELDS)) return;
    event.preventDefault();
    event.stopPropagation();
    this.toggle();
  }

  // The top layer is above all of a page, whatever boxes the panel stands in.
  toggle() {
    const { panel } = this;
    this.presenting = !this.presenting;
    panel.classList.toggle("explorer-presented", this.presenting);
    const attributes = { popover: "manual", role: "dialog", "aria-modal": "true", "aria-label": "presenter’s view" };
    for (const [name, value] of Object.entries(attributes)) {
      if (this.presenting) panel.setAttribute(name, value);
      else panel.removeAttribute(name);
    }
    if (this.presenting) panel.showPopover?.();
    this.show();
    this.node.focus();
    this.view.fit();
  }

  show() {
    put(this.node, "aria-pressed", Boolean(this.presenting));
  }
}
