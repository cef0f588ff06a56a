"""The weights of Jelinek-Mercer smoothing, fitted on a text that was not counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lmcourse.ngram.counts import NgramCounts, find, join
from lmcourse.ngram.smoothing import over


def em_weights(
    counts: NgramCounts, held_out: Iterable[Sequence[int]], start: int | None = None, tolerance: float = 1e-6
) -> list[float]:
    """The weights λ of `jelinek_mercer` that make a held-out text most probable, by expectation-maximisation.

    A token is thought of as drawn so: from the longest context with probability λ_N, else from the next
    shorter one with λ_{N-1}, and so on. E: how probable is it that a token was drawn at each length? M: λ_n
    is the share of the draws at n among those that came as far as n. Each round makes the text more probable
    or changes nothing.

    Args:
        counts: of the training text. On the training text itself the best weights trust the longest context
            fully.
        held_out: texts that were not counted, as token ids.
        start: the token that stood before each text when counting.
        tolerance: stop when the mean log-likelihood grows by less than this, in nats a token.
    """
    ids, age = join(held_out, start)
    said = np.flatnonzero(age > (start is not None))
    if not said.size:
        raise ValueError("held_out holds no token: there is nothing to fit the weights to")
    nodes = find([level.keys for level in counts.levels], counts.vocab_size, ids, age)
    # for each length: c(h w) / c(h) of each token, and whether anything was seen after h
    shares, known = [], []
    for n in range(1, counts.order + 1):
        context = nodes[n - 1][said - 1] if n > 1 else nodes[0][said]
        total = np.append(counts.totals(n), 0)[np.where(age[said] >= n, context, -1)]
        known.append(total > 0)
        shares.append(over(np.append(counts.levels[n].counts, 0)[nodes[n][said]], total))
    weights, before = np.full(counts.order, 0.5), -np.inf
    while True:
        probs = [np.full(len(said), 1 / counts.vocab_size)]
        for weight, share, here in zip(weights, shares, known):
            probs.append(np.where(here, weight * share + (1 - weight) * probs[-1], probs[-1]))
        likelihood = float(np.log(probs[-1]).mean())
        if likelihood - before < tolerance:
            return weights.tolist()
        before = likelihood
        came = np.ones(len(said))  # probability that a token was drawn at n or below
        for n in reversed(range(counts.order)):
            drawn = np.where(known[n], came * over(weights[n] * shares[n], probs[n + 1]), 0.0)
            arrived = came[known[n]].sum()
            weights[n] = min(1.0, drawn.sum() / arrived) if arrived else weights[n]
            came = came - drawn
