"""How far a student has come: for each exercise its time, the points so far, and what else can be had.

Public checks are a part of an exercise's checks, so they give a part of its points; the hidden ones give the
rest when the work is graded, and a person those of answers in words.
"""

from __future__ import annotations

import html
import json
import math
import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lmcourse.grading.checks import Check
from lmcourse.grading.course import release_notebook
from lmcourse.grading.report import Report, public_factor

HEADING = re.compile(r"\A#{1,6} (.*) \((\d+) minutes, (?:(no)|([\d.]+)) points?\)")


@dataclass(frozen=True)
class Task:
    """An exercise or an answer in words, as the release announces it.

    Args:
        name: of the exercise; of an answer, its grading id.
        title: its heading.
        minutes: that it usually takes.
        points: that can be had.
        by_hand: whether a person grades it.
    """

    name: str
    title: str
    minutes: int
    points: float
    by_hand: bool


def tasks(assignment: str) -> list[Task]:
    """All tasks of an assignment, in order, by the release's headings, `## Title (15 minutes, 2 points)`."""
    cells = json.loads(release_notebook(assignment).read_text(encoding="utf-8"))["cells"]
    marks = {cell["id"]: cell["metadata"].get("nbgrader", {}) for cell in cells}
    found = []
    for cell in cells:
        said = HEADING.match("".join(cell["source"]))
        if said and cell["id"].startswith("intro-"):
            name = cell["id"].removeprefix("intro-")
            by_hand = bool(marks.get(name, {}).get("grade"))
            found.append(Task(name, said[1], int(said[2]), float(said[4] or 0), by_hand))
    return found


def public_shares(checks: Sequence[Check], hidden: Mapping[str, float]) -> dict[str, float]:
    """The part of its points that the public checks of each exercise give.

    Args:
        checks: of all exercises; the hidden ones may be missing.
        hidden: exercise -> weight of all its hidden checks, for those that are missing.
    """
    seen: dict[str, float] = {}
    unseen = dict(hidden)
    for check in checks:
        part = unseen if check.hidden else seen
        part[check.exercise] = part.get(check.exercise, 0.0) + check.weight
    shares = {}
    for name, weight in seen.items():
        hidden_weight = unseen.get(name, 0.0)
        counted = weight * public_factor(weight, hidden_weight)
        shares[name] = counted / (counted + hidden_weight)
    return shares


@dataclass(frozen=True)
class Row:
    """How far one task is.

    Args:
        task: which.
        sign: ✓ all public checks pass, ◐ some do, ✗ none does, · nothing is written or it is not known.
        public: points that public checks can give; 0 where a person grades.
        so_far: those that they give.
        passed: the part of the public checks that passes, 0 to 1.
        written: of an answer in words, whether there is one; None if it is not known.
    """

    task: Task
    sign: str
    public: float = 0.0
    so_far: float = 0.0
    passed: float = 0.0
    written: bool | None = None

    @property
    def minutes_ahead(self) -> float:
        """Of its time, the part of the checks that do not pass; none where it is not known what there is."""
        if not self.task.points or (self.task.by_hand and self.written is not False):
            return 0.0
        return self.task.minutes * (1 - self.passed)


@dataclass(frozen=True)
class Progress:
    """A table of all tasks, and one line about the sum."""

    rows: Sequence[Row]

    @classmethod
    def of(
        cls,
        assignment: str,
        reports: Sequence[Report],
        shares: Mapping[str, float],
        written: Collection[str] | None = None,
    ) -> Progress:
        """What the reports of public checks come to.

        Args:
            assignment: its name.
            reports: of its exercises.
            shares: of `public_shares`.
            written: the answers in words that there are; None if nobody has looked.
        """
        told = {report.exercise: report for report in reports}
        rows = []
        for task in tasks(assignment):
            if task.by_hand:
                there = None if written is None else task.name in written
                rows.append(Row(task, "✓" if there else "·", written=there))
            elif task.name in told:
                rows.append(_row(task, told[task.name], shares.get(task.name, 1.0)))
        return cls(rows)

    def summary(self) -> str:
        """For example `10.8 of the 10.8 points that public checks give. When your work is graded, …`."""
        so_far, public = (sum(getattr(row, what) for row in self.rows) for what in ("so_far", "public"))
        by_hand = sum(row.task.points for row in self.rows if row.task.by_hand)
        all_points = sum(row.task.points for row in self.rows)
        hidden = all_points - by_hand - public
        more = [f"hidden checks give up to {_figure(hidden)} more"] if _figure(hidden) != "0" else []
        more += [f"a person {'' if more else 'gives '}up to {by_hand:g}"] if by_hand else []
        told = f"{_figure(so_far)} of the {_figure(public)} points that public checks give. "
        if more:
            told += f"When your work is graded, {' and '.join(more)}: {all_points:g} in all. "
        if _figure(hidden) != "0" and any(row.sign in "◐✗" for row in self.rows):
            told += (
                "Hidden checks ask the same functions again, for about twice as many points: what fails here "
                "mostly costs there as well. "
            )
        ahead = 5 * math.ceil(sum(row.minutes_ahead for row in self.rows) / 5)
        return told + (f"What is not done yet takes about {ahead} minutes." if ahead else "")

    def as_text(self) -> str:
        """For a terminal."""
        width = max([8, *(len(row.task.name) for row in self.rows)])
        head = f"  {'exercise':{width}}  minutes  points so far  in all"
        lines = [
            f"{row.sign} {row.task.name:{width}}  {row.task.minutes:7}  {_so_far(row):>13}  {_in_all(row):>6}"
            for row in self.rows
        ]
        return "\n".join([head, *lines, *textwrap.wrap(self.summary(), 88)])

    def as_html(self) -> str:
        """For a notebook."""
        cell = '<td style="text-align:{}">{}</td>'
        rows = "".join(
            "<tr>"
            + cell.format("center", row.sign)
            + cell.format("left", html.escape(row.task.title))
            + "".join(cell.format("right", what) for what in (row.task.minutes, _so_far(row), _in_all(row)))
            + "</tr>"
            for row in self.rows
        )
        heads = "".join(
            f'<th style="text-align:{side}">{what}</th>'
            for side, what in (
                ("left", ""),
                ("left", "Exercise"),
                ("right", "Minutes"),
                ("right", "Points so far"),
                ("right", "In all"),
            )
        )
        return f"<table><tr>{heads}</tr>{rows}</table><p>{html.escape(self.summary().strip())}</p>"


def _row(task: Task, report: Report, share: float) -> Row:
    """The row of an exercise."""
    earned = sum(outcome.weight * outcome.score for outcome in report.outcomes)
    part = earned / sum(outcome.weight for outcome in report.outcomes)
    sign = "✓" if report.passed else "◐" if earned else "✗" if report.begun else "·"
    return Row(task, sign, task.points * share, task.points * share * part, part)


def _figure(points: float) -> str:
    """Points to two decimals.

    >>> _figure(11.25), _figure(3.0), _figure(1 / 3)
    ('11.25', '3', '0.33')
    """
    return f"{round(points, 2):g}"


def _so_far(row: Row) -> str:
    if row.task.by_hand:
        return {None: "by hand", True: "written", False: "not written"}[row.written]
    return f"{_figure(row.so_far)} of {_figure(row.public)}" if row.task.points else "-"


def _in_all(row: Row) -> str:
    return f"{row.task.points:g}" if row.task.points else "-"
