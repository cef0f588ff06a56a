"""Readers: whatever a model keeps between the steps, it says what it would say if asked anew."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.model import LanguageModel, TableModel, UniformModel
from lmcourse.neural.torch_model import TorchModel
from lmcourse.ngram import AdaptiveModel, CountModel, NgramModel, katz, kneser_ney, maximum_likelihood
from lmcourse.reader import ContextReader
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import ShortMemory, five_words

FIVE = five_words()
VOCAB = FIVE.vocab
TEXT = "the mouse ate the cheese . the ball ate . the mouse ate ."


def network():
    """A small torch module: an embedding, a running mean of it, an output layer."""

    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.embedding = torch.nn.Embedding(len(VOCAB), 5)
            self.out = torch.nn.Linear(5, len(VOCAB))

        def forward(self, token_ids):
            total = self.embedding(token_ids).cumsum(dim=1)
            return self.out(total / torch.arange(1, token_ids.shape[1] + 1)[None, :, None])

    return Mean()


MODELS = {
    "uniform": UniformModel(VOCAB),
    "table": TableModel(VOCAB, FIVE.sentences()),
    "world": FIVE,
    "short memory": ShortMemory(FIVE, 2),
    "trigrams": CountModel(VOCAB, 3, TEXT, alpha=0.3),
    "unigrams": CountModel(VOCAB, 1, TEXT),
    "Kneser-Ney after .": NgramModel.fit(VOCAB, 4, [TEXT], kneser_ney, start=VOCAB.id(".")),
    "Katz": NgramModel.fit(VOCAB, 3, [TEXT], katz),
    "maximum likelihood": NgramModel.fit(VOCAB, 3, [TEXT], maximum_likelihood),
    "adaptive": AdaptiveModel(VOCAB, 3),
    "adaptive, taught": AdaptiveModel(VOCAB, 2, CountModel(VOCAB, 3, TEXT)),
    "torch": TorchModel(network(), VOCAB, context_length=4, start=VOCAB.id(".")),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
contexts_of = st.lists(st.lists(st.integers(0, len(VOCAB) - 1), max_size=4), min_size=1, max_size=3)


@every_model
@given(contexts=contexts_of, data=st.data())
def test_a_reader_says_what_the_model_says_whatever_was_read_and_selected(model, contexts, data):
    reader = model.reader(contexts)
    for _ in range(data.draw(st.integers(0, 6))):
        rows = range(len(contexts))
        if data.draw(st.booleans()):
            chosen = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=4))
            reader.select(chosen)
            contexts = [contexts[row] for row in chosen]
        else:
            tokens = data.draw(
                st.lists(st.integers(0, len(VOCAB) - 1), min_size=len(rows), max_size=len(rows))
            )
            reader.read(tokens)
            contexts = [[*context, token] for context, token in zip(contexts, tokens)]
        if data.draw(st.booleans()):  # a prediction that was asked for before a selection must not go stale
            reader.log_probs()
    said = reader.log_probs()
    asked = model.next_log_probs([model.window(context) for context in contexts])
    assert said.shape == (reader.n_rows, len(VOCAB)) == (len(contexts), len(VOCAB))
    np.testing.assert_allclose(said, asked, rtol=1e-6 if model is MODELS["torch"] else 1e-12)


@every_model
@given(data=st.data())
def test_several_tokens_at_once_are_read_as_one_by_one_and_given_back(model, data):
    """Whatever is read, asked and taken back, it says what a reader opened on the text that is left says."""
    contexts = data.draw(contexts_of)
    reader = model.reader(contexts)
    reader.remember(3)
    known = 0  # tokens that can be taken back
    for _ in range(data.draw(st.integers(1, 6))):
        n = data.draw(st.integers(1, 3))
        shape = st.lists(st.integers(0, len(VOCAB) - 1), min_size=n, max_size=n)
        if known and data.draw(st.booleans()):
            n = data.draw(st.integers(0, known))
            reader.rewind(n)
            contexts = [context[: len(context) - n] for context in contexts]
            known -= n
        elif n == 1 and data.draw(st.booleans()):
            tokens = [data.draw(shape)[0] for _ in contexts]
            reader.read(tokens)
            contexts = [[*context, token] for context, token in zip(contexts, tokens)]
            known = min(3, known + 1)
        else:
            tokens = [data.draw(shape) for _ in contexts]
            found = reader.read_many(tokens)
            assert found.shape == (len(contexts), n, len(VOCAB))
            for i in range(n):
                so_far = [[*context, *row[: i + 1]] for context, row in zip(contexts, tokens)]
                np.testing.assert_allclose(found[:, i], said_anew(model, so_far), rtol=1e-5)
            contexts = [[*context, *row] for context, row in zip(contexts, tokens)]
            known = min(3, known + n)
        if data.draw(st.booleans()):
            np.testing.assert_allclose(reader.log_probs(), said_anew(model, contexts), rtol=1e-5)
    np.testing.assert_allclose(reader.log_probs(), said_anew(model, contexts), rtol=1e-5)


def said_anew(model, contexts):
    return model.next_log_probs([model.window(context) for context in contexts])


def test_what_is_not_remembered_cannot_be_taken_back():
    reader = FIVE.reader([[], []])
    the = VOCAB.encode("the")
    reader.read(the * 2)
    with pytest.raises(
        ValueError, match=r"n=1 tokens cannot be taken back: 0 are remembered; call remember\(1\)"
    ):
        reader.rewind(1)
    reader.remember(1)
    reader.read_many([VOCAB.encode("mouse ate"), VOCAB.encode("ball ate")])
    with pytest.raises(ValueError, match="n=2 tokens cannot be taken back: 1 are remembered"):
        reader.rewind(2)
    reader.rewind(1)
    after = reader.log_probs()
    np.testing.assert_array_equal(
        after, FIVE.next_log_probs([VOCAB.encode("the mouse"), VOCAB.encode("the ball")])
    )
    reader.read(VOCAB.encode("ate ate"))
    reader.select([1])
    with pytest.raises(ValueError, match="0 are remembered"):
        reader.rewind(1)


@every_model
def test_opened_without_a_context_it_stands_at_the_start(model):
    np.testing.assert_allclose(model.reader().log_probs(), model.next_log_probs([[]]), rtol=1e-6)


@every_model
def test_forks_do_not_hear_of_each_other(model):
    reader = model.reader([VOCAB.encode("the mouse")])
    reader.select([0, 0, 0])
    reader.read(VOCAB.encode("ate ate ate"))
    reader.read(VOCAB.encode("the cheese ball"))
    alone = model.reader([VOCAB.encode("the mouse ate the")])
    np.testing.assert_allclose(reader.log_probs()[0], alone.log_probs()[0], rtol=1e-6)


@every_model
def test_no_row_is_left(model):
    reader = model.reader()
    reader.select([])
    assert reader.log_probs().shape == (0, len(VOCAB))
    reader.read([])
    assert model.reader([]).log_probs().shape == (0, len(VOCAB))


class Counted(LanguageModel):
    """Uniform; counts how many contexts it is asked about."""

    vocab = VOCAB

    def __init__(self):
        self.asked = 0

    def next_log_probs(self, contexts):
        self.asked += len(contexts)
        return np.full((len(contexts), len(VOCAB)), -np.log(len(VOCAB)))


def test_a_prediction_is_worked_out_once_and_stays_as_it_is():
    model = Counted()
    reader = model.reader([[0], [1]])
    first = reader.log_probs()
    assert reader.log_probs() is first
    reader.select([1])
    assert reader.log_probs().shape == (1, 6)
    assert model.asked == 2  # the selection took what was known
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 0


def test_what_a_model_without_a_state_gets_is_the_general_reader():
    assert isinstance(UniformModel(VOCAB).reader(), ContextReader)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.read([0]), "1 tokens for 2 rows; each row reads one"),
        (lambda r: r.read([0, 1, 2]), "3 tokens for 2 rows"),
        (lambda r: r.read([0, 6]), r"each token id must be a whole number from 0 to 5; got \[0, 6\]"),
        (lambda r: r.read([0, -1]), r"from 0 to 5; got \[0, -1\]"),
        (lambda r: r.read([0, 0.5]), r"from 0 to 5; got \[0.0, 0.5\]"),
        (lambda r: r.read_many([[0]]), r"1 texts of \[1\] tokens for 2 rows"),
        (lambda r: r.read_many([[0], [0, 1]]), r"2 texts of \[1, 2\] tokens for 2 rows"),
        (lambda r: r.read_many([[], []]), r"2 texts of \[0\] tokens for 2 rows; each row reads as many"),
        (lambda r: r.read_many([[0], [6]]), "each token id must be a whole number from 0 to 5"),
        (lambda r: r.rewind(-1), "n=-1 tokens cannot be taken back"),
        (lambda r: r.select([2]), r"each row must be a whole number from 0 to 1; got \[2\]"),
        (lambda r: r.select([[0, 1]]), "each row must be a whole number"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(call, message):
    reader = FIVE.reader([[], VOCAB.encode("the")])
    before = reader.log_probs().copy()
    with pytest.raises(ValueError, match=message):
        call(reader)
    np.testing.assert_array_equal(reader.log_probs(), before)
    assert reader.n_rows == 2


def test_a_vocabulary_of_one_token():
    model = UniformModel(Vocabulary(["a"]))
    reader = model.reader()
    reader.read([0])
    assert reader.log_probs().tolist() == [[0.0]]
