import pytest

from lmcourse.evaluation import sets
from lmcourse.evaluation.matching import normalised


def test_everyday_ends_differ_in_length_only_as_they_should():
    questions = sets.everyday()
    assert len(questions) == 40 == len({q.question for q in questions})
    for q in questions:
        short, long = q.item(), q.item("long", "long")
        assert short.right == 0
        assert short.answers[0] != short.answers[1]
        assert long.answers == (q.right + q.right_more, q.wrong + q.wrong_more)
        for brief, more in zip(short.answers, long.answers):
            assert more.startswith(brief)
            assert len(more) > len(brief) + 8
        # the longer ones are as long as each other, or the right one would be known by its length
        assert abs(len(q.right_more) - len(q.wrong_more)) <= 12
        assert q.item("long", "short").answers == (long.answers[0], short.answers[1])
    assert abs(sum(len(q.right_more) - len(q.wrong_more) for q in questions)) < 80  # two letters an item


def test_each_answer_may_be_short_or_long():
    pairs = [("short", "short"), ("short", "long"), ("long", "short"), ("long", "long")]
    assert sorted(sets.lengths()) == sorted(pairs)


def test_every_second_opinion_is_in_favour():
    opinions = sets.opinions()
    assert [opinion.positive for opinion in opinions] == [True, False] * 30
    assert len({opinion.text for opinion in opinions}) == 60
    assert [opinion.pair for opinion in opinions[::2]] == [opinion.pair for opinion in opinions[1::2]]
    assert len({opinion.pair for opinion in opinions}) == 30


def test_judged_answers_differ_in_what_matters_only():
    for pair in sets.judged():
        right, wrong = (normalised(text).split() for text in (pair.right, pair.wrong))
        assert abs(len(pair.right) - len(pair.wrong)) <= 9
        assert len(set(right) ^ set(wrong)) <= 4


@pytest.mark.parametrize("row", ["a?,b,", "a?,b", "a?,b,c,d"])
def test_a_row_that_is_not_whole_is_named(row, tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "FOLDER", tmp_path)
    (tmp_path / "judged.csv").write_text(f"question,right,wrong\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"judged\.csv, row 2"):
        sets.judged()
