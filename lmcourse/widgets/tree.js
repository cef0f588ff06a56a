// The sentence tree. First the arithmetic, the same as lmcourse/decoding/annealing.py and tested against it; then the
// drawing. A tree is {parents, logProbs}: node 0 is the empty beginning, a parent comes before its children, and
// logProbs holds the natural log-probability of a node's token given the path to it.

import { temperatureOf, temperatureSlider, temperatureText } from "./anneal.js";
import { anneal } from "./decode.js";
import {
  bar,
  button,
  choiceOf,
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
  others,
  percent,
  row,
  rowName,
  say,
  section,
  setter,
  short,
  span,
  swatch,
  table,
  track,
  visible,
} from "./ui.js";

// ---------- arithmetic ----------

// The children of every node, the most probable first.
export function childrenOf({ parents, logProbs }) {
  const children = parents.map(() => []);
  for (let node = 1; node < parents.length; node++) children[parents[node]].push(node);
  for (const nodes of children) nodes.sort((a, b) => logProbs[b] - logProbs[a] || a - b);
  return children;
}

// The conditional log-probability of every node when each step is annealed.
export function annealSteps(tree, temperature) {
  const annealed = tree.logProbs.slice();
  for (const nodes of childrenOf(tree)) {
    if (!nodes.length) continue;
    const row = anneal(nodes.map((node) => tree.logProbs[node]), temperature);
    nodes.forEach((node, i) => {
      annealed[node] = row[i];
    });
  }
  return annealed;
}

// The log-probability of the whole path to every node: the sum of its steps.
export function pathLogProbs(parents, logProbs) {
  const paths = [0];
  for (let node = 1; node < parents.length; node++) paths[node] = paths[parents[node]] + logProbs[node];
  return paths;
}

// For every complete sentence (a node without children), the most probable first: the node and three
// probabilities: the model's own, annealed at each step, and annealed as a whole.
export function compareSentences(tree, temperature) {
  const original = pathLogProbs(tree.parents, tree.logProbs);
  const stepwise = pathLogProbs(tree.parents, annealSteps(tree, temperature));
  const ends = childrenOf(tree).flatMap((nodes, node) => (nodes.length ? [] : [node]));
  // rounded, so that equal products of different factors tie at T = 0
  const whole = anneal(ends.map((node) => Math.round(original[node] * 1e12) / 1e12), temperature);
  return ends
    .map((node, i) => ({
      node,
      model: Math.exp(original[node]),
      step: Math.exp(stepwise[node]),
      whole: Math.exp(whole[i]),
    }))
    .sort((a, b) => Math.round((b.model - a.model) * 1e12) || a.node - b.node);
}

// Half the sum of the absolute differences: 0 for equal distributions, 1 for two that share no outcome.
export function totalVariation(p, q) {
  return p.reduce((sum, x, i) => sum + Math.abs(x - q[i]), 0) / 2;
}

// ---------- drawing ----------

const SENTENCES_SHOWN = 12;

function render({ model, el }) {
  const tree = { parents: model.get("parents"), logProbs: model.get("log_probs") };
  const tokens = model.get("tokens");
  const children = childrenOf(tree);
  const pathTo = (node) => (node > 0 ? [...pathTo(tree.parents[node]), node] : []);
  const text = (node) => pathTo(node).map((n) => visible(tokens[n])).join(model.get("separator"));
  const depth = tree.parents.reduce((depths, parent, node) => {
    depths[node] = parent < 0 ? 0 : depths[parent] + 1;
    return depths;
  }, []);
  const longest = Math.max(...depth);
  const count = children.filter((nodes) => !nodes.length).length;
  let showAll = count <= SENTENCES_SHOWN;

  const set = setter(model);
  const annealing = () => model.get("part") === "anneal";
  // Walk, and keep the keyboard's focus in the walk: on the first continuation, or on the path where none is shown.
  const walk = (node) => {
    set({ node });
    const first = annealing() ? null : choices.querySelector("button");
    (first || path.querySelector("[aria-current]")).focus({ preventScroll: true });
  };

  // One box for each node: its column is its depth, its height the probability of the path to it.
  const boxes = tree.parents.map((_, node) =>
    h("div", { "data-node": node, title: node ? text(node) : "start", dir: "auto" }, node ? visible(tokens[node]) : "")
  );
  const icicle = h("div", { class: "lmc-icicle", "aria-hidden": "true" }, ...boxes.slice(1));
  icicle.addEventListener("click", (event) => {
    const box = event.target.closest("[data-node]");
    if (box) walk(Number(box.dataset.node));
  });

  const path = group("lmc-path", "The path so far; choose a token to go back to it");
  const choices = h("ul", { class: "lmc-choices", "aria-label": "Continuations" });
  const status = h("div", { class: "lmc-hidden", role: "status" });
  const head = mute(div("lmc-head", span("", "next token"), span(""), span("lmc-number", "probability")));
  const hint = note("Choose a token, here or on the path. Arrow keys: → on, ← back, ↑ ↓ choose.");
  const next = div("lmc-next", head, choices, hint);
  const walker = div("lmc-walker", path, next);
  walker.addEventListener("keydown", (event) => {
    const node = model.get("node");
    const buttons = [...choices.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const actions = {
      ArrowLeft: () => node > 0 && walk(tree.parents[node]),
      ArrowRight: () => buttons.length && walk(children[node][Math.max(at, 0)]),
      ArrowDown: () => buttons.length && buttons[(at + 1) % buttons.length].focus(),
      ArrowUp: () => buttons.length && buttons[(Math.max(at, 0) + buttons.length - 1) % buttons.length].focus(),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });

  // Two ideas, one at a time
  const parts = choiceOf("What to see", "part", [
    ["walk", "Walk: probabilities multiply"],
    ["anneal", "Anneal: each step or the whole"],
  ], (part) => set({ part }));
  const walkTask = firstTask("Walk to the end of a sentence: what becomes of its probability?");
  const annealTask = firstTask("Try T = 0.5: do the two ways of annealing agree?");
  const about = note();

  const temperature = temperatureSlider(set);
  const comparison = table("Probability of each sentence", "");
  const distance = div("lmc-distance");
  const more = button("", () => {
    showAll = !showAll;
    drawComparison(temperatureOf(model));
  }, { class: "lmc-more" });
  const controls = div("lmc-controls", temperature.element, distance);
  const sentences = div("lmc-detail", comparison, ...(count > SENTENCES_SHOWN ? [more] : []));
  const root = section(
    "tree",
    "Sentence tree",
    `All ${count} sentences of a small language`,
    parts.element,
    walkTask.element,
    annealTask.element,
    about,
    controls,
    icicle,
    walker,
    status,
    sentences,
  );

  function drawTree(steps, here) {
    const paths = pathLogProbs(tree.parents, steps).map(Math.exp);
    const top = [0];
    const onPath = new Set(pathTo(here));
    const [width, height] = [icicle.clientWidth / longest, icicle.clientHeight];
    const room = width < 60 ? 6.5 : 8; // pixels for a character, at the two sizes of the style sheet
    children.forEach((nodes, node) => {
      let y = top[node];
      for (const child of nodes) {
        top[child] = y;
        y += paths[child];
        const label = visible(tokens[child]);
        const fits = paths[child] * height >= 13 && label.length * room <= width + 8;
        boxes[child].textContent = fits ? label : "";
        boxes[child].classList.toggle("lmc-on", onPath.has(child));
        Object.assign(boxes[child].style, {
          left: percent((depth[child] - 1) / longest),
          width: percent(1 / longest),
          top: percent(top[child]),
          height: percent(paths[child]),
        });
      }
    });
  }

  function drawPath(steps, here, t) {
    const nodes = pathTo(here);
    const stop = (node, label, own, annealed) => {
      const element = button(label, () => walk(node), { "data-node": node });
      element.append(h("small", {}, own), ...(annealing() ? [h("small", { class: "lmc-at" }, annealed)] : []));
      if (node === here) element.setAttribute("aria-current", "step");
      return element;
    };
    const product = (logProbs) => Math.exp(nodes.reduce((sum, node) => sum + logProbs[node], 0));
    const [own, annealed] = [product(tree.logProbs), product(steps)];
    const factors = nodes.flatMap((node, i) => [
      ...(i ? [span("lmc-sign", "×")] : []),
      stop(node, visible(tokens[node]), number(Math.exp(tree.logProbs[node])), number(Math.exp(steps[node]))),
    ]);
    path.replaceChildren(stop(0, "start", "model", `T = ${temperatureText(t)}`), ...factors);
    if (nodes.length) {
      path.append(
        span("lmc-sign", "="),
        h(
          "div",
          { class: "lmc-result" },
          "path",
          h("span", {}, own.toFixed(4)),
          ...(annealing() ? [span("lmc-at", annealed.toFixed(4))] : []),
        ),
      );
    }
    Object.assign(root.dataset, { node: here, pathModel: own, pathNow: annealed });
    return own;
  }

  function drawChoices(here) {
    const rows = children[here].map((node) => {
      const own = Math.exp(tree.logProbs[node]);
      const fill = bar("lmc-fill");
      fill.style.width = percent(own);
      const choice = button("", () => walk(node), {
        "data-token": tokens[node],
        "data-node": node,
        "data-model": own,
      });
      choice.append(span("lmc-token", visible(tokens[node])), track(fill), span("lmc-number", number(own)));
      return h("li", { dir: "auto" }, choice);
    });
    choices.replaceChildren(...rows);
    if (!rows.length) choices.append(h("li", { class: "lmc-note" }, "The sentence is complete."));
  }

  // Three bars and three numbers; the other sentences have numbers only: their sum would dwarf the rest.
  function comparisonRow(s, full) {
    const bars = [["lmc-step", s.step], ["lmc-whole", s.whole], ["lmc-outline", s.model]].map(([kind, value]) => {
      const element = bar(kind);
      element.style.width = percent(value / full);
      element.hidden = s.node === undefined;
      return element;
    });
    const element = row(
      "",
      rowName("lmc-sentence", h("bdi", {}, s.label)),
      track(...bars),
      ...[s.model, s.step, s.whole].map((value) => numberCell(number(value))),
    );
    Object.assign(element.dataset, { sentence: s.label, model: s.model, step: s.step, whole: s.whole });
    element.firstChild.title = s.label;
    return element;
  }

  function drawComparison(t) {
    const sentences = compareSentences(tree, t);
    const listed = showAll ? sentences : sentences.slice(0, SENTENCES_SHOWN);
    const rest = sentences.slice(listed.length);
    const add = (key) => rest.reduce((sum, s) => sum + s[key], 0);
    const lines = listed.map((s) => ({ ...s, label: text(s.node) }));
    if (rest.length) {
      lines.push({ label: others(rest.length), model: add("model"), step: add("step"), whole: add("whole") });
    }
    const full = Math.max(...listed.flatMap((s) => [s.model, s.step, s.whole]));
    const head = (kind, label) => column("lmc-number", swatch(kind), label);
    comparison.replaceChildren(
      row(
        "lmc-head",
        column("lmc-sentence", "sentence"),
        mute(span("")),
        head("lmc-outline", "model"),
        head("lmc-step", "steps"),
        head("lmc-whole", "whole"),
      ),
      ...lines.map((line) => comparisonRow(line, full)),
    );
    more.textContent = showAll ? `Show the ${SENTENCES_SHOWN} most probable` : `Show all ${count}`;
    const tv = totalVariation(sentences.map((s) => s.step), sentences.map((s) => s.whole));
    distance.replaceChildren(
      h("b", {}, tv.toFixed(4)),
      "distance (total variation) between annealing each step and the whole",
    );
    root.dataset.tv = tv;
    return { sentences, tv };
  }

  // What there was to see: the factors of a sentence; the sentence that the two ways treat most differently.
  function checkWalk(here, own) {
    if (annealing() || !here || children[here].length) return;
    const factors = pathTo(here).map((node) => short(Math.exp(tree.logProbs[node])));
    walkTask.check(`“${text(here)}” has ${factors.join(" × ")} = ${own.toFixed(4)}: each step takes its share.`);
  }
  function checkAnneal(t, { sentences, tv }) {
    if (!annealing() || t > 0.5) return;
    const most = sentences.reduce((a, b) => (Math.abs(b.step - b.whole) > Math.abs(a.step - a.whole) ? b : a));
    annealTask.check(
      tv < 5e-5
        ? "They agree here."
        : `They differ: “${text(most.node)}” has ${number(most.step)} by steps and ${number(most.whole)} as a whole.`,
    );
  }

  // Who walks sees the model itself.
  const now = () => (annealing() ? temperatureOf(model) : 1);
  function update() {
    const [t, here] = [now(), model.get("node")];
    const steps = annealSteps(tree, t);
    parts.show(model.get("part"));
    about.textContent = "Each box is a token. Its height is the probability of the whole path to it" +
      (annealing() ? ", annealed at each step." : ".");
    for (const each of [controls, sentences, annealTask.element]) each.hidden = !annealing();
    for (const each of [next, walkTask.element]) each.hidden = annealing();
    temperature.show(t);
    drawTree(steps, here);
    const own = drawPath(steps, here, t);
    drawChoices(here);
    checkAnneal(t, drawComparison(t));
    checkWalk(here, own);
    root.dataset.part = model.get("part");
    say(status, here ? `${text(here)}: probability ${own.toFixed(4)}` : "");
  }

  const redraw = () => drawTree(annealSteps(tree, now()), model.get("node"));
  return mount({ model, el }, root, { follows: ["temperature", "node", "part"], update, resized: [icicle, redraw] });
}

export default { render };
