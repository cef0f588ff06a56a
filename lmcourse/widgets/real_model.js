// Real model. Its arithmetic runs in a worker (real_model_worker.js, which tells what may be asked for); here is what
// loads it, asks it and shows what it says.

import { DECODER_TRAITS, decoderSettings } from "./decoder_settings.js";
import { modelLoader } from "./real_model_loader.js";
import { bitsText, candidateTable, shades, strip, unpacked } from "./real_model_tokens.js";
import {
  button,
  div,
  firstTask,
  freshName,
  group,
  grouped,
  h,
  mount,
  note,
  number,
  plural,
  say,
  section,
  setter,
  textArea,
  visible,
} from "./ui.js";

const [MAX_TEXT, TOP] = [4000, 10]; // characters, candidates
const COUNTS = [20, 50, 100, 200, 400];
const KS = [1, 2, 3, 5, 10, 20, 40, 50, 100, 200, 500, 1000, Infinity];
const EXAMPLES = {
  text: [
    ["a fact", "The capital of France is"],
    ["a story", "Once upon a time there was a mouse who"],
    ["a pattern", "Monday, Tuesday, Wednesday,"],
    ["a program", "def fibonacci(n):\n    "],
  ],
  chat: [
    ["a question", "What is gravity?"],
    ["a sum", "What is 17 + 25?"],
    ["a wish", "Write a haiku about a mouse."],
  ],
};

function render({ model, el }) {
  const set = setter(model);
  const loader = modelLoader(model, () => update());

  let writing = null; // { chat, given, begin, first, tokens, said, job }: what is being written
  let trouble = ""; // what went wrong last
  let talk = []; // messages of the chat: {role, content}
  let before = null; // the text before the last continuation
  let rateText = "";

  // --- what is shown
  const name = freshName();
  const radios = ["text", "chat"].map((mode) =>
    h("input", { type: "radio", name, value: mode, onchange: () => set({ mode }) })
  );
  const modeLabels = ["Continue a text", "Chat"].map((label, i) => h("label", {}, radios[i], label));
  const modes = group("lmc-rm-modes", "What it does", ...modeLabels);
  const area = textArea("", { maxlength: MAX_TEXT, oninput: () => set({ [field()]: area.value }) });
  const examples = group("lmc-examples", "Examples");
  const written = strip("What is written", (at) => {
    look(at);
    if (!writing && at === written.dearest()) task.check(alternative(written.tokenAt(at)));
  });
  const begun = model.get("mode") === "text" ? model.get("begun").map(unpacked) : []; // written beforehand
  const task = firstTask("Choose the darkest token that it wrote: what was more probable there?");
  task.element.hidden = loader.hindered && !begun.length;
  const legend = shades();
  const told = h("p", { class: "lmc-told" });
  const candidates = candidateTable(TOP);
  const details = div("lmc-detail lmc-rm-details", told, candidates.element);
  const controls = decoderSettings(model, set, {
    ...{ ks: KS, counts: COUNTS, unit: "tokens" },
    ...{ write: () => generate(), halt: () => halt(), takeBack: () => takeBack() },
  });
  const rate = h("p", { class: "lmc-remark" });
  const spoken = h("p", { class: "lmc-hidden", role: "status" }); // once, when all is written
  const root = section(
    "real_model",
    "Real model",
    "A real model, SmolLM2 with 135 million parameters, in your browser",
    task.element,
    loader.element,
    modes,
    area,
    examples,
    controls.buttons,
    controls.sliders,
    rate,
    spoken,
    div("lmc-rm-box", written.element, legend),
    details,
    note(
      "What it says is often wrong: it is small. A token is shaded by its surprise, minus the binary logarithm of " +
        "the probability that the model itself gave it, before the decoder's settings.",
    ),
  );

  const field = () => model.get("mode") === "chat" ? "message" : "text";

  // --- writing
  function generate() {
    if (loader.state() !== "ready" || writing) return;
    trouble = "";
    const chat = model.get("mode") === "chat";
    const given = area.value;
    if (chat && !given.trim()) return;
    const { count, ...settings } = controls.value();
    writing = { chat, given, begin: performance.now(), first: 0, tokens: [], said: "", job: 0 };
    if (chat) {
      if (!talk.length) written.clear();
      talk.push({ role: "user", content: given });
      written.turn("user");
      written.give(given);
      written.turn("model");
      set({ message: "" });
    } else {
      before = given;
      written.clear();
      written.give(given);
    }
    const prompt = chat ? { messages: talk } : { text: given };
    writing.job = loader.ask("generate", { prompt, settings: { count, ...settings } }, grow);
    update();
  }
  function grow({ read, of, tokens = [], said = writing.said, failed, done }) {
    writing.said = said;
    if (read) say(rate, `Reading: ${read} of ${plural(of, "token")} …`);
    if (tokens.length && !writing.first) writing.first = performance.now();
    for (const token of tokens) {
      written.append(token);
      writing.tokens.push(token);
    }
    if (tokens.length) {
      look(written.count() - 1, false);
      showRate();
    }
    if (done) finish(failed);
  }
  function finish(failed) {
    const { chat, given, tokens, said } = writing;
    writing = null;
    trouble = failed || "";
    say(spoken, failed ? `That did not work: ${failed}.` : `${plural(tokens.length, "token")}: ${said}`);
    root.dataset.ids = tokens.map(({ id }) => id).join(" "); // for the tests, as all of these
    root.dataset.bits = JSON.stringify(tokens.map(({ bits }) => Number(bits.toFixed(5))));
    root.dataset.written = String(Number(root.dataset.written || 0) + 1);
    if (chat) {
      if (failed) talk.pop();
      else talk.push({ role: "assistant", content: said });
      if (failed) set({ message: given });
    } else {
      set({ text: (given + said).slice(0, MAX_TEXT) });
    }
    update();
  }
  function takeBack() {
    written.clear();
    rateText = "";
    if (model.get("mode") === "chat") talk = [];
    else set({ text: before });
    before = null;
    update();
  }
  function halt() {
    if (writing) loader.cancel(writing.job);
  }

  // --- what is drawn
  function look(at, choose = true) {
    const token = written.tokenAt(at);
    if (!token) return;
    if (choose || at === written.count() - 1) written.chosen(at);
    const p = number(2 ** -token.bits);
    told.textContent = `“${visible(token.text)}” cost ${bitsText(token.bits)} (probability ${p}). In its place:`;
    candidates.show(token);
    details.hidden = false;
    root.dataset.looked = String(at);
  }
  function alternative({ text, bits, top: [best] }) {
    const p = number(2 ** -bits);
    return text === best.text
      ? `“${visible(text)}” was the most probable even there, with ${p}.`
      : `“${visible(text)}” was written with probability ${p}, where “${visible(best.text)}” had ${number(best.p)}.`;
  }
  // What was written beforehand, so that there is something to look at before the model is loaded.
  function begin() {
    if (!begun.length) return;
    written.give(model.get("text"));
    begun.forEach(written.append);
    look(0);
    rateText = `Written beforehand: ${plural(begun.length, "token")}, by the settings above.`;
  }
  function showRate() {
    const { begin, first, tokens } = writing;
    const after = ((first - begin) / 1000).toFixed(1);
    const seconds = (performance.now() - first) / 1000;
    const speed = tokens.length > 3 ? `, then ${grouped(Math.round((tokens.length - 1) / seconds))} a second` : "";
    rateText = `${plural(tokens.length, "token")}, the first after ${after} s${speed}.`;
    say(rate, rateText);
    Object.assign(root.dataset, { first: after, speed: ((tokens.length - 1) / seconds).toFixed(1) });
  }
  let shownMode = null;
  function update() {
    const mode = model.get("mode");
    const chat = mode === "chat";
    if (mode !== shownMode) {
      [talk, before] = [[], null];
      if (shownMode !== null) rateText = "";
      if (shownMode !== null) written.clear();
      shownMode = mode;
      examples.replaceChildren(
        "Try",
        ...EXAMPLES[mode].map(([label, text]) => button(label, () => set({ [field()]: text }))),
      );
      area.setAttribute("aria-label", chat ? "Your message" : "Your text");
      controls.go.textContent = chat ? "Send" : "Continue";
      controls.undo.textContent = chat ? "New chat" : "Take it back";
    }
    if (area.value !== model.get(field())) area.value = model.get(field());
    const state = loader.state();
    const onceMore = chat ? talk.length > 0 : before !== null;
    controls.show({ ready: state === "ready", writing: Boolean(writing), written: onceMore });
    radios.forEach((each) => {
      each.checked = each.value === mode;
      each.disabled = Boolean(writing);
    });
    area.readOnly = Boolean(writing);
    [...examples.querySelectorAll("button")].forEach((each) => each.disabled = Boolean(writing));
    if (!writing) say(rate, trouble ? `That did not work: ${trouble}.` : rateText);
    legend.hidden = written.element.hidden = !written.element.childNodes.length;
    details.hidden = !written.count();
    Object.assign(root.dataset, { state, busy: writing ? "yes" : "", tokens: String(written.count()) });
  }

  begin();
  const follows = ["mode", "text", "message", ...DECODER_TRAITS];
  const taken = mount({ model, el }, root, { follows, update, teardown: () => loader.end() });
  loader.watch();
  return taken;
}

export default { render };
