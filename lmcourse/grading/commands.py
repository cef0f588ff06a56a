"""The instructor's commands, `lmcourse grade | feedback | collect | export`: for the course's repository."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcourse.files import course_file
from lmcourse.grading.course import GradingError, require_assignment

if TYPE_CHECKING:
    from lmcourse.grading.deadline import Deadline
    from lmcourse.grading.roster import Roster

# What a command needs is imported in it: databases and notebooks take seconds to load, and a student who asks
# for `lmcourse check` should not wait for them.

Name = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="For example 01-language-models.")]
Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Folders of zips or notebooks as an LMS exports them, its one zip, submitted/, single files.",
    ),
]
Course = Annotated[
    str, typer.Option(help="The folder with nbgrader_config.py; this one, or else the repository.")
]
Database = Annotated[
    str, typer.Option(help="nbgrader's gradebook: sqlite:///… or postgresql://…; gradebook.db of the course.")
]
RosterFile = Annotated[
    str, typer.Option("--roster", help="A CSV that tells which student the LMS means by which name.")
]

Kind = Annotated[
    str,
    typer.Option(
        "--from",
        help="Whose names the files have: canvas, moodle, blackboard, gradescope, brightspace, nbgrader or "
        "folder (named after students); found out if not given, but for an LMS's zip.",
    ),
]
# What is not there -> who needs it, and what to do.
EXTRAS = {
    **dict.fromkeys(("nbgrader", "sqlalchemy", "psycopg", "distributed", "nbconvert"), "grading"),
    **dict.fromkeys(("torch", "safetensors"), "neural"),
}


def without(module: str) -> str:
    """What to tell where a module is not installed; empty if nothing is known about it."""
    module = module.partition(".")[0]
    if module in ("fcntl", "resource"):
        return "grading needs Linux; on another system use it in a Linux virtual machine"
    if module not in EXTRAS:
        return ""
    said = f"this needs {module}, which is not installed: pip install 'lmcourse[{EXTRAS[module]}]'"
    repository = ". It also needs the course's repository, which has the hidden checks"
    return said + (repository if EXTRAS[module] == "grading" else "")


def grade(
    assignment: Name,
    paths: Paths,
    kind: Kind = "",
    course: Course = "",
    db: Database = "",
    roster: RosterFile = "",
    workers: Annotated[int, typer.Option(min=0, help="Processes on this machine; 0: one a core.")] = 0,
    scheduler: Annotated[
        str, typer.Option(help="A Dask scheduler's address: grade on its workers instead.")
    ] = "",
    regrade: Annotated[
        list[str] | None,
        typer.Option(help="A student to grade again, with fresh inputs (repeatable), or all."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Of the inputs: repeats a grading; drawn anew if not given."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1.0, help="Allowed for one whole notebook.")] = 120.0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Record nothing: say which results the checks of today would change."),
    ] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Without a sandbox: students' code runs with your rights.")
    ] = False,
) -> None:
    """Grade what was handed in: each student's code alone in a sandbox, the checks outside of it."""
    from lmcourse.grading import grade as grading
    from lmcourse.grading.isolated import Times
    from lmcourse.grading.summary import summary
    from lmcourse.grading.trial import try_again

    folder = course_folder(course)
    options = grading.Options(
        folder,
        db or folder / "gradebook.db",
        workers or len(os.sched_getaffinity(0)),
        scheduler,
        seed,
        tuple(regrade or ()),
        unsafe,
        Times(notebook=seconds),
    )
    if dry_run:
        _existing(db, folder)
        typer.echo(try_again(assignment, paths, options, _roster(roster), kind))
        return
    done = grading.run(assignment, paths, options, _roster(roster), kind)
    typer.echo(summary(done, options))


def course_folder(given: str) -> Path:
    """The folder given, or this one if nbgrader's configuration is here, or else the checkout.

    Raises GradingError if the folder given does not exist.
    """
    if given:
        if not Path(given).is_dir():
            raise GradingError(f"--course {given}: there is no such folder")
        return Path(given).resolve()
    if Path("nbgrader_config.py").exists():
        return Path.cwd()
    return course_file("nbgrader_config.py").parent


def collect(
    assignment: Name,
    paths: Paths,
    kind: Kind = "",
    course: Course = "",
    roster: RosterFile = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Also over a submission that is not known to be older.")
    ] = False,
) -> None:
    """Put submissions from an LMS where nbgrader looks for them: submitted/STUDENT/ASSIGNMENT/."""
    from lmcourse.grading.collecting import collect
    from lmcourse.grading.deadline import CONFIG

    deadline, folder = None, course_folder(course)
    if (folder / CONFIG).exists():  # says what is due when; only this takes nbgrader
        from lmcourse.grading.late import deadline_of

        deadline = deadline_of(folder, assignment)
    folder /= "submitted"
    rows, found = collect(assignment, paths, folder, _roster(roster), replace, kind, deadline)
    typer.echo(found.origin)
    for row in rows:
        if row.reason or row.outcome not in ("collected", "unchanged"):
            typer.echo(f"{row.student}: {row.outcome}" + (f", {row.reason}" if row.reason else ""))
    for line in found.unused:
        typer.echo(f"not looked at: {line}")
    counts = Counter(row.outcome for row in rows)
    typer.echo(", ".join(f"{n} {outcome}" for outcome, n in counts.items()) + f", in {folder}")


def feedback(
    assignment: Name,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="What you graded: then also a zip for the LMS to return."),
    ] = None,
    kind: Kind = "",
    course: Course = "",
    db: Database = "",
    roster: RosterFile = "",
    solutions: Annotated[
        bool | None,
        typer.Option(help="Whether the pages show the model solutions; remembered, not shown at first."),
    ] = None,
) -> None:
    """Write the feedback pages anew, with the scores and comments that people gave in formgrader."""
    from lmcourse.grading import grade as grading
    from lmcourse.grading.gradebook import GradebookWriter
    from lmcourse.grading.intake import find_submissions
    from lmcourse.grading.late import deadline_of
    from lmcourse.grading.returning import write_zip

    folder = course_folder(course)
    deadline = deadline_of(folder, assignment)
    book = GradebookWriter(_existing(db, folder))
    deadline = book.deadline(assignment, deadline)
    count = grading.write_feedback(assignment, folder, _existing(db, folder), solutions)
    _say_when(deadline, [*book.results(assignment)], _roster(roster))
    typer.echo(f"wrote {count} pages below {folder / 'feedback'}")
    if paths:
        found = find_submissions(paths, assignment, _roster(roster), kind, deadline)
        done = write_zip(found, assignment, folder)
        without = len(found.handed) - done.pages
        if without:
            typer.echo(f"! {without} of those who handed in have no page yet: grade them first")
        upload = done.where and f"; upload it {done.where}"
        typer.echo("\n".join([f"packed {done.pages} of them into {done.path}{upload}", *done.changes]))


def export(
    assignment: Name,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The CSV to write; ASSIGNMENT-FORMAT.csv here if not given.")
    ] = "",
    kind: Annotated[str, typer.Option("--format", help="canvas, moodle or csv.")] = "csv",
    template: Annotated[
        str, typer.Option(help="The table to fill: Canvas's exported gradebook, Moodle's grading worksheet.")
    ] = "",
    column: Annotated[str, typer.Option(help="Canvas's name of the assignment.")] = "",
    course: Course = "",
    db: Database = "",
    roster: RosterFile = "",
) -> None:
    """Write the grades of the gradebook, manual ones included, as a CSV that the LMS imports."""
    from lmcourse.grading import lms
    from lmcourse.grading.gradebook import GradebookWriter
    from lmcourse.grading.late import deadline_of

    folder = course_folder(course)
    book = GradebookWriter(_existing(db, folder))
    deadline = book.deadline(assignment, deadline_of(folder, assignment))
    book.penalise(assignment, deadline)
    table = lms.Table.read(Path(template)) if template else None
    rows = book.scores(assignment)
    if not rows:
        raise GradingError(f"the gradebook has nobody in {require_assignment(assignment)}: grade it first")
    off = {row["student"]: row["late_submission_penalty"] for row in rows}
    grades = {
        row["student"]: (max(0.0, row["score"] - off[row["student"]]), row["max_score"], "") for row in rows
    }
    people = _roster(roster)
    _say_when(deadline, {*grades}, people)
    done = lms.export_grades(kind, grades, table, people or book.people(assignment), column)
    waiting = sum(row["needs_manual_grade"] for row in rows)
    if waiting:
        typer.echo(
            f"! {waiting} submissions still wait for a person; what was never read counts 0 here, "
            "what is to be looked at again counts as before"
        )
    for problem in done.problems:
        typer.echo(f"! {problem}")
    output = output or f"{assignment}-{kind}.csv"
    Path(output).write_text(done.text, encoding="utf-8", newline="")
    typer.echo(f"wrote {output}")


def statistics(assignment: Name, course: Course = "", db: Database = "", roster: RosterFile = "") -> None:
    """Write how the class did in each exercise and check, and which submissions are alike."""
    from lmcourse.grading.overview import write_statistics

    folder = course_folder(course)
    for path in write_statistics(assignment, folder, _existing(db, folder), _roster(roster)):
        typer.echo(f"wrote {path}")


def _existing(db: str, folder: Path) -> str | Path:
    """The gradebook's address; GradingError if it is a file that does not exist."""
    address = db or folder / "gradebook.db"
    file = db.removeprefix("sqlite:///") if db.startswith("sqlite:///") else folder / "gradebook.db"
    if (not db or db.startswith("sqlite:///")) and not Path(file).exists():
        raise GradingError(f"there is no gradebook at {file}: name it with --db or --course")
    return address


def _say_when(deadline: Deadline, students: Collection[str], roster: Roster | None) -> None:
    """What seems odd in the deadline, and which one counts where the configuration has none."""
    said = [] if deadline.whence == "nbgrader_config.py" else [str(deadline)]
    for line in filter(None, [*said, *deadline.doubts, *deadline.nobodys(students, roster)]):
        typer.echo(f"! {line}")


def _roster(path: str) -> Roster | None:
    from lmcourse.grading.roster import Roster

    return Roster.read(Path(path)) if path else None
