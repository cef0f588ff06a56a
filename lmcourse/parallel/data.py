"""Data parallelism: each process has the whole network and its share of the texts; gradients are averaged."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcourse.parallel.cluster import Group
from lmcourse.parallel.ring import all_reduce

Gradients = dict[str, Tensor]


def text_loss(network: nn.Module, texts: Tensor) -> Tensor:
    """Mean surprise in nats at the tokens of texts (B, T), the first of each left out."""
    return cross_entropy(network(texts[:, :-1]).flatten(0, 1), texts[:, 1:].flatten())


def named_gradients(network: nn.Module) -> Gradients:
    """The gradient of each parameter by its name."""
    return {name: parameter.grad for name, parameter in network.named_parameters()}


def single_gradients(network: nn.Module, texts: Tensor) -> Gradients:
    """What all kinds of parallelism must give: the gradients of one process that reads all texts (B, T)."""
    network.zero_grad()
    text_loss(network, texts).backward()
    return named_gradients(network)


def share(texts: Tensor, group: Group) -> Tensor:
    """The texts of a process, (B / n, T) of (B, T). Raises ValueError if n does not divide B."""
    if len(texts) % group.size:
        raise ValueError(f"{len(texts)} texts cannot be shared evenly by {group.size} processes")
    return texts.chunk(group.size)[group.rank]


def gradients(group: Group, network: nn.Module, texts: Tensor) -> Gradients:
    """The gradients at all texts (B, T), at each process; each reads B / n of them."""
    own = single_gradients(network, share(texts, group))
    average(group, own.values())
    return own


def average(group: Group, tensors: Iterable[Tensor]) -> None:
    """Put in place of tensors their mean over all processes, in one tour of the ring for all."""
    tensors = list(tensors)
    flat = all_reduce(group, torch.cat([x.flatten() for x in tensors])) / group.size
    for x, mean in zip(tensors, flat.split([x.numel() for x in tensors])):
        x.copy_(mean.view(x.shape))
