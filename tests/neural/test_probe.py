"""Probes, against the Bayes-optimal ones and against an independent optimiser."""

import numpy as np
import pytest
import torch

from lmcourse.neural.probe import probe


def test_it_finds_the_optimum_that_newtons_method_finds():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    y = (x @ [1.0, -2.0] + rng.normal(size=40) > 0).astype(int)
    z = (x - x.mean(0)) / (x.std(0, ddof=1) + 1e-6)
    full, weights = np.column_stack([z, np.ones(40)]), np.zeros(3)
    keep = np.array([1.0, 1.0, 0.0])  # the bias is not penalised
    for _ in range(30):
        p = 1 / (1 + np.exp(-full @ weights))
        gradient = full.T @ (p - y) / 40 + 2 * 0.1 * keep * weights
        hessian = (full * (p * (1 - p))[:, None]).T @ full / 40 + 2 * 0.1 * np.diag(keep)
        weights -= np.linalg.solve(hessian, gradient)
    said = probe(torch.from_numpy(x), y, torch.from_numpy(x), penalty=0.1)
    np.testing.assert_allclose(said.log_odds, full @ weights, rtol=1e-3, atol=1e-4)


def test_a_mixture_finds_the_layer_that_knows():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 100)
    noise = rng.normal(size=(3, 200, 4))
    noise[1, :, 0] += 4 * y
    layers = torch.from_numpy(noise)
    said = probe(layers, y, layers)
    assert said.shares.argmax() == 1
    assert said.shares.sum() == pytest.approx(1)
    assert said.right(y).mean() > probe(layers[0], y, layers[0]).right(y).mean()


def test_vectors_that_do_not_differ_leave_the_shares_of_the_labels():
    y = np.array([1, 1, 1, 0])
    said = probe(torch.ones(4, 2), y, torch.ones(1, 2))
    assert said.log_odds[0] == pytest.approx(np.log(3), rel=1e-3)  # three to one
    assert said.right(np.array([0])).tolist() == [False]


def test_one_kind_of_label_cannot_be_learned():
    with pytest.raises(ValueError, match="all labels are the same"):
        probe(torch.ones(3, 2), np.ones(3), torch.ones(1, 2))
