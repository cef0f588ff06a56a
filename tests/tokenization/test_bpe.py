"""Byte-pair encoding: against recounting everything, against the tokenizers library, and by hand."""

from collections import Counter

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.text import shakespeare
from lmcourse.tokenization.bpe import BPE, BYTES, count_pairs, merge
from lmcourse.tokenization.pieces import pieces


def recounting(text, vocab_size):
    """The definition: count all pairs, merge the commonest (of equals the smallest), count all again."""
    words = Counter(tuple(piece.encode()) for piece in pieces(text))
    tokens, merges = list(BYTES), []
    while len(tokens) < vocab_size:
        pairs = {pair: n for pair, n in count_pairs(words).items() if n}
        if not pairs:
            break
        pair = min(pairs, key=lambda pair: (-pairs[pair], pair))
        token = tokens[pair[0]] + tokens[pair[1]]
        new = tokens.index(token) if token in tokens else len(tokens)
        tokens += [token] if new == len(tokens) else []
        merges.append(pair)
        changed = Counter()
        for word, n in words.items():
            changed[tuple(merge(word, pair, new))] += n
        words = changed
    return merges


@settings(max_examples=60, deadline=None)
@given(st.text("ab ", max_size=60), st.integers(256, 275))
def test_merges_equal_recounting_everything(text, vocab_size):
    assert BPE.train(text, vocab_size).merges == recounting(text, vocab_size)


def test_merges_equal_recounting_on_real_text():
    text = shakespeare()["hamlet"][:20_000]
    assert BPE.train(text, 400).merges == recounting(text, 400)


def visible(token):
    """A token of bytes as the tokenizers library writes it: each byte a printable character."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    signs = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
    return "".join(signs[b] for b in token)


def rust(ours):
    """The tokenizers library's encoder with our vocabulary and merges."""
    vocab = {visible(token): i for i, token in enumerate(ours.tokens)}
    merges = [(visible(ours.tokens[a]), visible(ours.tokens[b])) for a, b in ours.merges]
    peer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges))
    peer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return peer


def test_merges_equal_an_independent_trainers():
    text = shakespeare()["hamlet"]
    peer = tokenizers.Tokenizer(tokenizers.models.BPE())
    peer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=512, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    peer.train_from_iterator([text], trainer)
    theirs = sorted(peer.get_vocab(), key=peer.get_vocab().get)[256:]
    ours = [visible(token) for token in BPE.train(text, 512).tokens[256:]]
    # equally frequent pairs come in another order there, so neighbours may change places, and the last differ
    assert ours[:40] == theirs[:40]
    assert len(set(ours) & set(theirs)) >= 250


@settings(max_examples=60, deadline=None)
@given(st.text("the Quality of mercy猫é1 '\n", max_size=40))
def test_encoding_equals_an_independent_encoder(text):
    assert HAMLET.encode(text) == rust(HAMLET).encode(text).ids


HAMLET = BPE.train(shakespeare()["hamlet"][:50_000], 600)


def test_a_work_is_encoded_as_by_an_independent_encoder():
    text = shakespeare()["macbeth"]
    assert HAMLET.encode(text) == rust(HAMLET).encode(text).ids


@given(st.text(st.characters()))
def test_any_string_comes_back(text):
    assert HAMLET.decode(HAMLET.encode(text)) == text
    assert b"".join(HAMLET.split(text)) == text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("text", ["\ud83d", "\ud83d\ude00", "👩‍👩‍👧", "e\u0301", "\x00\x1c\x85\ufeff", ""])
def test_hard_strings_come_back(text):
    assert HAMLET.decode(HAMLET.encode(text)) == text


def test_the_classic_example_by_hand():
    # aaabdaaabac: aa (4, overlapping ones counted) -> Z; then of Za (2) and ab (2) the pair of smaller ids:
    # ab -> Y; then ZY -> X: XdXac
    tokenizer = BPE.train("aaabdaaabac", 259, pattern=".+")
    assert tokenizer.tokens[256:] == (b"aa", b"ab", b"aaab")
    assert tokenizer.split("aaabdaaabac") == [b"aaab", b"d", b"aaab", b"a", b"c"]


def test_merges_apply_in_the_order_of_learning():
    # ab was learned first, so abc is ab|c although bc would do as well
    ab_bc = BPE("abc", [(0, 1), (1, 2)])
    assert ab_bc.split("abc") == ["ab", "c"]
    assert BPE("abc", [(1, 2), (0, 1)]).split("abc") == ["a", "bc"]
    assert BPE("a", [(0, 0)]).split("aaaaa") == ["aa", "aa", "a"]


def test_half_a_character_shows_as_a_sign():
    assert HAMLET.decode(list("猫".encode())[:2]) == "�"


def test_character_level():
    tokenizer = BPE.train("low lower lowest", 12, byte_level=False)
    assert tokenizer.decode(tokenizer.encode("lower")) == "lower"
    assert all(isinstance(token, str) for token in tokenizer.tokens)
    with pytest.raises(ValueError, match="unknown token '猫'"):
        tokenizer.encode("猫")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BPE.train("abc", 255), "vocab_size=255 is less than the alphabet's 256 tokens"),
        (lambda: BPE.train("abc", 300.5), "vocab_size=300.5 must be a whole number"),
        (lambda: BPE("ab", [(0, 2)]), r"merge \(0, 2\) comes when there are only 2 tokens"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_training_stops_when_no_pair_is_left():
    assert len(BPE.train("ab", 1000)) == 257
