"""The real model's products in the page: with vectors, in plain JavaScript, and in NumPy."""

from __future__ import annotations

import base64

import numpy as np
import pytest

ASSEMBLED = """
import { assemble, f32, i32 } from "./real_model_assembler.js";

export function run() {
  const bytes = assemble({
    sum: {
      parameters: { to: "i32", from: "i32" },
      variables: { total: "i32" },
      does: ({ get, set, walk, step }) => [
        walk("from", i32.const(300), set("total", i32.add(get("total"), get("from"))), step("from", 1)),
        f32.store(0, get("to"), f32.const(0.5)),
      ],
    },
  });
  return { bytes: Array.from(bytes), valid: WebAssembly.validate(bytes) };
}
"""


def test_a_function_is_assembled_as_by_hand(deno):
    # The specification's binary format: sections of (number, length, content); numbers in LEB128.
    expected = [
        *b"\0asm",
        *(1, 0, 0, 0),
        *(1, 6, 1, 0x60, 2, 0x7F, 0x7F, 0),  # one type: two i32, no result
        *(2, 16, 1, 4, *b"page", 6, *b"memory", 2, 0, 1),  # a memory of one page at least: 4 + 6 and 6 more
        *(3, 2, 1, 0),  # one function, of type 0
        *(7, 7, 1, 3, *b"sum", 0, 0),
        *(10, 41, 1, 39),  # one body, of 3 + 2 + 7 + 7 + 9 + 10 + 1 bytes
        *(1, 1, 0x7F),  # one variable, number 2 after the two parameters
        *(0x03, 0x40),  # loop
        *(0x20, 2, 0x20, 1, 0x6A, 0x21, 2),  # total = total + from
        *(0x20, 1, 0x41, 1, 0x6A, 0x21, 1),  # from = from + 1
        *(0x20, 1, 0x41, 0xAC, 2, 0x49, 0x0D, 0, 0x0B),  # again if from < 300 = 2 · 128 + 44
        *(0x20, 0, 0x43, 0, 0, 0, 0x3F, 0x38, 0, 0),  # 0.5 is 3F000000
        0x0B,
    ]
    found = deno(ASSEMBLED)
    assert found["bytes"] == expected
    assert found["valid"]


KERNELS = """
import { openMemory, vectorBytes, writeVector } from "./real_model_kernels.js";

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export function run({ kind, weights, x, rows, columns }) {
  const found = [true, false].map((vectors) => {
    const memory = openMemory(1e6, vectors);
    const [matrix, at, out] = [bytesOf(weights), 400000, 600000];
    memory.bytes.set(matrix, 3); // at an odd address, as it may stand in a file
    x.forEach((vector, t) => writeVector(memory, at + t * vectorBytes(columns), vector, 0, columns));
    const [end, length] = [3 + matrix.length, vectorBytes(columns)];
    memory.kernels[`${kind}Batch`](out, 4 * rows, 3, end, at, length);
    memory.kernels[kind](out + 16 * rows, 0, 3, end, at + 2 * length, length);
    return [memory.vectors, Array.from(memory.floats.subarray(out / 4, out / 4 + 5 * rows))];
  });
  return found;
}
"""
ROWS, BLOCKS = 6, 5


def random_blocks(kind: str, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    """The bytes of a matrix, and the matrix: scales of all sizes, zero and the smallest floats among them."""
    scale = (rng.standard_normal((ROWS, BLOCKS)) * 10.0 ** rng.integers(-7, 3, (ROWS, BLOCKS))).astype("<f2")
    scale[0, 0], scale[1, 1] = 0, 6e-8
    if kind == "q8":
        q = rng.integers(-128, 128, (ROWS, BLOCKS, 32)).astype(np.int8)
        data = b"".join(s.tobytes() + block.tobytes() for s, block in zip(scale.ravel(), q.reshape(-1, 32)))
        return data, (scale[..., None].astype(float) * q).reshape(ROWS, -1)
    least = (rng.standard_normal((ROWS, BLOCKS)) * 10.0 ** rng.integers(-7, 3, (ROWS, BLOCKS))).astype("<f2")
    least[2, 2] = 0
    q = rng.integers(0, 16, (ROWS, BLOCKS, 32)).astype(np.uint8)
    pairs = q[..., :16] | q[..., 16:] << 4
    parts = zip(scale.ravel(), least.ravel(), pairs.reshape(-1, 16))
    data = b"".join(part.tobytes() for block in parts for part in block)
    return data, (scale[..., None].astype(float) * q + least[..., None].astype(float)).reshape(ROWS, -1)


@pytest.mark.parametrize("kind", ["q4", "q8"])
@pytest.mark.parametrize("seed", range(3))
def test_products_are_numpys_and_equal_to_the_last_bit_in_both(deno, kind, seed):
    rng = np.random.default_rng(seed)
    data, matrix = random_blocks(kind, rng)
    x = rng.standard_normal((4, 32 * BLOCKS)) * 10.0 ** rng.integers(-3, 4, (4, 32 * BLOCKS))
    x[0, :32], x[1] = 0, 7  # a block of zeros, and one of equals
    (able, vectors), (_, plain) = deno(
        KERNELS,
        kind=kind,
        weights=base64.b64encode(data).decode(),
        x=x.tolist(),
        rows=ROWS,
        columns=32 * BLOCKS,
    )
    assert able, "deno has vectors"
    assert vectors == plain
    assert vectors[4 * ROWS :] == vectors[2 * ROWS : 3 * ROWS]  # alone as among four
    # What is rounded: to 1 / 65534 of the largest of a block, and to 24 bits in each of the additions.
    steps = np.abs(x).reshape(4, BLOCKS, 32).max(axis=-1).repeat(32, axis=-1)
    bound = np.abs(matrix) @ (steps / 65534 + np.abs(x) * 32 * 2.0**-24).T + 1e-12
    assert (np.abs(np.reshape(vectors[: 4 * ROWS], (4, ROWS)).T - matrix @ x.T) <= bound).all()


ATTENTION = """
import { openMemory } from "./real_model_kernels.js";

export function run({ query, keys, weights }) {
  return [true, false].map((vectors) => {
    const { floats, kernels } = openMemory(1e5, vectors);
    const [width, count] = [keys[0].length, keys.length];
    floats.set(query, 100);
    keys.forEach((key, s) => floats.set(key, 1000 + s * width));
    floats.set(weights, 500);
    const begin = 4 * (1000 + 16); // the numbers from 16 on
    const [end, apart] = [begin + 4 * count * width, 4 * width];
    kernels.scores(800, 400, 4 * query.length, begin, end, apart);
    kernels.mixture(1200, 2000, 4 * query.length, begin, end, apart);
    return [...floats.subarray(200, 200 + count), ...floats.subarray(300, 300 + query.length)];
  });
}
"""


def test_scores_and_mixtures(deno):
    rng = np.random.default_rng(0)
    query, keys, weights = rng.standard_normal(32), rng.standard_normal((7, 64)), rng.dirichlet(np.ones(7))
    vectors, plain = deno(ATTENTION, query=query.tolist(), keys=keys.tolist(), weights=weights.tolist())
    assert vectors == plain
    np.testing.assert_allclose(vectors[:7], keys[:, 16:48] @ query, atol=1e-5)
    np.testing.assert_allclose(vectors[7:], weights @ keys[:, 16:48], atol=1e-6)


WITHOUT = """
import { openMemory, wasmBytes } from "./real_model_kernels.js";

export function run() {
  const size = wasmBytes().length;
  const here = WebAssembly.validate;
  WebAssembly.validate = () => false; // as a browser without vectors says
  const old = openMemory(100).vectors;
  WebAssembly.validate = here;
  delete globalThis.WebAssembly;
  return { size, old, without: openMemory(100).vectors };
}
"""


def test_without_vectors_the_plain_ones_are_taken(deno):
    found = deno(WITHOUT)
    assert found.pop("size") < 3_000
    assert found == {"old": False, "without": False}
