"""Parts taken out are out, everything else is as it was, and sizes are as the table of changes says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.experiments import norm_places
from lmcourse.experiments import transformer_parts as parts
from lmcourse.transformer.attention import Sight
from lmcourse.transformer.experts import load_balance, routing
from lmcourse.transformer.network import Transformer

IDS = torch.from_numpy(np.random.default_rng(0).integers(22, size=(3, 8)))


def says(part, ids=IDS):
    with torch.no_grad():
        return parts.build(part, 0)(ids)


def test_all_changes_have_as_many_parameters_where_that_is_said():
    unlike = {
        "feed-forward only",
        "experts, each as large",
        "experts, each as large, no balance",
        "experts, each half, 2 active",
    }
    for part in parts.CHANGES.keys() - unlike:
        held = sum(p.numel() for p in parts.build(part, 0).parameters())
        assert held == pytest.approx(15_312, rel=0.04), part


def test_networks_begin_with_the_same_weights_where_shapes_agree():
    base = parts.build("as it is", 3).state_dict()
    for part in (
        "RMSNorm",
        "SwiGLU",
        "1 head",
        "multi-query",
        "grouped",
        "8 heads",
        "ReLU",
        "output not tied",
    ):
        changed = parts.build(part, 3).state_dict()
        for name in (
            "embedding.weight",
            "blocks.0.attention.output.weight",
            "blocks.1.attention.output.weight",
        ):
            assert torch.equal(base[name], changed[name]), (part, name)
    after = parts.build("no residual", 3).state_dict()
    assert torch.equal(base["embedding.weight"], after["embedding.weight"])
    assert torch.equal(base["blocks.1.attention.qkv.weight"], after["blocks.1.attention.qkv.weight"])


def test_without_attention_the_token_itself_is_all_that_is_seen():
    other = IDS.clone()
    other[:, :-1] = (other[:, :-1] + 1) % 22
    for part, alike in (("feed-forward only", True), ("as it is", False)):
        assert torch.allclose(says(part)[:, -1], says(part, other)[:, -1]) == alike


def test_without_feed_forward_layers_only_attention_is_added():
    network = parts.build("attention only", 0)
    x = torch.randn(2, 5, 40)
    block = network.blocks[0]
    with torch.no_grad():
        right = x + block.attention(block.attention_norm(x), Sight(causal=True))
        torch.testing.assert_close(block(x, Sight(causal=True)), right)


def test_without_residual_nothing_of_what_was_there_is_added():
    block = parts.build("no residual", 0).blocks[0]
    x = torch.randn(2, 5, 24)
    with torch.no_grad():
        middle = block.attention_norm(block.attention(x, Sight(causal=True)))
        right = block.feed_forward_norm(block.feed_forward(middle))
        torch.testing.assert_close(block(x, Sight(causal=True)), right)


def test_without_norms_a_block_only_adds():
    network = parts.build("no norms", 0)
    block, x = network.blocks[0], torch.randn(2, 5, 24)
    with torch.no_grad():
        middle = x + block.attention(x, Sight(causal=True))
        torch.testing.assert_close(block(x, Sight(causal=True)), middle + block.feed_forward(middle))
    assert not any("norm" in name for name, _ in network.named_parameters())


def test_a_token_meets_as_many_parameters_of_two_half_experts_as_of_the_one_layer():
    half, base = (
        parts.build(part, 0).blocks[0].feed_forward for part in ("experts, each half, 2 active", "as it is")
    )
    met = 2 * sum(p.numel() for p in half.experts[0].parameters())
    bias = base.down.bias.numel()  # each expert has one of its own
    assert met == sum(p.numel() for p in base.parameters()) + bias
    with torch.no_grad(), routing(half) as layers:
        half(torch.randn(2, 5, 24))
    assert layers[0].chosen.shape == (2, 5, 2)


@pytest.mark.parametrize("part", [part for part in parts.CHANGES if "experts" in part])
def test_loads_are_shares_of_words_alone(part):
    network = parts.build(part, 0)
    for layer in parts.loads(network, sentences=50):
        assert len(layer) == 4
        assert sum(layer) == pytest.approx(1, abs=0.003)


def words_alone(network, row):
    """What the router of each layer says of one sentence that is not filled up."""
    inputs, targets = (part[row : row + 1] for part in parts.pool())
    with torch.no_grad(), routing(network) as layers:
        network(inputs[:, : int((targets >= 0).sum())])
    return layers


def test_loads_are_those_of_sentences_read_one_by_one():
    network = parts.build("experts, each half, 2 active", 0)
    read = [words_alone(network, row) for row in range(20)]
    for layer, found in enumerate(parts.loads(network, sentences=20)):
        chosen = torch.cat([layers[layer].chosen.flatten() for layers in read])
        shares = torch.bincount(chosen, minlength=4) / len(chosen)
        assert found == [round(share, 3) for share in shares.tolist()]


def test_the_balance_of_words_alone_is_added_to_the_loss(monkeypatch):
    network, losses = parts.build("experts, each as large", 0), []
    monkeypatch.setattr(parts, "train", lambda _, loss, *__, **___: losses.append(loss(3).item()))
    for balance in (0.0, 0.5):
        parts.learn(network, 0.01, 5, balance=balance)
    rows = np.random.default_rng([5, 3]).integers(len(parts.pool()[0]), size=parts.BATCH)
    read = [words_alone(network, int(row)) for row in rows]
    added = sum(
        load_balance(*(torch.cat([said[layer][part][0] for said in read]) for part in (0, 1))).item()
        for layer in range(2)
    )
    assert losses[1] - losses[0] == pytest.approx(0.5 * added, rel=1e-4)


def test_a_deeper_network_of_places_is_that_of_parts():
    found = norm_places.build("post", 2, 0)
    right = Transformer(replace(parts.BASE, norm_place="post")).draw(np.random.default_rng([0, 1]))
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), right.parameters()))
