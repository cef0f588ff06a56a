"""Submissions gathered: from folders, single files, nbgrader's `submitted`, the one zip that an LMS makes.

What kind of names they have is said by the instructor, or decided for each collection as a whole: never by
one file, of whose name part is the student's choice.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lmcourse.grading.course import GradingError
from lmcourse.grading.naming import BESIDE, BY_LMS, ENDINGS, Who, by_name, kind_of, said_by, submitters
from lmcourse.grading.places import MAX_BYTES, File, entries, file, files_in, of_nbgrader, open_ordinary, read
from lmcourse.grading.unpack import Archive, WaryFile, foreign, is_clutter, shown, unzipped


@dataclass
class Gathered:
    """What lies in the places given.

    Args:
        files: of students.
        kinds: whose names they have, of each collection.
        unused: what was left alone, with the reason, because nobody can tell whose it is.
    """

    files: list[File] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)


def gather(paths: Sequence[Path], assignment: str, kind: str = "") -> Gathered:
    """The files of the paths that were given.

    Args:
        paths: files and folders.
        assignment: of nbgrader's folders, only those of this name count.
        kind: one of `KINDS`, what all are; decided for each folder as a whole if it is not said.

    Raises GradingError where it has to be said.
    """
    found, single = Gathered(), []
    for path in paths:
        if kind in ("", "nbgrader") and (students := _in_nbgrader(path, assignment, kind)) is not None:
            found.kinds.add("nbgrader")
            for folder in students:
                found.files += of_nbgrader(folder)
        elif stat.S_ISDIR(os.lstat(path).st_mode) and not _is_a_persons(path.name, kind):
            path = _inmost(path, kind)
            _collect(found, entries(str(path)), str(path), kind)
        elif kind in BY_LMS and path.suffix.lower() == ".zip" and not said_by(kind, path.name):
            _collect_zip(found, path, kind)
        else:
            single.append(path)
    if not kind and len(paths) == 1 and single and (looks := _kind_of_zip(single[0])) != "folder":
        raise GradingError(
            f"{shown(str(single[0]))} looks like the zip of everybody's files from {looks}: if it is, say "
            f"--from {looks}; if it is one student's, --from folder"
        )
    for folder in dict.fromkeys(path.parent for path in single):
        names = {path.name for path in single if path.parent == folder}
        _collect(found, [e for e in entries(str(folder)) if e.name in names], str(folder), kind)
    return found


def _inmost(path: Path, kind: str) -> Path:
    """The folder with an LMS's names in it: this one, or the only one in it."""
    listed = [entry for entry in entries(str(path)) if not is_clutter(entry.name)]
    if len(listed) != 1 or not listed[0].is_dir(follow_symlinks=False) or _is_a_persons(listed[0].name, kind):
        return path
    inner = path / listed[0].name
    names = [entry.name for entry in entries(str(inner)) if _has_a_name(entry)]
    lms = kind in BY_LMS if kind else kind_of(names) in BY_LMS
    return inner if lms else path


def _is_a_persons(name: str, kind: str) -> bool:
    """Whether a folder of this name holds one person's files, as far as an LMS says so."""
    return any(said_by(one, name) for one in ([kind] if kind else ("moodle", "gradescope", "brightspace")))


def _in_nbgrader(path: Path, assignment: str, kind: str) -> list[Path] | None:
    """The students' folders of an assignment in nbgrader's `submitted`, or in part of it; None elsewhere."""
    if not path.is_dir() or path.is_symlink():
        return None
    if path.parent.name == "submitted":
        return [path / assignment]
    if path.parent.parent.name == "submitted" and path.name == assignment:
        return [path]
    if path.name != "submitted" and kind != "nbgrader":
        return None
    return [
        path / e.name / assignment
        for e in entries(str(path))
        if e.is_symlink() or (e.is_dir() and not is_clutter(e.name))
    ]


def _has_a_name(entry: os.DirEntry[str]) -> bool:
    """Whether a file or folder could be somebody's, and none that programs leave behind."""
    if not is_clutter(entry.name) or any(said_by(kind, entry.name) for kind in BY_LMS):
        return True
    return not entry.name.startswith("._") and not entry.is_dir() and bool(ENDINGS.search(entry.name))


def _collect(found: Gathered, listed: list[os.DirEntry[str]], folder: str, kind: str) -> None:
    """The files and folders of a folder: all of one kind."""
    named = [entry for entry in listed if _has_a_name(entry)]
    kind = kind or kind_of(e.name for e in named)
    found.kinds.add(kind)
    people = _people(_metadata(folder)) if kind == "gradescope" else {}
    for entry in named:
        said = said_by(kind, entry.name)
        who, name = said or (by_name(entry.name, folder), entry.name)
        who, refused = people.get(who.key, (who, ""))
        if kind in BY_LMS and not said:
            if entry.name not in BESIDE.values():
                found.unused.append(f"{shown(entry.path)}: its name is none of {kind}'s, so whose is it?")
        elif refused:
            found.files.append(File(who, entry.name, folder, entry.name, bytes, refused))
        elif entry.is_dir(follow_symlinks=False):
            found.files += files_in(entry.path, who)
        elif said or entry.is_symlink() or ENDINGS.search(entry.name):
            found.files.append(file(folder, entry.name, who, name))
        else:
            found.unused.append(f"{shown(entry.path)}: it is neither a notebook nor an archive")


def _metadata(folder: str) -> str:
    """What Gradescope says beside the submissions; empty if it does not."""
    try:
        return read(folder, BESIDE["gradescope"], None).decode("utf-8", "replace")
    except GradingError:
        return ""


def _people(metadata: str) -> dict[tuple[str, ...], tuple[Who, str]]:
    """Whose Gradescope's submissions are, and why one is nobody's."""
    people = {}
    for number, several in submitters(metadata).items():
        first = several[0] if several else {}
        calls = tuple(filter(None, (first.get("sid"), first.get("email"), first.get("name"))))
        key, refused = ("gradescope", number), ""
        if len(several) > 1:
            names = ", ".join(shown(one.get("name", "?")) for one in several)
            refused = f"was handed in by several ({names}): give each a folder of their own, --from folder"
        wish = f"submission_{number}" if refused or not calls else calls[0]
        people[key] = Who(key, wish, () if refused else calls), refused
    return people


def _members(archive: Archive) -> list[tuple[str, str, zipfile.ZipInfo]]:
    """First and other parts of the names in a zip, without a folder that is around all."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    parts = [(*info.filename.partition("/"), info) for info in files]
    parts = [part for part in parts if not is_clutter(part[0])]
    if len({first for first, *_ in parts}) == 1 and not any(said_by(kind, parts[0][0]) for kind in BY_LMS):
        parts = [(*rest.partition("/"), info) for _, _, rest, info in parts]
    return [(first, rest, info) for first, _, rest, info in parts if first and not is_clutter(first)]


def _opened(path: Path) -> Archive:
    """A zip on disk. GradingError if it is none."""
    try:
        return Archive(WaryFile(io.FileIO(open_ordinary(str(path), 1 << 40)[0])))
    except GradingError as error:
        raise GradingError(f"{shown(str(path))} {error}") from None
    except Exception:  # whatever zipfile says of a file that is no zip
        raise GradingError(f"{shown(str(path))} is damaged or no zip at all: download it again") from None


def _kind_of_zip(path: Path) -> str:
    """The LMS that a zip seems to come from; `folder` if it has no LMS's names in it, or has one itself."""
    if path.suffix.lower() != ".zip" or any(said_by(kind, path.name) for kind in BY_LMS):
        return "folder"
    try:
        with _opened(path) as archive:
            return kind_of(first for first, *_ in _members(archive)[:1000])
    except GradingError:
        return "folder"


def _collect_zip(found: Gathered, path: Path, kind: str) -> None:
    """The files in the one zip of everybody's files."""
    archive = _opened(path)
    members, people = _members(archive), {}
    found.kinds.add(kind)
    for first, _, info in members:
        if kind == "gradescope" and first == BESIDE[kind]:
            people = _people(unzipped(archive, info, MAX_BYTES).decode("utf-8", "replace"))
    for first, rest, info in members:
        said = said_by(kind, first)
        if said and not any(map(is_clutter, rest.split("/"))):
            who, refused = people.get(said[0].key, (said[0], ""))
            content = partial(unzipped, archive, info, MAX_BYTES)
            refused = refused or foreign(info)
            found.files.append(File(who, rest or said[1], str(path), info.filename, content, refused))
        elif not said and first not in BESIDE.values():
            found.unused.append(f"{shown(info.filename)}: its name is none of {kind}'s, so whose is it?")
