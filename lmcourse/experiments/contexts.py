"""Many contexts that begin alike, asked about at once: each beginning is read once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmcourse.model import LanguageModel
from lmcourse.neural.recurrent import RecurrentModel

AT_ONCE = 1_000  # windows that a model is asked about at a time


class Contexts:
    """Texts of which many begin alike, and a way through them on which each beginning is read once.

    Args:
        texts: K sequences of token ids.
    """

    def __init__(self, texts: Sequence[Sequence[int]]):
        self.texts = [tuple(text) for text in texts]
        self._levels = []  # who ends here (rows, texts); of the next rows the parents and the tokens
        rows: dict[tuple[int, ...], int] = {(): 0}
        for length in range(1 + max(map(len, self.texts))):
            ends = [i for i, text in enumerate(self.texts) if len(text) == length]
            after = dict.fromkeys(text[: length + 1] for text in self.texts if len(text) > length)
            parents, tokens = [rows[text[:-1]] for text in after], [text[-1] for text in after]
            self._levels.append(([rows[self.texts[i]] for i in ends], ends, parents, tokens))
            rows = {text: row for row, text in enumerate(after)}

    def log_probs(self, model: LanguageModel) -> np.ndarray:
        """What a model says after each text, (K, V), as its `next_log_probs` would."""
        if not isinstance(model, RecurrentModel):  # it has a window, which is asked about once
            windows = [tuple(model.window(text)) for text in self.texts]
            asked = sorted(dict.fromkeys(windows), key=len)  # with little to be filled up
            row = {window: i for i, window in enumerate(asked)}
            pieces = [asked[i : i + AT_ONCE] for i in range(0, len(asked), AT_ONCE)]
            return np.concatenate([model.next_log_probs(piece) for piece in pieces])[
                [row[window] for window in windows]
            ]
        found = np.empty((len(self.texts), model.vocab_size))
        reader = model.reader()
        for rows, ends, parents, tokens in self._levels:
            if ends:
                found[ends] = reader.log_probs()[rows]
            reader.select(parents)
            reader.read(tokens)
        return found
