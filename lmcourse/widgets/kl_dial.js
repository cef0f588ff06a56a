// The KL–reward dial. First the arithmetic, the same as lmcourse/widgets/kl_dial.py and tested against it; then the
// drawing.

import {
  axis,
  axisEnd,
  bar,
  choiceField,
  column,
  div,
  firstTask,
  h,
  mount,
  mute,
  number,
  numberCell,
  percent,
  ranked,
  row,
  rowName,
  say,
  section,
  setter,
  slider,
  svgElement,
  swatch,
  table,
  track,
  unpackNumbers,
} from "./ui.js";

// ---------- arithmetic ----------

const STEP = 2 ** -6; // of the log-probabilities

function normalised(scores) {
  const top = scores.reduce((a, b) => Math.max(a, b));
  const log = top + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - top), 0));
  return scores.map((s) => s - log);
}

export const fromSteps = (steps) => normalised(steps.map((step) => -STEP * step));

// See `measures` in kl_dial.py.
export function measures(reference, rewards, dial) {
  const beta = 10 ** (dial / 20);
  const policy = normalised(reference.map((l, i) => l + rewards[i] / beta));
  const probs = policy.map(Math.exp);
  const mean = (values) => probs.reduce((sum, p, i) => (p > 0 ? sum + p * values(i) : sum), 0);
  const most = Math.max(...rewards);
  return {
    probs,
    reward: mean((i) => rewards[i]),
    kl: mean((i) => policy[i] - reference[i]),
    answers: Math.exp(-mean((i) => policy[i])),
    best: mean((i) => (rewards[i] === most ? 1 : 0)),
  };
}

// ---------- drawing ----------

const [LOWEST, HIGHEST, SHOWN] = [-30, 20, 8];

const brief = (x) => (x < 0.995 ? x.toPrecision(2) : x.toFixed(1));

// Reward against distance: the frontier, dots for best-of-n, a mark for the optimum now.
function picture() {
  const [width, height] = [600, 180];
  const line = svgElement("polyline", { class: "lmc-kd-curve" });
  const box = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const [top, bottom, left, right] = [h("span"), h("span"), h("span"), h("span")];
  const [mark, dots] = [h("i", { class: "lmc-kd-mark" }), div("lmc-kd-dots")];
  const plot = div("lmc-kd-plot", svgElement("svg", box, line), dots, mark);
  const feet = div("lmc-kd-feet", left, h("span", {}, "KL, nats; circles: best of n"), right);
  const element = mute(div("lmc-kd-picture", div("lmc-kd-ends", top, h("span", {}, "reward"), bottom), plot, feet));
  let [x, y] = [null, null];
  const put = (dot, distance, reward) => {
    Object.assign(dot.style, { left: percent(x(distance)), bottom: percent(y(reward)) });
    return dot;
  };
  function choose({ reference, rewards, tried }) {
    const dials = Array.from({ length: HIGHEST - LOWEST + 1 }, (_, i) => LOWEST + i);
    const points = dials.map((dial) => measures(reference, rewards, dial));
    const far = Math.max(...points.map((p) => p.kl)) * 1.05;
    const [low, high] = [tried[0][2], Math.max(...points.map((p) => p.reward))];
    x = (distance) => 0.02 + 0.96 * distance / far;
    y = (reward) => 0.06 + 0.88 * (reward - low) / (high - low || 1);
    line.setAttribute("points", points.map((p) => `${width * x(p.kl)},${height * (1 - y(p.reward))}`).join(" "));
    dots.replaceChildren(...tried.map(([, distance, reward]) => put(h("i"), distance, reward)));
    say(top, high.toFixed(2));
    say(bottom, low.toFixed(2));
    say(left, "0");
    say(right, far.toFixed(1));
  }
  return { element, choose, show: (now) => put(mark, now.kl, now.reward) };
}

function answerRow() {
  const label = rowName("lmc-token");
  const [outline, fill] = [bar("lmc-outline"), bar("lmc-fill")];
  const [worth, before, now] = [numberCell(), numberCell(), numberCell()];
  const element = row("", label, track(fill, outline), worth, before, now);
  function show(name, reward, was, is, end) {
    say(label, name);
    outline.style.width = percent(was / end);
    fill.style.width = percent(is / end);
    [reward.toFixed(2), number(was), number(is)].forEach((text, i) => say([worth, before, now][i], text));
  }
  return { element, show };
}

function render({ model, el }) {
  const set = setter(model);
  const [answers, prompts] = [model.get("answers"), model.get("prompts")];
  const known = prompts.map(({ steps, rewards, tried }) => ({
    reference: fromSteps(unpackNumbers(steps)),
    rewards,
    tried,
  }));
  const beta = slider("β, the price of a nat", "dial", {
    max: HIGHEST - LOWEST,
    ticks: [[10, "0.1"], [30, "1"], [50, "10"]],
    onMove: (at) => set({ dial: at + LOWEST }),
  });
  const options = prompts.map(({ text }, i) => [i, text]);
  const order = choiceField("Order", "chosen", options, (chosen) => set({ chosen }));
  const task = firstTask("How small must β be until half of all answers are the best there are?");
  const curve = picture();
  const rows = Array.from({ length: Math.min(SHOWN, answers.length) }, answerRow);
  const scale = axis();
  const head = row("lmc-head", column("", "answer"), scale, column("lmc-number", "worth"));
  head.append(column("lmc-number", swatch("lmc-outline"), "before"));
  head.append(column("lmc-number", swatch("lmc-fill"), "now"));
  const bars = table("The most likely answers", "", head, ...rows.map((each) => each.element));
  const said = h("p", { class: "lmc-kd-said", role: "status" });
  const controls = div("lmc-controls", beta.element, order.element);
  const title = "KL–reward dial";
  const root = section("kl_dial", title, title, task.element, controls, curve.element, said, bars);
  let chosen = -1;

  function update() {
    const [dial, asked] = [model.get("dial"), model.get("chosen")];
    const { reference, rewards } = known[asked];
    if (asked !== chosen) curve.choose(known[asked]);
    chosen = asked;
    const found = measures(reference, rewards, dial);
    const was = reference.map(Math.exp);
    beta.show(dial - LOWEST, brief(10 ** (dial / 20)));
    order.show(asked);
    curve.show(found);
    const top = ranked(found.probs).slice(0, rows.length);
    const end = axisEnd(Math.max(...top.map((i) => Math.max(was[i], found.probs[i]))));
    scale.replaceChildren(...axis(0, end / 2, end).children);
    rows.forEach((line, k) => {
      const i = top[k];
      line.show(answers[i], rewards[i], was[i], found.probs[i], end);
    });
    say(
      said,
      `${found.kl.toFixed(2)} nats buy a mean worth of ${found.reward.toFixed(2)}. The answers are as varied as ` +
        `${found.answers.toFixed(1)} equally likely ones; ${number(found.best)} of them are the best there are.`,
    );
    task.check(found.best >= 0.5 && `β = ${brief(10 ** (dial / 20))} will do, ${found.kl.toFixed(2)} nats away.`);
    root.dataset.found = JSON.stringify({ ...found, probs: top.map((i) => found.probs[i]) }); // for the tests
  }

  return mount({ model, el }, root, { follows: ["dial", "chosen"], update });
}

export default { render };
