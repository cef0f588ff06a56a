"""Attention: a soft look-up. A query is compared with all keys, and gets the mean of the values so weighted.

`attend` is the whole method, in NumPy; `attend_torch` the same on torch's fused kernel. `Attention` draws
queries, keys and values from vectors, for several heads. What may be seen is told by a boolean array, true
where a query may see a key, as everywhere in this package. Left out: windows, sparse patterns.

Sources: Vaswani et al. (2017), section 3.2; Shazeer (2019) for one head of keys and values (multi-query),
Ainslie et al. (2023) for a few (grouped).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from lmcourse.transformer.cache import KeysValues
from lmcourse.transformer.config import Config
from lmcourse.transformer.linear import Linear, linear
from lmcourse.transformer.positions import rotate


class Sight(NamedTuple):
    """What of a text is seen, and from where: the same in all blocks. By itself, everything alike."""

    visible: Tensor | None = None  # as of `attend_torch`, broadcast to (B, H, T, S)
    bias: Tensor | None = None  # likewise
    causal: bool = False  # instead of both
    rotation: tuple[Tensor, Tensor] | None = (
        None  # RoPE's cosines and sines, each (T, K / 2) or (B, 1, T, K / 2)
    )


EVERYTHING = Sight()


SEES_NOTHING = "a query sees nothing: a row of `visible` is all False; let it see at least one key"


def attention_weights(
    q: np.ndarray, k: np.ndarray, visible: np.ndarray | None = None, bias: np.ndarray | None = None
) -> np.ndarray:
    """softmax(q k' / √d + bias) over the keys that may be seen. Arguments as of `attend`; (..., T, S)."""
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if bias is not None:
        scores = scores + bias
    if visible is not None:
        if not np.any(visible, axis=-1).all():
            raise ValueError(SEES_NOTHING)
        scores = np.where(visible, scores, -np.inf)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True)


def attend(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    visible: np.ndarray | None = None,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """Scaled dot-product attention, (..., T, e).

    Args:
        q: queries, (..., T, d).
        k: keys, (..., S, d).
        v: values, (..., S, e).
        visible: booleans that broadcast to (..., T, S), true where a query may see a key; None: everywhere.
        bias: added to the scores, broadcast to (..., T, S).

    Raises ValueError for a query that sees nothing.

    >>> q, k, v = np.array([[0.0]]), np.array([[1.0], [2.0]]), np.array([[10.0], [20.0]])
    >>> attend(q, k, v), attend(q, k, v, np.array([[False, True]]))
    (array([[15.]]), array([[20.]]))
    """
    return attention_weights(q, k, visible, bias) @ v


def attend_torch(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    visible: Tensor | None = None,
    bias: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
) -> Tensor:
    """`attend` by torch's kernel. `causal` stands for a triangular `visible`, which it then need not read.

    Raises ValueError for `causal` beside `visible` or `bias`: it is instead of both.

    With fewer heads of keys and values (B, G, S, K) than of queries (B, H, T, K), H / G neighbouring queries
    share one. `dropout` is the share of weights left out. Also raises ValueError for a `visible` that is not
    boolean, which torch would add to the scores. That each query sees something is not looked at here, where
    it would be at every layer, but by `network.as_mask`.
    """
    mask = bias
    if visible is not None:
        if visible.dtype != torch.bool:
            raise ValueError(f"visible must be boolean, true where a key may be seen; got {visible.dtype}")
        mask = visible if bias is None else bias.masked_fill(~visible, -torch.inf)
    if causal and mask is not None:
        raise ValueError("causal=True stands for a triangular visible; give a mask or a bias, or causal=True")
    if k.shape[1] < q.shape[1]:
        if shares_keys() and not q.requires_grad:  # the way back goes through what is repeated
            return scaled_dot_product_attention(q, k, v, mask, dropout, is_causal=causal, enable_gqa=True)
        k, v = repeated(k, q.shape[1]), repeated(v, q.shape[1])
    return scaled_dot_product_attention(q, k, v, mask, dropout, is_causal=causal)


def repeated(part: Tensor, n_heads: int) -> Tensor:
    """Keys or values (B, G, S, K) for each head, (B, H, S, K): a group's stand once for each of its heads."""
    return part if part.shape[1] == n_heads else part.repeat_interleave(n_heads // part.shape[1], dim=1)


@lru_cache(maxsize=1)
def shares_keys() -> bool:
    """Whether torch's kernel lets heads share keys and values (2.5 and later), which saves repeating them."""
    try:
        scaled_dot_product_attention(torch.ones(1, 2, 1, 1), *[torch.ones(1, 1, 1, 1)] * 2, enable_gqa=True)
    except (TypeError, RuntimeError):
        return False
    return True


class Attention(nn.Module):
    """Attention with several heads, of a text to itself or to another.

    The matrix of queries, keys and values is one, laid out as in torch's nn.MultiheadAttention.

    Args:
        config: of the stack it belongs to.
    """

    def __init__(self, config: Config):
        super().__init__()
        self.sizes = [config.n_heads * config.d_head, *[config.kv_heads * config.d_head] * 2]
        self.n_heads, self.d_head, self.dropout = config.n_heads, config.d_head, config.dropout
        self.qkv = Linear(config.d_model, sum(self.sizes), bias=config.bias)
        self.output = Linear(config.d_model, config.d_model, bias=config.bias)

    def _project(
        self, x: Tensor, begin: int, end: int, rotation: tuple[Tensor, Tensor] | None = None
    ) -> Sequence[Tensor]:
        """Some of the parts q, k, v of vectors (B, T, D), each (B, its heads, T, K), q and k turned."""
        if (begin, end) == (0, 3):
            found = self.qkv(x)
        else:
            rows = slice(sum(self.sizes[:begin]), sum(self.sizes[:end]))
            bias = None if self.qkv.bias is None else self.qkv.bias[rows]
            found = linear(x, self.qkv.weight[rows], bias)
        heads = found.unflatten(-1, (-1, self.d_head)).transpose(1, 2)
        sizes = [size // self.d_head for size in self.sizes[begin:end]]
        if rotation is None:
            return heads.split(sizes, dim=1)
        q_and_k, v = heads.split([sizes[0] + sizes[1], sizes[2]], dim=1)
        return *rotate(q_and_k, *rotation).split(sizes[:2], dim=1), v

    def heads(
        self,
        x: Tensor,
        rotation: tuple[Tensor, Tensor] | None = None,
        source: Tensor | None = None,
        cache: KeysValues | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, K), and keys and values, which a group of heads may share, (B, G, S, K)."""
        if source is None:
            q, k, v = self._project(x, 0, 3, rotation)
            k, v = (k, v) if cache is None else cache.extend(k, v)
        else:
            (q,) = self._project(x, 0, 1)
            held = None if cache is None else cache.held
            if held is not None:
                k, v = held  # the other text has not changed
            else:
                k, v = self._project(source, 1, 3)
                if cache is not None:
                    cache.extend(k, v)
        return q, k, v

    def forward(
        self,
        x: Tensor,
        sight: Sight = EVERYTHING,
        source: Tensor | None = None,
        cache: KeysValues | None = None,
    ) -> Tensor:
        """What each token gets from those it sees, (B, T, D).

        Args:
            x: vectors of the tokens, (B, T, D).
            sight: what is seen; to another text nothing is turned.
            source: vectors of another text to look at, (B, S, D).
            cache: keys and values of the tokens before x, to be extended; of another text, to be kept.
        """
        q, k, v = self.heads(x, sight.rotation, source, cache)
        dropout = self.dropout if self.training else 0.0
        found = attend_torch(q, k, v, sight.visible, sight.bias, sight.causal, dropout)
        return self.output(found.transpose(1, 2).flatten(2))
