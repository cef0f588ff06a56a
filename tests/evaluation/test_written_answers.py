import pytest

from lmcourse.evaluation.matching import RULES, normalised
from lmcourse.evaluation.overlap import overlaps, runs


@pytest.mark.parametrize(
    ("said", "expected", "by_rule"),
    [
        ("Paris", "Paris", "1111"),
        (" Paris\n", "Paris", "1111"),
        ("Paris.", "Paris", "0111"),
        ("the paris", "Paris", "0111"),
        ("Paris, of course.", "Paris", "0011"),
        ("It is Paris.", "Paris", "0001"),
        ("It is not Paris.", "Paris", "0001"),  # no rule understands anything
        ("Parisian", "Paris", "0000"),
        ("Comparison", "Paris", "0000"),
        ("Abu Dhabi is it", "Abu Dhabi", "0011"),
        ("Abu is it", "Abu Dhabi", "0000"),  # the first word is not enough
        ("Brasilia", "Brasília", "0000"),  # an accent is no punctuation
        ("Braslia", "Brasília", "0000"),  # nor is the letter that has it
        ("Porto-Novo", "Porto-Novo", "1111"),
        ("Porto Novo", "Porto-Novo", "0000"),
        ("anything", "The", "0000"),  # nothing is left of it, and nothing is not everywhere
    ],
)
def test_rules_from_strict_to_generous(said, expected, by_rule):
    assert "".join(str(int(rule(said, expected))) for rule in RULES.values()) == by_rule


def test_a_rule_never_refuses_what_a_stricter_one_accepts():
    texts = ["Paris", "Paris.", "the Paris", "Paris, France", "in Paris", ""]
    for said in texts:
        for expected in texts:
            verdicts = [rule(said, expected) for rule in RULES.values()]
            assert verdicts == sorted(verdicts)


def test_articles_are_whole_words():
    assert normalised("An anthem, the theatre; a banana") == "anthem theatre banana"


def test_runs_are_found_whatever_the_case_and_the_marks():
    training = "He said: To be, or NOT to be -- that is it."
    items = ["to be or not", "to be and not", "to be"]
    assert overlaps(items, training, 4) == [True, False, False]
    assert overlaps(items, training, 2) == [True, True, True]


def test_runs_stay_within_their_text():
    assert runs("one two", 3) == set()
    assert len(runs("a a a a", 2)) == 1
    assert runs("Don't go", 2) == {("don't", "go")}  # what an apostrophe joins is one word
    with pytest.raises(ValueError, match="n=0"):
        runs("one", 0)
