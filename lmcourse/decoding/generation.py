"""Walking token by token: a prompt and what a model says after it."""

from __future__ import annotations

import numpy as np

from lmcourse.decoding.filters import Decoding
from lmcourse.model import LanguageModel, Tokens, check_whole


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
