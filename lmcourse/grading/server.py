"""The student's end of the channel: runs the notebook's cells, and answers the checks' questions about them.

It lives in the process of the student's code, which may do to it what it likes: nothing that it sends is
believed to be more than a student's answer.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import io
import linecache
import socket
import sys
import warnings
from typing import Any

import numpy as np

from lmcourse.grading.checks import CheckFailed, StudentError
from lmcourse.grading.loan import Lender
from lmcourse.grading.raised import defined_in, stopped_at, told_of
from lmcourse.grading.student import Desk, Question
from lmcourse.grading.values import NotPlain, from_wire, header, pack, to_wire, torch_tensor, unpack

MAX_PRINTED = 2_000  # characters kept of what is printed between two answers


class Printed(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it."""

    def __init__(self) -> None:
        self._kept = ""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        if len(self._kept) < MAX_PRINTED:
            self._kept += str(text)[: MAX_PRINTED - len(self._kept)]
        return len(text)

    def take(self) -> str:
        """What was kept since the last time."""
        kept, self._kept = self._kept, ""
        return kept


class Server:
    """The student's end of the channel.

    Args:
        desk: the socket.
        shell: in which the cells run.
        lender: finds what may be imported of the course's package.
    """

    def __init__(self, desk: socket.socket, shell: Any, lender: Lender):
        self._socket, self._shell, self._lender = desk, shell, lender
        self._stopped: dict[str, str] = {}  # name of a function -> what stopped its cell
        self._desk = Desk(shell.user_ns, self._delivered, self._stopped)
        self._printed = sys.stdout = sys.stderr = Printed()
        self._functions: dict[int, Any] = {}
        self._cells = 0
        self._ticket = 0  # of the request that is being answered: every reply must name it
        self._special = {"T": torch_tensor, "h": self._desk.kept.__getitem__, "c": self._callback}

    def serve(self) -> None:
        """One request after the other."""
        while (received := self._receive()) is not None:
            request, arrays = received
            self._ticket = request["n"]
            try:
                if "lend" in request:
                    self._lender.lend(*request["lend"])
                    reply = self._packed("ran", None)
                else:
                    reply = self._ran(request["run"]) if "run" in request else self._answered(request, arrays)
            except CheckFailed as failure:
                reply = self._packed("unfit", str(failure))
            except StudentError as error:
                reply = self._packed("raised", [list(error.kinds), error.message[:2000], error.where[:300]])
            except BaseException as error:
                reply = self._packed("raised", [[type(error).__name__], "", ""])
            self._socket.sendall(reply)

    def _answered(self, request: dict[str, Any], arrays: list[np.ndarray]) -> bytes:
        args, kwargs = from_wire(request["with"], arrays, self._special)
        return self._desk.answer(Question(**request["ask"], args=args, kwargs=kwargs))

    def _ran(self, source: str) -> bytes:
        """Run a cell; the reply is what stopped it, or nothing."""
        error = self._stopped_by(source)
        line = _line(error, self._shell) if error else 0
        for name in defined_in(source):
            self._stopped.pop(name, None)
            if error:
                self._stopped[name] = stopped_at(source, error, line)
        return self._packed("ran", error and [type(error).__name__, told_of(error)[:300], line])

    def _stopped_by(self, source: str) -> BaseException | None:
        """Run a cell; IPython, which takes its time, is asked only about what is no plain Python."""
        self._cells += 1
        sys.path_importer_cache.pop(sys.path[0], None)  # a cell may have written a module a moment ago
        name = f"<cell {self._cells}>"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the compiler, about odd escapes and the like
                code = compile(source, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            done = self._shell.run_cell(source, store_history=False)
            return done.error_before_exec or done.error_in_exec
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        try:
            exec(code, self._shell.user_ns)
        except BaseException as error:
            return error
        return None

    def _delivered(self, value: Any) -> bytes:
        arrays: list[np.ndarray] = []
        try:
            return self._packed("value", to_wire(value, arrays), arrays)
        except RecursionError:
            raise NotPlain("something that contains itself, or is nested without end") from None

    def _packed(self, kind: str, content: Any, arrays: list[np.ndarray] | None = None) -> bytes:
        return pack([self._ticket, kind, content, self._printed.take()], arrays or [])

    def _callback(self, content: list[Any]) -> Any:
        """A function of the check, as the student's code sees it. When it comes for the first time in a step,
        answers may come with it.
        """
        number, *known = content
        if not known:
            return self._functions[number]
        answers, *otherwise = from_wire(known[0], [], {})

        def ask(*args: Any, **kwargs: Any) -> Any:
            with contextlib.suppress(TypeError):  # arguments that cannot be looked up
                if not kwargs and (otherwise or args in answers):
                    return copy.copy(answers.get(args, *otherwise))
            arrays: list[np.ndarray] = []
            self._socket.sendall(self._packed("callback", [number, to_wire([args, kwargs], arrays)], arrays))
            reply, arrays = self._receive()
            if "raise" in reply:
                kind, message = reply["raise"]
                raise getattr(builtins, kind, RuntimeError)(message)
            return from_wire(reply["value"], arrays, self._special)

        self._functions[number] = ask
        return ask

    def _receive(self) -> tuple[Any, list[np.ndarray]] | None:
        head = self._exactly(8)
        return unpack(head, self._exactly(header(head))) if head else None

    def _exactly(self, count: int) -> bytes:
        data = self._socket.recv(count, socket.MSG_WAITALL)
        while data and len(data) < count:
            data += self._socket.recv(count - len(data))
        return data


def _line(error: BaseException, shell: Any) -> int:
    """The line of the cell that failed; 0 if unknown."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is shell.user_ns:
            number = trace.tb_lineno
        trace = trace.tb_next
    return number
