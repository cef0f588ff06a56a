"""Distances between models: by hand, and against the formula on every context of a text."""

import math

import numpy as np
import pytest

from lmcourse.inference import distance as module
from lmcourse.inference.distance import distance, distance_of
from lmcourse.model import TableModel, UniformModel
from lmcourse.ngram import CountModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import five_words

FIVE = five_words()
VOCAB = FIVE.vocab
TEXT = "the mouse ate the cheese . the ball ate . the mouse ate ."


def test_by_hand():
    p, q = [[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]], [[0.25, 0.5, 0.25], [0.3, 0.2, 0.5]]
    with np.errstate(divide="ignore"):
        kl, agrees = distance_of(np.log(p), np.log(q))
    # ½ ln (½ / ¼) + ½ ln 1; .2 ln (2 / 3) + .3 ln (3 / 2)
    np.testing.assert_allclose(kl, [math.log(2) / 2, 0.1 * math.log(1.5)])
    assert agrees.tolist() == [False, True]  # the smaller id among equals, 0, against 1


def test_what_the_other_excludes_is_infinitely_far_and_not_the_other_way_round():
    with np.errstate(divide="ignore"):
        p, q = np.log([[0.5, 0.5]]), np.log([[1.0, 0.0]])
    assert distance_of(p, q).kl == math.inf
    assert distance_of(q, p).kl == math.log(2)


@pytest.mark.parametrize("given", [0, 3])
def test_each_token_of_a_text_is_judged_after_those_before_it(given, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 4)  # 14 tokens in several pieces
    other = CountModel(VOCAB, 3, TEXT, alpha=0.3)
    ids = VOCAB.encode(TEXT)
    found = distance(FIVE, other, TEXT, given)
    for i, (kl, agrees) in enumerate(zip(*found), given):
        p, q = FIVE.next_probs(ids[:i]), other.next_probs(ids[:i])
        assert kl == pytest.approx(sum(a * math.log(a / b) for a, b in zip(p, q) if a > 0))
        assert agrees == (p.argmax() == q.argmax())
    assert len(found.kl) == len(ids) - given
    assert found.mean_kl == pytest.approx(np.mean(found.kl))
    assert 0 < found.agreement == np.mean(found.agrees) <= 1


def test_of_a_model_from_itself():
    found = distance(FIVE, FIVE, TEXT)
    assert found.mean_kl == 0
    assert found.agreement == 1


def test_bad_input_is_named():
    other = UniformModel(Vocabulary("ab", separator=""))
    with pytest.raises(ValueError, match="the models have different vocabularies"):
        distance(FIVE, other, TEXT)
    with pytest.raises(ValueError, match="given=-1 of a text of 2 tokens leaves nothing to foretell"):
        distance(FIVE, TableModel(VOCAB, FIVE.sentences()), "the mouse", given=-1)
    with pytest.raises(ValueError, match="given=2 of a text of 2 tokens leaves nothing to foretell"):
        distance(FIVE, TableModel(VOCAB, FIVE.sentences()), "the mouse", given=2)
