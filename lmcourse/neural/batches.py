"""Batches of a long text: windows from anywhere, or rows that are read on from batch to batch.

The batch of a step depends on the step's number alone, so that training can go on after an interruption.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lmcourse.model import check_whole


def windows(
    token_ids: np.ndarray, length: int, batch_size: int, seed: int = 0
) -> Callable[[int], tuple[Tensor, Tensor]]:
    """Windows from random places: a function from a step to inputs and targets, each (batch_size, length).

    A target is the token after its input. Raises ValueError for a text shorter than one window.
    """
    length, batch_size = check_whole(length, "length"), check_whole(batch_size, "batch_size")
    if len(token_ids) <= length:
        raise ValueError(f"a window of {length} tokens and the one after it need more than {len(token_ids)}")
    text = torch.as_tensor(np.asarray(token_ids, dtype=np.int64))

    def batch(step: int) -> tuple[Tensor, Tensor]:
        begins = np.random.default_rng([seed, step]).integers(len(text) - length, size=batch_size)
        places = torch.from_numpy(begins)[:, None] + torch.arange(length + 1)
        taken = text[places]
        return taken[:, :-1], taken[:, 1:]

    return batch


class Stream:
    """A text in parallel rows that are read on from batch to batch, for networks with a state.

    The gradient ends where a batch begins, the state does not: truncated back-propagation through time. When
    the rows have come to their ends the reading begins anew, from a new state.

    Args:
        token_ids: the text, (N,).
        length: tokens of a row that a batch reads.
        batch_size: rows.
        start: gives the states before any text, for so many rows.

    Raises ValueError for a text that is too short for one batch.
    """

    def __init__(
        self, token_ids: np.ndarray, length: int, batch_size: int, start: Callable[[int], list[tuple]]
    ):
        self.length, self.batch_size = check_whole(length, "length"), check_whole(batch_size, "batch_size")
        size = (len(token_ids) - 1) // batch_size
        if size < length:
            raise ValueError(
                f"{batch_size} rows of {length} tokens need {batch_size * length + 1:,}; the text has "
                f"{len(token_ids):,}"
            )
        text = torch.as_tensor(np.asarray(token_ids, dtype=np.int64))
        places = torch.arange(batch_size)[:, None] * size + torch.arange(size + 1)
        self._rows, self._start = text[places], start
        self.batches = size // length  # of one reading
        self.states = start(batch_size)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of a step, (batch_size, length). Each reading begins without a state."""
        place = step % self.batches
        if place == 0:
            self.states = self._start(self.batch_size)
        begin = place * self.length
        taken = self._rows[:, begin : begin + self.length + 1]
        return taken[:, :-1], taken[:, 1:]

    def carry(self, states: list[tuple]) -> None:
        """Keep the states after a batch for the next, without the way back through them."""
        self.states = [tuple(part.detach() for part in state) for state in states]

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"states": self.states}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint has kept."""
        self.states = [tuple(parts) for parts in state["states"]]
