// The coding interval, drawn; interval_arithmetic.js has the coding.

import {
  certainBits,
  costInBits,
  decodeWalk,
  digits,
  digitsToTell,
  encodeWalk,
  numberOf,
  place,
  plant,
  shortestBits,
} from "./interval_arithmetic.js";
import {
  choiceOf,
  div,
  firstTask,
  h,
  mount,
  mute,
  namedButton,
  number,
  percent,
  plural,
  say,
  section,
  setter,
  span,
  stepper,
  stretch,
  visible,
} from "./ui.js";

const ROWS = 7;
const ROW_HEIGHT = 58;
const STOPS = 1024; // of the slider in the decoder: numbers of ten bits

// The beginning and the end of a long row of digits: what two ends of an interval share stands in the middle.
const shorten = (shown, room) => (shown.length <= room ? shown : `${shown.slice(0, 4)}…${shown.slice(6 - room)}`);
const inFours = (bits) => bits.replace(/(.{4})(?=.)/g, "$1\u2009");

function render({ model, el }) {
  const tokens = model.get("tokens");
  const [parents, spoken, rows, end, path] = ["parents", "said", "rows", "end", "path"].map((name) => model.get(name));
  const tree = plant({ parents, said: spoken, rows, end, path });
  const text = encodeWalk(tree);
  const length = text.ids.length;
  const code = shortestBits(text.last);
  const spell = (ids) => ids.map((id) => visible(tokens[id])).join(model.get("separator"));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const set = setter(model);

  const modes = choiceOf("What to do", "mode", [["encode", "Text → number"], ["decode", "Number → text"]], (mode) => {
    steps.stop();
    set(mode === "decode" && !model.get("bits") ? { mode, bits: code } : { mode });
  });
  const task = firstTask("Step on to the end: how many bits name the whole text?");

  // The figure
  const zoom = mute(div("lmc-zoom"));
  const said = h("ol", { class: "lmc-text-tokens", "aria-label": "Tokens" });
  const status = h("p", { class: "lmc-status", role: "status" });
  const facts = h("dl", { class: "lmc-facts" });
  const figure = div("lmc-figure", zoom, status);

  // Encoding
  const steps = stepper("Tokens encoded", "token", 1300, {
    at: () => model.get("step"),
    last: () => length,
    go: (step) => set({ step }),
  });
  const encoder = div("lmc-coder", ...steps.elements);

  // Decoding
  const toBits = (stop) => stop.toString(2).padStart(10, "0");
  const range = {
    type: "range",
    min: 0,
    max: STOPS - 1,
    step: 1,
    "data-slider": "number",
    "aria-label": "The number, from 0 to 1",
  };
  const slide = h("input", { ...range, oninput: () => set({ bits: toBits(Number(slide.value)) }) });
  const field = h("input", {
    type: "text",
    inputmode: "numeric",
    class: "lmc-bits-field",
    maxlength: 400,
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": "The number's bits after the point",
    oninput: () => set({ bits: field.value.replace(/[^01]/g, "").slice(0, 400) }),
  });
  const bit = (more, shown, act) => namedButton(shown, more, () => set({ bits: act(model.get("bits")).slice(0, 400) }));
  const decoder = div(
    "lmc-coder",
    h("label", { class: "lmc-bits-label" }, "0.", field),
    div(
      "lmc-buttons",
      bit("append a 0", "+ 0", (bits) => `${bits}0`),
      bit("append a 1", "+ 1", (bits) => `${bits}1`),
      bit("take the last bit away", "− bit", (bits) => bits.slice(0, -1)),
      bit("no bits", "Clear", () => ""),
      bit("the fewest bits that name it", "Code of the text", () => code),
    ),
  );
  const numberSlider = div("lmc-number-slider", h("span"), slide, h("span"));

  const root = section(
    "interval",
    "Coding interval",
    "A text becomes a number",
    modes.element,
    task.element,
    encoder,
    decoder,
    said,
    numberSlider,
    figure,
    facts,
  );

  // The parts of an interval, as wide as they are probable, with the one that was chosen.
  function drawParts({ row, chosen }, picked, width) {
    const bar = div("lmc-parts");
    if (!row) return bar;
    const total = row.probs.reduce((sum, p) => sum + p, 0);
    let left = 0;
    row.ids.forEach((id, i) => {
      const size = row.probs[i] / total;
      const name = visible(tokens[id]);
      const text = size * width >= 8 * [...name].length + 5 ? name : "";
      bar.append(stretch(div(picked && i === chosen ? "lmc-part lmc-on" : "lmc-part", text), left, left + size));
      left += size;
    });
    return bar;
  }

  // One step: the interval, stretched to full width, and its parts; above it where it lies in the one before.
  function drawRow(step, { picked, width, marks = [], wedge = null, label, share }) {
    const bar = drawParts(step, picked, width);
    for (const [kind, from, to] of marks) {
      if (to >= 0 && from <= 1) bar.append(stretch(div(kind), Math.max(0, from), Math.min(1, to)));
    }
    const { low, width: w, whole } = step.interval;
    const ends = [low, low + w].map((n) => digits(n, whole, digitsToTell(low, low + w, whole, 10)));
    const room = width < 330 ? 12 : 18;
    const gap = div("lmc-gap", div("lmc-ends", ...ends.map((end) => span("", shorten(end, room)))));
    if (wedge) {
      const shape = div("lmc-wedge"); // from the part that was kept to the whole bar
      shape.style.clipPath = `polygon(${percent(wedge[0])} 0, ${percent(wedge[1])} 0, 100% 100%, 0 100%)`;
      gap.prepend(shape);
    }
    return div("lmc-step-row", span("lmc-step-token", label), div("lmc-step-bar", gap, bar), span("lmc-number", share));
  }

  const bounds = ({ row, chosen }) => {
    const total = row.probs.reduce((sum, p) => sum + p, 0);
    const from = row.probs.slice(0, chosen).reduce((sum, p) => sum + p, 0) / total;
    return [from, from + row.probs[chosen] / total];
  };

  // A step that is still to come, so that what is below keeps its place.
  const ahead = (label) => div("lmc-ahead", span("lmc-step-token", label), div("lmc-ahead-bar"), span("lmc-number"));

  // The rows `from` to `to` of a walk; those before `picked` have their token chosen.
  function drawZoom(found, from, to, picked, marksOf) {
    const width = zoom.clientWidth - (zoom.clientWidth < 420 ? 130 : 165);
    const rows = [];
    for (let i = from; i <= to; i++) {
      const step = found.steps[i] || { row: null, interval: found.last };
      const chosen = i < picked && step.row;
      rows.push(drawRow(step, {
        picked: chosen,
        width,
        marks: marksOf(step.interval, i),
        wedge: i > from ? bounds(found.steps[i - 1]) : null,
        label: chosen ? visible(tokens[step.row.ids[step.chosen]]) : step.row ? "?" : "code",
        share: chosen ? number(step.row.probs[step.chosen]) : step.row ? "" : plural(code.length, "bit"),
      }));
    }
    zoom.replaceChildren(...rows);
    return rows;
  }

  function chips(ids, isDone, kind) {
    said.replaceChildren(
      ...ids.map((id, i) =>
        h(
          "li",
          { class: `lmc-chip ${isDone(i) ? "lmc-fresh" : kind}`, "data-token": tokens[id], dir: "auto" },
          visible(tokens[id]),
        )
      ),
    );
  }

  const mono = (shown) => span("lmc-mono", shown);
  const small = (...children) => h("small", {}, ...children);
  const fact = (term, ...description) => [h("dt", {}, term), h("dd", {}, ...description)];

  // The newest row grows out of the part that was chosen.
  function animate(rows, from, to) {
    const last = rows[rows.length - 1];
    const start = `translate(${percent(from)}, -${ROW_HEIGHT}px) scaleX(${to - from})`;
    last.querySelector(".lmc-parts").animate([{ transform: start }, { transform: "none" }], {
      duration: 600,
      easing: "ease-in-out",
    });
    last.querySelector(".lmc-gap").animate([{ opacity: 0 }, { opacity: 0 }, { opacity: 1 }], { duration: 700 });
  }

  function encodingFacts(step, { low, width, whole }, { cost, certain }) {
    const prob = 2 ** -cost;
    const [mantissa, power] = prob.toExponential(2).split("e");
    const end = (n) => {
      const [ten, two] = [10, 2].map((base) => digits(n, whole, digitsToTell(low, low + width, whole, base), base));
      return [mono(shorten(ten, 30)), small("binary ", mono(shorten(two, 30)))];
    };
    const tiny = () => span("", `${mantissa} × 10`, h("sup", {}, power.replace("-", "−")));
    const list = [
      ...fact("from", ...end(low)),
      ...fact("up to", ...end(low + width)),
      ...fact(
        "width",
        prob >= 0.001 ? prob.toFixed(4) : prob ? tiny() : "under 10⁻³⁰⁰",
        small(step ? "the product of the probabilities" : "nothing is said yet"),
      ),
      ...fact("−log₂ width", h("b", {}, `${cost.toFixed(2)} bits`), small("the information in what was said")),
      ...fact(
        "certain bits",
        mono(certain ? inFours(certain) : "none"),
        small(
          certain ? "every number in here begins with them" : "the numbers in here do not even share the first bit",
        ),
      ),
    ];
    if (step < length) return list;
    return [
      ...list,
      ...fact(
        "code",
        h("b", { class: "lmc-code" }, inFours(code) || "no bits at all"),
        small(`${plural(code.length, "bit")}: the fewest after which every number lies inside (orange)`),
      ),
    ];
  }

  function encodingMessage(step, { low, width, whole }, cost) {
    if (step === 0) {
      return "Each token that can come first has a part of the bar as wide as it is probable. " +
        "The one that comes says which part to keep.";
    }
    if (step === length) {
      const told = tree.end === null || text.ids[length - 1] !== tree.end
        ? "How many tokens there are must be told besides."
        : "Its last token tells the receiver to stop.";
      return `Any number in the last interval names the whole text. ${code.length} bits are enough; −log₂ p is ` +
        `${cost.toFixed(2)}. ${told}`;
    }
    const ten = digitsToTell(low, low + width, whole, 10);
    const [from, to] = [low, low + width].map((n) => shorten(digits(n, whole, ten), 18));
    return `“${spell(text.ids.slice(0, step))}” keeps [${from}, ${to}). ` +
      `Now that is divided among the ${plural(text.steps[step].row.ids.length, "token")} that can follow.`;
  }

  let drawn = null;
  function drawEncoding() {
    const step = model.get("step");
    const interval = step < length ? text.steps[step].interval : text.last;
    const { n, power } = numberOf(code);
    const marks = (own, i) =>
      i < length ? [] : [["lmc-dyadic lmc-whole-code", place(n, power, own), place(n + 1n, power, own)]];
    const rows = drawZoom(text, Math.max(0, step - ROWS + 1), step, step, marks);
    const labels = step < length ? [...text.ids.slice(step + 1).map((id) => visible(tokens[id])), "code"] : [];
    zoom.append(...labels.slice(0, ROWS - rows.length).map(ahead));
    if (drawn !== null && step === drawn + 1 && !calm.matches) animate(rows, ...bounds(text.steps[step - 1]));
    drawn = step;
    chips(text.ids, (i) => i < step, "");
    steps.show();
    const [cost, certain] = [costInBits(interval), certainBits(interval)];
    facts.replaceChildren(...encodingFacts(step, interval, { cost, certain }));
    say(status, encodingMessage(step, interval, cost));
    if (step === length) {
      const share = number(2 ** -cost);
      task.check(
        `${plural(code.length, "bit")}: the last interval is ${share} wide, and −log₂ of that ${cost.toFixed(2)}; no ` +
          `interval that ${plural(code.length - 1, "bit")} can name lies wholly inside it.`,
      );
    }
    const { low, width, whole } = interval;
    Object.assign(root.dataset, {
      step,
      low: `${low}/${whole}`,
      high: `${low + width}/${whole}`,
      cost,
      certain,
      code: step === length ? code : "",
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
    drawn = null;
    chips(found.ids, (i) => i < found.certain, "lmc-unknown");
    slide.value = Number((n * BigInt(STOPS)) >> power);
    slide.setAttribute("aria-valuetext", `${digits(n, 1n << power, 4)}: ${spell(found.ids)}`);
    if (field.value !== bits) field.value = bits;
    facts.replaceChildren(
      ...fact("number", mono(digits(n, 1n << power, 12)), small("the line")),
      ...fact(
        "bits so far",
        mono(bits ? inFours(bits) : "none"),
        small(
          bits
            ? `whatever follows, the number lies in the orange band, ${digits(1n, 1n << power, 6)} wide`
            : "the number may lie anywhere",
        ),
      ),
      ...fact("certain", plural(found.certain, "token"), small("filled boxes; the others hold if only zeros follow")),
    );
    const same = found.ids.length === length && found.ids.every((id, i) => id === text.ids[i]);
    const rest = found.known ? "" : " …, and there this page's copy of the model ends";
    const message = [`The number ${digits(n, 1n << power, 6)} picks “${spell(found.ids)}”${rest}.`];
    if (found.steps.length > ROWS) message.push(`The first ${ROWS} steps are drawn.`);
    if (same) {
      message.push(
        found.certain === length ? "That is the text, and no further bit can change it." : "That is the text.",
      );
    }
    say(status, message.join(" "));
    Object.assign(root.dataset, { decoded: found.ids.join(" "), certainTokens: found.certain, known: found.known });
  }

  function update() {
    const decoding = model.get("mode") === "decode";
    modes.show(model.get("mode"));
    encoder.hidden = task.element.hidden = decoding;
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
    const pressed = event.target.closest(".lmc-parts");
    if (pressed !== zoom.querySelector(".lmc-parts") || model.get("mode") !== "decode") return;
    zoom.setPointerCapture(event.pointerId);
    drag(event);
  });
  zoom.addEventListener("pointermove", (event) => {
    if (zoom.hasPointerCapture(event.pointerId)) drag(event);
  });

  const redraw = () => {
    drawn = null;
    update();
  };
  return mount({ model, el }, root, {
    follows: ["step", "mode", "bits"],
    update,
    resized: [zoom, redraw],
    teardown: steps.stop,
  });
}

export default { render };
