// The entropy explorer. First the arithmetic, the same as lmcourse/information/measures.py, huffman.py and
// lmcourse/widgets/entropy.py, and tested against them; then the drawing.

import {
  axis,
  bar,
  bidi,
  button,
  cell,
  column,
  div,
  firstTask,
  group,
  h,
  mount,
  mute,
  note,
  number,
  numberCell,
  percent,
  row,
  rowName,
  section,
  setter,
  span,
  stretch,
  swatch,
  table,
} from "./ui.js";

// ---------- arithmetic ----------

// The distribution after one probability was set: the others keep their proportions and take the rest. What is
// zero stays zero, unless all others are: then they share the rest equally.
export function giveWay(probs, index, value) {
  const others = probs.reduce((sum, p, i) => (i === index ? sum : sum + p), 0);
  const rest = Math.max(0, 1 - value);
  return probs.map((p, i) => {
    if (i === index) return value;
    return rest * (others > 0 ? p / others : 1 / (probs.length - 1));
  });
}

export const uniform = (size) => Array(size).fill(1 / size);

// The most probable outcome has become certain; of equals, the first.
export function certain(probs) {
  const top = probs.indexOf(Math.max(...probs));
  return probs.map((_, i) => Number(i === top));
}

// Two peaks at a quarter and three quarters of the way; each step away from the nearer divides by four.
export function twoPeaks(size) {
  const left = Math.floor((size - 1) / 4);
  const weights = Array.from(
    { length: size },
    (_, i) => 4 ** -Math.min(Math.abs(i - left), Math.abs(i - (size - 1 - left))),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

export const surprisal = (p) => Math.abs(Math.log2(p)); // of a probability; abs: no minus sign before a zero

// -Σ p log2 q; what never happens surprises nobody, whatever q says. Infinite if q excludes what happens.
export function crossEntropy(p, q) {
  return p.reduce((sum, x, i) => (x > 0 ? sum + x * surprisal(q[i]) : sum), 0);
}

export const entropy = (p) => crossEntropy(p, p);

export function klDivergence(p, q) {
  const bits = p.reduce((sum, x, i) => (x > 0 ? sum + x * (Math.log2(x) - Math.log2(q[i])) : sum), 0);
  return Math.max(0, bits); // rounding may leave -1e-17 where p = q
}

// Huffman's word for each symbol: the two rarest are glued into one, again and again. Of equally rare ones those
// that have stood longest; the more probable of the two gets the 0.
export function huffman(probs) {
  const words = probs.map(() => "");
  const heap = probs.map((p, order) => ({ p, order, symbols: [order] }));
  for (let order = probs.length; heap.length > 1; order++) {
    heap.sort((a, b) => a.p - b.p || a.order - b.order);
    const [first, second] = heap.splice(0, 2);
    const rarest = second.p > first.p ? [second, first] : [first, second];
    rarest.forEach(({ symbols }, bit) => symbols.forEach((i) => words[i] = bit + words[i]));
    heap.push({ p: rarest[0].p + rarest[1].p, order, symbols: [...rarest[0].symbols, ...rarest[1].symbols] });
  }
  return words;
}

export const meanLength = (words, probs) => probs.reduce((sum, p, i) => sum + p * words[i].length, 0);

// All that the page shows of two distributions, under the names that Python gives them.
export function measures(p, q) {
  return {
    "H(p)": entropy(p),
    "H(q)": entropy(q),
    "H(p, q)": crossEntropy(p, q),
    "H(q, p)": crossEntropy(q, p),
    "KL(p ‖ q)": klDivergence(p, q),
    "KL(q ‖ p)": klDivergence(q, p),
    "words of p": meanLength(huffman(p), p),
    "words of q": meanLength(huffman(q), p),
    "perplexity of p": 2 ** entropy(p),
    "perplexity of q on p": 2 ** crossEntropy(p, q),
  };
}

// ---------- drawing ----------

const KINDS = ["p", "q"];
const finite = (value, digits) => (value === Infinity ? "∞" : value.toFixed(digits));

// One bar that can be dragged, with its numbers: the handle is a range, laid over the bar.
function outcomeRow(kind, outcome, onMove) {
  const input = h("input", {
    type: "range",
    min: 0,
    max: 100,
    step: 1,
    "data-bar": kind,
    "data-outcome": outcome,
    "aria-label": `${kind} of ${outcome}`,
    oninput: () => onMove(Number(input.value) / 100),
  });
  const fill = bar(`lmc-of-${kind}`);
  const [prob, bits, word] = [numberCell(), numberCell(), cell("lmc-word")];
  const name = bidi(rowName("lmc-token", kind === "p" ? outcome : span("lmc-hidden", outcome)));
  name.title = outcome;
  const place = h("div", { class: "lmc-track", role: "cell" }, fill, input);
  const element = row(`lmc-line-${kind}`, name, mute(h("i", { class: "lmc-kind" }, kind)), place, prob, bits, word);
  function show(p, huffmanWord) {
    input.value = Math.round(100 * p);
    input.setAttribute("aria-valuetext", number(p));
    fill.style.width = `calc(${p} * (100% - 18px))`;
    prob.textContent = number(p);
    bits.textContent = finite(surprisal(p), 2);
    word.textContent = huffmanWord;
    [prob, bits].forEach((each) => each.classList.toggle("lmc-zero", p === 0));
    Object.assign(element.dataset, { kind, outcome, prob: p, bits: surprisal(p) });
  }
  return { element, show };
}

// H(a) + KL(a ‖ b) = H(a, b): the three numbers, and two bars one after the other.
function sumOfBits(a, b) {
  const names = [`H(${a})`, `KL(${a} ‖ ${b})`, `H(${a}, ${b})`];
  const values = names.map((name) => h("b", { "data-value": name }));
  const [own, extra] = [bar(`lmc-of-${a}`), bar("lmc-extra")];
  const endless = span("lmc-endless", "∞");
  const term = (i, ...signs) => span("", ...signs, names[i], " ", values[i]);
  const element = div(
    "lmc-sum",
    div(
      "lmc-equation",
      ...[term(0, swatch(`lmc-of-${a}`)), span("", "+"), term(1, swatch("lmc-extra")), span("", "="), term(2)],
    ),
    mute(div("lmc-scale", own, extra, endless, h("i", { class: "lmc-limit" }))),
  );
  function show(found, full) {
    values.forEach((value, i) => value.textContent = finite(found[names[i]], 3));
    const [h0, kl] = names.map((name) => found[name]);
    stretch(own, 0, h0 / full);
    stretch(extra, h0 / full, kl === Infinity ? 1 : (h0 + kl) / full);
    extra.classList.toggle("lmc-fades", kl === Infinity);
    extra.hidden = kl === 0;
    endless.hidden = kl !== Infinity;
  }
  return { element, show };
}

// How long Huffman's words are on the average: two bars, one below the other.
function lengthsInBits() {
  const lengths = KINDS.map((kind) => `words of ${kind}`);
  const bars = KINDS.map((kind) => bar(`lmc-of-${kind}`));
  const values = lengths.map((name) => h("b", { "data-value": name }));
  const element = div(
    "lmc-sum lmc-coded",
    div(
      "lmc-equation",
      span("", "Mean length of Huffman’s words, when p is true:"),
      ...KINDS.map((kind, i) => span("", swatch(`lmc-of-${kind}`), `${lengths[i]} `, values[i])),
    ),
    mute(div("lmc-scale", ...bars, h("i", { class: "lmc-limit" }))),
  );
  function show(found, full) {
    lengths.forEach((name, i) => {
      stretch(bars[i], 0, found[name] / full);
      values[i].textContent = found[name].toFixed(3);
    });
  }
  return { element, show };
}

// The marks below the scale of bits, and the most that an entropy can be.
function scaleMarks(full, size) {
  const step = full > 20 ? full / 5 : full > 8 ? 5 : full > 4 ? 2 : 1;
  const marks = Array.from({ length: Math.floor(full / step) + 1 }, (_, i) => {
    const mark = span("", i ? String(i * step) : "0 bits");
    mark.style.left = percent((i * step) / full);
    return mark;
  });
  const share = Math.log2(size) / full;
  const most = span("lmc-most", `H ≤ log₂ ${size} = ${Number(Math.log2(size).toFixed(2))}`);
  most.classList.toggle("lmc-before", share > 0.55); // the words stand on the side where there is room
  if (share > 0.55) most.style.right = `calc(${percent(1 - share)} - 1px)`;
  else most.style.left = `calc(${percent(share)} - 1px)`;
  return [...marks, most];
}

function render({ model, el }) {
  const outcomes = model.get("outcomes");
  const size = outcomes.length;
  const set = setter(model);

  // While one bar is moved, the others give way from where they stood when the move began: so a bar that was
  // pushed up to 1 and comes down again leaves the others as they were.
  let held = null;
  const same = (a, b) => a.every((x, i) => Math.abs(x - b[i]) < 1e-9);
  function drag(kind, index, value) {
    const now = model.get(kind);
    const goesOn = held && held.kind === kind && held.index === index && same(held.result, now);
    const base = goesOn ? held.base : now;
    held = { kind, index, base, result: giveWay(base, index, value) };
    set({ [kind]: held.result });
  }

  const lines = outcomes.flatMap((outcome, index) =>
    KINDS.map((kind) => ({ kind, index, ...outcomeRow(kind, outcome, (value) => drag(kind, index, value)) }))
  );
  const marks = axis("0", "½", "1");
  const head = row(
    "lmc-head",
    column("", "outcome"),
    mute(span("")),
    h("div", { role: "columnheader", "aria-label": "drag" }, marks),
    ...[column("lmc-number", "prob."), column("lmc-number", "bits"), column("lmc-word", "word")],
  );

  const preset = (label, name, values) =>
    button(label, () => {
      held = null;
      set(values());
    }, { "data-set": name });
  const presets = KINDS.map((kind) => {
    const to = (make) => () => ({ [kind]: make(model.get(kind)) });
    const legend = span("lmc-legend", swatch(`lmc-of-${kind}`), h("b", {}, kind));
    legend.append(kind === "p" ? " what is true" : " what is believed");
    return group(
      "lmc-buttons",
      `Set ${kind}`,
      legend,
      preset("uniform", `${kind}-uniform`, to((probs) => uniform(probs.length))),
      preset("two peaks", `${kind}-peaks`, to((probs) => twoPeaks(probs.length))),
      preset("one certain", `${kind}-certain`, to(certain)),
    );
  });
  const both = group(
    "lmc-buttons",
    "Set both",
    preset("swap p and q", "swap", () => ({ p: model.get("q"), q: model.get("p") })),
    preset("q := p", "copy", () => ({ q: model.get("p") })),
    preset("reset", "reset", () => ({ p: model.get("start")[0], q: model.get("start")[1] })),
  );

  // One scale of bits: a bar for each sum; a dotted line where p would be uniform.
  const sums = [sumOfBits("p", "q"), sumOfBits("q", "p"), lengthsInBits()];
  const ticks = mute(div("lmc-bits"));
  const reading = h("p", { class: "lmc-reading" });
  const task = firstTask("Move q until H(p, q) is as small as it can be: where does it stop?");
  const root = section(
    "entropies",
    "Entropy explorer",
    "Two distributions, and what it costs to confuse them",
    task.element,
    table("The two distributions", "", head, ...lines.map((line) => line.element)),
    note("Drag the end of a bar, or use the arrow keys: the other bars of its colour give way in proportion."),
    div("lmc-sums", ...sums.map((sum) => sum.element), ticks),
    reading,
    div("lmc-detail", ...presets, both),
    note("“bits” is the surprisal, log₂ 1/probability, the ideal length of a code word; “word” is Huffman’s."),
  );

  function update() {
    const probs = { p: model.get("p"), q: model.get("q") };
    const words = { p: huffman(probs.p), q: huffman(probs.q) };
    lines.forEach(({ kind, index, show }) => show(probs[kind][index], words[kind][index]));

    const found = measures(probs.p, probs.q);
    const inBits = Object.keys(found).filter((name) => !name.startsWith("perplexity")).map((name) => found[name]);
    const longest = Math.max(Math.log2(size) + 0.6, ...inBits.filter(Number.isFinite));
    const full = [2, 3, 4, 5, 6, 8, 10, 15, 20, 50, 100].find((x) => x >= longest) || longest;
    sums.forEach((sum) => sum.show(found, full));
    root.style.setProperty("--uniform", percent(Math.log2(size) / full));
    ticks.replaceChildren(...scaleMarks(full, size));

    const hesitates = finite(found["perplexity of q on p"], 2);
    const doubt = found["H(p, q)"] === Infinity
      ? "; for one who believes q it is ∞, because something happens that q holds impossible."
      : `; one who believes q hesitates among ${hesitates}.`;
    const own = finite(found["perplexity of p"], 2);
    reading.textContent = `Perplexity: p is as uncertain as ${own} equally likely outcomes${doubt}`;
    if (found["KL(p ‖ q)"] < 0.01) {
      const [both, own] = ["H(p, q)", "H(p)"].map((name) => found[name].toFixed(3));
      task.check(`H(p, q) = ${both} bits here; it gets no lower than H(p) = ${own}, where q is p.`);
    }
    root.dataset.measures = JSON.stringify(found, (_, x) => (x === Infinity ? "inf" : x));
    root.dataset.words = JSON.stringify(words);
  }

  return mount({ model, el }, root, { follows: KINDS, update });
}

export default { render };
