"""Learning by trial against what it estimates: the exact gradient, by enumeration of all answers."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.alignment import optimum
from lmcourse.alignment.answers import Answers
from lmcourse.alignment.by_trial import Critic, Reuse, Task, grpo, ppo, reinforce, roll_out, token_rewards
from lmcourse.alignment.policy import TreePolicy
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

END = 3
LISTED = [[0, END], [1, END], [0, 1, END], [1, 0, 2, END], [2, 2, END]]
REWARDS = np.array([[1.0, 0, 2, -1, 0.5], [0, 1, -1, 2, 0]])
BETA = 0.5


def policy(seed: int) -> TreePolicy:
    config = Config(6, 16, 2, 1, 8, position="rope")
    network = Transformer(config).draw(np.random.default_rng(seed))
    return TreePolicy(network, torch.tensor([[4, 0], [4, 1]]), Answers(LISTED, 6, END))


def task_of(reference: TreePolicy, rewards: np.ndarray = REWARDS) -> Task:
    def log_probs(drawn):
        with torch.no_grad():
            return reference.log_probs(drawn)

    return Task(2, lambda drawn: rewards[drawn.prompts, drawn.which], log_probs, BETA)


def gradient(network, loss: torch.Tensor) -> np.ndarray:
    grads = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
    return torch.cat([g.flatten() for g in grads if g is not None]).numpy()


def exact(of: TreePolicy, reference: TreePolicy) -> np.ndarray:
    """Of minus the objective, the mean over the prompts: all answers are listed."""
    table, known = of.table(), reference.table().detach()
    value = (table.exp() * (torch.from_numpy(REWARDS) - BETA * (table - known))).sum(dim=1).mean()
    return gradient(of.network, -value.float())


@pytest.mark.parametrize("baseline", [True, False])
def test_reinforces_mean_gradient_is_the_exact_one(baseline):
    """Each coordinate within 5 standard errors; along the exact gradient as long as it, within 4 (and 0.1).

    A group's mean that counts the answer itself would make it a quarter shorter.
    """
    learner, reference = policy(0), policy(1)
    loss = reinforce(learner, task_of(reference), 4, baseline=baseline)
    drawn = np.array([gradient(learner.network, loss(step)) for step in range(800)])
    true = exact(learner, reference)
    errors = drawn.std(axis=0) / len(drawn) ** 0.5
    assert np.all(np.abs(drawn.mean(axis=0) - true) <= 5 * errors + 1e-7)
    along = drawn @ true / (true @ true)
    assert abs(along.mean() - 1) < min(4 * along.std() / len(along) ** 0.5, 0.1)


def test_a_baseline_takes_away_noise():
    learner, reference = policy(0), policy(1)
    richer = task_of(reference, REWARDS + 10)  # which changes nothing of what is to be learned
    noise = []
    for baseline in (True, False):
        loss = reinforce(learner, richer, 4, baseline=baseline)
        noise.append(np.var([gradient(learner.network, loss(step)) for step in range(50)], axis=0).sum())
    assert noise[0] < noise[1] / 10


@pytest.mark.parametrize("make", [ppo, grpo])
def test_the_first_step_of_a_rollout_is_on_policy(make):
    """All ratios are 1, so without scaling both have the gradient of a group's mean as baseline."""
    learner, task = policy(0), task_of(policy(1))
    how = Reuse(group=4, epochs=1, parts=1)
    settings = {"scale": False} if make is grpo else {}
    found = gradient(learner.network, make(learner, task, how=how, seed=3, **settings)(0))
    rollout = roll_out(learner, task, 4, np.random.default_rng([3, 0]))
    earned = token_rewards(rollout, BETA).sum(dim=1).view(-1, 4)
    advantages = (earned - earned.mean(dim=1, keepdim=True)).flatten()[:, None]
    log_probs, said = learner.log_probs(rollout.drawn), rollout.drawn.said
    by_hand = -(advantages * log_probs * said).sum() / said.sum()
    np.testing.assert_allclose(found, gradient(learner.network, by_hand), atol=1e-6)


def test_token_rewards_add_up_to_what_an_answer_earns():
    learner, task = policy(0), task_of(policy(1))
    rollout = roll_out(learner, task, 8, np.random.default_rng(0))
    drawn = rollout.drawn
    earned = rollout.rewards - BETA * (drawn.log_probs - rollout.reference).sum(dim=1)
    found = token_rewards(rollout, BETA)
    torch.testing.assert_close(found.sum(dim=1), earned, atol=1e-5, rtol=0)
    assert (found * (1 - drawn.said)).abs().max() == 0


def run(make, steps: int, rate: float = 1e-2) -> float:
    """The mean distance from the optimum that is left."""
    learner = policy(0)
    reference = replace(learner, network=copy.deepcopy(learner.network))
    module, loss = make(learner, task_of(reference))
    train(module, loss, Recipe(steps, rate), progress=False)
    best = optimum.optimum(reference.log_table(), REWARDS, BETA)
    return float(optimum.kl(learner.log_table(), best).mean())


def with_critic(learner, task):
    critic = Critic(learner)
    return torch.nn.ModuleList([learner.network, critic]), ppo(learner, task, critic, Reuse(16, 2, 2))


@pytest.mark.parametrize(
    ("make", "near"),
    [
        (lambda p, t: (p.network, reinforce(p, t, 16)), 0.02),
        (lambda p, t: (p.network, ppo(p, t, how=Reuse(16, 2, 2))), 0.05),
        (with_critic, 0.05),
        (lambda p, t: (p.network, grpo(p, t, Reuse(16, 2, 2))), 0.05),
    ],
)
def test_all_come_near_the_optimum(make, near):
    start = run(lambda p, _: (p.network, lambda _: 0 * p.network.embedding.weight.sum()), 1)
    assert run(make, 300) < near < start / 10


def test_k3_in_the_loss_ends_elsewhere():
    """What it aims at lies between the reference and the optimum, and is neither."""
    left = run(lambda p, t: (p.network, grpo(p, t, Reuse(16, 2, 2), kl_in_loss=True)), 300)
    right = run(lambda p, t: (p.network, grpo(p, t, Reuse(16, 2, 2))), 300)
    assert left > 5 * right


def test_a_reward_that_is_no_number_stops_the_run():
    learner = policy(0)
    with pytest.raises(ValueError, match="is nan"):
        reinforce(learner, task_of(policy(1), REWARDS * np.nan))(0)


def test_ppo_shows_what_to_watch():
    learner, watch = policy(0), []
    loss = ppo(learner, task_of(policy(1)), how=Reuse(4, 2, 1), watch=watch)
    train(learner.network, loss, Recipe(4, 1e-2), progress=False)
    first, second = watch[:2]
    assert (first.approx_kl, first.clip_fraction) == (pytest.approx(0, abs=1e-6), 0)
    assert second.approx_kl > 0
    assert len(watch) == 4
