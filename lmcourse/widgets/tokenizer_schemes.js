// Tokenizers, the same as lmcourse/tokenization and tested against it. A token of bytes is a string whose characters
// are the bytes, 0 to 255.

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
