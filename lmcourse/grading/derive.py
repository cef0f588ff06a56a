"""What follows from an exercise's table: which wrong value is due to which slip, and the slips as wrong code.

Each slip is applied to the authored solution and asked the facts of the cases, until one does not hold: what
it answers there is the sign by which a student's answer is known to come from the same slip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import nbformat
import numpy as np

from lmcourse.files import course_file
from lmcourse.grading import course
from lmcourse.grading.course import REASONS_MARK, Mistake
from lmcourse.grading.exercise import Exercise, Reasons, solved


def exercises(name: str) -> list[Exercise]:
    """The exercises of an assignment that are told as tables. FileNotFoundError outside a checkout."""
    return _exercises(name, course_file(f"solutions/{name}/checks.py").read_text(encoding="utf-8"))


@cache
def _exercises(name: str, source: str) -> list[Exercise]:
    module = course.module_of(f"{name}-tables", source)
    return [value for value in vars(module).values() if isinstance(value, Exercise)]


def mistakes(name: str) -> list[Mistake]:
    """The typical mistakes of an assignment: the slips of its tables, or what its `mistakes.py` lists."""
    tables = exercises(name)
    if not tables:
        return course.load_mistakes(name)
    cells = solutions(name)
    return [
        Mistake(e.name, slip.why, slip.applied(cells[e.name]), slip.why, slip.unseen)
        for e in tables
        for slip in e.slips
    ]


def solutions(name: str) -> dict[str, str]:
    """The source of each exercise's cell in the authored notebook."""
    cells = nbformat.read(course.source_notebook(name), as_version=4).cells
    return {
        c.id: c.source
        for c in cells
        if c.cell_type == "code" and c.metadata.get("nbgrader", {}).get("solution")
    }


def reasons(name: str) -> dict[str, Reasons]:
    """The reasons of all exercises of an assignment that are told as tables."""
    source, cells = course.solution_source(name), solutions(name)
    return {table.name: reasons_of(table, source, cells[table.name]) for table in exercises(name)}


def reasons_of(exercise: Exercise, source: str, cell: str) -> Reasons:
    """Reason -> [(case, fact, kind of outcome, what), …] of an exercise; see `asking.Outcome`.

    A slip is known by the first case in which it shows, and by no later one: whoever has made it is told
    there, and whoever has passed that case has made another mistake, though the value may be the same later.

    Args:
        exercise: the table.
        source: the code of the authored notebook.
        cell: the exercise's part of it, to which slips are applied.
    """
    found: dict[str, list[tuple]] = {}
    for slip in exercise.slips:
        sign = _sign(exercise, f"{source}\n\n\n{slip.applied(cell)}")
        if sign is not None:  # else no case shows it, and students need not read of it
            found.setdefault(slip.why, []).append(sign)
    return found


def _sign(exercise: Exercise, code: str) -> tuple | None:
    """Where the cases of an exercise first tell wrong code from right code, and how it goes wrong there."""
    student = solved(code)
    for i, case in enumerate(exercise.cases):
        for j, fact in enumerate(case.facts):
            outcome = fact.outcome(student)
            if outcome:
                return (i, j, *outcome)
    return None


def reasons_source(found: Mapping[str, Reasons]) -> str:
    """The statement that gives students' checks the reasons; empty if there are none."""
    if not found:
        return ""
    lines = ["REASONS = {"]
    for exercise, by_reason in found.items():
        lines.append(f"    {exercise!r}: {{")
        for why, places in by_reason.items():
            lines += [
                f"        {why!r}: [",
                *(f"            {literal(place)}," for place in places),
                "        ],",
            ]
        lines.append("    },")
    return REASONS_MARK + "\n".join([*lines, "}"]) + "\n"


def literal(value: Any) -> str:
    """A plain value as Python source; numbers to nine figures, which are the same on every machine."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return f"{value:.9g}" if math.isfinite(value) else f'float("{value}")'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(literal, value)) + ("," if isinstance(value, tuple) and len(value) == 1 else "")
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return repr(value)
