"""Labels and Viterbi's algorithm, against trying every sequence of labels."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.tokenization.hmm import FOLLOWERS, HMM, LABELS, labels_of, viterbi, words_of

sentences = st.lists(
    st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4), min_size=1, max_size=5
)


@given(sentences)
def test_labels_bring_the_words_back(found):
    for words in found:
        assert words_of("".join(words), labels_of(words)) == words


@given(sentences, st.text("abcd", min_size=1, max_size=6))
def test_viterbi_finds_the_best_of_all_labelings(found, text):
    model = HMM.fit(found)

    def log_prob(labels):
        if labels[0] not in model.log_start or labels[-1] not in "ES":
            return -math.inf
        total = model.log_start[labels[0]]
        for before, after in zip(labels, labels[1:]):
            total += model.log_transition[before].get(after, -math.inf)
        return total + sum(model.log_emission[s].get(c, model.log_unseen) for s, c in zip(labels, text))

    path, log = viterbi(
        text, model.log_start, model.log_transition, model.log_emission, model.log_unseen, "ES"
    )
    best = max(log_prob(labels) for labels in itertools.product(LABELS, repeat=len(text)))
    assert log == pytest.approx(best)
    assert log_prob(path) == pytest.approx(best)
    assert "".join(model.cut(text)) == text


def test_fit_by_hand():
    model = HMM.fit([["ab", "c"], ["c"]])
    # first labels: B once, S once; after B: E once, M never; after E: S once
    assert model.log_start == pytest.approx({"B": math.log(1.5 / 3), "S": math.log(1.5 / 3)})
    assert model.log_transition["B"] == pytest.approx({"M": math.log(0.5 / 2), "E": math.log(1.5 / 2)})
    assert model.log_transition["E"] == pytest.approx({"B": math.log(0.5 / 2), "S": math.log(1.5 / 2)})
    # S showed c twice; three characters and one unseen kind: (2 + 1/2) / (2 + 4/2)
    assert model.log_emission["S"]["c"] == pytest.approx(math.log(2.5 / 4))
    assert model.log_emission["B"]["a"] == pytest.approx(math.log(1.5 / 3))


@given(sentences)
def test_what_is_fitted_sums_to_one(found):
    model = HMM.fit(found)
    assert sum(map(math.exp, model.log_start.values())) == pytest.approx(1)
    for label in LABELS:
        assert set(model.log_transition[label]) == set(FOLLOWERS[label])
        assert sum(map(math.exp, model.log_transition[label].values())) == pytest.approx(1)
        assert sum(map(math.exp, model.log_emission[label].values())) < 1  # the rest is for the unseen


def test_nothing_is_cut_into_nothing():
    assert HMM.fit([["a"]]).cut("") == []


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="word 1 of 3 is empty"):
        labels_of(["a", "", "b"])
    with pytest.raises(ValueError, match="nothing is observed"):
        viterbi("", {"S": 0.0}, {"S": {}}, {"S": {}}, -1.0, "S")
    with pytest.raises(ValueError, match=r"no row of 1 states is possible that ends in one of \['E', 'S'\]"):
        viterbi("a", {"B": 0.0}, {"B": {"E": 0.0}, "E": {}}, {"B": {}, "E": {}}, -1.0, "ES")
