"""The kernel's model answers a page as the browser's does, and refuses what that refuses."""

import math

import numpy as np
import torch

from lmcourse.pretrained.model import pretrained_file
from lmcourse.transformer.inside import looks
from lmcourse.widgets.real_model_kernel import KernelWidget, answers, text_of

TEXT = "The cat sat on the mat 今 🐁"


def asked(model, kind, **given):
    """All answers to one job, together."""
    found = list(answers(model, {"kind": kind, "job": "7", **given}))
    assert {each.pop("job") for each in found} == {"7"}
    assert found[-1]["done"]
    assert not any(each.get("done") for each in found[:-1])
    return {name: value for each in found for name, value in each.items()}


def test_hello_is_answered(real):
    assert asked(real, "hello") == {"ready": {"layers": 30}, "done": True}


def test_scores_are_those_of_the_course(real, scorer):
    found = asked(real, "score", prompt={"text": TEXT, "start": True})
    ids = real.ids(TEXT)
    assert found["ids"] == [0, *ids]
    assert found["texts"][:3] == ["<|endoftext|>", "The", " cat"]
    tokens = found["tokens"]
    assert [each["id"] for each in tokens] == ids
    assert [each["text"] for each in tokens] == found["texts"][1:]
    expected = -scorer.token_log_probs(TEXT) / math.log(2)
    np.testing.assert_allclose([each["bits"] for each in tokens], expected, atol=1e-3)
    probs = scorer.next_probs(ids[:5])
    best = np.argsort(-probs)[:10]
    assert [each["id"] for each in tokens[5]["top"]] == best.tolist()
    np.testing.assert_allclose([each["p"] for each in tokens[5]["top"]], probs[best], rtol=1e-3)


def test_a_long_text_is_scored_in_parts(real, scorer):
    """130 tokens are three batches, and what is asked of one must not go to the next."""
    text = "one two three four five six seven eight nine ten " * 13
    tokens = asked(real, "score", prompt={"text": text, "start": True})["tokens"]
    assert len(tokens) > 2 * 64
    expected = -scorer.token_log_probs(text) / math.log(2)
    np.testing.assert_allclose([each["bits"] for each in tokens], expected, atol=1e-3)


def test_attention_is_what_heads_see(real):
    found = asked(real, "attention", prompt={"text": "one two three four"}, layers=[2, 18], places=[1, 3])
    whole = looks(real.module, torch.tensor([real.ids("one two three four")]))[:, 0].numpy()
    np.testing.assert_array_equal(found["attention"], whole[[2, 18]][:, :, [1, 3]])
    assert (found["layers"], found["places"]) == ([2, 18], [1, 3])
    everything = asked(real, "attention", prompt={"text": "one two three four"})
    np.testing.assert_array_equal(everything["attention"], whole)
    assert everything["places"] == [0, 1, 2, 3]


def test_too_much_is_refused(real):
    said = asked(real, "score", prompt={"text": "a " * 3_000, "start": True})["failed"]
    assert said.startswith("a text of ")
    assert said.endswith("tokens is too long: 2048 fit in")
    assert asked(real, "attention", prompt={"text": "a b c " * 100})["failed"].endswith("128 fit in")


def test_weights_travel_as_bytes(real):
    """What the page is sent: little-endian floats beside the message."""
    widget, sent = KernelWidget(), []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    prompt = {"text": "one two three"}
    widget._hear(widget, {"kind": "attention", "job": "7", "prompt": prompt, "layers": [3]}, [])
    content, (data,) = next(each for each in sent if each[1])
    assert "attention" not in content
    weights = np.frombuffer(data, "<f4").reshape(9, 3, 3)
    whole = looks(real.module, torch.tensor([real.ids("one two three")]))[3, 0].numpy()
    np.testing.assert_array_equal(weights, whole)
    assert sent[-1] == ({"job": "7", "done": True}, None)


SHOW = """
import { readFile } from "./real_model_file.js";
import { Tokenizer } from "./real_model_tokenizer.js";
export function run({ path }) {
  const file = Deno.readFileSync(path);
  const tokenizer = new Tokenizer(readFile(file.buffer, file.length).settings);
  return tokenizer.tokens.map((_, id) => tokenizer.show(id));
}
"""


def test_every_token_looks_as_the_worker_shows_it(deno, real):
    shown = deno(SHOW, path=str(pretrained_file().path))
    assert shown == [text_of(real.vocab, i) for i in range(len(real.vocab))]
    assert "⟨E4 BB⟩" in shown
