"""Which of two answers is liked better: the Bradley-Terry model of choices, and what they can tell.

Somebody who compares feels the worth of each answer with some noise, and takes the one that feels better. If
the noise of the difference is logistic, the chance to prefer a to b is σ(r(a) - r(b)). Left out: ties,
rankings of more than two (Plackett-Luce), annotators who differ in what they want.

Sources: Bradley and Terry 1952; as the loss of a reward model, Christiano et al. 2017, equation 1, and Ouyang
et al. 2022, equation 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.alignment.sft import draw_answers


class Pairs(NamedTuple):
    """Answers that were compared, two to each prompt, by their numbers."""

    prompts: np.ndarray  # (n,)
    chosen: np.ndarray  # (n,)
    rejected: np.ndarray  # (n,)

    def rows(self, which: np.ndarray | slice) -> Pairs:
        """Some of them."""
        return Pairs(*(part[which] for part in self))


def prefer_chance(gap: np.ndarray | float) -> np.ndarray:
    """The chance that a is preferred to b, σ(r(a) - r(b)), of the gap r(a) - r(b).

    >>> float(prefer_chance(0.0))
    0.5
    """
    return np.exp(-np.logaddexp(0.0, -np.asarray(gap, dtype=float)))


def preference_loss(chosen_rewards: Tensor, rejected_rewards: Tensor) -> Tensor:
    """-mean log σ(r(chosen) - r(rejected)): ln 2 where nothing is told apart.

    Args:
        chosen_rewards: (n,).
        rejected_rewards: (n,).

    Raises ValueError for shapes that differ, which would be compared crosswise.
    """
    if chosen_rewards.shape != rejected_rewards.shape:
        raise ValueError(
            f"rewards of shape {tuple(chosen_rewards.shape)} were chosen and of "
            f"{tuple(rejected_rewards.shape)} rejected; each pair needs one of both"
        )
    return -torch.nn.functional.logsigmoid(chosen_rewards - rejected_rewards).mean()


def draw_pairs(log_p: np.ndarray, worths: np.ndarray, count: int, rng: np.random.Generator) -> Pairs:
    """Have annotators compare answers that a policy gave.

    Prompts are drawn evenly, and two answers to each independently; if both are the same they are drawn anew.

    Args:
        log_p: of the answers under the policy, (P, N).
        worths: as the annotators feel them, (P, N).
        count: n.
        rng: of answers and choices.

    Raises ValueError for a policy that has only one answer to some prompt.
    """
    p = np.exp(log_p)
    if (p.max(axis=1) > 1 - 1e-9).any():
        raise ValueError(f"prompt {p.max(axis=1).argmax()} has one answer alone; two are to be compared")
    prompts = rng.integers(len(p), size=count)
    first, second = (draw_answers(p[prompts], rng) for _ in range(2))
    while (same := np.flatnonzero(first == second)).size:
        first[same], second[same] = (draw_answers(p[prompts[same]], rng) for _ in range(2))
    return choose(prompts, first, second, worths, rng)


def choose(
    prompts: np.ndarray, first: np.ndarray, second: np.ndarray, worths: np.ndarray, rng: np.random.Generator
) -> Pairs:
    """Draw what is preferred in each pair (n,), from worths (P, N)."""
    taken = rng.random(len(prompts)) < prefer_chance(worths[prompts, first] - worths[prompts, second])
    return Pairs(prompts, np.where(taken, first, second), np.where(taken, second, first))


def pair_accuracy(rewards: np.ndarray, pairs: Pairs) -> float:
    """The share of pairs in which the rewards (P, N) prefer what was chosen; equal ones count a half."""
    gap = rewards[pairs.prompts, pairs.chosen] - rewards[pairs.prompts, pairs.rejected]
    return float(np.heaviside(gap, 0.5).mean())


def true_accuracy(rewards: np.ndarray, worths: np.ndarray, log_p: np.ndarray) -> float:
    """What `pair_accuracy` is on average over all that `draw_pairs` may draw: exact, a sum over all pairs.

    No rewards have more than the worths: true_accuracy(worths, worths, log_p) is the best possible.
    """
    total = 0.0
    for r, w, p in zip(rewards, worths, np.exp(log_p)):
        agreed = np.heaviside(r[:, None] - r, 0.5) * prefer_chance(w[:, None] - w)
        both = (agreed + agreed.T) * (1 - np.eye(len(p)))
        total += (p @ both @ p) / (1 - (p**2).sum())
    return float(total / len(rewards))
