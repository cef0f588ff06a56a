"""A model as judge: which of two answers does it say is the better one, and what else decides?

The judge is asked in a conversation, and not what it would write counts but how probable each verdict is: its
preference is the log-odds of the label that the first answer has, "A", against that of the second, "B".
Exchanging the labels tells a liking for a letter from one for a place; naming B first in the question, one
for a letter from one for what is named first.

Sources: pairs in both orders, after Zheng L. et al. (2023); letters and places, Zheng C. et al. (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lmcourse.evaluation.choices import odds
from lmcourse.pretrained.chat import chat_ids
from lmcourse.transformer.model import TransformerModel

QUESTION = "Question: {}\nAnswer {}: {}\nAnswer {}: {}\nWhich answer is better, {} or {}?"
BEGUN = "Answer"  # how the judge's reply is begun for it


class Verdicts(NamedTuple):
    """Log-odds of A against B, in nats, of pairs (one, other): A is one, then the other, each (n,)."""

    one_is_a: np.ndarray
    other_is_a: np.ndarray

    @property
    def for_a(self) -> float:
        """The share of verdicts for the answer that is called A."""
        return float(np.mean(np.concatenate(self) > 0))

    @property
    def steady(self) -> np.ndarray:
        """Whether the same answer won in both orders, (n,)."""
        return (self.one_is_a > 0) == (self.other_is_a < 0)

    @property
    def margin(self) -> np.ndarray:
        """Log-odds for `one`, mean of both orders, so that a liking for a letter or place drops out, (n,).

        >>> Verdicts(np.array([2.0]), np.array([1.5])).margin
        array([0.25])
        """
        return (self.one_is_a - self.other_is_a) / 2


def verdicts(
    judge: TransformerModel,
    pairs: Sequence[tuple[str, str, str]],
    labels: tuple[str, str] = ("A", "B"),
    named: tuple[str, str] = ("A", "B"),
) -> Verdicts:
    """Ask about each pair in both orders.

    Args:
        judge: a model that was trained on conversations, without a start token.
        pairs: question, one answer, the other.
        labels: what the answer that is read first is called, and what the second is; ("B", "A"): exchanged.
        named: in which order the question names the two, "A or B?".

    Raises ValueError unless the labels, and those that are named, are A and B, and for no pairs or an empty
    text in one.
    """
    for name, letters in (("labels", labels), ("named", named)):
        if sorted(letters) != ["A", "B"]:
            raise ValueError(f"{name}={letters} must be A and B, in either order")
    if not len(pairs) or not all(text.strip() for pair in pairs for text in pair):
        empty = next((pair for pair in pairs if not all(map(str.strip, pair))), pairs)
        raise ValueError(f"{empty} must be a question and two answers, none of them empty")
    begun = judge.ids(BEGUN)

    def asked(question: str, of_a: str, of_b: str) -> list[int]:
        called = {"A": of_a, "B": of_b}
        listed = [part for label in labels for part in (label, called[label])]
        message = {"role": "user", "content": QUESTION.format(question, *listed, *named)}
        return chat_ids(judge.vocab, [message]) + begun

    return Verdicts(
        odds(judge, [asked(question, one, other) for question, one, other in pairs], " A", " B"),
        odds(judge, [asked(question, other, one) for question, one, other in pairs], " A", " B"),
    )
