"""How far a student has come: what public checks give is never shown as if it were all."""

import sys

import pytest

from lmcourse.grading import Assignment, course, release
from lmcourse.grading.checks import NOT_WRITTEN, Check
from lmcourse.grading.progress import Progress, public_shares, tasks
from lmcourse.grading.report import Outcome, Report

NAME = "03-ngrams"


def a_check(exercise, weight, hidden=False):
    return Check(exercise, f"{exercise}{weight}{hidden}", "title", len, hidden, "hint" * hidden, weight)


def a_report(exercise, *scores, message=""):
    return Report(exercise, [Outcome("title", score, message) for score in scores], 0)


def test_tasks_are_those_of_the_headings():
    first, *_, last, joy = tasks(NAME)
    assert (first.name, first.title, first.minutes, first.points, first.by_hand) == (
        "counting",
        "1. Everything starts with counting",
        15,
        2.0,
        False,
    )
    assert (last.name, last.points, last.by_hand) == ("numbers", 3.0, True)
    assert (joy.name, joy.points) == ("new_words", 0.0)


@pytest.mark.parametrize("name", course.assignments())
def test_every_exercise_of_every_assignment_is_in_the_table_and_all_make_up_the_whole(name):
    told = tasks(name)
    points = course.points(name)
    assert {task.name for task in told} >= {*points, *Assignment(name, {}).exercises}
    assert {task.name: task.points for task in told if task.name in points} == points
    assert all(task.minutes > 0 for task in told)
    assert any(task.by_hand for task in told)


def test_public_checks_have_their_weights_part_of_the_points():
    checks = [a_check("a", 1), a_check("a", 2), a_check("b", 1)]
    assert public_shares(checks, {"a": 12.0}) == {"a": 3 / 15, "b": 1.0}
    assert public_shares(checks, {"a": 1.0}) == pytest.approx({"a": 1 / 3, "b": 1.0})  # and a third at most
    assert public_shares([*checks, a_check("a", 9, hidden=True)], {}) == {"a": 3 / 12, "b": 1.0}


@pytest.mark.parametrize("name", course.assignments())
def test_students_checks_know_what_the_hidden_ones_weigh(name):
    """At home and in the checkout the table is the same."""
    checks = course.load_checks(name)
    public = course.module_of(
        f"{name}-public",
        course.release_notebook(name).with_name("public_checks.py").read_text(encoding="utf-8"),
    )
    assert not any(check.hidden for check in course.checks_in(public))
    assert public_shares(course.checks_in(public), public.UNSEEN_WEIGHTS) == public_shares(checks, {})
    assert repr(public.UNSEEN_WEIGHTS) in release.hidden_weights(name)


def test_all_public_checks_passed_is_not_all():
    """Of the 20 points 3 are a person's; counting's public checks have half of the weight of all."""
    reports = [a_report(task.name, 1.0, 1.0) for task in tasks(NAME) if not task.by_hand]
    shares = {report.exercise: 0.5 for report in reports}
    progress = Progress.of(NAME, reports, shares, {"numbers"})
    assert progress.summary() == (
        "8.5 of the 8.5 points that public checks give. When your work is graded, hidden checks give up to "
        "8.5 more and a person up to 3: 20 in all. "
    )
    text = progress.as_text()
    assert "✓ counting           15         1 of 1       2\n" in text
    assert "✓ numbers            30        written       3\n" in text
    assert "✓ new_words          15              -       -\n" in text
    assert "17 of 17" not in text


def test_what_is_begun_and_what_is_not():
    unwritten = a_report("likelihood", 0.0, message=NOT_WRITTEN)
    reports = [a_report("counting", 1.0, 0.0), unwritten, a_report("add_k", 0.0, message="no")]
    rows = {row.task.name: row for row in Progress.of(NAME, reports, {"counting": 0.6}).rows}
    assert {name: row.sign for name, row in rows.items()} == {
        "counting": "◐",
        "likelihood": "·",
        "add_k": "✗",
        "numbers": "·",
    }
    assert (rows["counting"].so_far, rows["counting"].public) == pytest.approx((0.6, 1.2))
    assert "by hand" in Progress.of(NAME, reports, {}).as_text()
    # half of 15, and 20 + 20; whether there is an answer in words, which takes 30, is not known
    assert "takes about 50 minutes" in Progress.of(NAME, reports, {}).summary()
    assert "takes about 80 minutes" in Progress.of(NAME, reports, {}, ()).summary()
    assert (
        "what fails here mostly costs there as well" in Progress.of(NAME, reports, {"add_k": 0.5}).summary()
    )


def test_check_without_a_name_shows_the_table_and_what_is_begun(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)

    def unwritten(*_):
        raise NotImplementedError

    names = dict.fromkeys(("count", "maximum_likelihood", "log_prob", "add_k"), unwritten)
    Assignment(NAME, names | {"count": lambda *_: {}}).check()
    said = capsys.readouterr().out
    assert said.startswith("  exercise      minutes  points so far  in all\n✗ counting")
    assert "\ncounting: 0 of 4 checks passed" in said
    assert "\nlikelihood: 0 of" not in said
    assert "\n· likelihood " in said
