// The values of a scene as they travel and as they are kept, by the slots that its structure numbers.

export const key = (state) => JSON.stringify(state);

// The inverse of explorer/stage/wire.py: what is missing there is the base's.
export function decode(header, view, base = []) {
  const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const values = base.slice();
  let offset = 0;
  const take = (Type, count) => {
    const part = new Type(buffer, offset, count);
    offset += part.byteLength;
    return part;
  };
  const numbers = take(Float64Array, header.numbers.length);
  header.numbers.forEach((slot, i) => (values[slot] = numbers[i]));
  for (const slot of header.pairs) values[slot] = [...take(Float64Array, 2)];
  for (const [slot, value] of header.texts) values[slot] = value;
  for (const [slot, size] of header.curves) values[slot] = take(Float32Array, size);
  for (const [slot, rows, columns, low, high] of header.fields) {
    values[slot] = { rows, columns, low, high, steps: take(Uint16Array, rows * columns) };
  }
  for (const [slot, other] of header.same) values[slot] = values[other];
  return values;
}

// The last so many values, by state.
export class Recent extends Map {
  constructor(limit) {
    super();
    this.limit = limit;
  }

  keep(id, values) {
    this.delete(id);
    this.set(id, values);
    if (this.size > this.limit) this.delete(this.keys().next().value);
  }

  recall(id) {
    const values = this.get(id);
    if (values) this.keep(id, values);
    return values;
  }
}
