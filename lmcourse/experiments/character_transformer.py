"""Transformers on the characters of Shakespeare, by the protocol of `recurrent_text` and `same_context`.

`recipe` is a known small one: 4 blocks, 4 heads, 128 wide, a context of 64, 12 windows a batch, 2,000 steps
(nanoGPT's for a laptop; its learning rate ends at a tenth of the highest, ours at zero; we decay no weights).
`page` is the one that runs in the reader's page: rotations instead of learned positions, a context of 128,
longer training; its weights are kept as whole numbers, and judged as they were kept. Neither was tuned, no
other learning rate was tried, and the last weights are judged. `lstm` is the one of `recurrent_text`.

Each is judged at the places of `same_context`, seeing the k characters before, so that its blocks and those
of Kneser-Ney there are of the same characters; and on the plays cut into windows of its context, in which a
character is predicted from those before it in its window, as others report it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.frame import RESULTS
from lmcourse.experiments.recurrent_text import Clock, corpus
from lmcourse.experiments.recurrent_text import load_model as load_lstm
from lmcourse.experiments.same_context import in_blocks, places
from lmcourse.neural.batches import windows
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.quantise import load_quantised, save_quantised

SHAPES = {
    "tiny": {"d_model": 16, "n_heads": 2, "n_layers": 1, "context_length": 16, "position": "rope"},
    "recipe": {"d_model": 128, "n_heads": 4, "n_layers": 4, "context_length": 64, "position": "learned"},
    "page": {"d_model": 128, "n_heads": 4, "n_layers": 4, "context_length": 128, "position": "rope"},
}
ROWS = {"tiny": 4, "recipe": 12, "page": 16}  # windows of a batch
RATES = {"tiny": 3e-3, "recipe": 1e-3, "page": 3e-3}
SEEN = {"tiny": (1, 16), "recipe": (1, 2, 4, 6, 8, 64), "page": (6, 31, 128)}  # k
JUDGED = 4000  # characters that one pass judges
AGAIN = {"model": "tiny", "seed": 0, "steps": 20}  # measured anew by every test
PAGE = {"model": "page", "seed": 0, "steps": 2_500}
LSTM = {"model": "lstm", "seed": 0, "steps": 0}
SETTINGS = [
    AGAIN,
    LSTM,
    PAGE,
    *({"model": "recipe", "seed": seed, "steps": 2_000} for seed in (0, 1)),
]
WEIGHTS = RESULTS / "character_transformer.safetensors"


def network_of(model: str) -> Transformer:
    """A network of this shape for Shakespeare's characters."""
    return Transformer(Config(vocab_size=len(corpus()[0]), bias=False, **SHAPES[model]))


@lru_cache(maxsize=1)
def load_model() -> TransformerModel:
    """The model of the page, before whose texts a line end is taken to stand."""
    vocab = corpus()[0]
    network = network_of("page")
    load_quantised(network, WEIGHTS)
    return TransformerModel(network.eval(), vocab, start=vocab.id("\n"))


@torch.inference_mode()
def surprises(network: Transformer, text: np.ndarray, where: np.ndarray, k: int) -> np.ndarray:
    """Bits of the characters at places of a text (ids), predicted from the k before, if so many are."""
    found = np.empty(len(where))
    for size in np.unique(np.minimum(where, k)):
        those = np.flatnonzero(np.minimum(where, k) == size)
        for some in np.array_split(those, -(-len(those) * size // (JUDGED * 4))):
            contexts = torch.as_tensor(text[where[some, None] - np.arange(size, 0, -1)])
            logits = network.logits(network.hidden(contexts)[:, -1]).double()
            targets = torch.as_tensor(text[where[some]])
            found[some] = cross_entropy(logits, targets, reduction="none").numpy()
    return found / np.log(2)


@torch.inference_mode()
def in_windows(network: Transformer, text: np.ndarray) -> float:
    """Mean bits of a text (ids) cut into windows, each character predicted from those before in its own."""
    length = network.config.context_length
    rows = torch.as_tensor(text[: (len(text) - 1) // length * length + 1])
    inputs, targets = rows[:-1].reshape(-1, length), rows[1:].reshape(-1, length)
    nats = [
        cross_entropy(network(some).flatten(0, 1).double(), wanted.flatten(), reduction="none")
        for some, wanted in zip(inputs.split(JUDGED // length), targets.split(JUDGED // length))
    ]
    return float(torch.cat(nats).mean() / np.log(2))


def learn(setting: Mapping, clock: Clock, checkpoint: Path | None = None) -> Transformer:
    """A network trained on windows from random places of the 39 works."""
    model, seed, steps = (setting[name] for name in ("model", "seed", "steps"))
    ids = corpus()[1]
    network = network_of(model).draw(np.random.default_rng([seed, len(model)]))
    batch = windows(ids, network.config.context_length, ROWS[model], seed)

    def loss(step: int) -> torch.Tensor:
        inputs, targets = batch(step)
        return cross_entropy(network(inputs).flatten(0, 1), targets.flatten())

    recipe = Recipe(steps, RATES[model], warmup=min(100, steps // 2), judge_every=200)
    train(network, loss, recipe, checkpoint=checkpoint, stateful=[clock])
    return network


def of_lstm() -> dict:
    """What the LSTM of `recurrent_text`, which has read all that came before, pays at the same places."""
    where, model = places(), load_lstm()
    bits = -model.token_log_probs(corpus()[2])[where] / np.log(2)
    parameters = sum(p.numel() for p in model.module.parameters())
    found = {"bits": {"all": round(float(bits.mean()), 3)}, "blocks": {"all": in_blocks(bits, where)}}
    return {**found, "in_windows": None, "quantised": None, "parameters": parameters, "seconds": None}


def measure(setting: Mapping, rng: np.random.Generator) -> dict:  # noqa: ARG001  (seeds are the settings' own)
    """Bits per character for each k, and of each block; in windows, also as trained; parameters, seconds."""
    model, plays = setting["model"], corpus()[2]
    if model == "lstm":
        return of_lstm()
    checkpoint = RESULTS / ".character_transformer-{model}-{seed}.checkpoint".format(**setting)
    clock = Clock()
    network = learn(setting, clock, checkpoint if setting["steps"] > 1000 else None)
    seconds = 60 * clock.minutes()
    as_trained = in_windows(network, plays[:5_000] if setting == AGAIN else plays)
    in_bytes = None
    if setting == PAGE:
        save_quantised(network, WEIGHTS)  # before it is judged: what is kept is what is measured
        in_bytes = round(in_windows(network, plays), 4)
    where = places()[:250] if setting == AGAIN else places()
    found = {k: surprises(network, plays, where, k) for k in SEEN[model]}
    checkpoint.unlink(missing_ok=True)  # not before all is measured
    return {
        "bits": {str(k): round(float(bits.mean()), 3) for k, bits in found.items()},
        "blocks": {} if setting == AGAIN else {str(k): in_blocks(bits, where) for k, bits in found.items()},
        "in_windows": round(as_trained, 4),
        "quantised": in_bytes,
        "parameters": sum(p.numel() for p in network.parameters()),
        "seconds": None if setting == AGAIN else round(seconds),  # of one core, to learn
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("character_transformer", SETTINGS, measure)
