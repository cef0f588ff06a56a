"""What the recipe's parts do: each change changes what it says, and runs of one seed share all the rest."""

from functools import cache

import numpy as np
import pytest
import torch

from lmcourse.experiments import optimizers
from lmcourse.experiments.depths import world
from lmcourse.neural.training import Diverged


def test_both_networks_have_about_ten_thousand_parameters_and_the_worlds_words():
    counts = [
        sum(p.numel() for p in optimizers.build(kind, 0).parameters()) for kind in ("transformer", "lstm")
    ]
    assert counts == pytest.approx([10_000] * 2, rel=0.02)
    assert optimizers.CONFIG.vocab_size == world().vocab_size
    assert optimizers.CONFIG.context_length >= max(len(text.split()) for text in world().sentences())


def test_without_the_factor_only_what_adds_to_the_stream_is_larger():
    shrunk, whole = (
        dict(optimizers.build("transformer", 0, how).named_parameters()) for how in (True, False)
    )
    for name, weight in shrunk.items():
        adds = name.endswith(("attention.output.weight", "feed_forward.down.weight"))
        # √(2 · 2 blocks) = 2
        torch.testing.assert_close(whole[name], 2 * weight if adds else weight)


@cache
def bits(change, optimizer="adamw"):
    """Excess after 25 steps, 20 of them warm-up."""
    return optimizers.measure(
        optimizers._setting("transformer", optimizer, change, 0.04, 0, 25), np.random.default_rng(0)
    )["excess"]


@pytest.mark.parametrize("change", optimizers.CHANGES)
def test_a_change_is_seen_after_a_few_steps(change):
    assert bits(change) != bits("none")


def test_only_a_run_that_diverged_is_told_as_one(monkeypatch):
    def failing(error):
        def learn(*_):
            raise error

        monkeypatch.setattr(optimizers, "learn", learn)
        return optimizers.measure(optimizers.AGAIN, np.random.default_rng(0))

    diverged = failing(Diverged("step 3: the loss is nan"))
    assert set(diverged) == {"parameters", "excess", "largest", "median", "clipped"}
    assert diverged["excess"] is diverged["clipped"] is None
    with pytest.raises(ValueError, match="token id 99"):
        failing(ValueError("token id 99 is not from 0 to 21"))


def test_momentum_goes_further_than_plain_steps_in_the_same_time():
    assert bits("none", "momentum") < bits("none", "sgd")


def test_settings_name_networks_rates_and_changes_that_there_are():
    for setting in optimizers.SETTINGS:
        assert setting["change"] in {"none", *optimizers.CHANGES}
        assert setting["optimizer"] in optimizers.OPTIMIZERS
        assert np.isfinite(setting["rate"])
