"""The patterns lose nothing, and GPT-2's is the one that the tokenizers library has built in."""

import numpy as np
import pytest
import quicktok
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel

from lmcourse.tokenization.pieces import BERT, GPT2, GPT4, GPT4O, pieces, words

OFFSETS = ByteLevel(add_prefix_space=False, use_regex=True)


@pytest.mark.parametrize("pattern", [GPT2, GPT4, GPT4O, BERT, "a", ""])
@given(text=st.text(st.characters()))
def test_nothing_is_lost(pattern, text):
    assert "".join(pieces(text, pattern)) == text
    assert all(pieces(text, pattern))


@given(st.text("aZé猫1²_'  \n\tsdtl.,-", max_size=40))
def test_gpt2s_pattern_is_the_built_in_one(text):
    assert pieces(text) == [text[a:b] for _, (a, b) in OFFSETS.pre_tokenize_str(text)]


@given(st.text("aZé猫1²_'  \n\tsdtl.,-€+^©\u0301\u093f\u0907\x1c\x85\u200d", max_size=40))
def test_berts_pattern_is_the_built_in_one(text):
    assert words(text) == [word for word, _ in BertPreTokenizer().pre_tokenize_str(text)]


@pytest.mark.parametrize("word", ["नमस्ते", "cafe\u0301", "naïve", "猫24", "5€"])
def test_marks_and_symbols_stay_with_their_word(word):
    assert words(f"{word}, {word}!") == [word, ",", word, "!"]


def test_white_space_is_what_the_pattern_calls_so():
    # U+001C to U+001F are white space to str.isspace, not to a regular expression: they must not vanish
    assert words("a\x1c\x1f b\u2028\x85\n c") == ["a\x1c\x1f", "b", "c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's IT'S", ["It", "'s", " IT", "'S"]),
        ("12345 678", ["123", "45", " ", "678"]),
        ("x=(y)\n\n  z", ["x", "=(", "y", ")\n\n", " ", " z"]),
        ("a\n \n b", ["a", "\n \n", " b"]),
    ],
)
def test_gpt4s_pattern_by_hand(text, expected):
    assert pieces(text, GPT4) == expected


def test_a_bad_pattern_is_named():
    with pytest.raises(ValueError, match=r"pattern='\(' is not a regular expression"):
        pieces("a", "(")


def test_gpt4o_by_hand():
    # a small letter ends a word; an ending stays with it; digits by three; a slash stays with the line ends
    text = "HelloWorld, DON'T it's 12345 a/\n\nnai\u0308ve"
    expected = ["Hello", "World", ",", " DON'T", " it's", " ", "123", "45", " a", "/\n\n", "nai\u0308ve"]
    assert pieces(text, GPT4O) == expected


def test_gpt4o_cuts_where_its_tokenizer_does():
    """No token goes over a cut: the pieces alone have the tokens of the whole."""
    real = quicktok.get_encoding("o200k_base")
    signs = [
        *"aB1\u017f' \n/.,-中é\u0308\u200d😀ǅʰ",
        "'s",
        "'LL",
        "'\u017f",
        "  ",
        "\r\n",
        "\u3000",
        "the",
        "I've",
    ]
    rng = np.random.default_rng(4)
    for size in rng.integers(1, 30, 500):
        text = "".join(signs[i] for i in rng.integers(0, len(signs), size))
        cut = [i for piece in pieces(text, GPT4O) for i in real.encode_ordinary(piece)]
        assert cut == real.encode_ordinary(text), repr(text)
