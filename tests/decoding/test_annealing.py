import math

import numpy as np
import pytest

from lmcourse.decoding import anneal, anneal_each_step, anneal_whole, enumerate_sentences, total_variation
from lmcourse.model import LanguageModel, UniformModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import five_words

WORLD = five_words()


def test_sentences_are_those_of_the_grammar():
    found = enumerate_sentences(WORLD)
    assert {WORLD.vocab.decode(ids): pytest.approx(p) for ids, p in found.items()} == WORLD.sentences()
    probs = list(found.values())
    assert all(a >= b - 1e-12 for a, b in zip(probs, probs[1:]))


@pytest.mark.parametrize("temperature", [0, 0.3, 1, 2, math.inf])
def test_each_step_is_the_product_of_annealed_conditionals(temperature):
    annealed = anneal_each_step(WORLD, temperature)
    assert sum(annealed.values()) == pytest.approx(1)
    for ids, p in annealed.items():
        rows = WORLD.next_log_probs([ids[:i] for i in range(len(ids))])
        factors = [math.exp(anneal(row, temperature)[token]) for row, token in zip(rows, ids)]
        assert p == pytest.approx(math.prod(factors))


def test_whole_by_hand_and_the_distance():
    # p² of .5, .3, .2 is .25, .09, .04, sum .38
    sentences = {(0,): 0.5, (1,): 0.3, (2,): 0.2}
    annealed = anneal_whole(sentences, 0.5)
    assert list(annealed.values()) == pytest.approx([0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38])
    assert anneal_whole(sentences, 1) == pytest.approx(sentences)
    # (|.5-.2| + |.3-.3| + |.2-.5|) / 2
    assert total_variation(sentences, {(0,): 0.2, (1,): 0.3, (2,): 0.5}) == pytest.approx(0.3)
    assert total_variation({(0,): 1.0}, {(1,): 1.0}) == 1


def test_the_two_agree_at_one_and_nowhere_else():
    sentences = enumerate_sentences(WORLD)
    for temperature, differ in [(0.5, True), (1, False), (2, True), (math.inf, True)]:
        pair = anneal_each_step(WORLD, temperature), anneal_whole(sentences, temperature)
        assert (total_variation(*pair) > 0.01) == differ


def test_equal_products_of_different_factors_tie_at_zero():
    # .7 - .3 is 0.39999999999999997 in floating point, not quite .4
    at_zero = anneal_whole({(0,): 0.7 - 0.3, (1,): 0.4, (2,): 0.2}, 0)
    assert list(at_zero.values()) == pytest.approx([0.5, 0.5, 0])


class Silent(LanguageModel):
    """Says one token, then nothing."""

    vocab = Vocabulary("a.")

    def next_log_probs(self, contexts):
        """Nothing can follow a token."""
        return np.array([[0.0, -np.inf] if not len(c) else [-np.inf, -np.inf] for c in contexts])


class Endless(LanguageModel):
    """Says a for ever."""

    vocab = Vocabulary("a.")

    def next_log_probs(self, contexts):
        """Always a."""
        return np.array([[0.0, -np.inf]] * len(contexts))


def test_errors():
    with pytest.raises(ValueError, match=r"over 11 sentences \(at least 12\)"):
        enumerate_sentences(WORLD, limit=11)
    assert len(enumerate_sentences(WORLD, limit=12)) == 12
    with pytest.raises(ValueError, match="over 200 sentences"):
        enumerate_sentences(UniformModel(Vocabulary("a.")), 1)
    with pytest.raises(ValueError, match="falls silent after 'a'"):
        enumerate_sentences(Silent(), 1)
    with pytest.raises(ValueError, match="has not reached the end token"):
        enumerate_sentences(Endless(), 1)
    with pytest.raises(ValueError, match="token id 7"):
        enumerate_sentences(WORLD, 7)
    with pytest.raises(ValueError, match="limit=0"):
        enumerate_sentences(WORLD, limit=0)
    with pytest.raises(ValueError, match="temperature=-1"):
        anneal_each_step(WORLD, -1)
    with pytest.raises(ValueError, match=r"sum to 0\.5"):
        anneal_whole({(0,): 0.5}, 1)
