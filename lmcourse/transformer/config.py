"""All choices of a Transformer in one place, and how many parameters they cost.

What a stack is used for (encoder, decoder, prefix model) is no choice of this kind: the mask decides it.
Left out: T5's table of relative positions, BERT's segments, pooler and first norm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lmcourse.model import check_whole

POSITIONS = ("none", "learned", "sinusoidal", "alibi", "rope")
NORMS = ("layer", "rms")
PLACES = ("pre", "post", "deep")
FEED_FORWARDS = ("relu", "gelu", "swiglu", "experts")


@dataclass(frozen=True)
class Config:
    """A stack of blocks. Raises ValueError for choices that are unknown, or do not go together."""

    vocab_size: int  # V
    d_model: int  # D, numbers in a token's vector
    n_heads: int  # H, of the queries
    n_layers: int  # blocks, one above the other
    context_length: int  # tokens that it is made for; with learned positions it cannot take more
    n_kv_heads: int | None = None  # of keys and values; None: as many as n_heads; 1: multi-query
    d_ff: int | None = None  # numbers inside the feed-forward layer; None: as many as cost 8 D² weights
    position: str = "learned"  # "none", "learned", "sinusoidal" (√D on embeddings), "alibi", "rope"
    norm: str = "layer"  # "layer", "rms"
    norm_place: str = "pre"  # "pre", "post", "deep" (post, with DeepNorm's constants)
    feed_forward: str = "gelu"  # "relu", "gelu", "swiglu", "experts" (several with GELU, and a router)
    bias: bool = True  # whether matrices and LayerNorms have one
    tied: bool = True  # whether the output is the embedding again
    dropout: float = 0.0  # share left out in training, of weights of attention and of what parts add
    rope_base: float = 10_000.0  # the slowest of RoPE's rotations has a period of 2π times this^(1 - 2/K)
    n_experts: int | None = None  # E, of "experts"; `d_ff` is the size of each
    n_active: int = 1  # experts that a token uses
    cross: bool = False  # whether each block also looks at another text, as an encoder-decoder's decoder

    def __post_init__(self):
        """Check the choices."""
        for name in ("vocab_size", "d_model", "n_heads", "n_layers", "context_length", "n_active"):
            check_whole(getattr(self, name), name)
        for name in ("n_kv_heads", "d_ff", "n_experts"):
            if getattr(self, name) is not None:
                check_whole(getattr(self, name), name)
        for name, known in (
            ("position", POSITIONS),
            ("norm", NORMS),
            ("norm_place", PLACES),
            ("feed_forward", FEED_FORWARDS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} must be one of {', '.join(map(repr, known))}"
                )
        if self.d_model % self.n_heads:
            raise ValueError(f"d_model={self.d_model} must be divisible by n_heads={self.n_heads}")
        if self.n_heads % self.kv_heads:
            raise ValueError(f"n_heads={self.n_heads} must be divisible by n_kv_heads={self.n_kv_heads}")
        if (self.n_experts is not None) != (self.feed_forward == "experts"):
            raise ValueError(
                f"n_experts={self.n_experts} does not go with feed_forward={self.feed_forward!r}; "
                "give both, or neither"
            )
        if self.n_active > (self.n_experts or 1):
            raise ValueError(f"n_active={self.n_active} is more than n_experts={self.n_experts}")
        if self.position == "rope" and self.d_head % 2:
            raise ValueError(
                f"RoPE turns pairs of numbers, but a head has {self.d_head}; let d_model / n_heads be even"
            )
        if self.position == "sinusoidal" and self.d_model % 2:
            raise ValueError(f"sinusoids come in pairs; d_model={self.d_model} must be even")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout} must be from 0 to below 1")
        if not 1 < self.rope_base < math.inf:
            raise ValueError(f"rope_base={self.rope_base} must be above 1, and finite")

    @property
    def d_head(self) -> int:
        """K, numbers in a head's query, key or value."""
        return self.d_model // self.n_heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads

    @property
    def d_inner(self) -> int:
        """Numbers inside the feed-forward layer: `d_ff`, or 4 D, or 8/3 D with SwiGLU's third matrix."""
        if self.d_ff is not None:
            return self.d_ff
        return round(8 * self.d_model / 3) if self.feed_forward == "swiglu" else 4 * self.d_model

    @property
    def residual_scale(self) -> float:
        """DeepNorm's α = (2 N)^¼, in a decoder beside an encoder (3 N)^¼; otherwise 1.

        Source: Wang et al. (2022), DeepNet, figure 2. An encoder has the α of one that stands alone, not of
        one whose decoder's depth is known.
        """
        if self.norm_place != "deep":
            return 1.0
        return ((3 if self.cross else 2) * self.n_layers) ** 0.25

    def count_parameters(self) -> dict[str, int]:
        """Parameters of each part, those of all blocks together, and their "total". A tied output costs 0."""
        d, bias = self.d_model, int(self.bias)

        def linear(d_in: int, d_out: int) -> int:
            return d_in * d_out + bias * d_out

        attention = linear(d, (self.n_heads + 2 * self.kv_heads) * self.d_head) + linear(d, d)
        attentions = 2 if self.cross else 1
        ups = 2 if self.feed_forward == "swiglu" else 1
        one = linear(d, ups * self.d_inner) + linear(self.d_inner, d)
        forward = one if self.n_experts is None else self.n_experts * (one + d)  # d: its row of the router
        norm = d * (1 + bias) if self.norm == "layer" else d
        last_norm = norm if self.norm_place == "pre" else 0
        parts = {
            "embedding": self.vocab_size * d,
            "positions": self.context_length * d if self.position == "learned" else 0,
            "attention": self.n_layers * attentions * attention,
            "feed-forward": self.n_layers * forward,
            "norms": self.n_layers * (attentions + 1) * norm + last_norm,
            "output": 0 if self.tied else self.vocab_size * d,
        }
        return {**parts, "total": sum(parts.values())}
