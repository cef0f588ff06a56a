"""How much better than expected was it? Advantages of whole answers within a group, and of each token.

Groups are rows: rewards (P, G) of G answers to each of P prompts. Tokens are columns: (B, L), L places of
which the first ones are said.
"""

from __future__ import annotations

import torch
from torch import Tensor


def check_rewards(rewards: Tensor) -> Tensor:
    """Return `rewards`; raise ValueError, saying where, if one is no finite number."""
    if not torch.isfinite(rewards).all():
        place = torch.nonzero(~torch.isfinite(rewards))[0].tolist()
        raise ValueError(
            f"the reward at {place} is {rewards[tuple(place)].item()}; a single one would spoil every weight"
        )
    return rewards


def leave_one_out(rewards: Tensor) -> Tensor:
    """Each reward less the mean of the others in its group, (P, G): RLOO.

    The baseline does not depend on the answer it is used for, so the gradient keeps its direction on average.
    Source: Kool et al. 2019; Ahmadian et al. 2024. Raises ValueError for groups of one.
    """
    check_rewards(rewards)
    size = rewards.shape[-1]
    if size < 2:
        raise ValueError(f"a group of {size} has no others to compare with; draw 2 answers or more")
    return (rewards - rewards.mean(dim=-1, keepdim=True)) * size / (size - 1)


def group_normalised(rewards: Tensor, scale: bool = True, eps: float = 1e-6) -> Tensor:
    """Each reward less its group's mean, divided by the group's standard deviation, (P, G): GRPO.

    Where all rewards of a group are equal, all advantages are 0: nothing can be learned from it.
    Source: Shao et al. 2024, section 4.1.2; without `scale`, Liu et al. 2025 ("Dr. GRPO").
    """
    centred = check_rewards(rewards) - rewards.mean(dim=-1, keepdim=True)
    return centred / (rewards.std(dim=-1, keepdim=True) + eps) if scale else centred


def generalized_advantages(
    rewards: Tensor, values: Tensor, said: Tensor, gamma: float = 1.0, gae_lambda: float = 0.95
) -> tuple[Tensor, Tensor]:
    """Advantages and returns of each token, (B, L): Σ (γλ)^k δ_{t+k} with δ_t = r_t + γ V_{t+1} - V_t.

    λ = 1: what came after, less what was expected; λ = 0: the next step's surprise alone. After the last
    token that is said nothing is expected. Source: Schulman et al. 2016, equations 11 to 16.

    Args:
        rewards: of each token, (B, L); what a whole answer earns stands at its last token.
        values: what was expected at each place, before its token was said, (B, L).
        said: whether a token was said there, (B, L).
        gamma: how much a later reward counts.
        gae_lambda: see above.
    """
    check_rewards(rewards)
    mask = said.to(rewards.dtype)
    advantages = torch.zeros_like(rewards)
    after = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        ahead = values[:, t + 1] * mask[:, t + 1] if t + 1 < rewards.shape[1] else torch.zeros_like(after)
        delta = rewards[:, t] + gamma * ahead - values[:, t]
        after = (delta + gamma * gae_lambda * after) * mask[:, t]
        advantages[:, t] = after
    return advantages, (advantages + values) * mask
