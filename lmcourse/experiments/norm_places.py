"""Where the norms stand, over depth and learning rate: before each part, after it, or DeepNorm.

The Transformer of `transformer_parts`, made deeper: the same world, batches and weights to begin with, fewer
steps. The learning rate is at its highest from the first step on, or rises to it in the first third. Two more
seeds at the greater depth and the rates where the places part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.experiments.depths import parts
from lmcourse.experiments.transformer_parts import BASE, learn
from lmcourse.transformer.network import Transformer

STEPS = 120
DEPTHS = (2, 12)
RATES = (0.0003, 0.003, 0.01, 0.03)
PARTING = (0.01, 0.03)  # rates that are tried with more than one seed
SEEDS = (0, 1, 2)
KINDS = (("pre", 0), ("post", 0), ("post", STEPS // 3), ("deep", 0))  # place, and steps of warm-up
_KEYS = ("place", "warmup", "depth", "rate", "seed", "steps")
AGAIN = dict(zip(_KEYS, ("post", 0, 2, 0.01, 0, 10)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        dict(zip(_KEYS, (place, warmup, depth, rate, seed, STEPS)))
        for seed in SEEDS[:1]
        for depth in DEPTHS[::-1]
        for place, warmup in KINDS
        for rate in RATES
    ),
    *(
        dict(zip(_KEYS, (place, warmup, max(DEPTHS), rate, seed, STEPS)))
        for seed in SEEDS[1:]
        for rate in PARTING
        for place, warmup in KINDS
    ),
]


def build(place: str, depth: int, seed: int) -> Transformer:
    """A network so deep with its norms there."""
    config = replace(BASE, norm_place=place, n_layers=depth)
    return Transformer(config).draw(np.random.default_rng([seed, 1]))


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """The excess after training, in bits per token, exact."""
    place, warmup, depth, rate, seed, steps = (setting[key] for key in _KEYS)
    model = learn(build(place, depth, seed), rate, seed, steps, warmup=warmup)
    return {"excess": round(sum(parts(model).values()), 3)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("norm_places", SETTINGS, measure)
