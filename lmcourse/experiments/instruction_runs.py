"""Who follows an instruction that was never read? By the width of the network and by how many were read.

Texts as in `lmcourse.emergence.instructions`; two blocks, learned positions, 400 steps of 64 texts whose
instructions are drawn from the `read` ones. The learning rate is 0.16 / width, at most 0.01. Asked are the
read instructions and 25 new ones, the same for all networks, with fresh lists.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.emergence.instructions import LENGTH, WORDS, score, split, surprise, texts
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

N_NEW = 25
ASKED = 4_000  # test texts of each kind
STEPS = 400
READ, WIDTH = 100, 32  # of the row in which the other varies
MANY, WIDTHS = (2, 5, 10, 20, 40, READ), (4, 8, 12, 16, WIDTH)
_KEYS = ("width", "read", "steps", "seed")
AGAIN = dict(zip(_KEYS, (8, 5, 5, 0)))  # a quick one, measured anew by every test
VARIED = [*((WIDTH, read) for read in MANY), *((width, READ) for width in WIDTHS[:-1])]
SETTINGS = [AGAIN, *(dict(zip(_KEYS, (*how, STEPS, 0))) for how in VARIED)]


def instructions(read: int) -> tuple[np.ndarray, np.ndarray]:
    """Those that are read, and the new ones."""
    return split(read, N_NEW, np.random.default_rng(0))


def build(width: int, seed: int) -> Transformer:
    """A network before training."""
    config = Config(len(WORDS), width, max(1, width // 8), 2, LENGTH)
    return Transformer(config).draw(np.random.default_rng(seed))


def some(known: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Texts whose instructions are drawn from `known`."""
    return texts(known[rng.integers(len(known), size=count)], rng)


def teach(network: Transformer, read: int, seed: int, steps: int) -> None:
    """Train on fresh lists."""
    known, _ = instructions(read)

    def loss(step: int) -> torch.Tensor:
        return surprise(network, some(known, 64, np.random.default_rng([seed, step])))

    rate = min(0.01, 0.16 / network.config.d_model)
    train(network, loss, Recipe(steps, rate, warmup=50), progress=False)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """How both kinds of instructions are followed."""
    network = build(setting["width"], setting["seed"])
    teach(network, setting["read"], setting["seed"], setting["steps"])
    found: dict = {"parameters": sum(p.numel() for p in network.parameters())}
    for name, known in zip(("known", "new"), instructions(setting["read"])):
        metrics = score(network, some(known, ASKED, rng))
        found[name] = {key: round(value, 5) for key, value in metrics.items()}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("instruction_runs", SETTINGS, measure)
