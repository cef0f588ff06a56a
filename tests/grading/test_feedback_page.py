"""What a student learns from the page: what was tried, the solution and the rubric, what costs nothing."""

import pytest

from lmcourse.grading import course, folder
from lmcourse.grading.checks import Check, Score
from lmcourse.grading.feedback import best_scores, page
from lmcourse.grading.report import Outcome, Report
from lmcourse.grading.result import Mark, Result

NAME = "03-ngrams"
HIDDEN = Check("counting", "secret", "secret title", len, True, "random sentences, with n from 1 to 5")


def a_result(score=1.0, **options):
    outcomes = [Outcome("A title.", 1.0), Outcome.of(HIDDEN, Score(score, HIDDEN.hint * (score < 1)), "")]
    reports = [Report("counting", outcomes, 0, 2.0)]
    written = {"numbers": {"points": 3.0, "answered": True}}
    return Result("ada", NAME, reports, written, {}, 0, {}, "digest", **options)


@pytest.mark.parametrize("score", [1.0, 0.0])
def test_what_hidden_checks_tried_is_said_in_words_to_everybody(score):
    shown = page(a_result(score), {})
    assert "random sentences, with n from 1 to 5" in shown
    assert "secret" not in shown
    assert ("tried and right: " in shown) == (score == 1)


def test_the_model_solution_is_shown_once_it_is_released_and_not_before():
    marks = {"counting": Mark(2, 2), "numbers": Mark(0, 3, waits=True)}
    known = [course.models(NAME, shown) for shown in (False, True)]
    before, after = (page(a_result(), {}, marks, models=each) for each in known)
    assert "followers = counts.setdefault(context, {})" not in before
    assert "followers = counts.setdefault(context, {})" in after
    assert "BEGIN SOLUTION" not in after
    assert "model solution" not in before
    assert "falls back on shorter contexts" not in before


def test_the_rubric_comes_with_a_persons_points():
    marks = {"numbers": Mark(2, 3, by_hand=True)}
    shown = page(a_result(), {}, marks, models=course.models(NAME, released=False))
    assert "How points are given" in shown
    assert "falls back on shorter contexts (a quarter)" in shown
    assert "(1) add-$k$ is best at" not in shown


@pytest.mark.parametrize("name", course.assignments())
def test_every_answer_has_a_model_and_every_written_one_a_rubric(name):
    models = course.models(name, released=True)
    assert {*course.points(name)} <= {*models}
    rubrics = {key for key, model in models.items() if model.rubric}
    assert rubrics == {*models} - {check.exercise for check in course.load_checks(name)}


def test_a_failing_cell_that_was_left_over_costs_nothing_and_the_page_says_so():
    assert "That costs nothing by itself" in page(a_result(failures=["the cell `1/0`: no"]), {})
    assert "That costs nothing" not in page(a_result(), {})


def test_of_an_open_task_the_class_sees_the_best_scores_and_no_names():
    def result(student, score):
        outcomes = [Outcome("open", score)]
        return Result(student, NAME, [Report("open", outcomes, 0, 4.0), a_report()], {}, {}, 0, {}, "d")

    def a_report():
        return Report("closed", [Outcome("t", 1.0)], 0, 1.0)

    results = [result(f"student{i}", score) for i, score in enumerate((0.25, 0.875, 1.0, 0.5, 0.0, 0.125))]
    best = best_scores(results)
    assert best == {"open": [1.0, 0.875, 0.5, 0.25, 0.125]}
    shown = page(results[0], {}, best=best)
    assert "The best scores of the class here: 100%, 88%, 50%, 25%, 12% of the points." in shown
    assert "student1" not in shown
    assert shown.count("best scores") == 1


def test_whether_solutions_are_shown_is_remembered_in_the_course(tmp_path):
    asked = (None, True, None, False, None)
    shown = [folder.solutions_released(tmp_path, NAME, wanted) for wanted in asked]
    assert shown == [False, True, True, False, False]
    folder.solutions_released(tmp_path, NAME, True)
    assert not folder.solutions_released(tmp_path, "02-information", None)  # each assignment has its own word


def test_tasks_stand_in_the_order_of_the_notebook():
    shown = page(a_result(), {"numbers": "1. Numbers", "counting": "2. Counting"})
    assert shown.index("1. Numbers") < shown.index("2. Counting")


def test_of_a_line_that_nobody_would_read_the_beginning_is_shown():
    result = a_result()
    result.answers["counting"] = f"x = 1\nTEXT = '{'A' * 13_000}'"
    shown = page(result, {})
    assert "… (13,009 characters)" in shown
    assert len(shown) < 8_000
    assert "x = 1\nTEXT" in shown
