"""A Transformer as a language model: it keeps keys and values of what it has read, and reads on from them.

A text that has outgrown the context is seen through a window, in which each token stands one place further
to the front than before: nothing that was kept holds for it, and it is read anew at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

import numpy as np
import torch
from torch import Tensor

from lmcourse.model import check_whole
from lmcourse.neural.torch_model import LOGITS, NO_START, TorchModel, asking, device_of, log_probs_of
from lmcourse.reader import Reader
from lmcourse.transformer.network import Cache, Transformer
from lmcourse.vocabulary import Vocabulary


class TransformerModel(TorchModel):
    """A decoder and its vocabulary.

    Args:
        module: the network.
        vocab: the tokens.
        start: id of a token taken to stand before every text; without it nothing can be said about the first.
        end: id of the token that closes a text.
        context_length: the most tokens that it is shown; None: as its config says. With learned positions it
            can be no more than that.

    Raises ValueError for a network of another vocabulary, one that reads a source, a context too long.
    """

    module: Transformer
    context_length: int

    def __init__(
        self,
        module: Transformer,
        vocab: Vocabulary,
        start: int | None = None,
        end: int | None = None,
        context_length: int | None = None,
    ):
        config = module.config
        if config.vocab_size != len(vocab):
            raise ValueError(
                f"vocab_size={config.vocab_size} of the network, but the vocabulary has {len(vocab)} tokens; "
                "build the one for the other"
            )
        if config.cross:
            raise ValueError("a network with cross=True reads a source; a language model has none")
        length = config.context_length if context_length is None else context_length
        length = check_whole(length, "context_length")
        if config.position == "learned" and length > config.context_length:
            raise ValueError(
                f"context_length={length} is more than the {config.context_length} learned positions"
            )
        super().__init__(module, vocab, length, start, end)

    def reader(self, contexts: Sequence[Sequence[int]] = ((),)) -> TransformerReader:
        """A reader that keeps keys and values of all rows in one tensor for each layer."""
        return TransformerReader(self, contexts)

    def logits_in_parts(self, token_ids: Tensor, rows: Tensor, places: Tensor) -> Iterator[Tensor]:
        """As `TorchModel` says: an output only where it is asked for, at so many places at a time."""
        hidden = self.module.hidden(token_ids)[rows, places]
        yield from map(self.module.logits, hidden.split(max(1, LOGITS // self.vocab_size)))


WORTH = 8  # tokens that texts must have in common for a pass of their own


def _shared(texts: Sequence[Sequence[int]]) -> int:
    """How many tokens texts begin with in common, each with one left after them; 0: not worth a pass."""
    if len(texts) < 2:
        return 0
    columns = zip(*(text[:-1] for text in texts))
    found = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    return found if found >= WORTH else 0


class TransformerReader(Reader):
    """Texts that a Transformer reads side by side.

    Args:
        model: the Transformer.
        contexts: B sequences of token ids; the same text in several rows is read once, and so is a beginning
            that all have in common, such as examples before questions.
    """

    def __init__(self, model: TransformerModel, contexts: Sequence[Sequence[int]]):
        super().__init__(model.vocab_size, len(contexts))
        self._module, self._longest = model.module, model.context_length
        self._parts = list(model.module.modules())
        texts = [tuple(model.window([*model.before, *context])) for context in contexts]
        if not all(texts):
            raise ValueError(NO_START)
        distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        self._windows = [list(text) for text in distinct]
        self._read_anew()
        self._select([distinct[text] for text in texts])

    def _read_anew(self) -> None:
        """Read the windows: first what all begin with, then the rest, the shorter filled up on the right."""
        self._cache = Cache(self._module.config.n_layers)
        shared = _shared(self._windows)
        if shared:
            self._hidden_of([self._windows[0][:shared]], shared)
            self._cache.select(torch.zeros(len(self._windows), dtype=torch.int64))
        rests = [window[shared:] for window in self._windows]
        longest = max(map(len, rests), default=1)
        hidden = self._hidden_of([[*rest, *[0] * (longest - len(rest))] for rest in rests], longest)
        lengths = torch.tensor(list(map(len, rests)), device=hidden.device, dtype=torch.int64)
        self._last = hidden[torch.arange(len(rests)), lengths - 1]
        self._cache.forget(shared + lengths)

    def _hidden_of(self, tokens: list[list[int]], length: int) -> Tensor:
        """What the network makes of more tokens (B, T)."""
        ids = torch.tensor(tokens, device=device_of(self._module), dtype=torch.int64).reshape(-1, length)
        with asking(self._parts):
            return self._module.hidden(ids, cache=self._cache)

    def _predict(self) -> np.ndarray:
        with asking(self._parts):
            return log_probs_of(self._module.logits(self._last))

    def _read(self, tokens: list[int]) -> None:
        outgrown = any(len(window) == self._longest for window in self._windows)
        for window, token in zip(self._windows, tokens):
            window.append(token)
            del window[: -self._longest]
        if outgrown:
            self._read_anew()
        else:
            self._last = self._hidden_of([[token] for token in tokens], 1)[:, -1]

    def _read_many(self, tokens: list[list[int]]) -> np.ndarray:
        """All in one pass, which fetches the weights once."""
        n = len(tokens[0])
        if any(len(window) + n > self._longest for window in self._windows):
            return super()._read_many(tokens)  # each token is to be seen in a window of its own
        marks = [(self._predicted, self._mark())]
        windows, columns = self._windows, self._cache.positions.shape[1]
        hidden = self._hidden_of(tokens, n)
        with asking(self._parts):
            found = log_probs_of(self._module.logits(hidden))
        for i in range(1, n + 1):
            self._windows = [[*window, *row[:i]] for window, row in zip(windows, tokens)]
            self._last = hidden[:, i - 1]
            marks.append((found[:, i - 1], self._mark(columns + i)))
        self._marks.extend(marks[:n])
        return found

    def _select(self, rows: list[int]) -> None:
        self._windows = [list(self._windows[row]) for row in rows]
        chosen = torch.tensor(rows, device=self._last.device, dtype=torch.int64)
        self._last = self._last[chosen]
        self._cache.select(chosen)

    def _mark(self, columns: int | None = None) -> Callable[[], None]:
        """`columns`: how many of the cache's are to be kept then; None: all that it has now."""
        windows, last, cache = list(map(list, self._windows)), self._last, self._cache
        columns = cache.positions.shape[1] if columns is None else columns

        def come_back() -> None:
            self._windows, self._last, self._cache = windows, last, cache
            cache.crop(columns)

        return come_back
