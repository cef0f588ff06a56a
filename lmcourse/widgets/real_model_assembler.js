// A small assembler: WebAssembly from expressions. An operation takes the bytes of its operands and adds its own code
// after them, as a stack machine wants it: `i32.add(get("a"), i32.const(1))` reads as it would be written in
// WebAssembly's own text format. Codes are those of the binary format in WebAssembly's core specification.

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
const TYPES = { i32: I32, f32: F32, v128: V128 };

// A whole number in bytes of seven bits, the lowest first; the eighth bit says: more follow.
const unsigned = (n) => (n < 128 ? [n] : [n & 127 | 128, ...unsigned(n >>> 7)]);
const signed = (n) => (n >= -64 && n < 64 ? [n & 127] : [n & 127 | 128, ...signed(n >> 7)]);

const operation = (...code) => (...operands) => [...operands.flat(), ...code];
const simd = (code) => operation(0xfd, ...unsigned(code));
// From memory, at an address and so many bytes on. (The 0 says that the address may be any, no multiple of something.)
const access = (...code) => (offset, ...operands) => [...operands.flat(), ...code, 0, ...unsigned(offset)];
const simdLane = (code) => (lane, operand) => [...operand, 0xfd, ...unsigned(code), lane];

export const i32 = {
  const: (n) => [0x41, ...signed(n)],
  add: operation(0x6a),
  sub: operation(0x6b),
  mul: operation(0x6c),
  lessThan: operation(0x49), // as numbers without a sign, which addresses are
};
export const f32 = {
  const: (x) => [0x43, ...new Uint8Array(Float32Array.of(x).buffer)],
  add: operation(0x92),
  mul: operation(0x94),
  store: access(0x38),
};
export const v128 = {
  load: access(0xfd, 0),
  loadBytesSigned: access(0xfd, 1), // eight bytes as eight whole numbers of 16 bits: load8x8_s
  splat16: access(0xfd, 8), // two bytes into each of eight lanes: load16_splat
  splat32: access(0xfd, 9), // four bytes into each of four lanes: load32_splat
  store: access(0xfd, 11),
  zero: () => [0xfd, 12, ...Array(16).fill(0)],
  and: simd(78),
};
export const i8x16 = { splat: simd(15), shiftRightUnsigned: simd(109) };
export const i16x8 = { lowBytesUnsigned: simd(137), highBytesUnsigned: simd(138) }; // extend_low_i8x16_u and high
export const i32x4 = {
  splat: simd(17),
  lowSigned: simd(167), // extend_low_i16x8_s
  shiftLeft: simd(171),
  shiftRight: simd(172),
  add: simd(174),
  dot: simd(186), // products of eight pairs of 16 bits, neighbours added: dot_i16x8_s
};
export const f32x4 = {
  splat: simd(19),
  lane: simdLane(31),
  add: simd(228),
  mul: simd(230),
  ofIntegers: simd(250), // convert_i32x4_s
};

// The names of a function's parameters and variables become numbers; what a function does is written with them.
function names(variables) {
  const number = (name) => {
    const at = variables.findIndex(([each]) => each === name);
    if (at < 0) throw new Error(`there is no variable ${name}`);
    return unsigned(at);
  };
  const get = (name) => [0x20, ...number(name)];
  const set = (name, value) => [...value, 0x21, ...number(name)];
  const step = (name, by) => set(name, i32.add(get(name), typeof by === "number" ? i32.const(by) : by));
  // Does something, again and again while an address is before another; at least once.
  const walk = (name, end, ...body) => [0x03, 0x40, ...body.flat(), ...i32.lessThan(get(name), end), 0x0d, 0, 0x0b];
  return { get, set, step, walk };
}

const list = (items) => [...unsigned(items.length), ...items.flat()];
const part = (id, content) => [id, ...unsigned(content.length), ...content];
const text = (word) => list([...new TextEncoder().encode(word)]);

// A module of functions without results that work on the memory `page.memory`. Each is told by the types of its
// parameters and variables, {name: "i32"}, and by what it does.
export function assemble(functions) {
  const entries = Object.entries(functions);
  const types = entries.map(([, { parameters }]) => [0x60, ...list(Object.values(parameters).map((t) => TYPES[t])), 0]);
  const codes = entries.map(([, { parameters, variables, does }]) => {
    const all = [...Object.entries(parameters), ...Object.entries(variables)];
    const locals = Object.values(variables).map((type) => [1, TYPES[type]]);
    const body = [...list(locals), ...does(names(all)).flat(), 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...part(1, list(types)),
    ...part(2, list([[...text("page"), ...text("memory"), 2, 0, 1]])),
    ...part(3, list(entries.map((_, i) => unsigned(i)))),
    ...part(7, list(entries.map(([name], i) => [...text(name), 0, ...unsigned(i)]))),
    ...part(10, list(codes)),
  ]);
}
