"""A model as judge: which of two answers does it say is the better one, and what else decides?

The judge is asked in a conversation, and not what it would write counts but how probable each verdict is: its
preference is the log-odds of "A", the answer that it read first, against "B".

Source: pairs in both orders, after Zheng et al. (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lmcourse.evaluation.choices import odds
from lmcourse.pretrained.chat import chat_ids
from lmcourse.transformer.model import TransformerModel

QUESTION = "Question: {}\nAnswer A: {}\nAnswer B: {}\nWhich answer is better, A or B?"
BEGUN, VERDICTS = "Answer", (" A", " B")  # how the judge's reply is begun for it, and how it may go on


class Verdicts(NamedTuple):
    """Log-odds for the answer read first, in nats, of pairs (one, other) in both orders, each (n,)."""

    one_first: np.ndarray
    other_first: np.ndarray

    @property
    def first(self) -> float:
        """The share of verdicts for the answer that was read first."""
        return float(np.mean(np.concatenate(self) > 0))

    @property
    def steady(self) -> np.ndarray:
        """Whether the same answer won in both orders, (n,)."""
        return (self.one_first > 0) == (self.other_first < 0)

    @property
    def margin(self) -> np.ndarray:
        """Log-odds for `one`, mean of both orders, so that a constant liking for a place drops out, (n,).

        >>> Verdicts(np.array([2.0]), np.array([1.5])).margin
        array([0.25])
        """
        return (self.one_first - self.other_first) / 2


def verdicts(judge: TransformerModel, pairs: Sequence[tuple[str, str, str]]) -> Verdicts:
    """Ask about each pair in both orders.

    Args:
        judge: a model that was trained on conversations, without a start token.
        pairs: question, one answer, the other.
    """
    begun = judge.ids(BEGUN)

    def asked(question: str, one: str, other: str) -> list[int]:
        message = {"role": "user", "content": QUESTION.format(question, one, other)}
        return chat_ids(judge.vocab, [message]) + begun

    return Verdicts(
        odds(judge, [asked(question, one, other) for question, one, other in pairs], *VERDICTS),
        odds(judge, [asked(question, other, one) for question, one, other in pairs], *VERDICTS),
    )
