"""What a cancelled job of the real model still says is neither told nor taken for another job's."""

LATE = """
import { newModel } from "./real_model_loader.js";

export async function run() {
  let worker;
  globalThis.Worker = class {
    sent = [];
    constructor() {
      worker = this;
    }
    postMessage(message) {
      this.sent.push(message);
    }
  };
  const model = newModel("file.gguf", 100, "");
  const seen = [];
  model.watchers.add(() => seen.push([model.state, model.loaded]));
  const say = (answer) => worker.onmessage({ data: { job: model.loading, ...answer } });
  model.load();
  say({ progress: 10 });
  model.cancel(model.loading);
  say({ progress: 20 });
  say({ canceled: true, done: true });
  return { seen, sent: worker.sent.map(({ kind, job }) => [kind, job]) };
}
"""


def test_progress_that_comes_after_cancelling_is_not_shown(deno):
    found = deno(LATE)
    assert found["seen"] == [["loading", 0], ["loading", 10], ["waiting", 10]]
    assert found["sent"] == [["load", 1], ["cancel", 1]]


FETCHING = """
import { listen } from "./real_model_worker.js";

const turn = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function run() {
  const [said, reads] = [[], []];
  const read = () => new Promise((resolve) => reads.push(resolve));
  globalThis.postMessage = (message) => said.push(message);
  globalThis.fetch = async () => ({ ok: true, body: { getReader: () => ({ read }) } });
  listen();
  self.onmessage({ data: { kind: "load", job: 1, url: "file.gguf", size: 100 } });
  await turn(50); // longer than the worker is silent between two messages
  reads[0]({ done: false, value: new Uint8Array(10) });
  await turn(50);
  self.onmessage({ data: { kind: "load", job: 2, url: "file.gguf", size: 100 } });
  await turn(50);
  reads[1]({ done: false, value: new Uint8Array(20) }); // of the first job, which is over
  await turn(50);
  reads[2]({ done: false, value: new Uint8Array(5) });
  await turn(50);
  return said;
}
"""


def test_what_a_cancelled_job_fetches_is_not_taken_for_the_next_ones(deno):
    assert deno(FETCHING) == [
        {"job": 1, "progress": 10},
        {"job": 1, "canceled": True, "done": True},
        {"job": 2, "progress": 5},
    ]
