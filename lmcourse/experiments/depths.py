"""Agreement at depths that were never read: counts, windows and recurrent networks on deeper nesting.

All models read sentences of the mouse world that nest at most two deep. In that world their excess over the
entropy rate is exact, and split into three parts. Then each is asked for the number of the main verb after
phrases nested up to five deep. The networks have about 10,000 parameters each, the same batches and the same
number of steps; they learn from nine tenths of the sentences and keep the weights that predict the last tenth
best. Each kind's learning rate was the best of 0.005, 0.01 and 0.02 in a single run of 700 steps on other
sentences, judged on the world of depth 2.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad

from lmcourse.experiments import run
from lmcourse.experiments.contexts import Contexts
from lmcourse.experiments.memory_spans import sentence_batches, sentence_loss
from lmcourse.model import LanguageModel
from lmcourse.neural.feed_forward import FeedForwardNetwork
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.neural.torch_model import TorchModel
from lmcourse.neural.training import Recipe, train
from lmcourse.ngram import NgramModel, modified_kneser_ney
from lmcourse.world import World, agreement

LEARNED, EXACT, DEEPEST = 2, 3, 5  # nesting of what is read; asked without a sample; asked at all
ASKED = 4_000  # phrases drawn at the depths beyond EXACT
STEPS, BATCH = 1000, 64
RATES = {"window": 2e-2, "rnn": 1e-2, "gru": 2e-2, "lstm": 2e-2}
WIDTHS = {"rnn": 60, "gru": 37, "lstm": 32}  # of the state; about 10,000 parameters each
HIDDEN = {10: 74, 14: 54}  # hidden numbers of a window of n tokens, for the same
VECTOR = 12  # numbers in a token's vector, of the windows
FORMS = {
    "noun": ("mouse cat dog bird", "mice cats dogs birds"),
    "main verb": ("sleeps runs hides", "sleep run hide"),
    "inner verb": ("chases sees", "chase see"),
}
_KEYS = ("model", "order", "sentences", "steps", "seed")
AGAIN = dict(zip(_KEYS, ("lstm", 0, 300, 20, 0)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        dict(zip(_KEYS, (model, order, 20_000, 0 if model == "counts" else STEPS, seed)))
        for seed in range(3)
        for model, order in (("counts", 10), ("window", 10), ("window", 14), *((c, 0) for c in WIDTHS))
    ),
]


# ---------- the world, and what is asked of it ----------


class Phrases(NamedTuple):
    """Noun phrases of one depth: what may stand before a main verb."""

    contexts: Contexts  # of token ids, K
    probs: np.ndarray  # of each, among those of its depth; (K,)
    plural: np.ndarray  # of the noun that the verb obeys; (K,)


@lru_cache(maxsize=1)
def world() -> World:
    """The world that is read."""
    return agreement(LEARNED)


@lru_cache(maxsize=1)
def _forms() -> dict[str, list[list[int]]]:
    return {kind: [world().vocab.encode(words) for words in forms] for kind, forms in FORMS.items()}


def _zipf(words: list[int]) -> list[tuple[int, float]]:
    total = sum(1 / r for r in range(1, len(words) + 1))
    return [(word, 1 / r / total) for r, word in enumerate(words, 1)]


def _phrases(depth: int, plural: int) -> Iterator[tuple[list[int], float]]:
    the, near, that = world().vocab.encode("the near that")
    inner = [(kind, phrase, p) for kind in (0, 1) for phrase, p in _phrases(depth - 1, kind)] if depth else []
    for noun, p_noun in _zipf(_forms()["noun"][plural]):
        if not depth:
            yield [the, noun], p_noun
        for kind, phrase, p in inner:
            yield [the, noun, near, *phrase], p_noun * p / 4
            for verb, p_verb in _zipf(_forms()["inner verb"][kind]):
                yield [the, noun, that, *phrase, verb], p_noun * p * p_verb / 4


@lru_cache(maxsize=DEEPEST + 1)
def phrases(depth: int) -> Phrases:
    """Every noun phrase that nests exactly so deep, or beyond EXACT a sample of them, evenly weighted.

    Their probabilities, given the depth, are those of `agreement(D)` for every D that is deep enough.
    """
    if depth > EXACT:
        rng = np.random.default_rng([7, depth])
        plural = rng.random(ASKED) < 0.5
        drawn = [_draw(depth, int(kind), rng) for kind in plural]
        return Phrases(Contexts(drawn), np.full(ASKED, 1 / ASKED), plural)
    listed = [(phrase, p / 2, bool(kind)) for kind in (0, 1) for phrase, p in _phrases(depth, kind)]
    contexts, probs, plural = zip(*listed)
    return Phrases(Contexts(contexts), np.array(probs), np.array(plural))


def _draw(depth: int, plural: int, rng: np.random.Generator) -> list[int]:
    the, near, that = world().vocab.encode("the near that")

    def one(words: list[int]) -> int:
        ids, probs = zip(*_zipf(words))
        return int(rng.choice(ids, p=probs))

    said = [the, one(_forms()["noun"][plural])]
    if depth:
        kind, clause = int(rng.integers(2)), rng.random() < 0.5
        said += [that if clause else near, *_draw(depth - 1, kind, rng)]
        said += [one(_forms()["inner verb"][kind])] if clause else []
    return said


# ---------- what is measured ----------


def number_bits(model: LanguageModel, asked: Phrases) -> np.ndarray:
    """Bits at the number of the main verb after each phrase, (K,): 0 knows it, 1 guesses.

    The surprise at the right number, given that one of the main verbs comes: the truth's own is 0.
    """
    log_p = asked.contexts.log_probs(model)
    singular, plural = (np.logaddexp.reduce(log_p[:, ids], axis=1) for ids in _forms()["main verb"])
    right = np.where(asked.plural, plural, singular)
    return (np.logaddexp(singular, plural) - right) / math.log(2)


@lru_cache(maxsize=1)
def places() -> tuple[Contexts, np.ndarray, np.ndarray]:
    """What can have been said of a sentence; expected visits of each in one; what follows in truth (K, V)."""
    visits: dict[tuple[int, ...], float] = {}
    for text, p in world().sentences().items():
        ids = world().vocab.encode(text)
        for i in range(len(ids)):
            visits[tuple(ids[:i])] = visits.get(tuple(ids[:i]), 0.0) + p
    contexts = [list(context) for context in visits]
    return Contexts(contexts), np.array(list(visits.values())), np.exp(world().next_log_probs(contexts))


def parts(model: LanguageModel) -> dict[str, float]:
    """Excess over the entropy rate in bits per token, exact, split by the chain rule into three.

    *kind*: whether a noun, a main or an inner verb, or which other token comes; *number*: singular or plural,
    given the kind; *word*: which word, given both.
    """
    contexts, visits, truth = places()
    said = np.exp(contexts.log_probs(model))
    groups = [ids for pair in _forms().values() for ids in pair]
    grouped = {token for ids in groups for token in ids}
    rest = [[token] for token in range(truth.shape[1]) if token not in grouped]
    by_number = [np.stack([p[:, ids].sum(1) for ids in groups + rest], axis=1) for p in (truth, said)]
    n = len(groups)
    by_kind = [np.hstack([p[:, 0:n:2] + p[:, 1:n:2], p[:, n:]]) for p in by_number]
    kl = [visits @ _kl(p, q) / visits.sum() for p, q in (by_kind, by_number, (truth, said))]
    return {"kind": float(kl[0]), "number": float(kl[1] - kl[0]), "word": float(kl[2] - kl[1])}


def _kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """KL divergence of each row, in bits."""
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    return (p * np.log2(ratio)).sum(axis=1)


def opens(model: LanguageModel) -> float:
    """Mean probability that a noun nested as deep as was ever read takes a phrase of its own; in truth 0."""
    opening = world().vocab.encode("near that")
    inner = {verb for forms in _forms()["inner verb"] for verb in forms}
    asked = phrases(LEARNED)
    deepest = [[token for token in phrase if token not in inner] for phrase in asked.contexts.texts]
    return float(asked.probs @ np.exp(Contexts(deepest).log_probs(model))[:, opening].sum(1))


# ---------- the models ----------


class WindowModel(TorchModel):
    """A feed-forward network as a language model, asked only where an answer is wanted."""

    def logits(self, token_ids: torch.Tensor, rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """As `TorchModel` says: of a text only the window before each place."""
        seen = self.module.context
        padded = pad(token_ids, (seen - 1, 0), value=self.module.start)
        return self.module.after(padded.unfold(1, seen, 1)[rows, places])


def build(model: str, order: int, rng: np.random.Generator) -> nn.Module:
    """A network of the experiment, its weights drawn by NumPy."""
    size = world().vocab_size
    if model == "window":
        network = FeedForwardNetwork(size, order, VECTOR, HIDDEN[order], start=world().end)
        draw_weights(network, rng)
        with torch.no_grad():  # vectors of size 1, as in the recurrent networks
            network.embedding.weight.copy_(torch.from_numpy(rng.normal(size=(size, VECTOR))))
        return network
    return RecurrentNetwork(size, WIDTHS[model], 1, model).draw(rng)


def teach(network: nn.Module, sentences: list[list[int]], seed: int, steps: int, rate: float) -> None:
    """Train on nine tenths of the sentences; the last tenth, 1,000 at most, chooses the weights."""
    cut = len(sentences) * 9 // 10
    inputs, targets = sentence_batches(sentences[:cut], world().end)
    kept = sentence_batches(sentences[cut : cut + 1000], world().end)

    def loss(step: int) -> torch.Tensor:
        rows = torch.from_numpy(np.random.default_rng([seed, step]).integers(cut, size=BATCH))
        return sentence_loss(network, inputs[rows], targets[rows])

    recipe = Recipe(steps, rate, warmup=20, judge_every=50)
    train(network, loss, recipe, lambda: sentence_loss(network, *kept).item(), progress=False)


def learn(
    network: nn.Module, sentences: list[list[int]], seed: int, steps: int = STEPS, rate: float = 2e-2
) -> TorchModel:
    """What a network is after `teach`, as a language model."""
    teach(network, sentences, seed, steps, rate)
    cls = RecurrentModel if isinstance(network, RecurrentNetwork) else WindowModel
    return cls(network, world().vocab, start=world().end, end=world().end)


def operations(network: nn.Module, tokens: float) -> int:
    """Of training: a product and a sum for each weight of a matrix and each token, and twice that backwards.

    The table of vectors is only looked up; biases, gates and activations are left out.
    """
    weights = sum(
        p.numel() for name, p in network.named_parameters() if p.dim() == 2 and "embedding" not in name
    )
    return round(6 * weights * tokens)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Excess and its parts at the depths that were read; the number of the main verb at each depth."""
    texts = world().sample(
        setting["sentences"], np.random.default_rng([setting["seed"], setting["sentences"]])
    )
    tokens = sum(map(len, texts))
    begin = time.process_time()
    if setting["model"] == "counts":
        ends = {"start": world().end, "end": world().end}
        model: LanguageModel = NgramModel.fit(
            world().vocab, setting["order"], texts, modified_kneser_ney, **ends
        )
        cost, parameters = setting["order"] * tokens, model.count_parameters()
    else:
        network = build(setting["model"], setting["order"], rng)
        model = learn(network, texts, setting["seed"], setting["steps"], RATES[setting["model"]])
        cost = operations(network, setting["steps"] * BATCH * tokens / len(texts))
        parameters = sum(p.numel() for p in network.parameters())
    seconds = time.process_time() - begin
    split = parts(model)
    found: dict = {
        "excess": round(sum(split.values()), 4),
        "parts": {k: round(v, 4) for k, v in split.items()},
    }
    found |= {"opens": round(opens(model), 4), "bits": [], "right": []}
    for depth in range(1 + (DEEPEST if len(texts) > 2_000 else LEARNED)):
        asked = phrases(depth)
        bits = number_bits(model, asked)
        found["bits"].append(round(float(asked.probs @ bits), 3))
        found["right"].append(round(float(asked.probs @ (bits < 1)), 3))
    return {
        **found,
        "parameters": parameters,
        "operations": cost,
        "seconds": None if setting == AGAIN else round(seconds),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("depths", SETTINGS, measure)
