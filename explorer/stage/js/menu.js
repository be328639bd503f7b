// The menu at the end of a panel's bar: what can be taken elsewhere.
import { html, KEYS } from "./elements.js";
import { pictureOf, pixelsOf } from "./picture.js";

const READ = 4000; // ms that the panel says what was copied
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export class Menu {
  constructor(view) {
    this.view = view;
    const id = `explorer-menu-${Math.random().toString(36).slice(2)}`;
    this.button = html("button", {
      type: "button", class: "explorer-more", "aria-label": "copy or save", title: "copy or save", "aria-haspopup": "menu",
      "aria-expanded": "false", "aria-controls": id, [KEYS]: true,
    }, "⋯");
    this.ground = this.item("with its background", () => this.toggle(), { role: "menuitemcheckbox", "aria-checked": "true" });
    this.items = [
      this.item("Copy as code", () => this.copy("code")),
      this.item("Copy link", () => this.copy("link")),
      this.item("Save picture (SVG)", () => this.savePicture("svg")),
      this.item("Save picture (PNG)", () => this.savePicture("png")),
      this.ground,
      this.item("Save curves (CSV)", () => this.saveNumbers("csv", "text/csv")),
      this.item("Save numbers (JSON)", () => this.saveNumbers("json", "application/json")),
    ];
    this.list = html("div", { class: "explorer-menu", role: "menu", id, "aria-label": "copy or save", hidden: "" }, ...this.items);
    this.told = html("span", { class: "explorer-told", role: "status" });
    this.field = html("input", { class: "explorer-copied", readonly: "", "aria-label": "text to copy", hidden: "", [KEYS]: true });
    this.node = html("div", { class: "explorer-export" }, this.told, this.field, this.button, this.list);
    this.button.addEventListener("click", () => (this.list.hidden ? this.open(0) : this.close()));
    this.button.addEventListener("keydown", (event) => {
      if (!(event.key in STEPS) || !this.list.hidden) return;
      this.handled(event);
      this.open(STEPS[event.key] < 0 ? -1 : 0);
    });
    this.list.addEventListener("keydown", (event) => this.press(event));
    this.field.addEventListener("keydown", (event) => event.key === "Escape" && this.tell(""));
    this.node.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.node.contains(relatedTarget)) this.close(false);
    });
  }

  item(text, run, attributes = {}) {
    const node = html("button", { type: "button", role: "menuitem", tabindex: "-1", ...attributes, [KEYS]: true }, text);
    node.addEventListener("click", run);
    return node;
  }

  open(index) {
    this.tell("");
    this.list.hidden = false;
    const below = this.button.getBoundingClientRect().bottom + this.list.offsetHeight;
    const end = this.view.el.getBoundingClientRect().bottom; // beyond it a notebook cuts off
    this.list.classList.toggle("explorer-upwards", below > end);
    this.button.setAttribute("aria-expanded", "true");
    this.items.at(index).focus();
  }

  close(back = true) {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (back) this.button.focus();
  }

  press(event) {
    const at = this.items.indexOf(document.activeElement);
    const goal = { Home: 0, End: -1, ArrowDown: (at + 1) % this.items.length, ArrowUp: at - 1 }[event.key];
    if (goal === undefined && event.key !== "Escape") return;
    this.handled(event);
    if (goal === undefined) this.close();
    else this.items.at(goal).focus();
  }

  handled(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  toggle() {
    this.ground.setAttribute("aria-checked", this.ground.getAttribute("aria-checked") !== "true");
  }

  tell(text) {
    clearTimeout(this.forgetting);
    this.told.textContent = text;
    this.field.hidden = true;
    if (text) this.forgetting = setTimeout(() => this.tell(""), READ);
  }

  // Runs what an entry does; what goes wrong is said.
  async run(work) {
    this.close();
    try {
      await work();
    } catch (error) {
      this.tell(error.message);
    }
  }

  copy(what) {
    return this.run(async () => {
      const text = await this.view.link.exported(what);
      try {
        await navigator.clipboard.writeText(text);
        this.tell(`${what} copied`);
      } catch { // a page that may not write there: the reader can
        this.tell("");
        this.told.textContent = "to copy:";
        this.field.hidden = false;
        this.field.value = text;
        this.field.select();
        this.field.focus();
      }
    });
  }

  savePicture(kind) {
    return this.run(async () => {
      const picture = pictureOf(this.view, this.ground.getAttribute("aria-checked") === "true");
      this.save(kind, kind === "svg" ? new Blob([picture.text], { type: "image/svg+xml" }) : await pixelsOf(picture));
    });
  }

  saveNumbers(what, type) {
    return this.run(async () => this.save(what, new Blob([await this.view.link.exported(what)], { type })));
  }

  save(ending, blob) {
    const href = URL.createObjectURL(blob);
    html("a", { href, download: `${this.view.link.model.get("scene").name}.${ending}` }).click();
    setTimeout(() => URL.revokeObjectURL(href), READ);
    this.tell(`saved as ${ending.toUpperCase()}`);
  }
}
