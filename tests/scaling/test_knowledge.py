"""Knowledge in bits: hand cases, the bound that Shannon's theorem gives, and what breaks it."""

from __future__ import annotations

import numpy as np
import pytest

from lmcourse.scaling.knowledge import bits_held, bits_saved, clipped_bits, questions, total_bits
from lmcourse.world.ranked_facts import RankedFacts


@pytest.fixture(scope="module")
def world():
    return RankedFacts(0, n_names=5, n_relations=4, n_objects=8, seed=3)


def table(answers, m):
    """A lookup table's log-probabilities."""
    with np.errstate(divide="ignore"):
        return np.log(np.eye(m)[answers])


def test_a_lookup_table_holds_all_bits_and_a_uniform_model_none(world):
    asked, answers = questions(world)
    assert len(asked) == 5 * 5 * 4
    assert total_bits(world) == 100 * 3  # 100 facts of log2(8) bits
    assert bits_held(table(answers, 8), answers) == 300
    assert bits_held(np.full((100, 8), -np.log(8)), answers) == 0


def test_questions_are_those_of_the_worlds_sentences(world):
    asked, answers = questions(world)
    mice = asked[:, 0] * 5 + asked[:, 1]
    told = world.sentences(mice, np.repeat(asked[:, 2:], 3, axis=1))
    words = [world.vocab.tokens[i] for i in told[57]]
    assert words[3] == world.vocab.tokens[2 * 5 + 4 + answers[57]]  # objects follow names and relations
    assert (told[:, 3] == 2 * 5 + 4 + answers).all()


def test_bits_of_one_fact_by_hand():
    probs = np.array([[0.5, 0.25, 0.125, 0.125], [0.125, 0.625, 0.125, 0.125]])
    saved = bits_saved(np.log(probs), [0, 2])
    # 2 - log2(1/0.5) = 1; 2 - log2(1/0.125) = -1
    assert saved == pytest.approx([1, -1])
    assert clipped_bits(np.log(probs), [0, 2]) == pytest.approx(1)


def test_caution_is_mixed_in_where_it_serves():
    """One of four facts firmly wrong: nothing is saved without caution, much of three facts with it."""
    answers = np.array([0, 1, 2, 3])
    log_probs = table(np.array([0, 1, 2, 0]), 4)
    with np.errstate(divide="ignore"):
        assert bits_saved(log_probs, answers).sum() == -np.inf
    # with a share s of the even distribution: 3 log2(4 - 3 s) + log2(s), best at s = 1/3: 3.17
    best = 3 * np.log2(3) + np.log2(1 / 3)
    assert best - 0.05 < bits_held(log_probs, answers) <= best


def test_a_random_guesser_holds_nothing_though_clipping_says_it_does():
    rng = np.random.default_rng(0)
    answers, guesses = rng.integers(16, size=(2, 4000))
    log_probs = np.log(0.9 * np.eye(16)[guesses] + 0.1 / 16)
    assert bits_held(log_probs, answers) < 10
    assert clipped_bits(log_probs, answers) > 800  # 4,000 / 16 guesses are right, by 3.9 bits each


def test_no_more_is_held_than_a_model_was_told():
    """A table of the first 100 facts, even elsewhere: 100 facts' bits."""
    answers = np.random.default_rng(1).integers(8, size=400)
    log_probs = np.full((400, 8), -np.log(8))
    log_probs[:100] = table(answers[:100], 8)
    assert bits_held(log_probs, answers) == pytest.approx(300)


def test_bad_input_is_named():
    even = np.full((3, 4), -np.log(4))
    with pytest.raises(ValueError, match=r"log_probs \(3, 4\) and answers \(2,\) must be"):
        bits_saved(even, [0, 1])
    with pytest.raises(ValueError, match=r"add up to 2 in a row; normalise"):
        bits_held(even + np.log(2), [0, 1, 2])
