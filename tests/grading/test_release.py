"""The students' version: up to date, the same every time, and without what is not for students."""

import ast
import re
import shutil

import nbformat
import pytest

from lmcourse import files
from lmcourse.files import course_file
from lmcourse.grading import course, derive
from lmcourse.grading.checks import checks_in
from lmcourse.grading.course import GradingError
from lmcourse.grading.exam import Exam
from lmcourse.grading.exercise import Exercise, _namespace, solved
from lmcourse.grading.public import public_part
from lmcourse.grading.release import main, name_cells, release
from lmcourse.setup_cell import setup_source

NAME = "01-language-models"
NAMES = sorted(path.parent.name for path in course_file("solutions").glob("*/checks.py"))
each_assignment = pytest.mark.parametrize("name", NAMES)


def test_every_assignment_is_released_and_nothing_else():
    assert course.assignments() == NAMES


@each_assignment
def test_the_committed_release_is_up_to_date(name, tmp_path):
    """If this fails, run `python -m lmcourse.grading.release`."""
    release(name, tmp_path / name)
    committed = course_file(f"notebooks/assignments/{name}")
    made = {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()}
    assert made == {p.name: p.read_bytes() for p in committed.iterdir() if p.is_file()}


@each_assignment
def test_the_setup_cell_is_the_chapters(name):
    authored = nbformat.read(course.source_notebook(name), as_version=4)
    (setup,) = [cell.source for cell in authored.cells if "setup" in cell.metadata.get("tags", [])]
    assert setup == setup_source()


@each_assignment
def test_the_authored_notebook_is_committed_without_outputs(name):
    for cell in nbformat.read(course.source_notebook(name), as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@each_assignment
def test_students_get_neither_solutions_nor_hidden_checks(name):
    texts = [
        p.read_text(encoding="utf-8")
        for p in course_file(f"notebooks/assignments/{name}").iterdir()
        if p.is_file()
    ]
    for secret in ("SOLUTION", "HIDDEN", "assignment.grade", "Rubric", "hidden", "hint="):
        assert not any(secret in text for text in texts), secret
    public = course_file(f"notebooks/assignments/{name}/public_checks.py").read_text(encoding="utf-8")
    shown = checks_in(course.module_of("public", public))
    told = [(c.exercise, c.title, c.weight) for c in course.load_checks(name) if not c.hidden]
    assert [(c.exercise, c.title, c.weight) for c in shown] == told
    for table in derive.exercises(name):
        secrets = [*table.others.values(), *(change for slip in table.slips for change in edits(slip))]
        assert [x for x in secrets if x in public and not any(x in hint for hint in table.hints)] == []
        assert not any(f"def {hidden.questions.__name__}(" in public for hidden in table.generators)


def edits(slip):
    """What a slip puts in place of the solution's text, where that is more than a word."""
    new = [slip.change] if isinstance(slip.change, str) else [*slip.change, *slip.change.values()]
    return [text for text in new if len(text) > 25]


@each_assignment
def test_the_release_shows_what_the_table_says_of_an_exercise(name):
    cells = {c.id: c for c in nbformat.read(course.release_notebook(name), as_version=4).cells}
    for table in derive.exercises(name):
        told = cells[f"intro-{table.name}"].source
        assert told.splitlines()[0].endswith(table.heading())
        assert told.count("<details>") == told.count("</details>") == 2
        assert all(f"\n\n{hint}\n\n</details>" in told for hint in table.hints)
        test = cells[f"test_{table.name}"].metadata.get("nbgrader", {})
        assert test.get("points", 0) == table.points
        assert course.points(name).get(table.name, 0) == table.points


@pytest.mark.parametrize("name", ["05-attention", "06-inference"])
def test_a_long_assignment_says_at_its_head_how_long_it_takes(name):
    first, *rest = nbformat.read(course.release_notebook(name), as_version=4).cells
    headings = [re.search(r"^#+ .*\((\d+) minutes, ", cell.source) for cell in rest]
    hours = sum(int(heading[1]) for heading in headings if heading) / 60
    assert first.source.endswith(f"\n\nAll of it together takes about {hours:.0f} hours.")


@each_assignment
def test_each_exercise_says_how_long_it_takes_and_has_two_hints_that_unfold(name):
    cells = {c.id: c for c in nbformat.read(course.release_notebook(name), as_version=4).cells}
    exercises = {check.exercise for check in course.load_checks(name)}
    for exercise in exercises:
        told = cells[f"intro-{exercise}"].source
        assert re.search(r"\(\d+ minutes, (no|\d+) points?\)$", told.splitlines()[0]), exercise
        assert re.findall("<summary>(.*)</summary>", told)[-2:] == ["A hint", "A stronger hint"], exercise
        assert told.count("<details>") == told.count("</details>")
    written = {key.removeprefix("intro-") for key in cells if key.startswith("intro-")} - exercises
    assert all(re.search(r"\(\d+ minutes, ", cells[f"intro-{key}"].source.splitlines()[0]) for key in written)


def test_the_grader_is_told_what_may_be_imported():
    assert Exam.of("05-attention").imports() == {
        "": ("lmcourse.world.agreement", "lmcourse.world.World.entropy_rate", "lmcourse.world.World.sample"),
        **{table.name: table.imports for table in derive.exercises("05-attention")},
    }
    assert Exam.of("01b-tokenization").imports() == {"": ()}


def test_the_authored_solution_has_run_before_the_time_of_a_submission():
    """It may import torch, which on a busy machine takes longer than all checks of an exercise may."""
    exam = Exam.of("03-ngrams")
    exam.all_checks()
    runs = _namespace.cache_info().misses
    solved(vars(course.module_of("03-ngrams", exam.checks))["SOLUTION"])
    assert _namespace.cache_info().misses == runs


def test_students_do_not_get_the_checks_own_ways_to_the_right_answers():
    public = course_file(f"notebooks/assignments/{NAME}/public_checks.py").read_text(encoding="utf-8")
    for reference in ("annealed", "entropy_of", "filled", "typical", "annealed_next", "random_sentences"):
        assert f"def {reference}(" not in public


@each_assignment
def test_the_points_in_the_headings_are_those_of_the_cells(name):
    cells = nbformat.read(course.release_notebook(name), as_version=4).cells
    grades = {c.metadata.nbgrader.grade_id: c.metadata.nbgrader.points for c in cells if is_graded(c)}
    assert len(grades) > len(course.points(name))
    for number, (grade_id, value) in enumerate(grades.items(), 1):
        exercise = grade_id.replace("test_", "", 1)
        heading = next(c.source for c in cells if c.id == f"intro-{exercise}").splitlines()[0]
        assert heading.startswith(f"## {number}. ")
        assert re.search(rf"[( ]{value:g} points?\)$", heading)


def is_graded(cell):
    return cell.metadata.get("nbgrader", {}).get("grade")


def test_the_first_assignment_is_worth_what_the_other_tests_expect():
    assert sum(course.points(NAME).values()) == 17


SOURCE = '''"""About."""

from __future__ import annotations

import math
import random
from lmcourse.grading.checks import check, expect, expect_close


# for the public one
LIMIT = 3


# the secret way to do it
def secret_way():
    return deeper()


def deeper():
    return random.random()


def helper():
    return LIMIT


# a comment above the decorator
@check("a")
def shown(student):
    """Shown."""
    expect(student.f() == helper() + math.pi, "no")  # why


# a hidden trick
@check("a", hidden=True, hint="x")
def not_shown(student):
    """Not shown."""
    expect_close(student.f(), secret_way(), "it")
'''


TABLE = '''"""About."""

from lmcourse.grading.asking import ask
from lmcourse.grading.exercise import Exercise, _namespace, solved

SEEN = [1, 2]
SECRET = "x + 2"


def ways():
    return SECRET


# how to add
adding = Exercise("adding", minutes=5, hints=("a", "b"))
adding.case("One and one.", ask.add(1, SEEN).gives(2))
adding.slip("that is too much", {"x + 1": SECRET})
for way in ("x", "y"):
    adding.slip(way, {"x + 1": way})


@adding.hidden("numbers")
def sums(rng):
    yield ask.add(1, ways())


adding.another("backwards", "def add(x): return 1 + x")
'''


def test_of_a_table_students_get_the_cases_and_nothing_else():
    public = public_part(TABLE)
    for kept in ("# how to add", 'Exercise("adding"', "ask.add(1, SEEN)", "SEEN = [1, 2]"):
        assert kept in public
    for gone in ("SECRET", "slip", "ways", "way", "hidden", "sums", "another", "1 + x"):
        assert gone not in public


def test_the_public_part_keeps_what_public_checks_need_and_nothing_else():
    public = public_part(SOURCE)
    names = {node.name for node in ast.parse(public).body if isinstance(node, ast.FunctionDef)}
    assert names == {"shown", "helper"}
    for kept in (
        '"""About."""',
        "# for the public one",
        "# a comment above the decorator",
        "# why",
        "import math",
    ):
        assert kept in public
    for gone in ("secret", "hidden", "random", "expect_close", "deeper"):
        assert gone not in public


def test_an_unknown_assignment_is_refused(capsys):
    assert main(["99-nothing"]) == 1
    assert f"there is no assignment '99-nothing' in solutions/; there are: {NAME}" in capsys.readouterr().err


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The folders of a course with two of its assignments, in place of the checkout's."""
    for name in ("_config.yml", "requirements-data.txt"):  # the second: a check of 03 reads Shakespeare
        shutil.copy(course_file(name), tmp_path)
    for name in (NAME, "03-ngrams"):
        for folder in ("solutions", "notebooks/assignments"):
            shutil.copytree(course_file(f"{folder}/{name}"), tmp_path / folder / name)
    monkeypatch.setattr(files, "_PACKAGE", tmp_path / "lmcourse")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '2}, ("a",): {',
            '7}, ("a",): {',
            r"ngrams:\n  exercise 'counting', case 1 .* give .*: 7.*but .* gives .*: 2",
        ),
        ('{" + [END]": ""}', '{" + [END]": " +  [END]"}', r"exercise 'counting', slip .* no case shows it"),
        ('{" + [END]": ""}', '{" + [EMD]": ""}', r"exercise 'counting', slip .* is 0 times in the solution"),
        ("from __future__ import annotations\n", "(1 / 0)\n", r"checks\.py, line 7: ZeroDivisionError: div"),
        ("from __future__ import annotations\n", "1 +\n", r"checks\.py, line 7: SyntaxError: invalid"),
    ],
)
def test_what_a_table_says_wrongly_is_named_and_nothing_is_released(elsewhere, old, new, said, capsys):
    path = elsewhere / "solutions/03-ngrams/checks.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    authored = elsewhere / f"solutions/{NAME}/language-models.ipynb"
    stale = authored.read_text(encoding="utf-8").replace("%pip install", "%pip get", 1)  # in the setup cell
    authored.write_text(stale, encoding="utf-8")
    before = {
        p: p.read_bytes() for p in elsewhere.rglob("*.*") if "__pycache__" not in p.parts and p.is_file()
    }
    assert main([]) == 1
    told = capsys.readouterr()
    assert re.search(said, told.err)
    assert told.err.endswith("Nothing was released.\n")
    assert told.out == ""
    assert {p: p.read_bytes() for p in before} == before


def test_a_table_that_is_not_released_yet_is_no_exercise_without_solutions(elsewhere):
    public = elsewhere / "notebooks/assignments/03-ngrams/public_checks.py"
    text = public.read_text(encoding="utf-8")
    assert "SOLUTION = " in course.checks_source("03-ngrams")
    public.write_text(text.replace("    'judging': {", "    'judgement': {"), encoding="utf-8")
    with pytest.raises(GradingError, match="not released yet: judging; run `make release NAME=03-ngrams`"):
        course.load_checks("03-ngrams")
    public.write_text(text.partition(course.REASONS_MARK)[0], encoding="utf-8")
    with pytest.raises(GradingError, match=r"not released yet: counting, likelihood, add_k, .*; run `make"):
        course.checks_source("03-ngrams")
    assert "SOLUTION" not in course.checks_source(NAME)  # its checks are functions


def test_names_in_the_notebook_that_do_not_exist():
    with pytest.raises(
        ValueError, match=rf"no assignment '01-language-model'; did you mean {NAME}\?(?s:.*){NAME}"
    ):
        course.require_assignment("01-language-model")


def test_the_cells_of_an_exercise_are_found_by_what_an_author_can_edit():
    cell, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    notebook = nbformat.v4.new_notebook(
        cells=[
            text("# Title", id="intro-old"),
            text("## 1. New", id="abc"),
            text("More.", id="def"),
            cell("x", id="old", metadata={"nbgrader": {"grade_id": "new", "solution": True}}),
            cell("y", id="test_old", metadata={"nbgrader": {"grade_id": "test_new", "grade": True}}),
        ]
    )
    new, other = (Exercise(name, points=1, minutes=5, hints=("", "")) for name in ("new", "other"))
    name_cells(notebook, new)
    assert [c.id for c in notebook.cells] == ["intro-old", "intro-new", "def", "new", "test_new"]
    with pytest.raises(GradingError, match=r"an exercise 'other', but no cell .* 'other'; there are new, "):
        name_cells(notebook, other)
    notebook.cells = notebook.cells[2:]
    with pytest.raises(GradingError, match="no heading stands before the cell 'new'"):
        name_cells(notebook, new)
