// A file of the form GGUF: what it says about itself, and where in it each tensor stands. The numbers stay where they
// are. Source: docs/gguf.md in the repository of ggml. lmcourse/pretrained/gguf.py reads the same.

const KINDS = { 0: "f32", 3: "q4", 8: "q8" }; // of tensors: F32, Q4_1, Q8_0
const BYTES = { f32: 4, q4: 20 / 32, q8: 34 / 32 }; // a number

// Everything that stands before the numbers: {settings, tensors, size}. A tensor is {kind, rows, columns, at, end}.
// Throws an Error where the file is something else.
export function readFile(buffer, size) {
  const view = new DataView(buffer, 0, size);
  const bytes = new Uint8Array(buffer, 0, size);
  const decoder = new TextDecoder();
  let at = 0;
  function forward(width) {
    at += width;
    if (at > size) throw new Error("the file ends too early");
    return at - width;
  }
  const reader = (method, width) => () => view[method](forward(width), true);
  const whole = reader("getUint32", 4);
  const long = () => Number(reader("getBigUint64", 8)());
  function text() {
    const length = long();
    return decoder.decode(bytes.subarray(forward(length), at));
  }
  function list() {
    const [type, count] = [whole(), long()];
    return Array.from({ length: count }, values[type]);
  }
  const values = [
    reader("getUint8", 1),
    reader("getInt8", 1),
    reader("getUint16", 2),
    reader("getInt16", 2),
    whole,
    reader("getInt32", 4),
    reader("getFloat32", 4),
    () => reader("getUint8", 1)() === 1,
    text,
    list,
    long,
    () => Number(reader("getBigInt64", 8)()),
    reader("getFloat64", 8),
  ];

  if (size < 24 || decoder.decode(bytes.subarray(0, 4)) !== "GGUF") throw new Error("the file is no GGUF");
  at = 4;
  const version = whole();
  if (version !== 3) throw new Error(`the file is GGUF of version ${version}, and 3 is read here`);
  const [tensorCount, settingCount] = [long(), long()];
  const settings = Object.fromEntries(Array.from({ length: settingCount }, () => [text(), values[whole()]()]));
  const found = Array.from({ length: tensorCount }, () => {
    const name = text();
    const shape = Array.from({ length: whole() }, long);
    return { name, shape, type: whole(), offset: long() };
  });
  const align = settings["general.alignment"] || 32;
  const begin = Math.ceil(at / align) * align;
  const tensors = {};
  for (const { name, shape: [columns, rows = 1], type, offset } of found) {
    const kind = KINDS[type];
    if (!kind) throw new Error(`the tensor ${name} is of type ${type}, which is not read here`);
    const end = begin + offset + rows * columns * BYTES[kind];
    if (end > size) throw new Error(`the file ends before its tensor ${name}`);
    tensors[name] = { kind, rows, columns, at: begin + offset, end };
  }
  return { settings, tensors };
}
