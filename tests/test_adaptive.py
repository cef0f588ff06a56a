"""The model that learns while it reads: hand arithmetic, and one prediction by three ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.adaptive import AdaptiveModel
from lmcourse.vocabulary import Vocabulary

ABC = Vocabulary("abc", separator="")


def test_by_hand():
    model = AdaptiveModel(ABC, 2)
    assert np.exp(model.next_log_probs([[]])[0]) == pytest.approx([1 / 3] * 3)
    # after "aab": a twice, b once, two kinds: p(a) = (2 + 2/3) / 5, p(b) = (1 + 2/3) / 5, p(c) = (2/3) / 5;
    # "b" was never followed by anything, so that is all
    below = [(2 + 2 / 3) / 5, (1 + 2 / 3) / 5, (2 / 3) / 5]
    assert model.next_probs("aab") == pytest.approx(below)
    # after "aba": a twice, b once as before; "a" was followed by b once: p(b) = (1 + 1 p'(b)) / 2
    assert model.next_probs("aba") == pytest.approx([below[0] / 2, (1 + below[1]) / 2, below[2] / 2])


@given(st.text("abc", max_size=30), st.integers(1, 4))
def test_it_sums_to_one_and_scores_as_it_predicts(text, order):
    model = AdaptiveModel(ABC, order)
    ids = ABC.encode(text)
    rows = model.next_log_probs([ids[:i] for i in range(len(ids) + 1)])
    assert np.exp(rows).sum(axis=1) == pytest.approx(1)
    assert model.token_log_probs(text) == pytest.approx(rows[np.arange(len(ids)), ids])


def test_order_is_checked():
    with pytest.raises(ValueError, match="order=0 must be a whole number, 1 or more"):
        AdaptiveModel(ABC, 0)
