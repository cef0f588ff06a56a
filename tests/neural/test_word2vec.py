"""word2vec's gradients beside torch's of the sum written pair by pair; its optimum beside theory."""

import math

import numpy as np
import pytest
import torch

from lmcourse.neural.word2vec import _adagrad, cbow, negative_sampling_loss, skip_gram, train_word2vec

D, K = 4, 6


def drawn(n_words, n_pieces):
    generator = torch.Generator().manual_seed(0)
    shapes = ((n_words, D), (n_words, D), (n_pieces, K, D))
    tensors = [torch.randn(shape, dtype=torch.float64, generator=generator) for shape in shapes]
    return tensors, torch.randint(1, 4, (n_words,), generator=generator)


def test_the_loss_by_hand():
    # scores 0 with the true word, log 3 and -log 3 with the random ones: 1/2; 1 - 3/4; 1 - 1/4
    v = torch.tensor([1.0, 0.0], dtype=torch.float64)
    u = torch.tensor([0.0, 1.0], dtype=torch.float64)
    noise = torch.tensor([[np.log(3), 5.0], [-np.log(3), 0.0]], dtype=torch.float64)
    assert negative_sampling_loss(v, u, noise).item() == pytest.approx(-np.log(1 / 2 * 1 / 4 * 3 / 4))


def asked_one_by_one(objective, inputs, outputs, noise, reach, k):
    """The loss, a question at a time: each pair, or mean and word, with the random ones of its piece."""
    losses, length = [], math.ceil(len(inputs) / len(noise))
    for t in range(len(inputs)):
        near = [s for s in range(len(inputs)) if s != t and abs(s - t) <= reach[t]]
        questions = (
            [(inputs[t], outputs[s]) for s in near]
            if objective is skip_gram
            else [(torch.stack([inputs[s] for s in near]).mean(0), outputs[t])]
        )
        random = noise[t // length]
        for vector, said in questions:
            true = negative_sampling_loss(vector, said, random[:0])
            both = negative_sampling_loss(vector, said, random)
            losses.append(true + k / K * (both - true))
    return torch.stack(losses).sum()


# In one piece; in three, as long as the reach; in two, the second of which is not full; two words alone.
@pytest.mark.parametrize(("n_words", "n_pieces"), [(9, 1), (9, 3), (11, 2), (2, 1)])
@pytest.mark.parametrize("objective", [skip_gram, cbow])
@pytest.mark.parametrize("k", [1, 5])
def test_gradients_are_torchs(objective, k, n_words, n_pieces):
    tensors, reach = drawn(n_words, n_pieces)
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    loss = asked_one_by_one(objective, *leaves, reach, k)
    found = objective(*tensors, reach, k)
    assert found.loss == pytest.approx(loss.item(), rel=1e-12)
    for mine, right in zip((found.inputs, found.outputs, found.noise), torch.autograd.grad(loss, leaves)):
        torch.testing.assert_close(mine, right)


def test_pieces_shorter_than_the_reach_are_refused():
    tensors, reach = drawn(9, 4)
    with pytest.raises(ValueError, match="pieces of 3 words are shorter than a reach of 4"):
        skip_gram(*tensors, reach + 1, 5)


def test_scores_far_from_zero_give_finite_losses():
    far = torch.tensor([[100.0], [-100.0]])
    # one asks with 100 and the other answers -100: -log s(-10,000) is 10,000; twice; each of both with k = 2
    # random words of which one has a score of 10,000 and one of -10,000: 10,000 more for each
    found = skip_gram(far, far, torch.tensor([[[100.0], [-100.0]]]), torch.tensor([1, 1]), 2)
    assert found.loss == pytest.approx(4 * 10_000)
    assert all(torch.isfinite(g).all() for g in (found.inputs, found.outputs, found.noise))


def test_a_row_named_twice_takes_one_step_by_both_gradients():
    table, squares = torch.zeros(3, 2), torch.tensor([[16.0, 1.0], [7.0, 7.0], [0.0, 0.0]])
    slopes = torch.tensor([[1.0, 2.0], [3.0, 4.0], [2.0, -2.0]])
    _adagrad(table, squares, torch.tensor([2, 0, 0]), slopes, 0.5)
    # row 0: 3 + 2 and 4 - 2, squares 16 + 25 and 1 + 4; row 2: its own squares; row 1 is left alone
    right = [[-2.5 / 41**0.5, -1 / 5**0.5], [0, 0], [-0.5, -0.5]]
    torch.testing.assert_close(table, torch.tensor(right))
    assert squares.tolist() == [[41, 5], [7, 7], [1, 4]]


def test_the_optimum_is_the_shifted_pointwise_mutual_information():
    """Levy and Goldberg (2014): with room enough, u·v = log p(s, t) / (p(s) q(t)) - log k, q the noise."""
    rng = np.random.default_rng(0)
    text = np.array([0, 1, 2, 0, 1, 3, 0, 2, 1, 1] * 400)
    text = rng.permuted(text.reshape(-1, 10), axis=0).ravel()
    counts = np.bincount(text)
    joint = np.zeros((4, 4))
    np.add.at(joint, (text[:-1], text[1:]), 1)
    joint += joint.T  # with a window of one, each pair counts from both sides
    noise = counts**0.75 / (counts**0.75).sum()
    joint = np.where(joint > 0, joint, np.nan)
    expected = np.log(joint / np.nansum(joint, axis=1, keepdims=True) / noise) - np.log(2)
    found = train_word2vec(
        text, 4, 8, window=1, k=2, epochs=400, learning_rate=0.05, keep=0, stretch=4000, progress=False
    )
    scores = found.inputs @ found.outputs.T
    np.testing.assert_allclose(scores[joint > 0], expected[joint > 0], atol=0.1)


def test_words_that_stand_alike_become_alike():
    """Four words in two roles: 0 and 1 stand before 2 or 3, which stand before 4."""
    rng = np.random.default_rng(1)
    text = np.array([[rng.integers(2), 2 + rng.integers(2), 4] for _ in range(2000)]).ravel()
    for objective in ("skip-gram", "cbow"):
        vectors = train_word2vec(
            text, 5, 6, objective, window=2, epochs=5, keep=0, stretch=200, progress=False
        ).inputs
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        alike = unit @ unit.T
        assert alike[0, 1] > 0.9 > 0.5 > alike[0, 2]
        assert alike[2, 3] > 0.9 > 0.5 > alike[2, 4]


def test_the_same_seed_gives_the_same_vectors():
    text = np.random.default_rng(0).integers(20, size=2000)
    one, two, other = (train_word2vec(text, 20, 8, epochs=1, seed=seed, progress=False) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.inputs, two.inputs)
    assert np.abs(one.inputs - other.inputs).max() > 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"objective": "glove"}, "objective='glove' must be one of 'skip-gram', 'cbow'"),
        ({"token_ids": [0, 4]}, "token_ids must be two or more whole numbers from 0 to 3"),
        ({"token_ids": [0]}, "two or more"),
        ({"epochs": 0}, "epochs=0"),
        ({"window": 0}, "window=0"),
        ({"stretch": 1}, "stretch=1"),
    ],
)
def test_bad_input_is_named(settings, said):
    with pytest.raises(ValueError, match=said):
        train_word2vec(**{"token_ids": [0, 1, 2], "vocab_size": 4, "progress": False, **settings})
