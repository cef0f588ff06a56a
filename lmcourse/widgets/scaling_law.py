"""Scaling law: a budget of operations, and what each of several laws would spend it on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import traitlets

from lmcourse.scaling.laws import Law
from lmcourse.widgets.base import HERE, Widget, script

LOWEST, HIGHEST = 60, 270  # tenths of a power of ten: from a million operations to 10^27
WIDEST = 24  # quarters of a doubling
NEAR = 0.1  # of a power of ten: how far a run's cost may lie from the budget


class ScalingLaw(Widget):
    """What laws of loss advise for a budget of operations, and what a size other than the best one costs.

    A model of N parameters that reads D tokens takes 6 N D operations. For the budget each law has a best
    size; another size, a number of doublings larger or smaller, reads fewer or more tokens instead.

    Args:
        laws: name -> law.
        runs: (N, D, loss) of training runs, to be shown where their cost is about the budget.
        budget: tenths of a power of ten, from 60 to 270: 115 is 10^11.5 operations.
        quarters: of a doubling, from -24 to 24, by which the size differs from the chosen law's best.
        chosen: the law, by its place.

    Raises:
        ValueError: for no laws, exponents or factors that are not above 0, a setting out of range.

    >>> widget = ScalingLaw({"even": Law(1.0, 1.0, 1.0, 0.5, 0.5)}, budget=120)
    >>> [round(x) for x in widget.measures["best"][0][:2]]  # as many parameters as tokens
    [408248, 408248]
    """

    _esm = script("scaling_law.js")
    _css = HERE / "scaling_law.css"

    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    laws = traitlets.List().tag(sync=True)
    runs = traitlets.List().tag(sync=True)
    budget = traitlets.Int(110).tag(sync=True)
    quarters = traitlets.Int(0).tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        laws: Mapping[str, Law],
        runs: Sequence[tuple[float, float, float]] = (),
        budget: int = 110,
        quarters: int = 0,
        chosen: int = 0,
    ):
        if not laws:
            raise ValueError("there is no law; give {'name': Law(E, A, B, alpha, beta)}")
        for name, law in laws.items():
            if not all(math.isfinite(x) and x > 0 for x in law[1:]) or not math.isfinite(law.E):
                raise ValueError(f"{name}: factors and exponents must be above 0, and finite; got {law}")
        numbers = np.asarray(runs, dtype=float).reshape(-1, 3)
        if not (np.isfinite(numbers).all() and (numbers > 0).all()):
            raise ValueError("each run is (N, D, loss), all above 0 and finite")
        super().__init__(
            names=list(laws),
            laws=[[float(x) for x in law] for law in laws.values()],
            runs=numbers.tolist(),
            budget=budget,
            quarters=quarters,
            chosen=chosen,
        )

    @traitlets.validate("budget", "quarters", "chosen")
    def _check_settings(self, proposal: dict) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {
            "budget": (LOWEST, HIGHEST),
            "quarters": (-WIDEST, WIDEST),
            "chosen": (0, len(self.laws or [0]) - 1),
        }[name]
        if not low <= value <= high:
            raise ValueError(f"{name}={value} must be from {low} to {high}")
        return value

    @property
    def measures(self) -> dict:
        """For the budget: "best", N, D and loss by each law; "mine", the same for the size that was set, with
        the loss by each law; "near", the runs of about this cost.
        """
        flops = 10 ** (self.budget / 10)
        laws = [Law(*law) for law in self.laws]
        best = [[*(split := law.best_split(flops)), law.loss(*split)] for law in laws]
        size = best[self.chosen][0] * 2 ** (self.quarters / 4)
        tokens = flops / 6 / size
        costs = [(run, math.log10(6 * run[0] * run[1] / flops)) for run in self.runs]
        return {
            "best": best,
            "mine": [size, tokens, [law.loss(size, tokens) for law in laws]],
            "near": [run for run, off in costs if abs(off) < NEAR],
        }

    def as_rows(self) -> list[tuple]:
        """Each law's best size and tokens for the budget, and the loss then."""
        rows = zip(self.names, self.measures["best"])
        return [("law", "parameters", "tokens", "loss"), *((name, *best) for name, best in rows)]
