"""Speculative decoding: something cheap guesses several tokens ahead, the model checks them all in one pass.

A pass over several tokens fetches the model's weights once, as one over a single token does. A guess x, drawn
from q, is accepted with probability min(1, p(x) / q(x)), p being what the model itself says there; at the
first that is refused a token is drawn from what q has too little of, max(p - q, 0) normalised, and the
guesses behind it are dropped. What comes out is distributed exactly as without guessing, whatever q is. If
all are accepted, the same pass has one more token to give.

A draft is a smaller model of the same vocabulary, or `Lookup`: where the text's last tokens stood before,
what followed them there. Left out: trees of guesses, several texts at once, settings that look at the text so
far.

Sources: Leviathan et al. (2023), Chen et al. (2023); the look-up is that of Saxena (2023).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lmcourse.decoding.filters import Decoding
from lmcourse.decoding.generation import End, end_tokens, open_reader
from lmcourse.model import LanguageModel, Tokens, check_whole
from lmcourse.reader import Reader


def acceptance(p: np.ndarray, q: np.ndarray, token: int) -> float:
    """min(1, p(x) / q(x)): how likely a guess x drawn from q (V,) is to stay, where the model says p (V,)."""
    return float(min(1.0, p[token] / q[token]))


def remainder(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """max(p - q, 0), normalised, (V,): from what is drawn instead of a guess that was refused.

    Where the two are equal nothing is ever refused; then p.

    >>> remainder(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]))
    array([1., 0., 0.])
    """
    left = np.maximum(p - q, 0.0)
    total = left.sum()
    return left / total if total > 0 else p


def expected_tokens(rate: float, ahead: int) -> float:
    """Tokens that a pass gives on average, 1 + α + … + α^k, if each of k guesses is accepted with chance α.

    Source: Leviathan et al. (2023).

    >>> expected_tokens(0.5, 2)
    1.75
    """
    return sum(rate**n for n in range(ahead + 1))


def check(
    p: np.ndarray, q: np.ndarray, guesses: Sequence[int], uniform: np.ndarray
) -> tuple[int, int | None]:
    """How many guesses stay, and the token after them; None, if the model says that nothing can follow.

    Args:
        p: what the model says before each of the k guesses, and after the last, (k + 1, V).
        q: what each was drawn from, (k, V).
        guesses: k token ids.
        uniform: numbers from 0 to below 1, (k + 1,): one for each guess, one for the token that is drawn.
    """
    for i, token in enumerate(guesses):
        if uniform[i] >= acceptance(p[i], q[i], token):
            kept, left = i, remainder(p[i], q[i])
            break
    else:
        kept, left = len(guesses), p[-1]
    return kept, _draw(left, uniform[-1]) if left.any() else None


def _draw(probs: np.ndarray, uniform: float) -> int:
    """The token (of V) at which the cumulative sum passes a number from 0 to below 1."""
    cumulative = np.cumsum(probs)
    below = np.nextafter(cumulative[-1], 0)  # to which a product with almost 1 might be rounded up
    return int(np.searchsorted(cumulative, min(uniform * cumulative[-1], below), side="right"))


def _probs(decoding: Decoding, log_probs: np.ndarray) -> np.ndarray:
    """Distributions (…, V) to draw from; at temperature 0 all on one token, the smaller id among equals."""
    if decoding.temperature != 0:
        return np.exp(decoding.apply_rows(log_probs, ()))
    probs = np.zeros(log_probs.shape)
    best = log_probs.argmax(axis=-1)[..., None]
    np.put_along_axis(probs, best, 1.0, axis=-1)
    return np.where(np.take_along_axis(log_probs, best, axis=-1) == -np.inf, 0.0, probs)


class Draft(ABC):
    """Guesses what follows a text. It is told what became of its guesses by `accept`."""

    @abstractmethod
    def guess(self, uniform: np.ndarray) -> tuple[list[int], np.ndarray]:
        """As many tokens as there are uniform numbers, or fewer, and what each was drawn from, (k, V)."""

    @abstractmethod
    def accept(self, tokens: list[int]) -> None:
        """The text goes on with these tokens: the guesses that stay, and one more."""


class ModelDraft(Draft):
    """A model that guesses.

    Args:
        model: a small one.
        context: the text so far.
        decoding: how its distributions are reshaped, best as those of the large model.
        ahead: the most guesses at a time.
    """

    def __init__(self, model: LanguageModel, context: list[int], decoding: Decoding, ahead: int):
        self._reader, self._decoding = model.reader([context]), decoding
        self._reader.remember(ahead)
        self._read = 0  # guesses that the reader has taken as said

    def guess(self, uniform: np.ndarray) -> tuple[list[int], np.ndarray]:
        """As the interface says; each guess is read before the next one."""
        guesses: list[int] = []
        rows: list[np.ndarray] = []
        self._read = 0
        for number in uniform:
            if guesses:
                self._reader.read(guesses[-1:])
                self._read += 1
            row = _probs(self._decoding, self._reader.log_probs())[0]
            if not row.any():
                break  # after this it says nothing
            rows.append(row)
            guesses.append(_draw(row, number))
        return guesses, np.array(rows)

    def accept(self, tokens: list[int]) -> None:
        """Take back what was guessed wrong, read what is new."""
        kept = min(len(tokens) - 1, self._read)
        self._reader.rewind(self._read - kept)
        self._reader.read_many([tokens[kept:]])


class Lookup(Draft):
    """What followed the last tokens where they stood before: no model at all.

    Args:
        vocab_size: V.
        context: the text so far.
        longest, shortest: how many of the last tokens are looked for; if not found, one fewer.
    """

    def __init__(self, vocab_size: int, context: list[int], longest: int = 3, shortest: int = 2):
        self._size, self._text = vocab_size, list(context)
        self._lengths = range(longest, shortest - 1, -1)
        self._ends: dict[tuple[int, ...], int] = {}  # of n-grams, the last place behind one
        self._noted = 0
        self._note()

    def _note(self) -> None:
        """Note where the n-grams that are new end, but for those at the very end of the text."""
        for end in range(self._noted, len(self._text)):
            for n in self._lengths:
                if n <= end:
                    self._ends[tuple(self._text[end - n : end])] = end
        self._noted = len(self._text)

    def guess(self, uniform: np.ndarray) -> tuple[list[int], np.ndarray]:
        """As the interface says; each guess is certain of itself, and there may be none."""
        guesses: list[int] = []
        for n in self._lengths:
            end = self._ends.get(tuple(self._text[-n:])) if n <= len(self._text) else None
            if end is not None:
                guesses = self._text[end : end + len(uniform)]
                break
        rows = np.zeros((len(guesses), self._size))
        rows[np.arange(len(guesses)), guesses] = 1.0
        return guesses, rows

    def accept(self, tokens: list[int]) -> None:
        """Append."""
        self._text += tokens
        self._note()


class Speculation(NamedTuple):
    """What came of it: the new tokens, and of each pass how many guesses were checked and how many stayed."""

    tokens: list[int]
    guessed: list[int]
    accepted: list[int]

    @property
    def acceptance(self) -> float:
        """The share of guesses that stayed."""
        return sum(self.accepted) / max(1, sum(self.guessed))


def speculate(
    model: LanguageModel,
    draft: LanguageModel | None = None,
    prompt: Tokens = "",
    max_tokens: int = 100,
    ahead: int = 4,
    decoding: Decoding | None = None,
    rng: np.random.Generator | None = None,
    end: End = None,
) -> Speculation:
    """Continue a prompt as `generate` does, in distribution, in fewer passes of the model.

    Args:
        model: whose text is wanted.
        draft: a smaller model with the same vocabulary; None: `Lookup`.
        prompt, max_tokens, decoding, rng, end: as of `generate`.
        ahead: k, the most guesses in a pass.

    Raises ValueError as `generate`; for a draft with another vocabulary; for settings that look back.
    """
    decoding = decoding or Decoding()
    if decoding.looks_back:
        raise ValueError("a setting that looks at the text so far does not go with guesses; leave it out")
    if rng is None and decoding.temperature != 0:
        raise ValueError("sampling needs rng=np.random.default_rng(seed); only temperature=0 does without")
    if draft is not None and draft.vocab != model.vocab:
        raise ValueError(
            "the draft has another vocabulary than the model; its guesses would mean something else"
        )
    check_whole(max_tokens, "max_tokens"), check_whole(ahead, "ahead")
    ends = end_tokens(model, end)
    (context,), reader = open_reader(model, [prompt])
    reader.remember(ahead)
    guesser = (
        Lookup(model.vocab_size, context) if draft is None else ModelDraft(draft, context, decoding, ahead)
    )
    done = Speculation([], [], [])
    pending: list[int] = []  # the last token, which the model has not read yet
    while (room := max_tokens - len(done.tokens)) > 0 and not ends.intersection(done.tokens[-1:]):
        k = min(ahead, room - 1)
        uniform = np.zeros(2 * k + 1) if rng is None else rng.random(2 * k + 1)
        guesses, q = guesser.guess(uniform[k + 1 :])
        guesses = guesses[: 1 + next((i for i, token in enumerate(guesses) if token in ends), k)]
        p = _probs(decoding, _passed(reader, pending, guesses))
        kept, following = check(p, q, guesses, uniform[: k + 1])
        reader.rewind(len(guesses) - kept)
        done.guessed.append(len(guesses))
        done.accepted.append(kept)
        if following is None or ends.intersection(guesses[:kept]):
            done.tokens.extend(guesses[:kept])
            break
        pending = [following]
        done.tokens.extend([*guesses[:kept], following])
        guesser.accept([*guesses[:kept], following])
    return done


def _passed(reader: Reader, pending: list[int], guesses: list[int]) -> np.ndarray:
    """One pass over what is unread: log-probabilities (k + 1, V) before each guess and after the last."""
    rows = [] if pending else [reader.log_probs()]
    if pending or guesses:
        rows.append(reader.read_many([[*pending, *guesses]])[0])
    return np.concatenate(rows)
