"""Small sourced tables of facts about the world, each a CSV file beside this one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
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

    Raises ValueError as `rows_by_year`, or naming a bad figure.
    """
    return [
        Milestone(
            year=int(row["year"]),
            name=row["name"],
            age=row["age"],
            architecture=row["architecture"],
            parameters=positive(row["parameters"], where),
            training_tokens=positive(row["training_tokens"], where),
            source=row["source"],
        )
        for where, row in rows_by_year(path, _COLUMNS, "architecture", "age", AGES)
    ]


def rows_by_year(
    path: Path, columns: list[str], needed: str, kind: str, kinds: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table, each with a name of its place for messages.

    Args:
        path: of the CSV file.
        columns: all of its columns.
        needed: the column that, beside year, name and source, is never empty.
        kind, kinds: a column, and what may stand in it.

    Raises ValueError naming the line that is out of order, incomplete, or of unknown kind.
    """
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != columns:
            raise ValueError(
                f"{path.name} needs the columns {', '.join(columns)}; it has {reader.fieldnames}"
            )
        before = 0
        for row in reader:
            where = f"{path.name}, line {reader.line_num} ({row['name']})"
            if len(row) != len(columns) or not all(row[c] for c in ("year", "name", needed, "source")):
                raise ValueError(
                    f"{where}: expected {len(columns)} fields, name, {needed} and source not empty"
                )
            if row[kind] not in kinds:
                raise ValueError(f"{where}: {kind} {row[kind]!r} is none of {', '.join(kinds)}")
            year = int(row["year"])
            if year < before:
                raise ValueError(f"{where}: year {year} follows {before}; keep the rows in order")
            before = year
            yield where, row


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
