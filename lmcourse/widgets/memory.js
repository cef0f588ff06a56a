// What a Transformer weighs, keeps and costs: the same as lmcourse/inference/memory.py and calculator.py, and tested
// against them. `lab` holds the calculator's traits, `kinds` how many bytes a number of each kind takes.

import { grouped } from "./ui.js";

// Parameters of each part, as `Config.count_parameters`.
export function countParameters(lab) {
  const { n_layers, d_model, n_heads, n_kv_heads, d_ff, vocab_size, context_length, tied } = lab;
  const gpt = lab.blocks === "gpt2"; // biases everywhere, two matrices instead of three, a table of positions
  const linear = (from, to) => from * to + (gpt ? to : 0);
  const wide = (n_heads + 2 * n_kv_heads) * (d_model / n_heads);
  const norm = gpt ? 2 * d_model : d_model;
  return {
    embedding: vocab_size * d_model,
    positions: gpt ? context_length * d_model : 0,
    attention: n_layers * (linear(d_model, wide) + linear(d_model, d_model)),
    "feed-forward": n_layers * (linear(d_model, (gpt ? 1 : 2) * d_ff) + linear(d_ff, d_model)),
    norms: n_layers * 2 * norm + norm,
    output: tied ? 0 : vocab_size * d_model,
  };
}

// All that is shown, see `measures` in calculator.py.
export function measures(lab, kinds) {
  const { n_layers, d_model, n_heads, n_kv_heads, n_seen, n_texts, bandwidth, flops_per_second } = lab;
  const parts = countParameters(lab);
  const parameters = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const read = parameters - parts.positions - (lab.tied ? 0 : parts.embedding);
  const weights = parameters * kinds[lab.weights];
  const fetched = read * kinds[lab.weights];
  const token = 2 * n_layers * n_kv_heads * (d_model / n_heads) * kinds[lab.cache];
  const attention = n_layers * 4 * d_model; // operations for each token that one compares itself with
  const timed = (what, bytes, flops, tokens) => {
    const [fetching, multiplying] = [bytes / bandwidth, flops / flops_per_second];
    const names = ["fetching", "multiplying", "speed", "intensity"];
    const values = [fetching, multiplying, tokens / Math.max(fetching, multiplying), flops / bytes];
    return Object.fromEntries(names.map((name, i) => [`${what}_${name}`, values[i]]));
  };
  const text = token * n_seen;
  const flops = 2 * read + attention * n_seen;
  const gained = flops / flops_per_second - text / bandwidth; // by a text more: how much longer multiplying takes
  return {
    parameters,
    ...parts,
    weight_bytes: weights,
    cache_token: token,
    cache_text: text,
    memory: weights + n_texts * text,
    flops_weights: 2 * read,
    flops_attention: attention * n_seen,
    ...timed("one", fetched + text, flops, 1),
    ...timed("many", fetched + n_texts * text, n_texts * flops, n_texts),
    ...timed("reading", fetched + text, 2 * read * n_seen + attention * n_seen * (n_seen + 1) / 2, n_seen),
    turn: gained > 0 ? fetched / bandwidth / gained : null,
    ridge: flops_per_second / bandwidth,
  };
}

export const LABELS = {
  n_layers: "Layers",
  d_model: "Width",
  n_heads: "Heads",
  n_kv_heads: "Heads of keys and values",
  d_ff: "Feed-forward width",
  vocab_size: "Vocabulary",
  context_length: "Table of positions",
  n_seen: "Tokens of a text",
  n_texts: "Texts at a time",
  bandwidth: "Bandwidth, GB/s",
  flops_per_second: "Operations, GFLOP/s",
};
export const RATES = ["bandwidth", "flops_per_second"]; // shown in thousand millions
const [LEAST_RATE, MOST_RATE] = [1e6, 1e18];

// What is wrong with the numbers: [the field, in words], or null.
export function problem(lab, most) {
  for (const [name, limit] of Object.entries(most)) {
    if (Number.isInteger(lab[name]) && lab[name] >= 1 && lab[name] <= limit) continue;
    return [name, `${LABELS[name]} must be a whole number from 1 to ${grouped(limit)}.`];
  }
  for (const name of RATES) {
    if (lab[name] >= LEAST_RATE && lab[name] <= MOST_RATE) continue;
    return [name, `${LABELS[name]} must be from 0.001 to ${grouped(1e9)}.`];
  }
  const { d_model, n_heads, n_kv_heads } = lab;
  if (d_model % n_heads) return ["d_model", `A width of ${d_model} cannot be shared out among ${n_heads} heads.`];
  if (n_heads % n_kv_heads) {
    return ["n_kv_heads", `${n_heads} heads cannot be shared out among ${n_kv_heads} of keys and values.`];
  }
  if (lab.blocks === "llama" && (d_model / n_heads) % 2) {
    return ["d_model", `RoPE turns pairs of numbers, but each head has ${d_model / n_heads}.`];
  }
  return null;
}

// ---------- numbers as text ----------

export const three = (x) => (x >= 99.95 ? grouped(Math.round(x)) : String(Number(x.toPrecision(x < 1 ? 2 : 3))));

// A number with a prefix for each power of a thousand: 1.5e9 B as 1.5 GB.
export function scaled(x, unit) {
  const steps = ["", "k", "M", "G", "T", "P", "E"];
  const power = Math.max(0, Math.min(steps.length - 1, Math.floor(Math.log10(x) / 3 + 1e-9)));
  return `${three(x / 1000 ** power)} ${steps[power]}${unit}`;
}

export function duration(seconds) {
  if (seconds >= 600) return `${three(seconds / 60)} min`;
  if (seconds >= 1) return `${three(seconds)} s`;
  return seconds >= 1e-3 ? `${three(1e3 * seconds)} ms` : `${three(1e6 * seconds)} µs`;
}
