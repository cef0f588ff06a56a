"""Networks side by side: each learns as it would alone, and rounding does what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmcourse.scaling.fact_networks import FactNetworks, rounded, stored_bits, teach
from lmcourse.scaling.knowledge import bits_held, questions, total_bits
from lmcourse.world.ranked_facts import RankedFacts


def worlds(n):
    return [RankedFacts(0, n_names=3, n_relations=4, n_objects=4, seed=seed) for seed in range(n)]


def build(n, seed=0):
    return FactNetworks(n, (3, 3, 4), 4, 6, 12, np.random.default_rng(seed))


def learned(networks, answers, exposures=150):
    asked = questions(worlds(1)[0])[0]
    teach(networks, asked, lambda i: answers[:, i], exposures, 2, 0.03, np.random.default_rng(5))
    return networks.log_probs(asked)


@pytest.fixture(scope="module")
def answers():
    return np.stack([questions(world)[1] for world in worlds(2)])


@pytest.fixture(scope="module")
def log_probs(answers):
    return learned(build(2), answers)


def test_few_facts_are_learned_by_heart(answers, log_probs):
    for row, right in zip(log_probs, answers):
        assert bits_held(row, right) > 0.95 * total_bits(worlds(1)[0])
    assert bits_held(log_probs[0], answers[1]) < 0.3 * total_bits(worlds(1)[0])  # another's facts


def test_networks_side_by_side_do_not_know_of_one_another(answers, log_probs):
    pair, alone = build(2), build(1)
    alone.load_state_dict({name: weight[1:] for name, weight in pair.state_dict().items()})
    np.testing.assert_allclose(learned(alone, answers[1:])[0], log_probs[1], atol=1e-3)


def test_distributions_can_be_taught():
    even = np.full((2, 36, 4), 0.25, dtype=np.float32)
    networks, asked = build(2), questions(worlds(1)[0])[0]
    teach(networks, asked, lambda i: even[:, i], 40, 2, 0.03, np.random.default_rng(5))
    assert np.abs(np.exp(networks.log_probs(asked)) - 0.25).max() < 0.05


def test_parameters_are_counted_by_hand():
    # embeddings 10 words x 6, up 18 x 12 + 12, down 12 x 4 + 4
    assert build(2).count_parameters() == 60 + 228 + 52
    # four bits and 32 for each of three matrices, 16 bits for each of 16 biases
    assert stored_bits(build(2), 4) == 4 * (60 + 216 + 48) + 3 * 32 + 16 * 16


def test_each_matrix_of_each_network_has_a_grid_of_its_own():
    networks = build(2)
    with torch.no_grad():
        networks.up[1] *= 100
        networks.up_bias += torch.linspace(0, 1, networks.up_bias.shape[-1])  # biases begin as zeros
    found = rounded(networks, 2)
    for one in range(2):
        assert len(found["up"][one].unique()) == 4
        assert found["up"][one].max() == pytest.approx(networks.up[one].max().item())
    assert torch.equal(found["up_bias"], networks.up_bias)
