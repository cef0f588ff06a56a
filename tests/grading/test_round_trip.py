"""The whole way with stock nbgrader: submit, autograde, feedback, export. One course, graded once."""

import csv
import json

import nbformat

from lmcourse.grading.course import load_checks, points
from lmcourse.grading.demo import ASSIGNMENT, as_text, revealed
from lmcourse.grading.release import nbgrader
from lmcourse.grading.report import MIME

FULL = {**points(ASSIGNMENT)}


def rows(graded):
    return {row.student: row for row in graded[1].rows}


def test_the_authored_solution_gets_full_marks(graded):
    assert rows(graded)["ada-perfect"].by_exercise == FULL


def test_a_right_answer_that_warns_in_every_way_gets_full_marks(graded):
    assert rows(graded)["bela-warns"].by_exercise == FULL


def test_what_was_handed_out_gets_nothing(graded):
    row = rows(graded)["fred-unfinished"]
    assert row.by_exercise == {**dict.fromkeys(FULL, 0.0), "parroting": 0.0}
    assert row.max_points == 20
    assert (
        "chain_rule: not written yet: put your code where the cell raises NotImplementedError, "
        "in `sequence_log_prob`"
    ) in row.reasons


def test_partial_credit_is_the_weight_of_the_checks_that_passed(graded):
    weights = [check.weight for check in load_checks(ASSIGNMENT) if check.exercise == "chain_rule"]
    assert weights == [1, 1, 1, 1, 1, 2]
    row = rows(graded)["carl-partial"]
    # only the check for underflow failed, one of four that are a third of the exercise
    assert row.by_exercise["chain_rule"] == 1.83
    assert row.by_exercise["temperature"] == 2
    assert 0 < rows(graded)["dora-wrong"].points < 8


def test_an_endless_loop_costs_its_exercise_only(graded):
    row = rows(graded)["emil-endless"]
    assert row.by_exercise == {**FULL, "annealed_sequence": 0}
    assert any("is there an endless loop?" in reason for reason in row.reasons)


def test_files_that_are_no_notebooks_are_told_and_stop_nobody(graded):
    for student, said in (("gina-cut-off", "it is no JSON"), ("hugo-empty", "is empty")):
        row = rows(graded)[student]
        assert row.points is None
        assert said in row.reasons[0]


def test_the_csv_has_everyone(graded):
    with open(graded[1].table, newline="", encoding="utf-8") as file:
        scores = {line["student_id"]: float(line["score"]) for line in csv.DictReader(file)}
    assert scores == {name: row.points or 0.0 for name, row in rows(graded).items()}


def test_each_graded_student_has_a_feedback_page_that_reveals_nothing(graded):
    _, demo = graded
    assert set(demo.pages) == {row.student for row in demo.rows if row.points is not None}
    assert demo.leaks == []
    page = demo.pages["carl-partial"].read_text(encoding="utf-8")
    assert "add up logarithms instead" in page
    assert "Other cases, not shown" in page


def test_a_page_that_did_reveal_something_would_be_noticed():
    hidden = next(check for check in load_checks(ASSIGNMENT) if check.name == "nearly_frozen")
    assert revealed(f"<pre>{hidden.name}(student, rng)</pre>")
    assert revealed("<p>t = float(rng.<b>uniform</b>(0.0005, 0.002))</p>")
    assert revealed("in solutions/01-language-models/checks.py")
    assert not revealed(f"<p>{hidden.hint}</p>")


def test_the_table_tells_grades_and_reasons(graded):
    text = as_text(graded[1])
    assert "ada-perfect             17     2     2     3     2     2     3     3\n" in text
    assert "feedback reveals of the hidden checks: nothing" in text


def test_the_graded_notebook_records_the_seed_of_each_exercise(graded):
    folder, _ = graded
    path = folder / "autograded" / "ada-perfect" / ASSIGNMENT / "language-models.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    reports = [o.data[MIME] for cell in cells for o in cell.get("outputs", []) if MIME in o.get("data", {})]
    seeds = [report["seed"] for report in reports if report["max_points"]]
    assert len(seeds) == len(FULL)
    assert len(set(seeds)) == len(FULL)  # drawn anew for each
    assert json.dumps(reports)  # plain data


def test_checks_and_mistakes_are_nowhere_in_the_students_folders(graded):
    folder, _ = graded
    names = {
        p.name
        for part in ("notebooks", "submitted", "autograded", "feedback")
        for p in (folder / part).rglob("*")
    }
    assert not names & {"checks.py", "mistakes.py"}


def test_nbgraders_own_validation_sees_what_fails(graded):
    folder, _ = graded
    done = nbgrader(folder, "validate", f"notebooks/assignments/{ASSIGNMENT}/language-models.ipynb")
    assert "VALIDATION FAILED ON 8 CELL(S)" in " ".join(done.stdout.split())
    assert "chain_rule: 0 of 4 checks passed" in done.stdout
    assert "lmcourse/grading" not in done.stdout  # no traceback through our code
