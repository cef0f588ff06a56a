"""The position explorer: what four kinds of position do to vectors and to scores, number by number."""

from __future__ import annotations

import numpy as np
import traitlets

from lmcourse.neural.bells import bells
from lmcourse.widgets.base import HERE, Widget, script

PLACES = 128
RANGES = {"query": (0, 127), "distance": (0, 127), "pair": (0, 15), "n_heads": (1, 16), "head": (0, 15)}
RANGES |= {"seed": (0, 99)}
LEAST_BASE, MOST_BASE = 2.0, 1e7


class PositionExplorer(Widget):
    """Sinusoids, RoPE, ALiBi and a table of random rows, as one that is learned looks before it is.

    The page draws the vectors of 128 places, a pair of numbers as an arrow, and the score of a query with the
    keys before it; it computes all of them itself, as `lmcourse.transformer.positions` does.

    Args:
        kind: "sinusoidal", "rope", "alibi" or "learned".
        size: numbers in a vector, even, from 2 to 32.
        base: of the frequencies, from 2 to 10 million.
        query: place of the query, from 0 to 127.
        distance: how far before it the key stands; a key stands at place 0 or later.
        pair: which pair of numbers is drawn as an arrow, from 0; beyond the last, the last.
        vectors: "ones" or "random": the query and the key that RoPE turns.
        n_heads: of ALiBi, from 1 to 16.
        head: whose slope is drawn, from 0; beyond the last, the last.
        seed: of what is random, from 0 to 99.

    Raises:
        ValueError: for a setting out of range.
        TraitError: for one that is not among the choices.

    >>> PositionExplorer(kind="alibi", query=3, n_heads=4).measures["scores"]
    [-0.0, -0.25, -0.5, -0.75]
    """

    _esm = script("positions.js")
    _css = HERE / "positions.css"

    kind = traitlets.Enum(["sinusoidal", "rope", "alibi", "learned"], "rope").tag(sync=True)
    size = traitlets.Int(8).tag(sync=True)
    base = traitlets.Float(10_000.0).tag(sync=True)
    query = traitlets.Int(100).tag(sync=True)
    distance = traitlets.Int(3).tag(sync=True)
    pair = traitlets.Int(0).tag(sync=True)
    vectors = traitlets.Enum(["ones", "random"], "ones").tag(sync=True)
    n_heads = traitlets.Int(8).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("size")
    def _check_size(self, proposal: dict) -> int:
        if proposal["value"] not in range(2, 33, 2):
            raise ValueError(f"size={proposal['value']} must be even, and lie between 2 and 32")
        return proposal["value"]

    @traitlets.validate("base")
    def _check_base(self, proposal: dict) -> float:
        if not LEAST_BASE <= proposal["value"] <= MOST_BASE:
            raise ValueError(f"base={proposal['value']} must lie between {LEAST_BASE:g} and {MOST_BASE:,.0f}")
        return proposal["value"]

    @traitlets.validate(*RANGES)
    def _check_range(self, proposal: dict) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = RANGES[name]
        if not low <= value <= high:
            raise ValueError(f"{name}={value} must lie between {low} and {high}")
        return value

    @property
    def measures(self) -> dict[str, list]:
        """All that the page shows.

        *table*: numbers at each of the 128 places: of a place's vector, or of the query turned there, (size,
        128); ALiBi's biases of a key there, (n_heads, 128). *scores*: with a key 0, 1, … query tokens back.
        *arrows*: the chosen pair of the query and of the key, x and y; none without rotations.
        """
        import torch  # not before it is asked for: widgets are to be had without it

        from lmcourse.transformer import positions

        places, query = torch.arange(PLACES), torch.tensor(self.query)
        keys = torch.arange(self.query, -1, -1)
        if self.kind == "alibi":
            head = min(self.head, self.n_heads - 1)
            table = positions.alibi(self.n_heads, query[None], places)[:, 0]
            scores = positions.alibi(self.n_heads, query[None], keys)[head, 0]
            return {"table": table.tolist(), "scores": scores.tolist(), "arrows": []}
        if self.kind == "learned":
            table = torch.from_numpy(bells(self.seed, 0, PLACES * self.size).reshape(PLACES, self.size))
            return {"table": table.T.tolist(), "scores": (table[keys] @ table[query]).tolist(), "arrows": []}
        if self.kind == "sinusoidal":
            asks = answers = positions.sinusoidal(places, self.size, self.base)
        else:
            turns = positions.rotation(places, self.size, self.base)
            both = torch.from_numpy(self._query_and_key())
            asks, answers = (positions.rotate(x.expand(PLACES, -1), *turns) for x in both)
        key = self.query - min(self.distance, self.query)
        pair = min(self.pair, self.size // 2 - 1)
        arrows = [vectors[2 * pair : 2 * pair + 2].tolist() for vectors in (asks[query], answers[key])]
        if self.kind == "sinusoidal":  # sine, cosine: the angle's y and x
            arrows = [arrow[::-1] for arrow in arrows]
        return {"table": asks.T.tolist(), "scores": (answers[keys] @ asks[query]).tolist(), "arrows": arrows}

    def _query_and_key(self) -> np.ndarray:
        """What RoPE turns, (2, size)."""
        if self.vectors == "ones":
            return np.ones((2, self.size))
        return bells(self.seed, 0, 2 * self.size).reshape(2, self.size)
