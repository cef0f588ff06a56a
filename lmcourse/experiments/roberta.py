"""What RoBERTa changed of BERT, in the mouse world: masks always new, and no question of what follows.

*Masks*: a text of 1,024 sentences is read 40 times, as often as BERT read its own, with masks drawn once
(1 copy), in 10 copies that take turns, or anew each time; judged on other sentences against the exact
posterior. *Pairs*: does sentence B follow A? In documents whose second sentence keeps the subject of the
first four times in five, the best accuracy is a formula. A network learns hidden words and this question,
another the hidden words alone, from the same pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.fill_ins import Network, above, draw, loss_of, sentences, specials, world
from lmcourse.experiments.objectives import BATCH, RATE, build, look
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer import objectives
from lmcourse.transformer.batches import Batch

FEW, PASSES = 1_024, 40
KEEP, STEPS = 0.8, 1_200  # how often the second sentence keeps the subject of the first
AGAIN = {"task": "masks", "copies": 1, "passes": 1, "seed": 0}  # measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        {"task": "masks", "copies": copies, "passes": PASSES, "seed": seed}
        for seed in range(3)
        for copies in (1, 10, None)
    ),
    *(
        {"task": "pairs", "asked": asked, "steps": STEPS, "seed": seed}
        for seed in range(3)
        for asked in (True, False)
    ),
]


# ---------- a small text, read again and again ----------


def learn_again(copies: int | None, seed: int, passes: int) -> tuple[Network, float]:
    """BERT's objective on few sentences; in each pass the masks of one of so many copies, or new ones.

    Returns the network, and bits at an answer of the last pass, asked once more: of text that was read.
    """
    network = build("masked (BERT)", np.random.default_rng([seed, 1]))
    texts = draw(FEW, np.random.default_rng([seed, 3]))
    each = FEW // BATCH

    @lru_cache(maxsize=1)
    def masked_in(epoch: int) -> Batch:
        return objectives.masked_lm(texts, specials(), objectives.masking_rng(seed, epoch, copies))

    def loss(step: int) -> Tensor:
        epoch, part = divmod(step, each)
        batch = masked_in(epoch)
        order = np.random.default_rng([seed, 4, epoch]).permutation(FEW)
        rows = order[part * BATCH : (part + 1) * BATCH]
        return loss_of(network, Batch(*(array[rows] for array in batch)))

    steps = passes * each
    recipe = Recipe(steps, RATE, warmup=50, judge_every=steps)
    train(network, loss, recipe, progress=False)
    with torch.no_grad():
        read = loss_of(network, masked_in(passes - 1)).item() / math.log(2)
    return network, read


# ---------- pairs of sentences ----------


@lru_cache(maxsize=1)
def subjects() -> dict[int, float]:
    """The probability of each noun as a sentence's subject, which is its second token."""
    ids, probs = sentences().padded(specials().pad)
    return {int(noun): float(probs[ids[:, 1] == noun].sum()) for noun in np.unique(ids[:, 1])}


def documents(n: int, rng: np.random.Generator) -> list[list[list[int]]]:
    """Two sentences each: the second keeps the first one's subject with probability KEEP, or draws anew."""
    ids, probs = sentences().padded(specials().pad)
    pairs = [draw(n, rng), draw(n, rng)]
    keeps = rng.random(n) < KEEP
    for noun in subjects():
        rows = np.flatnonzero(keeps & (pairs[0][:, 1] == noun))
        weights = np.where(ids[:, 1] == noun, probs, 0.0)
        pairs[1][rows] = ids[rng.choice(len(ids), size=len(rows), p=weights / weights.sum())]
    return [[row[row != specials().pad].tolist() for row in pair] for pair in zip(*pairs)]


def likelihood_ratio(a: int, b: int) -> float:
    """How much likelier subject b is after a sentence about a than elsewhere: all that there is to go by."""
    return (1 - KEEP) + KEEP * (a == b) / subjects()[b]


def best_accuracy() -> float:
    """Of telling the next sentence from another: "next" if the subject is the same.

    Right are, of the half that follow, those with the same subject, KEEP + (1 - KEEP) Q, and of the other
    half those with another, 1 - Q, where Q is the chance that two subjects agree: 1/2 + KEEP (1 - Q) / 2.
    """
    agree = sum(p * p for p in subjects().values())
    return 0.5 + KEEP * (1 - agree) / 2


def pair_losses(network: Network, pairs: objectives.SentencePairs, batch: Batch) -> tuple[Tensor, Tensor]:
    """Mean surprise, in nats, at the hidden words and at the question, which is answered at `begin`."""
    hidden = network.hidden(torch.from_numpy(batch.inputs), batch.visible)
    words = cross_entropy(network.logits(hidden[batch.counts]), torch.from_numpy(batch.targets[batch.counts]))
    answers = network.logits(hidden[:, 0])[:, specials().sentinel(0) : specials().sentinel(1) + 1]
    return words, cross_entropy(answers, torch.from_numpy(pairs.is_next.astype(int)))


def learn_pairs(asked: bool, seed: int, steps: int) -> Network:
    """BERT's two objectives on pairs of sentences, or the first of them alone, on the same pairs."""
    network = build("masked (BERT)", np.random.default_rng([seed, 1]))

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, 2, step])
        pairs = objectives.next_sentences(documents(BATCH, rng), specials(), rng)
        words, question = pair_losses(network, pairs, objectives.masked_lm(pairs.inputs, specials(), rng))
        return words + question if asked else words

    recipe = Recipe(steps, RATE, warmup=50, judge_every=steps)
    train(network, loss, recipe, progress=False)
    return network


@lru_cache(maxsize=1)
def judged_pairs(n: int = 4000) -> tuple[objectives.SentencePairs, Batch, np.ndarray, np.ndarray]:
    """Pairs kept apart, the same with hidden words, and the subjects of both sentences, (n,) each."""
    rng = np.random.default_rng(6)
    pairs = objectives.next_sentences(documents(n, rng), specials(), rng)
    masked = objectives.masked_lm(pairs.inputs, specials(), rng)
    seconds = pairs.segments.argmax(axis=1)  # where B begins
    return pairs, masked, pairs.inputs[:, 2], pairs.inputs[np.arange(n), seconds + 1]


def by_numbers() -> float:
    """Accuracy, on those pairs, of who says "next" if both subjects are singular or both plural."""
    pairs, _, a, b = judged_pairs()
    plural = world().vocab.encode("mice cats dogs birds")
    return float(((np.isin(a, plural) == np.isin(b, plural)) == pairs.is_next).mean())


@torch.no_grad()
def judge_pairs(network: Network) -> dict[str, float]:
    """On pairs kept apart: hidden words in bits each; the question on whole sentences."""
    pairs, masked, a, b = judged_pairs()
    whole = Batch(pairs.inputs, pairs.inputs, masked.counts, pairs.visible)
    words, _ = pair_losses(network, pairs, masked)
    hidden = network.hidden(torch.from_numpy(whole.inputs), whole.visible)[:, 0]
    logits = network.logits(hidden)[:, specials().sentinel(0) : specials().sentinel(1) + 1].double()
    ratio = np.array([likelihood_ratio(*pair) for pair in zip(a, b)])
    best = np.stack([1 / (1 + ratio), ratio / (1 + ratio)], axis=1)
    return {
        "words": words.item() / math.log(2),
        "right": float((logits.argmax(dim=1).numpy() == pairs.is_next).mean()),
        "best": float(((ratio > 1) == pairs.is_next).mean()),
        "above": float(above(best, logits).mean()),
    }


# ---------- the command ----------


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """One network, judged in bits above the best answer, or on pairs."""
    if setting["task"] == "masks":
        network, read = learn_again(setting["copies"], setting["seed"], setting["passes"])
        return {**look(network, "masked (BERT)"), "read": round(read, 4)}
    network = learn_pairs(setting["asked"], setting["seed"], setting["steps"])
    return {name: round(value, 4) for name, value in judge_pairs(network).items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("roberta", SETTINGS, measure)
