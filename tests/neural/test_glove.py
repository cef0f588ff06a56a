"""Counts pair by pair; gradients beside torch's of the sum written out; the optimum where it is known."""

import numpy as np
import pytest
import torch

from lmcourse.neural.glove import co_occurrences, glove_loss, importance, train_glove


def test_counts_by_hand():
    # 0 1 2 1: at distance 1 the pairs 01 12 21, at distance 2 (worth a half) 02 11
    expected = [[0, 1, 0.5], [1, 1, 2], [0.5, 2, 0]]  # 11 counts from both sides
    np.testing.assert_array_equal(co_occurrences([0, 1, 2, 1], 3, 2, [1, 0.5]), expected)


def test_counts_are_those_of_a_walk_through_the_text():
    text, weights = np.random.default_rng(0).integers(7, size=200), [1, 1 / 2, 1 / 3]
    slow = np.zeros((7, 7))
    for i, here in enumerate(text):
        for j, there in enumerate(text):
            if 0 < abs(i - j) <= 3:
                slow[here, there] += weights[abs(i - j) - 1]
    np.testing.assert_allclose(co_occurrences(text, 7, 3, weights), slow, rtol=1e-6)


def test_the_weight_of_a_count_by_hand():
    # (16 / 256)^(3/4) = (1/16)^(3/4) = 1/8
    np.testing.assert_allclose(importance(np.array([0, 16, 256, 1000]), x_max=256), [0, 1 / 8, 1, 1])


def test_gradients_are_torchs():
    rng = np.random.default_rng(1)
    rows, words, width = 4, 6, 3
    parts = [rng.normal(size=size) for size in ((rows, width), (words, width), rows, words)]
    counts = rng.poisson(3, (rows, words)).astype(float)
    log_counts, weights = np.log(np.maximum(counts, 1e-12)), importance(counts, 5)
    leaves = [torch.tensor(part, requires_grad=True) for part in parts]
    v, u, b, c = leaves
    loss = sum(
        float(weights[i, j]) * (v[i] @ u[j] + b[i] + c[j] - np.log(counts[i, j])) ** 2
        for i in range(rows)
        for j in range(words)
        if counts[i, j]
    )
    found = glove_loss(*parts, log_counts, weights)
    assert found.loss == pytest.approx(loss.item(), rel=1e-12)
    mine = (found.inputs, found.outputs, found.input_biases, found.output_biases)
    for one, right in zip(mine, torch.autograd.grad(loss, leaves)):
        np.testing.assert_allclose(one, right.numpy(), rtol=1e-10, atol=1e-12)


def test_with_room_enough_the_scores_are_the_logarithms_of_the_counts():
    counts = np.random.default_rng(2).integers(1, 200, (6, 6))
    counts[0, 3] = 0  # says nothing, so that any score will do there
    found = train_glove(counts, 6, epochs=4000, learning_rate=0.3, rows=6, progress=False)
    scores = found.inputs @ found.outputs.T + found.input_biases[:, None] + found.output_biases
    np.testing.assert_allclose(scores[counts > 0], np.log(counts[counts > 0]), atol=0.02)
    assert found.losses[-1] < 1e-4 < found.losses[0]


def test_the_same_seed_gives_the_same_vectors():
    counts = np.random.default_rng(3).poisson(2, (20, 20))
    one, two, other = (train_glove(counts, 4, 2, rows=7, seed=seed, progress=False) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.vectors, two.vectors)
    assert np.abs(one.vectors - other.vectors).max() > 0


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (np.ones((2, 3)), r"shape \(2, 3\); words by words must be square"),
        (np.zeros((2, 2)), "at least one above 0"),
        (-np.ones((2, 2)), "must be 0 or more"),
    ],
)
def test_a_table_that_will_not_do_is_named(counts, said):
    with pytest.raises(ValueError, match=said):
        train_glove(counts, 2)


def test_a_text_that_will_not_do_is_named():
    with pytest.raises(ValueError, match="from 0 to 2"):
        co_occurrences([0, 3], 3, 1)
    with pytest.raises(ValueError, match="needs \\(2,\\)"):
        co_occurrences([0, 1], 3, 2, [1])
