"""Was a test in the training text? What can be found by looking for the same words in a row.

Source: the appendix of Brown et al. (2020), who look for runs of 13 words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lmcourse.model import check_whole


def runs(text: str, n: int) -> set[tuple[str, ...]]:
    """All runs of n words of a text, in lower case and without punctuation. Raises ValueError for n below 1.

    >>> sorted(runs("To be, or not to be", 3))
    [('be', 'or', 'not'), ('not', 'to', 'be'), ('or', 'not', 'to'), ('to', 'be', 'or')]
    """
    check_whole(n, "n")
    words = re.findall(r"\w+(?:'\w+)*", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def overlaps(items: Iterable[str], training: str, n: int) -> list[bool]:
    """Whether each item shares a run of n words with the training text; a shorter item never does."""
    known = runs(training, n)
    return [not known.isdisjoint(runs(item, n)) for item in items]
