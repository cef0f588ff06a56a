"""Looking back: what is asked, networks set by hand that know the answer, and the Transformer without √d."""

import math

import numpy as np
import pytest
import torch

from lmcourse.experiments import look_back
from lmcourse.transformer.attention import Attention, attend
from lmcourse.transformer.config import Config


def test_keys_differ_and_answers_are_the_values_of_the_keys_asked_for():
    batch = look_back.draw_pairs(np.random.default_rng(0), n=8, asked=2, size=50)
    for keys, values, asked, answers in zip(
        batch.keys.tolist(), batch.values.tolist(), batch.asked.tolist(), batch.answers.tolist()
    ):
        assert len(set(keys)) == 8
        assert asked[0] != asked[1]
        assert [dict(zip(keys, values))[key] for key in asked] == answers


def by_hand(sharpness: float = 50.0) -> look_back.LookBack:
    """Keys are the first 64 directions, values the next 16; it asks by key and answers by value."""
    width = look_back.KEYS + look_back.VALUES
    network = look_back.LookBack(width)
    with torch.no_grad():
        network.key.weight.copy_(torch.eye(width)[: look_back.KEYS])
        network.value.weight.copy_(torch.eye(width)[look_back.KEYS :])
        network.question.weight.copy_(sharpness * torch.eye(width)[: look_back.KEYS])
        for part in (network.W_q, network.W_k, network.W_v):
            part.weight.copy_(torch.eye(width))
        network.W_k.weight[look_back.KEYS :] = 0
        answer = network.answer[0]
        answer.weight.copy_(torch.eye(width)[look_back.KEYS :])
        answer.bias.zero_()
    return network


def test_a_look_up_made_by_hand_answers_everything_and_looks_at_the_right_pair():
    network, batch = by_hand(), look_back.draw_pairs(np.random.default_rng(1), n=32)
    assert look_back.share_right(network, 32) == [1.0]
    weights = network.weights(*network.vectors(batch))[:, 0]
    assert torch.equal(weights.argmax(dim=1), batch.places[:, 0])


@pytest.mark.parametrize("scaled", [True, False])
def test_its_heads_are_the_attention_of_the_library(scaled):
    network = look_back.LookBack(12, n_heads=3, scaled=scaled).draw(np.random.default_rng(0)).double()
    pairs, question = network.vectors(look_back.draw_pairs(np.random.default_rng(0), 5, size=2))
    q, k, v = (
        part(x).detach().unflatten(-1, (3, 4)).transpose(1, 2).numpy()
        for part, x in ((network.W_q, question), (network.W_k, pairs), (network.W_v, pairs))
    )
    right = attend(q if scaled else 2 * q, k, v)[:, :, 0].reshape(2, 12)  # √4 = 2
    np.testing.assert_allclose(network.found(pairs, question).detach(), right, atol=1e-12)


def test_who_does_not_learn_guesses():
    found = look_back.share_right(look_back.Carry(8).draw(np.random.default_rng(0)), 4)
    p = 1 / look_back.VALUES
    assert found == pytest.approx([p], abs=5 * math.sqrt(p * (1 - p) / look_back.TESTS))


def test_unscaled_scores_are_larger_by_the_root_of_d():
    config = Config(7, 12, 3, 1, 9)
    layer, unscaled = Attention(config), look_back.Unscaled(config)
    unscaled.load_state_dict(layer.state_dict())
    x = torch.randn(1, 5, 12, generator=torch.Generator().manual_seed(0))
    q, k, v = layer.heads(x)
    for found, expected in zip(unscaled.heads(x), (2 * q, k, v)):
        torch.testing.assert_close(found, expected)


def test_the_mouse_worlds_transformer_is_unscaled_if_it_is_told_so():
    models = [
        look_back.mouse(8, 1, scaled, 1e-3, 1, np.random.default_rng(0), seed=0) for scaled in (True, False)
    ]
    logits = [model.module(torch.tensor([[0, 1, 2]])) for model in models]
    assert not torch.allclose(*logits)
