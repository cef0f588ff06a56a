// Tokens of the real model as buttons shaded by their surprise, and what else could have stood in a token's place. A
// token is as real_model_worker.js tells it: {text, bits, top}.

import {
  bar,
  bidi,
  cell,
  column,
  div,
  group,
  h,
  mute,
  number,
  numberCell,
  percent,
  row,
  span,
  stretch,
  table,
  track,
  visible,
  walkable,
} from "./ui.js";

const SHADED = 12; // bits from which on the shade is the same

export const bitsText = (bits) => `${bits.toFixed(2)} bits`;
const named = (text) => ({ " ": "space", "\n": "line end", "": "nothing" })[text] || text;

// A token as the worker gives it, of one that the page carries.
export const unpacked = ([text, bits, top]) => ({ text, bits, top: top.map(([text, p]) => ({ text, p })) });

// Which token surprises most; the first of equals.
export const dearest = (tokens) => tokens.reduce((best, { bits }, i) => bits > tokens[best].bits ? i : best, 0);

// Tokens as buttons that the arrow keys walk through; `choose` is told which is looked at. What was given is plain
// text. Tokens without bits have no shade but that of `weigh`.
export function strip(what, choose) {
  const element = bidi(group("lmc-rm-strip", `${what}; arrow keys go from token to token`));
  let tokens = [];
  let cells = [];
  let line = element;
  function clear() {
    [tokens, cells, line] = [[], [], element];
    element.replaceChildren();
  }
  function give(text) {
    line.append(span("lmc-rm-given", text));
  }
  function turn(role) {
    line = div(`lmc-rm-turn lmc-rm-${role}`, span("lmc-rm-role", role === "user" ? "You" : "Model"));
    element.append(line);
  }
  function append(token) {
    const at = cells.length;
    const label = token.bits === undefined ? named(token.text) : `${named(token.text)}, ${bitsText(token.bits)}`;
    // No button element, whose text would not flow with that of its neighbours; JupyterLab leaves its keys alone.
    const shown = h("span", {
      ...{ class: "lmc-rm-token", role: "button", tabindex: at ? -1 : 0, "aria-label": label },
      ...{ "data-lm-suppress-shortcuts": "true", onclick: () => choose(at), onfocus: () => choose(at) },
    }, token.text.replace(/\n/g, "↵\n"));
    shown.style.setProperty("--bits", percent(Math.min((token.bits || 0) / SHADED, 1)));
    shown.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && choose(at));
    line.append(shown);
    tokens.push(token);
    cells.push(shown);
    element.scrollTop = element.scrollHeight;
  }
  const chosen = walkable(element, () => cells);
  // Weights from 0 to 1 on the first tokens.
  function weigh(weights) {
    cells.forEach((each, i) => each.style.setProperty("--weight", percent(weights[i] || 0)));
  }
  return {
    element,
    clear,
    give,
    turn,
    append,
    chosen,
    weigh,
    tokenAt: (at) => tokens[at],
    dearest: () => dearest(tokens),
    count: () => tokens.length,
  };
}

// What the shades mean.
export const shades = () =>
  mute(div("lmc-shades", span("", "surprise: 0"), span("lmc-rm-scale"), span("", `${SHADED} bits`)));

// A few tokens with their share of something, at most `count`: the most probable ones in a token's place, if nothing
// else is said.
export function candidateTable(count, {
  label = "The most probable tokens in this place",
  head = "token",
  share = "prob.",
  format = number,
} = {}) {
  const rows = Array.from({ length: count }, () => {
    const [token, fill, p] = [bidi(cell("lmc-token")), bar("lmc-fill"), numberCell()];
    return { token, fill, p, element: row("", token, track(fill), p) };
  });
  const first = row("lmc-head", column("", head), column("", ""), column("lmc-number", share));
  first.children[1].setAttribute("aria-label", "bar");
  const element = table(label, "lmc-rm-candidates", first, ...rows.map((each) => each.element));
  function show({ text = null, top }) {
    rows.forEach(({ token, fill, p, element: line }, i) => {
      line.style.visibility = top[i] ? "" : "hidden"; // so that what is below stays where it is
      if (!top[i]) return;
      token.textContent = visible(top[i].text) + (top[i].note || "");
      stretch(fill, 0, top[i].p);
      p.textContent = format(top[i].p);
      line.classList.toggle("lmc-rm-taken", top[i].text === text);
    });
  }
  return { element, show };
}
