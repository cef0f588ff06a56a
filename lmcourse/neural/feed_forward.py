"""Bengio's neural language model: the last tokens as vectors, side by side, through one hidden layer.

What a token is like is learned in one table of vectors, whichever place it stands in; so what is learned of
one context serves the contexts that are like it. Source: Bengio et al. (2003), equation 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from lmcourse.model import check_whole


def examples(sentences: Sequence[Sequence[int]], order: int, start: int) -> tuple[np.ndarray, np.ndarray]:
    """What a model of n tokens learns from: each token's context, and the token.

    >>> contexts, targets = examples([[1, 2, 0]], order=3, start=0)
    >>> contexts.tolist(), targets.tolist()
    ([[0, 0], [0, 1], [1, 2]], [1, 2, 0])

    Args:
        sentences: token ids of texts that have nothing to do with each other.
        order: n.
        start: id of the token that is taken to stand, as often as needed, before each of them.

    Returns contexts (N, n - 1) and targets (N,). Raises ValueError if there is no token in the sentences.
    """
    size = check_whole(order, "order", least=2) - 1
    filled = [[start] * size + list(sentence) for sentence in sentences]
    contexts = [text[i : i + size] for text in filled for i in range(len(text) - size)]
    if not contexts:
        raise ValueError("the sentences have no token; there is nothing to learn from")
    return np.array(contexts), np.array([token for sentence in sentences for token in sentence])


class FeedForwardNetwork(nn.Module):
    """y = b + W x + U tanh(d + H x), where x are the vectors of the last n - 1 tokens, one after another.

    Args:
        vocab_size: V.
        order: n; the network sees n - 1 tokens, as an n-gram model does.
        d_model: numbers in a token's vector.
        d_hidden: numbers in the hidden layer; 0 leaves it out, which makes the model log-bilinear.
        start: id of the token that is taken to stand, as often as needed, before a text.
        direct: whether there is W, from the vectors to the output.

    Raises ValueError if nothing leads from the vectors to the output.
    """

    def __init__(
        self, vocab_size: int, order: int, d_model: int, d_hidden: int, start: int, direct: bool = False
    ):
        super().__init__()
        self.context = check_whole(order, "order", least=2) - 1
        if not d_hidden and not direct:
            raise ValueError("d_hidden=0 without direct=True: nothing leads from the context to the output")
        self.start = start
        self.embedding = nn.Embedding(vocab_size, d_model)
        seen = self.context * d_model
        self.hidden = nn.Linear(seen, d_hidden) if d_hidden else None
        self.output = nn.Linear(d_hidden, vocab_size) if d_hidden else None
        self.direct = nn.Linear(seen, vocab_size, bias=not d_hidden) if direct else None

    def forward(self, token_ids: Tensor) -> Tensor:
        """Logits (B, T, V) of what follows each token (B, T)."""
        padded = pad(token_ids, (self.context - 1, 0), value=self.start)
        return self.after(padded.unfold(1, self.context, 1))

    def after(self, contexts: Tensor) -> Tensor:
        """Logits (..., V) of what follows contexts (..., n - 1), the oldest token first."""
        vectors = self.embedding(contexts).flatten(-2)  # (..., (n - 1) D)
        logits = [] if self.direct is None else [self.direct(vectors)]
        if self.hidden is not None:
            logits.append(self.output(torch.tanh(self.hidden(vectors))))
        return sum(logits)
