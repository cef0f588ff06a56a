"""Supervised fine-tuning: texts of a conversation, of which only what the assistant says is to be learned.

The loss is that of pre-training, taken at some places alone: the loss mask. Left out: packing several
conversations into one row; conversations of several turns, which only have more places that count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.transformer.batches import rectangle

Texts = Sequence[Sequence[int]]


class ChatRows(NamedTuple):
    """Prompts and their answers, a row each, as a network reads and is judged."""

    inputs: Tensor  # (B, T)
    targets: Tensor  # (B, T), the token after each
    loss_mask: Tensor  # (B, T), true where the target is the assistant's


def chat_rows(prompts: Texts, answers: Texts, on_prompts: bool = False) -> ChatRows:
    """Lay out conversations, shorter ones filled up on the right with what never counts.

    Args:
        prompts: B of them, up to where the answer begins.
        answers: one for each, its end token included: it is how the model learns to stop.
        on_prompts: count the prompts' tokens too.

    Raises ValueError for another number of answers, and for an empty prompt or answer.
    """
    if len(prompts) != len(answers) or not len(prompts):
        raise ValueError(f"{len(prompts)} prompts and {len(answers)} answers; each prompt needs one answer")
    for name, texts in (("prompt", prompts), ("answer", answers)):
        empty = [i for i, text in enumerate(texts) if not len(text)]
        if empty:
            raise ValueError(f"{name} {empty[0]} is empty; there must be a token to read, and one to say")
    texts = [[*prompt, *answer] for prompt, answer in zip(prompts, answers)]
    ids = torch.from_numpy(rectangle(texts, 0))
    begins = torch.tensor([1 if on_prompts else len(prompt) for prompt in prompts])
    ends = torch.tensor([len(text) for text in texts])
    places = torch.arange(1, ids.shape[1])  # of the targets
    mask = (places >= begins[:, None]) & (places < ends[:, None])
    return ChatRows(ids[:, :-1], ids[:, 1:], mask)


def sft_loss(logits: Tensor, targets: Tensor, loss_mask: Tensor) -> Tensor:
    """The mean surprise, in nats, at the tokens that count.

    Source: Ouyang et al. 2022, section 3.4; the mask as is usual since.

    Args:
        logits: (B, T, V).
        targets: (B, T).
        loss_mask: (B, T).

    Raises ValueError where nothing counts.
    """
    if not loss_mask.any():
        raise ValueError("the loss mask is false everywhere: there is nothing to learn from this batch")
    return torch.nn.functional.cross_entropy(logits[loss_mask], targets[loss_mask])


def draw_answers(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The number (B,) of an answer for each row of probabilities (B, N)."""
    edges = np.cumsum(chances, axis=1)
    return (rng.random((len(edges), 1)) * edges[:, -1:] >= edges).sum(axis=1)
