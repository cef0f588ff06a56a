"""How much of a text was said before: in itself, as n-grams that come again, or in a source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmcourse.model import check_whole


def repetition_rate(tokens: Sequence, n: int = 4) -> float:
    """Share of the n-grams of a sequence that occurred earlier in it: 0 = never repeats, near 1 = a parrot.

    >>> repetition_rate(["a", "b", "a", "b", "a"], n=2)  # ab, ba, AB, BA
    0.5
    """
    return 1 - distinct_n(tokens, n)


def distinct_n(tokens: Sequence, n: int = 2) -> float:
    """Different n-grams over all n-grams of a sequence. ValueError if it is too short.

    Li et al. (2016) divide by the number of tokens instead, which differs by n - 1.
    """
    n = check_whole(n, "n")
    if len(tokens) < n:
        raise ValueError(
            f"a sequence of {len(tokens)} tokens has no {n}-gram; use a smaller n or a longer text"
        )
    ngrams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return len(set(ngrams)) / len(ngrams)


def longest_copied(said: Sequence[int], source: np.ndarray) -> int:
    """How many tokens the longest run of a text has that stands, token for token, in a source.

    Args:
        said: token ids (L,).
        source: token ids (N,).

    >>> longest_copied([7, 1, 2, 9], np.array([0, 1, 2, 3, 4, 9]))
    2
    """
    source = np.append(source, -1)  # no token: there every run ends
    where = {token: np.flatnonzero(source == token) for token in set(said)}
    best = 0
    for start in range(len(said)):
        places = where[said[start]]  # where the run from here stands in the source, as it grows
        length = 0
        while places.size:
            length += 1
            if start + length == len(said):
                break
            places = places[source[places + length] == said[start + length]]
        best = max(best, length)
    return best
