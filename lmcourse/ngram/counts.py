"""How often did each sequence of up to N tokens occur? A trie of n-grams in sorted integer arrays.

An n-gram is a node: its parent is the n-gram without its last token (the context), and the nodes of one
length are numbered in the order of their keys,

    key of a node = number of its parent · V + its last token,

so that the continuations of a context stand side by side and any node is found by binary search. Each
node also knows its *suffix*, the n-gram without its first token, to which smoothing turns for help.
No dictionary, no tuple: a text of five million characters is counted to length five in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lmcourse.model import check_whole


@dataclass(frozen=True)
class Level:
    """All n-grams of one length, K of them; level 0 holds the empty one alone.

    Attributes:
        keys: (K,) ascending; see the module's description.
        counts: (K,) how often each occurred as something that was said; the start token counts 0.
        suffix: (K,) the number of each n-gram's suffix, one level down.
        leading: (K,) how often each stood at the very beginning of a text, where nothing comes before it.
    """

    keys: np.ndarray
    counts: np.ndarray
    suffix: np.ndarray
    leading: np.ndarray

    def __len__(self) -> int:
        """How many different n-grams there are."""
        return len(self.keys)


@dataclass(frozen=True)
class NgramCounts:
    """The n-grams of a text: `levels[n]` has those of length n, for n from 0 to `order`."""

    vocab_size: int
    levels: tuple[Level, ...]

    @property
    def order(self) -> int:
        """N, the length of the longest n-grams."""
        return len(self.levels) - 1

    def parents(self, n: int) -> np.ndarray:
        """(K,) for each n-gram the number of its context, one level down."""
        return self.levels[n].keys // self.vocab_size

    def sums(self, n: int, values: np.ndarray) -> np.ndarray:
        """Sums over the continuations of each context: (K of level n,) to (K of level n - 1,)."""
        return np.bincount(self.parents(n), weights=values, minlength=len(self.levels[n - 1]))

    def totals(self, n: int) -> np.ndarray:
        """c(h) for each context h of n - 1 tokens: how often anything followed it."""
        return self.sums(n, self.levels[n].counts)

    def kinds(self, n: int) -> np.ndarray:
        """N1+(h •) for each context h of n - 1 tokens: how many different tokens followed it."""
        return self.sums(n, self.levels[n].counts > 0)

    def ngrams(self, n: int) -> np.ndarray:
        """The n-grams themselves, token ids (K, n)."""
        if n == 0:
            return np.zeros((1, 0), dtype=np.int64)
        first = self.ngrams(n - 1)[self.parents(n)]
        return np.column_stack([first, self.levels[n].keys % self.vocab_size])

    def up_to(self, order: int) -> NgramCounts:
        """The same without the n-grams that are longer than `order`."""
        return NgramCounts(self.vocab_size, self.levels[: order + 1])

    def kinds_of_ngrams(self) -> int:
        """How many different n-grams were seen, of all lengths together."""
        return sum(int((level.counts > 0).sum()) for level in self.levels[1:])

    def continuations(self) -> NgramCounts:
        """The counts of Kneser and Ney (1995): N1+(• g) in place of c(g), for all but the longest n-grams.

        Not how often an n-gram occurred, but after how many different tokens. Where it stood at the beginning
        of a text, nothing came before it; each such place counts as one more.
        """
        levels = list(self.levels)
        for n in range(1, self.order):
            after = np.bincount(levels[n + 1].suffix, levels[n + 1].counts > 0, minlength=len(levels[n]))
            new = np.where(levels[n].counts > 0, after.astype(np.int64) + levels[n].leading, 0)
            levels[n] = Level(levels[n].keys, new, levels[n].suffix, levels[n].leading)
        return NgramCounts(self.vocab_size, tuple(levels))


def count_ngrams(
    texts: Iterable[Sequence[int]],
    vocab_size: int,
    order: int,
    start: int | None = None,
    progress: bool = False,
) -> NgramCounts:
    """Count all n-grams of length 1 to `order`.

    Args:
        texts: sequences of token ids, each below `vocab_size`. No n-gram reaches from one into the next.
        vocab_size: V.
        order: N.
        start: a token taken to stand before each text: context only, never counted as said.
        progress: show a progress bar.
    """
    from tqdm import tqdm

    check_whole(order, "order")
    ids, age = join(texts, start)
    if ids.size and not 0 <= ids.min() <= ids.max() < vocab_size:
        raise ValueError(f"token ids must lie from 0 to {vocab_size - 1}; got {ids.min()} to {ids.max()}")
    said = age > (start is not None)

    zero = np.zeros(1, dtype=np.int64)
    levels = [Level(zero, np.array([int(said.sum())]), zero, zero)]
    number = np.zeros(len(ids), dtype=np.int64)  # of the n-gram that ends at each place; first the empty one
    for n in tqdm(range(1, order + 1), desc=f"counting up to {order}-grams", disable=not progress):
        ends = np.flatnonzero(age >= n)  # places where an n-gram ends that lies within one text
        keys, found = numbered(number[ends - 1] * vocab_size + ids[ends], len(levels[-1]) * vocab_size)
        suffix = np.empty(len(keys), dtype=np.int64)
        suffix[found] = number[ends]
        levels.append(
            Level(
                keys,
                np.bincount(found[said[ends]], minlength=len(keys)),
                suffix,
                np.bincount(found[((age == n) & said)[ends]], minlength=len(keys)),
            )
        )
        number[ends] = found
    return NgramCounts(vocab_size, tuple(levels))


def join(texts: Iterable[Sequence[int]], start: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Texts one after another, each behind the start token if there is one: (their ids, each token's age).

    A token's age is 1 for the first of its text, 2 for the next: an n-gram that ends at age n or more lies
    within one text.

    >>> join([[5, 6], [7]], start=0)
    (array([0, 5, 6, 0, 7]), array([1, 2, 3, 1, 2]))
    """
    before = [] if start is None else [start]
    parts = [np.array([*before, *text] if before else text, dtype=np.int64) for text in texts]
    none = np.zeros(0, dtype=np.int64)
    ages = [np.arange(1, len(part) + 1) for part in parts]
    return np.concatenate([none, *parts]), np.concatenate([none, *ages])


def find(keys: Sequence[np.ndarray], vocab_size: int, ids: np.ndarray, age: np.ndarray) -> list[np.ndarray]:
    """The numbers of all n-grams of joined texts: entry n (L,) has those that end at each place.

    Args:
        keys: of each level, from the empty n-gram to the longest.
        vocab_size: V.
        ids: (L,) token ids; see `join`.
        age: (L,) of each token.

    Returns:
        One array for each level; -1 where the n-gram was not counted, or would reach beyond its text.
    """
    found = [np.zeros(len(ids), dtype=np.int64)]
    for n in range(1, len(keys)):
        here = np.flatnonzero(age >= n)
        here = here[found[-1][here - 1] >= 0]
        wanted = found[-1][here - 1] * vocab_size + ids[here]
        order = np.argsort(wanted)  # looked up in ascending order they are found several times faster
        place = np.empty(len(wanted), dtype=np.int64)
        place[order] = np.minimum(np.searchsorted(keys[n], wanted[order]), len(keys[n]) - 1)
        numbers = np.full(len(ids), -1)
        if len(keys[n]):
            numbers[here] = np.where(keys[n][place] == wanted, place, -1)
        found.append(numbers)
    return found


def numbered(keys: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The different keys, ascending, and for each key given its number among them, as `np.unique` would say.

    Where keys are small (all below `size`), marking those that occur is several times faster than sorting.
    """
    if size > 4 * len(keys) + 1_000_000:
        return np.unique(keys, return_inverse=True)
    occurs = np.zeros(size, dtype=bool)
    occurs[keys] = True
    different = np.flatnonzero(occurs)
    number = np.empty(size, dtype=np.int64)
    number[different] = np.arange(len(different))
    return different, number[keys]
