// Parallelism planner. First the arithmetic, the same as lmcourse/parallel/plan.py and tested against it; then the
// drawing.

import {
  bar,
  choiceField,
  div,
  firstTask,
  grouped,
  h,
  mount,
  nearest,
  numberCell,
  row,
  rowName,
  say,
  section,
  setter,
  slider,
  span,
  stretch,
  swatch,
  table,
  track,
} from "./ui.js";

// ---------- arithmetic ----------

const NUMBER = 2; // bytes
const STATES = { weights: 2, gradients: 2, optimizer: 12 }; // bytes for each parameter, in mixed precision
const UTILISATION = 0.5;

const allReduce = (n) => 2 * (n - 1) / n;

// What a device of the first stage keeps and sends in a step; see `load` and `step_seconds` in plan.py.
export function measures(shape, plan, { n_tokens, speed }) {
  const { data, tensor, stages, batches, shard } = plan;
  const own = Object.fromEntries(
    Object.entries(STATES).map(([part, bytes]) => [part, bytes * shape.parameters / (tensor * stages)]),
  );
  const whole = own.weights;
  ["optimizer", "gradients", "weights"].forEach((part, i) => own[part] /= shard > i ? data : 1);
  const vectors = n_tokens * shape.width * NUMBER;
  const blocks = shape.layers / stages;
  const inside = 2 * shape.inner / shape.width + 4;
  const activations = vectors * blocks * Math.min(stages, batches) * (4 + inside / tensor);
  const gathered = NUMBER * shape.block / tensor * (1 - 1 / data) * Math.max(0, shard - 1);
  const halves = [2, 2, batches + 1, 3 * batches][shard];
  const idle = (stages - 1) / (batches + stages - 1);
  const devices = data * tensor * stages;
  return {
    ...own,
    gathered,
    activations,
    sent_data: halves / 2 * allReduce(data) * whole,
    sent_tensor: 4 * blocks * batches * allReduce(tensor) * vectors,
    sent_pipeline: stages > 1 ? vectors * batches : 0,
    idle,
    memory: own.weights + own.gradients + own.optimizer + gathered + activations,
    devices,
    seconds: 3 * shape.flops * data * batches / (devices * speed * UTILISATION * (1 - idle)),
  };
}

// ---------- drawing ----------

const NAMES = ["model", "data", "tensor", "stages", "batches", "shard"];
const KEPT = ["weights", "gradients", "optimizer", "gathered", "activations"];
const SAID = { gathered: "gathered for the moment" };
const SENT = { sent_data: "sent for texts", sent_tensor: "sent for heads", sent_pipeline: "sent for blocks" };
const SHARDS = [
  [0, "nothing: each group keeps all"],
  [1, "optimizer (stage 1)"],
  [2, "and gradients (stage 2)"],
  [3, "and weights (stage 3)"],
];
const GROUPS = [1, 2, 4, 8, 16, 24, 32, 64, 128, 192, 256, 512, 1024, 1536, 2048]; // those of the page among them
const doublings = (most) => Array.from({ length: Math.log2(most) + 1 }, (_, i) => 2 ** i);
const divisors = (n) => Array.from({ length: n }, (_, i) => i + 1).filter((k) => n % k === 0);

// 2.79 TB; 31 kB.
export function bytes(n, digits = 3) {
  if (n === 0) return "nothing";
  const unit = Math.max(0, Math.min(5, Math.floor(Math.log10(n) / 3)));
  return `${Number((n / 1000 ** unit).toPrecision(digits))} ${["B", "kB", "MB", "GB", "TB", "PB"][unit]}`;
}

const UNITS = { days: 86400, h: 3600, min: 60, s: 1, ms: 1e-3 };

// 34 ms; 25 s; 3.1 days.
export function time(seconds) {
  const [name, unit] = Object.entries(UNITS).find(([, unit]) => seconds >= unit) || ["ms", UNITS.ms];
  return `${Number((seconds / unit).toPrecision(2))} ${name}`;
}

// A slider over numbers that are allowed.
function steps(label, name, choose) {
  let stops = [1];
  const bar = slider(label, name, { onMove: (at) => choose(stops[at]) });
  function show(value, allowed, text) {
    stops = allowed;
    bar.input.max = stops.length - 1;
    bar.input.disabled = stops.length === 1;
    bar.show(nearest(stops, value), text);
  }
  return { element: bar.element, show };
}

// What a device keeps, one part behind the other, beside what it has.
function memoryBar() {
  const parts = KEPT.map((_, i) => bar(`lmc-pp-part lmc-pp-${i}`));
  const edge = div("lmc-pp-edge");
  const legend = div("lmc-pp-legend", ...KEPT.map((name, i) => span("", swatch(`lmc-pp-${i}`), name)));
  const element = div("lmc-pp-memory", track(...parts, edge), legend);
  function show(found, card) {
    const end = Math.max(card, found.memory) * 1.02;
    let from = 0;
    KEPT.forEach((name, i) => {
      stretch(parts[i], from / end, (from + found[name]) / end);
      from += found[name];
    });
    edge.style.left = `${100 * card / end}%`;
    element.classList.toggle("lmc-pp-full", found.memory > card);
  }
  return { element, show };
}

function render({ model, el }) {
  const set = setter(model);
  const [shapes, card, n_tokens, speed] = ["shapes", "card", "n_tokens", "speed"].map((name) => model.get(name));
  const machine = { n_tokens, speed };

  // Another network may not be divisible as this one was: then the next smaller number that divides it.
  function take(name) {
    const shape = shapes[name];
    const fit = (whole, n) => divisors(whole).filter((k) => k <= n).pop();
    set({
      model: name,
      tensor: fit(shape.heads, model.get("tensor")),
      stages: fit(shape.layers, model.get("stages")),
    });
  }

  const names = Object.keys(shapes).map((name) => [name, name]);
  const which = choiceField("Model", "model", names, take);
  const shard = choiceField("Kept once for all groups (ZeRO)", "shard", SHARDS, (stage) => set({ shard: stage }));
  const tensor = steps("Devices that share each block", "tensor", (n) => set({ tensor: n }));
  const stages = steps("Stages, of some blocks each", "stages", (n) => set({ stages: n }));
  const data = steps("Groups that read their own texts", "data", (n) => set({ data: n }));
  const batches = steps("Small batches of a group in a step", "batches", (n) => set({ batches: n }));
  const task = firstTask(`Fit GPT-3 into devices of ${bytes(card)}, idle less than a fifth of the time.`);
  task.element.hidden = !("GPT-3" in shapes);
  const memory = memoryBar();
  const said = h("p", { class: "lmc-pp-said", role: "status" });
  const cells = Object.fromEntries(
    [...KEPT, ...Object.keys(SENT), "idle", "seconds"].map((name) => [name, numberCell()]),
  );
  const line = (name, text) => row("", rowName("", text), cells[name]);
  const kept = table("What a device keeps", "", ...KEPT.map((name) => line(name, SAID[name] || name)));
  const more = table(
    "What it sends and waits in a step",
    "",
    ...Object.entries(SENT).map(([name, text]) => line(name, text)),
    line("idle", "idle"),
    line("seconds", "a step takes, at half speed"),
  );
  const title = "Plan a training";
  const root = section(
    "planner",
    "Parallelism planner",
    title,
    task.element,
    div("lmc-pp-choices", which.element, shard.element),
    div("lmc-controls", tensor.element, stages.element, data.element, batches.element),
    memory.element,
    said,
    div("lmc-pp-tables", kept, more),
  );

  function update() {
    const [name, groups, sharing, parts, small, stage] = NAMES.map((each) => model.get(each));
    const shape = shapes[name];
    const plan = { data: groups, tensor: sharing, stages: parts, batches: small, shard: stage };
    const found = measures(shape, plan, machine);
    which.show(name);
    shard.show(stage);
    tensor.show(sharing, divisors(shape.heads), String(sharing));
    stages.show(parts, divisors(shape.layers), String(parts));
    data.show(groups, GROUPS, grouped(groups));
    batches.show(small, doublings(2 ** 10), grouped(small));
    memory.show(found, card);
    [...KEPT, ...Object.keys(SENT)].forEach((each) => say(cells[each], bytes(found[each])));
    say(cells.idle, `${Number((100 * found.idle).toPrecision(2))} %`);
    say(cells.seconds, time(found.seconds));
    const fits = found.memory <= card;
    const texts = groups * small;
    say(
      said,
      `${grouped(found.devices)} device${found.devices > 1 ? "s" : ""} of ${bytes(found.memory, 4)} each: ` +
        `${fits ? "fits" : "does not fit"} into ${bytes(card)}. A step reads ${grouped(texts)} ` +
        `text${texts > 1 ? "s" : ""} of ${grouped(n_tokens)} tokens.`,
    );
    task.check(
      name === "GPT-3" && fits && found.idle < 0.2 &&
        `${grouped(found.devices)} devices, ${
          bytes(found.memory)
        } in each. Who sends most, and how fast must the line be?`,
    );
    root.dataset.found = JSON.stringify(found); // for the tests
  }

  return mount({ model, el }, root, { follows: NAMES, update });
}

export default { render };
