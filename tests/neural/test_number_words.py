"""Numbers in words, against a reader that adds them up again."""

import numpy as np
import pytest
import torch

from lmcourse.neural.number_words import (
    DIGITS,
    END,
    ONES,
    PAD,
    SCALES,
    START,
    TENS,
    WORDS,
    as_batch,
    draw_numbers,
    right,
    spell,
)


def read(words):
    """The number: a scale multiplies the group before it, and so does hundred."""
    total = group = 0
    for word in words:
        if word in ONES:
            group += ONES.index(word)
        elif word in TENS:
            group += 10 * (TENS.index(word) + 2)
        elif word == "hundred":
            group *= 100
        elif word in SCALES:
            total, group = total + group * 1000 ** SCALES.index(word), 0
    return total + group


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (704, "seven hundred and four"),
        (2_000, "two thousand"),
        (5_021, "five thousand and twenty one"),
        (1_000_300, "one million three hundred"),
        (999_115_000, "nine hundred and ninety nine million one hundred and fifteen thousand"),
    ],
)
def test_spelling(number, words):
    assert " ".join(spell(number)) == words
    assert " ".join(spell(number, conjunction=False)) == words.replace(" and", "")


def test_every_number_is_read_back():
    rng = np.random.default_rng(0)
    for number in [*range(1200), *draw_numbers(rng, 500, range(1, 16))]:
        for conjunction in (True, False):
            assert read(spell(number, conjunction)) == number


def test_out_of_range():
    with pytest.raises(ValueError, match="-1 must lie between"):
        spell(-1)


def test_drawn_numbers_have_their_digits_and_avoid_others():
    rng = np.random.default_rng(0)
    without = frozenset(range(10, 60))
    found = draw_numbers(rng, 300, [2, 5], without)
    assert {len(str(n)) for n in found} == {2, 5}
    assert not without & set(found)


def test_a_batch():
    words, lengths, digits = as_batch([7, 120], np.random.default_rng(0))
    assert lengths.tolist()[0] == 1
    assert WORDS.tokens[words[0, 0]] == "seven"
    assert not words[0, 1:].any()
    assert digits.tolist() == [
        [START, DIGITS.id("7"), END, PAD, PAD],
        [START, DIGITS.id("1"), DIGITS.id("2"), DIGITS.id("0"), END],
    ]


def test_right_means_right_to_the_end():
    _, _, answers = as_batch([7, 120], np.random.default_rng(0))
    seven, one, two, zero = (DIGITS.id(c) for c in "7120")
    assert right(torch.tensor([[seven, END, END, END], [one, two, zero, END]]), answers).tolist() == [
        True,
        True,
    ]
    assert right(torch.tensor([[seven, END], [one, two]]), answers).tolist() == [True, False]  # stops early
    long = torch.tensor([[seven, END, END, END, END], [one, two, zero, zero, END]])
    assert right(long, answers).tolist() == [True, False]  # one zero too many
