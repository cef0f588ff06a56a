"""Emergence metric: how long an answer is, and how much of it must be right, makes a jump of a slope."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import traitlets

from lmcourse.emergence.metrics import at_least, doublings
from lmcourse.widgets.base import HERE, Widget, script

LONGEST = 64  # tokens of an answer


class EmergenceMetric(Widget):
    """The share of right tokens of models of several sizes, and what a sharper metric makes of it.

    Answers have `length` tokens, each right independently of the others. At 0 % the metric is the share of
    right tokens; above, an answer counts if at least so many of its tokens are right, at 100 % all.

    Args:
        sizes: of the models, rising.
        accuracies: of a token, of each model.
        length: tokens of an answer, from 1 to 64.
        percent: how much of an answer must be right, from 0 (each token counts by itself) to 100.

    Raises:
        ValueError: for lists of different lengths, sizes that do not rise, a setting out of range.

    >>> widget = EmergenceMetric([1, 2, 4], [0.0, 0.5, 1.0], length=2)
    >>> [round(value, 3) for value in widget.measures["values"]]
    [0.0, 0.25, 1.0]
    """

    _esm = script("emergence_metric.js")
    _css = HERE / "emergence_metric.css"

    sizes = traitlets.List(traitlets.Float()).tag(sync=True)
    accuracies = traitlets.List(traitlets.Float()).tag(sync=True)
    length = traitlets.Int(8).tag(sync=True)
    percent = traitlets.Int(100).tag(sync=True)

    def __init__(
        self, sizes: Sequence[float], accuracies: Sequence[float], length: int = 8, percent: int = 100
    ):
        doublings(sizes, accuracies)  # which says what is wrong with the lists
        if len(sizes) < 2:
            raise ValueError(f"{len(sizes)} sizes make no curve; give two or more")
        at_least(np.asarray(accuracies), 1, 1)
        super().__init__(
            sizes=[float(size) for size in sizes],
            accuracies=[float(p) for p in accuracies],
            length=length,
            percent=percent,
        )

    @traitlets.validate("length")
    def _check_length(self, proposal: dict) -> int:
        if not 1 <= proposal["value"] <= LONGEST:
            raise ValueError(f"length={proposal['value']} must be from 1 to {LONGEST}")
        return proposal["value"]

    @traitlets.validate("percent")
    def _check_percent(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] <= 100:
            raise ValueError(f"percent={proposal['value']} must be from 0 to 100")
        return proposal["value"]

    @property
    def measures(self) -> dict:
        """Tokens needed, the metric at each size, and doublings of size from 0.1 to 0.9 of it, or None."""
        needed = math.ceil(self.percent * self.length / 100)
        p = np.asarray(self.accuracies)
        values = at_least(p, self.length, needed) if needed else p
        return {"needed": needed, "values": values.tolist(), "doublings": doublings(self.sizes, values)}

    def as_rows(self) -> list[tuple]:
        """Each size with the share of its tokens that are right, and the metric."""
        rows = zip(self.sizes, self.accuracies, self.measures["values"])
        return [("parameters", "tokens right", "metric"), *((int(n), p, value) for n, p, value in rows)]
