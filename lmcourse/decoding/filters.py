"""What reshapes a next-token distribution before a token is chosen.

Pure functions (temperature, top-k, top-p, min-p, repetition penalty, n-gram blocking), each from
log-probabilities to log-probabilities that again sum to one; and `Decoding`, their settings in order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmcourse.model import check_whole


def normalise(log_weights: np.ndarray) -> np.ndarray:
    """Log-probabilities (..., V) proportional to exp(log_weights), computed without overflow.

    Raises ValueError where a row has no finite weight: then nothing is left to choose from.
    """
    shifted = _below_top(log_weights)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def _below_top(log_weights: np.ndarray) -> np.ndarray:
    """Each weight of (..., V) less its row's largest. ValueError where a row has no finite weight."""
    top = np.max(log_weights, axis=-1, keepdims=True)
    if not np.all(np.isfinite(top)):
        raise ValueError("no token is left to choose from: every probability of the row is zero")
    return log_weights - top


def anneal(log_probs: np.ndarray, temperature: float) -> np.ndarray:
    """Raise each probability to the power 1/T and renormalise: p^(1/T) / Σ p^(1/T).

    T = 1 changes nothing. The limits are exact: T = 0 shares all mass among the most probable tokens (one,
    unless there is a tie), T = inf shares it evenly among the tokens that are possible at all.

    Args:
        log_probs: (..., V).
        temperature: T from 0 to `math.inf`; ValueError if negative or not a number.
    """
    if not temperature >= 0:
        raise ValueError(
            f"temperature={temperature} must be 0 or more (0 is greedy, 1 the model, inf uniform)"
        )
    shifted = _below_top(log_probs)  # 0 at the most probable tokens, so that no small T can lose them
    if temperature == 0:
        return normalise(np.where(shifted == 0, 0.0, -np.inf))
    if math.isinf(temperature):
        return normalise(np.where(np.isneginf(shifted), -np.inf, 0.0))
    with np.errstate(over="ignore"):  # at a tiny T the others run over to -inf, as they should
        return normalise(shifted / temperature)


def top_k(log_probs: np.ndarray, k: int, order: np.ndarray | None = None) -> np.ndarray:
    """Keep the k most probable tokens of (..., V) and renormalise.

    Args:
        log_probs: (..., V).
        k: how many to keep.
        order: token ids (..., V), the first to be kept first; by falling probability if not given, the
            smaller id first among equals. At T = inf all are equal: only the order before can decide.
    """
    order = rank(log_probs) if order is None else order
    keep = np.zeros(np.shape(log_probs), dtype=bool)
    np.put_along_axis(keep, order[..., : check_whole(k, "k")], True, axis=-1)
    return normalise(np.where(keep, log_probs, -np.inf))


def top_p(log_probs: np.ndarray, p: float, order: np.ndarray | None = None) -> np.ndarray:
    """Keep the nucleus: the fewest most probable tokens whose probabilities reach p; renormalise.

    A token stays if those before it in `order` (see `top_k`) have not reached p yet, so one always stays; at
    p = 1 all do, however improbable.
    Source: Holtzman et al. (2020), "The curious case of neural text degeneration".
    """
    if not 0 < p <= 1:
        raise ValueError(f"p={p} must be above 0 and at most 1")
    if p == 1:  # rounding must not let the others reach it first
        return normalise(log_probs)
    order = rank(log_probs) if order is None else order
    sorted_probs = np.exp(np.take_along_axis(log_probs, order, axis=-1))
    before = np.cumsum(sorted_probs, axis=-1) - sorted_probs
    # 1 - 1e-12: a sum such as 0.4 + 0.3 + 0.2 must not fail to reach 0.9 by a rounding error
    keep = np.empty(np.shape(log_probs), dtype=bool)
    np.put_along_axis(keep, order, before < p * (1 - 1e-12), axis=-1)
    return normalise(np.where(keep, log_probs, -np.inf))


def min_p(log_probs: np.ndarray, p: float) -> np.ndarray:
    """Keep tokens at least p times as probable as the most probable one; renormalise.

    Source: Nguyen et al. (2024), "Turning up the heat: min-p sampling".
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p={p} must lie between 0 and 1")
    threshold = np.max(log_probs, axis=-1, keepdims=True) + (math.log(p) if p else -math.inf)
    return normalise(np.where(log_probs >= threshold - 1e-12, log_probs, -np.inf))


def penalise_repeats(log_probs: np.ndarray, context: Sequence[int], penalty: float) -> np.ndarray:
    """Raise the probability of each token already in the context to the power `penalty` ≥ 1; renormalise.

    Keskar et al. (2019) divide logits, which rewards negative ones; common software multiplies those. On
    log-probabilities, never positive, that is a power, and does not depend on where the logits' zero is.
    A token of probability one cannot be penalised.
    """
    if not 1 <= penalty < math.inf:
        raise ValueError(f"penalty={penalty} must be 1 (none) or more, and finite")
    penalised = np.array(log_probs, dtype=float)
    seen = sorted(set(context))
    penalised[..., seen] = penalised[..., seen] * penalty
    return normalise(penalised)


def block_ngrams(log_probs: np.ndarray, context: Sequence[int], n: int) -> np.ndarray:
    """Forbid the tokens of (V,) that would complete an n-gram already in the context; renormalise.

    If that forbids every possible token the row is all -inf: nothing can be said.
    """
    n = check_whole(n, "n")
    said = np.array(context, dtype=np.int64)
    blocked = np.array(log_probs, dtype=float)
    ends = np.arange(n - 1, len(said))  # of the n-grams
    for back in range(1, n) if len(ends) else ():  # those whose other tokens are the last ones
        ends = ends[said[ends - back] == said[-back]]
    blocked[said[ends]] = -np.inf
    return blocked if np.all(np.isneginf(blocked)) else normalise(blocked)


def rank(log_probs: np.ndarray) -> np.ndarray:
    """Token ids of (..., V) by falling probability; among equals the smaller id comes first."""
    return np.argsort(-log_probs, axis=-1, kind="stable")


@dataclass(frozen=True)
class Decoding:
    """Settings of a decoder, applied in the order of the fields; by default they change nothing."""

    repetition_penalty: float = 1.0  # exponent on tokens already said, 1 = off
    no_repeat_ngram: int = 0  # n of the n-grams that may not recur, 0 = off
    temperature: float = 1.0  # 0 = greedy, inf = uniform
    top_k: int | None = None  # how many tokens stay
    top_p: float | None = None  # mass of the nucleus that stays
    min_p: float | None = None  # smallest probability that stays, relative to the largest

    def __post_init__(self):
        """Raise the ValueError of a bad setting here, not at the first token."""
        self.apply(np.zeros(1))

    @property
    def looks_back(self) -> bool:
        """Whether the text so far matters."""
        return self.repetition_penalty != 1 or self.no_repeat_ngram != 0

    def apply(self, log_probs: np.ndarray, context: Sequence[int] = ()) -> np.ndarray:
        """Reshape the model's next-token log-probabilities (V,) after `context`; returns (V,).

        Where nothing can be said, before or after blocking, the row is all -inf.
        """
        return self.apply_rows(np.asarray(log_probs)[None], [context])[0]

    def apply_rows(self, log_probs: np.ndarray, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """As `apply`, for many texts side by side: (B, V) after B contexts; returns (B, V)."""
        if self.looks_back:
            log_probs = np.array([self._look_back(row, seen) for row, seen in zip(log_probs, contexts)])
        speaks = ~np.all(np.isneginf(log_probs), axis=-1)
        if np.all(speaks):
            return self._cut(log_probs)
        reshaped = np.array(log_probs, dtype=float)
        reshaped[speaks] = self._cut(reshaped[speaks])
        return reshaped

    def _look_back(self, log_probs: np.ndarray, context: Sequence[int]) -> np.ndarray:
        """What depends on the context, (V,)."""
        if self.repetition_penalty != 1 and not np.all(np.isneginf(log_probs)):
            log_probs = penalise_repeats(log_probs, context, self.repetition_penalty)
        return block_ngrams(log_probs, context, self.no_repeat_ngram) if self.no_repeat_ngram else log_probs

    def _cut(self, log_probs: np.ndarray) -> np.ndarray:
        """What does not, (B, V)."""
        # Annealing keeps the ranking, up to T = inf, which would forget it. To rank is dear.
        order = None if self.top_k is None and self.top_p is None else rank(log_probs)
        log_probs = anneal(log_probs, self.temperature)
        if self.top_k is not None:
            log_probs = top_k(log_probs, self.top_k, order)
        if self.top_p is not None:
            log_probs = top_p(log_probs, self.top_p, order)
        if self.min_p is not None:
            log_probs = min_p(log_probs, self.min_p)
        return log_probs


GREEDY = Decoding(temperature=0.0)
