import json
from collections import Counter

import numpy as np
import pytest

from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import SparsityMap


def test_by_hand():
    sparsity = SparsityMap("abracadabra")
    assert sparsity.tokens == list("abcdr")
    assert [sparsity.seen(n) for n in (1, 2, 3)] == [5, 7, 7]  # abr bra rac aca cad ada dab
    assert [sparsity.possible(n) for n in (1, 2, 3)] == [5, 25, 125]
    # rows a b c d r: ab 2, ac, ad, br 2, ca, da, ra 2
    assert sparsity.matrix.tolist() == [
        [0, 2, 1, 1, 0],
        [0, 0, 0, 0, 2],
        [1, 0, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [2, 0, 0, 0, 0],
    ]
    sparsity.prefix = [0, 1]  # abra twice: after "ab" r and a
    assert np.argwhere(sparsity.matrix).tolist() == [[4, 0]]
    assert sparsity.matrix.sum() == 2
    sparsity.size = 10  # abracadabr: the second one is cut off
    assert sparsity.matrix.sum() == 1
    sparsity.size = 1
    assert [sparsity.seen(n) for n in (1, 2, 5)] == [1, 0, 0]


@pytest.mark.parametrize("size", [3, 50, 400])
def test_against_plain_counting(size):
    rng = np.random.default_rng(size)
    text = "".join(rng.choice(list("abcdefg"), 400))
    sparsity = SparsityMap(text)
    sparsity.size = size
    for n in range(1, 6):
        grams = Counter(text[i : i + n] for i in range(size - n + 1))
        assert sparsity.seen(n) == len(grams)
        if n < 2:
            continue
        sparsity.prefix = rng.integers(0, 7, n - 2).tolist()
        before = sparsity.vocab.decode(sparsity.prefix)
        for (row, column), count in np.ndenumerate(sparsity.matrix):
            assert count == grams[before + "abcdefg"[row] + "abcdefg"[column]]


def test_words():
    vocab = Vocabulary(["<unk>", "the", "mouse"], unknown="<unk>")
    sparsity = SparsityMap("the mouse ate the cheese", vocab)
    assert sparsity.matrix.tolist() == [[0, 1, 0], [1, 0, 1], [1, 0, 0]]


def test_state():
    sparsity = SparsityMap("ab" * 80_000)
    state = sparsity.get_state()
    assert state.pop("text") == bytes([0, 1] * 80_000)
    assert len(json.dumps(state, allow_nan=False)) + 4 * 160_000 / 3 < 300_000
    assert state["size"] == 160_000
    sparsity.set_state({"size": 100, "prefix": [1]})
    assert sparsity.matrix.tolist() == [[0, 49], [0, 0]]  # bab starts at 1, 3, …, 97


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "text='' has no n-grams"),
        (["  ", Vocabulary("ab")], "has no tokens"),
        (["".join(map(chr, range(200, 301)))], "up to 100 tokens, this vocabulary has 101"),
        (["ab" * 90_000], r"a text of 180,000 tokens takes 240,\d+ bytes of the page, over 220,000"),
        (["abc", Vocabulary("ab", separator="")], "unknown token 'c'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SparsityMap(*arguments)


def test_bad_values_later_leave_the_widget_as_it_was():
    sparsity = SparsityMap("abracadabra")
    for name, value, message in [
        ("size", 0, "size=0 must be from 1 to the text's 11"),
        ("size", 12, "size=12"),
        ("prefix", [5], "token id 5"),
        ("prefix", [0] * 4, "a prefix of 4 tokens is too long; give 3 at most"),
    ]:
        with pytest.raises(ValueError, match=message):
            setattr(sparsity, name, value)
    assert (sparsity.size, sparsity.prefix) == (11, [])
