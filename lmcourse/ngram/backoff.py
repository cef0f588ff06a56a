"""Backing off: a shorter context is asked only where the longer one has nothing.

The second shape of `smoothing`, and the two methods that have it: Katz's, and stupid backoff.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lmcourse.ngram.counts import NgramCounts
from lmcourse.ngram.smoothing import Tables, over

KATZ = 5  # counts above this are believed as they are


def backed_off(counts: NgramCounts, alphas: Callable[[int], np.ndarray]) -> Tables:
    """p(w|h) = α(w|h) where h w was seen, and what that leaves is shared out as h' would share it:

        γ(h) = (1 - Σ_seen α(w|h)) / (1 - Σ_seen p(w|h')).

    If all tokens that h' knows were seen after h, there is nobody to take the rest: α is scaled up to sum to
    one.

    Args:
        counts: of all n-grams.
        alphas: n to α (K_n,) of the n-grams of length n; 0 for what was not seen.
    """
    probs, gammas = [np.array([1 / counts.vocab_size])], []
    for n in range(1, counts.order + 1):
        alpha, seen, parents = alphas(n), counts.levels[n].counts > 0, counts.parents(n)
        shorter = probs[-1][counts.levels[n].suffix]
        taken, others = counts.sums(n, alpha), 1 - counts.sums(n, seen * shorter)
        nobody = others < 1e-12
        gamma = np.where(nobody, 0.0, over(1 - taken, np.where(nobody, 1.0, others)))
        gamma[taken == 0] = 1.0  # nothing was seen
        alpha = np.where(nobody[parents], over(alpha, taken[parents]), alpha)
        probs.append(np.where(seen, alpha, gamma[parents] * shorter))
        gammas.append(np.append(gamma, 1.0))
    return Tables(tuple(probs), tuple(gammas))


def katz_ratios(values: np.ndarray, largest: int = KATZ) -> np.ndarray:
    """By what to multiply counts of 0, 1, …, `largest`, (largest + 1,), as Good and Turing say (Katz 1987).

    With r* = (r + 1) n_{r+1} / n_r and m = (largest + 1) n_{largest+1} / n_1,

        d_r = (r* / r - m) / (1 - m),

    so that together n_1 is taken away: their estimate of how often the unseen should have been seen.

    Where a text is too small for this (some d_r is not between 0 and 1), half a count is taken from each.
    """
    n = np.bincount(np.minimum(values, largest + 2), minlength=largest + 3).astype(float)
    r = np.arange(1, largest + 1)
    if np.all(n[1 : largest + 2] > 0):
        m = (largest + 1) * n[largest + 1] / n[1]
        ratios = ((r + 1) * n[r + 1] / (r * n[r]) - m) / (1 - m) if m < 1 else np.zeros(largest)
        if np.all((ratios > 0) & (ratios < 1)):
            return np.concatenate([[0.0], ratios])
    return np.concatenate([[0.0], 1 - 0.5 / r])


def katz(counts: NgramCounts) -> Tables:
    """Small counts shrink by `katz_ratios`, and what is set free goes to what was not seen (Katz 1987).

    Katz left the single tokens as they were counted; here they back off to 1/V. If no count after h is small,
    nothing is set free; then one more token is taken to have been seen there.
    """

    def alphas(n: int) -> np.ndarray:
        c, totals = counts.levels[n].counts, counts.totals(n)
        d = katz_ratios(c)
        kept = np.where(c <= KATZ, d[np.minimum(c, KATZ)] * c, c.astype(float))
        freed = counts.sums(n, c - kept) > 0
        return over(kept, (totals + ~freed)[counts.parents(n)])

    return backed_off(counts, alphas)


def stupid_backoff(counts: NgramCounts, penalty: float = 0.4) -> Tables:
    """S(w|h) = c(h w) / c(h) if h w was seen, else 0.4 S(w|h'), over its sum (Brants et al. 2007).

    The scores S as they stand are no probabilities: they sum to more than one after a context that was seen,
    mostly to less after another. For ranking translations no sum was needed. Here Z(h) = Σ_w S(w|h) is worked
    out for every context, so that the method can be compared with others. (They had no level below the single
    words; here what no word count covers backs off to 1/V, as in the other methods.)
    """
    if not 0 < penalty <= 1:
        raise ValueError(f"penalty={penalty} must be above 0 and at most 1")
    scores, sums = [np.array([1 / counts.vocab_size])], [np.ones(1)]
    probs, gammas = [scores[0]], []
    for n in range(1, counts.order + 1):
        level, parents, totals = counts.levels[n], counts.parents(n), counts.totals(n)
        seen, shorter = level.counts > 0, scores[-1][level.suffix]
        scores.append(np.where(seen, over(level.counts, totals[parents]), penalty * shorter))
        rest = sums[-1][counts.levels[n - 1].suffix] if n > 1 else sums[0]  # Z(h')
        z = counts.sums(n, np.where(seen, scores[-1], 0)) + penalty * (rest - counts.sums(n, seen * shorter))
        probs.append(scores[-1] / z[parents])
        gammas.append(np.append(penalty * rest / z, 1.0))
        sums.append(z)
    return Tables(tuple(probs), tuple(gammas))
