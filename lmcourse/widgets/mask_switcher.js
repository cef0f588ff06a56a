// The mask switcher. First what an example is, the same as mask_switcher.py and tested against it; then the drawing.

import { uniforms } from "./chance.js";
import { button, choiceOf, div, firstTask, h, mount, mute, note, say, section, setter, span } from "./ui.js";

// ---------- an example ----------

const BEGIN = "<s>";
const MASK = "[MASK]";
const SENTINELS = ["<x>", "<y>", "<z>"];

const range = (n) => Array.from({ length: n }, (_, i) => i);
const grid = (n, sees) => range(n).map((i) => range(n).map((j) => sees(i, j)));

function masked(words, vocabulary, chance, chosen) {
  const places = chosen(words.length, Math.max(1, Math.floor(0.15 * words.length + 0.5)));
  const [inputs, targets] = [[...words], words.map(() => "")];
  for (const place of places) {
    const fate = chance();
    const word = vocabulary[Math.floor(chance() * vocabulary.length)];
    inputs[place] = fate < 0.8 ? MASK : fate < 0.9 ? word : words[place];
    targets[place] = words[place];
  }
  const judged = words.map((_, i) => places.includes(i));
  return { inputs, targets, judged, visible: grid(words.length, () => true), source: 0 };
}

function spans(words, chance, chosen) {
  const noise = Math.max(2, Math.floor(0.3 * words.length + 0.5));
  const first = 1 + Math.floor(chance() * (noise - 1));
  const [a, b] = chosen(words.length - noise + 1, 2);
  const [one, between, two] = [words.slice(a, a + first), words.slice(a + first, b + first), words.slice(b + first)];
  const [x, y, z] = SENTINELS;
  const source = [...words.slice(0, a), x, ...between, y, ...two.slice(noise - first)];
  const said = [x, ...one, y, ...two.slice(0, noise - first), z];
  const n = source.length;
  return {
    inputs: [...source, BEGIN, ...said.slice(0, -1)],
    targets: [...source.map(() => ""), ...said],
    judged: [...source.map(() => false), ...said.map(() => true)],
    visible: grid(n + said.length, (i, j) => j < n || (i >= n && j <= i)),
    source: n,
  };
}

// What goes in at each place, what should come out, whether it counts, who sees whom, and how many are the encoder's.
export function example(family, sentences, seed) {
  const chance = uniforms(seed);
  // So many of 0 … of - 1, in order: those with the smallest numbers.
  const chosen = (of, n) => {
    const drawn = range(of).map(chance);
    return range(of).sort((i, j) => drawn[i] - drawn[j]).slice(0, n).sort((i, j) => i - j);
  };
  const words = sentences[Math.floor(chance() * sentences.length)];
  if (family === "encoder") return masked(words, [...new Set(sentences.flat())].sort(), chance, chosen);
  if (family === "encoder-decoder") return spans(words, chance, chosen);
  const known = family === "prefix" ? 2 + Math.floor(chance() * (words.length - 1)) : 1;
  const judged = words.map((_, i) => i >= known - 1);
  return {
    inputs: [BEGIN, ...words.slice(0, -1)],
    targets: words.map((word, i) => (judged[i] ? word : "")),
    judged,
    visible: grid(words.length, (i, j) => j <= i || (family === "prefix" && j < known)),
    source: 0,
  };
}

// ---------- drawing ----------

const FAMILIES = {
  encoder: [
    "Encoder",
    "BERT",
    "Hide one word in seven; say what it was, having seen both sides.",
    "−Σ log p(xₜ | corrupted text), over the chosen places t",
  ],
  "encoder-decoder": [
    "Encoder and decoder",
    "T5",
    "Cut spans out; an encoder sees what is left, a decoder says what is missing.",
    "−Σ log p(yₜ | y₁ … yₜ₋₁, source), over all places t of the target y",
  ],
  decoder: [
    "Decoder",
    "GPT",
    "Say each word from those before it.",
    "−Σ log p(xₜ | x₁ … xₜ₋₁), over all places t",
  ],
  prefix: [
    "Prefix model",
    "UniLM",
    "A beginning of k words sees all of itself; say the rest, word by word.",
    "−Σ log p(xₜ | x₁ … xₜ₋₁), over the places t > k",
  ],
};

function sentence(found, at) {
  const names = found.visible[at].flatMap((sees, j) => (sees ? [`${j + 1} ${found.inputs[j]}`] : []));
  const [whole, n] = [names.length === found.inputs.length, found.inputs.length];
  const asked = found.judged[at] ? `should say “${found.targets[at]}”` : "is asked nothing";
  const seen = whole ? `all ${n} places` : names.join(", ");
  return `Place ${at + 1}, “${found.inputs[at]}”, sees ${seen}. It ${asked}.`;
}

// What a decoder gains, and what it pays.
function lesson(decoder, encoder) {
  const [all, few] = [decoder, encoder].map(({ judged }) => judged.filter(Boolean).length);
  return `All ${all} answer; as an encoder’s example, ${few} of ${encoder.judged.length} would. ` +
    `What they lose: each sees itself and what stands before it, nothing after it.`;
}

function render({ model, el }) {
  const set = setter(model);
  let at = 0;
  let found = null;
  const names = Object.entries(FAMILIES).map(([family, [name, who]]) => [family, `${name} (${who})`]);
  const families = choiceOf("Family", "family", names, (family) => set({ family }));
  const task = firstTask("Choose the decoder: how many places have to answer, and what do they lose?");
  const again = button("New example", () => set({ seed: (model.get("seed") + 1) % 100 }), { "data-again": "" });
  const [words, formula] = [h("p", { class: "lmc-ms-words" }), h("p", { class: "lmc-ms-formula" })];
  const rows = div("lmc-ms-grid");
  const status = h("p", { class: "lmc-ms-status", role: "status", dir: "auto" });
  const root = section(
    "mask_switcher",
    "Mask switcher",
    "One stack, four masks",
    task.element,
    families.element,
    words,
    formula,
    div("lmc-buttons", again),
    rows,
    status,
    note("A filled square: the place of this row sees the place of this column. Choose a row by its token."),
  );

  function choose(place) {
    at = place;
    [...rows.children].forEach((line) => {
      const chosen = line.getAttribute("data-row") === String(at);
      line.classList.toggle("lmc-ms-now", chosen);
      const key = line.querySelector("button");
      if (key) key.setAttribute("aria-pressed", String(chosen));
    });
    say(status, sentence(found, at));
    root.dataset.place = String(at);
  }

  function line(token, i) {
    const cells = found.visible[i].map((sees, j) =>
      span(`lmc-ms-cell ${sees ? "lmc-ms-sees" : ""} ${found.source && j === found.source ? "lmc-ms-edge" : ""}`)
    );
    const key = button(token, () => choose(i), { "aria-label": `Place ${i + 1}: ${token}`, dir: "auto" });
    key.addEventListener("focus", () => choose(i));
    const target = span(found.judged[i] ? "lmc-ms-target" : "lmc-ms-free", found.judged[i] ? found.targets[i] : "–");
    target.dir = "auto";
    const number = mute(span("lmc-ms-number", String(i + 1)));
    const kind = `lmc-ms-row ${found.source && i === found.source ? "lmc-ms-edge-row" : ""}`;
    const attributes = { class: kind, "data-row": i, onmouseenter: () => choose(i) };
    return h("div", attributes, number, key, mute(div("lmc-ms-cells", ...cells)), target);
  }

  function head() {
    const numbers = found.inputs.map((_, j) => span("lmc-ms-number", String(j + 1)));
    const columns = div("lmc-ms-cells", ...numbers);
    return div("lmc-ms-row lmc-ms-head", span(""), span("", "goes in"), columns, span("", "comes out"));
  }

  function update() {
    const family = model.get("family");
    found = example(family, model.get("sentences"), model.get("seed"));
    families.show(family);
    say(words, FAMILIES[family][2]);
    say(formula, FAMILIES[family][3]);
    rows.style.setProperty("--places", String(found.inputs.length));
    rows.replaceChildren(head(), ...found.inputs.map(line));
    root.dataset.example = JSON.stringify(found); // for the tests
    choose(Math.max(0, found.judged.indexOf(true)));
    if (family === "decoder") task.check(lesson(found, example("encoder", model.get("sentences"), model.get("seed"))));
  }

  return mount({ model, el }, root, { follows: ["family", "seed", "sentences"], update });
}

export default { render };
