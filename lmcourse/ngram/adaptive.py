"""A language model that learns from the text itself, while it reads it.

This is how a general compressor must work, gzip as well as this one: the receiver has only what has come.
It may also start from what was read before, if both sides have read it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import reduce

import numpy as np

from lmcourse.model import LanguageModel, Tokens, check_whole
from lmcourse.ngram.simple import CountModel
from lmcourse.reader import Reader, StateReader
from lmcourse.vocabulary import Vocabulary


class AdaptiveModel(LanguageModel):
    """Counts of what followed each context of up to `order - 1` tokens, in the context it is given.

    With c(h, w) the count of w after h, t(h) the number of different tokens seen after h, and h' the context
    without its first token,

        p(w | h) = (c(h, w) + t(h) p(w | h')) / (c(h) + t(h)):

    the more variety a context has shown, the more is left to the shorter one, and all of it where h was never
    seen; below the empty context lies the uniform distribution. Source: Witten and Bell (1991), their method
    C, interpolated; to learn contexts while compressing is the idea of PPM (Cleary and Witten 1984).

    Args:
        vocab: the tokens.
        order: how many tokens an n-gram has.
        known: counts to start from, those of a model with the same tokens that sees as far or farther.
    """

    def __init__(self, vocab: Vocabulary, order: int, known: CountModel | None = None):
        self.vocab = vocab
        self.order = check_whole(order, "order")
        self._known = known
        if known is not None and known.vocab != vocab:
            raise ValueError(f"known has the tokens {known.vocab!r}, not {vocab!r}; give both the same")
        if known is not None and known.order < self.order:
            raise ValueError(f"known has order={known.order}, too small for order={self.order}")

    def reader(self, contexts: Sequence[Sequence[int]] = ((),)) -> Reader:
        """A reader that keeps each row's counts, so that each token costs the same."""
        states = [reduce(_Counts.after, context, _Counts(self)) for context in contexts]
        return StateReader(self.vocab_size, states, _Counts.log_probs, _Counts.after, fork=_Counts.copy)

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log-probabilities (B, V), from counting each context afresh."""
        return self.reader(contexts).log_probs()

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but reading the text once and without building whole distributions."""
        return self.token_log_probs_by_order(tokens)[-1]

    def token_log_probs_by_order(self, tokens: Tokens) -> np.ndarray:
        """What the models of order 1, 2, …, this one's say of each token, (order, L), from one reading.

        The shorter context's p that each step begins with is what a model of that order would say.
        """
        ids = self.ids(tokens)
        probs, counts = np.empty((len(ids), self.order)), _Counts(self)
        for i, token in enumerate(ids):
            p, said = 1 / self.vocab_size, []
            for row, total in counts.rows():
                p = (row.get(token, 0) + len(row) * p) / (total + len(row))
                said.append(p)
            probs[i] = said + [p] * (self.order - len(said))  # what was never seen leaves all to the shorter
            counts.after(token)
        return np.log(probs).T


class _Counts:
    """The counts of what was read so far."""

    def __init__(self, model: AdaptiveModel):
        self._size, self._order, self._known = model.vocab_size, model.order, model._known
        self._contexts: list[tuple[int, ...]] = [()]  # the last tokens: none, one, …, order - 1 of them
        self._counts: dict[tuple[int, ...], dict[int, int]] = {}
        self._totals: dict[tuple[int, ...], int] = {}

    def rows(self) -> list[tuple[dict[int, int], int]]:
        """Counts and total after each suffix of the context that was seen before, the empty one first."""
        found = []
        for h in self._contexts:
            row = self._row(h)
            if not row:
                break  # then no longer suffix was seen either
            found.append((row, self._totals[h]))
        return found

    def _row(self, h: tuple[int, ...]) -> dict[int, int]:
        """The counts after a context; what was known of it is copied when it is first asked for."""
        if h not in self._counts:
            self._counts[h] = {} if self._known is None else self._known.followers(h)
            self._totals[h] = sum(self._counts[h].values())
        return self._counts[h]

    def log_probs(self) -> np.ndarray:
        """Log-probabilities (V,) of the next token."""
        # From the longest context down: each takes its part of what the longer ones have left over. The
        # parts of all contexts are added up in one go, since many small steps would take NumPy longer.
        left, tokens, parts = 1.0, [], []
        for row, total in reversed(self.rows()):
            share = left / (total + len(row))
            tokens += row
            parts += [share * count for count in row.values()]
            left = share * len(row)
        found = np.bincount(tokens, parts, self._size) if tokens else np.zeros(self._size)
        return np.log(found + left / self._size)

    def after(self, token: int) -> _Counts:
        """Count one token more; returns the same object."""
        for h in self._contexts:
            row = self._row(h)
            row[token] = row.get(token, 0) + 1
            self._totals[h] += 1
        self._contexts = [(), *((*h, token) for h in self._contexts[: self._order - 1])]
        return self

    def copy(self) -> _Counts:
        """The same counts, to go on counting apart."""
        other = copy.copy(self)
        other._counts = {h: dict(row) for h, row in self._counts.items()}
        other._totals = dict(self._totals)
        return other
