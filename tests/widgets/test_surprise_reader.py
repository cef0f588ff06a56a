import json
import math

import numpy as np
import pytest

from lmcourse.data import DataError
from lmcourse.widgets import SurpriseReader, real_model_kernel
from lmcourse.widgets.surprise_reader import TEXTS


@pytest.fixture(scope="module")
def reader(real):
    assert real is not None  # its file is there
    return SurpriseReader()


def test_the_prepared_bits_are_the_models(reader, scorer):
    """By the course's own way of scoring a text, in another pass and of another length."""
    assert [each["text"] for each in reader.texts] == list(TEXTS.values())
    for each in reader.texts:
        expected = -scorer.token_log_probs(each["text"]) / np.log(2)
        np.testing.assert_allclose([bits for _, bits, _ in each["tokens"]], expected, atol=2e-3)
        said = "".join(text for text, _, _ in each["tokens"])
        assert said == each["text"] or "⟨" in said  # where a token is part of a character


def test_what_was_expected_is_what_the_model_expects(reader, scorer):
    """Asked anew after the tokens before."""
    for each, place in ((reader.texts[0], 20), (reader.texts[0], 0), (reader.texts[-1], 30)):
        ids = scorer.ids(each["text"])
        probs = scorer.next_probs(ids[:place])
        best = np.argsort(-probs)[:5]
        said, bits, top = each["tokens"][place]
        np.testing.assert_allclose([p for _, p in top], probs[best], rtol=2e-3)
        assert [text for text, _ in top] == [real_model_kernel.text_of(scorer.vocab, i) for i in best]
        assert said == real_model_kernel.text_of(scorer.vocab, ids[place])
        assert bits == pytest.approx(-math.log2(probs[ids[place]]), abs=2e-3)


def test_what_the_texts_are_chosen_for(reader):
    """A false word is the dearest, a name costs less the second time, verse is cheaper than a garden path."""
    texts = {each["name"]: each["tokens"] for each in reader.texts}
    false = texts["A false word"]
    assert max(false, key=lambda token: token[1])[0] == " cheese"
    assert false[20][2][0][0] == " Rome"
    name = texts["A name twice"]
    at = [i for i, token in enumerate(name) if token[0] == " Qu"]
    once, again = (sum(token[1] for token in name[i : i + 4]) for i in at)
    assert again < once / 5
    means = {name: np.mean([bits for _, bits, _ in tokens]) for name, tokens in texts.items()}
    assert means["By heart"] < means["Garden paths"] / 1.5


def test_state_is_json_and_small(reader):
    state = reader.get_state()
    assert len(json.dumps(state["texts"], allow_nan=False)) < 40_000
    assert len(json.dumps(state, allow_nan=False)) < 150_000
    assert state["missing"] == ""


def test_without_weights_it_says_why(monkeypatch):
    def fails():
        raise DataError("could not download it. Check the network, then run: lmcourse data it")

    monkeypatch.setattr(real_model_kernel, "_load", fails)
    widget = SurpriseReader()
    assert widget.texts == []
    assert widget.missing == "could not download it. Check the network, then run: lmcourse data it"
    told = []
    widget.send = lambda *answer: told.append(answer)
    widget._hear(widget, {"kind": "hello", "job": "1"}, [])
    assert told == []


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"none": ""}, "the text 'none' has 0 characters; take one of 1 to 4,000"),
        ({"long": "a" * 4_001}, "the text 'long' has 4,001 characters"),
        ({"one": "to be " * 201, "two": "to be " * 201}, r"have \d+ tokens together; a page carries 600"),
    ],
)
@pytest.mark.usefixtures("real")
def test_bad_texts_are_named(texts, said):
    with pytest.raises(ValueError, match=said):
        SurpriseReader(texts)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("text", "a" * 4_001, "4,001 characters"), ("shown", 8, "at most 7"), ("shown", -1, "shown=-1")],
)
def test_bad_settings_are_named_and_change_nothing(reader, name, value, said):
    before = getattr(reader, name)
    with pytest.raises(ValueError, match=said):
        setattr(reader, name, value)
    assert getattr(reader, name) == before


JS = """
import { chance, costs } from "./surprise_reader.js";
import { dearest, unpacked } from "./real_model_tokens.js";
export function run({ tokens, text, bits }) {
  const each = tokens.map(unpacked);
  const [found, none] = [costs(each, text), costs([], "")];
  return { costs: found, none, dearest: dearest(each), chances: bits.map(chance), each };
}
"""


def test_the_page_adds_up(deno):
    tokens = [["é", 2.5, [["a", 0.5], ["é", 0.25]]], ["b", 4.5, [["a", 1]]], ["c", 4.5, []]]
    found = deno(JS, tokens=tokens, text="ébc", bits=[0, 1, 22.87])
    # 2.5 + 4.5 + 4.5 = 11.5 bits; é has two bytes, so four in all: 11.5 / 4 = 2.875, 11.5 / 3 = 3.8333…
    expected = {"tokens": 3, "bytes": 4, "bits": 11.5, "perToken": pytest.approx(11.5 / 3), "perByte": 2.875}
    assert found["costs"] == expected
    assert found["none"] == {"tokens": 0, "bytes": 0, "bits": 0, "perToken": 0, "perByte": 0}
    assert found["dearest"] == 1
    # 2^22.87 = 2^23 · 2^-0.13 = 8,388,608 · 0.9138 = 7,665,600
    assert found["chances"] == ["1.000", "0.500", "one in 7,700,000"]
    assert found["each"][0] == {
        "text": "é",
        "bits": 2.5,
        "top": [{"text": "a", "p": 0.5}, {"text": "é", "p": 0.25}],
    }
