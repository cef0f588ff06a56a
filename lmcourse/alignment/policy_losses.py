"""The losses of learning by trial: REINFORCE, PPO's clipped one, its critic's, and estimates of a distance.

Each is a pure function of log-probabilities of the tokens that were said, (B, L), with `said` (B, L) marking
the places that count. Left out: entropy bonuses, adaptive penalties.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


def masked_mean(values: Tensor, said: Tensor) -> Tensor:
    """The mean over the places that count."""
    return (values * said).sum() / said.sum()


def reinforce_loss(log_probs: Tensor, advantages: Tensor) -> Tensor:
    """-mean A log π(y): its gradient is an estimate of the expected reward's, if answers come from π.

    Source: Williams 1992.

    Args:
        log_probs: of whole answers (B,), with their gradients.
        advantages: of each, (B,), constants.
    """
    return -(advantages * log_probs).mean()


class Clipped(NamedTuple):
    """PPO's loss, and what a practitioner watches."""

    loss: Tensor
    approx_kl: float  # how far the policy has moved since the answers were drawn, nats a token
    clip_fraction: float  # share of tokens whose ratio lies outside of 1 ± clip_coef


def ppo_loss(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, said: Tensor, clip_coef: float = 0.2
) -> Clipped:
    """-mean min(r·A, clip(r, 1 - ε, 1 + ε)·A), with r = π/π_old of each token.

    An answer is used for several steps; once a token's chance has changed by a factor 1 ± ε in the direction
    of its advantage, it has no further part in the gradient. Source: Schulman et al. 2017, equation 7;
    `approx_kl` as in Schulman 2020 (k3).

    Args:
        log_probs: with gradients, (B, L).
        old_log_probs: when the answers were drawn, (B, L).
        advantages: of each token, (B, L), constants.
        said: (B, L).
        clip_coef: ε.
    """
    log_ratio = (log_probs - old_log_probs) * said
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip_coef, 1 + clip_coef)
    loss = -masked_mean((ratio * advantages).minimum(clipped * advantages), said)
    outside = ((ratio - 1).abs() > clip_coef).to(ratio.dtype)
    return Clipped(
        loss,
        masked_mean(ratio - 1 - log_ratio, said).item(),
        masked_mean(outside, said).item(),
    )


def value_loss(values: Tensor, returns: Tensor, said: Tensor) -> Tensor:
    """Half the mean squared error of what the critic expected, (B, L)."""
    return 0.5 * masked_mean((values - returns) ** 2, said)


def kl_estimates(log_probs: Tensor, reference_log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three estimates of KL(π ‖ π_ref) from tokens drawn from π, each (B, L): k1, k2, k3.

    k1 = log π/π_ref is right on average, and may be negative; k2 = (log π/π_ref)²/2 is not right; k3 =
    π_ref/π - 1 - log π_ref/π is right on average and never negative. That holds for the *numbers*; the
    gradient of k3 as a term of a loss is not that of the KL divergence.
    Source: Schulman 2020.
    """
    log_ratio = log_probs - reference_log_probs
    return log_ratio, log_ratio**2 / 2, (-log_ratio).expm1() + log_ratio
