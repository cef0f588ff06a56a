"""The students' version: up to date, the same every time, and without what is not for students."""

import ast

import nbformat
import pytest

from lmcourse.files import course_file
from lmcourse.grading import course
from lmcourse.grading.release import main, public_part, release

NAME = "01-language-models"


def test_the_committed_release_is_up_to_date(tmp_path):
    """If this fails, run `python -m lmcourse.grading.release`."""
    release(NAME, tmp_path / NAME)
    committed = course_file(f"notebooks/assignments/{NAME}")
    made = {p.name: p.read_bytes() for p in (tmp_path / NAME).iterdir()}
    assert made == {p.name: p.read_bytes() for p in committed.iterdir() if p.is_file()}


def test_the_setup_cell_is_the_chapters(monkeypatch):
    monkeypatch.syspath_prepend(str(course_file("tools")))
    import notebooks

    authored = nbformat.read(course.source_notebook(NAME), as_version=4)
    (setup,) = [cell.source for cell in authored.cells if "setup" in cell.metadata.get("tags", [])]
    assert setup == notebooks.setup_source()


def test_the_authored_notebook_is_committed_without_outputs():
    for cell in nbformat.read(course.source_notebook(NAME), as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_students_get_neither_solutions_nor_hidden_checks():
    texts = [
        p.read_text(encoding="utf-8")
        for p in course_file(f"notebooks/assignments/{NAME}").iterdir()
        if p.is_file()
    ]
    for secret in ("SOLUTION", "HIDDEN", "assignment.grade", "Rubric", "hidden", "hint="):
        assert not any(secret in text for text in texts), secret
    public = course_file(f"notebooks/assignments/{NAME}/public_checks.py").read_text(encoding="utf-8")
    checks = course.load_checks(NAME)
    assert [c.name for c in checks if f"def {c.name}(" in public] == [c.name for c in checks if not c.hidden]
    # and not the checks' own ways to the right answers
    for reference in ("annealed", "entropy_of", "filled", "typical", "annealed_next", "random_sentences"):
        assert f"def {reference}(" not in public


def test_the_points_in_the_headings_are_those_of_the_cells():
    notebook = nbformat.read(course.source_notebook(NAME), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    points = course.points(NAME)
    assert sum(points.values()) == 17
    for number, (exercise, value) in enumerate(points.items(), 1):
        heading = next(c.source for c in notebook.cells if c.id == f"intro-{exercise}").splitlines()[0]
        assert heading.startswith(f"## {number}. ")
        assert heading.endswith(f"({value:g} points)")
    assert "## 8. In your own words (3 points)" in text


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


def test_names_in_the_notebook_that_do_not_exist():
    with pytest.raises(
        ValueError, match=rf"no assignment '01-language-model'; did you mean {NAME}\?(?s:.*){NAME}"
    ):
        course.require_assignment("01-language-model")
