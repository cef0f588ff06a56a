"""How much information is in a letter of English? Shannon's two ways of 1951, and the figures he found.

Counting N letters at a time gives the entropies F_N; letting people guess the next letter until they are
right gives bounds for contexts that no count can reach. Both speak of text reduced to 27 symbols: the
letters, all alike in case, and the space. Any language model can sit in the guesser's chair.
Source: Shannon (1951), "Prediction and entropy of printed English".
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lmcourse.model import LanguageModel, Tokens
from lmcourse.tables import TABLES

LETTERS = " abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Figure:
    """What Shannon (1951) found, in bits per symbol, for blocks of so many symbols; None: not given."""

    symbols: int  # N: the symbol that is sought and the N - 1 before it; 0: nothing is known
    counted: float | None  # F_N, from tables of letter frequencies, for 27 symbols
    guessed_at_least: float | None  # bounds from one person's guesses, his table I and figure 4
    guessed_at_most: float | None


def figures() -> list[Figure]:
    """Shannon's figures for English in 27 symbols, for N = 0 to 15 and 100."""
    path = TABLES / "shannon1951.csv"
    with path.open(encoding="utf-8") as lines:
        return [
            Figure(int(symbols), *(float(bits) if bits else None for bits in row))
            for symbols, *row in list(csv.reader(lines))[1:]
        ]


def letters(text: str) -> str:
    """A text in 27 symbols: accents dropped, letters in lower case, anything else a single space.

    >>> letters("What's in a name? Café!")
    'what s in a name cafe'
    """
    plain = unicodedata.normalize("NFD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub("[^a-z]+", " ", plain.lower()).strip()


def ngram_entropies(text: str, longest: int) -> list[float]:
    """[F_0, F_1, …] in bits: the entropy of a symbol, when 0, 1, … of them are looked at, itself included.

    F_0 is the logarithm of the number of different symbols in the text. F_N for N ≥ 1 is the mean surprise of
    a symbol for one who knows the N - 1 before it, H(N-gram) - H((N-1)-gram), with the text's own shares as
    probabilities. The text is read as a circle, so that every symbol has N - 1 before it: then F_N is never
    negative and never rises with N. These are true of the text; they fall below the language's as soon as
    N-grams are rare.

    Raises ValueError if the text has fewer than `longest` symbols.
    """
    if len(text) < max(longest, 1):
        raise ValueError(f"the text has {len(text)} symbols, too few for n-grams of longest={longest}")
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    symbols, ids = np.unique(points, return_inverse=True)
    found, before = [math.log2(len(symbols))], 0.0
    codes = np.zeros(len(ids), dtype=np.int64)  # one number for the n-gram that begins at each place
    for n in range(1, longest + 1):
        if codes.max() >= 2**62 // len(symbols):  # the next step might overflow: number the n-grams anew
            codes = np.unique(codes, return_inverse=True)[1]
        codes = codes * len(symbols) + np.roll(ids, 1 - n)
        counts = np.unique(codes, return_counts=True)[1]
        block = math.log2(len(text)) - float(counts @ np.log2(counts)) / len(text)
        found.append(max(0.0, block - before))  # rounding may leave -1e-15
        before = block
    return found


def guess_ranks(model: LanguageModel, tokens: Tokens) -> list[int]:
    """Shannon's "reduced text": at which guess the model finds each token, if it names the likeliest first.

    Equally likely tokens are named in the order of their ids. Raises ValueError where the model calls what it
    has read impossible, so that it has no guess.
    """
    ranks, reader = [], model.reader()
    for token in model.ids(tokens):
        ranks.append(int(np.flatnonzero(_guesses(reader.log_probs()[0]) == token)[0]) + 1)
        reader.read([token])
    return ranks


def follow_ranks(model: LanguageModel, ranks: Sequence[int]) -> list[int]:
    """What `guess_ranks` was given, as token ids, by the same model: Shannon's "identical twin".

    Raises ValueError for a rank that is not from 1 to V.
    """
    found, reader = [], model.reader()
    for rank in ranks:
        if not 1 <= rank <= model.vocab_size:
            raise ValueError(f"rank {rank} is not from 1 to {model.vocab_size}, the number of tokens")
        found.append(int(_guesses(reader.log_probs()[0])[rank - 1]))
        reader.read(found[-1:])
    return found


def _guesses(log_probs: np.ndarray) -> np.ndarray:
    """Token ids (V,) in the order in which they are named."""
    if not np.any(log_probs > -np.inf):
        raise ValueError("the model calls what was said so far impossible, so it has no guess")
    return np.argsort(-log_probs, kind="stable")


def guess_bounds(counts: Mapping[int, int] | Sequence[int]) -> tuple[float, float]:
    """Bounds of the entropy per symbol, in bits, from how many guesses it took to find the next one.

    If a share q_i of the symbols was found at the i-th guess, and the guesser always names the more probable
    symbol first, the entropy lies between Σ i (q_i - q_{i+1}) log2 i and -Σ q_i log2 q_i.
    Source: Shannon (1951), equation 17.

    Args:
        counts: how many symbols were found at the first guess, the second, …; or a mapping from 1, 2, … to
            how many.

    Returns:
        (lower bound, upper bound). The upper bound holds for any guesser whose guesses follow from what was
        read, the lower one for an ideal guesser only. Shares that grow with i, by chance or from a guesser
        who is not ideal, are sorted first.

    >>> guess_bounds([3, 1])  # of four symbols, three at the first guess
    (0.5, 0.8112781244591328)
    """
    values = list(counts.values()) if isinstance(counts, Mapping) else list(counts)
    if any(n < 0 for n in values) or not sum(values):
        raise ValueError(f"counts={counts!r} must hold at least one guess, and none may be negative")
    q = [n / sum(values) for n in sorted(values, reverse=True)]
    upper = -sum(p * math.log2(p) for p in q if p)
    lower = sum(i * (p - after) * math.log2(i) for i, (p, after) in enumerate(zip(q, [*q[1:], 0.0]), 1))
    return lower, upper
