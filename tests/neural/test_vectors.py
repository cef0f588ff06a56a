"""Neighbours and analogies by hand; a pickle that wants to run something is not opened."""

import os
import pickle
import sys
import types

import numpy as np
import pytest

from lmcourse.data import DataError
from lmcourse.neural.vectors import WordVectors, news_vectors, read_keyed_vectors

PLANE = WordVectors(
    ["man", "king", "woman", "queen", "cheese"],
    np.array([[1, 0.0], [1, 1], [0, 2], [-1, 4], [-3, -3]]),
)


def test_neighbours_are_those_that_point_the_same_way():
    # king (1, 1): queen (-1, 4) has 3 / √2√17, man and woman both 1/√2; cheese points the other way
    found = PLANE.neighbours("king")
    assert [word for word, _ in found] == ["man", "woman", "queen", "cheese"]
    assert [c for _, c in found] == pytest.approx([0.5**0.5, 0.5**0.5, 3 / 34**0.5, -1])
    assert PLANE.cosine("king", "queen") == pytest.approx(3 / 34**0.5)
    assert PLANE.neighbours("king", 1) == found[:1]


def test_an_analogy_by_hand_with_and_without_its_own_words():
    # unit vectors: king - man + woman = (.707 - 1 + 0, .707 - 0 + 1) = (-.293, 1.707);
    # queen is (-.243, .970): cosine (.071 + 1.656) / 1.732 = .997; woman (0, 1): 1.707 / 1.732 = .986;
    # king: 1 / 1.732 = .577
    target = np.array([0.5**0.5 - 1, 0.5**0.5 + 1])
    cosine = target @ [-1, 4] / 17**0.5 / np.linalg.norm(target)
    assert PLANE.analogy("man", "king", "woman", 1) == [("queen", pytest.approx(cosine))]
    assert [w for w, _ in PLANE.analogy("man", "king", "woman")] == ["queen", "cheese"]
    assert [w for w, _ in PLANE.analogy("man", "king", "woman", 3, exclude=False)] == [
        "queen",
        "woman",
        "king",
    ]


def test_the_news_vectors_are_those_that_google_published():
    # Of the whole collection others report: in = (0.070312 0.086914 0.087891 …), and
    # queen 0.7118, princess 0.5902 for king - man + woman with its own words left out
    news = news_vectors()
    assert news.vectors.shape == (13013, 300)
    assert news.vectors[news.id("in"), :3] == pytest.approx([0.070312, 0.086914, 0.087891], abs=1e-6)
    (first, best), (second, next_best) = news.analogy("man", "king", "woman", 2)
    assert (first, second) == ("queen", "princess")
    assert (best, next_best) == (pytest.approx(0.71182, abs=1e-5), pytest.approx(0.59024, abs=1e-5))


def test_a_pickle_that_wants_to_run_something_is_not_opened(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    file = tmp_path / "evil.kv"
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DataError, match="mkdir: it was not opened"):
        read_keyed_vectors(file)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["load", "fromfile", "frompyfunc", "savetxt"])
def test_of_numpy_only_arrays_are_allowed(tmp_path, name):
    file = tmp_path / "numpy.kv"
    file.write_bytes(b"cnumpy\n" + name.encode() + b"\n.")
    with pytest.raises(DataError, match="it was not opened"):
        read_keyed_vectors(file)


def test_what_gensim_would_have_written_is_read(tmp_path, monkeypatch):
    module = types.ModuleType("gensim.models.keyedvectors")
    shell = type("KeyedVectors", (), {"__module__": module.__name__})
    module.KeyedVectors = shell
    for name in ("gensim", "gensim.models"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    written = shell()
    written.index2word, written.vectors = ["a", "b"], np.eye(2, dtype=np.float32)
    file = tmp_path / "mine.kv"
    file.write_bytes(pickle.dumps(written))
    words, vectors = read_keyed_vectors(file)
    assert words == ["a", "b"]
    np.testing.assert_array_equal(vectors, np.eye(2))
    file.write_bytes(pickle.dumps(written)[:-20])
    with pytest.raises(DataError, match=r"mine\.kv holds no word vectors"):
        read_keyed_vectors(file)
    written.index2word = ["a"]
    file.write_bytes(pickle.dumps(written))
    with pytest.raises(DataError, match="do not belong together"):
        read_keyed_vectors(file)


@pytest.mark.parametrize(
    ("words", "vectors", "said"),
    [
        (["a"], np.eye(2), "1 words need as many rows"),
        (["a", "a"], np.eye(2), "'a' stands twice"),
        (["a", "b"], [[1, 0], [0, 0]], "the vector of 'b' has no direction"),
        (["a", "b"], [[1, np.nan], [0, 1]], "the vector of 'a' has no direction"),
    ],
)
def test_vectors_that_will_not_do_are_named(words, vectors, said):
    with pytest.raises(ValueError, match=said):
        WordVectors(words, vectors)


def test_only_some_of_the_words():
    few = PLANE.only(["queen", "king"])
    assert few.words == ("queen", "king")
    np.testing.assert_array_equal(few.vectors, [[-1, 4], [1, 1]])
    with pytest.raises(ValueError, match="no vector for 'duke'"):
        PLANE.only(["king", "duke"])


def test_an_unknown_word_is_named_with_one_spelled_alike():
    with pytest.raises(ValueError, match=r"no vector for 'quen'; did you mean 'queen'\?"):
        PLANE.neighbours("quen")
    with pytest.raises(ValueError, match="has no direction and so no neighbours"):
        PLANE.nearest(np.zeros(2))
    assert "king" in PLANE
    assert "duke" not in PLANE
