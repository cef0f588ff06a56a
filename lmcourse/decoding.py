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


def top_k(log_probs: np.ndarray, k: int) -> np.ndarray:
    """Keep the k most probable tokens of (..., V) and renormalise; among equals the smaller id wins."""
    keep = np.zeros(np.shape(log_probs), dtype=bool)
    np.put_along_axis(keep, _order(log_probs)[..., : check_whole(k, "k")], True, axis=-1)
    return normalise(np.where(keep, log_probs, -np.inf))


def top_p(log_probs: np.ndarray, p: float) -> np.ndarray:
    """Keep the nucleus: the fewest most probable tokens whose probabilities reach p; renormalise.

    A token stays if the tokens before it in order of probability have not reached p yet, so one always stays.
    Source: Holtzman et al. (2020), "The curious case of neural text degeneration".
    """
    if not 0 < p <= 1:
        raise ValueError(f"p={p} must be above 0 and at most 1")
    order = _order(log_probs)
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

    Keskar et al. (2019) divide positive logits and multiply negative ones; log-probabilities are never
    positive, so only the second case remains. A token of probability one cannot be penalised.
    """
    if not 1 <= penalty < math.inf:
        raise ValueError(f"penalty={penalty} must be 1 (none) or more, and finite")
    penalised = np.array(log_probs, dtype=float)
    seen = sorted(set(context))
    penalised[..., seen] = penalised[..., seen] * penalty
    return normalise(penalised)


def block_ngrams(log_probs: np.ndarray, context: Sequence[int], n: int) -> np.ndarray:
    """Forbid the tokens of (V,) that would complete an n-gram already in the context; renormalise.

    Raises ValueError if that forbids every possible token.
    """
    n = check_whole(n, "n")
    context = tuple(context)
    recent = context[len(context) - (n - 1) :]
    blocked = np.array(log_probs, dtype=float)
    for i in range(len(context) - n + 1):
        if context[i : i + n - 1] == recent:
            blocked[context[i + n - 1]] = -np.inf
    if np.all(np.isneginf(blocked)):
        raise ValueError(
            f"blocking repeated {n}-grams leaves no possible token; use a larger n or a shorter text"
        )
    return normalise(blocked)


def _order(log_probs: np.ndarray) -> np.ndarray:
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
        """Reshape the model's next-token log-probabilities (V,) after `context`; returns (V,)."""
        if self.repetition_penalty != 1:
            log_probs = penalise_repeats(log_probs, context, self.repetition_penalty)
        if self.no_repeat_ngram:
            log_probs = block_ngrams(log_probs, context, self.no_repeat_ngram)
        log_probs = anneal(log_probs, self.temperature)
        if self.top_k is not None:
            log_probs = top_k(log_probs, self.top_k)
        if self.top_p is not None:
            log_probs = top_p(log_probs, self.top_p)
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
    """Continue a prompt token by token.

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
    """
    decoding = decoding or Decoding()
    if rng is None and decoding.temperature != 0:
        raise ValueError("sampling needs rng=np.random.default_rng(seed); only temperature=0 does without")
    context = check_prompt(model, prompt, max_tokens, end)
    start = len(context)
    for _ in range(_room(model, start, max_tokens)):
        log_probs = decoding.apply(model.next_log_probs([context])[0], context)
        token = int(np.argmax(log_probs)) if decoding.temperature == 0 else _draw(log_probs, rng)
        context.append(token)
        if token == end:
            break
    return context[start:]


def _room(model: LanguageModel, prompt_length: int, max_tokens: int) -> int:
    """How many tokens can follow: `max_tokens`, or fewer where the context would outgrow the model."""
    if model.context_length is None:
        return int(max_tokens)
    return min(int(max_tokens), model.context_length + 1 - prompt_length)


def _draw(log_probs: np.ndarray, rng: np.random.Generator) -> int:
    """One token from the distribution (V,), by walking its cumulative sum."""
    cumulative = np.cumsum(np.exp(log_probs))
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def beam_search(
    model: LanguageModel, prompt: Tokens = "", width: int = 4, max_tokens: int = 20, end: int | None = None
) -> list[tuple[list[int], float]]:
    """Search for the most probable continuation with the `width` best unfinished hypotheses of each length.

    A hypothesis that says `end` is finished if it is then among the `width` best of its length, and dropped
    if not; so width 1 is greedy decoding, and a beam wide enough to drop nothing finds the most probable
    continuation. Hypotheses compete by their whole log-probability, so short ones have an advantage, which
    is a known bias of the method. Those cut off at `max_tokens`, or where the model can see no further,
    compete as they are.

    Returns:
        Up to `width` pairs (new token ids, log-probability given the prompt), the best first.
    """
    width = check_whole(width, "width")
    prompt_ids = check_prompt(model, prompt, max_tokens, end)
    open_beams: list[tuple[list[int], float]] = [([], 0.0)]
    finished: list[tuple[list[int], float]] = []
    for _ in range(_room(model, len(prompt_ids), max_tokens)):
        rows = model.next_log_probs([prompt_ids + said for said, _ in open_beams])  # (beams, V)
        scores = np.array([score for _, score in open_beams])[:, None] + rows
        # At most `width` of the candidates say `end`, so that twice as many leave enough to go on with.
        candidates = np.argsort(-scores, axis=None, kind="stable")[: 2 * width]
        extended = []
        for rank, (beam, token) in enumerate(zip(*np.unravel_index(candidates, scores.shape))):
            if np.isneginf(scores[beam, token]):
                break  # so are all that follow
            hypothesis = ([*open_beams[beam][0], int(token)], float(scores[beam, token]))
            if token != end:
                extended.append(hypothesis)
            elif rank < width:
                finished.append(hypothesis)
        open_beams = extended[:width]
        finished = sorted(finished, key=lambda h: -h[1])[:width]
        # A score can only fall as a hypothesis grows: once no open one beats the worst kept, we are done.
        if not open_beams or (len(finished) == width and open_beams[0][1] <= finished[-1][1]):
            break
    else:
        finished += open_beams  # cut off: unfinished hypotheses compete as they are
    return sorted(finished, key=lambda h: -h[1])[:width]


def repetition_rate(tokens: Sequence, n: int = 4) -> float:
    """Share of the n-grams of a sequence that occurred earlier in it: 0 = never repeats, near 1 = a parrot.

    >>> repetition_rate(["a", "b", "a", "b", "a"], n=2)  # ab, ba, AB, BA
    0.5
    """
    return 1 - distinct_n(tokens, n)


def distinct_n(tokens: Sequence, n: int = 2) -> float:
    """Different n-grams over all n-grams of a sequence (Li et al. 2016). ValueError if it is too short."""
    n = check_whole(n, "n")
    if len(tokens) < n:
        raise ValueError(
            f"a sequence of {len(tokens)} tokens has no {n}-gram; use a smaller n or a longer text"
        )
    ngrams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return len(set(ngrams)) / len(ngrams)
