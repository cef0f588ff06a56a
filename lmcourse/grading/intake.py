"""What students handed in: which files are whose, and which of them count.

Whose a file is says the name that the LMS or the instructor gave it (`naming`), never what is in it; where it
lies is the business of `places`, and what is in it that of `unpack`, in a worker.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lmcourse.grading.course import GradingError
from lmcourse.grading.naming import Who, by_name, safe_id
from lmcourse.grading.places import MAX_BYTES, File, collection, files_at
from lmcourse.grading.roster import Roster
from lmcourse.grading.unpack import MAX_FILES, PACKED, shown


@dataclass(frozen=True)
class Handed:
    """What one student handed in, unread.

    Args:
        student: the id: safe as a folder's name and for nbgrader, and nobody else's.
        name: of the file, as the student called it, fit to be shown.
        place: where it lies, fit to be shown.
        submitted: when, as ISO text with time zone; empty if nobody said.
        refused: why there is nothing to read; empty if there is.
        notes: which of several files counts, and the like.
        known: whether the student is on the roster; True if there is none.
    """

    student: str
    name: str
    place: str
    submitted: str = ""
    refused: str = ""
    notes: tuple[str, ...] = ()
    known: bool = True
    files: tuple[File, ...] = field(default=(), repr=False)

    def read(self) -> bytes:
        """The bytes of the file; of several, those of a zip of them. GradingError if they cannot be had."""
        if self.refused:
            raise GradingError(self.refused)
        if len(self.files) == 1:
            return self.files[0].read()
        bundle, size = io.BytesIO(), 0
        with zipfile.ZipFile(bundle, "w") as archive:
            for n, file in enumerate(self.files):
                data = file.read()
                size += len(data)
                if size > MAX_BYTES:
                    raise GradingError(
                        f"there are more than {MAX_BYTES / 1e6:.0f} MB: hand in the notebook alone"
                    )
                archive.writestr(zipfile.ZipInfo(f"{n:03}/{shown(file.name)}", (1980, 1, 1, 0, 0, 0)), data)
        return bundle.getvalue()


def find_submissions(paths: Sequence[Path], assignment: str, roster: Roster | None = None) -> list[Handed]:
    """Who handed in what, sorted by student; files that cannot be used are among them, with the reason.

    Args:
        paths: folders and files as an LMS exports them, the LMS's one zip of everybody's files, or nbgrader's
            `submitted`.
        assignment: its name; of nbgrader's folders, only those of this name count.
        roster: tells which student the LMS means, and when they handed in.

    Raises GradingError if a path does not exist, or if there is no submission in any.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise GradingError(f"{shown(str(path))}: there is no such file or folder")
        if path.is_file() and not PACKED.search(path.name):
            raise GradingError(f"{shown(str(path))} is neither a notebook nor an archive")
    zips = [collection(path) for path in paths]
    if all(zips):  # a student's own zip among others is never taken for one
        files = [file for files in zips for file in files]
    else:
        files = [file for path in paths for file in files_at(path.absolute(), assignment)]
    if not files:
        places = ", ".join(shown(str(path)) for path in paths)
        raise GradingError(
            f"no submission of {assignment} in {places}: expected notebooks or zips named after their "
            f"students, a folder for each student, nbgrader's submitted/STUDENT/{assignment}/, or the zip of "
            "all submissions as the LMS exports it"
        )
    files = list({(file.folder, file.given): file for file in files}.values())  # given twice
    handed = _by_student(files, roster)
    if roster and len(handed) > 4 and not any(one.known for one in handed):
        raise GradingError(
            f"the roster knows none of these {len(handed)} names, for example {handed[0].place}: for Canvas "
            "use its exported gradebook as the roster, for Moodle the assignment's grading worksheet"
        )
    return handed


def _by_student(files: list[File], roster: Roster | None) -> list[Handed]:
    """Files put together by student."""
    # What looks like Canvas's number of a file and is not unique is none: hw_2026_11_ada, hw_2026_11_bela.
    named = {(file.who.key, file.who.attempt, file.given) for file in files if file.who.key[0] == "canvas"}
    numbers = Counter(name[:2] for name in named)
    files = [
        replace(f, who=by_name(f.given, f.folder), name=f.given)
        if numbers[f.who.key, f.who.attempt] > 1
        else f
        for f in files
    ]
    people = {file.who.key: file.who for file in files}
    students = {key: roster.find(who.lms_id, *who.calls) for key, who in people.items()} if roster else {}
    # Two whom the LMS tells apart are not one, whatever they are called.
    for student in [student for student in students.values() if student]:
        same = [key for key, found in students.items() if found is student]
        if len({people[key].lms_id for key in same} - {""}) > 1:
            for key in same:
                if people[key].lms_id != student.lms_id:
                    students[key] = None
    ids = _distinct(
        {key: who for key, who in people.items() if not students.get(key)}, roster.students if roster else ()
    )
    groups: dict[str, list[File]] = {}
    for file in files:
        student = students.get(file.who.key)
        groups.setdefault(student.id if student else ids[file.who.key], []).append(file)
    handed = []
    for name in sorted(groups):
        one, student = _chosen(name, groups[name]), students.get(groups[name][0].who.key)
        wish = safe_id(groups[name][0].who.wish)
        if not student and wish and name != wish:
            one = replace(
                one, notes=(*one.notes, f"several could be called {wish}; this one is called {name}")
            )
        if roster and not student:
            one = replace(one, known=False, notes=(*one.notes, f"{name} is not on the roster"))
        handed.append(replace(one, submitted=(student.submitted_at if student else "") or one.submitted))
    return handed


def _distinct(people: dict[tuple[str, ...], Who], taken: Iterable[str]) -> dict[tuple[str, ...], str]:
    """An id for each person, that depends on others only if they would have the same."""
    ids: dict[tuple[str, ...], str] = {}
    used = {name.casefold() for name in taken}
    for digits in (0, 8, 64):
        wishes = {}
        for key, who in people.items():
            digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:digits]
            wish = safe_id(who.wish)
            suffix = who.lms_id if digits == 8 and who.lms_id else digest
            wishes[key] = "-".join(filter(None, (wish or "student", suffix))) if wish or suffix else ""
        count = Counter(wish.casefold() for wish in wishes.values())
        sure = {
            k: w for k, w in wishes.items() if w and count[w.casefold()] == 1 and w.casefold() not in used
        }
        ids |= sure
        used |= {wish.casefold() for wish in sure.values()}
        people = {key: who for key, who in people.items() if key not in sure}
    return ids


def _chosen(student: str, files: list[File]) -> Handed:
    """The files of one student that count."""
    notes = [f"{shown(f.name)} was left out: it {f.refused}" for f in files if f.refused]
    usable = [file for file in files if not file.refused]
    if not usable:
        first = files[0]
        reason = f"{shown(first.name)} {first.refused}"
        return Handed(student, shown(first.name), first.place, first.who.submitted, reason)
    usable = [file for file in usable if PACKED.search(file.name)] or usable
    latest: dict[str, str] = {}
    for file in usable:
        latest[file.who.series] = max(file.who.attempt, latest.get(file.who.series, ""))
    files = [file for file in usable if file.who.attempt == latest[file.who.series]]
    if len(files) < len(usable):
        names = ", ".join(shown(file.name) for file in files[:5])
        notes.append(f"handed in {len(usable) - len(files) + 1} times; the latest counts: {names}")
    if len(files) > MAX_FILES:
        notes.append(f"of {len(files)} files the first {MAX_FILES} were looked at")
        files = files[:MAX_FILES]
    if len(files) > 1:
        notes.append(f"{len(files)} files: {', '.join(shown(file.name) for file in files[:5])}")
    name = shown(files[0].name) if len(files) == 1 else f"{len(files)} files"
    submitted = max(file.who.submitted for file in files)
    return Handed(student, name, files[0].place, submitted, "", tuple(notes), True, tuple(files))
