"""What the parts of a Transformer are for: one is changed or taken out, everything else stays.

All models learn the mouse world of depth 2 from the same batches, from the same weights wherever shapes
agree, in the same number of steps, at each of `RATES`. The excess over the entropy rate is exact, split as in
`depths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.depths import parts, world
from lmcourse.experiments.memory_spans import sentence_batches
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.experts import expert_shares, load_balance, routing
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer

SENTENCES, BATCH, STEPS, WARMUP = 20_000, 64, 250, 20
RATES, SEEDS = (0.006, 0.015), (0, 1, 2)
BALANCE = 0.01  # the weight of the load-balance loss, Switch's α
BASE = Config(vocab_size=22, d_model=24, n_heads=4, n_layers=2, context_length=12)  # 15,312 parameters
EXPERTS = {"feed_forward": "experts", "n_experts": 4, "balance": BALANCE}

# What is changed of BASE; "without" names what is taken out afterwards, "balance" is the weight of that loss.
# Where sizes are given they make the parameters equal to BASE's within one in twenty-five, or, of experts,
# those that a token uses.
CHANGES: dict[str, dict] = {
    "as it is": {},
    "no norms": {"without": "norms"},
    "no residual": {"norm_place": "post", "without": "residual"},
    "attention only": {"d_model": 40, "without": "feed-forward"},
    "feed-forward only": {"without": "attention"},
    "SwiGLU": {"feed_forward": "swiglu"},
    "experts, each as large": EXPERTS,
    "experts, each as large, no balance": {**EXPERTS, "balance": 0.0},
    "RMSNorm": {"norm": "rms"},
    "1 head": {"n_heads": 1},
    "multi-query": {"n_kv_heads": 1, "d_ff": 114},
    "output not tied": {"tied": False, "d_ff": 91},
    "ReLU": {"feed_forward": "relu"},
    "experts, each a quarter": {**EXPERTS, "d_ff": 24},
    "experts, each a quarter, no balance": {**EXPERTS, "d_ff": 24, "balance": 0.0},
    "8 heads": {"n_heads": 8},
    "norms after": {"norm_place": "post"},
    "DeepNorm": {"norm_place": "deep"},
    "experts, each half, 2 active": {**EXPERTS, "d_ff": 48, "n_active": 2},
    "2 heads": {"n_heads": 2},
    "grouped": {"n_kv_heads": 2, "d_ff": 108},
}
AGAIN = {"part": "as it is", "quick": True}  # a quick one, measured anew by every test
SETTINGS = [AGAIN, *({"part": part, "quick": False} for part in CHANGES)]


class Nothing(nn.Module):
    """Stands where a part was, and adds nothing."""

    def forward(self, x: Tensor, *_: object, **__: object) -> Tensor:
        """Zeros like x."""
        return torch.zeros_like(x)


def take_out(network: Transformer, part: str) -> None:
    """Remove "norms", "residual" (of norms after), "feed-forward" or "attention" from all blocks."""
    if part == "norms":
        network.norm = nn.Identity()
    for block in network.blocks:
        if part == "residual":
            block.scale = 0.0  # norm(0 · x + part(x))
        if part in ("attention", "norms"):
            block.attention_norm = nn.Identity()
        if part in ("feed-forward", "norms"):
            block.feed_forward_norm = nn.Identity()
        if part == "attention":
            block.attention = Nothing()
        if part == "feed-forward":
            block.feed_forward = Nothing()


def build(part: str, seed: int) -> Transformer:
    """The network of a change, begun with the weights of the one "as it is" wherever shapes agree.

    With norms after, what a block adds is not drawn smaller, or by another factor: it belongs to the change.
    """
    without = CHANGES[part].get("without")
    changes = {name: value for name, value in CHANGES[part].items() if name not in ("without", "balance")}
    network = Transformer(replace(BASE, **changes)).draw(np.random.default_rng([seed, 1]))
    if network.config.norm_place == BASE.norm_place and network.config.n_layers == BASE.n_layers:
        known = Transformer(BASE).draw(np.random.default_rng([seed, 1])).state_dict()
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if name in known and known[name].shape == parameter.shape:
                    parameter.copy_(known[name])
    if without is not None:
        take_out(network, without)
    return network


@lru_cache(maxsize=1)
def pool() -> tuple[Tensor, Tensor]:
    """Inputs and targets of all sentences that are learned from."""
    return sentence_batches(world().sample(SENTENCES, np.random.default_rng(1)), world().end)


def learn(
    network: Transformer,
    rate: float,
    seed: int,
    steps: int = STEPS,
    balance: float = 0.0,
    warmup: int = WARMUP,
) -> TransformerModel:
    """Train on sentences of the world, 64 at a time: which, the seed and the step say."""
    inputs, targets = pool()

    def loss(step: int) -> Tensor:
        rows = torch.from_numpy(np.random.default_rng([seed, step]).integers(len(inputs), size=BATCH))
        counts = targets[rows] >= 0
        longest = int(counts.sum(1).max())
        counts, wanted = counts[:, :longest], targets[rows, :longest]
        with routing(network) as layers:
            found = cross_entropy(network(inputs[rows, :longest])[counts], wanted[counts])
        if balance:
            found = found + balance * sum(load_balance(probs[counts], k[counts]) for probs, k in layers)
        return found

    train(network, loss, Recipe(steps, rate, warmup=warmup, judge_every=steps), progress=False)
    return TransformerModel(network, world().vocab, start=world().end, end=world().end)


def loads(network: Transformer, sentences: int = 2_000) -> list[list[float]]:
    """The share of tokens that each expert of each layer gets."""
    inputs, targets = (part[:sentences] for part in pool())
    with torch.no_grad(), routing(network) as layers:
        network(inputs)
    found = [expert_shares(chosen[targets >= 0], probs.shape[-1]) for probs, chosen in layers]
    return [[round(share, 3) for share in shares.tolist()] for shares in found]


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """For each rate and seed the excess, its parts, and the experts' loads."""
    part, quick = setting["part"], setting["quick"]
    balance = CHANGES[part].get("balance", 0.0)
    found: dict = {"parameters": sum(p.numel() for p in build(part, 0).parameters()), "rates": {}}
    for rate in RATES[1:] if quick else RATES:
        splits, shares = [], []
        for seed in (0,) if quick else SEEDS:
            network = build(part, seed)
            split = parts(learn(network, rate, seed, 20 if quick else STEPS, balance))
            splits.append({name: round(value, 3 if quick else 5) for name, value in split.items()})
            shares.append(loads(network))
        found["rates"][str(rate)] = {"parts": splits, "loads": shares}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("transformer_parts", SETTINGS, measure)
