"""Linear probes: how much of a label can be read off a vector by a weighted sum.

A probe is logistic regression with a small penalty, fitted to its optimum, so that nothing about it is left
to chance. Left out: labels of more than two kinds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from lmcourse.neural.bidirectional import LayerMix


class Probed(NamedTuple):
    """What a probe says about the vectors that it was not fitted on."""

    log_odds: np.ndarray  # (N,), above 0 where label 1 is likelier
    shares: np.ndarray  # of the layers, (L,); of one layer 1

    def right(self, labels: np.ndarray) -> np.ndarray:
        """Where the likelier label is the true one, (N,)."""
        return (self.log_odds > 0) == (labels == 1)


def probe(
    known: Tensor, labels: np.ndarray, asked: Tensor, penalty: float = 0.1, shares_penalty: float = 0.001
) -> Probed:
    """Fit a label of 0 or 1 on vectors that are known, and ask it about others.

    Args:
        known: vectors (N, D), or layers of vectors (L, N, D) to mix as ELMo does, with learned shares.
        labels: (N,).
        asked: vectors of the same kind, (N', D) or (L, N', D).
        penalty: times the squared length of the weights, added to the mean loss in nats.
        shares_penalty: the same for the scores of a mixture's layers; a large one makes their shares equal.

    Each number of a vector is first brought to mean 0 and deviation 1 over the known ones, so that layers of
    different size have an equal start. Raises ValueError if the labels are all the same.
    """
    if len(set(np.asarray(labels).tolist())) < 2:
        raise ValueError("all labels are the same; a probe needs examples of both")
    mean, spread = known.mean(-2, keepdim=True), known.std(-2, keepdim=True)
    known, asked = ((x - mean).double() / (spread + 1e-6) for x in (known, asked))
    targets = torch.as_tensor(np.asarray(labels, dtype=np.float64))
    mix = LayerMix(len(known)).double() if known.dim() == 3 else None
    weights = torch.zeros(known.shape[-1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    fitted = [weights, bias] + ([] if mix is None else [mix.scores])
    optimizer = torch.optim.LBFGS(fitted, max_iter=200, line_search_fn="strong_wolfe")

    def says(vectors: Tensor) -> Tensor:
        return (vectors if mix is None else mix(vectors)) @ weights + bias

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = binary_cross_entropy_with_logits(says(known), targets) + penalty * weights.square().sum()
        if mix is not None:
            value = value + shares_penalty * mix.scores.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        shares = np.ones(1) if mix is None else mix.shares.numpy().copy()
        return Probed(says(asked).numpy(), shares)
