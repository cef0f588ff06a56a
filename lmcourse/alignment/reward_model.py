"""Reward models: what people prefer, learned from pairs, as a reward for every answer.

Two kinds. `LinearReward` pays for features of the answer, so much for each feature of the prompt; its optimum
is unique and found exactly. `TransformerReward` is a language model whose output is one number, read where
the answer ends. Both give a table (P, N) of rewards for all answers to all prompts, of which only differences
within a row mean something. Left out: ensembles; a reward for each step of an answer.

Sources: Christiano et al. 2017, section 2.2.3; Stiennon et al. 2020, section 3.4; Ouyang et al. 2022.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lmcourse.alignment.answers import Answers
from lmcourse.alignment.preferences import Pairs, prefer_chance, preference_loss
from lmcourse.neural.training import History, Recipe, train
from lmcourse.transformer.network import Transformer
from lmcourse.world.guest_house import GuestHouse

TRAINING = Recipe(600, 1e-2, warmup=20)
ROWS = 4_096  # texts that are read at once for a table


@dataclass(frozen=True)
class LinearReward:
    """r(x, y) = φ(x)ᵀ W ψ(y).

    Args:
        prompt_features: φ of each prompt, (P, F).
        answer_features: ψ of each answer, (N, D).
        weights: W, (F, D).
    """

    prompt_features: np.ndarray
    answer_features: np.ndarray
    weights: np.ndarray

    def table(self) -> np.ndarray:
        """The reward (P, N) of every answer to every prompt."""
        return self.prompt_features @ self.weights @ self.answer_features.T


def who_and_what(house: GuestHouse) -> np.ndarray:
    """φ of the house's orders, (P, 14): which guest, and which meal, ones and zeros."""
    rows = []
    for of in (lambda order: order.guest, lambda order: order.what):
        named = list(dict.fromkeys(map(of, house.orders)))
        rows.append(np.eye(len(named))[[named.index(of(order)) for order in house.orders]])
    return np.concatenate(rows, axis=1)


def served_again(house: GuestHouse) -> np.ndarray:
    """(N, 1): helpings of each answer beyond the first of a dish, what counts of dishes cannot tell."""
    return np.maximum(house.counts - 1, 0).sum(axis=1, keepdims=True)


def fit_linear(
    pairs: Pairs, prompt_features: np.ndarray, answer_features: np.ndarray, ridge: float = 1.0
) -> LinearReward:
    """The weights with the least Σ -log σ(r(chosen) - r(rejected)) + ridge/2 · ‖W‖², by Newton's method.

    Args:
        pairs: n of them.
        prompt_features: (P, F).
        answer_features: (N, D).
        ridge: above 0, so that there is one optimum, whatever was compared.

    Raises ValueError for another ridge.
    """
    if not ridge > 0:
        raise ValueError(f"ridge={ridge} must be above 0, or weights that no pair tells of are anything")
    gaps = answer_features[pairs.chosen] - answer_features[pairs.rejected]
    design = np.einsum("nf,nd->nfd", prompt_features[pairs.prompts], gaps).reshape(len(gaps), -1)
    weights = np.zeros(design.shape[1])

    def loss(weights: np.ndarray) -> float:
        return np.logaddexp(0, -design @ weights).sum() + ridge / 2 * weights @ weights

    for _ in range(100):
        chances = prefer_chance(design @ weights)
        gradient = ridge * weights - design.T @ (1 - chances)
        if np.abs(gradient).max() < 1e-9 * max(len(gaps), 1):
            break
        curvature = (design * (chances * (1 - chances))[:, None]).T @ design + ridge * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-12:
            step = step / 2
        weights = weights - step
    shape = prompt_features.shape[1], answer_features.shape[1]
    return LinearReward(prompt_features, answer_features, weights.reshape(shape))


class TransformerReward(nn.Module):
    """A network that reads an order and its answer, and gives one number at the answer's end token.

    Args:
        network: with whose weights it begins; it is copied. The head begins with zeros: no answer is better.
        prompts: token ids (P, T), all of one length.
        answers: all that may be rewarded, N.
    """

    def __init__(self, network: Transformer, prompts: Tensor, answers: Answers):
        super().__init__()
        self.network = copy.deepcopy(network)
        self.prompts, self.answers = prompts, answers
        self.head = nn.Linear(network.config.d_model, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, prompts: np.ndarray, which: np.ndarray) -> Tensor:
        """The rewards (B,) of answers by their numbers (B,) to prompts by theirs (B,)."""
        said = torch.from_numpy(self.answers.tokens[which])
        ends = self.prompts.shape[1] + torch.from_numpy(self.answers.said[which].sum(axis=1)) - 1
        hidden = self.network.hidden(torch.cat([self.prompts[prompts], said], dim=1))
        return self.head(hidden[torch.arange(len(ends)), ends])[:, 0]

    @torch.no_grad()
    def table(self) -> np.ndarray:
        """The reward (P, N) of every answer to every prompt, in double precision."""
        shape = len(self.prompts), len(self.answers)
        prompts, which = (of.ravel() for of in np.indices(shape))
        parts = [
            self(prompts[i : i + ROWS], which[i : i + ROWS]).double() for i in range(0, len(which), ROWS)
        ]
        return torch.cat(parts).numpy().reshape(shape)


def train_reward(
    model: TransformerReward,
    pairs: Pairs,
    recipe: Recipe = TRAINING,
    batch: int = 64,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Teach it the pairs, `batch` of them a step, drawn anew for each; all if there are fewer."""

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        drawn = pairs.rows(rng.choice(len(pairs.prompts), min(batch, len(pairs.prompts)), replace=False))
        both = model(np.tile(drawn.prompts, 2), np.concatenate([drawn.chosen, drawn.rejected]))
        return preference_loss(*both.chunk(2))

    return train(model, loss, recipe, progress=progress)
