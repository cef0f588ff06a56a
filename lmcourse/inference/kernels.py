"""Products with weights of four and of eight bits: torch's own kernels for CPUs, which it does not document.

All that this course calls of torch's private operators for small weights stands here, and whether this torch
has them, and means by them what is meant here, is found out by a small product. The rows of `x` are rounded
to bfloat16, as the kernels want them; what comes out is in the precision of x.

    four bits    w = (q - 8) · scale + zero, q from 0 to 15; `GROUP` numbers of a row share scale and zero
    eight bits   w = q · scale, q from -127 to 127; each row has a scale

Source: PyTorch, aten/src/ATen/native/cpu/int4mm_kernel.cpp and int8mm_kernel.cpp.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

GROUP = 32  # numbers of a row that share a scale, in a file's Q4_1 as in the kernel
ROWS = 16  # the kernel of four bits works on so many rows at a time
MIDDLE = 8  # of 0 … 15: where the kernel has its zero


class Unavailable(RuntimeError):
    """This torch, or this machine, has no such kernel."""


def four_bit_packed(whole: Tensor, scale: Tensor, least: Tensor) -> tuple[Tensor, Tensor]:
    """Weights w = whole · scale + least in the order that `four_bit_product` reads, two in a byte.

    Args:
        whole: numbers from 0 to 15, (N, K).
        scale, least: (N, K / GROUP), rounded to bfloat16 here (to three digits or so).

    Returns:
        The weights, packed, and scales and zeros in bfloat16, (K / GROUP, N, 2).
    """
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(whole.to(torch.int32).contiguous(), 1)
    zero = least + MIDDLE * scale  # (q - 8) · scale + zero = q · scale + least
    return packed, torch.stack([scale.T, zero.T], dim=-1).to(torch.bfloat16).contiguous()


def four_bit_product(x: Tensor, packed: Tensor, scales_and_zeros: Tensor) -> Tensor:
    """x W', (..., N) of x (..., K) and what `four_bit_packed` gave."""
    rows = x.bfloat16().flatten(0, -2)
    found = torch.ops.aten._weight_int4pack_mm_for_cpu(rows, packed, GROUP, scales_and_zeros)
    return found.to(x.dtype).view(*x.shape[:-1], -1)


def eight_bit_product(x: Tensor, whole: Tensor, scale: Tensor) -> Tensor:
    """x W', (..., N) of x (..., K), whole numbers (N, K) in int8 and a bfloat16 scale (N,) for each row."""
    rows = x.to(torch.bfloat16).flatten(0, -2)
    return torch.ops.aten._weight_int8pack_mm(rows, whole, scale).to(x.dtype).unflatten(0, x.shape[:-1])


@lru_cache(maxsize=1)
def has_small_weights() -> bool:
    """Whether both kernels are there and give, up to rounding, what is written above."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2 * GROUP, generator=generator)
    whole = torch.randint(0, 16, (ROWS, 2 * GROUP), generator=generator)
    scale, least = torch.rand(2, ROWS, 2, generator=generator)
    weights = whole * scale.repeat_interleave(GROUP, 1) - least.repeat_interleave(GROUP, 1)
    eight, row_scale = (whole - 2 * MIDDLE).to(torch.int8), scale[:, 0].to(torch.bfloat16)
    try:
        four = four_bit_product(x, *four_bit_packed(whole, scale, -least))
        found = eight_bit_product(x, eight, row_scale)
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    asked = ((four, x @ weights.T), (found, x @ (eight.float() * row_scale[:, None].float()).T))
    return all(bool(((got - right).abs() < 0.02 * right.abs().max()).all()) for got, right in asked)


def require_small_weights() -> None:
    """Raises Unavailable, and says what to do instead, where the kernels are missing."""
    if not has_small_weights():
        raise Unavailable(
            f"torch {torch.__version__} has no products with weights of four and eight bits for this CPU, or "
            'other ones than are known here; lay the network out as "f16" or "f32"'
        )
