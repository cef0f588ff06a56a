"""Groups that are joined pair by pair: each has one name, and nothing is joined that was not."""

import numpy as np

from lmcourse.joined import root


def test_groups_are_those_of_a_search_along_the_pairs():
    rng = np.random.default_rng(0)
    n, pairs = 60, rng.integers(60, size=(40, 2)).tolist()
    parent = list(range(n))
    for i, j in pairs:
        parent[root(parent, i)] = root(parent, j)
    group = np.arange(n)  # by the slow way: whole groups are renamed
    for i, j in pairs:
        group[group == group[i]] = group[j]
    same = np.array([root(parent, i) for i in range(n)])
    assert ((same[:, None] == same) == (group[:, None] == group)).all()


def test_a_long_way_is_halved():
    parent = [0, *range(9)]
    assert root(parent, 9) == 0
    assert parent[9] == 7
