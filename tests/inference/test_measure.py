"""Measurements, by a clock that the test turns: seconds are those of the fastest run, without the prompt."""

import numpy as np
import pytest
import torch

from lmcourse.inference import measure
from lmcourse.model import LanguageModel
from lmcourse.vocabulary import Vocabulary


class Clock:
    """Tells the time that tests let pass."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(measure.time, "process_time", lambda: self.now)


def test_the_fastest_run_counts_and_tasks_take_turns(monkeypatch):
    clock, order = Clock(monkeypatch), []
    durations = {"a": iter([3.0, 1.0, 2.0]), "b": iter([5.0, 7.0, 4.0])}

    def task(name):
        def run():
            order.append((name, torch.get_num_threads()))
            clock.now += next(durations[name])

        return run

    before = torch.get_num_threads()
    assert measure.fastest({name: task(name) for name in "ab"}) == {"a": 1.0, "b": 4.0}
    assert order == [("a", 1), ("b", 1)] * 3
    assert torch.get_num_threads() == before


class Slow(LanguageModel):
    """Needs so long for each context that it has not seen yet, and ten times as long for the first."""

    vocab = Vocabulary("ab", separator="")

    def __init__(self, clock, seconds):
        self.clock, self.seconds = clock, seconds

    def next_log_probs(self, contexts):
        self.clock.now += self.seconds * (10 if len(contexts[0]) == 2 else 1)
        return np.full((len(contexts), 2), np.log(0.5))


def test_speed_is_of_writing_without_the_prompt(monkeypatch):
    clock = Clock(monkeypatch)
    models = {"slow": Slow(clock, 0.5), "fast": Slow(clock, 0.125)}
    assert measure.writing_speed(models, "ab", n_tokens=3, turns=2) == pytest.approx({"slow": 2, "fast": 8})


def test_bandwidth_is_bytes_by_seconds(monkeypatch):
    clock = Clock(monkeypatch)
    dot = torch.dot

    def timed(a, b):
        clock.now += 0.25
        assert a.numel() == b.numel() == 2048
        return dot(a, b)

    monkeypatch.setattr(torch, "dot", timed)
    assert measure.read_bandwidth(n_bytes=2**14) == 2**14 / 0.25
