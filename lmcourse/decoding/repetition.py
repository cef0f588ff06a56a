"""How repetitive a text is: shares of n-grams that come again."""

from __future__ import annotations

from collections.abc import Sequence

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
