"""What becomes of a law if the runs behind it were not trained as well as they could be.

The sweep's runs at two widths once more, with one thing changed. "slow", "fast": a fourth of the tuned
learning rate, and four times it. "tuned once": the rate tuned for the fewest tokens, whatever is read.
"constant": a rate that does not fall at the end. "on the way": the runs of the most tokens, looked at on
their way there, as if each look were a run of its own; the rate has not come down yet.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.experiments.scaling_law import TOKENS, held_out, world
from lmcourse.neural.training import train
from lmcourse.scaling.sweep import (
    batch_size,
    config,
    excess,
    learning_rate,
    network,
    recipe,
    sentence_losses,
    sizes,
)
from lmcourse.transformer.network import Transformer
from lmcourse.world.ranked_facts import LENGTH

KINDS = ("slow", "fast", "tuned once", "constant", "on the way")
WIDTHS = (8, 16, 32)
HALVINGS = (5, 4, 3, 2, 1)  # of the tokens of a run, after which it is looked at on its way
BRIEF = {"fast": 450, "constant": 1_800}  # tokens: at high rates processors soon part by more than rounding
AGAIN = [{"kind": kind, "d_model": 8, "n_tokens": BRIEF.get(kind, 9_000), "seed": 0} for kind in KINDS]


def changed(kind: str, d_model: int, n_tokens: int):
    """The recipe of a run, with one thing changed."""
    if kind == "constant":
        return recipe(d_model, n_tokens, decay=False)
    if kind == "tuned once":
        factor = learning_rate(d_model, TOKENS[0]) / learning_rate(d_model, n_tokens)
    else:
        factor = {"slow": 0.25, "fast": 4.0}[kind]
    return recipe(d_model, n_tokens, rate=factor)


def on_the_way(d_model: int, n_tokens: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Tokens read, and the excess then, of one run."""
    how, batch = recipe(d_model, n_tokens), batch_size(n_tokens)
    module = Transformer(config(world().vocab_size, d_model)).draw(rng)
    looks = [n_tokens // 2**halvings for halvings in HALVINGS]
    wanted = {round(n / LENGTH / batch): n for n in looks}
    found = []

    def loss(step: int) -> torch.Tensor:
        if step in wanted:
            module.eval()
            found.append((wanted[step], round(excess(module, world(), held_out()).mean, 5)))
            module.train()
        return sentence_losses(module, world().draw(batch, rng), world().end).mean()

    train(module, loss, how, progress=False)
    return found


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Sizes, and the excess in nats a token; on the way, a list of them with the tokens read."""
    size = sizes(config(world().vocab_size, setting["d_model"]))
    d_model, n_tokens = setting["d_model"], setting.get("n_tokens", TOKENS[-1])
    if setting["kind"] == "on the way":
        return {**size, "looks": on_the_way(d_model, n_tokens, rng)}
    how = changed(setting["kind"], d_model, n_tokens)
    module = network(world(), d_model, how, batch_size(n_tokens), rng)
    return {**size, "excess": round(excess(module, world(), held_out()).mean, 5)}


SETTINGS = [
    *AGAIN,
    *(
        {"kind": kind, "d_model": d_model, "n_tokens": n_tokens, "seed": seed}
        for kind in KINDS[:-1]
        for d_model in WIDTHS
        for n_tokens in TOKENS
        for seed in range(2)
    ),
    *({"kind": "on the way", "d_model": d_model, "seed": seed} for d_model in WIDTHS for seed in range(2)),
]


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("scaling_recipes", SETTINGS, measure)
