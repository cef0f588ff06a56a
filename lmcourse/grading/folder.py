"""What a run writes into the course's folder for people to read: graded notebooks, pages of feedback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lmcourse.files import write_whole
from lmcourse.grading.course import GradingError
from lmcourse.grading.exam import Exam
from lmcourse.grading.places import open_ordinary
from lmcourse.grading.worker import Graded


def write_graded(course: Path, exam: Exam, graded: Graded) -> None:
    """Write a student's graded notebook and page, and what nbgrader's exchange knows the submission by.

    Raises GradingError if that cannot be, as on a full disk.
    """
    folder = Path(graded.result.student) / exam.assignment
    _write(course, Path("autograded", folder, exam.notebook), graded.notebook)
    write_page(course, exam, graded.result.student, graded.page)
    for place, name, text in _of_the_exchange(course / "submitted" / folder):
        _write(course, Path(place, folder, name), text)


def write_page(course: Path, exam: Exam, student: str, text: str) -> None:
    """Write a student's page of feedback. Raises GradingError if that cannot be, as on a full disk."""
    page = Path(exam.notebook).with_suffix(".html").name
    _write(course, Path("feedback", student, exam.assignment, page), text)


def solutions_released(course: Path, assignment: str, wanted: bool | None) -> bool:
    """Whether model solutions are shown: what is wanted now is remembered in the course's folder."""
    mark = course / "feedback" / f".solutions-of-{assignment}"
    if wanted is False:
        mark.unlink(missing_ok=True)
    elif wanted:
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
    return mark.exists()


def _of_the_exchange(submitted: Path) -> Iterator[tuple[str, str, str]]:
    """The two small files by which nbgrader's exchange knows a submission again when it returns feedback."""
    for name in ("timestamp.txt", "submission_secret.txt"):
        if submitted.is_symlink() or submitted.parent.is_symlink():
            return
        try:
            handle, _ = open_ordinary(str(submitted / name), 1000)
        except GradingError:  # not from the exchange
            continue
        with os.fdopen(handle, "rb") as file:
            text = file.read(1000).decode("utf-8", "replace")
        yield "autograded", name, text
        yield "feedback", name, text


def _write(course: Path, path: Path, text: str) -> None:
    """Write a file in the course's folder. GradingError if that cannot be: the disk may be full."""
    try:
        write_whole(course / path, text.encode("utf-8"))
    except OSError as error:
        raise GradingError(f"cannot write to {course}: {error}. The same command goes on from here") from None
