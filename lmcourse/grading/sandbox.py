"""The sandbox from outside: starting it, seating submissions in it, keeping the time, and killing.

`walls` says what its warm process can see; `confine` adds the rest for each submission.
"""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import numpy as np

from lmcourse.grading.confine import Limits
from lmcourse.grading.local import LAST_RESORT
from lmcourse.grading.shelf import sources
from lmcourse.grading.values import ProtocolError, header, unpack
from lmcourse.grading.walls import NoSandbox, bubblewrap, environment, passwd

START_SECONDS = 120  # for the imports, on a machine that is busy
REFUSED = (
    "The usual reason is a host that forbids user namespaces: the page 'A class server' says how to allow "
    "them, or how to grade in a virtual machine. If you trust every student, --unsafe does without a sandbox."
)


class Gone(BaseException):
    """The student's process is no more; the message says why. No check can mistake it for an answer.

    Args:
        message: why.
        late: whether its time was over.
    """

    def __init__(self, message: str, late: bool = False):
        super().__init__(message)
        self.late = late


class SandboxLost(Exception):
    """The warm process is gone, or cannot seat anybody: not a student's doing, as far as we know."""


class Sandbox:
    """A warm process, and the submissions it is handed one after the other.

    Args:
        modules: what to import ahead.
        lent: the names that students' code may import of the course's package (see `shelf`).
        limits: of each submission.
        confined: False runs students' code with your rights on your files (`--unsafe`).

    Raises NoSandbox.
    """

    def __init__(
        self,
        modules: Sequence[str],
        limits: Limits | None = None,
        confined: bool = True,
        lent: Sequence[str] = (),
    ):
        self._control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()
        settings = {
            "modules": list(modules),
            "lent": list(lent),
            "sources": sources(tuple(lent)),
            "limits": asdict(limits or Limits()),
            "uid": 2_000_000_000 + os.getpid() % 1_000_000,  # a user that owns nothing
            "confined": confined,
        }
        inside = ["-I", "-m", "lmcourse.grading.inside", str(theirs.fileno())]
        with theirs, passwd() as users, tempfile.TemporaryFile() as told:
            os.pwrite(told.fileno(), json.dumps(settings).encode(), 0)  # read from the beginning, as it stays
            self._process = subprocess.Popen(
                [*(bubblewrap(users) if confined else ()), sys.executable, *inside],
                pass_fds=[theirs.fileno(), users],
                env=environment(),
                stdin=told,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,
            )
        self._control.settimeout(START_SECONDS)
        try:
            with suppress(OSError):
                if self._control.recv(1):
                    with self.seat():
                        return
            raise SandboxLost(self.said())
        except SandboxLost as lost:
            self.close()
            raise NoSandbox(f"the sandbox cannot be set up here:\n{lost}\n{REFUSED}") from None

    def said(self) -> str:
        """What bubblewrap and the warm process had to complain about."""
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode(errors="replace").strip()

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """A fresh process for a submission, killed at the end with all it may have left running."""
        desk, their_desk = socket.socketpair()
        report, their_report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with desk, report:
            with their_desk, their_report:
                try:
                    socket.send_fds(self._control, [b"+"], [their_desk.fileno(), their_report.fileno()])
                except OSError:
                    raise SandboxLost(f"the sandbox's warm process is gone: {self.said()}") from None
            seat = Seat(desk, report)
            try:
                yield seat
            finally:
                seat.kill()

    def close(self) -> None:
        """End the warm process and with it everything inside."""
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._process.kill()
        self._process.wait()
        self._errors.close()


class Seat:
    """A student's process in the sandbox, as it is talked to from outside.

    Args:
        desk: the socket to the student's process.
        report: the socket to the trusted process that watches it.
    """

    def __init__(self, desk: socket.socket, report: socket.socket):
        self._desk, self._report, self._process, self._number = desk, report, -1, -1
        self.received = 0  # bytes
        self.waited = 0.0  # seconds, for a processor, in all; known at the end
        report.settimeout(START_SECONDS)
        said = {self._hear(), self._hear()}
        if said != {b"pid", b"set"}:
            self.kill()
            raise SandboxLost(
                b" ".join(said - {b"pid", b"set"}).decode(errors="replace") or "it did not start"
            )
        self._number = _process_number(self._process)

    def _hear(self) -> bytes:
        """One message of the watcher; the handle of the process is kept when it comes."""
        try:
            message, handles, _, _ = socket.recv_fds(self._report, 3000, 1)
        except OSError:
            return b""
        if handles:
            self._process = handles[0]
        return message

    def send(self, message: bytes, clock: Clock) -> None:
        """Put a message to the student's process. Raises Gone."""
        try:
            self._desk.settimeout(max(0.01, clock.patience(self._number)))
            self._desk.sendall(message)
        except TimeoutError:
            raise Gone("it stopped listening", late=True) from None
        except OSError:
            raise Gone(self.how_it_ended()) from None

    def receive(self, clock: Clock) -> tuple[Any, list[np.ndarray]]:
        """A message of the student's process. Raises Gone, also if it is late or is no message."""
        try:
            head = self._exactly(8, clock)
            return unpack(head, self._exactly(header(head), clock))
        except ProtocolError as error:
            self.kill()
            raise Gone(f"it did not answer as the grader asks, but sent {error}") from None

    def _exactly(self, count: int, clock: Clock) -> bytes:
        data = bytearray()
        while len(data) < count:
            patience = clock.patience(self._number)
            if patience <= 0:
                self.kill()
                raise Gone(clock.over, late=True)
            self._desk.settimeout(patience)
            try:
                more = self._desk.recv(min(count - len(data), 1 << 20))
            except TimeoutError:
                continue
            except OSError:
                more = b""
            if not more:
                raise Gone(self.how_it_ended())
            data += more
        self.received += count
        return bytes(data)

    def how_it_ended(self) -> str:
        """Why the student's process has hung up, in words for the student; it is dead afterwards."""
        self._report.settimeout(1.0)
        message = self._hear()
        self.kill()
        if not message.startswith(b"end"):
            return "it closed the connection to the grader"
        status = int(message[3:])
        if status >= 0:
            return f"it ended its Python process (exit status {status}), as `os._exit` does"
        names = {number.value: number.name for number in signal.Signals}
        name = names.get(-status, f"signal {-status}")
        memory = (
            " (the memory ran out, or a library crashed)" if name in ("SIGKILL", "SIGSEGV", "SIGABRT") else ""
        )
        return f"its Python process was ended by {name}{memory}"

    def kill(self) -> None:
        """End the process and everything it has started: they share a namespace that dies with it."""
        if self._process >= 0:
            self.waited = waited(self._number)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            os.close(self._process)
            self._process = -1


class Clock:
    """How long a step may take: so many seconds of computing, twice as many on the clock.

    Time in which the process was ready to compute, and the machine did something else, does not count, up to
    LAST_RESORT times the seconds: a busy machine costs nobody marks.

    Args:
        seconds: of computing.
        deadline: of the whole notebook, as `time.monotonic()` has it, of a process that need never wait.
        last: its deadline whatever the process has waited.
    """

    def __init__(self, seconds: float, deadline: float, last: float = math.inf):
        self.seconds = seconds
        self._begun = time.monotonic()
        self._deadline, self._last = deadline, last
        self._before: tuple[float, float] | None = None  # computed and waited, when the step began
        self.over = ""  # why the time is over, in words for the student

    def patience(self, process: int) -> float:
        """Seconds to wait before asking again; 0 or less once the time is over."""
        now = time.monotonic()
        if self._before is None:
            self._before = computed(process), waited(process)
        soon = min(self._begun + self.seconds, self._deadline, self._last) - now
        if soon > 0:
            return soon
        has_waited = waited(process)
        in_step = has_waited - self._before[1]
        step = min(
            self.seconds - (computed(process) - self._before[0]),
            self._begun + 2 * self.seconds + in_step - now,
            self._begun + LAST_RESORT * self.seconds - now,
        )
        notebook = min(self._deadline + has_waited, self._last) - now
        whole = "the time allowed for the whole notebook was over"
        self.over = whole if notebook <= 0 else f"stopped after {self.seconds:g} s"
        return min(step, notebook)


def _process_number(handle: int) -> int:
    """The number that a process has here, from its handle."""
    with open(f"/proc/self/fdinfo/{handle}") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))


def computed(process: int) -> float:
    """Seconds of processor time that a process has used; 0 if it is gone."""
    try:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def waited(process: int) -> float:
    """Seconds that a process's first thread was ready to run and had no processor; 0 if that is not known.

    Of the first thread only: many, taking turns, would keep each other waiting.
    """
    try:
        with open(f"/proc/{process}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):  # no such process, or a kernel that does not count
        return 0.0
