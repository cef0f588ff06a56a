"""`Exercise`: an exercise told once, as a table from which checks, hints and tests of the checks are made.

    counting = Exercise("counting", points=2, minutes=15, hints=("…", "…"))

    counting.case(
        "With n = 1 there is one context, the empty one.",
        ask.count([["a", "b"], ["a"]], 1).gives({(): {"a": 2, "b": 1, END: 2}}),
    )
    counting.slip("the end is missing: to stop is a decision as well", {" + [END]": ""})

    @counting.hidden("random sentences, with n from 1 to 5: which tokens are said?")
    def random_texts(rng):
        for n in range(1, 6):
            yield ask.count(random_text(rng), n)

    counting.another("with counters of counters", '''…''')

Right values of cases are written by hand. Of a hidden question the authored solution knows the answer, and
`another` solution, written independently, shows that it is right. `derive.py` applies each slip to the
authored solution and finds out which wrong value, in which case, is due to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from lmcourse.grading.asking import Asked, Fact, Outcome, Raises
from lmcourse.grading.checks import Check, CheckFailed
from lmcourse.grading.local import local_student
from lmcourse.grading.student import Student

Reasons = Mapping[
    str, list
]  # reason -> [(case, fact, kind of outcome, what), …], as `derive.reasons` makes them


@dataclass(frozen=True)
class Case:
    """Some facts that a student is shown under one title."""

    title: str
    facts: tuple[Fact, ...]
    weight: float


@dataclass(frozen=True)
class Slip:
    """A typical mistake: the reason that a student reads, and how the authored solution makes it.

    Args:
        why: the reason.
        change: old text -> new text of the solution's cell, each old one to be found once; or code that
            redefines some of its functions.
        unseen: whether no case shows it, so that only the grade finds it out.
        untold: whether a student is only shown what is wrong, because to find out why is the exercise.
    """

    why: str
    change: Mapping[str, str] | str
    unseen: bool = False
    untold: bool = False

    def applied(self, solution: str) -> str:
        """The solution's cell with the mistake in it. ValueError if an old text is not there once."""
        if isinstance(self.change, str):
            return f"{solution}\n\n{self.change}"
        for old, new in self.change.items():
            if solution.count(old) != 1:
                raise ValueError(f"slip {self.why!r}: {old!r} is {solution.count(old)} times in the solution")
            solution = solution.replace(old, new)
        return solution


@dataclass(frozen=True)
class Hidden:
    """A generator of questions that are asked only for the grade; of all, or of those of one part."""

    hint: str
    questions: Callable[[np.random.Generator], Iterable]
    weight: float
    part: str = ""

    def asked(self, rng: np.random.Generator) -> Iterator[Asked | Fact]:
        """The questions, without the names of their parts."""
        for question in self.questions(rng):
            part, asked = question if self.part else ("", question)
            if part == self.part:
                yield asked


class Exercise:
    """One exercise of an assignment; its methods add to it.

    Args:
        name: of the exercise; its cells in the notebook are `intro-NAME`, `NAME` and `test_NAME`.
        minutes: that it takes, about.
        hints: two that unfold in the notebook, the second stronger.
        points: 0 for an exercise that is not graded.
        imports: what of the course's package a student may import for it (see `shelf`), besides IMPORTS.
    """

    def __init__(
        self,
        name: str,
        *,
        minutes: int,
        hints: tuple[str, str],
        points: float = 0,
        imports: tuple[str, ...] = (),
    ):
        if len(hints) != 2:
            raise ValueError(f"exercise {name!r} has {len(hints)} hints; write two, the second stronger")
        self.name, self.minutes, self.points, self.hints = name, minutes, points, hints
        self.imports = imports
        self.cases: list[Case] = []
        self.slips: list[Slip] = []
        self.others: dict[str, str] = {}
        self.generators: list[Hidden] = []

    def case(self, title: str, *facts: Fact, weight: float = 1.0) -> None:
        """What students try before they hand in: facts, asked in order until one does not hold.

        Args:
            title: what the case is about, right value included.
            facts: `ask.name(…).gives(…)`.
            weight: of the case among the exercise's checks.
        """
        self.cases.append(Case(title, facts, weight))

    def slip(
        self, why: str, *changes: Mapping[str, str] | str, unseen: bool = False, untold: bool = False
    ) -> None:
        """A typical mistake, made in one way or in several; see `Slip`."""
        self.slips += [Slip(why, change, unseen, untold) for change in changes]

    def another(self, what: str, code: str) -> None:
        """Another right solution, written independently: its definitions replace those of the solution."""
        self.others[what] = code

    def hidden(self, hint: str, weight: float = 1.0, parts: Mapping[str, float] | None = None) -> Callable:
        """Mark a function of a NumPy generator that yields questions for the grade, new ones each time.

        Args:
            hint: what a student who fails is told: where to look, and nothing that can be copied.
            weight: among the exercise's checks.
            parts: in place of the weight, that of each part, so that who has one right and not another earns
                it: `{"`layer_norm`": 0.5, "`block`": 1}`. Each is a check, whose hint begins with its name; a
                question is then yielded behind the name of its part.
        """

        def mark(questions: Callable) -> Callable:
            if parts is None:
                self.generators.append(Hidden(hint, questions, weight))
            for part, share in (parts or {}).items():
                self.generators.append(Hidden(f"{part}: {hint}", questions, share, part))
            return questions

        return mark

    def heading(self) -> str:
        """What the release puts behind the exercise's title: `(15 minutes, 2 points)`."""
        worth = f"{self.points:g} point{'s' * (self.points != 1)}" if self.points else "no points"
        return f"({self.minutes} minutes, {worth})"

    def folded_hints(self) -> str:
        """The two hints in Markdown, each of which unfolds."""
        titles = ("A hint", "A stronger hint")
        return "\n\n".join(
            f"<details><summary>{title}</summary>\n\n{hint}\n\n</details>"
            for title, hint in zip(titles, self.hints)
        )

    def _facts(self, end: int) -> list[Fact]:
        """The facts of the cases before this one."""
        return [fact for case in self.cases[:end] for fact in case.facts]

    def __checks__(self, module: Mapping[str, Any]) -> Iterator[Check]:
        """The checks, public ones first.

        Args:
            module: where the exercise is written, with `REASONS` (exercise -> Reasons), and `SOLUTION`, the
                source of all authored solutions, where hidden questions are to be asked.
        """
        reasons: Reasons = module.get("REASONS", {}).get(self.name, {})
        for i, case in enumerate(self.cases):
            known = [_known(reasons, i, j) for j in range(len(case.facts))]
            function = _case_check(case, known, self._facts(i))
            yield Check(self.name, f"{self.name}_{i + 1}", case.title, function, weight=case.weight)
        for i, hidden in enumerate(self.generators):
            name = hidden.questions.__name__ + (f"_{i}" if hidden.part else "")
            function = _hidden_check(hidden, module.get("SOLUTION", ""), self._facts(len(self.cases)))
            yield Check(self.name, name, name, function, True, hidden.hint, hidden.weight)


def _known(reasons: Reasons, case: int, fact: int) -> list[tuple[Outcome, str]]:
    """The outcomes of slips in one fact, with their reasons."""
    return [
        ((kind, what), why)
        for why, places in reasons.items()
        for i, j, kind, what in places
        if (i, j) == (case, fact)
    ]


def _case_check(case: Case, known: list, before: list[Fact]) -> Callable[[Student], None]:
    """The function of a check: a case's facts, one after the other.

    A slip is known where it first shows. Who fails in an earlier case of the same function has made another
    one, whose value here may be the same by chance, and has been told of it there.

    Args:
        case: which.
        known: the outcomes of slips in each fact.
        before: the facts of earlier cases.
    """

    def check(student: Student) -> None:
        for fact, reasons in zip(case.facts, known):
            try:
                fact.expect(student, reasons)
            except CheckFailed:
                needed, is_of_another, _ = fact.what.partition(" cannot be right before ")
                earlier = [other for other in before if other.function == fact.function]
                if reasons or is_of_another:
                    has_failed = any(other.outcome(student) for other in earlier)
                    if has_failed and is_of_another:
                        raise CheckFailed(f"first `{fact.function}`, above; {needed} needs it") from None
                    fact.expect(student, () if has_failed else reasons)  # what is asked last has failed
                raise
        _expect_an_answer(student, case.facts, before)

    return check


def _hidden_check(
    hidden: Hidden, solution: str, known: Sequence[Fact]
) -> Callable[[Student, np.random.Generator], None]:
    """The function of a check: questions of a generator, answered by the solution unless they are facts.

    Args:
        hidden: the generator.
        solution: the authored code.
        known: facts of the exercise's cases.
    """

    def check(student: Student, rng: np.random.Generator) -> None:
        facts = []
        for asked in hidden.asked(rng):
            facts.append(asked if isinstance(asked, Fact) else Fact(asked, asked.answer(solved(solution))))
            facts[-1].expect(student)
        _expect_an_answer(student, facts, known)

    return check


def _expect_an_answer(student: Student, asked: Sequence[Fact], known: Sequence[Fact]) -> None:
    """Where only what is to be refused was asked: let it count for those who do not refuse everything.

    Args:
        student: whose code has refused it.
        asked: the questions of a check.
        known: facts of other cases, of which one about the same function must hold.

    Raises CheckFailed.
    """
    if any(not isinstance(fact.right, Raises) for fact in asked):
        return
    answerable = [fact for fact in known if not isinstance(fact.right, Raises)]
    for name in dict.fromkeys(fact.function for fact in asked):
        mine = [fact for fact in answerable if fact.function == name] or answerable
        if mine and all(fact.outcome(student) for fact in mine):
            raise CheckFailed(f"to refuse this counts once `{name}` answers something right, above")


def solved(source: str) -> Student:
    """A student whose code is this."""
    return local_student(_namespace(source))


@cache
def _namespace(source: str) -> dict[str, Any]:
    """What the code defines."""
    namespace: dict[str, Any] = {"__name__": "solution"}
    exec(compile(source, "solution", "exec"), namespace)
    return namespace
