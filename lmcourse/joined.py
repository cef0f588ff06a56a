"""Which things belong together, when they are joined one pair after another (union-find).

Each thing points at another one of its group, or at itself: then the group is named after it. To join two
groups is to let the name of one point at the other's.
"""

from __future__ import annotations


def root(parent: list[int], i: int) -> int:
    """Whom the group of `i` is named after. Halves the way there for the next question.

    >>> parent = [0, 0, 1, 2]
    >>> root(parent, 3), parent
    (0, [0, 0, 1, 1])
    """
    while parent[i] != i:
        parent[i] = i = parent[parent[i]]
    return i
