"""Site percolation on a square lattice: when do occupied places join from top to bottom?

Sites are occupied one after another in a random order; a union-find structure knows at each moment which
belong together, so that one run serves every occupation. Left out: wrapping round the edges, other lattices.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lmcourse.joined import root
from lmcourse.model import check_whole

CRITICAL = 0.59274621  # p_c of an infinite lattice, ± 13 in the last two places: Newman and Ziff (2000)
NU = 4 / 3  # exponent of the correlation length in two dimensions, exactly


class Filling(NamedTuple):
    """One lattice, filled site by site."""

    spans_at: int  # how many sites were occupied when top and bottom first were joined
    largest: np.ndarray  # (N,), sites in the largest cluster after 1, 2, …, N were occupied


def neighbours(size: int) -> list[list[int]]:
    """Of each site, row by row, those above, below, left and right of it.

    >>> neighbours(2)
    [[2, 1], [3, 0], [0, 3], [1, 2]]
    """
    check_whole(size, "size")
    found = []
    for site in range(size * size):
        row, column = divmod(site, size)
        steps = (
            (row > 0, -size),
            (row < size - 1, size),
            (column > 0, -1),
            (column < size - 1, 1),
        )
        found.append([site + step for there, step in steps if there])
    return found


def fill(size: int, order: np.ndarray) -> Filling:
    """Occupy the sites of a lattice of `size` by `size` in the given order, all of them.

    Raises ValueError unless `order` names each site once.
    """
    count = size * size
    if sorted(np.asarray(order).tolist()) != list(range(count)):
        raise ValueError(f"order must name each of the {count} sites from 0 to {count - 1} once")
    parent, members = list(range(count)), [1] * count
    ends = [(site < size) + 2 * (site >= count - size) for site in range(count)]  # 1: top, 2: bottom, 3: both
    beside, occupied = neighbours(size), [False] * count
    largest, spans_at, most = np.empty(count, dtype=int), 0, 0
    for done, site in enumerate(np.asarray(order).tolist(), 1):
        occupied[site] = True
        reached = ends[site]
        for other in beside[site]:
            if occupied[other]:
                reached |= ends[root(parent, other)]
                _join(parent, members, root(parent, site), root(parent, other))
        ends[root(parent, site)] = reached
        most = max(most, members[root(parent, site)])
        largest[done - 1] = most
        if not spans_at and reached == 3:
            spans_at = done
    return Filling(spans_at, largest)


def _join(parent: list[int], members: list[int], a: int, b: int) -> None:
    """The smaller cluster joins the larger one."""
    if a == b:
        return
    small, large = sorted((a, b), key=members.__getitem__)
    parent[small] = large
    members[large] += members[small]


def at_occupation(by_count: np.ndarray, p: np.ndarray | float) -> np.ndarray:
    """What is expected at occupation p, from what is expected with exactly 0, 1, …, N sites occupied.

    Args:
        by_count: (N + 1,).
        p: probabilities that a site is occupied, (K,).

    Returns (K,): the mean over the binomial distribution. Source: Newman and Ziff (2000).
    """
    p = np.atleast_1d(np.asarray(p, dtype=float))
    if not ((p > 0) & (p < 1)).all():
        raise ValueError(f"p={p[~((p > 0) & (p < 1))][0]} must lie between 0 and 1, and be neither")
    n = len(by_count) - 1
    k = np.arange(n + 1)
    steps = np.log(np.arange(1, n + 1))
    log_choose = np.concatenate([[0.0], np.cumsum(steps[::-1] - steps)])  # of n things k, in logarithms
    return np.exp(log_choose + np.outer(np.log(p), k) + np.outer(np.log1p(-p), n - k)) @ by_count


def spanning(spans_at: np.ndarray, size: int, p: np.ndarray) -> np.ndarray:
    """Probability that top and bottom are joined at occupation p, (K,), from runs of one size."""
    spans_at = np.asarray(spans_at)
    by_count = (spans_at[:, None] <= np.arange(size * size + 1)).mean(axis=0)
    return at_occupation(by_count, p)


def clusters(grid: np.ndarray) -> np.ndarray:
    """Numbers the clusters of a lattice of booleans, (L, L): 0 where it is empty, then 1, 2, … by size."""
    grid = np.asarray(grid, dtype=bool)
    if grid.ndim != 2 or grid.shape[0] != grid.shape[1]:
        raise ValueError(f"the lattice has the shape {grid.shape}; it must be a square, (L, L)")
    size, flat = len(grid), grid.ravel()
    parent, members = list(range(size * size)), [1] * (size * size)
    for site, beside in enumerate(neighbours(size)):
        for other in beside:
            if flat[site] and flat[other]:
                _join(parent, members, root(parent, site), root(parent, other))
    names = np.array([root(parent, site) if flat[site] else -1 for site in range(size * size)])
    found, counts = np.unique(names[names >= 0], return_counts=True)
    rank = {int(name): i for i, name in enumerate(found[np.argsort(-counts, kind="stable")], 1)}
    return np.array([rank.get(int(name), 0) for name in names]).reshape(grid.shape)


def width(spans_at: np.ndarray, size: int) -> float:
    """How far the occupation at which a lattice first spans scatters: its standard deviation, as p is raised.

    With a uniform random number at each site, occupied once p exceeds it, p is then the k-th smallest of N
    such numbers, with k = `spans_at`: mean k / (N + 1), variance k (N + 1 - k) / ((N + 1)² (N + 2)). The
    variance of the means over runs and the mean of the variances add up. Finite-size scaling: for large
    lattices the width shrinks as size^(-1 / NU) = size^(-3/4).
    """
    k, n = np.asarray(spans_at, dtype=float), size**2
    within = (k * (n + 1 - k)).mean() / ((n + 1) ** 2 * (n + 2))
    return math.sqrt(np.var(k / (n + 1), ddof=1) + within)


def scaled(p: np.ndarray, size: int) -> np.ndarray:
    """The occupation, seen through the lattice's size: (p - p_c) size^(1 / NU)."""
    return (np.asarray(p) - CRITICAL) * math.pow(size, 1 / NU)
