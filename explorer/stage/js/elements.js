// Elements of the page, written only where something changed.
import { pieces } from "./text.js";

// In Notebook 7 the arrow keys reach a control only if it carries this attribute itself.
export const KEYS = "data-lm-suppress-shortcuts";

// Whoever draws a control's slider gives it this class.
export const sliderOf = (name) => `.explorer-control-${name.replace(".", "-")}`;

const makerOf = (namespace) => (tag, attributes = {}, ...children) => {
  const node = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

export const html = makerOf("http://www.w3.org/1999/xhtml");
export const svg = makerOf("http://www.w3.org/2000/svg");

// An unchanged attribute costs no layout.
export function put(node, name, value) {
  node.written ??= {};
  if (node.written[name] === value) return;
  node.written[name] = value;
  node.setAttribute(name, value);
}

export const setHtml = (node, text) => setText(node, text, (symbol) => html(symbol ? "i" : "span"));
export const setSvg = (node, text) => setText(node, text, (symbol) => svg("tspan", symbol ? { class: "symbol" } : {}));

function setText(node, text, make) {
  if (node.writtenText === text) return;
  node.writtenText = text;
  const parts = pieces(text);
  if (node.childNodes.length !== parts.length) {
    node.replaceChildren(...parts.map((_, i) => make(i % 2 === 1)));
  }
  parts.forEach((part, i) => {
    const piece = node.childNodes[i];
    if (!piece.firstChild) piece.append(part);
    else if (piece.firstChild.data !== part) piece.firstChild.data = part;
  });
}
