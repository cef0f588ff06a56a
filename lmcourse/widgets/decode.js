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

const FEW = 500;

// The ids of the largest values, the largest first; among equals the smaller id comes first.
export function largest(values, count) {
  const found = [];
  if (count <= FEW) { // they are kept in order while all values pass by
    for (let id = 0; id < values.length; id++) {
      if (found.length === count && !(values[id] > values[found[count - 1]])) continue;
      let at = found.length;
      while (at > 0 && values[found[at - 1]] < values[id]) at--;
      found.splice(at, 0, id);
      if (found.length > count) found.pop();
    }
    return found;
  }
  // To sort numbers is much faster than to sort ids by them, so first it is found out how small the last one is.
  const least = Float64Array.from(values).sort()[Math.max(0, values.length - count)];
  for (let id = 0; id < values.length; id++) values[id] >= least && found.push(id);
  return found.sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}

// As many ids by rank as have a given share of all probability together: at first few are looked at, then more.
function coreOf(logProbs, ranks, share) {
  for (let count = FEW;; count *= 10) {
    const order = largest(ranks, count);
    let before = 0;
    const end = order.findIndex((id) => {
      if (before >= share * (1 - 1e-12)) return true; // a sum such as 0.4 + 0.3 + 0.2 must reach 0.9
      before += Math.exp(logProbs[id]);
      return false;
    });
    if (end >= 0) return order.slice(0, end);
    if (order.length === ranks.length) return order;
  }
}

// A power of the probability of all that was said, then temperature, top-k, top-p and min-p; null switches one of the
// last three off. The rank is that before the temperature, at which all may be equal.
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
  const ranks = result;
  result = anneal(result, temperature);
  const keep = (kept) => {
    const row = new Float64Array(result.length).fill(-Infinity);
    kept.forEach((id) => row[id] = result[id]);
    result = normalise(row);
  };
  if (topK !== null) keep(largest(ranks, topK));
  if (topP !== null && topP < 1) keep(coreOf(result, ranks, topP));
  if (minP !== null) {
    const most = result.reduce((top, l) => Math.max(top, l), -Infinity);
    const least = most + Math.log(minP) - 1e-12;
    result = normalise(result.map((l) => (l >= least ? l : -Infinity)));
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
