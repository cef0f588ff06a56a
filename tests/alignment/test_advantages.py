import pytest
import torch

from lmcourse.alignment.advantages import generalized_advantages, group_normalised, leave_one_out


def test_leave_one_out_by_hand():
    # 1, 2, 6: the others' means are 4, 3.5, 1.5
    torch.testing.assert_close(leave_one_out(torch.tensor([[1.0, 2, 6]])), torch.tensor([[-3.0, -1.5, 4.5]]))


def test_a_group_of_one_has_nobody_to_compare_with():
    with pytest.raises(ValueError, match="a group of 1 has no others"):
        leave_one_out(torch.ones(3, 1))


def test_group_normalised_by_hand():
    # 1, 3: mean 2, standard deviation (of two, over n - 1) √2
    found = group_normalised(torch.tensor([[1.0, 3], [5.0, 5]]))
    torch.testing.assert_close(found, torch.tensor([[-1, 1], [0.0, 0]]) / 2**0.5, rtol=0, atol=1e-5)
    torch.testing.assert_close(
        group_normalised(torch.tensor([[1.0, 3]]), scale=False), torch.tensor([[-1.0, 1]])
    )


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_reward_that_is_no_number_is_named(bad):
    rewards = torch.tensor([[1.0, 2], [3, bad]])
    for function in (leave_one_out, group_normalised):
        with pytest.raises(ValueError, match=rf"the reward at \[1, 1\] is {bad}"):
            function(rewards)
    with pytest.raises(ValueError, match=r"the reward at \[1, 1\]"):
        generalized_advantages(rewards, torch.zeros(2, 2), torch.ones(2, 2))


REWARDS, VALUES = torch.tensor([[0.0, 1, 2]]), torch.tensor([[1.0, 2, 3]])
SAID = torch.ones(1, 3)


def test_gae_by_hand():
    # γ = 1: δ = 0 + 2 - 1, 1 + 3 - 2, 2 - 3 = 1, 2, -1. λ = 1/2: A3 = -1, A2 = 2 - 1/2, A1 = 1 + 3/4.
    advantages, returns = generalized_advantages(REWARDS, VALUES, SAID, gae_lambda=0.5)
    torch.testing.assert_close(advantages, torch.tensor([[1.75, 1.5, -1]]))
    torch.testing.assert_close(returns, torch.tensor([[2.75, 3.5, 2]]))


def test_gae_with_lambda_one_is_the_return_less_the_value():
    advantages, returns = generalized_advantages(REWARDS, VALUES, SAID, gamma=0.5, gae_lambda=1.0)
    true = torch.tensor([[0 + 0.5 * (1 + 0.5 * 2), 1 + 0.5 * 2, 2]])
    torch.testing.assert_close(returns, true)
    torch.testing.assert_close(advantages, true - VALUES)


def test_gae_with_lambda_zero_is_the_next_steps_surprise():
    advantages, _ = generalized_advantages(REWARDS, VALUES, SAID, gae_lambda=0.0)
    torch.testing.assert_close(advantages, torch.tensor([[1.0, 2, -1]]))


def test_nothing_comes_from_behind_the_end():
    """A shorter answer in a longer row: whatever stands behind its end, the advantages are those without."""
    said = torch.tensor([[1.0, 1, 0]])
    spoilt = torch.tensor([[0.0, 1, 77]]), torch.tensor([[1.0, 2, 88]])
    advantages, returns = generalized_advantages(*spoilt, said)
    alone = generalized_advantages(REWARDS[:, :2], VALUES[:, :2], SAID[:, :2])
    torch.testing.assert_close(advantages, torch.tensor([[*alone[0][0], 0]]))
    torch.testing.assert_close(returns, torch.tensor([[*alone[1][0], 0]]))
