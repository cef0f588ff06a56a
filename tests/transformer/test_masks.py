"""Masks by hand, by their definition in loops, and their errors."""

import numpy as np
import pytest

from lmcourse.transformer.masks import causal, everything, prefix, two_streams


def loops(length, sees):
    return np.array([[sees(i, j) for j in range(length)] for i in range(length)])


@pytest.mark.parametrize("length", [1, 2, 7])
def test_masks_are_their_definitions(length):
    assert np.array_equal(everything(length), loops(length, lambda i, j: True))  # noqa: ARG005
    assert np.array_equal(causal(length), loops(length, lambda i, j: j <= i))
    for known in range(length + 1):
        expected = loops(length, lambda i, j, n=known: j <= i or j < n)
        assert np.array_equal(prefix(length, known), expected)
    assert np.array_equal(prefix(length, 0), causal(length))
    assert np.array_equal(prefix(length, length), everything(length))


def test_one_prefix_for_each_text():
    together = prefix(4, [0, 3, 1])
    assert together.shape == (3, 4, 4)
    for mask, known in zip(together, [0, 3, 1]):
        assert np.array_equal(mask, prefix(4, known))


def test_the_two_streams_of_four_places_by_hand():
    # an order of the paper's figures, 3 -> 2 -> 4 -> 1, here counted from 0
    content, query = two_streams(np.array([2, 1, 3, 0]))
    # 0 is last: it sees all. 1 comes after 2. 2 is first. 3 comes after 2 and 1.
    assert content.astype(int).tolist() == [[1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 1, 0], [0, 1, 1, 1]]
    assert query.astype(int).tolist() == [[0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 1, 0]]


def test_left_to_right_is_one_of_the_orders():
    content, query = two_streams(np.stack([np.arange(5), np.arange(5)[::-1]]))
    assert np.array_equal(content[0], causal(5))
    assert np.array_equal(query[0], np.tril(np.ones((5, 5), bool), -1))
    assert np.array_equal(content[1], causal(5).T)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: causal(0), "length=0"),
        (lambda: everything(2.5), "length=2.5"),
        (lambda: prefix(3, 4), "known=4 must be whole numbers from 0 to 3"),
        (lambda: prefix(3, [1, -1]), r"known=\[1, -1\]"),
        (lambda: two_streams(np.array([0, 0, 2])), r"each place 0 … T - 1 once; got \[0, 0, 2\]"),
        (lambda: two_streams(np.array([1, 2, 3])), "each place"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
