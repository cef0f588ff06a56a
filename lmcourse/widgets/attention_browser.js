// Attention browser. The weights of the prepared texts come packed from Python; those of another text from the model in
// the browser (real_model_worker.js) or in the notebook's kernel (real_model_kernel.py), which answer alike.

import { modelLoader } from "./real_model_loader.js";
import { candidateTable, strip } from "./real_model_tokens.js";
import {
  button,
  choiceOf,
  div,
  firstTask,
  group,
  h,
  mount,
  mute,
  note,
  ranked,
  say,
  section,
  setter,
  span,
  textArea,
  visible,
} from "./ui.js";

const [MAX_TEXT, MAX_TOKENS, LEVELS, TOP] = [500, 128, 31, 5]; // characters, tokens, levels of a weight, places shown
// What a head looks at, in the order of KINDS in attention_browser.py; the sign of such heads; what the place is.
const KINDS = [
  ["first token", "⇤", "on the first token"],
  ["previous token", "←", "one place back"],
  ["induction", "↷", "on the place after the same token's earlier occurrence"],
  ["same token", "=", "on the same token's earlier occurrence"],
  ["itself", "○", "on the token itself"],
  ["mixed", "·", ""],
];

// ---------- weights ----------

// What Python's zlib packed.
export async function inflated({ buffer, byteOffset, byteLength }) {
  const packed = new Blob([new Uint8Array(buffer, byteOffset, byteLength)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Of texts of so many tokens each, the weights of a head from a place on those up to it, as a function each.
export function weightsOf(levels, lengths, blocks, heads) {
  let begin = 0;
  return lengths.map((length) => {
    const size = length * (length + 1) / 2;
    const first = begin;
    begin += blocks * heads * size;
    return (block, head, place) => {
      const at = first + (block * heads + head) * size + place * (place + 1) / 2;
      return Array.from(levels.subarray(at, at + place + 1), (level) => level / LEVELS);
    };
  });
}

// The same of a text whose answers (see real_model_worker.js) have come; null where none has.
export function answered(answers, heads, length) {
  return (block, head, place) => {
    const answer = answers.find(({ layers }) => layers.includes(block));
    if (!answer) return null;
    const at = ((answer.layers.indexOf(block) * heads + head) * length + place) * length;
    return Array.from(answer.attention.subarray(at, at + place + 1));
  };
}

// Of the weights from each place the place with the largest one that is neither on the first token nor on itself; the
// last of equals.
export function hardest(weights) {
  const most = weights.map((each) => Math.max(0, ...each.slice(1, -1)));
  return most.lastIndexOf(Math.max(...most));
}

// Where tokens were said before, and what came next comes next again: that place, if from `at` most of the weight, half
// of it at least, is there. Null otherwise.
export function copied(tokens, weights, at) {
  const most = ranked(weights)[0];
  if (weights[most] < 0.5 || most >= at || at + 1 >= tokens.length) return null;
  return tokens[most] === tokens[at + 1] && tokens[most - 1] === tokens[at] ? most : null;
}

// ---------- drawing ----------

// A button for each head: block beside block where there is room, else below block. Arrow keys go through them.
function headGrid(kinds, heads, choose) {
  const buttons = kinds.map((kind, i) => {
    const [name, sign] = KINDS[kind];
    const [block, head] = [Math.floor(i / heads), i % heads];
    const label = `Block ${block + 1}, head ${head + 1}: ${name}`;
    const act = () => choose(block, head);
    const attributes = { class: `lmc-ab-head lmc-ab-${name.split(" ")[0]}`, tabindex: -1, title: label };
    return button(sign, act, { ...attributes, "aria-label": label });
  });
  const element = group("lmc-ab-grid", "Heads; arrow keys go from head to head", ...buttons);
  element.style.setProperty("--heads", String(heads));
  element.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    const beside = buttons[1].offsetTop === buttons[0].offsetTop; // heads of a block, and not blocks
    const [across, down] = beside ? [1, heads] : [heads, 1];
    const steps = { ArrowLeft: -across, ArrowRight: across, ArrowUp: -down, ArrowDown: down };
    const step = steps[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const to = at + step;
    const leaves = Math.abs(step) === 1 && Math.floor(to / heads) !== Math.floor(at / heads);
    if (!buttons[to] || leaves) return;
    buttons[to].focus();
    buttons[to].click();
  });
  function show(block, head) {
    const at = block * heads + head;
    buttons.forEach((each, i) => {
      each.tabIndex = i === at ? 0 : -1;
      each.setAttribute("aria-pressed", String(i === at));
    });
    element.scrollTop = buttons[at].offsetTop - element.clientHeight / 2; // where it has a scroll bar
  }
  const numbers = Array.from({ length: kinds.length / heads }, (_, i) => i % 5 === 4 || !i ? String(i + 1) : "");
  const axis = mute(div("lmc-ab-axis", ...numbers.map((each) => span("", each))));
  const captions = [["wide", "block"], ["narrow", "each line a block, the first above"]];
  const caption = captions.map(([kind, said]) => span(`lmc-ab-${kind}`, said));
  return { elements: [element, axis, mute(div("lmc-ab-caption", ...caption))], show };
}

// What the signs mean, and how many heads have each.
function signs(kinds) {
  const counts = KINDS.map((_, i) => kinds.filter((kind) => kind === i).length);
  return div(
    "lmc-ab-signs",
    ...KINDS.map(([name, sign], i) =>
      span("", mute(span(`lmc-ab-sign lmc-ab-${name.split(" ")[0]}`, sign)), ` ${name} (${counts[i]})`)
    ),
  );
}

function render({ model, el }) {
  const set = setter(model);
  const loader = modelLoader(model, () => update(), { kernel: true });
  const [[blocks, heads], kinds] = [model.get("shape"), model.get("kinds")];
  const prepared = model.get("texts").map(({ tokens }) => ({ tokens, weights: () => null }));

  let own = null; // {text, tokens, answers, weights}: the reader's own text, as far as it was read
  let job = null; // what reads it now
  let trouble = ""; // what went wrong with it
  let broken = ""; // what went wrong with the prepared texts
  let drawn = null; // whose tokens the strip has
  let place = null; // from which is looked; null: from where the head looks hardest

  // --- what is shown
  const names = [...model.get("texts").map(({ name }) => name), "Your own"];
  const choices = choiceOf("Texts", "text", names.map((name, i) => [i, name]), (shown) => set({ shown }));
  const missing = h("p", { class: "lmc-remark" });
  const grid = headGrid(kinds, heads, (block, head) => set({ block, head }));
  const about = h("p", { class: "lmc-remark", role: "status" });
  const text = strip("The text, token by token", (at) => {
    look(at);
    checkTask(at);
  });
  const task = firstTask(
    "Choose tokens that stand in the text a second time: when does the framed head look at the one that comes next?",
  );
  task.element.hidden = !kinds.length;
  const told = h("p", { class: "lmc-told" });
  const where = candidateTable(TOP, {
    ...{ label: "Where it looks most", head: "token and its place", share: "weight" },
    format: (weight) => `${Math.round(100 * weight)} %`,
  });
  const area = textArea("A text of your own", {
    ...{ rows: 2, maxlength: MAX_TEXT, placeholder: "Paste a text", oninput: () => set({ text: area.value }) },
  });
  const go = button("Read it", () => read(), { class: "lmc-run" });
  const stop = button("Stop", () => loader.cancel(job));
  const all = div("lmc-ab-all", ...grid.elements, signs(kinds), about);
  const details = div("lmc-ab-details", text.element, told, where.element);
  const root = section(
    "attention_browser",
    "Attention browser",
    "Where the heads of a real model look",
    task.element,
    all,
    choices.element,
    missing,
    details,
    div(
      "lmc-detail",
      div("lmc-subtitle", "A text of your own"),
      loader.element,
      area,
      div("lmc-buttons lmc-ab-buttons", go, stop),
    ),
    note(
      "A head is called by where more than half of its weight goes on random tokens said twice. Weights of the " +
        "prepared texts are rounded to 1/31, and what is under 1/16 is left out. ⟨E8⟩ is a byte, part of a character.",
    ),
  );

  // --- reading
  function read() {
    const given = area.value;
    if (loader.state() !== "ready" || job || !given) return;
    trouble = "";
    own = null;
    job = loader.ask("tokenize", { prompt: { text: given } }, ({ texts, failed, done, canceled }) => {
      if (texts?.length > MAX_TOKENS) {
        trouble = `a text of ${texts.length} tokens is too long: ${MAX_TOKENS} fit in`;
      } else if (texts) {
        own = { text: given, tokens: texts, answers: [], weights: () => null };
        own.weights = answered(own.answers, heads, texts.length);
      }
      if (done) finish(trouble || failed, canceled); // and the weights are asked for when the text is shown
    });
    set({ shown: prepared.length });
    update();
  }
  // In a page all blocks at once; a notebook takes no such large messages.
  function fetchWeights() {
    const layers = loader.inKernel() ? [model.get("block")] : [...Array(blocks).keys()];
    const reading = own;
    job = loader.ask("attention", { prompt: { text: own.text }, layers }, ({ attention, failed, done, canceled }) => {
      if (attention) reading.answers.push({ layers, attention });
      if (done) finish(failed, canceled);
    });
    update();
  }
  function finish(failed, canceled) {
    job = null;
    trouble = failed || (canceled ? "it was stopped" : "");
    if (trouble) own = null;
    update();
  }

  // --- what is drawn
  function look(at, chosen = at) {
    place = chosen;
    if (!drawn) return;
    text.chosen(at);
    const weights = drawn.weights(model.get("block"), model.get("head"), at);
    text.weigh(weights || []);
    where.element.hidden = !weights;
    told.textContent = weights
      ? `From “${visible(drawn.tokens[at])}”, place ${at + 1}, it looks at:`
      : "The weights are being read …";
    if (weights) {
      const top = ranked(weights).slice(0, TOP).filter((i) => weights[i] > 0);
      where.show({ top: top.map((i) => ({ text: drawn.tokens[i], note: ` (${i + 1})`, p: weights[i] })) });
    }
    Object.assign(root.dataset, { looked: String(at), weights: JSON.stringify(weights) });
  }
  let opened = null; // the place from which was looked at first
  function checkTask(at) {
    const weights = at !== opened && drawn.weights(model.get("block"), model.get("head"), at);
    const to = weights ? copied(drawn.tokens, weights, at) : null;
    if (to === null) return;
    const [here, next] = [at, to].map((i) => `“${visible(drawn.tokens[i])}”`);
    task.check(
      `From ${here}, place ${at + 1}, ${Math.round(100 * weights[to])} % of the weight is on ${next}, place ${
        to + 1
      }: ` +
        `it stood after ${here} there, and comes next here.`,
    );
  }
  function aboutHead() {
    const [block, head] = [model.get("block"), model.get("head")];
    const shares = model.get("shares")[block * heads + head];
    const most = ranked(shares)[0];
    const [kind] = KINDS[kinds[block * heads + head]];
    return `Block ${block + 1}, head ${head + 1}: ${kind}. On random tokens said twice, ` +
      `${shares[most]} % of its weight is ${KINDS[most][2]}.`;
  }
  function update() {
    const [shown, why] = [model.get("shown"), model.get("missing")];
    choices.show(shown);
    const reading = prepared[shown] || own;
    const nothing = why
      ? `There are no heads to show: where this page was made, the model was missing. ${why}`
      : trouble && shown === prepared.length
      ? `That did not work: ${trouble}.`
      : broken && prepared[shown]
      ? broken
      : !reading && !job
      ? "Nothing has been read yet: the field for it is below."
      : "";
    say(missing, nothing);
    missing.hidden = !nothing;
    all.hidden = !kinds.length;
    if (kinds.length) {
      grid.show(model.get("block"), model.get("head"));
      say(about, aboutHead());
    }
    if (drawn !== reading) {
      drawn = reading;
      text.clear();
      (reading?.tokens || []).forEach((each) => text.append({ text: each }));
      place = null;
    }
    if (area.value !== model.get("text")) area.value = model.get("text");
    details.hidden = !drawn;
    if (drawn) {
      const from = (at) => drawn.weights(model.get("block"), model.get("head"), at);
      // It opens where the task's answer is not yet to be seen.
      const free = (at) => opened !== null || copied(drawn.tokens, from(at), at) === null;
      if (place === null && from(0)) place = hardest(drawn.tokens.map((_, at) => free(at) ? from(at) : []));
      if (place !== null) opened ??= place;
      look(place ?? drawn.tokens.length - 1, place);
    }
    const state = loader.state();
    area.readOnly = Boolean(job);
    go.disabled = state !== "ready" || Boolean(job) || !area.value || !blocks;
    stop.disabled = !job;
    Object.assign(root.dataset, { state, busy: job ? "yes" : "", tokens: String(text.count()) });
    const wanted = drawn && drawn === own && !own.weights(model.get("block"), 0, 0);
    if (wanted && state === "ready" && !job) fetchWeights();
  }

  if (prepared.length) {
    inflated(model.get("packed")).then((levels) => {
      const each = weightsOf(levels, prepared.map(({ tokens }) => tokens.length), blocks, heads);
      prepared.forEach((reading, i) => reading.weights = each[i]);
    }).catch((error) => broken = `The weights could not be unpacked (${error.message}).`).then(update);
  }
  const follows = ["shown", "block", "head", "text", "missing"];
  const taken = mount({ model, el }, root, { follows, update, teardown: () => loader.end() });
  loader.watch();
  return taken;
}

export default { render };
