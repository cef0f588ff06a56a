"""The one interface of the course: a language model maps a context to a distribution over the next token.

A subclass supplies `next_log_probs`; scoring is written here, once. Whatever walks through a text token by
token (decoding, compression, guessing games, widgets) does so through `reader`, which a model overrides where
it can keep its work from step to step. Two models are simple enough to live beside the interface:
`UniformModel`, which knows nothing, and `TableModel`, which knows everything, for every sequence is listed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np

from lmcourse.reader import ContextReader, Reader
from lmcourse.vocabulary import Vocabulary

Tokens = str | Sequence[int]  # a text to encode, or token ids
BATCH = 256  # contexts that `token_log_probs` asks for at a time


class LanguageModel(ABC):
    """A function from contexts to next-token log-probabilities. All logarithms are natural (nats)."""

    vocab: Vocabulary
    context_length: int | None = None  # the longest context the model can take; None: any length
    end: int | None = None  # the token that closes a text; None: its texts go on for ever

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return len(self.vocab)

    @abstractmethod
    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log-probabilities of the next token after each context.

        Args:
            contexts: B sequences of token ids, of any lengths; an empty one is the start of a text.

        Returns:
            Array (B, V). A row's probabilities sum to one, or the row is all -inf where the model gives the
            context itself probability zero, so that nothing can be said about what follows it.
        """

    def ids(self, tokens: Tokens) -> list[int]:
        """Token ids of a text or of a sequence of ids. Raises ValueError at an unknown token or id."""
        return self.vocab.encode(tokens) if isinstance(tokens, str) else self.vocab.check_ids(tokens)

    def window(self, context: Sequence[int]) -> Sequence[int]:
        """The end of a context that the model looks at: by default its last `context_length` tokens."""
        return context if self.context_length is None else context[-self.context_length :]

    def reader(self, contexts: Sequence[Sequence[int]] = ((),)) -> Reader:
        """Open texts to read on, one row for each context; without any, one row at the start of a text.

        `reader(contexts).log_probs()` equals `next_log_probs(contexts)`, of the contexts' windows. For many
        rows that begin alike, `reader([prompt] * rows)`, or open one and fork it: `select([0] * rows)`.

        Args:
            contexts: B sequences of token ids, of any lengths.
        """
        return ContextReader(self, contexts)

    def next_probs(self, context: Tokens = "") -> np.ndarray:
        """Probabilities (V,) of the next token after one context, given as a text or as ids."""
        return np.exp(self.next_log_probs([self.ids(context)])[0])

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """Log-probability (L,) of each of the L tokens given all before it: the terms of the chain rule.

        A model with a `context_length` is shown the window before each token. Subclasses that can score a
        whole sequence in one pass override this.
        """
        ids = self.ids(tokens)
        terms = np.empty(len(ids))
        for start in range(0, len(ids), BATCH):
            batch = range(start, min(start + BATCH, len(ids)))
            rows = self.next_log_probs([self.window(ids[:i]) for i in batch])
            terms[batch.start : batch.stop] = rows[np.arange(len(batch)), [ids[i] for i in batch]]
        return terms

    def token_log_probs_of(self, texts: Sequence[Tokens]) -> list[np.ndarray]:
        """`token_log_probs` of each text. A model that reads many texts in one pass overrides this."""
        return [self.token_log_probs(text) for text in texts]

    def log_prob(self, tokens: Tokens) -> float:
        """Log-probability of a whole sequence: the sum of `token_log_probs`, 0.0 for the empty sequence."""
        return float(self.token_log_probs(tokens).sum())


def check_distribution(probs: Sequence[float] | np.ndarray, what: str = "probabilities") -> np.ndarray:
    """Return `probs` (V,) as a float array; raise ValueError unless they are ≥ 0 and sum to 1 within 1e-6."""
    probs = np.asarray(probs, dtype=float)
    if probs.ndim != 1 or probs.size == 0:
        raise ValueError(f"{what} must be one non-empty row of numbers; got an array of shape {probs.shape}")
    if not np.all(np.isfinite(probs)) or np.any(probs < 0):
        bad = probs[~np.isfinite(probs) | (probs < 0)][0]
        raise ValueError(f"{what} must be finite and not negative; got {bad:g}")
    if abs(probs.sum() - 1) > 1e-6:
        raise ValueError(f"{what} sum to {probs.sum():.9g}, not 1; divide each by the sum")
    return probs


def check_whole(value: float, name: str, least: int = 1) -> int:
    """Return `value` as an int; raise ValueError unless it is a whole number and at least `least`."""
    if not isinstance(value, Real) or value % 1 != 0 or value < least:
        raise ValueError(f"{name}={value} must be a whole number, {least} or more")
    return int(value)


def log(probs: np.ndarray) -> np.ndarray:
    """Natural logarithm with log 0 = -inf and no warning."""
    with np.errstate(divide="ignore"):
        return np.log(probs)


class UniformModel(LanguageModel):
    """Every token is equally likely, whatever came before: the worst sensible guess, log V nats a token."""

    def __init__(self, vocab: Vocabulary):
        self.vocab = vocab

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """The same row, -log V everywhere, for each context. Returns (B, V)."""
        return np.full((len(contexts), self.vocab_size), -np.log(self.vocab_size))

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but without listing the contexts: long texts cost no more than they must."""
        return np.full(len(self.ids(tokens)), -np.log(self.vocab_size))


class TableModel(LanguageModel):
    """A finite list of sequences with their probabilities, read as an autoregressive model.

    The next-token probability is a ratio of two sums over the list: the sequences that begin with the context
    and the token, over those that begin with the context. So any joint distribution *is* a language model.

    Args:
        vocab: the tokens.
        sequences: probability of each complete sequence, given as a text or a tuple of ids. They sum to one,
            and none is the beginning of another (close each with an end token).
    """

    def __init__(self, vocab: Vocabulary, sequences: Mapping[Tokens, float]):
        self.vocab = vocab
        self.sequences = {tuple(self.ids(tokens)): float(p) for tokens, p in sequences.items()}
        check_distribution(list(self.sequences.values()), "the sequences' probabilities")
        last = {ids[-1] for ids in self.sequences if ids}
        self.end = last.pop() if len(last) == 1 else None
        self._prefix_mass: dict[tuple[int, ...], float] = {}
        for ids, p in self.sequences.items():
            for i in range(len(ids) + 1):
                self._prefix_mass[ids[:i]] = self._prefix_mass.get(ids[:i], 0.0) + p
        for ids in self.sequences:
            if any((*ids, token) in self._prefix_mass for token in range(self.vocab_size)):
                raise ValueError(
                    f"the sequence {self.vocab.decode(ids)!r} is the beginning of another one; "
                    "close each with an end token"
                )

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Ratios of prefix masses, (B, V); all -inf after a complete or an unlisted context."""
        masses = np.array(
            [
                [self._prefix_mass.get((*context, token), 0.0) for token in range(self.vocab_size)]
                for context in contexts
            ]
        ).reshape(len(contexts), self.vocab_size)
        total = masses.sum(axis=1, keepdims=True)
        return log(np.divide(masses, total, out=np.zeros_like(masses), where=total > 0))
