"""Transformers on the characters of Shakespeare, by the protocol of `recurrent_text`.

`recipe` is a known small one: 4 blocks, 4 heads, 128 wide, a context of 64, 12 windows a batch, 2,000 steps
(nanoGPT's for a laptop; its learning rate ends at a tenth of the highest, ours at zero; we decay no weights).
`faster` is the recipe at three times its learning rate, `short` the recipe in windows of 8, with as many
characters in a batch: of its places far more have just a few characters before them. `page` is the one that
runs in the reader's page: rotations instead of learned positions, a context of 128, longer training; its
weights are kept as whole numbers, and judged as they were kept. None was tuned, and the last weights are
judged. Beside them the LSTM of `recurrent_text`, that has read all that came before, and modified Kneser-Ney
with n = k + 1.

All are judged at the same places of the plays, seeing the k characters before. The Transformers also on the
plays cut into windows of their context, in which a character is predicted from those before it in its window,
as others report it.
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
from lmcourse.experiments.same_context import counted, in_blocks
from lmcourse.neural.batches import windows
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.quantise import load_quantised, save_quantised

SHAPES = {
    "tiny": {"d_model": 16, "n_heads": 2, "n_layers": 1, "context_length": 16, "position": "rope"},
    "recipe": {"d_model": 128, "n_heads": 4, "n_layers": 4, "context_length": 64, "position": "learned"},
    "faster": {"d_model": 128, "n_heads": 4, "n_layers": 4, "context_length": 64, "position": "learned"},
    "short": {"d_model": 128, "n_heads": 4, "n_layers": 4, "context_length": 8, "position": "learned"},
    "page": {"d_model": 128, "n_heads": 4, "n_layers": 4, "context_length": 128, "position": "rope"},
}
ROWS = {"tiny": 4, "recipe": 12, "faster": 12, "short": 96, "page": 16}  # windows of a batch
RATES = {"tiny": 3e-3, "recipe": 1e-3, "faster": 3e-3, "short": 1e-3, "page": 3e-3}
FIRST = {"tiny": 4, "recipe": 6, "faster": 6, "short": 5, "page": 4}  # beside the seed, of the first weights
FEW = (1, 2, 4, 6, 8)
SEEN = {"tiny": (1, 16), "recipe": (*FEW, 64), "faster": (*FEW, 64), "short": FEW, "page": (6, 31, 128)}  # k
COUNTED = (1, 2, 4, 5, 6, 8)
EVERY = 64  # of so many characters one is predicted, the same ones by all
PASS = 16_000  # characters that are read in one pass
AGAIN = {"model": "tiny", "seed": 0, "steps": 20}  # measured anew by every test
PAGE = {"model": "page", "seed": 0, "steps": 2_500}
SETTINGS = [
    AGAIN,
    PAGE,
    {"model": "counts", "seed": 0, "steps": 0},
    {"model": "lstm", "seed": 0, "steps": 0},
    *({"model": "recipe", "seed": seed, "steps": 2_000} for seed in (0, 1)),
    {"model": "recipe", "seed": 0, "steps": 8_000},
    *({"model": model, "seed": 0, "steps": 2_000} for model in ("short", "faster")),
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


@lru_cache(maxsize=1)
def places() -> np.ndarray:
    """Where in the plays a character is predicted."""
    return np.arange(128, len(corpus()[2]), EVERY)


@torch.inference_mode()
def surprises(network: Transformer, text: np.ndarray, where: np.ndarray, k: int) -> np.ndarray:
    """Bits of the characters at places of a text (ids), each predicted from the k before it."""
    contexts = torch.as_tensor(text[where[:, None] - np.arange(k, 0, -1)])
    targets, found = torch.as_tensor(text[where]), []
    for rows, wanted in zip(contexts.split(PASS // k), targets.split(PASS // k)):
        logits = network.logits(network.hidden(rows)[:, -1]).double()
        found.append(cross_entropy(logits, wanted, reduction="none"))
    return torch.cat(found).numpy() / np.log(2)


@torch.inference_mode()
def in_windows(network: Transformer, text: np.ndarray) -> float:
    """Mean bits of a text (ids) cut into windows, each character predicted from those before in its own."""
    length = network.config.context_length
    rows = torch.as_tensor(text[: (len(text) - 1) // length * length + 1])
    inputs, targets = rows[:-1].reshape(-1, length), rows[1:].reshape(-1, length)
    nats = [
        cross_entropy(network(some).flatten(0, 1).double(), wanted.flatten(), reduction="none")
        for some, wanted in zip(inputs.split(PASS // length), targets.split(PASS // length))
    ]
    return float(torch.cat(nats).mean() / np.log(2))


def learn(setting: Mapping, clock: Clock, checkpoint: Path | None = None) -> Transformer:
    """A network trained on windows from random places of the 39 works."""
    model, seed, steps = (setting[name] for name in ("model", "seed", "steps"))
    ids = corpus()[1]
    network = network_of(model).draw(np.random.default_rng([seed, FIRST[model]]))
    batch = windows(ids, network.config.context_length, ROWS[model], seed)

    def loss(step: int) -> torch.Tensor:
        inputs, targets = batch(step)
        return cross_entropy(network(inputs).flatten(0, 1), targets.flatten())

    recipe = Recipe(steps, RATES[model], warmup=min(100, steps // 2), judge_every=200)
    train(network, loss, recipe, checkpoint=checkpoint, stateful=[clock])
    return network


def measure(setting: Mapping, rng: np.random.Generator) -> dict:  # noqa: ARG001  (seeds are the settings' own)
    """Bits per character for each k, and of each block; in windows, also quantised; parameters, seconds."""
    model, plays, where = setting["model"], corpus()[2], places()
    checkpoint = RESULTS / ".character_transformer-{model}-{seed}-{steps}.checkpoint".format(**setting)
    clock, windowed, rounded = Clock(), None, None
    if model == "counts":
        found, parameters = counted(where, COUNTED)
    elif model == "lstm":
        lstm = load_lstm()
        found = {"all": -lstm.token_log_probs(plays)[where] / np.log(2)}
        parameters = sum(p.numel() for p in lstm.module.parameters())
    else:
        network = learn(setting, clock, checkpoint if setting["steps"] > 1000 else None)
        parameters = sum(p.numel() for p in network.parameters())
        if setting == AGAIN:
            plays, where = plays[:10_000], where[:100]
    seconds = 60 * clock.minutes()
    if model in SHAPES:
        windowed = round(in_windows(network, plays), 4)
        if setting == PAGE:
            save_quantised(network, WEIGHTS)  # before it is judged: what is kept is what is measured
            rounded = round(in_windows(network, plays), 4)
        found = {k: surprises(network, plays, where, k) for k in SEEN[model]}
    checkpoint.unlink(missing_ok=True)  # not before all is measured
    return {
        "bits": {str(k): round(float(bits.mean()), 3) for k, bits in found.items()},
        "blocks": {str(k): in_blocks(bits, where) for k, bits in found.items()},
        "in_windows": windowed,
        "quantised": rounded,
        "parameters": parameters,
        "seconds": round(seconds) if setting["steps"] > 1000 else None,  # of one core, to learn
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("character_transformer", SETTINGS, measure)
