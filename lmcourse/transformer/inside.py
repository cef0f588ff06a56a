"""Looking inside a Transformer: what stands in its stream, what it would say there, and what it acts upon.

`stream` reads the residual stream, `lens` lets the output read it after every block, `patched` puts vectors
of another run into it, `looks` gives what each head sees, `silenced` takes a head away, `without_heads`
several. `fit_linear` is the map from vectors to whatever may be written in them. All leave the network as it
was. Left out: patches of single heads, and lenses that are learned.

Sources: nostalgebraist (2020), the logit lens; Vig et al. (2020), interventions on a network's inside; Zhang
and Nanda (2024), how patches are made and measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.neural.torch_model import asking
from lmcourse.transformer.attention import repeated
from lmcourse.transformer.network import Mask, Transformer


def stream(network: Transformer, token_ids: Tensor) -> Tensor:
    """The residual stream before the first block and after each, (N + 1, B, T, D), of token ids (B, T)."""
    found: list[Tensor] = []
    with asking(network):
        network.hidden(token_ids, stream=found)
    return torch.stack(found)


def lens(network: Transformer, token_ids: Tensor) -> Tensor:
    """Log-probabilities (N + 1, B, T, V), as if the stream went from there to the output at once.

    The last are those of the network. Defined for norms before, whose stream the last norm can read anywhere.
    """
    found = stream(network, token_ids)
    with asking(network):
        return network.logits(network.norm(found)).log_softmax(dim=-1)


def patched(network: Transformer, token_ids: Tensor, layer: int, places: Tensor, vectors: Tensor) -> Tensor:
    """Logits (B, T, V) of token ids (B, T), with the stream after `layer` blocks changed at one place a row.

    Args:
        network: whose stream it is.
        token_ids: (B, T).
        layer: from 0, before the first block, to N, after the last.
        places: which of the tokens, (B,).
        vectors: what is to stand there, (B, D).

    Raises ValueError for a layer that the network does not have.
    """
    n_layers = len(network.blocks)
    if not 0 <= layer <= n_layers:
        raise ValueError(
            f"layer={layer} must be from 0, before the first block, to {n_layers}, after the last"
        )
    rows = torch.arange(len(token_ids))

    def put(_, arguments: tuple) -> tuple:
        changed = arguments[0].clone()
        changed[rows, places] = vectors
        return (changed, *arguments[1:])

    reader = [*network.blocks, network.norm][layer]
    with asking(network), _hook(reader, put):
        return network(token_ids)


def looks(network: Transformer, token_ids: Tensor, visible: Mask = None) -> Tensor:
    """Weights of all heads, (N, B, H, T, T): how much of each place (last) is read at each place before it.

    With none or any of the positions. `visible` is as of `Transformer.hidden`; None: each sees those before.
    """
    found: list[Tensor] = []

    def note(attention, arguments: tuple) -> None:
        x, sight = arguments
        q, k, _ = attention.heads(x, sight.rotation)
        scores = q @ repeated(k, attention.n_heads).transpose(-1, -2) / attention.d_head**0.5
        if sight.bias is not None:
            scores = scores + sight.bias
        seen = sight.visible
        if seen is None:
            seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        found.append(scores.masked_fill(~seen, -torch.inf).softmax(dim=-1))

    hooks = [b.attention.register_forward_pre_hook(note) for b in network.blocks]
    try:
        with asking(network):
            network.hidden(token_ids, visible)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(found)


def silenced(network: Transformer, token_ids: Tensor, layer: int, head: int) -> Tensor:
    """Logits (B, T, V) if one head of a block (both counted from 0) adds nothing to the stream."""
    with asking(network), without_heads(network, [(layer, head)]):
        return network(token_ids)


@contextmanager
def without_heads(network: Transformer, heads: Iterable[tuple[int, int]]) -> Iterator[None]:
    """While it is open, these heads add nothing to the stream, whoever asks the network.

    Args:
        network: whose heads they are.
        heads: pairs of a block and a head in it, counted from 0.
    """
    size = network.config.d_head

    def silence(_, arguments: tuple, begin: int) -> tuple:
        mixed = arguments[0].clone()
        mixed[..., begin : begin + size] = 0
        return (mixed,)

    with ExitStack() as hooks:
        for layer, head in heads:
            output = network.blocks[layer].attention.output
            hooks.enter_context(_hook(output, partial(silence, begin=head * size)))
        yield


@contextmanager
def _hook(part: torch.nn.Module, before: object) -> Iterator[None]:
    handle = part.register_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()


class Linear(NamedTuple):
    """A linear map with a constant: `x @ weights + constant`."""

    weights: np.ndarray  # (D, K)
    constant: np.ndarray  # (K,)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(N, K) of vectors (N, D)."""
        return x @ self.weights + self.constant


def fit_linear(x: np.ndarray, y: np.ndarray, weights: np.ndarray, penalty: float = 1e-6) -> Linear:
    """The linear map from x to y with the least weighted squared error: ridge regression with hardly a ridge.

    Args:
        x: vectors, (N, D).
        y: what they are to say, (N, K).
        weights: how much each row counts, (N,).
        penalty: on the squared weights, as a share of the mean variance of x; it settles what x leaves open.
    """
    share = weights / weights.sum()
    x_mean, y_mean = share @ x, share @ y
    x, y = x - x_mean, y - y_mean
    square = (x * share[:, None]).T @ x
    ridge = penalty * np.trace(square) / len(square)
    found = np.linalg.solve(square + ridge * np.eye(len(square)), (x * share[:, None]).T @ y)
    return Linear(found, y_mean - x_mean @ found)


def explained(found: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """R²: the share of the variance of y (N, K), all its columns together, that is in `found` (N, K).

    1 minus squared error over variance. It is 0 for who says the mean, and may be below.

    >>> y = np.array([[1.0], [2.0], [3.0]])
    >>> round(explained(np.array([[1.0], [2.0], [2.0]]), y, np.ones(3)), 2)
    0.5
    """
    share = weights / weights.sum()
    error, spread = ((part**2).sum(axis=1) @ share for part in (found - y, y - share @ y))
    return float(1 - error / spread)
