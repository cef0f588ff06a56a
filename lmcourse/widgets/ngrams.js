// The n-gram explorer, drawn; ngrams_smoothing.js has the counts and what each method makes of them.

import {
  backsOff,
  continuations,
  discountsOf,
  drawOne,
  find,
  katzRatios,
  predict,
  read,
  smooth,
  unpack,
} from "./ngrams_smoothing.js";
import {
  axis,
  axisEnd,
  bar,
  bidi,
  button,
  column,
  div,
  firstTask,
  freshName,
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
  textArea,
  track,
  visible,
} from "./ui.js";

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
        const box = bidi(span(`lmc-hue-${i % 4}`, probs[id] >= 0.03 + 0.02 * text.length ? text : ""));
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
  const area = textArea("Context", { rows: 1, oninput: () => set({ context: cut(area.value) }) });
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
    ...list.map(([token, count]) => span("lmc-ng-follower", h("bdi", {}, visible(token)), ` ${grouped(count)}`)),
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
  const names = freshName();
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
      rowName("lmc-ng-context", n > 1 ? h("bdi", {}, name(context)) : h("i", {}, n ? "no context" : "uniform")),
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
        bidi(rowName("lmc-token", one ? visible(tokens[members[0]]) : others(members.length))),
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
