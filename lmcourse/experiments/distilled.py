"""A small network taught by text, by a large network's distributions, and by the truth itself.

Every mouse has tastes: for each of 16 relations a distribution over 16 objects, softmax(a + b + c), where the
first name brings a, the family b and the relation c, all drawn from normal distributions. In a text each
question is answered by one object that is drawn from it. The small network sees every question `exposures`
times: with a drawn object (*text*), with the distribution of a large network that has read `much` draws for
each question (*teacher*) or as many as the small one does (*equal teacher*), with that of a network as small
which has read as many (*small teacher*), or with the true distribution (*truth*). First weights and order
are the same in all five, and five networks stand for each, in worlds of their own. How far they end from the
truth is exact: the mean Kullback-Leibler divergence over all questions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.scaling.fact_networks import FactNetworks, teach

N_NETWORKS, N_NAMES, N_RELATIONS, N_OBJECTS = 5, 6, 16, 16
SMALL, LARGE = 16, 64  # numbers in the hidden layer; half of it in an embedding
MUCH = 200
BATCHES, RATES = 4, {SMALL: 0.02, LARGE: 0.01}
AGAIN = {"exposures": 3, "much": 6}  # a quick one, measured anew by every test
SETTINGS = [AGAIN, *({"exposures": n, "much": MUCH} for n in (10, 30, 100))]


def tastes(rng: np.random.Generator) -> np.ndarray:
    """The truth: for each network's world and question a distribution over objects, (S, n, m)."""
    shapes = ((N_NAMES, 1, 1), (1, N_NAMES, 1), (1, 1, N_RELATIONS))
    scores = sum(rng.standard_normal((N_NETWORKS, *shape, N_OBJECTS)) for shape in shapes)
    probs = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return probs.reshape(N_NETWORKS, -1, N_OBJECTS).astype(np.float32)


def all_questions() -> np.ndarray:
    """First name, family and relation, (n, 3)."""
    each = np.meshgrid(*map(np.arange, (N_NAMES, N_NAMES, N_RELATIONS)), indexing="ij")
    return np.stack([numbers.ravel() for numbers in each], axis=1)


def divergence(truth: np.ndarray, log_probs: np.ndarray) -> np.ndarray:
    """Bits a question by which each network is further from the truth than the truth itself, (S,)."""
    safe = np.where(truth > 0, truth, 1).astype(float)
    return ((truth * (np.log(safe) - log_probs)).sum(axis=2) / np.log(2)).mean(axis=1)


def taught(hidden: int, exposures: int, targets, seeds: tuple[int, int]) -> FactNetworks:
    """Networks that were taught; `seeds` are of the first weights and the order."""
    weights, order = map(np.random.default_rng, seeds)
    sizes = (N_NAMES, N_NAMES, N_RELATIONS)
    networks = FactNetworks(N_NETWORKS, sizes, N_OBJECTS, hidden // 2, hidden, weights)
    teach(networks, all_questions(), targets, exposures, BATCHES, RATES[hidden], order)
    return networks


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Divergence of the networks from the truth, in bits, by what they were taught."""
    truth, asked = tastes(rng), all_questions()
    edges = truth.cumsum(axis=2)

    def text(chosen: np.ndarray) -> np.ndarray:
        drawn = rng.random((N_NETWORKS, len(chosen), 1)) * edges[:, chosen, -1:]
        return (drawn > edges[:, chosen]).sum(axis=2)

    found, exposures = {}, setting["exposures"]
    sources = {"text": text, "truth": lambda i: truth[:, i]}
    for name, read in (("teacher", setting["much"]), ("equal teacher", exposures)):
        large = taught(LARGE, read, text, (1, 2))
        log_probs = large.log_probs(asked)
        probs = np.exp(log_probs).astype(np.float32)
        found[f"{name} itself"] = divergence(truth, log_probs).round(5).tolist()
        sources[name] = lambda i, probs=probs: probs[:, i]
    for name, targets in sources.items():
        small = taught(SMALL, exposures, targets, (3, 4))
        found[name] = divergence(truth, small.log_probs(asked)).round(5).tolist()
    peer = taught(SMALL, exposures, text, (1, 2)).log_probs(asked)
    probs = np.exp(peer).astype(np.float32)
    found["small teacher itself"] = divergence(truth, peer).round(5).tolist()
    small = taught(SMALL, exposures, lambda i: probs[:, i], (3, 4))
    found["small teacher"] = divergence(truth, small.log_probs(asked)).round(5).tolist()
    return {
        **found,
        "parameters": [taught_size(SMALL), taught_size(LARGE)],
        "even": divergence(truth, np.full(truth.shape, -np.log(N_OBJECTS))).round(5).tolist(),
    }


def taught_size(hidden: int) -> int:
    """Parameters of one network."""
    sizes = (N_NAMES, N_NAMES, N_RELATIONS)
    return FactNetworks(1, sizes, N_OBJECTS, hidden // 2, hidden, np.random.default_rng(0)).count_parameters()


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("distilled", SETTINGS, measure)
