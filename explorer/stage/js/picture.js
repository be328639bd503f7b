// What is on screen as one SVG that needs nothing else: styles are written out, canvases and texts
// of the page become images and texts of the drawing.
import { svg } from "./elements.js";

const INITIAL = {
  fill: "rgb(0, 0, 0)", "fill-opacity": "1", stroke: "none", "stroke-width": "1px", "stroke-opacity": "1", "stroke-dasharray": "none",
  "stroke-linejoin": "miter", "stroke-linecap": "butt", opacity: "1", "paint-order": "normal", "text-anchor": "start",
};
const FONT = ["font-family", "font-size", "font-style", "font-weight", "font-variant-numeric", "text-decoration-line"];
const LEFT_OUT = ".explorer-bar, .explorer-notice, .explorer-spoken, .explorer-handle, button, select, input, [hidden]";
const PADDING = 10;
const SHARPER = 2; // pixels of a saved picture for one of the screen

export function pictureOf(view, withGround) {
  const { el } = view;
  const page = el.getBoundingClientRect();
  const scale = page.width / el.offsetWidth || 1; // of a page that is zoomed
  const box = (rect) => ({ x: (rect.left - page.left) / scale, y: (rect.top - page.top) / scale, width: rect.width / scale, height: rect.height / scale });
  const drawing = svg("g");
  const defs = svg("defs");
  const style = getComputedStyle(el);
  const text = view.sentence.textContent;
  const size = { left: Infinity, top: Infinity, right: 0, bottom: 0 };
  const reach = ({ x, y, width, height }) => {
    Object.assign(size, { left: Math.min(size.left, x), top: Math.min(size.top, y), right: Math.max(size.right, x + width), bottom: Math.max(size.bottom, y + height) });
  };

  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return words(node);
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(LEFT_OUT)) return;
    const { display, visibility } = getComputedStyle(node);
    if (display === "none" || visibility === "hidden") return;
    if (node.localName === "canvas") return image(node);
    if (node.localName !== "svg") return node.childNodes.forEach(walk);
    const { x, y, width, height } = box(node.getBoundingClientRect());
    reach({ x, y, width, height });
    const copy = styled(node);
    for (const [name, value] of Object.entries({ x, y, width, height, overflow: "visible", role: "img" })) copy.setAttribute(name, value);
    drawing.append(copy);
  };

  // A text node, a line of the page each; a line begins where the next letter stands further left.
  const words = (node) => {
    const { data, parentElement } = node;
    const range = document.createRange();
    let [line, last] = ["", undefined];
    const write = () => {
      if (!line.trim()) return;
      const { x, y, width, height } = box(last.first);
      const right = box(last.rect);
      reach({ x, y, width: right.x + right.width - x, height });
      const own = getComputedStyle(parentElement);
      const part = svg("text", { x, y: y + height / 2 + 0.35 * Number.parseFloat(own.fontSize), fill: own.color, "xml:space": "preserve" });
      for (const name of FONT) part.setAttribute(name.replace("-line", ""), own.getPropertyValue(name));
      if (parentElement.closest(".explorer-struck")) part.setAttribute("text-decoration", "line-through");
      part.append(line);
      drawing.append(part);
    };
    [...data].reduce((start, letter) => {
      range.setStart(node, start);
      range.setEnd(node, start + letter.length);
      const rect = range.getClientRects()[0];
      if (rect && last && rect.top > last.rect.bottom - 1) {
        write();
        [line, last] = ["", undefined];
      }
      if (rect) last = { first: last?.first ?? rect, rect };
      line += letter;
      return start + letter.length;
    }, 0);
    if (last) write();
  };

  const image = (canvas) => {
    const { x, y, width, height } = box(canvas.getBoundingClientRect());
    const inset = (getComputedStyle(canvas).clipPath.match(/[\d.]+(?=px)/g) ?? ["0"]).map(Number);
    const [top, right = top, bottom = top, left = right] = inset;
    const id = `explorer-clip-${Math.random().toString(36).slice(2)}`;
    const clip = svg("clipPath", { id });
    clip.append(svg("rect", { x: x + left, y: y + top, width: Math.max(width - left - right, 0), height: Math.max(height - top - bottom, 0) }));
    defs.append(clip);
    const opacity = getComputedStyle(canvas).opacity;
    drawing.append(svg("image", { x, y, width, height, opacity, href: canvas.toDataURL(), "clip-path": `url(#${id})`, preserveAspectRatio: "none" }));
  };

  walk(el);
  const [x, y] = [size.left - PADDING, size.top - PADDING];
  const [width, height] = [size.right + PADDING - x, size.bottom + PADDING - y].map(Math.ceil);
  const whole = svg("svg", { width, height, viewBox: `${x} ${y} ${width} ${height}`, "font-family": style.fontFamily });
  const [title, description] = [svg("title"), svg("desc")];
  title.append(view.link.model.get("scene").name.replaceAll("_", " "));
  description.append(text);
  whole.append(title, description, defs);
  if (withGround) whole.append(svg("rect", { x, y, width, height, fill: getComputedStyle(view.panel ?? el).backgroundColor }));
  whole.append(drawing);
  return { text: `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(whole)}\n`, width, height };
}

// A copy of an element and all in it, without what cannot be seen, its style in attributes.
function styled(node) {
  const copy = node.cloneNode(false);
  for (const name of ["class", "style", "tabindex", "aria-hidden"]) copy.removeAttribute(name);
  const own = getComputedStyle(node);
  for (const [name, initial] of Object.entries(INITIAL)) {
    const value = own.getPropertyValue(name);
    if (value !== initial) copy.setAttribute(name, value);
  }
  if (node.localName === "text" || node.localName === "tspan") {
    for (const name of FONT.slice(0, -1)) copy.setAttribute(name, own.getPropertyValue(name));
  }
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE && getComputedStyle(child).display !== "none") copy.append(styled(child));
  }
  return copy;
}

export async function pixelsOf({ text, width, height }) {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SHARPER * width, SHARPER * height];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
