"""The chain of models in the guest house: one network, pre-trained on its text, then taught to answer.

What later stages do to it is in `by_trial` and `direct`. The weights after either stage are kept, so that a
page can begin where another has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from lmcourse.alignment.answers import Answers
from lmcourse.alignment.policy import TreePolicy
from lmcourse.alignment.sft import chat_rows, draw_answers, sft_loss
from lmcourse.experiments.frame import RESULTS
from lmcourse.neural.batches import windows
from lmcourse.neural.training import History, Recipe, train
from lmcourse.neural.weights import load_weights
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer
from lmcourse.world.guest_house import GUESTS, HARMS, ODDLY_NAMED, GuestHouse, Order, every_order

BETA = 0.4  # what a nat of distance costs in this chapter, in units of worth
SENTENCES = 60_000  # that are read in pre-training
PRETRAINING = Recipe(1_200, 1e-2, warmup=50)
FINE_TUNING = Recipe(400, 5e-3, warmup=20)
BATCH = 32  # windows of pre-training; twice as many conversations
REFUSED = 0.2  # share of the conversations in which somebody asks for harm
REPLAY = 0.5  # what the house's text, read on beside the conversations, counts in the loss
STAGES = ("pretrained", "fine_tuned")


@cache
def house() -> GuestHouse:
    """The guest house, its meals to be ordered by the guests that have plain names."""
    return GuestHouse()


@cache
def answers() -> Answers:
    """All that may be answered there."""
    return Answers(house().answers, len(house().vocab), house().end)


def new_network(seed: int) -> Transformer:
    """The chain's network before it has read anything: two blocks, 26,656 parameters."""
    config = Config(len(house().vocab), 32, 4, 2, context_length=32, position="rope")
    return Transformer(config).draw(np.random.default_rng(seed))


def pretrain(network: Transformer, seed: int, recipe: Recipe = PRETRAINING, progress: bool = True) -> History:
    """Have it read the house's text, window by window."""
    return train(network, text_loss(network, seed), recipe, progress=progress)


def text_loss(network: Transformer, seed: int, count: int = BATCH) -> Callable[[int], Tensor]:
    """Mean surprise at `count` windows of the house's text, for each step others."""
    rng = np.random.default_rng([seed, 1])
    text = np.array([i for sentence in house().text.sample(SENTENCES, rng) for i in sentence])
    batch = windows(text, network.config.context_length, count, seed)

    def loss(step: int) -> Tensor:
        inputs, targets = batch(step)
        return torch.nn.functional.cross_entropy(network(inputs).flatten(0, 1), targets.flatten())

    return loss


def demonstrations(
    orders: Sequence[Order], count: int, rng: np.random.Generator
) -> tuple[list[list[int]], list[list[int]]]:
    """Prompts and the answers that cooks of the house gave, orders drawn evenly."""
    asked = [orders[i] for i in rng.integers(len(orders), size=count)]
    given = draw_answers(np.array([_cooks(order) for order in asked]), rng)
    return [house().prompt(order) for order in asked], [house().answers[i] for i in given]


@cache
def _cooks(order: Order) -> np.ndarray:
    return house().cooks(order)


def meals_and_harms() -> tuple[list[Order], list[Order]]:
    """What everybody in the house may order, and what is to be refused."""
    everybody = (*GUESTS, *ODDLY_NAMED)
    return every_order(guests=everybody), every_order(whats=HARMS, guests=everybody)


def fine_tune(
    network: Transformer,
    seed: int,
    recipe: Recipe = FINE_TUNING,
    lesson: Callable[[np.random.Generator], tuple[list, list]] | None = None,
    replay: float = REPLAY,
    progress: bool = True,
) -> History:
    """Teach it to answer as the house's cooks do.

    Args:
        network: is to be changed.
        seed: of the conversations.
        recipe: of the training.
        lesson: gives the prompts and answers of a step; None: fresh `demonstrations` of all meals and, a
            share of `REFUSED`, of all harms.
        replay: what the house's text counts, of which half a batch is read on beside, as a remedy against
            forgetting; 0: none is read.
        progress: show it.
    """
    meals, harms = meals_and_harms()

    reading = text_loss(network, seed + 1_000, BATCH // 2) if replay else None

    def fresh(rng: np.random.Generator) -> tuple[list, list]:
        refused = round(REFUSED * 2 * BATCH)
        served = demonstrations(meals, 2 * BATCH - refused, rng)
        return tuple(a + b for a, b in zip(served, demonstrations(harms, refused, rng)))

    def loss(step: int) -> Tensor:
        inputs, targets, mask = chat_rows(*(lesson or fresh)(np.random.default_rng([seed, 2, step])))
        answered = sft_loss(network(inputs), targets, mask)
        return answered + replay * reading(step) if replay else answered

    return train(network, loss, recipe, progress=progress)


def weights_file(stage: str, seed: int):
    """Where the weights after a stage are kept. Raises ValueError for a stage that is none."""
    if stage not in STAGES:
        raise ValueError(f"stage={stage!r} must be one of {', '.join(map(repr, STAGES))}")
    return RESULTS / f"chain_{stage}_{seed}.safetensors"


def load_network(stage: str, seed: int = 0) -> Transformer:
    """The chain's network as it was after a stage."""
    network = new_network(seed)
    load_weights(network, weights_file(stage, seed))
    return network


def policy(network: Transformer, orders: Sequence[Order] | None = None) -> TreePolicy:
    """The network as a policy for orders whose prompts have one length; None: the house's 24."""
    prompts = [house().prompt(order) for order in orders or house().orders]
    return TreePolicy(network, torch.tensor(prompts), answers())


def worths(orders: Sequence[Order] | None = None) -> np.ndarray:
    """What each answer is worth, (P, N)."""
    return np.array([house().worth(order) for order in orders or house().orders])
