"""The command line: `lmcourse data | check | submit`, and for instructors what `grading.commands` has.

What the user gets wrong is answered by one message on stderr and exit status 2, with nothing written; a
check that does not pass gives exit status 1. Written answers are graded by hand: one that is still empty is
named, and changes no status.
"""

from __future__ import annotations

import difflib
import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import lmcourse
from lmcourse import console
from lmcourse.data import ABSENT, WANTED, DataError, damage, fetch
from lmcourse.grading import commands
from lmcourse.grading.assignment import Assignment
from lmcourse.grading.course import RUNNING, GradingError, cell_of, load_checks, require_assignment
from lmcourse.grading.report import Report
from lmcourse.grading.runner import Run

if TYPE_CHECKING:
    from lmcourse.grading.submission import Submission

# What reads notebooks is imported by the commands that need it: nbformat takes a second to load.

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lmcourse {lmcourse.__version__}")
        raise typer.Exit


AssignmentName = Annotated[
    str,
    typer.Option("--assignment", help="The assignment's name; recognised from the notebook if not given."),
]


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """A course on language models: its data, and its assignments' checks and submissions."""


@app.command()
def data(
    names: Annotated[
        list[str], typer.Argument(metavar="[NAME]...", help="Which packages; all if none.")
    ] = (),
) -> None:
    """Download the texts the course reads, check them, and say where they are.

    What is in the cache already is checked too, and fetched again if it is not as it should be.
    """
    for name in names or sorted(WANTED):
        if (wrong := damage(name, thorough=True)) not in ("", ABSENT):
            typer.echo(f"{name} in the cache is {wrong}; fetching it again")
        folder = fetch(name, thorough=True)
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
        typer.echo(f"{folder.name}: {len(files)} files, {size:.1f} MB in {folder}")


@app.command()
def check(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[PATH] [EXERCISE]...", help="A notebook or its folder (default: here); exercises."
        ),
    ] = (),
    assignment: AssignmentName = "",
    seconds: Annotated[float, typer.Option(min=1.0, help="Seconds of computing for the notebook.")] = 120.0,
) -> None:
    """Run a notebook's cells in a fresh process, then its checks, and explain what does not pass yet.

    Exit status 0 if all graded exercises pass; of written answers, graded by hand, you are only reminded.
    """
    from lmcourse.grading.at_home import answers_in, checked
    from lmcourse.grading.graft import repair
    from lmcourse.grading.notebooks import grade_id, role
    from lmcourse.grading.recognise import find

    _refuse_inside_a_check()
    if assignment:
        require_assignment(assignment)
    path, exercises = _path_and_exercises(list(what))
    release, source, student = find(path, assignment)
    known = list(dict.fromkeys(c.exercise for c in load_checks(release.assignment)))
    by_a_person = [c for c in release.notebook.cells if role(c) == "solution" and c.metadata.nbgrader.grade]
    written = [grade_id(c) for c in by_a_person]
    _require_known(exercises, known + written, release.assignment)
    typer.echo(f"{release.assignment}: {source}")
    repaired = repair(release, student)
    to_run = [name for name in exercises if name in known]
    reports = []
    if to_run or not exercises:
        done = checked(release, repaired, source.resolve().parent, to_run, seconds)
        reports = _told(done, release.worth(), briefly=not exercises)
    tests = {grade_id(cell) for cell in release.notebook.cells}
    graded = [report for report in reports if cell_of(report.exercise) in tests]
    said = answers_in(repaired)
    if not exercises:
        typer.echo(f"\n{Assignment(release.assignment).progress(reports, said).as_text()}\n")
    if graded:
        passed = sum(report.passed for report in graded)
        typer.echo(f"{passed} of {len(graded)} graded exercises pass all their public checks")
    for name in [name for name in written if name in exercises or not exercises]:
        state = "there is one" if name in said else "still empty; write it before you hand in"
        typer.echo(f"the written answer ({name}), which is graded by hand: {state}")
    raise typer.Exit(0 if all(report.passed for report in graded or reports) else 1)


def _refuse_inside_a_check() -> None:
    """A notebook may hold a cell `!lmcourse check`; run by a check, it must not start another."""
    if os.environ.get(RUNNING):
        raise GradingError("this notebook is being checked right now")


def _require_known(exercises: list[str], known: list[str], assignment: str) -> None:
    """GradingError, listing those that exist, at the first exercise that does not."""
    for name in exercises:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise GradingError(
                f"there is no exercise {name!r} in {assignment}"
                + (f"; did you mean {near[0]}?" if near else "")
                + f"\nexercises: {', '.join(known)}"
            )


def _told(done: Run, worth: Mapping[str, str], briefly: bool) -> list[Report]:
    """Print what a run of the notebook brought, and what each exercise is worth; its reports.

    If it is to be `briefly`, of an exercise that is not begun only that.
    """
    for failure in done.failures:
        typer.echo(textwrap.fill(f"! {failure}", 88, subsequent_indent="  "))
    if done.failures:
        typer.echo("  (A cell that fails costs nothing by itself, unless a function needs what is in it.)")
    for report in done.reports:
        said = report.as_text(worth=worth.get(report.exercise, ""))
        if briefly and not report.begun:
            said = f"{report.exercise} ({worth.get(report.exercise, '')}): not written yet"
        typer.echo("\n" + said)
    return done.reports


def _path_and_exercises(words: list[str]) -> tuple[Path, list[str]]:
    """The first word is a path if it is one or looks like one; the others are exercises."""
    if words and (Path(words[0]).exists() or "." in words[0] or "/" in words[0] or "\\" in words[0]):
        return Path(words[0]), words[1:]
    return Path("."), words


@app.command()
def submit(
    path: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds it.")] = Path("."),
    assignment: AssignmentName = "",
    output: Annotated[str, typer.Option(help="The zip to write; ASSIGNMENT.zip here if not given.")] = "",
    check: Annotated[bool, typer.Option(help="Run the public checks, and say the points.")] = True,
) -> None:
    """Pack an assignment: find it, repair it, write the zip to hand in, say what is missing, and points."""
    from lmcourse.grading.submission import submit as write

    _refuse_inside_a_check()
    if assignment:
        require_assignment(assignment)
    done = write(path, assignment, Path(output) if output else None)
    repaired = done.repaired
    typer.echo(f"{done.assignment}: {done.source}")
    for label, names in (
        ("answered", repaired.answered),
        ("as handed out, nothing to grade", repaired.untouched),
        ("not found, so nothing to grade", repaired.missing),
    ):
        if names:
            typer.echo(
                textwrap.fill(
                    f"{label}: {', '.join(names)}", 88, initial_indent="  ", subsequent_indent="    "
                )
            )
    for note in repaired.notes:
        typer.echo(f"  {note}")
    if check:
        _points_of(done)
    typer.echo(f"wrote {done.archive}: hand in this file")


def _points_of(done: Submission) -> None:
    """Print what the public checks give for what was packed; whatever comes of them, it is packed."""
    from lmcourse.grading.at_home import answers_in, checked
    from lmcourse.grading.notebooks import Release

    typer.echo("  running it and its public checks …\n")
    try:
        seen = checked(Release.of(done.assignment), done.repaired, done.source.resolve().parent)
    except GradingError as error:
        typer.echo(f"! no points can be told: {error}\n")
        return
    progress = Assignment(done.assignment).progress(seen.reports, answers_in(done.repaired))
    typer.echo(f"{progress.as_text()}\n")
    if any(row.sign in "✗◐" for row in progress.rows):
        typer.echo("lmcourse check says what does not pass, and why; you may hand in as it is")


for name in ("collect", "grade", "feedback", "export", "statistics"):
    app.command()(getattr(commands, name))


@app.command()
def grade_demo(
    folder: Annotated[str, typer.Argument(help="An empty or new folder; a scratch one if not given.")] = "",
) -> None:
    """Show an instructor the whole loop: invented submissions, graded by nbgrader (needs the repository)."""
    from lmcourse.grading.demo import show

    raise typer.Exit(show(Path(folder) if folder else None))


def main() -> None:
    """Run a command; turn what the user can mend into one message."""
    console.widen()
    try:
        app()
    except (ValueError, OSError, DataError) as error:
        said = str(error)
    except ModuleNotFoundError as error:
        said = commands.without(error.name or "")
        if not said:
            raise
    typer.echo(f"lmcourse: {said}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
