"""Byte-pair encoding: against recounting everything, against the tokenizers library, and by hand."""

import random
from collections import Counter

import pytest
import quicktok
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.text import shakespeare
from lmcourse.tokenization.bpe import BPE, BYTES, count_pairs, merge
from lmcourse.tokenization.pieces import GPT4, pieces


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
    assert HAMLET.encode(text) == RUST.encode(text).ids


HAMLET = BPE.train(shakespeare()["hamlet"][:50_000], 600)
RUST = rust(HAMLET)


def test_a_work_is_encoded_as_by_an_independent_encoder():
    text = shakespeare()["macbeth"]
    assert HAMLET.encode(text) == RUST.encode(text).ids


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


def repeatedly(ids, made):
    """The definition of encoding: of the pairs in a word merge the one learned first, everywhere; repeat."""
    while present := [pair for pair in zip(ids, ids[1:]) if pair in made]:
        pair = min(present, key=made.__getitem__)
        ids = merge(ids, pair, made[pair][1])
    return list(ids)


@given(st.lists(st.integers(0, 3), max_size=60), st.data())
def test_encoding_is_the_definition(ids, data):
    # Any merges, also two that make the same token: the later may make again what an earlier one wants.
    merges, tokens = [], list("abcd")
    for _ in range(data.draw(st.integers(0, 12))):
        pair = tuple(data.draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
        if pair not in merges:
            merges.append(pair)
            made = tokens[pair[0]] + tokens[pair[1]]
            tokens += [made] if made not in tokens else []
    ours = BPE("abcd", merges, pattern="(?s).+")
    made = {pair: (i, tokens.index(tokens[pair[0]] + tokens[pair[1]])) for i, pair in enumerate(merges)}
    assert ours.encode("".join("abcd"[i] for i in ids)) == repeatedly(ids, made)


def test_what_a_merge_makes_again_waits_until_it_is_done():
    # 3 = ab, 4 = bc, 5 = abc (from a+bc), 6 = abcab (abc+ab), and last ab+c makes abc, 5, again. In abcabc
    # both ab+c are merged before abc+ab, which has an earlier rank, is seen; in abcab nothing is in its way
    tokenizer = BPE("abc", [(0, 1), (1, 2), (0, 4), (5, 3), (3, 2)], pattern="(?s).+")
    assert tokenizer.split("abcabc") == ["abc", "abc"]
    assert tokenizer.split("abcab") == ["abcab"]


def test_a_hundred_thousand_letters_without_a_border_are_encoded_as_by_an_independent_encoder():
    letters = "".join(random.Random(0).choices("etaoinshr", k=100_000))
    assert HAMLET.encode(letters) == RUST.encode(letters).ids


def test_bytes_may_stand_in_any_order():
    # GPT-2's file begins with the printable bytes, so that "h" has the id 71; cl100k's with "!" as 0
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = printable + [b for b in range(256) if b not in printable]
    alphabet = [bytes([b]) for b in order]
    he, llo = (71, 68), (256, 75)
    tokenizer = BPE(alphabet, [he, llo])
    assert tokenizer.split("hello") == [b"hel", b"l", b"o"]
    assert tokenizer.encode("hello") == [257, 75, 78]
    for text in ["hello", "猫 é\x00\n"]:
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_an_alphabet_of_some_bytes():
    tokenizer = BPE([b"b", b"a"], [(1, 0)])
    assert tokenizer.encode("abba") == [2, 0, 1]  # ab, b, a
    with pytest.raises(ValueError, match=r"byte 99 \(of 'abc'\) is not in the alphabet; begin with all 256"):
        tokenizer.encode("abc")


def test_a_real_vocabulary_given_by_ranks_is_encoded_as_by_an_independent_encoder():
    real = quicktok.get_encoding("cl100k_base")
    ours = BPE.from_ranks([real.decode_single_token_bytes(i) for i in range(100_256)], GPT4)
    assert (ours.tokens[0], ours.tokens[256], len(ours)) == (b"!", b"  ", 100_256)
    code = "def f(x):\n    if x:\n        return x  # 12345678\n            \n\tWE'LL DON'T don't\r\n"
    hindi = "नमस्ते दुनिया, 我有24个iPhone, cafe\u0301 👩\u200d🚀 " + " " * 40 + "a" * 50
    for text in [shakespeare()["macbeth"], code, hindi]:
        assert ours.encode(text) == real.encode_ordinary(text)
        assert ours.decode(ours.encode(text)) == text


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
        (
            lambda: BPE("abc", [(0, 1), (1, 2), (0, 1)]),
            r"merge \(0, 1\) is listed twice, as number 0 and 2; list it once",
        ),
        (lambda: BPE.from_ranks([b"a", b"abc"]), "b'abc' has rank 1, but no two tokens before it make it"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_training_stops_when_no_pair_is_left():
    assert len(BPE.train("ab", 1000)) == 257
