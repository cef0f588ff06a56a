"""A Transformer behind the interface: what it says when it reads on is what it says if it is asked anew."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.decoding import Decoding, generate, generate_batch
from lmcourse.model import LanguageModel
from lmcourse.reader import ContextReader
from lmcourse.transformer import model as transformer_model
from lmcourse.transformer.config import POSITIONS, Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.vocabulary import Vocabulary

VOCAB = Vocabulary("abc.", separator="")
START = VOCAB.id(".")
SMALL = Config(vocab_size=4, d_model=8, n_heads=4, n_layers=2, context_length=8, n_kv_heads=2, dropout=0.5)
each_position = pytest.mark.parametrize("position", POSITIONS)


def model_of(position="learned", **named):
    network = Transformer(replace(SMALL, position=position)).double().draw(np.random.default_rng(1))
    with torch.no_grad():
        for parameter in network.parameters():  # so that what it says depends on what it has read
            parameter *= 3
    return TransformerModel(network, VOCAB, start=START, end=START, **named)


@each_position
def test_reading_on_is_the_same_as_being_asked_anew(position):
    """Also where some texts have outgrown the context of eight, start included, and others have not."""
    model = model_of(position)
    contexts = [[0, 1], [], [2, 2, 1, 0], [1, 0], [2, 2, 1, 0]]
    reader = model.reader(contexts)
    rng = np.random.default_rng(0)
    for rows in ([0, 1, 2, 3, 4], [3, 3, 0, 1], [3, 1, 0, 0], [1, 0], [0, 1], [1, 1], [0], [0], [0, 0]):
        reader.select(rows)
        contexts = [list(contexts[row]) for row in rows]
        np.testing.assert_allclose(reader.log_probs(), model.next_log_probs(contexts), atol=1e-9)
        tokens = rng.integers(4, size=len(rows)).tolist()
        reader.read(tokens)
        contexts = [[*context, token] for context, token in zip(contexts, tokens)]
        np.testing.assert_allclose(reader.log_probs(), model.next_log_probs(contexts), atol=1e-9)
    assert max(map(len, contexts)) > 8
    reader.select([])
    reader.read([])
    assert reader.log_probs().shape == (0, 4)
    assert model.reader([]).log_probs().shape == (0, 4)


def test_cached_is_uncached_token_for_token():
    model = model_of("rope", context_length=64)
    plain = ContextReader(model, [[0, 1, 2]])
    kept = model.reader([[0, 1, 2]])
    for _ in range(50):
        np.testing.assert_allclose(kept.log_probs(), plain.log_probs(), atol=1e-9)
        token = int(plain.log_probs()[0].argmax())
        plain.read([token])
        kept.read([token])


def test_a_context_opens_where_it_is_longer_than_the_window():
    model = model_of()
    long = np.random.default_rng(3).integers(4, size=20).tolist()
    reader = model.reader([long, [0]])
    np.testing.assert_allclose(reader.log_probs(), model.next_log_probs([long, [0]]), atol=1e-9)
    # it is shown the last eight, without a start
    np.testing.assert_allclose(reader.log_probs()[0], model_of().next_log_probs([long[-8:]])[0], atol=1e-9)


@pytest.fixture
def passes(monkeypatch):
    """The shapes of the token ids of each pass."""
    read, hidden = [], Transformer.hidden

    def counted(self, token_ids, *args, **named):
        read.append(tuple(token_ids.shape))
        return hidden(self, token_ids, *args, **named)

    monkeypatch.setattr(Transformer, "hidden", counted)
    return read


def test_a_token_is_read_once(passes):
    model = model_of("rope")
    reader = model.reader([[0, 1, 2]] * 5 + [[1]])
    for _ in range(2):
        reader.log_probs()
        reader.read([0] * 6)
    assert passes == [(2, 4), (6, 1), (6, 1)]  # two different texts, the longer of four with the start


@each_position
def test_a_beginning_in_common_is_read_once(position, passes):
    """Twelve tokens of three texts, one of which ends with them; also when one text is given twice."""
    network = Transformer(replace(SMALL, position=position, context_length=20)).double()
    model = TransformerModel(network.draw(np.random.default_rng(1)), VOCAB)
    common = np.random.default_rng(5).integers(4, size=12).tolist()
    contexts = [[*common, 1, 2], common, [*common, 3], [*common, 3]]
    reader = model.reader(contexts)
    assert passes == [(1, 11), (3, 3)]
    for token in range(9):  # until the longest has outgrown its twenty
        np.testing.assert_allclose(reader.log_probs(), model.next_log_probs(contexts), atol=1e-9)
        reader.read([token % 4] * 4)
        contexts = [[*context, token % 4] for context in contexts]


@each_position
def test_scores_are_those_of_the_interface(position):
    model = model_of(position)
    texts = ["abcab.cbaabcaa", "", "b"]
    for text, terms in zip(texts, model.token_log_probs_of(texts)):
        ids = model.ids(text)
        one_by_one = [model.next_log_probs([ids[:i]])[0][token] for i, token in enumerate(ids)]
        np.testing.assert_allclose(terms, one_by_one, atol=1e-9)
    short = "abcab"
    np.testing.assert_allclose(
        model.token_log_probs(short), LanguageModel.token_log_probs(model, short), atol=1e-9
    )


def test_a_text_can_be_generated():
    model = model_of("alibi")
    rngs = [np.random.default_rng(seed) for seed in range(8)]
    together = generate_batch(model, ["ab"] * 8, 20, Decoding(), rngs)
    alone = [generate(model, "ab", 20, Decoding(), np.random.default_rng(seed)) for seed in range(8)]
    assert together == alone
    assert any(said[-1] == START for said in together)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="vocab_size=5 of the network, but the vocabulary has 4 tokens"):
        TransformerModel(Transformer(replace(SMALL, vocab_size=5)), VOCAB, START)
    with pytest.raises(ValueError, match="a network with cross=True reads a source"):
        TransformerModel(Transformer(replace(SMALL, cross=True)), VOCAB, START)
    with pytest.raises(ValueError, match="context_length=9 is more than the 8 learned positions"):
        model_of(context_length=9)
    with pytest.raises(ValueError, match="context_length=0 must be a whole number, 1 or more"):
        model_of(context_length=0)


def test_without_a_start_token_nothing_is_put_before_a_text():
    started = model_of()
    model = TransformerModel(started.module, VOCAB, end=START)
    contexts = [[0, 1, 2], [2], [1, 1]]
    found = model.reader(contexts).log_probs()
    with torch.inference_mode():
        by_hand = [
            started.module.eval()(torch.tensor([context]))[0, -1].log_softmax(-1) for context in contexts
        ]
    np.testing.assert_allclose(found, np.array(by_hand), atol=1e-12)
    np.testing.assert_allclose(model.next_log_probs(contexts), found, atol=1e-9)
    for ask in (
        lambda: model.reader([[0], []]),
        lambda: model.next_log_probs([[]]),
        lambda: model.log_prob("a"),
    ):
        with pytest.raises(ValueError, match="no start token"):
            ask()


def test_few_places_get_an_output_at_a_time(monkeypatch):
    model, sizes = model_of(), []
    texts = ["abc.ab", "", "cab"]
    whole = model.token_log_probs_of(texts)
    monkeypatch.setattr(transformer_model, "LOGITS", 4 * len(VOCAB))
    logits = Transformer.logits

    def noted(self, hidden):
        sizes.append(len(hidden))
        return logits(self, hidden)

    monkeypatch.setattr(Transformer, "logits", noted)
    for terms, expected in zip(model.token_log_probs_of(texts), whole):
        np.testing.assert_allclose(terms, expected, atol=1e-12)
    assert sizes == [4, 4, 1]
