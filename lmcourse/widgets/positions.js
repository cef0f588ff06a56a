// The position explorer. First the arithmetic, the same as lmcourse/transformer/positions.py and tested against it;
// then the drawing. A table has a list for each number of a vector, with an entry for each place.

import { bells } from "./chance.js";
import {
  button,
  choiceField,
  div,
  firstTask,
  group,
  grouped,
  h,
  mount,
  mute,
  nearest,
  note,
  say,
  section,
  setter,
  slider,
  span,
  svgElement,
} from "./ui.js";

// ---------- arithmetic ----------

const PLACES = 128;

const range = (n) => Array.from({ length: n }, (_, i) => i);
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const transpose = (rows) => rows[0].map((_, i) => rows.map((row) => row[i]));

// How far pair i turns from one place to the next, in radians.
export const frequency = (pair, { size, base }) => base ** (-2 * pair / size);

// Sine and cosine of each angle in turn.
function sinusoidal(place, lab) {
  return range(lab.size).map((i) => {
    const angle = place * frequency(Math.floor(i / 2), lab);
    return i % 2 ? Math.cos(angle) : Math.sin(angle);
  });
}

// A vector with each pair of its numbers turned by its angle.
function rotate(vector, place, lab) {
  return vector.map((x, i) => {
    const angle = place * frequency(Math.floor(i / 2), lab);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return i % 2 ? vector[i - 1] * sin + x * cos : x * cos - vector[i + 1] * sin;
  });
}

// ALiBi's slope of each head: between the heads of the next lower power of two, every other one of the next higher.
export function slopes(heads) {
  const lower = 2 ** Math.floor(Math.log2(heads));
  const found = range(lower).map((head) => 2 ** (-8 * (head + 1) / lower));
  return [...found, ...range(lower).map((i) => 2 ** (-4 * (2 * i + 1) / lower)).slice(0, heads - lower)];
}

export const keyOf = (lab) => lab.query - Math.min(lab.distance, lab.query);
const headOf = (lab) => Math.min(lab.head, lab.n_heads - 1);
export const pairOf = (lab) => Math.min(lab.pair, lab.size / 2 - 1);

// What a place asks with and what it answers with, before they are compared.
function sides(lab) {
  const { kind, size, seed } = lab;
  if (kind === "learned") {
    const drawn = bells(seed)(PLACES * size);
    const rows = range(PLACES).map((place) => drawn.slice(place * size, (place + 1) * size));
    return [rows, rows];
  }
  if (kind === "sinusoidal") {
    const rows = range(PLACES).map((place) => sinusoidal(place, lab));
    return [rows, rows];
  }
  const drawn = lab.vectors === "ones" ? range(2 * size).map(() => 1) : bells(seed)(2 * size);
  return [drawn.slice(0, size), drawn.slice(size)].map((vector) =>
    range(PLACES).map((place) => rotate(vector, place, lab))
  );
}

// All that is shown, see `measures` in positions.py.
export function measures(lab) {
  const back = range(lab.query + 1);
  if (lab.kind === "alibi") {
    const all = slopes(lab.n_heads);
    return {
      table: all.map((slope) => range(PLACES).map((place) => -slope * Math.abs(lab.query - place))),
      scores: back.map((distance) => -all[headOf(lab)] * distance),
      arrows: [],
    };
  }
  const [asks, answers] = sides(lab);
  const scores = back.map((distance) => dot(asks[lab.query], answers[lab.query - distance]));
  const at = 2 * pairOf(lab);
  const arrows = [asks[lab.query], answers[keyOf(lab)]].map((vector) => vector.slice(at, at + 2));
  if (lab.kind === "sinusoidal") arrows.forEach((arrow) => arrow.reverse()); // sine, cosine: the angle's y and x
  return { table: transpose(asks), scores, arrows: lab.kind === "learned" ? [] : arrows };
}

// ---------- drawing ----------

const KINDS = { rope: "RoPE", sinusoidal: "sinusoids", alibi: "ALiBi", learned: "table, not yet learned" };
const VECTORS = { ones: "all ones", random: "random" };
const BASES = [2, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 500_000, 1_000_000];
const NAMES = ["kind", "size", "base", "query", "distance", "pair", "vectors", "n_heads", "head", "seed"];
const ROW = 10; // pixels of a row of the picture

const signed = (text) => text.replace("-", "−");
const brief = (x) => signed(Math.abs(x) >= 100 ? x.toFixed(0) : x.toFixed(2));

// The numbers of all places: blue is above 0, orange below, pale near it.
function picture() {
  const canvas = h("canvas", { width: PLACES, height: 1 });
  const marks = ["query", "key"].map((name) => div(`lmc-po-mark lmc-po-${name}`));
  const element = mute(div("lmc-po-picture", canvas, ...marks));
  function show(table, query, key) {
    Object.assign(canvas, { width: PLACES, height: table.length });
    canvas.style.height = `${ROW * table.length}px`;
    const paint = canvas.getContext("2d");
    const largest = Math.max(...table.map((row) => Math.max(...row.map(Math.abs)))) || 1;
    table.forEach((row, y) =>
      row.forEach((value, x) => {
        const hue = value > 0 ? "0, 114, 178" : "213, 94, 0";
        paint.fillStyle = `rgba(${hue}, ${Math.abs(value) / largest})`;
        paint.fillRect(x, y, 1, 1);
      })
    );
    [query, key].forEach((place, i) => marks[i].style.left = `${100 * (place + 0.5) / PLACES}%`);
  }
  return { element, show };
}

// Two arrows from the middle: the pair of the query and of the key.
function compass() {
  const arrow = (name) => svgElement("g", { class: `lmc-po-arrow lmc-po-${name}` });
  const arrows = ["query", "key"].map(arrow);
  const circle = svgElement("circle", { cx: 0, cy: 0, r: 1, class: "lmc-po-circle" });
  const element = svgElement("svg", { viewBox: "-1.15 -1.15 2.3 2.3", "aria-hidden": "true" }, circle, ...arrows);
  const text = h("p");
  function show(pairs, said) {
    const longest = Math.max(1e-9, ...pairs.map(([x, y]) => Math.hypot(x, y)));
    pairs.forEach(([x, y], i) => {
      const [tip, angle] = [Math.hypot(x, y) / longest, 180 * Math.atan2(y, x) / Math.PI];
      arrows[i].replaceChildren(
        svgElement("line", { x1: 0, y1: 0, x2: Math.max(0, tip - 0.08), y2: 0 }),
        svgElement("path", { d: `M ${tip} 0 l -0.16 -0.07 v 0.14 z` }),
      );
      arrows[i].setAttribute("transform", `rotate(${-angle})`); // y grows downwards
    });
    say(text, said);
  }
  return { element: div("lmc-po-compass", element, text), show };
}

// The scores by distance, with the chosen one marked.
function curve() {
  const [width, height] = [600, 150];
  const line = svgElement("polyline", { class: "lmc-po-line" });
  const zero = svgElement("line", { x1: 0, x2: width, class: "lmc-po-zero" });
  const box = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const dotted = mute(div("lmc-po-dot"));
  const [top, bottom, last] = [h("span"), h("span"), h("span")];
  const element = div(
    "lmc-po-curve",
    div("lmc-po-ends", top, bottom),
    div("lmc-po-plot", svgElement("svg", box, zero, line), dotted),
    div("lmc-po-feet", h("span", {}, "distance 0"), last),
  );
  function show(scores, distance) {
    const [high, low] = [Math.max(0, ...scores), Math.min(0, ...scores)];
    const span = high - low || 1;
    const y = (score) => height * (high - score) / span;
    const x = (i) => width * i / (PLACES - 1);
    line.setAttribute("points", scores.map((score, i) => `${x(i)},${y(score)}`).join(" "));
    ["y1", "y2"].forEach((name) => zero.setAttribute(name, String(y(0))));
    dotted.style.left = `${100 * distance / (PLACES - 1)}%`;
    dotted.style.top = `${100 * y(scores[distance]) / height}%`;
    [top, bottom].forEach((mark, i) => say(mark, brief([high, low][i])));
    say(last, String(PLACES - 1));
  }
  return { element: mute(element), show };
}

const TABLES = {
  rope: (lab) => `The query, turned as at each of ${PLACES} places: ${lab.size} numbers, the fastest pair on top`,
  sinusoidal: (lab) => `What is added at each of ${PLACES} places: ${lab.size} numbers, the fastest pair on top`,
  alibi: (lab) => `What is added to the score of a key at each place, seen from ${lab.query}: one line for each head`,
  learned: (lab) => `The rows of the table, upright: ${lab.size} random numbers for each of ${PLACES} places`,
};

// The state in a sentence.
function verdict(lab, scores) {
  const distance = lab.query - keyOf(lab);
  const where = `Query at ${lab.query}, key at ${keyOf(lab)}, distance ${distance}: `;
  if (lab.kind === "alibi") {
    return `${where}${exact(-slopes(lab.n_heads)[headOf(lab)])} a token makes ${exact(scores[distance])}.`;
  }
  return `${where}score ${signed(scores[distance].toFixed(3))}.`;
}

const exact = (x) => signed(String(Number(x.toPrecision(4))));

// What the curve has done on the query's way from one place to another: told at the distance where it has moved most,
// or, if nowhere, at the key's. Nothing before there are three distances to compare.
export function comparison([from, before], [to, after], distance) {
  const common = Math.min(from, to) + 1;
  if (from === to || common < 3) return "";
  const gaps = range(common).map((i) => Math.abs(after[i] - before[i]));
  const most = Math.max(...gaps);
  if (most < 1e-9) {
    const at = Math.min(distance, common - 1);
    return `It stands still: seen from ${to} as from ${from}, a key ${at} back scores ${exact(after[at])}, and no ` +
      "other distance has changed its score. Only the distance counts.";
  }
  const at = gaps.indexOf(most);
  return `It is another curve: a key ${at} back scored ${exact(before[at])}, seen from ${from}, and scores ` +
    `${exact(after[at])}, seen from ${to}.`;
}

function angleText(lab) {
  const [theta, distance] = [frequency(pairOf(lab), lab), lab.query - keyOf(lab)];
  return `Pair ${pairOf(lab)} turns by ${exact(theta)} a token, once round in ${exact(2 * Math.PI / theta)} tokens. ` +
    `Over the distance of ${distance} that is ${exact(distance * theta)}, in radians.`;
}

function render({ model, el }) {
  const set = setter(model);
  const kind = choiceField("Position", "kind", Object.entries(KINDS), (kind) => set({ kind }));
  const vectors = choiceField("Query and key", "vectors", Object.entries(VECTORS), (vectors) => set({ vectors }));
  const bar = (label, name, max, onMove) => slider(label, name, { max, onMove });
  const sliders = {
    query: bar("Place of the query", "query", PLACES - 1, (at) => set({ query: at })),
    distance: bar("Distance of the key", "distance", PLACES - 1, (at) => set({ distance: at })),
    size: bar("Numbers in a vector", "size", 15, (at) => set({ size: 2 * at + 2 })),
    base: bar("Base of the frequencies", "base", BASES.length - 1, (at) => set({ base: BASES[at] })),
    pair: bar("Pair that is drawn", "pair", 15, (at) => set({ pair: at })),
    n_heads: bar("Heads", "n_heads", 15, (at) => set({ n_heads: at + 1 })),
    head: bar("Head, and so slope", "head", 15, (at) => set({ head: at })),
  };
  const again = button("Other numbers", () => set({ seed: (model.get("seed") + 1) % 100 }));
  const buttons = div("lmc-buttons", again);
  const [table, arrows, scores] = [picture(), compass(), curve()];
  const [tableText, status] = [note(), h("p", { class: "lmc-po-status", role: "status" })];
  // One for the kinds that know distances only, one for the table.
  const tasks = [
    firstTask("Move the query: what does the curve of its scores do?"),
    firstTask("Move the query here too: does the curve stand still?"),
  ];
  let begun = null; // the curve at the first place of the query, under settings that are still the same
  const root = section(
    "positions",
    "Position explorer",
    "Position explorer",
    ...tasks.map((task) => task.element),
    group("lmc-po-choices", "Kind of position", kind.element, vectors.element, buttons),
    div("lmc-po-sliders", ...Object.values(sliders).map((each) => each.element)),
    tableText,
    table.element,
    mute(div("lmc-po-legend", span("lmc-po-query", "query"), span("lmc-po-key", "key"))),
    arrows.element,
    note("Score by distance"),
    scores.element,
    status,
  );

  function hide(lab) {
    const turning = lab.kind === "rope" || lab.kind === "sinusoidal";
    const shown = { query: true, distance: true, size: lab.kind !== "alibi", base: turning, pair: turning };
    Object.entries({ ...shown, n_heads: lab.kind === "alibi", head: lab.kind === "alibi" }).forEach(([name, on]) =>
      sliders[name].element.hidden = !on
    );
    vectors.element.hidden = lab.kind !== "rope";
    buttons.hidden = !(lab.kind === "learned" || lab.kind === "rope" && lab.vectors === "random");
    arrows.element.hidden = !turning;
  }

  function showSliders(lab) {
    sliders.distance.input.max = String(lab.query);
    sliders.pair.input.max = String(lab.size / 2 - 1);
    sliders.head.input.max = String(lab.n_heads - 1);
    sliders.query.show(lab.query, String(lab.query));
    sliders.distance.show(lab.query - keyOf(lab), String(lab.query - keyOf(lab)));
    sliders.size.show(lab.size / 2 - 1, String(lab.size));
    sliders.base.show(nearest(BASES, lab.base), grouped(lab.base));
    sliders.pair.show(pairOf(lab), `${pairOf(lab)} of 0 to ${lab.size / 2 - 1}`);
    sliders.n_heads.show(lab.n_heads - 1, String(lab.n_heads));
    sliders.head.show(headOf(lab), `${headOf(lab)}: ${exact(slopes(lab.n_heads)[headOf(lab)])}`);
  }

  function checkTasks(lab, scores) {
    const settings = JSON.stringify({ ...lab, query: 0, distance: 0, pair: 0 });
    if (begun?.settings !== settings) begun = { settings, curve: [lab.query, scores] };
    const now = Number(lab.kind === "learned");
    tasks.forEach((task, i) => task.element.hidden = i !== now);
    tasks[now].check(comparison(begun.curve, [lab.query, scores], lab.query - keyOf(lab)));
  }

  function update() {
    const lab = Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
    const found = measures(lab);
    kind.show(lab.kind);
    vectors.show(lab.vectors);
    hide(lab);
    showSliders(lab);
    say(tableText, `${TABLES[lab.kind](lab)}. Blue is above 0, orange below.`);
    table.show(found.table, lab.query, keyOf(lab));
    if (found.arrows.length) arrows.show(found.arrows, angleText(lab));
    scores.show(found.scores, lab.query - keyOf(lab));
    say(status, verdict(lab, found.scores));
    checkTasks(lab, found.scores);
    root.dataset.scores = found.scores.join(" "); // for the tests
  }

  return mount({ model, el }, root, { follows: NAMES, update });
}

export default { render };
