"""What each device keeps, sends and waits when a training is spread over many, by formulas.

A plan for a network of GPT's kind in mixed precision: `tensor` devices share each block, `stages` groups of
them share the blocks, and `data` such groups each read their own texts. Sums of the ring, and counts that the
tests compare with what real processes send. Left out: tables that the first and last stage have besides
(with stage 3 of ZeRO they are gathered too), the output's activations, what is sent while others compute, and
all that a program keeps besides.

Sources: Shoeybi et al. (2019), Narayanan et al. (2021), Rajbhandari et al. (2020), Korthikanti et al. (2023).
"""

from __future__ import annotations

from typing import NamedTuple

from lmcourse.model import check_whole
from lmcourse.scaling.costs import forward_flops, state_bytes
from lmcourse.transformer.config import Config

NUMBER = 2  # bytes of a number that is sent or kept


class Plan(NamedTuple):
    """How a training is spread."""

    data: int = 1  # groups that each have the whole network and read their own texts
    tensor: int = 1  # devices that share each block
    stages: int = 1  # parts into which the blocks are cut
    batches: int = 1  # small batches of one text that each group reads in a step
    shard: int = 0  # stage of ZeRO: what the groups keep once for all: 1 optimizer, 2 gradients, 3 weights

    @property
    def devices(self) -> int:
        """How many."""
        return self.data * self.tensor * self.stages


class Load(NamedTuple):
    """What one device of a plan keeps and sends; bytes, of a step."""

    weights: float
    gradients: float
    optimizer: float
    gathered: float  # of the block whose turn it is: what ZeRO shares out has to be whole for the moment
    activations: float
    sent_data: float  # sums of gradients, and with ZeRO weights
    sent_tensor: float  # sums within blocks
    sent_pipeline: float  # vectors, and their gradients, to the neighbouring stages
    idle: float  # share of the time

    @property
    def memory(self) -> float:
        """All that is kept."""
        return self.weights + self.gradients + self.optimizer + self.gathered + self.activations


def all_reduce_bytes(nbytes: int, n: int) -> float:
    """What each of n processes sends in `all_reduce`: 2 (n - 1) / n of the bytes."""
    return 2 * (n - 1) / n * nbytes


def bubble(n_stages: int, n_batches: int) -> float:
    """(p - 1) / (m + p - 1), the idle share in either order if all stages take equally long."""
    return (n_stages - 1) / (n_batches + n_stages - 1)


def block_parameters(config: Config) -> float:
    """Of one block: attention, feed-forward layer and norms (the last norm is shared out over the blocks)."""
    parts = config.count_parameters()
    return sum(parts[name] for name in ("attention", "feed-forward", "norms")) / config.n_layers


def load(config: Config, plan: Plan, n_tokens: int) -> Load:
    """What a device of the first stage keeps and sends in one step.

    Args:
        config: of the network.
        plan: how it is spread.
        n_tokens: T, of a text.

    Raises ValueError for numbers that do not divide the blocks, the heads or the inside, or another stage of
    ZeRO than 0 to 3.
    """
    _check(config, plan)
    states = state_bytes(config.count_parameters()["total"])
    own = {part: n / (plan.tensor * plan.stages) for part, n in states.items()}
    weights = own["weights"]
    for stage, part in enumerate(("optimizer", "gradients", "weights"), 1):
        if plan.shard >= stage:
            own[part] /= plan.data
    vectors = n_tokens * config.d_model * NUMBER  # of one text
    blocks = config.n_layers // plan.stages
    inside = 2 * config.d_inner / config.d_model + 4  # before and after bending; q, k, v, and what was found
    in_flight = min(plan.stages, plan.batches)  # with 1F1B
    block = NUMBER * block_parameters(config) / plan.tensor * (1 - 1 / plan.data)  # bytes that others have
    m = plan.batches  # halves of an all-reduce: ZeRO 2 sums each one's gradients, 3 fetches weights twice too
    halves = {0: 2, 1: 2, 2: m + 1, 3: 3 * m}[plan.shard]
    sums = 4 * blocks * plan.batches  # two parts, forwards and backwards
    return Load(
        **own,
        gathered=block * max(0, plan.shard - 1),  # gradients, and with stage 3 weights
        activations=vectors * blocks * in_flight * (4 + inside / plan.tensor),
        sent_data=halves / 2 * all_reduce_bytes(1, plan.data) * weights,
        sent_tensor=sums * all_reduce_bytes(1, plan.tensor) * vectors,
        sent_pipeline=vectors * plan.batches if plan.stages > 1 else 0.0,
        idle=bubble(plan.stages, plan.batches),
    )


def step_seconds(config: Config, plan: Plan, n_tokens: int, flops: float, utilisation: float = 0.5) -> float:
    """Seconds of a step of devices with so many FLOP/s, of which a share is used while they do not wait."""
    _check(config, plan)
    texts = plan.data * plan.batches
    needed = 3 * sum(forward_flops(config, n_tokens).values()) * texts
    return needed / (plan.devices * flops * utilisation * (1 - bubble(plan.stages, plan.batches)))


def _check(config: Config, plan: Plan) -> None:
    for name in ("data", "tensor", "stages", "batches"):
        check_whole(getattr(plan, name), name)
    if plan.shard not in (0, 1, 2, 3):
        raise ValueError(f"shard={plan.shard} must be 0, 1, 2 or 3")
    for name, whole, n in (
        ("stages", config.n_layers, plan.stages),
        ("tensor", config.kv_heads, plan.tensor),
        ("tensor", config.d_inner, plan.tensor),
    ):
        if whole % n:
            raise ValueError(f"{name}={n} does not divide {whole}; each device needs an equal share")
