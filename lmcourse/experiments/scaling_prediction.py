"""What a law fitted to the sweep says of runs that do not exist yet; `scaling_check` makes them afterwards.

The law is fitted to the runs of the sweep's grid, each loss being the entropy rate and the measured excess;
that is all it is told. The interval is that of laws fitted to 1,000 samples of the runs, and says nothing of
how wrong the law's form may be.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmcourse.experiments import load, run
from lmcourse.experiments.scaling_law import world
from lmcourse.scaling import bootstrap, fit
from lmcourse.scaling.sweep import config, sizes

REPEATS = 1_000
SETTINGS = [
    {"d_model": d_model, "n_tokens": n_tokens}
    for d_model, n_tokens in ((64, 6_400_000), (144, 1_600_000), (144, 6_400_000))
]
AGAIN = SETTINGS[0]


def runs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N (inner parameters), D (tokens) and losses of the sweep's grid."""
    rows = [row for row in load("scaling_law").rows if row["kind"] == "grid"]
    columns = np.array([(row["inner"], row["n_tokens"], row["excess"]) for row in rows], float).T
    return columns[0], columns[1], world().entropy_rate() + columns[2]


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """The predicted loss in nats a token, and the 5 % and 95 % points of the resampled laws."""
    n_params = sizes(config(world().vocab_size, setting["d_model"]))["inner"]
    law = fit(*runs())
    low, high = np.quantile(
        bootstrap(*runs(), rng, REPEATS).loss(n_params, setting["n_tokens"]), [0.05, 0.95]
    )
    return {
        "inner": n_params,
        "law": {name: float(f"{value:.5g}") for name, value in law._asdict().items()},
        "loss": round(law.loss(n_params, setting["n_tokens"]), 5),
        "low": round(float(low), 5),
        "high": round(float(high), 5),
    }


if __name__ == "__main__":
    run("scaling_prediction", SETTINGS, measure)
