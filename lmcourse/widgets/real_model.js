// Real model. First the arithmetic, the same as real_model.py and tested against it; then the drawing.

import {
  axis,
  bar,
  column,
  h,
  mount,
  number,
  numberCell,
  row,
  rowName,
  section,
  setter,
  slider,
  stretch,
  table,
  track,
} from "./ui.js";

// ---------- arithmetic ----------

// What each side of a coin tells, in bits, and what a throw tells on average.
export function measures(p) {
  const surprisal = (x) => Math.log2(1 / x);
  const share = (x) => (x === 0 ? 0 : x * surprisal(x));
  return { heads: surprisal(p), tails: surprisal(1 - p), entropy: share(p) + share(1 - p) };
}

// ---------- drawing ----------

const bits = (x) => (x === Infinity ? "∞" : x.toFixed(3));

// One side of the coin: its name, a bar, its probability and its surprisal.
function sideRow(side) {
  const [fill, prob, told] = [bar("lmc-fill"), numberCell(), numberCell()];
  const element = row("", rowName("", side), track(fill), prob, told);
  function show(p, surprisal) {
    stretch(fill, 0, p);
    prob.textContent = number(p);
    told.textContent = bits(surprisal);
  }
  return { element, show };
}

function render({ model, el }) {
  const set = setter(model);
  const p = slider("Probability of heads", "p", {
    max: 100,
    ticks: [[0, "0"], [50, "0.5"], [100, "1"]],
    onMove: (at) => set({ p: at / 100 }),
  });
  const [heads, tails] = ["heads", "tails"].map(sideRow);
  const head = row("lmc-head", column("", "side"), axis(0, 0.5, 1), column("lmc-number", "prob."));
  head.append(column("lmc-number", "bits"));
  const mean = h("p", { class: "lmc-mean", role: "status" });
  const sides = table("The two sides", "", head, heads.element, tails.element);
  const root = section("real_model", "Real model", "Real model", p.element, sides, mean);

  function update() {
    const now = model.get("p");
    const found = measures(now);
    p.show(100 * now, number(now));
    heads.show(now, found.heads);
    tails.show(1 - now, found.tails);
    mean.textContent = `A throw tells ${bits(found.entropy)} bits on average.`;
    Object.assign(root.dataset, found); // for the tests
  }

  return mount({ model, el }, root, { follows: ["p"], update });
}

export default { render };
