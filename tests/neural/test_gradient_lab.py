"""The gradient laboratory against torch's gradients, against closed forms and against arithmetic by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lmcourse.neural import gradient_lab as lab
from lmcourse.neural.gradient_lab import Lab

SETTINGS = [
    Lab(way, activation, 1.3, start, shortcut, normalise, steps=6, width=5, seed=seed)
    for seed, (way, activation, start, shortcut, normalise) in enumerate(
        (w, a, s, c, n)
        for w in lab.WAYS
        for a in lab.ACTIVATIONS
        for s, c in (("gaussian", "none"), ("orthogonal", "residual"), ("gaussian", "gate"))
        for n in (False, True)
    )
]
PHI = {"linear": lambda x: x, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


def torch_step(setting, weights, i, matrix, before):
    """One step with torch's own functions."""
    a = matrix @ before + torch.tensor(weights.inputs[i])
    if setting.normalise:
        a = torch.nn.functional.layer_norm(a, (setting.width,), eps=1e-5)
    f = PHI[setting.activation](a)
    if setting.shortcut == "residual":
        return before + f
    if setting.shortcut == "gate":
        t = torch.sigmoid(torch.tensor(weights.gates[i]) @ before - 2)
        return (1 - t) * before + t * f
    return f


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_states_and_gradients_equal_torch(setting):
    weights = lab.draw(setting)
    matrices = torch.tensor(np.array(weights.matrices), requires_grad=True)
    states = [torch.tensor(weights.first, requires_grad=True)]
    for i in range(setting.steps):
        states.append(torch_step(setting, weights, i, matrices[i], states[-1]))
        states[-1].retain_grad()
    (states[-1] @ torch.tensor(weights.back)).backward()
    found = lab.norms(setting)
    rms = [float((h.detach() ** 2).mean().sqrt()) for h in states]
    np.testing.assert_allclose(found.states, rms, rtol=1e-9)
    np.testing.assert_allclose(found.gradients, [h.grad.norm() for h in states], rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(found.weights, matrices.grad.flatten(1).norm(dim=1), rtol=1e-8, atol=1e-300)


@pytest.mark.parametrize("setting", SETTINGS[::5], ids=str)
def test_the_product_of_the_last_jacobians_is_torchs(setting):
    weights = lab.draw(setting)

    def last_three(state: torch.Tensor) -> torch.Tensor:
        for i in range(3, 6):
            state = torch_step(setting, weights, i, torch.tensor(np.array(weights.matrices[i])), state)
        return state

    middle = torch.tensor(lab.forward(setting, weights).states[3])
    expected = torch.linalg.svdvals(torch.autograd.functional.jacobian(last_three, middle))
    np.testing.assert_allclose(lab.singular_values(setting, 3), expected, rtol=1e-7, atol=1e-12)


# ---------- by hand ----------


def test_two_steps_by_hand():
    # W = (2 0; 1 1), h0 = (1, -3): W h0 = (2, -2), relu (2, 0); W h1 = (4, 2), relu (4, 2), all open.
    # Back from (1, 1): second step (1, 1) W = (3, 1). First step: the second unit is shut, (3, 0) W = (6, 0).
    setting = Lab(activation="relu", steps=2, width=2)
    matrix = np.array([[2.0, 0.0], [1.0, 1.0]])
    weights = lab.Weights(
        np.array([1.0, -3.0]), np.ones(2), np.array([matrix] * 2), np.zeros((0, 2, 2)), np.zeros((2, 2))
    )
    trace = lab.forward(setting, weights)
    assert trace.states.tolist() == [[1, -3], [2, 0], [4, 2]]
    one_back = lab.pull(setting, weights, trace, 1, np.ones((1, 2)))
    assert one_back.tolist() == [[3, 1]]
    assert lab.pull(setting, weights, trace, 0, one_back).tolist() == [[6, 0]]
    assert lab.pull(setting, weights, trace, 0, np.eye(2)).tolist() == [[2, 0], [0, 0]]  # the Jacobian


# ---------- closed forms ----------


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("way", lab.WAYS)
def test_linear_orthogonal_steps_multiply_all_by_the_gain(way, gain):
    setting = Lab(way, "linear", gain, "orthogonal", steps=8, width=6)
    np.testing.assert_allclose(lab.norms(setting).gradients, gain ** np.arange(8.0, -1, -1), rtol=1e-9)
    np.testing.assert_allclose(lab.singular_values(setting, 8), np.full(6, gain**8), rtol=1e-9)


def test_without_weights_a_shortcut_is_all_there_is():
    # residual: h' = h + tanh(0). Gate: t = sigmoid(-2) everywhere, h' = (1 - t) h. Without either: nothing.
    base = {"gain": 0.0, "steps": 9, "width": 4}
    assert lab.norms(Lab(shortcut="residual", **base)).gradients == pytest.approx([1.0] * 10)
    kept = 1 - 1 / (1 + math.exp(2))
    assert lab.norms(Lab(shortcut="gate", **base)).gradients == pytest.approx(kept ** np.arange(9.0, -1, -1))
    nothing = lab.norms(Lab(**base))
    assert nothing.gradients.tolist() == [0] * 9 + [1]
    assert nothing.change == -math.inf


def test_mean_field_of_what_can_be_integrated_by_hand():
    # linear: E h² and χ are gain². relu: half of a normal is open, so half of each.
    for name, share in (("linear", 1), ("relu", 0.5)):
        squares, factors = lab.mean_field(name, 1.5, 4)
        assert squares == pytest.approx([(2.25 * share) ** i for i in range(5)], rel=1e-6)
        assert factors == pytest.approx([2.25 * share] * 4, rel=1e-6)
    # tanh at a small gain is nearly linear, and never steeper than 1
    assert lab.mean_field("tanh", 0.01, 1)[1][0] == pytest.approx(1e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("activation", "gain"), [("tanh", 0.6), ("tanh", 2.5), ("relu", 1.6), ("sigmoid", 3)]
)
def test_mean_field_is_the_average_of_wide_networks(activation, gain):
    setting = Lab(activation=activation, gain=gain, steps=10, width=128)
    squared = [lab.norms(Lab(**{**vars(setting), "seed": seed})).gradients[0] ** 2 for seed in range(12)]
    expected = np.prod(lab.mean_field(activation, gain, 10)[1])
    error = np.std(squared, ddof=1) / math.sqrt(12)
    assert abs(np.mean(squared) - expected) < 4 * error
    assert error < 0.25 * expected


def test_normalising_takes_the_gain_out_altogether():
    changes = [lab.norms(Lab(activation="relu", normalise=True, gain=g)).gradients for g in (0.3, 3.0)]
    np.testing.assert_allclose(*changes, rtol=2e-3)  # what TINY leaves


def test_clipping_shortens_and_does_not_turn():
    assert lab.clip(np.array([3.0, 4.0]), 10).tolist() == [3, 4]
    assert lab.clip(np.array([[30.0], [40.0]]), 5).tolist() == [[3], [4]]
    assert lab.clip(np.zeros(2), 1).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"most=0 must be above 0"):
        lab.clip(np.ones(2), 0)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("way", "width", "depth, time"),
        ("activation", "gelu", "linear, sigmoid"),
        ("start", "zero", "gaussian, orth"),
        ("shortcut", None, "none, residual"),
        ("steps", 0, "from 1 to 100"),
        ("steps", 2.0, "from 1 to 100"),
        ("width", 1, "from 2 to 128"),
        ("seed", -1, "from 0 to"),
        ("gain", -0.1, "0 or more"),
        ("gain", math.nan, "0 or more"),
        ("drive", math.inf, "0 or more"),
    ],
)
def test_a_bad_setting_is_named(name, value, told):
    with pytest.raises(ValueError, match=rf"{name}={value!r} must be .*{told}"):
        Lab(**{name: value})
