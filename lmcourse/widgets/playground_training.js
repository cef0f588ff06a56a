// The arithmetic of the training playground, the same as playground.py with autodiff.py and tested against them. A
// network is [C, H, d, U, b], each a flat array, row by row; `shape` is {V, D, M, context, bend}.

import { uniform } from "./decode.js";

const [HIDDEN, LOOK] = [16, 10];
export const BATCH = 32;
export const BENDS = {
  tanh: { of: Math.tanh, slope: (_, out) => 1 - out * out },
  relu: { of: (x) => Math.max(x, 0), slope: (x) => Number(x > 0) },
  none: { of: (x) => x, slope: () => 1 },
};

export function initial(seed, { V, D, M, context }) {
  const sizes = [V * D, M * context * D, V * M];
  const total = sizes.reduce((a, b) => a + b);
  const draws = uniform(seed, 0, 12 * total);
  const normal = Float64Array.from(
    { length: total },
    (_, i) => draws.subarray(12 * i, 12 * i + 12).reduce((a, b) => a + b) - 6, // nearly normal
  );
  const C = normal.slice(0, sizes[0]);
  const H = normal.slice(sizes[0], sizes[0] + sizes[1]).map((x) => x / Math.sqrt(context * D));
  const U = normal.slice(sizes[0] + sizes[1]).map((x) => x / Math.sqrt(M));
  return [C, H, new Float64Array(M), U, new Float64Array(V)];
}

// All that one context leads to: its vectors side by side, the hidden layer before and after its bend, log p.
export function forward([C, H, d, U, b], { V, D, M, bend }, seen) {
  const x = Float64Array.from(seen.flatMap((token) => [...C.subarray(token * D, token * D + D)]));
  const before = d.map((bias, j) => x.reduce((sum, value, i) => sum + H[j * x.length + i] * value, bias));
  const hidden = before.map(BENDS[bend].of);
  const logits = b.map((bias, w) => hidden.reduce((sum, value, j) => sum + U[w * M + j] * value, bias));
  const top = Math.max(...logits);
  const size = Math.log(logits.reduce((sum, y) => sum + Math.exp(y - top), 0));
  return { x, before, hidden, logProbs: logits.map((y) => y - top - size), V };
}

// The mean surprise of a batch, in nats, and its gradient with respect to each array.
export function gradients(network, shape, contexts, targets) {
  const { D, M, bend } = shape;
  const [, H, , U] = network;
  const slopes = network.map((array) => new Float64Array(array.length));
  const [gC, gH, gd, gU, gb] = slopes;
  let loss = 0;
  contexts.forEach((seen, k) => {
    const { x, before, hidden, logProbs } = forward(network, shape, seen);
    loss -= logProbs[targets[k]] / contexts.length;
    // probability minus one-hot, then back through U, the bend and H to the vectors
    const gy = logProbs.map((l, w) => (Math.exp(l) - Number(w === targets[k])) / contexts.length);
    const gh = new Float64Array(M);
    gy.forEach((g, w) => {
      gb[w] += g;
      for (let j = 0; j < M; j++) {
        gU[w * M + j] += g * hidden[j];
        gh[j] += g * U[w * M + j];
      }
    });
    gh.forEach((g, j) => {
      const back = g * BENDS[bend].slope(before[j], hidden[j]);
      gd[j] += back;
      for (let i = 0; i < x.length; i++) {
        gH[j * x.length + i] += back * x[i];
        gC[seen[Math.floor(i / D)] * D + (i % D)] += back * H[j * x.length + i];
      }
    });
  });
  return { loss, slopes };
}

// The training text as contexts and targets; before a sentence stand end tokens.
export function examples(text, end, context) {
  const fill = Array(context).fill(end);
  const contexts = [];
  let before = fill;
  for (const token of text) {
    contexts.push(before);
    before = token === end ? fill : [...before.slice(1), token];
  }
  return { contexts, targets: text };
}

// Every context with its share, times the truth about what follows it: [context, [[token, probability], …]].
function truthOf({ windows, shares, follows, rows }, context) {
  const parsed = rows.map((line) => {
    const numbers = line.split(" ").map(Number);
    return numbers.filter((_, i) => i % 2 === 0).map((token, i) => [token, numbers[2 * i + 1]]);
  });
  const size = windows.length / shares.length;
  const joint = new Map();
  shares.forEach((share, k) => {
    const seen = windows.slice(k * size + size - context, (k + 1) * size);
    const key = seen.join(" ");
    if (!joint.has(key)) joint.set(key, [seen, new Map()]);
    const row = joint.get(key)[1];
    parsed[follows[k]].forEach(([token, p]) => row.set(token, (row.get(token) || 0) + share * p));
  });
  return [...joint.values()].map(([seen, row]) => [seen, [...row]]);
}

// A run from its beginning. `advance` takes it to a step, forwards or, from the beginning again, backwards.
export function startRun(state) {
  const { tokens, end, text, seed, context, width, rate, activation } = state;
  const shape = { V: tokens.length, D: width, M: HIDDEN, context, bend: activation };
  const { contexts, targets } = examples(text, end, context);
  const truth = truthOf(state, context);
  const run = { network: null, step: 0, losses: [], exact: [], broken: false, shape };

  function measure() {
    let nats = 0;
    for (const [seen, row] of truth) {
      const { logProbs } = forward(run.network, shape, seen);
      for (const [token, p] of row) nats -= p * logProbs[token];
    }
    return nats / Math.LN2;
  }
  function rewind() {
    Object.assign(run, { network: initial(seed, shape), step: 0, losses: [], exact: [], broken: false });
    run.exact.push([0, measure()]);
  }
  run.next = () => {
    const chosen = Array.from(uniform(seed, run.step + 1, BATCH), (u) => Math.floor(u * targets.length));
    const batch = { contexts: chosen.map((i) => contexts[i]), targets: chosen.map((i) => targets[i]) };
    return { ...batch, ...gradients(run.network, shape, batch.contexts, batch.targets) };
  };
  run.advance = (step) => {
    if (step < run.step) rewind();
    while (run.step < step && !run.broken) {
      const { loss, slopes } = run.next();
      run.broken = !Number.isFinite(loss);
      if (run.broken) break;
      run.losses.push(loss / Math.LN2);
      run.network = run.network.map((array, k) => array.map((value, i) => value - rate * slopes[k][i]));
      run.step++;
      if (run.step % LOOK === 0) run.exact.push([run.step, measure()]);
    }
  };
  rewind();
  return run;
}

// For tests: everything after so many steps, and the gradients of the next one.
export function trainAll(state, steps) {
  const run = startRun(state);
  run.advance(steps);
  const { losses, exact, network, broken } = run;
  const slopes = run.next().slopes.map((array) => [...array]);
  return { losses, exact, parameters: network.map((array) => [...array]), slopes, broken };
}
