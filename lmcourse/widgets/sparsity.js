// The sparsity map. First the counting, the same as lmcourse/widgets/sparsity.py and tested against it; then the
// drawing. `ids` is the text, a token id for each token; V is the number of different tokens.

import {
  button,
  column,
  div,
  firstTask,
  grouped,
  h,
  mount,
  mute,
  nearest,
  numberCell,
  placed,
  player,
  plural,
  raised,
  row,
  rowName,
  section,
  setter,
  slider,
  svgElement,
  table,
  visible,
  whenColoursChange,
} from "./ui.js";

// ---------- counting ----------

const LONGEST = 5;

// For n = 1, …, 5: how many tokens one must read to meet each different n-gram, ascending.
export function firstMeetings(ids, V) {
  return Array.from({ length: LONGEST }, (_, i) => {
    const n = i + 1;
    const [met, found, most] = [new Set(), [], V ** (n - 1)];
    let code = 0; // the last n tokens as digits of a number
    for (let end = 1; end <= ids.length; end++) {
      code = (code % most) * V + ids[end - 1];
      if (end < n || met.has(code)) continue;
      met.add(code);
      found.push(end);
    }
    return found;
  });
}

// How many numbers of an ascending list are not above a limit.
export function upTo(list, limit) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

// How often, among the first `size` tokens, a prefix was followed by each pair: entry V · row + column.
export function matrix(ids, V, size, prefix) {
  const counts = new Int32Array(V * V);
  const long = prefix.length;
  for (let at = 0; at + long + 1 < size; at++) {
    let i = 0;
    while (i < long && ids[at + i] === prefix[i]) i++;
    if (i === long) counts[ids[at + long] * V + ids[at + long + 1]]++;
  }
  return counts;
}

// Where the slider stops: sizes that grow by about the same factor, up to the whole text.
export function stops(length, many = 60) {
  const least = Math.max(1, Math.min(100, Math.floor(length / 10)));
  const sizes = Array.from({ length: many + 1 }, (_, i) => Math.round(least * (length / least) ** (i / many)));
  return [...new Set(sizes)];
}

// ---------- drawing ----------

const many = (
  n,
) => (n < 1e8 ? grouped(n) : n.toExponential(1).replace(/e\+(\d+)/, (_, power) => ` · 10${raised(power)}`));

// A share as percent, in two digits.
function inPercent(share) {
  if (share === 0 || share === 1) return `${100 * share} %`;
  const value = 100 * share;
  if (value >= 10) return `${Math.min(99, Math.round(value))} %`;
  const digits = Math.min(12, 1 - Math.floor(Math.log10(value)));
  return `${value.toFixed(digits)} %`;
}

// Ten to a power, 0 or less, as percent.
const tick = (power) =>
  power < -5 ? `10${raised(power + 2)} %` : `${(100 * 10 ** power).toFixed(Math.max(0, -2 - power))} %`;

const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

// The shares as the text grows, both on scales of powers of ten.
function curves(meetings, V, length, least) {
  const [width, height, left, right, top, bottom] = [300, 190, 46, 30, 8, 24];
  const fewest = Math.min(...meetings.map((met) => upTo(met, least) || 1));
  const lowest = Math.floor(Math.log10(fewest / V ** LONGEST));
  const x = (size) => left + ((width - left - right) * Math.log(size / least)) / Math.log(length / least || 2);
  const y = (share) => top + ((height - top - bottom) * Math.log10(share)) / lowest;
  const lines = [];
  const step = Math.ceil(-lowest / 5);
  for (let power = 0; power >= lowest; power -= step) {
    lines.push(
      svgElement("line", { x1: left, x2: width - right, y1: y(10 ** power), y2: y(10 ** power), class: "lmc-sp-grid" }),
      svgElement("text", { x: left - 5, y: y(10 ** power) + 3.5, "text-anchor": "end" }, tick(power)),
    );
  }
  for (let power = Math.ceil(Math.log10(least)); 10 ** power <= length; power++) {
    lines.push(
      svgElement("line", {
        x1: x(10 ** power),
        x2: x(10 ** power),
        y1: top,
        y2: height - bottom,
        class: "lmc-sp-grid",
      }),
      svgElement("text", { x: x(10 ** power), y: height - 8, "text-anchor": "middle" }, many(10 ** power)),
    );
  }
  const places = stops(length, 48);
  let above = -Infinity; // the last name's place: names stand 11 apart
  meetings.forEach((met, i) => {
    const points = places.filter((size) => upTo(met, size)).map((size) =>
      `${x(size)},${y(upTo(met, size) / V ** (i + 1))}`
    );
    lines.push(svgElement("polyline", { points: points.join(" "), class: `lmc-sp-curve lmc-sp-curve-${i + 1}` }));
    if (!met.length) return;
    above = Math.max(above + 11, y(met.length / V ** (i + 1)) + 4);
    lines.push(svgElement("text", { x: width - right + 6, y: above, class: "lmc-sp-name" }, `n=${i + 1}`));
  });
  const now = svgElement("line", { y1: top, y2: height - bottom, class: "lmc-sp-now" });
  const dots = meetings.map(() => svgElement("circle", { r: 3, class: "lmc-sp-dot" }));
  const element = svgElement(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: "lmc-sp-curves" },
    ...lines,
    now,
    ...dots,
  );
  const show = (size) => {
    placed(now, { x1: x(size), x2: x(size) });
    dots.forEach((dot, i) => {
      const seen = upTo(meetings[i], size);
      dot.style.display = seen ? "" : "none";
      placed(dot, { cx: x(size), cy: y(Math.max(1, seen) / V ** (i + 1)) });
    });
  };
  return { element, show };
}

function render({ model, el }) {
  const tokens = model.get("tokens");
  const V = tokens.length;
  const separator = model.get("separator");
  const view = model.get("text");
  const ids = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const meetings = firstMeetings(ids, V);
  const sizes = stops(ids.length);
  const what = separator ? "token" : "character";
  const name = (list) => list.map((id) => visible(tokens[id])).join(separator);
  const set = setter(model);
  let cursor = null; // [row, column]
  let counts = new Int32Array(V * V);
  let most = 1; // the largest count of the whole text
  let place = { left: 0, top: 0, cell: 1 };

  // The map
  const title = h("div", { class: "lmc-subtitle", role: "status" });
  const axes = div("lmc-sp-axes");
  const canvas = mute(h("canvas"));
  const map = h(
    "div",
    { class: "lmc-sp-map", tabindex: 0, role: "application", "data-lm-suppress-shortcuts": "true" },
    canvas,
  );
  const told = h("div", { class: "lmc-sp-told", role: "status" });
  const into = button("", () => zoomIn(), { "data-zoom": "in" });
  const out = button("Back", () => zoomOut(), { "data-zoom": "out" });
  const legend = div("lmc-sp-legend lmc-note");

  // The size
  const at = () => nearest(sizes, model.get("size"));
  const last = sizes.length - 1;
  const run = player(150, {
    step: () => set({ size: sizes[Math.min(at() + 1, last)] }),
    done: () => at() === last,
    rewind: () => set({ size: sizes[0] }),
  });
  const length = slider("Text read", "size", {
    max: last,
    onMove: (stop) => {
      run.stop();
      set({ size: sizes[stop] });
    },
  });
  length.input.setAttribute("aria-label", `Text read, in ${what}s`);

  // The numbers
  const rows = meetings.map((_, i) => {
    const [seen, share] = [numberCell(), numberCell()];
    const element = row("", rowName("", String(i + 1)), seen, numberCell(many(V ** (i + 1))), share);
    element.dataset.n = i + 1;
    return { element, seen, share };
  });
  const heads = ["n", "seen", "possible", "share"].map((text, i) => column(i ? "lmc-number" : "", text));
  const chart = curves(meetings, V, ids.length, sizes[0]);

  const task = firstTask("Press Play: which of the five curves has nearly arrived at the end, which hardly begun?");
  let replayed = false; // it opens at the end

  const root = section(
    "sparsity",
    "Sparsity map",
    "Which of all possible n-grams were ever seen?",
    task.element,
    div("lmc-sp-size", length.element, run.button),
    div(
      "lmc-sp-halves",
      div("", title, axes, map, legend, told, div("lmc-buttons", into, out)),
      div(
        "",
        table(
          "How many n-grams were seen",
          "",
          row("lmc-head", ...heads),
          ...rows.map((each) => each.element),
        ),
        div("lmc-sp-caption", "Share of possible n-grams seen"),
        chart.element,
        div("lmc-sp-caption lmc-sp-x", `${what}s read`),
      ),
    ),
  );

  function zoomIn() {
    const prefix = model.get("prefix");
    if (!cursor || prefix.length >= LONGEST - 2) return;
    const [row, column] = cursor;
    const deeper = matrix(ids, V, model.get("size"), [...prefix, row]).subarray(column * V, (column + 1) * V);
    cursor = [column, deeper.indexOf(Math.max(...deeper))];
    set({ prefix: [...prefix, row] });
  }
  function zoomOut() {
    const prefix = model.get("prefix");
    if (!prefix.length) return;
    cursor = [prefix[prefix.length - 1], cursor ? cursor[0] : 0];
    set({ prefix: prefix.slice(0, -1) });
  }

  // The cell under a pointer, or null
  function cellAt(event) {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - place.left) / place.cell);
    const row = Math.floor((event.clientY - box.top - place.top) / place.cell);
    return row >= 0 && column >= 0 && row < V && column < V ? [row, column] : null;
  }
  const go = (to) => {
    cursor = to;
    paint();
    tell();
  };
  map.addEventListener("pointermove", (event) => {
    const cell = (event.pointerType === "mouse" || event.buttons) && cellAt(event); // a finger drags
    if (cell && String(cell) !== String(cursor)) go(cell);
  });
  let pressed = ""; // the cursor when the pointer went down: a mouse is there already, a finger taps twice
  map.addEventListener("pointerdown", () => {
    pressed = String(cursor);
  });
  map.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (!cell) return;
    if (String(cell) === pressed) zoomIn();
    else go(cell);
  });
  map.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) {
      const [row, column] = cursor || [0, 0];
      const [down, right] = cursor ? moves[event.key] : [0, 0];
      go([Math.max(0, Math.min(V - 1, row + down)), Math.max(0, Math.min(V - 1, column + right))]);
    } else if (event.key === "Enter") zoomIn();
    else if (event.key === "Escape" || event.key === "Backspace") zoomOut();
    else return;
    event.preventDefault();
  });
  map.addEventListener("focus", () => {
    if (!cursor) go([0, 0]);
  });

  function tell() {
    const prefix = model.get("prefix");
    const deepest = prefix.length >= LONGEST - 2;
    into.disabled = !cursor || deepest;
    out.disabled = !prefix.length;
    if (!cursor) {
      told.textContent = "Point at a cell, tap it, or use the arrow keys.";
      into.textContent = "Go in";
      return;
    }
    const [row, column] = cursor;
    const count = counts[row * V + column];
    told.replaceChildren(
      h("b", {}, `“${name([...prefix, row, column])}”`),
      count ? ` was seen ${plural(count, "time")}` : " was never seen",
    );
    into.textContent = deepest ? "Go in" : `Go in: what followed “${name([...prefix, row])}”?`;
    Object.assign(root.dataset, { row, column, count });
  }

  function paint() {
    const width = map.clientWidth;
    if (!width) return;
    const style = getComputedStyle(root);
    const colour = (key) => style.getPropertyValue(key).trim();
    const paint2d = canvas.getContext("2d");
    const scale = globalThis.devicePixelRatio || 1;
    const font = (bold) => `${bold ? "700 " : ""}10.5px ${style.fontFamily}`;
    paint2d.font = font(true);
    const labels = tokens.map(visible);
    const widest = Math.min(64, Math.max(...labels.map((label) => paint2d.measureText(label).width)));
    const gutter = Math.ceil(widest) + 6;
    const turned = widest > 16;
    const [left, top] = [gutter, turned ? gutter : 16];
    const cell = (width - left - 1) / V;
    const side = cell * V;
    place = { left, top, cell };
    const height = Math.ceil(top + side + 1);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
    paint2d.setTransform(scale, 0, 0, scale, 0, 0);
    const edge = (i) => Math.round(i * cell * scale) / scale; // cells end on whole pixels of the screen
    const resolve = getComputedStyle(swatch).backgroundColor;
    paint2d.fillStyle = resolve;
    for (let row = 0; row < V; row++) {
      for (let column = 0; column < V; column++) {
        const count = counts[row * V + column];
        if (!count) continue;
        paint2d.globalAlpha = shade(count);
        paint2d.fillRect(
          left + edge(column),
          top + edge(row),
          edge(column + 1) - edge(column),
          edge(row + 1) - edge(row),
        );
      }
    }
    paint2d.globalAlpha = 1;
    const ink = style.color;
    paint2d.strokeStyle = colour("--edge");
    paint2d.lineWidth = 1;
    paint2d.strokeRect(left - 0.5, top - 0.5, side + 1, side + 1);
    const every = Math.ceil(10 / cell);
    paint2d.textBaseline = "middle";
    labels.forEach((label, i) => {
      const [onRow, onColumn] = [cursor && cursor[0] === i, cursor && cursor[1] === i];
      const near = (k) => cursor && every > 1 && Math.abs(cursor[k] - i) < every && cursor[k] !== i;
      const middle = (i + 0.5) * cell;
      const write = (on, draw) => {
        paint2d.fillStyle = ink;
        paint2d.globalAlpha = on ? 1 : 0.8;
        paint2d.font = font(on);
        draw();
        paint2d.globalAlpha = 1;
      };
      if (onRow || (i % every === 0 && !near(0))) {
        write(onRow, () => {
          paint2d.textAlign = "right";
          paint2d.fillText(label, left - 4, top + middle, gutter - 4);
        });
      }
      if (onColumn || (i % every === 0 && !near(1))) {
        write(onColumn, () => {
          paint2d.save();
          paint2d.translate(left + middle, top - (turned ? 4 : 8));
          if (turned) paint2d.rotate(-Math.PI / 2);
          paint2d.textAlign = turned ? "left" : "center";
          paint2d.fillText(label, 0, 0, gutter - 4);
          paint2d.restore();
        });
      }
    });
    if (!cursor) return;
    const [row, column] = cursor;
    paint2d.fillStyle = colour("--edge");
    paint2d.globalAlpha = 0.18;
    paint2d.fillRect(left, top + edge(row), side, edge(row + 1) - edge(row));
    paint2d.fillRect(left + edge(column), top, edge(column + 1) - edge(column), side);
    paint2d.globalAlpha = 1;
    paint2d.strokeStyle = getComputedStyle(mark).backgroundColor;
    paint2d.lineWidth = 2;
    paint2d.strokeRect(
      left + edge(column) - 1,
      top + edge(row) - 1,
      edge(column + 1) - edge(column) + 2,
      edge(row + 1) - edge(row) + 2,
    );
  }

  const shade = (count) => 0.2 + (0.8 * Math.log(count)) / Math.log(Math.max(10, most));
  const swatch = h("i", { class: "lmc-sp-swatch" }); // carries the colour of data
  const mark = h("i", { class: "lmc-hidden lmc-sp-mark" });
  root.append(mark);

  function drawLegend() {
    const steps = [1, 10, 100, 1000, 10000].filter((count) => count <= Math.max(10, most));
    legend.replaceChildren(
      h("i", { class: "lmc-sp-swatch lmc-sp-blank" }),
      " never ",
      ...steps.flatMap((count, i) => {
        const box = i ? h("i", { class: "lmc-sp-swatch" }) : swatch;
        const cover = h("i", { class: "lmc-sp-box" }, box);
        box.style.opacity = shade(count);
        return [cover, ` ${grouped(count)} `];
      }),
      "times",
    );
  }

  function update() {
    const [prefix, size] = [model.get("prefix"), model.get("size")];
    const long = prefix.length + 2;
    counts = matrix(ids, V, size, prefix);
    most = Math.max(...matrix(ids, V, ids.length, prefix));
    const here = counts.reduce((sum, count) => sum + Number(count > 0), 0);
    const given = prefix.length ? `After “${name(prefix)}”: ` : "";
    title.textContent = `${given}${many(here)} of ${grouped(V * V)} pairs seen (${inPercent(here / (V * V))})`;
    axes.textContent = `Row: the ${ORDINALS[long - 2]} ${what}. Column: the ${ORDINALS[long - 1]}.`;
    map.setAttribute(
      "aria-label",
      `${given}map of pairs of ${what}s: a row for the ${ORDINALS[long - 2]}, a column for the ${
        ORDINALS[long - 1]
      }. Arrow keys move, Enter goes in, Escape goes out.`,
    );
    length.show(at(), plural(size, what), `${grouped(size)} of ${grouped(ids.length)}`);
    rows.forEach(({ element, seen, share }, i) => {
      const found = upTo(meetings[i], size);
      seen.textContent = grouped(found);
      share.textContent = inPercent(found / V ** (i + 1));
      element.dataset.seen = found;
      element.classList.toggle("lmc-on", i + 1 === long);
    });
    chart.show(size);
    drawLegend();
    replayed ||= at() < last;
    if (replayed && at() === last) {
      const shares = meetings.map((each, i) => inPercent(upTo(each, size) / V ** (i + 1)));
      task.check(`Single ${what}s: ${shares[0]} of all are seen. Five in a row: ${shares[LONGEST - 1]}.`);
    }
    Object.assign(root.dataset, { size, prefix: prefix.join(" "), seen: here });
    paint();
    tell();
  }

  const unwatch = whenColoursChange(paint);
  const teardown = () => {
    run.stop();
    unwatch();
  };
  return mount({ model, el }, root, { follows: ["size", "prefix"], update, resized: [map, paint], teardown });
}

export default { render };
