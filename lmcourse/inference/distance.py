"""How far one language model is from another: at each place of a text, given the same tokens before it.

Teacher-forced: both read the text itself. Texts that two models write are a poor comparison, since after the
first different token everything may differ; and which token is the most probable can hang on a hair. So the
whole distributions are compared, by their Kullback-Leibler divergence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lmcourse.model import LanguageModel, Tokens

PIECE = 128  # tokens that are read at once


class Distance(NamedTuple):
    """At each of T places: KL(reference ‖ other) in nats, and whether the most probable token is the same."""

    kl: np.ndarray
    agrees: np.ndarray

    @property
    def mean_kl(self) -> float:
        """The mean over all places."""
        return float(self.kl.mean())

    @property
    def agreement(self) -> float:
        """The share of places."""
        return float(self.agrees.mean())


def distance_of(reference: np.ndarray, other: np.ndarray) -> Distance:
    """Of log-probabilities (T, V) each; infinite where `other` excludes what `reference` does not.

    >>> kl, agrees = distance_of(np.log([[0.5, 0.5]]), np.log([[0.75, 0.25]]))
    >>> kl.round(4), agrees  # ½ ln (½ / ¾) + ½ ln (½ / ¼) = ½ ln 4/3
    (array([0.1438]), array([ True]))
    """
    probs = np.exp(reference)
    with np.errstate(invalid="ignore"):  # 0 · (-inf - …), which counts for nothing
        terms = np.where(probs > 0, probs * (reference - other), 0.0)
    return Distance(terms.sum(axis=-1), reference.argmax(axis=-1) == other.argmax(axis=-1))


def distance(reference: LanguageModel, other: LanguageModel, text: Tokens, given: int = 0) -> Distance:
    """Between two models of one vocabulary, at each token of a text but the first `given`.

    Args:
        reference, other: any models.
        text, given: as of `predictions`.

    Raises ValueError for different vocabularies, and as `predictions`.
    """
    if reference.vocab != other.vocab:
        raise ValueError(
            "the models have different vocabularies; what one says cannot be compared with the other"
        )
    return distance_of(*(predictions(model, text, given) for model in (reference, other)))


def predictions(model: LanguageModel, text: Tokens, given: int = 0) -> np.ndarray:
    """Log-probabilities (T - given, V) before each of the T tokens of a text but the first `given`.

    Args:
        model: any.
        text: to be read.
        given: tokens at the beginning that are only read, at least 1 where a model has no start token.

    Raises ValueError for a text that is not longer than `given`.
    """
    ids = model.ids(text)
    if not 0 <= given < len(ids):
        raise ValueError(f"given={given} of a text of {len(ids)} tokens leaves nothing to foretell")
    reader = model.reader([ids[:given]])
    found, read = [reader.log_probs()], ids[given:-1]
    for begin in range(0, len(read), PIECE):
        found.append(reader.read_many([read[begin : begin + PIECE]])[0])
    return np.concatenate(found)
