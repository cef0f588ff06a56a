"""Reading on: what a language model offers to whoever walks through texts token by token.

A `Reader` has B texts open side by side, its rows. It tells what may follow each, takes one token for each,
and lets rows be forked, reordered and dropped, as beams and batches of samples need; on demand it takes
several tokens at once and gives the last ones back, as guessing ahead does. Whatever a model has worked out
about the past (a belief, the last n-grams, a recurrent state, keys and values) is kept between the steps, so
that a token costs the same however long the text has become.

A model without such a state has `ContextReader` for nothing. One with a small state for each row needs no
more than two functions, see `StateReader`; one whose state is a tensor for all rows together (a recurrent
network, a cache of keys and values) subclasses `Reader`, and where it can read several tokens in one pass it
overrides `_read_many`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from lmcourse.model import LanguageModel

State = TypeVar("State")


class Reader(ABC):
    """B texts that are read side by side: predict, read a token of each, predict again.

    `model.reader(contexts)` opens one. Arguments are checked here, once for all models, and a prediction is
    worked out once, however often it is asked for; a subclass supplies `_predict`, `_read`, `_select` and
    `_mark`.

    Args:
        vocab_size: V.
        n_rows: B.
    """

    def __init__(self, vocab_size: int, n_rows: int):
        self.vocab_size = vocab_size
        self.n_rows = n_rows
        self._predicted: np.ndarray | None = None
        # Before each of the last tokens: what was predicted, if it was, and how to come back there.
        self._marks: deque[tuple[np.ndarray | None, Callable[[], None]]] = deque(maxlen=0)

    def log_probs(self) -> np.ndarray:
        """Log-probabilities (B, V) of the next token of each text, read-only; a row may be all -inf."""
        if self._predicted is None:
            self._predicted = self._predict()
            self._predicted.flags.writeable = False  # it is shared: with whoever asks again, and with forks
        return self._predicted

    def read(self, tokens: Sequence[int]) -> None:
        """Take one token id for each row as said. Raises ValueError for too many, too few, or no token."""
        tokens = self._whole(tokens, self.vocab_size, "token id")
        if len(tokens) != self.n_rows:
            raise ValueError(f"{len(tokens)} tokens for {self.n_rows} rows; each row reads one")
        if self._marks.maxlen:
            self._marks.append((self._predicted, self._mark()))
        self._predicted = None
        self._read(tokens)

    def read_many(self, tokens: Sequence[Sequence[int]]) -> np.ndarray:
        """Take T token ids for each row, (B, T), as said; log-probabilities (B, T, V) of what follows each.

        As `read` and `log_probs` in turn, and never slower. Raises ValueError as `read`, and for texts of
        different lengths or without a token.
        """
        tokens = [self._whole(row, self.vocab_size, "token id") for row in tokens]
        lengths = {len(row) for row in tokens}
        if len(tokens) != self.n_rows or len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"{len(tokens)} texts of {sorted(lengths)} tokens for {self.n_rows} rows; each row reads as "
                "many as the others, one or more"
            )
        found = self._read_many(tokens)
        self._predicted = found[:, -1]
        self._predicted.flags.writeable = False
        return found

    def _read_many(self, tokens: list[list[int]]) -> np.ndarray:
        """As `read_many`, of checked tokens; leaves marks as `read` does."""
        found = []
        for column in zip(*tokens):
            self.read(column)
            found.append(self.log_probs())
        return np.stack(found, axis=1)

    def remember(self, n: int) -> None:
        """From now on keep what it needs to take back up to n of the last tokens; 0, as at first: nothing."""
        self._marks = deque(self._marks, maxlen=n)

    def rewind(self, n: int) -> None:
        """Take back the last n tokens of every row, as if they had not been read.

        Raises ValueError for more than are remembered. A selection of rows is the end of what was remembered.
        """
        if not 0 <= n <= len(self._marks):
            raise ValueError(
                f"n={n} tokens cannot be taken back: {len(self._marks)} are remembered; call remember({n}) "
                "before they are read"
            )
        for _ in range(n):
            self._predicted, come_back = self._marks.pop()
        if n:
            come_back()
        if self._predicted is not None:
            self._predicted.flags.writeable = False

    def select(self, rows: Sequence[int]) -> None:
        """Go on with these rows, in this order; a row named twice is forked, one left out is dropped.

        Raises ValueError for a row that is not there.
        """
        rows = self._whole(rows, self.n_rows, "row")
        if self._predicted is not None:
            self._predicted = self._predicted[rows]
            self._predicted.flags.writeable = False
        self._marks.clear()
        self.n_rows = len(rows)
        self._select(rows)

    @staticmethod
    def _whole(values: Iterable[int], size: int, what: str) -> list[int]:
        found = np.asarray(values if isinstance(values, np.ndarray) else list(values))
        if found.size == 0:
            return []
        if found.ndim != 1 or found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= size:
            raise ValueError(f"each {what} must be a whole number from 0 to {size - 1}; got {found.tolist()}")
        return found.tolist()

    @abstractmethod
    def _predict(self) -> np.ndarray:
        """A new array (B, V)."""

    @abstractmethod
    def _read(self, tokens: list[int]) -> None:
        """Take checked tokens (B,) as said."""

    @abstractmethod
    def _select(self, rows: list[int]) -> None:
        """Go on with checked rows; `n_rows` is already their number."""

    @abstractmethod
    def _mark(self) -> Callable[[], None]:
        """How to come back, from whatever was read after, to where it stands now."""


class ContextReader(Reader):
    """For a model without a state: keeps the texts, and asks `next_log_probs` about them at each step.

    Args:
        model: that predicts; of each text it is shown the `window`.
        contexts: B sequences of token ids, what each row begins with.
    """

    def __init__(self, model: LanguageModel, contexts: Sequence[Sequence[int]]):
        super().__init__(model.vocab_size, len(contexts))
        self._model = model
        self._contexts = [list(context) for context in contexts]

    def _predict(self) -> np.ndarray:
        windows = [self._model.window(context) for context in self._contexts]
        return np.array(self._model.next_log_probs(windows))

    def _read(self, tokens: list[int]) -> None:
        for context, token in zip(self._contexts, tokens):
            context.append(token)

    def _select(self, rows: list[int]) -> None:
        self._contexts = [list(self._contexts[row]) for row in rows]

    def _mark(self) -> Callable[[], None]:
        lengths = [len(context) for context in self._contexts]

        def come_back() -> None:
            for context, length in zip(self._contexts, lengths):
                del context[length:]

        return come_back


class StateReader(Reader, Generic[State]):
    """For a model that keeps a state for each row, given how it predicts from one and how a token changes it.

    Args:
        vocab_size: V.
        states: one for each row.
        predict: a state to the log-probabilities (V,) of what follows.
        step: a state and a token to the state after it. It may change the state that it was given.
        fork: copies a state; needed where `step` changes it.
    """

    def __init__(
        self,
        vocab_size: int,
        states: Iterable[State],
        predict: Callable[[State], np.ndarray],
        step: Callable[[State, int], State],
        fork: Callable[[State], State] = lambda state: state,
    ):
        self._states = list(states)
        super().__init__(vocab_size, len(self._states))
        self._of, self._step, self._fork = predict, step, fork

    def _predict(self) -> np.ndarray:
        return np.array([self._of(state) for state in self._states]).reshape(self.n_rows, self.vocab_size)

    def _read(self, tokens: list[int]) -> None:
        self._states = [self._step(state, token) for state, token in zip(self._states, tokens)]

    def _select(self, rows: list[int]) -> None:
        taken: set[int] = set()
        states = []
        for row in rows:  # the first who asks for a state gets it, the others a copy
            states.append(self._fork(self._states[row]) if row in taken else self._states[row])
            taken.add(row)
        self._states = states

    def _mark(self) -> Callable[[], None]:
        states = list(map(self._fork, self._states))

        def come_back() -> None:
            self._states = states

        return come_back
