"""A mixture of experts: many feed-forward layers, of which each token uses the few that its router chooses.

Parameters grow with the number of experts, the work for a token does not. Nothing but the loss
`load_balance` keeps the router from sending all tokens to a few. Left out: a limit to how many tokens an
expert takes, beyond which they are dropped; noise in the choice; experts on several devices.

Sources: Shazeer et al. (2017), section 2; Fedus et al. (2022), Switch Transformer, sections 2.1 and 2.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lmcourse.transformer.config import Config
from lmcourse.transformer.feed_forward import FeedForward


class Experts(nn.Module):
    """The sum, over the experts with the highest probability, of probability times what the expert says.

    What the router said of the last tokens is kept until the next pass: `load_balance` is to be worked out
    right after the pass whose loss it joins.

    Args:
        config: of the stack it belongs to: how many experts, how many are active, and the size of each.
    """

    def __init__(self, config: Config):
        super().__init__()
        self.n_active = config.n_active
        self.router = nn.Linear(config.d_model, config.n_experts, bias=False)
        self.experts = nn.ModuleList(FeedForward(config) for _ in range(config.n_experts))
        self.probs = self.chosen = torch.empty(0)  # of the last tokens: (..., E) and (..., n_active)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) of (..., D)."""
        self.probs = self.router(x).softmax(dim=-1)
        gates, self.chosen = self.probs.topk(self.n_active, dim=-1)
        tokens, gates, chosen = x.flatten(0, -2), gates.flatten(0, -2), self.chosen.flatten(0, -2)
        mixed = torch.zeros_like(tokens)
        for i, expert in enumerate(self.experts):
            rows, places = (chosen == i).nonzero(as_tuple=True)
            mixed = mixed.index_add(0, rows, gates[rows, places, None] * expert(tokens[rows]))
        return mixed.view_as(x)


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
