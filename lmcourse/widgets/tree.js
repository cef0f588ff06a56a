// The sentence tree; shared.js stands before it. First the arithmetic, the same as lmcourse/decoding/annealing.py and tested against it; then the
// drawing. A tree is {parents, logProbs}: node 0 is the empty beginning, a parent comes before its children, and
// logProbs holds the natural log-probability of a node's token given the path to it.

// ---------- arithmetic ----------

// The children of every node, the most probable first.
export function childrenOf({ parents, logProbs }) {
  const children = parents.map(() => []);
  parents.forEach((parent, node) => parent >= 0 && children[parent].push(node));
  children.forEach((nodes) => nodes.sort((a, b) => logProbs[b] - logProbs[a] || a - b));
  return children;
}

// The conditional log-probability of every node when each step is annealed.
export function annealSteps(tree, temperature) {
  const annealed = tree.logProbs.slice();
  for (const nodes of childrenOf(tree)) {
    if (!nodes.length) continue;
    const row = anneal(nodes.map((node) => tree.logProbs[node]), temperature);
    nodes.forEach((node, i) => { annealed[node] = row[i]; });
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
      node, model: Math.exp(original[node]), step: Math.exp(stepwise[node]), whole: Math.exp(whole[i]),
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

  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  // Walk, and keep the keyboard's focus in the walk: on the first continuation, or at the end on the path.
  const walk = (node) => {
    set("node", node);
    (choices.querySelector("button") || path.querySelector("[aria-current]")).focus({ preventScroll: true });
  };

  // One box for each node: its column is its depth, its height the probability of the path to it.
  const boxes = tree.parents.map((_, node) =>
    h("div", { "data-node": node, title: node ? text(node) : "start" }, node ? visible(tokens[node]) : ""));
  const icicle = h("div", { class: "lmc-icicle", "aria-hidden": "true" }, ...boxes.slice(1));
  icicle.addEventListener("click", (event) => {
    const box = event.target.closest("[data-node]");
    if (box) walk(Number(box.dataset.node));
  });

  const path = h("div", { class: "lmc-path", role: "group", "aria-label": "The path so far; choose a token to go back to it" });
  const choices = h("ul", { class: "lmc-choices", "aria-label": "Continuations" });
  const status = h("div", { class: "lmc-hidden", role: "status" });
  const atTemperature = h("span", { class: "lmc-number lmc-at" });
  const next = h("div", { class: "lmc-next" },
    h("div", { class: "lmc-head", "aria-hidden": "true" }, h("span", {}, "next token"), h("span"),
      h("span", { class: "lmc-number" }, "model"), atTemperature),
    choices,
    h("p", { class: "lmc-note" }, "Choose a continuation, or a token of the path to go back to it. Arrow keys: → on, ← back, ↑ ↓ choose."));
  const walker = h("div", { class: "lmc-walker" }, path, next);
  walker.addEventListener("keydown", (event) => {
    const node = model.get("node");
    const buttons = [...choices.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const actions = {
      ArrowLeft: () => node > 0 && walk(tree.parents[node]),
      ArrowRight: () => buttons.length && buttons[Math.max(at, 0)].click(),
      ArrowDown: () => buttons.length && buttons[(at + 1) % buttons.length].focus(),
      ArrowUp: () => buttons.length && buttons[(Math.max(at, 0) + buttons.length - 1) % buttons.length].focus(),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });

  const input = h("input", {
    type: "range", min: 0, max: 40, step: 1, "data-slider": "temperature", "aria-label": "Temperature T",
  });
  input.addEventListener("input", () =>
    set("temperature", input.value === "40" ? "inf" : TEMPERATURES[Number(input.value)]));
  const output = h("output", { "aria-hidden": "true" });
  const ticks = ["0", "0.5", "1", "2", "∞"].map((label, i) => {
    const tick = h("span", {}, label);
    tick.style.left = `${25 * i}%`;
    return tick;
  });

  const comparison = h("div", { class: "lmc-table lmc-compare", role: "table", "aria-label": "Probability of each sentence" });
  const distance = h("div", { class: "lmc-distance" });
  const more = h("button", { type: "button", class: "lmc-more", onclick: () => { showAll = !showAll; update(); } });
  const root = h("section", { class: "lmc lmc-tree", "aria-label": "Sentence tree" },
    h("div", { class: "lmc-title" }, `All ${count} sentences of a small language`),
    h("p", { class: "lmc-note" },
      "Each box is a token. Its height is the probability of the whole path to it, at temperature T."),
    icicle, walker, status,
    h("div", { class: "lmc-controls" },
      h("div", { class: "lmc-slider" },
        h("div", { class: "lmc-slider-head" }, h("span", { "aria-hidden": "true" }, "Temperature T"), output),
        input,
        h("div", { class: "lmc-ticks", "aria-hidden": "true" }, ...ticks)),
      distance),
    comparison,
    ...(count > SENTENCES_SHOWN ? [more] : []));

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
          left: `${(100 * (depth[child] - 1)) / longest}%`,
          width: `${100 / longest}%`,
          top: `${100 * top[child]}%`,
          height: `${100 * paths[child]}%`,
        });
      }
    });
  }

  function drawPath(steps, here, temperature) {
    const nodes = pathTo(here);
    const button = (node, label, ...below) => {
      const element = h("button", { type: "button", "data-node": node, onclick: () => walk(node) }, label, ...below);
      if (node === here) element.setAttribute("aria-current", "step");
      return element;
    };
    const product = (logProbs) => Math.exp(nodes.reduce((sum, node) => sum + logProbs[node], 0));
    const [own, annealed] = [product(tree.logProbs), product(steps)];
    const factors = nodes.flatMap((node, i) => [
      ...(i ? [h("span", { class: "lmc-sign" }, "×")] : []),
      button(node, visible(tokens[node]),
        h("small", {}, number(Math.exp(tree.logProbs[node]))),
        h("small", { class: "lmc-at" }, number(Math.exp(steps[node])))),
    ]);
    const start = button(0, "start", h("small", {}, "model"), h("small", { class: "lmc-at" }, `T = ${temperatureText(temperature)}`));
    path.replaceChildren(start, ...factors);
    if (nodes.length) {
      path.append(h("span", { class: "lmc-sign" }, "="),
        h("div", { class: "lmc-result" }, "path",
          h("span", {}, own.toFixed(4)), h("span", { class: "lmc-at" }, annealed.toFixed(4))));
    }
    Object.assign(root.dataset, { node: here, pathModel: own, pathNow: annealed });
    return own;
  }

  function drawChoices(steps, here) {
    const rows = children[here].map((node) => {
      const [own, annealed] = [Math.exp(tree.logProbs[node]), Math.exp(steps[node])];
      const [outline, fill] = [h("span", { class: "lmc-bar lmc-outline" }), h("span", { class: "lmc-bar lmc-fill" })];
      outline.style.width = `${100 * own}%`;
      fill.style.width = `${100 * annealed}%`;
      return h("li", {}, h("button", {
        type: "button", "data-token": tokens[node], "data-node": node, "data-model": own, "data-now": annealed,
        "aria-label": `${visible(tokens[node])}: probability ${number(own)}, at this temperature ${number(annealed)}`,
        onclick: () => walk(node),
      },
      h("span", { class: "lmc-token" }, visible(tokens[node])), h("span", { class: "lmc-track" }, fill, outline),
      h("span", { class: "lmc-number" }, number(own)), h("span", { class: "lmc-number lmc-at" }, number(annealed))));
    });
    choices.replaceChildren(...rows);
    if (!rows.length) choices.append(h("li", { class: "lmc-note" }, "The sentence is complete."));
  }

  function drawComparison(temperature) {
    const sentences = compareSentences(tree, temperature);
    const listed = showAll ? sentences : sentences.slice(0, SENTENCES_SHOWN);
    const rest = sentences.slice(listed.length);
    const add = (key) => rest.reduce((sum, s) => sum + s[key], 0);
    const lines = listed.map((s) => ({ ...s, label: text(s.node) }));
    if (rest.length) lines.push({ label: `${rest.length} others`, model: add("model"), step: add("step"), whole: add("whole") });
    const full = Math.max(...listed.flatMap((s) => [s.model, s.step, s.whole]));
    const swatch = (kind, label) =>
      h("span", { class: "lmc-number", role: "columnheader" }, h("i", { class: `lmc-swatch ${kind}` }), label);
    comparison.replaceChildren(
      h("div", { class: "lmc-row lmc-head", role: "row" },
        h("span", { class: "lmc-sentence", role: "columnheader" }, "sentence"), h("span", { "aria-hidden": "true" }),
        swatch("lmc-outline", "model"), swatch("lmc-step", "steps"), swatch("lmc-whole", "whole")),
      ...lines.map((s) => {
        const bar = (kind, value) => {
          const element = h("div", { class: `lmc-bar ${kind}` });
          element.style.width = `${(100 * value) / full}%`;
          element.hidden = s.node === undefined; // the others have numbers only: their sum would dwarf the rest
          return element;
        };
        return h("div", {
          class: "lmc-row", role: "row", "data-sentence": s.label,
          "data-model": s.model, "data-step": s.step, "data-whole": s.whole,
        },
        h("span", { class: "lmc-sentence", role: "rowheader", title: s.label }, s.label),
        h("div", { class: "lmc-track", "aria-hidden": "true" },
          bar("lmc-step", s.step), bar("lmc-whole", s.whole), bar("lmc-outline", s.model)),
        ...[s.model, s.step, s.whole].map((value) => h("span", { class: "lmc-number", role: "cell" }, number(value))));
      }));
    more.textContent = showAll ? `Show the ${SENTENCES_SHOWN} most probable` : `Show all ${count}`;
    const tv = totalVariation(sentences.map((s) => s.step), sentences.map((s) => s.whole));
    distance.replaceChildren(h("b", {}, tv.toFixed(4)), "distance (total variation) between annealing each step and the whole");
    root.dataset.tv = tv;
  }

  const temperatureNow = () => Number(String(model.get("temperature")).replace("inf", "Infinity"));

  function update() {
    const temperature = temperatureNow();
    const here = model.get("node");
    const steps = annealSteps(tree, temperature);
    input.value = nearestStop(temperature);
    input.setAttribute("aria-valuetext", temperatureText(temperature));
    output.textContent = temperatureText(temperature);
    atTemperature.textContent = `T = ${temperatureText(temperature)}`;
    drawTree(steps, here);
    const own = drawPath(steps, here, temperature);
    drawChoices(steps, here);
    drawComparison(temperature);
    const said = here ? `${text(here)}: probability ${own.toFixed(4)}` : "";
    if (status.textContent !== said) status.textContent = said;
  }

  model.on("change:temperature", update);
  model.on("change:node", update);
  const resized = new ResizeObserver(() => drawTree(annealSteps(tree, temperatureNow()), model.get("node")));
  el.append(root);
  update();
  resized.observe(icicle);
  return () => {
    resized.disconnect();
    model.off("change:temperature", update);
    model.off("change:node", update);
    root.remove();
  };
}

export default { render };
