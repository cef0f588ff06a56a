import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lmcourse.alignment import chain
from lmcourse.alignment.preferences import Pairs, draw_pairs, pair_accuracy
from lmcourse.alignment.reward_model import (
    TransformerReward,
    fit_linear,
    served_again,
    train_reward,
    who_and_what,
)
from lmcourse.neural.training import Recipe


@pytest.fixture(scope="module")
def pairs():
    """Of the house's cooks, 400 of them."""
    with np.errstate(divide="ignore"):
        log_p = np.log([chain.house().cooks(order) for order in chain.house().orders])
    return draw_pairs(log_p, chain.worths(), 400, np.random.default_rng(0))


@pytest.fixture(scope="module")
def model():
    house = chain.house()
    prompts = torch.tensor([house.prompt(order) for order in house.orders])
    return TransformerReward(chain.new_network(0), prompts, chain.answers())


def test_features_of_orders_name_the_guest_and_the_meal():
    found = who_and_what(chain.house())
    assert found.shape == (24, 14)
    assert (found.sum(axis=1) == 2).all()
    assert len(np.unique(found, axis=0)) == 24
    assert found[0].nonzero()[0].tolist() == [0, 12]  # breakfast for the mouse
    assert found[3].nonzero()[0].tolist() == [1, 13]  # dinner for the cat


def test_served_again_counts_helpings_beyond_the_first():
    house = chain.house()
    menu = house.menus.tolist().index([0, 0, 0, 2])
    assert served_again(house)[menu] == 2
    assert served_again(house)[house.menus.tolist().index([0, 1, 2, 3])] == 0
    assert served_again(house)[-1] == 0


def test_the_linear_optimum_is_the_one_that_scipy_finds(pairs):
    house, ridge = chain.house(), 0.7
    phi, psi = who_and_what(house), np.hstack([house.counts, served_again(house)])
    gaps = psi[pairs.chosen] - psi[pairs.rejected]

    def loss(flat):
        gap = ((phi[pairs.prompts] @ flat.reshape(14, 7)) * gaps).sum(axis=1)
        return np.log1p(np.exp(-gap)).sum() + ridge / 2 * (flat**2).sum()

    found = fit_linear(pairs, phi, psi, ridge)
    theirs = minimize(loss, np.zeros(14 * 7), method="BFGS", options={"gtol": 1e-3})
    assert loss(found.weights.ravel()) <= theirs.fun
    assert found.weights.ravel() == pytest.approx(theirs.x, abs=1e-3)
    row = phi[4] @ found.weights @ psi[17]
    assert found.table()[4, 17] == pytest.approx(row)
    assert found.table().shape == (24, 1555)


def test_the_linear_optimum_is_kept_when_pairs_can_be_told_apart_for_certain():
    """Without the ridge the weight would grow for ever; with it, w = σ(-w)."""
    one = Pairs(np.array([0]), np.array([0]), np.array([1]))
    weight = fit_linear(one, np.ones((1, 1)), np.array([[1.0], [0.0]])).weights.item()
    assert weight == pytest.approx(1 / (1 + np.exp(weight)))
    with pytest.raises(ValueError, match="ridge=0 must be above 0"):
        fit_linear(one, np.ones((1, 1)), np.array([[1.0], [0.0]]), ridge=0)


def test_a_new_transformer_reward_finds_no_answer_better(model):
    assert (model(np.array([0, 3]), np.array([5, 9])) == 0).all()


def test_it_is_read_at_the_end_token_and_not_behind_it(model):
    """What a text alone gives is what it gives beside a longer one; and the table says the same."""
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    house, menu = chain.house(), 2  # one dish
    text = torch.tensor([[*house.prompt(house.orders[3]), *house.answers[menu]]])
    alone = model.head(model.network.hidden(text)[:, -1]).item()
    beside = model(np.array([3, 0]), np.array([menu, 1500]))
    assert beside[0].item() == pytest.approx(alone, abs=1e-5)
    table = model.table()
    assert table.shape == (24, 1555)
    assert table[3, menu] == pytest.approx(alone, abs=1e-5)
    assert table[0, 1500] == pytest.approx(beside[1].item(), abs=1e-5)
    torch.nn.init.zeros_(model.head.weight)


def test_it_learns_few_pairs_by_heart_and_leaves_the_network_it_began_with(pairs):
    house, network = chain.house(), chain.new_network(1)
    before = network.embedding.weight.clone()
    prompts = torch.tensor([house.prompt(order) for order in house.orders])
    model = TransformerReward(network, prompts, chain.answers())
    few = pairs.rows(slice(8))
    history = train_reward(model, few, Recipe(60, 1e-2), progress=False)
    assert history.losses[0] == pytest.approx(np.log(2))
    assert history.losses[-1] < 0.05
    assert pair_accuracy(model.table(), few) == 1
    assert (network.embedding.weight == before).all()
