"""What every assignment owes: the solution passes, typical mistakes are caught and explained, nothing is left
to luck, and the examples are true.
"""

import ast
import doctest
import re
import types

import numpy as np
import pytest
from authored import (
    CHECKS,
    MISTAKES,
    NAMES,
    SEEDS,
    TABLES,
    by_luck,
    checks_of,
    defined,
    exercises,
    graded,
    not_caught,
    notebook,
    outcomes,
    wrong,
    wrongly_shown,
)

from lmcourse.grading import course, derive
from lmcourse.grading.checks import StudentError
from lmcourse.grading.course import Mistake
from lmcourse.grading.local import arrived, local_student
from lmcourse.grading.report import Outcome, Report
from lmcourse.grading.student import Desk, Student
from lmcourse.grading.values import to_wire

EXERCISES = [(name, exercise) for name in NAMES for exercise in exercises(name)]
GRADED = [(name, exercise) for name in NAMES for exercise in course.points(name)]
WRONG = [
    pytest.param(name, mistake, id=f"{name}: {mistake.exercise}: {mistake.what}")
    for name in NAMES
    for mistake in MISTAKES[name]
]
TOLD_ONCE = [(name, table) for name in NAMES for table in TABLES[name]]
each_table = pytest.mark.parametrize(
    ("name", "table"), TOLD_ONCE, ids=[f"{name}: {table.name}" for name, table in TOLD_ONCE]
)
each_assignment = pytest.mark.parametrize("name", NAMES)
each_exercise = pytest.mark.parametrize(("name", "exercise"), EXERCISES)
each_graded_exercise = pytest.mark.parametrize(("name", "exercise"), GRADED)
each_mistake = pytest.mark.parametrize(("name", "mistake"), WRONG)


def functions(namespace):
    return {name: value for name, value in namespace.items() if isinstance(value, types.FunctionType)}


@each_assignment
def test_the_graded_exercises_come_first_and_in_the_order_of_the_notebook(name):
    graded = list(course.points(name))
    assert exercises(name)[: len(graded)] == graded
    assert 1 <= len(graded) <= 8


@each_assignment
def test_a_written_answer_is_graded_by_hand_with_a_rubric(name):
    cells = [c for c in notebook(name).cells if c.cell_type == "markdown"]
    written = [c for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert written
    assert all(cell.metadata.nbgrader.points > 0 and "**Rubric.**" in cell.source for cell in written)


@pytest.mark.parametrize("seed", range(6))
@each_exercise
def test_the_authored_solution_passes_with_any_inputs(name, exercise, seed):
    done = outcomes(name, exercise, defined(name), seed)
    assert [outcome.message for outcome in done if not outcome.passed] == []


@each_assignment
def test_a_wrong_definition_is_seen_by_the_solutions_other_functions(name):
    """As in a notebook; a wrong helper must not stay without consequence."""
    namespace = wrong(name, "def added():\n    pass")
    own = [f for f in functions(namespace).values() if f.__module__ == "student"]
    assert len(own) > len(exercises(name))
    assert all(function.__globals__ is namespace for function in own)


@each_mistake
def test_a_typical_mistake_is_caught_and_explained(name, mistake):
    faults = [not_caught(name, mistake, seed, done) for seed, done in graded(name, mistake).items()]
    assert not any(faults), "\n".join(filter(None, faults))


@each_mistake
def test_what_a_mistake_costs_is_no_matter_of_luck(name, mistake):
    fault = by_luck(name, mistake, checks_of(name, mistake.exercise), graded(name, mistake))
    assert not fault, fault


@each_mistake
def test_a_typical_mistake_shows_before_handing_in(name, mistake):
    """Unless no case can show it, which is said of it then."""
    checks, done = checks_of(name, mistake.exercise), graded(name, mistake)[SEEDS[0]]
    public = [outcome for check, outcome in zip(checks, done) if not check.hidden]
    fault = wrongly_shown(name, mistake, public)
    assert not fault, fault


def test_what_is_wrong_with_a_mistake_is_said_with_its_place_and_what_to_do():
    seen, unseen = (Mistake("counting", "no end", "", "the end is missing", flag) for flag in (False, True))
    passes, fails = Outcome("A title.", 1.0), Outcome("Another.", 0.0, "it should be 2")
    explained = Outcome("Another.", 0.0, "it should be 2: the end is missing")
    which = "03-x, exercise 'counting', mistake 'no end'"
    assert not_caught("03-x", seen, 7, [passes]) == (
        f"{which}: with seed 7 every check passes; add one that fails by it"
    )
    assert not_caught("03-x", seen, 7, [passes, fails]) == (
        f"{which}: with seed 7 no failed check says 'the end is missing'; they say\n  it should be 2"
    )
    assert not_caught("03-x", seen, 7, [passes, explained]) == ""
    assert not_caught("03-x", unseen, 7, [fails]) == ""
    checks = checks_of("03-ngrams", "counting")[:2]
    done = {0: [fails, passes], 7919: [fails, fails], 15838: [fails, passes]}
    assert by_luck("03-x", seen, checks, done) == (
        f"{which}: the check {checks[1].name} passes with seeds [0, 15838] and fails with [7919]; let it "
        "always ask something that shows the mistake, besides what it draws"
    )
    assert by_luck("03-x", seen, checks, {0: [fails, passes], 1: [fails, passes]}) == ""
    assert "every public check passes, so the grade is the first" in wrongly_shown("03-x", seen, [passes])
    assert wrongly_shown("03-x", unseen, [passes, fails]) == (
        f"{which} is marked unseen=True, but 'Another.' shows it; take the mark away"
    )
    assert wrongly_shown("03-x", unseen, [passes]) == wrongly_shown("03-x", seen, [fails]) == ""


@each_table
def test_the_authored_solution_gives_the_right_values_written_by_hand(name, table):
    student = local_student(defined(name))
    for fact in (fact for case in table.cases for fact in case.facts):
        fact.expect(student)


@pytest.mark.parametrize("seed", range(4))
@each_table
def test_another_right_solution_agrees_with_the_authored_one(name, table, seed):
    """It is the oracle of the hidden questions, which the authored solution answers."""
    assert table.others
    for code in table.others.values():
        done = outcomes(name, table.name, wrong(name, code), seed)
        assert [outcome.message for outcome in done if not outcome.passed] == []


@each_table
def test_each_hidden_question_belongs_to_a_part_that_is_known(name, table):
    """Else nobody is asked it."""
    for hidden in (hidden for hidden in table.generators if hidden.part):
        questions = hidden.questions
        parts = {other.part for other in table.generators if other.questions is questions}
        assert {part for part, _ in questions(np.random.default_rng(5))} == parts, name


@each_table
def test_a_solution_that_changes_its_arguments_is_told(name, table):
    """Its functions, right as they are, empty the first list or dictionary that they are given."""

    def spoiling(function):
        def spoilt(*args):
            result = function(*args)
            for given in [a for a in args if isinstance(a, (list, dict)) and a][:1]:
                given.clear()
                spoilt_by.add(function)
            return result

        return spoilt

    namespace, spoilt_by = defined(name), set()
    own = [key for key in functions(namespace) if f"def {key}(" in derive.solutions(name)[table.name]]
    for key in own:
        namespace[key] = spoiling(namespace[key])
    messages = [outcome.message for outcome in outcomes(name, table.name, namespace, 0, public_only=True)]
    assert any("` changes what it was given as " in m for m in messages) == bool(spoilt_by)


def in_single_precision(value):
    """The value with its numbers as torch computes them unless told otherwise; of a function, its answers."""
    if isinstance(value, float):
        return np.float32(value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if isinstance(value, dict):
        return {key: in_single_precision(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(in_single_precision, value))
    if isinstance(value, types.FunctionType):
        return lambda *args, **kwargs: in_single_precision(value(*args, **kwargs))
    return value


@each_exercise
def test_a_right_answer_in_single_precision_is_right_or_is_told_of_it(name, exercise):
    namespace = defined(name)
    own = [key for key in functions(namespace) if f"def {key}(" in derive.solutions(name)[exercise]]
    namespace |= {key: in_single_precision(namespace[key]) for key in own}
    for outcome in outcomes(name, exercise, namespace, 0, public_only=True):
        assert outcome.passed or "float64" in outcome.message
        assert not re.search(r"should be (\S+), yours (?:is|has) \1(?![^\s,;:])", outcome.message)


@each_table
def test_only_what_is_declared_is_imported_from_the_package(name, table):
    declared = {*course.imports_in(course.load_module(name))[""], *table.imports}
    for code in (derive.solutions(name)[table.name], *table.others.values()):
        assert imported_from_the_course(code) <= declared


def imported_from_the_course(code):
    """What some code imports of the package, by dotted names."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
    return {name for name in names if name.split(".")[0] == "lmcourse"}


@each_exercise
def test_every_exercise_has_typical_mistakes(name, exercise):
    assert sum(mistake.exercise == exercise for mistake in MISTAKES[name]) >= 2


@each_graded_exercise
def test_every_graded_exercise_has_public_and_hidden_checks(name, exercise):
    hidden = [check.hidden for check in CHECKS[name] if check.exercise == exercise]
    assert any(hidden)
    assert not all(hidden)


@each_exercise
def test_nothing_written_earns_nothing(name, exercise):
    def unwritten(*_):
        raise NotImplementedError

    empty = dict.fromkeys(functions(defined(name)), unwritten)
    assert not any(outcome.passed for outcome in outcomes(name, exercise, empty, 0))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("value", [None, 0.0, [], {}, "a", float("nan"), [0.5, 0.5], ("a",)], ids=repr)
@each_exercise
def test_returning_a_constant_earns_at_most_a_third(name, exercise, value, seed):
    constant = dict.fromkeys(functions(defined(name)), lambda *_: value)
    done = outcomes(name, exercise, constant, seed)
    assert Report(exercise, done, seed, 3.0).points <= 1
    assert not any("could not be checked" in outcome.message for outcome in done)


@each_graded_exercise
def test_the_public_answers_learned_by_heart_earn_at_most_a_third(name, exercise):
    """Whatever has been asked before is answered from a table, and nothing else."""
    desk, answers = Desk(defined(name)), {}

    def key(question):
        asked = [*vars(question).values()]
        return repr(to_wire(asked, arrays := [], lambda _: "a function")), *(a.tobytes() for a in arrays)

    def learn(question):
        answer = answers[key(question)] = desk.answer(arrived(question, desk.kept))
        return answer

    def recite(question):
        if key(question) not in answers:
            raise StudentError(["KeyError"], "")
        return answers[key(question)]

    for check in checks_of(name, exercise, public_only=True):
        assert check.verdict(Student(learn), 0).value == 1
    done = [
        Outcome.of(check, check.verdict(Student(recite), seed), "")
        for seed in (0, 1)
        for check in checks_of(name, exercise)
    ]
    assert Report(exercise, done, 0, 3.0).points <= 1


@each_assignment
def test_the_examples_in_the_docstrings_are_true(name):
    """Every function that a student writes has one."""
    namespace, runner = defined(name), doctest.DocTestRunner()
    own = {key: f for key, f in functions(namespace).items() if f.__module__ == "student"}
    examples = 0
    for key, function in own.items():
        if ">>>" in (function.__doc__ or ""):
            examples += 1
            runner.run(doctest.DocTestParser().get_doctest(function.__doc__, namespace, key, None, 0))
    assert runner.summarize(verbose=False) == (0, runner.tries)
    assert examples >= len(exercises(name))


@each_exercise
def test_the_checks_of_each_exercise_take_a_fraction_of_their_time(name, exercise):
    """A hundredth of the limit on a quiet machine; this fails only if a check has become hopelessly slow."""
    done = outcomes(name, exercise, defined(name), 0)
    assert all("endless" not in outcome.message for outcome in done)
