// What the page's worker does: it reads weights, scores texts, looks into them and continues them, and says so in
// messages. Long work is done in slices, so that a word from the page is heard between them.

import { decodeRow, drawToken, uniform } from "./decode.js";
import { look, network, Reader, surprises } from "./transformer_engine.js";

const SLICE = 30; // milliseconds of work between two messages

// The tokens that continue a text, one after another, with what each would have cost without the decoder.
export function* continuation(net, ids, { count, seed, ...settings }) {
  const random = uniform(seed, 1, count); // stream 0 of seed 0 begins with 0, on which the first token falls
  const said = [...ids];
  const reader = new Reader(net, said);
  for (let i = 0; i < count; i++) {
    const logProbs = reader.logProbs();
    const decoded = decodeRow(logProbs, settings, said);
    const greedy = settings.temperature === 0;
    const id = greedy ? decoded.indexOf(Math.max(...decoded)) : drawToken(decoded, random[i]);
    const wasFull = reader.full;
    said.push(id);
    if (i + 1 < count) reader.read(id);
    yield { id, bits: -logProbs[id] / Math.LN2, full: wasFull && i + 1 < count };
  }
}

let net = null;
let running = 0; // the number of the job that may go on

// Takes from a generator until the job is another's, and sends what was taken after every slice.
async function work(job, generator) {
  for (;;) {
    const begin = performance.now();
    const taken = [];
    let [full, fullTime] = [0, 0];
    let done = false;
    while (!done && performance.now() - begin < SLICE) {
      const before = performance.now();
      const next = generator.next();
      done = next.done;
      if (done) break;
      taken.push(next.value);
      if (next.value.full) {
        full++;
        fullTime += performance.now() - before;
      }
    }
    const time = performance.now() - begin;
    if (job !== running) return;
    postMessage({ job, taken, done, time, full, fullTime });
    if (done) return;
    await new Promise((resolve) => setTimeout(resolve));
    if (job !== running) return;
  }
}

const kinds = {
  load({ bytes, heads, context, start }) {
    net = network(bytes, { heads, context, start });
    postMessage({ loaded: true });
  },
  score({ job, ids, from }) {
    running = job;
    work(job, surprises(net, ids, from)).catch(fail);
  },
  generate({ job, ids, settings }) {
    running = job;
    work(job, continuation(net, ids, settings)).catch(fail);
  },
  stop() {
    running = 0;
  },
  look({ look: number, ids, place }) {
    postMessage({ look: number, ...look(net, ids, place) });
  },
};

function fail(error) {
  postMessage({ failed: String(error?.message || error) });
}

export function listen() {
  self.onmessage = ({ data: { kind, ...given } }) => {
    try {
      kinds[kind](given);
    } catch (error) {
      fail(error);
    }
  };
}

if ("importScripts" in globalThis) listen(); // we are in a worker
