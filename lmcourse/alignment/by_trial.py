"""Getting better by trial: REINFORCE, PPO and GRPO, each as the loss of one step of the training loop.

All do the same: answer, be rewarded, make what was better than expected more likely, and stay near a
reference. They differ in what "expected" is, in how often an answer is used, and in where the distance from
the reference is counted. Each function returns what `lmcourse.neural.training.train` asks for: a function
from a step's number to the loss.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lmcourse.alignment.advantages import (
    check_rewards,
    generalized_advantages,
    group_normalised,
    leave_one_out,
)
from lmcourse.alignment.policy import Drawn, TreePolicy
from lmcourse.alignment.policy_losses import (
    Clipped,
    kl_estimates,
    masked_mean,
    ppo_loss,
    reinforce_loss,
    value_loss,
)

Loss = Callable[[int], Tensor]


@dataclass(frozen=True)
class Task:
    """What is to be learned.

    Args:
        n_prompts: P.
        reward: the rewards (B,) of answers that were drawn.
        reference: log-probabilities (B, L) of their tokens under the policy not to go far from.
        beta: what a nat of distance costs.
    """

    n_prompts: int
    reward: Callable[[Drawn], np.ndarray]
    reference: Callable[[Drawn], Tensor]
    beta: float


def table_task(reference: TreePolicy, rewards: np.ndarray, beta: float) -> Task:
    """To earn `rewards` (P, N), which are known of every answer, without going far from a policy.

    The reference must stay as it is: give it a network of its own.
    """

    @torch.no_grad()
    def log_probs(drawn: Drawn) -> Tensor:
        return reference.log_probs(drawn)

    return Task(len(rewards), lambda drawn: rewards[drawn.prompts, drawn.which], log_probs, beta)


class Rollout(NamedTuple):
    """Answers that were drawn, G to each prompt one after the other, and what is known of them."""

    drawn: Drawn  # B = P · G of them
    reference: Tensor  # (B, L), log-probabilities of their tokens
    rewards: Tensor  # (B,), of the reward alone


@torch.no_grad()
def roll_out(policy: TreePolicy, task: Task, group: int, rng: np.random.Generator) -> Rollout:
    """Have the policy answer each prompt `group` times."""
    drawn = policy.draw(np.repeat(np.arange(task.n_prompts), group), rng)
    rewards = torch.as_tensor(task.reward(drawn), dtype=torch.float32)
    return Rollout(drawn, task.reference(drawn), check_rewards(rewards))


def reinforce(policy: TreePolicy, task: Task, group: int = 8, seed: int = 0, baseline: bool = True) -> Loss:
    """REINFORCE: each answer is used once, and counts by how much more it earned than the others beside it.

    The distance is part of the reward: an answer earns r - β log π/π_ref. Without the `baseline` it counts
    by all that it earned.
    """

    def loss(step: int) -> Tensor:
        drawn, reference, rewards = roll_out(policy, task, group, np.random.default_rng([seed, step]))
        log_probs = policy.log_probs(drawn).sum(dim=1)
        earned = rewards - task.beta * (log_probs.detach() - reference.sum(dim=1))
        advantages = leave_one_out(earned.view(-1, group)).flatten() if baseline else earned
        return reinforce_loss(log_probs, advantages)

    return loss


@dataclass(frozen=True)
class Reuse:
    """How often the answers of a rollout are used: PPO's and GRPO's settings."""

    group: int = 16  # answers to each prompt
    epochs: int = 4  # times that each is used
    parts: int = 2  # steps in which all are used once
    clip_coef: float = 0.2

    @property
    def steps(self) -> int:
        """Steps from one rollout to the next."""
        return self.epochs * self.parts


class Critic(nn.Module):
    """A network of the policy's kind that says what an answer will earn, at each of its places.

    Args:
        policy: with whose weights it begins.
    """

    def __init__(self, policy: TreePolicy):
        super().__init__()
        self.network = copy.deepcopy(policy.network)
        self._policy = replace(policy, network=self.network)
        self.head = nn.Linear(policy.network.config.d_model, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, drawn: Drawn) -> Tensor:
        """What is expected before each token of the answers is said, (B, L)."""
        return self.head(self._policy.hidden(drawn))[..., 0]


class Lesson(NamedTuple):
    """Answers with what is to be learned from them, row by row."""

    drawn: Drawn
    reference: Tensor  # (B, L)
    advantages: Tensor  # (B, L)
    returns: Tensor  # (B, L), what a critic should have expected


def _reusing(
    roll: Callable[[int], Lesson], loss_of: Callable[[Lesson], Tensor], how: Reuse, seed: int
) -> Loss:
    """Draw, then use the rows in random parts, several times."""
    kept: dict[int, Lesson] = {}

    def loss(step: int) -> Tensor:
        turn, place = divmod(step, how.steps)
        if turn not in kept:
            kept.clear()
            kept[turn] = roll(turn)
        lesson = kept[turn]
        epoch, part = divmod(place, how.parts)
        order = np.random.default_rng([seed, turn, epoch]).permutation(len(lesson.advantages))
        rows = np.array_split(order, how.parts)[part]
        return loss_of(Lesson(lesson.drawn.rows(rows), *(of[rows] for of in lesson[1:])))

    return loss


def token_rewards(rollout: Rollout, beta: float) -> Tensor:
    """(B, L): at each token -β log π/π_ref, and at the last what the answer earned."""
    drawn = rollout.drawn
    rewards = -beta * (drawn.log_probs - rollout.reference) * drawn.said
    last = drawn.said.sum(dim=1).long() - 1
    rewards[torch.arange(len(last)), last] += rollout.rewards
    return rewards


def ppo(
    policy: TreePolicy,
    task: Task,
    critic: Critic | None = None,
    how: Reuse = Reuse(),
    gae_lambda: float = 0.95,
    vf_coef: float = 0.5,
    seed: int = 0,
    watch: list[Clipped] | None = None,
) -> Loss:
    """PPO: answers are used several times, while the policy is still near the one that gave them.

    The distance from the reference is part of the reward, token by token. With a critic a token's advantage
    is generalised from what the critic expects; without one all tokens share their answer's, less the mean
    of its group.

    Args:
        policy: is to be changed.
        task: see there.
        critic: is trained along with it, so its parameters belong to the same optimiser.
        how: how often answers are used.
        gae_lambda: λ, with a critic.
        vf_coef: what the critic's loss counts.
        seed: of the answers.
        watch: a list to which each step's `Clipped` is appended.
    """

    @torch.no_grad()
    def roll(turn: int) -> Lesson:
        rollout = roll_out(policy, task, how.group, np.random.default_rng([seed, turn]))
        drawn, rewards = rollout.drawn, token_rewards(rollout, task.beta)
        if critic is None:
            earned = rewards.sum(dim=1).view(-1, how.group)
            shared = group_normalised(earned, scale=False).flatten()[:, None] * drawn.said
            return Lesson(drawn, rollout.reference, shared, torch.zeros_like(shared))
        found = generalized_advantages(rewards, critic(drawn), drawn.said, gae_lambda=gae_lambda)
        return Lesson(drawn, rollout.reference, *found)

    def loss_of(lesson: Lesson) -> Tensor:
        drawn = lesson.drawn
        found = ppo_loss(
            policy.log_probs(drawn), drawn.log_probs, lesson.advantages, drawn.said, how.clip_coef
        )
        if watch is not None:
            watch.append(found._replace(loss=found.loss.detach()))
        if critic is None:
            return found.loss
        return found.loss + vf_coef * value_loss(critic(drawn), lesson.returns, drawn.said)

    return _reusing(roll, loss_of, how, seed)


def grpo(
    policy: TreePolicy,
    task: Task,
    how: Reuse = Reuse(group=8, epochs=2, parts=1),
    kl_in_loss: bool = False,
    scale: bool = True,
    seed: int = 0,
) -> Loss:
    """GRPO: no critic; an answer is as good as it is better than the others of its group, in units of their
    standard deviation.

    Args:
        policy: is to be changed.
        task: see there.
        how: how often answers are used.
        kl_in_loss: as published, the distance is a term of the loss, β times the mean of k3; False: part of
            the reward.
        scale: divide by the standard deviation.
        seed: of the answers.
    """

    @torch.no_grad()
    def roll(turn: int) -> Lesson:
        rollout = roll_out(policy, task, how.group, np.random.default_rng([seed, turn]))
        drawn = rollout.drawn
        earned = rollout.rewards if kl_in_loss else token_rewards(rollout, task.beta).sum(dim=1)
        advantages = group_normalised(earned.view(-1, how.group), scale).flatten()[:, None] * drawn.said
        return Lesson(drawn, rollout.reference, advantages, torch.zeros_like(advantages))

    def loss_of(lesson: Lesson) -> Tensor:
        drawn, log_probs = lesson.drawn, policy.log_probs(lesson.drawn)
        found = ppo_loss(log_probs, drawn.log_probs, lesson.advantages, drawn.said, how.clip_coef).loss
        if not kl_in_loss:
            return found
        return found + task.beta * masked_mean(kl_estimates(log_probs, lesson.reference)[2], drawn.said)

    return _reusing(roll, loss_of, how, seed)
