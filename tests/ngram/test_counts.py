"""The trie of counts against a dictionary of tuples."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.ngram.counts import count_ngrams, find, join, numbered

texts = st.lists(st.lists(st.integers(0, 4), max_size=20), max_size=4)


@given(texts, st.integers(1, 5), st.sampled_from([None, 0, 4]))
def test_counts_equal_a_dictionary(texts, order, start):
    counts = count_ngrams(texts, 5, order, start)
    before = [] if start is None else [start]
    expected: Counter[tuple[int, ...]] = Counter()
    for text in texts:
        ids = [*before, *text]
        for end in range(len(before) + 1, len(ids) + 1):
            expected.update(tuple(ids[end - n : end]) for n in range(1, min(order, end) + 1))
    found = {
        tuple(ngram): int(count)
        for n in range(1, order + 1)
        for ngram, count in zip(counts.ngrams(n).tolist(), counts.levels[n].counts)
        if count
    }
    assert found == dict(expected)
    assert counts.levels[0].counts.tolist() == [sum(map(len, texts))]


@given(texts, st.integers(2, 5), st.sampled_from([None, 0]))
def test_parents_and_suffixes_are_what_they_say(texts, order, start):
    counts = count_ngrams(texts, 5, order, start)
    for n in range(2, order + 1):
        ngrams = counts.ngrams(n)
        np.testing.assert_array_equal(counts.ngrams(n - 1)[counts.parents(n)], ngrams[:, :-1])
        np.testing.assert_array_equal(counts.ngrams(n - 1)[counts.levels[n].suffix], ngrams[:, 1:])
        assert np.all(np.diff(counts.levels[n].keys) > 0)


def test_continuations_by_hand():
    # a b a b c: before a stood b, and the beginning; before b only a; before c only b. Before "ab" stood b,
    # and the beginning; "ba" and "bc" come after a.
    counts = count_ngrams([[0, 1, 0, 1, 2]], 3, 3).continuations()
    assert counts.levels[1].counts.tolist() == [2, 1, 1]
    assert counts.ngrams(2).tolist() == [[0, 1], [1, 0], [1, 2]]
    assert counts.levels[2].counts.tolist() == [2, 1, 1]
    assert counts.levels[3].counts.tolist() == [1, 1, 1]  # the longest keep their counts: aba, abc, bab
    # with a start token s = 3 before the text, "s a" is what nothing stands before; a has s and b before it
    counts = count_ngrams([[0, 1, 0, 1, 2]], 4, 3, start=3).continuations()
    assert counts.levels[1].counts.tolist() == [2, 1, 1, 0]
    assert dict(zip(map(tuple, counts.ngrams(2).tolist()), counts.levels[2].counts))[3, 0] == 1


@given(texts, texts, st.integers(1, 4))
def test_find_says_which_ngrams_were_counted(texts, others, order):
    counts = count_ngrams(texts, 5, order)
    ids, age = join(others)
    numbers = find([level.keys for level in counts.levels], 5, ids, age)
    for n in range(1, order + 1):
        known = {tuple(ngram): i for i, ngram in enumerate(counts.ngrams(n).tolist())}
        for i in range(len(ids)):
            expected = known.get(tuple(ids[i - n + 1 : i + 1].tolist()), -1) if age[i] >= n else -1
            assert numbers[n][i] == expected


@given(st.lists(st.integers(0, 50)))
def test_numbering_is_numpys_unique(keys):
    keys = np.array(keys, dtype=np.int64)
    for size in (51, 10**9):  # by marking, by sorting
        different, number = numbered(keys, size)
        expected = np.unique(keys, return_inverse=True)
        np.testing.assert_array_equal(different, expected[0])
        np.testing.assert_array_equal(number, expected[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0, 5]], 5, 2), "token ids must lie from 0 to 4; got 0 to 5"),
        (([[-1]], 5, 2), "token ids must lie from 0 to 4; got -1 to -1"),
        (([[0]], 5, 0), "order=0 must be a whole number, 1 or more"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        count_ngrams(*arguments)
