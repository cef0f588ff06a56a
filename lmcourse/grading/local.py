"""The local transport: checks run in the process of the student's functions, in the student's own kernel.

It is meant for honest work: instant feedback, and stock `nbgrader autograde` for a class that is trusted.
What it does guarantee: a student's warnings, prints and logging never reach the cell's output (nbgrader
gives zero marks to a test cell with anything on stderr), an endless loop ends, and no traceback leads
through the checks.
"""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lmcourse.grading.checks import Check, Score
from lmcourse.grading.report import Outcome
from lmcourse.grading.student import Desk, Handle, Question, Student
from lmcourse.grading.values import NotPlain, from_wire, to_wire, torch_tensor


class OutOfTime(BaseException):
    """The time allowed is over. Not an Exception, so that a student's `except Exception` does not stop it."""


def local_student(namespace: Mapping[str, Any]) -> Student:
    """The student's functions in this very process, reached as if they were elsewhere: arguments are copied
    on the way in, results are plain on the way out, and exceptions become StudentError.
    """
    desk = Desk(namespace)

    def ask(question: Question) -> Any:
        return desk.answer(arrived(question, desk.kept))

    return Student(ask)


def arrived(question: Question, kept: Mapping[int, Any]) -> Question:
    """The question with its arguments copied, and objects of the student in place of their handles."""
    arrays: list[np.ndarray] = []
    tree = to_wire([question.args, question.kwargs], arrays, _as_it_is)
    special = {
        "T": torch_tensor,
        "c": lambda value: kept[value.number] if isinstance(value, Handle) else value,
    }
    args, kwargs = from_wire(tree, [array.copy() for array in arrays], special)
    return dataclasses.replace(question, args=args, kwargs=kwargs)


def _as_it_is(value: Any) -> dict[str, Any]:
    """Handles, and functions of the check, need not be written: they are here."""
    if not (isinstance(value, Handle) or callable(value)):
        raise NotPlain(f"a {type(value).__name__}")
    return {"c": value}


def run_checks(
    checks: Sequence[Check], namespace: Mapping[str, Any], seed: int, seconds: float = 10.0
) -> list[Outcome]:
    """Run checks on the functions of `namespace`, one after the other.

    Args:
        checks: of one exercise.
        namespace: where the student's functions are.
        seed: each check gets its own generator, derived from this number and the check's name.
        seconds: allowed for all of them together; once they are over, the rest counts as failed.
    """
    student = local_student(namespace)
    outcomes: list[Outcome] = []
    try:
        with quiet() as printed, time_limit(seconds):
            for check in checks:
                said_before = len(printed())
                score = check.verdict(student, seed)
                outcomes.append(Outcome.of(check, score, printed()[said_before:]))
    except (OutOfTime, KeyboardInterrupt):
        pass
    rest = checks[len(outcomes) :]
    return outcomes + not_tried(rest, f"stopped after {seconds:g} s for all checks of this exercise", True)


def not_tried(checks: Sequence[Check], reason: str, late: bool = False) -> list[Outcome]:
    """Outcomes of the check that was interrupted, for `reason`, and of those that would have followed.

    If it was `late`, the first of them has its own word on why that may be.
    """
    behind = "not tried, since the check before did not end"
    told = [f"{reason}: {check.slow}" if late else reason for check in checks[:1]]
    return [
        Outcome.of(check, Score(0.0, why), "") for check, why in zip(checks, told + [behind] * len(checks))
    ]


@contextmanager
def time_limit(seconds: float, computing: bool = False) -> Iterator[None]:
    """Raise OutOfTime in the code below after so many seconds, where that can be done (Unix, main thread).

    Args:
        seconds: on the clock.
        computing: count this process's processor time instead.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise OutOfTime

    timer, number = (
        (signal.ITIMER_PROF, signal.SIGPROF) if computing else (signal.ITIMER_REAL, signal.SIGALRM)
    )
    previous = signal.signal(number, stop)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, previous)


@contextmanager
def quiet() -> Iterator[Callable[[], str]]:
    """Let nothing out: not through sys.stdout and sys.stderr, nor objects that were them, nor descriptors 1
    and 2, nor rich display. Yields a function that returns what Python code has printed so far.
    """
    said = io.StringIO()
    old_streams = sys.stdout, sys.stderr
    # A logging handler may hold the stream itself: silence the object too, where it lets us (Jupyter's does).
    muted = [stream for stream in dict.fromkeys(old_streams) if _set(stream, "write", said.write)]
    for stream in old_streams:
        stream.flush()
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    publisher = getattr(shell, "display_pub", None)
    sys.stdout = sys.stderr = said
    if publisher is not None:
        from IPython.core.displaypub import CapturingDisplayPublisher

        shell.display_pub = CapturingDisplayPublisher()
    try:
        with _descriptors_silenced():
            yield said.getvalue
    finally:
        sys.stdout, sys.stderr = old_streams
        for stream in muted:
            del stream.write
        if publisher is not None:
            shell.display_pub = publisher


def _set(stream: Any, name: str, value: Any) -> bool:
    """Set an attribute of the object, and say whether it allowed that."""
    try:
        setattr(stream, name, value)
    except AttributeError:
        return False
    return True


@contextmanager
def _descriptors_silenced() -> Iterator[None]:
    """Send file descriptors 1 and 2 to a scratch file, for code that does not go through Python's streams."""
    try:
        saved = [(fd, os.dup(fd)) for fd in (1, 2)]
    except OSError:  # a process without them has nothing to silence
        yield
        return
    with tempfile.TemporaryFile() as scratch:
        for fd, _ in saved:
            os.dup2(scratch.fileno(), fd)
        try:
            yield
        finally:
            for fd, copy_of_fd in saved:
                os.dup2(copy_of_fd, fd)
                os.close(copy_of_fd)
