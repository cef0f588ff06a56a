"""What a check holds of a student's work: names to call, and objects that stay where they are.

    student.entropy(probs)                      calls a function; plain values in, a plain value out
    model = student.create("Tokenizer", 300)    calls it and keeps the result there: a handle
    model.train(text)                           calls a method of a kept object
    model.create("copy")                        the same, and keeps what it returns
    model.value("merges")                       an attribute
    model(ids), next(model)                     calls it; the next value of a generator
    student.evaluate(model, text)               handles, and functions of the check, may be arguments

Arguments are copies, and whatever is called must leave them as they are: CheckFailed if it does not.
`Student` and `Handle` only phrase a `Question`; a transport answers it. `Desk` answers questions where the
student's code is.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from lmcourse.grading.checks import CheckFailed, StudentError
from lmcourse.grading.values import NotPlain, plain, to_wire

CALL, NEXT, VALUE = "call", "next", "value"


@dataclass(frozen=True)
class Question:
    """Something asked of the student's code.

    Args:
        name: of a function of the student, or of a method or attribute of `of`; empty for `of` itself.
        of: the number of a kept object, or None.
        do: CALL it, take its NEXT value, or read its VALUE.
        args, kwargs: of the call.
        keep: whether the result stays with the student; the answer is then (its number, its class's name).
    """

    name: str
    of: int | None = None
    do: str = CALL
    args: tuple = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    keep: bool = False

    @property
    def what(self) -> str:
        """How a message names it."""
        return self.name or "the object"


Ask = Callable[[Question], Any]


class Student:
    """The student's functions by name.

    Args:
        ask: answers a question, or raises CheckFailed or StudentError.
    """

    def __init__(self, ask: Ask):
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A caller of the student's function `name`."""
        return lambda *args, **kwargs: self._ask(Question(name, None, CALL, args, kwargs))

    def create(self, name: str, /, *args: Any, **kwargs: Any) -> Handle:
        """Call the student's function or class `name`, and keep what it returns in the student's process."""
        return Handle(self._ask, *self._ask(Question(name, None, CALL, args, kwargs, True)))


class Handle:
    """An object in the student's process.

    Args:
        ask: answers a question.
        number: the object's.
        kind: the name of its class.
    """

    def __init__(self, ask: Ask, number: int, kind: str):
        self._ask, self.number, self._kind = ask, number, kind

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A caller of the object's method `name`."""
        return lambda *args, **kwargs: self._ask(Question(name, self.number, CALL, args, kwargs))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object itself."""
        return self._ask(Question("", self.number, CALL, args, kwargs))

    def __iter__(self) -> Iterator[Any]:
        """Of a generator: itself."""
        return self

    def __next__(self) -> Any:
        """The generator's next value."""
        try:
            return self._ask(Question("", self.number, NEXT))
        except StudentError as error:
            if error.kinds[0] == "StopIteration":
                raise StopIteration from None
            raise

    def create(self, name: str, /, *args: Any, **kwargs: Any) -> Handle:
        """Call a method and keep what it returns in the student's process."""
        return Handle(self._ask, *self._ask(Question(name, self.number, CALL, args, kwargs, True)))

    def value(self, name: str) -> Any:
        """An attribute, as a plain value."""
        return self._ask(Question(name, self.number, VALUE))

    def __repr__(self) -> str:
        """What a message to the student calls it."""
        return f"an object of class {self._kind}"


def _written(value: Any) -> tuple[str, list[bytes]]:
    """A value as it is now, in a form that later changes do not reach; functions by their identity."""
    arrays: list[np.ndarray] = []
    tree = to_wire(value, arrays, lambda thing: id(thing))
    return repr(tree), [array.tobytes() for array in arrays]


class Desk:
    """Where the student's things are: the notebook's names, and the objects kept for the checks.

    Args:
        namespace: the notebook's variables.
        deliver: what becomes of an answer; raises NotPlain if it cannot travel.
        stopped: name of a function -> what stopped the cell that defines it.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any],
        deliver: Callable[[Any], Any] = plain,
        stopped: Mapping[str, str] | None = None,
    ):
        self._namespace, self._deliver = namespace, deliver
        self.stopped = {} if stopped is None else stopped
        self.kept: dict[int, Any] = {}

    def answer(self, question: Question) -> Any:
        """The answer, delivered: a plain value, or for `keep` the new handle's number and kind.

        Raises CheckFailed where there is nothing to call or nothing plain to return, and StudentError where
        the student's code raises. What a function of the check raises passes through.
        """
        try:
            result = self._done(question)
            if question.keep:
                self.kept[len(self.kept)] = result
                result = len(self.kept) - 1, type(result).__name__
            return self._deliver(result)
        except NotPlain as error:
            raise CheckFailed(f"{question.what} returned {error}{_advice(result)}") from None
        except (CheckFailed, StudentError):
            raise
        except (Exception, SystemExit) as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            text = str(error)
            if isinstance(error, NotImplementedError):
                text = text or self._unwritten(error) or question.name
            raise StudentError(kinds, text, self._where(error)) from None

    def _done(self, question: Question) -> Any:
        """Whatever the student's code gives."""
        if question.of is None:
            thing = self._namespace.get(question.name)
            if not callable(thing):
                why = self.stopped.get(question.name)
                raise CheckFailed(
                    f"the cell that defines `{question.name}` stopped: {why}"
                    if why
                    else f"there is no function {question.name}: run the cell that defines it, and keep its "
                    "name"
                )
        else:
            thing = self.kept[question.of]
            if question.name:
                if not hasattr(thing, question.name):
                    raise CheckFailed(f"your {type(thing).__name__} has no {question.name}")
                thing = getattr(thing, question.name)
        if question.do == NEXT:
            return next(thing)
        if question.do == VALUE:
            return thing
        arguments = {**dict(enumerate(question.args)), **question.kwargs}
        given = {place: _written(value) for place, value in arguments.items()}
        result = thing(*question.args, **question.kwargs)
        for place, value in arguments.items():
            if given[place] != _written(value):
                raise CheckFailed(
                    f"`{question.what}` changes what it was given as {_parameter(thing, place)}: work on a "
                    "copy, or make a new object"
                )
        return result

    def _unwritten(self, error: NotImplementedError) -> str:
        """The name of the student's function that is not written yet: a cell may have several."""
        trace, name = error.__traceback__, ""
        while trace is not None:
            if trace.tb_frame.f_globals is self._namespace:
                name = trace.tb_frame.f_code.co_name
            trace = trace.tb_next
        return name

    def _where(self, error: BaseException) -> str:
        """The last line of the student's own code that the error passed through.

        In a function other than the one that was asked for, also its name, and the line that called it.
        """
        trace, lines = error.__traceback__, []
        while trace is not None:
            if trace.tb_frame.f_globals is self._namespace:
                lines.append((trace.tb_frame.f_code, trace.tb_lineno))
            trace = trace.tb_next
        if not lines:
            return ""
        named = [line for line in lines if not line[0].co_name.startswith("<")]  # no lambda, no comprehension
        if not named or named[-1][0] is named[0][0]:
            return _line(*lines[-1])
        here, file = named[-1][0], named[0][0].co_filename
        caller = next(line for line in reversed(named) if line[0] is not here)
        return f"{_line(*lines[-1], file, here)}, called from {_line(*caller, file, caller[0])}"


def _parameter(function: Callable, place: int | str) -> str:
    """How the function calls an argument: its name, or its number where it has none."""
    if isinstance(place, str):
        return f"`{place}`"
    with suppress(Exception):  # a student's object may answer this in any way
        named = [*inspect.signature(function).parameters.values()][place]
        if named.kind in (named.POSITIONAL_ONLY, named.POSITIONAL_OR_KEYWORD):
            return f"`{named.name}`"
    return f"argument {place + 1}"


def _line(code: CodeType, number: int, file: str = "", function: CodeType | None = None) -> str:
    """A line of a student's code; with the file of the cell that was asked, and the function it is in."""
    source = linecache.getline(code.co_filename, number).strip()
    where = f"line {number} of {'its' if file in ('', code.co_filename) else 'another'} cell"
    return where + (f", in {function.co_name}" if function else "") + (f": `{source}`" if source else "")


def _advice(result: Any) -> str:
    if isinstance(result, (Iterator, set, frozenset, type({}.values()), type({}.keys()), type({}.items()))):
        return "; wrap it in list(…) before you return it"
    return "; expected plain numbers, text, lists or arrays"
