// The training playground. First the arithmetic, the same as playground.py with autodiff.py and tested against them;
// then the drawing. A network is [C, H, d, U, b], each a flat array, row by row; `shape` is {V, D, M, context, bend}.

import { uniform } from "./decode.js";
import {
  bar,
  button,
  cell,
  column,
  div,
  group,
  grouped,
  h,
  mount,
  nearest,
  note,
  number,
  numberCell,
  percent,
  player,
  ranked,
  row,
  rowName,
  say,
  section,
  setter,
  short,
  slider,
  span,
  table,
  track,
  visible,
} from "./ui.js";

// ---------- arithmetic ----------

const [HIDDEN, BATCH, LOOK, MAX_STEPS] = [16, 32, 10, 2000];
const WIDTHS = [1, 2, 3, 4, 6, 8, 12];
const RATES = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const BENDS = {
  tanh: { of: Math.tanh, slope: (_, out) => 1 - out * out },
  relu: { of: (x) => Math.max(x, 0), slope: (x) => Number(x > 0) },
  none: { of: (x) => x, slope: () => 1 },
};

export function initial(seed, { V, D, M, context }) {
  const sizes = [V * D, M * context * D, V * M];
  const total = sizes.reduce((a, b) => a + b);
  const draws = uniform(seed, 0, 12 * total);
  const normal = Float64Array.from(
    { length: total },
    (_, i) => draws.subarray(12 * i, 12 * i + 12).reduce((a, b) => a + b) - 6, // nearly normal
  );
  const C = normal.slice(0, sizes[0]);
  const H = normal.slice(sizes[0], sizes[0] + sizes[1]).map((x) => x / Math.sqrt(context * D));
  const U = normal.slice(sizes[0] + sizes[1]).map((x) => x / Math.sqrt(M));
  return [C, H, new Float64Array(M), U, new Float64Array(V)];
}

// All that one context leads to: its vectors side by side, the hidden layer before and after its bend, log p.
export function forward([C, H, d, U, b], { V, D, M, bend }, seen) {
  const x = Float64Array.from(seen.flatMap((token) => [...C.subarray(token * D, token * D + D)]));
  const before = d.map((bias, j) => x.reduce((sum, value, i) => sum + H[j * x.length + i] * value, bias));
  const hidden = before.map(BENDS[bend].of);
  const logits = b.map((bias, w) => hidden.reduce((sum, value, j) => sum + U[w * M + j] * value, bias));
  const top = Math.max(...logits);
  const size = Math.log(logits.reduce((sum, y) => sum + Math.exp(y - top), 0));
  return { x, before, hidden, logProbs: logits.map((y) => y - top - size), V };
}

// The mean surprise of a batch, in nats, and its gradient with respect to each array.
export function gradients(network, shape, contexts, targets) {
  const { D, M, bend } = shape;
  const [, H, , U] = network;
  const slopes = network.map((array) => new Float64Array(array.length));
  const [gC, gH, gd, gU, gb] = slopes;
  let loss = 0;
  contexts.forEach((seen, k) => {
    const { x, before, hidden, logProbs } = forward(network, shape, seen);
    loss -= logProbs[targets[k]] / contexts.length;
    // probability minus one-hot, then back through U, the bend and H to the vectors
    const gy = logProbs.map((l, w) => (Math.exp(l) - Number(w === targets[k])) / contexts.length);
    const gh = new Float64Array(M);
    gy.forEach((g, w) => {
      gb[w] += g;
      for (let j = 0; j < M; j++) {
        gU[w * M + j] += g * hidden[j];
        gh[j] += g * U[w * M + j];
      }
    });
    gh.forEach((g, j) => {
      const back = g * BENDS[bend].slope(before[j], hidden[j]);
      gd[j] += back;
      for (let i = 0; i < x.length; i++) {
        gH[j * x.length + i] += back * x[i];
        gC[seen[Math.floor(i / D)] * D + (i % D)] += back * H[j * x.length + i];
      }
    });
  });
  return { loss, slopes };
}

// The training text as contexts and targets; before a sentence stand end tokens.
export function examples(text, end, context) {
  const fill = Array(context).fill(end);
  const contexts = [];
  let before = fill;
  for (const token of text) {
    contexts.push(before);
    before = token === end ? fill : [...before.slice(1), token];
  }
  return { contexts, targets: text };
}

// Every context with its share, times the truth about what follows it: [context, [[token, probability], …]].
function truthOf({ windows, shares, follows, rows }, context) {
  const parsed = rows.map((line) => {
    const numbers = line.split(" ").map(Number);
    return numbers.filter((_, i) => i % 2 === 0).map((token, i) => [token, numbers[2 * i + 1]]);
  });
  const size = windows.length / shares.length;
  const joint = new Map();
  shares.forEach((share, k) => {
    const seen = windows.slice(k * size + size - context, (k + 1) * size);
    const key = seen.join(" ");
    if (!joint.has(key)) joint.set(key, [seen, new Map()]);
    const row = joint.get(key)[1];
    parsed[follows[k]].forEach(([token, p]) => row.set(token, (row.get(token) || 0) + share * p));
  });
  return [...joint.values()].map(([seen, row]) => [seen, [...row]]);
}

// A run from its beginning. `advance` takes it to a step, forwards or, from the beginning again, backwards.
export function startRun(state) {
  const { tokens, end, text, seed, context, width, rate, activation } = state;
  const shape = { V: tokens.length, D: width, M: HIDDEN, context, bend: activation };
  const { contexts, targets } = examples(text, end, context);
  const truth = truthOf(state, context);
  const run = { network: null, step: 0, losses: [], exact: [], broken: false, shape };

  function measure() {
    let nats = 0;
    for (const [seen, row] of truth) {
      const { logProbs } = forward(run.network, shape, seen);
      for (const [token, p] of row) nats -= p * logProbs[token];
    }
    return nats / Math.LN2;
  }
  function rewind() {
    Object.assign(run, { network: initial(seed, shape), step: 0, losses: [], exact: [], broken: false });
    run.exact.push([0, measure()]);
  }
  run.next = () => {
    const chosen = Array.from(uniform(seed, run.step + 1, BATCH), (u) => Math.floor(u * targets.length));
    const batch = { contexts: chosen.map((i) => contexts[i]), targets: chosen.map((i) => targets[i]) };
    return { ...batch, ...gradients(run.network, shape, batch.contexts, batch.targets) };
  };
  run.advance = (step) => {
    if (step < run.step) rewind();
    while (run.step < step && !run.broken) {
      const { loss, slopes } = run.next();
      run.broken = !Number.isFinite(loss);
      if (run.broken) break;
      run.losses.push(loss / Math.LN2);
      run.network = run.network.map((array, k) => array.map((value, i) => value - rate * slopes[k][i]));
      run.step++;
      if (run.step % LOOK === 0) run.exact.push([run.step, measure()]);
    }
  };
  rewind();
  return run;
}

// For tests: everything after so many steps, and the gradients of the next one.
export function trainAll(state, steps) {
  const run = startRun(state);
  run.advance(steps);
  const { losses, exact, network, broken } = run;
  const slopes = run.next().slopes.map((array) => [...array]);
  return { losses, exact, parameters: network.map((array) => [...array]), slopes, broken };
}

// ---------- drawing ----------

const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, String(value)));
  element.append(...children);
  return element;
}

const [WIDE, HIGH, LEFT, BOTTOM] = [340, 210, 30, 24];
const bits = (x) => (Number.isFinite(x) ? x.toFixed(3) : "no number");

// The losses of the batches as dots, the exact loss as a line, the floors dashed.
function lossChart() {
  const plot = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "lmc-plot", role: "img" });
  function show(run, floor, rate) {
    const last = Math.max(100, run.step);
    const top = Math.max(5, Math.min(12, Math.ceil(run.exact[0][1])));
    const x = (step) => LEFT + ((WIDE - LEFT - 6) * step) / last;
    const low = Math.floor(rate); // nothing can stay below it
    const within = (value) => (Math.max(low, Math.min(value, top)) - low) / (top - low);
    const y = (value) => HIGH - BOTTOM - (HIGH - BOTTOM - 8) * within(value);
    const line = (value, name, kind, below) => [
      s("line", { class: kind, x1: LEFT, x2: WIDE - 6, y1: y(value), y2: y(value) }),
      s("text", { x: WIDE - 8, y: y(value) + (below ? 13 : -4), "text-anchor": "end" }, name),
    ];
    const marks = [];
    for (let at = low; at <= top; at += top > 6 ? 2 : 1) {
      marks.push(s("text", { x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, String(at)));
      marks.push(s("line", { class: "lmc-grid", x1: LEFT, x2: WIDE - 6, y1: y(at), y2: y(at) }));
    }
    for (const at of [0, last / 2, last]) {
      const anchor = at === last ? "end" : at ? "middle" : "start";
      marks.push(s("text", { x: x(at), y: HIGH - 8, "text-anchor": anchor }, grouped(Math.round(at))));
    }
    const every = Math.max(1, Math.floor(run.losses.length / 200));
    const dots = run.losses.flatMap((loss, i) =>
      i % every ? [] : [s("circle", { cx: x(i), cy: y(loss), r: 1.4, class: "lmc-batch" })]
    );
    const points = run.exact.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
    plot.replaceChildren(
      ...marks,
      ...dots,
      ...line(floor, "this context", "lmc-floor", false),
      ...(floor - rate > 1e-6 ? line(rate, "any context", "lmc-rate", true) : []),
      s("polyline", { points, class: "lmc-exact" }),
    );
    plot.setAttribute("aria-label", `Loss: ${bits(run.exact[run.exact.length - 1][1])} bits, floor ${bits(floor)}`);
  }
  return { plot, show };
}

// The words where the first two numbers of their vectors put them.
function wordMap(tokens) {
  const plot = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "lmc-plot", role: "img" });
  plot.setAttribute("aria-label", "The vectors of the words, their first two numbers");
  const names = tokens.map((token) => s("text", { "text-anchor": "middle" }, visible(token)));
  plot.append(...names);
  function show([C], D) {
    const place = (k, at) => (at < D ? C[k * D + at] : (k % 7) - 3);
    const [xs, ys] = [0, 1].map((at) => tokens.map((_, k) => place(k, at)));
    const scale = (values, value, from, to) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return from + ((to - from) * (value - low)) / (high - low || 1);
    };
    names.forEach((name, k) => {
      name.setAttribute("x", scale(xs, xs[k], 26, WIDE - 26).toFixed(1));
      name.setAttribute("y", scale(ys, ys[k], HIGH - 8, 14).toFixed(1));
    });
  }
  return { plot, show };
}

const ARRAYS = ["C", "H", "d", "U", "b"];
const shapesOf = ({ V, D, M, context }) => [`${V} × ${D}`, `${M} × ${context * D}`, `${M}`, `${V} × ${M}`, `${V}`];

// One example of the next batch, and the gradient of the whole batch.
function stepView(tokens, choose) {
  const pick = slider("Example of the next batch", "example", { max: BATCH - 1, onMove: choose });
  const said = h("p", { class: "lmc-said" });
  const [logits, arrays] = [div(""), div("")];
  const element = div(
    "lmc-detail lmc-step-view",
    div("lmc-subtitle", "The next step"),
    pick.element,
    said,
    logits,
    arrays,
  );
  const line = (name, p, gradient, kind) => {
    const fill = bar("lmc-fill");
    fill.style.width = percent(p);
    return row(kind, rowName("lmc-token", name), track(fill), numberCell(number(p)), numberCell(short(gradient)));
  };
  function show(run, rate, example) {
    const { contexts, targets, slopes } = run.next();
    const [seen, target] = [contexts[example], targets[example]];
    const probs = forward(run.network, run.shape, seen).logProbs.map(Math.exp);
    const slope = probs.map((p, w) => p - Number(w === target));
    const shown = ranked(slope.map(Math.abs)).slice(0, 6);
    pick.show(example, `${example + 1} of ${BATCH}`);
    said.textContent = `After “${seen.map((t) => tokens[t]).join(" ")}” came “${tokens[target]}”.`;
    const head = row("lmc-head", column("", "token"), column("", "probability"), column("lmc-number", "p"));
    head.append(column("lmc-number", "p − one-hot"));
    const lines = shown.map((w) => line(visible(tokens[w]), probs[w], slope[w], w === target ? "lmc-target" : ""));
    logits.replaceChildren(table("Gradient of each logit", "lmc-logits", head, ...lines));
    const top = row("lmc-head", column("", "array"), column("lmc-number", "shape"));
    top.append(column("lmc-number", "its gradient’s length"), column("lmc-number", "largest change"));
    const each = slopes.map((g, k) => {
      const length = Math.hypot(...g);
      const largest = rate * g.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const numbers = [shapesOf(run.shape)[k], length.toFixed(4), largest.toFixed(4)];
      return row("", rowName("", ARRAYS[k]), ...numbers.map((text) => cell("lmc-number", text)));
    });
    arrays.replaceChildren(table("Gradient of the batch", "lmc-arrays", top, ...each));
    return { slopes, slope };
  }
  return { element, show };
}

function render({ model, el }) {
  const tokens = model.get("tokens");
  const set = setter(model);
  const bytes = (name) => {
    const { buffer, byteOffset, byteLength } = model.get(name);
    return [...new Uint8Array(buffer, byteOffset, byteLength)];
  };
  const fixed = { tokens, end: model.get("end"), text: bytes("text"), windows: bytes("windows") };
  const plain = Object.fromEntries(["shares", "follows", "rows"].map((name) => [name, model.get(name)]));
  const CHOICES = ["seed", "context", "width", "rate", "activation"];
  const choices = () => Object.fromEntries(CHOICES.map((name) => [name, model.get(name)]));
  let [run, made] = [null, ""];

  // Other settings begin a run of their own.
  const change = (values) => {
    play.stop();
    set({ ...values, step: 0 });
  };
  const context = slider("Tokens of context", "context", { max: 3, onMove: (at) => change({ context: at + 1 }) });
  const width = slider("Numbers per word", "width", {
    max: WIDTHS.length - 1,
    onMove: (at) => change({ width: WIDTHS[at] }),
  });
  const rate = slider("Learning rate", "rate", {
    max: RATES.length - 1,
    onMove: (at) => change({ rate: RATES[at] }),
  });
  const options = Object.keys(BENDS).map((name) => h("option", { value: name }, name));
  const bend = h("select", { "aria-label": "Bend of the hidden layer" }, ...options);
  bend.addEventListener("change", () => change({ activation: bend.value }));
  const fresh = button("Other weights", () => change({ seed: model.get("seed") + 1 }));

  const on = (steps) => () => {
    play.stop();
    set({ step: Math.min(MAX_STEPS, model.get("step") + steps) });
  };
  const play = player(40, {
    step: () => set({ step: Math.min(MAX_STEPS, model.get("step") + 5) }),
    done: () => model.get("step") >= MAX_STEPS || (run && run.broken),
    rewind: () => set({ step: 0 }),
  });
  const buttons = [
    button("Start", () => change({}), { "aria-label": "Back to the start" }),
    play.button,
    button("+1", on(1), { "aria-label": "One step on" }),
    button("+100", on(100), { "aria-label": "A hundred steps on" }),
  ];
  const open = button("Open the next step", () => set({ opened: !model.get("opened") }), { "aria-expanded": "false" });
  const [losses, words] = [lossChart(), wordMap(tokens)];
  const status = h("p", { class: "lmc-status", role: "status" });
  const caption = (text, plot) => div("lmc-figure", div("lmc-caption", text), plot);
  const view = stepView(tokens, (at) => set({ example: at }));
  const legend = note("Dots: the batches. Line: the exact loss. Dashed: the floors of this context, and of any.");

  const root = section(
    "playground",
    "Training playground",
    "Training playground",
    div("lmc-controls", context.element, width.element, rate.element),
    group("lmc-buttons", "Settings", h("label", {}, span("", "Bend"), bend), fresh),
    div(
      "lmc-figures",
      caption("Bits per token, by step", losses.plot),
      caption("Where the words are", words.plot),
    ),
    legend,
    status,
    group("lmc-buttons", "Training", ...buttons, open),
    view.element,
  );

  function update() {
    const now = choices();
    if (JSON.stringify(now) !== made) {
      made = JSON.stringify(now);
      run = startRun({ ...fixed, ...plain, ...now });
    }
    run.advance(model.get("step"));
    const floors = model.get("floors");
    const [floor, least] = [floors[now.context - 1], floors[floors.length - 1]];
    const [, exact] = run.exact[run.exact.length - 1];
    context.show(now.context - 1, String(now.context));
    width.show(nearest(WIDTHS, now.width), String(now.width));
    rate.show(nearest(RATES, now.rate), String(now.rate));
    bend.value = now.activation;
    losses.show(run, floor, least);
    words.show(run.network, now.width);
    buttons[0].disabled = run.step === 0;
    buttons[2].disabled = buttons[3].disabled = run.step >= MAX_STEPS || run.broken;
    const text = run.broken
      ? `The loss is no number any more after ${run.step} steps: lower the learning rate.`
      : `${grouped(run.step)} steps: ${bits(exact)} bits, ${bits(exact - floor)} above the floor of this context`;
    say(status, text);
    const opened = model.get("opened");
    view.element.hidden = !opened;
    say(open, opened ? "Close the step" : "Open the next step");
    open.setAttribute("aria-expanded", String(opened));
    const shown = opened && !run.broken ? view.show(run, now.rate, model.get("example")) : null;
    const last = run.losses.length ? run.losses[run.losses.length - 1] : "";
    Object.assign(root.dataset, { step: run.step, exact, loss: last, broken: run.broken }); // for the tests
    if (shown) root.dataset.norms = shown.slopes.map((g) => Math.hypot(...g)).join(" ");
  }

  const follows = [...CHOICES, "step", "opened", "example"];
  return mount({ model, el }, root, { follows, update, teardown: play.stop });
}

export default { render };
