"""Batches: what follows what, and that a stream reads every token once, in order."""

import numpy as np
import pytest
import torch

from lmcourse.neural.batches import Stream, windows
from lmcourse.neural.recurrent import RecurrentNetwork
from lmcourse.neural.training import Recipe, train

TEXT = np.arange(100) % 7


def test_windows_are_stretches_of_the_text_and_depend_on_the_step_alone():
    batch = windows(np.arange(50), 8, 6, seed=3)
    begins = set()
    for step in range(40):
        inputs, targets = batch(step)
        assert inputs.shape == targets.shape == (6, 8)
        assert torch.equal(targets, inputs + 1)
        assert torch.equal(inputs, inputs[:, :1] + torch.arange(8))
        begins |= set(inputs[:, 0].tolist())
    assert begins == set(range(42))  # the last window's last target is the last token, 49
    assert torch.equal(batch(5)[0], windows(np.arange(50), 8, 6, seed=3)(5)[0])
    assert not torch.equal(batch(5)[0], windows(np.arange(50), 8, 6, seed=4)(5)[0])


def test_a_stream_reads_on_and_begins_anew():
    stream = Stream(np.arange(26), 4, 2, lambda n: [(torch.zeros(n, 1),)])  # two rows of 12, and one more
    assert stream.batches == 3
    read = []
    for step in range(3):
        inputs, targets = stream.batch(step)
        assert torch.equal(targets, inputs + 1)
        read.append(inputs)
        stream.carry([(torch.full((2, 1), step + 1.0, requires_grad=True),)])
    assert torch.cat(read, dim=1).tolist() == [list(range(12)), list(range(12, 24))]
    assert stream.states[0][0].tolist() == [[3.0], [3.0]]
    assert not stream.states[0][0].requires_grad
    assert torch.equal(stream.batch(3)[0], read[0])
    assert stream.states[0][0].tolist() == [[0.0], [0.0]]


def test_an_interrupted_reading_goes_on_with_its_states(tmp_path):
    def run(fatal, path):
        torch.manual_seed(0)
        network = RecurrentNetwork(7, 5, cell="lstm")
        stream = Stream(TEXT, 4, 3, network.start)

        def loss(step):
            if step == fatal:
                raise KeyboardInterrupt
            inputs, targets = stream.batch(step)
            hidden, states = network.read(inputs, stream.states)
            stream.carry(states)
            return torch.nn.functional.cross_entropy(network.output(hidden).flatten(0, 1), targets.flatten())

        train(
            network, loss, Recipe(20, 0.01, judge_every=3), checkpoint=path, stateful=[stream], progress=False
        )
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    with pytest.raises(KeyboardInterrupt):
        run(13, tmp_path / "run.pt")
    assert torch.equal(run(None, tmp_path / "run.pt"), run(None, None))


def test_a_text_that_is_too_short_is_named():
    with pytest.raises(ValueError, match="a window of 8 tokens and the one after it need more than 8"):
        windows(np.arange(8), 8, 2)
    with pytest.raises(ValueError, match="3 rows of 40 tokens need 121; the text has 100"):
        Stream(TEXT, 40, 3, list)
