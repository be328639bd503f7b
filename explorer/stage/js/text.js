// How numbers and texts are written, and how wide a text is.

export function number(value, digits) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
  let text = rounded(value, digits);
  if (digits > 9 && Number(text) !== 0) {
    text = value.toExponential(Math.max(0, digits + Math.floor(Math.log10(Math.abs(value)))));
  }
  return Number(text) === 0 ? text.replace("-", "") : text.replaceAll("-", "−");
}

// As Python rounds. Of two texts that are equally near (as only for odd multiples of 2 ** -(digits + 1))
// `toFixed` gives the larger one, Python the even one; and from 1e21 on `toFixed` leaves digits out.
function rounded(value, digits) {
  if (Math.abs(value) >= 1e21) return BigInt(value) + (digits > 0 ? `.${"0".repeat(digits)}` : "");
  const text = value.toFixed(digits);
  const isTie = Math.abs(value * 2 ** (digits + 1)) % 2 === 1;
  return isTie && text.at(-1) % 2 === 1 ? text.slice(0, -1) + (text.at(-1) - 1) : text;
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

// As much of a text as there is room for.
export function fitted(text, room, family) {
  if (textWidth(text, family) <= room) return text;
  let end = text.length - 1;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`, family) > room) end -= 1;
  return `${text.slice(0, end)}…`;
}
