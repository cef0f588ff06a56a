"""The world with an ambiguous word, against its own language model and sampling."""

import numpy as np
import pytest

from lmcourse.vocabulary import Vocabulary
from lmcourse.world import World
from lmcourse.world.senses import SENSES, best_accuracy, merge, told_by_sides, two_senses

SMALL = {
    "S": "0.5 old bat/animal VERB_a . | 0.25 old bat/thing VERB_t . | 0.25 new bat/thing VERB_t .",
    "VERB_a": "0.75 flew | 0.25 fell",
    "VERB_t": "0.25 flew | 0.75 fell",
}


def test_a_small_world_by_hand():
    left, right, both = told_by_sides(World(SMALL))
    # old 1/2 : 1/4, new 0 : 1/4; flew 3/8 : 1/8, fell 1/8 : 3/8
    np.testing.assert_allclose(left["old",], [1 / 2, 1 / 4])
    np.testing.assert_allclose(left["new",], [0, 1 / 4])
    np.testing.assert_allclose(right["flew", "."], [3 / 8, 1 / 8])
    # old … flew 3/8 : 1/16, old … fell 1/8 : 3/16, new: thing
    np.testing.assert_allclose(both["old", "bat", "fell", "."], [1 / 8, 3 / 16])
    assert best_accuracy(left) == pytest.approx(1 / 2 + 1 / 4)
    assert best_accuracy(right) == pytest.approx(3 / 8 + 3 / 8)
    assert best_accuracy(both) == pytest.approx(3 / 8 + 3 / 16 + 1 / 4)


def test_both_sides_are_what_the_language_model_says():
    """p(sense | sentence) is the share of the marked sentence's probability among the two."""
    world = two_senses()
    _, _, both = told_by_sides(world)
    for words in list(both)[::97]:
        marked = [" ".join(words).replace("bat", sense) for sense in SENSES]
        odds = np.exp([world.log_prob(text) for text in marked])
        np.testing.assert_allclose(both[words] / both[words].sum(), odds / odds.sum(), rtol=1e-9)


def test_clues_are_independent_given_the_sense():
    left, right, both = told_by_sides(two_senses())
    for before, p in left.items():
        for after, q in right.items():
            np.testing.assert_allclose(both[(*before, "bat", *after)], p * q / 0.5, rtol=1e-9)


def test_more_is_never_worse_and_counts_of_a_sample_agree():
    world = two_senses()
    left, right, both = told_by_sides(world)
    accuracies = [best_accuracy(told) for told in (left, right, both)]
    assert 0.5 < max(accuracies[:2]) < accuracies[2] < 1
    rng, hits, seen = np.random.default_rng(3), 0, 0
    for sentence in world.sample(20_000, rng):
        for k, sense in enumerate(SENSES):
            if world.vocab.id(sense) in sentence:
                place = sentence.index(world.vocab.id(sense))
                row = left[tuple(world.vocab.tokens[i] for i in sentence[:place])]
                hits, seen = hits + (row.argmax() == k), seen + 1
    assert hits / seen == pytest.approx(accuracies[0], abs=4 * 0.5 / seen**0.5)


def test_merging_forgets_the_sense_only():
    read, new_ids = merge(Vocabulary(["a", "bat/x", "bat/y", "c"]))
    assert read.tokens == ("a", "bat", "c")
    assert new_ids.tolist() == [0, 1, 1, 2]
