import base64
import json
import math
import zlib

import numpy as np
import pytest
import torch

from lmcourse.data import DataError
from lmcourse.pretrained.gguf import dequantise
from lmcourse.pretrained.model import pretrained_file
from lmcourse.transformer.inside import looks
from lmcourse.widgets import AttentionBrowser, real_model_kernel
from lmcourse.widgets.attention_browser import KINDS, TEXTS, head_shares, kinds_of, levels


@pytest.fixture(scope="module")
def browser(real):
    assert real is not None  # its file is there
    return AttentionBrowser()


def first_block(ids):
    """Attention of the first block from the file's numbers alone, (9, T, T), in NumPy."""
    tensors = pretrained_file().tensors
    w = {name: dequantise(tensors[f"blk.0.{name}.weight"]) for name in ("attn_norm", "attn_q", "attn_k")}
    x = dequantise(tensors["token_embd.weight"])[ids].astype(np.float64)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5) * w["attn_norm"]
    turn = np.exp(1j * np.arange(len(ids))[:, None, None] * 100_000.0 ** (-np.arange(0, 64, 2) / 64))
    q, k = ((x @ w[name].T).reshape(len(ids), -1, 64) for name in ("attn_q", "attn_k"))
    q, k = ((each[..., ::2] + 1j * each[..., 1::2]) * turn for each in (q, k))
    scores = np.einsum("thc,shc->hts", q, np.repeat(k, 3, axis=1).conj()).real / 8
    scores = np.where(np.tri(len(ids), dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


JS = """
import { answered, hardest, inflated, weightsOf } from "./attention_browser.js";
const view = (text) => new DataView(Uint8Array.from("??" + atob(text), (c) => c.charCodeAt(0)).buffer, 2);
export async function run({ packed, lengths, asks, weights }) {
  const each = weightsOf(await inflated(view(packed)), lengths, 30, 9);
  const attention = Float32Array.from({ length: 2 * 2 * 9 }, (_, i) => i);
  const own = answered([{ layers: [4, 7], attention }], 2, 3);
  return {
    asked: asks.map(([text, ...place]) => each[text](...place)),
    own: [own(7, 1, 2), own(4, 0, 0), own(5, 0, 0)],
    hardest: hardest(weights),
  };
}
"""


def test_the_page_reads_the_weights_of_the_model(deno, browser, real):
    """Of every text, as PyTorch has them, and of the first block by another way."""
    ids = [real.vocab.encode(text) for text in TEXTS.values()]
    whole = [looks(real.module, torch.tensor([each]))[:, 0].numpy() for each in ids]
    for each, tokens in zip(whole, ids):
        np.testing.assert_allclose(each[0], first_block(tokens), atol=2e-5)
    places = [(0, 18, 6, 23), (0, 0, 0, 0), (1, 29, 8, 17), (2, 11, 1, 9), (2, 0, 3, 4), (1, 0, 5, 6)]
    weights = [[1], [0.9, 0.1], [0.1, 0.8, 0.1], [0.05, 0.05, 0, 0.9], [0.1, 0.1, 0.8, 0, 0]]
    packed = base64.b64encode(browser.packed).decode()
    found = deno(JS, packed=packed, lengths=list(map(len, ids)), asks=places, weights=weights)
    for (text, block, head, place), row in zip(places, found["asked"]):
        expected = whole[text][block, head, place, : place + 1]
        expected = np.where(expected < 1 / 16, 0, expected)
        np.testing.assert_allclose(row, expected, atol=0.5 / 31 + 1e-6)
    # two blocks of two heads of (3, 3): block 7, head 1 begins at 27, its last line at 33
    assert found["own"] == [[33, 34, 35], [0], None]
    assert found["hardest"] == 4  # 0.8 there and in the third: the last of equals


def test_the_tokens_are_those_of_the_texts(browser):
    assert ["".join(each["tokens"]) for each in browser.texts] == list(TEXTS.values())
    assert browser.shape == [30, 9]


def test_levels_by_hand():
    # 0.06 · 31 = 1.86, but it is under 1/16; 0.94 · 31 = 29.14;
    # 0.07 · 31 = 2.17; 0.23 · 31 = 7.13; 0.7 · 31 = 21.7
    weights = np.array([[[[1, 0.5, 0.5], [0.06, 0.94, 0.5], [0.07, 0.23, 0.7]]]])
    assert list(levels(weights)) == [31, 0, 29, 2, 7, 22]


def test_a_head_is_called_by_where_most_of_its_weight_goes():
    shares = np.array([[[0.51, 0.1, 0.5]], [[0.3, 0.1, 0.4]], [[0, 0.7, 0]], [[0, 0, 0]], [[0, 0, 0]]])
    assert kinds_of(shares).tolist() == [[0, 2, 5]]


def test_heads_do_on_the_texts_what_they_are_called_by(browser, real):
    """The kinds were measured on random tokens; here are words."""
    kinds = np.reshape(browser.kinds, browser.shape)
    ids = real.vocab.encode(TEXTS["A list"])
    weights = looks(real.module, torch.tensor([ids]))[:, 0].numpy()
    t = np.arange(4, len(ids))  # four words, said twice and more
    # the heads of a kind look there more than the others do
    for kind, place in zip(KINDS[:4], (np.zeros_like(t), t - 1, t - 3, t - 4)):
        share = weights[:, :, t, place].mean(axis=-1)
        those = kinds == KINDS.index(kind)
        assert share[those].mean() > 1.5 * share[~those].mean(), kind
    assert KINDS[browser.kinds[9 * browser.block + browser.head]] == "induction"


def test_the_shares_are_the_models(browser, real):
    """Of all heads, by another way than all at once: short lists said twice, weight by weight."""
    vocab, found = real.vocab, []
    for seed in range(2):
        drawn = np.random.default_rng(seed).integers(len(vocab) - len(vocab.merges), len(vocab), 6)
        weights = looks(real.module, torch.tensor([[0, *drawn, *drawn]]))[:, 0].double()
        # first at places 1 to 6, then at 7 to 12: from 7, which repeats 1, to 0, 6, 2, 1, 7
        back = [None, 1, 5, 6, 0]
        at = [[weights[:, :, t, 0 if b is None else t - b] for t in range(7, 13)] for b in back]
        found.append(np.array([sum(each).numpy() / 6 for each in at]))
    np.testing.assert_allclose(head_shares(real, 6, 2), (found[0] + found[1]) / 2, atol=1e-6)
    shares = np.rint(100 * head_shares(real)[:, browser.block, browser.head])
    assert browser.shares[9 * browser.block + browser.head] == shares.tolist()


def test_state_is_json_and_small(browser):
    state = browser.get_state()
    packed = state.pop("packed")
    assert len(packed) < 45_000
    assert len(zlib.decompress(packed)) == 270 * sum(
        math.comb(len(each["tokens"]) + 1, 2) for each in browser.texts
    )
    assert len(json.dumps(state, allow_nan=False)) < 130_000


def test_without_weights_it_says_why(monkeypatch):
    def fails():
        raise DataError("could not download it. Check the network, then run: lmcourse data it")

    monkeypatch.setattr(real_model_kernel, "_load", fails)
    widget = AttentionBrowser()
    assert (widget.texts, widget.kinds, widget.packed) == ([], [], b"")
    assert widget.missing == "could not download it. Check the network, then run: lmcourse data it"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"none": ""}, "the text 'none' has 0 characters; take one of 1 to 500"),
        ({"long": "a" * 501}, "the text 'long' has 501 characters"),
        ({"one": "to be " * 20, "two": "to be " * 20}, r"have \d+ tokens together; a page carries 70"),
    ],
)
@pytest.mark.usefixtures("real")
def test_bad_texts_are_named(texts, said):
    with pytest.raises(ValueError, match=said):
        AttentionBrowser(texts)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text", "a" * 501, "501 characters"),
        ("shown", 4, "at most 3"),
        ("block", 30, "at most 29"),
        ("head", 9, "at most 8"),
        ("head", -1, "head=-1"),
    ],
)
def test_bad_settings_are_named_and_change_nothing(browser, name, value, said):
    before = getattr(browser, name)
    with pytest.raises(ValueError, match=said):
        setattr(browser, name, value)
    assert getattr(browser, name) == before
