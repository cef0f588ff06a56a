"""The interface, the two models beside it, and what must hold of every model of the core."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.model import LanguageModel, TableModel, UniformModel, check_distribution, check_whole, log
from lmcourse.ngram import CountModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement, five_words, knowledge

FIVE = five_words()
VOCAB = FIVE.vocab  # ate ball cheese mouse the .
TABLE = TableModel(VOCAB, FIVE.sentences())
TEXT = "the mouse ate the cheese . the ball ate . the mouse ate ."
MODELS = {
    "uniform": UniformModel(VOCAB),
    "table": TABLE,
    "world": FIVE,
    "unigrams": CountModel(VOCAB, 1, TEXT),
    "trigrams": CountModel(VOCAB, 3, TEXT, alpha=0.3),
    "trigrams after .": CountModel(VOCAB, 3, TEXT, start=VOCAB.id(".")),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
any_ids = st.lists(st.integers(0, len(VOCAB) - 1), max_size=8)


@every_model
@given(contexts=st.lists(any_ids, max_size=4))
def test_rows_sum_to_one_or_say_nothing(model, contexts):
    rows = model.next_log_probs(contexts)
    assert rows.shape == (len(contexts), len(VOCAB))
    for context, row in zip(contexts, rows):
        if model.log_prob(context) == -math.inf or (model is TABLE and VOCAB.id(".") in context):
            assert np.all(row == -np.inf)  # the table lists single sentences: nothing follows a complete one
        else:
            assert np.exp(row).sum() == pytest.approx(1, abs=1e-12)


@every_model
@given(ids=any_ids)
def test_the_fast_way_to_score_equals_the_interface_and_the_chain_rule(model, ids):
    fast = model.token_log_probs(ids)
    np.testing.assert_allclose(fast, LanguageModel.token_log_probs(model, ids), rtol=1e-12, atol=1e-12)
    one_by_one = [model.next_log_probs([ids[:i]])[0, token] for i, token in enumerate(ids)]
    np.testing.assert_allclose(fast, one_by_one, rtol=1e-12, atol=1e-12)
    assert model.log_prob(ids) == pytest.approx(math.fsum(one_by_one), abs=1e-9)


@every_model
@given(past=any_ids, future=any_ids, other_future=any_ids)
def test_editing_the_future_leaves_the_past_unchanged(model, past, future, other_future):
    n = len(past)
    np.testing.assert_array_equal(
        model.token_log_probs(past + future)[:n], model.token_log_probs(past + other_future)[:n]
    )


@every_model
def test_a_text_and_its_ids_mean_the_same(model):
    text = "the mouse ate ."
    ids = VOCAB.encode(text)
    assert model.log_prob(text) == model.log_prob(ids) == model.log_prob(np.array(ids))
    np.testing.assert_array_equal(model.next_probs("the mouse"), model.next_probs(ids[:2]))


@every_model
def test_the_empty_sequence_is_certain(model):
    assert model.token_log_probs("").shape == (0,)
    assert model.log_prob("") == 0.0


@every_model
def test_no_warning_where_probabilities_are_zero(model):
    with np.errstate(all="raise"):
        model.next_log_probs([VOCAB.encode("mouse the the"), []])
        model.log_prob("mouse the the cheese ate")


@every_model
def test_unknown_tokens_and_ids_are_refused(model):
    with pytest.raises(ValueError, match=r"unknown token 'mous'.*did you mean 'mouse'"):
        model.log_prob("the mous")
    with pytest.raises(ValueError, match="token id 6 is not an integer from 0 to 5"):
        model.next_probs([6])


def test_uniform_costs_log_v_nats_a_token():
    model = UniformModel(VOCAB)
    assert model.vocab_size == 6
    assert model.log_prob(TEXT) == pytest.approx(-len(TEXT.split()) * math.log(6))
    np.testing.assert_allclose(model.next_probs(TEXT), np.full(6, 1 / 6))


def test_uniform_scores_a_long_text_without_listing_its_contexts():
    # 100,000 contexts as lists would hold 5 · 10⁹ ids
    assert UniformModel(VOCAB).log_prob([0] * 100_000) == pytest.approx(-100_000 * math.log(6))


def test_table_by_hand():
    vocab = Vocabulary(["a", "b", "."])
    model = TableModel(vocab, {"a b .": 0.3, "a a .": 0.2, "b .": 0.5})
    np.testing.assert_allclose(model.next_probs(""), [0.5, 0.5, 0])
    np.testing.assert_allclose(model.next_probs("a"), [0.2 / 0.5, 0.3 / 0.5, 0])
    np.testing.assert_allclose(model.next_probs("b"), [0, 0, 1])
    assert not model.next_probs("a b .").any()  # complete: nothing follows
    assert not model.next_probs("b a").any()  # never said
    assert model.log_prob("a b .") == pytest.approx(math.log(0.3))
    assert model.end == vocab.id(".")
    assert TableModel(vocab, {"a": 0.5, "b": 0.5}).end is None  # no one token closes all


class Seeing(LanguageModel):
    """After a window of two tokens (x, y) the next token is x + y modulo 3 with probability 0.9."""

    vocab = Vocabulary("abc", separator="")
    context_length = 2

    def next_log_probs(self, contexts):
        assert max(map(len, contexts)) <= 2
        probs = np.full((len(contexts), 3), 0.05)
        probs[np.arange(len(contexts)), [sum(context) % 3 for context in contexts]] = 0.9
        return np.log(probs)


def test_a_model_with_a_window_scores_a_text_longer_than_it():
    # 1 2 | 0 2 2 1 0 1 1 2: each the sum of the two before it; 1 after nothing and 2 after 1 are not
    text = [1, 2, 0, 2, 2, 1, 0, 1, 1, 2]
    terms = Seeing().token_log_probs(text * 100)
    np.testing.assert_allclose(np.exp(terms[:10]), [0.05, 0.05] + [0.9] * 8)
    assert len(terms) == 1000  # more than one batch
    assert Seeing().log_prob(text * 100) == pytest.approx(terms.sum())


def test_table_of_a_joint_distribution_is_the_world_itself():
    for sentence, p in FIVE.sentences().items():
        assert TABLE.log_prob(sentence) == pytest.approx(math.log(p), abs=1e-12)
        ids = VOCAB.encode(sentence)
        prefixes = [ids[:i] for i in range(len(ids))]
        np.testing.assert_allclose(
            np.exp(TABLE.next_log_probs(prefixes)), np.exp(FIVE.next_log_probs(prefixes)), atol=1e-12
        )


def test_table_accepts_ids_and_zero_probabilities():
    model = TableModel(Vocabulary(["a", "."]), {(0, 1): 1.0, (1,): 0.0})
    np.testing.assert_allclose(model.next_probs(""), [1, 0])
    assert model.log_prob(".") == -math.inf


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ({"a .": 0.5, "b .": 0.4}, "the sequences' probabilities sum to 0.9, not 1; divide each by the sum"),
        ({"a .": 1.5, "b .": -0.5}, "the sequences' probabilities must be finite and not negative; got -0.5"),
        ({"a": 0.5, "a b": 0.5}, "'a' is the beginning of another one; close each with an end token"),
        ({"c": 1.0}, "unknown token 'c'"),
        ({}, r"one non-empty row of numbers; got an array of shape \(0,\)"),
    ],
)
def test_table_refuses(sequences, message):
    with pytest.raises(ValueError, match=message):
        TableModel(Vocabulary(["a", "b", "."]), sequences)


def test_check_distribution_returns_floats():
    checked = check_distribution([1, 0])
    assert checked.dtype == float
    np.testing.assert_array_equal(checked, [1.0, 0.0])
    check_distribution([0.5, 0.5 + 9e-7])


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        ([0.5, 0.5 + 2e-6], r"weights sum to 1\.000002, not 1; divide each by the sum"),
        ([0.5, 0.4], "weights sum to 0.9, not 1; divide each by the sum"),
        ([1.2, -0.2], "weights must be finite and not negative; got -0.2"),
        ([math.nan, 1.0], "weights must be finite and not negative; got nan"),
        ([math.inf, 1.0], "weights must be finite and not negative; got inf"),
        ([], r"weights must be one non-empty row of numbers; got an array of shape \(0,\)"),
        ([[0.5, 0.5]], r"got an array of shape \(1, 2\)"),
    ],
)
def test_check_distribution_refuses(probs, message):
    with pytest.raises(ValueError, match=message):
        check_distribution(probs, "weights")


def test_check_whole():
    assert check_whole(3.0, "n") == 3
    assert type(check_whole(np.int64(3), "n")) is int
    assert check_whole(0, "n", least=0) == 0
    for bad in (0, -1, 2.5, math.nan, math.inf, "3", None):
        with pytest.raises(ValueError, match=f"n={bad} must be a whole number, 1 or more"):
            check_whole(bad, "n")


def test_log_of_zero_is_minus_infinity_without_a_warning():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(log(np.array([0.0, 1.0])), [-np.inf, 0.0])


@pytest.mark.parametrize("world", [agreement(2), knowledge()], ids=["agreement", "knowledge"])
def test_a_long_stream_is_scored_sentence_by_sentence(world):
    sentences = world.sample(300, np.random.default_rng(0))
    stream = [token for sentence in sentences for token in sentence]
    assert world.log_prob(stream) == pytest.approx(sum(map(world.log_prob, sentences)), rel=1e-12)
