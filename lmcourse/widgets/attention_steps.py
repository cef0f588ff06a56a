"""Attention, step by step: every matrix between a few tokens and what attention makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import traitlets

from lmcourse.widgets.base import HERE, Widget, script

WIDTH = 4  # D, numbers of a token; they belong to one head, or two to each of two
MOST_TOKENS = 6
LARGEST = 9

# "The mouse ate the cheese". A noun asks for its article; the verb asks the first two numbers of a key for a
# noun that is alive, and the other two for one that is not.
TOKENS = ("the", "mouse", "ate", "the", "cheese")
FEATURES = ("article", "noun", "verb", "alive")
X = ((1, 0, 0, 0), (0, 1, 0, 1), (0, 0, 1, 0), (1, 0, 0, 0), (0, 1, 0, -1))
W_Q = ((0, 0, 0, 0), (0, 2, 0, 0), (2, 0, 2, 0), (0, 0, 0, 0))
W_K = ((0, 2, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0), (1, 0, -1, 0))
W_V = ((0, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0), (0, 1, 0, 1))


class AttentionSteps(Widget):
    """Self-attention of a few tokens, whose matrices can be changed, and each number of which is explained.

    The page computes queries, keys, values, scores, weights and the output at each change. With two heads the
    first has the first half of the columns of the three matrices.

    Args:
        tokens: T words, from 2 to 6.
        features: names of a token's four numbers.
        x: the tokens' numbers, T lists of 4 whole numbers from -9 to 9.
        w_q, w_k, w_v: matrices that make queries, keys and values of them, 4 lists of 4 such numbers.
        scaled: whether scores are divided by √d, d the numbers of a head.
        causal: whether a token sees itself and those before it only.
        heads: 1 or 2.
        head: the head that is shown, 0 or 1.

    Raises:
        ValueError: for a matrix of another shape or with other numbers, or a head that there is not.

    >>> widget = AttentionSteps(heads=2)
    >>> widget.matrices["scores"][0][2].tolist()  # what "ate" asks of the five, in the first head
    [0, 4, 0, 0, 0]
    """

    _esm = script("attention_steps.js")
    _css = HERE / "attention_steps.css"

    tokens = traitlets.List(traitlets.Unicode(), list(TOKENS)).tag(sync=True)
    features = traitlets.List(traitlets.Unicode(), list(FEATURES)).tag(sync=True)
    x = traitlets.List(default_value=[list(line) for line in X]).tag(sync=True)
    w_q = traitlets.List(default_value=[list(line) for line in W_Q]).tag(sync=True)
    w_k = traitlets.List(default_value=[list(line) for line in W_K]).tag(sync=True)
    w_v = traitlets.List(default_value=[list(line) for line in W_V]).tag(sync=True)
    scaled = traitlets.Bool(True).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    heads = traitlets.Int(1).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)

    def __init__(self, tokens: Sequence[str] = TOKENS, **settings):
        if not 2 <= len(tokens) <= MOST_TOKENS:
            raise ValueError(f"tokens={list(tokens)} must be from 2 to {MOST_TOKENS}")
        super().__init__(tokens=list(tokens), **settings)  # which checks x when the tokens are there

    @traitlets.validate("x", "w_q", "w_k", "w_v")
    def _check_matrix(self, proposal: dict) -> list[list[int]]:
        name, lines = proposal["trait"].name, [list(line) for line in proposal["value"]]
        rows = len(self.tokens) if name == "x" else WIDTH
        if len(lines) != rows or any(len(line) != WIDTH for line in lines):
            raise ValueError(f"{name}={lines} must be {rows} lists of {WIDTH} numbers")
        for number in (number for line in lines for number in line):
            if int(number) != number or abs(number) > LARGEST:
                raise ValueError(f"{name} has {number}; it takes whole numbers from -{LARGEST} to {LARGEST}")
        return lines

    @traitlets.validate("heads")
    def _check_heads(self, proposal: dict) -> int:
        if proposal["value"] not in (1, 2):
            raise ValueError(f"heads={proposal['value']} must be 1 or 2")
        return proposal["value"]

    @traitlets.validate("head")
    def _check_head(self, proposal: dict) -> int:
        if proposal["value"] not in (0, 1):
            raise ValueError(f"head={proposal['value']} must be 0 or 1")
        return proposal["value"]

    @property
    def matrices(self) -> dict[str, np.ndarray]:
        """All that the page shows: q, k, v and output, (T, 4); scores, scaled, masked, weights, (H, T, T)."""
        x = np.array(self.x)
        found = {name: x @ np.array(getattr(self, f"w_{name}")) for name in "qkv"}
        q, k, v = (np.stack(np.split(found[name], self.heads, axis=1)) for name in "qkv")  # (H, T, d)
        scores = q @ k.transpose(0, 2, 1)
        scaled = scores / math.sqrt(WIDTH // self.heads) if self.scaled else scores
        masked = np.where(np.tri(len(x), dtype=bool), scaled, -np.inf) if self.causal else scaled
        weights = np.exp(masked - masked.max(axis=2, keepdims=True))
        weights = weights / weights.sum(axis=2, keepdims=True)
        steps = {"scores": scores, "scaled": scaled, "masked": masked, "weights": weights}
        return {**found, **steps, "output": np.concatenate([*(weights @ v)], axis=1)}
