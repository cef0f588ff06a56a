// Attention, step by step. First the arithmetic, the same as attention_steps.py and tested against it; then what is
// said of each number, and the drawing. A matrix is a list of its rows; what differs by head is a list of matrices.

import {
  button,
  checkField,
  choiceField,
  div,
  firstTask,
  group,
  h,
  mount,
  namedButton,
  note,
  say,
  section,
  setter,
  span,
} from "./ui.js";

// ---------- arithmetic ----------

const LARGEST = 9;

const product = (a, b) => a.map((line) => b[0].map((_, j) => line.reduce((sum, x, i) => sum + x * b[i][j], 0)));
const turned = (a) => a[0].map((_, j) => a.map((line) => line[j]));
const halves = (a, heads) => {
  const size = a[0].length / heads;
  return Array.from({ length: heads }, (_, head) => a.map((line) => line.slice(head * size, (head + 1) * size)));
};

function softmax(line) {
  const top = Math.max(...line);
  const powers = line.map((score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// All matrices between the tokens and the output.
export function matrices({ x, w_q, w_k, w_v, scaled, causal, heads }) {
  const [q, k, v] = [w_q, w_k, w_v].map((w) => product(x, w));
  const [asked, offered, values] = [q, k, v].map((matrix) => halves(matrix, heads));
  const factor = scaled ? 1 / Math.sqrt(q[0].length / heads) : 1;
  const scores = asked.map((queries, head) => product(queries, turned(offered[head])));
  const after = scores.map((matrix) => matrix.map((line) => line.map((score) => score * factor)));
  const masked = after.map((matrix) =>
    matrix.map((line, i) => line.map((score, j) => (causal && j > i ? -Infinity : score)))
  );
  const weights = masked.map((matrix) => matrix.map(softmax));
  const found = weights.map((matrix, head) => product(matrix, values[head]));
  const output = x.map((_, i) => found.flatMap((matrix) => matrix[i]));
  return { q, k, v, scores, scaled: after, masked, weights, output };
}

// ---------- what is said of a number ----------

// Two decimals at most, and none that are not needed.
export function brief(value) {
  if (value === -Infinity) return "−∞";
  return String(Number(value.toFixed(2))).replace("-", "−");
}

const factorText = (value) => (value < 0 ? `(${brief(value)})` : brief(value));
const terms = (a, b) => a.map((value, i) => `${factorText(value)}·${factorText(b[i])}`).join(" + ");

const GIVEN = ["x", "w_q", "w_k", "w_v"];
const IN_HALVES = ["w_q", "w_k", "w_v", "q", "k", "v", "output"]; // the columns of each head
const BY_HEAD = ["scores", "scaled", "masked", "weights"];

// Which rows and columns of other matrices made a number: [matrix, "row" or "column" or "cell", where, …].
export function sources(name, i, j, { heads, size, head }) {
  const each = size / heads;
  const [from, to] = [head * each, (head + 1) * each];
  if (["q", "k", "v"].includes(name)) return [["x", "row", i, 0, size], [`w_${name}`, "column", j]];
  if (name === "scores") return [["q", "row", i, from, to], ["k", "row", j, from, to]];
  if (name === "scaled") return [["scores", "cell", i, j]];
  if (name === "masked") return [["scaled", "cell", i, j]];
  if (name === "weights") return [["masked", "row", i]];
  if (name === "output") return [["weights", "row", i], ["v", "column", j]];
  return [];
}

// The arithmetic that made a number, in words and figures.
export function explain(name, i, j, state, found) {
  const { tokens, features, scaled, causal, heads, head } = state;
  const all = { ...state, ...found };
  const matrix = BY_HEAD.includes(name) ? found[name][head] : all[name];
  const value = brief(matrix[i][j]);
  const [asks, seen] = [tokens[i], tokens[j]];
  const size = found.q[0].length / heads;
  const part = (line) => line.slice(head * size, (head + 1) * size);
  if (name === "x") return `“${asks}”, ${features[j]}: ${value}. It is given, and may be changed.`;
  if (name.startsWith("w_")) {
    return `${TITLES[name]}, from ${features[i]} to number ${j + 1}: ${value}. It is learned; here it may be changed.`;
  }
  if (["q", "k", "v"].includes(name)) {
    const column = all[`w_${name}`].map((line) => line[j]);
    return `${KINDS[name]} of “${asks}”, number ${j + 1} = its row of X · column ${j + 1} of ` +
      `${TITLES[`w_${name}`]} = ${terms(all.x[i], column)} = ${value}`;
  }
  if (name === "scores") {
    return `“${asks}” asks “${seen}”: its query · the other’s key = ` +
      `${terms(part(found.q[i]), part(found.k[j]))} = ${value}`;
  }
  if (name === "scaled") {
    const score = brief(found.scores[head][i][j]);
    return scaled ? `Score / √d = ${score} / √${size} = ${value}` : `Not divided by √d: the score as it is, ${value}`;
  }
  if (name === "masked") {
    if (causal && j > i) return `“${seen}” comes after “${asks}” and is hidden: −∞, of which softmax makes 0.`;
    return `“${asks}” may see “${seen}”: the score stays ${value}.`;
  }
  if (name === "weights") {
    const scores = found.masked[head][i];
    if (scores[j] === -Infinity) return `“${seen}” is hidden from “${asks}”: e^−∞ = 0, so the weight is 0.`;
    const sum = scores.filter((score) => score > -Infinity).map((score) => `e^${factorText(score)}`).join(" + ");
    return `Share of “${seen}” in what “${asks}” gets = e^${factorText(scores[j])} / (${sum}) = ${value}`;
  }
  const weights = found.weights[Math.floor(j / size)][i];
  return `“${asks}” gets, number ${j + 1} = its weights · column ${j + 1} of V = ` +
    `${terms(weights, found.v.map((line) => line[j]))} = ${value}`;
}

// The two tokens, in their order, at which a token looks most, if at both alike and more than at the others.
export function pairOf(weights) {
  const [first, second, third = 0] = [...weights].sort((a, b) => b - a);
  const pair = weights.flatMap((weight, j) => (weight > third + 0.01 ? [j] : []));
  return first - second < 1e-9 && pair.length === 2 ? pair : null;
}

// ---------- drawing ----------

const KINDS = { q: "Query", k: "Key", v: "Value" };
const TITLES = {
  x: "X",
  w_q: "W_q",
  w_k: "W_k",
  w_v: "W_v",
  q: "Q = X W_q",
  k: "K = X W_k",
  v: "V = X W_v",
  scores: "Scores, Q Kᵀ",
  scaled: "Scaled",
  masked: "Masked",
  weights: "Weights, softmax",
  output: "Output, weights · V",
};
const CHECKS = { scaled: "Divide by √d", causal: "Causal mask" };
const TRAITS = ["tokens", "features", ...GIVEN, "scaled", "causal", "heads", "head"];
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const STEPS = { "+": 1, "=": 1, "-": -1, "−": -1 };

// One head that sees all.
const plain = ({ heads, causal }) => heads === 1 && !causal;

const clamp = (value, last) => Math.max(0, Math.min(last, value));

// A matrix as a grid of cells, one of which can be reached by the tab key; the arrows go to the others.
function grid(name, rows, columns, { look, choose, leave, change }) {
  const title = span("lmc-at-name", TITLES[name]);
  let at = [0, 0];
  const cells = rows.map((_, i) =>
    columns.map((_, j) =>
      h("span", {
        class: "lmc-at-cell",
        role: "gridcell",
        tabindex: i + j ? -1 : 0,
        "data-lm-suppress-shortcuts": "true",
        onfocus: () => (settle(i, j), choose(name, i, j)),
        onclick: () => cells[i][j].focus(),
        onpointerenter: (event) => event.pointerType === "mouse" && look(name, i, j),
        onkeydown: (event) => press(event, i, j),
      })
    )
  );
  function settle(i, j) {
    cells[at[0]][at[1]].tabIndex = -1;
    at = [i, j];
    cells[i][j].tabIndex = 0;
  }
  function press(event, i, j) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const move = MOVES[event.key];
    if (move) cells[clamp(i + move[0], rows.length - 1)][clamp(j + move[1], columns.length - 1)].focus();
    else if (event.key === "Home") cells[i][0].focus();
    else if (event.key === "End") cells[i][columns.length - 1].focus();
    else if (STEPS[event.key] && GIVEN.includes(name)) change(STEPS[event.key]);
    else return;
    event.preventDefault();
  }
  const line = (kind, ...children) => h("div", { class: `lmc-at-line ${kind}`, role: "row" }, ...children);
  const head = line(
    "",
    h("span", { class: "lmc-at-side", role: "columnheader" }, span("lmc-hidden", "row")),
    ...columns.map((label) => h("span", { class: "lmc-at-top", role: "columnheader", dir: "auto" }, label)),
  );
  const body = cells.map((each, i) =>
    line("", h("span", { class: "lmc-at-side", role: "rowheader", dir: "auto" }, rows[i]), ...each)
  );
  const table = h(
    "div",
    {
      class: "lmc-at-grid",
      role: "grid",
      "aria-label": TITLES[name],
      "data-matrix": name,
      style: `--columns: ${columns.length}`,
      onpointerleave: leave,
    },
    head,
    ...body,
  );
  return { name, cells, title, element: div("lmc-at-matrix", title, table) };
}

function render({ model, el }) {
  const set = setter(model);
  const first = Object.fromEntries(GIVEN.map((name) => [name, model.get(name)]));
  const { length: size } = model.get("features");
  const [tokens, features] = [model.get("tokens"), model.get("features")];
  const numbers = features.map((_, j) => String(j + 1));
  const labels = (name) => {
    if (name === "x") return [tokens, features];
    if (name.startsWith("w_")) return [features, numbers];
    return [tokens, BY_HEAD.includes(name) ? tokens : numbers];
  };
  /** @type {any} */
  let chosen = ["weights", Math.min(2, tokens.length - 1), 1];
  let looked = null;

  const acts = {
    look: (...where) => (looked = where, show()),
    leave: () => (looked = null, show()),
    choose: (...where) => (chosen = where, looked = null, show()),
    change,
  };
  const grids = Object.keys(TITLES).map((name) => grid(name, ...labels(name), acts));
  const of = Object.fromEntries(grids.map((each) => [each.name, each]));
  const boxes = (...names) => names.map((name) => of[name].element);

  function change(step) {
    const [name, i, j] = chosen;
    const matrix = model.get(name).map((line) => [...line]);
    if (Math.abs(matrix[i][j] + step) > LARGEST) return;
    matrix[i][j] += step;
    set({ [name]: matrix });
  }

  const checks = Object.keys(CHECKS).map((name) => ({
    name,
    ...checkField(CHECKS[name], name, (value) => set({ [name]: value })),
  }));
  const heads = choiceField("Heads", "heads", [[1, "one"], [2, "two"]], (heads) => set({ heads }));
  const head = choiceField("Shown", "head", [[0, "head 1"], [1, "head 2"]], (head) => set({ head }));
  const less = namedButton("−", "one less", () => change(-1));
  const more = namedButton("+", "one more", () => change(1));
  const again = button("As at first", () => set(first));
  const asking = chosen[1];
  const seen = plain(now()) && pairOf(matrices(now()).weights[0][asking]);
  const [one, other] = seen || [0, 0];
  const task = firstTask(
    `“${tokens[asking]}” sees “${tokens[one]}” and “${
      tokens[other]
    }” alike. Change one number of W_q: whom does it see ` +
      "then?",
  );
  task.element.hidden = !seen;
  const told = h("p", { class: "lmc-at-told", role: "status", dir: "auto" });
  const root = section(
    "attention_steps",
    "Attention step by step",
    "Attention, step by step",
    task.element,
    group("lmc-at-choices", "Settings", ...checks.map((each) => each.element), heads.element, head.element),
    group("lmc-at-step", "The tokens", ...boxes("x")),
    group(
      "lmc-at-step lmc-at-three",
      "Queries, keys and values",
      ...["q", "k", "v"].map((name) => div("lmc-at-pair", ...boxes(`w_${name}`, name))),
    ),
    group("lmc-at-step", "From scores to weights", ...boxes("scores", "scaled", "masked", "weights")),
    group("lmc-at-step", "What each token gets", ...boxes("output")),
    div("lmc-at-foot", told, div("lmc-buttons", less, more, again)),
    note(
      "Point at a number, or walk with tab and the arrow keys, to see how it was made. + and − change those of X and ",
      "of the three W.",
    ),
  );

  function now() {
    /** @type {any} */
    const state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    return { ...state, head: Math.min(state.head, state.heads - 1), size };
  }

  function checkTask(state, found) {
    const weights = found.weights[0][asking];
    if (!seen || !plain(state) || Math.abs(weights[one] - weights[other]) < 0.05) return;
    const [a, b] = [one, other].map((j) =>
      `${brief(weights[j])}, with a score of ${brief(found.scores[0][asking][j])}`
    );
    task.check(`“${tokens[one]}” gets ${a}, and “${tokens[other]}” ${b}.`);
  }

  // Which number is explained, and which others made it.
  function show() {
    const state = now();
    const found = matrices(state);
    const [name, i, j] = looked || chosen;
    const each = size / state.heads;
    const side = name === "output" ? { ...state, head: Math.floor(j / each) } : state;
    root.querySelectorAll(".lmc-at-at, .lmc-at-from").forEach((cell) =>
      cell.classList.remove("lmc-at-at", "lmc-at-from")
    );
    of[name].cells[i][j].classList.add("lmc-at-at");
    for (const [source, kind, a, b = 0, c = Infinity] of sources(name, i, j, side)) {
      if (source === "weights" && side.head !== state.head) continue; // those of the other head are not to be seen
      of[source].cells.forEach((line, r) =>
        line.forEach((cell, s) => {
          const hit = { row: r === a && s >= b && s < c, column: s === a, cell: r === a && s === b }[kind];
          cell.classList.toggle("lmc-at-from", hit || cell.classList.contains("lmc-at-from"));
        })
      );
    }
    say(told, explain(name, i, j, state, found));
    const own = GIVEN.includes(chosen[0]);
    const value = own ? state[chosen[0]][chosen[1]][chosen[2]] : 0;
    less.disabled = !own || value <= -LARGEST;
    more.disabled = !own || value >= LARGEST;
  }

  function update() {
    const state = now();
    const found = matrices(state);
    checks.forEach(({ name, show }) => show(state[name]));
    heads.show(state.heads);
    head.show(state.head);
    head.element.hidden = state.heads === 1;
    root.classList.toggle("lmc-at-two", state.heads === 2);
    const each = size / state.heads;
    for (const { name, cells, title } of grids) {
      const matrix = BY_HEAD.includes(name) ? found[name][state.head] : { ...state, ...found, scaled: null }[name];
      const which = BY_HEAD.includes(name) && state.heads === 2 ? `, head ${state.head + 1}` : "";
      title.textContent = TITLES[name] + which;
      cells.forEach((line, i) =>
        line.forEach((cell, j) => {
          say(cell, brief(matrix[i][j]));
          if (IN_HALVES.includes(name)) cell.classList.toggle("lmc-at-own", Math.floor(j / each) === state.head);
          if (name === "weights") cell.style.setProperty("--share", `${Math.round(45 * matrix[i][j])}%`);
          if (name === "masked") cell.classList.toggle("lmc-at-shut", matrix[i][j] === -Infinity);
        })
      );
    }
    root.dataset.output = found.output.flat().join(" "); // for the tests
    show();
    checkTask(state, found);
  }

  return mount({ model, el }, root, { follows: TRAITS, update });
}

export default { render };
