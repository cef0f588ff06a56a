"""What a check is, and the words to write one in.

A check is a plain function that calls a student's functions and raises `CheckFailed`, with an explanation
in the student's terms, where the answer is not right:

    @check("chain_rule")
    def adds_up_logarithms(student):
        '''The log-probability of "a b" is log 0.5 + log 0.2.'''
        expect_close(student.sequence_log_prob(model, ["a", "b"]), math.log(0.1), "log p of 'a b'")

The first line of the docstring is its title. A check that returns a `Score` earns that part of its points:
an open task on a curve. A *hidden* check is run only when a submission is graded; the student reads its
hint and nothing else. It may take a second argument, a NumPy generator, for inputs that are new each time.
"""

from __future__ import annotations

import inspect
import math
import zlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from lmcourse.grading.numbers import IS_NEAR, NEAR, apart, close
from lmcourse.grading.raised import advice

NOT_WRITTEN = "not written yet: put your code where the cell raises NotImplementedError"


class CheckFailed(Exception):
    """The student's answer is not right; the message explains why."""


class StudentError(Exception):
    """The student's code raised an exception. Only names and text of it are known here, never the object.

    Args:
        kinds: the names of the exception's class and of its bases, the class first.
        message: the exception's own text.
        where: the line of the student's code, for example ``line 3: `return a / b` ``; may be empty.
    """

    def __init__(self, kinds: Sequence[str], message: str, where: str = ""):
        super().__init__(message)
        self.kinds = tuple(kinds)
        self.message = message
        self.where = where

    def __reduce__(self) -> tuple:
        """So that it survives the way from one process to another."""
        return type(self), (self.kinds, self.message, self.where)

    def explanation(self) -> str:
        """One sentence for the student."""
        if self.kinds[0] == "NotImplementedError":
            return NOT_WRITTEN + (f", in `{self.message}`" if self.message.isidentifier() else "")
        text = f"your code raised {self.kinds[0]}" + (f": {self.message}" if self.message else "")
        text += f" ({self.where})" if self.where else ""
        return text + advice(self.message)


@dataclass(frozen=True)
class Score:
    """What a check returns where an answer is neither right nor wrong: the part of its points that is earned.

    Args:
        value: from 0 to 1.
        message: what was measured, and what would earn more; a hidden check's hint is shown instead.

    Raises ValueError if there is no such part.
    """

    value: float
    message: str = ""
    trouble: Exception | None = None  # that the check itself raised: for the instructor, no student sees it

    def __post_init__(self):
        """Refuse what is no part."""
        if not 0 <= self.value <= 1:
            raise ValueError(f"a score is a number from 0 to 1, not {self.value!r}")


def on_a_curve(value: float, none: float, full: float) -> float:
    """The score of `value` on the straight line from 0 at `none` to 1 at `full`, and no further.

    >>> round(on_a_curve(2.0, none=2.5, full=1.9), 3)  # bits per character, of which fewer are better
    0.833
    """
    return min(1.0, max(0.0, (value - none) / (full - none)))


@dataclass(frozen=True)
class Check:
    """One check of one exercise."""

    exercise: str
    name: str
    title: str
    function: Callable
    hidden: bool = False
    hint: str = ""
    weight: float = 1.0
    slow: str = "is there an endless loop?"

    def verdict(self, student: Any, seed: int) -> Score:
        """Run the check: the score, and what it tells the student.

        Args:
            student: a `lmcourse.grading.student.Student`, wherever its code may be.
            seed: the check's generator is derived from this number and its name.
        """
        takes_rng = len(inspect.signature(self.function).parameters) == 2
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        try:
            score = self.function(student, rng) if takes_rng else self.function(student)
        except CheckFailed as failure:
            return Score(0.0, self.hint or str(failure))
        except StudentError as error:
            unwritten = error.kinds[0] == "NotImplementedError"
            told = f"{self.hint} (your code raised an exception)"  # which one could tell what was asked
            return Score(0.0, told if self.hidden and not unwritten else error.explanation())
        except Exception as error:  # the check stumbled over what it was given
            puzzled = f"your result could not be checked ({type(error).__name__}): is it of the right kind?"
            return Score(0.0, self.hint or puzzled, error)
        if not isinstance(score, Score):
            return Score(1.0)
        return Score(score.value, score.message if not self.hidden else self.hint if score.value < 1 else "")


def check(
    exercise: str, *, hidden: bool = False, hint: str = "", weight: float = 1.0, slow: str = Check.slow
) -> Callable:
    """Mark a function as a check of `exercise`.

    Args:
        exercise: its name; exercises are shown in the order in which their first checks are written.
        hidden: run it only for the grade, and show only `hint`.
        hint: for the student who fails a hidden check: where to look, and nothing that can be copied.
        weight: its share of the exercise's points, relative to the exercise's other checks.
        slow: what to tell the student whose time runs out in this check.
    """
    if hidden != bool(hint):
        raise ValueError(
            f"a check of {exercise!r}: a hidden check needs a hint, and only a hidden one has it"
        )

    def mark(function: Callable) -> Callable:
        title, name = (inspect.getdoc(function) or "").split("\n")[0], function.__name__
        if not title:
            raise ValueError(f"check {name!r} needs a docstring: its first line is the title")
        function.__check__ = Check(exercise, name, title, function, hidden, hint, weight, slow)
        return function

    return mark


def with_answers(
    function: Callable, known: Mapping[tuple, Any] | None = None, otherwise: Any = ...
) -> Callable:
    """A function for the student's code to call, which can answer without being asked.

    Where that code runs elsewhere, each call is a message there and back; answers that are sent along save
    them. They may be looked at, so do not send along what a check wants to be found out or counted.

    Args:
        function: deterministic.
        known: answers by arguments: `{(context,): probs}`.
        otherwise: the answer to all that is not known, if there is one.
    """
    function.answers = (dict(known or {}), *(() if otherwise is ... else (otherwise,)))
    return function


def checks_in(module: ModuleType) -> list[Check]:
    """The checks of a module, in the order in which they are written: its functions', and its exercises'."""
    checks = []
    for value in vars(module).values():
        if hasattr(value, "__check__"):
            checks.append(value.__check__)
        elif hasattr(value, "__checks__") and not isinstance(value, type):  # an exercise told as a table
            checks += value.__checks__(vars(module))
    return checks


def expect(condition: bool, message: str) -> None:
    """Fail with `message` unless the condition holds."""
    if not condition:
        raise CheckFailed(message)


def expect_number(value: Any, what: str) -> float:
    """`value` as a float; fails if it is no number, or not-a-number."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    expect(value is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(
        isinstance(value, (int, float)) and not isinstance(value, bool),
        f"{what} should be one number; you returned {describe(value)}",
    )
    expect(
        not math.isnan(value),
        f"{what} came out as nan (not a number): look for 0/0, 0 · inf or inf - inf on the way",
    )
    return float(value)


def expect_close(
    value: Any,
    expected: float,
    what: str,
    *,
    tolerance: float = 1e-9,
    mistakes: Mapping[float, str] | None = None,
) -> float:
    """Fail unless `value` is a number within `tolerance` of `expected`, relative to the larger of it and one.

    Args:
        value: what the student returned.
        expected: the right number; infinite is allowed.
        what: begins the message: "the log-probability of 'a b'".
        tolerance: of machine arithmetic, not of understanding.
        mistakes: wrong numbers one typically arrives at, with an explanation of each.
    """
    number = expect_number(value, what)
    if close(number, expected, tolerance):
        return number
    near = max(tolerance, 1e-6)
    reason = next((f": {why}" for wrong, why in (mistakes or {}).items() if close(number, wrong, near)), "")
    if not reason and close(number, expected, NEAR):
        reason = f"; {IS_NEAR}"
    right, yours = apart(expected, number)
    raise CheckFailed(f"{what} should be {right}, yours is {yours}{reason}")


def expect_distribution(value: Any, tokens: Sequence[Hashable] | None = None, what: str = "") -> np.ndarray:
    """The probabilities (V,) a student returned; fails unless they are a distribution.

    Args:
        value: a row of numbers, or, where `tokens` is given, a dictionary from token to probability.
        tokens: the tokens a dictionary may have; those it leaves out count as probability zero.
        what: whose probabilities; it begins the message: "(0.4, 0.6) at T = 0.5".
    """
    at = f"{what}: " if what else ""
    expect(value is not None, f"{at}your function returned None; is a `return` missing?")
    if tokens is not None:
        kind = "a dictionary from word to probability"
        expect(isinstance(value, dict), f"{at}expected {kind}, got {describe(value)}")
        for strange in [token for token in value if token not in tokens][:1]:
            raise CheckFailed(f"{at}your dictionary has the entry {strange!r}, which is no possible word")
        value = [expect_number(value.get(t, 0.0), f"{at}the probability of {t!r}") for t in tokens]
    try:
        probs = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise CheckFailed(f"{at}expected a row of probabilities, got {describe(value)}") from None
    expect(
        probs.ndim == 1, f"{at}expected one row of numbers, got {describe(probs if probs.ndim else value)}"
    )
    expect(
        not np.any(np.isnan(probs)),
        f"{at}your probabilities contain nan (not a number): look for 0/0, 0 · inf or inf/inf on the way",
    )
    expect(
        np.all(probs >= 0),
        f"{at}your probabilities contain {probs.min(initial=0):.4g}; none may be negative. Are they "
        f"logarithms?",
    )
    total = float(probs.sum())
    expect(
        abs(total - 1) < 1e-6,
        f"{at}your probabilities sum to {total:.4g}, not 1: did you renormalise at the end?",
    )
    return probs


def expect_raises(call: Callable[[], Any], kind: str, when: str) -> None:
    """Fail unless `call` makes the student's code raise the exception named `kind` or one derived from it."""
    try:
        call()
    except StudentError as error:
        if error.kinds[0] == "NotImplementedError":
            raise
        expect(
            kind in error.kinds,
            f"{when}, your code should raise {kind}; it raised {error.kinds[0]}: {error.message}",
        )
    else:
        raise CheckFailed(f"{when}, your code should raise {kind}, but it returned as if all were well")


def describe(value: Any) -> str:
    """A short description of a value for a message: its kind, and as much of itself as fits."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    kinds = {"str": "the text ", "dict": "the dictionary ", "list": "the list ", "tuple": "the tuple "}
    text = repr(value)
    return kinds.get(type(value).__name__, "") + (text if len(text) <= 60 else text[:57] + "…")
