"""Walking token by token: prompts, and what a model says after them.

One text or many side by side; the model reads each prompt once, and what it keeps between the steps is its
reader's affair.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lmcourse.decoding.filters import Decoding
from lmcourse.model import LanguageModel, Tokens, check_whole
from lmcourse.reader import Reader

End = int | Collection[int] | None  # a token id or several; None: the model's own, if it has one


def end_tokens(model: LanguageModel, end: End) -> frozenset[int]:
    """The ids of the tokens after which a text stops. Raises ValueError for what is no token id."""
    if end is None:
        return frozenset() if model.end is None else frozenset([model.end])
    return frozenset(model.vocab.check_ids(end if isinstance(end, Collection) else [end]))


def open_reader(model: LanguageModel, prompts: Sequence[Tokens]) -> tuple[list[list[int]], Reader]:
    """The ids of B prompts, and a reader that has read them, each different one once.

    Raises ValueError, which says why, for a prompt that the model cannot continue.
    """
    contexts = [model.ids(prompt) for prompt in prompts]
    for ids in contexts:
        if model.context_length is not None and len(ids) > model.context_length:
            raise ValueError(
                f"the prompt has {len(ids)} tokens, but the model sees at most {model.context_length}; "
                "shorten it"
            )
    rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(map(tuple, contexts)))}
    reader = model.reader(list(rows))
    for prompt, row in zip(rows, reader.log_probs()):
        if np.all(np.isneginf(row)):
            raise ValueError(
                f"the model holds the prompt {model.vocab.decode(prompt)!r} for impossible; "
                "nothing can follow it"
            )
    if len(rows) < len(contexts):
        reader.select([rows[tuple(ids)] for ids in contexts])
    return contexts, reader


def generate(
    model: LanguageModel,
    prompt: Tokens = "",
    max_tokens: int = 100,
    decoding: Decoding | None = None,
    rng: np.random.Generator | None = None,
    end: End = None,
) -> list[int]:
    """Continue a prompt token by token, until `max_tokens`, an end token, or where nothing more can be said.

    Of a context that outgrows its `context_length` the model sees the last window.

    Args:
        model: any language model.
        prompt: text or token ids; empty means the start of a text.
        max_tokens: at most so many new tokens.
        decoding: how to reshape each distribution; by default not at all.
        rng: randomness for sampling; not needed when temperature is 0, which takes the most probable token
            (the smaller id among equals).
        end: the token or tokens after which to stop, part of the result; by default the one that closes the
            model's texts, if there is one. `()`: go on beyond it.

    Returns:
        The new token ids, without the prompt.

    Raises:
        ValueError: for a prompt that is impossible, or longer than the model's window.
    """
    rngs = None if rng is None else [rng]
    return generate_batch(model, [prompt], max_tokens, decoding, rngs, end)[0]


def generate_batch(
    model: LanguageModel,
    prompts: Sequence[Tokens],
    max_tokens: int = 100,
    decoding: Decoding | None = None,
    rngs: Sequence[np.random.Generator] | None = None,
    end: End = None,
) -> list[list[int]]:
    """Continue many prompts side by side, each as `generate` would alone with its own generator.

    A text that is done leaves the batch. (A network's arithmetic may round differently for one row and for
    many; then a draw on the edge between two tokens can fall to the other side.)

    Args:
        model: any language model.
        prompts: B texts or sequences of token ids; for many samples of one, `[prompt] * n`.
        max_tokens: at most so many new tokens for each.
        decoding: how to reshape each distribution.
        rngs: one for each prompt, such as `[np.random.default_rng(seed) for seed in range(n)]`.
        end: after which token a text stops, as in `generate`.

    Returns:
        The new token ids of each.
    """
    decoding = decoding or Decoding()
    if rngs is None and decoding.temperature != 0:
        raise ValueError("sampling needs rng=np.random.default_rng(seed); only temperature=0 does without")
    if rngs is not None and len(rngs) != len(prompts):
        raise ValueError(f"{len(rngs)} generators for {len(prompts)} prompts; each needs one of its own")
    check_whole(max_tokens, "max_tokens")
    ends = end_tokens(model, end)
    contexts, reader = open_reader(model, prompts)
    starts = [len(context) for context in contexts]
    greedy = decoding.temperature == 0
    plainly_greedy = greedy and not decoding.looks_back  # what else is set does not move the largest
    going = list(range(len(prompts)))  # which text each of the reader's rows is
    for left in reversed(range(max_tokens)):
        rows = reader.log_probs()
        if not plainly_greedy:
            rows = decoding.apply_rows(rows, [contexts[text] for text in going])
        said = {}  # by row; where nothing more can be said the text is done
        walls = None if greedy else np.cumsum(np.exp(rows), axis=-1)  # between the tokens' shares, (B, V)
        for row in np.flatnonzero(rows.max(axis=-1) > -np.inf).tolist():
            said[row] = int(rows[row].argmax()) if greedy else _draw(walls[row], rngs[going[row]])
            contexts[going[row]].append(said[row])
        stay = [row for row, token in said.items() if token not in ends]
        if not stay or not left:
            break
        if len(stay) < len(going):
            reader.select(stay)
        reader.read([said[row] for row in stay])
        going = [going[row] for row in stay]
    return [context[start:] for context, start in zip(contexts, starts)]


def _draw(walls: np.ndarray, rng: np.random.Generator) -> int:
    """One token from a distribution, of which the cumulative sum (V,) is given."""
    return int(walls.searchsorted(rng.random() * walls[-1], side="right"))
