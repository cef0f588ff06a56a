// The entropy explorer; shared.js stands before it. First the arithmetic, the same as lmcourse/information/measures.py,
// lmcourse/information/huffman.py and entropy.py, and tested against them; then the drawing.

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
  const weights = Array.from({ length: size }, (_, i) =>
    4 ** -Math.min(Math.abs(i - left), Math.abs(i - (size - 1 - left))));
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
    rarest.forEach(({ symbols }, bit) => symbols.forEach((i) => { words[i] = bit + words[i]; }));
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

const finite = (value, digits) => (value === Infinity ? "∞" : value.toFixed(digits));

function render({ model, el }) {
  const outcomes = model.get("outcomes");
  const size = outcomes.length;
  const kinds = ["p", "q"];
  const change = (values) => {
    Object.entries(values).forEach(([name, value]) => model.set(name, value));
    model.save_changes();
  };

  // While one bar is moved, the others give way from where they stood when the move began: so a bar that was
  // pushed up to 1 and comes down again leaves the others as they were.
  let held = null;
  const same = (a, b) => a.every((x, i) => Math.abs(x - b[i]) < 1e-9);
  function drag(kind, index, value) {
    const now = model.get(kind);
    const goesOn = held && held.kind === kind && held.index === index && same(held.result, now);
    const base = goesOn ? held.base : now;
    held = { kind, index, base, result: giveWay(base, index, value) };
    change({ [kind]: held.result });
  }

  const lines = outcomes.flatMap((outcome, index) => kinds.map((kind) => {
    const input = h("input", {
      type: "range", min: 0, max: 100, step: 1,
      "data-bar": kind, "data-outcome": outcome, "aria-label": `${kind} of ${outcome}`,
    });
    input.addEventListener("input", () => drag(kind, index, Number(input.value) / 100));
    const bar = h("div", { class: `lmc-bar lmc-of-${kind}` });
    const cell = (className) => h("span", { class: className, role: "cell" });
    const [prob, bits, word] = [cell("lmc-number"), cell("lmc-number"), cell("lmc-word")];
    const element = h("div", { class: `lmc-row lmc-line-${kind}`, role: "row" },
      h("span", { class: "lmc-token", role: "rowheader", title: outcome },
        kind === "p" ? outcome : h("span", { class: "lmc-hidden" }, outcome)),
      h("i", { class: "lmc-kind", "aria-hidden": "true" }, kind),
      h("div", { class: "lmc-track", role: "cell" }, bar, input),
      prob, bits, word);
    return { kind, index, input, bar, prob, bits, word, element };
  }));
  const header = h("div", { class: "lmc-row lmc-head", role: "row" },
    h("span", { role: "columnheader" }, "outcome"), h("span", { "aria-hidden": "true" }),
    h("div", { class: "lmc-axis", role: "columnheader", "aria-label": "drag" },
      ...["0", "½", "1"].map((x) => h("span", { "aria-hidden": "true" }, x))),
    h("span", { class: "lmc-number", role: "columnheader" }, "prob."),
    h("span", { class: "lmc-number", role: "columnheader" }, "bits"),
    h("span", { class: "lmc-word", role: "columnheader" }, "word"));

  const button = (label, name, act) => h("button", {
    type: "button", "data-set": name, onclick: () => { held = null; act(); },
  }, label);
  const presets = kinds.map((kind) => {
    const set = (make) => () => change({ [kind]: make(model.get(kind)) });
    return h("div", { class: "lmc-presets", role: "group", "aria-label": `Set ${kind}` },
      h("span", { class: "lmc-legend" }, h("i", { class: `lmc-swatch lmc-of-${kind}` }), h("b", {}, kind),
        kind === "p" ? " what is true" : " what is believed"),
      button("uniform", `${kind}-uniform`, set((probs) => uniform(probs.length))),
      button("two peaks", `${kind}-peaks`, set((probs) => twoPeaks(probs.length))),
      button("one certain", `${kind}-certain`, set(certain)));
  });
  const both = h("div", { class: "lmc-presets", role: "group", "aria-label": "Set both" },
    button("swap p and q", "swap", () => change({ p: model.get("q"), q: model.get("p") })),
    button("q := p", "copy", () => change({ q: model.get("p") })),
    button("reset", "reset", () => change({ p: model.get("start")[0], q: model.get("start")[1] })));

  // One scale of bits: a bar for each sum; a dashed line where p would be uniform.
  const limits = [];
  const limit = (...children) => {
    limits.push(h("i", { class: "lmc-limit" }, ...children));
    return limits[limits.length - 1];
  };
  const sums = [["p", "q"], ["q", "p"]].map(([a, b]) => {
    const value = (kind) => h("b", { "data-value": kind });
    const parts = [`H(${a})`, `KL(${a} ‖ ${b})`, `H(${a}, ${b})`].map((name) => ({ name, number: value(name) }));
    const [own, extra] = [h("div", { class: `lmc-bar lmc-of-${a}` }), h("div", { class: "lmc-bar lmc-extra" })];
    const endless = h("span", { class: "lmc-endless" }, "∞");
    const text = (part, swatch) => h("span", {},
      ...(swatch ? [h("i", { class: `lmc-swatch ${swatch}` })] : []), part.name, " ", part.number);
    const element = h("div", { class: "lmc-sum" },
      h("div", { class: "lmc-equation" },
        text(parts[0], `lmc-of-${a}`), h("span", {}, "+"), text(parts[1], "lmc-extra"),
        h("span", {}, "="), text(parts[2], "")),
      h("div", { class: "lmc-scale", "aria-hidden": "true" }, own, extra, endless, limit()));
    return { parts, own, extra, endless, element };
  });
  const lengths = kinds.map((kind) => {
    const bar = h("div", { class: `lmc-bar lmc-of-${kind}` });
    const number = h("b", { "data-value": `words of ${kind}` });
    return { kind, bar, number };
  });
  const coded = h("div", { class: "lmc-sum lmc-coded" },
    h("div", { class: "lmc-equation" },
      h("span", {}, "Mean length of Huffman’s words, when p is true:"),
      ...lengths.map(({ kind, number: shown }) =>
        h("span", {}, h("i", { class: `lmc-swatch lmc-of-${kind}` }), `words of ${kind} `, shown))),
    h("div", { class: "lmc-scale", "aria-hidden": "true" }, ...lengths.map(({ bar }) => bar), limit()));
  const ticks = h("div", { class: "lmc-bits", "aria-hidden": "true" });
  const reading = h("p", { class: "lmc-reading" });

  const root = h("section", { class: "lmc lmc-entropies", "aria-label": "Entropy explorer" },
    h("div", { class: "lmc-title" }, "Two distributions, and what it costs to confuse them"),
    h("p", { class: "lmc-note" },
      "Drag the end of a bar, or use the arrow keys: the other bars of its colour give way in proportion. " +
      "“bits” is the surprisal, log₂ 1/probability, the ideal length of a code word; “word” is Huffman’s."),
    ...presets, both,
    h("div", { class: "lmc-table", role: "table", "aria-label": "The two distributions" },
      header, ...lines.map((line) => line.element)),
    h("div", { class: "lmc-sums" }, ...sums.map((sum) => sum.element), coded, ticks),
    reading);

  function update() {
    const values = { p: model.get("p"), q: model.get("q") };
    const words = { p: huffman(values.p), q: huffman(values.q) };
    const found = measures(values.p, values.q);
    for (const line of lines) {
      const p = values[line.kind][line.index];
      line.input.value = Math.round(100 * p);
      line.input.setAttribute("aria-valuetext", number(p));
      line.bar.style.width = `calc(${p} * (100% - 18px))`;
      line.prob.textContent = number(p);
      line.bits.textContent = finite(surprisal(p), 2);
      line.word.textContent = words[line.kind][line.index];
      [line.prob, line.bits].forEach((cell) => cell.classList.toggle("lmc-zero", p === 0));
      Object.assign(line.element.dataset, { kind: line.kind, outcome: outcomes[line.index], prob: p, bits: surprisal(p) });
    }
    const inBits = Object.keys(found).filter((name) => !name.startsWith("perplexity"));
    const longest = Math.max(Math.log2(size) + 0.6, ...inBits.map((name) => found[name]).filter(Number.isFinite));
    const full = [2, 3, 4, 5, 6, 8, 10, 15, 20, 50, 100].find((x) => x >= longest) || longest;
    const percent = (x) => `${(100 * x) / full}%`;
    for (const { parts, own, extra, endless } of sums) {
      parts.forEach((part) => { part.number.textContent = finite(found[part.name], 3); });
      const [h0, kl] = parts.map((part) => found[part.name]);
      own.style.width = percent(h0);
      extra.style.left = percent(h0);
      extra.style.width = percent(kl === Infinity ? full - h0 : kl);
      extra.classList.toggle("lmc-fades", kl === Infinity);
      extra.hidden = kl === 0;
      endless.hidden = kl !== Infinity;
    }
    for (const { kind, bar, number: shown } of lengths) {
      bar.style.width = percent(found[`words of ${kind}`]);
      shown.textContent = found[`words of ${kind}`].toFixed(3);
    }
    const step = full > 20 ? full / 5 : full > 8 ? 5 : full > 4 ? 2 : 1;
    const marks = Array.from({ length: Math.floor(full / step) + 1 }, (_, i) => h("span", {}, String(i * step)));
    marks.forEach((mark, i) => { mark.style.left = percent(i * step); });
    limits.forEach((line) => { line.style.left = percent(Math.log2(size)); });
    marks[0].textContent = "0 bits";
    const most = h("span", { class: "lmc-most" }, `H ≤ log₂ ${size} = ${Number(Math.log2(size).toFixed(2))}`);
    const share = Math.log2(size) / full;
    most.classList.toggle("lmc-before", share > 0.55); // the words stand on the side where there is room
    if (share > 0.55) most.style.right = `calc(${100 - 100 * share}% - 1px)`;
    else most.style.left = `calc(${100 * share}% - 1px)`;
    ticks.replaceChildren(...marks, most);
    const perplexities = [found["perplexity of p"], found["perplexity of q on p"]].map((x) => finite(x, 2));
    reading.replaceChildren(
      `Perplexity: p is as uncertain as ${perplexities[0]} equally likely outcomes`,
      found["H(p, q)"] === Infinity
        ? "; for one who believes q it is ∞, because something happens that q holds impossible."
        : `; one who believes q hesitates among ${perplexities[1]}.`);
    root.dataset.measures = JSON.stringify(found, (_, x) => (x === Infinity ? "inf" : x));
    root.dataset.words = JSON.stringify(words);
  }

  const events = kinds.map((kind) => `change:${kind}`);
  events.forEach((event) => model.on(event, update));
  update();
  el.append(root);
  return () => {
    events.forEach((event) => model.off(event, update));
    root.remove();
  };
}

export default { render };
