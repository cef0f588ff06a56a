"""The feed-forward layer of a block: what is done at each token with what attention has brought there.

Sources: Vaswani et al. (2017), section 3.3; Shazeer (2020), SwiGLU.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import gelu, relu, silu

from lmcourse.transformer.config import Config
from lmcourse.transformer.linear import Linear


class FeedForward(nn.Module):
    """Each token by itself: up to more numbers, bent, and down again. SwiGLU: some numbers gate others."""

    def __init__(self, config: Config):
        super().__init__()
        self.kind = config.feed_forward
        ups = 2 if self.kind == "swiglu" else 1  # the gates, then what they gate
        self.up = Linear(config.d_model, ups * config.d_inner, bias=config.bias)
        self.down = Linear(config.d_inner, config.d_model, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) of (..., D)."""
        inner = self.up(x)
        if self.kind == "swiglu":
            gates, inner = inner.chunk(2, dim=-1)
            return self.down(silu(gates) * inner)
        return self.down(relu(inner) if self.kind == "relu" else gelu(inner))
