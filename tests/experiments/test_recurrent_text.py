"""The experiment on Shakespeare: a break changes nothing, and the kept network is the one of the table."""

import math

import numpy as np
import pytest
import torch

from lmcourse.experiments import load
from lmcourse.experiments.recurrent_text import AGAIN, BIG, Clock, corpus, learn, load_model


def test_the_clock_goes_on_where_a_checkpoint_was_written():
    clock = Clock()
    clock.load_state_dict({"minutes": 30.0})
    assert 30 <= clock.minutes() < 40
    assert clock.state_dict()["minutes"] >= 30


def test_a_run_that_was_broken_off_ends_the_same(tmp_path):
    setting = {**AGAIN, "steps": 410}  # a checkpoint is written every 200
    whole = learn(setting, np.random.default_rng(0), Clock())

    class Broken(Clock):
        def state_dict(self):
            if tmp_path.joinpath("kept").exists():
                raise KeyboardInterrupt  # at the second checkpoint
            return super().state_dict()

    with pytest.raises(KeyboardInterrupt):
        learn(setting, np.random.default_rng(0), Broken(), tmp_path / "kept")
    again = learn(setting, np.random.default_rng(0), Clock(), tmp_path / "kept")
    for a, b in zip(whole.module.parameters(), again.module.parameters()):
        assert torch.equal(a, b)


def test_the_kept_network_is_the_one_that_was_measured():
    row = next(row for row in load("recurrent_text").rows if row.items() >= BIG.items())
    model, (_, _, plays) = load_model(), corpus()
    first = len(plays) // len(row["blocks"]) + 1  # `array_split` gives the first blocks one more
    costs = -model.token_log_probs(plays[: 3 * first]) / math.log(2)
    assert costs.reshape(3, first).mean(axis=1) == pytest.approx(row["blocks"][:3], abs=1e-3)
    assert sum(p.numel() for p in model.module.parameters()) == row["parameters"]
