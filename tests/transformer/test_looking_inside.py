"""Looking inside: what is read is what the network uses, and what is put there is what it goes on with."""

import numpy as np
import pytest
import torch

from lmcourse.transformer.attention import Sight
from lmcourse.transformer.config import Config
from lmcourse.transformer.inside import (
    explained,
    fit_linear,
    lens,
    looks,
    patched,
    silenced,
    stream,
    without_heads,
)
from lmcourse.transformer.network import Transformer

IDS = torch.tensor([[0, 3, 1, 4, 1], [5, 2, 6, 5, 3]])


def network(position="rope", **choices):
    drawn = Transformer(Config(7, 8, 2, 3, 9, d_ff=16, position=position, **choices))
    return drawn.draw(np.random.default_rng(0)).eval()


def test_the_last_look_through_the_lens_is_what_the_network_says():
    with torch.no_grad():
        said = network()(IDS).log_softmax(-1)
    found = lens(network(), IDS)
    assert found.shape == (4, 2, 5, 7)
    torch.testing.assert_close(found[-1], said)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(4, 2, 5))


def test_the_stream_begins_with_the_embedding_and_a_block_leads_from_one_to_the_next():
    net = network("none")
    found = stream(net, IDS)
    with torch.no_grad():
        torch.testing.assert_close(found[0], net.embedding(IDS))
        torch.testing.assert_close(found[2], net.blocks[1](found[1], Sight(causal=True)))


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_patch_with_what_stood_there_changes_nothing(layer):
    net, places = network(), torch.tensor([1, 3])
    own = stream(net, IDS)[layer][torch.arange(2), places]
    with torch.no_grad():
        torch.testing.assert_close(patched(net, IDS, layer, places, own), net(IDS))


def test_a_patch_of_the_embedding_is_another_token():
    """Without positions in the stream a token there is its vector: put another's, and that one was read."""
    net, other = network(), IDS.clone()
    other[0, 2], other[1, 0] = 6, 0
    vectors = net.embedding(torch.tensor([6, 0])).detach()
    with torch.no_grad():
        torch.testing.assert_close(patched(net, IDS, 0, torch.tensor([2, 0]), vectors), net(other))


def test_a_patch_acts_on_its_place_and_those_after_it_and_after_the_last_block_on_its_place_alone():
    net, before = network(), lens(network(), IDS)[-1]
    vectors = torch.ones(2, 8)
    middle = patched(net, IDS, 1, torch.tensor([2, 2]), vectors).log_softmax(-1)
    torch.testing.assert_close(middle[:, :2], before[:, :2])
    assert ((middle[:, 2:] - before[:, 2:]).abs().amax(-1) > 1e-4).all()
    last = patched(net, IDS, 3, torch.tensor([2, 2]), vectors).log_softmax(-1)
    torch.testing.assert_close(last[:, [0, 1, 3, 4]], before[:, [0, 1, 3, 4]])
    torch.testing.assert_close(lens(net, IDS)[-1], before)  # and the network is as it was


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="layer=4 must be from 0"):
        patched(network(), IDS, 4, torch.tensor([0, 0]), torch.ones(2, 8))


@pytest.mark.parametrize("position", ["rope", "alibi", "none", "learned"])
@pytest.mark.parametrize("kv", [None, 1])
def test_with_the_weights_that_are_found_the_values_give_what_the_attention_gives(position, kv):
    net = network(position, n_kv_heads=kv)
    weights, found = looks(net, IDS), stream(net, IDS)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 2, 5))
    assert weights.triu(1).abs().max() == 0
    given = []
    net.blocks[1].attention.register_forward_hook(lambda *parts: given.append(parts[2]))
    with torch.no_grad():
        net(IDS)
        values = net.blocks[1].attention.heads(net.blocks[1].attention_norm(found[1]))[2]
        mixed = (weights[1] @ values).transpose(1, 2).flatten(2)
        torch.testing.assert_close(net.blocks[1].attention.output(mixed), given[0])


@pytest.mark.parametrize("head", [0, 1])
def test_a_silenced_head_is_one_whose_part_of_the_output_matrix_is_zero(head):
    net, other = network(), network()
    with torch.no_grad():
        other.blocks[1].attention.output.weight[:, 4 * head : 4 * head + 4] = 0  # heads of four numbers
        expected = other(IDS)
        torch.testing.assert_close(silenced(net, IDS, 1, head), expected)
        assert not torch.allclose(net(IDS), expected)


def test_heads_are_away_while_it_is_open_and_no_longer():
    net, other = network(), network()
    with torch.no_grad():
        for block, head in [(1, 0), (1, 1), (2, 1)]:
            other.blocks[block].attention.output.weight[:, 4 * head : 4 * head + 4] = 0
        whole, expected = net(IDS), other(IDS)
        with without_heads(net, [(1, 0), (1, 1), (2, 1)]):
            torch.testing.assert_close(net(IDS), expected)
        torch.testing.assert_close(net(IDS), whole)
        assert not torch.allclose(whole, expected)


def test_a_linear_map_is_found_again_and_noise_is_not_explained():
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(500, 4)), rng.uniform(size=500)
    y = x @ rng.normal(size=(4, 3)) + [1.0, -2.0, 5.0]
    found = fit_linear(x[:250], y[:250], weights[:250])
    assert explained(found(x[250:]), y[250:], weights[250:]) == pytest.approx(1, abs=1e-6)
    noise = fit_linear(x[:250], rng.normal(size=(250, 3)), weights[:250])
    assert abs(explained(noise(x[250:]), rng.normal(size=(250, 3)), weights[250:])) < 0.1


def test_rows_count_by_their_weights():
    """x = 0, 0, 1 and y = 0, 3, 5; the second row counts twice: at 0 the mean of 0, 3, 3, which is 2."""
    x, y = np.array([[0.0], [0.0], [1.0]]), np.array([[0.0], [3.0], [5.0]])
    found = fit_linear(x, y, np.array([1.0, 2.0, 1.0]), penalty=0)
    np.testing.assert_allclose(found(np.array([[0.0], [1.0]])), [[2.0], [5.0]])
    # errors 4, 1, 0 with weights 1, 2, 1: 6; mean (0 + 6 + 5) / 4, variance (0 + 18 + 25) - 121 / 4 = 12.75
    assert explained(found(x), y, np.array([1.0, 2.0, 1.0])) == pytest.approx(1 - 6 / 12.75)
