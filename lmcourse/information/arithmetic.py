"""Arithmetic coding, by which any language model compresses.

The sender and the receiver run the same model. At each token it divides what is left of an interval among
all tokens, in proportion to their probabilities; the token that comes says which part to keep. A number
inside the last interval names the whole text, in about -log2 p(text) bits: the better the model, the
shorter the file.

First on paper, with exact fractions. Then for use: the interval is a pair of integers, and bits leave as soon
as they are certain, so that a text of any length streams through. Source: Witten, Neal and Cleary (1987),
whose coder this is.

Instead of a language model, everything here also takes exact probabilities: a function from a context, a
tuple of token ids, to whole numbers or fractions (V,) in proportion to which the tokens share an interval.

>>> decode(lambda context: [2, 1, 1], encode(lambda context: [2, 1, 1], [0, 2, 1]), 3)
[0, 2, 1]
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, islice
from numbers import Rational

import numpy as np

from lmcourse.model import LanguageModel, Tokens

REGISTER = 96  # bits of the interval's ends
TOTAL = 1 << 60  # what the whole numbers of a distribution sum to, nearly; so p has at least 2^-60
TOP, HALF, QUARTER = (1 << REGISTER) - 1, 1 << (REGISTER - 1), 1 << (REGISTER - 2)

Exact = Callable[[tuple[int, ...]], Sequence[Rational]]  # a context to whole numbers or fractions (V,)
Model = LanguageModel | Exact
Ends = Generator[list, int | None, None]  # where each token's part ends, (V,); is sent the token that came


class CorruptError(ValueError):
    """What was to be decompressed is not what was compressed."""


# ---------- who takes which part of an interval ----------


def frequencies(log_probs: np.ndarray) -> np.ndarray:
    """Whole numbers (V,) in proportion to probabilities: at least 1 where p > 0, and 0 where p = 0.

    Raises ValueError if no token is possible.
    """
    probs = np.exp(log_probs)
    if not np.any(probs > 0):
        raise ValueError("the model calls what was said so far impossible, so it cannot say what follows")
    return np.where(log_probs > -np.inf, (probs * (TOTAL - probs.size)).astype(np.int64) + 1, 0)


def steps_of(model: Model, tokens: Tokens) -> Iterator[tuple[int, int, int]]:
    """What each token takes of the whole that the model shares out at its turn, as `write` wants it.

    Args:
        model: a language model, or exact probabilities.
        tokens: a text or ids; ids, if the probabilities are exact.

    Yields (start, end, total) for each token: it takes [start, end) of [0, total).
    Raises ValueError at a token to which the model gives probability zero, and for exact probabilities whose
    common denominator does not fit into the register.
    """
    return _parts(model, _ends(model, lambda row: np.cumsum(frequencies(row)).tolist()), tokens)


def _parts(model: Model, shared: Ends, tokens: Tokens) -> Iterator[tuple]:
    """(start, end, total) of each token, given the ends of all parts before each."""
    exact, before = not isinstance(model, LanguageModel), None
    if exact and isinstance(tokens, str):
        raise ValueError(f"{tokens!r} is a text, and exact probabilities know no tokens; give ids")
    for i, token in enumerate(tokens if exact else model.ids(tokens)):
        ends = shared.send(before)
        if not 0 <= token < len(ends):
            raise ValueError(f"token {i}, {token}, is not among the {len(ends)} that have a probability")
        start, end = (ends[token - 1] if token else 0), ends[token]
        if start == end:
            name = token if exact else model.vocab.tokens[token]
            raise ValueError(
                f"token {i}, {name!r}, has probability zero under the model, so no code "
                "can name it; use a model that calls nothing impossible"
            )
        yield start, end, ends[-1]
        before = token


def _ends(model: Model, of_row: Callable[[np.ndarray], list], widest: int | None = QUARTER) -> Ends:
    """Where each token's part ends, before each token: by `of_row` from a language model's log-probabilities.

    Exact probabilities become the smallest whole numbers in their proportion, of a sum up to `widest`.
    """
    if isinstance(model, LanguageModel):
        reader = model.reader()
        while True:
            token = yield of_row(reader.log_probs()[0])
            reader.read([token])
    context: tuple[int, ...] = ()
    while True:
        context += ((yield list(accumulate(_whole_numbers(model(context), widest)))),)


def _whole_numbers(probs: Sequence[Rational], widest: int | None) -> list[int]:
    """The smallest whole numbers in the proportion of exact probabilities.

    >>> _whole_numbers([Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)], None)
    [3, 2, 1]
    """
    for p in probs:
        if not isinstance(p, Rational) or p < 0:
            raise ValueError(f"{p!r} is no exact probability; give whole numbers or fractions, 0 or more")
    common = math.lcm(*(p.denominator for p in probs))
    found = [p.numerator * (common // p.denominator) for p in probs]
    divisor = math.gcd(*found)
    if not divisor:
        raise ValueError("the model calls what was said so far impossible, so it cannot say what follows")
    found = [n // divisor for n in found]
    if widest is not None and sum(found) > widest:
        raise ValueError(
            f"the exact probabilities have a common denominator of {sum(found).bit_length()} bits, and the "
            f"register can share out {widest.bit_length() - 1}; round them to smaller whole numbers"
        )
    return found


# ---------- arithmetic coding on paper: exact fractions ----------


def intervals(model: Model, tokens: Tokens) -> list[tuple[Fraction, Fraction]]:
    """The interval [low, high) before the first token and after each, exactly: L + 1 pairs.

    The last one is as wide as the text is probable. Tokens share an interval in the order of their ids.

    Args:
        model: a language model (its floats are taken as the fractions that they are), or exact probabilities.
        tokens: a text or ids; ids, if the probabilities are exact.

    Raises ValueError at a token of probability zero.

    >>> intervals(lambda context: [2, 1, 1], [0, 2])[-1]
    (Fraction(3, 8), Fraction(1, 2))
    """
    low, width = Fraction(0), Fraction(1)
    found = [(low, low + width)]
    shared = _ends(model, lambda row: list(accumulate(map(Fraction, np.exp(row).tolist()))), None)
    for start, end, total in _parts(model, shared, tokens):  # floats sum to one only nearly
        low, width = low + width * start / total, width * (end - start) / total
        found.append((low, low + width))
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


def narrow(low: int, high: int, start: int, end: int, total: int) -> tuple[int, int, list[int]]:
    """Keep the part [start, end) of [0, total) of the register's interval, and double it while it can be.

    The register holds the ends of the interval, both included, from the first bit on that is not certain yet.
    An interval within the lower or the upper half has its next bit certain: 0 or 1. One within the middle
    half, from 0111… to 1000…, may get narrower and narrower with the bit still open, so it is doubled about
    the middle; the bit after the open one will be its contrary.

    Returns low and high, and what each doubling first took off: 0, HALF or, in the middle, QUARTER.
    """
    width = high - low + 1
    low, high = low + width * start // total, low + width * end // total - 1
    taken = []
    while True:
        if high < HALF:
            taken.append(0)
        elif low >= HALF:
            taken.append(HALF)
        elif low >= QUARTER and high < HALF + QUARTER:
            taken.append(QUARTER)
        else:
            return low, high, taken
        low, high = 2 * (low - taken[-1]), 2 * (high - taken[-1]) + 1


def write(steps: Iterable[tuple[int, int, int]]) -> Iterator[int]:
    """The coder: the bits that name the interval which is left after all steps, as soon as they are certain.

    Args:
        steps: (start, end, total) for each token: it takes [start, end) of what is shared out as [0, total).
    """
    low, high, waiting = 0, TOP, 0
    for step in steps:
        low, high, taken = narrow(low, high, *step)
        for amount in taken:
            if amount == QUARTER:
                waiting += 1  # for the next bit, to be its contrary
            else:
                bit = int(amount == HALF)
                yield from (bit, *[1 - bit] * waiting)
                waiting = 0
    bit = int(low >= QUARTER)  # any number of a quarter of the register that lies within [low, high]
    yield from (bit, *[1 - bit] * (waiting + 1))


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
        self._low, self._high, taken = narrow(self._low, self._high, start, end, total)
        for amount in taken:
            self._value = 2 * (self._value - amount) + self._next()


def encode(model: Model, tokens: Tokens) -> bytes:
    """A text as bytes, about -log2 p(text) bits of them. Neither the model nor the length is in them.

    Args and errors are those of `steps_of`.
    """
    return bytes(_packed(write(steps_of(model, tokens))))


def decode(model: Model, data: bytes, length: int) -> list[int]:
    """The first `length` token ids of what `encode` wrote with the same model.

    Raises CorruptError if the data are too short for them.
    """
    return list(islice(_tokens(model, data), length))


def _tokens(model: Model, data: bytes) -> Iterator[int]:
    """The token ids, one after another; they go on as long as they are asked for or the data last."""
    bits = BitReader((byte >> shift) & 1 for byte in data for shift in range(7, -1, -1))
    shared = _ends(model, lambda row: np.cumsum(frequencies(row)).tolist())
    ends = next(shared)
    while True:
        token = bisect_right(ends, bits.where(ends[-1]))
        yield token
        bits.take(ends[token - 1] if token else 0, ends[token], ends[-1])
        ends = shared.send(token)


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
