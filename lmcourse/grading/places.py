"""Where submissions lie: files and folders on disk, and reading them warily.

All of it is hostile: links are not followed, pipes not waited for, nothing is read beyond a limit, and a file
that was exchanged after it was listed is not read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lmcourse.grading.course import GradingError
from lmcourse.grading.naming import Who, moment
from lmcourse.grading.unpack import is_clutter, shown

MAX_BYTES = 60_000_000  # of one student, as handed in


@dataclass(frozen=True)
class File:
    """One file of a student's."""

    who: Who
    name: str  # as the student called it
    folder: str  # or archive, that it lies in
    given: str  # its name there
    read: Callable[[], bytes]
    refused: str = ""  # what is wrong with it: "is a link"

    @property
    def place(self) -> str:
        """Where it lies, fit to be shown."""
        return shown(os.path.join(self.folder, self.given))


def of_nbgrader(folder: Path) -> Iterator[File]:
    """The files in `submitted/STUDENT/ASSIGNMENT`, if it exists, with the time that the exchange noted."""
    student = folder.parent
    who = Who(("nbgrader", str(student)), student.name, (student.name,))
    if student.is_symlink():
        yield file(str(student.parent), student.name, who, student.name)
    elif os.path.lexists(folder):
        try:
            if not folder.is_symlink():
                text = read(str(folder), "timestamp.txt", None)[:100].decode("utf-8", "replace")
                who = replace(who, submitted=moment(text))
        except GradingError:
            pass  # nobody said when
        yield from files_in(str(folder), who)


def files_in(folder: str, who: Who, below: str = "", depth: int = 8) -> Iterator[File]:
    """The files in a student's folder, and in the folders in it."""
    try:
        listed = entries(folder)
    except GradingError as error:
        above, name = os.path.split(folder)
        yield File(who, below or name, above, name, bytes, str(error))
        return
    for entry in listed:
        if is_clutter(entry.name):
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield file(folder, entry.name, who, below + entry.name)
        elif depth:
            yield from files_in(entry.path, who, f"{below}{entry.name}/", depth - 1)


def entries(folder: str) -> list[os.DirEntry[str]]:
    """What a folder holds, sorted. GradingError if it cannot be had."""
    try:
        if os.path.islink(folder):
            raise GradingError("is a link, and links are not followed: give what it leads to")
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise GradingError(f"cannot be read: {error.strerror}") from None


def file(folder: str, given: str, who: Who, name: str) -> File:
    """A file on disk, or why it cannot be read."""
    path = os.path.join(folder, given)
    try:
        handle, number = open_ordinary(path)
        os.close(handle)
    except GradingError as error:
        return File(who, name, folder, given, bytes, str(error))
    return File(who, name, folder, given, partial(read, folder, given, number))


def open_ordinary(path: str, limit: int = MAX_BYTES) -> tuple[int, tuple[int, int]]:
    """A descriptor of an ordinary file, and the numbers that tell it from any other.

    Raises GradingError if it is anything else; a link is not followed, a pipe not waited for.
    """
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            raise GradingError("is a link, and links are not followed: hand in the file itself")
        if not stat.S_ISREG(found.st_mode):
            raise GradingError("is no ordinary file")
        # Whoever can write into this folder could give a name here to a file of somebody else's, or of the
        # instructor's. Some backup programs do the same without harm; a copy settles it.
        if found.st_nlink > 1:
            raise GradingError(
                f"has {found.st_nlink} names (hard links): if that is right, grade a copy (cp -r)"
            )
        if found.st_size > limit:
            raise GradingError(
                f"has {found.st_size / 1e6:.0f} MB, more than {limit / 1e6:.0f}: clear its outputs"
            )
        flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(path, os.O_RDONLY | flags)
    except OSError as error:
        raise GradingError(f"cannot be read: {error.strerror}") from None
    opened = os.fstat(handle)
    if (opened.st_dev, opened.st_ino) != (found.st_dev, found.st_ino):
        os.close(handle)
        raise GradingError("was replaced while it was read")
    return handle, (opened.st_dev, opened.st_ino)


def read(folder: str, given: str, number: tuple[int, int] | None) -> bytes:
    """A file's bytes; GradingError if it is no longer the one that had this number."""
    try:
        handle, now = open_ordinary(os.path.join(folder, given))
    except GradingError as error:
        raise GradingError(f"{shown(given)} {error}") from None
    with os.fdopen(handle, "rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if number not in (None, now) or len(data) > MAX_BYTES:
        raise GradingError(f"{shown(given)} was replaced after it was listed")
    return data
