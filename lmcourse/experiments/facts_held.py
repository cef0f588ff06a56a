"""How many bits of evenly drawn facts networks of several sizes hold, and what is left of them in fewer bits.

A world has names x names mice and 16 relations; each fact is one of 16 objects, 4 bits. A network has
embeddings of half as many numbers as its hidden layer. Each fact is shown `exposures` times, every time round
in another order and in `BATCHES` steps. Three networks a setting, each with weights and facts of its own. The
learning rate was tried at a few settings and not tuned at each.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.scaling.fact_networks import FactNetworks, rounded, stored_bits, teach
from lmcourse.scaling.knowledge import bits_held, questions, total_bits
from lmcourse.world.ranked_facts import RankedFacts

N_NETWORKS, N_RELATIONS, N_OBJECTS = 3, 16, 16
BATCHES, LEARNING_RATE = 2, 0.1
BITS = (8, 6, 5, 4, 3, 2)  # of a weight
WITHIN = 2.0  # bits of over a hundred: another processor may round a weight to the other side
_KEYS = ("hidden", "names", "exposures")
AGAIN = dict(zip(_KEYS, (8, 4, 10)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(dict(zip(_KEYS, (8, names, 1000))) for names in (2, 3, 4, 6)),
    *(dict(zip(_KEYS, (16, names, 1000))) for names in (3, 4, 6, 8)),
    *(dict(zip(_KEYS, (32, names, 1000))) for names in (6, 8, 11, 14)),
    *(dict(zip(_KEYS, (16, 6, exposures))) for exposures in (30, 100, 300)),
    *(dict(zip(_KEYS, (32, 11, exposures))) for exposures in (30, 100, 300)),
]


def worlds(names: int) -> list[RankedFacts]:
    """One for each network: the same mice, other facts."""
    return [RankedFacts(0, names, N_RELATIONS, N_OBJECTS, seed) for seed in range(N_NETWORKS)]


def build(hidden: int, names: int, rng: np.random.Generator) -> FactNetworks:
    """Networks before training."""
    return FactNetworks(N_NETWORKS, (names, names, N_RELATIONS), N_OBJECTS, hidden // 2, hidden, rng)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Bits held by each of the networks, as they are and rounded."""
    drawn = worlds(setting["names"])
    asked = questions(drawn[0])[0]
    answers = np.stack([questions(world)[1] for world in drawn])
    networks = build(setting["hidden"], setting["names"], rng)
    teach(networks, asked, lambda i: answers[:, i], setting["exposures"], BATCHES, LEARNING_RATE, rng)

    def held() -> list[float]:
        pairs = zip(networks.log_probs(asked), answers)
        return [round(bits_held(log_probs, right), 1) for log_probs, right in pairs]

    found = {
        "parameters": networks.count_parameters(),
        "facts": len(asked),
        "total": total_bits(drawn[0]),
        "right": [float(np.mean(x.argmax(axis=1) == y)) for x, y in zip(networks.log_probs(asked), answers)],
        "held": held(),
        "rounded": {},
        "stored": {str(bits): stored_bits(networks, bits) for bits in BITS},
    }
    trained = {name: weight.clone() for name, weight in networks.state_dict().items()}
    for bits in BITS:
        networks.load_state_dict(trained)
        networks.load_state_dict(rounded(networks, bits))
        found["rounded"][str(bits)] = held()
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("facts_held", SETTINGS, measure)
