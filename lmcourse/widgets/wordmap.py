"""The word map: word vectors on a plane, with their nearest words and analogies computed in the page."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence

import numpy as np
import traitlets

from lmcourse.neural.vectors import WordVectors
from lmcourse.neural.word_map import closeness, lay_out, nearest_ids, principal_axes, round_off, share_kept
from lmcourse.widgets.base import HERE, Widget, script

MAX_BYTES = 400_000  # of words, vectors and places, as they travel into the page
FEWEST = 12  # words: ten nearest ones, and something that is not among them
EXAMPLES = (
    ("man", "king", "woman"),
    ("France", "Paris", "Japan"),
    ("small", "smaller", "big"),
    ("man", "doctor", "woman"),
)
SIDE = 2**16 - 1  # places are whole numbers from 0 to this, on both axes


class WordMap(Widget):
    """Words as points of a map that can be moved; each word's nearest words by the vectors, and analogies.

    The page gets each number of the vectors as one of eight, and computes with those. How often that gives
    the same nearest words and the same answers as the full vectors is measured here and shown below the map,
    and so is how many of the nearest words are nearest on the map.

    Args:
        vectors: the words to show, the most important first: that one is labelled where two collide.
        questions: analogies (a, b, c) for the measurement.
        of: how many words the vectors were chosen from; None: these are all.
        credit: where the vectors are from, in a sentence.

    Raises:
        ValueError: for fewer than 12 words, one with a space in it, a question with a word that is missing,
            or more data than a page should have.
    """

    _esm = script("wordmap.js")
    _css = HERE / "wordmap.css"

    words = traitlets.Unicode().tag(sync=True)  # with a space between two
    codes = traitlets.Bytes().tag(sync=True)  # three bits for each number of each vector
    frame = traitlets.Bytes().tag(sync=True)  # float32: `middle`, `spread` and `levels`
    gain = traitlets.Float().tag(sync=True)
    places = traitlets.Bytes().tag(sync=True)  # uint16: x and y of each word
    examples = traitlets.List().tag(sync=True)
    kept = traitlets.Dict().tag(sync=True)  # what the rounding and the plane keep, as shares of 1
    of = traitlets.Int().tag(sync=True)
    credit = traitlets.Unicode().tag(sync=True)
    mode = traitlets.Enum(["analogy", "nearest"], "analogy").tag(sync=True)
    word = traitlets.Unicode().tag(sync=True)
    a = traitlets.Unicode().tag(sync=True)
    b = traitlets.Unicode().tag(sync=True)
    c = traitlets.Unicode().tag(sync=True)
    exclude = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        vectors: WordVectors,
        questions: Iterable[tuple[str, str, str]] = (),
        of: int | None = None,
        credit: str = "",
    ):
        if len(vectors) < FEWEST:
            raise ValueError(f"{len(vectors)} words make no map; give {FEWEST} or more")
        if spaced := [word for word in vectors.words if not word or set(word) & set(" \n\t")]:
            raise ValueError(f"{spaced[0]!r} cannot be shown: a word must have letters and no space")
        self.full = vectors
        unit = vectors.unit.astype(np.float64)
        self.rounded = round_off(unit)
        self._vectors = self.rounded.vectors
        places = lay_out(unit)
        low, high = places.min(0), places.max(0)
        whole = np.round((places - low) / (high - low).max() * SIDE).astype("<u2")
        r = self.rounded
        data = {
            "words": " ".join(vectors.words),
            "codes": pack_codes(r.codes),
            "frame": np.concatenate([r.middle, r.spread, r.levels]).astype("<f4").tobytes(),
            "places": whole.tobytes(),
        }
        taken = sum(len(b64encode(x) if isinstance(x, bytes) else json.dumps(x)) for x in data.values())
        if taken > MAX_BYTES:
            raise ValueError(
                f"{len(vectors):,} words take {taken:,} bytes of the page, over {MAX_BYTES:,}; give fewer"
            )
        examples = [list(e) for e in EXAMPLES if all(word in vectors for word in e)]
        a, b, c = (examples or [list(vectors.words[:3])])[0]
        super().__init__(
            **data,
            gain=r.gain,
            kept=self._measure(unit, whole.astype(float), list(questions)),
            examples=examples,
            of=len(vectors) if of is None else of,
            credit=credit,
            a=a,
            b=b,
            c=c,
            word=b,
        )

    @traitlets.validate("word", "a", "b", "c")
    def _check_word(self, proposal: dict) -> str:
        self.full.id(proposal["value"])  # which says if there is none
        return proposal["value"]

    def nearest(self, word: str, n: int = 10) -> list[tuple[str, float]]:
        """The n words nearest to one, with their cosines, by the rounded vectors."""
        return self._best(self._cosines(word), n, [word])

    def analogy(self, a: str, b: str, c: str, n: int = 6, exclude: bool = True) -> list[tuple[str, float]]:
        """The n words nearest to b - a + c, with their cosines, by the rounded vectors.

        A word's cosine with itself is 1, as it is for the full ones.
        """
        one, two, three = (self._cosines(word) for word in (a, b, c))
        idb, idc = self.full.id(b), self.full.id(c)
        length = np.sqrt(3 + 2 * (two[idc] - one[idb] - one[idc]))
        return self._best((two - one + three) / length, n, [a, b, c] if exclude else [])

    def _cosines(self, word: str) -> np.ndarray:
        """(V,) of one word with all."""
        i = self.full.id(word)
        cosines = self._vectors @ self._vectors[i]
        cosines[i] = 1
        return cosines

    def _best(self, cosines: np.ndarray, n: int, without: Sequence[str]) -> list[tuple[str, float]]:
        passed = {self.full.id(word) for word in without}
        order = [i for i in np.argsort(-cosines, kind="stable")[: n + len(passed)] if i not in passed]
        return [(self.full.words[i], float(cosines[i])) for i in order[:n]]

    def _measure(
        self, unit: np.ndarray, places: np.ndarray, questions: list[tuple[str, str, str]]
    ) -> dict[str, float]:
        """What the page's caption says, shares of 1."""
        true = nearest_ids(unit @ unit.T)
        kept = {
            "nearest": share_kept(true, nearest_ids(self.rounded.cosines)),
            "map": share_kept(true, nearest_ids(closeness(places))),
            "axes": share_kept(true, nearest_ids(closeness(principal_axes(unit)))),
            "questions": len(questions),
        }
        for name, exclude in (("excluded", True), ("free", False)) if questions else ():
            same = [
                self.full.analogy(*q, n=1, exclude=exclude)[0][0] == self.analogy(*q, 1, exclude)[0][0]
                for q in questions
            ]
            kept[name] = float(np.mean(same))
        return kept


def pack_codes(codes: np.ndarray) -> bytes:
    """Whole numbers from 0 to 7 as bytes, three bits each, the lowest bit first, and a byte of zeros.

    >>> list(pack_codes(np.array([1, 2, 7])))  # 111 010 001, from the right: 11010001 and 1
    [209, 1, 0]
    """
    bits = codes.reshape(-1, 1) >> np.arange(3) & 1
    return np.packbits(bits.astype(np.uint8), bitorder="little").tobytes() + b"\0"
