"""All segmentations of a text at once: a graph whose paths they are, and sums and maxima over the paths.

Positions 0, 1, …, L between the characters are the nodes, and each word that a dictionary finds is an edge
from where it begins to where it ends. A path from 0 to L is a segmentation. There may be astronomically many.
But what is best (or how many there are, or how probable they are together) from a node on does not depend
on how the node was reached, so all this takes time in proportion to the edges: dynamic programming, called
Viterbi's algorithm where the best path is sought.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping

import numpy as np

from lmcourse.tokenization.matching import longest_word

Graph = list[list[int]]  # for each start, the ends of the words that begin there
Score = Callable[[str], float]  # log-probability of a word


def word_graph(text: str, words: Collection[str], longest: int, characters: bool = True) -> Graph:
    """The graph of a text: entry i holds the ends j of all words `text[i:j]` of the dictionary, ascending.

    Args:
        text: L characters.
        words: the dictionary, a set or a dict.
        longest: the length of its longest word.
        characters: count each single character as a word, so that there is always a path.

    >>> word_graph("abc", {"ab", "bc"}, longest=2)
    [[1, 2], [2, 3], [3]]
    """
    return [
        [
            end
            for end in range(start + 1, min(start + longest, len(text)) + 1)
            if (characters and end == start + 1) or text[start:end] in words
        ]
        for start in range(len(text))
    ]


def count_paths(graph: Graph) -> int:
    """How many segmentations there are.

    >>> count_paths(word_graph("abc", {"ab", "bc"}, longest=2))
    3
    """
    ways = [0] * len(graph) + [1]  # ways[i]: from position i to the end
    for start in reversed(range(len(graph))):
        ways[start] = sum(ways[end] for end in graph[start])
    return ways[0]


def all_paths(text: str, graph: Graph, start: int = 0) -> list[list[str]]:
    """Every segmentation, word by word; for short texts only."""
    if start == len(text):
        return [[]]
    return [[text[start:end], *rest] for end in graph[start] for rest in all_paths(text, graph, end)]


def best_path(text: str, graph: Graph, score: Score) -> tuple[list[str], float]:
    """The most probable segmentation and its log-probability, the sum of its words' scores.

    Of equally good ones, the one whose first word is longer.

    Raises ValueError if there is no segmentation of positive probability.

    >>> logs = {"a": -1.0, "b": -2.0, "c": -2.5, "ab": -2.0, "bc": -4.0}
    >>> best_path("abc", word_graph("abc", logs, longest=2), logs.get)
    (['ab', 'c'], -4.5)
    """
    best = [-math.inf] * len(graph) + [0.0]  # best[i]: of what begins at position i
    choice = [0] * len(graph)
    for start in reversed(range(len(graph))):
        for end in graph[start]:
            total = score(text[start:end]) + best[end]
            if total >= best[start] and total > -math.inf:
                best[start], choice[start] = total, end
    if best[0] == -math.inf:
        raise ValueError(f"no sequence of words spells {text!r}: the dictionary lacks its characters")
    found, start = [], 0
    while start < len(text):
        found.append(text[start : choice[start]])
        start = choice[start]
    return found, best[0]


def best_bigram_path(
    text: str, graph: Graph, score: Callable[[str, str | None], float]
) -> tuple[list[str], float]:
    """As `best_path`, for words that depend on the word before: `score(word, before)`, None at the beginning.

    The best way to a position now depends on which word ends there, so the nodes of the search are edges of
    the graph: best[start, end] is that of the best segmentation whose last word is text[start:end].

    >>> logs = {("a", None): -1.0, ("ab", None): -2.0, ("b", "a"): -0.5, ("c", "b"): -3.0, ("c", "ab"): -1.0}
    >>> best_bigram_path("abc", [[1, 2], [2], [3]], lambda word, before: logs[word, before])
    (['ab', 'c'], -3.0)
    """
    if not text:
        return [], 0.0
    best: dict[tuple[int, int], tuple[float, int]] = {}  # (start, end): (score, where the word before began)
    starts: list[list[int]] = [[] for _ in range(len(text) + 1)]  # of the words that end at each position
    for start, ends in enumerate(graph):
        for end in ends:
            word = text[start:end]
            ways = [
                (best[first, start][0] + score(word, text[first:start]), first) for first in starts[start]
            ]
            if start == 0:
                ways = [(score(word, None), -1)]
            if ways and max(ways)[0] > -math.inf:
                best[start, end] = max(ways)
                starts[end].append(start)
    if not starts[len(text)]:
        raise ValueError(f"no sequence of words spells {text!r}: the dictionary lacks its characters")
    end = len(text)
    start = max(starts[end], key=lambda first: best[first, end][0])
    total, found = best[start, end][0], [text[start:end]]
    while start:
        start, end = best[start, end][1], start
        found.append(text[start:end])
    return found[::-1], total


def log_totals(text: str, graph: Graph, score: Score) -> list[float]:
    """For each position, the logarithm of the summed probability of all ways from it to the end, (L + 1,).

    The first entry is the log-probability of the text, however it is segmented.
    """
    totals = [-math.inf] * len(graph) + [0.0]
    for start in reversed(range(len(graph))):
        totals[start] = log_sum([score(text[start:end]) + totals[end] for end in graph[start]])
    return totals


def expected_counts(text: str, graph: Graph, score: Score) -> tuple[Mapping[str, float], float]:
    """How often each word occurs in a segmentation of the text, on average, and the text's log-probability.

    The average is over all segmentations, each weighted with its probability given the text: the
    forward-backward algorithm.

    Raises ValueError if there is no segmentation of positive probability.
    """
    after = log_totals(text, graph, score)
    if after[0] == -math.inf:
        raise ValueError(f"no sequence of words spells {text!r}: the dictionary lacks its characters")
    before = [0.0] + [-math.inf] * len(graph)
    counts: dict[str, float] = {}
    for start, ends in enumerate(graph):  # words that end at `start` begin before it, and have had their turn
        for end in ends:
            word = text[start:end]
            there = before[start] + score(word)
            before[end] = there if before[end] == -math.inf else log_sum([before[end], there])
            counts[word] = counts.get(word, 0.0) + math.exp(there + after[end] - after[0])
    return counts, after[0]


def sample_path(text: str, graph: Graph, score: Score, rng: np.random.Generator) -> list[str]:
    """Draw a segmentation with its probability given the text: word by word, weighted by what can follow."""
    after = log_totals(text, graph, score)
    if after[0] == -math.inf and text:
        raise ValueError(f"no sequence of words spells {text!r}: the dictionary lacks its characters")
    found, start = [], 0
    while start < len(text):
        logs = [score(text[start:end]) + after[end] - after[start] for end in graph[start]]
        probs = np.exp(logs)
        end = graph[start][rng.choice(len(probs), p=probs / probs.sum())]
        found.append(text[start:end])
        start = end
    return found


class Dictionary:
    """Words with their counts: a segmenter that takes each word independently of the others.

    A character that is in no dictionary counts once.

    >>> words = Dictionary({"研究": 60, "研究生": 30, "生命": 40, "起源": 20, "命": 10})
    >>> words.cut("研究生命起源")
    ['研究', '生命', '起源']
    """

    def __init__(self, counts: Mapping[str, int]):
        self.counts = counts
        self.longest = longest_word(counts)
        self._log_total = math.log(sum(counts.values()))

    def log_prob(self, word: str) -> float:
        """The logarithm of a word's share of all counts."""
        return math.log(self.counts.get(word) or 1) - self._log_total

    def graph(self, text: str) -> Graph:
        """All words of the dictionary in a text, and all single characters."""
        return word_graph(text, self.counts, self.longest)

    def cut(self, text: str) -> list[str]:
        """The most probable words of a text."""
        return best_path(text, self.graph(text), self.log_prob)[0]


def log_sum(logs: list[float]) -> float:
    """log(e^a + e^b + …) without overflow; -inf for an empty list."""
    top = max(logs, default=-math.inf)
    if top == -math.inf or len(logs) == 1:
        return top
    return top + math.log(sum(math.exp(x - top) for x in logs))
