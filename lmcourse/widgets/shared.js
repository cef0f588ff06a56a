// What the widgets share. Python puts this text before each widget's own, so that every widget is one module and
// a page needs no second request. Log-probabilities are natural; -Infinity stands for probability zero.

export function normalise(logWeights) {
  const top = Math.max(...logWeights);
  const total = logWeights.reduce((sum, w) => sum + Math.exp(w - top), 0);
  return logWeights.map((w) => w - top - Math.log(total));
}

// p^(1/T), renormalised. T = 0 shares among the most probable tokens, T = Infinity among all possible ones.
export function anneal(logProbs, temperature) {
  if (temperature === 0) {
    const top = Math.max(...logProbs);
    return normalise(logProbs.map((l) => (l === top ? 0 : -Infinity)));
  }
  if (temperature === Infinity) return normalise(logProbs.map((l) => (l === -Infinity ? -Infinity : 0)));
  return normalise(logProbs.map((l) => l / temperature));
}

// Where the temperature slider stops: 0 and infinity exactly, with 0.5, 1 and 2 at its quarters.
export const TEMPERATURES = [
  ...Array.from({ length: 20 }, (_, i) => i / 20),
  ...Array.from({ length: 10 }, (_, i) => (10 + i) / 10),
  2, 2.5, 3, 4, 5, 7, 10, 20, 50, 100, Infinity,
];

export function nearestStop(temperature) {
  let best = 0;
  TEMPERATURES.forEach((t, i) => {
    if (t === temperature || Math.abs(t - temperature) < Math.abs(TEMPERATURES[best] - temperature)) best = i;
  });
  return best;
}

// An element with attributes, listeners (on…) and children.
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  // JupyterLab would take a key pressed here for one of its commands, unless the focused element says so itself.
  if (["button", "input", "select", "textarea"].includes(tag)) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

const number = (p) => (p === 0 ? "0" : p < 0.0005 ? "<.001" : p.toFixed(3));
const visible = (token) => token.replace(/ /g, "␣").replace(/\n/g, "↵").replace(/\t/g, "⇥");
const temperatureText = (t) => (t === Infinity ? "∞" : String(Number(t.toFixed(3))));

