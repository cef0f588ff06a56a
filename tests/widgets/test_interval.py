import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.information import intervals, shortest_bits
from lmcourse.model import LanguageModel, TableModel, UniformModel
from lmcourse.ngram import AdaptiveModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import CodingInterval
from lmcourse.widgets.interval import MAX_NUMBERS, certain_bits
from lmcourse.world import agreement, five_words

HALVES = TableModel(Vocabulary("abc.", separator=""), {"a.": 0.5, "b.": 0.25, "ca.": 0.125, "cb.": 0.125})


def test_intervals_and_code_by_hand():
    # a takes [0, 1/2), b [1/2, 3/4), c [3/4, 1), of which a takes [3/4, 7/8) and b [7/8, 1)
    widget = CodingInterval(HALVES, "cb.")
    quarters = [Fraction(3, 4), Fraction(7, 8)]
    assert widget.intervals == [(0, 1), (quarters[0], 1), (quarters[1], 1), (quarters[1], 1)]
    assert widget.code == "111"
    assert [widget.decode(bits) for bits in ["", "01", "1", "1011", "11", "110", "111"]] == [
        *["a.", "a.", "b.", "b.", "ca.", "ca.", "cb."]
    ]


def test_every_code_of_five_words_is_decoded():
    world = five_words()
    for sentence in world.sentences():
        widget = CodingInterval(world, sentence)
        assert widget.decode(widget.code) == widget.decode(widget.code + "1011") == sentence
        low, high = widget.intervals[-1]
        assert low <= Fraction(int(widget.code, 2), 2 ** len(widget.code)) < high


@given(st.fractions(0, 1), st.fractions(0, 1))
def test_certain_bits(a, b):
    low, high = sorted((a, b))
    if low == high:
        return
    bits = certain_bits(low, high)
    start, size = Fraction(int(bits or "0", 2), 2 ** len(bits)), Fraction(1, 2 ** len(bits))
    assert start <= low
    assert high <= start + size  # so every number in the interval begins with these bits
    assert low < start + size / 2 < high  # and the next one is open
    assert shortest_bits(low, high).startswith(bits)


def test_a_text_without_an_end_is_decoded_by_its_length():
    model = UniformModel(Vocabulary("ab", separator=""))
    widget = CodingInterval(model, "abba")
    assert widget.code == "0110"
    assert widget.decode("1") == "baaa"
    # all 1 + 2 + 4 + 8 beginnings of up to three tokens
    assert len(widget.rows) == 15


def test_the_page_has_the_whole_of_a_small_language():
    widget = CodingInterval(five_words(), "the mouse ate .")
    sentences = five_words().sentences()
    beginnings = {tuple(s.split()[:i]) for s in sentences for i in range(len(s.split()))}
    assert len(widget.rows) == len(widget.parents) == len(beginnings)
    assert all(parent < i for i, parent in enumerate(widget.parents))


def test_of_a_large_language_the_page_has_the_most_probable_beginnings():
    text = "THE MOUSE ATE THE CHEESE"
    widget = CodingInterval(AdaptiveModel(Vocabulary.of_characters(text), 2), text)
    numbers = sum(len(row.split()) // 2 for row in widget.rows)
    assert MAX_NUMBERS <= numbers < MAX_NUMBERS + 27
    assert widget.decode(widget.code) == text
    node = 0
    for token in widget.path[:-1]:  # the text itself is in the tree
        node = next(i for i, p in enumerate(widget.parents) if p == node and widget.said[i] == token)


def test_state_is_compact_json():
    widget = CodingInterval(agreement(), "the mouse sleeps .")
    state = json.loads(json.dumps(widget.get_state(), allow_nan=False))
    assert len(json.dumps(state["rows"])) < 100_000
    assert "render" in state["_esm"]


class Faint(LanguageModel):
    """Probabilities that no short number writes, down to the smallest a computer knows."""

    vocab = Vocabulary("abcd", separator="")

    def next_log_probs(self, contexts):
        """The same row for each context."""
        row = np.array([1 / 3, 5e-324, 0.1, 1 - 1 / 3 - 0.1])
        return np.log(np.tile(row, (len(contexts), 1)))


def test_tiny_probabilities_stay_exact():
    widget = CodingInterval(Faint(), "bb")
    assert widget.intervals == intervals(Faint(), "bb")
    assert widget.decode(widget.code) == "bb"
    assert len(widget.code) > 2000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no token to encode"),
        ("the mouse ate the the", "token 4, 'the', has probability zero after 'the mouse ate the'"),
        ("mouse", "token 0, 'mouse', has probability zero after ''"),
        ("the mouse ate . the", r"the end token '\.' stands within the text"),
        ("the moose", "unknown token 'moose'"),
        ("the " * 61, "61 tokens is too long to follow; show 60"),
    ],
)
def test_bad_texts(text, message):
    with pytest.raises(ValueError, match=message):
        CodingInterval(five_words(), text)


def test_too_many_tokens_and_bad_values():
    with pytest.raises(ValueError, match="among 100 tokens, this vocabulary has 101"):
        CodingInterval(UniformModel(Vocabulary(map(str, range(101)))), "5")
    widget = CodingInterval(five_words(), "the mouse ate .")
    for name, value in [("step", 5), ("step", -1), ("bits", "012"), ("bits", "0" * 401)]:
        with pytest.raises(ValueError, match=r"must lie between 0 and 4|at most 400 of the digits"):
            setattr(widget, name, value)
    assert (widget.step, widget.bits) == (2, "")


def test_it_opens_after_the_first_choice():
    """But before the text's end, so that there is a step to take."""
    texts = {"the mouse ate .": 2, "the": 0, "the cheese": 1}  # “the” always comes first
    assert {text: CodingInterval(five_words(), text).step for text in texts} == texts
