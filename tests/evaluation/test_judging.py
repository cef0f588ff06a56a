import numpy as np
import pytest

from lmcourse.evaluation import judging
from lmcourse.evaluation.judging import Verdicts, verdicts


class Judge:
    """Takes the longer answer, and is drawn to the first one by `bias` nats."""

    def __init__(self, bias):
        self.bias = bias

    def odds(self, judge, asked, one, other):
        assert judge is self
        assert (one, other) == (" A", " B")
        lengths = [
            [len(line.split(": ", 1)[1]) for line in text.split("\n") if line.startswith("Answer ")]
            for text in asked
        ]
        return np.array([self.bias + first - second for first, second in lengths])


@pytest.mark.parametrize(("bias", "for_a", "steady"), [(0, 0.5, True), (100, 1.0, False)])
def test_a_constant_liking_for_a_place_drops_out_of_both_orders(monkeypatch, bias, for_a, steady):
    judge = Judge(bias)
    judge.ids = lambda _: []
    judge.vocab = None
    monkeypatch.setattr(judging, "odds", judge.odds)
    monkeypatch.setattr(judging, "chat_ids", lambda _, messages: _Text(messages[0]["content"]))
    found = verdicts(judge, [("Q?", "long answer", "short"), ("Q?", "no", "yes, it is")])
    assert found.margin.tolist() == [6, -8]  # 11 - 5 and 2 - 10 letters
    assert found.for_a == for_a
    assert found.steady.tolist() == [steady, steady]


class _Text(str):
    def __add__(self, more):
        return self


def test_exchanged_labels_put_a_second(monkeypatch):
    asked = []
    monkeypatch.setattr(judging, "odds", lambda _judge, texts, *_: asked.append(texts[0]) or np.zeros(1))
    monkeypatch.setattr(judging, "chat_ids", lambda _, messages: _Text(messages[0]["content"]))
    judge = Judge(0)
    judge.ids, judge.vocab = lambda _: [], None
    verdicts(judge, [("Q?", "one", "other")], labels=("B", "A"))
    end = "\nWhich answer is better, A or B?"
    assert asked[0] == f"Question: Q?\nAnswer B: other\nAnswer A: one{end}"
    assert asked[1] == f"Question: Q?\nAnswer B: one\nAnswer A: other{end}"
    verdicts(judge, [("Q?", "one", "other")], named=("B", "A"))
    assert asked[2] == "Question: Q?\nAnswer A: one\nAnswer B: other\nWhich answer is better, B or A?"
    for bad in ({"labels": ("A", "A")}, {"named": ("B", "C")}):
        with pytest.raises(ValueError, match=f"{next(iter(bad))}=.* must be A and B"):
            verdicts(judge, [], **bad)


@pytest.mark.parametrize("pair", [("", "one", "other"), ("Q?", "one", " "), ("Q?", "", "other")])
def test_an_empty_answer_is_not_judged(pair):
    with pytest.raises(ValueError, match="must be a question and two answers, none of them empty"):
        verdicts(Judge(0), [("Q?", "one", "other"), pair])


def test_no_pairs_are_not_judged():
    with pytest.raises(ValueError, match=r"\[\] must be a question and two answers"):
        verdicts(Judge(0), [])


def test_verdicts_by_hand():
    found = Verdicts(np.array([2.0, 1.0]), np.array([1.0, -1.0]))
    assert found.for_a == 0.75
    assert found.steady.tolist() == [False, True]
    assert found.margin.tolist() == [0.5, 1.0]
