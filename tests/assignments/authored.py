"""An assignment as it was authored: its checks, its typical mistakes, and what its notebook defines."""

from __future__ import annotations

import inspect
from functools import cache

import nbformat

from lmcourse.files import course_file
from lmcourse.grading import course, derive
from lmcourse.grading.local import run_checks

NAMES = sorted(path.parent.name for path in course_file("solutions").glob("*/checks.py"))
CHECKS = {name: course.load_checks(name) for name in NAMES}
MISTAKES = {name: derive.mistakes(name) for name in NAMES}
TABLES = {name: derive.exercises(name) for name in NAMES}


def exercises(name):
    """The exercises of an assignment, in order."""
    return list(dict.fromkeys(check.exercise for check in CHECKS[name]))


def notebook(name):
    """The authored notebook."""
    return nbformat.read(course.source_notebook(name), as_version=4)


@cache
def _compiled(name):
    return compile(course.solution_source(name), name, "exec")


@cache
def _defined(name):
    namespace = {"__name__": "student"}
    exec(_compiled(name), namespace)
    return namespace


def defined(name):
    """What the authored notebook defines, without its setup and its checks; a copy."""
    return dict(_defined(name))


def wrong(name, code):
    """The same with other definitions, those of `code`, which the solution's own functions see as well."""
    namespace = {"__name__": "student"}
    exec(_compiled(name), namespace)
    exec(code, namespace)
    return namespace


def checks_of(name, exercise, public_only=False):
    """The checks of an exercise."""
    return [c for c in CHECKS[name] if c.exercise == exercise and not (public_only and c.hidden)]


def outcomes(name, exercise, namespace, seed, public_only=False):
    """What the checks of an exercise say of the functions in `namespace`."""
    return run_checks(checks_of(name, exercise, public_only), namespace, seed)


SEEDS = range(0, 12 * 7919, 7919)


def draws(check):
    """Whether a check draws what it asks, by the generator it is given; else it asks the same each time."""
    return len(inspect.signature(check.function).parameters) == 2


@cache
def graded(name, mistake):
    """What the checks of its exercise say of a mistake: seed -> outcomes.

    A check that draws nothing says with each seed what it says with the first, and is asked once; unless the
    mistake draws.
    """
    namespace = wrong(name, mistake.code)
    checks = checks_of(name, mistake.exercise)
    again = [check for check in checks if draws(check) or "random" in mistake.code]
    first = run_checks(checks, namespace, SEEDS[0])
    done = {SEEDS[0]: first}
    for seed in SEEDS[1:]:
        said = {check.name: outcome for check, outcome in zip(again, run_checks(again, namespace, seed))}
        done[seed] = [said.get(check.name, outcome) for check, outcome in zip(checks, first)]
    return done


# What is wrong with a mistake, for the author: which one, where, and what to do. Empty if nothing is.


def not_caught(name, mistake, seed, done):
    """That no check fails, or that none explains why."""
    failed = [outcome for outcome in done if not outcome.passed]
    if not failed:
        return f"{_which(name, mistake)}: with seed {seed} every check passes; add one that fails by it"
    if mistake.unseen or any(mistake.told in outcome.message for outcome in failed):
        return ""
    said = "\n  ".join(outcome.message for outcome in failed)
    return (
        f"{_which(name, mistake)}: with seed {seed} no failed check says {mistake.told!r}; they say\n  {said}"
    )


def by_luck(name, mistake, checks, done):
    """That a check fails with some seeds only; `done`: seed -> outcomes."""
    found = []
    for i, check in enumerate(checks):
        passes = [seed for seed in done if done[seed][i].passed]
        if passes and len(passes) < len(done):
            fails = [seed for seed in done if seed not in passes]
            found.append(
                f"{_which(name, mistake)}: the check {check.name} passes with seeds {passes} and fails with "
                f"{fails}; let it always ask something that shows the mistake, besides what it draws"
            )
    return "\n".join(found)


def wrongly_shown(name, mistake, done):
    """That no case shows it before handing in, or that one does though it is marked as unseen."""
    shown = [outcome.title for outcome in done if not outcome.passed]
    if not shown and not mistake.unseen:
        return (
            f"{_which(name, mistake)}: every public check passes, so the grade is the first to tell; "
            "add a case that shows it, or, if none can, mark it unseen=True"
        )
    if shown and mistake.unseen:
        return f"{_which(name, mistake)} is marked unseen=True, but {shown[0]!r} shows it; take the mark away"
    return ""


def _which(name, mistake):
    return f"{name}, exercise {mistake.exercise!r}, mistake {mistake.what!r}"
