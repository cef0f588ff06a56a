import math

import numpy as np
import pytest

from lmcourse.evaluation.choices import NORMALISATIONS, Item, Scores, choose, odds, right, scores
from lmcourse.model import TableModel, UniformModel
from lmcourse.vocabulary import Vocabulary

LETTERS = Vocabulary.of_characters("ab ?.")
SMALL = TableModel(LETTERS, {"? a.": 0.3, "? bb.": 0.5, " a.": 0.15, " bb.": 0.05})
ITEM = Item("?", ("a.", "bb."), 1)


def test_scores_of_a_table_by_hand():
    """After "?" (0.8 in all) " a." has 3/8 and " bb." 5/8; without it 0.15 and 0.05."""
    (found,) = scores(SMALL, [ITEM])
    np.testing.assert_allclose(found.log_probs, np.log([0.375, 0.625]))
    np.testing.assert_allclose(found.alone, np.log([0.15, 0.05]))
    assert found.tokens.tolist() == [3, 4]
    assert found.bytes.tolist() == [2, 3]
    np.testing.assert_allclose(found.by("PMI"), np.log([2.5, 12.5]))


def test_each_normalisation_takes_the_answer_that_it_should():
    """Sums -4 > -6; tokens -4 < -2; bytes -1 < -0.5; PMI 5 > 3."""
    one = Scores(*map(np.array, ([-4.0, -6.0], [1, 3], [4, 12], [-9.0, -9.0])))
    assert [choose([one], name).item() for name in NORMALISATIONS] == [0, 1, 1, 0]


def test_each_item_has_its_own_scores_also_where_answers_recur():
    items = [ITEM, Item("?", ("bb.",)), ITEM._replace(answers=("bb.", "a."))]
    first, second, third = scores(SMALL, items)
    np.testing.assert_allclose(second.log_probs, first.log_probs[1:])
    for name in NORMALISATIONS:
        np.testing.assert_allclose(third.by(name), first.by(name)[::-1])


def test_a_premise_is_read_but_not_counted():
    (found,) = scores(SMALL, [ITEM], premise="?")
    np.testing.assert_allclose(found.by("PMI"), 0, atol=1e-12)


def test_bytes_are_counted_not_characters():
    model = UniformModel(Vocabulary.of_characters("ée ?"))
    (found,) = scores(model, [Item("?", ("é", "e"))])
    assert found.bytes.tolist() == [2, 1]
    assert found.tokens.tolist() == [2, 2]
    np.testing.assert_allclose(found.log_probs, -2 * math.log(4))


def test_choices_are_right_or_wrong():
    assert right([ITEM, ITEM], [1, 0]).tolist() == [True, False]
    with pytest.raises(ValueError, match="1 choices for 2 items"):
        right([ITEM, ITEM], [1])


@pytest.mark.parametrize("answers", [(), ("a.", "")])
def test_items_without_an_answer_are_refused(answers):
    with pytest.raises(ValueError, match="must have answers"):
        scores(SMALL, [Item("?", answers)])


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ValueError, match="'letters' must be one of 'sum'"):
        choose(scores(SMALL, [ITEM]), "letters")


def test_of_equal_answers_the_first_is_chosen():
    equal = Scores(*map(np.array, ([-6.0, -4.0, -4.0], [3, 2, 2], [6, 4, 4], [-8.0, -6.0, -6.0])))
    # sums -6, -4, -4; tokens -2, -2, -2; bytes -1, -1, -1; PMI 2, 2, 2
    assert [choose([equal], name).item() for name in NORMALISATIONS] == [1, 0, 0, 0]
    knows_nothing = scores(UniformModel(Vocabulary.of_characters("ab ?")), [Item("?", ("a", "b"), 1)])
    assert choose(knows_nothing, "sum").item() == 0


def test_an_answer_that_is_impossible_anyway_has_no_pmi():
    nowhere = Scores(*map(np.array, ([-4.0, -np.inf], [1, 1], [1, 1], [-5.0, -np.inf])))
    assert choose([nowhere], "sum").item() == 0
    with pytest.raises(ValueError, match=r"item 1: PMI is \[ 1. nan\]; leave out"):
        choose([nowhere._replace(alone=np.array([-5.0, -6.0])), nowhere], "PMI")


def test_odds_are_of_the_next_token():
    """After "? " a to b as 0.3 to 0.5; after " " as 0.15 to 0.05."""
    np.testing.assert_allclose(odds(SMALL, ["? ", " "], "a", "b"), np.log([0.6, 3.0]))


def test_odds_are_the_same_where_the_beginning_is_read_once(monkeypatch):
    prompts = ["? ", "? b", "? bb"]
    apart = odds(SMALL, prompts, "b", ".")
    monkeypatch.setattr("lmcourse.evaluation.choices.SHARED", 1)
    monkeypatch.setattr("lmcourse.evaluation.choices.TOGETHER", 2)
    np.testing.assert_allclose(odds(SMALL, prompts[1:], "b", "."), apart[1:])


def test_odds_of_several_tokens_are_of_the_whole_words():
    """3 to 1 for the words, where their first letters are as good as each other."""
    table = TableModel(LETTERS, {"? ab.": 0.3, "? a.": 0.2, "? bb.": 0.1, "? ba.": 0.4})
    np.testing.assert_allclose(odds(table, ["? "], "ab.", "bb."), np.log([3.0]))
    np.testing.assert_allclose(odds(table, ["? "], "a", "b"), np.log([1.0]))


@pytest.mark.parametrize("labels", [("bb", "b"), ("a", "a"), ("", "b")])
def test_odds_of_a_word_that_begins_with_the_other_are_refused(labels):
    with pytest.raises(ValueError, match="begins with the other"):
        odds(SMALL, ["? "], *labels)
