// Transformer live. The arithmetic is in transformer_engine.js and runs in a worker; here is what loads it, asks it and
// draws what it says.

import { DECODER_TRAITS, decoderSettings } from "./decoder_settings.js";
import {
  button,
  cell,
  column,
  div,
  firstTask,
  group,
  grouped,
  h,
  mount,
  mute,
  note,
  number,
  percent,
  plural,
  ranked,
  row,
  rowName,
  say,
  section,
  setter,
  slider,
  span,
  table,
  textArea,
  visible,
  walkable,
} from "./ui.js";

const [MAX_TEXT, SHADED, TOP, PAUSE] = [1000, 8, 5, 200]; // characters, bits, guesses shown, milliseconds
const SURE = 0.9;
const COUNTS = [50, 100, 200, 500];
const EXAMPLES = [
  ["a line learned by heart?", "To be, or not to be: that is the "],
  ["a form", "MACBETH.\nI have done the deed. Didst thou not hear a noise?\n\nLADY MACBETH.\n"],
  ["a name twice", "Enter GORBLIMUS.\n\nGORBLIMUS.\nWho calls? What, is it thou?\n\nGORB"],
];

// ---------- the model behind the page ----------

// The bytes of the weights: from Python where it is there; in a published page from a script beside it, which puts them
// under its name, as text. (A page from disk may not read files, but it may load scripts.)
function weightsOf(model) {
  const here = model.get("weights");
  if (here?.byteLength) return Promise.resolve(new Uint8Array(here.buffer, here.byteOffset, here.byteLength));
  const at = model.get("weights_at");
  if (!at) return Promise.reject(new Error("the page has no weights; run the notebook's cell"));
  return new Promise((resolve, reject) => {
    const shelf = globalThis.lmcWeights = globalThis.lmcWeights || {};
    const name = at.split("/").pop();
    const take = () => resolve(Uint8Array.from(atob(shelf[name]), (c) => c.charCodeAt(0)));
    if (shelf[name]) return take();
    const loader = h("script", { src: at });
    loader.onload = () => shelf[name] ? take() : reject(new Error(`${name} is not what it should be`));
    loader.onerror = () => reject(new Error(`${name} could not be loaded`));
    document.head.append(loader);
  });
}

// A worker with the weights. `on` hears its messages, `failed` what goes wrong.
async function open(model, { on, failed }) {
  const bytes = await weightsOf(model);
  const address = URL.createObjectURL(new Blob([model.get("_worker")], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.onmessage = ({ data }) => data.failed ? failed(data.failed) : on(data);
  worker.onerror = (event) => failed(event.message || "its worker did not start");
  const send = (kind, given = {}) => worker.postMessage({ kind, ...given });
  send("load", { bytes, ...model.get("shape") });
  return { send, end: () => worker.terminate() };
}

// ---------- text ----------

// The ids of the characters that are known, and those that are not, each once.
export function readText(text, tokens) {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const signs = [...text.replace(/\r\n?/g, "\n")];
  const unknown = [...new Set(signs.filter((sign) => !ids.has(sign)))];
  return { ids: signs.filter((sign) => ids.has(sign)).map((sign) => ids.get(sign)), unknown };
}

const list = (signs) => signs.slice(0, 8).map((sign) => `“${visible(sign)}”`).join(", ");
const named = (sign) => ({ " ": "space", "\n": "line end" })[sign] || sign;
const bitsText = (bits) => `${bits.toFixed(2)} bits`;

export function common(a, b) {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

// The characters as buttons that the arrow keys walk through; one of them is chosen. Words stay together.
function strip(choose) {
  const start = mute(span("lmc-tf-start", "↵"));
  const element = group("lmc-tf-strip", "Characters of the text; arrow keys go from one to the next");
  let [cells, signs, word] = [[], [], null];
  function clear() {
    [cells, signs, word] = [[], [], null];
    element.replaceChildren(start, h("br"));
  }
  function append(sign) {
    const at = cells.length;
    const button_ = button(visible(sign), () => choose(at), { class: "lmc-tf-sign", tabindex: -1 });
    button_.addEventListener("focus", () => choose(at));
    button_.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && choose(at, true));
    if (sign === " ") button_.classList.add("lmc-tf-space");
    const ends = sign === " " || sign === "\n";
    if (!word) element.append(word = span("lmc-tf-word"));
    word.append(button_);
    if (sign === "\n") element.append(h("br"));
    if (ends) word = null;
    cells.push(button_);
    signs.push(sign);
  }
  const chosen = walkable(element, () => cells);
  function show(text) {
    if (common(text, signs) < signs.length || !element.firstChild) clear();
    text.slice(signs.length).forEach(append);
  }
  function cost(at, bits) {
    cells[at].style.setProperty("--bits", percent(Math.min(bits / SHADED, 1)));
    cells[at].setAttribute("aria-label", `${named(signs[at])}, ${bitsText(bits)}`);
  }
  // Weights over the window that begins at `begin` (-1: the start), seen from a place.
  function attention(begin, weights, place) {
    [start, ...cells].forEach((each, i) => {
      const weight = weights[i - 1 - begin];
      each.style.setProperty("--weight", percent(weight === undefined ? 0 : weight));
      each.classList.toggle("lmc-tf-unseen", weight === undefined && i - 1 <= place);
    });
  }
  return { element, show, cost, attention, chosen };
}

// ---------- what is inside ----------

const CURVE = 32; // places of the window that a head's curve shows, the last ones

// A button for each head, block above block, with its weights as a curve.
function headGrid(blocks, heads, choose) {
  const buttons = [];
  const lines = Array.from({ length: blocks }, (_, block) => {
    const those = Array.from({ length: heads }, (_, head) => {
      const name = `Block ${block + 1}, head ${head + 1}`;
      const each = button("", () => choose(block, head), { class: "lmc-tf-head", "aria-label": name });
      each.append(mute(div("lmc-tf-curve")));
      buttons.push(each);
      return each;
    });
    return div("lmc-tf-heads", mute(span("", `block ${block + 1}`)), ...those);
  });
  function show(attention, said, block, head) {
    buttons.forEach((each, i) => {
      const weights = attention[i];
      each.setAttribute("aria-pressed", String(i === block * heads + head));
      const most = ranked(weights)[0];
      const back = weights.length - 1 - most;
      const where = back ? `${plural(back, "place")} back` : "on itself";
      const name = `Block ${Math.floor(i / heads) + 1}, head ${i % heads + 1}: ` +
        `most, ${Math.round(100 * weights[most])} %, on ${said(most)}, ${where}`;
      each.setAttribute("aria-label", name);
      each.title = name;
      const steps = weights.slice(-CURVE).flatMap((w, at, { length }) => {
        const left = (CURVE - length + at) / CURVE;
        return [left, left + 1 / CURVE].map((x) => `${percent(x)} ${percent(1 - w)}`);
      });
      each.firstElementChild.style.clipPath = `polygon(0% 100%, ${steps.join(", ")}, 100% 100%)`;
    });
  }
  const caption = note(`Each box is a head: its weights on the last ${CURVE} characters, the chosen one at the right.`);
  return { element: group("lmc-tf-grid", "Heads", caption, ...lines), show };
}

// What the last row of the lens knows of the next token, and from which row on it comes first in every one; null where
// the last is not sure.
export function sureFrom(lens, sure) {
  const firsts = lens.map((row) => ranked(row)[0]);
  const [id] = firsts.slice(-1);
  const p = Math.exp(lens[lens.length - 1][id]);
  return p < sure ? null : { id, p, row: firsts.findLastIndex((each) => each !== id) + 1 };
}

// The best guesses for the next token after each block.
function lensTable(blocks, tokens) {
  const rows = Array.from({ length: blocks + 1 }, (_, n) => {
    const cells = Array.from({ length: TOP }, () => cell("lmc-tf-guess"));
    const name = n ? `after block ${n}` : "embedding";
    return { cells, element: row("", rowName("", name), ...cells) };
  });
  const places = ["1st", "2nd", "3rd", "4th", "5th"].map((place) => column("", place));
  const head = row("lmc-head", column("", "read off"), ...places);
  const element = table("Guesses for the next character", "lmc-tf-lens", head, ...rows.map((each) => each.element));
  function show(lens, next) {
    rows.forEach(({ cells }, n) => {
      ranked(lens[n]).slice(0, TOP).forEach((id, i) => {
        const p = Math.exp(lens[n][id]);
        cells[i].replaceChildren(span("lmc-token", visible(tokens[id])), span("lmc-tf-p", number(p)));
        cells[i].style.setProperty("--weight", percent(p));
        cells[i].classList.toggle("lmc-tf-right", id === next);
      });
    });
  }
  return { element, show };
}

// ---------- all together ----------

function render({ model, el }) {
  const tokens = model.get("tokens");
  const { blocks, heads, context } = model.get("shape");
  const set = setter(model);
  const signOf = (id) => tokens[id];

  let worker = null;
  let state = "waiting"; // loading, ready, failed
  let [jobs, looks] = [0, 0];
  let job = null; // { number, kind }
  let [ids, bits] = [[], []]; // of the text that is shown; bits may lag behind
  let speed = null; // of the last continuation: characters and milliseconds, within the window and beyond it
  let seen = null; // what the worker last said of a place

  // --- what is shown
  const status = h("p", { class: "lmc-status", role: "status" });
  const ask = button(`Load it now (${Math.round(model.get("size") / 1000)} kB)`, () => start());
  const area = textArea("Your text", { maxlength: MAX_TEXT, oninput: () => type(area.value) });
  const problem = h("p", { class: "lmc-remark lmc-tf-problem", role: "status" });
  const examples = EXAMPLES.map(([label, text]) => button(label, () => write(text)));
  const text = strip((place, hover) => choose(place, hover));
  const total = div("lmc-remark lmc-tf-total");
  const legend = mute(div("lmc-shades", span("", "surprise: 0"), span("lmc-tf-scale"), span("", `${SHADED} bits`)));
  legend.append(span("lmc-tf-blue"), span("", "looked at"));
  const told = h("p", { class: "lmc-told", role: "status" });
  const bar = slider("Chosen character", "place", { max: 0, onMove: (place) => choose(place) });
  const grid = headGrid(blocks, heads, (block, head) => set({ block, head }));
  const lens = lensTable(blocks, tokens);
  const ks = tokens.map((_, i) => i + 1);
  const controls = decoderSettings(model, set, {
    ...{ ks, counts: COUNTS, unit: "characters" },
    ...{ write: () => generate(), halt: () => halt(), takeBack: () => write(before) },
  });
  controls.go.textContent = "Continue the text";
  const rate = h("p", { class: "lmc-remark lmc-tf-rate", role: "status" });
  let before = null; // the text before the last continuation

  const inside = div(
    "lmc-tf-inside",
    div("lmc-detail", div("lmc-subtitle", "Whom each head looks at"), told, bar.element, grid.element),
    div("lmc-detail", div("lmc-subtitle", "What the output would say after each block"), lens.element),
  );
  const task = firstTask("Find a character after which the next is almost certain: from which block on is it first?");
  const root = section(
    "transformer",
    "Transformer live",
    `A Transformer with ${grouped(model.get("parameters"))} parameters, in this page`,
    task.element,
    div("lmc-buttons", status, ask),
    area,
    problem,
    group("lmc-examples", "Examples", "Try", ...examples),
    div("lmc-tf-box", text.element, legend, total),
    inside,
    div(
      "lmc-detail",
      div("lmc-subtitle", "Let it go on"),
      controls.sliders,
      controls.buttons,
      rate,
    ),
    note(
      `The model sees ${context} characters, the line end before every text included. In a longer text all move one ` +
        "place to the front at every step, so it reads the whole window again: that is what a character then costs.",
    ),
  );

  // --- loading
  async function start() {
    if (state === "loading" || state === "ready") return;
    state = "loading";
    update();
    try {
      worker = await open(model, { on: hear, failed: fail });
    } catch (error) {
      fail(error.message);
    }
  }
  function fail(reason) {
    state = "failed";
    job = null;
    root.dataset.error = reason;
    update();
  }
  // In a notebook the weights are there already.
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    start();
  });
  if (!model.get("weights_at")) watcher.observe(root);

  // What Python found for the first text, as the worker would say it: shown until there is a worker.
  const opening = model.get("opening");
  const foretold = () => state !== "ready" && opening.text === model.get("text");

  // --- what the worker says
  function hear(message) {
    if (message.loaded) {
      state = "ready";
      update();
    } else if (message.look !== undefined) {
      if (message.look !== looks) return;
      seen = message;
      showInside();
    } else if (job && message.job === job.number) {
      if (job.kind === "generate") grow(message);
      else message.taken.forEach((each) => pay(each));
      if (message.done) finish();
      else showTotal();
    }
  }
  function pay(cost) {
    text.cost(bits.length, cost);
    bits.push(cost);
  }
  function grow({ taken, time, full, fullTime }) {
    for (const { id, bits: cost } of taken) {
      ids.push(id);
      text.show(ids.map(signOf));
      pay(cost);
    }
    speed.within[0] += taken.length - full;
    speed.within[1] += time - fullTime;
    speed.beyond[0] += full;
    speed.beyond[1] += fullTime;
    area.value += taken.map(({ id }) => tokens[id]).join("");
    area.scrollTop = area.scrollHeight;
    showRate();
  }
  function finish() {
    const { kind } = job;
    job = null;
    if (kind === "generate") {
      root.dataset.continued = String(Number(root.dataset.continued || 0) + 1); // for the tests
      write(area.value, true);
    } else {
      update();
    }
  }

  // --- what is asked of it
  function score() {
    if (state !== "ready" || bits.length === ids.length) return;
    job = { number: ++jobs, kind: "score" };
    worker.send("score", { job: job.number, ids, from: bits.length });
  }
  let asked = ""; // the text up to the place that was last asked about
  function inspect() {
    if (foretold()) {
      seen = opening;
      return showInside();
    }
    if (state !== "ready" || !ids.length) return;
    const place = Math.min(model.get("place"), ids.length - 1);
    const now = ids.slice(0, place + 1).join(" ");
    if (now !== asked) worker.send("look", { look: ++looks, ids, place });
    else if (seen) showInside();
    if (now !== asked) seen = null;
    asked = now;
  }
  function generate() {
    if (state !== "ready" || job?.kind === "generate") return;
    take(area.value);
    before = area.value;
    if (bits.length < ids.length) { // what is not yet scored stays so until the continuation is done
      bits.push(...Array(ids.length - bits.length).fill(NaN));
    }
    area.value = ids.map(signOf).join("");
    speed = { within: [0, 0], beyond: [0, 0] };
    const wanted = controls.value();
    const room = MAX_TEXT - ids.length;
    job = { number: ++jobs, kind: "generate" };
    worker.send("generate", { job: job.number, ids, settings: { ...wanted, count: Math.min(wanted.count, room) } });
    update();
  }
  function halt() {
    worker.send("stop");
    finish();
  }

  // --- the text
  let timer = null;
  function type(typed) {
    clearTimeout(timer);
    timer = setTimeout(() => write(typed), PAUSE);
  }
  function write(now, grown = false) {
    clearTimeout(timer);
    if (!grown) [before, speed] = [null, null];
    const { length } = readText(now, tokens).ids;
    set({ text: now, place: Math.max(0, length - 1) });
    update(); // also where the text is the same as before
  }
  let shown = null;
  function take(now) {
    shown = now;
    const read = readText(now.slice(0, MAX_TEXT), tokens);
    say(
      problem,
      read.unknown.length
        ? `The model knows ${tokens.length} characters, and not ${list(read.unknown)}: left out.`
        : "",
    );
    const same = common(ids, read.ids);
    bits.length = Math.min(bits.length, same);
    const lost = bits.findIndex(Number.isNaN);
    if (lost >= 0) bits.length = lost;
    ids = read.ids;
    if (foretold()) bits = [...opening.bits];
    text.show(ids.map(signOf));
    bits.forEach((cost, at) => text.cost(at, cost));
    if (area.value !== now) area.value = now;
  }
  let hovering = null;
  function choose(place, hover = false) {
    if (state !== "ready" || job?.kind === "generate" || place === model.get("place")) return;
    if (hover) {
      clearTimeout(hovering);
      hovering = setTimeout(() => set({ place }), 60);
    } else {
      set({ place });
    }
  }

  // --- what is drawn of it
  const said = (begin) => (s) => (begin + s < 0 ? "the start" : `“${visible(tokens[ids[begin + s]])}”`);
  const opened = model.get("place");
  function knows({ id, p, row }, after) {
    const [next, last] = [after, id].map((each) => `“${visible(tokens[each])}”`);
    return `After ${next} the last block gives ${last} ${number(p)}. It comes first from ${
      row ? `block ${row}` : "the embedding"
    } on.`;
  }
  function showInside() {
    const place = Math.min(model.get("place"), ids.length - 1);
    const [block, head] = [model.get("block"), model.get("head")];
    const weights = seen.attention[block * heads + head];
    grid.show(seen.attention, said(seen.begin), block, head);
    text.attention(seen.begin, weights, place);
    lens.show(seen.lens, ids[place + 1]);
    const known = sureFrom(seen.lens, SURE);
    if (known && place !== opened) task.check(knows(known, ids[place]));
    root.dataset.looked = String(place);
    root.dataset.attention = JSON.stringify(seen.attention.map((row) => row.map((w) => Number(w.toFixed(6)))));
    root.dataset.lens = JSON.stringify(seen.lens.map((row) => row.map((l) => Number(l.toFixed(5)))));
  }
  function showTotal() {
    const paid = bits.filter((cost) => !Number.isNaN(cost));
    const mean = paid.reduce((sum, cost) => sum + cost, 0) / (paid.length || 1);
    total.textContent = paid.length
      ? `${plural(paid.length, "character")}, on average ${bitsText(mean)} each` +
        (bits.length < ids.length ? `; ${ids.length - bits.length} still to be read` : "")
      : "";
    root.dataset.ids = ids.join(" "); // for the tests, as all of these
    root.dataset.bits = JSON.stringify(bits.map((cost) => Number(cost.toFixed(5))));
    const place = Math.min(model.get("place"), ids.length - 1);
    const cost = bits[place];
    const sign = ids.length ? `At “${visible(tokens[ids[place]])}”` : "";
    const price = cost === undefined || Number.isNaN(cost)
      ? ""
      : `, which cost ${bitsText(cost)} (probability ${number(2 ** -cost)})`;
    say(told, ids.length ? `${sign}${price}. From here it looks back, and foretells the next character.` : "");
  }
  function showRate() {
    if (!speed) return say(rate, "");
    const part = (
      [n, time],
      where,
    ) => (n ? `${plural(n, "character")} ${where}at ${grouped(Math.round(1000 * n / time))} a second` : "");
    const parts = [part(speed.within, ""), part(speed.beyond, "with the window full ")];
    say(rate, `${parts.filter(Boolean).join("; ")}.`);
    Object.assign(root.dataset, {
      within: Math.round(1000 * speed.within[0] / (speed.within[1] || 1)),
      beyond: Math.round(1000 * speed.beyond[0] / (speed.beyond[1] || 1)),
    });
  }
  const STATES = {
    waiting: () =>
      "What it makes of this text, seen from the last character, is here. To have it read your own it must come.",
    loading: () => "Loading …",
    ready: () => "Ready: it runs in your browser, and nothing you type leaves it.",
    failed: () => `The model could not start here: ${root.dataset.error}. Reload the page, or open the notebook.`,
  };
  function update() {
    const writing = job?.kind === "generate";
    say(status, STATES[state]());
    status.classList.toggle("lmc-failed", state === "failed");
    ask.hidden = state !== "waiting";
    if (!writing && model.get("text") !== shown) {
      take(model.get("text"));
      job = null;
    }
    if (!job) score();
    const place = Math.max(0, Math.min(model.get("place"), ids.length - 1));
    text.chosen(place);
    bar.input.max = String(Math.max(0, ids.length - 1));
    const sign = ids.length ? visible(tokens[ids[place]]) : "";
    bar.show(place, ids.length ? `${place + 1}: ${sign}` : "", ids.length ? named(tokens[ids[place]]) : "none");
    if (!writing) inspect();
    controls.show({ ready: state === "ready" && ids.length < MAX_TEXT, writing, written: before !== null });
    area.readOnly = writing || state !== "ready";
    [...examples, bar.input].forEach((each) => each.disabled = area.readOnly);
    inside.hidden = !ids.length;
    showTotal();
    showRate();
    Object.assign(root.dataset, { state, busy: job ? job.kind : "" });
  }

  const follows = ["text", "place", "block", "head", ...DECODER_TRAITS];
  const teardown = () => {
    watcher.disconnect();
    clearTimeout(timer);
    clearTimeout(hovering);
    worker?.end();
  };
  return mount({ model, el }, root, { follows, update, teardown });
}

export default { render };
