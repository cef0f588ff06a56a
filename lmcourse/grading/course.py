"""Which assignments there are, and where their files lie.

An assignment is a folder name such as `01-language-models`. Its authored notebook and checks are in
`solutions/` (a checkout only); what students get is in `notebooks/assignments/` (in a checkout and in the
installed package).
"""

from __future__ import annotations

import difflib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from lmcourse.files import course_file
from lmcourse.grading.checks import Check, checks_in

RUNNING = "LMCOURSE_RUNNING"  # set where a notebook is being checked: a cell in it must not start that anew
TEST_CELL = "test_"  # and an exercise's name: the grading id of the cell that earns its points


class GradingError(ValueError):
    """Something given by the user cannot be used; the message says what and how to mend it."""


class Mistake(NamedTuple):
    """A typical wrong solution of an exercise, and what the checks say of it.

    Args:
        exercise: its name.
        what: what is wrong, in a few words.
        code: definitions that are wrong in this way, to replace the solution's.
        told: words that the explanation of a failed check must contain.
    """

    exercise: str
    what: str
    code: str
    told: str


def assignments() -> list[str]:
    """The names of all assignments that have been released."""
    return sorted(
        path.parent.name for path in course_file("notebooks/assignments").glob("*/public_checks.py")
    )


def require_assignment(name: str) -> str:
    """`name`, if there is such an assignment; otherwise GradingError listing those that exist."""
    known = assignments()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise GradingError(
            f"there is no assignment {name!r}{hint}\nassignments: {', '.join(known) or 'none'}"
        )
    return name


def release_notebook(name: str) -> Path:
    """The students' version of an assignment's notebook."""
    return _notebook_in(course_file(f"notebooks/assignments/{require_assignment(name)}"))


def source_notebook(name: str) -> Path:
    """The authored notebook of an assignment. FileNotFoundError outside a checkout."""
    return _notebook_in(course_file(f"solutions/{name}"))


def _notebook_in(folder: Path) -> Path:
    """The one notebook of a folder."""
    found = sorted(folder.glob("*.ipynb"))
    if len(found) != 1:
        raise GradingError(f"{folder} should hold one notebook; it holds {len(found)}")
    return found[0]


def load_checks(name: str) -> list[Check]:
    """All checks of an assignment in a checkout; elsewhere those that students have, the public ones."""
    try:
        path = course_file(f"solutions/{name}/checks.py")
    except FileNotFoundError:
        path = course_file(f"notebooks/assignments/{require_assignment(name)}/public_checks.py")
    return checks_in(_module(f"lmcourse_checks_{name}", path))


def load_mistakes(name: str) -> list[Mistake]:
    """The typical wrong solutions of an assignment. FileNotFoundError outside a checkout."""
    path = course_file(f"solutions/{name}/mistakes.py")
    return _module(f"lmcourse_mistakes_{name}", path).MISTAKES


def _module(name: str, path: Path) -> ModuleType:
    """The module in a file, executed anew."""
    name = name.replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look a module up by its name
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the package's folder may be read-only
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module


def cell_of(exercise: str) -> str:
    """The grading id of the cell that holds an exercise's tests and earns its points."""
    return TEST_CELL + exercise


def exercise_of(grade_id: str) -> str:
    """The exercise whose points a cell earns: `cell_of` undone; an answer in words is its own exercise."""
    return grade_id.removeprefix(TEST_CELL)


def points(name: str) -> dict[str, float]:
    """Points of each exercise, as its test cell in the authored notebook has them."""
    import nbformat  # here: a student's notebook, which imports this module, need not wait for it

    notebook = nbformat.read(source_notebook(name), as_version=4)
    marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return {
        exercise_of(mark["grade_id"]): float(mark["points"])
        for mark in marks
        if mark.get("grade") and not mark.get("solution")
    }
