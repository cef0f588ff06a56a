"""The same characters of context: networks and counts that see the last k characters of a text, and no more.

By the protocol of `recurrent_text`: 39 works of Shakespeare to learn from, three plays to be judged on.
Modified Kneser-Ney with n = k + 1; Bengio's network with a window of 6; and an LSTM trained on pieces of 32
characters, each read from the state of zeros, so that it has met every context up to 31. The networks'
settings were not tuned, and the last weights are judged.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.depths import operations
from lmcourse.experiments.recurrent_text import corpus
from lmcourse.neural.batches import windows
from lmcourse.neural.feed_forward import FeedForwardNetwork
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.recurrent import RecurrentNetwork
from lmcourse.neural.training import Recipe, train
from lmcourse.ngram import NgramModel, count_ngrams, modified_kneser_ney

WINDOW = 6  # characters that Bengio's network sees
EVERY = 16  # of so many characters one is predicted, the same ones by all
BLOCK = 4000  # characters, whose mean surprise is kept for paired differences
SEEN = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 31)  # k
COUNTED = (1, 2, 3, 4, 5, 6, 8)
STEPS = {"window": 12_000, "lstm": 6_000}
BATCHES = {"window": (WINDOW, 512), "lstm": (32, 64)}  # characters of a window, windows of a batch
RATES = {"window": 3e-3, "lstm": 6e-3}
FIRST = {"window": 6, "lstm": 4}  # beside the seed, of the first weights
AGAIN = {"model": "window", "seed": 0, "steps": 20}  # measured anew by every test
SETTINGS = [
    AGAIN,
    {"model": "counts", "seed": 0, "steps": 0},
    *({"model": model, "seed": seed, "steps": steps} for model, steps in STEPS.items() for seed in (0, 1)),
]


@lru_cache(maxsize=1)
def places() -> np.ndarray:
    """Where in the plays a character is predicted."""
    return np.arange(64, len(corpus()[2]), EVERY)


@torch.no_grad()
def surprises(network: nn.Module, text: np.ndarray, where: np.ndarray, k: int) -> np.ndarray:
    """Bits of the characters at places of a text (ids), each predicted from the k before it."""
    contexts = torch.as_tensor(np.stack([text[where - back] for back in range(k, 0, -1)], axis=1))
    targets, found = torch.as_tensor(text[where]), []
    for rows, wanted in zip(contexts.split(1000), targets.split(1000)):
        if isinstance(network, FeedForwardNetwork):
            logits = network.after(rows)
        else:
            logits = network.output(network.read(rows, network.start(len(rows)))[0][:, -1])
        found.append(cross_entropy(logits.double(), wanted, reduction="none"))
    return torch.cat(found).numpy() / np.log(2)


def in_blocks(bits: np.ndarray, where: np.ndarray) -> list[float]:
    """The mean of each block of a text by places (N,) in order, the last joined to the one before."""
    block = np.minimum(where // BLOCK, where[-1] // BLOCK - 1)
    return [round(float(bits[block == b].mean()), 3) for b in range(block.max() + 1)]


def learn(model: str, seed: int, steps: int) -> nn.Module:
    """A network trained on windows from random places of the 39 works."""
    vocab, ids, _ = corpus()
    rng = np.random.default_rng([seed, FIRST[model]])
    length, rows = BATCHES[model]
    batch = windows(ids, length, rows, seed)
    if model == "window":
        network: nn.Module = FeedForwardNetwork(len(vocab), WINDOW + 1, 24, 384, start=vocab.id("\n"))
        draw_weights(network, rng)
    else:
        network = RecurrentNetwork(len(vocab), 128, 1, "lstm").draw(rng)

    def loss(step: int) -> torch.Tensor:
        inputs, targets = batch(step)
        if model == "window":
            return cross_entropy(network.after(inputs), targets[:, -1])
        return cross_entropy(network(inputs).flatten(0, 1), targets.flatten())

    train(network, loss, Recipe(steps, RATES[model], warmup=50, judge_every=steps))
    return network


def counted(where: np.ndarray, contexts: Sequence[int]) -> tuple[dict[int, np.ndarray], int]:
    """Bits of Kneser-Ney at places of the plays for each k; its parameters with the network's window."""
    vocab, ids, plays = corpus()
    counts = count_ngrams([ids], len(vocab), max(contexts) + 1)
    models = {k: NgramModel(vocab, counts.up_to(k + 1), modified_kneser_ney) for k in contexts}
    found = {k: -model.token_log_probs(plays)[where] / np.log(2) for k, model in models.items()}
    return found, models[WINDOW].count_parameters()


def measure(setting: Mapping, rng: np.random.Generator) -> dict:  # noqa: ARG001  (seeds are the settings' own)
    """Bits per character for each k, and of each block; parameters, operations, and seconds to learn."""
    _, ids, plays = corpus()
    model, where = setting["model"], places()
    begin = time.process_time()
    if model == "counts":
        found, parameters = counted(where, COUNTED)
        cost = (WINDOW + 1) * len(ids)
    else:
        network = learn(model, setting["seed"], setting["steps"])
        parameters = sum(p.numel() for p in network.parameters())
        length, rows = BATCHES[model]
        cost = operations(network, setting["steps"] * rows * (1 if model == "window" else length))
    seconds = time.process_time() - begin
    if model != "counts":
        contexts = (WINDOW,) if model == "window" else SEEN
        found = {k: surprises(network, plays, where, k) for k in contexts}
    return {
        "bits": {str(k): round(float(bits.mean()), 3) for k, bits in found.items()},
        "blocks": {str(k): in_blocks(bits, where) for k, bits in found.items()},
        "parameters": parameters,
        "operations": cost,
        "seconds": None if setting == AGAIN else round(seconds),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("same_context", SETTINGS, measure)
