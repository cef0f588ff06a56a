"""The rules of an authored notebook: each is broken once, and said with its cell."""

import copy
import re

import nbformat
import pytest

from lmcourse.files import course_file
from lmcourse.grading import course, derive
from lmcourse.grading.course import source_notebook
from lmcourse.grading.exam import Exam
from lmcourse.grading.release import _checks, _mistaken
from lmcourse.grading.rules import broken_rules, remarks

NAME = "03-ngrams"
NOTEBOOK = nbformat.read(source_notebook(NAME), as_version=4)
CHECKS = _checks(NAME)
MISTAKEN = _mistaken(NAME, derive.exercises(NAME))


def broken(change=lambda _: None, checks=CHECKS, mistaken=MISTAKEN, name=NAME):
    notebook = copy.deepcopy(NOTEBOOK)
    change(notebook)
    return broken_rules(name, notebook, checks, mistaken)


def cell(notebook, mark):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == mark)


@pytest.mark.parametrize("name", course.assignments())
def test_every_assignment_keeps_the_rules(name):
    notebook = nbformat.read(source_notebook(name), as_version=4)
    assert broken_rules(name, notebook, _checks(name), _mistaken(name, derive.exercises(name))) == []


def set_mark(mark, **marks):
    return lambda notebook: cell(notebook, mark).metadata.nbgrader.update(marks)


def replaced(mark, old, new):
    def change(notebook):
        found = cell(notebook, mark)
        assert old in found.source
        found.source = found.source.replace(old, new)

    return change


def without_setup(notebook):
    notebook.cells = [c for c in notebook.cells if "setup" not in c.metadata.get("tags", [])]


RULES = [
    (without_setup, "the first code cell is to have the id and the tag `setup`"),
    (
        replaced("assignment", '"03-ngrams"', '"02-information"'),
        'says Assignment("02-information"); say "03-ngrams"',
    ),
    (replaced("assignment", "Assignment(", "print("), 'must say assignment = Assignment("03-ngrams")'),
    (set_mark("test_counting", grade_id="cell-1f0c7a2b9d3e4f56"), "that nbgrader's toolbar made up"),
    (set_mark("counting", grade_id="cell-1f0c7a2b"), "write the exercise's name there"),
    (set_mark("counting", grade_id="add_k"), "has the nbgrader ID 'add_k', and so has another cell"),
    (set_mark("test_counting", grade_id="test_count"), "'test_count', but checks.py tells no such exercise"),
    (
        replaced("test_counting", 'check("counting")', "check()"),
        'must say assignment.check("counting")',
    ),
    (replaced("test_counting", 'grade("counting")', "pass"), 'must say assignment.grade("counting") between'),
    (replaced("test_counting", "### BEGIN HIDDEN TESTS", ""), "has no ### BEGIN HIDDEN TESTS"),
    (set_mark("test_counting", points=0), "earns no points: give it some"),
]


@pytest.mark.parametrize(("change", "said"), RULES)
def test_a_rule_that_is_broken_is_said_with_the_cell(change, said):
    found = broken(change)
    assert any(said in fault for fault in found), found
    assert all(fault.startswith(("cell ", "a code cell before")) for fault in found)


def test_the_cell_is_named_by_number_and_first_line():
    number = NOTEBOOK.cells.index(cell(NOTEBOOK, "test_counting")) + 1
    [fault] = broken(set_mark("test_counting", points=0))
    assert fault.startswith(f'cell {number} (`assignment.check("counting")`) ')


def test_checks_mistakes_and_rubrics_are_wanted():
    public = [check for check in CHECKS if not (check.exercise == "counting" and check.hidden)]
    [fault] = broken(checks=public)
    assert "'counting', which has no hidden check in checks.py" in fault
    [fault] = broken(mistaken=MISTAKEN - {"counting"})
    assert "'counting', of which no typical mistake is told" in fault
    written = next(c for c in NOTEBOOK.cells if c.cell_type == "markdown" and c.metadata.get("nbgrader"))
    mark = written.metadata.nbgrader.grade_id
    [fault] = broken(replaced(mark, "**Rubric.**", "Rubric:"))
    assert "say how, in a paragraph that begins with **Rubric.**" in fault
    [fault] = broken(set_mark(mark, points=0))
    assert "is graded by a person, and earns no points" in fault


def test_too_many_exercises_or_none_are_refused_and_few_are_remarked():
    def twice(notebook):
        notebook.cells += copy.deepcopy([c for c in notebook.cells if c.id.startswith("test_")])

    assert any("are too many for one sitting: at most 8" in fault for fault in broken(twice))
    assert remarks(NOTEBOOK) == []
    few = copy.deepcopy(NOTEBOOK)
    few.cells = [c for c in few.cells if not c.id.startswith("test_") or c.id == "test_counting"]
    assert remarks(few) == ["1 graded exercises; 5 to 8 are usual"]
    few.cells = [c for c in few.cells if not c.id.startswith("test_")]
    assert any("nothing would earn points" in f for f in broken_rules(NAME, few, CHECKS, MISTAKEN))


def test_the_guides_overview_of_points_is_true():
    text = course_file("book/instructors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| ([\w-]+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    exams = {name: Exam.of(name) for name in course.assignments()}
    worth = {
        name: (sum(exam.points().values()), sum(exam.written().values())) for name, exam in exams.items()
    }
    assert {name: (float(checks), float(person)) for name, checks, person in rows} == worth
