"""Real Chinese: our segmenters give what jieba gives, and the news are read whole."""

import logging
import random

import jieba
import pytest

from lmcourse.tokenization import chinese

jieba.setLogLevel(logging.ERROR)


@pytest.fixture(scope="module")
def words():
    return chinese.dictionary()


@pytest.fixture(scope="module")
def lines():
    return random.Random(0).sample(chinese.news(), 300)


def test_the_dictionary_is_whole(words):
    assert len(words.counts) == 349_045  # of 349,046 lines one word stands twice
    assert words.longest == 16


def test_the_news_are_whole():
    found = chinese.news()
    assert len(found) > 19_000
    assert 1_000_000 < sum(map(len, found)) < 1_200_000
    assert not any("/" in word or not word for line in found[:500] for word in line if len(word) > 1)


def test_the_most_probable_path_is_jiebas(words, lines):
    for line in lines:
        text = "".join(word for word in line if chinese.HAN.match(word))
        assert words.cut(text) == jieba.lcut(text, HMM=False)


def test_with_the_hidden_markov_model_it_is_jiebas_too(words, lines):
    labels = chinese.hidden_markov_model()
    for line in lines:
        text = "".join(word for word in line if chinese.HAN.match(word))
        assert chinese.cut(text, words, labels) == jieba.lcut(text)


def test_the_bridge_has_24_readings(words):
    from lmcourse.tokenization.lattice import count_paths

    assert count_paths(words.graph("南京市长江大桥")) == 24
    assert words.cut("南京市长江大桥") == jieba.lcut("南京市长江大桥", HMM=False)


def test_agreement_by_hand():
    # found ab|c, right a|b|c: of two found one is right, of three right ones one is found; then all right
    assert chinese.agreement([["ab", "c"]], [["a", "b", "c"]]) == pytest.approx((1 / 2, 1 / 3, 2 / 5))
    assert chinese.agreement([["a"]], [["a"]]) == (1, 1, 1)
    assert chinese.agreement([["ab"]], [["a", "b"]]) == (0, 0, 0)
