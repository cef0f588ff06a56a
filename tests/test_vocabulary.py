"""Vocabularies: text to ids and back, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.vocabulary import Vocabulary

FIVE = Vocabulary(["ate", "ball", "cheese", "mouse", "the"])


def test_ids_are_positions():
    assert FIVE.encode("the mouse ate") == [4, 3, 0]
    assert FIVE.encode(["the", "mouse"]) == [4, 3]
    assert FIVE.decode([4, 2]) == "the cheese"
    assert [FIVE.id(token) for token in FIVE.tokens] == [0, 1, 2, 3, 4]
    assert len(FIVE) == 5
    assert "mouse" in FIVE
    assert "cat" not in FIVE


def test_encode_and_decode_nothing():
    assert FIVE.encode("") == []
    assert FIVE.decode([]) == ""


def test_words_and_characters_of_a_text():
    assert Vocabulary.of_words("the mouse\nate the  cheese").tokens == ("ate", "cheese", "mouse", "the")
    assert Vocabulary.of_characters("banana\n").tokens == ("\n", "a", "b", "n")
    assert Vocabulary.of_characters("é中a").encode("中é") == [2, 1]  # code points: a 97, é 233, 中 20013


@given(st.text(min_size=1))
def test_any_text_survives_the_round_trip_through_its_characters(text):
    vocab = Vocabulary.of_characters(text)
    assert vocab.decode(vocab.encode(text)) == text


@given(st.lists(st.sampled_from(FIVE.tokens)))
def test_words_survive_the_round_trip(words):
    assert FIVE.decode(FIVE.encode(words)) == " ".join(words)
    assert FIVE.encode(" ".join(words)) == FIVE.encode(words)


def test_equality_needs_equal_order_and_separator():
    assert Vocabulary(["a", "b"]) == Vocabulary(("a", "b"))
    assert hash(Vocabulary(["a", "b"])) == hash(Vocabulary(("a", "b")))
    assert Vocabulary(["a", "b"]) != Vocabulary(["b", "a"])
    assert Vocabulary(["a", "b"]) != Vocabulary(["a", "b"], separator="")
    assert Vocabulary(["a", "b"]) != ("a", "b")


def test_repr_shows_three_tokens():
    assert repr(FIVE) == "Vocabulary(5 tokens: 'ate', 'ball', 'cheese', …)"
    assert repr(Vocabulary(["a"])) == "Vocabulary(1 tokens: 'a')"


def test_checked_ids_are_plain_ints():
    checked = FIVE.check_ids(np.array([4, 0], dtype=np.int32))
    assert checked == [4, 0]
    assert all(type(i) is int for i in checked)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Vocabulary([]), "at least one token; got none"),
        (lambda: Vocabulary(["a", "b", "a"]), "token 'a' stands twice"),
        (
            lambda: Vocabulary(["a"], separator="-"),
            r"separator='-' must be ' ' \(words\) or '' \(characters\)",
        ),
        (lambda: FIVE.encode("the mous"), r"unknown token 'mous'.*did you mean 'mouse'\?"),
        (lambda: FIVE.encode("xyz"), r"unknown token 'xyz'.*known: Vocabulary\(5 tokens"),
        (lambda: FIVE.id(["the"]), r"unknown token \['the'\]"),
        (lambda: FIVE.decode([0, 5]), "token id 5 is not an integer from 0 to 4"),
        (lambda: FIVE.decode([-1]), "token id -1 is not an integer from 0 to 4"),
        (lambda: FIVE.decode([1.5]), "token id 1.5 is not an integer"),
        (lambda: FIVE.decode([float("nan")]), "token id nan is not an integer"),
        (lambda: FIVE.decode([float("inf")]), "token id inf is not an integer"),
        (lambda: FIVE.decode([None]), "token id None is not an integer"),
        (lambda: FIVE.decode(["the"]), r"expected token ids, got the token 'the'; encode text first"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_unknown_token_takes_the_place_of_what_has_no_id():
    vocab = Vocabulary.of_words("the mouse the cheese the mouse", least=2, unknown="<unk>")
    assert vocab.tokens == ("<unk>", "mouse", "the")
    assert vocab.encode("the cheese ate the mouse") == [2, 0, 0, 2, 1]
    assert vocab.decode([2, 0]) == "the <unk>"
    assert vocab != Vocabulary(vocab.tokens)
    assert vocab == Vocabulary(vocab.tokens, unknown="<unk>")
    with pytest.raises(ValueError, match="unknown token 3"):
        vocab.encode([3])


def test_the_unknown_token_must_be_a_token():
    with pytest.raises(ValueError, match=r"unknown='<unk>' must be one of the tokens; add it to them"):
        Vocabulary("ab", unknown="<unk>")
