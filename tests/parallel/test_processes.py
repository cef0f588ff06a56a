"""What one process finds, several find: sums, gradients, whole trainings; and what they send and keep."""

from __future__ import annotations

import copy
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from lmcourse.parallel import data, pipeline, ring, sharding, tensor
from lmcourse.parallel.cluster import Cluster
from lmcourse.parallel.plan import all_reduce_bytes
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

GPT = Config(20, 16, 4, 4, 8)
LLAMA = Config(
    20, 32, 8, 4, 8, n_kv_heads=4, d_ff=24, norm="rms", feed_forward="swiglu", position="rope", bias=False,
    tied=False,
)  # fmt: skip


@pytest.fixture(scope="module", params=[2, 4])
def cluster(request):
    with Cluster(request.param) as processes:
        yield processes


def network(config):
    """Of double precision, so that a mistake cannot hide behind rounding."""
    return Transformer(config).draw(np.random.default_rng(0)).double()


def texts(n=8, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).integers(20, size=(n, 9)))


@pytest.fixture(params=[GPT, LLAMA], ids=["gpt", "llama"])
def case(request):
    """A network and the gradients of one process that reads all texts."""
    net = network(request.param)
    found = data.single_gradients(copy.deepcopy(net), texts())
    return net, found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, x in expected.items():
        np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-10 * float(x.abs().max()), err_msg=name)


def sum_of_ranks(group, n):
    x = torch.arange(n, dtype=torch.float64) * 10**group.rank
    return ring.all_reduce(group, x), group.sent


@pytest.mark.parametrize("n", [1, 7, 8])
def test_the_ring_sums_whatever_the_length(cluster, n):
    ones = sum(10**rank for rank in range(cluster.n))
    filled = n + -n % cluster.n
    for found, sent in cluster.run(sum_of_ranks, n):
        assert found.tolist() == [ones * i for i in range(n)]
        assert sent == all_reduce_bytes(8 * filled, cluster.n)


def test_data_parallelism_gives_one_processs_gradients(cluster, case):
    net, expected = case
    for found in cluster.run(data.gradients, net, texts()):
        assert_same(found, expected)


def whole(parts, name, net):
    """A parameter's gradient of the slices of it that the processes have."""
    if not name.startswith("blocks.") or "norm" in name:
        return parts[0][name]
    if name.endswith(("output.bias", "down.bias")):
        return parts[0][name]
    if name.endswith(("output.weight", "down.weight")):
        return torch.cat([part[name] for part in parts], dim=1)
    block = net.blocks[0]
    if ".qkv." in name:
        sizes = block.attention.sizes
    else:
        sizes = [block.feed_forward.down.in_features] * (
            len(block.feed_forward.up.weight) // block.feed_forward.down.in_features
        )
    split = [part[name].split([size // len(parts) for size in sizes]) for part in parts]
    return torch.cat([torch.cat(rows) for rows in zip(*split)])


def test_tensor_parallelism_gives_one_processs_gradients(cluster, case):
    net, expected = case
    parts = cluster.run(tensor.gradients, net, texts())
    assert_same({name: whole(parts, name, net) for name in expected}, expected)
    biases = [name for name in parts[1] if name.endswith(("output.bias", "down.bias"))]
    assert biases == []  # added once
    n_numbers = sum(x.numel() for name, x in parts[0].items() if "qkv" in name or "up" in name)
    all_numbers = sum(x.numel() for name, x in expected.items() if "qkv" in name or "up" in name)
    assert n_numbers * cluster.n == all_numbers


@pytest.mark.parametrize("order", pipeline.ORDERS)
def test_pipelines_give_one_processs_gradients(cluster, case, order):
    net, expected = case
    steps = cluster.run(pipeline.gradients, net, texts(), 4, order)
    found = {}
    for step in steps:
        for name, x in step.gradients.items():
            if name in found:  # the tied table, of which both ends have the sum
                np.testing.assert_array_equal(found[name], x)
            found[name] = x
    assert_same(found, expected)
    kept = [4] * cluster.n if order == "gpipe" else [min(4, cluster.n - rank) for rank in range(cluster.n)]
    assert [step.most_kept for step in steps] == kept


def trained_by_one(net, batches):
    optimizer = torch.optim.AdamW(net.parameters(), 1e-2, weight_decay=0.0)
    for batch in batches:
        optimizer.zero_grad()
        data.text_loss(net, batch).backward()
        optimizer.step()
    return {name: x.detach() for name, x in net.named_parameters()}


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_sharded_training_ends_at_one_processs_weights(cluster, case, stage):
    net, _ = case
    batches = [texts(seed=seed) for seed in range(3)]
    expected = trained_by_one(copy.deepcopy(net), batches)
    runs = cluster.run(sharding.train, net, batches, stage)
    numbers = sum(x.numel() for x in expected.values())
    filled = sum(x.numel() + -x.numel() % cluster.n for x in expected.values())
    for run in runs:
        for name, x in expected.items():
            np.testing.assert_allclose(run.weights[name], x, rtol=0, atol=1e-7, err_msg=name)
        own = 8 * filled // cluster.n
        everything = 8 * numbers
        assert run.held["optimizer"] == 2 * (own if stage else everything)
        assert run.held["weights"] == (own if stage == 3 else everything)
        if stage < 2:
            assert run.held["gradients"] == everything
        else:  # one parameter's whole gradient at a time, while it is handed over
            largest = 8 * max(x.numel() for x in expected.values()) if stage == 2 else 0
            assert own <= run.held["gradients"] <= own + largest


@pytest.mark.parametrize("parts", [1, 2])
def test_what_sharding_sends(cluster, parts):
    """Gradients once for each small batch from stage 2 on, and with stage 3 the blocks' weights twice."""
    net = network(GPT)
    batches = [texts(seed=seed) for seed in range(2)]
    numbers = {name: x.numel() + -x.numel() % cluster.n for name, x in net.named_parameters()}
    turn = 8 * sum(numbers.values()) * (cluster.n - 1) // cluster.n  # a tour of all parameters
    blocks = 8 * sum(n for name, n in numbers.items() if "blocks" in name) * (cluster.n - 1) // cluster.n
    tables = turn - blocks  # with stage 3 they are gathered, and their gradients given, once a step
    expected = {1: 2 * turn, 2: (parts + 1) * turn, 3: 2 * tables + 3 * parts * blocks}
    for stage, sent in expected.items():
        for run in cluster.run(sharding.train, net, batches, stage, 1e-2, parts):
            assert run.sent == len(batches) * sent, stage


def test_a_step_in_small_batches_is_the_step(cluster, case):
    net, _ = case
    batches = [texts(seed=seed) for seed in range(2)]
    for stage in range(4):
        whole, small = (cluster.run(sharding.train, net, batches, stage, 1e-2, parts)[0] for parts in (1, 2))
        for name, x in whole.weights.items():
            np.testing.assert_allclose(small.weights[name], x, rtol=0, atol=1e-7, err_msg=f"{stage} {name}")
        assert small.losses == pytest.approx(whole.losses)


def sleepy(group, order, n_batches, seconds):
    """A pipeline whose stages wait instead of computing, so that they need no core each."""
    tasks = pipeline.order_of_work(group.rank, group.size, n_batches, order)
    nothing = torch.zeros(1)
    ring.all_reduce(group, nothing)  # begin together

    def rest(times):
        time.sleep(times * seconds)
        return nothing

    return pipeline.walk(group, tasks, lambda *_: rest(1), lambda *_: rest(2), nothing)


def test_a_pipeline_of_real_processes_keeps_to_the_timetable(cluster):
    slots = [slot for part in cluster.run(sleepy, "1f1b", 4, 0.01) for slot in part]
    ends = {(slot.stage, slot.task): slot for slot in slots}
    for (stage, task), slot in ends.items():
        before = ends.get((stage - 1 if task.way == "forward" else stage + 1, task))
        assert before is None or slot.start >= before.end - 1e-3  # one computer, one clock
    order = [slot.task for slot in slots if slot.stage == 0]
    assert order == pipeline.order_of_work(0, cluster.n, 4)


def fails(group):
    if group.rank == 1:
        raise KeyError("a reason")
    return group.receive(torch.zeros(1), 1)  # would wait


def test_a_process_that_fails_is_named_and_nobody_waits_for_ever():
    processes = Cluster(2)
    with pytest.raises(RuntimeError, match=r"(?s)process 1 of 2 failed.*KeyError: 'a reason'"):
        processes.run(fails)
    with pytest.raises(RuntimeError, match="closed"):
        processes.run(fails)
    processes.close()


def test_a_script_needs_no_guard_and_may_bring_its_own_functions(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from lmcourse.parallel.cluster import Cluster\n"
        "def rank(group): return 10 * group.rank\n"
        "with Cluster(2) as cluster: print(cluster.run(rank))\n"
    )
    assert subprocess.check_output([sys.executable, script], text=True) == "[0, 10]\n"


def test_processes_end_with_an_error_of_whoever_asks():
    processes = Cluster(2)
    with pytest.raises(KeyboardInterrupt), processes:
        raise KeyboardInterrupt
    with pytest.raises(RuntimeError, match="closed"):
        processes.run(fails)


def test_what_cannot_be_shared_evenly_is_refused():
    with Cluster(3) as processes:
        with pytest.raises(RuntimeError, match="8 texts cannot be shared evenly by 3 processes"):
            processes.run(data.gradients, network(GPT), texts())
    with Cluster(3) as processes:
        with pytest.raises(RuntimeError, match=r"\[4, 4, 4\] heads or rows cannot be shared by 3"):
            processes.run(tensor.gradients, network(GPT), texts())
