"""A sweep over sizes and numbers of tokens in a world whose entropy rate is known exactly.

Transformers of two blocks read fresh sentences of the ranked facts, each token once. Every run has its own
cosine down to zero. The learning rates were tuned on other runs (`lmcourse.scaling.sweep`). What is measured
is the loss beyond the entropy rate, on the same held-out sentences for all, as a mean, by the kind of word,
and for the objects by how famous the mouse is that they belong to.

"grid": sizes by tokens, three seeds where a run is cheap and two where it is not. "budget": for the second of
Chinchilla's approaches, sizes of which each gets as much text as four budgets of work allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.scaling.sweep import (
    HELD_OUT,
    batch_size,
    config,
    estimate,
    excesses,
    multiplied,
    network,
    recipe,
    sizes,
)
from lmcourse.world.ranked_facts import LENGTH, RankedFacts

WIDTHS = (6, 8, 12, 16, 24, 32, 48, 64)
TOKENS = tuple(50_000 * 2**i for i in range(6))
MORE = 3_200_000  # tokens, of the wider ones
BUDGETS = (1e10, 4e10, 1.6e11, 6.4e11)  # of 6 N D, with N the parameters that are multiplied with
FAME = tuple(4**i for i in range(7))  # ranks, the most famous 1, at which bins begin


def seeds(d_model: int) -> range:
    """The seeds of a width's runs."""
    return range(3 if d_model <= 16 else 2)


@lru_cache(maxsize=1)
def world() -> RankedFacts:
    """The world that is read."""
    return RankedFacts()


def affordable(budget: float, d_model: int) -> int:
    """Tokens that a budget of work buys for a width, in whole sentences."""
    return round(budget / 6 / multiplied(config(world().vocab_size, d_model)) / LENGTH) * LENGTH


def _settings() -> list[dict]:
    grid = [("grid", d, n, seed) for d in WIDTHS for n in TOKENS for seed in seeds(d)]
    grid += [("grid", d, MORE, 0) for d in WIDTHS if d >= 16]
    budget = [("budget", d, affordable(c, d), seed) for c in BUDGETS for d in WIDTHS for seed in range(2)]
    budget = [each for each in budget if 20_000 <= each[2] <= MORE]
    return [dict(zip(("kind", "d_model", "n_tokens", "seed"), each)) for each in grid + budget]


AGAIN = {"kind": "again", "d_model": 8, "n_tokens": 9_000, "seed": 0}
SETTINGS = [AGAIN, *_settings()]


@lru_cache(maxsize=1)
def held_out() -> np.ndarray:
    """Sentences (n, 9) that all runs are measured on."""
    return world().draw(HELD_OUT, np.random.default_rng([0, HELD_OUT]))


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """One run: sizes, steps, its excess and that of kinds of words, in nats."""
    d_model, n_tokens = setting["d_model"], setting["n_tokens"]
    how, batch = recipe(d_model, n_tokens), batch_size(n_tokens)
    found = excesses(network(world(), d_model, how, batch, rng), world(), held_out())
    mean, error = estimate(found.mean(1))
    return {
        **sizes(config(world().vocab_size, d_model)),
        "steps": how.steps,
        "batch": batch,
        "excess": round(mean, 5),
        "error": round(error, 5),
        **parts(found),
    }


def parts(found: np.ndarray) -> dict:
    """What each kind of word adds to the mean excess (n, 9), and an object's own mean by its mouse's fame."""
    kinds = {"names": [0, 1], "relations": [2, 4, 6, 8], "objects": [3, 5, 7]}
    bins = np.searchsorted(FAME, world().ranks[world().mice(held_out())], side="right") - 1
    objects = found[:, kinds["objects"]].mean(1)
    return {
        **{kind: round(float(found[:, places].sum() / found.size), 5) for kind, places in kinds.items()},
        "by_fame": [round(float(objects[bins == i].mean()), 4) for i in range(len(FAME))],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("scaling_law", SETTINGS, measure)
