"""The best answers that any network could give to each objective, exactly, in a world that can be listed.

All sentences of the world are looked through. Those that fit what a network was shown keep the probability
of the sentence, times that of being spoilt or cut in just this way; what is left, rescaled, is the posterior.
Its distribution of the token asked for has the least expected loss there is. For BERT's objective this is
`lmcourse.world.belief.corrupted_posteriors`, which needs no list; for a causal model it is the world itself.
Left out: texts of several sentences, of which there are too many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

import numpy as np

from lmcourse.transformer.batches import Batch, PairBatch, Specials, TwoStreamBatch
from lmcourse.transformer.noise import span_numbers
from lmcourse.world import World


class Sentences:
    """All sentences of a world, by length, with their probabilities.

    Args:
        world: with as many sentences as can be listed.
    """

    def __init__(self, world: World):
        listed = sorted(world.automaton.sentences(), key=lambda said: len(said[0]))
        lengths = np.array([len(ids) for ids, _ in listed])
        self.by_length = {
            int(length): (
                np.array([listed[i][0] for i in np.flatnonzero(lengths == length)]),
                np.array([listed[i][1] for i in np.flatnonzero(lengths == length)]),
            )
            for length in np.unique(lengths)
        }

    def padded(self, filling: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids (N, T), filled up on the right, and probabilities (N,)."""
        longest = max(self.by_length)
        ids = [
            np.pad(rows, ((0, 0), (0, longest - length)), constant_values=filling)
            for length, (rows, _) in self.by_length.items()
        ]
        return np.concatenate(ids), np.concatenate([probs for _, probs in self.by_length.values()])


def along(candidates: np.ndarray, weights: np.ndarray, target: Sequence[int], size: int) -> np.ndarray:
    """Distribution of each token of `target` given those before it, (T, size).

    Args:
        candidates: all that it may be, (N, T or more).
        weights: of each, (N,), not necessarily summing to one.
        target: T ids.
        size: ids are below it.

    Raises ValueError where no candidate begins as the target does.
    """
    found = np.zeros((len(target), size))
    for t, token in enumerate(target):
        found[t] = np.bincount(candidates[:, t], weights, minlength=size)
        weights = weights * (candidates[:, t] == token)
    said = found[np.arange(len(target)), target]
    if not said.all():
        raise ValueError(f"of the target {list(target)} token {int(np.argmin(said))} is impossible here")
    return found / found.sum(axis=1, keepdims=True)


def causal_optimum(batch: Batch, sentences: Sentences, specials: Specials) -> np.ndarray:
    """Of `causal_lm`: the world's own next tokens, (n, size), a row for each place that counts."""
    ids, probs = sentences.padded(specials.pad)
    rows = [along(ids, probs, target[target != specials.pad], specials.size) for target in batch.targets]
    return np.concatenate([row[counts[: len(row)]] for row, counts in zip(rows, batch.counts)])


def prefix_optimum(batch: Batch, sentences: Sentences, specials: Specials) -> np.ndarray:
    """Of `prefix_lm`, (n, size): the next token given those before it *and where the prefix ended*.

    All cuts of a text are equally likely, and a long text has more of them: so where the cut is tells of the
    length, and shorter texts get more weight than in the world.
    """
    ids, probs = sentences.padded(specials.pad)
    lengths = (ids != specials.pad).sum(axis=1)
    rows = []
    for target, counts in zip(batch.targets, batch.counts):
        known = int(np.argmax(counts)) + 1  # with `begin`: the prefix's last place is the first that counts
        weights = np.where(lengths >= known, probs / (lengths - 1), 0.0)
        text = target[target != specials.pad]
        rows.append(along(ids, weights, text, specials.size)[known - 1 :])
    return np.concatenate(rows)


def permutation_optimum(
    batch: TwoStreamBatch, sentences: Sentences, specials: Specials, one_in: int = 6
) -> np.ndarray:
    """Of `permutation_lm`, (n, size): the token at a place given those at the places before it in the order.

    The text's length is not told, but how many tokens were seen before one was asked for says much of it.
    """
    found = []
    for row, place in zip(*np.nonzero(batch.counts)):
        seen = np.flatnonzero(batch.query_visible[row, place])
        total = np.zeros(specials.size)
        for length, (ids, probs) in sentences.by_length.items():
            least = length - max(length // one_in, 1)  # tokens that are seen, not foretold
            if length > max(place, seen.max(initial=0)) and least <= len(seen) < length:
                ways = math.comb(length, len(seen)) * (length - len(seen))
                fits = (ids[:, seen] == batch.inputs[row, seen]).all(axis=1)
                total += np.bincount(ids[fits, place], probs[fits] / ways, minlength=specials.size)
        found.append(total / total.sum())
    return np.array(found)


def span_optimum(
    batch: PairBatch, sentences: Sentences, specials: Specials, rate: float = 0.15, mean_span: float = 3.0
) -> np.ndarray:
    """Of `span_corruption`, (n, size): each token of the target given the source and the tokens before it."""
    rows = []
    for source, target in zip(batch.sources, batch.targets):
        pieces = _pieces(source, lambda token: token >= specials.sentinel(0), specials.pad)
        kept, n_spans = sum(map(len, pieces)), len(pieces) - 1
        longest = max(sentences.by_length)
        candidates, weights = [], []
        for length, (ids, probs) in sentences.by_length.items():
            if span_numbers(length, rate, mean_span) != (length - kept, n_spans):
                continue
            ways = math.comb(length - kept - 1, n_spans - 1) * math.comb(kept + 1, n_spans)
            for lengths in _compositions(length - kept, n_spans, least=1):
                places, gaps = _laid_out(pieces, lengths)
                fits = (ids[:, places] == np.concatenate(pieces)).all(axis=1)
                parts = []
                for i, gap in enumerate(gaps):
                    parts += [np.full((fits.sum(), 1), specials.sentinel(i)), ids[fits][:, gap]]
                said = np.hstack([*parts, np.full((fits.sum(), 1), specials.sentinel(n_spans))])
                candidates.append(_widened(said, 2 * longest, specials.pad))
                weights.append(probs[fits] / ways)
        text = target[target != specials.pad]
        rows.append(along(np.concatenate(candidates), np.concatenate(weights), text, specials.size))
    return np.concatenate(rows)


def infill_optimum(
    batch: PairBatch, sentences: Sentences, specials: Specials, rate: float = 0.3, mean_span: float = 3.0
) -> np.ndarray:
    """Of `denoising` of single sentences, (n, size): the next token given the source and those before it."""
    rows = []
    for source, target in zip(batch.sources, batch.targets):
        pieces = _pieces(source, lambda token: token == specials.mask, specials.pad)
        kept, n_spans = sum(map(len, pieces)), len(pieces) - 1
        longest = max(sentences.by_length)
        candidates, weights = [], []
        for length, (ids, probs) in sentences.by_length.items():
            if math.ceil(rate * length) != length - kept:
                continue
            chances = span_lengths(length, rate, mean_span)
            for lengths in _compositions(length - kept, n_spans, least=0):
                chance = chances.get(lengths, 0.0) / math.comb(kept + 1, n_spans)
                places, _ = _laid_out(pieces, lengths)
                fits = (ids[:, places] == np.concatenate(pieces)).all(axis=1)
                candidates.append(_widened(ids[fits], longest, specials.pad))
                weights.append(probs[fits] * chance)
        text = target[target != specials.pad]
        rows.append(along(np.concatenate(candidates), np.concatenate(weights), text, specials.size))
    return np.concatenate(rows)


@cache
def span_lengths(length: int, rate: float, mean_span: float) -> dict[tuple[int, ...], float]:
    """How likely `noise.poisson_spans` is to draw each sequence of lengths, in the order that it gives."""
    left = math.ceil(rate * length)
    room = length - left + 1
    sets: dict[tuple[int, ...], float] = {}
    ahead = {((), left): 1.0}
    while ahead:
        after: dict[tuple[tuple[int, ...], int], float] = {}
        for (drawn, left_over), p in ahead.items():
            last = len(drawn) + 1 == room
            below = 1.0
            for n in range(0 if not last else left_over, left_over + 1):
                chance = math.exp(-mean_span) * mean_span**n / math.factorial(n)
                chance, below = (below if n == left_over else chance), below - chance
                lengths, still_left = tuple(sorted((*drawn, n))), left_over - n
                if still_left:
                    after[lengths, still_left] = after.get((lengths, still_left), 0.0) + p * chance
                else:
                    sets[lengths] = sets.get(lengths, 0.0) + p * chance
        ahead = after
    found = {}
    for drawn, p in sets.items():
        orders = set(_orders(drawn))
        found |= {order: p / len(orders) for order in orders}
    return found


def _orders(drawn: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Each different order of numbers once."""
    if not drawn:
        yield ()
    for first in set(drawn):
        rest = list(drawn)
        rest.remove(first)
        for order in _orders(tuple(rest)):
            yield (first, *order)


def _pieces(source: np.ndarray, cut, pad: int) -> list[np.ndarray]:
    """What is kept before, between and after the cuts."""
    source = source[source != pad]
    ends = [-1, *(i for i, token in enumerate(source) if cut(token)), len(source)]
    return [source[begin + 1 : end] for begin, end in zip(ends, ends[1:])]


def _compositions(total: int, parts: int, least: int) -> Iterator[tuple[int, ...]]:
    """Each way to write a number as a sum of so many parts, in order."""
    spare = total - parts * least
    for cuts in combinations(range(spare + parts - 1), parts - 1):
        ends = [-1, *cuts, spare + parts - 1]
        yield tuple(after - before - 1 + least for before, after in zip(ends, ends[1:]))


def _laid_out(pieces: list[np.ndarray], lengths: Sequence[int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Places of the kept tokens, and those of each span, if the spans are so long."""
    places, gaps, at = [], [], 0
    for piece, length in zip(pieces, [*lengths, 0]):
        places.append(np.arange(at, at + len(piece)))
        gaps.append(np.arange(at + len(piece), at + len(piece) + length))
        at += len(piece) + length
    return np.concatenate(places), gaps[:-1]


def _widened(rows: np.ndarray, width: int, filling: int) -> np.ndarray:
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=filling)
