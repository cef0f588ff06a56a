"""Sums and maxima over all segmentations, against listing them."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.tokenization import lattice

texts = st.text("ab", min_size=1, max_size=9)
logs = st.dictionaries(
    st.text("ab", min_size=1, max_size=4), st.floats(-5, -0.1, allow_nan=False), max_size=10
).map(lambda found: {"a": -2.0, "b": -3.0, **found})


def listed(text, log_probs):
    """Every way to cut, with its log-probability, by trying all 2^(L-1) places."""
    ways = []
    for mask in range(1 << (len(text) - 1)):
        ends = [i + 1 for i in range(len(text) - 1) if mask >> i & 1]
        words = [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)])]
        if all(word in log_probs for word in words):
            ways.append((words, sum(log_probs[word] for word in words)))
    return ways


@given(texts, logs)
def test_everything_equals_its_listing(text, log_probs):
    graph = lattice.word_graph(text, log_probs, 4)
    ways, score = listed(text, log_probs), log_probs.__getitem__
    assert lattice.count_paths(graph) == len(ways)
    assert sorted(lattice.all_paths(text, graph)) == sorted(words for words, _ in ways)
    words, best = lattice.best_path(text, graph, score)
    assert best == pytest.approx(max(log for _, log in ways))
    assert sum(map(score, words)) == pytest.approx(best)
    total = sum(math.exp(log) for _, log in ways)
    assert lattice.log_totals(text, graph, score)[0] == pytest.approx(math.log(total))
    expected = Counter()
    for words, log in ways:
        for word in words:
            expected[word] += math.exp(log) / total
    counts, log_prob = lattice.expected_counts(text, graph, score)
    assert log_prob == pytest.approx(math.log(total))
    assert {w: n for w, n in counts.items() if n > 1e-12} == pytest.approx(dict(expected))


@given(texts, logs)
def test_the_best_path_of_pairs_equals_the_best_listed(text, log_probs):
    def score(word, before):  # any function of both will do
        return log_probs[word] - 0.3 * ((len(word) * 7 + 3 * len(before or "") + (before == word)) % 5)

    graph = lattice.word_graph(text, log_probs, 4)
    words, best = lattice.best_bigram_path(text, graph, score)
    totals = [
        sum(score(word, before) for word, before in zip(way, [None, *way]))
        for way, _ in listed(text, log_probs)
    ]
    assert best == pytest.approx(max(totals))
    assert sum(score(word, before) for word, before in zip(words, [None, *words])) == pytest.approx(best)
    assert "".join(words) == text


def test_pairs_that_do_not_care_cut_as_words_do():
    logs = {"a": -1.0, "b": -2.0, "c": -2.5, "ab": -2.0, "bc": -4.0}
    graph = lattice.word_graph("abc", logs, 2)
    assert lattice.best_bigram_path("abc", graph, lambda word, _: logs[word]) == (["ab", "c"], -4.5)
    assert lattice.best_bigram_path("", [], lambda *_: 0.0) == ([], 0.0)


def test_paths_are_drawn_with_their_probabilities():
    log_probs = {"a": math.log(0.5), "aa": math.log(0.3), "aaa": math.log(0.2)}
    ways = listed("aaa", log_probs)  # 1/8, 0.15, 0.15, 0.2
    total = sum(math.exp(log) for _, log in ways)
    graph, rng = lattice.word_graph("aaa", log_probs, 3), np.random.default_rng(0)
    drawn = Counter(tuple(lattice.sample_path("aaa", graph, log_probs.__getitem__, rng)) for _ in range(4000))
    for words, log in ways:
        p = math.exp(log) / total
        assert abs(drawn[tuple(words)] / 4000 - p) < 4 * math.sqrt(p * (1 - p) / 4000)


def test_a_dictionary_prefers_what_is_probable():
    words = lattice.Dictionary({"研究": 60, "研究生": 30, "生命": 40, "起源": 20, "命": 10})
    # 160 in all: 60·40·20 / 160³ against 30·10·20 / 160³
    assert words.cut("研究生命起源") == ["研究", "生命", "起源"]
    assert words.log_prob("研究") == pytest.approx(math.log(60 / 160))
    assert words.log_prob("?") == pytest.approx(math.log(1 / 160))
    assert words.cut("") == []


def test_what_cannot_be_spelled_is_refused():
    graph = lattice.word_graph("ab", {"a"}, 1, characters=False)
    with pytest.raises(ValueError, match="no sequence of words spells 'ab'"):
        lattice.best_path("ab", graph, lambda _: -1.0)
    with pytest.raises(ValueError, match="no sequence of words spells 'ab'"):
        lattice.sample_path("ab", graph, lambda _: -1.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no sequence of words spells 'ab'"):
        lattice.expected_counts("ab", graph, lambda _: -1.0)
    with pytest.raises(ValueError, match="no sequence of words spells 'ab'"):
        lattice.best_bigram_path("ab", graph, lambda *_: -1.0)


def test_many_paths_are_counted_not_listed():
    # all cuts of 200 equal characters
    assert lattice.count_paths(lattice.word_graph("a" * 200, {"a" * n for n in range(1, 201)}, 200)) == 2**199
