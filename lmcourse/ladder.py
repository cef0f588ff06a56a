"""The ladder: one running table in which every model of the course stands on the same held-out text.

A row says what a model is, how much it stores, what it cost to train and how many bits it needs per token
and per byte. Rows are comparable within one text; bits per byte are comparable across tokenizations too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lmcourse.model import LanguageModel


@dataclass(frozen=True)
class Row:
    """One rung of the ladder."""

    name: str
    text: str  # the held-out text on which it stands
    parameters: int | None  # numbers learned; None: the model did not learn
    training_cost: int | None  # elementary operations spent on learning them (for counts: increments)
    bits_per_token: float
    bits_per_byte: float


def measure(
    model: LanguageModel,
    name: str,
    text: str,
    held_out: str,
    parameters: int | None = None,
    training_cost: int | None = None,
) -> Row:
    """Score a model on a held-out text, in UTF-8 bytes and in the model's own tokens.

    Args:
        model: any language model that can encode `held_out`.
        name: of the model.
        text: the name of the held-out text.
        held_out: the text itself; it must not have been trained on.
        parameters: numbers the model has learned; None if it did not learn.
        training_cost: elementary operations spent on that.
    """
    ids = model.ids(held_out)
    if not ids:
        raise ValueError(f"held_out={held_out!r} holds no token: nothing to measure the model on")
    bits = -model.log_prob(ids) / math.log(2)
    return Row(name, text, parameters, training_cost, bits / len(ids), bits / len(held_out.encode("utf-8")))


def as_table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, on each text the one with the most bits per byte first."""
    lines = [
        "| model | text | parameters | training operations | bits per token | bits per byte |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in sorted(rows, key=lambda r: (r.text, -r.bits_per_byte)):
        name = row.name.replace(" ", "\u00a0")  # a name stays on one line
        lines.append(
            f"| {name} | {row.text} | {_count(row.parameters)} | {_count(row.training_cost)} "
            f"| {row.bits_per_token:.3f} | {row.bits_per_byte:.3f} |"
        )
    return "\n".join(lines)


def _count(number: int | None) -> str:
    """A number with commas, or nothing where there is none."""
    return "" if number is None else f"{number:,}"
