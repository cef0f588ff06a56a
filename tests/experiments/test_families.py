import numpy as np
import pytest

from lmcourse.experiments.families import measure
from lmcourse.world import five_words


def test_the_first_sentence_is_new_and_the_wait_for_the_second_is_as_computed():
    rng = np.random.default_rng(0)
    assert measure({"different": 1}, rng, runs=5) == {"waits": [1] * 5}
    # 1, and then 1 / (1 - p) if the first sentence had probability p
    expected = 1 + sum(p / (1 - p) for p in five_words().sentences().values())
    waits = measure({"different": 2}, rng, runs=400)["waits"]
    assert np.mean(waits) == pytest.approx(expected, abs=5 * np.std(waits) / 20)  # five standard errors
