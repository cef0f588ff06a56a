"""Feedback goes back the way the work came: a zip of pages, named as the LMS wants them back.

Canvas takes it under *Upload Submissions* (`generate_comments_from_files`, which looks for user's and file's
numbers in a name), Moodle under *Upload multiple feedback files in a zip* (`importziplib.php`, which looks
for name, number and plugin). For all others it has a folder for each submission.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lmcourse.files import write_whole
from lmcourse.grading.course import GradingError, release_notebook
from lmcourse.grading.intake import Found, Handed
from lmcourse.grading.naming import ENDINGS
from lmcourse.grading.unpack import shown

TAKEN = {
    "canvas": "in Canvas: the assignment, Upload Submissions",
    "moodle": "in Moodle: the assignment's submissions, Upload multiple feedback files in a zip",
}


def name_for(kind: str, given: str, page: str) -> str:
    """What a page is called in the zip.

    Args:
        kind: the LMS; any other than those of `TAKEN` gets a folder for each student.
        given: the name that the LMS gave to the student's file or folder.
        page: the page's own name.

    >>> name_for("canvas", "lovelaceada_1001_2002_hw (2).ipynb", "x.html")
    'lovelaceada_1001_2002_hw (2).html'
    >>> name_for("moodle", "Ada Lovelace_501_assignsubmission_file_hw.ipynb", "x.html")
    'Ada Lovelace_501_assignsubmission_file_x.html'
    >>> name_for("brightspace", "10-20 - Ada - Nov 1, 2026 906 AM", "x.html")
    '10-20 - Ada - Nov 1, 2026 906 AM/x.html'
    """
    if kind == "canvas":
        return f"{ENDINGS.sub('', given)}.html"
    if kind == "moodle":
        name, number, _, plugin, *_ = given.split("_")
        return f"{name}_{number}_assignsubmission_{plugin}_{page}"
    return f"{given}/{page}"


@dataclass(frozen=True)
class Packed:
    """A zip that was written.

    Args:
        path: where.
        pages: how many are in it.
        where: the LMS takes it; empty where none does.
        changes: what is in it that was not in the zip that lay there before, or was otherwise.
    """

    path: Path
    pages: int
    where: str
    changes: list[str]


def write_zip(found: Found, assignment: str, course: Path) -> Packed:
    """Write `return/ASSIGNMENT-LMS.zip` with the pages of all whose files were found.

    Raises GradingError, and leaves a zip that is there, if hardly anybody has a page: then students were
    graded under other names than they are found by now.
    """
    listed = [*_pages(found.handed, assignment, course)]
    if 2 * len(listed) < len(found.handed) or not listed:
        raise GradingError(
            f"{len(found.handed) - len(listed)} of {len(found.handed)} files are of nobody who has a page, "
            "so nothing was packed: give the --roster (and --from) that you graded with"
        )
    kind = found.kinds[0] if len(found.kinds) == 1 else "folder"
    path = course / "return" / f"{assignment}-{kind}.zip"
    pages = {name_for(kind, given, page.name): page.read_bytes() for given, page in listed}
    changes = changed(_packed_before(path), pages)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in pages.items():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    write_whole(path, archive.getvalue())
    return Packed(path, len(pages), TAKEN.get(kind, ""), changes)


def changed(before: Mapping[str, bytes] | None, now: Mapping[str, bytes]) -> list[str]:
    """What a second zip has that the first had not, in lines for the instructor.

    Args:
        before, now: name in the zip -> page; None where there was no zip.
    """
    if before is None:
        return []
    same = sum(before.get(name) == page for name, page in now.items())
    other = [name for name in sorted(now) if name in before and before[name] != now[name]]
    lines = [f"since the last zip: {same} pages are the same, {len(other)} have changed"]
    for name in other:
        points = [_points(page) for page in (before[name], now[name])]
        if points[0] != points[1]:
            lines.append(f"{shown(name)}: {points[0]} points before, now {points[1]}")
    lines += [f"{shown(name)}: new" for name in sorted({*now} - {*before})]
    return lines + [f"{shown(name)}: in the last zip, not in this" for name in sorted({*before} - {*now})]


def _points(page: bytes) -> str:
    """What a page's title says: `12.5 of 20`."""
    title = re.search(
        r"<title>[^<]*: ([\d.]+ of [\d.]+) points</title>", page[:1000].decode("utf-8", "replace")
    )
    return title[1] if title else "?"


def _packed_before(path: Path) -> dict[str, bytes] | None:
    """The pages of the zip that is there; None if there is none, or none that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except (OSError, zipfile.BadZipFile):
        return None


def _pages(handed: Iterable[Handed], assignment: str, course: Path) -> Iterator[tuple[str, Path]]:
    """What the LMS called the work, and the feedback page, of each student who has one."""
    name = release_notebook(assignment).with_suffix(".html").name  # others are of an earlier name
    for one in handed:
        page = course / "feedback" / one.student / assignment / name
        if page.is_file():
            given = one.files[0].who.given if one.files else ""
            yield re.sub(r"[\\/:]", "-", given or one.student), page
