"""Transformers at the depths of chapter 4: what they say at nesting never read, and weights to look into.

The protocol is that of `depths`: agreement two deep to read, 20,000 sentences a run, about 10,000 parameters,
1,000 steps of 64 sentences, weights chosen on a tenth kept apart; then the number of the main verb at depths
0 to 5. Here the Transformers differ in how they know where a token stands; an LSTM learns beside them, on the
same sentences in the same batches. The Transformers' learning rate was the best of 0.0025, 0.005, 0.01 and
0.02 in a single run of 700 steps with RoPE on other sentences, judged on the world of depth 2; the other
positions took it over. The LSTM's is that of `depths`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from lmcourse.experiments import depths, run
from lmcourse.experiments.frame import RESULTS
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.neural.torch_model import TorchModel, asking
from lmcourse.neural.weights import load_weights, save_weights
from lmcourse.transformer.config import Config
from lmcourse.transformer.inside import stream
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.world import belief_states

LONGEST = 24  # tokens: a full stop, the deepest phrase that is asked about, and one more
RATE = 1e-2
MODELS = ("rope", "lstm", "none", "alibi", "learned")
KEPT = ("rope", "none", "lstm")  # whose weights the page looks into
SEEDS = range(3)
AGAIN = {"model": "rope", "sentences": 300, "steps": 20, "seed": 0}  # a quick one, measured by every test
SETTINGS = [
    AGAIN,
    *(
        {"model": model, "sentences": 20_000, "steps": depths.STEPS, "seed": seed}
        for model in MODELS
        for seed in SEEDS
    ),
]


def build(model: str, rng: np.random.Generator) -> nn.Module:
    """A network of the experiment, its weights drawn by NumPy."""
    size = depths.world().vocab_size
    if model == "lstm":
        return RecurrentNetwork(size, depths.WIDTHS["lstm"], 1, "lstm").draw(rng)
    return Transformer(Config(size, 20, 2, 3, LONGEST, d_ff=32, position=model)).draw(rng)


def as_model(network: nn.Module) -> TorchModel:
    """The network as a language model."""
    cls = RecurrentModel if isinstance(network, RecurrentNetwork) else TransformerModel
    world = depths.world()
    return cls(network, world.vocab, start=world.end, end=world.end)


def _path(model: str, seed: int) -> Path:
    return RESULTS / f"inside_{model}_{seed}.safetensors"


def load_network(model: str, seed: int) -> nn.Module:
    """A network of `KEPT` with the weights that were measured."""
    network = build(model, np.random.default_rng(0))
    load_weights(network, _path(model, seed))
    return network.eval()


class Places(NamedTuple):
    """Every place in the sentences that are read, by what was said before it: K different beginnings."""

    token_ids: torch.Tensor  # (R, T), sentences with a full stop before them that hold all beginnings
    rows: torch.Tensor  # where each beginning ends, (K,)
    columns: torch.Tensor  # (K,)
    texts: list[tuple[int, ...]]  # the beginnings themselves, K
    visits: np.ndarray  # how often each is met in one sentence, (K,)
    beliefs: np.ndarray  # P(state of the automaton | beginning), (K, S)
    truth: np.ndarray  # P(next token | beginning), (K, V)


@lru_cache(maxsize=1)
def places() -> Places:
    """All beginnings of sentences two deep, with their exact belief states."""
    contexts, visits, truth = depths.places()
    world, texts = depths.world(), contexts.texts
    longer = {text[:-1] for text in texts}
    whole = [text for text in texts if text not in longer]
    token_ids = torch.zeros(len(whole), 1 + max(map(len, whole)), dtype=torch.int64)
    where: dict[tuple[int, ...], tuple[int, int]] = {}
    for row, text in enumerate(whole):
        token_ids[row, : 1 + len(text)] = torch.tensor([world.end, *text])
        where.update({text[:n]: (row, n) for n in range(1 + len(text))})
    rows, columns = torch.tensor([where[text] for text in texts]).T
    states = belief_states(world, texts)
    beliefs = states[np.arange(len(texts)), [len(text) for text in texts]]
    return Places(token_ids, rows, columns, texts, visits, beliefs, truth)


def vectors(network: nn.Module) -> np.ndarray:
    """What a network holds at each of `places`.

    Of a Transformer the residual stream before the first block and after each, (N + 1, K, D); of an LSTM the
    hidden state h and the memory c, (2, K, H).
    """
    at = places()
    if isinstance(network, Transformer):
        found = stream(network, at.token_ids)
    else:
        states, said = network.start(len(at.token_ids)), []
        with asking(network):
            for token in at.token_ids.split(1, dim=1):
                _, states = network.read(token, states)
                said.append(torch.stack(states[0]))
        found = torch.stack(said, dim=2)
    return found[:, at.rows, at.columns].double().numpy()


class Drawn(NamedTuple):
    """Phrases before which a full stop stands, and what is known of them."""

    token_ids: torch.Tensor  # (n, T), filled up on the right
    ends: torch.Tensor  # place of the last word, after which the main verb comes, (n,)
    plural: np.ndarray  # of the main noun, which stands at place 2; (n,)
    others: torch.Tensor  # whether another noun stands at a place, (n, T)


@lru_cache(maxsize=8)
def draw_phrases(depth: int, n: int = 300) -> Drawn:
    """Some of the phrases of `depths`, by their probabilities; the same ones each time."""
    asked = depths.phrases(depth)
    picked = np.random.default_rng([3, depth]).choice(len(asked.probs), n, p=asked.probs / asked.probs.sum())
    texts = [[depths.world().end, *asked.contexts.texts[i]] for i in picked]
    token_ids = torch.zeros(n, max(map(len, texts)), dtype=torch.int64)
    others = torch.zeros(token_ids.shape, dtype=torch.bool)
    nouns = depths.world().vocab.encode(" ".join(depths.FORMS["noun"]))
    for row, text in enumerate(texts):
        token_ids[row, : len(text)] = torch.tensor(text)
        others[row, : len(text)] = torch.tensor(
            [place != 2 and token in nouns for place, token in enumerate(text)]
        )
    return Drawn(token_ids, torch.tensor([len(text) - 1 for text in texts]), asked.plural[picked], others)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Excess and its parts at the depths that were read; the number of the main verb at each depth."""
    model, seed = setting["model"], setting["seed"]
    drawn_by = np.random.default_rng([seed, setting["sentences"]])
    texts = depths.world().sample(setting["sentences"], drawn_by)
    network = build(model, rng)
    begin = time.process_time()
    depths.teach(network, texts, seed, setting["steps"], depths.RATES.get(model, RATE))
    seconds = time.process_time() - begin
    if setting != AGAIN and model in KEPT:
        save_weights(network, _path(model, seed))  # before it is judged: what is kept is what was measured
    split = depths.parts(as_model(network))
    found: dict = {
        "excess": round(sum(split.values()), 4),
        "parts": {k: round(v, 4) for k, v in split.items()},
        "bits": [],
        "right": [],
    }
    for depth in range(1 + (depths.LEARNED if setting == AGAIN else depths.DEEPEST)):
        asked = depths.phrases(depth)
        bits = depths.number_bits(as_model(network), asked)
        found["bits"].append(round(float(asked.probs @ bits), 3))
        found["right"].append(round(float(asked.probs @ (bits < 1)), 3))
    return {
        **found,
        "parameters": sum(p.numel() for p in network.parameters()),
        "seconds": None if setting == AGAIN else round(seconds),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("inside", SETTINGS, measure)
