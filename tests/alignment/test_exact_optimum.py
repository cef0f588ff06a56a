from itertools import product

import numpy as np
import pytest

from lmcourse.alignment.optimum import (
    best_objective,
    best_of_n,
    best_of_n_kl,
    entropy,
    expected,
    frontier,
    kl,
    objective,
    optimum,
)

LN2, LN3 = np.log(2), np.log(3)


def some_policies(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random log-probabilities."""
    scores = rng.normal(size=shape) * 2
    return scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)


def test_two_answers_by_hand():
    # chances 3/4 and 1/4, rewards 0 and ln 3, β = 1: 3/4 · 1 and 1/4 · 3 are equal; Z = 3/2
    reference, rewards = np.log([0.75, 0.25]), np.array([0.0, LN3])
    best = optimum(reference, rewards, 1.0)
    np.testing.assert_allclose(np.exp(best), [0.5, 0.5])
    assert best_objective(reference, rewards, 1.0) == pytest.approx(np.log(1.5))
    # its reward is ln 3 / 2, its distance (ln 2/3 + ln 2) / 2 = ln(4/3) / 2
    assert expected(best, rewards) == pytest.approx(LN3 / 2)
    assert kl(best, reference) == pytest.approx(np.log(4 / 3) / 2)
    assert objective(best, reference, rewards, 1.0) == pytest.approx(np.log(1.5))
    assert entropy(best) == pytest.approx(LN2)
    # β = 1/2: weights 3/4 and 9/4
    np.testing.assert_allclose(np.exp(optimum(reference, rewards, 0.5)), [0.25, 0.75])


def test_kl_and_entropy_where_something_is_never_said():
    with np.errstate(divide="ignore"):
        sure, fair = np.log([1.0, 0.0]), np.log([0.5, 0.5])
    assert kl(sure, fair) == pytest.approx(LN2)
    assert kl(fair, sure) == np.inf
    with np.errstate(invalid="ignore"):
        assert entropy(sure) == 0


@pytest.mark.parametrize("beta", [0.05, 0.4, 3.0])
def test_what_a_policy_lacks_is_its_distance_from_the_optimum(beta):
    rng = np.random.default_rng(0)
    reference, rewards, policies = (
        some_policies(rng, 5, 40),
        rng.normal(size=(5, 40)),
        some_policies(rng, 5, 40),
    )
    best = optimum(reference, rewards, beta)
    np.testing.assert_allclose(
        objective(policies, reference, rewards, beta) + beta * kl(policies, best),
        best_objective(reference, rewards, beta),
        rtol=1e-12,
    )
    assert (kl(policies, best) > 0.1).all()


def test_the_frontier_has_the_slope_beta_and_nothing_lies_beyond():
    rng = np.random.default_rng(1)
    reference, rewards = some_policies(rng, 3, 20), rng.normal(size=(3, 20))
    for beta in (0.2, 1.0, 4.0):
        distances, means = frontier(reference, rewards, [beta * 1.001, beta / 1.001])
        assert np.diff(means)[0] / np.diff(distances)[0] == pytest.approx(beta, rel=1e-5)
        at = frontier(reference, rewards, [beta])
        for others in some_policies(rng, 200, 3, 20):
            distance, mean = kl(others, reference).mean(), expected(others, rewards).mean()
            assert mean < at[1][0] + beta * (distance - at[0][0])  # below each tangent


def every_draw(p: np.ndarray, rewards: np.ndarray, n: int) -> np.ndarray:
    """Best of n by listing all n-tuples: the first of those with the most reward is taken."""
    found = np.zeros(len(p))
    for drawn in product(range(len(p)), repeat=n):
        best = max(drawn, key=lambda y: rewards[y])  # the first of equals
        found[best] += np.prod(p[list(drawn)])
    return found


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_best_of_n_against_all_tuples_with_ties(n):
    p, rewards = np.array([0.4, 0.3, 0.2, 0.1]), np.array([1.0, 2.0, 1.0, 2.0])
    np.testing.assert_allclose(np.exp(best_of_n(np.log(p), rewards, n)), every_draw(p, rewards, n))
    rewards = np.array([3.0, -1.0, 0.5, 0.5])
    rows = np.exp(best_of_n(np.log([p, p[::-1]]), rewards, n))  # one row of rewards for both
    np.testing.assert_allclose(rows, [every_draw(p, rewards, n), every_draw(p[::-1], rewards, n)])


def test_the_formula_for_best_of_n_is_never_less_and_right_without_ties():
    rng = np.random.default_rng(2)
    for n in (1, 2, 4, 16):
        reference, rewards = some_policies(rng, 10, 12), rng.integers(0, 5, size=(10, 12)).astype(float)
        assert (kl(best_of_n(reference, rewards, n), reference) <= best_of_n_kl(n) + 1e-12).all()
    # many equally likely answers without ties: 100,000 of them at n = 4 differ by less than 1e-4
    many = np.full(100_000, -np.log(100_000))
    assert kl(best_of_n(many, np.arange(100_000.0), 4), many) == pytest.approx(best_of_n_kl(4), abs=1e-4)
    assert best_of_n_kl(4) == pytest.approx(2 * LN2 - 0.75)


def test_best_of_n_where_an_answer_is_never_given():
    with np.errstate(divide="ignore"):
        found = best_of_n(np.log([0.5, 0.5, 0.0]), np.array([0.0, 1.0, 2.0]), 2)
    np.testing.assert_allclose(np.exp(found), [0.25, 0.75, 0.0])


@pytest.mark.parametrize("beta", [0, -1.0, np.inf, np.nan])
@pytest.mark.parametrize("function", [optimum, best_objective])
def test_bad_beta(function, beta):
    with pytest.raises(ValueError, match=rf"beta={beta} must be above 0"):
        function(np.log([0.5, 0.5]), np.zeros(2), beta)


@pytest.mark.parametrize("reward", [np.nan, np.inf, -np.inf])
def test_bad_rewards(reward):
    with pytest.raises(ValueError, match=f"a reward is {reward}"):
        optimum(np.log([0.5, 0.5]), np.array([0.0, reward]), 1.0)


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_bad_n(n):
    with pytest.raises(ValueError, match=f"n={n} must be a whole number"):
        best_of_n(np.log([0.5, 0.5]), np.zeros(2), n)
