"""The block: attention and a feed-forward layer, each added to what was there, with normalisation around.

Sources: Vaswani et al. (2017), section 3; Ba et al. (2016), LayerNorm; Zhang and Sennrich (2019), RMSNorm;
Xiong et al. (2020), norms before and after; Wang et al. (2022), DeepNorm.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from lmcourse.transformer.attention import Attention, Sight
from lmcourse.transformer.cache import KeysValues
from lmcourse.transformer.config import Config
from lmcourse.transformer.experts import Experts
from lmcourse.transformer.feed_forward import FeedForward

EPSILON = 1e-5  # keeps a norm from dividing by zero


class Norm(nn.Module):
    """LayerNorm: to mean 0 and variance 1, a learned scale and shift. RMSNorm: mean square 1, a scale."""

    def __init__(self, config: Config):
        super().__init__()
        self.kind = config.norm
        self.weight = nn.Parameter(torch.ones(config.d_model))
        shifts = config.bias and config.norm == "layer"
        self.bias = nn.Parameter(torch.zeros(config.d_model)) if shifts else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) of (..., D)."""
        if self.kind == "layer":
            return layer_norm(x, self.weight.shape, self.weight, self.bias, EPSILON)
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + EPSILON) * self.weight


class Block(nn.Module):
    """Attention, with `cross` attention to another text, and a feed-forward layer."""

    def __init__(self, config: Config):
        super().__init__()
        self.pre, self.scale = config.norm_place == "pre", config.residual_scale
        self.attention, self.attention_norm = Attention(config), Norm(config)
        if config.cross:
            self.cross, self.cross_norm = Attention(config), Norm(config)
        self.feed_forward = (Experts if config.feed_forward == "experts" else FeedForward)(config)
        self.feed_forward_norm = Norm(config)
        self.dropout = nn.Dropout(config.dropout)

    def _add(self, x: Tensor, norm: Norm, part: Callable[[Tensor], Tensor]) -> Tensor:
        added = part(norm(x) if self.pre else x)
        if self.training:  # otherwise it would change nothing, and take its time
            added = self.dropout(added)
        return x + added if self.pre else norm(self.scale * x + added)

    def forward(
        self,
        x: Tensor,
        sight: Sight,
        source: Tensor | None = None,
        source_visible: Tensor | None = None,
        cache: tuple[KeysValues | None, KeysValues | None] = (None, None),
    ) -> Tensor:
        """The residual stream after this block, (B, T, D).

        Args:
            x: before it, (B, T, D).
            sight: what is seen of the text itself, and from where.
            source, source_visible: vectors of the other text, and what of it may be seen.
            cache: for the attention to the text itself, and for that to the other.
        """
        own, other = cache
        x = self._add(x, self.attention_norm, lambda y: self.attention(y, sight, cache=own))
        if source is not None:
            x = self._add(
                x,
                self.cross_norm,
                lambda y: self.cross(y, Sight(source_visible), source, other),
            )
        return self._add(x, self.feed_forward_norm, self.feed_forward)
