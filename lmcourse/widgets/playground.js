// The training playground: the drawing. What is drawn is trained in playground_training.js.

import { BATCH, BENDS, forward, startRun } from "./playground_training.js";
import {
  bar,
  button,
  cell,
  choiceField,
  column,
  div,
  firstTask,
  group,
  grouped,
  h,
  mount,
  namedButton,
  nearest,
  note,
  number,
  numberCell,
  percent,
  player,
  plural,
  ranked,
  row,
  rowName,
  say,
  section,
  setter,
  short,
  slider,
  svgElement,
  table,
  track,
  visible,
} from "./ui.js";

const MAX_STEPS = 2000;
const NEAR = 0.1; // bits to a floor
const WIDTHS = [1, 2, 3, 4, 6, 8, 12];
const RATES = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];

const [WIDE, HIGH, LEFT, BOTTOM] = [340, 210, 30, 24];
const bits = (x) => (Number.isFinite(x) ? x.toFixed(3) : "no number");

// The losses of the batches as dots, the exact loss as a line, the floors dashed.
function lossChart() {
  const plot = svgElement("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "lmc-plot", role: "img" });
  function show(run, floor, rate) {
    const last = Math.max(100, run.step);
    const top = Math.max(5, Math.min(12, Math.ceil(run.exact[0][1])));
    const x = (step) => LEFT + ((WIDE - LEFT - 6) * step) / last;
    const low = Math.floor(rate); // nothing can stay below it
    const within = (value) => (Math.max(low, Math.min(value, top)) - low) / (top - low);
    const y = (value) => HIGH - BOTTOM - (HIGH - BOTTOM - 8) * within(value);
    const line = (value, name, kind, below) => [
      svgElement("line", { class: kind, x1: LEFT, x2: WIDE - 6, y1: y(value), y2: y(value) }),
      svgElement("text", { x: WIDE - 8, y: y(value) + (below ? 13 : -4), "text-anchor": "end" }, name),
    ];
    const marks = [];
    for (let value = low; value <= top; value += top > 6 ? 2 : 1) {
      marks.push(svgElement("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)));
      marks.push(svgElement("line", { class: "lmc-grid", x1: LEFT, x2: WIDE - 6, y1: y(value), y2: y(value) }));
    }
    for (const step of [0, last / 2, last]) {
      const anchor = step === last ? "end" : step ? "middle" : "start";
      marks.push(svgElement("text", { x: x(step), y: HIGH - 8, "text-anchor": anchor }, grouped(Math.round(step))));
    }
    const every = Math.max(1, Math.floor(run.losses.length / 200));
    const dots = run.losses.flatMap((loss, i) =>
      i % every ? [] : [svgElement("circle", { cx: x(i), cy: y(loss), r: 1.4, class: "lmc-batch" })]
    );
    const [at, exact] = run.exact[run.exact.length - 1];
    const points = run.exact.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
    plot.replaceChildren(
      ...marks,
      ...dots,
      ...line(floor, "this context", "lmc-floor", false),
      ...(floor - rate > 1e-6 ? line(rate, "any context", "lmc-rate", true) : []),
      svgElement("polyline", { points, class: "lmc-exact" }),
      svgElement("circle", { cx: x(at), cy: y(exact), r: 4, class: "lmc-now" }),
    );
    plot.setAttribute("aria-label", `Loss: ${bits(exact)} bits, floor ${bits(floor)}`);
  }
  return { plot, show };
}

// The words where the first two numbers of their vectors put them.
function wordMap(tokens) {
  const plot = svgElement("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "lmc-plot", role: "img" });
  plot.setAttribute("aria-label", "The vectors of the words, their first two numbers");
  const names = tokens.map((token) => svgElement("text", { "text-anchor": "middle" }, visible(token)));
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

// How near a network has come to its floor, and what more of the text would tell it.
function lesson(context, [step, exact], floor, least) {
  const older = floor - least < 1e-6
    ? "older tokens would not lower it"
    : `${bits(floor - least)} of that would go if it saw older tokens too`;
  return `${bits(exact - floor)} bits are left after ${grouped(step)} steps. The floor of ` +
    `${plural(context, "token")} of context is ${bits(floor)}; ${older}.`;
}

const ARRAYS = ["C", "H", "d", "U", "b"];
const shapesOf = ({ V, D, M, context }) => [`${V} × ${D}`, `${M} × ${context * D}`, `${M}`, `${V} × ${M}`, `${V}`];

// One example of the next batch, and the gradient of the whole batch.
function stepView(tokens, choose) {
  const pick = slider("Example of the next batch", "example", { max: BATCH - 1, onMove: choose });
  const said = h("p", { class: "lmc-said", dir: "auto" });
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
  const bends = Object.keys(BENDS).map((name) => [name, name]);
  const bend = choiceField("Bend of the hidden layer", "activation", bends, (activation) => change({ activation }));
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
    namedButton("Start", "back to the start", () => change({})),
    play.button,
    namedButton("+1", "one step on", on(1)),
    namedButton("+100", "a hundred steps on", on(100)),
  ];
  const open = button("Open the next step", () => set({ opened: !model.get("opened") }), { "aria-expanded": "false" });
  const [losses, words] = [lossChart(), wordMap(tokens)];
  const status = h("p", { class: "lmc-status", role: "status" });
  const caption = (text, plot) => div("lmc-figure", div("lmc-caption", text), plot);
  const view = stepView(tokens, (at) => set({ example: at }));
  const task = firstTask("Press Play: how near does the line come to its floor?");
  const legend = note("Dots: the batches. Line: the exact loss. Dashed: the floors of this context, and of any.");

  const root = section(
    "playground",
    "Training playground",
    "Training playground",
    task.element,
    div("lmc-controls", context.element, width.element, rate.element),
    group("lmc-buttons", "Settings", bend.element, fresh),
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
    bend.show(now.activation);
    losses.show(run, floor, least);
    words.show(run.network, now.width);
    buttons[0].disabled = run.step === 0;
    buttons[2].disabled = buttons[3].disabled = run.step >= MAX_STEPS || run.broken;
    const text = run.broken
      ? `The loss is no number any more after ${run.step} steps: lower the learning rate.`
      : `${grouped(run.step)} steps: ${bits(exact)} bits, ${bits(exact - floor)} above the floor of this context`;
    say(status, text);
    if (exact - floor < NEAR) task.check(lesson(now.context, run.exact[run.exact.length - 1], floor, least));
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
