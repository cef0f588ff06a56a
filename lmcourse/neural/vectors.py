"""Words as vectors: neighbours, analogies, and 13,013 vectors that were learned from news.

Two words are alike as far as their vectors point the same way, whatever their lengths: the cosine. The
vectors of others come as a pickle, a file that may run any code when it is opened; here it is read by an
unpickler that knows arrays of NumPy and two empty shells, and refuses everything else.
"""

from __future__ import annotations

import difflib
import pickle
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from lmcourse.data import DataError, fetch
from lmcourse.model import check_whole


class WordVectors:
    """Vectors of words, to be asked for neighbours.

    Args:
        words: V different words.
        vectors: their vectors, (V, D), each longer than 0.

    `unit` (V, D) are the vectors with length one, so that a scalar product of two is their cosine.
    Raises ValueError for numbers of words and vectors that differ, a word given twice, a vector of length 0
    or with a number that is not finite.
    """

    def __init__(self, words: Iterable[str], vectors: np.ndarray):
        self.words = tuple(words)
        self.vectors = np.asarray(vectors)
        self._ids = {word: i for i, word in enumerate(self.words)}
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words):
            raise ValueError(f"{len(self.words)} words need as many rows, not vectors {self.vectors.shape}")
        if len(self._ids) != len(self.words):
            twice = next(w for i, w in enumerate(self.words) if self._ids[w] != i)
            raise ValueError(f"{twice!r} stands twice among the words; each needs one vector")
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        bad = ~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
        if bad.any():
            word = self.words[int(bad.argmax())]
            raise ValueError(
                f"the vector of {word!r} has no direction (length 0 or not finite): leave it out"
            )
        self.unit = self.vectors / lengths

    def __len__(self) -> int:
        """V."""
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        """Whether there is a vector for it."""
        return word in self._ids

    def id(self, word: str) -> int:
        """The row of a word. Raises ValueError, with words that are spelled alike, if it has none."""
        if word not in self._ids:
            near = difflib.get_close_matches(word, self.words, 3)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise ValueError(f"there is no vector for {word!r}{hint}")
        return self._ids[word]

    def __getitem__(self, word: str) -> np.ndarray:
        """The vector of a word with length one, (D,)."""
        return self.unit[self.id(word)]

    def only(self, words: Iterable[str]) -> WordVectors:
        """Some of the words, in the order given. Raises ValueError for one that has no vector."""
        words = list(words)
        return WordVectors(words, self.vectors[[self.id(word) for word in words]])

    def cosine(self, one: str, other: str) -> float:
        """How alike two words are: from -1 to 1."""
        return float(self[one] @ self[other])

    def nearest(
        self, vector: np.ndarray, n: int = 10, without: Collection[str] = ()
    ) -> list[tuple[str, float]]:
        """The n words whose vectors point most nearly the way of `vector` (D,), with their cosines.

        Words of `without` are passed over. Raises ValueError for a vector without a direction.
        """
        n, length = check_whole(n, "n"), np.linalg.norm(vector)
        if not (np.isfinite(length) and length > 0):
            raise ValueError(f"a vector of length {length} has no direction and so no neighbours")
        cosines = self.unit @ (vector / length)
        cosines[[self.id(word) for word in without]] = -np.inf
        order = np.argsort(-cosines, kind="stable")[: min(n, len(self) - len(set(without)))]
        return [(self.words[i], float(cosines[i])) for i in order]

    def neighbours(self, word: str, n: int = 10) -> list[tuple[str, float]]:
        """The n words most like a word, itself left out."""
        return self.nearest(self[word], n, without=[word])

    def analogy(self, a: str, b: str, c: str, n: int = 10, exclude: bool = True) -> list[tuple[str, float]]:
        """What is to c as b is to a: the words nearest to b - a + c, each taken with length one.

        Args:
            a: "man",
            b: "king",
            c: "woman": then the answer hoped for is "queen".
            n: how many answers.
            exclude: whether a, b and c may not be answers, which is how it is nearly always done.

        Source: Mikolov, Yih and Zweig (2013).
        """
        return self.nearest(self[b] - self[a] + self[c], n, without=[a, b, c] if exclude else ())


def news_vectors() -> WordVectors:
    """13,013 words, their vectors of 300 numbers learned by word2vec from news.

    They come with the package `wefe`, as a selection for its tests.
    """
    return WordVectors(*read_keyed_vectors(fetch("wefe") / "test_model.kv"))


class _Shell:
    """Stands for a class of gensim's: holds what the file says of it and can do nothing."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class _Restricted(pickle.Unpickler):
    """Opens what a file of word vectors needs, and nothing else."""

    SHELLS = ("Word2VecKeyedVectors", "KeyedVectors", "Vocab")
    ARRAYS = ("_reconstruct", "scalar")  # in numpy.core before NumPy 2, in numpy._core since

    def find_class(self, module: str, name: str) -> type | Callable:
        """The class or function of this name, if it is one of the few allowed."""
        if module == "gensim.models.keyedvectors" and name in self.SHELLS:
            return _Shell
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name in self.ARRAYS:
            return getattr(_multiarray(), name)
        raise DataError(f"this file of vectors wants to use {module}.{name}: it was not opened")


def _multiarray() -> Any:
    """NumPy's module with the functions that rebuild arrays, under its present name."""
    try:
        from numpy._core import multiarray
    except ImportError:  # NumPy 1
        from numpy.core import multiarray
    return multiarray


def read_keyed_vectors(path: Path) -> tuple[list[str], np.ndarray]:
    """Words and vectors (V, D) of a file that gensim's `KeyedVectors.save` of before version 4 has written.

    Raises DataError if it wants to run anything, is damaged, or holds something else.
    """
    with open(path, "rb") as file:
        try:
            found = _Restricted(file).load()
            words, vectors = found.index2word, found.vectors
        except DataError:
            raise
        except Exception as error:  # a damaged pickle may fail in any way
            raise DataError(f"{path.name} holds no word vectors ({error}); fetch it again") from None
    if not isinstance(vectors, np.ndarray) or len(words) != len(vectors):
        raise DataError(f"{path.name}: words and vectors do not belong together; fetch it again")
    return [str(word) for word in words], vectors
