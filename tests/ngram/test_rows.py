"""Many rows at once against `probability`, the definition of one token after one context."""

import numpy as np
import pytest

from lmcourse import ngram
from lmcourse.ngram import NgramModel, rows
from lmcourse.reader import StateReader
from lmcourse.vocabulary import Vocabulary

METHODS = ["maximum_likelihood", "add_k", "witten_bell", "modified_kneser_ney", "katz"]
VOCAB = Vocabulary("abcd", separator="")
TEXTS = ["abacabadabacabab", "bbacca", "aab"]  # many a context was never seen


@pytest.fixture(params=METHODS)
def model(request):
    return NgramModel.fit(VOCAB, 4, TEXTS, getattr(ngram, request.param), start=3)


def said_of(model, text):
    with np.errstate(divide="ignore"):
        context = [3, *text][-3:]
        return np.log([model.probability(token, context) for token in range(4)])


@pytest.mark.parametrize("one_by_one", [False, True])
def test_many_rows_say_what_is_defined_as_they_read_on(model, one_by_one, monkeypatch):
    if one_by_one:
        monkeypatch.setattr(rows, "FEW", 1000)
    else:  # and not by the way for few
        monkeypatch.setattr(StateReader, "_predict", None)
        monkeypatch.setattr(StateReader, "_read", None)
    drawn = np.random.default_rng(0).integers(0, 4, (30, 6))
    reader = model.reader([[]] * 30)
    for t in range(6):
        wanted = [said_of(model, text[:t].tolist()) for text in drawn]
        np.testing.assert_allclose(reader.log_probs(), wanted, rtol=1e-12)
        reader.read(drawn[:, t])


def test_rows_after_contexts_of_different_lengths_say_what_is_defined(model):
    texts = [[0, 1, 0][:n] for n in range(4)] * 5
    reader = model.reader(texts)
    for _ in range(4):  # until all have grown to the same
        wanted = [said_of(model, text) for text in texts]
        np.testing.assert_allclose(reader.log_probs(), wanted, rtol=1e-12)
        reader.read([2] * 20)
        texts = [[*text, 2] for text in texts]
