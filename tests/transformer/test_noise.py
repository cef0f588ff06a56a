"""Noise: what can be mended, and how often each outcome comes, against exact binomial bounds."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from chances import is_likely
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.transformer.noise import (
    even_spans,
    infill,
    poisson_spans,
    random_replacements,
    spread,
)


def test_the_bounds_themselves():
    assert is_likely(50, 100, 0.5)
    # at 1,000 tosses a standard deviation is 15.8: 450 is 3.2 of them away, 400 is 6.3
    assert is_likely(450, 1_000, 0.5)
    assert not is_likely(400, 1_000, 0.5)
    assert not is_likely(600, 1_000, 0.5)


def test_replacements_have_their_shares_and_spare_the_rest():
    rng = np.random.default_rng(0)
    ids = np.full((50, 400), 3)
    chosen = rng.random(ids.shape) < 0.5
    found = random_replacements(ids, chosen, 9, 5, 0.8, 0.1, rng)
    assert np.all(found[~chosen] == 3)
    n, counts = int(chosen.sum()), Counter(found[chosen].tolist())
    assert counts.keys() == {0, 1, 2, 3, 4, 9}
    assert is_likely(counts[9], n, 0.8)
    assert is_likely(counts[3], n, 0.1 + 0.1 / 5)  # left alone, or the same word by chance
    for word in (0, 1, 2, 4):
        assert is_likely(counts[word], n, 0.1 / 5)


@pytest.mark.parametrize(
    ("length", "rate", "mean", "tokens", "n_spans"),
    [
        (100, 0.15, 3, 15, 5),
        (512, 0.15, 3, 77, 26),  # 76.8 and 25.67
        (6, 0.15, 3, 1, 1),  # 0.9 and 0.33
        (2, 0.9, 1, 1, 1),  # at least one is left
        (10, 0.8, 1, 8, 3),  # two are left, which part three spans
    ],
)
def test_numbers_of_tokens_and_spans(length, rate, mean, tokens, n_spans):
    spans = even_spans(length, rate, mean, np.random.default_rng(0))
    assert sum(after - begin for begin, after in spans) == tokens
    assert len(spans) == n_spans
    assert all(0 <= begin < after <= length for begin, after in spans)
    assert all(after < begin for (_, after), (begin, _) in zip(spans, spans[1:]))


def test_all_ways_to_cut_are_equally_likely():
    # of 7 tokens 3 in two spans: every choice of 3 places that makes two runs, listed
    def runs(places):
        return sum(place - 1 not in places for place in places)

    ways = [set(c) for c in itertools.combinations(range(7), 3) if runs(set(c)) == 2]
    assert len(ways) == 20  # 2 compositions of 3, times 5 choose 2 gaps
    rng, n = np.random.default_rng(1), 8_000
    drawn = Counter()
    for _ in range(n):
        spans = even_spans(7, 3 / 7, 1.5, rng)
        drawn[frozenset(place for begin, after in spans for place in range(begin, after))] += 1
    assert drawn.keys() == set(map(frozenset, ways))
    assert all(is_likely(count, n, 1 / 20) for count in drawn.values())


def test_the_length_of_a_span_has_the_distribution_of_compositions():
    # 12 tokens in 4 spans: the first has k with (11 - k choose 2) / (11 choose 3); their mean is 3
    rng, n = np.random.default_rng(2), 4_000
    first = Counter()
    for _ in range(n):
        begin, after = even_spans(80, 0.15, 3, rng)[0]
        first[after - begin] += 1
    expected = {k: math.comb(11 - k, 2) / math.comb(11, 3) for k in range(1, 10)}
    assert sum(k * p for k, p in expected.items()) == pytest.approx(3)
    assert all(is_likely(first[k], n, p) for k, p in expected.items())


def test_poisson_lengths_before_the_cut_at_the_end():
    # 900 of 3,000 tokens: over 200 spans. With the order left alone, the first 100 are far from the end.
    class Unshuffled:
        def __init__(self, seed):
            self.poisson = np.random.default_rng(seed).poisson
            self.permutation = np.array

    drawn = Counter()
    for seed in range(50):
        lengths = poisson_spans(3_000, 0.3, 3, Unshuffled(seed))
        assert sum(lengths) == 900
        drawn.update(lengths[:100])
    for k in range(9):
        assert is_likely(drawn[k], 5_000, math.exp(-3) * 3**k / math.factorial(k))


def test_the_last_span_is_cut_to_fit_and_may_stand_anywhere():
    rng, n = np.random.default_rng(3), 3_000
    # a budget of 1 token (0.3 * 3 rounded up): all but one span are empty, and the order is even
    where, pairs = Counter(), 0
    for _ in range(n):
        lengths = poisson_spans(30, 0.03, 0.4, rng)
        assert sum(lengths) == 1
        if len(lengths) == 2:
            pairs += 1
            where[lengths.index(1)] += 1
    assert is_likely(where[0], pairs, 0.5)
    # P(two spans) = e^-0.4 (1 - e^-0.4): one empty, then one that is not
    assert is_likely(pairs, n, math.exp(-0.4) * (1 - math.exp(-0.4)))


@given(st.integers(1, 30), st.floats(0.01, 0.99), st.sampled_from([0.1, 1, 3, 20]), st.integers(0, 9))
def test_any_poisson_spans_have_room(length, rate, mean, seed):
    rng = np.random.default_rng(seed)
    lengths = poisson_spans(length, rate, mean, rng)
    assert sum(lengths) == math.ceil(rate * length)
    spans = spread(lengths, length, rng)
    assert [after - begin for begin, after in spans] == lengths
    assert all(after < begin for (_, after), (begin, _) in zip(spans, spans[1:]))
    assert all(0 <= begin <= after <= length for begin, after in spans)


def test_gaps_are_equally_likely():
    rng, n = np.random.default_rng(4), 4_000
    # a span of 2 and an empty one among 2 tokens kept: 3 choose 2 gaps
    drawn = Counter(tuple(spread([2, 0], 4, rng)) for _ in range(n))
    assert drawn.keys() == {((0, 2), (3, 3)), ((0, 2), (4, 4)), ((1, 3), (4, 4))}
    assert all(is_likely(count, n, 1 / 3) for count in drawn.values())


@given(st.integers(1, 25), st.floats(0.01, 0.99), st.integers(0, 9))
def test_infilling_leaves_the_rest_in_order(length, rate, seed):
    text = list(range(length))
    found = infill(text, -1, np.random.default_rng(seed), rate)
    kept = [token for token in found if token != -1]
    assert kept == sorted(kept)
    assert len(kept) == length - math.ceil(rate * length)
    assert all({a, b} != {-1} for a, b in zip(found, found[1:]))  # no two masks in a row


def test_infilling_by_hand():
    text, seen = [10, 11, 12, 13], set()
    rng = np.random.default_rng(5)
    for _ in range(3_000):
        seen.add(tuple(infill(text, 0, rng, 0.25, 1)))
    # one token is missing, at one mask; and further masks may have been put in, apart from it
    assert (0, 11, 12, 13) in seen
    assert (10, 11, 0, 13) in seen
    assert (0, 10, 0, 12, 13) in seen
    assert (0, 10, 0, 12, 0, 13) in seen
    assert all(sum(token != 0 for token in spoilt) == 3 for spoilt in seen)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: even_spans(1, 0.5, 3, rng), "length=1"),
        (lambda rng: even_spans(5, 0, 3, rng), "rate=0 "),
        (lambda rng: even_spans(5, 0.5, 0.5, rng), "mean_span=0.5 is too short; use 1"),
        (lambda rng: poisson_spans(5, 1, 3, rng), "rate=1 "),
        (lambda rng: poisson_spans(5, 0.5, 0, rng), "mean_span=0 is too short; use more than 0"),
        (lambda rng: spread([1, 1, 1], 4, rng), "3 spans cannot stand apart among 1 tokens"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
