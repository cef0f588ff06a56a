"""What a case asks of a student's functions, written as the student would write it.

    ask.count([["a"]], 1)                              a function
    ask.add_k(COUNTS, VOCAB, 0.5)(("a",))              what a function returns, called in turn
    ask.Tokenizer(300).encode("low")                   a method of what a class makes
    ask.count([["a"]], 1).gives({(): {"a": 1, …}})     with the right answer: a `Fact`
    asking("the sum of …", total).gives(1.0)           code, where a call will not do

Nothing is called when this is written; `answer` calls it, in whatever process the student's code is. A
function that is asked must leave its arguments as they are.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lmcourse.grading.checks import CheckFailed, StudentError
from lmcourse.grading.compare import MISSING, same, short, told
from lmcourse.grading.numbers import IS_NEAR
from lmcourse.grading.raised import asks_an_array, is_of_arrays
from lmcourse.grading.student import CALL, Handle, Question, Student

Outcome = tuple  # ("gives", value), ("raises", `_sign_of` an exception) or ("fails", message of a check)
LETTERS = string.ascii_letters + string.digits + "_"  # of a function's name
SHAPES = re.compile("shape|mismatch|dimension|broadcast|size of tensor")


class Asked:
    """A question to a student's functions: `answer` asks it, `str` shows it."""

    def answer(self, student: Student) -> Any:
        """What the student's code answers, a plain value. Raises CheckFailed or StudentError."""
        raise NotImplementedError

    def gives(self, right: Any, what: str = "", tolerance: float = 1e-9) -> Fact:
        """The question with its right answer.

        Args:
            right: a plain value; in it numbers may be off by `tolerance`, relative above one.
            what: begins the message on a wrong answer; the question itself unless given.
            tolerance: of machine arithmetic, not of understanding.
        """
        return Fact(self, right, what, tolerance)

    def raises(self, kind: str, what: str = "") -> Fact:
        """The question that must raise the exception named `kind`, or one derived from it."""
        return Fact(self, Raises(kind), what)


class Call(Asked):
    """A call of a student's function, of a method, or of what another call returns.

    Args:
        name: of the function or method; empty to call what `of` returns.
        of: the call whose result is meant; None for a function of the notebook.
        args, kwargs: plain values, and functions of the check.
    """

    def __init__(self, name: str, of: Call | None, args: tuple, kwargs: dict[str, Any]):
        self._name, self._of, self._args, self._kwargs = name, of, args, kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Call:
        """A call of what this one returns."""
        return Call("", self, args, kwargs)

    def __getattr__(self, name: str) -> Callable[..., Call]:
        """A caller of a method of what this call returns."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: Call(name, self, args, kwargs)

    def answer(self, student: Student) -> Any:
        """What the student's code answers, a plain value. Raises CheckFailed or StudentError."""
        try:
            return self._ask(student, keep=False)
        except StudentError as error:
            if self._of is not None and not self._name and "not callable" in error.message:
                raise CheckFailed(
                    f"`{self._of}` should return a function: define one inside, and return it without "
                    "calling it"
                ) from None
            raise

    def _ask(self, student: Student, keep: bool) -> Any:
        """The answer, or, with `keep`, a handle of it."""
        owner = student if self._of is None else self._of._ask(student, keep=True)
        number = None if self._of is None else owner.number
        answer = owner._ask(Question(self._name, number, CALL, self._args, self._kwargs, keep))
        if not keep:
            return answer
        handle = Handle(owner._ask, *answer)
        if "NoneType" in repr(handle):
            raise CheckFailed(f"`{self}`: {MISSING}")
        return handle

    def __str__(self) -> str:
        """As code."""
        args = [short(arg, 60) for arg in self._args] + [
            f"{k}={short(v, 60)}" for k, v in self._kwargs.items()
        ]
        owner = "" if self._of is None else f"{self._of}." if self._name else str(self._of)
        return f"{owner}{self._name}({', '.join(args)})"


class _Ask:
    """`ask.name(…)`: a call of the student's function `name`, yet to be made."""

    def __getattr__(self, name: str) -> Callable[..., Call]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: Call(name, None, args, kwargs)


ask = _Ask()


class asking(Asked):
    """A question that takes code.

    Args:
        what: as the message on a wrong answer should call it.
        function: takes the student, and returns a plain value.
    """

    def __init__(self, what: str, function: Callable[[Student], Any]):
        self._what, self.answer = what, function

    def __str__(self) -> str:
        """As the author calls it."""
        return self._what


@dataclass(frozen=True)
class Raises:
    """The right answer to a question that must raise."""

    kind: str


@dataclass(frozen=True)
class Fact:
    """A question with its right answer; see `Asked.gives`."""

    asked: Asked
    right: Any
    what: str = ""
    tolerance: float = 1e-9

    def expect(self, student: Student, known: Sequence[tuple[Outcome, str]] = ()) -> None:
        """Ask the student.

        Args:
            student: whose code is asked.
            known: outcomes of typical mistakes, each with the reason.

        Raises CheckFailed, with the reason if the mistake is known, or StudentError.
        """
        name = self.what or (f"`{self.asked}`" if isinstance(self.asked, Call) else str(self.asked))
        try:
            got = self.asked.answer(student)
        except CheckFailed as failure:
            raise CheckFailed(_reasoned(str(failure), ("fails", str(failure)), self.right, known)) from None
        except StudentError as error:
            if self._is_raised(error):
                return
            message = f"{name}: {error.explanation()}"
            if asks_an_array(error.message):  # that is the whole reason
                raise CheckFailed(message) from None
            reasoned = _reasoned(message, ("raises", _sign_of(error)), self.right, known)
            if reasoned == message:
                raise
            raise CheckFailed(reasoned) from None
        if isinstance(self.right, Raises):
            message = f"{name} should raise {self.right.kind}, but it returned {short(got)}"
        elif same(got, self.right, self.tolerance):
            return
        else:
            message = told(name, got, self.right, self.tolerance)
        raise CheckFailed(_reasoned(message, ("gives", got), self.right, known))

    def outcome(self, student: Student) -> Outcome | None:
        """What becomes of the question where it goes wrong; None if the answer is right."""
        try:
            got = self.asked.answer(student)
        except CheckFailed as failure:
            return "fails", str(failure)
        except StudentError as error:
            return None if self._is_raised(error) else ("raises", _sign_of(error))
        right = not isinstance(self.right, Raises) and same(got, self.right, self.tolerance)
        return None if right else ("gives", got)

    def _is_raised(self, error: StudentError) -> bool:
        """Whether an exception is the right answer."""
        unwritten = error.kinds[0] == "NotImplementedError"
        meant = not unwritten and not is_of_arrays(error.message)
        return isinstance(self.right, Raises) and self.right.kind in error.kinds and meant

    @property
    def function(self) -> str:
        """The student's function that is asked, as far as the question names one."""
        text = str(self.asked).removeprefix("`")
        name = text[: len(text) - len(text.lstrip(LETTERS))]
        return name if text[len(name) :].startswith(("`", "(", ".")) else ""


def _sign_of(error: StudentError) -> str:
    """By what an exception is known: its class and, where shapes do not fit, the sizes that it names.

    Mistakes as different as a matrix that is not transposed and a head too few raise the same class.
    """
    sizes = re.findall(r"\d+", error.message) if SHAPES.search(error.message) else []
    return " ".join([error.kinds[0], *sizes])


def _reasoned(message: str, outcome: Outcome, right: Any, known: Sequence[tuple[Outcome, str]]) -> str:
    """The message with the reasons of the mistakes that have this outcome.

    A mistake whose value is nearly right is known by this value only, not by all that are nearly right. What
    the message says already is not said again.
    """
    reasons = [
        why
        for (kind, what), why in known
        if kind == outcome[0] and same(outcome[1], what, 1e-8 if same(what, right, 1e-5) else 1e-6)
    ]
    untold = [why for why in dict.fromkeys(reasons) if why not in message]
    if not untold:
        return message
    message = message.removesuffix(f"; {IS_NEAR}")  # a guess, where the reason is known
    first = (
        ": " if len(untold) == len(set(reasons)) else " Or: " if message.endswith((".", "?")) else "; or: "
    )
    return message + first + "; or: ".join(untold)
