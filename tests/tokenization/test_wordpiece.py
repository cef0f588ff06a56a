"""WordPiece: the gain is a difference of likelihoods, greedy cuts equal the tokenizers library's."""

import math
from collections import Counter

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.text import shakespeare
from lmcourse.tokenization.bpe import Words, merge
from lmcourse.tokenization.wordpiece import WordPiece, best_pair, likelihood_gain


def log_likelihood(counts):
    total = sum(counts.values())
    return sum(n * math.log(n / total) for n in counts.values() if n)


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 50))
def test_the_gain_is_the_difference_of_log_likelihoods(pair, more_left, more_right, others):
    before = Counter(a=pair + more_left, b=pair + more_right, x=others)
    after = Counter(a=more_left, b=more_right, ab=pair, x=others)
    gain = likelihood_gain(before["a"], before["b"], pair, sum(before.values()))
    assert gain == pytest.approx(log_likelihood(after) - log_likelihood(before), abs=1e-9)


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 50))
def test_the_gain_of_a_doubled_token(pair, more, others):
    before, after = Counter(a=2 * pair + more, x=others), Counter(a=more, aa=pair, x=others)
    gain = likelihood_gain(before["a"], before["a"], pair, sum(before.values()), same=True)
    assert gain == pytest.approx(log_likelihood(after) - log_likelihood(before), abs=1e-9)


@given(
    st.dictionaries(
        st.lists(st.integers(0, 3), min_size=1, max_size=5)
        .filter(lambda word: not any(a == b == c for a, b, c in zip(word, word[1:], word[2:])))
        .map(tuple),
        st.integers(1, 40),
        min_size=1,
        max_size=60,
    )
)
def test_the_best_pair_gains_most_of_all(words):
    # the definition: merge each pair in turn, count all tokens anew, compare; doubled tokens are among them
    counted = Words(words)

    def tally(words):
        counts = Counter()
        for word, n in words:
            for token in word:
                counts[token] += n
        return counts

    before = tally(words.items())
    gains = {
        pair: log_likelihood(tally((merge(word, pair, 9), n) for word, n in words.items()))
        - log_likelihood(before)
        for word in words
        for pair in zip(word, word[1:])
    }
    if gains:
        pair, gain = best_pair(counted.tokens, counted.pairs, sum(before.values()))
        assert gain == pytest.approx(max(gains.values()), abs=1e-8)
        assert gain == pytest.approx(gains[pair], abs=1e-8)


def test_a_rare_pair_of_inseparable_tokens_beats_many_frequent_ones():
    # each of 6 x 6 tokens follows each other 100 times, which says nothing; 10 and 11 only occur together
    words = {(a, b): 100 for a in range(6) for b in range(6)} | {(10, 11): 50}
    counted = Words(words)
    assert best_pair(counted.tokens, counted.pairs, sum(counted.tokens.values()))[0] == (10, 11)


def test_doubled_letters_count_in_full():
    # of 9 tokens 6 are ##l, and 3 merges are possible: 3 ln 3 - 6 ln 6 - 6 ln 6 + 9 ln 9 = 1.57; for a ##l
    # it is 5 ln 5 - 6 ln 6 - 8 ln 8 + 9 ln 9 = 0.44
    assert WordPiece.train("all ill ell", 6).tokens[-1] == "##ll"


TRAINED = WordPiece.train(shakespeare()["hamlet"][:20_000], 300)


@settings(deadline=None)
@given(st.text("thequality ofmercyé.,'", max_size=30))
def test_cuts_equal_an_independent_encoders(text):
    model = tokenizers.models.WordPiece({t: i for i, t in enumerate(TRAINED.tokens)}, unk_token="[UNK]")
    peer = tokenizers.Tokenizer(model)
    peer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    assert TRAINED.split(text) == peer.encode(text).tokens


def test_the_first_merge_is_the_best_of_all():
    # q is always followed by u, which says more about the text than a frequent pair of frequent letters
    text = "quo quo quo tat tat tat tot"
    first = WordPiece.train(text, 8).tokens[-1]  # [UNK] and six characters are there before
    spelled = [["q", "##u", "##o"]] * 3 + [["t", "##a", "##t"]] * 3 + [["t", "##o", "##t"]]
    before = log_likelihood(Counter(token for word in spelled for token in word))
    gains = {}
    for a, b in {pair for word in spelled for pair in zip(word, word[1:])}:
        merged = Counter()
        for word in spelled:
            i = 0
            while i < len(word):
                both = i + 1 < len(word) and (word[i], word[i + 1]) == (a, b)
                merged[a + b[2:] if both else word[i]] += 1
                i += 1 + both
        gains[a + b[2:]] = log_likelihood(merged) - before
    assert gains[first] == pytest.approx(max(gains.values()))


@pytest.mark.parametrize("sign", ["\x1c", "\x1d", "\x1e", "\x1f"])
def test_signs_that_only_python_calls_white_space_do_not_vanish(sign):
    assert WordPiece(["[UNK]"]).split(sign) == ["[UNK]"]
    assert WordPiece(["[UNK]", sign]).split(f" {sign} ") == [sign]


@pytest.mark.parametrize("word", ["नमस्ते", "cafe\u0301"])
def test_words_with_combining_marks_survive(word):
    assert WordPiece.train(f"{word} " * 3, 30).split(f"{word}. {word}") == [word, "[UNK]", word]


def test_chinese_is_not_cut_into_characters():
    # BERT would make each character a word; here a row of them is one
    assert WordPiece(["[UNK]", "北", "##京", "京"]).split("北京 京") == ["北", "##京", "京"]


def test_decode_joins_words():
    assert TRAINED.decode(TRAINED.encode("the king")) == "the king"


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="unknown token"):
        WordPiece(["a"])
    with pytest.raises(ValueError, match="vocab_size=2 is less than the 4 tokens to start from"):
        WordPiece.train("abc", 2)
