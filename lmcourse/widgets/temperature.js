// The temperature explorer. First the arithmetic, the same as lmcourse/decoding/filters.py and tested against it; then
// the drawing. Tokens stand by falling probability throughout, so that whatever is kept of them is a beginning.

import { temperatureOf, temperatureSlider } from "./anneal.js";
import { anneal, normalise } from "./decode.js";
import {
  axis,
  axisEnd,
  bar,
  bidi,
  button,
  column,
  div,
  firstTask,
  group,
  grouped,
  h,
  mount,
  nearest,
  number,
  numberCell,
  others,
  percent,
  plural,
  row,
  rowName,
  section,
  setter,
  short,
  slider,
  swatch,
  table,
  track,
  unpackNumbers,
  visible,
} from "./ui.js";

// ---------- arithmetic ----------

const STEP = 2 ** -7; // of the log-probabilities beyond the first

// All log-probabilities: the first ones as they are, then pairs of numbers: so many steps further down lie so many
// tokens. What is impossible comes last, and does not travel.
export function unpack(first, tail, size) {
  const all = new Float64Array(size).fill(-Infinity);
  first.forEach((l, i) => {
    if (l !== null) all[i] = l;
  });
  const pairs = unpackNumbers(tail);
  let [at, below] = [first.length, 0];
  for (let i = 0; i < pairs.length; i += 2) {
    below += pairs[i];
    all.fill(first[first.length - 1] - below * STEP, at, at + pairs[i + 1]);
    at += pairs[i + 1];
  }
  return all;
}

// The fewest most probable tokens whose probabilities reach p; all at 1, where rounding must not decide.
function nucleus(logProbs, p) {
  if (p === 1) return logProbs.length;
  let [n, sum] = [0, 0];
  while (n < logProbs.length && sum < p - 1e-12) sum += Math.exp(logProbs[n++]);
  return n;
}

// Temperature, then top-k, top-p and min-p; null switches one of the last three off.
export function decode(logProbs, { temperature, topK, topP, minP }) {
  let result = anneal(logProbs, temperature);
  const keep = (n) => {
    result = normalise(result.map((l, i) => (i < n ? l : -Infinity)));
  };
  if (topK !== null) keep(topK);
  if (topP !== null) keep(nucleus(result, topP));
  if (minP) keep(result.filter((l) => l >= result[0] + Math.log(minP) - 1e-12).length);
  return result;
}

export function entropyBits(logProbs) {
  return logProbs.reduce((sum, l) => (l === -Infinity ? sum : sum - Math.exp(l) * l), 0) / Math.LN2;
}

// How often each of some outcomes comes up in n draws; `random` gives numbers from 0 up to 1.
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

// The largest distance between an outcome's share of the draws and its probability.
export function largestGap(probs, counts) {
  const total = counts.reduce((a, b) => a + b, 0);
  return Math.max(...probs.map((p, i) => Math.abs(counts[i] / total - p)));
}

// ---------- drawing ----------

// Where the slider of top-k stops: everywhere, or at one to nine times each power of ten.
export function stopsTo(size) {
  const all = Array.from({ length: Math.min(size, 100) }, (_, i) => i + 1);
  if (size <= 100) return all;
  const powers = [1, 10, 100, 1000, 10000, 100000];
  return [...powers.flatMap((power) => all.slice(0, 9).map((k) => k * power)).filter((k) => k < size), size];
}

const MIN_PS = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, ...Array.from({ length: 10 }, (_, i) => (i + 1) / 10)];

// The sliders, which show the settings as the model has them.
function settings(model, size, change) {
  const ks = stopsTo(size);
  const last = ks.length - 1;
  const temperature = temperatureSlider(change);
  const k = slider("Top-k", "top_k", {
    max: last,
    ticks: [[0, "1"], [last, size > 100 ? "all" : String(size)]],
    onMove: (at) => change({ top_k: at === last ? null : ks[at] }),
  });
  const p = slider("Top-p", "top_p", {
    max: 99,
    ticks: [[0, "0.01"], [99, "1"]],
    onMove: (at) => change({ top_p: at === 99 ? null : (at + 1) / 100 }),
  });
  const minP = slider("Min-p", "min_p", {
    max: MIN_PS.length - 1,
    ticks: [[0, "0"], [MIN_PS.length - 1, "1"]],
    onMove: (at) => change({ min_p: MIN_PS[at] || null }),
  });
  const value = () => ({
    temperature: temperatureOf(model),
    topK: model.get("top_k"),
    topP: model.get("top_p"),
    minP: model.get("min_p"),
  });
  function show(now) {
    temperature.show(now.temperature);
    k.show(
      now.topK === null ? last : nearest(ks, Math.min(now.topK, size)),
      now.topK === null ? "all" : grouped(now.topK),
    );
    p.show(now.topP === null ? 99 : Math.round(now.topP * 100) - 1, now.topP === null ? "all" : short(now.topP));
    minP.show(nearest(MIN_PS, now.minP || 0), now.minP ? short(now.minP) : "all");
  }
  const element = div("lmc-controls", ...[temperature, k, p, minP].map((each) => each.element));
  return { element, value, show };
}

// One line: the model's own probability in outline, the present one filled, the share of draws as a diamond.
function tokenRow(kind) {
  const label = bidi(rowName("lmc-token"));
  const [outline, fill, diamond] = [bar("lmc-outline"), bar("lmc-fill"), div("lmc-diamond")];
  const [model, now, drawn] = [numberCell(), numberCell(), numberCell()];
  const element = row(kind, label, track(fill, outline, diamond), model, now, drawn);
  function name(text) {
    label.textContent = text;
  }
  function show(was, is, count, draws, end) {
    const share = draws ? count / draws : 0;
    outline.style.width = percent(was / end);
    fill.style.width = percent(is / end);
    diamond.style.left = percent(share / end);
    outline.hidden = was === 0;
    diamond.hidden = draws === 0 || (is === 0 && share === 0);
    model.textContent = number(was);
    now.textContent = number(is);
    now.classList.toggle("lmc-zero", is === 0);
    drawn.textContent = draws ? number(share) : "–";
    drawn.classList.toggle("lmc-zero", draws === 0);
    Object.assign(element.dataset, { model: was, now: is, count });
  }
  return { element, name, show };
}

// The heading: what the distribution is of, or a choice among prompts.
function chooser(prompts, choose) {
  if (prompts.length === 1) return { element: prompts[0].heading, show: () => {} };
  const options = prompts.map(({ text }, i) => h("option", { value: i }, text.replace(/\n */g, " ↵ ")));
  const input = h("select", { "data-choice": "prompt", onchange: () => choose(Number(input.value)) }, ...options);
  return {
    element: h("label", { class: "lmc-prompt" }, "The next token after ", input),
    show: (chosen) => input.value = chosen,
  };
}

// What the widget knows of one prompt: all log-probabilities, the bars before the settings act.
function prompted({ tokens, log_probs, tail }, size) {
  const logProbs = unpack(log_probs, tail, size);
  // The probability of each bar: one for each token that is shown, one for all others.
  function bars(logs) {
    const probs = Array.from(logs.subarray(0, tokens.length), Math.exp);
    const rest = logs.subarray(tokens.length).reduce((sum, l) => sum + Math.exp(l), 0);
    return size > tokens.length ? [...probs, rest] : probs;
  }
  const possible = logProbs.filter((l) => l > -Infinity).length;
  return { tokens, logProbs, bars, before: bars(logProbs), bits: entropyBits(logProbs), possible };
}

function render({ model, el }) {
  const prompts = model.get("prompts");
  const size = model.get("size");
  const set = setter(model);
  // Draws under other settings count no more.
  const change = (values) => set(model.get("counts").length ? { counts: [], ...values } : values);

  const heading = chooser(prompts, (chosen) => change({ chosen }));
  const controls = settings(model, size, change);
  const rows = prompts[0].tokens.map(() => tokenRow(""));
  if (size > rows.length) {
    const rest = tokenRow("lmc-others");
    rest.name(others(size - rows.length));
    rows.push(rest);
  }
  const scale = axis();
  const head = row(
    "lmc-head",
    column("", "token"),
    scale,
    column("lmc-number", swatch("lmc-outline"), "model"),
    column("lmc-number", swatch("lmc-fill"), "now"),
    column("lmc-number", swatch("lmc-diamond"), "drawn"),
  );

  const summary = div("lmc-summary");
  const result = h("div", { class: "lmc-result", role: "status" });
  const reset = button("Reset", () => change({}), { "data-draw": "reset" });
  const drawMore = (n) => {
    const old = model.get("counts");
    change({ counts: draw(now, n).map((count, i) => count + (old[i] || 0)) });
  };
  const draws = [1, 10, 100, 1000].map((n) => button(String(n), () => drawMore(n), { "data-draw": n }));

  const task = firstTask("Try T = 0.2: which token survives?");
  const root = section(
    "temperature",
    "Temperature explorer",
    heading.element,
    task.element,
    controls.element,
    table("Probability of each token", "", head, ...rows.map((line) => line.element)),
    summary,
    group("lmc-buttons", "Draw tokens", "Draw", ...draws, reset, result),
  );

  let [chosen, prompt, now] = [-1, null, []];
  function choose() {
    chosen = model.get("chosen");
    prompt = prompted(prompts[chosen], size);
    heading.show(chosen);
    prompt.tokens.forEach((token, i) => {
      rows[i].name(visible(token));
      rows[i].element.setAttribute("data-token", token);
    });
  }
  function update() {
    if (model.get("chosen") !== chosen) choose();
    const { before, possible } = prompt;
    const decoded = decode(prompt.logProbs, controls.value());
    now = prompt.bars(decoded);
    controls.show(controls.value());
    const counts = model.get("counts");
    const drawn = counts.reduce((a, b) => a + b, 0);
    const end = axisEnd(Math.max(...before, ...now, ...counts.map((count) => count / (drawn || 1))));
    scale.replaceChildren(...axis(0, end / 2, end).children);
    rows.forEach((line, i) => line.show(before[i], now[i], counts[i] || 0, drawn, end));

    const bits = [prompt.bits, entropyBits(decoded)];
    const kept = decoded.filter((l) => l > -Infinity).length;
    summary.textContent = `Entropy: ${bits[0].toFixed(3)} bits in the model, ${bits[1].toFixed(3)} bits now` +
      (kept < possible ? `; ${grouped(kept)} of ${plural(possible, "possible token")} kept` : "");
    const gap = drawn ? largestGap(now, counts) : 0;
    result.textContent = drawn
      ? `${plural(drawn, "draw")}; the largest gap between share and probability is ${gap.toFixed(3)}`
      : "The more draws, the closer their shares come to the bars.";
    reset.disabled = drawn === 0;
    if (temperatureOf(model) <= 0.2) {
      const first = (bars) => number(bars[0]);
      task.check(`“${visible(prompt.tokens[0])}” has ${first(now)} now, and ${first(before)} at T = 1.`);
    }
    Object.assign(root.dataset, {
      entropyModel: bits[0],
      entropyNow: bits[1],
      draws: drawn,
      gap: drawn ? gap : "",
      kept,
    });
  }

  const follows = ["chosen", "temperature", "top_k", "top_p", "min_p", "counts"];
  return mount({ model, el }, root, { follows, update });
}

export default { render };
