"""Reading in both directions: a layer for labels, two language models for vectors, and a mixture of layers.

A `BidirectionalLayer` sees a whole text and may be used wherever the text is given. A language model may not
see what it is to predict; so a `BidirectionalLM` keeps a stack for each direction, joined only in the token
vectors below and in the output above. Left out: the character convolutions below ELMo, its projections.

Sources: Schuster and Paliwal (1997); Peters et al. (2018), equations 1 and the losses of sections 3.1, 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcourse.model import check_whole
from lmcourse.neural.recurrent import RecurrentLayer


def reverse(rows: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Each row of (B, T, ...) from its end to its beginning; what fills it up behind its length stays.

    >>> reverse(torch.tensor([[1, 2, 3, 0]]), torch.tensor([3])).tolist()
    [[3, 2, 1, 0]]
    """
    if lengths is None:
        return rows.flip(1)
    places = torch.arange(rows.shape[1])
    mirrored = lengths[:, None] - 1 - places
    taken = torch.where(mirrored >= 0, mirrored, places)  # (B, T)
    return rows[torch.arange(len(rows))[:, None], taken]


def read_backward(layer: RecurrentLayer, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
    """The states (B, T, H) of a layer that reads inputs (B, T, d_in) from right to left.

    The state at a place knows that place and what stands to the right of it. Rows that are filled up behind
    their lengths (B,) are read from their own ends.
    """
    hidden, _ = layer(reverse(inputs, lengths), layer.start(len(inputs)))
    return reverse(hidden, lengths)


class BidirectionalLayer(nn.Module):
    """Two recurrent layers over one text, one from each side; their states stand side by side.

    Args:
        cell: "rnn", "gru" or "lstm".
        d_in: numbers in an input.
        d_hidden: H, numbers in a state of one direction.
    """

    def __init__(self, cell: str, d_in: int, d_hidden: int):
        super().__init__()
        self.ahead = RecurrentLayer(cell, d_in, d_hidden)
        self.back = RecurrentLayer(cell, d_in, d_hidden)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """States (B, T, 2H) of inputs (B, T, d_in), of which the first `lengths` (B,) are the text."""
        ahead, _ = self.ahead(inputs, self.ahead.start(len(inputs)))
        return torch.cat([ahead, read_backward(self.back, inputs, lengths)], dim=-1)


class BidirectionalLM(nn.Module):
    """A language model from the left and one from the right, with the same token vectors and output layer.

    From the second layer on, the layer below is added to what a layer says (a residual connection).

    Args:
        vocab_size: V.
        d_model: numbers in a token's vector and in a state.
        n_layers: layers of each direction.
        cell: see `RecurrentLayer`.
    """

    def __init__(self, vocab_size: int, d_model: int, n_layers: int = 2, cell: str = "lstm"):
        super().__init__()
        check_whole(n_layers, "n_layers")
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.ahead, self.back = (
            nn.ModuleList(RecurrentLayer(cell, d_model, d_model) for _ in range(n_layers)) for _ in range(2)
        )
        self.output = nn.Linear(d_model, vocab_size)

    def directions(self, token_ids: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The layers of each direction over texts (B, T), each (B, T, D); the first are the token vectors."""
        vectors = self.embedding(token_ids)
        return _stack(self.ahead, vectors), [x.flip(1) for x in _stack(self.back, vectors.flip(1))]

    def layers(self, token_ids: Tensor) -> Tensor:
        """ELMo's layers of texts (B, T): both directions side by side, (L + 1, B, T, 2D)."""
        ahead, back = self.directions(token_ids)
        return torch.stack([torch.cat(pair, dim=-1) for pair in zip(ahead, back)])

    def losses(self, token_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross-entropies in nats: of each token given those before it, and given those after it."""
        ahead, back = self.directions(token_ids)
        next_logits, last_logits = self.output(ahead[-1][:, :-1]), self.output(back[-1][:, 1:])
        return (
            cross_entropy(next_logits.flatten(0, 1), token_ids[:, 1:].flatten()),
            cross_entropy(last_logits.flatten(0, 1), token_ids[:, :-1].flatten()),
        )


def _stack(layers: nn.ModuleList, vectors: Tensor) -> list[Tensor]:
    """What each layer says about (B, T, D), from left to right, after the vectors themselves."""
    said = [vectors]
    for layer in layers:
        hidden, _ = layer(said[-1], layer.start(len(vectors)))
        said.append(hidden if len(said) == 1 else said[-1] + hidden)
    return said


class LayerMix(nn.Module):
    """gamma * sum_j s_j h_j, with s the softmax of learned numbers: ELMo's mixture of layers.

    Args:
        n_layers: how many there are to mix, the token vectors among them.
    """

    def __init__(self, n_layers: int):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(check_whole(n_layers, "n_layers")))
        self.gamma = nn.Parameter(torch.ones(()))

    @property
    def shares(self) -> Tensor:
        """s, (L + 1,)."""
        return self.scores.softmax(dim=0)

    def forward(self, layers: Tensor) -> Tensor:
        """Mixed vectors (..., D) of layers (L + 1, ..., D). Raises ValueError for another number of them."""
        if len(layers) != len(self.scores):
            raise ValueError(f"{len(layers)} layers were given to a mixture of {len(self.scores)}")
        return self.gamma * torch.tensordot(self.shares, layers, dims=1)
