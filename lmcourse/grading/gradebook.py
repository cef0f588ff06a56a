"""Grades go into nbgrader's own gradebook, a batch of students in one transaction.

The gradebook's database is the only record of what has been graded: each result is stored in it beside
nbgrader's grades, both or neither, so that a run which was killed is taken up where it stopped. nbgrader's
formgrader, feedback and export find what its own autograder would have left. SQLite and PostgreSQL.

Left out: penalties for late work (nbgrader's default gives none) and nbgrader's task cells.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from nbgrader.api import Base, SubmittedAssignment
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.utils import parse_utc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, undefer

from lmcourse.grading.course import GradingError, source_notebook
from lmcourse.grading.exam import Exam
from lmcourse.grading.notebooks import grade_id, role
from lmcourse.grading.release import make_course
from lmcourse.grading.result import Mark, Plan, Result

SCORES = ("score", "max_score", "needs_manual_grade")
PATIENCE = 30  # seconds to wait for another program that is writing, or for a server to answer
LOCK = 0x6C6D636F75727365  # "lmcourse": the advisory lock that our writers to a PostgreSQL database take

THEIRS = Base.metadata.tables
ASSIGNMENT, NOTEBOOK, SOURCE = THEIRS["assignment"], THEIRS["notebook"], THEIRS["source_cell"]
CELL, GRADED, GRADE = THEIRS["base_cell"], THEIRS["grade_cells"], THEIRS["grade"]
HANDED_IN = THEIRS["submitted_assignment"]
CELL_TABLES = [CELL, GRADED, THEIRS["solution_cells"], THEIRS["task_cells"], SOURCE]

OURS = sa.MetaData()  # apart from nbgrader's, whose migrations do not see it
# By the id of the submission: when that is removed in nbgrader, its result is out of sight too.
RESULT = sa.Table(
    "lmcourse_result",
    OURS,
    sa.Column("submission_id", sa.String(32), primary_key=True),
    sa.Column("result", sa.Text, nullable=False),
)
RUN = sa.Table(
    "lmcourse_run",
    OURS,
    sa.Column("assignment", sa.String(128), primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
)

MENDS = {  # words of a database -> what to do
    "lock": "Another program is writing to it: wait until that is done, then run this again.",
    "full": "Free some space, then run this again.",
    "no space left": "Free some space, then run this again.",
    "unable to open": "Is there such a folder, and may you write in it?",
    "not a database": "Name nbgrader's gradebook, or a file that does not exist yet.",
    "readonly": "Make the file and its folder writable for you.",
    "permission denied": "Ask the database's owner for the right to write.",
    "does not exist": "Create it first, or correct the name.",
    "connection": "Is the server running, and are host, port, user and password right?",
}


class GradebookWriter:
    """The one writer of grades. It holds no connection between calls, so there is nothing to close.

    Args:
        url: `sqlite:////path/to/gradebook.db` or `postgresql://user:password@host/database`; made a gradebook
            if it is empty.

    Every method raises GradingError, naming the database without its password, if that cannot be reached, is
    no gradebook, is locked or full; the call has then changed nothing.
    """

    def __init__(self, url: str):
        try:
            address = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise GradingError("a gradebook's address is like sqlite:////path/to/gradebook.db") from None
        self.name = address.difference_update_query(["password"]).render_as_string(hide_password=True)
        if address.get_backend_name() not in ("sqlite", "postgresql") or not address.database:
            raise GradingError(f"{self.name}: a gradebook is an SQLite file or a PostgreSQL database")
        self._engine = _engine(address)
        with self._transaction() as db:
            _ensure_gradebook(db, self.name)

    def prepare(self, exam: Exam) -> None:
        """Make sure that the gradebook has the assignment as nbgrader's `generate_assignment` records it.

        Takes seconds if it must be made, nothing if it is there. Raises GradingError if nbgrader cannot make
        it, if the release is not made from `solutions/`, or if cells came or went after work was handed in.
        """
        wanted = _wanted(exam)
        with self._transaction() as db:
            if _recorded(db, exam.assignment) == wanted:
                return
        with tempfile.TemporaryDirectory() as scratch:
            make_course(Path(scratch), exam.assignment)
            engine = sa.create_engine(f"sqlite:///{scratch}/gradebook.db", poolclass=sa.NullPool)
            with engine.connect() as made, self._transaction() as db:
                if _recorded(made, exam.assignment) != wanted:
                    raise GradingError(
                        f"the released notebook of {exam.assignment} is not made from the one in solutions/: "
                        "run `make release`"
                    )
                _adopt(db, made, exam.assignment)

    def write(self, results: Sequence[Result]) -> None:
        """Record results in one transaction: all of them with their grades and comments, or nothing.

        What is there already is replaced, but for what people gave: manual scores and comments, extra credit.
        Raises GradingError if a result does not fit the assignment's cells and points (see `prepare`).
        """
        latest = {(result.assignment, result.student): result for result in results}
        with self._transaction() as db:
            for assignment in sorted({name for name, _ in latest}):
                _write(db, assignment, [latest[key] for key in sorted(latest) if key[0] == assignment])

    def results(self, assignment: str) -> dict[str, Result]:
        """Student -> result, of all that were recorded."""
        joined = HANDED_IN.join(ASSIGNMENT).join(RESULT, RESULT.c.submission_id == HANDED_IN.c.id)
        query = sa.select(HANDED_IN.c.student_id, RESULT.c.result).select_from(joined)
        with self._transaction() as db:
            rows = db.execute(query.where(ASSIGNMENT.c.name == assignment).order_by("student_id")).all()
        return {student: Result.from_json(text) for student, text in rows}

    def scores(self, assignment: str) -> list[dict[str, Any]]:
        """What nbgrader counts for each student, manual scores included: `student`, `score`, `max_score` and
        `needs_manual_grade`.
        """
        with self._transaction() as db, Session(bind=db) as session:
            counted = [undefer(getattr(SubmittedAssignment, name)) for name in SCORES]
            handed_in = session.query(SubmittedAssignment).options(*counted)
            handed_in = handed_in.join(SubmittedAssignment.assignment).filter_by(name=assignment)
            return [
                {"student": one.student_id} | {name: getattr(one, name) for name in SCORES}
                for one in handed_in.order_by(SubmittedAssignment.student_id)
            ]

    def marks(self, assignment: str) -> dict[str, dict[str, Mark]]:
        """Student -> grade id of an exercise's answer -> what counts for it, of all who handed in."""
        answered = GRADED.join(CELL, CELL.c.id == GRADED.c.id)
        notebook = THEIRS["submitted_notebook"]
        graded = GRADE.join(answered, CELL.c.id == GRADE.c.cell_id).join(notebook).join(HANDED_IN)
        scores = sa.select(HANDED_IN.c.student_id, CELL.c.name, GRADED.c.max_score, GRADE)
        remark = THEIRS["comment"].join(CELL, CELL.c.id == THEIRS["comment"].c.cell_id)
        remarks = sa.select(HANDED_IN.c.student_id, CELL.c.name, THEIRS["comment"].c.manual_comment)
        ours = ASSIGNMENT.c.name == assignment
        with self._transaction() as db:
            rows = db.execute(scores.select_from(graded.join(ASSIGNMENT)).where(ours)).all()
            joined = remark.join(notebook).join(HANDED_IN).join(ASSIGNMENT)
            said = db.execute(remarks.select_from(joined).where(ours)).all()
        comments = {(row.student_id, row.name): row.manual_comment or "" for row in said}
        marks: dict[str, dict[str, Mark]] = {}
        for row in rows:
            name = row.name.removeprefix("test_")
            score = row.auto_score if row.manual_score is None else row.manual_score
            marks.setdefault(row.student_id, {})[name] = Mark(
                (score or 0.0) + (row.extra_credit or 0.0),
                row.max_score,
                row.manual_score is not None or bool(row.extra_credit),
                row.needs_manual_grade,
                comments.get((row.student_id, name), ""),
            )
        return marks

    def run_in_progress(self, assignment: str) -> Plan | None:
        """The plan of a run that was begun and has not ended."""
        with self._transaction() as db:
            text = db.scalar(sa.select(RUN.c.plan).where(RUN.c.assignment == assignment))
        return None if text is None else Plan.from_json(text)

    def begin_run(self, assignment: str, plan: Plan) -> None:
        """Record the plan of a run, in place of that of an earlier one."""
        with self._transaction() as db:
            _upsert(db, RUN, [{"assignment": assignment, "plan": plan.as_json()}], ["plan"])

    def end_run(self, assignment: str) -> None:
        """The run is finished."""
        with self._transaction() as db:
            db.execute(sa.delete(RUN).where(RUN.c.assignment == assignment))

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """A transaction beside which no other of our writers runs; rolled back if anything goes wrong."""
        try:
            with self._engine.begin() as db:
                yield db
        except sa.exc.SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip()
            mend = next((f"{mend}\n" for words, mend in MENDS.items() if words in said.lower()), "")
            raise GradingError(
                f"{self.name}: {said}\n{mend}What was recorded before is kept; nothing was half recorded."
            ) from error


def _engine(address: sa.URL) -> sa.Engine:
    """Connections whose transactions wait for each other at their start, where waiting cannot deadlock."""
    if address.get_backend_name() == "sqlite":
        options = {"timeout": PATIENCE, "isolation_level": None}  # we say BEGIN, not Python's sqlite3
        begin = ["BEGIN IMMEDIATE"]
    else:
        address = address.set(drivername="postgresql+psycopg")
        options = {"connect_timeout": PATIENCE}
        begin = [f"SET LOCAL lock_timeout = '{PATIENCE}s'", f"SELECT pg_advisory_xact_lock({LOCK})"]
    engine = sa.create_engine(address, poolclass=sa.NullPool, connect_args=options)

    @sa.event.listens_for(engine, "begin")
    def wait_for_the_others(db: sa.Connection) -> None:
        for statement in begin:
            db.exec_driver_sql(statement)

    return engine


def _ensure_gradebook(db: sa.Connection, name: str) -> None:
    """nbgrader's tables in its current version, made if the database is empty, and ours."""
    tables = sa.inspect(db).get_table_names()
    current = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    version = sa.Table(
        "alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False)
    )
    if not tables:
        Base.metadata.create_all(db)
        version.create(db)
        db.execute(sa.insert(version), {"version_num": current})
    elif not {"alembic_version", "submitted_assignment"} <= set(tables):
        raise GradingError(f"{name} is a database, but no gradebook: name another, or an empty one")
    elif db.scalar(sa.select(version.c.version_num)) != current:
        raise GradingError(f"{name} is of another version of nbgrader: run `nbgrader db upgrade` on it")
    OURS.create_all(db)


def _upsert(
    db: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], update: Sequence[str] = ()
) -> Sequence[sa.Row]:
    """Insert rows, or where there is one with the key that the schema names, update some of its columns;
    the columns of the primary and of that other key, of each row that was written.
    """
    unique = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    key = list((unique[0] if unique else table.primary_key).columns)
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.dialect.name](table)
    changes = {name: insert.excluded[name] for name in update or [column.name for column in key]}
    names = dict.fromkeys([*table.primary_key.columns, *key])
    statement = insert.on_conflict_do_update(index_elements=key, set_=changes).returning(*names)
    return db.execute(statement, rows).all()


def _write(db: sa.Connection, assignment: str, results: Sequence[Result]) -> None:
    """Everything that nbgrader's autograder writes for some students, and the results themselves."""
    cells = [cell for cell in _cells(db, assignment) if cell.type]
    if not cells:
        raise GradingError(f"{assignment} is not in the gradebook: prepare it first")
    worth = {cell.name: cell.max_score for cell in cells if cell.type == "GradeCell"}
    places = _hand_in(db, cells[0], {result.student: result.submitted for result in results})
    grades, comments, texts = [], [], []
    for result in results:
        submission, notebook = places[result.student]
        texts.append({"submission_id": submission, "result": result.as_json()})
        scores = _scores(result, worth)
        for cell in cells:
            row = {"notebook_id": notebook, "cell_id": cell.cell_id}
            if cell.type == "GradeCell":
                score, by_hand = scores[cell.name]
                grades.append({**row, "auto_score": score, "needs_manual_grade": by_hand})
            else:
                empty = not result.refused and result.answers.get(cell.name, cell.source) == cell.source
                comments.append({**row, "auto_comment": "No response." if empty else None})
    _upsert(db, GRADE, grades, ["auto_score", "needs_manual_grade"])
    # A score that a person gave is the one that counts, and must now be looked at again.
    notebooks = [notebook for _, notebook in places.values()]
    by_a_person = GRADE.c.manual_score.is_not(None) & GRADE.c.notebook_id.in_(notebooks)
    db.execute(sa.update(GRADE).where(by_a_person).values(needs_manual_grade=True))
    _upsert(db, THEIRS["comment"], comments, ["auto_comment"])
    _upsert(db, RESULT, texts, ["result"])


def _hand_in(db: sa.Connection, cell: sa.Row, times: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Record who handed in and when: student -> ids of the submission and of the notebook in it."""
    _upsert(db, THEIRS["student"], [{"id": student} for student in times])
    of = {"assignment_id": cell.assignment_id}
    rows = [
        {**of, "student_id": student, "timestamp": parse_utc(time) if time else None}
        for student, time in times.items()
    ]
    submissions = {row.id: row.student_id for row in _upsert(db, HANDED_IN, rows, ["timestamp"])}
    of = {"notebook_id": cell.notebook_id, "late_submission_penalty": None}
    rows = [{**of, "assignment_id": submission} for submission in submissions]
    notebooks = _upsert(db, THEIRS["submitted_notebook"], rows, ["late_submission_penalty"])
    return {submissions[row.assignment_id]: (row.assignment_id, row.id) for row in notebooks}


def _scores(result: Result, worth: Mapping[str, float]) -> dict[str, tuple[float | None, bool]]:
    """Grade id -> (score, whether a person must grade it). GradingError unless the points fit."""
    if result.refused:
        return dict.fromkeys(worth, (0.0, False))
    claimed = {f"test_{report.exercise}": report.max_points for report in result.reports}
    claimed |= {name: answer["points"] for name, answer in result.written.items()}
    if claimed != worth:
        raise GradingError(
            f"{result.assignment} of {result.student} was graded for the points {claimed}, but the gradebook "
            f"has {worth}: the assignment has changed; grade again"
        )
    scores = {f"test_{report.exercise}": (report.points, False) for report in result.reports}
    by_hand = {name: (None, True) if a["answered"] else (0.0, False) for name, a in result.written.items()}
    return scores | by_hand


def _cells(db: sa.Connection, assignment: str) -> Sequence[sa.Row]:
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


def _recorded(db: sa.Connection, assignment: str) -> set[tuple]:
    """All that decides grades in what a gradebook knows of an assignment."""
    rows = _cells(db, assignment)
    return {(c.notebook, c.name, c.type, c.max_score, c.cell_type, c.locked, c.source) for c in rows}


def _wanted(exam: Exam) -> set[tuple]:
    """The same of the released notebook. The hidden lines of its locked cells are in the authored one."""
    authored = nbformat.read(source_notebook(exam.assignment), as_version=4).cells
    sources = {grade_id(cell): cell.source for cell in authored}
    wanted = set()
    for cell in exam.published().notebook.cells:
        if not role(cell):
            continue
        mark, name, locked = cell.metadata.nbgrader, grade_id(cell), role(cell) != "solution"
        source = sources.get(name, cell.source) if locked else cell.source
        kinds = [("GradeCell", float(mark.points))] if mark.grade else []
        kinds += [] if locked else [("SolutionCell", None)]
        for kind in kinds or [(None, None)]:
            wanted.add((Path(exam.notebook).stem, name, *kind, cell.cell_type, locked, source))
    return wanted


def _adopt(db: sa.Connection, made: sa.Connection, assignment: str) -> None:
    """Copy an assignment from a gradebook that nbgrader has just made; what is there already keeps its id.

    Like nbgrader, it refuses to add or remove cells once work has been handed in.
    """
    before, after = ({(c.notebook, c.name, c.type) for c in _cells(book, assignment)} for book in (db, made))
    if before != after:
        _forget(db, assignment, sorted({name for _, name, _ in before ^ after}))
    ids: dict[Any, Any] = {}  # in the gradebook just made -> in this one
    for table in (THEIRS["course"], ASSIGNMENT, NOTEBOOK, *CELL_TABLES):
        columns = [c.name for c in table.c if c.name not in ("id", "course_id", "duedate")]
        for row in made.execute(table.select()).mappings():
            row = {column: ids.get(value, value) for column, value in row.items()}
            [written] = _upsert(db, table, [row], columns)
            ids[row["id"]] = written.id


def _forget(db: sa.Connection, assignment: str, changed: Sequence[str]) -> None:
    """Remove the cells of an assignment, which have changed. GradingError if work on them was handed in."""
    named = ASSIGNMENT.c.name == assignment
    if db.execute(HANDED_IN.join(ASSIGNMENT).select().where(named)).first():
        raise GradingError(
            f"cells of {assignment} were added, removed or made of another kind since students' work was "
            f"recorded: {', '.join(changed)}. Undo that, or drop the assignment with its grades: "
            f"`nbgrader db assignment remove {assignment} --force`"
        )
    notebooks = db.scalars(sa.select(NOTEBOOK.c.id).join(ASSIGNMENT).where(named)).all()
    cells = db.scalars(sa.select(CELL.c.id).where(CELL.c.notebook_id.in_(notebooks))).all()
    for table in reversed(CELL_TABLES):
        owned = table.c.notebook_id.in_(notebooks) if "notebook_id" in table.c else table.c.id.in_(cells)
        db.execute(sa.delete(table).where(owned))
    db.execute(sa.delete(NOTEBOOK).where(NOTEBOOK.c.id.in_(notebooks)))
