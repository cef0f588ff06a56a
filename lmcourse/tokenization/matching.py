"""Maximum matching: cut a text with a dictionary by taking, each time, the longest word that fits.

Greedy and fast, used for Chinese since the 1980s (Liang 1987). It looks at no counts and never goes back, so
it errs where a long word hides the right ones. What is in no dictionary comes out as single characters.
"""

from __future__ import annotations

from collections.abc import Collection


def longest_word(words: Collection[str]) -> int:
    """The length of the longest word. Raises ValueError for an empty dictionary or an empty word."""
    lengths = {len(word) for word in words}
    if not lengths or 0 in lengths:
        raise ValueError("a dictionary needs at least one word, and none may be empty")
    return max(lengths)


def forward_matching(text: str, words: Collection[str], longest: int | None = None) -> list[str]:
    """Cut from the left: the longest word of the dictionary that begins here, or one character.

    Args:
        text: without spaces between words.
        words: the dictionary, a set or a dict.
        longest: the length of its longest word; looked for if it is not given.

    >>> forward_matching("研究生命起源", {"研究", "研究生", "生命", "起源"})
    ['研究生', '命', '起源']
    """
    longest = longest or longest_word(words)
    found, start = [], 0
    while start < len(text):
        end = min(start + longest, len(text))
        while end > start + 1 and text[start:end] not in words:
            end -= 1
        found.append(text[start:end])
        start = end
    return found


def backward_matching(text: str, words: Collection[str], longest: int | None = None) -> list[str]:
    """Cut from the right: the longest word of the dictionary that ends here, or one character.

    Arguments as in `forward_matching`.

    >>> backward_matching("研究生命起源", {"研究", "研究生", "生命", "起源"})
    ['研究', '生命', '起源']
    """
    longest = longest or longest_word(words)
    found, end = [], len(text)
    while end > 0:
        start = max(end - longest, 0)
        while start < end - 1 and text[start:end] not in words:
            start += 1
        found.append(text[start:end])
        end = start
    return found[::-1]


def bidirectional_matching(text: str, words: Collection[str], longest: int | None = None) -> list[str]:
    """Both ways, and the better of the two: fewer words, then fewer single characters, then backward.

    Arguments as in `forward_matching`.

    >>> bidirectional_matching("研究生命起源", {"研究", "研究生", "生命", "起源"})
    ['研究', '生命', '起源']
    """
    longest = longest or longest_word(words)
    forward, backward = forward_matching(text, words, longest), backward_matching(text, words, longest)

    def cost(found: list[str]) -> tuple[int, int]:
        return len(found), sum(len(word) == 1 for word in found)

    return forward if cost(forward) < cost(backward) else backward
