"""The outcome of grading one submission: plain data, complete, the same wherever and whenever it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmcourse.grading.report import Report


@dataclass(frozen=True)
class Result:
    """How one student did in one assignment.

    Args:
        student: the id.
        assignment: the assignment's name.
        reports: one for each autograded exercise, in order, with points.
        written: grading id -> {"points": maximum, "answered": bool} of each answer that a person reads.
        answers: grading id -> the student's source, of every cell that was handed out to be filled in.
        seed: of the checks' inputs; with the versions it reproduces the grade.
        versions: of checks, release and grader.
        digest: SHA-256 of the file handed in.
        submitted: when, as ISO text with time zone; empty if nobody said.
        refused: why the file could not be graded (every exercise then earns 0); empty if it could.
        notes: what was found and repaired on the way.
        failures: one line for each cell that did not run through.
        unsafe: whether the code ran without a sandbox.
        seconds: the time it took. Not part of the outcome: two equal results may differ in it.
    """

    student: str
    assignment: str
    reports: Sequence[Report]
    written: Mapping[str, Mapping[str, Any]]
    answers: Mapping[str, str]
    seed: int
    versions: Mapping[str, str]
    digest: str
    submitted: str = ""
    refused: str = ""
    notes: Sequence[str] = field(default_factory=list)
    failures: Sequence[str] = field(default_factory=list)
    unsafe: bool = False
    seconds: float = field(default=0.0, compare=False)

    @property
    def points(self) -> float:
        """Earned in the autograded exercises."""
        return round(sum(report.points for report in self.reports), 2)

    @property
    def max_points(self) -> float:
        """What the autograded exercises are worth."""
        return sum(report.max_points or 0.0 for report in self.reports)

    def as_json(self) -> str:
        """One line of JSON; `from_json` reads it."""
        data = vars(self) | {"reports": [report.as_json() for report in self.reports]}
        return json.dumps(data, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """The result that `as_json` was made from."""
        data = json.loads(text)
        return cls(**data | {"reports": [Report.from_json(report) for report in data["reports"]]})
