"""Initial weights from NumPy."""

import numpy as np
import torch

from lmcourse.neural.bidirectional import LayerMix
from lmcourse.neural.initial import draw_weights


def test_a_seed_decides_and_sizes_follow_the_columns():
    one, two = torch.nn.Linear(4, 300), torch.nn.Linear(4, 300)
    for module in (one, two):
        draw_weights(module, np.random.default_rng(5))
    assert torch.equal(one.weight, two.weight)
    assert one.weight.abs().max() <= 0.5  # 1/sqrt(4)
    assert one.weight.abs().max() > 0.45
    assert not one.bias.any()
    draw_weights(two, np.random.default_rng(6))
    assert not torch.equal(one.weight, two.weight)


def test_a_factor_keeps_its_value():
    mix = LayerMix(3)
    draw_weights(mix, np.random.default_rng(0))
    assert mix.gamma == 1
