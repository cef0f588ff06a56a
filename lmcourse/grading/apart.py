"""A process of our own for what students have made, which may be killed: the one gate for their bytes.

Whatever the grader itself does with a file that somebody handed in (reading, unpacking, parsing, grafting,
checking what comes back from the sandbox) it does in such a process, on its main thread, under limits that
the kernel keeps. So no file can hold up or bring down a run, in no scheduler and on no thread.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MEMORY = 4_000_000_000  # bytes of such a process in all
READING_SECONDS = 10.0  # of computing, to read one submission; an ordinary one takes a few hundredths
READING_MEMORY = 1_500_000_000  # bytes, beyond what the process has already
TOO_LONG = "{} takes longer to read than {:g} s: hand in the notebook alone, its outputs cleared"
START = (
    "import sys; sys.path[:] = sys.argv[2:]; from lmcourse.grading.apart import main; main(int(sys.argv[1]))"
)

_expendable = False  # whether this is such a process


class Died(Exception):
    """The process has ended over a call.

    Args:
        late: because the time of a `reading` was over.
    """

    def __init__(self, late: bool):
        super().__init__("too late" if late else "it died")
        self.late = late


class Apart:
    """A process that calls functions for us, one after the other. One that has died is replaced.

    Use it from one thread at a time; `close` may be called from any, at any moment.
    """

    def __init__(self) -> None:
        self._lock, self._closed = threading.Lock(), False
        self._start()

    def _start(self) -> None:
        with self._lock:
            if self._closed:
                raise Died(late=False)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", START, str(os.getpid()), *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for us, who end it
            )

    def call(self, function: Callable, *args: Any) -> Any:
        """What a function of a module returns, or raises, in the process. Died if that ended it."""
        if self._process.poll() is not None:
            self._start()
        process = self._process
        try:
            pickle.dump((function, args), process.stdin)
            process.stdin.flush()
            done, value = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            process.kill()
            late = hasattr(signal, "SIGPROF") and process.wait() == -signal.SIGPROF
            self._let_go(process)
            raise Died(late) from None
        if not done:
            raise value
        return value

    def close(self) -> None:
        """End the process at once; a call that is under way raises Died."""
        with self._lock:
            self._closed = True
            self._process.kill()
        self._process.wait()

    @staticmethod
    def _let_go(process: subprocess.Popen) -> None:
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()


@contextmanager
def reading(seconds: float = READING_SECONDS, memory: int = READING_MEMORY) -> Iterator[None]:
    """Limit what the code below may use: the kernel ends this process when its time is over, whatever it is
    busy with, and MemoryError is raised where memory is short. Elsewhere than apart nothing is limited.
    """
    if not _expendable:
        yield
        return
    import resource

    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (min(used + memory, before[0]), before[1]))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def main(parent: int) -> None:
    """The process: one call after the other, until nobody asks any more."""
    global _expendable
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        _tie_to(parent)
        _expendable = True
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)  # what is printed here is no answer
    with contextlib.suppress(EOFError):
        while True:
            answer = _answer(*pickle.load(asked))
            answers.write(answer)
            answers.flush()


def _answer(function: Callable, args: tuple) -> bytes:
    try:
        return pickle.dumps((True, function(*args)))
    except Exception as error:
        try:
            return pickle.dumps((False, error))
        except Exception:  # one that cannot travel
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}"[:2000])))


def _tie_to(parent: int) -> None:
    """End with the process that started this one, and take no more memory than allowed."""
    import resource

    from lmcourse.grading.confine import die_with_parent

    die_with_parent()
    if os.getppid() != parent:  # it has died before we asked to be told
        os._exit(1)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
