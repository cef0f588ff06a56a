"""The file's tokenizer on chapter 1's BPE: the ids of Hugging Face's library, made of the same vocabulary."""

import json
import random
import sys
import unicodedata
from pathlib import Path

import pytest
import tokenizers
from tokenizers import pre_tokenizers

from lmcourse.model import UniformModel
from lmcourse.pretrained.tokenizer import PretrainedTokenizer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def theirs(metadata):
    """`theirs(text, special)`: SmolLM2's tokenizer as its own tokenizer.json describes it."""
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    peer = tokenizers.Tokenizer(
        tokenizers.models.BPE({token: i for i, token in enumerate(tokens)}, merges, fuse_unk=False)
    )
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    special = [tokenizers.AddedToken(token, special=True, normalized=False) for token in tokens[:17]]
    assert peer.add_special_tokens(special) == 17

    def encode(text, special=False):
        peer.encode_special_tokens = not special  # True: they are a text like any other
        return peer.encode(text).ids

    return encode


MIXED = [" ", "  ", "\n", "\t", " \n", "\r\n", "\u00a0", "\u3000", "\u0085", "\u2028", "\u200d", "\ufeff"]
MIXED += ["\x00", "\x04", "\x06", "\x13", "\x1c", "\x1d", "\x7f", "\U000403ff", "\U000bffff", "\U0010ffff"]
MIXED += [
    "1",
    "23",
    "\uff14",
    "½",
    "²",
    "①",
    "Ⅷ",
    "٣",
    "\U0001d7d8",
    "一",
    "中文",
    "é",
    "e\u0301",
    "\u0301",
    "ß",
]
MIXED += [
    "😀",
    "👩\u200d👩\u200d👧",
    "𐍈",
    "ﷺ",
    "İ",
    "'s",
    "'S",
    "'ll",
    "don't",
    "_",
    "-",
    "--",
    "...",
    "abc",
    "The",
]
MIXED += ["the", "<|im_start|>", "<|im_end|>", "<file_sep>", "<|im", "{", "}", "()", "\\", "def ", "==", "#"]


@pytest.mark.parametrize("special", [False, True])
def test_ids_of_mixed_texts(tokenizer, theirs, special):
    rng = random.Random(1)
    for _ in range(4_000):
        text = "".join(rng.choices(MIXED, k=rng.randint(1, 12)))
        assert tokenizer.encode(text, special=special) == theirs(text, special), repr(text)


def test_ids_of_each_kind_of_character(tokenizer, theirs):
    """Every seventh that Unicode knows, between a letter, a blank and a digit."""
    for point in range(0, sys.maxunicode, 7):
        sign = chr(point)
        if unicodedata.category(sign) not in ("Cs", "Cn"):  # halves of pairs, and what is not assigned
            text = f"a {sign} 1{sign}b"
            assert tokenizer.encode(text) == theirs(text), hex(point)


def test_ids_and_text_of_real_pages(tokenizer, theirs):
    """Of this book: prose, formulas, code, tables; Chinese and other scripts in chapter 1."""
    for path in sorted(ROOT.glob("notebooks/0*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
        ids = tokenizer.encode(text)
        assert ids == theirs(text), path.name
        assert tokenizer.decode(ids) == text


def test_a_number_has_as_many_tokens_as_digits(tokenizer):
    assert tokenizer.split("In 1969, 4.5%") == [
        b"In",
        b" ",
        b"1",
        b"9",
        b"6",
        b"9",
        b",",
        b" ",
        b"4",
        b".",
        b"5",
        b"%",
    ]


def small():
    """Two special tokens, the letters of "ab<>" and the blank, and two merges: "ab" and "<>"."""
    return PretrainedTokenizer(["<a>", "<b>"], [b"a", b"b", b"<", b">", b" "], [(2, 3), (4, 5)])


def test_what_looks_like_a_special_token_becomes_one_only_if_asked_for():
    vocab = small()
    assert vocab.tokens == (b"<a>", b"<b>", b"a", b"b", b"<", b">", b" ", b"ab", b"<>")
    assert vocab.encode("ab<a>b") == [7, 4, 2, 5, 3]  # ab < a > b
    assert vocab.encode("ab<a>b", special=True) == [7, 0, 3]
    assert vocab.encode("<b><a>", special=True) == [1, 0]
    assert vocab.decode([7, 0, 3]) == vocab.decode([7, 4, 2, 5, 3]) == "ab<a>b"
    assert vocab.special_id("<b>") == 1
    assert UniformModel(vocab).ids("<a>") == [4, 2, 5]  # so is a text that is given to a model
    with pytest.raises(ValueError, match="'<c>' is no special token; there are <a>, <b>"):
        vocab.special_id("<c>")


def test_bytes_without_a_token_are_left_out_before_merging():
    assert small().encode("<\x04>a\x04b c") == [8, 2, 3, 6]  # "a" and "b" are two pieces
    assert small().encode("é") == []
    assert small().encode("a\ud800b") == [2, 3]  # half of a pair, which is no character


def described(**changed):
    """What a file says of the tokenizer of `small`, or of one that differs."""
    known = {
        "model": "gpt2",
        "pre": "smollm",
        "tokens": ["<a>", "<b>", "a", "b", "<", ">", "Ġ", "ab", "<>"],
        "token_type": [3, 3, *[1] * 7],
        "merges": ["a b", "< >"],
    }
    return {f"tokenizer.ggml.{name}": value for name, value in (known | changed).items()}


def test_from_metadata():
    found = PretrainedTokenizer.from_metadata(described())
    assert found.tokens == small().tokens
    assert found.special == ("<a>", "<b>")
    assert found.encode("ab ab") == [7, 6, 7]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "llama"}, "tokenizer.ggml.model is 'llama'; this tokenizer knows 'gpt2' only"),
        ({"pre": "qwen2"}, "tokenizer.ggml.pre is 'qwen2'"),
        ({"token_type": [3, 3, *[1] * 6, 3]}, "not special ones, then bytes, then those that merges make"),
        ({"token_type": [3, *[1] * 8]}, "not special ones, then bytes"),  # "<b>" is no byte
        ({"merges": ["< >", "a b"]}, "then those that merges make"),
    ],
)
def test_tokenizers_of_another_kind_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        PretrainedTokenizer.from_metadata(described(**changed))
