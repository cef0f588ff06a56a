import json
from base64 import b64encode

import numpy as np
import pytest
import traitlets

from lmcourse.neural.vectors import WordVectors
from lmcourse.widgets import WordMap
from lmcourse.widgets.wordmap import MAX_BYTES, pack_codes

RNG = np.random.default_rng(3)
WORDS = ["man", "king", "woman", "queen", *(f"word{i}" for i in range(36))]
VECTORS = RNG.normal(size=(40, 24))
VECTORS[3] = VECTORS[1] - VECTORS[0] + VECTORS[2] + 0.1 * RNG.normal(size=24)
FULL = WordVectors(WORDS, VECTORS)


@pytest.fixture(scope="module")
def word_map():
    """A map of forty words."""
    return WordMap(FULL, [("man", "king", "woman"), ("king", "man", "queen")], of=50, credit="Ours.")


def test_codes_by_hand():
    # from the last to the first, three bits each: 101 100 011 010 001 000 111 110 -> bytes, low one first:
    # ..|00 111 110 = 0x3e, ..|1 010 001 0 = 0xa2, 101 100 01 = 0xb1
    assert list(pack_codes(np.array([[6, 7, 0, 1], [2, 3, 4, 5]]))) == [0x3E, 0xA2, 0xB1, 0]


def test_nearest_words_and_analogies_are_those_of_the_rounded_vectors(word_map):
    cosines = word_map.rounded.cosines
    for word in ("man", "word7"):
        i = WORDS.index(word)
        order = [j for j in np.argsort(-cosines[i]) if j != i][:10]
        assert word_map.nearest(word) == [(WORDS[j], pytest.approx(cosines[i, j])) for j in order]
    # A table in which a word's cosine with itself is 1 says how long b - a + c is.
    step = np.zeros(40)
    step[[0, 1, 2]] = -1, 1, 1
    expected = cosines @ step / np.sqrt(step @ cosines @ step)
    found = dict(word_map.analogy("man", "king", "woman", n=40, exclude=False))
    assert [found[word] for word in WORDS] == pytest.approx(expected.tolist())
    assert next(iter(found)) == WORDS[int(expected.argmax())]
    assert word_map.analogy("man", "king", "woman")[0][0] == "queen"
    assert not {"man", "king", "woman"} & {word for word, _ in word_map.analogy("man", "king", "woman", n=40)}


def test_cosines_are_nearly_the_full_ones(word_map):
    for word in WORDS[:5]:
        full = dict(FULL.neighbours(word, 39))
        errors = [full[other] - cosine for other, cosine in word_map.nearest(word, 39)]
        assert np.sqrt(np.mean(np.square(errors))) < 0.07


def test_a_question_that_repeats_a_word(word_map):
    assert word_map.analogy("man", "man", "king", 1, exclude=False) == [("king", pytest.approx(1))]


def test_what_is_kept_is_measured(word_map):
    kept = word_map.kept
    mean = np.mean(
        [
            len({w for w, _ in FULL.neighbours(word)} & {w for w, _ in word_map.nearest(word)})
            for word in WORDS
        ]
    )
    assert kept["nearest"] == pytest.approx(mean / 10)
    assert 0 <= kept["axes"] <= 1
    assert kept["map"] > 0.3
    assert kept["questions"] == 2
    assert kept["free"] in (0, 0.5, 1)
    assert "free" not in WordMap(FULL).kept


def test_state_is_json_and_the_page_can_set_it(word_map):
    state = word_map.get_state()
    places = np.frombuffer(state.pop("places"), "<u2").reshape(-1, 2)
    assert (places.min(), places.max()) == (0, 2**16 - 1)
    assert len(state.pop("codes")) == 40 * 24 * 3 / 8 + 1
    assert len(state.pop("frame")) == 4 * (24 + 24 + 8)
    assert json.loads(json.dumps(state, allow_nan=False))["words"].split() == WORDS
    word_map.set_state({"word": "word3", "mode": "nearest", "exclude": False})
    assert (word_map.word, word_map.mode, word_map.exclude) == ("word3", "nearest", False)


def test_a_few_thousand_words_of_300_numbers_fit_and_more_do_not(monkeypatch):
    monkeypatch.setattr("lmcourse.widgets.wordmap.lay_out", lambda unit: unit[:, :2])
    vectors = WordVectors([f"{i:07d}" for i in range(3000)], RNG.normal(size=(3000, 300)))
    some = WordVectors(vectors.words[:2300], vectors.vectors[:2300])
    state = WordMap(some).get_state()
    assert sum(len(b64encode(state[k])) for k in ("codes", "frame", "places")) + 2300 * 8 < MAX_BYTES
    with pytest.raises(ValueError, match=r"3,000 words take 49\d,\d+ bytes of the page, over 400,000"):
        WordMap(vectors)


def test_bad_arguments():
    with pytest.raises(ValueError, match="3 words make no map; give 12 or more"):
        WordMap(WordVectors("abc", np.eye(3)))
    with pytest.raises(ValueError, match="'New York' cannot be shown"):
        WordMap(WordVectors(["New York", *WORDS[1:]], VECTORS))
    with pytest.raises(ValueError, match="no vector for 'quee'; did you mean 'queen'"):
        WordMap(FULL, [("man", "king", "quee")])


@pytest.mark.parametrize("name", ["word", "a", "b", "c"])
def test_an_unknown_word_is_named_and_leaves_the_widget_as_it_was(word_map, name):
    before = getattr(word_map, name)
    with pytest.raises(ValueError, match="no vector for 'quen'; did you mean 'queen'"):
        setattr(word_map, name, "quen")
    assert getattr(word_map, name) == before
    with pytest.raises(traitlets.TraitError):
        word_map.mode = "both"
