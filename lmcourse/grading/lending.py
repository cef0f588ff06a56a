"""When a student's process is lent what one exercise alone may use of the course's package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbformat import NotebookNode

from lmcourse.grading.course import exercise_of
from lmcourse.grading.notebooks import grade_id, role


def lent_at(
    cells: Sequence[tuple[int, NotebookNode]], imports: Mapping[str, Sequence[str]]
) -> dict[int, Sequence[str]]:
    """Before which cell something of the package is lent: the first behind the exercise before."""
    found, first = {}, -1
    for i, cell in cells:
        first = i if first < 0 else first
        if role(cell) == "test":
            if imports.get(exercise_of(grade_id(cell))):
                found[first] = imports[exercise_of(grade_id(cell))]
            first = -1
    return found
