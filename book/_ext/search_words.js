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

/** The letters and figures of a name, and nothing else: “MouseWorld” is *mouse world*, log_probability *log-probability*. */
function squeezed(text) {
  const letters = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]/gu);
  return (letters ?? []).join("");
}

// Words of a question that say nothing of what is sought. (Sphinx has a few of its own.)
const IDLE = new Set(
  "a about an and are can could did do does explain from get has have how i in is it its me mean means my of on please should that the there this to us was we what when where which who why with would you your"
    .split(" "),
);

/** A question without its idle words, “what is a token” being *token*; as it is, where nothing would be left. */
function essence(question) {
  const kept = question.split(/\s+/).filter((word) => !IDLE.has(word.toLowerCase().replace(/[?!.,’']/g, "")));
  return kept.length ? kept.join(" ").replace(/[?!.]+$/, "") : question;
}

/** How many letters have to be changed, left out, put in or swapped with the next to make one word the other. */
function edits(a, b) {
  let [before, last, now] = [[], [], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    [before, last, now] = [last, now, [i]];
    for (let j = 1; j <= b.length; j++) {
      now[j] = Math.min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        now[j] = Math.min(now[j], before[j - 2] + 1);
      }
    }
  }
  return now[b.length];
}

/** What the question may have meant, of some names: those nearest to it, or to each word that none of them has. */
function meant(question, names) {
  const known = new Map(); // of a name, and of each longer word of one, its letters and itself
  for (const name of names) {
    known.set(squeezed(name), name);
    for (const word of name.match(/[\p{L}\p{N}]{4,}/gu) ?? []) {
      if (!known.has(squeezed(word))) known.set(squeezed(word), word.toLowerCase());
    }
  }
  const near = (text) => {
    const asked = squeezed(text);
    const most = asked.length < 4 ? 0 : asked.length < 7 ? 1 : 2;
    const close = [...known].filter(([each]) => Math.abs(each.length - asked.length) <= most)
      .map(([each, name]) => ({ name, far: edits(asked, each) })).filter(({ far }) => far <= most);
    const least = Math.min(...close.map(({ far }) => far));
    return [...new Set(close.filter(({ far }) => far === least).map(({ name }) => name))].slice(0, 3);
  };
  const whole = near(question);
  const words = question.split(/\s+/);
  if (whole.length || words.length < 2) return whole;
  const mended = words.map((word) => near(word)[0] ?? word).join(" ");
  return mended === question ? [] : [mended];
}

/** What may be said for a result's name: of `Page > Section` the section, of `a.b.name` the name, each of `x, y (z)`. */
function namesOf(title) {
  const text = title.replace(/<[^>]*>/g, "").replace(/&(?:lt|gt|amp|quot|#x27|#39);/g, " ");
  const last = text.split(" > ").at(-1);
  const code = /^\w+(\.\w+)+$/.test(last) ? [last.split(".").at(-1)] : [];
  const inside = [...last.matchAll(/\(([^)]*)\)/g)].map((found) => found[1]);
  const outside = last.replace(/\s*\([^)]*\)/g, "");
  const parts = [...outside.split(", "), ...last.split(/, (?![^(]*\))/)]; // of `AR(p), process`: AR, process, AR(p)
  return [text, last, outside, ...parts, ...inside, ...code];
}

const forms = new Map(); // of each title: comparing costs a little, and a search asks hundreds of them twice
function formsOf(title) {
  if (!forms.has(title)) {
    const names = namesOf(title);
    forms.set(title, new Set([...names.map(plainName), ...names.map(squeezed)]));
  }
  return forms.get(title);
}

/** Whether a result is called as the question says, its idle words aside. */
function called(query, title) {
  return [query, essence(query)].some((each) =>
    [plainName(each), squeezed(each)].some((name) => name && formsOf(title).has(name))
  );
}

/** How much a result is preferred to passages of text, because it is called as the question says; 0 if it is not. */
function preferred(query, title, kind) {
  if (!called(query, title)) return 0;
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

/** What is said where nothing was found: what may have been meant, and where else to look. */
function nothingFound(question, { titles, objects }) {
  const link = (text, href) => Object.assign(document.createElement("a"), { textContent: text, href });
  const among = [...titles, ...(objects[""] ?? []).map((each) => each[4])];
  const likely = meant(essence(question), among).flatMap((name, i) => [
    i ? ", " : " Did you mean ",
    link(name, `search.html?q=${encodeURIComponent(name)}`),
  ]);
  const [glossary, index] = [link("glossary", "book/glossary.html"), link("index of concepts", "book/concepts.html")];
  const more = [" Try another word, the ", glossary, " or the ", index, "."];
  return [`Nothing was found for “${question}”.`, ...likely, ...(likely.length ? ["?"] : []), ...more];
}

/** Changes what Sphinx's search does with a question, `search`, and what it loads for its results, by its `options`. */
globalThis.mendSearch = (search, options, protocol) => {
  const [query, byName] = [search.query, search.performObjectSearch];
  const [parse, perform] = [search._parseQuery, search._performSearch];
  search._parseQuery = (question) => [question, ...parse(essence(question)).slice(1)]; // titles may have all its words
  let found = 0;
  search._performSearch = (...given) => {
    const results = perform(...given);
    found = results.length;
    return results;
  };
  // Letters of full width are letters; of one Latin letter everything would be found.
  search.query = (question) => {
    const plain = question.normalize("NFKC").trim();
    if (!/^\p{Script=Latin}$/u.test(plain)) {
      query(plain);
      return found ? undefined : search.status.replaceChildren(...nothingFound(plain, search._index));
    }
    search.stopPulse();
    search.title.innerText = "Search Results";
    search.status.innerText = "Of a single letter too much would be found: please give at least two.";
  };
  // Sphinx finds an entry of the index by the letters of the question; here also by its plural, or without its dash.
  search.performObjectSearch = (object, terms) => {
    const asked = [...terms].join(" ");
    const entries = Object.entries(search._index.objects).flatMap(([prefix, those]) =>
      those.map((each) => (prefix ? `${prefix}.${each[4]}` : each[4]).toLowerCase())
    );
    const named = entries.filter((name) => called(asked, name));
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
