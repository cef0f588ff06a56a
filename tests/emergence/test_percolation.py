from itertools import product

import numpy as np
import pytest

from lmcourse.emergence.percolation import (
    CRITICAL,
    at_occupation,
    clusters,
    fill,
    neighbours,
    scaled,
    spanning,
    width,
)


def flooded(grid):
    """The sites of each cluster, found by flooding: another way than union and find."""
    left, found = set(zip(*map(np.ndarray.tolist, np.nonzero(grid)))), []
    while left:
        sites, edge = set(), [left.pop()]
        while edge:
            row, column = edge.pop()
            sites.add((row, column))
            near = {(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)} & left
            left -= near
            edge.extend(near)
        found.append(sites)
    return found


def joined(grid):
    last = len(grid) - 1
    return any({0, last} <= {row for row, _ in sites} for sites in flooded(grid))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_spanning_is_that_of_all_lattices_enumerated(size):
    # Share of the lattices with n sites that span, of all 2^N lattices.
    n_sites = size * size
    spans, total = np.zeros(n_sites + 1), np.zeros(n_sites + 1)
    for bits in product([0, 1], repeat=n_sites):
        grid = np.array(bits).reshape(size, size)
        spans[sum(bits)] += joined(grid)
        total[sum(bits)] += 1
    rng = np.random.default_rng(0)
    runs = np.array([fill(size, rng.permutation(n_sites)).spans_at for _ in range(4000)])
    by_count = (runs[:, None] <= np.arange(n_sites + 1)).mean(axis=0)
    np.testing.assert_allclose(by_count, spans / total, atol=5 * 0.5 / 4000**0.5)  # five standard errors
    # and in p: 2 by 2 spans if either column is full, 1 - (1 - p²)²
    p = np.array([0.2, 0.5, 0.9])
    if size == 2:
        np.testing.assert_allclose(at_occupation(spans / total, p), 1 - (1 - p**2) ** 2)


@pytest.mark.parametrize("size", [2, 5, 9])
def test_each_moment_of_a_filling_is_as_flooding_finds_it(size):
    order = np.random.default_rng(size).permutation(size * size)
    filling = fill(size, order)
    grid = np.zeros(size * size, dtype=bool)
    for done, site in enumerate(order, 1):
        grid[site] = True
        square = grid.reshape(size, size)
        found = flooded(square)
        assert filling.largest[done - 1] == max(map(len, found))
        assert (done >= filling.spans_at) == joined(square)
        names = clusters(square)
        assert names.max() == len(found)
        assert {frozenset(zip(*np.nonzero(names == i))) for i in range(1, len(found) + 1)} == set(
            map(frozenset, found)
        )
        assert (np.diff(np.bincount(names.ravel())[1:]) <= 0).all()  # by falling size


def test_by_hand():
    # 0 1   occupied in the order 0, 3, 1, 2: {0}, {0} {3}, {0 1 3}, which reaches from top to bottom
    # 2 3
    filling = fill(2, np.array([0, 3, 1, 2]))
    assert filling.spans_at == 3
    assert filling.largest.tolist() == [1, 1, 3, 4]
    assert neighbours(3)[4] == [1, 7, 3, 5]
    assert fill(1, np.array([0])).spans_at == 1
    # 16^(3/4) = 8
    np.testing.assert_allclose(scaled(CRITICAL + 0.25, 16), 2.0)
    # means 4/17 and 8/17, variances 4 · 13 and 8 · 9 over 17² · 18 = 5202
    assert width(np.array([4, 8]), 4) == pytest.approx(((4 / 17) ** 2 / 2 + 62 / 5202) ** 0.5)
    # one site: p is uniform, standard deviation 1/√12
    assert width(np.array([1, 1]), 1) == pytest.approx(12**-0.5)


def test_means_over_the_binomial_distribution():
    # The number of sites itself: N p. A constant: itself, also for many sites.
    np.testing.assert_allclose(at_occupation(np.arange(26.0), [0.1, 0.7]), [2.5, 17.5])
    np.testing.assert_allclose(at_occupation(np.ones(4097), [0.001, 0.5927]), 1, rtol=1e-9)


def test_larger_lattices_jump_where_and_as_steeply_as_is_known():
    rng = np.random.default_rng(1)
    runs = {n: np.array([fill(n, rng.permutation(n * n)).spans_at for _ in range(300)]) for n in (8, 32)}
    assert width(runs[32], 32) / width(runs[8], 8) == pytest.approx(4**-0.75, rel=0.3)
    low, high = (spanning(runs[n], n, [0.5, 0.68]) for n in (8, 32))
    assert high[0] < low[0]
    assert high[1] > low[1]
    assert np.mean(runs[32] / 32**2) == pytest.approx(CRITICAL, abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fill(2, np.array([0, 1, 2, 2])), "each of the 4 sites from 0 to 3 once"),
        (lambda: at_occupation(np.ones(5), 0.0), "p=0.0 must lie between 0 and 1"),
        (lambda: clusters(np.ones((2, 3))), r"shape \(2, 3\); it must be a square"),
        (lambda: neighbours(0), "size"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
