"""The two tasks: their networks against torch.nn's, and training side by side against training alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmcourse.neural import gradient_tasks as tasks


@pytest.mark.parametrize(
    ("cell", "module"), [("rnn", torch.nn.RNN), ("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)]
)
def test_recurrent_networks_equal_torchs_one_by_one(cell, module):
    firsts = [tasks.recurrent_weights(cell, 5, seed, forget=1.0) for seed in (3, 4)]
    stacked = {name: torch.tensor(np.array([first[name] for first in firsts])) for name in firsts[0]}
    tokens = torch.tensor(tasks.memory_batch(np.random.default_rng(0), 6, 7))
    logits, states = tasks.recurrent_logits(cell, stacked, tokens)
    for i, first in enumerate(firsts):
        other = module(2 * tasks.KINDS, 5, batch_first=True).double()
        with torch.no_grad():
            other.weight_ih_l0.copy_(torch.tensor(first["inputs"].T))
            other.weight_hh_l0.copy_(torch.tensor(first["hidden"]))
            other.bias_ih_l0.zero_()
            other.bias_hh_l0.copy_(torch.tensor(first["bias"]))
            said = other(torch.nn.functional.one_hot(tokens, 2 * tasks.KINDS).double())[0]
        torch.testing.assert_close(torch.stack([state[i] for state in states], dim=1), said)
        torch.testing.assert_close(logits[i], said[:, -1] @ torch.tensor(first["output"]))


def test_texts_tell_their_first_token_only_once():
    tokens = tasks.memory_batch(np.random.default_rng(1), 400, 5)
    assert set(tokens[:, 0]) == {0, 1, 2, 3}
    assert set(tokens[:, 1:].ravel()) == {4, 5, 6, 7}


def test_half_of_the_points_are_outside():
    # The squared length of a pair of normals is exponential with mean 2, so its median is 2 ln 2.
    points, labels = tasks.rings(np.random.default_rng(1), 20_000)
    assert abs(labels.mean() - 0.5) < 0.015  # four standard errors
    assert points[labels == 1][:, 0].std() > points[labels == 0][:, 0].std()


@pytest.mark.parametrize("shortcut", ["none", "residual", "gate"])
@pytest.mark.parametrize("normalise", [False, True])
def test_deep_networks_equal_layers_of_torch(shortcut, normalise):
    first = tasks.deep_weights(3, 6, 0, 1.2, gate=shortcut == "gate")
    first["biases"] = np.random.default_rng(5).normal(size=(3, 6))
    stacked = {name: torch.tensor(value)[None] for name, value in first.items()}
    points = torch.tensor(tasks.rings(np.random.default_rng(2), 4)[0])
    state = points @ torch.tensor(first["input"])
    for i in range(3):
        linear = torch.nn.Linear(6, 6).double()
        linear.weight.data, linear.bias.data = (
            torch.tensor(first["layers"][i].T),
            torch.tensor(first["biases"][i]),
        )
        norm = torch.nn.LayerNorm(6).double() if normalise else torch.nn.Identity()
        value = torch.nn.Sequential(linear, norm, torch.nn.Tanh())(state)
        if shortcut == "gate":
            opened = torch.sigmoid(state @ torch.tensor(first["gates"][i]) - 2)
            state = (1 - opened) * state + opened * value
        else:
            state = value + state if shortcut == "residual" else value
    found = tasks.deep_states(stacked, points, "tanh", shortcut, normalise)
    torch.testing.assert_close(found[0], state)


@pytest.mark.parametrize("most", [None, 0.05])
def test_training_side_by_side_is_training_alone(most):
    firsts = [{"w": np.array([float(seed), 1.0])} for seed in (3, -20)]

    def loss_of(weights, step):
        return ((weights["w"] - step) ** 2).sum(dim=1)

    together = tasks.train_side_by_side(firsts, loss_of, 5, 0.1, "sgd", most)["w"]
    for first, found in zip(firsts, together):
        alone = tasks.train_side_by_side([first], loss_of, 5, 0.1, "sgd", most)["w"][0]
        torch.testing.assert_close(found, alone)


def test_a_clipped_step_by_hand():
    # 3 a + 4 b has the gradient (3, 4), of length 5; clipped (0.6, 0.8); 0.5 of it from (1, 1) on.
    weights = tasks.train_side_by_side(
        [{"w": np.ones(2)}], lambda w, _: w["w"] @ torch.tensor([3.0, 4.0]), 1, 0.5, "sgd", 1.0
    )
    assert weights["w"].tolist() == [pytest.approx([0.7, 0.6])]


def test_short_texts_are_remembered_and_rings_told_apart():
    assert (tasks.remember_first("rnn", 3, [0, 1], steps=150) > 0.95).all()
    setting = {"layers": 2, "activation": "relu", "gain": 1.4, "rate": 0.003}
    assert (tasks.learn_ring([0, 1], **setting).right > 0.9).all()


def test_networks_of_several_gains_are_those_of_each():
    together = tasks.learn_ring([3, 3], layers=2, gain=[0.5, 2.0], steps=5, rate=0.01)
    for i, gain in enumerate((0.5, 2.0)):
        alone = tasks.learn_ring([3], layers=2, gain=gain, steps=5, rate=0.01)
        np.testing.assert_allclose(together.spread[i], alone.spread[0], rtol=1e-4)
        assert together.right[i] == pytest.approx(alone.right[0], abs=0.002)  # a point on the border


def test_a_linear_network_spreads_its_points_by_the_gain_to_the_power_of_its_layers():
    # nothing trained: each of three layers multiplies all states by the gain, so 0.1 leaves a thousandth
    small, one = tasks.learn_ring([0, 0], layers=3, activation="linear", gain=[0.1, 1.0], steps=0).spread
    assert small / one == pytest.approx(1e-3, rel=1e-4)
