"""Feedback goes back the way the work came: a zip of pages, named as the LMS wants them back.

Canvas takes it under *Upload Submissions* (`generate_comments_from_files`, which looks for user's and file's
numbers in a name), Moodle under *Upload multiple feedback files in a zip* (`importziplib.php`, which looks
for name, number and plugin). For all others it has a folder for each submission.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from lmcourse.files import write_whole
from lmcourse.grading.course import GradingError
from lmcourse.grading.intake import Found, Handed
from lmcourse.grading.naming import ENDINGS

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


def write_zip(found: Found, assignment: str, course: Path) -> tuple[Path, int, str]:
    """Write `return/ASSIGNMENT-LMS.zip` with the pages of all whose files were found.

    Returns its path, how many pages are in it, and where the LMS takes it; empty where none does.

    Raises GradingError, and leaves a zip that is there, if hardly anybody has a page: then students were
    graded under other names than they are found by now.
    """
    pages = [*_pages(found.handed, assignment, course)]
    if 2 * len(pages) < len(found.handed) or not pages:
        raise GradingError(
            f"{len(found.handed) - len(pages)} of {len(found.handed)} files are of nobody who has a page, so "
            "nothing was packed: give the --roster (and --from) that you graded with"
        )
    kind = found.kinds[0] if len(found.kinds) == 1 else "folder"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for given, page in pages:
            name = name_for(kind, given, page.name)
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), page.read_bytes())
    path = course / "return" / f"{assignment}-{kind}.zip"
    write_whole(path, archive.getvalue())
    return path, len(pages), TAKEN.get(kind, "")


def _pages(handed: Iterable[Handed], assignment: str, course: Path) -> Iterable[tuple[str, Path]]:
    """What the LMS called the work, and the feedback page, of each student who has one."""
    for one in handed:
        folder = course / "feedback" / one.student / assignment
        for page in sorted(folder.glob("*.html"))[:1]:
            given = one.files[0].who.given if one.files else ""
            yield re.sub(r"[\\/:]", "-", given or one.student), page
