"""The model that learns while it reads: hand arithmetic, and one prediction by three ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.ngram import AdaptiveModel, CountModel
from lmcourse.vocabulary import Vocabulary

ABC = Vocabulary("abc", separator="")


def test_by_hand():
    model = AdaptiveModel(ABC, 2)
    assert np.exp(model.next_log_probs([[]])[0]) == pytest.approx([1 / 3] * 3)
    # after "aab": a twice, b once, two kinds: p(a) = (2 + 2/3) / 5, p(b) = (1 + 2/3) / 5, p(c) = (2/3) / 5;
    # "b" was never followed by anything, so that is all
    below = [(2 + 2 / 3) / 5, (1 + 2 / 3) / 5, (2 / 3) / 5]
    assert model.next_probs("aab") == pytest.approx(below)
    # after "aba": a twice, b once as before; "a" was followed by b once: p(b) = (1 + 1 p'(b)) / 2
    assert model.next_probs("aba") == pytest.approx([below[0] / 2, (1 + below[1]) / 2, below[2] / 2])


@given(st.text("abc", max_size=30), st.integers(1, 4))
def test_it_sums_to_one_and_scores_as_it_predicts(text, order):
    model = AdaptiveModel(ABC, order)
    ids = ABC.encode(text)
    rows = model.next_log_probs([ids[:i] for i in range(len(ids) + 1)])
    assert np.exp(rows).sum(axis=1) == pytest.approx(1)
    assert model.token_log_probs(text) == pytest.approx(rows[np.arange(len(ids)), ids])


@given(st.text("abc", max_size=30), st.integers(1, 5))
def test_one_reading_says_what_each_shorter_model_says(text, order):
    found = AdaptiveModel(ABC, order).token_log_probs_by_order(text)
    assert found.shape == (order, len(text))
    for n, said in enumerate(found, start=1):
        context = ABC.encode(text)
        own = AdaptiveModel(ABC, n).next_log_probs([context[:i] for i in range(len(context))])
        assert said == pytest.approx([row[token] for row, token in zip(own, context)])


@given(st.text("abc", max_size=30), st.text("abc", max_size=30))
def test_without_context_to_know_a_text_is_to_have_read_it(lesson, text):
    known = AdaptiveModel(ABC, 1, CountModel(ABC, 1, lesson)).token_log_probs(text)
    assert known == pytest.approx(AdaptiveModel(ABC, 1).token_log_probs(lesson + text)[len(lesson) :])


def test_known_by_hand():
    known = CountModel(ABC, 3, "ab")
    model = AdaptiveModel(ABC, 2, known)
    # after the text "a": a twice, b once; "a" was followed by b once, in what is known
    assert model.next_probs("a")[1] == pytest.approx((1 + (1 + 2 / 3) / 5) / 2)
    # after "aba": a three times, b twice; "a" was followed by b twice, once of which in the text
    assert model.next_probs("aba")[1] == pytest.approx((2 + (2 + 2 / 3) / 7) / 3)
    assert known.followers([0]) == {1: 1}  # what is known stays as it was
    assert model.next_probs("a")[1] == pytest.approx(2 / 3)


@given(st.text("abc", max_size=30), st.text("abc", max_size=30), st.integers(1, 4))
def test_with_known_counts_it_still_scores_as_it_predicts(lesson, text, order):
    model = AdaptiveModel(ABC, order, CountModel(ABC, 4, lesson))
    ids = ABC.encode(text)
    rows = model.next_log_probs([ids[:i] for i in range(len(ids) + 1)])
    assert np.exp(rows).sum(axis=1) == pytest.approx(1)
    assert model.token_log_probs(text) == pytest.approx(rows[np.arange(len(ids)), ids])


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="order=0 must be a whole number, 1 or more"):
        AdaptiveModel(ABC, 0)
    with pytest.raises(ValueError, match="known has order=2, too small for order=3"):
        AdaptiveModel(ABC, 3, CountModel(ABC, 2, "abc"))
    with pytest.raises(ValueError, match="give both the same"):
        AdaptiveModel(ABC, 2, CountModel(Vocabulary("ab", separator=""), 2, "ab"))
