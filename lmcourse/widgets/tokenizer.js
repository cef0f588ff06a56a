// The tokenizer explorer, drawn; tokenizer_schemes.js has the tokenizers.

import { bytesOf, compile, readBytes } from "./tokenizer_schemes.js";
import {
  bar,
  bidi,
  button,
  checkField,
  column,
  div,
  firstTask,
  freshName,
  group,
  grouped,
  h,
  markOne,
  mount,
  mute,
  note,
  numberCell,
  percent,
  plural,
  row,
  rowName,
  say,
  section,
  setter,
  span,
  stepper,
  table,
  textArea,
  track,
  visible,
} from "./ui.js";

const MAX_TEXT = 2000;
const MAX_CHIPS = 2000;
const PREVIEW = 48;
const EXAMPLES = [
  ["English", "The mouse that the cat didn't see ate the cheese."],
  ["Chinese", "南京市长江大桥"],
  ["numbers", "3.14159 and 1,000,000"],
  ["code", "for i in range(10):\n    print(i)\n"],
  ["emoji", "naïve café 👩‍🚀🚀"],
];

const INVISIBLE = /^[\p{C}\p{Z}]$/u;
const GLUE = /^[\u200d\ufe0e\ufe0f\u{e0020}-\u{e007f}]$/u; // what holds an emoji of several characters together
const hex = (n, digits) => n.toString(16).toUpperCase().padStart(digits, "0");

// A token's text with everything in it visible: marks for white space, code points of what has no shape of its own.
function glyphs(text) {
  const found = [];
  let plain = "";
  const flush = () => {
    if (plain) found.push(plain);
    plain = "";
  };
  for (const character of text) {
    if (character === " " || character === "\n" || character === "\t") {
      flush();
      found.push(span("lmc-white", visible(character)));
    } else if (INVISIBLE.test(character) && !(plain && GLUE.test(character))) {
      flush();
      found.push(span("lmc-hex", `U+${hex(character.codePointAt(0), 4)}`));
    } else plain += !plain && !found.length && /\p{M}/u.test(character) ? `◌${character}` : character;
  }
  flush();
  return found;
}

function face(token, bytes) {
  const read = bytes ? readBytes(token) : [[token, null]];
  const parts = [];
  let text = "";
  const flush = () => {
    if (text) parts.push(...glyphs(text));
    text = "";
  };
  for (const [characters, byte] of read) {
    if (byte === null) text += characters;
    else {
      flush();
      parts.push(span("lmc-hex", hex(byte, 2)));
    }
  }
  flush();
  return parts;
}

const faceOf = (...given) => bidi(span("lmc-face", ...face(...given)));

function plainText(token, bytes) {
  if (!bytes) return visible(token);
  return readBytes(token).map(([text, byte]) => (byte === null ? visible(text) : `<${hex(byte, 2)}>`)).join("");
}

// A text field that keeps the first characters only, and says so. `under` is the line below it.
function textField(set) {
  const input = () => {
    const signs = [...area.value];
    const cut = signs.length > MAX_TEXT;
    tooLong.textContent = cut ? `Only the first ${grouped(MAX_TEXT)} characters are kept. ` : "";
    if (cut) area.value = signs.slice(0, MAX_TEXT).join("");
    set({ step: null, text: area.value });
  };
  const area = textArea("Text to tokenize", { rows: 2, oninput: input });
  const tooLong = h("span", { class: "lmc-too-long", role: "status" });
  const size = span("");
  const examples = EXAMPLES.map(([label, text]) => button(label, () => set({ step: null, text })));
  const under = div("lmc-under", span("", tooLong, size), group("lmc-examples", "Examples", "Try", ...examples));
  function show(text) {
    size.textContent = `${plural([...text].length, "character")}, ${plural(bytesOf(text).length, "byte")} of UTF-8`;
    if (area.value === text) return;
    area.value = text;
    tooLong.textContent = "";
  }
  return { elements: [area, under], show };
}

// One line of the table: what a scheme makes of the text, in numbers and as a preview.
function schemeRow(scheme, names, choose) {
  const radio = h("input", { type: "radio", name: names, value: scheme.name, onchange: choose });
  const [preview, fill] = [mute(span("lmc-preview")), bar("lmc-fill")];
  const [count, perCharacter, perToken] = [numberCell("", "lmc-count"), numberCell(), numberCell()];
  const name = rowName("lmc-name", h("label", {}, radio, span("", scheme.name)));
  const element = row("", name, track(fill), count, perCharacter, perToken, preview);
  element.dataset.scheme = scheme.name;
  element.addEventListener("click", (event) => {
    if (!event.target.closest("label")) radio.click();
  });
  function show(tokens, text, most) {
    const n = tokens.length;
    fill.style.width = percent(n / most);
    count.textContent = grouped(n);
    perCharacter.textContent = text ? (n / [...text].length).toFixed(2) : "–";
    perToken.textContent = n ? (bytesOf(text).length / n).toFixed(2) : "–";
    element.dataset.tokens = n;
    preview.replaceChildren(
      ...tokens.slice(0, PREVIEW).map((token, i) =>
        span(
          `lmc-chip lmc-hue-${i % 4} ${isUnknown(token, scheme) ? "lmc-unknown" : ""}`,
          faceOf(token[0], scheme.bytes && token[1] !== null),
        )
      ),
    );
  }
  return { scheme, element, radio, show };
}

const isUnknown = ([, id, word], scheme) => (id === null && scheme.kind !== "words") || word !== undefined;

// A token in a box, with its id if that is asked for.
function chip(token, scheme, hue, { fresh, ids }) {
  const [text, id, word] = token;
  const unknown = isUnknown(token, scheme);
  const bytes = scheme.bytes && id !== null;
  const told = word !== undefined
    ? `${text}: the word “${word}” is unknown`
    : unknown
    ? "unknown: it has no id"
    : `token “${plainText(text, bytes)}”${id === null ? "" : `, id ${id}`}`;
  const kinds = ["lmc-chip", `lmc-hue-${hue}`, ...(unknown ? ["lmc-unknown"] : []), ...(fresh ? ["lmc-fresh"] : [])];
  const element = h("li", { class: kinds.join(" "), title: told }, faceOf(text, bytes));
  if (id !== null) element.dataset.id = id;
  if (ids) element.append(h("small", {}, id === null ? (unknown ? "?" : "–") : String(id)));
  return element;
}

function explanation(scheme, tokens) {
  const unknown = tokens.filter((token) => isUnknown(token, scheme)).length;
  const partial = ([token, id]) => id !== null && readBytes(token).some(([, byte]) => byte !== null);
  const notes = [];
  if (scheme.kind === "characters") notes.push("The id of a character is its code point.");
  if (scheme.bytes && tokens.some(partial)) {
    notes.push("Two hexadecimal digits are a byte that is only part of a character.");
  }
  if (scheme.kind === "words") {
    notes.push("What stands between white space; words have no ids before there is a vocabulary.");
  }
  if (scheme.kind === "wordpiece") notes.push("## marks a token that goes on with a word; white space is dropped.");
  if (scheme.kind === "unigram") notes.push("Of all ways to cut a piece, the most probable one.");
  if (unknown) notes.push(`${unknown} in a dashed box ${unknown === 1 ? "is" : "are"} unknown here.`);
  return notes.join(" ");
}

// What the merge that happened last was, in words.
function mergeInWords(scheme, { steps, k }, count) {
  const name = (id) => `“${plainText(scheme.tokens[id], scheme.bytes)}”`;
  const left = plural(count, "token");
  if (!steps.length) return "No two neighbours in this text are in the table of merges.";
  if (!k) {
    return `The start: ${grouped(count)} single ${scheme.bytes ? "bytes" : "characters"}. ` +
      "Of all pairs of neighbours, the one that was learned first is merged next.";
  }
  const now = steps[k - 1];
  return `Merge ${k}: ${name(now.left)} + ${name(now.right)} → ${name(now.made)}, number ${
    grouped(now.rank + 1)
  } of the ` +
    `${grouped(scheme.merges)} learned, in ${plural(now.places, "place")}. ${left} ${count === 1 ? "is" : "are"} left.`;
}

// All merges of the text as a list to choose from, made only when it is unfolded.
function mergeList(go) {
  const list = h("ol", { class: "lmc-merges", "aria-label": "Merges of this text, in the order in which they happen" });
  const details = h("details", {}, h("summary", {}, "All merges of this text"), list);
  let listed = null; // the text and scheme whose merges the list shows
  function item(scheme, step, i) {
    const name = (id) => h("bdi", {}, `“${plainText(scheme.tokens[id], scheme.bytes)}”`);
    const line = button("", () => go(i + 1), { "data-step": i + 1 });
    line.append(
      span("lmc-number", String(i + 1)),
      span("lmc-pair", ...[name(step.left), " + ", name(step.right), " → ", name(step.made)]),
      span("lmc-number", `no. ${grouped(step.rank + 1)}`),
      span("lmc-number", `× ${step.places}`),
    );
    return h("li", {}, line);
  }
  function show(scheme, { steps, k }, text) {
    const key = JSON.stringify([scheme.name, text]);
    if (listed !== key && details.open) {
      listed = key;
      list.replaceChildren(...steps.map((step, i) => item(scheme, step, i)));
    }
    const all = list.querySelectorAll("button");
    all.forEach((each, i) => each.classList.toggle("lmc-done", i < k));
    markOne(all, k - 1, "aria-current", "step");
    const current = list.querySelector("[aria-current]");
    if (current) list.scrollTop = current.offsetTop - list.clientHeight / 2;
  }
  return { details, show };
}

function render({ model, el }) {
  const schemes = model.get("schemes").map(compile);
  const names = freshName();
  const set = setter(model);
  const field = textField(set);
  const rows = schemes.map((scheme) => schemeRow(scheme, names, () => set({ step: null, scheme: scheme.name })));
  const head = row(
    "lmc-head",
    column("", "scheme"),
    mute(span("")),
    column("lmc-number", "tokens"),
    column("lmc-number", "tokens per", h("br"), "character"),
    column("lmc-number", "bytes per", h("br"), "token"),
  );

  // The chosen one
  const title = h("div", { class: "lmc-subtitle", role: "status" });
  const idBox = checkField("ids", "ids", (ids) => set({ ids }));
  idBox.element.classList.add("lmc-check");
  const chips = h("ol", { class: "lmc-chips", tabindex: 0, "aria-label": "Tokens" });
  const [rest, explain] = [note(), note()];

  // Its merges
  let state = { steps: [], k: 0, at: (_k) => [] };
  const steps = stepper("Merges applied", "merge", 700, {
    at: () => state.k,
    last: () => state.steps.length,
    go: (step) => set({ step }),
  });
  const said = h("div", { class: "lmc-merge", role: "status" });
  const list = mergeList(steps.to);
  list.details.addEventListener("toggle", () => drawDetail());
  const merges = group("lmc-stepper", "Merges, one by one", ...steps.elements, said, list.details);

  const task = firstTask("Try “Chinese”: which schemes have no token for it?");
  const root = section(
    "tokenizer",
    "Tokenizer explorer",
    "One text, cut into tokens in several ways",
    task.element,
    ...field.elements,
    table("Tokens in each scheme", "", head, ...rows.map((each) => each.element)),
    div(
      "lmc-detail",
      div("lmc-detail-head", title, idBox.element),
      chips,
      rest,
      explain,
      merges,
    ),
  );

  let drawn = null; // the text that the table shows, and its tokens in each scheme
  function drawTable() {
    const text = model.get("text");
    field.show(text);
    if (drawn && drawn.text === text) return;
    drawn = { text, tokens: schemes.map((scheme) => scheme.encode(text)) };
    const most = Math.max(1, ...drawn.tokens.map((tokens) => tokens.length));
    rows.forEach((each, i) => each.show(drawn.tokens[i], text, most));
    if (/\p{Script=Han}/u.test(text)) task.check(whoKnows());
  }

  // Which schemes have tokens for all of the text, and how many it takes; words have no ids to look for.
  function whoKnows() {
    const found = schemes.map((scheme, i) => ({
      name: `“${scheme.name}”`,
      count: drawn.tokens[i].length,
      lacks: drawn.tokens[i].some((token) => isUnknown(token, scheme)),
    })).filter((_, i) => schemes[i].kind !== "words");
    const lacking = found.filter(({ lacks }) => lacks).map(({ name }) => name);
    const able = found.filter(({ lacks }) => !lacks).map(({ name, count }) => `${name} ${grouped(count)}`);
    const first = lacking.length ? `Some are lacking in ${lacking.join(", ")}.` : "None is lacking anywhere.";
    return `${first} Tokens needed: ${able.join(", ")}.`;
  }

  function drawChips(tokens, scheme, made) {
    chips.replaceChildren(
      ...tokens.slice(0, MAX_CHIPS).flatMap((token, i) => {
        const box = chip(token, scheme, i % 4, { fresh: made !== null && token[1] === made, ids: model.get("ids") });
        return token[0].endsWith("\n") ? [box, mute(h("li", { class: "lmc-break" }))] : [box];
      }),
    );
    rest.textContent = tokens.length > MAX_CHIPS ? `… and ${grouped(tokens.length - MAX_CHIPS)} more` : "";
  }

  // Where the merges stand, the tokens there, and the one that was made last.
  function merged(scheme, tokens) {
    state = scheme.mergeSteps(model.get("text"));
    const wanted = model.get("step");
    state.k = wanted === null ? state.steps.length : Math.min(wanted, state.steps.length);
    const done = state.k === state.steps.length;
    const now = state.k ? state.steps[state.k - 1] : null;
    const shown = done ? tokens : state.at(state.k);
    steps.show();
    say(said, mergeInWords(scheme, state, shown.length));
    list.show(scheme, state, model.get("text"));
    Object.assign(root.dataset, { steps: state.steps.length, rank: now ? now.rank : "" });
    return { tokens: shown, made: wanted !== null && now ? now.made : null, done };
  }

  function drawDetail() {
    const chosen = schemes.findIndex((scheme) => scheme.name === model.get("scheme"));
    const scheme = schemes[chosen];
    rows.forEach((each, i) => {
      each.radio.checked = i === chosen;
      each.element.classList.toggle("lmc-on", i === chosen);
    });
    idBox.show(model.get("ids"));
    merges.hidden = !scheme.mergeSteps;
    if (!scheme.mergeSteps) steps.stop();
    const all = { tokens: drawn.tokens[chosen], made: null, done: true };
    const { tokens, made, done } = scheme.mergeSteps ? merged(scheme, all.tokens) : all;
    drawChips(tokens, scheme, made);
    const partly = done ? "" : ` after ${state.k} of ${state.steps.length} merges`;
    title.textContent = `${scheme.name}: ${plural(tokens.length, "token")}${partly}`;
    explain.textContent = explanation(scheme, tokens);
    Object.assign(root.dataset, { scheme: scheme.name, tokens: tokens.length, step: scheme.mergeSteps ? state.k : "" });
  }

  function update() {
    drawTable();
    drawDetail();
  }
  return mount({ model, el }, root, { follows: ["text", "scheme", "step", "ids"], update, teardown: steps.stop });
}

export default { render };
