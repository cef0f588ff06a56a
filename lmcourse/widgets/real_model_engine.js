// The real model's arithmetic: a Llama as its GGUF file holds it. Norms before (RMS), rotations of neighbouring pairs,
// fewer heads of keys and values than of queries, SwiGLU, tied output, no biases. The products are those of
// real_model_kernels.js; the rest is in 64-bit floats. No part of a page is touched: this runs in a worker.

import { decodeRow, drawToken, largest, uniform } from "./decode.js";
import { readFile } from "./real_model_file.js";
import { BATCH, openMemory, readRow, vectorBytes, writeVector } from "./real_model_kernels.js";
import { Tokenizer } from "./real_model_tokenizer.js";

const [MOST, ROOM, TOP] = [2048, 100e6, 10]; // tokens in its context; bytes beside the file; candidates told
const ALIGN = 64;

// Memory for a file of so many bytes, which is to be written to its beginning, and for the work.
export const memoryFor = (size, vectors = true) => openMemory(size + ROOM, vectors);

// ---------- the parts ----------

// Each vector (of D numbers) to a mean square of 1, times a scale.
function rmsNorm(x, n, scale, epsilon) {
  const D = scale.length;
  const y = new Float64Array(n * D);
  for (let t = 0; t < n; t++) {
    let squares = 0;
    for (let i = t * D; i < (t + 1) * D; i++) squares += x[i] * x[i];
    const by = 1 / Math.sqrt(squares / D + epsilon);
    for (let i = 0; i < D; i++) y[t * D + i] = x[t * D + i] * by * scale[i];
  }
  return y;
}

// Turns each pair of neighbours in heads of K numbers by the angles of a place.
function rotate(x, { cos, sin }, K, place) {
  for (let i = 0; i < x.length; i += 2) {
    const angle = place * K / 2 + (i % K) / 2;
    const [even, odd] = [x[i], x[i + 1]];
    x[i] = even * cos[angle] - odd * sin[angle];
    x[i + 1] = even * sin[angle] + odd * cos[angle];
  }
}

function softmax(x) {
  let most = -Infinity;
  for (let i = 0; i < x.length; i++) most = Math.max(most, x[i]);
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i] = Math.exp(x[i] - most);
  for (let i = 0; i < x.length; i++) x[i] /= total;
}

// Logits to natural log-probabilities.
export function logProbsOf(logits) {
  let most = -Infinity;
  for (let i = 0; i < logits.length; i++) most = Math.max(most, logits[i]);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - most);
  const by = most + Math.log(total);
  const logProbs = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) logProbs[i] = logits[i] - by;
  return logProbs;
}

const common = (a, b) => {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
};

// ---------- the model ----------

// V tokens, D numbers a token, H heads of K, G groups of them with keys and values of their own, F numbers inside a
// feed-forward layer, N layers, T places at most.
export class RealModel {
  // From memory whose first bytes are the file. Throws an Error where the file has another kind of model.
  constructor(memory, size) {
    const { settings, tensors } = readFile(memory.buffer, size);
    if (settings["general.architecture"] !== "llama") throw new Error("the file's model is no Llama");
    const said = (name) => settings[`llama.${name}`];
    this.memory = memory;
    this.floats = memory.floats;
    this.tokenizer = new Tokenizer(settings);
    this.embedding = tensors["token_embd.weight"];
    this.V = this.embedding.rows;
    this.D = said("embedding_length");
    this.H = said("attention.head_count");
    this.G = said("attention.head_count_kv");
    this.K = this.D / this.H;
    this.F = said("feed_forward_length");
    this.N = said("block_count");
    this.epsilon = said("attention.layer_norm_rms_epsilon");
    this.norm = this.#numbers(tensors["output_norm.weight"]);
    this.#share(size, said("context_length"));
    this.layers = Array.from({ length: this.N }, (_, n) => {
      const part = (name) => tensors[`blk.${n}.${name}.weight`];
      return {
        ...{ q: part("attn_q"), k: part("attn_k"), v: part("attn_v"), output: part("attn_output") },
        ...{ gate: part("ffn_gate"), up: part("ffn_up"), down: part("ffn_down") },
        ...{ attentionNorm: this.#numbers(part("attn_norm")), feedForwardNorm: this.#numbers(part("ffn_norm")) },
        ...{ keys: this.cache + 2 * n * this.T * this.row, values: this.cache + (2 * n + 1) * this.T * this.row },
      };
    });
    const angle = (_, i) => Math.floor(2 * i / this.K) * said("rope.freq_base") ** (-2 * (i % (this.K / 2)) / this.K);
    const angles = Array.from({ length: this.T * this.K / 2 }, angle);
    this.turns = { cos: Float64Array.from(angles, Math.cos), sin: Float64Array.from(angles, Math.sin) };
    this.forget();
  }

  // Keys and values of no token are kept.
  forget() {
    this.ids = [];
  }

  // Shares the memory after the file among vectors, then keys and values of as many places as there is room for.
  #share(size, context) {
    const { D, G, K, F, N, V } = this;
    let next = size;
    const take = (bytes) => {
      next = Math.ceil(next / ALIGN) * ALIGN + bytes;
      return next - bytes;
    };
    this.input = take(BATCH * vectorBytes(Math.max(D, F)));
    this.outputs = Object.fromEntries(
      Object.entries({ q: D, k: G * K, v: G * K, found: D, sum: D, gate: F, up: F, logits: V })
        .map(([name, width]) => [name, { at: take(4 * BATCH * width), width }]),
    );
    this.weights = take(4 * MOST);
    this.row = 4 * G * K; // bytes of a place's keys
    const room = Math.floor((this.memory.buffer.byteLength - next - ALIGN) / (2 * N * this.row));
    this.T = Math.min(MOST, context, room);
    this.cache = take(2 * N * this.T * this.row);
  }

  // A tensor of 32-bit floats.
  #numbers({ at, end }) {
    return Float64Array.from(this.floats.subarray(at >> 2, end >> 2));
  }

  // The output named so of the t-th vector, as a view.
  #view(name, t, n = 1) {
    const { at, width } = this.outputs[name];
    return this.floats.subarray((at >> 2) + t * width, (at >> 2) + (t + n) * width);
  }

  // n vectors x, (n, columns), times some matrices: to the outputs of their names, (n, rows).
  #multiply(x, n, matrices) {
    const { kernels } = this.memory;
    const columns = x.length / n;
    const length = vectorBytes(columns);
    for (let t = 0; t < n; t++) writeVector(this.memory, this.input + t * length, x, t * columns, columns);
    for (const [name, { kind, at, end, rows }] of Object.entries(matrices)) {
      const out = this.outputs[name].at;
      if (n === BATCH) kernels[`${kind}Batch`](out, 4 * rows, at, end, this.input, length);
      else for (let t = 0; t < n; t++) kernels[kind](out + 4 * t * rows, 0, at, end, this.input + t * length, length);
    }
  }

  // What each head finds for the t-th vector, which stands at a place. `record` is told of the weights.
  #attend(layer, t, place, record) {
    const { H, G, K, row, weights } = this;
    const { kernels } = this.memory;
    const { keys, values } = this.layers[layer];
    const seen = this.floats.subarray(weights >> 2, (weights >> 2) + place + 1);
    for (let head = 0; head < H; head++) {
      const [at, group] = [4 * (t * H + head) * K, 4 * K * Math.floor(head * G / H)];
      const end = (place + 1) * row;
      kernels.scores(weights, this.outputs.q.at + at, 4 * K, keys + group, keys + end, row);
      for (let s = 0; s <= place; s++) seen[s] /= Math.sqrt(K);
      softmax(seen);
      if (record) record(layer, head, place, seen);
      kernels.mixture(this.outputs.found.at + at, weights, 4 * K, values + group, values + end, row);
    }
  }

  // Reads n tokens, at most BATCH, that stand at the next places. Returns what the output reads at each, (n, D).
  #forward(ids, record) {
    const { D, F, K, epsilon, floats } = this;
    const [n, first] = [ids.length, this.ids.length];
    const { at, end, rows } = this.embedding;
    const rowBytes = (end - at) / rows;
    const x = new Float64Array(n * D);
    ids.forEach((id, t) => x.set(readRow(this.memory, at + id * rowBytes, D), t * D));
    const add = (name) => {
      const y = this.#view(name, 0, n);
      for (let i = 0; i < y.length; i++) x[i] += y[i];
    };
    this.layers.forEach((layer, l) => {
      const { q, k, v, output, gate, up, down } = layer;
      this.#multiply(rmsNorm(x, n, layer.attentionNorm, epsilon), n, { q, k, v });
      for (let t = 0; t < n; t++) {
        const keys = this.#view("k", t);
        rotate(this.#view("q", t), this.turns, K, first + t);
        rotate(keys, this.turns, K, first + t);
        floats.set(keys, (layer.keys >> 2) + (first + t) * keys.length);
        floats.set(this.#view("v", t), (layer.values >> 2) + (first + t) * keys.length);
        this.#attend(l, t, first + t, record);
      }
      this.#multiply(this.#view("found", 0, n), n, { sum: output });
      add("sum");
      this.#multiply(rmsNorm(x, n, layer.feedForwardNorm, epsilon), n, { gate, up });
      const [inner, beside] = [this.#view("gate", 0, n), this.#view("up", 0, n)];
      const gated = new Float64Array(n * F);
      for (let i = 0; i < gated.length; i++) gated[i] = inner[i] / (1 + Math.exp(-inner[i])) * beside[i];
      this.#multiply(gated, n, { sum: down });
      add("sum");
    });
    this.ids.push(...ids);
    return rmsNorm(x, n, this.norm, epsilon);
  }

  // Reads tokens, a few at a time; what is in the memory already, their beginning, is not read again. Yields of each
  // token that it reads its place and what the output reads there, (D). Throws an Error if there are too many.
  *read(ids, record = null) {
    if (ids.length > this.T) throw new Error(`${ids.length} tokens are more than ${this.T}`);
    this.ids = record ? [] : this.ids.slice(0, Math.min(common(this.ids, ids), ids.length - 1));
    while (this.ids.length < ids.length) {
      const place = this.ids.length;
      const hidden = this.#forward(ids.slice(place, place + BATCH), record);
      for (let t = 0; t * this.D < hidden.length; t++) {
        yield { place: place + t, hidden: hidden.subarray(t * this.D, (t + 1) * this.D) };
      }
    }
  }

  // What the output says after n places, (n, D): logits, (n, V), valid until it is asked again.
  logits(hidden, n = 1) {
    this.#multiply(hidden, n, { logits: this.embedding });
    return this.#view("logits", 0, n);
  }
}

// ---------- what is asked of it ----------

// The most probable tokens, [{id, p}].
const candidates = (logProbs) => largest(logProbs, TOP).map((id) => ({ id, p: Math.exp(logProbs[id]) }));

// What each token of a text costs after those before it, in bits, one after another, with the candidates for its place;
// the first has nothing before it and is not asked about.
export function* surprises(model, ids) {
  model.forget();
  for (const { place, hidden } of model.read(ids.slice(0, -1))) {
    const logProbs = logProbsOf(model.logits(hidden));
    const id = ids[place + 1];
    yield { id, bits: -logProbs[id] / Math.LN2, top: candidates(logProbs) };
  }
}

// The tokens that continue a text under the settings of a decoder (decode.js), one after another, with what each would
// cost without them, in bits, and the candidates; a token of `ends` is the last.
export function* continuation(model, ids, { count, seed, ...settings }, ends = []) {
  const random = uniform(seed, 1, count); // stream 0 of seed 0 begins with 0, on which the first token falls
  const said = [...ids];
  for (let i = 0; i < count && said.length <= model.T; i++) {
    let last = null;
    for (const read of model.read(said)) {
      last = read.hidden;
      if (read.place + 1 < said.length) yield { read: read.place + 1, of: said.length };
    }
    const logProbs = logProbsOf(model.logits(last));
    const decoded = decodeRow(logProbs, settings, said);
    const id = settings.temperature === 0 ? largest(decoded, 1)[0] : drawToken(decoded, random[i]);
    said.push(id);
    yield { id, bits: -logProbs[id] / Math.LN2, top: candidates(logProbs) };
    if (ends.includes(id)) return;
  }
}

// The attention weights of some layers and of the tokens at some places of a text (all, if not given): an array
// (layers, H, places, T) of 32-bit floats, zero after each place. Yields how many places were read, and at last
// {attention}.
export function* looks(model, ids, { layers = null, places = null } = {}) {
  const [which, from] = [layers || [...model.layers.keys()], places || [...ids.keys()]];
  const attention = new Float32Array(which.length * model.H * from.length * ids.length);
  const record = (layer, head, place, weights) => {
    const [l, at] = [which.indexOf(layer), from.indexOf(place)];
    if (l >= 0 && at >= 0) attention.set(weights, ((l * model.H + head) * from.length + at) * ids.length);
  };
  for (const { place } of model.read(ids, record)) yield { read: place + 1, of: ids.length };
  yield { attention, layers: which, places: from };
}
