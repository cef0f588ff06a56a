"""Which assignments there are, and where their files lie.

An assignment is a folder name such as `01-language-models`. Its authored notebook and checks are in
`solutions/` (a checkout only); what students get is in `notebooks/assignments/` (in a checkout and in the
installed package).
"""

from __future__ import annotations

import difflib
import linecache
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import lmcourse
from lmcourse.files import course_file
from lmcourse.grading.checks import Check, checks_in
from lmcourse.grading.public import tables

if TYPE_CHECKING:
    from nbformat import NotebookNode

RUNNING = "LMCOURSE_RUNNING"  # set where a notebook is being checked: a cell in it must not start that anew
SOLUTION_MARKS = "### BEGIN SOLUTION", "### END SOLUTION"
TEST_CELL = "test_"  # and an exercise's name: the grading id of the cell that earns its points
REASONS_MARK = "\n\n# Which wrong value is due to which mistake, as the authored mistakes show.\n"


class GradingError(ValueError):
    """Something given by the user cannot be used; the message says what and how to mend it."""


class Mistake(NamedTuple):
    """A typical wrong solution of an exercise, and what the checks say of it.

    Args:
        exercise: its name.
        what: what is wrong, in a few words.
        code: definitions that are wrong in this way, to replace the solution's.
        told: words that the explanation of a failed check must contain.
        unseen: whether only the grade finds it out; a hidden check's hint is then all that is told.
    """

    exercise: str
    what: str
    code: str
    told: str
    unseen: bool = False


class Model(NamedTuple):
    """What a student may see of an authored answer.

    Args:
        solution: the model solution.
        rubric: how a person gives points; empty where the checks do.
        released: whether the solution may be shown.
    """

    solution: str
    rubric: str = ""
    released: bool = False


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
            f"there is no assignment {name!r}{hint}\nassignments: {', '.join(known) or 'none'}\n{update()}"
        )
    return name


def update() -> str:
    """What to do where something of a notebook is unknown here."""
    return (
        f"a notebook that is newer than this lmcourse, {lmcourse.__version__}, needs a newer one: update it"
    )


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
    return checks_in(load_module(name))


def load_module(name: str) -> ModuleType:
    """The module that these checks are in."""
    return module_of(name, checks_source(name))


def imports_in(module: ModuleType) -> dict[str, tuple[str, ...]]:
    """What of the course's package the exercises of a checks module may import: under "" what all may, under
    an exercise's name what it may besides.
    """
    found = {"": tuple(getattr(module, "IMPORTS", ()))}
    for value in vars(module).values():
        if hasattr(value, "__checks__") and not isinstance(value, type):
            found[value.name] = tuple(value.imports)
    return found


def lent_until(imports: Mapping[str, Sequence[str]], exercise: str, exercises: Sequence[str]) -> list[str]:
    """What may be imported up to an exercise, of all `exercises` in order."""
    reached = exercises[: exercises.index(exercise) + 1]
    return [name for one in ("", *reached) for name in imports.get(one, ())]


def checks_source(name: str) -> str:
    """The source of an assignment's checks, complete in itself: where exercises are told as tables, with the
    reasons that were derived for the release, and in a checkout with the solutions, which answer hidden
    questions.

    Raises GradingError if a table has not been released yet.
    """
    released = course_file(f"notebooks/assignments/{require_assignment(name)}/public_checks.py")
    public = released.read_text(encoding="utf-8")
    try:
        authored = course_file(f"solutions/{name}/checks.py").read_text(encoding="utf-8")
    except FileNotFoundError:
        return public
    _, mark, reasons = public.partition(REASONS_MARK)
    new = [exercise for exercise in tables(authored) if f"\n    {exercise!r}: {{" not in reasons]
    if new:
        raise GradingError(
            f"solutions/{name}/checks.py tells exercises that are not released yet: {', '.join(new)}; "
            f"run `make release NAME={name}`"
        )
    return f"{authored}{mark}{reasons}\nSOLUTION = {solution_source(name)!r}\n" if mark else authored


def solution_source(name: str) -> str:
    """The code of an authored notebook without its setup and its checks.

    FileNotFoundError outside a checkout.
    """
    import nbformat

    return code_of(nbformat.read(source_notebook(name), as_version=4))


def code_of(notebook: NotebookNode) -> str:
    """The same of an authored notebook that has been read."""
    own = [
        c
        for c in notebook.cells
        if c.cell_type == "code" and not c.id.startswith(("setup", "assignment", TEST_CELL))
    ]
    return "\n\n\n".join(cell.source for cell in own)


def models(name: str, released: bool) -> dict[str, Model]:
    """The model solution and the rubric of each exercise and each answer in words, as authored.

    Args:
        name: of the assignment.
        released: whether students may see the solutions.

    FileNotFoundError outside a checkout.
    """
    import nbformat

    found = {}
    for cell in nbformat.read(source_notebook(name), as_version=4).cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution"):
            lines = [x for x in cell.source.splitlines() if x.strip() not in SOLUTION_MARKS]
            solution, _, rubric = "\n".join(lines).partition("**Rubric.**")
            solution = solution.strip().removeprefix("**Model answer.**").strip()
            found[mark["grade_id"]] = Model(solution, rubric.strip(), released)
    return found


def load_mistakes(name: str) -> list[Mistake]:
    """The typical wrong solutions in an assignment's `mistakes.py`. FileNotFoundError if there is none,
    GradingError if it does not list them.
    """
    path = course_file(f"solutions/{name}/mistakes.py")
    module = module_of(f"{name}-mistakes", path.read_text(encoding="utf-8"))
    told = getattr(module, "MISTAKES", None)
    if not isinstance(told, (list, tuple)) or not all(isinstance(one, Mistake) for one in told):
        raise GradingError(
            f"solutions/{name}/mistakes.py: MISTAKES should be a list of Mistake(exercise, what, code, "
            "told), imported from lmcourse.grading.course"
        )
    return [*told]


def module_of(name: str, source: str) -> ModuleType:
    """A module made from the source of an assignment's checks or mistakes, executed anew."""
    module = ModuleType(f"lmcourse_checks_{name.replace('-', '_')}")
    sys.modules[module.__name__] = module  # dataclasses look a module up by its name
    path = f"{name}/checks.py"
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)  # for `inspect`
    exec(compile(source, path, "exec"), vars(module))
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
