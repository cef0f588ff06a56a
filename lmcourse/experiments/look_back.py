"""Looking things up: attention beside a state that must carry everything; heads; and scores without √d.

*Pairs* of a key and a value are read, one vector for each, in any order; then a key is asked for, and its
value is wanted (associative recall), or two keys at once. One layer of attention looks at all pairs with the
question as its query; an LSTM reads the pairs, then the question, and answers from its last state. Nothing
here knows of places: a pair is found by what it is.

*Mouse*: the Transformer of the agreement world, with and without the division of scores by √d.

Learning rates stand in the settings; where there are several, the page takes the best of each kind of model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.depths import BATCH, parts, world
from lmcourse.experiments.memory_spans import sentence_batches, sentence_loss
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.training import History, Recipe, train
from lmcourse.transformer.attention import Attention
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer

KEYS, VALUES = 64, 16
TESTS = 2_000
RATES = (1e-3, 3e-3, 1e-2)


# ---------- the task ----------


class Batch(NamedTuple):
    """Pairs, and what is asked of them; token ids as (B, …)."""

    keys: Tensor  # (B, n), no two alike
    values: Tensor  # (B, n)
    places: Tensor  # of the keys asked for, (B, A)

    @property
    def asked(self) -> Tensor:
        """The keys asked for, (B, A)."""
        return self.keys.gather(1, self.places)

    @property
    def answers(self) -> Tensor:
        """Their values, (B, A)."""
        return self.values.gather(1, self.places)


def draw_pairs(rng: np.random.Generator, n: int, asked: int = 1, size: int = 64) -> Batch:
    """A batch of `size` lists of n pairs, n up to `KEYS`, with so many different keys asked for."""
    keys = rng.random((size, KEYS)).argsort(axis=1)[:, :n]
    values = rng.integers(VALUES, size=(size, n))
    places = rng.random((size, n)).argsort(axis=1)[:, :asked]
    return Batch(*map(torch.from_numpy, (keys, values, places)))


# ---------- the networks ----------


class LookUp(nn.Module):
    """What both kinds of network share: vectors of keys and values, of questions, and an answer.

    Args:
        width: D, numbers in a vector.
        asked: A, keys asked for at once.
        hidden: numbers in a hidden layer before the answer; 0: none.
    """

    def __init__(self, width: int, asked: int = 1, hidden: int = 0):
        super().__init__()
        self.width, self.n_asked = width, asked
        self.key, self.value = nn.Embedding(KEYS, width), nn.Embedding(VALUES, width)
        self.question = nn.Embedding(asked * KEYS, width)  # a key has another vector as first and as second
        answer = [nn.Linear(hidden or width, asked * VALUES)]
        self.answer = nn.Sequential(*([nn.Linear(width, hidden), nn.ReLU()] if hidden else []), *answer)

    def draw(self, rng: np.random.Generator) -> LookUp:
        """Draw all weights anew, vectors with variance 1; returns self."""
        draw_weights(self, rng)
        with torch.no_grad():
            for table in (self.key, self.value, self.question):
                table.weight.copy_(torch.from_numpy(rng.normal(size=tuple(table.weight.shape))))
        return self

    def vectors(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Of the pairs, (B, n, D): the sum of a key's and a value's; of the question, (B, 1, D)."""
        question = self.question(batch.asked + KEYS * torch.arange(self.n_asked))
        return self.key(batch.keys) + self.value(batch.values), question.sum(1, keepdim=True)

    def forward(self, batch: Batch) -> Tensor:
        """Logits of the values asked for, (B, A, V)."""
        return self.answer(self.found(*self.vectors(batch))).unflatten(-1, (self.n_asked, VALUES))


class LookBack(LookUp):
    """The question looks at all pairs, with one or several heads.

    Args:
        width, asked, hidden: as of `LookUp`.
        n_heads: H.
        scaled: whether scores are divided by √(D / H).
    """

    def __init__(self, width: int, asked: int = 1, hidden: int = 0, n_heads: int = 1, scaled: bool = True):
        super().__init__(width, asked, hidden)
        self.n_heads, self.scaled = n_heads, scaled
        self.W_q, self.W_k, self.W_v = (nn.Linear(width, width, bias=False) for _ in range(3))

    def weights(self, pairs: Tensor, question: Tensor) -> Tensor:
        """How much each head looks at each pair, (B, H, n)."""
        q = self.W_q(question).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, H, 1, K)
        k = self.W_k(pairs).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, H, n, K)
        scores = (q @ k.transpose(-1, -2))[:, :, 0]
        if self.scaled:
            scores = scores / math.sqrt(q.shape[-1])
        return scores.softmax(dim=-1)

    def found(self, pairs: Tensor, question: Tensor) -> Tensor:
        """What the heads bring, end to end, (B, D)."""
        v = self.W_v(pairs).unflatten(-1, (self.n_heads, -1))  # (B, n, H, K)
        return torch.einsum("bhn,bnhk->bhk", self.weights(pairs, question), v).flatten(1)


class Carry(LookUp):
    """An LSTM reads the pairs and then the question; its last state must know the answer."""

    def __init__(self, width: int, asked: int = 1, hidden: int = 0):
        super().__init__(width, asked, hidden)
        self.lstm = nn.LSTM(width, width, batch_first=True)

    def found(self, pairs: Tensor, question: Tensor) -> Tensor:
        """The state after the question, (B, D)."""
        return self.lstm(torch.cat([pairs, question], dim=1))[0][:, -1]


def learn(
    network: LookUp, n: int, steps: int, rate: float, seed: int, judge_every: int | None = None
) -> History:
    """Train on fresh batches of n pairs; with `judge_every`, the share of wrong answers is looked at."""

    def loss(step: int) -> Tensor:
        batch = draw_pairs(np.random.default_rng([seed, step]), n, network.n_asked)
        return cross_entropy(network(batch).flatten(0, 1), batch.answers.flatten())

    return train(
        network, loss, Recipe(steps, rate, warmup=20, judge_every=judge_every or steps), progress=False
    )


@torch.no_grad()
def share_right(network: LookUp, n: int) -> list[float]:
    """Of `TESTS` lists that are the same for all, the share answered rightly, for each of the A questions."""
    batch = draw_pairs(np.random.default_rng(12_345), n, network.n_asked, TESTS)
    return (network(batch).argmax(dim=-1) == batch.answers).double().mean(dim=0).tolist()


# ---------- the mouse world, without √d ----------


class Unscaled(Attention):
    """Attention whose scores are not divided by √d: its queries are √d times as long."""

    def heads(self, *args, **named) -> tuple[Tensor, Tensor, Tensor]:
        """As of `Attention`."""
        q, k, v = super().heads(*args, **named)
        return q * math.sqrt(self.d_head), k, v


def mouse(
    width: int, n_heads: int, scaled: bool, rate: float, steps: int, rng: np.random.Generator, seed: int
):
    """A Transformer of two layers that has learned the agreement world's sentences."""
    vocab, end = world().vocab, world().end
    network = Transformer(Config(len(vocab), width, n_heads, 2, 64)).draw(rng)
    if not scaled:
        for block in network.blocks:
            unscaled = Unscaled(network.config)
            unscaled.load_state_dict(block.attention.state_dict())
            block.attention = unscaled
    texts = world().sample(20_000, np.random.default_rng([seed, 20_000]))
    inputs, targets = sentence_batches(texts, end)

    def loss(step: int) -> Tensor:
        rows = torch.from_numpy(np.random.default_rng([seed, step]).integers(len(texts), size=BATCH))
        return sentence_loss(network, inputs[rows], targets[rows])

    train(network, loss, Recipe(steps, rate, warmup=20), progress=False)
    return TransformerModel(network, vocab, start=end, end=end)


# ---------- what is measured ----------


def _setting(task: str, **named) -> dict:
    """A setting with the values of most others where none is given."""
    network = {"model": "attention", "width": 64, "n_heads": 1, "hidden": 0, "scaled": True, "shrunk": False}
    return {"task": task, "n": None, **network, "steps": 1000, "rate": 1e-2, "seed": 0, **named}


SEEDS = range(3)
AGAIN = _setting("recall", n=4, width=16, steps=20)  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        _setting("scale", n=16, width=width, scaled=kind == "scaled", shrunk=kind == "shrunk", steps=400)
        | {"rate": rate, "seed": seed}
        for width, kind in (*product((16, 64, 256), ("scaled", "unscaled")), (64, "shrunk"))
        for rate, seed in product(RATES, SEEDS)
    ),
    *(
        _setting("two keys", n=8, width=32, n_heads=n_heads, hidden=hidden, steps=steps, seed=seed)
        for n_heads, hidden, steps in ((1, 0, 600), (2, 0, 600), (1, 64, 600), (1, 0, 2400), (1, 64, 2400))
        for seed in SEEDS
    ),
    *(
        _setting("recall", model=model, n=n, rate=rate, seed=seed)
        for n, model, rates in (
            *((n, "attention", (1e-2,)) for n in (2, 4, 8, 16)),
            *((n, "lstm", (3e-3, 1e-2, 2e-2)) for n in (2, 4)),
            (8, "lstm", (1e-2, 2e-2)),
            (16, "lstm", (2e-2,)),
        )
        for rate in rates
        for seed in SEEDS
    ),
    *(_setting("recall", model="lstm", n=4, steps=2000, rate=2e-2, seed=seed) for seed in SEEDS),
    *(
        _setting("mouse", model="transformer", width=32, scaled=scaled, steps=200, seed=seed)
        for scaled in (True, False)
        for seed in range(8)
    ),
]


def build(setting: Mapping) -> LookUp:
    """The network of a setting, its weights drawn from its seed."""
    asked = 2 if setting["task"] == "two keys" else 1
    if setting["model"] == "lstm":
        network: LookUp = Carry(setting["width"], asked)
    else:
        size = (setting["width"], asked, setting["hidden"], setting["n_heads"], setting["scaled"])
        network = LookBack(*size)
    network.draw(np.random.default_rng(setting["seed"]))
    if setting["shrunk"]:
        with torch.no_grad():
            network.W_q.weight.div_(math.sqrt(setting["width"]))
    return network


def measure(setting: Mapping, rng: np.random.Generator) -> dict:  # noqa: ARG001 - seeds pair the models
    """Share of right answers and losses, means of 20 steps; in the mouse world the excess over the truth."""
    s = dict(setting)
    if s["task"] == "mouse":
        start = np.random.default_rng(s["seed"])
        model = mouse(s["width"], s["n_heads"], s["scaled"], s["rate"], s["steps"], start, s["seed"])
        split = parts(model)
        return {"excess": round(sum(split.values()), 4), "number": round(split["number"], 4)}
    network = build(setting)
    history = learn(network, s["n"], s["steps"], s["rate"], s["seed"])
    found = {
        "right": [round(share, 4) for share in share_right(network, s["n"])],
        "parameters": sum(p.numel() for p in network.parameters()),
    }
    if s["task"] == "scale":
        means = np.array(history.losses).reshape(-1, 20).mean(axis=1)
        found["losses"] = [round(float(mean), 3) for mean in means]
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("look_back", SETTINGS, measure)
