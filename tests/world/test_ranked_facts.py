"""The ranked facts: their closed forms beside all sentences of a small world, and beside samples."""

import itertools
import math

import numpy as np
import pytest

from lmcourse.model import UniformModel
from lmcourse.world.ranked_facts import FAMILY, FIRST, LENGTH, OBJECTS, RELATIONS, RankedFacts


@pytest.fixture(scope="module")
def small():
    return RankedFacts(exponent=1.2, n_names=3, n_relations=2, n_objects=3, seed=1)


@pytest.fixture(scope="module")
def all_sentences(small):
    mice = np.repeat(np.arange(9), 8)
    relations = np.array(list(itertools.product(range(2), repeat=3)) * 9)
    return small.sentences(mice, relations)


def test_no_word_stands_twice():
    words = [*FIRST, *FAMILY, *RELATIONS, *OBJECTS]
    assert [len(each) for each in (FIRST, FAMILY, RELATIONS, OBJECTS)] == [128, 128, 16, 64]
    assert len(set(words)) == len(words)


def test_all_sentences_together_have_probability_one(small, all_sentences):
    probs = [math.exp(small.log_prob(sentence)) for sentence in all_sentences.tolist()]
    assert sum(probs) == pytest.approx(1)
    entropy = -sum(p * math.log(p) for p in probs)
    assert small.sentence_entropy() == pytest.approx(entropy)
    assert small.entropy_rate() == pytest.approx(entropy / 9)


def test_the_chances_of_a_sentence_are_those_of_the_interface(small, all_sentences):
    by_interface = [small.token_log_probs(sentence) for sentence in all_sentences.tolist()]
    np.testing.assert_allclose(small.sentence_log_probs(all_sentences), by_interface, atol=1e-12)


def test_after_each_beginning_the_chances_sum_to_one_and_after_nonsense_there_are_none(small):
    (sentence,) = small.draw(1, np.random.default_rng(0)).tolist()
    rows = small.next_log_probs([sentence[:i] for i in range(LENGTH)])
    np.testing.assert_allclose(np.exp(rows).sum(1), 1)
    begin = small.end - 3  # where the objects' ids begin
    wrong = [*sentence[:3], begin + (sentence[3] - begin + 1) % 3]  # another object
    for nonsense in (wrong, sentence[1:2], sentence[:1] * 2, [small.end]):
        expected = nonsense == [small.end]  # which only ends what came before
        assert np.isfinite(small.next_log_probs([nonsense])).any() == expected


def test_what_came_before_the_last_full_stop_does_not_matter(small):
    a, b = small.draw(2, np.random.default_rng(0)).tolist()
    np.testing.assert_array_equal(small.next_log_probs([a + b[:4]]), small.next_log_probs([b[:4]]))


def test_samples_have_the_entropy_and_the_ranks_of_the_formulas():
    world = RankedFacts()
    drawn = world.draw(200_000, np.random.default_rng(0))
    terms = -world.sentence_log_probs(drawn).sum(1)
    assert terms.mean() == pytest.approx(world.sentence_entropy(), abs=4 * terms.std() / len(terms) ** 0.5)
    shares = np.bincount(world.mice(drawn), minlength=128**2)[world.ranked] / len(drawn)
    zipf = sum(k**-1.7 for k in range(1, 128**2 + 1))
    for rank in (1, 2, 10):
        assert shares[rank - 1] == pytest.approx(rank**-1.7 / zipf, rel=0.05)


def test_the_rank_of_a_mouse_is_its_place_among_the_ranked(small):
    assert [small.ranks[mouse] for mouse in small.ranked] == list(range(1, len(small.ranked) + 1))
    assert small.pair_probs[small.ranks.argmin()] == small.pair_probs.max()


def test_a_fact_is_the_same_in_all_sentences_and_another_seed_has_others(small):
    drawn = small.draw(500, np.random.default_rng(0))
    told = {}
    for mouse, sentence in zip(small.mice(drawn), drawn):
        for relation, thing in zip(sentence[2:-1:2], sentence[3:-1:2]):
            assert told.setdefault((mouse, relation), thing) == thing
    other = RankedFacts(exponent=1.2, n_names=3, n_relations=2, n_objects=3, seed=2)
    assert (other.facts != small.facts).any()


def test_nobody_is_better_than_the_truth(small, all_sentences):
    guess = UniformModel(small.vocab)
    assert guess.log_prob(all_sentences[0].tolist()) < small.log_prob(all_sentences[0].tolist())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"exponent": -1}, "exponent=-1 must be 0 or more"),
        ({"n_names": 129}, "n_names=129 is more than the 128 words"),
        ({"n_objects": 0}, "n_objects=0 must be a whole number"),
        ({"n_relations": 17}, "n_relations=17 is more than the 16 words"),
    ],
)
def test_bad_arguments_name_the_value(arguments, words):
    with pytest.raises(ValueError, match=words):
        RankedFacts(**arguments)


def test_the_excess_by_heart_is_that_of_a_reader_who_notes_what_was_told():
    small, rng = RankedFacts(n_names=3, n_relations=4, n_objects=5), np.random.default_rng(0)
    lost = []
    for _ in range(1_000):
        *read, last = small.draw(13, rng)
        known = {(*row[:2], row[i]) for row in read for i in (2, 4, 6)}
        for i in (2, 4, 6):
            fact = (*last[:2], last[i])
            lost.append(fact not in known)
            known.add(fact)
    found = np.array(lost).reshape(-1, 3).sum(1) * np.log(5) / 9
    expected = small.excess_by_heart(12 * 9)
    assert abs(found.mean() - expected) < 4 * found.std() / len(found) ** 0.5
    assert small.excess_by_heart(0) > 1.5 * expected  # a fact may be told twice in one sentence
