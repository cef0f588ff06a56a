"""Is a written answer the right one? Rules that compare it with the expected text, from strict to generous.

Each maps what was said and what is expected to True or False. None understands anything: a generous rule
forgives more of what does not matter, and also more of what does.

Source: the second rule's steps are those of SQuAD (Rajpurkar et al. 2016).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable


def normalised(text: str) -> str:
    """In lower case, without punctuation, articles and superfluous blanks.

    What a mark joined is one word then, as in SQuAD: *Porto-Novo* is *portonovo*, not *Porto Novo*.

    >>> normalised(" The  Answer: 'Paris'.")
    'answer paris'
    """
    kept = "".join(letter for letter in text.lower() if not unicodedata.category(letter).startswith("P"))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def exact(said: str, expected: str) -> bool:
    """Letter for letter, but for blanks at either end."""
    return said.strip() == expected.strip()


def alike(said: str, expected: str) -> bool:
    """The same when both are `normalised`."""
    return normalised(said) == normalised(expected)


def begins(said: str, expected: str) -> bool:
    """What was said begins with what is expected, both `normalised`, word for word.

    What has no words left, such as *The*, is only what has none, either.
    """
    words, wanted = normalised(said).split(), normalised(expected).split()
    return words[: len(wanted) or None] == wanted


def contains(said: str, expected: str) -> bool:
    """What is expected stands somewhere in what was said, both `normalised`, word for word.

    What has no words left, such as *The*, stands only in what has none, either.
    """
    words, wanted = normalised(said).split(), normalised(expected).split()
    if not wanted:
        return not words
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


RULES: dict[str, Callable[[str, str], bool]] = {
    "exact": exact,
    "normalised": alike,
    "begins with": begins,
    "contains": contains,
}
