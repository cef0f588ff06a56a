"""Transformers on Shakespeare: what is asked is what is said; the kept network is the table's."""

import numpy as np
import pytest
import torch

from lmcourse.experiments import character_transformer as experiment
from lmcourse.experiments import load
from lmcourse.experiments.same_context import BLOCK
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer


def small(position: str) -> Transformer:
    return Transformer(Config(5, 8, 2, 2, 6, position=position)).draw(np.random.default_rng(0)).eval()


@pytest.mark.parametrize("position", ["learned", "rope"])
@pytest.mark.parametrize("k", [1, 4, 6])
def test_a_network_is_asked_after_the_characters_before_the_place_and_no_others(position, k):
    network, text, where = small(position), np.random.default_rng(0).integers(5, size=60), np.array([20, 40])
    bits = experiment.surprises(network, text, where, k)
    for place, said in zip(where, bits):
        logits = network(torch.as_tensor(text[place - k : place])[None])[0, -1]
        assert said == pytest.approx(
            -logits.double().log_softmax(-1)[text[place]].item() / np.log(2), abs=1e-5
        )
    elsewhere = np.full(60, 3)
    for place in where:
        elsewhere[place - k : place + 1] = text[place - k : place + 1]
    np.testing.assert_allclose(experiment.surprises(network, elsewhere, where, k), bits, atol=1e-6)


def test_in_windows_each_character_has_its_window_before_it():
    network, text = small("learned"), np.random.default_rng(1).integers(5, size=20)
    # three windows of 6: characters 1 to 18, each from those of its window; the last is left over
    costs = []
    for begin in (0, 6, 12):
        for place in range(begin, begin + 6):
            one = experiment.surprises(network, text, np.array([place + 1]), place + 1 - begin)
            costs.append(one[0])
    assert experiment.in_windows(network, text) == pytest.approx(np.mean(costs), abs=1e-6)


def test_blocks_are_means_of_the_places_in_them():
    where = np.array([100, 3_900, 4_000, 8_500])
    assert experiment.in_blocks(np.array([1.0, 2.0, 5.0, 9.0]), where) == [1.5, 7.0]
    assert experiment.places()[0] >= max(max(seen) for seen in experiment.SEEN.values())


def test_the_kept_network_is_the_one_that_was_measured():
    row = next(row for row in load("character_transformer").rows if row.items() >= experiment.PAGE.items())
    model, where = experiment.load_model(), experiment.places()
    those = where < 3 * BLOCK
    bits = experiment.surprises(model.module, experiment.corpus()[2], where[those], 31)
    found = [bits[where[those] // BLOCK == b].mean() for b in range(3)]
    assert found == pytest.approx(row["blocks"]["31"][:3], abs=1e-3)
    assert experiment.WEIGHTS.stat().st_size < 1_000_000
    assert sum(weight.numel() for weight in model.module.parameters()) == row["parameters"]
