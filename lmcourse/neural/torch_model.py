"""A torch module as a language model: token ids in, log-probabilities out, behind the course's one interface.

The module only has to be causal: its logits at a position depend on the tokens up to it. Left out: a state
that is kept between tokens; a model that has one overrides `reader`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lmcourse.model import LanguageModel, Tokens
from lmcourse.vocabulary import Vocabulary

LOGITS = 2**24  # that a module is asked for in one pass over many windows, 64 MB of them
NO_START = "the model has no start token, so it cannot say how a text begins; give start=…"


class TorchModel(LanguageModel):
    """A causal module and its vocabulary.

    It is asked in evaluation mode and without gradients, and each of its parts is left in the mode it was in,
    so that a network can be measured in the middle of its training.

    Args:
        module: maps token ids (B, T) to logits (B, T, V).
        vocab: the tokens.
        context_length: the most tokens the module can take, the start token included; None: any number. Of a
            longer text it sees the last ones.
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
        """Log-probabilities (B, V), all contexts in one pass; shorter ones are filled up on the right.

        Raises ValueError for an empty context if there is no start token.
        """
        if not contexts:
            return np.empty((0, self.vocab_size))
        inputs = [self.window([*self._before(), *context]) for context in contexts]
        lengths = [len(ids) for ids in inputs]
        if 0 in lengths:
            raise ValueError(NO_START)
        padded = np.zeros((len(inputs), max(lengths)), dtype=np.int64)
        for row, ids in zip(padded, inputs):
            row[: len(ids)] = ids  # what stands to the right of a token cannot matter to a causal module
        return self._log_probs(padded, np.arange(len(inputs)), np.array(lengths) - 1)

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but what fits into the module's context is scored in one pass.

        Each token beyond it needs its own window; these are read many at a time.
        """
        ids = self.ids(tokens)
        if not ids:
            return np.empty(0)
        if self.start is None:
            raise ValueError(NO_START)
        first = self.window([self.start, *ids[:-1]][: self.context_length])
        places = np.arange(len(first))
        rows = self._log_probs(np.array([first]), np.zeros(len(first), dtype=np.int64), places)
        terms = [rows[places, ids[: len(first)]]]
        batch = max(1, LOGITS // (len(first) * self.vocab_size))
        for begin in range(len(first), len(ids), batch):
            scored = range(begin, min(begin + batch, len(ids)))
            rows = self.next_log_probs([ids[i - len(first) : i] for i in scored])
            terms.append(rows[np.arange(len(scored)), [ids[i] for i in scored]])
        return np.concatenate(terms)

    def _before(self) -> list[int]:
        return [] if self.start is None else [self.start]

    def _log_probs(self, token_ids: np.ndarray, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Log-probabilities (N, V) after token `places[i]` of row `rows[i]` of token_ids (B, T)."""
        device = next((p.device for p in self.module.parameters()), torch.device("cpu"))
        modes = [(part, part.training) for part in self.module.modules()]
        self.module.eval()
        try:
            with torch.inference_mode():
                logits = self.module(torch.from_numpy(token_ids).to(device))
                expected = (*token_ids.shape, self.vocab_size)
                if tuple(logits.shape) != expected:
                    shape = tuple(logits.shape)
                    raise ValueError(f"the module's logits have shape {shape}, not (B, T, V) = {expected}")
                # in double precision, so that a row sums to one as exactly as every other model's
                found = logits[rows, places].double().log_softmax(dim=-1).cpu().numpy()
        finally:
            for part, was_training in modes:  # each its own: some may be frozen
                part.training = was_training
        if np.isnan(found).any():
            raise ValueError("the module's logits are not numbers (NaN); did its training diverge?")
        return found
