from __future__ import annotations

import numpy as np

from lmcourse.neural.bells import bells


def test_the_generator_is_whole_numbers_only():
    def mix(z: int) -> int:
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            z = ((z ^ z >> shift) * factor) % 2**32
        return z ^ z >> 16

    def bell(seed: int, i: int) -> float:
        twelve = range(12 * i, 12 * i + 12)
        return sum(mix((mix(seed + 1) + k * 0x9E3779B9) % 2**32) for k in twelve) / 2**32 - 6

    assert bells(7, 3, 5).tolist() == [bell(7, i) for i in range(3, 8)]


def test_mean_variance_and_no_memory():
    many, other = bells(0, 0, 200_000), bells(1, 0, 200_000)
    assert abs(many.mean()) < 0.01  # standard errors: 0.0022 of the mean, 0.0031 of the variance
    assert abs(many.var() - 1) < 0.015
    assert abs(np.corrcoef(many, other)[0, 1]) < 0.01
    assert abs(np.corrcoef(many[1:], many[:-1])[0, 1]) < 0.01
