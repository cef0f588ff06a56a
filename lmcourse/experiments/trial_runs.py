"""How near to the exact optimum does each way of learning by trial come? Five chains, β = 0.4 and others.

Each run begins with the fine-tuned network of its seed, answers the house's 24 orders, is rewarded by their
true worth, and is judged exactly now and then: the distance KL(π ‖ π*) from the optimum and KL(π* ‖ π), what
the objective lacks, the reward, the distance from the fine-tuned network, the entropy. Adam's learning rate
falls as a cosine to zero. Steps are chosen so that a run takes half a minute or so of one core. Rates and
group sizes were the best of a few on seed 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from lmcourse.alignment import chain, optimum
from lmcourse.alignment.by_trial import Critic, Loss, Reuse, Task, grpo, ppo, reinforce, table_task
from lmcourse.alignment.policy import TreePolicy
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train

USED_TWICE = Reuse(group=16, epochs=2, parts=2)
ANSWERS = 8  # of REINFORCE to each order
LOOKS = 10
_KEYS = ("method", "beta", "steps", "seed")
Make = Callable[[TreePolicy, Task, int], tuple[nn.Module, Loss]]


def _with_critic(policy: TreePolicy, task: Task, seed: int) -> tuple[nn.Module, Loss]:
    critic = Critic(policy)
    both = nn.ModuleList([policy.network, critic])
    return both, ppo(policy, task, critic, USED_TWICE, seed=seed)


# What is trained, and its loss; then the steps and the learning rate.
METHODS: dict[str, tuple[Make, int, float]] = {
    "REINFORCE": (lambda p, t, s: (p.network, reinforce(p, t, ANSWERS, s)), 800, 5e-3),
    "REINFORCE, no baseline": (
        lambda p, t, s: (p.network, reinforce(p, t, ANSWERS, s, baseline=False)),
        800,
        5e-3,
    ),
    "PPO, group's mean": (lambda p, t, s: (p.network, ppo(p, t, None, USED_TWICE, seed=s)), 800, 5e-3),
    "PPO, critic": (_with_critic, 500, 3e-3),
    "GRPO, KL in the reward": (lambda p, t, s: (p.network, grpo(p, t, USED_TWICE, seed=s)), 800, 5e-3),
    "GRPO, k3 in the loss": (
        lambda p, t, s: (p.network, grpo(p, t, USED_TWICE, kl_in_loss=True, seed=s)),
        800,
        5e-3,
    ),
}
BETAS = (0.1, 0.2, 0.8)  # besides the chapter's
SWEPT = "PPO, group's mean"
QUICK = 3  # steps of the runs that every test measures anew
AGAIN = [dict(zip(_KEYS, (method, chain.BETA, QUICK, 0))) for method in METHODS]
SWEPT_SEEDS = range(3)
SETTINGS = [
    *AGAIN,
    *(dict(zip(_KEYS, (m, chain.BETA, METHODS[m][1], seed))) for seed in range(5) for m in METHODS),
    *(dict(zip(_KEYS, (SWEPT, beta, METHODS[SWEPT][1], seed))) for seed in SWEPT_SEEDS for beta in BETAS),
]


def judged(policy: np.ndarray, reference: np.ndarray, rewards: np.ndarray, beta: float) -> dict[str, float]:
    """Everything that is known of a policy's table, means over the orders."""
    best = optimum.optimum(reference, rewards, beta)
    lacks = optimum.best_objective(reference, rewards, beta) - optimum.objective(
        policy, reference, rewards, beta
    )
    found = {
        "from_optimum": optimum.kl(policy, best),
        "optimum_from": optimum.kl(best, policy),
        "lacks": lacks,
        "reward": optimum.expected(policy, rewards),
        "distance": optimum.kl(policy, reference),
        "entropy": optimum.entropy(policy),
    }
    return {name: round(float(values.mean()), 4) for name, values in found.items()}


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """What is known of the policy on the way, and at the end."""
    make, _, rate = METHODS[setting["method"]]
    seed, beta, rewards = setting["seed"], setting["beta"], chain.worths()
    reference = chain.policy(chain.load_network("fine_tuned", seed))
    policy = chain.policy(chain.load_network("fine_tuned", seed))
    at_first, looks = reference.log_table(), []
    spent, last = 0.0, time.process_time()

    def look() -> None:
        nonlocal spent, last
        spent += time.process_time() - last
        looks.append(judged(policy.log_table(), at_first, rewards, beta))
        last = time.process_time()

    module, loss = make(policy, table_task(reference, rewards, beta), seed)
    look()
    every = max(1, setting["steps"] // LOOKS)
    train(module, loss, Recipe(setting["steps"], rate, judge_every=every), look, progress=False)
    seconds = None if setting["steps"] == QUICK else round(spent)  # of one core, without the looks
    return {"seconds": seconds, "looks": looks, **looks[-1]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("trial_runs", SETTINGS, measure)
