// The real model in a worker. What a page may ask for, each with a number `job` of its own that all answers carry:
//
//   {kind: "load", url, size}
//       fetches the GGUF file, of `size` bytes: {progress} in bytes, again and again, then
//       {ready: {vocabulary, layers, heads, context, vectors}}. `vectors: false` computes without them.
//   {kind: "tokenize", prompt}
//       {ids, texts} of the prompt's tokens.
//   {kind: "generate", prompt, settings}
//       {ids, texts} of the prompt; {read, of} while it is read; then {tokens, said}, some at a time, with the text so
//       far. The settings are count, seed, and those of decode.js: temperature, topK, topP, minP, penalty.
//   {kind: "score", prompt}
//       {ids, texts}; then {tokens}, from the second of the prompt's on.
//   {kind: "attention", prompt, layers, places}
//       {ids, texts}; {read, of}; then {attention, layers, places}: 32-bit floats, (layers, heads, places, tokens). All
//       layers or places, if they are not given.
//   {kind: "cancel"}
//       ends that job, if it is going on: {canceled: true}.
//
// A prompt is one of {ids}; {text, start}, with `start: true` after the token that stood between texts in training,
// which an empty text needs; {messages: [{role, content}]}, a chat whose next answer is wanted.
//
// A token is {id, text, bits, top}: what it costs in bits by the model itself, and the ten most probable tokens in its
// place, [{id, text, p}]. The text of one that is part of a character is its bytes in hexadecimal digits: ⟨E4 BB⟩.
//
// The last answer to a job has {done: true}, with the milliseconds of work in `time`. What goes wrong is
// {failed: what, done: true}. Only one job runs at a time: a new one ends the one before.

import { continuation, looks, memoryFor, RealModel, surprises } from "./real_model_engine.js";
import { chatIds } from "./real_model_tokenizer.js";

const SLICE = 30; // milliseconds of work after which the page is heard

let model = null;
let running = null; // {job, abort}: what is going on

// Lets messages in. (A timer would wait four milliseconds each time.)
const channel = new MessageChannel();
const pause = () =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });

// The file, written to the beginning of the memory as it comes in.
async function fetchInto(memory, url, size, signal, progress) {
  const response = await fetch(url, { signal }).catch((error) => {
    throw signal.aborted ? error : new Error("the file could not be fetched");
  });
  if (!response.ok) throw new Error(`the file is not there (${response.status})`);
  let at = 0;
  for (const reader = response.body.getReader();;) {
    const { done, value } = await reader.read();
    signal.throwIfAborted(); // it may have come in before
    if (done) break;
    if (at + value.length > size) throw new Error(`the file has more than ${size} bytes`);
    memory.bytes.set(value, at);
    at += value.length;
    progress(at);
  }
  if (at < size) throw new Error(`the file ended after ${at} bytes of ${size}`);
}

function open(size, vectors) {
  try {
    return memoryFor(size, vectors);
  } catch {
    throw new Error("there is not enough memory: it takes 200 MB");
  }
}

async function* load({ url, size, vectors = true }, { job, signal }) {
  model = null;
  const memory = open(size, vectors);
  let told = 0;
  let loaded = 0;
  await fetchInto(memory, url, size, signal, (bytes) => {
    loaded = bytes;
    if (performance.now() - told < SLICE) return;
    told = performance.now();
    postMessage({ job, progress: loaded });
  });
  model = new RealModel(memory, size);
  const { V, N, H, T } = model;
  yield { ready: { vocabulary: V, layers: N, heads: H, context: T, vectors: memory.vectors } };
}

// ---------- prompts and tokens ----------

function idsOf({ ids = null, text = "", start = false, messages = null }) {
  const { tokenizer } = model;
  const begin = start || text === "" ? [tokenizer.start] : [];
  const found = ids || (messages ? chatIds(tokenizer, messages) : [...begin, ...tokenizer.encode(text)]);
  if (found.length > model.T) throw new Error(`a text of ${found.length} tokens is too long: ${model.T} fit in`);
  return found;
}

const textOf = (id) => model.tokenizer.show(id);
const named = ({ id = 0, bits = 0, top = [] }) => ({
  id,
  text: textOf(id),
  bits,
  top: top.map((each) => ({ ...each, text: textOf(each.id) })),
});

function* tokenize({ prompt }) {
  const ids = idsOf(prompt);
  yield { ids, texts: ids.map(textOf) };
  return ids;
}

function* generate({ prompt, settings }) {
  const ids = yield* tokenize({ prompt });
  const written = [];
  for (const step of continuation(model, ids, settings, model.tokenizer.ends)) {
    if (step.read) yield step;
    else {
      if (!model.tokenizer.special.has(step.id)) written.push(step.id);
      yield { token: named(step), said: model.tokenizer.decode(written) };
    }
  }
}

function* score({ prompt }) {
  const ids = yield* tokenize({ prompt });
  for (const step of surprises(model, ids)) yield { token: named(step) };
}

function* attention({ prompt, layers, places }) {
  const ids = yield* tokenize({ prompt });
  yield* looks(model, ids, { layers, places });
}

// ---------- work ----------

const jobs = { load, tokenize, generate, score, attention };

// Takes from a generator as long as its job is the one that runs, and tells the page what it took after every slice.
async function work(job, generator) {
  for (let time = 0;;) {
    const begin = performance.now();
    let answer = {};
    const tokens = [];
    let done = false;
    while (!done && performance.now() - begin < SLICE) {
      const next = await generator.next();
      done = next.done;
      const { token, ...rest } = next.value || {};
      if (token) tokens.push(token);
      answer = { ...answer, ...rest };
    }
    time += performance.now() - begin;
    if (job !== running?.job) return;
    if (tokens.length) answer.tokens = tokens;
    postMessage({ job, ...answer, done, time }, {
      transfer: answer.attention ? [answer.attention.buffer] : [],
    });
    if (done) return;
    await pause();
    if (job !== running?.job) return;
  }
}

function cancel() {
  if (!running) return;
  const { job, abort } = running;
  running = null;
  abort.abort();
  postMessage({ job, canceled: true, done: true });
}

async function start({ kind, job, ...given }) {
  cancel();
  const abort = new AbortController();
  running = { job, abort };
  try {
    if (kind !== "load" && !model) throw new Error("no model is loaded");
    await work(job, jobs[kind](given, { job, signal: abort.signal }));
  } catch (error) {
    if (job === running?.job) postMessage({ job, failed: error.message, done: true });
  }
  if (job === running?.job) running = null;
}

export function listen() {
  self.onmessage = ({ data }) => {
    if (data.kind !== "cancel") start(data);
    else if (data.job === running?.job) cancel();
  };
}

if ("importScripts" in globalThis) listen(); // we are in a worker
