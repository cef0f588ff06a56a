"""What every widget of the course shares: the style sheet, and numbers that JSON cannot carry.

anywidget itself finds the JavaScript, and enables Colab's manager for custom widgets where it runs in Colab.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from lmcourse.decoding import anneal

HERE = Path(__file__).parent


def script(name: str) -> str:
    """The JavaScript module of one widget: what all share, then its own."""
    return "".join((HERE / part).read_text(encoding="utf-8") for part in ("shared.js", name))


class Widget(anywidget.AnyWidget):
    """A widget with the course's looks. A subclass adds its traits and `_esm`, its JavaScript."""

    _css = HERE / "widgets.css"


class TemperatureTrait(traitlets.Float):
    """A synced temperature from 0 to infinity; JSON has no infinity, so it travels as the string "inf"."""

    def __init__(self, default: float = 1.0):
        super().__init__(default)
        self.tag(
            sync=True,
            to_json=lambda value, _: "inf" if math.isinf(value) else value,
            from_json=lambda value, _: float(value),
        )

    def validate(self, obj: traitlets.HasTraits, value: float) -> float:
        """Raise ValueError if the temperature is negative or not a number."""
        value = super().validate(obj, value)
        anneal(np.zeros(1), value)
        return value


def finite_or_none(log_probs: Iterable[float]) -> list[float | None]:
    """Log-probabilities for JSON, which has no infinity: None stands for log 0."""
    return [value if math.isfinite(value) else None for value in map(float, log_probs)]
