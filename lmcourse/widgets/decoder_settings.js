// The controls of chapter 1's decoder, for widgets that write, and the buttons to write by.

import { temperatureOf, temperatureSlider } from "./anneal.js";
import { button, choiceField, div, h, nearest, short, slider } from "./ui.js";

const MIN_PS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1];
const PENALTIES = [1, 1.05, 1.1, 1.2, 1.3, 1.5, 2];

// The traits of such a widget, to be followed.
export const DECODER_TRAITS = ["temperature", "top_k", "top_p", "min_p", "penalty", "seed", "count"];

// `ks` are the stops of top-k, of which the last is all tokens; `counts` how many tokens may be asked for, and `unit`
// what they are; `write`, `halt` and `takeBack` do so. Returns the elements, the sliders and the line of buttons;
// `value`, the settings as decode.js has them; `show`, which moves the controls and says what may be pressed.
export function decoderSettings(model, set, { ks, counts, unit, write, halt, takeBack }) {
  const all = ks.length - 1;
  const temperature = temperatureSlider(set);
  const k = slider("Top-k", "top_k", { max: all, onMove: (at) => set({ top_k: at === all ? null : ks[at] }) });
  const p = slider("Top-p", "top_p", { max: 99, onMove: (at) => set({ top_p: at === 99 ? null : (at + 1) / 100 }) });
  const minP = slider("Min-p", "min_p", {
    max: MIN_PS.length - 1,
    onMove: (at) => set({ min_p: MIN_PS[at] || null }),
  });
  const penalty = slider("Repetition penalty", "penalty", {
    max: PENALTIES.length - 1,
    onMove: (at) => set({ penalty: PENALTIES[at] }),
  });
  const seed = h("input", {
    ...{ type: "number", min: 0, max: 9999, step: 1, "aria-label": "Seed" },
    oninput: () => /^\d{1,4}$/.test(seed.value) && set({ seed: Number(seed.value) }),
  });
  const name = unit[0].toUpperCase() + unit.slice(1);
  const count = choiceField(name, "count", counts.map((n) => [n, String(n)]), (count) => set({ count }));
  const go = button("", write, { class: "lmc-run" });
  const [stop, undo] = [button("Stop", halt), button("Take it back", takeBack)];
  const value = () => ({
    temperature: temperatureOf(model),
    topK: model.get("top_k"),
    topP: model.get("top_p"),
    minP: model.get("min_p"),
    penalty: model.get("penalty"),
    seed: model.get("seed"),
    count: model.get("count"),
  });
  function show({ ready, writing, written }) {
    go.disabled = !ready || writing;
    stop.disabled = !writing;
    undo.disabled = writing || !written;
    const now = value();
    temperature.show(now.temperature);
    k.show(now.topK === null ? all : nearest(ks, now.topK), now.topK === null ? "all" : String(now.topK));
    p.show(now.topP === null ? 99 : Math.round(100 * now.topP) - 1, now.topP === null ? "all" : short(now.topP));
    minP.show(nearest(MIN_PS, now.minP || 0), now.minP ? short(now.minP) : "all");
    penalty.show(nearest(PENALTIES, now.penalty), now.penalty === 1 ? "none" : short(now.penalty));
    if (document.activeElement !== seed) seed.value = String(now.seed);
    count.show(now.count);
  }
  const sliders = div("lmc-decoder", ...[temperature, k, p, minP, penalty].map((each) => each.element));
  const buttons = div("lmc-buttons", go, stop, undo, count.element, h("label", {}, "Seed", seed));
  return { sliders, buttons, go, undo, value, show };
}
