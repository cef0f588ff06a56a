"""The chain's network, five times: pre-trained on the guest house's text, then taught to answer orders.

The weights after each stage are kept beside the result, in half precision; all that chapter 7 goes on to do
begins with them. The excess is that over the entropy rate of the text, on fresh sentences; the distance, how
far the answers to the house's 24 orders are from the cooks', kept to the answers that are allowed (exact);
`outside`, the probability of saying something else.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.alignment import chain
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe
from lmcourse.neural.weights import save_weights
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer

ASKED = 2_000  # fresh sentences
AGAIN = {"seed": 0, "steps": 5}  # a quick one, measured anew by every test; its weights are not kept
SETTINGS = [AGAIN, *({"seed": seed, "steps": chain.PRETRAINING.steps} for seed in range(5))]


def excess(network: Transformer) -> float:
    """Nats per token beyond the entropy rate, on sentences of the house's text."""
    text, rng = chain.house().text, np.random.default_rng(99)
    sentences = text.sample(ASKED, rng)
    model = TransformerModel(network, chain.house().vocab, start=text.end)
    said = model.token_log_probs_of(sentences)
    true = [text.token_log_probs(sentence) for sentence in sentences]
    return float((np.concatenate(true) - np.concatenate(said)).mean())


def distance_from_cooks(network: Transformer) -> float:
    """KL(cooks ‖ network) in nats, the mean over the orders."""
    cooks = np.array([chain.house().cooks(order) for order in chain.house().orders])
    said = chain.policy(network).log_table()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(cooks > 0, cooks * (np.log(cooks) - said), 0.0).sum(axis=1).mean())


def outside(network: Transformer) -> float:
    """The probability that an unconstrained answer is none of those allowed, the mean over the orders."""
    house = chain.house()
    within = []
    for order in house.orders:
        start, *prompt = house.prompt(order)
        model = TransformerModel(network, house.vocab, start=start)
        said = model.token_log_probs_of([[*prompt, *answer] for answer in house.answers])
        within.append(sum(np.exp(terms[len(prompt) :].sum()) for terms in said))
    return float(1 - np.mean(within))


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """What the network knows after each stage."""
    seed, steps = setting["seed"], setting["steps"]
    network, found = chain.new_network(seed), {}
    recipes = (chain.PRETRAINING, chain.FINE_TUNING)
    whole = steps == chain.PRETRAINING.steps
    for stage, teach, recipe in zip(chain.STAGES, (chain.pretrain, chain.fine_tune), recipes):
        how = recipe if whole else Recipe(steps, recipe.learning_rate)
        teach(network, seed, how, progress=False)
        if whole:
            save_weights(network, chain.weights_file(stage, seed))
        found[stage] = {
            "excess": round(excess(network), 4),
            "distance": round(distance_from_cooks(network), 4),
        }
    return {**found, "outside": round(outside(network), 5)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("chain", SETTINGS, measure)
