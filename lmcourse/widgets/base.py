"""What every widget of the course shares: its JavaScript and its style, and numbers that JSON cannot carry.

anywidget itself finds the JavaScript, and enables Colab's manager for custom widgets where it runs in Colab.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from lmcourse.decoding import anneal

HERE = Path(__file__).parent
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)


def script(name: str) -> str:
    """The JavaScript of one widget as a single module, since a widget's code has no address to import from.

    What it imports from the files beside it stands before it, each file once, and the imports are gone.
    """
    parts: dict[str, str] = {}

    def add(part: str) -> None:
        text = (HERE / part).read_text(encoding="utf-8")
        for neighbour in IMPORT.findall(text):
            if neighbour not in parts:
                add(neighbour)
        parts[part] = IMPORT.sub("", text)

    add(name)
    return "\n".join(parts.values())


def worker_script(name: str) -> str:
    """The JavaScript of a worker as a plain script: a page from disk starts no worker that is a module."""
    return re.sub(r"^export ", "", script(name), flags=re.MULTILINE)


class Widget(anywidget.AnyWidget):
    """A widget with the course's looks. A subclass adds its traits, its JavaScript and its own style.

    Where nothing can show a widget (a console, a notebook shown as a file) it is a sentence and a table.
    """

    # The style of all widgets, which a page needs once: ui.js puts it there; the book's pages link it.
    _ui = traitlets.Unicode((HERE / "ui.css").read_text(encoding="utf-8")).tag(sync=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """What anywidget makes of it, with a text to read in place of an object's address."""
        made = super()._repr_mimebundle_(**kwargs)
        (made[0] if isinstance(made, tuple) else made or {})["text/plain"] = self.as_text()
        return made

    def as_text(self) -> str:
        """What the widget is, in a sentence, and the numbers that it would show, as a table."""
        about = inspect.getdoc(type(self)).split("\n\n")[0].replace("\n", " ")
        place = f"{type(self).__name__}: to be used in Jupyter, Colab or the book."
        return f"{about} ({place})\n\n{table(self.as_rows())}"

    def as_rows(self) -> list[tuple]:
        """The table's header and rows: here the settings; a widget that shows few numbers gives those."""
        settings = {name: getattr(self, name) for name in self.trait_names(sync=True)}
        plain = {n: v for n, v in settings.items() if isinstance(v, (bool, int, float, str))}
        plain = {n: v for n, v in plain.items() if n in self.own_traits()}
        return [("setting", "value"), *((name.replace("_", " "), value) for name, value in plain.items())]

    @classmethod
    def own_traits(cls) -> set[str]:
        """The traits that are the course's: not those of all widgets, nor addresses of files in the book."""
        theirs = anywidget.AnyWidget.class_trait_names()
        return {n for n in cls.class_trait_names() if not n.startswith("_") and not n.endswith("_at")} - {
            *theirs
        }


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as lines of text, their columns one below the other; numbers to four digits, long texts cut.

    >>> print(table([("token", "probability"), ("mouse", 1 / 3), ("cat", 0.5)]))
      token  probability
      mouse  0.3333
      cat    0.5
    """

    def cell(value: Any) -> str:
        text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
        return text if len(text) <= 60 else f"{text[:59]}…"

    said = [[cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*said)]
    return "\n".join("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in said)


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


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Whole numbers, 0 or more, as bytes: seven bits in each, the lowest first; the eighth says: more follow.

    >>> list(pack_numbers([5, 300]))  # 300 = 2 · 128 + 44
    [5, 172, 2]
    """
    packed = bytearray()
    for number in numbers:
        while number > 127:
            packed.append(number & 127 | 128)
            number >>= 7
        packed.append(number)
    return bytes(packed)
