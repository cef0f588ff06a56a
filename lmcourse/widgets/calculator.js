// The memory and speed calculator: fields, a table and the roof. The arithmetic is in memory.js.

import { duration, LABELS, measures, problem, RATES, scaled, three } from "./memory.js";
import {
  cell,
  checkField,
  choiceField,
  div,
  firstTask,
  group,
  grouped,
  h,
  mount,
  note,
  numberCell,
  plural,
  raised,
  row,
  rowName,
  say,
  section,
  setter,
  span,
  svgElement,
  table,
} from "./ui.js";

// ---------- drawing ----------

const POINTS = ["one", "many", "reading"];
const MARKS = {
  one: "M -5 0 A 5 5 0 1 0 5 0 A 5 5 0 1 0 -5 0 Z",
  many: "M -5 -5 H 5 V 5 H -5 Z",
  reading: "M 0 -6 L 6 5 H -6 Z",
};
const mark = (name) => svgElement("path", { d: MARKS[name], class: `lmc-ca-mark lmc-ca-${name}` });

// The roof: what can be multiplied in a second, by how often each byte is used; and where the three tasks are.
function roofline() {
  const [width, height, left, right, top, bottom] = [320, 200, 68, 12, 12, 40];
  const drawing = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: "lmc-ca-roof" });
  const grid = svgElement("g");
  const marks = POINTS.map(mark); // they stay, so that they can be seen to move
  drawing.append(grid, ...marks);
  const texts = POINTS.map(() => span(""));
  const keys = POINTS.map((name, i) =>
    div("lmc-ca-key", svgElement("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, mark(name)), texts[i])
  );
  function show(lab, found) {
    const xs = POINTS.map((name) => found[`${name}_intensity`]);
    const [from, to] = [Math.min(...xs, found.ridge) / 3, Math.max(...xs, found.ridge) * 3].map(Math.log10);
    const roof = (x) => Math.min(lab.flops_per_second, x * lab.bandwidth);
    const [low, high] = [Math.log10(roof(10 ** from)), Math.log10(2 * lab.flops_per_second)];
    const x = (value) => left + (width - left - right) * (Math.log10(value) - from) / (to - from);
    const y = (value) => height - bottom - (height - top - bottom) * (Math.log10(value) - low) / (high - low);
    const parts = [];
    const every = Math.ceil((to - from) / 4);
    for (let power = Math.ceil(from); power <= to; power += every) {
      const at = x(10 ** power);
      const label = Math.abs(power) < 4 ? grouped(10 ** power) : `10${raised(power)}`;
      parts.push(svgElement("line", { x1: at, x2: at, y1: top, y2: height - bottom, class: "lmc-ca-grid" }));
      parts.push(svgElement("text", { x: at, y: height - bottom + 14, "text-anchor": "middle" }, label));
    }
    const step = Math.ceil((high - low) / 4);
    for (let power = Math.ceil(low); power <= high; power += step) {
      const at = y(10 ** power);
      parts.push(svgElement("line", { x1: left, x2: width - right, y1: at, y2: at, class: "lmc-ca-grid" }));
      parts.push(svgElement("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, scaled(10 ** power, "FLOP/s")));
    }
    const corners = [10 ** from, found.ridge, 10 ** to].map((value) => `${x(value)},${y(roof(value))}`);
    parts.push(svgElement("polyline", { points: corners.join(" "), class: "lmc-ca-line" }));
    parts.push(svgElement("text", { x: left, y: height - 6 }, "operations for each byte fetched"));
    marks.forEach((each, i) => each.style.transform = `translate(${x(xs[i])}px, ${y(roof(xs[i]))}px)`);
    grid.replaceChildren(...parts);
    const names = ["the next token", `of ${plural(lab.n_texts, "text")}`, `reading ${plural(lab.n_seen, "token")}`];
    texts.forEach((text, i) => say(text, `${names[i]}: ${three(xs[i])}`));
  }
  const caption = note(
    "The roof: operations a second, by how many there are for each byte. On the slope memory decides.",
  );
  return { element: div("lmc-ca-picture", caption, drawing, ...keys), show };
}

const ROWS = {
  parameters: "Parameters",
  weights: "Weights",
  cache: "Keys and values",
  memory: "Memory, all together",
  flops: "Operations for a token",
  one: "The next token of one text",
  many: "The next token of each text",
  reading: "Reading a text at once",
  turn: "Memory decides",
};

// Value and explanation of each row.
function results(lab, found) {
  const speed = (name) => `${three(found[`${name}_speed`])} tokens/s`;
  const times = (name) =>
    `at most; ${duration(found[`${name}_fetching`])} to fetch, ${duration(found[`${name}_multiplying`])} to multiply`;
  const share = (name) => `${name} ${three(100 * found[name] / found.parameters)} %`;
  const parts = ["embedding", "positions", "attention", "feed-forward", "output"].filter((name) => found[name]);
  const turns = found.turn === null
    ? ["always", "a text's keys and values take longer to fetch than its token to multiply"]
    : [`below ${plural(Math.ceil(found.turn), "text")}`, "at a time, each of this length; from there on multiplying"];
  return {
    parameters: [grouped(found.parameters), parts.map(share).join(", ")],
    weights: [scaled(found.weight_bytes, "B"), "all of them, in memory"],
    cache: [scaled(found.cache_text, "B"), `for a text, ${scaled(found.cache_token, "B")} for each token`],
    memory: [scaled(found.memory, "B"), `weights, and keys and values of ${plural(lab.n_texts, "text")}`],
    flops: [
      scaled(found.flops_weights + found.flops_attention, "FLOP"),
      `${scaled(found.flops_weights, "FLOP")} by the weights, ${scaled(found.flops_attention, "FLOP")} to look back`,
    ],
    one: [speed("one"), times("one")],
    many: [speed("many"), times("many")],
    reading: [speed("reading"), times("reading")],
    turn: turns,
  };
}

// ---------- controls ----------

const NUMBERS = Object.keys(LABELS);
const NAMES = ["blocks", "tied", "weights", "cache", ...NUMBERS];
const BLOCKS = [["llama", "as Llama's"], ["gpt2", "as GPT-2's"]];
const OWN = "own numbers";

function field(name, oninput) {
  const input = h("input", { type: "number", "data-field": name, step: "any", oninput });
  const unit = RATES.includes(name) ? 1e9 : 1;
  return {
    element: h("label", {}, span("", LABELS[name]), input),
    input,
    read: () => (input.value === "" ? NaN : Number(input.value) * unit),
    show: (value) => input.value = String(Number((value / unit).toPrecision(12))),
  };
}

function render({ model, el }) {
  const set = setter(model);
  const [presets, machines, kinds] = ["presets", "machines", "kinds"].map((name) => model.get(name));
  const most = model.get("most");
  const values = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  const names = (all) => [OWN, ...Object.keys(all)].map((name) => [name, name]);
  const bits = Object.keys(kinds).map((kind) => [kind, `${kind}: ${8 * kinds[kind]} bits`]);
  const fields = Object.fromEntries(NUMBERS.map((name) => [name, field(name, () => take({}))]));

  const preset = choiceField("Model", "preset", names(presets), (name) => name in presets && put(presets[name]));
  const machine = choiceField("Machine", "machine", names(machines), (name) => {
    if (name in machines) put(Object.fromEntries(RATES.map((rate, i) => [rate, machines[name][i]])));
  });
  const blocks = choiceField("Blocks", "blocks", BLOCKS, (name) => take({ blocks: name }));
  const weights = choiceField("Weights", "weights", bits, (name) => take({ weights: name }));
  const cache = choiceField("Keys and values", "cache", bits, (name) => take({ cache: name }));
  const tied = checkField("The output is the embedding", "tied", (tied) => take({ tied }));
  tied.element.classList.add("lmc-ca-tied");
  const status = h("p", { class: "lmc-ca-status", role: "status" });
  const picture = roofline();

  const cells = Object.entries(ROWS).map(([name, text]) => {
    const [value, said] = [numberCell(), cell("lmc-ca-said")];
    const element = row("", rowName("", text), value, said);
    return { name, value, said, element };
  });
  const numbers = table("Memory and speed", "", ...cells.map((each) => each.element));
  const some = (list) => list.map((name) => fields[name].element);
  const sizes = h("details", {}, h("summary", {}, "Its sizes"));
  sizes.append(
    group("lmc-ca-fields", "Sizes of the model", ...some(NUMBERS.slice(0, 7)), blocks.element, tied.element),
  );
  const few = model.get("n_texts");
  const task = firstTask(`Put “${LABELS.n_texts}” from ${few} to ${2 * few}: are twice as many tokens written?`);
  task.element.hidden = 2 * few > most.n_texts;
  const root = section(
    "calculator",
    "Memory and speed calculator",
    "How much memory, and how fast at most?",
    task.element,
    div("lmc-ca-model", preset.element, sizes),
    group("lmc-ca-fields", "Numbers and texts", weights.element, cache.element, ...some(["n_seen", "n_texts"])),
    group("lmc-ca-fields", "Machine", machine.element, ...some(RATES)),
    status,
    div("lmc-ca-halves", numbers, picture.element),
  );

  // All fields as they stand, with what has been chosen; kept if they go together, and otherwise said why not.
  function take(chosen) {
    const lab = { ...values(), ...Object.fromEntries(NUMBERS.map((name) => [name, fields[name].read()])), ...chosen };
    put(lab);
  }
  function put(some) {
    const lab = { ...values(), ...some };
    const wrong = problem(lab, most);
    complain(wrong);
    if (wrong) return;
    set(lab);
  }
  function complain(wrong) {
    if (wrong && sizes.contains(fields[wrong[0]]?.input)) sizes.open = true;
    NUMBERS.forEach((name) =>
      fields[name].input.setAttribute("aria-invalid", String(Boolean(wrong && wrong[0] === name)))
    );
    root.classList.toggle("lmc-ca-wrong", Boolean(wrong));
    if (wrong) say(status, `${wrong[1]} What stands below is of the last numbers that fitted.`);
  }

  const same = (one, other) => Object.keys(one).every((name) => one[name] === other[name]);
  function verdict(lab, found) {
    const slow = found.many_fetching >= found.many_multiplying ? "fetching from memory" : "multiplying";
    return `${plural(lab.n_texts, "text")} of ${plural(lab.n_seen, "token")}: ${
      scaled(found.memory, "B")
    }, and at most ` +
      `${three(found.many_speed)} tokens/s. ${slow[0].toUpperCase()}${slow.slice(1)} decides.`;
  }

  // What more texts at a time bring, all else as it stands.
  function comparison(lab, found, before) {
    const times = found.many_speed / before.many_speed;
    const why = found.many_fetching < found.many_multiplying
      ? "By now multiplying decides."
      : "Memory decides: the weights are fetched once for all texts, keys and values for each.";
    return `With ${grouped(lab.n_texts)} texts instead of ${few} it is ${three(times)} times as many a second. ${why}`;
  }

  function update() {
    const lab = values();
    const found = measures(lab, kinds);
    NUMBERS.forEach((name) => {
      if (fields[name].read() !== lab[name]) fields[name].show(lab[name]); // what is being written is left alone
    });
    fields.context_length.element.hidden = lab.blocks !== "gpt2";
    blocks.show(lab.blocks);
    weights.show(lab.weights);
    cache.show(lab.cache);
    tied.show(lab.tied);
    preset.show(Object.keys(presets).find((name) => same(presets[name], lab)) || OWN);
    machine.show(
      Object.keys(machines).find((name) => RATES.every((rate, i) => lab[rate] === machines[name][i])) || OWN,
    );
    complain(null);
    const shown = results(lab, found);
    cells.forEach(({ name, value, said }) => {
      say(value, shown[name][0]);
      say(said, shown[name][1]);
    });
    picture.show(lab, found);
    say(status, verdict(lab, found));
    if (lab.n_texts >= 2 * few) task.check(comparison(lab, found, measures({ ...lab, n_texts: few }, kinds)));
    root.dataset.measures = JSON.stringify(found); // for the tests
  }

  return mount({ model, el }, root, { follows: NAMES, update });
}

export default { render };
