"""Who is in the class, and what the LMS calls them: tables that Canvas, Moodle or a spreadsheet wrote."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lmcourse.grading.course import GradingError
from lmcourse.grading.naming import moment, safe_id

# What it is to us -> what a column may be called; the first one that is filled in counts. The names are our
# own and those of Canvas, Moodle (also in German), Gradescope, Brightspace and Blackboard.
COLUMNS = {
    "id": "student_id, id number, sis user id, sis login id, sid, orgdefinedid, student id, username, login, "
    "matrikelnummer, id, email address, email, e-mail-adresse",
    "lms_id": "lms_id, lms_user_id, identifier, id",
    "login": "sis login id, username, login, anmeldename",
    "email": "email, email address, e-mail-adresse",
    "name": "name, student, full name, student name, vollständiger name",
    "first_name": "first_name, first name, firstname, vorname",
    "last_name": "last_name, last name, lastname, surname, nachname",
    "submitted_at": "submitted_at",
}
# Of Moodle's grading worksheet: what it is called here -> there, in English and in German.
WORKSHEET = {
    "identifier": "identifier, id",
    "grade": "grade, bewertung",
    "comment": "feedback comments, feedback als kommentar",
    "most": "maximum grade, bestwertung",
    "fixed": "grade can be changed, bewertung kann geändert werden",
    "changed": "last modified (grade), zuletzt geändert (bewertung)",
}


@dataclass(frozen=True)
class Student:
    """One line of a roster; what it does not say is empty."""

    id: str
    name: str = ""
    email: str = ""
    lms_id: str = ""  # the number that the LMS puts into names of files
    login: str = ""
    first_name: str = ""
    last_name: str = ""
    submitted_at: str = ""  # ISO text with time zone
    row: int = -1  # in the table it comes from


@dataclass
class Table:
    """A CSV file, in whatever encoding and with whatever separator a spreadsheet has left it."""

    name: str
    header: list[str]
    rows: list[list[str]]  # each as long as the header
    lines: list[int]  # where each row ends in the file
    separator: str = ","

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read a file. GradingError if it is no table."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise GradingError(f"{path} cannot be read: {error.strerror}") from None
        encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1")
        try:
            text = next(_decoded(data, encodings))
            separator = max(",;\t", key=text.partition("\n")[0].count)
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
            header = next(reader, [])
            rows, lines = [], []
            for row in reader:
                rows.append([*row, *[""] * (len(header) - len(row))][: len(header)])
                lines.append(reader.line_num)
        except (StopIteration, csv.Error):
            raise GradingError(f"{path} is no CSV: save the table as CSV (UTF-8)") from None
        if len(header) < 2:
            raise GradingError(f"{path} is no table: its first line should name columns, separated by commas")
        return cls(str(path), [name.strip() for name in header], rows, lines, separator)

    def column(self, *names: str) -> int | None:
        """Where the first of these columns is."""
        known = [name.casefold() for name in self.header]
        return next((known.index(name.casefold()) for name in names if name.casefold() in known), None)

    def people(self) -> Iterator[Student]:
        """Whom the rows are about. Canvas has rows that are about nobody: points, posting, a test student."""
        places = {
            field: [self.column(name) for name in names.split(", ") if self.column(name) is not None]
            for field, names in COLUMNS.items()
        }
        for n, row in enumerate(self.rows):
            said = {
                f: next((row[i].strip() for i in where if row[i].strip()), "") for f, where in places.items()
            }
            nobody = "Points Possible" in row[0] or said["name"] == "Student, Test"
            if not nobody and any(said.values()):
                said["name"] = said["name"] or f"{said['first_name']} {said['last_name']}".strip()
                said["id"] = said["id"].removeprefix("#")  # as Brightspace writes it
                if _is_participant(said["id"]):
                    said["id"] = said["email"]
                said["lms_id"] = re.sub(r"^\D+(?=\d+$)", "", said["lms_id"])  # Moodle writes Participant 123
                yield Student(**said, row=n)

    def text(self, separator: str = ",") -> str:
        """The file again."""
        file = io.StringIO()
        csv.writer(file, delimiter=separator, lineterminator="\n").writerows([self.header, *self.rows])
        return file.getvalue()


def _is_participant(text: str) -> bool:
    """Whether it is what a German Moodle calls an ID: Teilnehmer/in123."""
    before, _, after = text.partition("/")
    return before.isalpha() and after.isalnum() and after[0].isalpha() and after[-1].isdigit()


def _decoded(data: bytes, encodings: Sequence[str]) -> Iterator[str]:
    for encoding in encodings:
        try:
            yield data.decode(encoding)
        except UnicodeDecodeError:
            continue


@dataclass(frozen=True)
class Roster:
    """The students of a course, by id."""

    students: Mapping[str, Student]

    @classmethod
    def read(cls, path: Path) -> Roster:
        """A roster in CSV, as Canvas or Moodle exports it or with columns of our own.

        Those are `student_id, name, email, lms_id, submitted_at, first_name, last_name`; the first, or one
        that can stand for it (`ID number`, `SIS User ID`, a login, an e-mail address), is needed.

        Raises GradingError, naming the line, for one without a usable id, and for one that repeats another.
        """
        table = Table.read(path)
        if table.column(*COLUMNS["id"].split(", ")) is None:
            raise GradingError(
                f"{path} has no column student_id; it has {', '.join(table.header)}. If these are an LMS's "
                "words, switch your LMS to English (or Moodle to German) and export it again"
            )
        students: dict[str, Student] = {}
        seen: dict[str, int] = {}
        for student in table.people():
            line = table.lines[student.row]
            _require_usable(student, f"{path}, line {line}")
            for known in [f"id {student.id.casefold()}"] + [f"LMS id {student.lms_id}"] * bool(
                student.lms_id
            ):
                if known in seen:
                    raise GradingError(
                        f"{path}, line {line}: {known} is in line {seen[known]} too; delete one"
                    )
                seen[known] = line
            time = moment(student.submitted_at, None)
            students[student.id] = Student(**{**vars(student), "submitted_at": time})
        return cls(students)

    @cached_property
    def _index(self) -> dict[tuple[str, str], list[Student]]:
        """(Kind of name, name) -> who has it."""
        index: dict[tuple[str, str], list[Student]] = {}
        for student in self.students.values():
            last, _, first = student.name.partition(",")  # Canvas: Lovelace, Ada
            first, last = student.first_name or first, student.last_name or last
            names = {("number", student.lms_id)}
            names |= {("login", _folded(login)) for login in (student.id, student.login, student.email)}
            names |= {("name", _squeezed(name)) for name in (student.name, first + last, last + first)}
            for name in names:
                index.setdefault(name, []).append(student)
        return index

    def find(self, lms_id: str, *calls: str) -> Student | None:
        """The one student whom the LMS means by its number, or else by one of these names, the surest first.

        A name is an id, a login, an e-mail address or a full name; if two students share it, it is nobody's.
        It is not believed of a student who has another number.
        """
        for found in self._asked(lms_id, calls):
            if len(found) == 1 and (not lms_id or found[0].lms_id in ("", lms_id)):
                return found[0]
        return None

    def possible(self, lms_id: str, *calls: str) -> list[str]:
        """The ids of all who could be meant by any of these names."""
        found = [student for some in self._asked(lms_id, calls) for student in some]
        return sorted({one.id for one in found if not lms_id or one.lms_id in ("", lms_id)})

    def _asked(self, lms_id: str, calls: Sequence[str]) -> Iterator[list[Student]]:
        """Who has the number, and each of the names, the surest first."""
        asked = [("number", lms_id)]
        asked += [name for call in calls for name in (("login", _folded(call)), ("name", _squeezed(call)))]
        yield from (self._index.get((kind, name), []) for kind, name in asked if name)


def _require_usable(student: Student, where: str) -> None:
    if not student.id:
        raise GradingError(
            f"{where}: {student.name or 'a student'} has no id; fill it in, or delete the line"
        )
    if safe_id(student.id) != student.id:
        raise GradingError(
            f"{where}: {student.id!r} cannot be an id, which has letters, digits and _ . @ - only; add a "
            f"column student_id with another one, for example {safe_id(student.id) or 'student1'}"
        )
    if student.submitted_at and not moment(student.submitted_at):
        raise GradingError(
            f"{where}: {student.submitted_at!r} is no time; write it as 2026-11-30 23:59 +01:00"
        )


def _folded(login: str) -> str:
    return unicodedata.normalize("NFKC", login).casefold().strip()


def _squeezed(name: str) -> str:
    """A name as Canvas has it in names of files: in small letters, and nothing else."""
    return re.sub(r"[\W_]", "", _folded(name))
