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


class Fixed(nn.Module):
    """A part of a network that stays as it was laid out: what it holds in other forms would not follow it."""

    def _apply(self, *_: object, **__: object) -> nn.Module:
        """torch calls this wherever parameters are moved or converted, as by `.to` and `.float`."""
        raise ValueError(
            "a network that was laid out for reading can be neither moved nor converted; do that with the "
            "network that it was made of, and lay it out anew"
        )


class FlatBlock(Fixed):
    """In the place of a `Block`, for reading.

    Args:
        block: whose weights it takes.
        matrix: makes of a weight (out, in) a module that multiplies by it, by its `rows`.
    """

    def __init__(self, block: Block, matrix: Callable[[Tensor], nn.Module]):
        super().__init__()
        attention, forward = block.attention, block.feed_forward
        self.qkv, self.output = matrix(attention.qkv.weight), matrix(attention.output.weight)
        self.up, self.down = matrix(forward.up.weight), matrix(forward.down.weight)
        self.attention_scale, self.forward_scale = block.attention_norm.weight, block.feed_forward_norm.weight
        least = torch.tensor(EPSILON * len(self.attention_scale)).sqrt()
        self._heads = attention.n_heads, attention.sizes[1] // attention.d_head, attention.d_head
        # A tuple is found at once; modules and parameters are looked up in several places.
        products = (part.rows for part in (self.qkv, self.output, self.up, self.down))
        scales = (scale * len(scale) ** 0.5 for scale in (self.attention_scale, self.forward_scale))
        self._parts = *products, *scales, least

    def forward(
        self,
        x: Tensor,
        sight: Sight,
        source: None = None,  # noqa: ARG002, as a Block has it
        source_visible: None = None,  # noqa: ARG002
        cache: tuple[KeysValues | None, None] = (None, None),
    ) -> Tensor:
        """As `Block.forward`, without another text."""
        qkv, output, up, down, attention_scale, forward_scale, least = self._parts
        n_heads, n_shared, d_head = self._heads
        rows = x.flatten(0, 1)
        found = qkv(_normed(rows, attention_scale, least)).float()
        heads = found.view(*x.shape[:2], -1, d_head).transpose(1, 2)
        pairs = torch.view_as_complex(heads.view(*heads.shape[:3], -1, 2))
        pairs[:, : n_heads + n_shared] *= torch.complex(*sight.rotation)  # as `rotate`, in place
        q, both = heads[:, :n_heads], heads[:, n_heads:]
        k, v = both.chunk(2, dim=1) if cache[0] is None else cache[0].extend_both(both)
        seen = attend_torch(q, k, v, sight.visible, None, sight.causal)
        rows = rows + output(seen.transpose(1, 2).reshape(rows.shape))
        gates, inner = up(_normed(rows, forward_scale, least)).float().chunk(2, dim=-1)
        rows = rows + down(silu(gates) * inner)
        return rows.view(x.shape)


def _normed(x: Tensor, scale: Tensor, least: Tensor) -> Tensor:
    """RMSNorm. The root of the mean square is a length over √D; this √D is a factor of `scale` already."""
    return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), least) * scale
