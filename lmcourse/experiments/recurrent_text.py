"""Recurrent networks on the characters of Shakespeare: 39 works to learn from, three plays to be judged on.

A plain recurrent network, a GRU and an LSTM of one width, twice each; a larger LSTM, whose weights are kept
for the pages; and modified Kneser-Ney, the best of the counted models, on the same characters. The larger
one and Kneser-Ney also compress the three plays with the arithmetic coder.

First came three short runs, judged on the last 200,000 characters of the 39 works: the larger LSTM's width of
320 at a learning rate of 6e-3 lies between them, and was not itself tried. All of the 39 works are learned
from, and the last weights are judged, not the best.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.frame import RESULTS
from lmcourse.information.arithmetic import encode
from lmcourse.model import LanguageModel
from lmcourse.neural.batches import Stream
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.neural.training import Recipe, train
from lmcourse.neural.weights import load_weights, save_weights
from lmcourse.ngram import NgramModel, modified_kneser_ney
from lmcourse.text import shakespeare_split
from lmcourse.vocabulary import Vocabulary

ROWS, LENGTH = 32, 64  # of a batch: rows of text, characters of each; the state goes on, the gradient ends
RATE, WARMUP = 6e-3, 50
BLOCK = 1000  # characters, whose mean surprise is kept for paired differences
ALL = 0  # of the held-out plays
BIG = {"model": "lstm", "size": 320, "steps": 10_000, "seed": 0, "judged": ALL}
COUNTED = {"model": "modified_kneser_ney", "size": 7, "steps": 0, "seed": 0, "judged": ALL}
AGAIN = {"model": "lstm", "size": 16, "steps": 60, "seed": 0, "judged": 5_000}  # measured anew by every test
SETTINGS = [
    AGAIN,
    COUNTED,
    BIG,
    *(
        {"model": cell, "size": 128, "steps": 2_000, "seed": seed, "judged": ALL}
        for seed in (0, 1)
        for cell in ("rnn", "gru", "lstm")
    ),
]
WEIGHTS = RESULTS / "recurrent_text.safetensors"


@lru_cache(maxsize=1)
def corpus() -> tuple[Vocabulary, np.ndarray, np.ndarray]:
    """The vocabulary, what is learned from (ids), and the held-out plays (ids)."""
    training_text, held_out = shakespeare_split()
    vocab = Vocabulary.of_characters(training_text)
    return vocab, np.array(vocab.encode(training_text)), np.array(vocab.encode(held_out))


def network_of(setting: Mapping, vocab: Vocabulary) -> RecurrentNetwork:
    """A network with this setting's cell and width."""
    return RecurrentNetwork(len(vocab), setting["size"], 1, setting["model"])


def as_model(network: RecurrentNetwork, vocab: Vocabulary) -> RecurrentModel:
    """The network as a language model, before whose texts a line end is taken to stand."""
    return RecurrentModel(network, vocab, start=vocab.id("\n"))


def load_model() -> RecurrentModel:
    """The larger LSTM, with the weights that were kept."""
    vocab, _, _ = corpus()
    network = network_of(BIG, vocab)
    load_weights(network, WEIGHTS)
    return as_model(network.eval(), vocab)


class Clock:
    """Processor time of a run, kept with its checkpoint, so that what was done before a break counts too."""

    def __init__(self):
        self._begin = time.process_time()

    def minutes(self) -> float:
        """Since the beginning."""
        return (time.process_time() - self._begin) / 60

    def state_dict(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"minutes": self.minutes()}

    def load_state_dict(self, state: Mapping) -> None:
        """Go on from there."""
        self._begin = time.process_time() - 60 * state["minutes"]


def learn(
    setting: Mapping, rng: np.random.Generator, clock: Clock, checkpoint: Path | None = None
) -> RecurrentModel:
    """A network trained on the 39 works, with truncated back-propagation through time."""
    vocab, ids, _ = corpus()
    network = network_of(setting, vocab).draw(rng)
    stream = Stream(ids, LENGTH, ROWS, network.start)

    def loss(step: int) -> torch.Tensor:
        inputs, targets = stream.batch(step)
        hidden, states = network.read(inputs, stream.states)
        stream.carry(states)
        return cross_entropy(network.output(hidden).flatten(0, 1), targets.flatten())

    recipe = Recipe(setting["steps"], RATE, warmup=WARMUP, judge_every=200)
    train(network, loss, recipe, checkpoint=checkpoint, stateful=[stream, clock])
    return as_model(network, vocab)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Bits per held-out character, also of each block; parameters; bytes of the compressed plays."""
    vocab, ids, plays = corpus()
    checkpoint = RESULTS / ".recurrent_text-{model}-{size}-{seed}.checkpoint".format(**setting)
    clock = Clock()
    if setting["model"] == "modified_kneser_ney":
        model: LanguageModel = NgramModel.fit(vocab, setting["size"], [ids], modified_kneser_ney)
        parameters = model.count_parameters()
    else:
        model = learn(setting, rng, clock, checkpoint if setting["steps"] > 1000 else None)
        parameters = sum(p.numel() for p in model.module.parameters())
    minutes = clock.minutes()
    if setting == BIG:
        save_weights(model.module, WEIGHTS)  # before it is judged: what is kept is what was measured
    judged = plays[: setting["judged"]] if setting["judged"] else plays
    costs = -model.token_log_probs(judged) / np.log(2)
    blocks = [float(block.mean()) for block in np.array_split(costs, len(costs) // BLOCK)]
    found = {
        "bits": round(float(costs.mean()), 3),
        "blocks": [round(block, 3) for block in blocks],
        "parameters": parameters,
        "minutes": round(minutes),  # of one core, to learn
        "bytes": len(encode(model, judged)) if setting in (BIG, COUNTED) else None,
    }
    checkpoint.unlink(missing_ok=True)  # not before all is measured
    return found


if __name__ == "__main__":
    run("recurrent_text", SETTINGS, measure)
