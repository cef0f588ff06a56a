"""Decoding: turning next-token distributions into text.

First the pure functions that reshape a distribution (temperature, top-k, top-p, min-p, repetition penalty,
n-gram blocking), each from log-probabilities to log-probabilities that again sum to one. Then two ways to
walk: token by token (`generate`) and several hypotheses side by side (`beam_search`). Last, how repetitive
the outcome is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmcourse.model import LanguageModel, Tokens, check_whole


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

    A token stays if those before it in `order` (see `top_k`) have not reached p yet, so one always stays.
    Source: Holtzman et al. (2020), "The curious case of neural text degeneration".
    """
    if not 0 < p <= 1:
        raise ValueError(f"p={p} must be above 0 and at most 1")
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
    context = tuple(context)
    recent = context[len(context) - (n - 1) :]
    blocked = np.array(log_probs, dtype=float)
    for i in range(len(context) - n + 1):
        if context[i : i + n - 1] == recent:
            blocked[context[i + n - 1]] = -np.inf
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

    def apply(self, log_probs: np.ndarray, context: Sequence[int] = ()) -> np.ndarray:
        """Reshape the model's next-token log-probabilities (V,) after `context`; returns (V,).

        Where nothing can be said, before or after blocking, the row is all -inf.
        """
        if self.repetition_penalty != 1:
            log_probs = penalise_repeats(log_probs, context, self.repetition_penalty)
        if self.no_repeat_ngram:
            log_probs = block_ngrams(log_probs, context, self.no_repeat_ngram)
        if np.all(np.isneginf(log_probs)):
            return log_probs
        order = rank(log_probs)  # annealing keeps it, up to T = inf, which would forget it
        log_probs = anneal(log_probs, self.temperature)
        if self.top_k is not None:
            log_probs = top_k(log_probs, self.top_k, order)
        if self.top_p is not None:
            log_probs = top_p(log_probs, self.top_p, order)
        if self.min_p is not None:
            log_probs = min_p(log_probs, self.min_p)
        return log_probs


GREEDY = Decoding(temperature=0.0)


def check_prompt(model: LanguageModel, prompt: Tokens, max_tokens: int, end: int | None = None) -> list[int]:
    """Ids of a prompt that the model can continue; ValueError says why it, max_tokens or end will not do."""
    ids = model.ids(prompt)
    if end is not None:
        model.vocab.check_ids([end])
    check_whole(max_tokens, "max_tokens")
    if model.context_length is not None and len(ids) > model.context_length:
        raise ValueError(
            f"the prompt has {len(ids)} tokens, but the model sees at most {model.context_length}; shorten it"
        )
    if np.all(np.isneginf(model.next_log_probs([ids])[0])):
        raise ValueError(
            f"the model holds the prompt {model.vocab.decode(ids)!r} for impossible; nothing can follow it"
        )
    return ids


def generate(
    model: LanguageModel,
    prompt: Tokens = "",
    max_tokens: int = 100,
    decoding: Decoding | None = None,
    rng: np.random.Generator | None = None,
    end: int | None = None,
) -> list[int]:
    """Continue a prompt token by token, until `max_tokens`, `end`, or where nothing more can be said.

    Of a context that outgrows its `context_length` the model sees the last window.

    Args:
        model: any language model.
        prompt: text or token ids; empty means the start of a text.
        max_tokens: at most so many new tokens.
        decoding: how to reshape each distribution; by default not at all.
        rng: randomness for sampling; not needed when temperature is 0, which takes the most probable token
            (the smaller id among equals).
        end: the token after which to stop; it is part of the result.

    Returns:
        The new token ids, without the prompt.

    Raises:
        ValueError: for a prompt that is impossible, or longer than the model's window.
    """
    decoding = decoding or Decoding()
    if rng is None and decoding.temperature != 0:
        raise ValueError("sampling needs rng=np.random.default_rng(seed); only temperature=0 does without")
    context = check_prompt(model, prompt, max_tokens, end)
    start = len(context)
    for _ in range(max_tokens):
        log_probs = decoding.apply(model.next_log_probs([model.window(context)])[0], context)
        if np.all(np.isneginf(log_probs)):
            break
        token = int(np.argmax(log_probs)) if decoding.temperature == 0 else _draw(log_probs, rng)
        context.append(token)
        if token == end:
            break
    return context[start:]


def _draw(log_probs: np.ndarray, rng: np.random.Generator) -> int:
    """One token from the distribution (V,), by walking its cumulative sum."""
    cumulative = np.cumsum(np.exp(log_probs))
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def beam_search(
    model: LanguageModel,
    prompt: Tokens = "",
    width: int = 4,
    max_tokens: int = 20,
    decoding: Decoding | None = None,
    length_penalty: float = 0.0,
    end: int | None = None,
) -> list[tuple[list[int], float]]:
    """Search for a probable continuation, keeping the `width` best unfinished hypotheses of each length.

    A hypothesis that says `end` is finished if it is then among the `width` best of its length, and dropped
    if not; so width 1 is greedy decoding, and a beam wide enough to drop nothing finds the most probable
    continuation. Those cut off at `max_tokens` compete as they are.

    Args:
        model: any language model.
        prompt: text or token ids.
        width: hypotheses kept at each length.
        max_tokens: at most so many new tokens.
        decoding: reshapes each distribution first, for example blocks n-grams; scores are then sums of the
            reshaped log-probabilities.
        length_penalty: finished hypotheses are compared by score / length^length_penalty. At 0, whole
            log-probabilities, short ones have an advantage; at 1 the mean per token decides (Wu et al. 2016).
        end: the token that finishes a hypothesis.

    Returns:
        Up to `width` pairs (new token ids, score), the best first.
    """
    width = check_whole(width, "width")
    if not 0 <= length_penalty < math.inf:
        raise ValueError(f"length_penalty={length_penalty} must be 0 or more, and finite")
    prompt_ids = check_prompt(model, prompt, max_tokens, end)
    open_beams: list[tuple[list[int], float]] = [([], 0.0)]
    finished: list[tuple[list[int], float]] = []

    def worth(hypothesis: tuple[list[int], float]) -> float:
        return hypothesis[1] / len(hypothesis[0]) ** length_penalty

    for _ in range(max_tokens):
        contexts = [prompt_ids + said for said, _ in open_beams]
        rows = model.next_log_probs([model.window(context) for context in contexts])  # (beams, V)
        if decoding is not None:
            rows = np.array([decoding.apply(row, context) for row, context in zip(rows, contexts)])
        scores = np.array([score for _, score in open_beams])[:, None] + rows
        # At most `width` of the candidates say `end`, so that twice as many leave enough to go on with.
        candidates = np.argsort(-scores, axis=None, kind="stable")[: 2 * width]
        extended = []
        for place, (beam, token) in enumerate(zip(*np.unravel_index(candidates, scores.shape))):
            if np.isneginf(scores[beam, token]):
                break  # so are all that follow
            hypothesis = ([*open_beams[beam][0], int(token)], float(scores[beam, token]))
            if token != end:
                extended.append(hypothesis)
            elif place < width:
                finished.append(hypothesis)
        open_beams = extended[:width]
        finished = sorted(finished, key=worth, reverse=True)[:width]
        # A score can only fall as a hypothesis grows, and no length divides it by more than the last one.
        if not open_beams:
            break
        best_to_come = open_beams[0][1] / max_tokens**length_penalty
        if len(finished) == width and best_to_come <= worth(finished[-1]):
            break
    else:
        finished += open_beams  # cut off: unfinished hypotheses compete as they are
    return sorted(finished, key=worth, reverse=True)[:width]


def repetition_rate(tokens: Sequence, n: int = 4) -> float:
    """Share of the n-grams of a sequence that occurred earlier in it: 0 = never repeats, near 1 = a parrot.

    >>> repetition_rate(["a", "b", "a", "b", "a"], n=2)  # ab, ba, AB, BA
    0.5
    """
    return 1 - distinct_n(tokens, n)


def distinct_n(tokens: Sequence, n: int = 2) -> float:
    """Different n-grams over all n-grams of a sequence. ValueError if it is too short.

    Li et al. (2016) divide by the number of tokens instead, which differs by n - 1.
    """
    n = check_whole(n, "n")
    if len(tokens) < n:
        raise ValueError(
            f"a sequence of {len(tokens)} tokens has no {n}-gram; use a smaller n or a longer text"
        )
    ngrams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return len(set(ngrams)) / len(ngrams)
