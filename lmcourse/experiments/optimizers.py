"""What each part of the training recipe does for a small Transformer, measured in the mouse world.

All networks have about 10,000 parameters. They read 18,000 sentences of `agreement(2)`, drawn as in `depths`,
in 600 steps of 64; a thousand others choose the weights. Three optimisers are tried at several rates, with an
LSTM beside them. Then AdamW's recipe is changed in one part at a time, at the best of its rates, and some of
it at other rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import nn

from lmcourse.experiments import run
from lmcourse.experiments.depths import parts, world
from lmcourse.experiments.memory_spans import sentence_batches, sentence_loss
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.neural.torch_model import TorchModel
from lmcourse.neural.training import Diverged, History, Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer

CONFIG = Config(vocab_size=22, d_model=20, n_heads=4, n_layers=2, context_length=12, d_ff=68)
STEPS, BATCH, SENTENCES = 600, 64, 20_000
SEEDS = range(3)
GRID = {
    ("transformer", "sgd"): (0.3, 1.0, 3.0),
    ("transformer", "momentum"): (0.025, 0.1, 0.2, 0.3),
    ("transformer", "adamw"): (0.0025, 0.01, 0.04, 0.08, 0.16),
    ("lstm", "adamw"): (0.01, 0.02, 0.04),
}
RATE = 0.04  # at which the recipe is changed
OPTIMIZERS = {
    "sgd": partial(torch.optim.SGD, lr=1.0),
    "momentum": partial(torch.optim.SGD, lr=1.0, momentum=0.9),
    "adamw": None,
}
CHANGES: dict[str, dict] = {
    "no warm-up": {"warmup": 0},
    "no clipping": {"clip": None},
    "no cosine": {"decay": False},
    "weight decay 0.1": {"weight_decay": 0.1},
    "no 1/√(2N)": {"shrunk": False},
}
ELSEWHERE = (  # optimiser, change, and a rate at which it is tried as well
    ("adamw", "no cosine", 0.01),
    ("adamw", "no warm-up", 0.01),
)
_KEYS = ("network", "optimizer", "change", "rate", "steps", "seed")


def _setting(network: str, optimizer: str, change: str, rate: float, seed: int, steps: int = STEPS) -> dict:
    return dict(zip(_KEYS, (network, optimizer, change, rate, steps, seed)))


AGAIN = _setting("transformer", "adamw", "none", 0.01, 0, 20)  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        _setting(*kind, "none", rate, seed)
        for kind, rates in GRID.items()
        for rate in rates
        for seed in SEEDS
    ),
    *(_setting("transformer", "adamw", change, RATE, seed) for change in CHANGES for seed in SEEDS),
    *(_setting("transformer", *kind, seed) for kind in ELSEWHERE for seed in SEEDS),
]


def build(kind: str, seed: int, shrunk: bool = True) -> nn.Module:
    """A network, its weights drawn by NumPy; a Transformer's additions to the stream shrunk by 1/√(2N)."""
    rng = np.random.default_rng([seed, 1])
    if kind == "lstm":
        return RecurrentNetwork(CONFIG.vocab_size, 32).draw(rng)
    network = Transformer(CONFIG).draw(rng)
    if not shrunk:
        with torch.no_grad():
            for block in network.blocks:
                for weight in (block.attention.output.weight, block.feed_forward.down.weight):
                    weight.mul_((2 * CONFIG.n_layers) ** 0.5)
    return network


def learn(
    network: nn.Module, seed: int, recipe: Recipe, optimizer: Callable | None = None
) -> tuple[TorchModel, History]:
    """Train on the first nine tenths of the sentences of a seed; a thousand of the others choose weights."""
    sentences = world().sample(SENTENCES, np.random.default_rng([seed, SENTENCES]))
    cut = SENTENCES * 9 // 10
    inputs, targets = sentence_batches(sentences[:cut], world().end)
    kept = sentence_batches(sentences[cut : cut + 1000], world().end)

    def loss(step: int) -> torch.Tensor:
        rows = torch.from_numpy(np.random.default_rng([seed, step]).integers(cut, size=BATCH))
        return sentence_loss(network, inputs[rows], targets[rows])

    history = train(
        network,
        loss,
        recipe,
        lambda: sentence_loss(network, *kept).item(),
        progress=False,
        optimizer=optimizer,
    )
    cls = RecurrentModel if isinstance(network, RecurrentNetwork) else TransformerModel
    return cls(network, world().vocab, start=world().end, end=world().end), history


def measure(setting: Mapping, rng: np.random.Generator) -> dict:  # noqa: ARG001
    """Excess in bits per token, exact; the largest norm of a gradient, and its median; None if it diverged.

    Weights and batches depend on the seed alone, so that runs of one seed differ in what was changed.
    """
    changes = dict(CHANGES.get(setting["change"], {}))
    shrunk = changes.pop("shrunk", True)
    recipe = Recipe(
        setting["steps"],
        setting["rate"],
        **{"warmup": 20, "judge_every": min(200, setting["steps"]), **changes},
    )
    network = build(setting["network"], setting["seed"], shrunk)
    parameters = sum(p.numel() for p in network.parameters())
    try:
        model, history = learn(network, setting["seed"], recipe, OPTIMIZERS[setting["optimizer"]])
    except Diverged:
        return {"parameters": parameters, **dict.fromkeys(("excess", "largest", "median", "clipped"))}
    norms = np.array(history.norms)
    return {
        "parameters": parameters,
        "excess": round(sum(parts(model).values()), 5),
        "largest": round(float(norms.max()), 2),
        "median": round(float(np.median(norms)), 3),
        "clipped": round(float((norms > 1).mean()), 3),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("optimizers", SETTINGS, measure)
