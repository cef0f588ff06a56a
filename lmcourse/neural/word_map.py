"""Word vectors made small enough for a page, and words laid out on a plane.

Three steps: which words (`common_words`), each number of their vectors rounded to one of eight
(`round_off`), and a place on two axes for each word (`lay_out`), found by the game of negative sampling.
What the rounding and the plane lose is measured by `share_kept`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from lmcourse.model import check_whole
from lmcourse.neural.vectors import WordVectors

LEVELS = 8  # so many numbers a rounded one can be: three bits


def common_words(
    vectors: WordVectors,
    counts: Mapping[str, int],
    n: int,
    also: Iterable[str] = (),
    without: Iterable[str] = (),
) -> list[str]:
    """The n commonest words that have a vector, the commonest first.

    Args:
        vectors: the words to choose from.
        counts: how often a word is used, by its spelling in small letters.
        n: how many words.
        also: words to be among them in any case.
        without: words, in small letters, to pass over.

    A word spelled in several ways is taken once, in small letters if possible. Words that are not counted are
    passed over, and so are those of one letter or with anything but the letters a to z.
    Raises ValueError if `also` names an unknown word, or if there are not so many words.
    """
    asked = list(dict.fromkeys(also))
    for word in asked:
        vectors.id(word)  # which says if there is none
    spelled: dict[str, str] = {}
    for word in vectors.words:
        small = word.lower()
        if re.fullmatch("[A-Za-z]{2,}", word) and small in counts and (small not in spelled or word == small):
            spelled[small] = word
    passed = {*without, *(word.lower() for word in asked)}
    rest = sorted(
        (small for small in spelled if small not in passed), key=lambda small: (-counts[small], small)
    )
    more = check_whole(n, "n") - len(asked)
    if not 0 <= more <= len(rest):
        raise ValueError(f"n={n} must be from {len(asked)} to {len(asked) + len(rest)}, the words there are")
    chosen = asked + [spelled[small] for small in rest[:more]]
    return sorted(chosen, key=lambda word: (-counts.get(word.lower(), 0), word))


@dataclass(frozen=True)
class Rounded:
    """Vectors of N words, each of their D numbers one of eight.

    The number of code k in place d is middle[d] + spread[d] · levels[k]; the vector is then brought to the
    length √gain. `gain` undoes what rounding does to the cosine of close words on the whole: it makes it
    smaller, since what is rounded off is partly the same in both.
    """

    codes: np.ndarray  # (N, D) whole numbers from 0 to 7
    levels: np.ndarray  # (8,)
    middle: np.ndarray  # (D,)
    spread: np.ndarray  # (D,)
    gain: float

    @property
    def vectors(self) -> np.ndarray:
        """(N, D), all of the length √gain."""
        read = self.middle + self.spread * self.levels[self.codes]
        return np.sqrt(self.gain) * read / np.linalg.norm(read, axis=1, keepdims=True)

    @property
    def cosines(self) -> np.ndarray:
        """(N, N) the cosine of each two words; a word's with itself is 1."""
        found = self.vectors @ self.vectors.T
        np.fill_diagonal(found, 1)
        return found


def best_levels(values: np.ndarray, n: int = LEVELS, rounds: int = 30) -> np.ndarray:
    """The n numbers, (n,), to which values (any shape) can be rounded with a small squared error.

    Source: Lloyd (1982), "Least squares quantization in PCM": each level moves to the mean of what it stands
    for, again and again.
    """
    values = np.sort(values, axis=None)
    levels = np.quantile(values, (np.arange(n) + 0.5) / n)
    sums = np.concatenate([[0], np.cumsum(values)])
    for _ in range(rounds):
        edges = np.searchsorted(values, (levels[1:] + levels[:-1]) / 2)
        edges = np.concatenate([[0], edges, [len(values)]])
        many = np.diff(edges)
        levels = np.where(many > 0, np.diff(sums[edges]) / np.maximum(many, 1), levels)
    return levels


def round_off(unit: np.ndarray, near: int = 10) -> Rounded:
    """Vectors of length one, (N, D), each number as one of eight.

    `near` is how many nearest words of each are looked at to find the gain. Numbers of the result are those
    that float32 has, so that they can travel.
    """
    middle = unit.mean(0).astype(np.float32).astype(np.float64)
    spread = np.maximum(unit.std(0), 1e-6).astype(np.float32).astype(np.float64)
    scaled = (unit - middle) / spread
    levels = best_levels(scaled).astype(np.float32).astype(np.float64)
    codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, scaled).astype(np.uint8)
    true, rough = unit @ unit.T, Rounded(codes, levels, middle, spread, 1.0).cosines
    rows, columns = np.arange(len(unit))[:, None], nearest_ids(true, near)
    true, rough = true[rows, columns], rough[rows, columns]
    return Rounded(codes, levels, middle, spread, float((true * rough).sum() / (rough**2).sum()))


def nearest_ids(likeness: np.ndarray, n: int = 10) -> np.ndarray:
    """(N, n) for each word the n others most like it, by a table (N, N): the larger, the more alike."""
    table = np.array(likeness, dtype=float)
    np.fill_diagonal(table, -np.inf)
    n = min(check_whole(n, "n"), len(table) - 1)
    found = np.argpartition(-table, n - 1, axis=1)[:, :n]
    rows = np.arange(len(table))[:, None]
    return found[rows, np.argsort(-table[rows, found], axis=1, kind="stable")]


def closeness(places: np.ndarray) -> np.ndarray:
    """(N, N) minus the squared distance of each two places, (N, 2)."""
    return -((places[:, None] - places) ** 2).sum(-1)


def share_kept(true: np.ndarray, found: np.ndarray) -> float:
    """How many of each word's true nearest words, (N, n), are among those found, (N, n): a share of 1."""
    return float((true[:, :, None] == found[:, None, :]).any(2).mean())


def lay_out(
    unit: np.ndarray, near: int = 10, fakes: int = 10, rounds: int = 200, seed: int = 0
) -> np.ndarray:
    """A place on a plane for each word, (N, 2), such that nearest words lie close together.

    Args:
        unit: vectors of length one, (N, D).
        near: how many nearest words of each are its true neighbours.
        fakes: for each true one, so many words drawn at random.
        rounds: how often all pairs are looked at.
        seed: of the draws.

    Two words at distance r are said to be neighbours with probability 1 / (1 + r²). The loss is the surprise
    at which pairs are true and which are drawn: negative sampling, with -log r² for the score. It starts from
    the two directions in which the vectors differ most.

    Source: Tang et al. (2016), "Visualizing large-scale and high-dimensional data" (LargeVis).
    """
    size = len(unit)
    true = nearest_ids(unit @ unit.T, near)
    start = np.repeat(np.arange(size), true.shape[1])
    ask = np.tile(start, 1 + fakes)
    places = principal_axes(unit)
    places *= 5 / places.std(0)
    rng = np.random.default_rng(seed)
    for i in range(rounds):
        answer = np.concatenate([true.ravel(), rng.integers(0, size, fakes * len(start))])
        apart = places[ask] - places[answer]
        square = (apart**2).sum(1)
        pull = 1 / (0.01 + square) / (1 + square)  # of a fake: away; 0.01 keeps it finite
        pull[: len(start)] = -1 / (1 + square[: len(start)])
        step = 0.1 * (1 - i / rounds) * np.clip(2 * pull[:, None] * apart, -4, 4)
        for axis in (0, 1):
            places[:, axis] += np.bincount(ask, step[:, axis], size)
            places[:, axis] -= np.bincount(answer, step[:, axis], size)
    return places


def principal_axes(unit: np.ndarray) -> np.ndarray:
    """(N, 2) the vectors' places along the two directions in which they differ most."""
    centred = unit - unit.mean(0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    axes *= np.sign(axes[np.abs(axes).argmax(0), [0, 1]])  # else each machine might choose another side
    return centred @ axes
