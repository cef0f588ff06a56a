// The real model's products, twice: in WebAssembly with vectors (SIMD) and in plain JavaScript where a browser lacks
// them. Both add the same numbers in the same order, in whole numbers within a block and in 32-bit floats between
// blocks, so their results are equal to the last bit, which the tests demand.
//
// Weights are read as they stand in the file, in blocks of 32 in a row of a matrix:
//   Q4_1, 20 bytes: scale d and offset m (16-bit floats), then 32 numbers q of 4 bits: weight d·q + m. Byte i has
//     number i in its low half and number i + 16 in its high half.
//   Q8_0, 34 bytes: scale d, then 32 signed bytes q: weight d·q.
// A vector x is rounded to whole numbers n of 16 bits, x = s·n, in blocks of its own, of 96 bytes: 32 numbers n, four
// times the scale s and four sums of x, as 32-bit floats. There are four lanes that add up: lane j has those numbers
// of a block whose places are 2j and 2j + 1, 2j + 8 and 2j + 9, and so on, and adds d·(s·Σqn) + m·Σx for each block.
// A lane's Σqn has eight terms, at most 8 · 128 · 32767 < 2^25 in size.

import { assemble, f32, f32x4, i16x8, i32, i32x4, i8x16, v128 } from "./real_model_assembler.js";

const [SIZE, X_BYTES] = [32, 96];
export const BLOCK_BYTES = { q4: 20, q8: 34 };
export const BATCH = 4; // vectors that are multiplied together, so that each weight is unpacked once for them

// ---------- in WebAssembly ----------

const V = (name, count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, "v128"]));
const range = (n) => Array.from({ length: n }, (_, i) => i);
const total = (terms) => terms.reduce((sum, term) => i32x4.add(sum, term));
const lanes = (v) => f32.add(f32.add(f32x4.lane(0, v), f32x4.lane(1, v)), f32.add(f32x4.lane(2, v), f32x4.lane(3, v)));

// A 16-bit float in the upper half of each lane becomes a 32-bit one that is smaller by 2^112: sign, exponent and
// digits move to their places, and only the exponent's zero is another. Vectors are larger by 2^56, and so is the sum
// at its end, which makes it up and changes no digit.
const SHIFT = 2 ** 56;
const upperHalf = (get, values) => v128.and(i32x4.shiftRight(values, i32.const(3)), get("places"));

const CONSTANTS = { places: "v128", low: "v128" };

const readBlock = {
  q4: ({ get, set }) => [
    set("pair", v128.splat32(0, get("weight"))), // m in the upper half of each lane, d in the lower
    set("d", upperHalf(get, i32x4.shiftLeft(get("pair"), i32.const(16)))),
    set("m", upperHalf(get, get("pair"))),
    set("pair", v128.load(4, get("weight"))),
    set("q3", i8x16.shiftRightUnsigned(get("pair"), i32.const(4))),
    set("q1", v128.and(get("pair"), get("low"))),
    set("q0", i16x8.lowBytesUnsigned(get("q1"))),
    set("q1", i16x8.highBytesUnsigned(get("q1"))),
    set("q2", i16x8.lowBytesUnsigned(get("q3"))),
    set("q3", i16x8.highBytesUnsigned(get("q3"))),
  ],
  q8: ({ get, set }) => [
    set("d", upperHalf(get, i32x4.shiftLeft(i32x4.lowSigned(v128.splat16(0, get("weight"))), i32.const(16)))),
    ...range(4).map((i) => set(`q${i}`, v128.loadBytesSigned(2 + 8 * i, get("weight")))),
  ],
};

// All rows of a matrix (from `weight` to `last`) times `count` vectors (each of `length` bytes, from `x` on): 32-bit
// floats from `out` on, of each vector `apart` bytes on.
const product = (kind, count) => ({
  parameters: { out: "i32", apart: "i32", weight: "i32", last: "i32", x: "i32", length: "i32" },
  variables: {
    at: "i32",
    end: "i32",
    ...V("q", 4),
    ...V("sum", count),
    ...CONSTANTS,
    pair: "v128",
    d: "v128",
    m: "v128",
  },
  does({ get, set, step, walk }) {
    const place = (t) => range(t).reduce((at) => i32.add(at, get("length")), get("at"));
    const outPlace = (t) => range(t).reduce((at) => i32.add(at, get("apart")), get("out"));
    const add = (t) => {
      const dots = range(4).map((i) => i32x4.dot(get(`q${i}`), v128.load(16 * i, place(t))));
      const scaled = f32x4.mul(f32x4.ofIntegers(total(dots)), v128.load(2 * SIZE, place(t)));
      let sum = f32x4.add(get(`sum${t}`), f32x4.mul(get("d"), scaled));
      if (kind === "q4") sum = f32x4.add(sum, f32x4.mul(get("m"), v128.load(2 * SIZE + 16, place(t))));
      return set(`sum${t}`, sum);
    };
    return [
      set("places", i32x4.splat(i32.const(0x8fffe000 | 0))),
      set("low", i8x16.splat(i32.const(15))),
      set("end", i32.add(get("x"), get("length"))),
      walk(
        "weight",
        get("last"),
        ...range(count).map((t) => set(`sum${t}`, v128.zero())),
        set("at", get("x")),
        walk(
          "at",
          get("end"),
          ...readBlock[kind]({ get, set }),
          ...range(count).map(add),
          step("weight", BLOCK_BYTES[kind]),
          step("at", X_BYTES),
        ),
        ...range(count).map((t) => f32.store(0, outPlace(t), f32.mul(lanes(get(`sum${t}`)), f32.const(SHIFT)))),
        step("out", 4),
      ),
    ];
  },
});

// The scalar products of a vector of 16, 32, 48 … floats with others, the first at `row` and each `apart` bytes on.
const scores = {
  parameters: { out: "i32", vector: "i32", length: "i32", row: "i32", last: "i32", apart: "i32" },
  variables: { at: "i32", beside: "i32", end: "i32", sum: "v128" },
  does: ({ get, set, step, walk }) => [
    set("end", i32.add(get("vector"), get("length"))),
    walk(
      "row",
      get("last"),
      set("sum", v128.zero()),
      set("at", get("vector")),
      set("beside", get("row")),
      walk(
        "at",
        get("end"),
        ...range(4).map((i) => {
          const both = f32x4.mul(v128.load(16 * i, get("at")), v128.load(16 * i, get("beside")));
          return set("sum", f32x4.add(get("sum"), both));
        }),
        step("at", 64),
        step("beside", 64),
      ),
      f32.store(0, get("out"), lanes(get("sum"))),
      step("out", 4),
      step("row", get("apart")),
    ),
  ],
};

// The sum of such vectors, each times a weight.
const mixture = {
  parameters: { out: "i32", weights: "i32", length: "i32", row: "i32", last: "i32", apart: "i32" },
  variables: { end: "i32", at: "i32", weight: "i32", ...V("sum", 4) },
  does: ({ get, set, step, walk }) => [
    set("end", i32.add(get("out"), get("length"))),
    walk(
      "out",
      get("end"),
      ...range(4).map((i) => set(`sum${i}`, v128.zero())),
      set("at", get("row")),
      set("weight", get("weights")),
      walk(
        "at",
        get("last"),
        ...range(4).map((i) => {
          const part = f32x4.mul(v128.splat32(0, get("weight")), v128.load(16 * i, get("at")));
          return set(`sum${i}`, f32x4.add(get(`sum${i}`), part));
        }),
        step("weight", 4),
        step("at", get("apart")),
      ),
      ...range(4).map((i) => v128.store(16 * i, get("out"), get(`sum${i}`))),
      step("out", 64),
      step("row", 64),
    ),
  ],
};

export const wasmBytes = () =>
  assemble({
    q4: product("q4", 1),
    q4Batch: product("q4", BATCH),
    q8: product("q8", 1),
    q8Batch: product("q8", BATCH),
    scores,
    mixture,
  });

// ---------- in plain JavaScript ----------

const { fround } = Math;

// The number that 16 bits are as a float.
function half(bits) {
  const [exponent, digits] = [bits >> 10 & 31, bits & 1023];
  const size = exponent ? (1 + digits / 1024) * 2 ** (exponent - 15) : digits * 2 ** -24;
  return bits >> 15 ? -size : size;
}

// The same functions on the same memory, as plain loops.
function plainKernels(buffer) {
  const [bytes, signed, whole] = [new Uint8Array(buffer), new Int8Array(buffer), new Int16Array(buffer)];
  const floats = new Float32Array(buffer);
  const halves = Float32Array.from({ length: 65536 }, (_, bits) => half(bits));

  function q4Row(weight, x, length) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let at = x; at < x + length; at += X_BYTES, weight += BLOCK_BYTES.q4) {
      const d = halves[bytes[weight] | bytes[weight + 1] << 8];
      const m = halves[bytes[weight + 2] | bytes[weight + 3] << 8];
      let n0 = 0;
      let n1 = 0;
      let n2 = 0;
      let n3 = 0;
      for (let i = 0; i < SIZE / 2; i += 8) {
        const w = weight + 4 + i;
        const p = (at >> 1) + i;
        let b = bytes[w];
        n0 += (b & 15) * whole[p] + (b >> 4) * whole[p + 16];
        b = bytes[w + 1];
        n0 += (b & 15) * whole[p + 1] + (b >> 4) * whole[p + 17];
        b = bytes[w + 2];
        n1 += (b & 15) * whole[p + 2] + (b >> 4) * whole[p + 18];
        b = bytes[w + 3];
        n1 += (b & 15) * whole[p + 3] + (b >> 4) * whole[p + 19];
        b = bytes[w + 4];
        n2 += (b & 15) * whole[p + 4] + (b >> 4) * whole[p + 20];
        b = bytes[w + 5];
        n2 += (b & 15) * whole[p + 5] + (b >> 4) * whole[p + 21];
        b = bytes[w + 6];
        n3 += (b & 15) * whole[p + 6] + (b >> 4) * whole[p + 22];
        b = bytes[w + 7];
        n3 += (b & 15) * whole[p + 7] + (b >> 4) * whole[p + 23];
      }
      const scale = floats[(at + 2 * SIZE) >> 2];
      const sums = (at + 2 * SIZE + 16) >> 2;
      s0 = fround(fround(s0 + fround(d * fround(scale * n0))) + fround(m * floats[sums]));
      s1 = fround(fround(s1 + fround(d * fround(scale * n1))) + fround(m * floats[sums + 1]));
      s2 = fround(fround(s2 + fround(d * fround(scale * n2))) + fround(m * floats[sums + 2]));
      s3 = fround(fround(s3 + fround(d * fround(scale * n3))) + fround(m * floats[sums + 3]));
    }
    return fround(fround(s0 + s1) + fround(s2 + s3)) / SHIFT;
  }

  function q8Row(weight, x, length) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let at = x; at < x + length; at += X_BYTES, weight += BLOCK_BYTES.q8) {
      const d = halves[bytes[weight] | bytes[weight + 1] << 8];
      let n0 = 0;
      let n1 = 0;
      let n2 = 0;
      let n3 = 0;
      for (let i = 0; i < SIZE; i += 8) {
        const w = weight + 2 + i;
        const p = (at >> 1) + i;
        n0 += signed[w] * whole[p] + signed[w + 1] * whole[p + 1];
        n1 += signed[w + 2] * whole[p + 2] + signed[w + 3] * whole[p + 3];
        n2 += signed[w + 4] * whole[p + 4] + signed[w + 5] * whole[p + 5];
        n3 += signed[w + 6] * whole[p + 6] + signed[w + 7] * whole[p + 7];
      }
      const scale = floats[(at + 2 * SIZE) >> 2];
      s0 = fround(s0 + fround(d * fround(scale * fround(n0))));
      s1 = fround(s1 + fround(d * fround(scale * fround(n1))));
      s2 = fround(s2 + fround(d * fround(scale * fround(n2))));
      s3 = fround(s3 + fround(d * fround(scale * fround(n3))));
    }
    return fround(fround(s0 + s1) + fround(s2 + s3)) / SHIFT;
  }

  // Row by row, since an engine makes a function that is called often faster than one that runs long.
  const product = (row, blockBytes, count) => (out, apart, weight, last, x, length) => {
    const rowBytes = length / X_BYTES * blockBytes;
    for (let to = out >> 2; weight < last; to++, weight += rowBytes) {
      for (let t = 0; t < count; t++) floats[to + t * apart / 4] = row(weight, x + t * length, length);
    }
  };

  function scores(out, vector, length, row, last, apart) {
    for (let to = out >> 2; row < last; to++, row += apart) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let i = 0; i < length >> 2; i += 4) {
        const a = (vector >> 2) + i;
        const b = (row >> 2) + i;
        s0 = fround(s0 + fround(floats[a] * floats[b]));
        s1 = fround(s1 + fround(floats[a + 1] * floats[b + 1]));
        s2 = fround(s2 + fround(floats[a + 2] * floats[b + 2]));
        s3 = fround(s3 + fround(floats[a + 3] * floats[b + 3]));
      }
      floats[to] = fround(fround(s0 + s1) + fround(s2 + s3));
    }
  }

  function mixture(out, weights, length, row, last, apart) {
    for (let i = 0; i < length >> 2; i++) {
      let sum = 0;
      for (let s = 0; row + s * apart < last; s++) {
        sum = fround(sum + fround(floats[(weights >> 2) + s] * floats[((row + s * apart) >> 2) + i]));
      }
      floats[(out >> 2) + i] = sum;
    }
  }

  return {
    q4: product(q4Row, BLOCK_BYTES.q4, 1),
    q4Batch: product(q4Row, BLOCK_BYTES.q4, BATCH),
    q8: product(q8Row, BLOCK_BYTES.q8, 1),
    q8Batch: product(q8Row, BLOCK_BYTES.q8, BATCH),
    scores,
    mixture,
  };
}

// ---------- memory ----------

const PAGE = 65536;

// So many bytes, views of them, and the functions that multiply in them. Without `vectors` they are the plain ones,
// also where the browser has no WebAssembly or no vectors in it. Throws a RangeError where there is not so much
// memory.
export function openMemory(size, vectors = true) {
  const code = wasmBytes();
  const pages = Math.ceil(size / PAGE);
  const able = vectors && typeof WebAssembly !== "undefined" && WebAssembly.validate(code);
  const memory = able ? new WebAssembly.Memory({ initial: pages }) : null;
  const buffer = memory ? memory.buffer : new ArrayBuffer(pages * PAGE);
  const views = { bytes: new Uint8Array(buffer), whole: new Int16Array(buffer), floats: new Float32Array(buffer) };
  const kernels = memory
    ? new WebAssembly.Instance(new WebAssembly.Module(code), { page: { memory } }).exports
    : plainKernels(buffer);
  return { buffer, ...views, kernels, vectors: able };
}

export const vectorBytes = (count) => count / SIZE * X_BYTES;

// Writes `count` numbers of x, from x[from] on, to an address, in blocks.
export function writeVector({ whole, floats }, address, x, from, count) {
  for (let begin = from; begin < from + count; begin += SIZE, address += X_BYTES) {
    let most = 0;
    for (let i = begin; i < begin + SIZE; i++) most = Math.max(most, Math.abs(x[i]));
    const scale = most / 32767 || 1;
    const to = (address + 2 * SIZE) >> 2;
    for (let lane = 0; lane < 4; lane++) {
      floats[to + lane] = scale * SHIFT;
      floats[to + 4 + lane] = 0;
    }
    for (let i = 0; i < SIZE; i++) {
      const n = Math.round(x[begin + i] / scale);
      whole[(address >> 1) + i] = n;
      floats[to + 4 + (i >> 1 & 3)] += n * scale * SHIFT;
    }
  }
}

// A row of a matrix of the kind q8, as numbers.
export function readRow({ bytes }, address, count) {
  return Float64Array.from({ length: count }, (_, i) => {
    const block = address + Math.floor(i / SIZE) * BLOCK_BYTES.q8;
    return half(bytes[block] | bytes[block + 1] << 8) * (bytes[block + 2 + i % SIZE] << 24 >> 24);
  });
}
