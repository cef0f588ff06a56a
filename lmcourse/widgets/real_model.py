"""Real model: a coin that may be unfair, what each of its sides tells, and a throw on average."""

from __future__ import annotations

import traitlets

from lmcourse.information.measures import entropy, surprisal
from lmcourse.widgets.base import HERE, Widget, script


class RealModel(Widget):
    """A coin whose probability of heads the reader moves; each side's surprisal, and the entropy.

    Args:
        p: the probability of heads.

    Raises:
        ValueError: if p does not lie between 0 and 1.

    >>> RealModel(0.25).measures["heads"]
    2.0
    """

    _esm = script("real_model.js")
    _css = HERE / "real_model.css"

    p = traitlets.Float().tag(sync=True)

    def __init__(self, p: float = 0.5):
        super().__init__(p=p)

    @traitlets.validate("p")
    def _check(self, proposal: dict) -> float:
        surprisal(proposal["value"])  # which says what is wrong with it
        return proposal["value"]

    @property
    def measures(self) -> dict[str, float]:
        """All that the page shows, in bits."""
        p = self.p
        return {"heads": surprisal(p), "tails": surprisal(1 - p), "entropy": entropy([p, 1 - p])}
