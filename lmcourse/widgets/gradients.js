// The gradient laboratory. First the arithmetic, the same as lmcourse/neural/bells.py and gradient_lab.py and tested
// against them; then the drawing. Vectors are lists of numbers, a matrix is a list of its rows.

import { bells } from "./chance.js";
import {
  button,
  checkField,
  choiceField,
  div,
  firstTask,
  group,
  h,
  mount,
  mute,
  note,
  say,
  section,
  setter,
  slider,
} from "./ui.js";

// ---------- arithmetic ----------

const GATE_BIAS = -2;
const TINY = 1e-5;
const WIDTH = 24;
const DRIVE = 0.3;

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const length = (a) => Math.sqrt(dot(a, a));
const mean = (a) => a.reduce((sum, x) => sum + x, 0) / a.length;
const times = (matrix, x) => matrix.map((line) => dot(line, x));

// A row times a matrix.
function back(x, matrix) {
  const sums = x.map(() => 0);
  matrix.forEach((line, i) => line.forEach((w, j) => sums[j] += x[i] * w));
  return sums;
}

// Rows of length 1 at right angles to each other, by Gram and Schmidt's way.
function orthogonal(matrix) {
  const rows = [];
  for (let line of matrix) {
    for (let again = 0; again < 2; again++) {
      const shares = rows.map((other) => dot(other, line));
      line = line.map((x, j) => x - rows.reduce((sum, other, i) => sum + shares[i] * other[j], 0));
    }
    const size = length(line);
    rows.push(line.map((x) => x / size));
  }
  return rows;
}

function draw({ way, gain, start, shortcut, steps, seed }) {
  const take = bells(seed);
  const one = () => Array.from({ length: WIDTH }, () => take(WIDTH));
  function matrices() {
    const scaled = (matrix) => {
      const factor = start === "orthogonal" ? gain : gain / Math.sqrt(WIDTH);
      return (start === "orthogonal" ? orthogonal(matrix) : matrix).map((line) => line.map((w) => factor * w));
    };
    const drawn = Array.from({ length: way === "time" ? 1 : steps }, one).map(scaled);
    return Array.from({ length: steps }, (_, i) => drawn[way === "time" ? 0 : i]);
  }
  const [first, last] = [take(WIDTH), take(WIDTH)];
  const weights = matrices();
  const gates = shortcut === "gate" ? matrices() : null;
  const inputs = Array.from({ length: steps }, () => (way === "time" ? take(WIDTH).map((x) => DRIVE * x) : null));
  const size = length(last);
  return { first, last: last.map((x) => x / size), weights, gates, inputs };
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const ACTIVATIONS = {
  linear: [(x) => x, () => 1],
  sigmoid: [sigmoid, (_, f) => f * (1 - f)],
  tanh: [Math.tanh, (_, f) => 1 - f * f],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
};

// One step forward, and what the way back needs of it.
function forward(state, lab, { weights, gates, inputs }, i) {
  const [phi, slope] = ACTIVATIONS[lab.activation];
  let a = times(weights[i], state);
  if (inputs[i]) a = a.map((x, j) => x + inputs[i][j]);
  let scale = 1;
  if (lab.normalise) {
    const middle = mean(a);
    scale = Math.sqrt(mean(a.map((x) => (x - middle) ** 2)) + TINY);
    a = a.map((x) => (x - middle) / scale);
  }
  const value = a.map(phi);
  const slopes = a.map((x, j) => slope(x, value[j]));
  const open = gates ? times(gates[i], state).map((x) => sigmoid(x + GATE_BIAS)) : value.map(() => 1);
  const kept = { none: () => 0, residual: () => 1, gate: (t) => 1 - t }[lab.shortcut];
  const after = value.map((f, j) => kept(open[j]) * state[j] + open[j] * f);
  return { before: state, after, a, value, slopes, open, scale };
}

// From the gradient after a step to that of its W h + x.
function inner(gradient, lab, { a, slopes, open, scale }) {
  const delta = gradient.map((g, j) => g * open[j] * slopes[j]);
  if (!lab.normalise) return delta;
  const [middle, along] = [mean(delta), dot(delta, a) / delta.length];
  return delta.map((g, j) => (g - middle - along * a[j]) / scale);
}

// One step back.
function pull(gradient, delta, lab, { weights, gates }, step, i) {
  const pulled = back(delta, weights[i]);
  if (lab.shortcut === "none") return pulled;
  if (lab.shortcut === "residual") return pulled.map((g, j) => g + gradient[j]);
  const { value, before, open } = step;
  const turned = back(gradient.map((g, j) => g * (value[j] - before[j]) * open[j] * (1 - open[j])), gates[i]);
  return pulled.map((g, j) => g + gradient[j] * (1 - open[j]) + turned[j]);
}

const size = (state) => Math.sqrt(mean(state.map((x) => x * x)));

// Lengths of the gradients of all states and weights, sizes of states, mean slopes.
export function measures(lab) {
  const drawn = draw(lab);
  const way = [];
  for (let i = 0; i < lab.steps; i++) {
    way.push(forward(i ? way[i - 1].after : drawn.first, lab, drawn, i));
  }
  let gradient = drawn.last;
  const [gradients, weights] = [[1], []];
  for (let i = lab.steps - 1; i >= 0; i--) {
    const delta = inner(gradient, lab, way[i]);
    weights.unshift(length(delta) * length(way[i].before));
    gradient = pull(gradient, delta, lab, drawn, way[i], i);
    gradients.unshift(length(gradient));
  }
  const factor = lab.clipped ? Math.min(1, 1 / Math.max(length(weights), 1e-300)) : 1;
  return {
    gradients,
    weights: weights.map((w) => factor * w),
    states: [drawn.first, ...way.map((step) => step.after)].map(size),
    slopes: way.map((step) => mean(step.slopes)),
  };
}

// ---------- drawing ----------

const CHOICES = {
  way: ["Steps are", [["depth", "layers, by depth"], ["time", "steps of time"]]],
  activation: ["Activation", ["tanh", "relu", "sigmoid", "linear"].map((name) => [name, name])],
  start: ["Matrices", [["gaussian", "Gaussian"], ["orthogonal", "orthogonal"]]],
  shortcut: ["Shortcut", [["none", "none"], ["residual", "residual"], ["gate", "gate"]]],
};
const CHECKS = { normalise: "Normalise", clipped: "Clip the weights’ gradient to 1" };
const SHOWN = {
  gradients: "gradient of the state",
  weights: "gradient of the weights",
  states: "size of the state",
};
const NAMES = [...Object.keys(CHOICES), ...Object.keys(CHECKS), "gain", "steps", "seed"];
const DECADES = 10; // to both sides of 1

const power = (x) => (x > 0 ? Math.log10(x) : -Infinity);
const brief = (x) => (x === 0 ? "0" : x >= 0.01 && x < 1000 ? x.toPrecision(3) : x.toExponential(1));

// Where on the axis a number lies, as a share of its height from below.
const place = (x) => (Math.max(-DECADES, Math.min(DECADES, power(x))) + DECADES) / (2 * DECADES);

// A line of bars, one for each step, that rise or fall from 1.
function chart(name, label) {
  const bars = mute(div("lmc-gr-bars"));
  const text = h("span", { class: "lmc-gr-ends" });
  const element = div(`lmc-gr-chart lmc-gr-${name}`, div("lmc-gr-head", h("span", {}, label), text), bars);
  function show(values) {
    while (bars.childElementCount < values.length) bars.append(h("i"));
    while (bars.childElementCount > values.length) bars.lastElementChild.remove();
    values.forEach((value, i) => {
      const at = place(value);
      const bar = /** @type {HTMLElement} */ (bars.children[i]);
      bar.style.bottom = `${100 * Math.min(at, 0.5)}%`;
      bar.style.height = `${100 * Math.abs(at - 0.5)}%`;
      bar.classList.toggle("lmc-gr-grown", at > 0.5);
    });
    text.textContent = `first ${brief(values[0])}, last ${brief(values[values.length - 1])}`;
  }
  return { element, show };
}

// Powers of ten from the last gradient to the first, and what a step multiplies it by, in the mean.
const changeOf = (found) => power(found.gradients[0]);
const factorOf = (found, lab) => brief(10 ** (changeOf(found) / lab.steps));
const arrives = (found) => Math.abs(changeOf(found)) <= 2;
const stepsText = (lab) => `${lab.steps} ${lab.way === "time" ? "steps of time" : "layers"}`;

function verdict(found, lab) {
  const change = changeOf(found);
  const word = arrives(found) ? "arrives" : change < 0 ? "vanishes" : "explodes";
  const steps = stepsText(lab);
  const flat = mean(found.slopes).toFixed(2);
  if (change === -Infinity) return `Nothing comes back through ${steps}. Mean slope of the activation: ${flat}.`;
  return `After ${steps} the gradient ${word}: first over last 10^${change.toFixed(1)}, a factor of ` +
    `${factorOf(found, lab)} per step. Mean slope of the activation: ${flat}.`;
}

// Two factors, not far from each other, and what a power makes of them.
function lesson(found, lab, first) {
  const over = `over ${stepsText(lab)} that is 10^${changeOf(found).toFixed(1)}`;
  const was = changeOf(first.found);
  const before = was === -Infinity
    ? "nothing came back"
    : `it was ${factorOf(first.found, first.lab)}, and over ${stepsText(first.lab)} 10^${was.toFixed(1)}`;
  return `A factor of ${factorOf(found, lab)} per step: ${over}. At first ${before}.`;
}

function render({ model, el }) {
  const set = setter(model);
  const fields = Object.fromEntries([
    ...Object.keys(CHOICES).map((
      name,
    ) => [name, choiceField(CHOICES[name][0], name, CHOICES[name][1], (value) => set({ [name]: value }))]),
    ...Object.keys(CHECKS).map((name) => [name, checkField(CHECKS[name], name, (value) => set({ [name]: value }))]),
  ]);
  const gain = slider("Gain of the weights", "gain", {
    max: 80,
    ticks: [0, 1, 2, 3, 4].map((at) => [20 * at, String(at)]),
    onMove: (at) => set({ gain: at / 20 }),
  });
  const steps = slider("Steps", "steps", { max: 48, onMove: (at) => set({ steps: at + 2 }) });
  const charts = Object.entries(SHOWN).map(([name, label]) => ({ name, ...chart(name, label) }));
  const status = h("p", { class: "lmc-gr-status", role: "status" });
  const again = button("Other weights", () => set({ seed: (model.get("seed") + 1) % 100 }));
  const choices = Object.values(fields).map((field) => field.element);
  const task = firstTask("Make the gradient arrive, by the gain for one: what factor per step does that take?");
  let first = null; // what was shown as the widget opened
  const root = section(
    "gradients",
    "Gradient laboratory",
    "Gradient laboratory",
    task.element,
    group("lmc-gr-choices", "The network", ...choices),
    div("lmc-gr-sliders", gain.element, steps.element),
    div("lmc-buttons", again),
    status,
    ...charts.map((each) => each.element),
    note("Left: the first step. The line in the middle is 1, each edge ten powers of ten away."),
  );

  function update() {
    const lab = Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
    const found = measures(lab);
    Object.entries(fields).forEach(([name, field]) => field.show(lab[name]));
    gain.show(Math.round(20 * lab.gain), lab.gain.toFixed(2));
    steps.show(lab.steps - 2, String(lab.steps));
    charts.forEach((each) => each.show(found[each.name]));
    say(status, verdict(found, lab));
    first ??= { found, lab };
    if (arrives(found) && lab.steps >= first.lab.steps) task.check(lesson(found, lab, first));
    root.dataset.first = String(found.gradients[0]); // for the tests
    root.dataset.weights = found.weights.join(" ");
  }

  return mount({ model, el }, root, { follows: NAMES, update });
}

export default { render };
