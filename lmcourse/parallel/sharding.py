"""Sharding (ZeRO): data parallelism in which each process keeps a part of what all would keep alike.

Of each parameter a process owns one chunk of n. Stage 1: it keeps the optimizer's state of its chunks only,
steps them, and all send one another the results. Stage 2: a gradient is summed as soon as it is there, and
only the own chunk is kept. Stage 3: between steps a process has only its chunks of the weights too; a block's
are sent for when it is its turn, forwards and again backwards, and dropped after it.
Source: Rajbhandari et al. (2020), ZeRO. Backwards, stage 3 reads each block anew here (gradient
checkpointing), which the source leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lmcourse.model import check_whole
from lmcourse.parallel.cluster import Group
from lmcourse.parallel.data import average, share, text_loss
from lmcourse.parallel.ring import all_gather, cut, reduce_scatter
from lmcourse.transformer.network import Transformer

Parts = Sequence[Tensor]  # small batches (B, T) of one step, equally many texts each


class Shards:
    """A process's chunk of each parameter, its gradient, and the optimizer's state of it.

    Args:
        group: the processes.
        network: whose parameters are cut; not changed.
        learning_rate: of AdamW.
    """

    def __init__(self, group: Group, network: nn.Module, learning_rate: float):
        self.group = group
        self.shapes = {name: x.shape for name, x in network.named_parameters()}
        self.chunks = {
            name: nn.Parameter(cut(x.detach().flatten(), group.size)[group.rank].clone())
            for name, x in network.named_parameters()
        }
        self.optimizer = torch.optim.AdamW(self.chunks.values(), learning_rate, weight_decay=0.0)

    def whole(self, name: str) -> Tensor:
        """The parameter, sent for from all processes."""
        flat = torch.cat(all_gather(self.group, self.chunks[name].detach()))
        return flat[: self.shapes[name].numel()].view(self.shapes[name])

    def give(self, name: str, gradient: Tensor) -> None:
        """Keep this process's chunk of the mean of a gradient over all processes."""
        mean = reduce_scatter(self.group, cut(gradient.flatten(), self.group.size)) / self.group.size
        chunk = self.chunks[name]
        chunk.grad = mean if chunk.grad is None else chunk.grad + mean

    def step(self) -> None:
        """One step of the optimizer, of the own chunks."""
        self.optimizer.step()
        self.optimizer.zero_grad()


class Run(NamedTuple):
    """What a process has to tell of a training."""

    losses: list[float]  # of each step, at its own texts
    weights: dict[str, Tensor]  # at the end
    held: dict[str, int]  # bytes of "weights" and "optimizer" between steps, of "gradients" before one
    sent: int  # bytes, in all steps


def train(
    group: Group,
    network: Transformer,
    batches: Sequence[Tensor],
    stage: int,
    learning_rate: float = 1e-2,
    parts: int = 1,
) -> Run:
    """Train on batches (B, T), one a step, of which each process reads its share.

    Args:
        group: the processes.
        network: with the same weights in all of them.
        batches: the texts of each step.
        stage: 0, nothing is sharded; 1, 2 or 3 as above.
        learning_rate: of AdamW.
        parts: small batches, one after another, as which a process reads its share of a step.

    Raises ValueError for another stage, or texts that cannot be shared evenly.
    """
    if stage not in STEPS:
        raise ValueError(f"stage={stage} must be 0, 1, 2 or 3")
    shares = [share(batch, group) for batch in batches]
    for texts in shares:
        if len(texts) % check_whole(parts, "parts"):
            raise ValueError(f"parts={parts} does not divide {len(texts)} texts of a process")
    return STEPS[stage](group, network, [texts.chunk(parts) for texts in shares], learning_rate)


def _whole(group: Group, network: Transformer, steps: Sequence[Parts], learning_rate: float) -> Run:
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=0.0)
    losses, gradients = [], 0
    for texts in steps:
        losses.append(_backward(network, texts))
        gradients = nbytes(p.grad for p in network.parameters())
        average(group, [p.grad for p in network.parameters()])
        optimizer.step()
        network.zero_grad()
    weights = dict(network.named_parameters())
    return _run(group, losses, weights, nbytes(weights.values()), gradients, optimizer)


def _stage_1(group: Group, network: Transformer, steps: Sequence[Parts], learning_rate: float) -> Run:
    shards, losses, gradients = Shards(group, network, learning_rate), [], 0
    weights = dict(network.named_parameters())
    for texts in steps:
        losses.append(_backward(network, texts))
        gradients = nbytes(p.grad for p in weights.values())
        for name, parameter in weights.items():
            shards.give(name, parameter.grad)
        network.zero_grad()
        _step(shards, weights)
    return _run(group, losses, weights, nbytes(weights.values()), gradients, shards.optimizer)


def _stage_2(group: Group, network: Transformer, steps: Sequence[Parts], learning_rate: float) -> Run:
    shards, losses, most = Shards(group, network, learning_rate), [], 0
    weights = dict(network.named_parameters())

    def hand_over(name: str, parameter: Tensor) -> None:
        nonlocal most
        shards.give(name, parameter.grad)
        kept = [chunk.grad for chunk in shards.chunks.values()]
        most = max(most, nbytes([*kept, *(p.grad for p in weights.values())]))
        parameter.grad = None

    for name, parameter in weights.items():
        parameter.register_post_accumulate_grad_hook(lambda p, name=name: hand_over(name, p))
    for texts in steps:
        losses.append(_backward(network, texts))
        _step(shards, weights)
    return _run(group, losses, weights, nbytes(weights.values()), most, shards.optimizer)


def _stage_3(group: Group, network: Transformer, steps: Sequence[Parts], learning_rate: float) -> Run:
    shards, losses = Shards(group, network, learning_rate), []
    rest = {name: p for name, p in network.named_parameters() if not name.startswith("blocks.")}
    for i, block in enumerate(network.blocks):
        network.blocks[i] = Sharded(block, shards, f"blocks.{i}.")
    for texts in steps:
        for name, parameter in rest.items():
            parameter.data = shards.whole(name)
        losses.append(_backward(network, texts))
        for name, parameter in rest.items():
            shards.give(name, parameter.grad)
            parameter.grad, parameter.data = None, parameter.new_empty(0)
        gradients = nbytes(chunk.grad for chunk in shards.chunks.values())
        shards.step()
    own = nbytes(shards.chunks.values())
    sent = group.sent
    weights = {name: shards.whole(name) for name in shards.chunks}
    group.sent = sent  # these are for whoever wants to compare
    return _run(group, losses, weights, own, gradients, shards.optimizer)


STEPS = {0: _whole, 1: _stage_1, 2: _stage_2, 3: _stage_3}


class Sharded(nn.Module):
    """A block whose weights are sent for when it is its turn, and dropped."""

    def __init__(self, block: nn.Module, shards: Shards, prefix: str):
        super().__init__()
        self.names = {name: prefix + name for name, _ in block.named_parameters()}
        self.empty = block.to("meta")  # its structure alone
        self.shards = shards

    def forward(self, x: Tensor, *args) -> Tensor:
        """As the block's own."""
        return _Fetched.apply(x, self, args)


class _Fetched(torch.autograd.Function):
    """A block with weights that are fetched, forwards and again backwards."""

    @staticmethod
    def forward(ctx, x: Tensor, block: Sharded, args: tuple) -> Tensor:
        ctx.block, ctx.args = block, args
        ctx.save_for_backward(x)
        weights = {name: block.shards.whole(full) for name, full in block.names.items()}
        return functional_call(block.empty, weights, (x, *args))

    @staticmethod
    def backward(ctx, d_y: Tensor) -> tuple[Tensor, None, None]:
        block, (x,) = ctx.block, ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            weights = {name: block.shards.whole(full).requires_grad_() for name, full in block.names.items()}
            functional_call(block.empty, weights, (x, *ctx.args)).backward(d_y)
        for name, full in block.names.items():
            block.shards.give(full, weights[name].grad)
        return x.grad, None, None


def nbytes(tensors) -> int:
    """Bytes of tensors; None weighs nothing."""
    return sum(x.numel() * x.element_size() for x in tensors if x is not None)


def _backward(network: nn.Module, parts: Parts) -> float:
    total = 0.0
    for texts in parts:
        loss = text_loss(network, texts) / len(parts)
        loss.backward()
        total += loss.item()
    return total


def _step(shards: Shards, weights: dict[str, Tensor]) -> None:
    shards.step()
    with torch.no_grad():
        for name, parameter in weights.items():
            parameter.copy_(shards.whole(name))


def _run(group, losses, weights, weight_bytes: int, gradient_bytes: int, optimizer) -> Run:
    states = [x for state in optimizer.state.values() for name, x in state.items() if name != "step"]
    held = {"weights": weight_bytes, "gradients": gradient_bytes, "optimizer": nbytes(states)}
    return Run(losses, {name: x.detach() for name, x in weights.items()}, held, group.sent)
