import numpy as np
import pytest
import torch

from lmcourse.alignment.answers import Answers
from lmcourse.alignment.policy import TreePolicy
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

END = 4
LISTED = [[0, 1, END], [0, END], [2, END], [2, 2, 1, END], [2, 2, 3, END], [2, 1, 1, END], [1, END]]
PROMPTS = torch.tensor([[0, 3, 5], [1, 2, 5]])


@pytest.fixture(scope="module")
def policy() -> TreePolicy:
    """A network with large random weights, so that its answers are far from equally likely."""
    config = Config(6, 16, 2, 2, context_length=12, position="rope")
    network = Transformer(config).draw(np.random.default_rng(0))
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(1.3)
    return TreePolicy(network.eval(), PROMPTS, Answers(LISTED, 6, END))


@torch.no_grad()
def one_by_one(policy: TreePolicy) -> np.ndarray:
    """Each answer's log-probability from the network's own, one token after another, without the tree.

    At each place: p(token) over the sum of p of all tokens that some listed answer has after this beginning.
    """
    table = np.zeros((len(PROMPTS), len(LISTED)))
    for x, prompt in enumerate(PROMPTS.tolist()):
        for y, answer in enumerate(LISTED):
            for n, token in enumerate(answer):
                read = torch.tensor([prompt + answer[:n]])
                p = policy.network(read)[0, -1].double().softmax(dim=0).numpy()
                may = {other[n] for other in LISTED if len(other) > n and other[:n] == answer[:n]}
                table[x, y] += np.log(p[token] / p[sorted(may)].sum())
    return table


def test_table_is_the_networks_own_renormalised_place_by_place(policy):
    expected = one_by_one(policy)
    assert expected.std() > 0.5  # or everything would be alike
    np.testing.assert_allclose(policy.table().detach().numpy(), expected, atol=2e-5)
    np.testing.assert_allclose(policy.log_table(), expected, atol=2e-5)
    np.testing.assert_allclose(np.exp(policy.log_table()).sum(axis=1), 1, atol=1e-12)


def test_draws_are_as_frequent_as_the_table_says(policy):
    # chi-square with 6 degrees of freedom: mean 6, standard deviation √12; five of these above the mean
    count, limit = 4_000, 6 + 5 * np.sqrt(12)
    for x, log_p in enumerate(policy.log_table()):
        drawn = policy.draw(np.full(count, x), np.random.default_rng(x))
        expected = count * np.exp(log_p)
        assert expected.min() > 5
        found = np.bincount(drawn.which, minlength=len(LISTED))
        assert ((found - expected) ** 2 / expected).sum() < limit


def test_what_is_drawn_has_the_log_probs_of_the_table(policy):
    prompts = np.array([0, 1, 1, 0, 1] * 8)
    drawn = policy.draw(prompts, np.random.default_rng(1))
    assert len(set(drawn.which.tolist())) > 4
    for row, which in enumerate(drawn.which):
        n = len(LISTED[which])
        assert drawn.tokens[row, :n].tolist() == LISTED[which]
        assert drawn.said[row].tolist() == [1.0] * n + [0.0] * (4 - n)
        assert (drawn.log_probs[row, n:] == 0).all()
    asked_again = policy.log_probs(drawn)
    np.testing.assert_allclose(asked_again.detach().numpy(), drawn.log_probs.numpy(), atol=2e-5)
    whole = policy.log_table()[prompts, drawn.which]
    np.testing.assert_allclose(drawn.log_probs.sum(dim=1).numpy(), whole, atol=5e-5)


def test_some_rows_of_what_was_drawn(policy):
    drawn = policy.draw(np.array([0, 1, 0]), np.random.default_rng(2))
    some = drawn.rows(np.array([2, 0]))
    assert some.which.tolist() == drawn.which[[2, 0]].tolist()
    assert torch.equal(some.log_probs, drawn.log_probs[[2, 0]])


def test_gradients_of_the_table_and_of_log_probs_agree(policy):
    drawn = policy.pick(np.array([0, 1]), np.array([3, 5]))
    weights = list(policy.network.parameters())
    (a,) = (torch.autograd.grad(policy.log_probs(drawn).sum(), weights[:1]),)
    (b,) = (torch.autograd.grad(policy.table()[[0, 1], [3, 5]].sum(), weights[:1]),)
    assert a[0].abs().max() > 1e-3
    torch.testing.assert_close(a[0], b[0], atol=1e-4, rtol=1e-3)
