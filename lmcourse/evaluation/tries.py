"""How probable is it that at least one of k tries is right? pass@k, from n tries of which c were right.

For whoever can tell which try it is: a program by its tests, a proof by a checker. Left out: choosing among
the tries where nobody can tell, such as by a majority.

Source: Chen et al. (2021), *Evaluating large language models trained on code*, equation 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmcourse.model import check_whole


def pass_at_k(counts: Sequence[int] | np.ndarray, n: int, k: int) -> np.ndarray:
    """The unbiased estimate, (items,): of all ways to take k of an item's n tries, those with a right one.

    1 - C(n - c, k) / C(n, k), as a product of k factors, none of which is large.

    Args:
        counts: c, how many of the n tries at each item were right, (items,).
        n: tries at each item.
        k: tries that are allowed, at most n.

    Raises ValueError for k above n, and for counts that are not between 0 and n.

    >>> pass_at_k([0, 1, 2], n=3, k=2).round(3).tolist()
    [0.0, 0.667, 1.0]
    """
    if check_whole(k, "k") > check_whole(n, "n"):
        raise ValueError(f"k={k} tries cannot be judged by n={n}; draw {k} or more")
    counts = np.asarray(counts)
    if counts.size and not 0 <= counts.min() <= counts.max() <= n:
        raise ValueError(f"counts from {counts.min()} to {counts.max()} must be between 0 and n={n}")
    taken = np.arange(k)
    # once all the wrong tries are taken, the next factor is 0, and those below it do not matter
    wrong = n - counts[:, None] - taken
    return 1 - (wrong / (n - taken)).prod(axis=1)


def naive(counts: Sequence[int] | np.ndarray, n: int, k: int) -> np.ndarray:
    """1 - (1 - c/n)**k, (items,): the share taken for the probability; too low on average unless k is 1."""
    return 1 - (1 - np.asarray(counts) / n) ** k
