"""The weights of a Transformer laid out for reading on a CPU, token by token, where fetching them is the
work.

`lay_out` gives a network that is used as before, by the same model and the same reader: only its matrices lie
in memory in another way, or in fewer bits.

    f32-apart       queries, keys, values, gates and what they gate in matrices of their own, as in most code
    f32             as they are: what reads the same is one matrix (out, in), one row after another
    f32-flat        the same, and each block in one function; so are the others that follow
    f32-transposed  each matrix (in, out): a product with one token is then a sum of rows
    f16             half the bytes
    q4              4 bits, and two numbers of 16 bits for each 32 weights; the embedding, which is the output
                    too, in 8 bits with a scale for each row (kept twice if that is faster)

Four bits are chosen as a file's Q4_1 has them: the least and the largest of each 32 weights are kept, the
others go to the nearest of 14 steps between them. From weights that were such numbers before, the same are
found again. Left out: training, other kinds of networks, choosing the roundings with some text at hand.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lmcourse.inference.flat import Fixed, FlatBlock, check_llama
from lmcourse.inference.kernels import (
    GROUP,
    ROWS,
    digits_packed,
    digits_product,
    eight_bit_product,
    four_bit_packed,
    four_bit_product,
    has_digits,
    require_small_weights,
)
from lmcourse.inference.measure import fastest
from lmcourse.transformer.linear import has_onednn, linear, onednn
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.quantise import LARGEST, quantise

# Numbers that come out, from which on products with what is stored (in, out) are left to MKL, by measurement
# on an Intel processor: oneDNN takes twice as long there for 256 tokens; kept to AVX2, MKL is about as fast.
WIDE = 2048
FEW = 6  # tokens up to which CPUs multiply faster in 16 bits than in 32 into which weights are widened first


class Matrix(Fixed):
    """Multiplication by a matrix (out, in), for reading."""

    def rows(self, x: Tensor) -> Tensor:
        """(N, out), in whatever precision the product has, of (N, in), in 32 bits."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(..., out) of (..., in), both in 32 bits."""
        return self.rows(x.flatten(0, -2)).float().unflatten(0, x.shape[:-1])


class Plain(Matrix):
    """As it is."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)

    def rows(self, x: Tensor) -> Tensor:
        """As of every `Matrix`."""
        return linear(x, self.weight)


class Transposed(Matrix):
    """Stored (in, out)."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.register_buffer("weight", weight.T.contiguous())
        self._plainly = not onednn_is_faster() or len(weight) >= WIDE

    def rows(self, x: Tensor) -> Tensor:
        """As of every `Matrix`."""
        if self._plainly:
            return x @ self.weight
        return onednn(x, self.weight.T)


@lru_cache(maxsize=1)
def onednn_is_faster() -> bool:
    """Whether oneDNN multiplies one vector by matrices stored (in, out) faster here than MKL does.

    That depends on the processor, so it is tried, once, on more than most caches hold, in some 0.1 s.
    On one of AMD's, where MKL leaves the widest registers alone, it was; on one of Intel's MKL is by a third.
    """
    if not has_onednn():
        return False
    x, weights = torch.ones(1, 576), torch.ones(24, 576, 1024)
    tasks = {"onednn": lambda: [onednn(x, w.T) for w in weights], "mkl": lambda: [x @ w for w in weights]}
    seconds = fastest(tasks)
    return seconds["onednn"] < seconds["mkl"]


class Apart(nn.Module):
    """Several matrices, whose products stand one behind the other. Args: weight (out, in); rows of each."""

    def __init__(self, weight: Tensor, sizes: list[int]):
        super().__init__()
        self.weights = nn.ParameterList(part.clone() for part in weight.split(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """(..., out) of (..., in)."""
        return torch.cat([linear(x, weight) for weight in self.weights], dim=-1)


class Half(Matrix):
    """In 16 bits, of vectors rounded to them."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.register_buffer("weight", weight.half())

    def rows(self, x: Tensor) -> Tensor:
        """As of every `Matrix`."""
        if len(x) > FEW:
            return linear(x, self.weight.float())
        return nn.functional.linear(x.half(), self.weight)


class HalfRows(Half):
    """The same matrix as a table, whose rows are the vectors of tokens."""

    def forward(self, token_ids: Tensor) -> Tensor:
        """(..., D) of (...)."""
        return self.weight[token_ids].float()


class FourBit(Matrix):
    """In four bits, see `four_bit`."""

    def __init__(self, weight: Tensor):
        super().__init__()
        packed, scales_and_zeros = four_bit_packed(*four_bit(weight))
        self.register_buffer("packed", packed)
        self.register_buffer("scales_and_zeros", scales_and_zeros)
        self._operands = packed, scales_and_zeros  # a module looks for its buffers in several places

    def rows(self, x: Tensor) -> Tensor:
        """As of every `Matrix`."""
        return four_bit_product(x.bfloat16(), *self._operands)


class EightBit(Matrix):
    """Whole numbers with a scale for each row, see `eight_bit`.

    The faster of two products needs them in another order: then they are kept twice.
    """

    def __init__(self, weight: Tensor):
        super().__init__()
        whole, scale = eight_bit(weight)
        self.register_buffer("whole", whole)
        self.register_buffer("scale", scale)
        self._packed = digits_packed(whole) if has_digits() else None
        self._wide_scale = scale.float()

    def rows(self, x: Tensor) -> Tensor:
        """As of every `Matrix`."""
        if self._packed is None:
            return eight_bit_product(x.bfloat16(), self.whole, self.scale)
        return digits_product(x, self._packed, self._wide_scale)


class EightBitRows(nn.Module):
    """The matrix of an `EightBit` as a table, whose rows are the vectors of tokens."""

    def __init__(self, matrix: EightBit):
        super().__init__()
        self.register_buffer("whole", matrix.whole)
        self.register_buffer("scale", matrix.scale)

    def forward(self, token_ids: Tensor) -> Tensor:
        """(..., D) of (...)."""
        return self.whole[token_ids].float() * self.scale[token_ids].float()[..., None]


def four_bit(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whole numbers from 0 to 15 (N, K), scales and least weights (N, K / GROUP) of weights (N, K).

    w ≈ whole · scale + least, with least and largest exact. Raises ValueError for sizes that the kernel, or
    these groups, do not divide.

    >>> whole, scale, least = four_bit(torch.arange(32.0).repeat(16, 1))  # scale 31 / 15
    >>> whole[0, :6].tolist(), round(scale[0, 0].item(), 3), least[0, 0].item()
    ([0, 0, 1, 1, 2, 2], 2.067, 0.0)
    """
    n_rows, n_columns = weight.shape
    if n_columns % GROUP or n_rows % ROWS:
        raise ValueError(
            f"a matrix of {n_rows} rows and {n_columns} columns cannot be laid out in four bits: rows must "
            f"be a multiple of {ROWS}, columns of {GROUP}"
        )
    groups = weight.float().unflatten(1, (-1, GROUP))
    least, most = groups.amin(dim=2), groups.amax(dim=2)
    scale = (most - least) / 15
    steps = torch.where(scale > 0, scale, 1.0)  # where all are equal, all are `least`
    whole = ((groups - least[..., None]) / steps[..., None]).round().to(torch.uint8)
    return whole.flatten(1), scale, least


def eight_bit(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers from -127 to 127 (N, K) and a bfloat16 scale (N,) for each row of weights (N, K).

    As `quantise`, but the scales are rounded first, so that the whole numbers make up for it.
    """
    scale = quantise(weight)[1].to(torch.bfloat16)
    whole = (weight / scale[:, None].float()).round().clamp(-LARGEST, LARGEST)
    return whole.to(torch.int8), scale


class Layout(NamedTuple):
    """What a layout is made of: multiplications, and the `memory.BYTES` that its weights take."""

    matrix: type[Matrix] | None  # of flat blocks; None: the blocks stay as they are, or are taken apart
    weights: str = "f32"
    embedding: str | None = None  # and of the output, if they are of another kind


LAYOUTS = {
    "f32-apart": Layout(None),
    "f32": Layout(None),
    "f32-flat": Layout(Plain),
    "f32-transposed": Layout(Transposed),
    "f16": Layout(Half, "f16"),
    "q4": Layout(FourBit, "q4_1", "int8"),
}


def lay_out(network: Transformer, layout: str) -> Transformer:
    """A copy of a network for reading, laid out as one of `LAYOUTS`; what is the same is shared, not copied.

    Args:
        network: in float32, of Llama's kind.
        layout: which. Flat blocks can neither be moved nor converted later, and say so by a ValueError.

    Raises:
        ValueError: for an unknown layout, another kind of network, or sizes that do not go into it.
        kernels.Unavailable: for "q4" where torch has no such products.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout={layout!r} must be one of {', '.join(map(repr, LAYOUTS))}")
    check_llama(network.config)
    if layout == "q4":
        require_small_weights()
    shared = {id(p): nn.Parameter(p.detach().float(), False) for p in network.parameters()}
    copied = copy.deepcopy(network, shared)  # deepcopy takes what it finds in `shared` for copied
    if layout == "f32-apart":
        _take_apart(copied)
    elif LAYOUTS[layout].matrix:
        _flatten(copied, layout)
    return copied.eval()


def _take_apart(network: Transformer) -> None:
    """Give what reads the same matrices of their own."""
    for block in network.blocks:
        attention, forward = block.attention, block.feed_forward
        attention.qkv = Apart(attention.qkv.weight, attention.sizes)
        forward.up = Apart(forward.up.weight, [len(forward.up.weight) // 2] * 2)


def _flatten(network: Transformer, layout: str) -> None:
    """Put flat blocks with other multiplications in the place of a network's, and another output."""
    matrix, config = LAYOUTS[layout].matrix, network.config
    network.blocks = nn.ModuleList(FlatBlock(block, matrix) for block in network.blocks)
    head = network.embedding.weight if network.output is None else network.output.weight
    network.output = EightBit(head) if layout == "q4" else matrix(head)
    if config.tied and layout == "q4":
        network.embedding = EightBitRows(network.output)
    elif config.tied and layout == "f16":
        network.embedding = HalfRows(network.output.weight)
