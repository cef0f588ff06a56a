"""How a model knows where a token stands: pure functions of positions, which are whole numbers.

Attention alone takes its inputs as a set. Sinusoids are added to the vectors of the tokens; RoPE turns
queries and keys; ALiBi lowers the scores of what is far away. Learned positions are a table, in `network.py`.

Sources: Vaswani et al. (2017), section 3.5; Su et al. (2021), RoFormer, section 3.2; Press et al. (2022),
ALiBi, section 3 and their code for numbers of heads that are no power of two.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor


def angles(positions: Tensor, size: int, base: float = 10_000.0) -> Tensor:
    """Position times frequency, (..., size / 2) of positions (...): base^(-2i / size) for i = 0, 1, ….

    In double precision. Raises ValueError for an odd size.

    >>> angles(torch.tensor([0, 1, 2]), 4, base=100.0).tolist()
    [[0.0, 0.0], [1.0, 0.1], [2.0, 0.2]]
    """
    if size % 2:
        raise ValueError(f"size={size} must be even: an angle serves two numbers")
    return positions[..., None].double() * _frequencies(size, base, positions.device)


@lru_cache(maxsize=16)
def _frequencies(size: int, base: float, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # so that what is kept serves training too
        return base ** (-torch.arange(0, size, 2, dtype=torch.float64, device=device) / size)


def sinusoidal(positions: Tensor, d_model: int, base: float = 10_000.0) -> Tensor:
    """Sine and cosine of each angle in turn, (..., D) of positions (...), in double precision."""
    found = angles(positions, d_model, base)
    return torch.stack([found.sin(), found.cos()], dim=-1).flatten(-2)


def rotation(positions: Tensor, d_head: int, base: float = 10_000.0) -> tuple[Tensor, Tensor]:
    """Cosine and sine of RoPE's angles, each (..., K / 2) of positions (...), in double precision."""
    found = angles(positions, d_head, base)
    return found.cos(), found.sin()


def rotate(vectors: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of neighbouring numbers, (..., T, K), by its angle; cos and sin are (..., T, K / 2).

    The product of a query and a key turned so depends on the difference of their positions alone. Llama's
    code in Hugging Face's form pairs a number with the one K / 2 further on; so its weights are in another
    order.
    """
    if vectors.dtype in (torch.float32, torch.float64):  # a pair is a complex number, which is turned by one
        turned = torch.view_as_complex(vectors.unflatten(-1, (-1, 2))) * torch.complex(cos, sin)
        return torch.view_as_real(turned).flatten(-2)
    even, odd = vectors[..., 0::2], vectors[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def alibi_slopes(n_heads: int) -> list[float]:
    """ALiBi's slope of each head: 2^(-8/H), its square, its third power, … for H a power of two.

    For other H: those of the next lower power of two, then every other one of those of the next higher.

    >>> alibi_slopes(4)
    [0.25, 0.0625, 0.015625, 0.00390625]
    """
    lower = 2 ** math.floor(math.log2(n_heads))
    slopes = [2 ** (-8 * (head + 1) / lower) for head in range(lower)]
    between = [2 ** (-4 * (head + 1) / lower) for head in range(0, 2 * lower, 2)]
    return slopes + between[: n_heads - lower]


def alibi(n_heads: int, positions: Tensor, key_positions: Tensor) -> Tensor:
    """ALiBi's bias of the scores, (..., H, T, S): minus slope times distance, on both sides alike.

    Args:
        n_heads: H.
        positions: of the queries, (..., T).
        key_positions: (..., S).
    """
    distances = (positions[..., :, None] - key_positions[..., None, :]).abs()
    slopes = torch.tensor(alibi_slopes(n_heads), device=positions.device)
    return -slopes[:, None, None] * distances[..., None, :, :]
