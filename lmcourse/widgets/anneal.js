// The slider of a temperature; decode.js has what it does.

import { nearest, short, slider } from "./ui.js";

// Where the slider stops: 0 and infinity exactly, with 0.5, 1 and 2 at its quarters.
const STOPS = [
  ...Array.from({ length: 20 }, (_, i) => i / 20),
  ...Array.from({ length: 10 }, (_, i) => (10 + i) / 10),
  ...[2, 2.5, 3, 4, 5, 7, 10, 20, 50, 100, Infinity],
];
const QUARTERS = ["0", "0.5", "1", "2", "∞"].map((text, i) => [10 * i, text]);

export const temperatureText = (t) => (t === Infinity ? "∞" : short(t));

// Infinity travels as the string "inf".
export const temperatureOf = (model) => Number(String(model.get("temperature")).replace("inf", "Infinity"));

export function temperatureSlider(set) {
  const max = STOPS.length - 1;
  const onMove = (stop) => set({ temperature: stop === max ? "inf" : STOPS[stop] });
  const { element, show } = slider("Temperature T", "temperature", { max, ticks: QUARTERS, onMove });
  return { element, show: (t) => show(nearest(STOPS, t), temperatureText(t)) };
}
