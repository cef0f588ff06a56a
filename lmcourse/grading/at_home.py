"""A student's notebook checked on the student's own machine: for `lmcourse check` and `submit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmcourse.grading.course import exercise_of
from lmcourse.grading.graft import Repaired
from lmcourse.grading.notebooks import Release, grade_id, role
from lmcourse.grading.runner import Run, run

SECONDS = 120.0  # of computing, for the cells of a notebook


def checked(
    release: Release,
    repaired: Repaired,
    folder: Path,
    exercises: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Run:
    """Run a repaired notebook's cells in a fresh process, and the public checks where it has their tests.

    Args:
        release: whose notebook it is.
        repaired: the notebook.
        folder: to run in, where the student's own files lie.
        exercises: whose checks; all if empty.
        seconds: of computing allowed for the cells.

    Raises GradingError if the process does not live to tell.
    """
    cells = [cell for cell in repaired.notebook.cells if cell.cell_type == "code"]
    steps = [
        ("check", exercise_of(grade_id(cell))) if role(cell) == "test" else ("run", cell.source)
        for cell in cells
    ]
    return run(steps, release.assignment, list(exercises), folder, seconds)


def answers_in(repaired: Repaired) -> set[str]:
    """Grading ids of the cells that the student has filled in."""
    return {grade_id(c) for c in repaired.notebook.cells if c.source.strip()} & set(repaired.answered)
