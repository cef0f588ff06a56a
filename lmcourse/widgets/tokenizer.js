// The tokenizer explorer. First the tokenizers, the same as lmcourse/tokenization and tested against it; then the
// drawing. A token of bytes is a string whose characters are the bytes, 0 to 255.

import {
  bar,
  button,
  column,
  div,
  firstTask,
  group,
  grouped,
  h,
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
  track,
  visible,
} from "./ui.js";

// ---------- tokenizers ----------

// White space as Python's `regex` sees it (JavaScript's own \s has U+FEFF and lacks U+0085), and as str.split does.
const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const BLANK = new RegExp(`[\\x1c-\\x1f${SPACE}]+`, "u");
const ALL_BLANK = new RegExp(`^[${SPACE}]+$`, "u");
const ASCII = "$+<=>^`|~"; // signs that are no punctuation to Unicode, but to BERT
const [BIG, SMALL] = ["\\p{Lu}\\p{Lt}", "\\p{Ll}"].map((letters) => `[${letters}\\p{Lm}\\p{Lo}\\p{M}]`);
const BEFORE = "[^\\r\\n\\p{L}\\p{N}]?";
const ENDING = "(?:'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE]))?"; // ſ is a small s to Unicode
const PATTERNS = {
  gpt2: `'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`,
  gpt4o: `${BEFORE}${BIG}*${SMALL}+${ENDING}|${BEFORE}${BIG}+${SMALL}*${ENDING}|\\p{N}{1,3}` +
    `| ?[^${SPACE}\\p{L}\\p{N}]+[\\r\\n/]*|[${SPACE}]*[\\r\\n]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`,
  bert: `[^${SPACE}\\p{P}${ASCII}]+|[\\p{P}${ASCII}]`,
  words: ` ?[^${SPACE}]+|[${SPACE}]+`,
  whole: "[^]+",
};
const EXPRESSIONS = Object.fromEntries(Object.entries(PATTERNS).map(([name, text]) => [name, new RegExp(text, "gu")]));

// The pieces of a text; what the pattern leaves out is a piece too.
export function pieces(text, pattern) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(EXPRESSIONS[pattern])) {
    if (match.index > end) found.push(text.slice(end, match.index));
    found.push(match[0]);
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push(text.slice(end));
  return found;
}

// UTF-8; half a surrogate pair is written as if it were a character.
export function bytesOf(text) {
  let bytes = "";
  for (const character of text) {
    const c = character.codePointAt(0);
    if (c < 0x80) bytes += character;
    else if (c < 0x800) bytes += String.fromCharCode(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) bytes += String.fromCharCode(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else {
      const rest = [12, 6, 0].map((shift) => 0x80 | ((c >> shift) & 63));
      bytes += String.fromCharCode(0xf0 | (c >> 18), ...rest);
    }
  }
  return bytes;
}

// Each occurrence of a pair, from left to right, becomes the token `made`.
function merge(ids, left, right, made) {
  const merged = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      merged.push(made);
      i++;
    } else merged.push(ids[i]);
  }
  return merged;
}

// Results for pieces that were met before; forgotten when there are many.
function remember(compute, cache = new Map()) {
  return (piece) => {
    if (!cache.has(piece)) {
      if (cache.size > 5000) cache.clear();
      cache.set(piece, compute(piece));
    }
    return cache.get(piece);
  };
}

const indexOf = (tokens) => new Map(tokens.map((token, id) => [token, id]));

// A text in runs of characters that can be spelled (true), or cannot: [[known, run], …].
function runs(text, known) {
  const found = [];
  for (const character of text) {
    const last = found[found.length - 1];
    if (last && last[0] === known.has(character)) last[1] += character;
    else found.push([known.has(character), character]);
  }
  return found;
}

// The tokens of a text, run by run: `cut` gives those of a piece.
function cutRuns(text, known, pattern, cut) {
  return runs(text, known).flatMap(([can, run]) =>
    can ? pieces(run, pattern).flatMap(cut) : [...run].map((character) => [character, null])
  );
}

function compileBPE({ alphabet, bytes, merges, pattern }) {
  const ordered = bytes && !alphabet; // all bytes in their order
  const tokens = ordered ? Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)) : [...alphabet];
  const known = indexOf(tokens);
  const ids = new Map(known);
  const numbers = merges ? merges.split(" ").map(Number) : [];
  const table = new Map(); // pair -> its rank, its parts, and the token it makes
  const key = (left, right) => left * 1048576 + right;
  for (let i = 0; i < numbers.length; i += 2) {
    const [left, right] = [numbers[i], numbers[i + 1]];
    const token = tokens[left] + tokens[right];
    if (!ids.has(token)) ids.set(token, tokens.push(token) - 1);
    table.set(key(left, right), { rank: table.size, left, right, made: ids.get(token) });
  }
  // A piece from its alphabet on: the first entry has no merge, each further one has it and the ids after it.
  const history = remember((piece) => {
    let now = [...(bytes ? bytesOf(piece) : piece)].map((sign) => known.get(sign));
    const states = [{ ids: now }];
    for (;;) {
      let first = null;
      for (let i = 0; i + 1 < now.length; i++) {
        const entry = table.get(key(now[i], now[i + 1]));
        if (entry && (!first || entry.rank < first.rank)) first = entry;
      }
      if (!first) return states;
      now = merge(now, first.left, first.right, first.made);
      states.push({ ids: now, merge: first });
    }
  });
  const cut = (text) =>
    (bytes ? [[true, text]] : runs(text, known)).flatMap(([can, run]) =>
      (can ? pieces(run, pattern) : [...run]).map((piece) => [can, piece])
    );
  const spell = (id) => [tokens[id], id];
  const last = remember((piece) => history(piece)[history(piece).length - 1].ids.map(spell));

  // The merges of a whole text in the order in which they happen: at each step the one learned first, everywhere.
  // `at(k)` gives the tokens after k of them.
  function mergeSteps(text) {
    const parts = cut(text);
    const all = new Map(); // piece -> its history, how often it stands there, how far it has come
    for (const [can, piece] of parts) {
      if (!can) continue;
      if (!all.has(piece)) all.set(piece, { states: history(piece), count: 0, done: 0 });
      all.get(piece).count++;
    }
    const steps = [];
    for (let open = [...all.values()];;) {
      open = open.filter(({ states, done }) => done + 1 < states.length);
      if (!open.length) break;
      const next = open.reduce((best, { states, done }) => {
        const entry = states[done + 1].merge;
        return best && best.rank <= entry.rank ? best : entry;
      }, null);
      const moved = open.filter(({ states, done }) => states[done + 1].merge === next);
      const places = moved.reduce(
        (sum, { states, done, count }) => sum + count * (states[done].ids.length - states[done + 1].ids.length),
        0,
      );
      moved.forEach((piece) => piece.done++);
      steps.push({ ...next, places, moved });
    }
    const at = (k) => {
      for (const piece of all.values()) piece.done = 0;
      for (const { moved } of steps.slice(0, k)) moved.forEach((piece) => piece.done++);
      return parts.flatMap(([can, piece]) => {
        if (!can) return [[piece, null]];
        const { states, done } = all.get(piece);
        return states[done].ids.map(spell);
      });
    };
    return { steps, at };
  }
  const encode = (text) => cut(text).flatMap(([can, piece]) => (can ? last(piece) : [[piece, null]]));
  return { encode, mergeSteps, tokens, merges: table.size };
}

function compileWordPiece({ tokens, pattern }) {
  const ids = indexOf(tokens);
  const longest = Math.max(...tokens.map((token) => [...token].length));
  const cut = remember((word) => {
    const signs = [...word];
    const found = [];
    for (let start = 0; start < signs.length;) {
      let end = Math.min(signs.length, start + longest);
      const token = () => (start ? "##" : "") + signs.slice(start, end).join("");
      while (end > start && !ids.has(token())) end--;
      if (end === start) return [["[UNK]", ids.get("[UNK]"), word]];
      found.push([token(), ids.get(token())]);
      start = end;
    }
    return found;
  });
  return { encode: (text) => pieces(text, pattern).filter((piece) => !ALL_BLANK.test(piece)).flatMap(cut) };
}

function compileUnigram({ tokens, scores, pattern }) {
  const ids = indexOf(tokens);
  const logs = scores.split(" ").map(Number);
  const longest = Math.max(...tokens.map((token) => [...token].length));
  // Viterbi from the end; of equally good ways the one whose first token is longer.
  const cut = remember((piece) => {
    const signs = [...piece];
    const best = [...signs.map(() => -Infinity), 0];
    const choice = [];
    for (let start = signs.length - 1; start >= 0; start--) {
      let token = "";
      for (let end = start + 1; end <= Math.min(signs.length, start + longest); end++) {
        token += signs[end - 1];
        if (!ids.has(token)) continue;
        const total = logs[ids.get(token)] + best[end];
        if (total >= best[start] && total > -Infinity) [best[start], choice[start]] = [total, end];
      }
    }
    const found = [];
    for (let start = 0; start < signs.length; start = choice[start]) {
      const token = signs.slice(start, choice[start]).join("");
      found.push([token, ids.get(token)]);
    }
    return found;
  });
  return { encode: (text) => cutRuns(text, ids, pattern, cut) };
}

function compileVocabulary({ tokens, separator }) {
  const ids = indexOf(tokens);
  const split = (text) => (separator ? text.split(BLANK).filter(Boolean) : [...text]);
  return { encode: (text) => split(text).map((token) => [token, ids.has(token) ? ids.get(token) : null]) };
}

const KINDS = {
  characters: () => ({ encode: (text) => [...text].map((character) => [character, character.codePointAt(0)]) }),
  bytes: () => ({ bytes: true, encode: (text) => [...bytesOf(text)].map((byte) => [byte, byte.charCodeAt(0)]) }),
  words: () => ({ encode: (text) => text.split(BLANK).filter(Boolean).map((word) => [word, null]) }),
  vocabulary: compileVocabulary,
  bpe: compileBPE,
  wordpiece: compileWordPiece,
  unigram: compileUnigram,
};

// A scheme, ready for use: `encode` gives [[token, id], …], with null for a token that has no id.
export function compile(scheme) {
  return { ...scheme, ...KINDS[scheme.kind](scheme) };
}

// A token of bytes in stretches: [text, null] where they are whole characters of UTF-8, ["", byte] where not.
export const readBytes = remember((token) => {
  const found = [];
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let i = 0; i < token.length;) {
    let taken = 0;
    for (let size = 1; size <= 4 && i + size <= token.length && !taken; size++) {
      try {
        const bytes = Uint8Array.from(token.slice(i, i + size), (c) => c.charCodeAt(0));
        found.push([decoder.decode(bytes), null]);
        taken = size;
      } catch { /* not whole yet */ }
    }
    if (!taken) found.push(["", token.charCodeAt(i)]);
    i += taken || 1;
  }
  return found;
});

// ---------- drawing ----------

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
  const area = h("textarea", {
    rows: 2,
    dir: "auto",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    "aria-label": "Text to tokenize",
    oninput: input,
  });
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
          span("lmc-face", ...face(token[0], scheme.bytes && token[1] !== null)),
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
  const element = h("li", { class: kinds.join(" "), title: told }, span("lmc-face", ...face(text, bytes)));
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
    const name = (id) => `“${plainText(scheme.tokens[id], scheme.bytes)}”`;
    const line = button("", () => go(i + 1), { "data-step": i + 1 });
    line.append(
      span("lmc-number", String(i + 1)),
      span("lmc-pair", `${name(step.left)} + ${name(step.right)} → ${name(step.made)}`),
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
    list.querySelectorAll("button").forEach((each, i) => {
      each.classList.toggle("lmc-done", i < k);
      if (i === k - 1) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
    });
    const current = list.querySelector("[aria-current]");
    if (current) list.scrollTop = current.offsetTop - list.clientHeight / 2;
  }
  return { details, show };
}

function render({ model, el }) {
  const schemes = model.get("schemes").map(compile);
  const names = `lmc-scheme-${Math.random().toString(36).slice(2)}`;
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
  const idBox = h("input", { type: "checkbox", onchange: () => set({ ids: idBox.checked }) });
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
      div("lmc-detail-head", title, h("label", { class: "lmc-check" }, idBox, "ids")),
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
    idBox.checked = model.get("ids");
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
