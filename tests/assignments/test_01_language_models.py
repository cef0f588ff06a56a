"""Assignment 1: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import pytest
from authored import CHECKS, defined, exercises, wrong

from lmcourse.grading import course
from lmcourse.grading.local import run_checks

NAME = "01-language-models"


def test_there_are_seven_graded_exercises_and_one_more():
    assert exercises(NAME) == [*course.points(NAME), "parrot"]
    assert len(exercises(NAME)) == 8


@pytest.mark.parametrize(
    ("log", "start", "told"),
    [("log", 1, "the first word was not scored"), ("log2", 0, "that is in bits")],
)
def test_a_long_text_scored_wrongly_is_not_taken_for_underflow(log, start, told):
    code = "def sequence_log_prob(next_probs, tokens):\n    return sum(math.{}(0.1) for _ in tokens[{}:])"
    (long,) = [check for check in CHECKS[NAME] if check.name == "no_underflow"]
    (outcome,) = run_checks([long], wrong(NAME, code.format(log, start)), 0)
    assert told in outcome.message
    assert "underflow" not in outcome.message


@pytest.mark.parametrize("words", ["math domain error", "expected a positive input, got 0.0"])
def test_the_logarithm_of_an_underflowed_product_is_named_in_any_pythons_words(words):
    def underflows(*_):
        raise ValueError(words)

    chosen = [check for check in CHECKS[NAME] if check.name in ("no_underflow", "cold")]
    names = {**defined(NAME), "sequence_log_prob": underflows, "annealed_next": underflows}
    for outcome in run_checks(chosen, names, 0):
        assert "underflowed to 0" in outcome.message


def test_the_mouse_world_can_be_made_to_talk():
    names = defined(NAME)
    words = names["talk"](20)
    assert words.count(".") == 20
    assert names["talk"](20) == words
    assert any(names["find_loop"](words[:n]) for n in range(len(words)))
