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
    """

    probs: tuple[np.ndarray, ...]
    gammas: tuple[np.ndarray, ...]

    def handed_down(self, shorter: np.ndarray) -> np.ndarray:
        """What γ(h) is multiplied by: p(w|h'), (...,), the probabilities of the shorter context."""
        return shorter


class Independent(Tables):
    """Tables of a method in which no context leans on a shorter one: γ(h) is multiplied by 1/V instead."""

    def handed_down(self, shorter: np.ndarray) -> np.ndarray:
        """1/V, whatever the shorter context says; (...,)."""
        return np.full_like(shorter, self.probs[0][0])


Smoothing = Callable[[NgramCounts], Tables]
Discounts = Callable[[np.ndarray], np.ndarray]  # from the counts of one length to D(1), D(2), D(3 or more)


def over(a: np.ndarray | float, b: np.ndarray, nothing: float = 0.0) -> np.ndarray:
    """a / b, and `nothing` where b is 0: after a context of count 0 there are no shares."""
    return np.divide(a, b, out=np.full(np.broadcast(a, b).shape, nothing), where=b > 0)


def with_unseen(values: np.ndarray) -> np.ndarray:
    """(K + 1,): what is counted of each context, and 0 for any that was never seen, which number -1 finds."""
    return np.append(values, 0)


# ---------- the two shapes ----------


def interpolated(counts: NgramCounts, weights: Callable[[int], tuple[np.ndarray, np.ndarray]]) -> Tables:
    """p(w|h) = α(w|h) + γ(h) p(w|h'), from the shortest n-grams up.

    Args:
        counts: of all n-grams.
        weights: n to α (K_n,) of the n-grams of length n, and γ (K_{n-1} + 1,) of their contexts, the last
            one for a context that was never seen.
    """
    probs, gammas = [np.array([1 / counts.vocab_size])], []
    for n in range(1, counts.order + 1):
        alpha, gamma = weights(n)
        shorter = probs[-1][counts.levels[n].suffix]
        probs.append(alpha + gamma[counts.parents(n)] * shorter)
        gammas.append(gamma)
    return Tables(tuple(probs), tuple(gammas))


# ---------- no help from shorter contexts ----------


def add_k(counts: NgramCounts, k: float = 1.0) -> Tables:
    """p(w|h) = (c(h w) + k) / (c(h) + k V): as if every n-gram had been seen k times more.

    Lidstone's rule; with k = 1 it is Laplace's.
    What was not seen gets k / (c(h) + k V), which is γ(h) = k V / (c(h) + k V) times 1/V.
    """
    if not k >= 0:
        raise ValueError(f"k={k} must be 0 or more")
    probs, gammas = [np.array([1 / counts.vocab_size])], []
    for n in range(1, counts.order + 1):
        size = with_unseen(counts.totals(n)) + k * counts.vocab_size
        probs.append(over(counts.levels[n].counts + k, size[counts.parents(n)]))
        gammas.append(over(k * counts.vocab_size, size))
    return Independent(tuple(probs), tuple(gammas))


def maximum_likelihood(counts: NgramCounts) -> Tables:
    """p(w|h) = c(h w) / c(h): what was not seen is impossible, after an unseen context, everything is."""
    return add_k(counts, 0.0)


# ---------- a part of each context's mass goes to the shorter one ----------


def jelinek_mercer(
    counts: NgramCounts, weights: Sequence[float | Sequence[float]], edges: Sequence[int] = ()
) -> Tables:
    """p(w|h) = λ c(h w) / c(h) + (1 - λ) p(w|h'), λ chosen by the length of h w and by c(h).

    Source: Jelinek and Mercer (1980), who had a weight for each class of contexts that were seen about
    equally often. Without `edges` all contexts of a length share one.

    Args:
        counts: of all n-grams.
        weights: λ_1, …, λ_N, each from 0 to 1; with `edges` a row of B + 1 such numbers for each length.
            `lmcourse.ngram.em.em_weights` finds the best ones.
        edges: (B,) the counts c(h) at which the next bucket begins, ascending.
    """
    try:
        table = np.reshape(np.asarray(weights, dtype=float), (counts.order, len(edges) + 1))
    except ValueError:
        table = np.full(1, np.nan)
    if not np.all((table >= 0) & (table <= 1)):
        raise ValueError(
            f"weights={weights} must be {counts.order} numbers from 0 to 1, one for each length"
            + (f", for each of {len(edges) + 1} buckets" if len(edges) else "")
        )

    def of(n: int) -> tuple[np.ndarray, np.ndarray]:
        totals, parents = with_unseen(counts.totals(n)), counts.parents(n)
        weight = table[n - 1][buckets(totals, edges)]
        alpha = weight[parents] * over(counts.levels[n].counts, totals[parents])
        return alpha, np.where(totals > 0, 1 - weight, 1.0)

    return interpolated(counts, of)


def buckets(totals: np.ndarray, edges: Sequence[int]) -> np.ndarray:
    """The number of the bucket that each count falls into: how many edges it has reached."""
    return np.searchsorted(edges, totals, side="right")


def dirichlet(counts: NgramCounts, alpha: float = 1.0) -> Tables:
    """p(w|h) = (c(h w) + alpha p(w|h')) / (c(h) + alpha): alpha more observations, drawn from p(·|h').

    Source: MacKay and Peto (1995); here one alpha serves all contexts.
    """
    if not 0 < alpha < np.inf:
        raise ValueError(f"alpha={alpha} must be above 0 and finite")

    def weights(n: int) -> tuple[np.ndarray, np.ndarray]:
        size = with_unseen(counts.totals(n)) + alpha
        return counts.levels[n].counts / size[counts.parents(n)], alpha / size

    return interpolated(counts, weights)


def witten_bell(counts: NgramCounts) -> Tables:
    """As `dirichlet`, with alpha = N1+(h •): the more variety a context has shown, the less it is believed.

    Source: Witten and Bell (1991), method C.
    """

    def weights(n: int) -> tuple[np.ndarray, np.ndarray]:
        kinds = with_unseen(counts.kinds(n))
        size = with_unseen(counts.totals(n)) + kinds
        return over(counts.levels[n].counts, size[counts.parents(n)]), over(kinds, size, nothing=1.0)

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
        c, totals = counts.levels[n].counts, with_unseen(counts.totals(n))
        d = np.array([0.0, *discounts(c)])  # of counts of 0, 1, 2, and 3 or more
        taken = np.minimum(d[np.minimum(c, 3)], c)
        alpha = over(c - taken, totals[counts.parents(n)])
        return alpha, over(with_unseen(counts.sums(n, taken)), totals, nothing=1.0)

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
