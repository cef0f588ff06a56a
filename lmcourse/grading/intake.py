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
from lmcourse.grading.deadline import IN_TIME, Deadline
from lmcourse.grading.gather import gather
from lmcourse.grading.naming import BY_LMS, ENDINGS, KINDS, Who, safe_id, said_by
from lmcourse.grading.places import MAX_BYTES, File
from lmcourse.grading.roster import Roster, Student
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
        late: whether the LMS marks it as late.
        again: what came later than what counts, and too late to replace it; empty if nothing did.
    """

    student: str
    name: str
    place: str
    submitted: str = ""
    refused: str = ""
    notes: tuple[str, ...] = ()
    known: bool = True
    late: bool = False
    again: str = ""
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


@dataclass(frozen=True)
class Found:
    """What was found in the places given.

    Args:
        handed: one for each student, sorted.
        kinds: whose names the files have: of which LMS, of nbgrader, or of a plain folder.
        unused: what was left alone, with the reason, because nobody can tell whose it is.
        is_said: whether the kind was not found out, but said.
    """

    handed: list[Handed]
    kinds: tuple[str, ...]
    unused: list[str]
    is_said: bool = False

    @property
    def origin(self) -> str:
        """How it was read, in a sentence."""
        what = {"folder": "files and folders named after students", "nbgrader": "nbgrader's folders"}
        read = " and ".join(what.get(kind, f"names given by {kind.capitalize()}") for kind in self.kinds)
        return f"read as {read}" + ("" if self.is_said else "; if that is wrong, say --from")


def find_submissions(
    paths: Sequence[Path],
    assignment: str,
    roster: Roster | None = None,
    kind: str = "",
    deadline: Deadline | None = None,
) -> Found:
    """Who handed in what; files that cannot be used are among them, with the reason.

    Args:
        paths: folders and files as an LMS exports them, the LMS's one zip of everybody's files, or nbgrader's
            `submitted`.
        assignment: its name; of nbgrader's folders, only those of this name count.
        roster: tells which student the LMS means, and when they handed in.
        kind: one of `KINDS`: whose names the files have; if empty, decided for each folder as a whole.
        deadline: of several attempts the latest that came in time counts, if there is one.

    Raises GradingError if a path does not exist, if there is no submission in any, or if kind must be said.
    """
    if kind and kind not in KINDS:
        raise GradingError(f"--from {kind}: there are {', '.join(KINDS)}")
    for path in paths:
        if not os.path.lexists(path):
            raise GradingError(f"{shown(str(path))}: there is no such file or folder")
        if path.is_file() and not (ENDINGS.search(path.name) or any(said_by(k, path.name) for k in KINDS)):
            raise GradingError(f"{shown(str(path))} is neither a notebook nor an archive")
    found = gather([path.absolute() for path in paths], assignment, kind)
    if not found.files:
        places = ", ".join(shown(str(path)) for path in paths)
        raise GradingError(
            f"no submission of {assignment} in {places}: expected notebooks or zips named after their "
            f"students, a folder for each student, nbgrader's submitted/STUDENT/{assignment}/, or, with "
            "--from, an LMS's zip of everybody's files"
        )
    given = {(file.folder, file.given): file for file in found.files}  # each once
    handed = _by_student([*given.values()], roster, deadline)
    if roster and len(handed) > 4 and not any(one.known for one in handed):
        raise GradingError(
            f"the roster knows none of these {len(handed)} names, for example {handed[0].place}: for Canvas "
            "use its exported gradebook as the roster, for Moodle the assignment's grading worksheet"
        )
    return Found(handed, tuple(sorted(found.kinds)), found.unused, bool(kind))


def _by_student(files: list[File], roster: Roster | None, deadline: Deadline | None) -> list[Handed]:
    """Files put together by student."""
    people = {file.who.key: file.who for file in files}
    students = {key: roster.find(who.lms_id, *who.calls) for key, who in people.items()} if roster else {}
    doubted = _doubted(people, students, roster) if roster else {}
    ids = _distinct(
        {key: who for key, who in people.items() if not students.get(key)}, roster.students if roster else ()
    )
    groups: dict[str, list[File]] = {}
    for file in files:
        student = students.get(file.who.key)
        groups.setdefault(student.id if student else ids[file.who.key], []).append(file)
    handed = []
    for name in sorted(groups):
        one, student = _chosen(name, groups[name], deadline), students.get(groups[name][0].who.key)
        wish = safe_id(groups[name][0].who.wish)
        if not student and wish and name != wish:
            one = replace(
                one, notes=(*one.notes, f"several could be called {wish}; this one is called {name}")
            )
        if roster and not student:
            why = doubted.get(groups[name][0].who.key, f"{name} is not on the roster")
            one = replace(one, known=False, notes=(*one.notes, why))
        handed.append(replace(one, submitted=(student.submitted_at if student else "") or one.submitted))
    return handed


def _doubted(
    people: dict[tuple[str, ...], Who], students: dict[tuple[str, ...], Student | None], roster: Roster
) -> dict[tuple[str, ...], str]:
    """Of whom it is not clear who they are: why. They are nobody on the roster, and that is noted."""
    doubted: dict[tuple[str, ...], str] = {}
    for key, who in people.items():
        could = roster.possible(who.lms_id, *who.calls)
        # Blackboard writes assignment and login with the same sign between them: any end may be the login.
        if len(could) > 1 and (not students[key] or key[0] == "blackboard"):
            students[key] = None
            mend = "the roster needs the LMS's numbers (lms_id)"
            mend = "give each a folder of their own, --from folder" if key[0] == "blackboard" else mend
            doubted[key] = f"could be {' or '.join(could)}: {mend}"
    # Two whom the LMS tells apart are not one, whatever they are called.
    for student in [student for student in students.values() if student]:
        same = [key for key, found in students.items() if found is student]
        if sum(key[0] in BY_LMS for key in same) > 1:
            for key in same:
                if not student.lms_id or people[key].lms_id != student.lms_id:
                    students[key] = None
                    doubted[key] = (
                        f"{len(same)} could be {student.id}: the roster needs the LMS's numbers (lms_id)"
                    )
    return doubted


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


def _chosen(student: str, files: list[File], deadline: Deadline | None = None) -> Handed:
    """The files of one student that count."""
    notes = [f"{shown(f.name)} was left out: it {f.refused}" for f in files if f.refused]
    usable = [file for file in files if not file.refused]
    if not usable:
        first = files[0]
        reason = f"{shown(first.name)} {first.refused}"
        return Handed(student, shown(first.name), first.place, first.who.submitted, reason)
    usable = [file for file in usable if PACKED.search(file.name)] or usable
    stands = [deadline.standing(student, f.who.submitted, f.who.late) if deadline else 0 for f in usable]
    again = _again([file for file, stand in zip(usable, stands) if stand > min(stands)], min(stands))
    notes += [again] if again else []
    usable = [file for file, stand in zip(usable, stands) if stand == min(stands)]
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
    late = any(file.who.late for file in files)
    place = files[0].place
    return Handed(student, name, place, submitted, "", tuple(notes), True, late, again, tuple(files))


def _again(late: Sequence[File], stand: int) -> str:
    """What is said of attempts that came too late to replace one that stands better."""
    if not late:
        return ""
    names = ", ".join(shown(file.name) for file in late[:5])
    before, when = ("in time", "late") if stand == IN_TIME else ("late", "when nothing counts any more")
    return f"handed in {before}, and again {when} ({names}): the one {before} counts"
