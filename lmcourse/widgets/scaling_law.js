// Scaling law. First the arithmetic, the same as lmcourse/widgets/scaling_law.py and tested against it; then the
// drawing.

import {
  choiceField,
  column,
  div,
  firstTask,
  h,
  mount,
  mute,
  numberCell,
  percent,
  raised,
  row,
  rowName,
  say,
  section,
  setter,
  slider,
  svgElement,
  table,
} from "./ui.js";

// ---------- arithmetic ----------

const NEAR = 0.1;

export const lossOf = ([E, A, B, alpha, beta], size, tokens) => E + A * size ** -alpha + B * tokens ** -beta;

// The size with the least loss for so many operations, the tokens, and the loss.
function bestSplit(law, flops) {
  const [, A, B, alpha, beta] = law;
  const g = (alpha * A / (beta * B)) ** (1 / (alpha + beta));
  const size = g * (flops / 6) ** (beta / (alpha + beta));
  const tokens = flops / 6 / size;
  return [size, tokens, lossOf(law, size, tokens)];
}

// All that is shown, see `measures` in scaling_law.py.
export function measures({ laws, runs, budget, quarters, chosen }) {
  const flops = 10 ** (budget / 10);
  const best = laws.map((law) => bestSplit(law, flops));
  const size = best[chosen][0] * 2 ** (quarters / 4);
  const tokens = flops / 6 / size;
  const near = runs.filter(([n, d]) => Math.abs(Math.log10(6 * n * d / flops)) < NEAR);
  return { best, mine: [size, tokens, laws.map((law) => lossOf(law, size, tokens))], near };
}

// ---------- drawing ----------

const [LOWEST, HIGHEST, WIDEST] = [60, 270, 24];
const NAMES = ["laws", "runs", "budget", "quarters", "chosen"];
const STEPS = 96; // of a curve

// 3.4·10⁷, or the number itself where it is short.
export function about(x) {
  if (x < 9999.5) return String(Number(x.toPrecision(3)));
  const [digits, power] = x.toExponential(1).split("e");
  return `${digits}·10${raised(Number(power))}`;
}

// The loss against the size, for the budget: a curve for each law, a mark for the size set, dots for the runs.
function picture(count) {
  const [width, height] = [600, 200];
  const lines = Array.from({ length: count }, () => svgElement("polyline", { class: "lmc-sl-curve" }));
  const box = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const [top, bottom, left, right] = [h("span"), h("span"), h("span"), h("span")];
  const mark = h("i", { class: "lmc-sl-mark" });
  const dots = div("lmc-sl-dots");
  const plot = div("lmc-sl-plot", svgElement("svg", box, ...lines), dots, mark);
  const feet = div("lmc-sl-feet", left, h("span", {}, "parameters"), right);
  const element = mute(div("lmc-sl-picture", div("lmc-sl-ends", top, bottom), plot, feet));

  function show(state, { best, mine, near }) {
    const { laws, chosen, budget } = state;
    const flops = 10 ** (budget / 10);
    const middle = best[chosen][0];
    const sizes = Array.from({ length: STEPS + 1 }, (_, i) => middle * 2 ** (WIDEST / 4 * (2 * i / STEPS - 1)));
    const curves = laws.map((law) => sizes.map((n) => lossOf(law, n, flops / 6 / n)));
    const low = Math.min(...best.map(([, , loss]) => loss), ...near.map((run) => run[2]));
    const ends = [curves[chosen][STEPS / 6], curves[chosen][STEPS * 5 / 6]];
    const high = Math.max(...ends, ...near.map((run) => run[2]));
    const x = (n) => 0.5 + Math.log2(n / middle) / (WIDEST / 2);
    const y = (loss) => 0.05 + 0.9 * (loss - low) / (high - low);
    curves.forEach((losses, k) => {
      const at = losses.map((loss, i) => `${width * x(sizes[i])},${height * (1 - Math.min(y(loss), 2))}`);
      lines[k].setAttribute("points", at.join(" "));
      lines[k].classList.toggle("lmc-sl-chosen", k === chosen);
    });
    const put = (dot, n, loss) => Object.assign(dot.style, { left: percent(x(n)), bottom: percent(y(loss)) });
    put(mark, mine[0], mine[2][chosen]);
    mark.hidden = y(mine[2][chosen]) > 1;
    const shown = near.filter(([n]) => x(n) >= 0 && x(n) <= 1);
    dots.replaceChildren(...shown.map(([n, , loss]) => {
      const dot = h("i");
      put(dot, n, loss);
      return dot;
    }));
    const digits = high - low < 0.05 ? 3 : 2;
    say(top, (low + (high - low) * 0.95 / 0.9).toFixed(digits));
    say(bottom, (low - (high - low) * 0.05 / 0.9).toFixed(digits));
    say(left, about(sizes[0]));
    say(right, about(sizes[STEPS]));
  }
  return { element, show };
}

// How far the size set is from the best one, in words.
function factor(quarters) {
  if (quarters === 0) return "the best";
  const times = Number((2 ** (Math.abs(quarters) / 4)).toPrecision(2));
  return quarters > 0 ? `${times} × the best` : `the best ÷ ${times}`;
}

// What the size set costs, by the chosen law.
function verdict({ chosen, quarters, budget }, { best, mine, near }) {
  const [[size, tokens, loss], [mySize, myTokens, losses]] = [best[chosen], mine];
  const runs = near.length === 0 ? "" : ` ${near.length} of our runs cost about as much (dots).`;
  if (quarters === 0) {
    return `${about(10 ** (budget / 10))} operations are best spent on ${about(size)} parameters and ${
      about(tokens)
    } tokens: ` +
      `${about(tokens / size)} for each parameter, loss ${loss.toFixed(4)}.${runs}`;
  }
  return `${about(mySize)} parameters, ${about(myTokens)} tokens: loss ${losses[chosen].toFixed(4)}, ` +
    `${(losses[chosen] - loss).toFixed(4)} above the best.${runs}`;
}

function render({ model, el }) {
  const set = setter(model);
  const names = model.get("names");
  const budget = slider("Budget, operations", "budget", {
    max: HIGHEST - LOWEST,
    ticks: [90, 120, 150, 180, 210, 240].map((at) => [at - LOWEST, `10${raised(at / 10)}`]),
    onMove: (at) => set({ budget: at + LOWEST }),
  });
  const size = slider("Size of the model", "quarters", {
    max: 2 * WIDEST,
    ticks: [[WIDEST - 16, "÷ 16"], [WIDEST, "best"], [WIDEST + 16, "× 16"]],
    onMove: (at) => set({ quarters: at - WIDEST }),
  });
  const options = names.map((name, i) => [i, name]);
  const law = choiceField("Law", "chosen", options, (chosen) => set({ chosen }));
  const task = firstTask("Halve the best size: what does it cost?");
  const curves = picture(names.length);
  const said = h("p", { class: "lmc-sl-said", role: "status" });
  const rows = names.map((name) => {
    const cells = [numberCell(), numberCell(), numberCell()];
    return { element: row("", rowName("", name), ...cells), cells };
  });
  const head = row("lmc-head", column("", "best by"));
  head.append(...["parameters", "tokens", "loss"].map((name) => column("lmc-number", name)));
  const advice = table("What each law advises", "", head, ...rows.map((each) => each.element));
  const controls = div("lmc-controls", budget.element, size.element, law.element);
  const title = "How to spend a budget";
  const root = section("scaling_law", title, title, task.element, controls, curves.element, said, advice);

  function update() {
    const [laws, runs, flops, quarters, chosen] = NAMES.map((name) => model.get(name));
    const now = { laws, runs, budget: flops, quarters, chosen };
    const found = measures(now);
    budget.show(now.budget - LOWEST, about(10 ** (now.budget / 10)));
    size.show(now.quarters + WIDEST, factor(now.quarters));
    law.show(now.chosen);
    curves.show(now, found);
    rows.forEach(({ element, cells }, i) => {
      const [n, d, loss] = found.best[i];
      [about(n), about(d), loss.toFixed(4)].forEach((text, k) => cells[k].textContent = text);
      element.classList.toggle("lmc-sl-row", i === now.chosen);
    });
    say(said, verdict(now, found));
    const cost = found.mine[2][now.chosen] - found.best[now.chosen][2];
    task.check(
      now.quarters === -4 && `${cost.toFixed(4)} nats. The valley is flat, so its lowest point is hard to find.`,
    );
    root.dataset.found = JSON.stringify(found); // for the tests
  }

  return mount({ model, el }, root, { follows: NAMES, update });
}

export default { render };
