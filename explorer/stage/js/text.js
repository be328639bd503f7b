// How numbers and texts are written, and how wide a text is.

export function number(value, digits) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

// "*a*" is set in italics, "\*" is an asterisk: the pieces of a text, every second one a symbol.
export const pieces = (text) => text.replace(/\\([\\*])|\*/g, (_, letter) => letter ?? "\0").split("\0");
export const plain = (text) => pieces(text).join("");

let ruler;
const widths = new Map();

// Digits are set tabular, so every digit measures as a zero.
export function textWidth(text, family) {
  const model = text.replace(/\d/g, "0");
  if (!widths.has(model)) {
    ruler ??= document.createElement("canvas").getContext("2d");
    const [upright, symbol] = [`13px ${family}`, "italic 15px Georgia, serif"];
    const width = pieces(model).reduce((sum, part, i) => {
      ruler.font = i % 2 ? symbol : upright;
      return sum + ruler.measureText(part).width;
    }, 0);
    widths.set(model, width);
  }
  return widths.get(model);
}
