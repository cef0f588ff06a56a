"""Products with weights of four and of eight bits: torch's own kernels for CPUs, which it does not document.

All that this course calls of torch's private operators for small weights stands here, and whether this torch
has them, and means by them what is meant here, is found out by small products.

    four bits    w = (q - 8) · scale + zero, q from 0 to 15; `GROUP` numbers of a row share scale and zero
    eight bits   w = q · scale, q from -127 to 127; each row has a scale
    in digits    the same weights of eight bits, by oneDNN's product of whole numbers

The first two want the vectors rounded to bfloat16. oneDNN takes bytes, too few for a vector: so each becomes
three of whole numbers of seven bits, its digits, which are multiplied side by side and put together
afterwards; that is exact to a millionth of the largest number. Eight bits would not do everywhere: processors
without a sum of products of bytes in 32 bits (AVX512-VNNI) add two in 16, which may then run over.

Sources: PyTorch, aten/src/ATen/native/cpu/int4mm_kernel.cpp, int8mm_kernel.cpp and quantized/cpu/qlinear.cpp.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

GROUP = 32  # numbers of a row that share a scale, in a file's Q4_1 as in the kernel
ROWS = 16  # the kernel of four bits works on so many rows at a time
MIDDLE = 8  # of 0 … 15: where the kernel has its zero
DIGITS, BASE = 3, 128
PLACES = torch.tensor([BASE**2, BASE, 1])  # what each of the digits counts
ZERO = BASE // 2  # a digit stands for itself less this
NO_SHIFT = torch.zeros(1, dtype=torch.int64)  # weights stand for themselves
LARGEST = 1_000_000  # of the whole numbers that vectors become; three digits reach 63 · (128² + 128 + 1)


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
    """x W', (M, N) of x (M, K) and what `four_bit_packed` gave, all in bfloat16."""
    return torch._weight_int4pack_mm_for_cpu(x, packed, GROUP, scales_and_zeros)


def eight_bit_product(x: Tensor, whole: Tensor, scale: Tensor) -> Tensor:
    """x W', (M, N) of x (M, K), whole numbers (N, K) in int8, a scale (N,) for each row; else in bfloat16."""
    return torch._weight_int8pack_mm(x, whole, scale)


def digits_packed(whole: Tensor) -> Tensor:
    """Whole numbers (N, K) in int8 in the order in which oneDNN reads them."""
    return torch.ops.onednn.qlinear_prepack(whole, None)


def digits_product(x: Tensor, packed: Tensor, scale: Tensor) -> Tensor:
    """x W', (M, N) of x (M, K), what `digits_packed` gave, and a scale (N,) for each row; all in float32."""
    unit = x.abs().amax(dim=-1, keepdim=True).clamp_min(1e-30) / LARGEST
    whole = (x / unit).round().to(torch.int32) + ZERO * int(PLACES.sum())  # not negative, as digits want it
    digits = (whole[:, None] // PLACES[:, None]) % BASE  # (M, 3, K)
    products = torch.ops.onednn.qlinear_pointwise(
        digits.to(torch.uint8).flatten(0, 1), 1.0, ZERO, packed, scale, NO_SHIFT,
        None, 1.0, 0, torch.float32, "none", [], "",
    )  # fmt: skip
    return ((unit * PLACES)[:, None] @ products.unflatten(0, (-1, DIGITS)))[:, 0]


@lru_cache(maxsize=1)
def has_small_weights() -> bool:
    """Whether the first two kernels are there and give, up to rounding, what is written above."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2 * GROUP, generator=generator).bfloat16()
    whole = torch.randint(0, 16, (ROWS, 2 * GROUP), generator=generator)
    scale, least = torch.rand(2, ROWS, 2, generator=generator)
    weights = whole * scale.repeat_interleave(GROUP, 1) - least.repeat_interleave(GROUP, 1)
    eight, row_scale = (whole - 2 * MIDDLE).to(torch.int8), scale[:, 0].to(torch.bfloat16)
    try:
        four = four_bit_product(x, *four_bit_packed(whole, scale, -least))
        found = eight_bit_product(x, eight, row_scale)
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    asked = ((four, x.float() @ weights.T), (found, x.float() @ (eight * row_scale[:, None].float()).T))
    return all(bool(((got - right).abs() < 0.02 * right.abs().max()).all()) for got, right in asked)


@lru_cache(maxsize=1)
def has_digits() -> bool:
    """Whether oneDNN's product is there and exact, also where all numbers are as large as can be."""
    x = torch.randn(2, 2 * GROUP, generator=torch.Generator().manual_seed(0))
    x[1] = x[1].sign()
    whole = torch.where(x[1] > 0, 127, -127).repeat(ROWS, 1).to(torch.int8)
    try:
        found = digits_product(x, digits_packed(whole), torch.ones(ROWS))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    right = x @ whole.T.float()
    return bool(((found - right).abs() < 1e-4 * right.abs().max()).all())


def require_small_weights() -> None:
    """Raises Unavailable, and says what to do instead, where the kernels are missing."""
    if not has_small_weights():
        raise Unavailable(
            f"torch {torch.__version__} has no products with weights of four and eight bits for this CPU, or "
            'other ones than are known here; lay the network out as "f16" or "f32"'
        )
