"""An n-gram model's reader of many texts: what each of its rows asks is asked of all at once.

Row by row a step costs as many calls of NumPy as there are rows, and most of its time is those calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lmcourse.model import log
from lmcourse.ngram.smoothing import Tables
from lmcourse.reader import StateReader

FEW = 8  # rows: with fewer, one by one is faster than all at once
WIDE = 2000  # tokens: of larger vocabularies whole rows are dear, and one by one those that recur are kept

Nodes = tuple[int, ...]  # the numbers of a text's last 0, 1, …, N - 1 tokens; -1 for what was not seen


class RowsReader(StateReader[Nodes]):
    """Rows whose states are n-grams' numbers; many with as much context are read and predicted together.

    Args:
        keys: of each level of the counts, sorted.
        tables: probabilities and weights of the same levels.
        vocab_size: V.
        states: one for each row.
        predict: from one state to the log-probabilities (V,).
        step: from one state and a token to the next state.
    """

    def __init__(
        self,
        keys: Sequence[np.ndarray],
        tables: Tables,
        vocab_size: int,
        states: Sequence[Nodes],
        predict: Callable[[Nodes], np.ndarray],
        step: Callable[[Nodes, int], Nodes],
    ):
        super().__init__(vocab_size, states, predict, step)
        self._keys, self._tables = keys, tables

    def _alike(self) -> np.ndarray | None:
        """The states as an array (B, n + 1), if there are many and all of n tokens of context."""
        if self.n_rows < FEW or self.vocab_size > WIDE or len(set(map(len, self._states))) > 1:
            return None
        return np.array(self._states, dtype=np.int64)

    def _predict(self) -> np.ndarray:
        states = self._alike()
        if states is None:
            return super()._predict()
        return log(next_probs(self._keys, self._tables, self.vocab_size, states))

    def _read(self, tokens: list[int]) -> None:
        states = self._alike()
        if states is None:
            super()._read(tokens)
        else:
            longer = grown(self._keys, self.vocab_size, states, np.array(tokens))
            self._states = list(map(tuple, longer.tolist()))


def next_probs(keys: Sequence[np.ndarray], tables: Tables, vocab_size: int, states: np.ndarray) -> np.ndarray:
    """p(w|h) of every token w after B contexts h, (B, V), from the shortest context to the longest."""
    probs = np.full((len(states), vocab_size), tables.probs[0][0])
    for n, nodes in enumerate(states.T):  # -1, not seen, asks for keys below 0, and there are none
        first, end = (keys[n + 1].searchsorted(number * vocab_size) for number in (nodes, nodes + 1))
        kinds = end - first
        row = np.repeat(np.arange(len(nodes)), kinds)  # of each n-gram that goes on from one of the contexts
        own = np.arange(len(row)) + (end - np.cumsum(kinds))[row]
        probs = tables.gammas[n][nodes][:, None] * tables.handed_down(probs)
        probs[row, keys[n + 1][own] - nodes[row] * vocab_size] = tables.probs[n + 1][own]
    return probs


def grown(keys: Sequence[np.ndarray], vocab_size: int, states: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """The states (B, min(n + 2, N)) after one more token each: each n-gram grows by it."""
    longer = [np.zeros(len(tokens), dtype=np.int64)]
    for n, nodes in enumerate(states.T[: len(keys) - 2]):
        level, wanted = keys[n + 1], nodes * vocab_size + tokens
        place = level.searchsorted(wanted)
        seen = level.take(place, mode="clip") == wanted if len(level) else np.zeros(len(wanted), bool)
        longer.append(np.where(seen, place, -1))
    return np.stack(longer, axis=1)
