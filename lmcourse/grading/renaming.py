"""One student under two names: graded first without a roster, then with one, or the other way round.

Names that the LMS gave decide, never what is in a file: whose copy is handed in is not thereby who it is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lmcourse.grading.course import GradingError
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.intake import Handed
from lmcourse.grading.worker import digest_of

Names = Mapping[str, str]


def renamed(before: Sequence[Handed], now: Sequence[Handed], recorded: Collection[str]) -> dict[str, str]:
    """Old name -> new name, of those who have a result under the name that they have without the roster.

    Args:
        before: what was handed in, by the names that it has without a roster.
        now: the same with the roster.
        recorded: who has a result.
    """
    names = {one.files[0].place: one.student for one in before if one.files}
    pairs = {names.get(one.files[0].place, ""): one.student for one in now if one.files and one.known}
    rostered = {one.student for one in now if one.known}
    return {
        old: new
        for old, new in sorted(pairs.items())
        if old in recorded and new not in recorded and old != new and old not in rostered
    }


def require_same_names(digests: Names, recorded: Names) -> None:
    """Refuse to grade a class a second time under other names.

    Args:
        digests: student -> SHA-256 of the file, as handed in now.
        recorded: the same of the results there are.

    Raises GradingError if more than half of the new names have the very file of somebody who is not among
    those who hand in now.
    """
    gone = {digest: student for student, digest in recorded.items() if student not in digests}
    new = {student: digest for student, digest in digests.items() if student not in recorded}
    twins = [(student, gone[digest]) for student, digest in new.items() if digest in gone]
    if twins and 2 * len(twins) > len(new):
        raise GradingError(
            f"{len(twins)} of these files were graded under other names, for example {twins[0][0]}'s as "
            f"{twins[0][1]}'s: give the roster of then (--roster), or another course (--course)"
        )


def settle(
    book: GradebookWriter,
    assignment: str,
    course: Path,
    handed: Sequence[Handed],
    plain: Sequence[Handed] | None,
) -> dict[str, str]:
    """See to it that nobody is graded as two: carry over what is recorded under other names.

    Args:
        book, assignment, course: where results and files are.
        handed: what was handed in.
        plain: the same by the names that it has without the roster; None if there is no roster.

    Returns old name -> new name. Raises GradingError if the names are others for lack of a roster.
    """
    recorded = {student: result.digest for student, result in book.results(assignment).items()}
    names = renamed(plain, handed, recorded) if plain is not None else {}
    if names:
        book.rename(assignment, names)
        move_folders(course, assignment, names)
    elif plain is None and recorded.keys() - {one.student for one in handed}:
        require_same_names({one.student: _digest(one) for one in handed}, recorded)
    return names


def _digest(one: Handed) -> str:
    try:
        return digest_of(one.read())
    except (GradingError, OSError):
        return ""


def move_folders(course: Path, assignment: str, names: Names) -> None:
    """Bring the files of those who have another name now to where they are looked for."""
    for old, new in names.items():
        for place in ("autograded", "feedback", "submitted"):
            source, target = course / place / old / assignment, course / place / new / assignment
            if source.is_dir() and not source.is_symlink() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(source, target)
                with suppress(OSError):  # there are other assignments in it
                    source.parent.rmdir()
