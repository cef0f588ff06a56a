"""Spelling mistakes as a noisy channel: a word goes in, perhaps a garbled one comes out.

`ErrorModel` says how a word is garbled: with a stated probability, by one of Damerau's four mistakes at an
even place with an even letter. It makes misspellings, and says how probable each one is, so that the word
meant can be found by Bayes's rule: the most probable of p(typed | word) p(word | context). Left out: which
letters are near each other on a keyboard or in sound, and words with two mistakes.
Sources: Damerau (1964) on the four mistakes; Kernighan, Church and Gale (1990) on the channel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class ErrorModel:
    """p(typed | word): at most one mistake in each word.

    A word is typed as it is with probability 1 - rate. Otherwise the mistake is a deletion of one letter, an
    insertion of one, a substitution of one by another, or a transposition of two neighbours, with the
    stated shares; and then all ways of making it are equally probable. A word of one letter is never deleted
    and has nothing to transpose: there the other kinds share the chance.

    >>> round(ErrorModel(rate=0.1).probability("cart", "cat"), 6)  # 0.1 · 0.25 / (4 gaps · 26 letters)
    0.00024
    """

    rate: float = 0.05  # of words with a mistake
    deletion: float = 0.25  # shares of the four mistakes; they sum to one
    insertion: float = 0.25
    substitution: float = 0.25
    transposition: float = 0.25

    def __post_init__(self) -> None:
        """Check the numbers."""
        shares = (self.deletion, self.insertion, self.substitution, self.transposition)
        if not 0 <= self.rate <= 1:
            raise ValueError(f"rate={self.rate} must lie from 0 to 1")
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"the shares of the four mistakes are {shares}; they must be ≥ 0 and sum to 1")

    def garbled(self, word: str) -> dict[str, float]:
        """Every outcome of one mistake with its probability, given that a mistake is made.

        Different slips with the same outcome add up (which of the two l's of *hello* was lost?), and a
        slip may change nothing: two equal neighbours that change places.
        """
        if not word:
            raise ValueError("an empty word cannot be misspelled")
        kinds = [
            (share, list(slips(word)))
            for share, slips in (
                (self.deletion, deletions),
                (self.insertion, insertions),
                (self.substitution, substitutions),
                (self.transposition, transpositions),
            )
        ]
        total = sum(share for share, slips in kinds if slips)
        if not total:
            raise ValueError(f"none of the mistakes that this model makes is possible in {word!r}")
        found: dict[str, float] = {}
        for share, slips in kinds:
            for outcome in slips:
                found[outcome] = found.get(outcome, 0.0) + share / total / len(slips)
        return found

    def probability(self, typed: str, word: str) -> float:
        """p(typed | word); 0 if it would take two mistakes."""
        if not self.rate or abs(len(typed) - len(word)) > 1:
            return float(typed == word)
        wrong = self.rate * _garbled(self, word).get(typed, 0.0)
        return (1 - self.rate) * (typed == word) + wrong

    def type(self, word: str, rng: np.random.Generator) -> str:
        """The word as it comes out of the channel."""
        return self.slip(word, rng) if rng.random() < self.rate else word

    def slip(self, word: str, rng: np.random.Generator) -> str:
        """The word with one mistake for sure."""
        outcomes = _garbled(self, word)
        return list(outcomes)[rng.choice(len(outcomes), p=list(outcomes.values()))]


@lru_cache(maxsize=20_000)
def _garbled(model: ErrorModel, word: str) -> dict[str, float]:
    return model.garbled(word)


def deletions(word: str) -> Iterator[str]:
    """All ways of losing a letter, but not the only one.

    >>> list(deletions("cat"))
    ['at', 'ct', 'ca']
    """
    return (word[:i] + word[i + 1 :] for i in range(len(word) if len(word) > 1 else 0))


def insertions(word: str) -> Iterator[str]:
    """All ways of adding a letter: 26 in each of the gaps, the two ends among them."""
    return (word[:i] + letter + word[i:] for i in range(len(word) + 1) for letter in LETTERS)


def substitutions(word: str) -> Iterator[str]:
    """All ways of typing another letter for one."""
    return (
        word[:i] + letter + word[i + 1 :] for i in range(len(word)) for letter in LETTERS if letter != word[i]
    )


def transpositions(word: str) -> Iterator[str]:
    """All ways of swapping two neighbours.

    >>> list(transpositions("cat"))
    ['act', 'cta']
    """
    return (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1))


def candidates(typed: str, words: Collection[str]) -> list[str]:
    """The words of a dictionary from which one mistake, or none, leads to what was typed; in order of name.

    Whatever one mistake makes, one mistake undoes: a letter lost is a letter inserted. So it is enough to
    try all mistakes on what was typed, some hundreds, instead of looking through the dictionary.
    """
    nearby = {typed, *insertions(typed), *substitutions(typed), *transpositions(typed), *deletions(typed)}
    return sorted(word for word in nearby if word in words)


def correct(
    typed: str, words: Collection[str], channel: ErrorModel, log_prior: Callable[[str], float]
) -> list[tuple[str, float]]:
    """The words that may have been meant, each with its probability given what was typed, best first.

    Bayes's rule: p(word | typed) is in proportion to p(typed | word) p(word).

    Args:
        typed: what came out of the channel.
        words: the dictionary; nothing else can have been meant.
        channel: p(typed | word).
        log_prior: log p(word), up to a constant; here a language model comes in, with the context if it
            knows one.

    Returns:
        (word, probability) of each candidate; what was typed, with probability 1, if there is none.
    """
    probs = {word: channel.probability(typed, word) for word in candidates(typed, words)}
    possible = [word for word, p in probs.items() if p > 0]
    if len(possible) <= 1:  # there is nothing to decide
        return [((possible or [typed])[0], 1.0)]
    logs = {word: math.log(probs[word]) + log_prior(word) for word in possible}
    top = max(logs.values())
    if top == -math.inf:  # the prior calls all of them impossible
        return [(typed, 1.0)]
    weights = {word: math.exp(value - top) for word, value in logs.items()}
    total = sum(weights.values())
    return [(word, weight / total) for word, weight in sorted(weights.items(), key=lambda x: (-x[1], x[0]))]
