"""The runs that `scaling_prediction` speaks of, made after its result was committed; two seeds each."""

from __future__ import annotations

import torch

from lmcourse.experiments import run
from lmcourse.experiments.scaling_law import measure
from lmcourse.experiments.scaling_prediction import SETTINGS as PREDICTED

AGAIN = {"kind": "check", "d_model": 8, "n_tokens": 9_000, "seed": 0}  # a small one, for the tests alone
SETTINGS = [
    AGAIN,
    *({"kind": "check", **setting, "seed": seed} for setting in PREDICTED for seed in range(2)),
]


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("scaling_check", SETTINGS, measure)
