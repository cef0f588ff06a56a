"""Walks among mice, by networks of many sizes: what they name rightly, step by step and walk by walk.

64 mice, 16 relations: 1,024 facts of 6 bits. Each network has two layers and reads 1,500 batches of 64 walks
of eight steps; with "twice" also as many walks whose steps are asked for two at once, of which a fifth of all
(mouse, relation, relation) never counts in training. The learning rate is 0.16 / width, at most 0.03, which
was tried at four widths and not tuned at the others. Test walks are drawn anew; the mice are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.emergence.metrics import brier
from lmcourse.emergence.walks import Mice, Rows, answers, surprise
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

N_MICE, N_RELATIONS, LENGTH, BATCH, STEPS = 64, 16, 8, 64, 1500
ASKED = 20_000  # test walks
LOOKS = (50, 100, 200, 400, 800, 1500)  # steps done
WIDTHS = (4, 6, 8, 10, 12, 16, 20, 24, 32)
AGAIN_AT = (
    16,
    24,
)  # widths of which two more networks are trained: how far does a draw of the weights reach?
_KEYS = ("width", "twice", "steps", "seed")
AGAIN = dict(zip(_KEYS, (4, False, 60, 0)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(dict(zip(_KEYS, (width, False, STEPS, 0))) for width in WIDTHS),
    dict(zip(_KEYS, (32, True, STEPS, 0))),
    *(dict(zip(_KEYS, (width, False, STEPS, seed))) for seed in (1, 2) for width in AGAIN_AT),
]


def mice() -> Mice:
    """Those of the experiment."""
    return Mice.draw(N_MICE, N_RELATIONS, np.random.default_rng(0))


def build(width: int, seed: int) -> Transformer:
    """A network before training."""
    config = Config(mice().vocab_size, width, max(1, width // 16), 2, 2 * LENGTH + 1)
    return Transformer(config).draw(np.random.default_rng(seed))


def held_out() -> np.ndarray:
    """Which (mouse, relation, relation) never count in training, (M, R, R)."""
    return np.random.default_rng(9).random((N_MICE, N_RELATIONS, N_RELATIONS)) < 0.2


def kept_from_training(rows: Rows) -> np.ndarray:
    """Of walks in double steps, which of those are held out; (B, L / 2)."""
    ids = rows.token_ids
    first, second = ids[:, 1::4] - N_MICE, ids[:, 2::4] - N_MICE
    return held_out()[ids[:, :-1:4], first, second]


def teach(network: Transformer, seed: int, steps: int, twice: bool = False, judge=None, every: int = 50):
    """Train on fresh walks, and on walks in double steps if `twice`."""
    world = mice()

    def loss(step: int) -> torch.Tensor:
        rng = np.random.default_rng([seed, step])
        found = surprise(network, world.walks(world.draw_relations(BATCH, LENGTH, rng), rng))
        if twice:
            rows = world.at_once(world.draw_relations(BATCH, LENGTH, rng), rng)
            counts = np.zeros_like(rows.asked)
            counts[:, 3::4] = ~kept_from_training(rows)
            found = found + surprise(network, rows, counts)
        return found

    rate = min(0.03, 0.16 / network.config.d_model)
    train(network, loss, Recipe(steps, rate, warmup=50, judge_every=every), judge, progress=False)


def facts_known(network: Transformer) -> np.ndarray:
    """Which facts a network gets right when it is asked for one alone, `x r`; (R, M)."""
    world = mice()
    relations, starts = np.divmod(np.arange(N_RELATIONS * N_MICE), N_MICE)
    ids = np.stack([starts, N_MICE + relations, world.whose[relations, starts]], axis=1)
    asked = np.tile([False, True], (len(ids), 1))
    right, _ = answers(network, Rows(ids, asked, relations[:, None]))
    return right.reshape(N_RELATIONS, N_MICE)


def on_walks(network: Transformer, rows: Rows) -> dict:
    """Means over walks, for the first 1, 2, … steps: all right; so by its facts asked alone; probability."""
    right, log_probs = answers(network, rows)
    targets = rows.token_ids[:, 2::2]
    log_p = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0].astype(float)
    alone = facts_known(network)[rows.relations, rows.token_ids[:, :-1:2]]
    return {
        "right": round(float(right.mean()), 6),
        "all_right": np.logical_and.accumulate(right, axis=1).mean(axis=0).round(6).tolist(),
        "by_facts": np.logical_and.accumulate(alone, axis=1).mean(axis=0).round(6).tolist(),
        "prob": [float(f"{p:.4g}") for p in np.exp(log_p.cumsum(axis=1)).mean(axis=0)],
        "surprise": round(float(-log_p.mean()), 5),
        "brier": round(float(brier(np.exp(log_probs), targets).mean()), 5),
    }


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """What is right at each look, and at the end in full."""
    world, network = mice(), build(setting["width"], setting["seed"])
    few = world.walks(world.draw_relations(2_000, LENGTH, rng), rng)
    looks: list[dict] = []

    def judge() -> None:
        step = 50 * (judge.calls + 1)  # type: ignore[attr-defined]
        judge.calls += 1  # type: ignore[attr-defined]
        if step in LOOKS:
            right, _ = answers(network, few)
            looks.append({"step": step, "right": float(right.mean()), "all": float(right.all(axis=1).mean())})

    judge.calls = 0  # type: ignore[attr-defined]
    teach(network, setting["seed"], setting["steps"], setting["twice"], judge)
    found: dict = {"parameters": sum(p.numel() for p in network.parameters()), "looks": looks}
    found["facts"] = facts_known(network).mean(axis=1).round(6).tolist()  # of each relation
    for name, one in (("mixed", False), ("one_relation", True)):
        rows = world.walks(world.draw_relations(ASKED, LENGTH, rng, one), rng)
        found[name] = on_walks(network, rows)
    if setting["twice"]:
        rows = world.at_once(world.draw_relations(ASKED, LENGTH, rng), rng)
        right, held = answers(network, rows)[0], kept_from_training(rows)
        found["at_once"] = {
            "trained": round(float(right[~held].mean()), 5),
            "held_out": round(float(right[held].mean()), 5),
            "n_held_out": int(held.sum()),
        }
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("walks_by_size", SETTINGS, measure)
