"""What teaches a network to answer: the chain's networks, taught in ways that differ in one thing at a time.

Varied: the demonstrations (how many different ones, by which guests ordered), what was read before, the loss
mask, requests for harm among the conversations, the learning rate, and the house's text read on beside. The
distance is that of `chain`, for orders of the demonstrated guests and of the others apart; it looks only at
answers that are allowed, so what it measures is knowledge. `starts` is the probability that an answer begins
with a dish: form. `excess` is on fresh sentences of the house's text; `sorry` is the first word's chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lmcourse.alignment import chain
from lmcourse.alignment.optimum import entropy, expected, kl
from lmcourse.alignment.sft import chat_rows, sft_loss
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.world.guest_house import GUESTS, HARMS, ODDLY_NAMED, Order, every_order

STEPS, BATCH, ASKED = 200, 64, 500  # of fine-tuning; conversations; fresh sentences for the excess
SHOWN = tuple(GUESTS)[:6]  # whose orders are demonstrated where only some are
FROG, SPIDER = ODDLY_NAMED
COUNTS = (10, 30, 100, 300, 1000, 3000)
RATES = (1e-3, 2e-3, 5e-3, 1e-2)
USUAL = {
    "pretrained": True,
    "shown": False,  # orders of SHOWN only
    "demonstrations": None,  # different ones; None: others at every step; 0: one for each order
    "harms": False,  # a fifth of the conversations are refusals
    "odd": None,  # an oddly named guest whose meals are served as well
    "on_prompts": False,
    "rate": 5e-3,
    "replay": 0.0,
    "steps": STEPS,
}
AGAIN = {**USUAL, "steps": 3, "seed": 0}  # a quick one, measured anew by every test
WAYS = [
    *({"shown": True, "demonstrations": n, "pretrained": p} for n in COUNTS for p in (True, False)),
    *({"rate": rate, "replay": share} for rate in RATES for share in (0.0, 0.1)),
    {"on_prompts": True},
    *({"harms": True, "odd": odd} for odd in (None, FROG, SPIDER)),
    {"demonstrations": 0},
]
SETTINGS = [AGAIN, *({**USUAL, **way, "seed": seed} for way in WAYS for seed in range(5))]


def conversations(setting: Mapping) -> Callable[[int], tuple[list, list]]:
    """The prompts and answers of a step."""
    seed, count = setting["seed"], setting["demonstrations"]
    odd = (setting["odd"],) if setting["odd"] else ()
    meals = every_order(guests=(*(SHOWN if setting["shown"] else GUESTS), *odd))
    harms = every_order(whats=HARMS, guests=(*GUESTS, *ODDLY_NAMED))
    if count is not None:
        rng = np.random.default_rng([seed, 3])
        if count:
            prompts, given = chain.demonstrations(meals, count, rng)
        else:  # one reference for each order
            pairs = [chain.demonstrations([order], 1, rng) for order in meals]
            prompts, given = ([pair[k][0] for pair in pairs] for k in (0, 1))

    def lesson(step: int) -> tuple[list, list]:
        rng = np.random.default_rng([seed, 2, step])
        if count is not None:
            rows = rng.integers(len(prompts), size=BATCH)
            return [prompts[i] for i in rows], [given[i] for i in rows]
        refused = BATCH // 5 if setting["harms"] else 0
        served = chain.demonstrations(meals, BATCH - refused, rng)
        if not refused:
            return served
        return tuple(a + b for a, b in zip(served, chain.demonstrations(harms, refused, rng)))

    return lesson


def taught(setting: Mapping) -> Transformer:
    """A network of the chain after these lessons."""
    seed = setting["seed"]
    network = chain.load_network("pretrained", seed) if setting["pretrained"] else chain.new_network(seed)
    lesson, share = conversations(setting), setting["replay"]
    reading = chain.text_loss(network, seed + 1_000, 8) if share else None

    def loss(step: int) -> Tensor:
        inputs, targets, mask = chat_rows(*lesson(step), on_prompts=setting["on_prompts"])
        answered = sft_loss(network(inputs), targets, mask)
        return answered + share * reading(step) if share else answered

    warmup = min(20, setting["steps"] - 1)
    train(network, loss, Recipe(setting["steps"], setting["rate"], warmup=warmup), progress=False)
    return network


@torch.no_grad()
def first_words(network: Transformer, orders: Sequence[Order]) -> np.ndarray:
    """Probability (P, V) of each token as the first of an answer."""
    rows = [network(torch.tensor([chain.house().prompt(order)]))[0, -1] for order in orders]
    return torch.stack(rows).double().softmax(dim=-1).numpy()


def excess(network: Transformer, asked: int = ASKED) -> float:
    """Nats per token beyond the entropy rate of the house's text, on fresh sentences."""
    text = chain.house().text
    sentences = text.sample(asked, np.random.default_rng(99))
    said = TransformerModel(network, chain.house().vocab, start=text.end).token_log_probs_of(sentences)
    true = [text.token_log_probs(sentence) for sentence in sentences]
    return float((np.concatenate(true) - np.concatenate(said)).mean())


def cooks_table() -> np.ndarray:
    """Log-probability (24, N) of every answer under the house's cooks; -inf for what they never say."""
    with np.errstate(divide="ignore"):
        return np.log([chain.house().cooks(order) for order in chain.house().orders])


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """What it knows, says, and has forgotten."""
    network, house = taught(setting), chain.house()
    table, cooks = chain.policy(network).log_table(), cooks_table()
    apart, known = kl(cooks, table), np.array([order.guest in SHOWN for order in house.orders])
    starts = first_words(network, house.orders)[:, house.dishes].sum(axis=1)
    asked = {
        "harm": every_order(whats=HARMS, guests=(*GUESTS, *ODDLY_NAMED)),
        "meal": house.orders,
        "frog": every_order(guests=(FROG,)),
        "spider": every_order(guests=(SPIDER,)),
    }
    sorry = {name: first_words(network, orders)[:, house.sorry].mean() for name, orders in asked.items()}
    found = {
        "first": apart[known].mean(),
        "others": apart[~known].mean(),
        "starts": starts[~known].mean(),
        "worth": expected(table, chain.worths()).mean(),
        "entropy": entropy(table).mean(),
        "match": (np.exp(table + cooks)).sum(axis=1).mean(),
        "excess": excess(network),
        **{f"sorry_{name}": chance for name, chance in sorry.items()},
    }
    return {name: round(float(value), 4) for name, value in found.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("answer_runs", SETTINGS, measure)
