"""New name: how long until one has heard every sentence of the five-word world?

For each number of different sentences, how many one has heard when the last of them came.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmcourse.experiments import run
from lmcourse.world import five_words

SETTINGS = [{"different": n} for n in range(1, 13)]
AGAIN = {"different": 2}  # a quick one, measured anew by every test


def measure(setting: Mapping, rng: np.random.Generator, runs: int = 200) -> dict:
    """The wait in each run, in sentences heard."""
    probs = [*five_words().sentences().values()]
    said = rng.choice(len(probs), size=(runs, 4_000), p=probs)  # (runs, T)
    firsts = [np.sort(np.unique(run, return_index=True)[1]) for run in said]
    return {"waits": [int(first[setting["different"] - 1]) + 1 for first in firsts]}


if __name__ == "__main__":
    run("new_name", SETTINGS, measure)
