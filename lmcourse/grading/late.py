"""Late work: when an assignment is due, for whom later, and what lateness costs.

All of it stands in the course's `nbgrader_config.py`, and is applied by nbgrader's own autograder as by
`lmcourse grade`, `feedback` and `export`: the policy is a plugin of nbgrader's.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import sqlalchemy as sa
from nbgrader.api import SubmittedAssignment
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.orm import Session
from traitlets import Dict, Float
from traitlets.config import Config, PyFileConfigLoader

from lmcourse.grading.course import GradingError, assignments
from lmcourse.grading.database import ASSIGNMENT, HANDED_IN, THEIRS, upsert
from lmcourse.grading.deadline import CONFIG, Deadline, utc
from lmcourse.grading.naming import moment
from lmcourse.grading.result import Late

ZONES = timezone.utc, timezone(timedelta(hours=5))  # any two
DAY = 86_400  # seconds


def penalty(score: float, seconds_late: float, per_day: float, grace: float, cut_off: float) -> float:
    """The points that lateness costs.

    Args:
        score: reached.
        seconds_late: behind the time that it was due, an extension included.
        per_day: share of the score, 0 to 1, for each day that has begun; never more than the score.
        grace: minutes that cost nothing. Who needs more has had none: days are counted from the due time.
        cut_off: days after which nothing counts.
    """
    if seconds_late <= 60 * grace:
        return 0.0
    if seconds_late > DAY * cut_off:
        return score
    return min(score, score * per_day * math.ceil(seconds_late / DAY))


class LatePolicy(LateSubmissionPlugin):
    """The course's policy, as a plugin of nbgrader's."""

    due = Dict(help="Assignment -> when it is due: 2026-11-30 23:59 Europe/Berlin; or None.").tag(config=True)
    extensions = Dict(help="Assignment -> {student: when it is due for this one}.").tag(config=True)
    per_day = Float(0.0, help="Share of the score that each day begun costs, 0 to 1.").tag(config=True)
    grace_minutes = Float(0.0, help="Lateness that costs nothing.").tag(config=True)
    cut_off_days = Float(math.inf, help="Days late after which nothing counts.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        """Points to take off."""
        if self.penalty_method != "none":
            return super().late_submission_penalty(student_id, score, total_seconds_late)
        return penalty(score, total_seconds_late, self.per_day, self.grace_minutes, self.cut_off_days)


def deadline_of(course: Path, assignment: str) -> Deadline:
    """As the course's `nbgrader_config.py` says it. GradingError if a time is none, or names no zone."""
    config = _config(course)
    plugin = AssignLatePenalties(config=config).plugin_class(config=config)
    policy = LatePolicy(config=config)
    due = policy.due.get(assignment)
    later = policy.extensions.get(assignment, {})
    if later and not due:
        raise GradingError(f"{CONFIG}: {assignment} has extensions, but no time in LatePolicy.due")
    times = {student: _time(text, f"extensions, {student}") for student, text in later.items()}
    time = _time(due, f"due, {assignment}") if due else None
    whence = CONFIG if assignment in policy.due else ""
    return Deadline(plugin, time, times, policy.grace_minutes, whence, _doubts(policy))


def _doubts(policy: LatePolicy) -> tuple[str, ...]:
    """What is said of assignments that there are not."""
    there = assignments()
    lines = []
    for what, said in (("due", policy.due), ("extensions", policy.extensions)):
        for name in sorted({*said} - {*there}):
            likely = "".join(f"; did you mean {x}?" for x in difflib.get_close_matches(name, there, 1))
            lines.append(f"{CONFIG}: LatePolicy.{what} names {name}, which is no assignment here{likely}")
    return tuple(lines)


def _config(course: Path) -> Config:
    if not (course / CONFIG).is_file():
        return Config()
    try:
        return PyFileConfigLoader(CONFIG, path=str(course)).load_config()
    except Exception as error:  # whatever an instructor's code raises
        raise GradingError(f"{course / CONFIG}: {type(error).__name__}: {error}") from error


def _time(text: str, where: str) -> datetime:
    """A time with its zone, as nbgrader keeps it: in UTC, without saying so."""
    here, there = (moment(str(text), zone) for zone in ZONES)
    if not here or here != there:  # it names no zone, and would mean another time elsewhere
        raise GradingError(
            f"{CONFIG}: LatePolicy.{where}: {text!r} should be a time with its zone, as 2026-11-30 23:59 "
            "Europe/Berlin or 2026-11-30 23:59 +01:00"
        )
    return utc(here)


def record_deadline(db: sa.Connection, assignment: str, deadline: Deadline) -> None:
    """Write due time and extensions into the gradebook, where nbgrader's programs look for them."""
    if deadline.whence != CONFIG:
        return
    named = ASSIGNMENT.c.name == assignment
    db.execute(sa.update(ASSIGNMENT).where(named).values(duedate=deadline.due))
    of = sa.select(ASSIGNMENT.c.id).where(named).scalar_subquery()
    mine = HANDED_IN.c.assignment_id == of
    db.execute(sa.update(HANDED_IN).where(mine).values(extension=None))
    for student, later in deadline.extensions.items():
        one = mine & (HANDED_IN.c.student_id == student)
        db.execute(sa.update(HANDED_IN).where(one).values(extension=later - deadline.due))


def completed(db: sa.Connection, assignment: str, deadline: Deadline) -> Deadline:
    """The deadline, or where the configuration has none, that of the gradebook, as formgrader may set it."""
    named = ASSIGNMENT.c.name == assignment
    due = None if deadline.whence else db.scalar(sa.select(ASSIGNMENT.c.duedate).where(named))
    if due is None:
        return deadline
    theirs = sa.select(HANDED_IN.c.student_id, HANDED_IN.c.extension).select_from(HANDED_IN.join(ASSIGNMENT))
    rows = db.execute(theirs.where(named, HANDED_IN.c.extension.is_not(None))).all()
    later = {student: due + extension for student, extension in rows}
    return replace(deadline, due=due, extensions=later, whence="the gradebook")


def penalise(db: sa.Connection, assignment: str, deadline: Deadline) -> dict[str, Late]:
    """Have the plugin say what lateness costs everybody, and record it as nbgrader's autograder does.

    The score that it is told is the one of now, manual scores included. Returns who is late.
    """
    record_deadline(db, assignment, deadline)
    late, rows = {}, []
    with Session(bind=db) as session:
        submissions = session.query(SubmittedAssignment).join(SubmittedAssignment.assignment)
        for one in submissions.filter_by(name=assignment):
            seconds, taken = one.total_seconds_late, 0.0
            for notebook in one.notebooks:
                points = None
                if seconds > 0:
                    points = deadline.plugin.late_submission_penalty(one.student_id, notebook.score, seconds)
                    points = None if points is None else min(max(points, 0.0), notebook.score)
                taken += points or 0.0
                keys = {"notebook_id": notebook.notebook_id, "assignment_id": one.id}
                rows.append({**keys, "id": notebook.id, "late_submission_penalty": points})
            if seconds > 0:
                late[one.student_id] = Late(seconds, taken)
    if rows:
        upsert(db, THEIRS["submitted_notebook"], rows, ["late_submission_penalty"])
    return late
