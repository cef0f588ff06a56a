// The map itself: words as dots of a canvas that is moved by mouse, finger and keyboard.

import { grouped, h, mute } from "./ui.js";

const CLOSEST = 60; // zoom
const COLOURS = ["ink", "faint", "paper", "blue", "orange"];
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A canvas with a dot for each word, and labels where there is room. `marked` are words to be seen in any case,
// { id, kind }, `lines` join two of them, { from, to, kind }. `onPick` hears of the word that was chosen.
export function chart(words, places, onPick, onLook) {
  const canvas = mute(h("canvas"));
  const label = `Map of ${grouped(words.length)} words. Arrow keys move it, plus and minus zoom, 0 shows all, Enter ` +
    "chooses the word in the middle.";
  const attributes = { tabindex: 0, role: "application", "aria-label": label, "data-lm-suppress-shortcuts": "true" };
  const element = h("div", { class: "lmc-wm-map", ...attributes }, canvas);
  const inks = COLOURS.map((name) => h("i", { class: `lmc-hidden lmc-wm-${name}` }));
  element.append(...inks);
  const [xs, ys] = [0, 1].map((k) => Float64Array.from(words, (_, i) => places[2 * i + k] / 65535));
  const middle = [xs, ys].map((all) => (Math.min(...all) + Math.max(...all)) / 2);
  const widths = new Map();
  let view = { x: middle[0], y: middle[1], zoom: 1 };
  let [marked, lines, hovered, flight, awake] = [[], [], -1, 0, 0];
  let [width, height] = [0, 0];
  let goal = null; // where the map is going to
  let waiting = null; // words to be shown once there is a place to show them

  const scale = () => Math.min(width, height) * 0.94 * view.zoom;
  const onScreen = (id) => [width / 2 + (xs[id] - view.x) * scale(), height / 2 - (ys[id] - view.y) * scale()];

  // The word nearest to a point of the screen, if it is within reach.
  function wordAt(x, y, reach) {
    let [found, least] = [-1, reach * reach];
    for (let id = 0; id < words.length; id++) {
      const [left, top] = onScreen(id);
      const square = (left - x) ** 2 + (top - y) ** 2;
      if (square < least) [found, least] = [id, square];
    }
    return found;
  }

  function look(to) {
    const inside = (value) => Math.max(0, Math.min(1, value));
    view = { x: inside(to.x), y: inside(to.y), zoom: Math.max(1, Math.min(CLOSEST, to.zoom)) };
    element.dataset.zoom = view.zoom.toFixed(3);
    if (!awake) awake = requestAnimationFrame(paint);
  }

  // The map is where it is to be, or where it was stopped.
  function land() {
    cancelAnimationFrame(flight);
    goal = null;
    delete element.dataset.moving;
  }

  // Goes there in less than half a second, or at once for those who want no motion.
  function fly(to) {
    land();
    if (still() || !width) return look(to);
    goal = to;
    element.dataset.moving = "";
    const [from, start] = [view, performance.now()];
    const step = (now) => {
      const share = Math.max(0, Math.min(1, (now - start) / 420));
      const t = share * share * (3 - 2 * share);
      const zoom = from.zoom * (to.zoom / from.zoom) ** t;
      // so that what is seen of the way is the same at each depth
      const s = to.zoom === from.zoom ? t : (1 / zoom - 1 / from.zoom) / (1 / to.zoom - 1 / from.zoom);
      look({ x: from.x + (to.x - from.x) * s, y: from.y + (to.y - from.y) * s, zoom });
      if (share < 1) flight = requestAnimationFrame(step);
      else land();
    };
    flight = requestAnimationFrame(step);
  }

  // From where the map is going to, so that two quick steps are two.
  function zoomBy(factor) {
    const from = goal ?? view;
    fly({ ...from, zoom: Math.max(1, Math.min(CLOSEST, from.zoom * factor)) });
  }

  const whole = () => fly({ x: middle[0], y: middle[1], zoom: 1 });

  // Shows all of some words, as large as it goes; at once, if there was nothing to be seen before.
  function fit(ids) {
    if (!width) {
      waiting = ids;
      return;
    }
    const ends = [xs, ys].map((all) => [Math.min(...ids.map((id) => all[id])), Math.max(...ids.map((id) => all[id]))]);
    const [across, up] = ends.map(([low, high]) => high - low);
    const room = Math.min(width, height) * 0.94;
    const zoom = Math.min((width - 130) / (across * room + 1), (height - 80) / (up * room + 1), 12);
    const to = { x: (ends[0][0] + ends[0][1]) / 2, y: (ends[1][0] + ends[1][1]) / 2, zoom: Math.max(1, zoom) };
    if (waiting) look(to);
    else fly(to);
    waiting = null;
  }

  function paint() {
    awake = 0;
    [width, height] = [element.clientWidth, element.clientHeight];
    if (!width) return;
    if (waiting) fit(waiting);
    const fine = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(width * fine);
    canvas.height = Math.round(height * fine);
    const pen = canvas.getContext("2d");
    pen.setTransform(fine, 0, 0, fine, 0, 0);
    const [ink, faint, paper, blue, orange] = inks.map((each) => getComputedStyle(each).color);
    const colours = { word: orange, input: orange, answer: blue, near: blue, hover: ink };
    const family = getComputedStyle(element).fontFamily;

    const radius = Math.min(3, 1.1 + 0.35 * Math.log2(view.zoom));
    pen.fillStyle = faint;
    pen.globalAlpha = 0.65;
    pen.beginPath();
    const seen = [];
    for (let id = 0; id < words.length; id++) {
      const [x, y] = onScreen(id);
      if (x < -4 || y < -4 || x > width + 4 || y > height + 4) continue;
      seen.push(id);
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 7);
    }
    pen.fill();
    pen.globalAlpha = 1;
    for (const { from, to, kind } of lines) line(pen, onScreen(from), onScreen(to), kind, colours[kind]);
    for (const { id, kind } of marked) dot(pen, onScreen(id), kind, colours[kind], paper);

    const labels = marked.map(({ id, kind }) => ({ id, kind, size: kind === "near" ? 12.5 : 14 }));
    if (hovered >= 0) labels.unshift({ id: hovered, kind: "hover", size: 13 });
    const there = new Set(labels.map(({ id }) => id));
    for (const id of seen) if (!there.has(id)) labels.push({ id, kind: "", size: 12 });
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = paper;
    pen.fillStyle = ink;
    write(pen, labels, family);
    if (element.matches(":focus-visible")) cross(pen, ink, paper);
  }

  // Writes labels where there is room: the first ones first, those that are marked on any side of their dot.
  function write(pen, labels, family) {
    const dots = labels.filter(({ kind }) => kind && kind !== "hover").map(({ id }) => onScreen(id));
    const taken = dots.map(([x, y]) => [x - 5, y - 5, x + 5, y + 5]);
    const most = Math.min(150, (width * height) / 3200);
    for (const { id, kind, size } of labels) {
      if (!kind && taken.length >= most + dots.length) break;
      const [x, y] = onScreen(id);
      if (x < 0 || y < 0 || x > width || y > height) continue;
      pen.font = `${kind ? "700 " : ""}${size}px ${family}`;
      const key = `${pen.font} ${id}`;
      if (!widths.has(key)) widths.set(key, pen.measureText(words[id]).width);
      const long = widths.get(key);
      const gap = kind ? 8 : 4;
      const beside = [[x + gap, y], [x - gap - long, y]];
      if (kind) beside.push([x - long / 2, y - 15], [x - long / 2, y + 15]);
      if (x + gap + long > width - 2) beside.shift();
      const margin = kind ? 0 : 7;
      const boxes = beside.map(([left, top]) => [
        left - margin,
        top - (size + margin) / 2,
        left + long + margin,
        top + (size + margin) / 2,
      ]);
      const free = boxes.findIndex((box) =>
        !taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3])
      );
      if (free < 0 && (!kind || kind === "near")) continue;
      const at = Math.max(0, free);
      taken.push(boxes[at]);
      pen.strokeText(words[id], ...beside[at]);
      pen.globalAlpha = kind ? 1 : 0.85;
      pen.fillText(words[id], ...beside[at]);
      pen.globalAlpha = 1;
    }
  }

  function cross(pen, ink, paper) {
    for (const [colour, thick] of [[paper, 4], [ink, 1.5]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.strokeRect(width / 2 - 6, height / 2 - 6, 12, 12);
    }
  }

  // By mouse, finger, pen
  const fingers = new Map();
  let [pressed, moved] = [[0, 0], false];
  const place = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left - element.clientLeft, event.clientY - box.top - element.clientTop];
  };
  const spread = () => {
    const [[x1, y1], [x2, y2]] = [...fingers.values()];
    return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, apart: Math.max(1, Math.hypot(x1 - x2, y1 - y2)) };
  };
  // Moves the view so that what was under one point is under another, `factor` times as large.
  function drag(from, to, factor = 1) {
    const [[x1, y1], [x2, y2]] = [from, to];
    land();
    const zoom = Math.max(1, Math.min(CLOSEST, view.zoom * factor));
    const [before, after] = [scale(), scale() * zoom / view.zoom];
    const at = { x: view.x + (x1 - width / 2) / before, y: view.y - (y1 - height / 2) / before };
    look({ x: at.x - (x2 - width / 2) / after, y: at.y + (y2 - height / 2) / after, zoom });
  }
  element.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) [pressed, moved] = [place(event), false];
    else moved = true;
    if (event.pointerType === "mouse") element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (!fingers.has(event.pointerId)) return hover(event.pointerType === "mouse" ? wordAt(...now, 14) : -1);
    const before = fingers.get(event.pointerId);
    if (fingers.size === 2) {
      const from = spread();
      fingers.set(event.pointerId, now);
      const to = spread();
      return drag([from.x, from.y], [to.x, to.y], to.apart / from.apart);
    }
    if (!moved && Math.hypot(now[0] - pressed[0], now[1] - pressed[1]) < 6) return;
    fingers.set(event.pointerId, now);
    if (moved) drag(before, now);
    moved = true;
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  element.addEventListener("pointerleave", () => hover(-1));
  element.addEventListener("click", (event) => {
    const id = moved ? -1 : wordAt(...place(event), 24);
    if (id >= 0) onPick(id);
  });
  element.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== element) return; // the page scrolls on
    event.preventDefault();
    const at = place(event);
    drag(at, at, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)));
  }, { passive: false });

  // By keyboard
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = 0.12 * Math.min(width, height) / scale();
    const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] };
    if (moves[event.key]) {
      const [x, y] = moves[event.key];
      look({ x: view.x + x, y: view.y + y, zoom: view.zoom });
      onLook(wordAt(width / 2, height / 2, 1e9));
    } else if (event.key === "+" || event.key === "=") zoomBy(1.6);
    else if (event.key === "-") zoomBy(1 / 1.6);
    else if (event.key === "0") whole();
    else if (event.key === "Enter") onPick(wordAt(width / 2, height / 2, 1e9));
    else return;
    event.preventDefault();
  });
  for (const name of ["focus", "blur"]) element.addEventListener(name, () => look(view));

  function hover(id) {
    if (id === hovered) return;
    hovered = id;
    element.classList.toggle("lmc-wm-over", id >= 0);
    look(view);
  }
  function mark(newMarked, newLines) {
    [marked, lines] = [newMarked, newLines];
    look(view);
  }
  const stop = () => {
    land();
    cancelAnimationFrame(awake);
  };
  return { element, mark, paint, fit, whole, zoomBy, stop };
}

// Inputs are squares, answers and the word itself diamonds, nearest words discs: not by colour alone.
function dot(pen, at, kind, colour, paper) {
  const [x, y] = at;
  pen.beginPath();
  if (kind === "near") pen.arc(x, y, 4, 0, 7);
  else if (kind === "input") pen.rect(x - 4.5, y - 4.5, 9, 9);
  else {
    pen.moveTo(x, y - 7);
    pen.lineTo(x + 7, y);
    pen.lineTo(x, y + 7);
    pen.lineTo(x - 7, y);
    pen.closePath();
  }
  pen.strokeStyle = paper;
  pen.lineWidth = 2;
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
}

// A line; of an analogy, with a point at its end.
function line(pen, from, to, kind, colour) {
  const [[x1, y1], [x2, y2]] = [from, to];
  const long = Math.hypot(x2 - x1, y2 - y1);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = kind === "near" ? 1.2 : 2;
  pen.setLineDash(kind === "answer" ? [6, 4] : []);
  pen.globalAlpha = kind === "near" ? 0.75 : 1;
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  if (kind === "near" || long < 24) return;
  const [x, y] = [(x2 - x1) / long, (y2 - y1) / long];
  const [endX, endY] = [x2 - 8 * x, y2 - 8 * y];
  pen.beginPath();
  pen.moveTo(endX, endY);
  pen.lineTo(endX - 9 * x - 5 * y, endY - 9 * y + 5 * x);
  pen.lineTo(endX - 9 * x + 5 * y, endY - 9 * y - 5 * x);
  pen.fill();
}
