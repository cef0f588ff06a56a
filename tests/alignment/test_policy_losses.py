import math

import pytest
import torch

from lmcourse.alignment.policy_losses import (
    kl_estimates,
    masked_mean,
    ppo_loss,
    reinforce_loss,
    value_loss,
)

SAID = torch.tensor([[1.0, 1], [1, 0]])


def test_what_is_behind_an_end_counts_for_nothing():
    assert masked_mean(torch.tensor([[1.0, 2], [6, 99]]), SAID).item() == 3


def test_reinforces_gradient_by_hand():
    """Two answers of one token, logits a and 0: d log π(first)/da = 1 - p, d log π(second)/da = -p."""
    a = torch.tensor(0.7, requires_grad=True)
    log_probs = torch.stack([a, torch.zeros(())]).log_softmax(dim=0)
    reinforce_loss(log_probs, torch.tensor([3.0, -1])).backward()
    p = 1 / (1 + math.exp(-0.7))
    assert a.grad.item() == pytest.approx(-(3 * (1 - p) - 1 * -p) / 2, rel=1e-5)


def test_before_the_first_update_the_ratio_is_one():
    """So the loss is the mean advantage, its gradient REINFORCE's, and nothing is clipped."""
    log_probs = torch.tensor([[-1.0, -2], [-3, 0]], requires_grad=True)
    advantages = torch.tensor([[2.0, -1], [5, 9]])
    found = ppo_loss(log_probs, log_probs.detach(), advantages, SAID)
    assert (found.loss.item(), found.approx_kl, found.clip_fraction) == (-2, 0, 0)
    found.loss.backward()
    torch.testing.assert_close(log_probs.grad, -advantages * SAID / 3)


def test_clipping_by_hand():
    """Ratios 1.5 and 0.5 with ε = 0.2, advantages of both signs.

    A > 0: min(1.5, 1.2) A and min(0.5, 0.8) A; A < 0: min(-1.5, -1.2) |A| and min(-0.5, -0.8) |A|. What is
    clipped has no gradient: a good token that is likelier by enough, a bad one that is unlikelier.
    """
    ratio = torch.tensor([[1.5, 0.5, 1.5, 0.5]])
    advantages = torch.tensor([[2.0, 2, -2, -2]])
    log_probs = ratio.log().requires_grad_()
    found = ppo_loss(log_probs, torch.zeros(1, 4), advantages, torch.ones(1, 4))
    assert found.loss.item() == pytest.approx(-(2.4 + 1.0 - 3.0 - 1.6) / 4)
    assert found.clip_fraction == 1
    # k3 of ratios: 1.5 - 1 - ln 1.5 and 0.5 - 1 - ln 0.5
    assert found.approx_kl == pytest.approx((0.5 - math.log(1.5) - 0.5 - math.log(0.5)) / 2, rel=1e-5)
    found.loss.backward()
    assert (log_probs.grad == 0).tolist() == [[True, False, False, True]]


def test_value_loss_by_hand():
    # (1² + 2²) / 2 over the two places of the first row, 0 in the second row: (1 + 4 + 0) / 3 / 2
    values, returns = torch.tensor([[1.0, 2], [3, 99]]), torch.tensor([[0.0, 0], [3, 0]])
    assert value_loss(values, returns, SAID).item() == pytest.approx(5 / 6)


def test_estimates_of_a_distance():
    """Over all tokens, each weighted with its chance: k1 and k3 are the distance, k2 is not."""
    p, q = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.1, 0.1, 0.8])
    k1, k2, k3 = kl_estimates(p.log(), q.log())
    true = (p * (p / q).log()).sum().item()
    assert (p * k1).sum().item() == pytest.approx(true, rel=1e-5)
    assert (p * k3).sum().item() == pytest.approx(true, rel=1e-5)
    assert abs((p * k2).sum().item() - true) > 0.01
    assert k1.min() < 0 <= k3.min()


def test_the_gradient_of_k3_is_that_of_the_other_distance():
    """Σ π ∇k3 with π held as the weight, as samples hold it, is ∇ KL(π_ref ‖ π) = π - π_ref in the logits."""
    logits = torch.tensor([0.3, -0.2, 1.0], requires_grad=True)
    reference = torch.tensor([0.2, 0.2, 0.6])
    log_probs = logits.log_softmax(dim=0)
    weights = log_probs.detach().exp()
    (weights * kl_estimates(log_probs, reference.log())[2]).sum().backward()
    torch.testing.assert_close(logits.grad, weights - reference, atol=1e-6, rtol=0)
