"""Grades go into nbgrader's own gradebook, a batch of students in one transaction.

The gradebook's database is the only record of what has been graded: each result is stored in it beside
nbgrader's grades, both or neither, so that a run which was killed is taken up where it stopped. nbgrader's
formgrader, feedback and export find what its own autograder would have left. SQLite and PostgreSQL.

What lateness costs is the business of `late`. Left out: nbgrader's task cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from nbgrader.api import SubmittedAssignment
from nbgrader.utils import parse_utc
from sqlalchemy.orm import Session, undefer

from lmcourse.grading.adopt import (
    adopt,
    cells_of,
    expected,
    made_by_nbgrader,
    recorded,
    require_same_cells,
)
from lmcourse.grading.course import GradingError, cell_of, exercise_of
from lmcourse.grading.database import (
    ASSIGNMENT,
    CELL,
    GRADE,
    GRADED,
    HANDED_IN,
    RESULT,
    RUN,
    THEIRS,
    Database,
    upsert,
)
from lmcourse.grading.deadline import Deadline
from lmcourse.grading.exam import Exam
from lmcourse.grading.late import completed, penalise
from lmcourse.grading.result import Late, Mark, Plan, Result
from lmcourse.grading.roster import Roster, Student

SCORES = ("score", "max_score", "needs_manual_grade", "late_submission_penalty")


class GradebookWriter:
    """The one writer of grades. It holds no connection between calls, so there is nothing to close.

    Args:
        url: `sqlite:////path/to/gradebook.db` or `postgresql://user:password@host/database`; made a gradebook
            if it is empty.

    Every method raises GradingError, naming the database without its password, if that cannot be reached, is
    no gradebook, is locked or full; the call has then changed nothing.
    """

    def __init__(self, url: str | Path):
        self._database = Database(url)
        self.name = self._database.name

    def prepare(self, exam: Exam, record: bool = True) -> None:
        """Make sure that the gradebook has the assignment as nbgrader's `generate_assignment` records it.

        Takes seconds if it must be made, nothing if it is there. Raises GradingError if nbgrader cannot make
        it, if the release is not made from `solutions/`, or if cells came or went after work was handed in.
        """
        needed = expected(exam)
        with self._database.transaction() as db:
            if recorded(db, exam.assignment) == needed:
                return
            require_same_cells(db, exam.assignment, needed)
        if not record:
            return
        with made_by_nbgrader(exam.assignment) as made, self._database.transaction() as db:
            if recorded(made, exam.assignment) != needed:
                raise GradingError(
                    f"the released notebook of {exam.assignment} is not made from the one in solutions/: "
                    "run `make release`"
                )
            adopt(db, made, exam.assignment)

    def write(self, results: Sequence[Result]) -> None:
        """Record results in one transaction: all of them with their grades and comments, or nothing.

        What is there already is replaced, but for what people gave: manual scores and comments, extra credit.
        Raises GradingError if a result does not fit the assignment's cells and points (see `prepare`).
        """
        latest = {(result.assignment, result.student): result for result in results}
        with self._database.transaction() as db:
            for assignment in sorted({name for name, _ in latest}):
                _write(db, assignment, [latest[key] for key in sorted(latest) if key[0] == assignment])

    def results(self, assignment: str) -> dict[str, Result]:
        """Student -> result, of all that were recorded."""
        joined = HANDED_IN.join(ASSIGNMENT).join(RESULT, RESULT.c.submission_id == HANDED_IN.c.id)
        query = sa.select(HANDED_IN.c.student_id, RESULT.c.result).select_from(joined)
        with self._database.transaction() as db:
            rows = db.execute(query.where(ASSIGNMENT.c.name == assignment).order_by("student_id")).all()
        return {student: Result.from_json(text) for student, text in rows}

    def scores(self, assignment: str) -> list[dict[str, Any]]:
        """What nbgrader counts for each student, manual scores included: `student`, `score`, `max_score`,
        `needs_manual_grade`, and `late_submission_penalty`, which is to be taken off the score.
        """
        with self._database.transaction() as db, Session(bind=db) as session:
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
        with self._database.transaction() as db:
            rows = db.execute(scores.select_from(graded.join(ASSIGNMENT)).where(ours)).all()
            joined = remark.join(notebook).join(HANDED_IN).join(ASSIGNMENT)
            said = db.execute(remarks.select_from(joined).where(ours)).all()
        comments = {(row.student_id, row.name): row.manual_comment or "" for row in said}
        marks: dict[str, dict[str, Mark]] = {}
        for row in rows:
            name = exercise_of(row.name)
            score = row.auto_score if row.manual_score is None else row.manual_score
            marks.setdefault(row.student_id, {})[name] = Mark(
                (score or 0.0) + (row.extra_credit or 0.0),
                row.max_score,
                row.manual_score is not None or bool(row.extra_credit),
                row.needs_manual_grade,
                comments.pop((row.student_id, name), ""),
            )
        for (student, name), comment in comments.items():  # on what earns no points
            if comment and student in marks:
                marks[student][name] = Mark(0.0, 0.0, comment=comment)
        return marks

    def rename(self, assignment: str, names: Mapping[str, str]) -> None:
        """Let what is recorded of an assignment, people's marks included, be others': old name -> new name.

        Nothing of those who have something recorded under the new name. Whoever has then nothing left is
        forgotten.
        """
        with self._database.transaction() as db:
            upsert(db, THEIRS["student"], [{"id": new} for new in names.values()])
            of = sa.select(ASSIGNMENT.c.id).where(ASSIGNMENT.c.name == assignment).scalar_subquery()
            theirs = sa.select(HANDED_IN.c.student_id, HANDED_IN.c.id).where(HANDED_IN.c.assignment_id == of)
            places = dict(db.execute(theirs).all())
            for old, new in names.items():
                if old not in places or new in places:
                    continue
                mine = HANDED_IN.c.id == places[old]
                db.execute(sa.update(HANDED_IN).where(mine).values(student_id=new))
                ours = RESULT.c.submission_id == places[old]
                text = db.scalar(sa.select(RESULT.c.result).where(ours))
                text = text and replace(Result.from_json(text), student=new).as_json()
                db.execute(sa.update(RESULT).where(ours).values(result=text))
            students = THEIRS["student"]
            left = students.c.id.in_([*names]) & students.c.id.not_in(sa.select(HANDED_IN.c.student_id))
            db.execute(sa.delete(students).where(left))

    def penalise(self, assignment: str, deadline: Deadline) -> dict[str, Late]:
        """Record when an assignment is due, and what lateness costs by today's scores; who is late."""
        with self._database.transaction() as db:
            return penalise(db, assignment, deadline)

    def people(self, assignment: str) -> Roster:
        """Who has handed in, by the names that the gradebook has: a roster's, where one was given."""
        student = THEIRS["student"]
        joined = student.join(HANDED_IN, HANDED_IN.c.student_id == student.c.id).join(ASSIGNMENT)
        query = sa.select(student).select_from(joined).where(ASSIGNMENT.c.name == assignment)
        with self._database.transaction() as db:
            rows = db.execute(query).all()
        people = {}
        for row in rows:
            name = ", ".join(filter(None, (row.last_name, row.first_name)))
            said = {"first_name": row.first_name or "", "last_name": row.last_name or ""}
            people[row.id] = Student(row.id, name, row.email or "", row.lms_user_id or "", **said)
        return Roster(people)

    def deadline(self, assignment: str, configured: Deadline) -> Deadline:
        """The deadline that is configured, or else the one that is recorded, as formgrader may set it."""
        with self._database.transaction() as db:
            return completed(db, assignment, configured)

    def introduce(self, students: Iterable[Student]) -> None:
        """Record the names of students, as formgrader shows them; of those who are new, the students too."""
        rows = []
        for one in students:
            last, comma, first = one.name.partition(", ")  # as Canvas has it
            first, last = (first, last) if comma else one.name.rpartition(" ")[::2]
            names = {"first_name": one.first_name or first, "last_name": one.last_name or last}
            rows.append({"id": one.id, **names, "email": one.email, "lms_user_id": one.lms_id})
        columns = ["first_name", "last_name", "email", "lms_user_id"]
        if rows:
            rows = [{name: value or None for name, value in row.items()} for row in rows]
            with self._database.transaction() as db:
                upsert(db, THEIRS["student"], rows, columns)

    def set_times(self, assignment: str, times: Mapping[str, str]) -> None:
        """Record when students handed in what they have a result for: student -> ISO text with time zone."""
        with self._database.transaction() as db:
            joined = HANDED_IN.join(ASSIGNMENT).join(RESULT, RESULT.c.submission_id == HANDED_IN.c.id)
            query = sa.select(HANDED_IN.c.student_id, RESULT).select_from(joined)
            query = query.where(ASSIGNMENT.c.name == assignment, HANDED_IN.c.student_id.in_([*times]))
            for student, submission, text in db.execute(query).all():
                time = times[student]
                mine = HANDED_IN.c.id == submission
                db.execute(sa.update(HANDED_IN).where(mine).values(timestamp=parse_utc(time)))
                text = replace(Result.from_json(text), submitted=time).as_json()
                ours = RESULT.c.submission_id == submission
                db.execute(sa.update(RESULT).where(ours).values(result=text))

    def run_in_progress(self, assignment: str) -> Plan | None:
        """The plan of a run that was begun and has not ended."""
        with self._database.transaction() as db:
            text = db.scalar(sa.select(RUN.c.plan).where(RUN.c.assignment == assignment))
        return None if text is None else Plan.from_json(text)

    def begin_run(self, assignment: str, plan: Plan) -> None:
        """Record the plan of a run, in place of that of an earlier one."""
        with self._database.transaction() as db:
            upsert(db, RUN, [{"assignment": assignment, "plan": plan.as_json()}], ["plan"])

    def end_run(self, assignment: str) -> None:
        """The run is finished."""
        with self._database.transaction() as db:
            db.execute(sa.delete(RUN).where(RUN.c.assignment == assignment))


def _write(db: sa.Connection, assignment: str, results: Sequence[Result]) -> None:
    """Everything that nbgrader's autograder writes for some students, and the results themselves."""
    cells = [cell for cell in cells_of(db, assignment) if cell.type]
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
    upsert(db, GRADE, grades, ["auto_score", "needs_manual_grade"])
    # A score that a person gave is the one that counts, and must now be looked at again.
    notebooks = [notebook for _, notebook in places.values()]
    by_a_person = GRADE.c.manual_score.is_not(None) & GRADE.c.notebook_id.in_(notebooks)
    db.execute(sa.update(GRADE).where(by_a_person).values(needs_manual_grade=True))
    upsert(db, THEIRS["comment"], comments, ["auto_comment"])
    upsert(db, RESULT, texts, ["result"])


def _hand_in(db: sa.Connection, cell: sa.Row, times: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Record who handed in and when: student -> ids of the submission and of the notebook in it."""
    upsert(db, THEIRS["student"], [{"id": student} for student in times])
    of = {"assignment_id": cell.assignment_id}
    rows = [
        {**of, "student_id": student, "timestamp": parse_utc(time) if time else None}
        for student, time in times.items()
    ]
    submissions = {row.id: row.student_id for row in upsert(db, HANDED_IN, rows, ["timestamp"])}
    of = {"notebook_id": cell.notebook_id, "late_submission_penalty": None}
    rows = [{**of, "assignment_id": submission} for submission in submissions]
    notebooks = upsert(db, THEIRS["submitted_notebook"], rows, ["late_submission_penalty"])
    return {submissions[row.assignment_id]: (row.assignment_id, row.id) for row in notebooks}


def _scores(result: Result, worth: Mapping[str, float]) -> dict[str, tuple[float | None, bool]]:
    """Grade id -> (score, whether a person must grade it). GradingError unless the points fit."""
    if result.refused:
        return dict.fromkeys(worth, (0.0, False))
    claimed = {cell_of(report.exercise): report.max_points for report in result.reports}
    claimed |= {name: answer["points"] for name, answer in result.written.items()}
    if claimed != worth:
        raise GradingError(
            f"{result.assignment} of {result.student} was graded for the points {claimed}, but the gradebook "
            f"has {worth}: the assignment has changed; grade again"
        )
    scores = {cell_of(report.exercise): (report.points, False) for report in result.reports}
    by_hand = {name: (None, True) if a["answered"] else (0.0, False) for name, a in result.written.items()}
    return scores | by_hand
