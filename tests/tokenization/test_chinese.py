"""Real Chinese: our segmenters give what jieba gives, and the news are read whole."""

import math
import random

import pytest

from lmcourse.tokenization import chinese


@pytest.fixture(scope="module")
def jieba():
    return chinese.jiebas_own_cut()


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
    assert all(word and ("/" not in word or len(word) == 1) for line in found for word in line)
    assert found[0][:4] == ["迈向", "充满", "希望", "的"]


def test_the_most_probable_path_is_jiebas(words, lines, jieba):
    for line in lines:
        text = "".join(line)
        assert words.cut(text) == jieba(text, HMM=False)


def test_with_the_hidden_markov_model_it_is_jiebas_too(words, lines, jieba):
    labels = chinese.hidden_markov_model()
    for line in lines:
        text = "".join(line)
        assert chinese.cut(text, words, labels) == jieba(text)


MIXED = [
    "我有24个iPhone",
    "GDP增长3.5%，达到1998年的10倍",
    "AT&T和T恤",
    "C++和c#",
    "卡拉OK",
    "中国A股 2,000.5",
    "\r\n\n ",
    "小明爱C++，Hello_World-2",
]


@pytest.mark.parametrize("text", [*MIXED, "", "100%的", "3.14.15", "a.5 b.c", "e\u0301ß", "α股", "Σ和B超"])
def test_digits_and_latin_letters_are_jiebas_too(text, words, jieba):
    assert chinese.cut(text, words, chinese.hidden_markov_model()) == jieba(text)


def test_random_mixtures_are_cut_as_by_jieba(words, jieba):
    labels, rng = chinese.hidden_markov_model(), random.Random(1)
    known = set.intersection(*map(set, labels.log_emission.values()))
    assert len(known) == 5271
    signs = "".join(sorted(known)) + "abcXYZ0123456789.%+#&_- \r\n，。éα" * 60
    for _ in range(1500):
        text = "".join(rng.choices(signs, k=rng.randint(1, 25)))
        assert chinese.cut(text, words, labels) == jieba(text), repr(text)


def test_the_bridge_has_24_readings(words, jieba):
    from lmcourse.tokenization.lattice import count_paths

    assert count_paths(words.graph("南京市长江大桥")) == 24
    assert words.cut("南京市长江大桥") == jieba("南京市长江大桥", HMM=False)


def test_agreement_by_hand():
    # found ab|c, right a|b|c: of two found one is right, of three right ones one is found; then all right
    assert chinese.agreement([["ab", "c"]], [["a", "b", "c"]]) == pytest.approx((1 / 2, 1 / 3, 2 / 5))
    assert chinese.agreement([["a"]], [["a"]]) == (1, 1, 1)
    assert chinese.agreement([["ab"]], [["a", "b"]]) == (0, 0, 0)


def test_recall_of_some_words_by_hand():
    # of the long words abc and ef only ef is found; of the single one nothing
    found, truth = [["a", "bc", "d", "e"], ["ef"]], [["abc", "de"], ["ef"]]
    assert chinese.recall_of(lambda word: len(word) > 1, found, truth) == pytest.approx(1 / 3)
    assert chinese.recall_of(lambda word: word == "ef", found, truth) == 1
    assert math.isnan(chinese.recall_of(lambda word: word == "x", found, truth))
    everything = chinese.recall_of(lambda _: True, found, truth)
    assert everything == pytest.approx(chinese.agreement(found, truth)[1])


@pytest.mark.parametrize("compare", [chinese.agreement, lambda a, b: chinese.recall_of(bool, a, b)])
def test_only_cuts_of_the_same_texts_are_compared(compare):
    with pytest.raises(ValueError, match="1 segmentations cannot be compared with 2"):
        compare([["a"]], [["a"], ["b"]])
    with pytest.raises(ValueError, match="segmentation 1 is of another text: 'ab', not 'ac'"):
        compare([["x"], ["a", "b"]], [["x"], ["ac"]])


def test_clauses_keep_every_chinese_word(lines):
    for line in lines:
        kept = [word for clause in chinese.clauses([line]) for word in clause]
        assert kept == [word for word in line if all(chinese.HAN.match(c) for c in word)]
    assert list(chinese.clauses([["、", "新", "Z", "年"], ["月"]])) == [["新"], ["年"], ["月"]]


def test_jieba_is_asked_in_silence(capfd, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert chinese.jiebas_own_cut()("研究生命起源") == ["研究", "生命", "起源"]
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
