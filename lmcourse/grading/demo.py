"""The whole loop for an instructor to see: `python -m lmcourse.grading.demo [FOLDER]`.

In a course folder of its own, invented students hand in assignment 1; stock nbgrader grades, writes
feedback pages and exports a CSV. The wrong answers are those of `mistakes.py`, which lies beside the
checks.
"""

from __future__ import annotations

import html
import inspect
import os
import re
import shutil
import sys
import tempfile
import textwrap
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from lmcourse.files import course_file
from lmcourse.grading import course
from lmcourse.grading.course import GradingError, exercise_of
from lmcourse.grading.release import make_course, nbgrader
from lmcourse.grading.report import MIME, Report
from lmcourse.grading.submission import submit

ASSIGNMENT = "01-language-models"
NOISE = """
import logging, os, sys, warnings
logging.basicConfig()  # its handler keeps the stream that is sys.stderr now
def {name}(*args, _quiet={name}, **kwargs):
    warnings.warn("this will be deprecated some day")
    logging.warning("a warning through logging")
    print("a line on stderr", file=sys.stderr)
    os.write(2, b"a line on file descriptor 2\\n")
    print("a line on stdout")
    return _quiet(*args, **kwargs)
"""


@dataclass
class Row:
    """One line of the table."""

    student: str
    points: float | None = None  # None: could not be graded
    max_points: float = 0.0
    by_exercise: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


@dataclass
class Demo:
    """What came of it, and where it lies."""

    rows: list[Row]
    table: Path  # the exported CSV
    pages: dict[str, Path]  # feedback page of each student
    leaks: list[str]  # what a feedback page reveals of the hidden checks: nothing, one hopes
    log: str  # what nbgrader said


def solutions() -> dict[str, str]:
    """Grading id -> the authored solution."""
    notebook = nbformat.read(course.source_notebook(ASSIGNMENT), as_version=4)
    marks = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    filled = {mark["grade_id"]: cell.source for cell, mark in marks if mark.get("solution")}
    return {
        name: re.sub(r"(?m)^ *### (BEGIN|END) SOLUTION\n?", "", text).strip() for name, text in filled.items()
    }


def answers() -> dict[str, dict[str, str]]:
    """Invented students and what they wrote, by grading id; what is left out stays as handed out."""
    right = {
        **solutions(),
        "parroting": "Because it listens to itself. (An answer for the instructor to read.)",
    }
    mistakes: dict[str, list[str]] = {}
    for mistake in course.load_mistakes(ASSIGNMENT):
        mistakes.setdefault(mistake.exercise, []).append(mistake.code.strip())
    noisy = {}
    for name, code in right.items():
        functions = re.findall(r"^def (\w+)", code, flags=re.MULTILINE)
        noisy[name] = code + "".join(NOISE.format(name=f) for f in functions[:1])
    return {
        "ada-perfect": right,
        "bela-warns": noisy,
        "carl-partial": {
            **right,
            **{name: mistakes[name][0] for name in ("chain_rule", "typical", "best_sentence")},
        },
        "dora-wrong": {name: codes[-1] for name, codes in mistakes.items()},
        "emil-endless": {
            **right,
            "annealed_sequence": "def annealed_next(*_):\n    while True:\n        pass",
        },
        "fred-unfinished": {},
    }


def run(folder: Path) -> Demo:
    """Play the whole loop in an empty folder. Raises GradingError if nbgrader fails where it should not."""
    make_course(folder, ASSIGNMENT)
    rows = _hand_in(folder)
    log = ""
    for arguments in (
        ("autograde", ASSIGNMENT),
        ("generate_feedback", ASSIGNMENT),
        ("export", "--to", "grades.csv"),
    ):
        done = nbgrader(folder, *arguments)  # exit status 1 if one submission of many could not be graded
        log += done.stdout
    table = folder / "grades.csv"
    if not table.exists():
        raise GradingError(f"nbgrader exported no grades:\n{log}")
    pages = {page.parent.parent.name: page for page in sorted(folder.glob(f"feedback/*/{ASSIGNMENT}/*.html"))}
    for row in rows.values():
        _read_grades(folder, row)
    leaks = [
        f"{name}: {leak}"
        for name, page in pages.items()
        for leak in revealed(page.read_text(encoding="utf-8"))
    ]
    return Demo(list(rows.values()), table, pages, leaks, log)


def _hand_in(folder: Path) -> dict[str, Row]:
    """Write the notebooks, pack each with `submit`, and unpack the zips where nbgrader looks for them."""
    released = course_file(f"notebooks/assignments/{ASSIGNMENT}")
    notebook_path = next(released.glob("*.ipynb"))
    rows = {}
    desks = folder / "desks"
    for student, answer in answers().items():
        notebook = nbformat.read(notebook_path, as_version=4)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answer.get(name, cell.source)
        desk = desks / student
        desk.mkdir(parents=True)
        nbformat.write(notebook, desk / "My answers (final) (2).ipynb")
        rows[student] = Row(student)
    whole = notebook_path.read_text(encoding="utf-8")
    for student, text in (("gina-cut-off", whole[: len(whole) // 2]), ("hugo-empty", "")):
        (desks / student).mkdir()
        (desks / student / notebook_path.name).write_text(text, encoding="utf-8")
        rows[student] = Row(student)
    for student, row in rows.items():
        place = folder / "submitted" / student / ASSIGNMENT
        place.mkdir(parents=True)
        try:
            done = submit(desks / student, ASSIGNMENT, desks / student / "submission.zip")
        except GradingError as error:
            said = str(error).splitlines()[-1].replace(f"{desks / student}{os.sep}", "")
            row.reasons.append(f"lmcourse submit refused it: {said}")
            # someone who mails the file itself instead must not keep the others from being graded
            shutil.copy(desks / student / notebook_path.name, place)
        else:
            with zipfile.ZipFile(done.archive) as archive:
                archive.extractall(place)
    return rows


def _read_grades(folder: Path, row: Row) -> None:
    """Points and reasons of one student, from the notebook that nbgrader has graded."""
    from nbgrader.utils import determine_grade, is_grade

    graded = sorted((folder / "autograded" / row.student / ASSIGNMENT).glob("*.ipynb"))
    if not graded:
        return
    row.points = 0.0
    for cell in nbformat.read(graded[0], as_version=4).cells:
        if not is_grade(cell):
            continue
        points, maximum = determine_grade(cell)
        name = exercise_of(cell.metadata.nbgrader.grade_id)
        row.max_points += maximum
        if points is None:
            row.reasons.append(f"{name}: to be read by the instructor")
            continue
        row.points += points
        row.by_exercise[name] = points
        reports = [
            Report.from_json(o.data[MIME]) for o in cell.get("outputs", []) if MIME in o.get("data", {})
        ]
        for first, *more in (report.reasons() for report in reports if not report.passed):
            row.reasons.append(f"{name}: {first}" + (f" (and {len(more)} more)" if more else ""))


def revealed(page: str) -> list[str]:
    """What a feedback page shows of the hidden checks or of the files that hold them, line by line."""
    text = html.unescape(re.sub(r"<[^<>]*>", "", page))
    found = [f"mentions {path!r}" for path in ("checks.py", "grading/local.py") if path in text]
    public = {
        line.strip() for check in course.load_checks(ASSIGNMENT) if not check.hidden for line in _lines(check)
    }
    for check in course.load_checks(ASSIGNMENT):
        if check.hidden:
            # what a student may read of it anyway is its hint, which stands in its decorator
            secret = {line for line in _lines(check) if len(line) > 20 and line not in public}
            found += [
                f"shows {line!r}" for line in secret if line in text and line.strip('", ') not in check.hint
            ]
            found += [f"names {check.name!r}"] if f"{check.name}(student" in text else []
    return found


def _lines(check: course.Check) -> list[str]:
    return [line.strip() for line in inspect.getsource(check.function).splitlines()]


def as_text(demo: Demo) -> str:
    """The table of grades with reasons, and where everything is."""
    names = list(next(row.by_exercise for row in demo.rows if row.by_exercise))
    short = {name: f"{n}" for n, name in enumerate(names, 1)}
    lines = ["student".ljust(17) + "points".rjust(9) + "".join(short[n].rjust(6) for n in names)]
    for row in demo.rows:
        points = "—" if row.points is None else f"{row.points:g}"
        cells = [f"{row.by_exercise[n]:g}" if n in row.by_exercise else "" for n in names]
        lines.append(row.student.ljust(17) + points.rjust(9) + "".join(cell.rjust(6) for cell in cells))
    maximum = max(row.max_points for row in demo.rows)
    lines += [
        "",
        f"of {maximum:g} points, a written answer included: "
        + ", ".join(f"{i} {n}" for n, i in short.items()),
    ]
    lines += ["", "Why"]
    for row in demo.rows:
        lines.append(f"  {row.student}")
        for reason in row.reasons:
            lines += textwrap.wrap(reason, 100, initial_indent="    ", subsequent_indent="      ")
    lines += ["", f"grades    {demo.table}"]
    lines += [f"feedback  {page}" for page in demo.pages.values()]
    lines += [
        "",
        "feedback reveals of the hidden checks: "
        + ("nothing" if not demo.leaks else "\n  ".join(demo.leaks)),
    ]
    return "\n".join(lines)


def show(folder: Path | None = None) -> int:
    """Run the demonstration in an empty folder, or in a scratch one that is left for inspection; print it.

    Returns 0, or 1 if a feedback page reveals anything. Raises GradingError if the folder is not empty.
    """
    folder = folder.resolve() if folder else Path(tempfile.mkdtemp(prefix="lmcourse-grading-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise GradingError(f"{folder} is not empty; give an empty folder, or a new one")
    print("Eight invented students hand in, and nbgrader grades them: a minute or two …", flush=True)
    demo = run(folder)
    print(as_text(demo))
    return 1 if demo.leaks else 0


if __name__ == "__main__":
    try:
        sys.exit(show(*map(Path, sys.argv[1:])))
    except GradingError as error:
        sys.exit(f"grade-demo: {error}")
