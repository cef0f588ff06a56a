"""Deadlines: who is late and what it costs, as nbgrader's own programs have it."""

import csv
import math
import shutil
import zoneinfo
from datetime import datetime, timezone

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.plugins import CsvExportPlugin
from nbgrader.preprocessors import AssignLatePenalties
from test_gradebook import by_hand, work

from lmcourse.grading import late
from lmcourse.grading.course import GradingError
from lmcourse.grading.deadline import IN_TIME, LATE, TOO_LATE
from lmcourse.grading.demo import ASSIGNMENT
from lmcourse.grading.feedback import page
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.late import DAY, deadline_of, penalty
from lmcourse.grading.result import Late

POLICY = f"""
c = get_config()
c.AssignLatePenalties.plugin_class = "lmcourse.grading.late.LatePolicy"
c.LatePolicy.due = {{"{ASSIGNMENT}": "2026-11-30 23:59 Europe/Berlin"}}
c.LatePolicy.extensions = {{"{ASSIGNMENT}": {{"ext": "2026-12-02 23:59 Europe/Berlin"}}}}
c.LatePolicy.per_day, c.LatePolicy.grace_minutes, c.LatePolicy.cut_off_days = 0.1, 15, 3
"""
# Berlin is an hour before Greenwich in November: due at 22:59 UTC.
TIMES = {
    "early": "2026-11-30T22:58:59+00:00",
    "grace": "2026-11-30T23:14:00+00:00",  # 15 minutes late
    "late": "2026-12-01T01:00:00+01:00",  # 61 minutes late: one day begun, 1.7 of 17 points
    "two": "2026-12-02T22:59:00+00:00",  # two days and not a second more, 3.4 points
    "never": "2026-12-03T23:00:00+00:00",  # a minute more than three days
    "ext": "2026-12-03T00:30:00+01:00",  # 31 minutes behind her own deadline
    "unknown": "",
}
TAKEN = {"early": 0, "grace": 0, "late": 1.7, "two": 3.4, "never": 17, "ext": 1.7, "unknown": 0}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, 0),
        (900, 0),  # 15 minutes of grace
        (901, 1.5),  # one day begun: a tenth of 15
        (DAY, 1.5),
        (DAY + 1, 3.0),
        (5 * DAY, 7.5),
        (5 * DAY + 1, 15),  # cut off
    ],
)
def test_what_lateness_costs(seconds, expected):
    assert penalty(15.0, seconds, per_day=0.1, grace=15, cut_off=5) == pytest.approx(expected)


def test_nobody_loses_more_than_there_is_and_without_a_policy_nothing():
    assert penalty(15.0, 3 * DAY, per_day=0.5, grace=0, cut_off=math.inf) == 15
    assert penalty(15.0, 300 * DAY, per_day=0, grace=0, cut_off=math.inf) == 0
    assert penalty(0.0, DAY, per_day=0.5, grace=0, cut_off=0.5) == 0


@pytest.fixture
def course(tmp_path, prepared):
    """A course whose class has handed in at all times, with full points from the checks."""
    shutil.copy(prepared, tmp_path / "gradebook.db")
    (tmp_path / "nbgrader_config.py").write_text(POLICY)
    url = f"sqlite:///{tmp_path}/gradebook.db"
    GradebookWriter(url).write([work(name, submitted=time) for name, time in TIMES.items()])
    return tmp_path, url


def taken(url):
    return {row["student"]: row["late_submission_penalty"] for row in GradebookWriter(url).scores(ASSIGNMENT)}


def test_the_gradebook_has_the_penalties_that_nbgraders_own_step_gives(course):
    folder, url = course
    found = GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    assert taken(url) == pytest.approx(TAKEN)
    assert {name: round(one.seconds / 60) for name, one in found.items()} == {
        "grace": 15,
        "late": 61,
        "two": 2 * 1440,
        "never": 3 * 1440 + 1,
        "ext": 31,
    }
    config = late._config(folder)
    for student in TIMES:
        known = {"notebook": "language-models", "assignment": ASSIGNMENT, "student": student, "db_url": url}
        AssignLatePenalties(config=config).preprocess(nbformat.v4.new_notebook(), {"nbgrader": known})
    assert taken(url) == pytest.approx(TAKEN)


def test_nbgraders_export_has_the_same_scores(course, tmp_path):
    folder, url = course
    GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    app = NbGrader()
    app.config.CourseDirectory.db_url = url
    with Gradebook(url) as book:
        CsvExportPlugin(parent=app, to=str(tmp_path / "nbgrader.csv")).export(book)
    with open(tmp_path / "nbgrader.csv", encoding="utf-8", newline="") as file:
        theirs = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    scores = GradebookWriter(url).scores(ASSIGNMENT)
    ours = {row["student"]: row["score"] - row["late_submission_penalty"] for row in scores}
    assert theirs == pytest.approx(ours)
    assert ours == pytest.approx({name: 17 - off for name, off in TAKEN.items()})


def test_points_that_a_person_gives_later_are_late_too(course):
    folder, url = course
    deadline = deadline_of(folder, ASSIGNMENT)
    GradebookWriter(url).penalise(ASSIGNMENT, deadline)
    by_hand(url, "late", parroting=3.0)
    GradebookWriter(url).penalise(ASSIGNMENT, deadline)
    assert taken(url)["late"] == pytest.approx(2.0)  # a tenth of 20


def test_an_extension_that_is_taken_back_is_one_no_more_and_a_due_time_of_formgraders_stays(course):
    folder, url = course
    GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    (folder / "nbgrader_config.py").write_text(POLICY.replace('"ext": "2026-12-02 23:59 Europe/Berlin"', ""))
    GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    assert taken(url)["ext"] == pytest.approx(5.1)  # two days and half an hour: three begun
    (folder / "nbgrader_config.py").write_text("")
    with Gradebook(url) as book:
        book.update_or_create_assignment(ASSIGNMENT, duedate="2027-01-01 00:00 UTC")
        book.db.commit()
    assert GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT)) == {}
    assert set(taken(url).values()) == {0}


def test_the_predefined_method_of_nbgrader_works_too(course):
    folder, url = course
    GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.LateSubmissionPlugin.penalty_method = "zero"'
    )
    GradebookWriter(url).penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    assert taken(url) == {name: 17.0 if off or name == "grace" else 0.0 for name, off in TAKEN.items()}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("c.LatePolicy.due = {'%s': '2026-11-30 23:59'}", "should be a time with its zone"),
        ("c.LatePolicy.due = {'%s': 'tomorrow'}", "should be a time with its zone"),
        ("c.LatePolicy.extensions = {'%s': {'ada': '2026-11-30 23:59 UTC'}}", "no time in LatePolicy.due"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, config, said):
    (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\n{config.replace('%s', ASSIGNMENT)}\n")
    with pytest.raises(GradingError, match=said):
        deadline_of(tmp_path, ASSIGNMENT)


def test_summer_time_is_that_of_the_day(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        f'c = get_config()\nc.LatePolicy.due = {{"{ASSIGNMENT}": "2026-07-01 12:00 America/New_York"}}\n'
    )
    due = deadline_of(tmp_path, ASSIGNMENT).due
    there = datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("America/New_York"))
    assert due.replace(tzinfo=timezone.utc) == there
    assert due.hour == 16


def test_the_page_says_how_late_and_what_is_left():
    said = page(work("ada"), {}, late=Late(DAY + 3 * 3600, 1.7))
    assert "15.3 of 17 points" in said
    assert "Handed in 1 day 3 hours late: 1.7 points off." in said
    assert str(Late(20, 1.0)) == "1 minute late: 1 point off"


@pytest.mark.parametrize(
    ("student", "stands"),
    [("early", IN_TIME), ("grace", IN_TIME), ("late", LATE), ("never", TOO_LATE), ("ext", LATE)],
)
def test_how_an_attempt_stands(tmp_path, student, stands):
    (tmp_path / "nbgrader_config.py").write_text(POLICY)
    assert deadline_of(tmp_path, ASSIGNMENT).standing(student, TIMES[student]) == stands


def test_a_time_of_the_gradebooks_is_named_and_none_takes_it_away(course):
    folder, url = course
    book = GradebookWriter(url)
    book.penalise(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    (folder / "nbgrader_config.py").write_text(
        POLICY.replace("c.LatePolicy.due", "due").replace("c.LatePolicy.extensions", "later")
    )
    deadline = book.deadline(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    assert str(deadline).startswith("due 2026-11-30 22:59 UTC, as the gradebook says; nbgrader_config.py has")
    assert deadline.standing("ext", TIMES["early"]) == IN_TIME
    assert deadline.standing("ext", "2026-12-02T22:58:00+00:00") == IN_TIME  # her extension
    assert deadline.standing("two", "2026-12-02T22:58:00+00:00") == LATE
    book.penalise(ASSIGNMENT, deadline)
    assert taken(url) == pytest.approx(TAKEN)
    (folder / "nbgrader_config.py").write_text(
        f'c = get_config()\nc.LatePolicy.due = {{"{ASSIGNMENT}": None}}\nc.LatePolicy.per_day = 0.1\n'
    )
    deadline = book.deadline(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))
    assert (str(deadline), book.penalise(ASSIGNMENT, deadline)) == ("", {})
    assert set(taken(url).values()) == {0}
    (folder / "nbgrader_config.py").unlink()
    assert str(book.deadline(ASSIGNMENT, deadline_of(folder, ASSIGNMENT))) == ""


def test_a_mistyped_assignment_is_named(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        'c = get_config()\nc.LatePolicy.due = {"01-langauge-models": "2026-07-01 12:00 UTC"}\n'
        'c.LatePolicy.extensions = {"01-language-model": {"ada": "2026-07-01 12:00 UTC"}}\n'
    )
    assert deadline_of(tmp_path, ASSIGNMENT).doubts == (
        "nbgrader_config.py: LatePolicy.due names 01-langauge-models, which is no assignment here; did you "
        f"mean {ASSIGNMENT}?",
        "nbgrader_config.py: LatePolicy.extensions names 01-language-model, which is no assignment here; did "
        f"you mean {ASSIGNMENT}?",
    )
