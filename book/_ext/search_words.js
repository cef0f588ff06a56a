// The book's search: how a question is cut into words, which results stand first, and how much is loaded for them.
// Sphinx puts this into language_data.js, in place of what its own search (searchtools.js) has; its `Stemmer` stands
// there too.

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
  const found = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return found.map((word) => stemmer.stemWord(word)).join(" ");
}

/** What may be said for a result's name: of `Page > Section` the section, of `a.b.name` the name, each of `x, y (z)`. */
function namesOf(title) {
  const text = title.replace(/<[^>]*>/g, "").replace(/&(?:lt|gt|amp|quot|#x27|#39);/g, " ");
  const last = text.split(" > ").at(-1);
  const code = /^\w+(\.\w+)+$/.test(last) ? [last.split(".").at(-1)] : [];
  const inside = [...last.matchAll(/\(([^)]*)\)/g)].map((found) => found[1]);
  const outside = last.replace(/\s*\([^)]*\)/g, "");
  const parts = [...outside.split(", "), ...last.split(/, (?![^(]*\))/)]; // of `AR(p), process`: AR, process, AR(p)
  return [text, last, outside, ...parts, ...inside, ...code].map(plainName).filter(Boolean);
}

/** How much a result is preferred to passages of text, because it is called as the question says; 0 if it is not. */
function preferred(query, title, kind) {
  const asked = plainName(query);
  if (!asked || !namesOf(title).includes(asked)) return 0;
  const asCode = query.includes("_") && title.endsWith(query.trim()) ? 150 : 0; // a_b is rather a_b than “a b”
  if (kind) return asCode + (kind.startsWith("concept") ? 900 : 800); // a term or a function of the index of concepts
  return asCode + (title.includes(" > ") ? 500 : 1000); // a section or a page
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

/** Changes what Sphinx's search does with a question, `search`, and what it loads for its results, by its `options`. */
globalThis.mendSearch = (search, options, protocol) => {
  const [query, byName] = [search.query, search.performObjectSearch];
  // Letters of full width are letters; of one Latin letter everything would be found.
  search.query = (question) => {
    const plain = question.normalize("NFKC").trim();
    if (!/^\p{Script=Latin}$/u.test(plain)) return query(plain);
    search.stopPulse();
    search.title.innerText = "Search Results";
    search.status.innerText = "Of a single letter too much would be found: please give at least two.";
  };
  // Sphinx finds an entry of the index by the letters of the question; here also by its plural, or without its dash.
  search.performObjectSearch = (object, terms) => {
    const asked = plainName([...terms].join(" "));
    const entries = Object.entries(search._index.objects).flatMap(([prefix, those]) =>
      those.map((each) => (prefix ? `${prefix}.${each[4]}` : each[4]).toLowerCase())
    );
    const named = entries.filter((name) => asked && namesOf(name).includes(asked));
    return [...byName(object, terms), ...named.flatMap((name) => byName(name, new Set([name])))];
  };
  // A summary costs a page, so the first ten results have one; from disk a browser may read no other page.
  Object.defineProperty(options, "SHOW_SEARCH_SUMMARY", {
    get: () => protocol !== "file:" && search.output.children.length < 10,
  });
};
// @ts-ignore: Sphinx's, in searchtools.js and documentation_options.js
// deno-lint-ignore no-undef
if (typeof Search !== "undefined") mendSearch(Search, DOCUMENTATION_OPTIONS, globalThis.location.protocol);
