"""Huffman's code: one word of bits for each symbol, none the beginning of another. Source: Huffman (1952)."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from lmcourse.model import check_distribution


def huffman(probs: Mapping[str, float]) -> dict[str, str]:
    """The shortest code that gives each symbol its own word of bits, none the beginning of another.

    The two rarest symbols differ in their last bit only; glue them into one and repeat. Of equally rare ones
    those are taken that have stood longest; the more probable of the two gets the 0.

    Args:
        probs: probability of each symbol, at least two symbols.

    >>> huffman({"a": 0.5, "b": 0.25, "c": 0.125, "d": 0.125})
    {'a': '0', 'b': '10', 'c': '110', 'd': '111'}
    """
    check_distribution(list(probs.values()))
    if len(probs) < 2:
        raise ValueError("a code needs at least two symbols: a single one needs no bits at all")
    heap = [(p, order, [symbol]) for order, (symbol, p) in enumerate(probs.items())]
    heapq.heapify(heap)
    words = dict.fromkeys(probs, "")
    for order in range(len(probs), 2 * len(probs) - 1):
        rarest = [heapq.heappop(heap), heapq.heappop(heap)]
        rarest.sort(key=lambda item: -item[0])
        for bit, (_, _, symbols) in zip("01", rarest):
            for symbol in symbols:
                words[symbol] = bit + words[symbol]
        heapq.heappush(heap, (rarest[0][0] + rarest[1][0], order, rarest[0][2] + rarest[1][2]))
    return words


def mean_length(words: Mapping[str, str], probs: Mapping[str, float]) -> float:
    """Mean bits per symbol of a code, under the distribution of what is sent."""
    return sum(p * len(words[symbol]) for symbol, p in probs.items())


def read_code(bits: str, words: Mapping[str, str]) -> list[str]:
    """The symbols that a string of bits spells. Raises ValueError if it ends within a codeword."""
    symbols = {word: symbol for symbol, word in words.items()}
    found, start = [], 0
    for end in range(1, len(bits) + 1):
        if bits[start:end] in symbols:
            found.append(symbols[bits[start:end]])
            start = end
    if start < len(bits):
        raise ValueError(f"the bits end within a codeword: {bits[start:]!r} is left over")
    return found
