"""The block of a Llama-like network in one go: what `Block` does in ten small modules, in a single function.

For one token a block's multiplications take some hundred microseconds; then what is around them counts too:
calls of modules, looking up their parts, checking arguments. Nothing is computed in another way here, and
nothing is left to choose: RMSNorm before each part, RoPE, SwiGLU, no biases.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from lmcourse.transformer.attention import Sight, attend_torch
from lmcourse.transformer.blocks import EPSILON, Block
from lmcourse.transformer.cache import KeysValues
from lmcourse.transformer.config import Config
from lmcourse.transformer.positions import rotate

LLAMA = {
    "position": "rope",
    "norm": "rms",
    "norm_place": "pre",
    "feed_forward": "swiglu",
    "bias": False,
    "cross": False,
}


def check_llama(config: Config) -> None:
    """Raise ValueError for a network of another kind, naming what is different."""
    other = {name: getattr(config, name) for name, wanted in LLAMA.items() if getattr(config, name) != wanted}
    if other:
        raise ValueError(
            f"only a network of Llama's kind can be laid out, with {LLAMA}; this one has {other}"
        )


class FlatBlock(nn.Module):
    """In the place of a `Block`, for reading.

    Args:
        block: whose weights it takes.
        matrix: makes of a weight (out, in) a module that multiplies by it.
    """

    def __init__(self, block: Block, matrix: Callable[[Tensor], nn.Module]):
        super().__init__()
        attention, forward = block.attention, block.feed_forward
        self.qkv, self.output = matrix(attention.qkv.weight), matrix(attention.output.weight)
        self.up, self.down = matrix(forward.up.weight), matrix(forward.down.weight)
        self.attention_scale, self.forward_scale = block.attention_norm.weight, block.feed_forward_norm.weight
        self._heads = attention.n_heads, attention.sizes[1] // attention.d_head, attention.d_head
        # A tuple is found at once; modules and parameters are looked up in several places.
        products = (part.forward for part in (self.qkv, self.output, self.up, self.down))
        self._parts = *products, self.attention_scale, self.forward_scale

    def forward(
        self,
        x: Tensor,
        sight: Sight,
        source: None = None,  # noqa: ARG002, as a Block has it
        source_visible: None = None,  # noqa: ARG002
        cache: tuple[KeysValues | None, None] = (None, None),
    ) -> Tensor:
        """As `Block.forward`, without another text."""
        qkv, output, up, down, attention_scale, forward_scale = self._parts
        n_heads, n_shared, d_head = self._heads
        y = x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + EPSILON) * attention_scale
        heads = qkv(y).view(*x.shape[:2], -1, d_head).transpose(1, 2)
        turned = rotate(heads[:, : n_heads + n_shared], *sight.rotation)
        q, k, v = turned[:, :n_heads], turned[:, n_heads:], heads[:, n_heads + n_shared :]
        if cache[0] is not None:
            k, v = cache[0].extend(k, v)
        x = x + output(attend_torch(q, k, v, sight.visible, None, sight.causal).transpose(1, 2).flatten(2))
        y = x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + EPSILON) * forward_scale
        gates, inner = up(y).chunk(2, dim=-1)
        return x + down(silu(gates) * inner)
