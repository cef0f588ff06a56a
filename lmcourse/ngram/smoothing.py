"""What to do about the n-grams that were never seen: the family of smoothing methods, one function each.

Write h for a context, h' for h without its first token, c(h w) for a count, c(h) = Σ_w c(h w), and N1+(h •)
for the number of different tokens seen after h. All methods have one of two shapes (Chen and Goodman 1999):

    interpolated    p(w|h) = α(w|h) + γ(h) p(w|h')                              for every w
    backed off      p(w|h) = α(w|h) if h w was seen, else γ(h) p(w|h')

and a method is a choice of α and γ; those of the second shape are in `backoff`. Below the single tokens lies
the uniform distribution, 1/V. Either shape ends in the same two tables, p of each n-gram that was seen and γ
of each context, which are all that a model needs (`Tables`). A function here is given the counts and returns
the tables; it has no other memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lmcourse.ngram.counts import NgramCounts

FALLBACK = np.array([0.5, 1.0, 1.5])  # discounts where a text is too small to estimate them; KenLM's choice


@dataclass(frozen=True)
class Tables:
    """What smoothing leaves: p(w|h) is probs of h w if that was seen, else gammas of h times p(w|h').

    Attributes:
        probs: probs[n] (K_n,), of each n-gram of length n; probs[0] is the one number 1/V.
        gammas: gammas[n] (K_n + 1,), of each n-gram of length n < N as a context; the last one is the γ of
            any context that was not seen, so that its number, -1, finds it.
        alone: p(w|h') is 1/V whatever h' is: no context leans on a shorter one.
    """

    probs: tuple[np.ndarray, ...]
    gammas: tuple[np.ndarray, ...]
    alone: bool = False


Smoothing = Callable[[NgramCounts], Tables]
Discounts = Callable[[np.ndarray], np.ndarray]  # from the counts of one length to D(1), D(2), D(3 or more)


def over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, and 0 where b is 0: a context after which nothing was seen has no shares to give."""
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=b > 0)


# ---------- the two shapes ----------


def interpolated(
    counts: NgramCounts,
    weights: Callable[[int], tuple[np.ndarray, np.ndarray]],
    unseen: float = 1.0,
    alone: bool = False,
) -> Tables:
    """p(w|h) = α(w|h) + γ(h) p(w|h'), from the shortest n-grams up.

    Args:
        counts: of all n-grams.
        weights: n to α (K_n,) of the n-grams of length n, and γ (K_{n-1},) of their contexts.
        unseen: γ of a context after which nothing was ever seen.
        alone: p(w|h') is 1/V whatever h' is: no context leans on a shorter one.
    """
    base = np.array([1 / counts.vocab_size])
    probs, gammas = [base], []
    for n in range(1, counts.order + 1):
        alpha, gamma = weights(n)
        gamma = np.append(np.where(counts.totals(n) > 0, gamma, unseen), unseen)
        shorter = base if alone else probs[-1][counts.levels[n].suffix]
        probs.append(alpha + gamma[counts.parents(n)] * shorter)
        gammas.append(gamma)
    return Tables(tuple(probs), tuple(gammas), alone)


# ---------- no help from shorter contexts ----------


def add_k(counts: NgramCounts, k: float = 1.0) -> Tables:
    """p(w|h) = (c(h w) + k) / (c(h) + k V): as if every n-gram had been seen k times more.

    Lidstone's rule; with k = 1 it is Laplace's.
    The same as α = c(h w) / (c(h) + k V) and γ(h) = k V / (c(h) + k V) on the uniform distribution.
    """
    if not k >= 0:
        raise ValueError(f"k={k} must be 0 or more")
    extra = k * counts.vocab_size

    def weights(n: int) -> tuple[np.ndarray, np.ndarray]:
        size = counts.totals(n) + extra
        alpha = over(counts.levels[n].counts, size[counts.parents(n)])
        return alpha, over(np.full(len(size), extra), size)

    return interpolated(counts, weights, unseen=float(k > 0), alone=True)


def maximum_likelihood(counts: NgramCounts) -> Tables:
    """p(w|h) = c(h w) / c(h): what was not seen is impossible, after an unseen context, everything is."""
    return add_k(counts, 0.0)


# ---------- a part of each context's mass goes to the shorter one ----------


def jelinek_mercer(counts: NgramCounts, weights: Sequence[float]) -> Tables:
    """p(w|h) = λ_n c(h w) / c(h) + (1 - λ_n) p(w|h'): one weight for each length (Jelinek and Mercer 1980).

    They had one for each class of contexts that were seen about equally often; here all of a length share it.

    Args:
        counts: of all n-grams.
        weights: λ_1, …, λ_N, each from 0 to 1; `lmcourse.ngram.em.em_weights`
            finds the best ones.
    """
    if len(weights) != counts.order or not all(0 <= weight <= 1 for weight in weights):
        raise ValueError(
            f"weights={list(weights)} must be {counts.order} numbers from 0 to 1, one for each length"
        )

    def of(n: int) -> tuple[np.ndarray, np.ndarray]:
        totals, weight = counts.totals(n), weights[n - 1]
        alpha = weight * over(counts.levels[n].counts, totals[counts.parents(n)])
        return alpha, np.full(len(totals), 1 - weight)

    return interpolated(counts, of)


def dirichlet(counts: NgramCounts, alpha: float = 1.0) -> Tables:
    """p(w|h) = (c(h w) + alpha p(w|h')) / (c(h) + alpha): alpha more observations, drawn from p(·|h').

    Source: MacKay and Peto (1995); here one alpha serves all contexts.
    """
    if not 0 < alpha < np.inf:
        raise ValueError(f"alpha={alpha} must be above 0 and finite")

    def weights(n: int) -> tuple[np.ndarray, np.ndarray]:
        size = counts.totals(n) + alpha
        return counts.levels[n].counts / size[counts.parents(n)], alpha / size

    return interpolated(counts, weights)


def witten_bell(counts: NgramCounts) -> Tables:
    """As `dirichlet`, with alpha = N1+(h •): the more variety a context has shown, the less it is believed.

    Source: Witten and Bell (1991), method C.
    """

    def weights(n: int) -> tuple[np.ndarray, np.ndarray]:
        kinds = counts.kinds(n)
        size = counts.totals(n) + kinds
        return over(counts.levels[n].counts, size[counts.parents(n)]), over(kinds, size)

    return interpolated(counts, weights)


# ---------- discounts: a part of each count goes to the shorter context ----------


def discounts_of(values: np.ndarray, several: bool) -> np.ndarray:
    """How much to take from a count of 1, of 2, and of 3 or more, (3,), from how many there are of each.

    With n_r the number of n-grams that were seen r times, Y = n_1 / (n_1 + 2 n_2) is the one discount of Ney,
    Essen and Kneser (1994); the three of Chen and Goodman (1999) are r - (r + 1) Y n_{r+1} / n_r.

    Args:
        values: (K,) the counts of all n-grams of one length.
        several: the three discounts; otherwise one for all.
    """
    n1, n2, n3, n4 = np.bincount(np.minimum(values, 5), minlength=6)[1:5].astype(float)
    if n1 == 0 or n2 == 0:
        return FALLBACK if several else np.full(3, FALLBACK[0])
    y = n1 / (n1 + 2 * n2)
    if not several:
        return np.full(3, y)
    if n3 == 0 or n4 == 0:
        return FALLBACK
    found = np.array([1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    return found if np.all((found > 0) & (found <= [1, 2, 3])) else FALLBACK


def discounted(counts: NgramCounts, discounts: Discounts) -> Tables:
    """α = max(c(h w) - D, 0) / c(h), and γ(h) = what was taken from the counts after h, over c(h).

    Args:
        counts: of all n-grams.
        discounts: the counts of one length to D(1), D(2), D(3 or more).
    """

    def weights(n: int) -> tuple[np.ndarray, np.ndarray]:
        c, totals = counts.levels[n].counts, counts.totals(n)
        d = np.array([0.0, *discounts(c)])  # of counts of 0, 1, 2, and 3 or more
        taken = np.minimum(d[np.minimum(c, 3)], c)
        alpha = over(c - taken, totals[counts.parents(n)])
        return alpha, over(counts.sums(n, taken), totals)

    return interpolated(counts, weights)


def fixed_or_estimated(discount: float | None) -> Discounts:
    """A rule for `discounted`: the discount given, or the estimate from the counts if it is None."""
    if discount is None:
        return lambda values: discounts_of(values, several=False)
    if not 0 < discount < 1:
        raise ValueError(f"discount={discount} must lie between 0 and 1, or be None to be estimated")
    return lambda _: np.full(3, discount)


def absolute_discounting(counts: NgramCounts, discount: float | None = None) -> Tables:
    """p(w|h) = max(c(h w) - D, 0) / c(h) + D N1+(h •) / c(h) · p(w|h')  (Ney, Essen and Kneser 1994).

    Args:
        counts: of all n-grams.
        discount: D for all lengths; None: n_1 / (n_1 + 2 n_2) of each length.
    """
    return discounted(counts, fixed_or_estimated(discount))


def kneser_ney(counts: NgramCounts, discount: float | None = None) -> Tables:
    """Absolute discounting whose shorter contexts count differently (Kneser and Ney 1995; interpolated).

    A shorter context speaks only where the longer one has little to say. So what matters there is not how
    often a token was seen, but after how many different tokens: N1+(• g) takes the place of c(g), except for
    the longest.
    """
    return discounted(counts.continuations(), fixed_or_estimated(discount))


def modified_kneser_ney(counts: NgramCounts) -> Tables:
    """Kneser and Ney, with three discounts: for counts of 1, of 2, of 3 and more (Chen and Goodman 1999)."""
    three = partial(discounts_of, several=True)
    return discounted(counts.continuations(), three)
