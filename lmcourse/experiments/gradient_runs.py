"""Who learns, of networks whose gradients shrink or grow: a ring by many layers, a token by many steps.

Each row is five networks that differ in their first weights, trained for 300 steps by `gradient_tasks`: how
often each is right afterwards, on fresh points or texts, and how far apart a ring's last states lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.neural.gradient_tasks import learn_ring, remember_first

HE = {"activation": "relu", "gain": math.sqrt(2)}
RINGS = {
    **{f"tanh, gain {gain}": {"gain": gain} for gain in (0.5, 1, 1.5, 3)},
    "relu, He's gain": HE,
    "normalise": {"gain": 0.5, "normalise": True},
    "residual": {"gain": 0.5, "shortcut": "residual"},
    "gate": {"gain": 0.5, "shortcut": "gate"},
    "relu, 20 layers, gain 0.85": {"activation": "relu", "gain": 0.85, "layers": 20},
}
MEMORY = {
    "rnn": {"cell": "rnn"},
    "rnn, quiet inputs": {"cell": "rnn", "drive": 0.1},
    "lstm, bias 0": {"cell": "lstm"},
    "lstm, bias 3": {"cell": "lstm", "forget": 3.0},
}
SEEDS = range(5)
STEPS = 300


def ring(
    network: str, optimiser: str, rate: float | None = None, factor: float = 1.0, steps: int = STEPS
) -> dict:
    """A setting of the ring's task: without a rate, that of `gradient_tasks`; the loss times a factor."""
    return dict(task="ring", network=network, optimiser=optimiser, rate=rate, factor=factor, steps=steps)


def memory(network: str, length: int, steps: int = STEPS) -> dict:
    """A setting of the memory task, with texts of so many tokens."""
    return dict(task="memory", network=network, length=length, steps=steps)


AGAIN = ring("tanh, gain 1", "sgd", steps=20)  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(ring(network, optimiser) for network in RINGS for optimiser in ("sgd", "adam")),
    ring("tanh, gain 1", "adam", rate=0.003),
    ring("normalise", "sgd", rate=0.1),
    ring("tanh, gain 0.5", "adam", factor=1e9),
    *(ring("relu, He's gain", optimiser, factor=1e-5) for optimiser in ("sgd", "adam")),
    *(memory(network, length) for network in MEMORY for length in (10, 20)),
]


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """The share of right answers of each network, and of a ring's networks the spread (a power of ten)."""
    steps = setting["steps"]
    if setting["task"] == "memory":
        right = remember_first(
            length=setting["length"], seeds=SEEDS, steps=steps, **MEMORY[setting["network"]]
        )
        return {"right": right.round(3).tolist()}
    how = {key: setting[key] for key in ("optimiser", "rate", "factor")}
    found = learn_ring(SEEDS, steps=steps, **RINGS[setting["network"]], **how)
    return {"right": found.right.round(3).tolist(), "spread": np.log10(found.spread).round(2).tolist()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("gradient_runs", SETTINGS, measure)
