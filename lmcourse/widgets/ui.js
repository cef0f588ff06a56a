// What the widgets share: elements, numbers as text, controls, tables with bars, mounting. A widget imports from here
// what it uses; Python joins the files (`script` in base.py), so that each widget is one module and asks for nothing.

// ---------- elements ----------

const KEYS = ["button", "input", "select", "textarea"];

// An element with attributes, listeners (on…) and children.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  // JupyterLab would take a key pressed here for one of its commands, unless the focused element says so itself.
  if (KEYS.includes(tag)) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

export const div = (kind, ...children) => h("div", { class: kind }, ...children);
export const span = (kind, ...children) => h("span", { class: kind }, ...children);
export const note = (...children) => h("p", { class: "lmc-note" }, ...children);
export const group = (kind, label, ...children) =>
  h("div", { class: kind, role: "group", "aria-label": label }, ...children);

// An element of a drawing. (Its namespace is an address, and pages hold no addresses: the parser knows it.)
let drawings = null; // asked once: a drawing may have hundreds of elements, many times a second
export function svgElement(tag, attributes = {}, ...children) {
  drawings ??= new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
  const element = document.createElementNS(drawings, tag);
  element.append(...children);
  return placed(element, attributes);
}

export function placed(element, attributes) {
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, String(value)));
  return element;
}

// What readers or texts say: in the direction of its own script, whatever the page's is.
export function bidi(element) {
  element.dir = "auto";
  return element;
}

// What only the eye needs: it shows what is said elsewhere.
export function mute(element) {
  element.setAttribute("aria-hidden", "true");
  return element;
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);

// A button whose text is short: its name begins with it, so that who speaks to the computer is understood, and goes on.
export const namedButton = (text, more, onclick, attributes = {}) =>
  button(text, onclick, { "aria-label": `${text}: ${more}`, ...attributes });

// Buttons of which one is pressed: [value, label]; `show` says which.
export function choiceOf(label, name, options, choose) {
  const all = options.map(([value, text]) => button(text, () => choose(value), { [`data-${name}`]: value }));
  const element = group("lmc-buttons lmc-choice", label, ...all);
  const show = (chosen) =>
    all.forEach((each, i) => each.setAttribute("aria-pressed", String(options[i][0] === chosen)));
  return { element, show };
}

// Marks one of some elements, or none, with an attribute as the current one.
export const markOne = (elements, at, name = "aria-current", value = "true") =>
  elements.forEach((each, i) => i === at ? each.setAttribute(name, value) : each.removeAttribute(name));

// Elements that the arrow keys, Home and End walk through; Tab reaches the chosen one alone. `cells` gives them, and
// the function returned says which is chosen.
export function walkable(element, cells) {
  element.addEventListener("keydown", (event) => {
    const all = cells();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, to))].focus();
  });
  return (chosen) => {
    cells().forEach((each, i) => each.tabIndex = i === chosen ? 0 : -1);
    markOne(cells(), chosen);
  };
}

// A field for a text, whose language and direction are its writer's.
export const textArea = (label, attributes) =>
  h("textarea", {
    ...{ rows: 3, dir: "auto", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": label },
    ...attributes,
  });

// A name that no other group of radio buttons has: there may be two of a widget.
export const freshName = () => `lmc-${Math.random().toString(36).slice(2)}`;

// A status speaks when it changes, so it is left alone when it does not.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// ---------- numbers as text ----------

export const visible = (token) => token.replace(/ /g, "␣").replace(/\n/g, "↵").replace(/\t/g, "⇥");
export const number = (p) => (p === 0 ? "0" : p < 0.0005 ? "<.001" : p.toFixed(3));
export const short = (x) => String(Number(x.toFixed(3)));
export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
export const plural = (n, word) => `${grouped(n)} ${word}${n === 1 ? "" : "s"}`;
export const raised = (power) => [...String(power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit] || "⁻").join("");
export const percent = (share) => `${100 * share}%`; // for CSS

// The numbers that Python's `pack_numbers` packed.
export function unpackNumbers({ buffer, byteOffset, byteLength }) {
  const numbers = [];
  let [number, shift] = [0, 0];
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) {
    number += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte > 127) continue; // it goes on
    numbers.push(number);
    [number, shift] = [0, 0];
  }
  return numbers;
}

// ---------- controls ----------

// A range with its name and its value above it, and ticks below: [position, text]. `show` moves it; what is `said`
// to those who cannot see it is the text, if not given.
export function slider(label, name, { max = 1, ticks = [], onMove }) {
  const attributes = { type: "range", min: 0, max, step: 1, "data-slider": name, "aria-label": label };
  const input = h("input", { ...attributes, oninput: () => onMove(Number(input.value)) });
  const output = mute(h("output"));
  const marks = ticks.map(([at, text]) => h("span", { style: `left: ${percent(at / (max || 1))}` }, text));
  const head = div("lmc-slider-head", mute(span("", label)), output);
  const element = div("lmc-slider", head, input);
  if (ticks.length) element.append(mute(div("lmc-ticks", ...marks)));
  function show(position, text, said = text) {
    input.value = position;
    input.setAttribute("aria-valuetext", said);
    output.textContent = text;
  }
  return { element, input, show };
}

// A choice among several, with its label: [value, text]; `choose` gets the value.
export function choiceField(label, name, options, choose) {
  const texts = options.map(([value, text]) => h("option", { value }, text));
  const onchange = () => choose(options[input.selectedIndex][0]);
  const input = h("select", { "data-choice": name, onchange }, ...texts);
  const show = (value) => input.value = String(value);
  return { element: h("label", {}, h("span", {}, label), input), input, show };
}

// A box to tick, with its label; `choose` gets whether it is ticked.
export function checkField(label, name, choose) {
  const input = h("input", { type: "checkbox", "data-choice": name, onchange: () => choose(input.checked) });
  return { element: h("label", {}, input, label), input, show: (value) => input.checked = value };
}

// The position of the stop nearest to a value.
export function nearest(stops, value) {
  const distance = (stop) => (stop === value ? 0 : Math.abs(stop - value));
  return stops.reduce((best, stop, i) => (distance(stop) < distance(stops[best]) ? i : best), 0);
}

// A button that takes a step every `pause` milliseconds until all is done, or it is pressed again.
export function player(pause, { step, done, rewind }) {
  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }
  const play = button("Play", () => {
    if (timer !== null) return stop();
    if (done()) rewind();
    play.textContent = "Pause";
    timer = setInterval(() => {
      step();
      if (done()) stop();
    }, pause);
  }, { class: "lmc-run" });
  return { button: play, stop };
}

// A walk from step 0 to the last one, by a slider, by buttons, or played. `at` and `last` tell steps, `go` takes one.
export function stepper(label, unit, pause, { at, last, go }) {
  const to = (step) => go(Math.max(0, Math.min(step, last())));
  const run = player(pause, { step: () => to(at() + 1), done: () => at() >= last(), rewind: () => to(0) });
  const act = (step) => () => {
    run.stop();
    to(step());
  };
  const bar = slider(label, "step", { onMove: (step) => act(() => step)() });
  const jump = (name, text, step) => namedButton(text, name, act(step));
  const back = [jump(`no ${unit}s`, "Start", () => 0), jump(`one ${unit} back`, "−1", () => at() - 1)];
  const on = [jump(`one ${unit} on`, "+1", () => at() + 1), jump(`all ${unit}s`, "End", last)];
  const buttons = div("lmc-buttons", ...back, run.button, ...on);
  function show() {
    bar.input.max = last();
    bar.show(at(), `${at()} of ${last()}`);
    back.forEach((each) => each.disabled = at() === 0);
    on.forEach((each) => each.disabled = at() === last());
    bar.input.disabled = run.button.disabled = last() === 0;
  }
  return { elements: [bar.element, buttons], show, to: (step) => act(() => step)(), stop: run.stop };
}

// ---------- tables with bars ----------

export const row = (kind, ...cells) => h("div", { class: `lmc-row ${kind}`, role: "row" }, ...cells);
export const rowName = (kind, ...children) => h("span", { class: kind, role: "rowheader" }, ...children);
export const cell = (kind, ...children) => h("span", { class: kind, role: "cell" }, ...children);
export const numberCell = (text = "", kind = "") => cell(`lmc-number ${kind}`, text);
export const column = (kind, ...children) => h("span", { class: kind, role: "columnheader" }, ...children);
export const swatch = (kind) => h("i", { class: `lmc-swatch ${kind}` });
export const track = (...bars) => mute(div("lmc-track", ...bars));
export const bar = (kind) => div(`lmc-bar ${kind}`);
export const axis = (...marks) => mute(div("lmc-axis", ...marks.map((mark) => span("", String(mark)))));
export const table = (label, kind, ...rows) =>
  h("div", { class: `lmc-table ${kind}`, role: "table", "aria-label": label }, ...rows);

// Puts a bar from one share of its track to another.
export function stretch(element, from, to) {
  Object.assign(element.style, { left: percent(from), width: percent(to - from) });
  return element;
}

// Where the axis of a ranking ends, so that its longest bar is long.
export const axisEnd = (longest) => [0.1, 0.2, 0.4, 0.6, 0.8, 1].find((end) => longest <= end) || 1;

// Ids by falling value; among equals the smaller id comes first.
export const ranked = (values) => Array.from(values, (_, id) => id).sort((a, b) => values[b] - values[a] || a - b);

export const others = (n) => `${grouped(n)} other${n > 1 ? "s" : ""}`;

// ---------- a first task ----------

// What to try first, in one line; and, once that has been done, what there is to be seen. A widget hands its answer
// to every `check`: a text as soon as the task is done, nothing before; the first text stays, or, where it `follows`
// what is shown, each replaces the one before. (A task that is done as the widget opens is none: `mount` removes it.)
export function firstTask(text, { follows = false } = {}) {
  const mark = mute(span("lmc-task-mark", "▸"));
  const seen = h("span", { role: "status", dir: "auto" });
  const element = h("p", { class: "lmc-task" }, mark, text, " ", seen);
  function check(answer) {
    if (!answer || (seen.textContent && !follows)) return;
    const [first, height] = [!seen.textContent, element.offsetHeight];
    mark.textContent = "✓";
    element.classList.add("lmc-done");
    say(seen, answer);
    if (first) come(element, element.offsetHeight - height);
  }
  return { element, check };
}

// An answer that comes while its line is above the window sticks to the window's upper edge (ui.css), until its own
// place, below what stands before it, or none of the widget is to be seen. What lies below has not moved by then.
function come(element, grown) {
  const [before, root] = [element.previousElementSibling, element.closest(".lmc")];
  const top = parseFloat(getComputedStyle(element).getPropertyValue("--lmc-top")) || 0; // a page's header is above it
  const bottom = (each) => each.getBoundingClientRect().bottom;
  if (!before || bottom(before) > top || bottom(root) < top) return;
  element.style.setProperty("--grown", `${grown}px`);
  element.classList.add("lmc-come");
  const inView = new Map();
  const observer = new IntersectionObserver((entries) => {
    entries.forEach(({ target, isIntersecting }) => inView.set(target, isIntersecting));
    if (inView.get(root) && !inView.get(before)) return;
    element.classList.remove("lmc-come");
    observer.disconnect();
  }, { rootMargin: `${-top}px 0px 0px` });
  [before, root].forEach((each) => observer.observe(each));
}

// ---------- mounting ----------

// Calls a function whenever the page's colours change: light or dark, high contrast, paper. What is painted on a canvas
// has to be painted anew. Returns what ends it.
export function whenColoursChange(act) {
  const queries = ["print", "(forced-colors: active)"].map((query) => matchMedia(query));
  const themed = new MutationObserver(() => act());
  const listener = () => act();
  for (const node of [document.documentElement, document.body]) themed.observe(node, { attributes: true });
  queries.forEach((query) => query.addEventListener("change", listener));
  return () => {
    themed.disconnect();
    queries.forEach((query) => query.removeEventListener("change", listener));
  };
}

// Traits set, and told to Python where there is one.
export const setter = (model) => (values) => {
  Object.entries(values).forEach(([name, value]) => model.set(name, value));
  model.save_changes();
};

// The style sheet that all widgets share, once for each document; a published page links it itself.
function dress(css) {
  if (!css) return;
  const style = document.getElementById("lmc-ui") || document.head.appendChild(h("style", { id: "lmc-ui" }));
  say(style, css);
}

export const section = (kind, label, heading, ...children) =>
  h(
    "section",
    { class: `lmc lmc-${kind}`, "aria-label": label },
    div("lmc-title", heading),
    ...children,
  );

// Shows a widget's element and keeps it true: `update` runs now and whenever one of the traits it `follows` changes,
// `resized` when the width of an element changes: [element, function]. Returns what takes all of it away again.
export function mount({ model, el }, root, { follows, update, resized = null, teardown = () => {} }) {
  dress(model.get("_ui"));
  const events = follows.map((name) => `change:${name}`);
  const listener = () => update();
  events.forEach((event) => model.on(event, listener));
  el.append(root);
  update();
  root.querySelectorAll(".lmc-task.lmc-done").forEach((task) => task.remove());
  let width = resized && resized[0].clientWidth;
  const observer = new ResizeObserver(() => {
    if (resized[0].clientWidth === width) return;
    width = resized[0].clientWidth;
    resized[1]();
  });
  if (resized) observer.observe(resized[0]);
  return () => {
    teardown();
    observer.disconnect();
    events.forEach((event) => model.off(event, listener));
    root.remove();
  };
}
