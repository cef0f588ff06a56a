"""Modular addition: a network that learns a part of the table by heart, and the rule of it much later.

The network gets a pair (a, b) of remainders and says which of p remainders (a + b) mod p is. Its embedding
and its logits are looked at through the discrete Fourier transform over the remainders. Left out: other
operations, the Transformer of the sources, the algebra of its single neurons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcourse.model import check_whole
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.training import Recipe, train

P = 53  # how many remainders
RECIPE = Recipe(
    steps=1500,
    learning_rate=3e-3,
    decay=False,
    clip=None,
    weight_decay=1.0,
    betas=(0.9, 0.98),
    judge_every=20,
)


class Table(NamedTuple):
    """Some of the p² sums."""

    pairs: Tensor  # (B, 2)
    sums: Tensor  # (B,), modulo p


def table(p: int = P) -> Table:
    """All sums modulo p, row by row: pair a p + b is (a, b).

    >>> table(3).sums.tolist()
    [0, 1, 2, 1, 2, 0, 2, 0, 1]
    """
    check_whole(p, "p", least=2)
    pairs = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    return Table(pairs, pairs.sum(dim=1) % p)


def split(whole: Table, share: float, rng: np.random.Generator) -> tuple[Table, Table]:
    """A random share of the sums to learn from, and the rest. Raises ValueError if either would be empty."""
    count = round(share * len(whole.sums))
    if not 0 < count < len(whole.sums):
        raise ValueError(
            f"share={share} of {len(whole.sums)} sums leaves none to learn, or none to ask; take 0.4, say"
        )
    order = torch.from_numpy(rng.permutation(len(whole.sums)))
    seen, unseen = order[:count], order[count:]
    return Table(*(column[seen] for column in whole)), Table(*(column[unseen] for column in whole))


class Adder(nn.Module):
    """Two looked-up vectors side by side, one hidden layer whose numbers are squared, and p logits.

    Args:
        p: how many remainders.
        d_model: D, numbers in the vector of a remainder; a and b share one table.
        d_hidden: numbers in the hidden layer.
    """

    def __init__(self, p: int = P, d_model: int = 64, d_hidden: int = 128):
        super().__init__()
        self.p = p
        self.embedding = nn.Embedding(p, d_model)
        self.hidden = nn.Linear(2 * d_model, d_hidden, bias=False)
        self.output = nn.Linear(d_hidden, p, bias=False)

    def draw(self, rng: np.random.Generator) -> Adder:
        """Draw all weights anew, from NumPy's generator; returns self."""
        draw_weights(self, rng)
        return self

    def forward(self, pairs: Tensor, vectors: Tensor | None = None) -> Tensor:
        """Pairs (B, 2) to logits (B, p).

        Args:
            pairs: remainders.
            vectors: another table (p, D) to look them up in; None: the network's own.
        """
        looked_up = (self.embedding.weight if vectors is None else vectors)[pairs]  # (B, 2, D)
        return self.output(self.hidden(looked_up.flatten(1)) ** 2)


class Score(NamedTuple):
    """How a network does on some sums."""

    accuracy: float
    loss: float  # mean surprise, nats


@torch.no_grad()
def score(network: Adder, asked: Table, vectors: Tensor | None = None) -> Score:
    """Share right and mean surprise; `vectors` as in `Adder.forward`."""
    logits = network(asked.pairs, vectors)
    right = (logits.argmax(dim=1) == asked.sums).double().mean()
    return Score(right.item(), cross_entropy(logits, asked.sums).item())


@dataclass(frozen=True)
class Look:
    """What was seen at one moment of training."""

    step: int
    seen: Score  # on the sums that are learned from
    unseen: Score
    vectors: Tensor  # the embedding then, (p, D)
    weights: dict[str, Tensor]  # all weights then


def learn(
    network: Adder, seen: Table, unseen: Table, recipe: Recipe = RECIPE, progress: bool = False
) -> list[Look]:
    """Train on all of `seen` at each step; a look before the first step and every `judge_every` after it."""
    looks: list[Look] = []

    def look() -> None:
        weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
        step = recipe.judge_every * len(looks)
        looks.append(
            Look(
                min(step, recipe.steps),
                score(network, seen),
                score(network, unseen),
                weights["embedding.weight"],
                weights,
            )
        )

    look()
    train(network, lambda _: cross_entropy(network(seen.pairs), seen.sums), recipe, look, progress=progress)
    return looks


def first_step(looks: list[Look], part: str, accuracy: float) -> int | None:
    """The first look's step at which `part`, "seen" or "unseen", has the accuracy; None: never."""
    return next((look.step for look in looks if getattr(look, part).accuracy >= accuracy), None)


# ---------- through the Fourier transform ----------


def waves(p: int) -> np.ndarray:
    """The Fourier basis over p remainders, orthonormal, (p, p): a constant, then cosine and sine of each k.

    Rows 2k - 1 and 2k are √(2/p) cos(2πka/p) and √(2/p) sin(2πka/p), for k from 1 to (p - 1)/2. Raises
    ValueError for an even p, whose last frequency has no sine.
    """
    if check_whole(p, "p", least=3) % 2 == 0:
        raise ValueError(f"p={p} must be odd, so that each frequency has a cosine and a sine")
    angle = 2 * math.pi * np.outer(np.arange(1, p // 2 + 1), np.arange(p)) / p
    both = np.stack([np.cos(angle), np.sin(angle)], axis=1).reshape(p - 1, p)
    return np.vstack([np.full(p, math.sqrt(1 / p)), math.sqrt(2 / p) * both])


def frequency_power(vectors: np.ndarray | Tensor) -> np.ndarray:
    """The share of a table's squares (p, D) that varies k times round the remainders, ((p - 1)/2,).

    The constant part is left out. The shares sum to one; white noise has 2/(p - 1) in each, on average.
    """
    vectors = np.asarray(vectors, dtype=float)
    squares = ((waves(len(vectors))[1:] @ vectors) ** 2).sum(axis=1)
    power = squares.reshape(-1, 2).sum(axis=1)
    return power / power.sum()


def filtered(vectors: Tensor, frequencies: list[int], keep: bool = True) -> Tensor:
    """The table (p, D) with these frequencies alone, or without them; the constant part stays."""
    p = len(vectors)
    bad = [k for k in frequencies if not 1 <= k <= p // 2]
    if bad:
        raise ValueError(f"frequency {bad[0]} is not from 1 to {p // 2}, which p={p} has")
    basis = waves(p)
    rows = [row for k in frequencies for row in (2 * k - 1, 2 * k)]
    chosen = np.isin(np.arange(p), rows) == keep
    chosen[0] = True
    kept = basis[chosen]
    return torch.from_numpy(kept.T @ (kept @ vectors.numpy().astype(float))).to(vectors.dtype)


def rule_means(logits: np.ndarray | Tensor, pairs: Tensor | None = None) -> np.ndarray:
    """The mean logit of each difference (a + b - c) mod p, (p,); the right answers are those of difference 0.

    Args:
        logits: of a, b and answer c, (p, p, p); the mean of each pair is taken off first.
        pairs: which (a, b) count, (n, 2); None: all.
    """
    logits = _of_pairs(logits, pairs)
    return logits.mean(axis=0)


def rule_share(logits: np.ndarray | Tensor, pairs: Tensor | None = None) -> float:
    """How much of the logits, (p, p, p) of a, b and answer c, follows from (a + b - c) mod p alone.

    The share of their variance, within each pair (a, b), that is explained by `rule_means`: 1 for a network
    that knows nothing but the rule, about 1/n for noise in n pairs. Sums that are known by heart follow the
    rule, too: to see whether it is there, take pairs that were not shown.
    """
    logits = _of_pairs(logits, pairs)
    return float(len(logits) * (logits.mean(axis=0) ** 2).sum() / (logits**2).sum())


def _of_pairs(logits: np.ndarray | Tensor, pairs: Tensor | None) -> np.ndarray:
    """Logits without the mean of their pair, by difference: row (n, p), column (a + b - c) mod p."""
    logits = np.asarray(logits, dtype=float)
    p = len(logits)
    a, b = table(p).pairs.numpy().T if pairs is None else np.asarray(pairs).T
    answers = (a[:, None] + b[:, None] - np.arange(p)) % p  # c, at which the difference is 0, 1, …
    chosen = logits[a[:, None], b[:, None], answers]
    return chosen - chosen.mean(axis=1, keepdims=True)  # a shift of all answers says nothing
