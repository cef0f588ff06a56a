"""Multiple choice by likelihood: which of several answers is the most probable after a question?

An answer is a text of several tokens; there are several ways to make one number of their log-probabilities:

    sum     log p(answer | question)
    token   the same, for each token
    byte    the same, for each byte of UTF-8
    PMI     log p(answer | question) - log p(answer), by how much the question makes the answer more probable

*Sum* and *byte* are `acc` and `acc_norm` of EleutherAI's lm-evaluation-harness, *token* is what GPT-3's
authors took for most tasks, *PMI* is pointwise mutual information.

Sources: Brown et al. (2020); Holtzman et al. (2021); Gao (2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from lmcourse.model import LanguageModel, Tokens

SHARED = 16  # tokens that prompts must begin with in common, for it to pay to read them once
TOGETHER = 12  # prompts that are then read side by side
NORMALISATIONS = ("sum", "token", "byte", "PMI")


class Item(NamedTuple):
    """A question and what may be answered; the texts are joined by a blank."""

    question: str
    answers: tuple[str, ...]
    right: int = 0  # the place of the right one


class Scores(NamedTuple):
    """What a model says of the answers of one item, each (A,)."""

    log_probs: np.ndarray  # of the whole answer after the question, nats
    tokens: np.ndarray
    bytes: np.ndarray  # of the answer without the blank before it
    alone: np.ndarray  # log-probabilities of the answer after the premise, nats

    def by(self, normalisation: str) -> np.ndarray:
        """One number for each answer, (A,). Raises ValueError for what is none of `NORMALISATIONS`.

        >>> scores = Scores(*map(np.array, ([-4.0, -6.0], [1, 3], [4, 12], [-9.0, -9.0])))
        >>> [scores.by(name).tolist() for name in NORMALISATIONS]
        [[-4.0, -6.0], [-4.0, -2.0], [-1.0, -0.5], [5.0, 3.0]]
        """
        if normalisation not in NORMALISATIONS:
            raise ValueError(f"{normalisation!r} must be one of {', '.join(map(repr, NORMALISATIONS))}")
        if normalisation == "PMI":
            with np.errstate(invalid="ignore"):  # of two infinities; `choose` refuses what comes of it
                return self.log_probs - self.alone
        return self.log_probs / {"sum": 1, "token": self.tokens, "byte": self.bytes}[normalisation]


def scores(model: LanguageModel, items: Sequence[Item], premise: str = "") -> list[Scores]:
    """Score the answers of all items.

    Args:
        model: which can say how a text begins: of a Transformer, one with a start token.
        items: questions with their answers.
        premise: what stands before an answer that is scored alone; "": nothing.

    Raises ValueError for an item without answers, or with an empty one.
    """
    parts, before = [], model.ids(premise)
    for item in items:
        if not item.answers or not all(item.answers):
            raise ValueError(f"{item} must have answers, none of them empty")
        question = model.ids(item.question)
        parts += [(question, model.ids(f" {answer}")) for answer in item.answers]
    after = model.token_log_probs_of([question + answer for question, answer in parts])
    distinct = {tuple(answer): row for row, answer in enumerate(dict.fromkeys(tuple(a) for _, a in parts))}
    alone = model.token_log_probs_of([[*before, *answer] for answer in distinct])
    rows = iter(
        (
            terms[len(question) :].sum(),
            len(answer),
            alone[distinct[tuple(answer)]][len(before) :].sum(),
        )
        for (question, answer), terms in zip(parts, after)
    )
    found = []
    for item in items:
        log_probs, tokens, unasked = map(np.array, zip(*(next(rows) for _ in item.answers)))
        sizes = np.array([len(answer.encode()) for answer in item.answers])
        found.append(Scores(log_probs, tokens, sizes, unasked))
    return found


def choose(scored: Sequence[Scores], normalisation: str) -> np.ndarray:
    """Which answer of each item has the highest number, (n,).

    Of equal ones it is the first: where the right answer always stands first, each tie counts as right. Where
    ties are to be expected, as from a model that knows nothing, mix the places.

    Raises ValueError for what is none of `NORMALISATIONS`, and for an answer that is impossible with the
    question and without: it has no PMI.
    """
    numbers = [one.by(normalisation) for one in scored]
    for item, each in enumerate(numbers):
        if np.isnan(each).any():
            raise ValueError(f"item {item}: {normalisation} is {each}; leave out what is impossible anyway")
    return np.array([int(np.argmax(each)) for each in numbers])


def right(items: Sequence[Item], chosen: Sequence[int] | np.ndarray) -> np.ndarray:
    """Whether each choice is the right one, (n,). Raises ValueError unless there is one for each item."""
    if len(items) != len(chosen):
        raise ValueError(f"{len(chosen)} choices for {len(items)} items; there must be one for each")
    return np.array([item.right == choice for item, choice in zip(items, chosen)])


def odds(model: LanguageModel, prompts: Sequence[Tokens], one: str, other: str) -> np.ndarray:
    """Log-odds (n,), in nats, that a prompt is gone on with in one way and not in the other.

    Both are taken whole: the first token of " POSITIVE" may be " POS", which begins other words too.

    Args:
        model: any.
        prompts: texts or token ids, none of them empty for a model without a start token.
        one, other: what may come next, with its blank, such as `" yes"`.

    Raises ValueError if one of the two begins with the other, or is empty.
    """
    labels = [list(model.ids(text)) for text in (one, other)]
    shorter = min(map(len, labels))
    if labels[0][:shorter] == labels[1][:shorter]:
        raise ValueError(f"{one!r} and {other!r}: one begins with the other; choose words that do not")
    contexts = [list(model.ids(prompt)) for prompt in prompts]
    if any(len(label) > 1 for label in labels):
        texts = [context + label for context in contexts for label in labels]
        terms = model.token_log_probs_of(texts)
        starts = [len(context) for context in contexts for _ in labels]
        sums = np.array([some[start:].sum() for some, start in zip(terms, starts)])
        return sums[::2] - sums[1::2]
    return _odds_of_tokens(model, contexts, labels[0][0], labels[1][0])


def _odds_of_tokens(model: LanguageModel, contexts: list[list[int]], first: int, second: int) -> np.ndarray:
    """Log-odds (n,) of two tokens; what all contexts begin with is read once, if that pays."""
    columns = zip(*(context[:-1] for context in contexts))
    shared = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    if shared < SHARED:
        rows = model.next_log_probs(contexts)
        return rows[:, first] - rows[:, second]
    found = []
    for begin in range(0, len(contexts), TOGETHER):
        rest = [context[shared:] for context in contexts[begin : begin + TOGETHER]]
        longest = max(map(len, rest))
        reader = model.reader([contexts[0][:shared]])
        reader.select([0] * len(rest))
        # what is filled in on the right comes after the place that is looked at
        rows = reader.read_many([[*tokens, *[0] * (longest - len(tokens))] for tokens in rest])
        found += [row[len(tokens) - 1, [first, second]] for row, tokens in zip(rows, rest)]
    return -np.diff(found)[:, 0]
