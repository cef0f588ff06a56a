"""Walks among mice: a task of any length, each step of which is one fact.

There are mice, and relations between them: each mouse has one friend, one teacher and so on, and nobody has
two. Which, was drawn once, so that nothing but learning it by heart helps. A walk starts at a mouse and goes
on to her friend, from there to that one's teacher …: `x r y r y …`, where each y is to be named. Relations
are not equally common: that of rank k is drawn with a probability proportional to 1/k. *Two at once*,
`x r r > y`, asks for the second mouse without having the first one written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.model import check_whole
from lmcourse.transformer.network import Transformer


class Rows(NamedTuple):
    """Texts as a network reads them."""

    token_ids: np.ndarray  # (B, T): mice first, then relations, last the sign for "at once"
    asked: np.ndarray  # (B, T - 1), True where the next token is to be named
    relations: np.ndarray  # (B, L), of each step


@dataclass(frozen=True)
class Mice:
    """Who is whose friend, teacher, …

    Args:
        whose: row r has the mice that relation r leads to, from mouse 0, 1, …; (R, M).
        probs: how often each relation is asked, (R,).
    """

    whose: np.ndarray
    probs: np.ndarray

    @classmethod
    def draw(cls, n_mice: int, n_relations: int, rng: np.random.Generator) -> Mice:
        """Each relation a permutation of the mice, all equally probable."""
        check_whole(n_mice, "n_mice", least=2)
        check_whole(n_relations, "n_relations")
        whose = np.array([rng.permutation(n_mice) for _ in range(n_relations)])
        weights = 1 / np.arange(1, n_relations + 1)
        return cls(whose, weights / weights.sum())

    @property
    def n_mice(self) -> int:
        """M."""
        return self.whose.shape[1]

    @property
    def vocab_size(self) -> int:
        """Mice, relations and the sign for "at once"."""
        return self.n_mice + len(self.whose) + 1

    def draw_relations(self, count: int, length: int, rng: np.random.Generator, one: bool = False):
        """Relations for `count` walks, (count, length); `one`: the same at every step of a walk."""
        drawn = rng.choice(len(self.probs), size=(count, 1 if one else length), p=self.probs)
        return np.broadcast_to(drawn, (count, length)).copy()

    def visited(self, starts: np.ndarray, relations: np.ndarray) -> np.ndarray:
        """All mice of walks from `starts` (B,) along `relations` (B, L), with the start: (B, L + 1)."""
        mice = [np.asarray(starts)]
        for step in np.asarray(relations).T:
            mice.append(self.whose[step, mice[-1]])
        return np.stack(mice, axis=1)

    def walks(self, relations: np.ndarray, rng: np.random.Generator) -> Rows:
        """Walks along `relations` (B, L), each from a mouse drawn at random: `x r y r y …`, T = 2 L + 1."""
        count, length = relations.shape
        mice = self.visited(rng.integers(self.n_mice, size=count), relations)
        ids = np.empty((count, 2 * length + 1), dtype=np.int64)
        ids[:, 0::2], ids[:, 1::2] = mice, self.n_mice + relations
        asked = np.zeros((count, 2 * length), dtype=bool)
        asked[:, 1::2] = True
        return Rows(ids, asked, relations)

    def at_once(self, relations: np.ndarray, rng: np.random.Generator) -> Rows:
        """The same in double steps, `x r r > y r r > y …`, T = 2 L + 1. Raises ValueError for an odd L."""
        count, length = relations.shape
        if length % 2:
            raise ValueError(f"{length} steps cannot be taken two at once; let the walk have an even length")
        mice = self.visited(rng.integers(self.n_mice, size=count), relations)
        ids = np.empty((count, 2 * length + 1), dtype=np.int64)
        ids[:, 0::4] = mice[:, 0::2]
        ids[:, 1::4], ids[:, 2::4] = self.n_mice + relations[:, 0::2], self.n_mice + relations[:, 1::2]
        ids[:, 3::4] = self.vocab_size - 1
        asked = np.zeros((count, 2 * length), dtype=bool)
        asked[:, 3::4] = True
        return Rows(ids, asked, relations)


def answers(network: Transformer, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """What a network makes of each mouse that is asked for, the right ones before it being written.

    Returns whether its most probable token is the right one, (B, K), and log-probabilities of all tokens
    there in nats, (B, K, V).
    """
    ids = torch.from_numpy(rows.token_ids)
    where = np.flatnonzero(rows.asked[0])
    with torch.no_grad():
        log_probs = network(ids[:, :-1])[:, where].log_softmax(dim=-1).numpy()
    targets = rows.token_ids[:, 1:][:, where]
    return log_probs.argmax(axis=-1) == targets, log_probs


def surprise(network: Transformer, rows: Rows, counts: np.ndarray | None = None) -> Tensor:
    """The mean surprise at what is asked, in nats: the loss. `counts` (B, T - 1) leaves some of it out."""
    ids = torch.from_numpy(rows.token_ids)
    chosen = torch.from_numpy(rows.asked if counts is None else rows.asked & counts)
    logits = network(ids[:, :-1])
    return torch.nn.functional.cross_entropy(logits[chosen], ids[:, 1:][chosen])
