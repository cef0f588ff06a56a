// The word map. First the arithmetic, the same as wordmap.py and tested against it; then what stands around the map,
// which is drawn by wordmap_chart.js.

import {
  axis,
  bar,
  button,
  checkField,
  choiceOf,
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
  ranked,
  row,
  rowName,
  say,
  section,
  setter,
  span,
  stretch,
  table,
  track,
  whenColoursChange,
} from "./ui.js";
import { chart } from "./wordmap_chart.js";

// ---------- arithmetic ----------

const bytesOf = ({ buffer, byteOffset, byteLength }) => buffer.slice(byteOffset, byteOffset + byteLength);

// The vectors as they were rounded, all of length √gain, one after the other.
export function decode(codes, frame, gain, many) {
  const [packed, numbers] = [new Uint8Array(bytesOf(codes)), new Float32Array(bytesOf(frame))];
  const D = (numbers.length - 8) / 2;
  const levels = numbers.subarray(2 * D);
  const vectors = new Float64Array(many * D);
  for (let i = 0; i < many; i++) {
    let square = 0;
    for (let d = 0; d < D; d++) {
      const at = 3 * (i * D + d);
      const code = ((packed[at >> 3] | (packed[(at >> 3) + 1] << 8)) >> (at & 7)) & 7;
      const value = numbers[d] + numbers[D + d] * levels[code];
      vectors[i * D + d] = value;
      square += value * value;
    }
    const scale = Math.sqrt(gain / square);
    for (let d = 0; d < D; d++) vectors[i * D + d] *= scale;
  }
  return { vectors, D, many };
}

// The cosines of one word with all; with itself it is 1.
export function cosines({ vectors, D, many }, id) {
  const found = new Float64Array(many);
  for (let i = 0; i < many; i++) {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += vectors[i * D + d] * vectors[id * D + d];
    found[i] = sum;
  }
  found[id] = 1;
  return found;
}

// The cosines of b - a + c with all words, from those of a, b and c.
export function analogy(map, a, b, c) {
  const [one, two, three] = [a, b, c].map((id) => cosines(map, id));
  const length = Math.sqrt(3 + 2 * (two[c] - one[b] - one[c]));
  return one.map((value, i) => (two[i] - value + three[i]) / length);
}

// The n best ids that are not passed over.
export const best = (values, n, passed) =>
  ranked(values).slice(0, n + passed.length).filter((id) => !passed.includes(id)).slice(0, n);

// Each word's rank by its distance on the map from one of them: 0 for that one, 1 for the nearest other.
export function mapRanks(places, id) {
  const apart = Float64Array.from(
    { length: places.length / 2 },
    (_, i) => -((places[2 * i] - places[2 * id]) ** 2 + (places[2 * i + 1] - places[2 * id + 1]) ** 2),
  );
  apart[id] = 1;
  const ranks = new Int32Array(apart.length);
  ranked(apart).forEach((other, rank) => ranks[other] = rank);
  return ranks;
}

// ---------- the widget ----------

const SHOWN = { analogy: 8, nearest: 10 };
const two = (x) => x.toFixed(2).replace("-", "−");
const ordinal = (n) => `${grouped(n)}${(n % 100 - n % 10 !== 10 && ["th", "st", "nd", "rd"][n % 10]) || "th"}`;
let made = 0; // widgets so far, for ids

// A field for a word; it hears of each word that there is.
function field(label, name, list, { ids, words, set, wrong }) {
  const attributes = {
    type: "text",
    list,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    dir: "auto",
  };
  const input = h("input", {
    ...attributes,
    "data-word": name,
    oninput: () => {
      suggest();
      if (ids.has(input.value)) take(input.value);
    },
    onchange: () => take(input.value.trim()),
    onfocus: () => input.select(),
  });
  const likes = (text) => words.filter((word) => word.toLowerCase().startsWith(text.toLowerCase())).slice(0, 8);
  function suggest() {
    const options = input.value ? likes(input.value).map((word) => h("option", { value: word })) : [];
    document.getElementById(list).replaceChildren(...options);
  }
  function take(text) {
    const small = text.toLowerCase();
    const word = ids.has(text) ? text : words.find((each) => each.toLowerCase() === small);
    input.toggleAttribute("aria-invalid", !word);
    if (word) return set({ [name]: word });
    let begin = text;
    while (begin && !likes(begin).length) begin = begin.slice(0, -1);
    const near = begin ? ` There is ${likes(begin).slice(0, 4).join(", ")}.` : "";
    wrong(`“${text}” is not among the ${grouped(words.length)} words.${near}`);
  }
  function show(value) {
    if (input.value !== value) input.value = value;
    input.removeAttribute("aria-invalid");
  }
  return { element: h("label", { class: "lmc-wm-field" }, span("", label), input), show };
}

function render({ model, el }) {
  const words = model.get("words").split(" ");
  const ids = new Map(words.map((word, id) => [word, id]));
  const map = decode(model.get("codes"), model.get("frame"), model.get("gain"), words.length);
  const places = new Uint16Array(bytesOf(model.get("places")));
  const set = setter(model);
  const id = (name) => ids.get(model.get(name));
  const key = `lmc-wm-${++made}`;
  let fitted = null; // what the map was last moved to

  const freeTask = firstTask("Untick “Leave the inputs out”: which word is nearest then?");
  const farTask = firstTask("Press the nearest word that is farthest off on the map: how many lie closer there?");
  const done = !model.get("exclude"); // the first one, as the widget opens
  const problem = h("p", { class: "lmc-wm-problem", role: "status" });
  const helps = { ids, words, set, wrong: (text) => say(problem, text) };
  const [a, b, c, word] = [["a", "a"], ["is to b", "b"], ["as c", "c"], ["Word", "word"]].map(([label, name]) =>
    field(label, name, key, helps)
  );
  const choices = [["analogy", "Analogy"], ["nearest", "Nearest words"]];
  const modes = choiceOf("Show", "mode", choices, (mode) => set({ mode }));
  const out = checkField("Leave the inputs out", "exclude", (exclude) => set({ exclude }));
  out.element.classList.add("lmc-wm-leave");
  const examples = model.get("examples").map(([a, b, c]) =>
    button(`${b} − ${a} + ${c}`, () => set({ a, b, c, mode: "analogy" }))
  );
  const asking = group("lmc-wm-fields", "Analogy", a.element, b.element, c.element);
  const more = group("lmc-examples", "Try", mute(span("", "Try")), ...examples);
  more.hidden = !examples.length;
  const one = div("lmc-wm-fields", word.element);

  const chosen = chart(
    words,
    places,
    (id) => set({ word: words[id], mode: "nearest" }),
    (id) => say(told, `In the middle: ${words[id]}`),
  );
  const told = h("p", { class: "lmc-note lmc-wm-told", role: "status" });
  const moves = [
    button("Zoom in", () => chosen.zoomBy(1.8)),
    button("Zoom out", () => chosen.zoomBy(1 / 1.8)),
    button("Whole map", () => chosen.whole()),
  ];

  const answer = h("p", { class: "lmc-wm-answer", role: "status" });
  const head = row("lmc-head", column("", "word"), axis(0, 0.5, 1), column("lmc-number", "cosine"));
  const rankHead = column("lmc-number", "on the map");
  head.append(rankHead);
  const rows = Array.from({ length: SHOWN.nearest }, () => {
    const fill = bar("lmc-fill");
    const name = button("", () => pick(name.textContent), { dir: "auto" });
    const [value, rank] = [numberCell(), numberCell()];
    const element = row("", rowName("lmc-wm-name", name), track(fill), value, rank);
    return { element, fill, name, value, rank };
  });
  const list = table("The nearest words", "lmc-wm-list", head, ...rows.map((each) => each.element));

  const root = section(
    "wordmap",
    "Word map",
    `A map of ${grouped(words.length)} words`,
    freeTask.element,
    farTask.element,
    modes.element,
    h("datalist", { id: key }),
    div("lmc-wm-asking", asking, one, out.element),
    problem,
    answer,
    div(
      "lmc-wm-halves",
      div("", chosen.element, div("lmc-buttons lmc-wm-moves", ...moves), told),
      div("", list, more),
    ),
    caption(model.get("kept"), words.length, model.get("of"), model.get("credit")),
  );

  // A word chosen from the list; if it is the one that the map has farthest off, the second task is done.
  function pick(name) {
    const before = id("word");
    const ranks = mapRanks(places, before);
    const farthest = best(cosines(map, before), SHOWN.nearest, [before]).sort((a, b) => ranks[b] - ranks[a])[0];
    if (model.get("mode") === "nearest" && ids.get(name) === farthest && ranks[farthest] > SHOWN.nearest) {
      farTask.check(
        `“${name}” is one of the ten nearest to “${words[before]}”, yet ${grouped(ranks[farthest] - 1)} words lie ` +
          `closer on the map. Two axes cannot hold ${map.D}.`,
      );
    }
    set({ word: name, mode: "nearest" });
  }

  function showRows(found, values, ranks, inputs) {
    rows.forEach((each, i) => {
      each.element.hidden = i >= found.length;
      if (each.element.hidden) return;
      const at = found[i];
      each.name.textContent = words[at];
      stretch(each.fill, 0, Math.max(0, Math.min(1, values[at])));
      each.value.textContent = two(values[at]);
      each.rank.textContent = ranks ? ordinal(ranks[at]) : inputs.includes(at) ? "put in" : "";
      each.element.classList.toggle("lmc-wm-input", inputs.includes(at));
      each.element.classList.toggle("lmc-wm-far", Boolean(ranks) && ranks[at] > SHOWN.nearest);
    });
    root.dataset.answers = found.map((at) => words[at]).join(" "); // for the tests
    root.dataset.cosines = found.map((at) => values[at]).join(" ");
  }

  function showAnalogy() {
    const inputs = ["a", "b", "c"].map(id);
    const values = analogy(map, ...inputs);
    const found = best(values, SHOWN.analogy, model.get("exclude") ? inputs : []);
    const other = best(values, 1, inputs)[0];
    const [first, second] = [found[0], other];
    const name = (at) => h("b", { dir: "auto" }, words[at]);
    const given = `${words[inputs[1]]} − ${words[inputs[0]]} + ${words[inputs[2]]} is nearest to `;
    const free = inputs.includes(first);
    answer.replaceChildren(given, name(first), free ? ", which was put in; of other words, to " : ".");
    if (free) answer.append(name(second), ".");
    rankHead.textContent = "";
    showRows(found, values, null, inputs);
    if (!model.get("exclude")) {
      freeTask.check(
        free ? `It is “${words[first]}”, one of the three that were put in.` : `It is “${words[first]}” even so.`,
      );
    }
    chosen.mark(
      [...(free ? [] : [{ id: first, kind: "answer" }]), ...inputs.map((at) => ({ id: at, kind: "input" }))],
      [{ from: inputs[0], to: inputs[1], kind: "input" }, { from: inputs[2], to: first, kind: "answer" }],
    );
    return [first, ...inputs];
  }

  function showNearest() {
    const here = id("word");
    const values = cosines(map, here);
    const found = best(values, SHOWN.nearest, [here]);
    const ranks = mapRanks(places, here);
    const both = found.filter((at) => ranks[at] <= SHOWN.nearest).length;
    answer.replaceChildren("Nearest to ", h("b", { dir: "auto" }, words[here]));
    answer.append(` by the vectors. On the map, ${both} of these ten are among the ten nearest.`);
    rankHead.textContent = "on the map";
    showRows(found, values, ranks, []);
    chosen.mark(
      [{ id: here, kind: "word" }, ...found.map((at) => ({ id: at, kind: "near" }))],
      found.map((at) => ({ from: here, to: at, kind: "near" })),
    );
    return [here, ...found];
  }

  function update() {
    const mode = model.get("mode");
    const nearest = mode === "nearest";
    Object.entries({ a, b, c, word }).forEach(([name, each]) => each.show(model.get(name)));
    modes.show(mode);
    out.show(model.get("exclude"));
    asking.hidden = out.element.hidden = nearest;
    one.hidden = !nearest;
    say(problem, "");
    const shown = nearest ? showNearest() : showAnalogy();
    freeTask.element.hidden = nearest || done;
    farTask.element.hidden = !nearest;
    say(told, hint());
    root.dataset.mode = mode;
    const target = shown.join();
    if (fitted !== target) chosen.fit(shown);
    fitted = target;
  }

  const repaint = () => chosen.paint();
  const ended = whenColoursChange(repaint);
  const teardown = () => {
    chosen.stop();
    ended();
  };
  const follows = ["mode", "word", "a", "b", "c", "exclude"];
  return mount({ model, el }, root, { follows, update, resized: [chosen.element, repaint], teardown });
}

const hint = () =>
  matchMedia("(pointer: coarse)").matches
    ? "Tap a word. Then one finger moves the map and two zoom, until you tap elsewhere."
    : "Drag the map; click it, and the wheel zooms. A click on a word shows what is nearest to it.";

// What is shown, and what it loses.
function caption(kept, many, of, credit) {
  const chosen = of > many ? `${grouped(many)} of ${grouped(of)} words. ` : "";
  const share = (each) => `${Math.round(100 * each)} %`;
  const asked = kept.excluded === undefined ? "" : ` They answer ${share(kept.excluded)} of ` +
    `${grouped(kept.questions)} analogies alike with the inputs left out, ${share(kept.free)} with all words.`;
  return note(
    `${chosen}To save space, each number of a vector is rounded to one of eight values. Of a word’s ten nearest ` +
      `among these by the full vectors, the rounded ones find ${number10(kept.nearest)}.${asked} On the map ` +
      `${number10(kept.map)} of the ten are among the ten nearest; on the two axes along which the vectors differ ` +
      `most, ${number10(kept.axes)}. Its axes have no meaning. ${credit}`,
  );
}

const number10 = (share) => (10 * share).toFixed(1);

export default { render };
