// The tokenizer explorer; shared.js stands before it. First the tokenizers, the same as lmcourse/tokenization and
// tested against it; then the drawing. A token of bytes is a string whose characters are the bytes, 0 to 255.

// ---------- tokenizers ----------

// White space as Python's `regex` and as str.isspace see it: JavaScript's own \s has U+FEFF and lacks U+0085.
const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const BLANK = new RegExp(`[\\x1c-\\x1f${SPACE}]+`, "u");
const ALL_BLANK = new RegExp(`^[\\x1c-\\x1f${SPACE}]+$`, "u");
const PATTERNS = {
  gpt2: `'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`,
  bert: `[\\p{L}\\p{N}]+|[^${SPACE}\\p{L}\\p{N}]`,
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
    else bytes += String.fromCharCode(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
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
    can ? pieces(run, pattern).flatMap(cut) : [...run].map((character) => [character, null]));
}

function compileBPE({ alphabet, merges, pattern }) {
  const bytes = alphabet === null;
  const tokens = bytes ? Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)) : [...alphabet];
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
  const cut = (text) => (bytes ? pieces(text, pattern).map((piece) => [true, piece])
    : runs(text, known).flatMap(([can, run]) => (can ? pieces(run, pattern) : [...run]).map((piece) => [can, piece])));
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
    for (let open = [...all.values()]; ;) {
      open = open.filter(({ states, done }) => done + 1 < states.length);
      if (!open.length) break;
      const next = open.reduce((best, { states, done }) => {
        const entry = states[done + 1].merge;
        return best && best.rank <= entry.rank ? best : entry;
      }, null);
      const moved = open.filter(({ states, done }) => states[done + 1].merge === next);
      const places = moved.reduce((sum, { states, done, count }) =>
        sum + count * (states[done].ids.length - states[done + 1].ids.length), 0);
      moved.forEach((piece) => piece.done++);
      steps.push({ ...next, places, moved });
    }
    const at = (k) => {
      all.forEach((piece) => { piece.done = 0; });
      steps.slice(0, k).forEach(({ moved }) => moved.forEach((piece) => piece.done++));
      return parts.flatMap(([can, piece]) => {
        if (!can) return [[piece, null]];
        const { states, done } = all.get(piece);
        return states[done].ids.map(spell);
      });
    };
    return { steps, at };
  }
  const encode = (text) => cut(text).flatMap(([can, piece]) => (can ? last(piece) : [[piece, null]]));
  return { encode, bytes, mergeSteps, tokens, merges: table.size };
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
const thousands = (n) => n.toLocaleString("en-GB");

// A token's text with everything in it visible: marks for white space, code points of what has no shape of its own.
function glyphs(text) {
  const found = [];
  let plain = "";
  const flush = () => { if (plain) found.push(plain); plain = ""; };
  for (const character of text) {
    if (character === " " || character === "\n" || character === "\t") {
      flush();
      found.push(h("span", { class: "lmc-white" }, visible(character)));
    } else if (INVISIBLE.test(character) && !(plain && GLUE.test(character))) {
      flush();
      found.push(h("span", { class: "lmc-hex" }, `U+${hex(character.codePointAt(0), 4)}`));
    } else plain += !plain && !found.length && /\p{M}/u.test(character) ? `◌${character}` : character;
  }
  flush();
  return found;
}

function face(token, bytes) {
  const read = bytes ? readBytes(token) : [[token, null]];
  const parts = [];
  let text = "";
  const flush = () => { if (text) parts.push(...glyphs(text)); text = ""; };
  for (const [characters, byte] of read) {
    if (byte === null) text += characters;
    else {
      flush();
      parts.push(h("span", { class: "lmc-hex" }, hex(byte, 2)));
    }
  }
  flush();
  return parts;
}

function plainText(token, bytes) {
  if (!bytes) return visible(token);
  return readBytes(token).map(([text, byte]) => (byte === null ? visible(text) : `<${hex(byte, 2)}>`)).join("");
}

function render({ model, el }) {
  const schemes = model.get("schemes").map(compile);
  const byName = new Map(schemes.map((scheme) => [scheme.name, scheme]));
  const group = `lmc-scheme-${Math.random().toString(36).slice(2)}`;
  const set = (values) => {
    Object.entries(values).forEach(([name, value]) => model.set(name, value));
    model.save_changes();
  };

  // The text
  const area = h("textarea", { rows: 2, spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": "Text to tokenize" });
  const size = h("span", { class: "lmc-size" });
  const tooLong = h("span", { class: "lmc-size lmc-too-long", role: "status" });
  const examples = EXAMPLES.map(([label, text]) =>
    h("button", { type: "button", onclick: () => set({ step: null, text }) }, label));
  area.addEventListener("input", () => {
    const signs = [...area.value];
    const cut = signs.length > MAX_TEXT;
    tooLong.textContent = cut ? `Only the first ${thousands(MAX_TEXT)} characters are kept. ` : "";
    if (cut) area.value = signs.slice(0, MAX_TEXT).join("");
    set({ step: null, text: area.value });
  });

  // The schemes
  const rows = schemes.map((scheme) => {
    const radio = h("input", { type: "radio", name: group, value: scheme.name });
    radio.addEventListener("change", () => set({ step: null, scheme: scheme.name }));
    const parts = {
      preview: h("span", { class: "lmc-preview", "aria-hidden": "true" }),
      bar: h("div", { class: "lmc-bar lmc-fill" }),
      count: h("span", { class: "lmc-number lmc-count", role: "cell" }),
      perCharacter: h("span", { class: "lmc-number", role: "cell" }),
      perToken: h("span", { class: "lmc-number", role: "cell" }),
    };
    const element = h("div", { class: "lmc-row", role: "row", "data-scheme": scheme.name },
      h("span", { class: "lmc-name", role: "rowheader" }, h("label", {}, radio, h("span", {}, scheme.name))),
      h("div", { class: "lmc-track", "aria-hidden": "true" }, parts.bar),
      parts.count, parts.perCharacter, parts.perToken, parts.preview);
    element.addEventListener("click", (event) => {
      if (!event.target.closest("label")) radio.click();
    });
    return { scheme, element, radio, ...parts };
  });
  const header = h("div", { class: "lmc-row lmc-head", role: "row" },
    h("span", { role: "columnheader" }, "scheme"), h("span", { "aria-hidden": "true" }),
    h("span", { class: "lmc-number", role: "columnheader" }, "tokens"),
    h("span", { class: "lmc-number", role: "columnheader" }, "tokens per", h("br"), "character"),
    h("span", { class: "lmc-number", role: "columnheader" }, "bytes per", h("br"), "token"));

  // The chosen one
  const title = h("div", { class: "lmc-subtitle", role: "status" });
  const idBox = h("input", { type: "checkbox" });
  idBox.addEventListener("change", () => set({ ids: idBox.checked }));
  const chips = h("ol", { class: "lmc-chips", tabindex: 0, "aria-label": "Tokens" });
  const rest = h("p", { class: "lmc-note" });
  const explain = h("p", { class: "lmc-note" });

  // Its merges
  const input = h("input", { type: "range", min: 0, step: 1, "data-slider": "step", "aria-label": "Merges applied" });
  const output = h("output", { "aria-hidden": "true" });
  const said = h("div", { class: "lmc-merge", role: "status" });
  const list = h("ol", { class: "lmc-merges", "aria-label": "Merges of this text, in the order in which they happen" });
  const details = h("details", { class: "lmc-all-merges" }, h("summary", {}, "All merges of this text"), list);
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const go = (to) => set({ step: Math.max(0, Math.min(to, state.steps.length)) });
  const button = (label, text, act) => h("button", { type: "button", "aria-label": label, onclick: act }, text);
  const first = button("No merges", "Start", () => { stop(); go(0); });
  const back = button("One merge back", "−1", () => { stop(); go(state.k - 1); });
  const on = button("One merge on", "+1", () => { stop(); go(state.k + 1); });
  const end = button("All merges", "End", () => { stop(); go(state.steps.length); });
  const play = h("button", { type: "button", class: "lmc-run", onclick: () => {
    if (timer !== null) return stop();
    if (state.k >= state.steps.length) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      go(state.k + 1);
      if (state.k >= state.steps.length) stop();
    }, 700);
  } }, "Play");
  input.addEventListener("input", () => { stop(); go(Number(input.value)); });
  const stepper = h("div", { class: "lmc-stepper", role: "group", "aria-label": "Merges, one by one" },
    h("div", { class: "lmc-slider" },
      h("div", { class: "lmc-slider-head" }, h("span", { "aria-hidden": "true" }, "Merges applied"), output), input),
    h("div", { class: "lmc-buttons" }, first, back, play, on, end), said, details);

  const root = h("section", { class: "lmc lmc-tokenizer", "aria-label": "Tokenizer explorer" },
    h("div", { class: "lmc-title" }, "One text, cut into tokens in several ways"),
    area,
    h("div", { class: "lmc-under" },
      h("span", {}, tooLong, size),
      h("span", { class: "lmc-examples", role: "group", "aria-label": "Examples" }, "Try", ...examples)),
    h("div", { class: "lmc-table", role: "table", "aria-label": "Tokens in each scheme" }, header, ...rows.map((row) => row.element)),
    h("div", { class: "lmc-detail" },
      h("div", { class: "lmc-detail-head" }, title, h("label", { class: "lmc-check" }, idBox, "ids")),
      chips, rest, explain, stepper));

  let state = { steps: [], k: 0, at: () => [] };

  function chip([token, id, word], scheme, index, fresh) {
    const unknown = (id === null && scheme.kind !== "words") || word !== undefined;
    const bytes = scheme.bytes && id !== null;
    const kinds = ["lmc-chip", `lmc-hue-${index % 4}`];
    if (unknown) kinds.push("lmc-unknown");
    if (fresh) kinds.push("lmc-fresh");
    const told = word !== undefined ? `${token}: the word “${word}” is unknown` : unknown ? "unknown: it has no id"
      : `token “${plainText(token, bytes)}”${id === null ? "" : `, id ${id}`}`;
    const element = h("li", { class: kinds.join(" "), title: told }, h("span", { class: "lmc-face" }, ...face(token, bytes)));
    if (id !== null) element.dataset.id = id;
    if (model.get("ids")) element.append(h("small", {}, id === null ? (unknown ? "?" : "–") : String(id)));
    return element;
  }

  function drawChips(container, tokens, scheme, limit, made = null) {
    const found = [];
    tokens.slice(0, limit).forEach((token, i) => {
      found.push(chip(token, scheme, i, made !== null && token[1] === made));
      if (container === chips && token[0].endsWith("\n")) found.push(h("li", { class: "lmc-break", "aria-hidden": "true" }));
    });
    container.replaceChildren(...found);
  }

  function drawPreview(row, tokens) {
    row.preview.replaceChildren(...tokens.slice(0, PREVIEW).map((token, i) => {
      const unknown = (token[1] === null && row.scheme.kind !== "words") || token[2] !== undefined;
      return h("span", { class: `lmc-chip lmc-hue-${i % 4}${unknown ? " lmc-unknown" : ""}` },
        h("span", { class: "lmc-face" }, ...face(token[0], row.scheme.bytes && token[1] !== null)));
    }));
  }

  function drawTable() {
    const text = model.get("text");
    if (area.value !== text) {
      area.value = text;
      tooLong.textContent = "";
    }
    const [characters, bytes] = [[...text].length, bytesOf(text).length];
    size.textContent = `${thousands(characters)} character${characters === 1 ? "" : "s"}, ${thousands(bytes)} byte${bytes === 1 ? "" : "s"} of UTF-8`;
    const all = rows.map((row) => row.scheme.encode(text));
    const most = Math.max(1, ...all.map((tokens) => tokens.length));
    rows.forEach((row, i) => {
      const n = all[i].length;
      row.bar.style.width = `${(100 * n) / most}%`;
      row.count.textContent = thousands(n);
      row.perCharacter.textContent = characters ? (n / characters).toFixed(2) : "–";
      row.perToken.textContent = n ? (bytes / n).toFixed(2) : "–";
      row.element.dataset.tokens = n;
      row.tokens = all[i];
      drawPreview(row, all[i]);
    });
  }

  function drawDetail() {
    const scheme = byName.get(model.get("scheme"));
    const row = rows.find((each) => each.scheme === scheme);
    rows.forEach((each) => {
      each.radio.checked = each === row;
      each.element.classList.toggle("lmc-on", each === row);
    });
    idBox.checked = model.get("ids");
    stepper.hidden = !scheme.mergeSteps;
    let [tokens, made] = [row.tokens, null];
    if (scheme.mergeSteps) {
      state = scheme.mergeSteps(model.get("text"));
      const wanted = model.get("step");
      state.k = wanted === null ? state.steps.length : Math.min(wanted, state.steps.length);
      if (state.k < state.steps.length) tokens = state.at(state.k);
      if (wanted !== null && state.k) made = state.steps[state.k - 1].made;
      drawStepper(scheme, tokens.length);
    } else stop();
    drawChips(chips, tokens, scheme, MAX_CHIPS, made);
    const partly = scheme.mergeSteps && state.k < state.steps.length;
    title.textContent = `${scheme.name}: ${thousands(tokens.length)} token${tokens.length === 1 ? "" : "s"}`
      + (partly ? ` after ${state.k} of ${state.steps.length} merges` : "");
    rest.textContent = tokens.length > MAX_CHIPS ? `… and ${thousands(tokens.length - MAX_CHIPS)} more` : "";
    explain.textContent = explanation(scheme, tokens);
    Object.assign(root.dataset, { scheme: scheme.name, tokens: tokens.length, step: scheme.mergeSteps ? state.k : "" });
  }

  function explanation(scheme, tokens) {
    const unknown = tokens.filter((token) => (token[1] === null && scheme.kind !== "words") || token[2] !== undefined).length;
    const notes = [];
    if (scheme.kind === "characters") notes.push("The id of a character is its code point.");
    if (scheme.bytes && tokens.some(([token, id]) => id !== null && readBytes(token).some(([, byte]) => byte !== null))) {
      notes.push("Two hexadecimal digits are a byte that is only part of a character.");
    }
    if (scheme.kind === "words") notes.push("What stands between white space; words have no ids before there is a vocabulary.");
    if (scheme.kind === "wordpiece") notes.push("## marks a token that goes on with a word; white space is dropped.");
    if (scheme.kind === "unigram") notes.push("Of all ways to cut a piece, the most probable one.");
    if (unknown) notes.push(`${unknown} in a dashed box ${unknown === 1 ? "is" : "are"} unknown here.`);
    return notes.join(" ");
  }

  let listed = null; // the text and scheme whose merges the list shows
  function drawStepper(scheme, count) {
    const { steps, k } = state;
    const name = (id) => `“${plainText(scheme.tokens[id], scheme.bytes)}”`;
    input.max = steps.length;
    input.value = k;
    input.setAttribute("aria-valuetext", `${k} of ${steps.length}`);
    output.textContent = `${k} of ${steps.length}`;
    [first.disabled, back.disabled, on.disabled, end.disabled] = [k === 0, k === 0, k === steps.length, k === steps.length];
    input.disabled = play.disabled = !steps.length;
    const now = k && steps[k - 1];
    said.textContent = !steps.length ? "No two neighbours in this text are in the table of merges."
      : now ? `Merge ${k}: ${name(now.left)} + ${name(now.right)} → ${name(now.made)}, number ${thousands(now.rank + 1)} of the ${thousands(scheme.merges)} learned, in ${now.places} place${now.places === 1 ? "" : "s"}. ${thousands(count)} tokens are left.`
        : `The start: ${thousands(count)} single ${scheme.bytes ? "bytes" : "characters"}. Of all pairs of neighbours, the one that was learned first is merged next.`;
    const key = JSON.stringify([scheme.name, model.get("text")]);
    if (listed !== key && details.open) {
      listed = key;
      list.replaceChildren(...steps.map((step, i) => h("li", {}, h("button", {
        type: "button", "data-step": i + 1, onclick: () => { stop(); go(i + 1); },
      }, h("span", { class: "lmc-number" }, String(i + 1)),
      h("span", { class: "lmc-pair" }, `${name(step.left)} + ${name(step.right)} → ${name(step.made)}`),
      h("span", { class: "lmc-number" }, `no. ${thousands(step.rank + 1)}`),
      h("span", { class: "lmc-number" }, `× ${step.places}`)))));
    }
    list.querySelectorAll("button").forEach((each, i) => {
      each.classList.toggle("lmc-done", i < k);
      if (i === k - 1) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
    });
    const current = list.querySelector("[aria-current]");
    if (current) list.scrollTop = current.offsetTop - list.clientHeight / 2;
    Object.assign(root.dataset, { steps: steps.length, rank: now ? now.rank : "" });
  }
  details.addEventListener("toggle", () => drawDetail());

  const drawAll = () => { drawTable(); drawDetail(); };
  const listeners = { text: drawAll, scheme: drawDetail, step: drawDetail, ids: drawDetail };
  Object.entries(listeners).forEach(([name, listener]) => model.on(`change:${name}`, listener));
  el.append(root);
  drawAll();
  return () => {
    stop();
    Object.entries(listeners).forEach(([name, listener]) => model.off(`change:${name}`, listener));
    root.remove();
  };
}

export default { render };
