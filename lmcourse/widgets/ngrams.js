// The n-gram explorer; shared.js stands before it. First the arithmetic, the same as lmcourse/ngram and tested against
// it; then the drawing. Counts are levels[n] = {tokens, parents, counts, suffix, first}: the n-grams of length n in
// order, each with its last token and the numbers of its context and of its suffix one level down; first[i] is where
// the continuations of context i begin. Of `tables`, probs[n][g] is p(w|h) of the n-gram g = h w, gammas[n][h] is γ.

// ---------- the counts ----------

// What lmcourse/widgets/ngrams.py packed.
export function unpack(bytes, size, order) {
  let at = 0;
  const next = () => {
    let [number, shift] = [0, 0];
    for (; bytes[at] > 127; shift += 7) number += (bytes[at++] & 127) << shift;
    return number + (bytes[at++] << shift);
  };
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
    const level = Object.fromEntries(
      Object.entries({ tokens, parents, counts, first }).map(([name, list]) => [name, Int32Array.from(list)]));
    levels.push(level);
    level.suffix = level.tokens.map((token, i) => (n === 1 ? 0 : child(levels, n - 2, levels[n - 1].suffix[parents[i]], token)));
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
    gammas.push(each(taken.length + 1, (i) =>
      (i === taken.length || taken[i] === 0 ? 1 : nobody(i) ? 0 : (1 - taken[i]) / others[i])));
    probs.push(each(parents.length, (i) => (nobody(parents[i]) ? alpha[i] / taken[parents[i]] : alpha[i])));
  }
  return { probs, gammas, alone: false };
}

function addK(levels, size, k) {
  return interpolated(levels, size, (level) => {
    const all = totalsOf(level).map((total) => total + k * size);
    return [(i) => level.counts[i] / all[level.parents[i]], (i) => (k * size) / all[i]];
  }, k > 0 ? 1 : 0, true);
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
      if (backs) parts.forEach((part) => { part[token] = 0; });
      own[token] = backs ? probs[n][g] : Math.max(0, probs[n][g] - p[token]);
      p[token] = probs[n][g];
    }
    parts.push(own);
    weights.push(gamma);
  }
  return { probs: p, parts, gammas: weights };
}

// Tokens of a typed text: ids after the last token that has none, and that token. White space is Python's str.split.
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

// Token ids by falling probability; among equals the smaller id comes first.
const ranked = (p) => Array.from(p, (_, i) => i).sort((a, b) => p[b] - p[a] || a - b);

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
const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// A probability in four digits after the point, or as a power of ten where that would be nothing.
function exact(p) {
  if (p === 0 || p >= 0.0005) return p === 0 ? "0" : p.toFixed(4);
  const [head, power] = p.toExponential(1).split("e-");
  return `${head} · 10⁻${[...power].map((d) => DIGITS[d]).join("")}`;
}
const short = (x) => String(Number(x.toFixed(3)));
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const times = (n) => `${grouped(n)} ×`;

const STOPS = {
  k: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  weight: Array.from({ length: 21 }, (_, i) => i / 20),
  discount: [null, ...Array.from({ length: 19 }, (_, i) => (i + 1) / 20)],
};
const SETTING = { add_k: "k", jelinek_mercer: "weight", absolute_discounting: "discount", kneser_ney: "discount" };
const LABELS = { k: "Added count k", weight: "Weight λ", discount: "Discount D" };

function range(label, name, onMove) {
  const input = h("input", { type: "range", step: 1, "data-slider": name, "aria-label": label });
  const head = h("span", { "aria-hidden": "true" }, label);
  const output = h("output", { "aria-hidden": "true" });
  input.addEventListener("input", () => onMove(Number(input.value)));
  const element = h("div", { class: "lmc-slider" }, h("div", { class: "lmc-slider-head" }, head, output), input);
  const show = (min, max, value, text, title = label) => {
    Object.assign(input, { min, max, value });
    input.setAttribute("aria-label", title);
    input.setAttribute("aria-valuetext", text);
    head.textContent = title;
    output.textContent = text;
  };
  return { element, input, show };
}

function render({ model, el }) {
  const tokens = model.get("tokens");
  const order = model.get("order");
  const separator = model.get("separator");
  const vocab = { tokens, separator, unknown: model.get("unknown") };
  const view = model.get("trie");
  const counts = unpack(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), tokens.length, order);
  const what = separator ? "token" : "character";
  const name = (ids) => ids.map((id) => visible(tokens[id])).join(separator);
  const group = `lmc-ngrams-${Math.random().toString(36).slice(2)}`;
  const set = (values) => {
    Object.entries(values).forEach(([key, value]) => model.set(key, value));
    model.save_changes();
  };
  const settings = (method = model.get("method")) =>
    ({ method, ...Object.fromEntries(["n", "k", "weight", "discount"].map((key) => [key, model.get(key)])) });
  const kept = new Map(); // tables of each method with the settings that made them
  const tables = (method) => {
    const now = settings(method);
    const key = JSON.stringify([now.n, SETTING[method] && now[SETTING[method]]]);
    if (!kept.has(method) || kept.get(method).key !== key) kept.set(method, { key, made: smooth(counts, now) });
    return kept.get(method).made;
  };

  // The context
  const area = h("textarea", { rows: 1, spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": "Context" });
  const note = h("p", { class: "lmc-note lmc-ng-note", role: "status" });
  const cut = (text) => [...text].slice(-MAX_CONTEXT).join("");
  area.addEventListener("input", () => set({ context: cut(area.value) }));
  const joined = (text, ids) => ids.reduce((t, id) => t + (separator && t && !/\s$/.test(t) ? separator : "") + tokens[id], text);
  const draw = (many) => {
    let text = model.get("context");
    const { ids } = read(text, vocab);
    for (let i = 0; i < many; i++) {
      const { probs } = predict(counts, tables(model.get("method")), ids, backsOff(model.get("method")));
      if (!probs.some((p) => p > 0)) break;
      ids.push(drawOne(probs));
      text = joined(text, ids.slice(-1));
    }
    set({ context: cut(text) });
  };
  const drawButtons = [1, 50].map((many) =>
    h("button", { type: "button", "data-draw": many, onclick: () => draw(many) }, many === 1 ? `Draw the next ${what}` : `Draw ${many}`));
  const clear = h("button", { type: "button", onclick: () => set({ context: "" }) }, "Clear");
  const examples = [["frequent", "a frequent one"], ["once", "one seen once"], ["never", "one never seen"]].map(([kind, label]) =>
    h("button", { type: "button", "data-example": kind, onclick: () => {
      const ids = example(counts, model.get("n") - 1, kind);
      if (ids) set({ context: joined("", ids) });
    } }, label));
  const tryRow = h("span", { class: "lmc-examples", role: "group", "aria-label": "Contexts to try" }, "Try", ...examples);

  // The methods
  const strips = Object.keys(NAMES).map((method) => {
    const radio = h("input", { type: "radio", name: group, value: method });
    radio.addEventListener("change", () => set({ method }));
    const strip = h("div", { class: "lmc-ng-strip", "aria-hidden": "true" });
    const element = h("div", { class: "lmc-ng-method", "data-method": method }, h("label", {}, radio, h("span", {}, NAMES[method])), strip);
    strip.addEventListener("click", () => radio.click());
    return { method, radio, strip, element };
  });
  const length = range("Length n", "n", (n) => set({ n }));
  const setting = range("", "setting", (stop) => {
    const key = SETTING[model.get("method")];
    set({ [key]: STOPS[key][stop] });
  });
  const explain = h("p", { class: "lmc-note lmc-ng-explain" });

  // The path and the bars
  const pathTitle = h("div", { class: "lmc-subtitle" });
  const path = h("div", { class: "lmc-ng-path", role: "table", "aria-label": "From the longest context to none" });
  const pathNote = h("p", { class: "lmc-note" });
  const barsTitle = h("div", { class: "lmc-subtitle", role: "status" });
  const bars = h("div", { class: "lmc-ng-bars", role: "table", "aria-label": "The most probable tokens" });

  const root = h("section", { class: "lmc lmc-ngrams", "aria-label": "N-gram explorer" },
    h("div", { class: "lmc-title" }, "What comes next? The counts, and what each method makes of them"),
    h("div", { class: "lmc-ng-facts lmc-note" }, `Counted in a text of ${grouped(counts.levels[0].counts[0])} ${what}s, ${grouped(tokens.length)} of them different. Type a context:`),
    area, note,
    h("div", { class: "lmc-ng-acts" }, ...drawButtons, clear, tryRow),
    h("div", { class: "lmc-ng-methods", role: "radiogroup", "aria-label": "Smoothing method" }, ...strips.map((s) => s.element)),
    h("div", { class: "lmc-ng-controls" }, length.element, setting.element), explain,
    h("div", { class: "lmc-detail" }, pathTitle, path, pathNote),
    h("div", { class: "lmc-detail" }, barsTitle, bars));

  const shade = (n, most) => Math.max(0.16, 0.62 ** (most - n)); // the longer the context, the darker
  function layer(n, most, from, width) {
    const element = h("div", { class: n ? "lmc-bar lmc-ng-part" : "lmc-bar lmc-ng-part lmc-ng-uniform" });
    Object.assign(element.style, { left: `${100 * from}%`, width: `${100 * width}%` });
    if (n) element.style.opacity = shade(n, most);
    return element;
  }

  // The tokens stand in one order in all strips: by their probability on the average of the methods.
  function drawStrips(ids) {
    const now = model.get("method");
    const all = strips.map(({ method }) => predict(counts, tables(method), ids, backsOff(method)).probs);
    const ranking = ranked(tokens.map((_, id) => all.reduce((sum, probs) => sum + probs[id], 0)));
    strips.forEach(({ method, radio, strip, element }, index) => {
      const probs = all[index];
      const rest = 1 - ranking.slice(0, ROWS).reduce((sum, id) => sum + probs[id], 0);
      radio.checked = method === now;
      element.classList.toggle("lmc-on", method === now);
      strip.classList.toggle("lmc-ng-empty", !probs.some((p) => p > 0));
      strip.replaceChildren(...ranking.slice(0, ROWS).map((id, i) => {
        const text = visible(tokens[id]);
        const cell = h("span", { class: `lmc-hue-${i % 4}`, title: `${text} ${exact(probs[id])}` }, probs[id] >= 0.03 + 0.02 * text.length ? text : "");
        cell.style.width = `${100 * probs[id]}%`;
        return cell;
      }));
      if (!probs.some((p) => p > 0)) strip.append("never seen: all are 0");
      else if (ranking.length > ROWS) strip.append(h("span", { class: "lmc-ng-remainder" }, rest > 0.3 ? `${ranking.length - ROWS} others` : ""));
    });
  }

  function drawPath(ids, { parts, gammas, probs }) {
    const method = model.get("method");
    const { alone } = tables(method);
    const most = parts.length - 1;
    const shares = parts.map((part) => part.reduce((a, b) => a + b, 0));
    const total = probs.reduce((a, b) => a + b, 0);
    const continued = method.endsWith("kneser_ney") ? continuations(counts, model.get("n")) : counts.levels;
    let from = 0;
    let otherwise = null; // the first follower that is counted in Kneser and Ney's way: n-gram, last token, count
    const rows = [];
    for (let n = most; n >= 0; n--) {
      const context = n ? ids.slice(ids.length - n + 1) : [];
      const node = n ? find(counts, context) : 0;
      const { tokens: next, first } = counts.levels[Math.max(n, 1)];
      const own = n && node >= 0 ? Array.from({ length: first[node + 1] - first[node] }, (_, i) => first[node] + i) : [];
      const seen = own.reduce((sum, g) => sum + counts.levels[n].counts[g], 0);
      const used = continued[Math.max(n, 1)].counts;
      const rest = Math.max(0, total - from - shares[n]);
      const asked = n && (n === most || !alone); // add-k goes straight to the uniform distribution
      const hollow = h("div", { class: "lmc-bar lmc-ng-rest" });
      Object.assign(hollow.style, { left: `${100 * (from + shares[n])}%`, width: `${100 * rest}%` });
      const top = [...own].sort((a, b) => used[b] - used[a] || a - b).slice(0, FOLLOWERS);
      if (!otherwise && continued !== counts.levels && top.length && n < model.get("n")) {
        const token = next[top[0]];
        otherwise = [name([...context, token]), name([token]), grouped(used[top[0]])];
      }
      const followers = h("div", { class: "lmc-ng-followers", role: "cell" });
      if (n && !seen) followers.append(h("span", { class: "lmc-zero" }, "never seen"));
      if (!n) followers.append(h("span", { class: "lmc-zero" }, `1/${grouped(tokens.length)} for each ${what}`));
      if (seen) followers.append(...top.map((g) => h("span", { class: "lmc-ng-follower" }, h("b", {}, visible(tokens[next[g]])), ` ${grouped(used[g])}`)));
      if (own.length > top.length) followers.append(h("span", { class: "lmc-zero" }, `… ${own.length - top.length} more`));
      const row = h("div", { class: seen || !n ? "lmc-row" : "lmc-row lmc-ng-unseen", role: "row", "data-length": n },
        h("span", { class: "lmc-ng-context", role: "rowheader" }, n > 1 ? name(context) : h("i", {}, n ? "no context" : "uniform")),
        h("span", { class: "lmc-number", role: "cell" }, n ? times(seen) : "–"),
        h("div", { class: "lmc-track", "aria-hidden": "true" }, shares[n] ? layer(n, most, from, shares[n]) : "", rest > 1e-9 && asked ? hollow : ""),
        h("span", { class: "lmc-number", role: "cell" }, exact(shares[n])),
        h("span", { class: "lmc-number", role: "cell" }, asked ? exact(gammas[n - 1]) : "–"),
        followers);
      if (n ? !asked : shares[n] < 0.002) row.classList.add("lmc-ng-idle");
      Object.assign(row.dataset, { count: seen, share: shares[n], gamma: asked ? gammas[n - 1] : "" });
      rows.push(row);
      from += shares[n];
    }
    const header = h("div", { class: "lmc-row lmc-head", role: "row" },
      h("span", { role: "columnheader" }, "context"), h("span", { class: "lmc-number", role: "columnheader" }, "seen"),
      h("span", { "aria-hidden": "true" }, h("i", { class: "lmc-swatch lmc-fill" }), "decided here", h("i", { class: "lmc-swatch lmc-ng-rest" }), "passed on"),
      h("span", { class: "lmc-number", role: "columnheader" }, "here"),
      h("span", { class: "lmc-number", role: "columnheader" }, "γ"),
      h("span", { class: "lmc-hidden", role: "columnheader" }, "followed by"));
    pathTitle.textContent = `From the longest context to none: who decides how much (${NAMES[method]})`;
    pathNote.textContent = otherwise
      ? `Kneser and Ney count otherwise below the longest: the ${otherwise[2]} beside “${otherwise[1]}” says that “${otherwise[0]}” stood after ${otherwise[2]} different ${what}s.` : "";
    path.replaceChildren(header, ...rows);
  }

  function drawBars(ids, { probs, parts }, ranking) {
    const most = parts.length - 1;
    const shown = ranking.slice(0, ROWS).filter((id) => probs[id] > 0);
    const others = ranking.slice(shown.length);
    const sum = (values, list) => list.reduce((total, id) => total + values[id], 0);
    const groups = [...shown.map((id) => [id]), ...(others.length ? [others] : [])];
    const longest = Math.max(...groups.map((g) => sum(probs, g)));
    const full = [0.1, 0.2, 0.4, 0.6, 0.8, 1].find((limit) => longest <= limit) || 1;
    const axis = h("div", { class: "lmc-axis", "aria-hidden": "true" }, ...[0, full / 2, full].map((x) => h("span", {}, String(x))));
    const header = h("div", { class: "lmc-row lmc-head", role: "row" },
      h("span", { role: "columnheader" }, what), axis, h("span", { class: "lmc-number", role: "columnheader" }, "probability"));
    const rows = groups.map((members, index) => {
      const track = h("div", { class: "lmc-track", "aria-hidden": "true" });
      let from = 0;
      for (let n = most; n >= 0; n--) {
        const width = sum(parts[n], members);
        if (width > 0) track.append(layer(n, most, from / full, width / full));
        from += width;
      }
      const one = index < shown.length;
      const p = sum(probs, members);
      const row = h("div", { class: one ? "lmc-row" : "lmc-row lmc-others", role: "row", "data-p": p },
        h("span", { class: "lmc-token", role: "rowheader" }, one ? visible(tokens[members[0]]) : `${members.length} other${members.length > 1 ? "s" : ""}`),
        track, h("span", { class: p ? "lmc-number" : "lmc-number lmc-zero", role: "cell" }, exact(p)));
      if (one) row.dataset.token = tokens[members[0]];
      return row;
    });
    const last = ids.slice(Math.max(0, ids.length - model.get("n") + 1));
    const after = last.length ? ` after “${name(last)}”` : ", with no context";
    barsTitle.textContent = longest > 0 ? `The next ${what}${after}`
      : `“${name(last)}” was never seen: maximum likelihood has nothing to say, and every probability is 0`;
    bars.replaceChildren(header, ...rows);
  }

  function drawControls() {
    const { method, n } = settings();
    length.show(1, order, n, String(n));
    const key = SETTING[method];
    setting.element.hidden = !key;
    if (key) {
      const value = model.get(key);
      const stops = STOPS[key];
      const near = value === null ? 0 : stops.reduce((best, stop, i) =>
        (stop !== null && (stops[best] === null || Math.abs(stop - value) < Math.abs(stops[best] - value)) ? i : best), 0);
      setting.show(0, stops.length - 1, near, value === null ? "estimated" : short(value), LABELS[key]);
    }
    explain.textContent = explanation(counts, settings());
  }

  function update() {
    const text = model.get("context");
    if (area.value !== text) area.value = text;
    const { ids, strange } = read(text, vocab);
    note.textContent = strange === null ? ""
      : `“${visible(strange)}” is none of the ${grouped(tokens.length)} ${what}s, so it was never seen: only what follows it counts as context.`;
    const method = model.get("method");
    const found = predict(counts, tables(method), ids, backsOff(method));
    const ranking = ranked(found.probs);
    drawStrips(ids);
    drawControls();
    drawPath(ids, found);
    drawBars(ids, found, ranking);
    const possible = found.probs.some((p) => p > 0);
    drawButtons.forEach((button) => { button.disabled = !possible; });
    examples.forEach((button) => { button.disabled = model.get("n") === 1; });
    Object.assign(root.dataset, { method, n: model.get("n"), used: Math.min(ids.length, model.get("n") - 1) });
  }

  const events = ["context", "n", "method", "k", "weight", "discount"].map((key) => `change:${key}`);
  events.forEach((event) => model.on(event, update));
  el.append(root);
  update();
  return () => {
    events.forEach((event) => model.off(event, update));
    root.remove();
  };
}

// A context of a length: one of the ten most frequent, one seen once, or one never seen whose beginning was.
export function example(counts, length, kind, random = Math.random) {
  const { levels } = counts;
  const any = (list) => list[Math.floor(random() * list.length)];
  const spell = (n, node) => (n ? [...spell(n - 1, levels[n].parents[node]), levels[n].tokens[node]] : []);
  if (length < 1) return [];
  const all = Array.from(levels[length].counts, (_, i) => i);
  if (kind === "frequent") return spell(length, any(all.sort((a, b) => levels[length].counts[b] - levels[length].counts[a]).slice(0, 10)));
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
  const fixed = discount !== null;
  const d = (values) => short(discountsOf(values, false)[0]);
  return {
    maximum_likelihood: "Each count over their sum. What was not seen is impossible.",
    add_k: `As if each of the ${grouped(counts.size)} tokens had been seen k = ${short(k)} times more after every context. Shorter contexts are not asked.`,
    jelinek_mercer: `${short(weight)} of the mass goes to the counts of each context that was seen, the other ${short(1 - weight)} to the next shorter one.`,
    witten_bell: "Each different token that followed a context counts once more, in favour of the next shorter one: variety passes mass on.",
    absolute_discounting: `${fixed ? short(discount) : d(longest)} is taken from each count${fixed ? "" : " (of the longest n-grams; estimated)"} and goes to the next shorter context.`,
    kneser_ney: `${fixed ? short(discount) : d(longest)} is taken from each count${fixed ? "" : " (of the longest n-grams; estimated)"}. Shorter contexts count otherwise: not how often a token was seen, but after how many different ones.`,
    modified_kneser_ney: `From a count of 1, of 2, of 3 and more of the longest n-grams are taken ${discountsOf(longest, true).map(short).join(", ")}. Shorter contexts count the different tokens before, as in Kneser–Ney.`,
    katz: `Counts of 1 to 5 of the longest n-grams are multiplied by ${katzRatios(longest).map(short).join(", ")}; what that sets free is shared among the tokens not seen, as the next shorter context would.`,
    stupid_backoff: "The longest context that knows a token gives its share; each step down costs a factor of 0.4. Here the scores are divided by their sum.",
  }[method];
}

export default { render };
