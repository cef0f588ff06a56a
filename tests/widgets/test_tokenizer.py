import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.tokenization.bpe import BPE, BYTES
from lmcourse.tokenization.pieces import BERT, GPT2, GPT4O
from lmcourse.tokenization.unigram import Unigram
from lmcourse.tokenization.wordpiece import WordPiece
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import TokenizerExplorer
from lmcourse.widgets.tokenizer import merge_steps, tokenize

TEXT = "low low low lower lowest"
BYTE = BPE.train(TEXT, 262)
CHARACTER = BPE.train(TEXT, 14, byte_level=False)


def test_built_in_schemes_by_hand():
    explorer = TokenizerExplorer({}, "né 1")
    assert explorer.scheme == "characters"
    assert explorer.tokens("characters") == [("n", 110), ("é", 233), (" ", 32), ("1", 49)]
    # é is U+00E9 = 00011 101001 in binary: the bytes 110 00011 and 10 101001
    assert [i for _, i in explorer.tokens("UTF-8 bytes")] == [110, 0b11000011, 0b10101001, 32, 49]
    assert explorer.tokens("words") == [("né", None), ("1", None)]


def test_what_a_tokenizer_cannot_spell_has_no_id():
    # "low" was merged; "z" is not in the alphabet and parts the text
    assert tokenize(CHARACTER, "lozlow") == [
        ("lo", CHARACTER.id("lo")),
        ("z", None),
        ("low", CHARACTER.id("low")),
    ]
    unigram = Unigram({"a": -2.0, "b": -2.0, "ab": -1.0})
    assert tokenize(unigram, "ab?b") == [("ab", 0), ("?", None), ("b", 2)]
    words = Vocabulary(["the", "mouse"])
    assert tokenize(words, "the  moose") == [("the", 0), ("moose", None)]
    wordpiece = WordPiece(["[UNK]", "un", "##s"])
    assert tokenize(wordpiece, "uns up") == [("un", 1), ("##s", 2), ("[UNK]", 0)]


@given(st.text(max_size=30))
def test_tokens_are_those_of_encode(text):
    assert [i for _, i in tokenize(BYTE, text)] == BYTE.encode(text)
    assert b"".join(t for t, _ in tokenize(BYTE, text)) == text.encode()
    assert "".join(t for t, _ in tokenize(CHARACTER, text)) == text


def test_merges_one_by_one_by_hand():
    # lo (rank 0), low (1), then " low" (2): "slow low" has lo twice, low twice, " low" once
    steps = TokenizerExplorer({"BPE": BYTE}, "slow low").merge_steps("BPE")
    assert [rank for rank, _ in steps] == [0, 1, 2]
    assert steps[0][1] == [b"s", b"lo", b"w", b" ", b"lo", b"w"]
    assert steps[1][1] == [b"s", b"low", b" ", b"low"]
    assert steps[2][1] == [b"s", b"low", b" low"]


@pytest.mark.parametrize("tokenizer", [BYTE, CHARACTER])
@given(st.text("lowerst zé", max_size=40))
def test_merge_steps_end_in_the_tokens(tokenizer, text):
    steps, tokens = merge_steps(tokenizer, text), [t for t, _ in tokenize(tokenizer, text)]
    assert not steps or steps[-1][1] == tokens
    lengths = [len(text.encode() if tokenizer.byte_level else text), *(len(t) for _, t in steps)]
    assert lengths == sorted(set(lengths), reverse=True)  # each merge makes the text shorter
    assert lengths[-1] == len(tokens)


def test_ranks_may_fall():
    # bc, ab, ab + c, abc + d, and a second way to abc: a + bc, by which abcd is reached here
    tokenizer = BPE("abcd", [(1, 2), (0, 1), (5, 2), (6, 3), (0, 4)], pattern=r"(?s).+")
    assert tokenizer.tokens[4:] == ("bc", "ab", "abc", "abcd")
    assert merge_steps(tokenizer, "abcd") == [(0, ["a", "bc", "d"]), (4, ["abc", "d"]), (3, ["abcd"])]


def test_state_is_compact_json():
    tokenizer = BPE(BYTES, [(97 + i % 26, 97 + i // 26) for i in range(676)])
    explorer = TokenizerExplorer({"BPE": tokenizer}, "abc")
    state = json.loads(json.dumps(explorer.get_state(), allow_nan=False))
    assert len(json.dumps(state["schemes"])) < 6_000
    assert state["schemes"][3]["pattern"] == "gpt2"
    assert state["scheme"] == "BPE"
    assert "render" in state["_esm"]


def test_the_page_can_set_text_and_scheme():
    explorer = TokenizerExplorer({"BPE": BYTE}, "low")
    explorer.set_state({"text": "lower", "scheme": "words", "step": 1, "ids": True})
    assert explorer.tokens("words") == [("lower", None)]
    # lo, low, " low" and two more were learned; "lower" has no space before it
    assert explorer.tokens("BPE")[0] == (b"low", 257)


def test_bytes_in_another_order_keep_their_ids():
    """As in the vocabularies of real models."""
    explorer = TokenizerExplorer({"BPE": BPE([*BYTES[97:], *BYTES[:97]], [(0, 1)])}, "abc")
    assert explorer.tokens("BPE") == [(b"ab", 256), (b"c", 2)]
    assert explorer.schemes[-1]["alphabet"].startswith("abc")
    assert TokenizerExplorer({"BPE": BPE(BYTES, [(0, 1)])}, "").schemes[-1]["alphabet"] == ""


class Odd(Vocabulary):
    """A vocabulary with a rule of its own."""


@pytest.mark.parametrize(
    ("tokenizers", "text", "message"),
    [
        ({}, "x" * 2001, "2,001 characters is too long; show 2,000"),
        ({}, "a\ud800b", "half a surrogate pair"),
        ({"words": BYTE}, "", "the name 'words' is taken"),
        ({"": BYTE}, "", "the name '' is taken or empty"),
        ({"odd": Odd("ab")}, "", "'odd' is of type Odd; the page can follow a BPE"),
        ({"odd": BPE(BYTES, [], pattern=r"\w+")}, "", r"pattern='\\\\w\+'; the page knows"),
        ({"odd": BPE(BYTES[:100], [])}, "", "must start from all 256 bytes"),
        ({"odd": BPE(["ab", "c"], [])}, "", "must start from single characters"),
        ({"odd": Vocabulary(["\ud800"])}, "", "a token holds half a surrogate pair"),
        ({"odd": Unigram({"a": 0.0, "b": -math.inf})}, "", "must be finite"),
        ({"big": Vocabulary(map(str, range(40_000)))}, "", r"\(big \d+,\d+\), over 200,000; train smaller"),
    ],
)
def test_bad_arguments(tokenizers, text, message):
    with pytest.raises(ValueError, match=message):
        TokenizerExplorer(tokenizers, text)


def test_bad_values_later_leave_the_widget_as_it_was():
    explorer = TokenizerExplorer({"BPE": BYTE}, "low")
    for name, value in [("text", "x" * 2001), ("scheme", "BPQ")]:
        with pytest.raises(ValueError, match=r"too long|must be one of"):
            setattr(explorer, name, value)
    assert (explorer.text, explorer.scheme) == ("low", "BPE")
    with pytest.raises(ValueError, match="none of the schemes: characters"):
        explorer.tokens("BPQ")
    with pytest.raises(ValueError, match="no byte-pair tokenizer"):
        explorer.merge_steps("words")


def test_every_pattern_of_the_package_is_known():
    for pattern in (GPT2, GPT4O, BERT, r" ?\S+|\s+", r"(?s).+"):
        TokenizerExplorer({"BPE": BPE(BYTES, [], pattern)}, "x")
