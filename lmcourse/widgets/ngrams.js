// The n-gram explorer. First the arithmetic, the same as lmcourse/ngram and tested against it; then the drawing. Counts
// are levels[n] = {tokens, parents, counts, suffix, first}: the n-grams of length n in order, each with its last token
// and the numbers of its context and of its suffix one level down; first[i] is where the continuations of context i
// begin. Of `tables`, probs[n][g] is p(w|h) of the n-gram g = h w, gammas[n][h] is γ.

import {
  axis,
  axisEnd,
  bar,
  button,
  column,
  div,
  firstTask,
  group,
  grouped,
  h,
  mount,
  mute,
  nearest,
  note,
  numberCell,
  others,
  percent,
  plural,
  raised,
  ranked,
  row,
  rowName,
  section,
  setter,
  short,
  slider,
  span,
  stretch,
  swatch,
  table,
  track,
  unpackNumbers,
  visible,
} from "./ui.js";

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

// ---------- drawing ----------

const NAMES = {
  maximum_likelihood: "Maximum likelihood",
  add_k: "Add-k",
  jelinek_mercer: "Jelinek–Mercer",
  witten_bell: "Witten–Bell",
  absolute_discounting: "Absolute discounting",
  kneser_ney: "Kneser–Ney",
  modified_kneser_ney: "Modified Kneser–Ney",
  katz: "Katz",
  stupid_backoff: "Stupid backoff",
};
const ROWS = 10; // tokens with a bar of their own
const FOLLOWERS = 12; // shown of each context
const MAX_CONTEXT = 1000;

// A probability in four digits after the point, or as a power of ten where that would be nothing.
function exact(p) {
  if (p === 0 || p >= 0.0005) return p === 0 ? "0" : p.toFixed(4);
  const [head, power] = p.toExponential(1).split("e-");
  return `${head} · 10⁻${raised(power)}`;
}
const times = (n) => `${grouped(n)} ×`;

const STOPS = {
  k: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  weight: Array.from({ length: 21 }, (_, i) => i / 20),
  discount: [null, ...Array.from({ length: 19 }, (_, i) => (i + 1) / 20)],
};
// A context of a length: one of the ten most frequent, one seen once, or one never seen whose beginning was.
export function example(counts, length, kind, random = Math.random) {
  const { levels } = counts;
  const any = (list) => list[Math.floor(random() * list.length)];
  const spell = (n, node) => (n ? [...spell(n - 1, levels[n].parents[node]), levels[n].tokens[node]] : []);
  if (length < 1) return [];
  const all = Array.from(levels[length].counts, (_, i) => i);
  if (kind === "frequent") return spell(length, any(ranked(levels[length].counts).slice(0, 10)));
  if (kind === "once") {
    const single = all.filter((i) => levels[length].counts[i] === 1);
    return single.length ? spell(length, any(single)) : null;
  }
  const common = ranked(levels[1].counts).slice(0, 20).map((g) => levels[1].tokens[g]);
  for (let tries = 0; tries < 1000; tries++) {
    const ids = [...spell(length - 1, any(Array.from(levels[length - 1].counts, (_, i) => i))), any(common)];
    if (find(counts, ids) < 0) return ids;
  }
  return null;
}

// One sentence on what a method does, with the numbers that it takes from the text.
function explanation(counts, { method, n, k, weight, discount }) {
  const { counts: longest } = counts.levels[n];
  const taken = discount !== null
    ? `${short(discount)} is taken from each count`
    : `${short(discountsOf(longest, false)[0])} is taken from each count (of the longest n-grams; estimated)`;
  const several = discountsOf(longest, true).map(short).join(", ");
  const ratios = katzRatios(longest).map(short).join(", ");
  return {
    maximum_likelihood: "Each count over their sum. What was not seen is impossible.",
    add_k: `As if each of the ${grouped(counts.size)} tokens had been seen k = ${short(k)} times more after every ` +
      "context. Shorter contexts are not asked.",
    jelinek_mercer: `${short(weight)} of the mass goes to the counts of each context that was seen, the other ` +
      `${short(1 - weight)} to the next shorter one.`,
    witten_bell: "Each different token that followed a context counts once more, in favour of the next shorter one: " +
      "variety passes mass on.",
    absolute_discounting: `${taken} and goes to the next shorter context.`,
    kneser_ney: `${taken}. Shorter contexts count otherwise: not how often a token was seen, but after how many ` +
      "different ones.",
    modified_kneser_ney: `From a count of 1, of 2, of 3 and more of the longest n-grams are taken ${several}. ` +
      "Shorter contexts count the different tokens before, as in Kneser–Ney.",
    katz: `Counts of 1 to 5 of the longest n-grams are multiplied by ${ratios}; what that sets free is shared among ` +
      "the tokens not seen, as the next shorter context would.",
    stupid_backoff: "The longest context that knows a token gives its share; each step down costs a factor of 0.4. " +
      "Here the scores are divided by their sum.",
  }[method];
}

const SETTING = { add_k: "k", jelinek_mercer: "weight", absolute_discounting: "discount", kneser_ney: "discount" };
const LABELS = { k: "Added count k", weight: "Weight λ", discount: "Discount D" };

const shade = (n, most) => Math.max(0.16, 0.62 ** (most - n)); // the longer the context, the darker

// The part of a bar that a context of length n - 1 pays for.
function layer(n, most, from, width) {
  const element = stretch(bar(n ? "lmc-ng-part" : "lmc-ng-part lmc-ng-uniform"), from, from + width);
  if (n) element.style.opacity = shade(n, most);
  return element;
}

// One method: its name to choose it by, and its distribution as a strip.
function methodRow(method, names, choose) {
  const radio = h("input", { type: "radio", name: names, value: method, onchange: choose });
  const strip = mute(div("lmc-ng-strip"));
  const element = div("lmc-ng-method", h("label", {}, radio, span("", NAMES[method])), strip);
  element.dataset.method = method;
  strip.addEventListener("click", () => radio.click());
  function show(probs, ranking, tokens, chosen) {
    radio.checked = chosen;
    element.classList.toggle("lmc-on", chosen);
    const possible = probs.some((p) => p > 0);
    strip.classList.toggle("lmc-ng-empty", !possible);
    strip.replaceChildren(
      ...ranking.slice(0, ROWS).map((id, i) => {
        const text = visible(tokens[id]);
        const box = span(`lmc-hue-${i % 4}`, probs[id] >= 0.03 + 0.02 * text.length ? text : "");
        box.title = `${text} ${exact(probs[id])}`;
        box.style.width = percent(probs[id]);
        return box;
      }),
    );
    const left = ranking.length - ROWS;
    const rest = 1 - ranking.slice(0, ROWS).reduce((sum, id) => sum + probs[id], 0);
    if (!possible) strip.append("never seen: all are 0");
    else if (left > 0) strip.append(span("lmc-ng-remainder", rest > 0.3 ? others(left) : ""));
  }
  return { method, element, show };
}

// Sliders of the n-grams' length, and of the setting that the method has.
function sliders(model, order, set) {
  const length = slider("Length n", "n", { max: order, onMove: (n) => set({ n }) });
  length.input.min = "1";
  const settings = Object.fromEntries(
    Object.entries(STOPS).map((
      [key, stops],
    ) => [
      key,
      slider(LABELS[key], "setting", { max: stops.length - 1, onMove: (stop) => set({ [key]: stops[stop] }) }),
    ]),
  );
  const element = div("lmc-ng-controls", length.element);
  function show() {
    length.show(model.get("n"), String(model.get("n")));
    const key = SETTING[model.get("method")];
    const now = key ? settings[key].element : null;
    if (element.children[1] !== now) element.replaceChildren(length.element, ...(now ? [now] : []));
    if (!key) return;
    const value = model.get(key);
    const known = STOPS[key].filter((stop) => stop !== null); // null, to be estimated, comes first if at all
    const stop = value === null ? 0 : STOPS[key].length - known.length + nearest(known, value);
    settings[key].show(stop, value === null ? "estimated" : short(value));
  }
  return { element, show };
}

// The context that is typed or drawn, and what can be done with it.
function contextField({ counts, vocab, what, set, model, draw }) {
  const cut = (text) => [...text].slice(-MAX_CONTEXT).join("");
  const area = h("textarea", {
    rows: 1,
    dir: "auto",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    "aria-label": "Context",
    oninput: () => set({ context: cut(area.value) }),
  });
  const strange = h("p", { class: "lmc-note lmc-ng-note", role: "status" });
  const joined = (text, id) =>
    text + (vocab.separator && text && !/\s$/.test(text) ? vocab.separator : "") + vocab.tokens[id];
  const drawMany = (many) => {
    const text = model.get("context");
    set({ context: cut(draw(read(text, vocab).ids, many).reduce(joined, text)) });
  };
  const draws = [1, 50].map((many) =>
    button(many === 1 ? `Draw the next ${what}` : `Draw ${many}`, () => drawMany(many), { "data-draw": many })
  );
  const clear = button("Clear", () => set({ context: "" }));
  const tries = [["frequent", "a frequent context"], ["once", "one seen once"], ["never", "one never seen"]].map(
    ([kind, label]) =>
      button(label, () => {
        const ids = example(counts, model.get("n") - 1, kind);
        if (ids) set({ context: ids.reduce(joined, "") });
      }, { "data-example": kind }),
  );
  const buttons = div(
    "lmc-buttons lmc-ng-acts",
    ...draws,
    clear,
    group("lmc-examples", "Contexts to try", "Try", ...tries),
  );
  function show(context, unknown, possible) {
    if (area.value !== context) area.value = context;
    strange.textContent = unknown === null
      ? ""
      : `“${visible(unknown)}” is none of the ${plural(vocab.tokens.length, what)}, so it was never seen: ` +
        "only what follows it counts as context.";
    for (const each of draws) each.disabled = !possible;
    for (const each of tries) each.disabled = model.get("n") === 1;
  }
  return { elements: [area, strange, buttons], show };
}

// What followed a context: the counts that are used, the largest first.
function followers(list, used, total) {
  const element = div(
    "lmc-ng-followers",
    ...list.map(([token, count]) => span("lmc-ng-follower", h("b", {}, visible(token)), ` ${grouped(count)}`)),
  );
  element.setAttribute("role", "cell");
  if (used) element.append(span("lmc-zero", used));
  else if (total > list.length) element.append(span("lmc-zero", `… ${total - list.length} more`));
  return element;
}

function render({ model, el }) {
  const tokens = model.get("tokens");
  const separator = model.get("separator");
  const vocab = { tokens, separator, unknown: model.get("unknown") };
  const counts = unpack(model.get("trie"), tokens.length, model.get("order"));
  const what = separator ? "token" : "character";
  const name = (ids) => ids.map((id) => visible(tokens[id])).join(separator);
  const set = setter(model);
  const settings = (method = model.get("method")) => ({
    method,
    n: model.get("n"),
    k: model.get("k"),
    weight: model.get("weight"),
    discount: model.get("discount"),
  });
  const kept = new Map(); // tables of each method with the settings that made them
  const tables = (method) => {
    const now = settings(method);
    const key = JSON.stringify([now.n, SETTING[method] && now[SETTING[method]]]);
    if (!kept.has(method) || kept.get(method).key !== key) kept.set(method, { key, made: smooth(counts, now) });
    return kept.get(method).made;
  };
  const predicted = (ids, method = model.get("method")) => predict(counts, tables(method), ids, backsOff(method));
  // Up to so many tokens after a context; fewer where nothing was seen.
  function draw(context, many) {
    const ids = [...context];
    for (let i = 0; i < many; i++) {
      const { probs } = predicted(ids);
      if (!probs.some((p) => p > 0)) break;
      ids.push(drawOne(probs));
    }
    return ids.slice(context.length);
  }

  const field = contextField({ counts, vocab, what, set, model, draw });
  const names = `lmc-ngrams-${Math.random().toString(36).slice(2)}`;
  const strips = Object.keys(NAMES).map((method) => methodRow(method, names, () => set({ method })));
  const controls = sliders(model, model.get("order"), set);
  const explain = h("p", { class: "lmc-note lmc-ng-explain" });
  const pathTitle = div("lmc-subtitle");
  const path = table("From the longest context to none", "lmc-ng-path");
  const pathNote = note();
  const barsTitle = h("div", { class: "lmc-subtitle", role: "status" });
  const bars = table("The most probable tokens", "lmc-ng-bars");
  const task = firstTask("Try “one never seen”: which method has no answer?");
  const size = `${plural(counts.levels[0].counts[0], what)}, ${grouped(tokens.length)} of them different`;
  const methods = h(
    "div",
    { role: "radiogroup", "aria-label": "Smoothing method" },
    ...strips.map((strip) => strip.element),
  );
  const root = section(
    "ngrams",
    "N-gram explorer",
    "What comes next? The counts, and what each method makes of them",
    task.element,
    div("lmc-ng-facts lmc-note", `Counted in a text of ${size}. Type a context:`),
    ...field.elements,
    methods,
    controls.element,
    explain,
    div("lmc-detail", pathTitle, path, pathNote),
    div("lmc-detail", barsTitle, bars),
  );

  // The tokens stand in one order in all strips: by their probability on the average of the methods.
  function drawStrips(ids) {
    const all = strips.map(({ method }) => predicted(ids, method).probs);
    const ranking = ranked(tokens.map((_, id) => all.reduce((sum, probs) => sum + probs[id], 0)));
    strips.forEach(({ method, show }, i) => show(all[i], ranking, tokens, method === model.get("method")));
  }

  // One context of the path: what it was followed by, what it decides (from `from` on) and what it passes on.
  function pathRow(n, ids, used, { from, share, total, most, gamma }) {
    const context = n ? ids.slice(ids.length - n + 1) : [];
    const node = n ? find(counts, context) : 0;
    const { tokens: next, first } = counts.levels[Math.max(n, 1)];
    const own = n && node >= 0 ? Array.from({ length: first[node + 1] - first[node] }, (_, i) => first[node] + i) : [];
    const seen = own.reduce((sum, g) => sum + counts.levels[n].counts[g], 0);
    const top = [...own].sort((a, b) => used[b] - used[a] || a - b).slice(0, FOLLOWERS);
    const list = top.map((g) => [tokens[next[g]], used[g]]);
    const rest = Math.max(0, total - from - share);
    const asked = gamma !== null;
    const parts = share ? [layer(n, most, from, share)] : [];
    if (rest > 1e-9 && asked) parts.push(stretch(bar("lmc-ng-rest"), from + share, from + share + rest));
    const empty = n ? (seen ? "" : "never seen") : `1/${grouped(tokens.length)} for each ${what}`;
    const idle = n ? !asked : share < 0.002;
    const element = row(
      `${seen || !n ? "" : "lmc-ng-unseen"} ${idle ? "lmc-ng-idle" : ""}`,
      rowName("lmc-ng-context", n > 1 ? name(context) : h("i", {}, n ? "no context" : "uniform")),
      numberCell(n ? times(seen) : "–"),
      track(...parts),
      numberCell(exact(share)),
      numberCell(asked ? exact(gamma) : "–"),
      followers(list, empty, own.length),
    );
    Object.assign(element.dataset, { length: n, count: seen, share, gamma: asked ? gamma : "" });
    return { element, best: top.length ? { token: next[top[0]], context, count: used[top[0]] } : null };
  }

  function drawPath(ids, { parts, gammas, probs }) {
    const method = model.get("method");
    const most = parts.length - 1;
    const total = probs.reduce((a, b) => a + b, 0);
    const otherwise = method.endsWith("kneser_ney"); // counts below the longest are of a different kind
    const used = otherwise ? continuations(counts, model.get("n")) : counts.levels;
    const rows = [];
    let [from, strange] = [0, null]; // the first follower that is counted otherwise
    for (let n = most; n >= 0; n--) {
      const share = parts[n].reduce((a, b) => a + b, 0);
      const asked = n && (n === most || !tables(method).alone); // add-k goes straight to the uniform distribution
      const scale = { from, share, total, most, gamma: asked ? gammas[n - 1] : null };
      const { element, best } = pathRow(n, ids, used[Math.max(n, 1)].counts, scale);
      rows.push(element);
      if (!strange && otherwise && best && n < model.get("n")) strange = best;
      from += share;
    }
    const legend = span("", swatch("lmc-fill"), "decided here", swatch("lmc-ng-rest"), "passed on");
    const [seen, here, gamma] = ["seen", "here", "γ"].map((text) => column("lmc-number", text));
    const head = [column("", "context"), seen, mute(legend), here, gamma, column("lmc-hidden", "followed by")];
    path.replaceChildren(row("lmc-head", ...head), ...rows);
    pathTitle.textContent = `From the longest context to none: who decides how much (${NAMES[method]})`;
    pathNote.textContent = strange
      ? `Kneser and Ney count otherwise below the longest: the ${grouped(strange.count)} beside ` +
        `“${name([strange.token])}” says that “${name([...strange.context, strange.token])}” stood after ` +
        `${grouped(strange.count)} different ${what}s.`
      : "";
  }

  // The most probable tokens, each bar in layers: the longest context first.
  function drawBars(ids, { probs, parts }) {
    const most = parts.length - 1;
    const ranking = ranked(probs);
    const shown = ranking.slice(0, ROWS).filter((id) => probs[id] > 0);
    const rest = ranking.slice(shown.length);
    const sum = (values, list) => list.reduce((total, id) => total + values[id], 0);
    const groups = [...shown.map((id) => [id]), ...(rest.length ? [rest] : [])];
    const longest = Math.max(...groups.map((members) => sum(probs, members)));
    const end = axisEnd(longest);
    const rows = groups.map((members, i) => {
      const layers = [];
      let from = 0;
      for (let n = most; n >= 0; n--) {
        const width = sum(parts[n], members);
        if (width > 0) layers.push(layer(n, most, from / end, width / end));
        from += width;
      }
      const one = i < shown.length;
      const p = sum(probs, members);
      const element = row(
        one ? "" : "lmc-others",
        rowName("lmc-token", one ? visible(tokens[members[0]]) : others(members.length)),
        track(...layers),
        numberCell(exact(p), p ? "" : "lmc-zero"),
      );
      element.dataset.p = p;
      if (one) element.dataset.token = tokens[members[0]];
      return element;
    });
    const head = row("lmc-head", column("", what), axis(0, end / 2, end), column("lmc-number", "probability"));
    bars.replaceChildren(head, ...rows);
    const last = ids.slice(Math.max(0, ids.length - model.get("n") + 1));
    const after = last.length ? ` after “${name(last)}”` : ", with no context";
    barsTitle.textContent = longest > 0
      ? `The next ${what}${after}`
      : `“${name(last)}” was never seen: maximum likelihood has nothing to say, and every probability is 0`;
  }

  // What there was to see: the whole context was never seen, and this much of its end was.
  function checkTask(ids) {
    const long = model.get("n") - 1;
    const end = (length) => ids.slice(ids.length - length);
    if (!long || ids.length < long || find(counts, end(long)) >= 0) return;
    let seen = long - 1;
    while (find(counts, end(seen)) < 0) seen--;
    const times = plural(counts.levels[seen].counts[find(counts, end(seen))], "time");
    const known = seen ? `its end “${name(end(seen))}”, seen ${times}` : `how often each ${what} stands in the text`;
    task.check(
      `Maximum likelihood: “${name(end(long))}” is new to the counts. The others ask ${known}; add-k asks nobody.`,
    );
  }

  function update() {
    const { ids, strange } = read(model.get("context"), vocab);
    const found = predicted(ids);
    field.show(model.get("context"), strange, found.probs.some((p) => p > 0));
    drawStrips(ids);
    controls.show();
    explain.textContent = explanation(counts, settings());
    drawPath(ids, found);
    drawBars(ids, found);
    checkTask(ids);
    const n = model.get("n");
    Object.assign(root.dataset, { method: model.get("method"), n, used: Math.min(ids.length, n - 1) });
  }

  return mount({ model, el }, root, { follows: ["context", "n", "method", "k", "weight", "discount"], update });
}

export default { render };
