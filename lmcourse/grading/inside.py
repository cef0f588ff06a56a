"""The processes inside the sandbox: one that is kept warm, and for each submission a fork of it.

    python -I -m lmcourse.grading.inside DESCRIPTOR < SETTINGS

imports what the assignment needs, once, and then forks for every submission it is handed a socket for. It
never sees a submission, a check or a solution, so a fork has nothing to find in its memory. Each fork is two:
the first only watches the second, which locks itself in, runs the notebook's cells and answers questions on
what they define (`server`).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import random
import resource
import select
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmcourse.grading import confine
from lmcourse.grading.loan import Lender, install
from lmcourse.grading.server import Server


@dataclass(frozen=True)
class Settings:
    """What the warm process is told when it starts, as JSON.

    Args:
        modules: to import ahead.
        lent: the names that students' code may import of the course's package.
        sources: of its modules, which these need.
        limits: of `confine.Limits`, by name.
        uid: the user to become, where we are root.
        confined: False only for `--unsafe`.
    """

    modules: list[str]
    lent: list[str]
    sources: dict[str, str]
    limits: dict[str, int]
    uid: int
    confined: bool


def main(descriptor: str) -> None:
    """The warm process: forks until nobody asks any more."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))  # the worker's own limit is not meant for us
    control = socket.socket(fileno=int(descriptor))
    told = Settings(**json.load(sys.stdin))
    lender = install(told.sources, told.lent)
    shell = warmed(told.modules)
    gc.freeze()  # or the first collection in each fork would copy every page
    control.sendall(b"!")
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not data:
            return
        watcher = os.fork()
        if not watcher:
            control.close()
            try:
                _watch(*map(_socket, descriptors), told, shell, lender)
            finally:
                os._exit(0)
        for number in descriptors:
            os.close(number)
        os.waitpid(watcher, 0)  # one submission at a time: no two ever meet in one sandbox


def _socket(number: int) -> socket.socket:
    return socket.socket(fileno=number)


def warmed(modules: list[str]) -> Any:
    """An IPython shell that prints no tracebacks, with everything imported that takes time."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    with contextlib.redirect_stdout(io.StringIO()):
        shell = InteractiveShell.instance(config=config)
        for name in modules:
            with contextlib.suppress(Exception):  # the notebook's own import will tell
                importlib.import_module(name)
        shell.run_cell("import numpy\nnumpy.random.default_rng(0).random(3).sum()", store_history=False)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    shell.reset()
    for name in ("showtraceback", "showsyntaxerror", "enable_gui", "system", "getoutput"):
        setattr(shell, name, _nothing)  # a cell that begins with %matplotlib or !pip goes on to its next line
    return shell


def _nothing(*_: Any, **__: Any) -> None:
    """What takes the place of tracebacks, windows and programs."""


def _watch(desk: socket.socket, report: socket.socket, told: Settings, shell: Any, lender: Lender) -> None:
    """Fork the student's process, hand out the means to kill it, and tell how it ended."""
    try:
        if told.confined:
            confine.become(told.uid)
            confine.leave()
        student = os.fork()
        if not student:
            try:
                _sit_down(desk, report, told, shell, lender)
            finally:
                os._exit(0)
        desk.close()
        handle = os.pidfd_open(student)
        socket.send_fds(report, [b"pid"], [handle])
        if handle not in select.select([report, handle], [], [])[0]:  # the grader is gone
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        report.send(b"end" + str(os.waitstatus_to_exitcode(os.waitpid(student, 0)[1])).encode())
    except OSError:
        report.send(b"bad" + traceback.format_exc(limit=-1).encode())


def _sit_down(desk: socket.socket, report: socket.socket, told: Settings, shell: Any, lender: Lender) -> None:
    """The student's process: lock in, let go of everything but the one socket, and serve."""
    try:
        if told.confined:
            confine.lock(confine.Limits(**told.limits), os.environ["HOME"])
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        number = os.dup(desk.fileno())
        desk.detach()
        report.send(b"set")
        report.close()
        os.closerange(3, number)
        os.closerange(number + 1, 65536 if told.confined else 1024)
    except OSError:
        report.send(b"bad" + traceback.format_exc(limit=-1).encode())
        return
    if told.confined:
        sys.path.insert(0, os.getcwd())  # as in a notebook: what a cell has written can be imported
    random.seed()
    np.random.seed()  # noqa: NPY002  (the global generator, which a fork would share with all others)
    Server(_socket(number), shell, lender).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
