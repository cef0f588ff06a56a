"""An assignment's cells in a gradebook: what it knows of them, what it should, and how it comes to.

What nbgrader's `generate_assignment` would record is never imitated: nbgrader records it in a scratch
gradebook, and its rows are copied from there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import sqlalchemy as sa

from lmcourse.grading.course import GradingError, source_notebook
from lmcourse.grading.database import ASSIGNMENT, CELL, GRADED, HANDED_IN, NOTEBOOK, SOURCE, THEIRS, upsert
from lmcourse.grading.exam import Exam
from lmcourse.grading.notebooks import grade_id, role
from lmcourse.grading.release import make_course

CELL_TABLES = [CELL, GRADED, THEIRS["solution_cells"], THEIRS["task_cells"], SOURCE]


def cells_of(db: sa.Connection, assignment: str) -> Sequence[sa.Row]:
    """What a gradebook knows of an assignment's cells: two rows for one with both a grade and a comment, a
    row of type None for one with neither.
    """
    query = (
        sa.select(SOURCE, NOTEBOOK.c.assignment_id, NOTEBOOK.c.name.label("notebook"))
        .add_columns(CELL.c.id.label("cell_id"), CELL.c.type, GRADED.c.max_score)
        .select_from(SOURCE.join(NOTEBOOK).join(ASSIGNMENT))
        .outerjoin(CELL, (CELL.c.notebook_id == NOTEBOOK.c.id) & (CELL.c.name == SOURCE.c.name))
        .outerjoin(GRADED, GRADED.c.id == CELL.c.id)
        .where(ASSIGNMENT.c.name == assignment)
    )
    return db.execute(query).all()


def recorded(db: sa.Connection, assignment: str) -> set[tuple]:
    """All that decides grades in what a gradebook knows of an assignment."""
    rows = cells_of(db, assignment)
    return {(c.notebook, c.name, c.type, c.max_score, c.cell_type, c.locked, c.source) for c in rows}


def expected(exam: Exam) -> set[tuple]:
    """The same of the released notebook. The hidden lines of its locked cells are in the authored one."""
    authored = nbformat.read(source_notebook(exam.assignment), as_version=4).cells
    sources = {grade_id(cell): cell.source for cell in authored}
    expected = set()
    for cell in exam.published().notebook.cells:
        if not role(cell):
            continue
        mark, name, locked = cell.metadata.nbgrader, grade_id(cell), role(cell) != "solution"
        source = sources.get(name, cell.source) if locked else cell.source
        kinds = [("GradeCell", float(mark.points))] if mark.grade else []
        kinds += [] if locked else [("SolutionCell", None)]
        for kind in kinds or [(None, None)]:
            expected.add((Path(exam.notebook).stem, name, *kind, cell.cell_type, locked, source))
    return expected


@contextmanager
def made_by_nbgrader(assignment: str) -> Iterator[sa.Connection]:
    """A scratch gradebook in which nbgrader has just recorded the assignment; it takes seconds.

    Raises GradingError, with what nbgrader said, if it cannot.
    """
    with tempfile.TemporaryDirectory() as scratch:
        make_course(Path(scratch), assignment)
        engine = sa.create_engine(f"sqlite:///{scratch}/gradebook.db", poolclass=sa.NullPool)
        with engine.connect() as made:
            yield made


def adopt(db: sa.Connection, made: sa.Connection, assignment: str) -> None:
    """Copy an assignment from a gradebook that nbgrader has just made; what is there already keeps its id.

    Like nbgrader, it refuses to add or remove cells once work has been handed in.
    """
    before, after = ({row[:3] for row in recorded(book, assignment)} for book in (db, made))
    if before != after:
        _forget(db, assignment, sorted({name for _, name, _ in before ^ after}))
    ids: dict[Any, Any] = {}  # in the gradebook just made -> in this one
    for table in (THEIRS["course"], ASSIGNMENT, NOTEBOOK, *CELL_TABLES):
        columns = [c.name for c in table.c if c.name not in ("id", "course_id", "duedate")]
        for row in made.execute(table.select()).mappings():
            row = {column: ids.get(value, value) for column, value in row.items()}
            [written] = upsert(db, table, [row], columns)
            ids[row["id"]] = written.id


def require_same_cells(db: sa.Connection, assignment: str, needed: set[tuple]) -> None:
    """GradingError if cells came or went, or became of another kind, since work on them was handed in.

    Args:
        db: a gradebook.
        assignment: its name.
        needed: see `expected`.
    """
    before, after = ({row[:3] for row in rows} for rows in (recorded(db, assignment), needed))
    if before and before != after:
        _require_nobodys(db, assignment, sorted({name for _, name, _ in before ^ after}))


def _require_nobodys(db: sa.Connection, assignment: str, changed: Sequence[str]) -> None:
    """GradingError if work on cells that have changed was handed in."""
    named = ASSIGNMENT.c.name == assignment
    if db.execute(HANDED_IN.join(ASSIGNMENT).select().where(named)).first():
        raise GradingError(
            f"cells of {assignment} were added, removed or made of another kind since students' work was "
            f"recorded: {', '.join(changed)}. Undo that, or drop the assignment with its grades: "
            f"`nbgrader db assignment remove {assignment} --force`"
        )


def _forget(db: sa.Connection, assignment: str, changed: Sequence[str]) -> None:
    """Remove the cells of an assignment, which have changed. GradingError if work on them was handed in."""
    _require_nobodys(db, assignment, changed)
    named = ASSIGNMENT.c.name == assignment
    notebooks = db.scalars(sa.select(NOTEBOOK.c.id).join(ASSIGNMENT).where(named)).all()
    cells = db.scalars(sa.select(CELL.c.id).where(CELL.c.notebook_id.in_(notebooks))).all()
    for table in reversed(CELL_TABLES):
        owned = table.c.notebook_id.in_(notebooks) if "notebook_id" in table.c else table.c.id.in_(cells)
        db.execute(sa.delete(table).where(owned))
    db.execute(sa.delete(NOTEBOOK).where(NOTEBOOK.c.id.in_(notebooks)))
