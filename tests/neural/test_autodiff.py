"""The differentiator beside torch, beside differences, and beside arithmetic by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.neural.autodiff import Tensor, cross_entropy, gradients, log_softmax

rng = np.random.default_rng(0)
A, B, ROW = rng.standard_normal((3, 4)), rng.standard_normal((4, 2)), rng.standard_normal(4)
BATCH = rng.standard_normal((5, 3, 4))
POSITIVE = np.abs(A) + 0.5

# Each way to make a number, written once for ours and for torch, from arrays whose gradients are wanted.
EXPRESSIONS = {
    "sum": ((A, A), lambda a, b: (a + b).sum()),
    "product, broadcast": ((A, ROW), lambda a, r: (a * r).sum()),
    "a row is the right one": ((ROW, A), lambda r, a: (r - a * a).sum()),
    "a number is repeated": ((A, np.array(2.0)), lambda a, c: (a * c + c).sum()),
    "a column is repeated": ((A, A[:, :1]), lambda a, c: (a / (c * c + 1.0)).sum()),
    "quotients": ((POSITIVE, ROW), lambda a, r: (r / a + 1.0 / a).sum()),
    "powers": ((POSITIVE,), lambda a: (a**3 + a**-0.5).sum()),
    "matrices": ((A, B), lambda a, b: ((a @ b) ** 2).sum()),
    "batches of matrices": ((BATCH, B), lambda a, b: ((a @ b) ** 2).sum()),
    "exp and log": ((POSITIVE,), lambda a: (a.exp() + a.log() * a).sum()),
    "tanh and relu": ((A,), lambda a: (a.tanh() * a.relu() + a.relu()).sum()),
    "a sum along an axis": ((A,), lambda a: (a / (a * a).sum(-1, keepdims=True)).sum()),
    "a sum that drops its axis": ((A,), lambda a: (a.sum(0) ** 2).sum()),
    "rows, one twice": ((A,), lambda a: (a[[0, 2, 0]] ** 3).sum()),
    "other shapes": ((A,), lambda a: (a.reshape(2, 6) @ a.reshape(6, 2)).sum()),
    "rows as columns": ((A, BATCH[0]), lambda a, b: ((a.T @ b) ** 2).sum()),
    "a mean": ((A,), lambda a: (a * a).mean()),
    "many paths": ((A,), lambda a: ((a.tanh() + a) * a.tanh() - a).sum()),
}


@pytest.mark.parametrize(("arrays", "compute"), EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_gradients_are_those_of_torch(arrays, compute):
    ours = [Tensor(array) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    loss, expected = compute(*ours), compute(*theirs)
    np.testing.assert_allclose(loss.data, expected.item(), rtol=1e-12)
    for found, right in zip(gradients(loss, ours), torch.autograd.grad(expected, theirs)):
        np.testing.assert_allclose(found, right.numpy(), rtol=1e-10, atol=1e-12)


def test_by_hand():
    # y = (2x + 3)² at x = 1: 25, and dy/dx = 2 · (2x + 3) · 2 = 20
    x = Tensor(1.0)
    y = (2 * x + 3) ** 2
    assert y.data == 25
    assert gradients(y, [x]) == [20]
    # softmax minus one-hot: logits 0, log 3 have probabilities 1/4, 3/4; the target is the first
    logits = Tensor([[0.0, np.log(3)]])
    loss = cross_entropy(logits, np.array([0]))
    assert loss.data == pytest.approx(np.log(4))
    np.testing.assert_allclose(gradients(loss, [logits])[0], [[0.25 - 1, 0.75]])


@given(st.integers(0, 2**32 - 1))
def test_gradients_are_small_differences(seed):
    rng = np.random.default_rng(seed)
    table, hidden, out = (rng.standard_normal(shape) for shape in ((5, 3), (6, 4), (4, 5)))
    contexts, targets = rng.integers(5, size=(7, 2)), rng.integers(5, size=7)

    def loss(*parameters):
        table, hidden, out = parameters
        return cross_entropy((table[contexts].reshape(7, 6) @ hidden).tanh() @ out, targets)

    arrays = [table, hidden, out]
    found = gradients(loss(*(tensors := [Tensor(array) for array in arrays])), tensors)
    directions = [rng.standard_normal(array.shape) for array in arrays]
    step = 1e-5
    ahead, behind = (
        loss(*(Tensor(a + sign * step * d) for a, d in zip(arrays, directions))).data for sign in (1, -1)
    )
    slope = sum((g * d).sum() for g, d in zip(found, directions))
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-8)


def test_a_loss_that_would_overflow_does_not():
    logits = Tensor([[1000.0, 0.0], [-1000.0, 0.0]])
    np.testing.assert_allclose(log_softmax(logits).data, [[0, -1000], [-1000, 0]])
    assert np.isfinite(gradients(cross_entropy(logits, np.array([1, 0])), [logits])[0]).all()


def test_a_long_chain_is_no_deeper_than_a_short_one():
    x = Tensor(1.0)
    y = x
    for _ in range(5_000):
        y = y * 1.0 + 0.0
    assert gradients(y, [x]) == [1]


def test_bad_input_is_named():
    x = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"the loss has shape \(2,\): sum or average it"):
        gradients(x * x, [x])
    with pytest.raises(ValueError, match="a tensor holds numbers; got 'three'"):
        Tensor("three")
    with pytest.raises(ValueError, match=r"two axes or more; got shapes \(3, 4\) and \(4,\): reshape"):
        Tensor(A) @ Tensor(ROW)
    other = Tensor(np.ones(3))
    np.testing.assert_array_equal(gradients((x * x).sum(), [other])[0], np.zeros(3))
