import json

import numpy as np
import pytest

from lmcourse.ngram import NgramModel, count_ngrams, smoothing
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import NgramExplorer
from lmcourse.widgets.ngrams import METHODS, layers, pack

TEXT = "the mouse ate the cheese, and the cat ate the mouse that ate the cheese. "


def test_packed_counts_by_hand():
    # "aab", order 2: length 3, the first two tokens a a.
    # After nothing, seen 3 times: 2 tokens, a (distance 0, more than once: 1, then its count 2), b (once: 0).
    # After a, seen twice: 2 tokens, a (0), b (0). After b, seen once: nothing, for which V = 2 stands.
    ids = [0, 0, 1]
    assert list(pack(count_ngrams([ids], 2, 2), ids[:2])) == [3, 0, 0, 2, 1, 2, 0, 2, 0, 0, 2]


def test_large_numbers_take_more_bytes():
    # 300 = 2 · 128 + 44: 44 with the eighth bit, then 2. One token, 300 times: 1 follower, 2 · 0 + 1, 300
    ids = [0] * 300
    assert list(pack(count_ngrams([ids], 1, 1), ids[:1])) == [44 + 128, 2, 0, 1, 1, 44 + 128, 2]


def test_layers_of_interpolation_by_hand():
    # abracadabra after "a", which was seen 4 times before 3 different tokens: γ = 3/7, α(b) = 2/7.
    # With no context: 11 tokens of 5 kinds: γ = 5/16, α(b) = 2/16, α(a) = 5/16; below it 1/5.
    explorer = NgramExplorer("abracadabra", order=2, context="a", method="witten_bell")
    found = dict(zip("abcdr", explorer.layers.T.tolist()))
    np.testing.assert_allclose(found["b"], [3 / 7 * 5 / 16 / 5, 3 / 7 * 2 / 16, 2 / 7])
    np.testing.assert_allclose(found["a"], [3 / 7 * 5 / 16 / 5, 3 / 7 * 5 / 16, 0], atol=1e-15)


def test_layers_of_backing_off_by_hand():
    # Stupid backoff after "a": seen b 2/4, c 1/4, d 1/4; else 0.4 times a 5/11, r 2/11; sum 1 + 2.8/11
    explorer = NgramExplorer("abracadabra", order=2, context="a", method="stupid_backoff")
    z = 1 + 0.4 * 7 / 11
    expected = [[0, 0.4 * 5 / 11 / z, 0], [0, 0, 0.5 / z], [0, 0, 0.25 / z], [0, 0, 0.25 / z]]
    np.testing.assert_allclose(explorer.layers.T, [*expected, [0, 0.4 * 2 / 11 / z, 0]], atol=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_layers_sum_to_the_model(method):
    explorer = NgramExplorer(TEXT, order=4, method=method)
    rng = np.random.default_rng(1)
    for n in range(1, 5):
        explorer.n, explorer.discount, explorer.k, explorer.weight = n, [None, 0.7][n % 2], 0.3, 0.6
        counts = explorer.counts.up_to(n)
        tables = explorer.smoothing(counts)
        model = NgramModel(explorer.vocab, counts, explorer.smoothing)
        for _ in range(20):
            context = rng.integers(0, len(explorer.vocab), rng.integers(0, 6)).tolist()
            found = layers(counts, tables, context, method in ("katz", "stupid_backoff"))
            assert len(found) == 1 + min(n, len(context) + 1)
            assert found.min() >= 0
            np.testing.assert_allclose(found.sum(axis=0), model.next_probs(context), atol=1e-14)


def test_settings_reach_the_method():
    explorer = NgramExplorer(TEXT, order=3, context="the ")
    probs = {}
    for method in METHODS:
        explorer.method = method
        probs[method] = explorer.probs
        assert explorer.probs.sum() == pytest.approx(1)
    assert len({tuple(p.round(9)) for p in probs.values()}) == len(METHODS)
    for method, name, value in [("add_k", "k", 0.1), ("jelinek_mercer", "weight", 0.9)]:
        explorer.method = method
        setattr(explorer, name, value)
        assert np.abs(explorer.probs - probs[method]).max() > 1e-3
    for method in ("absolute_discounting", "kneser_ney"):
        explorer.method, explorer.discount = method, 0.9
        expected = NgramModel.fit(
            explorer.vocab,
            3,
            [TEXT],
            lambda counts, method=method: getattr(smoothing, method)(counts, discount=0.9),
        )
        np.testing.assert_array_equal(explorer.probs, expected.next_probs("the "))


def test_what_has_no_id_ends_the_context():
    explorer = NgramExplorer("abcabc", order=3, context="ab?c")
    assert explorer.context_ids == [2]
    explorer.context = "abc?"
    assert explorer.context_ids == []
    explorer.context = "abc"
    assert explorer.context_ids == [0, 1, 2]


def test_words_and_a_token_for_the_unknown():
    vocab = Vocabulary(["<unk>", "the", "mouse"], unknown="<unk>")
    explorer = NgramExplorer("the mouse ate the cheese", 2, vocab, context="the  moose")
    assert explorer.context_ids == [1, 0]
    assert explorer.unknown == "<unk>"
    explorer = NgramExplorer(
        "the mouse the mouse", 2, context="moose the", vocab=Vocabulary(["the", "mouse"])
    )
    assert explorer.context_ids == [0]


def test_maximum_likelihood_after_the_unseen():
    explorer = NgramExplorer(TEXT, 3, context="zz", method="maximum_likelihood", vocab=None)
    assert explorer.context_ids == []  # there is no z in the text
    explorer.context = "cc"
    assert explorer.probs.sum() == 0


def test_state_is_small_and_complete():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("etaoinshrdlu"), rng.integers(1, 8))) for _ in range(3000)]
    text = " ".join(words[i] for i in np.minimum(rng.zipf(1.3, 32_000) - 1, 2999))
    explorer = NgramExplorer(text, order=5)
    state = explorer.get_state()
    trie = state.pop("trie")
    assert len(json.dumps(state, allow_nan=False)) + len(trie) * 4 / 3 < 300_000
    kinds = sum(len(level) for level in explorer.counts.levels)
    assert len(trie) < 2 * kinds
    assert "render" in state["_esm"]


def test_the_page_can_set_everything():
    explorer = NgramExplorer(TEXT, order=3)
    explorer.set_state(
        {"context": "the c", "n": 2, "method": "add_k", "k": 0.5, "weight": 0.2, "discount": 0.4}
    )
    # after c: h 2, a 1 of the 4... c occurs 3 times; V different characters
    size = len(explorer.vocab)
    assert explorer.probs[explorer.vocab.id("h")] == pytest.approx(2.5 / (3 + 0.5 * size))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "abc", "order": 4}, "a text of 3 tokens has no n-grams of order=4"),
        ({"text": ""}, "a text of 0 tokens"),
        ({"order": 0}, "order=0"),
        ({"context": "x" * 1001}, "1,001 characters is too long; show 1,000"),
        ({"method": "laplace"}, "method='laplace' must be one of maximum_likelihood, add_k"),
        ({"text": "abc", "order": 2, "vocab": Vocabulary("ab", separator="")}, "unknown token 'c'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        NgramExplorer(**{"text": TEXT, **arguments})


def test_counts_that_are_too_large():
    text = "".join(map(chr, np.random.default_rng(0).integers(97, 123, 100_000)))
    with pytest.raises(
        ValueError, match=r"to order=5 take \d+,\d+ bytes .* over 220,000; give a shorter text or"
    ):
        NgramExplorer(text)


def test_bad_values_later_leave_the_widget_as_it_was():
    explorer = NgramExplorer(TEXT, order=3)
    bad = {"n": 4, "method": "none", "k": -1, "weight": 1.1, "discount": 1.0, "context": "x" * 1001}
    for name, value in bad.items():
        before = getattr(explorer, name)
        with pytest.raises(ValueError, match=r"must be|must lie|too long"):
            setattr(explorer, name, value)
        assert getattr(explorer, name) == before
    with pytest.raises(ValueError, match=r"n=0 must be from 1 to order=3"):
        explorer.n = 0
