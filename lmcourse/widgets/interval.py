"""The coding interval: arithmetic coding of a short text, step by step, and the way back from a number."""

from __future__ import annotations

import heapq
import math
from fractions import Fraction

import numpy as np
import traitlets

from lmcourse.information.arithmetic import intervals, shortest_bits
from lmcourse.model import LanguageModel, Tokens
from lmcourse.widgets.base import HERE, Widget, script

MAX_LENGTH = 60  # tokens of the text
MAX_TOKENS = 100  # of the vocabulary: each takes a part of a bar
MAX_NUMBERS = 4_000  # probabilities that travel into the page
MAX_BITS = 400

Prefix = tuple[int, ...]


class CodingInterval(Widget):
    """How a text becomes a number: the interval [0, 1), divided among the next tokens, again and again.

    The reader steps through the text, reads off the bits that name it, and finds out for any other number
    which text it stands for. All arithmetic is exact, with the model's floats taken as the fractions that
    they are. The page carries the model's predictions along the text and after the most probable other
    beginnings, as many as fit.

    Args:
        model: any language model of up to 100 tokens.
        text: up to 60 tokens, as text or ids. If it ends with the model's end token, a decoder knows by
            itself where to stop; otherwise it must be told the length.

    Raises:
        ValueError: for a text that is empty, too long or impossible under the model; for too many tokens.

    >>> from lmcourse.world import five_words
    >>> widget = CodingInterval(five_words(), "the mouse ate .")
    >>> widget.code, widget.decode("111"), widget.decode("000")
    ('111', 'the mouse ate .', 'the ball ate the ball .')
    """

    _esm = script("interval.js")
    _css = HERE / "interval.css"

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)  # the vocabulary
    separator = traitlets.Unicode().tag(sync=True)
    path = traitlets.List(traitlets.Int()).tag(sync=True)  # the text, in ids
    end = traitlets.Int(None, allow_none=True).tag(sync=True)
    # The beginnings whose continuation is known, each after the one it goes on from; 0 is the empty one.
    parents = traitlets.List(traitlets.Int()).tag(sync=True)
    said = traitlets.List(traitlets.Int()).tag(sync=True)  # the last token of each; -1 for the empty one
    # After each beginning, "id probability id probability …" of all tokens that are possible there.
    rows = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # Tokens of the text that are encoded; at first up to the first one that is no foregone conclusion.
    step = traitlets.Int(0).tag(sync=True)
    mode = traitlets.Enum(["encode", "decode"], "encode").tag(sync=True)
    bits = traitlets.Unicode("").tag(sync=True)  # the number to be decoded, 0.bits

    def __init__(self, model: LanguageModel, text: Tokens):
        path = model.ids(text)
        if not path:
            raise ValueError("text='' has no token to encode")
        if len(path) > MAX_LENGTH:
            raise ValueError(f"a text of {len(path)} tokens is too long to follow; show {MAX_LENGTH} at most")
        if model.vocab_size > MAX_TOKENS:
            raise ValueError(
                f"the interval can be divided among {MAX_TOKENS} tokens, this vocabulary has "
                f"{model.vocab_size}"
            )
        if model.end in path[:-1]:
            raise ValueError(
                f"the end token {model.vocab.tokens[model.end]!r} stands within the text; "
                "a decoder would stop there"
            )
        log_probs = model.token_log_probs(path)
        for i, log_prob in enumerate(log_probs):
            if not log_prob > -math.inf:
                before = model.vocab.decode(path[:i])
                raise ValueError(
                    f"token {i}, {model.vocab.tokens[path[i]]!r}, has probability zero after {before!r}: its "
                    "part of the interval is empty, so no number can name it; choose a text that is possible"
                )
        rows = _predictions(model, path)
        self._model, self._ids, self._rows = model, path, rows
        order = {prefix: i for i, prefix in enumerate(rows)}
        super().__init__(
            tokens=list(model.vocab.tokens),
            separator=model.vocab.separator,
            path=path,
            end=model.end,
            parents=[order[prefix[:-1]] if prefix else -1 for prefix in rows],
            said=[prefix[-1] if prefix else -1 for prefix in rows],
            rows=[
                " ".join(f"{i} {float(row[i])!r}" for i in np.flatnonzero(row).tolist())
                for row in rows.values()
            ],
            step=min(len(path) - 1, 1 + next((i for i, p in enumerate(log_probs) if p < -1e-9), 0)),
        )

    @traitlets.validate("step")
    def _check_step(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] <= len(self._ids):
            raise ValueError(f"step={proposal['value']} must lie between 0 and {len(self._ids)}")
        return proposal["value"]

    @traitlets.validate("bits")
    def _check_bits(self, proposal: dict) -> str:
        if len(proposal["value"]) > MAX_BITS or set(proposal["value"]) - {"0", "1"}:
            raise ValueError(f"bits={proposal['value']!r} must be at most {MAX_BITS} of the digits 0 and 1")
        return proposal["value"]

    @property
    def intervals(self) -> list[tuple[Fraction, Fraction]]:
        """[low, high) before the first token of the text and after each, exactly."""
        return intervals(self._model, self._ids)

    @property
    def code(self) -> str:
        """The fewest bits that name the whole text."""
        return shortest_bits(*self.intervals[-1])

    def decode(self, bits: str) -> str:
        """The text for which the number 0.bits stands.

        It ends with the model's end token; if there is none, or it does not come, it is as long as the
        widget's own text.
        """
        number = Fraction(int(bits, 2) if bits else 0, 2 ** len(bits))
        found: list[int] = []
        low, width, reader = Fraction(0), Fraction(1), self._model.reader()
        stop = MAX_LENGTH if self.end is not None else len(self._ids)
        while len(found) < stop and (not found or found[-1] != self.end):
            row = self._rows.get(tuple(found))
            if row is None:
                row = np.exp(reader.log_probs()[0])
            probs = [Fraction(p) for p in row.tolist()]
            total, start = sum(probs), low
            for token, p in enumerate(probs):
                if start <= number < start + width * p / total:
                    low, width = start, width * p / total
                    found.append(token)
                    reader.read([token])
                    break
                start += width * p / total
        return self._model.vocab.decode(found)


def certain_bits(low: Fraction, high: Fraction) -> str:
    """The bits with which every number of [low, high) begins.

    >>> certain_bits(Fraction(3, 8), Fraction(1, 2))
    '011'
    """
    bits = ""
    while high <= Fraction(1, 2) or low >= Fraction(1, 2):
        bit = int(low >= Fraction(1, 2))
        bits, low, high = f"{bits}{bit}", 2 * low - bit, 2 * high - bit
    return bits


def _predictions(model: LanguageModel, path: list[int]) -> dict[Prefix, np.ndarray]:
    """The next token's probabilities (V,) after beginnings: those of the text, then the most probable ones.

    A beginning comes after the one it goes on from. There are as many as make up `MAX_NUMBERS` positive
    probabilities, and at least those of the text itself.
    """
    rows: dict[Prefix, np.ndarray] = {}
    longest = MAX_LENGTH if model.end is not None else len(path) - 1
    heap: list[tuple[float, Prefix]] = [(0.0, ())]
    left = MAX_NUMBERS

    def visit(prefix: Prefix, log_prob: float, log_probs: np.ndarray) -> None:
        nonlocal left
        rows[prefix] = np.exp(log_probs)
        left -= int(np.count_nonzero(rows[prefix]))
        for token in np.flatnonzero(rows[prefix]).tolist():
            if token != model.end and len(prefix) < longest:
                heapq.heappush(heap, (-(log_prob + float(log_probs[token])), (*prefix, token)))

    reader, spent = model.reader(), 0.0
    for i, token in enumerate(path):
        log_probs = reader.log_probs()[0]
        visit(tuple(path[:i]), spent, log_probs)
        spent += float(log_probs[token])
        reader.read([token])
    while heap and left > 0:
        cost, prefix = heapq.heappop(heap)
        if prefix not in rows:
            visit(prefix, -cost, model.next_log_probs([model.window(prefix)])[0])
    return rows
