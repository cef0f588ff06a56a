"""Small sourced tables of facts about the world, each a CSV file beside this one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

AGES = ("statistical", "neural", "pretrained", "large")
TABLES = Path(__file__).parent
HISTORY = TABLES / "history.csv"
_COLUMNS = ["year", "name", "age", "architecture", "parameters", "training_tokens", "source"]


@dataclass(frozen=True)
class Milestone:
    """One row of history.csv. A number that no publication states is None, never an estimate."""

    year: int  # first made public
    name: str
    age: str  # one of AGES
    architecture: str
    parameters: float | None  # numbers learned, used for each token or not; for n-gram models, n-grams stored
    training_tokens: float | None  # size of the training text, in words or subwords as the source counts
    source: str  # key in the book's bibliography


def history(path: Path = HISTORY) -> list[Milestone]:
    """The milestones of language modelling in order of year.

    Raises ValueError naming the line that is out of order, incomplete, of unknown age, or has a bad figure.
    """
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != _COLUMNS:
            raise ValueError(
                f"{path.name} needs the columns {', '.join(_COLUMNS)}; it has {reader.fieldnames}"
            )
        rows: list[Milestone] = []
        for row in reader:
            where = f"{path.name}, line {reader.line_num} ({row['name']})"
            if len(row) != len(_COLUMNS) or not all(
                row[c] for c in ("year", "name", "architecture", "source")
            ):
                raise ValueError(
                    f"{where}: expected {len(_COLUMNS)} fields, name, architecture and source not empty"
                )
            if row["age"] not in AGES:
                raise ValueError(f"{where}: age {row['age']!r} is none of {', '.join(AGES)}")
            rows.append(
                Milestone(
                    year=int(row["year"]),
                    name=row["name"],
                    age=row["age"],
                    architecture=row["architecture"],
                    parameters=positive(row["parameters"], where),
                    training_tokens=positive(row["training_tokens"], where),
                    source=row["source"],
                )
            )
            if len(rows) > 1 and rows[-2].year > rows[-1].year:
                raise ValueError(
                    f"{where}: year {rows[-1].year} follows {rows[-2].year}; keep the rows in order"
                )
    return rows


def positive(text: str, where: str) -> float | None:
    """A positive number, or None for an empty field."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise ValueError(
            f"{where}: {text!r} is no positive number; leave the field empty if none is published"
        )
    return number
