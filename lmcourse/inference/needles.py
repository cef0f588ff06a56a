"""Needles in haystacks: facts about mice among sentences of the mouse world, and a question at the end.

    … the dogs that the cat sees run . kim: barn . the bird sleeps . ? kim: barn

A *fact* is an entry of an address book, a mouse and the place where it lives. A question is answered by
the place or, if the text does not tell, by "unknown". About one sentence in seven is a fact, and one of
them is asked for, the *needle*. No text begins with a fact: at least one token, the end of a sentence,
stands before it. Needs only NumPy.

Source: Kamradt (2023), the test; Liu et al. (2024), keys and values among many others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lmcourse.model import check_whole
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement

NAMES = tuple(
    "ada: ben: cai: dan: eva: fay: gil: hal: ida: jan: kai: kim: leo: mia: ned: ola: pia: ray: sam: sue: "
    "tom: una: val: zoe:".split()
)
PLACES = tuple(
    "attic barn cellar chest clock drawer garden hall hat kitchen oven piano shed shoe stove well".split()
)
FACTS = 0.15  # share of sentences that tell where a mouse lives
UNKNOWN = "unknown"
LEAST = 12  # tokens of the shortest text


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The words of the mouse world, what questions need, names and places."""
    return Vocabulary([*agreement(1).vocab.tokens, "?", UNKNOWN, *NAMES, *PLACES])


@lru_cache(maxsize=1)
def ids_of() -> dict[str, int]:
    """Word -> id."""
    return {word: i for i, word in enumerate(vocabulary().tokens)}


def fact(name: str, place: str) -> list[int]:
    """Ids of a sentence that tells where a mouse lives; three of them."""
    return [ids_of()[word] for word in (name, place, ".")]


def question(name: str) -> list[int]:
    """Ids of a question; two of them."""
    return [ids_of()["?"], ids_of()[name]]


@lru_cache(maxsize=1)
def _plain() -> list[list[int]]:
    """Sentences of the mouse world, many."""
    return [list(map(int, text)) for text in agreement(1).sample(4000, np.random.default_rng(17))]


class Haystack(NamedTuple):
    """A text with a question to be put at its end."""

    text: list[int]  # without the question
    name: str  # that is asked for
    answer: int  # id of the place, or of "unknown"
    begin: int  # where in the text the needle begins; -1: there is none

    @property
    def ids(self) -> list[int]:
        """The text, and the question."""
        return [*self.text, *question(self.name)]

    @property
    def facts(self) -> list[list[int]]:
        """All whole facts of the text, each a sentence."""
        return [sentence for sentence in sentences(self.text) if is_fact(sentence)]


def sentences(text: list[int]) -> list[list[int]]:
    """A text cut after each full stop; what follows the last is a sentence too."""
    found: list[list[int]] = [[]]
    for token in text:
        found[-1].append(token)
        if token == ids_of()["."]:
            found.append([])
    return found if found[-1] else found[:-1]


def is_fact(sentence: list[int]) -> bool:
    """Whether it is a whole fact."""
    return len(sentence) == 3 and vocabulary().tokens[sentence[0]] in NAMES


def haystack(
    length: int,
    rng: np.random.Generator,
    depth: float | None = None,
    told: bool = True,
    share: float = FACTS,
) -> Haystack:
    """A text of so many tokens.

    Args:
        length: of the text without the question, at least 12.
        rng: what draws.
        depth: where the needle stands, from 0 (behind the end of a sentence with which each text begins) to
            1 (before the question); None: anywhere.
        told: False: of the mouse that is asked for nothing is told.
        share: of the other sentences that are facts, as long as there are names.

    Raises ValueError for a text too short.
    """
    check_whole(length, "length", least=LEAST)
    names = iter(rng.permutation(len(NAMES)).tolist())
    name, place = NAMES[next(names)], PLACES[rng.integers(len(PLACES))]
    needle = fact(name, place)
    parts, room = [], length - (len(needle) if told else 0)
    while True:
        sentence = _plain()[rng.integers(len(_plain()))]
        other = next(names, None) if rng.random() < share else None
        if other is not None:
            sentence = fact(NAMES[other], PLACES[rng.integers(len(PLACES))])
        if len(sentence) >= room:
            break
        parts.append(sentence)
        room -= len(sentence)
    head = next(part for part in _plain() if len(part) >= room)[-room:]  # the end of a sentence
    begin = -1
    if told:
        place_in = round((rng.random() if depth is None else depth) * len(parts))
        begin = len(head) + sum(map(len, parts[:place_in]))
        parts.insert(place_in, needle)
    answer = ids_of()[place if told else UNKNOWN]
    return Haystack([*head, *(token for part in parts for token in part)], name, answer, begin)
