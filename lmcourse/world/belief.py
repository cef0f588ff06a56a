"""What may be known exactly of a world's text: the belief state after a prefix, and a token given the rest.

Two questions of the same automaton. Reading from the left: which state is the world in? The answer, the
forward vector, is all that the past tells of the future. Filling in: which token stands at a place, given
those on both sides? That takes the backward vector too, what the rest of the text says of each state.
Everything is worked out for many texts at once. Left out: log-space (the vectors are rescaled at each step
instead). Source: Rabiner 1989, section III, with the token on the arc and not on the state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lmcourse.world.world import World

CELLS = 2_000_000  # numbers of a working array; more texts are taken one part after another
Texts = Sequence[Sequence[int]]


class _Arcs(NamedTuple):
    """The automaton's arcs side by side, each array (A,), in the order of the states that they leave."""

    source: np.ndarray
    token: np.ndarray
    target: np.ndarray
    probability: np.ndarray
    inside: np.ndarray  # the same, but zero where the token ends a sentence

    @classmethod
    def of(cls, world: World) -> _Arcs:
        rows = [(state, *arc) for state, row in enumerate(world.automaton.arcs) for arc in row]
        source, token, probability, target = (np.array(column) for column in zip(*rows))
        return cls(source, token, target, probability, np.where(token == world.end, 0.0, probability))


def belief_states(world: World, texts: Texts) -> np.ndarray:
    """P(state of the automaton | the first t tokens), for each text and each t from 0 to its length.

    Args:
        world: whose automaton it is.
        texts: B sequences of token ids, of any lengths up to T, each from the beginning of a sentence; one
            may run over several sentences.

    Returns:
        Array (B, T + 1, S). A belief sums to one; it is all zero after what this world never says, and nan
        beyond the end of a text. Raises ValueError at an unknown id.
    """
    arcs, (ids, lengths) = _Arcs.of(world), _padded(world, texts)
    into_target = _Sums(arcs.target, len(world.automaton.arcs))
    found = np.full((len(ids), ids.shape[1] + 1, len(world.automaton.arcs)), np.nan)
    for rows, length in _parts(lengths, len(arcs.token)):
        belief = np.zeros((len(rows), found.shape[2]))
        belief[:, 0] = 1
        found[rows, 0] = belief
        for t in range(length):
            spoken = ids[rows, t, None] == arcs.token
            belief = _normalised(into_target(belief[:, arcs.source] * arcs.probability * spoken))
            found[rows, t + 1] = belief
    return found


def given_the_rest(world: World, evidence: np.ndarray, lengths: Sequence[int] | None = None) -> np.ndarray:
    """P(token at a place | what is seen at all *other* places, and the text's length): forward and backward.

    A place's own evidence is left out; multiply by it, and rescale, to take it in.

    Args:
        world: that the texts come from.
        evidence: (B, T, V), how likely what is seen at a place is for each token that may stand there: one
            for the token and zero for the others where it is read, all ones where nothing is seen, anything
            between where it may be misread. The scale of a place's evidence does not matter.
        lengths: of the texts, (B,); what is beyond a text's end is not looked at. Without them all have T.

    Returns:
        Array (B, T, V), each row a distribution; all zero where this world never says anything like the rest,
        nan beyond a text's end. Raises ValueError for evidence of another shape, or negative, or not finite.
    """
    evidence, lengths = _checked(world, evidence, lengths)
    arcs = _Arcs.of(world)
    n_states = len(world.automaton.arcs)
    into_target, into_source = _Sums(arcs.target, n_states), _Sums(arcs.source, n_states)
    into_token = _Sums(arcs.token, world.vocab_size)
    found = np.full(evidence.shape, np.nan)
    for rows, length in _parts(lengths, len(arcs.token)):
        weights = [arcs.probability if t == length - 1 else arcs.inside for t in range(length)]
        start = np.zeros((len(rows), n_states))
        start[:, 0] = 1  # before the first token and, for a sentence ends there, after the last
        forward = [start]
        for t in range(length - 1):
            step = forward[t][:, arcs.source] * weights[t] * evidence[rows, t][:, arcs.token]
            forward.append(_normalised(into_target(step)))
        backward = start
        for t in reversed(range(length)):
            ahead = backward[:, arcs.target] * weights[t]
            found[rows, t] = _normalised(into_token(forward[t][:, arcs.source] * ahead))
            backward = _normalised(into_source(ahead * evidence[rows, t][:, arcs.token]))
    return found


def masked_posteriors(world: World, texts: Texts, hidden: Sequence[Sequence[bool]]) -> np.ndarray:
    """P(token at a place | the tokens that are not hidden at all other places): the best fill-in there is.

    At a hidden place it is the posterior that a masked language model is to learn; at another, what one would
    expect there if that token, too, were hidden.

    Args:
        world: that the texts come from.
        texts: B sequences of token ids, of any lengths up to T.
        hidden: whether each token is hidden, B rows, of the texts' lengths or more.

    Returns:
        Array (B, T, V), see `given_the_rest`.
    """
    ids, lengths = _padded(world, texts)
    seen = _one_hot(world, ids)
    for row, length, places in zip(seen, lengths, hidden):
        places = np.asarray(places, dtype=bool)
        if len(places) < length:
            raise ValueError(f"hidden says it of {len(places)} tokens of a text that has {length}")
        row[:length][places[:length]] = 1
    if len(hidden) != len(ids):
        raise ValueError(f"hidden has {len(hidden)} rows for {len(ids)} texts")
    return given_the_rest(world, seen, lengths)


def corrupted_posteriors(
    world: World,
    inputs: Texts,
    mask: int,
    rate: float = 0.15,
    masked: float = 0.8,
    random: float = 0.1,
) -> np.ndarray:
    """P(token at a place | the corrupted text, and that this place counts): BERT's objective at its optimum.

    A tenth of the chosen places show a random token, and nothing tells them from the others: so even a token
    that is seen is only evidence, as behind a noisy channel. `masked_posteriors` believes what it sees, and
    is the optimum for `random=0, masked=1`.

    Args:
        world: that the texts came from.
        inputs: B corrupted texts, of ids of the world and `mask`.
        mask: the id that hides a token, outside the world's vocabulary.
        rate, masked, random: as for `lmcourse.transformer.objectives.masked_lm`, which corrupted them.

    Returns:
        Array (B, T, V), as of `given_the_rest`, of what was said there if the place was chosen.
    """
    if 0 <= mask < world.vocab_size:
        raise ValueError(f"mask={mask} is one of the world's own tokens; use {world.vocab_size} or more")
    if not (0 <= rate <= 1 and masked >= 0 and random >= 0 and masked + random <= 1):
        raise ValueError(
            f"rate={rate}, masked={masked}, random={random} must be shares, and masked + random <= 1"
        )
    hidden = [[token == mask for token in text] for text in inputs]
    ids, lengths = _padded(world, [[0 if token == mask else token for token in text] for text in inputs])
    read, any_token = _one_hot(world, ids), random / world.vocab_size
    elsewhere = (1 - rate * (masked + random)) * read + rate * any_token
    here = (1 - masked - random) * read + any_token
    for row, places in enumerate(hidden):
        for t in np.flatnonzero(places):
            elsewhere[row, t] = here[row, t] = 1
    return _normalised(given_the_rest(world, elsewhere, lengths) * here)


class _Sums:
    """Adds up the columns of an array (n, A) that have a key in common: to (n, number of keys)."""

    def __init__(self, keys: np.ndarray, size: int):
        self._size, self._order = size, np.argsort(keys, kind="stable")
        # a rule that is never used may leave tokens that no arc says
        self._present, self._begins = np.unique(keys[self._order], return_index=True)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(values), self._size))
        sums[:, self._present] = np.add.reduceat(values[:, self._order], self._begins, axis=1)
        return sums


def _normalised(rows: np.ndarray) -> np.ndarray:
    """Each row over its sum; a row of zeros stays one."""
    total = rows.sum(axis=-1, keepdims=True)
    return np.divide(rows, total, out=np.zeros_like(rows), where=total != 0)


def _parts(lengths: np.ndarray, width: int) -> Iterator[tuple[np.ndarray, int]]:
    """Row numbers of texts of equal length, not too many at once, with that length."""
    size = max(1, CELLS // width)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        for begin in range(0, len(rows), size):
            yield rows[begin : begin + size], int(length)


def _padded(world: World, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """The ids, checked, (B, T), filled up with zeros, and the lengths (B,)."""
    rows = [world.vocab.check_ids(text) for text in texts]
    lengths = np.array([len(row) for row in rows], dtype=int)
    ids = np.zeros((len(rows), lengths.max(initial=0)), dtype=int)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = [token for row in rows for token in row]
    return ids, lengths


def _one_hot(world: World, ids: np.ndarray) -> np.ndarray:
    return (ids[..., None] == np.arange(world.vocab_size)).astype(float)


def _checked(
    world: World, evidence: np.ndarray, lengths: Sequence[int] | None
) -> tuple[np.ndarray, np.ndarray]:
    evidence = np.asarray(evidence, dtype=float)
    if evidence.ndim != 3 or evidence.shape[2] != world.vocab_size:
        raise ValueError(
            f"evidence must be (B, T, {world.vocab_size}), a number a token; got {evidence.shape}"
        )
    if not np.all(np.isfinite(evidence)) or evidence.min(initial=0) < 0:
        raise ValueError("evidence holds likelihoods: finite, and none below zero")
    lengths = np.full(len(evidence), evidence.shape[1]) if lengths is None else np.asarray(lengths)
    if len(lengths) != len(evidence) or lengths.max(initial=0) > evidence.shape[1]:
        raise ValueError(f"lengths={lengths.tolist()} do not fit evidence of shape {evidence.shape}")
    return evidence, lengths
