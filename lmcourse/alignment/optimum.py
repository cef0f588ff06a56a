"""What alignment aims at, exactly: the best trade of reward against distance from a reference policy.

Wherever all N answers to a prompt are listed, a policy is a row of N log-probabilities, and everything that
is usually estimated from samples is a sum. All functions take arrays (..., N) and give arrays (...), a row
for each prompt; logarithms are natural, so distances are in nats.

Sources: the tilted distribution and its value, Ziebart et al. 2008 in another setting, for language models
Korbak et al. 2022 and Rafailov et al. 2023, equation 4; best of n, Stiennon et al. 2020, appendix G.3, and
Beirami et al. 2024.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def kl(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """KL(p ‖ q) of each row; infinite where q excludes what p may say."""
    p = np.exp(log_p)
    with np.errstate(invalid="ignore"):
        return np.where(p > 0, p * (log_p - log_q), 0.0).sum(axis=-1)


def expected(log_p: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The mean of `values` under each row."""
    return (np.exp(log_p) * values).sum(axis=-1)


def entropy(log_p: np.ndarray) -> np.ndarray:
    """Of each row, nats; the exponential of it is a number of answers."""
    p = np.exp(log_p)
    return -np.where(p > 0, p * log_p, 0.0).sum(axis=-1)


def optimum(reference: np.ndarray, rewards: np.ndarray, beta: float) -> np.ndarray:
    """The policy that has the largest `objective`: log π*(y) = log π_ref(y) + r(y)/β - log Z.

    Args:
        reference: log-probabilities of the reference policy.
        rewards: of each answer, finite.
        beta: what a nat of distance costs, in units of reward; above 0.

    Raises ValueError for another beta, and for a reward that is not finite, naming it.
    """
    _check(rewards, beta)
    scores = reference + rewards / beta
    return scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)


def objective(log_p: np.ndarray, reference: np.ndarray, rewards: np.ndarray, beta: float) -> np.ndarray:
    """E[r] - β KL(π ‖ π_ref) of each row: what reinforcement learning from feedback maximises."""
    return expected(log_p, rewards) - beta * kl(log_p, reference)


def best_objective(reference: np.ndarray, rewards: np.ndarray, beta: float) -> np.ndarray:
    """β log Z, the objective of the optimum. What any policy lacks of it is β KL(π ‖ π*), exactly."""
    _check(rewards, beta)
    return beta * np.logaddexp.reduce(reference + rewards / beta, axis=-1)


def frontier(
    reference: np.ndarray, rewards: np.ndarray, betas: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance and mean reward of the optimum at each β: no policy at that distance has more reward."""
    policies = [optimum(reference, rewards, beta) for beta in betas]
    distances = np.array([kl(policy, reference).mean() for policy in policies])
    return distances, np.array([expected(policy, rewards).mean() for policy in policies])


def best_of_n(reference: np.ndarray, rewards: np.ndarray, n: int) -> np.ndarray:
    """Log-probabilities of the answer that has the most reward among n drawn from the reference.

    Of several drawn with the same reward the first is taken, so that ties share as under the reference:
    π(y) = π_ref(y) · (F(r)ⁿ - F(r-)ⁿ) / (F(r) - F(r-)), F the distribution function of the reward.
    """
    if n < 1 or n != int(n):
        raise ValueError(f"n={n} must be a whole number, 1 or more")
    p, rewards = np.exp(reference), np.broadcast_to(rewards, np.shape(reference))
    found = np.empty_like(p)
    for row in np.ndindex(p.shape[:-1]):
        values, level = np.unique(rewards[row], return_inverse=True)
        mass = np.bincount(level, weights=p[row], minlength=len(values))
        up_to = np.minimum(np.cumsum(mass) / mass.sum(), 1.0)
        chances = np.diff(up_to**n, prepend=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[row] = p[row] * np.where(mass > 0, chances / mass, 0.0)[level]
    with np.errstate(divide="ignore"):
        return np.log(found)


def best_of_n_kl(n: int) -> float:
    """The usual formula for the distance of best-of-n, log n - (n - 1)/n: never less than the true one, and
    equal to it where no two answers have the same reward and none is likely.
    """
    return float(np.log(n) - (n - 1) / n)


def _check(rewards: np.ndarray, beta: float) -> None:
    if not 0 < beta < np.inf:
        raise ValueError(f"beta={beta} must be above 0, and finite")
    if not np.isfinite(rewards).all():
        bad = np.asarray(rewards)[~np.isfinite(rewards)][0]
        raise ValueError(f"a reward is {bad}; each must be a finite number, or what it tilts is no policy")
