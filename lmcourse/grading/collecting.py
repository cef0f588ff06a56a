"""Submissions put where nbgrader looks for them, `submitted/STUDENT/ASSIGNMENT/`, with the time they came."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import nbformat

from lmcourse.grading.apart import READING_SECONDS, TOO_LONG, Apart, Died, reading
from lmcourse.grading.course import GradingError
from lmcourse.grading.deadline import Deadline
from lmcourse.grading.graft import repair
from lmcourse.grading.intake import Found, Handed, find_submissions
from lmcourse.grading.naming import moment
from lmcourse.grading.notebooks import Release
from lmcourse.grading.roster import Roster
from lmcourse.grading.unpack import notebook_in


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
    deadline: Deadline | None = None,
) -> tuple[list[Collected], Found]:
    """Put submissions where nbgrader looks for them, each student's whole or not at all.

    Args:
        assignment: its name.
        paths: see `find_submissions`.
        destination: nbgrader's folder `submitted`.
        roster: who should have handed in.
        replace: also where there is a submission that is not known to be older.
        kind: see `find_submissions`, whose outcome is returned too.
        deadline: what is late does not replace what came in time.
    """
    release = Release.of(assignment)
    found = find_submissions(paths, assignment, roster, kind, deadline)
    handed = found.handed
    destination.mkdir(parents=True, exist_ok=True)
    rows = []
    with closing(Apart()) as process:
        for one in handed:
            try:
                rows.append(_collected(one, release, destination, replace, process, deadline))
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


def _collected(
    one: Handed,
    release: Release,
    destination: Path,
    replace: bool,
    process: Apart,
    deadline: Deadline | None = None,
) -> Collected:
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
        stands = [deadline.standing(one.student, time) if deadline else 0 for time in (before, now)]
        if stands[0] < stands[1] and not replace:
            return Collected(one.student, "kept", "what is there came in time, this is late (--replace)")
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
