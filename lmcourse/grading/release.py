"""Make the students' version of an assignment: `python -m lmcourse.grading.release [NAME …]`.

nbgrader's own `generate_assignment` does it, in a scratch course, so that no gradebook is left behind; its
hook adds what students need besides: the public checks, and in the notebook what the tables say. The same
input gives the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import nbformat

from lmcourse import console
from lmcourse.files import course_file
from lmcourse.grading import derive
from lmcourse.grading.checks import Check, checks_in
from lmcourse.grading.course import (
    TEST_CELL,
    GradingError,
    code_of,
    load_mistakes,
    module_of,
    source_notebook,
)
from lmcourse.grading.exercise import Exercise
from lmcourse.grading.notebooks import grade_id
from lmcourse.grading.public import public_part
from lmcourse.grading.rules import broken_rules, remarks
from lmcourse.setup_cell import setup_source

TAKES = re.compile(r"#{1,6} [^\n]{1,200} \((\d{1,4}) minutes, ")
HEADER = "# Made from solutions/{name}/checks.py: the checks that answer in the notebook. Do not edit.\n"


def finish(assignment: str, release_directory: Path, **_: object) -> None:
    """Put the public checks beside a released notebook, and into it what its exercises' tables say."""
    source = course_file(f"solutions/{assignment}/checks.py").read_text(encoding="utf-8")
    text = (
        HEADER.format(name=assignment)
        + public_part(source)
        + hidden_weights(assignment)
        + derive.reasons_source(derive.reasons(assignment))
    )
    (release_directory / assignment / "public_checks.py").write_text(text, encoding="utf-8")
    if tables := derive.exercises(assignment):
        (path,) = (release_directory / assignment).glob("*.ipynb")
        notebook = nbformat.read(path, as_version=4)
        introduce(notebook, tables)
        write(notebook, path)


def hidden_weights(assignment: str) -> str:
    """The statement that tells students' checks how much the hidden ones weigh, so that they can say which
    part of the points is theirs.
    """
    weights: dict[str, float] = {}
    source = course_file(f"solutions/{assignment}/checks.py").read_text(encoding="utf-8")
    for check in checks_in(module_of(f"{assignment}-weights", source)):
        if check.hidden:
            weights[check.exercise] = weights.get(check.exercise, 0.0) + check.weight
    comment = "# What the checks of an exercise weigh that are asked only for the grade."
    return f"\n\n{comment}\nUNSEEN_WEIGHTS = {weights!r}\n"


def introduce(notebook: nbformat.NotebookNode, tables: list[Exercise]) -> None:
    """Add time, points and two folded hints to the cell that introduces each exercise, in place."""
    introductions = {cell.id: cell for cell in notebook.cells if cell.cell_type == "markdown"}
    for exercise in tables:
        cell = introductions[f"intro-{exercise.name}"]
        title, _, text = cell.source.partition("\n")
        cell.source = f"{title} {exercise.heading()}\n{text}\n\n{exercise.folded_hints()}"
    minutes = sum(int(said[1]) for cell in introductions.values() if (said := TAKES.match(cell.source)))
    if (hours := round(minutes / 60)) > 1:
        first = next(iter(introductions.values()))
        first.source += f"\n\nAll of it together takes about {hours} hours."


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook as nbgrader does, and end it with a newline."""
    path.write_text(nbformat.writes(notebook, indent=1).rstrip("\n") + "\n", encoding="utf-8")


def after_generate_assignment(assignment: str, **_: object) -> None:
    """The same, as nbgrader's hook."""
    finish(assignment, Path("notebooks/assignments"))


# As `python -m nbgrader`, but for what costs seconds and has no use (see `lmcourse.grading`).
NBGRADER = (
    "import sys; sys.modules['rfc3987_syntax'] = None; from nbgrader.apps.nbgraderapp import main; main()"
)


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run stock nbgrader in a course folder, untouched by the user's own Jupyter configuration."""
    programs = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )  # it calls alembic
    environment = {
        **os.environ,
        "PATH": programs,
        "JUPYTER_CONFIG_DIR": str(course / ".jupyter"),
        "PYTHONWARNINGS": "ignore",
    }
    environment.pop("NBGRADER_EXECUTION", None)
    return subprocess.run(
        [sys.executable, "-c", NBGRADER, *arguments],
        cwd=course,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def make_course(folder: Path, name: str) -> None:
    """A scratch course folder with nbgrader's configuration and one authored assignment in it, released.

    Raises GradingError with nbgrader's own words if that fails.
    """
    shutil.copy(course_file("nbgrader_config.py"), folder)
    authored = course_file(f"solutions/{name}")
    shutil.copytree(authored, folder / "solutions" / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    done = nbgrader(folder, "generate_assignment", name)
    released = folder / "notebooks" / "assignments"
    if done.returncode or not (released / name / "public_checks.py").is_file():
        raise GradingError(f"nbgrader generate_assignment failed for {name}:\n{done.stdout}")


def refreshed(name: str) -> nbformat.NotebookNode:
    """An authored notebook with what is told elsewhere: the setup cell, a table's names and points.

    Raises GradingError, with all that is wrong, if the notebook and the tables do not fit together.
    """
    notebook = nbformat.read(source_notebook(name), as_version=4)
    tables = _tables(name)
    for exercise in tables:
        name_cells(notebook, exercise)
    points = {TEST_CELL + exercise.name: exercise.points for exercise in tables}
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = setup_source()
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade") and mark["grade_id"] in points:
            mark["points"] = points[mark["grade_id"]]
    source, cells = code_of(notebook), derive.solutions_in(notebook)
    faults = [*broken_rules(name, notebook, _checks(name), _mistaken(name, tables))]
    faults += [fault for table in tables for fault in derive.faults(table, source, cells[table.name])]
    if faults:
        raise GradingError("\n  ".join([f"solutions/{name}:", *faults]))
    return notebook


def _checks(name: str) -> list[Check]:
    """The authored checks, hidden ones included, whether released or not."""
    path = course_file(f"solutions/{name}/checks.py")
    return checks_in(module_of(name, path.read_text(encoding="utf-8")))


def _mistaken(name: str, tables: list[Exercise]) -> set[str]:
    """The exercises of which a typical mistake is told."""
    try:
        told = {mistake.exercise for mistake in load_mistakes(name)}
    except FileNotFoundError:
        told = set()
    return told | {table.name for table in tables if table.slips}


def _tables(name: str) -> list[Exercise]:
    """`derive.exercises`; GradingError, naming the line, if checks.py does not run."""
    try:
        return derive.exercises(name)
    except Exception as error:  # whatever an author's code may raise
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename.endswith("/checks.py")]
        line, said = lines[-1] if lines else "?", error
        if isinstance(error, SyntaxError):
            line, said = error.lineno, error.msg
        raise GradingError(
            f"solutions/{name}/checks.py, line {line}: {type(error).__name__}: {said}"
        ) from error


def name_cells(notebook: nbformat.NotebookNode, exercise: Exercise) -> None:
    """Give the cells of an exercise told as a table their ids, in place, however they came about.

    nbgrader's `grade_id`, which JupyterLab shows as a cell's ID, says which are the solution's and the
    test's; the last heading before the solution introduces it.

    Raises GradingError if there is no such cell.
    """
    graded = {grade_id(cell): place for place, cell in enumerate(notebook.cells)}
    name = exercise.name
    for wanted in [name, TEST_CELL + name] if exercise.points else [name]:
        if wanted not in graded:
            raise GradingError(
                f"checks.py tells an exercise {name!r}, but no cell of the notebook has the nbgrader ID "
                f"{wanted!r}; there are {', '.join(filter(None, graded))}"
            )
        notebook.cells[graded[wanted]].id = wanted
    before = notebook.cells[: graded[name]]
    headings = [c for c in before if c.cell_type == "markdown" and c.source.startswith("#")]
    if not headings:
        raise GradingError(f"no heading stands before the cell {name!r}: write one that introduces it")
    headings[-1].id = f"intro-{name}"


def release(name: str, destination: Path) -> None:
    """Write the students' version of an assignment to `destination`, replacing what is there."""
    with tempfile.TemporaryDirectory() as scratch:
        make_course(Path(scratch), name)
        made = Path(scratch) / "notebooks" / "assignments" / name
        shutil.rmtree(destination, ignore_errors=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, destination)


def main(names: list[str]) -> int:
    """Release the named assignments, or all: nothing is written unless all are right. The exit status."""
    console.widen()
    solutions = course_file("solutions")
    known = sorted(path.parent.name for path in solutions.glob("*/checks.py"))
    try:
        for name, notebook in _all_right(names or known, known).items():
            path = source_notebook(name)
            if notebook != nbformat.read(path, as_version=4):
                write(notebook, path)
            release(name, solutions.parent / "notebooks" / "assignments" / name)
            print(f"notebooks/assignments/{name}", *remarks(notebook), sep="; ")
    except GradingError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _all_right(names: list[str], known: list[str]) -> dict[str, nbformat.NotebookNode]:
    """The authored notebooks, refreshed. Raises GradingError with all that is wrong with any of them."""
    notebooks, wrong = {}, []
    for name in names:
        try:
            if name not in known:
                raise GradingError(
                    f"there is no assignment {name!r} in solutions/; there are: {', '.join(known)}"
                )
            notebooks[name] = refreshed(name)
        except GradingError as error:
            wrong.append(str(error))
    if wrong:
        raise GradingError("\n".join([*wrong, "Nothing was released."]))
    return notebooks


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
