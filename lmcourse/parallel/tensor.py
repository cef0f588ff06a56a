"""Tensor parallelism: each process has some heads of each block, and some of its feed-forward layer's inside.

The first matrix of either part is cut by what comes out of it, the second by what goes in; between the two
nobody needs to know what the others have. What the second matrices give is a sum over processes: one tour of
the ring forwards for each part, and one backwards, where the part's input was copied to all.
Source: Shoeybi et al. (2019), Megatron-LM, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lmcourse.parallel.cluster import Group
from lmcourse.parallel.data import Gradients, named_gradients, text_loss
from lmcourse.parallel.ring import all_reduce
from lmcourse.transformer.attention import Attention
from lmcourse.transformer.feed_forward import FeedForward
from lmcourse.transformer.network import Transformer


class Copied(torch.autograd.Function):
    """Forwards nothing is done: all have the same input. Backwards all say what they want of it."""

    @staticmethod
    def forward(ctx, x: Tensor, group: Group) -> Tensor:  # noqa: D102
        ctx.group = group
        return x.view_as(x)

    @staticmethod
    def backward(ctx, d_x: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        return all_reduce(ctx.group, d_x), None


class Summed(torch.autograd.Function):
    """Forwards the sum over all processes. Backwards nothing is done: each summand counts once."""

    @staticmethod
    def forward(_, x: Tensor, group: Group) -> Tensor:  # noqa: D102
        return all_reduce(group, x)

    @staticmethod
    def backward(_, d_x: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        return d_x, None


class Slice(nn.Module):
    """A process's share of an attention or a feed-forward layer, whose output is that of the whole."""

    def __init__(self, part: Attention | FeedForward, group: Group):
        super().__init__()
        self.part, self.group = part, group

    def forward(self, x: Tensor, *args, **named) -> Tensor:
        """As the part's own."""
        return Summed.apply(self.part(Copied.apply(x, self.group), *args, **named), self.group)


def rows_of(part: Attention | FeedForward, group: Group) -> Tensor:
    """Rows of a part's first matrix that a process has: its share of q, k and v, or of gates and gated.

    Raises ValueError if the processes cannot share heads, or the inside, evenly.
    """
    if isinstance(part, Attention):
        sizes, unit = part.sizes, part.d_head
    else:
        inner = part.down.in_features
        sizes, unit = [inner] * (part.up.out_features // inner), 1
    if any(size % (unit * group.size) for size in sizes):
        raise ValueError(f"{[size // unit for size in sizes]} heads or rows cannot be shared by {group.size}")
    starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
    shares = [size // group.size for size in sizes]
    return torch.cat([start + group.rank * n + torch.arange(n) for start, n in zip(starts, shares)])


def slice_(part: Attention | FeedForward, group: Group) -> Slice:
    """Leave of a part's matrices a process's share, in place; the second bias stays at the first process."""
    rows = rows_of(part, group)
    first, second = (part.qkv, part.output) if isinstance(part, Attention) else (part.up, part.down)
    columns = rows[: second.in_features // group.size]  # of q, or of the gates: they begin the rows
    first.weight = nn.Parameter(first.weight.detach()[rows])
    second.weight = nn.Parameter(second.weight.detach()[:, columns])
    if first.bias is not None:
        first.bias = nn.Parameter(first.bias.detach()[rows])
        second.bias = second.bias if group.rank == 0 else None
    second.in_features //= group.size
    if isinstance(part, Attention):
        part.sizes = [size // group.size for size in part.sizes]
    return Slice(part, group)


def slice_network(network: Transformer, group: Group) -> Transformer:
    """Leave of each block a process's share, in place. Embedding, norms and output stay whole everywhere."""
    for block in network.blocks:
        block.attention = slice_(block.attention, group)
        block.feed_forward = slice_(block.feed_forward, group)
    return network


def gradients(group: Group, network: Transformer, texts: Tensor) -> Gradients:
    """The gradients of a process's share at all texts (B, T), by the whole network's names."""
    network = slice_network(network, group)
    text_loss(network, texts).backward()
    return {name.replace(".part.", "."): x for name, x in named_gradients(network).items()}
