// Emergence metric. First the arithmetic, the same as lmcourse/emergence/metrics.py and tested against it; then the
// drawing.

import {
  bar,
  column,
  div,
  firstTask,
  grouped,
  h,
  mount,
  mute,
  number,
  numberCell,
  row,
  rowName,
  say,
  section,
  setter,
  slider,
  stretch,
  svgElement,
  table,
  track,
} from "./ui.js";

// ---------- arithmetic ----------

// Share of answers with `needed` or more of `length` tokens right, if all are independent.
export function atLeast(p, length, needed) {
  let [sum, ways] = [0, 1];
  for (let k = 0; k <= length; k++) {
    if (k >= needed) sum += ways * p ** k * (1 - p) ** (length - k);
    ways = ways * (length - k) / (k + 1);
  }
  return Math.min(sum, 1);
}

// The size at which a curve first reaches a level, in straight lines over log size; null: it never does.
function crossing(sizes, values, level) {
  const i = values.findIndex((value) => value >= level);
  if (i <= 0) return i < 0 ? null : sizes[0];
  const share = (level - values[i - 1]) / (values[i] - values[i - 1]);
  return sizes[i - 1] * (sizes[i] / sizes[i - 1]) ** share;
}

// All that is shown, see `measures` in emergence_metric.py.
export function measures({ sizes, accuracies, length, percent }) {
  const needed = Math.ceil(percent * length / 100);
  const values = accuracies.map((p) => needed ? atLeast(p, length, needed) : p);
  const ends = [0.1, 0.9].map((level) => crossing(sizes, values, level));
  const jumps = !ends.includes(null) && values[0] <= 0.1;
  return { needed, values, doublings: jumps ? Math.log2(ends[1] / ends[0]) : null };
}

// ---------- drawing ----------

const LONGEST = 64;
const NAMES = ["sizes", "accuracies", "length", "percent"];

// Both curves over the logarithm of size.
function picture() {
  const [width, height] = [600, 170];
  const lines = ["lmc-em-tokens", "lmc-em-metric"].map((name) => svgElement("polyline", { class: name }));
  const box = { viewBox: `0 -6 ${width} ${height + 12}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const grid = [0, 0.5, 1].map((level) =>
    svgElement("line", { x1: 0, x2: width, y1: height * (1 - level), y2: height * (1 - level), class: "lmc-em-grid" })
  );
  const [first, last] = [h("span"), h("span")];
  const element = mute(
    div(
      "lmc-em-picture",
      div("lmc-em-ends", h("span", {}, "1"), h("span", {}, "0.5"), h("span", {}, "0")),
      svgElement("svg", box, ...grid, ...lines),
      div("lmc-em-feet", first, h("span", {}, "parameters"), last),
    ),
  );
  function show(sizes, curves) {
    const [low, high] = [Math.log(sizes[0]), Math.log(sizes[sizes.length - 1])];
    const x = (size) => width * (Math.log(size) - low) / (high - low);
    curves.forEach((values, i) =>
      lines[i].setAttribute("points", values.map((value, k) => `${x(sizes[k])},${height * (1 - value)}`).join(" "))
    );
    say(first, grouped(Math.round(sizes[0])));
    say(last, grouped(Math.round(sizes[sizes.length - 1])));
  }
  return { element, show };
}

// One model: its size, both shares as bars and as numbers.
function modelRow(size) {
  const [outline, fill, tokens, metric] = [bar("lmc-outline"), bar("lmc-fill"), numberCell(), numberCell()];
  const element = row("", rowName("", grouped(Math.round(size))), track(fill, outline), tokens, metric);
  function show(p, value) {
    stretch(outline, 0, p);
    stretch(fill, 0, value);
    tokens.textContent = number(p);
    metric.textContent = number(value);
  }
  return { element, show };
}

// What counts, and how wide the jump is.
function verdict({ length }, { needed, doublings, values }) {
  const all = needed === length ? `all ${length}` : `at least ${needed} of ${length}`;
  const what = needed === 0 ? "Each token counts by itself" : `An answer counts if ${all} of its tokens are right`;
  const last = values[values.length - 1];
  const jump = doublings === null
    ? `the curve goes from ${number(values[0])} to ${number(last)}`
    : `from a tenth to nine tenths it takes ${doublings.toFixed(2)} doublings of size`;
  return `${what}: ${jump}.`;
}

function render({ model, el }) {
  const set = setter(model);
  const length = slider("Tokens of an answer", "length", {
    max: LONGEST - 1,
    ticks: [[0, "1"], [LONGEST - 1, String(LONGEST)]],
    onMove: (at) => set({ length: at + 1 }),
  });
  const part = slider("How much must be right", "percent", {
    max: 100,
    ticks: [[0, "share"], [50, "half"], [100, "all"]],
    onMove: (percent) => set({ percent }),
  });
  const task = firstTask("Make the jump narrower than one doubling of size.");
  const curves = picture();
  const said = h("p", { class: "lmc-em-said", role: "status" });
  const rows = model.get("sizes").map(modelRow);
  const head = row("lmc-head", column("", "parameters"), h("span", { role: "columnheader", "aria-label": "bars" }));
  head.append(column("lmc-number", "tokens"), column("lmc-number", "metric"));
  const models = table("The models", "", head, ...rows.map((each) => each.element));
  const controls = div("lmc-controls", length.element, part.element);
  const title = "What a metric makes of a curve";
  const root = section("emergence_metric", title, title, task.element, controls, curves.element, said, models);

  function update() {
    const [sizes, accuracies, tokens, percent] = NAMES.map((name) => model.get(name));
    const now = { sizes, accuracies, length: tokens, percent };
    const found = measures(now);
    length.show(now.length - 1, String(now.length));
    part.show(now.percent, now.percent ? `${now.percent} %` : "each counts");
    curves.show(now.sizes, [now.accuracies, found.values]);
    rows.forEach((each, i) => each.show(now.accuracies[i], found.values[i]));
    say(said, verdict(now, found));
    const narrow = found.doublings !== null && found.doublings < 1;
    task.check(narrow && `${found.doublings.toFixed(2)} doublings. The models are the same; only the metric moved.`);
    Object.assign(root.dataset, { ...found, values: JSON.stringify(found.values) }); // for the tests
  }

  return mount({ model, el }, root, { follows: NAMES, update });
}

export default { render };
