"""Pipeline parallelism: each process has some blocks, a stage, and passes small batches on to the next.

A stage that has nothing to do yet, or nothing more, waits: the bubble. Two orders of the work have the same
bubble. "gpipe" reads all small batches before it goes back, and keeps what the way back needs of all;
"1f1b" goes back as soon as it can, and keeps those of as many batches as there are stages from here on.
Sources: Huang et al. (2019), GPipe; Narayanan et al. (2021), section 2.2.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lmcourse.model import check_whole
from lmcourse.parallel.cluster import Group
from lmcourse.parallel.data import Gradients, text_loss
from lmcourse.transformer.network import Transformer

ORDERS = ("gpipe", "1f1b")


class Task(NamedTuple):
    """A small batch on its way through a stage."""

    way: str  # "forward", "backward"
    batch: int  # its number, from 0


class Slot(NamedTuple):
    """When a stage does a task."""

    stage: int
    task: Task
    start: float
    end: float


def order_of_work(stage: int, n_stages: int, n_batches: int, order: str = "1f1b") -> list[Task]:
    """What a stage does, one after another.

    Raises ValueError for an unknown order, or numbers that are no whole numbers above 0.

    >>> [way[0] + str(batch) for way, batch in order_of_work(0, n_stages=2, n_batches=3)]
    ['f0', 'f1', 'b0', 'f2', 'b1', 'b2']
    """
    check_whole(n_stages, "n_stages"), check_whole(n_batches, "n_batches")
    if order not in ORDERS:
        raise ValueError(f"order={order!r} must be one of {', '.join(map(repr, ORDERS))}")
    ahead = n_batches if order == "gpipe" else min(n_stages - stage, n_batches)
    tasks = [Task("forward", batch) for batch in range(ahead)]
    for batch in range(n_batches):
        tasks.append(Task("backward", batch))
        if ahead + batch < n_batches:
            tasks.append(Task("forward", ahead + batch))
    return tasks


def timetable(n_stages: int, n_batches: int, order: str = "1f1b", backward: float = 2.0) -> list[Slot]:
    """When each stage does what, each task as soon as what it needs has come; sends take no time.

    Args:
        n_stages: p.
        n_batches: m, small batches of one step.
        order: of the work of each stage.
        backward: time of the way back, in units of the way forwards.
    """
    waiting = [order_of_work(stage, n_stages, n_batches, order) for stage in range(n_stages)]
    free = [0.0] * n_stages
    ends: dict[tuple[int, Task], float] = {}
    slots = []
    while any(waiting):
        for stage, tasks in enumerate(waiting):
            while tasks:
                task = tasks[0]
                before = stage - 1 if task.way == "forward" else stage + 1
                needed = 0.0 if not 0 <= before < n_stages else ends.get((before, task))
                if needed is None:
                    break
                start = max(free[stage], needed)
                free[stage] = ends[stage, task] = start + (1.0 if task.way == "forward" else backward)
                slots.append(Slot(stage, tasks.pop(0), start, free[stage]))
    return slots


def idle(slots: Sequence[Slot]) -> float:
    """The share of all stages' time, from the first start to the last end, in which they wait."""
    span = max(slot.end for slot in slots) - min(slot.start for slot in slots)
    stages = {slot.stage for slot in slots}
    return 1 - sum(slot.end - slot.start for slot in slots) / (span * len(stages))


def walk(
    group: Group,
    tasks: Sequence[Task],
    forward: Callable[[int, Tensor | None], Tensor | None],
    backward: Callable[[int, Tensor | None], Tensor | None],
    like: Tensor,
) -> list[Slot]:
    """Do a stage's tasks, wait before each for what it needs, and pass on what it gives.

    Args:
        group: the stages, in order.
        tasks: of this one.
        forward: a batch's number and vectors to vectors; the first stage is given None, the last gives None.
        backward: likewise for gradients, from the last stage to the first.
        like: vectors of the shape that is passed on.

    Returns when each task was done, by this process's clock, waiting left out.
    """
    slots, sending = [], []
    for task in tasks:
        step = 1 if task.way == "forward" else -1
        source, to = group.rank - step, group.rank + step
        given = group.receive(like, source) if 0 <= source < group.size else None
        start = time.perf_counter()
        found = (forward if step == 1 else backward)(task.batch, given)
        slots.append(Slot(group.rank, task, start, time.perf_counter()))
        if 0 <= to < group.size:
            sending.append((group.send(found, to), found))  # held until it has arrived
    for work, _ in sending:
        work.wait()
    return slots


class Stage(nn.Module):
    """Some blocks of a network; the first stage also embeds, the last also gives the loss."""

    def __init__(self, network: Transformer, group: Group):
        super().__init__()
        self.network, self.first, self.last = network, group.rank == 0, group.rank == group.size - 1
        if len(network.blocks) % group.size:
            raise ValueError(f"{len(network.blocks)} blocks cannot be shared evenly by {group.size} stages")
        n = len(network.blocks) // group.size
        network.blocks = network.blocks[group.rank * n : (group.rank + 1) * n]

    def forward(self, texts: Tensor, x: Tensor | None) -> Tensor:
        """Vectors (B, T - 1, D) after this stage's blocks, of those before; of the last stage the loss."""
        places = torch.arange(texts.shape[1] - 1)
        if self.first:
            x = self.network.embed(texts[:, :-1], places)
        sight = self.network.sight(places, places, None, x.dtype)
        for block in self.network.blocks:
            x = block(x, sight)
        if not self.last:
            return x
        return text_loss(lambda _: self.network.logits(self.network.norm(x)), texts)

    def own(self, name: str) -> bool:
        """Whether a parameter of the network is used here."""
        if name.startswith("blocks."):
            return True
        at_end = ("norm.", "output.") + (("embedding.",) if self.network.config.tied else ())
        return (self.first and name.startswith(("embedding.", "positions."))) or (
            self.last and name.startswith(at_end)
        )


class Step(NamedTuple):
    """What a stage did in one step."""

    gradients: Gradients  # of its parameters, by the whole network's names
    slots: list[Slot]
    most_kept: int  # batches whose activations it kept at once


def gradients(group: Group, network: Transformer, texts: Tensor, n_batches: int, order: str = "1f1b") -> Step:
    """The gradients of this stage's parameters at all texts (B, T), read as so many small batches.

    Raises ValueError if texts or blocks cannot be shared evenly.
    """
    if len(texts) % n_batches:
        raise ValueError(f"{len(texts)} texts cannot be cut evenly into {n_batches} batches")
    stage, parts = Stage(network, group), texts.chunk(n_batches)
    kept: dict[int, tuple[Tensor | None, Tensor]] = {}
    most_kept = 0

    def forward(batch: int, x: Tensor | None) -> Tensor | None:
        nonlocal most_kept
        kept[batch] = x, stage(parts[batch], None if x is None else x.requires_grad_())
        most_kept = max(most_kept, len(kept))
        return None if stage.last else kept[batch][1].detach()

    def backward(batch: int, d_y: Tensor | None) -> Tensor | None:
        x, y = kept.pop(batch)
        (y / n_batches).backward() if stage.last else y.backward(d_y)
        return None if x is None else x.grad

    like = torch.empty(len(parts[0]), texts.shape[1] - 1, network.config.d_model)
    like = like.to(network.embedding.weight.dtype)
    tasks = order_of_work(group.rank, group.size, n_batches, order)
    slots = walk(group, tasks, forward, backward, like)
    if network.config.tied and group.size > 1 and (stage.first or stage.last):
        other = group.size - 1 - group.rank  # the table is used at both ends; its gradient is their sum
        sending = group.send(network.embedding.weight.grad, other)
        arrived = group.receive(network.embedding.weight, other)
        sending.wait()
        network.embedding.weight.grad += arrived
    return Step(_by_whole_names(stage, group), slots, most_kept)


def _by_whole_names(stage: Stage, group: Group) -> Gradients:
    before = group.rank * len(stage.network.blocks)
    found = {}
    for name, parameter in stage.network.named_parameters():
        if stage.own(name):
            part, _, rest = name.partition(".")
            if part == "blocks":
                number, _, rest = rest.partition(".")
                name = f"blocks.{before + int(number)}.{rest}"
            found[name] = parameter.grad
    return found
