"""How much ever smaller models know: accuracy on MMLU, four choices in 57 subjects, as it was published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmcourse.tables import TABLES, positive, rows_by_year

SCORES = TABLES / "mmlu.csv"
MEASURED = ("authors", "others")  # by whom: those of the model, or of another work
_COLUMNS = ["year", "month", "name", "parameters", "score", "measured", "training_tokens", "source"]


@dataclass(frozen=True)
class Score:
    """One row of mmlu.csv: a base model, asked with five examples before each question."""

    year: int  # in which the model was made public
    month: int
    name: str
    parameters: float
    score: float  # in per cent; 25 by chance
    measured: str  # one of MEASURED
    training_tokens: float | None  # None: not looked up
    source: str  # of the score; a key in the book's bibliography

    @property
    def date(self) -> float:
        """In years."""
        return self.year + (self.month - 0.5) / 12


def scores(path: Path = SCORES) -> list[Score]:
    """All rows, by year.

    Raises ValueError as `rows_by_year`, or naming a month or a figure that cannot be.
    """
    found = []
    for where, row in rows_by_year(path, _COLUMNS, "score", "measured", MEASURED):
        size, score = positive(row["parameters"], where), positive(row["score"], where)
        month = int(row["month"])
        if size is None or score is None or not (score <= 100 and 1 <= month <= 12):
            raise ValueError(f"{where}: needs parameters, a score up to 100, and a month from 1 to 12")
        tokens = positive(row["training_tokens"], where)
        found.append(
            Score(int(row["year"]), month, row["name"], size, score, row["measured"], tokens, row["source"])
        )
    return found


def smallest_so_far(rows: list[Score], level: float) -> list[Score]:
    """Of those that reach a level, each that was smaller than all before it; by date."""
    found: list[Score] = []
    for row in sorted(rows, key=lambda row: (row.date, row.parameters)):
        if row.score >= level and (not found or row.parameters < found[-1].parameters):
            found.append(row)
    return found
