"""Texts as rectangles of ids, for networks: special tokens, kinds of batches, filling up and moving by one.

`objectives` makes them. Left out: sorting texts by length, which would waste less on padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lmcourse.model import check_whole
from lmcourse.transformer.masks import causal

Texts = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Specials:
    """Tokens with a task, whose ids follow those of the words: a network needs `size` of them in all.

    Args:
        vocab_size: V, the number of words; theirs are the ids below.
        n_sentinels: one for each span of a text that is cut out, and one for the end.
    """

    vocab_size: int
    n_sentinels: int = 0

    def __post_init__(self) -> None:
        """Check both numbers."""
        check_whole(self.vocab_size, "vocab_size")
        check_whole(self.n_sentinels, "n_sentinels", least=0)

    @property
    def pad(self) -> int:
        """Fills a row up; nobody sees it, and it never counts."""
        return self.vocab_size

    @property
    def mask(self) -> int:
        """Stands for what is hidden: BERT's [MASK]."""
        return self.vocab_size + 1

    @property
    def begin(self) -> int:
        """Stands before a text: BERT's [CLS], and what a decoder reads first."""
        return self.vocab_size + 2

    @property
    def separator(self) -> int:
        """Stands between texts: BERT's [SEP]."""
        return self.vocab_size + 3

    @property
    def size(self) -> int:
        """Words and specials together."""
        return self.vocab_size + 4 + self.n_sentinels

    def sentinel(self, i: int) -> int:
        """Names span `i` of a text. Raises ValueError if there are not so many."""
        if not 0 <= i < self.n_sentinels:
            raise ValueError(f"n_sentinels={self.n_sentinels} is too few; sentinel {i} needs {i + 1}")
        return self.vocab_size + 4 + i


class Batch(NamedTuple):
    """For one stack of layers."""

    inputs: np.ndarray  # (B, T)
    targets: np.ndarray  # (B, T), what each place should say
    counts: np.ndarray  # (B, T), True where the loss is taken
    visible: np.ndarray  # (B, T, T), or of a shape that is broadcast to it


class PairBatch(NamedTuple):
    """For an encoder, which reads the sources, and a decoder, which sees them all."""

    sources: np.ndarray  # (B, S)
    sources_visible: np.ndarray  # (B, 1, S), for the encoder's own attention and for the decoder's to it
    inputs: np.ndarray  # (B, T), the targets moved by one place
    targets: np.ndarray  # (B, T)
    counts: np.ndarray  # (B, T)
    visible: np.ndarray  # (1, T, T)


class TwoStreamBatch(NamedTuple):
    """For one stack with two streams, see `lmcourse.transformer.masks.two_streams`."""

    inputs: np.ndarray  # (B, T), read by the content stream; the query stream gets places alone
    targets: np.ndarray  # (B, T), said by the query stream
    counts: np.ndarray  # (B, T)
    content_visible: np.ndarray  # (B, T, T)
    query_visible: np.ndarray  # (B, T, T)


class SentencePairs(NamedTuple):
    """Two sentences a row: `begin A separator B separator`. Give `inputs` to `masked_lm` to hide some."""

    inputs: np.ndarray  # (B, T)
    segments: np.ndarray  # (B, T): 0, and 1 from B on
    is_next: np.ndarray  # (B,), whether B followed A
    visible: np.ndarray  # (B, 1, T)


def lists(texts: Texts, specials: Specials, least: int = 1) -> list[list[int]]:
    """The texts as lists, without padding.

    Raises ValueError, naming the text, if one has fewer than `least` tokens or anything but the ids of words
    and specials in it; also if there is none.
    """
    found = []
    for i, text in enumerate(texts):
        ids = np.asarray(text)
        if ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= specials.size):
            raise ValueError(f"text {i} holds {ids.tolist()}: ids are whole, from 0 to {specials.size - 1}")
        found.append(ids[ids != specials.pad].tolist())
        if len(found[-1]) < least:
            raise ValueError(f"text {i} has {len(found[-1])} tokens, but needs {least} or more")
    if not found:
        raise ValueError("a batch needs at least one text; got none")
    return found


def rectangle(rows: Sequence[Sequence[int]], filling: int) -> np.ndarray:
    """Rows of any lengths as one array (B, T), filled up on the right."""
    lengths = np.array([len(row) for row in rows])
    filled = np.full((len(rows), lengths.max()), filling)
    filled[np.arange(filled.shape[1]) < lengths[:, None]] = [token for row in rows for token in row]
    return filled


def fill(texts: Texts, specials: Specials, least: int = 1) -> np.ndarray:
    """The texts as one array (B, T), checked as by `lists`."""
    return rectangle(lists(texts, specials, least), specials.pad)


def seen(ids: np.ndarray, specials: Specials) -> np.ndarray:
    """True at all but padding, (B, 1, T). The padding still sees the text, so that no row is empty."""
    return (ids != specials.pad)[:, None, :]


def shifted(targets: np.ndarray, specials: Specials) -> Batch:
    """For a decoder: targets (B, T), and inputs that are one place behind, after `begin`."""
    inputs = np.roll(targets, 1, axis=1)
    inputs[:, 0] = specials.begin
    return Batch(inputs, targets, targets != specials.pad, causal(targets.shape[1])[None])


def pairs(sources: Texts, targets: Texts, specials: Specials) -> PairBatch:
    """For an encoder and a decoder: B sources, B targets."""
    filled = fill(sources, specials)
    return PairBatch(filled, seen(filled, specials), *shifted(fill(targets, specials), specials))
