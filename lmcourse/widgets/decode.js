// What a decoder does to a distribution, the same as lmcourse/decoding/filters.py and tested against it. Log-
// probabilities are natural; -Infinity stands for probability zero.

export function normalise(logWeights) {
  const top = logWeights.reduce((most, w) => Math.max(most, w), -Infinity);
  const total = logWeights.reduce((sum, w) => sum + Math.exp(w - top), 0);
  return logWeights.map((w) => w - top - Math.log(total));
}

// p^(1/T), renormalised. T = 0 shares among the most probable tokens, T = Infinity among all possible ones.
export function anneal(logProbs, temperature) {
  const top = logProbs.reduce((most, l) => Math.max(most, l), -Infinity);
  if (temperature === 0) return normalise(logProbs.map((l) => (l === top ? 0 : -Infinity)));
  if (temperature === Infinity) return normalise(logProbs.map((l) => (l === -Infinity ? -Infinity : 0)));
  return normalise(logProbs.map((l) => (l - top) / temperature));
}

// Ids by falling value; among equals the smaller id comes first.
export const byRank = (values) => Array.from(values, (_, id) => id).sort((a, b) => values[b] - values[a] || a - b);

// A power of the probability of all that was said, then temperature, top-k, top-p and min-p; null switches one of the
// last three off. The order is found before the temperature, at which all may be equal.
export function decodeRow(
  logProbs,
  { penalty = 1, temperature = 1, topK = null, topP = null, minP = null },
  said = [],
) {
  let result = Float64Array.from(logProbs);
  if (penalty !== 1) {
    for (const id of new Set(said)) result[id] *= penalty;
    result = normalise(result);
  }
  const order = topK === null && topP === null ? null : byRank(result);
  result = anneal(result, temperature);
  const keep = (kept) => {
    const row = new Float64Array(result.length).fill(-Infinity);
    kept.forEach((id) => row[id] = result[id]);
    result = normalise(row);
  };
  if (topK !== null) keep(order.slice(0, topK));
  if (topP !== null && topP < 1) {
    let before = 0;
    keep(order.filter((id) => {
      const stays = before < topP * (1 - 1e-12); // a sum such as 0.4 + 0.3 + 0.2 must reach 0.9
      before += Math.exp(result[id]);
      return stays;
    }));
  }
  if (minP !== null) {
    const least = Math.max(...result) + Math.log(minP) - 1e-12;
    keep(Array.from(result.keys()).filter((id) => result[id] >= least));
  }
  return result;
}

// The token on which a number from 0 up to 1 falls, along the cumulative sum.
export function drawToken(logProbs, random) {
  const total = logProbs.reduce((sum, l) => sum + Math.exp(l), 0);
  let [sum, last] = [0, 0];
  for (let id = 0; id < logProbs.length; id++) {
    if (logProbs[id] === -Infinity) continue;
    sum += Math.exp(logProbs[id]);
    last = id;
    if (random * total < sum) return id;
  }
  return last;
}

function scramble(n) {
  let x = n >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

// Numbers from 0 up to 1, by a seed, a stream and a place in it.
export function uniform(seed, stream, count) {
  const start = scramble(scramble(seed) + stream);
  return Float64Array.from({ length: count }, (_, k) => scramble(start + k) / 2 ** 32);
}
