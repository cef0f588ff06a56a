"""A torch module as a language model: token ids in, log-probabilities out, behind the course's one interface.

The module only has to be causal: its logits at a position depend on the tokens up to it. Left out: a state
that is kept between tokens; a model that has one overrides `reader`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from lmcourse.model import LanguageModel, Tokens
from lmcourse.vocabulary import Vocabulary

LOGITS = 2**24  # that a module is asked for in one pass, 64 MB of them
NO_START = "the model has no start token, so it cannot say how a text begins; give start=…"


@contextmanager
def asking(module: torch.nn.Module | Sequence[torch.nn.Module]) -> Iterator[None]:
    """Evaluation mode without gradients, in which a module is asked; afterwards each part is as it was.

    To go through all parts of a module takes as long as a small layer; who asks it often may give their list.
    """
    parts = module.modules() if isinstance(module, torch.nn.Module) else module
    training = [part for part in parts if part.training]  # not all need be: some may be frozen
    for part in training:
        part.training = False
    try:
        with torch.inference_mode():
            yield
    finally:
        for part in training:
            part.training = True


def device_of(module: torch.nn.Module) -> torch.device:
    """Where a module's parameters are."""
    return next((p.device for p in module.parameters()), torch.device("cpu"))


def log_probs_of(logits: torch.Tensor) -> np.ndarray:
    """Log-probabilities (..., V) of logits. Raises ValueError for logits that are no numbers."""
    # in double precision, so that a row sums to one as exactly as every other model's
    found = logits.double().log_softmax(dim=-1).cpu().numpy()
    if np.isnan(found).any():
        raise ValueError("the module's logits are not numbers (NaN); did its training diverge?")
    return found


class _Window(NamedTuple):
    """Tokens that the module reads, and what it is to predict after the last of them."""

    ids: list[int]
    text: int
    predicts: range  # places in the text, as many as there are last tokens to predict after


class TorchModel(LanguageModel):
    """A causal module and its vocabulary.

    It is asked in evaluation mode and without gradients, and each of its parts is left in the mode it was in,
    so that a network can be measured in the middle of its training.

    Args:
        module: maps token ids (B, T) to logits (B, T, V).
        vocab: the tokens.
        context_length: the most tokens the module can take, the start token included; None: any number. Of a
            longer text it sees the last ones; the start token is the first that it no longer sees.
        start: id of a token taken to stand before every text; without it nothing can be said about the first.
        end: id of the token that closes a text.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        vocab: Vocabulary,
        context_length: int | None = None,
        start: int | None = None,
        end: int | None = None,
    ):
        self.module = module
        self.vocab = vocab
        self.context_length = context_length
        self.start = None if start is None else vocab.check_ids([start])[0]
        self.end = None if end is None else vocab.check_ids([end])[0]

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log-probabilities (B, V), many contexts in one pass; shorter ones are filled up on the right.

        Raises ValueError for an empty context if there is no start token.
        """
        windows = [self.window([*self.before, *context]) for context in contexts]
        if not all(windows):
            raise ValueError(NO_START)
        asked = (_Window(ids, row, range(1)) for row, ids in enumerate(windows))
        found = [rows for batch in self._batches(asked) for rows in self._log_probs(batch)]
        return np.concatenate([np.empty((0, self.vocab_size)), *found])

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but what fits into the module's context is scored in one pass.

        Each token beyond it needs its own window; these are read many at a time.
        """
        return self.token_log_probs_of([tokens])[0]

    def token_log_probs_of(self, texts: Sequence[Tokens]) -> list[np.ndarray]:
        """As the interface says, many texts in one pass; shorter ones are filled up on the right."""
        texts = [self.ids(text) for text in texts]
        if self.start is None and any(texts):
            raise ValueError(NO_START)
        terms = [np.empty(len(ids)) for ids in texts]
        for batch in self._batches(self._windows(texts)):
            said = iter([texts[window.text][place] for window in batch for place in window.predicts])
            found = [
                rows[np.arange(len(rows)), list(islice(said, len(rows)))] for rows in self._log_probs(batch)
            ]
            ends = np.cumsum([len(window.predicts) for window in batch])
            for window, chances in zip(batch, np.split(np.concatenate(found), ends[:-1])):
                terms[window.text][window.predicts] = chances
        return terms

    @property
    def before(self) -> list[int]:
        """What stands before every text: the start token, if there is one."""
        return [] if self.start is None else [self.start]

    def _windows(self, texts: list[list[int]]) -> Iterator[_Window]:
        """What to read to score texts: as much as fits in one go, then one window for each further token."""
        for text, ids in enumerate(texts):
            inputs = [self.start, *ids][: len(ids)]
            size = len(ids) if self.context_length is None else min(len(ids), self.context_length)
            if ids:
                yield _Window(inputs[:size], text, range(size))
            for i in range(size, len(ids)):
                yield _Window(inputs[i - size + 1 : i + 1], text, range(i, i + 1))

    def _batches(self, windows: Iterable[_Window]) -> Iterator[list[_Window]]:
        """As many windows at a time as `LOGITS` allows."""
        batch: list[_Window] = []
        longest = 0
        for window in windows:
            longest = max(longest, len(window.ids))
            if batch and (len(batch) + 1) * longest * self.vocab_size > LOGITS:
                yield batch
                batch, longest = [], len(window.ids)
            batch.append(window)
        if batch:
            yield batch

    def _log_probs(self, batch: list[_Window]) -> Iterator[np.ndarray]:
        """Log-probabilities (N, V) of the N tokens that the windows predict, a part of the rows at a time."""
        longest = max(len(window.ids) for window in batch)
        # what stands to the right of a token cannot matter to a causal module
        token_ids = torch.tensor([[*window.ids, *[0] * (longest - len(window.ids))] for window in batch])
        counts = [len(window.predicts) for window in batch]
        rows = torch.repeat_interleave(torch.tensor(counts))
        places = torch.cat([torch.arange(len(w.ids) - n, len(w.ids)) for w, n in zip(batch, counts)])
        device = device_of(self.module)
        parts = self.logits_in_parts(token_ids.to(device), rows.to(device), places.to(device))
        while True:
            with asking(self.module):  # not while the caller works: a generator would keep it open for him
                part = next(parts, None)
                if part is None:
                    return
                found = log_probs_of(part)
            yield found

    def logits_in_parts(
        self, token_ids: torch.Tensor, rows: torch.Tensor, places: torch.Tensor
    ) -> Iterator[torch.Tensor]:
        """What `logits` gives, all at once or some rows after others.

        A subclass overrides this where one long text has more logits than memory should hold.
        """
        yield self.logits(token_ids, rows, places)

    def logits(self, token_ids: torch.Tensor, rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Logits (N, V) after token `places[i]` of row `rows[i]` of token_ids (B, T).

        A subclass overrides this where the module can do without the logits of all other places, which at a
        vocabulary of 50,000 tokens are most of its memory.
        """
        logits = self.module(token_ids)
        expected = (*token_ids.shape, self.vocab_size)
        if tuple(logits.shape) != expected:
            shape = tuple(logits.shape)
            raise ValueError(f"the module's logits have shape {shape}, not (B, T, V) = {expected}")
        return logits[rows, places]
