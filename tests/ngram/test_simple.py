"""The counting model against hand arithmetic and against nltk.lm, where the definitions agree."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.lm import MLE, Lidstone
from nltk.lm import Vocabulary as NltkVocabulary
from nltk.lm.api import Smoothing
from nltk.lm.models import InterpolatedLanguageModel
from nltk.util import everygrams

from lmcourse.ngram import CountModel
from lmcourse.vocabulary import Vocabulary

UNK = "?"  # nltk counts its unknown label among the words, so that ours must be a token too
LETTERS = Vocabulary(["a", "b", "c", UNK], separator="")
texts = st.text("abc", min_size=1, max_size=40)
TEXT = "".join(random.Random(0).choices("abc", [5, 3, 1], k=300))


class OneAlpha(Smoothing):
    """The formula of the docstring in nltk's terms: seen share, and what is left for the shorter context."""

    def __init__(self, vocabulary, counter, alpha):
        super().__init__(vocabulary, counter)
        self.alpha = alpha

    def unigram_score(self, word):
        """Counts and alpha even shares of the vocabulary."""
        unigrams = self.counts.unigrams
        return (unigrams[word] + self.alpha / len(self.vocab)) / (unigrams.N() + self.alpha)

    def alpha_gamma(self, word, context):
        """nltk's alpha is the seen share, its gamma the weight of the shorter context."""
        seen = self.counts[context]
        return seen[word] / (seen.N() + self.alpha), self.alpha / (seen.N() + self.alpha)


def fitted(model, text):
    """An nltk model that has read the text as one sentence without padding."""
    model.fit([list(everygrams(text, max_len=model.order))])
    return model


def nltk_vocabulary():
    return NltkVocabulary(list("abc"), unk_label=UNK)


@given(texts, st.lists(st.sampled_from("abc"), max_size=4), st.integers(1, 4), st.floats(0.01, 10))
def test_equals_nltk_interpolation_with_the_same_weights(text, context, order, alpha):
    ours = CountModel(LETTERS, order, text, alpha=alpha)
    theirs = fitted(
        InterpolatedLanguageModel(OneAlpha, order, vocabulary=nltk_vocabulary(), params={"alpha": alpha}),
        text,
    )
    oracle = [theirs.score(token, context) for token in LETTERS.tokens]
    np.testing.assert_allclose(ours.next_probs("".join(context)), oracle, rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.05, 1.0])
def test_unigrams_are_lidstone_with_alpha_shared_by_the_vocabulary(gamma):
    theirs = fitted(Lidstone(gamma, 1, vocabulary=nltk_vocabulary()), TEXT)
    ours = CountModel(LETTERS, 1, TEXT, alpha=gamma * len(LETTERS))
    np.testing.assert_allclose(ours.next_probs(""), [theirs.score(t) for t in LETTERS.tokens], rtol=1e-12)


def test_with_hardly_any_smoothing_it_is_maximum_likelihood():
    theirs = fitted(MLE(3, vocabulary=nltk_vocabulary()), TEXT)
    ours = CountModel(LETTERS, 3, TEXT, alpha=1e-9)
    for context in ("", "a", "ab", "ca", "bb"):
        oracle = [theirs.score(token, list(context)) for token in LETTERS.tokens]
        np.testing.assert_allclose(ours.next_probs(context), oracle, atol=1e-9)


def test_by_hand():
    # a b a b a c: a three times, b twice, c once; after a: b twice, c once
    vocab = Vocabulary("abc", separator="")
    model = CountModel(vocab, 2, "ababac", alpha=1.0)
    p_a, p_b = (3 + 1 / 3) / (6 + 1), (2 + 1 / 3) / (6 + 1)
    np.testing.assert_allclose(model.next_probs(""), [p_a, p_b, 1 - p_a - p_b])
    assert model.next_probs("a")[1] == pytest.approx((2 + p_b) / (3 + 1))
    assert model.next_probs("ca")[1] == pytest.approx((2 + p_b) / (3 + 1))  # only the last token counts
    np.testing.assert_allclose(model.next_probs("c"), model.next_probs(""))  # nothing ever followed c
    assert model.log_prob("ab") == pytest.approx(math.log(p_a) + math.log((2 + p_b) / 4))
    assert model.count_parameters() == 3 + 3  # a b c, ab ac ba


def test_a_start_token_is_a_context_but_was_not_said():
    # [.] a b . a .   said: a twice, b once, . twice; after . comes a, twice
    vocab = Vocabulary(["a", "b", "."])
    model = CountModel(vocab, 2, "a b . a .", alpha=1.0, start=2)
    p_a = (2 + 1 / 3) / (5 + 1)
    after_end = (2 + p_a) / (2 + 1)
    assert model.next_probs("")[0] == pytest.approx(after_end)
    assert model.next_probs("a .")[0] == pytest.approx(after_end)
    assert model.log_prob("a") == pytest.approx(math.log(after_end))
    assert model.log_prob("a .") == pytest.approx(math.log(after_end) + math.log(model.next_probs("a")[2]))
    unigrams = CountModel(vocab, 1, "a b . a .", alpha=1.0, start=2)
    np.testing.assert_allclose(unigrams.next_probs(""), [p_a, (1 + 1 / 3) / 6, (2 + 1 / 3) / 6])


@given(texts, st.text("abc", max_size=12), st.integers(1, 5), st.sampled_from([None, 0, 3]))
def test_the_fast_score_equals_whole_distributions(text, scored, order, start):
    model = CountModel(LETTERS, order, text, alpha=0.7, start=start)
    slow = [math.log(model.next_probs(scored[:i])[LETTERS.id(token)]) for i, token in enumerate(scored)]
    np.testing.assert_allclose(model.token_log_probs(scored), slow, rtol=1e-12, atol=1e-12)


@given(texts, st.text("abc?", max_size=6), st.integers(1, 5), st.floats(1e-3, 100))
def test_every_distribution_sums_to_one_and_nothing_is_impossible(text, context, order, alpha):
    probs = CountModel(LETTERS, order, text, alpha=alpha).next_probs(context)
    assert probs.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(probs > 0)


@given(st.text("abc", max_size=8), st.integers(1, 4))
def test_only_the_last_tokens_of_a_context_count(context, order):
    model = CountModel(LETTERS, order, TEXT)
    seen = context[max(0, len(context) - (order - 1)) :]
    np.testing.assert_array_equal(model.next_probs(context), model.next_probs(seen))


@given(texts, st.text("abc", max_size=12), st.integers(1, 5), st.sampled_from([None, 0]))
def test_a_shorter_model_is_the_one_counted_with_that_order(text, scored, order, start):
    short = CountModel(LETTERS, 5, text, start=start).shorter(order)
    counted = CountModel(LETTERS, order, text, start=start)
    np.testing.assert_array_equal(short.token_log_probs(scored), counted.token_log_probs(scored))
    np.testing.assert_array_equal(short.next_probs(scored), counted.next_probs(scored))
    assert short.count_parameters() == counted.count_parameters()


def test_no_model_is_longer_than_its_counts():
    with pytest.raises(ValueError, match="order=4 is above this model's 3"):
        CountModel(LETTERS, 3, TEXT).shorter(4)


def test_an_empty_text_teaches_nothing():
    for start in (None, 0):
        model = CountModel(LETTERS, 3, "", start=start)
        np.testing.assert_allclose(model.next_probs("ab"), [0.25] * 4)
        assert model.count_parameters() == 0


def test_more_context_fits_the_training_text_better():
    nats = [-CountModel(LETTERS, order, TEXT, alpha=0.1).log_prob(TEXT) for order in (1, 2, 3, 5, 8)]
    assert nats == sorted(nats, reverse=True)


def test_the_progress_bar_changes_nothing(capfd):
    shown = CountModel(LETTERS, 3, TEXT, progress=True)
    assert "counting up to 3-grams" in capfd.readouterr().err
    hidden = CountModel(LETTERS, 3, TEXT)
    assert capfd.readouterr().err == ""
    np.testing.assert_array_equal(shown.token_log_probs(TEXT), hidden.token_log_probs(TEXT))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": 0}, "order=0 must be a whole number, 1 or more"),
        ({"order": 2.5}, "order=2.5 must be a whole number, 1 or more"),
        ({"alpha": 0}, "alpha=0 must be above 0 and finite"),
        ({"alpha": math.inf}, "alpha=inf must be above 0 and finite"),
        ({"alpha": math.nan}, "alpha=nan must be above 0 and finite"),
        ({"text": "abd"}, "unknown token 'd'"),
        ({"start": 4}, "token id 4 is not an integer from 0 to 3"),
        ({"start": "a"}, "expected token ids, got the token 'a'; encode text first"),
    ],
)
def test_bad_input_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        CountModel(**{"vocab": LETTERS, "order": 2, "text": "abc", **settings})
