"""An assignment as it was authored: its checks, its typical mistakes, and what its notebook defines."""

from __future__ import annotations

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


def outcomes(name, exercise, namespace, seed, public_only=False):
    """What the checks of an exercise say of the functions in `namespace`."""
    chosen = [c for c in CHECKS[name] if c.exercise == exercise and not (public_only and c.hidden)]
    return run_checks(chosen, namespace, seed)
