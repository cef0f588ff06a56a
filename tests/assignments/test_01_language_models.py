"""Assignment 1: the solution passes, typical mistakes are caught and explained, the examples are true."""

import doctest
import types

import nbformat
import pytest

from lmcourse.grading import course
from lmcourse.grading.demo import wrong_answers
from lmcourse.grading.local import run_checks

NAME = "01-language-models"
CHECKS = course.load_checks(NAME)
EXERCISES = list(dict.fromkeys(check.exercise for check in CHECKS))
MISTAKES = wrong_answers()


def notebook():
    return nbformat.read(course.source_notebook(NAME), as_version=4)


@pytest.fixture(scope="module")
def names():
    """What the authored notebook defines, without its setup and its checks."""
    defined = {"__name__": "student"}
    for cell in notebook().cells:
        if cell.cell_type == "code" and not cell.id.startswith(("setup", "assignment", "test_")):
            exec(compile(cell.source, cell.id, "exec"), defined)
    return defined


def outcomes(exercise, names, seed):
    return run_checks([check for check in CHECKS if check.exercise == exercise], names, seed)


def test_there_are_seven_graded_exercises_and_one_more():
    assert EXERCISES == [*course.points(NAME), "parrot"]
    assert len(EXERCISES) == 8


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_authored_solution_passes_with_any_inputs(exercise, names, seed):
    assert [outcome.message for outcome in outcomes(exercise, names, seed) if not outcome.passed] == []


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m.exercise}: {m.what}" for m in MISTAKES])
def test_a_typical_mistake_is_caught_and_explained(mistake, names, seed):
    wrong = dict(names)
    exec(mistake.code, wrong)
    assert any(mistake.told in outcome.message for outcome in outcomes(mistake.exercise, wrong, seed))


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m.exercise}: {m.what}" for m in MISTAKES])
def test_what_a_mistake_costs_is_no_matter_of_luck(mistake, names):
    wrong = dict(names)
    exec(mistake.code, wrong)
    passed = {tuple(o.passed for o in outcomes(mistake.exercise, wrong, 7919 * seed)) for seed in range(12)}
    assert len(passed) == 1


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m.exercise}: {m.what}" for m in MISTAKES])
def test_a_typical_mistake_shows_before_handing_in(mistake, names):
    wrong = dict(names)
    exec(mistake.code, wrong)
    public = [check for check in CHECKS if check.exercise == mistake.exercise and not check.hidden]
    assert not all(outcome.passed for outcome in run_checks(public, wrong, 0))


@pytest.mark.parametrize(
    ("log", "start", "told"),
    [("log", 1, "the first word was not scored"), ("log2", 0, "that is in bits")],
)
def test_a_long_text_scored_wrongly_is_not_taken_for_underflow(log, start, told, names):
    wrong = dict(names)
    code = "def sequence_log_prob(next_probs, tokens):\n    return sum(math.{}(0.1) for _ in tokens[{}:])"
    exec(code.format(log, start), wrong)
    (long,) = [check for check in CHECKS if check.name == "no_underflow"]
    (outcome,) = run_checks([long], wrong, 0)
    assert told in outcome.message
    assert "underflow" not in outcome.message


@pytest.mark.parametrize("words", ["math domain error", "expected a positive input, got 0.0"])
def test_the_logarithm_of_an_underflowed_product_is_named_in_any_pythons_words(words, names):
    def underflows(*_):
        raise ValueError(words)

    chosen = [check for check in CHECKS if check.name in ("no_underflow", "cold")]
    wrong = {**names, "sequence_log_prob": underflows, "annealed_next": underflows}
    for outcome in run_checks(chosen, wrong, 0):
        assert "underflowed to 0" in outcome.message


def test_the_mouse_world_can_be_made_to_talk(names):
    words = names["talk"](20)
    assert words.count(".") == 20
    assert names["talk"](20) == words
    assert any(names["find_loop"](words[:n]) for n in range(len(words)))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_exercise_has_typical_mistakes(exercise):
    assert sum(mistake.exercise == exercise for mistake in MISTAKES) >= 2


@pytest.mark.parametrize("exercise", course.points(NAME))
def test_every_graded_exercise_has_public_and_hidden_checks(exercise):
    hidden = [check.hidden for check in CHECKS if check.exercise == exercise]
    assert any(hidden)
    assert not all(hidden)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_nothing_written_earns_nothing(exercise, names):
    def unwritten(*_):
        raise NotImplementedError

    empty = {name: unwritten for name, value in names.items() if isinstance(value, types.FunctionType)}
    assert not any(outcome.passed for outcome in outcomes(exercise, empty, 0))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("value", [None, 0.0, [], {}, "a", float("nan"), [0.5, 0.5], ("a",)], ids=repr)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_returning_a_constant_earns_at_most_a_third(exercise, names, value, seed):
    constant = {name: (lambda *_: value) for name, f in names.items() if isinstance(f, types.FunctionType)}
    done = outcomes(exercise, constant, seed)
    earned = sum(outcome.weight for outcome in done if outcome.passed)
    assert earned <= sum(outcome.weight for outcome in done) / 3
    assert not any("could not be checked" in outcome.message for outcome in done)


def test_the_examples_in_the_docstrings_are_true(names):
    runner = doctest.DocTestRunner()
    for name, value in list(names.items()):
        if isinstance(value, types.FunctionType) and value.__doc__ and ">>>" in value.__doc__:
            runner.run(doctest.DocTestParser().get_doctest(value.__doc__, names, name, None, 0))
    assert runner.summarize(verbose=False) == (0, runner.tries)
    assert runner.tries >= 8


def test_the_checks_of_each_exercise_take_a_fraction_of_their_time(names):
    """A hundredth of the limit on a quiet machine; this fails only if a check has become hopelessly slow."""
    for exercise in EXERCISES:
        assert all("endless" not in outcome.message for outcome in outcomes(exercise, names, 0))
