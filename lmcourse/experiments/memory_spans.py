"""How far back do recurrent networks remember, and how far back must their gradient see for that?

Two toys. *Recall*: a letter, dots, a question mark, and the letter again, over and over; the answer stands
`FIXED` tokens after the letter, or 2 to 16 tokens, mixed. Networks are trained on it with back-propagation
through so many tokens, the state carried on from batch to batch or not. *Agreement*: the mouse world of depth
2, in whole sentences, with the exact excess over its entropy rate and the share of main verbs in the right
number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.model import LanguageModel
from lmcourse.neural.batches import Stream
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.neural.training import Recipe, train
from lmcourse.world import World, agreement

RECALL = ("a", "b", ".", "?")
DOT, ASK = RECALL.index("."), RECALL.index("?")
FIXED = 12
SPANS = {"fixed": (FIXED,), "mixed": tuple(range(2, 17))}
STEPS, ROWS = 1500, 32
SENTENCES = 20_000
SEEDS = range(5)
_KEYS = ("task", "cell", "length", "carry", "seed")
AGAIN = dict(zip(_KEYS, ("fixed", "rnn", 8, True, 0)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        dict(zip(_KEYS, (task, cell, length, carry, seed)))
        for task, cell, length, carry in (
            ("fixed", "lstm", 8, True),
            ("fixed", "lstm", 8, False),
            ("fixed", "lstm", 16, True),
            ("fixed", "lstm", 32, True),
            ("mixed", "lstm", 8, True),
            ("mixed", "lstm", 8, False),
            ("mixed", "lstm", 32, True),
            ("fixed", "rnn", 32, True),
            ("fixed", "gru", 32, True),
            ("agreement", "rnn", 0, True),
            ("agreement", "gru", 0, True),
            ("agreement", "lstm", 0, True),
        )
        for seed in SEEDS
    ),
]


# ---------- recall ----------


def recall_stream(spans: Sequence[int], tokens: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """At least so many ids of the toy; where its answers stand; how far back the letter of each stands."""
    ids: list[int] = []
    answers, backs = [], []
    while len(ids) < tokens:
        letter, back = int(rng.integers(2)), int(rng.choice(spans))
        ids += [letter, *[DOT] * (back - 2), ASK, letter]
        answers.append(len(ids) - 1)
        backs.append(back)
    return np.array(ids), np.array(answers), np.array(backs)


def train_recall(
    network: RecurrentNetwork, ids: np.ndarray, length: int, carry: bool, steps: int = STEPS
) -> RecurrentNetwork:
    """Train on the toy with the gradient through `length` tokens; the state carried on, or zero each time."""
    stream = Stream(ids, length, ROWS, network.start)

    def loss(step: int) -> torch.Tensor:
        inputs, targets = stream.batch(step)
        hidden, states = network.read(inputs, stream.states if carry else network.start(ROWS))
        stream.carry(states)
        return cross_entropy(network.output(hidden).flatten(0, 1), targets.flatten())

    train(network, loss, Recipe(steps, 1e-2, warmup=20, judge_every=steps), progress=False)
    return network


def recall_bits(network: RecurrentNetwork, ids: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Bits at each answer, of one: which of the two letters it is."""
    with torch.no_grad():
        hidden, _ = network.read(torch.as_tensor(ids[None, :-1]), network.start(1))
        logits = network.output(hidden[0, answers - 1])[:, :2].double()
    found = logits.log_softmax(dim=-1).numpy()[np.arange(len(answers)), ids[answers]]
    return -found / math.log(2)


# ---------- agreement ----------


@lru_cache(maxsize=1)
def known() -> tuple[World, list[list[int]], np.ndarray, np.ndarray, np.ndarray]:
    """The world; each sentence (ids), its probability, how far back its main noun stands, if it is plural."""
    world = agreement(2)
    listed = world.sentences()
    texts = [world.vocab.encode(text) for text in listed]
    words = [text.split() for text in listed]
    plural = np.array([said[-2] in ("sleep", "run", "hide") for said in words])
    return world, texts, np.array(list(listed.values())), np.array([len(w) - 3 for w in words]), plural


def sentence_batches(sentences: Sequence[Sequence[int]], end: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets (N, longest) of sentences; after its end a target is -100, which counts as none."""
    targets = torch.full((len(sentences), max(map(len, sentences))), -100)
    for row, ids in enumerate(sentences):
        targets[row, : len(ids)] = torch.tensor(ids)
    before = torch.full((len(sentences), 1), end)
    return torch.cat([before, targets[:, :-1].clamp(min=0)], dim=1), targets


def sentence_loss(network: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean surprise in nats at the tokens of sentences, see `sentence_batches`; their padding is not read."""
    longest = int((targets >= 0).sum(1).max())
    logits = network(inputs[:, :longest])
    return cross_entropy(logits.flatten(0, 1), targets[:, :longest].flatten(), ignore_index=-100)


def train_agreement(network: RecurrentNetwork, seed: int, steps: int = STEPS) -> RecurrentModel:
    """Train on whole sentences of the world, 64 at a time, drawn from 20,000."""
    world = known()[0]
    inputs, targets = sentence_batches(world.sample(SENTENCES, np.random.default_rng(1)), world.end)

    def loss(step: int) -> torch.Tensor:
        rows = torch.from_numpy(np.random.default_rng([seed, step]).integers(len(inputs), size=64))
        return sentence_loss(network, inputs[rows], targets[rows])

    train(network, loss, Recipe(steps, 1e-2, warmup=20, judge_every=steps), progress=False)
    return RecurrentModel(network, world.vocab, start=world.end, end=world.end)


def excess(model: LanguageModel) -> float:
    """Bits per token above the world's entropy rate: KL(world ‖ model) over the mean length; exact."""
    world, texts, probs, _, _ = known()
    said = np.array([terms.sum() for terms in model.token_log_probs_of(texts)])
    return float(probs @ (np.log(probs) - said)) / world.expected_length() / math.log(2)


def right_numbers(model: LanguageModel) -> dict[int, float]:
    """By the distance of noun and main verb: the share of sentences with the likelier verb in its number."""
    world, texts, probs, distances, plural = known()
    verbs = [world.vocab.encode("sleeps runs hides"), world.vocab.encode("sleep run hide")]
    singular_mass, plural_mass = (
        np.exp(model.next_log_probs([text[:-2] for text in texts])[:, ids]).sum(1) for ids in verbs
    )
    equal = np.abs(plural_mass - singular_mass) < 1e-9  # a tie is half right
    right = np.where(equal, 0.5, (plural_mass > singular_mass) == plural)
    return {
        int(d): float(probs[distances == d] @ right[distances == d] / probs[distances == d].sum())
        for d in np.unique(distances)
    }


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Recall: bits per answer. Agreement: the excess, and the share of main verbs that are right."""
    task, cell = setting["task"], setting["cell"]
    if task == "agreement":
        network = RecurrentNetwork(len(known()[0].vocab), 32, 1, cell).draw(rng)
        model = train_agreement(network, setting["seed"])
        right = {str(d): round(share, 3) for d, share in right_numbers(model).items()}
        return {"bits": round(excess(model), 4), "right": right}
    length = setting["length"]
    ids, _, _ = recall_stream(SPANS[task], STEPS * ROWS * length, rng)
    network = RecurrentNetwork(len(RECALL), 16, 1, cell).draw(rng)
    train_recall(network, ids, length, setting["carry"])
    judged, answers, _ = recall_stream(SPANS[task], 20_000, np.random.default_rng(99))
    return {"bits": round(float(recall_bits(network, judged, answers).mean()), 2), "right": None}


if __name__ == "__main__":
    run("memory_spans", SETTINGS, measure)
