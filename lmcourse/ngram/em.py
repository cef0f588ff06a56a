"""The weights of Jelinek-Mercer smoothing, fitted on a text that was not counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lmcourse.ngram.counts import NgramCounts, find, join
from lmcourse.ngram.smoothing import buckets, over

FEW = 100  # tokens; a bucket of which the held-out text asks less often is not fitted


def em_weights(
    counts: NgramCounts,
    held_out: Iterable[Sequence[int]],
    start: int | None = None,
    tolerance: float = 1e-6,
    edges: Sequence[int] = (),
) -> list:
    """The weights λ of `jelinek_mercer` that make a held-out text most probable, by expectation-maximisation.

    A token is thought of as drawn so: from the longest context with probability λ_N, else from the next
    shorter one with λ_{N-1}, and so on. E: how probable is it that a token was drawn at each length? M: λ_n
    is the share of the draws at n among those that came as far as n; with `edges`, among those of them that
    came with a context of the same bucket. Each round makes the text more probable or changes nothing.

    Args:
        counts: of the training text. On the training text itself the best weights trust the longest context
            fully.
        held_out: texts that were not counted, as token ids.
        start: the token that stood before each text when counting.
        tolerance: stop when the mean log-likelihood grows by less than this, in nats a token.
        edges: (B,) the counts c(h) at which the next bucket begins; see `jelinek_mercer`.

    Returns:
        The N weights; with `edges`, for each length a list of B + 1, where a bucket that fewer than `FEW`
        tokens ask has the weight that its length has without buckets: on a few tokens a weight of 1 looks
        best, which makes all others impossible.
    """
    held_out = list(held_out)
    ids, age = join(held_out, start)
    said = np.flatnonzero(age > (start is not None))
    if not said.size:
        raise ValueError("held_out holds no token: there is nothing to fit the weights to")
    nodes = find([level.keys for level in counts.levels], counts.vocab_size, ids, age)
    # for each length: c(h w) / c(h) of each token, whether anything was seen after h, and the bucket of c(h)
    shares, known, bucket = [], [], []
    for n in range(1, counts.order + 1):
        context = nodes[n - 1][said - 1] if n > 1 else nodes[0][said]
        total = np.append(counts.totals(n), 0)[np.where(age[said] >= n, context, -1)]
        known.append(total > 0)
        bucket.append(buckets(total, edges))
        shares.append(over(np.append(counts.levels[n].counts, 0)[nodes[n][said]], total))
    weights, before = np.full((counts.order, len(edges) + 1), 0.5), -np.inf
    fixed = np.zeros_like(weights, dtype=bool)
    if len(edges):
        weights[:] = np.array(em_weights(counts, held_out, start, tolerance))[:, None]
        fixed = np.array([np.bincount(b, k, len(edges) + 1) for b, k in zip(bucket, known)]) < FEW
    while True:
        probs = [np.full(len(said), 1 / counts.vocab_size)]
        each = [weights[n][bucket[n]] for n in range(counts.order)]  # the weight of each token
        for weight, share, here in zip(each, shares, known):
            probs.append(np.where(here, weight * share + (1 - weight) * probs[-1], probs[-1]))
        likelihood = float(np.log(probs[-1]).mean())
        if likelihood - before < tolerance:
            return weights.tolist() if len(edges) else weights[:, 0].tolist()
        before = likelihood
        came = np.ones(len(said))  # probability that a token was drawn at n or below
        for n in reversed(range(counts.order)):
            drawn = np.where(known[n], came * over(each[n] * shares[n], probs[n + 1]), 0.0)
            drawn_in, arrived_in = (
                np.bincount(bucket[n], tokens, len(edges) + 1) for tokens in (drawn, came * known[n])
            )
            kept = fixed[n] | (arrived_in == 0)
            weights[n] = np.where(kept, weights[n], np.minimum(1.0, over(drawn_in, arrived_in)))
            came = came - drawn
