"""Shannon's estimates: by hand, from a source whose entropy is known, and his figures as printed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.information import entropy
from lmcourse.shannon import LETTERS, figures, guess_bounds, letters, ngram_entropies


@given(st.text(max_size=60))
def test_letters_are_of_27_kinds_with_single_spaces(text):
    plain = letters(text)
    assert set(plain) <= set(LETTERS)
    assert "  " not in plain
    assert plain == plain.strip() == letters(plain)


def test_entropies_by_hand():
    # two symbols, alike in number; after a comes b, so nothing is left, but for the ends of the text
    f0, f1, f2 = ngram_entropies("ab" * 500, 2)
    assert (f0, f1) == pytest.approx((1, 1))
    assert f2 == pytest.approx(0, abs=1e-3)
    with pytest.raises(ValueError, match="2 symbols, too few for n-grams of longest=3"):
        ngram_entropies("ab", 3)


def test_a_markov_chain_shows_its_entropy_rate_at_the_second_step():
    rng = np.random.default_rng(0)
    move = {"a": [0.9, 0.1], "b": [0.4, 0.6]}  # stationary: 4/5, 1/5
    text = "a"
    parts = ["a"]
    for _ in range(100_000):
        parts.append(str(rng.choice(["a", "b"], p=move[parts[-1]])))
    text = "".join(parts)
    rate = 0.8 * entropy(move["a"]) + 0.2 * entropy(move["b"])
    _, f1, f2, f3 = ngram_entropies(text, 3)
    assert f1 == pytest.approx(entropy([0.8, 0.2]), abs=0.02)
    assert f2 == pytest.approx(rate, abs=0.01)
    assert f3 == pytest.approx(rate, abs=0.01)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=27).filter(any))
def test_the_bounds_are_in_order(counts):
    lower, upper = guess_bounds(counts)
    assert -1e-12 <= lower <= upper + 1e-9
    assert upper <= math.log2(len(counts)) + 1e-9


def test_the_bounds_hold_the_entropy_of_an_ideal_guesser():
    # a source of one kind of context has guess shares equal to its probabilities: the upper bound is exact
    lower, upper = guess_bounds({1: 50, 2: 25, 3: 25})
    assert upper == entropy([0.5, 0.25, 0.25])
    # 1·(1/4) log2 1 + 2·0·log2 2 + 3·(1/4)·log2 3
    assert lower == pytest.approx(0.75 * math.log2(3))
    assert guess_bounds([4]) == (0, 0)
    with pytest.raises(ValueError, match="at least one guess"):
        guess_bounds([0, 0])


def test_his_figures():
    by_symbols = {figure.symbols: figure for figure in figures()}
    assert [by_symbols[n].counted for n in range(4)] == [4.76, 4.03, 3.32, 3.1]
    assert (by_symbols[100].guessed_at_least, by_symbols[100].guessed_at_most) == (0.6, 1.3)
    assert by_symbols[0].guessed_at_most is None
    assert all(f.guessed_at_least < f.guessed_at_most for f in figures() if f.guessed_at_least)
    assert by_symbols[0].counted == pytest.approx(math.log2(27), abs=0.01)
