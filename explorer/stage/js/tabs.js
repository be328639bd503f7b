// A row of tabs, of which one is selected: by click, arrow keys, or from outside.
import { html, KEYS, put, setHtml } from "./elements.js";
import { ARROWS } from "./grid.js";

export class Tabs {
  constructor(label, names, selected, select) {
    this.selected = names.includes(selected) ? selected : names[0];
    this.tabs = names.map((name) => {
      const node = html("button", { type: "button", role: "tab", class: "explorer-tab", [KEYS]: true });
      setHtml(node, name);
      node.addEventListener("click", () => this.choose(name, select));
      return { name, node };
    });
    this.node = html("div", { class: "explorer-tabs", role: "tablist", "aria-label": label }, ...this.tabs.map(({ node }) => node));
    this.node.addEventListener("keydown", (event) => this.press(event, select));
    this.show();
  }

  choose(name, select) {
    if (name === this.selected) return;
    this.selected = name;
    this.show();
    select(name);
  }

  show() {
    for (const { name, node } of this.tabs) {
      put(node, "aria-selected", name === this.selected);
      put(node, "tabindex", name === this.selected ? 0 : -1);
    }
  }

  press(event, select) {
    const count = ARROWS[event.key]?.[1];
    if (!count || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const last = this.tabs.length - 1;
    const here = this.tabs.findIndex(({ name }) => name === this.selected);
    const { name, node } = this.tabs[Math.min(Math.max(here + count, 0), last)];
    node.focus();
    this.choose(name, select);
  }
}

// What was selected last is kept by the browser, if it keeps anything.
export function remember(name, value) {
  try {
    localStorage.setItem(`explorer:${name}`, value);
  } catch {} // then the default comes next time
}

export function recall(name) {
  try {
    return localStorage.getItem(`explorer:${name}`);
  } catch {
    return null;
  }
}
