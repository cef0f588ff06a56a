"""One pass over the same text under each pre-training objective: what is learned of it, judged exactly.

Small Transformers of 15,888 parameters, pairs of 19,056, read fresh sentences of the mouse world, each kind
by its own objective. On the way each is judged twice, on sentences kept apart. By its *own* question: bits
above the best answer that there is, on average over the places at which it is judged. By a *common* one:
one noun or verb of a sentence is hidden, and each has to say which it was, a causal model by trying all
words in turn; bits above the exact posterior. One learning rate, 0.006, for all: it was not tuned for each.
The causal model is also trained on less text, to the end of shorter schedules: how much text the others'
level costs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.experiments import run
from lmcourse.experiments.fill_ins import (
    JUDGED,
    AnyBatch,
    Hidden,
    Network,
    above,
    by_blank,
    by_infilling,
    by_last,
    by_prefix,
    by_span,
    by_text,
    draw,
    hidden,
    logits_of,
    loss_of,
    sentences,
    specials,
    world,
)
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer import objectives, optimum
from lmcourse.transformer.batches import Batch
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import EncoderDecoder, Transformer
from lmcourse.world.belief import corrupted_posteriors

LONGEST, BATCH, STEPS, LOOKS = 12, 64, 1000, 8
SHORTER = (150, 400)  # after 150 steps the causal model has had as many answers as BERT after 1,000
D_MODEL, HEADS, RATE = 24, 4, 6e-3


# ---------- the objectives ----------


class Objective(NamedTuple):
    """How to make a batch of texts, what the best answers to it are, and how it learns."""

    batch: Callable[[np.ndarray, np.random.Generator], AnyBatch]
    best: Callable[[AnyBatch], np.ndarray]  # (n, size), a row for each place that counts
    ask: Callable[[Network, Hidden], Tensor]  # for a hidden word
    share: float = 1.0  # of the places that count, in training only
    pair: bool = False  # whether an encoder reads and a decoder answers


def _masked(rate: float = 0.15, masked: float = 0.8, random: float = 0.1) -> Objective:
    def best(batch: Batch) -> np.ndarray:
        texts = [row[row != specials().pad] for row in batch.inputs]
        found = corrupted_posteriors(world(), texts, specials().mask, rate, masked, random)
        extra = np.zeros((batch.counts.sum(), specials().size - world().vocab_size))
        return np.hstack([found[batch.counts[:, : found.shape[1]]], extra])

    def batch(texts: np.ndarray, rng: np.random.Generator) -> Batch:
        return objectives.masked_lm(texts, specials(), rng, rate, masked, random)

    return Objective(batch, best, by_blank)


def _exact(best: Callable) -> Callable[[AnyBatch], np.ndarray]:
    return lambda batch: best(batch, sentences(), specials())


def _plain(make: Callable) -> Callable[[np.ndarray, np.random.Generator], AnyBatch]:
    return lambda texts, rng: make(texts, specials(), rng)


OBJECTIVES = {
    "causal": Objective(
        lambda texts, _: objectives.causal_lm(texts, specials()), _exact(optimum.causal_optimum), by_text
    ),
    "causal, 15 %": Objective(
        lambda texts, _: objectives.causal_lm(texts, specials()),
        _exact(optimum.causal_optimum),
        by_text,
        share=0.15,
    ),
    "prefix": Objective(_plain(objectives.prefix_lm), _exact(optimum.prefix_optimum), by_prefix),
    "masked (BERT)": _masked(),
    "masked, no noise": _masked(masked=1.0, random=0.0),
    "masked, 40 %": _masked(rate=0.4),
    "permuted (XLNet)": Objective(
        _plain(objectives.permutation_lm), _exact(optimum.permutation_optimum), by_last
    ),
    "spans (T5)": Objective(
        _plain(objectives.span_corruption), _exact(optimum.span_optimum), by_span, pair=True
    ),
    "infilling (BART)": Objective(
        lambda texts, rng: objectives.denoising(texts, specials(), rng),
        _exact(optimum.infill_optimum),
        by_infilling,
        pair=True,
    ),
}


AGAIN = {"objective": "causal", "seed": 0, "steps": 40, "n_looks": 1}  # measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        {"objective": what, "seed": seed, "steps": STEPS, "n_looks": LOOKS}
        for seed in range(3)
        for what in OBJECTIVES
    ),
    *(  # the causal model, trained to the end of shorter schedules
        {"objective": "causal", "seed": seed, "steps": steps, "n_looks": 1}
        for seed in range(3)
        for steps in SHORTER
    ),
]


def build(objective: str, rng: np.random.Generator) -> Network:
    """Two blocks; for two texts one in the encoder and one in the decoder."""
    pair = OBJECTIVES[objective].pair
    length = 2 * LONGEST + 4
    config = Config(specials().size, D_MODEL, HEADS, 1 if pair else 2, length)
    return (EncoderDecoder if pair else Transformer)(config).draw(rng)


# ---------- one pass ----------


@cache
def judged(objective: str) -> tuple[AnyBatch, np.ndarray]:
    """Sentences kept apart, as this objective asks of them, and the best answers."""
    rng = np.random.default_rng(4)
    batch = OBJECTIVES[objective].batch(draw(JUDGED, rng), rng)
    return batch, OBJECTIVES[objective].best(batch)


@torch.no_grad()
def look(network: Network, objective: str) -> dict[str, float]:
    """Both judgements, in bits; the common one also of nouns and of verbs alone."""
    batch, best = judged(objective)
    asked = hidden()
    own = above(best, logits_of(network, batch)).mean()
    bits = above(asked.best, OBJECTIVES[objective].ask(network, asked))
    parts = {"own": own, "common": bits.mean(), "nouns": bits[~asked.verbs].mean()}
    return {
        name: round(float(value), 4) for name, value in (parts | {"verbs": bits[asked.verbs].mean()}).items()
    }


def learn(
    objective: str, seed: int, steps: int = STEPS, n_looks: int = LOOKS, rate: float = RATE
) -> tuple[Network, dict]:
    """Train a network on new sentences at each step, judged at equal intervals: it, and what was seen."""
    network = build(objective, np.random.default_rng([seed, 1]))
    found: dict = {"looks": [], "tokens": [], "answers": 0}
    read, spent = 0, 0.0

    def loss(step: int) -> Tensor:
        nonlocal read
        rng = np.random.default_rng([seed, 2, step])
        texts = draw(BATCH, rng)
        batch = OBJECTIVES[objective].batch(texts, rng)
        read += int((texts != specials().pad).sum())
        share = OBJECTIVES[objective].share
        if share < 1:
            batch = batch._replace(counts=batch.counts & (rng.random(batch.counts.shape) < share))
        found["answers"] += int(batch.counts.sum())
        return loss_of(network, batch)

    def look_on() -> None:
        nonlocal spent
        begin = time.process_time()
        found["looks"].append(look(network, objective))
        found["tokens"].append(read)
        spent += time.process_time() - begin

    recipe = Recipe(steps, rate, warmup=50, judge_every=steps // n_looks)
    begin = time.process_time()
    train(network, loss, recipe, look_on, progress=False)
    found["seconds"] = time.process_time() - begin - spent
    return network, found


# ---------- the command ----------


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """One network, judged on the way; its seconds are those of the processor, without the judging."""
    judged(setting["objective"])  # before the clock
    network, found = learn(**setting)
    found["seconds"] = None if setting == AGAIN else round(found["seconds"], 1)
    return {**found, "parameters": sum(p.numel() for p in network.parameters())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("objectives", SETTINGS, measure)
