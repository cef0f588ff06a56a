import numpy as np
import pytest
import torch

from lmcourse.alignment.preferences import (
    Pairs,
    choose,
    draw_pairs,
    pair_accuracy,
    prefer_chance,
    preference_loss,
    true_accuracy,
)

WORTHS = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.0]])
LOG_P = np.log([[0.5, 0.3, 0.2], [0.2, 0.7, 0.1]])


def test_the_chance_is_logistic_in_the_gap_and_safe_far_out():
    assert prefer_chance(0.0) == 0.5
    assert prefer_chance(np.log(3)) == pytest.approx(3 / 4)  # odds of 3 to 1
    assert prefer_chance(1.3) + prefer_chance(-1.3) == pytest.approx(1)
    assert prefer_chance(np.array([-800.0, 800.0])).tolist() == [0.0, 1.0]


def test_worths_and_logistic_noise_give_the_same_chance():
    """The derivation: two Gumbel noises differ by a logistic one."""
    felt = np.random.default_rng(0).gumbel(np.array([1.0, 0.0]), size=(200_000, 2))
    share = (felt[:, 0] > felt[:, 1]).mean()
    assert share == pytest.approx(prefer_chance(1.0), abs=0.005)  # 5 standard errors


def test_equal_rewards_lose_ln_2_and_others_what_hand_arithmetic_says():
    assert preference_loss(torch.ones(3), torch.ones(3)).item() == pytest.approx(np.log(2))
    # gaps ln 3 and -ln 3: chances 3/4 and 1/4
    chosen = torch.tensor([np.log(3), 0.0], dtype=torch.float64)
    loss = preference_loss(chosen, torch.tensor([0.0, np.log(3)], dtype=torch.float64))
    assert loss.item() == pytest.approx(-(np.log(3 / 4) + np.log(1 / 4)) / 2)
    far = preference_loss(torch.tensor([-500.0]), torch.tensor([500.0]))
    assert far.item() == pytest.approx(1000)


def test_rewards_of_other_shapes_are_not_compared_crosswise():
    with pytest.raises(ValueError, match=r"shape \(2,\) were chosen and of \(2, 1\)"):
        preference_loss(torch.ones(2), torch.ones(2, 1))


def test_pairs_are_drawn_as_often_as_the_policy_and_the_worths_say():
    pairs = draw_pairs(LOG_P, WORTHS, 60_000, np.random.default_rng(1))
    assert (pairs.chosen != pairs.rejected).all()
    seen = np.zeros((2, 3, 3))
    np.add.at(seen, tuple(pairs), 1 / len(pairs.prompts))
    p = np.exp(LOG_P)
    drawn = p[:, :, None] * p[:, None, :] * (1 - np.eye(3))
    drawn /= 2 * drawn.sum(axis=(1, 2), keepdims=True)
    chances = 1 / (1 + np.exp(WORTHS[:, None, :] - WORTHS[:, :, None]))
    assert seen == pytest.approx(2 * drawn * chances, abs=0.01)


def test_a_policy_with_one_answer_gives_no_pairs():
    with pytest.raises(ValueError, match="prompt 1 has one answer alone"):
        draw_pairs(np.log([[0.5, 0.5], [1.0, 1e-300]]), np.zeros((2, 2)), 3, np.random.default_rng(0))


def test_sure_choices_take_the_better():
    pairs = choose(
        np.array([0, 1]), np.array([0, 1]), np.array([1, 0]), 1e3 * WORTHS, np.random.default_rng(0)
    )
    assert pairs.chosen.tolist() == [1, 0]
    assert pairs.rejected.tolist() == [0, 1]


def test_accuracy_counts_a_tie_as_half():
    pairs = Pairs(np.array([0, 0, 1]), np.array([1, 2, 1]), np.array([0, 1, 2]))
    assert pair_accuracy(WORTHS, pairs) == pytest.approx((1 + 0 + 0.5) / 3)


def test_the_exact_accuracy_is_what_many_pairs_have():
    rewards = np.array([[1.0, 0.0, -2.0], [1.0, 1.0, 3.0]])
    pairs = draw_pairs(LOG_P, WORTHS, 100_000, np.random.default_rng(2))
    assert true_accuracy(rewards, WORTHS, LOG_P) == pytest.approx(pair_accuracy(rewards, pairs), abs=0.008)
    best = true_accuracy(WORTHS, WORTHS, LOG_P)
    assert true_accuracy(rewards, WORTHS, LOG_P) < best
    # one prompt, two answers: it is the chance itself
    one = true_accuracy(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]]), np.log([[0.9, 0.1]]))
    assert one == pytest.approx(1 / (1 + np.exp(-2)))
    shifted = WORTHS + np.array([[5.0], [-3.0]])  # a number for each prompt changes nothing
    assert true_accuracy(shifted, WORTHS, LOG_P) == pytest.approx(best)
