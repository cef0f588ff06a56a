import json
import math

import numpy as np
import pytest

from lmcourse.information import LETTERS, figures, guess_bounds
from lmcourse.model import LanguageModel, TableModel, UniformModel, log
from lmcourse.ngram import AdaptiveModel, CountModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import GuessingGame
from lmcourse.widgets.guessing import GIVEN_UP, estimate, score

VOCAB = Vocabulary(LETTERS, separator="")
TEXT = "The mouse ate the cheese; the mouse ate."  # 39 symbols when reduced


def model(order: int = 3) -> LanguageModel:
    return CountModel(VOCAB, order, "the mouse ate the cheese and the cheese was good")


class Fixed(LanguageModel):
    """Always the same distribution over a, b, c."""

    vocab = Vocabulary("abc", separator="")

    def __init__(self, *probs: float):
        self.row = log(np.array(probs))

    def next_log_probs(self, contexts):
        return np.array([self.row for _ in contexts])


def test_bits_and_guesses_by_hand():
    # b first (.5), then a and c (.25 each), a before c by its id
    bits, ranks = score(Fixed(0.25, 0.5, 0.25), "abc")
    assert bits == [2, 1, 2]
    assert ranks == [2, 1, 3]
    assert score(Fixed(0, 1, 0), "cab") == ([math.inf, math.inf, 0], [3, 2, 1])


@pytest.mark.parametrize("guesser", [model(1), model(5), AdaptiveModel(VOCAB, 4), UniformModel(VOCAB)])
def test_scores_are_those_of_the_model(guesser):
    game = GuessingGame(TEXT, {"m": guesser}, given=0)
    passage = game.passages[0]
    assert passage == "the mouse ate the cheese the mouse ate"
    np.testing.assert_allclose(game.bits[0][0], -guesser.token_log_probs(passage) / math.log(2), atol=5.1e-5)
    for i, rank in enumerate(game.ranks[0][0]):
        row = guesser.next_log_probs([guesser.window(guesser.ids(passage[:i]))])[0]
        order = sorted(range(len(row)), key=lambda token: (-row[token], token))
        assert order[rank - 1] == guesser.ids(passage[i])[0]


def test_passages_given_and_shannon():
    game = GuessingGame("To be, or not to be?\n\nWords, words, words.\n", {}, given=3)
    assert game.passages == ["to be or not to be", "words words words"]
    assert GuessingGame(["Café au lait"], {}, given=3).passages == ["cafe au lait"]
    assert [row[0] for row in game.shannon] == [f.symbols for f in figures()]
    assert game.shannon[0] == [0, 4.76, None, None]


def test_what_counts():
    game = GuessingGame(["abcabc", "bbbbb"], {"flat": Fixed(0.25, 0.5, 0.25)}, given=1)
    assert game.reader is None
    assert game.of_model("flat") is None
    game.guesses = [[0, -1], []]  # b read, c played by the model: both count, as nothing was guessed
    assert game.counted == [(0, 1), (0, 2)]
    mean, bounds = game.of_model("flat")
    assert mean == 1.5
    assert (bounds.lower, bounds.upper) == (1, 1)  # at the first guess and at the third: half and half
    game.guesses = [[0, -1, 2, 1], [1, 1]]  # now a b of the first passage and b b of the second
    assert game.counted == [(0, 3), (0, 4), (1, 1), (1, 2)]
    assert game.of_model("flat")[0] == 1.25
    assert (game.reader.lower, game.reader.upper) == pytest.approx(guess_bounds([3, 1]))


def test_infinite_bits_travel_as_none():
    vocab = Vocabulary("ab.", separator="")
    game = GuessingGame("ab", {"table": TableModel(vocab, {"aa.": 0.5, "ba.": 0.5})}, given=0)
    assert game.bits == [[[1.0, None]]]
    game.guesses = [[1, 1]]
    assert game.of_model("table")[0] == math.inf


def test_state_is_small_json():
    game = GuessingGame(["the mouse ate the cheese " * 12], {"a": model(2), "b": model(4)})
    state = {name: game.get_state()[name] for name in ["passages", "bits", "ranks", "shannon", "guesses"]}
    text = json.dumps(state, allow_nan=False)
    assert len(text) < 30 * 300 + 2000  # under 30 characters a symbol, for two models


def test_estimate_by_hand():
    # 3 of 4 at the first guess: lower scores 0, 0, 0, 2 log2 2 - 0 = 2; mean .5, variance 1, error 1/2
    found = estimate([1, 1, 2, 1])
    assert (found.lower, found.lower_error) == (0.5, 0.5)
    # upper scores log2 4/3 thrice and 2; they differ by log2 3, so their deviation is log2 3 / 2
    assert found.upper_error == pytest.approx(math.log2(3) / 2 / 2)
    assert found.bias == pytest.approx(1 / (8 * math.log(2)))
    assert estimate([4]) == estimate([GIVEN_UP])  # one number of guesses says nothing
    assert (estimate([4]).upper, estimate([4]).upper_error) == (0, 0)


def test_errors_are_those_of_drawing_again():
    # An independent way to the standard errors: draw the same number of letters many times.
    shares = np.array([0.6, 0.2, 0.1, 0.06, 0.04])
    rng = np.random.default_rng(5)
    draws = rng.multinomial(400, shares, size=2000)
    bounds = np.array([guess_bounds(row.tolist()) for row in draws])
    typical = [estimate(np.repeat(np.arange(1, 6), row).tolist()) for row in draws[:200]]
    lower, upper = (np.mean([getattr(e, name) for e in typical]) for name in ("lower_error", "upper_error"))
    # 2000 repetitions know a deviation to 1/sqrt(4000) = 1.6 %: five of these
    np.testing.assert_allclose([lower, upper], bounds.std(axis=0), rtol=0.08)
    bias = -(shares * np.log2(shares)).sum() - bounds[:, 1].mean()
    error = bounds[:, 1].std() / math.sqrt(2000)
    assert bias == pytest.approx(np.mean([e.bias for e in typical]), abs=5 * error)


@pytest.mark.parametrize(
    ("text", "models", "given", "message"),
    [
        ("1, 2!\n", {}, 0, "no letter of the English alphabet"),
        ("to be", {}, 5, "given=5 leaves nothing to guess of the 5 symbols 'to be'"),
        ("to be", {}, -1, "given=-1 must be a whole number, 0 or more"),
        ("ab" * 1001, {}, 0, "2002 symbols together; the page takes up to 2000"),
        ("to be", {"m": Fixed(0.2, 0.3, 0.5)}, 0, "must know the 27 symbols.*unknown token 't'"),
        ("a b c", {"m": UniformModel(Vocabulary("abc"))}, 0, "cuts 5 symbols into 3 tokens"),
    ],
)
def test_bad_arguments(text, models, given, message):
    with pytest.raises(ValueError, match=message):
        GuessingGame(text, models, given=given)


def test_bad_moves_leave_the_game_as_it_was():
    game = GuessingGame("to be", {"m": UniformModel(VOCAB)}, given=3)
    for name, bad in [
        ("guesses", [[1, 1, 1]]),
        ("guesses", []),
        ("guesses", [[28]]),
        ("guesses", [[-2]]),
        ("passage", 1),
    ]:
        with pytest.raises(ValueError, match="must"):
            setattr(game, name, bad)
    assert (game.guesses, game.passage) == ([[]], 0)
