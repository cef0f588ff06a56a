"""From one text to another: an encoder that reads it in both directions, a decoder that writes, attention.

The decoder writes token by token and is told, at each, a summary of the text that was read. The summary is
one and the same for all tokens ("last": the encoder's two final states; "mean": of all its states), or a
weighted mean whose weights the decoder chooses anew each time ("attention"). Left out: beam search, the
deep output layer of the source.

Sources: Cho et al. (2014) and Sutskever et al. (2014) for the encoder and decoder; Bahdanau et al. (2015),
section 3 and appendix A, for additive attention.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcourse.neural.bidirectional import BidirectionalLayer
from lmcourse.neural.recurrent import gru_step

SUMMARIES = ("attention", "last", "mean")


def additive_attention(
    query: Tensor, keys: Tensor, states: Tensor, score: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Weights a = softmax of v . tanh(W s + U h), and the mean of the states with these weights.

    Args:
        query: W s of the decoder's state, (B, A).
        keys: U h of the encoder's states, (B, T, A); the same at each step, so worked out once.
        states: h, (B, T, 2H).
        score: v, (A,).
        mask: true where there is a token, (B, T).

    Returns:
        Summary (B, 2H) and weights (B, T), which are zero where there is no token.
    """
    energies = torch.tanh(query[:, None] + keys) @ score  # (B, T)
    weights = energies.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    return torch.einsum("bt,bth->bh", weights, states), weights


class Encoded(NamedTuple):
    """What the encoder hands over."""

    states: Tensor  # (B, T, 2H)
    mask: Tensor  # (B, T), true where there is a token
    last: Tensor  # the state after the last token from the left and after the first from the right, (B, 2H)
    keys: Tensor | None  # U h, (B, T, A), for attention


class Seq2Seq(nn.Module):
    """An encoder and a decoder.

    Args:
        source_size: tokens of the language that is read.
        target_size: tokens of the language that is written.
        d_model: numbers in a token's vector.
        d_hidden: H, numbers in a state of the encoder (of each direction) and of the decoder.
        summary: "attention", "last" or "mean".

    Raises ValueError for another summary.
    """

    def __init__(
        self, source_size: int, target_size: int, d_model: int, d_hidden: int, summary: str = "attention"
    ):
        super().__init__()
        if summary not in SUMMARIES:
            raise ValueError(f"summary={summary!r} must be one of {', '.join(map(repr, SUMMARIES))}")
        self.summary = summary
        self.source = nn.Embedding(source_size, d_model)
        self.target = nn.Embedding(target_size, d_model)
        self.encoder = BidirectionalLayer("gru", d_model, d_hidden)
        self.begin = nn.Linear(2 * d_hidden, d_hidden)
        self.into = nn.Linear(d_model + 2 * d_hidden, 3 * d_hidden)
        self.within = nn.Linear(d_hidden, 3 * d_hidden)
        self.output = nn.Linear(3 * d_hidden, target_size)
        if summary == "attention":
            self.query = nn.Linear(d_hidden, d_hidden, bias=False)
            self.key = nn.Linear(2 * d_hidden, d_hidden, bias=False)
            self.score = nn.Linear(d_hidden, 1, bias=False)

    def read(self, source: Tensor, lengths: Tensor) -> Encoded:
        """What the encoder makes of texts (B, T), the first `lengths` (B,) tokens of each row."""
        mask = torch.arange(source.shape[1]) < lengths[:, None]
        states = self.encoder(self.source(source), lengths)
        d_hidden = states.shape[-1] // 2
        rows = torch.arange(len(source))
        last = torch.cat([states[rows, lengths - 1, :d_hidden], states[:, 0, d_hidden:]], dim=-1)
        keys = self.key(states) if self.summary == "attention" else None
        return Encoded(states, mask, last, keys)

    def write(self, token: Tensor, state: Tensor, read: Encoded) -> tuple[Tensor, Tensor, Tensor]:
        """One step: after a token (B,) and a state (B, H), logits (B, V), the new state, weights (B, T)."""
        weights = read.mask / read.mask.sum(1, keepdim=True)
        if self.summary == "attention":
            query, score = self.query(state), self.score.weight[0]
            told, weights = additive_attention(query, read.keys, read.states, score, read.mask)
        elif self.summary == "mean":
            told = torch.einsum("bt,bth->bh", weights, read.states)
        else:
            told = read.last
        inputs = self.into(torch.cat([self.target(token), told], dim=-1))
        (state,) = gru_step(inputs, (state,), self.within.weight, self.within.bias)
        return self.output(torch.cat([state, told], dim=-1)), state, weights

    def forward(self, source: Tensor, lengths: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T', V) after each of the tokens `given` (B, T'), and weights (B, T', T).

        In training `given` is the right answer, one place later, behind a start token.
        """
        read = self.read(source, lengths)
        state, steps = torch.tanh(self.begin(read.last)), []
        for token in given.unbind(dim=1):
            logits, state, weights = self.write(token, state, read)
            steps.append((logits, weights))
        return tuple(torch.stack(part, dim=1) for part in zip(*steps))

    @torch.no_grad()
    def translate(self, source: Tensor, lengths: Tensor, start: int, end: int, longest: int) -> Tensor:
        """The likeliest token at each step, (B, longest); behind an end token all are `end`."""
        read = self.read(source, lengths)
        state, token = torch.tanh(self.begin(read.last)), torch.full((len(source),), start)
        over, written = torch.zeros(len(source), dtype=torch.bool), []
        for _ in range(longest):
            logits, state, _ = self.write(token, state, read)
            token = logits.argmax(dim=-1).masked_fill(over, end)
            over |= token == end
            written.append(token)
        return torch.stack(written, dim=1)


def seq2seq_loss(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    """Mean cross-entropy in nats of targets (B, T') under logits (B, T', V), where they are not `pad`."""
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad)
