"""Nearly the same text: sets of shingles, their Jaccard similarity, and MinHash, which finds it in a sketch.

A shingle is a run of n words. Two texts are as alike as their sets of shingles: J is how many are in both,
over how many are in either. Put all in a random order; the first of those in either is in both with
probability J, and then both sets have the same first one. So the share of k random orders in which the firsts
agree estimates J. Each order is that of a random hash, x -> (a x + b) mod p.

Bands find pairs without comparing all: of k = b · r hashes, r at a time are put together, and two texts are a
candidate if one of the b bands is equal in both: with probability 1 - (1 - s^r)^b at similarity s.

Sources: Broder (1997), *On the resemblance and containment of documents*; Leskovec, Rajaraman and Ullman,
*Mining of massive datasets*, chapter 3, for the bands. Left out: storing what does not fit into memory.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from itertools import combinations

import numpy as np

from lmcourse.joined import root
from lmcourse.model import check_whole

PRIME = 2**31 - 1  # so that a product of two numbers below it fits into 64 bits
EMPTY = PRIME  # the least hash of no shingle at all, above all others


def shingles(text: str, n: int = 5) -> set[tuple[str, ...]]:
    """All runs of n words, in lower case and without punctuation; of a shorter text its words, as one run.

    Raises ValueError for n below 1.

    >>> sorted(shingles("The mouse ate. The mouse ate!", 2))
    [('ate', 'the'), ('mouse', 'ate'), ('the', 'mouse')]
    """
    check_whole(n, "n")
    words = re.findall(r"\w+(?:'\w+)*", text.lower())
    return {tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))} - {()}


def jaccard(one: Collection, other: Collection) -> float:
    """Items in both over items in either, from 0, nothing in common, to 1, the same; of two empty sets 1.

    >>> jaccard({1, 2, 3}, {2, 3, 4})
    0.5
    """
    one, other = set(one), set(other)
    union = len(one | other)
    return len(one & other) / union if union else 1.0


def numbers(items: Iterable) -> np.ndarray:
    """A number from 0 to PRIME - 1 for each item (m,), the same on every machine."""
    codes = (blake2b(repr(item).encode(), digest_size=8).digest() for item in items)
    return np.array([int.from_bytes(code, "big") % PRIME for code in codes], dtype=np.uint64)


def hash_family(k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The a and b, (k,) each, of as many hashes x -> (a x + b) mod PRIME; a is not 0."""
    check_whole(k, "k")
    a = rng.integers(1, PRIME, size=k, dtype=np.uint64)
    return a, rng.integers(PRIME, size=k, dtype=np.uint64)


def signature(items: Collection, family: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The least hash of a set under each of k hashes, (k,); EMPTY for a set that is empty."""
    a, b = family
    x = numbers(items)
    if not len(x):
        return np.full(len(a), EMPTY, dtype=np.uint64)
    return ((a[:, None] * x + b[:, None]) % np.uint64(PRIME)).min(axis=1)


def signatures(sets: Iterable[Collection], family: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The signature of each of n sets, (n, k)."""
    return np.array([signature(items, family) for items in sets], dtype=np.uint64).reshape(-1, len(family[0]))


def estimated_jaccard(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The share of hashes (..., k) whose least values agree: an unbiased estimate of J, (...)."""
    if np.shape(one)[-1] != np.shape(other)[-1]:
        raise ValueError(
            f"signatures of {np.shape(one)[-1]} and {np.shape(other)[-1]} hashes; use the same family"
        )
    return np.mean(np.asarray(one) == np.asarray(other), axis=-1)


def standard_error(similarity, k: int):
    """Of an estimate by k hashes: sqrt(J (1 - J) / k), since each agrees or does not, with probability J."""
    return np.sqrt(np.asarray(similarity) * (1 - np.asarray(similarity)) / check_whole(k, "k"))


def chance_of_candidate(similarity, rows: int, bands: int):
    """1 - (1 - s^r)^b: that one of b bands of r hashes is equal, at similarity s.

    >>> round(float(chance_of_candidate(0.8, rows=5, bands=20)), 4)  # 1 - (1 - 0.32768)**20
    0.9996
    """
    check_whole(rows, "rows")
    check_whole(bands, "bands")
    return 1 - (1 - np.asarray(similarity, dtype=float) ** rows) ** bands


def candidates(marks: np.ndarray, rows: int) -> set[tuple[int, int]]:
    """Pairs (i, j), i < j, of signatures (n, k) of which a band of r hashes is equal.

    Raises ValueError unless the k hashes are whole bands.
    """
    n_hashes = marks.shape[1]
    if n_hashes % check_whole(rows, "rows"):
        raise ValueError(f"{n_hashes} hashes are no whole number of bands of {rows}; give a multiple")
    found: set[tuple[int, int]] = set()
    for first in range(0, n_hashes, rows):
        buckets = defaultdict(list)
        for place, band in enumerate(marks[:, first : first + rows]):
            buckets[band.tobytes()].append(place)
        for bucket in buckets.values():
            found.update(combinations(bucket, 2))
    return found


def clusters(n: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Texts that pairs join, directly or by way of others; each text in one cluster, in order.

    >>> clusters(5, [(0, 3), (3, 4)])
    [[0, 3, 4], [1], [2]]
    """
    above = list(range(n))
    for i, j in pairs:
        low, high = sorted((root(above, i), root(above, j)))
        above[high] = low
    found = defaultdict(list)
    for i in range(n):
        found[root(above, i)].append(i)
    return list(found.values())


def near_duplicates(
    texts: Sequence[str],
    rng: np.random.Generator,
    n: int = 5,
    rows: int = 5,
    bands: int = 20,
    at_least: float = 0.7,
) -> list[list[int]]:
    """Clusters of texts that are nearly the same; whoever keeps the first of each has deduplicated.

    Candidates come from bands, and are kept if their exact Jaccard similarity is high enough: so none is
    joined wrongly, and one is overlooked as often as the bands miss it.

    Args:
        texts: to compare.
        rng: for the hashes.
        n: words in a shingle.
        rows: r, hashes in a band.
        bands: b.
        at_least: the least similarity of two texts that are joined, from 0 to 1.

    Raises ValueError for a similarity outside 0 to 1.
    """
    if not 0 <= at_least <= 1:
        raise ValueError(f"at_least={at_least} must be from 0 to 1")
    sets = [shingles(text, n) for text in texts]
    marks = signatures(sets, hash_family(check_whole(rows, "rows") * check_whole(bands, "bands"), rng))
    close = [(i, j) for i, j in sorted(candidates(marks, rows)) if jaccard(sets[i], sets[j]) >= at_least]
    return clusters(len(texts), close)
