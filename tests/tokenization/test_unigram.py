"""The unigram tokenizer: EM never falls, counts and cuts equal a listing, samples follow the model."""

import math
from collections import Counter

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.text import shakespeare
from lmcourse.tokenization.pieces import pieces
from lmcourse.tokenization.unigram import Unigram, em_step, log_shares, losses, seed_tokens

texts = st.text("ab ", min_size=1, max_size=40)


@given(texts)
def test_em_never_lowers_the_likelihood(text):
    counts = Counter(pieces(text))
    tokens, before = seed_tokens(counts, 30, 4), -math.inf
    for _ in range(4):
        tokens, likelihood = em_step(counts, log_shares(tokens), floor=0.0)
        assert likelihood >= before - 1e-9
        before = likelihood
        tokens = {token: n or 1e-300 for token, n in tokens.items()}


def test_expected_counts_by_hand():
    # "ab" is a|b with 1/4 · 1/4 or ab with 1/2: one in nine, eight in nine
    logs = {"a": math.log(1 / 4), "b": math.log(1 / 4), "ab": math.log(1 / 2)}
    expected, likelihood = em_step({"ab": 9}, logs, floor=0.0)
    assert expected == pytest.approx({"a": 1, "b": 1, "ab": 8})
    assert likelihood == pytest.approx(9 * math.log(9 / 16))
    # without ab, its 8 places cost log(1/2) - log(1/16) more each
    assert losses(expected, logs) == pytest.approx({"ab": 8 * math.log(8)})


TRAINED = Unigram.train(shakespeare()["hamlet"][:20_000], 300)


@settings(deadline=None)
@given(st.text("the quality of mercy.,'", min_size=1, max_size=30))
def test_cuts_are_as_probable_as_an_independent_encoders(text):
    peer = tokenizers.Tokenizer(tokenizers.models.Unigram(list(TRAINED.log_probs.items()), 0, False))
    for piece in pieces(text):
        theirs = peer.encode(piece).tokens
        ours = TRAINED.split(piece)
        total = sum(TRAINED.log_probs[token] for token in ours)
        assert total == pytest.approx(sum(TRAINED.log_probs[token] for token in theirs))


def test_training_keeps_characters_and_the_size():
    assert len(TRAINED) == 300
    assert set(shakespeare()["hamlet"][:20_000]) <= set(TRAINED.tokens)
    assert sum(map(math.exp, TRAINED.log_probs.values())) == pytest.approx(1)
    assert TRAINED.decode(TRAINED.encode("to be or not")) == "to be or not"


@pytest.mark.parametrize("sharpness", [0, 0.5, 1, 3])
def test_samples_follow_the_sharpened_model(sharpness):
    tokenizer = Unigram({"a": math.log(0.6), "aa": math.log(0.3), "aaa": math.log(0.1)})
    weights = {("a", "a", "a"): 0.216, ("a", "aa"): 0.18, ("aa", "a"): 0.18, ("aaa",): 0.1}
    weights = {way: w**sharpness for way, w in weights.items()}
    rng = np.random.default_rng(0)
    drawn = Counter(tuple(tokenizer.sample("aaa", rng, sharpness)) for _ in range(3000))
    for way, weight in weights.items():
        p = weight / sum(weights.values())
        assert abs(drawn[way] / 3000 - p) < 4 * math.sqrt(p * (1 - p) / 3000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TRAINED.encode("猫"), "unknown token '猫'"),
        (lambda: Unigram.train("abc", 2), "vocab_size=2 is less than the text's 3 characters"),
        (lambda: Unigram.train("", 2), "text='' holds nothing"),
        (lambda: TRAINED.sample("a", np.random.default_rng(0), -1), "sharpness=-1 must be 0 or more"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
