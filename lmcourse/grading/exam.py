"""An assignment as it is graded: everything that decides a grade, and nothing of the students.

An `Exam` is plain text, so that it can travel to any process or machine that grades; two exams that grade
alike have the same versions.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import nbformat

import lmcourse
from lmcourse.files import course_file
from lmcourse.grading.checks import Check, checks_in
from lmcourse.grading.course import (
    checks_source,
    exercise_of,
    imports_in,
    module_of,
    release_notebook,
    require_assignment,
)
from lmcourse.grading.exercise import solved
from lmcourse.grading.notebooks import Release, grade_id, role


@dataclass(frozen=True)
class Exam:
    """One assignment to be graded.

    Args:
        assignment: its name, for example `"01-language-models"`.
        notebook: the file name of its notebook.
        release: the released notebook, as JSON.
        checks: the complete source of the checks (`course.checks_source`), hidden ones included.
    """

    assignment: str
    notebook: str
    release: str
    checks: str

    @classmethod
    def of(cls, assignment: str) -> Exam:
        """Read an assignment from the checkout. GradingError if there is none of that name; FileNotFoundError
        where its checks are not to be had (in an installed package).
        """
        path = release_notebook(require_assignment(assignment))
        course_file(f"solutions/{assignment}/checks.py")
        return cls(assignment, path.name, path.read_text(encoding="utf-8"), checks_source(assignment))

    @property
    def versions(self) -> dict[str, str]:
        """What a result names so that a grade can be reproduced: hashes of the texts, and of the grader."""
        return {
            "checks": _sha256(self.checks),
            "release": _sha256(self.release),
            "grader": lmcourse.__version__,
        }

    def published(self) -> Release:
        """The release as a notebook, to compare a submission with."""
        return _release(self)

    def points(self) -> dict[str, float]:
        """Points of each autograded exercise, in order, as the release has them."""
        marks = _marks(self)
        return {exercise_of(g): p for g, (p, by_hand) in marks.items() if not by_hand}

    def written(self) -> dict[str, float]:
        """Points of each answer that a person reads, in order."""
        return {g: p for g, (p, by_hand) in _marks(self).items() if by_hand}

    def titles(self) -> dict[str, str]:
        """What people call each exercise and each answer that a person reads: its heading in the release."""
        return _titles(self)

    def all_checks(self) -> list[Check]:
        """The checks, public and hidden."""
        return _checks(self)

    def imports(self) -> dict[str, tuple[str, ...]]:
        """What of the course's package a student may import: under "" for all exercises, and what one may
        besides.
        """
        return imports_in(_module(self))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@cache
def _release(exam: Exam) -> Release:
    notebook = nbformat.reads(exam.release, as_version=4)
    return Release(exam.assignment, Path(exam.notebook), notebook)


@cache
def _marks(exam: Exam) -> dict[str, tuple[float, bool]]:
    """Grade id -> (points, whether a person grades it), of the cells that earn points."""
    graded = [c for c in _release(exam).notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    return {grade_id(c): (float(c.metadata["nbgrader"]["points"]), role(c) == "solution") for c in graded}


@cache
def _titles(exam: Exam) -> dict[str, str]:
    titles, heading = {}, ""
    for cell in _release(exam).notebook.cells:
        if cell.cell_type == "markdown" and not role(cell):
            headings = re.findall(r"^#+ (.+)", cell.source, re.MULTILINE)
            heading = re.sub(r" \([^()]*points?\)$", "", headings[-1].strip()) if headings else heading
        elif role(cell):
            titles[grade_id(cell)] = heading
    return titles


@cache
def _module(exam: Exam) -> ModuleType:
    return module_of(exam.assignment, exam.checks)


@cache
def _checks(exam: Exam) -> list[Check]:
    module = _module(exam)
    solved(vars(module).get("SOLUTION", ""))  # once, before anybody's time runs: it may have to import torch
    return checks_in(module)
