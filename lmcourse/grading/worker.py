"""Grade one submission: from the bytes handed in to a result, a graded notebook and a feedback page.

`grade` is a plain function of plain data, so it runs alike here and on other machines; its limits on reading
need a process `apart`. Each process keeps one warm sandbox.
"""

from __future__ import annotations

import ast
import hashlib
import re
import time
import traceback
from dataclasses import dataclass, field
from functools import cache

import nbformat
from nbformat import NotebookNode

from lmcourse.grading import feedback
from lmcourse.grading.apart import reading
from lmcourse.grading.checks import Score
from lmcourse.grading.confine import Limits
from lmcourse.grading.course import GradingError
from lmcourse.grading.exam import Exam
from lmcourse.grading.graft import Repaired, repair
from lmcourse.grading.isolated import Examined, Times, examine
from lmcourse.grading.loan import PACKAGE
from lmcourse.grading.notebooks import grade_id, role
from lmcourse.grading.recognise import defined_names
from lmcourse.grading.report import Outcome, Report, printable
from lmcourse.grading.result import Result
from lmcourse.grading.runner import first_line
from lmcourse.grading.sandbox import Sandbox, SandboxLost
from lmcourse.grading.shelf import sources
from lmcourse.grading.unpack import notebook_in
from lmcourse.grading.walls import NoSandbox

IMPORTS_TORCH = re.compile(r"^[ \t]*(?:import|from)[ \t]+torch\b", re.MULTILINE)
BROKEN = "the grader broke down over this notebook, twice: have a person look at it"


@dataclass(frozen=True)
class Rules:
    """What is the same for all submissions of a run.

    Args:
        exam: the assignment.
        seed: of the checks' inputs, the same for every student.
        times, limits: what one submission may use.
        unsafe: run students' code without a sandbox.
        run: the name of the run.
    """

    exam: Exam
    seed: int
    times: Times = field(default_factory=Times)
    limits: Limits = field(default_factory=Limits)
    unsafe: bool = False
    run: str = ""


@dataclass(frozen=True)
class Job:
    """One submission.

    Args:
        student: the id.
        name: of the file, for messages.
        data: its bytes; empty if it is refused.
        digest: SHA-256 of what was handed in.
        submitted: when, as ISO text; empty if unknown.
        notes: what was found when it was taken in.
        refused: why it is not even opened; empty if it is.
        late: whether the LMS marks it as late.
    """

    student: str
    name: str
    data: bytes
    digest: str
    submitted: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""
    late: bool = False


@dataclass(frozen=True)
class Graded:
    """What came of one submission: the result, and two files for people to read."""

    result: Result
    notebook: str
    page: str


def grade(job: Job, rules: Rules) -> Graded:
    """Grade a submission. Whatever the file holds and its code does, there is a result with a reason.

    Raises NoSandbox where nothing can be graded.
    """
    begun = time.monotonic()
    release = rules.exam.published()
    notes, refused, examined = list(job.notes), job.refused, Examined()
    repaired = repair(release, nbformat.v4.new_notebook())
    if not refused:
        try:
            repaired, found = _read(job, rules)
            notes += found + repaired.notes
            examined = _examined(repaired.notebook, rules)
        except NoSandbox:
            raise
        except Exception as error:  # a fault of ours must not stop the run
            refused = _refusal(error, job.name)
    result = Result(
        student=job.student,
        assignment=rules.exam.assignment,
        reports=_reports(rules, examined, refused),
        written=_written(rules.exam, repaired),
        answers={grade_id(c): c.source for c in repaired.notebook.cells if role(c) == "solution"},
        seed=rules.seed,
        versions=rules.exam.versions,
        digest=job.digest,
        submitted=job.submitted,
        refused=printable(refused),
        notes=[printable(note) for note in notes],
        failures=[
            printable(f"{first_line(repaired.notebook.cells[i].source)} {why}")
            for i, why in sorted(examined.failures.items())
        ],
        unsafe=rules.unsafe,
        run=rules.run,
        troubles={check.name: _trouble(what) for check, (_, what) in examined.asked.items() if what},
        times=_times(rules.exam, examined),
        seconds=round(time.monotonic() - begun, 3),
        late=job.late,
    )
    return Graded(
        result, feedback.notebook(repaired.notebook, result), feedback.page(result, rules.exam.titles())
    )


def _read(job: Job, rules: Rules) -> tuple[Repaired, list[str]]:
    """The student's work in the release's form, and what was found on the way; nothing else is kept."""
    release = rules.exam.published()
    try:
        with reading(rules.times.reading):
            student, found = notebook_in(job.data, job.name, release)
            return repair(release, student), found
    finally:
        defined_names.cache_clear()


def _refusal(error: Exception, name: str) -> str:
    """Why a submission could not be graded, in words."""
    if isinstance(error, GradingError):
        return str(error)
    if isinstance(error, SandboxLost):
        return BROKEN
    if isinstance(error, (MemoryError, RecursionError)):
        return f"{name} is too large, or nested too deep, to be read"
    return f"the grader stumbled over this notebook ({type(error).__name__}): have a person look at it"


def _examined(notebook: NotebookNode, rules: Rules) -> Examined:
    """Run the notebook and its checks; once more in a new sandbox if the sandbox itself is lost."""
    modules = warm_modules(rules.exam)
    if any(IMPORTS_TORCH.search(cell.source) for cell in notebook.cells if cell.cell_type == "code"):
        modules += ("torch",)  # seconds to import, but only once for all who want it
    imports = rules.exam.imports()
    what = (modules, rules.limits, not rules.unsafe, imports[""])
    checks = rules.exam.all_checks()
    try:
        return examine(notebook, checks, rules.seed, _sandbox(*what), rules.times, imports)
    except SandboxLost:
        _SANDBOXES.pop(what).close()
        return examine(notebook, checks, rules.seed, _sandbox(*what), rules.times, imports)


_SANDBOXES: dict[tuple, Sandbox] = {}


def _sandbox(modules: tuple[str, ...], limits: Limits, confined: bool, lent: tuple[str, ...]) -> Sandbox:
    """This process's sandbox for all who import these modules."""
    what = (modules, limits, confined, lent)
    if what not in _SANDBOXES:
        _SANDBOXES[what] = Sandbox(modules, limits, confined, lent)
    return _SANDBOXES[what]


@cache
def warm_modules(exam: Exam) -> tuple[str, ...]:
    """What the released notebook imports, and what most students import besides; of the course's package only
    what is lent from the beginning.
    """
    names, lent = {"numpy", "matplotlib.pyplot"}, sources(exam.imports()[""])
    for cell in exam.published().notebook.cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module)
    return tuple(sorted(name for name in names if name in lent or name.split(".")[0] != PACKAGE))


def _reports(rules: Rules, examined: Examined, refused: str) -> list[Report]:
    """One report for each exercise, whatever happened."""
    late = f"the time allowed for the whole notebook ({rules.times.notebook:g} s) was over"
    why = "the file could not be graded" if refused else late
    outcomes: dict[str, list[Outcome]] = {name: [] for name in rules.exam.points()}
    for check in rules.exam.all_checks():
        if check.exercise in outcomes:
            not_reached = Outcome.of(check, Score(0.0, f"not tried: {why}"), "")
            outcomes[check.exercise].append(examined.outcomes.get(check, not_reached))
    return [Report(name, outcomes[name], rules.seed, points) for name, points in rules.exam.points().items()]


def _trouble(error: Exception) -> str:
    """What went wrong in a check itself, and in which line of `checks.py`."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.endswith("/checks.py")]
    where = f" (checks.py, line {lines[-1]})" if lines else ""
    return printable(f"{type(error).__name__}: {error}"[:300] + where)


def _times(exam: Exam, examined: Examined) -> dict[str, list[float]]:
    """Exercise -> seconds of each of its checks, in order; of those that were not reached, 0."""
    times: dict[str, list[float]] = {}
    for check in exam.all_checks():
        times.setdefault(check.exercise, []).append(examined.asked.get(check, (0.0, None))[0])
    return times


def _written(exam: Exam, repaired: Repaired) -> dict[str, dict]:
    """Points of each answer in words, and whether there is one."""
    said = {grade_id(cell) for cell in repaired.notebook.cells if cell.source.strip()}
    answered = said & set(repaired.answered)
    return {name: {"points": points, "answered": name in answered} for name, points in exam.written().items()}


def digest_of(data: bytes) -> str:
    """SHA-256 of what was handed in."""
    return hashlib.sha256(data).hexdigest()
