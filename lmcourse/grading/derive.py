"""What follows from an exercise's table: which wrong value is due to which slip, the slips as wrong code, and
what is wrong with the table itself.

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
from lmcourse.grading.asking import Fact, Raises
from lmcourse.grading.compare import short
from lmcourse.grading.course import REASONS_MARK, Mistake
from lmcourse.grading.exercise import Exercise, Reasons, Slip, solved
from lmcourse.grading.student import Student


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
        Mistake(e.name, slip.why, slip.applied(cells[e.name]), "" if slip.untold else slip.why, slip.unseen)
        for e in tables
        for slip in e.slips
    ]


def solutions(name: str) -> dict[str, str]:
    """The source of each exercise's cell in the authored notebook."""
    return solutions_in(nbformat.read(course.source_notebook(name), as_version=4))


def solutions_in(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The same of an authored notebook that has been read."""
    return {
        c.id: c.source
        for c in notebook.cells
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
    for slip in (slip for slip in exercise.slips if not slip.untold):
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


def faults(exercise: Exercise, source: str, cell: str) -> list[str]:
    """What is wrong with an exercise's table, a line each: a right value that the authored solution does not
    give; a slip that cannot be made, that no case shows though it is not marked `unseen`, or the other way
    round.

    Args: as of `reasons_of`.
    """
    named = f"exercise {exercise.name!r}"
    try:
        student = solved(source)
    except Exception as error:  # whatever an author's code may raise
        return [f"{named}: the authored notebook's code does not run: {_kind(error)}"]
    wrong = [
        f"{named}, case {i} ({case.title!r}): {fault}"
        for i, case in enumerate(exercise.cases, 1)
        for fact in case.facts
        if (fault := _not_given(fact, student))
    ]
    # by a wrong case nothing can be known of slips
    return wrong or [
        f"{named}, slip {slip.why!r} ({short(slip.change)}): {fault}"
        for slip in exercise.slips
        if (fault := _not_shown(exercise, slip, source, cell))
    ]


def _not_given(fact: Fact, student: Student) -> str:
    """How the authored solution's answer differs from the one written by hand; empty if it does not."""
    outcome = fact.outcome(student)
    if outcome is None:
        return ""
    kind, got = outcome
    right = f"raise {fact.right.kind}" if isinstance(fact.right, Raises) else f"give {short(fact.right)}"
    if kind == "gives":
        done = f"gives {short(got)}"
        if done.removeprefix("gives ") == right.removeprefix("give "):  # they differ further behind
            right, done = f"give {fact.right!r}", f"gives {got!r}"
    else:
        done = f"raises {got}" if kind == "raises" else f"fails: {got}"
    question = fact.what or f"`{fact.asked}`"
    return f"{question} is to {right}, but the authored solution {done}; mend the one or the other"


def _not_shown(exercise: Exercise, slip: Slip, source: str, cell: str) -> str:
    """What is wrong with a slip; empty if nothing is."""
    try:
        sign = _sign(exercise, f"{source}\n\n\n{slip.applied(cell)}")
    except Exception as error:
        return f"it cannot be made: {_kind(error)}"
    if sign is None and not slip.unseen:
        return "no case shows it; write one that does, or, if only the grade can show it, mark it unseen=True"
    if sign is not None and slip.unseen:
        return f"it is marked unseen=True, but case {sign[0] + 1} shows it; take the mark away"
    return ""


def _kind(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


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
