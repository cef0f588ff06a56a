"""The isolated transport: a notebook runs in the sandbox, its checks run here, and only plain values cross.

The notebook is gone through from top to bottom: a code cell is run there, and where the notebook has a test
cell the exercise's checks ask their questions, so that what a later cell redefines changes no earlier
exercise. When a cell or a check brings the student's process down, or takes too long, a fresh process repeats
the cells so far without it, and the notebook goes on.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nbformat import NotebookNode

from lmcourse.grading.apart import READING_SECONDS
from lmcourse.grading.checks import Check, CheckFailed, StudentError
from lmcourse.grading.course import exercise_of
from lmcourse.grading.lending import lent_at
from lmcourse.grading.local import LAST_RESORT, OutOfTime, not_tried, time_limit
from lmcourse.grading.notebooks import grade_id, role
from lmcourse.grading.report import Outcome
from lmcourse.grading.sandbox import Clock, Gone, Sandbox, Seat
from lmcourse.grading.shelf import sources
from lmcourse.grading.student import Handle, Question, Student
from lmcourse.grading.values import NotPlain, ProtocolError, from_wire, pack, to_wire

MOST_BYTES = 200_000_000  # that a student's process may send in one step


@dataclass(frozen=True)
class Times:
    """Seconds allowed, of the student's own computing; on the clock, twice as many (see `Clock`).

    Args:
        cell: for one cell.
        checks: for all checks of one exercise.
        notebook: for everything, on the clock, repetitions included; public and hidden checks each have it.
        reading: of the grader's computing, to read the file and find the student's work in it.
    """

    cell: float = 30.0
    checks: float = 10.0
    notebook: float = 120.0
    reading: float = READING_SECONDS


@dataclass
class Examined:
    """What came of a notebook."""

    outcomes: dict[Check, Outcome] = field(default_factory=dict)  # of the checks there was time for
    asked: dict[Check, tuple] = field(default_factory=dict)  # seconds, and what the check itself raised
    failures: dict[int, str] = field(default_factory=dict)  # by cell: why it did not run through


def examine(
    notebook: NotebookNode,
    checks: Sequence[Check],
    seed: int,
    sandbox: Sandbox,
    times: Times,
    imports: Mapping[str, Sequence[str]] | None = None,
) -> Examined:
    """Run a notebook's cells in the sandbox, and an exercise's checks where the notebook has its test cell.

    It is gone through twice, for public checks and for hidden ones: what a hidden check has asked is known to
    no process of which the student gets to read anything.

    Args:
        notebook: repaired, so that its test cells are those of the release.
        checks: of all exercises.
        seed: of the checks' inputs.
        sandbox: where the student's code runs.
        times: how long it may.
        imports: exercise -> what of the course's package is lent to it once those before it are checked.
    """
    examination = _Examination(notebook, checks, seed, times, imports or {})
    for hidden in (False, True):
        examination.go_through(sandbox, hidden)
    return examination.done


class _Examination:
    """The state of `examine`, whose arguments it takes."""

    def __init__(
        self,
        notebook: NotebookNode,
        checks: Sequence[Check],
        seed: int,
        times: Times,
        imports: Mapping[str, Sequence[str]],
    ):
        self._cells = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        self._lent = lent_at(self._cells, imports)
        self._checks, self._seed, self._times = checks, seed, times
        self._fatal: set[int] = set()  # cells that a process did not survive
        self.done = Examined()

    def go_through(self, sandbox: Sandbox, hidden: bool) -> None:
        """Run all cells, and the public or the hidden checks, in as many processes as it takes."""
        self._deadline = self._last = math.inf
        while time.monotonic() < min(self._deadline, self._last):
            with sandbox.seat() as seat:
                now = time.monotonic()
                self._deadline = min(self._deadline, now + self._times.notebook)
                self._last = min(self._last, now + LAST_RESORT * self._times.notebook)
                for i, cell in self._cells:
                    if i not in self._fatal and not self._survives(i, cell, hidden, seat):
                        self._fatal.add(i)
                        break
                else:
                    return
            self._deadline += seat.waited

    def _clock(self, seconds: float) -> Clock:
        """Of a step that begins now."""
        return Clock(seconds, self._deadline, self._last)

    def _survives(self, i: int, cell: NotebookNode, hidden: bool, seat: Seat) -> bool:
        """Go past one cell, and say whether the student's process is still there."""
        error = ""
        try:
            if i in self._lent:
                Remote(seat, self._clock(self._times.cell)).lend(self._lent[i])
            if role(cell) == "test":
                return self._ask(exercise_of(grade_id(cell)), hidden, seat)
            error = Remote(seat, self._clock(self._times.cell)).run(cell.source)
            return True
        except Gone as gone:
            error = f"{gone}; the other cells were run without this one"
            return False
        finally:
            if error and not hidden:
                self.done.failures[i] = error

    def _ask(self, exercise: str, hidden: bool, seat: Seat) -> bool:
        """Run an exercise's checks that have not been run by a process before this one."""
        mine = [check for check in self._checks if check.exercise == exercise]
        left = [check for check in mine if check.hidden is hidden and check not in self.done.outcomes]
        remote, late = Remote(seat, self._clock(self._times.checks)), False
        try:
            # the second limit is for the checks themselves, fed with something monstrous
            with time_limit(1 + 4 * self._times.checks, computing=True):
                for check in left:
                    begun = time.monotonic()
                    score = check.verdict(Student(remote.ask), self._seed)
                    self.done.asked[check] = (round(time.monotonic() - begun, 4), score.trouble)
                    self.done.outcomes[check] = Outcome.of(check, score, remote.printed())
            return True
        except Gone as gone:
            told, late = f"{gone} for all checks of this exercise", gone.late
            if not late:  # how it ended, in the student's own choice of words, would tell what was asked
                told = "your code ended its process, or its answer" if hidden else f"your code: {gone}"
        except OutOfTime:
            told = "what your code returns takes too long to check"
        rest = list(dict.fromkeys(check for check in left + mine if check not in self.done.outcomes))
        self.done.outcomes.update(zip(rest, not_tried(rest, told, late)))
        return False


class Remote:
    """A student's process as a check sees it, for one step of the notebook.

    Args:
        seat: its place in the sandbox.
        clock: of this step.
    """

    def __init__(self, seat: Seat, clock: Clock):
        self._seat, self._clock = seat, clock
        self._printed, self._most = "", seat.received + MOST_BYTES
        self._functions: list[Callable[..., Any]] = []  # of the check, that the student's code may call
        self._failure: BaseException | None = None  # of such a function: the student's code cannot swallow it

    def printed(self) -> str:
        """What the student's code has printed since the last time."""
        printed, self._printed = self._printed, ""
        return printed

    def run(self, source: str) -> str:
        """Run a cell; what stopped it, or nothing. Raises Gone."""
        try:
            error, _ = self._exchange("ran", {"run": source}, [])
        except (CheckFailed, StudentError) as failure:  # of the shell itself, which a cell may have changed
            return f"the cell could not be run: {failure}"[:300]
        if error is None:
            return ""
        kind, message, line = (str(part)[:300] for part in error)
        return f"line {line}: {kind}: {message}"

    def lend(self, names: Sequence[str]) -> None:
        """Let the student's code import more of the course's package. Raises Gone."""
        self._exchange("ran", {"lend": [sources(tuple(names)), list(names)]}, [])

    def ask(self, question: Question) -> Any:
        """Answer a question of a check. Raises CheckFailed, StudentError or Gone."""
        arrays: list[np.ndarray] = []
        self._failure = None
        request = {
            "ask": {"name": question.name, "of": question.of, "do": question.do, "keep": question.keep},
            "with": to_wire([question.args, question.kwargs], arrays, self._special),
        }
        tree, arrays = self._exchange("value", request, arrays)
        return self._read(tree, arrays)

    def _special(self, value: Any) -> Any:
        """How a handle, or a function of the check, is written."""
        if isinstance(value, Handle):
            return {"h": value.number}
        if not callable(value):
            raise NotPlain(f"a {type(value).__name__}")
        if value in self._functions:
            return {"c": [self._functions.index(value)]}
        self._functions.append(value)
        return {"c": [len(self._functions) - 1, to_wire(getattr(value, "answers", ({},)), [])]}

    def _exchange(self, wanted: str, request: dict, arrays: list[np.ndarray]) -> tuple[Any, list[np.ndarray]]:
        """Send a request and return the reply of the kind wanted; calls of our functions in between are
        answered.
        """
        ticket = secrets.randbits(52)
        self._seat.send(pack({"n": ticket, **request}, arrays), self._clock)
        while True:
            reply, arrays = self._seat.receive(self._clock)
            said, kind, content, printed = self._checked(reply)
            self._printed = (self._printed + printed)[:10_000]
            if self._seat.received > self._most:
                self._refuse("more than anybody needs")
            if said != ticket:
                self._refuse("an answer that nobody had asked for")
            if kind == "callback":
                self._seat.send(self._called(content, arrays), self._clock)
                continue
            if self._failure:
                raise self._failure
            if kind == wanted:
                return content, arrays
            if kind == "unfit":
                raise CheckFailed(str(content)[:2000])
            if kind == "raised":
                kinds, message, where = content
                raise StudentError(
                    [str(k)[:100] for k in kinds[:50]] or ["Exception"], str(message)[:2000], str(where)[:300]
                )
            self._refuse("an answer of an unknown kind")

    def _checked(self, reply: Any) -> tuple[int, str, Any, str]:
        """The four parts of a reply."""
        if isinstance(reply, list) and [type(part) for part in reply[:2] + reply[3:]] == [int, str, str]:
            said, kind, content, printed = reply
            fits = kind != "raised" or (
                isinstance(content, list) and len(content) == 3 and type(content[0]) is list
            )
            if fits and (
                kind != "ran" or content is None or (isinstance(content, list) and len(content) == 3)
            ):
                return said, kind, content, printed
        return self._refuse("something that is no answer")

    def _called(self, content: Any, arrays: list[np.ndarray]) -> bytes:
        """Call a function of the check as the student's code asks; the reply to it."""
        try:
            number, tree = content
            function = self._functions[number] if type(number) is int and number >= 0 else None
        except (TypeError, ValueError, IndexError):
            function = None
        if function is None:
            self._refuse("a call of a function that there is not")
        args, kwargs = self._read(tree, arrays), {}
        arrays = []
        try:
            args, kwargs = args
            return pack({"value": to_wire(function(*args, **kwargs), arrays)}, arrays)
        except CheckFailed as failure:
            self._failure = self._failure or failure
            return pack({"raise": ["RuntimeError", "the check has ended"]}, [])
        except Exception as error:  # such as a model's ValueError after an impossible context
            return pack({"raise": [type(error).__name__, str(error)[:1000]]}, [])

    def _read(self, tree: Any, arrays: list[np.ndarray]) -> Any:
        try:
            return from_wire(tree, arrays, {})
        except (ProtocolError, RecursionError) as error:
            return self._refuse(
                f"{error}" if isinstance(error, ProtocolError) else "something nested without end"
            )

    def _refuse(self, what: str) -> Any:
        """End a student's process that does not keep to the rules of the channel."""
        self._seat.kill()
        raise Gone(f"it did not answer as the grader asks, but sent {what}")
