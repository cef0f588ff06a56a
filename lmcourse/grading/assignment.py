"""`Assignment`: the object in an assignment's notebook that answers "is it right?"."""

from __future__ import annotations

import difflib
import os
import secrets
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lmcourse import console
from lmcourse.grading import course
from lmcourse.grading.checks import Check, checks_in
from lmcourse.grading.local import arrived, local_student, quiet, run_checks, time_limit
from lmcourse.grading.report import MIME, Outcome, Report
from lmcourse.grading.student import Question, Student

if TYPE_CHECKING:
    from lmcourse.grading.progress import Progress


class _Told(Exception):
    """Shown in a notebook without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class ChecksFailed(_Told):
    """Raised where a failing check must stop a program: nbgrader's validation."""


class NoExercise(_Told, ValueError):
    """A name that no exercise has."""


class Assignment:
    """The checks of one assignment, for the functions of one notebook.

    Args:
        name: for example `"01-language-models"`.
        namespace: where the functions are; the notebook's own variables unless something else is given.

    Raises ValueError, listing the assignments, if there is none of that name.
    """

    def __init__(self, name: str, namespace: Mapping[str, Any] | None = None):
        if not os.environ.get(
            course.RUNNING
        ):  # there the name counts for nothing, and no assignment is shown
            course.require_assignment(name)
        self.name = name
        self._namespace = sys._getframe(1).f_globals if namespace is None else namespace
        self.stopped: dict[str, str] = {}  # name of a function -> what stopped the cell that defines it

    @cached_property
    def _module(self) -> ModuleType:
        return course.load_module(self.name)

    @cached_property
    def _checks(self) -> list[Check]:
        return checks_in(self._module)

    def __repr__(self) -> str:
        """For example `Assignment('01-language-models')`."""
        return f"Assignment({self.name!r})"

    @property
    def exercises(self) -> list[str]:
        """The exercises' names, in order."""
        return list(dict.fromkeys(check.exercise for check in self._checks))

    def check(self, *exercises: str) -> None:
        """Run the public checks of some exercises and show at once what passed and what did not; of all, if
        none is named, and show a table of how far each is, and what does not pass yet of those begun.

        A failing check raises nothing, so that *Run all* runs all; nbgrader's *Validate* is told by an
        exception.
        """
        if os.environ.get(course.RUNNING):  # whoever runs the notebook asks the checks too
            return
        autograding = os.environ.get("NBGRADER_EXECUTION") == "autograde"
        wanted = exercises or self.exercises
        if autograding:  # there `grade` shows all checks of what it grades
            wanted = [name for name in exercises if not any(check.hidden for check in self._checks_of(name))]
        for name in [name for name in wanted if name not in self.exercises and name in self._by_hand()]:
            print(f"{name} is answered in words, which a person reads: it has no check")
            wanted = [other for other in wanted if other != name]
        reports = [self.report(exercise) for exercise in wanted]
        shown = reports
        if not (exercises or autograding):
            show(self.progress(reports))
            shown = [report for report in reports if report.begun and not report.passed]
        for report in shown:
            show(report)
        if os.environ.get("NBGRADER_EXECUTION") == "validate" and not all(
            report.passed for report in reports
        ):
            raise ChecksFailed("; ".join(report.headline() for report in reports if not report.passed))

    def submit(self) -> None:
        """Run this notebook and its public checks anew, say the points, and pack it: `lmcourse submit`.

        On Colab the browser saves the zip.
        """
        if os.environ.get(course.RUNNING) or os.environ.get("NBGRADER_EXECUTION"):
            return
        from lmcourse.grading.handing_in import hand_in  # here: the sandbox has none

        hand_in(self.name, self._namespace)

    def progress(self, reports: Sequence[Report], written: Collection[str] | None = None) -> Progress:
        """What reports of public checks come to, as a table; `written`: the answers in words there are."""
        from lmcourse.grading.progress import Progress, public_shares  # here: the sandbox has none

        hidden = getattr(self._module, "UNSEEN_WEIGHTS", {})
        return Progress.of(self.name, reports, public_shares(self._checks, hidden), written)

    def report(self, exercise: str) -> Report:
        """The outcome of an exercise's public checks."""
        checks = [check for check in self._checks_of(exercise) if not check.hidden]
        return Report(exercise, self._outcomes(exercise, checks, 0), seed=0)

    def grade(self, exercise: str) -> float:
        """Run all checks of an exercise, show the outcome, and return the points earned.

        The returned number is the cell's result, which nbgrader reads as partial credit. Inputs are new
        each time; `$LMCOURSE_SEED`, if set, repeats those of an earlier run, whose seed its report shows.
        """
        try:
            maximum = course.points(self.name)[exercise]
        except FileNotFoundError:
            raise ChecksFailed("grading needs the course's repository, with its solutions/ folder") from None
        seed = int(os.environ.get("LMCOURSE_SEED") or secrets.randbelow(2**31))
        graded = Report(exercise, self._outcomes(exercise, self._checks_of(exercise), seed), seed, maximum)
        show(graded)
        return graded.points

    def failed(self, exercise: str) -> tuple:
        """What the first question of an exercise that goes wrong hands to the function, to try it yourself.

        Returns copies of the arguments, so that `args = assignment.failed("block")` and `block(*args)` repeat
        the call; prints which function that is. Empty if all goes right.
        """
        for check in self._checks_of(exercise):
            asked: list[Question] = []
            ask = local_student(self._namespace)._ask
            watched = Student(lambda question, asked=asked, ask=ask: asked.append(question) or ask(question))
            with quiet(), time_limit(10.0):
                score = check.verdict(watched, 0)
            if score.value < 1 and asked and not check.hidden:
                last = arrived(asked[-1], {})
                more = "".join(f", {name}={value!r}" for name, value in last.kwargs.items())
                print(f"{last.what}(*args{more}): {check.title}")
                return last.args
        print(f"{exercise}: every public check passes")
        return ()

    def _by_hand(self) -> list[str]:
        """The answers in words, which have no check."""
        from lmcourse.grading.progress import tasks  # here: the sandbox has none

        return [task.name for task in tasks(self.name) if task.by_hand]

    def _outcomes(self, exercise: str, checks: list[Check], seed: int) -> list[Outcome]:
        lent = course.lent_until(course.imports_in(self._module), exercise, self.exercises)
        return run_checks(checks, self._namespace, seed, lent=lent, stopped=self.stopped)

    def _checks_of(self, exercise: str) -> list:
        """All checks of one exercise; ValueError, listing the exercises, if there is none of that name."""
        if exercise not in self.exercises:
            near = difflib.get_close_matches(exercise, self.exercises, n=1)
            raise NoExercise(
                f"no exercise {exercise!r} in {self.name}"
                + (f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(self.exercises)}")
                + f"\n{course.update()}" * (not near)
            )
        return [check for check in self._checks if check.exercise == exercise]


def show(what: Report | Progress) -> None:
    """Display a report or a table: as HTML in a notebook, as text elsewhere."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        console.widen()
        print(what.as_text())
        return
    from IPython.display import display

    data = {"text/html": what.as_html(), "text/plain": what.as_text()}
    display(data | ({MIME: what.as_json()} if isinstance(what, Report) else {}), raw=True)
