"""The n-gram model: all ways of asking give the same answer; files; the mouse world in the limit of data."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lmcourse.ngram.model
from lmcourse.model import LanguageModel
from lmcourse.ngram import CountModel, backoff
from lmcourse.ngram import smoothing as s
from lmcourse.ngram.model import NgramModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement

VOCAB = Vocabulary("abc?", separator="")
METHODS = [
    s.maximum_likelihood,
    partial(s.add_k, k=0.5),
    lambda counts: s.jelinek_mercer(counts, [0.9, 0.6, 0.3, 0.2, 0.7][: counts.order]),
    lambda counts: s.jelinek_mercer(counts, [[0.2, 0.5, 0.9]] * counts.order, edges=[2, 5]),
    s.dirichlet,
    s.witten_bell,
    s.absolute_discounting,
    s.kneser_ney,
    s.modified_kneser_ney,
    backoff.katz,
    backoff.stupid_backoff,
]
methods = st.sampled_from(METHODS)
texts = st.lists(st.text("abc", max_size=30), min_size=1, max_size=3)
starts = st.sampled_from([None, 0, 3])


@pytest.mark.parametrize("method", METHODS)
@given(texts=texts, order=st.integers(1, 5), start=starts, scored=st.text("abc?", max_size=8))
@settings(max_examples=25)
def test_the_fast_ways_say_what_the_definition_says(method, texts, order, start, scored):
    model = NgramModel.fit(VOCAB, order, texts, method, start)
    ids = VOCAB.encode(scored)
    before = [] if start is None else [start]
    contexts = [([*before, *ids[:i]])[max(0, len(before) + i - order + 1) :] for i in range(len(ids) + 1)]
    slow = [[model.probability(w, h) for w in range(len(VOCAB))] for h in contexts]
    rows = model.next_log_probs([ids[:i] for i in range(len(ids) + 1)])
    np.testing.assert_allclose(np.exp(rows), slow, rtol=1e-12)
    np.testing.assert_allclose(
        np.exp(model.token_log_probs(ids)), [row[w] for row, w in zip(slow, ids)], rtol=1e-12
    )


def test_the_definition_by_hand():
    # a b a b a c, add-1 on 4 tokens. After a: b 2, c 1, so (2 + 1)/(3 + 4), and 1/7 for what was not seen;
    # after c nothing was ever seen: 1/4. The empty context: (3 + 1)/(6 + 4) for a.
    model = NgramModel.fit(VOCAB, 2, ["ababac"], s.add_k)
    found = [model.probability(1, [0]), model.probability(0, [0]), model.probability(0, [2])]
    np.testing.assert_allclose([*found, model.probability(0)], [3 / 7, 1 / 7, 1 / 4, 4 / 10])
    # Witten-Bell: alone a 3, b 2, c 1, three kinds: p(?) = 3/(6 + 3) · 1/4 = 1/12, p(a) = (3 + 3/4)/9 = 5/12.
    # After a, two kinds: p(?|a) = 2/(3 + 2) · 1/12 = 1/30, p(b|a) = (2 + 2 · p(b))/5 with p(b) = (2 + 3/4)/9.
    model = NgramModel.fit(VOCAB, 2, ["ababac"], s.witten_bell)
    found = [model.probability(3, [0]), model.probability(1, [0]), model.probability(0, [2])]
    np.testing.assert_allclose(found, [1 / 30, (2 + 2 * 2.75 / 9) / 5, 5 / 12])


def test_the_end_is_kept(tmp_path):
    model = NgramModel.fit(VOCAB, 2, ["ab?", "b?"], start=3, end=3)
    assert model.end == 3
    model.save(tmp_path / "model.npz")
    assert NgramModel.load(tmp_path / "model.npz").end == 3
    assert NgramModel.fit(VOCAB, 2, ["ab"]).end is None
    assert CountModel(VOCAB, 2, "ab?", end=3).shorter(1).end == 3
    with pytest.raises(ValueError, match="token id 9 is not an integer from 0 to 3"):
        NgramModel.fit(VOCAB, 2, ["ab"], end=9)


@given(texts, methods, st.integers(1, 5), starts, st.text("abc?", max_size=12))
def test_scores_and_readers_equal_whole_distributions(texts, method, order, start, scored):
    model = NgramModel.fit(VOCAB, order, texts, method, start)
    ids, reader = VOCAB.encode(scored), model.reader()
    rows = model.next_log_probs([ids[:i] for i in range(len(ids))])  # all at once
    for i, token in enumerate(ids):
        np.testing.assert_array_equal(rows[i], model.next_log_probs([ids[:i]])[0])  # one by one
        np.testing.assert_array_equal(rows[i], reader.log_probs()[0])
        reader.read([token])
    fast = model.token_log_probs(scored)
    np.testing.assert_allclose(fast, rows[np.arange(len(ids)), ids], rtol=1e-12)
    np.testing.assert_allclose(fast, LanguageModel.token_log_probs(model, scored), rtol=1e-12)
    for terms in model.token_log_probs_of([scored, scored]):
        np.testing.assert_allclose(terms, fast, rtol=1e-12)


def test_a_reader_that_keeps_and_forgets_distributions_gives_the_same(monkeypatch):
    monkeypatch.setattr(lmcourse.ngram.model, "MANY", 2)
    monkeypatch.setattr(lmcourse.ngram.model, "KEPT", 3 * len(VOCAB))
    ids = np.random.default_rng(0).integers(len(VOCAB), size=400).tolist()
    model = NgramModel.fit(VOCAB, 3, [VOCAB.decode(ids[:200])])
    rows, reader = model.next_log_probs([ids[:i] for i in range(len(ids))]), model.reader()
    for row, token in zip(rows, ids):
        np.testing.assert_array_equal(row, reader.log_probs()[0])
        reader.read([token])


@given(st.text("abc", max_size=8), st.integers(1, 4))
def test_only_the_last_tokens_of_a_context_count(context, order):
    model = NgramModel.fit(VOCAB, order, ["abcabcaabbcc"])
    seen = context[max(0, len(context) - (order - 1)) :]
    np.testing.assert_array_equal(model.next_probs(context), model.next_probs(seen))


@pytest.mark.parametrize("start", [None, 2])
def test_many_texts_are_scored_as_each_alone(start):
    model = NgramModel.fit(Vocabulary("ab.", separator=""), 3, ["abba.", "b."], start=start)
    texts = ["ab.", "", "bbba.", np.array([1, 2]), "ab." * 9]
    for text, terms in zip(texts, model.token_log_probs_of(texts), strict=True):
        np.testing.assert_allclose(terms, model.token_log_probs(text), rtol=1e-14)
    assert model.token_log_probs_of([]) == []


def test_no_ngram_reaches_from_one_text_into_the_next():
    apart = NgramModel.fit(VOCAB, 2, ["ab", "cc"], s.maximum_likelihood)
    np.testing.assert_allclose(apart.next_probs("b"), [0, 0, 0, 0])  # nothing ever followed b
    together = NgramModel.fit(VOCAB, 2, ["abcc"], s.maximum_likelihood)
    np.testing.assert_allclose(together.next_probs("b"), [0, 0, 1, 0])


def test_arrays_are_taken_as_they_are():
    ids = np.array(VOCAB.encode("abcab"))
    one, other = NgramModel.fit(VOCAB, 3, [ids]), NgramModel.fit(VOCAB, 3, ["abcab"])
    np.testing.assert_array_equal(one.token_log_probs(ids), other.token_log_probs("abcab"))
    with pytest.raises(ValueError, match="token id 7 is not an integer from 0 to 3"):
        one.token_log_probs(np.array([1, 7]))


@given(texts, methods, st.integers(1, 4), starts)
@settings(max_examples=20)
def test_a_saved_model_is_the_same(tmp_path_factory, texts, method, order, start):
    path = tmp_path_factory.mktemp("models") / "model.npz"
    model = NgramModel.fit(VOCAB, order, texts, method, start)
    model.save(path)
    again = NgramModel.load(path)
    assert (again.vocab, again.order, again.start) == (model.vocab, model.order, model.start)
    contexts = [[], [0], [1, 2], [3, 3, 3]]
    np.testing.assert_array_equal(again.next_log_probs(contexts), model.next_log_probs(contexts))
    assert again.count_parameters() == model.count_parameters()


def test_a_saved_model_still_reads_unknown_words(tmp_path):
    vocab = Vocabulary.of_words("the mouse the cat the mouse", least=2, unknown="<unk>")
    model = NgramModel.fit(vocab, 2, ["the mouse the cat the mouse"])
    model.save(tmp_path / "model.npz")
    assert NgramModel.load(tmp_path / "model.npz").log_prob("the dog") == model.log_prob("the <unk>")


def test_a_file_that_is_something_else_is_named(tmp_path):
    path = tmp_path / "model.npz"
    NgramModel.fit(VOCAB, 2, ["abc"]).save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:100], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"model\.npz is no file of NgramModel\.save"):
            NgramModel.load(path)
    np.savez(path, keys0=np.zeros(1))
    with pytest.raises(ValueError, match=r"model\.npz is no file of NgramModel\.save"):
        NgramModel.load(path)


def test_a_string_of_texts_is_refused():
    with pytest.raises(ValueError, match=r"texts is one string; give a list of texts: \[text\]"):
        NgramModel.fit(VOCAB, 2, "abc")


def test_in_the_limit_of_data_it_is_the_world():
    """A model that sees whole sentences, and enough of them, comes close to the truth, method by method."""
    world, rng = agreement(0), np.random.default_rng(0)
    sentences = world.sample(20_000, rng)
    longest = max(map(len, sentences))
    test = world.sample(2_000, rng)
    truth = np.mean([-world.log_prob(sentence) for sentence in test])
    for method in (s.maximum_likelihood, s.kneser_ney, s.modified_kneser_ney, backoff.katz, s.witten_bell):
        model = NgramModel.fit(world.vocab, longest + 1, sentences, method, start=world.end)
        excess = np.mean([-model.log_prob(sentence) for sentence in test]) - truth
        # maximum likelihood pays about (free parameters) / (2 · 20,000) nats; the others a little more
        assert abs(excess) < 0.01, (method, excess)


def test_parameters_and_bytes_are_counted():
    model = NgramModel.fit(VOCAB, 2, ["ababac"])
    assert model.count_parameters() == 6  # a, b, c, ab, ac, ba
    # keys 1 + 3 + 3, p 1 + 3 + 3, γ (1 + 1) + (3 + 1), 8 bytes each
    assert model.nbytes() == 8 * (7 + 7 + 6)
