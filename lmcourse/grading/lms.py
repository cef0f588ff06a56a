"""Between a learning management system and the course: its roster, its submissions, its table of grades.

What comes and goes are the CSV files of Canvas (its `lib/gradebook_exporter.rb` and `gradebook_importer.rb`)
and of Moodle (`mod/assign/gradingtable.php`, `feedback/offline/importgradeslib.php`), and simple ones of our
own. No network: the instructor downloads and uploads.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import nbformat

from lmcourse.grading.apart import READING_SECONDS, TOO_LONG, Apart, Died, reading
from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import repair
from lmcourse.grading.intake import Found, Handed, find_submissions
from lmcourse.grading.naming import moment
from lmcourse.grading.notebooks import Release
from lmcourse.grading.roster import WORKSHEET, Roster, Student, Table
from lmcourse.grading.unpack import notebook_in, shown

Grade = tuple[float | None, float, str]  # points (None: not graded yet), of how many, what to say


@dataclass(frozen=True)
class Collected:
    """What became of one student's submission."""

    student: str
    outcome: str  # collected, replaced, unchanged, kept (what was there), refused, missing
    reason: str = ""


def collect(
    assignment: str,
    paths: Sequence[Path],
    destination: Path,
    roster: Roster | None = None,
    replace: bool = False,
    kind: str = "",
) -> tuple[list[Collected], Found]:
    """Put submissions where nbgrader looks for them, each student's whole or not at all.

    Args:
        assignment: its name.
        paths: see `find_submissions`.
        destination: nbgrader's folder `submitted`.
        roster: who should have handed in.
        replace: also where there is a submission that is not known to be older.
        kind: see `find_submissions`, whose outcome is returned too.
    """
    release = Release.of(assignment)
    found = find_submissions(paths, assignment, roster, kind)
    handed = found.handed
    destination.mkdir(parents=True, exist_ok=True)
    rows = []
    with closing(Apart()) as process:
        for one in handed:
            try:
                rows.append(_collected(one, release, destination, replace, process))
            except (GradingError, OSError) as error:
                rows.append(Collected(one.student, "refused", str(error)))
    here = {one.student for one in handed}
    rows += (
        [Collected(name, "missing", "did not hand in") for name in roster.students if name not in here]
        if roster
        else []
    )
    return sorted(rows, key=lambda row: row.student), found


def _opened(data: bytes, name: str, release: Release) -> tuple[str, list[str]]:
    """The notebook to be graded, as text, and what was found on the way."""
    with reading():
        student, notes = notebook_in(data, name, release)
        return nbformat.writes(repair(release, student).notebook, indent=1).rstrip("\n") + "\n", notes


def _collected(one: Handed, release: Release, destination: Path, replace: bool, process: Apart) -> Collected:
    try:
        notebook, notes = process.call(_opened, one.read(), one.name, release)
    except Died:
        raise GradingError(TOO_LONG.format(one.name, READING_SECONDS)) from None
    files = {release.path.name: notebook}
    if one.submitted:
        time = datetime.fromisoformat(one.submitted).astimezone(timezone.utc)
        files["timestamp.txt"] = time.strftime("%Y-%m-%d %H:%M:%S.%f UTC")  # as nbgrader's exchange does
    home = destination / one.student
    target = home / release.assignment
    if home.is_symlink() or target.is_symlink():
        raise GradingError(f"{target} is a link; remove it")
    there = target.exists()
    if there:
        old = {
            path.name: path.read_text(encoding="utf-8", errors="replace")
            for path in target.iterdir()
            if path.is_file()
        }
        if old == files:
            return Collected(one.student, "unchanged")
        before, now = moment(old.get("timestamp.txt", "")), one.submitted
        newer = before and now and datetime.fromisoformat(before) < datetime.fromisoformat(now)
        if not (replace or newer):
            return Collected(
                one.student, "kept", "there is a submission already, not known to be older (--replace)"
            )
    _put(files, target)
    return Collected(one.student, "replaced" if there else "collected", "; ".join([*one.notes, *notes]))


def _put(files: Mapping[str, str], target: Path) -> None:
    """Make a folder with these files, beside its place first; what was there goes when all is written."""
    target.parent.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent.parent, prefix=".collect-"))
    try:
        new, old = scratch / "new", scratch / "old"
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8", newline="")
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(new, target)
        except OSError:
            if old.exists():
                os.replace(old, target)
            raise
    finally:
        shutil.rmtree(scratch)


@dataclass(frozen=True)
class Exported:
    """A table of grades to upload, and what could not be brought into it."""

    text: str
    problems: list[str]


def export_grades(
    kind: str,
    grades: Mapping[str, Grade],
    template: Table | None = None,
    roster: Roster | None = None,
    column: str = "",
) -> Exported:
    """Grades as an LMS reads them.

    Args:
        kind: `canvas` (fills one column of the gradebook that was exported from Canvas), `moodle` (fills the
            grading worksheet of the assignment) or `csv`. Without a template, Moodle's is a table for
            "Import grades", which asks what is in which column.
        grades: student -> points or None, maximum, comment.
        template: the table from the LMS; Canvas needs it.
        roster: who a student is to the LMS, if ids alone do not say.
        column: Canvas's name of the assignment, with or without its number.

    Raises GradingError if the template is not what it should be.
    """
    if kind not in ("canvas", "moodle", "csv"):
        raise GradingError(f"{kind!r} is no format of grades; there are canvas, moodle and csv")
    if kind == "canvas" and template is None:
        raise GradingError("Canvas needs its own table: export the gradebook from Canvas and name that file")
    if kind == "csv" or template is None:
        done = _listed(grades, roster)
    else:
        done = (_into_canvas if kind == "canvas" else _into_moodle)(grades, template, roster, column)
    return Exported(done.text, [*done.problems, *_above(grades)])


def _above(grades: Mapping[str, Grade]) -> list[str]:
    """Who has more points than the assignment is worth, by extra credit."""
    return [
        f"{student} has {_number(points)} of {_number(most)} points: Moodle refuses what is above the "
        "maximum, Canvas counts it; raise the maximum there, or lower the points here"
        for student, (points, most, _) in sorted(grades.items())
        if points is not None and points > most
    ]


def _listed(grades: Mapping[str, Grade], roster: Roster | None) -> Exported:
    header = ["student_id", "name", "email", "score", "max_score", "comment"]
    rows = []
    for student in sorted(grades):
        points, most, comment = grades[student]
        known = (roster.students.get(student) if roster else None) or Student(student)
        said = map(harmless, (student, known.name, known.email))
        rows.append([*said, "" if points is None else _number(points), _number(most), harmless(comment)])
    problems = [f"{student} has no grade yet" for student in sorted(grades) if grades[student][0] is None]
    return Exported(Table("", header, rows, []).text(), problems)


def _into_canvas(grades: Mapping[str, Grade], table: Table, roster: Roster | None, column: str) -> Exported:
    titles = [re.sub(r" \(\d+\)$", "", name) for name in table.header]
    found = [i for i, name in enumerate(table.header) if column and column in (name, titles[i])]
    if (
        len(found) != 1
        or table.column("id") is None
        or "Points Possible" not in "".join(r[0] for r in table.rows)
    ):
        columns = ", ".join(name for name, title in zip(table.header, titles) if name != title)
        raise GradingError(
            f"{table.name} should be the gradebook that Canvas exports, with one column {column!r}; "
            f"its assignments are: {columns or 'none'}"
        )
    rows = [[*row] for row in table.rows]
    problems = []
    for student, row, (points, _most, _) in _matched(grades, table, roster, problems):
        if rows[row][found[0]].strip().upper() in ("EX", "N/A"):
            problems.append(f"{student}: Canvas has {rows[row][found[0]].strip()}, left as it is")
        else:
            rows[row][found[0]] = _number(points)
    possible = next(row[found[0]] for row in rows if "Points Possible" in row[0])
    problems += _other_maximum(grades, possible)
    return Exported(Table("", table.header, rows, []).text(table.separator), problems)


def _into_moodle(grades: Mapping[str, Grade], table: Table, roster: Roster | None, _column: str) -> Exported:
    at = {what: table.column(*names.split(", ")) for what, names in WORKSHEET.items()}
    grade, comments, most_at, fixed = at["grade"], at["comment"], at["most"], at["fixed"]
    if None in (grade, at["identifier"], at["changed"]):
        raise GradingError(
            f"{table.name} should be the grading worksheet that Moodle exports, with the columns Identifier, "
            f"Grade and Last modified (grade); it has {', '.join(table.header)}. If that is another language "
            "than English or German, switch your Moodle to English and export it again"
        )
    rows = [[*row] for row in table.rows]
    problems = []
    for student, row, (points, _, comment) in _matched(grades, table, roster, problems):
        if fixed is not None and rows[row][fixed].strip().casefold() in ("no", "nein"):
            problems.append(f"{student}: Moodle says that the grade cannot be changed")
            continue
        rows[row][grade] = _number(points)
        if comments is not None and comment:
            rows[row][comments] = harmless(comment)
    if most_at is not None and rows:
        problems += _other_maximum(grades, rows[0][most_at])
    return Exported(Table("", table.header, rows, []).text(), problems)  # Moodle reads commas only


def _matched(
    grades: Mapping[str, Grade], table: Table, roster: Roster | None, problems: list[str]
) -> Iterator[tuple[str, int, Grade]]:
    """Student, row and grade wherever all three are clear; the rest goes to `problems`."""
    people = Roster({str(person.row): person for person in table.people()})
    taken: dict[int, str] = {}
    for student in sorted(grades):
        known = (roster.students.get(student) if roster else None) or Student(student)
        found = people.find(known.lms_id, student, known.login, known.email, known.name)
        if grades[student][0] is None:
            problems.append(f"{student} has no grade yet")
        elif not found:
            problems.append(f"{student} is in no row of {table.name}, or in several")
        elif found.row in taken:
            problems.append(f"{student} would be in the row of {taken[found.row]}")
        else:
            yield student, found.row, grades[student]
        if found:
            taken.setdefault(found.row, student)
    for person in people.students.values():
        if person.row not in taken:
            problems.append(f"{shown(person.name or person.id)} is in {table.name}, but has no grade here")


def _other_maximum(grades: Mapping[str, Grade], said: str) -> list[str]:
    """A warning if the LMS counts other points."""
    most = {most for _, most, _ in grades.values()}
    try:
        same = most <= {float(said.replace(",", "."))}
    except ValueError:
        return []
    counts = f"the LMS counts {said} points, the grades {', '.join(map(_number, sorted(most)))}"
    return [] if same else [counts]


def _number(points: float) -> str:
    return f"{points:.2f}".rstrip("0").rstrip(".")


def harmless(text: str) -> str:
    """Text that a spreadsheet does not take for a formula, whatever width its signs have or what nobody sees
    stands before them.
    """
    seen = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c)[0] not in "CMZ")
    risky = next(seen, "") in ("=", "+", "-", "@", "\N{MINUS SIGN}") or text[:1] in ("\t", "\r", "\n")
    return f"'{text}" if risky else text
