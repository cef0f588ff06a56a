"""Between a learning management system and the course: its table of grades.

What comes and goes are the CSV files of Canvas (its `lib/gradebook_exporter.rb` and `gradebook_importer.rb`)
and of Moodle (`mod/assign/gradingtable.php`, `feedback/offline/importgradeslib.php`), and simple ones of our
own. No network: the instructor downloads and uploads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lmcourse.grading.course import GradingError
from lmcourse.grading.roster import WORKSHEET, Roster, Student, Table
from lmcourse.grading.unpack import shown

Grade = tuple[float | None, float, str]  # points (None: not graded yet), of how many, what to say


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
    absent = []
    for student in sorted(grades):
        known = (roster.students.get(student) if roster else None) or Student(student)
        calls = student, known.login, known.email, known.name
        found = people.find(known.lms_id, *calls)
        if grades[student][0] is None:
            problems.append(f"{student} has no grade yet")
        elif not found:
            absent.append((student, people.possible(known.lms_id, *calls)))
        elif found.row in taken:
            problems.append(f"{student} would be in the row of {taken[found.row]}")
        else:
            yield student, found.row, grades[student]
        if found:
            taken.setdefault(found.row, student)
    if not taken:
        raise GradingError(
            f"{table.name} has nobody of those {len(grades)} who have grades, such as {min(grades)}: is it "
            "of another class or LMS? If it calls them otherwise, name a --roster that has both names"
        )
    several = [student for student, rows in absent if rows]
    problems += [f"{student} could be in several rows of {table.name}" for student in several]
    if nowhere := [student for student, rows in absent if not rows]:
        problems.append(f"in no row of {table.name}: {', '.join(nowhere)}")
    left = [shown(one.name or one.id) for one in people.students.values() if one.row not in taken]
    if left:
        problems.append(f"in {table.name}, but without a grade here ({len(left)}): {'; '.join(left)}")


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
    stands before them. A German Excel, for example, begins a cell at each semicolon, quoted or not.
    """
    parts = "".join(map(_harmless, re.split("([;\t\r\n])", text)))
    return f"'{parts}" if text[:1] in ("\t", "\r", "\n") else parts


def _harmless(part: str) -> str:
    seen = (c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c)[0] not in "CMZ")
    return f"'{part}" if next(seen, "") in ("=", "+", "-", "@", "\N{MINUS SIGN}") else part
