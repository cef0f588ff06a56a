"""Codes: Huffman's, a word for each symbol, and arithmetic coding, by which any language model compresses.

The sender and the receiver run the same model. At each token it divides what is left of an interval among
all tokens, in proportion to their probabilities; the token that comes says which part to keep. A number
inside the last interval names the whole text, in about -log2 p(text) bits: the better the model, the
shorter the file.

Here the interval is a pair of integers, and bits leave as soon as they are certain, so that a text of any
length streams through. Sources: Huffman (1952); Witten, Neal and Cleary (1987), whose coder this is.
"""

from __future__ import annotations

import hashlib
import heapq
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice

import numpy as np

from lmcourse.model import LanguageModel, Tokens, check_distribution

REGISTER = 96  # bits of the interval's ends
TOTAL = 1 << 60  # what the whole numbers of a distribution sum to, nearly; so p has at least 2^-60
TOP, HALF, QUARTER = (1 << REGISTER) - 1, 1 << (REGISTER - 1), 1 << (REGISTER - 2)

MAGIC = b"LMC2"
HEADER = struct.Struct(
    ">4s8sQII"
)  # magic, model's fingerprint, tokens, checksums of the text and of the file


class CorruptError(ValueError):
    """What was to be decompressed is not what was compressed."""


# ---------- one codeword for each symbol ----------


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


# ---------- arithmetic coding on paper: exact fractions ----------


def intervals(model: LanguageModel, tokens: Tokens) -> list[tuple[Fraction, Fraction]]:
    """The interval [low, high) before the first token and after each, exactly: L + 1 pairs.

    The last one is as wide as the text is probable. Tokens share an interval in the order of their ids.
    """
    low, width = Fraction(0), Fraction(1)
    found, reader = [(low, low + width)], model.reader()
    for token in model.ids(tokens):
        probs = [Fraction(p) for p in np.exp(reader.log_probs()).tolist()]
        total = sum(probs)  # floats sum to one only nearly
        low += width * sum(probs[:token], Fraction(0)) / total
        width *= probs[token] / total
        found.append((low, low + width))
        reader.read(token)
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
        ends = np.cumsum(frequencies(reader.log_probs()))
        start, end = int(ends[token - 1]) if token else 0, int(ends[token])
        if start == end:
            raise ValueError(
                f"token {i}, {model.vocab.tokens[token]!r}, has probability zero under the model, so no code "
                "can name it; use a model that calls nothing impossible"
            )
        yield start, end, int(ends[-1])
        reader.read(token)


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
        ends = np.cumsum(frequencies(reader.log_probs()))
        total = int(ends[-1])
        token = int(np.searchsorted(ends, bits.where(total), side="right"))
        yield token
        bits.take(int(ends[token - 1]) if token else 0, int(ends[token]), total)
        reader.read(token)


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


# ---------- files ----------


def fingerprint(model: LanguageModel) -> bytes:
    """8 bytes that tell models apart: a hash of the tokens, and of 16 predictions on the likeliest text."""
    name = repr((type(model).__name__, model.vocab.tokens))
    hashed = hashlib.sha256(name.encode("utf-8", "surrogatepass"))
    reader = model.reader()
    for _ in range(16):
        log_probs = reader.log_probs().astype(float)
        hashed.update(log_probs.tobytes())
        reader.read(int(log_probs.argmax()))
    return hashed.digest()[:8]


def compress(model: LanguageModel, text: str) -> bytes:
    """A text as a file's bytes: a header of 28 bytes, then the code of `encode`.

    Only the same model, on a machine that computes the same numbers, can restore it.
    Raises ValueError if the model has no tokens for it, or calls it impossible.
    """
    ids = model.ids(text)
    if model.vocab.decode(ids) != text:
        raise ValueError(
            "the model's tokens do not bring this text back (white space, perhaps, or an unknown word), so "
            "it could not be restored; use characters or bytes as tokens"
        )
    code = encode(model, ids)
    head = HEADER.pack(MAGIC, fingerprint(model), len(ids), _checksum(text), 0)[:-4]
    return head + struct.pack(">I", zlib.crc32(code, zlib.crc32(head))) + code


def decompress(model: LanguageModel, data: bytes, max_tokens: int = 100_000_000) -> str:
    """The text that `compress` was given, with the same model.

    Args:
        model: with which it was compressed.
        data: what `compress` returned.
        max_tokens: refuse to restore more than this.

    The file's checksum is looked at first, so that damage is found before anything is decoded; whoever forges
    it can still claim a long text, and `max_tokens` bounds the work.

    Raises CorruptError if the data are not `compress`'s, not whole, or changed; ValueError for another model.
    """
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise CorruptError("this is no file of lmcourse.compression.compress, or its beginning is missing")
    _, made_by, length, checksum, file_checksum = HEADER.unpack_from(data)
    code = data[HEADER.size :]
    if zlib.crc32(code, zlib.crc32(data[: HEADER.size - 4])) != file_checksum:
        raise CorruptError("the compressed data were changed on their way, or some of them are missing")
    if made_by != fingerprint(model):
        raise ValueError("the data were compressed with another model; restore them with the same one")
    if length > max_tokens:
        raise CorruptError(f"the data claim to be {length:,} tokens, over max_tokens={max_tokens:,}")
    text = model.vocab.decode(decode(model, code, length))
    if _checksum(text) != checksum:
        raise CorruptError(
            "the restored text does not have the checksum of the one that was compressed: the model is not "
            "quite the same, or this machine computes other numbers with it"
        )
    return text


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
