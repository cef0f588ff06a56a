// The book's search: how a question is cut into words, and which results stand first. Sphinx puts this into
// language_data.js, in place of what its own search (searchtools.js) has; its `Stemmer` stands there too.

// Kana, Chinese characters with their extensions, and Korean syllables: as in search_words.py.
const UNSPACED = "\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\u{20000}-\\u{323af}";
const PARTS = new RegExp(`[${UNSPACED}]+|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}_\\p{Emoji_Presentation}])+`, "gu");

/** The words of a question: of Chinese the pairs of neighbours, for what has them has their characters. */
globalThis.splitQuery = (query) =>
  (query.match(PARTS) ?? []).flatMap((part) => {
    const signs = [...part];
    const cut = signs.length > 2 && new RegExp(`^[${UNSPACED}]`, "u").test(part);
    return cut ? signs.slice(1).map((sign, place) => signs[place] + sign) : [part];
  });

/** A name as it is compared: in the singular, without case, accents, dashes and underscores. */
function plainName(text) {
  const stemmer = new globalThis.Stemmer();
  const found = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return found.map((word) => stemmer.stemWord(word)).join(" ");
}

/** What may be said for a result's name: of `Page > Section` the section, of `a.b.name` the name, each of `x, y (z)`. */
function namesOf(title) {
  const text = title.replace(/<[^>]*>/g, "").replace(/&(?:lt|gt|amp|quot|#x27|#39);/g, " ");
  const last = text.split(" > ").at(-1);
  const code = /^\w+(\.\w+)+$/.test(last) ? [last.split(".").at(-1)] : [];
  const inside = [...last.matchAll(/\(([^)]*)\)/g)].map((found) => found[1]);
  const outside = last.replace(/\s*\([^)]*\)/g, "");
  return [text, last, outside, ...outside.split(", "), ...inside, ...code].map(plainName).filter(Boolean);
}

/** How much a result is preferred to passages of text, because it is called as the question says; 0 if it is not. */
function preferred(query, title, kind) {
  const asked = plainName(query);
  if (!asked || !namesOf(title).includes(asked)) return 0;
  if (kind) return kind.startsWith("concept") ? 900 : 800; // a term or a function of the index of concepts
  return title.includes(" > ") ? 500 : 1000; // a section or a page
}

/** Sphinx's scores, and what is called as the question says before all others. */
globalThis.Scorer = {
  score: ([, title, , kind, score]) =>
    score + preferred(new URLSearchParams(globalThis.location.search).get("q") ?? "", title, kind),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

// From disk a browser reads no other page, and so there is nothing to be shown of a result but its name.
// @ts-ignore: Sphinx's, in documentation_options.js
// deno-lint-ignore no-undef
if (globalThis.location?.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
