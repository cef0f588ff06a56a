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


@pytest.mark.parametrize(("bias", "first", "steady"), [(0, 0.5, True), (100, 1.0, False)])
def test_a_constant_liking_for_a_place_drops_out_of_both_orders(monkeypatch, bias, first, steady):
    judge = Judge(bias)
    judge.ids = lambda _: []
    judge.vocab = None
    monkeypatch.setattr(judging, "odds", judge.odds)
    monkeypatch.setattr(judging, "chat_ids", lambda _, messages: _Text(messages[0]["content"]))
    found = verdicts(judge, [("Q?", "long answer", "short"), ("Q?", "no", "yes, it is")])
    assert found.margin.tolist() == [6, -8]  # 11 - 5 and 2 - 10 letters
    assert found.first == first
    assert found.steady.tolist() == [steady, steady]


class _Text(str):
    def __add__(self, more):
        return self


def test_verdicts_by_hand():
    found = Verdicts(np.array([2.0, 1.0]), np.array([1.0, -1.0]))
    assert found.first == 0.75
    assert found.steady.tolist() == [False, True]
    assert found.margin.tolist() == [0.5, 1.0]
