"""The outcome of grading one submission: plain data, complete, the same wherever and whenever it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmcourse.grading.report import Report


@dataclass(frozen=True)
class Plan:
    """What a run sets out to do. One that is interrupted goes on by its own plan.

    Args:
        name: of the run; its results carry it.
        seed: of the checks' inputs.
        versions: of checks, release and grader.
        regrade: students to grade again although they have a result; `"all"` for everybody.
    """

    name: str
    seed: int
    versions: Mapping[str, str]
    regrade: Sequence[str] = field(default_factory=list)

    def as_json(self) -> str:
        """One line of JSON; `from_json` reads it."""
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `as_json` was made from."""
        return cls(**json.loads(text))

    def keeps(self, result: Result, digest: str) -> bool:
        """Whether a student who has this result, and has now handed in a file of this digest, is done."""
        again = result.student in self.regrade or "all" in self.regrade
        return result.digest == digest and (not again or result.run == self.name)


@dataclass(frozen=True)
class Mark:
    """What counts for one exercise or answer in the gradebook, people's work included.

    Args:
        score: that counts now; 0 if nobody has looked at it yet.
        max_score: that can be had.
        by_hand: whether a person gave it, or extra credit.
        waits: whether a person is to look at it.
        comment: a person's.
    """

    score: float
    max_score: float
    by_hand: bool = False
    waits: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Late:
    """How late somebody was, and what it costs.

    Args:
        seconds: behind the time that the work was due, an extension included.
        penalty: points taken off.
    """

    seconds: float
    penalty: float

    def __str__(self) -> str:
        """For example `1 day 3 hours late: 2.5 points off`."""
        minutes = max(1, round(self.seconds / 60))
        parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
        said = [f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n]
        off = f"{self.penalty:.2f}".rstrip("0").rstrip(".")
        return f"{' '.join(said[:2])} late: {off} point{'s' * (off != '1')} off"


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
        late: whether the LMS marks it as late.
        refused: why the file could not be graded (every exercise then earns 0); empty if it could.
        notes: what was found and repaired on the way.
        failures: one line for each cell that did not run through.
        unsafe: whether the code ran without a sandbox.
        troubles: name of a check -> the exception that it raised itself, for the instructor.
        run: the name of the run that made it. Like `seconds` and `times`, not part of the outcome: two equal
            results may differ in it.
        seconds: the time it took.
        times: exercise -> seconds of each of its checks, in order.
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
    troubles: Mapping[str, str] = field(default_factory=dict)
    run: str = field(default="", compare=False)
    seconds: float = field(default=0.0, compare=False)
    times: Mapping[str, Sequence[float]] = field(default_factory=dict, compare=False)
    late: bool = False

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
