"""Maximum matching: the textbook cases, and a recursive oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.tokenization.matching import (
    backward_matching,
    bidirectional_matching,
    forward_matching,
    longest_word,
)

WORDS = {"研究", "研究生", "生命", "起源"}
texts = st.text("abc", max_size=12)
dictionaries = st.sets(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=8)


def greedy(text, words):
    """The definition: the longest word that begins the text, or a character; then the rest."""
    if not text:
        return []
    word = max((w for w in words if text.startswith(w)), key=len, default=text[0])
    return [word, *greedy(text[len(word) :], words)]


@given(texts, dictionaries)
def test_both_ways_are_the_definition(text, words):
    assert forward_matching(text, words) == greedy(text, words)
    mirrored = greedy(text[::-1], {word[::-1] for word in words})
    assert backward_matching(text, words) == [word[::-1] for word in reversed(mirrored)]


@given(texts, dictionaries)
def test_the_better_of_both_is_chosen(text, words):
    ways = [forward_matching(text, words), backward_matching(text, words)]
    found = bidirectional_matching(text, words)
    assert found in ways
    assert len(found) == min(map(len, ways))
    if len(ways[0]) == len(ways[1]):
        single = [sum(len(word) == 1 for word in way) for way in ways]
        assert sum(len(word) == 1 for word in found) == min(single)
        assert single[0] != single[1] or found == ways[1]


def test_the_textbook_case():
    assert forward_matching("研究生命起源", WORDS) == ["研究生", "命", "起源"]
    assert backward_matching("研究生命起源", WORDS) == ["研究", "生命", "起源"]
    assert bidirectional_matching("研究生命起源", WORDS) == ["研究", "生命", "起源"]


@pytest.mark.parametrize("words", [set(), {"a", ""}])
def test_an_empty_dictionary_or_word_is_refused(words):
    with pytest.raises(ValueError, match="at least one word, and none may be empty"):
        longest_word(words)
