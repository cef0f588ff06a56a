"""A feed-forward network beside tables of counts that see as much: five tokens of the mouse world of depth 2.

Five texts of 300 sentences and five of 3,000, and of each model its exact bits above the best that five
tokens allow, in four parts: by how often the text had the five tokens before a place. Networks, each from
other first weights, learn from nine tenths of the text by Adam and keep the weights that judged best on the
last tenth. Their learning rate was not tuned. The tables are n-gram models of the whole text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.neural.feed_forward import FeedForwardNetwork, examples
from lmcourse.neural.training import History, Recipe, train
from lmcourse.ngram import NgramModel, kneser_ney, modified_kneser_ney
from lmcourse.world import World, agreement, every_window

ORDER = 6  # five tokens of context, and the next one
WIDTHS = {"D = 12": 12, "D = 12, slower": 12, "D = 2": 2, "no vectors": None}
TABLES = {"KN, n = 4": (4, kneser_ney), "KN, n = 6": (6, kneser_ney), "mKN, n = 6": (6, modified_kneser_ney)}
BANDS = (0, 1, 10, 100)  # times that a window was seen: the least of each part
SEEDS = range(10, 15)
AGAIN = {"sentences": 300, "model": "D = 12", "steps": 50, "seed": 10}  # quick, measured anew by every test
_STEPS = {300: dict.fromkeys(WIDTHS, 400) | {"D = 12, slower": 1_200}, 3_000: dict.fromkeys(WIDTHS, 1_200)}
SETTINGS = [
    AGAIN,
    *(
        {"sentences": size, "model": model, "steps": _STEPS[size].get(model, 0), "seed": seed}
        for size in _STEPS
        for model in (*TABLES, "D = 12", "D = 2", "no vectors", *(["D = 12, slower"] if size == 300 else []))
        for seed in SEEDS
    ),
]


@cache
def known() -> tuple[World, np.ndarray, np.ndarray, np.ndarray]:
    """The world, its windows (K, n - 1), their shares (K,), and what follows them (K, V)."""
    world = agreement(2)
    return world, *every_window(world, ORDER)


def read(size: int, seed: int) -> list[list[int]]:
    """A text: so many sentences of the world."""
    return known()[0].sample(size, np.random.default_rng([seed, size]))


def excess(log_p: np.ndarray) -> np.ndarray:
    """Bits above the best after each window, (K,), of what is said after it, (K, V)."""
    truth = known()[3]
    own = np.log(np.where(truth > 0, truth, 1))
    return (truth * (own - log_p)).sum(axis=1) / np.log(2)


def score(module: FeedForwardNetwork) -> np.ndarray:
    """Bits above the best after each window, (K,)."""
    with torch.no_grad():
        logits = module.after(torch.tensor(known()[1]))
    return excess(logits.log_softmax(-1).numpy())


def build(seed: int, d_model: int | None, d_hidden: int = 48) -> FeedForwardNetwork:
    """A network before training; without `d_model` each token is a row of the unit matrix, and stays it."""
    world, rng = known()[0], np.random.default_rng(seed)
    V, D, seen = world.vocab_size, d_model or world.vocab_size, (ORDER - 1) * (d_model or world.vocab_size)
    C = rng.standard_normal((V, D))
    H = rng.standard_normal((d_hidden, seen)) / np.sqrt(seen)
    U = rng.standard_normal((V, d_hidden)) / np.sqrt(d_hidden)
    if d_model is None:
        C, H = np.eye(V), H * np.sqrt(V)  # as large an Hx as else
    module = FeedForwardNetwork(V, ORDER, D, d_hidden, start=world.end).double()
    arrays = [C, H, np.zeros(d_hidden), U, np.zeros(V)]
    module.load_state_dict(dict(zip(module.state_dict(), map(torch.tensor, arrays))))
    module.embedding.weight.requires_grad_(d_model is not None)
    return module


def fit(
    sentences: Sequence[Sequence[int]], seed: int, d_model: int | None = 12, steps: int = 1_200, watch=None
) -> tuple[FeedForwardNetwork, History]:
    """A network trained on nine tenths, stopped by the last tenth; `watch` collects (loss learned, score)."""
    cut, end = len(sentences) * 9 // 10, known()[0].end
    learned = [torch.tensor(a) for a in examples(sentences[:cut], ORDER, end)]
    kept = [torch.tensor(a) for a in examples(sentences[cut:], ORDER, end)]
    module = build(seed, d_model)

    def loss(step: int) -> torch.Tensor:
        rng = np.random.default_rng([seed, step])
        chosen = torch.tensor(rng.integers(len(learned[0]), size=64))
        return cross_entropy(module.after(learned[0][chosen]), learned[1][chosen])

    def judge() -> float:
        if watch is not None:
            now = cross_entropy(module.after(learned[0]), learned[1])
            watch.append((now.item(), score(module)))
        return cross_entropy(module.after(kept[0]), kept[1]).item()

    recipe = Recipe(steps, learning_rate=1e-2, judge_every=50)
    return module, train(module, loss, recipe, judge, progress=False)


def in_parts(sentences: Sequence[Sequence[int]], bits: np.ndarray) -> list[float]:
    """Bits above the best, split by how often the text has each window; one part for each of BANDS."""
    world, windows, shares, _ = known()
    seen = Counter(map(tuple, examples(sentences, ORDER, world.end)[0].tolist()))
    times = np.array([seen[window] for window in map(tuple, windows.tolist())])
    part = np.searchsorted(BANDS, times, side="right") - 1
    return np.bincount(part, shares * bits, len(BANDS)).round(6).tolist()


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """The bits above the best, in parts."""
    world, windows, *_ = known()
    sentences = read(setting["sentences"], setting["seed"])
    if setting["model"] in TABLES:
        order, smoothing = TABLES[setting["model"]]
        table = NgramModel.fit(world.vocab, order, sentences, smoothing, world.end)
        bits = excess(table.next_log_probs([[t for t in row if t != world.end] for row in windows.tolist()]))
    else:
        bits = score(fit(sentences, setting["seed"], WIDTHS[setting["model"]], setting["steps"])[0])
    return {"above": in_parts(sentences, bits)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("network_or_table", SETTINGS, measure)
