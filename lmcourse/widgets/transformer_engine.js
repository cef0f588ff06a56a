// A Transformer's arithmetic, the same as lmcourse/transformer and tested against it: weights from a safetensors file
// of whole numbers and scales, the blocks with their keys and values kept, text scored, read on, and looked into. Norms
// before (LayerNorm), rotations, GELU, no biases, tied output. No part of a page is touched: this runs in a worker.

import { normalise } from "./decode.js";

// ---------- weights ----------

// All tensors of a safetensors file by name: eight bytes of length, a header in JSON, the numbers. A matrix of whole
// numbers is multiplied by the scales of its rows.
export function readWeights(bytes) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const numbers = (name) => {
    const { dtype, data_offsets: [begin, end] } = header[name];
    const part = buffer.slice(8 + size + begin, 8 + size + end);
    return dtype === "I8" ? new Int8Array(part) : new Float32Array(part);
  };
  const found = {};
  for (const name of Object.keys(header)) {
    if (name.endsWith(".scale") || name === "__metadata__") continue;
    const { shape } = header[name];
    const values = Float32Array.from(numbers(name));
    if (`${name}.scale` in header) {
      const scales = numbers(`${name}.scale`);
      for (let i = 0; i < values.length; i++) values[i] *= scales[Math.floor(i / shape[1])];
    }
    found[name] = values;
  }
  return found;
}

const BASE = 10000; // of the rotations

// What is computed with: V tokens, D numbers a token, H heads of K, F numbers inside a feed-forward layer, T places.
export function network(bytes, { heads, context, start }) {
  const weights = readWeights(bytes);
  const D = weights["norm.weight"].length;
  const K = D / heads;
  const blocks = [];
  for (let n = 0; `blocks.${n}.attention.qkv.weight` in weights; n++) {
    const part = (name) => weights[`blocks.${n}.${name}.weight`];
    blocks.push({
      attentionNorm: part("attention_norm"),
      qkv: part("attention.qkv"),
      output: part("attention.output"),
      feedForwardNorm: part("feed_forward_norm"),
      up: part("feed_forward.up"),
      down: part("feed_forward.down"),
    });
  }
  const angles = Array.from({ length: context * K / 2 }, (_, i) => {
    const pair = i % (K / 2);
    return Math.floor(i / (K / 2)) * BASE ** (-2 * pair / K);
  });
  const embedding = weights["embedding.weight"];
  return {
    ...{ V: embedding.length / D, D, H: heads, K, F: blocks[0].up.length / D, T: context, start },
    ...{ embedding, blocks, norm: weights["norm.weight"] },
    ...{ cos: Float64Array.from(angles, Math.cos), sin: Float64Array.from(angles, Math.sin) },
  };
}

// ---------- the parts ----------

// A matrix (rows, cols) times n vectors. Four vectors at a time read each weight once; a single one is added up in four
// sums, so that no addition waits for the one before.
function linear(x, n, weights, rows, cols) {
  const y = new Float64Array(n * rows);
  let t = 0;
  for (; t + 4 <= n; t += 4) {
    const [p, q, r, s] = [t * cols, (t + 1) * cols, (t + 2) * cols, (t + 3) * cols];
    let j = 0;
    for (let row = 0; row < rows; row++) {
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let i = 0; i < cols; i++, j++) {
        const w = weights[j];
        a += w * x[p + i];
        b += w * x[q + i];
        c += w * x[r + i];
        d += w * x[s + i];
      }
      const at = t * rows + row;
      y[at] = a;
      y[at + rows] = b;
      y[at + 2 * rows] = c;
      y[at + 3 * rows] = d;
    }
  }
  for (; t < n; t++) {
    const p = t * cols;
    let j = 0;
    for (let row = 0; row < rows; row++) {
      let [a, b, c, d] = [0, 0, 0, 0];
      let i = 0;
      for (; i + 4 <= cols; i += 4, j += 4) {
        a += weights[j] * x[p + i];
        b += weights[j + 1] * x[p + i + 1];
        c += weights[j + 2] * x[p + i + 2];
        d += weights[j + 3] * x[p + i + 3];
      }
      for (; i < cols; i++, j++) a += weights[j] * x[p + i];
      y[t * rows + row] = a + b + c + d;
    }
  }
  return y;
}

// Each vector to mean 0 and variance 1, times a scale.
function layerNorm(x, scale) {
  const D = scale.length;
  const y = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += D) {
    let [mean, variance] = [0, 0];
    for (let i = 0; i < D; i++) mean += x[at + i] / D;
    for (let i = 0; i < D; i++) variance += (x[at + i] - mean) ** 2 / D;
    const by = 1 / Math.sqrt(variance + 1e-5);
    for (let i = 0; i < D; i++) y[at + i] = (x[at + i] - mean) * by * scale[i];
  }
  return y;
}

// The error function to 1.5e-7: Abramowitz and Stegun (1964), 7.1.26.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}

export const gelu = (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));

// Turns each pair of neighbours in each head of a vector, from `at` on, by the angles of a place.
function rotate({ D, K, cos, sin }, x, at, place) {
  for (let i = 0; i < D; i += 2) {
    const angle = place * K / 2 + (i % K) / 2;
    const [even, odd] = [x[at + i], x[at + i + 1]];
    x[at + i] = even * cos[angle] - odd * sin[angle];
    x[at + i + 1] = even * sin[angle] + odd * cos[angle];
  }
}

// What one head finds for a query, among the first `seen` keys and values; `found` gets it, from `at` on. Returns the
// weights.
function attend({ D, K }, query, keys, values, head, seen, found, at) {
  const weights = new Float64Array(seen);
  let most = -Infinity;
  for (let s = 0; s < seen; s++) {
    let score = 0;
    for (let i = 0; i < K; i++) score += query[i] * keys[s * D + head * K + i];
    weights[s] = score / Math.sqrt(K);
    most = Math.max(most, weights[s]);
  }
  let total = 0;
  for (let s = 0; s < seen; s++) total += weights[s] = Math.exp(weights[s] - most);
  for (let s = 0; s < seen; s++) {
    weights[s] /= total;
    for (let i = 0; i < K; i++) found[at + i] += weights[s] * values[s * D + head * K + i];
  }
  return weights;
}

// ---------- the stack ----------

// Keys and values of what was read: at first of nothing.
export const newCache = ({ T, D, blocks }) => ({
  length: 0,
  layers: blocks.map(() => ({ keys: new Float64Array(T * D), values: new Float64Array(T * D) })),
});

// Reads more tokens. Returns what the output reads at each, (n, D); `record` gets of the last one the residual stream
// before the first block and after each, and the weights of each head.
export function forward(net, ids, cache, record = null) {
  const { D, H, K, F } = net;
  const n = ids.length;
  const x = new Float64Array(n * D);
  ids.forEach((id, t) => x.set(net.embedding.subarray(id * D, (id + 1) * D), t * D));
  const keep = () => record && record.stream.push(x.slice((n - 1) * D));
  const add = (y) => y.forEach((value, i) => x[i] += value);
  keep();
  net.blocks.forEach((block, layer) => {
    const { keys, values } = cache.layers[layer];
    const qkv = linear(layerNorm(x, block.attentionNorm), n, block.qkv, 3 * D, D);
    const found = new Float64Array(n * D);
    for (let t = 0; t < n; t++) {
      const [at, place] = [3 * t * D, cache.length + t];
      rotate(net, qkv, at, place);
      rotate(net, qkv, at + D, place);
      keys.set(qkv.subarray(at + D, at + 2 * D), place * D);
      values.set(qkv.subarray(at + 2 * D, at + 3 * D), place * D);
      for (let head = 0; head < H; head++) {
        const query = qkv.subarray(at + head * K, at + (head + 1) * K);
        const weights = attend(net, query, keys, values, head, place + 1, found, t * D + head * K);
        if (record && t === n - 1) record.attention.push(weights);
      }
    }
    add(linear(found, n, block.output, D, D));
    const inner = linear(layerNorm(x, block.feedForwardNorm), n, block.up, F, D);
    for (let i = 0; i < inner.length; i++) inner[i] = gelu(inner[i]);
    add(linear(inner, n, block.down, D, F));
    keep();
  });
  cache.length += n;
  return layerNorm(x, net.norm);
}

// Logits (V) of what the output reads at one place, (D).
export const logitsOf = (net, hidden) => linear(hidden, 1, net.embedding, net.V, net.D);

const logProbsOf = (net, hidden) => normalise(logitsOf(net, hidden));

// ---------- texts ----------

// Reads a text token by token. One that has outgrown the context is seen through a window, which is read anew at every
// step: each token stands at another place than before.
export class Reader {
  constructor(net, ids) {
    this.net = net;
    this.window = [net.start, ...ids].slice(-net.T);
    this.readAnew();
  }

  readAnew() {
    this.cache = newCache(this.net);
    this.take(this.window);
  }

  take(ids) {
    this.last = forward(this.net, ids, this.cache).slice(-this.net.D);
  }

  get full() {
    return this.window.length === this.net.T;
  }

  read(id) {
    if (this.full) {
      this.window = [...this.window.slice(1), id];
      this.readAnew();
    } else {
      this.window.push(id);
      this.take([id]);
    }
  }

  logits() {
    return logitsOf(this.net, this.last);
  }

  logProbs() {
    return logProbsOf(this.net, this.last);
  }
}

// What each token of a text, from one of them on, cost in bits, one after another: the first T in one go, each further
// one from a window of its own.
export function* surprises(net, ids, from = 0) {
  const inputs = [net.start, ...ids];
  const bits = (hidden, place) => -logProbsOf(net, hidden)[ids[place]] / Math.LN2;
  const first = Math.min(ids.length, net.T);
  if (from < first) {
    const hidden = forward(net, inputs.slice(0, first), newCache(net));
    for (let t = from; t < first; t++) yield bits(hidden.subarray(t * net.D, (t + 1) * net.D), t);
  }
  for (let t = Math.max(from, first); t < ids.length; t++) {
    yield bits(new Reader(net, ids.slice(0, t)).last, t);
  }
}

// What happens at a place of a text: the weights of all heads, block after block, over the window that is seen from
// there (`begin`: where it begins, -1 for the start), and the log-probabilities of the next token that the output reads
// off the residual stream before the first block and after each: the logit lens.
export function look(net, ids, place) {
  const inputs = [net.start, ...ids.slice(0, place + 1)];
  const window = inputs.slice(-net.T);
  const record = { stream: [], attention: [] };
  forward(net, window, newCache(net), record);
  const lens = record.stream.map((x) => Array.from(logProbsOf(net, layerNorm(x, net.norm))));
  return { begin: inputs.length - window.length - 1, attention: record.attention.map((w) => Array.from(w)), lens };
}
