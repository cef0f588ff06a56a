"""Automatic differentiation in reverse: the gradient of a number with respect to everything it was made from.

A `Tensor` is a NumPy array that remembers the tensors it was computed from and, for each of them, how a
gradient is pulled back through the operation (the chain rule for that one step). `gradients` walks from a
result to its origins and adds up, for each tensor, what comes back on all paths. Left out: gradients of
gradients, data types and devices, operations that change an array in place.

Sources: Linnainmaa (1970) for the method; the form is that of Karpathy's micrograd, for arrays instead of
single numbers and without gradients kept inside the tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

import numpy as np

Array = np.ndarray
Value = Union["Tensor", Array, float]


class Tensor:
    """An array, and how it came about.

    Args:
        data: the numbers, kept as float64.
        parents: for each tensor it was computed from, that tensor and a function from a gradient with this
            tensor's shape to the gradient that the parent receives.

    Raises ValueError for data that are not numbers.
    """

    __array_ufunc__ = None  # array + tensor is this class's affair, not NumPy's

    def __init__(self, data: Value, parents: Sequence[tuple[Tensor, Callable[[Array], Array]]] = ()):
        try:
            self.data = np.asarray(data, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"a tensor holds numbers; got {data!r}") from None
        self.parents = tuple(parents)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.data.shape

    def __repr__(self) -> str:
        """For example `Tensor(0.5)`."""
        return f"Tensor({self.data})"

    def __add__(self, other: Value) -> Tensor:
        """A sum hands its gradient on to both."""
        a, b = self, _tensor(other)
        return Tensor(a.data + b.data, [(a, lambda g: g), (b, lambda g: g)])

    def __mul__(self, other: Value) -> Tensor:
        """Each factor receives the gradient times the other one."""
        a, b = self, _tensor(other)
        return Tensor(a.data * b.data, [(a, lambda g: g * b.data), (b, lambda g: g * a.data)])

    def __pow__(self, exponent: float) -> Tensor:
        """x^k for a fixed number k: k x^(k - 1)."""
        return Tensor(self.data**exponent, [(self, lambda g: g * exponent * self.data ** (exponent - 1))])

    def __matmul__(self, other: Value) -> Tensor:
        """A matrix product (..., M, K) @ (..., K, N): gradients G Bᵀ and Aᵀ G."""
        a, b = self, _tensor(other)
        if min(a.data.ndim, b.data.ndim) < 2:
            raise ValueError(
                f"a matrix product takes two axes or more; got shapes {a.shape} and {b.shape}: reshape"
            )
        return Tensor(
            a.data @ b.data,
            [(a, lambda g: g @ np.swapaxes(b.data, -1, -2)), (b, lambda g: np.swapaxes(a.data, -1, -2) @ g)],
        )

    def __getitem__(self, index: object) -> Tensor:
        """A part, or rows by number, as an embedding looks them up; a row named twice receives both."""

        def pull(g: Array) -> Array:
            whole = np.zeros_like(self.data)
            np.add.at(whole, index, g)
            return whole

        return Tensor(self.data[index], [(self, pull)])

    def __neg__(self) -> Tensor:
        """Minus."""
        return self * -1.0

    def __sub__(self, other: Value) -> Tensor:
        """A difference."""
        return self + -_tensor(other)

    def __truediv__(self, other: Value) -> Tensor:
        """A quotient."""
        return self * _tensor(other) ** -1.0

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Value) -> Tensor:
        """A difference."""
        return -self + other

    def __rtruediv__(self, other: Value) -> Tensor:
        """A quotient."""
        return self**-1.0 * other

    def exp(self) -> Tensor:
        """e^x is its own derivative."""
        out = np.exp(self.data)
        return Tensor(out, [(self, lambda g: g * out)])

    def log(self) -> Tensor:
        """1 / x."""
        return Tensor(np.log(self.data), [(self, lambda g: g / self.data)])

    def tanh(self) -> Tensor:
        """1 - tanh², at most 1 and next to nothing where the function is flat."""
        out = np.tanh(self.data)
        return Tensor(out, [(self, lambda g: g * (1 - out**2))])

    def relu(self) -> Tensor:
        """1 where x > 0, else 0."""
        return Tensor(np.maximum(self.data, 0), [(self, lambda g: g * (self.data > 0))])

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Each summand receives the gradient of its sum."""

        def pull(g: Array) -> Array:
            g = g if keepdims or axis is None else np.expand_dims(g, axis)
            return np.broadcast_to(g, self.shape)

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), [(self, pull)])

    def mean(self) -> Tensor:
        """The mean of all numbers."""
        return self.sum() / self.data.size

    def reshape(self, *shape: int) -> Tensor:
        """The same numbers in another shape."""
        return Tensor(self.data.reshape(shape), [(self, lambda g: g.reshape(self.shape))])

    @property
    def T(self) -> Tensor:
        """Rows as columns."""
        return Tensor(self.data.T, [(self, lambda g: g.T)])


def log_softmax(logits: Tensor) -> Tensor:
    """Logarithms (..., V) of the probabilities exp(logit) / Σ exp(logits).

    The largest logit is subtracted first, which changes no probability and lets no exponential overflow.
    """
    shifted = logits - logits.data.max(axis=-1, keepdims=True)
    return shifted - shifted.exp().sum(axis=-1, keepdims=True).log()


def cross_entropy(logits: Tensor, targets: Array) -> Tensor:
    """Mean surprise, in nats, at the targets (B,) under logits (B, V)."""
    return -log_softmax(logits)[np.arange(len(targets)), targets].mean()


def gradients(loss: Tensor, parameters: Sequence[Tensor]) -> list[Array]:
    """The gradient of a single number with respect to each parameter, of that parameter's shape.

    A parameter that had no part in it gets zeros. Raises ValueError if the loss is more than one number.
    """
    if loss.data.size != 1:
        raise ValueError(
            f"a gradient is that of one number; the loss has shape {loss.shape}: sum or average it"
        )
    received = {id(loss): np.ones_like(loss.data)}
    for tensor in reversed(_origins_first(loss)):
        for parent, pull in tensor.parents:
            back = _unbroadcast(pull(received[id(tensor)]), parent.shape)
            received[id(parent)] = received.get(id(parent), 0.0) + back
    return [received.get(id(p), np.zeros_like(p.data)) for p in parameters]


def _origins_first(result: Tensor) -> list[Tensor]:
    """All tensors that a result was made from, each after its parents; without recursion, for long texts."""
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        tensor, parents_done = stack.pop()
        if parents_done:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack += [(parent, False) for parent, _ in tensor.parents]
    return order


def _unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Add up a gradient over the axes along which NumPy had repeated an array of this shape."""
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    repeated = tuple(i for i, size in enumerate(shape) if size == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=repeated, keepdims=True)


def _tensor(value: Value) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)
