// Surprise reader. The prepared texts come scored from Python; another text is scored by the model in the browser
// (real_model_worker.js) or in the notebook's kernel (real_model_kernel.py), which answer alike.

import { modelLoader } from "./real_model_loader.js";
import { bitsText, candidateTable, dearest, shades, strip, unpacked } from "./real_model_tokens.js";
import {
  button,
  choiceOf,
  div,
  firstTask,
  grouped,
  h,
  mount,
  note,
  number,
  plural,
  say,
  section,
  setter,
  textArea,
  visible,
} from "./ui.js";

const [MAX_TEXT, TOP] = [4000, 5]; // characters, candidates

// ---------- arithmetic ----------

// What a text costs: tokens, bytes, bits; and bits a token and a byte, if there is any.
export function costs(tokens, text) {
  const bits = tokens.reduce((sum, token) => sum + token.bits, 0);
  const bytes = new TextEncoder().encode(text).length;
  return { tokens: tokens.length, bytes, bits, perToken: bits / tokens.length || 0, perByte: bits / bytes || 0 };
}

// The longest run of tokens that a text says again, the first of equals: where it begins, where again, how many tokens.
// Null where none has a letter.
export function saidAgain(tokens) {
  const same = (i, j) => tokens[i].text === tokens[j].text;
  let best = null;
  for (let i = 0; i < tokens.length; i++) {
    for (let j = i + 1; j < tokens.length; j++) {
      let length = 0;
      while (i + length < j && j + length < tokens.length && same(i + length, j + length)) length++;
      const lettered = tokens.slice(i, i + length).some(({ text }) => /\p{L}/u.test(text));
      if (lettered && length > (best?.length || 0)) best = { first: i, second: j, length };
    }
  }
  return best;
}

// The probability that costs so many bits, for the eye.
export function chance(bits) {
  return bits < 11 ? number(2 ** -bits) : `one in ${grouped(Number((2 ** bits).toPrecision(2)))}`;
}

// ---------- drawing ----------

function render({ model, el }) {
  const set = setter(model);
  const loader = modelLoader(model, () => update(), { kernel: true });
  const prepared = model.get("texts").map(({ name, text, tokens }) => ({ name, text, tokens: tokens.map(unpacked) }));

  let own = null; // {text, tokens, whole}: what has been read of the reader's own, and whether that is all
  let job = null; // what reads it now
  let trouble = ""; // what went wrong with it

  // --- what is shown
  const names = [...prepared.map(({ name }) => name), "Your own"];
  const choices = choiceOf("Texts", "text", names.map((name, i) => [i, name]), (shown) => set({ shown }));
  const twice = prepared.findIndex(({ tokens }, i) => i !== model.get("shown") && saidAgain(tokens)?.length > 1);
  const task = firstTask(`Choose “${names[twice]}”: what does it cost to say the same again?`);
  task.element.hidden = twice < 0;
  const missing = h("p", { class: "lmc-remark" });
  const written = strip("The text, token by token", (at) => look(at));
  const legend = shades();
  const total = h("p", { class: "lmc-remark", role: "status" });
  const told = h("p", { class: "lmc-told" });
  const candidates = candidateTable(TOP);
  const details = div("lmc-rm-details", told, candidates.element);
  const area = textArea("A text of your own", {
    ...{ maxlength: MAX_TEXT, placeholder: "Paste a text", oninput: () => set({ text: area.value }) },
  });
  const go = button("Read it", () => read(), { class: "lmc-run" });
  const stop = button("Stop", () => loader.cancel(job));
  const root = section(
    "surprise_reader",
    "Surprise reader",
    "What surprises a real model",
    task.element,
    choices.element,
    missing,
    div("lmc-rm-box", written.element, legend),
    total,
    details,
    div(
      "lmc-detail",
      div("lmc-subtitle", "A text of your own"),
      loader.element,
      area,
      div("lmc-buttons lmc-sr-buttons", go, stop),
    ),
    note(
      "The surprise of a token is minus the binary logarithm of the probability that the model, SmolLM2 with 135 " +
        "million parameters, gave it after all that stands before it. Before the text stands the token that " +
        "separated texts in training. ⟨E8⟩ is a byte, part of a character.",
    ),
  );

  // --- reading
  function read() {
    const text = area.value;
    if (loader.state() !== "ready" || job || !text) return;
    trouble = "";
    own = { text, tokens: [], whole: false };
    drawn = null;
    job = loader.ask("score", { prompt: { text, start: true } }, grow);
    set({ shown: prepared.length });
    update();
  }
  function grow({ tokens = [], failed, canceled, done }) {
    for (const token of tokens) {
      own.tokens.push(token);
      if (drawn === own) written.append(token);
    }
    if (done) {
      job = null;
      trouble = failed || "";
      own.whole = !failed && !canceled;
      root.dataset.read = String(Number(root.dataset.read || 0) + 1); // for the tests
      if (drawn === own) look(dearest(own.tokens));
    }
    update();
  }

  // --- what is drawn
  let drawn = null; // whose tokens the strip has
  function look(at) {
    const token = written.tokenAt(at);
    if (!token) return;
    written.chosen(at);
    told.textContent = `“${visible(token.text)}” cost ${bitsText(token.bits)}, probability ${chance(token.bits)}. ` +
      "Expected were:";
    candidates.show(token);
    root.dataset.looked = String(at);
  }
  function saidOf(reading) {
    if (reading === own && trouble) return `That did not work: ${trouble}.`;
    if (!reading) return "Nothing has been read yet: the field for it is below.";
    if (reading === own && job) return `Reading: ${plural(own.tokens.length, "token")} …`;
    const { tokens, bytes, bits, perToken, perByte } = costs(reading.tokens, reading.text);
    const part = reading === own && !own.whole;
    Object.assign(root.dataset, { bits: bits.toFixed(4), perByte: part ? "" : perByte.toFixed(5) });
    const said = `${bits.toFixed(1)} bits, ${perToken.toFixed(2)} a token`;
    if (part) return `Stopped after ${plural(tokens, "token")}: ${said}.`;
    return `${plural(tokens, "token")}, ${plural(bytes, "byte")}: ${said}, ${perByte.toFixed(2)} a byte.`;
  }
  function costsAgain(tokens) {
    const { first, second, length } = saidAgain(tokens);
    const run = (begin) => tokens.slice(begin, begin + length);
    const [once, again] = [first, second].map((begin) => bitsText(costs(run(begin), "").bits));
    return `“${
      visible(run(first).map(({ text }) => text).join(""))
    }” cost ${once} the first time, ${again} the second.`;
  }
  function update() {
    const shown = model.get("shown");
    const reading = prepared[shown] || own;
    choices.show(shown);
    if (shown === twice) task.check(costsAgain(prepared[twice].tokens));
    const why = model.get("missing");
    missing.hidden = !why;
    missing.textContent = `There are no prepared texts: where this page was made, the model was missing. ${why}`;
    if (area.value !== model.get("text")) area.value = model.get("text");
    if (drawn !== reading) {
      drawn = reading;
      written.clear();
      (reading?.tokens || []).forEach(written.append);
      written.element.scrollTop = 0;
      if (reading && !(reading === own && job)) look(dearest(reading.tokens));
    }
    say(total, saidOf(reading));
    const empty = !reading?.tokens.length;
    written.element.hidden = legend.hidden = empty;
    details.hidden = empty || (reading === own && Boolean(job));
    const state = loader.state();
    area.readOnly = Boolean(job);
    go.disabled = state !== "ready" || Boolean(job) || !area.value;
    stop.disabled = !job;
    Object.assign(root.dataset, { state, busy: job ? "yes" : "", tokens: String(written.count()) });
  }

  const taken = mount({ model, el }, root, {
    follows: ["shown", "text", "missing"],
    update,
    teardown: () => loader.end(),
  });
  loader.watch();
  return taken;
}

export default { render };
