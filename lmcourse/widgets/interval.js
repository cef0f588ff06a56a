// The coding interval; shared.js stands before it. First the arithmetic, exact, the same as lmcourse/information/arithmetic.py
// and tested against it; then the drawing. An interval is {low, width, whole}: whole numbers without limit, of which
// [low, low + width) is a part of [0, whole). A tree is {parents, said, rows}: see lmcourse/widgets/interval.py.

// ---------- arithmetic ----------

const UNIT = { low: 0n, width: 1n, whole: 1n };

// What follows a beginning: ids of the possible tokens, probabilities, and the same as whole numbers with their sum.
export function parseRow(row) {
  const numbers = row.split(" ").map(Number);
  const [ids, probs] = [0, 1].map((odd) => numbers.filter((_, i) => i % 2 === odd));
  const exact = probs.map((p) => {
    let power = 0;
    for (; !Number.isInteger(p); p *= 2) power++; // a number of a computer is a whole number over a power of two
    return [BigInt(p), power];
  });
  const most = Math.max(...exact.map(([, power]) => power));
  const weights = exact.map(([n, power]) => n << BigInt(most - power));
  return { ids, probs, weights, total: weights.reduce((sum, w) => sum + w, 0n) };
}

// The part of an interval that the i-th possible token takes.
function part({ low, width, whole }, { weights, total }, i) {
  const before = weights.slice(0, i).reduce((sum, w) => sum + w, 0n);
  return { low: low * total + width * before, width: width * weights[i], whole: whole * total };
}

// The number 0.bits as whole / 2^length.
const numberOf = (bits) => ({ n: bits ? BigInt(`0b${bits}`) : 0n, power: BigInt(bits.length) });

// The fewest bits such that every number that begins with them lies in the interval.
export function shortestBits({ low, width, whole }) {
  for (let size = 0n; ; size++) {
    const first = ((low << size) + whole - 1n) / whole;
    if ((first + 1n) * whole <= (low + width) << size) return size ? first.toString(2).padStart(Number(size), "0") : "";
  }
}

// The bits with which every number of the interval begins.
export function certainBits({ low, width, whole }) {
  let bits = "";
  let high = low + width;
  for (;;) {
    const bit = 2n * low >= whole ? 1n : 0n;
    if (!bit && 2n * high > whole) return bits;
    bits += bit;
    [low, high] = [2n * low - bit * whole, 2n * high - bit * whole];
  }
}

export function log2(n) {
  const spare = Math.max(0, n.toString(16).length * 4 - 60);
  return Math.log2(Number(n >> BigInt(spare))) + spare;
}

// -log2 of the width.
export const costInBits = ({ width, whole }) => log2(whole) - log2(width);

// n / whole to some digits after the point, cut off; "…" says that there are more.
export function digits(n, whole, count, base = 10) {
  let rest = n % whole;
  let text = "";
  for (let i = 0; i < count && rest; i++) {
    rest *= BigInt(base);
    text += (rest / whole).toString(base);
    rest %= whole;
  }
  return `${n / whole}${text && "."}${text}${rest ? "…" : ""}`;
}

// How many digits two numbers need until they differ, and two more.
function digitsToTell(a, b, whole, base) {
  let count = 1;
  for (let scale = BigInt(base); (a * scale) / whole === (b * scale) / whole; scale *= BigInt(base)) count++;
  return count + 2;
}

// Beginnings by their parent and last token.
export function childrenOf({ parents, said }) {
  const children = parents.map(() => new Map());
  parents.forEach((parent, node) => parent >= 0 && children[parent].set(said[node], node));
  return children;
}

// The walk along a text, or to a number: {ids, steps, last, known}. A step is the row, the interval before it, the
// place of the token among the possible ones. `known` is false where the tree ends before the text does.
function walk(tree, choose, done) {
  const found = { ids: [], steps: [], last: UNIT, known: true };
  for (let node = 0; !done(found.ids); ) {
    if (node === undefined) {
      found.known = false;
      break;
    }
    const row = tree.parsed(node);
    const chosen = choose(row, found.last, found.ids.length);
    found.steps.push({ row, interval: found.last, chosen });
    found.ids.push(row.ids[chosen]);
    found.last = part(found.last, row, chosen);
    node = tree.children[node].get(row.ids[chosen]);
  }
  return found;
}

export function plant({ parents, said, rows, end, path }) {
  const parsed = [];
  return {
    children: childrenOf({ parents, said }), end, path,
    parsed: (node) => (parsed[node] = parsed[node] || parseRow(rows[node])),
  };
}

export function encodeWalk(tree) {
  return walk(tree, (row, _, i) => row.ids.indexOf(tree.path[i]), (ids) => ids.length === tree.path.length);
}

// To the number 0.bits; `certain` tokens come whatever bits follow.
export function decodeWalk(tree, bits) {
  const { n, power } = numberOf(bits);
  const ended = tree.end === null
    ? (ids) => ids.length >= tree.path.length
    : (ids) => ids.length >= 60 || ids[ids.length - 1] === tree.end;
  const choose = (row, { low, width, whole }) => {
    // n / 2^power lies in the part that ends beyond it
    const point = (n * whole - (low << power)) * row.total;
    let sum = 0n;
    return row.weights.findIndex((w) => point < (width * (sum += w)) << power);
  };
  const found = walk(tree, choose, ended);
  const within = ({ low, width, whole }) => low << power <= n * whole && (n + 1n) * whole <= (low + width) << power;
  const after = [...found.steps.slice(1).map((step) => step.interval), found.last];
  return { ...found, certain: after.filter(within).length };
}

// For tests: everything as text.
const fraction = ({ low, width, whole }) => [low, low + width, whole].map(String);
export function encodeAll(state) {
  const { steps, last } = encodeWalk(plant(state));
  return [...steps.map((step) => step.interval), last].map((interval) => ({
    interval: fraction(interval), shortest: shortestBits(interval), certain: certainBits(interval), cost: costInBits(interval),
  }));
}
export function decodeAll(state, numbers) {
  const tree = plant(state);
  return numbers.map((bits) => {
    const { ids, last, known, certain } = decodeWalk(tree, bits);
    return { ids, interval: fraction(last), known, certain };
  });
}

// ---------- drawing ----------

const ROWS = 7;
const ROW_HEIGHT = 58;
const STOPS = 1024; // of the slider in the decoder: numbers of ten bits

// The beginning and the end of a long row of digits: what two ends of an interval share stands in the middle.
const shorten = (shown, room) => (shown.length <= room ? shown : `${shown.slice(0, 4)}…${shown.slice(6 - room)}`);
const grouped = (bits) => bits.replace(/(.{4})(?=.)/g, "$1\u2009");
// Where the point n / 2^power lies in an interval: 0 its beginning, 1 its end.
const place = (n, power, { low, width, whole }) =>
  Number(((n * whole - (low << power)) << 60n) / (width << power)) / 2 ** 60;

function render({ model, el }) {
  const tokens = model.get("tokens");
  const tree = plant(Object.fromEntries(["parents", "said", "rows", "end", "path"].map((name) => [name, model.get(name)])));
  const text = encodeWalk(tree);
  const length = text.ids.length;
  const code = shortestBits(text.last);
  const spell = (ids) => ids.map((id) => visible(tokens[id])).join(model.get("separator"));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const set = (values) => {
    Object.entries(values).forEach(([name, value]) => model.set(name, value));
    model.save_changes();
  };

  // Modes
  const modes = [["encode", "Text → number"], ["decode", "Number → text"]].map(([mode, label]) =>
    h("button", { type: "button", "data-mode": mode, onclick: () => { stop(); set({ mode, ...(mode === "decode" && !model.get("bits") ? { bits: code } : {}) }); } }, label));

  // The figure
  const zoom = h("div", { class: "lmc-zoom", "aria-hidden": "true" });
  const said = h("ol", { class: "lmc-text-tokens", "aria-label": "Tokens" });
  const status = h("p", { class: "lmc-status", role: "status" });
  const facts = h("dl", { class: "lmc-facts" });
  const figure = h("div", { class: "lmc-figure" }, zoom, status); // as high as it will be, so that nothing below moves

  // Encoding
  const input = h("input", { type: "range", min: 0, max: length, step: 1, "data-slider": "step", "aria-label": "Tokens encoded" });
  const output = h("output", { "aria-hidden": "true" });
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const go = (step) => set({ step: Math.max(0, Math.min(step, length)) });
  const button = (label, shown, act) =>
    h("button", { type: "button", "aria-label": label, onclick: () => { stop(); act(); } }, shown);
  const first = button("No token", "Start", () => go(0));
  const back = button("One token back", "−1", () => go(model.get("step") - 1));
  const on = button("One token on", "+1", () => go(model.get("step") + 1));
  const end = button("All tokens", "End", () => go(length));
  const play = h("button", { type: "button", class: "lmc-run", onclick: () => {
    if (timer !== null) return stop();
    if (model.get("step") >= length) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      go(model.get("step") + 1);
      if (model.get("step") >= length) stop();
    }, 1300);
  } }, "Play");
  input.addEventListener("input", () => { stop(); go(Number(input.value)); });
  const encoder = h("div", { class: "lmc-coder" },
    h("div", { class: "lmc-slider" },
      h("div", { class: "lmc-slider-head" }, h("span", { "aria-hidden": "true" }, "Tokens encoded"), output), input),
    h("div", { class: "lmc-buttons" }, first, back, play, on, end));

  // Decoding
  const toBits = (stop) => stop.toString(2).padStart(10, "0");
  const number = h("input", { type: "range", min: 0, max: STOPS - 1, step: 1, "data-slider": "number", "aria-label": "The number, from 0 to 1" });
  number.addEventListener("input", () => set({ bits: toBits(Number(number.value)) }));
  const field = h("input", { type: "text", inputmode: "numeric", class: "lmc-bits-field", maxlength: 400, spellcheck: "false", autocomplete: "off", "aria-label": "The number's bits after the point" });
  field.addEventListener("input", () => set({ bits: field.value.replace(/[^01]/g, "").slice(0, 400) }));
  const bit = (label, shown, act) => h("button", { type: "button", "aria-label": label, onclick: () => set({ bits: act(model.get("bits")) }) }, shown);
  const decoder = h("div", { class: "lmc-coder" },
    h("label", { class: "lmc-bits-label" }, "0.", field),
    h("div", { class: "lmc-buttons" },
      bit("Append a 0", "+ 0", (bits) => `${bits}0`.slice(0, 400)), bit("Append a 1", "+ 1", (bits) => `${bits}1`.slice(0, 400)),
      bit("Take the last bit away", "− bit", (bits) => bits.slice(0, -1)), bit("No bits", "Clear", () => ""),
      bit("The code of the text", "Code of the text", () => code)));
  const numberSlider = h("div", { class: "lmc-number-slider" }, h("span"), number, h("span"));

  const root = h("section", { class: "lmc lmc-interval", "aria-label": "Coding interval" },
    h("div", { class: "lmc-title" }, "A text becomes a number"),
    h("div", { class: "lmc-modes", role: "group", "aria-label": "What to do" }, ...modes),
    encoder, decoder, said, numberSlider, figure, facts);

  // One step: the interval, stretched to full width, and its parts.
  function drawRow({ row, interval, chosen }, options) {
    const { picked, width, marks = [], wedge = null, label, share } = options;
    const bar = h("div", { class: "lmc-parts" });
    if (row) {
      const total = row.probs.reduce((sum, p) => sum + p, 0);
      let left = 0;
      row.ids.forEach((id, i) => {
        const size = row.probs[i] / total;
        const name = visible(tokens[id]);
        const box = h("div", { class: picked && i === chosen ? "lmc-part lmc-on" : "lmc-part" },
          size * width >= 8 * [...name].length + 5 ? name : "");
        Object.assign(box.style, { left: `${100 * left}%`, width: `${100 * size}%` });
        bar.append(box);
        left += size;
      });
    }
    for (const [kind, from, to] of marks) {
      const mark = h("div", { class: kind });
      const [a, b] = [Math.max(0, from), Math.min(1, to)];
      if (b < 0 || a > 1) continue;
      Object.assign(mark.style, { left: `${100 * a}%`, width: `${100 * (b - a)}%` });
      bar.append(mark);
    }
    const { low, width: w, whole } = interval;
    const [from, to] = [low, low + w].map((n) => digits(n, whole, digitsToTell(low, low + w, whole, 10)));
    const room = width < 330 ? 12 : 18;
    const ends = h("div", { class: "lmc-ends" }, h("span", {}, shorten(from, room)), h("span", {}, shorten(to, room)));
    const gap = h("div", { class: "lmc-gap" }, ends);
    if (wedge) {
      const shape = h("div", { class: "lmc-wedge" }); // from the part that was kept to the whole bar
      shape.style.clipPath = `polygon(${100 * wedge[0]}% 0, ${100 * wedge[1]}% 0, 100% 100%, 0 100%)`;
      gap.prepend(shape);
    }
    return h("div", { class: "lmc-step-row" }, h("span", { class: "lmc-step-token" }, label),
      h("div", { class: "lmc-step-bar" }, gap, bar), h("span", { class: "lmc-number" }, share));
  }

  const bounds = ({ row, chosen }) => {
    const total = row.probs.reduce((sum, p) => sum + p, 0);
    const from = row.probs.slice(0, chosen).reduce((sum, p) => sum + p, 0) / total;
    return [from, from + row.probs[chosen] / total];
  };

  // The rows `from` to `to` of a walk; those before `picked` have their token chosen.
  function drawZoom(found, from, to, picked, marksOf) {
    const width = zoom.clientWidth - (zoom.clientWidth < 420 ? 130 : 165);
    const rows = [];
    for (let i = from; i <= to; i++) {
      const step = found.steps[i] || { row: null, interval: found.last };
      const chosen = i < picked && step.row;
      rows.push(drawRow(step, {
        picked: chosen, width, marks: marksOf(step.interval, i),
        wedge: i > from ? bounds(found.steps[i - 1]) : null,
        label: chosen ? visible(tokens[step.row.ids[step.chosen]]) : step.row ? "?" : "code",
        share: chosen ? number3(step.row.probs[step.chosen]) : step.row ? "" : `${code.length} bit${code.length === 1 ? "" : "s"}`,
      }));
    }
    zoom.replaceChildren(...rows);
    return rows;
  }
  const number3 = (p) => (p < 0.0005 ? "<.001" : p.toFixed(3));

  function chips(ids, isDone, kind) {
    said.replaceChildren(...ids.map((id, i) =>
      h("li", { class: `lmc-chip ${isDone(i) ? "lmc-fresh" : kind}`, "data-token": tokens[id] }, visible(tokens[id]))));
  }

  function fact(term, ...description) {
    return [h("dt", {}, term), h("dd", {}, ...description)];
  }
  const mono = (shown) => h("span", { class: "lmc-mono" }, shown);

  let drawn = null;
  function drawEncoding() {
    const step = model.get("step");
    const interval = step < length ? text.steps[step].interval : text.last;
    const from = Math.max(0, step - ROWS + 1);
    const marks = (own, i) => {
      if (i < length) return [];
      const { n, power } = numberOf(code);
      return [["lmc-dyadic lmc-whole-code", place(n, power, own), place(n + 1n, power, own)]];
    };
    const rows = drawZoom(text, from, step, step, marks);
    if (drawn !== null && step === drawn + 1 && !calm.matches) {
      const [a, b] = bounds(text.steps[step - 1]);
      const last = rows[rows.length - 1];
      last.querySelector(".lmc-parts").animate(
        [{ transform: `translate(${100 * a}%, -${ROW_HEIGHT}px) scaleX(${b - a})` }, { transform: "none" }],
        { duration: 600, easing: "ease-in-out" });
      last.querySelector(".lmc-gap").animate([{ opacity: 0 }, { opacity: 0 }, { opacity: 1 }], { duration: 700 });
    }
    drawn = step;
    figure.style.minHeight = `calc(${ROW_HEIGHT * Math.min(length + 1, ROWS)}px + 4.5em)`;
    chips(text.ids, (i) => i < step, "");
    input.value = step;
    input.setAttribute("aria-valuetext", `${step} of ${length}`);
    output.textContent = `${step} of ${length}`;
    [first.disabled, back.disabled, on.disabled, end.disabled] = [step === 0, step === 0, step === length, step === length];

    const { low, width, whole } = interval;
    const high = low + width;
    const cost = costInBits(interval);
    const certain = certainBits(interval);
    const prob = 2 ** -cost;
    const [mantissa, power] = prob.toExponential(2).split("e");
    const [ten, two] = [10, 2].map((base) => digitsToTell(low, high, whole, base));
    const list = [
      ...fact("from", mono(shorten(digits(low, whole, ten), 30)), h("small", {}, "binary ", mono(shorten(digits(low, whole, two, 2), 30)))),
      ...fact("up to", mono(shorten(digits(high, whole, ten), 30)), h("small", {}, "binary ", mono(shorten(digits(high, whole, two, 2), 30)))),
      ...fact("width", prob >= 0.001 ? prob.toFixed(4) : prob ? h("span", {}, `${mantissa} × 10`, h("sup", {}, power.replace("-", "−"))) : "under 10⁻³⁰⁰", h("small", {}, step ? "the product of the probabilities" : "nothing is said yet")),
      ...fact("−log₂ width", h("b", {}, `${cost.toFixed(2)} bits`), h("small", {}, "the information in what was said")),
      ...fact("certain bits", mono(certain ? grouped(certain) : "none"), h("small", {}, certain ? "every number in here begins with them" : "the numbers in here do not even share the first bit")),
    ];
    if (step === length) {
      list.push(...fact("code", h("b", { class: "lmc-code" }, grouped(code) || "no bits at all"),
        h("small", {}, `${code.length} bit${code.length === 1 ? "" : "s"}: the fewest after which every number lies inside (orange)`)));
    }
    facts.replaceChildren(...list);
    const next = text.steps[step];
    const message = step === 0 ? "Each token that can come first has a part of the bar as wide as it is probable. The one that comes says which part to keep."
      : step < length ? `“${spell(text.ids.slice(0, step))}” keeps [${shorten(digits(low, whole, ten), 18)}, ${shorten(digits(high, whole, ten), 18)}). Now that is divided among the ${next.row.ids.length} token${next.row.ids.length === 1 ? "" : "s"} that can follow.`
        : `Any number in the last interval names the whole text. ${code.length} bits are enough; −log₂ p is ${cost.toFixed(2)}.${tree.end === null || text.ids[length - 1] !== tree.end ? " How many tokens there are must be told besides." : " Its last token tells the receiver to stop."}`;
    if (status.textContent !== message) status.textContent = message;
    Object.assign(root.dataset, {
      step, low: `${low}/${whole}`, high: `${high}/${whole}`, cost, certain, code: step === length ? code : "",
    });
  }

  function drawDecoding() {
    const bits = model.get("bits");
    const { n, power } = numberOf(bits);
    const found = decodeWalk(tree, bits);
    const marks = (own) => [
      ["lmc-dyadic", place(n, power, own), place(n + 1n, power, own)],
      ["lmc-point", place(n, power, own), place(n, power, own)],
    ];
    drawZoom(found, 0, Math.min(found.steps.length, ROWS) - 1, found.steps.length, marks);
    figure.style.minHeight = `calc(${ROW_HEIGHT * Math.min(length + 1, ROWS)}px + 4.5em)`;
    drawn = null;
    chips(found.ids, (i) => i < found.certain, "lmc-unknown");
    number.value = Number((n * BigInt(STOPS)) >> power);
    number.setAttribute("aria-valuetext", `${digits(n, 1n << power, 4)}: ${spell(found.ids)}`);
    if (field.value !== bits) field.value = bits;
    facts.replaceChildren(
      ...fact("number", mono(digits(n, 1n << power, 12)), h("small", {}, "the line")),
      ...fact("bits so far", mono(bits ? grouped(bits) : "none"), h("small", {}, bits ? `whatever follows, the number lies in the orange band, ${digits(1n, 1n << power, 6)} wide` : "the number may lie anywhere")),
      ...fact("certain", `${found.certain} token${found.certain === 1 ? "" : "s"}`, h("small", {}, "filled boxes; the others hold if only zeros follow")));
    const same = found.ids.length === length && found.ids.every((id, i) => id === text.ids[i]);
    const message = `The number ${digits(n, 1n << power, 6)} picks “${spell(found.ids)}”${found.known ? "" : " …, and there this page's copy of the model ends"}.`
      + (found.steps.length > ROWS ? ` The first ${ROWS} steps are drawn.` : "")
      + (same ? found.certain === length ? " That is the text, and no further bit can change it." : " That is the text." : "");
    if (status.textContent !== message) status.textContent = message;
    Object.assign(root.dataset, { decoded: found.ids.join(" "), certainTokens: found.certain, known: found.known });
  }

  function update() {
    const decoding = model.get("mode") === "decode";
    modes.forEach((each) => each.setAttribute("aria-pressed", String((each.dataset.mode === "decode") === decoding)));
    encoder.hidden = decoding;
    decoder.hidden = numberSlider.hidden = !decoding;
    root.dataset.mode = model.get("mode");
    if (decoding) drawDecoding();
    else drawEncoding();
  }

  // Drag the number on the first bar too.
  const drag = (event) => {
    const bar = zoom.querySelector(".lmc-parts");
    if (model.get("mode") !== "decode" || !bar) return;
    const box = bar.getBoundingClientRect();
    const at = Math.floor((STOPS * (event.clientX - box.left)) / box.width);
    set({ bits: toBits(Math.max(0, Math.min(at, STOPS - 1))) });
  };
  zoom.addEventListener("pointerdown", (event) => {
    if (event.target.closest(".lmc-parts") !== zoom.querySelector(".lmc-parts") || model.get("mode") !== "decode") return;
    zoom.setPointerCapture(event.pointerId);
    drag(event);
  });
  zoom.addEventListener("pointermove", (event) => { if (zoom.hasPointerCapture(event.pointerId)) drag(event); });

  const events = ["step", "mode", "bits"].map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, update));
  el.append(root);
  update();
  let seen = zoom.clientWidth;
  const resized = new ResizeObserver(() => {
    if (zoom.clientWidth === seen) return;
    seen = zoom.clientWidth;
    drawn = null;
    update();
  });
  resized.observe(zoom);
  return () => {
    stop();
    resized.disconnect();
    events.forEach((event) => model.off(event, update));
    root.remove();
  };
}

export default { render };
