"""Sums and copies over all processes, in a ring: each sends to the next and hears from the one before.

Numbers are cut into as many chunks as there are processes, n. In n - 1 rounds each chunk gathers its sum on a
tour of the ring; n - 1 more carry the sums to everybody. Each process sends (n - 1) / n of the numbers in
either half, however many processes there are. Source: Patarasuk and Yuan (2009).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lmcourse.parallel.cluster import Group


def reduce_scatter(group: Group, chunks: Sequence[Tensor]) -> Tensor:
    """The sum over all processes of one chunk, that of the process's number.

    Args:
        group: the processes.
        chunks: n of one shape, at each process.
    """
    n, rank = group.size, group.rank
    partial = chunks[(rank - 1) % n]
    for turn in range(n - 1):
        sending = group.send(partial, (rank + 1) % n)
        own = chunks[(rank - turn - 2) % n]
        arrived = group.receive(own, (rank - 1) % n)
        sending.wait()
        partial = arrived + own
    return partial


def all_gather(group: Group, chunk: Tensor) -> list[Tensor]:
    """The chunks of all processes, in order of their numbers; all of one shape."""
    n, rank = group.size, group.rank
    chunks = [chunk] * n
    for turn in range(n - 1):
        sending = group.send(chunks[(rank - turn) % n], (rank + 1) % n)
        chunks[(rank - turn - 1) % n] = group.receive(chunk, (rank - 1) % n)
        sending.wait()
    return chunks


def all_reduce(group: Group, x: Tensor) -> Tensor:
    """The sum of x over all processes, at each of them: first `reduce_scatter`, then `all_gather`."""
    chunks = cut(x.flatten(), group.size)
    return torch.cat(all_gather(group, reduce_scatter(group, chunks)))[: x.numel()].view(x.shape)


def cut(flat: Tensor, n: int) -> list[Tensor]:
    """n chunks of one length of numbers (K,), filled up with zeros if n does not divide K."""
    filled = torch.cat([flat, flat.new_zeros(-len(flat) % n)])
    return list(filled.view(n, -1))
