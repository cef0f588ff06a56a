"""A plan's formulas: by hand, against published figures, and against what real processes send."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmcourse.parallel import data, pipeline, tensor
from lmcourse.parallel.cluster import Cluster
from lmcourse.parallel.plan import Plan, load, step_seconds
from lmcourse.scaling.costs import activations
from lmcourse.tables.families import families
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

GPT3 = next(row.config for row in families() if row.name == "GPT-3")
SMALL = Config(20, 16, 4, 4, 8)
N = SMALL.count_parameters()["total"]


def test_one_device_keeps_all():
    alone = load(SMALL, Plan(), 8)
    assert (alone.weights, alone.gradients, alone.optimizer) == (2 * N, 2 * N, 12 * N)
    assert (alone.sent_data, alone.sent_tensor, alone.sent_pipeline, alone.idle) == (0, 0, 0, 0)
    # all but the means, scales and normalisers of `activations`: 4 + H numbers a block and token
    assert alone.activations == 2 * (activations(SMALL, 1, 8)["blocks"] - 8 * 4 * (4 + 4))


def test_sharding_divides_one_after_the_other():
    # Rajbhandari et al. (2020), figure 1: 7.5 billion parameters, 64 devices: 120, 31.4, 16.6, 1.9 GB.
    size = 7.5e9 / N
    found = [load(SMALL, Plan(data=64, shard=shard), 8) for shard in range(4)]
    gigabytes = [(x.weights + x.gradients + x.optimizer) * size / 1e9 for x in found]
    assert gigabytes == pytest.approx([120, 31.4, 16.6, 1.9], abs=0.05)
    assert [x.sent_data / found[0].sent_data for x in found] == [1, 1, 1, 1.5]
    # four small batches in a step: gradients are summed four times, and weights fetched eight times
    found = [load(SMALL, Plan(data=64, batches=4, shard=shard), 8) for shard in range(4)]
    assert [x.sent_data / found[0].sent_data for x in found] == [1, 1, 2.5, 6]


def test_what_is_shared_out_is_whole_for_the_moment():
    # a block of GPT-3: 12 d², d = 12,288, and its biases and norms: 1.81 thousand million, two bytes each
    alone, shared = (load(GPT3, Plan(data=1536, shard=shard), 2048) for shard in (1, 3))
    assert alone.gathered == 0
    assert shared.gathered / 2 == pytest.approx(2 * 12 * 12288**2, rel=2e-3)  # weights, and as many gradients
    assert load(GPT3, Plan(data=1536, shard=2), 2048).gathered == shared.gathered / 2
    assert load(GPT3, Plan(data=1536, tensor=8, shard=3), 2048).gathered == shared.gathered / 8
    assert load(GPT3, Plan(shard=3), 2048).gathered == 0  # one device has all of it anyway
    assert shared.memory == shared.weights + shared.gradients + shared.optimizer + shared.gathered + (
        shared.activations
    )


def test_tensor_and_pipeline_divide_blocks():
    alone, spread = load(GPT3, Plan(batches=12), 2048), load(GPT3, Plan(1, 8, 12, 12), 2048)
    assert spread.weights == alone.weights / 96
    # per block: 4 whole and 12 / 8 shared vectors instead of 16; 8 blocks instead of 96, of 12 texts at once
    assert spread.activations / alone.activations == pytest.approx(5.5 / 16 * 8 / 96 * 12)
    assert spread.idle == 11 / 23
    few, one = (load(GPT3, Plan(stages=12, batches=batches), 2048).activations for batches in (3, 1))
    assert few == 3 * one == 3 / 12 * load(GPT3, Plan(batches=3), 2048).activations  # no more than there are


def counts(group, kind, network, texts):
    """Bytes that a process sends for the gradients of one step."""
    if kind == "pipeline":
        pipeline.gradients(group, network, texts, 2)
    else:
        (data if kind == "data" else tensor).gradients(group, network, texts)
    return group.sent


@pytest.mark.parametrize(
    ("kind", "plan"),
    [("data", Plan(data=2)), ("tensor", Plan(tensor=2)), ("pipeline", Plan(stages=2, batches=2))],
)
def test_real_processes_send_what_the_formulas_say(kind, plan):
    network = Transformer(SMALL).draw(np.random.default_rng(0))
    texts = torch.zeros(2, 9, dtype=torch.long)  # eight tokens are read, the ninth only said
    with Cluster(2) as cluster:
        sent = cluster.run(counts, kind, network, texts)
    expected = getattr(load(SMALL, plan, 8), f"sent_{kind}") * 2  # numbers of 4 bytes instead of 2
    if kind == "tensor":
        expected *= 2  # both texts at once, where the plan reads one
    if kind == "pipeline":
        expected += 4 * 20 * 16  # the gradient of the table that both ends use, which the plan leaves out
    assert sent == [expected, expected]


def test_time_of_a_step_by_hand():
    # one device, FLOP/s as many as the step has: 1 / utilisation seconds; twice the stages halve it but wait
    from lmcourse.scaling.costs import training_flops

    flops = training_flops(SMALL, 8, 8)
    assert step_seconds(SMALL, Plan(), 8, flops, 0.5) == pytest.approx(2)
    assert step_seconds(SMALL, Plan(stages=2), 8, flops, 0.5) == pytest.approx(2)  # half of the time idle
    assert step_seconds(SMALL, Plan(stages=2, batches=3), 8, flops, 0.5) == pytest.approx(3 * 2 / 2 / (3 / 4))


def test_bad_input():
    with pytest.raises(ValueError, match="stages=3 does not divide 4"):
        load(SMALL, Plan(stages=3), 8)
    with pytest.raises(ValueError, match="shard=4 must be 0, 1, 2 or 3"):
        load(SMALL, Plan(shard=4), 8)
    with pytest.raises(ValueError, match="data"):
        load(SMALL, Plan(data=0), 8)
