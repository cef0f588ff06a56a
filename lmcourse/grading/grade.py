"""A whole run: who is to be graded, grading them, and recording what came of it.

The gradebook is the one thing that counts: a result is there or it is not, and a run that was killed goes on
from what is there. Pages and graded notebooks are written before the result they belong to.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from lmcourse.grading import attempts, feedback, folder
from lmcourse.grading.confine import Limits
from lmcourse.grading.course import GradingError, models
from lmcourse.grading.deadline import Deadline
from lmcourse.grading.exam import Exam
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.intake import Handed, find_submissions
from lmcourse.grading.isolated import Times
from lmcourse.grading.late import deadline_of
from lmcourse.grading.pool import grade_all
from lmcourse.grading.renaming import settle
from lmcourse.grading.result import Late, Plan, Result
from lmcourse.grading.roster import Roster
from lmcourse.grading.worker import Graded, Job, Rules, digest_of

BATCH, BATCH_SECONDS = 20, 2.0  # results are recorded by so many, or after so long


@dataclass(frozen=True)
class Options:
    """How to grade.

    Args:
        course: the folder for `autograded/` and `feedback/`.
        database: URL or file of the gradebook.
        workers: processes on this machine.
        scheduler: of a Dask cluster, instead of processes here; empty for none.
        seed: of the checks' inputs; None for a fresh one.
        regrade: students to grade again although they have a result; `"all"` for everybody.
        unsafe: without a sandbox.
        times, limits: what one submission may use.
    """

    course: Path
    database: str | Path
    workers: int
    scheduler: str = ""
    seed: int | None = None
    regrade: Sequence[str] = ()
    unsafe: bool = False
    times: Times = field(default_factory=Times)
    limits: Limits = field(default_factory=Limits)


@dataclass
class Run:
    """What a run has done."""

    seed: int
    graded: list[Result]
    kept: list[Result]  # had a result for the same file before
    seconds: float
    unknown: list[str]  # on no roster, and why
    gradebook: str  # its address, without a password
    missing: list[str] = field(default_factory=list)  # on the roster, but did not hand in
    unread: list[str] = field(default_factory=list)  # have a result, but their file could not be read now
    unused: list[str] = field(default_factory=list)  # files of which nobody can tell whose they are
    lowered: list[str] = field(default_factory=list)  # whose points went down
    origin: str = ""  # whose names the files had
    timeless: list[str] = field(
        default_factory=list
    )  # nobody knows when they handed in, so they are not late
    late: Mapping[str, Late] = field(default_factory=dict)  # who handed in late
    superseding: dict[str, str] = field(default_factory=dict)  # whose new file is late, and so does not count
    remarks: list[str] = field(default_factory=list)  # what seems odd in when things came
    deadline: str = ""  # which counts, and who says so
    renamed: Mapping[str, str] = field(default_factory=dict)  # before, now
    versions: Mapping[str, str] = field(default_factory=dict)  # of checks, release and grader


def run(
    assignment: str, paths: Sequence[Path], options: Options, roster: Roster | None = None, kind: str = ""
) -> Run:
    """Grade what was handed in and is not graded yet; see `find_submissions` for paths, roster and kind.

    Raises GradingError if nothing can be graded: no such assignment or path, no sandbox, no database.
    """
    begun = time.monotonic()
    exam, deadline = Exam.of(assignment), deadline_of(options.course, assignment)
    found = find_submissions(paths, assignment, roster, kind, deadline)
    _require_known(options.regrade, found.handed)
    with _alone(options.course):
        book = GradebookWriter(options.database)
        book.prepare(exam)
        if (known := book.deadline(assignment, deadline)) != deadline:
            deadline, found = known, find_submissions(paths, assignment, roster, kind, known)
        handed = found.handed
        plain = find_submissions(paths, assignment, None, kind).handed if roster else None
        names = settle(book, assignment, options.course, handed, plain)
        plan = _plan(book, exam, options)
        strangers = [f"{one.student}: {one.notes[-1]}" for one in handed if not one.known]
        outcome = Run(plan.seed, [], [], 0.0, strangers, book.name)
        outcome.versions, outcome.renamed = exam.versions, names
        outcome.origin, outcome.unused, before = found.origin, found.unused, book.results(assignment)
        if roster:
            here = {one.student for one in handed}
            book.introduce(student for name, student in roster.students.items() if name in here)
            outcome.missing = sorted({*roster.students} - here)
        rules = Rules(exam, plan.seed, options.times, options.limits, options.unsafe, plan.name)
        with tqdm(total=len(handed), unit="submission", desc=assignment, dynamic_ncols=True) as bar:
            jobs = _to_do(handed, before, plan, outcome, bar, deadline)
            try:
                for batch in _batches(grade_all(jobs, rules, options.workers, options.scheduler)):
                    _record(batch, exam, options.course, book)
                    outcome.graded += [graded.result for graded in batch]
                    bar.update(len(batch))
            except KeyboardInterrupt:
                raise GradingError(
                    f"stopped; {len(outcome.graded)} results are recorded. The same command goes on from here"
                ) from None
        _reckon_lateness(book, outcome, handed, exam, deadline)
        outcome.remarks += attempts.remarks(handed, deadline, book.results(assignment), roster)
        _rewrite_pages(outcome, exam, options.course, book)
        book.end_run(assignment)
    outcome.lowered = sorted(_lowered(before, outcome.graded))
    outcome.seconds = time.monotonic() - begun
    return outcome


def _lowered(before: dict[str, Result], graded: Iterable[Result]) -> Iterator[str]:
    """Who has fewer points than before, and why that may be."""
    for now in graded:
        old = before.get(now.student)
        if old and now.points < old.points:
            why = "the same file" if now.digest == old.digest else "another file"
            yield f"{now.student}: {old.points:g} before, now {now.points:g} for {why}"


@contextmanager
def _alone(course: Path) -> Iterator[None]:
    """See to it that no other run grades in this course; the kernel ends the claim however we end."""
    claim = os.open(course, os.O_RDONLY)
    try:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GradingError(f"another run is grading in {course}: wait until it is done") from None
        yield
    finally:
        os.close(claim)


def _plan(book: GradebookWriter, exam: Exam, options: Options) -> Plan:
    """The plan to follow: that of an interrupted run, unless what decides grades has changed since."""
    regrade = sorted(options.regrade)
    begun = book.run_in_progress(exam.assignment)
    if (
        begun
        and begun.versions == exam.versions
        and options.seed in (None, begun.seed)
        and regrade in ([], begun.regrade)
    ):
        return begun
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    plan = Plan(secrets.token_hex(8), seed, exam.versions, regrade)
    book.begin_run(exam.assignment, plan)
    return plan


def _require_known(regrade: Sequence[str], handed: Sequence[Handed]) -> None:
    unknown = sorted({*regrade} - {"all"} - {one.student for one in handed})
    if unknown:
        raise GradingError(f"--regrade: nothing was handed in by {', '.join(unknown)}")


def _to_do(
    handed: Iterable[Handed],
    done: dict[str, Result],
    plan: Plan,
    outcome: Run,
    bar: tqdm,
    deadline: Deadline,
) -> Iterator[Job]:
    """The submissions that still need grading, read one by one."""
    for one in handed:
        data, refused, old = b"", one.refused, done.get(one.student)
        try:
            data = b"" if refused else one.read()
        except (GradingError, OSError) as error:
            refused = str(error)
            if old:  # it could be read when it was graded, and will be again
                outcome.unread.append(f"{one.student}: {refused}")
        digest = digest_of(data or refused.encode())
        if old and (plan.keeps(old, digest) or (refused and not one.refused)):
            outcome.kept.append(old)
            bar.update()
        elif (
            old
            and old.digest != digest
            and one.student not in plan.regrade
            and attempts.stands_before(old, one, deadline)
        ):
            outcome.kept.append(old)
            outcome.superseding[one.student] = attempts.again(old, one, deadline)
            bar.update()
        else:
            yield Job(one.student, one.name, data, digest, one.submitted, one.notes, refused, one.late)


def _batches(all_graded: Iterable[Graded]) -> Iterator[list[Graded]]:
    """What is done, by a few at a time."""
    batch, begun = [], time.monotonic()
    for graded in all_graded:
        batch.append(graded)
        if len(batch) >= BATCH or time.monotonic() - begun > BATCH_SECONDS:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch


def _record(batch: list[Graded], exam: Exam, course: Path, book: GradebookWriter) -> None:
    """Write the files for people, then the results; a full disk stops the run with nothing lost."""
    for graded in batch:
        folder.write_graded(course, exam, graded)
    book.write([graded.result for graded in batch])


def _reckon_lateness(
    book: GradebookWriter, outcome: Run, handed: Sequence[Handed], exam: Exam, deadline: Deadline
) -> None:
    """Who is late, and of whom nobody knows; what is known only now reaches the results that were kept."""
    kept = {result.student: result.submitted for result in outcome.kept}
    mine = [one for one in handed if one.student in kept and one.student not in outcome.superseding]
    times = {one.student: one.submitted for one in mine if one.submitted}
    new = {student: time for student, time in times.items() if time != kept[student]}
    book.set_times(exam.assignment, new)
    outcome.late = book.penalise(exam.assignment, deadline)
    outcome.deadline, outcome.remarks = str(deadline), [*outcome.superseding.values()]
    outcome.timeless = [one.student for one in handed if deadline.due and not one.submitted and not one.late]


def _rewrite_pages(outcome: Run, exam: Exam, course: Path, book: GradebookWriter) -> None:
    """Say on pages just written what lateness costs, and what people had given: no run takes that away."""
    released = folder.solutions_released(course, exam.assignment, None)
    marks = book.marks(exam.assignment)
    fresh = {result.student: result for result in outcome.graded}
    told = [name for name in fresh if released or any(m.by_hand or m.comment for m in marks[name].values())]
    write_pages(book, exam, course, outcome.late, told)
    for student in sorted({*outcome.late} & {*fresh} - {*told}):  # the others' pages stay as they are
        text = feedback.page(fresh[student], exam.titles(), late=outcome.late[student])
        folder.write_page(course, exam, student, text)


def write_pages(
    book: GradebookWriter, exam: Exam, course: Path, late: Mapping[str, Late], students: Iterable[str]
) -> None:
    """Write the pages of these students with the scores and comments that people gave."""
    results, marks = book.results(exam.assignment), book.marks(exam.assignment)
    shown = models(exam.assignment, folder.solutions_released(course, exam.assignment, None))
    best = feedback.best_scores(results.values())
    for name in students:
        text = feedback.page(results[name], exam.titles(), marks[name], late.get(name), shown, best)
        folder.write_page(course, exam, name, text)


def write_feedback(assignment: str, course: Path, database: str | Path, solutions: bool | None = None) -> int:
    """Write every student's page anew, with the scores and comments that people gave; how many there are.

    Args:
        assignment: its name.
        course: the folder for `feedback/`.
        database: the gradebook: its path, or its URL.
        solutions: whether the pages show model solutions, from now on; None for what was said before.

    Raises GradingError if nobody has a result, or the course or the gradebook is in use.
    """
    exam = Exam.of(assignment)
    with _alone(course):
        book = GradebookWriter(database)
        results = book.results(assignment)
        if not results:
            raise GradingError(f"{book.name} has no result of {assignment}: grade it first")
        folder.solutions_released(course, assignment, solutions)
        late = book.penalise(assignment, deadline_of(course, assignment))
        students = tqdm(results, unit="page", desc=assignment, dynamic_ncols=True)
        write_pages(book, exam, course, late, students)
    return len(results)
