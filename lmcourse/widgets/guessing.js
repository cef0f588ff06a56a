// Shannon's guessing game. First the arithmetic, the same as lmcourse/information/shannon.py and
// lmcourse/widgets/guessing.py, and tested against them; then the drawing.

import {
  axis,
  button,
  choiceField,
  column,
  div,
  firstTask,
  group,
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
  stretch,
  swatch,
  table,
  track,
} from "./ui.js";

// ---------- arithmetic ----------

const SYMBOLS = " abcdefghijklmnopqrstuvwxyz";
const GIVEN_UP = SYMBOLS.length; // a letter that the reader gives up counts as found at the last possible guess

const descending = (counts) => [...counts].sort((a, b) => b - a);

// Shannon's bounds of the entropy per symbol, in bits, from how many symbols were found at each guess: [lower, upper].
export function guessBounds(counts) {
  const total = counts.reduce((a, b) => a + b, 0);
  const q = descending(counts).map((n) => n / total);
  const upper = q.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
  const lower = q.reduce((sum, p, i) => sum + (i + 1) * (p - (q[i + 1] || 0)) * Math.log2(i + 1), 0);
  return [lower, Math.abs(upper)];
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

// The standard error of a mean, as if the values were independent; 0 for a single one.
export function standardError(values) {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1) / values.length);
}

// The bounds from the number of guesses of each symbol, their standard errors, and by how much the upper one is
// too low on average, for numbers of guesses that have not come up yet.
export function estimate(guesses) {
  const counts = descending([...new Set(guesses)].map((n) => guesses.filter((m) => m === n).length));
  const [lower, upper] = guessBounds(counts);
  const total = guesses.length;
  const repeat = (value) => counts.flatMap((count, k) => Array(count).fill(value(k + 1, count)));
  const xlog = (x) => (x > 0 ? x * Math.log2(x) : 0);
  return {
    lower,
    upper,
    lowerError: standardError(repeat((i) => xlog(i) - xlog(i - 1))),
    upperError: standardError(repeat((_, count) => -Math.log2(count / total))),
    bias: (counts.length - 1) / (2 * total * Math.LN2),
  };
}

// [passage, position] of each symbol that counts: those the reader guessed; if none, all that were seen.
export function counted(guesses, given) {
  const seen = guesses.flatMap((row, k) => row.map((n, i) => [k, given + i, n]));
  const guessed = seen.filter(([, , n]) => n > 0);
  return (guessed.length ? guessed : seen).map(([k, i]) => [k, i]);
}

// A model's cross-entropy on some symbols, and the bounds of its guesses there. `bits` and `ranks` are
// [passage][position]; null stands for infinitely many bits.
export function modelEstimate(bits, ranks, places) {
  const paid = places.map(([k, i]) => (bits[k][i] === null ? Infinity : bits[k][i]));
  return { bits: mean(paid), ...estimate(places.map(([k, i]) => ranks[k][i])) };
}

// ---------- drawing ----------

const SCALE = 5; // bits; log2 27 is 4.75
const ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", " "];
const AHEAD = 10;
const ENOUGH = 30; // letters: of fewer the bounds say more of chance than of English
const COUNTED = ["F₀, 27 symbols alike", "F₁, single letters", "F₂, pairs", "F₃, triples"];
const shownAs = (symbol) => (symbol === " " ? "␣" : symbol);
const called = (symbol) => (symbol === " " ? "space" : symbol);

// One line of the chart: a band from the lower to the upper bound, with whiskers of one standard error, and a mark.
function line(label, { band = null, mark = null, numbers, kind = "", data = {} }) {
  const at = (x) => Math.min(Math.max(x, 0), SCALE) / SCALE;
  const parts = [];
  if (band && band.lowerError !== undefined) {
    parts.push(
      stretch(h("i", { class: "lmc-whisker" }), at(band.lower - band.lowerError), at(band.upper + band.upperError)),
    );
  }
  if (band) parts.push(stretch(div("lmc-band"), at(band.lower), at(band.upper)));
  if (mark !== null) {
    const diamond = h("i", { class: "lmc-diamond" });
    diamond.style.left = percent(at(mark));
    diamond.hidden = mark > SCALE;
    parts.push(diamond);
  }
  const element = row(kind, rowName("lmc-who", label), track(...parts), ...numbers.map((text) => numberCell(text)));
  Object.entries(data).forEach(([name, value]) => element.dataset[name] = String(value));
  return element;
}

const range = (band) => `${band.lower.toFixed(2)} – ${band.upper.toFixed(2)}`;

const headings = (kind, what, scale, swatches, ...names) =>
  row(kind, column("", what), scale, ...names.map((name, i) => column("lmc-number", swatch(swatches[i]), name)));

function render({ model, el }) {
  const [passages, given, names] = ["passages", "given", "models"].map((name) => model.get(name));
  const [bits, ranks] = [model.get("bits"), model.get("ranks")];
  let last = ""; // what happened last, in words

  const set = setter(model);
  const here = () => model.get("passage");
  const row = () => model.get("guesses")[here()];
  const position = () => given + row().length;
  const over = () => position() >= passages[here()].length;
  const withRow = (more) => model.get("guesses").map((old, k) => (k === here() ? [...old, ...more] : old));

  function guess(symbol) {
    const tried = model.get("tried");
    if (over() || tried.includes(symbol)) return;
    const sought = passages[here()][position()];
    if (symbol === sought) {
      last = `Right: ${called(symbol)}, at guess ${tried.length + 1}.`;
      set({ guesses: withRow([tried.length + 1]), tried: "" });
    } else {
      last = `Not ${called(symbol)}. Wrong guesses so far: ${tried.length + 1}.`;
      set({ tried: tried + symbol });
    }
  }
  function giveUp() {
    last = `It was ${called(passages[here()][position()])}. ` +
      `A letter given up counts as found at guess ${GIVEN_UP}, or your bounds would flatter you.`;
    set({ guesses: withRow([GIVEN_UP]), tried: "" });
  }
  // Read on without guessing: a letter that was begun counts as given up.
  function goOn(numbers, text) {
    const rest = numbers.slice(0, passages[here()].length - position());
    if (model.get("tried") && rest.length) rest[0] = GIVEN_UP;
    last = text(rest.length);
    set({ guesses: withRow(rest), tried: "" });
  }

  const title = span("");
  const task = firstTask("Guess three letters: how many guesses does each take?");
  const strip = mute(div("lmc-strip"));
  const spoken = span("lmc-hidden");
  const passageBox = h(
    "div",
    {
      class: "lmc-passage",
      role: "group",
      tabindex: 0,
      "data-lm-suppress-shortcuts": "true",
      "aria-label": "The passage. Type the next letter here, or choose its key below",
    },
    spoken,
    strip,
  );
  const status = h("div", { class: "lmc-said", role: "status" });

  const keys = {};
  const board = group(
    "lmc-board",
    "Keys",
    ...ROWS.map((symbols) =>
      div(
        "lmc-keys",
        ...[...symbols].map((symbol) => {
          keys[symbol] = button(symbol === " " ? "␣ space" : symbol, (event) => {
            guess(symbol);
            // After a mouse or finger, typing goes on in the passage.
            if (event.detail > 0) passageBox.focus({ preventScroll: true });
          }, { class: "lmc-key", "data-key": symbol });
          return keys[symbol];
        }),
      )
    ),
  );

  const player = choiceField("Model", "model", names.map((name, m) => [m, name]), () => {});
  const act = (name, label, onclick) => button(label, onclick, { "data-act": name });
  const play = () => {
    const m = Number(player.input.value);
    goOn(
      Array(AHEAD).fill(-(m + 1)),
      (n) => `${names[m]} has played ${plural(n, "letter")}; its numbers of guesses stand below them.`,
    );
  };
  const buttons = {
    reveal: act("reveal", "give up this letter", giveUp),
    skip: act(
      "skip",
      `read on ${AHEAD} letters`,
      () => goOn(Array(AHEAD).fill(0), (n) => `${plural(n, "letter")} read, not guessed.`),
    ),
    play: act("play", `plays ${AHEAD} letters`, play),
    next: act("next", "another passage", () => {
      last = "";
      set({ passage: (here() + 1) % passages.length, tried: "" });
    }),
    restart: act("restart", "start over", () => {
      last = "";
      set({ guesses: passages.map(() => []), tried: "" });
    }),
  };
  const controls = div(
    "lmc-buttons",
    buttons.reveal,
    buttons.skip,
    ...(names.length ? [span("lmc-play", player.element, buttons.play)] : []),
    ...(passages.length > 1 ? [buttons.next] : []),
    buttons.restart,
  );

  const chart = table("Bits per letter", "lmc-bounds");
  const caption = h("p", { class: "lmc-reading" });
  const reading = note();

  // Letters typed within the game are guesses; a space is one only where it does not press a button.
  // The page around must not take them for commands.
  const root = section(
    "guessing",
    "Guessing game",
    title,
    task.element,
    passageBox,
    status,
    board,
    controls,
    caption,
    chart,
    reading,
  );
  root.addEventListener("keydown", (event) => {
    if (event.target === player.input) return;
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    const symbol = event.key.toLowerCase();
    if (!SYMBOLS.includes(symbol) || (symbol === " " && event.target !== passageBox)) return;
    event.preventDefault();
    guess(symbol);
  });

  function drawPassage() {
    const text = passages[here()];
    const tried = model.get("tried");
    const tile = (className, symbol, below) =>
      span(
        `lmc-tile ${className} ${symbol === " " ? "lmc-blank" : ""}`,
        h("b", {}, shownAs(symbol)),
        h("small", {}, String(below)),
      );
    const tiles = [...text.slice(0, given)].map((symbol) => tile("lmc-given", symbol, ""));
    row().forEach((n, k) => {
      const i = given + k;
      const how = n === 0 ? "lmc-read" : n < 0 ? "lmc-played" : n === 1 ? "lmc-first" : "lmc-later";
      tiles.push(tile(how, text[i], n === 0 ? "·" : n < 0 ? ranks[-n - 1][here()][i] : n));
    });
    if (!over()) tiles.push(tile("lmc-sought", "?", tried.length + 1));
    strip.replaceChildren(...tiles);
    strip.scrollTop = strip.scrollHeight;
    spoken.textContent = `${text.slice(0, position()) || "The passage begins"}${over() ? "; the passage is over" : ""}`;
    for (const [symbol, key] of Object.entries(keys)) {
      const dead = over() || tried.includes(symbol);
      key.setAttribute("aria-disabled", String(dead));
      key.classList.toggle("lmc-tried", tried.includes(symbol));
    }
    for (const each of [buttons.reveal, buttons.skip, buttons.play]) each.disabled = over();
    buttons.restart.disabled = model.get("guesses").every((r) => !r.length) && !tried;
  }

  // How far the reader's own bounds are to be trusted.
  function trust(mine, n) {
    if (n < ENOUGH) {
      return `So far ${
        plural(n, "letter")
      }. Bounds appear from ${ENOUGH} on: of a few letters that anyone guesses at ` +
        "once they would say that English has no entropy. ";
    }
    const error = Math.max(mine.lowerError, mine.upperError).toFixed(2);
    return `So far ${n} letters. The standard error is about ${error} bits (the thin line), and the upper bound ` +
      `is too low by about ${mine.bias.toFixed(2)}, because rare numbers of guesses have not come up yet. ` +
      "Shannon took 100 letters for each of his bounds. ";
  }

  function drawChart() {
    const guesses = model.get("guesses");
    const places = counted(guesses, given);
    const own = guesses.flat().filter((n) => n > 0);
    const mine = own.length ? estimate(own) : null;
    const scale = axis(...Array.from({ length: SCALE + 1 }, (_, bits) => bits));
    const rows = [headings("lmc-head", "bits per letter", scale, ["lmc-fill", "lmc-diamond"], "bounds", "pays")];
    rows.push(line("you", {
      kind: "lmc-you",
      band: own.length < ENOUGH ? null : mine,
      numbers: [own.length < ENOUGH ? "–" : range(mine), "–"],
      data: { who: "you", ...(mine || {}) },
    }));
    names.forEach((name, m) => {
      const found = places.length ? modelEstimate(bits[m], ranks[m], places) : null;
      rows.push(line(name, {
        kind: "lmc-model",
        band: places.length < ENOUGH ? null : found,
        mark: found && found.bits,
        numbers: [
          places.length < ENOUGH ? "–" : range(found),
          found ? found.bits === Infinity ? "∞" : found.bits.toFixed(2) : "–",
        ],
        data: { who: name, ...(found || {}) },
      }));
    });
    const gap = mute(span(""));
    rows.push(
      headings("lmc-head lmc-section", "Shannon, 1951", gap, ["lmc-outline", "lmc-diamond"], "bounds", "counted"),
    );
    const shannon = model.get("shannon");
    for (const [n, , lower, upper] of shannon.filter(([n]) => [3, 10, 100].includes(n))) {
      const band = { lower, upper };
      rows.push(line(`${n - 1} letters known`, { kind: "lmc-shannon", band, numbers: [range(band), "–"] }));
    }
    for (const [n, bitsCounted] of shannon.filter(([, bitsCounted]) => bitsCounted !== null)) {
      rows.push(line(COUNTED[n], {
        kind: "lmc-shannon",
        mark: bitsCounted,
        numbers: ["–", bitsCounted.toFixed(2)],
      }));
    }
    chart.replaceChildren(...rows);

    const read = guesses.flat().length;
    const first = own.filter((n) => n === 1).length;
    caption.textContent = mine
      ? `You guessed ${plural(own.length, "letter")}, ${first} of them at the first guess${
        own.length < ENOUGH ? "" : `: ${mine.lower.toFixed(2)} to ${mine.upper.toFixed(2)} bits a letter`
      }.`
      : read
      ? `You have guessed no letter yet; the models are judged on the ${plural(read, "letter")} read so far.`
      : `After ${ENOUGH} letters, your bounds of the entropy appear here.`;
    reading.textContent = trust(mine, own.length) +
      "Below each letter stands the guess that found it. A bar reaches from the lower bound to the upper: the upper " +
      "holds for any guesser, the lower only for one who always names the most probable letter first. " +
      "A model does so by its own probabilities; what it pays is its cross-entropy on the same letters.";
    if (own.length >= 3) {
      const taken = own.slice(0, 3).join(", ");
      task.check(`${taken}: their mean says little of English yet. From ${ENOUGH} letters on your bounds stand below.`);
    }
    root.dataset.counted = places.length;
  }

  function update() {
    const which = passages.length > 1 ? `: passage ${here() + 1} of ${passages.length}` : "";
    title.textContent = `Guess the next letter${which}`;
    drawPassage();
    drawChart();
    const ask = "Which letter comes next? Type it, or choose its key. Anything that is not a letter is one space (␣).";
    say(status, over() ? `${last} The passage is over.` : last || ask);
  }

  return mount({ model, el }, root, { follows: ["passage", "guesses", "tried"], update });
}

export default { render };
