"""The noisy channel: arithmetic by hand, sums to one, the sampler against the figures, Bayes by hand."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.asides.noisy_channel import (
    ErrorModel,
    candidates,
    correct,
    insertions,
    substitutions,
    transpositions,
)

CHANNEL = ErrorModel(rate=0.1, deletion=0.4, insertion=0.3, substitution=0.2, transposition=0.1)
short = st.text("abz", min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("typed", "word", "expected"),
    [
        ("cat", "cat", 0.9),
        ("at", "cat", 0.1 * 0.4 / 3),  # one of 3 letters lost
        ("cart", "cat", 0.1 * 0.3 / (4 * 26)),  # 4 gaps, 26 letters
        ("cut", "cat", 0.1 * 0.2 / (3 * 25)),  # 3 places, 25 other letters
        ("act", "cat", 0.1 * 0.1 / 2),  # one of 2 pairs of neighbours
        ("helo", "hello", 0.1 * 0.4 * 2 / 5),  # either l may be the one that was lost
        ("hello", "hello", 0.9 + 0.1 * 0.1 / 4),  # the two l's change places, and nobody sees it
        ("helllo", "hello", 0.1 * 0.3 * 3 / (6 * 26)),  # an l before, between or behind the two
        ("tac", "cat", 0.0),  # two mistakes
        ("dogs", "cat", 0.0),
    ],
)
def test_probabilities_by_hand(typed, word, expected):
    assert CHANNEL.probability(typed, word) == pytest.approx(expected, rel=1e-12)


def test_a_single_letter_is_neither_lost_nor_transposed():
    # insertion and substitution share the chance as 3 : 2
    assert CHANNEL.probability("", "a") == 0
    assert CHANNEL.probability("b", "a") == pytest.approx(0.1 * 0.4 / 25)
    assert CHANNEL.probability("ab", "a") == pytest.approx(0.1 * 0.6 / 52)


@given(short)
def test_all_outcomes_sum_to_one(word):
    outcomes = CHANNEL.garbled(word)
    assert math.fsum(outcomes.values()) == pytest.approx(1)
    assert math.fsum(CHANNEL.probability(t, word) for t in {word, *outcomes}) == pytest.approx(1)


@given(short, short)
@settings(max_examples=200)
def test_candidates_are_all_words_within_one_mistake(typed, word):
    within = typed == word or typed in CHANNEL.garbled(word)
    assert (word in candidates(typed, {word})) == within


def test_how_many_ways_there_are():
    assert (
        len(list(insertions("cat"))),
        len(list(substitutions("cat"))),
        len(list(transpositions("cat"))),
    ) == (
        104,
        75,
        2,
    )


def test_words_come_out_with_their_probabilities():
    rng, channel = np.random.default_rng(0), ErrorModel(rate=0.5)
    drawn = Counter(channel.type("ab", rng) for _ in range(4000))
    for outcome in ("ab", "a", "b", "ba", "aab"):
        p = channel.probability(outcome, "ab")
        assert abs(drawn[outcome] / 4000 - p) < 4 * math.sqrt(p * (1 - p) / 4000)
    assert channel.slip("xyz", np.random.default_rng(1)) != "xyz"
    assert ErrorModel(rate=0).type("word", rng) == "word"


def test_bayes_by_hand():
    prior = {"form": 0.2, "from": 0.8}
    ranked = dict(correct("form", prior, ErrorModel(rate=0.1), lambda word: math.log(prior[word])))
    kept, swapped = 0.2 * 0.9, 0.8 * 0.1 * 0.25 / 3
    assert ranked == pytest.approx({"form": kept / (kept + swapped), "from": swapped / (kept + swapped)})


def test_the_prior_decides_between_equal_slips():
    words = {"cat": -1.0, "car": -2.0}
    assert [w for w, _ in correct("caz", words, CHANNEL, words.get)] == ["cat", "car"]
    assert [w for w, _ in correct("caz", words, CHANNEL, lambda w: -words[w])] == ["car", "cat"]
    assert [w for w, _ in correct("caz", words, CHANNEL, lambda _: 0.0)] == ["car", "cat"]  # a tie: by name


def test_what_the_prior_calls_impossible_leaves_the_typed_word():
    assert correct("bat", {"cat", "hat"}, CHANNEL, lambda _: -math.inf) == [("bat", 1.0)]


def test_what_resembles_nothing_stays():
    assert correct("qqqq", {"cat"}, CHANNEL, lambda _: 0.0) == [("qqqq", 1.0)]
    assert correct("cat", {"cat", "car"}, ErrorModel(rate=0), lambda _: 0.0) == [("cat", 1.0)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": 1.5}, "rate=1.5"),
        ({"deletion": 0.5}, "sum to 1"),
        ({"deletion": -0.25, "insertion": 0.75}, "≥ 0"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ErrorModel(**settings)


def test_there_must_be_something_to_garble():
    with pytest.raises(ValueError, match="empty word"):
        CHANNEL.garbled("")
    only_lost = ErrorModel(deletion=1, insertion=0, substitution=0, transposition=0)
    with pytest.raises(ValueError, match="possible in 'a'"):
        only_lost.garbled("a")
