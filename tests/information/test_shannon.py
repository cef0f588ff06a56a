"""Shannon's estimates: by hand, from a source whose entropy is known, and his figures as printed."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.information import (
    LETTERS,
    entropy,
    figures,
    follow_ranks,
    guess_bounds,
    guess_ranks,
    letters,
    ngram_entropies,
)
from lmcourse.model import TableModel, UniformModel
from lmcourse.ngram import CountModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement, five_words, knowledge


@given(st.text(max_size=60))
def test_letters_are_of_27_kinds_with_single_spaces(text):
    plain = letters(text)
    assert set(plain) <= set(LETTERS)
    assert "  " not in plain
    assert plain == plain.strip() == letters(plain)


def test_entropies_by_hand():
    # two symbols, alike in number; after a comes b, so nothing is left
    assert ngram_entropies("ab" * 500, 3) == pytest.approx([1, 1, 0, 0], abs=1e-12)
    # round the circle aab: pairs aa, ab, ba; after a (2 of 3 times) either, after b only a
    f1 = entropy([2 / 3, 1 / 3])
    assert ngram_entropies("aab", 2) == pytest.approx([1, f1, 2 / 3])
    assert ngram_entropies("a", 1) == [0, 0]
    with pytest.raises(ValueError, match="2 symbols, too few for n-grams of longest=3"):
        ngram_entropies("ab", 3)


@given(st.text(st.characters(), min_size=1, max_size=30), st.integers(0, 8))
def test_entropies_are_those_of_counting_round_the_circle(text, longest):
    longest = min(longest, len(text))
    circle, blocks = text + text, [0.0]
    for n in range(1, longest + 1):
        counts = Counter(circle[i : i + n] for i in range(len(text))).values()
        blocks.append(entropy([c / len(text) for c in counts]))
    found = ngram_entropies(text, longest)
    assert found[0] == pytest.approx(math.log2(len(set(text))))
    assert found[1:] == pytest.approx([b - a for a, b in zip(blocks, blocks[1:])], abs=1e-9)
    assert all(0 <= later <= earlier + 1e-9 for earlier, later in zip(found, found[1:]))


def test_long_ngrams_of_many_symbols_are_told_apart():
    # 4,096 symbols: in 64 bits 4096^6 is 0, so that one number for each 7-gram would forget its first symbol,
    # by which, after "a" or "b" and five equal symbols, the seventh is known
    rng = np.random.default_rng(0)
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 4092)))
    text += "".join(rng.choice(["a-----1", "b-----2"], size=300)) + "ab"
    assert len(set(text)) == 4092 + 5
    text = text.replace(chr(0x4E00), "")
    assert len(set(text)) == 4096
    blocks = [Counter((text + text)[i : i + n] for i in range(len(text))).values() for n in (6, 7)]
    six, seven = ([c / len(text) for c in counts] for counts in blocks)
    assert ngram_entropies(text, 7)[7] == pytest.approx(entropy(seven) - entropy(six), abs=1e-9)


def test_a_markov_chain_shows_its_entropy_rate_at_the_second_step():
    rng = np.random.default_rng(0)
    move = {"a": [0.9, 0.1], "b": [0.4, 0.6]}  # stationary: 4/5, 1/5
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


AB = Vocabulary("abc", separator="")


def test_ranks_by_hand():
    # p: "ab" .5, "ba" .3, "ca" .2. First symbol: a, b, c in this order; after it only one is possible
    model = TableModel(AB, {"ab": 0.5, "ba": 0.3, "ca": 0.2})
    assert guess_ranks(model, "ab") == [1, 1]
    assert guess_ranks(model, "ca") == [3, 1]
    assert follow_ranks(model, [3, 1]) == AB.encode("ca")
    # all alike: in the order of their ids
    assert guess_ranks(UniformModel(AB), "abc") == [1, 2, 3]
    with pytest.raises(ValueError, match="impossible, so it has no guess"):
        guess_ranks(model, "bb" + "a")
    with pytest.raises(ValueError, match="rank 4 is not from 1 to 3"):
        follow_ranks(model, [1, 4])


@given(st.text("abc", max_size=40), st.text("abc", min_size=1, max_size=40), st.integers(1, 4))
def test_the_twin_restores_the_text(text, lesson, order):
    model = CountModel(AB, order, lesson)
    assert follow_ranks(model, guess_ranks(model, text)) == AB.encode(text)


@pytest.mark.parametrize("world", [five_words(), agreement(1), knowledge()], ids=lambda w: w.name)
def test_the_bounds_hold_the_entropy_of_the_mouse_world_exactly(world):
    # the shares of an ideal guesser: each context's distribution, sorted, weighed by how often it is met
    mass = Counter()
    for sentence, p in world.sentences().items():
        words = sentence.split()
        for i in range(len(words)):
            mass[tuple(words[:i])] += p
    rows = np.exp(world.next_log_probs([world.vocab.encode(context) for context in mass]))
    shares = np.array(list(mass.values())) @ -np.sort(-rows, axis=1) / sum(mass.values())
    lower, upper = guess_bounds(shares.tolist())
    assert lower < world.entropy_rate() / math.log(2) < upper
    # and the guesses themselves come out in these shares
    said = [token for sentence in world.sample(3000, np.random.default_rng(0)) for token in sentence]
    ranks = guess_ranks(world, said)
    for rank in (1, 2, 3):
        sigma = math.sqrt(shares[rank - 1] * (1 - shares[rank - 1]) / len(ranks))
        assert abs(ranks.count(rank) / len(ranks) - shares[rank - 1]) < 5 * sigma + 1e-9


def test_his_figures():
    by_symbols = {figure.symbols: figure for figure in figures()}
    assert [by_symbols[n].counted for n in range(4)] == [4.76, 4.03, 3.32, 3.1]
    assert (by_symbols[100].guessed_at_least, by_symbols[100].guessed_at_most) == (0.6, 1.3)
    assert by_symbols[0].guessed_at_most is None
    assert all(f.guessed_at_least < f.guessed_at_most for f in figures() if f.guessed_at_least)
    assert by_symbols[0].counted == pytest.approx(math.log2(27), abs=0.01)


def test_his_bounds_follow_from_his_table():
    # His column N = 4 as he smoothed it (page 64): 47, 18 and 14 letters at guesses 1 to 3, the other 21
    # spread evenly over guesses 4 to 20; he prints 1.7 and 2.6, cut off after one digit.
    # lower: 2·.04·log2 2 + 3·(.14 - .21/17)·log2 3 + 20·(.21/17)·log2 20 = .080 + .607 + 1.068 = 1.755
    lower, upper = guess_bounds([47, 18, 14] + [21 / 17] * 17)
    by_symbols = {figure.symbols: figure for figure in figures()}
    assert math.floor(10 * lower) / 10 == by_symbols[4].guessed_at_least
    assert math.floor(10 * upper) / 10 == by_symbols[4].guessed_at_most
    assert (lower, upper) == pytest.approx((1.7547, 2.6856), abs=1e-4)
