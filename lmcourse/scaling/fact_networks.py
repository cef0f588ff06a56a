"""Small networks that learn facts by heart: three embeddings, a hidden layer, an object.

Bengio's network (`lmcourse.neural.feed_forward`) with a question as its window: first name, family, relation.
Several networks are trained side by side, each with weights and answers of its own: on small matrices that is
hardly slower than one. They do not know of one another: the loss is a sum, and Adam steps for each number
alone.

Left out: sentences, attention, mini-batches of different questions in different networks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.quantise import round_to_bits


class FactNetworks(nn.Module):
    """S networks side by side.

    Args:
        n_networks: S.
        sizes: of the three vocabularies: first names, families, relations.
        n_objects: m.
        d_embedding: numbers in the vector of each word.
        d_hidden: numbers in the hidden layer.
        rng: for the first weights, drawn with a variance of one over the numbers that are added up.
    """

    def __init__(
        self,
        n_networks: int,
        sizes: tuple[int, int, int],
        n_objects: int,
        d_embedding: int,
        d_hidden: int,
        rng: np.random.Generator,
    ):
        super().__init__()

        def drawn(rows: int, columns: int, added: int) -> nn.Parameter:
            numbers = rng.standard_normal((n_networks, rows, columns)) / added**0.5
            return nn.Parameter(torch.tensor(numbers, dtype=torch.float32))

        self.begins = np.cumsum([0, *sizes[:2]])
        self.embedding = drawn(sum(sizes), d_embedding, 1)
        self.up = drawn(3 * d_embedding, d_hidden, 3 * d_embedding)
        self.up_bias = nn.Parameter(torch.zeros(n_networks, 1, d_hidden))
        self.down = drawn(d_hidden, n_objects, d_hidden)
        self.down_bias = nn.Parameter(torch.zeros(n_networks, 1, n_objects))

    def forward(self, asked: np.ndarray) -> Tensor:
        """Logits of all objects (S, B, m) for questions (B, 3)."""
        words = self.embedding[:, torch.from_numpy(asked + self.begins)]  # (S, B, 3, d)
        hidden = torch.relu(torch.baddbmm(self.up_bias, words.flatten(2), self.up))
        return torch.baddbmm(self.down_bias, hidden, self.down)

    def count_parameters(self) -> int:
        """Of one network."""
        return sum(p[0].numel() for p in self.parameters())

    def log_probs(self, asked: np.ndarray) -> np.ndarray:
        """Of all objects in nats, (S, B, m)."""
        with torch.inference_mode():
            return self(asked).log_softmax(dim=-1).double().numpy()


def teach(
    networks: FactNetworks,
    asked: np.ndarray,
    targets: Callable[[np.ndarray], np.ndarray],
    exposures: int,
    batches: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> None:
    """Show every question `exposures` times, each time in another order and in so many batches.

    Args:
        networks: S of them, changed.
        asked: all questions, (n, 3).
        targets: for the numbers (B,) of questions, what is taught: distributions over objects (S, B, m), or
            objects (S, B).
        exposures: how often each question is shown.
        batches: steps in which all are shown once.
        learning_rate: its highest; it falls as a cosine.
        rng: for the order.
    """
    steps = exposures * batches
    parts: list[np.ndarray] = []

    def loss(_: int) -> Tensor:
        if not parts:
            parts.extend(np.array_split(rng.permutation(len(asked)), batches))
        chosen = parts.pop()
        taught = torch.from_numpy(targets(chosen))
        log_probs = networks(asked[chosen]).log_softmax(dim=-1)
        if taught.dim() == 2:
            terms = log_probs.gather(2, taught[..., None])
        else:
            terms = (taught * log_probs).sum(dim=-1)
        return -terms.sum() / len(chosen)

    recipe = Recipe(steps, learning_rate, warmup=max(1, steps // 20), clip=None, judge_every=steps)
    train(
        networks,
        loss,
        recipe,
        progress=False,
        optimizer=lambda p: torch.optim.AdamW(p, learning_rate, (0.9, 0.99), weight_decay=0.0, fused=True),
    )


def rounded(networks: FactNetworks, bits: int) -> dict[str, Tensor]:
    """Weights with each matrix of each network on a grid of 2^bits levels; biases stay as they are."""
    state = {}
    for name, weight in networks.state_dict().items():
        flat = weight.flatten(1)  # a network's matrix as one row
        state[name] = weight if name.endswith("bias") else round_to_bits(flat, bits).view_as(weight)
    return state


def stored_bits(networks: FactNetworks, bits: int) -> int:
    """What one network takes when rounded: matrices in `bits` and two 16-bit numbers each, biases in 16."""
    found = 0
    for name, weight in networks.named_parameters():
        n = weight[0].numel()
        found += 16 * n if name.endswith("bias") else bits * n + 32
    return found
