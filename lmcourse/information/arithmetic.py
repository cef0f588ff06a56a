"""Arithmetic coding, by which any language model compresses.

The sender and the receiver run the same model. At each token it divides what is left of an interval among
all tokens, in proportion to their probabilities; the token that comes says which part to keep. A number
inside the last interval names the whole text, in about -log2 p(text) bits: the better the model, the
shorter the file.

First on paper, with exact fractions. Then for use: the interval is a pair of integers, and bits leave as soon
as they are certain, so that a text of any length streams through. Source: Witten, Neal and Cleary (1987),
whose coder this is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice

import numpy as np

from lmcourse.model import LanguageModel, Tokens

REGISTER = 96  # bits of the interval's ends
TOTAL = 1 << 60  # what the whole numbers of a distribution sum to, nearly; so p has at least 2^-60
TOP, HALF, QUARTER = (1 << REGISTER) - 1, 1 << (REGISTER - 1), 1 << (REGISTER - 2)


class CorruptError(ValueError):
    """What was to be decompressed is not what was compressed."""


# ---------- arithmetic coding on paper: exact fractions ----------


def intervals(model: LanguageModel, tokens: Tokens) -> list[tuple[Fraction, Fraction]]:
    """The interval [low, high) before the first token and after each, exactly: L + 1 pairs.

    The last one is as wide as the text is probable. Tokens share an interval in the order of their ids.
    """
    low, width = Fraction(0), Fraction(1)
    found, reader = [(low, low + width)], model.reader()
    for token in model.ids(tokens):
        probs = [Fraction(p) for p in np.exp(reader.log_probs()[0]).tolist()]
        total = sum(probs)  # floats sum to one only nearly
        low += width * sum(probs[:token], Fraction(0)) / total
        width *= probs[token] / total
        found.append((low, low + width))
        reader.read([token])
    return found


def shortest_bits(low: Fraction, high: Fraction) -> str:
    """The fewest bits b such that every number 0.b… lies in [low, high); fewer than 2 - log2(width).

    >>> shortest_bits(Fraction(3, 8), Fraction(3, 4))  # 0.10… is from 1/2 up to 3/4
    '10'
    """
    if not 0 <= low < high <= 1:
        raise ValueError(f"[{low}, {high}) is no interval within [0, 1) that holds a number")
    size = 0
    while True:
        first = -((-low * 2**size) // 1)  # the first multiple of 2^-size that is not below low
        if (first + 1) <= high * 2**size:
            return f"{int(first):0{size}b}" if size else ""
        size += 1


# ---------- arithmetic coding for use: integers ----------


def frequencies(log_probs: np.ndarray) -> np.ndarray:
    """Whole numbers (V,) in proportion to probabilities: at least 1 where p > 0, and 0 where p = 0.

    Raises ValueError if no token is possible.
    """
    probs = np.exp(log_probs)
    if not np.any(probs > 0):
        raise ValueError("the model calls what was said so far impossible, so it cannot say what follows")
    return np.where(log_probs > -np.inf, (probs * (TOTAL - probs.size)).astype(np.int64) + 1, 0)


def write(steps: Iterable[tuple[int, int, int]]) -> Iterator[int]:
    """The coder: the bits that name the interval which is left after all steps, as soon as they are certain.

    Args:
        steps: (start, end, total) for each token: it takes [start, end) of what is shared out as [0, total).
    """
    # The register holds the ends of the interval from the first bit on that is not certain yet. Where they
    # close in on its middle from both sides, 0111… and 1000…, the next bit stays open however narrow they
    # get; but whichever it is, those after it will be its contrary. These are counted: they are waiting.
    low, high, waiting = 0, TOP, 0
    for start, end, total in steps:
        width = high - low + 1
        low, high = low + width * start // total, low + width * end // total - 1
        while True:
            if high < HALF or low >= HALF:
                bit = int(low >= HALF)
                yield bit
                for _ in range(waiting):
                    yield 1 - bit
                waiting = 0
                low, high = low - bit * HALF, high - bit * HALF
            elif low >= QUARTER and high < HALF + QUARTER:
                waiting += 1  # the interval straddles the middle: the next two bits are 01 or 10
                low, high = low - QUARTER, high - QUARTER
            else:
                break
            low, high = 2 * low, 2 * high + 1
    bit = int(low >= QUARTER)  # any number of a quarter of the register that lies within [low, high]
    yield bit
    for _ in range(waiting + 1):
        yield 1 - bit


class BitReader:
    """The decoder's side of `write`: follows the same steps, and finds out at each where the number lies.

    Args:
        bits: that `write` has given, and anything after them.

    Raises CorruptError, when asked on, if the bits ended long ago.
    """

    def __init__(self, bits: Iterable[int]):
        self._bits = iter(bits)
        self._missing = 0  # zeros made up after the end; `write` leaves fewer than a register unsaid
        self._low, self._high, self._value = 0, TOP, 0
        for _ in range(REGISTER):
            self._value = 2 * self._value + self._next()

    def _next(self) -> int:
        bit = next(self._bits, None)
        if bit is None:
            self._missing += 1
            if self._missing > REGISTER:
                raise CorruptError("the compressed data end too early: some of them are missing")
            return 0
        return bit

    def where(self, total: int) -> int:
        """The point of [0, total) at which the number lies."""
        return ((self._value - self._low + 1) * total - 1) // (self._high - self._low + 1)

    def take(self, start: int, end: int, total: int) -> None:
        """Go into the part [start, end) of [0, total), as the writer did."""
        low, high, value = self._low, self._high, self._value
        width = high - low + 1
        low, high = low + width * start // total, low + width * end // total - 1
        while True:
            if high < HALF or low >= HALF:
                shift = HALF if low >= HALF else 0
            elif low >= QUARTER and high < HALF + QUARTER:
                shift = QUARTER
            else:
                break
            low, high, value = 2 * (low - shift), 2 * (high - shift) + 1, 2 * (value - shift) + self._next()
        self._low, self._high, self._value = low, high, value


def encode(model: LanguageModel, tokens: Tokens) -> bytes:
    """A text as bytes, about -log2 p(text) bits of them. Neither the model nor the length is in them.

    Raises ValueError at a token to which the model gives probability zero: no bits can name it.
    """
    return bytes(_packed(write(_steps(model, model.ids(tokens)))))


def _steps(model: LanguageModel, ids: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """What each token takes of the whole that the model shares out at its turn."""
    reader = model.reader()
    for i, token in enumerate(ids):
        ends = np.cumsum(frequencies(reader.log_probs()[0]))
        start, end = int(ends[token - 1]) if token else 0, int(ends[token])
        if start == end:
            raise ValueError(
                f"token {i}, {model.vocab.tokens[token]!r}, has probability zero under the model, so no code "
                "can name it; use a model that calls nothing impossible"
            )
        yield start, end, int(ends[-1])
        reader.read([token])


def decode(model: LanguageModel, data: bytes, length: int) -> list[int]:
    """The first `length` token ids of what `encode` wrote with the same model.

    Raises CorruptError if the data are too short for them.
    """
    return list(islice(_tokens(model, data), length))


def _tokens(model: LanguageModel, data: bytes) -> Iterator[int]:
    """The token ids, one after another; they go on as long as they are asked for or the data last."""
    bits = BitReader((byte >> shift) & 1 for byte in data for shift in range(7, -1, -1))
    reader = model.reader()
    while True:
        ends = np.cumsum(frequencies(reader.log_probs()[0]))
        total = int(ends[-1])
        token = int(np.searchsorted(ends, bits.where(total), side="right"))
        yield token
        bits.take(int(ends[token - 1]) if token else 0, int(ends[token]), total)
        reader.read([token])


def _packed(bits: Iterable[int]) -> Iterator[int]:
    """Bits as bytes, the last one filled up with zeros."""
    byte = count = 0
    for bit in bits:
        byte, count = 2 * byte + bit, count + 1
        if count == 8:
            yield byte
            byte = count = 0
    if count:
        yield byte << (8 - count)
