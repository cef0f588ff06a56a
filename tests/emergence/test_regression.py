import numpy as np
import pytest
import torch

from lmcourse.emergence.regression import (
    Regressor,
    among_tasks,
    draw_problems,
    foretold,
    least_squares,
    linear_attention,
    prompts,
    ridge,
)

PROBLEMS = draw_problems(6, 8, 3, 0.5, np.random.default_rng(0))


def test_closed_forms_agree_with_numpy_place_by_place():
    x, y, _ = PROBLEMS
    by_ridge, by_squares = ridge(x, y, 0.25), least_squares(x, y)
    for b in range(6):
        for k in range(8):
            # ridge is least squares with rows sqrt(penalty) I and answers 0 added
            rows = np.concatenate([x[b, :k], 0.5 * np.eye(3)])
            w = np.linalg.lstsq(rows, np.concatenate([y[b, :k], np.zeros(3)]), rcond=None)[0]
            assert by_ridge[b, k] == pytest.approx(x[b, k] @ w)
            w = np.linalg.lstsq(x[b, :k], y[b, :k], rcond=None)[0] if k else np.zeros(3)
            assert by_squares[b, k] == pytest.approx(x[b, k] @ w)


def test_the_right_penalty_is_the_best_one_on_average():
    many = draw_problems(20_000, 6, 3, 0.7, np.random.default_rng(1), w_scale=2.0)
    best = ridge(many.x, many.y, 0.7**2 / 2.0**2)
    for penalty in (0.04, 0.4):  # and it is 0.1225
        worse = (ridge(many.x, many.y, penalty) - many.truth) ** 2 - (best - many.truth) ** 2
        gaps = worse[:, 1:].mean(axis=1)
        assert gaps.mean() > 3 * gaps.std() / len(gaps) ** 0.5


def test_the_posterior_among_tasks_by_hand_and_in_the_limit():
    # two tasks, w = 1 and w = -1; a pair x = 1, y = 0.5, noise 1: odds exp(-1/8) : exp(-9/8) = e : 1
    x, y = np.array([[[1.0], [2.0]]]), np.array([[0.5, 0.0]])
    found = among_tasks(x, y, np.array([[1.0], [-1.0]]), 1.0)
    e = np.exp(1)
    np.testing.assert_allclose(found, [[0.0, 2 * (e - 1) / (e + 1)]])
    one = draw_problems(1, 8, 2, 0.5, np.random.default_rng(2))
    tasks = np.random.default_rng(3).standard_normal((200_000, 2))
    assert among_tasks(one.x, one.y, tasks, 0.5) == pytest.approx(ridge(one.x, one.y, 0.25), abs=0.05)


def test_linear_attention_is_a_step_of_gradient_descent():
    x, y, _ = PROBLEMS
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    pairs, said = torch.from_numpy(x[0, :7]), torch.from_numpy(y[0, :7])
    (0.5 * ((said - pairs @ w) ** 2).sum()).backward()
    stepped = -0.1 * w.grad.numpy()
    assert linear_attention(x[0, 7], x[0, :7], 0.1 * y[0, :7]) == pytest.approx(x[0, 7] @ stepped)


def test_a_question_sees_the_pairs_before_it_and_nothing_else():
    network = Regressor(3, 16, 2, 2).draw(np.random.default_rng(0))
    x, y, _ = (part.copy() for part in PROBLEMS)
    before = foretold(network, x, y).detach()
    assert before.shape == (6, 8)
    y[:, 4] += 1
    x[:, 6] += 1
    after = foretold(network, x, y).detach()
    torch.testing.assert_close(after[:, :5], before[:, :5])
    assert ((after - before)[:, 5:].abs() > 1e-6).all()
    assert prompts(x, y)[0, 9].tolist() == pytest.approx([*x[0, 4], y[0, 4], 1])
    assert prompts(x, y)[0, 8].tolist() == pytest.approx([*x[0, 4], 0, 0])


def test_problems_have_the_spread_that_was_asked_for():
    tasks = np.array([[1.0, 0.0], [0.0, 2.0]])
    found = draw_problems(4_000, 3, 2, 0.5, np.random.default_rng(4), tasks, x_scale=3.0)
    assert set(map(tuple, found.w)) == {(1.0, 0.0), (0.0, 2.0)}
    assert found.x.std() == pytest.approx(3, rel=0.05)
    assert (found.y - found.truth).std() == pytest.approx(0.5, rel=0.05)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="penalty=0 must be above 0"):
        ridge(*PROBLEMS[:2], 0)
    with pytest.raises(ValueError, match="noise=-1 must be 0 or more"):
        draw_problems(1, 2, 3, -1, np.random.default_rng(0))
