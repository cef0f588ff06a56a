"""Linear regression from the examples in a prompt: a Transformer, and the best that anyone could do.

A problem is y = w·x + noise with its own w, from a normal distribution; a prompt has examples (x, y) and asks
for the y of one x more. The closed forms are least squares and ridge regression, which with the penalty
noise²/spread² gives the mean of y under the posterior of w, and so the least expected squared error. The
network is the course's Transformer with vectors in place of tokens. An example is one vector, (x, y, 1), and
a question another, (x, 0, 0), so that no head need first bring x and y together, as in von Oswald et al.

Sources: Garg et al. (2022), the task; Akyürek et al. (2023), ridge as the yardstick; von Oswald et al.
(2023), linear attention as a step of gradient descent. Left out: x and y as separate tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lmcourse.model import check_whole
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer


class Problems(NamedTuple):
    """Prompts, each with its own weights."""

    x: np.ndarray  # (B, n, d)
    y: np.ndarray  # (B, n), with noise
    w: np.ndarray  # (B, d)

    @property
    def truth(self) -> np.ndarray:
        """w·x without the noise, (B, n)."""
        return np.einsum("bnd,bd->bn", self.x, self.w)


def draw_problems(
    count: int,
    n: int,
    d: int,
    noise: float,
    rng: np.random.Generator,
    tasks: np.ndarray | None = None,
    x_scale: float = 1.0,
    w_scale: float = 1.0,
) -> Problems:
    """Fresh problems.

    Args:
        count: problems, B.
        n: pairs (x, y) in each.
        d: numbers in an x, each from a standard normal distribution.
        noise: standard deviation of what is added to y.
        rng: draws everything.
        tasks: weights to choose from, (K, d); None: drawn anew from a standard normal distribution.
        x_scale, w_scale: factors on all x, on all w.
    """
    check_whole(n, "n")
    check_whole(d, "d")
    if not noise >= 0:
        raise ValueError(f"noise={noise} must be 0 or more")
    w = rng.standard_normal((count, d)) if tasks is None else tasks[rng.integers(len(tasks), size=count)]
    x = x_scale * rng.standard_normal((count, n, d))
    w = w_scale * w
    return Problems(x, np.einsum("bnd,bd->bn", x, w) + noise * rng.standard_normal((count, n)), w)


def _sums(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the examples before each place: sums of x xᵀ (B, n, d, d) and of y x (B, n, d)."""
    squares = np.cumsum(x[..., :, None] * x[..., None, :], axis=1)
    products = np.cumsum(x * y[..., None], axis=1)
    return (
        np.concatenate([np.zeros_like(squares[:, :1]), squares[:, :-1]], axis=1),
        np.concatenate([np.zeros_like(products[:, :1]), products[:, :-1]], axis=1),
    )


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """What ridge regression on the pairs before each place foretells there, (B, n).

    ŵ = (Σ x xᵀ + penalty I)⁻¹ Σ y x. With y = w·x + noise, w normal with variance s² and the noise with σ²,
    the penalty σ²/s² makes ŵ the posterior's mean.

    Args:
        x: (B, n, d).
        y: (B, n).
        penalty: above 0; for 0 take `least_squares`.
    """
    if not penalty > 0:
        raise ValueError(f"penalty={penalty} must be above 0; without one take least_squares")
    squares, products = _sums(x, y)
    w = np.linalg.solve(squares + penalty * np.eye(x.shape[2]), products[..., None])[..., 0]
    return (x * w).sum(axis=-1)


def least_squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same for least squares, of all solutions the shortest while there are fewer pairs than numbers."""
    squares, products = _sums(x, y)
    w = np.linalg.pinv(squares, rcond=1e-9, hermitian=True) @ products[..., None]
    return (x * w[..., 0]).sum(axis=-1)


def among_tasks(x: np.ndarray, y: np.ndarray, tasks: np.ndarray, noise: float) -> np.ndarray:
    """The same for who knows that w is one of `tasks` (K, d), all equally probable: the posterior's mean."""
    said = x @ tasks.T  # (B, n, K)
    log_weight = -((y[..., None] - said) ** 2) / (2 * noise**2)
    before = np.concatenate([np.zeros_like(log_weight[:, :1]), np.cumsum(log_weight, axis=1)[:, :-1]], axis=1)
    weight = np.exp(before - before.max(axis=-1, keepdims=True))
    return (weight * said).sum(axis=-1) / weight.sum(axis=-1)


def linear_attention(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Attention without the softmax: Σ (query·key) value.

    With keys x, values η y and a query x it foretells what w = η Σ y x does, which is one step of gradient
    descent on ½ Σ (y - w·x)² from w = 0 at the rate η (von Oswald et al. 2023).

    >>> float(linear_attention(np.array([1.0, 2.0]), np.eye(2), np.array([3.0, 4.0])))
    11.0
    """
    return (keys @ query) @ values


class Regressor(Transformer):
    """A Transformer that reads vectors and says a number at each. It knows no positions.

    Args:
        d: numbers in an x.
        d_model, n_heads, n_layers: of the stack.
    """

    def __init__(self, d: int, d_model: int, n_heads: int, n_layers: int):
        super().__init__(Config(1, d_model, n_heads, n_layers, 1, position="none"))
        self.embedding = nn.Linear(d + 2, d_model)
        self.answer = nn.Linear(d_model, 1)

    def embed(self, token_ids: Tensor, positions: Tensor) -> Tensor:  # noqa: ARG002
        """The stream before the first block, (B, T, D), of vectors (B, T, d + 2)."""
        return self.embedding(token_ids)

    def logits(self, hidden: Tensor) -> Tensor:
        """Numbers (B, T) of what `hidden` gives, (B, T, D)."""
        return self.answer(hidden)[..., 0]


def prompts(x: np.ndarray, y: np.ndarray) -> Tensor:
    """Question, example, question, example …: pairs (B, n, d), (B, n) as vectors (B, 2 n, d + 2)."""
    count, n, d = x.shape
    rows = np.zeros((count, 2 * n, d + 2), dtype=np.float32)
    rows[:, 0::2, :d] = rows[:, 1::2, :d] = x
    rows[:, 1::2, d] = y
    rows[:, 1::2, d + 1] = 1
    return torch.from_numpy(rows)


def foretold(network: Regressor, x: np.ndarray, y: np.ndarray) -> Tensor:
    """What the network answers to the question at each place, having read the pairs before it, (B, n)."""
    return network(prompts(x, y)[:, :-1])[:, 0::2]
