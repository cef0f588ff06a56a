"""Two small tasks which show whether a gradient that is small at the start keeps a network from learning.

By time: remember the first token of a text until its end. By depth: tell the inside of a ring from the
outside, through many layers. Several networks, one for each seed, are trained side by side in one tensor, and
none of them knows of the others. Left out: everything that a real training run needs (see `training`).

Sources: the first task is a small form of those of Hochreiter and Schmidhuber (1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.neural.gradient_lab import GATE_BIAS, orthogonal
from lmcourse.neural.recurrent import GATES, STEPS

KINDS = 4  # first tokens to tell apart; as many others fill the text
RATES = {"adam": 0.0003, "sgd": 0.03}  # for the ring
PHI = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda x: x}


def recurrent_weights(
    cell: str,
    hidden: int,
    seed: int,
    gain: float = 1.0,
    start: str = "gaussian",
    forget: float = 0.0,
    drive: float = 1.0,
) -> dict[str, np.ndarray]:
    """The first weights of one network for the memory task.

    Args:
        cell: "rnn", "gru" or "lstm".
        hidden: H.
        seed: of NumPy's generator.
        gain: standard deviation of the recurrent weights times √H.
        start: "gaussian" or "orthogonal".
        forget: first value of an LSTM's bias of the gate that keeps.
        drive: standard deviation of the inputs' weights.

    Returns: inputs (2 · KINDS, gates · H), hidden (gates · H, H), bias (gates · H,), output (H, KINDS).
    """
    rng, gates = np.random.default_rng(seed), GATES[cell]
    blocks = rng.normal(size=(gates, hidden, hidden))
    if start == "orthogonal":
        blocks = np.array([orthogonal(block) for block in blocks])
    else:
        blocks = blocks / math.sqrt(hidden)
    bias = np.zeros(gates * hidden)
    if cell == "lstm":
        bias[hidden : 2 * hidden] = forget
    return {
        "inputs": drive * rng.normal(size=(2 * KINDS, gates * hidden)),
        "hidden": gain * blocks.reshape(gates * hidden, hidden),
        "bias": bias,
        "output": rng.normal(size=(hidden, KINDS)) / math.sqrt(hidden),
    }


def memory_batch(rng: np.random.Generator, rows: int, steps: int) -> np.ndarray:
    """Texts (rows, steps): a first token from 0 to KINDS - 1, then others that say nothing about it."""
    tokens = rng.integers(KINDS, 2 * KINDS, size=(rows, steps))
    tokens[:, 0] = rng.integers(0, KINDS, size=rows)
    return tokens


def recurrent_logits(cell: str, weights: dict[str, Tensor], tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What S networks say after texts (B, T): logits (S, B, KINDS), and the states, T of (S, B, H).

    The weights of the networks stand one behind the other in a first dimension.
    """
    step = STEPS[cell]

    def one(weights: dict[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
        inputs = weights["inputs"][tokens.T].unbind(0)  # T of (B, gates · H)
        zeros = inputs[0].new_zeros(len(tokens), weights["hidden"].shape[-1])
        state, states = (zeros, zeros) if cell == "lstm" else (zeros,), []
        for x in inputs:
            state = step(x, state, weights["hidden"], weights["bias"])
            states.append(state[0])
        return state[0] @ weights["output"], states

    return torch.vmap(one)(weights)


def deep_weights(
    layers: int, width: int, seed: int, gain: float, gate: bool = False
) -> dict[str, np.ndarray]:
    """The first weights of one deep network.

    Returns: input (2, n), layers (L, n, n), biases (L, n), output (n, 2), and if asked for gates (L, n, n).
    """
    rng = np.random.default_rng(seed)
    weights = {
        "input": rng.normal(size=(2, width)) / math.sqrt(2),
        "layers": gain * rng.normal(size=(layers, width, width)) / math.sqrt(width),
        "biases": np.zeros((layers, width)),
        "output": rng.normal(size=(width, 2)) / math.sqrt(width),
    }
    if gate:
        weights["gates"] = rng.normal(size=(layers, width, width)) / math.sqrt(width)
    return weights


def rings(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (rows, 2), normal in both directions, and whether each is in the farther half, (rows,)."""
    points = rng.normal(size=(rows, 2))
    return points, ((points**2).sum(axis=1) > 2 * math.log(2)).astype(int)


def deep_states(
    weights: dict[str, Tensor],
    points: Tensor,
    activation: str,
    shortcut: str = "none",
    normalise: bool = False,
) -> Tensor:
    """The last states of S deep networks for points (B, 2): (S, B, n). Their logits are these @ output."""
    layers = zip(weights["layers"].unbind(1), weights["biases"][:, :, None].unbind(1))
    gates = weights["gates"].unbind(1) if shortcut == "gate" else ()
    state = points @ weights["input"]
    for i, (matrix, bias) in enumerate(layers):
        value = torch.baddbmm(bias, state, matrix)
        if normalise:
            value = torch.nn.functional.layer_norm(value, value.shape[-1:])
        value = PHI[activation](value)
        if shortcut == "gate":
            opened = torch.sigmoid(state @ gates[i] + GATE_BIAS)
            value = state + opened * (value - state)
        state = state + value if shortcut == "residual" else value
    return state


def spread(states: Tensor) -> np.ndarray:
    """How far the states (S, B, n) of B points lie from their mean, root mean square over B and n, (S,).

    >>> spread(torch.tensor([[[1.0, 5.0], [5.0, 5.0]]])).round(3)  # √((2² + 2² + 0 + 0) / 4)
    array([1.414], dtype=float32)
    """
    return (states - states.mean(dim=1, keepdim=True)).square().mean(dim=(1, 2)).sqrt().numpy()


def train_side_by_side(
    firsts: Sequence[dict[str, np.ndarray]],
    loss_of: Callable[[dict[str, Tensor], int], Tensor],
    steps: int,
    rate: float,
    optimiser: str = "adam",
    most: float | None = 1.0,
) -> dict[str, Tensor]:
    """Train networks, one for each of the first weights, each by its own gradient. Returns their weights.

    Args:
        firsts: the first weights of each network, all of one form.
        loss_of: the losses (S,) of S networks at a step.
        steps: how many.
        rate: the learning rate.
        optimiser: "adam" or "sgd".
        most: to what length each network's gradient is clipped; None leaves it as it is.
    """
    weights = {
        name: torch.tensor(np.array([first[name] for first in firsts]), dtype=torch.float32).requires_grad_()
        for name in firsts[0]
    }
    kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    updates = kinds[optimiser](weights.values(), lr=rate)
    for step in range(steps):
        updates.zero_grad()
        loss_of(weights, step).sum().backward()
        if most is not None:
            moved = [w for w in weights.values() if w.grad is not None]
            squares = sum((w.grad**2).flatten(1).sum(dim=1) for w in moved)
            scale = (most / squares.sqrt().clamp(min=most)).nan_to_num(0.0)  # no step where it is no number
            for w in moved:
                w.grad *= scale.view(-1, *[1] * (w.dim() - 1))
        updates.step()
    return weights


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of S networks, (S,), of logits (S, B, K) and labels (B,)."""
    chosen = torch.log_softmax(logits, dim=-1)[:, torch.arange(len(labels)), labels]
    return -chosen.mean(dim=1)


def _accuracy(logits: Tensor, labels: Tensor) -> np.ndarray:
    """Share of right answers of S networks, (S,)."""
    return (logits.argmax(dim=-1) == labels).double().mean(dim=1).numpy()


def remember_first(
    cell: str, length: int, seeds: Sequence[int], steps: int = 300, hidden: int = 24, **start
) -> np.ndarray:
    """Train networks by Adam to name the first token at a text's end. Returns how often each is right, (S,).

    Args:
        cell: "rnn", "gru" or "lstm".
        length: tokens of a text.
        seeds: one for each network.
        steps: of training, of 32 texts each.
        hidden: H.
        start: what `recurrent_weights` is told besides.
    """
    firsts = [recurrent_weights(cell, hidden, seed, **start) for seed in seeds]

    def batch(step: int, rows: int) -> Tensor:
        return torch.tensor(memory_batch(np.random.default_rng([1, step]), rows, length))

    def loss_of(weights: dict[str, Tensor], step: int) -> Tensor:
        tokens = batch(step, 32)
        return _losses(recurrent_logits(cell, weights, tokens)[0], tokens[:, 0])

    weights, tokens = train_side_by_side(firsts, loss_of, steps, 0.003), batch(steps, 500)
    with torch.no_grad():
        return _accuracy(recurrent_logits(cell, weights, tokens)[0], tokens[:, 0])


class Ringed(NamedTuple):
    """What S networks made of the ring's task, on 1,000 fresh points."""

    right: np.ndarray  # share of right answers, (S,)
    spread: np.ndarray  # of the last states, (S,)


def learn_ring(
    seeds: Sequence[int],
    layers: int = 30,
    activation: str = "tanh",
    gain: float | Sequence[float] = 1.0,
    shortcut: str = "none",
    normalise: bool = False,
    optimiser: str = "adam",
    rate: float | None = None,
    steps: int = 300,
    factor: float = 1.0,
) -> Ringed:
    """Train deep networks to tell a ring's inside from its outside.

    Args:
        seeds: one for each network.
        layers: how many hidden ones, of 24 units.
        activation: "tanh", "relu", "sigmoid" or "linear".
        gain: standard deviation of the weights times √24, of all networks or one for each.
        shortcut: "none", "residual" or "gate".
        normalise: to mean 0 and variance 1 before each activation.
        optimiser: "adam" or "sgd".
        rate: the learning rate; without it that of RATES.
        steps: of training, of 64 points each.
        factor: by which the loss is multiplied.
    """
    gains = np.broadcast_to(gain, len(seeds))
    firsts = [deep_weights(layers, 24, seed, g, shortcut == "gate") for seed, g in zip(seeds, gains)]

    def states(weights: dict[str, Tensor], step: int, rows: int) -> tuple[Tensor, Tensor]:
        points, labels = rings(np.random.default_rng([2, step]), rows)
        points = torch.tensor(points, dtype=torch.float32)
        return deep_states(weights, points, activation, shortcut, normalise), torch.tensor(labels)

    def loss_of(weights: dict[str, Tensor], step: int) -> Tensor:
        last, labels = states(weights, step, 64)
        return factor * _losses(last @ weights["output"], labels)

    rate = RATES[optimiser] if rate is None else rate
    weights = train_side_by_side(firsts, loss_of, steps, rate, optimiser)
    with torch.no_grad():
        last, labels = states(weights, steps, 1_000)
        return Ringed(_accuracy(last @ weights["output"], labels), spread(last))
