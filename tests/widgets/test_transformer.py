"""Transformer live in Python: the reference of the page, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.decoding import Decoding, generate
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import TransformerLive
from lmcourse.widgets.playground import uniform

VOCAB = Vocabulary.of_characters("\n abc")
FORM = Config(len(VOCAB), 8, 2, 2, 40, bias=False, position="rope")


def model(config: Config = FORM, vocab: Vocabulary = VOCAB) -> TransformerModel:
    return TransformerModel(Transformer(config).draw(np.random.default_rng(0)).eval(), vocab, start=0)


class Numbers:
    """Draws that are the page's."""

    def __init__(self, seed: int, count: int):
        self.random = iter(uniform(seed, 1, count)).__next__


def test_it_goes_on_as_generate_does():
    live = TransformerLive(model(), "a b")
    live.temperature, live.top_k, live.penalty, live.seed = 1.3, 3, 1.2, 5
    settings = Decoding(temperature=1.3, top_k=3, repetition_penalty=1.2)
    said = generate(live.model, "a b", 100, settings, Numbers(5, 100), end=())
    assert live.continuation() == VOCAB.decode(said)
    live.temperature = 0
    greedy = generate(live.model, "a b", 100, replace(settings, temperature=0.0), end=())
    assert live.continuation() == VOCAB.decode(greedy)


def test_the_last_row_of_the_lens_is_the_model_and_weights_sum_to_one():
    live = TransformerLive(model(), "a bca")
    live.place = 3
    attention, lens = live.look()
    assert attention.shape == (2, 2, 5)  # the start and four characters
    np.testing.assert_allclose(attention.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_allclose(lens[-1], live.model.next_log_probs([live.known[:4]])[0], atol=1e-6)
    assert np.abs(lens[0] - lens[-1]).max() > 1e-3


def test_weights_are_seen_through_the_attention_itself():
    """What the first block's attention gives is its weights' mean of values, through the output matrix."""
    live = TransformerLive(model(), "a bca")
    live.place = 4
    (weights, *_), _ = live.look()
    network = live.model.module
    block = network.blocks[0]
    with torch.inference_mode():
        x = block.attention_norm(network.embedding(torch.tensor([[0, *live.known]])))
        values = block.attention.qkv(x)[0, :, 16:].reshape(6, 2, 4).numpy()  # (S, H, K)
        found = torch.from_numpy(np.einsum("hs,shk->hk", weights, values).reshape(8))
        sight = network.sight(torch.arange(6), torch.arange(6), None, x.dtype)
        expected = block.attention(x, sight)[0, -1]
        torch.testing.assert_close(block.attention.output(found), expected, atol=1e-5, rtol=0)


def test_what_the_model_does_not_know_is_left_out():
    live = TransformerLive(model(), "aéb€")
    assert live.known == VOCAB.encode("ab")
    assert len(live.bits()) == 2


def test_state_is_json_but_for_the_weights():
    state = TransformerLive(model(), "ab").get_state()
    weights = state.pop("weights")
    assert len(weights) == state["size"] < 5_000
    assert json.loads(json.dumps(state, allow_nan=False))["shape"] == {
        "heads": 2,
        "context": 40,
        "start": 0,
        "blocks": 2,
    }
    assert "export " not in state["_worker"].split("\n")[0]
    assert not [line for line in state["_worker"].splitlines() if line.startswith(("export", "import"))]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"position": "learned"}, "position='learned', but the page computes 'rope' only"),
        ({"norm": "rms"}, "norm='rms'"),
        ({"norm_place": "post"}, "norm_place='post'"),
        ({"feed_forward": "swiglu"}, "feed_forward='swiglu'"),
        ({"bias": True}, "bias=True"),
        ({"tied": False}, "tied=False"),
        ({"n_kv_heads": 1}, "n_kv_heads=1"),
        ({"d_model": 512}, "a page takes 1,000,000 at most"),
    ],
)
def test_a_model_of_another_form_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        TransformerLive(model(replace(FORM, **change)))


def test_tokens_must_be_characters():
    with pytest.raises(ValueError, match="the token 'the' is no single character"):
        TransformerLive(model(vocab=Vocabulary(["\n", " ", "a", "b", "the"])))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text", "a" * 1_001, "1,001 characters"),
        ("top_k", 0, "k=0"),
        ("top_p", 1.5, "p=1.5"),
        ("min_p", -0.1, "p=-0.1"),
        ("penalty", 0.5, "penalty=0.5"),
        ("count", 77, "count=77 is not offered"),
        ("seed", -1, "seed"),
        ("block", 2, "block=2 must be below 2"),
        ("head", 2, "head=2 must be below 2"),
        ("temperature", -1.0, "temperature=-1"),
    ],
)
def test_bad_settings_are_named_and_change_nothing(name, value, said):
    live = TransformerLive(model(), "ab")
    before = getattr(live, name)
    with pytest.raises(ValueError, match=said):
        setattr(live, name, value)
    assert getattr(live, name) == before
