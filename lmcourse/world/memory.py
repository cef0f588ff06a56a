"""A world seen through a window: the best that any model with a short memory can do, exactly.

An n-gram model predicts from the last n - 1 tokens, however much data it has. Of all functions of those, the
one with the least loss on a world is the world's own p(next token | last n - 1 tokens). Here it is worked out
from the automaton, without a sample: begin with the stationary distribution (where in a sentence are we, if
we look at a random moment?), read the window, and see which states are still possible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lmcourse.model import LanguageModel, Tokens, check_whole, log
from lmcourse.world.world import World


def stationary(world: World) -> np.ndarray:
    """Share of the time that the endless stream of sentences spends in each state of the automaton, (S,).

    The expected visits of each state in one sentence, v = e_0 + v P with P the arcs inside a sentence, over
    their sum, which is the expected length.
    """
    arcs = world.automaton.arcs
    inside = np.zeros((len(arcs), len(arcs)))
    for state, row in enumerate(arcs):
        for arc in row:
            if arc.token != world.end:
                inside[state, arc.state] += arc.probability
    visits = np.linalg.solve(np.eye(len(arcs)) - inside.T, np.eye(len(arcs))[0])
    return visits / visits.sum()


def memory_entropies(world: World, longest: int) -> list[float]:
    """[H(X_1), H(X_2 | X_1), H(X_3 | X_1 X_2), …] of the world's stream in nats: Shannon's F_1, F_2, …

    They are exact. Entry n - 1 is the least expected loss per token of any model with a window of n tokens:
    n - 1 to look at and one to predict. They fall to `world.entropy_rate()`. Different contexts that leave
    the same belief are followed as one, so that their number stays small.

    Args:
        world: whose stream it is.
        longest: the largest n.
    """
    longest = check_whole(longest, "longest")
    beliefs = [(dict(enumerate(stationary(world))), 1.0)]  # each with the probability that it is held
    found = []
    for _ in range(longest):
        entropy, after = 0.0, {}
        for belief, mass in beliefs:
            for branch in _branches(world, belief).values():
                p = math.fsum(branch.values())
                entropy -= mass * p * math.log(p)
                new = {state: q / p for state, q in branch.items()}
                key = _key(new)
                after[key] = (new, mass * p + (after[key][1] if key in after else 0.0))
        found.append(entropy)
        beliefs = list(after.values())
    return found


def _branches(world: World, belief: dict[int, float]) -> dict[int, dict[int, float]]:
    """For each token that can come, the joint probability of it and the state it leads to."""
    found: dict[int, dict[int, float]] = {}
    for state, p in belief.items():
        for arc in world.automaton.arcs[state]:
            branch = found.setdefault(arc.token, {})
            branch[arc.state] = branch.get(arc.state, 0.0) + p * arc.probability
    return found


def _key(belief: dict[int, float]) -> tuple[tuple[int, float], ...]:
    """A belief as (state, probability) by state, rounded: two ways of working out the same one agree."""
    return tuple(sorted((state, round(p, 9)) for state, p in belief.items()))


class Windows(NamedTuple):
    """Contexts of equal length, how often each is met, and what follows it in truth."""

    contexts: np.ndarray  # (K, n - 1) token ids
    shares: np.ndarray  # (K,), they sum to one
    probs: np.ndarray  # (K, V), of the next token


def every_window(world: World, order: int) -> Windows:
    """All that the last n - 1 tokens of the world's sentences can be, exactly, in the order of first use.

    What stood before a sentence does not matter; so in a window that reaches beyond its beginning end tokens
    stand there. With these rows one can weigh up, without a sample, the loss of whatever predicts from a
    window: the sum of share times cross-entropy. The truth's own is that of `memory_entropies`.

    Args:
        world: whose sentences they are.
        order: n, 2 or more.
    """
    kept, arcs = check_whole(order, "order", least=2) - 1, world.automaton.arcs
    visits: dict[tuple[int, ...], dict[int, float]] = {}  # window -> expected visits of each state with it
    ahead = {((world.end,) * kept, 0): 1.0}
    while ahead:
        after: dict[tuple[tuple[int, ...], int], float] = {}
        for (window, state), mass in ahead.items():
            states = visits.setdefault(window, {})
            states[state] = states.get(state, 0.0) + mass
            for arc in arcs[state]:
                if arc.token != world.end:
                    key = ((*window[1:], arc.token), arc.state)
                    after[key] = after.get(key, 0.0) + mass * arc.probability
        ahead = after
    joint = np.zeros((len(visits), world.vocab_size))
    for row, states in zip(joint, visits.values()):
        for state, mass in states.items():
            for arc in arcs[state]:
                row[arc.token] += mass * arc.probability
    shares = joint.sum(axis=1)
    return Windows(np.array(list(visits)), shares / shares.sum(), joint / shares[:, None])


class ShortMemory(LanguageModel):
    """p(w | last n - 1 tokens) as the world itself has it: an n-gram model after endless reading.

    As in `NgramModel` with the end token for a start, an end token is taken to stand before every text.

    Args:
        world: the truth.
        order: n.
    """

    def __init__(self, world: World, order: int):
        self.world = world
        self.vocab = world.vocab
        self.end = world.end
        self.order = check_whole(order, "order")
        self._start = dict(enumerate(stationary(world)))
        self._rows: dict[tuple[int, ...], np.ndarray] = {}

    def window(self, context: Sequence[int]) -> Sequence[int]:
        """The last n - 1 tokens: no more of a context can matter."""
        return context[max(0, len(context) - self.order + 1) :]

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log-probabilities (B, V); all -inf after a window that the world never shows."""
        rows = [self._row(tuple(self.window([self.end, *context]))) for context in contexts]
        return np.array(rows).reshape(len(contexts), self.vocab_size)

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, from the rows of the windows."""
        ids = [self.end, *self.ids(tokens)]
        return np.array([self._row(tuple(self.window(ids[:i])))[ids[i]] for i in range(1, len(ids))])

    def _row(self, window: tuple[int, ...]) -> np.ndarray:
        if window not in self._rows:
            belief = self._start
            for token in window:
                belief = _branches(self.world, belief).get(token, {})
            row = np.zeros(self.vocab_size)
            for token, branch in _branches(self.world, belief).items():
                row[token] = math.fsum(branch.values())
            self._rows[window] = log(row / row.sum() if row.any() else row)
        return self._rows[window]
