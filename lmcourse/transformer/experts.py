"""A mixture of experts: many feed-forward layers, of which each token uses the few that its router chooses.

Parameters grow with the number of experts, the work for a token does not. Nothing but the loss
`load_balance` keeps the router from sending all tokens to a few. Left out: a limit to how many tokens an
expert takes, beyond which they are dropped; noise in the choice; experts on several devices.

Sources: Shazeer et al. (2017), section 2; Fedus et al. (2022), Switch Transformer, sections 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lmcourse.transformer.config import Config
from lmcourse.transformer.feed_forward import FeedForward


class Routed(NamedTuple):
    """What a router said of tokens."""

    probs: Tensor  # of each expert, (..., E)
    chosen: Tensor  # the experts that they use, (..., k)


class Experts(nn.Module):
    """The sum, over the experts with the highest probability, of probability times what the expert says.

    What its router said is kept by `routing` alone: a graph in the layer itself could not be copied with it.

    Args:
        config: of the stack it belongs to: how many experts, how many are active, and the size of each.
    """

    def __init__(self, config: Config):
        super().__init__()
        self.n_active = config.n_active
        self.router = nn.Linear(config.d_model, config.n_experts, bias=False)
        self.experts = nn.ModuleList(FeedForward(config) for _ in range(config.n_experts))
        self._routed: list[Routed] | None = None  # where it is noted, while `routing` asks

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) of (..., D)."""
        probs = self.router(x).softmax(dim=-1)
        gates, chosen = probs.topk(self.n_active, dim=-1)
        if self._routed is not None:
            self._routed.append(Routed(probs, chosen))
        tokens, gates, chosen = x.flatten(0, -2), gates.flatten(0, -2), chosen.flatten(0, -2)
        mixed = torch.zeros_like(tokens)
        for i, expert in enumerate(self.experts):
            rows, places = (chosen == i).nonzero(as_tuple=True)
            mixed = mixed.index_add(0, rows, gates[rows, places, None] * expert(tokens[rows]))
        return mixed.view_as(x)

    def __getstate__(self) -> dict:
        """Of a copy: nobody asks it."""
        return {**self.__dict__, "_routed": None}


@contextmanager
def routing(network: nn.Module) -> Iterator[list[Routed]]:
    """A list to which each layer of experts, in turn, appends what its router says while a network reads."""
    found: list[Routed] = []
    layers = [part for part in network.modules() if isinstance(part, Experts)]
    for layer in layers:
        layer._routed = found
    try:
        yield found
    finally:
        for layer in layers:
            layer._routed = None


def expert_shares(chosen: Tensor, n_experts: int) -> Tensor:
    """Of all choices (..., k), the share of each expert, (E,)."""
    return torch.bincount(chosen.flatten(), minlength=n_experts) / chosen.numel()


def load_balance(probs: Tensor, chosen: Tensor) -> Tensor:
    """E Σ f_i P_i: 1 if tokens are spread evenly, E if one expert has them all. To be added to the loss.

    f is each expert's share of the choices, which has no gradient; P its mean probability, which has.

    Args:
        probs: of each expert, for N tokens, (N, E).
        chosen: the experts that they use, (N, k).

    >>> load_balance(torch.tensor([[0.5, 0.5], [0.7, 0.3]]), torch.tensor([[1], [0]])).item()
    1.0
    """
    n_experts = probs.shape[-1]
    return n_experts * (expert_shares(chosen, n_experts) * probs.mean(dim=0)).sum()
