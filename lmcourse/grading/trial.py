"""What grading again would change: results of other checks, tried with those of today, nothing recorded.

Each is tried with the inputs that it was graded with, so that what differs is due to the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from lmcourse.grading.attempts import stands_before
from lmcourse.grading.course import GradingError
from lmcourse.grading.exam import Exam
from lmcourse.grading.grade import Options
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.intake import Handed, find_submissions
from lmcourse.grading.late import deadline_of
from lmcourse.grading.pool import grade_all
from lmcourse.grading.result import Result
from lmcourse.grading.roster import Roster
from lmcourse.grading.worker import Job, Rules, digest_of


@dataclass
class Trial:
    """What came of it.

    Args:
        tried: student -> (the result there is, that of today's checks), of all results of other checks.
        fresh: who has no result yet, or has handed in another file since; they were not tried.
        outdone: whose new file came late, so that what was in time counts.
    """

    tried: dict[str, tuple[Result, Result]]
    fresh: list[str]
    outdone: list[str] = field(default_factory=list)

    @property
    def changed(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Student -> exercise -> points before and now, of all for whom any differ."""
        every = {student: differences(*pair) for student, pair in sorted(self.tried.items())}
        return {student: found for student, found in every.items() if found}

    def __str__(self) -> str:
        """For a terminal."""
        lines = [f"{len(self.tried)} results are of other checks; {len(self.changed)} of them would change"]
        for student, found in self.changed.items():
            old, new = self.tried[student]
            parts = ", ".join(f"{name} {a:g} → {b:g}" for name, (a, b) in found.items())
            lines.append(f"  {student}: {old.points:g} before, {new.points:g} by these checks ({parts})")
        if self.fresh:
            lines.append(f"{len(self.fresh)} files have no result yet, and were not tried")
        if self.outdone:
            lines.append(f"what came late does not replace what was in time: {', '.join(self.outdone)}")
        lines.append("nothing was recorded")
        if self.tried:
            lines.append("--regrade all grades everybody again, with new inputs; --regrade NAME only some")
        return "\n".join(lines)


def differences(old: Result, new: Result) -> dict[str, tuple[float, float]]:
    """Exercise -> points in either of two results, where they differ; 0 where one has no such exercise."""
    before, after = ({r.exercise: r.points for r in result.reports} for result in (old, new))
    pairs = {name: (before.get(name, 0.0), after.get(name, 0.0)) for name in {**before, **after}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def outdated(results: Sequence[Result], versions: Mapping[str, str]) -> list[Result]:
    """The results that other checks, another release or another grader than these have made."""
    return [result for result in results if dict(result.versions) != dict(versions)]


def try_again(
    assignment: str, paths: Sequence[Path], options: Options, roster: Roster | None = None, kind: str = ""
) -> Trial:
    """Grade what other checks have graded, and record nothing; arguments and errors as of `grade.run`."""
    exam = Exam.of(assignment)
    book = GradebookWriter(options.database)
    book.prepare(exam, record=False)
    before = book.results(assignment)
    deadline = book.deadline(assignment, deadline_of(options.course, assignment))
    trial, by_seed = Trial({}, []), {}
    for one in find_submissions(paths, assignment, roster, kind, deadline).handed:
        old, job = before.get(one.student), _job(one)
        if old and old.digest != job.digest and stands_before(old, one, deadline):
            trial.outdone.append(one.student)
        elif old is None or old.digest != job.digest:
            trial.fresh.append(one.student)
        elif outdated([old], exam.versions):
            by_seed.setdefault(old.seed, []).append(one)
    total = sum(map(len, by_seed.values()))
    with tqdm(total=total, unit="submission", desc=f"{assignment}, tried", dynamic_ncols=True) as bar:
        for seed, some in by_seed.items():
            rules = Rules(exam, seed, options.times, options.limits, options.unsafe)
            for graded in grade_all(_jobs(some), rules, options.workers, options.scheduler):
                student = graded.result.student
                trial.tried[student] = before[student], graded.result
                bar.update()
    return trial


def _jobs(handed: Sequence[Handed]) -> Iterator[Job]:
    """Read one by one."""
    yield from map(_job, handed)


def _job(one: Handed) -> Job:
    data, refused = b"", one.refused
    try:
        data = b"" if refused else one.read()
    except (GradingError, OSError) as error:
        refused = str(error)
    digest = digest_of(data or refused.encode())
    return Job(one.student, one.name, data, digest, one.submitted, one.notes, refused)
