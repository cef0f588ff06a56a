"""All answers that may be given, as a tree, so that a policy's probability of each is exact.

An assistant that must answer in a given form (a menu, a number, JSON) is kept to it while it writes: at each
place only the tokens that some allowed answer has there can be drawn, and their probabilities are rescaled to
sum to one. Then the answers, if they can be listed, are all there is, and sums over them replace samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np


class Answers:
    """A list of allowed answers and the tree of their beginnings.

    Args:
        listed: N answers, each token ids that end with `end`, no two the same.
        vocab_size: V.
        end: the token that closes an answer, and fills the shorter ones up.

    Raises ValueError for none, an answer without its end or with one inside, or one that is listed twice.

    Attributes:
        tokens: (N, L), filled up with `end`.
        said: (N, L), whether a place belongs to the answer.
        nodes: (N, L), the node of the tree at which each token is chosen; node 0 is the beginning.
        children: (n_nodes, V), the node that a token leads to, -1 where it is not allowed; an answer that is
            complete leads to -2 minus its number.
    """

    def __init__(self, listed: Sequence[Sequence[int]], vocab_size: int, end: int):
        if not len(listed):
            raise ValueError("no answers are listed; there must be at least one")
        for answer in listed:
            if not len(answer) or answer[-1] != end or end in answer[:-1]:
                raise ValueError(
                    f"the answer {list(answer)} must close with the end token {end}, and have it there alone"
                )
        self.end, self.vocab_size = end, vocab_size
        lengths = np.array([len(answer) for answer in listed])
        longest = lengths.max()
        self.tokens = np.array([[*answer, *[end] * (longest - len(answer))] for answer in listed])
        self.said = np.arange(longest) < lengths[:, None]
        self.nodes = np.zeros_like(self.tokens)
        children: list[dict[int, int]] = [{}]
        beginnings: list[tuple[int, ...]] = [()]
        for row, answer in enumerate(listed):
            node = 0
            for place, token in enumerate(answer[:-1]):
                self.nodes[row, place] = node
                if token not in children[node]:
                    children[node][token] = len(children)
                    children.append({})
                    beginnings.append(tuple(answer[: place + 1]))
                node = children[node][token]
            self.nodes[row, len(answer) - 1] = node
            if end in children[node]:
                raise ValueError(f"the answer {list(answer)} is listed twice")
            children[node][end] = -2 - row
        self.beginnings = beginnings
        self.children = np.full((len(children), vocab_size), -1)
        for node, after in enumerate(children):
            self.children[node, list(after)] = list(after.values())

    def __len__(self) -> int:
        """N, how many there are."""
        return len(self.tokens)

    @cached_property
    def allowed(self) -> np.ndarray:
        """Which tokens may be said at each node, (n_nodes, V)."""
        return self.children != -1

    @cached_property
    def _free(self) -> np.ndarray:
        """The nodes at which there is a choice, (M,)."""
        return np.flatnonzero(self.allowed.sum(axis=1) > 1)

    @cached_property
    def reading(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What must be read to know the chances at all nodes where there is a choice.

        Returns:
            Beginnings (R, L'), none of which begins another; the free nodes (M,), and for each the row and
            the number of tokens in it that lead there.
        """
        longest = max(len(self.beginnings[node]) for node in self._free)
        rows: dict[tuple[int, ...], int] = {}
        places = []
        for node in sorted(self._free, key=lambda node: -len(self.beginnings[node])):
            said = self.beginnings[node]
            if said not in rows:
                row = len(set(rows.values()))
                for n in range(len(said) + 1):
                    rows.setdefault(said[:n], row)
            places.append((node, rows[said], len(said)))
        count = len(set(rows.values()))
        texts = np.full((count, longest), self.end)
        for said, row in rows.items():
            texts[row, : len(said)] = said
        node, row, place = np.array(places).T
        return texts, node, row, place
