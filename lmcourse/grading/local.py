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
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lmcourse.grading.borrowed import not_lent
from lmcourse.grading.checks import Check, CheckFailed, Score
from lmcourse.grading.report import Outcome
from lmcourse.grading.student import Desk, Handle, Question, Student
from lmcourse.grading.values import NotPlain, from_wire, to_wire, torch_tensor

LAST_RESORT = 8  # times the seconds that code may compute, it may take on a machine that is busy


class OutOfTime(BaseException):
    """The time allowed is over. Not an Exception, so that a student's `except Exception` does not stop it."""


def local_student(
    namespace: Mapping[str, Any],
    lent: Sequence[str] | None = None,
    stopped: Mapping[str, str] | None = None,
) -> Student:
    """The student's functions in this very process, reached as if they were elsewhere: arguments are copied
    on the way in, results are plain on the way out, and exceptions become StudentError.

    Args:
        namespace: where they are.
        lent: what they may use of the course's package (see `shelf`); None for all.
        stopped: name of a function -> what stopped the cell that defines it.
    """
    desk = Desk(namespace, stopped=stopped)
    told: dict[str, str] = {}  # of each function that was asked: what it should not use

    def ask(question: Question) -> Any:
        if lent is not None and question.of is None:
            if question.name not in told:
                told[question.name] = not_lent(question.name, namespace, lent)
            if told[question.name]:
                raise CheckFailed(told[question.name])
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
    checks: Sequence[Check],
    namespace: Mapping[str, Any],
    seed: int,
    seconds: float = 10.0,
    lent: Sequence[str] | None = None,
    stopped: Mapping[str, str] | None = None,
) -> list[Outcome]:
    """Run checks on the functions of `namespace`, one after the other.

    Args:
        checks: of one exercise.
        namespace: where the student's functions are.
        seed: each check gets its own generator, derived from this number and the check's name.
        seconds: of computing allowed for all of them together, as `time_limit` counts; once they are over,
            the rest counts as failed.
        lent: what the student's functions may use of the course's package; None for all.
        stopped: name of a function -> what stopped the cell that defines it.
    """
    student = local_student(namespace, lent, stopped)
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
    """Raise OutOfTime in the code below once its time is over, where that can be done (Unix, main thread).

    A busy machine costs nobody marks. Allowed are so many seconds of computing and twice as many on the
    clock, without those in which the code was ready to compute and had no processor, where the system tells
    (Linux); only at LAST_RESORT times the seconds it is over whatever the reason.

    Args:
        seconds: of computing.
        computing: count the processor time of all threads, and nothing else.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    begun = _times()

    def stop(*_: object) -> None:
        left = 0.0 if computing else _left(seconds, *(now - then for now, then in zip(_times(), begun)))
        if left <= 0:
            raise OutOfTime
        signal.setitimer(timer, max(left, 0.01))

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


def _times() -> tuple[float, float, float]:
    """The clock, what this thread has computed, and how long it has waited for a processor, in seconds."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            waited = int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):  # a system that does not count
        waited = 0.0
    return time.monotonic(), time.thread_time(), waited


def _left(seconds: float, passed: float, computed: float, waited: float) -> float:
    """Seconds until it is to be asked again whether the time is over; 0 or less if it is.

    >>> _left(10.0, 30.0, 4.0, 25.0)  # of 30 seconds it had a processor, or slept, for 5
    6.0
    """
    return min(seconds - computed, 2 * seconds + waited - passed, LAST_RESORT * seconds - passed)


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
