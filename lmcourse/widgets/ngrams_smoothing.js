// N-grams and their smoothing, the same as lmcourse/ngram and tested against it. Counts are
// levels[n] = {tokens, parents, counts, suffix, first}: the n-grams of length n in order, each with its last token
// and the numbers of its context and of its suffix one level down; first[i] is where the continuations of context i
// begin. Of `tables`, probs[n][g] is p(w|h) of the n-gram g = h w, gammas[n][h] is γ.

import { ranked, unpackNumbers } from "./ui.js";

// ---------- the counts ----------

// What lmcourse/widgets/ngrams.py packed.
export function unpack(view, size, order) {
  const numbers = unpackNumbers(view);
  let read = 0;
  const next = () => numbers[read++];
  const length = next();
  const opening = Array.from({ length: order }, next);
  const none = Int32Array.of(0);
  const levels = [{ tokens: none, parents: none, counts: Int32Array.of(length), suffix: none, first: none }];
  for (let n = 1; n <= order; n++) {
    const [tokens, parents, counts, first] = [[], [], [], []];
    levels[n - 1].counts.forEach((seen, parent) => {
      first.push(tokens.length);
      const add = (token, count) => [tokens.push(token), parents.push(parent), counts.push(count)];
      if (seen === 1) {
        const token = next();
        if (token < size) add(token, 1);
        return;
      }
      let token = -1;
      for (let left = next(); left > 0; left--) {
        const distance = next();
        token += 1 + (distance >> 1);
        add(token, distance & 1 ? next() : 1);
      }
    });
    first.push(tokens.length);
    const [own, up, seen] = [tokens, parents, counts].map((list) => Int32Array.from(list));
    levels.push({ tokens: own, parents: up, counts: seen, suffix: none, first: Int32Array.from(first) });
    const above = levels[n - 1].suffix;
    levels[n].suffix = own.map((token, i) => (n === 1 ? 0 : child(levels, n - 2, above[up[i]], token)));
  }
  return { size, levels, opening };
}

// The number of the n-gram that a token makes of a context of length n; -1 if it was not seen.
function child(levels, n, node, token) {
  if (node < 0) return -1;
  const { tokens, first } = levels[n + 1];
  let [low, high] = [first[node], first[node + 1]];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle] < token) low = middle + 1;
    else high = middle;
  }
  return low < first[node + 1] && tokens[low] === token ? low : -1;
}

// The number of an n-gram, -1 if it was not seen.
export function find({ levels }, ids) {
  return ids.reduce((node, token, n) => child(levels, n, node, token), 0);
}

// N1+(• g) in place of c(g), for all lengths below n. The text's very beginning has nothing before it: one more.
export function continuations(counts, order) {
  const levels = counts.levels.slice(0, order + 1);
  for (let n = 1; n < order; n++) {
    const after = new Int32Array(levels[n].counts.length);
    for (const suffix of levels[n + 1].suffix) after[suffix]++;
    after[find(counts, counts.opening.slice(0, n))]++;
    levels[n] = { ...levels[n], counts: after };
  }
  return levels;
}

// ---------- smoothing ----------

// Numbers for 0, 1, … as a function gives them; several times faster than Float64Array.from.
function each(length, value) {
  const found = new Float64Array(length);
  for (let i = 0; i < length; i++) found[i] = value(i);
  return found;
}

// Sums over the continuations of each context.
function sums({ parents, first }, value) {
  const found = new Float64Array(first.length - 1);
  for (let i = 0; i < parents.length; i++) found[parents[i]] += value(i);
  return found;
}

const totalsOf = (level) => sums(level, (i) => level.counts[i]);

const howMany = (counts, most) => {
  const found = new Float64Array(most + 1);
  for (const count of counts) found[Math.min(count, most)]++;
  return found;
};

// p(w|h) = α(w|h) + γ(h) p(w|h'); `weights` is n to functions: α of an n-gram, γ of a context that was seen.
function interpolated(levels, size, weights, unseen = 1, alone = false) {
  const [probs, gammas] = [[Float64Array.of(1 / size)], []];
  for (let n = 1; n < levels.length; n++) {
    const { parents, suffix, first } = levels[n];
    const [alpha, gamma] = weights(levels[n]);
    const all = each(first.length, (i) => (first[i + 1] > first[i] ? gamma(i) : unseen));
    const shorter = probs[n - 1];
    probs.push(each(parents.length, (i) => alpha(i) + all[parents[i]] * (alone ? 1 / size : shorter[suffix[i]])));
    gammas.push(all);
  }
  return { probs, gammas, alone };
}

// p(w|h) = α(w|h) where h w was seen, else γ(h) p(w|h').
function backedOff(levels, size, alphas) {
  const [probs, gammas] = [[Float64Array.of(1 / size)], []];
  for (let n = 1; n < levels.length; n++) {
    const { parents, suffix } = levels[n];
    const alpha = alphas(levels[n]);
    const shorter = probs[n - 1];
    const taken = sums(levels[n], (i) => alpha[i]);
    const others = sums(levels[n], (i) => shorter[suffix[i]]).map((sum) => 1 - sum);
    const nobody = (i) => others[i] < 1e-12; // whom h' knows and h does not
    gammas.push(
      each(
        taken.length + 1,
        (i) => (i === taken.length || taken[i] === 0 ? 1 : nobody(i) ? 0 : (1 - taken[i]) / others[i]),
      ),
    );
    probs.push(each(parents.length, (i) => (nobody(parents[i]) ? alpha[i] / taken[parents[i]] : alpha[i])));
  }
  return { probs, gammas, alone: false };
}

function addK(levels, size, k) {
  return interpolated(
    levels,
    size,
    (level) => {
      const all = totalsOf(level).map((total) => total + k * size);
      return [(i) => level.counts[i] / all[level.parents[i]], (i) => (k * size) / all[i]];
    },
    k > 0 ? 1 : 0,
    true,
  );
}

function jelinekMercer(levels, size, weight) {
  return interpolated(levels, size, (level) => {
    const totals = totalsOf(level);
    return [(i) => (weight * level.counts[i]) / totals[level.parents[i]], () => 1 - weight];
  });
}

function wittenBell(levels, size) {
  return interpolated(levels, size, (level) => {
    const kinds = (i) => level.first[i + 1] - level.first[i];
    const all = totalsOf(level).map((total, i) => total + kinds(i));
    return [(i) => level.counts[i] / all[level.parents[i]], (i) => kinds(i) / all[i]];
  });
}

const FALLBACK = [0.5, 1, 1.5]; // where a text is too small to estimate discounts

// How much to take from a count of 1, of 2, of 3 and more.
export function discountsOf(counts, several) {
  const [, n1, n2, n3, n4] = howMany(counts, 5);
  if (!n1 || !n2) return several ? FALLBACK : [0.5, 0.5, 0.5];
  const y = n1 / (n1 + 2 * n2);
  if (!several) return [y, y, y];
  if (!n3 || !n4) return FALLBACK;
  const found = [1 - (2 * y * n2) / n1, 2 - (3 * y * n3) / n2, 3 - (4 * y * n4) / n3];
  return found.every((d, i) => d > 0 && d <= i + 1) ? found : FALLBACK;
}

function discounted(levels, size, discounts) {
  return interpolated(levels, size, (level) => {
    const { counts, parents } = level;
    const d = discounts(counts);
    const taken = (i) => Math.min(d[Math.min(counts[i], 3) - 1], counts[i]);
    const [totals, all] = [totalsOf(level), sums(level, taken)];
    return [(i) => (counts[i] - taken(i)) / totals[parents[i]], (i) => all[i] / totals[i]];
  });
}

const KATZ = 5; // counts above this are believed as they are

// By what to multiply counts of 1, …, 5, as Good and Turing say.
export function katzRatios(counts) {
  const n = howMany(counts, KATZ + 2);
  const r = [1, 2, 3, 4, 5];
  if (n.slice(1, KATZ + 2).every((many) => many > 0)) {
    const m = ((KATZ + 1) * n[KATZ + 1]) / n[1];
    const found = r.map((c) => (m < 1 ? (((c + 1) * n[c + 1]) / (c * n[c]) - m) / (1 - m) : 0));
    if (found.every((d) => d > 0 && d < 1)) return found;
  }
  return r.map((c) => 1 - 0.5 / c);
}

function katz(levels, size) {
  return backedOff(levels, size, (level) => {
    const { counts, parents } = level;
    const ratios = katzRatios(counts);
    const kept = each(counts.length, (i) => (counts[i] <= KATZ ? ratios[counts[i] - 1] * counts[i] : counts[i]));
    const freed = sums(level, (i) => counts[i] - kept[i]);
    const totals = totalsOf(level).map((total, i) => total + (freed[i] > 0 ? 0 : 1)); // nothing freed: one more token
    return each(counts.length, (i) => kept[i] / totals[parents[i]]);
  });
}

function stupidBackoff(levels, size, penalty = 0.4) {
  const base = Float64Array.of(1 / size);
  const [scores, zs, probs, gammas] = [[base], [Float64Array.of(1)], [base], []];
  for (let n = 1; n < levels.length; n++) {
    const { counts, parents, suffix } = levels[n];
    const totals = totalsOf(levels[n]);
    const rest = (i) => zs[n - 1][n > 1 ? levels[n - 1].suffix[i] : 0]; // Z(h')
    scores.push(each(counts.length, (i) => counts[i] / totals[parents[i]]));
    const own = sums(levels[n], (i) => scores[n][i]);
    const shorter = sums(levels[n], (i) => scores[n - 1][suffix[i]]);
    const z = own.map((sum, i) => sum + penalty * (rest(i) - shorter[i]));
    probs.push(each(counts.length, (i) => scores[n][i] / z[parents[i]]));
    gammas.push(each(z.length + 1, (i) => (i < z.length ? (penalty * rest(i)) / z[i] : 1)));
    zs.push(z);
  }
  return { probs, gammas, alone: false };
}

// The tables of a method for n-grams up to length n.
export function smooth(counts, { method, n, k, weight, discount }) {
  const { size } = counts;
  const levels = counts.levels.slice(0, n + 1);
  const one = (values) => (discount === null ? discountsOf(values, false) : [discount, discount, discount]);
  return {
    maximum_likelihood: () => addK(levels, size, 0),
    add_k: () => addK(levels, size, k),
    jelinek_mercer: () => jelinekMercer(levels, size, weight),
    witten_bell: () => wittenBell(levels, size),
    absolute_discounting: () => discounted(levels, size, one),
    kneser_ney: () => discounted(continuations(counts, n), size, one),
    modified_kneser_ney: () => discounted(continuations(counts, n), size, (values) => discountsOf(values, true)),
    katz: () => katz(levels, size),
    stupid_backoff: () => stupidBackoff(levels, size),
  }[method]();
}

export const backsOff = (method) => method === "katz" || method === "stupid_backoff";

// After a context: the probabilities, each length's part of them (the uniform part first) and γ of each context.
export function predict(counts, { probs, gammas, alone }, ids, backs) {
  const { size, levels } = counts;
  let p = new Float64Array(size).fill(1 / size);
  let parts = [p];
  const weights = [];
  for (let n = 1; n < probs.length && n <= ids.length + 1; n++) {
    const { tokens, first } = levels[n];
    const node = find(counts, ids.slice(ids.length - n + 1));
    const gamma = gammas[n - 1][node < 0 ? gammas[n - 1].length - 1 : node];
    parts = parts.map((part, i) => (alone ? part.map(() => (i ? 0 : gamma / size)) : part.map((x) => gamma * x)));
    p = alone ? p.map(() => gamma / size) : p.map((x) => gamma * x);
    const own = new Float64Array(size);
    for (let g = node < 0 ? 0 : first[node]; node >= 0 && g < first[node + 1]; g++) {
      const token = tokens[g];
      if (backs) {
        parts.forEach((part) => {
          part[token] = 0;
        });
      }
      own[token] = backs ? probs[n][g] : Math.max(0, probs[n][g] - p[token]);
      p[token] = probs[n][g];
    }
    parts.push(own);
    weights.push(gamma);
  }
  return { probs: p, parts, gammas: weights };
}

// Tokens of a typed text: ids after the last token that has none, and that token. White space is Python's str.split.
// deno-lint-ignore no-control-regex
const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
export function read(text, { tokens, separator, unknown }) {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  let [found, strange] = [[], null];
  for (const token of separator ? text.split(BLANKS).filter(Boolean) : text) {
    const id = ids.get(token) ?? ids.get(unknown);
    if (id === undefined) [found, strange] = [[], token];
    else found.push(id);
  }
  return { ids: found, strange };
}

export function drawOne(p, random = Math.random) {
  let rest = random();
  for (let i = 0; i < p.length; i++) {
    if (rest < p[i]) return i;
    rest -= p[i];
  }
  return ranked(p)[0];
}
