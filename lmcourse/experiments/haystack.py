"""The haystack: sentences of the mouse world, in which facts about mice are hidden, and a question at the end.

    … the dogs that the cat sees run . kim: barn . the bird sleeps . ? kim: barn

A *fact* says where a mouse lives; a question is answered by the place, or, if the text does not tell, by
"unknown". About one sentence in five is a fact, so that a longer text has more of them to be mistaken for the
one that is asked for, the *needle*.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement

NAMES = tuple(
    f"{name}:"
    for name in (
        "ada amy ben bob cai dan eva fay gil hal ida ivo jan joe kai kim lea leo lin lou max mia ned noa pia ray "
        "sam sue tom una val zoe"
    ).split()
)
PLACES = tuple(
    "attic barn cellar chest clock drawer garden hall hat kitchen oven piano shed shoe stove well".split()
)
FACTS = 0.2  # share of sentences that tell where a mouse lives
UNKNOWN = "unknown"


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The words of the mouse world, those of facts and questions, names and places."""
    words = [*agreement(1).vocab.tokens, "?", UNKNOWN, *NAMES, *PLACES]
    return Vocabulary(words)


@lru_cache(maxsize=1)
def _ids() -> dict[str, int]:
    return {word: i for i, word in enumerate(vocabulary().tokens)}


def fact(name: str, place: str) -> list[int]:
    """Ids of a sentence that tells where a mouse lives; three of them."""
    return [_ids()[word] for word in (name, place, ".")]


def question(name: str) -> list[int]:
    """Ids of a question; two of them."""
    return [_ids()["?"], _ids()[name]]


@lru_cache(maxsize=1)
def _plain() -> list[list[int]]:
    """Sentences of the mouse world, many."""
    return [list(map(int, text)) for text in agreement(1).sample(4000, np.random.default_rng(17))]


class Haystack(NamedTuple):
    """A text with a question at its end."""

    text: list[int]  # without the question
    name: str  # that is asked for
    answer: int  # id of the place, or of "unknown"
    begin: int  # where in the text the needle begins; -1: there is none
    facts: list[tuple[int, str, str]]  # all that is told: where it begins, name, place

    @property
    def ids(self) -> list[int]:
        """The text, and the question."""
        return [*self.text, *question(self.name)]


def haystack(
    length: int, rng: np.random.Generator, depth: float | None = None, told: bool = True, share: float = FACTS
) -> Haystack:
    """A text of so many tokens.

    Args:
        length: of the text without the question, at least 12.
        rng: what draws.
        depth: where the needle is, from 0 (at the beginning) to 1 (before the question); None: anywhere.
        told: False: of the mouse that is asked for nothing is told.

    Raises ValueError for a text too short, or so long that the names give out.
    """
    if length < 12:
        raise ValueError(f"length={length} must be at least 12")
    names = iter(rng.permutation(len(NAMES)).tolist())
    name, place = NAMES[next(names)], PLACES[rng.integers(len(PLACES))]
    needle = fact(name, place)
    room = length - (len(needle) if told else 0)
    sentences, plain = [], _plain()
    while True:
        if rng.random() < share:
            other = next(names, None)
            if other is None:
                raise ValueError(f"length={length}: more facts than the {len(NAMES)} names; take less")
            sentence = fact(NAMES[other], PLACES[rng.integers(len(PLACES))])
        else:
            sentence = plain[rng.integers(len(plain))]
        if len(sentence) >= room:
            break
        sentences.append(sentence)
        room -= len(sentence)
    head = [] if not room else _tail(room)
    at = -1
    if told:
        where = rng.random() if depth is None else depth
        at = round(where * len(sentences))
        sentences.insert(at, needle)
    text, facts = list(head), []
    for sentence in sentences:
        words = [vocabulary().tokens[token] for token in sentence[:2]]
        if words[0] in NAMES:
            facts.append((len(text), *words))
        text += sentence
    begin = next((b for b, n, _ in facts if n == name), -1)
    return Haystack(text, name, _ids()[place if told else UNKNOWN], begin, facts)


def _tail(size: int) -> list[int]:
    """The end of a sentence that is long enough: so many tokens."""
    return next(sentence for sentence in _plain() if len(sentence) >= size)[-size:]
