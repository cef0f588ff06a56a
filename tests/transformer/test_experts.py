"""A mixture of experts beside loops over tokens, its balance by hand, and what it costs and may see."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.transformer.config import Config
from lmcourse.transformer.experts import Experts, expert_shares, load_balance, routing
from lmcourse.transformer.network import Transformer

SMALL = Config(
    vocab_size=11,
    d_model=12,
    n_heads=4,
    n_layers=2,
    context_length=9,
    d_ff=7,
    feed_forward="experts",
    n_experts=5,
    n_active=2,
)


def layer(**choices):
    torch.manual_seed(0)
    config = replace(SMALL, **choices)
    return Experts(config).double()


@pytest.mark.parametrize("n_active", [1, 2, 5])
def test_each_token_gets_what_a_loop_over_tokens_gives_it(n_active):
    experts = layer(n_active=n_active)
    x = torch.randn(3, 4, 12, dtype=torch.float64)
    with routing(experts) as layers:
        found = experts(x)
    ((probs, chosen),) = layers
    for i in np.ndindex(3, 4):
        scores = (experts.router.weight @ x[i]).tolist()
        total = sum(np.exp(scores))
        best = sorted(range(5), key=lambda e: -scores[e])[:n_active]
        right = sum(np.exp(scores[e]) / total * experts.experts[e](x[i]) for e in best)
        torch.testing.assert_close(found[i], right)
        assert sorted(chosen[i].tolist()) == sorted(best)
        assert probs[i].tolist() == pytest.approx([np.exp(score) / total for score in scores])


def test_the_router_learns_from_the_loss_though_a_choice_has_no_gradient():
    experts = layer(n_active=1)
    experts(torch.randn(6, 12, dtype=torch.float64)).square().sum().backward()
    assert experts.router.weight.grad.abs().sum() > 0


def test_an_expert_that_nobody_chose_is_no_error():
    experts = layer(n_active=1)
    with torch.no_grad():
        experts.router.weight.zero_()
        experts.router.weight[3] = 1.0
    with routing(experts) as layers:
        found = experts(torch.ones(4, 12, dtype=torch.float64))
    found.sum().backward()
    assert expert_shares(layers[0].chosen, 5).tolist() == [0, 0, 0, 1, 0]
    assert experts.experts[0].up.weight.grad.abs().sum() == 0


def test_a_network_that_has_been_trained_can_be_copied():
    """Also from within `routing`, and the copy tells nothing to the list of the one that was copied."""
    network = Transformer(SMALL).draw(np.random.default_rng(0))
    ids = torch.tensor([[1, 2, 3, 4]])
    network(ids).sum().backward()
    for again in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(again(ids), network(ids))
    with routing(network) as layers:
        network(ids).sum().backward()
        copy.deepcopy(network)(ids)
    assert len(layers) == SMALL.n_layers
    network(ids)
    assert len(layers) == SMALL.n_layers  # closed


def test_the_balance_by_hand():
    probs = torch.tensor([[0.5, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]])
    chosen = torch.tensor([[0], [0], [1]])
    # shares 2/3, 1/3, 0, 0; mean probabilities 1.5/3, 1/3, 0.5/3, 0; 4 (2/3 · 1/2 + 1/3 · 1/3) = 16/9
    assert load_balance(probs, chosen).item() == pytest.approx(16 / 9)


def test_the_balance_is_one_if_even_and_the_number_of_experts_if_one_has_all():
    even, all_to_one = torch.full((8, 4), 0.25), torch.eye(4)[torch.zeros(8, dtype=torch.long)]
    assert load_balance(even, torch.arange(8)[:, None] % 4).item() == pytest.approx(1)
    assert load_balance(all_to_one, torch.zeros(8, 1, dtype=torch.long)).item() == pytest.approx(4)


def test_the_balance_pushes_probability_away_from_the_expert_that_has_more():
    logits = torch.zeros(6, 3, requires_grad=True)
    load_balance(logits.softmax(dim=-1), torch.tensor([[0], [0], [0], [0], [1], [2]])).backward()
    assert (logits.grad[:, 0] > 0).all()
    assert (logits.grad[:, 1:] < 0).all()


@pytest.mark.parametrize("bias", [True, False])
def test_the_count_is_what_torch_holds(bias):
    config = replace(SMALL, bias=bias)
    held = sum(p.numel() for p in Transformer(config).parameters())
    assert config.count_parameters()["total"] == held


def test_one_expert_is_a_feed_forward_layer():
    plain = replace(SMALL, feed_forward="gelu", n_experts=None, n_active=1)
    one = Transformer(replace(SMALL, n_experts=1, n_active=1)).draw(np.random.default_rng(0))
    same = Transformer(plain)
    names = {name.replace("experts.0.", ""): value for name, value in one.state_dict().items()}
    same.load_state_dict({name: value for name, value in names.items() if "router" not in name})
    ids = torch.tensor([[1, 2, 3, 4]])
    torch.testing.assert_close(one(ids), same(ids))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_experts": None}, "n_experts=None does not go with feed_forward='experts'"),
        ({"feed_forward": "gelu"}, "n_experts=5 does not go with feed_forward='gelu'"),
        ({"n_active": 6}, "n_active=6 is more than n_experts=5"),
        ({"n_active": 0}, "n_active=0 must be a whole number, 1 or more"),
    ],
)
def test_bad_choices_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)
