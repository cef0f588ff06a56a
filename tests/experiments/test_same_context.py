"""The same characters of context: what is asked is what is said, at the same places for all models."""

import numpy as np
import pytest
import torch

from lmcourse.experiments import same_context
from lmcourse.neural.feed_forward import FeedForwardNetwork
from lmcourse.neural.recurrent import RecurrentNetwork


@pytest.mark.parametrize("kind", ["window", "lstm"])
def test_a_network_is_asked_after_the_characters_before_the_place_and_no_others(kind):
    rng, k = np.random.default_rng(0), same_context.WINDOW
    network = FeedForwardNetwork(5, k + 1, 3, 4, start=0) if kind == "window" else RecurrentNetwork(5, 4)
    text, where = rng.integers(5, size=60), np.array([20, 40])
    bits = same_context.surprises(network, text, where, k)
    for place, said in zip(where, bits):
        before = torch.as_tensor(text[place - k : place])[None]
        logits = network.after(before) if kind == "window" else network(before)[:, -1]
        expected = -logits.double().log_softmax(-1)[0, text[place]].item() / np.log(2)
        assert said == pytest.approx(expected, abs=1e-5)
    elsewhere = text.copy()
    elsewhere[[*range(14), *range(21, 34), *range(41, 60)]] += 1  # nothing that the two places show
    np.testing.assert_array_equal(same_context.surprises(network, elsewhere % 5, where, k), bits)


def test_blocks_are_means_of_the_places_in_them():
    where = same_context.places()
    blocks = same_context.in_blocks(where // same_context.BLOCK, where)
    assert blocks[:3] == [0, 1, 2]
    assert np.diff(where).tolist() == [same_context.EVERY] * (len(where) - 1)
