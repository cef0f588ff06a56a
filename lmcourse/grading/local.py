"""The local transport: checks run in the process of the student's functions, in the student's own kernel.

It is meant for honest work: instant feedback, and stock `nbgrader autograde` for a class that is trusted.
What it does guarantee: a student's warnings, prints and logging never reach the cell's output (nbgrader
gives zero marks to a test cell with anything on stderr), an endless loop ends, and no traceback leads
through the checks.
"""

from __future__ import annotations

import copy
import io
import linecache
import os
import signal
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lmcourse.grading.checks import Check, CheckFailed, StudentError
from lmcourse.grading.report import Outcome


class OutOfTime(BaseException):
    """The time allowed is over. Not an Exception, so that a student's `except Exception` does not stop it."""


class LocalStudent:
    """The student's functions by name: `student.entropy(probs)` calls `entropy` of a namespace.

    Arguments are copied on the way in, results are made plain on the way out, and exceptions become
    StudentError, as they would be if the function ran elsewhere.
    """

    def __init__(self, namespace: Mapping[str, Any]):
        self._namespace = namespace

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A caller of the student's function `name`; CheckFailed if there is none."""
        function = self._namespace.get(name)
        if not callable(function):
            raise CheckFailed(f"there is no function {name}: run the cell that defines it, and keep its name")

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return plain(function(*copy.deepcopy(args), **copy.deepcopy(kwargs)), name)
            except (CheckFailed, StudentError):
                raise
            except (Exception, SystemExit) as error:
                kinds = [kind.__name__ for kind in type(error).__mro__]
                raise StudentError(kinds, str(error), self._where(error)) from None

        return call

    def _where(self, error: BaseException) -> str:
        """The last line of the student's own code that the error passed through."""
        where, trace = "", error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals is self._namespace:
                source = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()
                where = f"line {trace.tb_lineno} of its cell" + (f": `{source}`" if source else "")
            trace = trace.tb_next
        return where


def plain(value: Any, name: str) -> Any:
    """Numbers, text, None, lists, tuples, dictionaries, arrays of numbers; CheckFailed for anything else."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return np.array(value)
    if isinstance(value, np.generic):
        return plain(value.item(), name)
    if isinstance(value, dict):
        return {plain(k, name): plain(v, name) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(plain(v, name) for v in value)
    if type(value).__name__ == "Tensor":
        return np.array(value.detach().cpu().numpy())
    if isinstance(value, Iterator) or type(value).__name__ in (
        "dict_values",
        "dict_keys",
        "dict_items",
        "set",
    ):
        raise CheckFailed(
            f"{name} returned a {type(value).__name__}; wrap it in list(…) before you return it"
        )
    raise CheckFailed(
        f"{name} returned a {type(value).__name__}; expected plain numbers, text, lists or arrays"
    )


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
    student = LocalStudent(namespace)
    outcomes: list[Outcome] = []
    try:
        with quiet() as printed, time_limit(seconds):
            for check in checks:
                message, said_before = "", len(printed())
                try:
                    check.run(student, np.random.default_rng([seed, zlib.crc32(check.name.encode())]))
                except CheckFailed as failure:
                    message = check.hint or str(failure)
                except StudentError as error:
                    unwritten = error.kinds[0] == "NotImplementedError"
                    told = f"{check.hint} (your code raised {error.kinds[0]})"
                    message = told if check.hidden and not unwritten else error.explanation()
                except Exception as error:  # the check stumbled over what it was given
                    puzzled = (
                        f"your result could not be checked ({type(error).__name__}): is it of the right kind?"
                    )
                    message = check.hint or puzzled
                outcomes.append(Outcome.of(check, message, printed()[said_before:]))
    except (OutOfTime, KeyboardInterrupt):
        pass
    for i, check in enumerate(checks[len(outcomes) :]):
        slow = f"stopped after {seconds:g} s for all checks of this exercise: is there an endless loop?"
        outcomes.append(Outcome.of(check, "not tried, since the check before did not end" if i else slow, ""))
    return outcomes


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the code below after so many seconds, where that can be done (Unix, main thread)."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


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
