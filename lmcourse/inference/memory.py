"""Arithmetic of inference: what a Transformer's weights and its cache weigh, and what a token costs.

A token needs each weight once, and with it one multiplication and one addition. A CPU's core does a dozen or
so of these in the time in which it fetches one weight of 32 bits from memory, a graphics card hundreds; so
with one text at hand the time of a token is that of fetching, and the bound is bandwidth over bytes (the
roofline). Everything here is a pure function of a `Config`; nothing is measured. Left out: experts of which a
token uses only some, what is fetched twice, activations, the memory of a program around it.

Sources: Williams et al. (2009), the roofline; Shazeer (2019) and Ainslie et al. (2023), shared keys and
values.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from lmcourse.model import check_whole
from lmcourse.transformer.config import Config

BYTES = {  # of a weight; where several share numbers of 16 bits, with their share of them
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "int8": 1.0,  # and a scale for each row, which is left out
    "q8_0": 34 / 32,  # 32 weights and a scale
    "q4_0": 18 / 32,
    "q4_1": 20 / 32,  # 32 weights, a scale and a least one
}


class Cost(NamedTuple):
    """What the next token of each of B texts costs, all together."""

    weight_bytes: float  # fetched once, whatever B is
    cache_bytes: float  # fetched for each text
    flops: float  # multiplications and additions

    @property
    def bytes(self) -> float:
        """All that is fetched."""
        return self.weight_bytes + self.cache_bytes

    def seconds(self, bandwidth: float, flops_per_second: float = float("inf")) -> float:
        """The least time: what is slower of fetching and multiplying, if the other is done meanwhile."""
        return max(self.bytes / bandwidth, self.flops / flops_per_second)


def bytes_of(kind: str) -> float:
    """Bytes of a number. Raises ValueError for a kind that is not one of `BYTES`."""
    if kind not in BYTES:
        raise ValueError(f"{kind!r} must be one of {', '.join(map(repr, BYTES))}")
    return BYTES[kind]


def weight_bytes(config: Config, kind: str = "f32", embedding: str | None = None) -> float:
    """Bytes of all parameters; `embedding`: another kind for the embedding and the output."""
    parts = config.count_parameters()
    tables = parts["embedding"] + parts["output"]
    return (parts["total"] - tables) * bytes_of(kind) + tables * bytes_of(embedding or kind)


def weights_read(config: Config) -> int:
    """How many weights a token needs: all but the tables of embedding and positions, of which it needs a row.

    (Where the embedding is the output too, that table is multiplied with as well.)
    """
    parts = config.count_parameters()
    tables = parts["positions"] + (0 if config.tied else parts["embedding"])
    return parts["total"] - tables


def cache_bytes(config: Config, n_tokens: int = 1, kind: str = "f16") -> float:
    """Bytes of the keys and values of so many tokens: 2 · layers · G · K numbers each.

    >>> llama_2_70b = Config(32_000, 8192, 64, 80, 4096, n_kv_heads=8, position="rope")
    >>> cache_bytes(llama_2_70b) / 1024  # with a key and a value for each of 64 heads eight times as many
    320.0
    """
    return 2 * config.n_layers * config.kv_heads * config.d_head * bytes_of(kind) * n_tokens


def attention_flops(config: Config, n_seen: int) -> int:
    """Multiplications and additions of a token that compares itself with so many and takes their mean."""
    return config.n_layers * 4 * config.d_model * n_seen  # 2 D for the products q · k, 2 D for the mean


def step_cost(
    config: Config,
    n_texts: int = 1,
    n_seen: int = 1,
    kind: str = "f32",
    embedding: str | None = None,
    cache_kind: str | None = None,
) -> Cost:
    """What one more token costs in each of B texts.

    Args:
        config: of the network.
        n_texts: B, texts that go on side by side.
        n_seen: tokens that each of them holds, the new one included.
        kind: of the weights, one of `BYTES`.
        embedding: another kind for embedding and output; None: the same.
        cache_kind: of keys and values; None: the kind of the weights where that is "f32", "f16" or "bf16", or
            else "f16".
    """
    check_whole(n_texts, "n_texts"), check_whole(n_seen, "n_seen")
    read, output = weights_read(config), config.vocab_size * config.d_model
    fetched = (read - output) * bytes_of(kind) + output * bytes_of(embedding or kind)
    if cache_kind is None:
        cache_kind = kind if kind in ("f32", "f16", "bf16") else "f16"
    kept = n_texts * cache_bytes(config, n_seen, cache_kind)
    return Cost(fetched, kept, n_texts * (2 * read + attention_flops(config, n_seen)))


def reading_cost(
    config: Config,
    n_tokens: int,
    kind: str = "f32",
    embedding: str | None = None,
    cache_kind: str | None = None,
) -> Cost:
    """What it costs to read a text whose tokens are all there, in one pass.

    Each weight is fetched once for all of them, the output's too, with which each token is asked what comes
    next; the n-th of them compares itself with n. Keys and values are written once, instead of fetched.
    """
    last = step_cost(config, 1, n_tokens, kind, embedding, cache_kind)
    attention = attention_flops(config, 1) * n_tokens * (n_tokens + 1) // 2
    return last._replace(flops=n_tokens * 2 * weights_read(config) + attention)


def turning_point(
    config: Config,
    bandwidth: float,
    flops_per_second: float,
    n_seen: int = 1,
    kind: str = "f32",
    embedding: str | None = None,
    cache_kind: str | None = None,
) -> float:
    """How many texts side by side make multiplying as slow as fetching; inf if no number of them does.

    Weights are fetched once for all texts, a cache for each, so where the cache of a text alone takes longer
    to fetch than its token to multiply, more texts do not help.
    """
    one = step_cost(config, 1, n_seen, kind, embedding, cache_kind)
    gained = one.flops / flops_per_second - one.cache_bytes / bandwidth  # in seconds, by a text more
    return one.weight_bytes / bandwidth / gained if gained > 0 else math.inf
