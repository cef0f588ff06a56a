// The temperature explorer; shared.js stands before it. First the arithmetic, the same as lmcourse/decoding/filters.py and
// tested against it; then the drawing.

// ---------- arithmetic ----------

// Token ids by falling probability; among equals the smaller id comes first.
export function order(logProbs) {
  return logProbs.map((_, i) => i).sort((a, b) => logProbs[b] - logProbs[a] || a - b);
}

// `ranking` is the order in which tokens are kept; at T = Infinity all are equal, and the order before decides.
export function topK(logProbs, k, ranking = order(logProbs)) {
  const kept = new Set(ranking.slice(0, k));
  return normalise(logProbs.map((l, i) => (kept.has(i) ? l : -Infinity)));
}

// The fewest most probable tokens whose probabilities reach p.
export function topP(logProbs, p, ranking = order(logProbs)) {
  const kept = new Set();
  let before = 0;
  for (const i of ranking) {
    if (before < p - 1e-12) kept.add(i);
    before += Math.exp(logProbs[i]);
  }
  return normalise(logProbs.map((l, i) => (kept.has(i) ? l : -Infinity)));
}

// Temperature, then top-k, then top-p; null switches one of the last two off.
export function decode(logProbs, { temperature, topK: k = null, topP: p = null }) {
  const ranking = order(logProbs);
  let result = anneal(logProbs, temperature);
  if (k !== null) result = topK(result, k, ranking);
  if (p !== null) result = topP(result, p, ranking);
  return result;
}

export function entropyBits(logProbs) {
  return logProbs.reduce((sum, l) => (l === -Infinity ? sum : sum - Math.exp(l) * l), 0) / Math.LN2;
}

// How often each token comes up in n draws; `random` gives numbers from 0 up to 1.
export function draw(probs, n, random = Math.random) {
  const counts = probs.map(() => 0);
  const last = probs.reduce((found, p, i) => (p > 0 ? i : found), 0);
  for (let k = 0; k < n; k++) {
    let rest = random();
    let i = 0;
    while (i < last && rest >= probs[i]) rest -= probs[i++];
    counts[i]++;
  }
  return counts;
}

// The largest distance between a token's share of the draws and its probability.
export function largestGap(probs, counts) {
  const total = counts.reduce((a, b) => a + b, 0);
  return Math.max(...probs.map((p, i) => Math.abs(counts[i] / total - p)));
}

// ---------- drawing ----------

function slider(label, name, max, ticks, onMove) {
  const input = h("input", { type: "range", min: 0, max, step: 1, "data-slider": name, "aria-label": label });
  input.addEventListener("input", () => onMove(Number(input.value)));
  const output = h("output", { "aria-hidden": "true" });
  const marks = ticks.map(([at, text]) => {
    const mark = h("span", {}, text);
    mark.style.left = `${(100 * at) / (max || 1)}%`;
    return mark;
  });
  const element = h("div", { class: "lmc-slider" },
    h("div", { class: "lmc-slider-head" }, h("span", { "aria-hidden": "true" }, label), output),
    input,
    h("div", { class: "lmc-ticks", "aria-hidden": "true" }, ...marks));
  const show = (position, text) => {
    input.value = position;
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  return { element, show };
}

function render({ model, el }) {
  const tokens = model.get("tokens");
  const size = tokens.length;
  const logProbs = model.get("log_probs").map((l) => (l === null ? -Infinity : l));
  const before = logProbs.map(Math.exp);
  const byProbability = order(logProbs);
  const shown = byProbability.slice(0, model.get("shown"));
  const groups = shown.map((i) => [i]);
  if (size > shown.length) groups.push(byProbability.slice(shown.length));
  const sum = (values, group) => group.reduce((total, i) => total + values[i], 0);

  const change = (values) => {
    const all = { counts: [], ...values }; // draws under other settings count no more
    Object.entries(all).forEach(([name, value]) => model.set(name, value));
    model.save_changes();
  };
  const temperature = slider("Temperature T", "temperature", 40,
    [[0, "0"], [10, "0.5"], [20, "1"], [30, "2"], [40, "∞"]],
    (stop) => change({ temperature: stop === 40 ? "inf" : TEMPERATURES[stop] }));
  const k = slider("Top-k", "top_k", size - 1, [[0, "1"], [size - 1, String(size)]],
    (at) => change({ top_k: at === size - 1 ? null : at + 1 }));
  const p = slider("Top-p", "top_p", 99, [[0, "0.01"], [99, "1"]],
    (at) => change({ top_p: at === 99 ? null : (at + 1) / 100 }));

  const axis = h("div", { class: "lmc-axis", "aria-hidden": "true" });
  const header = h("div", { class: "lmc-row lmc-head", role: "row" },
    h("span", { role: "columnheader" }, "token"), axis,
    h("span", { class: "lmc-number", role: "columnheader" }, h("i", { class: "lmc-swatch lmc-outline" }), "model"),
    h("span", { class: "lmc-number", role: "columnheader" }, h("i", { class: "lmc-swatch lmc-fill" }), "now"),
    h("span", { class: "lmc-number", role: "columnheader" }, h("i", { class: "lmc-swatch lmc-diamond" }), "drawn"));
  const rows = groups.map((group, index) => {
    const others = index === shown.length;
    const name = others ? `${group.length} other${group.length > 1 ? "s" : ""}` : visible(tokens[group[0]]);
    const parts = {
      outline: h("div", { class: "lmc-bar lmc-outline" }),
      fill: h("div", { class: "lmc-bar lmc-fill" }),
      diamond: h("div", { class: "lmc-diamond" }),
      model: h("span", { class: "lmc-number", role: "cell" }),
      now: h("span", { class: "lmc-number", role: "cell" }),
      drawn: h("span", { class: "lmc-number", role: "cell" }),
    };
    const element = h("div", { class: others ? "lmc-row lmc-others" : "lmc-row", role: "row" },
      h("span", { class: "lmc-token", role: "rowheader" }, name),
      h("div", { class: "lmc-track", "aria-hidden": "true" }, parts.fill, parts.outline, parts.diamond),
      parts.model, parts.now, parts.drawn);
    if (!others) element.setAttribute("data-token", tokens[group[0]]);
    return { group, element, ...parts };
  });

  const entropy = h("div", { class: "lmc-entropy" });
  const result = h("div", { class: "lmc-draw-result", role: "status" });
  const reset = h("button", { type: "button", "data-draw": "reset", onclick: () => change({ counts: [] }) }, "Reset");
  const drawButtons = [1, 10, 100, 1000].map((n) =>
    h("button", { type: "button", "data-draw": n, onclick: () => {
      const old = model.get("counts");
      change({ counts: draw(settings().probs, n).map((c, i) => c + (old[i] || 0)) });
    } }, String(n)));

  const root = h("section", { class: "lmc lmc-temperature", "aria-label": "Temperature explorer" },
    h("div", { class: "lmc-title" }, model.get("heading")),
    h("div", { class: "lmc-controls" }, temperature.element, k.element, p.element),
    h("div", { class: "lmc-table", role: "table", "aria-label": "Probability of each token" },
      header, ...rows.map((row) => row.element)),
    h("div", { class: "lmc-summary" }, entropy),
    h("div", { class: "lmc-draw", role: "group", "aria-label": "Draw tokens" },
      h("span", { class: "lmc-draw-label" }, "Draw"), ...drawButtons, reset, result));

  function settings() {
    const values = { temperature: Number(String(model.get("temperature")).replace("inf", "Infinity")) };
    values.topK = model.get("top_k");
    values.topP = model.get("top_p");
    values.logProbs = decode(logProbs, values);
    values.probs = values.logProbs.map(Math.exp);
    return values;
  }

  function update() {
    const now = settings();
    const counts = model.get("counts");
    const draws = counts.reduce((a, b) => a + b, 0);
    const t = temperatureText(now.temperature);
    const position = nearestStop(now.temperature);
    temperature.show(position, t);
    k.show((now.topK === null ? size : Math.min(now.topK, size)) - 1, now.topK === null ? "all" : String(now.topK));
    p.show(now.topP === null ? 99 : Math.round(now.topP * 100) - 1, now.topP === null ? "all" : String(Number(now.topP.toFixed(3))));

    const share = (group) => (draws ? sum(counts, group) / draws : 0);
    const longest = Math.max(...groups.map((g) => Math.max(sum(before, g), sum(now.probs, g), share(g))));
    const full = [0.1, 0.2, 0.4, 0.6, 0.8, 1].find((limit) => longest <= limit) || 1;
    const percent = (value) => `${(100 * value) / full}%`;
    axis.replaceChildren(...[0, full / 2, full].map((x) => h("span", {}, String(x))));
    for (const row of rows) {
      const [was, is, drawn] = [sum(before, row.group), sum(now.probs, row.group), share(row.group)];
      row.outline.style.width = percent(was);
      row.fill.style.width = percent(is);
      row.diamond.style.left = percent(drawn);
      row.outline.hidden = was === 0;
      row.diamond.hidden = draws === 0 || (is === 0 && drawn === 0);
      row.model.textContent = number(was);
      row.now.textContent = number(is);
      row.now.classList.toggle("lmc-zero", is === 0);
      row.drawn.textContent = draws ? number(drawn) : "–";
      row.drawn.classList.toggle("lmc-zero", draws === 0);
      Object.assign(row.element.dataset, { model: was, now: is, count: draws ? sum(counts, row.group) : 0 });
    }
    const bits = [entropyBits(logProbs), entropyBits(now.logProbs)];
    entropy.textContent = `Entropy: ${bits[0].toFixed(3)} bits in the model, ${bits[1].toFixed(3)} bits now`;
    const gap = draws ? largestGap(now.probs, counts) : "";
    result.textContent = draws
      ? `${draws} draw${draws > 1 ? "s" : ""}; the largest gap between share and probability is ${gap.toFixed(3)}`
      : "The more draws, the closer their shares come to the bars.";
    reset.disabled = draws === 0;
    Object.assign(root.dataset, { entropyModel: bits[0], entropyNow: bits[1], draws, gap });
  }

  const events = ["temperature", "top_k", "top_p", "counts"].map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, update));
  update();
  el.append(root);
  return () => {
    events.forEach((event) => model.off(event, update));
    root.remove();
  };
}

export default { render };
